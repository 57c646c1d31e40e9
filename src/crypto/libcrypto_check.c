/* libcrypto_check.c - the self-test of a libcrypto that was just opened.
 *
 * Known answers, computed through the very functions that connections use,
 * and known lies, which must be refused: there have been patch levels that
 * accept what they should not.  A library that fails is not used at all. */
#include "crypto/libcrypto.h"

static bool hash_is(const struct hf_libcrypto *lib, const struct hf_hash *hash,
                    const char *expected)
{
    const struct hf_crypto c = { &hf_libcrypto, (void *)(uintptr_t)lib };
    const struct hf_span abc = hf_span("abc", 3);
    uint8_t out[HF_HASH_MAX];

    return hf_hash_parts(&c, hash, &abc, 1, out) && hf_equal(out, expected, 8);
}

const char *hf_libcrypto_check(struct hf_libcrypto *lib)
{
    if (!hash_is(lib, &hf_libcrypto_sha256, "\xba\x78\x16\xbf\x8f\x01\xcf\xea"))
        return "SHA-256";
    if (!hash_is(lib, &hf_libcrypto_sha384, "\xcb\x00\x75\x3f\x45\xa3\x5e\x8b"))
        return "SHA-384";
    if (!hash_is(lib, &hf_libcrypto_sha512, "\xdd\xaf\x35\xa1\x93\x61\x7a\xba"))
        return "SHA-512";
    return NULL;
}
