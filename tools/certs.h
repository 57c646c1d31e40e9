/* certs.h - certificates out of files and connections, and in words.
 *
 * What is shown is what the library's own parser understood: there is no
 * second one for printing. */
#ifndef HANDFAST_TOOL_CERTS_H
#define HANDFAST_TOOL_CERTS_H

#include "tool.h"
#include "x509/x509.h"

enum { CERTS_MAX = 256, CERTS_FILE_MAX = 4 * 1024 * 1024 };

/* Some certificates in the order in which they stood. */
struct certs {
    struct hf_cert *at[CERTS_MAX];
    size_t count;
    bool has_key; /* there is a private key among them */
};
void certs_free(struct certs *certs);
/* Add the certificates in @text: PEM, or one in DER.  False: there is none, or
 * one of them cannot be read; then *error says which. */
bool certs_read(struct certs *certs, struct hf_span text,
                struct hf_error *error);
/* Add those of a file; "-" is standard input. */
bool certs_read_file(struct certs *certs, const char *path,
                     struct hf_error *error);
/* The bytes of a file that was read already. */
bool certs_read_named(struct certs *certs, const char *path,
                      struct hf_span text, struct hf_error *error);

/* Is @from a host?  An exit code if it is neither that nor a file, which is
 * said (cert_ask.c). */
int certs_place(const struct tool *tool, const char *from, bool *host);
/* The certificates that a server sends, whoever it is: this is about looking,
 * not about trust.  An exit code; what went wrong was said. */
int certs_ask(const struct tool *tool, const char *operand,
              struct certs *certs);
/* The same of a file, "-" or a server. */
int certs_from(const struct tool *tool, const char *from, struct certs *certs);

/* Is @text revocation lists or an OCSP response?  Then show them
 * (revoked_print.c).  *why: what keeps it from being lists. */
bool revoked_show(const struct tool *tool, struct hf_span text, int64_t now,
                  struct hf_error *why);

/* SHA-256 of @bytes as "9F:3A:...": 96 bytes. */
void fingerprint_text(struct hf_span bytes, char out[96]);
/* "sha256//...=", curl's way to pin the public key: 56 bytes. */
void pin_of(const struct hf_cert *cert, char out[56]);
/* "digitalSignature, keyEncipherment". */
void usage_text(const struct hf_cert *cert, char *out, size_t cap);
/* "serverAuth, clientAuth". */
void purpose_text(const struct hf_cert *cert, char *out, size_t cap);
/* What an authority may certify (@excluded: may not), or "". */
void constraints_text(const struct hf_cert *cert, bool excluded, char *out,
                      size_t cap);

/* It as PEM; false if that could not be written (cert_chain.c). */
bool cert_pem(FILE *to, const struct hf_cert *cert);
/* One screen about one certificate. */
void cert_print(const struct tool *tool, const struct hf_cert *cert,
                int64_t now);
void cert_json(struct json *j, const struct hf_cert *cert, int64_t now);

/* More verbs of `handfast cert`. */
extern const struct command cert_chain, cert_diff;

#endif
