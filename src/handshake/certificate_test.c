/* certificate_test.c - which schemes go with which keys, all 65,536 of them, in
 * TLS 1.3 and in TLS 1.2; and proofs that cannot have been heard. */
#define HF_UNPOISONED
#include "handshake/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- schemes (RFC 8446 4.2.3, RFC 5246 7.4.1.4.1, RFC 8422 5.1.3) ------------------- */

/* What a scheme means.  In TLS 1.2 one of ECDSA is for any curve. */
static const struct meaning {
    uint16_t scheme;
    uint8_t key, padding, hash;
    bool tls13;
} meanings[] = {
    { 0x0401, HF_KEY_RSA, HF_PADDING_PKCS1, HF_SHA256, false },
    { 0x0501, HF_KEY_RSA, HF_PADDING_PKCS1, HF_SHA384, false },
    { 0x0601, HF_KEY_RSA, HF_PADDING_PKCS1, HF_SHA512, false },
    { 0x0403, HF_KEY_P256, HF_PADDING_NONE, HF_SHA256, true },
    { 0x0503, HF_KEY_P384, HF_PADDING_NONE, HF_SHA384, true },
    { 0x0603, HF_KEY_P521, HF_PADDING_NONE, HF_SHA512, true },
    { 0x0804, HF_KEY_RSA, HF_PADDING_PSS, HF_SHA256, true },
    { 0x0805, HF_KEY_RSA, HF_PADDING_PSS, HF_SHA384, true },
    { 0x0806, HF_KEY_RSA, HF_PADDING_PSS, HF_SHA512, true },
    { 0x0807, HF_KEY_ED25519, HF_PADDING_NONE, HF_HASH_NONE, true },
    { 0x0809, HF_KEY_RSA_PSS, HF_PADDING_PSS, HF_SHA256, true },
    { 0x080a, HF_KEY_RSA_PSS, HF_PADDING_PSS, HF_SHA384, true },
    { 0x080b, HF_KEY_RSA_PSS, HF_PADDING_PSS, HF_SHA512, true },
};

static bool is_ec(unsigned kind)
{
    return kind == HF_KEY_P256 || kind == HF_KEY_P384 || kind == HF_KEY_P521;
}

static const struct meaning *meaning_of(unsigned scheme)
{
    for (size_t i = 0; i < HF_COUNT(meanings); i++)
        if (meanings[i].scheme == scheme)
            return &meanings[i];
    return NULL;
}

static bool fits(const struct meaning *m, const struct hf_public_key *key,
                 bool tls13)
{
    if (!m || (tls13 && !m->tls13))
        return false;
    if (key->pss_hash && key->pss_hash != m->hash)
        return false;
    if (!tls13 && is_ec(key->kind) && is_ec(m->key))
        return true;
    return key->kind == m->key;
}

static void assert_how(const struct hf_signature *how,
                       const struct hf_public_key *key, unsigned scheme,
                       bool tls13)
{
    const struct meaning *m = meaning_of(scheme);

    if ((how != NULL) != fits(m, key, tls13))
        fail_msg("scheme %04x, key %u, hash %u, TLS 1.%u", scheme, key->kind,
                 key->pss_hash, tls13 ? 3 : 2);
    if (!how)
        return;
    assert_int_equal(how->key, key->kind);
    assert_int_equal(how->padding, m->padding);
    assert_int_equal(how->hash, m->hash);
    assert_non_null(how->verify);
}

static void a_scheme_goes_with_its_keys_and_no_others(void **state)
{
    static struct hf_settings settings;
    struct hf_error error = { .code = HF_OK };

    (void)state;
    assert_true(hf_crypto_open(&settings.crypto, &hf_libcrypto, &error));
    for (unsigned kind = HF_KEY_NONE; kind <= HF_KEY_MLDSA87; kind++)
        for (unsigned hash = 0; hash <= HF_SHA512; hash++) {
            struct hf_public_key key = { .kind = (uint8_t)kind,
                                         .pss_hash = (uint8_t)hash };

            if (hash && kind != HF_KEY_RSA_PSS)
                continue;
            for (unsigned scheme = 0; scheme < 0x10000; scheme++) {
                struct hf_numbers one = { { (uint16_t)scheme }, 1 };
                unsigned named = 0;

                assert_how(hf_negotiate_signature(&settings, &one, &key), &key,
                           scheme, true);
                assert_how(
                    hf_negotiate_signature12(&settings, &one, &key, &named),
                    &key, scheme, false);
                assert_int_equal(named, scheme);
            }
        }
    hf_crypto_close(&settings.crypto);
}

