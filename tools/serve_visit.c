/* serve_visit.c - one client, from the first byte to the last.
 *
 *     HANDSHAKE -> REQUEST -> (SURE ->) (BODY ->) ANSWER -> REQUEST ...
 *               -> ECHO
 *               -> GOODBYE -> LINGER -> OVER
 *
 * Nothing waits: a step either goes on, or says what the descriptor has to be
 * polled for and until when. */
#include "serve.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STEPS_AT_ONCE = 64 };

/* ---- from the cradle to the grave --------------------------------------------- */

static void watch(void *ctx, const struct hf_event *event)
{
    struct visit *v = ctx;

    recall_event(&v->recall, event);
    if (v->story)
        story_watch(v->story, event);
}

static bool begin_tls(struct visit *v)
{
    struct serve *s = v->serve;
    bool good;

    v->link = pcap_link_new(s->pcap, v->fd, false, 0);
    if (fault_is_raw(s->fault)) {
        v->state = VISIT_RAW;
        v->wants = POLLIN;
        return true;
    }
    v->tls = hf_accept(s->config, v->fd);
    if (!v->tls)
        return false;
    if (v->link)
        hf_tls_set_tap(v->tls, pcap_link_tap, v->link);
    if (s->tool->verbose) {
        v->story = calloc(1, sizeof(*v->story));
        if (v->story)
            story_start(v->story, s->tool, s->name);
    }
    good = hf_conn_set_watch(hf_tls_conn(v->tls), watch, v, false);
    v->state = VISIT_HANDSHAKE;
    return good;
}

struct visit *visit_new(struct serve *s, int fd, const char *peer)
{
    struct visit *v = calloc(1, sizeof(*v));

    if (!v)
        return NULL;
    v->serve = s;
    v->fd = fd;
    v->answer.file = -1;
    v->began = clock_ms();
    v->deadline = v->began + HANDSHAKE_MS;
    snprintf(v->peer, sizeof(v->peer), "%s", peer);
    if (begin_tls(v))
        return v;
    v->fd = -1; /* the caller's still */
    visit_free(v);
    return NULL;
}

void visit_free(struct visit *v)
{
    if (!v)
        return;
    hf_tls_free(v->tls);
    pcap_link_free(v->link);
    hf_conn_free(v->raw);
    recall_wipe(&v->recall);
    answer_wipe(&v->answer);
    EVP_MD_CTX_free(v->digest);
    free(v->story);
    hf_buffer_wipe(&v->echo);
    free(v->in);
    if (v->fd >= 0)
        close(v->fd);
    free(v);
}

/* ---- steps ----------------------------------------------------------------------- */

/* What hf_handshake, hf_read, hf_write and hf_close have in common: true if
 * the call has to be made again later. */
static bool waits(struct visit *v, ssize_t result)
{
    if (result != HF_WANT_POLLIN && result != HF_WANT_POLLOUT)
        return false;
    v->wants = result == HF_WANT_POLLIN ? POLLIN : POLLOUT;
    return true;
}

static void over(struct visit *v)
{
    v->state = VISIT_OVER;
}

static void linger(struct visit *v)
{
    shutdown(v->fd, SHUT_WR);
    v->state = VISIT_LINGER;
}

static void say_goodbye(struct visit *v)
{
    v->deadline = clock_ms() + (v->serve->stopping ? HURRY_MS : GOODBYE_MS);
    v->state = VISIT_GOODBYE;
    if (v->serve->fault == FAULT_TRUNCATE)
        linger(v); /* without a word */
}

static void broke(struct visit *v)
{
    const struct hf_error *error = hf_tls_error(v->tls);

    /* Who leaves without close_notify between two requests does no harm. */
    if (error->code != HF_E_CUT || v->in_len || v->state != VISIT_REQUEST)
        log_refusal(v, error);
    else if (!v->logged)
        log_note(v, "no request");
    over(v);
}

