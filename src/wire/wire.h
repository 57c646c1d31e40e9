/* wire.h - what is sent, byte by byte.
 *
 * Every message is declared once, in messages.def, in words taken from the
 * presentation language of RFC 8446 section 3.  From that file come
 *
 *   the C structs   below          (struct hf_client_hello ...),
 *   the const tables  tables.c     (hf_client_hello(), an hf_layout_fn),
 *
 * and three verbs in codec.c that work on any of them: read, next, write.
 * There is no other parser: what hf_wire_read() accepts is, by construction,
 * what explain.h explains.
 *
 * Reading borrows: spans in the structs point into the message.  Nothing
 * allocates, nothing recurses but along layouts, and those have no cycles.
 */
#ifndef HF_WIRE_H
#define HF_WIRE_H

#include "base/base.h"
#include "handfast/explain.h"

/* ---- tables --------------------------------------------------------------------- */

/* Ordinals of the extensions we know: HF_EXT_server_name ... */
enum hf_ext {
#define EXT(id, ...) HF_EXT_##id,
#include "wire/extensions.def"
#undef EXT
    HF_EXT_COUNT
};
extern const struct hf_extension_row hf_extension_table[HF_EXT_COUNT];

/* The bit of an extension in hf_extensions.present. */
#define HF_BIT(ext) ((uint64_t)1 << HF_EXT_##ext)

/* Ordinals of the tables of names: HF_NAMES_SUITE ... */
enum hf_names_id {
#define NAMES(id, what, grease) HF_NAMES_##id,
#define NAME(number, name)
#define NAMES_END
#include "wire/names.def"
#undef NAMES
#undef NAME
#undef NAMES_END
    HF_NAMES_COUNT
};
extern const struct hf_names hf_names_table[HF_NAMES_COUNT];

/* Every layout, in the order of messages.def. */
extern hf_layout_fn *const hf_layout_table[];
extern const size_t hf_layout_count;

/* Which layouts a handshake type may have. Several rows of one type: the
 * first that fits the version, or else that can read the bytes. */
struct hf_message_row {
    uint8_t type;
    uint16_t version; /* 0x0303, 0x0304, or 0: both */
    hf_layout_fn *layout;
};
extern const struct hf_message_row hf_message_table[];
extern const size_t hf_message_count;

/* A ServerHello with this random is a HelloRetryRequest (RFC 8446 4.1.3). */
extern const uint8_t hf_retry_random[32];

/* ---- the extensions of one message -------------------------------------------------- */

struct hf_extensions {
    uint64_t present; /* bit per enum hf_ext; unknown ones have none */
    struct hf_span body[HF_EXT_COUNT]; /* .at is NULL where not present */
    struct hf_span all; /* the block as it came; .at is NULL if there was
                           * none.  The only member that is written. */
    uint32_t offset;    /* of `all` in the message */
    uint8_t place;      /* enum hf_place */
    uint8_t last;       /* enum hf_ext of the last one in the block;
                           * HF_EXT_COUNT if that is unknown or there is none */
};

/* ---- the structs, one per STRUCT in messages.def ------------------------------------ */

/* clang-format off */
#define STRUCT(id, name, rfc)                       struct hf_##id {
#define U8(f, names, why)                           uint8_t f;
#define U16(f, names, why)                          uint16_t f;
#define U24(f, names, why)                          uint32_t f;
#define U32(f, names, why)                          uint32_t f;
#define FIXED(f, n, why)                            uint8_t f[n];
#define VEC8(f, min, max, why)                      struct hf_span f;
#define VEC16(f, min, max, why)                     struct hf_span f;
#define VEC24(f, min, max, why)                     struct hf_span f;
#define TEXT8(f, min, max, why)                     struct hf_span f;
#define TEXT16(f, min, max, why)                    struct hf_span f;
#define LIST8(f, min, max, of, why)                 struct hf_span f;
#define LIST16(f, min, max, of, why)                struct hf_span f;
#define LIST24(f, min, max, of, why)                struct hf_span f;
#define REST(f, why)                                struct hf_span f;
#define EXTENSIONS(f, place, min, why)              struct hf_extensions f;
#define EXTENSIONS_OR_NONE(f, place, why)           struct hf_extensions f;
#define NOTHING                                     char nothing;
#define END(id)                                     }; hf_layout_fn hf_##id;
#include "wire/messages.def"
#include "wire/undef.h"
/* clang-format on */

