/* cmd_ca.c - handfast ca init|show: an authority of your own, for
 * development and tests.
 *
 *     ca.pem           whom to trust (the root)
 *     ca-key.pem       the key that issues; only its owner may read it
 *     issuer.pem       only if an intermediate issues: it and what is between
 *     issued.txt       what it has issued, and what of it is revoked
 *     crl.pem .der     the last list of the revoked
 *
 * An authority is limited to names that nobody else can own, so that the loss
 * of its key costs nothing.  Nothing is ever overwritten unless it is said. */
#include "ca.h"
#include "certs.h"
#include "issue_list.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool ca_place(struct place *place, const char *dir)
{
    if (dir) {
        if (strlen(dir) >= sizeof(place->dir))
            return false;
        snprintf(place->dir, sizeof(place->dir), "%s", dir);
    } else if (!path_data(place->dir, sizeof(place->dir), "handfast/ca")) {
        return false;
    }
    return path_join(place->root, PATH_CAP, place->dir, "ca.pem") &&
           path_join(place->issuer, PATH_CAP, place->dir, "issuer.pem") &&
           path_join(place->key, PATH_CAP, place->dir, "ca-key.pem");
}

int ca_no_place(const struct tool *tool)
{
    return usage_error(tool, "there is no HOME to keep an authority in; name "
                             "a folder");
}

struct issued *ca_load(const struct tool *tool, const struct place *place,
                       int *code)
{
    const char *chain = file_exists(place->issuer) ? place->issuer
                                                   : place->root;
    struct bytes cert = { NULL, 0 }, key = { NULL, 0 };
    struct hf_error error = { 0 };
    struct issued *ca = NULL;

    if (!file_exists(place->root)) {
        *code = tool_error(tool, HF_EXIT_OWN_CERT,
                           "there is no authority in %s; make one: handfast "
                           "ca init",
                           place->dir);
        return NULL;
    }
    if (file_read(chain, PEM_MOST, &cert, &error) &&
        file_read(place->key, PEM_MOST, &key, &error))
        ca = issued_load(bytes_span(&cert), bytes_span(&key), &error);
    if (!ca)
        *code = error_tell(tool, HF_EXIT_OWN_CERT, &error, NULL);
    bytes_free(&cert);
    bytes_free(&key);
    return ca;
}

/* ---- what is asked ------------------------------------------------------------ */

/* The order as far as words can say it; false: *code. */
bool ca_order(const struct tool *tool, const struct ca *ca,
              struct issue_order *order, int *code)
{
    int64_t now = (int64_t)time(NULL);

    order->now = now;
    order->common_name = ca->name;
    order->use = ca->client ? ISSUE_CLIENT : ISSUE_SERVER;
    if (ca->rsa)
        order->key = ISSUE_RSA2048;
    if (ca->key && !issue_key_by_name(ca->key, &order->key)) {
        *code = usage_error(tool, "--key takes %s, not \"%s\"", ISSUE_KEY_NAMES,
                            ca->key);
        return false;
    }
    if (ca->days > 36525) {
        *code = usage_error(tool, "--days takes at most 36525, a century");
        return false;
    }
    if (ca->days)
        order->not_after = now + (int64_t)ca->days * DAY;
    return ca_when(tool, "not-before", ca->not_before, now, &order->not_before,
                   code) &&
           ca_when(tool, "not-after", ca->not_after, now, &order->not_after,
                   code);
}

/* ---- ca init ------------------------------------------------------------------------ */

static void default_name(char out[64], bool intermediate)
{
    char host[64] = "this machine";
    const struct passwd *who = getpwuid(geteuid());

    gethostname(host, sizeof(host) - 1);
    snprintf(out, 64, "handfast %sCA of %.14s on %.16s",
             intermediate ? "intermediate " : "",
             who ? who->pw_name : "somebody", host);
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
}

/* What an authority that was here before has issued is not the new one's. */
static bool forget_record(const struct place *place, struct hf_error *error)
{
    char record[PATH_CAP], old[PATH_CAP];

    if (!path_join(record, sizeof(record), place->dir, "issued.txt") ||
        !path_join(old, sizeof(old), place->dir, "issued-before.txt"))
        return hf_fail(error, HF_E_FILE, "the folder's name is too long");
    /* NOLINTNEXTLINE(readability-suspicious-call-argument) the old one goes */
    return !file_exists(record) || rename(record, old) == 0 ||
           hf_fail(error, HF_E_FILE, "%s cannot be moved away", record);
}