/* @n bytes of scratch join v->in, which has room for a request's head. */
static bool keep(struct visit *v, size_t n)
{
    if (n > REQUEST_MAX - v->in_len)
        return false;
    if (v->in_len + n > v->in_room) {
        uint8_t *more = realloc(v->in, REQUEST_MAX);

        if (!more)
            return false;
        v->in = more;
        v->in_room = REQUEST_MAX;
    }
    memcpy(v->in + v->in_len, v->serve->scratch, n);
    v->in_len += n;
    return true;
}

/* Bytes from the peer, early ones first; and as hf_read(). */
static ssize_t read_peer(struct visit *v, size_t most)
{
    ssize_t n;

    if (!v->early_over) {
        n = hf_read_early(v->tls, v->serve->scratch, most);
        if (n > 0)
            v->early += (size_t)n;
        if (n)
            return n;
        v->early_over = true;
    }
    return hf_read(v->tls, v->serve->scratch, most);
}

/* Until the handshake is over, or early data waits to be read: 0. */
static int shake(struct visit *v)
{
    ssize_t n;

    if (!v->serve->words->early_data)
        return hf_handshake(v->tls);
    n = hf_read_early(v->tls, v->serve->scratch, EARLY_MOST);
    v->early_over = n == 0;
    if (n <= 0)
        return n ? (int)n : hf_handshake(v->tls);
    v->early = (size_t)n;
    return keep(v, (size_t)n) ? 0 : HF_TLS_ERROR;
}

static bool step_handshake(struct visit *v)
{
    int result = shake(v);

    if (waits(v, result))
        return false;
    if (result < 0) {
        log_refusal(v, hf_tls_error(v->tls));
        over(v);
        return false;
    }
    v->ready = clock_ms();
    v->good = true;
    v->state = v->serve->words->echo ? VISIT_ECHO : VISIT_REQUEST;
    v->deadline = v->ready + (v->serve->words->echo ? IDLE_MS : REQUEST_MS);
    return true;
}

/* More bytes from the peer into v->in, at most @most of them in all. */
static ssize_t receive(struct visit *v, size_t most)
{
    size_t want = most - v->in_len;
    ssize_t n = read_peer(v, want < SCRATCH ? want : SCRATCH);

    if (n > 0 && !keep(v, (size_t)n))
        return HF_TLS_ERROR;
    return n;
}

static void begin_answer(struct visit *v)
{
    v->state = VISIT_ANSWER;
    v->deadline = clock_ms() + IDLE_MS;
    v->requests++;
    answer_make(v);
}

static void take_request(struct visit *v)
{
    struct request *r = &v->request;

    v->posted = 0;
    /* RFC 8470 5.2: a copy of a GET does no harm, of anything else it may. */
    if (!hf_conn_ready(hf_tls_conn(v->tls)) && strcmp(r->method, "GET") != 0 &&
        !r->head) {
        v->state = VISIT_SURE;
        return;
    }
    if (r->fault || !r->length) {
        begin_answer(v);
        return;
    }
    EVP_MD_CTX_free(v->digest);
    v->digest = EVP_MD_CTX_new();
    if (!v->digest || EVP_DigestInit_ex(v->digest, EVP_sha256(), NULL) != 1) {
        over(v);
        return;
    }
    v->state = VISIT_BODY;
    v->deadline = clock_ms() + IDLE_MS;
}

static bool step_request(struct visit *v)
{
    ssize_t n;

    if (request_read(v)) {
        take_request(v);
        return true;
    }
    n = receive(v, REQUEST_MAX);
    if (waits(v, n))
        return false;
    if (n > 0)
        return true;
    if (n < 0) {
        broke(v);
        return false;
    }
    if (!v->logged)
        log_note(v, "no request");
    say_goodbye(v);
    return true;
}

static bool step_sure(struct visit *v)
{
    int result = hf_handshake(v->tls);

    if (waits(v, result))
        return false;
    if (result < 0) {
        broke(v);
        return false;
    }
    take_request(v);
    return true;
}

static void digest_body(struct visit *v, const uint8_t *bytes, size_t len)
{
    if (EVP_DigestUpdate(v->digest, bytes, len) != 1)
        over(v);
    v->posted += len;
    v->deadline = clock_ms() + IDLE_MS;
    if (v->posted == v->request.length)
        begin_answer(v);
}

