/* inside.h - what the files of this layer tell each other, and nobody else.
 *
 *     cert.c      <- cert_ext.c, key.c        a certificate is read
 *     store.c                                 an anchor is found
 *     path.c      -> verify.c, check.c        a path is sought and proved
 *     report.c                                and said
 */
#ifndef HF_X509_INSIDE_H
#define HF_X509_INSIDE_H

#include <stdatomic.h>

#include "x509/x509.h"

enum { HF_KNOWN_LEN = 32 }; /* SHA-256 */

/* ---- reading a certificate --------------------------------------------------- */

/* Where the reading of a certificate is, for the error it may end in. */
struct hf_parse {
    struct hf_cert *cert;
    const char *field, *why;
    size_t byte;
    enum hf_error_code code;
};
static inline void hf_parse_at(struct hf_parse *p, const char *field,
                               const struct hf_der *r)
{
    p->field = field;
    p->byte = r->at;
}
/* Always false. */
static inline bool hf_parse_no(struct hf_parse *p, const char *why)
{
    p->why = why;
    return false;
}

/* A certificate with room for @len bytes of DER to be put at *bytes. */
struct hf_cert *hf_cert_room(size_t len, uint8_t **bytes);
/* Read those bytes.  NULL, with the reason and @cert freed, if they are no
 * certificate. */
struct hf_cert *hf_cert_finish(struct hf_cert *cert, struct hf_error *error);
HF_CHECK bool hf_cert_extensions(struct hf_parse *p, struct hf_der *tbs);

/* A walk over Extensions, of a certificate or of something else. */
struct hf_extension {
    struct hf_span oid, value; /* value: inside the OCTET STRING */
    bool critical;
};
struct hf_extensions {
    struct hf_der list;
    struct hf_span seen[HF_CERT_EXTENSIONS_MAX];
    size_t count;
    bool bad; /* it ended before its end; the reason is in the hf_parse */
};
void hf_extensions_begin(struct hf_extensions *walk, struct hf_der list);
bool hf_extensions_next(struct hf_extensions *walk, struct hf_parse *p,
                        struct hf_extension *out);

/* A SEQUENCE of an OID and maybe something. */
bool hf_algorithm_is_sound(const struct hf_tlv *algorithm);
bool hf_name_is_sound(struct hf_span name);
bool hf_name_is_empty(struct hf_span name);
/* The last attribute of a type 2.5.4.@attribute. */
enum { HF_NAME_CN = 3, HF_NAME_O = 10, HF_NAME_OU = 11 };
bool hf_name_find(struct hf_span name, uint8_t attribute, struct hf_tlv *out);
/* The serial number is 0. */
static inline bool hf_serial_is_zero(const struct hf_cert *cert)
{
    return cert->serial.len == 1 && cert->serial.at[0] == 0;
}

/* ---- text (sink.c) ------------------------------------------------------------- */

struct hf_sink {
    char *out;
    size_t len, cap; /* cap counts the NUL */
    bool cut;
};
static inline struct hf_sink hf_sink(char *out, size_t cap)
{
    return (struct hf_sink){ out, 0, cap, cap == 0 };
}
/* All of @n bytes, as they are, or nothing any more. */
void hf_sink_put(struct hf_sink *s, const char *bytes, size_t n);
void hf_sink_text(struct hf_sink *s, const char *text);
void hf_sink_number(struct hf_sink *s, uint64_t n);
void hf_sink_hex(struct hf_sink *s, struct hf_span bytes);
/* \xHH */
void hf_sink_escaped(struct hf_sink *s, uint8_t byte);
/* Somebody's text; characters of @special get a backslash. */
void hf_sink_utf8(struct hf_sink *s, struct hf_span text, const char *special);
/* The same of a BMPString: two bytes a character, no surrogates. */
void hf_sink_bmp(struct hf_sink *s, struct hf_span text, const char *special);
void hf_sink_finish(struct hf_sink *s);
/* The character at the front of @s, which is not empty, and its length; 0 if
 * it is not UTF-8. */
size_t hf_utf8_read(struct hf_span s, uint32_t *c);

/* ---- names ------------------------------------------------------------------------ */

/* The next type and value of an RDN that is open. */
bool hf_rdn_next(struct hf_der *set, struct hf_span *type,
                 struct hf_tlv *value);
