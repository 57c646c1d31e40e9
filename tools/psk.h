/* psk.h - a pre-shared key on the command line: the same words for get, connect
 * and serve. */
#ifndef HF_TOOL_PSK_H
#define HF_TOOL_PSK_H

#include "tool.h"

struct psk_words {
    const char *key;      /* hexadecimal, or @FILE with that in it; or NULL */
    const char *identity; /* NULL: s_client's */
    const char *context;  /* of an imported one */
    const char *hash;     /* "sha256", "sha384"; NULL: the first */
    bool imported, only;
};
/* False: hf_config_error() tells. */
bool psk_set(const struct psk_words *words, struct hf_config *config);
/* The identity of the key that was used, in quotes and safe to print; false: it
 * was none. */
bool psk_text(const struct hf_conn *conn, char *out, size_t cap);
/* "psk": the same, or null. */
void json_psk(struct json *j, const struct hf_conn *conn);

/* Rows for a table of options; @field(x) is .at = the offset of psk.x. */
/* clang-format off */
#define OPT_PSK(field)                                                         \
    { .name = "psk", .kind = OPT_TEXT, .arg = "HEX|@FILE", field(key),         \
      .help = "a key that both have (TLS 1.3), hexadecimal, 16 to 512 bytes; " \
              "from a file it is not seen in the list of processes" },         \
    { .name = "psk-identity", .kind = OPT_TEXT, .arg = "NAME",                 \
      field(identity), .also = "psk_identity",                                 \
      .help = "by which both know the key (Client_identity)" },                \
    { .name = "psk-hash", .kind = OPT_TEXT, .arg = "sha256|sha384",            \
      field(hash), .help = "the hash that goes with the key (sha256)" },       \
    { .name = "psk-imported", .kind = OPT_FLAG, field(imported),               \
      .help = "use what RFC 9258 makes of the key, and never the key itself" },\
    { .name = "psk-context", .kind = OPT_TEXT, .arg = "TEXT", field(context),  \
      .help = "what both say of themselves, for --psk-imported" },             \
    { .name = "psk-only", .kind = OPT_FLAG, field(only),                       \
      .help = "refuse to do without the key: no certificates" }
/* clang-format on */

#endif
