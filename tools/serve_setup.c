/* serve_setup.c - options made into a configuration: who the server is, whom
 * it trusts, what it speaks. */
#include "serve.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NAMES_MOST = 64, DAY = 86400, DAYS = 30 };

static int config_failed(const struct serve *s)
{
    const struct hf_error *error = hf_config_error(s->config);

    return error_tell(s->tool, exit_of(error, false), error, NULL);
}

/* What a file was for counts, as with a client, and not that it was a file. */
static int file_failed(const struct serve *s, int code)
{
    const struct hf_error *error = hf_config_error(s->config);
    bool memory = error->code == HF_E_OUT_OF_MEMORY;

    return error_tell(s->tool, memory ? HF_EXIT_INTERNAL : code, error, NULL);
}

/* ---- lists of names ---------------------------------------------------------- */

static int set_protocols(struct serve *s)
{
    const struct serve_words *w = s->words;
    const char *text = w->alpn ? w->alpn : w->echo ? "" : "http/1.1";
    struct protocols list;

    if (w->no_alpn || !*text)
        return 0;
    if (!protocols_read(&list, text))
        return usage_error(s->tool, "--alpn is too long");
    return hf_config_set_protocols(s->config, list.at) ? 0 : config_failed(s);
}

static int set_lists(struct serve *s)
{
    static const uint16_t few[] = { 0x0018, 0x0017, 0 };
    struct failure failure = { 0 };
    int code = 0;

    if (!offer_set(&s->words->offer, s->config, &failure))
        return failure_tell(s->tool, &failure);
    /* Hardly anybody sends a share for these unasked. */
    if (s->fault == FAULT_RETRY && !hf_config_set_groups(s->config, few))
        code = config_failed(s);
    return code ? code : set_protocols(s);
}

/* ---- who we are --------------------------------------------------------------------- */

static size_t pass(void *ctx, char *out, size_t cap)
{
    const char *text = ctx;
    size_t len = text ? strlen(text) : 0;

    if (!len || len > cap)
        return 0;
    memcpy(out, text, len);
    return len;
}

static int own_files(struct serve *s)
{
    const struct serve_words *w = s->words;

    /* a text of ours that is only read */
    hf_config_set_passphrase(s->config, pass, (void *)(uintptr_t)w->pass);
    if (w->key.count > w->cert.count)
        return usage_error(s->tool, "more --key than --cert");
    for (size_t i = 0; i < w->cert.count; i++)
        if (!hf_config_add_keypair_file(s->config, w->cert.at[i],
                                        i < w->key.count ? w->key.at[i] : NULL))
            return file_failed(s, HF_EXIT_OWN_CERT);
    if (w->status_file && !hf_config_add_staple_file(s->config, w->status_file))
        return config_failed(s);
    if (w->sct_file && !hf_config_add_scts_file(s->config, w->sct_file))
        return config_failed(s);
    return 0;
}

/* The names of the throw-away certificate. */
static size_t read_names(struct serve *s, char *copy, size_t cap,
                         const char *names[NAMES_MOST])
{
    const char *said = s->words->names;
    char *rest = NULL;
    size_t n = 0;

    snprintf(copy, cap, "%s", said ? said : "localhost,127.0.0.1,::1");
    for (char *word = strtok_r(copy, ",", &rest); word && n < NAMES_MOST;
         word = strtok_r(NULL, ",", &rest))
        names[n++] = word;
    if (n)
        snprintf(s->name, sizeof(s->name), "%s", names[0]);
    return n;
}

struct identity {
    struct issued *ca, *server, *client;
};

static void forget(struct identity *who)
{
    issued_free(who->ca);
    issued_free(who->server);
    issued_free(who->client);
}

/* An authority for the private names, or (if there are others) for these
 * only; and a certificate from it. */
static bool make_server(const struct issue_order *leaf, struct identity *who,
                        struct hf_error *error)
{
    int64_t end = (int64_t)time(NULL) + DAYS * DAY;
    struct issue_order ca = { .common_name = "handfast throw-away CA",
                              .not_after = end };

    who->ca = issue_root(&ca, error);
    if (who->ca)
        who->server = issue(who->ca, leaf, error);
    if (who->ca && error->code == HF_E_NAME_CONSTRAINT) {
        memset(error, 0, sizeof(*error));
        issued_free(who->ca);
        ca.names = leaf->names;
        ca.count = leaf->count;
        who->ca = issue_root(&ca, error);
        if (who->ca)
            who->server = issue(who->ca, leaf, error);
    }
    return who->server != NULL;
}

