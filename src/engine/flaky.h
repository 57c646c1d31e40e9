/* flaky.h - for tests: things that fail when they are told to.
 *
 *   memory      every calloc of the library (by --wrap=calloc, --wrap=free)
 *   a provider  every call of an algorithm and of its randomness
 *   libcrypto   every call of one of its functions (with crypto/outage.c)
 *
 * Each call counts; the nth fails, or all from the nth on.  Memory that the
 * library gives back must be wiped, and what it took it must give back. */
#ifndef HF_FLAKY_H
#define HF_FLAKY_H

#include "base/base.h"
#include "handfast/crypto.h"

enum flaky { FLAKY_MEMORY, FLAKY_PROVIDER, FLAKY_LIBCRYPTO };

/* From here on count the calls of @what; @fail_at: the call that fails,
 * counting from 1 (0: none); @on: and all after it. */
void flaky_begin(enum flaky what, size_t fail_at, bool on);
/* Stop; how many calls there were. */
size_t flaky_end(void);
/* Which of libcrypto's functions failed last, or "". */
const char *flaky_failed(void);
/* Blocks that the library took since flaky_begin and has not given back. */
size_t flaky_blocks(void);
/* Bytes in them. */
size_t flaky_bytes(void);
/* Blocks that came back with something in them. */
size_t flaky_dirty(void);

/* For tests of cmocka's: @meet, first undisturbed, then with each call of @what
 * failing, once and for good.  If all fail from there on it must not say that
 * it went well, and no memory is lost or comes back as it was.  How many calls
 * there are. */
size_t flaky_each(enum flaky what, bool (*meet)(void));

/* @under, whose every call may fail. */
const struct hf_provider *flaky_provider(const struct hf_provider *under);

#endif
