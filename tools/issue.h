/* issue.h - making certificates: throw-away authorities, intermediates,
 * servers' and clients' certificates, and ones that are wrong on purpose.
 *
 *     struct issued *ca = issue_root(&order, &error);
 *     struct issued *site = issue(ca, &order, &error);
 *     char *pem = issued_chain_pem(site), *key = issued_key_pem(site);
 *
 * Everything happens in memory; who calls decides what becomes a file.  Keys
 * and signatures are libcrypto's.  An authority is limited to names that
 * nobody else can own (localhost, .test, .internal, private addresses) unless
 * it is told otherwise: whoever steals its key then owns nothing else.
 */
#ifndef HANDFAST_TOOL_ISSUE_H
#define HANDFAST_TOOL_ISSUE_H

#include "handfast/types.h"

/* A certificate, the certificates between it and its root, and its private
 * key. */
struct issued;
void issued_free(struct issued *it); /* NULL is fine */

enum issue_key {
    ISSUE_P256, /* the default */
    ISSUE_P384,
    ISSUE_ED25519,
    ISSUE_RSA2048,
    ISSUE_RSA3072,
    ISSUE_RSA4096,
    ISSUE_KEYS
};
/* "p256", "rsa", "rsa:3072", "ed25519"...; false: there is no such kind. */
bool issue_key_by_name(const char *name, enum issue_key *out);
/* All of those names, for a message. */
#define ISSUE_KEY_NAMES "p256, p384, ed25519, rsa2048, rsa3072, rsa4096"

enum issue_use { ISSUE_SERVER, ISSUE_CLIENT };
/* keyUsage: all that the key can do; one of it; or nothing is said. */
enum issue_may { ISSUE_MAY_ALL, ISSUE_MAY_SIGN, ISSUE_MAY_DECRYPT, ISSUE_MAY };

enum issue_broken {
    ISSUE_SOUND = 0,
#define BROKEN(id, name, dotted, text) ISSUE_##id,
#include "broken.def"
#undef BROKEN
    ISSUE_BROKEN_KINDS
};
struct broken_row {
    const char *name, *error, *text;
};
/* The row of @kind; of ISSUE_SOUND: "sound", "ok". */
const struct broken_row *issue_broken_row(enum issue_broken kind);
/* ISSUE_SOUND if there is no such name. */
enum issue_broken issue_broken_by_name(const char *name);

struct issue_order {
    const char *const *names; /* DNS names, addresses, mail, URIs; for an
                               * authority: what it may certify, DNS suffixes
                               * and address ranges such as 10.0.0.0/8 */
    size_t count;             /* authority: 0 is the private default */
    bool any_name;            /* authority: no limit */
    const char *common_name;  /* NULL: the first name */
    enum issue_key key;
    enum issue_use use;
    enum issue_may may; /* not of an authority */
    enum issue_broken broken;
    int64_t now;        /* seconds since 1970; 0: the system's clock */
    int64_t not_before; /* 0: an hour ago, so that clocks may differ */
    int64_t not_after;  /* 0: 397 days from now, authority: ten years */
};

/* A self-signed authority.  NULL with the reason in *error. */
struct issued *issue_root(const struct issue_order *order,
                          struct hf_error *error);
/* An authority below @issuer, for the same names. */
struct issued *issue_intermediate(const struct issued *issuer,
                                  const struct issue_order *order,
                                  struct hf_error *error);
/* A certificate for order->names.  It never outlives its issuer: a later date
 * becomes the issuer's.  Refused if a name lies outside what the issuer may
 * certify, unless order->broken says that something is to be wrong. */
struct issued *issue(const struct issued *issuer,
                     const struct issue_order *order, struct hf_error *error);

/* Read an authority back from PEM: its certificate first, then what lies
 * between it and its root; and its key (not encrypted). */
struct issued *issued_load(struct hf_span chain, struct hf_span key,
                           struct hf_error *error);

/* PEM text; the caller frees it with free().  The chain is the certificate
 * and its intermediates, without the root.  NULL without memory. */
char *issued_pem(const struct issued *it);
char *issued_chain_pem(const struct issued *it);
char *issued_key_pem(const struct issued *it); /* PKCS#8, not encrypted */
/* Certificate, what is sent with it and key in one file (PKCS#12, RFC 7292),
 * under a password of at least one byte; @name is shown by who imports it. */
struct bytes;
bool issued_p12(const struct issued *it, const char *password, const char *name,
                struct bytes *out, struct hf_error *error);
/* SHA-256 of the certificate, "9F:3A:...": 96 bytes. */
void issued_fingerprint(const struct issued *it, char out[96]);
int64_t issued_not_after(const struct issued *it);
/* Only a self-signed certificate is its own root. */
bool issued_is_root(const struct issued *it);
/* "private names only" in words: the names that an authority may certify, at
 * most @cap bytes; "any name" if it is not limited. */
void issued_limits(const struct issued *it, char *out, size_t cap);
/* Common name, or "(none)". */
void issued_name(const struct issued *it, char *out, size_t cap);

/* "2026-12-31", "2026-12-31T12:00:00Z", "2026-12-31 12:00:00", "@1790000000",
 * "+14d", "-90m", "now": a point in time.  False: none of these. */
bool when_read(const char *text, int64_t now, int64_t *out);
/* "in 12 days", "3 hours ago", "now". */
void when_text(int64_t at, int64_t now, char *out, size_t cap);
/* "21 February 2029". */
void when_day(int64_t at, char *out, size_t cap);

#endif
