/* words_test.c - what is said to people: of names, whatever they are made of, and
 * of each check, whichever way it went. */
#include "x509/scene.h"

static struct hf_words words;

/* What is said of this check of that certificate. */
static void say(const struct make *m, const struct hf_check *how)
{
    struct hf_cert *cert = make_cert(m);
    struct hf_check check = *how;

    check.cert = cert;
    hf_check_words(&check, &words);
    hf_cert_free(cert);
}

#define SAY(...) say(&leaf, &(struct hf_check){ __VA_ARGS__ })

static const struct make leaf = { LEAF };

static struct hf_span bytes_of(const char *hex)
{
    static uint8_t bytes[2048];
    size_t len;

    assert_true(hf_unhex(hf_span_text(hex), bytes, sizeof(bytes), &len));
    return hf_span(bytes, len);
}

/* ---- names ------------------------------------------------------------------------- */

static void name_is(const char *hex, const char *expected)
{
    char text[96] = "untouched";

    hf_name_text(bytes_of(hex), text, sizeof(text));
    assert_string_equal(text, expected);
}

/* RFC 4514 2.1: the last comes first; 2.2: "+" between those of one set. */
static void names_are_told_from_their_end(void **state)
{
    (void)state;
    name_is("3018310a30080603550403"
            "0c0161310a3008060355040a0c0162",
            "O=b, CN=a");
    name_is("301631143008060355040a0c01623008060355040b0c0163", "O=b+OU=c");
    name_is("3000", "(empty name)");
}

/* Nobody shows what is none; who did would be shown nothing. */
static void what_is_no_name_is_shown_as_nothing(void **state)
{
    static const char *const none[] = { "", "0500", "3005", "310a" };
    struct hf_tlv tlv;
    char text[8];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(none); i++) {
        name_is(none[i], "");
        assert_false(hf_name_find(bytes_of(none[i]), HF_NAME_CN, &tlv));
        hf_name_short(bytes_of(none[i]), text, sizeof(text));
        assert_string_equal(text, "");
    }
}

/* Thirty-two parts are told, and that there are more. */
static void a_name_of_many_parts_is_cut_at_its_end(void **state)
{
    static const uint8_t part[] = { 0x31, 10,   0x30, 8,    6,    3,
                                    0x55, 0x04, 0x0b, 0x0c, 0x01, 'a' };
    char text[1024];

    (void)state;
    for (size_t count = 32; count <= 33; count++) {
        uint8_t der[4 + 33 * sizeof(part)];
        struct hf_writer w = hf_writer(der, sizeof(der));

        hf_put(&w, 0x3082, 2);
        hf_put(&w, (uint32_t)(count * sizeof(part)), 2);
        for (size_t i = 0; i < count; i++) {
            hf_put_bytes(&w, HF_SPAN(part));
            der[w.len - 1] = (uint8_t)('a' + i % 26);
        }
        hf_name_text(hf_written(&w), text, sizeof(text));
        assert_int_equal(strncmp(text, "..., OU=f, OU=e", 15) == 0, count > 32);
        assert_int_equal(strncmp(text, "OU=f, OU=e", 10) == 0, count == 32);
        assert_string_equal(text + strlen(text) - 10, "OU=b, OU=a");
    }
}

static void alternative_names_of_every_kind_are_told(void **state)
{
    static const struct {
        unsigned kind;
        const char *hex, *text;
    } rows[] = {
        { HF_SAN_DNS, "612e74657374", "DNS:a.test" },
        { HF_SAN_EMAIL, "6140622e74657374", "email:a@b.test" },
        { HF_SAN_URI, "613a2f2f62", "URI:a://b" },
        { HF_SAN_DIRECTORY, "300c310a300806035504030c0161", "DirName:CN=a" },
        { HF_SAN_OTHER, "1234", "other name" },
        { HF_SAN_IP, "c0000201", "IP:192.0.2.1" },
        { HF_SAN_IP, "c0000200ffffff00", "IP:192.0.2.0/24" },
        { HF_SAN_IP, "20010db8000000000000000000000001", "IP:2001:db8::1" },
        { HF_SAN_IP, "c00002", "IP:c00002" },
        { HF_SAN_IP, "", "IP:" },
    };
    char text[96];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        const struct hf_san san = { (uint8_t)rows[i].kind,
                                    bytes_of(rows[i].hex) };

        hf_san_text(&san, text, sizeof(text));
        assert_string_equal(text, rows[i].text);
    }
}

