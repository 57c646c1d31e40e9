/* grease_test.c - values that mean nothing (RFC 8701) and extensions in any
 * order: where they stand, that a second hello repeats them, and that nobody
 * can choose them. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/encore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SESSION_ID = 38, SUITE13 = 71, SUITE12 = 39 };

static struct rogue rogue;
static struct rogue_record hellos[2], request, ticket, ours; /* heard */
static size_t hello_count;

static void keep(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (record->type != HF_CONTENT_HANDSHAKE)
        return;
    if (record->from == HF_CLIENT && edit_is(record, HF_CLIENT_HELLO) &&
        hello_count < 2)
        hellos[hello_count++] = *record;
    if (edit_is(record, HF_CERTIFICATE_REQUEST))
        request = *record;
    if (edit_is(record, HF_NEW_SESSION_TICKET))
        ticket = *record;
}

static bool set(struct stage *stage, enum scene scene, unsigned min,
                unsigned max)
{
    return stage_set(stage, scene, attack_certs()) &&
           hf_config_set_versions(stage->client, min, max) &&
           hf_config_set_versions(stage->server, min, max) &&
           hf_config_set_grease(stage->client, true) &&
           hf_config_set_permute(stage->client, true) &&
           hf_config_set_grease(stage->server, true);
}

static void play(struct stage *stage)
{
    hello_count = 0;
    request.len = ticket.len = 0;
    assert_true(rogue_begin(&rogue, stage, "localhost", keep));
    if (!rogue_run(&rogue))
        fail_msg("%s; %s", hf_conn_error(rogue.end[0].conn)->detail,
                 hf_conn_error(rogue.end[1].conn)->detail);
    rogue_end(&rogue);
}