/* The first that fits, by the other side's order. */
static void their_first_scheme_that_fits_is_taken(void **state)
{
    static struct hf_settings settings;
    const struct hf_numbers theirs = { { 0x0401, 0x0805, 0x0503, 0x0403 }, 4 };
    const struct hf_public_key ec = { .kind = HF_KEY_P256 };
    const struct hf_public_key rsa = { .kind = HF_KEY_RSA };
    const struct hf_public_key other = { .kind = HF_KEY_ED25519 };
    struct hf_error error = { .code = HF_OK };
    const struct hf_signature *how;
    unsigned scheme;

    (void)state;
    assert_true(hf_crypto_open(&settings.crypto, &hf_libcrypto, &error));
    assert_int_equal(hf_negotiate_signature(&settings, &theirs, &ec)->hash,
                     HF_SHA256);
    how = hf_negotiate_signature12(&settings, &theirs, &ec, &scheme);
    assert_int_equal(how->hash, HF_SHA384);
    assert_int_equal(scheme, 0x0503);
    how = hf_negotiate_signature12(&settings, &theirs, &rsa, &scheme);
    assert_int_equal(how->padding, HF_PADDING_PKCS1);
    assert_int_equal(scheme, 0x0401);
    assert_null(hf_negotiate_signature12(&settings, &theirs, &other, &scheme));
    hf_crypto_close(&settings.crypto);
}

/* ---- chains (RFC 5246 7.4.2, RFC 8446 4.4.2.2) -------------------------------------------- */

#define ECDSA_256 "\x30\x0a\6\x08\x2a\x86\x48\xce\x3d\4\3\2"
#define ECDSA_384 "\x30\x0a\6\x08\x2a\x86\x48\xce\x3d\4\3\3"
#define RSA_256 "\x30\x0d\6\x09\x2a\x86\x48\x86\xf7\x0d\1\1\x0b\5\0"
#define RSA_SHA1 "\x30\x0d\6\x09\x2a\x86\x48\x86\xf7\x0d\1\1\5\5\0"
#define ED25519 "\x30\5\6\3\x2b\x65\x70"

/* A leaf signed with @algorithm by a key of @issuer (NONE: its certificate is
 * not sent) for somebody who lists @scheme. */