static void a_certificate_without_any_name_is_told_as_one(void **state)
{
    const struct hf_cert nobody = { .subject = bytes_of("3000") };
    char text[96];

    (void)state;
    hf_cert_label(&nobody, text, sizeof(text));
    assert_string_equal(text, "a certificate without a name");
}

/* ---- checks ------------------------------------------------------------------------------ */

static void dates_that_do_not_matter_are_told_all_the_same(void **state)
{
    const struct hf_verify v = { .now = NOW, .any_time = true };

    (void)state;
    SAY(.v = &v, .event = HF_EV_CHECK_TIME);
    assert_string_equal(words.subject, "CN=leaf");
    assert_string_equal(words.verdict, "dates are not looked at");
    assert_non_null(strstr(words.inputs, "now 2027-01-15 08:00:00 UTC"));
    assert_string_equal(words.instead, "");
}

static void the_name_that_was_wanted_is_told(void **state)
{
    static const struct {
        const char *wanted, *san, *inputs, *verdict;
        unsigned code;
    } rows[] = {
        { "192.0.2.1", "subjectAltName=IP:192.0.2.1",
          "wanted IP:192.0.2.1; has IP:192.0.2.1", "IP:192.0.2.1 covers it",
          HF_OK },
        { "192.0.2.1", "subjectAltName=DNS:a.test,IP:192.0.2.2",
          "wanted IP:192.0.2.1; has DNS:a.test, IP:192.0.2.2",
          "it is for DNS:a.test, IP:192.0.2.2, not for IP:192.0.2.1",
          HF_E_NAME_MISMATCH },
        { "2001:db8::1", "1.2.3.4=DER:0500",
          "wanted IP:2001:db8::1; has no subjectAltName",
          "it has no subjectAltName, wanted IP:2001:db8::1 (the common name "
          "leaf is not looked at)",
          HF_E_NAME_MISMATCH },
        { "b.a.test", "subjectAltName=DNS:*.a.test",
          "wanted DNS:b.a.test; has DNS:*.a.test", "DNS:*.a.test covers it",
          HF_OK },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_peer_name name;
        const struct hf_verify v = { .name = &name };

        assert_true(hf_peer_name_read(rows[i].wanted, &name));
        say(&(struct make){ LEAF, .ext = { rows[i].san } },
            &(struct hf_check){ .v = &v,
                                .event = HF_EV_CHECK_NAME,
                                .code = (uint16_t)rows[i].code });
        assert_string_equal(words.inputs, rows[i].inputs);
        assert_string_equal(words.verdict, rows[i].verdict);
    }
    SAY(.v = &(struct hf_verify){ .name = NULL }, .event = HF_EV_CHECK_NAME);
    assert_string_equal(words.verdict, "no name is checked");
}

/* No alternative name, and no common name that somebody may have meant. */
static void that_there_is_no_name_at_all_is_told(void **state)
{
    const struct hf_cert nobody = { .subject = bytes_of("3000") };
    struct hf_peer_name name;
    const struct hf_verify v = { .name = &name };
    const struct hf_check check = { .v = &v,
                                    .cert = &nobody,
                                    .event = HF_EV_CHECK_NAME,
                                    .code = HF_E_NAME_MISMATCH };

    (void)state;
    assert_true(hf_peer_name_read("a.test", &name));
    hf_check_words(&check, &words);
    assert_string_equal(words.verdict,
                        "it has no subjectAltName, wanted DNS:a.test");
    assert_string_equal(words.instead,
                        "have one issued with the subjectAltName DNS:a.test");
}

