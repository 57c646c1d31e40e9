/* x509.h - who they are: certificates as borrowed spans of their DER, trust
 * stores, host names, and the verification of a chain with its reasons.
 *
 *     bytes --der.c--> struct hf_cert --path.c--> candidate chains
 *                                     --verify.c--> checks, with reasons
 *                                     --check.c--> the one verdict "trusted"
 *
 * The builder searches, the checker believes nothing: it walks the finished
 * chain once more, and it alone fills in struct hf_verified.
 */
#ifndef HF_X509_H
#define HF_X509_H

#include "base/base.h"
#include "crypto/suite.h"

/* ---- certificates (cert.c, cert_ext.c) ------------------------------------------------ */

enum { HF_CERT_MAX = 64 * 1024, HF_CERT_EXTENSIONS_MAX = 32 };

/* What an extension was found to say, as bits. */
enum hf_cert_flag {
    HF_CERT_CA = 1 << 0,            /* basicConstraints cA */
    HF_CERT_BASIC = 1 << 1,         /* basicConstraints present */
    HF_CERT_PATHLEN = 1 << 2,       /* pathLenConstraint present */
    HF_CERT_KEY_USAGE = 1 << 3,     /* keyUsage present */
    HF_CERT_EKU = 1 << 4,           /* extKeyUsage present */
    HF_CERT_EKU_SERVER = 1 << 5,    /* id-kp-serverAuth */
    HF_CERT_EKU_CLIENT = 1 << 6,    /* id-kp-clientAuth */
    HF_CERT_EKU_ANY = 1 << 7,       /* anyExtendedKeyUsage */
    HF_CERT_EKU_OCSP = 1 << 8,      /* id-kp-OCSPSigning */
    HF_CERT_MUST_STAPLE = 1 << 9,   /* TLS feature (RFC 7633) status_request */
    HF_CERT_CRITICAL = 1 << 10,     /* a critical extension not understood */
    HF_CERT_SELF_ISSUED = 1 << 11,  /* subject equals issuer */
    HF_CERT_SAN_CRITICAL = 1 << 12,
    HF_CERT_POLICY = 1 << 13        /* certificatePolicies present */
};
enum hf_key_usage { /* bits as numbered in RFC 5280 4.2.1.3 */
    HF_USE_DIGITAL_SIGNATURE = 1 << 0,
    HF_USE_KEY_ENCIPHERMENT = 1 << 2,
    HF_USE_KEY_AGREEMENT = 1 << 4,
    HF_USE_KEY_CERT_SIGN = 1 << 5,
    HF_USE_CRL_SIGN = 1 << 6
};

/* Counted; never changes after it was made.  All spans point into .der. */
struct hf_cert {
    _Atomic unsigned count;
    struct hf_span der;         /* one allocation, with this struct */
    struct hf_span tbs;         /* what is signed, with its header */
    struct hf_span serial;      /* contents of the INTEGER */
    struct hf_span issuer, subject; /* Names, with their headers */
    struct hf_span spki;        /* SubjectPublicKeyInfo, with its header */
    struct hf_span algorithm;   /* signature AlgorithmIdentifier, whole DER */
    struct hf_span signature;   /* contents of the BIT STRING, no pad byte */
    int64_t not_before, not_after; /* seconds since 1970 */
    struct hf_public_key key;   /* kind NONE: not a key that we know */
    uint32_t flags;             /* enum hf_cert_flag */
    uint16_t usage;             /* enum hf_key_usage */
    uint16_t path_len;
    /* Contents of extension values (inside the OCTET STRING); .at NULL if
     * absent. */
    struct hf_span san, name_constraints, skid, akid, aia, policies, eku, crl_dp,
        sct;
    struct hf_span critical;    /* OID of the first critical unknown one */
};

/* Parse a copy of @der.  NULL with the reason in *error.  Owner: caller, one
 * count. */
struct hf_cert *hf_cert_new(struct hf_span der, struct hf_error *error);
struct hf_cert *hf_cert_keep(struct hf_cert *cert); /* any thread */
void hf_cert_free(struct hf_cert *cert);            /* any thread; NULL fine */

/* For people.  All write at most @cap bytes, NUL ended, printable. */
/* "CN=localhost, O=Lab" (RFC 4514 in spirit, most specific first). */
void hf_name_text(struct hf_span name, char *out, size_t cap);
/* The most telling part of a Name: its CN, else O, else the whole. */
void hf_name_short(struct hf_span name, char *out, size_t cap);
/* "ECDSA P-256", "RSA 2048", "Ed25519". */
void hf_key_text(const struct hf_public_key *key, char *out, size_t cap);
/* "ecdsa-with-SHA256"; dotted OID if unknown. */
void hf_algorithm_text(struct hf_span algorithm, char *out, size_t cap);
void hf_oid_text(struct hf_span oid, char *out, size_t cap);
/* Walk the subject alternative names: 0-th, 1st ...; false after the last. */
enum hf_san_kind { HF_SAN_DNS, HF_SAN_IP, HF_SAN_EMAIL, HF_SAN_URI,
                   HF_SAN_DIRECTORY, HF_SAN_OTHER };
