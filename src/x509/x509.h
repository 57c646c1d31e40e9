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

/* ---- DER (der.c) ---------------------------------------------------------------------- */

/* A reader of the elements that stand one after the other in some bytes.
 * Inside it is offsets from @base, so that an element knows where it stands
 * in the whole.  After a failure there is no point in reading on. */
struct hf_der {
    const uint8_t *base;
    uint32_t at, end;
};
struct hf_tlv {
    uint8_t tag;          /* a single byte; others are refused */
    uint32_t start;       /* offset of the tag from the reader's base */
    struct hf_span whole; /* tag, length and value */
    struct hf_span value;
};
enum hf_der_tag {
    HF_DER_BOOLEAN = 0x01,
    HF_DER_INTEGER = 0x02,
    HF_DER_BIT_STRING = 0x03,
    HF_DER_OCTET_STRING = 0x04,
    HF_DER_NULL = 0x05,
    HF_DER_OID = 0x06,
    HF_DER_ENUMERATED = 0x0a,
    HF_DER_UTF8 = 0x0c,
    HF_DER_NUMERIC = 0x12,
    HF_DER_PRINTABLE = 0x13,
    HF_DER_TELETEX = 0x14,
    HF_DER_IA5 = 0x16,
    HF_DER_UTC_TIME = 0x17,
    HF_DER_GENERAL_TIME = 0x18,
    HF_DER_UNIVERSAL = 0x1c,
    HF_DER_BMP = 0x1e,
    HF_DER_SEQUENCE = 0x30,
    HF_DER_SET = 0x31,
    HF_DER_CONSTRUCTED = 0x20, /* a bit of the tag */
    HF_DER_CONTEXT = 0x80      /* [0] primitive; + n, + CONSTRUCTED */
};
enum {
    HF_DER_MAX = 64 * 1024,
    HF_CRL_MAX = 32 * 1024 * 1024, /* of a revocation list */
    HF_DER_DEPTH = 16
};

/* A reader of @bytes; of more than HF_DER_MAX it reads nothing. */
struct hf_der hf_der(struct hf_span bytes);
/* The same of at most HF_CRL_MAX. */
struct hf_der hf_der_large(struct hf_span bytes);
/* The next element.  False at the end and for whatever is not DER: a tag of
 * several bytes, a length that is indefinite, not minimal or too long. */
HF_CHECK bool hf_der_next(struct hf_der *r, struct hf_tlv *out);
/* All was read. */
bool hf_der_done(const struct hf_der *r);
/* Is @tag next? */
bool hf_der_peek(const struct hf_der *r, unsigned tag);
/* The value of the next element, which must have @tag. */
HF_CHECK bool hf_der_take(struct hf_der *r, unsigned tag,
                          struct hf_span *value);
/* The same, as a reader with the same base. */
HF_CHECK bool hf_der_open(struct hf_der *r, unsigned tag,
                          struct hf_der *inside);
/* An INTEGER in its shortest form: its contents, two's complement. */
HF_CHECK bool hf_der_integer(struct hf_der *r, struct hf_span *contents);
/* One that is not negative, as big-endian bytes without the sign's zero. */
HF_CHECK bool hf_der_natural(struct hf_der *r, struct hf_span *bytes);
/* One from 0 to 2^32 - 1. */
HF_CHECK bool hf_der_small(struct hf_der *r, uint32_t *value);
HF_CHECK bool hf_der_boolean(struct hf_der *r, bool *value);
/* Contents of a well-formed OBJECT IDENTIFIER. */
HF_CHECK bool hf_der_oid(struct hf_der *r, struct hf_span *oid);
/* A BIT STRING: bytes, and how many bits at the end are not part of it (they
 * are 0). */
HF_CHECK bool hf_der_bits(struct hf_der *r, struct hf_span *bytes,
                          unsigned *unused);
/* UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 has them, in seconds since
 * 1970. */
HF_CHECK bool hf_der_time(struct hf_der *r, int64_t *seconds);
/* An ENUMERATED from 0 to 127. */
HF_CHECK bool hf_der_choice(struct hf_der *r, unsigned *value);
/* Elements and nothing else, and elements inside those that are constructed,
 * at most HF_DER_DEPTH deep; numbers, OIDs and so on as above. */
