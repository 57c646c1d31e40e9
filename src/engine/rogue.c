/* rogue.c - see rogue.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/rogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { NO_ALERT = 256 };

static enum hf_role other(enum hf_role role)
{
    return role == HF_CLIENT ? HF_SERVER : HF_CLIENT;
}

/* ---- secrets ---------------------------------------------------------------- */

/* The ends whose secrets are being read; the key log belongs to a config and
 * outlives any of them. */
static struct rogue_end *listening[2];

static void hear_secret(void *ctx, const char *line)
{
    static const char *const labels[ROGUE_SECRETS] = {
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
        "CLIENT_TRAFFIC_SECRET_0 ",
        "SERVER_TRAFFIC_SECRET_0 ",
        "EXPORTER_SECRET ",
        "CLIENT_EARLY_TRAFFIC_SECRET "
    };
    struct rogue_end *end = listening[*(const enum hf_role *)ctx];
    size_t len;

    for (size_t i = 0; end && i < ROGUE_SECRETS; i++) {
        size_t label = strlen(labels[i]);

        if (strncmp(line, labels[i], label))
            continue;
        /* label, 64 digits of random, a blank, the secret */
        assert_true(hf_unhex(hf_span_text(line + label + 65), end->secret[i],
                             HF_HASH_MAX, &len));
        end->have[i] = true;
        if (i == ROGUE_CLIENT_EARLY && end == listening[HF_CLIENT])
            end->early_suite = hf_suite_by_number(
                end->conn->handshake->saved->cipher_suite);
    }
}

static void install(struct rogue_end *end, struct hf_direction *d,
                    const uint8_t *secret, enum hf_epoch epoch)
{
    struct hf_session *s = &end->conn->session;
    const struct hf_crypto *c = &s->settings->crypto;
    /* A client that sends early data has no other yet, or comes to another. */
    const struct hf_suite *suite = epoch == HF_EARLY_DATA && end->early_suite
                                       ? end->early_suite
                                       : s->suite;
    const struct hf_hash *hash;
    const struct hf_aead *aead;
    struct hf_error error = { .code = HF_OK };
    struct hf_hmac hmac = { .hash = NULL };
    uint8_t key[HF_AEAD_KEY_MAX], iv[HF_NONCE_LEN];

    hash = hf_hash_by_id(c, suite->hash);
    aead = hf_suite_aead(c, suite);
    assert_true(hf_hmac_key(&hmac, c, hash, hf_span(secret, hash->len)));
    assert_true(
        hf_expand_label(&hmac, "key", hf_span(NULL, 0), key, aead->key_len));
    assert_true(hf_expand_label(&hmac, "iv", hf_span(NULL, 0), iv, sizeof(iv)));
    /* Not a witness's AEAD: what is sealed again is sealed twice. */
    assert_true(hf_direction_set(d, c->self, aead, key, iv, epoch, &error));
    hf_hmac_wipe(&hmac);
}

/* The secret of what @from says in @epoch, as @end knows it. */
static enum rogue_secret secret_of(enum hf_role from, enum hf_epoch epoch)
{
    if (epoch == HF_EARLY_DATA)
        return ROGUE_CLIENT_EARLY;
    if (epoch == HF_HANDSHAKE)
        return from == HF_CLIENT ? ROGUE_CLIENT_HS : ROGUE_SERVER_HS;
    return from == HF_CLIENT ? ROGUE_CLIENT_AP : ROGUE_SERVER_AP;
}

void rogue_keys(struct rogue *r, enum hf_role to, enum hf_epoch epoch)
{
    struct rogue_end *end = &r->end[to];
    enum rogue_secret which = secret_of(other(to), epoch);

    hf_direction_wipe(&end->to);
    if (epoch == HF_PLAIN)
        return;
    assert_true(end->have[which]);
    install(end, &end->to, end->secret[which], epoch);
}

/* TLS 1.2 has one generation of keys, from the master secret that the end
 * itself has. */
