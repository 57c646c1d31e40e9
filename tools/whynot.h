/* whynot.h - every way that was tried from a certificate to a trusted one, and
 * where each ended: as a tree in plain text, and in JSON. */
#ifndef HANDFAST_TOOL_WHYNOT_H
#define HANDFAST_TOOL_WHYNOT_H

#include "tool.h"
#include "x509/x509.h"

/* "tried", and a line or three for each certificate.  Nothing of an empty
 * tree. */
void whynot_print(const struct tool *tool, FILE *to,
                  const struct hf_tried_tree *tree);
/* The same if it says more than the reason that was told already: others were
 * found wanting than the peer's own. */
void whynot_print_more(const struct tool *tool, FILE *to,
                       const struct hf_tried_tree *tree);
/* "tried": [...] and "missing": null or whose certificate would be needed; NULL
 * is an empty tree. */
void whynot_json(struct json *j, const struct hf_tried_tree *tree);
void whynot_free(struct hf_tried_tree *tree); /* of a connection; NULL fine */
/* The certificate whose issuer is nowhere, if that is what is wrong; NULL if
 * not. */
const struct hf_cert *whynot_dead_end(const struct hf_tried_tree *tree);

#endif
