/* explain_bytes.c - records and messages in words, by the library's own
 * walker, and an arrow under the byte at which it stops. */
#include "expand.h"
#include "explaining.h"

#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 32, ROOM = 256 * 1024 };

/* What the walker is inside of, and where it was last. */
struct scope {
    const char *name;
    size_t offset, length;
};
struct walk {
    const struct explainer *x;
    struct hf_visitor lines; /* makes lines of what is seen */
    struct hf_lines state;
    struct scope inside[DEEPEST];
    unsigned depth;               /* now */
    unsigned trail;               /* when something was last seen */
    uint32_t algorithm, expanded; /* of a CompressedCertificate */
};

/* ---- seeing -------------------------------------------------------------------- */

static void explain_expanded(const struct walk *w, const struct hf_line *line);

/* A CompressedCertificate is shown with what is in it, which stands where its
 * bytes end: those are numbered from 0 again. */
static void note_compression(struct walk *w, const struct hf_line *line)
{
    const struct hf_seen *seen = line->seen;

    if (seen->kind != HF_SEEN_FIELD || !seen->layout ||
        strcmp(seen->layout->id, "compressed_certificate") != 0)
        return;
    if (strcmp(line->name, "algorithm") == 0)
        w->algorithm = seen->number;
    else if (strcmp(line->name, "uncompressed_length") == 0)
        w->expanded = seen->number;
    else
        explain_expanded(w, line);
}

static void on_line(void *ctx, const struct hf_line *line)
{
    struct walk *w = ctx;
    const struct hf_seen *seen = line->seen;
    bool cut = seen->kind == HF_SEEN_FIELD && seen->bytes.len > 16 &&
               seen->field->show != HF_SHOW_TEXT;
    char room[256];
    struct told told = { line->offset,
                         line->length,
                         line->depth,
                         line->name,
                         lang_value(line, room, sizeof(room)),
                         line->why,
                         cut ? seen->bytes : hf_span(NULL, 0) };
    bool certificate = cut && strcmp(line->name, "cert_data") == 0;

    if (certificate)
        told.bytes.len = 0;
    explain_line(w->x, &told);
    if (certificate && w->x->all_bytes)
        explain_der(w->x, seen->bytes, line->offset, line->depth + 1);
    note_compression(w, line);
}

static void on_enter(void *ctx, const struct hf_seen *seen)
{
    struct walk *w = ctx;

    if (w->depth < DEEPEST)
        w->inside[w->depth] = (struct scope){ seen->name, seen->offset,
                                              seen->bytes.len };
    w->trail = ++w->depth;
    w->lines.enter(w->lines.ctx, seen);
}

static void on_field(void *ctx, const struct hf_seen *seen)
{
    struct walk *w = ctx;

    w->trail = w->depth;
    w->lines.field(w->lines.ctx, seen);
}

static void on_leave(void *ctx)
{
    struct walk *w = ctx;

    w->depth--;
    w->lines.leave(w->lines.ctx);
}

static void explain_expanded(const struct walk *w, const struct hf_line *line)
{
    struct walk inside = { .x = w->x };
    struct told told = { 0,  w->expanded, line->depth + 1, "(expanded)",
                         "", "",          { NULL, 0 } };
    struct hf_visitor see = { on_enter, on_field, on_leave, &inside };
    struct hf_fault fault;
    const char *why;
    uint8_t *plain = expand_certificate(w->algorithm, w->expanded,
                                        line->seen->bytes, &why);

    told.why = plain ? "the Certificate message, bytes counted anew" : why;
    explain_line(w->x, &told);
    inside.state = (struct hf_lines){ .line = on_line,
                                      .ctx = &inside,
                                      .depth = line->depth + 1 };
    inside.lines = hf_lines(&inside.state);
    if (plain && !hf_explain_layout(hf_certificate, hf_span(plain, w->expanded),
                                    &see, &fault)) {
        told.name = "(expanded)";
        told.why = "it cannot be read further";
        told.offset = fault.offset;
        told.length = 0;
        explain_line(w->x, &told);
    }
    free(plain);
}

/* ---- faults ---------------------------------------------------------------------- */

/* "key_share > shares > KeyShareEntry.key_exchange": what was open around the
 * fault.  Leaving is seen for what was left in order and for what the fault
 * broke off alike, so the places decide. */
static void path_text(const struct walk *w, const struct hf_fault *fault,
                      char *out, size_t cap)
{
    bool named = false;

    hf_format(out, cap, "");
    for (unsigned i = 0; i < w->trail && i < DEEPEST; i++) {
        const struct scope *s = &w->inside[i];

        if (fault->offset < s->offset || fault->offset > s->offset + s->length)
            continue;
        hf_format_more(out, cap, out[0] ? " > %s" : "%s", s->name);
        named = fault->layout && strcmp(s->name, fault->layout->name) == 0;
    }
    if (!fault->layout)
        return;
    if (!named)
        hf_format_more(out, cap, out[0] ? " > %s" : "%s", fault->layout->name);
    if (fault->field)
        hf_format_more(out, cap, ".%s", fault->field->name);
}

