/* issue_parts.h - what the files of issue share with each other only. */
#ifndef HANDFAST_TOOL_ISSUE_PARTS_H
#define HANDFAST_TOOL_ISSUE_PARTS_H

#include "base/base.h"
#include "issue.h"
#include "record.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

struct issued {
    X509 *cert;
    EVP_PKEY *key;
    STACK_OF(X509) * above; /* up to the root, which is not in it */
    bool keep_chain_back;   /* broken: do not send what is above */
};

/* ---- issue.c ---------------------------------------------------------------- */

/* The hash that fits an authority's key; Ed25519 brings its own: NULL. */
const EVP_MD *issue_hash(EVP_PKEY *key);
int64_t issue_seconds(const ASN1_TIME *time);
/* With libcrypto's reason; always false. */
bool issue_crypto_failed(struct hf_error *error, const char *what);

/* ---- issue_broken.c --------------------------------------------------------- */

/* How an intermediate comes out: sound, or the reason why what it issues is
 * refused. */
struct issue_bent {
    const char *name; /* NULL: the issuer itself issues */
    bool ca;
    long path_len;    /* -1: no limit */
    const char *only; /* the one name it may certify; NULL: as its issuer */
    bool expired;
    bool no_sign;   /* keyUsage does not say keyCertSign */
    bool mail_only; /* extKeyUsage says emailProtection */
};
extern const struct issue_bent issue_straight;
const struct issue_bent *issue_bent_of(enum issue_broken kind);
HF_CHECK bool issue_flip_signature(struct issued *it);

/* ---- issue_pem.c ------------------------------------------------------------ */

/* The text in @bio, which is freed, as a string of its own; the memory that
 * libcrypto used is wiped, since it may hold a key. */
char *issue_take_text(BIO *bio);
/* What i2d_X() has made; @der is given back.  False: nothing was made. */
bool issue_take_der(struct bytes *out, uint8_t *der, int len);

/* ---- issue_list.c ------------------------------------------------------------- */

/* Serial numbers as the record writes them, there (false: too long) and back
 * (NULL: none). */
bool issue_serial_text(const ASN1_INTEGER *number, char out[SERIAL_TEXT]);
ASN1_INTEGER *issue_serial(const char *hex);

/* ---- issue_ext.c: names and extensions ------------------------------------ */

/* Bytes of the address that @text is: 4, 16, or 0 if it is none.  Brackets
 * around IPv6 are taken as meant. */
int issue_read_address(const char *text, uint8_t out[16]);
bool issue_is_dns(const char *name);
GENERAL_NAME *issue_text_name(int kind, const char *text);
GENERAL_NAME *issue_bytes_name(const uint8_t *bytes, int len);
HF_CHECK bool issue_add(X509 *cert, int nid, void *value, bool critical);

/* What is wrong with a name, in words; NULL if nothing is. */
const char *issue_name_fault(const char *name, enum issue_use use);
/* The name as a certificate would say it; NULL if it is not one that belongs
 * among the alternative names, or without memory. */
GENERAL_NAME *issue_general_name(const char *name, enum issue_use use);
HF_CHECK bool issue_add_names(X509 *cert, const struct issue_order *order);
HF_CHECK bool issue_add_basic(X509 *cert, bool ca, long path_len);
/* keyUsage and extKeyUsage, of an authority (that signs certificates, or lists
 * only) and of others. */
HF_CHECK bool issue_add_ca_usage(X509 *cert, bool certs, bool mail_only);
HF_CHECK bool issue_add_usage(X509 *cert, const struct issue_order *order);
HF_CHECK bool issue_add_key_ids(X509 *cert, X509 *issuer);
HF_CHECK bool issue_add_stranger(X509 *cert); /* critical and unknown */
HF_CHECK bool issue_add_twice(X509 *cert);    /* its basicConstraints again */
/* Where the issuer's certificate could be had; nobody is there. */
HF_CHECK bool issue_add_issuer_url(X509 *cert);

/* ---- issue_limits.c: for which names an authority may issue ------------------ */

HF_CHECK bool issue_add_limits(X509 *cert, const struct issue_order *order,
                               struct hf_error *error);
/* The first of the names that @issuer may not certify, or NULL. */
const char *issue_outside(const struct issued *issuer,
                          const struct issue_order *order);

#endif
