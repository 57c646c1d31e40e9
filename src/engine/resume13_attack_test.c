/* resume13_attack_test.c - pre-shared keys of TLS 1.3, and somebody in the middle
 * who changes what is said of them: identities and binders (RFC 8446 4.2.11),
 * the server's choice, and a second hello (4.1.2). */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/encore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PSK = 41, MODES = 45, EARLY_DATA = 42, HASH = 32 };

static struct encore plain, retried, hasty;
static struct rogue rogue;

static int open_all(void **state)
{
    return !attack_open(state) &&
                   encore_set(&plain, BY_PSK, SCENE_FULL, attack_certs(),
                              &hf_libcrypto) &&
                   encore_meet(&plain) &&
                   encore_set(&retried, BY_PSK, SCENE_RETRY, attack_certs(),
                              &hf_libcrypto) &&
                   encore_meet(&retried) &&
                   encore_set(&hasty, WITH_EARLY_DATA, SCENE_FULL,
                              attack_certs(), &hf_libcrypto) &&
                   encore_meet(&hasty)
               ? 0
               : -1;
}

static int close_all(void **state)
{
    encore_clear(&plain);
    encore_clear(&retried);
    encore_clear(&hasty);
    return attack_close(state);
}

/* ---- the client's extension, taken apart and put together ---------------------------- */

/* In front of the others. */
static void put_first(uint8_t *list, size_t *len, struct hf_span one)
{
    memmove(list + one.len, list, *len);
    memcpy(list, one.at, one.len);
    *len += one.len;
}

static bool hash_of(const struct hf_crypto *c, struct hf_span a, uint8_t *out)
{
    return hf_hash_parts(c, hf_hash_by_id(c, HF_SHA256), &a, 1, out);
}

static void expand(const struct hf_crypto *c, uint8_t *key, const char *label,
                   struct hf_span context)
{
    struct hf_hmac hmac = { .hash = NULL };

    assert_true(
        hf_hmac_key(&hmac, c, hf_hash_by_id(c, HF_SHA256), hf_span(key, HASH)));
    assert_true(hf_expand_label(&hmac, label, context, key, HASH));
    hf_hmac_wipe(&hmac);
}

/* RFC 8446 4.2.11.2, told once more: a binder that fits the changed hello, for
 * the identity with that number.  (The first hello only.) */
static void bind_again(struct rogue *r, struct rogue_record *record,
                       size_t index)
{
    const struct hf_handshake *hs = r->end[HF_CLIENT].conn->handshake;
    const struct hf_crypto *c = &hs->settings->crypto;
    uint8_t key[HASH], digest[HASH], none[HASH];
    struct edit_psks p = edit_psks(record);
    struct hf_hmac hmac = { .hash = NULL };
    struct hf_span text = HF_SPAN(digest);
    size_t at = record->len - p.macs_len;

    assert_true(hf_hkdf_extract(c, hf_hash_by_id(c, HF_SHA256),
                                hf_span(NULL, 0), hs->saved->secret, key));
    assert_true(hash_of(c, hf_span(NULL, 0), none));
    assert_true(hash_of(c, hf_span(record->bytes, at - 2), digest));
    expand(c, key, "res binder", HF_SPAN(none));
    expand(c, key, "finished", hf_span(NULL, 0));
    assert_true(
        hf_hmac_key(&hmac, c, hf_hash_by_id(c, HF_SHA256), HF_SPAN(key)));
    assert_true(hf_hmac_sum(&hmac, &text, 1,
                            record->bytes + at + index * (1 + HASH) + 1));
    hf_hmac_wipe(&hmac);
}

/* ---- what he does to a hello ------------------------------------------------------------ */

static void flip_binder(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    record->bytes[record->len - 1] ^= 1;
}

/* One byte longer or shorter, zeroes or not at all: by the row's number. */
static void resize_binder(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks p = edit_psks(record);
    size_t len = attack_row(r)->number;

    p.macs[0] = (uint8_t)len;
    p.macs_len = len ? 1 + len : 0;
    edit_put_psks(record, &p);
}

