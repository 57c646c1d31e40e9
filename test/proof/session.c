/* session.c - a session that comes back as a ticket, or from where it was kept:
 * its time is one that can be reckoned with, whatever its bytes, and its chain
 * is there or has a name of the right length. */
#include "proof.h"

#include "any_wire.h"
#include "handshake/resume.c"

static struct hf_settings set;
static struct hf_span named;
static int64_t today;

int64_t nondet_time(void);

static int64_t clock_any(void *ctx)
{
    (void)ctx;
    return today;
}

/* Neither too old nor of tomorrow, and nothing overflows. */
void prove_of_today(void)
{
    struct hf_saved_session saved;
    int64_t issued;

    today = nondet_time();
    ASSUME(today >= 0 && today <= INT64_MAX / 2);
    __CPROVER_havoc_slice(saved.issued, sizeof(saved.issued));
    saved.lifetime = nondet_word();
    set.clock = clock_any;
    issued = hf_session_issued(&saved);
    PROVE(issued >= 0 && issued <= INT64_MAX / 2);
    if (!is_of_today(&set, &saved))
        return;
    PROVE(issued - today <= CLOCK_SKEW && today - issued <= saved.lifetime);
    PROVE(saved.lifetime <= HF_SESSION_LIFETIME_MAX);
}

struct hf_span hf_chains_find(const struct hf_chains *chains,
                              const uint8_t name[HF_CHAIN_NAME_LEN])
{
    (void)chains;
    PROVE(__CPROVER_r_ok(name, HF_CHAIN_NAME_LEN));
    return named;
}

/* A chain is with the session, or elsewhere under a name. */
void prove_has_chain(void)
{
    struct hf_saved_session saved;
    struct hf_span chain = any_bytes(HF_CHAIN_BYTES_MAX);
    bool ok;

    most_elements = 1;
    named = any_bytes(HF_CHAIN_BYTES_MAX);
    saved.format = nondet_byte();
    saved.chain = chain;
    set.chains = nondet_bool() ? (struct hf_chains *)(void *)&set : NULL;
    ok = has_chain(&set, &saved);
    PROVE(!ok || saved.format == FORMAT || saved.format == NAMED);
    PROVE(!ok || saved.chain.at == (saved.format == NAMED ? named : chain).at);
    PROVE(!ok || saved.format == FORMAT || saved.chain.len > 0);
}
