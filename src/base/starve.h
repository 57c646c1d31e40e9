/* starve.h - for tests: memory that runs out, where the linker puts this calloc
 * in front of the C library's (-Wl,--wrap=calloc). */
#ifndef HF_STARVE_H
#define HF_STARVE_H

#include <stdbool.h>
#include <stddef.h>

static unsigned fail_at; /* which allocation from now on fails; 0: none */
static bool no_memory;   /* ... and while this stands, each */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    if (no_memory || (fail_at && !--fail_at))
        return NULL;
    return __real_calloc(count, size);
}

#endif
