/* crypto.h - what is computed: algorithms as const structs of functions, and a
 * provider as a handful of lists of them, in order of preference.
 *
 * A provider is opened once, when a config is frozen; the instance it returns
 * ("self") is handed to every function first.  After open nothing is fetched,
 * locked or looked up by name.  One instance may be used by many threads at
 * once; a state belongs to one connection, and lies where a uint64_t may.
 *
 * Every function returns true for success.  False from verify, open,
 * encapsulate and decapsulate is the peer's doing (a bad proof or a bad public
 * key) unless *fault is set, which says that the library itself failed.
 */
#ifndef HANDFAST_CRYPTO_H
#define HANDFAST_CRYPTO_H

#include "handfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    HF_HASH_MAX = 64,    /* largest digest: SHA-512 */
    HF_BLOCK_MAX = 128,  /* largest inner block of a hash: SHA-512 */
    HF_SECRET_MAX = 66,  /* largest shared secret: secp521r1 */
    HF_SHARE_MAX = 1249, /* largest key share */
    HF_AEAD_KEY_MAX = 32,
    HF_NONCE_LEN = 12,
    HF_TAG_LEN = 16,
    HF_SIGNATURE_MAX = 1024, /* RSA 8192 */
    HF_PREMASTER_LEN = 48,   /* RSA key transport's secret */
    HF_KX_STATE_MAX = 192,   /* room for any hf_kx state */
    HF_AEAD_STATE_MAX = 64   /* room for any hf_aead state */
};

/* SHA-1 names an issuer in OCSP (RFC 6960 4.1.1) and does nothing else: a
 * provider whose signatures refer to it is not opened.  It may be absent. */
enum hf_hash_id {
    HF_SHA256 = 1,
    HF_SHA384,
    HF_SHA512,
    HF_SHA1,
    HF_HASH_NONE = 0
};

/* Room for the running state of any hash. */
struct hf_hash_state {
    union {
        uint8_t bytes[256];
        uint64_t words[32];
    };
};

struct hf_hash {
    const char *name;
    uint8_t id;         /* enum hf_hash_id */
    uint8_t len, block; /* bytes of digest and of an inner block (HMAC) */
    HF_CHECK bool (*start)(void *self, struct hf_hash_state *state);
    HF_CHECK bool (*add)(struct hf_hash_state *state, struct hf_span bytes);
    /* The digest of what was added so far; @state can go on. */
    HF_CHECK bool (*digest)(const struct hf_hash_state *state, uint8_t *out);
    /* @to becomes an independent copy; it must be wiped before. */
    HF_CHECK bool (*copy)(struct hf_hash_state *to,
                          const struct hf_hash_state *from);
    void (*wipe)(struct hf_hash_state *state); /* all-zero is fine */
};

/* One record to seal: @in and then @tail are encrypted to @out, the tag behind
 * them.  in.at may equal out.  Room at @out: in.len + tail.len + HF_TAG_LEN. */
struct hf_seal {
    const uint8_t *nonce;
    struct hf_span aad, in, tail;
    uint8_t *out;
    bool done; /* seal_many: this one succeeded */
};
/* One record to open: @in is ciphertext and tag.  out may equal in.at.  On
 * failure @out holds zeroes, never plaintext. */
struct hf_open {
    const uint8_t *nonce;
    struct hf_span aad, in;
    uint8_t *out; /* in.len - HF_TAG_LEN bytes */
};

struct hf_aead {
    const char *name; /* AES-128-GCM, AES-256-GCM or ChaCha20-Poly1305 */
    uint8_t key_len;
    uint64_t seal_limit; /* records under one key (RFC 8446 5.5) */
    size_t state_size;   /* at most HF_AEAD_STATE_MAX; zero is unloaded */
    HF_CHECK bool (*load)(void *self, void *state, const uint8_t *key);
    void (*unload)(void *state); /* wipes; all-zero is fine */
    HF_CHECK bool (*seal)(void *state, const struct hf_seal *one);
    HF_CHECK bool (*open)(void *state, const struct hf_open *one);
    void (*seal_many)(void *state, struct hf_seal *each,
                      size_t n); /* or NULL */
};

/* Key exchange, Diffie-Hellman and KEMs alike: the client generates, the
 * server encapsulates to the client's share, the client decapsulates. */
struct hf_kx {
    uint16_t group; /* number in TLS */
    const char *name;
    uint16_t share_len, reply_len, secret_len;
    uint16_t state_size; /* at most HF_KX_STATE_MAX */
    /* A hybrid may hold a classic exchange, whose state lies at the start of
     * its own and whose share is a part of its own, from byte part_at on: both
     * shares can be offered for the price of one.  NULL otherwise. */
    const struct hf_kx *part;
    uint16_t part_at;
    HF_CHECK bool (*generate)(void *self, void *state, uint8_t *share);
    HF_CHECK bool (*encapsulate)(void *self, struct hf_span share,
                                 uint8_t *reply, uint8_t *secret, bool *fault);
    HF_CHECK bool (*decapsulate)(void *self, void *state, struct hf_span reply,
                                 uint8_t *secret, bool *fault);
    void (*wipe)(void *state); /* all-zero is fine */
};

enum hf_key_kind {
    HF_KEY_NONE,
    HF_KEY_RSA,     /* rsaEncryption */
    HF_KEY_RSA_PSS, /* id-RSASSA-PSS, with parameters that we accept */
    HF_KEY_P256,
    HF_KEY_P384,
    HF_KEY_P521,
    HF_KEY_ED25519,
    HF_KEY_MLDSA44, /* ML-DSA: in certificates only, so far */
    HF_KEY_MLDSA65,
    HF_KEY_MLDSA87
};
enum hf_padding { HF_PADDING_NONE, HF_PADDING_PKCS1, HF_PADDING_PSS };

