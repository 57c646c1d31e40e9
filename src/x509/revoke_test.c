/* revoke_test.c - revocation as a part of validation: lists and responses,
 * asked softly or insisted on, for each certificate of a path. */
#include "x509/revoke_make.h"

#include <pthread.h>
#include <stdlib.h>

static struct hf_crls lists;
static struct hf_span staples[SCENE_MAX];
static uint8_t *copies[4];
static size_t copied;

static struct scene begin(enum hf_revocation mode)
{
    struct scene s;

    scene_init(&s);
    s.v.revocation = (uint8_t)mode;
    return s;
}

/* The usual three. */
static void usual(struct scene *s)
{
    s->v.chain = s->sent;
    s->v.name = &s->name;
    s->v.tree = &s->tree;
    s->v.crls = &lists;
    TRUST(s, ROOT);
    SEND(s, LEAF);
    SEND(s, MIDDLE);
}

static void end(struct scene *s)
{
    scene_wipe(s);
    hf_crls_wipe(&lists);
    memset(staples, 0, sizeof(staples));
    while (copied)
        free(copies[--copied]);
}

static void add(struct hf_span der)
{
    struct hf_error error = { .code = HF_OK };
    size_t added;

    if (!hf_crls_add(&lists, der, &added, &error))
        fail_msg("%s", error.detail);
}

/* The response @der came with certificate @i. */
static void staple(struct scene *s, size_t i, struct hf_span der)
{
    assert_true(copied < HF_COUNT(copies));
    copies[copied] = malloc(der.len);
    memcpy(copies[copied], der.at, der.len);
    staples[i] = hf_span(copies[copied++], der.len);
    s->v.staples = staples;
}

#define ADD(...) add(LIST(__VA_ARGS__))
#define BY_ROOT .issuer = "CN=Lab Root", .signer = P256_A
#define USUAL(mode)               \
    struct scene s = begin(mode); \
    (void)state;                  \
    usual(&s)
#define POINT(hex) .ext = { "2.5.29.28=critical,DER:" hex }

/* ---- lists ---------------------------------------------------------------------------- */

static void nothing_is_looked_at_unless_asked_for(void **state)
{
    USUAL(HF_REVOCATION_NONE);
    ADD(.entry = { { "4711" } });
    staple(&s, 0, hf_span("x", 1));
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.status[0].standing, HF_STANDING_UNASKED);
    end(&s);
}

static void a_listed_leaf_is_refused_with_all_there_is(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    ADD(.entry = { { "4711", { REASON(1) } } });
    assert_code(&s, HF_E_REVOKED);
    assert_string_equal(
        s.error.detail,
        "CN=leaf: the list of CN=Lab Issuing, number 2a says that it was "
        "revoked on "
        "2027-01-14 08:00:00 UTC (keyCompromise); whoever runs the peer must "
        "have another one issued");
    assert_int_equal(s.error.alert, 44);
    s.v.revocation = HF_REVOCATION_LEAF;
    assert_code(&s, HF_E_REVOKED);
    s.v.revocation = HF_REVOCATION_HARD;
    assert_code(&s, HF_E_REVOKED); /* though nobody speaks for the one above */
    end(&s);
}

static void a_listed_authority_is_refused(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    ADD(BY_ROOT, .entry = { { "4711", { REASON(2) } } });
    assert_code(&s, HF_E_REVOKED);
    assert_told(
        &s,
        "CN=Lab Issuing: the list of CN=Lab Root, number 2a says that it was "
        "revoked on");
    assert_told(&s, "(cACompromise)");
    end(&s);
}

static void good_lists_satisfy_those_who_insist(void **state)
{
    USUAL(HF_REVOCATION_HARD);
    assert_code(&s, HF_E_NO_STATUS);
    assert_told(&s, "CN=Lab Issuing: nobody says that it has not been revoked: "
                    "there is no list and no OCSP response; give a current "
                    "list of CN=Lab Root");
    assert_int_equal(s.error.alert, 46);
    ADD(.entry = { { "4712" }, { "18" } });
    assert_code(&s, HF_E_NO_STATUS);
    s.v.revocation = HF_REVOCATION_LEAF;
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.status[0].standing, HF_STANDING_GOOD);
    assert_int_equal(s.proof.status[0].source, HF_SOURCE_CRL);
    assert_int_equal(s.proof.status[0].until, NOW + 7 * DAY);
    assert_int_equal(s.proof.status[0].number[0], 42);
    assert_int_equal(s.proof.status[1].standing, HF_STANDING_UNASKED);
    s.v.revocation = HF_REVOCATION_HARD;
    ADD(BY_ROOT);
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.status[1].standing, HF_STANDING_GOOD);
    end(&s);
}

