/* x509_make.h - certificates for tests, made by libcrypto's own X509 calls,
 * which the library itself never uses: so what we read was written by somebody
 * else. */
#ifndef HF_X509_MAKE_H
#define HF_X509_MAKE_H

#define HF_UNPOISONED
#include "x509/inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The clock of all tests: 2027-01-15 08:00:00 UTC. */
#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

enum make_key {
    P256_A,
    P256_B,
    P256_C,
    P256_D,
    P256_E,
    P256_F,
    P384,
    P521,
    P192,
    EXPLICIT,
    RSA_1024,
    RSA_2048,
    RSA_2048_B,
    RSA_PSS,
    ED25519,
    DSA_1024,
    MAKE_KEYS
};

/* What is not said is as in a good certificate. */
struct make {
    const char *subject; /* "CN=a/O=b"; "" is an empty name */
    enum make_key key;
    const char *issuer;   /* NULL: the subject */
    enum make_key signer; /* the key that signs, if there is an issuer */
    const char *ext[12];  /* "basicConstraints=critical,CA:TRUE" ... */
    int64_t from, to;     /* seconds from NOW; 0: 30 days before, after */
    const char *hash;     /* "SHA256" */
    bool pss;             /* sign with PSS padding */
    const char *serial;   /* decimal; NULL: 4711 */
    bool v1;
    bool bad_signature;
};

/* DER; at most @cap bytes. */
size_t make_der(const struct make *m, uint8_t *out, size_t cap);
/* Parsed; fails the test if it cannot be. */
struct hf_cert *make_cert(const struct make *m);
struct x509_st;
struct evp_pkey_st;
struct X509_name_st;
/* The same as libcrypto's objects, for those who make more of them. */
struct x509_st *make_x509(const struct make *m);
struct evp_pkey_st *make_key(enum make_key which); /* stays ours */
void make_name(struct X509_name_st *name, const char *text);
/* PEM text of DER. */
size_t make_pem(struct hf_span der, char *out, size_t cap);

/* The opened provider, once for a test program. */
const struct hf_crypto *make_crypto(void);
int make_close(void **state); /* a group teardown */

#endif
