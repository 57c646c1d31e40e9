/* capture_event.c - what went by on a connection of a capture: a line, and below
 * it the fields; or an object.
 *
 *     +1.2 ms  server  ServerHello (2), 122 B, in clear: picks TLS 1.3, ...
 */
#include "capture.h"
#include "client.h"
#include "explaining.h"

#include <string.h>

static const char *const epochs[] = {
    [EPOCH_CLEAR] = "clear",         [EPOCH_EARLY] = "early",
    [EPOCH_HANDSHAKE] = "handshake", [EPOCH_TRAFFIC] = "traffic",
    [EPOCH_SEALED] = "sealed",
};
static const char *const covers[] = {
    [EPOCH_CLEAR] = "in clear",
    [EPOCH_EARLY] = "under early keys",
    [EPOCH_HANDSHAKE] = "under handshake keys",
    [EPOCH_TRAFFIC] = "under traffic keys",
    [EPOCH_SEALED] = "sealed",
};
static const char *const kinds[] = {
    [CAPTURE_MESSAGE] = "message", [CAPTURE_ALERT] = "alert",
    [CAPTURE_CCS] = "ccs",         [CAPTURE_DATA] = "data",
    [CAPTURE_SEALED] = "sealed",   [CAPTURE_PLAIN] = "plain",
    [CAPTURE_MISSING] = "missing", [CAPTURE_LOST] = "lost",
    [CAPTURE_FAULT] = "fault",     [CAPTURE_FINISH] = "end",
    [CAPTURE_RESET] = "reset",
};

static double since(const struct capture_telling *c, uint64_t time)
{
    if (!time || time < c->began)
        return 0;
    return (double)(time - c->began) / 1e6;
}

/* ---- names ------------------------------------------------------------------------ */

/* "ServerHello" */
static void message_name(const struct capture_event *e, char *out, size_t cap)
{
    const char *name = e->retry ? "HelloRetryRequest" : NULL;

    for (size_t i = 0; i < hf_message_count && !name; i++)
        if (hf_message_table[i].type == e->message)
            name = hf_message_table[i].layout()->name;
    if (name)
        hf_format(out, cap, "%s", name);
    else
        hf_format(out, cap, "%s", lang("message of an unknown type"));
}

static const char *record_name(uint8_t type)
{
    switch (type) {
    case HF_CONTENT_CCS: return "ChangeCipherSpec";
    case HF_CONTENT_ALERT: return "alert";
    case HF_CONTENT_HANDSHAKE: return "handshake";
    case HF_CONTENT_DATA: return "application data";
    default: return "heartbeat";
    }
}

/* What a message is about. */
static void clause(const struct capture_event *e, char *out, size_t cap)
{
    struct hf_event event = {
        .kind = HF_EVENT_MESSAGE,
        .record = HF_CONTENT_HANDSHAKE,
        .message = e->retry ? HF_MESSAGE_RETRY : e->message,
        .version = e->version,
        .bytes = e->bytes,
    };

    out[0] = '\0';
    if (e->kind == CAPTURE_MESSAGE)
        clause_of(&event, out, cap);
}

static void alert_text(const struct capture_event *e, char *out, size_t cap)
{
    unsigned code = e->bytes.len > 1 ? e->bytes.at[1] : 0;
    const char *name = e->bytes.len > 1 ? hf_alert_name(code) : NULL;

    hf_format(out, cap, lang("alert %s (%u)"),
              name ? name : lang("without a name"), code);
}

/* "ServerHello (2), 122 B, in clear" */
static void title(const struct capture_event *e, char *out, size_t cap)
{
    char name[64], size[24];

    size_text(size, sizeof(size), e->len);
    switch ((enum capture_event_kind)e->kind) {
    case CAPTURE_MESSAGE:
        message_name(e, name, sizeof(name));
        snprintf(out, cap, "%s (%u), %s, %s", name, e->message, size,
                 lang(covers[e->epoch]));
        break;
    case CAPTURE_ALERT:
        alert_text(e, name, sizeof(name));
        snprintf(out, cap, "%s, %s", name, lang(covers[e->epoch]));
        break;
    case CAPTURE_CCS:
        snprintf(out, cap, "ChangeCipherSpec, %s", lang(covers[e->epoch]));
        break;
    case CAPTURE_MISSING:
        snprintf(out, cap, lang("%llu bytes are missing at offset %llu"),
                 (unsigned long long)e->len, (unsigned long long)e->offset);
        break;
    case CAPTURE_FAULT: snprintf(out, cap, "%s", lang(e->what)); break;
    case CAPTURE_FINISH:
        snprintf(out, cap, "%s", lang("closes the connection"));
        break;
    case CAPTURE_RESET:
        snprintf(out, cap, "%s", lang("resets the connection"));
        break;
    case CAPTURE_DATA:
    case CAPTURE_SEALED:
    case CAPTURE_PLAIN:
    case CAPTURE_LOST: snprintf(out, cap, "%s", size); break; /* see below */
    }
}

