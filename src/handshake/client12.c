/* client12.c - the rest of a client's TLS 1.2 (RFC 5246 7.4, RFC 8422 5): from
 * the ServerHello on.  What is different with RSA key transport is in
 * rsa12.c. */
#include "handshake/resume.h"
#include "handshake/verbs.h"

/* ---- ServerHello --------------------------------------------------------------------- */

static bool check_hello(struct hf_handshake *hs,
                        const struct hf_server_hello_12 *sh)
{
    struct hf_session *s = hs->session;
    const struct hf_suite *suite = hf_suite_by_number(sh->cipher_suite);
    uint64_t present = sh->extensions.present;

    if (!suite || suite->version != HF_TLS12 ||
        !hf_numbers_have(&hs->settings->suites, sh->cipher_suite))
        return hf_fail(hs->error, HF_E_NOT_OFFERED,
                       "the server chose cipher suite %x",
                       (unsigned)sh->cipher_suite);
    if (sh->compression_method)
        return hf_fail(hs->error, HF_E_COMPRESSION,
                       "the server chose compression %u",
                       (unsigned)sh->compression_method);
    /* RFC 5746 3.4: a server that does not say so could splice handshakes. */
    if (!(present & HF_BIT(renegotiation_info)))
        return hf_fail(hs->error, HF_E_UNSAFE_RENEGOTIATION,
                       "renegotiation_info in ServerHello: the server lacks "
                       "the protection of RFC 5746");
    s->suite = suite;
    return true;
}

enum hf_step_result hf_recv_server_hello12(struct hf_handshake *hs,
                                           struct hf_span body)
{
    struct hf_session *s = hs->session;
    const struct hf_crypto *c = &hs->settings->crypto;
    struct hf_server_hello_12 sh;

    if (!hf_message_read(hs, hf_server_hello_12, body, &sh) ||
        !hf_extensions_recv(hs, HF_SH12, &sh.extensions) ||
        !check_hello(hs, &sh))
        return HF_STEP_FAILED;
    s->version = HF_TLS12;
    hf_copy(s->server_random, sh.random, sizeof(s->server_random));
    s->extended_master = (sh.extensions.present &
                          HF_BIT(extended_master_secret)) != 0;
    if (!hf_resumed12(hs, sh.session_id, s->extended_master))
        return HF_STEP_FAILED;
    if (!s->resumed && s->suite->kx != HF_SUITE_RSA)
        hs->facts |= HF_FACT_SIGNED;
    s->hash = hf_hash_by_id(c, s->suite->hash);
    s->aead = hf_suite_aead(c, s->suite);
    if (!s->hash || !s->aead) {
        hf_fail(hs->error, HF_E_BUG, "a suite without its algorithms");
        return HF_STEP_FAILED;
    }
    hf_decided(s, HF_EV_VERSION, true, "the server chose from our list",
               hf_version_name(s->version), NULL);
    hf_decided(s, HF_EV_SUITE, true, "the server chose from our list",
               s->suite->name, NULL);
    hf_decided(s, HF_EV_MASTER_SECRET, s->extended_master, NULL,
               s->extended_master ? "extended" : "of the old kind", NULL);
    hs->transcript.keep = true;
    return hf_step(
        hf_transcript_start(&hs->transcript, s->hash, false, hs->error));
}

/* ---- ServerKeyExchange: the server's share, signed -------------------------------------- */

/* What is signed: both randoms, and the parameters as they travelled. */
static struct hf_span signed_params(struct hf_handshake *hs,
                                    const struct hf_server_key_exchange *ske,
                                    uint8_t *room, size_t cap)
{
    struct hf_writer w = hf_writer(room, cap);
    size_t mark;

    hf_put_bytes(&w, HF_SPAN(hs->session->client_random));
    hf_put_bytes(&w, HF_SPAN(hs->session->server_random));
    hf_put(&w, ske->curve_type, 1);
    hf_put(&w, ske->named_curve, 2);
    mark = hf_writer_open(&w, 1);
    hf_put_bytes(&w, ske->point);
    hf_writer_close(&w, mark, 1);
    return hf_written(&w);
}