static bool use_server(struct serve *s, const struct issued *server)
{
    char *chain = issued_chain_pem(server), *key = issued_key_pem(server);
    bool good = chain && key &&
                hf_config_add_keypair(s->config, hf_span_text(chain),
                                      hf_span_text(key));

    if (key)
        hf_wipe(key, strlen(key));
    free(chain);
    free(key);
    return good;
}

/* A certificate for those who want to try --verify-client. */
static bool make_client(struct identity *who, struct hf_error *error)
{
    static const char *const name[] = { "somebody" };
    struct issue_order order = { .names = name,
                                 .count = 1,
                                 .use = ISSUE_CLIENT };

    who->client = issue(who->ca, &order, error);
    return who->client != NULL;
}

static bool trust_own(struct serve *s, const struct issued *ca)
{
    char *pem = issued_pem(ca);
    bool good = pem && hf_config_trust(s->config, hf_span_text(pem));

    free(pem);
    return good;
}

static enum hf_client_auth client_auth(const struct serve_words *w)
{
    if (w->need_client ||
        (w->client_auth && strcmp(w->client_auth, "required") == 0))
        return HF_CLIENT_AUTH_REQUIRED;
    if (w->client_auth)
        return HF_CLIENT_AUTH_OPTIONAL;
    return HF_CLIENT_AUTH_NONE;
}

static int own_throw_away(struct serve *s, struct identity *who)
{
    struct hf_error error = { 0 };
    const char *names[NAMES_MOST];
    char copy[2048];
    struct issue_order leaf = { .names = names, .broken = s->broken };
    bool client = client_auth(s->words) != HF_CLIENT_AUTH_NONE &&
                  !s->words->ca_file;

    leaf.count = read_names(s, copy, sizeof(copy), names);
    if (!make_server(&leaf, who, &error) ||
        (client && !make_client(who, &error)))
        return error_tell(s->tool, exit_of(&error, false), &error, NULL);
    if (!use_server(s, who->server) || (client && !trust_own(s, who->ca)))
        return config_failed(s);
    return 0;
}

static int64_t clock_now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static int set_clients(struct serve *s)
{
    const struct serve_words *w = s->words;
    enum hf_client_auth mode = client_auth(w);

    if (w->ca_file && !hf_config_trust_file(s->config, w->ca_file))
        return file_failed(s, HF_EXIT_TRUST);
    if (mode != HF_CLIENT_AUTH_NONE && w->cert.count && !w->ca_file)
        return usage_error(s->tool, "--verify-client: whose certificates? "
                                    "--cafile FILE says it");
    if (!revoking_set(&w->revoking, s->config))
        return hf_config_error(s->config)->code == HF_E_FILE
                   ? file_failed(s, HF_EXIT_CRL)
                   : config_failed(s);
    return hf_config_set_client_auth(s->config, mode) &&
                   hf_config_set_clock(s->config, clock_now, NULL)
               ? 0
               : config_failed(s);
}

/* ---- what is resumed ----------------------------------------------------------------- */

/* Tickets open with keys of this run alone: nobody was here before it, so there
 * is nothing that the register cannot know. */
static int64_t before_this_run(void *ctx)
{
    return clock_now(ctx) - 3600;
}

static bool set_early_data(struct serve *s)
{
    return !s->strikes ||
           (hf_config_set_early_data(s->config, EARLY_MOST) &&
            hf_config_set_strikes(s->config,
                                  hf_strike_register_interface(s->strikes)));
}

static int set_sessions(struct serve *s)
{
    const struct serve_words *w = s->words;

    if (w->lifetime > HF_SESSION_LIFETIME_MAX)
        return usage_error(s->tool,
                           "--session-lifetime: at most %d seconds, "
                           "which are seven days",
                           HF_SESSION_LIFETIME_MAX);
    if (w->session_ids) {
        s->sessions = hf_session_store_new(SESSIONS_MOST, 0);
        if (!s->sessions)
            return tool_error(s->tool, HF_EXIT_INTERNAL, "out of memory");
    }
    if (w->early_data) {
        s->strikes = hf_strike_register_new(STRIKES_MOST, before_this_run,
                                            NULL);
        if (!s->strikes)
            return tool_error(s->tool, HF_EXIT_INTERNAL, "out of memory");
    }
    return set_early_data(s) &&
                   (!w->no_tickets || hf_config_set_tickets(s->config, 0)) &&
                   (!w->lifetime || hf_config_set_session_lifetime(
                                        s->config, (unsigned)w->lifetime)) &&
                   (!s->sessions ||
                    hf_config_set_sessions(
                        s->config, hf_session_store_interface(s->sessions)))
               ? 0
               : config_failed(s);
}

