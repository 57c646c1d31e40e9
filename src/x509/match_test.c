/* match_test.c - which names a certificate covers, and what a name is. */
#include "x509/x509_make.h"

#include <stdlib.h>

/* ---- patterns -------------------------------------------------------------------- */

static void patterns_cover_names(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool covers;
    } rows[] = {
        { "example.com", "example.com", true },
        { "EXAMPLE.com", "example.com", true },
        { "example.com", "example.org", false },
        { "example.com", "www.example.com", false },
        { "www.example.com", "example.com", false },
        { "example.com", "example.comm", false },
        { "localhost", "localhost", true },
        { "*.example.com", "www.example.com", true },
        { "*.Example.COM", "www.example.com", true },
        { "*.example.com", "xn--bcher-kva.example.com", true },
        { "*.example.com", "example.com", false },
        { "*.example.com", "a.b.example.com", false },
        { "*.example.com", ".example.com", false },
        { "*.example.com", ".a.example.com", false },
        { "*.example.com", "wwwexample.com", false },
        { "*.example.com", "localhost", false },
        { "*.com", "example.com", false }, /* one label behind it */
        { "*.localhost", "a.localhost", false },
        { "*", "localhost", false },
        { "*", "example.com", false },
        { "*.", "a.", false },
        { "**.example.com", "www.example.com", false },
        { "w*.example.com", "www.example.com", false },
        { "*w.example.com", "www.example.com", false },
        { "www.*.com", "www.example.com", false },
        { "*.*.com", "www.example.com", false },
        { "xn--*-1b3c148a.example.com", "xn--bliss-1b3c148a.example.com",
          false },
        { "example.com.", "example.com", false }, /* not as in a certificate */
        { ".example.com", "www.example.com", false },
        { "*.exa_mple.com", "www.exa_mple.com", false }, /* not LDH */
        { "exa_mple.com", "exa_mple.com", false },
        { "-a.example.com", "-a.example.com", false },
        { "a-.example.com", "a-.example.com", false },
        { "a..example.com", "a..example.com", false },
        { "", "", false },
        { "127.0.0.1", "127.0.0.1", true }, /* as names; but see below */
        { "*.0.0.1", "127.0.0.1", true },
        { "a b", "a b", false },
        { "\xc3\xa9.example.com", "\xc3\xa9.example.com", false },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        size_t len = strlen(rows[i].name);
        char *name = malloc(len + !len); /* no NUL stops who reads on */

        assert_non_null(name);
        memcpy(name, rows[i].name, len);
        if (hf_dns_covers(hf_span_text(rows[i].pattern), hf_span(name, len)) !=
            rows[i].covers)
            fail_msg("%s, %s", rows[i].pattern, rows[i].name);
        free(name);
    }
}

static void a_nul_ends_no_name(void **state)
{
    (void)state;
    assert_false(hf_dns_covers(hf_span("example.com\0.evil.org", 21),
                               hf_span_text("example.com")));
    assert_false(hf_dns_covers(hf_span("example.com\0", 12),
                               hf_span_text("example.com")));
}

static void lengths_of_names_are_bounded(void **state)
{
    char label[65], name[256];
    size_t labels;

    (void)state;
    memset(label, 'a', sizeof(label));
    assert_true(hf_dns_is_sound(hf_span(label, 63), &labels));
    assert_int_equal(labels, 1);
    assert_false(hf_dns_is_sound(hf_span(label, 64), &labels));
    memset(name, 'b', sizeof(name)); /* and so is each that follows */
    name[1] = name[2 + 63] = '.';
    assert_true(hf_dns_is_sound(hf_span(name, 2 + 63), &labels));
    assert_true(hf_dns_is_sound(hf_span(name, 2 + 63 + 1 + 63), &labels));
    assert_int_equal(labels, 3);
    assert_false(hf_dns_is_sound(hf_span(name, 2 + 63 + 1 + 64), &labels));
    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = i % 2 ? '.' : 'a';
    assert_true(hf_dns_is_sound(hf_span(name, 253), &labels));
    assert_int_equal(labels, 127);
    assert_false(hf_dns_is_sound(hf_span(name, 255), &labels));
    name[1] = 'a'; /* two letters in front */
    for (size_t i = 2; i < sizeof(name); i++)
        name[i] = i % 2 ? 'a' : '.';
    assert_false(hf_dns_is_sound(hf_span(name, 254), &labels));
    assert_true(hf_dns_is_sound(hf_span(name, 252), &labels));
}

