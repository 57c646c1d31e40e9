/* model.h - what TLS lets happen, written a second time.
 *
 * The model knows the RFCs' state machines (RFC 8446 appendix A, RFC 5246 7.3)
 * and nothing of the library: no header of it, no table, no function.  It is
 * told what the peer says, and says what an endpoint must do about it.  The
 * explorer (explore.c) asks the library the same and compares. */
#ifndef HF_MODEL_H
#define HF_MODEL_H

#include <stdbool.h>
#include <stddef.h>

/* What a peer can say: each well-formed, and right in all but its place (or
 * wrong in exactly the way that its name says). */
enum say {
    SAY_HELLO13,        /* ClientHello of TLS 1.3 */
    SAY_HELLO_BOTH,     /* ... and of TLS 1.2, whichever the server likes */
    SAY_HELLO_PSK,      /* ... with a ticket that is good */
    SAY_HELLO_EARLY,    /* ... and with early data to follow */
    SAY_HELLO_KEY,      /* with a key that both had before */
    SAY_HELLO_BAD_KEY,  /* ... that is another: the binder is wrong */
    SAY_HELLO12,        /* of TLS 1.2 */
    SAY_HELLO_FALLBACK, /* ... by one who says that it is not the first try */
    SAY_HELLO_TICKET,   /* ... with a ticket that is good */
    SAY_SERVER13,       /* ServerHello of TLS 1.3 */
    SAY_SERVER_PSK,     /* ... that takes the ticket */
    SAY_SERVER_KEY,     /* ... that takes the key */
    SAY_SERVER12,       /* of TLS 1.2; there will be a ticket if one wants it */
    SAY_SERVER12_MARKED, /* ... and could do better */
    SAY_SERVER12_STATUS, /* ... and promises a CertificateStatus */
    SAY_SERVER_TICKET,   /* ... that takes the ticket */
    SAY_SERVER_RENEWS,   /* ... and will give another */
    SAY_RETRY,           /* HelloRetryRequest */
    SAY_EXTENSIONS,
    SAY_EXTENSIONS_EARLY, /* early data was accepted */
    SAY_REQUEST,          /* CertificateRequest */
    SAY_CERTIFICATE,
    SAY_NO_CERTIFICATE, /* an empty list */
    SAY_COMPRESSED,     /* the certificate, compressed (RFC 8879) */
    SAY_VERIFY,
    SAY_BAD_VERIFY,
    SAY_FINISHED,
    SAY_BAD_FINISHED, /* it is the endpoint's own */
    SAY_END_OF_EARLY_DATA,
    SAY_KEY_UPDATE,
    SAY_KEY_UPDATE_ASK, /* ... and change yours as well */
    SAY_NEW_TICKET,
    SAY_SERVER_KX,
    SAY_HELLO_DONE,
    SAY_CLIENT_KX,
    SAY_STATUS,
    SAY_HELLO_REQUEST,
    SAY_UNKNOWN, /* a handshake message of no known type */
    SAY_CCS,
    SAY_DATA,
    SAY_CLOSE,    /* close_notify */
    SAY_CANCELED, /* user_canceled */
    SAY_WARNING,  /* unrecognized_name, level warning */
    SAY_FATAL,    /* internal_error, level fatal */
    SAYS
};

/* What the endpoint is, and what it was told. */
enum {
    IS_SERVER = 1 << 0,
    KNOWS12 = 1 << 1,
    KNOWS13 = 1 << 2,
    ASKS = 1 << 3,            /* server: for a certificate */
    REQUIRES = 1 << 4,        /* ... and goes on only with one */
    RETRIES = 1 << 5,         /* server: takes no group that has a share */
    HAS_CERTIFICATE = 1 << 6, /* client */
    REMEMBERS = 1 << 7,    /* sessions: gives tickets, or keeps and has one */
    HAS_PSK = 1 << 8,      /* client: the session it has is of TLS 1.3 */
    HAS_TICKET = 1 << 9,   /* ... of TLS 1.2 */
    EARLY = 1 << 10,       /* sends early data, or takes it */
    FORGETFUL = 1 << 11,   /* server: cannot tell whether it is a copy */
    LOSES = 1 << 12,       /* server: the keys of all tickets that it gave */
    RENEWS = 1 << 13,      /* server: gives a new one for each, in TLS 1.2 */
    HAS_KEY = 1 << 14,     /* an external pre-shared key */
    DEMANDS_KEY = 1 << 15, /* ... and will have nothing else */
    PACKS = 1 << 16,       /* certificates may be compressed */
    STAPLES = 1 << 17,     /* server: has a CertificateStatus; client: asks */
    RSA = 1 << 18,         /* TLS 1.2 with RSA key transport, and only that */
    DOUBTS = 1 << 19,      /* its application has the last word: no */
    SWITCHES = 1 << 20     /* server: another config until it is asked which */
};
struct scenario {
    const char *name;
    unsigned is;
};
extern const struct scenario scenarios[];
extern const size_t scenario_count;

enum { SPOKEN_MAX = 160 };
/* What became of one thing that was said. */
struct verdict {
    bool failed, ready, closed, data, early;
    bool keyed;              /* the peer's next words are under other keys */
    char spoken[SPOKEN_MAX]; /* "SH CCS EE CERT CV FIN", "alert10" */
};

enum { PLACES_MAX = 48 };
struct model {
    unsigned is;
    unsigned at;        /* a place of model.c */
    unsigned hello, as; /* server: the one in force, and what it means */
    bool over;          /* failed or closed */
    bool ready;
    bool keyed;      /* the peer's keys changed with what it said last */
    bool ccs_spoken; /* TLS 1.3's dummy one was sent */
    bool skips;      /* 0-RTT data that was refused may be under way */
    unsigned idle;   /* things in a row that moved nothing */
};
void model_begin(struct model *m, const struct scenario *scenario,
                 struct verdict *first);
void model_hear(struct model *m, enum say say, struct verdict *out);

size_t model_places(void);
const char *model_place(unsigned at);
const char *say_name(enum say say);

#endif
