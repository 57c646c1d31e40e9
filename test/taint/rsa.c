/* rsa.c - an RSA key takes a quarter of a minute to find under valgrind, so there
 * is one that was found before (rsa.pem): it protects nothing. */
#define HF_UNPOISONED
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

EVP_PKEY *__real_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq,
                                   const char *type, ...);
EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq,
                                   const char *type, ...);

EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq,
                                   const char *type, ...)
{
    EVP_PKEY *key;
    va_list args;
    FILE *file;

    va_start(args, type);
    if (!strcmp(type, "RSA")) {
        assert(va_arg(args, size_t) == 2048);
        file = fopen(TAINT_RSA, "r");
        assert(file);
        key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        fclose(file);
    } else if (!strcmp(type, "EC")) {
        key = __real_EVP_PKEY_Q_keygen(libctx, propq, type,
                                       va_arg(args, const char *));
    } else {
        key = __real_EVP_PKEY_Q_keygen(libctx, propq, type);
    }
    va_end(args);
    return key;
}
