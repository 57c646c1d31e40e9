/* serve_fault.c - servers that misbehave on purpose: what `handfast get` and
 * every other client should tell clearly.
 *
 * Wrong certificates are made by issue.c (broken.def); here are those that are
 * wrong in what they say, or stay silent. */
#include "serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
    const char *word;
    enum serve_fault fault;
    const char *text;
} faults[] = {
    { "hrr", FAULT_RETRY, "asks for another key share, if it can" },
    { "truncate", FAULT_TRUNCATE,
      "cuts the answer in its middle and says no close_notify" },
    { "silence", FAULT_SILENCE, "accepts and never says a word" },
    { "drop", FAULT_DROP, "is gone in the middle of the handshake" },
    { "garble", FAULT_GARBLE, "flips a bit of the handshake on its way" },
    { "http", FAULT_HTTP, "speaks plain HTTP" },
    { "tls10", FAULT_OLD, "speaks TLS 1.0 and nothing newer" },
};

/* Our own library refuses to load some: of those `ca issue --broken` makes
 * files, for other servers.  A throw-away authority has no record of the
 * revoked. */
static bool can_be_served(enum issue_broken broken)
{
    return broken != ISSUE_WRONG_KEY && broken != ISSUE_WEAK_KEY &&
           broken != ISSUE_VERSION && broken != ISSUE_ODD_KEY &&
           broken != ISSUE_TWICE && broken != ISSUE_REVOKED;
}

bool fault_read(const char *word, enum serve_fault *fault,
                enum issue_broken *broken)
{
    for (size_t i = 0; i < HF_COUNT(faults); i++) {
        if (strcmp(faults[i].word, word) == 0) {
            *fault = faults[i].fault;
            return true;
        }
    }
    *broken = issue_broken_by_name(word);
    return *broken != ISSUE_SOUND && can_be_served(*broken);
}

void fault_list(FILE *to)
{
    for (size_t i = 0; i < HF_COUNT(faults); i++)
        fprintf(to, "  %-21s %s\n", faults[i].word, lang(faults[i].text));
    for (unsigned i = ISSUE_SOUND + 1; i < ISSUE_BROKEN_KINDS; i++) {
        const struct broken_row *row = issue_broken_row((enum issue_broken)i);

        if (can_be_served((enum issue_broken)i))
            fprintf(to, lang("  %-21s certificate: %s\n"), row->name,
                    lang(row->text));
    }
}

bool fault_is_raw(enum serve_fault fault)
{
    return fault == FAULT_SILENCE || fault == FAULT_DROP ||
           fault == FAULT_GARBLE || fault == FAULT_HTTP || fault == FAULT_OLD;
}

/* ---- without TLS ---------------------------------------------------------------- */

static const char plain_http[] =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
    "Connection: close\r\n\r\nThis port speaks plain HTTP.\n";

/* A ServerHello of TLS 1.0: TLS_RSA_WITH_AES_128_CBC_SHA, no compression. */
enum { OLD_HELLO = 47 };
static void old_hello(uint8_t out[OLD_HELLO])
{
    static const uint8_t front[] = { 22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1 };
    static const uint8_t back[] = { 0, 0x00, 0x2f, 0 };

    memcpy(out, front, sizeof(front));
    memset(out + sizeof(front), 0x42, 32); /* its random */
    memcpy(out + sizeof(front) + 32, back, sizeof(back));
}

static void say(struct visit *v, const void *bytes, size_t len)
{
    ssize_t n = send(v->fd, bytes, len, MSG_NOSIGNAL);

    if (n < 0)
        v->state = VISIT_OVER;
    else
        pcap_link_tap(v->link, true, hf_span(bytes, (size_t)n));
}

/* Everything that was said stays readable for the peer. */
static void leave(struct visit *v, const char *what)
{
    log_note(v, what);
    if (v->state == VISIT_OVER)
        return;
    shutdown(v->fd, SHUT_WR);
    v->state = VISIT_LINGER;
    v->wants = POLLIN;
    v->again = true;
    v->deadline = clock_ms() + GOODBYE_MS;
}

/* ---- a handshake that goes wrong -------------------------------------------------- */

/* Give an engine without a stream the bytes that came; what it cannot use yet
 * is kept in v->in.  True: it has something to say. */
static bool make_flight(struct visit *v, size_t got)
{
    struct hf_span data;
    size_t used = 0;
    uint8_t *more = realloc(v->in, v->in_len + got);

    if (!v->raw)
        v->raw = hf_conn_new(v->serve->config, HF_SERVER, NULL);
    if (more)
        v->in = more;
    if (!v->raw || !more || v->in_len + got > SCRATCH) {
        v->state = VISIT_OVER;
        return false;
    }
    memcpy(v->in + v->in_len, v->serve->scratch, got);
    v->in_len += got;
    (void)hf_conn_receive(v->raw, v->in, v->in_len, &used, &data);
    memmove(v->in, v->in + used, v->in_len - used);
    v->in_len -= used;
    return hf_conn_outgoing(v->raw).len > 0;
}

static void send_bad_flight(struct visit *v)
{
    struct hf_span out = hf_conn_outgoing(v->raw);
    size_t len = out.len < SCRATCH ? out.len : SCRATCH;

    if (v->serve->fault == FAULT_DROP) {
        say(v, out.at, len / 2);
        leave(v, "dropped on purpose, in the middle of the handshake");
        return;
    }
    memcpy(v->serve->scratch, out.at, len);
    v->serve->scratch[len - 1] ^= 1; /* in the tag of the last record */
    say(v, v->serve->scratch, len);
    leave(v, "garbled on purpose");
}

void fault_run(struct visit *v)
{
    uint8_t hello[OLD_HELLO];
    ssize_t n = recv(v->fd, v->serve->scratch, SCRATCH, MSG_DONTWAIT);

    v->wants = POLLIN;
    if (n >= 0)
        pcap_link_tap(v->link, false, hf_span(v->serve->scratch, (size_t)n));
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n <= 0) {
        log_note(v, "the client left");
        v->state = VISIT_OVER;
        return;
    }
    switch (v->serve->fault) {
    case FAULT_HTTP:
        say(v, plain_http, sizeof(plain_http) - 1);
        leave(v, "answered in plain HTTP on purpose");
        break;
    case FAULT_OLD:
        old_hello(hello);
        say(v, hello, sizeof(hello));
        leave(v, "answered with TLS 1.0 on purpose");
        break;
    case FAULT_DROP:
    case FAULT_GARBLE:
        if (make_flight(v, (size_t)n))
            send_bad_flight(v);
        break;
    case FAULT_SILENCE: /* what comes is read and not answered */
    case FAULT_NONE:
    case FAULT_RETRY:
    case FAULT_TRUNCATE: break;
    }
}
