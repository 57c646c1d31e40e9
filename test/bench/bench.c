/* bench.c - how long libhandfast takes, as ratios against the machine's
 * libssl; with --write FILE the same as a page for docs/. */
#include "bench.h"

#include "../../tools/issue.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)info.uordblks + (double)info.hblkhd;
}

void give_up(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static FILE *page; /* NULL: only to the terminal */

void say(const char *format, ...)
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

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_size);
    return values[count / 2];
}

void note(struct figures *f, double a, double b)
{
    f->ours[f->count] = a;
    f->theirs[f->count] = b;
    f->ratio[f->count++] = a / b;
}

bool row(const char *what, struct figures *f, double scale, const char *unit,
         double most)
{
    double ratio = median(f->ratio, f->count);

    say("| %s | %.1f %s | %.1f %s | **%.2f** | %.2f | %s |\n", what,
        median(f->ours, f->count) * scale, unit,
        median(f->theirs, f->count) * scale, unit, ratio, most,
        ratio <= most ? "yes" : "NO");
    return ratio <= most;
}

/* ---- the parts ------------------------------------------------------------------ */

static void header(void)
{
    say("| | libhandfast | libssl | ratio | at most | holds |\n");
    say("|---|---|---|---|---|---|\n");
}

static const struct scenario scenarios[] = {
    /* clang-format off */
    { "TLS 1.3",             HF_TLS13, 0x1301, "TLS_AES_128_GCM_SHA256",        "p256",    false, false, ISSUERS, 0.60, 0.45 },
    { "TLS 1.3, no signature remembered", HF_TLS13, 0x1301, "TLS_AES_128_GCM_SHA256", "p256", false, false, NONE,    0.60, 0.45 },
    { "TLS 1.3, both with certificates", HF_TLS13, 0x1301, "TLS_AES_128_GCM_SHA256", "p256", false, true, ISSUERS, 0.50, 0.50 },
    { "TLS 1.3, both, leaves remembered", HF_TLS13, 0x1301, "TLS_AES_128_GCM_SHA256", "p256",  false, true, ALL_ROUND, 0.50, 0.50 },
    { "TLS 1.3, resumed",    HF_TLS13, 0x1301, "TLS_AES_128_GCM_SHA256",        "p256",    true,  false, ISSUERS, 0.60, 0.60 },
    { "TLS 1.2, ECDSA",      HF_TLS12, 0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", "p256",    false, false, ISSUERS, 0.65, 0.45 },
    { "TLS 1.2, RSA",        HF_TLS12, 0xc02f, "ECDHE-RSA-AES128-GCM-SHA256",   "rsa2048", false, false, ISSUERS, 1.00, 1.00 },
    { "TLS 1.2, RSA transport", HF_TLS12, 0x009c, "AES128-GCM-SHA256",          "rsa2048", false, false, ISSUERS, 0.90, 0.25 },
    { "TLS 1.2, resumed",    HF_TLS12, 0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", "p256",    true,  false, ISSUERS, 0.25, 0.25 },
    /* clang-format on */
};

static bool bench_handshakes(const struct scenario *how, void *us, void *them)
{
    struct figures client = { .count = 0 }, server = { .count = 0 };
    char text[64];
    bool ok;

    ours.handshakes(us); /* warm */
    libssl.handshakes(them);
    for (size_t i = 0; i < PAIRS; i++) {
        struct sides a = ours.handshakes(us), b = libssl.handshakes(them);

        note(&client, a.client / BATCH, b.client / BATCH);
        note(&server, a.server / BATCH, b.server / BATCH);
    }
    snprintf(text, sizeof(text), "%s, server", how->what);
    ok = row(text, &server, 1e6, "us", how->server_most);
    snprintf(text, sizeof(text), "%s, client", how->what);
    return row(text, &client, 1e6, "us", how->client_most) && ok;
}

static bool bench_records(void *us, void *them)
{
    enum { COUNT = 2000 };
    static struct figures seal, open;
    bool ok;

    for (size_t i = 0; i < PAIRS; i++) {
        struct sides a = ours.records(us, COUNT);
        struct sides b = libssl.records(them, COUNT);

        note(&seal, a.client / COUNT, b.client / COUNT);
        note(&open, a.server / COUNT, b.server / COUNT);
    }
    ok = row("seal 16 KiB", &seal, 1e6, "us", 1.0);
    return row("open 16 KiB", &open, 1e6, "us", 1.0) && ok;
}

static bool bench_idle(void *us, void *them)
{
    enum { LIMIT = 6 * 1024 };
    struct sides a = ours.idle(us), b = libssl.idle(them);
    bool ok = a.client <= LIMIT && a.server <= LIMIT;

    say("\nHeap of an idle established connection, libcrypto's share "
        "included:\nserver %.0f bytes (libssl %.0f), client %.0f bytes "
        "(libssl %.0f); at most %d: %s.\n",
        a.server, b.server, a.client, b.client, LIMIT, ok ? "yes" : "NO");
    return ok;
}

/* Opening the system's bundle: what every client does first. */
static bool bench_bundle(void)
{
    enum { ROUNDS = 50, MOST_US = 1000, MOST_BYTES = 100 * 1024 };
    double took[ROUNDS], held = 0;

    for (size_t i = 0; i < ROUNDS; i++) {
        struct hf_config *config = hf_config_new();
        double before = heap_bytes(), t = cpu_seconds();

        if (!hf_config_trust_system(config)) {
            say("\nThe system's bundle is not there.\n");
            hf_config_free(config);
            return true;
        }
        took[i] = cpu_seconds() - t;
        held = heap_bytes() - before;
        hf_config_free(config);
    }
    double us = median(took, ROUNDS) * 1e6;

    say("\nOpening the system's bundle of roots: %.0f us and %.0f bytes of "
        "heap; at most %d us and %d "
        "bytes: %s.\n",
        us, held, MOST_US, MOST_BYTES,
        us <= MOST_US && held <= MOST_BYTES ? "yes" : "NO");
    return us <= MOST_US && held <= MOST_BYTES;
}

/* ---- the machine -------------------------------------------------------------------- */

static void say_machine(void)
{
    char line[256] = "", model[256] = "unknown processor";
    FILE *cpu = fopen("/proc/cpuinfo", "r");
    struct utsname system;
    time_t now = time(NULL);

    while (cpu && fgets(line, sizeof(line), cpu))
        if (sscanf(line, "model name : %255[^\n]", model) == 1)
            break;
    if (cpu)
        fclose(cpu);
    uname(&system);
    strftime(line, sizeof(line), "%Y-%m-%d", gmtime(&now));
    say("%s, %s %s; handfast %s, %s; %s.\n", model, system.sysname,
        system.machine, HF_VERSION, OpenSSL_version(OPENSSL_VERSION), line);
    say("Medians of %d pairs of %d handshakes, processor time per side.\n\n",
        PAIRS, BATCH);
}

struct bench_certs make_certs(const char *key)
{
    static const char *const names[] = { "localhost" };
    struct issue_order order = { .common_name = "bench root" };
    struct hf_error error = { .code = HF_OK };
    struct issued *root, *middle, *leaf, *client;
    struct bench_certs certs;

    if (!issue_key_by_name(key, &order.key))
        give_up(key);
    root = issue_root(&order, &error);

    order.common_name = "bench intermediate";
    middle = root ? issue_intermediate(root, &order, &error) : NULL;
    order = (struct issue_order){ .names = names,
                                  .count = 1,
                                  .key = order.key };
    leaf = middle ? issue(middle, &order, &error) : NULL;
    order.use = ISSUE_CLIENT;
    client = leaf ? issue(middle, &order, &error) : NULL;
    if (!client)
        give_up(error.detail);
    certs.root = issued_pem(root);
    certs.chain = issued_chain_pem(leaf);
    certs.key = issued_key_pem(leaf);
    certs.client_chain = issued_chain_pem(client);
    certs.client_key = issued_key_pem(client);
    issued_free(client);
    issued_free(leaf);
    issued_free(middle);
    issued_free(root);
    return certs;
}

void free_certs(struct bench_certs *certs)
{
    free(certs->root);
    free(certs->chain);
    free(certs->key);
    free(certs->client_chain);
    free(certs->client_key);
}

/* Two rows of the table. */
static bool bench_scenario(const struct scenario *how)
{
    struct bench_certs certs = make_certs(how->key);
    void *us = ours.open(&certs, how), *them = libssl.open(&certs, how);
    bool ok = bench_handshakes(how, us, them);

    ours.close(us);
    libssl.close(them);
    free_certs(&certs);
    return ok;
}

static bool bench_connected(void)
{
    struct bench_certs certs = make_certs("p256");
    void *us = ours.open(&certs, &scenarios[0]);
    void *them = libssl.open(&certs, &scenarios[0]);
    bool ok = bench_records(us, them);

    ok = bench_idle(us, them) && ok;
    ours.close(us);
    libssl.close(them);
    free_certs(&certs);
    return ok;
}

/* Only the scenarios that are called so, for who looks for something. */
static bool bench_only(const char *word)
{
    bool ok = true;

    header();
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (strstr(scenarios[i].what, word))
            ok = bench_scenario(&scenarios[i]) && ok;
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = true;

    if (argc == 3 && strcmp(argv[1], "--only") == 0)
        return bench_only(argv[2]) ? 0 : 1;
    if (argc == 2 && strcmp(argv[1], "--chain") == 0)
        return bench_chain() ? 0 : 1;
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        page = fopen(argv[2], "w");
    if (argc > 1 && !page)
        give_up(
            "usage: bench [--only WORD | --chain | --write FILE that can be "
            "written]");
    say("# Benchmarks\n\nPrinted by `make bench`: X25519, AES-128-GCM, a chain "
        "of two (ECDSA P-256 where nothing\nelse is said; RSA 2048), both ends "
        "in one process through memory, in turn with libssl.\nA resumption "
        "includes the new ticket of TLS 1.3. A config of libhandfast remembers "
        "that the\nintermediate's signature verified; libssl verifies it each "
        "time, and so do we in the\nrow that says so. Leaves are remembered "
        "only where a row says so.\n\n");
    say_machine();
    header();
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        ok = bench_scenario(&scenarios[i]) && ok;
    ok = bench_connected() && ok;
    ok = bench_bundle() && ok;
    ok = bench_chain() && ok;
    if (page)
        fclose(page);
    return ok ? 0 : 1;
}