/* The key comes first: without it the others are useless, and a certificate
 * that is there says that all is there. */
bool ca_keep(const struct place *place, const struct issued *ca,
             const char *root_pem, bool replace, struct hf_error *error)
{
    char *chain = issued_chain_pem(ca), *key = issued_key_pem(ca);
    bool good = chain && key;

    if (!good)
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    good = good && folder_make(place->dir, error) &&
           forget_record(place, error) &&
           file_write(place->key, key, true, replace, error);
    if (good && root_pem)
        good = file_write(place->issuer, chain, false, replace, error);
    else if (good)
        unlink(place->issuer); /* of an intermediate that was here before */
    good = good && file_write(place->root, root_pem ? root_pem : chain, false,
                              replace, error);
    if (key)
        hf_wipe(key, strlen(key));
    free(key);
    free(chain);
    return good;
}

static void tell_authority(const struct tool *tool, const struct issued *ca,
                           const struct place *place, const char *done)
{
    char name[80], limits[400], fingerprint[96], day[40], room[80];

    issued_name(ca, name, sizeof(name));
    issued_limits(ca, limits, sizeof(limits));
    issued_fingerprint(ca, fingerprint);
    when_day(issued_not_after(ca), day, sizeof(day));
    if (tool->json) {
        struct json j;

        json_start(&j, stdout, "handfast/ca/1");
        json_text(&j, "name", name);
        json_text(&j, "certificate", place->root);
        json_text(&j, "key", place->key);
        json_text(&j, "only_for", limits);
        json_number(&j, "not_after", issued_not_after(ca));
        json_text(&j, "sha256", fingerprint);
        json_finish(&j);
        return;
    }
    printf("%s%s%s %s\n", ink(tool, stdout, INK_STRONG), lang(done),
           ink(tool, stdout, INK_PLAIN), name);
    fputs(lang("  only for     "), stdout);
    print_wrapped(stdout, lang(limits), tool->width, 15, 15);
    printf(lang("  until        %s\n"), lang_text(day, room, sizeof(room)));
    printf(lang("  certificate  %s\n"), place->root);
    printf(lang("  key          %s  (only you can read it)\n"), place->key);
    printf("  sha256       %s\n", fingerprint);
}

bool ca_remember(const struct place *above, const struct issued *parent,
                 const struct issued *made, struct hf_error *error)
{
    struct record record;
    size_t added;
    bool good;

    if (!record_open(&record, above->dir, true, error))
        return false;
    good = issued_record(parent, made, &record, &added, error) &&
           record_save(&record, error);
    record_close(&record);
    return good;
}

static struct issued *make_authority(const struct tool *tool,
                                     const struct ca *ca,
                                     const struct issue_order *order,
                                     struct bytes *root, int *code)
{
    struct hf_error error = { 0 };
    struct place above;
    struct issued *parent, *made;

    if (!ca->parent) {
        made = issue_root(order, &error);
    } else {
        if (!ca_place(&above, ca->parent)) {
            *code = ca_no_place(tool);
            return NULL;
        }
        parent = ca_load(tool, &above, code);
        if (!parent)
            return NULL;
        made = file_read(above.root, PEM_MOST, root, &error)
                   ? issue_intermediate(parent, order, &error)
                   : NULL;
        if (made && !ca_remember(&above, parent, made, &error)) {
            issued_free(made);
            made = NULL;
        }
        issued_free(parent);
    }
    if (!made)
        *code = error_tell(tool, exit_of(&error, false), &error, NULL);
    return made;
}

