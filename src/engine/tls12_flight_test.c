/* tls12_flight_test.c - what is said in TLS 1.2 between the hellos and Finished:
 * key exchange, certificates, proofs, Finished. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct stage stages[SCENES];
static struct stage modest; /* its client offers one group */

static int open_stages(void **state)
{
    static const uint16_t p256[] = { 23, 0 };

    if (attack_open(state) || !stage_set(&modest, SCENE_FULL, attack_certs()) ||
        !hf_config_set_groups(modest.client, p256) ||
        !hf_config_set_shares(modest.client, p256) ||
        !hf_config_set_versions(modest.client, HF_TLS12, HF_TLS12) ||
        !hf_config_set_versions(modest.server, HF_TLS12, HF_TLS13))
        return -1;
    for (unsigned i = 0; i < SCENES; i++)
        if (!stage_set(&stages[i], i, attack_certs()) ||
            !hf_config_set_versions(stages[i].client, HF_TLS12, HF_TLS12) ||
            !hf_config_set_versions(stages[i].server, HF_TLS12, HF_TLS13))
            return -1;
    return 0;
}

static int close_stages(void **state)
{
    for (unsigned i = 0; i < SCENES; i++)
        stage_clear(&stages[i]);
    stage_clear(&modest);
    return attack_close(state);
}

static void play(enum scene scene, enum hf_role victim,
                 const struct attack *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        attack_in(&stages[scene], victim, &rows[i]);
}

#define ON(name, side, kind, does)                                         \
    static void name(struct rogue *r, struct rogue_record *record)         \
    {                                                                      \
        if (record->from == (side) && edit_is(record, kind) && !r->step++) \
            does(r, record);                                               \
    }

static void whole(struct rogue *r, struct rogue_record *record)
{
    edit_splice(record, 4, record->len - 4, attack_bytes(r));
}

static void flip_at_end(struct rogue *r, struct rogue_record *record)
{
    record->bytes[record->len - 1 - attack_row(r)->number] ^= 1;
}

/* ---- ServerKeyExchange --------------------------------------------------------------- */

/* type, group(2), length, point, scheme(2), signature */
enum { SKE_POINT = 4 + 3 };

/* The owner of the key signs what is not right. */
static void sign_params(struct rogue *r, struct rogue_record *record,
                        struct hf_span params)
{
    const struct hf_settings *set = r->end[HF_SERVER].conn->session.settings;
    const struct hf_session *s = &r->end[HF_CLIENT].conn->session;
    const struct hf_signature *how = hf_signature_by_scheme(&set->crypto,
                                                            0x0403);
    uint8_t text[64 + 300], out[4 + HF_SIGNATURE_MAX] = { 4, 3 };
    size_t len;

    memcpy(text, s->client_random, 32);
    memcpy(text + 32, s->server_random, 32);
    memcpy(text + 64, params.at, params.len);
    assert_true(how->sign(set->crypto.self, how, set->keypairs[0].key,
                          hf_span(text, 64 + params.len), out + 4,
                          HF_SIGNATURE_MAX, &len));
    hf_store_number(out + 2, len, 2);
    edit_splice(record, 4, record->len - 4, params);
    edit_splice(record, record->len, 0, hf_span(out, 4 + len));
}

static void sign_row(struct rogue *r, struct rogue_record *record)
{
    sign_params(r, record, attack_bytes(r));
}

/* A point of P-256, compressed. */
static void sign_compressed(struct rogue *r, struct rogue_record *record)
{
    uint8_t params[4 + 33] = { 3, 0, 23, 33, 2 };

    memset(params + 5, 0x17, 32);
    sign_params(r, record, HF_SPAN(params));
}

ON(ske_put, HF_SERVER, HF_SERVER_KEY_EXCHANGE, attack_put)
ON(ske_whole, HF_SERVER, HF_SERVER_KEY_EXCHANGE, whole)
ON(ske_tail, HF_SERVER, HF_SERVER_KEY_EXCHANGE, attack_tail)
ON(ske_flip, HF_SERVER, HF_SERVER_KEY_EXCHANGE, flip_at_end)
ON(ske_sign, HF_SERVER, HF_SERVER_KEY_EXCHANGE, sign_row)
ON(ske_compressed, HF_SERVER, HF_SERVER_KEY_EXCHANGE, sign_compressed)

#define Z8 "\0\0\0\0\0\0\0\0"
#define Z32 Z8 Z8 Z8 Z8
/* x25519 has 32 bytes, so its scheme stands here. */
enum { SKE_SCHEME = SKE_POINT + 1 + 32 };

