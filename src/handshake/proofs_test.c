/* proofs_test.c - what must have been proved where a handshake ends: each way to
 * meet a peer, with each set of proofs, and with each bit of one wrong. */
#define HF_UNPOISONED
#include "handshake/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CHAIN = 1, SIGNED = 2, DECRYPTS = 4, RESUMED = 8, PSK = 16, BOTH = 32 };
enum { PROOFS = 64 };

/* What proves a peer, by how it was met; Finished always, besides. */
static const struct meeting {
    const char *name;
    enum hf_role role;
    unsigned facts, auth, psk, needs;
} meetings[] = {
    { "client, 1.3", HF_CLIENT, HF_FACT_TLS13, 0, 0, CHAIN | SIGNED },
    { "client, 1.3, asked", HF_CLIENT,
      HF_FACT_TLS13 | HF_FACT_ASKED | HF_FACT_GAVE, 0, 0, CHAIN | SIGNED },
    { "client, 1.3, resumed", HF_CLIENT, HF_FACT_TLS13 | HF_FACT_RESUMED, 0, 0,
      RESUMED },
    { "client, 1.3, with a key", HF_CLIENT, HF_FACT_TLS13 | HF_FACT_RESUMED, 0,
      HF_PSK_EXTERNAL, PSK },
    { "client, 1.3, with an imported key", HF_CLIENT,
      HF_FACT_TLS13 | HF_FACT_RESUMED, 0, HF_PSK_IMPORTED, PSK },
    { "client, 1.2", HF_CLIENT, HF_FACT_SIGNED, 0, 0, CHAIN | SIGNED },
    { "client, 1.2, RSA", HF_CLIENT, 0, 0, 0, CHAIN | DECRYPTS },
    { "client, 1.2, resumed", HF_CLIENT, HF_FACT_RESUMED, 0, 0, RESUMED },
    { "server, 1.3", HF_SERVER, HF_FACT_TLS13, 0, 0, 0 },
    { "server, 1.3, asks", HF_SERVER, HF_FACT_TLS13 | HF_FACT_ASKED,
      HF_CLIENT_AUTH_OPTIONAL, 0, 0 },
    { "server, 1.3, is given", HF_SERVER,
      HF_FACT_TLS13 | HF_FACT_ASKED | HF_FACT_GAVE, HF_CLIENT_AUTH_OPTIONAL, 0,
      CHAIN | SIGNED },
    { "server, 1.3, demands", HF_SERVER,
      HF_FACT_TLS13 | HF_FACT_ASKED | HF_FACT_GAVE, HF_CLIENT_AUTH_REQUIRED, 0,
      CHAIN | SIGNED },
    { "server, 1.3, demands and was not given", HF_SERVER,
      HF_FACT_TLS13 | HF_FACT_ASKED, HF_CLIENT_AUTH_REQUIRED, 0,
      CHAIN | SIGNED },
    { "server, 1.3, demands, resumed", HF_SERVER,
      HF_FACT_TLS13 | HF_FACT_RESUMED, HF_CLIENT_AUTH_REQUIRED, 0, RESUMED },
    { "server, 1.3, with a key", HF_SERVER, HF_FACT_TLS13 | HF_FACT_RESUMED, 0,
      HF_PSK_EXTERNAL, PSK },
    { "server, 1.2", HF_SERVER, HF_FACT_SIGNED, 0, 0, 0 },
    { "server, 1.2, RSA", HF_SERVER, 0, 0, 0, 0 },
    { "server, 1.2, is given", HF_SERVER,
      HF_FACT_SIGNED | HF_FACT_ASKED | HF_FACT_GAVE, HF_CLIENT_AUTH_OPTIONAL, 0,
      CHAIN | SIGNED },
    { "server, 1.2, RSA, is given", HF_SERVER, HF_FACT_ASKED | HF_FACT_GAVE,
      HF_CLIENT_AUTH_OPTIONAL, 0, CHAIN | SIGNED },
    { "server, 1.2, resumed", HF_SERVER, HF_FACT_RESUMED, 0, 0, RESUMED },
};

static struct hf_proofs proofs_of(unsigned set)
{
    return (struct hf_proofs){
        .chain = set & CHAIN ? HF_PROOF_CHAIN : 0,
        .signature = set & SIGNED     ? HF_PROOF_SIGNATURE
                     : set & DECRYPTS ? HF_PROOF_DECRYPTION
                                      : 0,
        .resumed = set & RESUMED ? HF_PROOF_RESUMED : 0,
        .psk = set & PSK ? HF_PROOF_PSK : 0,
        .finished = set & BOTH ? HF_PROOF_FINISHED : 0,
    };
}

/* The handshake has come to its end with these proofs: is that one? */
static bool ends(const struct meeting *m, const struct hf_proofs *proofs)
{
    struct hf_settings settings = { .client_auth = (uint8_t)m->auth };
    struct hf_session session = { .role = m->role, .settings = &settings };
    struct hf_handshake *hs = hf_handshake_new(&session);
    enum hf_step_result result;
    uint16_t code;

    assert_non_null(hs);
    hs->facts = m->facts;
    hs->psk.kind = (uint8_t)m->psk;
    hs->proofs = *proofs;
    hs->at = hf_flow_steps;
    result = hf_handshake_run(hs);
    code = session.error.code;
    hf_handshake_free(hs);
    hf_session_wipe(&session);
    if (result == HF_STEP_DONE) {
        assert_int_equal(code, HF_OK);
        return true;
    }
    assert_int_equal(result, HF_STEP_FAILED);
    assert_int_equal(code, HF_E_BUG);
    return false;
}

static void connected_means_proved(void **state)
{
    (void)state;
    for (size_t i = 0; i < HF_COUNT(meetings); i++)
        for (unsigned set = 0; set < PROOFS; set++) {
            const struct meeting *m = &meetings[i];
            unsigned needs = m->needs | BOTH;
            struct hf_proofs proofs = proofs_of(set);

            if ((set & SIGNED) && (set & DECRYPTS))
                continue; /* one place for both */
            if (ends(m, &proofs) != ((set & needs) == needs))
                fail_msg("%s, with the proofs %02x", m->name, set);
        }
}

/* No bit of a proof may be wrong. */
static void a_proof_is_its_whole_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < HF_COUNT(meetings); i++)
        for (unsigned bit = 0; bit < 64; bit++) {
            struct hf_proofs good = proofs_of(meetings[i].needs | BOTH);
            uint64_t *each[] = { &good.chain, &good.signature, &good.finished,
                                 &good.resumed, &good.psk };

            for (size_t p = 0; p < HF_COUNT(each); p++) {
                bool counts = *each[p] != 0;

                *each[p] ^= UINT64_C(1) << bit;
                if (ends(&meetings[i], &good) == counts)
                    fail_msg("%s: proof %zu, bit %u", meetings[i].name, p, bit);
                *each[p] ^= UINT64_C(1) << bit;
            }
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(connected_means_proved),
        cmocka_unit_test(a_proof_is_its_whole_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
