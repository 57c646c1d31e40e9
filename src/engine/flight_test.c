/* flight_test.c - what comes under the handshake's keys: EncryptedExtensions,
 * CertificateRequest, certificates and the proofs, in both directions. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Like ATTACK_ON, but only what @side says. */
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

/* ---- EncryptedExtensions --------------------------------------------------------- */

ON(ee_add, HF_SERVER, HF_ENCRYPTED_EXTENSIONS, attack_add)
ON(ee_set, HF_SERVER, HF_ENCRYPTED_EXTENSIONS, attack_set)
ON(ee_twice, HF_SERVER, HF_ENCRYPTED_EXTENSIONS, attack_twice)
ON(ee_tail, HF_SERVER, HF_ENCRYPTED_EXTENSIONS, attack_tail)
ON(ee_whole, HF_SERVER, HF_ENCRYPTED_EXTENSIONS, whole)
ON(ee_drop, HF_SERVER, HF_ENCRYPTED_EXTENSIONS, attack_drop)

static void encrypted_extensions_answer_what_was_asked(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("ALPN that was not offered", ee_add, HF_E_UNSOLICITED, ANY_BYTE, "application_layer", 16, "\0\3\2h2")
        ATTACK("early data that was not offered", ee_add, HF_E_UNSOLICITED, ANY_BYTE, "early_data", 42, "")
        ATTACK("a record size limit", ee_add, HF_E_UNSOLICITED, ANY_BYTE, "record_size_limit", 28, "\x40\0")
        ATTACK("raw public keys", ee_add, HF_E_UNSOLICITED, ANY_BYTE, "server_certificate_type", 20, "\2")
        ATTACK("an unknown extension", ee_add, HF_E_UNSOLICITED, 6, "", 0x7777, "")
        ATTACK("a GREASE extension", ee_add, HF_E_UNSOLICITED, 6, "", 0x8a8a, "")
        ATTACK("a key share", ee_add, HF_E_MISPLACED, 6, "key_share", 51, "\0\x1d\0\1x")
        ATTACK("a version", ee_add, HF_E_MISPLACED, 6, "supported_versions", 43, "\3\4")
        ATTACK("signature algorithms", ee_add, HF_E_MISPLACED, 6, "signature_algorithms", 13, "\0\2\4\3")
        ATTACK("point formats (TLS 1.2)", ee_add, HF_E_MISPLACED, 6, "ec_point_formats", 11, "\1\0")
        ATTACK("renegotiation (TLS 1.2)", ee_add, HF_E_MISPLACED, 6, "renegotiation_info", 65281, "\0")
        ATTACK("two acknowledged names", ee_twice, HF_E_DUPLICATE, 6, "server_name", 0, "")
        ATTACK("a name where none is needed", ee_set, HF_E_TRAILING, 6, "", 0, "\0\6\0\0\3a.b")
        ATTACK("groups for another time", ee_add, HF_OK, ANY_BYTE, "", 10, "\0\4\0\x17\0\x18")
        ATTACK("groups that are none", ee_add, HF_E_BOUNDS, ANY_BYTE, "", 10, "\0\0")
        ATTACK("no acknowledged name", ee_drop, HF_OK, ANY_BYTE, "", 0, "")
        ATTACK("a byte behind it", ee_tail, HF_E_TRAILING, 6, "", 0, "x")
        ATTACK("nothing in it", ee_whole, HF_E_TRUNCATED, 0, "", 0, "")
        ATTACK("half a length", ee_whole, HF_E_TRUNCATED, 0, "", 0, "\0")
        ATTACK("a block that is not there", ee_whole, HF_E_TRUNCATED, 0, "4 bytes announced, 0 left", 0, "\0\4")
        ATTACK("half an extension", ee_whole, HF_E_TRUNCATED, 2, "", 0, "\0\3\0\0\0")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

static void the_protocol_is_one_of_ours(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("another one", ee_set, HF_E_NOT_OFFERED, ANY_BYTE, "\"h3\"", 16, "\0\3\2h3")
        ATTACK("the beginning of one", ee_set, HF_E_NOT_OFFERED, ANY_BYTE, "\"h\"", 16, "\0\2\1h")
        ATTACK("with a NUL", ee_set, HF_E_NOT_OFFERED, ANY_BYTE, "\\x00", 16, "\0\4\3h2\0")
        ATTACK("two", ee_set, HF_E_ILLEGAL, ANY_BYTE, "several", 16, "\0\6\2h2\2h2")
        ATTACK("none", ee_set, HF_E_BOUNDS, ANY_BYTE, "", 16, "\0\0")
        ATTACK("an empty one", ee_set, HF_E_BOUNDS, ANY_BYTE, "", 16, "\0\1\0")
        ATTACK("our other one", ee_set, HF_OK, ANY_BYTE, "", 16, "\0\3\2h2")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_ALPN, HF_CLIENT, rows, HF_COUNT(rows));
}

