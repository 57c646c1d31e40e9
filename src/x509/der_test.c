/* der_test.c - DER has one encoding for each value, and no other is read. */
#include "x509/x509_make.h"

/* A reader over hex; the bytes live until the next call. */
static struct hf_der hex(const char *text)
{
    static uint8_t bytes[256];
    size_t len;

    assert_true(hf_unhex(hf_span_text(text), bytes, sizeof(bytes), &len));
    return hf_der(hf_span(bytes, len));
}

/* ---- elements --------------------------------------------------------------------- */

static void an_element_knows_its_place_and_extent(void **state)
{
    struct hf_der r = hex("3003 020105 0400"), inside;
    struct hf_tlv tlv;

    (void)state;
    assert_true(hf_der_open(&r, HF_DER_SEQUENCE, &inside));
    assert_true(hf_der_next(&inside, &tlv));
    assert_int_equal(tlv.tag, HF_DER_INTEGER);
    assert_int_equal(tlv.start, 2); /* from the base of the outer reader */
    assert_int_equal(tlv.whole.len, 3);
    assert_int_equal(tlv.value.len, 1);
    assert_int_equal(tlv.value.at[0], 5);
    assert_true(hf_der_done(&inside));
    assert_false(hf_der_done(&r));
    assert_true(hf_der_next(&r, &tlv));
    assert_int_equal(tlv.start, 5);
    assert_int_equal(tlv.value.len, 0);
    assert_true(hf_der_done(&r));
    assert_false(hf_der_next(&r, &tlv));
}

static void what_is_not_der_is_refused(void **state)
{
    static const char *const bad[] = {
        "",             /* nothing */
        "04",           /* no length */
        "0401",         /* no value */
        "040300 00",    /* too short by one */
        "048100",       /* long form of 0 */
        "04817f",       /* long form of 127, and short */
        "0481",         /* a length without its byte */
        "048200ff",     /* two bytes for 255 */
        "048201",       /* half a length */
        "04830100 00",  /* three bytes of length */
        "0480 0000",    /* indefinite */
        "048401000000", /* four bytes */
        "0000",         /* end of contents */
        "1f0100",       /* a tag of several bytes */
        "bf2100",       /* another */
        "2500",         /* a constructed NULL */
        "2400",         /* an OCTET STRING in pieces */
        "1000",         /* a primitive SEQUENCE */
        "1100",         /* and SET */
        "04ff",         /* reserved */
    };
    struct hf_tlv tlv;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(bad); i++) {
        struct hf_der r = hex(bad[i]);

        if (hf_der_next(&r, &tlv))
            fail_msg("read: %s", bad[i]);
    }
}

/* Lengths of three and four bytes belong to lists only. */
static void larger_ones_need_a_reader_for_them(void **state)
{
    static uint8_t bytes[(1 << 24) + 6] = { 0x04, 0x83, 0x01 };
    struct hf_tlv tlv;
    struct hf_der r;

    (void)state;
    r = hf_der_large(hf_span(bytes, 5 + 65536));
    assert_true(hf_der_next(&r, &tlv));
    assert_int_equal(tlv.value.len, 65536);
    assert_true(hf_der_done(&r));
    r = hf_der(hf_span(bytes, 5 + 65536));
    assert_false(hf_der_next(&r, &tlv));
    bytes[2] = 0; /* 65535 would fit into two */
    bytes[3] = bytes[4] = 0xff;
    r = hf_der_large(hf_span(bytes, 5 + 65535));
    assert_false(hf_der_next(&r, &tlv));
    memcpy(bytes, "\x04\x84\x01\0\0\0", 6);
    r = hf_der_large(hf_span(bytes, sizeof(bytes)));
    assert_true(hf_der_next(&r, &tlv));
    assert_int_equal(tlv.value.len, 1 << 24);
    memcpy(bytes, "\x04\x84\0\xff\xff\xff", 6); /* three would do */
    r = hf_der_large(hf_span(bytes, sizeof(bytes)));
    assert_false(hf_der_next(&r, &tlv));
    memcpy(bytes, "\x04\x84\xff\xff\xff\xff", 6);
    r = hf_der_large(hf_span(bytes, sizeof(bytes)));
    assert_false(hf_der_next(&r, &tlv));
    r = hf_der_large(hf_span(bytes, (size_t)HF_CRL_MAX + 1));
    assert_false(hf_der_next(&r, &tlv));
    assert_false(hf_der_done(&r));
}