/* The same of several. */
static void run_title(const struct capture_run *r, char *out, size_t cap)
{
    char size[24];
    unsigned long long n = r->count;
    const char *several = r->count == 1 ? "" : "s";

    size_text(size, sizeof(size), r->len);
    switch ((enum capture_event_kind)r->kind) {
    case CAPTURE_DATA:
        snprintf(out, cap, lang("%s, %s in %llu record%s, %s"),
                 lang(record_name(r->record)), size, n, several,
                 lang(covers[r->epoch]));
        break;
    case CAPTURE_SEALED:
        snprintf(out, cap, lang("%llu sealed record%s of %s, %s%s%s"), n,
                 several, lang(record_name(r->record)), size,
                 r->what ? ": " : "", r->what ? lang(r->what) : "");
        break;
    case CAPTURE_PLAIN: snprintf(out, cap, lang("%s before TLS"), size); break;
    case CAPTURE_MESSAGE:
    case CAPTURE_ALERT:
    case CAPTURE_CCS:
    case CAPTURE_MISSING:
    case CAPTURE_FAULT:
    case CAPTURE_FINISH:
    case CAPTURE_RESET:
    case CAPTURE_LOST:
        snprintf(out, cap, lang("%s cannot be told apart into records"), size);
        break;
    }
}

/* ---- lines ------------------------------------------------------------------------ */

static void line(const struct capture_telling *c, double at, bool client,
                 bool bad, const char *text)
{
    const struct tool *tool = c->x->tool;

    printf("%s%+10.1f ms%s  %s", ink(tool, stdout, INK_DIM), at,
           ink(tool, stdout, INK_PLAIN),
           ink(tool, stdout, client ? INK_OURS : INK_THEIRS));
    print_padded(stdout, client ? lang("client") : lang("server"), 6);
    printf("  %s", ink(tool, stdout, bad ? INK_BAD : INK_STRONG));
    print_safe_text(stdout, text);
    fputs(ink(tool, stdout, INK_PLAIN), stdout);
}

static bool is_text(struct hf_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.at[i] < 0x20 && !strchr("\t\r\n", bytes.at[i]))
            return false;
    return !bytes.len || !memchr(bytes.at, 0, bytes.len);
}

/* The application's bytes, indented if they are text. */
static void show_data(struct hf_span bytes)
{
    if (!is_text(bytes)) {
        print_hexdump(stdout, "        ", bytes);
        return;
    }
    while (bytes.len) {
        const uint8_t *end = memchr(bytes.at, '\n', bytes.len);
        size_t len = end ? (size_t)(end - bytes.at) : bytes.len;
        size_t shown = len && bytes.at[len - 1] == '\r' ? len - 1 : len;

        fputs("        ", stdout);
        print_safe(stdout, bytes.at, shown, "\t");
        putchar('\n');
        bytes = hf_span_after(bytes, end ? len + 1 : len);
    }
}

static const char *layout_of(const struct capture_event *e)
{
    switch ((enum capture_event_kind)e->kind) {
    case CAPTURE_MESSAGE: return "messages";
    case CAPTURE_ALERT: return "alert";
    case CAPTURE_CCS: return "change_cipher_spec";
    case CAPTURE_DATA:
    case CAPTURE_SEALED:
    case CAPTURE_PLAIN:
    case CAPTURE_MISSING:
    case CAPTURE_LOST:
    case CAPTURE_FAULT:
    case CAPTURE_FINISH:
    case CAPTURE_RESET: break;
    }
    return NULL;
}

static void fields(struct capture_telling *c, const struct capture_event *e)
{
    struct explain_how how = { layout_of(e), e->version };

    if (how.as && !c->how->brief) {
        if (explain_bytes(c->x, &how, e->bytes) != HF_EXIT_GOOD)
            c->code = HF_EXIT_NO;
    } else if (c->x->json) {
        json_no_fields(c->x->json);
        json_fault(c->x->json, NULL, NULL, NULL, 0, NULL, NULL);
    }
}

/* ---- JSON ------------------------------------------------------------------------- */

