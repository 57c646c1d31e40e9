/* suite.h - what the rest of the library needs of cryptography: cipher suites,
 * key derivation on any hash, and looking algorithms up in a provider.
 *
 * A struct hf_crypto is an opened provider: it lives in the config, is shared
 * by all its connections and never changes after it was opened. */
#ifndef HF_SUITE_H
#define HF_SUITE_H

#include "base/base.h"
#include "handfast/crypto.h"

struct hf_crypto {
    const struct hf_provider *provider;
    void *self;
};
HF_CHECK bool hf_crypto_open(struct hf_crypto *crypto,
                             const struct hf_provider *provider,
                             struct hf_error *error);
void hf_crypto_close(struct hf_crypto *crypto);

/* Look-ups; NULL if the provider has no such algorithm. */
const struct hf_hash *hf_hash_by_id(const struct hf_crypto *c, unsigned id);
const struct hf_kx *hf_kx_by_group(const struct hf_crypto *c, unsigned group);
const struct hf_signature *hf_signature_by_scheme(const struct hf_crypto *c,
                                                  unsigned scheme);
/* For certificates: by key, padding and hash together. */
const struct hf_signature *hf_signature_by_parts(const struct hf_crypto *c,
                                                 unsigned key, unsigned padding,
                                                 unsigned hash);
const struct hf_compression *hf_compression_by_number(const struct hf_crypto *c,
                                                      unsigned number);
HF_CHECK bool hf_random(const struct hf_crypto *c, void *out, size_t len);

/* ---- cipher suites (suites.def, suite.c) ------------------------------------------ */

enum hf_suite_kx {
    HF_SUITE_ANY,
    HF_SUITE_ECDHE_ECDSA,
    HF_SUITE_ECDHE_RSA,
    HF_SUITE_RSA
};
enum hf_aead_id { HF_AES_128_GCM, HF_AES_256_GCM, HF_CHACHA20_POLY1305 };

struct hf_suite {
    uint16_t number;
    uint16_t version;    /* 0x0304 or 0x0303: a suite belongs to one */
    uint8_t kx;          /* enum hf_suite_kx; TLS 1.3: ANY */
    uint8_t aead;        /* enum hf_aead_id */
    uint8_t hash;        /* enum hf_hash_id: PRF or HKDF */
    const char *name;    /* IANA */
    const char *openssl; /* OpenSSL's name for it */
};
extern const struct hf_suite hf_suites[];
extern const size_t hf_suite_count;
const struct hf_suite *hf_suite_by_number(unsigned number);
/* IANA's name, OpenSSL's, or hex ("0x1301"); NULL if unknown. */
const struct hf_suite *hf_suite_by_name(const char *name);
/* Has the provider what it needs: its AEAD, and RSA key transport for some? */
bool hf_suite_possible(const struct hf_crypto *c, const struct hf_suite *suite);
/* NULL if the provider lacks it. */
const struct hf_aead *hf_suite_aead(const struct hf_crypto *c,
                                    const struct hf_suite *suite);

/* ---- key derivation (kdf.c) ---------------------------------------------------------- */

/* HMAC with a key whose two pads are hashed already (RFC 2104): one key, many
 * messages.  Wipe it where it dies. */
struct hf_hmac {
    const struct hf_hash *hash;
    struct hf_hash_state inner, outer;
};
HF_CHECK bool hf_hmac_key(struct hf_hmac *h, const struct hf_crypto *c,
                          const struct hf_hash *hash, struct hf_span key);
/* MAC of the @n spans one after the other; out: hash->len bytes. */
HF_CHECK bool hf_hmac_sum(const struct hf_hmac *h, const struct hf_span *parts,
                          size_t n, uint8_t *out);
void hf_hmac_wipe(struct hf_hmac *h);

/* RFC 5869 2.2; an empty @salt is hash->len zeroes. */
HF_CHECK bool hf_hkdf_extract(const struct hf_crypto *c,
                              const struct hf_hash *hash, struct hf_span salt,
                              struct hf_span ikm, uint8_t *out);
/* RFC 5869 2.3; @len at most 255 * hash->len. */
HF_CHECK bool hf_hkdf_expand(const struct hf_hmac *prk, struct hf_span info,
                             uint8_t *out, size_t len);
/* HKDF-Expand-Label (RFC 8446 7.1); @label without "tls13 ". */
HF_CHECK bool hf_expand_label(const struct hf_hmac *secret, const char *label,
                              struct hf_span context, uint8_t *out, size_t len);
/* The TLS 1.2 PRF (RFC 5246 5); the seed is given in parts. */
HF_CHECK bool hf_prf12(const struct hf_crypto *c, const struct hf_hash *hash,
                       struct hf_span secret, const char *label,
                       const struct hf_span *seed, size_t n, uint8_t *out,
                       size_t len);
/* The same with a key that is ready for several of them. */
HF_CHECK bool hf_prf12_keyed(const struct hf_hmac *key, const char *label,
                             const struct hf_span *seed, size_t n, uint8_t *out,
                             size_t len);
/* One-shot digest of parts. */
HF_CHECK bool hf_hash_parts(const struct hf_crypto *c,
                            const struct hf_hash *hash,
                            const struct hf_span *parts, size_t n,
                            uint8_t *out);

/* ---- RSA key transport with a key that lives elsewhere (transport.c) ---------------- */

/* What came as a number that @key could have made, as many bytes as its
 * modulus: itself, or another that stands in for it, so that there is as much
 * to do.  All ones if it is itself.  Neither is secret: whoever sent it knows
 * the modulus. */
uint32_t hf_premaster_number(const struct hf_public_key *key,
                             struct hf_span sealed, uint8_t *number);
/* @block is that number after the private power.  @secret holds random bytes,
 * and afterwards the premaster secret if @good is all ones, and padding, length
 * and @version are right; which of the two, nothing tells. */
void hf_premaster_unpad(uint32_t good, struct hf_span block, unsigned version,
                        uint8_t secret[HF_PREMASTER_LEN]);

#endif
