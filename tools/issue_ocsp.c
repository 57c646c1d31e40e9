/* issue_ocsp.c - what the record says of one certificate, as an OCSP response
 * (RFC 6960): to be stapled, or for who asks.  The authority's own key signs
 * (RFC 6960 4.2.2.2), so that no responder's certificate is needed. */
#include "issue_list.h"
#include "issue_parts.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <string.h>

enum { ASKED_MOST = 16, NONCE_MOST = 128 };

/* ---- one answer ------------------------------------------------------------------ */

struct answer {
    OCSP_BASICRESP *all;
    const struct record *record;
    ASN1_TIME *from, *until;
    char *said; /* ANSWER_TEXT, or NULL */
};

static bool add_status(struct answer *to, OCSP_CERTID *id,
                       const struct record_row *row, bool known)
{
    ASN1_TIME *when = NULL;
    bool good;

    if (row && row->revoked) {
        when = ASN1_TIME_set(NULL, (time_t)row->when);
        if (!when)
            return false;
        /* a reason of 0 is said by saying none */
        good = OCSP_basic_add1_status(to->all, id, V_OCSP_CERTSTATUS_REVOKED,
                                      row->reason
                                          ? (int)row->reason
                                          : OCSP_REVOKED_STATUS_NOSTATUS,
                                      when, to->from, to->until) != NULL;
    } else {
        good = OCSP_basic_add1_status(to->all, id,
                                      row || known ? V_OCSP_CERTSTATUS_GOOD
                                                   : V_OCSP_CERTSTATUS_UNKNOWN,
                                      0, NULL, to->from, to->until) != NULL;
    }
    ASN1_TIME_free(when);
    return good;
}

static bool begin(struct answer *to, const struct record *record,
                  const struct issue_term *term)
{
    to->record = record;
    to->all = OCSP_BASICRESP_new();
    to->from = ASN1_TIME_set(NULL, (time_t)term->from);
    to->until = ASN1_TIME_set(NULL, (time_t)term->until);
    return to->all && to->from && to->until;
}

static void end(struct answer *to)
{
    OCSP_BASICRESP_free(to->all);
    ASN1_TIME_free(to->from);
    ASN1_TIME_free(to->until);
}

/* A response without an answer if @all is NULL. */
static bool take_response(int status, OCSP_BASICRESP *all, struct bytes *out)
{
    OCSP_RESPONSE *response = OCSP_response_create(status, all);
    uint8_t *der = NULL;
    int len = response ? i2d_OCSP_RESPONSE(response, &der) : 0;
    bool good = issue_take_der(out, der, len);

    OCSP_RESPONSE_free(response);
    return good;
}

static bool finish(struct answer *to, const struct issued *ca,
                   struct bytes *out)
{
    return OCSP_basic_sign(to->all, ca->cert, ca->key, issue_hash(ca->key),
                           NULL, OCSP_RESPID_KEY | OCSP_NOCERTS) == 1 &&
           take_response(OCSP_RESPONSE_STATUS_SUCCESSFUL, to->all, out);
}

bool issue_answer(const struct issued *ca, const struct record *record,
                  const char *serial, bool known, const struct issue_term *term,
                  struct bytes *out, struct hf_error *error)
{
    struct answer to = { .said = NULL };
    ASN1_INTEGER *number = issue_serial(serial);
    OCSP_CERTID *id = NULL;
    bool good = number && begin(&to, record, term);

    /* RFC 5019 2.1.1: SHA-1 is what every client compares; nothing depends on
     * its strength */
    if (good)
        id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(ca->cert),
                              X509_get0_pubkey_bitstr(ca->cert), number);
    good = id && add_status(&to, id, record_find(record, serial), known) &&
           finish(&to, ca, out);
    OCSP_CERTID_free(id);
    ASN1_INTEGER_free(number);
    end(&to);
    return good || issue_crypto_failed(error, "no OCSP response could be made");
}

