/* report_test.c - the tree of tried paths and the watcher are told what was
 * checked, and why not. */
#include "x509/fresh.h"

static void the_tree_says_who_was_tried_and_why_not(void **state)
{
    const struct hf_tried *t = s.tree.at;

    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .to = -DAY);
    SEND(&s, MIDDLE, .issuer = "CN=Nobody");
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
    assert_int_equal(s.tree.count, 5);
    assert_ptr_equal(t[0].cert, s.sent[0]);
    assert_int_equal(t[0].parent, -1);
    assert_int_equal(t[0].depth, 0);
    assert_int_equal(t[0].code, HF_OK);
    assert_ptr_equal(t[1].cert, s.sent[1]);
    assert_int_equal(t[1].parent, 0);
    assert_int_equal(t[1].code, HF_E_EXPIRED);
    assert_int_equal(t[1].event, HF_EV_CHECK_TIME);
    assert_non_null(strstr(t[1].detail, "it expired on 2027-01-14"));
    assert_string_equal(t[1].fix, "whoever runs the authority must renew it, "
                                  "unless our clock is wrong");
    assert_ptr_equal(t[2].cert, s.sent[2]); /* led nowhere */
    assert_int_equal(t[2].code, HF_E_UNKNOWN_ISSUER);
    assert_string_equal(t[2].detail, "its issuer CN=Nobody is not among the 1 "
                                     "trusted and was not sent");
    assert_ptr_equal(t[3].cert, s.sent[3]);
    assert_int_equal(t[3].code, HF_OK);
    assert_int_equal(t[4].parent, 3);
    assert_int_equal(t[4].depth, 2);
    assert_true(t[4].anchor);
    assert_int_equal(t[4].code, HF_OK);
}

static void a_dead_end_is_marked_in_the_tree(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=Other Root", .key = P256_F, .ext = { CA });
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_int_equal(s.tree.count, 2);
    assert_int_equal(s.tree.at[0].code, HF_OK);
    assert_int_equal(s.tree.at[1].code, HF_E_UNKNOWN_ISSUER);
    assert_non_null(strstr(s.tree.at[1].detail, "CN=Lab Root"));
}

/* Whoever watches hears of one of them only, when all is over. */
static void every_dead_end_is_marked_in_the_tree(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=Other Root", .key = P256_F, .ext = { CA });
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    SEND(&s, MIDDLE, .issuer = "CN=Nobody");
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_int_equal(s.tree.count, 3);
    assert_int_equal(s.tree.at[1].code, HF_E_UNKNOWN_ISSUER);
    assert_int_equal(s.tree.at[2].code, HF_E_UNKNOWN_ISSUER);
    assert_non_null(strstr(s.tree.at[1].detail, "CN=Lab Root"));
    assert_non_null(strstr(s.tree.at[2].detail, "CN=Nobody"));
    assert_int_equal(s.tree.at[2].parent, 0);
}

/* Of a signature that fails, the one who should have made it. */
static void the_culprit_is_marked_in_the_tree(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .key = P256_D);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    assert_code(&s, HF_E_CERT_SIGNATURE);
    assert_int_equal(s.tree.count, 3);
    assert_int_equal(s.tree.at[1].code, HF_OK);
    assert_int_equal(s.tree.at[2].code, HF_E_CERT_SIGNATURE);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .ext = { CA, "nameConstraints=excluded;DNS:com" });
    assert_code(&s, HF_E_NAME_CONSTRAINT);
    assert_int_equal(s.tree.at[0].code, HF_OK);
    assert_int_equal(s.tree.at[1].code, HF_E_NAME_CONSTRAINT);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .ext = { CA, "nameConstraints=excluded;DNS:com" });
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    assert_code(&s, HF_E_NAME_CONSTRAINT);
    assert_int_equal(s.tree.at[1].code, HF_OK);
    assert_int_equal(s.tree.at[2].code, HF_E_NAME_CONSTRAINT);
}

static void a_full_tree_counts_the_rest(void **state)
{
    struct hf_cert **crowd;

    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    crowd = make_crowd(&(struct make){ MIDDLE, .to = -DAY }, 100, false);
    hf_cert_free(crowd[0]);
    crowd[0] = hf_cert_keep(s.sent[0]);
    s.v.chain = crowd;
    s.v.count = 100;
    assert_code(&s, HF_E_EXPIRED);
    assert_int_equal(s.tree.count, HF_TRIED_MAX);
    assert_int_equal(s.tree.count + s.tree.lost, 100);
    free_crowd(crowd, 100);
}

struct seen {
    unsigned ok[HF_EVENT_IDS], bad[HF_EVENT_IDS];
    char path[128], failed[320];
};

