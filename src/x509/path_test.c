/* path_test.c - the search: whatever order, crowd or circle the certificates
 * come in, a path is found if there is one, and an end if there is none. */
#include "x509/fresh.h"

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
    TRUST(&s, ROOT, .ext = { CA, "nameConstraints=permitted;DNS:lab.test" });
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

static void key_identifiers_choose_among_anchors(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 2; order++) {
        TRUST(&s, ROOT, .key = order ? P256_D : P256_A);
        TRUST(&s, ROOT, .key = order ? P256_A : P256_D);
        SEND(&s, LEAF);
        SEND(&s, MIDDLE);
        assert_code(&s, HF_OK);
        assert_int_equal(s.tree.spent.signatures, 2);
        scene_wipe(&s);
        scene_init(&s);
    }
}

static void key_identifiers_are_only_hints(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .ext = { CA, "subjectKeyIdentifier=01020304" });
    SEND(&s, LEAF, .ext = { LEAF_SAN, "2.5.29.35=DER:3006800405060708" });
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
        TEST(key_identifiers_choose_among_anchors),
        TEST(key_identifiers_are_only_hints),
        TEST(authorities_of_one_name_are_all_tried),
        TEST(anchors_of_one_name_are_all_tried),
        TEST(forged_authorities_are_passed_by),
        TEST(circles_end),
        TEST(a_leaf_does_not_issue_itself),
        TEST(a_renewed_certificate_is_issued_by_the_old_one),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
