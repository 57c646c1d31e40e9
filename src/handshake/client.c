/* client.c - both ClientHellos sent, ServerHello and retry received. */
#include "handshake/psk.h"
#include "handshake/resume.h"

/* A ServerHello's random ends so if a server that could do better was asked
 * for TLS 1.2, or for less (RFC 8446 4.1.3). */

/* ---- shares ------------------------------------------------------------------------- */

static bool random_bytes(struct hf_handshake *hs, void *out, size_t len)
{
    return hf_random(&hs->settings->crypto, out, len) ||
           hf_fail(hs->error, HF_E_RANDOM, NULL);
}

/* A share that comes with a hybrid's: same key, a part of its bytes. */
static bool borrow_share(struct hf_handshake *hs, const struct hf_kx *kx)
{
    struct hf_own_share *own = &hs->shares[hs->share_count];

    for (size_t i = 0; i < hs->share_count; i++) {
        const struct hf_own_share *in = &hs->shares[i];

        if (in->kx->part != kx)
            continue;
        own->kx = kx;
        own->in = in;
        own->share = hf_span_first(hf_span_after(in->share, in->kx->part_at),
                                   kx->share_len);
        hs->share_count++;
        return true;
    }
    return false;
}

static bool make_share(struct hf_handshake *hs, unsigned group)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    const struct hf_kx *kx = hf_kx_by_group(c, group);
    struct hf_own_share *own = &hs->shares[hs->share_count];
    uint8_t *share;

    if (!kx || hs->share_count == HF_SHARES_MAX)
        return hf_fail(hs->error, HF_E_BUG, "a share for group %x", group);
    if (borrow_share(hs, kx))
        return true;
    share = hf_arena_take(&hs->arena, kx->share_len);
    if (!share)
        return hf_arena_fail(&hs->arena, hs->error);
    if (!kx->generate(c->self, own->state, share))
        return hf_fail(hs->error, HF_E_CRYPTO, "a key share for %s", kx->name);
    own->kx = kx;
    own->share = hf_span(share, kx->share_len);
    hs->share_count++;
    return true;
}

enum hf_step_result hf_job_make_shares(struct hf_handshake *hs)
{
    const struct hf_numbers *groups = &hs->settings->shares;

    if (hs->settings->max_version < HF_TLS13)
        return HF_STEP_DONE;
    for (size_t i = 0; i < groups->count; i++)
        if (!make_share(hs, groups->at[i]))
            return HF_STEP_FAILED;
    return HF_STEP_DONE;
}

enum hf_step_result hf_job_make_share_again(struct hf_handshake *hs)
{
    /* A retry may bring nothing but a cookie: then the shares stand. */
    if (!hs->kx)
        return HF_STEP_DONE;
    for (size_t i = 0; i < hs->share_count; i++)
        if (!hs->shares[i].in)
            hs->shares[i].kx->wipe(hs->shares[i].state);
    hf_wipe(hs->shares, sizeof(hs->shares));
    hs->share_count = 0;
    return hf_step(make_share(hs, hs->kx->group));
}

/* ---- ClientHello ---------------------------------------------------------------------- */

/* Room for every extension that a hello of ours can hold. */
static size_t extensions_cap(const struct hf_handshake *hs)
{
    size_t cap = 1088 + hs->cookie.len + hs->settings->protocols.len +
                 hs->settings->authorities.len;

    if (hs->saved)
        cap += hs->saved->ticket.len; /* TLS 1.2's is not among the keys */
    for (size_t i = 0; i < hs->psk_count; i++)
        cap += 6 + hs->psks[i].identity.len + 1 + HF_HASH_MAX;
    for (size_t i = 0; i < hs->share_count; i++)
        cap += 4 + hs->shares[i].share.len;
    return cap;
}

/* Without those of TLS 1.2 if only a pre-shared key will do. */
static struct hf_span list_suites(const struct hf_handshake *hs, uint8_t *room)
{
    const struct hf_settings *set = hs->settings;
    unsigned least = hf_least_version(set, HF_CLIENT);
    struct hf_numbers list = { .count = 0 };

