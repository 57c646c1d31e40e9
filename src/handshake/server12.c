/* server12.c - the rest of a server's TLS 1.2 (RFC 5246 7.4, RFC 8422 5): what
 * a ClientHello must be like, what is chosen from it, and all that we say
 * before the client's keys.  What is different with RSA key transport is in
 * rsa12.c. */
#include "handshake/resume.h"
#include "handshake/verbs.h"

/* ---- ClientHello ---------------------------------------------------------------------- */

enum { RENEGOTIATION_SCSV = 0x00ff, FALLBACK_SCSV = 0x5600 };

enum hf_step_result hf_check_hello12(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_client_hello *hello = &hs->offer.hello;
    struct hf_span compression = hello->legacy_compression_methods;
    uint64_t present = hello->extensions.present;

    /* RFC 7507 3: it could do better, and was made to believe otherwise. */
    if (hf_listed(hello->cipher_suites, FALLBACK_SCSV) &&
        hs->settings->max_version > HF_TLS12)
        hf_fail(hs->error, HF_E_FALLBACK, "it offers %s, we can do %s",
                hf_version_name(HF_TLS12),
                hf_version_name(hs->settings->max_version));
    else if (!hf_wire_lists(compression, 1, 0))
        hf_fail(hs->error, HF_E_COMPRESSION, "the null method is not among %h",
                &compression);
    /* RFC 5746 3.6 */
    else if (!(present & HF_BIT(renegotiation_info)) &&
             !hf_listed(hello->cipher_suites, RENEGOTIATION_SCSV))
        hf_fail(hs->error, HF_E_UNSAFE_RENEGOTIATION,
                "renegotiation_info in ClientHello: the client lacks the "
                "protection of RFC 5746");
    s->extended_master = (present & HF_BIT(extended_master_secret)) != 0;
    hs->session_id_len = 0; /* no session can be resumed by name */
    return hf_step(!hs->error->code);
}

/* ---- choosing ---------------------------------------------------------------------------- */

/* The first classic group that both accept; without a list of the client's,
 * P-256 (RFC 8422 4). */
static const struct hf_kx *choose_group(struct hf_handshake *hs)
{
    const struct hf_numbers *ours = &hs->settings->groups;
    enum { P256 = 23 };

    for (size_t i = 0; i < ours->count; i++) {
        unsigned group = ours->at[i];
        const struct hf_kx *kx = hf_kx_by_group(&hs->settings->crypto, group);

        if (kx && kx->share_len == kx->reply_len &&
            (hs->offer.groups.at ? hf_listed(hs->offer.groups, group)
                                 : group == P256))
            return kx;
    }
    return NULL;
}

/* RFC 8422 5.3: the key in our certificate "MUST respect the client's choice of
 * elliptic curves", if it made one. */
static bool curve_known(const struct hf_handshake *hs, unsigned kind)
{
    enum { P256 = 23, P384 = 24, P521 = 25 };
    unsigned curve = kind == HF_KEY_P256   ? P256
                     : kind == HF_KEY_P384 ? P384
                     : kind == HF_KEY_P521 ? P521
                                           : 0;

    return !curve || !hs->offer.groups.at || hf_listed(hs->offer.groups, curve);
}

/* What goes together: a key, a suite for it, how it signs. */
struct choice {
    const struct hf_keypair *pair;
    const struct hf_suite *suite;
    const struct hf_signature *how; /* NULL: nothing is signed */
    unsigned scheme;
    unsigned fit; /* HF_FIT_NAME, HF_FIT_CHAIN */
    size_t at;    /* of the suite in our list */
};

/* The suite's kind of key, which may be used so, a curve and a signature that
 * the client can check. */
static bool fits(struct hf_handshake *hs, struct choice *c)
{
    const struct hf_cert *leaf = c->pair->chain[0];
    const struct hf_public_key *key = &leaf->key;
    bool rsa = key->kind == HF_KEY_RSA || key->kind == HF_KEY_RSA_PSS;

    c->how = NULL;
    c->scheme = 0;
    if (c->suite->kx == HF_SUITE_RSA)
        return hf_rsa12_fits(hs->settings, c->pair);
    /* RFC 5246 7.4.2: the certificate must allow the key to sign. */
    if (!hf_keypair_signs(hs->settings, c->pair) ||
        rsa != (c->suite->kx == HF_SUITE_ECDHE_RSA) ||
        !curve_known(hs, key->kind) ||
        (leaf->flags & HF_CERT_KEY_USAGE &&
         !(leaf->usage & HF_USE_DIGITAL_SIGNATURE)))
        return false;
    c->how = hf_negotiate_signature12(hs->settings, &hs->peer_schemes, key,
                                      &c->scheme);
    return c->how != NULL;
}