static bool step_body(struct visit *v)
{
    struct serve *s = v->serve;
    uint64_t left = v->request.length - v->posted;
    size_t most = left < SCRATCH ? (size_t)left : SCRATCH;
    ssize_t n;

    if (v->in_len) { /* what came along with the head */
        size_t take = v->in_len < most ? v->in_len : most;

        digest_body(v, v->in, take);
        memmove(v->in, v->in + take, v->in_len - take);
        v->in_len -= take;
        return true;
    }
    n = read_peer(v, most);
    if (waits(v, n))
        return false;
    if (n <= 0) {
        if (n < 0)
            broke(v);
        else
            say_goodbye(v);
        return n == 0;
    }
    digest_body(v, s->scratch, (size_t)n);
    return true;
}

/* The next bytes of the answer, in memory; none are left: an empty span. */
static struct hf_span rest_of_answer(struct visit *v)
{
    struct answer *a = &v->answer;
    uint64_t body = a->done > a->head_len ? a->done - a->head_len : 0;
    uint64_t left = a->size - body;
    size_t most = left < SCRATCH ? (size_t)left : SCRATCH;
    ssize_t n;

    if (a->done < a->head_len)
        return hf_span(a->head + a->done, a->head_len - (size_t)a->done);
    if (v->request.head || !left)
        return hf_span(NULL, 0);
    if (a->file < 0)
        return hf_span(a->body + body, (size_t)left);
    n = pread(a->file, v->serve->scratch, most, (off_t)body);
    if (n <= 0) { /* the file has become shorter */
        over(v);
        return hf_span(NULL, 0);
    }
    return hf_span(v->serve->scratch, (size_t)n);
}

static void end_answer(struct visit *v)
{
    bool close = v->answer.close || v->serve->fault == FAULT_TRUNCATE;

    log_request(v);
    answer_wipe(&v->answer);
    if (close) {
        say_goodbye(v);
    } else {
        v->state = VISIT_REQUEST;
        v->deadline = clock_ms() + IDLE_MS;
    }
}

/* An answer that breaks off in its middle. */
static bool is_cut(const struct visit *v)
{
    const struct answer *a = &v->answer;

    return v->serve->fault == FAULT_TRUNCATE &&
           a->done >= a->head_len + a->size / 2;
}

static bool step_answer(struct visit *v)
{
    struct hf_span bytes = rest_of_answer(v);
    ssize_t n;

    if (v->state != VISIT_ANSWER)
        return false;
    if (v->serve->fault == FAULT_TRUNCATE &&
        v->answer.done >= v->answer.head_len && bytes.len > v->answer.size / 2)
        bytes.len = (size_t)(v->answer.size / 2);
    if (!bytes.len || is_cut(v)) {
        /* with no bytes: let go what is sealed and not yet sent */
        n = hf_write(v->tls, "", 0);
        if (waits(v, n))
            return false;
        if (n < 0) {
            broke(v);
            return false;
        }
        end_answer(v);
        return true;
    }
    n = hf_write(v->tls, bytes.at, bytes.len);
    if (waits(v, n))
        return false;
    if (n < 0) {
        broke(v);
        return false;
    }
    v->answer.done += (uint64_t)n;
    v->deadline = clock_ms() + IDLE_MS;
    return true;
}

/* Give back what there is.  HF_WANT_x: later; 0: there is nothing. */
static ssize_t echo_write(struct visit *v)
{
    struct hf_span bytes = hf_buffer_bytes(&v->echo);
    ssize_t n = bytes.len ? hf_write(v->tls, bytes.at, bytes.len) : 0;

    if (n > 0) {
        hf_buffer_drop(&v->echo, (size_t)n);
        v->posted += (uint64_t)n;
    }
    return n;
}

static ssize_t echo_read(struct visit *v)
{
    ssize_t n = v->in_len ? (ssize_t)v->in_len : read_peer(v, SCRATCH);

    if (v->in_len) { /* what came early */
        memcpy(v->serve->scratch, v->in, v->in_len);
        v->in_len = 0;
    }
    if (n > 0 &&
        !hf_buffer_add(&v->echo, hf_span(v->serve->scratch, (size_t)n)))
        return HF_TLS_ERROR;
    return n;
}

