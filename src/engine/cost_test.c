/* cost_test.c - what an attacker's byte costs: how much memory a connection holds
 * for it, how much it answers, and (told, not judged) how long it works.
 *
 * Memory is that of our own allocations and of libcrypto's together, at its
 * highest (after a handshake: what came on top of what it left); the buffer that
 * bytes are received into is the caller's. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/crypto.h>

enum {
    TURNS = 7, /* of which the median is told */
    /* What is promised (SECURITY.md): a connection holds HELD_BASE and, for each
     * byte that it was sent, HELD_RATE more at most; and it answers with
     * ANSWER_BASE and ANSWER_RATE for each. */
    HELD_BASE = 48 * 1024,
    HELD_RATE = 3,
    HELD_MAX = 192 * 1024,
    SILENT_MAX = 2 * 1024,
    ANSWER_BASE = 1536, /* our certificate and its proof are in it */
    ANSWER_RATE = 1
};

/* ---- whose memory it is ---------------------------------------------------------- */

void *__real_calloc(size_t count, size_t size);
void __real_free(void *p);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *p);

static struct purse {
    long long live, peak;
} victims, others, *purse = &others;

static void take(void *p)
{
    purse->live += p ? (long long)malloc_usable_size(p) : 0;
    if (purse->live > purse->peak)
        purse->peak = purse->live;
}

static void give_back(void *p)
{
    purse->live -= p ? (long long)malloc_usable_size(p) : 0;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *p = __real_calloc(count, size);

    take(p);
    return p;
}

void __wrap_free(void *p)
{
    give_back(p);
    __real_free(p);
}

static void *libcrypto_malloc(size_t size, const char *file, int line)
{
    void *p = malloc(size);

    (void)file;
    (void)line;
    take(p);
    return p;
}

static void *libcrypto_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    give_back(p);
    p = realloc(p, size);
    take(p);
    return p;
}

static void libcrypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    give_back(p);
    __real_free(p);
}

/* ---- the victim's calls ------------------------------------------------------------ */

static struct toll {
    size_t in, out;
    double us;
    enum hf_outcome last;
} toll;

static struct rogue rogue;
static uint8_t buffer[256 * 1024];

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void say(struct hf_conn *conn, struct hf_conn *to)
{
    struct hf_span out = hf_conn_outgoing(conn);
    size_t used, len = out.len;
    struct hf_span data;

    assert_true(len <= sizeof(buffer));
    hf_copy(buffer, out.at, len);
    toll.out += len;
    hf_conn_sent(conn, len);
    purse = &others;
    for (size_t at = 0; to && at < len; at += used)
        if (hf_conn_receive(to, buffer + at, len - at, &used, &data) ==
                HF_FAILED ||
            !used)
            break;
    purse = &victims;
}

/* All of @bytes, at most @chunk at a time (0: as they come); what it says to
 * them goes to @to, if there is somebody.  In: our clock runs. */
static void give(struct hf_conn *victim, const uint8_t *bytes, size_t len,
                 struct hf_conn *to)
{
    static uint8_t in[256 * 1024];
    size_t at = 0, used = 0;
    struct hf_span data;
    double start;

    assert_true(len <= sizeof(in));
    hf_copy(in, bytes, len);
    purse = &victims;
    toll.in += len;
    do {
        start = cpu_us();
        toll.last = hf_conn_receive(victim, in + at, len - at, &used, &data);
        toll.us += cpu_us() - start;
        at += used;
        say(victim, to);
    } while (toll.last != HF_FAILED && toll.last != HF_ASKS &&
             (toll.last != HF_NEED_BYTES || used) && at < len);
    purse = &others;
}

static struct hf_conn *victim_of(struct stage *stage, enum hf_role role)
{
    struct hf_conn *conn;
    double start = cpu_us();

    purse = &victims;
    conn = hf_conn_new(role == HF_CLIENT ? stage->client : stage->server, role,
                       role == HF_CLIENT ? "localhost" : NULL);
    purse = &others;
    toll.us += cpu_us() - start;
    assert_non_null(conn);
    return conn;
}

static void end(struct hf_conn *victim)
{
    purse = &victims;
    hf_conn_free(victim);
    purse = &others;
}

/* ---- what is done to it ---------------------------------------------------------- */

struct deed {
    const char *what;
    enum hf_role victim;
    enum scene scene;
    unsigned version;
    void (*does)(const struct deed *deed, struct stage *stage);
    enum hf_outcome last;
    unsigned number; /* for does() */
};

static void nothing(const struct deed *deed, struct stage *stage)
{
    end(victim_of(stage, deed->victim));
}

