/* outage.h - for tests: libcrypto whose functions fail when they are told to: each
 * that the library calls stands here in front of the real one. */
#ifndef HF_OUTAGE_H
#define HF_OUTAGE_H

#include "handfast/types.h"

/* The test's: does this call of @name work? */
bool outage_works(const char *name);
/* The functions that are here, one by one, with those that cannot fail; NULL
 * behind the last. */
const char *outage_name(size_t i);
/* Does libcrypto have a function of that name? */
bool outage_is_there(const char *name);

#endif
