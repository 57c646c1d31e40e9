/* compress_test.c - certificates that travel compressed (RFC 8879), both ends
 * ours: who asks gets, in either direction; who does not is not given; and what
 * a rogue can make of it. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/authority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;

/* ---- a way of our own: every byte turned over, behind a mark ------------------------ */

enum { OURS = 0xff01, LARGER = 0xff02 };

static bool turn_back(void *self, struct hf_span in, uint8_t *out, size_t len,
                      bool *fault)
{
    (void)self;
    *fault = false;
    if (in.len != len + 1 || in.at[0] != 'x')
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)~in.at[i + 1];
    return true;
}

static bool turn(void *self, struct hf_span in, uint8_t *out, size_t cap,
                 size_t *len)
{
    (void)self;
    if (cap < in.len + 1)
        return false;
    out[0] = 'x';
    for (size_t i = 0; i < in.len; i++)
        out[i + 1] = (uint8_t)~in.at[i];
    *len = in.len + 1;
    return true;
}

static bool fails(void *self, struct hf_span in, uint8_t *out, size_t cap,
                  size_t *len)
{
    (void)self, (void)in, (void)out, (void)cap, (void)len;
    return false;
}

static const struct hf_compression ours = { "ours", OURS, turn_back, turn };
static const struct hf_compression broken = { "broken", LARGER, turn_back,
                                              fails };

static const struct hf_provider *provider(void)
{
    static const struct hf_compression *const list[] = { &ours, &broken, NULL };
    static struct hf_provider p;

    p = hf_libcrypto;
    p.compressions = list;
    return &p;
}

/* ---- two ends -------------------------------------------------------------------------- */

/* What one end was told. */
static struct heard {
    char messages[200];
    char verdicts[2][80], ways[2][16]; /* of each compressed certificate */
    size_t count;
} heard[2];

static void hear(void *ctx, const struct hf_event *e)
{
    struct heard *h = ctx;

    if (e->kind == HF_EVENT_MESSAGE && e->record == HF_CONTENT_HANDSHAKE &&
        (e->message == HF_CERTIFICATE ||
         e->message == HF_COMPRESSED_CERTIFICATE))
        hf_format_more(h->messages, sizeof(h->messages), "%s%u ",
                       e->sent ? ">" : "<", (unsigned)e->message);
    if (e->kind == HF_EVENT_DECISION && e->id == HF_EV_COMPRESSION) {
        assert_true(h->count < 2 && e->ok);
        hf_format(h->ways[h->count], sizeof(h->ways[0]), "%s", e->inputs);
        hf_format(h->verdicts[h->count++], sizeof(h->verdicts[0]), "%s",
                  e->verdict);
    }
}

static void begin(const uint16_t *client, const uint16_t *server)
{
    memset(heard, 0, sizeof(heard));
    assert_true(duet_init(&duet, &authority.certs));
    assert_true(hf_config_set_watch(duet.client_config, hear, &heard[0], 0));
    assert_true(hf_config_set_watch(duet.server_config, hear, &heard[1], 0));
    assert_true(hf_config_set_cert_compression(duet.client_config, client));
    assert_true(hf_config_set_cert_compression(duet.server_config, server));
}

static void show_client_cert(void)
{
    const struct duet_certs *certs = &authority.certs;

    assert_true(
        hf_config_set_client_auth(duet.server_config, HF_CLIENT_AUTH_REQUIRED));
    assert_true(hf_config_trust(duet.server_config, hf_span_text(certs->ca)));
    assert_true(hf_config_add_keypair(duet.client_config,
                                      hf_span_text(certs->client_chain),
                                      hf_span_text(certs->client_key)));
}

static void meet(const char *client, const char *server)
{
    assert_true(duet_start(&duet, "localhost"));
    if (!duet_run(&duet))
        fail_msg("%s / %s", hf_conn_error(duet.client)->detail,
                 hf_conn_error(duet.server)->detail);
    assert_string_equal(heard[0].messages, client);
    assert_string_equal(heard[1].messages, server);
}

static void need_libraries(void)
{
    const struct hf_crypto c = { &hf_libcrypto, NULL };

    if (hf_compression_by_number(&c, HF_COMPRESSION_ZLIB) &&
        hf_compression_by_number(&c, HF_COMPRESSION_BROTLI))
        return;
    printf("# SKIP: no zlib or no brotli in this build (apt install "
           "zlib1g-dev libbrotli-dev)\n");
    skip();
}

