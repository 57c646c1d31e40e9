/* sct_test.c - what is kept of certificate timestamps that come in an OCSP
 * response, and what if there is no memory for them.  Handshakes with them are
 * played in engine/sct_test.c. */
#define HF_UNPOISONED
#include "handshake/verbs.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A response about the serial number 1267, good since 2027, with a list of one
 * timestamp of one byte, of a version that nobody knows. */
#define TIME "180f32303237303131353038303030305a"
static const char response[] =
    "308189 0a0100 a08183 308180 06092b0601050507300101 0473 3071"
    "  3065 a10e300c310a300806035504030c0161" TIME
    "    3042 3040 3010 300406022a03 0401aa 0401bb 02021267 8000" TIME
    "      a119 3017 3015 060a2b06010401d679020405 0407 0405 0003 0001 05"
    "  300406022a03 03020001";

static struct hf_settings set;
static struct hf_session s;
static struct hf_error error;
static struct hf_handshake *hs;
static struct hf_cert leaf, *peer = &leaf;

static int begin(void **state)
{
    static const uint8_t serial[] = { 0x12, 0x67 };
    static uint8_t der[sizeof(response)];
    size_t len;

    (void)state;
    memset(&set, 0, sizeof(set));
    memset(&s, 0, sizeof(s));
    error = (struct hf_error){ .code = HF_OK };
    hs = calloc(1, sizeof(*hs));
    leaf.serial = HF_SPAN(serial);
    s.settings = hs->settings = &set;
    hs->session = &s;
    hs->error = &error;
    s.peer = &peer;
    s.peer_count = 1;
    hs->stapled = true;
    if (!hf_unhex(hf_span_text(response), der, sizeof(der), &len))
        return -1;
    hs->staples[0] = hf_span(der, len);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hf_free((uint8_t *)(uintptr_t)s.ocsp_scts.at, s.ocsp_scts.len);
    free(hs);
    return 0;
}

static void timestamps_in_a_staple_are_kept(void **state)
{
    static const uint8_t list[] = { 0, 1, 5 };
    struct hf_span kept;

    (void)state;
    assert_true(hf_keep_scts(hs));
    assert_true(hf_span_equal(s.ocsp_scts, HF_SPAN(list)));
    /* They are the session's own, and stay what they are. */
    kept = s.ocsp_scts;
    hs->staples[0] = hf_span(NULL, 0);
    assert_true(hf_keep_scts(hs));
    assert_ptr_equal(s.ocsp_scts.at, kept.at);
    assert_memory_equal(s.ocsp_scts.at, list, sizeof(list));
}

static void without_memory_for_them_the_handshake_fails(void **state)
{
    (void)state;
    fail_at = 1;
    assert_false(hf_keep_scts(hs));
    assert_int_equal(fail_at, 0);
    assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
    assert_null(s.ocsp_scts.at);
}

/* Nobody has shown a certificate, or nothing came with it: nothing is kept. */
static void what_is_about_nobody_is_not_kept(void **state)
{
    (void)state;
    fail_at = 1; /* nor is any memory asked for */
    s.peer_count = 0;
    assert_true(hf_keep_scts(hs));
    s.peer_count = 1;
    hs->stapled = false;
    assert_true(hf_keep_scts(hs));
    hs->stapled = true;
    leaf.serial.len--; /* another certificate */
    assert_true(hf_keep_scts(hs));
    hs->staples[0] = hf_span("junk", 4);
    assert_true(hf_keep_scts(hs));
    assert_int_equal(fail_at, 1);
    fail_at = 0;
    assert_null(s.ocsp_scts.at);
    assert_int_equal(error.code, HF_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(timestamps_in_a_staple_are_kept),
        TEST(without_memory_for_them_the_handshake_fails),
        TEST(what_is_about_nobody_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