static void a_chain_fits_by_the_versions_meaning_of_a_scheme(void **state)
{
    static struct hf_settings settings;
    /* clang-format off */
    static const struct {
        const char *algorithm;
        size_t len;
        uint8_t issuer;
        uint16_t scheme;
        bool tls12, tls13;
    } rows[] = {
#define ROW(a, ...) { (a), sizeof(a) - 1, __VA_ARGS__ }
        ROW(ECDSA_256, HF_KEY_P256,    0x0403, true,  true),
        ROW(ECDSA_256, HF_KEY_P384,    0x0403, true,  false),
        ROW(ECDSA_256, HF_KEY_P521,    0x0403, true,  false),
        ROW(ECDSA_384, HF_KEY_P256,    0x0503, true,  false),
        ROW(ECDSA_256, HF_KEY_P384,    0x0503, false, false),
        ROW(ECDSA_256, HF_KEY_NONE,    0x0403, true,  true),
        ROW(ECDSA_256, HF_KEY_RSA,     0x0403, false, false),
        ROW(ECDSA_256, HF_KEY_ED25519, 0x0403, false, false),
        ROW(RSA_256,   HF_KEY_RSA,     0x0401, true,  true),
        ROW(RSA_256,   HF_KEY_NONE,    0x0401, true,  true),
        ROW(RSA_256,   HF_KEY_RSA,     0x0804, false, false),
        ROW(RSA_256,   HF_KEY_P256,    0x0401, false, false),
        ROW(RSA_SHA1,  HF_KEY_RSA,     0x0201, false, false),
        ROW(ED25519,   HF_KEY_ED25519, 0x0807, true,  true),
        ROW(ED25519,   HF_KEY_NONE,    0x0807, true,  true),
        ROW(ED25519,   HF_KEY_NONE,    0x0403, false, false),
#undef ROW
    };
    /* clang-format on */
    struct hf_error error = { .code = HF_OK };

    (void)state;
    assert_true(hf_crypto_open(&settings.crypto, &hf_libcrypto, &error));
    for (size_t i = 0; i < 4 * HF_COUNT(rows); i++) {
        size_t n = i / 4, budget = 0;
        bool tls12 = i & 1, root = (i & 2) != 0;
        struct hf_numbers list = { { rows[n].scheme }, 1 };
        struct hf_cert issuer = { .key.kind = rows[n].issuer,
                                  .algorithm = hf_span_text("who knows") };
        struct hf_cert leaf = {
            .algorithm = hf_span(rows[n].algorithm, rows[n].len),
        };
        struct hf_keypair pair = { .chain = { &leaf, &issuer }, .count = 2 };
        struct hf_wanted wanted = { .cert_schemes = &list, .tls12 = tls12 };
        bool fits = tls12 ? rows[n].tls12 : rows[n].tls13;

        /* A root is not looked at; what was signed by somebody else is. */
        if (root)
            issuer.flags = HF_CERT_SELF_ISSUED;
        else
            fits = false;
        if (!issuer.key.kind) {
            pair.count = 1;
            fits = tls12 ? rows[n].tls12 : rows[n].tls13;
        }
        if (fits != ((hf_keypair_fit(&settings, &pair, &wanted, &budget) &
                      HF_FIT_CHAIN) != 0))
            fail_msg("row %zu, TLS 1.%u, root %u", n, tls12 ? 2 : 3, root);
    }
    hf_crypto_close(&settings.crypto);
}

/* ---- a proof that was not heard --------------------------------------------------------- */

/* TLS 1.2: CertificateVerify is the last in the transcript, with its header
 * and the scheme, and signs what is before it. */
static uint16_t check_after(size_t said, size_t signature_len)
{
    static const uint8_t bytes[64];
    static struct hf_settings settings;
    struct hf_session session = { .role = HF_SERVER, .settings = &settings };
    struct hf_cert leaf = { .key = { .kind = HF_KEY_P256 } };
    struct hf_cert *peer[] = { &leaf };
    struct hf_handshake *hs = hf_handshake_new(&session);
    uint16_t code;

    assert_non_null(hs);
    session.peer = peer;
    if (said)
        assert_true(hf_buffer_add(&hs->transcript.all, hf_span(bytes, said)));
    hs->signature = hf_span(bytes, signature_len);
    assert_int_equal(hf_job_check_signature12(hs), HF_STEP_FAILED);
    code = session.error.code;
    assert_true(hs->proofs.signature == 0);
    hf_handshake_free(hs);
    return code;
}

static void a_proof_is_in_the_transcript(void **state)
{
    (void)state;
    assert_int_equal(check_after(0, 10), HF_E_BUG);
    assert_int_equal(check_after(17, 10), HF_E_BUG);
    /* No scheme was offered, which is the next to be found out. */
    assert_int_equal(check_after(18, 10), HF_E_WRONG_SIGNATURE);
    assert_int_equal(check_after(19, 10), HF_E_WRONG_SIGNATURE);
}

/* ---- what a signature proves -------------------------------------------------------------- */

/* A provider that says of every signature what it is told to; and what was
 * told to who watches. */
struct verdict {
    bool ok, fault;
    unsigned asked, told, told_ok;
    char inputs[100];
};

