/* libcrypto_check.c - the self-test of a libcrypto that was just opened.
 *
 * Known answers, computed through the very functions that connections use,
 * and known lies, which must be refused: there have been patch levels that
 * accept what they should not.  A library that fails is not used at all.
 *
 * Checked is what a handshake uses by default, and what it costs little to
 * check; all of it takes half a millisecond. */
#include "crypto/libcrypto.h"

/* ---- hashes -------------------------------------------------------------------- */

static bool hash_is(struct hf_libcrypto *lib, const struct hf_hash *hash,
                    const char *expected)
{
    const struct hf_crypto c = { &hf_libcrypto, lib };
    const struct hf_span abc = hf_span("abc", 3);
    uint8_t out[HF_HASH_MAX];

    return hf_hash_parts(&c, hash, &abc, 1, out) && hf_equal(out, expected, 8);
}

static const char *check_hashes(struct hf_libcrypto *lib)
{
    if (!hash_is(lib, &hf_libcrypto_sha256, "\xba\x78\x16\xbf\x8f\x01\xcf\xea"))
        return "SHA-256";
    if (!hash_is(lib, &hf_libcrypto_sha384, "\xcb\x00\x75\x3f\x45\xa3\x5e\x8b"))
        return "SHA-384";
    if (!hash_is(lib, &hf_libcrypto_sha512, "\xdd\xaf\x35\xa1\x93\x61\x7a\xba"))
        return "SHA-512";
    if (!hash_is(lib, &hf_libcrypto_sha1, "\xa9\x99\x3e\x36\x47\x06\x81\x6a"))
        return "SHA-1";
    return NULL;
}

/* ---- AEADs --------------------------------------------------------------------- */

/* 0, 1, 2 ... are key, nonce, additional data (5) and plaintext (17). */
static const uint8_t ramp[32] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                  11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                  22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };
enum { TEXT = 17 };

struct known_aead {
    const struct hf_aead *aead;
    uint8_t empty[HF_TAG_LEN];         /* sealed nothing */
    uint8_t sealed[TEXT + HF_TAG_LEN]; /* sealed the plaintext */
};
static const struct known_aead aeads[] = {
    { &hf_libcrypto_aes128gcm,
      { 0x8d, 0x9f, 0x01, 0xd2, 0xbc, 0xe2, 0x3f, 0x41, 0x8e, 0x0a, 0xf3, 0x4f,
        0xaa, 0x2c, 0x9e, 0x40 },
      { 0x93, 0x6d, 0xa5, 0xcd, 0x62, 0x1e, 0xf1, 0x53, 0x43, 0xdb, 0x6b,
        0x81, 0x3a, 0xae, 0x7e, 0x07, 0xa3, 0x92, 0x1f, 0x99, 0xf5, 0x4e,
        0x07, 0x5f, 0x7b, 0x5f, 0x2e, 0xac, 0x93, 0x9d, 0xc0, 0xe3, 0x24 } },
    { &hf_libcrypto_aes256gcm,
      { 0x02, 0xbc, 0x4e, 0x80, 0x25, 0xeb, 0x33, 0xef, 0xff, 0xc5, 0x5d, 0xc7,
        0xd5, 0xb4, 0x9b, 0x28 },
      { 0x47, 0x03, 0xd4, 0x18, 0xc1, 0xe0, 0xc4, 0x1c, 0x85, 0x48, 0x9d,
        0x80, 0xbd, 0xe4, 0x76, 0x62, 0x93, 0x03, 0xb4, 0x4d, 0xe2, 0xb4,
        0xe6, 0xa1, 0x8a, 0xe5, 0x01, 0xa0, 0xcc, 0x7d, 0x7f, 0xe6, 0xbe } },
    { &hf_libcrypto_chacha,
      { 0xc6, 0x8f, 0x30, 0x40, 0x33, 0xdd, 0x2c, 0x9a, 0x79, 0xcc, 0x87, 0x5c,
        0xe6, 0x7b, 0x85, 0x92 },
      { 0x89, 0xfa, 0x0a, 0x03, 0x2d, 0x12, 0xa3, 0x47, 0xbf, 0x8a, 0x35,
        0xf8, 0x94, 0x10, 0x00, 0x6c, 0xd9, 0x37, 0x68, 0xba, 0x27, 0xfa,
        0xea, 0xf8, 0x98, 0x48, 0x5f, 0x9c, 0xf3, 0x60, 0xef, 0xeb, 0x45 } },
};

