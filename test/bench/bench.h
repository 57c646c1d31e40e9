/* bench.h - what the benchmark's parts share.
 *
 * Every figure is a ratio against the machine's libssl in the same run: the
 * two take turns, pair by pair, and the median of the pairs' ratios is told.
 * Handshakes are run in batches, one half-step of all connections after the
 * other, so that each side's processor time is measured without a clock call
 * per step. */
#ifndef HF_BENCH_H
#define HF_BENCH_H

#include "handfast/handfast.h"

enum { BATCH = 40, PAIRS = 15, PAIRS_MAX = 200 };
/* Each side speaks so often at most, tickets included. */
enum { ROUND_TRIPS = 3 };

/* Seconds of processor time that each side took for a batch. */
struct sides {
    double client, server;
};

/* A chain (leaf, intermediate), its key and the root, as PEM; and a client's
 * of the same intermediate. */
struct bench_certs {
    char *chain, *key, *root;
    char *client_chain, *client_key;
};

/* Whose signatures are remembered; libssl remembers none. */
enum memory { ISSUERS, ALL_ROUND, NONE };

/* A kind of handshake, and what is promised of its ratios. */
struct scenario {
    const char *what;
    unsigned version; /* HF_TLS12 or HF_TLS13 */
    uint16_t suite;
    const char *openssl; /* its name there */
    const char *key;     /* of the certificate, as issue_key_by_name */
    bool resumed;
    bool mutual; /* the client shows a certificate, too */
    enum memory memory;
    double server_most, client_most;
};

/* One implementation under test. */
struct contender {
    const char *name;
    void *(*open)(const struct bench_certs *certs, const struct scenario *how);
    void (*close)(void *self);
    /* BATCH handshakes. */
    struct sides (*handshakes)(void *self);
    /* Seal and open @count records of 16 KiB: seconds each. */
    struct sides (*records)(void *self, unsigned count);
    /* Heap bytes of one idle established connection per side. */
    struct sides (*idle)(void *self);
};
extern const struct contender ours, libssl;

/* Pairs of times, and the ratio of each. */
struct figures {
    double ours[PAIRS_MAX], theirs[PAIRS_MAX], ratio[PAIRS_MAX];
    size_t count;
};
void note(struct figures *f, double a, double b);
/* A row of a table: medians in @unit, ratio, and what was promised of it. */
bool row(const char *what, struct figures *f, double scale, const char *unit,
         double most);
/* To the terminal, and to the page if there is one. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct bench_certs make_certs(const char *key);
void free_certs(struct bench_certs *certs);
/* Certificates alone (chain.c): a table of its own. */
bool bench_chain(void);

double cpu_seconds(void);
/* Heap in use, in bytes. */
double heap_bytes(void);
/* An error of the benchmark itself ends it. */
_Noreturn void give_up(const char *what);

#endif
