/* cert_test.c - certificates are read as libcrypto reads them, and what is
 * malformed is refused with its field and byte. */
#include "x509/x509_make.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* ---- a certificate put together by hand ---------------------------------------------- */

enum part { VERSION, SERIAL, INNER, ISSUER, VALIDITY, SUBJECT, SPKI, EXTENSIONS,
            TAIL, OUTER, SIGNATURE, AFTER, PARTS };

#define ALGORITHM "300a06082a8648ce3d040302"
#define LAB "300e310c300a06035504030c034c6162" /* CN=Lab */
#define POINT "04" \
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

static const char *const good_parts[PARTS] = {
    [VERSION] = "a003020102",
    [SERIAL] = "02021267",
    [INNER] = ALGORITHM,
    [ISSUER] = LAB,
    [VALIDITY] = "301e170d3236313231363038303030305a"
                 "170d3237303231343038303030305a",
    [SUBJECT] = LAB,
    [SPKI] = "3059301306072a8648ce3d020106082a8648ce3d030107034200" POINT,
    [EXTENSIONS] = "a315 3013 3011 0603551d0e 040a 0408 0102030405060708",
    [TAIL] = "",
    [OUTER] = ALGORITHM,
    [SIGNATURE] = "0305 00 30020000",
    [AFTER] = "",
};

static size_t add_hex(uint8_t *out, const char *text)
{
    size_t len;

    assert_true(hf_unhex(hf_span_text(text), out, HF_CERT_MAX, &len));
    return len;
}

/* Put a header before @len bytes. */
static size_t wrap(uint8_t tag, uint8_t *at, size_t len)
{
    unsigned width = len < 0x80 ? 0 : len < 0x100 ? 1 : 2;

    assert_true(len <= 0xffff);
    memmove(at + 2 + width, at, len);
    at[0] = tag;
    at[1] = (uint8_t)(width ? 0x80 | width : len);
    if (width)
        hf_store_number(at + 2, len, width);
    return len + 2 + width;
}

static struct hf_span assemble(const char *const parts[PARTS])
{
    static uint8_t der[2 * HF_CERT_MAX];
    size_t len = 0;

    for (unsigned i = VERSION; i <= TAIL; i++)
        len += add_hex(der + len, parts[i]);
    len = wrap(HF_DER_SEQUENCE, der, len);
    for (unsigned i = OUTER; i <= SIGNATURE; i++)
        len += add_hex(der + len, parts[i]);
    len = wrap(HF_DER_SEQUENCE, der, len);
    len += add_hex(der + len, parts[AFTER]);
    return hf_span(der, len);
}

/* The good one with one part replaced. */
static struct hf_cert *with(enum part part, const char *hex,
                            struct hf_error *error)
{
    const char *parts[PARTS];

    memcpy(parts, good_parts, sizeof(parts));
    parts[part] = hex;
    *error = (struct hf_error){ .code = HF_OK };
    return hf_cert_new(assemble(parts), error);
}

static void the_fields_are_where_they_should_be(void **state)
{
    struct hf_error error;
    struct hf_cert *c = with(TAIL, "", &error);
    struct hf_span skid;
    char text[64];

    (void)state;
    assert_non_null(c);
    assert_int_equal(c->not_before, NOW - 30 * DAY);
    assert_int_equal(c->not_after, NOW + 30 * DAY);
    assert_int_equal(c->serial.len, 2);
    assert_int_equal(c->key.kind, HF_KEY_P256);
    assert_int_equal(c->key.bits, 256);
    assert_int_equal(c->key.point.len, 65);
    assert_int_equal(c->signature.len, 4);
    assert_true(c->flags == HF_CERT_SELF_ISSUED);
    skid = hf_cert_skid(c);
    assert_int_equal(skid.len, 8);
    assert_int_equal(skid.at[7], 8);
    assert_int_equal(hf_cert_akid(c).len, 0);
    assert_null(c->san.at);
    hf_name_text(c->subject, text, sizeof(text));
    assert_string_equal(text, "CN=Lab");
    assert_ptr_equal(hf_cert_keep(c), c);
    hf_cert_free(c);
    hf_cert_free(c);
    hf_cert_free(NULL);
}

static void malformed_fields_are_refused_by_name(void **state)
{
    static const struct {
        enum part part;
        const char *hex, *field, *why;
        unsigned code;
    } rows[] = {
        { VERSION, "", "version", "version 1", HF_E_CERT_VERSION },
        { VERSION, "a003020101", "version", "version 2", HF_E_CERT_VERSION },
        { VERSION, "a003020103", "version", "not version 3", HF_E_CERT_VERSION },
        { VERSION, "a00402010200", "version", "not a version", HF_E_CERT_DER },
        { VERSION, "a003040102", "version", "not a version", HF_E_CERT_DER },
        { SERIAL, "0201ff", "serialNumber", "negative", HF_E_CERT_DER },
        { SERIAL, "02020001", "serialNumber", "INTEGER", HF_E_CERT_DER },
        { SERIAL, "0200", "serialNumber", "INTEGER", HF_E_CERT_DER },
        { SERIAL, "0215 010203040506070809000102030405060708090001",
          "serialNumber", "20 octets", HF_E_CERT_DER },
        { SERIAL, "0216 00 f10203040506070809000102030405060708090001",
          "serialNumber", "20 octets", HF_E_CERT_DER },
        { INNER, "300a06082a8648ce3d040303", "signature", "outer",
          HF_E_CERT_DER },
        { INNER, "300c06082a8648ce3d0403020500", "signature", "outer",
          HF_E_CERT_DER },
        { OUTER, "300a06082a8648ce3d040303", "signature", "outer",
          HF_E_CERT_DER },
        { OUTER, "300e06082a8648ce3d04030205000500", "signatureAlgorithm",
          "AlgorithmIdentifier", HF_E_CERT_DER },
        { OUTER, "3000", "signatureAlgorithm", "AlgorithmIdentifier",
          HF_E_CERT_DER },
        { ISSUER, "3000", "issuer", "empty", HF_E_CERT_DER },
        { ISSUER, "3002 3100", "issuer", "Name", HF_E_CERT_DER },
        { ISSUER, "300a31083006 0604 55040380", "issuer", "Name",
          HF_E_CERT_DER },
        { ISSUER, "310e310c300a06035504030c034c6162", "issuer", "Name",
          HF_E_CERT_DER },
        { SUBJECT, "3010310e300c06035504030c034c61620500", "subject", "Name",
          HF_E_CERT_DER },
        { SUBJECT, "0c00", "subject", "Name", HF_E_CERT_DER },
        { SUBJECT, "300e310c300a060355040304034c6162", "subject", "Name",
          HF_E_CERT_DER }, /* an OCTET STRING */
        { VALIDITY, "300f170d3236313231363038303030305a", "validity", "date",
          HF_E_CERT_DER },
        { VALIDITY, "301e170d3236313231363038303030305a"
                    "170d3237303231343038303030395b", "validity", "date",
          HF_E_CERT_DER },
        { VALIDITY, "3020170d3236313231363038303030305a"
                    "170d3237303231343038303030305a0500", "validity", "date",
          HF_E_CERT_DER },
        { SPKI, "3000", "subjectPublicKeyInfo", "SubjectPublicKeyInfo",
          HF_E_CERT_DER },
        { SPKI, "305b301306072a8648ce3d020106082a8648ce3d030107034200" POINT
                "0500", "subjectPublicKeyInfo", "SubjectPublicKeyInfo",
          HF_E_CERT_DER },
        { SPKI, "3058301306072a8648ce3d020106082a8648ce3d030107034101"
                "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d8"
                "98c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6"
                "406837bf51f4", "subjectPublicKeyInfo", "SubjectPublicKeyInfo",
          HF_E_CERT_DER }, /* a bit short */
        { TAIL, "0500", "extensions", "extensions", HF_E_CERT_DER },
        { EXTENSIONS, "8102 0001", "extensions", "extensions",
          HF_E_CERT_DER }, /* issuerUniqueID */
        { EXTENSIONS, "a302 3000", "extensions", "extensions", HF_E_CERT_DER },
        { EXTENSIONS, "a304 3002 3000", "extensions", "extnID", HF_E_CERT_DER },
        { SIGNATURE, "0305 01 30020000", "signatureValue", "BIT STRING",
          HF_E_CERT_DER },
        { SIGNATURE, "0300", "signatureValue", "BIT STRING", HF_E_CERT_DER },
        { SIGNATURE, "0305 00 30020000 0500", "signatureValue", "follows",
          HF_E_CERT_DER },
        { AFTER, "00", "Certificate", "follow", HF_E_CERT_DER },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error;
        struct hf_cert *c = with(rows[i].part, rows[i].hex, &error);

        if (c)
            fail_msg("row %zu was read", i);
        if (error.code != rows[i].code ||
            strcmp(error.field, rows[i].field) != 0 ||
            !strstr(error.detail, rows[i].why))
            fail_msg("row %zu: %s %s", i, hf_error_name(error.code),
                     error.detail);
        assert_string_equal(error.layout, "Certificate");
    }
}

static void edges_of_the_allowed_are_read(void **state)
{
    static const struct {
        enum part part;
        const char *hex;
    } rows[] = {
        { SERIAL, "020100" }, /* roots have it */
        { SERIAL, "0214 01020304050607080900010203040506070809 00" },
        { SERIAL, "0215 00 f1020304050607080900010203040506070809 00" },
        { SUBJECT, "3000" },
        { EXTENSIONS, "" },
        { VALIDITY, "3022180f32303236313231363038303030305a" /* no UTCTime */
                    "180f32303237303231343038303030305a" },
        { VALIDITY, "3020170d3236313231363038303030305a"
                    "180f39393939313233313233353935395a" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error;
        struct hf_cert *c = with(rows[i].part, rows[i].hex, &error);

        if (!c)
            fail_msg("row %zu: %s", i, error.detail);
        hf_cert_free(c);
    }
}

static void more_than_64_kib_is_refused(void **state)
{
    static uint8_t der[HF_CERT_MAX + 1];
    struct hf_error error = { .code = HF_OK };

    (void)state;
    assert_null(hf_cert_new(HF_SPAN(der), &error));
    assert_int_equal(error.code, HF_E_CERT_DER);
}

/* ---- extensions ------------------------------------------------------------------------- */

/* The good one with these extensions, each a SEQUENCE in hex. */
static struct hf_cert *with_extensions(const uint8_t *list, size_t len,
                                       struct hf_error *error)
{
    static char hex[4 * 2048];
    static uint8_t der[2048];

    assert_true(len < sizeof(der) - 8);
    memcpy(der, list, len);
    len = wrap(0xa3, der, wrap(HF_DER_SEQUENCE, der, len));
    assert_true(hf_hex(hex, sizeof(hex), hf_span(der, len)));
    return with(EXTENSIONS, hex, error);
}

/* An Extension: OID and value in hex. */
static size_t extension(uint8_t *out, const char *oid, bool critical,
                        const char *value)
{
    size_t n, len;

    assert_true(hf_unhex(hf_span_text(oid), out, 64, &len));
    n = wrap(HF_DER_OID, out, len);
    if (critical) {
        memcpy(out + n, "\x01\x01\xff", 3);
        n += 3;
    }
    assert_true(hf_unhex(hf_span_text(value), out + n, 256, &len));
    n += wrap(HF_DER_OCTET_STRING, out + n, len);
    return wrap(HF_DER_SEQUENCE, out, n);
}

static struct hf_cert *with_one(const char *oid, bool critical,
                                const char *value, struct hf_error *error)
{
    uint8_t list[1024];

    return with_extensions(list, extension(list, oid, critical, value), error);
}

static void malformed_extensions_are_refused_by_name(void **state)
{
    static const struct {
        const char *oid, *value, *field;
    } rows[] = {
        { "551d0e", "0500", "subjectKeyIdentifier" },
        { "551d0e", "04010005 00", "subjectKeyIdentifier" },
        { "551d0f", "03020700", "keyUsage" },          /* no bit */
        { "551d0f", "030100", "keyUsage" },
        { "551d0f", "030400000080", "keyUsage" },      /* 17 and more bits */
        { "551d0f", "030207c0", "keyUsage" },          /* a pad bit set */
        { "551d0f", "0500", "keyUsage" },
        { "551d11", "3000", "subjectAltName" },
        { "551d11", "646e733a61", "subjectAltName" },  /* limbo: ASCII */
        { "551d11", "3003 820161 00", "subjectAltName" },
        { "551d11", "3002 8901", "subjectAltName" },
        { "551d11", "3003 0c0161", "subjectAltName" },
        { "551d11", "3005 8703 010203", "subjectAltName" },
        { "551d11", "300a 8708 7f000001ffffffff", "subjectAltName" },
        { "551d11", "3005 a403 310100", "subjectAltName" },
        { "551d13", "0101ff", "basicConstraints" },
        { "551d13", "3003 010100", "basicConstraints" }, /* FALSE written */
        { "551d13", "3003 010101", "basicConstraints" },
        { "551d13", "3006 0101ff 0201ff", "basicConstraints" },
        { "551d13", "3008 0101ff 020100 0500", "basicConstraints" },
        { "551d13", "3006 020100 0101ff", "basicConstraints" },
        { "551d13", "3003 0101ff 00", "basicConstraints" },
        { "551d1e", "3000", "nameConstraints" },
        { "551d1e", "0500", "nameConstraints" },
        { "551d1e", "3002 a000", "nameConstraints" },
        { "551d1e", "3004 a002 3000", "nameConstraints" },
        { "551d1e", "3007 a205 3003 820161", "nameConstraints" },
        { "551d1e", "300e a105 3003 820161 a005 3003 820161",
          "nameConstraints" },
        { "551d1e", "300e a005 3003 820161 a005 3003 820161",
          "nameConstraints" },
        { "551d1e", "300a a008 3006 820161 800101", "nameConstraints" },
        { "551d1f", "3000", "cRLDistributionPoints" },
        { "551d20", "3000", "certificatePolicies" },
        { "551d20", "3002 0500", "certificatePolicies" },
        { "551d21", "0500", "policyMappings" },
        { "551d23", "0400", "authorityKeyIdentifier" },
        { "551d23", "3003 810101", "authorityKeyIdentifier" },
        { "551d23", "3006 820101 800101", "authorityKeyIdentifier" },
        { "551d23", "3006 800101 800101", "authorityKeyIdentifier" },
        { "551d25", "3000", "extKeyUsage" },
        { "551d25", "3003 020101", "extKeyUsage" },
        { "551d25", "3003 060180", "extKeyUsage" },
        { "551d36", "0500", "inhibitAnyPolicy" },
        { "2b06010505070101", "3000", "authorityInfoAccess" },
        { "2b06010505070101", "300c 300a 06082b06010505073002",
          "authorityInfoAccess" },
        { "2b06010505070101", "300f 300d 06082b06010505073002 0c0161",
          "authorityInfoAccess" },
        { "2b06010505070118", "3003 0201ff", "tlsFeature" },
        { "2b06010401d679020402", "0500", "signedCertificateTimestampList" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error;
        struct hf_cert *c =
            with_one(rows[i].oid, false, rows[i].value, &error);

        if (c)
            fail_msg("row %zu (%s) was read", i, rows[i].field);
        if (error.code != HF_E_CERT_DER ||
            strcmp(error.field, rows[i].field) != 0)
            fail_msg("row %zu: %s", i, error.detail);
    }
}

static void extensions_become_flags(void **state)
{
    static const struct {
        const char *oid, *value;
        bool critical;
        uint32_t flags;
    } rows[] = {
        { "551d0f", "030205a0", true, HF_CERT_KEY_USAGE },
        { "551d11", "3003820161", true, HF_CERT_SAN_CRITICAL },
        { "551d11", "3003820161", false, 0 },
        { "551d13", "3000", true, HF_CERT_BASIC | HF_CERT_BASIC_CRITICAL },
        { "551d13", "30030101ff", false, HF_CERT_BASIC | HF_CERT_CA },
        { "551d13", "30060101ff020103", false,
          HF_CERT_BASIC | HF_CERT_CA | HF_CERT_PATHLEN },
        { "551d13", "3003020103", false, HF_CERT_BASIC | HF_CERT_PATHLEN },
        { "551d1e", "3007a0053003820161", true, HF_CERT_CONSTRAINTS_CRITICAL },
        { "551d20", "300a300806062a0304050607", true, HF_CERT_POLICY },
        { "551d36", "020100", true, 0 },
        { "551d25", "300a06082b06010505070301", false,
          HF_CERT_EKU | HF_CERT_EKU_SERVER },
        { "551d25", "301406082b0601050507030206082b06010505070309", true,
          HF_CERT_EKU | HF_CERT_EKU_CLIENT | HF_CERT_EKU_OCSP |
              HF_CERT_EKU_CRITICAL },
        { "551d25", "30060604551d2500", false, HF_CERT_EKU | HF_CERT_EKU_ANY },
        /* An OID that only begins like serverAuth. */
        { "551d25", "300b06092b0601050507030101", false, HF_CERT_EKU },
        { "551d25", "300906072b060105050703", false, HF_CERT_EKU },
        { "2b06010505070118", "3003020105", false, HF_CERT_MUST_STAPLE },
        { "2b06010505070118", "3003020111", false, 0 },
        /* Critical: unknown, or never to be critical, or not done yet. */
        { "2a030405", "0500", true, HF_CERT_CRITICAL },
        { "2a030405", "0500", false, 0 },
        { "551d0e", "040101", true, HF_CERT_CRITICAL },
        { "551d23", "3003800101", true, HF_CERT_CRITICAL },
        { "551d1f", "30023000", true, HF_CERT_CRITICAL },
        { "551d24", "3003800100", true, HF_CERT_CRITICAL },
        { "2b06010505070101", "300f300d06082b06010505073002860161", true,
          HF_CERT_CRITICAL },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error;
        struct hf_cert *c =
            with_one(rows[i].oid, rows[i].critical, rows[i].value, &error);

        if (!c)
            fail_msg("row %zu: %s", i, error.detail);
        if (c->flags != (rows[i].flags | HF_CERT_SELF_ISSUED))
            fail_msg("row %zu: %#x", i, c->flags);
        assert_true(!(c->flags & HF_CERT_CRITICAL) == !c->critical.len);
        hf_cert_free(c);
    }
}

static void values_of_extensions_are_kept(void **state)
{
    struct hf_error error;
    struct hf_cert *c = with_one("551d0f", true, "0303078080", &error);

    (void)state;
    assert_int_equal(c->usage, HF_USE_DIGITAL_SIGNATURE | 1 << 8);
    hf_cert_free(c);
    c = with_one("551d13", true, "300b0101ff0206010000000000", &error);
    assert_null(c); /* no number of 32 bits */
    c = with_one("551d13", true, "30080101ff0203010000", &error);
    assert_int_equal(c->path_len, UINT16_MAX); /* 65536 is as good as that */
    hf_cert_free(c);
    c = with_one("2a030405", true, "0500", &error);
    assert_int_equal(c->critical.len, 4);
    assert_int_equal(c->critical.at[3], 5);
    hf_cert_free(c);
}

static void the_first_critical_one_is_told(void **state)
{
    struct hf_error error;
    uint8_t list[1024];
    size_t len = 0;
    struct hf_cert *c;

    (void)state;
    len += extension(list + len, "2a030411", true, "0500");
    len += extension(list + len, "2a030412", true, "0500");
    c = with_extensions(list, len, &error);
    assert_non_null(c);
    assert_int_equal(c->critical.at[3], 0x11);
    hf_cert_free(c);
}

static void no_extension_may_come_twice(void **state)
{
    static const char *const oids[] = { "551d0e", "2a030405" };
    struct hf_error error;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(oids); i++) {
        uint8_t list[1024];
        size_t len = 0;

        len += extension(list + len, oids[i], false, "040101");
        len += extension(list + len, oids[i], false, "040102");
        assert_null(with_extensions(list, len, &error));
        assert_non_null(strstr(error.detail, "twice"));
    }
}

static void more_than_32_extensions_are_refused(void **state)
{
    uint8_t list[1024];
    struct hf_error error;
    struct hf_cert *c;
    size_t len = 0;
    char oid[16];

    (void)state;
    for (unsigned i = 0; i < 33; i++) {
        snprintf(oid, sizeof(oid), "2a0304%02x", i);
        len += extension(list + len, oid, false, "040100");
        if (i == 31) {
            c = with_extensions(list, len, &error);
            assert_non_null(c);
            hf_cert_free(c);
        }
    }
    assert_null(with_extensions(list, len, &error));
    assert_non_null(strstr(error.detail, "32"));
}

static void critical_is_true_or_absent(void **state)
{
    struct hf_error error;
    uint8_t list[1024];
    size_t len = extension(list, "2a030405", true, "0500");

    (void)state;
    assert_int_equal(list[8], 0x01);
    list[10] = 0x00;
    assert_null(with_extensions(list, len, &error));
    assert_non_null(strstr(error.detail, "critical"));
    list[10] = 0x01;
    assert_null(with_extensions(list, len, &error));
    list[11] = 0x05; /* the OCTET STRING */
    list[10] = 0xff;
    assert_null(with_extensions(list, len, &error));
    assert_non_null(strstr(error.detail, "OCTET STRING"));
}

/* ---- keys and algorithms ------------------------------------------------------------------ */

static void keys_are_known_by_their_exact_bytes(void **state)
{
    static const struct {
        enum make_key key;
        unsigned kind, bits;
        const char *text;
    } rows[] = {
        { P256_A, HF_KEY_P256, 256, "ECDSA P-256" },
        { P384, HF_KEY_P384, 384, "ECDSA P-384" },
        { P521, HF_KEY_P521, 521, "ECDSA P-521" },
        { RSA_2048, HF_KEY_RSA, 2048, "RSA 2048" },
        { RSA_1024, HF_KEY_RSA, 1024, "RSA 1024" },
        { RSA_PSS, HF_KEY_RSA_PSS, 2048, "RSA-PSS 2048" },
        { ED25519, HF_KEY_ED25519, 256, "Ed25519" },
        { EXPLICIT, HF_KEY_NONE, 0, "a kind of key that is not supported" },
        { P192, HF_KEY_NONE, 0, "a kind of key that is not supported" },
        { DSA_1024, HF_KEY_NONE, 0, "a kind of key that is not supported" },
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_cert *c = make_cert(&(struct make){
            .subject = "CN=key", .key = rows[i].key, .issuer = "CN=ca",
            .signer = P256_B });

        assert_int_equal(c->key.kind, rows[i].kind);
        assert_int_equal(c->key.bits, rows[i].bits);
        hf_key_text(&c->key, text, sizeof(text));
        assert_string_equal(text, rows[i].text);
        hf_cert_free(c);
    }
}

/* RSA keys, by modulus and exponent; and points. */
static void odd_keys_are_no_keys(void **state)
{
#define RSA_SPKI(len, bits, seq, n, e) \
    "30" len "300d06092a864886f70d0101010500 03" bits "00 30" seq n e
    static const struct {
        const char *spki;
        bool ok;
        unsigned kind;
    } rows[] = {
        { RSA_SPKI("1c", "0b", "08", "020303010f", "020103"), true, HF_KEY_RSA },
        { RSA_SPKI("1c", "0b", "08", "020303010e", "020103"), true, 0 }, /* even */
        { RSA_SPKI("1c", "0b", "08", "020303010f", "020102"), true, 0 },
        { RSA_SPKI("1c", "0b", "08", "020303010f", "020101"), true, 0 },
        { RSA_SPKI("1c", "0b", "08", "020383010f", "020103"), false, 0 }, /* < 0 */
        { RSA_SPKI("20", "0f", "0c", "020303010f", "02050100000001"), true, 0 },
        { RSA_SPKI("1e", "0d", "08", "020303010f", "020103 0500"), false, 0 },
        { "3059301306072a8648ce3d020106082a8648ce3d030107034200 02" /* form */
          "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
          "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
          true, 0 },
        { "3039301306072a8648ce3d020106082a8648ce3d030107032200 02"
          "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
          true, 0 }, /* compressed */
        { "302a300506032b6570032100" /* Ed25519 */
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
          true, HF_KEY_ED25519 },
        { "3029300506032b6570032000"
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751",
          true, 0 }, /* 31 bytes */
        { "302c300706032b65700500032100" /* parameters that must be absent */
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
          true, 0 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_public_key key;
        uint8_t der[128];
        size_t len;

        assert_true(hf_unhex(hf_span_text(rows[i].spki), der, sizeof(der), &len));
        if (hf_spki_read(hf_span(der, len), &key) != rows[i].ok ||
            key.kind != rows[i].kind)
            fail_msg("row %zu: kind %u", i, key.kind);
    }
}

static void signature_algorithms_are_known_by_their_exact_bytes(void **state)
{
    static const struct {
        enum make_key key;
        const char *hash;
        bool pss, ok;
        unsigned padding, id;
        const char *text;
    } rows[] = {
        { P256_A, "SHA256", false, true, HF_PADDING_NONE, HF_SHA256,
          "ecdsa-with-SHA256" },
        { P384, "SHA384", false, true, HF_PADDING_NONE, HF_SHA384,
          "ecdsa-with-SHA384" },
        { P521, "SHA512", false, true, HF_PADDING_NONE, HF_SHA512,
          "ecdsa-with-SHA512" },
        { RSA_2048, "SHA256", false, true, HF_PADDING_PKCS1, HF_SHA256,
          "sha256WithRSAEncryption" },
        { RSA_2048, "SHA384", false, true, HF_PADDING_PKCS1, HF_SHA384,
          "sha384WithRSAEncryption" },
        { RSA_2048, "SHA512", false, true, HF_PADDING_PKCS1, HF_SHA512,
          "sha512WithRSAEncryption" },
        { RSA_2048, "SHA256", true, true, HF_PADDING_PSS, HF_SHA256,
          "RSASSA-PSS with SHA256" },
        { RSA_2048, "SHA384", true, true, HF_PADDING_PSS, HF_SHA384,
          "RSASSA-PSS with SHA384" },
        { RSA_PSS, "SHA512", false, true, HF_PADDING_PSS, HF_SHA512,
          "RSASSA-PSS with SHA512" },
        { ED25519, NULL, false, true, HF_PADDING_NONE, HF_HASH_NONE, "Ed25519" },
        { RSA_2048, "SHA1", false, false, 0, 0, "sha1WithRSAEncryption" },
        { RSA_2048, "MD5", false, false, 0, 0, "md5WithRSAEncryption" },
        { RSA_2048, "SHA224", false, false, 0, 0, "sha224WithRSAEncryption" },
        { P256_A, "SHA1", false, false, 0, 0, "ecdsa-with-SHA1" },
        { RSA_2048, "SHA1", true, false, 0, 0, "id-RSASSA-PSS" },
    };
    uint8_t padding, hash;
    char text[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_cert *c = make_cert(&(struct make){ .subject = "CN=a",
                                                      .key = rows[i].key,
                                                      .hash = rows[i].hash,
                                                      .pss = rows[i].pss });
        bool ok = hf_algorithm_parts(c->algorithm, &padding, &hash);

        hf_algorithm_text(c->algorithm, text, sizeof(text));
        if (ok != rows[i].ok || padding != rows[i].padding ||
            hash != rows[i].id || strcmp(text, rows[i].text) != 0)
            fail_msg("row %zu: %s", i, text);
        hf_cert_free(c);
    }
}

/* ---- words ----------------------------------------------------------------------------------- */

static void names_are_told_with_the_most_specific_first(void **state)
{
    struct hf_cert *c = make_cert(&(struct make){
        .subject = "C=DE/O=Lab, Inc./OU=a+b/CN=localhost" });
    char text[128];

    (void)state;
    hf_name_text(c->subject, text, sizeof(text));
    assert_string_equal(text,
                        "CN=localhost, OU=a\\+b, O=Lab\\, Inc., C=DE");
    hf_name_short(c->subject, text, sizeof(text));
    assert_string_equal(text, "localhost");
    hf_name_text(c->subject, text, 16);
    assert_string_equal(text, "CN=localhost...");
    hf_name_text(c->subject, text, 1);
    assert_string_equal(text, "");
    hf_cert_free(c);
    c = make_cert(&(struct make){ .subject = "C=DE/O=Lab" });
    hf_name_short(c->subject, text, sizeof(text));
    assert_string_equal(text, "Lab");
    hf_cert_free(c);
    c = make_cert(&(struct make){ .subject = "C=DE" });
    hf_name_short(c->subject, text, sizeof(text));
    assert_string_equal(text, "C=DE");
    hf_cert_free(c);
    c = make_cert(&(struct make){ .subject = "", .issuer = "CN=a" });
    hf_name_text(c->subject, text, sizeof(text));
    assert_string_equal(text, "(empty name)");
    hf_cert_free(c);
}

/* What a hostile name says, and what is shown of it. */
static void hostile_text_is_shown_harmless(void **state)
{
    static const struct {
        const char *value; /* tag, length and contents in hex */
        const char *text;
    } rows[] = {
        { "0c0561256e0a62", "CN=a%n\\x0ab" },            /* line feed */
        { "0c031b5b6d", "CN=\\x1b[m" },                  /* ESC */
        { "0c026100", "CN=a\\x00" },
        { "0c06e6b58be8af95", "CN=\xe6\xb5\x8b\xe8\xaf\x95" },
        { "0c04f09f9880", "CN=\xf0\x9f\x98\x80" },
        { "0c04e280ae61", "CN=\\xe2\\x80\\xae" "a" },    /* right to left */
        { "0c03e2808b", "CN=\\xe2\\x80\\x8b" },          /* no width */
        { "0c02c080", "CN=\\xc0\\x80" },                 /* overlong */
        { "0c03eda080", "CN=\\xed\\xa0\\x80" },          /* surrogate */
        { "0c04f4908080", "CN=\\xf4\\x90\\x80\\x80" },   /* U+110000 */
        { "0c02e282", "CN=\\xe2\\x82" },                 /* cut */
        { "13016a", "CN=j" },
        { "1e0400416d4b", "CN=A\xe6\xb5\x8b" },          /* BMPString */
        { "1e02d800", "CN=\\xed\\xa0\\x80" },
        { "1e0400e900e8", "CN=\xc3\xa9\xc3\xa8" },
        { "1c0400000041", "CN=#1c0400000041" },
        { "0c08225c2c2b3c3e3b3d",
          "CN=\\\"\\\\\\,\\+\\<\\>\\;\\=" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        uint8_t der[64] = { 0x30, 0, 0x31, 0, 0x30, 0, 6, 3, 0x55, 4, 3 };
        char text[128];
        size_t len;

        assert_true(hf_unhex(hf_span_text(rows[i].value), der + 11,
                             sizeof(der) - 11, &len));
        der[5] = (uint8_t)(len + 5);
        der[3] = (uint8_t)(len + 7);
        der[1] = (uint8_t)(len + 9);
        hf_name_text(hf_span(der, len + 11), text, sizeof(text));
        assert_string_equal(text, rows[i].text);
        for (size_t cap = 0; cap <= sizeof(text); cap++) {
            memset(text, 'x', sizeof(text));
            hf_name_text(hf_span(der, len + 11), text, cap);
            if (cap)
                assert_true(strnlen(text, cap) < cap);
            for (size_t k = cap; k < sizeof(text); k++)
                assert_int_equal(text[k], 'x');
        }
    }
}

static void object_identifiers_are_told_by_name_or_number(void **state)
{
    static const struct {
        const char *hex, *text;
    } rows[] = {
        { "551d13", "basicConstraints" },
        { "2a864886f70d01010b", "sha256WithRSAEncryption" },
        { "2a0304", "1.2.3.4" },
        { "00", "0.0" },
        { "4f", "1.39" },
        { "50", "2.0" },
        { "883703", "2.999.3" },
        { "2a9fffffffffffffffff7f", "1.2.{9fffffffffffffffff7f}" },
        { "2affffffffffffffff7f", "1.2.9223372036854775807" },
        { "2affffffffffffff7f", "1.2.72057594037927935" },
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        uint8_t oid[32];
        size_t len;

        assert_true(hf_unhex(hf_span_text(rows[i].hex), oid, sizeof(oid), &len));
        hf_oid_text(hf_span(oid, len), text, sizeof(text));
        assert_string_equal(text, rows[i].text);
    }
}

static void alternative_names_are_walked_and_told(void **state)
{
    static const char *const texts[] = {
        "DNS:localhost",     "DNS:*.example.com", "IP:127.0.0.1",
        "IP:::1",            "IP:2001:db8::ff00:42:8329",
        "IP:1:0:0:2::",      "email:a@b.c",       "URI:http://x/y",
        "other name",
    };
    struct hf_cert *c = make_cert(&(struct make){
        .subject = "CN=a",
        .ext = { "subjectAltName=DNS:localhost,DNS:*.example.com,IP:127.0.0.1,"
                 "IP:::1,IP:2001:db8::ff00:42:8329,IP:1:0:0:2:0:0:0:0,"
                 "email:a@b.c,URI:http://x/y,RID:1.2.3" } });
    struct hf_san san;
    char text[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(texts); i++) {
        assert_true(hf_cert_san(c, i, &san));
        hf_san_text(&san, text, sizeof(text));
        assert_string_equal(text, texts[i]);
    }
    assert_false(hf_cert_san(c, HF_COUNT(texts), &san));
    hf_cert_free(c);
    c = make_cert(&(struct make){ .subject = "CN=a" });
    assert_false(hf_cert_san(c, 0, &san));
    hf_cert_free(c);
}

static void addresses_are_told_as_rfc_5952_wants(void **state)
{
    static const struct {
        const char *hex, *text;
    } rows[] = {
        { "00000000000000000000000000000000", "IP:::" },
        { "00010000000000000000000000000000", "IP:1::" },
        { "20010db8000000010001000100010001", "IP:2001:db8:0:1:1:1:1:1" },
        { "20010db8000000000001000000000001", "IP:2001:db8::1:0:0:1" },
        { "20010000000000010000000000000001", "IP:2001:0:0:1::1" },
        { "00000000000000000000ffffc0000201", "IP:::ffff:c000:201" },
        { "abcdef0112345678000000010002000a", "IP:abcd:ef01:1234:5678:0:1:2:a" },
        { "c0000200ffffff00", "IP:192.0.2.0/24" },
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_san san = { HF_SAN_IP, hf_span(NULL, 0) };
        uint8_t ip[32];

        assert_true(
            hf_unhex(hf_span_text(rows[i].hex), ip, sizeof(ip), &san.value.len));
        san.value.at = ip;
        hf_san_text(&san, text, sizeof(text));
        assert_string_equal(text, rows[i].text);
    }
}

static void the_place_of_the_issuer_is_found(void **state)
{
    struct hf_cert *c = make_cert(&(struct make){
        .subject = "CN=a",
        .ext = { "authorityInfoAccess=OCSP;URI:http://o/,"
                 "caIssuers;URI:ldap://l/,caIssuers;URI:HTTP://c/i.der,"
                 "caIssuers;URI:http://second/" } });
    struct hf_span url;

    (void)state;
    assert_true(hf_cert_aia(c, &url));
    assert_true(hf_span_equal(url, hf_span_text("HTTP://c/i.der")));
    hf_cert_free(c);
    c = make_cert(&(struct make){
        .subject = "CN=a", .ext = { "authorityInfoAccess=OCSP;URI:http://o/" } });
    assert_false(hf_cert_aia(c, &url));
    hf_cert_free(c);
}

/* ---- against libcrypto -------------------------------------------------------------------------- */

static char *bundle(size_t *len)
{
    static char text[1 << 20];
    FILE *f = fopen("/etc/ssl/certs/ca-certificates.crt", "r");

    if (!f) {
        print_message("# SKIP: real roots (apt install ca-certificates)\n");
        skip();
    }
    *len = fread(text, 1, sizeof(text), f);
    fclose(f);
    return text;
}

/* The next certificate of the bundle; false at the end. */
static bool next_real(struct hf_span *text, uint8_t *der, size_t cap,
                      size_t *len)
{
    struct hf_pem pem;
    bool bad;

    if (!hf_pem_next(text, &pem, &bad))
        return false;
    assert_true(hf_unbase64(pem.base64, der, cap, len));
    return true;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;

    assert_int_equal(ASN1_TIME_diff(&days, &seconds, epoch, t), 1);
    ASN1_TIME_free(epoch);
    return days * DAY + seconds;
}

static void is_der(struct hf_span ours, unsigned char *theirs, int len)
{
    assert_true(len > 0);
    assert_true(hf_span_equal(ours, hf_span(theirs, (size_t)len)));
    OPENSSL_free(theirs);
}

/* libcrypto has the bits of each byte the other way round. */
static void is_usage(const struct hf_cert *c, uint32_t theirs)
{
    for (unsigned i = 0; i < 8; i++)
        if (c->flags & HF_CERT_KEY_USAGE)
            assert_int_equal(c->usage >> i & 1, theirs >> (7 - i) & 1);
    if (!(c->flags & HF_CERT_KEY_USAGE))
        assert_true(theirs == UINT32_MAX);
}

static void real_roots_are_read_as_libcrypto_reads_them(void **state)
{
    static uint8_t der[HF_CERT_MAX];
    struct hf_span text;
    size_t size, len, count = 0;

    (void)state;
    text.at = (uint8_t *)bundle(&size);
    text.len = size;
    while (next_real(&text, der, sizeof(der), &len)) {
        const unsigned char *p = der;
        X509 *x = d2i_X509(NULL, &p, (long)len);
        struct hf_error error = { .code = HF_OK };
        struct hf_cert *c = hf_cert_new(hf_span(der, len), &error);
        unsigned char *out = NULL;

        assert_non_null(x);
        if (!c)
            fail_msg("root %zu: %s", count + 1, error.detail);
        is_der(c->subject, out, i2d_X509_NAME(X509_get_subject_name(x), &out));
        out = NULL;
        is_der(c->issuer, out, i2d_X509_NAME(X509_get_issuer_name(x), &out));
        out = NULL;
        is_der(c->spki, out, i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &out));
        out = NULL;
        is_der(c->tbs, out, i2d_re_X509_tbs(x, &out));
        assert_int_equal(c->not_before, seconds_of(X509_get0_notBefore(x)));
        assert_int_equal(c->not_after, seconds_of(X509_get0_notAfter(x)));
        assert_int_equal(!!(c->flags & HF_CERT_CA), X509_check_ca(x) == 1);
        is_usage(c, X509_get_key_usage(x));
        assert_int_not_equal(c->key.kind, HF_KEY_NONE);
        assert_true(sizeof(*c) + c->der.len <= 2 * len);
        X509_free(x);
        hf_cert_free(c);
        count++;
    }
    print_message("# %zu roots\n", count);
    assert_true(count > 50);
}

/* Whatever a changed byte makes of a real certificate: if we read it, so does
 * libcrypto. */
static void what_we_read_libcrypto_reads_too(void **state)
{
    static uint8_t der[HF_CERT_MAX];
    struct hf_span text;
    size_t size, len, tried = 0, read = 0, root = 0;

    (void)state;
    text.at = (uint8_t *)bundle(&size);
    text.len = size;
    for (; next_real(&text, der, sizeof(der), &len); root++)
        for (size_t i = root % 23; i < len; i += 23)
            for (unsigned change = 0; change < 3; change++) {
                struct hf_error error = { .code = HF_OK };
                uint8_t old = der[i];
                struct hf_cert *c;

                der[i] = change == 0   ? old ^ (uint8_t)(1u << i % 8)
                         : change == 1 ? old + 1
                                       : 0x84;
                tried++;
                c = hf_cert_new(hf_span(der, len), &error);
                if (c) {
                    const unsigned char *p = der;
                    X509 *x = d2i_X509(NULL, &p, (long)len);

                    if (!x || p != der + len)
                        fail_msg("root %zu, byte %zu is %02x: only ours", root,
                                 i, der[i]);
                    X509_free(x);
                    read++;
                }
                hf_cert_free(c);
                der[i] = old;
            }
    ERR_clear_error();
    print_message("# %zu changed certificates, %zu still read\n", tried, read);
    assert_true(read > 0 && read < tried);
}

static void every_cut_of_a_certificate_is_refused(void **state)
{
    static uint8_t der[HF_CERT_MAX];
    size_t len = make_der(
        &(struct make){ .subject = "CN=a",
                        .ext = { "basicConstraints=critical,CA:TRUE",
                                 "subjectAltName=DNS:a,IP:::1",
                                 "nameConstraints=permitted;DNS:a",
                                 "subjectKeyIdentifier=hash" } },
        der, sizeof(der));

    (void)state;
    for (size_t n = 0; n < len; n++) {
        struct hf_error error = { .code = HF_OK };
        uint8_t *cut = test_malloc(n + 1);

        memcpy(cut, der, n);
        assert_null(hf_cert_new(hf_span(cut, n), &error));
        assert_int_equal(error.code, HF_E_CERT_DER);
        test_free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fields_are_where_they_should_be),
        cmocka_unit_test(malformed_fields_are_refused_by_name),
        cmocka_unit_test(edges_of_the_allowed_are_read),
        cmocka_unit_test(more_than_64_kib_is_refused),
        cmocka_unit_test(malformed_extensions_are_refused_by_name),
        cmocka_unit_test(extensions_become_flags),
        cmocka_unit_test(values_of_extensions_are_kept),
        cmocka_unit_test(the_first_critical_one_is_told),
        cmocka_unit_test(no_extension_may_come_twice),
        cmocka_unit_test(more_than_32_extensions_are_refused),
        cmocka_unit_test(critical_is_true_or_absent),
        cmocka_unit_test(keys_are_known_by_their_exact_bytes),
        cmocka_unit_test(odd_keys_are_no_keys),
        cmocka_unit_test(signature_algorithms_are_known_by_their_exact_bytes),
        cmocka_unit_test(names_are_told_with_the_most_specific_first),
        cmocka_unit_test(hostile_text_is_shown_harmless),
        cmocka_unit_test(object_identifiers_are_told_by_name_or_number),
        cmocka_unit_test(alternative_names_are_walked_and_told),
        cmocka_unit_test(addresses_are_told_as_rfc_5952_wants),
        cmocka_unit_test(the_place_of_the_issuer_is_found),
        cmocka_unit_test(real_roots_are_read_as_libcrypto_reads_them),
        cmocka_unit_test(what_we_read_libcrypto_reads_too),
        cmocka_unit_test(every_cut_of_a_certificate_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
