/* taint.h - for tests: where bytes leave the library.  In a build with
 * HF_CT_CHECK, under valgrind's memcheck, secrets are marked as undefined and the
 * compiler leaves local variables so; what leaves must be neither (test/taint).
 * In any other build there is nothing to see. */
#ifndef HF_TAINT_H
#define HF_TAINT_H

#include "base/base.h"
#include "handfast/engine.h"

#ifdef HF_CT_CHECK
/* @bytes leave, for the peer or for somebody who may see them. */
void taint_leaves(const char *what, struct hf_span bytes);
/* @bytes are a secret that the application asked for: all of them must be marked;
 * from here on they are not. */
void taint_given(const char *what, struct hf_span bytes);
/* Watch @conn: what it tells leaves. */
void taint_watch(struct hf_conn *conn);
/* Application data: as secret as any, until it is sealed. */
void taint_secret(const void *bytes, size_t len);
/* Somebody else has the keys as well, and so no marks. */
void taint_shared(bool shared);
#else
static inline void taint_shared(bool shared)
{
    (void)shared;
}
static inline void taint_leaves(const char *what, struct hf_span bytes)
{
    (void)what;
    (void)bytes;
}
static inline void taint_given(const char *what, struct hf_span bytes)
{
    (void)what;
    (void)bytes;
}
static inline void taint_watch(struct hf_conn *conn)
{
    (void)conn;
}
static inline void taint_secret(const void *bytes, size_t len)
{
    (void)bytes;
    (void)len;
}
#endif

#endif
