/* fetch.c - one hop of `handfast get`: the way to the host, the handshake, the
 * request, the answer; told as it happens.
 */
#include "get.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { CONNECT_MS = 10000, HANDSHAKE_MS = 10000, IDLE_MS = 30000 };

struct hop {
    struct fetch *fetch;
    struct story story;
    struct hf_config *config;
    struct hf_tls *tls;
    struct stream stream;
    uint64_t received; /* bytes of the answer */
    char label[HOST_MAX + 8];
    struct body_text request; /* its head, and the data of a POST */
    struct early early;       /* so much of it has gone already */
};

/* ---- the way ----------------------------------------------------------------------- */

static bool read_proxy(const char *text, struct url *out, struct failure *f)
{
    char whole[URL_MAX];
    snprintf(whole, sizeof whole, "%s%s", strstr(text, "://") ? "" : "http://",
             text);
    if (!url_read(whole, out, f))
        return false;
    if (strcmp(out->scheme, "http"))
        return fail_with(f, FAIL_PROXY_SCHEME, "\"%.20s://\"", out->scheme);
    /* curl's default, unless 80 was said */
    if (out->plain_port && !strstr(whole, ":80"))
        strcpy(out->port, "1080");
    return true;
}

/* For --pcap, from the connection's first byte on. */
static void watch_link(struct hop *hop)
{
    const struct arrival *way = &hop->fetch->way;
    hop->story.link = pcap_link_new(hop->fetch->pcap, way->fd, true,
                                    way->connected - way->resolved);
}

static bool through_proxy(struct hop *hop, const char *text, struct route *way,
                          deadline end)
{
    struct fetch *fetch = hop->fetch;
    struct failure *f = &fetch->failure;
    struct url *proxy = calloc(1, sizeof *proxy);
    if (!proxy)
        return fail_with(f, FAIL_MEMORY, "%s", "");
    bool good = read_proxy(text, proxy, f);
    if (good) {
        struct route to_proxy = { .host = proxy->host,
                                  .port = proxy->port,
                                  .family = way->family,
                                  .end = end };
        struct failure own = { 0 };
        good = net_connect(&to_proxy, &fetch->way, &hop->story, &own);
        if (good)
            watch_link(hop);
        if (!good && own.exit == HF_EXIT_RESOLVE)
            fail_with(f, FAIL_PROXY_NAME, "%.200s", own.detail);
        else if (!good)
            *f = own;
    }
    if (good) {
        story_note(&hop->story, "  asking the proxy for %s:%s", way->host,
                   way->port);
        struct plain to = { fetch->way.fd, hop->story.link };
        good = proxy_connect(&to, proxy, way->host, way->port, end, f);
    }
    free(proxy);
    return good;
}

static bool go(struct hop *hop, deadline end)
{
    struct fetch *fetch = hop->fetch;
    const struct get *get = fetch->get;
    struct route way = {
        .host = fetch->url.host,
        .port = fetch->url.port,
        .resolve = get->resolve,
        .connect_to = get->connect_to,
        .family = get->family,
        .end = end,
    };
    const char *proxy = proxy_for(get->proxy, get->no_proxy, fetch->url.host);
    fetch->way.fd = -1;
    if (proxy)
        return through_proxy(hop, proxy, &way, end);
    if (!net_connect(&way, &fetch->way, &hop->story, &fetch->failure))
        return false;
    watch_link(hop);
    return true;
}

static void note_agreed(struct fetch *fetch, const struct hop *hop)
{
    const struct hf_conn *conn = hf_tls_conn(hop->tls);
    fetch->ready = clock_ms();
    fetch->version = hf_conn_version(conn);
    fetch->suite = hf_conn_suite(conn);
    fetch->group = hf_conn_group(conn);
    fetch->scheme = hf_conn_peer_scheme(conn);
    fetch->resumed = hf_conn_resumed(conn);
    fetch->verify = hop->story.verdict != HF_OK;
    /* -v says it in its own place */
    if (fetch->verify && !fetch->get->silent && !hop->story.level)
        fprintf(stderr, lang("%s: verify: FAILED (ignored): %s [%s]\n"),
                fetch->tool->title, lang(hf_error_text(hop->story.verdict)),
                hf_error_name(hop->story.verdict));
}

