/* fragments_test.c - the same messages in other records: cut into pieces of
 * any size, padded, packed together as far as keys allow; and every combination
 * of suite, group and kind of certificate there is. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;

/* How records are made anew; r->ctx. */
struct shape {
    size_t piece;   /* bytes of a message in each record; 0: all */
    size_t padding; /* zeroes behind the type of sealed ones */
};

/* @type in front of @padding zeroes is itself data to seal. */
static void say_padded(struct rogue *r, enum hf_role to, uint8_t type,
                       struct hf_span bytes, size_t padding)
{
    uint8_t room[16384 + 256];

    if (!padding || !r->end[to].to.aead) {
        rogue_say(r, to, type, bytes);
        return;
    }
    assert_true(bytes.len + 1 + padding <= sizeof(room));
    memcpy(room, bytes.at, bytes.len);
    room[bytes.len] = type;
    memset(room + bytes.len + 1, 0, padding);
    /* The last zero is the "type" that the seal puts there: none. */
    rogue_say(r, to, 0, hf_span(room, bytes.len + padding));
}

static void reshape(struct rogue *r, struct rogue_record *record)
{
    const struct shape *shape = r->ctx;
    enum hf_role to = record->from == HF_CLIENT ? HF_SERVER : HF_CLIENT;
    size_t at = 0, piece = shape->piece ? shape->piece : record->len;

    if (record->type != HF_CONTENT_HANDSHAKE)
        return;
    if (record->epoch == HF_HANDSHAKE && !r->end[to].to.aead)
        rogue_keys(r, to, HF_HANDSHAKE);
    /* All but the last piece; that goes on by itself, so that the keys follow
     * it. */
    for (; record->len - at > piece; at += piece)
        say_padded(r, to, record->type, hf_span(record->bytes + at, piece),
                   shape->padding);
    memmove(record->bytes, record->bytes + at, record->len - at);
    record->len -= at;
    if (shape->padding && record->epoch) {
        record->bytes[record->len] = record->type;
        memset(record->bytes + record->len + 1, 0, shape->padding);
        record->len += shape->padding;
        record->type = 0;
    }
}

static void play(enum scene scene, struct shape shape)
{
    uint8_t a[32], b[32];

    assert_true(rogue_begin(&rogue, attack_stage(scene), "localhost", reshape));
    rogue.ctx = &shape;
    if (!rogue_run(&rogue))
        fail_msg("%s, pieces of %zu: %s; %s", scene_name(scene), shape.piece,
                 hf_conn_error(rogue.end[0].conn)->detail,
                 hf_conn_error(rogue.end[1].conn)->detail);
    assert_true(
        hf_conn_export(rogue.end[0].conn, "x", hf_span(NULL, 0), a, 32));
    assert_true(
        hf_conn_export(rogue.end[1].conn, "x", hf_span(NULL, 0), b, 32));
    assert_memory_equal(a, b, 32);
    rogue_end(&rogue);
}

static void messages_may_be_cut_into_records_of_any_size(void **state)
{
    (void)state;
    for (unsigned scene = 0; scene < SCENES; scene++)
        for (size_t piece = 1; piece < 700; piece += piece < 12 ? 1 : 61)
            play(scene, (struct shape){ .piece = piece });
}

static void records_may_be_padded(void **state)
{
    static const size_t paddings[] = { 1, 2, 15, 16, 17, 255, 4000 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(paddings); i++) {
        play(SCENE_ALL, (struct shape){ .padding = paddings[i] });
        play(SCENE_ALL, (struct shape){ .padding = paddings[i], .piece = 9 });
    }
}

/* ---- packed --------------------------------------------------------------------------- */

/* Hold the sealed messages of a flight and let them go in one record with its
 * Finished. */
static void pack(struct rogue *r, struct rogue_record *record)
{
    static struct rogue_record held[2];
    struct rogue_record *h = &held[record->from];

    if (record->type != HF_CONTENT_HANDSHAKE || record->epoch != HF_HANDSHAKE)
        return;
    if (!(r->step >> record->from & 1)) {
        r->step |= (size_t)1 << record->from;
        h->len = 0;
    }
    memcpy(h->bytes + h->len, record->bytes, record->len);
    h->len += record->len;
    record->drop = !edit_is(record, HF_FINISHED);
    if (!record->drop) {
        memcpy(record->bytes, h->bytes, h->len);
        record->len = h->len;
    }
}

static void flights_may_be_packed_into_one_record(void **state)
{
    (void)state;
    for (unsigned scene = 0; scene < SCENES; scene++) {
        assert_true(
            rogue_begin(&rogue, attack_stage(scene), "localhost", pack));
        assert_true(rogue_run(&rogue));
        rogue_end(&rogue);
    }
}