/* What comes goes back.  A client that only writes and does not read yet is
 * read on all the same, up to a limit, or both would wait for ever. */
static bool step_echo(struct visit *v)
{
    ssize_t wrote = echo_write(v), got = HF_WANT_POLLIN;
    bool full = hf_buffer_bytes(&v->echo).len >= ECHO_MAX;

    if (wrote != HF_TLS_ERROR && !full && !v->ended)
        got = echo_read(v);
    if (wrote == HF_TLS_ERROR || got == HF_TLS_ERROR) {
        broke(v);
        return false;
    }
    v->ended |= got == 0;
    if (wrote > 0 || got > 0)
        v->deadline = clock_ms() + IDLE_MS;
    if (v->ended && !hf_buffer_bytes(&v->echo).len) {
        log_note(v, "echo");
        say_goodbye(v);
        return true;
    }
    v->wants = full || v->ended ? 0 : POLLIN;
    if (hf_buffer_bytes(&v->echo).len)
        v->wants |= POLLOUT;
    return wrote > 0 || got > 0;
}

static bool step_goodbye(struct visit *v)
{
    bool ready = hf_conn_ready(hf_tls_conn(v->tls)); /* else answered early */
    int result = ready ? 0 : hf_handshake(v->tls);

    if (!result)
        result = hf_close(v->tls);
    if (waits(v, result))
        return false;
    if (result < 0) {
        over(v);
        return false;
    }
    linger(v);
    return true;
}

/* Closing with bytes unread would reset the connection, and the peer might
 * lose what it has not read yet. */
static bool step_linger(struct visit *v)
{
    ssize_t n = recv(v->fd, v->serve->scratch, SCRATCH, MSG_DONTWAIT);

    if (n >= 0)
        pcap_link_tap(v->link, false, hf_span(v->serve->scratch, (size_t)n));
    if (n > 0)
        return true;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        v->wants = POLLIN;
        return false;
    }
    over(v);
    return false;
}

static bool step(struct visit *v)
{
    switch (v->state) {
    case VISIT_RAW: fault_run(v); return false;
    case VISIT_HANDSHAKE: return step_handshake(v);
    case VISIT_REQUEST: return step_request(v);
    case VISIT_SURE: return step_sure(v);
    case VISIT_BODY: return step_body(v);
    case VISIT_ANSWER: return step_answer(v);
    case VISIT_ECHO: return step_echo(v);
    case VISIT_GOODBYE: return step_goodbye(v);
    case VISIT_LINGER: return step_linger(v);
    case VISIT_OVER: break;
    }
    return false;
}

void visit_run(struct visit *v)
{
    unsigned steps = 0;

    v->again = false;
    while (!v->again && step(v))
        v->again = ++steps == STEPS_AT_ONCE; /* others want to be served too */
    pcap_link_flush(v->link);
}

/* ---- endings --------------------------------------------------------------------------- */

void visit_late(struct visit *v)
{
    if (v->state == VISIT_HANDSHAKE)
        log_note(v, "gave up: no handshake within 10 seconds");
    else if (v->state == VISIT_ANSWER || v->state == VISIT_BODY ||
             v->state == VISIT_ECHO)
        log_note(v, "gave up: nothing moved for 30 seconds");
    else if (v->state == VISIT_REQUEST && !v->logged)
        log_note(v, "gave up: no request within 10 seconds");
    if (v->state == VISIT_REQUEST)
        say_goodbye(v);
    else
        over(v);
}

void visit_stop(struct visit *v)
{
    if (v->state == VISIT_REQUEST || v->state == VISIT_ECHO)
        say_goodbye(v);
    else if (v->state == VISIT_HANDSHAKE || v->state == VISIT_RAW)
        over(v);
    else if (v->state == VISIT_GOODBYE || v->state == VISIT_LINGER)
        v->deadline = clock_ms() + HURRY_MS;
    v->answer.close = true;
}
