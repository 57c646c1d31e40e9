/* rsa12_test.c - RSA key transport, one function at a time, with a provider whose
 * encryption is the test's: which keys it is for, what is encrypted and what
 * becomes of it, a key that lives elsewhere, and every failure.  Whole
 * handshakes are in engine/rsa12_test.c. */
#define HF_UNPOISONED
#include "handshake/lone.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SUITE = 0x009d, MODULUS = 128 };

static const struct hf_span said = { (const uint8_t *)"\1\0\0\3abc", 7 };
static uint8_t modulus[MODULUS];

/* ---- a provider that encrypts nothing ------------------------------------------------ */

static bool no_random, no_seal, at_fault;
static struct hf_span opened_what;
static unsigned opened_version;

static bool draw(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0xdd, len);
    return !no_random;
}

/* The secret itself, twice. */
static bool seal(void *self, const struct hf_public_key *key,
                 const uint8_t secret[HF_PREMASTER_LEN], uint8_t *out,
                 size_t cap, size_t *len, bool *fault)
{
    (void)self;
    assert_ptr_equal(key->modulus.at, modulus);
    assert_int_equal(cap, HF_SIGNATURE_MAX);
    memcpy(out, secret, HF_PREMASTER_LEN);
    memcpy(out + HF_PREMASTER_LEN, secret, HF_PREMASTER_LEN);
    memset(out + cap - 1, 0, 1); /* there is so much room */
    *len = 2 * HF_PREMASTER_LEN;
    if (at_fault)
        *fault = true;
    return !no_seal;
}

static void open_it(void *self, const struct hf_private_key *key,
                    struct hf_span sealed, unsigned version,
                    uint8_t secret[HF_PREMASTER_LEN])
{
    (void)self;
    assert_non_null(key);
    for (size_t i = 0; i < HF_PREMASTER_LEN; i++)
        assert_int_equal(secret[i], 0xdd); /* drawn before */
    opened_what = sealed;
    opened_version = version;
    memset(secret, 0x33, HF_PREMASTER_LEN);
}

/* ---- a handshake with one certificate ---------------------------------------------------- */

static struct hf_cert leaf;
static struct hf_cert *chain[1] = { &leaf };
static struct hf_keypair pairs[2];

static void begin(struct lone *l, enum hf_role role)
{
    no_memory = no_random = no_seal = at_fault = false;
    memset(modulus, 0xaa, sizeof(modulus));
    memset(&leaf, 0, sizeof(leaf));
    leaf.key.kind = HF_KEY_RSA;
    leaf.key.modulus = HF_SPAN(modulus);
    memset(pairs, 0, sizeof(pairs));
    pairs[1].chain[0] = &leaf;
    pairs[1].key = (struct hf_private_key *)&leaf; /* nobody looks inside */
    lone_begin(l, role, SUITE, said);
    lone_provider()->random = draw;
    lone_provider()->premaster_seal = seal;
    lone_provider()->premaster_open = open_it;
    l->set.keypairs = pairs;
    l->set.keypair_count = 2;
    l->hs->keypair = &pairs[1];
    l->hs->offer.hello.legacy_version = 0x0305;
    if (role == HF_CLIENT)
        l->s.peer = chain;
}

static void end(struct lone *l)
{
    no_memory = false;
    l->s.peer = NULL;
    lone_end(l);
}

static void was_told(const struct lone *l)
{
    assert_int_equal(l->decided.id, HF_EV_KEY_TRANSPORT);
    assert_true(l->decided.ok);
}

/* The master secret is that of @premaster and the @n messages before it. */
static void has_master(const struct lone *l, const uint8_t *premaster)
{
    uint8_t seed[64], want[HF_MASTER_LEN];

    memcpy(seed, l->s.client_random, 32);
    memcpy(seed + 32, l->s.server_random, 32);
    naive_prf(384, hf_span(premaster, HF_PREMASTER_LEN), "master secret",
              HF_SPAN(seed), want, sizeof(want));
    assert_memory_equal(l->s.master_secret, want, sizeof(want));
    assert_true(lone_zero(l->hs->shared, sizeof(l->hs->shared)));
}

/* ---- which keys ------------------------------------------------------------------------------ */