/* The first suite of ours that the client offers and @c->pair fits;
 * *groupless: there was one, but no group for it. */
static bool find_suite(struct hf_handshake *hs, struct choice *c,
                       bool *groupless)
{
    const struct hf_numbers *ours = &hs->settings->suites;

    for (c->at = 0; c->at < ours->count; c->at++) {
        c->suite = hf_suite_by_number(ours->at[c->at]);
        if (!c->suite || c->suite->version != HF_TLS12 ||
            !hf_listed(hs->offer.hello.cipher_suites, c->suite->number) ||
            !fits(hs, c))
            continue;
        if (hs->kx || c->suite->kx == HF_SUITE_RSA)
            return true;
        *groupless = true;
    }
    return false;
}

/* (certificate_authorities of a client is TLS 1.3's.) */
static unsigned fit_of(const struct hf_handshake *hs,
                       const struct hf_keypair *pair)
{
    const struct hf_wanted wanted = { .name = hs->offer.name,
                                      .schemes = &hs->peer_schemes,
                                      .cert_schemes = &hs->peer_cert_schemes,
                                      .tls12 = true };
    size_t budget = 0;

    return hf_keypair_fit(hs->settings, pair, &wanted, &budget) &
           (HF_FIT_NAME | HF_FIT_CHAIN);
}

/* A keypair with the name that was asked for goes before all others, and one
 * whose chain is signed as the client lists before a better suite: RFC 5246
 * 7.4.2 demands it.  Of those that fit alike the one with our best suite. */
static bool choose_pair(struct hf_handshake *hs, bool strict, bool *groupless)
{
    const struct hf_settings *set = hs->settings;
    struct hf_session *s = hs->session;
    struct choice best = { .pair = NULL };

    for (size_t k = 0; k < set->keypair_count; k++) {
        struct choice c = { .pair = &set->keypairs[k] };

        c.fit = fit_of(hs, c.pair);
        if ((strict && !(c.fit & HF_FIT_NAME)) ||
            (best.pair && c.fit < best.fit) || !find_suite(hs, &c, groupless))
            continue;
        if (!best.pair || c.fit > best.fit || c.at < best.at)
            best = c;
    }
    if (!best.pair)
        return false;
    hs->keypair = best.pair;
    hs->scheme = best.how;
    s->suite = best.suite;
    s->own_chain = (int16_t)(best.pair - set->keypairs);
    s->own_scheme = (uint16_t)best.scheme;
    return true;
}

/* If none has the name, any will do (unless names are strict). */
static bool choose_named(struct hf_handshake *hs)
{
    bool strict = hs->settings->strict_names && hs->offer.name.len;
    bool groupless = false;

    hf_settle_schemes(hs);
    hs->kx = choose_group(hs);
    if (choose_pair(hs, strict, &groupless))
        return true;
    if (groupless)
        return hf_fail(hs->error, HF_E_NO_GROUP,
                       "no classic group that the client accepts");
    if (strict)
        return hf_fail(hs->error, HF_E_UNKNOWN_NAME, "the client asks for %q",
                       &hs->offer.name);
    /* RFC 5246 7.4.1.4.1: SHA-1 is what such a client can check, and what we do
     * not sign with.  Where nothing is signed, that is no matter. */
    if (!hs->offer.schemes.at)
        return hf_fail(hs->error, HF_E_NO_SIGNATURE,
                       "a client without signature_algorithms means SHA-1");
    return hf_fail(hs->error, HF_E_NO_SUITE,
                   "no cipher suite of TLS 1.2 that the client offers fits "
                   "our %z keys, its signatures and curves",
                   hs->settings->keypair_count);
}

/* What only an ephemeral key exchange has: a group, and a signature. */
static void say_ephemeral(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;

    s->group = hs->kx->group;
    hf_decided(s, HF_EV_SIGNATURE, true, NULL, hf_scheme_name(s->own_scheme),
               NULL);
    hf_decided(s, HF_EV_GROUP, true, "the client's list and ours", hs->kx->name,
               NULL);
    hs->facts |= HF_FACT_SIGNED;
}

/* RFC 7627 1, 5.4: without extended_master_secret somebody in the middle may
 * bring two connections to the same keys, and what a client proves in one of
 * them then counts in the other.  So whoever cannot do better proves nothing:
 * he is not asked, or, where a certificate is required, not served. */
