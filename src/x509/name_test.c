/* name_test.c - keys and algorithms are known by their bytes; names are told to
 * people so that they can do no harm. */
#include "x509/x509_make.h"

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
        struct hf_cert *c = make_cert(&(struct make){ .subject = "CN=key",
                                                      .key = rows[i].key,
                                                      .issuer = "CN=ca",
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
        { RSA_SPKI("1c", "0b", "08", "020303010f", "020103"), true,
          HF_KEY_RSA },
        { RSA_SPKI("1c", "0b", "08", "020303010e", "020103"), true,
          0 }, /* even */
        { RSA_SPKI("1c", "0b", "08", "020303010f", "020102"), true, 0 },
        { RSA_SPKI("1c", "0b", "08", "020303010f", "020101"), true, 0 },
        { RSA_SPKI("1c", "0b", "08", "020383010f", "020103"), false,
          0 }, /* < 0 */
        { RSA_SPKI("20", "0f", "0c", "020303010f", "02050100000001"), true, 0 },
        { RSA_SPKI("1e", "0d", "08", "020303010f", "020103 0500"), false, 0 },
        { "3059301306072a8648ce3d020106082a8648ce3d030107034200 02" /* form */
          "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
          "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
          true, 0 },
        { "3039301306072a8648ce3d020106082a8648ce3d030107032200 02"
          "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
          true, 0 },                 /* compressed */
        { "302a300506032b6570032100" /* Ed25519 */
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
          true, HF_KEY_ED25519 },
        { "3029300506032b6570032000"
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751",
          true, 0 },                     /* 31 bytes */
        { "302c300706032b65700500032100" /* parameters that must be absent */
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
          true, 0 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_public_key key;
        uint8_t der[128];
        size_t len;

        assert_true(
            hf_unhex(hf_span_text(rows[i].spki), der, sizeof(der), &len));
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
        unsigned names; /* the hash that names such a certificate */
    } rows[] = {
        { P256_A, "SHA256", false, true, HF_PADDING_NONE, HF_SHA256,
          "ecdsa-with-SHA256", HF_SHA256 },
        { P384, "SHA384", false, true, HF_PADDING_NONE, HF_SHA384,
          "ecdsa-with-SHA384", HF_SHA384 },
        { P521, "SHA512", false, true, HF_PADDING_NONE, HF_SHA512,
          "ecdsa-with-SHA512", HF_SHA512 },
        { RSA_2048, "SHA256", false, true, HF_PADDING_PKCS1, HF_SHA256,
          "sha256WithRSAEncryption", HF_SHA256 },
        { RSA_2048, "SHA384", false, true, HF_PADDING_PKCS1, HF_SHA384,
          "sha384WithRSAEncryption", HF_SHA384 },
        { RSA_2048, "SHA512", false, true, HF_PADDING_PKCS1, HF_SHA512,
          "sha512WithRSAEncryption", HF_SHA512 },
        { RSA_2048, "SHA256", true, true, HF_PADDING_PSS, HF_SHA256,
          "RSASSA-PSS with SHA256", HF_SHA256 },
        { RSA_2048, "SHA384", true, true, HF_PADDING_PSS, HF_SHA384,
          "RSASSA-PSS with SHA384", HF_SHA384 },
        { RSA_PSS, "SHA512", false, true, HF_PADDING_PSS, HF_SHA512,
          "RSASSA-PSS with SHA512", HF_SHA512 },
        { ED25519, NULL, false, true, HF_PADDING_NONE, HF_HASH_NONE, "Ed25519",
          HF_HASH_NONE },
        { RSA_2048, "SHA1", false, false, 0, 0, "sha1WithRSAEncryption",
          HF_SHA256 },
        { RSA_2048, "MD5", false, false, 0, 0, "md5WithRSAEncryption",
          HF_SHA256 },
        { RSA_2048, "SHA224", false, false, 0, 0, "sha224WithRSAEncryption",
          HF_HASH_NONE },
        { P256_A, "SHA1", false, false, 0, 0, "ecdsa-with-SHA1", HF_SHA256 },
        { RSA_2048, "SHA1", true, false, 0, 0, "id-RSASSA-PSS", HF_SHA256 },
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
        if (hf_algorithm_digest(c->algorithm) != rows[i].names)
            fail_msg("row %zu: named by %u", i,
                     hf_algorithm_digest(c->algorithm));
        if (ok != rows[i].ok || padding != rows[i].padding ||
            hash != rows[i].id || strcmp(text, rows[i].text) != 0)
            fail_msg("row %zu: %s", i, text);
        hf_cert_free(c);
    }
}

/* ---- words ----------------------------------------------------------------------------------- */

static void names_are_told_with_the_most_specific_first(void **state)
{
    struct hf_cert *c = make_cert(
        &(struct make){ .subject = "C=DE/O=Lab, Inc./OU=a+b/CN=localhost" });
    char text[128];

    (void)state;
    hf_name_text(c->subject, text, sizeof(text));
    assert_string_equal(text, "CN=localhost, OU=a\\+b, O=Lab\\, Inc., C=DE");
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
        { "0c0561256e0a62", "CN=a%n\\x0ab" }, /* line feed */
        { "0c031b5b6d", "CN=\\x1b[m" },       /* ESC */
        { "0c026100", "CN=a\\x00" },
        { "0c06e6b58be8af95", "CN=\xe6\xb5\x8b\xe8\xaf\x95" },
        { "0c04f09f9880", "CN=\xf0\x9f\x98\x80" },
        { "0c04e280ae61", "CN=\\xe2\\x80\\xae"
                          "a" },                       /* right to left */
        { "0c03e2808b", "CN=\\xe2\\x80\\x8b" },        /* no width */
        { "0c02c080", "CN=\\xc0\\x80" },               /* overlong */
        { "0c03eda080", "CN=\\xed\\xa0\\x80" },        /* surrogate */
        { "0c04f4908080", "CN=\\xf4\\x90\\x80\\x80" }, /* U+110000 */
        { "0c02e282", "CN=\\xe2\\x82" },               /* cut */
        { "13016a", "CN=j" },
        { "1e0400416d4b", "CN=A\xe6\xb5\x8b" }, /* BMPString */
        { "1e02d800", "CN=\\xed\\xa0\\x80" },
        { "1e0400e900e8", "CN=\xc3\xa9\xc3\xa8" },
        { "1c0400000041", "CN=#1c0400000041" },
        { "0c08225c2c2b3c3e3b3d", "CN=\\\"\\\\\\,\\+\\<\\>\\;\\=" },
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

        assert_true(
            hf_unhex(hf_span_text(rows[i].hex), oid, sizeof(oid), &len));
        hf_oid_text(hf_span(oid, len), text, sizeof(text));
        assert_string_equal(text, rows[i].text);
    }
}