bool hf_der_is_sound(struct hf_span bytes);

/* ---- certificates (cert.c, cert_ext.c) ------------------------------------------------ */

enum { HF_CERT_MAX = 64 * 1024, HF_CERT_EXTENSIONS_MAX = 32 };

/* What an extension was found to say, as bits. */
enum hf_cert_flag {
    HF_CERT_CA = 1 << 0,           /* basicConstraints cA */
    HF_CERT_BASIC = 1 << 1,        /* basicConstraints present */
    HF_CERT_PATHLEN = 1 << 2,      /* pathLenConstraint present */
    HF_CERT_KEY_USAGE = 1 << 3,    /* keyUsage present */
    HF_CERT_EKU = 1 << 4,          /* extKeyUsage present */
    HF_CERT_EKU_SERVER = 1 << 5,   /* id-kp-serverAuth */
    HF_CERT_EKU_CLIENT = 1 << 6,   /* id-kp-clientAuth */
    HF_CERT_EKU_ANY = 1 << 7,      /* anyExtendedKeyUsage */
    HF_CERT_EKU_OCSP = 1 << 8,     /* id-kp-OCSPSigning */
    HF_CERT_MUST_STAPLE = 1 << 9,  /* TLS feature (RFC 7633) status_request */
    HF_CERT_CRITICAL = 1 << 10,    /* a critical extension not understood */
    HF_CERT_SELF_ISSUED = 1 << 11, /* subject equals issuer */
    HF_CERT_SAN_CRITICAL = 1 << 12,
    HF_CERT_POLICY = 1 << 13, /* certificatePolicies present */
    HF_CERT_BASIC_CRITICAL = 1 << 14,
    HF_CERT_CONSTRAINTS_CRITICAL = 1 << 15,
    HF_CERT_EKU_CRITICAL = 1 << 16,
    HF_CERT_OCSP_NOCHECK = 1 << 17, /* id-pkix-ocsp-nocheck */
    HF_CERT_POLICY_CONSTRAINTS_CRITICAL = 1 << 18
};
/* Bits as numbered in RFC 5280 4.2.1.3. */
enum hf_key_usage {
    HF_USE_DIGITAL_SIGNATURE = 1 << 0,
    HF_USE_KEY_ENCIPHERMENT = 1 << 2,
    HF_USE_KEY_AGREEMENT = 1 << 4,
    HF_USE_KEY_CERT_SIGN = 1 << 5,
    HF_USE_CRL_SIGN = 1 << 6,
    HF_USE_ANY = 1 << 15 /* hf_verify.leaf_usage: whatever it says will do */
};

/* Counted; never changes after it was made.  All spans point into .der.
 * Whatever of it we understand was found to be well-formed DER when it was
 * made. */
struct hf_cert {
    _Atomic unsigned count;
    struct hf_span der;             /* one allocation, with this struct */
    struct hf_span tbs;             /* what is signed, with its header */
    struct hf_span serial;          /* contents of the INTEGER */
    struct hf_span issuer, subject; /* Names, with their headers */
    struct hf_span spki;            /* SubjectPublicKeyInfo, with its header */
    struct hf_span algorithm; /* signature AlgorithmIdentifier, whole DER */
    struct hf_span signature; /* contents of the BIT STRING, no pad byte */
    int64_t not_before, not_after; /* seconds since 1970 */
    struct hf_public_key key;      /* kind NONE: not a key that we know */
    uint32_t flags;                /* enum hf_cert_flag */
    uint16_t usage;                /* enum hf_key_usage */
    uint16_t path_len;
    /* policyConstraints and inhibitAnyPolicy: one more than the number of
     * certificates to skip, at most 255; 0: not said. */
    uint8_t explicit_policy, inhibit_mapping, inhibit_any;
    /* Contents of extension values (inside the OCTET STRING); .at NULL if
     * absent. */
    struct hf_span san, name_constraints, skid, akid, aia, policies, mappings,
        eku, crl_dp, sct;
    /* OID of the first critical extension that is not understood, or that must
     * not be critical. */
    struct hf_span critical;
};

