/* duel_puppet.c - a server on strings, for two clients in fuzz_duel.c.
 *
 * It says the messages of a script as they stand there, whatever they mean; but
 * what a client proves by arithmetic is right: signatures over what was said,
 * keys, Finished.  So each client decides by what the messages say.  It need not
 * agree on a secret with anybody, because both clients tell theirs (the key log).
 *
 *   TLS 1.3   ServerHello, EncryptedExtensions, Certificate of the script, then
 *             CertificateVerify and Finished
 *   TLS 1.2   ServerHello, Certificate of the script, then ServerKeyExchange
 *             and ServerHelloDone
 *
 * In a ServerHello a session id of 32 bytes 0xee means the client's. */
#define HF_UNPOISONED
#include "duel.h"
#include "record/record.h"

#include <string.h>

enum { ROOM = 24000, HEAD = 4, PARTS = 3, RANDOM = 32 };
enum {
    SERVER_HELLO = 2,
    ENCRYPTED_EXTENSIONS = 8,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    SERVER_HELLO_DONE = 14,
    CERTIFICATE_VERIFY = 15,
    FINISHED = 20
};

struct puppet {
    const struct puppet_end *end;
    unsigned way;
    struct hf_span script[PARTS]; /* .at is NULL: as it should be */
    uint8_t spoken[4 * ROOM];     /* all messages, the client's hello first */
    size_t len;
    struct hf_span client_random, server_random, session_id;
    const struct hf_suite *suite;
    const struct hf_hash *hash;
    struct hf_direction out;
    struct hf_hmac secret;
};

static struct hf_crypto crypto;

static void open_crypto(void)
{
    struct hf_error error = { .code = HF_OK };

    if (!crypto.provider)
        MUST(hf_crypto_open(&crypto, &hf_libcrypto, &error));
}

/* ---- saying ---------------------------------------------------------------------------- */

/* Note a message of @type, whose body is @w's; it goes into a record of its
 * own. */
static void say(struct puppet *p, uint8_t type, struct hf_span body)
{
    static uint8_t record[ROOM + 300];
    struct hf_error error = { .code = HF_OK };
    uint8_t *message = p->spoken + p->len;
    size_t len = HEAD + body.len;

    MUST(len <= HF_PLAINTEXT_MAX && p->len + len <= sizeof(p->spoken));
    message[0] = type;
    hf_store_number(message + 1, (uint32_t)body.len, 3);
    if (body.len)
        memcpy(message + HEAD, body.at, body.len);
    p->len += len;
    len = hf_record_seal(&p->out, HF_CONTENT_HANDSHAKE, 0x0303,
                         hf_span(message, len), record, &error);
    MUST(len);
    p->end->hear(p->end->d, hf_span(record, len));
}

static void digest(const struct puppet *p, uint8_t *out)
{
    struct hf_span all = hf_span(p->spoken, p->len);

    MUST(hf_hash_parts(&crypto, p->hash, &all, 1, out));
}

/* ---- certificates and signatures ----------------------------------------------------------- */

static struct hf_span leaf(unsigned way)
{
    static uint8_t room[2048];
    struct hf_span text = duel_chain(way);
    struct hf_pem pem;
    size_t len;
    bool bad;

    MUST(hf_pem_next(&text, &pem, &bad));
    MUST(hf_unbase64(pem.base64, room, sizeof(room), &len));
    return hf_span(room, len);
}

static void say_certificate(struct puppet *p, struct hf_span script, bool tls13)
{
    static uint8_t room[4096];
    struct hf_writer w = hf_writer(room, sizeof(room));
    size_t list, one;

    if (!script.at) {
        if (tls13)
            hf_put(&w, 0, 1);
        list = hf_writer_open(&w, 3);
        one = hf_writer_open(&w, 3);
        hf_put_bytes(&w, leaf(p->way));
        hf_writer_close(&w, one, 3);
        if (tls13)
            hf_put(&w, 0, 2);
        hf_writer_close(&w, list, 3);
        script = hf_written(&w);
    }
    say(p, CERTIFICATE, script);
}

