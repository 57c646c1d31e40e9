/* explain_der.c - a certificate, element by element, by the library's own
 * reader of DER; names for the elements come from shapes.def. */
#include "explaining.h"

#include "x509/x509.h"

#include <arpa/inet.h>
#include <string.h>

enum { DEEPEST = 24, ANY = 0, VISIBLE_STRING = 0x1a };

enum row_kind { ROW_END, ROW_ONE, ROW_OPT, ROW_MANY };
struct shape {
    uint8_t kind, tag;
    const char *name;
    const struct shape *inside;
    const char *why;
};

/* clang-format off */
#define shape_none NULL
#define SHAPE(id) static const struct shape shape_##id[] = {
#define ONE(tag, name, of, why)  { ROW_ONE, tag, name, shape_##of, why },
#define OPT(tag, name, of, why)  { ROW_OPT, tag, name, shape_##of, why },
#define MANY(tag, name, of, why) { ROW_MANY, tag, name, shape_##of, why },
#define SHAPE_END { ROW_END, 0, "", NULL, "" } };
#include "shapes.def"
/* clang-format on */

/* What is inside the string of bytes of an extension. */
static const struct {
    const char *oid;
    const struct shape *shape;
} extension_shapes[] = {
    { "subjectAltName", shape_san },
    { "issuerAltName", shape_san },
    { "basicConstraints", shape_basic },
    { "keyUsage", shape_usage },
    { "extKeyUsage", shape_eku },
    { "subjectKeyIdentifier", shape_skid },
    { "authorityKeyIdentifier", shape_akid },
    { "nameConstraints", shape_constraints },
    { "authorityInfoAccess", shape_aia },
    { "cRLDistributionPoints", shape_crl_dp },
    { "certificatePolicies", shape_policies },
    { "tlsFeature", shape_tls_feature },
    { "signedCertificateTimestampList", shape_sct },
};

struct tree {
    const struct explainer *x;
    struct hf_span der;
    size_t base; /* added to every offset */
    bool broken;
    size_t at; /* where it is no DER any more */
};

/* ---- values ----------------------------------------------------------------- */

static const char *tag_name(unsigned tag, char room[24])
{
    switch (tag) {
    case HF_DER_BOOLEAN: return "BOOLEAN";
    case HF_DER_INTEGER: return "INTEGER";
    case HF_DER_BIT_STRING: return "BIT STRING";
    case HF_DER_OCTET_STRING: return "OCTET STRING";
    case HF_DER_NULL: return "NULL";
    case HF_DER_OID: return "OBJECT IDENTIFIER";
    case HF_DER_UTF8: return "UTF8String";
    case HF_DER_NUMERIC: return "NumericString";
    case HF_DER_PRINTABLE: return "PrintableString";
    case HF_DER_TELETEX: return "TeletexString";
    case HF_DER_IA5: return "IA5String";
    case HF_DER_UTC_TIME: return "UTCTime";
    case HF_DER_GENERAL_TIME: return "GeneralizedTime";
    case VISIBLE_STRING: return "VisibleString";
    case HF_DER_UNIVERSAL: return "UniversalString";
    case HF_DER_BMP: return "BMPString";
    case HF_DER_SEQUENCE: return "SEQUENCE";
    case HF_DER_SET: return "SET";
    default: break;
    }
    if ((tag & 0xc0) == HF_DER_CONTEXT)
        hf_format(room, 24, "[%u]", tag & 0x1f);
    else
        hf_format(room, 24, lang("tag %u"), tag);
    return room;
}

static void bytes_text(struct hf_span bytes, char *out, size_t cap)
{
    struct hf_span first = hf_span_first(bytes, bytes.len < 8 ? bytes.len : 8);

    if (!bytes.len)
        hf_format(out, cap, "%s", lang("(empty)"));
    else if (bytes.len <= 20)
        hf_format(out, cap, "%h", &bytes);
    else
        hf_format(out, cap, lang("%h... (%z bytes)"), &first, bytes.len);
}

static void integer_text(struct hf_span value, char *out, size_t cap)
{
    if (value.len && value.len <= 3 && !(value.at[0] & 0x80))
        hf_format(out, cap, "%u", hf_number(value.at, (unsigned)value.len));
    else
        bytes_text(value, out, cap);
}

