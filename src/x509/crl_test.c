/* crl_test.c - revocation lists are read strictly, found in quickly, and
 * refused when they could be used in part only. */
#include "x509/revoke_make.h"

#include <stdlib.h>
#include <time.h>

/* ---- what is read ------------------------------------------------------------------- */

static struct hf_span serial_of(uint32_t n, uint8_t room[5])
{
    struct hf_span s;

    room[0] = 0;
    hf_store_number(room + 1, n, 4);
    s = hf_span(room, 5);
    while (s.len > 1 && s.at[0] == 0 && !(s.at[1] & 0x80))
        s = hf_span_after(s, 1);
    return s;
}

static void a_list_is_read(void **state)
{
    struct hf_crl *crl = make_crl(&(struct make_list){
        .entry = { { "4711", { REASON(1) } },
                   { "17",
                     { "2.5.29.24=DER:180f32303236303130313030303030305a" },
                     -3 * DAY },
                   { "300" } },
        .ext = { "2.5.29.35=DER:30038001aa" } });
    struct hf_crl_entry entry;
    uint8_t room[5];
    char name[64];

    (void)state;
    hf_name_text(crl->issuer, name, sizeof(name));
    assert_string_equal(name, "CN=Lab Issuing");
    assert_int_equal(crl->this_update, NOW - DAY);
    assert_int_equal(crl->next_update, NOW + 7 * DAY);
    assert_int_equal(crl->number.len, 1);
    assert_int_equal(crl->number.at[0], 42);
    assert_int_equal(crl->akid.at[0], 0xaa);
    assert_int_equal(crl->count, 3);
    assert_int_equal(crl->reasons, HF_REASONS_ALL);
    assert_true(hf_crl_find(crl, serial_of(4711, room), &entry));
    assert_int_equal(entry.reason, 1);
    assert_int_equal(entry.when, NOW - DAY);
    assert_true(hf_crl_find(crl, serial_of(17, room), &entry));
    assert_int_equal(entry.reason, 0);
    assert_int_equal(entry.when, NOW - 3 * DAY);
    assert_true(hf_crl_find(crl, serial_of(300, room), &entry));
    assert_false(hf_crl_find(crl, serial_of(4712, room), &entry));
    hf_crl_free(crl);
}

/* 0x1267 is neither 0x12 nor 0x126700 nor 0x001267. */
static void serial_numbers_are_compared_whole(void **state)
{
    static const uint8_t same[] = { 0x12, 0x67 }, longer[] = { 0x12, 0x67, 0 },
                         padded[] = { 0, 0x12, 0x67 };
    struct hf_crl *crl = make_crl(
        &(struct make_list){ .entry = { { "4711" } } });
    struct hf_crl_entry entry;

    (void)state;
    assert_true(hf_crl_find(crl, HF_SPAN(same), &entry));
    assert_false(hf_crl_find(crl, hf_span(same, 1), &entry));
    assert_false(hf_crl_find(crl, hf_span(same, 0), &entry));
    assert_false(hf_crl_find(crl, HF_SPAN(longer), &entry));
    assert_false(hf_crl_find(crl, HF_SPAN(padded), &entry));
    hf_crl_free(crl);
}

static void an_empty_list_has_nobody(void **state)
{
    struct hf_crl *crl = make_crl(&(struct make_list){ .many = 0 });
    struct hf_crl_entry entry;
    uint8_t room[5];

    (void)state;
    assert_int_equal(crl->count, 0);
    assert_false(hf_crl_find(crl, serial_of(4711, room), &entry));
    assert_false(hf_crl_at(crl, 0, &entry));
    hf_crl_free(crl);
    hf_crl_free(NULL);
}

static void scopes_are_read(void **state)
{
    static const struct {
        const char *idp;
        bool user, ca;
        uint16_t reasons;
        size_t points;
    } rows[] = {
        { "30038101ff", true, false, HF_REASONS_ALL, 0 },
        { "30038201ff", false, true, HF_REASONS_ALL, 0 },
        { "300483020460", false, false, 1 << 1 | 1 << 2, 0 },
        { "3007a005a003860141", false, false, HF_REASONS_ALL, 3 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_crl *crl;
        char ext[100];

        snprintf(ext, sizeof(ext), "2.5.29.28=critical,DER:%s", rows[i].idp);
        crl = make_crl(&(struct make_list){ .ext = { ext } });
        assert_int_equal(crl->user_only, rows[i].user);
        assert_int_equal(crl->ca_only, rows[i].ca);
        assert_int_equal(crl->reasons, rows[i].reasons);
        assert_int_equal(crl->points.len, rows[i].points);
        hf_crl_free(crl);
    }
}

/* ---- what is refused ------------------------------------------------------------------- */

static void refused(struct hf_span der, const char *field, const char *words)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_crl *crl = hf_crl_new(der, &error);

    if (crl)
        fail_msg("read, although: %s", words);
    assert_int_equal(error.code, HF_E_BAD_CRL);
    if (!strstr(error.detail, words))
        fail_msg("\"%s\" is not in: %s", words, error.detail);
    if (field)
        assert_string_equal(error.field, field);
}

