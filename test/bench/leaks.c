/* leaks.c - does the time that a function takes depend on a secret?  Statistics
 * in the manner of dudect (Reparaz, Balasch, Verbauwhede 2017), on what valgrind
 * (make ct) says of the same code by its branches and addresses.
 *
 * Each function gets inputs of two classes in random order, copied to one and the
 * same place; the time of each call goes to its class, and Welch's t says whether
 * the two could have one mean.  What else the machine does makes some calls slow:
 * so the test is done on all of them, and on those below each of some quantiles,
 * and the largest |t| counts.  A round of samples may be spoilt all the same; the
 * verdict is that of the median of some rounds.  Two controls that do depend on
 * their input must be found.
 *
 *     bench-leaks [--rounds 5] [--samples 40000]      exits 1 if there is a leak */
#define HF_UNPOISONED
#include "crypto/suite.h"
#include "record/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LONG = 4096, /* bytes compared, bytes in a record */
    SECRET = 32, /* of a MAC */
    ROUNDS_MAX = 25,
    CROPS = 8 /* quantiles below which samples are looked at again */
};
#define LEAKS 10.0 /* |t| from which on there is no doubt */

/* ---- two classes --------------------------------------------------------------------- */

/* The one place from which every call takes its input. */
static struct {
    uint8_t a[LONG + 512], b[LONG + 512];
} in;
static volatile unsigned sink;

static struct hf_crypto crypto;
static struct hf_error error;

static void fill(uint8_t *at, size_t len, uint8_t start)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(start + i * 7);
}

/* Equal, or not from the first byte on. */
static void pair(unsigned class, size_t len)
{
    fill(in.a, len, 1);
    fill(in.b, len, 1);
    in.b[0] = (uint8_t)(in.b[0] ^ (class ? 0x80 : 0));
}

static void mac_in(unsigned class)
{
    pair(class, SECRET);
}

static void mac_do(void)
{
    sink += hf_equal_ct(in.a, in.b, SECRET);
}

static void long_in(unsigned class)
{
    pair(class, LONG);
}

static void long_do(void)
{
    sink += hf_equal_ct(in.a, in.b, LONG);
}

/* A control: it stops at the first difference. */
static void leaky_do(void)
{
    sink += hf_equal(in.a, in.b, LONG);
}

/* ---- RSA's padding ----------------------------------------------------------------------- */

enum { BLOCK = 256 };

/* 00 02 | padding | 00 | 03 03 | 46 bytes, or a zero early in the padding. */
static void block_in(unsigned class)
{
    fill(in.a, BLOCK, 3);
    for (size_t i = 0; i < BLOCK; i++)
        in.a[i] |= 1;
    in.a[0] = 0;
    in.a[1] = 2;
    in.a[BLOCK - HF_PREMASTER_LEN - 1] = 0;
    in.a[BLOCK - HF_PREMASTER_LEN] = in.a[BLOCK - HF_PREMASTER_LEN + 1] = 3;
    if (class)
        in.a[10] = 0;
    fill(in.b, HF_PREMASTER_LEN, 9);
}

static void block_do(void)
{
    hf_premaster_unpad(UINT32_MAX, hf_span(in.a, BLOCK), 0x0303, in.b);
}

/* A control: whoever looks for the zero as a loop would. */
static void naive_do(void)
{
    size_t i = 2;

    while (i < BLOCK && in.a[i])
        i++;
    sink += (unsigned)i;
}

/* ---- a record's tag ----------------------------------------------------------------------- */

static const struct hf_aead *aead;
static _Alignas(16) uint8_t state[HF_AEAD_STATE_MAX];
static const uint8_t nonce[HF_NONCE_LEN];
static uint8_t sealed[SECRET + HF_TAG_LEN];

/* Wrong in the first byte of the tag, or in the last. */
static void tag_in(unsigned class)
{
    memcpy(in.a, sealed, sizeof(sealed));
    in.a[SECRET + (class ? 0 : HF_TAG_LEN - 1)] ^= 0x55;
}