    for (size_t i = 0; i < set->suites.count; i++)
        if (hf_suite_by_number(set->suites.at[i])->version >= least)
            list.at[list.count++] = set->suites.at[i];
    return hf_grease_list(hs, HF_GREASE_SUITE, &list, room);
}

static bool write_hello(struct hf_handshake *hs)
{
    static const uint8_t null_compression[1] = { 0 };
    uint8_t suites[2 + 2 * HF_LIST_MAX];
    struct hf_client_hello hello = {
        .legacy_version = 0x0303,
        .legacy_session_id = { hs->session_id, hs->session_id_len },
        .cipher_suites = list_suites(hs, suites),
        .legacy_compression_methods = HF_SPAN(null_compression),
    };
    size_t cap;

    if (!hf_psks_offer(hs))
        return false;
    cap = extensions_cap(hs);
    hf_copy(hello.random, hs->random, sizeof(hello.random));
    hs->sent = 0;
    return hf_extensions_make(hs, HF_CH, cap, &hello.extensions) &&
           hf_message_send(hs, HF_CLIENT_HELLO, hf_client_hello, &hello,
                           cap + sizeof(suites) + 128);
}

/* Compatibility mode (RFC 8446 D.4): looks like a resumption.  TLS 1.2 by
 * itself needs no disguise, but with a ticket an id of ours, so that the echo
 * says whether it was taken (RFC 5077 3.4). */
static void set_session_id(struct hf_handshake *hs)
{
    const struct hf_saved_session *saved = hs->saved;
    bool older = saved && saved->version == HF_TLS12;

    if (older && saved->session_id.len) {
        hf_copy(hs->session_id, saved->session_id.at, saved->session_id.len);
        hs->session_id_len = (uint8_t)saved->session_id.len;
    } else if (older || hs->settings->max_version >= HF_TLS13) {
        hs->session_id_len = sizeof(hs->session_id);
    }
}

enum hf_step_result hf_send_client_hello(struct hf_handshake *hs)
{
    if (!random_bytes(hs, hs->random, sizeof(hs->random)) ||
        !random_bytes(hs, hs->session_id, sizeof(hs->session_id)) ||
        !hf_grease_draw(hs) || !hf_session_find(hs))
        return HF_STEP_FAILED;
    set_session_id(hs);
    hf_early_consider(hs);
    hf_copy(hs->session->client_random, hs->random, sizeof(hs->random));
    return hf_step(write_hello(hs) && hf_early_begin(hs));
}

enum hf_step_result hf_send_second_hello(struct hf_handshake *hs)
{
    return hf_step(hf_send_dummy_ccs(hs) && write_hello(hs));
}

/* ---- what ServerHello and HelloRetryRequest share ------------------------------------------ */

/* Everything echoed is checked against what we said. */
static bool check_echo(struct hf_handshake *hs, unsigned version,
                       struct hf_span session_id, unsigned suite,
                       unsigned compression)
{
    const struct hf_suite *chosen = hf_suite_by_number(suite);

    if (version != 0x0303)
        /* RFC 8446 D.5: SSL 3.0 has an alert of its own. */
        return hf_fail(hs->error,
                       version == 0x0300 ? HF_E_NO_VERSION : HF_E_ILLEGAL,
                       "legacy_version is %x, not 0x0303", version);
    if (!hf_span_equal(session_id, hf_span(hs->session_id, hs->session_id_len)))
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "the server did not echo our session id");
    if (!chosen || chosen->version != HF_TLS13 ||
        !hf_numbers_have(&hs->settings->suites, suite))
        return hf_fail(hs->error, HF_E_NOT_OFFERED,
                       "the server chose cipher suite %x", suite);
    if (compression)
        return hf_fail(hs->error, HF_E_COMPRESSION,
                       "the server chose compression %u", compression);
    if (hs->session->suite && hs->session->suite != chosen)
        return hf_fail(hs->error, HF_E_RETRY_CHANGED,
                       "cipher suite %x in the retry, %x after it",
                       (unsigned)hs->session->suite->number, suite);
    hs->session->suite = chosen;
    return true;
}