static void watch(void *ctx, const struct hf_event *event)
{
    struct verdict *v = ctx;

    assert_int_equal(event->kind, HF_EVENT_DECISION);
    assert_int_equal(event->id, HF_EV_TRANSCRIPT_SIGNATURE);
    v->told++;
    v->told_ok += event->ok;
    hf_format(v->inputs, sizeof(v->inputs), "%s", event->inputs);
}

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    struct verdict *v = self;

    assert_int_equal(how->key, key->kind);
    assert_true(message.len > 0);
    assert_int_equal(signature.len, 7);
    v->asked++;
    if (v->fault) /* else it is left alone */
        *fault = true;
    return v->ok;
}

static const struct hf_signature ecdsa = {
    .name = "ecdsa_secp256r1_sha256",
    .scheme = 0x0403,
    .key = HF_KEY_P256,
    .padding = HF_PADDING_NONE,
    .hash = HF_SHA256,
    .verify = verify,
};

static uint16_t checked(enum hf_role role, unsigned version,
                        const struct hf_numbers *offered, unsigned scheme,
                        struct verdict *verdict, struct hf_error *error)
{
    static const struct hf_signature *const signatures[] = { &ecdsa, NULL };
    static const struct hf_provider provider = { .signatures = signatures };
    static const struct hf_hash hash = { .id = HF_SHA256, .len = 32 };
    static const uint8_t text[40], signature[7];
    static struct hf_settings settings;
    struct hf_session session = { .role = role,
                                  .settings = &settings,
                                  .hash = &hash,
                                  .watch = watch,
                                  .watch_ctx = verdict };
    struct hf_cert leaf = { .key = { .kind = HF_KEY_P256 } };
    struct hf_cert *peer[] = { &leaf };
    struct hf_handshake *hs = hf_handshake_new(&session);
    bool ok;

    assert_non_null(hs);
    settings.crypto = (struct hf_crypto){ &provider, verdict };
    settings.verify = *offered;
    session.peer = peer;
    hs->signature = HF_SPAN(signature);
    hs->signature_scheme = (uint16_t)scheme;
    ok = version == HF_TLS13
             ? hf_job_check_signature(hs) == HF_STEP_DONE
             : hf_check_signature12(hs, scheme, HF_SPAN(text), hs->signature);
    *error = session.error;
    assert_int_equal(ok, error->code == HF_OK);
    assert_int_equal(hs->proofs.signature == HF_PROOF_SIGNATURE, ok);
    assert_int_equal(hs->proofs.signature == 0, !ok);
    assert_int_equal(session.peer_scheme, ok ? scheme : 0);
    hf_handshake_free(hs);
    return error->code;
}

static void only_a_good_signature_that_we_offered_is_a_proof(void **state)
{
    const struct hf_numbers it = { { 0x0804, 0x0403 }, 2 };
    const struct hf_numbers others = { { 0x0804, 0x0503 }, 2 };
    struct hf_error e;

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        struct verdict good = { .ok = true }, bad = { .ok = false };
        struct verdict fault = { .fault = true };

        assert_int_equal(checked(HF_CLIENT, version, &it, 0x0403, &good, &e),
                         HF_OK);
        assert_int_equal(checked(HF_CLIENT, version, &it, 0x0403, &bad, &e),
                         HF_E_BAD_SIGNATURE);
        assert_int_equal(checked(HF_CLIENT, version, &it, 0x0403, &fault, &e),
                         HF_E_CRYPTO);
        assert_int_equal(good.asked + bad.asked + fault.asked, 3);
        assert_int_equal(good.told + bad.told + fault.told, 3);
        assert_int_equal(good.told_ok, 1);
        assert_int_equal(bad.told_ok + fault.told_ok, 0);
        /* It is good, and of a kind that we know; but nobody asked for it. */
        assert_int_equal(
            checked(HF_CLIENT, version, &others, 0x0403, &good, &e),
            HF_E_WRONG_SIGNATURE);
        assert_non_null(strstr(e.detail, "ecdsa_secp256r1_sha256 (0x0403)"));
        assert_int_equal(
            checked(HF_CLIENT, version, &others, 0x7777, &good, &e),
            HF_E_WRONG_SIGNATURE);
        assert_non_null(strstr(e.detail, "an unknown scheme (0x7777)"));
        /* Offered, but not for this key. */
        assert_int_equal(checked(HF_CLIENT, version, &it, 0x0804, &good, &e),
                         HF_E_WRONG_SIGNATURE);
        assert_int_equal(good.asked, 1);
    }
}

