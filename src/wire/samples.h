/* samples.h - for tests and fuzzers: messages of every layout, made up from the
 * tables, and a few real ones. */
#ifndef HF_WIRE_SAMPLES_H
#define HF_WIRE_SAMPLES_H

#include "wire/wire.h"

/* A small generator with a seed, so that a failure can be repeated. */
struct dice {
    uint64_t state;
};
uint32_t dice_roll(struct dice *dice);              /* any 32 bits */
uint32_t dice_below(struct dice *dice, uint32_t n); /* 0 .. n - 1; n > 0 */

/* Write a message of @layout that keeps to every bound, extensions with right
 * bodies included.  The writer is full if it did not fit. */
void random_message(struct dice *dice, hf_layout_fn *layout,
                    struct hf_writer *w);

/* What `openssl s_client` 3.0 says first: 508 bytes, without the header. */
struct hf_span real_client_hello(void);

/* The bytes of hex with blanks; good until called four times more. */
struct hf_span hex_bytes(const char *hex);

#endif
