/* fuzz_engine.c - a whole connection, with a peer that sends anything.
 *
 * The first two bytes say who we are and what we were told; the rest is what the
 * peer sends.  With the mild provider (mild.h) nothing is out of reach: a
 * fuzzer can finish the handshake, change keys, close.  Then:
 *
 *   the outcome, what was said, and what was heard are the same however the
 *   bytes are cut into calls (what is said is taken when the handshake is over
 *   and at the end: how many key updates are answered depends on that);
 *   every call takes bytes, tells something, or wants more;
 *   who is connected has seen a right signature of whom it must know, and has
 *   agreed on nothing that it was told not to;
 *   bytes that end without close_notify are a failure;
 *   what failed has a reason, says at most one alert, and stays failed. */
#define HF_UNPOISONED
#include "fuzz.h"
#include "handfast/engine.h"
#include "mild.h"
#include "record/record.h"
#include "wire/wire.h"
#include "x509/x509.h"

#include <stdlib.h>
#include <string.h>

/* What the first byte means. */
enum {
    AS_SERVER = 1 << 0,
    ASK_CLIENT = 1 << 1, /* optional client certificate */
    REQUIRE_CLIENT = 1 << 2,
    ONLY_P256 = 1 << 3, /* server: so that a retry is needed */
    WITH_ALPN = 1 << 4,
    CLOSE_FIRST = 1 << 5, /* close_notify as soon as we are ready */
    UPDATE_KEYS = 1 << 6,
    BY_SEVENS = 1 << 7 /* cut into sevens, not single bytes */
};
/* And the second: versions, and ChaCha20 alone, whose records are another kind
 * in TLS 1.2; sessions: a client has one to offer, of either version, a server
 * gives tickets and takes whatever is called one. */
enum {
    ONLY_TLS12 = 1 << 0,
    ALSO_TLS12 = 1 << 1,
    ONLY_CHACHA = 1 << 2,
    WITH_SESSIONS = 1 << 3,
    SESSION_OF_TLS12 = 1 << 4,
    WITH_MORE = 1 << 5, /* compressed certificates, and timestamps */
    ONLY_X25519 = 1 << 6
};
enum { SAID_MAX = 1 << 16 };

/* Made by `handfast ca`: a leaf for localhost on P-256.  Whether it is still
 * valid does not matter: nobody verifies. */
static const char chain[] =
#include "mild_chain.inc"
    ;

struct run {
    enum hf_outcome outcome;
    struct hf_error error;
    uint8_t said[SAID_MAX], heard[SAID_MAX];
    size_t said_len, heard_len;
    bool ready;
};

static void set_versions(struct hf_config *config, uint8_t versions)
{
    static const uint16_t chacha[] = { 0x1303, 0xcca9, 0 };

    if (versions & (ONLY_TLS12 | ALSO_TLS12))
        MUST(hf_config_set_versions(
            config, HF_TLS12, versions & ONLY_TLS12 ? HF_TLS12 : HF_TLS13));
    if (versions & ONLY_CHACHA)
        MUST(hf_config_set_suites(config, chacha));
}

/* ---- who has proved what ---------------------------------------------------------- */

static unsigned proofs; /* right signatures of the peer */

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    bool right = mild_provider.signatures[0]->verify(self, how, key, message,
                                                     signature, fault);

    proofs += right;
    return right;
}

/* Whatever is announced, there is a limit to what is made of it. */
static bool expand(void *self, struct hf_span in, uint8_t *out, size_t len,
                   bool *fault)
{
    MUST(len <= HF_CHAIN_BYTES_MAX);
    return mild_provider.compressions[0]->expand(self, in, out, len, fault);
}

/* The mild one, with its one signature and its one way to compress. */
static const struct hf_provider *provider(void)
{
    static struct hf_signature counted;
    static struct hf_compression bounded;
    static const struct hf_signature *const signatures[] = { &counted, NULL };
    static const struct hf_compression *const compressions[] = { &bounded,
                                                                 NULL };
    static struct hf_provider mild;

    MUST(!mild_provider.signatures[1] && !mild_provider.compressions[1]);
    bounded = *mild_provider.compressions[0];
    bounded.expand = expand;
    counted = *mild_provider.signatures[0];
    counted.verify = verify;
    mild = mild_provider;
    mild.signatures = signatures;
    mild.compressions = compressions;
    return &mild;
}

static void check_ready(const struct hf_conn *conn, uint8_t how,
                        uint8_t versions)
{
    unsigned suite = hf_conn_suite(conn), version = hf_conn_version(conn);
    bool client = !(how & AS_SERVER);

    MUST(hf_conn_resumed(conn) || !(client || how & REQUIRE_CLIENT) || proofs);
    MUST(!(versions & ONLY_CHACHA) || suite == 0x1303 || suite == 0xcca9);
    MUST(hf_conn_resumed(conn) || !client || !(versions & ONLY_X25519) ||
         hf_conn_group(conn) == 29);
    MUST(version == HF_TLS12 ? versions & (ONLY_TLS12 | ALSO_TLS12)
                             : !(versions & ONLY_TLS12));
}