static void watch(void *ctx, const struct hf_event *e)
{
    struct seen *seen = ctx;

    assert_int_equal(e->kind, HF_EVENT_CHECK);
    assert_non_null(e->subject);
    assert_non_null(e->inputs);
    assert_true(strlen(e->verdict) > 0);
    assert_non_null(e->instead);
    assert_int_equal(e->ok, !e->error);
    if (e->ok)
        seen->ok[e->id]++;
    else
        seen->bad[e->id]++;
    if (e->id == HF_EV_CHECK_PATH)
        snprintf(seen->path, sizeof(seen->path), "%s|%s", e->inputs,
                 e->verdict);
    if (e->error)
        snprintf(seen->failed, sizeof(seen->failed), "%s", e->error->detail);
}

static void every_check_is_told_to_who_watches(void **state)
{
    struct seen seen = { .path = "" };

    (void)state;
    s.v.watch = watch;
    s.v.watch_ctx = &seen;
    s.v.tree = NULL;
    TRUST(&s, ROOT, .ext = { CA, SKID, "nameConstraints=permitted;DNS:com" });
    SEND(&s, LEAF, .subject = "CN=example.com"); /* as the Web wants it */
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
    assert_string_equal(seen.path,
                        "example.com < Lab Issuing < Lab Root|trusted");
    assert_int_equal(seen.ok[HF_EV_CHECK_TIME], 3);
    assert_int_equal(seen.ok[HF_EV_CHECK_KEY], 3);
    assert_int_equal(seen.ok[HF_EV_CHECK_EXTENSIONS], 3);
    assert_int_equal(seen.ok[HF_EV_CHECK_USAGE], 3);
    assert_int_equal(seen.ok[HF_EV_CHECK_ISSUER], 2);
    assert_int_equal(seen.ok[HF_EV_CHECK_SIGNATURE], 4); /* could be, is */
    assert_int_equal(seen.ok[HF_EV_CHECK_NAME], 1);
    assert_int_equal(seen.ok[HF_EV_CHECK_ANCHOR], 1);
    assert_int_equal(seen.ok[HF_EV_CHECK_CONSTRAINTS], 1);
    assert_int_equal(seen.ok[HF_EV_CHECK_PROFILE], 0);
    s.v.profile = HF_PROFILE_WEB;
    assert_true(scene_ask(&s) == HF_OK);
    assert_int_equal(seen.ok[HF_EV_CHECK_PROFILE], 3);
}

/* What was tried in vain before does not matter any more. */
static void a_path_is_told_once(void **state)
{
    struct seen seen = { .path = "" };

    (void)state;
    s.v.watch = watch;
    s.v.watch_ctx = &seen;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .to = -DAY);
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
    assert_int_equal(seen.bad[HF_EV_CHECK_TIME], 1);
    assert_int_equal(seen.ok[HF_EV_CHECK_PATH], 1);
    assert_int_equal(seen.bad[HF_EV_CHECK_PATH], 0);
}

static void a_trusted_leaf_is_told(void **state)
{
    struct seen seen = { .path = "" };

    (void)state;
    s.v.watch = watch;
    s.v.watch_ctx = &seen;
    SEND(&s, LEAF);
    assert_true(hf_store_add_der(s.store, s.sent[0]->der, &s.error));
    assert_code(&s, HF_OK);
    assert_int_equal(seen.ok[HF_EV_CHECK_ANCHOR], 1);
    assert_string_equal(seen.path, "leaf|trusted");
}

static void every_refusal_is_told_to_who_watches(void **state)
{
    struct seen seen = { .path = "" };

    (void)state;
    s.v.watch = watch;
    s.v.watch_ctx = &seen;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .ext = { "subjectAltName=DNS:other.test" });
    SEND(&s, MIDDLE);
    assert_code(&s, HF_E_NAME_MISMATCH);
    assert_int_equal(seen.bad[HF_EV_CHECK_NAME], 1);
    assert_int_equal(seen.ok[HF_EV_CHECK_ANCHOR], 1); /* there is a path */
    assert_int_equal(seen.bad[HF_EV_CHECK_PATH], 1);
    assert_non_null(strstr(seen.path, "not trusted"));
    memset(&seen, 0, sizeof(seen));
    hf_cert_free(s.sent[0]);
    s.sent[0] = make_cert(&(struct make){ LEAF, .bad_signature = true });
    assert_code(&s, HF_E_CERT_SIGNATURE);
    assert_int_equal(seen.bad[HF_EV_CHECK_SIGNATURE], 1);
    assert_string_equal(s.tree.at[1].detail[0] ? "told" : "", "told");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_tree_says_who_was_tried_and_why_not),
        TEST(a_dead_end_is_marked_in_the_tree),
        TEST(every_dead_end_is_marked_in_the_tree),
        TEST(the_culprit_is_marked_in_the_tree),
        TEST(a_full_tree_counts_the_rest),
        TEST(every_check_is_told_to_who_watches),
        TEST(a_path_is_told_once),
        TEST(a_trusted_leaf_is_told),
        TEST(every_refusal_is_told_to_who_watches),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