static void install12(struct rogue_end *end, bool sending)
{
    struct hf_direction *d = sending ? &end->from : &end->to;
    struct hf_session copy = end->conn->session;
    struct hf_handshake *hs;

    memcpy(copy.master_secret, end->master, HF_MASTER_LEN);
    copy.watch = NULL;
    copy.error = (struct hf_error){ .code = HF_OK };
    memset(&copy.in, 0, sizeof(copy.in));
    memset(&copy.out, 0, sizeof(copy.out));
    memset(&copy.messages, 0, sizeof(copy.messages));
    hs = hf_handshake_new(&copy);
    assert_non_null(hs);
    assert_true(hf_keys12_install(hs, sending));
    hf_handshake_free(hs);
    hf_direction_wipe(d);
    *d = sending ? copy.out : copy.in;
}

void rogue_keys12(struct rogue *r, enum hf_role to)
{
    install12(&r->end[to], false);
}

static bool is_tls12(const struct rogue_end *end)
{
    return end->conn->session.version == HF_TLS12;
}

static void next_generation(struct rogue_end *end, struct hf_direction *d,
                            enum rogue_secret which)
{
    struct hf_session *s = &end->conn->session;
    struct hf_hmac hmac = { .hash = NULL };

    assert_true(hf_hmac_key(&hmac, &s->settings->crypto, s->hash,
                            hf_span(end->secret[which], s->hash->len)));
    assert_true(hf_expand_label(&hmac, "traffic upd", hf_span(NULL, 0),
                                end->secret[which], s->hash->len));
    hf_hmac_wipe(&hmac);
    install(end, d, end->secret[which], HF_TRAFFIC);
}

void rogue_next_keys(struct rogue *r, enum hf_role to)
{
    next_generation(&r->end[to], &r->end[to].to,
                    secret_of(other(to), HF_TRAFFIC));
}

/* ---- making and ending -------------------------------------------------------- */

bool rogue_hear(struct hf_config *config, enum hf_role role)
{
    static const enum hf_role roles[2] = { HF_CLIENT, HF_SERVER };

    return config->frozen ||
           hf_config_set_keylog(config, hear_secret,
                                (void *)(uintptr_t)&roles[role]);
}

bool rogue_begin(struct rogue *r, struct stage *stage, const char *name,
                 rogue_edit_fn *edit)
{
    memset(r, 0, sizeof(*r));
    r->edit = edit;
    if (!rogue_hear(stage->client, HF_CLIENT) ||
        !rogue_hear(stage->server, HF_SERVER))
        return false;
    r->end[HF_CLIENT].conn = hf_conn_new(stage->client, HF_CLIENT, name);
    r->end[HF_SERVER].conn = hf_conn_new(stage->server, HF_SERVER, NULL);
    for (size_t i = 0; i < 2; i++) {
        listening[i] = &r->end[i];
        r->end[i].alert = NO_ALERT;
        r->end[i].last = HF_NEED_BYTES;
        if (!r->end[i].conn)
            return false;
    }
    return true;
}

void rogue_end(struct rogue *r)
{
    for (size_t i = 0; i < 2; i++) {
        hf_direction_wipe(&r->end[i].from);
        hf_direction_wipe(&r->end[i].to);
        hf_conn_free(r->end[i].conn);
        r->end[i].conn = NULL;
        listening[i] = NULL;
    }
}

/* ---- to an end ------------------------------------------------------------------ */

/* Give it what is pending; the outcome worth telling. */
static enum hf_outcome give(struct rogue_end *end)
{
    enum hf_outcome outcome, told = HF_NEED_BYTES;
    struct hf_span data;
    size_t used;