/* Parse a copy of @der.  NULL with the reason in *error.  Owner: caller, one
 * count. */
struct hf_cert *hf_cert_new(struct hf_span der, struct hf_error *error);
/* Bytes that were a certificate before, kept and not parsed: only .der is
 * set.  NULL without memory. */
struct hf_cert *hf_cert_hold(struct hf_span der);
struct hf_cert *hf_cert_keep(struct hf_cert *cert); /* any thread */
void hf_cert_free(struct hf_cert *cert);            /* any thread; NULL fine */

/* Read a SubjectPublicKeyInfo (whole DER).  False if it is not DER; a kind of
 * key that we do not know is kind NONE. */
HF_CHECK bool hf_spki_read(struct hf_span spki, struct hf_public_key *out);
/* Padding and hash of a signature AlgorithmIdentifier (whole DER); false for
 * one that is not accepted, be it unknown or weak. */
HF_CHECK bool hf_algorithm_parts(struct hf_span algorithm, uint8_t *padding,
                                 uint8_t *hash);
/* The hash that names a certificate with that signature (RFC 5929 4.1): the
 * signature's own, SHA-256 instead of MD5 and SHA-1; HF_HASH_NONE if there is
 * none, or none that we have. */
unsigned hf_algorithm_digest(struct hf_span algorithm);
/* The only kind of key that makes signatures of this algorithm; NONE if there
 * are several, or it is not accepted. */
unsigned hf_algorithm_kind(struct hf_span algorithm);
/* The key identifiers; empty if absent. */
struct hf_span hf_cert_skid(const struct hf_cert *cert);
struct hf_span hf_cert_akid(const struct hf_cert *cert);

/* For people.  All write at most @cap bytes, NUL ended, printable. */
/* "CN=localhost, O=Lab" (RFC 4514 in spirit, most specific first). */
void hf_name_text(struct hf_span name, char *out, size_t cap);
/* The most telling part of a Name: its CN, else O, else the whole. */
void hf_name_short(struct hf_span name, char *out, size_t cap);
/* "ECDSA P-256", "RSA 2048", "Ed25519", "ML-DSA-65". */
void hf_key_text(const struct hf_public_key *key, char *out, size_t cap);
/* "ecdsa-with-SHA256"; dotted OID if unknown. */
void hf_algorithm_text(struct hf_span algorithm, char *out, size_t cap);
void hf_oid_text(struct hf_span oid, char *out, size_t cap);
/* The name of an OID ("basicConstraints"), NULL if it is not in oids.def. */
const char *hf_oid_name(struct hf_span oid);
/* Walk the subject alternative names: 0-th, 1st ...; false after the last. */
enum hf_san_kind {
    HF_SAN_DNS,
    HF_SAN_IP,
    HF_SAN_EMAIL,
    HF_SAN_URI,
    HF_SAN_DIRECTORY,
    HF_SAN_OTHER
};
struct hf_san {
    uint8_t kind;
    struct hf_span value;
};
bool hf_cert_san(const struct hf_cert *cert, size_t index, struct hf_san *out);
/* The same as a walk, for many: hf_san_begin(), then hf_san_next() until
 * false. */
struct hf_der hf_san_begin(const struct hf_cert *cert);
bool hf_san_next(struct hf_der *names, struct hf_san *out);
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
    char dns[256]; /* lower case, no trailing dot, NUL ended */
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
/* SHA-256 of what was added, in its order: the same for the same anchors. */
HF_CHECK bool hf_store_digest(const struct hf_store *store,
                              const struct hf_crypto *crypto, uint8_t *out);
/* Every anchor in turn, as a fresh hf_cert (caller frees): for tools. */
struct hf_cert *hf_store_at(const struct hf_store *store, size_t index);

/* ---- revocation lists (crl.c, crls.c) ---------------------------------------------------- */

/* Bits as numbered in RFC 5280 4.2.1.13; bit 0 is unused. */
enum { HF_REASONS_ALL = 0x1fe };