static void two_binders(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks p = edit_psks(record);

    (void)r;
    memcpy(p.macs + p.macs_len, p.macs, p.macs_len);
    p.macs_len *= 2;
    edit_put_psks(record, &p);
}

static void first_identity(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks p = edit_psks(record);

    put_first(p.ids, &p.ids_len, attack_bytes(r));
    edit_put_psks(record, &p);
}

/* So many unknown ones first, each with a binder; then ours. */
static void crowd(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks p = edit_psks(record);
    uint8_t mac[1 + HASH] = { HASH };
    uint32_t count = attack_row(r)->number;

    for (uint32_t i = 0; i < count; i++) {
        put_first(p.ids, &p.ids_len, attack_bytes(r));
        put_first(p.macs, &p.macs_len, HF_SPAN(mac));
    }
    edit_put_psks(record, &p);
    bind_again(r, record, count);
}

/* Our identity becomes another; its binder is made anew. */
static void other_identity(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks p = edit_psks(record);

    p.ids_len = 0;
    put_first(p.ids, &p.ids_len, attack_bytes(r));
    edit_put_psks(record, &p);
    if (p.macs_len && attack_row(r)->number)
        bind_again(r, record, 0);
}

/* One bit at that place of the identity. */
static void flip_ticket(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks p = edit_psks(record);

    p.ids[attack_row(r)->number] ^= 0x40;
    edit_put_psks(record, &p);
    bind_again(r, record, 0);
}

static void change_age(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks p = edit_psks(record);

    p.ids[p.ids_len - 4] ^= 0x80;
    edit_put_psks(record, &p);
    bind_again(r, record, 0);
}

static void set_modes(struct rogue *r, struct rogue_record *record)
{
    edit_set(record, MODES, attack_bytes(r));
    bind_again(r, record, 0);
}

static void drop_modes(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_drop(record, MODES);
}

static void not_last(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_add(record, 21, hf_span("\0\0", 2));
}

/* Only suites of the other hash. */
static void other_suites(struct rogue *r, struct rogue_record *record)
{
    enum { AT = 4 + 2 + 32 + 1 + 32 };
    size_t old = hf_number(record->bytes + AT, 2);

    edit_splice(record, AT, 2 + old, hf_span("\0\2\x13\2", 4));
    bind_again(r, record, 0);
}

ATTACK_ON(hello_binder, HF_CLIENT_HELLO, flip_binder)
ATTACK_ON(hello_size, HF_CLIENT_HELLO, resize_binder)
ATTACK_ON(hello_two, HF_CLIENT_HELLO, two_binders)
ATTACK_ON(hello_first, HF_CLIENT_HELLO, first_identity)
ATTACK_ON(hello_crowd, HF_CLIENT_HELLO, crowd)
ATTACK_ON(hello_other, HF_CLIENT_HELLO, other_identity)
ATTACK_ON(hello_ticket, HF_CLIENT_HELLO, flip_ticket)
ATTACK_ON(hello_age, HF_CLIENT_HELLO, change_age)
ATTACK_ON(hello_modes, HF_CLIENT_HELLO, set_modes)
ATTACK_ON(hello_no_modes, HF_CLIENT_HELLO, drop_modes)
ATTACK_ON(hello_not_last, HF_CLIENT_HELLO, not_last)
ATTACK_ON(hello_suites, HF_CLIENT_HELLO, other_suites)

/* ---- what a server makes of it ------------------------------------------------------------- */

static void judge(enum hf_role victim, const struct attack *row)
{
    const struct hf_error *error = hf_conn_error(rogue.end[victim].conn);

    if (!rogue.step)
        fail_msg("%s: nothing was changed; %s, %s", row->what,
                 hf_error_name(hf_conn_error(rogue.end[0].conn)->code),
                 hf_error_name(hf_conn_error(rogue.end[1].conn)->code));
    if (error->code != row->code)
        fail_msg("%s: %s, %s; not %s", row->what, hf_error_name(error->code),
                 error->detail, hf_error_name(row->code));
    rogue_expect_words(&rogue, victim, row->code, row->words);
}

