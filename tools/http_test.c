/* http_test.c - answers read whole, in single bytes and cut at every place: the
 * outcome never depends on how the bytes came. */
#include "client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A stream out of memory that gives @step bytes at a time. */
struct source {
    const char *at;
    size_t left, step;
};

static ssize_t give(void *ctx, void *room, size_t cap)
{
    struct source *s = ctx;
    size_t n = s->left < s->step ? s->left : s->step;
    n = n < cap ? n : cap;
    memcpy(room, s->at, n);
    s->at += n;
    s->left -= n;
    return (ssize_t)n;
}

struct outcome {
    const char *code; /* NULL: good */
    unsigned status;
    size_t fields, body_len;
    char body[4096];
};

static bool read_all(struct stream *in, struct outcome *out, struct failure *f)
{
    struct http_head head;
    struct http_body body;
    struct hf_span piece;
    bool good = http_read_head(in, &head, f);
    out->status = head.status;
    out->fields = head.fields;
    good = good && http_body_of(&head, false, &body, f);
    while (good && (good = http_read_body(in, &body, &piece, f)) && piece.len) {
        assert_true(piece.len <= sizeof out->body - out->body_len);
        memcpy(out->body + out->body_len, piece.at, piece.len);
        out->body_len += piece.len;
    }
    http_head_wipe(&head);
    return good;
}