/* Messages that begin in one record and end in the next, all along. */
static void shift(struct rogue *r, struct rogue_record *record)
{
    static uint8_t left[16384];
    static size_t left_len;
    enum hf_role to = record->from == HF_CLIENT ? HF_SERVER : HF_CLIENT;
    size_t keep = *(const size_t *)r->ctx;

    if (record->type != HF_CONTENT_HANDSHAKE || record->epoch != HF_HANDSHAKE)
        return;
    if (!r->end[to].to.aead)
        rogue_keys(r, to, HF_HANDSHAKE);
    if (!(r->step >> record->from & 1)) {
        r->step |= (size_t)1 << record->from;
        left_len = 0;
    }
    if (edit_is(record, HF_FINISHED))
        keep = 0;
    else if (keep > record->len - 1)
        keep = record->len - 1;
    memmove(record->bytes + left_len, record->bytes, record->len);
    memcpy(record->bytes, left, left_len);
    record->len += left_len;
    left_len = keep;
    memcpy(left, record->bytes + record->len - keep, keep);
    record->len -= keep;
}

static void records_may_end_anywhere_in_a_message(void **state)
{
    (void)state;
    for (size_t keep = 1; keep < 80; keep += keep < 10 ? 1 : 13) {
        assert_true(
            rogue_begin(&rogue, attack_stage(SCENE_ALL), "localhost", shift));
        rogue.ctx = &keep;
        if (!rogue_run(&rogue))
            fail_msg("%zu bytes later: %s; %s", keep,
                     hf_conn_error(rogue.end[0].conn)->detail,
                     hf_conn_error(rogue.end[1].conn)->detail);
        rogue_end(&rogue);
    }
}

/* ---- every combination ---------------------------------------------------------------- */

static struct duet duet;

static void combine(const struct duet_certs *certs, uint16_t suite,
                    uint16_t group, bool retry, bool by_byte)
{
    const uint16_t suites[] = { suite, 0 }, groups[] = { group, 0 },
                   none[] = { 0 };
    uint8_t a[32], b[32];

    assert_true(duet_init(&duet, certs));
    assert_true(hf_config_set_suites(duet.client_config, suites) &&
                hf_config_set_groups(duet.client_config, groups) &&
                hf_config_set_groups(duet.server_config, groups) &&
                (!retry || hf_config_set_shares(duet.client_config, none)) &&
                hf_config_trust(duet.server_config, hf_span_text(certs->ca)) &&
                hf_config_set_client_auth(duet.server_config,
                                          HF_CLIENT_AUTH_REQUIRED) &&
                hf_config_add_keypair(duet.client_config,
                                      hf_span_text(certs->client_chain),
                                      hf_span_text(certs->client_key)));
    duet.chunk = by_byte;
    assert_true(duet_start(&duet, "localhost"));
    if (!duet_run(&duet))
        fail_msg("%04x %u: %s; %s", suite, group,
                 hf_conn_error(duet.client)->detail,
                 hf_conn_error(duet.server)->detail);
    assert_int_equal(hf_conn_suite(duet.server), suite);
    assert_int_equal(hf_conn_group(duet.server), group);
    assert_int_equal(hf_conn_retried(duet.client), retry);
    assert_true(hf_conn_peer_verified(duet.client));
    assert_true(hf_conn_peer_verified(duet.server));
    assert_int_equal(hf_conn_peer_scheme(duet.client),
                     hf_conn_own_scheme(duet.server));
    assert_int_equal(hf_conn_peer_scheme(duet.server),
                     hf_conn_own_scheme(duet.client));
    assert_true(hf_conn_export(duet.client, "x", hf_span(NULL, 0), a, 32));
    assert_true(hf_conn_export(duet.server, "x", hf_span(NULL, 0), b, 32));
    assert_memory_equal(a, b, 32);
    assert_true(duet_send(&duet, duet.client, hf_span_text("data")));
    duet_run(&duet);
    assert_int_equal(duet.server_len, 4);
    duet_wipe(&duet);
}

static void every_suite_group_and_key_goes_with_every_other(void **state)
{
    static const char *const keys[] = { "p256", "p384", "ed25519", "rsa2048" };
    static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303 };
    size_t played = 0;

    (void)state;
    for (size_t k = 0; k < HF_COUNT(keys); k++) {
        struct duet_certs certs;

        assert_true(duet_certs_make(&certs, keys[k]));
        for (size_t s = 0; s < HF_COUNT(suites); s++)
            for (size_t g = 0; hf_libcrypto.groups[g]; g++)
                for (int retry = 0; retry < 2; retry++) {
                    combine(&certs, suites[s], hf_libcrypto.groups[g]->group,
                            retry, (s + g) % 2);
                    played++;
                }
        duet_certs_free(&certs);
    }
    printf("# NOTE: %zu combinations\n", played);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_may_be_cut_into_records_of_any_size),
        cmocka_unit_test(records_may_be_padded),
        cmocka_unit_test(flights_may_be_packed_into_one_record),
        cmocka_unit_test(records_may_end_anywhere_in_a_message),
        cmocka_unit_test(every_suite_group_and_key_goes_with_every_other),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
