/* expand.h - a compressed certificate as it was before (RFC 8879), to be shown. */
#ifndef EXPAND_H
#define EXPAND_H

#include "base/base.h"

/* The @len bytes that @packed announces to be, or why there are none: *why is
 * a sentence then, and NULL is returned.  To be given to free(). */
uint8_t *expand_certificate(unsigned algorithm, size_t len,
                            struct hf_span packed, const char **why);

#endif
