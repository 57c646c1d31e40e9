/* session.c - a session that comes back as a ticket, or from where it was kept:
 * its parts lie in what was opened, and its time is one that can be reckoned
 * with, whatever its bytes (any_wire.h). */
#include "proof.h"

#include "any_wire.h"
#include "handshake/resume.c"

static struct hf_handshake hs;
static struct hf_settings set;
static struct hf_session session;
static struct hf_span sealed, opened, chain;
static int64_t today;

int64_t nondet_time(void);

static int64_t clock_any(void *ctx)
{
    (void)ctx;
    return today;
}

void *any_arena_take(struct hf_arena *a, size_t size)
{
    (void)a;
    return nondet_bool() ? NULL : malloc(size);
}

bool hf_ticket_open(const struct hf_settings *settings, const uint8_t *binding,
                    struct hf_span from, uint8_t *out, struct hf_span *plain,
                    bool *renew)
{
    (void)settings;
    (void)binding;
    (void)renew;
    PROVE(from.at == sealed.at && from.len > HF_SEALED_MORE);
    PROVE(__CPROVER_w_ok(out, from.len - HF_SEALED_MORE));
    *plain = opened = hf_span(out, from.len - HF_SEALED_MORE);
    return nondet_bool();
}

struct hf_span hf_chains_find(const struct hf_chains *chains,
                              const uint8_t name[HF_CHAIN_NAME_LEN])
{
    (void)chains;
    PROVE(__CPROVER_r_ok(name, HF_CHAIN_NAME_LEN));
    return chain;
}

void prove_session_open(void)
{
    struct hf_saved_session *s;
    int64_t issued;
    bool renew;

    sealed = any_bytes(2 * HF_SESSION_MAX);
    chain = any_bytes(HF_SESSION_MAX);
    today = nondet_time();
    ASSUME(today >= 0 && today <= INT64_MAX / 2);
    most_elements = 1;
    set.clock = nondet_bool() ? clock_any : NULL;
    set.chains = nondet_bool() ? (struct hf_chains *)(void *)&set : NULL;
    hs.session = &session;
    hs.settings = &set;
    s = hf_session_open(&hs, sealed, &renew);
    if (!s)
        return;
    issued = hf_session_issued(s);
    PROVE(WITHIN(s->secret, opened) && s->secret.len >= 1 &&
          s->secret.len <= 64);
    PROVE(WITHIN(s->ticket, opened) && WITHIN(s->session_id, opened));
    PROVE(s->session_id.len <= 32 && s->psk_mark.len <= 32);
    PROVE(s->chain.at == chain.at || WITHIN(s->chain, opened));
    PROVE(s->lifetime <= HF_SESSION_LIFETIME_MAX);
    PROVE(issued - today <= CLOCK_SKEW && today - issued <= s->lifetime);
}
