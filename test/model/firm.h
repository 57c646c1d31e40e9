/* firm.h - a provider for plays: see firm.c. */
#ifndef HF_FIRM_H
#define HF_FIRM_H

#include "handfast/crypto.h"

struct hf_provider firm_provider(void);

#endif
