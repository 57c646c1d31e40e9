/* strikes_test.c - the strike register, and copies of early data: however often
 * they come, at however many threads, before and after a restart, no more than
 * one of them is taken (RFC 8446 8). */
#define HF_UNPOISONED
#include "api/test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* They are to be played while they are fresh, which TSan makes a long time. */
#if defined(__SANITIZE_THREAD__)
enum { COPIES = 25 };
#else
enum { COPIES = 250 };
#endif
enum { WINDOW = 2 * HF_EARLY_WINDOW + 2, THREADS = 4 };

static int64_t now = 1000000;

static int64_t test_clock(void *ctx)
{
    (void)ctx;
    return now;
}

static struct hf_strike_register *made(size_t max, int64_t born)
{
    int64_t was = now;
    struct hf_strike_register *r;

    now = born;
    r = hf_strike_register_new(max, test_clock, NULL);
    now = was;
    assert_non_null(r);
    return r;
}

static enum hf_strike claim(struct hf_strike_register *r, unsigned id,
                            int64_t at, int64_t expires)
{
    const struct hf_strikes *s = hf_strike_register_interface(r);
    uint8_t bytes[HF_STRIKE_LEN] = { 0 };

    hf_store_number(bytes, id * UINT64_C(0x9e3779b97f4a7c15), 8);
    hf_store_number(bytes + 8, id, 4);
    return s->claim(s->ctx, bytes, at, expires);
}

/* ---- the register ------------------------------------------------------------- */

static void the_first_is_new_and_the_others_are_seen(void **state)
{
    struct hf_strike_register *r = made(1000, now - 100);

    (void)state;
    for (unsigned id = 0; id < 500; id++)
        assert_int_equal(claim(r, id, now, now + 11), HF_STRIKE_NEW);
    for (unsigned id = 0; id < 500; id++)
        for (int later = 0; later <= 11; later++)
            assert_int_equal(claim(r, id, now + later, now + 11),
                             HF_STRIKE_SEEN);
    hf_strike_register_free(r);
}

/* Hour after hour: never a copy, never a refusal. */
static void it_goes_on_for_ever(void **state)
{
    struct hf_strike_register *r = made(100, now - 100);

    (void)state;
    for (unsigned id = 0; id < 40000; id++) {
        int64_t at = now + id / 4, expires = at + 1 + id % WINDOW;

        assert_int_equal(claim(r, id, at, expires), HF_STRIKE_NEW);
        assert_int_equal(claim(r, id, at, expires), HF_STRIKE_SEEN);
        assert_int_equal(claim(r, id, expires, expires), HF_STRIKE_SEEN);
    }
    hf_strike_register_free(r);
}

/* RFC 8446 8.2: "reject 0-RTT until the window has passed", after a start. */
static void it_does_not_know_what_was_before_it(void **state)
{
    struct hf_strike_register *r = made(1000, now);

    (void)state;
    for (int64_t expires = now - 5; expires <= now + WINDOW; expires++)
        assert_int_equal(claim(r, 1, now, expires), HF_STRIKE_UNKNOWN);
    assert_int_equal(claim(r, 1, now + 1, now + WINDOW + 1), HF_STRIKE_NEW);
    hf_strike_register_free(r);
}

static void what_is_not_of_today_is_not_known(void **state)
{
    struct hf_strike_register *r = made(1000, now - 100);

    (void)state;
    assert_int_equal(claim(r, 1, now, now - 1), HF_STRIKE_UNKNOWN);
    assert_int_equal(claim(r, 1, now, now + WINDOW + 1), HF_STRIKE_UNKNOWN);
    assert_int_equal(claim(r, 1, now, 0), HF_STRIKE_UNKNOWN);
    assert_int_equal(claim(r, 1, -30, -20), HF_STRIKE_UNKNOWN);
    assert_int_equal(claim(r, 1, INT64_MAX - 5, INT64_MAX), HF_STRIKE_NEW);
    hf_strike_register_free(r);
}