static void it_is_used_where_nothing_else_makes_keys(void **state)
{
    static const unsigned others[] = { HF_FACT_TLS13, HF_FACT_RESUMED,
                                       HF_FACT_SIGNED };
    struct lone l;

    (void)state;
    begin(&l, HF_CLIENT);
    for (unsigned set = 0; set < 8; set++) {
        l.hs->facts = HF_FACT_ASKED;
        for (unsigned i = 0; i < 3; i++)
            l.hs->facts |= set >> i & 1 ? others[i] : 0;
        assert_int_equal(hf_rsa12_in_use(l.hs), set == 0);
    }
    end(&l);
}

static void a_servers_key_must_be_there_and_be_allowed_to(void **state)
{
    static const unsigned kinds[] = { HF_KEY_RSA, HF_KEY_RSA_PSS, HF_KEY_P256 };
    struct lone l;

    (void)state;
    begin(&l, HF_SERVER);
    for (unsigned i = 0; i < 3 * 16; i++) {
        const bool here = i & 1, asks = i & 2, listed = i & 4, named = i & 8;

        pairs[1].key = here ? (struct hf_private_key *)&leaf : NULL;
        l.set.questions = asks ? HF_ASK_DECRYPT : HF_ASK_SIGN;
        leaf.key.kind = (uint8_t)kinds[i / 16];
        leaf.flags = named ? HF_CERT_KEY_USAGE : 0;
        leaf.usage = listed ? HF_USE_KEY_ENCIPHERMENT : 0;
        assert_int_equal(hf_rsa12_fits(&l.set, &pairs[1]),
                         (here || asks) && i / 16 == 0 && (listed || !named));
    }
    end(&l);
}

static void a_client_asks_for_key_encipherment(void **state)
{
    struct lone l;

    (void)state;
    begin(&l, HF_CLIENT);
    assert_int_equal(hf_rsa12_leaf_usage(l.hs), HF_USE_KEY_ENCIPHERMENT);
    l.hs->facts = HF_FACT_SIGNED;
    assert_int_equal(hf_rsa12_leaf_usage(l.hs), 0);
    l.hs->facts = 0;
    leaf.key.kind = HF_KEY_P256;
    assert_int_equal(hf_rsa12_leaf_usage(l.hs), 0);
    leaf.key.kind = HF_KEY_RSA;
    l.s.role = HF_SERVER;
    assert_int_equal(hf_rsa12_leaf_usage(l.hs), 0);
    end(&l);
}

static void a_key_that_may_not_is_refused_without_verification_too(void **state)
{
    static const struct {
        unsigned kind, flags, usage, code;
    } rows[] = {
        { HF_KEY_RSA, 0, 0, HF_OK },
        { HF_KEY_RSA, HF_CERT_KEY_USAGE, HF_USE_KEY_ENCIPHERMENT, HF_OK },
        { HF_KEY_RSA, HF_CERT_KEY_USAGE, 0, HF_E_KEY_USAGE },
        { HF_KEY_RSA_PSS, 0, 0, HF_E_KEY_KIND },
        { HF_KEY_P256, HF_CERT_KEY_USAGE, 0, HF_E_KEY_KIND },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct lone l;

        begin(&l, HF_CLIENT);
        leaf.key.kind = (uint8_t)rows[i].kind;
        leaf.flags = (uint8_t)rows[i].flags;
        leaf.usage = (uint8_t)rows[i].usage;
        assert_int_equal(hf_job_check_server_key(l.hs),
                         rows[i].code ? HF_STEP_FAILED : HF_STEP_DONE);
        assert_int_equal(l.s.error.code, rows[i].code);
        end(&l);
    }
}

/* ---- the client ------------------------------------------------------------------------------- */

/* 03 03, whatever was offered besides, and 46 random bytes. */
static void a_client_draws_and_encrypts(void **state)
{
    uint8_t want[HF_PREMASTER_LEN];
    struct lone l;

    (void)state;
    begin(&l, HF_CLIENT);
    memset(want, 0xdd, sizeof(want));
    want[0] = want[1] = 3;
    assert_int_equal(hf_job_make_premaster_rsa(l.hs), HF_STEP_DONE);
    assert_int_equal(l.s.error.code, HF_OK);
    assert_memory_equal(l.hs->shared, want, sizeof(want));
    assert_int_equal(l.hs->sealed.len, 2 * sizeof(want));
    assert_memory_equal(l.hs->sealed.at, want, sizeof(want));
    was_told(&l);
    end(&l);
}

