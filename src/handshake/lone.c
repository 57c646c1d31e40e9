/* lone.c - see lone.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "handshake/lone.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

/* ---- a provider with one hash and one AEAD --------------------------------- */

static const struct hf_hash *real_hash;
static const struct hf_aead *real_aead;
static struct hf_hash hash;
static struct hf_aead aead;
static struct hf_provider provider;
static uint8_t last_key[HF_AEAD_KEY_MAX];
static size_t calls, fail_at;

static bool works(void)
{
    return ++calls != fail_at;
}

void lone_fail_at(size_t n)
{
    calls = 0;
    fail_at = n;
}

size_t lone_calls(void)
{
    return calls;
}

struct hf_provider *lone_provider(void)
{
    return &provider;
}

const uint8_t *lone_key(void)
{
    return last_key;
}

bool lone_zero(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    while (len && !p[len - 1])
        len--;
    return !len;
}

static bool start(void *self, struct hf_hash_state *s)
{
    return works() && real_hash->start(self, s);
}

static bool add(struct hf_hash_state *s, struct hf_span bytes)
{
    return works() && real_hash->add(s, bytes);
}

static bool digest(const struct hf_hash_state *s, uint8_t *out)
{
    return works() && real_hash->digest(s, out);
}

static bool copy(struct hf_hash_state *to, const struct hf_hash_state *from)
{
    return works() && real_hash->copy(to, from);
}

static bool load(void *self, void *state, const uint8_t *key)
{
    memcpy(last_key, key, real_aead->key_len);
    return works() && real_aead->load(self, state, key);
}

static const struct hf_provider *only(const struct hf_suite *suite)
{
    static const struct hf_hash *const hashes[] = { &hash, NULL };
    static const struct hf_aead *const aeads[] = { &aead, NULL };
    const struct hf_crypto all = { .provider = &hf_libcrypto };

    real_hash = hf_hash_by_id(&all, suite->hash);
    real_aead = hf_suite_aead(&all, suite);
    hash = *real_hash;
    hash.start = start;
    hash.add = add;
    hash.digest = digest;
    hash.copy = copy;
    aead = *real_aead;
    aead.load = load;
    provider = hf_libcrypto;
    provider.name = "lone";
    provider.hashes = hashes;
    provider.aeads = aeads;
    return &provider;
}

/* ---- the handshake ------------------------------------------------------------ */

static void watch(void *ctx, const struct hf_event *event)
{
    struct lone *l = ctx;

    if (event->kind == HF_EVENT_KEYS && l->keyed_count < LONE_LOG_MAX) {
        l->keyed[l->keyed_count].sent = event->sent;
        l->keyed[l->keyed_count++].epoch = event->epoch;
    }
    if (event->kind == HF_EVENT_DECISION) {
        l->decided.id = event->id;
        l->decided.ok = event->ok;
        hf_format(l->decided.inputs, sizeof(l->decided.inputs), "%s",
                  event->inputs);
        l->decided_count++;
    }
    if (event->kind == HF_EVENT_MESSAGE) {
        l->passed.sent = event->sent;
        l->passed.record = event->record;
        l->passed.epoch = event->epoch;
        l->passed.message = event->message;
        l->passed.len = event->bytes.len;
        l->passed_count++;
    }
    if (event->kind != HF_EVENT_SECRET || l->told_count == LONE_LOG_MAX)
        return;
    hf_format(l->told[l->told_count].label, sizeof(l->told[0].label), "%s",
              event->subject);
    memcpy(l->told[l->told_count].secret, event->bytes.at, event->bytes.len);
    l->told[l->told_count++].len = event->bytes.len;
}

/* The line comes before the event. */
static void keylog(void *ctx, const char *line)
{
    struct lone *l = ctx;

    (void)line;
    if (l->told_count < LONE_LOG_MAX)
        l->told[l->told_count].lines++;
}

void lone_begin(struct lone *l, enum hf_role role, unsigned number,
                struct hf_span said)
{
    const struct hf_suite *suite = hf_suite_by_number(number);
    struct hf_session *s = &l->s;