static void small_choices_are_one_byte(void **state)
{
    static const struct {
        const char *hex;
        int value; /* -1: refused */
    } rows[] = { { "0a0100", 0 }, { "0a017f", 127 },  { "0a0180", -1 },
                 { "0a00", -1 },  { "0a020001", -1 }, { "020101", -1 } };
    unsigned value;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_der r = hex(rows[i].hex);

        assert_int_equal(hf_der_choice(&r, &value), rows[i].value >= 0);
        if (rows[i].value >= 0)
            assert_int_equal(value, rows[i].value);
    }
}

static void long_elements_are_read_up_to_64_kib(void **state)
{
    static uint8_t bytes[HF_DER_MAX + 1] = { 0x04, 0x82, 0xff, 0xfc };
    struct hf_der r = hf_der(hf_span(bytes, 65536));
    struct hf_tlv tlv;

    (void)state;
    assert_true(hf_der_next(&r, &tlv));
    assert_int_equal(tlv.value.len, 0xfffc);
    assert_true(hf_der_done(&r));
    r = hf_der(hf_span(bytes, sizeof(bytes)));
    assert_false(hf_der_next(&r, &tlv));
    assert_false(hf_der_done(&r)); /* unread is not done */
    bytes[1] = 0x81;
    bytes[2] = 0x80;
    r = hf_der(hf_span(bytes, 3 + 0x80));
    assert_true(hf_der_next(&r, &tlv));
    assert_int_equal(tlv.value.len, 0x80);
}

static void taking_asks_for_the_tag(void **state)
{
    struct hf_der r = hex("0401aa 0500"), inside;
    struct hf_span value;

    (void)state;
    assert_false(hf_der_take(&r, HF_DER_INTEGER, &value));
    assert_int_equal(value.len, 0);
    assert_false(hf_der_open(&r, HF_DER_SEQUENCE, &inside));
    assert_false(hf_der_done(&inside)); /* nothing was opened */
    assert_true(hf_der_peek(&r, HF_DER_OCTET_STRING));
    assert_true(hf_der_take(&r, HF_DER_OCTET_STRING, &value));
    assert_int_equal(value.at[0], 0xaa);
}

/* Every cut of a good element fails, and nothing is read beyond the cut (the
 * sanitizers look). */
static void every_cut_is_refused(void **state)
{
    static const uint8_t good[] = { 0x04, 0x81, 0x82 };
    uint8_t *bytes;
    struct hf_tlv tlv;

    (void)state;
    for (size_t n = 0; n < 3 + 0x82; n++) {
        struct hf_der r;

        bytes = test_malloc(n ? n : 1);
        memset(bytes, 7, n);
        memcpy(bytes, good, n < 3 ? n : 3);
        r = hf_der(hf_span(bytes, n));
        assert_false(hf_der_next(&r, &tlv));
        test_free(bytes);
    }
}

/* ---- simple values ------------------------------------------------------------------ */

struct row {
    const char *der;
    bool ok;
};

static void integers_have_their_shortest_form(void **state)
{
    static const struct row rows[] = {
        { "020100", true },     { "02017f", true },    { "02020080", true },
        { "020180", true },     { "0202ff7f", true },  { "0200", false },
        { "0202007f", false },  { "0202ff80", false }, { "0203000001", false },
        { "0203008000", true }, { "040100", false },   { "0202ff", false },
    };
    struct hf_span out;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_der r = hex(rows[i].der);

        if (hf_der_integer(&r, &out) != rows[i].ok)
            fail_msg("%s", rows[i].der);
    }
}

