/* end_test.c - how a connection ends, in order and not, and how it is misused;
 * on non-blocking descriptors. */
#include "api/test.h"

#include <sys/socket.h>

static struct test_certs certs;

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    return 0;
}

/* ---- the end ------------------------------------------------------------- */

static void either_side_may_close_its_half(void **state)
{
    struct test_two t;
    char got[100];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_write(t.client, "ask", 3), 3);
    assert_int_equal(hf_close(t.client), 0);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 3);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 0);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 0);
    assert_int_equal(hf_write(t.server, "answer", 6), 6);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), 6);
    assert_memory_equal(got, "answer", 6);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), HF_WANT_POLLIN);
    assert_int_equal(hf_close(t.server), 0);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), 0);
    assert_int_equal(hf_tls_error(t.client)->code, HF_OK);
    assert_string_equal(hf_tls_reason(t.server), "ok");
    test_two_drop(&t);
}

static void the_server_may_close_its_half_first(void **state)
{
    struct test_two t;
    char got[100];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_close(t.server), 0);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), 0);
    assert_int_equal(hf_write(t.client, "still", 5), 5);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 5);
    assert_int_equal(hf_write(t.server, "x", 1), HF_TLS_ERROR);
    test_failed(t.server, HF_E_MISUSE, "hf_write after hf_close");
    /* Which is no reason not to read on. */
    assert_int_equal(hf_write(t.client, "more", 4), 4);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 4);
    test_two_drop(&t);
}

static void a_stream_that_just_ends_is_truncated(void **state)
{
    struct test_two t;
    char got[100];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_write(t.client, "hello", 5), 5);
    assert_int_equal(shutdown(t.ends[0], SHUT_WR), 0);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 5);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_TLS_ERROR);
    test_failed(t.server, HF_E_CUT, "close_notify");
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_TLS_ERROR);
    test_two_drop(&t);
}

static void a_record_cut_in_the_middle_is_truncated(void **state)
{
    struct test_two t;
    uint8_t wire[2000];
    char got[100];
    size_t len;

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_write(t.client, "hello", 5), 5);
    len = test_two_intercept(&t, wire, sizeof(wire));
    test_two_inject(&t, wire, len - 1);
    assert_int_equal(shutdown(t.ends[0], SHUT_WR), 0);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_TLS_ERROR);
    test_failed(t.server, HF_E_CUT, "");
    test_two_drop(&t);
}

static void data_before_a_failure_is_delivered_before_it(void **state)
{
    struct test_two t;
    uint8_t wire[2000];
    char got[100];
    size_t len;

    (void)state;
    test_two_connect(&t, &certs, true);
    assert_int_equal(hf_write(t.client, "good", 4), 4);
    assert_int_equal(hf_write(t.client, "bad!", 4), 4);
    (void)poll(NULL, 0, 20);
    len = test_two_intercept(&t, wire, sizeof(wire));
    assert_int_equal(len, 2 * (4 + 5 + 1 + 16));
    wire[len - 1] ^= 1;
    test_two_inject(&t, wire, len);
    (void)poll(NULL, 0, 20);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 4);
    assert_memory_equal(got, "good", 4);
    assert_int_equal(hf_tls_error(t.server)->code, HF_OK);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_TLS_ERROR);
    test_failed(t.server, HF_E_BAD_RECORD_MAC, "");
    /* And the peer is told, although its next words were never read. */
    (void)poll(NULL, 0, 20);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), HF_TLS_ERROR);
    test_failed(t.client, HF_E_ALERT, "");
    assert_true(hf_tls_error(t.client)->by_peer);
    assert_int_equal(hf_tls_error(t.client)->alert, 20);
    test_two_drop(&t);
}

static void what_came_before_writing_broke_can_still_be_read(void **state)
{
    static uint8_t text[1000 * 1000];
    struct test_two t;
    char got[100];

    (void)state;
    test_two_connect(&t, &certs, true);
    assert_int_equal(hf_write(t.server, "no, thanks", 10), 10);
    assert_int_equal(hf_close(t.server), 0);
    hf_tls_free(t.server);
    t.server = NULL;
    while (hf_write(t.client, text, sizeof(text)) != HF_TLS_ERROR)
        (void)poll(NULL, 0, 1);
    assert_int_equal(hf_tls_error(t.client)->code, HF_E_SOCKET);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), 10);
    assert_memory_equal(got, "no, thanks", 10);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), 0);
    test_two_drop(&t);
}