/* The suite is settled: its hash and its AEAD with it. */
static bool use_suite(struct hf_handshake *hs, bool retry)
{
    struct hf_session *s = hs->session;
    const struct hf_crypto *c = &hs->settings->crypto;

    if (s->hash)
        return true; /* since the retry */
    s->hash = hf_hash_by_id(c, s->suite->hash);
    s->aead = hf_suite_aead(c, s->suite);
    if (!s->hash || !s->aead)
        return hf_fail(hs->error, HF_E_BUG, "a suite without its algorithms");
    return hf_transcript_start(&hs->transcript, s->hash, retry, hs->error);
}

static void say_choices(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    char text[96];

    if (!hf_watched(s))
        return;
    hf_decided(s, HF_EV_VERSION, true, "the server chose from our list",
               hf_version_name(s->version), NULL);
    hf_decided(s, HF_EV_SUITE, true, "the server chose from our list",
               s->suite->name, NULL);
    if (hs->kx) {
        hf_format(text, sizeof(text), "the server took one of our %z shares",
                  hs->share_count);
        hf_decided(s, HF_EV_GROUP, true, text, hs->kx->name, NULL);
    }
}

/* ---- HelloRetryRequest (RFC 8446 4.1.4) -------------------------------------------------------- */

enum hf_step_result hf_recv_hello_retry(struct hf_handshake *hs,
                                        const struct hf_message *m)
{
    struct hf_hello_retry_request hrr;
    struct hf_session *s = hs->session;

    hs->kx = NULL;
    if (!hf_message_read(hs, hf_hello_retry_request, m->body, &hrr) ||
        !check_echo(hs, hrr.legacy_version, hrr.legacy_session_id_echo,
                    hrr.cipher_suite, hrr.legacy_compression_method) ||
        !hf_extensions_recv(hs, HF_HRR, &hrr.extensions))
        return HF_STEP_FAILED;
    if (!(hrr.extensions.present & HF_BIT(supported_versions))) {
        hf_fail(hs->error, HF_E_MISSING_EXTENSION,
                "supported_versions in HelloRetryRequest");
        return HF_STEP_FAILED;
    }
    if (!hs->kx && !hs->cookie.len) {
        hf_fail(hs->error, HF_E_RETRY_USELESS, "neither a group nor a cookie");
        return HF_STEP_FAILED;
    }
    s->retried = true;
    hf_early_refused(hs, "the server wants another hello");
    if (hf_watched(s))
        hf_decided(s, HF_EV_RETRY, true, "the server wants another key share",
                   hs->kx ? hs->kx->name : "a cookie returned", NULL);
    return hf_step(use_suite(hs, true));
}

/* ---- ServerHello (RFC 8446 4.1.3) ------------------------------------------------------------------ */

/* A server that offers nothing newer than TLS 1.2, or somebody who made it
 * look so. */
static enum hf_step_result older_version(struct hf_handshake *hs,
                                         struct hf_span body)
{
    struct hf_server_hello_12 sh;

    if (!hf_message_read(hs, hf_server_hello_12, body, &sh))
        return HF_STEP_FAILED;
    if (!hf_check_older(hs, &sh))
        return HF_STEP_FAILED;
    /* RFC 8446 D.3: such a server cannot skip what was sent early. */
    if (hs->session->early == HF_EARLY_OFFERED) {
        hf_early_refused(hs, "the server speaks an older version");
        hf_fail(hs->error, HF_E_NO_VERSION,
                "early data was sent to a server that now speaks TLS 1.2");
        return HF_STEP_FAILED;
    }
    return hf_recv_server_hello12(hs, body);
}