/* ---- CertificateRequest ------------------------------------------------------------- */

ON(cr_add, HF_SERVER, HF_CERTIFICATE_REQUEST, attack_add)
ON(cr_set, HF_SERVER, HF_CERTIFICATE_REQUEST, attack_set)
ON(cr_twice, HF_SERVER, HF_CERTIFICATE_REQUEST, attack_twice)
ON(cr_tail, HF_SERVER, HF_CERTIFICATE_REQUEST, attack_tail)
ON(cr_whole, HF_SERVER, HF_CERTIFICATE_REQUEST, whole)

static void a_request_says_what_it_can_check(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("a context", cr_whole, HF_E_ILLEGAL, ANY_BYTE, "context", 0, "\1x\0\x08\0\x0d\0\4\0\2\4\3")
        ATTACK("no signature_algorithms", cr_whole, HF_E_MISSING_EXTENSION, ANY_BYTE, "signature_algorithms", 0, "\0\0\4\x77\x77\0\0")
        ATTACK("no extensions", cr_whole, HF_E_BOUNDS, 1, "", 0, "\0\0\0")
        ATTACK("no signatures", cr_set, HF_E_BOUNDS, ANY_BYTE, "", 13, "\0\0")
        ATTACK("two lists of signatures", cr_twice, HF_E_DUPLICATE, ANY_BYTE, "signature_algorithms", 13, "")
        ATTACK("ALPN", cr_add, HF_E_MISPLACED, ANY_BYTE, "application_layer", 16, "\0\3\2h2")
        ATTACK("a key share", cr_add, HF_E_MISPLACED, ANY_BYTE, "key_share", 51, "\0\x1d\0\1x")
        ATTACK("an unknown extension", cr_add, HF_OK, ANY_BYTE, "", 0x7777, "x")
        ATTACK("a GREASE extension", cr_add, HF_OK, ANY_BYTE, "", 0x9a9a, "")
        ATTACK("authorities", cr_add, HF_OK, ANY_BYTE, "", 47, "\0\4\0\2\x30\0")
        ATTACK("signatures that we cannot make", cr_set, HF_OK, ANY_BYTE, "", 13, "\0\2\x08\x08")
        ATTACK("a byte behind it", cr_tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
        ATTACK("nothing in it", cr_whole, HF_E_TRUNCATED, 0, "", 0, "")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_CLIENT_CERT, HF_CLIENT, rows, HF_COUNT(rows));
}

/* ---- Certificate ----------------------------------------------------------------------- */

/* Splice bytes in front of the extensions' length of the first entry, and say
 * so there. */
static void entry_extension(struct rogue *r, struct rogue_record *record)
{
    size_t list = 5, cert = list + 3;
    size_t at = cert + 3 + hf_number(record->bytes + cert, 3);
    size_t len = hf_number(record->bytes + list, 3);
    uint8_t block[64];

    hf_store_number(block, attack_bytes(r).len, 2);
    memcpy(block + 2, attack_bytes(r).at, attack_bytes(r).len);
    edit_splice(record, at, 2, hf_span(block, 2 + attack_bytes(r).len));
    hf_store_number(record->bytes + list, len + attack_bytes(r).len, 3);
}