static void what_a_client_cannot_do_is_told(void **state)
{
    static const unsigned codes[] = { HF_E_RANDOM, HF_E_WEAK_KEY, HF_E_CRYPTO,
                                      HF_E_OUT_OF_MEMORY };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct lone l;

        begin(&l, HF_CLIENT);
        hf_arena_wipe(&l.hs->arena);
        no_random = i == 0;
        no_seal = i > 0;
        at_fault = i == 2;
        no_memory = i == 3;
        assert_int_equal(hf_job_make_premaster_rsa(l.hs), HF_STEP_FAILED);
        assert_int_equal(l.s.error.code, codes[i]);
        assert_null(l.hs->sealed.at);
        assert_int_equal(l.decided_count, 0);
        end(&l);
    }
}

static void a_client_sends_it_and_derives(void **state)
{
    static const uint8_t head[] = { 22, 3, 3, 0, 102, 16, 0, 0, 98, 0, 96 };
    uint8_t premaster[HF_PREMASTER_LEN];
    struct hf_span bytes;
    struct lone l;

    (void)state;
    begin(&l, HF_CLIENT);
    assert_int_equal(hf_job_make_premaster_rsa(l.hs), HF_STEP_DONE);
    memcpy(premaster, l.hs->shared, sizeof(premaster));
    assert_true(l.hs->proofs.signature == 0);
    assert_int_equal(hf_send_client_kx_rsa(l.hs), HF_STEP_DONE);
    bytes = hf_buffer_bytes(&l.s.outgoing);
    assert_int_equal(bytes.len, sizeof(head) + 96);
    assert_memory_equal(bytes.at, head, sizeof(head));
    assert_memory_equal(bytes.at + sizeof(head), premaster, 48);
    has_master(&l, premaster);
    assert_true(l.hs->proofs.signature == HF_PROOF_DECRYPTION);
    end(&l);
}

/* Then nothing is proved, and no secret waits any longer. */
static void a_client_that_cannot_derive_proves_nothing(void **state)
{
    struct lone l;
    size_t calls;

    (void)state;
    begin(&l, HF_CLIENT);
    assert_int_equal(hf_job_make_premaster_rsa(l.hs), HF_STEP_DONE);
    lone_fail_at(0);
    assert_int_equal(hf_send_client_kx_rsa(l.hs), HF_STEP_DONE);
    calls = lone_calls();
    end(&l);
    assert_true(calls > 5);
    for (size_t n = 1; n <= calls; n++) {
        begin(&l, HF_CLIENT);
        assert_int_equal(hf_job_make_premaster_rsa(l.hs), HF_STEP_DONE);
        lone_fail_at(n);
        assert_int_equal(hf_send_client_kx_rsa(l.hs), HF_STEP_FAILED);
        assert_int_equal(l.s.error.code, HF_E_CRYPTO);
        assert_true(l.hs->proofs.signature == 0);
        end(&l);
    }
}

/* ---- the server --------------------------------------------------------------------------------- */

static enum hf_step_result hear(struct lone *l, const uint8_t *body, size_t len)
{
    const struct hf_message m = { .kind = HF_CLIENT_KEY_EXCHANGE,
                                  .body = hf_span(body, len) };

    return hf_recv_client_kx_rsa(l->hs, &m);
}

