/* reach.h - for tests: how far does a function look?
 *
 *      page          page that must not be touched
 *   [        bytes ][ bytes        ]
 *            \______________/
 *             what it is given
 *
 * Who stops at the first difference never comes to the second page; who always
 * looks at everything is stopped there by SIGSEGV, which is what is hoped for. */
#ifndef HF_REACH_H
#define HF_REACH_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf reach_back;

static void reach_stopped(int number)
{
    (void)number;
    siglongjmp(reach_back, 1);
}

/* Does look() touch the last @behind of the @len bytes of @from, if they lie in
 * a page of their own? */
static bool reach(bool (*look)(const uint8_t *bytes), const uint8_t *from,
                  size_t len, size_t behind)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct sigaction stop = { .sa_handler = reach_stopped }, segv, bus;
    volatile bool touched = false;
    void *room;
    uint8_t *at;

    if (posix_memalign(&room, page, 2 * page))
        abort();
    at = (uint8_t *)room + page - (len - behind);
    memcpy(at, from, len);
    sigaction(SIGSEGV, &stop, &segv);
    sigaction(SIGBUS, &stop, &bus);
    if (mprotect((uint8_t *)room + page, page, PROT_NONE))
        abort();
    if (sigsetjmp(reach_back, 1))
        touched = true;
    else
        (void)look(at);
    if (mprotect((uint8_t *)room + page, page, PROT_READ | PROT_WRITE))
        abort();
    sigaction(SIGSEGV, &segv, NULL);
    sigaction(SIGBUS, &bus, NULL);
    free(room);
    return touched;
}

#endif
