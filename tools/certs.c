/* certs.c - certificates out of files, and their parts as words. */
#include "certs.h"
#include "files.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

void certs_free(struct certs *certs)
{
    for (size_t i = 0; i < certs->count; i++)
        hf_cert_free(certs->at[i]);
    *certs = (struct certs){ .count = 0 };
}

static bool add(struct certs *certs, struct hf_span der, struct hf_error *error)
{
    struct hf_cert *cert;

    if (certs->count == CERTS_MAX)
        return hf_fail(error, HF_E_BAD_CERTIFICATE, "more than %d certificates",
                       CERTS_MAX);
    cert = hf_cert_new(der, error);
    if (cert)
        certs->at[certs->count++] = cert;
    return cert != NULL;
}

static bool label_is(struct hf_span label, const char *text)
{
    return hf_span_equal(label, hf_span_text(text));
}

static bool ends_in_key(struct hf_span label)
{
    struct hf_span end = hf_span_text("PRIVATE KEY");

    return label.len >= end.len &&
           hf_span_equal(hf_span_after(label, label.len - end.len), end);
}

static bool add_pem(struct certs *certs, const struct hf_pem *pem,
                    struct hf_error *error)
{
    size_t room = pem->base64.len / 4 * 3 + 3, len = 0;
    uint8_t *der;
    bool good;

    if (ends_in_key(pem->label))
        certs->has_key = true;
    if (!label_is(pem->label, "CERTIFICATE") &&
        !label_is(pem->label, "TRUSTED CERTIFICATE") &&
        !label_is(pem->label, "X509 CERTIFICATE"))
        return true; /* keys, parameters, requests: not ours to show */
    der = malloc(room);
    if (!der)
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    good = hf_unbase64(pem->base64, der, room, &len)
               ? add(certs, hf_span(der, len), error)
               : hf_fail(error, HF_E_BAD_PEM, "its base64 cannot be read");
    free(der);
    return good;
}

bool certs_read(struct certs *certs, struct hf_span text,
                struct hf_error *error)
{
    struct hf_span rest = text;
    struct hf_pem pem;
    size_t before = certs->count, blocks = 0;
    bool bad = false;

    if (text.len && text.at[0] == HF_DER_SEQUENCE)
        return add(certs, text, error);
    while (hf_pem_next(&rest, &pem, &bad)) {
        blocks++;
        if (add_pem(certs, &pem, error))
            continue;
        hf_format_more(error->detail, sizeof(error->detail), " (block %z)",
                       blocks);
        return false;
    }
    if (bad)
        return hf_fail(error, HF_E_BAD_PEM, "block %z begins and never ends",
                       blocks + 1);
    if (certs->count > before)
        return true;
    if (blocks)
        return hf_fail(error, HF_E_BAD_PEM,
                       "there are PEM blocks, but no CERTIFICATE among them");
    return hf_fail(error, HF_E_BAD_PEM, "neither PEM nor DER");
}

bool certs_read_named(struct certs *certs, const char *path,
                      struct hf_span text, struct hf_error *error)
{
    char was[HF_DETAIL_MAX];

    if (certs_read(certs, text, error))
        return true;
    memcpy(was, error->detail, sizeof(was));
    hf_format(error->detail, sizeof(error->detail), "%s: %s", path, was);
    return false;
}

bool certs_read_file(struct certs *certs, const char *path,
                     struct hf_error *error)
{
    struct bytes bytes;
    bool good;

    if (!file_read(path, CERTS_FILE_MAX, &bytes, error))
        return false;
    good = certs_read_named(certs, path, bytes_span(&bytes), error);
    bytes_free(&bytes);
    return good;
}

/* ---- digests ------------------------------------------------------------------ */

static bool sha256(struct hf_span bytes, uint8_t out[32])
{
    unsigned len = 0;

    return EVP_Digest(bytes.at, bytes.len, out, &len, EVP_sha256(), NULL) ==
               1 &&
           len == 32;
}

void fingerprint_text(struct hf_span bytes, char out[96])
{
    uint8_t digest[32] = { 0 };

    if (!sha256(bytes, digest)) {
        hf_format(out, 96, "(no SHA-256)");
        return;
    }
    for (size_t i = 0; i < 32; i++) {
        out[3 * i] = "0123456789ABCDEF"[digest[i] >> 4];
        out[3 * i + 1] = "0123456789ABCDEF"[digest[i] & 15];
        out[3 * i + 2] = ':';
    }
    out[95] = '\0';
}

