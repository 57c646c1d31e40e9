/* link.c - a TLS connection with deadlines: every call either moves bytes or
 * waits in one place, which knows how long it may.
 */
#include "client.h"

#include "engine/conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Wait for what @want says.  False: the time is up. */
static bool wait_for(const struct hf_tls *tls, ssize_t want, deadline end)
{
    struct pollfd p = { .fd = hf_tls_fd(tls),
                        .events = want == HF_WANT_POLLIN ? POLLIN : POLLOUT };
    int n;
    while ((n = poll(&p, 1, deadline_left(end))) < 0 && errno == EINTR)
        ;
    return n != 0;
}

static bool wants(ssize_t result)
{
    return result == HF_WANT_POLLIN || result == HF_WANT_POLLOUT;
}

/* With -k: note our own verdict and go on. */
static void answer(struct hf_tls *tls, struct story *story)
{
    struct hf_conn *conn = hf_tls_conn(tls);
    struct hf_question question = hf_conn_question(conn);
    struct hf_answer yes = { .accept = true };
    if (question.kind == HF_ASK_VERIFY)
        story->verdict = question.code;
    if (!hf_conn_answer(conn, &yes))
        story_note(story, "  the answer was not taken");
}

static bool handshake(struct hf_tls *tls, deadline end, struct story *story,
                      struct failure *f)
{
    double began = clock_ms();
    for (;;) {
        int result = hf_handshake(tls);
        story_release(story);
        if (result == 0)
            return true;
        if (result == HF_WANT_ANSWER) {
            answer(tls, story);
            continue;
        }
        if (!wants(result))
            return fail_error(f, hf_tls_error(tls), false);
        if (!wait_for(tls, result, end))
            return fail_with(f, FAIL_HANDSHAKE_TIME,
                             "no %sanswer in %.1f s after our ClientHello",
                             hf_conn_version(hf_tls_conn(tls)) ? "further "
                                                               : "",
                             (clock_ms() - began) / 1e3);
    }
}

/* As much of it as a session allows goes with the hello. */
static void send_early(struct hf_tls *tls, struct early *early)
{
    ssize_t n = hf_write_early(tls, early->data.at, early->data.len);
    early->taken = n > 0 ? (size_t)n : 0;
}

static void early_answered(struct hf_tls *tls, struct early *early,
                           struct story *story)
{
    switch (hf_conn_early(hf_tls_conn(tls))) {
    case HF_EARLY_ACCEPTED:
        story_note(story, "  %zu bytes went as early data", early->taken);
        return;
    case HF_EARLY_REJECTED:
        story_note(story, "  early data was rejected: it is sent again");
        break;
    case HF_EARLY_OFFERED:
    case HF_EARLY_NONE:
    default: story_note(story, "  no session allows early data"); break;
    }
    early->taken = 0;
}

bool link_confirm(struct hf_tls *tls, deadline end, struct story *story,
                  struct failure *f)
{
    int result;
    do {
        result = hf_confirm(tls, 0);
        story_release(story);
    } while (wants(result) && wait_for(tls, result, end));
    return result != HF_TLS_ERROR || fail_error(f, hf_tls_error(tls), false);
}

/* One of "sha256//a;sha256//b" must be the key's. */
static bool check_pin(const struct client *client, const struct hf_conn *conn,
                      struct failure *f)
{
    char pin[PIN_MAX];
    if (!client->pin)
        return true;
    if (!pin_text(hf_conn_peer_certificate(conn, 0), pin))
        return fail_with(f, FAIL_PIN, "the peer's certificate has no key");
    if (word_among(pin, strlen(pin), client->pin, ';'))
        return true;
    return fail_with(f, FAIL_PIN, "the peer's key is %s, wanted %.160s", pin,
                     client->pin);
}

/* Curl's number for it: a response was wanted, and there was none. */
static void note_missing_response(const struct client *client,
                                  struct failure *f)
{
    if (client->revoking.status && !client->revoking.crl_file &&
        f->error.code == HF_E_NO_STATUS)
        f->exit = HF_EXIT_STAPLE;
}