/* RFC 5246 7.4.3 and 7.4.8. */
static void in_tls_1_2_two_things_are_signed(void **state)
{
    const struct hf_numbers it = { { 0x0403 }, 1 };
    struct verdict v = { .ok = true };
    struct hf_error e;

    (void)state;
    assert_int_equal(checked(HF_CLIENT, HF_TLS12, &it, 0x0403, &v, &e), HF_OK);
    assert_non_null(strstr(v.inputs, "of both randoms"));
    assert_int_equal(checked(HF_SERVER, HF_TLS12, &it, 0x0403, &v, &e), HF_OK);
    assert_non_null(strstr(v.inputs, "of all messages so far"));
}

/* ---- messages that are refused ----------------------------------------------------------- */

/* An error would end the handshake later, too; but nothing may be done in
 * between. */
static void what_cannot_be_read_ends_the_step(void **state)
{
    static const struct {
        const char *name;
        hf_recv_fn *receive;
        uint16_t code;
        bool gave; /* to a server: its client has given something */
        struct hf_span body;
    } rows[] = {
#define ROW(receive, code, gave, body)                \
    {                                                 \
#receive, receive, code, gave,                \
        {                                             \
            (const uint8_t *)(body), sizeof(body) - 1 \
        }                                             \
    }
        /* clang-format off */
        ROW(hf_recv_certificate, HF_E_TRUNCATED, false, ""),
        ROW(hf_recv_certificate, HF_E_ILLEGAL, false, "\1x\0\0\0"),
        ROW(hf_recv_certificate, HF_E_CERT_DER, true, "\0\0\0\x0a\0\0\5\x30\3\2\1\1\0\0"),
        ROW(hf_recv_certificate, HF_E_UNSOLICITED, true, "\0\0\0\x0e\0\0\5\x30\3\2\1\1\0\4\0\5\0\0"),
        ROW(hf_recv_certificate12, HF_E_TRUNCATED, false, ""),
        ROW(hf_recv_certificate12, HF_E_BOUNDS, false, "\0\0\3\0\0\0"),
        ROW(hf_recv_certificate12, HF_E_CERT_DER, true, "\0\0\x08\0\0\5\x30\3\2\1\1"),
        ROW(hf_recv_cert_verify, HF_E_TRUNCATED, false, ""),
        ROW(hf_recv_server_kx, HF_E_TRUNCATED, false, ""),
    /* clang-format on */
#undef ROW
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        for (unsigned role = HF_CLIENT; role <= HF_SERVER; role++) {
            static struct hf_settings settings;
            struct hf_session session = { .role = role, .settings = &settings };
            struct hf_handshake *hs = hf_handshake_new(&session);
            struct hf_message m = { .body = rows[i].body };
            bool gave = rows[i].gave && role == HF_SERVER;

            assert_non_null(hs);
            if (rows[i].receive(hs, &m) != HF_STEP_FAILED)
                fail_msg("row %zu: %s", i, rows[i].name);
            if (session.error.code != rows[i].code)
                fail_msg("row %zu: %s %s", i, rows[i].name,
                         hf_error_name(session.error.code));
            assert_int_equal(hs->facts, gave ? HF_FACT_GAVE : 0);
            assert_int_equal(session.peer_count, 0);
            hf_handshake_free(hs);
            hf_session_wipe(&session);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scheme_goes_with_its_keys_and_no_others),
        cmocka_unit_test(their_first_scheme_that_fits_is_taken),
        cmocka_unit_test(a_chain_fits_by_the_versions_meaning_of_a_scheme),
        cmocka_unit_test(a_proof_is_in_the_transcript),
        cmocka_unit_test(only_a_good_signature_that_we_offered_is_a_proof),
        cmocka_unit_test(in_tls_1_2_two_things_are_signed),
        cmocka_unit_test(what_cannot_be_read_ends_the_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
