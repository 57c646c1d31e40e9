/* cert_fields.h - what a certificate says, field by field, as text: most fields
 * have one item; names, usages and extensions have many. */
#ifndef HANDFAST_TOOL_CERT_FIELDS_H
#define HANDFAST_TOOL_CERT_FIELDS_H

#include "certs.h"

/* Texts of our own, in the order in which they were found. */
struct items {
    char **at;
    size_t count, room;
    bool failed; /* no memory */
};
void items_free(struct items *items);

struct field {
    const char *key, *label;
    void (*items)(const struct hf_cert *cert, struct items *out);
};
enum { CERT_FIELDS = 20 };
extern const struct field cert_fields[CERT_FIELDS];

#endif