static void either_side_compresses_in_every_way(void **state)
{
    const struct hf_compression *const *way = hf_libcrypto.compressions;

    (void)state;
    need_libraries();
    for (; *way; way++) {
        const uint16_t list[] = { (*way)->number, 0 };

        begin(list, list);
        show_client_cert();
        meet("<25 >25 ", ">25 <25 ");
        for (int i = 0; i < 2; i++) {
            assert_int_equal(heard[i].count, 2);
            assert_string_equal(heard[i].ways[0], (*way)->name);
            assert_string_equal(heard[i].ways[1], (*way)->name);
        }
        /* Both ends measure the same. */
        assert_string_equal(heard[0].verdicts[0], heard[1].verdicts[0]);
        assert_string_equal(heard[0].verdicts[1], heard[1].verdicts[1]);
        assert_int_equal(hf_conn_peer_certificates(duet.client), 2);
        assert_int_equal(hf_conn_peer_certificates(duet.server), 2);
        duet_wipe(&duet);
    }
}

static const uint16_t none[] = { 0 };

static void nobody_compresses_for_who_did_not_ask(void **state)
{
    const uint16_t all[] = { 1, 0 };

    (void)state;
    need_libraries();
    begin(none, all);
    show_client_cert();
    meet("<11 >11 ", ">11 <11 "); /* asked, too, it can no better */
    duet_wipe(&duet);
    begin(all, none);
    show_client_cert();
    meet("<11 >11 ", ">11 <11 ");
    duet_wipe(&duet);
    begin(none, none);
    meet("<11 ", ">11 ");
    assert_int_equal(heard[0].count + heard[1].count, 0);
    duet_wipe(&duet);
}

static void without_a_common_way_it_is_plain(void **state)
{
    const uint16_t one[] = { 1, 0 }, other[] = { 2, 0 };

    (void)state;
    need_libraries();
    begin(one, other);
    show_client_cert();
    meet("<11 >11 ", ">11 <11 ");
    duet_wipe(&duet);
}

static void the_sender_s_order_decides(void **state)
{
    const uint16_t up[] = { 1, 2, 0 }, down[] = { 2, 1, 0 };

    (void)state;
    need_libraries();
    begin(up, down);
    show_client_cert();
    meet("<25 >25 ", ">25 <25 ");
    assert_string_equal(heard[0].ways[0], "brotli");
    assert_string_equal(heard[0].ways[1], "zlib");
    duet_wipe(&duet);
}

/* RFC 8879 3: "only supported with TLS 1.3 and newer". */
static void tls12_knows_nothing_of_it(void **state)
{
    const uint16_t all[] = { 1, 0 };

    (void)state;
    need_libraries();
    begin(all, all);
    show_client_cert();
    assert_true(hf_config_set_versions(duet.server_config, HF_TLS12, HF_TLS12));
    meet("<11 >11 ", ">11 <11 ");
    duet_wipe(&duet);
}

static void a_retry_keeps_what_was_asked(void **state)
{
    const uint16_t all[] = { 1, 0 }, p256[] = { 23, 0 }, x25519[] = { 29, 0 };
    const uint16_t both[] = { 29, 23, 0 };

    (void)state;
    need_libraries();
    begin(all, all);
    assert_true(hf_config_set_groups(duet.client_config, both));
    assert_true(hf_config_set_shares(duet.client_config, x25519));
    assert_true(hf_config_set_groups(duet.server_config, p256));
    meet("<25 ", ">25 ");
    assert_true(hf_conn_retried(duet.client));
    duet_wipe(&duet);
}

/* ---- with a way of the application's own ---------------------------------------------- */

static void a_provider_may_bring_its_own_way(void **state)
{
    const uint16_t list[] = { OURS, 0 };
    struct stage stage;

    (void)state;
    assert_true(stage_set_with(&stage, SCENE_CLIENT_CERT, &authority.certs,
                               provider()));
    assert_true(hf_config_set_cert_compression(stage.client, list));
    assert_true(hf_config_set_cert_compression(stage.server, list));
    duet = (struct duet){
        .client = hf_conn_new(stage.client, HF_CLIENT, "localhost"),
        .server = hf_conn_new(stage.server, HF_SERVER, NULL),
    };
    assert_true(duet_run(&duet));
    duet_wipe(&duet);
    stage_clear(&stage);
}

/* ---- settings ----------------------------------------------------------------------------- */

static struct hf_config *with_keypair(void)
{
    struct hf_config *c = hf_config_new();

    assert_non_null(c);
    assert_true(hf_config_set_provider(c, provider()));
    assert_true(hf_config_add_keypair(c, hf_span_text(authority.certs.chain),
                                      hf_span_text(authority.certs.key)));
    return c;
}

