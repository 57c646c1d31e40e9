/* cmd_mtls.c - handfast mtls init|serve|connect|doctor: mutual TLS in one
 * command.
 *
 *     ca.pem          whom both trust; a folder of handfast ca
 *     server.pem      server-key.pem
 *     client.pem      client-key.pem
 *
 * serve and connect are handfast serve and handfast connect with these files,
 * and take the same options. */
#include "ca.h"
#include "client.h"
#include "issue_list.h"
#include "mtls.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

extern const struct command cmd_serve, cmd_connect;

static const char default_dir[] = "mtls";
static const char *const default_names[] = { "localhost", "127.0.0.1", "::1" };

/* ---- mtls init -------------------------------------------------------------------- */

struct init_words {
    struct words names;
    const char *client, *key;
    unsigned long days;
    bool force;
};

struct init {
    struct tool *tool;
    struct init_words words;
    struct place place;
    struct mtls_files files;
    struct issue_order server, client;
    bool made; /* the authority is new */
};

static bool set_paths(struct init *in, const char *dir)
{
    return ca_place(&in->place, dir) &&
           path_join(in->files.cert[0], MTLS_PATH, dir, "server.pem") &&
           path_join(in->files.key[0], MTLS_PATH, dir, "server-key.pem") &&
           path_join(in->files.cert[1], MTLS_PATH, dir, "client.pem") &&
           path_join(in->files.key[1], MTLS_PATH, dir, "client-key.pem");
}

/* Each has a name of its own, so that a certificate from another folder is told
 * to be from a stranger, and not to have a bad signature. */
static void give_name(char *out, size_t cap)
{
    uint8_t random[3] = { 0 };

    RAND_bytes(random, (int)sizeof(random));
    snprintf(out, cap, "handfast mTLS CA %02x%02x%02x", random[0], random[1],
             random[2]);
}

/* An authority for private names, or, if others are asked for, for these and
 * no more. */
static struct issued *new_authority(const struct init *in,
                                    struct hf_error *error)
{
    char called[40];
    struct issue_order root = { .common_name = called, .key = in->server.key };
    struct issued *ca;
    struct issued *probe;

    give_name(called, sizeof(called));
    ca = issue_root(&root, error);
    probe = ca ? issue(ca, &in->server, error) : NULL;
    if (!probe && ca && error->code == HF_E_NAME_CONSTRAINT) {
        memset(error, 0, sizeof(*error));
        issued_free(ca);
        root.names = in->server.names;
        root.count = in->server.count;
        return issue_root(&root, error);
    }
    issued_free(probe);
    if (!probe) {
        issued_free(ca);
        return NULL;
    }
    return ca;
}

static struct issued *get_authority(struct init *in, int *code)
{
    struct hf_error error = { 0 };
    struct issued *ca;

    if (file_exists(in->place.root) && !in->words.force)
        return ca_load(in->tool, &in->place, code);
    ca = new_authority(in, &error);
    if (ca && ca_keep(&in->place, ca, NULL, in->words.force, &error)) {
        in->made = true;
        return ca;
    }
    issued_free(ca);
    *code = error_tell(in->tool, exit_of(&error, false), &error, NULL);
    return NULL;
}

static bool make_one(const struct init *in, const struct issued *ca,
                     enum whose whose, struct hf_error *error)
{
    const struct issue_order *order = whose == OF_SERVER ? &in->server
                                                         : &in->client;
    struct issued *made = issue(ca, order, error);
    bool good = made && ca_remember(&in->place, ca, made, error) &&
                ca_write_pair(made, in->files.cert[whose], in->files.key[whose],
                              in->words.force, error);

    issued_free(made);
    return good;
}

static void tell_made(const struct init *in)
{
    const char *dir = in->place.dir;
    char names[1000] = "";
    struct json j;

    for (size_t i = 0; i < in->server.count; i++)
        hf_format_more(names, sizeof(names), i ? ", %s" : "%s",
                       in->server.names[i]);
    if (in->tool->json) {
        json_start(&j, stdout, "handfast/mtls/1");
        json_text(&j, "ca", in->place.root);
        json_text(&j, "server", in->files.cert[0]);
        json_text(&j, "server_key", in->files.key[0]);
        json_text(&j, "client", in->files.cert[1]);
        json_text(&j, "client_key", in->files.key[1]);
        json_bool(&j, "new_authority", in->made);
        json_finish(&j);
        return;
    }
    printf(lang("Mutual TLS in %s:\n"), dir);
    printf(lang("  authority  ca.pem%s\n"),
           in->made ? "" : lang(" (it was there already)"));
    printf(lang("  server     server.pem, server-key.pem  for %s\n"), names);
    printf(lang("  client     client.pem, client-key.pem  for %s\n"),
           in->client.names[0]);
    fprintf(stderr,
            lang("Next: handfast mtls serve %s, and in another window handfast "
                 "mtls connect %s\n"),
            dir, dir);
}

