/* cert_fields.c - what a certificate says, field by field, as text. */
#include "cert_fields.h"

#include <stdlib.h>
#include <string.h>

/* ---- items ---------------------------------------------------------------------- */

static void add(struct items *items, const char *text)
{
    if (items->count == items->room) {
        size_t room = items->room ? 2 * items->room : 8;
        char **more = realloc(items->at, room * sizeof(*more));

        items->failed |= !more;
        if (!more)
            return;
        items->at = more;
        items->room = room;
    }
    items->at[items->count] = strdup(text);
    if (items->at[items->count])
        items->count++;
    else
        items->failed = true;
}

void items_free(struct items *items)
{
    for (size_t i = 0; i < items->count; i++)
        free(items->at[i]);
    free(items->at);
    *items = (struct items){ .at = NULL };
}

/* "a, b, c" of our own making. */
static void add_words(struct items *items, char *list)
{
    char *rest = NULL;

    for (char *word = strtok_r(list, ",", &rest); word;
         word = strtok_r(NULL, ",", &rest))
        add(items, word + strspn(word, " "));
}

static void add_hex(struct items *items, const char *before,
                    struct hf_span bytes)
{
    char text[700];

    if (!bytes.at)
        return;
    if (bytes.len > 256) { /* too much to be read: whether it differs */
        char digest[96];

        fingerprint_text(bytes, digest);
        hf_format(text, sizeof(text), lang("%s%z bytes, sha256 %s"), before,
                  bytes.len, digest);
    } else {
        hf_format(text, sizeof(text), "%s%h", before, &bytes);
    }
    add(items, text);
}

/* ---- fields --------------------------------------------------------------------------- */

static void subject(const struct hf_cert *cert, struct items *out)
{
    char text[1000];

    hf_name_text(cert->subject, text, sizeof(text));
    add(out, text);
}

static void issuer(const struct hf_cert *cert, struct items *out)
{
    char text[1000];

    hf_name_text(cert->issuer, text, sizeof(text));
    add(out, text);
}

static void names(const struct hf_cert *cert, struct items *out)
{
    struct hf_der walk = hf_san_begin(cert);
    struct hf_san san;
    char text[400];

    while (hf_san_next(&walk, &san)) {
        hf_san_text(&san, text, sizeof(text));
        add(out, text);
    }
}

static void from(const struct hf_cert *cert, struct items *out)
{
    char text[40];

    hf_time_text(text, sizeof(text), cert->not_before);
    add(out, text);
}

static void until(const struct hf_cert *cert, struct items *out)
{
    char text[40];

    hf_time_text(text, sizeof(text), cert->not_after);
    add(out, text);
}

static void days(const struct hf_cert *cert, struct items *out)
{
    char text[40];

    snprintf(text, sizeof(text), "%lld",
             (long long)(cert->not_after - cert->not_before) / 86400);
    add(out, text);
}

static void key(const struct hf_cert *cert, struct items *out)
{
    char text[80];

    hf_key_text(&cert->key, text, sizeof(text));
    add(out, text);
}

static void pin(const struct hf_cert *cert, struct items *out)
{
    char text[56];

    pin_of(cert, text);
    add(out, text);
}

static void usage(const struct hf_cert *cert, struct items *out)
{
    char text[400];

    usage_text(cert, text, sizeof(text));
    add_words(out, text);
}

static void purpose(const struct hf_cert *cert, struct items *out)
{
    char text[2048];

    purpose_text(cert, text, sizeof(text));
    add_words(out, text);
}

static void authority(const struct hf_cert *cert, struct items *out)
{
    char text[80];

    hf_format(text, sizeof(text), "%s",
              cert->flags & HF_CERT_CA ? lang("yes") : lang("no"));
    if (cert->flags & HF_CERT_PATHLEN)
        hf_format(text, sizeof(text),
                  lang("yes, with at most %u more below it"),
                  (unsigned)cert->path_len);
    add(out, text);
}

static void permitted(const struct hf_cert *cert, struct items *out)
{
    char text[8192];

    constraints_text(cert, false, text, sizeof(text));
    add_words(out, text);
}

