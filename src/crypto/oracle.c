/* oracle.c - see oracle.h.  For tests only; it is not part of the library.
 *
 *   00 02 | padding, not zero | 00 | 03 03 | 46 bytes
 *   0  1    2              end-50  end-49  end-48 */
#define HF_UNPOISONED
#include "crypto/oracle.h"

#include <openssl/bn.h>

#include <stdio.h>
#include <string.h>

enum { HEAD = 2, TAIL = 1 + HF_PREMASTER_LEN };

void oracle_pad(uint8_t *em, size_t len, const uint8_t secret[HF_PREMASTER_LEN])
{
    em[0] = 0;
    em[1] = 2;
    for (size_t i = HEAD; i < len - TAIL; i++)
        em[i] = (uint8_t)(1 + (i * 37 + secret[i % HF_PREMASTER_LEN]) % 255);
    em[len - TAIL] = 0;
    memcpy(em + len - HF_PREMASTER_LEN, secret, HF_PREMASTER_LEN);
}

bool oracle_raise(const struct hf_public_key *key, const uint8_t *number,
                  uint8_t *out)
{
    const int len = (int)key->modulus.len;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n = BN_bin2bn(key->modulus.at, len, NULL);
    BIGNUM *e = BN_bin2bn(key->exponent.at, (int)key->exponent.len, NULL);
    BIGNUM *m = BN_bin2bn(number, len, NULL);
    bool ok = ctx && n && e && m && BN_mod_exp(m, m, e, n, ctx) == 1 &&
              BN_bn2binpad(m, out, len) == len;

    BN_free(m);
    BN_free(e);
    BN_free(n);
    BN_CTX_free(ctx);
    return ok;
}

/* ---- what the padding hides ----------------------------------------------------------- */

/* Bytes put over a well-formed number, counted from its start or its end. */
static const struct {
    const char *name;
    int at; /* below zero: from the end */
    const char *bytes;
    size_t len;
} spoilt[] = {
#define SPOILT(name, at, literal) { name, at, literal, sizeof(literal) - 1 },
    /* clang-format off */
    SPOILT("well formed",                  0,   "")
    SPOILT("first byte 01",                0,   "\x01")
    SPOILT("first byte 02",                0,   "\x02")
    SPOILT("first byte 7f",                0,   "\x7f")
    SPOILT("second byte 00",               1,   "\x00")
    SPOILT("second byte 01",               1,   "\x01")
    SPOILT("second byte 03",               1,   "\x03")
    SPOILT("second byte 82",               1,   "\x82")
    SPOILT("second byte ff",               1,   "\xff")
    SPOILT("both first bytes",             0,   "\x02\x00")
    SPOILT("no zero behind the padding",   -49, "\xaa")
    SPOILT("version 0.0",                  -48, "\x00\x00")
    SPOILT("version of SSL 2",             -48, "\x00\x02")
    SPOILT("version of SSL 3",             -48, "\x03\x00")
    SPOILT("version of TLS 1.0",           -48, "\x03\x01")
    SPOILT("version of TLS 1.1",           -48, "\x03\x02")
    SPOILT("version of TLS 1.3",           -48, "\x03\x04")
    SPOILT("version of DTLS",              -48, "\xfe\xfd")
    SPOILT("first byte of version",        -48, "\x02")
    SPOILT("second byte of version",       -47, "\xff")
    SPOILT("version and first byte",       -48, "\x03\x02")
/* clang-format on */
#undef SPOILT
};

/* One byte of the padding, or one behind it, is the first that is zero: so
 * the secret seems to have that many bytes, from all there is room for down to
 * none. */
static size_t lengths(size_t len)
{
    return len - HEAD;
}

static void set_length(struct oracle *o, uint8_t *em, size_t len, size_t secret)
{
    snprintf(o->name, sizeof(o->name), "a secret of %zu bytes", secret);
    em[len - TAIL] = 0x55;
    em[len - 1 - secret] = 0;
    if (secret >= 2 && secret < HF_PREMASTER_LEN) {
        em[len - secret] = 3;
        em[len - secret + 1] = 3;
    }
}

/* Numbers that are no padding at all. */
enum { ZERO, ONE, ONES, SIGNATURE, NUMBERS };