static int make_all(struct init *in)
{
    struct hf_error error = { 0 };
    int code = HF_EXIT_GOOD;
    struct issued *ca;

    for (unsigned i = 0; i < 2 && !in->words.force; i++)
        if (file_exists(in->files.cert[i]) || file_exists(in->files.key[i]))
            return tool_error(in->tool, HF_EXIT_NO,
                              "%s is there already; --force makes everything "
                              "anew, the authority too",
                              in->files.cert[i]);
    ca = get_authority(in, &code);
    if (!ca)
        return code;
    if (!make_one(in, ca, OF_SERVER, &error) ||
        !make_one(in, ca, OF_CLIENT, &error))
        code = error_tell(in->tool, exit_of(&error, false), &error, NULL);
    else
        tell_made(in);
    issued_free(ca);
    return code;
}

static int read_orders(struct init *in)
{
    const struct init_words *w = &in->words;
    int64_t end;

    if (w->days > 36525)
        return usage_error(in->tool, "--days takes at most 36525, a century");
    end = w->days ? (int64_t)time(NULL) + (int64_t)w->days * DAY : 0;
    in->server = (struct issue_order){
        .names = w->names.count ? w->names.at : default_names,
        .count = w->names.count ? w->names.count : HF_COUNT(default_names),
        .not_after = end
    };
    in->client = (struct issue_order){
        .names = &w->client, .count = 1, .use = ISSUE_CLIENT, .not_after = end
    };
    if (w->key && !issue_key_by_name(w->key, &in->server.key))
        return usage_error(in->tool, "--key takes %s, not \"%s\"",
                           ISSUE_KEY_NAMES, w->key);
    in->client.key = in->server.key;
    return HF_EXIT_GOOD;
}

static int run_init(struct tool *tool)
{
    struct init *in = calloc(1, sizeof(*in));
    int code;

    if (!in)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    in->tool = tool;
    in->words.client = "client";
    code = options_read(tool, &in->words);
    if (code < 0) {
        const char *dir = tool->operand_count ? tool->operands[0] : default_dir;

        code = tool->operand_count > 1 ? usage_error(tool, "one folder, please")
               : set_paths(in, dir)
                   ? read_orders(in)
                   : usage_error(tool, "the folder's name is too long");
        if (!code)
            code = output_done(tool, make_all(in));
    }
    free(in->words.names.at);
    free(in);
    return code;
}

/* ---- mtls serve, connect --------------------------------------------------------------- */

enum { WORDS_MOST = 256 };

/* A command line that is put together. */
struct line {
    char *word[WORDS_MOST + 1];
    char path[3][MTLS_PATH];
    int count;
    bool full;
};

static void say(struct line *line, const char *word)
{
    line->full |= line->count == WORDS_MOST;
    if (!line->full) /* argv's words are only read */
        line->word[line->count++] = (char *)(uintptr_t)word;
}

static void say_file(struct line *line, unsigned slot, const char *option,
                     const char *dir, const char *name)
{
    line->full |= !path_join(line->path[slot], MTLS_PATH, dir, name);
    say(line, option);
    say(line, line->path[slot]);
}

static bool is_folder(const char *word)
{
    struct stat found;

    return stat(word, &found) == 0 && S_ISDIR(found.st_mode);
}

static bool asks_help(const struct tool *tool)
{
    for (int i = 0; i < tool->argc; i++)
        if (strcmp(tool->argv[i], "--help") == 0 ||
            strcmp(tool->argv[i], "-h") == 0)
            return true;
    return false;
}

/* The folder, if the first word is one, or can be nothing else; it is taken
 * away. */
static const char *take_folder(struct tool *tool, bool only, int *code)
{
    const char *dir = default_dir;

    if (tool->argc && tool->argv[0][0] != '-' &&
        (only || is_folder(tool->argv[0]))) {
        dir = tool->argv[0];
        tool->argv++;
        tool->argc--;
    }
    if (!is_folder(dir))
        *code = tool_error(tool, HF_EXIT_OWN_CERT,
                           "there is no folder %s; make one: handfast mtls "
                           "init",
                           dir);
    return dir;
}

static int hand_over(struct tool *tool, const struct command *to,
                     struct line *line)
{
    for (int i = 0; i < tool->argc; i++)
        say(line, tool->argv[i]);
    if (line->full)
        return usage_error(tool, "too many words");
    line->word[line->count] = NULL;
    tool->command = to;
    tool->argc = line->count;
    tool->argv = line->word;
    return to->run(tool);
}

/* Is the first word the server's name? */
static bool has_target(const struct tool *tool)
{
    for (int i = 0; i < tool->argc; i++)
        if (strcmp(tool->argv[i], "--connect") == 0 ||
            strcmp(tool->argv[i], "-connect") == 0)
            return true;
    return tool->argc && tool->argv[0][0] != '-';
}

/* The command that is run with the folder's files, and what else it is told,
 * unless it was told already. */
struct end {
    const struct command *to;
    const char *cert, *key, *trust; /* trust: the option */
    const char *more[3];
    bool (*has_more)(const struct tool *tool); /* NULL: never */
};