static void letters_and_digits_are_names_and_hyphens_are_inside(void **state)
{
    size_t labels;

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t name[3] = { 'a', (uint8_t)c, 'b' };
        bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                      (c >= 'A' && c <= 'Z');

        assert_int_equal(hf_dns_is_sound(hf_span(name + 1, 1), &labels),
                         letter);
        assert_int_equal(hf_dns_is_sound(HF_SPAN(name), &labels),
                         letter || c == '-' || c == '.');
        assert_int_equal(labels, c == '.' ? 2 : 1);
    }
}

static void a_wildcard_is_a_star_a_dot_and_more(void **state)
{
    (void)state;
    assert_true(hf_dns_is_wildcard(hf_span_text("*.a")));
    assert_false(hf_dns_is_wildcard(hf_span_text("*.")));
    assert_false(hf_dns_is_wildcard(hf_span_text("*")));
    assert_false(hf_dns_is_wildcard(hf_span_text("")));
    assert_false(hf_dns_is_wildcard(hf_span_text("*a.b")));
    assert_false(hf_dns_is_wildcard(hf_span_text("a.b")));
}

/* ---- what is wanted ------------------------------------------------------------------ */

static void names_to_check_are_read(void **state)
{
    static const struct {
        const char *text, *dns;
    } rows[] = {
        { "example.com", "example.com" },
        { "Example.COM", "example.com" },
        { "example.com.", "example.com" },
        { "localhost", "localhost" },
        { "a", "a" },
        { "1.example", "1.example" },
        { "xn--bcher-kva.example", "xn--bcher-kva.example" },
        { "1-1", "1-1" },
        { "127.0.0.1.example", "127.0.0.1.example" },
    };
    static const uint8_t zero[sizeof((struct hf_peer_name){ 0 }.ip)];
    struct hf_peer_name name;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        assert_true(hf_peer_name_read(rows[i].text, &name));
        assert_false(name.is_ip);
        assert_int_equal(name.ip_len, 0);
        assert_memory_equal(name.ip, zero, sizeof(zero)); /* nor half of one */
        assert_string_equal(name.dns, rows[i].dns);
    }
}

static void addresses_to_check_are_read(void **state)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {
        { "127.0.0.1", "7f000001" },
        { "0.0.0.0", "00000000" },
        { "255.255.255.255", "ffffffff" },
        { "::", "00000000000000000000000000000000" },
        { "::1", "00000000000000000000000000000001" },
        { "1::", "00010000000000000000000000000000" },
        { "2001:DB8::8:800:200C:417A", "20010db80000000000080800200c417a" },
        { "1:2:3:4:5:6:7:8", "00010002000300040005000600070008" },
        { "1:2:3:4:5:6:7::", "00010002000300040005000600070000" },
        { "::2:3:4:5:6:7:8", "00000002000300040005000600070008" },
        { "::ffff:192.0.2.1", "00000000000000000000ffffc0000201" },
        { "1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304" },
        { "::1.2.3.4", "00000000000000000000000001020304" },
        { "fe80::1:0:0:1", "fe800000000000000001000000000001" },
    };
    struct hf_peer_name name;
    char hex[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        if (!hf_peer_name_read(rows[i].text, &name))
            fail_msg("%s", rows[i].text);
        assert_true(name.is_ip);
        assert_true(hf_hex(hex, sizeof(hex), hf_span(name.ip, name.ip_len)));
        assert_string_equal(hex, rows[i].hex);
        assert_string_equal(name.dns, "");
    }
}

static void what_is_neither_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a..",
        "-a",
        "a-",
        "a_b",
        "a b",
        "*",
        "*.example.com",
        "example.com/",
        "example.com:443",
        "user@example.com",
        "\xc3\xa9xample.com",
        "1.2.3",
        "1.2.3.4.5",
        "256.0.0.1",
        "1.2.3.04",
        "1.2.3.",
        "1",
        "12345",
        "01.2.3.4",
        "1.2.3.4.",
        "0x7f.1.2.3",
        "[::1]",
        "::1%eth0",
        "fe80::1%1",
        ":",
        ":::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "12345::",
        "::g",
        "1:",
        ":1",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3",
        "::1.2.3.4:5",
        "::256.0.0.1",
        "1:::2",
        "example.123",
    };
    struct hf_peer_name name;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(bad); i++)
        if (hf_peer_name_read(bad[i], &name))
            fail_msg("read: %s", bad[i]);
}

/* ---- certificates ----------------------------------------------------------------------- */

static bool names(const char *san, const char *wanted)
{
    struct hf_cert *c = make_cert(
        &(struct make){ .subject = "CN=example.com", .ext = { san } });
    struct hf_peer_name name;
    bool ok;

    assert_true(hf_peer_name_read(wanted, &name));
    ok = hf_cert_names(c, &name);
    hf_cert_free(c);
    return ok;
}

