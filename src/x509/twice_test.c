/* twice_test.c - what was read once is read as carefully the second time: bytes
 * that changed in between are refused, and nothing is believed because of
 * them. */
#include "x509/fresh.h"
#include "x509/revoke_make.h"

#define JUNK hf_span("\x05\x00", 2) /* a NULL, which nothing here begins with */

/* ---- what is too long --------------------------------------------------------------- */

/* The length decides, before a byte is looked at. */
static void what_is_too_long_is_not_even_touched(void **state)
{
    const uint8_t *nothing = NULL;
    struct hf_error error = { .code = HF_OK };
    uint8_t byte = 0, *bytes = &byte;

    (void)state;
    assert_null(hf_cert_room(HF_CERT_MAX + 1, &bytes));
    assert_null(bytes);
    assert_null(hf_cert_hold(hf_span(nothing, HF_CERT_MAX + 1)));
    assert_null(hf_crl_new(hf_span(nothing, HF_CRL_MAX + 1), &error));
    assert_int_equal(error.code, HF_E_BAD_CRL);
    assert_non_null(strstr(error.detail, "it is longer than"));
}

/* ---- certificates ------------------------------------------------------------------------ */

/* Names of "CN=a" only. */
#define ONLY_A                                                      \
    "2.5.29.30=critical,DER:3014a0123010a40e300c310a30080603550403" \
    "0c0161"

static void constraints_that_cannot_be_read_permit_nothing(void **state)
{
    struct hf_cert *ca = make_cert(
        &(struct make){ ROOT, .ext = { CA, ONLY_A } });
    struct hf_cert *below = make_cert(&(struct make){
        .subject = "CN=a", .issuer = "CN=Lab Root", .signer = P256_A });
    const struct hf_span subject = below->subject;
    struct hf_nc_fault fault;
    uint32_t budget = 100;

    (void)state;
    assert_int_equal(hf_constraints_ask(ca, below, &budget, &fault), HF_OK);
    below->subject = hf_span("\x31\x02\x05\x00", 4);
    assert_int_equal(hf_constraints_ask(ca, below, &budget, &fault),
                     HF_E_NAME_CONSTRAINT);
    below->subject = subject;
    ca->name_constraints = JUNK;
    assert_int_equal(hf_constraints_ask(ca, below, &budget, &fault),
                     HF_E_NAME_CONSTRAINT);
    hf_cert_free(below);
    hf_cert_free(ca);
}

static void where_an_issuer_can_be_had_is_not_guessed(void **state)
{
    static const uint8_t no_oid[] = { 0x30, 5, 0x30, 3, 2, 1, 0 },
                         no_place[] = { 0x30, 6, 0x30, 4, 6, 2, 0x2a, 3 };
    struct hf_cert *cert = make_cert(&(struct make){
        LEAF, .ext = { "authorityInfoAccess=caIssuers;URI:http://a.test/" } });
    struct hf_span url;

    (void)state;
    assert_true(hf_cert_aia(cert, &url));
    assert_true(hf_span_equal(url, hf_span_text("http://a.test/")));
    cert->aia = JUNK;
    assert_false(hf_cert_aia(cert, &url));
    cert->aia = HF_SPAN(no_oid);
    assert_false(hf_cert_aia(cert, &url));
    cert->aia = HF_SPAN(no_place);
    assert_false(hf_cert_aia(cert, &url));
    hf_cert_free(cert);
}

/* What is left is the name, and that tells nothing here. */
static void an_issuers_issuer_is_not_guessed(void **state)
{
    static const uint8_t cut[] = { 0x30, 2, 0x80, 5 };

    (void)state;
    TRUST(&s, .subject = "CN=Other Root", .key = P256_D, .ext = { CA });
    SEND(&s, LEAF);
    assert_false(hf_is_intermediate_missing(&s.v));
    s.sent[0]->akid = HF_SPAN(cut);
    assert_false(hf_is_intermediate_missing(&s.v));
    s.sent[0]->akid = JUNK;
    assert_false(hf_is_intermediate_missing(&s.v));
}

static void purposes_that_cannot_be_read_are_none(void **state)
{
    const struct hf_verify v = { .purpose = HF_PURPOSE_SERVER };
    struct hf_cert *cert = make_cert(&(struct make){ LEAF });
    struct hf_words words;

    (void)state;
    cert->eku = JUNK;
    hf_check_words(&(struct hf_check){ .v = &v,
                                       .cert = cert,
                                       .event = HF_EV_CHECK_USAGE,
                                       .code = HF_E_WRONG_EKU },
                   &words);
    assert_string_equal(words.inputs, "wanted serverAuth; for ");
    assert_string_equal(words.verdict, "it is for , not for serverAuth");
    hf_cert_free(cert);
}

/* ---- lists ------------------------------------------------------------------------------- */

