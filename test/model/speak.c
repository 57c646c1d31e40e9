/* speak.c - everything but hellos, written out: see cast.h. */
#define HF_UNPOISONED
#include "cast.h"

#include "../fuzz/mild.h"
#include "firm.h"

#include <string.h>

#include "certificates.inc"

enum { ECDSA = 0x0403, SIGNATURE = 8, SHARE = 32, X25519 = 29, STORED = 1 };

struct hf_span speak_authority(void)
{
    return hf_span_text(authority);
}

struct hf_span speak_chain(bool rsa)
{
    return hf_span_text(rsa ? chain_rsa : chain_ecdsa);
}

static struct hf_span leaf_of(bool rsa)
{
    static uint8_t leaf[2][1024];
    static size_t len[2];
    struct hf_span text = speak_chain(rsa);
    struct hf_pem pem;
    bool bad;

    if (!len[rsa] &&
        (!hf_pem_next(&text, &pem, &bad) ||
         !hf_unbase64(pem.base64, leaf[rsa], sizeof(leaf[rsa]), &len[rsa])))
        len[rsa] = 0;
    return hf_span(leaf[rsa], len[rsa]);
}

/* Servers of RSA key transport show an RSA key; nobody else does. */
static bool shows_rsa(const struct play *p)
{
    return p->cast->scenario->is & RSA && !(p->cast->scenario->is & IS_SERVER);
}

static bool is_tls12(const struct play *p)
{
    return hf_conn_version(p->victim) == HF_TLS12;
}

static void put_fill(struct hf_writer *w, uint8_t byte, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hf_put(w, byte, 1);
}

/* ---- bodies --------------------------------------------------------------------- */

static void put_certificate(struct hf_writer *w, const struct play *p,
                            bool empty)
{
    struct hf_span leaf = leaf_of(shows_rsa(p));
    bool tls12 = is_tls12(p);
    size_t mark;

    if (!tls12)
        hf_put(w, 0, 1); /* context */
    mark = hf_writer_open(w, 3);
    if (!empty) {
        hf_put(w, (uint32_t)leaf.len, 3);
        hf_put_bytes(w, leaf);
        if (!tls12)
            hf_put(w, 0, 2); /* extensions */
    }
    hf_writer_close(w, mark, 3);
}

/* RFC 8879 4, as the mild provider compresses: a byte that is the length. */
static void put_compressed(struct hf_writer *w, const struct play *p)
{
    uint8_t plain[1100];
    struct hf_writer inner = hf_writer(plain, sizeof(plain));
    struct hf_span bytes;

    put_certificate(&inner, p, false);
    bytes = hf_written(&inner);
    hf_put(w, STORED, 2);
    hf_put(w, (uint32_t)bytes.len, 3);
    hf_put(w, (uint32_t)bytes.len + 1, 3);
    hf_put(w, (uint8_t)bytes.len, 1);
    hf_put_bytes(w, bytes);
}

static void put_request(struct hf_writer *w, bool tls12)
{
    if (tls12) {
        hf_put(w, 0x0140, 2); /* ecdsa_sign */
        hf_put(w, 2, 2);
        hf_put(w, ECDSA, 2);
        hf_put(w, 0, 2); /* any authority */
        return;
    }
    hf_put(w, 0, 1);
    hf_put(w, 8, 2); /* extensions: signature_algorithms */
    hf_put(w, 13, 2);
    hf_put(w, 4, 2);
    hf_put(w, 2, 2);
    hf_put(w, ECDSA, 2);
}

static void put_verify(struct hf_writer *w, bool bad)
{
    hf_put(w, ECDSA, 2);
    hf_put(w, SIGNATURE, 2);
    put_fill(w, bad ? MILD_WRONG : 0, SIGNATURE);
}

/* A bad one is what the victim would say itself: the right length, the right
 * keys of the wrong side. */
static void put_finished(struct hf_writer *w, const struct play *p, bool bad)
{
    static const uint8_t digest[HF_HASH_MAX];
    struct hf_session *s = &p->victim->session;
    struct hf_handshake *hs = p->victim->handshake;
    size_t len = is_tls12(p) ? HF_FINISHED12_LEN : s->hash ? s->hash->len : 32;
    enum hf_role who = (s->role == HF_CLIENT) == bad ? HF_CLIENT : HF_SERVER;
    uint8_t mac[HF_HASH_MAX] = { 0 };
    bool ok = true;

    if (hs && s->hash && is_tls12(p) && hs->master.hash)
        ok = hf_keys12_finished(hs, who, digest, mac);
    else if (hs && s->hash && !is_tls12(p))
        ok = hf_keys13_finished(
            s, who == HF_CLIENT ? hs->client_hs : hs->server_hs, digest, mac);
    hf_put_bytes(w, hf_span(mac, ok ? len : 0));
}

static void put_ticket(struct hf_writer *w, bool tls12)
{
    hf_put(w, 3600, 4);
    if (!tls12) {
        hf_put(w, 0, 4);      /* age_add */
        hf_put(w, 0x0100, 2); /* nonce: one zero */
    }
    hf_put(w, 16, 2);
    put_fill(w, 7, 16);
    if (!tls12)
        hf_put(w, 0, 2); /* extensions */
}