static void refused(struct encore *e, enum hf_role victim,
                    const struct attack *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(encore_begin(e, &rogue, rows[i].edit));
        rogue.ctx = (void *)(uintptr_t)&rows[i];
        assert_false(rogue_run(&rogue));
        judge(victim, &rows[i]);
        rogue_end(&rogue);
    }
}

/* The server resumes, or not; the client sees that the hello was changed. */
static void tolerated(struct encore *e, bool resumed, const struct attack *rows,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned code;

        assert_true(encore_begin(e, &rogue, rows[i].edit));
        rogue.ctx = (void *)(uintptr_t)&rows[i];
        assert_false(rogue_run(&rogue));
        assert_true(rogue.step);
        code = hf_conn_error(rogue.end[HF_CLIENT].conn)->code;
        if (hf_conn_resumed(rogue.end[HF_SERVER].conn) != resumed)
            fail_msg("%s: %sresumed", rows[i].what, resumed ? "not " : "");
        if (code != rows[i].code)
            fail_msg("%s: %s, %s", rows[i].what, hf_error_name(code),
                     hf_conn_error(rogue.end[HF_CLIENT].conn)->detail);
        rogue_end(&rogue);
    }
}

static void a_binder_must_fit(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("a bit of the binder", hello_binder, HF_E_BAD_BINDER, ANY_BYTE, "pre-shared key 0", 0, "")
        ATTACK("a binder too long", hello_size, HF_E_BAD_BINDER, ANY_BYTE, "", 33, "")
        ATTACK("a binder of another hash", hello_size, HF_E_BAD_BINDER, ANY_BYTE, "", 48, "")
        ATTACK("a binder too short", hello_size, HF_E_BOUNDS, ANY_BYTE, "", 31, "")
        ATTACK("no binder", hello_size, HF_E_BOUNDS, ANY_BYTE, "", 0, "")
        ATTACK("two binders", hello_two, HF_E_ILLEGAL, ANY_BYTE, "1 pre-shared keys and 2 binders", 0, "")
        ATTACK("two identities", hello_first, HF_E_ILLEGAL, ANY_BYTE, "2 pre-shared keys and 1 binders", 0, "\0\1x\0\0\0\0")
        ATTACK("an empty identity", hello_first, HF_E_BOUNDS, ANY_BYTE, "", 0, "\0\0\0\0\0\0")
        ATTACK("not the last extension", hello_not_last, HF_E_ILLEGAL, ANY_BYTE, "last", 0, "")
        ATTACK("without a mode", hello_no_modes, HF_E_MISSING_EXTENSION, ANY_BYTE, "psk_key_exchange_modes", 0, "")
    };
    /* clang-format on */

    (void)state;
    refused(&plain, HF_SERVER, rows, HF_COUNT(rows));
}

/* RFC 8446 4.2.11: "the server simply performs a full handshake". */
static void an_unknown_identity_means_a_full_handshake(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("the key's name", hello_ticket, HF_E_BAD_SIGNATURE, 0, "", 2, "")
        ATTACK("the seed", hello_ticket, HF_E_BAD_SIGNATURE, 0, "", 2 + 16, "")
        ATTACK("what is sealed", hello_ticket, HF_E_BAD_SIGNATURE, 0, "", 2 + 48, "")
        ATTACK("somebody else's", hello_other, HF_E_BAD_SIGNATURE, 0, "", 1, "\0\1x\0\0\0\0")
        ATTACK("one of zeroes", hello_other, HF_E_BAD_SIGNATURE, 0, "", 1, "\0\4\0\0\0\0\0\0\0\0")
        ATTACK("too many before it", hello_crowd, HF_E_BAD_SIGNATURE, 0, "", 4, "\0\1x\0\0\0\0")
        ATTACK("a hundred before it", hello_crowd, HF_E_BAD_SIGNATURE, 0, "", 100, "\0\1x\0\0\0\0")
        ATTACK("psk_ke only", hello_modes, HF_E_BAD_SIGNATURE, 0, "", 0, "\1\0")
        ATTACK("modes that nobody knows", hello_modes, HF_E_BAD_SIGNATURE, 0, "", 0, "\2\x0b\xff")
    };
    /* clang-format on */

    (void)state;
    tolerated(&plain, false, rows, HF_COUNT(rows));
}