struct hf_san {
    uint8_t kind;
    struct hf_span value;
};
bool hf_cert_san(const struct hf_cert *cert, size_t index, struct hf_san *out);
/* "DNS:localhost", "IP:::1". */
void hf_san_text(const struct hf_san *san, char *out, size_t cap);
/* The first http URL of authorityInfoAccess caIssuers; false if none. */
bool hf_cert_aia(const struct hf_cert *cert, struct hf_span *url);

/* ---- names to check (match.c) ------------------------------------------------------------ */

/* What a client wants to talk to: a DNS name (A-label form) or an address. */
struct hf_peer_name {
    bool is_ip;
    uint8_t ip_len; /* 4 or 16 */
    uint8_t ip[16];
    char dns[256];  /* lower case, no trailing dot, NUL ended */
};
/* False if @text is neither a DNS name that could stand in a certificate nor
 * an IPv4 or IPv6 address (brackets and zone are not accepted). */
HF_CHECK bool hf_peer_name_read(const char *text, struct hf_peer_name *out);
/* Does a name of the certificate cover @name?  SAN only, never CN (RFC 9525
 * 6.3). */
bool hf_cert_names(const struct hf_cert *cert, const struct hf_peer_name *name);
/* Does @pattern (a dNSName of a certificate, maybe "*.x.y") cover @dns? */
bool hf_dns_covers(struct hf_span pattern, struct hf_span dns);

/* ---- trust anchors (store.c) ---------------------------------------------------------------- */

/* Counted.  Grows while it is built; then only read, from any thread, without
 * a lock: a root is decoded and parsed anew when somebody needs it. */
struct hf_store;
struct hf_store *hf_store_new(void);
struct hf_store *hf_store_keep(struct hf_store *store);
void hf_store_free(struct hf_store *store);
/* Index every CERTIFICATE of a PEM text.  @text is borrowed for the store's
 * whole life (a mapped bundle) unless @copy; @done is called with @ctx when
 * the store dies (to unmap), may be NULL.  *added counts.  All or nothing:
 * false with the reason (which block, counting from 1). */
HF_CHECK bool hf_store_add_pem(struct hf_store *store, struct hf_span text,
                               bool copy, void (*done)(void *ctx), void *ctx,
                               size_t *added, struct hf_error *error);
HF_CHECK bool hf_store_add_der(struct hf_store *store, struct hf_span der,
                               struct hf_error *error);
size_t hf_store_count(const struct hf_store *store);
/* Every anchor in turn, as a fresh hf_cert (caller frees): for tools. */
struct hf_cert *hf_store_at(const struct hf_store *store, size_t index);

/* ---- verification (path.c, verify.c, check.c) -------------------------------------------------- */

enum hf_purpose { HF_PURPOSE_SERVER, HF_PURPOSE_CLIENT, HF_PURPOSE_ANY };

enum {
    HF_CHAIN_MAX = 16,  /* certificates that we take from a peer */
    HF_PATH_MAX = 8,    /* leaf to anchor, both counted */
    HF_TRIED_MAX = 64   /* nodes of the why-not tree */
};
/* What one verification may cost (attacks: path-building explosion). */
struct hf_verify_budget {
    uint32_t signatures;  /* 100 */
    uint32_t candidates;  /* steps of the search: 10,000 */
    uint32_t comparisons; /* of names with constraints: 65,536 */
};

/* A node of the tree of tried paths: this certificate above that one, and the
 * first check that it failed (HF_OK: passed; its children failed or it is in
 * the path). */
struct hf_tried {
    struct hf_cert *cert;  /* kept by the tree */
    int8_t parent;         /* index of the certificate it would issue; -1 leaf */
    uint8_t depth;
    bool anchor;           /* from the trust store */
    uint16_t code;         /* enum hf_error_code */
    uint8_t event;         /* enum hf_event_id of that check */
    char detail[200];      /* the values compared */
};
struct hf_tried_tree {
    struct hf_tried at[HF_TRIED_MAX];
    size_t count;
    size_t lost; /* nodes for which there was no room */
};
void hf_tried_wipe(struct hf_tried_tree *tree);

struct hf_verify {
    const struct hf_crypto *crypto;
    const struct hf_store *store;        /* may be NULL: nothing is trusted */
    struct hf_cert *const *chain;        /* [0] is the peer's own; the others
                                          * in any order */
    size_t count;
    const struct hf_peer_name *name;     /* NULL: no name is checked */
    enum hf_purpose purpose;             /* what the leaf is used for */
    int64_t now;
    uint16_t min_rsa_bits;               /* 0: 2048 */
    struct hf_tried_tree *tree;          /* filled in if not NULL */
    hf_watch_fn *watch;                  /* CHECK events; may be NULL */
    void *watch_ctx;
};

/* The proof that a chain is trusted: only check.c makes one. */
struct hf_verified {
    uint64_t token;                      /* HF_VERIFIED_TOKEN or 0 */
    size_t depth;
    struct hf_cert *path[HF_PATH_MAX];   /* leaf ... anchor; each kept */
};
#define HF_VERIFIED_TOKEN UINT64_C(0x68616e6466617374)
void hf_verified_wipe(struct hf_verified *v);

/* Find a trusted path for v->chain[0] and prove it.  True: *out is the proof
 * (wipe it).  False: *error is the most telling reason, with the values
 * compared and the next step in its detail.  No thread rule; no I/O. */
HF_CHECK bool hf_verify_chain(const struct hf_verify *v,
                              struct hf_verified *out, struct hf_error *error);

#endif
