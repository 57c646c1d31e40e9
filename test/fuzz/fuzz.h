/* fuzz.h - what a fuzz target is: one function that is given bytes and must
 * not mind what they are, and that checks properties, not only survival.
 *
 * Each target is built twice: with libFuzzer as fuzz_NAME, and with replay.c,
 * by any compiler, as replay_NAME, which runs the files of corpus/NAME. */
#ifndef HF_FUZZ_H
#define HF_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fuzzers want a word of why they stop, in every build. */
#define MUST(what) ((what) ? (void)0 : fuzz_broken(#what, __FILE__, __LINE__))
void fuzz_broken(const char *what, const char *file, int line);

#endif