#define NOT(field, words, ...) refused(LIST(__VA_ARGS__), field, words)
#define POINT(hex) .ext = { "2.5.29.28=critical,DER:" hex }

static void lists_of_other_kinds_are_refused(void **state)
{
    (void)state;
    NOT(NULL, "it is a delta CRL", .ext = { "2.5.29.27=critical,DER:020101" });
    NOT("issuingDistributionPoint", "indirect CRL", POINT("30038401ff"));
    NOT("issuingDistributionPoint", "attribute certificates",
        POINT("30038501ff"));
    NOT(NULL, "another issuer (indirect CRL)",
        .entry = { { "1",
                     { "2.5.29.29=critical,DER:300fa40d300b3109300706035504"
                       "030c00" } } });
    NOT(NULL, "removeFromCRL", .entry = { { "1", { REASON(8) } } });
    NOT("version", "not version 2", .v1 = true);
}

static void what_must_be_there_is_asked_for(void **state)
{
    (void)state;
    NOT("nextUpdate", "not there", .no_next = true);
    NOT("nextUpdate", "before thisUpdate", .to = -2 * DAY);
    NOT("crlExtensions", "no list of extensions", .bare = true);
    NOT("cRLNumber", "it has none", .bare = true,
        .ext = { "2.5.29.35=DER:30038001aa" });
}

static void critical_extensions_must_be_understood(void **state)
{
    (void)state;
    NOT(NULL, "a critical extension is not understood",
        .ext = { "1.2.3.4=critical,DER:0500" });
    NOT(NULL, "a critical extension is not understood",
        .ext = { "2.5.29.46=critical,DER:3000" });
    NOT(NULL, "critical extension of an entry",
        .entry = { { "1", { "1.2.3.4=critical,DER:0500" } } });
    NOT("cRLNumber", "must not be critical", .bare = true,
        .ext = { "2.5.29.20=critical,DER:020101" });
    NOT("issuingDistributionPoint", "must be critical",
        .ext = { "2.5.29.28=DER:30038101ff" });
    /* And those that are not critical need not be. */
    hf_crl_free(make_crl(
        &(struct make_list){ .ext = { "1.2.3.4=DER:0500", "2.5.29.46=DER:3000",
                                      "2.5.29.18=critical,DER:3000" },
                             .entry = { { "1", { "1.2.3.4=DER:0500" } } } }));
}

