/* steps_test.c - each check of verify.c alone, of certificates that were never
 * in DER: every bound from both sides, every rule with each of its conditions. */
#define HF_UNPOISONED
#include "x509/inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t one[] = { 1 }, zero[] = { 0 };

/* What nothing can be said against. */
static struct hf_cert sound(void)
{
    return (struct hf_cert){ .count = 1,
                             .serial = HF_SPAN(one),
                             .not_before = 100,
                             .not_after = 200,
                             .key = { .kind = HF_KEY_P256, .bits = 256 } };
}

/* ---- for a certificate anywhere -------------------------------------------------------- */

/* RFC 5280 4.1.2.5: "inclusive". */
static void the_validity_has_two_ends(void **state)
{
    static const struct {
        int64_t now;
        uint16_t code;
    } rows[] = {
        { 99, HF_E_NOT_YET_VALID },
        { 100, HF_OK },
        { 101, HF_OK },
        { 199, HF_OK },
        { 200, HF_OK },
        { 201, HF_E_EXPIRED },
        { -1, HF_E_NOT_YET_VALID },
        { INT64_MAX, HF_E_EXPIRED },
    };
    struct hf_cert c = sound();

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_verify v = { .now = rows[i].now };

        assert_int_equal(hf_check_time(&v, &c), rows[i].code);
        v.any_time = true;
        assert_int_equal(hf_check_time(&v, &c), HF_OK);
    }
}

static void keys_are_of_a_kind_and_a_size(void **state)
{
    static const struct {
        uint8_t kind;
        uint16_t bits, least;
        uint16_t code;
    } rows[] = {
        { HF_KEY_NONE, 0, 0, HF_E_CERT_KEY },
        { HF_KEY_RSA, 2047, 0, HF_E_WEAK_KEY },
        { HF_KEY_RSA, 2048, 0, HF_OK },
        { HF_KEY_RSA, 8192, 0, HF_OK },
        { HF_KEY_RSA, 8193, 0, HF_E_CERT_KEY },
        { HF_KEY_RSA_PSS, 2047, 0, HF_E_WEAK_KEY },
        { HF_KEY_RSA_PSS, 2048, 0, HF_OK },
        { HF_KEY_RSA_PSS, 8193, 0, HF_E_CERT_KEY },
        { HF_KEY_RSA, 3071, 3072, HF_E_WEAK_KEY },
        { HF_KEY_RSA, 3072, 3072, HF_OK },
        { HF_KEY_RSA, 1024, 1024, HF_OK },
        { HF_KEY_RSA, 1023, 1024, HF_E_WEAK_KEY },
        { HF_KEY_P256, 256, 0, HF_OK },
        { HF_KEY_P384, 384, 4096, HF_OK },
        { HF_KEY_P521, 521, 0, HF_OK },
        { HF_KEY_ED25519, 256, 0, HF_OK },
        { HF_KEY_MLDSA65, 0, 0, HF_OK },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        const struct hf_verify v = { .min_rsa_bits = rows[i].least };
        struct hf_cert c = sound();

        c.key.kind = rows[i].kind;
        c.key.bits = rows[i].bits;
        if (hf_check_key(&v, &c) != rows[i].code)
            fail_msg("row %zu", i);
    }
}

/* ---- uses ------------------------------------------------------------------------------- */

enum { SERVER = HF_CERT_EKU_SERVER, CLIENT = HF_CERT_EKU_CLIENT };
enum { EKU = HF_CERT_EKU, ANY = HF_CERT_EKU_ANY, KU = HF_CERT_KEY_USAGE };
enum { SIGN = HF_USE_DIGITAL_SIGNATURE, ENCIPHER = HF_USE_KEY_ENCIPHERMENT };