static int write_authority(struct tool *tool, const struct ca *ca,
                           const struct issue_order *order,
                           const struct place *place)
{
    struct hf_error error = { 0 };
    struct bytes root = { NULL, 0 };
    int code = HF_EXIT_GOOD;
    struct issued *made = make_authority(tool, ca, order, &root, &code);

    if (made &&
        !ca_keep(place, made, (const char *)root.at, ca->force, &error)) {
        code = error_tell(tool, HF_EXIT_WRITE, &error, NULL);
    } else if (made) {
        tell_authority(tool, made, place, "A new authority:");
        if (!tool->json)
            fprintf(stderr, lang("Next: handfast ca issue localhost%s%s\n"),
                    tool->operand_count ? " --ca " : "",
                    tool->operand_count ? tool->operands[0] : "");
        code = output_done(tool, HF_EXIT_GOOD);
    }
    bytes_free(&root);
    issued_free(made);
    return code;
}

static int init_as_asked(struct tool *tool, struct ca *ca)
{
    struct issue_order order = { 0 };
    struct place place;
    int code = HF_EXIT_GOOD;

    if (tool->operand_count > 1)
        return usage_error(tool, "one folder, please");
    if (!ca_place(&place, tool->operand_count ? tool->operands[0] : ca->dir))
        return ca_no_place(tool);
    if (!ca->force && (file_exists(place.root) || file_exists(place.key)))
        return tool_error(tool, HF_EXIT_NO,
                          "there is an authority in %s already; --force makes "
                          "a new one in its place, and nothing that it issued "
                          "will be trusted then",
                          place.dir);
    if (!ca->name) {
        default_name(ca->unnamed, ca->parent != NULL);
        ca->name = ca->unnamed;
    }
    if (!ca_order(tool, ca, &order, &code))
        return code;
    order.any_name = ca->any_name;
    order.names = ca->permit.at;
    order.count = ca->permit.count;
    return write_authority(tool, ca, &order, &place);
}

static int run_init(struct tool *tool)
{
    struct ca ca = { 0 };
    int code = options_read(tool, &ca);

    if (code < 0)
        code = init_as_asked(tool, &ca);
    free(ca.permit.at);
    return code;
}

/* ---- ca show --------------------------------------------------------------------------- */

static int run_show(struct tool *tool)
{
    struct ca ca = { 0 };
    struct certs certs = { .count = 0 };
    struct hf_error error = { 0 };
    struct place place;
    int code = options_read(tool, &ca);
    const char *chain;

    if (code >= 0)
        return code;
    if (!ca_place(&place, tool->operand_count ? tool->operands[0] : ca.dir))
        return ca_no_place(tool);
    if (!file_exists(place.root))
        return tool_error(tool, HF_EXIT_NO,
                          "there is no authority in %s; make one: handfast ca "
                          "init",
                          place.dir);
    chain = file_exists(place.issuer) ? place.issuer : place.root;
    if (!certs_read_file(&certs, chain, &error))
        return error_tell(tool, HF_EXIT_OWN_CERT, &error, NULL);
    if (tool->json) {
        struct json j;

        json_start(&j, stdout, "handfast/cert/1");
        json_open(&j, "certificates", '[');
        cert_json(&j, certs.at[0], (int64_t)time(NULL));
        json_close(&j);
        json_finish(&j);
    } else {
        printf("%s\n", chain);
        cert_print(tool, certs.at[0], (int64_t)time(NULL));
        printf(lang("  trust it   curl --cacert %s ...\n"), place.root);
    }
    certs_free(&certs);
    return output_done(tool, HF_EXIT_GOOD);
}

/* ---- tables ------------------------------------------------------------------------------ */

/* clang-format off */
#define AT(member) offsetof(struct ca, member)
#define OPT_DATES                                                              \
    { .name = "days", .kind = OPT_NUMBER, .arg = "N", .at = AT(days),          \
      .help = "valid for so many days from now" },                             \
    { .name = "not-after", .kind = OPT_TEXT, .arg = "TIME",                    \
      .at = AT(not_after),                                                     \
      .help = "valid until then: 2026-12-31, 2026-12-31T12:00:00Z, +90m, +14d" \
    },                                                                         \
    { .name = "not-before", .kind = OPT_TEXT, .arg = "TIME",                   \
      .at = AT(not_before), .help = "valid from then; otherwise an hour ago" }
#define OPT_KEY                                                                \
    { .name = "key", .kind = OPT_TEXT, .arg = "KIND", .at = AT(key),           \
      .help = ISSUE_KEY_NAMES "; otherwise p256" }