static void malformed_extensions_of_lists_are_refused(void **state)
{
    static const struct {
        const char *idp, *words;
    } rows[] = {
        { "3000", "an empty one" },
        { "0500", "not a SEQUENCE" },
        { "30038101ff00", "not a SEQUENCE" },
        { "3003810100", "neither TRUE nor absent" },
        { "3003820100", "neither TRUE nor absent" },
        { "3003840100", "neither TRUE nor absent" },
        { "300484020000", "neither TRUE nor absent" },
        { "3003850100", "neither TRUE nor absent" },
        { "30038101fe", "neither TRUE nor absent" },
        { "300481020000", "neither TRUE nor absent" },
        { "30068101ff8201ff", "about nothing" },
        { "30068201ff8101ff", "something follows" },
        { "3003830107", "onlySomeReasons" },
        { "300783050100000000", "onlySomeReasons" },
        { "3004a002a000", "not a list of names" },
        { "3004a002a100", "not a list of names" },
        { "3006a004a0028605", "a name of it is malformed" },
        { "30038601ff", "something follows" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        char ext[100];

        snprintf(ext, sizeof(ext), "2.5.29.28=critical,DER:%s", rows[i].idp);
        NOT("issuingDistributionPoint", rows[i].words, .ext = { ext });
    }
    NOT("cRLNumber", "not a number", .bare = true,
        .ext = { "2.5.29.20=DER:0201ff" });
    NOT("cRLNumber", "not a number", .bare = true,
        .ext = { "2.5.29.20=DER:02157f00000000000000000000000000000000000000"
                 "00" });
    NOT("authorityKeyIdentifier", "not a SEQUENCE",
        .ext = { "2.5.29.35=DER:0500" });
    NOT("authorityKeyIdentifier", "keyIdentifier",
        .ext = { "2.5.29.35=DER:30028001" });
    NOT(NULL, "there twice", .ext = { NUMBER });
    NOT(NULL, "a reasonCode", .entry = { { "1", { REASON(7) } } });
    NOT(NULL, "a reasonCode", .entry = { { "1", { "2.5.29.21=DER:020101" } } });
    NOT(NULL, "an invalidityDate",
        .entry = { { "1", { "2.5.29.24=DER:0500" } } });
    NOT(NULL, "there twice", .entry = { { "1", { REASON(1), REASON(2) } } });
}

static void what_is_no_list_is_refused(void **state)
{
    struct hf_span good = LIST(.entry = { { "4711", { REASON(1) } } });
    uint8_t *bytes = malloc(good.len + 1);

    (void)state;
    memcpy(bytes, good.at, good.len);
    bytes[good.len] = 0;
    refused(hf_span(bytes, good.len + 1), "CertificateList", "bytes follow");
    for (size_t len = 0; len < good.len; len++) {
        struct hf_error error = { .code = HF_OK };

        assert_null(hf_crl_new(hf_span(bytes, len), &error));
        assert_int_equal(error.code, HF_E_BAD_CRL);
    }
    /* The algorithm inside, or outside: ecdsa-with-SHA384. */
    refused(edit(hf_span(bytes, good.len), "300a06082a8648ce3d040302",
                 "300a06082a8648ce3d040303"),
            "signature", "not the outer signatureAlgorithm");
    /* An entry's serial number is not one. */
    refused(edit(hf_span(bytes, good.len), "02021267", "04021267"), NULL,
            "an entry is malformed");
    refused(edit(hf_span(bytes, good.len), "02021267", "02020067"), NULL,
            "an entry is malformed");
    /* Its name is a SET, and its first date no date. */
    refused(edit(hf_span(bytes, good.len), "3016311430120603550403",
                 "3116311430120603550403"),
            "issuer", "not a Name");
    free(bytes);
}

/* One bit in each byte: it is refused, or nothing that is read lies outside. */
static void a_flipped_bit_does_no_harm(void **state)
{
    struct hf_span good = LIST(.entry = { { "4711", { REASON(1) } } },
                               POINT("3007a005a003860141"));
    uint8_t *bytes = malloc(good.len);
    size_t len = good.len, read = 0;

    (void)state;
    memcpy(bytes, good.at, len);
    for (size_t bit = 0; bit < len * 8; bit++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_crl_entry entry;
        struct hf_crl *crl;

        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        crl = hf_crl_new(hf_span(bytes, len), &error);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(crl || error.code == HF_E_BAD_CRL);
        for (size_t i = 0; crl && i < crl->count; i++)
            assert_true(hf_crl_at(crl, i, &entry));
        read += crl != NULL;
        hf_crl_free(crl);
    }
    assert_true(read > 0);
    free(bytes);
}

/* ---- a set of them ----------------------------------------------------------------------- */

static size_t pem(struct hf_span der, char *out, size_t cap)
{
    size_t len = (size_t)snprintf(out, cap, "-----BEGIN X509 CRL-----\n"), n;

    assert_true(hf_base64(out + len, cap - len, der));
    n = strlen(out);
    n += (size_t)snprintf(out + n, cap - n, "\n-----END X509 CRL-----\n");
    assert_true(n < cap);
    return n;
}

static void text_is_all_or_nothing(void **state)
{
    static char text[16384];
    struct hf_crls crls = { .at = NULL };
    struct hf_error error = { .code = HF_OK };
    size_t len = 0, added;

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        len += pem(LIST(.many = i), text + len, sizeof(text) - len);
    assert_true(hf_crls_add(&crls, hf_span(text, len), &added, &error));
    assert_int_equal(added, 6);
    assert_int_equal(crls.count, 6);
    assert_true(hf_crls_add(&crls, LIST(.many = 1), &added, &error));
    assert_int_equal(crls.count, 7);
    len += pem(LIST(.no_next = true), text + len, sizeof(text) - len);
    assert_false(hf_crls_add(&crls, hf_span(text, len), &added, &error));
    assert_int_equal(error.code, HF_E_BAD_CRL);
    assert_non_null(strstr(error.detail, "list 7 of the text: nextUpdate"));
    assert_int_equal(crls.count, 7);
    hf_crls_wipe(&crls);
    assert_int_equal(crls.count, 0);
}

static void text_without_a_list_is_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        { "", "no BEGIN X509 CRL" },
        { "hello\n", "no BEGIN X509 CRL" },
        { "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
          "no BEGIN X509 CRL" },
        { "-----BEGIN X509 CRL-----\nMAA=\n", "no end" },
        { "-----BEGIN X509 CRL-----\nM*A=\n-----END X509 CRL-----\n",
          "base64 is damaged" },
        { "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
          "tbsCertList" },
        { "0", "it is not a SEQUENCE" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_crls crls = { .at = NULL };
        struct hf_error error = { .code = HF_OK };
        size_t added = 9;

        assert_false(
            hf_crls_add(&crls, hf_span_text(rows[i].text), &added, &error));
        assert_int_equal(error.code, HF_E_BAD_CRL);
        if (!strstr(error.detail, rows[i].words))
            fail_msg("\"%s\": %s", rows[i].text, error.detail);
        assert_int_equal(added, 0);
        assert_int_equal(crls.count, 0);
        hf_crls_wipe(&crls);
    }
}

