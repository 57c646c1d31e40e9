/* issuer_test.c - what makes an authority unfit to issue, and a signature unfit
 * to be believed. */
#include "x509/fresh.h"

/* ---- authorities ------------------------------------------------------------------------------------ */

static void who_is_no_authority_cannot_issue(void **state)
{
    static const char *const exts[][2] = {
        { "basicConstraints=critical,CA:FALSE", "cA false" },
        { CA_USE, "no basicConstraints" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(exts); i++) {
        TRUST(&s, ROOT);
        SEND(&s, LEAF);
        SEND(&s, MIDDLE, .ext = { exts[i][0] });
        assert_code(&s, HF_E_NOT_A_CA);
        assert_told(&s, "CN=Lab Issuing: it is no authority");
        assert_told(&s, exts[i][1]);
        scene_wipe(&s);
        scene_init(&s);
    }
}

static void an_anchor_must_be_an_authority_too(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .ext = { SKID });
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_E_NOT_A_CA);
    assert_told(&s, "CN=Lab Root");
}

static void an_authority_needs_key_cert_sign(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .ext = { CA, "keyUsage=digitalSignature,cRLSign" });
    assert_code(&s, HF_E_KEY_USAGE);
    assert_told(&s, "CN=Lab Issuing: it may not sign certificates: its "
                    "keyUsage is digitalSignature, cRLSign");
}

/* Root, a number of authorities, leaf. */
static void send_tower(const char *const *ext, size_t n)
{
    static const enum make_key keys[] = { P256_B, P256_D, P256_E, P256_F,
                                          P256_A, P384,   P521 };
    char subject[8][16];

    snprintf(subject[0], sizeof(subject[0]), "CN=Lab Root");
    for (size_t i = 1; i <= n; i++)
        snprintf(subject[i], sizeof(subject[i]), "CN=CA %zu", i);
    SEND(&s, LEAF, .issuer = subject[n], .signer = n ? keys[n - 1] : P256_A);
    for (size_t i = n; i > 0; i--)
        SEND(&s, .subject = subject[i], .key = keys[i - 1],
             .issuer = subject[i - 1], .signer = i > 1 ? keys[i - 2] : P256_A,
             .ext = { ext[i - 1] });
}

static void path_lengths_count_authorities(void **state)
{
    static const char *const zero[] = { CA, CA ",pathlen:0", CA };
    static const char *const one[] = { CA, CA ",pathlen:1", CA };
    static const char *const leaf_only[] = { CA, CA, CA ",pathlen:0" };

    (void)state;
    TRUST(&s, ROOT);
    send_tower(zero, 3);
    assert_code(&s, HF_E_PATH_LENGTH);
    assert_told(&s, "CN=CA 2: it allows 0 authorities below it, there are 1");
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT);
    send_tower(one, 3);
    assert_code(&s, HF_OK);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT);
    send_tower(leaf_only, 3);
    assert_code(&s, HF_OK);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .ext = { CA ",pathlen:0" }); /* an anchor's counts too */
    send_tower(leaf_only, 1);
    assert_code(&s, HF_E_PATH_LENGTH);
}

/* RFC 5280 4.2.1.9: a new key of the same authority is no authority more. */
static void self_issued_authorities_are_not_counted(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .ext = { CA ",pathlen:1" });
    SEND(&s, LEAF, .signer = P256_E);
    SEND(&s, MIDDLE, .ext = { CA ",pathlen:0" });
    SEND(&s, MIDDLE, .issuer = "CN=Lab Issuing", .key = P256_E,
         .signer = P256_B, .ext = { CA });
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 4);
    s.v.max_depth = 3; /* nor does a limit of ours count it */
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 4);
    s.v.max_depth = 2;
    assert_code(&s, HF_E_PATH_LENGTH);
    assert_told(&s, "longer than 2 certificates");
}

static void a_path_has_at_most_eight_certificates(void **state)
{
    static const char *const ext[] = { CA, CA, CA, CA, CA, CA, CA };

    (void)state;
    TRUST(&s, ROOT);
    send_tower(ext, 6);
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, HF_PATH_MAX);
    s.v.max_depth = 7;
    assert_code(&s, HF_E_PATH_LENGTH);
    assert_told(&s, "longer than 7 certificates");
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT);
    send_tower(ext, 7);
    assert_code(&s, HF_E_PATH_LENGTH);
    s.v.max_depth = 200;
    assert_code(&s, HF_E_PATH_LENGTH);
    s.v.max_depth = 1;
    assert_code(&s, HF_E_PATH_LENGTH);
}

/* ---- keys and signatures ------------------------------------------------------------------------------ */

static void short_rsa_keys_are_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .key = RSA_1024);
    send_good_middle();
    assert_code(&s, HF_E_WEAK_KEY);
    assert_told(&s, "CN=leaf: its key is RSA 1024, at least 2048 bits are "
                    "needed");
    s.v.min_rsa_bits = 1024;
    assert_code(&s, HF_OK);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .signer = RSA_1024);
    SEND(&s, MIDDLE, .key = RSA_1024);
    assert_code(&s, HF_E_WEAK_KEY);
    assert_told(&s, "CN=Lab Issuing: its key is RSA 1024");
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .key = RSA_1024);
    SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = RSA_1024);
    assert_code(&s, HF_E_WEAK_KEY);
    assert_told(&s, "CN=Lab Root: its key is RSA 1024");
}

