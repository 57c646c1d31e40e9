/* owed.h - for tests: where something secret was put, and not wiped since.  The
 * linker puts this hf_wipe in front of base's (-Wl,--wrap=hf_wipe). */
#ifndef HF_OWED_H
#define HF_OWED_H

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct {
    const uint8_t *at; /* NULL: nothing */
    size_t len;
    bool part; /* of something larger, which is wiped as a whole */
} owed[64];

static inline void owe_as(const void *at, size_t len, bool part)
{
    for (size_t i = 0; i < HF_COUNT(owed); i++)
        if (!owed[i].at || owed[i].at == at) {
            owed[i].at = at;
            owed[i].len = len;
            owed[i].part = part;
            return;
        }
    fail_msg("more places than there is room for");
}

static inline void owe(const void *at, size_t len)
{
    owe_as(at, len, false);
}

/* All of it; and from its beginning, unless it is a part: or a wipe of something
 * larger, for which the stack is used again, would pay for it. */
static inline void paid(const void *at, size_t len)
{
    const uint8_t *from = at;

    for (size_t i = 0; i < HF_COUNT(owed); i++)
        if (owed[i].at &&
            (owed[i].at == from || (owed[i].part && owed[i].at > from)) &&
            owed[i].at + owed[i].len <= from + len)
            owed[i].at = NULL;
}

/* Whatever lies in these bytes is the test's own. */
static inline void spare(const void *at, size_t len)
{
    const uint8_t *from = at;

    for (size_t i = 0; i < HF_COUNT(owed); i++)
        if (owed[i].at && owed[i].at >= from && owed[i].at < from + len)
            owed[i].at = NULL;
}

static inline void forget_owed(void)
{
    for (size_t i = 0; i < HF_COUNT(owed); i++)
        owed[i].at = NULL;
}

static inline void nothing_is_owed(void)
{
    for (size_t i = 0; i < HF_COUNT(owed); i++)
        if (owed[i].at)
            fail_msg("%zu bytes were not wiped", owed[i].len);
}

void __real_hf_wipe(void *p, size_t size);
void __wrap_hf_wipe(void *p, size_t size);

void __wrap_hf_wipe(void *p, size_t size)
{
    paid(p, size);
    __real_hf_wipe(p, size);
}

#endif
