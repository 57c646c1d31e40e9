/* replay.c - see rfc8448_test.c, which tells the whole. */
#define HF_UNPOISONED
#include "engine/replay.h"
#include "crypto/libcrypto.h"
#include "handshake/resume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- the traces ------------------------------------------------------------- */

const struct row rows[] = {
#define PAIR(trace, who, a, b) { A_PAIR, trace, who, "", a, b },
#define MESSAGE(trace, who, a) { A_MESSAGE, trace, who, "", a, "" },
#define RECORD(trace, who, a, b) { A_RECORD, trace, who, "", a, b },
#define EXTRACT(trace, a, b) { AN_EXTRACT, trace, NOBODY, "", a, b },
#define DERIVE(trace, label, a, b) { A_DERIVE, trace, NOBODY, label, a, b },
#include "engine/rfc8448.def"
};
const size_t row_count = HF_COUNT(rows);

struct bytes unhex(const char *text)
{
    struct bytes b;

    assert_true(hf_unhex(hf_span_text(text), b.at, sizeof(b.at), &b.len));
    return b;
}

struct bytes bytes_of(struct hf_span span)
{
    struct bytes b = { .len = span.len };

    assert_true(span.len <= sizeof(b.at));
    hf_copy(b.at, span.at, span.len);
    return b;
}

void assert_same(struct hf_span a, struct hf_span b)
{
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.at, b.at, a.len);
}

/* ---- what the engine at one end is given and did ------------------------------ */

struct replay replay;

/* The hello of a session is constructed without its binder: whole, it is in the
 * record. */
static struct bytes whole_hello(void)
{
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        if (rows[i].what == A_RECORD && rows[i].trace == RESUMED &&
            rows[i].who == CLIENT)
            return unhex(rows[i].first);
    fail_msg("no hello");
    return (struct bytes){ .len = 0 };
}

struct bytes recorded(unsigned kind, size_t n)
{
    if (replay.trace == RESUMED && kind == HF_CLIENT_HELLO)
        return whole_hello();
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct bytes b;
        unsigned is;

        if (rows[i].what != A_MESSAGE || rows[i].trace != replay.trace ||
            rows[i].who != (int)replay.role)
            continue;
        b = unhex(rows[i].first);
        is = b.at[0];
        if (is == HF_SERVER_HELLO &&
            hf_equal(b.at + 6, hf_retry_random, sizeof(hf_retry_random)))
            is = HF_HELLO_RETRY_REQUEST;
        if (is == kind && !n--)
            return b;
    }
    fail_msg("no message of kind %u", kind);
    return (struct bytes){ .len = 0 };
}

static void note(enum what what, const char *label, struct hf_span input,
                 struct hf_span value)
{
    struct derived *d = &replay.derived[replay.derived_count++];

    assert_true(replay.derived_count <= DERIVED_MAX);
    d->what = what;
    hf_format(d->label, sizeof(d->label), "%s", label);
    d->input = bytes_of(input);
    d->value = bytes_of(value);
}

/* ---- wrapped at link time: see meson.build ------------------------------------- */

bool __real_hf_libcrypto_random(void *self, void *out, size_t len);
bool __wrap_hf_libcrypto_random(void *self, void *out, size_t len);
bool __real_hf_hkdf_extract(const struct hf_crypto *c,
                            const struct hf_hash *hash, struct hf_span salt,
                            struct hf_span ikm, uint8_t *out);
bool __wrap_hf_hkdf_extract(const struct hf_crypto *c,
                            const struct hf_hash *hash, struct hf_span salt,
                            struct hf_span ikm, uint8_t *out);
bool __real_hf_extensions_recv(struct hf_handshake *hs, enum hf_place place,
                               const struct hf_extensions *block);
bool __wrap_hf_extensions_recv(struct hf_handshake *hs, enum hf_place place,
                               const struct hf_extensions *block);
bool __real_hf_message_send(struct hf_handshake *hs, unsigned kind,
                            hf_layout_fn *layout, const void *in, size_t cap);
bool __wrap_hf_message_send(struct hf_handshake *hs, unsigned kind,
                            hf_layout_fn *layout, const void *in, size_t cap);

/* The scalars of key shares, which the provider draws itself. */
bool __wrap_hf_libcrypto_random(void *self, void *out, size_t len)
{
    size_t n = replay.scalars;

    if (!replay.on)
        return __real_hf_libcrypto_random(self, out, len);
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        if (rows[i].what == A_PAIR && rows[i].trace == replay.trace &&
            rows[i].who == (int)replay.role && !n--) {
            struct bytes key = unhex(rows[i].first);

            assert_int_equal(key.len, len);
            hf_copy(out, key.at, len);
            replay.scalars++;
            return true;
        }
    fail_msg("a scalar that the trace does not have");
    return false;
}