/* How many bytes the arrow lies under. */
static size_t arrow_width(const struct hf_fault *fault)
{
    switch (fault->kind) {
    case HF_FAULT_SHORT:
        if (fault->announced)
            return fault->field && fault->field->prefix ? fault->field->prefix
                                                        : 3;
        return fault->left;
    case HF_FAULT_BOUNDS:
        return fault->field && fault->field->prefix ? fault->field->prefix : 1;
    case HF_FAULT_TRAILING: return fault->left;
    case HF_FAULT_DUPLICATE:
    case HF_FAULT_MISPLACED:
    case HF_FAULT_UNKNOWN: return 2; /* the extension's number */
    case HF_FAULT_NONE:
    case HF_FAULT_ELEMENT: break;
    }
    return 1;
}

static int tell_fault(const struct walk *w, struct hf_span bytes,
                      const struct hf_fault *fault)
{
    const struct explainer *x = w->x;
    struct hf_error error = { 0 };
    char path[400], values[160], said[320], says[160];
    const char *alert;

    (void)hf_wire_fail(&error, fault);
    path_text(w, fault, path, sizeof(path));
    hf_fault_text(fault, values, sizeof(values));
    alert = hf_alert_name(error.alert);
    if (x->json)
        return HF_EXIT_NO; /* the document's "error" says it */
    printf(lang("\n%scannot be read further:%s %s, byte %zu: %s\n"),
           ink(x->tool, stdout, INK_BAD), ink(x->tool, stdout, INK_PLAIN), path,
           fault->offset, lang_text(values, said, sizeof(said)));
    hf_format(says, sizeof(says), lang("answered with %s (%u) [%s]"),
              alert ? alert : lang("no alert"), (unsigned)error.alert,
              hf_error_name(error.code));
    draw_arrow(x->tool, bytes, fault->offset, arrow_width(fault), says,
               fault->layout ? fault->layout->rfc : "");
    return HF_EXIT_NO;
}

/* ---- which kind --------------------------------------------------------------------- */

static bool looks_like_records(struct hf_span b)
{
    return b.len >= 3 && b.at[0] >= 20 && b.at[0] <= 24 && b.at[1] == 3 &&
           b.at[2] <= 4;
}

/* A handshake type that exists, and a length that could be meant: either all
 * is there, or (a message cut off) it is of a sensible size. */
static bool looks_like_messages(struct hf_span b)
{
    size_t len;

    if (b.len < 4 || !hf_message_name(b.at[0]))
        return false;
    len = hf_number(b.at + 1, 3);
    return len <= b.len - 4 || len <= 65536;
}

static bool looks_like_der(struct hf_span b)
{
    if (b.len < 4 || b.at[0] != 0x30)
        return false;
    return b.at[1] == 0x82 || b.at[1] == 0x81 || b.at[1] < 0x80 ||
           b.at[1] == 0x83;
}

static enum form form_of(struct hf_span b)
{
    if (looks_like_records(b))
        return FORM_RECORDS;
    if (looks_like_der(b))
        return FORM_DER;
    return looks_like_messages(b) ? FORM_MESSAGES : FORM_UNKNOWN;
}

/* What else comes along, taken for TLS. */
static const struct {
    const char *begins, *says;
} strangers[] = {
    { "HTTP/", "an answer in plain HTTP: that port does not speak TLS" },
    { "GET ", "a request in plain HTTP: it was sent to a TLS port, or is to "
              "be" },
    { "POST ", "a request in plain HTTP" },
    { "HEAD ", "a request in plain HTTP" },
    { "PRI * HTTP/2", "the beginning of HTTP/2 without TLS" },
    { "SSH-", "the greeting of SSH" },
    { "220 ", "the greeting of a mail or FTP server: TLS begins after "
              "STARTTLS there" },
    { "* OK", "the greeting of an IMAP server: TLS begins after STARTTLS" },
    { "+OK", "the greeting of a POP3 server: TLS begins after STLS" },
    { "\x80", "perhaps an SSL 2.0 hello, which nobody may answer (RFC 6176)" },
};

const char *explain_stranger(struct hf_span bytes)
{
    for (size_t i = 0; i < HF_COUNT(strangers); i++) {
        struct hf_span s = hf_span_text(strangers[i].begins);

        if (bytes.len >= s.len && hf_equal(bytes.at, s.at, s.len))
            return strangers[i].says;
    }
    return NULL;
}

