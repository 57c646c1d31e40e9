/* fuzz_duel.c - do we and OpenSSL's libssl accept the same, and agree to the
 * same?
 *
 * The first byte says how both are set up (duel.h).  To two servers the rest is
 * the body of a ClientHello; to two clients it is a script of what a server says
 * (duel_puppet.c).  Both must accept it or both refuse it, and where both accept
 * it, version, suite, group, application protocol and whether there is a retry
 * must be the same.  Where that is not so on purpose, duel.def has a row with the
 * reason.
 *
 * DUEL_TELL=1 only tells of differences, for finding out what classes of them
 * there are. */
#define HF_UNPOISONED
#include "duel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELLO_MAX = 16000 };

static struct duelist us, them;
static struct hf_span heard; /* the input */

/* ---- differences that are argued ------------------------------------------------------ */

/* When a row holds: always, where the hello has that extension, or as said. */
enum {
    ALWAYS = -1,
    SHARE_UNLISTED = -2, /* a share of a group that is not listed */
    SHARES = -3,         /* more than one share */
    CHAIN_UNLISTED = -4, /* no ECDSA with SHA-256, as our chain is signed */
    NO_GROUPS = -5,      /* supported_groups is not there */
    CHACHA = -6,         /* ChaCha20 is listed */
    STATUS = -8,         /* status_request with more than its type */
    PSK_IN_12 = -7       /* pre_shared_key, and TLS 1.2 was chosen */
};

enum {
    STATUS_REQUEST = 5,
    GROUPS = 10,
    SCHEMES = 13,
    PRE_SHARED_KEY = 41,
    CERT_SCHEMES = 50,
    KEY_SHARE = 51,
    ECDSA_SHA256 = 0x0403
};

/* clang-format off */
#define WE_REFUSE(code, layout, why)    { 'w', code, layout, ALWAYS, why },
#define THEY_REFUSE(reason, when, why)  { 't', reason, "", when, why },
#define OF_SERVER_WE_REFUSE(code, layout, why) { 'W', code, layout, ALWAYS, why },
#define OF_SERVER_THEY_REFUSE(reason, why)     { 'T', reason, "", ALWAYS, why },
#define OTHERWISE(what, when, why)      { 'o', what, "", when, why },
static const struct argued {
    char kind;
    const char *what, *where;
    int when;
    const char *why;
} argued[] = {
#include "duel.def"
    { 'x', "", "", 0, "" } /* the last */
};
/* clang-format on */

/* The body of an extension of the hello that was heard; empty: it is not there,
 * or it is. */
static struct hf_span extension(unsigned number, bool *there)
{
    struct hf_client_hello hello;
    struct hf_span block, body;
    struct hf_fault fault;
    uint32_t each;

    *there = false;
    if (!hf_wire_read(hf_client_hello, hf_span_after(heard, 1), &hello, NULL,
                      &fault))
        return hf_span(NULL, 0);
    block = hello.extensions.all;
    while (hf_wire_next_extension(&block, &each, &body))
        if (each == number) {
            *there = true;
            return body;
        }
    return hf_span(NULL, 0);
}

static bool lists(unsigned number, unsigned value)
{
    bool there;
    struct hf_span body = extension(number, &there);

    for (size_t i = 2; i + 2 <= body.len; i += 2)
        if (hf_number(body.at + i, 2) == value)
            return true;
    return false;
}

static bool holds_of_shares(int when)
{
    bool there;
    struct hf_span body = extension(KEY_SHARE, &there);
    unsigned count = 0;

    for (size_t at = 2; at + 4 <= body.len; count++) {
        if (when == SHARE_UNLISTED &&
            !lists(GROUPS, (unsigned)hf_number(body.at + at, 2)))
            return true;
        at += 4 + hf_number(body.at + at + 2, 2);
    }
    return when == SHARES && count > 1;
}

/* One of RFC 7905's, or TLS 1.3's; libssl knows more of them than we do. */
static bool lists_chacha(void)
{
    struct hf_client_hello hello;
    struct hf_fault fault;
    uint32_t suite;

    if (!hf_wire_read(hf_client_hello, hf_span_after(heard, 1), &hello, NULL,
                      &fault))
        return false;
    while (hf_wire_next_number(2, &hello.cipher_suites, &suite))
        if (suite == 0x1303 || (suite >= 0xcca8 && suite <= 0xccae))
            return true;
    return false;
}

