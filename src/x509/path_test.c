/* path_test.c - the search: whatever order, crowd or circle the certificates
 * come in, a path is found if there is one, and an end if there is none. */
#include "x509/scene.h"

#include <stdlib.h>
#include <time.h>

static struct scene s;

static int begin(void **state)
{
    (void)state;
    scene_init(&s);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    scene_wipe(&s);
    return 0;
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- order ------------------------------------------------------------------------- */

static void order_does_not_matter(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .issuer = "CN=C", .signer = P256_E);
    SEND(&s, .subject = "CN=B", .key = P256_D, .issuer = "CN=Lab Issuing",
         .signer = P256_B, .ext = { CA });
    SEND(&s, .subject = "CN=unrelated", .ext = { CA });
    SEND(&s, ROOT);
    SEND(&s, .subject = "CN=C", .key = P256_E, .issuer = "CN=B",
         .signer = P256_D, .ext = { CA });
    SEND(&s, MIDDLE);
    SEND(&s, MIDDLE); /* twice */
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 5);
    assert_ptr_equal(s.proof.path[1], s.sent[4]);
    assert_ptr_equal(s.proof.path[2], s.sent[1]);
    assert_int_equal(s.tree.spent.signatures, 4);
}

/* A certificate of the peer that could not be read is a hole. */
static void holes_are_passed_over(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    s.count++;
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
}

/* ---- anchors ------------------------------------------------------------------------- */

static void a_trusted_leaf_needs_nobody(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=a", .key = P256_C, .ext = { LEAF_SAN },
          .serial = "0");
    TRUST(&s, ROOT);
    SEND(&s, .subject = "CN=a", .key = P256_C, .ext = { LEAF_SAN },
         .serial = "0");
    /* ECDSA signs anew each time, so the two differ. */
    assert_code(&s, HF_E_SELF_SIGNED);
    assert_true(hf_store_add_der(s.store, s.sent[0]->der, &s.error));
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 1);
    assert_int_equal(s.tree.spent.signatures, 0);
    s.v.now = NOW + 31 * DAY;
    assert_code(&s, HF_E_EXPIRED);
    s.v.now = NOW;
    assert_true(hf_peer_name_read("other.test", &s.name));
    assert_code(&s, HF_E_NAME_MISMATCH);
}

/* An issued leaf that was pinned, without its issuer. */
static void a_pinned_leaf_needs_nobody(void **state)
{
    (void)state;
    SEND(&s, LEAF);
    assert_true(hf_store_add_der(s.store, s.sent[0]->der, &s.error));
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 1);
}

static void a_trusted_intermediate_is_an_anchor(void **state)
{
    (void)state;
    TRUST(&s, MIDDLE);
    SEND(&s, LEAF);
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 2);
    SEND(&s, MIDDLE); /* anchors are tried first */
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 2);
}

static void a_root_that_was_sent_is_not_an_anchor(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=Other Root", .key = P256_D, .ext = { CA });
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    SEND(&s, ROOT);
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_int_equal(s.tree.spent.signatures, 0);
}

/* A trusted leaf's name and key do not make it an authority. */
static void a_trusted_leaf_issues_nothing(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=Lab Issuing", .key = P256_B, .ext = { LEAF_SAN });
    SEND(&s, LEAF);
    assert_code(&s, HF_E_NOT_A_CA);
}

/* ---- several ways -------------------------------------------------------------------- */

static void a_cross_signed_authority_has_two_ways(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=New Root", .key = P256_D, .ext = { CA });
    SEND(&s, LEAF);
    SEND(&s, MIDDLE); /* by Lab Root, which nobody trusts */
    SEND(&s, MIDDLE, .issuer = "CN=New Root", .signer = P256_D);
    assert_code(&s, HF_OK);
    assert_ptr_equal(s.proof.path[1], s.sent[2]);
}

