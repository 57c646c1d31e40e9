/* timestamps.h - certificate timestamps (RFC 6962) in words and as JSON. */
#ifndef TIMESTAMPS_H
#define TIMESTAMPS_H

#include "handfast/engine.h"
#include "handshake/handshake.h"
#include "tool.h"

enum { SCT_TEXT_MAX = 200 };
/* "2025-11-12 08:40:01 UTC by log pFAS...=, ecdsa_secp256r1_sha256". */
void sct_text(const struct hf_sct *sct, char out[SCT_TEXT_MAX]);
/* Where it came from: "in the certificate". */
const char *sct_source_text(const struct hf_sct *sct);
/* "timestamps": those of a certificate alone, or of a connection. */
void json_cert_scts(struct json *j, const struct hf_cert *cert);
void json_conn_scts(struct json *j, const struct hf_conn *conn);

#endif
