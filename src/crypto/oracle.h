/* oracle.h - for tests: every way in which the premaster secret of a
 * ClientKeyExchange can be wrong, as somebody would make it who looks for a
 * server that tells the difference (Bleichenbacher's oracle). */
#ifndef HF_ORACLE_H
#define HF_ORACLE_H

#include "crypto/suite.h"

enum { ORACLE_MAX = 4096 }; /* bytes in the longest */

struct oracle {
    char name[80];
    uint8_t bytes[ORACLE_MAX]; /* what goes into ClientKeyExchange */
    size_t len;
    /* The number is as long as the modulus, below it, and not small: then
     * libcrypto takes as many blocks of memory.  (Whoever sent a small one
     * knows it.) */
    bool same_work;
};
/* The @i-th for @key, with @secret where there is one in it: 03 03 and 46 bytes,
 * none of them zero.  Number 0 is well formed; false: there is no such one. */
bool oracle_make(struct oracle *out, size_t i, const struct hf_public_key *key,
                 const uint8_t secret[HF_PREMASTER_LEN]);
/* The padded number itself, to be spoilt. */
void oracle_pad(uint8_t *em, size_t len,
                const uint8_t secret[HF_PREMASTER_LEN]);
/* number ^ e mod n; @number has as many bytes as n. */
bool oracle_raise(const struct hf_public_key *key, const uint8_t *number,
                  uint8_t *out);

#endif