static void what_the_provider_lacks_is_told_when_freezing(void **state)
{
    const uint16_t unknown[] = { OURS, 0x7777, 0 }, sound[] = { OURS, 0 };
    struct hf_config *c = with_keypair();

    (void)state;
    assert_true(hf_config_set_cert_compression(c, unknown));
    assert_false(hf_config_freeze(c));
    assert_int_equal(hf_config_error(c)->code, HF_E_BAD_OPTION);
    assert_non_null(strstr(hf_config_error(c)->detail, "0x7777"));
    /* It can be mended, and frozen then. */
    hf_config_clear_error(c);
    assert_true(hf_config_set_cert_compression(c, sound));
    assert_true(hf_config_freeze(c));
    assert_false(hf_config_set_cert_compression(c, none));
    assert_int_equal(hf_config_error(c)->code, HF_E_FROZEN);
    hf_config_free(c);
}

static void who_cannot_compress_cannot_be_frozen(void **state)
{
    const uint16_t both[] = { OURS, LARGER, 0 }, sound[] = { OURS, 0 };
    struct hf_config *c = with_keypair();

    (void)state;
    assert_true(hf_config_set_cert_compression(c, both));
    assert_false(hf_config_freeze(c));
    assert_int_equal(hf_config_error(c)->code, HF_E_CRYPTO);
    hf_config_clear_error(c);
    assert_true(hf_config_set_cert_compression(c, sound));
    assert_true(hf_config_freeze(c));
    hf_config_free(c);
}

static void a_list_names_no_way_twice(void **state)
{
    const uint16_t twice[] = { 1, 2, 1, 0 };
    uint16_t many[HF_LIST_MAX + 2] = { 0 };
    struct hf_config *c = hf_config_new();

    (void)state;
    assert_false(hf_config_set_cert_compression(c, twice));
    assert_int_equal(hf_config_error(c)->code, HF_E_BAD_OPTION);
    hf_config_clear_error(c);
    for (uint16_t i = 0; i <= HF_LIST_MAX; i++)
        many[i] = (uint16_t)(i + 1);
    assert_false(hf_config_set_cert_compression(c, many));
    hf_config_free(c);
}

/* ---- a rogue on the way ------------------------------------------------------------------- */

enum { ALGORITHM = 4, LENGTH = 6, PACKED = 12 };

/* Another CompressedCertificate, or one instead of Certificate: @body expands
 * to what is announced, or so it says. */
static void put_packed(struct rogue_record *record, struct hf_span body,
                       size_t announced)
{
    static uint8_t message[16384];
    size_t len;

    assert_true(hf_libcrypto.compressions[0]->compress(
        NULL, body, message + PACKED, sizeof(message) - PACKED, &len));
    message[0] = HF_COMPRESSED_CERTIFICATE;
    hf_store_number(message + 1, PACKED - 4 + len, 3);
    hf_store_number(message + ALGORITHM, hf_libcrypto.compressions[0]->number,
                    2);
    hf_store_number(message + LENGTH, announced, 3);
    hf_store_number(message + LENGTH + 3, len, 3);
    memcpy(record->bytes, message, PACKED + len);
    record->len = PACKED + len;
}

static void pack_row(struct rogue *r, struct rogue_record *record)
{
    struct hf_span body = attack_bytes(r);
    size_t announced = attack_row(r)->number;

    put_packed(record, body, announced ? announced : body.len);
}

static void pack_zeroes(struct rogue *r, struct rogue_record *record)
{
    static uint8_t zeroes[1024 * 1024];

    put_packed(record, HF_SPAN(zeroes), attack_row(r)->number);
}

static void lie(struct rogue *r, struct rogue_record *record)
{
    size_t says = hf_number(record->bytes + LENGTH, 3);

    hf_store_number(record->bytes + LENGTH, says + attack_row(r)->number, 3);
}

static void flip(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    record->bytes[record->len - 5] ^= 0x55;
}

/* One more byte of the stream. */
static void lengthen(struct rogue *r, struct rogue_record *record)
{
    size_t len = hf_number(record->bytes + LENGTH + 3, 3);

    (void)r;
    hf_store_number(record->bytes + LENGTH + 3, len + 1, 3);
    edit_splice(record, record->len, 0, hf_span("", 1));
}

static void shorten(struct rogue *r, struct rogue_record *record)
{
    size_t len = hf_number(record->bytes + LENGTH + 3, 3);

    (void)r;
    hf_store_number(record->bytes + LENGTH + 3, len - 1, 3);
    edit_splice(record, record->len - 1, 1, hf_span(NULL, 0));
}

