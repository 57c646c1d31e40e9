/* strict_test.c - readers of certificates, lists and OCSP responses want every byte
 * in its place: what lacks, what is of another kind and what follows is told by
 * its name.
 *
 * DER is written here as it is: hex, and braces around what a tag is the tag of.
 *
 *     30{ 0a0100 a0{ ... } }      30 len 0a 01 00 a0 len ... */
#include "x509/scene.h"

enum { ROOM = 512, DEPTH = 16 };

static unsigned digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* The bytes of @text, good until the next call.  A brace leaves one byte for a
 * length, and its end moves what is inside if that takes two or three. */
static struct hf_span der(const char *text)
{
    static uint8_t at[ROOM];
    size_t len = 0, open[DEPTH], depth = 0;

    for (; *text; text++) {
        if (*text == ' ')
            continue;
        assert_true(len + 4 < ROOM && depth < DEPTH);
        if (*text == '{') {
            open[depth++] = len++;
        } else if (*text == '}') {
            const size_t from = open[--depth], inside = len - from - 1;
            const size_t more = inside < 128 ? 0 : inside < 256 ? 1 : 2;

            memmove(at + from + 1 + more, at + from + 1, inside);
            hf_store_number(at + from + (more > 0), inside,
                            more ? (unsigned)more : 1);
            if (more)
                at[from] = (uint8_t)(0x80 + more);
            len += more;
        } else {
            at[len++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
            text++;
        }
    }
    assert_int_equal(depth, 0);
    return hf_span(at, len);
}

struct row {
    const char *text;
    const char *words; /* NULL: it is good */
};

#define NAME "30{31{30{0603550403 0c0161}}}"
#define ALG "30{06022a03}"
#define UTC "170d3237303131353038303030305a"
#define TIME "180f32303237303131353038303030305a"
#define BITS "03020001"
#define NONE "0500"

/* ---- OCSP responses (RFC 6960 4.2) ------------------------------------------------------- */

#define KEY_HASH "04140001020304050607080900010203040506070809"
#define ID "30{" ALG "0401aa 0401bb 02021267}"
#define BY_NAME "a1{" NAME "}"
#define EXTS "a1{30{30{06022a05 0400}}}"
#define SINGLE(status, rest) "30{" ID status TIME rest "}"
#define GOOD SINGLE("8000", "")
#define DATA(by, singles, rest) "30{" by TIME "30{" singles "}" rest "}"
#define BASIC(data, rest) "30{" data ALG BITS rest "}"
#define BYTES(basic) "30{06092b0601050507300101 04{" basic "}}"
#define RESPONSE(basic) "30{0a0100 a0{" BYTES(basic) "}}"
#define OF(data) RESPONSE(BASIC(data, ""))
#define ONE(single) OF(DATA(BY_NAME, single, ""))
#define STATUS(status) ONE(SINGLE(status, ""))
#define BY(by) OF(DATA(by, GOOD, ""))

static void a_response_is_read_byte_by_byte(void **state)
{
    static const struct row rows[] = {
        { OF(DATA(BY_NAME, GOOD, "")), NULL },
        { OF(DATA(BY_NAME, GOOD GOOD, EXTS)), NULL },
        { ONE(SINGLE("8000", "a0{" TIME "}" EXTS)), NULL },
        { STATUS("8200"), NULL },
        { STATUS("a1{" TIME "}"), NULL },
        { STATUS("a1{" TIME "a0{0a0101}}"), NULL },
        { BY("a2{" KEY_HASH "}"), NULL },
        { RESPONSE(BASIC(DATA(BY_NAME, GOOD, ""), "a0{30{" NAME "}}")), NULL },
        /* the whole */
        { "30{0a0100}", "not a type and a response" },
        { "30{0a0100 a0{" BYTES("") NONE "}}", "not a type and a response" },
        { "30{0a0100 a0{" BYTES("") "}" NONE "}", "not a type and a response" },
        { "30{0a0100 a0{30{" NONE "04{}}}}", "not a type and a response" },
        { "30{0a0100 a0{30{06092b0601050507300101 0500}}}",
          "not a type and a response" },
        { "30{0a0100 a0{30{06092b0601050507300101 04{}" NONE "}}}",
          "not a type and a response" },
        { "30{0a0103" NONE "}", "something follows an error" },
        { RESPONSE("30{}" NONE), "BasicOCSPResponse: it is not a SEQUENCE" },
        { RESPONSE("30{}"), "BasicOCSPResponse: it is not a SEQUENCE" },
        { RESPONSE("30{" NONE "30{" NONE "}" BITS "}"), "AlgorithmIdentifier" },
        { RESPONSE("30{" NONE ALG "03020101}"), "BIT STRING of whole bytes" },
        { RESPONSE("30{" NONE ALG "0400}"), "BIT STRING of whole bytes" },
        { RESPONSE(BASIC(NONE, "")), "it is not a ResponseData" },
        { RESPONSE(BASIC(NONE, "a0{" NONE "}")), "they are not a list" },
        { RESPONSE(BASIC(NONE, "a0{30{}" NONE "}")), "they are not a list" },
        { RESPONSE(BASIC(NONE, NONE)), "they are not a list" },
        { RESPONSE(BASIC(NONE, "a0{30{" NONE "}}")), "one is not a SEQUENCE" },
        { RESPONSE(BASIC(NONE, "a0{30{3005}}")), "one is not a SEQUENCE" },
        { RESPONSE(BASIC(NONE, "a0{30{}}" NONE)), "something follows its end" },
        /* whose it is */
        { OF("30{a0{020100}" BY_NAME TIME "30{" GOOD "}}"), "not version 1" },
        { BY(""), "neither a name nor a key" },
        { BY("a3{" NAME "}"), "neither a name nor a key" },
        { BY("a1{}"), "not a Name" },
        { BY("a1{" NAME NONE "}"), "not a Name" },
        { BY("a1{31{}}"), "not a Name" },
        { BY("a2{" NONE "}"), "not a SHA-1 of a key" },
        { BY("a2{0413000102030405060708090001020304050607 08}"),
          "not a SHA-1 of a key" },
        { BY("a2{" KEY_HASH NONE "}"), "not a SHA-1 of a key" },
        { OF("30{" BY_NAME UTC "30{" GOOD "}}"), "not a GeneralizedTime" },
        { OF("30{" BY_NAME TIME "}"), "there are none" },
        { OF("30{" BY_NAME TIME "30{}}"), "there are none" },
        { OF(DATA(BY_NAME, GOOD, NONE)), "extensions are malformed" },
        { OF(DATA(BY_NAME, GOOD, EXTS NONE)), "something follows them" },
        { OF(DATA(BY_NAME, GOOD, "a1{30{}" NONE "}")),
          "extensions are malformed" },
        { OF(DATA(BY_NAME, GOOD, "a1{" NONE "}")), "extensions are malformed" },
        /* an answer */
        { ONE(NONE), "one is not a SEQUENCE" },
        { ONE(GOOD NONE), "one is not a SEQUENCE" },
        { ONE("30{30{" ALG "0401aa 0401bb 02021267" NONE "}8000" TIME "}"),
          "a CertID is malformed" },
        { ONE("30{30{" ALG "0401aa 0501bb 02021267}8000" TIME "}"),
          "a CertID is malformed" },
        { ONE("30{30{" ALG "0401aa 0401bb 0400}8000" TIME "}"),
          "a CertID is malformed" },
        { ONE("30{30{30{0401aa}0401aa 0401bb 02021267}8000" TIME "}"),
          "a CertID is malformed" },
        { STATUS("800100"), "a certStatus is malformed" },
        { STATUS("820100"), "a certStatus is malformed" },
        { STATUS("8300"), "a certStatus is malformed" },
        { STATUS("a1{}"), "a certStatus is malformed" },
        { STATUS("a1{" UTC "}"), "a certStatus is malformed" },
        { STATUS("a1{" TIME NONE "}"), "a certStatus is malformed" },
        { STATUS("a1{" TIME "a0{}}"), "a certStatus is malformed" },
        { STATUS("a1{" TIME "a0{0a0101" NONE "}}"),
          "a certStatus is malformed" },
        { STATUS("a1{" TIME "a0{0a0101}" NONE "}"),
          "a certStatus is malformed" },
        { STATUS("a1{" TIME "a0{0a010b}}"), "a certStatus is malformed" },
        { ONE("30{" ID "8000" UTC "}"), "a thisUpdate is malformed" },
        { ONE(SINGLE("8000", "a0{}")), "a nextUpdate is malformed" },
        { ONE(SINGLE("8000", "a0{" UTC "}")), "a nextUpdate is malformed" },
        { ONE(SINGLE("8000", "a0{" TIME NONE "}")),
          "a nextUpdate is malformed" },
        { ONE(SINGLE("8000", NONE)), "extensions are malformed" },
        { ONE(SINGLE("8000", EXTS NONE)), "something follows one" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_ocsp ocsp;
        bool ok = hf_ocsp_read(der(rows[i].text), &ocsp, &error);

        if (ok != !rows[i].words ||
            (!ok && (error.code != HF_E_BAD_STAPLE ||
                     !strstr(error.detail, rows[i].words))))
            fail_msg("row %zu, \"%s\": %s", i,
                     rows[i].words ? rows[i].words : "good", error.detail);
    }
}

/* ---- lists (RFC 5280 5) ------------------------------------------------------------------- */

#define EXT(oid, value) "30{0603551d" oid " 04{" value "}}"
#define NUMBERED EXT("14", "020101")
#define CRITICAL(oid, value) "30{0603551d" oid " 0101ff 04{" value "}}"
#define TBS(head, entries, exts) \
    "30{" head ALG NAME UTC UTC entries "a0{30{" exts "}}}"
#define CERTLIST(tbs) "30{" tbs ALG BITS "}"
#define ENTRIES(entries) CERTLIST(TBS("020101", "30{" entries "}", NUMBERED))
#define ENTRY_EXT(exts) ENTRIES("30{02021267" UTC "30{" exts "}}")
#define LIST_EXT(exts) CERTLIST(TBS("020101", "", exts NUMBERED))
#define POINT(value) LIST_EXT(CRITICAL("1c", "30{" value "}"))

static void a_list_is_read_byte_by_byte(void **state)
{
    static const struct row rows[] = {
        { CERTLIST(TBS("020101", "", NUMBERED)), NULL },
        { ENTRIES("30{02021267" UTC "}30{020105" UTC "}"), NULL },
        { ENTRY_EXT(EXT("15", "0a0101") EXT("18", TIME)), NULL },
        { POINT("8101ff 83020460"), NULL },
        { LIST_EXT(EXT("23", "30{8001aa}")), NULL },
        /* the whole */
        { "30{}", "it has no tbsCertList" },
        { "30{3005}", "it has no tbsCertList" },
        { "30{30{}30{" NONE "}" BITS "}", "it is not an AlgorithmIdentifier" },
        { "30{30{}" ALG "03020101}", "BIT STRING of whole bytes at the end" },
        { "30{30{}" ALG BITS NONE "}", "BIT STRING of whole bytes at the end" },
        { "30{30{}" ALG "}", "BIT STRING of whole bytes at the end" },
        { CERTLIST(TBS("020100", "", NUMBERED)), "it is not version 2" },
        { CERTLIST("30{020101" ALG "3000" UTC UTC "}"), "or an empty one" },
        { CERTLIST("30{020101" ALG NONE UTC UTC "}"), "it is not a Name" },
        { CERTLIST("30{020101" ALG NAME NONE UTC "}"), "it is not a date" },
        { CERTLIST("30{020101" ALG NAME UTC "}"), "not there, or not a date" },
        { CERTLIST("30{020101" ALG NAME UTC UTC "}"), "no list of extensions" },
        { CERTLIST("30{020101" ALG NAME UTC UTC "a0{30{" NUMBERED "}}" NONE
                   "}"),
          "no list of extensions at the end" },
        { CERTLIST("30{020101" ALG NAME UTC UTC "a0{30{" NUMBERED "}" NONE
                   "}}"),
          "no list of extensions at the end" },
        { CERTLIST("30{020101" ALG NAME UTC UTC "a0{30{}}}"),
          "no list of extensions at the end" },
        { CERTLIST("30{020101" ALG NAME UTC UTC "a0{" NONE "}}"),
          "no list of extensions at the end" },
        /* entries */
        { ENTRIES(NONE), "an entry is malformed" },
        { ENTRIES("30{" UTC "}"), "an entry is malformed" },
        { ENTRIES("30{02021267}"), "an entry is malformed" },
        { ENTRIES("30{02021267" UTC NONE "}"),
          "crlEntryExtensions are malformed" },
        { ENTRIES("30{02021267" UTC "30{}}"),
          "crlEntryExtensions are malformed" },
        { ENTRIES("30{02021267" UTC "30{" EXT("15", "0a0101") "}" NONE "}"),
          "something follows an entry" },
        { ENTRY_EXT(EXT("15", "0a0101" NONE)), "a reasonCode is malformed" },
        { ENTRY_EXT(EXT("15", NONE)), "a reasonCode is malformed" },
        { ENTRY_EXT(EXT("15", "0a010b")), "a reasonCode is malformed" },
        { ENTRY_EXT(EXT("18", UTC)), "an invalidityDate is malformed" },
        { ENTRY_EXT(EXT("18", "1800")), "an invalidityDate is malformed" },
        { ENTRY_EXT(EXT("18", TIME NONE)), "an invalidityDate is malformed" },
        /* extensions */
        { LIST_EXT(EXT("14", NONE)), "it is not a number" },
        { CERTLIST(TBS("020101", "", EXT("14", "020101" NONE))),
          "it is not a number" },
        { CERTLIST(TBS("020101", "", EXT("14", "0201ff"))),
          "it is not a number" },
        { POINT("8100"), "neither TRUE nor absent" },
        { POINT("8201ff 8101ff"), "something follows its fields" },
        { POINT("830100"), "onlySomeReasons is malformed" },
        { POINT("83020860"), "onlySomeReasons is malformed" },
        { POINT("8304000000 00"), "onlySomeReasons is malformed" },
        { POINT("a0{a0{8601 41}" NONE "}"), "not a list of names" },
        { POINT("a0{a0{}}"), "not a list of names" },
        { LIST_EXT(CRITICAL("1c", "30{8101ff}" NONE)), "it is not a SEQUENCE" },
        { LIST_EXT(EXT("23", "30{}" NONE)), "it is not a SEQUENCE" },
        { LIST_EXT(EXT("23", "30{8005}")), "its keyIdentifier is malformed" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_crl *crl = hf_crl_new(der(rows[i].text), &error);

        if (!crl != (rows[i].words != NULL) ||
            (!crl && (error.code != HF_E_BAD_CRL ||
                      !strstr(error.detail, rows[i].words))))
            fail_msg("row %zu, \"%s\": %s", i,
                     rows[i].words ? rows[i].words : "good", error.detail);
        hf_crl_free(crl);
    }
}

/* ---- extensions of certificates (RFC 5280 4.2) --------------------------------------------- */

static void an_extension_is_read_byte_by_byte(void **state)
{
    static const struct {
        const char *oid, *text, *words;
    } rows[] = {
        { "2.5.29.14", "0401aa", NULL },
        { "2.5.29.14", "0401aa" NONE, "it is not an OCTET STRING" },
        { "2.5.29.14", NONE, "it is not an OCTET STRING" },
        { "2.5.29.19", "30{0101ff 020101}", NULL },
        { "2.5.29.19", "30{0101ff 020101" NONE "}", "follows pathLen" },
        { "2.5.29.19", "30{0101ff" NONE "}", "pathLenConstraint is not a" },
        { "2.5.29.19", "30{}" NONE, "it is not a SEQUENCE" },
        { "2.5.29.30", "30{a0{30{820161}}}", NULL },
        { "2.5.29.30", "30{a0{" NONE "}}", "a subtree is malformed" },
        { "2.5.29.30", "30{a0{30{}}}", "a subtree is malformed" },
        { "2.5.29.30", "30{a0{30{820161" NONE "}}}", "a subtree is malformed" },
        { "2.5.29.30", "30{a0{}}", "a subtree is malformed" },
        { "2.5.29.30", "30{a005}", "a subtree is malformed" },
        { "2.5.29.30", "30{a0{30{820161}}" NONE "}", "not two lists" },
        { "2.5.29.30", "30{}", "it constrains nothing" },
        { "2.5.29.32", "30{30{06022a03}}", NULL },
        { "2.5.29.32", "30{30{}}", "a policy is not an OBJECT" },
        { "2.5.29.33", "30{30{06022a03 06022a04}}", NULL },
        { "2.5.29.33", "30{30{06022a03}}", "not two OBJECT IDENTIFIERs" },
        { "2.5.29.33", "30{30{06022a03 06022a04" NONE "}}", "not two OBJECT" },
        { "2.5.29.35", "30{8001aa}", NULL },
        { "2.5.29.35", "30{8005}", "a field is malformed" },
        { "2.5.29.35", "30{8001aa 8001aa}", "a field is malformed" },
        { "2.5.29.35", "30{8301aa}", "a field is malformed" },
        { "2.5.29.36", "30{800105}", NULL },
        { "2.5.29.36", "30{800105}" NONE, "not one or two numbers" },
        { "2.5.29.36", "30{8000}", "not one or two numbers" },
        { "2.5.29.36", "30{80020005}", "not one or two numbers" },
        { "2.5.29.36", "30{800105 810105" NONE "}", "not one or two numbers" },
        { "1.3.6.1.5.5.7.1.1", "30{30{06022a03 860161}}", NULL },
        { "1.3.6.1.5.5.7.1.1", "30{}", "not a list, or an empty one" },
        { "1.3.6.1.5.5.7.1.1", "30{" NONE "}", "AccessDescription is" },
        { "1.3.6.1.5.5.7.1.1", "30{30{860161}}", "AccessDescription is" },
        { "1.3.6.1.5.5.7.1.1", "30{30{06022a03}}", "AccessDescription is" },
        { "1.3.6.1.5.5.7.1.1", "30{30{06022a03 9f0161}}", "Description is" },
        { "1.3.6.1.5.5.7.1.1", "30{30{06022a03 860161" NONE "}}",
          "AccessDescription is" },
        { "1.3.6.1.5.5.7.1.24", "30{020105}", NULL },
        { "1.3.6.1.5.5.7.1.24", "30{020105}" NONE, "it is not a SEQUENCE" },
        { "1.3.6.1.5.5.7.1.24", NONE, "it is not a SEQUENCE" },
        { "1.3.6.1.5.5.7.1.24", "30{" NONE "}", "a feature is not a number" },
        { "1.3.6.1.5.5.7.48.1.5", NONE, NULL },
        { "1.3.6.1.5.5.7.48.1.5", NONE NONE, "it is not NULL" },
        { "1.3.6.1.5.5.7.48.1.5", "050100", "it is not NULL" },
        { "1.3.6.1.5.5.7.48.1.5", "0400", "it is not NULL" },
        { "1.3.6.1.4.1.11129.2.4.2", "0401aa", NULL },
        { "1.3.6.1.4.1.11129.2.4.2", "0401aa" NONE, "not an OCTET STRING" },
        { "1.3.6.1.4.1.11129.2.4.2", NONE, "not an OCTET STRING" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error = { .code = HF_OK };
        uint8_t bytes[4096];
        char hex[1200], ext[1400];
        struct hf_cert *cert;
        size_t len;

        assert_true(hf_hex(hex, sizeof(hex), der(rows[i].text)));
        snprintf(ext, sizeof(ext), "%s=DER:%s", rows[i].oid, hex);
        len = make_der(&(struct make){ .subject = "CN=a", .ext = { ext } },
                       bytes, sizeof(bytes));
        cert = hf_cert_new(hf_span(bytes, len), &error);
        if (!cert != (rows[i].words != NULL) ||
            (!cert && (error.code != HF_E_CERT_DER ||
                       !strstr(error.detail, rows[i].words))))
            fail_msg("row %zu, %s %s: %s", i, rows[i].oid,
                     rows[i].words ? rows[i].words : "good", error.detail);
        hf_cert_free(cert);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_is_read_byte_by_byte),
        cmocka_unit_test(a_list_is_read_byte_by_byte),
        cmocka_unit_test(an_extension_is_read_byte_by_byte),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