/* ---- answers to a request -------------------------------------------------------------- */

/* Is @id about a certificate of @ca? */
static bool is_ours(const struct issued *ca, OCSP_CERTID *id,
                    char serial[SERIAL_TEXT])
{
    ASN1_OBJECT *hash = NULL;
    ASN1_INTEGER *number = NULL;
    OCSP_CERTID *own;
    const EVP_MD *md;
    bool same;

    OCSP_id_get0_info(NULL, &hash, NULL, &number, id);
    md = EVP_get_digestbyobj(hash);
    if (!md || !issue_serial_text(number, serial))
        return false;
    own = OCSP_cert_id_new(md, X509_get_subject_name(ca->cert),
                           X509_get0_pubkey_bitstr(ca->cert), number);
    same = own && OCSP_id_cmp(own, id) == 0;
    OCSP_CERTID_free(own);
    return same;
}

static const char *status_word(const struct record_row *row)
{
    return !row ? "unknown" : row->revoked ? "revoked" : "good";
}

static bool add_all(struct answer *to, const struct issued *ca,
                    OCSP_REQUEST *request, int count, bool *ours)
{
    char serial[SERIAL_TEXT];

    for (int i = 0; i < count; i++) {
        OCSP_CERTID *id = OCSP_onereq_get0_id(
            OCSP_request_onereq_get0(request, i));
        const struct record_row *row = NULL;
        bool mine = is_ours(ca, id, serial);

        if (mine)
            row = record_find(to->record, serial);
        *ours |= mine;
        snprintf(to->said, ANSWER_TEXT, "%s %s", mine ? serial : "-",
                 status_word(row));
        if (!add_status(to, id, row, false))
            return false;
    }
    return true;
}

/* RFC 9654 2.1: at most 128 octets, which come inside an OCTET STRING. */
static bool copy_nonce(OCSP_BASICRESP *to, OCSP_REQUEST *from)
{
    int at = OCSP_REQUEST_get_ext_by_NID(from, NID_id_pkix_OCSP_Nonce, -1);
    X509_EXTENSION *nonce = OCSP_REQUEST_get_ext(from, at);

    if (!nonce)
        return true;
    return ASN1_STRING_length(X509_EXTENSION_get_data(nonce)) <=
               NONCE_MOST + 3 &&
           OCSP_copy_nonce(to, from) == 1;
}

/* Only words, and an exit for those who ask in vain. */
static bool refuse(int status, const char *why, struct bytes *out,
                   char said[ANSWER_TEXT])
{
    snprintf(said, ANSWER_TEXT, "%s", why);
    return take_response(status, NULL, out);
}

bool issue_respond(const struct issued *ca, const struct record *record,
                   struct hf_span bytes, const struct issue_term *term,
                   struct bytes *out, char said[ANSWER_TEXT],
                   struct hf_error *error)
{
    const unsigned char *at = bytes.at;
    OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &at, (long)bytes.len);
    int count = request ? OCSP_request_onereq_count(request) : 0;
    struct answer to = { .said = said };
    bool ours = false, good;

    if (count < 1 || count > ASKED_MOST)
        /* NOLINTNEXTLINE(bugprone-branch-clone) the same answer, in this order */
        good = refuse(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, "malformedRequest",
                      out, said);
    else if (!begin(&to, record, term) ||
             !add_all(&to, ca, request, count, &ours))
        good = false;
    else if (!ours) /* RFC 5019 2.2.3 */
        good = refuse(OCSP_RESPONSE_STATUS_UNAUTHORIZED, "unauthorized", out,
                      said);
    else if (!copy_nonce(to.all, request))
        good = refuse(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, "malformedRequest",
                      out, said);
    else
        good = finish(&to, ca, out);
    end(&to);
    OCSP_REQUEST_free(request);
    good = good || issue_crypto_failed(error, "no OCSP response could be made");
    ERR_clear_error();
    return good;
}