static bool is_grease(uint64_t number)
{
    return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

/* The numbers of its extensions, in order. */
static size_t numbers_of(const struct rogue_record *record, uint32_t *out,
                         size_t cap)
{
    size_t at = edit_block(record), n = 0;
    struct hf_span block = { record->bytes + at + 2,
                             hf_number(record->bytes + at, 2) };
    struct hf_span body;

    while (n < cap && hf_wire_next_extension(&block, &out[n], &body))
        n++;
    assert_int_equal(block.len, 0);
    return n;
}

/* The first number of a list with a length of @width bytes in @number's body;
 * 0: there is none. */
static unsigned first_of(const struct rogue_record *hello, unsigned number,
                         size_t width)
{
    struct hf_span body;

    if (!edit_find(hello, number))
        return 0;
    body = edit_body(hello, number);
    return (unsigned)hf_number(body.at + width, 2);
}

/* The first suite that it offers. */
static struct hf_span suite_of(const struct rogue_record *hello)
{
    return hf_span(hello->bytes + SESSION_ID + 1 + hello->bytes[SESSION_ID] + 2,
                   2);
}

/* ---- where they stand ------------------------------------------------------------ */

static void check_hello(const struct rogue_record *hello, bool second)
{
    uint32_t numbers[40];
    size_t n = numbers_of(hello, numbers, 40);
    bool psk = numbers[n - 1] == 41;
    unsigned group = first_of(hello, 10, 2), share = first_of(hello, 51, 2);

    assert_true(is_grease(hf_number(suite_of(hello).at, 2)));
    assert_true(is_grease(numbers[0]));
    assert_true(is_grease(numbers[n - 1 - psk]));
    assert_int_not_equal(numbers[0], numbers[n - 1 - psk]);
    for (size_t i = 1; i + 1 + psk < n; i++)
        assert_false(is_grease(numbers[i]));
    assert_int_equal(edit_body(hello, numbers[0]).len, 0);
    assert_int_equal(edit_body(hello, numbers[n - 1 - psk]).len, 1);
    assert_true(is_grease(group));
    assert_true(is_grease(first_of(hello, 13, 2)));
    if (edit_find(hello, 43))
        assert_true(is_grease(first_of(hello, 43, 1)));
    if (edit_find(hello, 51))
        assert_int_equal(is_grease(share), !second);
    if (edit_find(hello, 51) && !second)
        assert_int_equal(share, group);
}

static void hellos_hold_values_that_mean_nothing(void **state)
{
    struct stage stage;

    (void)state;
    /* External keys, the scenes behind, are of TLS 1.3 only. */
    for (unsigned scene = 0; scene < SCENES; scene++)
        for (unsigned min = scene > SCENE_EMPTY_CERT ? HF_TLS13 : HF_TLS12;
             min <= HF_TLS13; min++)
            for (unsigned max = min; max <= HF_TLS13; max++)
                for (int i = 0; i < 8; i++) {
                    assert_true(set(&stage, scene, min, max));
                    play(&stage);
                    assert_true(hello_count > 0);
                    check_hello(&hellos[0], false);
                    if (hello_count > 1)
                        check_hello(&hellos[1], true);
                    stage_clear(&stage);
                }
}

/* RFC 8701 4.1 */
static void a_request_holds_them_too(void **state)
{
    struct stage stage;
    uint32_t numbers[8];

    (void)state;
    assert_true(set(&stage, SCENE_CLIENT_CERT, HF_TLS13, HF_TLS13));
    play(&stage);
    assert_true(request.len > 0);
    assert_true(numbers_of(&request, numbers, 8) >= 2);
    assert_true(is_grease(numbers[0]));
    assert_true(is_grease(first_of(&request, 13, 2)));
    stage_clear(&stage);
}

static void nothing_is_there_unasked(void **state)
{
    struct stage stage;
    uint32_t numbers[40];
    size_t n;

    (void)state;
    assert_true(stage_set(&stage, SCENE_CLIENT_CERT, attack_certs()));
    play(&stage);
    n = numbers_of(&hellos[0], numbers, 40);
    for (size_t i = 0; i < n; i++) {
        assert_false(is_grease(numbers[i]));
        assert_true(!i || numbers[i - 1] < numbers[i]); /* always the same */
    }
    assert_false(is_grease(hf_number(suite_of(&hellos[0]).at, 2)));
    assert_false(is_grease(first_of(&hellos[0], 10, 2)));
    assert_int_equal(first_of(&request, 13, 2), 0x0403);
    stage_clear(&stage);
}

/* ---- the order ------------------------------------------------------------------- */

static void every_hello_has_its_own_order(void **state)
{
    struct stage stage;
    uint32_t first[40], numbers[40], sum = 0, other;
    size_t n = 0, same = 0;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_set_versions(stage.client, HF_TLS12, HF_TLS13));
    assert_true(hf_config_set_permute(stage.client, true));
    for (int i = 0; i < 50; i++) {
        play(&stage);
        other = 0;
        if (!i) {
            n = numbers_of(&hellos[0], first, 40);
            for (size_t k = 0; k < n; k++)
                sum += first[k] * first[k];
            continue;
        }
        assert_int_equal(numbers_of(&hellos[0], numbers, 40), n);
        for (size_t k = 0; k < n; k++)
            other += numbers[k] * numbers[k];
        assert_int_equal(other, sum); /* the same ones */
        same += memcmp(first, numbers, n * sizeof(first[0])) == 0;
    }
    assert_true(n >= 7); /* of 5040 orders */
    assert_true(same <= 2);
    stage_clear(&stage);
}

/* RFC 8446 4.1.2: but for the share, and what a retry adds. */
static void a_second_hello_has_the_order_of_the_first(void **state)
{
    struct stage stage;
    uint32_t a[40], b[40];
    size_t n;

    (void)state;
    assert_true(set(&stage, SCENE_RETRY, HF_TLS13, HF_TLS13));
    for (int i = 0; i < 20; i++) {
        play(&stage);
        assert_int_equal(hello_count, 2);
        n = numbers_of(&hellos[0], a, 40);
        assert_int_equal(numbers_of(&hellos[1], b, 40), n);
        assert_memory_equal(a, b, n * sizeof(a[0]));
        for (size_t k = 0; k < n; k++)
            if (a[k] != 51)
                assert_true(hf_span_equal(edit_body(&hellos[0], a[k]),
                                          edit_body(&hellos[1], a[k])));
    }
    stage_clear(&stage);
}