static void set_number(struct oracle *o, uint8_t *em, size_t len, size_t which)
{
    static const char *const names[NUMBERS] = { "zero", "one", "all ones",
                                                "padded as a signature" };

    snprintf(o->name, sizeof(o->name), "%s", names[which]);
    o->same_work = which != ZERO && which != ONE; /* their own power */
    if (!o->same_work)
        memset(em, 0, len);
    else
        memset(em + 1, 0xff, len - TAIL - 1);
    if (which == ONE)
        em[len - 1] = 1;
    if (which == ONES)
        memset(em + 1, 0xff, len - 1);
    if (which == SIGNATURE)
        em[1] = 1;
}

/* ---- what stands around it --------------------------------------------------------------- */

enum {
    EMPTY,
    ONE_BYTE,
    ONE_BYTE_LESS_IN_FRONT,
    ONE_BYTE_LESS_BEHIND,
    HALF,
    ZERO_IN_FRONT,
    ZERO_BEHIND,
    TWICE,
    LONGEST,
    MODULUS,
    MODULUS_AND_ONE,
    MODULUS_LESS_ONE,
    ALL_ONES,
    SHAPES
};

static void in_front(struct oracle *o, uint8_t byte)
{
    memmove(o->bytes + 1, o->bytes, o->len++);
    o->bytes[0] = byte;
}

static void set_shape(struct oracle *o, size_t which,
                      const struct hf_public_key *key)
{
    static const char *const names[SHAPES] = {
        "nothing",
        "one byte",
        "cut in front",
        "cut behind",
        "half of it",
        "a zero in front",
        "a zero behind",
        "twice",
        "as long as it can be",
        "the modulus",
        "the modulus and one",
        "the modulus less one",
        "all bits set",
    };
    const size_t len = o->len;

    snprintf(o->name, sizeof(o->name), "%s", names[which]);
    o->same_work = which == MODULUS_LESS_ONE;
    switch (which) {
    case EMPTY: o->len = 0; break;
    case ONE_BYTE: o->len = 1; break;
    case ONE_BYTE_LESS_IN_FRONT:
        memmove(o->bytes, o->bytes + 1, --o->len);
        break;
    case ONE_BYTE_LESS_BEHIND: o->len--; break;
    case HALF: o->len /= 2; break;
    case ZERO_IN_FRONT: in_front(o, 0); break;
    case ZERO_BEHIND: o->bytes[o->len++] = 0; break;
    case TWICE:
        memcpy(o->bytes + len, o->bytes, len);
        o->len *= 2;
        break;
    case LONGEST: o->len = ORACLE_MAX; break;
    case ALL_ONES: memset(o->bytes, 0xff, len); break;
    default:
        memcpy(o->bytes, key->modulus.at, len);
        o->bytes[len - 1] = (uint8_t)(o->bytes[len - 1] +
                                      (which == MODULUS_AND_ONE) -
                                      (which == MODULUS_LESS_ONE));
    }
}

/* ---- all of them ------------------------------------------------------------------------- */

/* The @i-th in @em; false: it is one of those that are made afterwards. */
static bool spoil(struct oracle *o, uint8_t *em, size_t len, size_t i)
{
    if (i < HF_COUNT(spoilt)) {
        size_t at = spoilt[i].at < 0 ? len - (size_t)-spoilt[i].at
                                     : (size_t)spoilt[i].at;

        snprintf(o->name, sizeof(o->name), "%s", spoilt[i].name);
        memcpy(em + at, spoilt[i].bytes, spoilt[i].len);
        return true;
    }
    i -= HF_COUNT(spoilt);
    if (i < lengths(len)) {
        /* 48 is how it should be: an alphabet of ones then, for a change. */
        if (i == HF_PREMASTER_LEN)
            set_number(o, em, len, SIGNATURE);
        else
            set_length(o, em, len, i);
        return true;
    }
    i -= lengths(len);
    if (i < NUMBERS)
        set_number(o, em, len, i);
    return i < NUMBERS;
}

bool oracle_make(struct oracle *out, size_t i, const struct hf_public_key *key,
                 const uint8_t secret[HF_PREMASTER_LEN])
{
    const size_t len = key->modulus.len;
    const size_t made = HF_COUNT(spoilt) + lengths(len) + NUMBERS;
    uint8_t em[ORACLE_MAX / 4];

    memset(out, 0, sizeof(*out));
    if (i >= made + SHAPES || len > sizeof(em))
        return false;
    out->len = len;
    out->same_work = true;
    oracle_pad(em, len, secret);
    bool padded = spoil(out, em, len, i);
    if (!oracle_raise(key, em, out->bytes))
        return false;
    if (!padded)
        set_shape(out, i - made, key);
    return true;
}