static void an_anchor_is_not_asked_about(void **state)
{
    USUAL(HF_REVOCATION_HARD);
    TRUST(&s, LEAF);
    hf_cert_free(s.sent[0]);
    s.sent[0] = hf_store_at(s.store, 1);
    ADD(.entry = { { "4711" } });
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 1);
    end(&s);
}

/* Each list by itself: it lets nobody be called good, and does not accuse. */
#define SILENT(words, ...)                   \
    do {                                     \
        hf_crls_wipe(&lists);                \
        ADD(__VA_ARGS__);                    \
        s.v.revocation = HF_REVOCATION_LEAF; \
        assert_code(&s, HF_E_NO_STATUS);     \
        assert_told(&s, words);              \
        s.v.revocation = HF_REVOCATION_SOFT; \
        assert_code(&s, HF_OK);              \
    } while (0)

static void lists_that_may_not_speak_do_not(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    SILENT("not signed by its issuer's key", .entry = { { "4711" } },
           .bad_signature = true);
    SILENT("not signed by its issuer's key", .entry = { { "4711" } },
           .signer = P256_E);
    SILENT("signed in a way that is not accepted", .entry = { { "4711" } },
           .hash = "SHA1");
    SILENT("there is no list", .issuer = "CN=Lab Other", .signer = P256_B,
           .entry = { { "4711" } });
    /* The same serial number under another issuer (the root). */
    SILENT("there is no list", BY_ROOT, .entry = { { "4712" } });
    end(&s);
}

static void an_issuer_must_be_allowed_to_sign_lists(void **state)
{
    struct scene s = begin(HF_REVOCATION_LEAF);

    (void)state;
    usual(&s);
    hf_cert_free(s.sent[1]);
    s.sent[1] = make_cert(&(struct make){
        MIDDLE, .ext = { CA, "keyUsage=critical,keyCertSign", SKID } });
    ADD(.entry = { { "4711" } });
    assert_code(&s, HF_E_NO_STATUS);
    assert_told(&s, "may not sign lists (cRLSign)");
    /* Without keyUsage nothing is forbidden. */
    hf_cert_free(s.sent[1]);
    s.sent[1] = make_cert(&(struct make){ MIDDLE, .ext = { CA, SKID } });
    assert_code(&s, HF_E_REVOKED);
    end(&s);
}

static void lists_speak_of_their_time(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    SILENT("the list has ended", .from = -3 * DAY, .to = -1);
    SILENT("not valid yet", .from = 1);
    hf_crls_wipe(&lists);
    ADD(.from = -3 * DAY, .to = -1);
    ADD(.many = 3);
    s.v.revocation = HF_REVOCATION_LEAF;
    assert_code(&s, HF_OK); /* one of the two is current */
    assert_int_equal(s.proof.status[0].until, NOW + 7 * DAY);
    s.v.now = NOW - DAY; /* inclusive */
    assert_code(&s, HF_OK);
    s.v.now = NOW + 7 * DAY;
    assert_code(&s, HF_OK);
    s.v.now = NOW + 7 * DAY + 1;
    assert_code(&s, HF_E_NO_STATUS);
    s.v.any_time = true;
    assert_code(&s, HF_OK);
    end(&s);
}

/* Nobody is taken off a list. */
static void an_old_list_still_accuses(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    ADD(.many = 3);
    ADD(.from = -30 * DAY, .to = -20 * DAY, .entry = { { "4711" } });
    assert_code(&s, HF_E_REVOKED);
    end(&s);
}

static void lists_speak_of_their_scope(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    SILENT("about authorities only", POINT("30038201ff"));
    SILENT("another distribution point", POINT("3007a005a003860141"));
    SILENT("about some reasons only", POINT("300483020560"));
    /* But whom they name, they name. */
    ADD(.entry = { { "4711" } }, POINT("3007a005a003860141"));
    assert_code(&s, HF_E_REVOKED);
    hf_crls_wipe(&lists);
    s.v.revocation = HF_REVOCATION_LEAF;
    ADD(POINT("30038101ff"));
    assert_code(&s, HF_OK);
    /* keyCompromise and cACompromise here, the others there. */
    hf_crls_wipe(&lists);
    ADD(POINT("300483020560"), .to = 2 * DAY);
    ADD(POINT("30058303071f80"));
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.status[0].until, NOW + 2 * DAY);
    /* An authority's. */
    hf_crls_wipe(&lists);
    ADD(.many = 1);
    ADD(BY_ROOT, POINT("30038101ff"));
    s.v.revocation = HF_REVOCATION_HARD;
    assert_code(&s, HF_E_NO_STATUS);
    assert_told(&s, "not about authorities");
    ADD(BY_ROOT, POINT("30038201ff"));
    assert_code(&s, HF_OK);
    end(&s);
}