static void a_leaf_is_used_as_it_says(void **state)
{
    static const struct {
        enum hf_purpose purpose;
        uint16_t wanted; /* of keyUsage */
        uint32_t flags;
        uint16_t usage, code;
    } rows[] = {
        { HF_PURPOSE_SERVER, 0, 0, 0, HF_OK },
        { HF_PURPOSE_SERVER, 0, EKU | SERVER, 0, HF_OK },
        { HF_PURPOSE_SERVER, 0, EKU | CLIENT, 0, HF_E_WRONG_EKU },
        { HF_PURPOSE_SERVER, 0, EKU | ANY, 0, HF_E_WRONG_EKU },
        { HF_PURPOSE_SERVER, 0, EKU, 0, HF_E_WRONG_EKU },
        { HF_PURPOSE_CLIENT, 0, EKU | CLIENT, 0, HF_OK },
        { HF_PURPOSE_CLIENT, 0, EKU | SERVER, 0, HF_E_WRONG_EKU },
        { HF_PURPOSE_ANY, 0, EKU, 0, HF_OK },
        { HF_PURPOSE_SERVER, 0, KU, SIGN, HF_OK },
        { HF_PURPOSE_SERVER, 0, KU, SIGN | ENCIPHER, HF_OK },
        { HF_PURPOSE_SERVER, 0, KU, ENCIPHER, HF_E_KEY_USAGE },
        { HF_PURPOSE_SERVER, 0, KU, 0, HF_E_KEY_USAGE },
        { HF_PURPOSE_ANY, 0, KU, 0, HF_OK }, /* nothing is done with it */
        { HF_PURPOSE_SERVER, ENCIPHER, KU, ENCIPHER, HF_OK },
        { HF_PURPOSE_SERVER, ENCIPHER, KU, SIGN, HF_E_KEY_USAGE },
        { HF_PURPOSE_SERVER, ENCIPHER, 0, SIGN, HF_OK },
        { HF_PURPOSE_SERVER, SIGN | ENCIPHER, KU, ENCIPHER, HF_E_KEY_USAGE },
        { HF_PURPOSE_SERVER, SIGN | ENCIPHER, KU, SIGN | ENCIPHER, HF_OK },
        { HF_PURPOSE_SERVER, HF_USE_ANY, KU, 0, HF_OK },
        { HF_PURPOSE_ANY, ENCIPHER, KU, SIGN, HF_E_KEY_USAGE },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        const struct hf_verify v = { .purpose = rows[i].purpose,
                                     .leaf_usage = rows[i].wanted };
        struct hf_cert c = sound();

        c.flags = rows[i].flags;
        c.usage = rows[i].usage;
        if (hf_check_leaf_use(&v, &c) != rows[i].code)
            fail_msg("row %zu", i);
    }
}

static void an_authority_issues_for_its_purposes(void **state)
{
    static const struct {
        enum hf_purpose purpose;
        uint32_t flags;
        uint16_t code;
    } rows[] = {
        { HF_PURPOSE_SERVER, 0, HF_OK },
        { HF_PURPOSE_SERVER, EKU | SERVER, HF_OK },
        { HF_PURPOSE_SERVER, EKU | ANY, HF_OK },
        { HF_PURPOSE_SERVER, EKU | CLIENT, HF_E_WRONG_EKU },
        { HF_PURPOSE_SERVER, EKU, HF_E_WRONG_EKU },
        { HF_PURPOSE_CLIENT, EKU | CLIENT, HF_OK },
        { HF_PURPOSE_CLIENT, EKU | SERVER, HF_E_WRONG_EKU },
        { HF_PURPOSE_ANY, EKU, HF_OK },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        const struct hf_verify v = { .purpose = rows[i].purpose };
        struct hf_cert c = sound();

        c.flags = rows[i].flags;
        if (hf_check_issuer_use(&v, &c) != rows[i].code)
            fail_msg("row %zu", i);
    }
}

/* ---- the two tables, in their order -------------------------------------------------------- */

#define P256_SHA256 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define P256_SHA384 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"
#define P256_SHA1 "\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"
#define RSA_OID "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define RSA_SHA256 "\x30\x0d" RSA_OID "\x0b\x05\x00"
#define PSS(sha, salt)                                                    \
    "\x30\x41" RSA_OID "\x0a\x30\x34\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48" \
    "\x01\x65\x03\x04\x02" sha "\x05\x00\xa1\x1c\x30\x1a" RSA_OID         \
    "\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" sha "\x05\x00" \
    "\xa2\x03\x02\x01" salt
#define PSS_SHA256 PSS("\x01", "\x20")
#define PSS_SHA384 PSS("\x02", "\x30")
#define ED25519_DER "\x30\x05\x06\x03\x2b\x65\x70"
#define MLDSA_DER(n) "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03" n

