/* issue_list.h - what an authority says of certificates that it issued: lists
 * of the revoked (RFC 5280 5) and answers about one (RFC 6960). */
#ifndef HANDFAST_TOOL_ISSUE_LIST_H
#define HANDFAST_TOOL_ISSUE_LIST_H

#include "issue.h"
#include "record.h"

/* What the record is to hold of a certificate: of @made, and of each above it
 * that @ca issued itself.  One whose signature is not that of @ca is passed
 * over.  *added counts. */
bool issued_record(const struct issued *ca, const struct issued *made,
                   struct record *record, size_t *added,
                   struct hf_error *error);
/* The same of a certificate in PEM or DER; *serial tells which it was.  False,
 * with the reason, if @ca did not issue it.  With @record NULL it is only
 * looked at. */
bool issued_by(const struct issued *ca, struct hf_span cert,
               char serial[SERIAL_TEXT], struct record *record,
               struct hf_error *error);

/* From when until when a statement holds, and its number. */
struct issue_term {
    int64_t from, until;
    uint64_t number; /* lists only */
};
/* A list, version 2, of all that are revoked in @record; in DER. */
bool issue_list(const struct issued *ca, const struct record *record,
                const struct issue_term *term, struct bytes *out,
                struct hf_error *error);
/* The same bytes as PEM text, which the caller frees; NULL without memory. */
char *issue_list_pem(struct hf_span der);

/* A response about one certificate by its serial number, to be stapled.
 * @known: the authority issued it, whether or not the record says so. */
bool issue_answer(const struct issued *ca, const struct record *record,
                  const char *serial, bool known, const struct issue_term *term,
                  struct bytes *out, struct hf_error *error);
/* A response to a request; one that cannot be answered gets a response that
 * says so.  *said: what was answered, for a log. */
enum { ANSWER_TEXT = 96 };
bool issue_respond(const struct issued *ca, const struct record *record,
                   struct hf_span request, const struct issue_term *term,
                   struct bytes *out, char said[ANSWER_TEXT],
                   struct hf_error *error);

#endif
