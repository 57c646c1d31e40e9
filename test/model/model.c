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
    CLIENT12_CERT_PROMISED, /* and a CertificateStatus behind it, perhaps */
    CLIENT12_STATUS,
    CLIENT12_KX,
    CLIENT12_DONE,
    CLIENT12_DONE_ASKED,
    CLIENT12_TICKET, /* NewSessionTicket, then ChangeCipherSpec */
    CLIENT12_CCS,
    CLIENT12_FINISHED,
    CLIENT12_TICKET_RESUMED,
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
    "CLIENT12_CERT_PROMISED",
    "CLIENT12_STATUS",
    "CLIENT12_KX",
    "CLIENT12_DONE",
    "CLIENT12_DONE_ASKED",
    "CLIENT12_TICKET",
    "CLIENT12_CCS",
    "CLIENT12_FINISHED",
    "CLIENT12_TICKET_RESUMED",
    "CLIENT12_CCS_RESUMED",
    "CLIENT12_FINISHED_RESUMED",
    "CONNECTED",
    "CONNECTED12",
    "CLOSED",
    "FAILED",
};

enum { IDLE_MAX = 32 };
enum {
    NO = 0,
    UNEXPECTED = 10,
    BAD_HANDSHAKE = 40,
    UNKNOWN_CERTIFICATE = 46,
    ILLEGAL = 47,
    UNDECODABLE = 50,
    DECRYPT = 51,
    PROTOCOL_VERSION = 70,
    FELL_BACK = 86,
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
#include "edges.def"
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
        "HELLO13",
        "HELLO_BOTH",
        "HELLO_PSK",
        "HELLO_EARLY",
        "HELLO_KEY",
        "HELLO_BAD_KEY",
        "HELLO12",
        "HELLO_FALLBACK",
        "HELLO_TICKET",
        "SERVER13",
        "SERVER_PSK",
        "SERVER_KEY",
        "SERVER12",
        "SERVER12_MARKED",
        "SERVER12_STATUS",
        "SERVER_TICKET",
        "SERVER_RENEWS",
        "RETRY",
        "EXTENSIONS",
        "EXTENSIONS_EARLY",
        "REQUEST",
        "CERTIFICATE",
        "NO_CERTIFICATE",
        "COMPRESSED",
        "VERIFY",
        "BAD_VERIFY",
        "FINISHED",
        "BAD_FINISHED",
        "END_OF_EARLY_DATA",
        "KEY_UPDATE",
        "KEY_UPDATE_ASK",
        "NEW_TICKET",
        "SERVER_KX",
        "HELLO_DONE",
        "CLIENT_KX",
        "STATUS",
        "HELLO_REQUEST",
        "UNKNOWN",
        "CCS",
        "DATA",
        "CLOSE",
        "CANCELED",
        "WARNING",
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

/* Tickets that are due.  TLS 1.3: two after a full handshake, one after a
 * resumption.  TLS 1.2: one, if the hello knows tickets (RFC 5077 3.2). */
static unsigned tickets(const struct model *m)
{
    if (!(m->is & REMEMBERS))
        return 0;
    if (is_tls12(m))
        return m->hello == SAY_HELLO_TICKET || m->hello == SAY_HELLO_BOTH;
    return m->as == SAY_HELLO13 || m->as == SAY_HELLO_KEY ? 2 : 1;
}

/* Words in brackets are said if they are due. */
static void speak_one(struct model *m, struct verdict *v, const char *word)
{
    if (!strcmp(word, "(NST)")) {
        for (unsigned i = tickets(m); i; i--)
            speak(v, "NST");
    } else if (!strcmp(word, "(CCS)")) {
        if (!m->ccs_spoken)
            speak(v, "CCS");
        m->ccs_spoken = true;
    } else if (!strcmp(word, "(CS)")) {
        if (m->is & STAPLES)
            speak(v, "CS");
    } else if (!strcmp(word, "(SKE)")) {
        if (!(m->is & RSA))
            speak(v, "SKE");
    } else if (!strcmp(word, "SH") && is_tls12(m) && m->is & KNOWS13) {
        speak(v, "SHM"); /* RFC 8446 4.1.3: marked */
    } else if (!strcmp(word, "CERT") && m->is & PACKS && m->is & IS_SERVER) {
        speak(v, "CCERT"); /* RFC 8879 4 */
    } else {
        speak(v, word);
    }
}

static void speak_all(struct model *m, struct verdict *v, const char *words)
{
    char copy[SPOKEN_MAX], *rest = copy, *word;

    snprintf(copy, sizeof(copy), "%s", words);
    while ((word = strtok_r(rest, " ", &rest)))
        speak_one(m, v, word);
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

/* What moves nothing may come as often as it likes, by the RFCs; but who sends
 * nothing else is an attack, and this endpoint has had enough after so many in a
 * row (RFC 8446 D.4 leaves it open). */
static bool has_enough(struct model *m, struct verdict *v)
{
    if (++m->idle <= IDLE_MAX)
        return false;
    fail(m, v, UNEXPECTED);
    return true;
}

/* RFC 8446 6, RFC 5246 7.2: to close is an error before the end; warnings are
 * known to TLS 1.2 only. */
static void hear_alert(struct model *m, enum say say, struct verdict *v)
{
    bool mild = is_tls12(m) ||
                (is_unsettled(m) && m->is & (KNOWS12 | SWITCHES));

    if (say == SAY_CANCELED || (say == SAY_WARNING && mild)) {
        has_enough(m, v);
        return;
    }
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
    else
        has_enough(m, v);
}

/* What a hello means to a server like this one. */
static enum say meaning(const struct model *m, enum say say)
{
    if (say == SAY_HELLO_BOTH) /* RFC 8446 4.2.1 */
        return m->is & KNOWS13 ? SAY_HELLO13 : SAY_HELLO12;
    if (say == SAY_HELLO_FALLBACK && !(m->is & (KNOWS13 | SWITCHES)))
        return SAY_HELLO12;
    /* Tickets that nobody can open might as well not be there, and a key is no
     * certificate. */
    if (m->is & LOSES && (say == SAY_HELLO_PSK || say == SAY_HELLO_EARLY))
        return SAY_HELLO13;
    if (m->is & LOSES && say == SAY_HELLO_TICKET)
        return SAY_HELLO12;
    if (m->is & REQUIRES && (say == SAY_HELLO_KEY || say == SAY_HELLO_BAD_KEY))
        return SAY_HELLO13;
    return say;
}

/* RFC 8446 4.1.2: the second hello is the first, but for what was asked; a key
 * that is not taken may be left out, and none may come up. */
static bool is_other_hello(const struct model *m, enum say say)
{
    if (m->at != START_AGAIN || say > SAY_HELLO_BAD_KEY)
        return false;
    if ((say == SAY_HELLO_BOTH) != (m->hello == SAY_HELLO_BOTH))
        return true;
    return m->hello == SAY_HELLO13 && say != SAY_HELLO13;
}

/* RFC 8446 4.2.10: only who announced early data may have some under way, and
 * until it has said something else. */
static bool is_skipped(const struct model *m, enum say say)
{
    return m->at == START_AGAIN && say == SAY_DATA && m->skips;
}

/* Whoever says hello again is told that there is no renegotiation. */
static bool is_renegotiation(const struct model *m, enum say say)
{
    return m->at == CONNECTED12 && m->is & IS_SERVER && say <= SAY_HELLO_TICKET;
}

static const struct edge *find(const struct model *m, enum say say)
{
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        if (edges[i].at == m->at && edges[i].say == say &&
            (m->is & edges[i].is) == edges[i].is && !(m->is & edges[i].is_not))
            return &edges[i];
    return NULL;
}

/* The keys under which the peer speaks at that place (RFC 8446 A; RFC 5246
 * 7.1). */
static unsigned epoch(unsigned at)
{
    enum { PLAIN, EARLY_DATA, HANDSHAKE, TRAFFIC };

    switch (at) {
    case WAIT_EOED: return EARLY_DATA;
    case WAIT_CERT:
    case WAIT_CV:
    case WAIT_FINISHED: return HANDSHAKE;
    case WAIT12_FINISHED:
    case WAIT12_FINISHED_RESUMED:
    case CLIENT12_FINISHED:
    case CLIENT12_FINISHED_RESUMED:
    case CONNECTED:
    case CONNECTED12: return TRAFFIC;
    default:
        return at >= WAIT_EE && at <= WAIT_SERVER_FINISHED_EARLY ? HANDSHAKE
                                                                 : PLAIN;
    }
}

static void follow(struct model *m, enum say say, const struct edge *e,
                   struct verdict *v)
{
    if (say <= SAY_HELLO_TICKET) {
        m->hello = say;
        m->as = meaning(m, say);
    }
    if (e->to == FAILED) {
        fail(m, v, e->alert);
        return;
    }
    if (!m->ready)
        m->idle = 0;
    else if (has_enough(m, v))
        return;
    m->skips = m->at == START && say == SAY_HELLO_EARLY && e->to != WAIT_EOED;
    m->keyed = epoch(m->at) != epoch(e->to) || say == SAY_KEY_UPDATE ||
               say == SAY_KEY_UPDATE_ASK;
    v->keyed = m->keyed;
    m->at = e->to;
    if (m->at == WAIT_SH_AGAIN)
        m->is &= ~(unsigned)EARLY; /* RFC 8446 4.1.2: none in the second */
    speak_all(m, v, e->spoken);
    if (!m->ready && (m->at == CONNECTED || m->at == CONNECTED12))
        m->ready = true;
}

void model_hear(struct model *m, enum say say, struct verdict *out)
{
    enum say as = meaning(m, say);
    const struct edge *e = find(m, as);

    memset(out, 0, sizeof(*out));
    out->ready = m->ready;
    if (m->over) {
        out->failed = m->at == FAILED;
        out->closed = m->at == CLOSED;
    } else if (say >= SAY_CLOSE) {
        hear_alert(m, say, out);
    } else if (say == SAY_DATA && m->ready) {
        out->data = true;
        m->idle = 0;
    } else if (say == SAY_DATA && m->at == WAIT_EOED) {
        out->early = true;
        m->idle = 0;
    } else if (is_skipped(m, say)) {
        out->ready = false; /* RFC 8446 4.2.10 */
    } else if (is_other_hello(m, say)) {
        fail(m, out, ILLEGAL);
    } else if (is_renegotiation(m, say)) {
        fail(m, out, NO_RENEGOTIATION);
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
    m->hello = m->as = SAYS;
    m->at = m->is & IS_SERVER ? START : WAIT_SH;
    if (!(m->is & IS_SERVER))
        speak_all(m, first, m->is & EARLY ? "CH (CCS)" : "CH"); /* D.4 */
}
