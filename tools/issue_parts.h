/* issue_parts.h - what the files of issue share with each other only. */
#ifndef HANDFAST_TOOL_ISSUE_PARTS_H
#define HANDFAST_TOOL_ISSUE_PARTS_H

#include "base/base.h"
#include "issue.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

struct issued {
    X509 *cert;
    EVP_PKEY *key;
    STACK_OF(X509) * above; /* up to the root, which is not in it */
    bool keep_chain_back;   /* broken: do not send what is above */
};

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
/* keyUsage and extKeyUsage; @order: NULL for an authority. */
HF_CHECK bool issue_add_usage(X509 *cert, const struct issue_order *order);
HF_CHECK bool issue_add_key_ids(X509 *cert, X509 *issuer);
HF_CHECK bool issue_add_stranger(X509 *cert); /* critical and unknown */
/* Where the issuer's certificate could be had; nobody is there. */
HF_CHECK bool issue_add_issuer_url(X509 *cert);

/* ---- issue_limits.c: for which names an authority may issue ------------------ */

HF_CHECK bool issue_add_limits(X509 *cert, const struct issue_order *order,
                               struct hf_error *error);
/* The first of the names that @issuer may not certify, or NULL. */
const char *issue_outside(const struct issued *issuer,
                          const struct issue_order *order);

#endif
