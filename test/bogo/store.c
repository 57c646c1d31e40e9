/* store.c - what lives longer than a connection: the sessions that are kept,
 * the key that seals them, and the clock, which a test can set forward.
 *
 * A client's session is used once, like a ticket of TLS 1.3; a server keeps its
 * own by their ids, for clients without tickets. */
#include "shim.h"

#include <string.h>
#include <time.h>

enum { KEPT = 64, KEY_MAX = 64, KEY_BYTE = 0x5a };

struct kept {
    uint8_t key[KEY_MAX], session[HF_SESSION_MAX];
    size_t key_len, len;
};

static struct kept kept[KEPT];
static size_t count;
static int64_t start, delay;

/* ---- the clock -------------------------------------------------------------------- */

/* It stands but for shim_wait(): tests leave a second of room, which a busy
 * machine may take. */
int64_t shim_clock(void *ctx)
{
    (void)ctx;
    if (!start)
        start = (int64_t)time(NULL);
    return start + delay;
}

void shim_wait(unsigned seconds)
{
    delay += seconds;
}

/* ---- sessions ---------------------------------------------------------------------- */

static bool put(void *ctx, struct hf_span key, struct hf_span session,
                int64_t expires)
{
    struct shim *s = ctx;

    (void)expires;
    if (count == KEPT || key.len > KEY_MAX || session.len > HF_SESSION_MAX)
        return false;
    memcpy(kept[count].key, key.at, key.len);
    memcpy(kept[count].session, session.at, session.len);
    kept[count].key_len = key.len;
    kept[count++].len = session.len;
    s->puts++;
    return true;
}

static size_t get(void *ctx, struct hf_span key, bool take, uint8_t *out,
                  size_t cap)
{
    (void)ctx;
    for (size_t i = count; i-- > 0;) {
        size_t len = kept[i].len;

        if ((out && len > cap) || kept[i].key_len != key.len ||
            memcmp(kept[i].key, key.at, key.len) != 0)
            continue;
        if (!out)
            return len;
        memcpy(out, kept[i].session, len);
        if (take)
            memmove(&kept[i], &kept[i + 1], (--count - i) * sizeof(kept[0]));
        return len;
    }
    return 0;
}

/* One key for the whole run.  A test may want no ticket sealed, or the key to
 * look old. */
static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    const struct shim *s = ctx;

    memset(out->name, 'k', sizeof(out->name));
    memset(out->secret, KEY_BYTE, sizeof(out->secret));
    *newest = !s->o->renew_ticket;
    return name || !s->o->skip_ticket;
}

bool shim_remember(struct shim *s)
{
    const struct hf_sessions sessions = { s, put, get };

    return hf_config_set_clock(s->config, shim_clock, NULL) &&
           hf_config_set_sessions(s->config, &sessions) &&
           hf_config_set_ticket_keys(s->config, find_key, s) &&
           (!s->o->no_ticket || hf_config_set_tickets(s->config, 0));
}