static void open_object(struct json *j, double at, uint32_t packet, bool client,
                        uint8_t kind, uint8_t epoch)
{
    json_open(j, NULL, '{');
    json_ms(j, "t", at);
    json_number(j, "packet", packet);
    json_text(j, "from", client ? "client" : "server");
    json_text(j, "kind", kinds[kind]);
    json_text(j, "keys", epochs[epoch]);
}

static void event_json(struct capture_telling *c, const struct capture_event *e)
{
    struct json *j = c->x->json;
    char name[64] = "", says[400];

    if (e->kind == CAPTURE_MESSAGE)
        message_name(e, name, sizeof(name));
    else if (e->kind == CAPTURE_ALERT)
        alert_text(e, name, sizeof(name));
    clause(e, says, sizeof(says));
    open_object(j, since(c, e->when.time), e->when.packet, e->client, e->kind,
                e->epoch);
    json_text(j, "name", name[0] ? name : NULL);
    if (e->kind == CAPTURE_MESSAGE)
        json_number(j, "type", e->message);
    else
        json_null(j, "type");
    json_number(j, "length", (int64_t)e->len);
    json_text(j, "says", says[0] ? says : lang(e->what));
    if (e->kind == CAPTURE_MISSING)
        json_number(j, "offset", (int64_t)e->offset);
    fields(c, e);
    json_close(j);
}

static void run_json(struct json *j, const struct capture_run *r)
{
    open_object(j, r->at, r->packet, r->client, r->kind, r->epoch);
    json_text(j, "name", record_name(r->record));
    json_null(j, "type");
    json_number(j, "length", (int64_t)r->len);
    json_number(j, "records", (int64_t)r->count);
    json_text(j, "says", lang(r->what));
}

/* ---- events ------------------------------------------------------------------------- */

void capture_tell_run(struct capture_telling *c)
{
    struct capture_run *r = &c->run;
    struct json *j = c->x->json;
    char text[160];

    if (!r->count)
        return;
    if (j) {
        run_json(j, r);
        json_no_fields(j);
        json_fault(j, NULL, NULL, NULL, 0, NULL, NULL);
        json_close(j);
    } else {
        run_title(r, text, sizeof(text));
        line(c, r->at, r->client, r->kind == CAPTURE_LOST, text);
        putchar('\n');
    }
    r->count = 0;
}

/* Data by itself, with its bytes. */
static void tell_data(struct capture_telling *c, const struct capture_event *e)
{
    struct json *j = c->x->json;
    char text[160];

    if (j) {
        run_json(j, &c->run);
        json_hex(j, "data", e->bytes);
        json_no_fields(j);
        json_fault(j, NULL, NULL, NULL, 0, NULL, NULL);
        json_close(j);
    } else {
        run_title(&c->run, text, sizeof(text));
        line(c, c->run.at, c->run.client, false, text);
        putchar('\n');
        show_data(e->bytes);
    }
    c->run.count = 0;
}

/* One more of the same? */
static void gather(struct capture_telling *c, const struct capture_event *e)
{
    struct capture_run *r = &c->run;
    bool shown = c->how->data &&
                 (e->kind == CAPTURE_DATA || e->kind == CAPTURE_PLAIN);

    if (shown || r->kind != e->kind || r->record != e->record ||
        r->epoch != e->epoch || r->client != e->client || r->what != e->what)
        capture_tell_run(c);
    if (!r->count)
        *r = (struct capture_run){ .kind = e->kind,
                                   .record = e->record,
                                   .epoch = e->epoch,
                                   .client = e->client,
                                   .at = since(c, e->when.time),
                                   .packet = e->when.packet,
                                   .what = e->what };
    r->count++;
    r->len += e->len;
    if (shown)
        tell_data(c, e);
}

void capture_tell_event(struct capture_telling *c,
                        const struct capture_event *e)
{
    bool bad = e->kind == CAPTURE_MISSING || e->kind == CAPTURE_FAULT;
    char text[200], says[400];

    if (e->kind == CAPTURE_DATA || e->kind == CAPTURE_SEALED ||
        e->kind == CAPTURE_PLAIN || e->kind == CAPTURE_LOST) {
        gather(c, e);
        return;
    }
    capture_tell_run(c);
    if (bad)
        c->code = HF_EXIT_NO;
    if (c->x->json) {
        event_json(c, e);
        return;
    }
    title(e, text, sizeof(text));
    clause(e, says, sizeof(says));
    line(c, since(c, e->when.time), e->client, bad, text);
    if (says[0])
        printf(": %s", says);
    putchar('\n');
    fields(c, e);
}