/* A certificate's point with reasons; of a list with the same name. */
static void a_point_that_cannot_be_read_is_no_point(void **state)
{
    static const uint8_t whole[] = { 0x30, 13, 0x30, 11,   0xa0, 5,    0xa0, 3,
                                     0x86, 1,  0x41, 0x81, 2,    0x05, 0x80 },
                         cut[] = { 0x30, 11,   0x30, 9,    0xa0, 5, 0xa0,
                                   3,    0x86, 1,    0x41, 0x81, 5 };
    struct hf_crl *crl = make_crl(&(struct make_list){
        .ext = { "2.5.29.28=critical,DER:3007a005a003860141" } });
    struct hf_cert *cert = make_cert(&(struct make){ LEAF });

    (void)state;
    cert->crl_dp = HF_SPAN(whole);
    assert_null(hf_crl_scope(crl, cert));
    cert->crl_dp = HF_SPAN(cut);
    assert_string_equal(hf_crl_scope(crl, cert),
                        "the list is of another distribution point");
    cert->crl_dp = JUNK;
    assert_string_equal(hf_crl_scope(crl, cert),
                        "the list is of another distribution point");
    hf_cert_free(cert);
    hf_crl_free(crl);
}

static void an_entry_that_is_none_is_nobodys(void **state)
{
    static const uint8_t serial[] = { 0x12, 0x67 };
    struct hf_crl *crl = make_crl(
        &(struct make_list){ .entry = { { "4711" } } });
    struct hf_crl_entry entry;

    (void)state;
    assert_true(hf_crl_find(crl, HF_SPAN(serial), &entry));
    crl->rows[0] = 0; /* the list itself, which begins with no number */
    assert_false(hf_crl_find(crl, HF_SPAN(serial), &entry));
    assert_false(hf_crl_at(crl, 0, &entry));
    hf_crl_free(crl);
}

/* An issuer's key without its bits is no key that a responder could mean. */
static void a_staple_about_no_key_proves_nothing(void **state)
{
    struct hf_cert *leaf = make_cert(&(struct make){ LEAF });
    struct hf_cert *issuer = make_cert(&(struct make){ MIDDLE });
    struct hf_span staple = STAPLE(.by_key = true);
    struct hf_error error = { .code = HF_OK };
    struct hf_status status;

    (void)state;
    s.v.now = NOW;
    assert_true(hf_staple_check(&s.v, leaf, issuer, staple, &status, &error));
    issuer->spki = JUNK;
    assert_false(hf_staple_check(&s.v, leaf, issuer, staple, &status, &error));
    assert_int_equal(error.code, HF_E_BAD_STAPLE);
    assert_string_equal(status.why, "it is about other certificates");
    assert_int_equal(status.standing, HF_STANDING_UNKNOWN);
    hf_cert_free(issuer);
    hf_cert_free(leaf);
}

/* ---- anchors that somebody lent us ---------------------------------------------------------- */

/* The root's text, and room behind it. */
static char text[128 * 1024];

static void lend_root(void)
{
    struct hf_cert *root = make_cert(&(struct make){ ROOT });
    size_t added;

    memset(text, 'A', sizeof(text));
    text[make_pem(root->der, text, sizeof(text))] = '\n';
    text[sizeof(text) - 1] = '\0';
    assert_true(hf_store_add_pem(s.store, hf_span_text(text), false, NULL, NULL,
                                 &added, &s.error));
    assert_int_equal(added, 1);
    hf_cert_free(root);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
}

static void a_lent_anchor_that_was_damaged_is_told(void **state)
{
    (void)state;
    lend_root();
    /* Behind what the subject is read from. */
    *(strstr(text, "-----END") - 20) = '*';
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_told(&s, "one of that name is there, but cannot be used: its "
                    "base64 is damaged");
}

static void a_lent_anchor_that_grew_is_told(void **state)
{
    (void)state;
    lend_root();
    memset(strstr(text, "-----END"), 'A', 25);
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_told(&s, "one of that name is there, but cannot be used: it is too "
                    "long");
}

/* Certificate, TBSCertificate, and a version that is longer than both. */
static void an_anchor_that_ends_in_its_version_is_none(void **state)
{
    static const char pem[] = "-----BEGIN CERTIFICATE-----\nMAcwBaB/AgEA\n"
                              "-----END CERTIFICATE-----\n";
    size_t added;

    (void)state;
    assert_false(hf_store_add_pem(s.store, hf_span_text(pem), true, NULL, NULL,
                                  &added, &s.error));
    assert_int_equal(s.error.code, HF_E_BAD_PEM);
    assert_string_equal(s.error.detail, "certificate 1 of the text is not one");
    assert_int_equal(hf_store_count(s.store), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_too_long_is_not_even_touched),
        TEST(constraints_that_cannot_be_read_permit_nothing),
        TEST(where_an_issuer_can_be_had_is_not_guessed),
        TEST(an_issuers_issuer_is_not_guessed),
        TEST(purposes_that_cannot_be_read_are_none),
        TEST(a_point_that_cannot_be_read_is_no_point),
        TEST(an_entry_that_is_none_is_nobodys),
        TEST(a_staple_about_no_key_proves_nothing),
        TEST(a_lent_anchor_that_was_damaged_is_told),
        TEST(a_lent_anchor_that_grew_is_told),
        TEST(an_anchor_that_ends_in_its_version_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
