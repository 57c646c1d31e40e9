/* sessions.c - sessions that outlive a connection, and with a file the program:
 *
 *     handfast sessions 1
 *     key 66b1... 9c40...                    name and secret of the sealing key
 *     session 1795305600 2f5a... base64      until when, under which key, what
 *
 * The sessions are sealed with the file's own key, so a line that was changed
 * makes a full handshake and nothing worse.  Whoever reads the file can go on
 * with the sessions in it: it is for its owner's eyes only, written anew in one
 * step, without what has expired. */
#include "client.h"
#include "files.h"

#include "base/base.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
    SESSIONS_MAX = 256,
    SESSION_BYTES_MAX = 1024 * 1024,
    FILE_MAX = 2 * SESSION_BYTES_MAX, /* the same as text */
    KEY_MAX = 64
};

static const char title[] = "handfast sessions 1\n";

struct sessions {
    const char *path; /* NULL: for this run only */
    struct hf_session_store *store;
    struct hf_ticket_key key;
};

/* ---- reading ---------------------------------------------------------------- */

static bool read_key(struct sessions *s, const char *line)
{
    char name[80], secret[80];
    size_t n, m;

    return sscanf(line, "key %79[0-9a-f] %79[0-9a-f]", name, secret) == 2 &&
           hf_unhex(hf_span_text(name), s->key.name, sizeof(s->key.name), &n) &&
           hf_unhex(hf_span_text(secret), s->key.secret, sizeof(s->key.secret),
                    &m) &&
           n == sizeof(s->key.name) && m == sizeof(s->key.secret);
}

/* A line that cannot be read is a session less. */
static void read_session(struct sessions *s, const char *line)
{
    const struct hf_sessions *into = hf_session_store_interface(s->store);
    char key_text[2 * KEY_MAX + 1];
    uint8_t key[KEY_MAX], session[HF_SESSION_MAX];
    int64_t expires;
    size_t key_len, len;
    int at = 0;

    if (sscanf(line, "session %" SCNd64 " %128[0-9a-f] %n", &expires, key_text,
               &at) == 2 &&
        at && hf_unhex(hf_span_text(key_text), key, sizeof(key), &key_len) &&
        hf_unbase64(hf_span_text(line + at), session, sizeof(session), &len))
        (void)into->put(into->ctx, hf_span(key, key_len), hf_span(session, len),
                        expires);
}

static bool read_lines(struct sessions *s, char *text, struct failure *f)
{
    char *rest = NULL;
    bool keyed = false;

    /* Whatever else it is, it is not ours to write over. */
    if (strncmp(text, title, strlen(title)) != 0)
        return fail_with(f, FAIL_SESSIONS,
                         "%.200s: this is not a file of "
                         "sessions",
                         s->path);
    for (char *line = strtok_r(text + strlen(title), "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (!keyed)
            keyed = read_key(s, line);
        else
            read_session(s, line);
    }
    return keyed || fail_with(f, FAIL_SESSIONS, "%.200s: there is no key in it",
                              s->path);
}

/* False: there is a file, and it cannot be used.  An empty one is as good as
 * none: mktemp makes such. */
static bool read_file(struct sessions *s, bool *there, struct failure *f)
{
    struct hf_error error = { 0 };
    struct bytes text;
    bool good;

    *there = false;
    if (!file_exists(s->path))
        return true;
    if (!file_read_private(s->path, FILE_MAX, &text, &error))
        return fail_with(f, FAIL_SESSIONS, "%s", error.detail);
    *there = text.len > 0;
    good = !*there || read_lines(s, (char *)text.at, f);
    bytes_free(&text);
    return good;
}

/* ---- writing ------------------------------------------------------------------ */

struct page {
    char *text;
    size_t len, cap;
};

static bool write_session(void *ctx, struct hf_span key, struct hf_span session,
                          int64_t expires)
{
    struct page *page = ctx;
    size_t room = page->cap - page->len;
    char key_text[2 * KEY_MAX + 1], *at = page->text + page->len;
    int n;

    if (!hf_hex(key_text, sizeof(key_text), key))
        return false;
    n = snprintf(at, room, "session %" PRId64 " %s ", expires, key_text);
    if (n < 0 || (size_t)n >= room ||
        !hf_base64(at + n, room - (size_t)n - 1, session))
        return false;
    /* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.strcpy) left above */
    strcat(at, "\n");
    page->len += strlen(at);
    return true;
}

static bool write_page(const struct sessions *s, struct page *page)
{
    char name[2 * HF_TICKET_KEY_NAME_LEN + 1],
        secret[2 * HF_TICKET_KEY_LEN + 1];
    bool good = hf_hex(name, sizeof(name), HF_SPAN(s->key.name)) &&
                hf_hex(secret, sizeof(secret), HF_SPAN(s->key.secret));

    if (good) {
        snprintf(page->text, page->cap, "%skey %s %s\n", title, name, secret);
        page->len = strlen(page->text);
        good = hf_session_store_each(s->store, write_session, page);
    }
    hf_wipe(secret, sizeof(secret));
    return good;
}

bool sessions_save(const struct sessions *s, struct failure *f)
{
    struct page page = { .cap = FILE_MAX };
    struct hf_error error = { 0 };
    bool good;

    if (!s || !s->path)
        return true;
    page.text = malloc(page.cap);
    if (!page.text)
        return fail_with(f, FAIL_MEMORY, "%s", "");
    good = write_page(s, &page) ||
           fail_with(f, FAIL_SESSIONS, "%.200s: too much to keep", s->path);
    if (good && !file_write(s->path, page.text, true, true, &error))
        good = fail_with(f, FAIL_SESSIONS, "%s", error.detail);
    hf_wipe(page.text, page.len);
    free(page.text);
    return good;
}

/* ---- for the config ------------------------------------------------------------- */

static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    const struct sessions *s = ctx;

    *out = s->key;
    *newest = true;
    return !name || memcmp(name, s->key.name, sizeof(s->key.name)) == 0;
}

bool sessions_use(struct sessions *s, struct hf_config *config)
{
    return hf_config_set_sessions(config,
                                  hf_session_store_interface(s->store)) &&
           hf_config_set_ticket_keys(config, find_key, s);
}

size_t sessions_count(const struct sessions *s)
{
    return hf_session_store_count(s->store);
}

static bool new_key(struct sessions *s, struct failure *f)
{
    return (RAND_bytes(s->key.name, sizeof(s->key.name)) == 1 &&
            RAND_bytes(s->key.secret, sizeof(s->key.secret)) == 1) ||
           fail_with(f, FAIL_SESSIONS, "no random bytes for a key");
}

struct sessions *sessions_open(const char *path, struct failure *f)
{
    struct sessions *s = calloc(1, sizeof(*s));
    bool there = false;

    if (s)
        s->store = hf_session_store_new(SESSIONS_MAX, SESSION_BYTES_MAX);
    if (!s || !s->store) {
        free(s);
        fail_with(f, FAIL_MEMORY, "%s", "");
        return NULL;
    }
    s->path = path;
    if ((path && !read_file(s, &there, f)) || (!there && !new_key(s, f))) {
        sessions_free(s);
        return NULL;
    }
    return s;
}

void sessions_free(struct sessions *s)
{
    if (!s)
        return;
    hf_session_store_free(s->store);
    hf_wipe(s, sizeof(*s));
    free(s);
}