static void alternative_names_are_looked_at(void **state)
{
    (void)state;
    assert_true(
        names("subjectAltName=DNS:a.org,DNS:example.com", "example.com."));
    assert_true(names("subjectAltName=DNS:*.example.com", "www.example.com"));
    assert_true(names("subjectAltName=IP:127.0.0.1", "127.0.0.1"));
    assert_true(names("subjectAltName=IP:::1", "0:0:0:0:0:0:0:1"));
    assert_false(names("subjectAltName=IP:127.0.0.1", "127.0.0.2"));
    assert_false(names("subjectAltName=IP:127.0.0.1", "::ffff:127.0.0.1"));
}

static void no_name_counts_that_stands_elsewhere(void **state)
{
    (void)state;
    assert_false(names(NULL, "example.com")); /* CN */
    assert_false(names("subjectAltName=DNS:a.org", "example.com"));
    assert_false(names("subjectAltName=email:example.com", "example.com"));
    assert_false(
        names("subjectAltName=URI:https://example.com", "example.com"));
    /* An address in a dNSName, a name in an iPAddress. */
    assert_false(names("subjectAltName=DNS:127.0.0.1", "127.0.0.1"));
    assert_false(names("subjectAltName=DNS:*.0.0.1", "127.0.0.1"));
    assert_false(names("subjectAltName=IP:97.98.99.100", "abcd"));
}

static void alternative_names_are_told_one_by_one(void **state)
{
    static const uint8_t kinds[] = { HF_SAN_DNS, HF_SAN_IP, HF_SAN_EMAIL,
                                     HF_SAN_URI, HF_SAN_DNS };
    struct hf_cert *c = make_cert(&(struct make){
        .subject = "CN=a",
        .ext = { "subjectAltName=DNS:a.org,IP:127.0.0.1,email:x@a.org,"
                 "URI:https://a.org/,DNS:b.org" } });
    struct hf_der none;
    struct hf_san san;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(kinds); i++) {
        assert_true(hf_cert_san(c, i, &san));
        assert_int_equal(san.kind, kinds[i]);
    }
    assert_true(hf_span_equal(san.value, hf_span_text("b.org")));
    assert_false(hf_cert_san(c, HF_COUNT(kinds), &san));
    hf_cert_free(c);
    c = make_cert(&(struct make){ .subject = "CN=a" });
    assert_false(hf_cert_san(c, 0, &san));
    none = hf_san_begin(c);
    assert_true(hf_der_done(&none));
    hf_cert_free(c);
}

/* RFC 5280 4.2.1.6; of a kind that nobody compares, the tag is kept. */
static void general_names_are_known_by_their_tags(void **state)
{
    static const uint8_t bytes[] = { 0x80, 1, 'x' };
    static const struct {
        uint8_t tag, kind;
    } rows[] = {
        { 0xa0, HF_SAN_OTHER },     { 0x81, HF_SAN_EMAIL },
        { 0x82, HF_SAN_DNS },       { 0xa3, HF_SAN_OTHER },
        { 0xa4, HF_SAN_DIRECTORY }, { 0xa5, HF_SAN_OTHER },
        { 0x86, HF_SAN_URI },       { 0x87, HF_SAN_IP },
        { 0x88, HF_SAN_OTHER },     { 0xa2, HF_SAN_OTHER },
        { 0x84, HF_SAN_OTHER },     { 0x02, HF_SAN_OTHER },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        const struct hf_tlv tlv = { .tag = rows[i].tag,
                                    .value = hf_span(bytes + 2, 1),
                                    .whole = HF_SPAN(bytes) };
        struct hf_san san = hf_general_name(&tlv);

        assert_int_equal(san.kind, rows[i].kind);
        assert_int_equal(san.value.len, rows[i].kind == HF_SAN_OTHER ? 3 : 1);
        assert_ptr_equal(san.value.at,
                         rows[i].kind == HF_SAN_OTHER ? bytes : bytes + 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_cover_names),
        cmocka_unit_test(a_nul_ends_no_name),
        cmocka_unit_test(lengths_of_names_are_bounded),
        cmocka_unit_test(letters_and_digits_are_names_and_hyphens_are_inside),
        cmocka_unit_test(a_wildcard_is_a_star_a_dot_and_more),
        cmocka_unit_test(names_to_check_are_read),
        cmocka_unit_test(addresses_to_check_are_read),
        cmocka_unit_test(what_is_neither_is_refused),
        cmocka_unit_test(alternative_names_are_looked_at),
        cmocka_unit_test(no_name_counts_that_stands_elsewhere),
        cmocka_unit_test(alternative_names_are_told_one_by_one),
        cmocka_unit_test(general_names_are_known_by_their_tags),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