/* Does it seal the first @len bytes of the plaintext to @expected, open that
 * again, and refuse it with any bit of the tag changed? */
static bool seals(const struct hf_aead *aead, void *state, size_t len,
                  const uint8_t *expected)
{
    const struct hf_span aad = hf_span(ramp, 5);
    uint8_t sealed[TEXT + HF_TAG_LEN], out[TEXT];
    const struct hf_seal seal = {
        .nonce = ramp, .aad = aad, .in = hf_span(ramp, len), .out = sealed
    };
    const struct hf_open open = { .nonce = ramp,
                                  .aad = aad,
                                  .in = hf_span(sealed, len + HF_TAG_LEN),
                                  .out = out };

    if (!aead->seal(state, &seal) ||
        !hf_equal(sealed, expected, len + HF_TAG_LEN) ||
        !aead->open(state, &open) || !hf_equal(out, ramp, len))
        return false;
    for (size_t i = 0; i < HF_TAG_LEN; i++) {
        sealed[len + i] ^= 0x10;
        if (aead->open(state, &open))
            return false;
        sealed[len + i] ^= 0x10;
    }
    return true;
}

static const char *check_aeads(struct hf_libcrypto *lib)
{
    for (size_t i = 0; i < HF_COUNT(aeads); i++) {
        const struct hf_aead *aead = aeads[i].aead;
        _Alignas(16) uint8_t state[HF_AEAD_STATE_MAX] = { 0 };
        bool ok = aead->load(lib, state, ramp) &&
                  seals(aead, state, TEXT, aeads[i].sealed) &&
                  seals(aead, state, 0, aeads[i].empty);
        aead->unload(state);
        if (!ok)
            return aead->name;
    }
    return NULL;
}

/* ---- key exchange -------------------------------------------------------------- */

/* RFC 7748 6.1: Alice's private key, Bob's public one, and what they share. */
static const uint8_t alice[32] = { 0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5,
                                   0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2,
                                   0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb,
                                   0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5,
                                   0x1d, 0xb9, 0x2c, 0x2a };
static const uint8_t bob[32] = {
    0xde, 0x9e, 0xdb, 0x7d, 0x7b, 0x7d, 0xc1, 0xb4, 0xd3, 0x5b, 0x61,
    0xc2, 0xec, 0xe4, 0x35, 0x37, 0x3f, 0x83, 0x43, 0xc8, 0x5b, 0x78,
    0x67, 0x4d, 0xad, 0xfc, 0x7e, 0x14, 0x6f, 0x88, 0x2b, 0x4f
};
static const uint8_t shared[32] = { 0x4a, 0x5d, 0x9d, 0x5b, 0xa4, 0xce, 0x2d,
                                    0xe1, 0x72, 0x8e, 0x3b, 0xf4, 0x80, 0x35,
                                    0x0f, 0x25, 0xe0, 0x7e, 0x21, 0xc9, 0x47,
                                    0xd1, 0x9e, 0x33, 0x76, 0xf0, 0x9b, 0x3c,
                                    0x1e, 0x16, 0x17, 0x42 };

static const char *check_x25519(struct hf_libcrypto *lib)
{
    static const uint8_t zeroes[32];
    const struct hf_kx *kx = &hf_libcrypto_x25519;
    uint8_t state[HF_KX_STATE_MAX] = { 0 }, secret[HF_SECRET_MAX];
    bool fault;

    hf_copy(state, alice, sizeof(alice)); /* its state is the private key */
    bool ok = kx->decapsulate(lib, state, HF_SPAN(bob), secret, &fault) &&
              hf_equal_ct(secret, shared, sizeof(shared)) &&
              !kx->decapsulate(lib, state, HF_SPAN(zeroes), secret, &fault) &&
              !fault;
    kx->wipe(state);
    return ok ? NULL : kx->name;
}