static int unknown(const struct explainer *x, struct hf_span bytes)
{
    const char *says = explain_stranger(bytes);

    if (x->json) {
        json_no_fields(x->json);
        json_fault(x->json, "explain.unknown", NULL,
                   says ? says : "neither records, messages nor DER", 0, NULL,
                   NULL);
        return HF_EXIT_NO;
    }
    if (says)
        return tool_error(x->tool, HF_EXIT_NO, "this is %s", lang(says));
    tool_error(x->tool, HF_EXIT_NO,
               "these %zu bytes are neither TLS records (16 03 ..), handshake "
               "messages (01 00 ..) nor a certificate (30 82 ..)",
               bytes.len);
    print_hexdump(stderr, "  ",
                  hf_span(bytes.at, bytes.len < 64 ? bytes.len : 64));
    fputs(lang("  --as NAME reads them as one structure; handfast tables "
               "layouts lists those\n"),
          stderr);
    return HF_EXIT_NO;
}

/* ---- explaining ------------------------------------------------------------------------ */

static bool walk_bytes(struct walk *w, enum form form, hf_layout_fn *layout,
                       unsigned version, struct hf_span bytes,
                       struct hf_fault *fault)
{
    struct hf_visitor see = { on_enter, on_field, on_leave, w };
    uint8_t *room;
    bool good;

    if (layout)
        return hf_explain_layout(layout, bytes, &see, fault);
    if (form == FORM_MESSAGES)
        return hf_explain(bytes, version, &see, fault);
    room = malloc(ROOM);
    good = hf_explain_records(bytes, version, room, room ? ROOM : 0, &see,
                              fault);
    free(room);
    return good;
}

static void fault_json(struct json *j, const struct walk *w,
                       const struct hf_fault *fault)
{
    struct hf_error error = { 0 };
    char path[400];

    (void)hf_wire_fail(&error, fault);
    path_text(w, fault, path, sizeof(path));
    json_fault(j, hf_error_name(error.code), path, error.detail, fault->offset,
               hf_alert_name(error.alert),
               fault->layout ? fault->layout->rfc : NULL);
}

static int walk(const struct explainer *x, enum form form, hf_layout_fn *layout,
                unsigned version, struct hf_span bytes)
{
    struct walk w = { .x = x };
    struct hf_fault fault = { .kind = HF_FAULT_NONE };
    bool good;

    w.state = (struct hf_lines){ .line = on_line, .ctx = &w };
    w.lines = hf_lines(&w.state);
    if (x->json)
        json_open(x->json, "fields", '[');
    good = walk_bytes(&w, form, layout, version, bytes, &fault);
    if (x->json) {
        json_close(x->json);
        if (good)
            json_fault(x->json, NULL, NULL, NULL, 0, NULL, NULL);
        else
            fault_json(x->json, &w, &fault);
    }
    return good ? HF_EXIT_GOOD : tell_fault(&w, bytes, &fault);
}

static int no_such_layout(const struct explainer *x, const char *name)
{
    const char *names[160] = { "records", "messages", "certificate" };
    size_t n = 3;
    const char *like;

    for (size_t i = 0; hf_layout_at(i) && n < HF_COUNT(names) - 1; i++)
        names[n++] = hf_layout_at(i)()->id;
    names[n] = NULL;
    like = most_like(name, names);
    return usage_error(x->tool, "--as: there is no \"%s\"%s%s%s", name,
                       like ? lang("; did you mean ") : "", like ? like : "",
                       like ? "?" : "");
}

/* A hello that was copied without its headers. */
static hf_layout_fn *bare_hello(struct hf_span bytes)
{
    static hf_layout_fn *const hellos[] = { hf_client_hello, hf_server_hello,
                                            hf_server_hello_12 };
    struct hf_fault fault;

    for (size_t i = 0; i < HF_COUNT(hellos); i++)
        if (hf_explain_layout(hellos[i], bytes, NULL, &fault))
            return hellos[i];
    return NULL;
}

int explain_bytes(const struct explainer *x, const struct explain_how *how,
                  struct hf_span bytes)
{
    enum form form = form_of(bytes);
    hf_layout_fn *layout = NULL;

    if (how->as && strcmp(how->as, "records") == 0)
        form = FORM_RECORDS;
    else if (how->as && strcmp(how->as, "messages") == 0)
        form = FORM_MESSAGES;
    else if (how->as && strcmp(how->as, "certificate") == 0)
        form = FORM_DER;
    else if (how->as && !(layout = hf_layout_by_name(how->as)))
        return no_such_layout(x, how->as);
    if (!how->as && form == FORM_UNKNOWN)
        layout = bare_hello(bytes);
    if (layout || form == FORM_RECORDS || form == FORM_MESSAGES)
        return walk(x, form, layout, how->version, bytes);
    return form == FORM_DER ? explain_der(x, bytes, 0, 0) : unknown(x, bytes);
}
