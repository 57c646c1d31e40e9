/* record.h - what an authority remembers of the certificates it issued: a text
 * file in its folder, a certificate a line, columns between tabs.
 *
 *     # handfast record 1: state serial from until revoked reason sha256 ...
 *     list    3
 *     valid   5c1e...  2026-11-22T00:02:23Z  2027-12-24T01:02:23Z  -  -  ...
 *     revoked 61b8...  ...
 *
 * Who changes it holds the folder's lock from reading to writing; what is
 * written replaces the file in one step.  Whoever only reads needs no lock. */
#ifndef HANDFAST_TOOL_RECORD_H
#define HANDFAST_TOOL_RECORD_H

#include "files.h"

enum { RECORD_MOST = 64 * 1024 * 1024, SERIAL_TEXT = 48 };

struct record_row {
    char serial[SERIAL_TEXT]; /* hex, small letters */
    char sha256[65];
    int64_t from, until;
    bool revoked;
    int64_t when;    /* revoked: since */
    unsigned reason; /* RFC 5280 5.3.1 */
    char *subject;   /* its common name, printable */
    char *names;     /* with commas between, printable; "" if none */
};
struct record {
    struct record_row *rows;
    size_t count, room;
    uint64_t list; /* number of the last revocation list; 0: none yet */
    int lock;      /* a file that is open; -1: only read */
    char path[4096];
};

/* Read that of the folder @dir; one that is not there is empty.  @change: take
 * the lock, waiting ten seconds at most. */
bool record_open(struct record *record, const char *dir, bool change,
                 struct hf_error *error);
/* Write it; needs the lock. */
bool record_save(const struct record *record, struct hf_error *error);
/* Forget it and let go of the lock. */
void record_close(struct record *record);

/* A row with this serial number and the rest empty, to be filled in; NULL
 * without memory.  Rows may move. */
struct record_row *record_add(struct record *record, const char *serial,
                              const char *subject, const char *names);
void record_drop_last(struct record *record);
struct record_row *record_find(const struct record *record, const char *serial);
/* Does the row name @name, as a name or as its subject? */
bool record_names(const struct record_row *row, const char *name);
/* "keyCompromise" and its number (RFC 5280 5.3.1); false: no such reason, or
 * none for a complete list. */
bool record_reason(const char *name, unsigned *out);

#endif