/* A public key as it stands in a certificate: spans into its DER. */
struct hf_public_key {
    uint8_t kind;         /* enum hf_key_kind */
    uint8_t pss_hash;     /* RSA_PSS: the only hash allowed, 0 = any */
    uint16_t bits;        /* of the modulus or the curve */
    struct hf_span point; /* EC: 0x04 X Y; Ed25519: 32 bytes; ML-DSA: all */
    struct hf_span modulus, exponent; /* RSA: big-endian, no leading zero */
};

struct hf_private_key; /* the provider's; counted */

/* A way to sign: scheme, key, hash and padding are fixed together. */
struct hf_signature {
    const char *name;
    uint16_t scheme; /* number in TLS 1.3; 0: in certificates only */
    uint8_t key;     /* enum hf_key_kind */
    uint8_t padding; /* enum hf_padding; PKCS1 signs no TLS 1.3 message */
    uint8_t hash;    /* enum hf_hash_id; NONE: hashes by itself (Ed25519) */
    /* @message is what is signed, not its digest. */
    HF_CHECK bool (*verify)(void *self, const struct hf_signature *how,
                            const struct hf_public_key *key,
                            struct hf_span message, struct hf_span signature,
                            bool *fault);
    HF_CHECK bool (*sign)(void *self, const struct hf_signature *how,
                          const struct hf_private_key *key,
                          struct hf_span message, uint8_t *out, size_t cap,
                          size_t *len);
};

/* A way to compress certificates (RFC 8879).  It sees nothing secret.  What a
 * peer has compressed is hostile: expand() writes at most @len bytes and takes
 * a bounded amount of memory, whatever @in says. */
struct hf_compression {
    const char *name;
    uint16_t number; /* in TLS: 1 zlib, 2 brotli, 3 zstd */
    /* Expand @in, every byte of it, to exactly the @len bytes at @out; a stream
     * that gives more or fewer, ends early, or has bytes behind its end is not
     * it. */
    HF_CHECK bool (*expand)(void *self, struct hf_span in, uint8_t *out,
                            size_t len, bool *fault);
    /* Compress @in to the *len bytes at @out; never during a handshake.
     * False: more than @cap bytes, or no memory. */
    HF_CHECK bool (*compress)(void *self, struct hf_span in, uint8_t *out,
                              size_t cap, size_t *len);
};

/* Asked for the passphrase of an encrypted key: write it to @out, return its
 * length; 0 means that there is none. */
typedef size_t hf_passphrase_fn(void *ctx, char *out, size_t cap);

struct hf_provider {
    const char *name;
    /* Fetch everything once and test it.  NULL with the reason in *error. */
    void *(*open)(struct hf_error *error);
    void (*close)(void *self);           /* NULL is fine */
    const struct hf_hash *const *hashes; /* each list ends with NULL */
    const struct hf_aead *const *aeads;
    const struct hf_kx *const *groups;
    const struct hf_signature *const *signatures;
    /* Is this row of signatures of any use here and now?  NULL: all are. */
    bool (*signature_works)(void *self, const struct hf_signature *how);
    HF_CHECK bool (*random)(void *self, void *out, size_t len);

    /* Read a private key: DER (PKCS#8, SEC1, PKCS#1, encrypted PKCS#8) or the
     * PEM text of any of these (an old-style encrypted PEM too). */
    HF_CHECK bool (*key_load)(void *self, struct hf_span text,
                              hf_passphrase_fn *ask, void *ctx,
                              struct hf_private_key **out,
                              struct hf_error *error);
    struct hf_private_key *(*key_keep)(struct hf_private_key *key);
    void (*key_free)(struct hf_private_key *key); /* NULL is fine */
    /* The public half, as a certificate would hold it (spans into @key). */
    void (*key_public)(const struct hf_private_key *key,
                       struct hf_public_key *out);

    /* RSA key transport (RFC 5246 7.4.7.1).  Both NULL: there is none here,
     * and its cipher suites cannot be chosen.
     *
     * Encrypt a premaster secret with PKCS#1 v1.5 padding; the @len bytes at
     * @out, at most @cap, are as many as @key's modulus. */
    HF_CHECK bool (*premaster_seal)(void *self, const struct hf_public_key *key,
                                    const uint8_t secret[HF_PREMASTER_LEN],
                                    uint8_t *out, size_t cap, size_t *len,
                                    bool *fault);
    /* Decrypt what @key's public half encrypted.  @secret holds random bytes
     * before; afterwards the premaster secret if @sealed is one for @version
     * (what the ClientHello offered), and else, for whatever reason, still
     * the random bytes.  Nothing tells which: no result, no time, no error,
     * no allocation (RFC 5246 7.4.7.1; RFC 8017 7.2.2). */
    void (*premaster_open)(void *self, const struct hf_private_key *key,
                           struct hf_span sealed, unsigned version,
                           uint8_t secret[HF_PREMASTER_LEN]);
    /* For a process that keeps keys for another and answers HF_ASK_DECRYPT
     * (engine.h): @number, as long as the modulus of the plain RSA key @key and
     * below it, to the private power; as many bytes at @out.  Nobody looks at
     * padding.  Whoever may ask for this can have anything signed too.  May be
     * NULL.  False: another key, no such number, or a fault. */
    HF_CHECK bool (*key_raise)(void *self, const struct hf_private_key *key,
                               struct hf_span number, uint8_t *out);

    /* Ends with NULL, as the other lists; NULL: there is none here. */
    const struct hf_compression *const *compressions;
};

/* OpenSSL's libcrypto, 3.0 or later. */
extern HF_PUBLIC const struct hf_provider hf_libcrypto;

#ifdef __cplusplus
}
#endif
#endif