/* The scheme and the signature of @text, as they travel. */
static void sign(const struct puppet *p, struct hf_span text,
                 struct hf_writer *w)
{
    static struct hf_private_key *keys[2];
    struct hf_private_key **key = &keys[(p->way & DUEL_RSA) != 0];
    unsigned scheme = p->way & DUEL_RSA ? 0x0804 : 0x0403;
    const struct hf_signature *how = hf_signature_by_scheme(&crypto, scheme);
    struct hf_error error = { .code = HF_OK };
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t len = 0;

    if (!*key)
        MUST(hf_libcrypto.key_load(crypto.self, duel_key(p->way), NULL, NULL,
                                   key, &error));
    MUST(how && how->sign(crypto.self, how, *key, text, signature,
                          sizeof(signature), &len));
    hf_put(w, scheme, 2);
    hf_put(w, (uint32_t)len, 2);
    hf_put_bytes(w, hf_span(signature, len));
}

/* ---- TLS 1.3 --------------------------------------------------------------------------------- */

static void use_secret(struct puppet *p)
{
    struct hf_error error = { .code = HF_OK };
    const struct hf_aead *aead = hf_suite_aead(&crypto, p->suite);
    uint8_t key[HF_AEAD_KEY_MAX], iv[HF_NONCE_LEN];
    struct hf_span none = hf_span(NULL, 0);

    MUST(hf_hmac_key(&p->secret, &crypto, p->hash,
                     hf_span(p->end->d->secret, p->hash->len)));
    MUST(hf_expand_label(&p->secret, "key", none, key, aead->key_len));
    MUST(hf_expand_label(&p->secret, "iv", none, iv, sizeof(iv)));
    MUST(hf_direction_set(&p->out, crypto.self, aead, key, iv, HF_HANDSHAKE,
                          &error));
}

/* RFC 8446 4.4.3 */
static void say_verify(struct puppet *p)
{
    static const char words[] = "TLS 1.3, server CertificateVerify";
    uint8_t text[64 + sizeof(words) + HF_HASH_MAX];
    uint8_t room[HF_SIGNATURE_MAX + 4];
    struct hf_writer w = hf_writer(room, sizeof(room));

    memset(text, ' ', 64);
    memcpy(text + 64, words, sizeof(words));
    digest(p, text + 64 + sizeof(words));
    sign(p, hf_span(text, 64 + sizeof(words) + p->hash->len), &w);
    say(p, CERTIFICATE_VERIFY, hf_written(&w));
}

/* RFC 8446 4.4.4 */
static void say_finished(struct puppet *p)
{
    uint8_t key[HF_HASH_MAX], sum[HF_HASH_MAX], mac[HF_HASH_MAX];
    struct hf_hmac hmac = { .hash = NULL };
    struct hf_span part = hf_span(sum, p->hash->len);

    digest(p, sum);
    MUST(hf_expand_label(&p->secret, "finished", hf_span(NULL, 0), key,
                         p->hash->len));
    MUST(hf_hmac_key(&hmac, &crypto, p->hash, hf_span(key, p->hash->len)));
    MUST(hf_hmac_sum(&hmac, &part, 1, mac));
    hf_hmac_wipe(&hmac);
    say(p, FINISHED, hf_span(mac, p->hash->len));
}

static void go_on_13(struct puppet *p)
{
    static const uint8_t no_extensions[2];
    struct hf_span ee = p->script[1];

    if (!p->end->d->secret_len) /* it went no further */
        return;
    MUST(p->suite && p->suite->version == 0x0304);
    p->hash = hf_hash_by_id(&crypto, p->suite->hash);
    use_secret(p);
    say(p, ENCRYPTED_EXTENSIONS, ee.at ? ee : hf_span(no_extensions, 2));
    say_certificate(p, p->script[2], true);
    say_verify(p);
    say_finished(p);
}

/* ---- TLS 1.2 ----------------------------------------------------------------------------------- */

static void go_on_12(struct puppet *p)
{
    /* secp256r1 and x25519 both have easy points; this is x25519's */
    static const uint8_t params[] = { 3, 0, 29, 32, 9, [35] = 0 };
    uint8_t text[2 * RANDOM + sizeof(params)];
    uint8_t room[sizeof(params) + HF_SIGNATURE_MAX + 4];
    struct hf_writer w = hf_writer(room, sizeof(room));

    say_certificate(p, p->script[1], false);
    memcpy(text, p->client_random.at, RANDOM);
    memcpy(text + RANDOM, p->server_random.at, RANDOM);
    memcpy(text + 2 * RANDOM, params, sizeof(params));
    hf_put_bytes(&w, hf_span(params, sizeof(params)));
    sign(p, hf_span(text, sizeof(text)), &w);
    say(p, SERVER_KEY_EXCHANGE, hf_written(&w));
    say(p, SERVER_HELLO_DONE, hf_span(NULL, 0));
}

