/* timing.c - does the time that a server takes tell how it liked an encrypted
 * premaster secret (row C7 of the attack list)?  With --append FILE the answer
 * goes to the end of that page as well.
 *
 * A client's hello is played to a fresh server each time, and then a flight of
 * ClientKeyExchange, ChangeCipherSpec and Finished, up to the alert.  What is
 * encrypted is of one of these kinds, drawn in an order that is shuffled anew
 * in each round, so that whatever else the machine does falls on all alike:
 *
 *     well formed, but not the client's     what all others are compared with
 *     the same kind once more               must look the same
 *     malformed in several ways             must look the same
 *     well formed, and 1 us of work         must look different
 *
 * Each sample becomes its rank among all, so that the few during which the
 * machine did something else weigh no more than any; two kinds are compared by
 * Welch's t on ranks, and told in microseconds by what 1 us more would do to
 * the ranks of the first.  How many of a kind are among the slowest in 100 is
 * compared as well, so that a rare slow path is seen.  Sampling goes on until
 * a difference of 1 us would be found: one at which t is 4.5 or more in 19 of
 * 20 runs.  When to stop depends on the scatter alone, never on t. */
#define HF_UNPOISONED
#include "crypto/oracle.h"
#include "handfast/handfast.h"

#include "../../tools/issue.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    VARIANTS = 32, /* ciphertexts of each kind */
    STEP = 2000,   /* rounds between two looks at the scatter */
    LEAST = 4000,  /* rounds */
    MOST = 40000,
    WIRE = 8192
};
#define FOUND 4.5     /* |t| that counts as a difference */
#define POWER 1.645   /* 19 of 20 */
#define WANTED 1e-6   /* seconds: what must be found */
#define ENOUGH 0.8e-6 /* sampled until then: 1 us is surely found */
#define SLOW 0.99     /* the rank from which one is slow */

/* Kinds of secrets, by the name that oracle.c gives to them. */
static const struct kind {
    const char *name, *oracle;
    bool work; /* 1 us more */
} kinds[] = {
    { "well formed", "well formed", false },
    { "well formed, once more", "well formed", false },
    { "first byte is 01", "first byte 01", false },
    { "second byte is 03", "second byte 03", false },
    { "a zero early in the padding", "a secret of 250 bytes", false },
    { "a secret of 49 bytes", "a secret of 49 bytes", false },
    { "a secret of 47 bytes", "a secret of 47 bytes", false },
    { "a secret of no bytes", "a secret of 0 bytes", false },
    { "no zero behind the padding", "no zero behind the padding", false },
    { "another version", "version of TLS 1.1", false },
    { "not below the modulus", "all bits set", false },
    { "one byte too short", "cut behind", false },
    { "well formed, and 1 us of work", "well formed", true },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), CONTROL = KINDS - 1 };

static FILE *page; /* NULL: only to the terminal */

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    if (!page)
        return;
    va_start(args, format);
    vfprintf(page, format, args);
    va_end(args);
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench-timing: %s\n", what);
    exit(1);
}

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the two ends ------------------------------------------------------------------- */

static struct hf_config *client_config, *server_config;
static struct hf_public_key key;

/* What the client says: its hello, and the flight with its own secret. */
static uint8_t hello[WIRE], flight[WIRE];
static size_t hello_len, flight_len;

static struct oracle secrets[KINDS][VARIANTS];

static int64_t now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static void load_public(const char *pem)
{
    struct hf_error error = { .code = HF_OK };
    void *self = hf_libcrypto.open(&error);
    struct hf_private_key *private = NULL;

    if (!self || !hf_libcrypto.key_load(self, hf_span_text(pem), NULL, NULL,
                                        &private, &error))
        give_up(error.detail);
    hf_libcrypto.key_public(private, &key); /* kept to the end */
}

