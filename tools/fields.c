/* fields.c - a message field by field: as lines under its line in the trace,
 * and as an array in JSON.
 */
#include "client.h"

#include "handfast/explain.h"

/* ---- lines -------------------------------------------------------------------- */

static void print_line(void *ctx, const struct hf_line *line)
{
    struct story *story = ctx;
    struct hf_line said = *line;
    char text[1024], room[256];
    said.value = lang_value(line, room, sizeof room);
    said.why = lang(line->why);
    hf_line_text(&said, text, sizeof text);
    text_cut(text);
    fputs("*     ", story->to);
    print_safe_text(story->to, text);
    putc('\n', story->to);
}

static bool walk(const struct hf_event *e, const struct hf_visitor *see,
                 struct hf_fault *fault)
{
    if (e->record == 20)
        return hf_explain_layout(hf_layout_by_name("change_cipher_spec"),
                                 e->bytes, see, fault);
    if (e->record == 21)
        return hf_explain_layout(hf_layout_by_name("alert"), e->bytes, see,
                                 fault);
    return hf_explain(e->bytes, e->version, see, fault);
}

void story_fields(struct story *story, const struct hf_event *e)
{
    struct hf_lines lines = { .line = print_line, .ctx = story };
    struct hf_visitor see = hf_lines(&lines);
    struct hf_fault fault = { 0 };
    char text[256], room[512];
    if (!walk(e, &see, &fault)) {
        hf_fault_text(&fault, text, sizeof text);
        fprintf(story->to, lang("*     at byte %zu: %s\n"), fault.offset,
                lang_text(text, room, sizeof room));
    }
    if (story->level >= 3)
        print_hexdump(story->to, "*     ", e->bytes);
}

/* ---- JSON ----------------------------------------------------------------------- */

enum { DEPTHS = 16 };
struct fields {
    struct json *json;
    const char *names[DEPTHS]; /* of what we are inside */
};

/* "extensions > key_share > shares > group" */
static void path_text(struct fields *f, const struct hf_line *line, char *out,
                      size_t cap)
{
    size_t n = 0;
    unsigned depth = line->depth < DEPTHS ? line->depth : DEPTHS - 1;
    f->names[depth] = line->name;
    out[0] = 0;
    for (unsigned i = 0; i <= depth && n < cap; i++) {
        const char *name = f->names[i];
        if (name && *name)
            n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? " > " : "",
                                  name);
    }
}

/* {path, off, len, value, why} */
static void print_field(void *ctx, const struct hf_line *line)
{
    struct fields *f = ctx;
    char path[512], room[256];
    path_text(f, line, path, sizeof path);
    json_open_line(f->json, NULL, '{');
    json_text(f->json, "path", path);
    json_number(f->json, "off", (int64_t)line->offset);
    json_number(f->json, "len", (int64_t)line->length);
    json_text(f->json, "value", lang_value(line, room, sizeof room));
    json_text(f->json, "why", lang(line->why));
    json_close(f->json);
}

static void json_fields(struct json *j, const struct hf_event *e)
{
    struct fields fields = { .json = j };
    struct hf_lines lines = { .line = print_field, .ctx = &fields };
    struct hf_visitor see = hf_lines(&lines);
    struct hf_fault fault = { 0 };
    json_open(j, "fields", '[');
    bool good = walk(e, &see, &fault);
    json_close(j);
    if (!good) {
        char text[256], room[512];
        hf_fault_text(&fault, text, sizeof text);
        json_open(j, "fault", '{');
        json_number(j, "byte", (int64_t)fault.offset);
        json_text(j, "text", lang_text(text, room, sizeof room));
        json_close(j);
    }
}

static void json_message(struct json *j, const struct hf_event *e)
{
    static const char *const epochs[] = { "plain", "early", "handshake",
                                          "traffic" };
    char clause[400];
    clause_of(e, clause, sizeof clause);
    json_text(j, "dir", e->sent ? "out" : "in");
    json_number(j, "record", e->record);
    json_text(j, "level", epochs[e->epoch & 3]);
    json_text(j, "version", e->version ? hf_version_name(e->version) : NULL);
    if (e->record == 22) {
        json_number(j, "type", e->message == HF_MESSAGE_RETRY ? 2 : e->message);
        json_text(j, "message", message_title(e));
    } else {
        json_text(j, "message",
                  e->record == 20 ? "Change cipher spec" : "Alert");
    }
    json_text(j, "clause", clause);
    json_number(j, "len", (int64_t)e->bytes.len);
    json_hex(j, "bytes", e->bytes);
    json_fields(j, e);
}

/* What the library has put into words. */
static void json_words(struct json *j, const char *key, const char *text)
{
    char room[1024];
    json_text(j, key, lang_text(text, room, sizeof room));
}

void story_json(struct story *story, const struct hf_event *e, double at)
{
    static const char *const kinds[] = { "message", "decision", "check",
                                         "secret",  "keys",     "error" };
    struct json *j = story->json;
    if (e->kind == HF_EVENT_SECRET && !story->show_secrets)
        return;
    json_open(j, NULL, '{');
    json_ms(j, "t", at);
    json_text(j, "kind",
              e->kind < sizeof kinds / sizeof kinds[0] ? kinds[e->kind] : "?");
    if (e->kind == HF_EVENT_MESSAGE) {
        json_message(j, e);
    } else {
        json_text(j, "id", hf_event_name(e->id));
        json_text(j, "rfc", hf_event_rfc(e->id));
        json_text(j, "rule", lang(hf_event_rule(e->id)));
        json_bool(j, "ok", e->ok);
        json_text(j, "subject", e->subject);
        json_words(j, "inputs", e->inputs);
        json_words(j, "verdict", e->verdict);
        json_words(j, "instead", e->instead);
    }
    if (e->kind == HF_EVENT_SECRET)
        json_hex(j, "value", e->bytes);
    if (e->error && e->error->code != HF_OK)
        json_text(j, "code", hf_error_name(e->error->code));
    json_close(j);
}
