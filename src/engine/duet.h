/* duet.h - two connections in one process, for tests: certificates made on the
 * spot, and a pump that carries bytes between the two, cut as you like. */
#ifndef HF_DUET_H
#define HF_DUET_H

#include "engine/conn.h"

/* What the two are made of. */
struct duet_certs {
    char *ca, *chain, *key;          /* a server for localhost */
    char *client_chain, *client_key; /* a client of the same authority */
};
/* @key: "p256", "rsa2048", "ed25519" ...  False: libcrypto failed. */
bool duet_certs_make(struct duet_certs *out, const char *key);
/* The same with a server's certificate whose keyUsage allows less: 's' signing
 * only, 'd' decrypting only, '-' it says nothing; 0: all the key can do. */
bool duet_certs_make_for(struct duet_certs *out, const char *key, char use);
void duet_certs_free(struct duet_certs *certs);
/* One more keypair (tools/issue.h), one more authority to trust. */
struct issued;
struct issue_order;
bool duet_add_pair(struct hf_config *config, const struct issued *by,
                   const struct issue_order *order);
bool duet_trust(struct hf_config *config, const struct issued *root);

enum { DUET_WIRE = 256 * 1024 };
/* One direction of the wire: what was sent and not yet taken. */
struct duet_wire {
    uint8_t bytes[DUET_WIRE];
    size_t len;
    size_t total; /* ever sent */
};

struct duet {
    struct hf_config *client_config, *server_config;
    struct hf_conn *client, *server;
    struct duet_wire to_client, to_server;
    size_t chunk; /* bytes given per call; 0: all there are */
    uint8_t got_client[DUET_WIRE], got_server[DUET_WIRE]; /* plaintext */
    size_t client_len, server_len;
    enum hf_outcome client_last, server_last; /* last outcome worth telling */
};
/* Configs with the certificates and a clock, and a provider that ends the
 * program if a nonce is used twice; change them before duet_start. */
bool duet_init(struct duet *d, const struct duet_certs *certs);
bool duet_start(struct duet *d, const char *name);
/* Carry bytes both ways until nothing moves.  True: both are ready. */
bool duet_run(struct duet *d);
/* Only a round, however it is cut: client, then server, take what is there and
 * put what they have to say on the wire. */
void duet_round(struct duet *d);
/* Only one step: what @from has to say goes on the wire. */
void duet_flush(struct hf_conn *from, struct duet_wire *to);
/* Give @to what is on the wire. */
enum hf_outcome duet_take(struct hf_conn *to, struct duet_wire *from,
                          size_t chunk, uint8_t *got, size_t *got_len);
/* Send @data as @from, all of it. */
bool duet_send(struct duet *d, struct hf_conn *from, struct hf_span data);
/* For tests of cmocka's: start, meet, and "hello" both ways. */
void duet_talk(struct duet *d, const char *name);
/* The connections go, and what was on the wire; the configs stay. */
void duet_hang_up(struct duet *d);
void duet_wipe(struct duet *d);

#endif