static void oid_text(struct hf_span value, char *out, size_t cap)
{
    const char *name = hf_oid_name(value);
    char dotted[100];

    hf_oid_text(value, dotted, sizeof(dotted));
    /* hf_oid_text may know the name itself */
    if (name && strcmp(name, dotted) != 0)
        hf_format(out, cap, "%s (%s)", name, dotted);
    else
        hf_format(out, cap, "%s", dotted);
}

static void time_text(const struct hf_tlv *tlv, char *out, size_t cap)
{
    struct hf_der r = hf_der(tlv->whole);
    int64_t seconds;

    if (hf_der_time(&r, &seconds))
        hf_format(out, cap, "%t", seconds);
    else
        hf_format(out, cap, "%q", &tlv->value);
}

/* RFC 5280 4.2.1.3: the first bit is the top one. */
static void usage_bits(struct hf_span value, char *out, size_t cap)
{
    static const char *const names[] = {
        "digitalSignature", "nonRepudiation", "keyEncipherment",
        "dataEncipherment", "keyAgreement",   "keyCertSign",
        "cRLSign",          "encipherOnly",   "decipherOnly",
    };

    for (size_t i = 0; i < HF_COUNT(names) && 1 + i / 8 < value.len; i++)
        if (value.at[1 + i / 8] & 0x80 >> i % 8)
            hf_format_more(out, cap, out[0] ? ", %s" : "%s", names[i]);
}

static void bits_text(const char *name, struct hf_span value, char *out,
                      size_t cap)
{
    hf_format(out, cap, "");
    if (strcmp(name, "KeyUsage") == 0)
        usage_bits(value, out, cap);
    else if (value.len > 1)
        bytes_text(hf_span_after(value, 1), out, cap);
}

/* An address, or one with its mask in a name constraint. */
static void address_text(struct hf_span value, char *out, size_t cap)
{
    char one[INET6_ADDRSTRLEN], two[INET6_ADDRSTRLEN];
    size_t half = value.len / 2;

    if (value.len == 4 || value.len == 16) {
        inet_ntop(value.len == 4 ? AF_INET : AF_INET6, value.at, one,
                  sizeof(one));
        hf_format(out, cap, "%s", one);
    } else if (value.len == 8 || value.len == 32) {
        int family = half == 4 ? AF_INET : AF_INET6;

        inet_ntop(family, value.at, one, sizeof(one));
        inet_ntop(family, value.at + half, two, sizeof(two));
        hf_format(out, cap, "%s/%s", one, two);
    } else {
        bytes_text(value, out, cap);
    }
}

static bool is_words(const char *name)
{
    return strstr(name, "rfc822Name") || strstr(name, "dNSName") ||
           strstr(name, "uniformResource") || strstr(name, "accessLocation");
}

static void value_text(const struct hf_tlv *tlv, const char *name, char *out,
                       size_t cap)
{
    switch (tlv->tag) {
    case HF_DER_BOOLEAN:
        hf_format(out, cap,
                  tlv->value.len && tlv->value.at[0] ? "TRUE" : "FALSE");
        return;
    case HF_DER_INTEGER: integer_text(tlv->value, out, cap); return;
    case HF_DER_BIT_STRING: bits_text(name, tlv->value, out, cap); return;
    case HF_DER_NULL: hf_format(out, cap, "NULL"); return;
    case HF_DER_OID: oid_text(tlv->value, out, cap); return;
    case HF_DER_UTF8:
    case HF_DER_NUMERIC:
    case HF_DER_PRINTABLE:
    case HF_DER_IA5:
    case VISIBLE_STRING: hf_format(out, cap, "%q", &tlv->value); return;
    case HF_DER_UTC_TIME:
    case HF_DER_GENERAL_TIME: time_text(tlv, out, cap); return;
    default: break;
    }
    if (is_words(name))
        hf_format(out, cap, "%q", &tlv->value);
    else if (strstr(name, "iPAddress"))
        address_text(tlv->value, out, cap);
    else
        bytes_text(tlv->value, out, cap);
}

