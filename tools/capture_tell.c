/* capture_tell.c - handfast explain FILE, where the file is a capture: which
 * connections are in it, and what each of them says.
 *
 * Each connection is gone through twice: once to find out what it is, which its
 * heading says, and once to tell it.
 */
#include "capture.h"
#include "explaining.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { KEYLOG_MAX = 64 * 1024 * 1024 };

struct telling {
    struct tool *tool;
    const struct capture_how *how;
    struct explainer x;
    struct capture capture;
    struct hf_crypto crypto;
    bool crypto_open;
    size_t shown, opened, sealed; /* connections */
    int code;
};

/* ---- words ------------------------------------------------------------------------ */

/* "127.0.0.1:443", "[::1]:443" */
static void end_text(const struct capture_end *end, char *out, size_t cap)
{
    char address[INET6_ADDRSTRLEN] = "?";
    bool six = end->len == 16;

    (void)inet_ntop(six ? AF_INET6 : AF_INET, end->address, address,
                    sizeof(address));
    snprintf(out, cap, six ? "[%s]:%u" : "%s:%u", address, (unsigned)end->port);
}

/* "TLS 1.3, TLS_AES_128_GCM_SHA256"; what else it is. */
static void kind_text(const struct capture_tls *t, char *out, size_t cap)
{
    const char *version = hf_version_name(t->version);
    const char *suite = hf_name_of(hf_names_by_id("SUITE"), t->suite);

    if (t->server_hello)
        snprintf(out, cap, "%s, %s",
                 version ? version : lang("unknown version"),
                 suite ? suite : lang("unknown suite"));
    else
        snprintf(out, cap, "%s", lang("TLS, no ServerHello"));
}

/* What a connection without TLS is. */
static const char *stranger(const struct capture_tls *t)
{
    const char *says = NULL;

    for (int i = 0; i < 2 && !says; i++)
        says = explain_stranger(
            hf_span(t->side[i].first, t->side[i].first_len));
    if (says)
        return says;
    return t->side[0].plain + t->side[1].plain ? "nothing that is known here"
                                               : "without any data";
}

static bool is_tls(const struct capture_tls *t)
{
    return t->side[0].tls || t->side[1].tls;
}

/* ---- the file --------------------------------------------------------------------- */

/* What was left out, and why: lines of a table. */
static const struct {
    enum capture_class class;
    const char *json, *text;
} left_out[] = {
    { CAPTURE_OTHER, "not_tcp",
      "packets are not TCP (of UDP, QUIC may be sealed by TLS too)" },
    { CAPTURE_FRAGMENT, "fragments",
      "packets are fragments of IP, which are not put together" },
    { CAPTURE_BROKEN, "broken", "packets are cut off or make no sense" },
    { CAPTURE_LINK, "unknown_link",
      "packets come from a kind of network that is not known here" },
};

static void file_text(const struct telling *t)
{
    const struct capture *c = &t->capture;

    printf(lang("%s, %zu packet%s, %zu connection%s, secrets of %zu%s\n"),
           c->pcapng ? "pcapng" : "pcap", c->packets,
           c->packets == 1 ? "" : "s", c->streams, c->streams == 1 ? "" : "s",
           c->keys.connections, c->inside ? lang(" (inside)") : "");
    for (size_t i = 0; i < HF_COUNT(left_out); i++)
        if (c->class[left_out[i].class])
            printf("%zu %s\n", c->class[left_out[i].class],
                   lang(left_out[i].text));
    if (c->dropped)
        printf(lang("%zu packets are more than is looked at\n"), c->dropped);
    if (c->keys.foreign)
        printf(lang("%zu lines of the secrets are none of a key log\n"),
               c->keys.foreign);
}

static void file_json(struct json *j, const struct telling *t)
{
    const struct capture *c = &t->capture;

    json_start(j, stdout, "handfast/capture/1");
    json_text(j, "format", c->pcapng ? "pcapng" : "pcap");
    json_number(j, "packets", (int64_t)c->packets);
    for (size_t i = 0; i < HF_COUNT(left_out); i++)
        json_number(j, left_out[i].json, (int64_t)c->class[left_out[i].class]);
    json_number(j, "dropped", (int64_t)c->dropped);
    json_open(j, "secrets", '{');
    json_number(j, "connections", (int64_t)c->keys.connections);
    json_number(j, "inside", (int64_t)c->inside);
    json_number(j, "foreign_lines", (int64_t)c->keys.foreign);
    json_close(j);
    json_open(j, "connections", '[');
}