/* An honest client's first words, into @record. */
static void first_words(struct stage *stage, struct rogue_record *record)
{
    struct hf_conn *client = hf_conn_new(stage->client, HF_CLIENT, "localhost");
    struct hf_span out, data;
    size_t used;

    assert_non_null(client);
    hf_conn_receive(client, NULL, 0, &used, &data);
    out = hf_conn_outgoing(client);
    assert_true(out.len > 5 && out.len - 5 <= sizeof(record->bytes));
    *record = (struct rogue_record){ .type = HF_CONTENT_HANDSHAKE };
    record->len = out.len - 5;
    memcpy(record->bytes, out.at + 5, record->len);
    hf_conn_free(client);
}

/* In records of at most @most. */
static void give_in_records(struct hf_conn *victim,
                            const struct rogue_record *record, size_t most)
{
    uint8_t wire[5 + 16384];

    for (size_t at = 0; at < record->len && toll.last != HF_FAILED;) {
        size_t n = record->len - at < most ? record->len - at : most;
        uint8_t head[] = { HF_CONTENT_HANDSHAKE, 3, 1, (uint8_t)(n >> 8),
                           (uint8_t)n };

        memcpy(wire, head, 5);
        memcpy(wire + 5, record->bytes + at, n);
        give(victim, wire, n + 5, NULL);
        at += n;
    }
}

/* A hello, and never anything after it. */
static void one_hello(const struct deed *deed, struct stage *stage)
{
    struct hf_conn *victim = victim_of(stage, HF_SERVER);
    static struct rogue_record record;

    first_words(stage, &record);
    give_in_records(victim, &record, deed->number);
    end(victim);
}

/* A hello blown up by one extension, to what a record holds. */
static void large_hello(const struct deed *deed, struct stage *stage)
{
    struct hf_conn *victim = victim_of(stage, HF_SERVER);
    static struct rogue_record record;
    static uint8_t body[16384];
    size_t len;

    first_words(stage, &record);
    len = 16384 - record.len - 600;
    for (size_t i = 2; i < len; i += 2)
        body[i] = 0x5a; /* 5a00, 5a00: nothing that we know */
    body[0] = (uint8_t)((len - 2) >> 8);
    body[1] = (uint8_t)(len - 2);
    edit_set(&record, deed->number, hf_span(body, len));
    give_in_records(victim, &record, 16384);
    end(victim);
}

/* A header that promises more than ever comes. */
static void announced(const struct deed *deed, struct stage *stage)
{
    static const uint8_t head[] = { 22, 3, 1, 0, 4, 1, 0, 0x3f, 0xf0 };
    struct hf_conn *victim = victim_of(stage, deed->victim);

    give(victim, head, sizeof(head), NULL);
    end(victim);
}

/* A handshake that an honest peer makes. */
static void whole(const struct deed *deed, struct stage *stage)
{
    struct hf_conn *victim = victim_of(stage, deed->victim);
    enum hf_role role = deed->victim == HF_CLIENT ? HF_SERVER : HF_CLIENT;
    struct hf_conn *peer = hf_conn_new(
        role == HF_CLIENT ? stage->client : stage->server, role,
        role == HF_CLIENT ? "localhost" : NULL);
    struct hf_span out, data;
    size_t used;

    assert_non_null(peer);
    if (role == HF_CLIENT)
        hf_conn_receive(peer, NULL, 0, &used, &data);
    else
        give(victim, NULL, 0, peer);
    while (out = hf_conn_outgoing(peer), out.len) {
        static uint8_t flight[64 * 1024];
        size_t len = out.len;

        assert_true(len <= sizeof(flight));
        memcpy(flight, out.at, len);
        hf_conn_sent(peer, len);
        give(victim, flight, len, peer);
    }
    assert_true(hf_conn_ready(victim) && hf_conn_ready(peer));
    hf_conn_free(peer);
    end(victim);
}

/* ---- by one who has the keys -------------------------------------- */

static struct hf_conn *ready(struct stage *stage, enum hf_role victim)
{
    purse = &others;
    assert_true(rogue_begin(&rogue, stage, "localhost", NULL));
    assert_true(rogue_run(&rogue));
    while (rogue_pass(&rogue, HF_CLIENT) || rogue_pass(&rogue, HF_SERVER))
        continue;
    return rogue.end[victim].conn;
}

static void seal_and_give(struct hf_conn *conn, enum hf_role victim,
                          uint8_t type, struct hf_span bytes)
{
    static uint8_t wire[17 * 1024];
    size_t len = rogue_seal(&rogue, victim, type, bytes, wire);

    give(conn, wire, len, NULL);
}

