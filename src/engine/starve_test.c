/* starve_test.c - memory that runs out where faults_test's tapes do not look: in
 * the middle of a message that comes in parts, and while anchors are replaced. */
#define HF_UNPOISONED
#include "engine/scene.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct duet_certs certs;
static struct duet duet;

static int make_certs(void **state)
{
    (void)state;
    return duet_certs_make(&certs, "p256") ? 0 : -1;
}

static int free_certs(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    return 0;
}

/* Two fresh configs, and no witness of nonces, who has memory of his own. */
static void begin(void)
{
    struct stage stage;

    memset(&duet, 0, sizeof(duet));
    assert_true(stage_set_with(&stage, SCENE_FULL, &certs, &hf_libcrypto));
    duet.client_config = stage.client;
    duet.server_config = stage.server;
}

/* A fault of our own, of memory or of what the provider has none for; the other
 * end has heard of it if it still could be said. */
static void failed_by_itself(void)
{
    const struct hf_error *ours = hf_conn_error(duet.client),
                          *theirs = hf_conn_error(duet.server);

    if (!ours->code || ours->by_peer) {
        const struct hf_error *other = ours;

        ours = theirs;
        theirs = other;
    }
    if (ours->code != HF_E_OUT_OF_MEMORY && ours->code != HF_E_CRYPTO)
        fail_msg("%s: %s; %s: %s", hf_error_name(ours->code), ours->detail,
                 hf_error_name(theirs->code), theirs->detail);
    assert_int_equal(ours->alert, 80);
    assert_true(theirs->code == HF_OK ||
                (theirs->code == HF_E_ALERT && theirs->alert == 80));
}

/* The server's messages come in records of 64 bytes, one after the other.  Each
 * allocation fails once; what is not vital may. */
static void a_message_in_parts_needs_memory_for_them(void **state)
{
    unsigned nth, failures = 0;

    (void)state;
    for (nth = 1; nth < 2000; nth++) {
        bool ready, all;

        begin();
        assert_true(hf_config_set_record_size_limit(duet.client_config, 64) &&
                    hf_config_set_record_size_limit(duet.server_config, 64));
        duet.chunk = 90;
        assert_true(duet_start(&duet, "localhost"));
        fail_at = nth;
        ready = duet_run(&duet);
        all = fail_at != 0; /* none failed any more */
        fail_at = 0;
        if (!ready)
            failed_by_itself();
        failures += !ready;
        duet_wipe(&duet);
        if (all) {
            assert_true(ready);
            break;
        }
    }
    assert_in_range(failures, 10, nth - 1);
    print_message("# NOTE: of %u allocations of a handshake in small records "
                  "%u are vital\n",
                  nth - 1, failures);
}

/* A request for new keys that came while there was something to say is answered
 * before the next data; if it cannot be, there are none. */
static void an_answer_that_is_owed_needs_memory(void **state)
{
    uint8_t room[100];
    size_t taken = 7;

    (void)state;
    begin();
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
    assert_true(hf_conn_update_keys(duet.server, false));
    assert_true(hf_conn_update_keys(duet.client, true));
    duet_flush(duet.client, &duet.to_server);
    assert_int_equal(duet_take(duet.server, &duet.to_server, 0, duet.got_server,
                               &duet.server_len),
                     HF_NEED_BYTES);
    assert_true(duet.server->owes_update);
    hf_conn_sent(duet.server, SIZE_MAX);
    fail_at = 1;
    assert_int_equal(hf_conn_send(duet.server, hf_span_text("data"), room,
                                  sizeof(room), &taken),
                     0);
    assert_int_equal(fail_at, 0);
    assert_int_equal(taken, 0);
    assert_int_equal(hf_conn_error(duet.server)->code, HF_E_OUT_OF_MEMORY);
    assert_false(hf_conn_ready(duet.server));
    duet_wipe(&duet);
}

static void anchors_that_cannot_be_replaced_stay(void **state)
{
    unsigned nth;

    (void)state;
    for (nth = 1; nth < 100; nth++) {
        struct hf_config *trust = hf_config_new(), *made;

        begin();
        assert_true(hf_config_trust(trust, hf_span_text(certs.ca)) &&
                    hf_config_freeze(trust) &&
                    hf_config_freeze(duet.client_config));
        fail_at = nth;
        made = hf_config_with_trust(duet.client_config, trust);
        if (fail_at) {
            fail_at = 0;
            assert_non_null(made);
        } else {
            assert_null(made);
            assert_int_equal(hf_config_error(trust)->code, HF_E_OUT_OF_MEMORY);
            assert_int_equal(hf_config_error(duet.client_config)->code, HF_OK);
        }
        hf_config_free(trust);
        if (made) {
            hf_config_free(made);
            break;
        }
        assert_true(duet_start(&duet, "localhost"));
        assert_true(duet_run(&duet));
        duet_wipe(&duet);
    }
    assert_in_range(nth, 2, 99);
    duet_wipe(&duet);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_in_parts_needs_memory_for_them),
        cmocka_unit_test(an_answer_that_is_owed_needs_memory),
        cmocka_unit_test(anchors_that_cannot_be_replaced_stay),
    };

    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
