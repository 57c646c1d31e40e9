/* authority.h - for tests: an authority that keeps its keys, so that it can say
 * something about the certificates that it issued. */
#ifndef HF_AUTHORITY_H
#define HF_AUTHORITY_H

#include "engine/duet.h"

/* PEM.  The intermediate is "CN=list intermediate". */
struct authority {
    struct duet_certs certs;
    char *root, *root_key, *middle, *middle_key;
};
extern struct authority authority;
/* Setup and teardown of a group of tests. */
int authority_open(void **state);
/* The same with leaves that have such a key (issue_key_by_name). */
int authority_open_with(const char *key);
int authority_close(void **state);

/* The first certificate of a PEM text, and a private key, as libcrypto has
 * them: X509 and EVP_PKEY.  The caller frees. */
struct x509_st *authority_cert(const char *pem);
struct evp_pkey_st *authority_key(const char *pem);

/* The issuer's word on the server's certificate (V_OCSP_CERTSTATUS_...), good
 * until @until seconds from now; it stands until the next one. */
struct hf_span authority_says(int status, long until);

struct X509_extension_st; /* X509_EXTENSION */
/* The same on the first certificate of @chain, with @more in it unless that is
 * NULL; that stays the caller's. */
struct hf_span authority_says_of(const char *chain, int status, long until,
                                 struct X509_extension_st *more);

#endif