static void distribution_points_are_matched(void **state)
{
    static const struct {
        const char *points; /* of the certificate */
        unsigned code;
    } rows[] = {
        { "2.5.29.31=DER:30093007a005a003860141", HF_OK },
        { "2.5.29.31=DER:30093007a005a003860142", HF_E_NO_STATUS },
        /* the second of two names, and of two points */
        { "2.5.29.31=DER:300c300aa008a006860142860141", HF_OK },
        { "2.5.29.31=DER:30123007a005a0038601423007a005a003860141", HF_OK },
        /* with reasons */
        { "2.5.29.31=DER:300d300ba005a00386014181020560", HF_OK },
        /* of another issuer of lists; relative to the issuer; none */
        { "2.5.29.31=DER:300f300da005a003860141a204a402300 0", HF_E_NO_STATUS },
        { "2.5.29.31=DER:30043002a000", HF_E_NO_STATUS },
        { NULL, HF_E_NO_STATUS },
    };
    struct scene s = begin(HF_REVOCATION_LEAF);

    (void)state;
    usual(&s);
    ADD(POINT("3007a005a003860141"));
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        char ext[128] = "";
        size_t n = 0;

        for (const char *p = rows[i].points; p && *p; p++)
            if (*p != ' ')
                ext[n++] = *p;
        hf_cert_free(s.sent[0]);
        s.sent[0] = make_cert(
            &(struct make){ LEAF, .ext = { LEAF_USE, LEAF_EKU, LEAF_SAN,
                                           rows[i].points ? ext : NULL } });
        if (scene_ask(&s) != rows[i].code)
            fail_msg("%s: %s", ext, s.error.detail);
    }
    end(&s);
}

/* ---- responses ------------------------------------------------------------------------- */

static void a_response_speaks_for_the_leaf(void **state)
{
    USUAL(HF_REVOCATION_LEAF);
    staple(&s, 0, STAPLE(.by_key = true));
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.status[0].standing, HF_STANDING_GOOD);
    assert_int_equal(s.proof.status[0].source, HF_SOURCE_OCSP);
    s.v.revocation = HF_REVOCATION_HARD;
    assert_code(&s, HF_E_NO_STATUS);
    end(&s);
}

/* TLS 1.3 has one for each certificate. */
static void responses_speak_for_the_authorities(void **state)
{
    static const struct make middle = { MIDDLE }, root = { ROOT };

    USUAL(HF_REVOCATION_HARD);
    staple(&s, 0, STAPLE(.by_key = true));
    staple(&s, 1,
           STAPLE(.answer = { { .cert = &middle, .issuer = &root } },
                  .signer = &root));
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.status[1].source, HF_SOURCE_OCSP);
    staple(&s, 1,
           STAPLE(.answer = { { .cert = &middle,
                                .issuer = &root,
                                .answer = HF_OCSP_REVOKED } },
                  .signer = &root));
    assert_code(&s, HF_E_REVOKED);
    assert_told(&s,
                "CN=Lab Issuing: the OCSP responder \"CN=Lab Root\" says that "
                "it was revoked");
    end(&s);
}

/* RFC 6066 8: what was asked for and came is satisfactory, or the end. */
static void a_response_that_proves_nothing_is_never_passed_over(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    ADD(.many = 2); /* a good list does not make it better */
    staple(&s, 0, STAPLE(.bad_signature = true));
    assert_code(&s, HF_E_BAD_STAPLE);
    assert_told(&s, "CN=leaf: its OCSP response proves nothing: the "
                    "responder's key did not sign it; the peer must staple a "
                    "current one");
    assert_int_equal(s.error.alert, 113);
    staple(&s, 0, STAPLE(.answer = { { .to = -DAY / 24 } }));
    assert_code(&s, HF_E_BAD_STAPLE);
    assert_told(&s, "a newer one did not come");
    s.v.revocation = HF_REVOCATION_NONE;
    assert_code(&s, HF_OK);
    end(&s);
}