static bool holds(int when)
{
    bool there;

    if (when == ALWAYS)
        return true;
    if (when == CHACHA)
        return lists_chacha();
    if (when == STATUS) {
        struct hf_span body = extension(STATUS_REQUEST, &there);

        return there && (body.len != 5 || hf_number(body.at + 1, 4));
    }
    if (when == PSK_IN_12) {
        extension(PRE_SHARED_KEY, &there);
        return there && duel_agreed(&us).version == 0x0303;
    }
    if (when == NO_GROUPS) {
        extension(GROUPS, &there);
        return !there;
    }
    if (when == SHARES || when == SHARE_UNLISTED)
        return holds_of_shares(when);
    if (when == CHAIN_UNLISTED) {
        extension(CERT_SCHEMES, &there);
        return !lists(SCHEMES, ECDSA_SHA256) ||
               (there && !lists(CERT_SCHEMES, ECDSA_SHA256));
    }
    extension((unsigned)when, &there);
    return there;
}

static bool is_argued(char kind, const char *what, const char *where)
{
    for (const struct argued *a = argued; a->kind != 'x'; a++)
        if (a->kind == kind && (!a->what[0] || strcmp(a->what, what) == 0) &&
            (!a->where[0] || strcmp(a->where, where) == 0) && holds(a->when))
            return true;
    return false;
}

/* Does somebody only want to know?  Then it is enough to have said so. */
static bool tells(void)
{
    for (size_t i = 0; i < heard.len; i++)
        fprintf(stderr, "%02x", (unsigned)heard.at[i]);
    fprintf(stderr, "\n");
    return getenv("DUEL_TELL") != NULL;
}

static void differ(char kind, const char *what, const char *where)
{
    if (is_argued(kind, what, where))
        return;
    fprintf(stderr, "differ: %c %s (%s)\n", kind, what, where);
    MUST(tells());
}

static void compare(const char *what, unsigned ours, unsigned theirs)
{
    char line[80];

    if (ours == theirs)
        return;
    snprintf(line, sizeof(line), "%04x or %04x", ours, theirs);
    differ('o', what, line);
}

static void compare_agreed(void)
{
    struct agreed a = duel_agreed(&us), b = duel_agreed(&them);

    MUST(a.any && b.any);
    compare("version", a.version, b.version);
    if (a.version != b.version)
        return;
    compare("suite", a.suite, b.suite);
    compare("retry", a.retry, b.retry);
    compare("group", a.group, b.group);
    if (strcmp(a.protocol, b.protocol))
        differ('o', "protocol", a.protocol);
}

static void judge(unsigned way)
{
    if (us.state == them.state) {
        if (us.state != DUEL_REFUSES && !(way & DUEL_CLIENT))
            compare_agreed();
        return;
    }
    if (us.state == DUEL_REFUSES)
        differ(way & DUEL_CLIENT ? 'W' : 'w', us.reason, us.where);
    else if (them.state == DUEL_REFUSES)
        differ(way & DUEL_CLIENT ? 'T' : 't', them.reason, "");
    else
        differ('o', "state", us.state == DUEL_WAITS ? "we wait" : "we go on");
}

/* ---- two servers ------------------------------------------------------------------------- */

static void hear_hello(unsigned way, struct hf_span body)
{
    static uint8_t record[HELLO_MAX + 9];

    record[0] = 22;
    hf_store_number(record + 1, 0x0301, 2);
    hf_store_number(record + 3, body.len + 4, 2);
    record[5] = 1;
    hf_store_number(record + 6, body.len, 3);
    memcpy(record + 9, body.at, body.len);
    ours_begin(&us, way);
    libssl_begin(&them, way);
    ours_hear(&us, hf_span(record, body.len + 9));
    libssl_hear(&them, hf_span(record, body.len + 9));
    judge(way);
    ours_end(&us);
    libssl_end(&them);
}

/* ---- two clients -------------------------------------------------------------------------- */

static void hear_script(unsigned way, struct hf_span script)
{
    const struct puppet_end ours = { &us, ours_hear };
    const struct puppet_end theirs = { &them, libssl_hear };

    ours_begin(&us, way);
    puppet_play(&ours, way, script);
    ours_end(&us);
    libssl_begin(&them, way);
    puppet_play(&theirs, way, script);
    libssl_end(&them);
    judge(way);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned way;

    if (size < 2 || size - 1 > HELLO_MAX)
        return 0;
    way = data[0] % DUEL_WAYS;
    heard = hf_span(data, size);
    if (way & DUEL_CLIENT)
        hear_script(way, hf_span(data + 1, size - 1));
    else
        hear_hello(way, hf_span(data + 1, size - 1));
    return 0;
}
