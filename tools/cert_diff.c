/* cert_diff.c - handfast cert diff: what differs between two certificates,
 * field by field.
 *
 *     a field of a certificate --> its items, as text, sorted
 *     two lists of items       --> those only here (-), those only there (+)
 *
 * Most fields have one item; names, usages and extensions have many, and only
 * the ones that differ are shown. */
#include "certs.h"

#include <stdlib.h>
#include <string.h>

/* ---- items ---------------------------------------------------------------------- */

struct items {
    char **at;
    size_t count, room;
    bool failed; /* no memory */
};

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

static void items_free(struct items *items)
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
static const struct field {
    const char *key, *label;
    void (*items)(const struct hf_cert *cert, struct items *out);
} fields[] = {
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

/* ---- comparing ---------------------------------------------------------------------------- */

/* Of each field, what only one of the two has. */
struct two {
    struct items a[HF_COUNT(fields)], b[HF_COUNT(fields)];
    bool failed;
};

static int by_text(const void *one, const void *two)
{
    return strcmp(*(char *const *)one, *(char *const *)two);
}

static void sort(struct items *items)
{
    if (items->count > 1)
        qsort(items->at, items->count, sizeof(*items->at), by_text);
}

/* Leave what the other list has not. */
static void only(struct items *a, struct items *b)
{
    size_t keep_a = 0, keep_b = 0, i = 0, k = 0;

    while (i < a->count || k < b->count) {
        int order = i == a->count   ? 1
                    : k == b->count ? -1
                                    : strcmp(a->at[i], b->at[k]);

        if (order < 0) {
            a->at[keep_a++] = a->at[i++];
        } else if (order > 0) {
            b->at[keep_b++] = b->at[k++];
        } else {
            free(a->at[i++]);
            free(b->at[k++]);
        }
    }
    a->count = keep_a;
    b->count = keep_b;
}

static void compare(struct two *two, const struct hf_cert *a,
                    const struct hf_cert *b)
{
    for (size_t i = 0; i < HF_COUNT(fields); i++) {
        fields[i].items(a, &two->a[i]);
        fields[i].items(b, &two->b[i]);
        sort(&two->a[i]);
        sort(&two->b[i]);
        two->failed |= two->a[i].failed || two->b[i].failed;
        only(&two->a[i], &two->b[i]);
    }
}

static bool differs(const struct two *two, size_t i)
{
    return two->a[i].count || two->b[i].count;
}

/* ---- saying it ------------------------------------------------------------------------------ */

enum { LABEL = 12 };

static void print_items(const struct tool *tool, const struct items *items,
                        char sign, enum ink colour, const char **label)
{
    for (size_t i = 0; i < items->count; i++) {
        printf("  %s", ink(tool, stdout, INK_DIM));
        print_padded(stdout, lang(*label), LABEL);
        printf("%s%s%c ", ink(tool, stdout, INK_PLAIN),
               ink(tool, stdout, colour), sign);
        fputs(items->at[i], stdout);
        printf("%s\n", ink(tool, stdout, INK_PLAIN));
        *label = "";
    }
}

static void print_two(const struct tool *tool, const struct two *two)
{
    bool first = true;

    printf("%s- %s%s\n", ink(tool, stdout, INK_BAD), tool->operands[0],
           ink(tool, stdout, INK_PLAIN));
    printf("%s+ %s%s\n", ink(tool, stdout, INK_GOOD), tool->operands[1],
           ink(tool, stdout, INK_PLAIN));
    for (size_t i = 0; i < HF_COUNT(fields); i++) {
        const char *label = fields[i].label;

        print_items(tool, &two->a[i], '-', INK_BAD, &label);
        print_items(tool, &two->b[i], '+', INK_GOOD, &label);
    }
    fputs(lang("  the same: "), stdout);
    for (size_t i = 0; i < HF_COUNT(fields); i++) {
        if (differs(two, i))
            continue;
        printf("%s%s", first ? "" : ", ", lang(fields[i].label));
        first = false;
    }
    puts(first ? lang("nothing") : "");
}

static void json_items(struct json *j, const char *key,
                       const struct items *items)
{
    json_open(j, key, '[');
    for (size_t i = 0; i < items->count; i++)
        json_text(j, NULL, items->at[i]);
    json_close(j);
}

static void json_two(const struct tool *tool, const struct two *two, bool same)
{
    struct json j;

    json_start(&j, stdout, "handfast/certdiff/1");
    json_text(&j, "a", tool->operands[0]);
    json_text(&j, "b", tool->operands[1]);
    json_bool(&j, "same", same);
    json_open(&j, "differences", '[');
    for (size_t i = 0; i < HF_COUNT(fields); i++) {
        if (!differs(two, i))
            continue;
        json_open(&j, NULL, '{');
        json_text(&j, "field", fields[i].key);
        json_items(&j, "only_a", &two->a[i]);
        json_items(&j, "only_b", &two->b[i]);
        json_close(&j);
    }
    json_close(&j);
    json_finish(&j);
}

static int tell(struct tool *tool, const struct hf_cert *a,
                const struct hf_cert *b)
{
    struct two two = { .failed = false };
    bool same = hf_span_equal(a->der, b->der);
    int code = same ? HF_EXIT_GOOD : HF_EXIT_NO;

    compare(&two, a, b);
    if (two.failed)
        code = tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    else if (tool->json)
        json_two(tool, &two, same);
    else if (same)
        puts(lang("They are the same certificate."));
    else
        print_two(tool, &two);
    for (size_t i = 0; i < HF_COUNT(fields); i++) {
        items_free(&two.a[i]);
        items_free(&two.b[i]);
    }
    return code;
}

static int run_diff(struct tool *tool)
{
    struct certs certs[2] = { { .count = 0 }, { .count = 0 } };
    int code = options_read(tool, NULL);

    if (code >= 0)
        return code;
    if (tool->operand_count != 2)
        return usage_error(tool, "two of them, please: files, - or HOST:PORT");
    code = HF_EXIT_GOOD;
    for (size_t i = 0; i < 2 && !code; i++) {
        code = certs_from(tool, tool->operands[i], &certs[i]);
        if (!code && !certs[i].count)
            code = tool_error(tool, HF_EXIT_USAGE, "%s sent no certificate",
                              tool->operands[i]);
    }
    if (!code)
        code = tell(tool, certs[0].at[0], certs[1].at[0]);
    certs_free(&certs[0]);
    certs_free(&certs[1]);
    return output_done(tool, code);
}

/* clang-format off */
static const struct opt options[] = {
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

const struct command cert_diff = {
    .name = "diff",
    .operands = "A B",
    .summary = "what differs between two certificates, field by field",
    .about = "A and B are each FILE, - or HOST[:PORT]; of a file or server the "
             "first certificate counts. Lines with - are of A only, with + of "
             "B only. The exit code is 0 if they are the same, 1 if not, and "
             "more if they could not be compared.",
    .examples = "  handfast cert diff old.pem new.pem\n"
                "  handfast cert diff site.pem www.example.org\n",
    .options = options,
    .run = run_diff,
};