/* Nobody can have a hello taken twice by turning the clock. */
static void a_clock_that_goes_back_meets_what_was_forgotten(void **state)
{
    struct hf_strike_register *r = made(1000, now - 100);

    (void)state;
    assert_int_equal(claim(r, 1, now, now + 11), HF_STRIKE_NEW);
    for (int64_t later = 20; later < 200; later += 4)
        assert_int_equal(
            claim(r, (unsigned)later, now + later, now + later + 11),
            HF_STRIKE_NEW);
    assert_int_equal(claim(r, 1, now, now + 11), HF_STRIKE_UNKNOWN);
    assert_int_equal(claim(r, 2, now, now + 11), HF_STRIKE_UNKNOWN);
    assert_int_equal(claim(r, 3, now + 210, now + 221), HF_STRIKE_NEW);
    hf_strike_register_free(r);
}

static void a_full_register_says_that_it_does_not_know(void **state)
{
    struct hf_strike_register *r = made(50, now - 100);
    int64_t expires = now / 8 * 8 + 8; /* of one generation */
    size_t taken = 0;

    (void)state;
    for (unsigned id = 0; id < 200; id++)
        taken += claim(r, id, now, expires) == HF_STRIKE_NEW;
    assert_int_equal(taken, 50);
    assert_int_equal(claim(r, 7, now, expires), HF_STRIKE_SEEN);
    assert_int_equal(claim(r, 199, now, expires), HF_STRIKE_UNKNOWN);
    assert_int_equal(claim(r, 199, now, expires + 8), HF_STRIKE_NEW);
    hf_strike_register_free(r);
}

/* Ids that all want the same place cost no more than others. */
static void ids_of_one_place_run_into_a_limit(void **state)
{
    struct hf_strike_register *r = made(10000, now - 100);
    const struct hf_strikes *s = hf_strike_register_interface(r);
    size_t taken = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t id[HF_STRIKE_LEN] = { 0 };

        hf_store_number(id + 16, i, 4);
        taken += s->claim(s->ctx, id, now, now + 11) == HF_STRIKE_NEW;
    }
    assert_int_equal(taken, 32);
    hf_strike_register_free(r);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    assert_null(hf_strike_register_new(0, NULL, NULL));
    assert_null(hf_strike_register_interface(NULL));
    assert_null(hf_strike_register_new(HF_STRIKE_CLAIMS_MAX + 1, NULL, NULL));
    hf_strike_register_free(NULL);
}

/* ---- copies ------------------------------------------------------------------------ */

static struct test_certs certs;
static struct hf_config *client, *server;
static struct hf_config *new_client; /* that acquaint() takes, or NULL */
static struct hf_session_store *store;
static uint8_t copy[16384]; /* a hello, and early data behind it */
static size_t copy_len;

static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    (void)ctx;
    (void)name;
    memset(out, 'k', sizeof(*out));
    *newest = true;
    return true;
}

static struct hf_config *new_server(const struct hf_strikes *strikes)
{
    struct hf_config *config = test_server(&certs);

    assert_true(hf_config_set_early_data(config, 1000) &&
                hf_config_set_strikes(config, strikes) &&
                hf_config_set_ticket_keys(config, find_key, NULL) &&
                hf_config_set_clock(config, hf_system_clock, NULL) &&
                hf_config_freeze(config));
    return config;
}

/* One connection of both over a socketpair; the client's early data. */
static void meet(struct test_two *t, const char *early)
{
    test_two_make(t, hf_config_keep(client), hf_config_keep(server), false);
    assert_int_equal(hf_write_early(t->client, early, strlen(early)),
                     strlen(early));
    test_two_shake(t);
}

static void acquaint(const struct hf_strikes *strikes)
{
    struct test_two t;
    char byte;

    test_certs_make(&certs, "authority");
    store = hf_session_store_new(100, 0);
    client = new_client ? new_client : hf_config_new();
    new_client = NULL;
    assert_true(hf_config_trust(client, test_span(&certs.ca)));
    server = new_server(strikes);
    assert_true(
        hf_config_set_early_data(client, 1000) &&
        hf_config_set_sessions(client, hf_session_store_interface(store)));
    meet(&t, "");
    assert_int_equal(hf_write(t.server, "x", 1), 1); /* behind the tickets */
    assert_int_equal(hf_read(t.client, &byte, 1), 1);
    test_two_drop(&t);
}

