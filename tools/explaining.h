/* explaining.h - what the files of `handfast explain` share.
 *
 *     words, files, stdin --decode.c--> bytes
 *     bytes --explain_bytes.c--> records, messages (the wire layer's walker)
 *           --explain_der.c--> certificates (the x509 layer's DER reader)
 *           --explain_line.c--> lines of text, or JSON; and the arrow
 *     a capture --capture.h--> what its connections say
 *               --capture_tell.c, capture_event.c--> lines, or JSON
 *     an error code, an alert, an exit code --explain_word.c--> half a page
 */
#ifndef HANDFAST_TOOL_EXPLAINING_H
#define HANDFAST_TOOL_EXPLAINING_H

#include "files.h"
#include "tool.h"

#include "base/base.h"
#include "handfast/explain.h"

/* ---- bytes out of text (decode.c) -------------------------------------------- */

enum decoded {
    DECODED_RAW, /* the bytes themselves */
    DECODED_HEX, /* digits, with or without offsets and a margin of letters */
    DECODED_BASE64,
    DECODED_PEM /* left as it is, for whoever knows the labels */
};
const char *decoded_name(enum decoded how);
/* The bytes that @text stands for.  False only without memory. */
bool decode(struct hf_span text, struct bytes *out, enum decoded *how);
/* Could all of @text be hex digits and blanks, at least @least bytes of it? */
bool is_hex(struct hf_span text, size_t least);

/* ---- lines (explain_line.c) ---------------------------------------------------- */

struct explainer {
    const struct tool *tool;
    struct json *json; /* lines go there, or to stdout if NULL */
    bool all_bytes;    /* long values whole */
};
struct told {
    size_t offset, length;
    unsigned depth;
    const char *name, *value, *why;
    struct hf_span bytes; /* of a value that was cut, to show it whole */
};
void explain_line(const struct explainer *x, const struct told *line);
/* A heading over the next bytes. */
void explain_heading(const struct explainer *x, struct hf_span text);
/* "error": {...} of the document; @code NULL: null. */
void json_fault(struct json *j, const char *code, const char *where,
                const char *detail, size_t byte, const char *alert,
                const char *rfc);
/* "fields": [], where nothing can be shown. */
void json_no_fields(struct json *j);
/* The place of a fault: the bytes around it, and an arrow under @width of
 * them. */
void draw_arrow(const struct tool *tool, struct hf_span bytes, size_t at,
                size_t width, const char *says, const char *rfc);

/* ---- the kinds of bytes ----------------------------------------------------------- */

enum form { FORM_UNKNOWN, FORM_RECORDS, FORM_MESSAGES, FORM_DER };
struct explain_how {
    const char *as;   /* "records", "messages", "certificate", a layout; NULL */
    unsigned version; /* 0x0303, 0x0304, 0: told from the bytes */
};
/* Explain @bytes; an exit code. */
int explain_bytes(const struct explainer *x, const struct explain_how *how,
                  struct hf_span bytes);
/* What bytes of another protocol are; NULL if nobody knows. */
const char *explain_stranger(struct hf_span bytes);
/* A certificate, element by element.  @base is added to the offsets, @depth to
 * the depths.  An exit code; what is no DER is shown up to there. */
int explain_der(const struct explainer *x, struct hf_span der, size_t base,
                unsigned depth);

/* ---- captures (capture_tell.c, capture_event.c) ------------------------------------ */

struct capture_how {
    const char *keylog;   /* a file, or NULL */
    unsigned long stream; /* only this one, from 1; 0: all */
    bool data;            /* show the bytes of the application */
    bool brief;           /* no fields */
};
/* Explain a capture; an exit code. */
int explain_capture(struct tool *tool, const struct capture_how *how,
                    struct hf_span file);

struct capture_event;
/* What is told about one connection. */
struct capture_telling {
    const struct explainer *x;
    const struct capture_how *how;
    uint64_t began;
    int code;
    /* data and sealed records one after the other are told as one */
    struct capture_run {
        uint8_t kind, record, epoch;
        bool client;
        uint64_t count, len;
        double at;
        uint32_t packet;
        const char *what;
    } run;
};
void capture_tell_event(struct capture_telling *c,
                        const struct capture_event *event);
/* Tell what was gathered. */
void capture_tell_run(struct capture_telling *c);

/* ---- words ---------------------------------------------------------------------------- */

/* Half a page about @word (with @kind NULL, "alert" or "exit" in front of it):
 * an exit code, or -1 if nobody knows the word. */
int explain_word(const struct tool *tool, const char *kind, const char *word);
/* "there is nothing called ..., did you mean ..."; an exit code. */
int explain_unknown(const struct tool *tool, const char *word);

#endif