/* ---- the rest ---------------------------------------------------------------------------- */

static void write_key_line(void *ctx, const char *line)
{
    const struct serve *s = ctx;
    char text[512];
    int n;

    pcap_secret(s->pcap, line);
    if (s->keylog < 0)
        return;
    n = snprintf(text, sizeof(text), "%s\n", line);

    if (n > 0 && (size_t)n < sizeof(text) &&
        write(s->keylog, text, (size_t)n) != n)
        fputs(lang("handfast serve: the key log cannot be written\n"), stderr);
    hf_wipe(text, sizeof(text));
}

static int open_keylog(struct serve *s)
{
    const char *path = s->words->keylog;

    if (!path)
        path = getenv("SSLKEYLOGFILE");
    if (!path || !*path)
        return 0;
    s->keylog = file_open_writing(path, O_APPEND);
    if (s->keylog < 0)
        return tool_error(s->tool, HF_EXIT_USAGE, "%s: %s", path,
                          file_open_text(errno));
    fprintf(stderr,
            "handfast serve: the secrets of every connection go to "
            "%s\n",
            path);
    return 0;
}

static int set_keylog(struct serve *s)
{
    struct failure f = { 0 };
    int code = open_keylog(s);

    if (code)
        return code;
    if (s->words->pcap && !(s->pcap = pcap_open(s->tool, s->words->pcap, &f)))
        return failure_tell(s->tool, &f);
    if (s->keylog < 0 && !s->pcap)
        return 0;
    return hf_config_set_keylog(s->config, write_key_line, s)
               ? 0
               : config_failed(s);
}

static int set_folder(struct serve *s)
{
    if (!s->words->dir)
        return 0;
    s->dir = open(s->words->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir >= 0)
        return 0;
    return tool_error(s->tool, HF_EXIT_USAGE, "%s: %s", s->words->dir,
                      lang_errno(errno));
}

static int read_fault(struct serve *s)
{
    const char *word = s->words->fault;

    if (!word)
        return 0;
    if (!fault_read(word, &s->fault, &s->broken))
        return usage_error(s->tool,
                           "there is no fault \"%s\"; --list-faults "
                           "shows them",
                           word);
    if (s->broken != ISSUE_SOUND && s->words->cert.count)
        return usage_error(s->tool,
                           "--fault %s makes a certificate of its "
                           "own: leave out --cert",
                           word);
    return 0;
}

/* What is about a certificate is about one that was given. */
static int read_words(struct serve *s)
{
    const struct serve_words *w = s->words;

    if (w->status_file && !w->cert.count)
        return usage_error(s->tool, "--status-file needs a --cert");
    if (w->sct_file && !w->cert.count)
        return usage_error(s->tool, "--sct-file needs a --cert");
    return read_fault(s);
}

int serve_setup(struct serve *s)
{
    struct identity who = { NULL, NULL, NULL };
    bool own = s->words->cert.count > 0;
    int code = read_words(s);

    if (code)
        return code;
    s->config = hf_config_new();
    if (!s->config)
        return tool_error(s->tool, HF_EXIT_INTERNAL, "out of memory");
    snprintf(s->name, sizeof(s->name), "localhost");
    code = set_lists(s);
    if (!code)
        code = set_folder(s);
    if (!code)
        code = set_clients(s);
    if (!code)
        code = set_sessions(s);
    if (!code && !psk_set(&s->words->psk, s->config))
        code = config_failed(s);
    if (!code && (own || !s->words->psk.only))
        code = own ? own_files(s) : own_throw_away(s, &who);
    if (!code)
        code = set_keylog(s);
    if (!code && !hf_config_freeze(s->config))
        code = config_failed(s);
    if (!code)
        code = serve_listen(s);
    if (!code && who.ca)
        code = serve_folder(s, who.ca, who.client);
    forget(&who);
    return code;
}