/* The other hash wants another AEAD, so the client cannot even read on. */
static void another_hash_means_a_full_handshake(void **state)
{
    /* clang-format off */
    static const struct attack row[] = {
        ATTACK("another hash", hello_suites, HF_OK, 0, "", 0, "")
    };
    /* clang-format on */

    (void)state;
    assert_true(encore_begin(&plain, &rogue, row->edit));
    rogue.ctx = (void *)(uintptr_t)row;
    assert_false(rogue_run(&rogue));
    assert_int_equal(hf_conn_suite(rogue.end[HF_SERVER].conn), 0x1302);
    assert_false(hf_conn_resumed(rogue.end[HF_SERVER].conn));
    rogue_end(&rogue);
}

/* The age that a client tells is for 0-RTT, which there is not. */
static void what_does_not_matter_is_not_looked_at(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("the age", hello_age, HF_E_BAD_FINISHED, 0, "", 0, "")
        ATTACK("one mode more", hello_modes, HF_E_BAD_FINISHED, 0, "", 0, "\2\0\1")
    };
    /* clang-format on */
    /* clang-format off */
    static const struct attack third[] = {
        ATTACK("behind three others", hello_crowd, HF_E_NOT_OFFERED, 0, "", 3, "\0\1x\0\0\0\0")
    };
    /* clang-format on */

    (void)state;
    tolerated(&plain, true, rows, HF_COUNT(rows));
    tolerated(&plain, true, third, HF_COUNT(third));
}

/* ---- a second hello (RFC 8446 4.1.2) ------------------------------------------------------------ */

static bool is_hello(struct rogue *r, const struct rogue_record *record,
                     size_t number)
{
    return edit_is(record, HF_CLIENT_HELLO) && r->step++ == number;
}

static void drop_second(struct rogue *r, struct rogue_record *record)
{
    if (is_hello(r, record, 1))
        edit_drop(record, PSK);
}

static void drop_first(struct rogue *r, struct rogue_record *record)
{
    if (is_hello(r, record, 0))
        edit_drop(record, PSK);
}

static void change_second(struct rogue *r, struct rogue_record *record)
{
    if (is_hello(r, record, 1))
        other_identity(r, record);
}

static void crowd_second(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks p;
    uint8_t mac[1 + HASH] = { HASH };

    if (!is_hello(r, record, 1))
        return;
    p = edit_psks(record);
    put_first(p.ids, &p.ids_len, attack_bytes(r));
    put_first(p.macs, &p.macs_len, HF_SPAN(mac));
    edit_put_psks(record, &p);
}

static void flip_second(struct rogue *r, struct rogue_record *record)
{
    if (is_hello(r, record, 1))
        flip_binder(r, record);
}

static void flip_first(struct rogue *r, struct rogue_record *record)
{
    if (is_hello(r, record, 0))
        flip_binder(r, record);
}

static void a_second_hello_brings_no_other_keys(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("only in the second", drop_first, HF_E_RETRY_CHANGED, ANY_BYTE, "pre_shared_key", 0, "")
        ATTACK("another one", change_second, HF_E_RETRY_CHANGED, ANY_BYTE, "pre_shared_key", 0, "\0\1x\0\0\0\0")
        ATTACK("one more", crowd_second, HF_E_RETRY_CHANGED, ANY_BYTE, "pre_shared_key", 0, "\0\1x\0\0\0\0")
        ATTACK("its binder", flip_second, HF_E_BAD_BINDER, ANY_BYTE, "", 0, "")
        /* The binder of the second covers the first, with its binder. */
        ATTACK("the first's binder", flip_first, HF_E_BAD_BINDER, ANY_BYTE, "", 0, "")
    };
    /* clang-format on */
    /* clang-format off */
    static const struct attack less[] = {
        ATTACK("none", drop_second, HF_E_BAD_SIGNATURE, 0, "", 0, "")
    };
    /* clang-format on */

    (void)state;
    refused(&retried, HF_SERVER, rows, HF_COUNT(rows));
    tolerated(&retried, false, less, HF_COUNT(less));
}