/* A chain of @number bytes, but for the last of them. */
static void pour(const struct deed *deed)
{
    static uint8_t message[HF_CHAIN_BYTES_MAX];
    size_t len = deed->number;

    message[0] = HF_CERTIFICATE;
    message[1] = (uint8_t)((len - 4) >> 16);
    message[2] = (uint8_t)((len - 4) >> 8);
    message[3] = (uint8_t)(len - 4);
    for (size_t at = 0; at < len - 1 && toll.last != HF_FAILED; at += 16384) {
        size_t n = len - 1 - at < 16384 ? len - 1 - at : 16384;

        seal_and_give(rogue.end[deed->victim].conn, deed->victim,
                      HF_CONTENT_HANDSHAKE, hf_span(message + at, n));
    }
}

/* ... in place of the honest one, and nothing that follows that. */
static void swap_chain(struct rogue *r, struct rogue_record *record)
{
    const struct deed *deed = r->ctx;

    if (record->from == deed->victim || record->epoch != HF_HANDSHAKE)
        return;
    if (!r->step && edit_is(record, HF_CERTIFICATE)) {
        r->step = 1;
        if (!r->end[deed->victim].to.aead)
            rogue_keys(r, deed->victim, HF_HANDSHAKE);
        pour(deed);
    }
    record->drop = r->step != 0;
}

static void large_chain(const struct deed *deed, struct stage *stage)
{
    static struct deed copy;

    copy = *deed;
    assert_true(rogue_begin(&rogue, stage, "localhost", swap_chain));
    rogue.ctx = &copy;
    assert_false(rogue_run(&rogue));
    rogue_end(&rogue);
}

static void updates(const struct deed *deed, struct stage *stage)
{
    static const uint8_t update[] = { HF_KEY_UPDATE, 0, 0, 1, 1 };
    struct hf_conn *conn = ready(stage, deed->victim);

    for (unsigned i = 0; i < deed->number && toll.last != HF_FAILED; i++) {
        seal_and_give(conn, deed->victim, HF_CONTENT_HANDSHAKE,
                      HF_SPAN(update));
        rogue_next_keys(&rogue, deed->victim);
    }
    rogue_end(&rogue);
}

/* Data in records of @number bytes. */
static void crumbs(const struct deed *deed, struct stage *stage)
{
    static const uint8_t data[16384];
    struct hf_conn *conn = ready(stage, deed->victim);

    for (unsigned i = 0; i < 1000 && toll.last != HF_FAILED; i++)
        seal_and_give(conn, deed->victim, HF_CONTENT_DATA,
                      hf_span(data, deed->number));
    rogue_end(&rogue);
}

/* A full record that nobody sealed. */
static void forged(const struct deed *deed, struct stage *stage)
{
    static uint8_t wire[5 + 16384 + 256] = { 23, 3, 3, 0x41, 0x00 };
    struct hf_conn *conn = ready(stage, deed->victim);

    give(conn, wire, sizeof(wire), NULL);
    rogue_end(&rogue);
}

static void tickets(const struct deed *deed, struct stage *stage)
{
    static uint8_t ticket[4 + 9 + 2 + 2 + 16000 + 2];
    size_t len = sizeof(ticket) - 4, opaque = 16000;
    struct hf_conn *conn = ready(stage, deed->victim);

    ticket[0] = HF_NEW_SESSION_TICKET;
    ticket[2] = (uint8_t)(len >> 8);
    ticket[3] = (uint8_t)len;
    ticket[7] = 100; /* seconds */
    ticket[12] = 2;  /* nonce */
    ticket[15] = (uint8_t)(opaque >> 8);
    ticket[16] = (uint8_t)opaque;
    for (unsigned i = 0; i < deed->number && toll.last != HF_FAILED; i++)
        seal_and_give(conn, deed->victim, HF_CONTENT_HANDSHAKE,
                      HF_SPAN(ticket));
    rogue_end(&rogue);
}

/* ---- the table ----------------------------------------------------------------------- */

