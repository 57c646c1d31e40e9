/* mtls_doctor.c - handfast mtls doctor: what is wrong with whose certificate,
 * and the next step. */
#include "mtls.h"
#include "files.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct doctor_words {
    const char *cert[2], *key[2], *trust[2];
    const char *name, *host;
};

/* ---- saying it ------------------------------------------------------------------ */

static const char *const titles[WHOSE] = {
    [OF_SERVER] = "server",
    [OF_CLIENT] = "client",
    [OF_AUTHORITY] = "authorities",
    [OF_HANDSHAKE] = "handshake",
};
static const char *const grades[] = { "fine", "note", "bad" };

static const char *text_of(const struct finding *f)
{
    return f->text ? f->text : f->code ? hf_error_text(f->code) : "";
}

static void print_finding(const struct tool *tool, const struct finding *f)
{
    static const char *const marks[] = { "ok", "note", "BAD" };
    static const enum ink inks[] = { INK_GOOD, INK_STRONG, INK_BAD };
    enum { COLUMN = 22 };

    printf("  %s", ink(tool, stdout, inks[f->how]));
    print_padded(stdout, lang(marks[f->how]), 6);
    printf("%s", ink(tool, stdout, INK_PLAIN));
    print_padded(stdout, lang(f->what), 13);
    putchar(' ');
    fputs(lang(text_of(f)), stdout);
    if (f->code && f->how == BAD)
        printf(" [%s]", hf_error_name(f->code));
    putchar('\n');
    if (f->detail[0]) {
        printf("%*s", COLUMN, "");
        print_wrapped(stdout, f->detail, tool->width, COLUMN, COLUMN);
    }
    if (f->next) {
        printf("%*s%s", COLUMN - 5, "", lang("try  "));
        print_wrapped(stdout, lang(f->next), tool->width, COLUMN, COLUMN);
    }
}

static bool is_well(const struct doctor *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->found[i].how == BAD)
            return false;
    return true;
}

static void print_title(const struct doctor *d, enum whose whose)
{
    bool file = whose == OF_SERVER || whose == OF_CLIENT;

    printf("%s%s%s%s%s\n", ink(d->tool, stdout, INK_STRONG),
           lang(titles[whose]), ink(d->tool, stdout, INK_PLAIN),
           file ? "  " : "", file ? d->files.cert[whose] : "");
}

static void print_all(const struct doctor *d)
{
    const struct tool *tool = d->tool;

    for (unsigned whose = 0; whose < WHOSE; whose++) {
        bool first = true;

        for (size_t i = 0; i < d->count; i++) {
            if (d->found[i].whose != whose)
                continue;
            if (first)
                print_title(d, (enum whose)whose);
            first = false;
            print_finding(tool, &d->found[i]);
        }
    }
    puts(is_well(d) ? lang("Nothing is wrong.")
                    : lang("Mend the first BAD line, then ask again."));
}

static void json_all(const struct doctor *d)
{
    struct json j;

    json_start(&j, stdout, "handfast/doctor/1");
    json_bool(&j, "well", is_well(d));
    json_text(&j, "name", d->name);
    json_open(&j, "findings", '[');
    for (size_t i = 0; i < d->count; i++) {
        const struct finding *f = &d->found[i];

        json_open(&j, NULL, '{');
        json_text(&j, "whose", titles[f->whose]);
        json_text(&j, "what", f->what);
        json_text(&j, "grade", grades[f->how]);
        json_text(&j, "code", f->code ? hf_error_name(f->code) : NULL);
        json_text(&j, "text", lang(text_of(f)));
        json_text(&j, "detail", f->detail);
        json_text(&j, "try", f->next ? lang(f->next) : NULL);
        json_close(&j);
    }
    json_close(&j);
    json_finish(&j);
}

/* ---- what is asked ----------------------------------------------------------------- */

/* What was said, else the file of that name in the folder. */
static bool choose(char out[MTLS_PATH], const char *said, const char *dir,
                   const char *name)
{
    return said ? snprintf(out, MTLS_PATH, "%s", said) < MTLS_PATH
                : path_join(out, MTLS_PATH, dir, name);
}

