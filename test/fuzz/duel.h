/* duel.h - the two who are compared in fuzz_duel.c: an end of ours and one of
 * OpenSSL's libssl, set up alike, each behind the same four functions. */
#ifndef HF_DUEL_H
#define HF_DUEL_H

#include "fuzz.h"
#include "wire/wire.h"

/* How both are set up: a number below DUEL_WAYS. */
enum {
    DUEL_CLIENT = 1, /* they are clients, and hear a server */
    DUEL_RSA = 2,    /* the server's key: RSA, not P-256 */
    DUEL_ALPN = 4,   /* h2 and http/1.1 are known */
    DUEL_ONLY12 = 8,
    DUEL_ONLY13 = 16,
    DUEL_WAYS = 24
};

enum { DUEL_ROOM = 32768, DUEL_SECRET = 48, DUEL_TIME = 1800000000 };
enum duel_state { DUEL_WAITS, DUEL_REFUSES, DUEL_IS_READY };

/* One end of a connection: what it said, and what became of it. */
struct duelist {
    enum duel_state state;
    unsigned alert;     /* that it sent; 256: none */
    const char *reason; /* why it refuses, "decode.length" or libssl's words */
    const char *where;  /* ours: the layout that cannot be read, or "" */
    uint8_t said[DUEL_ROOM];
    size_t len;
    char protocol[16]; /* ALPN */
    /* clients of TLS 1.3: the server's secret for the handshake, if there is
     * one: from then on they can hear what is sealed */
    uint8_t secret[DUEL_SECRET];
    size_t secret_len;
    void *self;
};
void ours_begin(struct duelist *d, unsigned way);
void ours_hear(struct duelist *d, struct hf_span bytes);
void ours_end(struct duelist *d);
void libssl_begin(struct duelist *d, unsigned way);
void libssl_hear(struct duelist *d, struct hf_span bytes);
void libssl_end(struct duelist *d);

/* What was agreed upon, as far as it was said in the clear. */
struct agreed {
    bool any, retry;
    unsigned version, suite, group;
    char protocol[16];
};
struct agreed duel_agreed(const struct duelist *d);

/* The certificates that the server has in that @way, and the anchor; PEM. */
struct hf_span duel_chain(unsigned way);
struct hf_span duel_key(unsigned way);
struct hf_span duel_anchor(void);

/* duel_puppet.c: a server that says what it is told, with signatures, Finished
 * and keys that are right for it.  @script: bodies of messages, each behind two
 * bytes of length: ServerHello, EncryptedExtensions (TLS 1.3 only), Certificate.
 * Those that are missing are as they should be. */
struct puppet_end {
    struct duelist *d;
    void (*hear)(struct duelist *d, struct hf_span bytes);
};
void puppet_play(const struct puppet_end *end, unsigned way,
                 struct hf_span script);

#endif