/* ---- sessions -------------------------------------------------------------------- */

static int64_t now(void *ctx)
{
    (void)ctx;
    return 1800000000;
}

static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    (void)ctx;
    memset(out->name, 0, sizeof(out->name));
    memset(out->secret, 1, sizeof(out->secret));
    *newest = true;
    if (name) /* whatever it is called */
        memcpy(out->name, name, sizeof(out->name));
    return true;
}

static bool put(void *ctx, struct hf_span key, struct hf_span session,
                int64_t expires)
{
    (void)ctx;
    (void)key;
    (void)expires;
    MUST(session.len <= HF_SESSION_MAX);
    return true;
}

/* Always the same: sealed mildly, it lies in the clear between the name and the
 * seed of its key and a tag. */
static size_t get(void *ctx, struct hf_span key, bool take, uint8_t *out,
                  size_t cap)
{
    enum { HEAD = 16 + 32, TAG = 16, ROOM = 2048 };
    static uint8_t room[ROOM];
    static const uint8_t zeroes[48];
    bool tls12 = ctx != NULL, bad;
    uint8_t leaf[1024], chain_room[1040];
    struct hf_asn1_cert cert = { { leaf, 0 } };
    struct hf_span text = { (const uint8_t *)chain, sizeof(chain) - 1 };
    struct hf_pem pem;
    size_t len;
    struct hf_writer list = hf_writer(chain_room, sizeof(chain_room));
    struct hf_writer w = hf_writer(room + HEAD, ROOM - HEAD - TAG);
    struct hf_saved_session saved = {
        .format = 2,
        .version = tls12 ? HF_TLS12 : HF_TLS13,
        .cipher_suite = tls12 ? 0xc02b : 0x1301,
        .lifetime = 1000,
        .secret = { zeroes, tls12 ? 48 : 32 },
        .ticket = { zeroes, 8 },
    };

    (void)key;
    (void)take;
    MUST(hf_pem_next(&text, &pem, &bad) &&
         hf_unbase64(pem.base64, leaf, sizeof(leaf), &cert.cert_data.len));
    hf_wire_write(hf_asn1_cert, &list, &cert);
    saved.chain = hf_written(&list);
    hf_store_number(saved.issued, (uint64_t)now(NULL), 8);
    hf_wire_write(hf_saved_session, &w, &saved);
    MUST(!w.full);
    len = HEAD + hf_written(&w).len + TAG;
    if (out && len > cap)
        return 0;
    if (out)
        memcpy(out, room, len);
    return len;
}

static void set_sessions(struct hf_config *config, uint8_t versions)
{
    static char of_tls12;
    struct hf_sessions sessions = { versions & SESSION_OF_TLS12 ? &of_tls12
                                                                : NULL,
                                    put, get };

    MUST(hf_config_set_clock(config, now, NULL));
    MUST(hf_config_insecure_no_time_check(config));
    MUST(hf_config_set_ticket_keys(config, find_key, NULL));
    MUST(hf_config_set_sessions(config, &sessions));
}

static void set_more(struct hf_config *config)
{
    static const uint16_t stored[] = { HF_COMPRESSION_ZLIB, 0 };
    static const uint8_t scts[] = { 0, 3, 0, 1, 5 };

    MUST(hf_config_set_cert_compression(config, stored));
    MUST(hf_config_ask_scts(config, true));
    MUST(hf_config_add_scts(config, (struct hf_span){ scts, sizeof(scts) }));
}

/* Whoever sent them: they can be asked for. */
static void see_timestamps(const struct hf_conn *conn)
{
    size_t count = hf_conn_scts(conn), n = 0;
    struct hf_sct sct;

    while (hf_conn_sct(conn, n, &sct)) {
        MUST(sct.bytes.len > 0 && sct.version > 0);
        MUST(!sct.log_id.len || sct.log_id.len == 32);
        n++;
    }
    MUST(n == (count < HF_SCTS_MAX ? count : HF_SCTS_MAX));
}

static struct hf_config *make_config(uint8_t how, uint8_t versions)
{
    static const char *const alpn[] = { "h2", "http/1.1", NULL };
    static const uint16_t one[] = { 23, 0 }, other[] = { 29, 0 };
    struct hf_config *config = hf_config_new();

    MUST(config && hf_config_set_provider(config, provider()));
    MUST(hf_config_insecure_no_verify(config));
    MUST(hf_config_set_questions(config, HF_ASK_SIGN | HF_ASK_VERIFY));
    MUST(hf_config_add_chain(
        config, (struct hf_span){ (const uint8_t *)chain, sizeof(chain) - 1 }));
    set_versions(config, versions);
    if (versions & WITH_SESSIONS)
        set_sessions(config, versions);
    if (how & WITH_ALPN)
        MUST(hf_config_set_protocols(config, alpn));
    if (how & ASK_CLIENT)
        MUST(hf_config_set_client_auth(config, HF_CLIENT_AUTH_OPTIONAL));
    if (how & REQUIRE_CLIENT)
        MUST(hf_config_set_client_auth(config, HF_CLIENT_AUTH_REQUIRED));
    if (how & ONLY_P256 && how & AS_SERVER)
        MUST(hf_config_set_groups(config, one));
    else if (versions & ONLY_X25519)
        MUST(hf_config_set_groups(config, other));
    if (versions & WITH_MORE)
        set_more(config);
    MUST(hf_config_freeze(config));
    return config;
}

