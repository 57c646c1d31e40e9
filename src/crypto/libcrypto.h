/* libcrypto.h - what the libcrypto_*.c files have in common: the opened
 * instance, and the rows that libcrypto.c puts into the provider's lists.
 * Nobody outside this folder includes it.
 *
 * How libcrypto is called here, and why:
 *
 * - In a library context of our own, with the default provider loaded by
 *   name.  So OPENSSL_CONF, and whatever else a host does to its default
 *   context, change nothing here.
 * - Nothing is fetched after open on a connection's path.  A fetch, explicit
 *   or hidden in EVP_sha256() or EVP_PKEY_derive_init(), looks a name up under
 *   locks that all threads share, and costs as much as hashing a kilobyte.
 *   (Verifying Ed25519, and libcrypto's own ML-KEM, still do: EVP offers no
 *   other way, and beside their arithmetic it is a few in 100.)
 * - Lengths and encodings are checked here first; libcrypto sees only inputs
 *   of the right shape.  Every result is compared with what success returns.
 * - EVP_Cipher() is never called: in some patch levels it accepts an empty
 *   ciphertext without a tag.
 * - Calls deprecated in 3.0 are made where they are much faster than EVP.
 *   Each stands behind a check of the build (HF_LOW_SHA, HF_LOW_EC) with the
 *   EVP call beside it, for libraries that no longer have them.
 * - What a failure leaves in libcrypto's error queue is removed, because that
 *   queue is the application's too.
 */
#ifndef HF_LIBCRYPTO_H
#define HF_LIBCRYPTO_H

/* libcrypto's headers first: base.h poisons names that they declare. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "crypto/suite.h"

#include <stdatomic.h>

/* ---- the instance (libcrypto.c) ---------------------------------------------- */

enum { HF_SLOT_AES128, HF_SLOT_AES256, HF_SLOT_CHACHA, HF_CIPHER_SLOTS };
enum { HF_SLOT_P256, HF_SLOT_P384, HF_SLOT_P521, HF_CURVE_SLOTS };

/* Multiplication on Curve25519 by the provider's own functions, found once;
 * libcrypto_x25519.c says why. */
struct hf_x25519_calls {
    void *provider;
    OSSL_FUNC_keymgmt_new_fn *key_new;
    OSSL_FUNC_keymgmt_free_fn *key_free;
    OSSL_FUNC_keymgmt_import_fn *key_import;
    OSSL_FUNC_keyexch_newctx_fn *open;
    OSSL_FUNC_keyexch_freectx_fn *close;
    OSSL_FUNC_keyexch_init_fn *init;
    OSSL_FUNC_keyexch_set_peer_fn *set_peer;
    OSSL_FUNC_keyexch_derive_fn *derive;
};

/* What one ECDSA verification needs and the next can use again: public values
 * only.  Whoever finds one in a slot takes it out; who finds none makes one. */
enum { HF_SPARES = 4 };
struct hf_verifier;

struct hf_libcrypto {
    atomic_uint users; /* who opened it, and each key that it loaded */
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *provider;
    bool mldsa;         /* libcrypto has it: from 3.5 on */
    EVP_MD *digests[4]; /* by enum hf_hash_id - 1; only without HF_LOW_SHA */
    EVP_CIPHER *ciphers[HF_CIPHER_SLOTS];
    EC_GROUP *curves[HF_CURVE_SLOTS];
    struct hf_x25519_calls x25519;
    _Atomic(struct hf_verifier *) spare[HF_CURVE_SLOTS][HF_SPARES];
};
void hf_libcrypto_keep(struct hf_libcrypto *lib);
void hf_libcrypto_free(struct hf_libcrypto *lib);
HF_CHECK bool hf_libcrypto_random(void *self, void *out, size_t len);
/* Empty the error queue; always false. */
bool hf_libcrypto_failed(void);
/* Empty the error queue; was there an error that memory was missing? */
bool hf_libcrypto_starved(void);
/* Known answers and known lies (libcrypto_check.c): NULL if all is well, else
 * the name of what this libcrypto gets wrong. */
HF_CHECK const char *hf_libcrypto_check(struct hf_libcrypto *lib);

/* Fill in lib->x25519; false if the provider lacks a function of it. */
HF_CHECK bool hf_x25519_find(struct hf_libcrypto *lib);

/* ---- keys and signatures ---------------------------------------------------------- */

/* Limits of RSA: a modulus of 2048 to 8192 bits, and an exponent that fits in
 * four bytes, is odd and at least 65537. */
enum {
    HF_RSA_BITS_MIN = 2048,
    HF_RSA_BITS_MAX = 8192,
    HF_RSA_BYTES_MAX = HF_RSA_BITS_MAX / 8
};
enum { HF_POINT_MAX = 1 + 2 * 66 }; /* P-521 */

