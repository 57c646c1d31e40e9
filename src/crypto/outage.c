/* outage.c - see outage.h.  For tests only; it is not part of the library.
 *
 * A function that a program has itself goes before that of a shared library.
 * They are hidden, so that libcrypto goes on calling its own. */
#define _GNU_SOURCE
#define HF_UNPOISONED
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/outage.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <assert.h>
#include <dlfcn.h>
#include <string.h>

static void *behind(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);

    assert(p);
    return p;
}

#define FAILS(type, failure, name, parameters, arguments)       \
    __attribute__((visibility("hidden"))) type name parameters; \
    type name parameters                                        \
    {                                                           \
        static type(*real) parameters;                          \
                                                                \
        if (!real)                                              \
            *(void **)&real = behind(#name);                    \
        return outage_works(#name) ? real arguments : failure;  \
    }
#define NEVER(name)
#include "crypto/outage.def"
#undef FAILS
#undef NEVER

const char *outage_name(size_t i)
{
    static const char *const names[] = {
#define FAILS(type, failure, name, parameters, arguments) #name,
#define NEVER(name) #name,
#include "crypto/outage.def"
#undef FAILS
#undef NEVER
        NULL
    };

    return names[i];
}

bool outage_is_there(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    Dl_info where;

    return p && dladdr(p, &where) && strstr(where.dli_fname, "libcrypto");
}