    do {
        outcome = hf_conn_receive(end->conn, end->pending, end->pending_len,
                                  &used, &data);
        if (outcome == HF_EARLY) {
            assert_true(data.len <= sizeof(end->early) - end->early_len);
            memcpy(end->early + end->early_len, data.at, data.len);
            end->early_len += data.len;
        }
        if (outcome == HF_DATA) {
            assert_true(data.len <= sizeof(end->got) - end->got_len);
            memcpy(end->got + end->got_len, data.at, data.len);
            end->got_len += data.len;
        }
        if (outcome != HF_FAILED)
            memcpy(end->master, end->conn->session.master_secret,
                   HF_MASTER_LEN);
        assert_true(used <= end->pending_len);
        memmove(end->pending, end->pending + used, end->pending_len - used);
        end->pending_len -= used;
        end->asks = outcome == HF_ASKS;
        if (outcome != HF_NEED_BYTES)
            told = outcome;
    } while (outcome == HF_DATA || outcome == HF_READY || outcome == HF_EARLY);
    end->last = told;
    return told;
}

enum hf_outcome rogue_raw(struct rogue *r, enum hf_role to,
                          struct hf_span bytes)
{
    struct rogue_end *end = &r->end[to];

    assert_true(bytes.len <= sizeof(end->pending) - end->pending_len);
    hf_copy(end->pending + end->pending_len, bytes.at, bytes.len);
    end->pending_len += bytes.len;
    return give(end);
}

size_t rogue_seal(struct rogue *r, enum hf_role to, uint8_t type,
                  struct hf_span bytes, uint8_t *out)
{
    struct hf_error error = { .code = HF_OK };
    size_t len = hf_record_seal(&r->end[to].to, type, 0x0303, bytes, out,
                                &error);

    assert_true(len > 0);
    return len;
}

enum hf_outcome rogue_say(struct rogue *r, enum hf_role to, uint8_t type,
                          struct hf_span bytes)
{
    uint8_t room[5 + 16384 + 256 + 17];

    assert_true(bytes.len <= 16384 + 256);
    return rogue_raw(r, to,
                     hf_span(room, rogue_seal(r, to, type, bytes, room)));
}

/* ---- from an end ----------------------------------------------------------------- */

/* The last record as it came: early data that is not taken passes so. */
static uint8_t raw[5 + 16384 + 256];
static size_t raw_len;

/* Does the client's early secret open it? */
static bool opens_early(struct rogue_end *end, struct hf_span bytes)
{
    static uint8_t copy[5 + 16384 + 256];
    struct hf_direction d = { .aead = NULL };
    struct hf_error error = { .code = HF_OK };
    struct hf_span plain;
    struct hf_frame f;
    uint8_t type;
    bool ok;

    if (!end->have[ROGUE_CLIENT_EARLY])
        return false;
    install(end, &d, end->secret[ROGUE_CLIENT_EARLY], HF_EARLY_DATA);
    d.seq = end->from.epoch == HF_EARLY_DATA ? end->from.seq : 0;
    memcpy(copy, bytes.at, bytes.len);
    ok = hf_frame_next(&f, copy, bytes.len, 0, true, &error) ==
             HF_FRAME_WHOLE &&
         hf_record_open(&d, &f, &type, &plain, &error);
    hf_direction_wipe(&d);
    return ok;
}

/* The first keys of a direction, and a client's after its early ones. */
static void find_keys(struct rogue_end *end, enum hf_role from,
                      struct hf_span bytes)
{
    struct hf_direction *d = &end->from;

    if (bytes.at[0] == HF_CONTENT_HANDSHAKE && d->epoch == HF_EARLY_DATA)
        hf_direction_wipe(d); /* asked for another hello */
    if (bytes.at[0] != HF_CONTENT_DATA ||
        (d->aead && d->epoch != HF_EARLY_DATA))
        return;
    if (from == HF_SERVER || !opens_early(end, bytes))
        install(end, d, end->secret[secret_of(from, HF_HANDSHAKE)],
                HF_HANDSHAKE);
    else if (!d->aead)
        install(end, d, end->secret[ROGUE_CLIENT_EARLY], HF_EARLY_DATA);
}

/* What an end has to say next: what it sealed itself, or what it wants said. */
static struct hf_span said(const struct rogue_end *end)
{
    return end->sealed_len ? hf_span(end->sealed, end->sealed_len)
                           : hf_conn_outgoing(end->conn);
}