static const struct opt init_options[] = {
    { .name = "name", .kind = OPT_TEXT, .arg = "TEXT", .at = AT(name),
      .help = "what the authority is called" },
    { .name = "permit", .kind = OPT_LIST, .arg = "NAME", .at = AT(permit),
      .help = "certify names under this one, or addresses in this range, and "
              "no others; may be said again" },
    { .name = "any-name", .kind = OPT_FLAG, .at = AT(any_name),
      .help = "certify any name: whoever steals the key can then be anybody" },
    OPT_DATES,
    OPT_KEY,
    { .name = "parent", .kind = OPT_TEXT, .arg = "DIR", .at = AT(parent),
      .help = "an intermediate, issued by the authority in that folder" },
    { .name = "force", .kind = OPT_FLAG, .at = AT(force),
      .help = "replace the authority that is there" },
    OPT_JSON,
    { .kind = OPT_END },
};

static const struct opt issue_options[] = {
    OPT_CA,
    { .name = "client", .kind = OPT_FLAG, .at = AT(client),
      .help = "a client's certificate: names may be people's" },
    OPT_DATES,
    OPT_KEY,
    { .name = "rsa", .kind = OPT_FLAG, .at = AT(rsa),
      .help = "an RSA key of 2048 bits" },
    { .name = "name", .kind = OPT_TEXT, .arg = "TEXT", .at = AT(name),
      .help = "the common name, which is for people; otherwise the first name" },
    { .name = "out", .letter = 'o', .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(out),
      .help = "the certificate's file (the key's is FILE-key.pem); - prints "
              "both" },
    { .name = "p12", .kind = OPT_TEXT, .arg = "FILE", .at = AT(p12),
      .also = "pkcs12",
      .help = "certificate and key in one PKCS#12 file under a password, for "
              "browsers and Java; the two PEM files only with --out" },
    { .name = "password-file", .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(password_file),
      .help = "whose first line is the password of --p12, - for standard "
              "input; otherwise it is asked for" },
    { .name = "force", .kind = OPT_FLAG, .at = AT(force),
      .help = "replace files that are there" },
    { .name = "broken", .kind = OPT_TEXT, .arg = "FAULT", .at = AT(broken),
      .help = "wrong on purpose, for tests: expired, wrong-name, "
              "unknown-issuer...; list shows them all" },
    { .name = "list-broken", .kind = OPT_FLAG, .at = AT(list),
      .help = "list the faults and the errors that they must give" },
    OPT_JSON,
    { .kind = OPT_END },
};

static const struct opt show_options[] = {
    OPT_CA,
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

static const struct command init = {
    .name = "init",
    .operands = "[DIR]",
    .summary = "make an authority",
    .about = "It may certify localhost, names under .test and .internal, and "
             "private addresses, and nothing else, so that the loss of its key "
             "harms nobody. Clients trust what it issues when they are given "
             "its ca.pem.",
    .examples = "  handfast ca init\n"
                "  handfast ca init ./lab-ca --permit lab.example --days 30\n",
    .options = init_options,
    .run = run_init,
};

static const struct command issue_verb = {
    .name = "issue",
    .operands = "NAME...",
    .summary = "issue a certificate for names and addresses",
    .about = "The certificate is for 397 days unless said otherwise, and never "
             "outlives its authority. The files lie in the current folder.",
    .examples = "  handfast ca issue localhost 127.0.0.1 ::1\n"
                "  handfast ca issue '*.dev.test' --rsa --days 14\n"
                "  handfast ca issue alice@dev.test --client --p12 alice.p12\n"
                "  handfast ca issue localhost --broken expired\n",
    .options = issue_options,
    .run = ca_issue,
};

static const struct command show = {
    .name = "show",
    .operands = "[DIR]",
    .summary = "show the authority's certificate",
    .options = show_options,
    .run = run_show,
};

static const struct command *const verbs[] = {
    &init,   &issue_verb, &show,       &ca_list,      &ca_revoke,
    &ca_crl, &ca_ocsp,    &ca_install, &ca_uninstall, NULL
};

const struct command cmd_ca = {
    .name = "ca",
    .summary = "an authority of your own, for development and tests",
    .verbs = verbs,
};