static const struct deed deeds[] = {
    { "silence", HF_SERVER, SCENE_FULL, HF_TLS13, nothing, HF_NEED_BYTES, 0 },
    { "a hello, then silence", HF_SERVER, SCENE_FULL, HF_TLS13, one_hello,
      HF_NEED_BYTES, 16384 },
    { "the same in TLS 1.2", HF_SERVER, SCENE_FULL, HF_TLS12, one_hello,
      HF_NEED_BYTES, 16384 },
    { "a hello that must be said again", HF_SERVER, SCENE_RETRY, HF_TLS13,
      one_hello, HF_NEED_BYTES, 16384 },
    { "a hello, a byte in each record", HF_SERVER, SCENE_FULL, HF_TLS13,
      one_hello, HF_NEED_BYTES, 1 },
    { "a hello of 16 KB that is announced", HF_SERVER, SCENE_FULL, HF_TLS13,
      announced, HF_NEED_BYTES, 0 },
    { "8,000 groups in a hello", HF_SERVER, SCENE_FULL, HF_TLS13, large_hello,
      HF_FAILED, 10 },
    { "8,000 signature schemes in a hello", HF_SERVER, SCENE_FULL, HF_TLS13,
      large_hello, HF_FAILED, 13 },
    { "16 KB of an unknown extension", HF_SERVER, SCENE_FULL, HF_TLS13,
      large_hello, HF_NEED_BYTES, 0xfafb },
    { "a whole handshake", HF_SERVER, SCENE_FULL, HF_TLS13, whole, HF_READY,
      0 },
    { "a whole handshake in TLS 1.2", HF_SERVER, SCENE_FULL, HF_TLS12, whole,
      HF_READY, 0 },
    { "... with a client's certificate", HF_SERVER, SCENE_CLIENT_CERT, HF_TLS13,
      whole, HF_READY, 0 },
    { "... with compressed certificates", HF_SERVER, SCENE_COMPRESSED, HF_TLS13,
      whole, HF_READY, 0 },
    { "a chain of 64 KB but for a byte", HF_SERVER, SCENE_CLIENT_CERT, HF_TLS13,
      large_chain, HF_NEED_BYTES, HF_CHAIN_BYTES_MAX },
    { "a full record with a false tag", HF_SERVER, SCENE_FULL, HF_TLS13, forged,
      HF_FAILED, 0 },
    { "key updates until it is too much", HF_SERVER, SCENE_FULL, HF_TLS13,
      updates, HF_FAILED, 33 },
    { "a thousand records of a byte", HF_SERVER, SCENE_FULL, HF_TLS13, crumbs,
      HF_DATA, 1 },
    { "a thousand full records", HF_SERVER, SCENE_FULL, HF_TLS13, crumbs,
      HF_DATA, 16384 },
    { "a server's whole handshake", HF_CLIENT, SCENE_FULL, HF_TLS13, whole,
      HF_READY, 0 },
    { "... with compressed certificates", HF_CLIENT, SCENE_COMPRESSED, HF_TLS13,
      whole, HF_READY, 0 },
    { "a chain of 64 KB but for a byte", HF_CLIENT, SCENE_FULL, HF_TLS13,
      large_chain, HF_NEED_BYTES, HF_CHAIN_BYTES_MAX },
    { "a server's announcement", HF_CLIENT, SCENE_FULL, HF_TLS13, announced,
      HF_NEED_BYTES, 0 },
    { "tickets of 16 KB until it is too much", HF_CLIENT, SCENE_FULL, HF_TLS13,
      tickets, HF_FAILED, 33 },
    { "a full record with a false tag", HF_CLIENT, SCENE_FULL, HF_TLS13, forged,
      HF_FAILED, 0 },
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void play(const struct deed *deed)
{
    double us[TURNS];
    struct stage stage;

    assert_true(stage_set(&stage, deed->scene, attack_certs()));
    assert_true(
        hf_config_set_versions(stage.client, deed->version, deed->version) &&
        hf_config_set_versions(stage.server, deed->version, deed->version));
    for (size_t i = 0; i < TURNS; i++) {
        toll = (struct toll){ .last = HF_NEED_BYTES };
        victims.live = victims.peak = 0;
        deed->does(deed, &stage);
        us[i] = toll.us;
    }
    stage_clear(&stage);
    qsort(us, TURNS, sizeof(us[0]), by_size);
    print_message("# > %s: %-39s %8zu in %7zu out %7lld held %9.0f us",
                  deed->victim == HF_SERVER ? "server" : "client", deed->what,
                  toll.in, toll.out, victims.peak, us[TURNS / 2]);
    if (toll.in)
        print_message(" %8.1f ns a byte",
                      us[TURNS / 2] * 1e3 / (double)toll.in);
    print_message("\n");
    assert_int_equal(toll.last, deed->last);
    assert_true(victims.peak <= HELD_BASE + HELD_RATE * (long long)toll.in);
    assert_true(victims.peak <= (toll.in ? HELD_MAX : SILENT_MAX));
    assert_true(toll.out <= ANSWER_BASE + ANSWER_RATE * toll.in);
}

static void a_byte_costs_little(void **state)
{
    (void)state;
    for (size_t i = 0; i < HF_COUNT(deeds); i++)
        play(&deeds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_costs_little),
    };

    /* Before anything was allocated; else it says no. */
    if (!CRYPTO_set_mem_functions(libcrypto_malloc, libcrypto_realloc,
                                  libcrypto_free))
        return 1;
    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