void pin_of(const struct hf_cert *cert, char out[56])
{
    uint8_t digest[32] = { 0 };
    char text[48];

    if (sha256(cert->spki, digest) &&
        hf_base64(text, sizeof(text), HF_SPAN(digest)))
        hf_format(out, 56, "sha256//%s", text);
    else
        hf_format(out, 56, "(no SHA-256)");
}

/* ---- usages --------------------------------------------------------------------- */

static void append(char *out, size_t cap, const char *text)
{
    hf_format_more(out, cap, out[0] ? ", %s" : "%s", text);
}

void usage_text(const struct hf_cert *cert, char *out, size_t cap)
{
    /* RFC 5280 4.2.1.3, by bit */
    static const char *const names[] = {
        "digitalSignature", "nonRepudiation", "keyEncipherment",
        "dataEncipherment", "keyAgreement",   "keyCertSign",
        "cRLSign",          "encipherOnly",   "decipherOnly",
    };

    hf_format(out, cap, "");
    for (unsigned i = 0; i < HF_COUNT(names); i++)
        if (cert->usage & 1U << i)
            append(out, cap, names[i]);
}

void purpose_text(const struct hf_cert *cert, char *out, size_t cap)
{
    struct hf_der whole = hf_der(cert->eku), list;
    struct hf_span oid;
    char text[80];

    hf_format(out, cap, "");
    if (!hf_der_open(&whole, HF_DER_SEQUENCE, &list))
        return;
    while (hf_der_oid(&list, &oid)) {
        const char *name = hf_oid_name(oid);

        if (!name)
            hf_oid_text(oid, text, sizeof(text));
        append(out, cap, name ? name : text);
    }
}

/* ---- name constraints -------------------------------------------------------------- */

/* Address and mask as "10.0.0.0/8"; a mask with holes is shown whole. */
static void range_text(struct hf_span range, char *out, size_t cap)
{
    char address[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];
    size_t half = range.len / 2;
    int family = half == 4 ? AF_INET : AF_INET6;
    unsigned bits = 0;
    bool ended = false, holes = false;

    if (half != 4 && half != 16) {
        hf_format(out, cap, "%h", &range);
        return;
    }
    for (size_t i = 0; i < 8 * half; i++) {
        bool set = range.at[half + i / 8] & 0x80 >> i % 8;

        bits += set;
        holes |= set && ended;
        ended |= !set;
    }
    inet_ntop(family, range.at, address, sizeof(address));
    inet_ntop(family, range.at + half, mask, sizeof(mask));
    if (holes)
        hf_format(out, cap, "%s/%s", address, mask);
    else
        hf_format(out, cap, "%s/%u", address, bits);
}

/* GeneralName's tags (RFC 5280 4.2.1.6). */
enum { MAIL = 0x81, DNS = 0x82, DIRECTORY = 0xa4, URI = 0x86, ADDRESS = 0x87 };

/* Names of ordinary letters as they are, anything else in quotes. */
static void name_text(struct hf_span name, char *out, size_t cap)
{
    bool plain = name.len < cap;

    for (size_t i = 0; plain && i < name.len; i++) {
        uint8_t c = hf_lower(name.at[i]);

        plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                c == '-' || c == '_' || c == '@';
    }
    if (!plain) {
        hf_format(out, cap, "%q", &name);
        return;
    }
    hf_copy(out, name.at, name.len);
    out[name.len] = '\0';
}

static void subtree_text(const struct hf_tlv *base, char *out, size_t cap)
{
    switch (base->tag) {
    case DNS:
    case MAIL:
    case URI:
        if (base->value.len)
            name_text(base->value, out, cap);
        else
            hf_format(out, cap, "any");
        break;
    case ADDRESS: range_text(base->value, out, cap); break;
    case DIRECTORY: hf_name_text(base->value, out, cap); break;
    default: hf_format(out, cap, "(a kind of name that is not shown)");
    }
}

void constraints_text(const struct hf_cert *cert, bool excluded, char *out,
                      size_t cap)
{
    struct hf_der whole = hf_der(cert->name_constraints), both, list, one;
    struct hf_tlv base;
    char text[300];

    hf_format(out, cap, "");
    if (!hf_der_open(&whole, HF_DER_SEQUENCE, &both))
        return;
    if (excluded && hf_der_peek(&both, 0xa0) &&
        !hf_der_open(&both, 0xa0, &list))
        return;
    if (!hf_der_open(&both, excluded ? 0xa1 : 0xa0, &list))
        return;
    while (hf_der_open(&list, HF_DER_SEQUENCE, &one) &&
           hf_der_next(&one, &base)) {
        subtree_text(&base, text, sizeof(text));
        append(out, cap, text);
    }
}
