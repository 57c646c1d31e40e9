/* lab.h - what the files of `handfast lab` share.
 *
 *     lab_run.c    two ends in one process; what they said and used is kept
 *     lab_math.c   TLS 1.2's arithmetic once more, on libcrypto directly
 *     lab_tell.c   steps, values and claims of lab.def: text or JSON
 *     lab_steps.c  the steps that all experiments share
 *     lab_ecdhe.c, lab_rsa.c    the steps that are their own
 *
 * Nothing in lab_math.c is the library's: what it computes is held against
 * what the two ends in fact used, and a difference fails the command. */
#ifndef HANDFAST_TOOL_LAB_H
#define HANDFAST_TOOL_LAB_H

#include "tool.h"

#include "crypto/suite.h"
#include "record/record.h"

/* ---- the table (lab.def) ------------------------------------------------------- */

enum lab_kind {
#define LAB(id, name, title, text) LAB_##id,
#define STEP(id, name, title, text, old, so)
#define VALUE(id, name, title, how)
#define CLAIM(id, name, text)
#define SAME(id, text)
#define WORD(id, text)
#include "lab.def"
#undef LAB
    LAB_KINDS
};
enum lab_step {
#define LAB(id, name, title, text)
#undef STEP
#define STEP(id, name, title, text, old, so) STEP_##id,
#include "lab.def"
#undef STEP
    LAB_STEPS
};
enum lab_value {
#define STEP(id, name, title, text, old, so)
#undef VALUE
#define VALUE(id, name, title, how) VALUE_##id,
#include "lab.def"
#undef VALUE
    LAB_VALUES
};
enum lab_claim {
#define VALUE(id, name, title, how)
#undef CLAIM
#define CLAIM(id, name, text) CLAIM_##id,
#include "lab.def"
#undef CLAIM
    LAB_CLAIMS
};
enum lab_same {
#define CLAIM(id, name, text)
#undef SAME
#define SAME(id, text) SAME_##id,
#include "lab.def"
#undef SAME
    LAB_SAMES
};
enum lab_word {
#define SAME(id, text)
#undef WORD
#define WORD(id, text) WORD_##id,
#include "lab.def"
#undef WORD
    LAB_WORDS
};
#undef LAB
#undef STEP
#undef VALUE
#undef CLAIM
#undef SAME

/* ---- what happened (lab_run.c) --------------------------------------------------- */

enum {
    LAB_MESSAGES = 24,
    LAB_STREAM = 32 * 1024,
    LAB_MASTER = 48,
    LAB_SCALAR_MAX = 48
};

struct lab_message {
    uint16_t type; /* handshake type */
    bool by_client;
    struct hf_span bytes; /* with its header; into lab_end.heard */
};

/* One end: what it said of itself while it ran. */
struct lab_end {
    struct hf_config *config;
    struct hf_conn *conn;
    bool is_client;
    struct lab_message message[LAB_MESSAGES];
    size_t messages;
    uint8_t heard[LAB_STREAM]; /* its handshake messages, in order */
    size_t heard_len;
    uint8_t stream[LAB_STREAM]; /* all that it has put on the wire */
    size_t stream_len, taken;   /* of which the other has taken */
    uint8_t premaster[HF_SECRET_MAX], master[LAB_MASTER];
    size_t premaster_len, master_len;
    uint8_t private_number[LAB_SCALAR_MAX]; /* the server's, of ECDHE */
    bool closed, forgot;
    bool too_much; /* something above was too small */
    uint8_t data[256];
    size_t data_len; /* what its application received */
};

/* What was asked for. */
struct lab_order {
    const char *key, *suite, *group; /* NULL: the usual one */
    bool quiet;
};

struct lab {
    struct tool *tool;
    enum lab_kind kind;
    struct lab_order order;
    struct lab_end client, server;
    uint8_t *site_key; /* the certificate's private key, PEM */
    struct json *json; /* NULL: text */
    unsigned steps, checks, faults;
    struct failure failure; /* why it could not even be tried */

    /* what the steps have computed so far */
    struct hf_span client_random, server_random, certificate;
    const struct hf_suite *suite;
    uint8_t premaster[HF_SECRET_MAX];
    size_t premaster_len;
    uint8_t master[LAB_MASTER];
    uint8_t block[2 * (HF_AEAD_KEY_MAX + HF_NONCE_LEN)];
    size_t key_len, iv_len;
};

/* Make certificate and ends, shake hands, send a line, say goodbye.  False:
 * lab->failure. */
bool lab_run(struct lab *lab);
void lab_wipe(struct lab *lab);
/* The first handshake message of @type as the client saw it; empty: none. */
struct hf_span lab_message(const struct lab *lab, unsigned type);
/* All messages before the @n-th of @type, one behind the other. */
struct hf_span lab_transcript(const struct lab *lab, unsigned type, unsigned n);
/* The @n-th record of @type that @end has sent, with its header; empty: there
 * is none. */
