/* mutate_hello.h - changes of hellos that leave all lengths right. */
#ifndef HF_MUTATE_HELLO_H
#define HF_MUTATE_HELLO_H

#include "wire/samples.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed);

/* A random one of the items that stand behind one another from @from on, each
 * with a header of @header bytes, the last two of which say how much follows;
 * *len is its length with that, or 0: there is none. */
size_t mutate_pick(struct dice *dice, const uint8_t *data, size_t size,
                   size_t from, size_t header, size_t *len);
/* Change the block of extensions, without its length, at @data: one is dropped,
 * doubled, moved, renamed, given another body, or made up for @place.  The new
 * length, or the old one if nothing could be changed. */
size_t mutate_extensions(struct dice *dice, uint8_t *data, size_t size,
                         size_t max, enum hf_place place);
/* Change the body of a ClientHello, or of a ServerHello (@place says which), or
 * of EncryptedExtensions. */
size_t mutate_hello(struct dice *dice, uint8_t *data, size_t size, size_t max,
                    enum hf_place place);

#endif