/* The old root has expired, its cross-signature too; the new one is there. */
static void an_expired_way_is_left_for_another(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=Old Root", .key = P256_D, .ext = { CA },
          .to = -DAY);
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, ROOT, .issuer = "CN=Old Root", .signer = P256_D); /* a bridge */
    SEND(&s, MIDDLE, .issuer = "CN=Old Root", .signer = P256_D);
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
    assert_ptr_equal(s.proof.path[1], s.sent[3]);
}

static void constraints_on_one_way_leave_the_other(void **state)
{
    (void)state;
    TRUST(&s, ROOT,
          .ext = { CA, "nameConstraints=permitted;DNS:lab.test" });
    TRUST(&s, .subject = "CN=New Root", .key = P256_D, .ext = { CA });
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    SEND(&s, MIDDLE, .issuer = "CN=New Root", .signer = P256_D);
    assert_code(&s, HF_OK);
    assert_ptr_equal(s.proof.path[1], s.sent[2]);
    /* Three were verified: the leaf's once, though it is on both ways. */
    assert_int_equal(s.tree.spent.signatures, 3);
}

static void key_identifiers_say_whom_to_try_first(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .key = P256_D); /* the same name, other keys */
    SEND(&s, MIDDLE, .key = P256_E);
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
    assert_ptr_equal(s.proof.path[1], s.sent[3]);
    assert_int_equal(s.tree.spent.signatures, 2);
}

static void key_identifiers_are_only_hints(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .ext = { CA, "subjectKeyIdentifier=01020304" });
    SEND(&s, LEAF,
         .ext = { LEAF_SAN, "2.5.29.35=DER:3006800405060708" });
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
}

/* Without identifiers every authority of the name has to be tried. */
static void authorities_of_one_name_are_all_tried(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .ext = { LEAF_SAN });
    SEND(&s, MIDDLE, .key = P256_D, .ext = { CA });
    SEND(&s, MIDDLE, .key = P256_E, .ext = { CA });
    SEND(&s, MIDDLE, .ext = { CA });
    assert_code(&s, HF_OK);
    assert_ptr_equal(s.proof.path[1], s.sent[3]);
    assert_int_equal(s.tree.spent.signatures, 6);
}

static void anchors_of_one_name_are_all_tried(void **state)
{
    static const enum make_key keys[] = { P256_D, P256_A, P256_E };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(keys); i++)
        TRUST(&s, ROOT, .key = keys[i], .ext = { CA });
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .ext = { CA });
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 3);
}

/* A forged intermediate before the right one does no harm, and its key is not
 * used. */
static void forged_authorities_are_passed_by(void **state)
{
    struct fake fake;

    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .ext = { LEAF_SAN });
    SEND(&s, MIDDLE, .key = P521, .bad_signature = true, .ext = { CA });
    assert_code(&s, HF_E_CERT_SIGNATURE);
    assert_int_equal(s.tree.spent.signatures, 1);
    SEND(&s, MIDDLE, .ext = { CA });
    assert_code(&s, HF_OK);
    fake_init(&fake);
    s.v.crypto = &fake.crypto; /* which has no P-521 and would say so */
    assert_code(&s, HF_OK);
}

/* ---- circles ---------------------------------------------------------------------------- */

static void circles_end(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=Other Root", .key = P256_F, .ext = { CA });
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .issuer = "CN=Y", .signer = P256_D);
    SEND(&s, .subject = "CN=Y", .key = P256_D, .issuer = "CN=Lab Issuing",
         .signer = P256_B, .ext = { CA });
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_int_equal(s.tree.spent.signatures, 0);
    TRUST(&s, ROOT); /* and a way out of it */
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
}

static void a_leaf_does_not_issue_itself(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, .subject = "CN=a", .key = P256_C, .ext = { LEAF_SAN, CA });
    SEND(&s, .subject = "CN=a", .key = P256_C, .ext = { LEAF_SAN, CA });
    assert_code(&s, HF_E_UNKNOWN_ISSUER); /* the second, a root, is not known */
    s.v.count = 1;
    assert_code(&s, HF_E_SELF_SIGNED);
}