/* Letters, digits and hyphens in labels; how many labels. */
bool hf_dns_is_sound(struct hf_span name, size_t *labels);
/* Does it begin with a whole label of "*"? */
bool hf_dns_is_wildcard(struct hf_span pattern);
struct hf_san hf_general_name(const struct hf_tlv *tlv);
/* Walk on to the first that covers @name. */
bool hf_cert_find_name(struct hf_der *names, const struct hf_peer_name *name,
                       struct hf_san *out);

/* Which name met which constraint. */
struct hf_nc_fault {
    const struct hf_cert *ca, *below;
    struct hf_san name, subtree;
    bool excluded;   /* the subtree is one of the excluded */
    bool in_subject; /* the name is not an alternative name */
};
/* May @ca certify the names of @below?  HF_OK, NAME_CONSTRAINT with the pair
 * in *fault, or BUDGET. */
uint16_t hf_constraints_ask(const struct hf_cert *ca,
                            const struct hf_cert *below, uint32_t *budget,
                            struct hf_nc_fault *fault);

/* Is there a policy for all of @path, if somebody asks for one?  HF_OK, POLICY
 * with the index of the certificate where there was none any more in *where,
 * BUDGET or OUT_OF_MEMORY. */
uint16_t hf_policies_ask(const struct hf_verify *v, struct hf_cert *const *path,
                         size_t depth, uint32_t *budget, size_t *where);

/* ---- anchors ----------------------------------------------------------------------- */

/* Walks over the anchors with one subject. */
struct hf_anchors {
    const struct hf_store *store;
    struct hf_span subject;
    uint32_t hash, row; /* row: 1 + index of the next to look at */
    uint32_t id;        /* index of the one returned */
};
struct hf_anchors hf_anchors_of(const struct hf_store *store,
                                struct hf_span subject);
/* The next one, parsed (caller frees); NULL after the last.  One that cannot
 * be read is passed over; *error says why, of the first. */
struct hf_cert *hf_anchors_next(struct hf_anchors *walk,
                                struct hf_error *error);
/* Is this certificate, byte for byte, in the store?  *error as above: if that
 * is OUT_OF_MEMORY, nobody knows. */
bool hf_store_holds(const struct hf_store *store, const struct hf_cert *cert,
                    struct hf_error *error);

/* ---- lists (crl.c) -------------------------------------------------------------------- */

/* Is @crl, whose issuer is that of @cert, about it at all (RFC 5280 6.3.3 b)?
 * NULL, or why not. */
const char *hf_crl_scope(const struct hf_crl *crl, const struct hf_cert *cert);

/* ---- checks (verify.c) --------------------------------------------------------------- */

/* One check of one certificate, in values.  What it says in words is made by
 * report.c, if anybody wants to hear it. */
struct hf_check {
    const struct hf_verify *v;
    const struct hf_cert *cert;  /* the one that is checked */
    const struct hf_cert *below; /* that it is to issue; NULL for the leaf */
    const struct hf_cert *above; /* SIGNATURE: the issuer */
    unsigned cas_below;          /* authorities between it and the leaf that
                                  * count for pathLenConstraint */
    bool anchor;                 /* it is from the trust store */
    const struct hf_nc_fault *fault;   /* CONSTRAINTS */
    const struct hf_error *unreadable; /* ANCHOR: one that could not be read */
    const struct hf_verified *proof;   /* PATH */
    size_t depth;                      /* PATH: the most there may be */
    const struct hf_finding *finding;  /* REVOCATION */
    uint8_t event;                     /* enum hf_event_id: which check */
    uint16_t code;                     /* enum hf_error_code: what came out */
};

/* The checks of a leaf and of an issuer, cheapest first: the @step-th.  Sets
 * check->event and check->code; false when there are no more. */
bool hf_check_leaf(struct hf_check *check, size_t step);
bool hf_check_issuer(struct hf_check *check, size_t step);

/* Can @key have made a signature with @algorithm?  HF_OK,
 * CERT_ALGORITHM or CERT_SIGNATURE; *how verifies it. */
uint16_t hf_check_algorithm(const struct hf_verify *v, struct hf_span algorithm,
                            const struct hf_public_key *key,
                            const struct hf_signature **how);
