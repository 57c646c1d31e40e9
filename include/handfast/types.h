/* types.h - what every other header shares: borrowed bytes, roles, errors and
 * events.
 *
 * An error and an event are the same idea at two volumes.  While a connection
 * lives, each decision it takes is an event: what was decided, from which
 * inputs, by which rule, and what would have passed instead.  The decision
 * that ends it is kept as its error.
 */
#ifndef HANDFAST_TYPES_H
#define HANDFAST_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HF_PUBLIC __attribute__((visibility("default")))
#define HF_CHECK __attribute__((warn_unused_result))
#else
#define HF_PUBLIC
#define HF_CHECK
#endif

#define HF_VERSION "0.1.0"

/* Borrowed bytes: never owned, never freed by who holds the span. */
struct hf_span {
    const uint8_t *at;
    size_t len;
};

enum hf_role { HF_CLIENT, HF_SERVER };

/* What is asked about revocation.  Whoever is said to be revoked is refused
 * in each of these but NONE, and so is an OCSP response that proves nothing;
 * they differ in what becomes of a certificate about which nobody says
 * anything. */
enum hf_revocation {
    HF_REVOCATION_NONE, /* nothing is looked at */
    HF_REVOCATION_SOFT, /* it is accepted */
    HF_REVOCATION_LEAF, /* the peer's own is refused, its issuers' are not */
    HF_REVOCATION_HARD  /* it is refused, wherever below the anchor */
};

/* ---- errors ---------------------------------------------------------------
 * Each way to fail is a row of errors.def: a stable dotted name, the alert it
 * becomes on the wire, and a sentence. */
enum hf_error_code {
    HF_OK = 0,
#define ERR(id, dotted, alert, text) HF_E_##id,
#include "handfast/errors.def"
#undef ERR
    HF_ERROR_CODES
};

enum { HF_DETAIL_MAX = 320 };

/* The first thing that went wrong in an object.  Lives inside that object;
 * all-zero means that nothing has gone wrong. */
struct hf_error {
    uint16_t code;      /* enum hf_error_code */
    uint8_t alert;      /* the alert sent or received (RFC 8446 6.2) */
    bool by_peer;       /* the peer said so, in an alert of its own */
    const char *layout; /* decoding: which structure, "KeyShareEntry" */
    const char *field;  /* decoding: which field, "key_exchange"; or NULL */
    size_t byte;        /* decoding: offset of the first bad byte in the whole
                         * message, its header of 4 bytes included, as in
                         * hf_event.bytes; or in the certificate or list that
                         * .layout names */
    int system;         /* errno, when the operating system said no */
    char detail[HF_DETAIL_MAX]; /* the values compared, printable, NUL ended */
};

/* The dotted name of @code, such as "verify.name"; "ok" for HF_OK.  Static
 * string; any thread. */
HF_PUBLIC const char *hf_error_name(unsigned code);
/* One English sentence that says what @code means.  Static; any thread. */
HF_PUBLIC const char *hf_error_text(unsigned code);
/* The code with the dotted name @name, HF_OK if there is none. */
HF_PUBLIC unsigned hf_error_by_name(const char *name);
/* The alert that @code is answered with (RFC 8446 6.2), 0 = none is sent. */
HF_PUBLIC uint8_t hf_error_alert(unsigned code);

/* ---- events ---------------------------------------------------------------
 * What a connection says to whoever watches it.  All pointers in an event are
 * good for the duration of the call only, except those of events.def. */
enum hf_event_kind {
    HF_EVENT_MESSAGE,  /* a handshake message, CCS or alert went by */
    HF_EVENT_DECISION, /* something was decided */
    HF_EVENT_CHECK,    /* a check of a certificate, passed or failed */
    HF_EVENT_SECRET,   /* a secret exists (only if secrets were asked for) */
    HF_EVENT_KEYS,     /* a direction changed its keys */
    HF_EVENT_ERROR     /* the end, with its reason */
};

enum hf_event_id {
#define EVENT(id, dotted, rfc, rule) HF_EV_##id,
#include "handfast/events.def"
#undef EVENT
    HF_EVENT_IDS
};

struct hf_event {
    uint8_t kind;     /* enum hf_event_kind */
    uint8_t id;       /* enum hf_event_id: which decision, by which rule */
    bool ok;          /* the verdict: passed, agreed */
    bool sent;        /* MESSAGE, KEYS: ours (true) or the peer's */
    uint8_t record;   /* MESSAGE: record type: 20, 21 or 22 */
    uint8_t epoch;    /* MESSAGE: 0 plain, 1 early, 2 handshake, 3 traffic */
    uint16_t message; /* MESSAGE: handshake type; 256: a retry request */
    uint16_t version; /* MESSAGE: 0x0303 or 0x0304, 0 while unknown */
    struct hf_span bytes; /* MESSAGE: with its header; SECRET: the value */
    const char *subject;  /* CHECK: the certificate; SECRET: key log label,
                           * or PREMASTER_SECRET */
    const char *inputs;   /* what was weighed, for people; or "" */
    const char *verdict;  /* what came out, for people; or "" */
    const char *instead;  /* what would have passed; or "" */
    const struct hf_error *error; /* ERROR and failed checks */
};
typedef void hf_watch_fn(void *ctx, const struct hf_event *event);

/* The dotted name of an event, "choose.group"; its RFC section, "RFC 8446
 * 4.2.7"; its rule as one sentence.  Static strings; any thread. */
HF_PUBLIC const char *hf_event_name(unsigned id);
HF_PUBLIC const char *hf_event_rfc(unsigned id);
HF_PUBLIC const char *hf_event_rule(unsigned id);

#ifdef __cplusplus
}
#endif
#endif