/* RFC 8446 4.2.11, after a retry as well. */
static void a_pre_shared_key_is_the_last(void **state)
{
    static const enum scene scenes[] = { SCENE_FULL, SCENE_RETRY };
    static struct encore e;
    uint32_t numbers[40];

    (void)state;
    for (size_t s = 0; s < HF_COUNT(scenes); s++) {
        assert_true(
            encore_set(&e, BY_PSK, scenes[s], attack_certs(), &hf_libcrypto));
        assert_true(hf_config_set_grease(e.stage.client, true));
        assert_true(hf_config_set_permute(e.stage.client, true));
        assert_true(hf_config_set_grease(e.stage.server, true));
        assert_true(encore_meet(&e));
        for (int i = 0; i < 12; i++) {
            hello_count = ticket.len = 0;
            encore_rewind(&e);
            assert_true(encore_begin(&e, &rogue, keep));
            assert_true(rogue_run(&rogue));
            assert_true(hf_conn_resumed(rogue.end[HF_CLIENT].conn));
            for (size_t k = 0; k < hello_count; k++) {
                size_t n = numbers_of(&hellos[k], numbers, 40);

                assert_int_equal(numbers[n - 1], 41);
                assert_true(is_grease(numbers[n - 2]));
            }
            /* RFC 8701 4.1: and so does a ticket. */
            assert_true(ticket.len > 0);
            assert_int_equal(numbers_of(&ticket, numbers, 40), 1);
            assert_true(is_grease(numbers[0]));
            rogue_end(&rogue);
        }
        encore_clear(&e);
    }
}

/* ---- nobody can choose them ------------------------------------------------------ */

/* What the hello offered becomes what the server chose. */
struct choice {
    const char *what;
    unsigned version, code;
    enum scene scene;
    void (*choose)(struct rogue_record *record);
};

static void choose(struct rogue *r, struct rogue_record *record)
{
    const struct choice *c = r->ctx;

    if (record->type != HF_CONTENT_HANDSHAKE)
        return;
    if (record->from == HF_CLIENT && edit_is(record, HF_CLIENT_HELLO))
        ours = *record;
    else if (record->from == HF_SERVER)
        c->choose(record);
}

static struct hf_span two(unsigned number)
{
    static uint8_t bytes[2];

    hf_store_number(bytes, number, 2);
    return HF_SPAN(bytes);
}

static void suite(struct rogue_record *record)
{
    if (edit_is(record, HF_SERVER_HELLO))
        edit_put(record, SUITE13, suite_of(&ours));
}

static void suite12(struct rogue_record *record)
{
    if (edit_is(record, HF_SERVER_HELLO))
        edit_put(record, SUITE12, suite_of(&ours));
}

static void version(struct rogue_record *record)
{
    if (edit_is(record, HF_SERVER_HELLO))
        edit_set(record, 43, two(first_of(&ours, 43, 1)));
}

static void share(struct rogue_record *record)
{
    uint8_t entry[5] = { 0, 0, 0, 1, 0 };

    hf_store_number(entry, first_of(&ours, 51, 2), 2);
    if (edit_is(record, HF_SERVER_HELLO))
        edit_set(record, 51, HF_SPAN(entry));
}

static void group(struct rogue_record *record)
{
    if (edit_is(record, HF_HELLO_RETRY_REQUEST))
        edit_set(record, 51, two(first_of(&ours, 10, 2)));
}

static void first_extension(struct rogue_record *record)
{
    uint32_t numbers[40];

    numbers_of(&ours, numbers, 40);
    if (edit_is(record, HF_ENCRYPTED_EXTENSIONS) ||
        (edit_is(record, HF_SERVER_HELLO) && !edit_find(record, 51)))
        edit_add(record, numbers[0], hf_span(NULL, 0));
}

static void last_extension(struct rogue_record *record)
{
    uint32_t numbers[40];
    size_t n = numbers_of(&ours, numbers, 40);

    if (edit_is(record, HF_SERVER_HELLO))
        edit_add(record, numbers[n - 1], hf_span((const uint8_t *)"", 1));
}

static void scheme(struct rogue_record *record)
{
    if (edit_is(record, HF_CERTIFICATE_VERIFY))
        edit_put(record, 4, two(first_of(&ours, 13, 2)));
}