static void excluded(const struct hf_cert *cert, struct items *out)
{
    char text[8192];

    constraints_text(cert, true, text, sizeof(text));
    add_words(out, text);
}

static void issuer_at(const struct hf_cert *cert, struct items *out)
{
    char text[600];
    struct hf_span url;

    if (!hf_cert_aia(cert, &url))
        return;
    hf_format(text, sizeof(text), "%q", &url);
    add(out, text);
}

static void signed_with(const struct hf_cert *cert, struct items *out)
{
    char text[120];

    hf_algorithm_text(cert->algorithm, text, sizeof(text));
    add(out, text);
}

static void serial(const struct hf_cert *cert, struct items *out)
{
    add_hex(out, "", cert->serial);
}

static void subject_key(const struct hf_cert *cert, struct items *out)
{
    add_hex(out, "", hf_cert_skid(cert));
}

static void issuer_key(const struct hf_cert *cert, struct items *out)
{
    add_hex(out, "", hf_cert_akid(cert));
}

static void sha256(const struct hf_cert *cert, struct items *out)
{
    char text[96];

    fingerprint_text(cert->der, text);
    add(out, text);
}

/* Extensions whose values have rows of their own; 2.5.29.x by x. */
static bool has_row(struct hf_span oid)
{
    static const uint8_t known[] = { 14, 15, 17, 19, 30, 35, 37 };

    if (oid.len != 3 || oid.at[0] != 0x55 || oid.at[1] != 0x1d)
        return false;
    return memchr(known, oid.at[2], sizeof(known)) != NULL;
}

static void add_extension(struct items *out, struct hf_span oid, bool critical,
                          struct hf_span value)
{
    char text[200], dotted[120];
    const char *name = hf_oid_name(oid);

    hf_oid_text(oid, dotted, sizeof(dotted));
    hf_format(text, sizeof(text), "%s%s", name ? name : dotted,
              critical ? lang(", critical") : "");
    if (has_row(oid)) {
        add(out, text);
        return;
    }
    hf_format_more(text, sizeof(text), ": ");
    add_hex(out, text, value);
}

/* TBSCertificate down to its extensions (RFC 5280 4.1). */
static void extensions(const struct hf_cert *cert, struct items *out)
{
    struct hf_der whole = hf_der(cert->tbs), tbs, outer, list, one;
    struct hf_tlv part;
    struct hf_span oid, value;

    if (!hf_der_open(&whole, HF_DER_SEQUENCE, &tbs))
        return;
    while (!hf_der_peek(&tbs, 0xa3))
        if (!hf_der_next(&tbs, &part))
            return;
    if (!hf_der_open(&tbs, 0xa3, &outer) ||
        !hf_der_open(&outer, HF_DER_SEQUENCE, &list))
        return;
    while (hf_der_open(&list, HF_DER_SEQUENCE, &one) &&
           hf_der_oid(&one, &oid)) {
        bool critical = false;

        if (hf_der_peek(&one, HF_DER_BOOLEAN) &&
            !hf_der_boolean(&one, &critical))
            return;
        if (!hf_der_take(&one, HF_DER_OCTET_STRING, &value))
            return;
        add_extension(out, oid, critical, value);
    }
}

/* clang-format off */
const struct field cert_fields[CERT_FIELDS] = {
    { "subject",     "subject",    subject },
    { "issuer",      "issuer",     issuer },
    { "names",       "names",      names },
    { "not_before",  "from",       from },
    { "not_after",   "until",      until },
    { "days",        "days",       days },
    { "key",         "key",        key },
    { "pin",         "pin",        pin },
    { "key_usage",   "key usage",  usage },
    { "purpose",     "purpose",    purpose },
    { "authority",   "authority",  authority },
    { "permitted",   "only for",   permitted },
    { "excluded",    "never for",  excluded },
    { "issuer_at",   "issuer at",  issuer_at },
    { "extensions",  "extensions", extensions },
    { "subject_key", "key id",     subject_key },
    { "issuer_key",  "issuer key", issuer_key },
    { "signed_with", "signed",     signed_with },
    { "serial",      "serial",     serial },
    { "sha256",      "sha256",     sha256 },
};
/* clang-format on */