/* A complete CRL: spans into its DER, and an index of it by serial number.
 * Delta CRLs, indirect ones and those with a critical extension that is not
 * understood do not become one. */
struct hf_crl {
    struct hf_span der;
    struct hf_span tbs, issuer, algorithm, signature;
    struct hf_span akid;   /* keyIdentifier; empty if absent */
    struct hf_span number; /* cRLNumber, big-endian */
    struct hf_span points; /* GeneralNames of the distribution point; empty:
                            * it is not about a certain one */
    int64_t this_update, next_update;
    bool user_only, ca_only; /* which certificates it is about */
    uint16_t reasons;        /* which of HF_REASONS_ALL it is about */
    size_t count;            /* entries */
    uint32_t *rows;   /* where they are in .der, those of a bucket together */
    uint32_t *starts; /* where a bucket begins in .rows; count + 1 of them */
    /* The issuer whose key is known to have signed it; NULL: not asked yet.
     * Set at most once, by whoever finds out first. */
    _Atomic(struct hf_cert *) signer;
};
struct hf_crl_entry {
    struct hf_span serial; /* contents of the INTEGER */
    int64_t when;
    uint8_t reason; /* RFC 5280 5.3.1; 0: unspecified, or not said */
};
/* Parse a copy of @der.  NULL with the reason in *error (config.crl). */
struct hf_crl *hf_crl_new(struct hf_span der, struct hf_error *error);
void hf_crl_free(struct hf_crl *crl); /* NULL is fine */
/* Is @serial (contents of an INTEGER) in the list?  No copy, no search. */
bool hf_crl_find(const struct hf_crl *crl, struct hf_span serial,
                 struct hf_crl_entry *out);
/* The entries in the order of their buckets: for tools. */
bool hf_crl_at(const struct hf_crl *crl, size_t index,
               struct hf_crl_entry *out);
/* "keyCompromise"; "unspecified" for 0; NULL for what there is not. */
const char *hf_reason_text(unsigned reason);

enum { HF_CRLS_MAX = 4096 };
/* Lists to be asked.  All-zero is empty.  Grows while it is built, then only
 * read, from any thread. */
struct hf_crls {
    struct hf_crl **at;
    size_t count, room;
};
/* Add every X509 CRL of a PEM text, or one in DER.  Copies.  All or nothing:
 * false with the reason, and which block it was. */
HF_CHECK bool hf_crls_add(struct hf_crls *crls, struct hf_span text,
                          size_t *added, struct hf_error *error);
void hf_crls_wipe(struct hf_crls *crls);
/* SHA-256 of which lists these are, in their order: 32 bytes. */
HF_CHECK bool hf_crls_digest(const struct hf_crls *crls,
                             const struct hf_crypto *crypto, uint8_t *out);

/* ---- OCSP responses (ocsp.c) ---------------------------------------------------------------- */

enum hf_ocsp_answer { HF_OCSP_GOOD, HF_OCSP_REVOKED, HF_OCSP_UNKNOWN };
enum {
    HF_OCSP_CERTS_MAX = 8,       /* certificates taken from a response */
    HF_OCSP_SKEW = 300,          /* seconds by which clocks may differ */
    HF_OCSP_FRESH = 24 * 60 * 60 /* how long without a nextUpdate */
};
/* A response as spans into its DER; nothing in it has been verified. */
struct hf_ocsp {
    uint8_t status; /* RFC 6960 4.2.1: 0 successful; else the rest is empty */
    bool by_key;    /* responder is a SHA-1 of a key, else a Name */
    struct hf_span responder;
    int64_t produced;
    struct hf_span tbs, algorithm, signature;
    struct hf_der singles, certs;
};
struct hf_ocsp_single {
    struct hf_span algorithm, name_hash, key_hash, serial; /* CertID */
    uint8_t answer; /* enum hf_ocsp_answer */
    uint8_t reason;
    bool has_next;
    int64_t when; /* revoked: since */
    int64_t this_update, next_update;
    struct hf_span scts; /* value of that extension; .at NULL: absent */
};
/* Read all of it, strictly.  False with the reason (verify.staple). */
HF_CHECK bool hf_ocsp_read(struct hf_span der, struct hf_ocsp *out,
                           struct hf_error *error);