/* ---- what a client makes of the server's choice --------------------------------------------------- */

ATTACK_ON(answer_set, HF_SERVER_HELLO, attack_set)
ATTACK_ON(answer_drop, HF_SERVER_HELLO, attack_drop)
ATTACK_ON(answer_put, HF_SERVER_HELLO, attack_put)
ATTACK_ON(retry_set, HF_HELLO_RETRY_REQUEST, attack_set)
ATTACK_ON(exts_set, HF_ENCRYPTED_EXTENSIONS, attack_set)

/* A message in front of the server's Finished. */
static void insert(struct rogue *r, struct rogue_record *record)
{
    uint8_t bytes[64] = { (uint8_t)attack_row(r)->number, 0, 0,
                          (uint8_t)attack_row(r)->len };

    if (!edit_is(record, HF_FINISHED) || record->from != HF_SERVER || r->step++)
        return;
    memcpy(bytes + 4, attack_row(r)->bytes, attack_row(r)->len);
    rogue_say(r, HF_CLIENT, HF_CONTENT_HANDSHAKE,
              hf_span(bytes, 4 + attack_row(r)->len));
}

/* The server does not resume; the client is told that it does. */
static void pretend(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_CLIENT_HELLO))
        record->bytes[record->len - 60] ^= 1; /* the ticket's tag */
    if (edit_is(record, HF_SERVER_HELLO) && !r->step++)
        edit_add(record, PSK, hf_span("\0\0", 2));
}

static void the_server_chooses_what_was_offered(void **state)
{
    enum { SUITE = 4 + 2 + 32 + 1 + 32 };
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("the second of one", answer_set, HF_E_NOT_OFFERED, ANY_BYTE, "pre-shared key 1", PSK, "\0\1")
        ATTACK("the last there may be", answer_set, HF_E_NOT_OFFERED, ANY_BYTE, "pre-shared key 65535", PSK, "\xff\xff")
        ATTACK("half a number", answer_set, HF_E_TRUNCATED, ANY_BYTE, "", PSK, "\0")
        ATTACK("a number and more", answer_set, HF_E_TRAILING, ANY_BYTE, "", PSK, "\0\0\0")
        ATTACK("a suite of another hash", answer_put, HF_E_ILLEGAL, ANY_BYTE, "another hash", SUITE, "\x13\2")
        ATTACK("no key share", answer_drop, HF_E_ILLEGAL, ANY_BYTE, "key_share", 51, "")
        /* Then there would have to be a certificate. */
        ATTACK("chosen and not said", answer_drop, HF_E_UNEXPECTED, ANY_BYTE, "", PSK, "")
        ATTACK("said and not chosen", pretend, HF_E_UNEXPECTED, ANY_BYTE, "", 0, "")
        ATTACK("in EncryptedExtensions", exts_set, HF_E_MISPLACED, ANY_BYTE, "pre_shared_key", PSK, "\0\0")
        ATTACK("a certificate all the same", insert, HF_E_UNEXPECTED, ANY_BYTE, "", HF_CERTIFICATE, "\0\0\0\0")
        ATTACK("a question for one", insert, HF_E_UNEXPECTED, ANY_BYTE, "", HF_CERTIFICATE_REQUEST, "\0\0\x08\0\x0d\0\4\0\2\4\3")
        ATTACK("a signature", insert, HF_E_UNEXPECTED, ANY_BYTE, "", HF_CERTIFICATE_VERIFY, "\4\3\0\0")
        ATTACK("a ticket too early", insert, HF_E_UNEXPECTED, ANY_BYTE, "", HF_NEW_SESSION_TICKET, "\0\0\0\1\0\0\0\0\0\0\1x\0\0")
    };
    /* clang-format on */
    /* clang-format off */
    static const struct attack retries[] = {
        ATTACK("in a HelloRetryRequest", retry_set, HF_E_MISPLACED, ANY_BYTE, "pre_shared_key", PSK, "\0\0")
    };
    /* clang-format on */

    (void)state;
    refused(&plain, HF_CLIENT, rows, HF_COUNT(rows));
    refused(&retried, HF_CLIENT, retries, HF_COUNT(retries));
}

