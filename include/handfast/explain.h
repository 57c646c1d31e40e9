/* explain.h - TLS messages as data: what a wire format is, how to have every
 * field of some bytes shown to you, and where exactly bytes went wrong.
 *
 * A format is a `struct hf_layout`: a name, the section of the RFC, and fields
 * in wire order.  The library reads and writes its own messages with the same
 * tables and the same walker that are behind the functions here, so what is
 * explained is what is understood.
 *
 * Nothing in here allocates, keeps state or touches keys: it explains what
 * can be seen on the wire.  Every function may be called from any thread; all
 * tables and strings are static and live for ever.
 */
#ifndef HANDFAST_EXPLAIN_H
#define HANDFAST_EXPLAIN_H

#include "handfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- numbers that have names ------------------------------------------------ */

struct hf_name {
    uint32_t number;
    const char *name;
};

/* RFC 8701 reserves numbers that mean nothing and keep everybody honest. */
enum hf_grease { HF_GREASE_NONE, HF_GREASE_8, HF_GREASE_16 };

struct hf_names {
    const char *id;            /* "SUITE": stable */
    const char *what;          /* "cipher suite": for people */
    const struct hf_name *row; /* by number, ascending, no number twice */
    size_t rows;
    uint8_t grease; /* enum hf_grease */
};

/* The name of @number, "GREASE" for a reserved one, NULL if it has none (or
 * if @names is NULL). */
HF_PUBLIC const char *hf_name_of(const struct hf_names *names, uint32_t number);
/* The number named @name; false if none is. */
HF_PUBLIC HF_CHECK bool hf_number_of(const struct hf_names *names,
                                     const char *name, uint32_t *number);
/* All tables of names, one after the other; NULL past the last. */
HF_PUBLIC const struct hf_names *hf_names_at(size_t i);
/* The table with this id, NULL if there is none. */
HF_PUBLIC const struct hf_names *hf_names_by_id(const char *id);

/* ---- layouts ------------------------------------------------------------------ */

enum hf_wire_kind {
    HF_WIRE_U8 = 1, /* values 1..4 are also the width in bytes */
    HF_WIRE_U16,
    HF_WIRE_U24,
    HF_WIRE_U32,
    HF_WIRE_FIXED,     /* opaque x[n]            copied */
    HF_WIRE_VEC,       /* opaque x<min..max>     borrowed */
    HF_WIRE_LIST,      /* T x<min..max>          borrowed, every T checked */
    HF_WIRE_REST,      /* opaque to the end      borrowed */
    HF_WIRE_EXTENSIONS /* Extension x<0..2^16-1> indexed */
};

/* How people want to see a value. */
enum hf_show { HF_SHOW_HEX, HF_SHOW_NAME, HF_SHOW_NUMBER, HF_SHOW_TEXT };

/* The messages that carry extensions: the columns of the table in RFC 8446
 * 4.2, and TLS 1.2's ServerHello.  HF_ANY is no column: a block that is
 * looked over before it is known which message it belongs to. */
enum hf_place {
    HF_CH,
    HF_SH12,
    HF_SH,
    HF_HRR,
    HF_EE,
    HF_CT,
    HF_CR,
    HF_NST,
    HF_PLACES,
    HF_ANY = HF_PLACES
};

struct hf_layout;

/* A layout is a function that returns a const table. */
typedef const struct hf_layout *hf_layout_fn(void);

struct hf_field {
    uint8_t kind;      /* enum hf_wire_kind */
    uint8_t prefix;    /* bytes of length prefix */
    uint8_t element;   /* LIST: kind of each element, 0 = struct */
    uint8_t place;     /* EXTENSIONS: enum hf_place */
    uint8_t optional;  /* EXTENSIONS: the message may end before it */
    uint8_t show;      /* enum hf_show, of a number or each element too */
    uint16_t offset;   /* into the C struct */
    uint32_t min, max; /* bytes, both inclusive */
    hf_layout_fn *of;  /* LIST of struct */
    const struct hf_names *names;
    const char *name; /* the RFC's */
    const char *why;  /* one sentence for people */
};

struct hf_layout {
    const char *id;   /* "client_hello": stable, unique */
    const char *name; /* "ClientHello" */
    const char *rfc;  /* "RFC 8446 4.1.2" */
    const struct hf_field *field;
    uint16_t fields;
    uint16_t size; /* sizeof the C struct */
};

/* All layouts, one after the other, in the order of the manual; NULL past the
 * last. */
HF_PUBLIC hf_layout_fn *hf_layout_at(size_t i);
/* The layout with this id ("client_hello") or, the first of several versions,
 * with this name ("ClientHello"); NULL if there is none. */
HF_PUBLIC hf_layout_fn *hf_layout_by_name(const char *name);
/* Write "layout_id.field" into @out: the key under which translations of the
 * field's sentence are kept.  Returns its length; cut if it does not fit. */
HF_PUBLIC size_t hf_field_key(const struct hf_layout *layout,
                              const struct hf_field *field, char *out,
                              size_t cap);

/* ---- extensions ------------------------------------------------------------------ */

/* One extension.  A place without a layout is a place where it must not
 * appear. */
struct hf_extension_row {
    uint16_t number;
    const char *id; /* "alpn": stable, unique */
    const char *why;
    hf_layout_fn *in[HF_PLACES];
};
/* IANA's name for extension @number, known to us or not; "unknown extension"
 * if it has none. */