/* ---- hellos --------------------------------------------------------------------------------------- */

static void read_client(struct puppet *p)
{
    const struct duelist *d = p->end->d;
    size_t len = hf_number(d->said + 3, 2);

    MUST(d->len >= 5 + len && d->said[0] == 22 && len <= ROOM);
    memcpy(p->spoken, d->said + 5, len);
    p->len = len;
    p->client_random = hf_span(p->spoken + HEAD + 2, RANDOM);
    p->session_id = hf_span(p->spoken + HEAD + 35, p->spoken[HEAD + 34]);
}

static size_t good_hello(const struct puppet *p, uint8_t *out, size_t cap)
{
    static const uint8_t zeroes[RANDOM];
    struct hf_writer w = hf_writer(out, cap);
    bool only12 = p->way & DUEL_ONLY12;

    hf_put(&w, 0x0303, 2);
    hf_put_bytes(&w, hf_span(zeroes, RANDOM));
    hf_put(&w, (uint32_t)p->session_id.len, 1);
    hf_put_bytes(&w, p->session_id);
    hf_put(&w, only12 ? (p->way & DUEL_RSA ? 0xc02f : 0xc02b) : 0x1301, 2);
    hf_put(&w, 0, 1);
    if (only12) { /* renegotiation_info, extended_master_secret */
        hf_put_bytes(
            &w, hf_span((const uint8_t *)"\0\x09\xff\1\0\1\0\0\x17\0\0", 11));
    } else { /* supported_versions, key_share: x25519's base point */
        hf_put_bytes(&w,
                     hf_span((const uint8_t *)"\0\x2e\0\x2b\0\2\3\4"
                                              "\0\x33\0\x24\0\x1d\0\x20\x09",
                             17));
        hf_put_bytes(&w, hf_span(zeroes, 31));
    }
    return hf_written(&w).len;
}

static void say_hello(struct puppet *p)
{
    static uint8_t room[ROOM];
    struct hf_span body = p->script[0];
    uint8_t mark[32];
    enum hf_place place;
    struct hf_server_hello_any hello;
    struct hf_fault fault;
    size_t len = body.len;

    memset(mark, 0xee, sizeof(mark));
    if (body.at)
        memcpy(room, body.at, len);
    else
        len = good_hello(p, room, sizeof(room));
    if (len > 67 && room[34] == 32 && memcmp(room + 35, mark, 32) == 0 &&
        p->session_id.len == 32)
        memcpy(room + 35, p->session_id.at, 32);
    p->server_random = hf_span(p->spoken + p->len + HEAD + 2, RANDOM);
    say(p, SERVER_HELLO, hf_span(room, len));
    if (p->end->d->state == DUEL_REFUSES ||
        !hf_wire_read(hf_server_hello_any, hf_span(room, len), &hello, NULL,
                      &fault))
        return;
    p->suite = hf_suite_by_number(hello.cipher_suite);
    place = hf_wire_server_hello_place(hf_span(room, len));
    if (place == HF_SH)
        go_on_13(p);
    else if (place == HF_SH12)
        go_on_12(p);
}

void puppet_play(const struct puppet_end *end, unsigned way,
                 struct hf_span script)
{
    static struct puppet p;

    open_crypto();
    memset(&p, 0, sizeof(p));
    p.end = end;
    p.way = way;
    for (size_t i = 0; i < PARTS && script.len >= 2; i++) {
        size_t len = hf_number(script.at, 2);

        script = hf_span_after(script, 2);
        len = len < script.len ? len : script.len;
        if (len)
            p.script[i] = hf_span(script.at, len);
        script = hf_span_after(script, len);
    }
    read_client(&p);
    say_hello(&p);
    hf_direction_wipe(&p.out);
    hf_hmac_wipe(&p.secret);
}
