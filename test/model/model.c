/* model.c - see model.h.
 *
 * A table of edges: at this place, if that is said, and the endpoint is of this
 * kind, it goes there and says that.  The first edge that fits counts.  Where
 * none fits, the answer is unexpected_message (RFC 8446 4, RFC 5246 7.2.2);
 * only alerts, TLS 1.3's ChangeCipherSpec and the bad proofs have rules of
 * their own, and those stand in functions below the table. */
#include "model.h"

#include <stdio.h>
#include <string.h>

/* Names as in RFC 8446 appendix A; 12 marks those of RFC 5246 figures 1, 2. */
enum place {
    /* a server's */
    START,
    START_AGAIN, /* a retry was asked for */
    WAIT_EOED,   /* early data, and its end */
    WAIT_CERT,
    WAIT_CV,
    WAIT_FINISHED,
    WAIT12_CERT,
    WAIT12_KX,        /* and no CertificateVerify will come */
    WAIT12_KX_SIGNED, /* a certificate came: CertificateVerify must */
    WAIT12_CV,
    WAIT12_CCS,
    WAIT12_FINISHED,
    WAIT12_CCS_RESUMED, /* the server's Finished was first */
    WAIT12_FINISHED_RESUMED,
    /* a client's */
    WAIT_SH,
    WAIT_SH_AGAIN,
    WAIT_EE,
    WAIT_EE_PSK,
    WAIT_CERT_CR,
    WAIT_SERVER_CERT, /* a CertificateRequest came */
    WAIT_SERVER_CV,
    WAIT_SERVER_CV_ASKED,
    WAIT_SERVER_FINISHED,
    WAIT_SERVER_FINISHED_ASKED,
    WAIT_SERVER_FINISHED_EARLY,
    CLIENT12_CERT,
    CLIENT12_KX,
    CLIENT12_DONE,
    CLIENT12_DONE_ASKED,
    CLIENT12_TICKET, /* NewSessionTicket, then ChangeCipherSpec */
    CLIENT12_CCS,
    CLIENT12_FINISHED,
    CLIENT12_CCS_RESUMED,
    CLIENT12_FINISHED_RESUMED,
    /* both */
    CONNECTED,
    CONNECTED12,
    CLOSED,
    FAILED,
    PLACES
};

static const char *const place_names[PLACES] = {
    "START",
    "START_AGAIN",
    "WAIT_EOED",
    "WAIT_CERT",
    "WAIT_CV",
    "WAIT_FINISHED",
    "WAIT12_CERT",
    "WAIT12_KX",
    "WAIT12_KX_SIGNED",
    "WAIT12_CV",
    "WAIT12_CCS",
    "WAIT12_FINISHED",
    "WAIT12_CCS_RESUMED",
    "WAIT12_FINISHED_RESUMED",
    "WAIT_SH",
    "WAIT_SH_AGAIN",
    "WAIT_EE",
    "WAIT_EE_PSK",
    "WAIT_CERT_CR",
    "WAIT_SERVER_CERT",
    "WAIT_SERVER_CV",
    "WAIT_SERVER_CV_ASKED",
    "WAIT_SERVER_FINISHED",
    "WAIT_SERVER_FINISHED_ASKED",
    "WAIT_SERVER_FINISHED_EARLY",
    "CLIENT12_CERT",
    "CLIENT12_KX",
    "CLIENT12_DONE",
    "CLIENT12_DONE_ASKED",
    "CLIENT12_TICKET",
    "CLIENT12_CCS",
    "CLIENT12_FINISHED",
    "CLIENT12_CCS_RESUMED",
    "CLIENT12_FINISHED_RESUMED",
    "CONNECTED",
    "CONNECTED12",
    "CLOSED",
    "FAILED",
};

enum {
    NO = 0,
    UNEXPECTED = 10,
    BAD_HANDSHAKE = 40,
    ILLEGAL = 47,
    UNDECODABLE = 50,
    DECRYPT = 51,
    PROTOCOL_VERSION = 70,
    NO_RENEGOTIATION = 100,
    MISSING_EXTENSION = 109,
    UNSUPPORTED = 110,
    CERTIFICATE_REQUIRED = 116
};