static void tell_fault(struct telling *t)
{
    const struct capture *c = &t->capture;
    struct json *j = t->x.json;

    if (j) {
        json_close(j); /* connections */
        json_fault(j, c->fault ? "capture.cut" : NULL, NULL, c->fault,
                   c->fault_at, NULL, NULL);
    }
    if (!c->fault)
        return;
    t->code = HF_EXIT_NO;
    if (!j)
        printf(lang("\n%scannot be read further:%s byte %zu: %s\n"),
               ink(t->tool, stdout, INK_BAD), ink(t->tool, stdout, INK_PLAIN),
               c->fault_at, lang(c->fault));
}

/* ---- a connection ------------------------------------------------------------------- */

static void heading(const struct telling *t, size_t which,
                    const struct capture_tls *tls, const char *kind)
{
    const struct capture_stream *s = &t->capture.stream[which];
    char client[80], server[80], when[40];

    end_text(&s->end[tls->client], client, sizeof(client));
    end_text(&s->end[!tls->client], server, sizeof(server));
    hf_time_text(when, sizeof(when), (int64_t)(s->began / 1000000000));
    printf(lang("\n%sconnection %zu: %s -> %s%s%s, %u packet%s, %s%s\n  %s\n"),
           ink(t->tool, stdout, INK_STRONG), which + 1, client, server,
           tls->name[0] ? " " : "", tls->name, s->segments,
           s->segments == 1 ? "" : "s",
           s->began ? when : lang("at an unknown time"),
           ink(t->tool, stdout, INK_PLAIN), kind);
}

static void heading_json(const struct telling *t, size_t which,
                         const struct capture_tls *tls)
{
    const struct capture_stream *s = &t->capture.stream[which];
    struct json *j = t->x.json;
    char text[80];

    json_open(j, NULL, '{');
    json_number(j, "number", (int64_t)which + 1);
    end_text(&s->end[tls->client], text, sizeof(text));
    json_text(j, "client", text);
    end_text(&s->end[!tls->client], text, sizeof(text));
    json_text(j, "server", text);
    json_number(j, "packets", s->segments);
    json_number(j, "began", (int64_t)(s->began / 1000000000));
    json_bool(j, "tls", is_tls(tls));
    json_text(j, "name", tls->name[0] ? tls->name : NULL);
    json_text(j, "version",
              tls->server_hello ? hf_version_name(tls->version) : NULL);
    json_text(j, "suite",
              tls->server_hello
                  ? hf_name_of(hf_names_by_id("SUITE"), tls->suite)
                  : NULL);
    json_number(j, "opened", (int64_t)tls->opened);
    json_number(j, "sealed", (int64_t)tls->sealed);
    json_number(j, "missing", (int64_t)tls->missing);
}

static void no_event(void *ctx, const struct capture_event *event)
{
    (void)ctx;
    (void)event;
}

static void on_event(void *ctx, const struct capture_event *event)
{
    capture_tell_event(ctx, event);
}

/* Go through connection @which once; what is found stays in @tls. */
static bool go_through(const struct telling *t, size_t which,
                       struct capture_tls *tls, struct capture_telling *told)
{
    struct capture_listener to;
    bool good;

    capture_tls_init(tls, t->crypto_open ? &t->crypto : NULL, &t->capture.keys);
    tls->torn = !t->capture.stream[which].greeted;
    tls->event = told ? on_event : no_event;
    tls->ctx = told;
    to = capture_tls_listener(tls);
    good = capture_replay(&t->capture, which, &to) && !tls->no_memory;
    capture_tls_wipe(tls);
    return good;
}

static bool tell_events(struct telling *t, size_t which,
                        struct capture_tls *tls)
{
    struct capture_telling told = {
        .x = &t->x,
        .how = t->how,
        .began = t->capture.stream[which].began,
    };
    bool good;

