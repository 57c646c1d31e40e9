/* toy.h - a provider whose cryptography a child could break and a fuzzer does
 * not: every hash depends on every byte, a tag on key, nonce and contents, a
 * secret on both shares, a signature on key and message.
 *
 * With it honest ends meet in microseconds, always in the same way, and whoever
 * has changed a bit or has no key gets nowhere: so a fuzz target may ask not
 * only whether an end survives, but whether it believes a lie. */
#ifndef HF_TOY_H
#define HF_TOY_H

#include "handfast/crypto.h"

extern const struct hf_provider toy_provider;

/* Random numbers from the beginning again, and nothing fails. */
void toy_restart(void);
/* The @n-th operation from now on fails, as if memory were short; 0: none. */
void toy_fail_in(unsigned n);
bool toy_has_failed(void);

/* Certificates in PEM, of one authority, and the text of the toy's "private keys"
 * for them. */
enum toy_who { TOY_CA, TOY_SERVER, TOY_CLIENT, TOY_COUNT };
struct hf_span toy_pem(enum toy_who who);
struct hf_span toy_der(enum toy_who who);
struct hf_span toy_key(enum toy_who who);
/* What a key of @who's signs: an answer to HF_ASK_SIGN. */
enum { TOY_SIGNATURE_LEN = 16 };
void toy_sign(enum toy_who who, struct hf_span message, uint8_t *out);
/* 64 bits that depend on @bytes and @seed. */
uint64_t toy_mix(uint64_t seed, struct hf_span bytes);

#endif
