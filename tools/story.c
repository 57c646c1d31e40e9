/* story.c - events as the lines that people know from curl -v, with the right
 * names, every message of both directions, its size, when it went by, and one
 * clause that says what it was for.
 *
 *     * TLSv1.3 (OUT), TLS handshake, Client hello (1):       517 B   +0.0 ms  offers ...
 *     *   choose.group: X25519MLKEM768
 *     *   verify.check.time: CN=localhost: ok
 *
 * Level 2 adds the rule behind each decision and every field (fields.c), level
 * 3 the bytes.  Secrets are told only if --show-secrets was said.
 */
#include "client.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void story_start(struct story *story, const struct tool *tool, const char *host)
{
    memset(story, 0, sizeof *story);
    story->tool = tool;
    story->to = stderr;
    story->level = tool->verbose;
    story->max_version = HF_TLS13;
    story->keylog = -1;
    snprintf(story->host, sizeof story->host, "%s", host);
}

static void begin_line(const struct story *story)
{
    fprintf(story->to, "%s*%s ", ink(story->tool, story->to, INK_DIM),
            ink(story->tool, story->to, INK_PLAIN));
}

void story_note(struct story *story, const char *format, ...)
{
    char text[1024];
    va_list args;
    if (!story || story->level < 1)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, lang(format), args);
    va_end(args);
    text_cut(text);
    begin_line(story);
    print_safe_text(story->to, text);
    putc('\n', story->to);
}

void story_header(struct story *story, char mark, const char *line, size_t len)
{
    if (!story || story->level < 1)
        return;
    fprintf(story->to, "%c ", mark);
    print_safe(story->to, line, len, "\t");
    putc('\n', story->to);
}

/* ---- messages ----------------------------------------------------------------- */

static const char *version_word(const struct story *story, unsigned version)
{
    return (version ? version : story->max_version) == HF_TLS12 ? "TLSv1.2"
                                                                : "TLSv1.3";
}

/* "TLS handshake, Client hello (1):" */
static void title_of(const struct hf_event *e, char *out, size_t cap)
{
    if (e->record == 20) {
        snprintf(out, cap, "TLS change cipher, Change cipher spec (1):");
    } else if (e->record == 21) {
        unsigned code = e->bytes.len >= 2 ? e->bytes.at[1] : 0;
        char name[64];
        const char *known = hf_alert_name(code);
        snprintf(name, sizeof name, "%s", known ? known : "unknown");
        for (char *p = name; *p; p++)
            if (*p == '_')
                *p = ' ';
        snprintf(out, cap, "TLS alert, %s (%u):", name, code);
    } else {
        snprintf(out, cap, "TLS handshake, %s (%u):", message_title(e),
                 e->message == HF_MESSAGE_RETRY ? 2u : e->message);
    }
}

static void tell_message(struct story *story, const struct hf_event *e,
                         double at)
{
    enum { COLUMN = 58 };
    char title[96], line[160], clause[400];
    const struct tool *tool = story->tool;
    title_of(e, title, sizeof title);
    snprintf(line, sizeof line, "%s (%s), %s", version_word(story, e->version),
             e->sent ? "OUT" : "IN", title);
    clause_of(e, clause, sizeof clause);
    begin_line(story);
    fprintf(story->to, "%s%-*s%s %6zu B %+7.1f ms",
            ink(tool, story->to, e->sent ? INK_OURS : INK_THEIRS), COLUMN, line,
            ink(tool, story->to, INK_PLAIN), e->bytes.len, at);
    if (clause[0])
        fprintf(story->to, "  %s", clause);
    putc('\n', story->to);
    if (story->level >= 2)
        story_fields(story, e);
}

/* ---- decisions ---------------------------------------------------------------- */

static void tell_rule(const struct story *story, const struct hf_event *e)
{
    fprintf(story->to, lang("*       rule: %s [%s]\n"),
            lang(hf_event_rule(e->id)), hf_event_rfc(e->id));
}

