/* install.h - what is to be done so that this machine trusts an authority, or
 * no longer does: a plan first, which can be shown, and then done. */
#ifndef HANDFAST_TOOL_INSTALL_H
#define HANDFAST_TOOL_INSTALL_H

#include "tool.h"

enum { PLAN_STEPS = 64, PLAN_WORDS = 14, PLAN_PATH = 4096 };

enum plan_kind {
    PLAN_COPY,   /* word[0] to word[1] */
    PLAN_REMOVE, /* word[0] */
    PLAN_RUN,    /* a program and its arguments, NULL-ended */
    PLAN_FINE    /* nothing: word[0] is as it should be */
};
struct plan_step {
    enum plan_kind kind;
    char *word[PLAN_WORDS];
    bool optional; /* if it fails, the next are done nevertheless */
    bool done;
};
struct plan {
    struct plan_step step[PLAN_STEPS];
    size_t count;  /* some may be PLAN_FINE */
    size_t places; /* stores that were found */
    bool failed;   /* no memory, or no room for a step */
};
void plan_free(struct plan *plan);

struct plan_order {
    bool install;
    const char *file;   /* the root's certificate, an absolute path */
    struct hf_span pem; /* what is in it */
    const char *root;   /* "" or the folder that is / */
    const char *home;   /* or NULL */
    char name[40];      /* "handfast-27f12fb0cd177e85" */
};
/* The system's store: as Debian, Alpine, Fedora, SUSE, Arch keep it, or by
 * p11-kit's trust. */
void plan_system(struct plan *plan, const struct plan_order *order);
/* The user's NSS stores: Chromium's and those of Firefox's profiles. */
void plan_nss(struct plan *plan, const struct plan_order *order);
/* Where either looks, for who finds nothing. */
void plan_places(FILE *to);

/* Do it.  What fails ends it, and copies that were made for a program that
 * failed are taken back; false with the reason. */
bool plan_do(struct plan *plan, struct hf_error *error);
bool plan_is_idle(const struct plan *plan);

#endif