/* The list becomes @number times its first entry. */
static void many_entries(struct rogue *r, struct rogue_record *record)
{
    size_t list = 5, entry = 3 + hf_number(record->bytes + list + 3, 3) + 2;
    size_t count = attack_row(r)->number;
    static uint8_t all[16384];

    assert_true(3 + count * entry <= sizeof(all));
    hf_store_number(all, count * entry, 3);
    for (size_t i = 0; i < count; i++)
        memcpy(all + 3 + i * entry, record->bytes + list + 3, entry);
    edit_splice(record, list, record->len - list,
                hf_span(all, 3 + count * entry));
}

/* Flip a bit of the first certificate. */
static void flip_in_cert(struct rogue *r, struct rogue_record *record)
{
    record->bytes[11 + attack_row(r)->number] ^= 1;
}

ON(server_cert, HF_SERVER, HF_CERTIFICATE, whole)
ON(server_entry, HF_SERVER, HF_CERTIFICATE, entry_extension)
ON(server_many, HF_SERVER, HF_CERTIFICATE, many_entries)
ON(server_flip, HF_SERVER, HF_CERTIFICATE, flip_in_cert)
ON(server_tail, HF_SERVER, HF_CERTIFICATE, attack_tail)
ON(client_cert, HF_CLIENT, HF_CERTIFICATE, whole)
ON(client_entry, HF_CLIENT, HF_CERTIFICATE, entry_extension)
ON(client_many, HF_CLIENT, HF_CERTIFICATE, many_entries)
ON(client_flip, HF_CLIENT, HF_CERTIFICATE, flip_in_cert)
ON(client_tail, HF_CLIENT, HF_CERTIFICATE, attack_tail)