static void was_said(struct rogue_end *end, size_t len)
{
    raw_len = len;
    memcpy(raw, said(end).at, len);
    if (!end->sealed_len) {
        hf_conn_sent(end->conn, len);
        return;
    }
    end->sealed_len -= len;
    memmove(end->sealed, end->sealed + len, end->sealed_len);
}

/* Where messages are cut, a record may begin with any byte.  Each message begins
 * a record. */
static bool goes_on(struct rogue_end *end, const struct rogue_record *record)
{
    bool more = end->unsaid != 0;

    if (record->type != HF_CONTENT_HANDSHAKE)
        return false;
    if (!more && record->len >= 4)
        end->unsaid = 4 + hf_number(record->bytes + 1, 3);
    end->unsaid -= record->len < end->unsaid ? record->len : end->unsaid;
    return more;
}

/* One record of what @from has to say. */
static bool take(struct rogue *r, enum hf_role from, struct rogue_record *out)
{
    struct rogue_end *end = &r->end[from];
    struct hf_span bytes = said(end), plain;
    struct hf_error error = { .code = HF_OK };
    static uint8_t copy[5 + 16384 + 256];
    struct hf_frame f;
    size_t n = bytes.len < sizeof(copy) ? bytes.len : sizeof(copy);

    if (!bytes.len)
        return false;
    memcpy(copy, bytes.at, n);
    if (!is_tls12(end))
        find_keys(end, from, hf_span(copy, n));
    assert_int_equal(
        hf_frame_next(&f, copy, n, 0, end->from.aead != NULL, &error),
        HF_FRAME_WHOLE);
    *out = (struct rogue_record){ .from = from,
                                  .number = end->records++,
                                  .epoch = end->from.epoch,
                                  .type = f.type };
    plain = hf_span(f.body, f.len);
    if ((f.type == HF_CONTENT_DATA || end->from.tls12) &&
        !hf_record_open(&end->from, &f, &out->type, &plain, &error))
        fail_msg("the rogue cannot open record %zu: %s", out->number,
                 hf_error_name(error.code));
    out->len = plain.len;
    memcpy(out->bytes, plain.at, plain.len);
    out->goes_on = goes_on(end, out);
    was_said(end, 5 + f.len);
    return true;
}

/* Whatever changes the keys of this direction, at either end. */
static void follow_from(struct rogue *r, const struct rogue_record *record)
{
    struct rogue_end *end = &r->end[record->from];

    if (record->type == HF_CONTENT_ALERT && record->len == 2)
        end->alert = record->bytes[1];
    if (record->type == HF_CONTENT_CCS && is_tls12(end))
        install12(end, true);
    if (record->type != HF_CONTENT_HANDSHAKE || record->goes_on ||
        !record->epoch || is_tls12(end))
        return;
    if (record->bytes[0] == HF_END_OF_EARLY_DATA)
        install(end, &end->from, end->secret[ROGUE_CLIENT_HS], HF_HANDSHAKE);
    else if (record->bytes[0] == HF_FINISHED)
        install(end, &end->from,
                end->secret[secret_of(record->from, HF_TRAFFIC)], HF_TRAFFIC);
    else if (record->bytes[0] == HF_KEY_UPDATE)
        next_generation(end, &end->from, secret_of(record->from, HF_TRAFFIC));
}

static void follow_to(struct rogue *r, enum hf_role to, unsigned kind,
                      unsigned epoch)
{
    struct rogue_end *end = &r->end[to];

    if (is_tls12(end))
        return;
    if (epoch && kind == HF_FINISHED &&
        end->have[secret_of(other(to), HF_TRAFFIC)])
        rogue_keys(r, to, HF_TRAFFIC);
    else if (epoch && kind == HF_KEY_UPDATE)
        rogue_next_keys(r, to);
}

