/* mtls.h - what the verbs of `handfast mtls` share: two certificates, two keys,
 * whom each side trusts, and what is wrong with which of them.
 *
 *     mtls_check.c    looks at each file by itself
 *     mtls_meet.c     lets both sides shake hands, in memory or with a host
 *     mtls_doctor.c   says what was found
 */
#ifndef HANDFAST_TOOL_MTLS_H
#define HANDFAST_TOOL_MTLS_H

#include "certs.h"

enum { MTLS_PATH = 4096, FINDINGS_MOST = 64 };

enum whose { OF_SERVER, OF_CLIENT, OF_AUTHORITY, OF_HANDSHAKE, WHOSE };

/* Where everything lies. */
struct mtls_files {
    char cert[2][MTLS_PATH], key[2][MTLS_PATH]; /* OF_SERVER, OF_CLIENT */
    char trust[2][MTLS_PATH]; /* whom the server, the client trusts */
};

enum grade { FINE, NOTE, BAD };

/* One thing that was looked at. */
struct finding {
    uint8_t whose; /* enum whose */
    enum grade how;
    const char *what; /* "dates" */
    const char *text; /* a sentence of ours; or NULL: hf_error_text */
    const char *next; /* BAD: what to do, a sentence */
    unsigned code;    /* enum hf_error_code; HF_OK if there is none */
    char detail[2 * HF_DETAIL_MAX];
};
struct doctor {
    struct tool *tool;
    struct mtls_files files;
    const char *name;     /* what clients ask for; NULL: the first there is */
    char first_name[256]; /* that one */
    const char *host;     /* --connect: HOST:PORT */
    int64_t now;
    struct certs certs[2]; /* of the server, of the client */
    bool usable[2];        /* certificate and key could be loaded */
    struct finding found[FINDINGS_MOST];
    size_t count;
};
/* Room for one more; the last is overwritten when there is none. */
struct finding *finding_add(struct doctor *d, enum whose whose,
                            const char *what, enum grade how);
/* BAD, because of @error. */
void finding_error(struct doctor *d, enum whose whose, const char *what,
                   const struct hf_error *error);
/* What is to be done about @code when it is about that certificate. */
const char *finding_next(unsigned code, enum whose whose);

/* Everything about one side's files; about whom it is trusted by. */
void mtls_check_side(struct doctor *d, enum whose side);
void mtls_check_trust(struct doctor *d, enum whose side);
/* Both roles here, in @version; the client's alone, against d->host. */
void mtls_meet(struct doctor *d, unsigned version);
void mtls_visit(struct doctor *d);

int mtls_doctor(struct tool *tool); /* with its options */
extern const struct opt mtls_doctor_options[];

#endif
