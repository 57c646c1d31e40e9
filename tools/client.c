/* client.c - a client's options made into a struct hf_config.
 */
#include "client.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool config_failed(struct hf_config *config, enum failure_id id,
                          struct failure *f)
{
    const struct hf_error *e = hf_config_error(config);
    if (!fail_error(f, e, false) && id != FAIL_NONE) {
        struct failure kind = { 0 };
        fail_with(&kind, id, "%s", "");
        f->exit = kind.exit;
    }
    return false;
}

static bool set_protocols(struct hf_config *config, const struct client *c,
                          struct failure *f)
{
    struct protocols list;
    if (!c->alpn || !*c->alpn)
        return true;
    if (!protocols_read(&list, c->alpn))
        return fail_with(f, FAIL_LIST, "protocols: too many");
    return hf_config_set_protocols(config, list.at) ||
           config_failed(config, FAIL_LIST, f);
}

/* ---- whom we trust, and who we are ----------------------------------------------------- */

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* The usual pair names a bundle and the directory it lies in, which holds the
 * same certificates once more. */
static bool lies_in(const char *file, const char *dir)
{
    const char *slash = strrchr(file, '/');
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    return slash && (size_t)(slash - file) == len && !strncmp(file, dir, len);
}

void trust_places(const char **file, const char **dir)
{
    if (*file || *dir)
        return;
    *file = environment("SSL_CERT_FILE");
    *dir = environment("SSL_CERT_DIR");
    if (*file && *dir && lies_in(*file, *dir))
        *dir = NULL;
}

static bool set_trust(struct hf_config *config, const struct client *c,
                      struct failure *f)
{
    const char *file = c->ca_file, *dir = c->ca_dir;
    if (c->psk.only)
        return true; /* there will be nothing to verify */
    trust_places(&file, &dir);
    bool good = !file || hf_config_trust_file(config, file);
    if (good && dir)
        good = hf_config_trust_directory(config, dir);
    if (!file && !dir)
        good = hf_config_trust_system(config);
    if (good)
        return true;
    if (c->insecure) {
        /* nothing is trusted, which is then ignored too */
        hf_config_clear_error(config);
        return true;
    }
    return config_failed(config, FAIL_TRUST, f);
}

bool revocation_read(const char *text, enum hf_revocation *mode)
{
    static const char *const words[] = { [HF_REVOCATION_NONE] = "none",
                                         [HF_REVOCATION_SOFT] = "soft",
                                         [HF_REVOCATION_LEAF] = "leaf",
                                         [HF_REVOCATION_HARD] = "hard" };

    for (unsigned i = 0; i <= HF_REVOCATION_HARD; i++)
        if (!strcmp(text, words[i])) {
            *mode = (enum hf_revocation)i;
            return true;
        }
    return false;
}

/* As curl has it, whoever gives lists wants to see each certificate on one. */
bool revoking_set(const struct revoking *how, struct hf_config *config)
{
    enum hf_revocation mode = how->crl_file ? HF_REVOCATION_HARD
                              : how->status ? HF_REVOCATION_LEAF
                                            : HF_REVOCATION_SOFT;

    if (how->mode && !revocation_read(how->mode, &mode))
        return hf_config_fail(config, HF_E_BAD_OPTION, 0,
                              "--revocation takes none, soft, leaf or hard");
    return (!how->crl_file || hf_config_add_crl_file(config, how->crl_file)) &&
           hf_config_ask_staple(config, how->status) &&
           hf_config_set_revocation(config, mode);
}

static bool set_transparency(struct hf_config *config, const struct client *c,
                             struct failure *f)
{
    return hf_config_ask_scts(config, c->ask_scts) ||
           config_failed(config, FAIL_NONE, f);
}

static bool set_revoking(struct hf_config *config, const struct client *c,
                         struct failure *f)
{
    if (revoking_set(&c->revoking, config))
        return true;
    config_failed(config, FAIL_NONE, f);
    if (hf_config_error(config)->code == HF_E_FILE)
        f->exit = HF_EXIT_CRL; /* as curl has it */
    return false;
}

static bool set_psk(struct hf_config *config, const struct client *c,
                    struct failure *f)
{
    return psk_set(&c->psk, config) || config_failed(config, FAIL_OWN, f);
}

static size_t passphrase(void *ctx, char *out, size_t cap)
{
    const char *pass = ctx;
    size_t len = strlen(pass);
    if (len > cap)
        return 0;
    memcpy(out, pass, len);
    return len;
}

