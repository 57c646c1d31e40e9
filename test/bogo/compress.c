/* compress.c - the runner's three ways of compressing a certificate, which are
 * not made to save anything: one leaves out the two zeroes that a Certificate
 * of TLS 1.3 begins with, one puts four bytes in front, one a random byte.
 *
 * They come into the library as any provider's do. */
#include "shim.h"

#include <string.h>

enum { SHRINKING = 0xff01, EXPANDING = 0xff02, RANDOM = 0xff03 };

static const uint8_t zeroes[] = { 0, 0 }, mark[] = { 1, 2, 3, 4 };

/* @out is @head and @tail one after the other. */
static bool join(struct hf_span head, struct hf_span tail, uint8_t *out,
                 size_t cap, size_t *len)
{
    if (head.len > cap || tail.len > cap - head.len)
        return false;
    memcpy(out, head.at, head.len);
    memcpy(out + head.len, tail.at, tail.len);
    *len = head.len + tail.len;
    return true;
}

/* @in without the @n bytes it begins with, if that is @len bytes. */
static bool behind(struct hf_span in, size_t n, uint8_t *out, size_t len)
{
    if (in.len != n + len)
        return false;
    memcpy(out, in.at + n, len);
    return true;
}

static bool begins(struct hf_span in, const uint8_t *with, size_t n)
{
    return in.len >= n && memcmp(in.at, with, n) == 0;
}

static bool shrink(void *self, struct hf_span in, uint8_t *out, size_t cap,
                   size_t *len)
{
    (void)self;
    *len = in.len - sizeof(zeroes);
    return begins(in, zeroes, sizeof(zeroes)) && *len <= cap &&
           behind(in, sizeof(zeroes), out, *len);
}

static bool unshrink(void *self, struct hf_span in, uint8_t *out, size_t len,
                     bool *fault)
{
    struct hf_span head = { zeroes, sizeof(zeroes) };
    size_t made;

    (void)self;
    *fault = false;
    return join(head, in, out, len, &made) && made == len;
}

static bool expand(void *self, struct hf_span in, uint8_t *out, size_t cap,
                   size_t *len)
{
    struct hf_span head = { mark, sizeof(mark) };

    (void)self;
    return join(head, in, out, cap, len);
}

static bool unexpand(void *self, struct hf_span in, uint8_t *out, size_t len,
                     bool *fault)
{
    (void)self;
    *fault = false;
    return begins(in, mark, sizeof(mark)) && behind(in, sizeof(mark), out, len);
}

static bool blur(void *self, struct hf_span in, uint8_t *out, size_t cap,
                 size_t *len)
{
    uint8_t any;
    struct hf_span head = { &any, 1 };

    return hf_libcrypto.random(self, &any, 1) && join(head, in, out, cap, len);
}

static bool unblur(void *self, struct hf_span in, uint8_t *out, size_t len,
                   bool *fault)
{
    (void)self;
    *fault = false;
    return behind(in, 1, out, len);
}

const struct hf_provider *shim_provider(void)
{
    static const struct hf_compression shrinking = { "shrinking", SHRINKING,
                                                     unshrink, shrink };
    static const struct hf_compression expanding = { "expanding", EXPANDING,
                                                     unexpand, expand };
    static const struct hf_compression random = { "random", RANDOM, unblur,
                                                  blur };
    static const struct hf_compression *const all[] = { &expanding, &shrinking,
                                                        &random, NULL };
    static struct hf_provider provider;

    provider = hf_libcrypto;
    provider.compressions = all;
    return &provider;
}

bool shim_set_compression(const struct shim_options *o,
                          struct hf_config *config)
{
    static const uint16_t all[] = { EXPANDING, SHRINKING, RANDOM, 0 };
    const uint16_t one[] = { (uint16_t)o->install_one_cert_compression_alg, 0 };

    return hf_config_set_cert_compression(
        config, o->install_cert_compression_algs ? all : one);
}