enum hf_step_result hf_recv_server_kx(struct hf_handshake *hs,
                                      const struct hf_message *m)
{
    enum { NAMED_CURVE = 3, PARAMS_MAX = 64 + 4 + 255 };
    struct hf_server_key_exchange ske;
    uint8_t room[PARAMS_MAX];

    if (!hf_message_read(hs, hf_server_key_exchange, m->body, &ske))
        return HF_STEP_FAILED;
    hs->kx = ske.curve_type == NAMED_CURVE &&
                     hf_numbers_have(&hs->settings->groups, ske.named_curve)
                 ? hf_kx_by_group(&hs->settings->crypto, ske.named_curve)
                 : NULL;
    /* A hybrid has no place in TLS 1.2: its shares differ by side. */
    if (!hs->kx || hs->kx->share_len != hs->kx->reply_len) {
        hf_fail(hs->error, HF_E_NOT_OFFERED, "the server chose group %x",
                (unsigned)ske.named_curve);
        return HF_STEP_FAILED;
    }
    hs->session->group = hs->kx->group;
    hf_decided(hs->session, HF_EV_GROUP, true, "the server chose from our list",
               hs->kx->name, NULL);
    hs->peer_share = hf_arena_copy(&hs->arena, ske.point);
    hs->params = hf_arena_copy(&hs->arena,
                               signed_params(hs, &ske, room, sizeof(room)));
    hs->signature = hf_arena_copy(&hs->arena, ske.signature);
    hs->signature_scheme = ske.algorithm;
    if (!hs->peer_share.at || !hs->params.at || !hs->signature.at)
        return hf_step(hf_arena_fail(&hs->arena, hs->error));
    return HF_STEP_DONE;
}

/* The kind of key that the suite promised, and its signature. */
enum hf_step_result hf_job_check_server_kx(struct hf_handshake *hs)
{
    const struct hf_suite *suite = hs->session->suite;
    unsigned kind = hs->session->peer[0]->key.kind;
    bool rsa = kind == HF_KEY_RSA || kind == HF_KEY_RSA_PSS;

    if (rsa != (suite->kx == HF_SUITE_ECDHE_RSA)) {
        hf_fail(hs->error, HF_E_WRONG_SIGNATURE,
                "%s and a certificate with another kind of key", suite->name);
        return HF_STEP_FAILED;
    }
    return hf_step(hf_check_signature12(hs, hs->signature_scheme, hs->params,
                                        hs->signature));
}

/* ---- CertificateRequest, ServerHelloDone -------------------------------------------------- */

/* Kinds of key for which a server may ask (RFC 5246 7.4.4, RFC 8422 5.5). */
enum { RSA_SIGN = 1, ECDSA_SIGN = 64 };

/* "MUST be ... of one of the types listed" (RFC 5246 7.4.6); Ed25519 counts as
 * ECDSA (RFC 8422 5.5). */
static bool asked_for(const struct hf_handshake *hs,
                      const struct hf_public_key *key)
{
    bool rsa = key->kind == HF_KEY_RSA || key->kind == HF_KEY_RSA_PSS;

    return rsa ? hs->asked_rsa : hs->asked_ecdsa;
}

enum hf_step_result hf_recv_cert_request12(struct hf_handshake *hs,
                                           const struct hf_message *m)
{
    struct hf_certificate_request_12 request;

    if (!hf_message_read(hs, hf_certificate_request_12, m->body, &request))
        return HF_STEP_FAILED;
    hs->asked_rsa = hf_wire_lists(request.certificate_types, 1, RSA_SIGN);
    hs->asked_ecdsa = hf_wire_lists(request.certificate_types, 1, ECDSA_SIGN);
    hf_numbers_read(&hs->peer_schemes, request.supported_signature_algorithms,
                    &hs->settings->schemes);
    hf_settle_cert_schemes(hs, request.supported_signature_algorithms);
    hs->offer.authorities = hf_arena_copy(&hs->arena,
                                          request.certificate_authorities);
    return hf_step(hs->offer.authorities.at ||
                   hf_arena_fail(&hs->arena, hs->error));
}