static void put_server_kx(struct hf_writer *w)
{
    hf_put(w, 3, 1); /* named_curve */
    hf_put(w, X25519, 2);
    hf_put(w, SHARE, 1);
    put_fill(w, 0, SHARE);
    put_verify(w, false);
}

static void put_client_kx(struct hf_writer *w, const struct play *p)
{
    const struct hf_handshake *hs = p->victim->handshake;
    uint8_t secret[HF_PREMASTER_LEN] = { 3, 3 }, sealed[256];

    if (hs && hf_rsa12_in_use(hs) && is_tls12(p)) {
        hf_put(w, (uint32_t)firm_premaster(sealed, sizeof(sealed), secret), 2);
        hf_put_bytes(w, HF_SPAN(sealed));
        return;
    }
    hf_put(w, SHARE, 1);
    put_fill(w, 0, SHARE);
}

static void put_body(struct hf_writer *w, const struct play *p, enum say say)
{
    bool tls12 = is_tls12(p);

    switch ((int)say) {
    case SAY_EXTENSIONS_EARLY:
        hf_put(w, 4, 2);
        hf_put(w, 42, 2);
        hf_put(w, 0, 2);
        break;
    case SAY_EXTENSIONS: hf_put(w, 0, 2); break;
    case SAY_REQUEST: put_request(w, tls12); break;
    case SAY_CERTIFICATE:
    case SAY_NO_CERTIFICATE:
        put_certificate(w, p, say == SAY_NO_CERTIFICATE);
        break;
    case SAY_VERIFY:
    case SAY_BAD_VERIFY: put_verify(w, say == SAY_BAD_VERIFY); break;
    case SAY_FINISHED:
    case SAY_BAD_FINISHED: put_finished(w, p, say == SAY_BAD_FINISHED); break;
    case SAY_KEY_UPDATE:
    case SAY_KEY_UPDATE_ASK: hf_put(w, say == SAY_KEY_UPDATE_ASK, 1); break;
    case SAY_NEW_TICKET: put_ticket(w, tls12); break;
    case SAY_SERVER_KX: put_server_kx(w); break;
    case SAY_COMPRESSED: put_compressed(w, p); break;
    case SAY_CLIENT_KX: put_client_kx(w, p); break;
    case SAY_STATUS:
        hf_put(w, 0x01000001, 4);
        hf_put(w, 0, 1);
        break;
    default: break; /* it is empty */
    }
}

/* ---- messages ----------------------------------------------------------------------- */

static unsigned kind_of(enum say say)
{
    static const uint16_t kinds[SAYS] = {
        [SAY_EXTENSIONS] = HF_ENCRYPTED_EXTENSIONS,
        [SAY_EXTENSIONS_EARLY] = HF_ENCRYPTED_EXTENSIONS,
        [SAY_REQUEST] = HF_CERTIFICATE_REQUEST,
        [SAY_CERTIFICATE] = HF_CERTIFICATE,
        [SAY_NO_CERTIFICATE] = HF_CERTIFICATE,
        [SAY_COMPRESSED] = HF_COMPRESSED_CERTIFICATE,
        [SAY_VERIFY] = HF_CERTIFICATE_VERIFY,
        [SAY_BAD_VERIFY] = HF_CERTIFICATE_VERIFY,
        [SAY_FINISHED] = HF_FINISHED,
        [SAY_BAD_FINISHED] = HF_FINISHED,
        [SAY_END_OF_EARLY_DATA] = HF_END_OF_EARLY_DATA,
        [SAY_KEY_UPDATE] = HF_KEY_UPDATE,
        [SAY_KEY_UPDATE_ASK] = HF_KEY_UPDATE,
        [SAY_NEW_TICKET] = HF_NEW_SESSION_TICKET,
        [SAY_SERVER_KX] = HF_SERVER_KEY_EXCHANGE,
        [SAY_HELLO_DONE] = HF_SERVER_HELLO_DONE,
        [SAY_CLIENT_KX] = HF_CLIENT_KEY_EXCHANGE,
        [SAY_STATUS] = HF_CERTIFICATE_STATUS,
        [SAY_HELLO_REQUEST] = HF_HELLO_REQUEST,
        [SAY_UNKNOWN] = 99,
    };

    return kinds[say];
}

static void put_alert(struct hf_writer *w, enum say say)
{
    static const uint16_t alerts[SAYS] = {
        [SAY_CLOSE] = 0x0100,
        [SAY_CANCELED] = 0x015a,
        [SAY_WARNING] = 0x0170,
        [SAY_FATAL] = 0x0250,
    };

    hf_put(w, alerts[say], 2);
}

size_t speak_message(const struct play *p, enum say say, uint8_t *out,
                     size_t cap, uint8_t *type)
{
    struct hf_writer w = hf_writer(out, cap);
    size_t mark;

    if (say == SAY_CCS || say == SAY_DATA) {
        *type = say == SAY_CCS ? HF_CONTENT_CCS : HF_CONTENT_DATA;
        hf_put(&w, 1, 1);
    } else if (say >= SAY_CLOSE) {
        *type = HF_CONTENT_ALERT;
        put_alert(&w, say);
    } else {
        *type = HF_CONTENT_HANDSHAKE;
        hf_put(&w, kind_of(say), 1);
        mark = hf_writer_open(&w, 3);
        put_body(&w, p, say);
        hf_writer_close(&w, mark, 3);
    }
    return w.full ? 0 : hf_written(&w).len;
}