/* A self-signed certificate that was renewed with its key. */
static void a_renewed_certificate_is_issued_by_the_old_one(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=a", .key = P256_C, .ext = { LEAF_SAN, CA });
    SEND(&s, .subject = "CN=a", .key = P256_C, .ext = { LEAF_SAN, CA },
         .serial = "2");
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 2);
}

/* ---- cost --------------------------------------------------------------------------------- */

static size_t find_bytes(const uint8_t *in, const uint8_t *what, size_t len)
{
    size_t at = 0;

    while (memcmp(in + at, what, len) != 0)
        at++;
    return at + len;
}

/* Copies of a certificate that differ in their serial numbers and, if @keys,
 * in their keys (which are points on no curve). */
static struct hf_cert **make_crowd(const struct make *m, size_t count, bool keys)
{
    static uint8_t der[4096];
    static const uint8_t serial[] = { 2, 4, 0x7f, 0xff, 0xff, 0xff };
    static const uint8_t point[] = { 0x03, 0x42, 0x00, 0x04 };
    struct make one = *m;
    struct hf_cert **crowd = calloc(count, sizeof(struct hf_cert *));
    struct hf_error error = { .code = HF_OK };
    size_t len, at, key;

    assert_non_null(crowd);
    one.serial = "2147483647";
    len = make_der(&one, der, sizeof(der));
    at = find_bytes(der, serial, sizeof(serial));
    key = find_bytes(der, point, sizeof(point));
    for (size_t i = 0; i < count; i++) {
        hf_store_number(der + at - 4, 0x40000000 + i, 4);
        if (keys)
            hf_store_number(der + key, i, 4);
        crowd[i] = hf_cert_new(hf_span(der, len), &error);
        assert_non_null(crowd[i]);
    }
    return crowd;
}

static void free_crowd(struct hf_cert **crowd, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hf_cert_free(crowd[i]);
    free(crowd);
}

/* Ask with these certificates sent; how long it took. */
static double ask_crowd(struct hf_cert **crowd, size_t count, unsigned expected)
{
    double start;
    unsigned code;

    s.v.chain = crowd;
    s.v.count = count;
    s.v.tree = NULL;
    start = cpu_ms();
    code = scene_ask(&s);
    start = cpu_ms() - start;
    if (code != expected)
        fail_msg("%s: %s", hf_error_name(code), s.error.detail);
    if (!getenv("HF_WRAP") && start > 100.0) /* 20 ms on an idle machine */
        fail_msg("%.1f ms", start);
    return start;
}

/* 4,000 authorities of one name, each of which might have issued each. */
static void a_crowd_of_one_name_ends_within_the_budget(void **state)
{
    const size_t count = 4000;
    struct hf_cert **crowd = make_crowd(
        &(struct make){ .subject = "CN=crowd", .ext = { CA, LEAF_SAN } }, count,
        false);
    struct fake fake;

    (void)state;
    fake_init(&fake);
    s.v.crypto = &fake.crypto;
    print_message("# same key: %.1f ms\n",
                  ask_crowd(crowd, count, HF_E_BUDGET));
    ask_crowd(crowd, HF_CHAIN_MAX, HF_E_UNKNOWN_ISSUER); /* as many as TLS has */
    free_crowd(crowd, count);
    /* Four that issue each other: what is a circle is seen late. */
    crowd = make_crowd(&(struct make){ .subject = "CN=leaf", .issuer = "CN=a",
                                       .ext = { CA, LEAF_SAN } }, count, false);
    for (size_t i = 1; i < count; i += 1000) {
        const char *const names[] = { "CN=a", "CN=b", "CN=c", "CN=d" };
        struct hf_cert **part = make_crowd(
            &(struct make){ .subject = names[i / 1000],
                            .key = (enum make_key)(P256_A + i / 1000),
                            .issuer = names[(i / 1000 + 1) % 4],
                            .signer = P256_A, .ext = { CA } }, 999, true);

        for (size_t k = 0; k < 999; k++) {
            hf_cert_free(crowd[i + k]);
            crowd[i + k] = part[k];
        }
        free(part);
    }
    print_message("# four names in a circle: %.1f ms\n",
                  ask_crowd(crowd, count, HF_E_BUDGET));
    assert_told(&s, "candidates");
    assert_int_equal(fake.calls, 0);
    free_crowd(crowd, count);
}

