/* offer.h - what is offered and accepted, as the command line says it: the same
 * words for get, connect and serve. */
#ifndef HF_TOOL_OFFER_H
#define HF_TOOL_OFFER_H

#include "tool.h"

struct offer {
    const char *policy;  /* its name; NULL: the default's */
    const char *tls_max; /* "default", "1.2", "1.3" */
    unsigned min, max;   /* versions; 0: the policy's */
    const char *ciphers, *ciphers13, *groups, *schemes;
    const char *compression; /* of certificates: "brotli:zlib" */
    const char *tickets;     /* that are asked for: "2:1" */
    unsigned long record_limit, max_fragment, padding; /* bytes */
    bool grease;
};
/* Set @config as @offer says; false after noting why. */
bool offer_set(const struct offer *offer, struct hf_config *config,
               struct failure *f);
/* "h2,http/1.1" taken apart, most wanted first, NULL behind the last.  False:
 * more than there is room for. */
struct protocols {
    char text[512];
    const char *at[32];
};
bool protocols_read(struct protocols *p, const char *text);
/* The newest and the oldest version that may be offered. */
unsigned offer_newest(const struct offer *offer);
unsigned offer_oldest(const struct offer *offer);

/* Rows for a table of options; @field(x) is .at = the offset of offer.x. */
/* clang-format off */
#define OPT_POLICY(field)                                                      \
    { .name = "policy", .kind = OPT_TEXT, .arg = "NAME", field(policy),        \
      .help = "everything below from a policy: default, modern, classic, or "  \
              "one with its year; handfast policy list shows them" }
#define OPT_CERT_COMPRESSION(field)                                            \
    { .name = "cert-compression", .kind = OPT_TEXT, .arg = "LIST",             \
      field(compression), .also = "compress-cert cert_comp",                   \
      .help = "certificates may travel compressed in TLS 1.3: brotli, zstd, "  \
              "zlib, most wanted first, with : between (none)" }
#define OPT_TLS_MAX(field)                                                     \
    { .name = "tls-max", .kind = OPT_TEXT, .arg = "default|1.2|1.3",           \
      field(tls_max), .help = "no newer version than this" }
/* What records and hellos look like; of OPT_SHAPE_CLIENT a server has no use. */
#define OPT_SHAPE(field)                                                       \
    { .name = "record-size-limit", .kind = OPT_NUMBER, .arg = "BYTES",         \
      field(record_limit), .also = "recordsize",                               \
      .help = "take no larger records than this, from 64 to 16385 bytes" },    \
    { .name = "record-padding", .kind = OPT_NUMBER, .arg = "BYTES",            \
      field(padding), .also = "record_padding",                                \
      .help = "TLS 1.3: pad what is sent to a multiple of this" }
#define OPT_SHAPE_CLIENT(field)                                                \
    { .name = "ticket-request", .kind = OPT_TEXT, .arg = "FULL:RESUMED",       \
      field(tickets),                                                          \
      .help = "TLS 1.3: ask for so many tickets after a full handshake and "   \
              "after a resumption (RFC 9149), each up to 16" },                \
    { .name = "max-fragment-length", .kind = OPT_NUMBER, .arg = "BYTES",       \
      field(max_fragment), .also = "maxfraglen",                               \
      .help = "ask for records of 512, 1024, 2048 or 4096 bytes both ways, "   \
              "the older way" }
#define OPT_GREASE(field, words)                                               \
    { .name = "grease", .kind = OPT_FLAG, field(grease), .help = words }
/* clang-format on */

#endif