/* Whose certificate he changes: there are two. */
static enum hf_role whose;

#define ON(name, kind, does)                                                \
    static void name(struct rogue *r, struct rogue_record *record)          \
    {                                                                       \
        if (record->from == whose && edit_is(record, (kind)) && !r->step++) \
            does(r, record);                                                \
    }

ON(put, HF_COMPRESSED_CERTIFICATE, attack_put)
ON(tail, HF_COMPRESSED_CERTIFICATE, attack_tail)
ON(cut, HF_COMPRESSED_CERTIFICATE, attack_cut)
ON(other, HF_COMPRESSED_CERTIFICATE, pack_row)
ON(bomb, HF_COMPRESSED_CERTIFICATE, pack_zeroes)
ON(lies, HF_COMPRESSED_CERTIFICATE, lie)
ON(flips, HF_COMPRESSED_CERTIFICATE, flip)
ON(longer, HF_COMPRESSED_CERTIFICATE, lengthen)
ON(shorter, HF_COMPRESSED_CERTIFICATE, shorten)
ON(instead, HF_CERTIFICATE, pack_row)
ATTACK_ON(hello, HF_CLIENT_HELLO, attack_set)
ATTACK_ON(request, HF_CERTIFICATE_REQUEST, attack_set)
ATTACK_ON(answer, HF_ENCRYPTED_EXTENSIONS, attack_add)

/* clang-format off */
#define CERTIFICATES(empty) \
    ATTACK("a way that was not offered", put, HF_E_NOT_OFFERED, ANY_BYTE, "compressed its certificate with 0x1234", ALGORITHM, "\x12\x34") \
    ATTACK("the number 0",             put,     HF_E_NOT_OFFERED,     ANY_BYTE, NULL, ALGORITHM, "\0\0") \
    ATTACK("one byte less announced",  lies,    HF_E_BAD_COMPRESSION, ANY_BYTE, "do not expand", (uint32_t)-1, "") \
    ATTACK("one byte more announced",  lies,    HF_E_BAD_COMPRESSION, ANY_BYTE, "do not expand", 1, "") \
    ATTACK("nothing announced",        put,     HF_E_BAD_COMPRESSION, ANY_BYTE, NULL, LENGTH, "\0\0\0") \
    ATTACK("64 KiB announced",         put,     HF_E_BAD_COMPRESSION, ANY_BYTE, "exactly 65536", LENGTH, "\1\0\0") \
    ATTACK("one more than that",       put,     HF_E_BAD_COMPRESSION, ANY_BYTE, "announce 65537, at most 65536", LENGTH, "\1\0\1") \
    ATTACK("16 MiB announced",         put,     HF_E_BAD_COMPRESSION, ANY_BYTE, "announce 16777215", LENGTH, "\xff\xff\xff") \
    ATTACK("a bomb",                   bomb,    HF_E_BAD_COMPRESSION, ANY_BYTE, NULL, 65536, "") \
    ATTACK("an honest bomb",           bomb,    HF_E_BAD_COMPRESSION, ANY_BYTE, "announce 1048576", 1024 * 1024, "") \
    ATTACK("one byte behind",          longer,  HF_E_BAD_COMPRESSION, ANY_BYTE, NULL, 0, "") \
    ATTACK("one byte missing",         shorter, HF_E_BAD_COMPRESSION, ANY_BYTE, NULL, 0, "") \
    ATTACK("no stream",                put,     HF_E_BAD_COMPRESSION, ANY_BYTE, NULL, PACKED, "\0\0\0\0\0\0\0\0") \
    ATTACK("empty",                    cut,     HF_E_TRUNCATED,       ANY_BYTE, NULL, ALGORITHM, "") \
    ATTACK("a byte behind the message", tail,   HF_E_TRAILING,        ANY_BYTE, NULL, 0, "\0") \
    ATTACK("an empty list inside",     other,   empty,                ANY_BYTE, NULL, 0, "\0\0\0\0") \
    ATTACK("a context inside",         other,   HF_E_ILLEGAL,         ANY_BYTE, "request_context", 0, "\1x\0\0\0") \
    ATTACK("a byte behind the list",   other,   HF_E_TRAILING,        4,        NULL, 0, "\0\0\0\0\0") \
    ATTACK("a list that is cut",       other,   HF_E_TRUNCATED,       ANY_BYTE, NULL, 0, "\0\0\0\7") \
    ATTACK("the header inside",        other,   HF_E_TRUNCATED,       ANY_BYTE, NULL, 0, "\013\0\0\4\0\0\0\0") \
    ATTACK("no certificate inside",    other,   HF_E_CERT_DER,        ANY_BYTE, NULL, 0, "\0\0\0\6\0\0\1x\0\0")