static void natural_numbers_lose_their_sign(void **state)
{
    struct hf_der r = hex("02020080 0201ff 020100 0205 00ffffffff "
                          "0205 0100000000 0204 80000000");
    struct hf_span out;
    uint32_t value;

    (void)state;
    assert_true(hf_der_natural(&r, &out));
    assert_int_equal(out.len, 1);
    assert_int_equal(out.at[0], 0x80);
    assert_false(hf_der_natural(&r, &out)); /* -1 */
    assert_true(hf_der_small(&r, &value));
    assert_int_equal(value, 0);
    assert_true(hf_der_small(&r, &value));
    assert_true(value == UINT32_MAX);
    assert_false(hf_der_small(&r, &value)); /* 2^32 */
    assert_false(hf_der_small(&r, &value)); /* negative */
}

static void booleans_are_00_or_ff(void **state)
{
    static const struct {
        const char *der;
        bool ok, value;
    } rows[] = {
        { "0101ff", true, true },   { "010100", true, false },
        { "010101", false, false }, { "0101fe", false, false },
        { "0100", false, false },   { "0102ffff", false, false },
        { "0201ff", false, false },
    };
    bool value;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_der r = hex(rows[i].der);

        if (hf_der_boolean(&r, &value) != rows[i].ok || value != rows[i].value)
            fail_msg("%s", rows[i].der);
    }
}

static void object_identifiers_are_whole_and_not_padded(void **state)
{
    static const struct row rows[] = {
        { "0603551d13", true },
        { "06012a", true },
        { "06092a864886f70d010101", true },
        { "0600", false },
        { "060180", false },
        { "06032a8648", true },
        { "06022a86", false },
        { "06042a800101", false },
        { "0603802a01", false },
        { "0503551d13", false },
    };
    struct hf_span oid;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_der r = hex(rows[i].der);

        if (hf_der_oid(&r, &oid) != rows[i].ok)
            fail_msg("%s", rows[i].der);
    }
}

static void bit_strings_pad_with_zeroes(void **state)
{
    static const struct {
        const char *der;
        bool ok;
        unsigned len, unused;
    } rows[] = {
        { "030100", true, 0, 0 },     { "030206c0", true, 1, 6 },
        { "030200ff", true, 1, 0 },   { "030207 80", true, 1, 7 },
        { "0300", false, 0, 0 },      { "030101", false, 0, 0 },
        { "030208 00", false, 0, 0 }, { "030206c1", false, 0, 0 },
        { "030207 40", false, 0, 0 }, { "040200ff", false, 0, 0 },
    };
    struct hf_span bytes;
    unsigned unused;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_der r = hex(rows[i].der);
        bool ok = hf_der_bits(&r, &bytes, &unused);

        if (ok != rows[i].ok ||
            (ok && (bytes.len != rows[i].len || unused != rows[i].unused)))
            fail_msg("%s", rows[i].der);
    }
}

static void whole_trees_are_sound_or_not(void **state)
{
    static const struct row rows[] = {
        { "", true },
        { "0500", true },
        { "0501 00", false },
        { "3000 3000", true },
        { "3006 3004 a002 0500", true },
        { "3006 3004 a002 0501", false },
        { "3003 0601 80", false },
        { "3003 0101 01", false },
        { "3004 0202 0001", false },
        { "3004 0302 0701", false },
        { "3002 0401", false },
        { "3005 0403 0600ff", true }, /* inside an OCTET STRING: opaque */
        { "301c 301a 3018 3016 3014 3012 3010 300e 300c 300a 3008 3006 3004 "
          "3002 3000",
          true }, /* 15 deep */
        { "301e 301c 301a 3018 3016 3014 3012 3010 300e 300c 300a 3008 3006 "
          "3004 3002 3000",
          false },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_der r = hex(rows[i].der);

        if (hf_der_is_sound(hf_span(r.base, r.end)) != rows[i].ok)
            fail_msg("%s", rows[i].der);
    }
}

/* ---- times --------------------------------------------------------------------------- */

