/* base.h - what every layer stands on and that knows nothing of TLS: spans,
 * the bounded writer, memory, the arena of a handshake, errors, text.
 *
 * This is the only place in the library where bytes are copied, compared,
 * allocated or printed; the C library's own functions for that are poisoned
 * below, so that each of those acts has a bound and a name.
 */
#ifndef HF_BASE_H
#define HF_BASE_H

#include "handfast/types.h"

/* ---- memory (mem.c) -------------------------------------------------------- */

/* @size zeroed bytes, or NULL.  Freed with hf_free() only. */
HF_CHECK void *hf_alloc(size_t size);
/* Zeroed array; NULL also when the product overflows. */
HF_CHECK void *hf_alloc_array(size_t count, size_t size);
/* Wipe @size bytes and give them back; NULL is fine. */
void hf_free(void *p, size_t size);
/* Overwrite, in a way no compiler removes. */
void hf_wipe(void *p, size_t size);
/* Copy @len bytes; the areas may not overlap unless equal; @len 0 is fine
 * even with NULL. */
void hf_copy(void *to, const void *from, size_t len);
/* As hf_copy, for areas that may overlap. */
void hf_move(void *to, const void *from, size_t len);
void hf_fill(void *to, uint8_t byte, size_t len);
/* Equal bytes?  Not for secrets: stops at the first difference. */
bool hf_equal(const void *a, const void *b, size_t len);
/* Order of bytes as memcmp. Not for secrets. */
int hf_compare(const void *a, const void *b, size_t len);
/* Equal secrets?  Time depends on @len only. */
bool hf_equal_ct(const void *a, const void *b, size_t len);
/* All bits set if @byte is 0, else 0; no branch.  The empty assembly hides
 * from the compiler what it could turn back into one. */
static inline uint32_t hf_mask_zero(uint8_t byte)
{
    uint32_t v = byte;

    __asm__("" : "+r"(v));
    return 0 - ((v - 1) >> 31);
}
/* Eight bytes as a number in this machine's order. */
static inline uint64_t hf_load64(const uint8_t *p)
{
    uint64_t word;

    __builtin_memcpy(&word, p, sizeof(word));
    return word;
}
/* All bits set if @a == @b, else 0; no branch. */
uint32_t hf_mask_equal(uint32_t a, uint32_t b);
/* @yes where @mask is all ones, else @no; no branch. */
uint8_t hf_select_ct(uint32_t mask, uint8_t yes, uint8_t no);

/* Secrets are marked where they are born and where a bit of them becomes
 * public on purpose; under valgrind this is what the constant-time check
 * reads, otherwise nothing. */
#ifdef HF_CT_CHECK
#include <valgrind/memcheck.h>
#define HF_SECRET(p, n) VALGRIND_MAKE_MEM_UNDEFINED(p, n)
#define HF_DECLASSIFY(p, n) VALGRIND_MAKE_MEM_DEFINED(p, n)
#else
#define HF_SECRET(p, n) ((void)(p), (void)(n))
#define HF_DECLASSIFY(p, n) ((void)(p), (void)(n))
#endif

/* ---- spans ------------------------------------------------------------------ */

#define HF_SPAN(array) ((struct hf_span){ (array), sizeof(array) })
#define HF_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline struct hf_span hf_span(const void *at, size_t len)
{
    return (struct hf_span){ (const uint8_t *)at, len };
}
/* The bytes of a C string, without its NUL. */
struct hf_span hf_span_text(const char *text);
bool hf_span_equal(struct hf_span a, struct hf_span b);
/* The first @n bytes and what follows; @n is at most span.len (asserted). */
struct hf_span hf_span_first(struct hf_span s, size_t n);
struct hf_span hf_span_after(struct hf_span s, size_t n);
size_t hf_text_len(const char *text);
bool hf_text_equal(const char *a, const char *b);

/* Big-endian numbers in bytes whose length the caller has checked. */
uint32_t hf_number(const uint8_t *p, unsigned width);
void hf_store_number(uint8_t *p, uint64_t value, unsigned width);

/* ---- a bounded place to write (buf.c) --------------------------------------- */

/* Once full it stays full and writes nothing more. */
struct hf_writer {
    uint8_t *at;
    size_t len, cap;
    bool full;
};
static inline struct hf_writer hf_writer(void *at, size_t cap)
{
    return (struct hf_writer){ (uint8_t *)at, 0, cap, false };
}
void hf_put(struct hf_writer *w, uint32_t value, unsigned width);
void hf_put_bytes(struct hf_writer *w, struct hf_span bytes);
/* Open a vector with a @prefix-byte length; close fills the length in. */
size_t hf_writer_open(struct hf_writer *w, unsigned prefix);
void hf_writer_close(struct hf_writer *w, size_t mark, unsigned prefix);
static inline struct hf_span hf_written(const struct hf_writer *w)
{
    return (struct hf_span){ w->at, w->len };
}

/* ---- a growing buffer (buf.c): grows with bytes that came, never with bytes
 * that were promised ---------------------------------------------------------- */