/* No ServerHello of TLS 1.3: one that cannot be read, or an older one. */
static enum hf_step_result not_tls13(struct hf_handshake *hs,
                                     struct hf_span body, bool retried)
{
    struct hf_server_hello_any any;

    if (!hf_message_read(hs, hf_server_hello_any, body, &any))
        return HF_STEP_FAILED;
    if (!retried)
        return older_version(hs, body);
    hf_fail(hs->error, HF_E_RETRY_CHANGED,
            "TLS 1.3 in the retry, something older after it");
    return HF_STEP_FAILED;
}

/* With a pre-shared key, and no share although we only know psk_dhe_ke, it is an
 * illegal_parameter (RFC 8446 4.2.11). */
static bool check_share(struct hf_handshake *hs, uint64_t present)
{
    if (present & HF_BIT(key_share))
        return true;
    return hf_fail(hs->error,
                   present & HF_BIT(pre_shared_key) ? HF_E_ILLEGAL
                                                    : HF_E_MISSING_EXTENSION,
                   "key_share is missing in ServerHello");
}

enum hf_step_result hf_recv_server_hello(struct hf_handshake *hs,
                                         const struct hf_message *m)
{
    struct hf_session *s = hs->session;
    struct hf_server_hello sh;
    bool retried = (hs->facts & HF_FACT_RETRY) != 0;

    if (hf_wire_server_hello_place(m->body) != HF_SH)
        return not_tls13(hs, m->body, retried);
    if (!hf_message_read(hs, hf_server_hello, m->body, &sh) ||
        !hf_extensions_recv(hs, HF_SH, &sh.extensions) ||
        !check_echo(hs, sh.legacy_version, sh.legacy_session_id_echo,
                    sh.cipher_suite, sh.legacy_compression_method) ||
        !check_share(hs, sh.extensions.present))
        return HF_STEP_FAILED;
    hs->facts |= HF_FACT_TLS13;
    s->group = hs->kx->group;
    say_choices(hs);
    if (!(hs->facts & HF_FACT_RESUMED) || hs->psk_index)
        hf_early_refused(hs, "the server does not take up the session");
    return hf_step(use_suite(hs, false) && hf_resumed13(hs));
}

/* ---- the shared secret -------------------------------------------------------------------------------- */

static const struct hf_own_share *own_share(const struct hf_handshake *hs)
{
    for (size_t i = 0; i < hs->share_count; i++)
        if (hs->shares[i].kx == hs->kx)
            return &hs->shares[i];
    return NULL;
}

enum hf_step_result hf_job_open_share(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_own_share *own = own_share(hs);
    struct hf_own_share *holder;
    bool fault = false;

    if (!own || hs->peer_share.len != hs->kx->reply_len) {
        hf_fail(hs->error, HF_E_BAD_KEY_SHARE,
                "the share for %s has %z bytes, not %u", hs->kx->name,
                hs->peer_share.len, (unsigned)hs->kx->reply_len);
        return HF_STEP_FAILED;
    }
    holder = &hs->shares[(own->in ? own->in : own) - hs->shares];
    if (!hs->kx->decapsulate(hs->settings->crypto.self, holder->state,
                             hs->peer_share, hs->shared, &fault)) {
        hf_fail(hs->error, fault ? HF_E_CRYPTO : HF_E_BAD_KEY_SHARE,
                "the server's share for %s", hs->kx->name);
        return HF_STEP_FAILED;
    }
    HF_SECRET(hs->shared, hs->kx->secret_len);
    hf_decided(s, HF_EV_KEY_EXCHANGE, true, hs->kx->name, NULL, NULL);
    return hf_step(hf_keys13_handshake(hs) && hf_send_dummy_ccs(hs) &&
                   hf_keys13_install(s, false, hs->server_hs, HF_HANDSHAKE) &&
                   (hf_early_open(hs) ||
                    hf_keys13_install(s, true, hs->client_hs, HF_HANDSHAKE)));
}
