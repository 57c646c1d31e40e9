/* cert_verify.h - is a certificate to be trusted?  The verdict of the
 * library's own verification, and the tree of the paths it tried. */
#ifndef HANDFAST_TOOL_CERT_VERIFY_H
#define HANDFAST_TOOL_CERT_VERIFY_H

#include "certs.h"

struct cert_verify {
    const char *name; /* NULL: none is checked */
    const char *ca_file, *ca_dir;
    const char *crl_file, *ocsp_file;
    bool mode_said;
    enum hf_revocation mode; /* if it was said */
    enum hf_purpose purpose;
    int64_t now;
    bool fetch;    /* what is missing, from where it can be had */
    bool now_said; /* it is not this machine's clock */
};
/* Whom to trust, as `get` and `connect` take it: what was said, else the
 * environment, else the system's. */
bool cert_trust(struct hf_config *config, const char *file, const char *dir);
/* Says the verdict on certs->at[0]; HF_EXIT_GOOD, HF_EXIT_NO, or what went
 * wrong on the way. */
int cert_refuse(struct tool *tool, const struct cert_verify *how,
                const struct hf_error *error); /* it cannot even be read */
int cert_verify(struct tool *tool, const struct cert_verify *how,
                struct certs *certs);

#endif
