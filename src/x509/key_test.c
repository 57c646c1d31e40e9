/* key_test.c - every row of the two tables of exact DER, and what is beside
 * them: one byte more, less or other is another algorithm, or none. */
#include "x509/x509_make.h"

/* A SEQUENCE or another of definite length around @len bytes at @in; @out may
 * not overlap. */
static size_t wrap(uint8_t *out, uint8_t tag, const uint8_t *in, size_t len)
{
    size_t head = 2;

    out[0] = tag;
    if (len < 0x80) {
        out[1] = (uint8_t)len;
    } else if (len < 0x100) {
        out[1] = 0x81;
        out[2] = (uint8_t)len;
        head = 3;
    } else {
        out[1] = 0x82;
        hf_store_number(out + 2, len, 2);
        head = 4;
    }
    memcpy(out + head, in, len);
    return head + len;
}

#define OID_RSA "06092a864886f70d0101"  /* and one byte */
#define OID_SHA "0609608648016503040 2" /* and one byte */
#define PSS_NULL(sha, salt)                               \
    "3041" OID_RSA "0a 3034 a00f 300d" OID_SHA sha "0500" \
    "a11c 301a" OID_RSA "08 300d" OID_SHA sha "0500 a203 0201" salt
#define PSS_BARE(sha, salt)                                            \
    "303d" OID_RSA "0a 3030 a00d 300b" OID_SHA sha "a11a 3018" OID_RSA \
    "08 300b" OID_SHA sha "a203 0201" salt
#define MLDSA "300b0609608648016503040 3" /* and one byte */

static size_t unhex(const char *text, uint8_t *out, size_t cap)
{
    char dense[512];
    size_t n = 0, len;

    for (; *text; text++)
        if (*text != ' ')
            dense[n++] = *text;
    assert_true(n < sizeof(dense));
    assert_true(hf_unhex(hf_span(dense, n), out, cap, &len));
    return len;
}

/* ---- signatures ------------------------------------------------------------------- */

static const struct {
    const char *hex;
    unsigned padding, hash, kind;
} signatures[] = {
    { "300a 06082a8648ce3d040302", HF_PADDING_NONE, HF_SHA256, 0 },
    { "300a 06082a8648ce3d040303", HF_PADDING_NONE, HF_SHA384, 0 },
    { "300a 06082a8648ce3d040304", HF_PADDING_NONE, HF_SHA512, 0 },
    { "300d" OID_RSA "0b 0500", HF_PADDING_PKCS1, HF_SHA256, 0 },
    { "300d" OID_RSA "0c 0500", HF_PADDING_PKCS1, HF_SHA384, 0 },
    { "300d" OID_RSA "0d 0500", HF_PADDING_PKCS1, HF_SHA512, 0 },
    { "300b" OID_RSA "0b", HF_PADDING_PKCS1, HF_SHA256, 0 },
    { "300b" OID_RSA "0c", HF_PADDING_PKCS1, HF_SHA384, 0 },
    { "300b" OID_RSA "0d", HF_PADDING_PKCS1, HF_SHA512, 0 },
    { "3005 06032b6570", HF_PADDING_NONE, HF_HASH_NONE, HF_KEY_ED25519 },
    { MLDSA "11", HF_PADDING_NONE, HF_HASH_NONE, HF_KEY_MLDSA44 },
    { MLDSA "12", HF_PADDING_NONE, HF_HASH_NONE, HF_KEY_MLDSA65 },
    { MLDSA "13", HF_PADDING_NONE, HF_HASH_NONE, HF_KEY_MLDSA87 },
    { PSS_NULL("01", "20"), HF_PADDING_PSS, HF_SHA256, 0 },
    { PSS_NULL("02", "30"), HF_PADDING_PSS, HF_SHA384, 0 },
    { PSS_NULL("03", "40"), HF_PADDING_PSS, HF_SHA512, 0 },
    { PSS_BARE("01", "20"), HF_PADDING_PSS, HF_SHA256, 0 },
    { PSS_BARE("02", "30"), HF_PADDING_PSS, HF_SHA384, 0 },
    { PSS_BARE("03", "40"), HF_PADDING_PSS, HF_SHA512, 0 },
};