/* ---- verbs ------------------------------------------------------------------------------ */

/* Read @in, all of it, as @layout.  @out (the struct of that layout) and @see
 * may be NULL.  False: *fault says where and why, and *out is not to be used.
 * The bodies of extensions are indexed, not read, unless @see is given. */
HF_CHECK bool hf_wire_read(hf_layout_fn *layout, struct hf_span in, void *out,
                           const struct hf_visitor *see,
                           struct hf_fault *fault);
/* Read the body of an extension that is present.  @layout must be what
 * extensions.def lists for the message's place (asserted); the fault's offset
 * is in the message, as that of hf_wire_read(). */
HF_CHECK bool hf_wire_read_ext(hf_layout_fn *layout,
                               const struct hf_extensions *extensions,
                               enum hf_ext ext, void *out,
                               struct hf_fault *fault);
/* The fault's offset counts from the start of @part; make it count from the
 * start of @whole, in which @part lies. */
void hf_wire_shift(struct hf_fault *fault, struct hf_span whole,
                   struct hf_span part);
/* Take the next element off a list of structs that hf_wire_read() has
 * checked.  False: it was empty.  Offsets in *out count from the list's start
 * as it was before the call. */
HF_CHECK bool hf_wire_next(hf_layout_fn *layout, struct hf_span *list,
                           void *out);
/* Take the next number, of @width bytes, off a list of numbers likewise. */
HF_CHECK bool hf_wire_next_number(unsigned width, struct hf_span *list,
                                  uint32_t *out);
/* Take the next extension, known or not, off a block that hf_wire_read() has
 * checked (hf_extensions.all).  False: it was empty. */
HF_CHECK bool hf_wire_next_extension(struct hf_span *block, uint32_t *number,
                                     struct hf_span *body);
/* Is @number one of a list of numbers of @width bytes that was checked? */
bool hf_wire_lists(struct hf_span list, unsigned width, uint32_t number);

/* Write *@in as @layout.  A value out of its bounds is a bug of ours and
 * leaves the writer full.  Lists and extension blocks are written as the
 * bytes they are. */
void hf_wire_write(hf_layout_fn *layout, struct hf_writer *w, const void *in);
/* Write one extension: number, length, body.  @layout must be what
 * extensions.def lists for @place (asserted). */
void hf_wire_write_ext(hf_layout_fn *layout, struct hf_writer *w,
                       enum hf_ext ext, enum hf_place place, const void *in);

enum { HF_MESSAGE_HEADER = 4 }; /* msg_type and length (RFC 8446 4) */
/* Note the fault, found in the body of a handshake message, in @e: code,
 * layout, field, the clashing values as detail, and the byte.  That one counts
 * from the message's header, as the bytes of an event, of a capture and of
 * hf_explain() do.  Always false. */
bool hf_wire_fail(struct hf_error *e, const struct hf_fault *fault);

/* A version for people: "TLS 1.0 (0x0301: TLS 1.0 is SSL 3.1 on the wire)". */
enum { HF_VERSION_WORDS = 64 };
void hf_wire_version_words(char out[HF_VERSION_WORDS], unsigned version);

/* Which message a ServerHello is: HF_HRR by its random (RFC 8446 4.1.3),
 * HF_SH if it has supported_versions (RFC 8446 4.2.1), else HF_SH12; also if
 * it cannot be read, which reading it will tell. */
enum hf_place hf_wire_server_hello_place(struct hf_span body);

#endif