static void end(void)
{
    hf_config_free(client);
    hf_config_free(server);
    hf_session_store_free(store);
}

/* What a client sends first, kept by somebody on the way. */
static void record(void)
{
    struct hf_conn *conn = hf_conn_new(client, HF_CLIENT, "localhost");
    struct hf_span data = hf_span(NULL, 0), out;
    size_t used, taken;

    assert_int_equal(hf_conn_receive(conn, copy, 0, &used, &data),
                     HF_NEED_BYTES);
    out = hf_conn_outgoing(conn);
    copy_len = out.len;
    memcpy(copy, out.at, out.len);
    hf_conn_sent(conn, out.len);
    copy_len += hf_conn_send_early(conn, hf_span_text("pay 100"),
                                   copy + copy_len, 1000, &taken);
    assert_int_equal(taken, 7);
    hf_conn_free(conn);
}

/* How often it is taken of so many times; nothing ever fails. */
static size_t play(struct hf_config *config, size_t times)
{
    size_t taken = 0;

    while (times--) {
        struct hf_conn *conn = hf_conn_new(config, HF_SERVER, NULL);
        uint8_t bytes[sizeof(copy)];
        struct hf_span data;
        size_t at = 0, used;
        enum hf_outcome outcome;

        memcpy(bytes, copy, copy_len);
        do {
            outcome = hf_conn_receive(conn, bytes + at, copy_len - at, &used,
                                      &data);
            at += used;
            taken += outcome == HF_EARLY;
        } while (outcome == HF_EARLY);
        if (outcome != HF_NEED_BYTES || at != copy_len ||
            !hf_conn_resumed(conn))
            return SIZE_MAX;
        hf_conn_free(conn);
    }
    return taken;
}

static void *play_some(void *ctx)
{
    return (void *)(uintptr_t)play(ctx, COPIES);
}

static size_t play_in_threads(struct hf_config *config)
{
    pthread_t threads[THREADS];
    size_t taken = 0;

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, play_some, config),
                         0);
    for (size_t i = 0; i < THREADS; i++) {
        void *result;

        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_true((uintptr_t)result <= COPIES);
        taken += (uintptr_t)result;
    }
    return taken;
}

static int64_t long_ago(void *ctx)
{
    return hf_system_clock(ctx) - 1000;
}

static void a_thousand_copies_are_taken_once(void **state)
{
    struct hf_strike_register *r = hf_strike_register_new(1000, long_ago, NULL);
    struct hf_strike_register *again;
    struct hf_config *restarted;

    (void)state;
    acquaint(hf_strike_register_interface(r));
    record();
    assert_int_equal(play_in_threads(server), 1);
    assert_int_equal(play_in_threads(server), 0);
    /* The same keys in a new process. */
    again = hf_strike_register_new(1000, NULL, NULL);
    restarted = new_server(hf_strike_register_interface(again));
    assert_int_equal(play_in_threads(restarted), 0);
    /* And with a copy that nobody has taken yet. */
    record();
    assert_int_equal(play_in_threads(restarted), 0);
    assert_int_equal(play_in_threads(server), 1);
    hf_config_free(restarted);
    end();
    hf_strike_register_free(r);
    hf_strike_register_free(again);
}

static enum hf_strike shrug(void *ctx, const uint8_t *id, int64_t at,
                            int64_t expires)
{
    (void)id;
    (void)at;
    (void)expires;
    atomic_fetch_add((atomic_size_t *)ctx, 1); /* from four threads */
    return HF_STRIKE_UNKNOWN;
}