/* One more than there may be, by itself or in a text with others. */
static void a_set_has_so_many_lists_and_no_more(void **state)
{
    static char text[4096];
    struct hf_span der = LIST(.many = 0);
    struct hf_crls crls = { .at = NULL };
    struct hf_error error = { .code = HF_OK };
    size_t len, added;

    (void)state;
    len = pem(der, text, sizeof(text));
    len += pem(der, text + len, sizeof(text) - len);
    for (size_t i = 1; i < HF_CRLS_MAX; i++)
        assert_true(hf_crls_add(&crls, der, &added, &error));
    assert_false(hf_crls_add(&crls, hf_span(text, len), &added, &error));
    assert_int_equal(error.code, HF_E_BAD_CRL);
    assert_string_equal(error.detail,
                        "list 2 of the text: there are more than 4096 lists");
    assert_int_equal(crls.count, HF_CRLS_MAX - 1);
    error.code = HF_OK;
    assert_true(hf_crls_add(&crls, der, &added, &error));
    assert_false(hf_crls_add(&crls, der, &added, &error));
    assert_int_equal(error.code, HF_E_BAD_CRL);
    assert_string_equal(error.detail, "there are more than 4096 lists");
    assert_int_equal(added, 0);
    assert_int_equal(crls.count, HF_CRLS_MAX);
    hf_crls_wipe(&crls);
}

/* ---- a long one ------------------------------------------------------------------------------ */

static double ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void a_hundred_thousand_entries_are_found_at_once(void **state)
{
    enum { MANY = 100000 };
    struct hf_span der = LIST(.many = MANY);
    struct hf_error error = { .code = HF_OK };
    struct hf_crl_entry entry;
    struct hf_crl *crl;
    double start = ms(), read, found;
    size_t longest = 0;
    uint8_t room[5];

    (void)state;
    crl = hf_crl_new(der, &error);
    read = ms() - start;
    assert_non_null(crl);
    assert_int_equal(crl->count, MANY);
    start = ms();
    for (uint32_t i = 0; i < MANY; i++)
        assert_true(hf_crl_find(crl, serial_of(1000000 + i, room), &entry));
    found = ms() - start;
    for (uint32_t i = 1; i < 1000; i++) {
        assert_false(hf_crl_find(crl, serial_of(1000000 - i, room), &entry));
        assert_false(
            hf_crl_find(crl, serial_of(1000000 + MANY + i, room), &entry));
    }
    for (size_t i = 0; i < MANY; i++)
        if (crl->starts[i + 1] - crl->starts[i] > longest)
            longest = crl->starts[i + 1] - crl->starts[i];
    print_message(
        "# %zu bytes: read in %.1f ms, each found in %.0f ns, longest "
        "bucket %zu\n",
        der.len, read, found * 1e6 / MANY, longest);
    assert_true(longest < 64);
    hf_crl_free(crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read),
        cmocka_unit_test(serial_numbers_are_compared_whole),
        cmocka_unit_test(an_empty_list_has_nobody),
        cmocka_unit_test(scopes_are_read),
        cmocka_unit_test(lists_of_other_kinds_are_refused),
        cmocka_unit_test(what_must_be_there_is_asked_for),
        cmocka_unit_test(critical_extensions_must_be_understood),
        cmocka_unit_test(malformed_extensions_of_lists_are_refused),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(a_flipped_bit_does_no_harm),
        cmocka_unit_test(text_is_all_or_nothing),
        cmocka_unit_test(text_without_a_list_is_refused),
        cmocka_unit_test(a_set_has_so_many_lists_and_no_more),
        cmocka_unit_test(a_hundred_thousand_entries_are_found_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