/* Of any length; what is longer than any key's is kept to one more than that. */
static void what_came_is_kept_as_it_is(void **state)
{
    enum { MOST = HF_SIGNATURE_MAX };
    static const size_t lengths[] = { 0,        1,        128,
                                      MOST - 1, MOST,     MOST + 1,
                                      MOST + 2, MOST + 3, 16000 };
    static uint8_t body[2 + 16000];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(lengths); i++) {
        const size_t len = lengths[i];
        struct lone l;
        size_t used;

        begin(&l, HF_SERVER);
        used = l.hs->arena.used;
        for (size_t k = 0; k < len; k++)
            body[2 + k] = (uint8_t)(k * 7);
        hf_store_number(body, len, 2);
        assert_int_equal(hear(&l, body, 2 + len), HF_STEP_DONE);
        assert_int_equal(l.hs->sealed.len, len < MOST + 1 ? len : MOST + 1);
        assert_memory_equal(l.hs->sealed.at, body + 2, l.hs->sealed.len);
        assert_int_equal(l.hs->arena.used - used, (MOST + 1 + 15) / 16 * 16);
        assert_int_equal(hear(&l, body, 1 + len), HF_STEP_FAILED);
        assert_int_not_equal(l.s.error.code, HF_OK);
        end(&l);
    }
}

static void memory_that_a_server_has_not_is_told(void **state)
{
    static const uint8_t body[] = { 0, 1, 7 };
    struct lone l;

    (void)state;
    begin(&l, HF_SERVER);
    hf_arena_wipe(&l.hs->arena);
    no_memory = true;
    assert_int_equal(hear(&l, body, sizeof(body)), HF_STEP_FAILED);
    assert_int_equal(l.s.error.code, HF_E_OUT_OF_MEMORY);
    end(&l);
    begin(&l, HF_SERVER);
    hf_arena_wipe(&l.hs->arena);
    pairs[1].key = NULL;
    no_memory = true;
    assert_int_equal(hf_job_open_premaster_rsa(l.hs), HF_STEP_FAILED);
    assert_int_equal(l.s.error.code, HF_E_OUT_OF_MEMORY);
    end(&l);
}

/* With the version that the hello offered (RFC 5246 7.4.7.1). */
static void a_server_opens_over_what_it_drew(void **state)
{
    static const uint8_t sealed[] = { 1, 2, 3 };
    uint8_t premaster[HF_PREMASTER_LEN];
    struct lone l;

    (void)state;
    begin(&l, HF_SERVER);
    l.hs->sealed = HF_SPAN(sealed);
    memset(premaster, 0x33, sizeof(premaster));
    assert_int_equal(hf_job_open_premaster_rsa(l.hs), HF_STEP_DONE);
    assert_ptr_equal(opened_what.at, sealed);
    assert_int_equal(opened_what.len, sizeof(sealed));
    assert_int_equal(opened_version, 0x0305);
    has_master(&l, premaster);
    was_told(&l);
    end(&l);
}

static void without_random_bytes_nothing_is_opened(void **state)
{
    struct lone l;

    (void)state;
    for (int here = 0; here < 2; here++) {
        begin(&l, HF_SERVER);
        no_random = true;
        opened_version = 0;
        if (!here)
            pairs[1].key = NULL;
        assert_int_equal(hf_job_open_premaster_rsa(l.hs), HF_STEP_FAILED);
        assert_int_equal(l.s.error.code, HF_E_RANDOM);
        assert_int_equal(opened_version, 0);
        end(&l);
    }
}

static void a_server_that_cannot_derive_fails(void **state)
{
    struct lone l;

    (void)state;
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        begin(&l, HF_SERVER);
        if (elsewhere) {
            static uint8_t block[MODULUS];

            l.hs->answered = true;
            l.hs->opened = block;
            l.hs->answer.opened = HF_SPAN(block);
        }
        lone_fail_at(1);
        assert_int_equal(hf_job_open_premaster_rsa(l.hs), HF_STEP_FAILED);
        assert_int_equal(l.s.error.code, HF_E_CRYPTO);
        assert_true(lone_zero(l.hs->shared, sizeof(l.hs->shared)));
        end(&l);
    }
}

/* ---- the key lives elsewhere --------------------------------------------------------------------- */

static uint8_t number[MODULUS], block[MODULUS + 1];

