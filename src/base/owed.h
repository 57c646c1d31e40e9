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
} owed[64];

static inline void owe(const void *at, size_t len)
{
    for (size_t i = 0; i < HF_COUNT(owed); i++)
        if (!owed[i].at || owed[i].at == at) {
            owed[i].at = at;
            owed[i].len = len;
            return;
        }
    fail_msg("more places than there is room for");
}

/* Whatever lies in these bytes is gone, or the test's own. */
static inline void paid(const void *at, size_t len)
{
    const uint8_t *from = at;

    for (size_t i = 0; i < HF_COUNT(owed); i++)
        if (owed[i].at && owed[i].at >= from &&
            owed[i].at + owed[i].len <= from + len)
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
