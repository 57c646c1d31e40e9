/* lab_steps.c - the steps that all experiments of `handfast lab` share: the
 * hellos, and everything that follows from the premaster secret.
 *
 * Each computes its values from what travelled in the clear and from the value
 * before, and holds them against what the two ends used. */
#include "lab.h"

#include <string.h>

enum {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    CLIENT_KX = 16,
    FINISHED = 20,
    VERIFY_LEN = 12,
    SEED_MAX = 24 + 2 * HF_HASH_MAX
};

static struct hf_span whole_transcript(const struct lab_end *end)
{
    return hf_span(end->heard, end->heard_len);
}

/* ---- hellos and certificate ------------------------------------------------------- */

bool lab_hellos(struct lab *lab)
{
    struct hf_span client = lab_message(lab, CLIENT_HELLO);
    struct hf_span server = lab_message(lab, SERVER_HELLO);

    if (client.len < 38 || server.len < 38)
        return lab_failed(lab, "the hellos are too short");
    lab->client_random = hf_span(client.at + 6, 32);
    lab->server_random = hf_span(server.at + 6, 32);
    lab_step(lab, STEP_HELLOS);
    lab_show(lab, VALUE_CLIENT_RANDOM, lab->client_random);
    lab_show(lab, VALUE_SERVER_RANDOM, lab->server_random);
    lab_fact(lab, "suite", lab->suite->name);
    lab_claim(lab, CLAIM_TRANSCRIPTS,
              hf_span_equal(whole_transcript(&lab->client),
                            whole_transcript(&lab->server)));
    lab_step_end(lab, STEP_HELLOS);
    return true;
}

bool lab_certificate(struct lab *lab)
{
    struct hf_span message = lab_message(lab, CERTIFICATE);
    uint8_t room[1024];
    size_t len;

    /* header, length of the list, length of the first */
    if (message.len < 10)
        return lab_failed(lab, "no certificate came");
    len = hf_number(message.at + 7, 3);
    if (len > message.len - 10)
        return lab_failed(lab, "the certificate is cut off");
    lab->certificate = hf_span(message.at + 10, len);
    lab_step(lab, STEP_CERTIFICATE);
    lab_show(lab, VALUE_CERT_KEY,
             lab_public_key(lab->certificate, room, sizeof(room)));
    lab_claim(lab, CLAIM_TRUSTED, hf_conn_peer_verified(lab->client.conn));
    lab_step_end(lab, STEP_CERTIFICATE);
    return true;
}

/* ---- the PRF, told step by step ------------------------------------------------------ */

struct telling {
    struct lab *lab;
    enum lab_value a, block;
};

static void tell_prf(void *ctx, unsigned i, struct hf_span a,
                     struct hf_span block)
{
    const struct telling *t = ctx;

    lab_show_nth(t->lab, t->a, i, a);
    lab_show_nth(t->lab, t->block, i, block);
}

/* Label and seed in one. */
static struct hf_span seed_of(uint8_t room[SEED_MAX], const char *label,
                              struct hf_span a, struct hf_span b)
{
    struct hf_writer w = hf_writer(room, SEED_MAX);

    hf_put_bytes(&w, hf_span_text(label));
    hf_put_bytes(&w, a);
    hf_put_bytes(&w, b);
    return hf_written(&w);
}

/* ---- master secret ------------------------------------------------------------------- */

static bool extended_formula(struct lab *lab, uint8_t *out)
{
    struct telling t = { lab, VALUE_EMS_A, VALUE_EMS_BLOCK };
    unsigned hash = lab->suite->hash;
    struct hf_span said = lab_transcript(lab, CLIENT_KX, 0);
    struct hf_span own = lab_message(lab, CLIENT_KX), seed;
    uint8_t digest[HF_HASH_MAX], room[SEED_MAX];

    /* RFC 7627 3: up to and including ClientKeyExchange */
    if (!own.at ||
        !lab_hash(hash, hf_span(said.at, said.len + own.len), digest))
        return lab_failed(lab, "session hash");
    seed = seed_of(room, "extended master secret",
                   hf_span(digest, lab_hash_len(hash)), hf_span(NULL, 0));
    lab_show(lab, VALUE_SESSION_HASH, hf_span(digest, lab_hash_len(hash)));
    lab_show(lab, VALUE_EMS_SEED, seed);
    if (!lab_prf(hash, hf_span(lab->premaster, lab->premaster_len), seed, out,
                 LAB_MASTER, tell_prf, &t))
        return lab_failed(lab, "PRF");
    lab_show(lab, VALUE_EMS_MASTER, hf_span(out, LAB_MASTER));
    return true;
}