static struct hf_span der(const char *bytes, size_t len)
{
    return hf_span((const uint8_t *)bytes, len);
}
#define DER(text) der(text, sizeof(text) - 1)

static const struct hf_signature rows_of_provider[] = {
    { "p256", 0x0403, HF_KEY_P256, HF_PADDING_NONE, HF_SHA256, NULL, NULL },
    { "pkcs1", 0x0401, HF_KEY_RSA, HF_PADDING_PKCS1, HF_SHA256, NULL, NULL },
    { "rsae", 0x0804, HF_KEY_RSA, HF_PADDING_PSS, HF_SHA256, NULL, NULL },
    { "pss", 0x0809, HF_KEY_RSA_PSS, HF_PADDING_PSS, HF_SHA256, NULL, NULL },
    { "pss384", 0x080a, HF_KEY_RSA_PSS, HF_PADDING_PSS, HF_SHA384, NULL, NULL },
    { "ed", 0x0807, HF_KEY_ED25519, HF_PADDING_NONE, HF_HASH_NONE, NULL, NULL },
    { "ml44", 0, HF_KEY_MLDSA44, HF_PADDING_NONE, HF_HASH_NONE, NULL, NULL },
    { "ml65", 0, HF_KEY_MLDSA65, HF_PADDING_NONE, HF_HASH_NONE, NULL, NULL },
};
static const struct hf_signature *const signatures[] = {
    &rows_of_provider[0], &rows_of_provider[1], &rows_of_provider[2],
    &rows_of_provider[3], &rows_of_provider[4], &rows_of_provider[5],
    &rows_of_provider[6], &rows_of_provider[7], NULL
};
static const struct hf_provider provider = { .signatures = signatures };
static const struct hf_crypto crypto = { &provider, NULL };