/* What a decision says, which the library has put into words. */
static void print_words(const struct story *story, const char *text)
{
    char room[1024];
    print_safe_text(story->to, lang_text(text, room, sizeof room));
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* "*   choose.group: x25519; from ...; would have passed: ..." */
static void tell_decision(struct story *story, const struct hf_event *e)
{
    const struct tool *tool = story->tool;
    const char *verdict = or_empty(e->verdict), *inputs = or_empty(e->inputs);
    const char *instead = or_empty(e->instead);
    if (!verdict[0] && e->kind == HF_EVENT_DECISION && e->ok) {
        verdict = inputs;
        inputs = "";
    }
    begin_line(story);
    fprintf(story->to, "  %s: ", hf_event_name(e->id));
    if (e->subject && e->subject[0]) {
        print_safe_text(story->to, e->subject);
        fputs(": ", story->to);
    }
    fputs(ink(tool, story->to, e->ok ? INK_GOOD : INK_BAD), story->to);
    if (e->kind == HF_EVENT_CHECK || !e->ok)
        fputs(e->ok ? lang("ok") : lang("FAIL"), story->to);
    if (verdict[0] && (e->kind == HF_EVENT_CHECK || !e->ok))
        fputs(lang(", "), story->to);
    print_words(story, verdict);
    fputs(ink(tool, story->to, INK_PLAIN), story->to);
    if (inputs[0]) {
        fputs(lang(" ("), story->to);
        print_words(story, inputs);
        fputs(lang(")"), story->to);
    }
    if (!e->ok && instead[0]) {
        fputs(lang("; would pass: "), story->to);
        print_words(story, instead);
    }
    putc('\n', story->to);
    if (story->level >= 2)
        tell_rule(story, e);
}

static void tell_keys(struct story *story, const struct hf_event *e)
{
    static const char *const epochs[] = { "none", "early data", "handshake",
                                          "traffic" };
    begin_line(story);
    fprintf(story->to, lang("  %s: %s now sealed with %s keys\n"),
            hf_event_name(e->id),
            e->sent ? lang("what we send is") : lang("what comes is"),
            lang(epochs[e->epoch & 3]));
    if (e->inputs && e->inputs[0]) {
        fputs("*       ", story->to);
        print_words(story, e->inputs);
        putc('\n', story->to);
    }
}

static void tell_secret(struct story *story, const struct hf_event *e)
{
    begin_line(story);
    fprintf(story->to, lang("  secret: %s "), or_empty(e->subject));
    for (size_t i = 0; i < e->bytes.len; i++)
        fprintf(story->to, "%02x", e->bytes.at[i]);
    putc('\n', story->to);
}

static void tell(struct story *story, const struct hf_event *e, double at)
{
    switch ((enum hf_event_kind)e->kind) {
    case HF_EVENT_MESSAGE: tell_message(story, e, at); break;
    case HF_EVENT_DECISION:
    case HF_EVENT_CHECK: tell_decision(story, e); break;
    case HF_EVENT_KEYS:
        if (story->level >= 2)
            tell_keys(story, e);
        break;
    case HF_EVENT_SECRET:
        if (story->show_secrets)
            tell_secret(story, e);
        break;
    case HF_EVENT_ERROR: break; /* the program's last three lines */
    }
}

/* ---- when -------------------------------------------------------------------------- */

static void note_times(struct story *story, const struct hf_event *e,
                       double now)
{
    if (e->kind == HF_EVENT_CHECK) {
        story->verified = now;
        story->failed_checks += !e->ok;
    }
    if (e->kind != HF_EVENT_MESSAGE || e->record != 22)
        return;
    if (e->sent && story->first_received <= 0)
        story->flight_sent = now;
    if (!e->sent && story->first_received <= 0)
        story->first_received = now;
    if (!e->sent && e->message == 11)
        story->certificate = now;
}

static void pass_on(struct story *story, const struct hf_event *event)
{
    double now = clock_ms();
    if (story->zero <= 0)
        story->zero = now;
    note_times(story, event, now);
    if (story->level >= 1)
        tell(story, event, now - story->zero);
    if (story->json)
        story_json(story, event, now - story->zero);
}

/* ---- in the order of the wire -------------------------------------------------------- */

void story_release(struct story *story)
{
    for (size_t i = 0; i < story->held_count; i++) {
        pass_on(story, &story->held[i].event);
        free(story->held[i].bytes);
    }
    story->held_count = 0;
}

/* Keep a message of ours until its bytes have left the connection. */
static bool hold(struct story *story, const struct hf_event *event)
{
    struct held *held = &story->held[story->held_count];
    size_t len = event->bytes.len;
    if (story->held_count == sizeof story->held / sizeof story->held[0])
        return false;
    held->bytes = malloc(len ? len : 1);
    if (!held->bytes)
        return false;
    if (len)
        memcpy(held->bytes, event->bytes.at, len);
    held->event = *event;
    held->event.bytes.at = held->bytes;
    held->event.subject = held->event.inputs = NULL;
    held->event.verdict = held->event.instead = NULL;
    held->event.error = NULL;
    story->held_count++;
    return true;
}

void story_watch(void *ctx, const struct hf_event *event)
{
    struct story *story = ctx;
    bool ours = event->kind == HF_EVENT_MESSAGE && event->sent;
    if (!story->conn || hf_conn_outgoing(story->conn).len == 0)
        story_release(story);
    if (story->conn && ours && hold(story, event))
        return;
    if (ours)
        story_release(story);
    pass_on(story, event);
}

/* ---- the bar of times ------------------------------------------------------------------ */

void story_times(struct story *story, const struct arrival *way, double ready,
                 double first_byte, double end)
{
    double tls = ready - way->connected;
    double rtt = way->connected - way->resolved;
    double gap = story->first_received - story->flight_sent;
    if (story->level < 1)
        return;
    begin_line(story);
    fprintf(story->to, lang("dns %.1f  tcp %.1f  tls %.1f"),
            way->resolved - way->started, rtt, tls);
    if (story->first_received > 0 && gap >= 0) {
        /* of the gap, what TCP's own round trip took was the wire */
        double wire = rtt < gap ? rtt : gap;
        double verify = story->certificate > 0 && story->verified > 0
                            ? story->verified - story->certificate
                            : 0;
        fprintf(story->to,
                lang(" (server %.1f, verify %.1f, own %.1f, wire %.1f)"),
                gap - wire, verify, tls - gap - verify, wire);
    }
    if (first_byte > 0)
        fprintf(story->to, lang("  first byte %.1f"), first_byte - ready);
    fprintf(story->to, lang("  total %.1f ms\n"), end - way->started);
}