static void forward(struct rogue *r, const struct rogue_record *record,
                    unsigned kind, unsigned epoch)
{
    enum hf_role to = other(record->from);
    struct rogue_end *end = &r->end[to];

    if (epoch == HF_HANDSHAKE &&
        (!end->to.aead || end->to.epoch == HF_EARLY_DATA) &&
        end->have[secret_of(record->from, HF_HANDSHAKE)])
        rogue_keys(r, to, HF_HANDSHAKE);
    if (epoch == HF_EARLY_DATA && !end->have[ROGUE_CLIENT_EARLY]) {
        end->early_raw++; /* it may yet come to have the keys */
        rogue_raw(r, to, hf_span(raw, raw_len));
        return;
    }
    if (epoch == HF_EARLY_DATA && !end->to.aead) {
        rogue_keys(r, to, HF_EARLY_DATA);
        end->to.seq = end->early_raw;
    }
    if (record->type == HF_CONTENT_CCS && !end->to.tls12) {
        uint8_t ccs[64] = { HF_CONTENT_CCS, 3, 3, 0, (uint8_t)record->len };

        assert_true(record->len <= sizeof(ccs) - 5);
        memcpy(ccs + 5, record->bytes, record->len);
        rogue_raw(r, to, hf_span(ccs, 5 + record->len));
        if (is_tls12(end) && end->conn->session.in.tls12)
            install12(end, false);
    } else {
        rogue_say(r, to, record->type, hf_span(record->bytes, record->len));
    }
    if (record->type == HF_CONTENT_HANDSHAKE)
        follow_to(r, to, kind, epoch);
}

bool rogue_pass(struct rogue *r, enum hf_role from)
{
    static struct rogue_record record;
    unsigned kind, epoch;

    if (!take(r, from, &record))
        return false;
    kind = record.type == HF_CONTENT_HANDSHAKE && !record.goes_on
               ? record.bytes[0]
               : 0;
    epoch = record.epoch;
    follow_from(r, &record);
    if (r->edit)
        r->edit(r, &record);
    if (!record.drop)
        forward(r, &record, kind, epoch);
    return true;
}

size_t rogue_early(struct rogue *r, struct hf_span data)
{
    struct rogue_end *end = &r->end[HF_CLIENT];
    size_t taken;

    if (!end->records)
        give(end);
    while (rogue_pass(r, HF_CLIENT))
        continue;
    end->sealed_len = hf_conn_send_early(end->conn, data, end->sealed,
                                         sizeof(end->sealed), &taken);
    while (end->sealed_len && rogue_pass(r, HF_CLIENT))
        continue;
    return taken;
}

bool rogue_run(struct rogue *r)
{
    bool more = true;

    give(&r->end[HF_CLIENT]);
    if (r->end[HF_SERVER].asks) /* may have been answered */
        give(&r->end[HF_SERVER]);
    while (more)
        more = rogue_pass(r, HF_CLIENT) || rogue_pass(r, HF_SERVER);
    return hf_conn_ready(r->end[HF_CLIENT].conn) &&
           hf_conn_ready(r->end[HF_SERVER].conn);
}

/* ---- what became of it --------------------------------------------------------------- */

unsigned rogue_alert(const struct hf_conn *conn, unsigned code)
{
    enum { HANDSHAKE_FAILURE = 40 };

    return code == HF_E_NO_PEER_CERTIFICATE && hf_conn_version(conn) == HF_TLS12
               ? HANDSHAKE_FAILURE
               : hf_error_alert(code);
}

void rogue_expect_words(const struct rogue *r, enum hf_role who, unsigned code,
                        const char *words)
{
    const struct rogue_end *end = &r->end[who];
    const struct hf_error *error = hf_conn_error(end->conn);
    unsigned alert = rogue_alert(end->conn, code);

    if (error->code != code || !strstr(error->detail, words))
        fail_msg("%s: \"%s\", not %s with \"%s\"", hf_error_name(error->code),
                 error->detail, hf_error_name(code), words);
    assert_int_equal(end->last, HF_FAILED);
    assert_false(hf_conn_ready(end->conn));
    if (!error->by_peer)
        assert_int_equal(end->alert, alert ? alert : NO_ALERT);
}

void rogue_expect(const struct rogue *r, enum hf_role who, unsigned code)
{
    rogue_expect_words(r, who, code, "");
}
