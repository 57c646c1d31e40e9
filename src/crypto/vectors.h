/* vectors.h - for tests: published test vectors, and bytes written as hex.
 *
 * The vectors of Project Wycheproof are JSON files of groups of tests; each
 * test says what goes in, what comes out, and whether an implementation must
 * accept it.  A test program walks over them with vectors_each(). */
#ifndef HF_CRYPTO_VECTORS_H
#define HF_CRYPTO_VECTORS_H

#ifndef HF_UNPOISONED
#define HF_UNPOISONED
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/suite.h"

#include <cmocka.h>

enum verdict { INVALID, VALID, ACCEPTABLE };

struct vector {
    const void *group, *test; /* JSON objects */
    const char *comment;
    int id;
    enum verdict verdict;
};

/* A string of hex digits in the test, or else in its group; the bytes live
 * until vectors_each() returns.  Fails the test if there is no such field. */
struct hf_span vector_bytes(const struct vector *v, const char *field);
bool vector_has(const struct vector *v, const char *field);
const char *vector_text(const struct vector *v, const char *field);
long vector_number(const struct vector *v, const char *field);
/* Does the list in @field hold the text @flag? */
bool vector_flag(const struct vector *v, const char *flag);

/* Call @each for every test of the file @name, and return how many those
 * were; skips the running cmocka test if the file is not there. */
typedef void vector_fn(void *ctx, const struct vector *v);
size_t vectors_each(const char *name, vector_fn *each, void *ctx);

/* The bytes of hex text with blanks; kept in one of a few static rooms, so
 * good until @hex was called eight times more. */
struct hf_span hex(const char *text);
void assert_bytes(const uint8_t *got, size_t len, const char *expected_hex);

/* The one provider that all tests of a program share. */
struct hf_crypto *opened(void);
int open_crypto(void **state);
int close_crypto(void **state);

#endif