/* RFC 8470 4: only what may happen twice goes early. */
static bool may_go_early(const struct fetch *fetch)
{
    return fetch->get->early && !fetch->has_data &&
           (!strcmp(fetch->method, "GET") || !strcmp(fetch->method, "HEAD"));
}

static bool open_link(struct hop *hop)
{
    struct fetch *fetch = hop->fetch;
    struct get *get = fetch->get;
    unsigned ms = get->connect_timeout;
    deadline end = deadline_first(fetch->end,
                                  deadline_in(ms ? ms : CONNECT_MS));
    bool ok = false;

    snprintf(hop->label, sizeof hop->label, "%s:%s", fetch->url.host,
             fetch->url.port);
    get->client.label = hop->label;
    hop->early.data = (struct hf_span){ (const uint8_t *)hop->request.at,
                                        hop->request.len };
    get->client.early = may_go_early(fetch) ? &hop->early : NULL;
    hop->config = client_config(&get->client, &hop->story, &fetch->failure);
    if (!hop->config)
        return false;
    if (!go(hop, end)) {
        if (fetch->way.fd >= 0)
            close(fetch->way.fd);
        return false;
    }
    fetch->connects++;
    if (!ms)
        end = deadline_first(fetch->end, deadline_in(HANDSHAKE_MS));
    hop->tls = client_open(&get->client, hop->config, fetch->way.fd,
                           fetch->url.host, end, &hop->story, &ok,
                           &fetch->failure);
    if (ok)
        note_agreed(fetch, hop);
    return ok;
}

/* ---- the request ---------------------------------------------------------------------- */

static deadline idle(const struct fetch *fetch)
{
    return deadline_first(fetch->end, deadline_in(IDLE_MS));
}

/* Is it --max-time that is over?  A server that sends without end never lets us
 * wait for it, so it is asked before each piece. */
static bool time_is_up(const struct fetch *fetch)
{
    return fetch->end > 0 && deadline_left(fetch->end) == 0;
}

static void tell_request(struct story *story, const char *text)
{
    for (const char *end; (end = strstr(text, "\r\n")); text = end + 2)
        story_header(story, '>', text, (size_t)(end - text));
}

/* What the server has taken already is not sent again. */
static bool send_request(struct hop *hop)
{
    struct fetch *fetch = hop->fetch;
    struct body_text *text = &hop->request;
    bool good = true;
    tell_request(&hop->story, text->at);
    if (fetch->has_data && !strcmp(fetch->method, "POST"))
        good = text_add(text, fetch->data.at, fetch->data.len, &fetch->failure);
    if (good)
        good = link_write(hop->tls, text->at + hop->early.taken,
                          text->len - hop->early.taken, idle(fetch),
                          &fetch->failure);
    fetch->request_bytes += text->len;
    fetch->sent = clock_ms();
    return good;
}

/* ---- the answer ------------------------------------------------------------------------- */

static ssize_t read_link(void *ctx, void *room, size_t cap)
{
    struct hop *hop = ctx;
    struct fetch *fetch = hop->fetch;
    struct failure own = { 0 };
    ssize_t n = time_is_up(fetch)
                    ? -1
                    : link_read(hop->tls, room, cap, idle(fetch), &own);
    if (n < 0 && time_is_up(fetch) &&
        (!own.code || own.exit == HF_EXIT_TIMEOUT))
        fail_with(&fetch->failure, FAIL_TIME, "after %llu bytes of the answer",
                  (unsigned long long)hop->received);
    else if (n < 0)
        fetch->failure = own;
    if (n > 0 && fetch->first_byte <= 0)
        fetch->first_byte = clock_ms();
    if (n > 0)
        hop->received += (uint64_t)n;
    else if (n < 0 && fetch->failure.error.code == HF_E_CUT)
        snprintf(fetch->failure.detail, sizeof fetch->failure.detail,
                 lang("TCP ended after %llu bytes of the answer"),
                 (unsigned long long)hop->received);
    return n;
}