static bool may_authenticate(struct hf_handshake *hs)
{
    if (hs->session->extended_master ||
        hs->settings->client_auth == HF_CLIENT_AUTH_NONE)
        return true;
    if (hs->settings->client_auth == HF_CLIENT_AUTH_REQUIRED)
        return hf_fail(hs->error, HF_E_EXTENDED_MASTER,
                       "a client certificate is required, and the client "
                       "lacks extended_master_secret");
    hf_decided(hs->session, HF_EV_CLIENT_CERT, true,
               "the client lacks extended_master_secret",
               "not asked for a certificate", NULL);
    return true;
}

bool hf_choose12(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_crypto *c = &hs->settings->crypto;

    if (!hf_resume12(hs))
        return false;
    hs->transcript.keep = !s->resumed;
    if (s->resumed)
        return true;
    if (!may_authenticate(hs) || !choose_named(hs))
        return false;
    hf_decided(s, HF_EV_SUITE, true, "the client's list and ours",
               s->suite->name, NULL);
    if (s->suite->kx != HF_SUITE_RSA)
        say_ephemeral(hs);
    if (hs->offer.wants_staple && hs->keypair->staple.len)
        hs->facts |= HF_FACT_STAPLED;
    s->hash = hf_hash_by_id(c, s->suite->hash);
    s->aead = hf_suite_aead(c, s->suite);
    return (s->hash && s->aead) ||
           hf_fail(hs->error, HF_E_BUG, "a suite without its algorithms");
}

/* ---- ServerHello --------------------------------------------------------------------------- */

/* Whose key will be used, and what the keys will be bound to. */
static void say_identity(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    char subject[96];

    if (!hf_watched(s))
        return;
    if (hs->keypair) {
        hf_name_short(hs->keypair->chain[0]->subject, subject, sizeof(subject));
        hf_decided(s, HF_EV_CERTIFICATE, true,
                   fit_of(hs, hs->keypair) & HF_FIT_CHAIN
                       ? "its key fits the suite and the client's lists"
                       : "its key fits the suite; it is signed in a way that "
                         "the client does not list",
                   subject, NULL);
    }
    hf_decided(s, HF_EV_MASTER_SECRET, s->extended_master, NULL,
               s->extended_master ? "extended" : "of the old kind", NULL);
}

enum hf_step_result hf_send_server_hello12(struct hf_handshake *hs)
{
    enum { CAP = 512, WARNING_LEN = 8 };
    static const uint8_t warning[WARNING_LEN] = { 'D', 'O', 'W', 'N',
                                                  'G', 'R', 'D', 1 };
    size_t cap = CAP + (hs->keypair ? hs->keypair->scts.len : 0);
    struct hf_session *s = hs->session;
    struct hf_server_hello_12 hello = {
        .server_version = HF_TLS12,
        .cipher_suite = s->suite->number,
    };

    if (!hf_random(&hs->settings->crypto, hs->random, sizeof(hs->random))) {
        hf_fail(hs->error, HF_E_RANDOM, NULL);
        return HF_STEP_FAILED;
    }
    /* RFC 8446 4.1.3: if somebody made us do less than we can, the client
     * sees it here, where nobody can change it. */
    if (hs->settings->max_version > HF_TLS12)
        hf_copy(hs->random + sizeof(hs->random) - WARNING_LEN, warning,
                WARNING_LEN);
    hello.session_id = hf_span(hs->session_id, hs->session_id_len);
    hf_copy(hello.random, hs->random, sizeof(hello.random));
    hf_copy(s->server_random, hs->random, sizeof(s->server_random));
    say_identity(hs);
    if (!hf_extensions_make(hs, HF_SH12, cap, &hello.extensions) ||
        !hf_message_send(hs, HF_SERVER_HELLO, hf_server_hello_12, &hello,
                         cap + 128))
        return HF_STEP_FAILED;
    hf_limits_begin(hs);
    return HF_STEP_DONE;
}

/* ---- ServerKeyExchange ------------------------------------------------------------------------ */

enum { NAMED_CURVE = 3, PARAMS_MAX = 64 + 4 + 255 };

/* A fresh share, and what is to be signed: both randoms and the share. */
enum hf_step_result hf_job_make_share12(struct hf_handshake *hs)
{
    struct hf_own_share *own = &hs->shares[0];
    struct hf_session *s = hs->session;
    uint8_t *share = hf_arena_take(&hs->arena, hs->kx->share_len);
    struct hf_writer w = hf_writer(hf_arena_take(&hs->arena, PARAMS_MAX),
                                   PARAMS_MAX);
    size_t mark;