static bool verify_nothing(struct hf_span message, struct hf_span signature)
{
    (void)message;
    (void)signature;
    return false;
}

/* Forged certificates below a real anchor: each costs one signature. */
static void forged_crowds_end_within_the_budget(void **state)
{
    const size_t count = 4000;
    struct hf_cert **crowd = make_crowd(
        &(struct make){ .subject = "CN=Lab Issuing", .issuer = "CN=Lab Root",
                        .ext = { CA, LEAF_SAN } }, count, false);
    struct fake fake;

    (void)state;
    fake_init(&fake);
    fake.verify = verify_nothing;
    s.v.crypto = &fake.crypto;
    TRUST(&s, ROOT, .ext = { CA });
    hf_cert_free(crowd[0]);
    crowd[0] = make_cert(&(struct make){ LEAF });
    ask_crowd(crowd, 50, HF_E_CERT_SIGNATURE);
    assert_int_equal(fake.calls, 49);
    print_message("# %.1f ms\n", ask_crowd(crowd, count, HF_E_BUDGET));
    assert_true(fake.calls <= 49 + 100);
    free_crowd(crowd, count);
}

static void a_crowd_of_anchors_ends_within_the_budget(void **state)
{
    const size_t count = 3000;
    struct hf_cert **crowd = make_crowd(
        &(struct make){ .subject = "CN=Lab Issuing", .ext = { CA } }, count,
        true);
    struct fake fake;
    double start;

    (void)state;
    fake_init(&fake);
    fake.verify = verify_nothing;
    s.v.crypto = &fake.crypto;
    for (size_t i = 0; i < count; i++)
        assert_true(hf_store_add_der(s.store, crowd[i]->der, &s.error));
    SEND(&s, LEAF);
    start = cpu_ms();
    assert_code(&s, HF_E_BUDGET);
    print_message("# %.1f ms\n", cpu_ms() - start);
    assert_int_equal(fake.calls, 100);
    assert_told(&s, "after 100 signatures");
    free_crowd(crowd, count);
}

/* A leaf with as many names as fit, and constraints on them. */
static void thousands_of_names_and_constraints_end_early(void **state)
{
    static char nc[4000], san[4000];
    struct fake fake;
    size_t a, b;
    double start;

    (void)state;
    a = (size_t)snprintf(nc, sizeof(nc), "nameConstraints=");
    b = (size_t)snprintf(san, sizeof(san), LEAF_SAN);
    for (unsigned i = 0; i < 220; i++) {
        a += (size_t)snprintf(nc + a, sizeof(nc) - a, "%sexcluded;DNS:%u",
                              i ? "," : "", i);
        b += (size_t)snprintf(san + b, sizeof(san) - b, ",DNS:a%u", i);
    }
    fake_init(&fake);
    s.v.crypto = &fake.crypto;
    TRUST(&s, ROOT, .ext = { CA, nc });
    SEND(&s, LEAF, .ext = { san });
    SEND(&s, MIDDLE, .ext = { CA, nc });
    start = cpu_ms();
    assert_code(&s, HF_E_BUDGET);
    print_message("# %.1f ms\n", cpu_ms() - start);
    assert_told(&s, "comparisons");
    assert_true(s.tree.spent.comparisons > 60000);
}

