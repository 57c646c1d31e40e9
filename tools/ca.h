/* ca.h - what the verbs of `handfast ca` share. */
#ifndef HANDFAST_TOOL_CA_H
#define HANDFAST_TOOL_CA_H

#include "files.h"
#include "issue.h"
#include "tool.h"

#include "base/base.h"

enum { PATH_CAP = 4096, PEM_MOST = 1024 * 1024, DAY = 86400 };

/* Where an authority lies. */
struct place {
    char dir[PATH_CAP];
    char root[PATH_CAP], issuer[PATH_CAP], key[PATH_CAP];
};
/* In @dir, or where the user's own lies if that is NULL. */
bool ca_place(struct place *place, const char *dir);
int ca_no_place(const struct tool *tool);

/* What the command line says. */
struct ca {
    const char *dir, *parent;
    const char *name, *key, *broken, *out;
    const char *not_before, *not_after;
    unsigned long days;
    bool any_name, client, rsa, force, list;
    char unnamed[64]; /* the name that is made up when none is given */
    struct words permit;
};
/* The order as far as options say it; false: *code. */
bool ca_order(const struct tool *tool, const struct ca *ca,
              struct issue_order *order, int *code);
/* The authority that lies there; NULL: *code, and it was said why. */
struct issued *ca_load(const struct tool *tool, const struct place *place,
                       int *code);

int ca_issue(struct tool *tool); /* ca_issue.c */

#endif