static void alternative_names_are_walked_and_told(void **state)
{
    static const char *const texts[] = {
        "DNS:localhost",
        "DNS:*.example.com",
        "IP:127.0.0.1",
        "IP:::1",
        "IP:2001:db8::ff00:42:8329",
        "IP:1:0:0:2::",
        "email:a@b.c",
        "URI:http://x/y",
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
        { "abcdef0112345678000000010002000a",
          "IP:abcd:ef01:1234:5678:0:1:2:a" },
        { "c0000200ffffff00", "IP:192.0.2.0/24" },
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_san san = { HF_SAN_IP, hf_span(NULL, 0) };
        uint8_t ip[32];

        assert_true(hf_unhex(hf_span_text(rows[i].hex), ip, sizeof(ip),
                             &san.value.len));
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
    c = make_cert(
        &(struct make){ .subject = "CN=a",
                        .ext = { "authorityInfoAccess=OCSP;URI:http://o/" } });
    assert_false(hf_cert_aia(c, &url));
    hf_cert_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_known_by_their_exact_bytes),
        cmocka_unit_test(odd_keys_are_no_keys),
        cmocka_unit_test(signature_algorithms_are_known_by_their_exact_bytes),
        cmocka_unit_test(names_are_told_with_the_most_specific_first),
        cmocka_unit_test(hostile_text_is_shown_harmless),
        cmocka_unit_test(object_identifiers_are_told_by_name_or_number),
        cmocka_unit_test(alternative_names_are_walked_and_told),
        cmocka_unit_test(addresses_are_told_as_rfc_5952_wants),
        cmocka_unit_test(the_place_of_the_issuer_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