static int run_end(struct tool *tool, const struct end *end)
{
    struct line *line;
    int code = HF_EXIT_GOOD;
    const char *dir;

    if (asks_help(tool))
        return options_read(tool, NULL);
    dir = take_folder(tool, !end->has_more, &code);
    if (code)
        return code;
    line = calloc(1, sizeof(*line));
    if (!line)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    say_file(line, 0, "--cert", dir, end->cert);
    say_file(line, 1, "--key", dir, end->key);
    say_file(line, 2, end->trust, dir, "ca.pem");
    if (!end->has_more || !end->has_more(tool))
        for (size_t i = 0; end->more[i]; i++)
            say(line, end->more[i]);
    code = hand_over(tool, end->to, line);
    free(line);
    return code;
}

static int run_serve(struct tool *tool)
{
    static const struct end end = { .to = &cmd_serve,
                                    .cert = "server.pem",
                                    .key = "server-key.pem",
                                    .trust = "--cafile",
                                    .more = { "--verify-client", "required" } };

    return run_end(tool, &end);
}

static int run_connect(struct tool *tool)
{
    static const struct end end = { .to = &cmd_connect,
                                    .cert = "client.pem",
                                    .key = "client-key.pem",
                                    .trust = "--cacert",
                                    .more = { "localhost:8443" },
                                    .has_more = has_target };

    return run_end(tool, &end);
}

/* ---- tables -------------------------------------------------------------------------------- */

/* clang-format off */
#define AT(member) offsetof(struct init_words, member)
static const struct opt init_options[] = {
    { .name = "name", .kind = OPT_LIST, .arg = "NAME", .at = AT(names),
      .help = "a name or address of the server; may be said again; otherwise "
              "localhost, 127.0.0.1 and ::1" },
    { .name = "client", .kind = OPT_TEXT, .arg = "NAME", .at = AT(client),
      .help = "what the client is called; otherwise client" },
    { .name = "days", .kind = OPT_NUMBER, .arg = "N", .at = AT(days),
      .help = "both certificates are valid for so many days; otherwise 397" },
    { .name = "key", .kind = OPT_TEXT, .arg = "KIND", .at = AT(key),
      .help = ISSUE_KEY_NAMES "; otherwise p256" },
    { .name = "force", .kind = OPT_FLAG, .at = AT(force),
      .help = "make everything anew, the authority too" },
    OPT_JSON,
    { .kind = OPT_END },
};

/* clang-format on */

static const struct command init = {
    .name = "init",
    .operands = "[DIR]",
    .summary = "make an authority, a server's and a client's certificate",
    .about = "Everything goes into one folder, mtls unless another is named. "
             "An authority that is there already (handfast ca init) issues "
             "both. More clients: handfast ca issue NAME --client --ca DIR.",
    .examples = "  handfast mtls init\n"
                "  handfast mtls init lab --name api.lab.test --client alice\n",
    .options = init_options,
    .run = run_init,
};

static const struct command serve = {
    .name = "serve",
    .operands = "[DIR]",
    .summary = "a server that insists on a client's certificate",
    .about = "handfast serve with the folder's server certificate, and only "
             "for clients that its authority has issued certificates to. DIR "
             "stands first; all options of handfast serve may follow.",
    .examples = "  handfast mtls serve\n"
                "  handfast mtls serve lab --port 9443 --echo\n",
    .run = run_serve,
};

static const struct command connect_verb = {
    .name = "connect",
    .operands = "[DIR] [HOST:PORT]",
    .summary = "connect with the client's certificate",
    .about = "handfast connect with the folder's client certificate, trusting "
             "its authority alone; to localhost:8443 unless another server is "
             "named. DIR stands first, HOST:PORT next; all options of "
             "handfast connect may follow.",
    .examples = "  handfast mtls connect\n"
                "  handfast mtls connect lab api.lab.test:9443 --brief\n",
    .run = run_connect,
};

static const struct command doctor = {
    .name = "doctor",
    .operands = "[DIR]",
    .summary = "say what is wrong with whose certificate, and what to do",
    .about = "Looks at each file by itself (keys, dates, names, purposes, "
             "chains), then lets both sides shake hands in memory, in TLS 1.3 "
             "and in TLS 1.2; with --connect the client with a server. The "
             "exit code is 1 if anything is wrong.",
    .examples = "  handfast mtls doctor\n"
                "  handfast mtls doctor --cert site.pem --key site-key.pem "
                "--client-cert alice.pem --client-key alice-key.pem --ca "
                "ca.pem\n"
                "  handfast mtls doctor --connect api.lab.test:9443\n",
    .options = mtls_doctor_options,
    .run = mtls_doctor,
};

static const struct command *const verbs[] = { &init, &serve, &connect_verb,
                                               &doctor, NULL };

const struct command cmd_mtls = {
    .name = "mtls",
    .summary = "mutual TLS in one command, and a doctor for it",
    .verbs = verbs,
};
