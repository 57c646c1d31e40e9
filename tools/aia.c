/* aia.c - fetching an issuer's certificate, when that was asked for (--fetch).
 *
 * The address stands in a certificate that nobody has verified, so whoever made
 * that chooses where we knock: http only, one answer of bounded size in bounded
 * time, nothing followed, nothing of ours sent but the request, and what comes
 * is one more certificate that may or may not help: it is trusted no more than
 * if the peer had sent it.
 */
#include "aia.h"
#include "client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct visit {
    struct plain to;
    deadline end;
    struct failure *failure;
};

static ssize_t read_plain(void *ctx, void *room, size_t cap)
{
    const struct visit *v = ctx;

    return net_read(&v->to, room, cap, v->end, v->failure);
}

static bool send_request(const struct visit *v, const struct url *url)
{
    char authority[HOST_MAX + 10], text[URL_MAX + HOST_MAX + 100];
    int n;

    url_authority(url, authority, sizeof(authority));
    n = snprintf(text, sizeof(text),
                 "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                 url->path, authority);
    return n > 0 && (size_t)n < sizeof(text) &&
           net_write(&v->to, text, (size_t)n, v->end, v->failure);
}

/* The whole body, if it is not too long. */
static bool read_body(struct stream *in, const struct http_head *head,
                      uint8_t *room, size_t *len, struct failure *f)
{
    struct http_body body;
    struct hf_span piece;

    *len = 0;
    if (!http_body_of(head, false, &body, f))
        return false;
    do {
        if (!http_read_body(in, &body, &piece, f))
            return false;
        if (piece.len > AIA_BYTES_MAX - *len)
            return fail_with(f, FAIL_NOT_HTTP,
                             "the answer is larger than %d bytes",
                             (int)AIA_BYTES_MAX);
        if (piece.len)
            memcpy(room + *len, piece.at, piece.len);
        *len += piece.len;
    } while (piece.len);
    return true;
}

static bool read_answer(struct stream *in, struct http_head *head,
                        uint8_t *room, struct certs *certs, struct failure *f)
{
    struct hf_error bad = { 0 };
    size_t len;

    if (!http_read_head(in, head, f))
        return false;
    if (head->status != 200)
        return fail_with(f, FAIL_STATUS, "%u %.80s", head->status,
                         head->reason);
    return read_body(in, head, room, &len, f) &&
           (certs_read(certs, (struct hf_span){ room, len }, &bad) ||
            fail_error(f, &bad, false));
}

static bool ask(const struct tool *tool, const struct url *url,
                struct certs *certs, struct failure *f)
{
    struct visit v = { .to = { .fd = -1 },
                       .end = deadline_in(AIA_MS),
                       .failure = f };
    const struct route way = {
        .host = url->host, .port = url->port, .family = AF_UNSPEC, .end = v.end
    };
    struct stream *in = calloc(1, sizeof(*in));
    struct http_head *head = calloc(1, sizeof(*head));
    struct story *story = calloc(1, sizeof(*story));
    uint8_t *room = malloc(AIA_BYTES_MAX);
    struct arrival arrival;
    bool good = false;

    if (!in || !head || !story || !room) {
        fail_with(f, FAIL_MEMORY, "%s", "");
    } else {
        story_start(story, tool, url->host);
        in->read = read_plain;
        in->ctx = &v;
        if (net_connect(&way, &arrival, story, f)) {
            v.to.fd = arrival.fd;
            good = send_request(&v, url) &&
                   read_answer(in, head, room, certs, f);
            close(arrival.fd);
        }
        http_head_wipe(head);
    }
    free(room);
    free(story);
    free(head);
    free(in);
    return good;
}

bool aia_fetch(const struct tool *tool, struct hf_span url, struct certs *certs,
               struct failure *f)
{
    char text[URL_MAX];
    struct url *read;
    bool good;

    if (url.len >= sizeof(text) || memchr(url.at, 0, url.len))
        return fail_with(f, FAIL_URL, "%s", "");
    memcpy(text, url.at, url.len);
    text[url.len] = '\0';
    read = calloc(1, sizeof(*read));
    if (!read)
        return fail_with(f, FAIL_MEMORY, "%s", "");
    good = url_read(text, read, f) &&
           (strcmp(read->scheme, "http") == 0 ||
            fail_with(f, FAIL_URL, "http only")) &&
           ask(tool, read, certs, f);
    free(read);
    return good;
}
