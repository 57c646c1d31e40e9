/* witness.h - for tests: hf_libcrypto with eyes.  Each of its AEADs remembers
 * every pair of key and nonce that sealed something, for the whole program,
 * and ends the program when one comes again: a nonce used twice under one key
 * gives GCM's authentication key away. */
#ifndef HF_WITNESS_H
#define HF_WITNESS_H

#include "base/base.h"
#include "handfast/crypto.h"

const struct hf_provider *witness_provider(void);
/* How many pairs it has seen. */
size_t witness_count(void);
/* Whoever replays a handshake on purpose says so first. */
void witness_forget(void);
/* Pretend that AES-GCM's limit of records under one key is @limit; 0: its own
 * again. */
void witness_limit(uint64_t limit);

#endif