static void a_longer_minimum_may_be_asked_for(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .key = RSA_2048);
    send_good_middle();
    assert_code(&s, HF_OK);
    s.v.min_rsa_bits = 3072;
    assert_code(&s, HF_E_WEAK_KEY);
    assert_told(&s, "at least 3072");
}

static void odd_keys_are_refused(void **state)
{
    static const struct {
        enum make_key key;
        const char *told;
    } rows[] = {
        { EXPLICIT, "id-ecPublicKey" }, /* CVE-2020-0601 */
        { P192, "id-ecPublicKey" },
        { DSA_1024, "id-dsa" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        TRUST(&s, ROOT);
        SEND(&s, LEAF, .key = rows[i].key);
        send_good_middle();
        assert_code(&s, HF_E_CERT_KEY);
        assert_told(&s, rows[i].told);
        scene_wipe(&s);
        scene_init(&s);
        TRUST(&s, ROOT); /* and an authority with it */
        SEND(&s, LEAF, .signer = rows[i].key);
        SEND(&s, MIDDLE, .key = rows[i].key);
        assert_code(&s, HF_E_CERT_KEY);
        assert_told(&s, "CN=Lab Issuing");
        scene_wipe(&s);
        scene_init(&s);
    }
}

/* Making a key of that length takes seconds; saying so does not. */
static void long_rsa_keys_are_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .key = RSA_2048);
    send_good_middle();
    s.sent[0]->key.bits = 8192;
    assert_code(&s, HF_OK);
    s.sent[0]->key.bits = 8193;
    assert_code(&s, HF_E_CERT_KEY);
    assert_told(&s, "longer than 8192 bits");
}

static void weak_hashes_are_refused(void **state)
{
    static const struct {
        enum make_key key;
        const char *hash, *told;
    } rows[] = {
        { RSA_2048, "SHA1", "sha1WithRSAEncryption" },
        { RSA_2048, "MD5", "md5WithRSAEncryption" },
        { P256_A, "SHA1", "ecdsa-with-SHA1" },
        { P256_A, "SHA224", "ecdsa-with-SHA224" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        TRUST(&s, ROOT, .key = rows[i].key);
        SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = rows[i].key,
             .hash = rows[i].hash);
        assert_code(&s, HF_E_CERT_ALGORITHM);
        assert_told(&s, "CN=leaf: it is signed with ");
        assert_told(&s, rows[i].told);
        scene_wipe(&s);
        scene_init(&s);
        TRUST(&s, ROOT, .key = rows[i].key);
        SEND(&s, LEAF);
        SEND(&s, MIDDLE, .signer = rows[i].key, .hash = rows[i].hash);
        assert_code(&s, HF_E_CERT_ALGORITHM);
        assert_told(&s, "CN=Lab Issuing: it is signed with ");
        scene_wipe(&s);
        scene_init(&s);
    }
}

/* Nobody verifies it. */
static void a_weak_signature_of_an_anchor_does_not_matter(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .key = RSA_2048, .hash = "SHA1");
    SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = RSA_2048);
    assert_code(&s, HF_OK);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .bad_signature = true);
    SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = P256_A);
    assert_code(&s, HF_OK);
}

static void changed_certificates_are_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .bad_signature = true);
    send_good_middle();
    assert_code(&s, HF_E_CERT_SIGNATURE);
    assert_told(&s, "CN=leaf: its signature (ecdsa-with-SHA256) was not made "
                    "by the key of CN=Lab Issuing (ECDSA P-256)");
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .bad_signature = true);
    assert_code(&s, HF_E_CERT_SIGNATURE);
    assert_told(&s, "CN=Lab Issuing: its signature");
}

/* An authority that was made anew under its old name: what a lab meets most. */
static void an_authority_with_a_new_key_is_told_apart(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .key = P256_D);
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_E_CERT_SIGNATURE);
    assert_told(&s,
                "another authority of that name signed it: it asks for key ");
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .key = RSA_2048); /* which cannot even have made it */
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_E_CERT_SIGNATURE);
    assert_told(&s, "by the key of CN=Lab Root (RSA 2048)");
}

/* A PSS key that is bound to one hash makes no signature with another. */
static void keys_do_not_make_others_signatures(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .key = ED25519);
    SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = P256_A);
    assert_code(&s, HF_E_CERT_SIGNATURE);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .key = RSA_PSS);
    SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = RSA_2048);
    assert_code(&s, HF_E_CERT_SIGNATURE);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .key = P256_A);
    SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = ED25519);
    assert_code(&s, HF_E_CERT_SIGNATURE);
}

/* ---- extensions ------------------------------------------------------------------------------------------ */