enum hf_step_result hf_recv_hello_done(struct hf_handshake *hs,
                                       const struct hf_message *m)
{
    struct hf_server_hello_done done;

    return hf_step(hf_message_read(hs, hf_server_hello_done, m->body, &done));
}

/* Of ours that the server can check the one that fits best, the first of
 * equals.  Returns how well (enum hf_fit). */
static unsigned choose_pair(struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;
    const struct hf_wanted wanted = { .authorities = hs->offer.authorities,
                                      .schemes = &hs->peer_schemes,
                                      .cert_schemes = &hs->peer_cert_schemes,
                                      .tls12 = true };
    size_t budget = HF_AUTHORITIES_LOOKED_AT;
    unsigned best = 0;

    for (size_t i = 0; i < set->keypair_count && best != HF_FIT_ALL; i++) {
        const struct hf_keypair *pair = &set->keypairs[i];
        const struct hf_public_key *key = &pair->chain[0]->key;
        unsigned scheme = 0, fit;
        const struct hf_signature *how =
            asked_for(hs, key) && hf_keypair_signs(set, pair)
                ? hf_negotiate_signature12(set, &hs->peer_schemes, key, &scheme)
                : NULL;

        fit = how ? hf_keypair_fit(set, pair, &wanted, &budget) : 0;
        if (!how || (hs->keypair && fit <= best))
            continue;
        best = fit;
        hs->keypair = pair;
        hs->scheme = how;
        hs->session->own_scheme = (uint16_t)scheme;
    }
    return best;
}

enum hf_step_result hf_job_choose_certificate12(struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;
    struct hf_session *s = hs->session;
    unsigned fit = 0;

    hs->keypair = NULL;
    /* RFC 7627 1, 5.4: what is proved here may count in another connection. */
    if (s->extended_master)
        fit = choose_pair(hs);
    if (hs->keypair) {
        hs->facts |= HF_FACT_GAVE;
        s->own_chain = (int16_t)(hs->keypair - set->keypairs);
    }
    s->client_auth = hs->keypair ? HF_AUTH_GIVEN : HF_AUTH_NOT_GIVEN;
    hf_decided(s, HF_EV_CLIENT_CERT, true,
               !hs->keypair || fit & HF_FIT_CHAIN
                   ? "the server asks for a certificate"
                   : "the server asks for a certificate, and does not list how "
                     "ours is signed",
               hs->keypair ? "the first of ours that it can check"
               : s->extended_master
                   ? "none of ours fits: an empty list"
                   : "none without extended_master_secret: an empty list",
               NULL);
    return HF_STEP_DONE;
}

/* ---- ClientKeyExchange ------------------------------------------------------------------------ */

enum hf_step_result hf_job_make_premaster(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    bool fault = false;

    if (hs->peer_share.len != hs->kx->share_len) {
        hf_fail(hs->error, HF_E_BAD_KEY_SHARE,
                "the share for %s has %z bytes, not %u", hs->kx->name,
                hs->peer_share.len, (unsigned)hs->kx->share_len);
        return HF_STEP_FAILED;
    }
    if (!hs->kx->encapsulate(hs->settings->crypto.self, hs->peer_share,
                             hs->reply, hs->shared, &fault)) {
        hf_fail(hs->error, fault ? HF_E_CRYPTO : HF_E_BAD_KEY_SHARE,
                "the server's share for %s", hs->kx->name);
        return HF_STEP_FAILED;
    }
    HF_SECRET(hs->shared, hs->kx->secret_len);
    hf_decided(s, HF_EV_KEY_EXCHANGE, true, hs->kx->name, NULL, NULL);
    return HF_STEP_DONE;
}

enum hf_step_result hf_send_client_kx(struct hf_handshake *hs)
{
    struct hf_client_key_exchange cke = { { hs->reply, hs->kx->reply_len } };
    bool ok;

    ok = hf_message_send(hs, HF_CLIENT_KEY_EXCHANGE, hf_client_key_exchange,
                         &cke, 1 + cke.point.len) &&
         hf_keys12_master(hs, hf_span(hs->shared, hs->kx->secret_len));
    hf_wipe(hs->shared, sizeof(hs->shared));
    return hf_step(ok);
}