struct edge {
    unsigned at;
    enum say say;
    unsigned is, is_not; /* the endpoint: all of these, none of those */
    unsigned to;
    unsigned alert;     /* to FAILED: what it says */
    const char *spoken; /* "(CCS)": unless it was spoken before */
};
#define GO(at, say, is, is_not, to, spoken) \
    { at, SAY_##say, is, is_not, to, NO, spoken },
#define STOP(at, say, is, is_not, alert) \
    { at, SAY_##say, is, is_not, FAILED, alert, "" },

/* clang-format off */
static const struct edge edges[] = {
/* ---- a server, TLS 1.3: RFC 8446 A.2 ---- */
GO(START, HELLO13,   KNOWS13, RETRIES|ASKS,   WAIT_FINISHED, "SH (CCS) EE CERT CV FIN")
GO(START, HELLO13,   KNOWS13|ASKS, RETRIES,   WAIT_CERT,     "SH (CCS) EE CR CERT CV FIN")
GO(START, HELLO13,   KNOWS13|RETRIES, 0,      START_AGAIN,   "HRR (CCS)")
STOP(START, HELLO13, 0, KNOWS13,              PROTOCOL_VERSION)
/* a ticket that is taken: nobody shows a certificate (2.2) */
GO(START, HELLO_PSK, KNOWS13|REMEMBERS, RETRIES, WAIT_FINISHED, "SH (CCS) EE FIN")
GO(START, HELLO_PSK, KNOWS13|REMEMBERS|RETRIES, 0, START_AGAIN, "HRR (CCS)")
/* early data is taken once, and not after a retry (4.2.10, 8) */
GO(START, HELLO_EARLY, EARLY, RETRIES|FORGETFUL, WAIT_EOED,  "SH (CCS) EE FIN")
GO(START, HELLO_EARLY, EARLY|FORGETFUL, RETRIES, WAIT_FINISHED, "SH (CCS) EE FIN")
GO(START, HELLO_EARLY, EARLY|RETRIES, 0,      START_AGAIN,   "HRR (CCS)")
GO(START_AGAIN, HELLO_EARLY, 0, 0,            WAIT_FINISHED, "SH EE FIN")
GO(WAIT_EOED, END_OF_EARLY_DATA, 0, 0,        WAIT_FINISHED, "")         /* 4.5 */
GO(START_AGAIN, HELLO13, 0, ASKS,             WAIT_FINISHED, "SH EE CERT CV FIN")
GO(START_AGAIN, HELLO13, ASKS, 0,             WAIT_CERT,     "SH EE CR CERT CV FIN")
STOP(START_AGAIN, HELLO12, 0, 0,              MISSING_EXTENSION)         /* 9.2: no key_share */
STOP(START_AGAIN, HELLO_TICKET, 0, 0,         MISSING_EXTENSION)
GO(START_AGAIN, HELLO_PSK, 0, 0,              WAIT_FINISHED, "SH EE FIN")
GO(WAIT_CERT, CERTIFICATE, 0, 0,              WAIT_CV,       "")
GO(WAIT_CERT, NO_CERTIFICATE, 0, REQUIRES,    WAIT_FINISHED, "")
STOP(WAIT_CERT, NO_CERTIFICATE, REQUIRES, 0,  CERTIFICATE_REQUIRED)      /* 4.4.2.4 */
GO(WAIT_CV, VERIFY, 0, 0,                     WAIT_FINISHED, "")
STOP(WAIT_CV, BAD_VERIFY, 0, 0,               DECRYPT)                   /* 4.4.3 */
GO(WAIT_FINISHED, FINISHED, 0, 0,             CONNECTED,     "(NST)")
STOP(WAIT_FINISHED, BAD_FINISHED, 0, 0,       DECRYPT)                   /* 4.4.4 */

/* ---- a server, TLS 1.2: RFC 5246 figure 1, RFC 5077 figures 1 and 2 ---- */
GO(START, HELLO12,   KNOWS12, ASKS,           WAIT12_KX,     "SH CERT SKE SHD")
GO(START, HELLO12,   KNOWS12|ASKS, 0,         WAIT12_CERT,   "SH CERT SKE CR SHD")
STOP(START, HELLO12, 0, KNOWS12,              PROTOCOL_VERSION)
GO(START, HELLO_TICKET, KNOWS12|REMEMBERS, 0, WAIT12_CCS_RESUMED, "SH CCS FIN"   )
GO(WAIT12_CERT, CERTIFICATE, 0, 0,            WAIT12_KX_SIGNED, "")
GO(WAIT12_CERT, NO_CERTIFICATE, 0, REQUIRES,  WAIT12_KX,     "")
STOP(WAIT12_CERT, NO_CERTIFICATE, REQUIRES, 0, BAD_HANDSHAKE)            /* 7.4.6 */
GO(WAIT12_KX, CLIENT_KX, 0, 0,                WAIT12_CCS,    "")
GO(WAIT12_KX_SIGNED, CLIENT_KX, 0, 0,         WAIT12_CV,     "")
GO(WAIT12_CV, VERIFY, 0, 0,                   WAIT12_CCS,    "")
STOP(WAIT12_CV, BAD_VERIFY, 0, 0,             DECRYPT)                   /* 7.4.8 */
GO(WAIT12_CCS, CCS, 0, 0,                     WAIT12_FINISHED, "")
GO(WAIT12_FINISHED, FINISHED, 0, 0,           CONNECTED12,   "(NST) CCS FIN")
STOP(WAIT12_FINISHED, BAD_FINISHED, 0, 0,     DECRYPT)                   /* 7.4.9 */
GO(WAIT12_CCS_RESUMED, CCS, 0, 0,             WAIT12_FINISHED_RESUMED, "")
GO(WAIT12_FINISHED_RESUMED, FINISHED, 0, 0,   CONNECTED12,   "")
STOP(WAIT12_FINISHED_RESUMED, BAD_FINISHED, 0, 0, DECRYPT)

/* ---- a client, TLS 1.3: RFC 8446 A.1 ---- */
GO(WAIT_SH, SERVER13, 0, 0,                   WAIT_EE,       "(CCS)")   /* D.4 */
GO(WAIT_SH, SERVER_PSK, 0, 0,                 WAIT_EE_PSK,   "(CCS)")
GO(WAIT_SH, RETRY, 0, 0,                      WAIT_SH_AGAIN, "(CCS) CH")
GO(WAIT_SH_AGAIN, SERVER13, 0, 0,             WAIT_EE,       "")
GO(WAIT_EE, EXTENSIONS, 0, 0,                 WAIT_CERT_CR,  "")
GO(WAIT_EE_PSK, EXTENSIONS, 0, 0,             WAIT_SERVER_FINISHED, "")
GO(WAIT_EE_PSK, EXTENSIONS_EARLY, EARLY, 0,   WAIT_SERVER_FINISHED_EARLY, "")
STOP(WAIT_EE_PSK, EXTENSIONS_EARLY, 0, EARLY, UNSUPPORTED)               /* 4.2: it was not offered */
STOP(WAIT_EE, EXTENSIONS_EARLY, 0, EARLY,     UNSUPPORTED)
STOP(WAIT_EE, EXTENSIONS_EARLY, EARLY, 0,     ILLEGAL)                   /* 4.2.10: without its key */
GO(WAIT_SERVER_FINISHED_EARLY, FINISHED, 0, 0, CONNECTED, "EOED FIN")
STOP(WAIT_SERVER_FINISHED_EARLY, BAD_FINISHED, 0, 0, DECRYPT)
GO(WAIT_CERT_CR, REQUEST, 0, 0,               WAIT_SERVER_CERT, "")
GO(WAIT_CERT_CR, CERTIFICATE, 0, 0,           WAIT_SERVER_CV, "")
STOP(WAIT_CERT_CR, NO_CERTIFICATE, 0, 0,      UNDECODABLE)               /* 4.4.2.4 */
GO(WAIT_SERVER_CERT, CERTIFICATE, 0, 0,       WAIT_SERVER_CV_ASKED, "")
STOP(WAIT_SERVER_CERT, NO_CERTIFICATE, 0, 0,  UNDECODABLE)
GO(WAIT_SERVER_CV, VERIFY, 0, 0,              WAIT_SERVER_FINISHED, "")
STOP(WAIT_SERVER_CV, BAD_VERIFY, 0, 0,        DECRYPT)
GO(WAIT_SERVER_CV_ASKED, VERIFY, 0, 0,        WAIT_SERVER_FINISHED_ASKED, "")
STOP(WAIT_SERVER_CV_ASKED, BAD_VERIFY, 0, 0,  DECRYPT)
GO(WAIT_SERVER_FINISHED, FINISHED, 0, 0,      CONNECTED,     "FIN")
STOP(WAIT_SERVER_FINISHED, BAD_FINISHED, 0, 0, DECRYPT)
GO(WAIT_SERVER_FINISHED_ASKED, FINISHED, HAS_CERTIFICATE, 0, CONNECTED, "CERT CV FIN")
GO(WAIT_SERVER_FINISHED_ASKED, FINISHED, 0, HAS_CERTIFICATE, CONNECTED, "CERT FIN")
STOP(WAIT_SERVER_FINISHED_ASKED, BAD_FINISHED, 0, 0, DECRYPT)

/* ---- a client, TLS 1.2 ---- */
GO(WAIT_SH, SERVER12, 0, 0,                   CLIENT12_CERT, "")
GO(WAIT_SH, SERVER_TICKET, 0, 0,              CLIENT12_CCS_RESUMED, "") /* no new ticket is promised */
/* After a retry there is only TLS 1.3 (RFC 8446 4.1.4). */
STOP(WAIT_SH_AGAIN, SERVER_PSK, 0, 0,         ILLEGAL)  /* its share is for the first hello */
STOP(WAIT_SH_AGAIN, SERVER12, 0, 0,           ILLEGAL)
STOP(WAIT_SH_AGAIN, SERVER_TICKET, 0, 0,      ILLEGAL)
GO(CLIENT12_CERT, CERTIFICATE, 0, 0,          CLIENT12_KX,   "")
STOP(CLIENT12_CERT, NO_CERTIFICATE, 0, 0,     UNDECODABLE)
GO(CLIENT12_KX, SERVER_KX, 0, 0,              CLIENT12_DONE, "")
GO(CLIENT12_DONE, REQUEST, 0, 0,              CLIENT12_DONE_ASKED, "")
GO(CLIENT12_DONE, HELLO_DONE, REMEMBERS, 0,   CLIENT12_TICKET, "CKE CCS FIN")
GO(CLIENT12_DONE, HELLO_DONE, 0, REMEMBERS,   CLIENT12_CCS,  "CKE CCS FIN")
GO(CLIENT12_DONE_ASKED, HELLO_DONE, HAS_CERTIFICATE|REMEMBERS, 0, CLIENT12_TICKET, "CERT CKE CV CCS FIN")
GO(CLIENT12_DONE_ASKED, HELLO_DONE, HAS_CERTIFICATE, REMEMBERS, CLIENT12_CCS, "CERT CKE CV CCS FIN")
GO(CLIENT12_DONE_ASKED, HELLO_DONE, REMEMBERS, HAS_CERTIFICATE, CLIENT12_TICKET, "CERT CKE CCS FIN")
GO(CLIENT12_DONE_ASKED, HELLO_DONE, 0, HAS_CERTIFICATE|REMEMBERS, CLIENT12_CCS, "CERT CKE CCS FIN")
GO(CLIENT12_TICKET, NEW_TICKET, 0, 0,         CLIENT12_CCS,  "")
GO(CLIENT12_CCS, CCS, 0, 0,                   CLIENT12_FINISHED, "")
GO(CLIENT12_FINISHED, FINISHED, 0, 0,         CONNECTED12,   "")
STOP(CLIENT12_FINISHED, BAD_FINISHED, 0, 0,   DECRYPT)
GO(CLIENT12_CCS_RESUMED, CCS, 0, 0,           CLIENT12_FINISHED_RESUMED, "")
GO(CLIENT12_FINISHED_RESUMED, FINISHED, 0, 0, CONNECTED12,   "CCS FIN")
STOP(CLIENT12_FINISHED_RESUMED, BAD_FINISHED, 0, 0, DECRYPT)

/* ---- connected ---- */
GO(CONNECTED, KEY_UPDATE, 0, 0,               CONNECTED,     "")         /* 4.6.3 */
GO(CONNECTED, KEY_UPDATE_ASK, 0, 0,           CONNECTED,     "KU")
GO(CONNECTED, NEW_TICKET, 0, IS_SERVER,       CONNECTED,     "")         /* 4.6.1 */
/* No renegotiation: who asks for it is told so (RFC 5246 7.2.2), and left. */
STOP(CONNECTED12, HELLO_REQUEST, 0, IS_SERVER, NO_RENEGOTIATION)
STOP(CONNECTED12, HELLO12, IS_SERVER, 0, NO_RENEGOTIATION)
STOP(CONNECTED12, HELLO13, IS_SERVER, 0, NO_RENEGOTIATION)
STOP(CONNECTED12, HELLO_PSK, IS_SERVER, 0, NO_RENEGOTIATION)
STOP(CONNECTED12, HELLO_EARLY, IS_SERVER, 0, NO_RENEGOTIATION)
STOP(CONNECTED12, HELLO_TICKET, IS_SERVER, 0, NO_RENEGOTIATION)
};
/* clang-format on */

size_t model_places(void)
{
    return PLACES;
}

const char *model_place(unsigned at)
{
    return at < PLACES ? place_names[at] : "?";
}

const char *say_name(enum say say)
{
    static const char *const names[SAYS] = {
        "HELLO13",        "HELLO_PSK",
        "HELLO_EARLY",    "HELLO12",
        "HELLO_TICKET",   "SERVER13",
        "SERVER_PSK",     "SERVER12",
        "SERVER_TICKET",  "RETRY",
        "EXTENSIONS",     "EXTENSIONS_EARLY",
        "REQUEST",        "CERTIFICATE",
        "NO_CERTIFICATE", "VERIFY",
        "BAD_VERIFY",     "FINISHED",
        "BAD_FINISHED",   "END_OF_EARLY_DATA",
        "KEY_UPDATE",     "KEY_UPDATE_ASK",
        "NEW_TICKET",     "SERVER_KX",
        "HELLO_DONE",     "CLIENT_KX",
        "STATUS",         "HELLO_REQUEST",
        "UNKNOWN",        "CCS",
        "DATA",           "CLOSE",
        "CANCELED",       "WARNING",
        "FATAL",
    };

    return say < SAYS ? names[say] : "?";
}

/* ---- what version it is, as far as it is known ------------------------------------- */

static bool is_unsettled(const struct model *m)
{
    return m->at == START || m->at == WAIT_SH;
}

static bool is_tls12(const struct model *m)
{
    return (m->at >= WAIT12_CERT && m->at <= WAIT12_FINISHED_RESUMED) ||
           (m->at >= CLIENT12_CERT && m->at <= CLIENT12_FINISHED_RESUMED) ||
           m->at == CONNECTED12;
}

/* ---- what it says ---------------------------------------------------------------------- */

static void speak(struct verdict *v, const char *word)
{
    size_t len = strlen(v->spoken);

    snprintf(v->spoken + len, sizeof(v->spoken) - len, "%s%s", len ? " " : "",
             word);
}

/* Words in brackets are said if they are due. */
static void speak_all(struct model *m, struct verdict *v, const char *words)
{
    char copy[SPOKEN_MAX], *rest = copy, *word;

    snprintf(copy, sizeof(copy), "%s", words);
    while ((word = strtok_r(rest, " ", &rest))) {
        if (!strcmp(word, "(NST)")) {
            /* TLS 1.3: two after a full handshake, one after a resumption. */
            if (!(m->is & REMEMBERS) || m->hello == SAY_HELLO12)
                continue;
            word = "NST";
            if (m->hello == SAY_HELLO13)
                speak(v, word);
        } else if (!strcmp(word, "(CCS)")) {
            if (m->ccs_spoken)
                continue;
            m->ccs_spoken = true;
            word = "CCS";
        }
        speak(v, word);
    }
}

static void fail(struct model *m, struct verdict *v, unsigned alert)
{
    char word[16];

    snprintf(word, sizeof(word), "alert%u", alert);
    if (alert)
        speak(v, word);
    v->failed = true;
    m->at = FAILED;
    m->over = true;
}

/* ---- what is no message of the handshake -------------------------------------------------- */

/* RFC 8446 6, RFC 5246 7.2: to close is an error before the end; warnings are
 * known to TLS 1.2 only. */
static void hear_alert(struct model *m, enum say say, struct verdict *v)
{
    bool mild = is_tls12(m) || (is_unsettled(m) && m->is & KNOWS12);

    if (say == SAY_CANCELED || (say == SAY_WARNING && mild))
        return;
    if (say == SAY_CLOSE && m->ready) {
        v->closed = true;
        m->at = CLOSED;
        m->over = true;
        return;
    }
    fail(m, v, NO);
}

/* TLS 1.3's, which means nothing, between the first hello and the peer's
 * Finished (RFC 8446 5).  While the version may still be TLS 1.2, in which it
 * means something, it comes too early. */
static void hear_ccs(struct model *m, struct verdict *v)
{
    bool settled = !is_unsettled(m) ||
                   (!(m->is & IS_SERVER) && !(m->is & KNOWS12));

    if (!settled || m->ready)
        fail(m, v, UNEXPECTED);
}

/* RFC 8446 4.1.2: the second hello is the first, but for what was asked; a
 * ticket may be left out, and not come up. */
static bool is_other_hello(const struct model *m, enum say say)
{
    return m->at == START_AGAIN && m->hello == SAY_HELLO13 &&
           (say == SAY_HELLO_PSK || say == SAY_HELLO_EARLY);
}

/* Only who announced early data may have some under way. */
static bool is_skipped(const struct model *m, enum say say)
{
    return m->at == START_AGAIN && say == SAY_DATA &&
           m->hello == SAY_HELLO_EARLY;
}

static const struct edge *find(const struct model *m, enum say say)
{
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        if (edges[i].at == m->at && edges[i].say == say &&
            (m->is & edges[i].is) == edges[i].is && !(m->is & edges[i].is_not))
            return &edges[i];
    return NULL;
}

/* What is said next comes under other keys (RFC 8446 5.1). */
static bool changes_keys(enum say say)
{
    return say == SAY_SERVER13 || say == SAY_SERVER_PSK ||
           say == SAY_END_OF_EARLY_DATA || say == SAY_FINISHED ||
           say == SAY_KEY_UPDATE || say == SAY_KEY_UPDATE_ASK;
}

static void follow(struct model *m, enum say say, const struct edge *e,
                   struct verdict *v)
{
    if (say <= SAY_HELLO_TICKET)
        m->hello = say;
    if (e->to == FAILED) {
        fail(m, v, e->alert);
        return;
    }
    m->at = e->to;
    if (m->at == WAIT_SH_AGAIN)
        m->is &= ~(unsigned)EARLY; /* RFC 8446 4.1.2: none in the second */
    m->keyed = changes_keys(say);
    speak_all(m, v, e->spoken);
    m->ready = v->ready = m->at == CONNECTED || m->at == CONNECTED12;
}

void model_hear(struct model *m, enum say say, struct verdict *out)
{
    const struct edge *e = find(m, say);

    memset(out, 0, sizeof(*out));
    out->ready = m->ready;
    if (m->over) {
        out->failed = m->at == FAILED;
        out->closed = m->at == CLOSED;
    } else if (say >= SAY_CLOSE) {
        hear_alert(m, say, out);
    } else if (say == SAY_DATA && m->ready) {
        out->data = true;
    } else if (say == SAY_DATA && m->at == WAIT_EOED) {
        out->early = true;
    } else if (is_skipped(m, say)) {
        out->ready = false; /* RFC 8446 4.2.10 */
    } else if (is_other_hello(m, say)) {
        fail(m, out, ILLEGAL);
    } else if (e) {
        follow(m, say, e, out);
    } else if (say == SAY_CCS && !is_tls12(m)) {
        hear_ccs(m, out);
    } else {
        fail(m, out, UNEXPECTED);
    }
    out->ready = m->ready && m->at != FAILED;
}

void model_begin(struct model *m, const struct scenario *scenario,
                 struct verdict *first)
{
    memset(m, 0, sizeof(*m));
    memset(first, 0, sizeof(*first));
    m->is = scenario->is;
    m->hello = SAYS;
    m->at = m->is & IS_SERVER ? START : WAIT_SH;
    if (!(m->is & IS_SERVER))
        speak_all(m, first, m->is & EARLY ? "CH (CCS)" : "CH"); /* D.4 */
}