static void make_configs(void)
{
    static const char *const names[] = { "localhost" };
    static const uint16_t suite[] = { 0x009c, 0 };
    struct issue_order order = { .names = names, .count = 1 };
    struct issue_order above = { .common_name = "bench root" };
    struct hf_error error = { .code = HF_OK };
    struct issued *root = issue_root(&above, &error), *leaf = NULL;
    char *pem, *chain, *private;

    if (root && issue_key_by_name("rsa2048", &order.key))
        leaf = issue(root, &order, &error);
    if (!leaf)
        give_up(error.detail);
    pem = issued_pem(root);
    chain = issued_chain_pem(leaf);
    private = issued_key_pem(leaf);
    client_config = hf_config_new();
    server_config = hf_config_new();
    if (!hf_config_set_versions(client_config, HF_TLS12, HF_TLS12) ||
        !hf_config_set_versions(server_config, HF_TLS12, HF_TLS12) ||
        !hf_config_set_suites(client_config, suite) ||
        !hf_config_set_suites(server_config, suite) ||
        !hf_config_set_clock(client_config, now, NULL) ||
        !hf_config_set_clock(server_config, now, NULL) ||
        !hf_config_trust(client_config, hf_span_text(pem)) ||
        !hf_config_add_keypair(server_config, hf_span_text(chain),
                               hf_span_text(private)))
        give_up("a configuration");
    load_public(private);
    free(private);
    free(chain);
    free(pem);
    issued_free(leaf);
    issued_free(root);
}

/* What @conn has to say, into @out. */
static size_t take(struct hf_conn *conn, uint8_t *out)
{
    struct hf_span said = hf_conn_outgoing(conn);

    if (said.len > WIRE)
        give_up("a flight is too long");
    memcpy(out, said.at, said.len);
    hf_conn_sent(conn, said.len);
    return said.len;
}

static enum hf_outcome give(struct hf_conn *conn, const uint8_t *bytes,
                            size_t len)
{
    static uint8_t copy[WIRE];
    struct hf_span data;
    size_t used;

    memcpy(copy, bytes, len);
    return hf_conn_receive(conn, copy, len, &used, &data);
}

/* One true handshake, to have what a client says. */
static void record(void)
{
    struct hf_conn *client = hf_conn_new(client_config, HF_CLIENT, "localhost");
    struct hf_conn *server = hf_conn_new(server_config, HF_SERVER, NULL);
    static uint8_t answer[WIRE];
    size_t len;

    give(client, answer, 0);
    hello_len = take(client, hello);
    give(server, hello, hello_len);
    len = take(server, answer);
    give(client, answer, len);
    flight_len = take(client, flight);
    if (give(server, flight, flight_len) != HF_READY)
        give_up("no handshake");
    hf_conn_free(client);
    hf_conn_free(server);
}

static void make_secrets(void)
{
    for (size_t k = 0; k < KINDS; k++) {
        size_t which = 0;

        for (size_t v = 0; v < VARIANTS; v++) {
            uint8_t secret[HF_PREMASTER_LEN];
            struct oracle *o = &secrets[k][v];

            for (size_t i = 0; i < sizeof(secret); i++)
                secret[i] = (uint8_t)(1 + (rand() >> 7) % 255);
            secret[0] = secret[1] = 3;
            while (!v && oracle_make(o, which, &key, secret) &&
                   strcmp(o->name, kinds[k].oracle))
                which++;
            if (!oracle_make(o, which, &key, secret))
                give_up(kinds[k].oracle);
        }
    }
}

/* ---- 1 us of work ----------------------------------------------------------------------- */

static unsigned long work_turns;

/* One loop for measuring and for use: inlined twice it would be two, of
 * different speed. */
__attribute__((noinline)) static void work(unsigned long turns)
{
    for (unsigned long i = 0; i < turns; i++)
        __asm__ volatile("" : "+r"(i));
}

/* The least time counts: what else the machine does only adds to it. */
static void measure_work(void)
{
    enum { TURNS = 100000, TRIES = 50 };
    double least = 1;

    for (unsigned i = 0; i < TRIES; i++) {
        double t = cpu_seconds();

        work(TURNS);
        t = cpu_seconds() - t;
        least = t < least ? t : least;
    }
    work_turns = (unsigned long)(WANTED / least * TURNS);
}