bool __wrap_hf_hkdf_extract(const struct hf_crypto *c,
                            const struct hf_hash *hash, struct hf_span salt,
                            struct hf_span ikm, uint8_t *out)
{
    if (!__real_hf_hkdf_extract(c, hash, salt, ikm, out))
        return false;
    if (replay.on)
        note(AN_EXTRACT, "", ikm, hf_span(out, hash->len));
    return true;
}

bool __wrap_hf_expand_label(const struct hf_hmac *secret, const char *label,
                            struct hf_span context, uint8_t *out, size_t len)
{
    if (!__real_hf_expand_label(secret, label, context, out, len))
        return false;
    if (replay.on)
        note(A_DERIVE, label, context, hf_span(out, len));
    return true;
}

bool __wrap_hf_extensions_recv(struct hf_handshake *hs, enum hf_place place,
                               const struct hf_extensions *block)
{
    struct hf_extensions seen = *block;

    if (replay.on && replay.role == HF_SERVER && place == HF_CH)
        seen.present &= ~HF_BIT(cookie);
    return __real_hf_extensions_recv(hs, place, &seen);
}

/* ---- the session -------------------------------------------------------------------- */

struct hf_saved_session *trace_session(void)
{
    static struct bytes ticket, secret;
    static struct hf_saved_session saved;

    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        if (rows[i].trace == SIMPLE && rows[i].what == A_MESSAGE &&
            rows[i].who == SERVER && !strncmp(rows[i].first, "04", 2))
            ticket = unhex(rows[i].first);
        if (rows[i].trace == SIMPLE && rows[i].what == A_DERIVE &&
            !strcmp(rows[i].label, "resumption"))
            secret = unhex(rows[i].second);
    }
    assert_int_equal(secret.len, 32);
    saved = (struct hf_saved_session){
        .version = HF_TLS13,
        .cipher_suite = 0x1301,
        .verified = 1,
        .lifetime = (uint32_t)hf_number(ticket.at + 4, 4),
        .age_add = (uint32_t)hf_number(ticket.at + 8, 4),
        .secret = { secret.at, secret.len },
        .ticket = { ticket.at + 17, hf_number(ticket.at + 15, 2) },
        .max_early_data = (uint32_t)hf_number(ticket.at + ticket.len - 4, 4),
    };
    hf_store_number(saved.issued, TRACE_NOW, 8);
    return &saved;
}

/* A client has it, and a server finds it in the ticket. */
bool __real_hf_session_find(struct hf_handshake *hs);
bool __wrap_hf_session_find(struct hf_handshake *hs);
struct hf_saved_session *__real_hf_session_open(struct hf_handshake *hs,
                                                struct hf_span sealed,
                                                bool *renew);
struct hf_saved_session *__wrap_hf_session_open(struct hf_handshake *hs,
                                                struct hf_span sealed,
                                                bool *renew);

bool __wrap_hf_session_find(struct hf_handshake *hs)
{
    if (!replay.on || replay.trace != RESUMED)
        return __real_hf_session_find(hs);
    hs->saved = trace_session();
    return true;
}

struct hf_saved_session *__wrap_hf_session_open(struct hf_handshake *hs,
                                                struct hf_span sealed,
                                                bool *renew)
{
    struct hf_saved_session *saved = trace_session();

    if (!replay.on || replay.trace != RESUMED)
        return __real_hf_session_open(hs, sealed, renew);
    assert_same(sealed, saved->ticket);
    *renew = false;
    return saved;
}

/* The share is the public key that the trace gives beside the private one. */
static void check_share(struct hf_span share)
{
    size_t n = replay.scalars - 1;

    for (size_t i = 0; i < row_count; i++)
        if (rows[i].what == A_PAIR && rows[i].trace == replay.trace &&
            rows[i].who == (int)replay.role && !n--) {
            struct bytes key = unhex(rows[i].second);

            assert_same(share, hf_span(key.at, key.len));
            return;
        }
    fail_msg("no key was drawn");
}

static void check_client_hello(struct hf_handshake *hs,
                               const struct hf_client_hello *theirs)
{
    struct hf_key_share_ch shares;
    struct hf_key_share_entry entry;
    struct hf_fault fault;

    assert_memory_equal(theirs->random, hs->random, 32);
    assert_true(hf_wire_read_ext(hf_key_share_ch, &theirs->extensions,
                                 HF_EXT_key_share, &shares, &fault));
    assert_true(hf_wire_next(hf_key_share_entry, &shares.shares, &entry));
    assert_int_equal(entry.group, hs->shares[0].kx->group);
    assert_same(entry.key_exchange, hs->shares[0].share);
    check_share(entry.key_exchange);
    /* From here on we are who said it. */
    hs->session_id_len = (uint8_t)theirs->legacy_session_id.len;
    hf_copy(hs->session_id, theirs->legacy_session_id.at, hs->session_id_len);
    hs->sent = theirs->extensions.present;
}