static void what_means_nothing_cannot_be_chosen(void **state)
{
    static const struct choice rows[] = {
        { "suite", HF_TLS13, HF_E_NOT_OFFERED, SCENE_FULL, suite },
        { "suite, TLS 1.2", HF_TLS12, HF_E_NOT_OFFERED, SCENE_FULL, suite12 },
        { "version", HF_TLS13, HF_E_NOT_OFFERED, SCENE_FULL, version },
        { "share", HF_TLS13, HF_E_NOT_OFFERED, SCENE_FULL, share },
        { "group", HF_TLS13, HF_E_NOT_OFFERED, SCENE_RETRY, group },
        { "first extension", HF_TLS13, HF_E_UNSOLICITED, SCENE_FULL,
          first_extension },
        { "first extension, TLS 1.2", HF_TLS12, HF_E_UNSOLICITED, SCENE_FULL,
          first_extension },
        { "last extension", HF_TLS13, HF_E_UNSOLICITED, SCENE_FULL,
          last_extension },
        { "scheme", HF_TLS13, HF_E_WRONG_SIGNATURE, SCENE_FULL, scheme },
    };
    struct stage stage;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        const struct choice *c = &rows[i];

        assert_true(set(&stage, c->scene, c->version, c->version));
        assert_true(rogue_begin(&rogue, &stage, "localhost", choose));
        rogue.ctx = (void *)(uintptr_t)c;
        assert_false(rogue_run(&rogue));
        if (hf_conn_error(rogue.end[HF_CLIENT].conn)->code != c->code)
            fail_msg(
                "%s: %s", c->what,
                hf_error_name(hf_conn_error(rogue.end[HF_CLIENT].conn)->code));
        rogue_expect(&rogue, HF_CLIENT, c->code);
        rogue_end(&rogue);
        stage_clear(&stage);
    }
}

/* ---- where the numbers come from ------------------------------------------------- */

static size_t draws_left;

static bool draw(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0x3c, len);
    return draws_left && draws_left--;
}

/* From the provider and from nowhere else: who draws the same says the same, and
 * who cannot draw says nothing. */
static void they_are_drawn_from_the_provider(void **state)
{
    static struct hf_provider provider;
    static uint8_t said[2][2048];
    struct hf_span none;
    size_t used, len[2] = { 0, 0 };

    (void)state;
    provider = hf_libcrypto;
    provider.random = draw;
    for (size_t draws = 0; draws < 6; draws++) {
        struct stage stage;
        struct hf_conn *conn;
        struct hf_span out;

        assert_true(
            stage_set_with(&stage, SCENE_FULL, attack_certs(), &provider));
        assert_true(hf_config_set_grease(stage.client, true));
        assert_true(hf_config_set_permute(stage.client, true));
        draws_left = draws < 5 ? draws : 4;
        assert_true((conn = hf_conn_new(stage.client, HF_CLIENT, "localhost")));
        hf_conn_receive(conn, NULL, 0, &used, &none);
        out = hf_conn_outgoing(conn);
        if (draws < 4) {
            assert_int_equal(hf_conn_error(conn)->code, HF_E_RANDOM);
        } else {
            assert_int_equal(hf_conn_error(conn)->code, HF_OK);
            assert_true(out.len > 0 && out.len < sizeof(said[0]));
            len[draws - 4] = out.len;
            memcpy(said[draws - 4], out.at, out.len);
        }
        hf_conn_free(conn);
        stage_clear(&stage);
    }
    assert_int_equal(len[0], len[1]);
    /* All but the share, which libcrypto draws. */
    assert_memory_equal(said[0], said[1], 120);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hellos_hold_values_that_mean_nothing),
        cmocka_unit_test(a_request_holds_them_too),
        cmocka_unit_test(nothing_is_there_unasked),
        cmocka_unit_test(every_hello_has_its_own_order),
        cmocka_unit_test(a_second_hello_has_the_order_of_the_first),
        cmocka_unit_test(a_pre_shared_key_is_the_last),
        cmocka_unit_test(what_means_nothing_cannot_be_chosen),
        cmocka_unit_test(they_are_drawn_from_the_provider),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
