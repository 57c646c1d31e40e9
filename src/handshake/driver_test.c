/* driver_test.c - the driver alone, with a handshake made by hand: what must
 * have been proved at its end, and what it makes of messages of ours. */
#define HF_UNPOISONED
#include "handshake/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct world {
    struct hf_settings settings;
    struct hf_session session;
    struct hf_handshake *hs;
};

static struct world *begin(enum hf_role role)
{
    static struct world w;

    memset(&w, 0, sizeof(w));
    w.session.role = role;
    w.session.settings = &w.settings;
    w.hs = hf_handshake_new(&w.session);
    assert_non_null(w.hs);
    return &w;
}

static void end(struct world *w)
{
    hf_handshake_free(w->hs);
    hf_session_wipe(&w->session);
}

/* ---- the end ------------------------------------------------------------------------ */

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
    struct world *w = begin(m->role);
    enum hf_step_result result;
    uint16_t code;

    w->settings.client_auth = (uint8_t)m->auth;
    w->hs->facts = m->facts;
    w->hs->psk.kind = (uint8_t)m->psk;
    w->hs->proofs = *proofs;
    w->hs->at = hf_flow_steps;
    result = hf_handshake_run(w->hs);
    code = w->session.error.code;
    end(w);
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

/* ---- messages of ours ----------------------------------------------------------------- */

/* The header of the record that was made last, which takes it out. */
static void assert_record(struct world *w, unsigned type, unsigned version,
                          size_t len)
{
    struct hf_span out = hf_buffer_bytes(&w->session.outgoing);

    assert_int_equal(out.len, 5 + len);
    assert_int_equal(out.at[0], type);
    assert_int_equal(out.at[1] << 8 | out.at[2], version);
    assert_int_equal(out.at[3] << 8 | out.at[4], len);
    hf_buffer_drop(&w->session.outgoing, out.len);
}

/* RFC 8446 5.1: "MUST be set to 0x0303 for all records ... other than an
 * initial ClientHello". */
static void only_the_first_hello_is_in_a_record_of_tls_1_0(void **state)
{
    static const uint8_t hello[] = { HF_CLIENT_HELLO, 0, 0, 0 };
    static const uint8_t other[] = { HF_SERVER_HELLO, 0, 0, 0 };
    struct world *w = begin(HF_CLIENT);

    (void)state;
    assert_true(hf_handshake_say(w->hs, HF_CLIENT_HELLO, HF_SPAN(hello)));
    assert_record(w, 22, 0x0301, 4);
    w->hs->facts = HF_FACT_TLS13 | HF_FACT_RETRY;
    assert_true(hf_handshake_say(w->hs, HF_CLIENT_HELLO, HF_SPAN(hello)));
    assert_record(w, 22, 0x0303, 4);
    end(w);
    w = begin(HF_SERVER);
    assert_true(hf_handshake_say(w->hs, HF_SERVER_HELLO, HF_SPAN(other)));
    assert_record(w, 22, 0x0303, 4);
    end(w);
}

static void a_message_that_does_not_fit_is_a_fault_of_ours(void **state)
{
    static const uint8_t mac[12] = { 1 };
    struct hf_finished finished = { HF_SPAN(mac) };

    (void)state;
    for (size_t cap = 0; cap <= sizeof(mac); cap++) {
        struct world *w = begin(HF_CLIENT);
        bool ok = hf_message_send(w->hs, HF_FINISHED, hf_finished, &finished,
                                  cap);

        assert_int_equal(ok, cap == sizeof(mac));
        assert_int_equal(w->session.error.code, ok ? HF_OK : HF_E_BUG);
        if (ok)
            assert_record(w, 22, 0x0303, 4 + sizeof(mac));
        else
            assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len, 0);
        end(w);
    }
}

/* RFC 8446 D.4: "if not offering early data ...", once, and only if the
 * client's session id asks for it. */
static void the_dummy_ccs_is_sent_once_if_a_session_id_asks_for_it(void **state)
{
    struct world *w = begin(HF_SERVER);

    (void)state;
    assert_true(hf_send_dummy_ccs(w->hs));
    assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len, 0);
    w->hs->session_id_len = 32;
    assert_true(hf_send_dummy_ccs(w->hs));
    assert_int_equal(hf_buffer_bytes(&w->session.outgoing).at[5], 1);
    assert_record(w, 20, 0x0303, 1);
    assert_true(hf_send_dummy_ccs(w->hs));
    assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len, 0);
    end(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(connected_means_proved),
        cmocka_unit_test(a_proof_is_its_whole_value),
        cmocka_unit_test(only_the_first_hello_is_in_a_record_of_tls_1_0),
        cmocka_unit_test(a_message_that_does_not_fit_is_a_fault_of_ours),
        cmocka_unit_test(
            the_dummy_ccs_is_sent_once_if_a_session_id_asks_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
