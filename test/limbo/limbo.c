/* limbo.c - handfast-limbo: our verdict on testcases of path validation.
 *
 * One testcase of C2SP/x509-limbo as JSON on a line of standard input, one
 * answer on a line of standard output:
 *
 *     {"id":"rfc5280::eku::...","actual_result":"FAILURE",
 *      "context":"verify.purpose: ..."}
 *
 * The context is our error, by name and in its words; of a success, the path.
 * A testcase that asks for something that the library does not have is
 * refused, and has "applicable":false with the reason as its context, so that
 * it cannot be mistaken for an agreement.
 *
 * Beyond x509-limbo's own form, "policies" may say what is asked of
 * certificate policies: {"initial":["1.2.3"],"explicit":true,"unmapped":true,
 * "noany":true} (RFC 5280 6.1.1 c, e, f, g).
 *
 * --profile NAME (practice, rfc5280, web) judges all by that profile of
 * x509.h; without it, each by the one that its namespace is about. */
#include "x509/x509.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CERTS_MAX = 256, OIDS_MAX = 64, OID_MAX = 64, BY_NAMESPACE = -1 };

/* A testcase as the library wants it. */
struct testcase {
    struct hf_verify v;
    struct hf_cert *chain[CERTS_MAX];
    struct hf_crls crls;
    struct hf_store *store;
    struct hf_peer_name name;
    const json_t *json;
    struct hf_policies_asked policies;
    uint8_t oids[OIDS_MAX][OID_MAX]; /* those of .policies */
    struct hf_span accepted[OIDS_MAX];
    const char *lacking;   /* what it asks for and we do not have */
    struct hf_error error; /* why it is refused before it is judged */
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static const json_t *list_of(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

/* ---- certificates and lists --------------------------------------------------- */

/* One that the library would not read from a peer's message is NULL; why is in
 * *error. */
static struct hf_cert *read_cert(const char *pem_text, struct hf_error *error)
{
    struct hf_span text = hf_span_text(pem_text ? pem_text : "");
    static uint8_t der[HF_CERT_MAX + 64];
    struct hf_pem pem;
    size_t len;
    bool bad;

    if (!hf_pem_next(&text, &pem, &bad) ||
        !hf_unbase64(pem.base64, der, sizeof(der), &len)) {
        hf_fail(error, HF_E_CERT_DER, "no certificate in PEM");
        return NULL;
    }
    return hf_cert_new(hf_span(der, len), error);
}

/* An anchor that cannot be indexed is one that nothing is trusted by. */
static bool read_anchors(struct testcase *t)
{
    const json_t *pem;
    size_t i, added;

    t->store = hf_store_new();
    if (!t->store)
        return hf_fail(&t->error, HF_E_OUT_OF_MEMORY, NULL);
    json_array_foreach(list_of(t->json, "trusted_certs"), i, pem)
    {
        struct hf_error error = { .code = HF_OK };
        const char *text = json_string_value(pem);

        if (!hf_store_add_pem(t->store, hf_span_text(text ? text : ""), true,
                              NULL, NULL, &added, &error) &&
            error.code == HF_E_OUT_OF_MEMORY)
            return hf_fail(&t->error, HF_E_OUT_OF_MEMORY, NULL);
    }
    t->v.store = t->store;
    return true;
}

/* The leaf must be readable; of the others an unreadable one is no help and no
 * harm, as in a handshake. */
static bool read_chain(struct testcase *t)
{
    const json_t *pem;
    size_t i;

    t->v.chain = t->chain;
    t->chain[0] = read_cert(text_of(t->json, "peer_certificate"), &t->error);
    if (!t->chain[0])
        return false;
    t->v.count = 1;
    json_array_foreach(list_of(t->json, "untrusted_intermediates"), i, pem)
    {
        struct hf_error error = { .code = HF_OK };

        if (t->v.count == CERTS_MAX) {
            t->lacking = "it has too many certificates";
            return false;
        }
        t->chain[t->v.count++] = read_cert(json_string_value(pem), &error);
    }
    return true;
}

/* A list that cannot be used is refused when it is given, and whoever gave it
 * has to do without any. */
static bool read_lists(struct testcase *t)
{
    const json_t *pem;
    size_t i, added;

    json_array_foreach(list_of(t->json, "crls"), i, pem)
    {
        const char *text = json_string_value(pem);

        if (!hf_crls_add(&t->crls, hf_span_text(text ? text : ""), &added,
                         &t->error))
            return false;
    }
    t->v.crls = &t->crls;
    t->v.revocation = t->crls.count ? HF_REVOCATION_HARD : HF_REVOCATION_SOFT;
    return true;
}

/* ---- what is asked --------------------------------------------------------------- */

/* "2024-03-01T00:00:00+00:00", a fraction of a second dropped; without one,
 * now.  False if it is no time in UTC. */
static bool read_time(const char *text, int64_t *seconds)
{
    uint8_t der[2 + 15] = { HF_DER_GENERAL_TIME, 15 };
    static const uint8_t digits[14] = { 0, 1,  2,  3,  5,  6,  8,
                                        9, 11, 12, 14, 15, 17, 18 };
    struct hf_der r;

    if (!text[0]) {
        *seconds = time(NULL);
        return true;
    }
    if (strlen(text) < 20 ||
        (!strstr(text + 19, "+00:00") && !strchr(text + 19, 'Z')))
        return false;
    for (size_t i = 0; i < sizeof(digits); i++)
        der[2 + i] = (uint8_t)text[digits[i]];
    der[16] = 'Z';
    r = hf_der(hf_span(der, sizeof(der)));
    return hf_der_time(&r, seconds);
}

/* RFC 5280 4.2.1.3, by the number of the bit. */
static const char *const usages[] = { "digitalSignature", "contentCommitment",
                                      "keyEncipherment",  "dataEncipherment",
                                      "keyAgreement",     "keyCertSign",
                                      "cRLSign",          "encipherOnly",
                                      "decipherOnly" };

static bool read_usage(struct testcase *t)
{
    const json_t *name;
    size_t i, bit;

    t->v.leaf_usage = HF_USE_ANY;
    json_array_foreach(list_of(t->json, "key_usage"), i, name)
    {
        const char *text = json_string_value(name);

        for (bit = 0; bit < sizeof(usages) / sizeof(usages[0]); bit++)
            if (text && strcmp(text, usages[bit]) == 0)
                break;
        if (bit == sizeof(usages) / sizeof(usages[0])) {
            t->lacking = "it asks for a key usage that there is not";
            return false;
        }
        if (t->v.leaf_usage == HF_USE_ANY)
            t->v.leaf_usage = 0;
        t->v.leaf_usage |= (uint16_t)(1u << bit);
    }
    return true;
}

static bool read_purpose(struct testcase *t)
{
    bool client = strcmp(text_of(t->json, "validation_kind"), "CLIENT") == 0;
    const char *ours = client ? "clientAuth" : "serverAuth";
    const json_t *name;
    size_t i;

    t->v.purpose = client ? HF_PURPOSE_CLIENT : HF_PURPOSE_SERVER;
    json_array_foreach(list_of(t->json, "extended_key_usage"), i, name)
    {
        const char *text = json_string_value(name);

        if (!text || strcmp(text, ours) != 0) {
            t->lacking = "it asks for a purpose other than the role's";
            return false;
        }
    }
    return true;
}

static bool read_name(struct testcase *t)
{
    const json_t *peer = json_object_get(t->json, "expected_peer_name");

    if (!json_is_object(peer))
        return true;
    if (strcmp(text_of(peer, "kind"), "RFC822") == 0)
        return true; /* held against the leaf afterwards */
    if (!hf_peer_name_read(text_of(peer, "value"), &t->name))
        return hf_fail(&t->error, HF_E_NO_NAME, "not a name");
    t->v.name = &t->name;
    return true;
}

static bool read_limits(struct testcase *t)
{
    const json_t *depth = json_object_get(t->json, "max_chain_depth");
    json_int_t between = json_integer_value(depth);

    if (json_array_size(list_of(t->json, "signature_algorithms"))) {
        t->lacking = "it narrows the algorithms of certificates";
        return false;
    }
    if (json_is_integer(depth) && between < 0) {
        t->lacking = "its max_chain_depth is negative";
        return false;
    }
    /* Theirs counts what is between leaf and anchor. */
    if (json_is_integer(depth) && between + 2 < HF_PATH_MAX)
        t->v.max_depth = (uint8_t)(between + 2);
    if (!read_time(text_of(t->json, "validation_time"), &t->v.now)) {
        t->lacking = "its validation_time is no time";
        return false;
    }
    return true;
}

/* "2.16.840" as the contents of an OBJECT IDENTIFIER; 0 if it is none. */
static size_t read_oid(const char *text, uint8_t *out)
{
    size_t len = 0;

    for (unsigned arc = 0; *text; arc++) {
        char *end;
        unsigned long n = strtoul(text, &end, 10);

        if (end == text || n > 0xfffffff || (arc == 0 && n > 2) ||
            len + 5 > OID_MAX)
            return 0;
        text = *end == '.' ? end + 1 : end;
        if (arc == 0) {
            out[0] = (uint8_t)(n * 40);
            continue;
        }
        if (arc == 1) {
            out[len++] = (uint8_t)(out[0] + n);
            continue;
        }
        for (unsigned shift = 28; shift; shift -= 7)
            if (n >> shift)
                out[len++] = (uint8_t)(0x80u | (n >> shift & 0x7fu));
        out[len++] = n & 0x7fu;
    }
    return len;
}

static bool read_policies(struct testcase *t)
{
    const json_t *asked = json_object_get(t->json, "policies"), *oid;
    size_t i, len;

    if (!json_is_object(asked))
        return true;
    json_array_foreach(list_of(asked, "initial"), i, oid)
    {
        const char *text = json_string_value(oid);

        len = text && i < OIDS_MAX ? read_oid(text, t->oids[i]) : 0;
        if (!len) {
            t->lacking = "a policy is not an OID, or there are too many";
            return false;
        }
        t->accepted[i] = hf_span(t->oids[i], len);
        t->policies.count = i + 1;
    }
    t->policies.accepted = t->accepted;
    t->policies.needed = json_is_true(json_object_get(asked, "explicit"));
    t->policies.unmapped = json_is_true(json_object_get(asked, "unmapped"));
    t->policies.no_any = json_is_true(json_object_get(asked, "noany"));
    t->v.policies = &t->policies;
    return true;
}

static enum hf_profile profile_of(const char *id, int profile)
{
    if (profile != BY_NAMESPACE)
        return (enum hf_profile)profile;
    if (strncmp(id, "rfc5280::", 9) == 0)
        return HF_PROFILE_RFC5280;
    return strncmp(id, "webpki::", 8) == 0 ? HF_PROFILE_WEB
                                           : HF_PROFILE_PRACTICE;
}

/* ---- the verdict -------------------------------------------------------------------- */

static bool read_testcase(struct testcase *t)
{
    return read_limits(t) && read_purpose(t) && read_usage(t) && read_name(t) &&
           read_policies(t) && read_chain(t) && read_anchors(t) &&
           read_lists(t);
}

/* No TLS peer is called by a mailbox, so the library has no comparison: letter
 * by letter before the @, case aside behind it (RFC 5280 4.2.1.6). */
static bool has_mailbox(const struct hf_cert *leaf, const char *text)
{
    const char *at = strrchr(text, '@');
    size_t local = at ? (size_t)(at - text) + 1 : 0;
    struct hf_der names = hf_san_begin(leaf);
    struct hf_san san;

    while (hf_san_next(&names, &san))
        if (san.kind == HF_SAN_EMAIL && san.value.len == strlen(text) &&
            memcmp(san.value.at, text, local) == 0 &&
            hf_equal_fold(hf_span_after(san.value, local),
                          hf_span_text(text + local)))
            return true;
    return false;
}

static bool has_name(struct testcase *t, const struct hf_cert *leaf,
                     const json_t *peer)
{
    const char *text = text_of(peer, "value");
    struct hf_peer_name name;
    bool has;

    if (strcmp(text_of(peer, "kind"), "RFC822") == 0)
        has = has_mailbox(leaf, text);
    else
        has = hf_peer_name_read(text, &name) && hf_cert_names(leaf, &name);
    return has || hf_fail(&t->error, HF_E_NAME_MISMATCH, "not for %s", text);
}

/* Every name that a client is said to have must be one of the certificate's. */
static bool has_names(struct testcase *t, const struct hf_cert *leaf)
{
    const json_t *one = json_object_get(t->json, "expected_peer_name"), *peer;
    size_t i;

    if (json_is_object(one) && !has_name(t, leaf, one))
        return false;
    json_array_foreach(list_of(t->json, "expected_peer_names"), i, peer)
    {
        if (!has_name(t, leaf, peer))
            return false;
    }
    return true;
}

static void say_path(const struct hf_verified *proof, char *out, size_t cap)
{
    size_t used = 0;

    for (size_t i = 0; i < proof->depth && used < cap; i++) {
        char name[80];
        int n;

        hf_name_short(proof->path[i]->subject, name, sizeof(name));
        n = snprintf(out + used, cap - used, "%s%s", i ? " <- " : "", name);
        used += n > 0 ? (size_t)n : 0;
    }
}

static void say_error(const struct hf_error *error, char *out, size_t cap)
{
    snprintf(out, cap, "%s: %s%s%s", hf_error_name(error->code),
             hf_error_text(error->code), error->detail[0] ? ": " : "",
             error->detail);
}

static bool judge(struct testcase *t, char *context, size_t cap)
{
    struct hf_verified proof = { 0 };
    bool ok = read_testcase(t) && hf_verify_chain(&t->v, &proof, &t->error) &&
              has_names(t, proof.path[0]);

    if (ok && proof.token != HF_VERIFIED_TOKEN) {
        fputs("success without a proof\n", stderr);
        abort();
    }
    if (ok)
        say_path(&proof, context, cap);
    else if (t->lacking)
        snprintf(context, cap, "not applicable: %s", t->lacking);
    else
        say_error(&t->error, context, cap);
    hf_verified_wipe(&proof);
    hf_crls_wipe(&t->crls);
    for (size_t i = 0; i < t->v.count; i++)
        hf_cert_free(t->chain[i]);
    hf_store_free(t->store);
    return ok;
}

/* The answer to a testcase; the caller frees it. */
static char *answer(const struct hf_crypto *crypto, const json_t *json,
                    int profile)
{
    const char *id = text_of(json, "id");
    struct testcase t = { .json = json, .v.crypto = crypto };
    char context[HF_DETAIL_MAX + 256];
    char *line = NULL;
    json_t *out;
    bool ok;

    t.v.profile = (uint8_t)profile_of(id, profile);
    ok = judge(&t, context, sizeof(context));
    /* Names in certificates may be cut in the middle of a character. */
    for (char *c = context; *c; c++)
        if ((uint8_t)*c >= 0x80)
            *c = '?';
    out = json_pack("{s:s, s:s, s:s}", "id", id, "actual_result",
                    ok ? "SUCCESS" : "FAILURE", "context", context);
    if (out && t.lacking)
        json_object_set_new(out, "applicable", json_false());
    if (out)
        line = json_dumps(out, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(out);
    return line;
}

/* ---- lines --------------------------------------------------------------------------- */

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t\r\n")] == 0;
}

/* False if there was a line that is no testcase: who wrote it has to know. */
static bool answer_all(const struct hf_crypto *crypto, int profile)
{
    char *line = NULL, *reply;
    size_t room = 0, number = 0;
    bool ok = true;
    ssize_t len;

    while ((len = getline(&line, &room, stdin)) > 0) {
        json_error_t bad = { .line = 0 };
        json_t *json;

        number++;
        if (is_blank(line))
            continue;
        json = json_loadb(line, (size_t)len, 0, &bad);
        if (json_is_object(json) && text_of(json, "id")[0]) {
            reply = answer(crypto, json, profile);
            if (reply)
                puts(reply);
            ok = ok && reply;
            free(reply);
            fflush(stdout);
        } else {
            fprintf(stderr, "line %zu: no testcase: %s\n", number,
                    json ? "it has no id" : bad.text);
            ok = false;
        }
        json_decref(json);
    }
    free(line);
    return ok;
}

static bool read_profile(const char *name, int *profile)
{
    static const char *const names[] = { [HF_PROFILE_PRACTICE] = "practice",
                                         [HF_PROFILE_RFC5280] = "rfc5280",
                                         [HF_PROFILE_WEB] = "web" };

    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
        if (strcmp(name, names[i]) == 0) {
            *profile = i;
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_crypto crypto = { 0 };
    int profile = BY_NAMESPACE;
    bool ok;

    if (argc != 1 && (argc != 3 || strcmp(argv[1], "--profile") != 0 ||
                      !read_profile(argv[2], &profile))) {
        fputs("handfast-limbo [--profile practice|rfc5280|web] "
              "< testcases, one as JSON on each line\n",
              stderr);
        return 2;
    }
    if (!hf_crypto_open(&crypto, &hf_libcrypto, &error)) {
        fprintf(stderr, "%s: %s\n", hf_error_name(error.code), error.detail);
        return 2;
    }
    ok = answer_all(&crypto, profile);
    hf_crypto_close(&crypto);
    return ok ? 0 : 1;
}