/* A well formed block with @secret, and the question for it asked. */
static void ask(struct lone *l, bool fits, const uint8_t *secret)
{
    size_t used;

    begin(l, HF_SERVER);
    used = l->hs->arena.used;
    memset(number, 0x11, sizeof(number));
    if (!fits)
        number[0] = 0xff;
    memset(block, 0x77, sizeof(block));
    block[0] = 0;
    block[1] = 2;
    block[MODULUS - 49] = 0;
    memcpy(block + MODULUS - 48, secret, 48);
    pairs[1].key = NULL;
    l->hs->sealed = HF_SPAN(number);
    assert_int_equal(hf_job_open_premaster_rsa(l->hs), HF_STEP_WAIT);
    assert_int_equal(l->hs->question.kind, HF_ASK_DECRYPT);
    assert_int_equal(l->hs->question.chain, 1);
    assert_int_equal(l->hs->question.message.len, MODULUS);
    assert_int_equal(hf_span_equal(l->hs->question.message, HF_SPAN(number)),
                     fits);
    /* The answer has room of its own, as much, behind it. */
    assert_ptr_equal(l->hs->opened, l->hs->question.message.at + MODULUS);
    assert_int_equal(l->hs->arena.used - used, 2 * MODULUS);
    assert_int_equal(l->decided_count, 0);
}

/* The @len bytes of the answer; which premaster secret comes of it. */
static void answer(struct lone *l, const uint8_t *bytes, size_t len,
                   const uint8_t *want)
{
    hf_rsa12_answer(l->hs, hf_span(bytes, len));
    assert_int_equal(l->hs->answer.opened.len, MODULUS);
    l->hs->answered = true;
    assert_int_equal(hf_job_open_premaster_rsa(l->hs), HF_STEP_DONE);
    assert_false(l->hs->answered);
    has_master(l, want);
    was_told(l);
    assert_int_equal(l->s.error.code, HF_OK);
    assert_true(lone_zero(l->hs->opened, MODULUS));
    end(l);
}

static void anothers_answer_is_looked_at_here(void **state)
{
    uint8_t secret[48], drawn[48];
    struct lone l;

    (void)state;
    memset(secret, 0x44, sizeof(secret));
    hf_store_number(secret, 0x0305, 2); /* as the hello said */
    memset(drawn, 0xdd, sizeof(drawn));
    ask(&l, true, secret);
    answer(&l, block, MODULUS, secret);
    ask(&l, false, secret); /* the number was none */
    answer(&l, block, MODULUS, drawn);
    ask(&l, true, secret); /* too short, too long, nothing */
    answer(&l, block, MODULUS - 1, drawn);
    ask(&l, true, secret);
    answer(&l, block, MODULUS + 1, drawn);
    ask(&l, true, secret);
    answer(&l, NULL, 0, drawn);
    ask(&l, true, secret);
    block[1] = 1;
    answer(&l, block, MODULUS, drawn);
    hf_store_number(secret, 0x0303, 2); /* the version negotiated */
    ask(&l, true, secret);
    answer(&l, block, MODULUS, drawn);
}

/* If what was asked is itself well formed: an answer that is none is none. */
static void the_questions_own_number_opens_nothing(void **state)
{
    uint8_t secret[48], drawn[48];
    struct lone l;

    (void)state;
    memset(secret, 0x44, sizeof(secret));
    hf_store_number(secret, 0x0305, 2);
    memset(drawn, 0xdd, sizeof(drawn));
    ask(&l, true, secret);
    memcpy((uint8_t *)(uintptr_t)l.hs->question.message.at, block, MODULUS);
    answer(&l, NULL, 0, drawn);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_used_where_nothing_else_makes_keys),
        cmocka_unit_test(a_servers_key_must_be_there_and_be_allowed_to),
        cmocka_unit_test(a_client_asks_for_key_encipherment),
        cmocka_unit_test(
            a_key_that_may_not_is_refused_without_verification_too),
        cmocka_unit_test(a_client_draws_and_encrypts),
        cmocka_unit_test(what_a_client_cannot_do_is_told),
        cmocka_unit_test(a_client_sends_it_and_derives),
        cmocka_unit_test(a_client_that_cannot_derive_proves_nothing),
        cmocka_unit_test(what_came_is_kept_as_it_is),
        cmocka_unit_test(memory_that_a_server_has_not_is_told),
        cmocka_unit_test(a_server_opens_over_what_it_drew),
        cmocka_unit_test(without_random_bytes_nothing_is_opened),
        cmocka_unit_test(a_server_that_cannot_derive_fails),
        cmocka_unit_test(anothers_answer_is_looked_at_here),
        cmocka_unit_test(the_questions_own_number_opens_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