struct hf_tls *client_open(const struct client *client,
                           struct hf_config *config, int fd, const char *host,
                           deadline end, struct story *story, bool *ok,
                           struct failure *f)
{
    struct hf_tls *tls = hf_client_fds(config, fd, fd, host);
    *ok = false;
    if (!tls) {
        fail_with(f, FAIL_MEMORY, "%s", "");
        return NULL;
    }
    hf_tls_own_fd(tls);
    hf_tls_set_deadline(tls, 0); /* ours is in wait_for() */
    if (client->sni &&
        !hf_conn_set_sni(hf_tls_conn(tls), *client->sni ? client->sni : NULL))
        fail_error(f, hf_conn_error(hf_tls_conn(tls)), false);
    if (client->label &&
        !hf_conn_set_session_label(hf_tls_conn(tls), client->label))
        fail_error(f, hf_conn_error(hf_tls_conn(tls)), false);
    if (story->link)
        hf_tls_set_tap(tls, pcap_link_tap, story->link);
    story->conn = hf_tls_conn(tls);
    if (!f->code && client->early)
        send_early(tls, client->early);
    *ok = !f->code && handshake(tls, end, story, f);
    story->conn = NULL;
    note_missing_response(client, f);
    if (*ok) {
        story_agreed(story, hf_tls_conn(tls));
        if (client->early)
            early_answered(tls, client->early, story);
        *ok = check_pin(client, hf_tls_conn(tls), f);
    }
    return tls;
}

struct hf_tried_tree *link_take_tried(struct hf_tls *tls)
{
    struct hf_conn *conn = tls ? hf_tls_conn(tls) : NULL;
    struct hf_tried_tree *tried = conn ? conn->session.tried : NULL;
    if (tried)
        conn->session.tried = NULL;
    return tried;
}

ssize_t link_read(struct hf_tls *tls, void *room, size_t cap, deadline end,
                  struct failure *f)
{
    for (;;) {
        ssize_t n = hf_read(tls, room, cap);
        if (n >= 0)
            return n;
        if (!wants(n)) {
            fail_error(f, hf_tls_error(tls), true);
            return -1;
        }
        if (!wait_for(tls, n, end)) {
            fail_with(f, FAIL_IDLE, "the server stopped in the middle");
            return -1;
        }
    }
}

bool link_write(struct hf_tls *tls, const void *bytes, size_t len, deadline end,
                struct failure *f)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = hf_write(tls, at, len);
        if (n >= 0) {
            at += n;
            len -= (size_t)n;
        } else if (!wants(n)) {
            return fail_error(f, hf_tls_error(tls), true);
        } else if (!wait_for(tls, n, end)) {
            return fail_with(f, FAIL_IDLE, "the server does not take our data");
        }
    }
    return true;
}

void link_close(struct hf_tls *tls)
{
    if (hf_close(tls) == HF_WANT_POLLOUT)
        (void)wait_for(tls, HF_WANT_POLLOUT, deadline_in(200));
}

/* RFC 5246 7.2.1: who closes first need not wait for the other's close_notify,
 * so not for long; and what else comes is of no interest any more. */
void link_hear_goodbye(struct hf_tls *tls)
{
    enum { GOODBYE_MS = 100, READS = 64 };
    deadline end = deadline_in(GOODBYE_MS);
    uint8_t room[4096];

    for (unsigned i = 0; i < READS; i++) {
        ssize_t n = hf_read(tls, room, sizeof room);
        if (n == 0 || (n < 0 && (!wants(n) || !wait_for(tls, n, end))))
            return;
    }
}

void link_hear_ticket(struct hf_tls *tls, const struct sessions *sessions)
{
    enum { TICKET_MS = 300 };
    deadline end = deadline_in(TICKET_MS);
    uint8_t room[4096];

    while (!sessions_count(sessions)) {
        ssize_t n = hf_read(tls, room, sizeof room);
        if (n == 0 || (n < 0 && !wants(n)) || sessions_count(sessions) ||
            (n < 0 && !wait_for(tls, n, end)) || deadline_left(end) == 0)
            return;
    }
}
