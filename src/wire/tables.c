/* tables.c - the const tables that messages.def, extensions.def and names.def
 * become.  No code here, only facts.
 *
 * Each layout is a function that returns its table, because inside a function
 * the field macros can say `here` for the struct that they describe. */
#include "wire/wire.h"

/* clang-format off */

/* ---- names --------------------------------------------------------------------- */

/* An empty row ends each table, so that a table may be empty. */
#define NAMES(id, what, grease) static const struct hf_name rows_##id[] = {
#define NAME(n, s)              { n, s },
#define NAMES_END               { 0, NULL } };
#include "wire/names.def"
#undef NAMES
#undef NAME
#undef NAMES_END

const struct hf_names hf_names_table[HF_NAMES_COUNT] = {
#define NAMES(id, what, grease) \
    { #id, what, rows_##id, HF_COUNT(rows_##id) - 1, HF_GREASE_##grease },
#define NAME(n, s)
#define NAMES_END
#include "wire/names.def"
#undef NAMES
#undef NAME
#undef NAMES_END
};

/* ---- layouts ------------------------------------------------------------------- */

#define AT(f)        .name = #f, .offset = offsetof(here, f)
#define NAMED(ns)    .names = &hf_names_table[HF_NAMES_##ns], \
                     .show = HF_NAMES_##ns == HF_NAMES_NUMBER ? HF_SHOW_NUMBER : HF_SHOW_NAME
#define OF(id)       .of = hf_##id
#define OF_U8(ns)    .element = HF_WIRE_U8, NAMED(ns)
#define OF_U16(ns)   .element = HF_WIRE_U16, NAMED(ns)

#define STRUCT(id, layout_name, rfc) \
    const struct hf_layout *hf_##id(void) \
    { \
        typedef struct hf_##id here; \
        static const char own_id[] = #id, name[] = layout_name, where[] = rfc; \
        static const struct hf_field field[] = {
#define U8(f, ns, y)             { AT(f), .kind = HF_WIRE_U8,  .min = 1, .max = 1, NAMED(ns), .why = y },
#define U16(f, ns, y)            { AT(f), .kind = HF_WIRE_U16, .min = 2, .max = 2, NAMED(ns), .why = y },
#define U24(f, ns, y)            { AT(f), .kind = HF_WIRE_U24, .min = 3, .max = 3, NAMED(ns), .why = y },
#define U32(f, ns, y)            { AT(f), .kind = HF_WIRE_U32, .min = 4, .max = 4, NAMED(ns), .why = y },
#define FIXED(f, n, y)           { AT(f), .kind = HF_WIRE_FIXED, .min = n, .max = n, .why = y },
#define VEC8(f, lo, hi, y)       { AT(f), .kind = HF_WIRE_VEC, .prefix = 1, .min = lo, .max = hi, .why = y },
#define VEC16(f, lo, hi, y)      { AT(f), .kind = HF_WIRE_VEC, .prefix = 2, .min = lo, .max = hi, .why = y },
#define VEC24(f, lo, hi, y)      { AT(f), .kind = HF_WIRE_VEC, .prefix = 3, .min = lo, .max = hi, .why = y },
#define TEXT8(f, lo, hi, y)      { AT(f), .kind = HF_WIRE_VEC, .prefix = 1, .min = lo, .max = hi, .show = HF_SHOW_TEXT, .why = y },
#define TEXT16(f, lo, hi, y)     { AT(f), .kind = HF_WIRE_VEC, .prefix = 2, .min = lo, .max = hi, .show = HF_SHOW_TEXT, .why = y },
#define LIST8(f, lo, hi, of, y)  { AT(f), .kind = HF_WIRE_LIST, .prefix = 1, .min = lo, .max = hi, of, .why = y },
#define LIST16(f, lo, hi, of, y) { AT(f), .kind = HF_WIRE_LIST, .prefix = 2, .min = lo, .max = hi, of, .why = y },
#define LIST24(f, lo, hi, of, y) { AT(f), .kind = HF_WIRE_LIST, .prefix = 3, .min = lo, .max = hi, of, .why = y },
#define REST(f, y)               { AT(f), .kind = HF_WIRE_REST, .max = UINT32_MAX, .why = y },
#define EXTENSIONS(f, p, lo, y)  { AT(f), .kind = HF_WIRE_EXTENSIONS, .prefix = 2, .min = lo, .max = 65535, .place = HF_##p, .why = y },
#define EXTENSIONS_OR_NONE(f, p, y) { AT(f), .kind = HF_WIRE_EXTENSIONS, .prefix = 2, .max = 65535, .place = HF_##p, .optional = 1, .why = y },
#define NOTHING
#define END(id) \
            { .kind = 0 } \
        }; \
        static const struct hf_layout layout = { \
            own_id, name, where, field, HF_COUNT(field) - 1, sizeof(here) \
        }; \
        return &layout; \
    }
#include "wire/messages.def"
#include "wire/undef.h"

hf_layout_fn *const hf_layout_table[] = {
#define STRUCT(id, name, rfc)    hf_##id,
#define U8(f, ns, y)
#define U16(f, ns, y)
#define U24(f, ns, y)
#define U32(f, ns, y)
#define FIXED(f, n, y)
#define VEC8(f, lo, hi, y)
#define VEC16(f, lo, hi, y)
#define VEC24(f, lo, hi, y)
#define TEXT8(f, lo, hi, y)
#define TEXT16(f, lo, hi, y)
#define LIST8(f, lo, hi, of, y)
#define LIST16(f, lo, hi, of, y)
#define LIST24(f, lo, hi, of, y)
#define REST(f, y)
#define EXTENSIONS(f, p, lo, y)
#define EXTENSIONS_OR_NONE(f, p, y)
#define NOTHING
#define END(id)
#include "wire/messages.def"
#include "wire/undef.h"
};
const size_t hf_layout_count = HF_COUNT(hf_layout_table);

/* ---- extensions ------------------------------------------------------------------ */

_Static_assert(HF_EXT_COUNT <= 64, "hf_extensions.present is one bit each");

#define IN(place, id)                  [HF_##place] = hf_##id,
#define EXT(id, number, why, places)   [HF_EXT_##id] = { number, #id, why, { places } },
const struct hf_extension_row hf_extension_table[HF_EXT_COUNT] = {
#include "wire/extensions.def"
};
#undef IN
#undef EXT

/* ---- handshake types ----------------------------------------------------------------- */

/* A ServerHello (2) is told apart by hf_wire_server_hello_place().  Of the
 * others with several layouts the first that fits is taken. */
const struct hf_message_row hf_message_table[] = {
    { 0, 0x0303, hf_hello_request },
    { 1, 0, hf_client_hello },
    { 2, 0x0304, hf_server_hello },
    { 2, 0x0304, hf_hello_retry_request },
    { 2, 0x0303, hf_server_hello_12 },
    { 4, 0x0304, hf_new_session_ticket },
    { 4, 0x0303, hf_new_session_ticket_12 },
    { 5, 0x0304, hf_end_of_early_data },
    { 8, 0x0304, hf_encrypted_extensions },
    { 11, 0x0304, hf_certificate },
    { 11, 0x0303, hf_certificate_12 },
    { 12, 0x0303, hf_server_key_exchange },
    { 12, 0x0303, hf_server_key_exchange_dhe },
    { 13, 0x0304, hf_certificate_request },
    { 13, 0x0303, hf_certificate_request_12 },
    { 14, 0x0303, hf_server_hello_done },
    { 15, 0, hf_certificate_verify },
    { 16, 0x0303, hf_client_key_exchange },
    { 16, 0x0303, hf_client_key_exchange_rsa },
    { 20, 0, hf_finished },
    { 22, 0x0303, hf_certificate_status },
    { 24, 0x0304, hf_key_update },
    { 25, 0x0304, hf_compressed_certificate },
};
const size_t hf_message_count = HF_COUNT(hf_message_table);

/* SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3). */
const uint8_t hf_retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
    0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
    0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};