/* RFC 6979 A.2.5: a public key, and its signature of "sample" by SHA-256. */
static const uint8_t point[65] = {
    0x04, 0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61,
    0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b,
    0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
    0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9,
    0xe9, 0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e,
    0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99
};
static const uint8_t signature[72] = {
    0x30, 0x46, 0x02, 0x21, 0x00, 0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8,
    0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6, 0x9d, 0x2c, 0x87,
    0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37,
    0x16, 0x02, 0x21, 0x00, 0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41,
    0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65, 0xf3, 0xe9, 0x00, 0xdb,
    0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8
};

/* Twice the generator of P-256, its x coordinate. */
static const uint8_t twice[32] = { 0x7c, 0xf2, 0x7b, 0x18, 0x8d, 0x03, 0x4f,
                                   0x7e, 0x8a, 0x52, 0x38, 0x03, 0x04, 0xb5,
                                   0x1a, 0xc3, 0xc0, 0x89, 0x69, 0xe2, 0x77,
                                   0xf2, 0x1b, 0x35, 0xa6, 0x0b, 0x48, 0xfc,
                                   0x47, 0x66, 0x99, 0x78 };

static const char *check_p256(struct hf_libcrypto *lib)
{
    const struct hf_kx *kx = &hf_libcrypto_p256;
    const struct hf_signature *how = hf_libcrypto_signatures[0];
    const struct hf_public_key key = { .kind = HF_KEY_P256,
                                       .point = HF_SPAN(point) };
    uint8_t state[HF_KX_STATE_MAX] = { 0 }, g[65], secret[HF_SECRET_MAX];
    bool fault;

    state[31] = 2; /* its state is the private key */
    if (EC_POINT_point2oct(lib->curves[HF_SLOT_P256],
                           EC_GROUP_get0_generator(lib->curves[HF_SLOT_P256]),
                           POINT_CONVERSION_UNCOMPRESSED, g, sizeof(g),
                           NULL) != sizeof(g) ||
        !kx->decapsulate(lib, state, HF_SPAN(g), secret, &fault) ||
        !hf_equal_ct(secret, twice, sizeof(twice)))
        return kx->name;
    g[64] ^= 1; /* now off the curve */
    if (kx->decapsulate(lib, state, HF_SPAN(g), secret, &fault) || fault)
        return kx->name;
    if (!how->verify(lib, how, &key, hf_span("sample", 6), HF_SPAN(signature),
                     &fault) ||
        how->verify(lib, how, &key, hf_span("simple", 6), HF_SPAN(signature),
                    &fault) ||
        fault)
        return how->name;
    return NULL;
}

/* Ours needs no test at open; libcrypto's, which came late, may be missing from
 * the one that is loaded.  An encapsulation key with a coefficient of 4095 is
 * none (FIPS 203 7.2). */
static const char *check_hybrid(struct hf_libcrypto *lib)
{
#ifdef HF_NATIVE_MLKEM
    const struct hf_kx *kx = &hf_libcrypto_x25519mlkem768;
    uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX];
    uint8_t ours[HF_SECRET_MAX], theirs[HF_SECRET_MAX];
    _Alignas(16) uint8_t state[HF_KX_STATE_MAX] = { 0 };
    const struct hf_span whole = hf_span(share, kx->share_len);
    bool fault;

    bool ok = kx->generate(lib, state, share) &&
              kx->encapsulate(lib, whole, reply, ours, &fault) &&
              kx->decapsulate(lib, state, hf_span(reply, kx->reply_len), theirs,
                              &fault) &&
              hf_equal_ct(ours, theirs, kx->secret_len);
    share[0] = share[1] = 0xff;
    ok = ok && !kx->encapsulate(lib, whole, reply, ours, &fault) && !fault;
    kx->wipe(state);
    return ok ? NULL : kx->name;
#else
    (void)lib;
    return NULL;
#endif
}

const char *hf_libcrypto_check(struct hf_libcrypto *lib)
{
    const char *wrong;

    if ((wrong = check_hashes(lib)) || (wrong = check_aeads(lib)) ||
        (wrong = check_x25519(lib)) || (wrong = check_p256(lib)) ||
        (wrong = check_hybrid(lib)))
        return wrong;
    return NULL;
}