static void an_algorithm_goes_with_its_keys(void **state)
{
    static const struct {
        const char *name;
        const char *algorithm;
        size_t len;
        uint8_t kind, pss_hash;
        uint16_t code;
        const char *how;
    } rows[] = {
#define ROW(algorithm, kind, hash, code, how) \
    { #algorithm, algorithm, sizeof(algorithm) - 1, kind, hash, code, how }
        ROW(P256_SHA256, HF_KEY_P256, 0, HF_OK, "p256"),
        ROW(P256_SHA256, HF_KEY_RSA, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(P256_SHA256, HF_KEY_ED25519, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(P256_SHA256, HF_KEY_MLDSA44, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(P256_SHA256, HF_KEY_NONE, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(P256_SHA256, HF_KEY_P384, 0, HF_E_CERT_ALGORITHM, NULL),
        ROW(P256_SHA256, HF_KEY_P521, 0, HF_E_CERT_ALGORITHM, NULL),
        ROW(P256_SHA384, HF_KEY_P256, 0, HF_E_CERT_ALGORITHM, NULL),
        ROW(P256_SHA1, HF_KEY_P256, 0, HF_E_CERT_ALGORITHM, NULL),
        ROW(RSA_SHA256, HF_KEY_RSA, 0, HF_OK, "pkcs1"),
        ROW(RSA_SHA256, HF_KEY_RSA_PSS, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(RSA_SHA256, HF_KEY_P256, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(RSA_SHA256, HF_KEY_ED25519, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(PSS_SHA256, HF_KEY_RSA, 0, HF_OK, "rsae"),
        ROW(PSS_SHA256, HF_KEY_RSA_PSS, 0, HF_OK, "pss"),
        ROW(PSS_SHA256, HF_KEY_RSA_PSS, HF_SHA256, HF_OK, "pss"),
        ROW(PSS_SHA256, HF_KEY_RSA_PSS, HF_SHA384, HF_E_CERT_SIGNATURE, NULL),
        ROW(PSS_SHA384, HF_KEY_RSA_PSS, HF_SHA384, HF_OK, "pss384"),
        ROW(PSS_SHA384, HF_KEY_RSA, 0, HF_E_CERT_ALGORITHM, NULL),
        ROW(PSS_SHA256, HF_KEY_P256, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(ED25519_DER, HF_KEY_ED25519, 0, HF_OK, "ed"),
        ROW(ED25519_DER, HF_KEY_P256, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(ED25519_DER, HF_KEY_RSA, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(ED25519_DER, HF_KEY_MLDSA44, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(MLDSA_DER("\x11"), HF_KEY_MLDSA44, 0, HF_OK, "ml44"),
        ROW(MLDSA_DER("\x12"), HF_KEY_MLDSA65, 0, HF_OK, "ml65"),
        ROW(MLDSA_DER("\x11"), HF_KEY_MLDSA65, 0, HF_E_CERT_SIGNATURE, NULL),
        ROW(MLDSA_DER("\x12"), HF_KEY_ED25519, 0, HF_E_CERT_SIGNATURE, NULL),
        /* A key that says its algorithm, and a provider without it. */
        ROW(MLDSA_DER("\x13"), HF_KEY_MLDSA87, 0, HF_E_CERT_UNSUPPORTED, NULL),
#undef ROW
    };
    const struct hf_verify v = { .crypto = &crypto };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        const struct hf_public_key key = { .kind = rows[i].kind,
                                           .pss_hash = rows[i].pss_hash };
        const struct hf_signature *how = signatures[0];
        uint16_t code = hf_check_algorithm(
            &v, der(rows[i].algorithm, rows[i].len), &key, &how);

        if (code != rows[i].code)
            fail_msg("row %zu, %s: %s", i, rows[i].name, hf_error_name(code));
        if (rows[i].how)
            assert_string_equal(how->name, rows[i].how);
        else
            assert_null(how);
        assert_int_equal(
            hf_check_scheme(&v, der(rows[i].algorithm, rows[i].len), &key),
            code);
    }
}

static void only_schemes_that_are_wanted_sign_certificates(void **state)
{
    static const uint16_t schemes[] = { 0x0804, 0x0403 };
    const struct hf_public_key p256 = { .kind = HF_KEY_P256 };
    const struct hf_public_key rsa = { .kind = HF_KEY_RSA };
    const struct hf_public_key ed = { .kind = HF_KEY_ED25519 };
    const struct hf_verify v = { .crypto = &crypto,
                                 .schemes = schemes,
                                 .scheme_count = HF_COUNT(schemes) };

    (void)state;
    assert_int_equal(hf_check_scheme(&v, DER(P256_SHA256), &p256), HF_OK);
    assert_int_equal(hf_check_scheme(&v, DER(PSS_SHA256), &rsa), HF_OK);
    assert_int_equal(hf_check_scheme(&v, DER(RSA_SHA256), &rsa),
                     HF_E_CERT_ALGORITHM);
    assert_int_equal(hf_check_scheme(&v, DER(ED25519_DER), &ed),
                     HF_E_CERT_ALGORITHM);
    assert_int_equal(hf_check_scheme(&v, DER(ED25519_DER), &rsa),
                     HF_E_CERT_SIGNATURE);
}

/* Which check refuses, and with what; HF_OK: none of them. */
static uint16_t refused_by(bool (*steps)(struct hf_check *check, size_t step),
                           struct hf_check *check, unsigned *event)
{
    for (size_t step = 0; steps(check, step); step++)
        if (check->code) {
            *event = check->event;
            return check->code;
        }
    *event = 0;
    return HF_OK;
}

static const uint8_t order_of_leaf[] = {
    HF_EV_CHECK_TIME,  HF_EV_CHECK_EXTENSIONS, HF_EV_CHECK_KEY,
    HF_EV_CHECK_USAGE, HF_EV_CHECK_NAME,       HF_EV_CHECK_PROFILE,
};
static const uint8_t order_of_issuer[] = {
    HF_EV_CHECK_ISSUER,  HF_EV_CHECK_TIME,  HF_EV_CHECK_EXTENSIONS,
    HF_EV_CHECK_KEY,     HF_EV_CHECK_USAGE, HF_EV_CHECK_SIGNATURE,
    HF_EV_CHECK_PROFILE,
};

/* The profile is the last, and only for those who ask for one. */
static void the_checks_come_in_their_order(void **state)
{
    struct hf_verify v = { .crypto = &crypto, .now = 150 };
    struct hf_cert leaf = sound(), ca = sound();
    struct hf_check l = { .v = &v, .cert = &leaf };
    struct hf_check i = { .v = &v, .cert = &ca, .below = &leaf };

    (void)state;
    leaf.algorithm = DER(P256_SHA256);
    ca.flags = HF_CERT_CA;
    for (unsigned profile = 0; profile < 2; profile++) {
        size_t step;

        v.profile = profile ? HF_PROFILE_RFC5280 : HF_PROFILE_PRACTICE;
        for (step = 0; hf_check_leaf(&l, step); step++)
            assert_int_equal(l.event, order_of_leaf[step]);
        assert_int_equal(step, HF_COUNT(order_of_leaf) - !profile);
        for (step = 0; hf_check_issuer(&i, step); step++)
            assert_int_equal(i.event, order_of_issuer[step]);
        assert_int_equal(step, HF_COUNT(order_of_issuer) - !profile);
        assert_false(hf_check_issuer(&i, step + 1));
    }
}

static void each_check_of_a_leaf_refuses(void **state)
{
    static const uint8_t some[] = { 0x30, 0 };
    static const uint8_t san[] = "\x30\x0d\x82\x0b"
                                 "example.com";
    struct hf_peer_name name = { .dns = "example.com" };
    const struct {
        uint16_t code;
        uint8_t event;
        struct hf_cert change; /* what is not zero */
    } rows[] = {
        { HF_OK, 0, { .flags = 0 } },
        { HF_E_EXPIRED, HF_EV_CHECK_TIME, { .not_after = 149 } },
        { HF_E_CRITICAL_EXTENSION,
          HF_EV_CHECK_EXTENSIONS,
          { .flags = HF_CERT_CRITICAL } },
        { HF_E_CERT_DER, HF_EV_CHECK_EXTENSIONS, { .serial = HF_SPAN(zero) } },
        { HF_E_NAME_CONSTRAINT,
          HF_EV_CHECK_EXTENSIONS,
          { .name_constraints = HF_SPAN(some) } },
        { HF_OK,
          0,
          { .name_constraints = HF_SPAN(some), .flags = HF_CERT_CA } },
        { HF_E_KEY_USAGE, HF_EV_CHECK_USAGE, { .flags = KU } },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_verify v = { .now = 150, .purpose = HF_PURPOSE_SERVER };
        struct hf_cert c = sound();
        struct hf_check check = { .v = &v, .cert = &c };
        unsigned event;

        c.flags = rows[i].change.flags;
        c.name_constraints = rows[i].change.name_constraints;
        if (rows[i].change.not_after)
            c.not_after = rows[i].change.not_after;
        if (rows[i].change.serial.len)
            c.serial = rows[i].change.serial;
        if (refused_by(hf_check_leaf, &check, &event) != rows[i].code ||
            event != rows[i].event)
            fail_msg("row %zu", i);
        /* Anchors of old have the serial number 0. */
        check.anchor = true;
        assert_int_equal(refused_by(hf_check_leaf, &check, &event),
                         rows[i].code == HF_E_CERT_DER ? HF_OK : rows[i].code);
        if (rows[i].code)
            continue;
        check.anchor = false;
        c.key.kind = HF_KEY_NONE;
        assert_int_equal(refused_by(hf_check_leaf, &check, &event),
                         HF_E_CERT_KEY);
        assert_int_equal(event, HF_EV_CHECK_KEY);
        c.key.kind = HF_KEY_P256;
        v.name = &name;
        assert_int_equal(refused_by(hf_check_leaf, &check, &event),
                         HF_E_NAME_MISMATCH);
        assert_int_equal(event, HF_EV_CHECK_NAME);
        c.san = hf_span(san, sizeof(san) - 1);
        assert_int_equal(refused_by(hf_check_leaf, &check, &event), HF_OK);
    }
}

static void each_check_of_an_issuer_refuses(void **state)
{
    enum { CA = HF_CERT_CA, LEN = HF_CERT_PATHLEN, NONE = 0 };
    static const struct {
        uint32_t flags;
        uint16_t usage, path_len;
        unsigned cas_below;
        uint16_t code;
        uint8_t event;
    } rows[] = {
        { CA, 0, 0, 0, HF_OK, NONE },
        { 0, 0, 0, 0, HF_E_NOT_A_CA, HF_EV_CHECK_ISSUER },
        { HF_CERT_BASIC, 0, 0, 0, HF_E_NOT_A_CA, HF_EV_CHECK_ISSUER },
        { CA | KU, HF_USE_KEY_CERT_SIGN, 0, 0, HF_OK, NONE },
        { CA | KU, SIGN, 0, 0, HF_E_KEY_USAGE, HF_EV_CHECK_ISSUER },
        { CA | KU, 0, 0, 0, HF_E_KEY_USAGE, HF_EV_CHECK_ISSUER },
        { CA, 0, 0, 9, HF_OK, NONE }, /* no length was said */
        { CA | LEN, 0, 0, 0, HF_OK, NONE },
        { CA | LEN, 0, 0, 1, HF_E_PATH_LENGTH, HF_EV_CHECK_ISSUER },
        { CA | LEN, 0, 2, 2, HF_OK, NONE },
        { CA | LEN, 0, 2, 3, HF_E_PATH_LENGTH, HF_EV_CHECK_ISSUER },
        { CA | EKU | CLIENT, 0, 0, 0, HF_E_WRONG_EKU, HF_EV_CHECK_USAGE },
        { CA | EKU | SERVER, 0, 0, 0, HF_OK, NONE },
        { CA | HF_CERT_CRITICAL, 0, 0, 0, HF_E_CRITICAL_EXTENSION,
          HF_EV_CHECK_EXTENSIONS },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        const struct hf_verify v = { .crypto = &crypto,
                                     .now = 150,
                                     .purpose = HF_PURPOSE_SERVER };
        struct hf_cert c = sound(), leaf = sound();
        struct hf_check check = {
            .v = &v, .cert = &c, .below = &leaf, .cas_below = rows[i].cas_below
        };
        unsigned event;

        leaf.algorithm = DER(P256_SHA256);
        c.flags = rows[i].flags;
        c.usage = rows[i].usage;
        c.path_len = rows[i].path_len;
        if (refused_by(hf_check_issuer, &check, &event) != rows[i].code ||
            event != rows[i].event)
            fail_msg("row %zu", i);
        if (rows[i].code)
            continue;
        leaf.algorithm = DER(RSA_SHA256);
        assert_int_equal(refused_by(hf_check_issuer, &check, &event),
                         HF_E_CERT_SIGNATURE);
        assert_int_equal(event, HF_EV_CHECK_SIGNATURE);
    }
}

/* By what stands below it, a certificate is a leaf or an authority. */
static void a_profile_is_asked_by_place(void **state)
{
    static const uint8_t akid[] = { 0x30, 3, 0x80, 1, 'k' };
    const struct hf_verify v = { .crypto = &crypto,
                                 .now = 150,
                                 .profile = HF_PROFILE_WEB };
    struct hf_cert c = sound(), leaf = sound();
    struct hf_check check = { .v = &v, .cert = &c };
    unsigned event;

    (void)state;
    leaf.algorithm = DER(P256_SHA256);
    c.akid = HF_SPAN(akid);
    c.skid = HF_SPAN(one);
    c.flags = HF_CERT_CA | HF_CERT_BASIC_CRITICAL | EKU | SERVER;
    /* An authority, used as a leaf. */
    assert_int_equal(refused_by(hf_check_leaf, &check, &event), HF_E_PROFILE);
    assert_int_equal(event, HF_EV_CHECK_PROFILE);
    /* The same between leaf and root. */
    check.below = &leaf;
    assert_int_equal(refused_by(hf_check_issuer, &check, &event), HF_OK);
    /* A root with extKeyUsage. */
    check.anchor = true;
    assert_int_equal(refused_by(hf_check_issuer, &check, &event), HF_E_PROFILE);
    assert_int_equal(event, HF_EV_CHECK_PROFILE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_validity_has_two_ends),
        cmocka_unit_test(keys_are_of_a_kind_and_a_size),
        cmocka_unit_test(a_leaf_is_used_as_it_says),
        cmocka_unit_test(an_authority_issues_for_its_purposes),
        cmocka_unit_test(an_algorithm_goes_with_its_keys),
        cmocka_unit_test(only_schemes_that_are_wanted_sign_certificates),
        cmocka_unit_test(the_checks_come_in_their_order),
        cmocka_unit_test(each_check_of_a_leaf_refuses),
        cmocka_unit_test(each_check_of_an_issuer_refuses),
        cmocka_unit_test(a_profile_is_asked_by_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