static void tell_head(struct story *story, const struct http_head *head)
{
    const char *line = head->raw;
    while (*line) {
        size_t len = strcspn(line, "\n");
        size_t shown = len;
        while (shown > 0 && line[shown - 1] == '\r')
            shown--;
        story_header(story, '<', line, shown);
        line += len + (line[len] == '\n');
    }
}

/* The head of the final answer; 1xx ones are told and passed over. */
static bool read_head(struct hop *hop)
{
    struct fetch *fetch = hop->fetch;
    for (unsigned interim = 0; interim < 32; interim++) {
        http_head_wipe(&fetch->answer);
        if (!http_read_head(&hop->stream, &fetch->answer, &fetch->failure))
            return false;
        fetch->header_bytes += fetch->answer.size;
        tell_head(&hop->story, &fetch->answer);
        if (fetch->answer.status >= 200)
            return true;
    }
    return fail_with(&fetch->failure, FAIL_NOT_HTTP,
                     "more than 32 interim answers");
}

static bool is_redirect(const struct fetch *fetch)
{
    unsigned status = fetch->answer.status;
    return (status == 301 || status == 302 || status == 303 || status == 307 ||
            status == 308) &&
           http_find(&fetch->answer, "Location");
}

static void note_redirect(struct fetch *fetch)
{
    struct failure ignored = { 0 };
    struct url *to = calloc(1, sizeof *to);
    fetch->redirect[0] = 0;
    if (to && is_redirect(fetch)) {
        const char *location = http_find(&fetch->answer, "Location");
        if (url_join(&fetch->url, location, to, &ignored))
            url_text(to, fetch->redirect, sizeof fetch->redirect);
        else
            snprintf(fetch->redirect, sizeof fetch->redirect, "%.4000s",
                     location);
    }
    free(to);
}

static bool read_answer_body(struct hop *hop, bool wanted)
{
    struct fetch *fetch = hop->fetch;
    struct failure *f = &fetch->failure;
    struct http_body body;
    struct hf_span piece;
    if (!http_body_of(&fetch->answer, !strcmp(fetch->method, "HEAD"), &body, f))
        return false;
    fetch->sink.expected = body.framing == HTTP_LENGTH ? body.left : 0;
    fetch->sink.began = clock_ms();
    for (;;) {
        if (!http_read_body(&hop->stream, &body, &piece, f))
            return false;
        if (piece.len == 0)
            return true;
        if (wanted && !sink_write(&fetch->sink, piece, f))
            return false;
    }
}

