/* ca.h - what the verbs of `handfast ca` share. */
#ifndef HANDFAST_TOOL_CA_H
#define HANDFAST_TOOL_CA_H

#include "files.h"
#include "issue.h"
#include "record.h"
#include "secret.h"
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
    const char *name, *key, *broken, *out, *p12, *password_file;
    const char *not_before, *not_after;
    unsigned long days;
    bool any_name, client, rsa, force, list;
    char password[SECRET_MOST]; /* of --p12 */
    char unnamed[64]; /* the name that is made up when none is given */
    struct words permit;
};
/* The order as far as options say it; false: *code. */
bool ca_order(const struct tool *tool, const struct ca *ca,
              struct issue_order *order, int *code);
/* The authority that lies there; NULL: *code, and it was said why. */
struct issued *ca_load(const struct tool *tool, const struct place *place,
                       int *code);

/* The authority in @dir and its record, locked if @change; false: *code. */
struct ca_open {
    struct place place;
    struct issued *by;
    struct record record;
};
bool ca_open(struct ca_open *ca, const struct tool *tool, const char *dir,
             bool change, int *code);
void ca_close(struct ca_open *ca);
/* The certificate that @what is: a file, a serial number, or a name that only
 * one that is @usable has.  One that is in a file and not in the record is put
 * there if @add.  An exit code; why not was said (ca_record.c). */
int ca_which(const struct tool *tool, struct ca_open *ca, const char *what,
             bool usable, bool add, char serial[SERIAL_TEXT]);
/* A row of the record, as JSON. */
void ca_json_row(struct json *j, const struct record_row *row);
/* From when until when a list or an answer holds: --from, --until or --days;
 * false: *code. */
struct ca_term_words {
    const char *from, *until;
    unsigned long days;
};
struct issue_term;
bool ca_term(const struct tool *tool, const struct ca_term_words *words,
             struct issue_term *term, int *code);
/* A time that an option takes; NULL leaves *out as it is. */
bool ca_when(const struct tool *tool, const char *option, const char *text,
             int64_t now, int64_t *out, int *code);

/* Rows that several verbs have; AT() is theirs. */
/* clang-format off */
#define OPT_CA                                                                 \
    { .name = "ca", .kind = OPT_TEXT, .arg = "DIR", .at = AT(dir),             \
      .help = "the authority's folder; otherwise $XDG_DATA_HOME/handfast/ca "  \
              "or ~/.local/share/handfast/ca" }
#define OPT_TERM                                                               \
    { .name = "days", .kind = OPT_NUMBER, .arg = "N", .at = AT(term.days),     \
      .help = "holds for so many days; otherwise 7" },                         \
    { .name = "until", .kind = OPT_TEXT, .arg = "TIME", .at = AT(term.until),  \
      .help = "holds until then: 2026-12-31, +12h, +14d" },                    \
    { .name = "from", .kind = OPT_TEXT, .arg = "TIME", .at = AT(term.from),    \
      .help = "holds from then on; otherwise from now" }
/* clang-format on */

/* The files of a new authority; @root_pem: of the root, if it is not one. */
bool ca_keep(const struct place *place, const struct issued *ca,
             const char *root_pem, bool replace, struct hf_error *error);
/* The authority that lies there, @by, notes that it has issued @made. */
bool ca_remember(const struct place *place, const struct issued *by,
                 const struct issued *made, struct hf_error *error);
/* Certificate and key, both files or neither (ca_issue.c). */
bool ca_write_pair(const struct issued *made, const char *cert, const char *key,
                   bool force, struct hf_error *error);

int ca_issue(struct tool *tool); /* ca_issue.c */
extern const struct command ca_revoke, ca_list, ca_crl, ca_ocsp;
extern const struct command ca_install, ca_uninstall;

#endif
