/* fuzz_revoke.c - revocation lists and OCSP responses.
 *
 * The first byte picks what the others are: a list, a text of lists, or an
 * OCSP response.  Then:
 *
 *   what was read lies within the bytes;
 *   every entry of a list is found by its serial number, and each of its
 *   neighbours only if it is one;
 *   a text is taken whole or not at all;
 *   all answers of a response that was read can be read again;
 *   what cannot be read is refused with a reason that can be printed. */
#define HF_UNPOISONED
#include "fuzz.h"
#include "x509/x509.h"

#include <string.h>

enum { LIST, TEXT, RESPONSE, KINDS };

static void is_within(struct hf_span part, struct hf_span all)
{
    if (part.at)
        MUST(part.at >= all.at && part.len <= all.len &&
             (size_t)(part.at - all.at) <= all.len - part.len);
    else
        MUST(!part.len);
}

static void is_reason(const struct hf_error *error, unsigned code)
{
    MUST(error->code == code);
    MUST(strnlen(error->detail, sizeof(error->detail)) < sizeof(error->detail));
    for (const char *p = error->detail; *p; p++)
        MUST((uint8_t)*p >= ' ' && *p != 0x7f);
}

/* ---- lists ----------------------------------------------------------------------- */

static bool is_listed(const struct hf_crl *crl, struct hf_span serial)
{
    struct hf_crl_entry entry;

    for (size_t i = 0; hf_crl_at(crl, i, &entry); i++)
        if (hf_span_equal(entry.serial, serial))
            return true;
    return false;
}

static void check_entry(const struct hf_crl *crl,
                        const struct hf_crl_entry *entry)
{
    uint8_t other[64];
    struct hf_crl_entry found;

    is_within(entry->serial, crl->tbs);
    MUST(entry->serial.len > 0 && hf_reason_text(entry->reason));
    MUST(hf_crl_find(crl, entry->serial, &found));
    MUST(hf_span_equal(found.serial, entry->serial));
    if (entry->serial.len > sizeof(other))
        return;
    memcpy(other, entry->serial.at, entry->serial.len);
    other[entry->serial.len - 1] ^= 1;
    for (size_t cut = 0; cut < 2; cut++) {
        struct hf_span near = hf_span(other, entry->serial.len - cut);

        MUST(hf_crl_find(crl, near, &found) == is_listed(crl, near));
    }
}

static void check_list(const struct hf_crl *crl)
{
    struct hf_crl_entry entry;
    size_t n = 0;

    is_within(crl->tbs, crl->der);
    is_within(crl->issuer, crl->tbs);
    is_within(crl->akid, crl->tbs);
    is_within(crl->number, crl->tbs);
    is_within(crl->points, crl->tbs);
    is_within(crl->algorithm, crl->der);
    is_within(crl->signature, crl->der);
    MUST(crl->this_update <= crl->next_update);
    MUST(crl->number.len > 0 && crl->number.len <= 20);
    MUST(!(crl->reasons & ~HF_REASONS_ALL));
    MUST(!(crl->user_only && crl->ca_only) && !crl->signer);
    for (; hf_crl_at(crl, n, &entry); n++)
        if (n < 200)
            check_entry(crl, &entry);
    MUST(n == crl->count);
}

static void read_list(struct hf_span in)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_crl *crl = hf_crl_new(in, &error);

    if (crl)
        check_list(crl);
    else
        is_reason(&error, HF_E_BAD_CRL);
    MUST(crl || error.byte <= in.len);
    hf_crl_free(crl);
}

static void read_text(struct hf_span in)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_crls crls = { .at = NULL };
    size_t added = 1;
    bool ok = hf_crls_add(&crls, in, &added, &error);

    MUST(ok == (added > 0) && crls.count == added);
    if (!ok)
        is_reason(&error, HF_E_BAD_CRL);
    for (size_t i = 0; i < crls.count; i++)
        check_list(crls.at[i]);
    hf_crls_wipe(&crls);
}

/* ---- responses ---------------------------------------------------------------------- */

static void check_single(const struct hf_ocsp_single *single,
                         struct hf_span tbs)
{
    is_within(single->algorithm, tbs);
    is_within(single->name_hash, tbs);
    is_within(single->key_hash, tbs);
    is_within(single->serial, tbs);
    MUST(single->serial.len > 0 && single->answer <= HF_OCSP_UNKNOWN);
    MUST(hf_reason_text(single->reason));
    MUST(!single->has_next || single->this_update <= single->next_update);
}

static void read_response(struct hf_span in)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_ocsp_single single;
    struct hf_ocsp ocsp;
    struct hf_span cert;
    size_t n = 0;

    if (!hf_ocsp_read(in, &ocsp, &error)) {
        MUST(!ocsp.tbs.at && error.field);
        is_reason(&error, HF_E_BAD_STAPLE);
        return;
    }
    MUST(hf_ocsp_status_text(ocsp.status));
    if (ocsp.status) {
        MUST(!ocsp.tbs.at);
        return;
    }
    is_within(ocsp.tbs, in);
    is_within(ocsp.responder, ocsp.tbs);
    is_within(ocsp.algorithm, in);
    is_within(ocsp.signature, in);
    MUST(!ocsp.by_key || ocsp.responder.len == 20);
    MUST(!hf_der_done(&ocsp.singles));
    while (!hf_der_done(&ocsp.singles)) {
        MUST(hf_ocsp_next(&ocsp.singles, &single));
        check_single(&single, ocsp.tbs);
    }
    for (; hf_ocsp_next_cert(&ocsp.certs, &cert); n++)
        is_within(cert, in);
    MUST(n <= HF_OCSP_CERTS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_span in = hf_span(data, size);

    if (!size)
        return 0;
    in = hf_span_after(in, 1);
    switch (data[0] % KINDS) {
    case LIST: read_list(in); break;
    case TEXT: read_text(in); break;
    default: read_response(in);
    }
    return 0;
}
