/* aia.h - the issuer's certificate, from where a certificate says it can be had
 * (RFC 5280 4.2.2.1, caIssuers). */
#ifndef HANDFAST_TOOL_AIA_H
#define HANDFAST_TOOL_AIA_H

#include "certs.h"

enum {
    AIA_BYTES_MAX = 64 * 1024, /* of an answer */
    AIA_MS = 5000,             /* for connection and answer together */
    AIA_FETCHES_MAX = 4        /* for one verdict */
};
/* Fetch what stands at @url, http only, no redirects, and add the certificates
 * in it.  False: *f tells. */
bool aia_fetch(const struct tool *tool, struct hf_span url, struct certs *certs,
               struct failure *f);

#endif