/* curl's "FILE:PASSWORD", unless there is a file of the whole name. */
static bool cut_password(const char *text, char *file, size_t cap,
                         const char **pass)
{
    struct stat st;
    const char *colon = strrchr(text, ':');
    size_t len = strlen(text);
    if (colon && *pass == NULL && stat(text, &st)) {
        *pass = colon + 1;
        len = (size_t)(colon - text);
    }
    if (len >= cap)
        return false;
    memcpy(file, text, len);
    file[len] = 0;
    return true;
}

static bool set_own(struct hf_config *config, const struct client *c,
                    struct failure *f)
{
    char file[4096];
    const char *pass = c->pass;
    union {
        const void *in;
        void *out;
    } ctx;
    if (!c->cert)
        return !c->key || fail_with(f, FAIL_OWN, "--key without --cert");
    if (!cut_password(c->cert, file, sizeof file, &pass))
        return fail_with(f, FAIL_OWN, "the name is too long");
    ctx.in = pass;
    if (pass)
        hf_config_set_passphrase(config, passphrase, ctx.out);
    return hf_config_add_keypair_file(config, file, c->key ? c->key : file) ||
           config_failed(config, FAIL_OWN, f);
}

/* ---- who listens ------------------------------------------------------------------------- */

static void keylog_line(void *ctx, const char *line)
{
    const struct story *story = ctx;
    char text[512];
    pcap_secret(story->pcap, line);
    if (story->keylog < 0)
        return;
    int n = snprintf(text, sizeof text, "%s\n", line);
    /* one write, so that lines of several processes do not mix */
    if (n > 0 && (size_t)n < sizeof text &&
        write(story->keylog, text, (size_t)n) != n)
        story_note((struct story *)ctx, "  the key log cannot be written");
}

static bool open_keylog(const struct client *c, struct story *story,
                        struct failure *f)
{
    const char *path = c->keylog ? c->keylog : environment("SSLKEYLOGFILE");
    if (!path)
        return true;
    story->keylog = file_open_writing(path, O_APPEND);
    if (story->keylog < 0) {
        /* asked for on the command line, or only by the environment? */
        if (c->keylog)
            return fail_with(f, FAIL_KEYLOG, "%.200s: %s", path,
                             file_open_text(errno));
        fprintf(stderr, "%s: SSLKEYLOGFILE %s: %s\n", story->tool->title, path,
                file_open_text(errno));
    }
    return true;
}

static bool set_keylog(struct hf_config *config, const struct client *c,
                       struct story *story, struct failure *f)
{
    if (!open_keylog(c, story, f))
        return false;
    if (story->keylog < 0 && !story->pcap)
        return true;
    return hf_config_set_keylog(config, keylog_line, story) ||
           config_failed(config, FAIL_NONE, f);
}

static bool set_watch(struct hf_config *config, const struct client *c,
                      struct story *story, struct failure *f)
{
    story->show_secrets = c->show_secrets;
    story->insecure = c->insecure;
    story->max_version = offer_newest(&c->offer);
    if (c->offer.policy)
        story_note(story, "policy %s: %s",
                   hf_policy_find(c->offer.policy)->pinned,
                   lang(hf_policy_find(c->offer.policy)->purpose));
    if (story->level == 0 && !story->json)
        return true;
    return hf_config_set_watch(config, story_watch, story, c->show_secrets) ||
           config_failed(config, FAIL_NONE, f);
}

static int64_t now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

struct hf_config *client_config(const struct client *c, struct story *story,
                                struct failure *f)
{
    struct hf_config *config = hf_config_new();
    if (!config) {
        fail_with(f, FAIL_MEMORY, "%s", "");
        return NULL;
    }
    hf_config_default_clock(config, now, NULL);
    bool good = hf_config_set_why_not(config, true) &&
                offer_set(&c->offer, config, f) &&
                set_protocols(config, c, f) && set_trust(config, c, f) &&
                set_revoking(config, c, f) && set_transparency(config, c, f) &&
                set_own(config, c, f) && set_psk(config, c, f) &&
                set_keylog(config, c, story, f) &&
                set_watch(config, c, story, f);
    if (good && c->sessions)
        good = sessions_use(c->sessions, config) ||
               config_failed(config, FAIL_NONE, f);
    if (good && c->early)
        good = hf_config_set_early_data(config, HF_EARLY_BYTES_MAX) ||
               config_failed(config, FAIL_NONE, f);
    /* with -k we are asked instead, so that the verdict can still be told */
    if (good && c->insecure)
        good = hf_config_set_questions(config, HF_ASK_VERIFY) ||
               config_failed(config, FAIL_NONE, f);
    if (good && !hf_config_freeze(config))
        good = config_failed(config, FAIL_NONE, f);
    if (good)
        return config;
    hf_config_free(config);
    return NULL;
}
