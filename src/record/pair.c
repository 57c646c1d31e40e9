/* pair.c - see pair.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "record/pair.h"
#include "record/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct hf_crypto pair_crypto;

int pair_open(void **state)
{
    struct hf_error error = { .code = HF_OK };

    (void)state;
    return hf_crypto_open(&pair_crypto, witness_provider(), &error) ? 0 : -1;
}

int pair_close(void **state)
{
    (void)state;
    hf_crypto_close(&pair_crypto);
    witness_forget();
    return 0;
}

const struct hf_aead *pair_aead(size_t i)
{
    return pair_crypto.provider->aeads[i];
}

void pair_begin(struct pair *p, const struct hf_aead *aead, const uint8_t *iv)
{
    static uint8_t key[HF_AEAD_KEY_MAX];

    for (size_t i = 0; i < sizeof(key) && !++key[i]; i++)
        continue;
    memset(p, 0, sizeof(*p));
    assert_true(hf_direction_set(&p->out, pair_crypto.self, aead, key, iv,
                                 HF_TRAFFIC, &p->error));
    assert_true(hf_direction_set(&p->in, pair_crypto.self, aead, key, iv,
                                 HF_TRAFFIC, &p->error));
}

void pair_end(struct pair *p)
{
    hf_direction_wipe(&p->out);
    hf_direction_wipe(&p->in);
}

/* ---- one record ------------------------------------------------------------ */

/* @all: they are one record. */
static unsigned take(struct pair *p, uint8_t *bytes, size_t len, bool all)
{
    const unsigned version = p->in.tls12 ? 0x0303 : 0x0304;
    struct hf_frame f;
    bool opened;

    p->error = (struct hf_error){ .code = HF_OK };
    p->type = 0;
    p->plain = hf_span(NULL, 0);
    switch (hf_frame_next(&f, bytes, len, version, true, &p->error)) {
    case HF_FRAME_BAD: return p->error.code;
    case HF_FRAME_PART: return HF_ERROR_CODES;
    case HF_FRAME_WHOLE:
    default: break;
    }
    if (all)
        assert_int_equal(5 + f.len, len);
    opened = hf_record_open(&p->in, &f, &p->type, &p->plain, &p->error);
    assert_int_equal(opened, p->error.code == HF_OK);
    return p->error.code;
}

unsigned pair_take(struct pair *p, uint8_t *bytes, size_t len)
{
    return take(p, bytes, len, true);
}

unsigned pair_try(struct pair *p, uint8_t *bytes, size_t len)
{
    return take(p, bytes, len, false);
}

/* ---- in every version ------------------------------------------------------ */

void pair_keeps_order(struct pair *p)
{
    uint8_t one[64], two[64], copy[64];
    size_t n, m;

    n = hf_record_seal(&p->out, 23, 0, hf_span_text("one"), one, &p->error);
    m = hf_record_seal(&p->out, 23, 0, hf_span_text("two!"), two, &p->error);
    assert_true(n && m);
    memcpy(copy, two, m);
    assert_int_equal(pair_take(p, copy, m), HF_E_BAD_RECORD_MAC);
    p->in.seq = 0;
    memcpy(copy, one, n);
    assert_int_equal(pair_take(p, copy, n), HF_OK);
    memcpy(copy, one, n);
    assert_int_equal(pair_take(p, copy, n), HF_E_BAD_RECORD_MAC);
}

/* In memory of its own, so that nothing is read behind it. */
void pair_refuses_short(struct pair *p, size_t len, size_t least)
{
    uint8_t *bytes = hf_alloc(5 + len);

    assert_non_null(bytes);
    memcpy(bytes, "\x17\x03\x03\0", 4);
    bytes[4] = (uint8_t)len;
    assert_int_equal(pair_take(p, bytes, 5 + len), HF_E_BAD_RECORD_MAC);
    assert_int_equal(p->error.alert, 20);
    assert_int_equal(strstr(p->error.detail, "cannot hold") != NULL,
                     len < least);
    hf_free(bytes, 5 + len);
}

void pair_stops_sealing(struct pair *p)
{
    const uint64_t limit = p->out.aead->seal_limit;
    const struct hf_span x = hf_span_text("x");
    uint8_t room[64];
    size_t made;

    p->out.seq = p->in.seq = limit - 1;
    made = hf_record_seal(&p->out, 23, 0, x, room, &p->error);
    assert_true(made > 0);
    assert_int_equal(pair_take(p, room, made), HF_OK);
    for (int again = 0; again < 2; again++) {
        p->error = (struct hf_error){ .code = HF_OK };
        assert_int_equal(hf_record_seal(&p->out, 23, 0, x, room, &p->error), 0);
        assert_int_equal(p->error.code, HF_E_SEQUENCE_END);
        assert_int_equal(p->out.seq, limit); /* and it stays there */
    }
}
