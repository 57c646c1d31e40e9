/* revoke_keys_test.c - whose keys may sign a revocation list: that of who issued
 * the certificate, and the same authority's above it. */
#include "x509/revoke_make.h"

static struct hf_crls lists;

static void add(struct hf_span der)
{
    struct hf_error error = { .code = HF_OK };
    size_t added;

    if (!hf_crls_add(&lists, der, &added, &error))
        fail_msg("%s", error.detail);
}
#define ADD(...) add(LIST(__VA_ARGS__))
#define BY_ROOT .issuer = "CN=Lab Root", .signer = P256_A

/* An authority that changes keys issues itself a certificate. */
static void a_list_may_be_signed_by_a_key_above(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s);
    s.v.revocation = HF_REVOCATION_HARD;
    s.v.chain = s.sent;
    s.v.name = &s.name;
    s.v.tree = &s.tree;
    s.v.crls = &lists;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .signer = P256_E);
    SEND(&s, MIDDLE, .issuer = "CN=Lab Issuing", .key = P256_E,
         .signer = P256_B, .ext = { CA, CA_USE });
    SEND(&s, MIDDLE);
    ADD(BY_ROOT);
    ADD(.entry = { { "1" } });
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 4);
    /* It accuses, too: of what the key below has signed. */
    hf_cert_free(s.sent[0]);
    s.sent[0] = make_cert(
        &(struct make){ LEAF, .signer = P256_E, .serial = "1" });
    assert_code(&s, HF_E_REVOKED);
    /* A key below may not speak of what is above it. */
    hf_crls_wipe(&lists);
    ADD(BY_ROOT);
    ADD(.issuer = "CN=Lab Issuing", .signer = P256_E);
    hf_cert_free(s.sent[0]);
    s.sent[0] = make_cert(&(struct make){ LEAF, .signer = P256_E });
    assert_code(&s, HF_E_NO_STATUS);
    /* Nor a key of that name that is not on the path. */
    hf_crls_wipe(&lists);
    ADD(BY_ROOT);
    ADD(.issuer = "CN=Lab Issuing", .signer = P256_F);
    assert_code(&s, HF_E_NO_STATUS);
    assert_told(&s, "not signed by its issuer's key");
    scene_wipe(&s);
    hf_crls_wipe(&lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_may_be_signed_by_a_key_above),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
