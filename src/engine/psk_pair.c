/* psk_pair.c - see psk_pair.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/psk_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct duet duet;
struct shelf ours;
struct duet_certs certs;

struct hf_psk key_of(const char *identity, const char *key, unsigned hash)
{
    return (struct hf_psk){ hf_span_text(identity), hf_span_text(key), hash };
}

/* Nothing but a provider and a clock: what else there is comes from keys. */
void open_bare(void)
{
    struct hf_sessions sessions = shelf_sessions(&ours);

    memset(&ours, 0, sizeof(ours));
    shelf_now = (int64_t)time(NULL);
    memset(&duet, 0, sizeof(duet));
    duet.client_config = hf_config_new();
    duet.server_config = hf_config_new();
    assert_non_null(duet.client_config);
    assert_non_null(duet.server_config);
    assert_true(hf_config_set_clock(duet.client_config, shelf_clock, NULL));
    assert_true(hf_config_set_clock(duet.server_config, shelf_clock, NULL));
    assert_true(hf_config_set_sessions(duet.client_config, &sessions));
}

/* With certificates and trust as well. */
void open_full(void)
{
    struct hf_sessions sessions = shelf_sessions(&ours);

    memset(&ours, 0, sizeof(ours));
    shelf_now = (int64_t)time(NULL);
    assert_true(duet_init(&duet, &certs));
    assert_true(hf_config_set_clock(duet.client_config, shelf_clock, NULL));
    assert_true(hf_config_set_clock(duet.server_config, shelf_clock, NULL));
    assert_true(hf_config_set_sessions(duet.client_config, &sessions));
}

void give(struct hf_config *config, const char *identity, const char *key,
          unsigned hash)
{
    struct hf_psk psk = key_of(identity, key, hash);

    assert_true(hf_config_add_psk(config, &psk));
}

void give_both(const char *identity, const char *key, unsigned hash)
{
    give(duet.client_config, identity, key, hash);
    give(duet.server_config, identity, key, hash);
}

void connect_to(const char *name)
{
    duet_talk(&duet, name);
}

/* One that does not: what each side says of it. */
void fails(unsigned client, unsigned server)
{
    assert_true(duet_start(&duet, "localhost"));
    assert_false(duet_run(&duet));
    if (hf_conn_error(duet.client)->code != client ||
        hf_conn_error(duet.server)->code != server)
        fail_msg("client: %s (%s), server: %s (%s)",
                 hf_error_name(hf_conn_error(duet.client)->code),
                 hf_conn_error(duet.client)->detail,
                 hf_error_name(hf_conn_error(duet.server)->code),
                 hf_conn_error(duet.server)->detail);
}

void by_key(struct hf_span identity)
{
    struct hf_span c = hf_conn_psk_identity(duet.client);
    struct hf_span s = hf_conn_psk_identity(duet.server);

    assert_int_equal(c.len, identity.len);
    assert_int_equal(s.len, identity.len);
    assert_memory_equal(c.at, identity.at, identity.len);
    assert_memory_equal(s.at, identity.at, identity.len);
    assert_false(hf_conn_peer_verified(duet.client));
    assert_int_equal(hf_conn_peer_certificates(duet.client), 0);
    assert_int_equal(hf_conn_own_chain(duet.server), -1);
}

void by_certificate(void)
{
    assert_int_equal(hf_conn_psk_identity(duet.client).len, 0);
    assert_int_equal(hf_conn_psk_identity(duet.server).len, 0);
    assert_true(hf_conn_peer_verified(duet.client));
    assert_int_equal(hf_conn_own_chain(duet.server), 0);
}

void ask_again(void)
{
    static const uint16_t first[] = { 29, 23, 0 }, only[] = { 23, 0 };
    static const uint16_t share[] = { 29, 0 };

    assert_true(hf_config_set_groups(duet.client_config, first));
    assert_true(hf_config_set_shares(duet.client_config, share));
    assert_true(hf_config_set_groups(duet.server_config, only));
}

struct book book;

bool find(void *ctx, const struct hf_psk_wanted *wanted,
          struct hf_psk_found *out)
{
    (void)ctx;
    book.calls++;
    assert_int_equal(out->len, 0);
    if (!book.ignores &&
        (!hf_span_equal(wanted->identity, hf_span_text("robot")) ||
         wanted->imported != book.imported))
        return false;
    memcpy(out->key, book.key, book.len);
    out->len = book.len;
    out->hash = book.hash;
    out->imported = book.imported;
    return true;
}

void open_book(bool imported)
{
    memset(&book, 0, sizeof(book));
    book.key = KEY_A;
    book.len = strlen(KEY_A);
    book.imported = imported;
    assert_true(hf_config_set_psk_finder(duet.server_config, find, NULL));
}

int pair_setup(void **state)
{
    (void)state;
    return duet_certs_make(&certs, "p256") ? 0 : -1;
}

int pair_teardown(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    return 0;
}