/* Which row has these bytes, or how many there are. */
static size_t row_of(struct hf_span der)
{
    uint8_t bytes[128];

    for (size_t i = 0; i < HF_COUNT(signatures); i++)
        if (hf_span_equal(der, hf_span(bytes, unhex(signatures[i].hex, bytes,
                                                    sizeof(bytes)))))
            return i;
    return HF_COUNT(signatures);
}

static void assert_algorithm(struct hf_span der)
{
    size_t row = row_of(der);
    uint8_t padding = 99, hash = 99;
    bool known = hf_algorithm_parts(der, &padding, &hash);

    assert_int_equal(known, row < HF_COUNT(signatures));
    if (known) {
        assert_int_equal(padding, signatures[row].padding);
        assert_int_equal(hash, signatures[row].hash);
        assert_int_equal(hf_algorithm_kind(der), signatures[row].kind);
        assert_int_equal(hf_algorithm_digest(der), signatures[row].hash);
    } else {
        assert_int_equal(padding, HF_PADDING_NONE);
        assert_int_equal(hash, HF_HASH_NONE);
        assert_int_equal(hf_algorithm_kind(der), HF_KEY_NONE);
    }
}

static void an_algorithm_is_all_of_its_bytes(void **state)
{
    uint8_t der[130];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(signatures); i++) {
        size_t len = unhex(signatures[i].hex, der, sizeof(der) - 1);

        assert_int_equal(row_of(hf_span(der, len)), i);
        assert_algorithm(hf_span(der, len));
        assert_algorithm(hf_span(der, len - 1));
        der[len] = 0;
        assert_algorithm(hf_span(der, len + 1));
        for (size_t at = 0; at < len; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                der[at] ^= (uint8_t)(1 << bit);
                assert_algorithm(hf_span(der, len));
                der[at] ^= (uint8_t)(1 << bit);
            }
    }
}

/* RFC 5929 4.1: MD5 and SHA-1 are replaced by SHA-256. */
static void weak_hashes_still_name_a_certificate(void **state)
{
    static const struct {
        const char *hex;
        unsigned hash;
    } rows[] = {
        { "300d" OID_RSA "04 0500", HF_SHA256 },
        { "300b" OID_RSA "04", HF_SHA256 },
        { "300d" OID_RSA "05 0500", HF_SHA256 },
        { "300b" OID_RSA "05", HF_SHA256 },
        { "3009 06072a8648ce3d0401", HF_SHA256 },
        { "300d" OID_RSA "0a 3000", HF_SHA256 },
        { "300d" OID_RSA "02 0500", HF_HASH_NONE }, /* MD2 */
        { "300d" OID_RSA "0e 0500", HF_HASH_NONE }, /* SHA-224 */
        { "300a 06082a8648ce3d040301", HF_HASH_NONE },
    };
    uint8_t der[64], padding, hash;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_span algorithm = hf_span(
            der, unhex(rows[i].hex, der, sizeof(der)));

        assert_int_equal(hf_algorithm_digest(algorithm), rows[i].hash);
        assert_false(hf_algorithm_parts(algorithm, &padding, &hash));
    }
}

/* ---- the shape of an AlgorithmIdentifier --------------------------------------------- */

static void an_algorithm_has_an_oid_and_one_parameter_at_most(void **state)
{
    static const struct {
        const char *hex;
        bool sound;
    } rows[] = {
        { "3003 06012a", true },
        { "3005 06012a 0500", true },
        { "3005 06012a 3000", true },
        { "3000", false },
        { "3002 0500", false },             /* no OID */
        { "3007 06012a 0500 0500", false }, /* two */
        { "3005 06012a 0501", false },      /* cut */
        { "3006 06012a 050100", false },    /* a NULL with a byte */
        { "3007 06012a 3002 0501", false }, /* unsound inside */
        { "3103 06012a", false },           /* a SET */
        { "3002 0600", false },             /* an empty OID */
    };
    uint8_t der[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_der r = hf_der(
            hf_span(der, unhex(rows[i].hex, der, sizeof(der))));
        struct hf_tlv tlv;

        assert_true(hf_der_next(&r, &tlv));
        if (hf_algorithm_is_sound(&tlv) != rows[i].sound)
            fail_msg("%s", rows[i].hex);
    }
}

/* ---- keys --------------------------------------------------------------------------- */

