/* pair.h - for tests of this layer: both ends of one direction, with the same
 * fresh keys; and what is asked of them in every version. */
#ifndef HF_PAIR_H
#define HF_PAIR_H

#include "record/record.h"

/* The witness (witness.h), opened and closed: setup and teardown of a group of
 * tests.  pair_aead(): its AEADs by number, and NULL behind them. */
extern struct hf_crypto pair_crypto;
int pair_open(void **state);
int pair_close(void **state);
const struct hf_aead *pair_aead(size_t i);

struct pair {
    struct hf_direction out, in;
    /* What became of the last record that was taken. */
    struct hf_error error;
    uint8_t type;
    struct hf_span plain;
};
/* With keys that no pair had before; they are never all zeroes. */
void pair_begin(struct pair *p, const struct hf_aead *aead, const uint8_t *iv);
void pair_end(struct pair *p);

/* Frame and open the record that @bytes are, and nothing else.  The code it
 * fails with, or HF_OK; HF_ERROR_CODES: it is not all there. */
unsigned pair_take(struct pair *p, uint8_t *bytes, size_t len);
/* The same with bytes whose header may say that there is less of it. */
unsigned pair_try(struct pair *p, uint8_t *bytes, size_t len);

/* Of two records neither opens in the other's place, nor a second time. */
void pair_keeps_order(struct pair *p);
/* A record of @len bytes is refused; it cannot be one below @least. */
void pair_refuses_short(struct pair *p, size_t len, size_t least);
/* The last record that the key may seal is sealed and opened, and no other. */
void pair_stops_sealing(struct pair *p);

#endif