/* The register cannot be reached: nobody's connection fails. */
static void without_a_register_nothing_is_taken_and_nothing_fails(void **state)
{
    atomic_size_t asked = 0;
    struct hf_strikes away = { &asked, shrug };
    char bytes[10];

    (void)state;
    acquaint(&away);
    for (unsigned i = 0; i < 20; i++) {
        struct test_two t;

        meet(&t, "early");
        assert_int_equal(hf_conn_early(hf_tls_conn(t.client)),
                         HF_EARLY_REJECTED);
        assert_int_equal(hf_read_early(t.server, bytes, sizeof(bytes)), 0);
        assert_int_equal(hf_write(t.client, "later", 5), 5);
        assert_int_equal(hf_read(t.server, bytes, sizeof(bytes)), 5);
        assert_memory_equal(bytes, "later", 5);
        assert_int_equal(hf_write(t.server, "x", 1), 1);
        assert_int_equal(hf_read(t.client, bytes, sizeof(bytes)), 1);
        test_two_drop(&t);
    }
    assert_int_equal(asked, 20);
    record();
    assert_int_equal(play_in_threads(server), 0);
    assert_int_equal(asked, 20 + THREADS * COPIES);
    end();
}

/* ---- on descriptors ------------------------------------------------------------------ */

static void early_data_is_read_apart(void **state)
{
    struct hf_strike_register *r = hf_strike_register_new(1000, long_ago, NULL);
    struct test_two t;
    char bytes[100];

    (void)state;
    acquaint(hf_strike_register_interface(r));
    /* Read before the handshake is over, and answered. */
    test_two_make(&t, hf_config_keep(client), hf_config_keep(server), false);
    assert_int_equal(hf_write_early(t.client, "GET /", 5), 5);
    assert_int_equal(hf_read_early(t.server, bytes, 3), 3);
    assert_memory_equal(bytes, "GET", 3);
    assert_int_equal(hf_read_early(t.server, bytes, sizeof(bytes)), 2);
    assert_false(hf_conn_ready(hf_tls_conn(t.server)));
    assert_int_equal(hf_write(t.server, "200", 3), 3);
    assert_false(hf_conn_ready(hf_tls_conn(t.server)));
    assert_int_equal(hf_read_early(t.server, bytes, 1), HF_WANT_POLLIN);
    assert_int_equal(hf_handshake(t.client), 0);
    assert_int_equal(hf_conn_early(hf_tls_conn(t.client)), HF_EARLY_ACCEPTED);
    assert_int_equal(hf_read(t.client, bytes, sizeof(bytes)), 3);
    assert_memory_equal(bytes, "200", 3);
    assert_int_equal(hf_write_early(t.client, "late", 4), 0);
    assert_int_equal(hf_write(t.client, "more", 4), 4);
    assert_int_equal(hf_read_early(t.server, bytes, 1), 0);
    assert_true(hf_conn_ready(hf_tls_conn(t.server)));
    assert_int_equal(hf_read(t.server, bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "more", 4);
    assert_int_equal(hf_write(t.server, "x", 1), 1); /* and a new ticket */
    assert_int_equal(hf_read(t.client, bytes, 1), 1);
    test_two_drop(&t);
    /* Who does not ask has it kept, and apart. */
    meet(&t, "early");
    assert_int_equal(hf_write(t.client, "data", 4), 4);
    assert_int_equal(hf_read(t.server, bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "data", 4);
    assert_int_equal(hf_read_early(t.server, bytes, sizeof(bytes)), 5);
    assert_memory_equal(bytes, "early", 5);
    assert_int_equal(hf_read_early(t.server, bytes, sizeof(bytes)), 0);
    test_two_drop(&t);
    end();
    hf_strike_register_free(r);
}

/* The server could not answer yet, and then it never can: what the client said
 * early comes behind that, and is never taken for what it would say later. */
static void early_data_of_who_does_not_listen_is_no_data(void **state)
{
    struct hf_strike_register *r = hf_strike_register_new(1000, long_ago, NULL);
    static const uint8_t junk[1000];
    uint8_t wire[4096], bytes[100];
    struct test_two t;
    size_t len, hello;

    (void)state;
    acquaint(hf_strike_register_interface(r));
    test_two_make(&t, hf_config_keep(client), hf_config_keep(server), false);
    assert_int_equal(hf_write_early(t.client, "pay 100", 7), 7);
    len = test_two_intercept(&t, wire, sizeof(wire));
    hello = 5 + hf_number(wire + 3, 2);
    while (send(t.ends[1], junk, sizeof(junk), MSG_DONTWAIT) > 0)
        continue;
    test_two_inject(&t, wire, hello);
    assert_int_equal(hf_handshake(t.server), HF_WANT_POLLOUT);
    test_two_inject(&t, wire + hello, len - hello);
    assert_int_equal(shutdown(t.ends[0], SHUT_RD), 0);
    assert_int_equal(hf_handshake(t.server), HF_TLS_ERROR);
    test_failed(t.server, HF_E_SOCKET, "Broken pipe while writing");
    assert_int_equal(hf_tls_pending(t.server), 0);
    assert_int_equal(hf_read(t.server, bytes, sizeof(bytes)), HF_TLS_ERROR);
    assert_int_equal(hf_read_early(t.server, bytes, sizeof(bytes)),
                     HF_TLS_ERROR);
    test_two_drop(&t);
    end();
    hf_strike_register_free(r);
}

static bool no_seal(void *sealing, const struct hf_seal *one)
{
    (void)sealing;
    (void)one;
    return false;
}

/* The hello goes in the clear, what comes early does not. */
static void early_data_that_cannot_be_sealed_is_an_error(void **state)
{
    struct hf_strike_register *r = hf_strike_register_new(1000, long_ago, NULL);
    struct hf_aead broken = *hf_libcrypto.aeads[0];
    const struct hf_aead *const aeads[] = { &broken, hf_libcrypto.aeads[1],
                                            hf_libcrypto.aeads[2], NULL };
    static const uint16_t suites[] = { 0x1301, 0 };
    struct hf_provider provider = hf_libcrypto;
    struct test_two t;

    (void)state;
    provider.aeads = aeads;
    new_client = hf_config_new();
    assert_true(hf_config_set_provider(new_client, &provider) &&
                hf_config_set_suites(new_client, suites) &&
                hf_config_set_ticket_keys(new_client, find_key, NULL));
    acquaint(hf_strike_register_interface(r));
    test_two_make(&t, hf_config_keep(client), hf_config_keep(server), false);
    broken.seal = no_seal;
    assert_int_equal(hf_write_early(t.client, "pay 100", 7), HF_TLS_ERROR);
    test_failed(t.client, HF_E_CRYPTO, "could not seal");
    assert_int_equal(hf_write_early(t.client, "pay 100", 7), HF_TLS_ERROR);
    test_two_drop(&t);
    end();
    hf_strike_register_free(r);
}

static void misuse_is_told(void **state)
{
    struct test_two t;
    char byte;

    (void)state;
    test_certs_make(&certs, "authority");
    test_two_make(&t, test_client(&certs), test_server(&certs), false);
    assert_int_equal(hf_write_early(NULL, "x", 1), HF_TLS_ERROR);
    assert_int_equal(hf_read_early(NULL, &byte, 1), HF_TLS_ERROR);
    assert_int_equal(hf_read_early(t.server, &byte, 0), HF_TLS_ERROR);
    test_failed(t.server, HF_E_MISUSE, "no room");
    /* Without a session, none is sent; nothing is lost. */
    assert_int_equal(hf_write_early(t.client, "x", 1), 0);
    assert_int_equal(hf_write_early(t.server, "x", 1), 0);
    test_two_shake(&t);
    assert_int_equal(hf_read_early(t.client, &byte, 1), 0);
    test_two_drop(&t);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_new_and_the_others_are_seen),
        cmocka_unit_test(it_goes_on_for_ever),
        cmocka_unit_test(it_does_not_know_what_was_before_it),
        cmocka_unit_test(what_is_not_of_today_is_not_known),
        cmocka_unit_test(a_clock_that_goes_back_meets_what_was_forgotten),
        cmocka_unit_test(a_full_register_says_that_it_does_not_know),
        cmocka_unit_test(ids_of_one_place_run_into_a_limit),
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(a_thousand_copies_are_taken_once),
        cmocka_unit_test(without_a_register_nothing_is_taken_and_nothing_fails),
        cmocka_unit_test(early_data_is_read_apart),
        cmocka_unit_test(early_data_of_who_does_not_listen_is_no_data),
        cmocka_unit_test(early_data_that_cannot_be_sealed_is_an_error),
        cmocka_unit_test(misuse_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