static void collect(struct hf_conn *conn, struct run *run)
{
    struct hf_span out = hf_conn_outgoing(conn);
    size_t room = SAID_MAX - run->said_len;
    size_t n = out.len < room ? out.len : room;

    if (n)
        memcpy(run->said + run->said_len, out.at, n);
    run->said_len += n;
    hf_conn_sent(conn, out.len);
}

static void answer(struct hf_conn *conn)
{
    static const uint8_t signature[8] = { 0 };
    struct hf_answer a = { .signature = { signature, 8 }, .accept = true };

    MUST(hf_conn_question(conn).kind != 0);
    MUST(hf_conn_answer(conn, &a));
}

static void hear(struct run *run, struct hf_span data)
{
    size_t room = SAID_MAX - run->heard_len;
    size_t n = data.len < room ? data.len : room;

    memcpy(run->heard + run->heard_len, data.at, n);
    run->heard_len += n;
}

static void become_ready(struct hf_conn *conn, uint8_t how, uint8_t versions,
                         struct run *run)
{
    MUST(!run->ready && hf_conn_ready(conn));
    check_ready(conn, how, versions);
    run->ready = true;
    collect(conn, run);
    if (how & UPDATE_KEYS)
        MUST(hf_conn_update_keys(conn, true) ==
             (hf_conn_version(conn) == HF_TLS13));
    if (how & CLOSE_FIRST)
        hf_conn_close(conn);
}

/* One call with the bytes from @at to @end.  False: it is over. */
static bool step(struct hf_conn *conn, const uint8_t *told, uint8_t *bytes,
                 size_t *at, size_t end, struct run *run)
{
    struct hf_span data;
    size_t used;

    run->outcome = hf_conn_receive(conn, bytes + *at, end - *at, &used, &data);
    MUST(used <= end - *at);
    MUST(!data.len || (data.at >= bytes + *at && data.len <= used));
    *at += used;
    if (run->outcome == HF_DATA)
        hear(run, data);
    else if (run->outcome == HF_READY)
        become_ready(conn, told[0], told[1], run);
    else if (run->outcome == HF_ASKS)
        answer(conn);
    return run->outcome != HF_FAILED && run->outcome != HF_CLOSED;
}

/* Everything, @chunk bytes at a time. */
static void play(struct hf_config *config, const uint8_t *told,
                 const uint8_t *data, size_t size, size_t chunk,
                 struct run *run)
{
    enum hf_role role = told[0] & AS_SERVER ? HF_SERVER : HF_CLIENT;
    struct hf_conn *conn = hf_conn_new(config, role, "localhost");
    uint8_t *bytes = malloc(size + 1);
    size_t at = 0, end = 0;
    bool more = true;

    memset(run, 0, sizeof(*run));
    proofs = 0;
    MUST(conn && bytes);
    memcpy(bytes, data, size);
    while (more) {
        size_t before = at;

        more = step(conn, told, bytes, &at, end, run);
        if (!more || run->outcome != HF_NEED_BYTES || at != before)
            continue;
        if (end == size)
            break;
        end = size - end < chunk ? size : end + chunk;
    }
    if (run->outcome == HF_NEED_BYTES) {
        run->outcome = hf_conn_eof(conn);
        MUST(run->outcome == HF_FAILED);
    }
    collect(conn, run);
    run->error = *hf_conn_error(conn);
    if (run->outcome == HF_FAILED) {
        MUST(run->error.code != HF_OK);
        MUST(hf_conn_receive(conn, bytes, 0, &at, &(struct hf_span){ 0 }) ==
             HF_FAILED);
        MUST(!hf_conn_outgoing(conn).len);
    }
    see_timestamps(conn);
    free(bytes);
    hf_conn_free(conn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run whole, pieces;
    struct hf_config *config;
    uint8_t how;

    if (size < 2)
        return 0;
    how = data[0];
    config = make_config(how, data[1]);
    play(config, data, data + 2, size - 2, SIZE_MAX / 2, &whole);
    play(config, data, data + 2, size - 2, how & BY_SEVENS ? 7 : 1, &pieces);
    MUST(whole.outcome == pieces.outcome && whole.ready == pieces.ready);
    MUST(whole.error.code == pieces.error.code &&
         whole.error.alert == pieces.error.alert &&
         whole.error.byte == pieces.error.byte);
    MUST(whole.said_len == pieces.said_len &&
         memcmp(whole.said, pieces.said, whole.said_len) == 0);
    MUST(whole.heard_len == pieces.heard_len &&
         memcmp(whole.heard, pieces.heard, whole.heard_len) == 0);
    hf_config_free(config);
    return 0;
}