static void whoever_accuses_is_believed(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    ADD(.many = 2);
    staple(&s, 0, STAPLE(.answer = { { .answer = HF_OCSP_REVOKED } }));
    assert_code(&s, HF_E_REVOKED);
    assert_told(&s, "OCSP responder \"CN=Lab Issuing\"");
    staple(&s, 0, STAPLE(.by_key = true));
    assert_code(&s, HF_OK);
    ADD(.entry = { { "4711" } });
    assert_code(&s, HF_E_REVOKED);
    assert_told(&s, "the list of CN=Lab Issuing, number 2a says");
    end(&s);
}

static void must_staple_is_insisted_on_where_it_was_asked(void **state)
{
    struct scene s = begin(HF_REVOCATION_SOFT);

    (void)state;
    usual(&s);
    hf_cert_free(s.sent[0]);
    s.sent[0] = make_cert(
        &(struct make){ LEAF, .ext = { LEAF_USE, LEAF_EKU, LEAF_SAN,
                                       "tlsfeature=status_request" } });
    assert_code(&s, HF_OK);
    s.v.staple_asked = true;
    assert_code(&s, HF_E_BAD_STAPLE);
    assert_told(&s, "it must come with an OCSP response (tlsFeature), and "
                    "came without; the peer must staple");
    ADD(.many = 2);
    assert_code(&s, HF_E_BAD_STAPLE);
    staple(&s, 0, STAPLE(.by_key = true));
    assert_code(&s, HF_OK);
    s.v.revocation = HF_REVOCATION_NONE;
    s.v.staples = NULL;
    assert_code(&s, HF_OK);
    end(&s);
}

/* ---- paths, budgets, faults ---------------------------------------------------------------- */

/* An authority that was revoked under one root may stand under another. */
static void another_path_is_tried(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    TRUST(&s, .subject = "CN=New Root", .key = P256_F,
          .ext = { CA, CA_USE, SKID });
    SEND(&s, MIDDLE, .issuer = "CN=New Root", .signer = P256_F);
    ADD(BY_ROOT, .entry = { { "4711" } });
    assert_code(&s, HF_OK);
    assert_ptr_equal(s.proof.path[1], s.sent[2]);
    ADD(.entry = { { "4711" } }); /* the leaf, too: by no path */
    assert_code(&s, HF_E_REVOKED);
    end(&s);
}

static void signatures_of_lists_are_paid_for(void **state)
{
    static const struct hf_verify_budget three = { 3, 100, 100 };

    USUAL(HF_REVOCATION_SOFT);
    s.v.budget = &three;
    for (unsigned i = 0; i < 10; i++)
        ADD(.many = i, .bad_signature = true);
    assert_code(&s, HF_E_BUDGET);
    hf_crls_wipe(&lists);
    ADD(.many = 1);
    assert_code(&s, HF_OK);
    assert_int_equal(s.tree.spent.signatures, 3);
    assert_code(&s, HF_OK); /* who signed it is known by now */
    assert_int_equal(s.tree.spent.signatures, 2);
    end(&s);
}

/* Two authorities of one name: the list is of one of them. */
static void who_signed_a_list_is_remembered_by_key(void **state)
{
    struct scene t = begin(HF_REVOCATION_LEAF);

    USUAL(HF_REVOCATION_LEAF);
    ADD(.entry = { { "1" } });
    assert_code(&s, HF_OK);
    assert_non_null(lists.at[0]->signer);
    t.v.chain = t.sent;
    t.v.name = &t.name;
    t.v.tree = &t.tree;
    t.v.crls = &lists;
    TRUST(&t, ROOT);
    SEND(&t, LEAF, .signer = P256_E);
    SEND(&t, MIDDLE, .key = P256_E);
    assert_code(&t, HF_E_NO_STATUS);
    assert_told(&t, "not signed by its issuer's key");
    scene_wipe(&t);
    end(&s);
}

static void *ask_often(void *question)
{
    const struct hf_verify *v = question;
    size_t good = 0;

    for (unsigned i = 0; i < 20; i++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_verified proof = { 0 };

        good += hf_verify_chain(v, &proof, &error);
        hf_verified_wipe(&proof);
    }
    return good == 20 ? question : NULL;
}

/* Many at once, each of whom may be the first to find out who signed it. */
static void threads_may_share_lists(void **state)
{
    pthread_t threads[4];
    void *good;

    USUAL(HF_REVOCATION_HARD);
    s.v.tree = NULL;
    ADD(.many = 3);
    ADD(BY_ROOT, .many = 3);
    for (size_t i = 0; i < HF_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &s.v), 0);
    for (size_t i = 0; i < HF_COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_ptr_equal(good, &s.v);
    }
    for (size_t i = 0; i < 2; i++)
        assert_non_null(lists.at[i]->signer);
    end(&s);
}