/* ---- use ----------------------------------------------------------------- */

static void reading_to_no_room_is_refused(void **state)
{
    struct test_two t;
    char got[100];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_read(t.server, got, 0), HF_TLS_ERROR);
    test_failed(t.server, HF_E_MISUSE, "no room");
    test_two_drop(&t);
}

static void writing_after_the_engine_was_closed_is_refused(void **state)
{
    struct test_two t;
    char got[10];

    (void)state;
    test_two_connect(&t, &certs, false);
    hf_conn_close(hf_tls_conn(t.client));
    assert_int_equal(hf_write(t.client, "x", 1), HF_TLS_ERROR);
    test_failed(t.client, HF_E_MISUSE, "hf_conn_close");
    assert_int_equal(hf_close(t.client), 0);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 0);
    test_two_drop(&t);
}

static void a_key_update_goes_both_ways_unseen(void **state)
{
    struct test_two t;
    char got[10];

    (void)state;
    test_two_connect(&t, &certs, false);
    for (int i = 0; i < 5; i++) {
        assert_true(hf_conn_update_keys(hf_tls_conn(t.client), true));
        assert_int_equal(hf_write(t.client, "up", 2), 2);
        assert_int_equal(hf_read(t.server, got, sizeof(got)), 2);
        assert_int_equal(hf_write(t.server, "down", 4), 4);
        assert_int_equal(hf_read(t.client, got, sizeof(got)), 4);
        assert_memory_equal(got, "down", 4);
    }
    test_two_drop(&t);
}

static void a_question_is_put_to_the_caller(void **state)
{
    struct hf_config *config = test_client(&certs);
    struct hf_answer yes = { .accept = true };
    struct test_two t;
    char got[10];
    int status = 0;

    (void)state;
    assert_true(hf_config_set_questions(config, HF_ASK_VERIFY));
    test_two_make(&t, config, test_server(&certs), false);
    for (int i = 0; i < 100 && status != HF_WANT_ANSWER; i++) {
        status = hf_handshake(t.client);
        assert_true(test_wants(hf_handshake(t.server)));
    }
    assert_int_equal(status, HF_WANT_ANSWER);
    assert_int_equal(hf_handshake(t.client), HF_WANT_ANSWER);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), HF_WANT_ANSWER);
    assert_int_equal(hf_conn_question(hf_tls_conn(t.client)).kind,
                     HF_ASK_VERIFY);
    assert_true(hf_conn_answer(hf_tls_conn(t.client), &yes));
    test_two_shake(&t);
    test_two_drop(&t);
}

static void a_deadline_ends_a_handshake_that_does_not_move(void **state)
{
    struct test_two t;

    (void)state;
    test_two_make(&t, test_client(&certs), test_server(&certs), false);
    hf_tls_set_deadline(t.server, 30);
    assert_int_equal(hf_handshake(t.server), HF_WANT_POLLIN);
    (void)poll(NULL, 0, 40);
    assert_int_equal(hf_handshake(t.server), HF_TLS_ERROR);
    test_failed(t.server, HF_E_TIMEOUT, "in the handshake");
    test_two_drop(&t);
}

static void the_deadline_of_a_handshake_ends_with_it(void **state)
{
    struct test_two t;

    (void)state;
    test_two_make(&t, test_client(&certs), test_server(&certs), false);
    assert_true(t.server->deadline > 0);
    test_two_shake(&t);
    assert_int_equal(t.server->deadline, 0);
    assert_int_equal(t.client->deadline, 0);
    test_two_drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_side_may_close_its_half),
        cmocka_unit_test(the_server_may_close_its_half_first),
        cmocka_unit_test(a_stream_that_just_ends_is_truncated),
        cmocka_unit_test(a_record_cut_in_the_middle_is_truncated),
        cmocka_unit_test(data_before_a_failure_is_delivered_before_it),
        cmocka_unit_test(what_came_before_writing_broke_can_still_be_read),
        cmocka_unit_test(reading_to_no_room_is_refused),
        cmocka_unit_test(writing_after_the_engine_was_closed_is_refused),
        cmocka_unit_test(a_key_update_goes_both_ways_unseen),
        cmocka_unit_test(a_question_is_put_to_the_caller),
        cmocka_unit_test(a_deadline_ends_a_handshake_that_does_not_move),
        cmocka_unit_test(the_deadline_of_a_handshake_ends_with_it),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