static bool classic_formula(struct lab *lab, uint8_t *out)
{
    struct telling t = { lab, VALUE_CLASSIC_A, VALUE_CLASSIC_BLOCK };
    uint8_t room[SEED_MAX];
    struct hf_span seed = seed_of(room, "master secret", lab->client_random,
                                  lab->server_random);

    lab_show(lab, VALUE_CLASSIC_SEED, seed);
    if (!lab_prf(lab->suite->hash, hf_span(lab->premaster, lab->premaster_len),
                 seed, out, LAB_MASTER, tell_prf, &t))
        return lab_failed(lab, "PRF");
    lab_show(lab, VALUE_CLASSIC_MASTER, hf_span(out, LAB_MASTER));
    return true;
}

/* Is extended_master_secret among the extensions of a hello? */
static bool says_extended(struct hf_span hello, bool client)
{
    enum { BEHIND_RANDOM = 4 + 2 + 32, EXTENDED_MASTER_SECRET = 23 };
    size_t at = BEHIND_RANDOM, size;

    if (at < hello.len)
        at += 1u + hello.at[at]; /* session id */
    if (client && at + 2 < hello.len)
        at += 2 + hf_number(hello.at + at, 2); /* suites */
    if (client && at < hello.len)
        at += 1u + hello.at[at];  /* compression methods */
    at += client ? 2 : 2 + 1 + 2; /* suite, compression; length of the list */
    for (; at + 4 <= hello.len; at += 4 + size) {
        if (hf_number(hello.at + at, 2) == EXTENDED_MASTER_SECRET)
            return true;
        size = hf_number(hello.at + at + 2, 2);
    }
    return false;
}

bool lab_master(struct lab *lab)
{
    const struct lab_end *c = &lab->client, *s = &lab->server;
    uint8_t extended[LAB_MASTER], classic[LAB_MASTER];
    bool offered = says_extended(lab_message(lab, CLIENT_HELLO), true);
    bool used = says_extended(lab_message(lab, SERVER_HELLO), false);

    lab_step(lab, STEP_MASTER);
    if (!extended_formula(lab, extended) || !classic_formula(lab, classic))
        return false;
    hf_copy(lab->master, used ? extended : classic, LAB_MASTER);
    lab_claim(lab, used ? CLAIM_USED_EXTENDED : CLAIM_USED_CLASSIC,
              offered || !used);
    lab_check_both(lab, VALUE_MASTER, HF_SPAN(lab->master), HF_SPAN(c->master),
                   HF_SPAN(s->master));
    lab_claim(lab, CLAIM_OTHER_UNUSED,
              memcmp(extended, classic, LAB_MASTER) != 0 &&
                  memcmp(used ? classic : extended, c->master, LAB_MASTER) !=
                      0);
    lab_step_end(lab, STEP_MASTER);
    return true;
}

/* ---- key block ------------------------------------------------------------------------- */

bool lab_key_block(struct lab *lab)
{
    struct telling t = { lab, VALUE_KEY_A, VALUE_KEY_BLOCK_I };
    uint8_t room[SEED_MAX];
    struct hf_span seed = seed_of(room, "key expansion", lab->server_random,
                                  lab->client_random);
    const uint8_t *at = lab->block;
    size_t key, iv;

    lab->key_len = key = lab->suite->aead == HF_AES_128_GCM ? 16 : 32;
    lab->iv_len = iv = lab->suite->aead == HF_CHACHA20_POLY1305 ? 12 : 4;
    lab_step(lab, STEP_KEY_BLOCK);
    lab_show(lab, VALUE_KEY_SEED, seed);
    if (!lab_prf(lab->suite->hash, HF_SPAN(lab->master), seed, lab->block,
                 2 * (key + iv), tell_prf, &t))
        return lab_failed(lab, "PRF");
    lab_show(lab, VALUE_KEY_BLOCK, hf_span(at, 2 * (key + iv)));
    lab_show(lab, VALUE_CLIENT_KEY, hf_span(at, key));
    lab_show(lab, VALUE_SERVER_KEY, hf_span(at + key, key));
    lab_show(lab, VALUE_CLIENT_IV, hf_span(at + 2 * key, iv));
    lab_show(lab, VALUE_SERVER_IV, hf_span(at + 2 * key + iv, iv));
    lab_step_end(lab, STEP_KEY_BLOCK);
    return true;
}