/* The next of @ocsp.singles; the next certificate of @ocsp.certs, as DER. */
bool hf_ocsp_next(struct hf_der *singles, struct hf_ocsp_single *out);
bool hf_ocsp_next_cert(struct hf_der *certs, struct hf_span *out);
/* "tryLater" for 3; NULL for what there is not. */
const char *hf_ocsp_status_text(unsigned status);

/* ---- signatures that were verified before (known.c) --------------------------------------- */

/* A table of a fixed size: which key signed which certificate.  Read and
 * written by any thread, without a lock.  Nothing else is remembered: names,
 * dates, constraints, purposes and revocation are asked each time. */
struct hf_known;
enum {
    HF_KNOWN_USUAL = 256, /* entries, of 42 bytes */
    HF_KNOWN_MAX = 65536
};
/* Room for at least @entries, 4 and HF_KNOWN_MAX being the bounds.  @leaves:
 * for peers' own certificates too, not only for those that issued them.  NULL
 * without memory.  Owner: caller. */
struct hf_known *hf_known_new(size_t entries, bool leaves);
void hf_known_free(struct hf_known *known); /* NULL is fine */
bool hf_known_keeps_leaves(const struct hf_known *known);

/* ---- verification (path.c, verify.c, check.c) -------------------------------------------------- */

enum hf_purpose { HF_PURPOSE_SERVER, HF_PURPOSE_CLIENT, HF_PURPOSE_ANY };

/* How much is asked of those who issue.  A path that RFC 5280 6 finds valid may
 * still hold certificates that nobody should have issued; whoever wants to
 * know of these asks for a profile. */
enum hf_profile {
    HF_PROFILE_PRACTICE, /* what keeps us safe: RFC 5280 6, keys, algorithms */
    HF_PROFILE_RFC5280,  /* and what RFC 5280 4 demands of authorities */
    HF_PROFILE_WEB       /* and the CA/Browser Forum's requirements 7.1 */
};

enum {
    HF_CHAIN_MAX = 16, /* certificates that we take from a peer */
    HF_PATH_MAX = 8,   /* leaf to anchor, both counted */
    HF_TRIED_MAX = 64  /* nodes of the why-not tree */
};
/* What one verification may cost (attacks: path-building explosion). */
struct hf_verify_budget {
    uint32_t signatures;  /* 100 */
    uint32_t candidates;  /* steps of the search: 10,000 */
    uint32_t comparisons; /* of names with constraints, long ones for more
                           * than one: 65,536 */
};

/* A node of the tree of tried paths: this certificate above that one, and the
 * first check that it failed (HF_OK: passed; its children failed or it is in
 * the path). */
struct hf_tried {
    struct hf_cert *cert; /* kept by the tree */
    int8_t parent;        /* index of the certificate it would issue; -1 leaf */
    uint8_t depth;
    bool anchor;      /* from the trust store */
    uint16_t code;    /* enum hf_error_code */
    uint8_t event;    /* enum hf_event_id of that check */
    char detail[256]; /* the values compared, and what came out */
    char fix[192];    /* what to do, and who */
};
struct hf_tried_tree {
    struct hf_tried at[HF_TRIED_MAX];
    size_t count;
    size_t lost;                   /* nodes for which there was no room */
    struct hf_verify_budget spent; /* what it cost */
};
void hf_tried_wipe(struct hf_tried_tree *tree);

/* What was found out about the revocation of a certificate. */
enum hf_standing {
    HF_STANDING_UNASKED, /* nobody was asked */
    HF_STANDING_GOOD,
    HF_STANDING_REVOKED,
    HF_STANDING_UNKNOWN /* asked, and nobody who may knew */
};
enum hf_source { HF_SOURCE_NONE, HF_SOURCE_CRL, HF_SOURCE_OCSP };
struct hf_status {
    uint8_t standing;    /* enum hf_standing */
    uint8_t source;      /* enum hf_source: who says so */
    uint8_t reason;      /* revoked: RFC 5280 5.3.1 */
    int64_t when;        /* revoked: since */
    int64_t from, until; /* thisUpdate, and when it ends */
    uint8_t number[20];  /* CRL: its number, big-endian */
    uint8_t number_len;
    const char *why; /* unknown: static; NULL: nobody said anything */
};