/* ---- 0-RTT (RFC 8446 4.2.10) --------------------------------------------------- */

static void offer_early(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks p;

    if (!edit_is(record, HF_CLIENT_HELLO) || r->step++)
        return;
    p = edit_psks(record);
    edit_drop(record, PSK);
    edit_add(record, EARLY_DATA, hf_span(NULL, 0));
    edit_add(record, PSK, hf_span("\0\0\0\0", 4));
    edit_put_psks(record, &p);
    bind_again(r, record, 0);
}

/* The same hello a hundred times: the server resumes, says nothing of 0-RTT,
 * and whatever comes early is skipped and never delivered. */
static void early_data_is_never_taken_however_often_it_comes(void **state)
{
    static const uint8_t early[5 + 40] = { 23, 3, 3, 0, 40, 1, 2, 3 };

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        assert_true(encore_begin(&plain, &rogue, offer_early));
        rogue_run(&rogue);
        rogue_end(&rogue);
        assert_true(encore_begin(&plain, &rogue, offer_early));
        hf_conn_receive(rogue.end[HF_CLIENT].conn, NULL, 0, &(size_t){ 0 },
                        &(struct hf_span){ NULL, 0 });
        assert_true(rogue_pass(&rogue, HF_CLIENT));
        assert_true(hf_conn_resumed(rogue.end[HF_SERVER].conn));
        assert_int_equal(rogue_raw(&rogue, HF_SERVER, HF_SPAN(early)),
                         HF_NEED_BYTES);
        assert_int_equal(rogue.end[HF_SERVER].got_len, 0);
        assert_int_equal(hf_conn_error(rogue.end[HF_SERVER].conn)->code, HF_OK);
        rogue_end(&rogue);
    }
}

/* In front of the ticket something that nobody knows. */
static void offer_second(struct rogue *r, struct rogue_record *record)
{
    static const uint8_t id[] = { 0, 1, 'x', 0, 0, 0, 0 };
    uint8_t mac[1 + HASH] = { HASH };
    struct edit_psks p;

    if (!edit_is(record, HF_CLIENT_HELLO) || r->step++)
        return;
    p = edit_psks(record);
    put_first(p.ids, &p.ids_len, HF_SPAN(id));
    put_first(p.macs, &p.macs_len, HF_SPAN(mac));
    edit_put_psks(record, &p);
    bind_again(r, record, 1);
}

/* "the first PSK listed": early data goes with no other. */
static void early_data_goes_with_the_first_key_only(void **state)
{
    (void)state;
    assert_true(encore_begin(&hasty, &rogue, offer_second));
    hasty.claims = 0;
    rogue_early(&rogue, hf_span_text("early"));
    assert_true(hf_conn_resumed(rogue.end[HF_SERVER].conn));
    assert_int_equal(hf_conn_early(rogue.end[HF_SERVER].conn),
                     HF_EARLY_REJECTED);
    assert_int_equal(hasty.claims, 0);
    rogue_end(&rogue);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binder_must_fit),
        cmocka_unit_test(an_unknown_identity_means_a_full_handshake),
        cmocka_unit_test(another_hash_means_a_full_handshake),
        cmocka_unit_test(what_does_not_matter_is_not_looked_at),
        cmocka_unit_test(a_second_hello_brings_no_other_keys),
        cmocka_unit_test(the_server_chooses_what_was_offered),
        cmocka_unit_test(early_data_is_never_taken_however_often_it_comes),
        cmocka_unit_test(early_data_goes_with_the_first_key_only),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