struct hf_private_key {
    atomic_uint users;
    struct hf_libcrypto *lib; /* kept */
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *raw;   /* RSA: set to sign without padding; to be copied */
    EVP_PKEY_CTX *opens; /* plain RSA: set to decrypt a premaster secret; too */
    EVP_MD_CTX *ed25519; /* set to sign; to be copied */
    EVP_PKEY_CTX *evp;   /* EC without HF_LOW_EC: set to sign; to be copied */
    EC_KEY *ec;          /* EC with HF_LOW_EC */
    BIGNUM *n, *e;       /* RSA */
    BN_MONT_CTX *mont;
    struct hf_public_key public; /* into: */
    uint8_t point[HF_POINT_MAX];
    uint8_t modulus[HF_RSA_BYTES_MAX], exponent[4];
};

/* Make a key of @pkey, which is taken over, also on failure (libcrypto_key.c).
 * False: the reason is in *error. */
HF_CHECK bool hf_libcrypto_take_key(struct hf_libcrypto *lib, EVP_PKEY *pkey,
                                    struct hf_private_key **out,
                                    struct hf_error *error);
bool hf_libcrypto_key_load(void *self, struct hf_span text,
                           hf_passphrase_fn *ask, void *ctx,
                           struct hf_private_key **out, struct hf_error *error);
struct hf_private_key *hf_libcrypto_key_keep(struct hf_private_key *key);
void hf_libcrypto_key_free(struct hf_private_key *key);

/* The curve of a kind of key, HF_CURVE_SLOTS if it is not one of a curve; and
 * the bytes of its numbers. */
size_t hf_curve_slot(unsigned kind);
size_t hf_curve_bytes(size_t slot);

/* ECDSA (libcrypto_ecdsa.c); @point is 0x04 X Y. */
HF_CHECK bool hf_ecdsa_verify(struct hf_libcrypto *lib, size_t curve,
                              struct hf_span point, struct hf_span digest,
                              struct hf_span signature, bool *fault);
void hf_ecdsa_forget(struct hf_libcrypto *lib); /* the spares */
HF_CHECK bool hf_ecdsa_sign(const struct hf_private_key *key,
                            struct hf_span digest, uint8_t *out, size_t cap,
                            size_t *len);

/* RSA (libcrypto_rsa.c): a digest, padded as @how says.  @bits_min is
 * HF_RSA_BITS_MIN everywhere but in the replay of published traces. */
HF_CHECK bool hf_rsa_verify(struct hf_libcrypto *lib,
                            const struct hf_signature *how,
                            const struct hf_public_key *key,
                            struct hf_span digest, struct hf_span signature,
                            unsigned bits_min, bool *fault);
HF_CHECK bool hf_rsa_sign(const struct hf_private_key *key,
                          const struct hf_signature *how, struct hf_span digest,
                          uint8_t *out, size_t cap, size_t *len);
/* out = number ^ e mod n, as many bytes as n.  False: not a number as long as n
 * and below it, or a fault.  @mont may be NULL. */
HF_CHECK bool hf_rsa_raise(struct hf_libcrypto *lib, const BIGNUM *n,
                           const BIGNUM *e, BN_MONT_CTX *mont,
                           struct hf_span number, uint8_t *out, bool *fault);
/* Key transport (libcrypto_transport.c); crypto.h tells what they do. */
bool hf_libcrypto_premaster_seal(void *self, const struct hf_public_key *key,
                                 const uint8_t secret[HF_PREMASTER_LEN],
                                 uint8_t *out, size_t cap, size_t *len,
                                 bool *fault);
void hf_libcrypto_premaster_open(void *self, const struct hf_private_key *key,
                                 struct hf_span sealed, unsigned version,
                                 uint8_t secret[HF_PREMASTER_LEN]);
bool hf_libcrypto_key_raise(void *self, const struct hf_private_key *key,
                            struct hf_span number, uint8_t *out);
/* Do modulus and exponent obey the limits? */
bool hf_rsa_acceptable(const BIGNUM *n, const BIGNUM *e, unsigned bits_min);

/* ---- rows of the provider's lists ----------------------------------------------- */

extern const struct hf_hash hf_libcrypto_sha256, hf_libcrypto_sha384,
    hf_libcrypto_sha512, hf_libcrypto_sha1;
extern const struct hf_aead hf_libcrypto_aes128gcm, hf_libcrypto_aes256gcm,
    hf_libcrypto_chacha;
extern const struct hf_kx hf_libcrypto_x25519, hf_libcrypto_p256,
    hf_libcrypto_p384, hf_libcrypto_x25519mlkem768,
    hf_libcrypto_secp256r1mlkem768, hf_libcrypto_p521;
extern const struct hf_signature *const hf_libcrypto_signatures[];
bool hf_libcrypto_signature_works(void *self, const struct hf_signature *how);

/* By enum hf_hash_id; the id must be one of those that sign. */
const struct hf_hash *hf_libcrypto_hash(unsigned id);

#endif