/* The same of a certificate, which must be signed in one of v->schemes. */
uint16_t hf_check_scheme(const struct hf_verify *v, struct hf_span algorithm,
                         const struct hf_public_key *key);
/* The rule of the profile that @cert breaks at its place in a path, as a
 * sentence that begins with "it"; NULL if none (profile.c). */
const char *hf_profile_broken(const struct hf_verify *v,
                              const struct hf_cert *cert, bool leaf,
                              bool anchor);
uint16_t hf_check_time(const struct hf_verify *v, const struct hf_cert *cert);
uint16_t hf_check_key(const struct hf_verify *v, const struct hf_cert *cert);
uint16_t hf_check_leaf_use(const struct hf_verify *v,
                           const struct hf_cert *cert);
uint16_t hf_check_issuer_use(const struct hf_verify *v,
                             const struct hf_cert *cert);

/* ---- what is known (known.c) ------------------------------------------------------------- */

/* What stands for "the key of @above signed @below".  False: the provider
 * could not compute it. */
HF_CHECK bool hf_known_digest(const struct hf_crypto *crypto,
                              const struct hf_cert *below,
                              const struct hf_cert *above,
                              uint8_t out[HF_KNOWN_LEN]);
/* Any thread. */
bool hf_known_has(struct hf_known *known, const uint8_t digest[HF_KNOWN_LEN]);
void hf_known_put(struct hf_known *known, const uint8_t digest[HF_KNOWN_LEN]);

/* ---- proof (check.c, signed.c) --------------------------------------------------------------------- */

enum { HF_LINKS_MAX = 100 };

/* A signature that was verified, or was found not to. */
struct hf_link {
    struct hf_cert *below, *above; /* kept */
    bool good;
};
/* What was found about the revocation of one certificate, and where. */
struct hf_finding {
    struct hf_status status;
    const struct hf_crl *crl; /* who says so, or would have; NULL: no list */
    struct hf_span responder; /* the same of OCSP */
    bool by_key;              /* responder is a hash */
    bool stapled;             /* there was a response */
    char why[96];             /* a response that could not be read */
};
/* What the checker remembers from one path to the next, so that it need not
 * verify the same signature twice.  Nobody else writes it. */
struct hf_checker {
    const struct hf_verify *v;
    struct hf_link links[HF_LINKS_MAX];
    size_t count;
    uint32_t signatures, comparisons; /* that are left */
    size_t where;                     /* after a refusal: index in the path */
    struct hf_nc_fault fault;         /* after NAME_CONSTRAINT */
    uint8_t event;                    /* after a refusal: which check */
    struct hf_finding findings[HF_PATH_MAX];
};
/* Is @path, leaf first, trusted?  HF_OK: *out is the proof.  Otherwise the
 * reason; BUDGET, CRYPTO and OUT_OF_MEMORY say nothing about the path. */
uint16_t hf_checker_prove(struct hf_checker *checker,
                          struct hf_cert *const *path, size_t depth,
                          struct hf_verified *out);
/* Did the key of @above sign @below, or @crl?  HF_OK, CERT_SIGNATURE,
 * CERT_ALGORITHM, or BUDGET or CRYPTO. */
uint16_t hf_checker_link(struct hf_checker *checker, struct hf_cert *below,
                         struct hf_cert *above);
uint16_t hf_checker_list(struct hf_checker *checker, struct hf_crl *crl,
                         struct hf_cert *above);
/* The same of the bytes of a response. */
uint16_t hf_checker_signed(struct hf_checker *checker,
                           const struct hf_public_key *key,
                           struct hf_span algorithm, struct hf_span message,
                           struct hf_span signature);
/* This signature is known not to verify. */
bool hf_checker_knows_bad(const struct hf_checker *checker,
                          const struct hf_cert *below,
                          const struct hf_cert *above);
void hf_checker_wipe(struct hf_checker *checker);

/* ---- revocation (revoke.c, staple.c) ------------------------------------------------- */

/* Who issued a certificate, and then the same authority with other keys, each
 * of which has issued the one before. */
struct hf_issuers {
    struct hf_cert *const *at;
    size_t count; /* at least 1 */
};
/* What is said of path[i], whose issuer is path[i + 1], and does it do?  HF_OK,
 * REVOKED, NO_STATUS, BAD_STAPLE; BUDGET, CRYPTO or OUT_OF_MEMORY. */
