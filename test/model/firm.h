/* firm.h - a provider for plays: see firm.c. */
#ifndef HF_FIRM_H
#define HF_FIRM_H

#include "handfast/crypto.h"

struct hf_provider firm_provider(void);
/* A premaster secret, as @len bytes of RSA's; returns @len. */
size_t firm_premaster(uint8_t *out, size_t len, const uint8_t *secret);

#endif
