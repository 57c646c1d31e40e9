/* pocket.c - see pocket.h. */
#include "engine/pocket.h"

struct pocket pocket;

static size_t place(struct hf_span key)
{
    return key.at[key.len - 1] == (HF_TLS13 & 0xff);
}

static bool put(void *ctx, struct hf_span key, struct hf_span session,
                int64_t expires)
{
    struct pocket *p = ctx;

    (void)expires;
    hf_copy(p->at[place(key)], session.at, session.len);
    p->len[place(key)] = session.len;
    return true;
}

static size_t get(void *ctx, struct hf_span key, bool take, uint8_t *out,
                  size_t cap)
{
    struct pocket *p = ctx;
    size_t len = p->len[place(key)];

    (void)take;
    if (out && len <= cap)
        hf_copy(out, p->at[place(key)], len);
    return out && len > cap ? 0 : len;
}

struct hf_sessions pocket_sessions(void)
{
    return (struct hf_sessions){ &pocket, put, get };
}

void pocket_empty(void)
{
    pocket.len[0] = pocket.len[1] = pocket.ticket_bits = 0;
    pocket.flip = -1;
}

/* ---- in front of the library's (--wrap) -------------------------------------- */

bool __real_hf_ticket_seal(const struct hf_settings *set,
                           const uint8_t *binding, struct hf_span plain,
                           struct hf_buffer *out);
bool __real_hf_ticket_open(const struct hf_settings *set,
                           const uint8_t *binding, struct hf_span sealed,
                           uint8_t *out, struct hf_span *plain, bool *renew);
bool __wrap_hf_ticket_seal(const struct hf_settings *set,
                           const uint8_t *binding, struct hf_span plain,
                           struct hf_buffer *out);
bool __wrap_hf_ticket_open(const struct hf_settings *set,
                           const uint8_t *binding, struct hf_span sealed,
                           uint8_t *out, struct hf_span *plain, bool *renew);

/* A client's sessions are all bound to the same. */
static const uint8_t anywhere[HF_BINDING_LEN];

static const uint8_t *bound(const struct hf_settings *set,
                            const uint8_t *binding)
{
    return set->sessions.put == put ? anywhere : binding;
}

/* The bit that is to be wrong, of the ticket or, without one, of the id. */
static void turn_over(struct hf_span plain)
{
    struct hf_saved_session saved;
    struct hf_fault fault;
    uint8_t *at;

    if (!hf_wire_read(hf_saved_session, plain, &saved, NULL, &fault))
        return;
    if (!saved.ticket.len)
        saved.ticket = saved.session_id;
    pocket.ticket_bits = 8 * saved.ticket.len;
    if (pocket.flip < 0 || (size_t)pocket.flip >= pocket.ticket_bits)
        return;
    at = (uint8_t *)(uintptr_t)saved.ticket.at;
    at[pocket.flip / 8] ^= (uint8_t)(1 << pocket.flip % 8);
}

bool __wrap_hf_ticket_seal(const struct hf_settings *set,
                           const uint8_t *binding, struct hf_span plain,
                           struct hf_buffer *out)
{
    return __real_hf_ticket_seal(set, bound(set, binding), plain, out);
}

bool __wrap_hf_ticket_open(const struct hf_settings *set,
                           const uint8_t *binding, struct hf_span sealed,
                           uint8_t *out, struct hf_span *plain, bool *renew)
{
    bool ok = __real_hf_ticket_open(set, bound(set, binding), sealed, out,
                                    plain, renew);

    if (ok && set->sessions.put == put)
        turn_over(*plain);
    return ok;
}