    if (t->x.json)
        json_open(t->x.json, "events", '[');
    good = !is_tls(tls) || go_through(t, which, tls, &told);
    capture_tell_run(&told);
    if (t->x.json)
        json_close(t->x.json);
    if (told.code)
        t->code = told.code;
    return good;
}

static bool tell_connection(struct telling *t, size_t which)
{
    struct capture_tls *tls = calloc(1, sizeof(*tls));
    char kind[400] = "", why[400], room[800];
    const char *says;
    bool good = tls && go_through(t, which, tls, NULL);

    if (!good) {
        free(tls);
        return false;
    }
    if (is_tls(tls))
        kind_text(tls, kind, sizeof(kind));
    else
        snprintf(kind, sizeof(kind), lang("no TLS: %s"), lang(stranger(tls)));
    capture_tls_why(tls, why, sizeof(why));
    says = lang_text(why, room, sizeof(room));
    t->shown++;
    t->opened += tls->opened > 0;
    t->sealed += tls->sealed > 0;
    if (t->x.json)
        heading_json(t, which, tls);
    else
        heading(t, which, tls, kind);
    good = tell_events(t, which, tls);
    if (t->x.json) {
        json_text(t->x.json, "note",
                  why[0] ? says : (is_tls(tls) ? NULL : kind));
        json_close(t->x.json);
    } else if (why[0]) {
        printf(lang("  %snote:%s %s\n"), ink(t->tool, stdout, INK_BAD),
               ink(t->tool, stdout, INK_PLAIN), says);
    }
    free(tls);
    return good;
}

/* ---- all of it ---------------------------------------------------------------------- */

/* An exit code, 0 if all is there. */
static int prepare(struct telling *t, struct hf_span file)
{
    struct hf_error error = { 0 };
    struct bytes keys = { NULL, 0 };
    bool good = capture_read(&t->capture, file);

    if (good && t->how->keylog) {
        if (!file_read(t->how->keylog, KEYLOG_MAX, &keys, &error))
            return error_tell(t->tool, HF_EXIT_USAGE, &error, NULL);
        good = capture_keys_add(&t->capture.keys, bytes_span(&keys));
        bytes_free(&keys);
    }
    if (!good)
        return tool_error(t->tool, HF_EXIT_INTERNAL, "out of memory");
    capture_keys_sort(&t->capture.keys);
    if (t->how->keylog && !t->capture.keys.count)
        return tool_error(t->tool, HF_EXIT_USAGE,
                          "%s: there is no line of a key log in it",
                          t->how->keylog);
    if (t->how->stream > t->capture.streams)
        return usage_error(
            t->tool, "--stream %lu: the last connection in it is number %zu",
            t->how->stream, t->capture.streams);
    if (t->capture.keys.count) {
        if (!hf_crypto_open(&t->crypto, &hf_libcrypto, &error))
            return error_tell(t->tool, HF_EXIT_INTERNAL, &error, NULL);
        t->crypto_open = true;
    }
    return 0;
}

static int tell_all(struct telling *t)
{
    size_t first = t->how->stream ? t->how->stream - 1 : 0;
    size_t end = t->how->stream ? t->how->stream : t->capture.streams;
    struct json json;
    bool good = true;

    if (t->tool->json) {
        t->x.json = &json;
        file_json(&json, t);
    } else {
        file_text(t);
    }
    for (size_t i = first; good && i < end; i++)
        good = tell_connection(t, i);
    tell_fault(t);
    if (t->x.json)
        json_finish(t->x.json);
    if (!good)
        return tool_error(t->tool, HF_EXIT_INTERNAL, "out of memory");
    /* the wrong secrets were given */
    if (t->how->keylog && t->sealed && !t->opened)
        t->code = HF_EXIT_NO;
    return t->code;
}

int explain_capture(struct tool *tool, const struct capture_how *how,
                    struct hf_span file)
{
    struct telling *t = calloc(1, sizeof(*t));
    int code;

    if (!t)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    t->tool = tool;
    t->how = how;
    t->x = (struct explainer){ tool, NULL, tool->verbose > 0 };
    code = prepare(t, file);
    if (!code)
        code = tell_all(t);
    if (t->crypto_open)
        hf_crypto_close(&t->crypto);
    capture_wipe(&t->capture);
    free(t);
    return output_done(tool, code);
}
