/* limits.c - sizes of records as a peer asks for them: whatever it says, what is
 * in force afterwards is what record.c (the harness) relies on. */
#include "proof.h"

#include "any_wire.h"
#include "handshake/limits.c"

bool hf_ext_body(struct hf_handshake *hs, hf_layout_fn *layout,
                 const struct hf_extensions *block, enum hf_ext ext, void *out)
{
    struct hf_fault fault;

    return hf_wire_read_ext(layout, block, ext, out, &fault) ||
           hf_wire_fail(hs->error, &fault);
}

static struct hf_handshake hs;
static struct hf_settings set;
static struct hf_session session;
static struct hf_extensions block;

/* No limit, or one of RFC 8449 4 or RFC 6066 4. */
static bool is_limit(struct hf_limit limit)
{
    return !limit.most || (limit.most >= 63 && limit.most <= HF_PLAINTEXT_MAX);
}

static void begin(void)
{
    session.error.code = HF_OK;
    session.version = nondet_bool() ? HF_TLS13 : HF_TLS12;
    hs.session = &session;
    hs.settings = &set;
    hs.error = &session.error;
    set.record_limit = nondet_half();
    set.max_fragment = nondet_byte();
    /* As hf_config_set_record_limit() and hf_config_set_max_fragment() let
     * them be. */
    ASSUME(!set.record_limit || set.record_limit >= LEAST_LIMIT);
    ASSUME(set.max_fragment <= FRAGMENT_CODES);
    block.present = (uint64_t)nondet_size();
    block.body[HF_EXT_record_size_limit] = any_bytes(4);
    block.body[HF_EXT_max_fragment_length] = any_bytes(4);
}

static bool limits_are_sound(void)
{
    return is_limit(session.in_limit) && is_limit(session.out_limit) &&
           is_limit(session.in.limit) && is_limit(session.out.limit);
}

void prove_limits_server(void)
{
    bool ok;

    begin();
    ok = nondet_bool() ? hf_read_record_limit(&hs, HF_CH, &block)
                       : hf_read_max_fragment(&hs, HF_CH, &block);
    PROVE(ok == (session.error.code == HF_OK));
    if (!ok)
        return;
    hf_limits_settle(&hs);
    if (session.version == HF_TLS12)
        hf_limits_begin(&hs);
    PROVE(limits_are_sound());
    PROVE(!hs.offer.record_limit ||
          session.out_limit.most <= hs.offer.record_limit ||
          hs.offer.max_fragment);
}

void prove_limits_client(void)
{
    enum hf_place place = nondet_bool() ? HF_EE : HF_SH12;
    bool old = place == HF_SH12 && nondet_bool(), ok;

    begin();
    /* What was not asked for is not answered: solicited() of extensions.c. */
    ASSUME(!old || set.max_fragment);
    ok = old ? hf_read_max_fragment_answer(&hs, place, &block)
             : hf_read_record_limit_answer(&hs, place, &block);
    PROVE(ok == (session.error.code == HF_OK));
    PROVE(!ok || limits_are_sound());
}
