/* duel.c - what the two of fuzz_duel.c have in common: certificates, and what
 * is read off the bytes that they say. */
#define HF_UNPOISONED
#include "duel.h"

#include <string.h>

#include "duel_certs.inc"

struct hf_span duel_chain(unsigned way)
{
    return hf_span_text(way & DUEL_RSA ? rsa_pem : p256_pem);
}

struct hf_span duel_key(unsigned way)
{
    return hf_span_text(way & DUEL_RSA ? rsa_key : p256_key);
}

struct hf_span duel_anchor(void)
{
    return hf_span_text(ca_pem);
}

/* ---- what was agreed upon ---------------------------------------------------------- */

static void read_extensions(struct hf_span block, struct agreed *a)
{
    uint32_t number;
    struct hf_span body;

    while (hf_wire_next_extension(&block, &number, &body)) {
        if (number == 43 && body.len == 2)
            a->version = (unsigned)hf_number(body.at, 2);
        if (number == 51 && body.len >= 2)
            a->group = (unsigned)hf_number(body.at, 2);
    }
}

static void read_hello(struct hf_span body, struct agreed *a)
{
    struct hf_server_hello_any hello;
    struct hf_fault fault;

    MUST(hf_wire_read(hf_server_hello_any, body, &hello, NULL, &fault));
    a->any = true;
    a->retry = hf_wire_server_hello_place(body) == HF_HRR;
    a->version = hello.legacy_version;
    a->suite = hello.cipher_suite;
    read_extensions(hello.extensions.all, a);
}

/* The messages of all records that are in the clear; ours may put several into
 * one, so does libssl. */
struct agreed duel_agreed(const struct duelist *d)
{
    static uint8_t room[DUEL_ROOM];
    struct agreed a = { .any = false };
    size_t len = 0;

    for (size_t at = 0; at + 5 <= d->len;) {
        size_t body = hf_number(d->said + at + 3, 2);

        if (d->said[at] == 22) {
            memcpy(room + len, d->said + at + 5, body);
            len += body;
        }
        at += 5 + body;
    }
    for (size_t at = 0; at + 4 <= len;) {
        struct hf_span body = hf_span(room + at + 4,
                                      hf_number(room + at + 1, 3));

        if (room[at] == 2)
            read_hello(body, &a);
        if (room[at] == 12 && body.len > 3 && body.at[0] == 3)
            a.group = (unsigned)hf_number(body.at + 1, 2);
        at += 4 + body.len;
    }
    memcpy(a.protocol, d->protocol, sizeof(a.protocol));
    return a;
}