static void tag_do(void)
{
    const struct hf_open open = { .nonce = nonce,
                                  .in = hf_span(in.a, sizeof(sealed)),
                                  .out = in.b };

    sink += aead->open(state, &open);
}

static bool load_aead(size_t i)
{
    uint8_t key[HF_AEAD_KEY_MAX] = { 7 }, text[SECRET] = { 1 };
    const struct hf_seal seal = { .nonce = nonce,
                                  .in = HF_SPAN(text),
                                  .out = sealed };

    if (aead)
        aead->unload(state);
    aead = crypto.provider->aeads[i];
    return aead->load(crypto.self, state, key) && aead->seal(state, &seal);
}

/* ---- a record's padding ------------------------------------------------------------------- */

/* A cipher that does nothing, so that what is left is ours. */
static bool no_load(void *self, void *at, const uint8_t *key)
{
    (void)self;
    (void)at;
    (void)key;
    return true;
}

static void no_unload(void *at)
{
    (void)at;
}

static bool no_open(void *at, const struct hf_open *one)
{
    (void)at;
    return one->out != NULL;
}

static const struct hf_aead nothing = { .name = "nothing",
                                        .key_len = 16,
                                        .seal_limit = UINT64_MAX,
                                        .state_size = 8,
                                        .load = no_load,
                                        .unload = no_unload,
                                        .open = no_open };
static struct hf_direction direction;

/* All content, or one byte of it and then padding. */
static void padded(unsigned class, size_t len)
{
    memset(in.a, class ? 0 : 0xaa, len);
    in.a[0] = 0xaa;
    in.a[class ? 1 : len - 1] = HF_CONTENT_DATA;
}

static void open_record(size_t len)
{
    static uint8_t header[5] = { 23, 3, 3 }; /* its length is not looked at */
    struct hf_frame frame = { .type = 23,
                              .header = HF_SPAN(header),
                              .body = in.a,
                              .len = len + HF_TAG_LEN };
    struct hf_span plain;
    uint8_t type;

    if (!hf_record_open(&direction, &frame, &type, &plain, &error))
        exit(2);
    sink += type;
}

static void padding_in(unsigned class)
{
    padded(class, LONG);
}

static void padding_do(void)
{
    open_record(LONG);
}

/* No multiple of what the search takes at a time. */
enum { ODD = 300 + 40 };

static void odd_in(unsigned class)
{
    padded(class, ODD);
}

static void odd_do(void)
{
    open_record(ODD);
}

/* ---- all of them -------------------------------------------------------------------------- */

static const struct target {
    const char *name;
    void (*prepare)(unsigned class);
    void (*run)(void);
    int aead;   /* which is loaded; -1: none */
    bool leaks; /* a control */
} targets[] = {
    { "compare 32 bytes", mac_in, mac_do, -1, false },
    { "compare 4096 bytes", long_in, long_do, -1, false },
    { "RSA: take the padding off", block_in, block_do, -1, false },
    { "tag of the 1st cipher", tag_in, tag_do, 0, false },
    { "tag of the 2nd cipher", tag_in, tag_do, 1, false },
    { "tag of the 3rd cipher", tag_in, tag_do, 2, false },
    { "record: take the padding off", padding_in, padding_do, -1, false },
    { "record of 340 bytes: the same", odd_in, odd_do, -1, false },
    { "control: memcmp", long_in, leaky_do, -1, true },
    { "control: a loop to the zero", block_in, naive_do, -1, true },
};

/* ---- statistics --------------------------------------------------------------------------- */

