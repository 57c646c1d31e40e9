/* record.c - opening and sealing records: whatever came, what is decrypted and
 * handed out lies in the record; what is sealed fits where it goes.
 *
 * Cryptography is any: it may say yes to anything.  Taking off the padding has
 * a proof of its own (strip.c). */
#include "proof.h"

#include "record/record.h"

static const uint8_t *there; /* where the record's bytes are */
static size_t room;          /* how many */

#include "record/fragment.c"
#include "record/protect12.c"
#include "record/protect13.c"

enum { MOST = 65535 };

static bool open_any(void *state, const struct hf_open *one)
{
    (void)state;
    PROVE(__CPROVER_r_ok(one->nonce, HF_NONCE_LEN));
    PROVE(__CPROVER_r_ok(one->aad.at, one->aad.len));
    PROVE(one->in.len >= HF_TAG_LEN);
    PROVE(__CPROVER_r_ok(one->in.at, one->in.len));
    PROVE(one->out == one->in.at);
    return nondet_bool();
}

static bool seal_any(void *state, const struct hf_seal *one)
{
    size_t len = one->in.len + one->tail.len + HF_TAG_LEN;

    (void)state;
    PROVE(__CPROVER_r_ok(one->nonce, HF_NONCE_LEN));
    PROVE(__CPROVER_r_ok(one->aad.at, one->aad.len));
    PROVE(one->out >= there && len <= room - (size_t)(one->out - there));
    return nondet_bool();
}

static const struct hf_aead aead = {
    .name = "any", .seal_limit = 1u << 24, .open = open_any, .seal = seal_any
};

bool any_strip(struct hf_span *plain, uint8_t *type, struct hf_error *error)
{
    size_t len = nondet_size();

    *type = nondet_byte();
    if (!*type || !plain->len)
        return hf_fail(error, HF_E_RECORD_EMPTY, NULL);
    ASSUME(len < plain->len);
    plain->len = len;
    return true;
}

static struct hf_direction any_direction(bool tls12)
{
    struct hf_direction d = { .aead = nondet_bool() || tls12 ? &aead : NULL,
                              .tls12 = tls12 };

    d.seq = (uint64_t)nondet_size();
    d.limit.most = (uint16_t)(nondet_word() & 0x7fff);
    d.limit.whole = nondet_bool() && !tls12;
    d.explicit_len = tls12 && nondet_bool() ? 8 : 0;
    /* RFC 8449 4: at least 64 bytes. */
    ASSUME(!d.limit.most ||
           (d.limit.most >= 63 && d.limit.most <= HF_PLAINTEXT_MAX));
    return d;
}

/* What is moved and filled lies in the record that is made. */
void any_move(void *to, const void *from, size_t len)
{
    PROVE(!len || (__CPROVER_w_ok(to, len) && __CPROVER_r_ok(from, len)));
}

void any_fill(void *to, uint8_t byte, size_t len)
{
    (void)byte;
    PROVE(!len || __CPROVER_w_ok(to, len));
}

static size_t zeroes; /* as many as prove_padding() says that there may be */

size_t any_padding(const struct hf_direction *d, size_t len)
{
    (void)d;
    (void)len;
    return zeroes;
}

/* A frame as prove_frame() says that it is. */
static void open_frame(bool tls12)
{
    struct hf_direction d = any_direction(tls12), before = d;
    struct hf_span bytes = any_bytes(MOST), plain;
    struct hf_frame frame = { .type = nondet_byte() };
    struct hf_error error = { .code = HF_OK };
    uint8_t type;

    ASSUME(bytes.len >= HF_HEADER_LEN);
    frame.header = hf_span(bytes.at, HF_HEADER_LEN);
    frame.body = (uint8_t *)bytes.at + HF_HEADER_LEN;
    frame.len = bytes.len - HF_HEADER_LEN;
    if (hf_record_open(&d, &frame, &type, &plain, &error)) {
        PROVE(plain.at >= frame.body && plain.len <= frame.len);
        PROVE((size_t)(plain.at - frame.body) <= frame.len - plain.len);
        PROVE(plain.len <= hf_record_most(&before));
        PROVE(!d.aead || d.seq == before.seq + 1);
        PROVE(!d.aead || d.seq != 0);
    } else {
        PROVE(error.code != HF_OK);
    }
}

void prove_open13(void)
{
    open_frame(false);
}

void prove_open12(void)
{
    open_frame(true);
}

/* What one record takes, where data lies already in its place. */
static void seal_frame(bool tls12)
{
    struct hf_direction d = any_direction(tls12), before = d;
    size_t len = nondet_size(), made;
    struct hf_error error = { .code = HF_OK };
    uint8_t *out;

    zeroes = tls12 || !d.aead ? 0 : nondet_size();
    ASSUME(len <= hf_record_most(&d) && zeroes <= hf_record_most(&d) - len);
    room = len + zeroes + HF_RECORD_OVERHEAD;
    out = malloc(room);
    ASSUME(out != NULL);
    there = out;
    made = hf_record_seal(&d, nondet_byte(), 0x0303,
                          hf_span(out + HF_HEADER_LEN + d.explicit_len, len),
                          out, &error);
    PROVE((made != 0) == (error.code == HF_OK));
    PROVE(made <= room);
    PROVE(!made || (out[3] << 8 | out[4]) == (int)made - HF_HEADER_LEN);
    PROVE(!d.aead || !made || d.seq == before.seq + 1);
}

void prove_seal13(void)
{
    seal_frame(false);
}

void prove_seal12(void)
{
    seal_frame(true);
}

/* RFC 8446 5.4, RFC 8449 4: never beyond the limit. */
void prove_padding(void)
{
    struct hf_direction d = any_direction(false);
    size_t len = nondet_size(), more;

    d.pad = (uint16_t)(nondet_word() & 0xff);
    ASSUME(len <= hf_record_most(&d));
    more = hf_record_padding(&d, len);
    PROVE(len + more <= hf_record_most(&d));
    PROVE(!more || (more < d.pad && d.aead));
}
