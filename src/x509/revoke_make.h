/* revoke_make.h - revocation lists and OCSP responses for tests, made by
 * libcrypto's own calls, which the library itself never uses. */
#ifndef HF_REVOKE_MAKE_H
#define HF_REVOKE_MAKE_H

#include "x509/scene.h"

/* What is not said is as in a good one, here too: { { "4711" } }. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* An extension is "name=value" as openssl.cnf has it; by its bytes:
 * "2.5.29.20=critical,DER:020107". */
#define NUMBER "2.5.29.20=DER:02012a" /* cRLNumber 42 */
#define REASON(n) "2.5.29.21=DER:0a010" #n

struct make_entry {
    const char *serial; /* decimal; NULL ends the list */
    const char *ext[3];
    int64_t when; /* seconds from NOW; 0: a day before */
};
/* What is not said is as in a good list of the authority MIDDLE. */
struct make_list {
    const char *issuer;   /* NULL: "CN=Lab Issuing" */
    enum make_key signer; /* 0 with an issuer of NULL: P256_B */
    struct make_entry entry[5];
    size_t many; /* and so many more, with serial numbers from 1000000 on */
    const char *ext[6];
    int64_t from, to; /* seconds from NOW; 0: a day before, a week after */
    bool bare;        /* no extension but those of .ext: not even NUMBER */
    bool v1, no_next, bad_signature;
    const char *hash;
};
/* DER, good until the next call. */
struct hf_span make_list(const struct make_list *m);
/* The same, read; fails the test if it cannot be. */
struct hf_crl *make_crl(const struct make_list *m);
#define LIST(...) make_list(&(struct make_list){ __VA_ARGS__ })

struct make_answer {
    const struct make *cert, *issuer; /* NULL: LEAF, MIDDLE */
    const char *serial;               /* instead of the certificate's */
    uint8_t answer;                   /* enum hf_ocsp_answer */
    bool used;                        /* of an array */
    int64_t from, to;                 /* seconds from NOW; 0: hour, day */
    bool no_next;
    const char *hash; /* of the CertID; NULL: "SHA1" */
    const char *ext;  /* of this answer */
    int reason;
};
/* What is not said: one answer about LEAF, signed by MIDDLE. */
struct make_staple {
    struct make_answer answer[4];
    const struct make *signer;   /* whose key and name; NULL: MIDDLE */
    const struct make *with[10]; /* certificates inside */
    bool by_key, bad_signature;
    const char *hash; /* of the signature; NULL: "SHA256" */
    const char *ext;  /* of the response */
    int status;       /* not 0: nothing else */
};
struct hf_span make_staple(const struct make_staple *m);
#define STAPLE(...) make_staple(&(struct make_staple){ __VA_ARGS__ })

/* The first of what the bytes @what are in @der, replaced by @with of the same
 * length: hex.  A copy, good until the next call; the signature no longer
 * fits. */
struct hf_span edit(struct hf_span der, const char *what, const char *with);

#endif