static uint64_t ticks(void)
{
#if defined(__x86_64__)
    uint64_t t;

    __builtin_ia32_lfence();
    t = __builtin_ia32_rdtsc();
    __builtin_ia32_lfence();
    return t;
#else
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

static uint64_t draw(void)
{
    static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static double *times;
static uint8_t *classes;

static void sample(const struct target *t, size_t samples)
{
    for (size_t i = 0; i < samples; i++) {
        uint64_t start;

        classes[i] = draw() >> 40 & 1;
        t->prepare(classes[i]);
        start = ticks();
        t->run();
        times[i] = (double)(ticks() - start);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Welch's t of the samples of at most @most. */
static double welch(size_t samples, double most)
{
    double n[2] = { 0 }, mean[2] = { 0 }, squares[2] = { 0 }, error2 = 0;

    for (size_t i = 0; i < samples; i++) {
        unsigned c = classes[i];
        double d = times[i] - mean[c];

        if (times[i] > most)
            continue;
        n[c]++;
        mean[c] += d / n[c];
        squares[c] += d * (times[i] - mean[c]);
    }
    for (unsigned c = 0; c < 2; c++) {
        if (n[c] < 500)
            return 0;
        error2 += squares[c] / (n[c] - 1) / n[c];
    }
    if (error2 <= 0)
        return mean[0] == mean[1] ? 0 : 1e6;
    return (mean[1] - mean[0]) / sqrt(error2);
}

/* The largest |t|, of all samples and of those below some quantiles. */
static double largest(size_t samples)
{
    double *sorted = malloc(samples * sizeof(*sorted)), worst = 0;

    if (!sorted)
        exit(2);
    memcpy(sorted, times, samples * sizeof(*sorted));
    qsort(sorted, samples, sizeof(*sorted), by_size);
    for (unsigned i = 0; i <= CROPS; i++) {
        double part = 1 - 0.5 * pow((double)i / CROPS, 2); /* 1 to 0.5 */
        size_t last = (size_t)(part * (double)(samples - 1));
        double t = fabs(welch(samples, sorted[last]));

        worst = t > worst ? t : worst;
    }
    free(sorted);
    return worst;
}

/* The median of the rounds. */
static double judge(const struct target *t, size_t rounds, size_t samples)
{
    double found[ROUNDS_MAX];

    sample(t, samples / 10); /* warm */
    for (size_t i = 0; i < rounds; i++) {
        sample(t, samples);
        found[i] = largest(samples);
    }
    qsort(found, rounds, sizeof(*found), by_size);
    return found[rounds / 2];
}

static size_t number(int argc, char **argv, const char *name, size_t usual)
{
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name))
            return strtoul(argv[i + 1], NULL, 10);
    return usual;
}

int main(int argc, char **argv)
{
    size_t rounds = number(argc, argv, "--rounds", 5);
    size_t samples = number(argc, argv, "--samples", 40000);
    double most = 0, least = INFINITY;
    int status = 0;
    static const uint8_t key[16], iv[HF_NONCE_LEN];

    times = malloc(samples * sizeof(*times));
    classes = malloc(samples);
    if (!times || !classes || !rounds || rounds > ROUNDS_MAX ||
        samples < 2000 || !hf_crypto_open(&crypto, &hf_libcrypto, &error) ||
        !hf_direction_set(&direction, crypto.self, &nothing, key, iv,
                          HF_TRAFFIC, &error)) {
        fprintf(stderr, "bench-leaks: cannot begin\n");
        return 2;
    }
    for (size_t i = 0; i < HF_COUNT(targets); i++) {
        const struct target *t = &targets[i];
        double found;

        if (t->aead >= 0 && !load_aead((size_t)t->aead))
            return 2;
        found = judge(t, rounds, samples);
        printf("# > %-30s |t| %8.1f%s\n", t->name, found,
               (found >= LEAKS) == t->leaks ? ""
               : t->leaks                   ? "  NOT FOUND"
                                            : "  LEAKS");
        if ((found >= LEAKS) != t->leaks)
            status = 1;
        if (t->leaks)
            least = found < least ? found : least;
        else
            most = found > most ? found : most;
    }
    printf("# NOTE: timing of secrets: %zu rounds of %zu samples, |t| at most "
           "%.1f, of controls at least %.1f (%.0f is a leak)\n",
           rounds, samples, most, least, LEAKS);
    aead->unload(state);
    hf_crypto_close(&crypto);
    free(times);
    free(classes);
    return status;
}