bool lab_ccs(struct lab *lab)
{
    lab_step(lab, STEP_CCS);
    lab_show(lab, VALUE_CCS_CLIENT,
             lab_record(&lab->client, HF_CONTENT_CCS, 0));
    lab_show(lab, VALUE_CCS_SERVER,
             lab_record(&lab->server, HF_CONTENT_CCS, 0));
    lab_step_end(lab, STEP_CCS);
    return true;
}

/* ---- sealing a record --------------------------------------------------------------------- */

struct sealed {
    uint8_t nonce[HF_NONCE_LEN], aad[13];
    uint8_t record[HF_HEADER_LEN + 8 + 256 + HF_TAG_LEN];
    size_t explicit_len, len;
};

/* RFC 5246 6.2.3.3, RFC 5288 3, RFC 7905 2: @plain as record number @seq of
 * the client or of the server. */
static bool seal(struct lab *lab, bool client, uint64_t seq, uint8_t type,
                 struct hf_span plain, struct sealed *out)
{
    size_t key = lab->key_len, iv = lab->iv_len;
    const uint8_t *ivs = lab->block + 2 * key + (client ? 0 : iv);
    /* cppcheck-suppress ctuuninitvar ; only its address is taken */
    uint8_t *body = out->record + HF_HEADER_LEN, number[8];

    *out = (struct sealed){ .explicit_len = HF_NONCE_LEN - iv };
    if (plain.len > 256)
        return lab_failed(lab, "a record too long to show");
    hf_store_number(number, seq, 8);
    hf_copy(out->nonce, ivs, iv);
    for (size_t i = 0; i < 8; i++) /* 0 xor number, where it is explicit */
        out->nonce[4 + i] ^= number[i];
    hf_store_number(out->aad, seq, 8);
    out->aad[8] = type;
    hf_store_number(out->aad + 9, HF_TLS12, 2);
    hf_store_number(out->aad + 11, plain.len, 2);
    out->len = out->explicit_len + plain.len + HF_TAG_LEN;
    out->record[0] = type;
    hf_store_number(out->record + 1, HF_TLS12, 2);
    hf_store_number(out->record + 3, out->len, 2);
    hf_copy(body, number, out->explicit_len);
    out->len += HF_HEADER_LEN;
    return lab_aead(lab->suite->aead, lab->block + (client ? 0 : key),
                    out->nonce, HF_SPAN(out->aad), plain,
                    body + out->explicit_len) ||
           lab_failed(lab, "the AEAD");
}

/* Behind ChangeCipherSpec; before it there may be records of the same type. */
static struct hf_span sealed_record(const struct lab_end *end, unsigned type,
                                    unsigned n)
{
    struct hf_span ccs = lab_record(end, HF_CONTENT_CCS, 0), one;
    unsigned i = 0;

    if (!ccs.at)
        return ccs;
    while ((one = lab_record(end, type, i)).at && one.at < ccs.at)
        i++;
    return lab_record(end, type, i + n);
}

/* ---- Finished -------------------------------------------------------------------------------- */

/* Of the client the first Finished there is, of the server the second. */
static bool one_finished(struct lab *lab, bool client)
{
    unsigned hash = lab->suite->hash;
    struct hf_span said = lab_transcript(lab, FINISHED, client ? 0 : 1);
    size_t len = lab_hash_len(hash);
    uint8_t digest[HF_HASH_MAX], room[SEED_MAX], message[4 + VERIFY_LEN];
    const struct lab_end *end = client ? &lab->client : &lab->server;
    struct sealed sealed;
    struct hf_span seed;

    hf_store_number(message, (uint64_t)FINISHED << 24 | VERIFY_LEN, 4);
    if (!said.at || !lab_hash(hash, said, digest))
        return lab_failed(lab, "Finished");
    seed = seed_of(room, client ? "client finished" : "server finished",
                   hf_span(digest, len), hf_span(NULL, 0));
    lab_show(lab, client ? VALUE_CLIENT_HASH : VALUE_SERVER_HASH,
             hf_span(digest, len));
    if (!lab_prf(hash, HF_SPAN(lab->master), seed, message + 4, VERIFY_LEN,
                 NULL, NULL) ||
        !seal(lab, client, 0, HF_CONTENT_HANDSHAKE, HF_SPAN(message), &sealed))
        return lab_failed(lab, "Finished");
    /* both ends have it, in the message behind what was hashed */
    lab_check_both(lab, client ? VALUE_CLIENT_VERIFY : VALUE_SERVER_VERIFY,
                   hf_span(message + 4, VERIFY_LEN),
                   hf_span(lab->client.heard + said.len + 4, VERIFY_LEN),
                   hf_span(lab->server.heard + said.len + 4, VERIFY_LEN));
    lab_check(lab, client ? VALUE_CLIENT_FIN : VALUE_SERVER_FIN,
              hf_span(sealed.record, sealed.len), SAME_WIRE,
              sealed_record(end, HF_CONTENT_HANDSHAKE, 0));
    return true;
}

