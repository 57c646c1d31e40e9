/* resume13_ticket_test.c - tickets of TLS 1.3 (RFC 8446 4.6.1) as only a strange
 * server gives them: of every size and lifetime, malformed, and without end. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/encore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct encore plain;
static struct rogue rogue;

static int open_all(void **state)
{
    return !attack_open(state) &&
                   encore_set(&plain, BY_PSK, SCENE_FULL, attack_certs(),
                              &hf_libcrypto) &&
                   encore_meet(&plain)
               ? 0
               : -1;
}

static int close_all(void **state)
{
    encore_clear(&plain);
    return attack_close(state);
}

static void begin_ready(void)
{
    assert_true(encore_begin(&plain, &rogue, NULL));
    assert_true(rogue_run(&rogue));
    assert_true(hf_conn_resumed(rogue.end[HF_CLIENT].conn));
}

/* NewSessionTicket with these lengths, zeroes otherwise. */
static struct hf_span ticket(uint64_t lifetime, size_t nonce, size_t len)
{
    static uint8_t m[4 + 4 + 4 + 1 + 255 + 2 + 65535 + 2];
    size_t at = 4;

    memset(m, 0, sizeof(m));
    m[0] = HF_NEW_SESSION_TICKET;
    hf_store_number(m + at, lifetime, 4);
    m[at += 8] = (uint8_t)nonce;
    hf_store_number(m + (at += 1 + nonce), len, 2);
    at += 2 + len + 2;
    hf_store_number(m + 1, at - 4, 3);
    return hf_span(m, at);
}

/* In as many records as it takes. */
static enum hf_outcome give(struct hf_span message)
{
    enum hf_outcome outcome = HF_NEED_BYTES;

    while (message.len) {
        size_t n = message.len < 16384 ? message.len : 16384;

        outcome = rogue_say(&rogue, HF_CLIENT, HF_CONTENT_HANDSHAKE,
                            hf_span_first(message, n));
        if (outcome == HF_FAILED)
            break;
        message = hf_span_after(message, n);
    }
    return outcome;
}

static void tickets_of_every_size_are_kept_or_not(void **state)
{
    static const struct {
        uint64_t lifetime;
        size_t nonce, len, kept;
    } rows[] = {
        { 1, 0, 1, 1 },     { 7200, 1, 100, 1 },       { 7200, 255, 100, 1 },
        { 0, 1, 100, 0 },   { 0xffffffff, 1, 100, 1 }, { 1, 1, 8000, 1 },
        { 1, 1, 16200, 0 }, { 604801, 8, 9, 1 },       { 604800, 32, 32, 1 }
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        size_t before;

        begin_ready();
        before = plain.client.count;
        if (give(ticket(rows[i].lifetime, rows[i].nonce, rows[i].len)) !=
            HF_NEED_BYTES)
            fail_msg(
                "a ticket of %zu bytes: %s", rows[i].len,
                hf_error_name(hf_conn_error(rogue.end[HF_CLIENT].conn)->code));
        if (plain.client.count != before + rows[i].kept)
            fail_msg("a ticket of %zu bytes", rows[i].len);
        /* "MUST NOT cache tickets for longer than 7 days" */
        if (rows[i].kept)
            assert_true(plain.client.at[before].expires <=
                        scene_clock(NULL) + 7 * 24 * 3600);
        rogue_end(&rogue);
    }
}

static struct rogue_record tickets[4];
static size_t ticket_count;

static void collect(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (edit_is(record, HF_NEW_SESSION_TICKET) && ticket_count < 4)
        tickets[ticket_count++] = *record;
}