static void the_servers_certificates_are_read_with_care(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("none", server_cert, HF_E_EMPTY_CHAIN, ANY_BYTE, "", 0, "\0\0\0\0")
        ATTACK("a context", server_cert, HF_E_ILLEGAL, ANY_BYTE, "context", 0, "\1x\0\0\0")
        ATTACK("an empty certificate", server_cert, HF_E_BOUNDS, 4, "", 0, "\0\0\0\5\0\0\0\0\0")
        ATTACK("a certificate that is none", server_cert, HF_E_CERT_DER, ANY_BYTE, "", 0, "\0\0\0\x0a\0\0\5\x30\3\2\1\1\0\0")
        ATTACK("a certificate cut short", server_cert, HF_E_TRUNCATED, ANY_BYTE, "", 0, "\0\0\0\6\0\0\4\x30\3\2")
        ATTACK("a list cut short", server_cert, HF_E_TRUNCATED, 1, "", 0, "\0\0\0\6\0\0")
        ATTACK("nothing in it", server_cert, HF_E_TRUNCATED, 0, "", 0, "")
        ATTACK("a staple nobody asked for", server_entry, HF_E_UNSOLICITED, ANY_BYTE, "status_request", 0, "\0\5\0\5\1\0\0\1x")
        ATTACK("timestamps nobody asked for", server_entry, HF_E_UNSOLICITED, ANY_BYTE, "signed_certificate_timestamp", 0, "\0\x12\0\5\0\3\0\1x")
        ATTACK("an unknown extension", server_entry, HF_E_UNSOLICITED, ANY_BYTE, "", 0, "\x77\x77\0\0")
        ATTACK("a key share", server_entry, HF_E_MISPLACED, ANY_BYTE, "key_share", 0, "\0\x33\0\0")
        ATTACK("the same extension twice", server_entry, HF_E_DUPLICATE, ANY_BYTE, "", 0, "\0\5\0\0\0\5\0\0")
        ATTACK("17 certificates", server_many, HF_E_BUDGET, ANY_BYTE, "17", 17, "")
        ATTACK("a serial number that was changed", server_flip, HF_E_CERT_SIGNATURE, ANY_BYTE, "", 18, "")
        ATTACK("a byte behind it", server_tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

static void the_clients_certificates_are_read_with_care(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("none where one is required", client_cert, HF_E_NO_PEER_CERTIFICATE, ANY_BYTE, "", 0, "\0\0\0\0")
        ATTACK("a context", client_cert, HF_E_ILLEGAL, ANY_BYTE, "context", 0, "\1x\0\0\0")
        ATTACK("an empty certificate", client_cert, HF_E_BOUNDS, 4, "", 0, "\0\0\0\5\0\0\0\0\0")
        ATTACK("a certificate that is none", client_cert, HF_E_CERT_DER, ANY_BYTE, "", 0, "\0\0\0\x0a\0\0\5\x30\3\2\1\1\0\0")
        ATTACK("a staple nobody asked for", client_entry, HF_E_UNSOLICITED, ANY_BYTE, "status_request", 0, "\0\5\0\5\1\0\0\1x")
        ATTACK("an unknown extension", client_entry, HF_E_UNSOLICITED, ANY_BYTE, "", 0, "\x77\x77\0\0")
        ATTACK("17 certificates", client_many, HF_E_BUDGET, ANY_BYTE, "17", 17, "")
        ATTACK("a serial number that was changed", client_flip, HF_E_CERT_SIGNATURE, ANY_BYTE, "", 18, "")
        ATTACK("a byte behind it", client_tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_CLIENT_CERT, HF_SERVER, rows, HF_COUNT(rows));
}

/* ---- CertificateVerify and Finished --------------------------------------------------------- */

/* Flip a bit of the byte @number places before the end. */
static void flip_at_end(struct rogue *r, struct rogue_record *record)
{
    record->bytes[record->len - 1 - attack_row(r)->number] ^= 1;
}

ON(server_proof, HF_SERVER, HF_CERTIFICATE_VERIFY, attack_put)
ON(server_proof_flip, HF_SERVER, HF_CERTIFICATE_VERIFY, flip_at_end)
ON(server_proof_whole, HF_SERVER, HF_CERTIFICATE_VERIFY, whole)
ON(server_proof_tail, HF_SERVER, HF_CERTIFICATE_VERIFY, attack_tail)
ON(client_proof, HF_CLIENT, HF_CERTIFICATE_VERIFY, attack_put)
ON(client_proof_flip, HF_CLIENT, HF_CERTIFICATE_VERIFY, flip_at_end)
ON(client_proof_whole, HF_CLIENT, HF_CERTIFICATE_VERIFY, whole)
ON(client_proof_tail, HF_CLIENT, HF_CERTIFICATE_VERIFY, attack_tail)

/* The key of both is on P-256: one scheme fits. */
#define PROOF_ROWS(proof)                                                    \
    ATTACK("PKCS#1", proof, HF_E_WRONG_SIGNATURE, ANY_BYTE,                  \
           "rsa_pkcs1_sha256 (0x0401)", 4, "\4\1")                           \
    ATTACK("RSA-PSS for a key on a curve", proof, HF_E_WRONG_SIGNATURE,      \
           ANY_BYTE, "0x0804", 4, "\x08\4")                                  \
    ATTACK("another curve", proof, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x0503", \
           4, "\5\3")                                                        \
    ATTACK("Ed25519", proof, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x0807", 4,    \
           "\x08\7")                                                         \
    ATTACK("ECDSA with SHA-1", proof, HF_E_WRONG_SIGNATURE, ANY_BYTE,        \
           "0x0203", 4, "\2\3")                                              \
    ATTACK("an unknown scheme", proof, HF_E_WRONG_SIGNATURE, ANY_BYTE,       \
           "unknown scheme (0x7777)", 4, "\x77\x77")                         \
    ATTACK("no scheme", proof, HF_E_WRONG_SIGNATURE, ANY_BYTE, "0x0000", 4,  \
           "\0\0")

#define SIGNATURE_ROWS(flip, whole, tail)                                   \
    ATTACK("a changed signature", flip, HF_E_BAD_SIGNATURE, ANY_BYTE,       \
           "ecdsa_secp256r1_sha256", 0, "")                                 \
    ATTACK("another changed signature", flip, HF_E_BAD_SIGNATURE, ANY_BYTE, \
           "", 40, "")                                                      \
    ATTACK("no signature", whole, HF_E_BAD_SIGNATURE, ANY_BYTE, "", 0,      \
           "\4\3\0\0")                                                      \
    ATTACK("r and s are 0", whole, HF_E_BAD_SIGNATURE, ANY_BYTE, "", 0,     \
           "\4\3\0\x08\x30\6\2\1\0\2\1\0")                                  \
    ATTACK("no DER", whole, HF_E_BAD_SIGNATURE, ANY_BYTE, "", 0,            \
           "\4\3\0\4\1\2\3\4")                                              \
    ATTACK("a signature cut short", whole, HF_E_TRUNCATED, 2, "", 0,        \
           "\4\3\0\x08\x30\6")                                              \
    ATTACK("nothing in it", whole, HF_E_TRUNCATED, 0, "", 0, "")            \
    ATTACK("a byte behind it", tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")

static void the_server_must_prove_its_key(void **state)
{
    static const struct attack rows[] = { PROOF_ROWS(
        server_proof) SIGNATURE_ROWS(server_proof_flip, server_proof_whole,
                                     server_proof_tail) };

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

static void the_client_must_prove_its_key(void **state)
{
    static const struct attack rows[] = { PROOF_ROWS(
        client_proof) SIGNATURE_ROWS(client_proof_flip, client_proof_whole,
                                     client_proof_tail) };

    (void)state;
    attack_all(SCENE_CLIENT_CERT, HF_SERVER, rows, HF_COUNT(rows));
}

ON(server_fin_flip, HF_SERVER, HF_FINISHED, flip_at_end)
ON(server_fin_whole, HF_SERVER, HF_FINISHED, whole)
ON(server_fin_tail, HF_SERVER, HF_FINISHED, attack_tail)
ON(client_fin_flip, HF_CLIENT, HF_FINISHED, flip_at_end)
ON(client_fin_whole, HF_CLIENT, HF_FINISHED, whole)
ON(client_fin_tail, HF_CLIENT, HF_FINISHED, attack_tail)

#define ZERO8 "\0\0\0\0\0\0\0\0"
#define FINISHED_ROWS(flip, whole, tail)                                     \
    ATTACK("the last bit", flip, HF_E_BAD_FINISHED, ANY_BYTE, "", 0, "")     \
    ATTACK("the first byte", flip, HF_E_BAD_FINISHED, ANY_BYTE, "", 31, "")  \
    ATTACK("zeroes", whole, HF_E_BAD_FINISHED, ANY_BYTE, "", 0,              \
           ZERO8 ZERO8 ZERO8 ZERO8)                                          \
    ATTACK("nothing in it", whole, HF_E_BOUNDS, ANY_BYTE, "0 bytes, not 32", \
           0, "")                                                            \
    ATTACK("a MAC of 12 bytes, as in TLS 1.2", whole, HF_E_BOUNDS, ANY_BYTE, \
           "12 bytes, not 32", 0, ZERO8 "\0\0\0\0")                          \
    ATTACK("a byte behind it", tail, HF_E_BOUNDS, ANY_BYTE,                  \
           "33 bytes, not 32", 0, "x")

static void finished_must_fit_to_the_last_bit(void **state)
{
    static const struct attack servers[] = { FINISHED_ROWS(
        server_fin_flip, server_fin_whole, server_fin_tail) };
    static const struct attack clients[] = { FINISHED_ROWS(
        client_fin_flip, client_fin_whole, client_fin_tail) };

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, servers, HF_COUNT(servers));
    attack_all(SCENE_FULL, HF_SERVER, clients, HF_COUNT(clients));
    attack_all(SCENE_ALL, HF_SERVER, clients, HF_COUNT(clients));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(encrypted_extensions_answer_what_was_asked),
        cmocka_unit_test(the_protocol_is_one_of_ours),
        cmocka_unit_test(a_request_says_what_it_can_check),
        cmocka_unit_test(the_servers_certificates_are_read_with_care),
        cmocka_unit_test(the_clients_certificates_are_read_with_care),
        cmocka_unit_test(the_server_must_prove_its_key),
        cmocka_unit_test(the_client_must_prove_its_key),
        cmocka_unit_test(finished_must_fit_to_the_last_bit),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