static void the_servers_share_is_signed_and_sound(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("an explicit curve", ske_put, HF_E_NOT_OFFERED, ANY_BYTE, "", 4, "\1")
        ATTACK("an explicit binary curve", ske_put, HF_E_NOT_OFFERED, ANY_BYTE, "", 4, "\2")
        ATTACK("a group we do not know", ske_put, HF_E_NOT_OFFERED, ANY_BYTE, "group 0x0016", 5, "\0\x16")
        ATTACK("a hybrid group", ske_put, HF_E_NOT_OFFERED, ANY_BYTE, "group 0x11ec", 5, "\x11\xec")
        ATTACK("another of our groups", ske_put, HF_E_BAD_SIGNATURE, ANY_BYTE, "", 5, "\0\x17")
        ATTACK("another point", ske_put, HF_E_BAD_SIGNATURE, ANY_BYTE, "", SKE_POINT + 1, "\0\1\2\3")
        ATTACK("no point", ske_whole, HF_E_BOUNDS, 3, "", 0, "\3\0\x1d\0\4\3\0\0")
        ATTACK("a point cut short", ske_whole, HF_E_TRUNCATED, ANY_BYTE, "", 0, "\3\0\x1d\x20" "abc")
        ATTACK("nothing in it", ske_whole, HF_E_TRUNCATED, 0, "", 0, "")
        ATTACK("no signature, as if anonymous", ske_whole, HF_E_TRUNCATED, ANY_BYTE, "", 0, "\3\0\x1d\x20" Z32)
        ATTACK("an empty signature", ske_whole, HF_E_BAD_SIGNATURE, ANY_BYTE, "", 0, "\3\0\x1d\x20" Z32 "\4\3\0\0")
        ATTACK("a changed signature", ske_flip, HF_E_BAD_SIGNATURE, ANY_BYTE, "ecdsa", 0, "")
        ATTACK("a byte behind it", ske_tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
        ATTACK("another hash", ske_put, HF_E_BAD_SIGNATURE, ANY_BYTE, "", SKE_SCHEME, "\5\3")
        ATTACK("SHA-1", ske_put, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x0203", SKE_SCHEME, "\2\3")
        ATTACK("PKCS#1", ske_put, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x0401", SKE_SCHEME, "\4\1")
        ATTACK("RSA-PSS", ske_put, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x0804", SKE_SCHEME, "\x08\4")
        ATTACK("Ed25519", ske_put, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x0807", SKE_SCHEME, "\x08\7")
        ATTACK("an unknown scheme", ske_put, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x7777", SKE_SCHEME, "\x77\x77")
        ATTACK("the point zero, signed", ske_sign, HF_E_BAD_KEY_SHARE, ANY_BYTE, "x25519", 0, "\3\0\x1d\x20" Z32)
        ATTACK("31 bytes, signed", ske_sign, HF_E_BAD_KEY_SHARE, ANY_BYTE, "31 bytes, not 32", 0, "\3\0\x1d\x1f" Z8 Z8 Z8 "1234567")
        ATTACK("33 bytes, signed", ske_sign, HF_E_BAD_KEY_SHARE, ANY_BYTE, "33 bytes, not 32", 0, "\3\0\x1d\x21" Z32 "1")
        ATTACK("off the curve, signed", ske_sign, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 0, "\3\0\x17\x41\4" Z32 Z32)
        ATTACK("compressed by its first byte, signed", ske_sign, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 0, "\3\0\x17\x41\2" Z32 Z32)
        ATTACK("the point at infinity, signed", ske_sign, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1 bytes", 0, "\3\0\x17\1\0")
        ATTACK("compressed, signed", ske_compressed, HF_E_BAD_KEY_SHARE, ANY_BYTE, "33 bytes, not 65", 0, "")
    };
    /* clang-format on */

    (void)state;
    play(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

/* Somebody had the server choose what the client can do and does not want. */
static void a_group_that_was_not_offered_is_refused(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("one that we know", ske_put, HF_E_NOT_OFFERED, ANY_BYTE, "group 0x001d", 5, "\0\x1d")
        ATTACK("the same, signed", ske_sign, HF_E_NOT_OFFERED, ANY_BYTE, "group 0x001d", 0, "\3\0\x1d\x20" Z32)
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        attack_in(&modest, HF_CLIENT, &rows[i]);
}

/* ---- ClientKeyExchange, certificates, proofs -------------------------------------------- */

ON(cke_whole, HF_CLIENT, HF_CLIENT_KEY_EXCHANGE, whole)
ON(cke_tail, HF_CLIENT, HF_CLIENT_KEY_EXCHANGE, attack_tail)
ON(cke_flip, HF_CLIENT, HF_CLIENT_KEY_EXCHANGE, flip_at_end)

static void the_clients_share_is_sound(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("nothing in it", cke_whole, HF_E_TRUNCATED, 0, "", 0, "")
        ATTACK("an empty point", cke_whole, HF_E_BOUNDS, 0, "", 0, "\0")
        ATTACK("a point cut short", cke_whole, HF_E_TRUNCATED, ANY_BYTE, "", 0, "\x20" "abc")
        ATTACK("31 bytes", cke_whole, HF_E_BAD_KEY_SHARE, ANY_BYTE, "31 bytes, not 32", 0, "\x1f" Z8 Z8 Z8 "1234567")
        ATTACK("a point of P-256", cke_whole, HF_E_BAD_KEY_SHARE, ANY_BYTE, "65 bytes, not 32", 0, "\x41\4" Z32 Z32)
        ATTACK("the point zero", cke_whole, HF_E_BAD_KEY_SHARE, ANY_BYTE, "x25519", 0, "\x20" Z32)
        ATTACK("another point", cke_flip, HF_OK, ANY_BYTE, "", 1, "")
        ATTACK("a byte behind it", cke_tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
    };
    static const struct attack retried[] = { /* there the group is P-256 */
        ATTACK("off the curve", cke_whole, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 0, "\x41\4" Z32 Z32)
        ATTACK("compressed by its first byte", cke_whole, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 0, "\x41\2" Z32 Z32)
        ATTACK("the point at infinity", cke_whole, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1 bytes", 0, "\1\0")
    };
    /* clang-format on */

    (void)state;
    play(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
    play(SCENE_RETRY, HF_SERVER, retried, HF_COUNT(retried));
}

ON(server_cert, HF_SERVER, HF_CERTIFICATE, whole)
ON(server_cert_tail, HF_SERVER, HF_CERTIFICATE, attack_tail)
ON(client_cert, HF_CLIENT, HF_CERTIFICATE, whole)
ON(client_cert_tail, HF_CLIENT, HF_CERTIFICATE, attack_tail)
ON(proof_put, HF_CLIENT, HF_CERTIFICATE_VERIFY, attack_put)
ON(proof_flip, HF_CLIENT, HF_CERTIFICATE_VERIFY, flip_at_end)
ON(proof_whole, HF_CLIENT, HF_CERTIFICATE_VERIFY, whole)
ON(request_whole, HF_SERVER, HF_CERTIFICATE_REQUEST, whole)
ON(done_tail, HF_SERVER, HF_SERVER_HELLO_DONE, attack_tail)

static void certificates_and_proofs_are_read_with_care(void **state)
{
    /* clang-format off */
    static const struct attack clients[] = {
        ATTACK("no certificate", server_cert, HF_E_EMPTY_CHAIN, ANY_BYTE, "", 0, "\0\0\0")
        ATTACK("an empty certificate", server_cert, HF_E_BOUNDS, ANY_BYTE, "", 0, "\0\0\3\0\0\0")
        ATTACK("a certificate that is none", server_cert, HF_E_CERT_DER, ANY_BYTE, "", 0, "\0\0\x08\0\0\5\x30\3\2\1\1")
        ATTACK("a list cut short", server_cert, HF_E_TRUNCATED, ANY_BYTE, "", 0, "\0\0\6\0\0")
        ATTACK("a byte behind it", server_cert_tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
        ATTACK("a byte in ServerHelloDone", done_tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
    };
    static const struct attack asked[] = {
        ATTACK("no kinds of certificate", request_whole, HF_E_BOUNDS, ANY_BYTE, "", 0, "\0\0\2\4\3\0\0")
        ATTACK("no signatures", request_whole, HF_E_BOUNDS, ANY_BYTE, "", 0, "\1\x40\0\0\0\0")
        ATTACK("no authorities", request_whole, HF_E_TRUNCATED, ANY_BYTE, "", 0, "\1\x40\0\2\4\3")
        ATTACK("half a signature", request_whole, HF_E_ELEMENT, ANY_BYTE, "", 0, "\1\x40\0\3\4\3\4\0\0")
        ATTACK("a byte behind it", request_whole, HF_E_TRAILING, ANY_BYTE, "", 0, "\1\x40\0\2\4\3\0\0x")
    };
    static const struct attack servers[] = {
        ATTACK("no certificate", client_cert, HF_E_NO_PEER_CERTIFICATE, ANY_BYTE, "", 0, "\0\0\0")
        ATTACK("a certificate that is none", client_cert, HF_E_CERT_DER, ANY_BYTE, "", 0, "\0\0\x08\0\0\5\x30\3\2\1\1")
        ATTACK("a byte behind it", client_cert_tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
        ATTACK("a changed proof", proof_flip, HF_E_BAD_SIGNATURE, ANY_BYTE, "", 0, "")
        ATTACK("a proof with SHA-1", proof_put, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x0203", 4, "\2\3")
        ATTACK("a proof with RSA", proof_put, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x0804", 4, "\x08\4")
        ATTACK("no proof", proof_whole, HF_E_BAD_SIGNATURE, ANY_BYTE, "", 0, "\4\3\0\0")
        ATTACK("half a proof", proof_whole, HF_E_TRUNCATED, ANY_BYTE, "", 0, "\4\3\0\7x")
    };
    /* clang-format on */

    (void)state;
    play(SCENE_FULL, HF_CLIENT, clients, HF_COUNT(clients));
    play(SCENE_CLIENT_CERT, HF_CLIENT, asked, HF_COUNT(asked));
    play(SCENE_CLIENT_CERT, HF_SERVER, servers, HF_COUNT(servers));
}

/* ---- Finished -------------------------------------------------------------------------------- */

static void append(struct rogue *r, struct rogue_record *record)
{
    memcpy(record->bytes + record->len, attack_bytes(r).at,
           attack_bytes(r).len);
    record->len += attack_bytes(r).len;
}

#define FINISHED_EDITS(side, role)                  \
    ON(side##_flip, role, HF_FINISHED, flip_at_end) \
    ON(side##_whole, role, HF_FINISHED, whole)      \
    ON(side##_tail, role, HF_FINISHED, attack_tail) \
    ON(side##_more, role, HF_FINISHED, append)

FINISHED_EDITS(server, HF_SERVER)
FINISHED_EDITS(client, HF_CLIENT)

/* clang-format off */
#define FINISHED_ROWS(side) \
    ATTACK("the last bit", side##_flip, HF_E_BAD_FINISHED, ANY_BYTE, "", 0, "") \
    ATTACK("the first byte", side##_flip, HF_E_BAD_FINISHED, ANY_BYTE, "", 11, "") \
    ATTACK("zeroes", side##_whole, HF_E_BAD_FINISHED, ANY_BYTE, "", 0, Z8 "\0\0\0\0") \
    ATTACK("nothing in it", side##_whole, HF_E_BOUNDS, ANY_BYTE, "0 bytes, not 12", 0, "") \
    ATTACK("11 bytes", side##_whole, HF_E_BOUNDS, ANY_BYTE, "11 bytes, not 12", 0, Z8 "\0\0\0") \
    ATTACK("a MAC of TLS 1.3", side##_whole, HF_E_BOUNDS, ANY_BYTE, "32 bytes, not 12", 0, Z32) \
    ATTACK("a byte more", side##_tail, HF_E_BOUNDS, ANY_BYTE, "13 bytes, not 12", 0, "x") \
    ATTACK("the start of a message behind it", side##_more, HF_E_UNEXPECTED, ANY_BYTE, "", 0, "\0\0") \
    ATTACK("a message behind it", side##_more, HF_E_UNEXPECTED, ANY_BYTE, "", 0, "\0\0\0\0")
/* clang-format on */

static void finished_must_fit_and_be_the_last(void **state)
{
    static const struct attack servers[] = { FINISHED_ROWS(server) };
    static const struct attack clients[] = { FINISHED_ROWS(client) };

    (void)state;
    play(SCENE_FULL, HF_CLIENT, servers, HF_COUNT(servers));
    play(SCENE_FULL, HF_SERVER, clients, HF_COUNT(clients));
    play(SCENE_ALL, HF_SERVER, clients, HF_COUNT(clients));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_servers_share_is_signed_and_sound),
        cmocka_unit_test(a_group_that_was_not_offered_is_refused),
        cmocka_unit_test(the_clients_share_is_sound),
        cmocka_unit_test(certificates_and_proofs_are_read_with_care),
        cmocka_unit_test(finished_must_fit_and_be_the_last),
    };

    return cmocka_run_group_tests(tests, open_stages, close_stages);
}
