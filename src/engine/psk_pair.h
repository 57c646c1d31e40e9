/* psk_pair.h - for tests: two configs that share keys, and what comes of it. */
#ifndef HF_PSK_PAIR_H
#define HF_PSK_PAIR_H

#include "engine/duet.h"
#include "engine/shelf.h"
#include "handshake/psk.h"

#define KEY_A "0123456789abcdef0123456789abcdef"
#define KEY_B "another key, which is as long ..."

extern struct duet duet;
extern struct shelf ours; /* where the client keeps its sessions */
extern struct duet_certs certs;

/* Setup and teardown of a group of tests. */
int pair_setup(void **state);
int pair_teardown(void **state);

struct hf_psk key_of(const char *identity, const char *key, unsigned hash);
/* Configs with a clock and a place for sessions: what else there is comes from
 * keys. */
void open_bare(void);
/* With certificates and trust as well. */
void open_full(void);
/* The server wants a share that the client does not send. */
void ask_again(void);
void give(struct hf_config *config, const char *identity, const char *key,
          unsigned hash);
void give_both(const char *identity, const char *key, unsigned hash);
/* A connection that works, with data both ways. */
void connect_to(const char *name);
/* One that does not: what each side says of it. */
void fails(unsigned client, unsigned server);
/* What the two know each other by. */
void by_key(struct hf_span identity);
void by_certificate(void);

/* What a server's application says when it is asked for a key. */
struct book {
    unsigned calls;
    const char *key;
    size_t len;
    unsigned hash;
    bool imported, ignores; /* ignores: says the same to every question */
};
extern struct book book;
bool find(void *ctx, const struct hf_psk_wanted *wanted,
          struct hf_psk_found *out);
/* It knows "robot" with KEY_A. */
void open_book(bool imported);

#endif