    memset(l, 0, sizeof(*l));
    lone_fail_at(0);
    if (!hf_crypto_open(&l->set.crypto, only(suite), &s->error))
        abort();
    l->set.keylog = keylog;
    l->set.keylog_ctx = l;
    s->role = role;
    s->settings = &l->set;
    s->watch = watch;
    s->watch_ctx = l;
    s->watch_secrets = true;
    s->version = suite->version;
    s->suite = suite;
    s->hash = &hash;
    s->aead = &aead;
    memset(s->client_random, 0xc1, sizeof(s->client_random));
    memset(s->server_random, 0x5e, sizeof(s->server_random));
    l->kx.secret_len = 32;
    l->hs = hf_handshake_new(s);
    if (!l->hs)
        abort();
    l->hs->kx = &l->kx;
    if (!hf_transcript_add(&l->hs->transcript, said, &s->error) ||
        !hf_transcript_start(&l->hs->transcript, &hash, false, &s->error))
        abort();
    lone_fail_at(0);
}

void lone_end(struct lone *l)
{
    lone_fail_at(0);
    hf_handshake_free(l->hs);
    hf_session_wipe(&l->s);
    hf_crypto_close(&l->set.crypto);
}

/* ---- second opinions --------------------------------------------------------------- */

static const EVP_MD *md(unsigned sha)
{
    return sha == 384 ? EVP_sha384() : EVP_sha256();
}

void naive_hash(unsigned sha, struct hf_span bytes, uint8_t *out)
{
    if (!EVP_Digest(bytes.at, bytes.len, out, NULL, md(sha), NULL))
        abort();
}

void naive_hmac(unsigned sha, struct hf_span key, struct hf_span bytes,
                uint8_t *out)
{
    unsigned len;

    if (!HMAC(md(sha), key.at ? key.at : (const uint8_t *)"", (int)key.len,
              bytes.at, bytes.len, out, &len))
        abort();
}

/* A(0) = label seed; A(i) = HMAC(A(i-1)); block i = HMAC(A(i) label seed) */
void naive_prf(unsigned sha, struct hf_span secret, const char *label,
               struct hf_span seed, uint8_t *out, size_t len)
{
    uint8_t text[64 + 512 + 64], block[64];
    const size_t mac = sha / 8, named = strlen(label);

    memcpy(text + mac, label, named);
    memcpy(text + mac + named, seed.at, seed.len);
    naive_hmac(sha, secret, hf_span(text + mac, named + seed.len), text);
    for (size_t at = 0; at < len; at++) {
        if (at % mac == 0 && at)
            naive_hmac(sha, secret, hf_span(text, mac), text);
        if (at % mac == 0)
            naive_hmac(sha, secret, hf_span(text, mac + named + seed.len),
                       block);
        out[at] = block[at % mac];
    }
}

/* T(i) = HMAC(T(i-1) info i), info = length "tls13 "label context */
void naive_label(unsigned sha, const uint8_t *secret, const char *label,
                 struct hf_span context, uint8_t *out, size_t len)
{
    uint8_t text[64 + 512], block[64];
    const size_t mac = sha / 8, named = 6 + strlen(label);
    size_t end = mac;

    text[end++] = (uint8_t)(len >> 8);
    text[end++] = (uint8_t)len;
    text[end++] = (uint8_t)named;
    memcpy(text + end, "tls13 ", 6);
    memcpy(text + end + 6, label, named - 6);
    end += named;
    text[end++] = (uint8_t)context.len;
    if (context.len)
        memcpy(text + end, context.at, context.len);
    end += context.len;
    text[end] = 0;
    for (size_t at = 0; at < len; at++) {
        const size_t from = at < mac ? mac : 0; /* T(0) is empty */

        if (at % mac == 0) {
            text[end]++;
            naive_hmac(sha, hf_span(secret, mac),
                       hf_span(text + from, end + 1 - from), block);
            memcpy(text, block, mac);
        }
        out[at] = block[at % mac];
    }
}

void naive_derive(unsigned sha, const uint8_t *secret, const char *label,
                  struct hf_span messages, uint8_t *out)
{
    uint8_t said[64];

    naive_hash(sha, messages, said);
    naive_label(sha, secret, label, hf_span(said, sha / 8), out, sha / 8);
}