static bool read_answer(struct hop *hop)
{
    struct fetch *fetch = hop->fetch;
    const struct get *get = fetch->get;
    if (!read_head(hop))
        return false;
    note_redirect(fetch);
    bool passing = get->follow && fetch->redirect[0];
    if (get->fail && fetch->answer.status >= 400)
        return fail_with(&fetch->failure, FAIL_STATUS, "%u %.120s",
                         fetch->answer.status, fetch->answer.reason);
    if ((get->include || get->head) && !fetch->sink.capture &&
        !sink_head(&fetch->sink, &fetch->answer, &fetch->failure))
        return false;
    /* the body of an answer that only leads elsewhere is not waited for */
    return passing || read_answer_body(hop, true);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_answer(struct json *j, const struct fetch *fetch)
{
    const struct http_head *head = &fetch->answer;
    if (!head->status) {
        json_null(j, "response");
        return;
    }
    json_open(j, "response", '{');
    json_number(j, "status", head->status);
    json_text(j, "reason", head->reason);
    json_open(j, "headers", '[');
    for (size_t i = 0; i < head->fields; i++) {
        json_open(j, NULL, '{');
        json_text(j, "name", head->field[i].name);
        json_bytes(j, "value",
                   (struct hf_span){ (const uint8_t *)head->field[i].value,
                                     strlen(head->field[i].value) });
        json_close(j);
    }
    json_close(j);
    json_number(j, "body_bytes", (int64_t)fetch->sink.bytes);
    json_bool(j, "body_cut", fetch->sink.cut);
    if (fetch->sink.capture)
        json_bytes(j, "body",
                   (struct hf_span){ (const uint8_t *)fetch->sink.text.at,
                                     fetch->sink.text.len });
    json_close(j);
}

static void json_span(struct json *j, const char *key, double from, double to)
{
    if (from > 0 && to >= from)
        json_ms(j, key, to - from);
    else
        json_null(j, key);
}

static void json_hop(const struct hop *hop)
{
    const struct fetch *fetch = hop->fetch;
    const struct arrival *way = &fetch->way;
    struct json *j = fetch->json;
    json_close(j); /* events */
    if (way->port) {
        json_text(j, "address", way->address);
        json_number(j, "port", way->port);
    }
    if (hop->tls && hf_tls_conn(hop->tls))
        json_tls(j, &hop->story, hf_tls_conn(hop->tls));
    if (fetch->tried)
        whynot_json(j, fetch->tried);
    json_answer(j, fetch);
    json_open(j, "times_ms", '{');
    json_span(j, "dns", way->started, way->resolved);
    json_span(j, "tcp", way->resolved, way->connected);
    json_span(j, "tls", way->connected, fetch->ready);
    json_span(j, "first_byte", fetch->ready, fetch->first_byte);
    json_span(j, "total", way->started, fetch->done);
    json_close(j);
    json_close(j);
}

/* ---- the hop ------------------------------------------------------------------------------------ */

static void start_hop(struct hop *hop)
{
    struct fetch *fetch = hop->fetch;
    char text[sizeof fetch->redirect];
    story_start(&hop->story, fetch->tool, fetch->url.host);
    hop->stream.read = read_link;
    hop->stream.ctx = hop;
    http_head_wipe(&fetch->answer);
    fetch->ready = fetch->first_byte = fetch->done = 0;
    fetch->redirect[0] = 0;
    memset(&fetch->way, 0, sizeof fetch->way);
    hop->story.json = fetch->json;
    hop->story.pcap = fetch->pcap;
    if (!fetch->json)
        return;
    url_text(&fetch->url, text, sizeof text);
    json_open(fetch->json, NULL, '{');
    json_text(fetch->json, "url", text);
    json_text(fetch->json, "method", fetch->method);
    json_open(fetch->json, "events", '[');
}

static void end_hop(struct hop *hop, bool ok)
{
    struct fetch *fetch = hop->fetch;
    /* an answer to early data overtakes the tickets */
    if (hop->tls && ok && hop->early.taken && fetch->get->client.sessions)
        link_hear_ticket(hop->tls, fetch->get->client.sessions);
    if (hop->tls && ok)
        link_close(hop->tls);
    fetch->done = clock_ms();
    if (hop->tls && ok && fetch->tool->verbose)
        link_hear_goodbye(hop->tls);
    if (ok)
        story_times(&hop->story, &fetch->way, fetch->ready, fetch->first_byte,
                    fetch->done);
    /* with -k it is not why this failed */
    if (!ok && !fetch->get->client.insecure)
        fetch->tried = link_take_tried(hop->tls);
    if (fetch->json)
        json_hop(hop);
    hf_tls_free(hop->tls);
    pcap_link_free(hop->story.link);
    hf_config_free(hop->config);
    if (hop->story.keylog >= 0)
        close(hop->story.keylog);
}

bool fetch_hop(struct fetch *fetch)
{
    struct hop *hop = calloc(1, sizeof *hop);
    if (!hop)
        return fail_with(&fetch->failure, FAIL_MEMORY, "%s", "");
    hop->fetch = fetch;
    start_hop(hop);
    bool ok = request_text(fetch, &hop->request, &fetch->failure) &&
              open_link(hop) && send_request(hop) && read_answer(hop);
    end_hop(hop, ok);
    free(hop->request.at);
    free(hop);
    return ok;
}