static bool choose_all(struct mtls_files *f, const struct doctor_words *w,
                       const char *dir)
{
    const char *servers = w->trust[OF_CLIENT];
    const char *clients = w->trust[OF_SERVER] ? w->trust[OF_SERVER] : servers;

    return choose(f->cert[OF_SERVER], w->cert[OF_SERVER], dir, "server.pem") &&
           choose(f->key[OF_SERVER], w->key[OF_SERVER], dir,
                  "server-key.pem") &&
           choose(f->cert[OF_CLIENT], w->cert[OF_CLIENT], dir, "client.pem") &&
           choose(f->key[OF_CLIENT], w->key[OF_CLIENT], dir,
                  "client-key.pem") &&
           choose(f->trust[OF_CLIENT], servers, dir, "ca.pem") &&
           choose(f->trust[OF_SERVER], clients, dir, "ca.pem");
}

/* With a host the server's files are there, and not ours to look at. */
static void examine(struct doctor *d)
{
    bool one = strcmp(d->files.trust[0], d->files.trust[1]) == 0;

    if (!d->host)
        mtls_check_side(d, OF_SERVER);
    mtls_check_side(d, OF_CLIENT);
    mtls_check_trust(d, OF_CLIENT);
    if (!d->host && !one)
        mtls_check_trust(d, OF_SERVER);
    if (d->host) {
        mtls_visit(d);
        return;
    }
    mtls_meet(d, HF_TLS13);
    mtls_meet(d, HF_TLS12);
}

int mtls_doctor(struct tool *tool)
{
    struct doctor_words words = { .name = NULL };
    struct doctor *d;
    const char *dir;
    int code = options_read(tool, &words);

    if (code >= 0)
        return code;
    if (tool->operand_count > 1)
        return usage_error(tool, "one folder, please");
    dir = tool->operand_count ? tool->operands[0] : "mtls";
    d = calloc(1, sizeof(*d));
    if (!d)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    d->tool = tool;
    d->name = words.name;
    d->host = words.host;
    d->now = (int64_t)time(NULL);
    if (!choose_all(&d->files, &words, dir)) {
        code = usage_error(tool, "the folder's name is too long");
    } else {
        examine(d);
        if (tool->json)
            json_all(d);
        else
            print_all(d);
        code = is_well(d) ? HF_EXIT_GOOD : HF_EXIT_NO;
    }
    certs_free(&d->certs[OF_SERVER]);
    certs_free(&d->certs[OF_CLIENT]);
    free(d);
    return output_done(tool, code);
}

/* clang-format off */
#define AT(member) offsetof(struct doctor_words, member)
#define AT_TWO(member, side) (offsetof(struct doctor_words, member) + (side) * sizeof(const char *))
const struct opt mtls_doctor_options[] = {
    { .name = "cert", .kind = OPT_TEXT, .arg = "FILE", .at = AT_TWO(cert, OF_SERVER),
      .also = "server-cert", .help = "the server's certificate; otherwise DIR/server.pem" },
    { .name = "key", .kind = OPT_TEXT, .arg = "FILE", .at = AT_TWO(key, OF_SERVER),
      .also = "server-key", .help = "its key; otherwise DIR/server-key.pem" },
    { .name = "client-cert", .kind = OPT_TEXT, .arg = "FILE", .at = AT_TWO(cert, OF_CLIENT),
      .help = "the client's certificate; otherwise DIR/client.pem" },
    { .name = "client-key", .kind = OPT_TEXT, .arg = "FILE", .at = AT_TWO(key, OF_CLIENT),
      .help = "its key; otherwise DIR/client-key.pem" },
    { .name = "ca", .kind = OPT_TEXT, .arg = "FILE", .at = AT_TWO(trust, OF_CLIENT),
      .also = "cacert", .help = "whom the client trusts; otherwise DIR/ca.pem" },
    { .name = "client-ca", .kind = OPT_TEXT, .arg = "FILE", .at = AT_TWO(trust, OF_SERVER),
      .help = "whom the server trusts; otherwise whom the client does" },
    { .name = "name", .kind = OPT_TEXT, .arg = "NAME", .at = AT(name),
      .help = "the name that clients ask for; otherwise the first of the server's certificate" },
    { .name = "connect", .kind = OPT_TEXT, .arg = "HOST:PORT", .at = AT(host),
      .help = "shake hands with this server, instead of with the server's files" },
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */
