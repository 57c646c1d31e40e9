/* cert_test.c - the fields and extensions of a certificate: what is well-formed
 * is found, what is malformed is refused with its name and byte. */
#include "x509/x509_make.h"

/* ---- a certificate put together by hand ---------------------------------------------- */

enum part {
    VERSION,
    SERIAL,
    INNER,
    ISSUER,
    VALIDITY,
    SUBJECT,
    SPKI,
    EXTENSIONS,
    TAIL,
    OUTER,
    SIGNATURE,
    AFTER,
    PARTS
};

#define ALGORITHM "300a06082a8648ce3d040302"
#define LAB "300e310c300a06035504030c034c6162" /* CN=Lab */
#define POINT                                                          \
    "04"                                                               \
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

/* RFC 5280 4.1.2.8 */
static void unique_identifiers_are_passed_over(void **state)
{
    static const char *const rows[] = { "8102 0001", "8201 00",
                                        "8102 0701 8202 0080" };
    struct hf_error error;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_cert *c = with(EXTENSIONS, rows[i], &error);

        assert_non_null(c);
        assert_true(c->flags == HF_CERT_SELF_ISSUED);
        hf_cert_free(c);
    }
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
        { VERSION, "a003020103", "version", "not version 3",
          HF_E_CERT_VERSION },
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
        { VALIDITY,
          "301e170d3236313231363038303030305a"
          "170d3237303231343038303030395b",
          "validity", "date", HF_E_CERT_DER },
        { VALIDITY,
          "3020170d3236313231363038303030305a"
          "170d3237303231343038303030305a0500",
          "validity", "date", HF_E_CERT_DER },
        { SPKI, "3000", "subjectPublicKeyInfo", "SubjectPublicKeyInfo",
          HF_E_CERT_DER },
        { SPKI,
          "305b301306072a8648ce3d020106082a8648ce3d030107034200" POINT "0500",
          "subjectPublicKeyInfo", "SubjectPublicKeyInfo", HF_E_CERT_DER },
        { SPKI,
          "3058301306072a8648ce3d020106082a8648ce3d030107034101"
          "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d8"
          "98c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6"
          "406837bf51f4",
          "subjectPublicKeyInfo", "SubjectPublicKeyInfo",
          HF_E_CERT_DER }, /* a bit short */
        { TAIL, "0500", "extensions", "extensions", HF_E_CERT_DER },
        { EXTENSIONS, "8102 0801", "uniqueID", "BIT STRING", HF_E_CERT_DER },
        { EXTENSIONS, "8200", "uniqueID", "BIT STRING", HF_E_CERT_DER },
        { EXTENSIONS, "a103 030100", "extensions", "extensions",
          HF_E_CERT_DER },
        { EXTENSIONS, "8201 00 8101 00", "extensions", "extensions",
          HF_E_CERT_DER }, /* the other way round */
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
        { "551d0f", "03020700", "keyUsage" }, /* no bit */
        { "551d0f", "030100", "keyUsage" },
        { "551d0f", "030400000080", "keyUsage" }, /* 17 and more bits */
        { "551d0f", "030207c0", "keyUsage" },     /* a pad bit set */
        { "551d0f", "0500", "keyUsage" },
        { "551d11", "3000", "subjectAltName" },
        { "551d11", "646e733a61", "subjectAltName" }, /* limbo: ASCII */
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
        { "2b0601050507300105", "0400", "ocspNoCheck" },
        { "2b0601050507300105", "050100", "ocspNoCheck" },
        { "2b06010401d679020402", "0500", "signedCertificateTimestampList" },
        /* Something behind the value. */
        { "551d0f", "03020780 0500", "keyUsage" },
        { "551d11", "3003820161 0500", "subjectAltName" },
        { "551d13", "30030101ff 0500", "basicConstraints" },
        { "551d1e", "3007a0053003820161 0500", "nameConstraints" },
        { "551d1f", "30023000 0500", "cRLDistributionPoints" },
        { "551d20", "300a300806062a0304050607 0500", "certificatePolicies" },
        { "551d23", "3003800101 0500", "authorityKeyIdentifier" },
        { "551d25", "300306012a 0500", "extKeyUsage" },
        { "551d36", "020100 0500", "inhibitAnyPolicy" },
        { "2b06010505070101", "300f300d06082b06010505073002860161 0500",
          "authorityInfoAccess" },
        { "2b06010505070118", "3003020105 0500", "tlsFeature" },
        { "2b06010401d679020402", "0400 0500",
          "signedCertificateTimestampList" },
        /* Addresses of odd lengths, where a GeneralName may be one. */
        { "551d1e", "300ba009300787050102030405", "nameConstraints" },
        { "551d1e", "3007a0053003870101", "nameConstraints" },
        { "2b06010505070101", "3011300f06082b060105050730028703010203",
          "authorityInfoAccess" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error;
        struct hf_cert *c = with_one(rows[i].oid, false, rows[i].value, &error);

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
        { "551d24", "3003800100", true, HF_CERT_POLICY_CONSTRAINTS_CRITICAL },
        { "551d24", "3006800100810103", false, 0 },
        { "2b06010505070101", "300f300d06082b06010505073002860161", true,
          HF_CERT_CRITICAL },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error;
        struct hf_cert *c = with_one(rows[i].oid, rows[i].critical,
                                     rows[i].value, &error);

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

static void nothing_follows_a_value(void **state)
{
    /* An OCTET STRING, then a NULL. */
    static const uint8_t list[] = { 0x30, 0x0c, 6, 4, 0x2a, 3, 4,
                                    5,    4,    2, 5, 0,    5, 0 };
    struct hf_error error;

    (void)state;
    assert_null(with_extensions(list, sizeof(list), &error));
    assert_non_null(strstr(error.detail, "OCTET STRING"));
    assert_null(with(
        EXTENSIONS, "a317 3013 3011 0603551d0e 040a 0408 0102030405060708 0500",
        &error));
    assert_non_null(strstr(error.detail, "at the end"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fields_are_where_they_should_be),
        cmocka_unit_test(unique_identifiers_are_passed_over),
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
        cmocka_unit_test(nothing_follows_a_value),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