/* ---- one sample ------------------------------------------------------------------------ */

/* The client's flight with another secret in it. */
static size_t flight_with(const struct oracle *o, uint8_t *out)
{
    const size_t old = 5 + hf_number(flight + 3, 2), body = 2 + o->len;

    memcpy(out, flight, 11);
    hf_store_number(out + 3, 4 + body, 2);
    hf_store_number(out + 6, body, 3);
    hf_store_number(out + 9, o->len, 2);
    memcpy(out + 11, o->bytes, o->len);
    memcpy(out + 11 + o->len, flight + old, flight_len - old);
    return 11 + o->len + flight_len - old;
}

/* Seconds from the flight to the alert. */
static double sample(size_t kind)
{
    static uint8_t bytes[WIRE];
    const struct oracle *o = &secrets[kind][(size_t)(rand() >> 5) % VARIANTS];
    struct hf_conn *server = hf_conn_new(server_config, HF_SERVER, NULL);
    const size_t len = flight_with(o, bytes);
    enum hf_outcome outcome;
    struct hf_span data;
    size_t used;
    double t;

    give(server, hello, hello_len);
    hf_conn_sent(server, hf_conn_outgoing(server).len);
    t = cpu_seconds();
    outcome = hf_conn_receive(server, bytes, len, &used, &data);
    if (kinds[kind].work)
        work(work_turns);
    t = cpu_seconds() - t;
    if (outcome != HF_FAILED || hf_conn_outgoing(server).len != 7 ||
        hf_conn_error(server)->code != HF_E_BAD_RECORD_MAC)
        give_up("a server that liked it");
    hf_conn_free(server);
    return t;
}

static double samples[KINDS][MOST];

/* Each kind once, in a fresh order. */
static void sample_round(size_t at)
{
    size_t order[KINDS];

    for (size_t i = 0; i < KINDS; i++) {
        size_t k = (size_t)(rand() >> 5) % (i + 1);

        order[i] = order[k];
        order[k] = i;
    }
    for (size_t i = 0; i < KINDS; i++)
        samples[order[i]][at] = sample(order[i]);
}

/* ---- statistics ------------------------------------------------------------------------- */

/* All samples in order. */
static double sorted[KINDS * MOST];
static size_t sorted_count;

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void sort_all(size_t rounds)
{
    sorted_count = 0;
    for (size_t k = 0; k < KINDS; k++)
        for (size_t i = 0; i < rounds; i++)
            sorted[sorted_count++] = samples[k][i];
    qsort(sorted, sorted_count, sizeof(*sorted), by_size);
}