/* A constraint where there may be none: nobody's name broke it. */
static void constraints_without_an_authority_are_told(void **state)
{
    const struct hf_nc_fault nobody = { .ca = NULL };
    const struct hf_verify v = { .now = NOW };

    (void)state;
    for (int i = 0; i < 2; i++) {
        SAY(.v = &v, .event = HF_EV_CHECK_CONSTRAINTS,
            .code = HF_E_NAME_CONSTRAINT, .fault = i ? &nobody : NULL);
        assert_string_equal(words.verdict,
                            "it has name constraints but is no authority");
        assert_string_equal(words.instead,
                            "have it issued without nameConstraints");
    }
}

static void policies_are_told_the_first_four(void **state)
{
    static const struct {
        const char *ext, *told;
    } rows[] = {
        { "1.2.3.4=DER:0500", "none" },
        { "2.5.29.32=DER:3006300406022a01", "1.2.1" },
        { "2.5.29.32=DER:3018300406022a01300406022a02300406022a03300406022a04",
          "1.2.1, 1.2.2, 1.2.3, 1.2.4" },
        { "2.5.29.32=DER:301e300406022a01300406022a02300406022a03300406022a04"
          "300406022a05",
          "1.2.1, 1.2.2, 1.2.3, 1.2.4 and 1 more" },
    };
    char expected[160];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        const struct make m = { LEAF, .ext = { rows[i].ext } };

        say(&m, &(struct hf_check){ .event = HF_EV_CHECK_POLICIES });
        snprintf(expected, sizeof(expected), "its policies: %s", rows[i].told);
        assert_string_equal(words.inputs, expected);
        assert_string_equal(words.verdict, "a policy holds all along the path");
        assert_string_equal(words.instead, "");
        say(&m, &(struct hf_check){ .event = HF_EV_CHECK_POLICIES,
                                    .code = HF_E_POLICY });
        snprintf(expected, sizeof(expected),
                 "a policy is demanded, and none is left that all above it "
                 "share; its own: %s",
                 rows[i].told);
        assert_string_equal(words.verdict, expected);
    }
}

static void what_is_known_of_revocation_is_told(void **state)
{
    static const struct {
        struct hf_finding finding;
        const char *inputs, *verdict;
    } rows[] = {
        { { .status = { .standing = HF_STANDING_UNKNOWN } },
          "serial number 1267; no list of its issuer, and no OCSP response",
          "not known: nobody said anything" },
        { { .status = { .standing = HF_STANDING_UNKNOWN,
                        .why = "the list is old" } },
          "serial number 1267; no list of its issuer, and no OCSP response",
          "not known: the list is old" },
        { { .status = { .standing = HF_STANDING_UNASKED } },
          "serial number 1267; no list of its issuer, and no OCSP response",
          "nobody was asked" },
        { { .status = { .standing = HF_STANDING_GOOD,
                        .from = NOW,
                        .until = NOW + DAY },
            .stapled = true },
          "serial number 1267; an OCSP response, from 2027-01-15 08:00:00 UTC "
          "to 2027-01-16 08:00:00 UTC",
          "an OCSP response says that it is not revoked, until 2027-01-16 "
          "08:00:00 UTC" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        SAY(.event = HF_EV_CHECK_REVOCATION, .finding = &rows[i].finding);
        assert_string_equal(words.inputs, rows[i].inputs);
        assert_string_equal(words.verdict, rows[i].verdict);
        assert_string_equal(words.instead, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_told_from_their_end),
        cmocka_unit_test(what_is_no_name_is_shown_as_nothing),
        cmocka_unit_test(a_name_of_many_parts_is_cut_at_its_end),
        cmocka_unit_test(alternative_names_of_every_kind_are_told),
        cmocka_unit_test(a_certificate_without_any_name_is_told_as_one),
        cmocka_unit_test(dates_that_do_not_matter_are_told_all_the_same),
        cmocka_unit_test(the_name_that_was_wanted_is_told),
        cmocka_unit_test(that_there_is_no_name_at_all_is_told),
        cmocka_unit_test(constraints_without_an_authority_are_told),
        cmocka_unit_test(policies_are_told_the_first_four),
        cmocka_unit_test(what_is_known_of_revocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