/* ---- the walk ------------------------------------------------------------------- */

/* The row that @tag is in, from *row on, which moves there. */
static const struct shape *match(const struct shape **row, unsigned tag)
{
    const struct shape *first = *row;

    for (const struct shape *r = first; r && r->kind != ROW_END; r++) {
        if (r->tag != tag && r->tag != ANY) {
            if (r->kind == ROW_ONE)
                return NULL; /* something else was due here */
            continue;
        }
        /* names of all kinds may follow each other in any order */
        *row = r->kind == ROW_MANY ? first : r + 1;
        return r;
    }
    return NULL;
}

static void tell(const struct tree *t, const struct hf_tlv *tlv, size_t origin,
                 unsigned depth, const char *name, const char *value,
                 const char *why)
{
    char heading[80], room[24];
    struct told told = { t->base + origin + tlv->start,
                         tlv->whole.len,
                         depth,
                         name,
                         value,
                         why,
                         { NULL, 0 } };

    if (!name[0]) {
        told.name = tag_name(tlv->tag, room);
    } else if (!value[0]) {
        hf_format(heading, sizeof(heading), "%s", name);
        told.name = heading;
    }
    if (tlv->value.len > 20 && strstr(value, "... ("))
        told.bytes = tlv->value;
    explain_line(t->x, &told);
}

static void walk(struct tree *t, struct hf_span bytes, size_t origin,
                 const struct shape *shape, unsigned depth);

/* Is all of @bytes one DER element? */
static bool is_element(struct hf_span bytes, unsigned tag)
{
    struct hf_der r = hf_der(bytes);
    struct hf_tlv tlv;

    return bytes.len && bytes.at[0] == tag && hf_der_next(&r, &tlv) &&
           hf_der_done(&r);
}

static const struct shape *extension_shape(const char *oid)
{
    for (size_t i = 0; oid && i < HF_COUNT(extension_shapes); i++)
        if (strcmp(extension_shapes[i].oid, oid) == 0)
            return extension_shapes[i].shape;
    return NULL;
}

/* DER that stands inside a string: an extension's value, an RSA key, an ECDSA
 * signature. */
/* NOLINTNEXTLINE(misc-no-recursion) to DEEPEST, which walk() counts */
static void walk_string(struct tree *t, const struct hf_tlv *tlv, size_t origin,
                        const char *name, const char *oid, unsigned depth)
{
    size_t head = (size_t)(tlv->value.at - tlv->whole.at);
    size_t skip = tlv->tag == HF_DER_BIT_STRING && tlv->value.len ? 1 : 0;
    struct hf_span inside = hf_span_after(tlv->value, skip);
    const struct shape *shape = NULL;

    if (strcmp(name, "extnValue") == 0)
        shape = extension_shape(oid);
    else if (strcmp(name, "subjectPublicKey") == 0 &&
             is_element(inside, HF_DER_SEQUENCE))
        shape = shape_rsa;
    else if (strcmp(name, "signatureValue") == 0 &&
             is_element(inside, HF_DER_SEQUENCE))
        shape = shape_ecdsa;
    if (shape)
        walk(t, inside, origin + tlv->start + head + skip, shape, depth + 1);
}

/* NOLINTNEXTLINE(misc-no-recursion) likewise */
static void visit(struct tree *t, const struct hf_tlv *tlv, size_t origin,
                  const struct shape *row, const char *oid, unsigned depth)
{
    const char *name = row ? row->name : "", *why = row ? row->why : "";
    size_t head = (size_t)(tlv->value.at - tlv->whole.at);
    char value[300] = "";

    if (tlv->tag & HF_DER_CONSTRUCTED) {
        tell(t, tlv, origin, depth, name, "", why);
        walk(t, tlv->value, origin + tlv->start + head,
             row ? row->inside : NULL, depth + 1);
        return;
    }
    value_text(tlv, name, value, sizeof(value));
    tell(t, tlv, origin, depth, name, value, why);
    walk_string(t, tlv, origin, name, oid, depth);
}

/* The elements that stand one after the other in @bytes, which begin at
 * @origin of the whole. */