/* How many are below @value. */
static size_t below(double value)
{
    size_t from = 0, to = sorted_count;

    while (from < to) {
        size_t mid = from + (to - from) / 2;

        if (sorted[mid] < value)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Its place among all: 0 the fastest, 1 the slowest. */
static double rank(double value)
{
    return (double)below(value) / (double)sorted_count;
}

/* Of the ranks of one kind. */
struct part {
    double mean, variance;
    double count, slow; /* how many; and above the 99th percentile of all */
};

static struct part part_of(size_t kind, size_t rounds)
{
    struct part p = { .count = (double)rounds };
    double squares = 0;

    for (size_t i = 0; i < rounds; i++) {
        double r = rank(samples[kind][i]);

        p.mean += r / p.count;
        squares += r * r;
        p.slow += r > SLOW;
    }
    p.variance = (squares - p.count * p.mean * p.mean) / (p.count - 1);
    return p;
}

/* By how much ranks rise if all that is done takes 1 us more. */
static double one_more(size_t rounds)
{
    double rise = 0;

    for (size_t i = 0; i < rounds; i++)
        rise += rank(samples[0][i] + WANTED) - rank(samples[0][i]);
    return rise / (double)rounds;
}

struct verdict {
    double difference, error; /* seconds, and its standard error */
    double t, slow;           /* Welch; the same for the slowest in 100 */
};

static struct verdict compare(const struct part *a, const struct part *b,
                              double rise)
{
    double error = sqrt(a->variance / a->count + b->variance / b->count);
    double share = (a->slow + b->slow) / (a->count + b->count);
    double scatter = sqrt(share * (1 - share) * (1 / a->count + 1 / b->count));

    return (struct verdict){
        .difference = (b->mean - a->mean) / rise * WANTED,
        .error = error / rise * WANTED,
        .t = (b->mean - a->mean) / error,
        .slow = scatter > 0
                    ? (b->slow / b->count - a->slow / a->count) / scatter
                    : 0,
    };
}

/* All kinds against the first; returns what difference would be found. */
static double judge(size_t rounds, struct verdict *out)
{
    struct part base;
    double rise, worst = 0;

    sort_all(rounds);
    base = part_of(0, rounds);
    rise = one_more(rounds);
    for (size_t k = 1; k < KINDS; k++) {
        struct part p = part_of(k, rounds);

        out[k] = compare(&base, &p, rise);
        if (out[k].error > worst && k != CONTROL)
            worst = out[k].error;
    }
    return worst * (FOUND + POWER);
}

/* ---- the page ----------------------------------------------------------------------------- */

static bool tell(size_t rounds, double detectable, const struct verdict *v)
{
    double bound = 0;
    bool same = true, seen;

    say("\n## RSA key transport: what the server's time tells\n\nTime from a "
        "ClientKeyExchange to the alert, compared with that for a secret that "
        "is well\nformed (and not the client's); %zu samples of each kind, in "
        "shuffled order.\n\n",
        rounds);
    say("| premaster secret | difference | two standard errors | t | "
        "slowest in 100, t | |\n|---|--:|--:|--:|--:|---|\n");
    for (size_t k = 1; k < KINDS; k++) {
        bool found = fabs(v[k].t) >= FOUND || fabs(v[k].slow) >= FOUND;
        double reach = fabs(v[k].difference) + 2 * v[k].error;

        say("| %s | %+.3f us | %.3f us | %+.1f | %+.1f | %s |\n", kinds[k].name,
            v[k].difference * 1e6, 2 * v[k].error * 1e6, v[k].t, v[k].slow,
            found ? "differs" : "same");
        if (k == CONTROL)
            continue;
        same = same && !found;
        if (reach > bound)
            bound = reach;
    }
    seen = v[CONTROL].t >= FOUND;
    say("\nA difference of %.2f us would have been found; %s. Whatever there "
        "is lies below %.2f us.\nThe last row has one of about 1 us, put "
        "there to be found: %s.\n",
        detectable * 1e6, same ? "there is none" : "THERE IS ONE", bound * 1e6,
        seen ? "it was" : "IT WAS NOT");
    if (detectable > WANTED)
        say("The machine is TOO NOISY to find 1 us in %zu samples.\n", rounds);
    return same && seen && detectable <= WANTED;
}

int main(int argc, char **argv)
{
    static struct verdict verdicts[KINDS];
    double detectable = 0;
    size_t rounds = 0;
    bool ok;

    if (argc == 3 && strcmp(argv[1], "--append") == 0)
        page = fopen(argv[2], "a");
    if (argc > 1 && !page)
        give_up("usage: bench-timing [--append FILE]");
    srand((unsigned)time(NULL));
    make_configs();
    record();
    make_secrets();
    measure_work();
    for (size_t i = 0; i < 100; i++) /* warm */
        sample_round(0);
    do {
        for (size_t i = 0; i < STEP; i++)
            sample_round(rounds++);
        detectable = judge(rounds, verdicts);
    } while (rounds < MOST && (rounds < LEAST || detectable > ENOUGH));
    ok = tell(rounds, detectable, verdicts);
    if (page)
        fclose(page);
    hf_config_free(client_config);
    hf_config_free(server_config);
    return ok ? 0 : 1;
}