struct spki {
    uint8_t der[5000];
    size_t len;
};

static struct hf_span spki_of(struct spki *s, const char *algorithm,
                              unsigned unused, const uint8_t *key, size_t len)
{
    static uint8_t inside[5000], bits[5000];
    size_t at = unhex(algorithm, inside, sizeof(inside));

    bits[0] = (uint8_t)unused;
    memcpy(bits + 1, key, len);
    at += wrap(inside + at, 0x03, bits, len + 1);
    s->len = wrap(s->der, 0x30, inside, at);
    return hf_span(s->der, s->len);
}

static const struct {
    const char *algorithm;
    unsigned kind, bits;
    size_t len;
    bool curve;
} fixed[] = {
    { "3013 06072a8648ce3d0201 06082a8648ce3d030107", HF_KEY_P256, 256, 65,
      true },
    { "3010 06072a8648ce3d0201 06052b81040022", HF_KEY_P384, 384, 97, true },
    { "3010 06072a8648ce3d0201 06052b81040023", HF_KEY_P521, 521, 133, true },
    { "3005 06032b6570", HF_KEY_ED25519, 256, 32, false },
    { MLDSA "11", HF_KEY_MLDSA44, 0, 1312, false },
    { MLDSA "12", HF_KEY_MLDSA65, 0, 1952, false },
    { MLDSA "13", HF_KEY_MLDSA87, 0, 2592, false },
};

/* RFC 5480 2.2, RFC 8410 4, RFC 9881 4. */
static void keys_of_a_size_have_that_size_and_points_their_form(void **state)
{
    static struct spki s;
    static uint8_t key[4000];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(fixed); i++)
        for (size_t len = fixed[i].len - 1; len <= fixed[i].len + 1; len++)
            for (unsigned form = 2; form <= 5; form++) {
                struct hf_public_key out;
                bool good = len == fixed[i].len &&
                            (form == 4 || !fixed[i].curve);

                memset(key, 0x5a, sizeof(key));
                key[0] = (uint8_t)form;
                assert_true(hf_spki_read(
                    spki_of(&s, fixed[i].algorithm, 0, key, len), &out));
                assert_int_equal(out.kind, good ? fixed[i].kind : HF_KEY_NONE);
                assert_int_equal(out.bits, good ? fixed[i].bits : 0);
                assert_int_equal(out.point.len, good ? len : 0);
                assert_int_equal(out.pss_hash, 0);
                /* RFC 5280 4.1: a key has whole bytes. */
                assert_false(hf_spki_read(
                    spki_of(&s, fixed[i].algorithm, 1, key, len), &out));
                assert_int_equal(out.kind, HF_KEY_NONE);
            }
}

/* RSAPublicKey of these two numbers, without a sign in front. */
static size_t rsa_of(uint8_t *out, size_t bytes, uint8_t top, uint8_t low,
                     const char *exponent)
{
    static uint8_t n[4000], e[16], inside[5000];
    size_t at, len, sign = top >> 7;

    memset(n, 0, sizeof(n));
    n[sign] = top;
    n[sign + bytes - 1] = low;
    at = wrap(inside, 0x02, n, sign + bytes);
    len = unhex(exponent, e, sizeof(e));
    at += wrap(inside + at, 0x02, e, len);
    return wrap(out, 0x30, inside, at);
}