/* clang-format on */

static void a_bad_certificate_of_the_server_s_is_refused(void **state)
{
    static const struct attack rows[] = { CERTIFICATES(HF_E_EMPTY_CHAIN) };

    (void)state;
    need_libraries();
    whose = HF_SERVER;
    attack_all(SCENE_COMPRESSED, HF_CLIENT, rows, HF_COUNT(rows));
}

static void a_bad_certificate_of_the_client_s_is_refused(void **state)
{
    static const struct attack rows[] = { CERTIFICATES(
        HF_E_NO_PEER_CERTIFICATE) };

    (void)state;
    need_libraries();
    whose = HF_CLIENT;
    attack_all(SCENE_COMPRESSED, HF_SERVER, rows, HF_COUNT(rows));
}

/* Whatever the flipped byte does to the stream: it is not what it was. */
static void a_flipped_byte_is_noticed(void **state)
{
    static struct rogue r;

    (void)state;
    need_libraries();
    whose = HF_SERVER;
    assert_true(
        rogue_begin(&r, attack_stage(SCENE_COMPRESSED), "localhost", flips));
    assert_false(rogue_run(&r));
    assert_int_not_equal(hf_conn_error(r.end[HF_CLIENT].conn)->code, HF_OK);
    rogue_end(&r);
}

static void nobody_expands_what_he_did_not_ask_for(void **state)
{
    static const struct attack rows[] = { ATTACK(
        "unasked", instead, HF_E_UNEXPECTED, ANY_BYTE, "did not ask", 0,
        "\0\0\0\0") };

    (void)state;
    need_libraries();
    whose = HF_SERVER;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
    whose = HF_CLIENT;
    attack_all(SCENE_CLIENT_CERT, HF_SERVER, rows, HF_COUNT(rows));
}

static void the_lists_are_read_with_care(void **state)
{
    static const struct attack hellos[] = {
        ATTACK("one way twice", hello, HF_E_ILLEGAL, ANY_BYTE, "listed twice",
               27, "\6\0\1\0\2\0\1")
            ATTACK("none", hello, HF_E_BOUNDS, ANY_BYTE, NULL, 27, "\0")
                ATTACK("half a number", hello, HF_E_ELEMENT, ANY_BYTE, NULL, 27,
                       "\3\0\1\0") ATTACK("a byte behind", hello, HF_E_TRAILING,
                                          ANY_BYTE, NULL, 27, "\2\0\1\0")
    };
    static const struct attack requests[] = { ATTACK(
        "one way twice", request, HF_E_ILLEGAL, ANY_BYTE, "listed twice", 27,
        "\4\0\1\0\1") ATTACK("none", request, HF_E_BOUNDS, ANY_BYTE, NULL, 27,
                             "\0") ATTACK("answered", answer, HF_E_MISPLACED,
                                          ANY_BYTE, NULL, 27, "\2\0\1") };

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, hellos, HF_COUNT(hellos));
    attack_all(SCENE_CLIENT_CERT, HF_CLIENT, requests, HF_COUNT(requests));
}

static int open_all(void **state)
{
    return attack_open(state) ? -1 : authority_open(state);
}

static int close_all(void **state)
{
    return authority_close(state) ? -1 : attack_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_side_compresses_in_every_way),
        cmocka_unit_test(nobody_compresses_for_who_did_not_ask),
        cmocka_unit_test(without_a_common_way_it_is_plain),
        cmocka_unit_test(the_sender_s_order_decides),
        cmocka_unit_test(tls12_knows_nothing_of_it),
        cmocka_unit_test(a_retry_keeps_what_was_asked),
        cmocka_unit_test(a_provider_may_bring_its_own_way),
        cmocka_unit_test(what_the_provider_lacks_is_told_when_freezing),
        cmocka_unit_test(who_cannot_compress_cannot_be_frozen),
        cmocka_unit_test(a_list_names_no_way_twice),
        cmocka_unit_test(a_bad_certificate_of_the_server_s_is_refused),
        cmocka_unit_test(a_bad_certificate_of_the_client_s_is_refused),
        cmocka_unit_test(a_flipped_byte_is_noticed),
        cmocka_unit_test(nobody_expands_what_he_did_not_ask_for),
        cmocka_unit_test(the_lists_are_read_with_care),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
