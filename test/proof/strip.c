/* strip.c - TLS 1.3's padding: what is cut off without a branch is what a loop
 * from the end would cut off (RFC 8446 5.4), however long the record.
 *
 * `watched` is one byte of it, whichever: what is proved of it is proved of
 * all.  strip() is proved with two stand-ins, of which is assumed what is proved
 * of the functions whose place they take. */
#include "proof.h"

#include "record/record.h"

static const uint8_t *watched;

/* Where the watched byte lies in @part; huge if before it. */
#define WHERE(part) \
    (__CPROVER_POINTER_OFFSET(watched) - __CPROVER_POINTER_OFFSET((part).at))

#include "record/protect13.c"

enum { MOST = HF_PLAINTEXT_MAX + HF_EXPANSION_MAX };

/* ---- last_byte: any number of them ------------------------------------------------ */

static bool is_last_byte(struct hf_span part, size_t where, uint8_t type)
{
    if (!type)
        return where == 0 && (WHERE(part) >= part.len || *watched == 0);
    return where < part.len && part.at[where] == type &&
           (WHERE(part) >= part.len || WHERE(part) <= where || *watched == 0);
}

void prove_last_byte(void)
{
    struct hf_span part = any_bytes(MOST);
    size_t any = nondet_size();
    uint8_t type;

    ASSUME(any < part.len);
    watched = part.at + any;
    any = last_byte(part, &type);
    PROVE(is_last_byte(part, any, type));
}

/* ---- last_block ------------------------------------------------------------------------ */

enum { BLOCKS = 3 };

void prove_last_block(void)
{
    uint8_t bytes[BLOCKS * STRIP_BLOCK]; /* any */
    size_t len = nondet_size(), last = 0;

    ASSUME(len <= sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        if (i < len - len % STRIP_BLOCK && bytes[i])
            last = i - i % STRIP_BLOCK;
    PROVE(last_block(hf_span(bytes, len)) == last);
}

/* ---- strip -------------------------------------------------------------------------------- */

static const uint8_t *block_found; /* it is not all zeroes */

size_t any_last_byte(struct hf_span part, uint8_t *type)
{
    size_t where = nondet_size();

    *type = nondet_byte();
    ASSUME(is_last_byte(part, where, *type));
    ASSUME(*type || part.at != block_found || part.len != STRIP_BLOCK);
    return where;
}

size_t any_last_block(struct hf_span plain)
{
    size_t blocks = plain.len - plain.len % STRIP_BLOCK;
    size_t where = nondet_size();

    ASSUME(where % STRIP_BLOCK == 0 && (where < blocks || where == 0));
    ASSUME(where < blocks || !blocks);
    if (blocks && nondet_bool()) {
        block_found = plain.at + where;
        ASSUME(WHERE(plain) < where + STRIP_BLOCK || WHERE(plain) >= blocks ||
               *watched == 0);
    } else {
        ASSUME(where == 0 && (WHERE(plain) >= blocks || *watched == 0));
    }
    return where;
}

void prove_strip(void)
{
    struct hf_span all = any_bytes(MOST), plain = all;
    struct hf_error error = { .code = HF_OK };
    size_t any = nondet_size();
    uint8_t type;

    ASSUME(any < all.len);
    watched = all.at + any;
    block_found = NULL;
    if (strip(&plain, &type, &error)) {
        PROVE(plain.at == all.at && plain.len < all.len);
        PROVE(type != 0 && type == all.at[plain.len]);
        PROVE(any <= plain.len || *watched == 0);
    } else {
        PROVE(*watched == 0 && error.code == HF_E_RECORD_EMPTY);
    }
}