struct hf_span lab_record(const struct lab_end *end, unsigned type, unsigned n);
bool lab_failed(struct lab *lab, const char *what); /* always false */

/* The line that the client's application sends. */
#define LAB_LINE "attack at dawn, bring coffee"

/* ---- arithmetic (lab_math.c) ------------------------------------------------------ */

/* One HMAC chain of the PRF: each step is given to @see. */
typedef void lab_prf_fn(void *ctx, unsigned i, struct hf_span a,
                        struct hf_span block);
/* @seed is label and seed in one. False: libcrypto would not. */
HF_CHECK bool lab_prf(unsigned hash, struct hf_span secret, struct hf_span seed,
                      uint8_t *out, size_t len, lab_prf_fn *see, void *ctx);
HF_CHECK bool lab_hash(unsigned hash, struct hf_span bytes, uint8_t *out);
size_t lab_hash_len(unsigned hash);
const char *lab_hash_name(unsigned hash);
/* Seal as RFC 5246 6.2.3.3 does: out gets ciphertext and tag. */
HF_CHECK bool lab_aead(unsigned aead, const uint8_t *key, const uint8_t *nonce,
                       struct hf_span aad, struct hf_span plain, uint8_t *out);
/* The hash that @scheme begins with; 0: none of its own (Ed25519). */
unsigned lab_scheme_hash(unsigned scheme);
/* Ask libcrypto itself; false in *good is "no", false returned a fault. */
HF_CHECK bool lab_verify(struct hf_span certificate, unsigned scheme,
                         struct hf_span message, struct hf_span signature,
                         bool *good);
/* @scalar times @share, or times the base point if that is empty: out gets a
 * share, or Z as TLS takes it. False: not in this group. */
HF_CHECK bool lab_multiply(unsigned group, const uint8_t *scalar,
                           struct hf_span share, uint8_t *out, size_t cap,
                           size_t *len);
/* SubjectPublicKeyInfo of a certificate; empty: none. */
struct hf_span lab_public_key(struct hf_span certificate, uint8_t *room,
                              size_t cap);
/* RSA without any padding: m = c^d mod n with a private key (PEM), c = m^e mod n
 * with a certificate's; both as long as the modulus. */
HF_CHECK bool lab_rsa_private(const char *pem, struct hf_span in, uint8_t *out,
                              size_t cap, size_t *len);
HF_CHECK bool lab_rsa_public(struct hf_span certificate, struct hf_span in,
                             uint8_t *out, size_t cap, size_t *len);
/* Modulus and exponent. */
HF_CHECK bool lab_rsa_numbers(struct hf_span certificate, uint8_t *n,
                              size_t cap_n, size_t *len_n, uint8_t *e,
                              size_t cap_e, size_t *len_e);

/* ---- telling (lab_tell.c) ------------------------------------------------------------ */

const char *lab_name(enum lab_kind kind);
void lab_list(struct tool *tool);
void lab_begin(struct lab *lab);
/* A step: its title and text.  What old texts say comes at its end. */
void lab_step(struct lab *lab, enum lab_step step);
void lab_step_end(struct lab *lab, enum lab_step step);
/* A fact in words, such as the name of a curve. */
void lab_fact(struct lab *lab, const char *name, const char *text);
/* A value that is shown only. */
void lab_show(struct lab *lab, enum lab_value value, struct hf_span bytes);
/* The @i-th of several: its title's and rule's i is that number. */
void lab_show_nth(struct lab *lab, enum lab_value value, unsigned i,
                  struct hf_span bytes);
/* A value that was computed, and must be what @used is. */
void lab_check(struct lab *lab, enum lab_value value, struct hf_span computed,
               enum lab_same with, struct hf_span used);
/* The same against what the client and the server have. */
void lab_check_both(struct lab *lab, enum lab_value value,
                    struct hf_span computed, struct hf_span client,
                    struct hf_span server);
void lab_claim(struct lab *lab, enum lab_claim claim, bool holds);
/* The last line; an exit code. */
int lab_end(struct lab *lab);

/* ---- steps ----------------------------------------------------------------------------- */

bool lab_hellos(struct lab *lab);
bool lab_certificate(struct lab *lab);
bool lab_ecdhe(struct lab *lab); /* up to the premaster secret */
bool lab_rsa(struct lab *lab);
bool lab_master(struct lab *lab);
bool lab_key_block(struct lab *lab);
bool lab_ccs(struct lab *lab);
bool lab_finished(struct lab *lab);
bool lab_data(struct lab *lab);
bool lab_close(struct lab *lab);

#endif