static void the_budget_may_be_given(void **state)
{
    static const struct hf_verify_budget one = { 1, 10000, 65536 },
                                         few = { 100, 8, 65536 },
                                         enough = { 2, 40, 0 };

    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    s.v.budget = &one;
    assert_code(&s, HF_E_BUDGET);
    assert_int_equal(s.tree.spent.signatures, 1);
    s.v.budget = &few;
    assert_code(&s, HF_E_BUDGET);
    s.v.budget = &enough;
    assert_code(&s, HF_OK);
}

static void a_fault_of_the_provider_ends_the_search(void **state)
{
    struct fake fake;

    (void)state;
    fake_init(&fake);
    fake.fault = true;
    s.v.crypto = &fake.crypto;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    SEND(&s, MIDDLE, .serial = "2");
    assert_code(&s, HF_E_CRYPTO);
    assert_int_equal(fake.calls, 1);
}

/* ---- what is told --------------------------------------------------------------------------- */

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
    assert_ptr_equal(t[2].cert, s.sent[2]); /* led nowhere */
    assert_int_equal(t[2].code, HF_OK);
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
        snprintf(seen->path, sizeof(seen->path), "%s|%s", e->inputs, e->verdict);
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
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    assert_code(&s, HF_OK);
    assert_string_equal(seen.path, "leaf < Lab Issuing < Lab Root|trusted");
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

/* What the path costs beside the two signatures: see the benchmark. */
static void a_usual_chain_costs_little(void **state)
{
    const unsigned rounds = getenv("HF_WRAP") ? 10 : 2000;
    struct fake fake;
    double start, parse;

    (void)state;
    fake_init(&fake);
    s.v.crypto = &fake.crypto;
    s.v.tree = NULL;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    start = cpu_ms();
    for (unsigned i = 0; i < rounds; i++)
        assert_code(&s, HF_OK);
    start = cpu_ms() - start;
    parse = cpu_ms();
    for (unsigned i = 0; i < rounds; i++)
        hf_cert_free(hf_cert_new(s.sent[0]->der, &s.error));
    parse = cpu_ms() - parse;
    print_message("# %.2f us without signatures, %.2f us to read the leaf\n",
                  start * 1e3 / rounds, parse * 1e3 / rounds);
    assert_int_equal(fake.calls, 2 * rounds);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(order_does_not_matter),
        TEST(holes_are_passed_over),
        TEST(a_trusted_leaf_needs_nobody),
        TEST(a_pinned_leaf_needs_nobody),
        TEST(a_trusted_intermediate_is_an_anchor),
        TEST(a_root_that_was_sent_is_not_an_anchor),
        TEST(a_trusted_leaf_issues_nothing),
        TEST(a_cross_signed_authority_has_two_ways),
        TEST(an_expired_way_is_left_for_another),
        TEST(constraints_on_one_way_leave_the_other),
        TEST(key_identifiers_say_whom_to_try_first),
        TEST(key_identifiers_are_only_hints),
        TEST(authorities_of_one_name_are_all_tried),
        TEST(anchors_of_one_name_are_all_tried),
        TEST(forged_authorities_are_passed_by),
        TEST(circles_end),
        TEST(a_leaf_does_not_issue_itself),
        TEST(a_renewed_certificate_is_issued_by_the_old_one),
        TEST(a_crowd_of_one_name_ends_within_the_budget),
        TEST(forged_crowds_end_within_the_budget),
        TEST(a_crowd_of_anchors_ends_within_the_budget),
        TEST(thousands_of_names_and_constraints_end_early),
        TEST(the_budget_may_be_given),
        TEST(a_fault_of_the_provider_ends_the_search),
        TEST(the_tree_says_who_was_tried_and_why_not),
        TEST(a_dead_end_is_marked_in_the_tree),
        TEST(the_culprit_is_marked_in_the_tree),
        TEST(a_full_tree_counts_the_rest),
        TEST(every_check_is_told_to_who_watches),
        TEST(every_refusal_is_told_to_who_watches),
        TEST(a_usual_chain_costs_little),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