    if (!share || !w.at)
        return hf_step(hf_arena_fail(&hs->arena, hs->error));
    if (!hs->kx->generate(hs->settings->crypto.self, own->state, share)) {
        hf_fail(hs->error, HF_E_CRYPTO, "a key share for %s", hs->kx->name);
        return HF_STEP_FAILED;
    }
    own->kx = hs->kx;
    own->share = hf_span(share, hs->kx->share_len);
    hs->share_count = 1;
    hf_put_bytes(&w, HF_SPAN(s->client_random));
    hf_put_bytes(&w, HF_SPAN(s->server_random));
    hf_put(&w, NAMED_CURVE, 1);
    hf_put(&w, hs->kx->group, 2);
    mark = hf_writer_open(&w, 1);
    hf_put_bytes(&w, own->share);
    hf_writer_close(&w, mark, 1);
    hs->params = hf_written(&w);
    return HF_STEP_DONE;
}

enum hf_step_result hf_job_sign_share(struct hf_handshake *hs)
{
    return hf_sign_text(hs, hs->params);
}

enum hf_step_result hf_send_server_kx(struct hf_handshake *hs)
{
    struct hf_server_key_exchange ske = {
        .curve_type = NAMED_CURVE,
        .named_curve = hs->kx->group,
        .point = hs->shares[0].share,
        .algorithm = hs->session->own_scheme,
        .signature = hs->signature,
    };

    return hf_step(hf_message_send(hs, HF_SERVER_KEY_EXCHANGE,
                                   hf_server_key_exchange, &ske,
                                   PARAMS_MAX + HF_SIGNATURE_MAX));
}

/* ---- CertificateRequest, ServerHelloDone ---------------------------------------------------------- */

enum hf_step_result hf_send_cert_request12(struct hf_handshake *hs)
{
    const struct hf_span authorities = hs->settings->authorities;
    /* rsa_sign and ecdsa_sign (RFC 8422 5.5: for Ed25519 too). */
    static const uint8_t types[2] = { 1, 64 };
    uint8_t room[2 * HF_LIST_MAX];
    struct hf_certificate_request_12 request = {
        .certificate_types = HF_SPAN(types),
        .supported_signature_algorithms = hf_numbers_write(
            &hs->settings->verify, room),
        .certificate_authorities = authorities,
    };

    return hf_step(hf_message_send(hs, HF_CERTIFICATE_REQUEST,
                                   hf_certificate_request_12, &request,
                                   256 + authorities.len));
}

enum hf_step_result hf_send_hello_done(struct hf_handshake *hs)
{
    struct hf_server_hello_done done = { 0 };

    return hf_step(hf_message_send(hs, HF_SERVER_HELLO_DONE,
                                   hf_server_hello_done, &done, 0));
}

/* ---- ClientKeyExchange ----------------------------------------------------------------------------- */

enum hf_step_result hf_recv_client_kx(struct hf_handshake *hs,
                                      const struct hf_message *m)
{
    struct hf_client_key_exchange cke;

    if (!hf_message_read(hs, hf_client_key_exchange, m->body, &cke))
        return HF_STEP_FAILED;
    hs->peer_share = hf_arena_copy(&hs->arena, cke.point);
    return hf_step(hs->peer_share.at || hf_arena_fail(&hs->arena, hs->error));
}

enum hf_step_result hf_job_open_premaster(struct hf_handshake *hs)
{
    bool ok, fault = false;

    if (hs->peer_share.len != hs->kx->reply_len) {
        hf_fail(hs->error, HF_E_BAD_KEY_SHARE,
                "the share for %s has %z bytes, not %u", hs->kx->name,
                hs->peer_share.len, (unsigned)hs->kx->reply_len);
        return HF_STEP_FAILED;
    }
    if (!hs->kx->decapsulate(hs->settings->crypto.self, hs->shares[0].state,
                             hs->peer_share, hs->shared, &fault)) {
        hf_fail(hs->error, fault ? HF_E_CRYPTO : HF_E_BAD_KEY_SHARE,
                "the client's share for %s", hs->kx->name);
        return HF_STEP_FAILED;
    }
    HF_SECRET(hs->shared, hs->kx->secret_len);
    hf_decided(hs->session, HF_EV_KEY_EXCHANGE, true, hs->kx->name, NULL, NULL);
    ok = hf_keys12_master(hs, hf_span(hs->shared, hs->kx->secret_len));
    hf_wipe(hs->shared, sizeof(hs->shared));
    return hf_step(ok);
}