uint16_t hf_revocation_ask(struct hf_checker *checker,
                           struct hf_cert *const *path, size_t depth, size_t i,
                           struct hf_finding *out);
/* What do the lists say of @cert?  As above, without BAD_STAPLE. */
uint16_t hf_lists_ask(struct hf_checker *checker, struct hf_cert *cert,
                      const struct hf_issuers *issuers, struct hf_finding *out);
/* What does the OCSP response @der say of it?  Without NO_STATUS. */
uint16_t hf_staple_ask(struct hf_checker *checker, struct hf_cert *cert,
                       struct hf_cert *issuer, struct hf_span der,
                       struct hf_finding *out);

/* ---- the search (path.c, candidate.c) ---------------------------------------------- */

/* How much a failure explains. */
enum hf_rank {
    HF_RANK_NOTHING,
    HF_RANK_LEAF_OTHER, /* the leaf would not do, but is there a path? */
    HF_RANK_NO_PATH,    /* nobody who is trusted issued it */
    HF_RANK_TOO_DEEP,
    HF_RANK_ISSUER,     /* a candidate that may not issue */
    HF_RANK_WHOLE_PATH, /* a path to an anchor, refused by the checker */
    HF_RANK_STOPPED,    /* no budget, no memory, a fault */
    HF_RANK_LEAF_TIME   /* it has expired, whoever issued it */
};

enum hf_phase {
    HF_PHASE_ANCHORS,
    HF_PHASE_SENT,
    HF_PHASE_ODD_ANCHORS,
    HF_PHASE_ODD_SENT,
    HF_PHASE_DONE
};

struct hf_place {
    struct hf_cert *cert; /* owned if it is an anchor */
    bool anchor;
    enum hf_phase phase;
    bool walking;              /* anchors */
    struct hf_anchors anchors; /* of the issuer's name */
    size_t next;               /* chain: index of the next to look at */
    bool tried;                /* somebody of that name was there */
    int node;                  /* in the tree; -1 none */
};

struct hf_search {
    const struct hf_verify *v;
    struct hf_verify_budget had; /* at the beginning */
    uint32_t left;               /* candidates */
    struct hf_place at[HF_PATH_MAX];
    size_t depth, max_depth;
    bool leaf_ok;      /* it passed its own checks */
    bool reached;      /* a path leads to an anchor */
    bool stopped;      /* no budget, no memory, a fault */
    enum hf_rank rank; /* of the failure kept */
    struct hf_error best;
    struct hf_error unreadable;     /* an anchor that could not be parsed */
    const struct hf_cert *dead_end; /* the highest without an issuer */
    size_t dead_depth;
    int dead_node;
    struct hf_checker checker;
};

/* The next to try above @place; NULL after the last, or if it had to stop. */
struct hf_cert *hf_next_candidate(struct hf_search *s, struct hf_place *place,
                                  bool *anchor);
/* Give up, for BUDGET, CRYPTO or BUG.  Always false. */
bool hf_search_stop(struct hf_search *s, unsigned code);
struct hf_verify_budget hf_search_spent(const struct hf_search *s);

/* ---- guessing (guess.c) -------------------------------------------------------------------- */

/* Of a leaf whose issuer is nowhere: is it likely that the peer forgot to send
 * an intermediate, rather than that its authority is not trusted? */
bool hf_is_intermediate_missing(const struct hf_verify *v);

/* ---- words (words.c, report.c) ---------------------------------------------------------------------- */

struct hf_words {
    char subject[128]; /* which certificate */
    char inputs[256];  /* what was weighed */
    char verdict[256]; /* what came out */
    char instead[192]; /* what would have passed, what to do */
};
void hf_check_words(const struct hf_check *c, struct hf_words *w);
void hf_revocation_words(const struct hf_check *c, struct hf_words *w);
void hf_policies_words(const struct hf_check *c, struct hf_words *w);
/* Tell the watcher and write the node of the tree, if there are any; @node < 0:
 * none. */
void hf_check_report(const struct hf_check *check, int node);
/* Only write the node. */
void hf_check_note(const struct hf_check *check, int node);
/* "CN=localhost", or what else tells a certificate from others. */
void hf_cert_label(const struct hf_cert *cert, char *out, size_t cap);

#endif