/* What the client's Finished would be if somebody had changed ClientHello. */
static bool changed_hello(struct lab *lab)
{
    unsigned hash = lab->suite->hash;
    size_t len = lab_transcript(lab, FINISHED, 0).len;
    uint8_t digest[HF_HASH_MAX], room[SEED_MAX], verify[VERIFY_LEN];
    struct hf_span seed;
    bool good;

    lab->client.heard[40] ^= 1; /* of the session id or what follows */
    good = lab_hash(hash, hf_span(lab->client.heard, len), digest);
    lab->client.heard[40] ^= 1;
    seed = seed_of(room, "client finished", hf_span(digest, lab_hash_len(hash)),
                   hf_span(NULL, 0));
    if (!good || !lab_prf(hash, HF_SPAN(lab->master), seed, verify, VERIFY_LEN,
                          NULL, NULL))
        return lab_failed(lab, "Finished");
    lab_claim(lab, CLAIM_CHANGED_HELLO,
              memcmp(verify, lab->client.heard + len + 4, VERIFY_LEN) != 0);
    return true;
}

bool lab_finished(struct lab *lab)
{
    lab_step(lab, STEP_FINISHED);
    if (!one_finished(lab, true) || !one_finished(lab, false) ||
        !changed_hello(lab))
        return false;
    lab_step_end(lab, STEP_FINISHED);
    return true;
}

/* ---- data and goodbye -------------------------------------------------------------------------- */

bool lab_data(struct lab *lab)
{
    struct hf_span plain = hf_span_text(LAB_LINE);
    bool chacha = lab->suite->aead == HF_CHACHA20_POLY1305;
    struct sealed one;
    const uint8_t *body;

    if (!seal(lab, true, 1, HF_CONTENT_DATA, plain, &one))
        return false;
    body = one.record + HF_HEADER_LEN + one.explicit_len;
    lab_step(lab, STEP_RECORD);
    lab_fact(lab, "text", LAB_LINE);
    lab_show(lab, VALUE_PLAIN, plain);
    lab_show(lab, VALUE_SALT,
             hf_span(lab->block + 2 * lab->key_len, lab->iv_len));
    if (chacha)
        lab_show(lab, VALUE_SEQUENCE, hf_span(one.aad, 8));
    else
        lab_show(lab, VALUE_EXPLICIT, hf_span(one.record + HF_HEADER_LEN, 8));
    lab_show(lab, VALUE_NONCE, HF_SPAN(one.nonce));
    lab_show(lab, VALUE_AAD, HF_SPAN(one.aad));
    lab_show(lab, VALUE_CIPHERTEXT, hf_span(body, plain.len));
    lab_show(lab, VALUE_TAG, hf_span(body + plain.len, HF_TAG_LEN));
    lab_check(lab, VALUE_RECORD, hf_span(one.record, one.len), SAME_WIRE,
              sealed_record(&lab->client, HF_CONTENT_DATA, 0));
    lab_claim(
        lab, CLAIM_ARRIVED,
        hf_span_equal(plain, hf_span(lab->server.data, lab->server.data_len)));
    lab_step_end(lab, STEP_RECORD);
    return true;
}

bool lab_close(struct lab *lab)
{
    static const uint8_t alert[2] = { 1, 0 };
    struct sealed client, server;

    if (!seal(lab, true, 2, HF_CONTENT_ALERT, HF_SPAN(alert), &client) ||
        !seal(lab, false, 1, HF_CONTENT_ALERT, HF_SPAN(alert), &server))
        return false;
    lab_step(lab, STEP_CLOSE);
    lab_check(lab, VALUE_CLIENT_CLOSE, hf_span(client.record, client.len),
              SAME_WIRE, sealed_record(&lab->client, HF_CONTENT_ALERT, 0));
    lab_check(lab, VALUE_SERVER_CLOSE, hf_span(server.record, server.len),
              SAME_WIRE, sealed_record(&lab->server, HF_CONTENT_ALERT, 0));
    lab_claim(lab, CLAIM_CLOSED, lab->client.closed && lab->server.closed);
    lab_step_end(lab, STEP_CLOSE);
    return true;
}