static void unknown_critical_extensions_are_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .ext = { LEAF_SAN, "1.2.3.4=critical,DER:0500" });
    send_good_middle();
    assert_code(&s, HF_E_CRITICAL_EXTENSION);
    assert_told(&s, "CN=leaf: its critical extension 1.2.3.4");
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .ext = { CA, "1.2.3.4=critical,DER:0500" });
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_E_CRITICAL_EXTENSION);
    assert_told(&s, "CN=Lab Root");
}

static void policies_may_be_critical(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF,
         .ext = { LEAF_SAN, "2.5.29.32=critical,DER:"
                            "3006300406022a03" });
    SEND(&s, MIDDLE,
         .ext = { CA, "2.5.29.32=critical,DER:3006300406022a04",
                  "inhibitAnyPolicy=critical,0" });
    assert_code(&s, HF_OK);
}

static void a_serial_number_of_zero_is_for_anchors(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .serial = "0");
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_OK);
    hf_cert_free(s.sent[0]);
    s.sent[0] = make_cert(&(struct make){ LEAF, .serial = "0" });
    assert_code(&s, HF_E_CERT_DER);
    assert_told(&s, "serial number is 0");
    hf_cert_free(s.sent[0]);
    hf_cert_free(s.sent[1]);
    s.sent[0] = make_cert(&(struct make){ LEAF });
    s.sent[1] = make_cert(&(struct make){ MIDDLE, .serial = "0" });
    assert_code(&s, HF_E_CERT_DER);
    assert_told(&s, "CN=Lab Issuing");
}

/* ---- name constraints: more of them in constraints_test.c ------------------------------------------------- */

static void a_name_outside_its_authority_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE,
         .ext = { CA, "nameConstraints=critical,permitted;DNS:lab.test" });
    assert_code(&s, HF_E_NAME_CONSTRAINT);
    assert_told(&s, "CN=leaf: its name DNS:example.com is not under "
                    "DNS:lab.test, all that CN=Lab Issuing may certify");
    hf_cert_free(s.sent[1]);
    s.sent[1] = make_cert(&(struct make){
        MIDDLE, .ext = { CA, "nameConstraints=excluded;DNS:com" } });
    assert_code(&s, HF_E_NAME_CONSTRAINT);
    assert_told(&s, "its name DNS:example.com falls under DNS:com, which "
                    "CN=Lab Issuing may not certify");
}

static void constraints_of_an_anchor_hold_for_all_below(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .ext = { CA, "nameConstraints=permitted;DNS:example.com" });
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_OK);
    hf_cert_free(s.sent[1]);
    s.sent[1] = make_cert(&(struct make){
        MIDDLE, .ext = { CA, "subjectAltName=DNS:other.test" } });
    assert_code(&s, HF_E_NAME_CONSTRAINT);
    assert_told(&s, "CN=Lab Issuing: its name DNS:other.test");
}

/* RFC 5280 6.1.3 b: not on self-issued ones, unless they are the leaf. */
static void self_issued_authorities_are_not_constrained(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .ext = { CA, "nameConstraints=permitted;DNS:example.com" });
    SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = P256_B);
    SEND(&s, MIDDLE, .subject = "CN=Lab Root",
         .ext = { CA, "subjectAltName=DNS:other.test" });
    assert_code(&s, HF_OK);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .ext = { CA, "nameConstraints=permitted;DNS:lab.test" });
    SEND(&s, LEAF, .subject = "CN=Lab Root", .issuer = "CN=Lab Root",
         .signer = P256_A);
    assert_code(&s, HF_E_NAME_CONSTRAINT);
}

static void constraints_in_a_leaf_are_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF,
         .ext = { LEAF_SAN, "nameConstraints=permitted;DNS:example.com" });
    send_good_middle();
    assert_code(&s, HF_E_NAME_CONSTRAINT);
    assert_told(&s, "it has name constraints but is no authority");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_no_authority_cannot_issue),
        TEST(an_anchor_must_be_an_authority_too),
        TEST(an_authority_needs_key_cert_sign),
        TEST(path_lengths_count_authorities),
        TEST(self_issued_authorities_are_not_counted),
        TEST(a_path_has_at_most_eight_certificates),
        TEST(short_rsa_keys_are_refused),
        TEST(a_longer_minimum_may_be_asked_for),
        TEST(odd_keys_are_refused),
        TEST(long_rsa_keys_are_refused),
        TEST(weak_hashes_are_refused),
        TEST(a_weak_signature_of_an_anchor_does_not_matter),
        TEST(changed_certificates_are_refused),
        TEST(an_authority_with_a_new_key_is_told_apart),
        TEST(keys_do_not_make_others_signatures),
        TEST(unknown_critical_extensions_are_refused),
        TEST(policies_may_be_critical),
        TEST(a_serial_number_of_zero_is_for_anchors),
        TEST(a_name_outside_its_authority_is_refused),
        TEST(constraints_of_an_anchor_hold_for_all_below),
        TEST(self_issued_authorities_are_not_constrained),
        TEST(constraints_in_a_leaf_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