static struct outcome outcome_of(const char *text, size_t len, size_t step)
{
    struct source source = { text, len, step };
    struct stream *in = calloc(1, sizeof *in);
    struct outcome out = { 0 };
    struct failure f = { 0 };
    assert_non_null(in);
    in->read = give;
    in->ctx = &source;
    bool good = read_all(in, &out, &f);
    assert_int_equal(good, f.code == NULL);
    out.code = f.code;
    free(in);
    return out;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* The outcome, which is the same in every cut. */
static struct outcome steady(const char *text, size_t len)
{
    struct outcome whole = outcome_of(text, len, len ? len : 1);
    for (size_t step = 1; step <= 7; step++) {
        struct outcome cut = outcome_of(text, len, step);
        if (!same_text(cut.code, whole.code) || cut.status != whole.status ||
            cut.body_len != whole.body_len ||
            memcmp(cut.body, whole.body, whole.body_len) != 0)
            fail_msg("in steps of %zu: %s", step, text);
    }
    return whole;
}

static void reads(const char *text, const char *body)
{
    struct outcome out = steady(text, strlen(text));
    if (out.code)
        fail_msg("%s: %s", out.code, text);
    assert_int_equal(out.body_len, strlen(body));
    assert_memory_equal(out.body, body, out.body_len);
}

static void refuses(const char *text, const char *code)
{
    struct outcome out = steady(text, strlen(text));
    if (!same_text(out.code, code))
        fail_msg("%s, not %s: %s", out.code ? out.code : "ok", code, text);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static void bodies_of_every_framing_are_read(void **state)
{
    (void)state;
    reads(OK "Content-Length: 5\r\n\r\nhello", "hello");
    reads(OK "Content-Length: 5\r\n\r\nhello, more", "hello");
    reads(OK "content-length:5 \r\nX: y\r\n\r\nhello", "hello");
    reads(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "hello");
    reads("HTTP/1.0 200\n\nto the end", "to the end");
    reads("HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n", "");
    reads("HTTP/1.1 304 Same\r\n\r\n", "");
    reads(CHUNKED "5\r\nhello\r\n0\r\n\r\n", "hello");
    reads(CHUNKED "1\r\nh\r\n004;x=\"y\"\r\nello\r\n0\r\nT: 1\r\n\r\n",
          "hello");
    reads(CHUNKED "A\r\n0123456789\r\n0;last\r\n\r\nignored", "0123456789");
}

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    refuses(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            "http.malformed");
    refuses(OK "Content-Length: 5, 5\r\n\r\nhello", "http.malformed");
    refuses(OK "Content-Length: +5\r\n\r\nhello", "http.malformed");
    refuses(OK "Content-Length: -5\r\n\r\nhello", "http.malformed");
    refuses(OK "Content-Length:\r\n\r\nhello", "http.malformed");
    refuses(OK "Content-Length: 99999999999999999999\r\n\r\n",
            "http.malformed");
    refuses(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "http.malformed");
    refuses(OK "Transfer-Encoding: gzip, chunked\r\n\r\n", "http.malformed");
    refuses(OK "Name : value\r\n\r\n", "http.malformed");
    refuses(OK " Name: value\r\n\r\n", "http.malformed");
    refuses(OK "A: b\r\n\tc\r\n\r\n", "http.malformed");
    refuses(OK ": value\r\n\r\n", "http.malformed");
    refuses(OK "no colon\r\n\r\n", "http.malformed");
    refuses("HTTP/1.1 20 OK\r\n\r\n", "http.malformed");
    refuses("HTTP/1.1 200OK\r\n\r\n", "http.malformed");
    refuses("HTTP/1.1  200 OK\r\n\r\n", "http.malformed");
    refuses("HTTP/1.1 099 OK\r\n\r\n", "http.malformed");
    refuses("HTTP/2 200\r\n\r\n", "http.malformed");
    refuses("220 mail.test\r\n", "http.malformed");
    refuses(CHUNKED "\r\n", "http.malformed");
    refuses(CHUNKED "-1\r\n", "http.malformed");
    refuses(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", "http.malformed");
    refuses(CHUNKED "5 5\r\nhello", "http.partial");
    refuses(CHUNKED "ffffffffffffffff\r\n", "http.malformed");
    refuses(CHUNKED "5\r\nhello!\r\n0\r\n\r\n", "http.malformed");
}

static void a_zero_byte_in_the_head_is_refused(void **state)
{
    static const char text[] = OK "A: b\0c\r\n\r\n";
    (void)state;
    struct outcome out = steady(text, sizeof text - 1);
    assert_string_equal(out.code, "http.malformed");
}

static void every_cut_of_an_answer_is_noticed(void **state)
{
    static const char *const texts[] = {
        OK "Content-Length: 5\r\n\r\nhello",
        CHUNKED "5\r\nhello\r\n3\r\nyes\r\n0\r\nT: 1\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t len = 0; len < strlen(texts[i]); len++) {
            struct outcome out = steady(texts[i], len);
            const char *code = len ? "http.partial" : "http.empty";
            if (!same_text(out.code, code))
                fail_msg("cut at %zu: %s", len, out.code ? out.code : "ok");
        }
}

static void too_many_fields_are_refused(void **state)
{
    static char text[16 * 1024];
    (void)state;
    strcpy(text, OK);
    for (int i = 0; i <= HTTP_FIELDS_MAX; i++)
        strcat(text, "A: b\r\n");
    strcat(text, "\r\n");
    struct outcome out = outcome_of(text, strlen(text), strlen(text));
    assert_string_equal(out.code, "http.malformed");
}

/* Flip every byte of a chunked answer to many values: it ends, one way or
 * another, and nothing is read twice. */
static void a_changed_byte_never_hangs_or_overruns(void **state)
{
    static const char text[] = CHUNKED "5\r\nhello\r\n0\r\n\r\n";
    static const char values[] = "\0\n\r :;09afZ\x7f\xff";
    char copy[sizeof text];
    (void)state;
    for (size_t at = 0; at < sizeof text - 1; at++)
        for (size_t v = 0; v < sizeof values - 1; v++) {
            memcpy(copy, text, sizeof text);
            copy[at] = values[v];
            (void)steady(copy, sizeof text - 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_every_framing_are_read),
        cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
        cmocka_unit_test(a_zero_byte_in_the_head_is_refused),
        cmocka_unit_test(every_cut_of_an_answer_is_noticed),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(a_changed_byte_never_hangs_or_overruns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