struct hf_buffer {
    uint8_t *at;
    size_t start, end, cap; /* live bytes are [start, end) */
};
/* Room for @more bytes behind the end, or NULL without memory. */
HF_CHECK uint8_t *hf_buffer_room(struct hf_buffer *b, size_t more);
void hf_buffer_grew(struct hf_buffer *b, size_t by);
HF_CHECK bool hf_buffer_add(struct hf_buffer *b, struct hf_span bytes);
struct hf_span hf_buffer_bytes(const struct hf_buffer *b);
/* Drop @n bytes from the front; an empty buffer gives its memory back. */
void hf_buffer_drop(struct hf_buffer *b, size_t n);
void hf_buffer_wipe(struct hf_buffer *b);

/* ---- the arena of a handshake (buf.c) ---------------------------------------- */

/* Bump allocator with a ceiling; its blocks are wiped and freed in one call.
 * Blocks are @HF_ARENA_BLOCK bytes or one large object. */
enum { HF_ARENA_BLOCK = 8192, HF_ARENA_MAX = 192 * 1024 };
struct hf_arena {
    struct hf_arena_block *blocks;
    size_t used, total; /* bytes used in the newest block; bytes in all */
    bool full;          /* the ceiling was met, not the end of memory */
};
/* Zeroed, aligned for anything; NULL without memory or past the ceiling. */
HF_CHECK void *hf_arena_take(struct hf_arena *a, size_t size);
/* A copy of @bytes in the arena. .at is NULL if it failed (and for an empty
 * span it is not NULL). */
HF_CHECK struct hf_span hf_arena_copy(struct hf_arena *a, struct hf_span bytes);
/* Note why nothing could be taken: the ceiling, or no memory.  Always false. */
bool hf_arena_fail(const struct hf_arena *a, struct hf_error *e);
void hf_arena_wipe(struct hf_arena *a);

/* ---- failing (error.c) ---------------------------------------------------------- */

/* Note @code in @e unless something is noted already, with a formatted detail
 * (see hf_format below; NULL: none).  Always false, so that failing and saying
 * why are one statement. */
bool hf_fail(struct hf_error *e, enum hf_error_code code, const char *format,
             ...);
/* The same with a place: layout, field and byte. */
bool hf_fail_at(struct hf_error *e, enum hf_error_code code, const char *layout,
                const char *field, size_t byte);

/* ---- text (text.c) ---------------------------------------------------------------- */

/* Bounded formatting, our own small language, so that peer bytes can never be
 * a format:   %s  NUL-ended text (NULL prints "(none)")
 *             %q  struct hf_span * in quotes, escaped, at most 96 bytes
 *             %h  struct hf_span * in hex, at most 32 bytes
 *             %u  unsigned int      %z  size_t      %d  int
 *             %x  unsigned int as 0x%04x            %t  int64_t seconds as UTC
 * Always NUL-ends; cuts with "...". Returns the length written. */
size_t hf_format(char *out, size_t cap, const char *format, ...);
size_t hf_format_v(char *out, size_t cap, const char *format,
                   __builtin_va_list args);
/* Append to the NUL-ended text in out. */
size_t hf_format_more(char *out, size_t cap, const char *format, ...);

/* Lower-case hex of @bytes into @out (2 * len + 1); false if it does not fit. */
bool hf_hex(char *out, size_t cap, struct hf_span bytes);
/* Bytes from hex, blanks, colons and 0x ignored.  False on an odd or foreign
 * digit or if it does not fit. */
HF_CHECK bool hf_unhex(struct hf_span text, uint8_t *out, size_t cap,
                       size_t *len);
/* Base64 (RFC 4648 4).  @out needs 4 * ((len + 2) / 3) + 1. */
bool hf_base64(char *out, size_t cap, struct hf_span bytes);
/* Bytes from base64; white space ignored; padding must be right. */
HF_CHECK bool hf_unbase64(struct hf_span text, uint8_t *out, size_t cap,
                          size_t *len);
/* The next PEM block (RFC 7468) in *text: label and the base64 between.
 * Moves *text behind it.  False: no further block; *bad says whether there
 * was a begun one that never ended. */
struct hf_pem {
    struct hf_span label;   /* "CERTIFICATE" */
    struct hf_span headers; /* RFC 1421 headers if any (old encrypted keys) */
    struct hf_span base64;
};
HF_CHECK bool hf_pem_next(struct hf_span *text, struct hf_pem *out, bool *bad);
/* ASCII case-folded comparison of bytes. */
bool hf_equal_fold(struct hf_span a, struct hf_span b);
uint8_t hf_lower(uint8_t c);

/* "2026-11-21 18:30:00 UTC" of seconds since 1970; any 64-bit value. */
void hf_time_text(char *out, size_t cap, int64_t seconds);

/* ---- what nobody else may call -------------------------------------------------- */
#ifndef HF_UNPOISONED
#include <stdlib.h>
#include <string.h>
#undef sprintf /* a macro in some C libraries, which cannot be poisoned */
#undef alloca
#pragma GCC poison malloc calloc realloc free memcpy memmove memset memcmp
#pragma GCC poison bcmp strlen strcpy strcat strncpy strncat sprintf alloca
#endif

#endif