static void a_fault_of_ours_says_nothing_about_the_peer(void **state)
{
    struct fake fake;

    USUAL(HF_REVOCATION_SOFT);
    ADD(.many = 2);
    assert_code(&s, HF_OK);
    fake_init(&fake);
    fake.fault = true;
    s.v.crypto = &fake.crypto;
    assert_code(&s, HF_E_CRYPTO);
    end(&s);
}

static struct {
    char text[8][400];
    size_t count;
} heard;

static void hear(void *ctx, const struct hf_event *e)
{
    (void)ctx;
    if (e->id != HF_EV_CHECK_REVOCATION || heard.count == 8)
        return;
    snprintf(heard.text[heard.count++], sizeof(heard.text[0]), "%s: %s; %s",
             e->subject, e->inputs, e->verdict);
}

static void whoever_watches_hears_of_it(void **state)
{
    USUAL(HF_REVOCATION_SOFT);
    s.v.watch = hear;
    ADD(.many = 1);
    heard.count = 0;
    assert_code(&s, HF_OK);
    assert_int_equal(heard.count, 2);
    assert_non_null(strstr(heard.text[0], "CN=Lab Issuing: serial number 1267; "
                                          "no list of its issuer, and no OCSP "
                                          "response; nobody was asked"));
    assert_non_null(strstr(
        heard.text[1],
        "CN=leaf: serial number 1267; the list of "
        "CN=Lab Issuing, number 2a, from 2027-01-14 08:00:00 UTC to 2027-01-22 "
        "08:00:00 UTC; the list of CN=Lab Issuing, number 2a says "
        "that it is not revoked, until 2027-01-22"));
    end(&s);
}

/* The longer path is tried first: what is said there of the third certificate does
 * not stay where the third is an anchor. */
static void what_was_found_on_another_path_is_not_in_the_proof(void **state)
{
    struct hf_cert *straight;

    USUAL(HF_REVOCATION_SOFT);
    TRUST(&s, .subject = "CN=New Root", .key = P256_F,
          .ext = { CA, CA_USE, SKID });
    SEND(&s, MIDDLE, .issuer = "CN=New CA", .signer = P256_D);
    SEND(&s, MIDDLE, .subject = "CN=New CA", .key = P256_D,
         .issuer = "CN=New Root", .signer = P256_F);
    straight = s.sent[1];
    s.sent[1] = s.sent[2];
    s.sent[2] = straight;
    ADD(.issuer = "CN=New Root", .signer = P256_F, .entry = { { "4711" } });
    s.v.watch = hear;
    heard.count = 0;
    assert_code(&s, HF_OK);
    assert_non_null(strstr(heard.text[0], "CN=New CA: serial number 1267; the "
                                          "list of CN=New Root"));
    assert_int_equal(s.proof.depth, 3);
    assert_ptr_equal(s.proof.path[1], straight);
    assert_int_equal(s.proof.status[2].standing, HF_STANDING_UNASKED);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_looked_at_unless_asked_for),
        cmocka_unit_test(a_listed_leaf_is_refused_with_all_there_is),
        cmocka_unit_test(a_listed_authority_is_refused),
        cmocka_unit_test(good_lists_satisfy_those_who_insist),
        cmocka_unit_test(an_anchor_is_not_asked_about),
        cmocka_unit_test(lists_that_may_not_speak_do_not),
        cmocka_unit_test(an_issuer_must_be_allowed_to_sign_lists),
        cmocka_unit_test(lists_speak_of_their_time),
        cmocka_unit_test(an_old_list_still_accuses),
        cmocka_unit_test(lists_speak_of_their_scope),
        cmocka_unit_test(distribution_points_are_matched),
        cmocka_unit_test(a_response_speaks_for_the_leaf),
        cmocka_unit_test(responses_speak_for_the_authorities),
        cmocka_unit_test(a_response_that_proves_nothing_is_never_passed_over),
        cmocka_unit_test(whoever_accuses_is_believed),
        cmocka_unit_test(must_staple_is_insisted_on_where_it_was_asked),
        cmocka_unit_test(another_path_is_tried),
        cmocka_unit_test(signatures_of_lists_are_paid_for),
        cmocka_unit_test(who_signed_a_list_is_remembered_by_key),
        cmocka_unit_test(threads_may_share_lists),
        cmocka_unit_test(a_fault_of_ours_says_nothing_about_the_peer),
        cmocka_unit_test(whoever_watches_hears_of_it),
        cmocka_unit_test(what_was_found_on_another_path_is_not_in_the_proof),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