static void rsa_keys_have_bounds(void **state)
{
    static const struct {
        size_t bytes;
        uint8_t top, low;
        const char *exponent;
        unsigned bits; /* 0: no key */
    } rows[] = {
        { 256, 0x80, 1, "010001", 2048 },
        { 256, 0x40, 1, "010001", 2047 },
        { 256, 0x01, 1, "010001", 2041 },
        { 257, 0x01, 1, "010001", 2049 },
        { 2048, 0xff, 1, "010001", 16384 },
        { 2049, 0x01, 1, "010001", 0 }, /* 16,385 bits */
        { 256, 0x80, 2, "010001", 0 },  /* even */
        { 256, 0x80, 0xff, "010001", 2048 },
        { 256, 0x80, 1, "03", 2048 },
        { 256, 0x80, 1, "01", 0 },
        { 256, 0x80, 1, "0101", 2048 },
        { 256, 0x80, 1, "7fffffff", 2048 }, /* 31 bits */
        { 256, 0x80, 1, "0100000001", 0 },  /* 33 */
        { 256, 0x80, 1, "02", 0 },
        { 256, 0x80, 1, "010000", 0 },
    };
    static const char *const algorithms[] = {
        "300d" OID_RSA "01 0500", "300b" OID_RSA "0a",  PSS_NULL("01", "20"),
        PSS_BARE("01", "20"),     PSS_NULL("02", "30"), PSS_BARE("02", "30"),
        PSS_NULL("03", "40"),     PSS_BARE("03", "40"),
    };
    static const unsigned pss_hash[] = { 0,         0,         HF_SHA256,
                                         HF_SHA256, HF_SHA384, HF_SHA384,
                                         HF_SHA512, HF_SHA512 };
    static struct spki s;
    static uint8_t key[5000];

    (void)state;
    for (size_t a = 0; a < HF_COUNT(algorithms); a++)
        for (size_t i = 0; i < HF_COUNT(rows); i++) {
            size_t len = rsa_of(key, rows[i].bytes, rows[i].top, rows[i].low,
                                rows[i].exponent);
            unsigned kind = a ? HF_KEY_RSA_PSS : HF_KEY_RSA;
            struct hf_public_key out;

            assert_true(
                hf_spki_read(spki_of(&s, algorithms[a], 0, key, len), &out));
            assert_int_equal(out.kind, rows[i].bits ? kind : HF_KEY_NONE);
            assert_int_equal(out.bits, rows[i].bits);
            if (rows[i].bits) {
                assert_int_equal(out.pss_hash, pss_hash[a]);
                assert_int_equal(out.modulus.len, rows[i].bytes);
                assert_int_equal(out.modulus.at[0], rows[i].top);
                assert_int_equal(out.exponent.len,
                                 strlen(rows[i].exponent) / 2);
            }
        }
}

static void what_is_no_rsa_key_in_der_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "3006 020103 020103 00",   /* behind it */
        "3009 020103 020103 0500", /* a third, cut */
        "3008 020103 020103 0500", /* a third */
        "3003 020103",             /* one number */
        "3106 020103 020103",      /* a SET */
        "3006 020183 020103",      /* negative */
        "3006 020103 020183",
        "3006 030103 020103",
        "3005 020103 0200",
    };
    static struct spki s;
    uint8_t key[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(bad); i++) {
        struct hf_public_key out;
        size_t len = unhex(bad[i], key, sizeof(key));

        if (hf_spki_read(spki_of(&s, "300d" OID_RSA "01 0500", 0, key, len),
                         &out))
            fail_msg("%s", bad[i]);
        assert_int_equal(out.kind, HF_KEY_NONE);
    }
}

/* The outer shape counts for kinds of key that nobody knows, too. */
static void a_key_is_two_values_and_no_more(void **state)
{
    static const struct {
        const char *hex;
        bool sound;
    } rows[] = {
        { "3009 3003 06012a 03020001", true },
        { "3009 3003 06012a 03020001 00", false },
        { "300b 3003 06012a 03020001 0500", false },
        { "3005 3003 06012a", false },
        { "3109 3003 06012a 03020001", false },
        { "3009 3003 06012a 04020001", false },
        { "3009 3103 06012a 03020001", false },
        { "300d 3007 06012a 0500 0500 03020001", false },
        { "3006 3000 03020001", false },
        { "", false },
    };
    uint8_t der[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_public_key out = { .kind = HF_KEY_RSA };
        size_t len = unhex(rows[i].hex, der, sizeof(der));

        if (hf_spki_read(hf_span(der, len), &out) != rows[i].sound)
            fail_msg("%s", rows[i].hex);
        assert_int_equal(out.kind, HF_KEY_NONE);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_algorithm_is_all_of_its_bytes),
        cmocka_unit_test(weak_hashes_still_name_a_certificate),
        cmocka_unit_test(an_algorithm_has_an_oid_and_one_parameter_at_most),
        cmocka_unit_test(keys_of_a_size_have_that_size_and_points_their_form),
        cmocka_unit_test(rsa_keys_have_bounds),
        cmocka_unit_test(what_is_no_rsa_key_in_der_is_refused),
        cmocka_unit_test(a_key_is_two_values_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