static void check_server_hello(struct hf_handshake *hs,
                               const struct hf_server_hello *theirs,
                               const struct hf_server_hello *ours)
{
    struct hf_key_share_entry entry;
    struct hf_fault fault;

    assert_int_equal(theirs->cipher_suite, ours->cipher_suite);
    assert_same(theirs->legacy_session_id_echo, ours->legacy_session_id_echo);
    assert_memory_equal(theirs->random, ours->random, 32);
    if (theirs->extensions.place == HF_HRR)
        return;
    assert_true(hf_wire_read_ext(hf_key_share_entry, &theirs->extensions,
                                 HF_EXT_key_share, &entry, &fault));
    assert_int_equal(entry.group, hs->kx->group);
    assert_same(entry.key_exchange, hf_span(hs->reply, hs->kx->reply_len));
    check_share(entry.key_exchange);
}

/* Our message in the trace's form. */
static bool say_recorded(struct hf_handshake *hs, unsigned kind,
                         hf_layout_fn *layout, const void *in)
{
    struct bytes b = recorded(kind, replay.said[kind]++);
    struct hf_span message = hf_span(b.at, b.len);
    union {
        struct hf_client_hello client_hello;
        struct hf_server_hello server_hello;
        struct hf_encrypted_extensions encrypted_extensions;
        struct hf_certificate_request request;
    } theirs;
    struct bytes bound = b;
    struct hf_fault fault;

    assert_true(
        hf_wire_read(layout, hf_span_after(message, 4), &theirs, NULL, &fault));
    if (kind == HF_CLIENT_HELLO)
        check_client_hello(hs, &theirs.client_hello);
    if (kind == HF_CLIENT_HELLO && replay.trace == RESUMED) {
        /* Our binder is the trace's. */
        hf_fill(bound.at + bound.len - 32, 0, 32);
        assert_true(hf_bind_hello(hs, hf_span(bound.at, bound.len)));
        assert_same(hf_span(bound.at, bound.len), message);
    } else if (kind == HF_SERVER_HELLO || kind == HF_HELLO_RETRY_REQUEST)
        check_server_hello(hs, &theirs.server_hello, in);
    return hf_handshake_say(hs, kind, message);
}

bool __wrap_hf_message_send(struct hf_handshake *hs, unsigned kind,
                            hf_layout_fn *layout, const void *in, size_t cap)
{
    switch (replay.on ? kind : HF_FINISHED) {
    case HF_CLIENT_HELLO:
    case HF_SERVER_HELLO:
    case HF_HELLO_RETRY_REQUEST:
    case HF_ENCRYPTED_EXTENSIONS:
    case HF_CERTIFICATE_REQUEST: return say_recorded(hs, kind, layout, in);
    default: return __real_hf_message_send(hs, kind, layout, in, cap);
    }
}

/* ---- the provider ------------------------------------------------------------------- */

/* Randoms and session ids, out of our own hellos. */
static bool trace_random(void *self, void *out, size_t len)
{
    bool client = replay.role == HF_CLIENT;
    struct bytes hello = recorded(client ? HF_CLIENT_HELLO : HF_SERVER_HELLO,
                                  0);

    (void)self;
    assert_int_equal(len, 32);
    assert_true(replay.randoms < (client ? 2 : 1));
    memcpy(out, hello.at + (replay.randoms++ ? 39 : 6), 32);
    return true;
}

static bool verify_weak(void *self, const struct hf_signature *how,
                        const struct hf_public_key *key, struct hf_span message,
                        struct hf_span signature, bool *fault)
{
    const struct hf_crypto c = { &hf_libcrypto, self };
    uint8_t digest[HF_HASH_MAX];

    assert_int_equal(key->bits, 1024);
    assert_true(
        hf_hash_parts(&c, hf_hash_by_id(&c, how->hash), &message, 1, digest));
    return hf_rsa_verify(self, how, key, hf_span(digest, 32), signature, 1024,
                         fault);
}

const struct hf_provider *trace_provider(void)
{
    static const struct hf_signature *schemes[32];
    static struct hf_signature weak;
    static struct hf_provider provider;
    size_t i = 0;

    provider = hf_libcrypto;
    provider.random = trace_random;
    for (; hf_libcrypto.signatures[i]; i++) {
        assert_true(i + 1 < HF_COUNT(schemes));
        schemes[i] = hf_libcrypto.signatures[i];
        if (schemes[i]->scheme == 0x0804) {
            weak = *schemes[i];
            weak.verify = verify_weak;
            schemes[i] = &weak;
        }
    }
    provider.signatures = schemes;
    return &provider;
}