/* NOLINTNEXTLINE(misc-no-recursion) likewise */
static void walk(struct tree *t, struct hf_span bytes, size_t origin,
                 const struct shape *shape, unsigned depth)
{
    struct hf_der r = hf_der(bytes);
    const struct shape *row = shape ? shape : shape_none_known;
    const char *oid = NULL;
    struct hf_tlv tlv;

    if (depth > DEEPEST) {
        t->broken = true;
        t->at = origin;
    }
    while (!t->broken && !hf_der_done(&r)) {
        size_t at = r.at;

        if (!hf_der_next(&r, &tlv)) {
            t->broken = true;
            t->at = origin + at;
            return;
        }
        visit(t, &tlv, origin, match(&row, tlv.tag), oid, depth);
        if (tlv.tag == HF_DER_OID)
            oid = hf_oid_name(tlv.value);
    }
}

/* A SEQUENCE that begins with a small INTEGER is a private key more often than
 * anything else, and never a certificate. */
static bool may_be_secret(struct hf_span der)
{
    struct hf_der r = hf_der(der), inside;

    return hf_der_open(&r, HF_DER_SEQUENCE, &inside) &&
           hf_der_peek(&inside, HF_DER_INTEGER);
}

static int broken(const struct tree *t, struct hf_span der)
{
    static const char why[] = "a length that is too long, not minimal or "
                              "indefinite, or a tag of many bytes";
    const struct tool *tool = t->x->tool;

    if (t->x->json) {
        json_fault(t->x->json, "verify.der", NULL, why, t->base + t->at,
                   "bad_certificate", NULL);
        return HF_EXIT_NO;
    }
    printf(lang("\n%snot DER any more%s at byte %zu: %s\n"),
           ink(tool, stdout, INK_BAD), ink(tool, stdout, INK_PLAIN),
           t->base + t->at, lang(why));
    draw_arrow(tool, der, t->at, 2,
               lang("answered with bad_certificate (42) [verify.der]"), "");
    return HF_EXIT_NO;
}

/* What the library makes of the whole. */
static int verdict(const struct tree *t, struct hf_span der)
{
    const struct tool *tool = t->x->tool;
    struct hf_error error = { 0 };
    struct hf_cert *cert = hf_cert_new(der, &error);
    char room[2 * HF_DETAIL_MAX];

    hf_cert_free(cert);
    if (t->x->json) {
        json_fault(t->x->json, cert ? NULL : hf_error_name(error.code),
                   error.field, error.detail, error.byte,
                   hf_alert_name(error.alert), NULL);
    } else if (!cert) {
        printf(lang("\n%snot accepted as a certificate:%s %s [%s]\n"),
               ink(tool, stdout, INK_BAD), ink(tool, stdout, INK_PLAIN),
               lang(hf_error_text(error.code)), hf_error_name(error.code));
        if (error.detail[0])
            printf("  %s\n", lang_text(error.detail, room, sizeof(room)));
    }
    return cert ? HF_EXIT_GOOD : HF_EXIT_NO;
}

static int refuse(const struct explainer *x, bool alone, const char *why)
{
    if (!x->json || !alone)
        return tool_error(x->tool, HF_EXIT_NO, "%s", lang(why));
    json_no_fields(x->json);
    json_fault(x->json, "explain.refused", NULL, why, 0, NULL, NULL);
    return HF_EXIT_NO;
}

int explain_der(const struct explainer *x, struct hf_span der, size_t base,
                unsigned depth)
{
    struct tree t = { .x = x, .der = der, .base = base };
    bool alone = depth == 0;

    if (der.len > HF_DER_MAX)
        return refuse(x, alone, "it is longer than a certificate may be");
    if (may_be_secret(der))
        return refuse(x, alone,
                      "this may be a private key, which is not "
                      "shown; it is no certificate");
    if (x->json && alone)
        json_open(x->json, "fields", '[');
    walk(&t, der, 0, shape_whole, depth);
    if (x->json && alone)
        json_close(x->json);
    if (!alone)
        return HF_EXIT_GOOD;
    return t.broken ? broken(&t, der) : verdict(&t, der);
}