HF_PUBLIC const char *hf_extension_name(uint32_t number);
/* All extensions that we know, by number; NULL past the last. */
HF_PUBLIC const struct hf_extension_row *hf_extension_at(size_t i);
/* "CH", "SH" ... as RFC 8446 4.2 writes them; "?" if there is no such place. */
HF_PUBLIC const char *hf_place_name(unsigned place);

/* ---- what went wrong, and exactly where --------------------------------------------- */

enum hf_fault_kind {
    HF_FAULT_NONE,
    HF_FAULT_SHORT,     /* runs past the end of what holds it */
    HF_FAULT_BOUNDS,    /* a length that the format does not allow */
    HF_FAULT_TRAILING,  /* bytes left over after the last field */
    HF_FAULT_ELEMENT,   /* not a whole number of elements */
    HF_FAULT_DUPLICATE, /* an extension twice */
    HF_FAULT_MISPLACED, /* an extension where it must not be */
    HF_FAULT_UNKNOWN    /* an extension nobody can have asked for */
};

/* Enough to draw an arrow under the byte. */
struct hf_fault {
    enum hf_fault_kind kind;
    bool announced; /* SHORT: `found` is the peer's length prefix */
    const struct hf_layout *layout;
    const struct hf_field *field; /* NULL: after the last field */
    size_t offset; /* of the field or its length prefix, of the extension,
                         * of the incomplete element, of the first byte over */
    size_t found;  /* bytes wanted; or the number of the extension */
    size_t left;   /* bytes there are */
};

/* Say the values that clashed, "300 bytes announced, 32 left", in @out.
 * Returns the length. */
HF_PUBLIC size_t hf_fault_text(const struct hf_fault *fault, char *out,
                               size_t cap);

/* ---- seeing every field ------------------------------------------------------------ */

enum hf_seen_kind {
    HF_SEEN_LAYOUT,     /* enter: a message, a structure */
    HF_SEEN_LIST,       /* enter: a field that holds elements */
    HF_SEEN_ELEMENT,    /* enter: a structure in a list */
    HF_SEEN_EXTENSIONS, /* enter: a field that holds extensions */
    HF_SEEN_EXTENSION,  /* enter: one of them */
    HF_SEEN_FIELD       /* field: a number or bytes */
};

struct hf_seen {
    enum hf_seen_kind kind;
    const struct hf_layout *layout; /* entered, or whose field this is */
    const struct hf_field *field;   /* FIELD, LIST, EXTENSIONS */
    const struct hf_extension_row *extension; /* EXTENSION; NULL: unknown */
    const char *name, *why;                   /* of whichever of these it is */
    size_t offset;        /* from the start of the bytes given */
    struct hf_span bytes; /* without its length prefix; EXTENSION:
                                     * with its number and length */
    uint32_t number;      /* FIELD: value; EXTENSION: its number */
};

/* Is shown everything, in wire order.  Each enter has its leave, even when
 * the walk ends in a fault.  A list of numbers is entered and shows each of
 * them as a field. */
struct hf_visitor {
    void (*enter)(void *ctx, const struct hf_seen *seen);
    void (*field)(void *ctx, const struct hf_seen *seen);
    void (*leave)(void *ctx);
    void *ctx;
};

/* Each of the following shows @bytes to @see (which may be NULL: then they are
 * only checked) and returns true if all of them could be read; else *fault
 * says what, where and why, with offsets from the start of @bytes. */

/* The bare body of one structure. */
HF_PUBLIC HF_CHECK bool hf_explain_layout(hf_layout_fn *layout,
                                          struct hf_span bytes,
                                          const struct hf_visitor *see,
                                          struct hf_fault *fault);
/* Handshake messages, each with its header of 4 bytes.  @version says which
 * TLS they are from: 0x0303, 0x0304, or 0 if that is not known, in which case
 * it is told from the bytes. */
HF_PUBLIC HF_CHECK bool hf_explain(struct hf_span bytes, unsigned version,
                                   const struct hf_visitor *see,
                                   struct hf_fault *fault);
/* Records as they travel, of one direction, and the messages in them as far
 * as they are not encrypted.  A message that is split over records is put
 * together in @room (a message that does not fit in @cap bytes is shown as
 * the bytes of its fragments); offsets are those of the records. */
HF_PUBLIC HF_CHECK bool hf_explain_records(struct hf_span bytes,
                                           unsigned version, uint8_t *room,
                                           size_t cap,
                                           const struct hf_visitor *see,
                                           struct hf_fault *fault);

/* ---- lines for people ---------------------------------------------------------------- */

/* What hf_lines() makes of each thing seen. */
struct hf_line {
    size_t offset, length;
    unsigned depth;
    const char *name;
    const char *value; /* "0x001d x25519"; "" if it is only a heading */
    const char *why;
    const struct hf_seen *seen;
};

struct hf_lines {
    void (*line)(void *ctx, const struct hf_line *line);
    void *ctx;
    unsigned depth; /* start with 0 */
    uint32_t quiet; /* ours, start with 0: levels without a heading */
};
/* A visitor that calls lines->line for every line. */
HF_PUBLIC struct hf_visitor hf_lines(struct hf_lines *lines);
/* The value of a field as people read it: "0x001d x25519", "7200",
 * "example.com" in quotes, or hex, cut after 16 bytes.  Returns the length. */
HF_PUBLIC size_t hf_value_text(const struct hf_seen *seen, char *out,
                               size_t cap);
/* The line as text:
 *  264    32        key_exchange: 2278e641... (32 bytes)  -- a fresh key
 * Returns the length. */
HF_PUBLIC size_t hf_line_text(const struct hf_line *line, char *out,
                              size_t cap);

#ifdef __cplusplus
}
#endif
#endif