/* Each has an age_add, a nonce, a key and an identity of its own. */
static void tickets_differ_in_everything(void **state)
{
    enum { AGE_ADD = 4 + 4, NONCE = AGE_ADD + 4 + 1, TICKET = NONCE + 1 + 2 };

    (void)state;
    ticket_count = 0;
    for (int i = 0; i < 2; i++) { /* both in full */
        assert_true(encore_begin(&plain, &rogue, collect));
        plain.client.count = 0;
        assert_true(rogue_run(&rogue));
        rogue_end(&rogue);
    }
    assert_int_equal(ticket_count, 4);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = i + 1; k < 4; k++) {
            const uint8_t *a = tickets[i].bytes, *b = tickets[k].bytes;

            assert_memory_not_equal(a + AGE_ADD, b + AGE_ADD, 4);
            assert_int_equal(a[NONCE] == b[NONCE], i % 2 == k % 2);
            /* the key's name, then the seed */
            assert_memory_equal(a + TICKET, b + TICKET, 16);
            assert_memory_not_equal(a + TICKET + 16, b + TICKET + 16, 32);
            assert_memory_not_equal(a + TICKET + 48, b + TICKET + 48, 32);
        }
}

static void malformed_tickets_are_refused(void **state)
{
    struct hf_span m;

    (void)state;
    begin_ready();
    assert_int_equal(give(ticket(1, 1, 0)), HF_FAILED);
    rogue_pass(&rogue, HF_CLIENT);
    rogue_expect(&rogue, HF_CLIENT, HF_E_BOUNDS);
    rogue_end(&rogue);
    /* The limit of all messages that are not a chain or a hello. */
    begin_ready();
    assert_int_equal(give(ticket(1, 1, 65535)), HF_FAILED);
    rogue_pass(&rogue, HF_CLIENT);
    rogue_expect(&rogue, HF_CLIENT, HF_E_TOO_LARGE);
    rogue_end(&rogue);
    /* Cut anywhere: what its lengths promise is not there. */
    m = ticket(1, 3, 20);
    for (size_t n = 4; n < m.len; n++) {
        uint8_t bytes[64];
        unsigned code;

        begin_ready();
        memcpy(bytes, m.at, n);
        hf_store_number(bytes + 1, n - 4, 3);
        assert_int_equal(give(hf_span(bytes, n)), HF_FAILED);
        rogue_pass(&rogue, HF_CLIENT);
        code = hf_conn_error(rogue.end[HF_CLIENT].conn)->code;
        assert_true(code == HF_E_TRUNCATED || code == HF_E_BOUNDS);
        rogue_expect(&rogue, HF_CLIENT, code);
        rogue_end(&rogue);
    }
}

/* RFC 8446 4.6.1: as many as the server likes; without data between them they
 * move nothing. */
static void tickets_without_end_are_a_flood(void **state)
{
    enum hf_outcome outcome = HF_NEED_BYTES;
    unsigned count = 0;

    (void)state;
    begin_ready();
    while (outcome == HF_NEED_BYTES && count < 1000) {
        outcome = give(ticket(7200, 1, 100));
        count++;
    }
    assert_int_equal(outcome, HF_FAILED);
    assert_true(count <= HF_NO_PROGRESS_MAX + 1);
    rogue_pass(&rogue, HF_CLIENT);
    rogue_expect(&rogue, HF_CLIENT, HF_E_NO_PROGRESS);
    rogue_end(&rogue);
}

static void clients_give_no_tickets(void **state)
{
    (void)state;
    begin_ready();
    assert_int_equal(rogue_say(&rogue, HF_SERVER, HF_CONTENT_HANDSHAKE,
                               ticket(7200, 1, 100)),
                     HF_FAILED);
    rogue_pass(&rogue, HF_SERVER);
    rogue_expect(&rogue, HF_SERVER, HF_E_UNEXPECTED);
    rogue_end(&rogue);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tickets_of_every_size_are_kept_or_not),
        cmocka_unit_test(tickets_differ_in_everything),
        cmocka_unit_test(malformed_tickets_are_refused),
        cmocka_unit_test(tickets_without_end_are_a_flood),
        cmocka_unit_test(clients_give_no_tickets),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