/* What our own side asks of certificate policies (RFC 5280 6.1.1 c, e, f, g).
 * All-zero: any policy will do, and none. */
struct hf_policies_asked {
    const struct hf_span *accepted; /* contents of OIDs */
    size_t count;  /* of them, at most 64; 0: any policy is accepted */
    bool needed;   /* the path must have been issued under one of them */
    bool unmapped; /* policyMappings do not count */
    bool no_any;   /* anyPolicy does not count */
};

struct hf_verify {
    const struct hf_crypto *crypto;
    const struct hf_store *store; /* may be NULL: nothing is trusted */
    /* [0] is the peer's own; the others in any order, NULL for one that could
     * not be read. */
    struct hf_cert *const *chain;
    size_t count;
    const struct hf_peer_name *name; /* NULL: no name is checked */
    enum hf_purpose purpose;         /* what the leaf is used for */
    int64_t now;
    bool any_time;         /* insecure: dates are not looked at */
    uint16_t min_rsa_bits; /* 0: 2048 */
    /* Bits of enum hf_key_usage that the leaf's keyUsage must have, if it has
     * one; 0: digitalSignature. */
    uint16_t leaf_usage;
    /* Signature schemes (numbers of TLS) that certificates may be signed with;
     * none: all that the provider has. */
    const uint16_t *schemes;
    size_t scheme_count;
    uint8_t profile; /* enum hf_profile */
    /* Certificates of a path, leaf and anchor counted, authorities between them
     * that issued themselves not; 0: HF_PATH_MAX, which counts all and always
     * holds. */
    uint8_t max_depth;
    const struct hf_policies_asked *policies; /* NULL: as all-zero */
    uint8_t revocation;                       /* enum hf_revocation */
    const struct hf_crls *crls;               /* may be NULL */
    /* For each of @chain the OCSP response that came with it, empty if none
     * did; NULL: none came at all. */
    const struct hf_span *staples;
    /* The peer was asked for one: a certificate that says it comes with one
     * (tlsFeature, RFC 7633) must. */
    bool staple_asked;
    const struct hf_verify_budget *budget; /* NULL: the defaults */
    /* Whose signatures need not be verified again; NULL: none. */
    struct hf_known *known;
    struct hf_tried_tree *tree; /* filled in if not NULL */
    hf_watch_fn *watch;         /* CHECK events; may be NULL */
    void *watch_ctx;
};

/* The proof that a chain is trusted: only check.c makes one. */
struct hf_verified {
    uint64_t token; /* HF_VERIFIED_TOKEN or 0 */
    size_t depth;
    struct hf_cert *path[HF_PATH_MAX]; /* leaf ... anchor; each kept */
    /* Of each below the anchor; never REVOKED. */
    struct hf_status status[HF_PATH_MAX];
};
#define HF_VERIFIED_TOKEN UINT64_C(0x68616e6466617374)
void hf_verified_wipe(struct hf_verified *v);

/* Find a trusted path for v->chain[0] and prove it.  True: *out is the proof
 * (wipe it).  False: *error is the most telling reason, with the values
 * compared and the next step in its detail.  No thread rule; no I/O. */
HF_CHECK bool hf_verify_chain(const struct hf_verify *v,
                              struct hf_verified *out, struct hf_error *error);

/* What does the OCSP response @der say of @cert, that @issuer issued?  True:
 * it is good at the time of v->now; *out tells until when.  False: *error says
 * why not, verify.revoked or verify.staple.  Of @v are needed crypto and now;
 * any_time, min_rsa_bits and crls (against which a responder is held) are
 * heeded.  That @issuer is trusted is the caller's business. */
HF_CHECK bool hf_staple_check(const struct hf_verify *v, struct hf_cert *cert,
                              struct hf_cert *issuer, struct hf_span der,
                              struct hf_status *out, struct hf_error *error);

#endif