static bool time_of(const char *text, int64_t *seconds)
{
    uint8_t der[64] = { strlen(text) == 13 ? HF_DER_UTC_TIME
                                           : HF_DER_GENERAL_TIME,
                        (uint8_t)strlen(text) };
    struct hf_der r;

    memcpy(der + 2, text, strlen(text));
    r = hf_der(hf_span(der, 2 + strlen(text)));
    return hf_der_time(&r, seconds);
}

static void times_become_seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        { "700101000000Z", 0 },
        { "691231235959Z", -1 },
        { "500101000000Z", -631152000 }, /* the first UTCTime: 1950 */
        { "491231235959Z", 2524607999 }, /* the last: 2049 */
        { "20500101000000Z", 2524608000 },
        { "000229120000Z", 951825600 }, /* 2000 was a leap year */
        { "240229000000Z", 1709164800 },
        { "20380119031408Z", 2147483648 }, /* beyond 32 bits */
        { "21000228235959Z", 4107542399 },
        { "99991231235959Z", 253402300799 }, /* RFC 5280 4.1.2.5 */
        { "270115080000Z", NOW },
    };
    int64_t seconds;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        assert_true(time_of(rows[i].text, &seconds));
        if (seconds != rows[i].seconds)
            fail_msg("%s: %lld", rows[i].text, (long long)seconds);
    }
}

static void other_times_are_refused(void **state)
{
    static const char *const bad[] = {
        "7001010000Z",         "700101000000",    "700101000000+0000",
        "700101000000Z0",      "19700101000000",  "19700101000000.5Z",
        "19700101000000+0100", "700001000000Z",   "701301000000Z",
        "700132000000Z",       "700100000000Z",   "700230000000Z",
        "210229000000Z",       "21000229000000Z", "700101240000Z",
        "700101006000Z",       "700101000060Z",   "70010100000aZ",
        "-00101000000Z",       "700101000000z",   "7 0101000000Z",
        "19491231235959Z",     "00000101000000Z", "1970010100000 Z",
    };
    int64_t seconds;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(bad); i++)
        if (time_of(bad[i], &seconds))
            fail_msg("read: %s", bad[i]);
}

static void every_day_follows_the_one_before(void **state)
{
    static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30,
                                       31, 31, 30, 31, 30, 31 };
    int64_t expected = -631152000, seconds;
    char text[32];

    (void)state;
    for (unsigned y = 1950; y < 2410; y++)
        for (unsigned m = 1; m <= 12; m++) {
            bool leap = y % 4 == 0 && (y % 100 || y % 400 == 0);
            unsigned days = lengths[m - 1] + (m == 2 && leap ? 1u : 0u);

            for (unsigned d = 1; d <= days; d++, expected += DAY) {
                snprintf(text, sizeof(text), "%04u%02u%02u000000Z", y, m, d);
                assert_true(time_of(text, &seconds));
                assert_true(seconds == expected);
            }
            snprintf(text, sizeof(text), "%04u%02u%02u000000Z", y, m, days + 1);
            assert_false(time_of(text, &seconds));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_element_knows_its_place_and_extent),
        cmocka_unit_test(what_is_not_der_is_refused),
        cmocka_unit_test(long_elements_are_read_up_to_64_kib),
        cmocka_unit_test(larger_ones_need_a_reader_for_them),
        cmocka_unit_test(small_choices_are_one_byte),
        cmocka_unit_test(taking_asks_for_the_tag),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(integers_have_their_shortest_form),
        cmocka_unit_test(natural_numbers_lose_their_sign),
        cmocka_unit_test(booleans_are_00_or_ff),
        cmocka_unit_test(object_identifiers_are_whole_and_not_padded),
        cmocka_unit_test(bit_strings_pad_with_zeroes),
        cmocka_unit_test(whole_trees_are_sound_or_not),
        cmocka_unit_test(times_become_seconds),
        cmocka_unit_test(other_times_are_refused),
        cmocka_unit_test(every_day_follows_the_one_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
