/* fuzz_cert.c - certificates, trust stores and chains.
 *
 * The first byte picks what the others are: a certificate, a PEM text, a name,
 * or a chain in which each certificate comes behind three bytes: whether it is
 * sent, trusted or both, and its length.  Then:
 *
 *   a name in a certificate stands for what RFC 9525 says, said twice;
 *   what was read lies within the bytes, and all of it can be told in
 *   printable text that ends;
 *   a verification ends within its budget, with a proof or with a reason;
 *   a proof is a path from the first that was sent to one that is trusted,
 *   each issued by the next, every signature verified, none of them expired;
 *   the tree of tried paths is a tree;
 *   signatures that were remembered change no verdict. */
#define HF_UNPOISONED
#include "fuzz.h"
#include "x509/x509.h"

#include <string.h>
#include <strings.h>

enum { ONE, PEM, NAME, CHAIN, KINDS };
enum { SENT_MAX = 40, NOW = 1800000000 };

/* ---- a provider that finds signatures good if they begin with an even byte ------------ */

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    MUST(how->key == key->kind && message.len > 0);
    ++*(uint32_t *)self;
    *fault = false;
    return signature.len && !(signature.at[0] & 1);
}

#define ROW(kind, pad, sum)                                             \
    {                                                                   \
        .name = "mild", .key = (kind), .padding = (pad), .hash = (sum), \
        .verify = verify                                                \
    }
static const struct hf_signature rows[] = {
    ROW(HF_KEY_P256, HF_PADDING_NONE, HF_SHA256),
    ROW(HF_KEY_P384, HF_PADDING_NONE, HF_SHA384),
    ROW(HF_KEY_RSA, HF_PADDING_PKCS1, HF_SHA256),
    ROW(HF_KEY_RSA, HF_PADDING_PSS, HF_SHA256),
    ROW(HF_KEY_ED25519, HF_PADDING_NONE, HF_HASH_NONE),
};
static const struct hf_signature *const signatures[] = { &rows[0], &rows[1],
                                                         &rows[2], &rows[3],
                                                         &rows[4], NULL };
static const struct hf_provider provider = { .name = "mild",
                                             .signatures = signatures };

/* The same with libcrypto's SHA-256, for what is remembered. */
static struct {
    struct hf_crypto real;
    struct hf_hash hash;
    const struct hf_hash *hashes[2];
    struct hf_provider provider;
    struct hf_known *known;
} mindful;

static bool start(void *self, struct hf_hash_state *state)
{
    (void)self;
    return hf_hash_by_id(&mindful.real, HF_SHA256)
        ->start(mindful.real.self, state);
}

static void make_mindful(void)
{
    struct hf_error error = { .code = HF_OK };

    if (mindful.known)
        return;
    MUST(hf_crypto_open(&mindful.real, &hf_libcrypto, &error));
    mindful.hash = *hf_hash_by_id(&mindful.real, HF_SHA256);
    mindful.hash.start = start;
    mindful.hashes[0] = &mindful.hash;
    mindful.provider = provider;
    mindful.provider.hashes = mindful.hashes;
    mindful.known = hf_known_new(16, true);
    MUST(mindful.known);
}

/* ---- one certificate ------------------------------------------------------------------ */

static void is_within(struct hf_span part, struct hf_span all)
{
    if (part.at)
        MUST(part.at >= all.at && part.len <= all.len &&
             (size_t)(part.at - all.at) <= all.len - part.len);
    else
        MUST(!part.len);
}

/* It ends, and no byte of it could do harm. */
static void is_printable(const char *text, size_t cap)
{
    MUST(strnlen(text, cap) < cap);
    for (const char *p = text; *p; p++)
        MUST((uint8_t)*p >= ' ' && *p != 0x7f);
}

static void tell(const struct hf_cert *c)
{
    char text[160];
    struct hf_san san;
    struct hf_der names = hf_san_begin(c);
    struct hf_span url;

    for (size_t cap = 1; cap <= sizeof(text); cap = cap * 2 + 1) {
        memset(text, 0x7f, sizeof(text));
        hf_name_text(c->subject, text, cap);
        is_printable(text, cap);
        hf_name_short(c->issuer, text, cap);
        is_printable(text, cap);
    }
    for (size_t i = 0; hf_san_next(&names, &san) && i < 50; i++) {
        struct hf_san again;

        MUST(hf_cert_san(c, i, &again) &&
             hf_span_equal(san.value, again.value));
        is_within(san.value, c->san);
        hf_san_text(&san, text, sizeof(text));
        is_printable(text, sizeof(text));
    }
    hf_key_text(&c->key, text, sizeof(text));
    is_printable(text, sizeof(text));
    hf_algorithm_text(c->algorithm, text, sizeof(text));
    is_printable(text, sizeof(text));
    if (hf_cert_aia(c, &url))
        is_within(url, c->aia);
}

static void check_cert(const struct hf_cert *c)
{
    const struct hf_span parts[] = {
        c->tbs,       c->serial,      c->issuer,       c->subject,
        c->spki,      c->san,         c->skid,         c->akid,
        c->aia,       c->policies,    c->eku,          c->crl_dp,
        c->sct,       c->critical,    c->algorithm,    c->signature,
        c->key.point, c->key.modulus, c->key.exponent, c->name_constraints
    };

    for (size_t i = 0; i < HF_COUNT(parts); i++)
        is_within(parts[i], c->der);
    is_within(hf_cert_skid(c), c->der);
    is_within(hf_cert_akid(c), c->der);
    MUST(!(c->flags & HF_CERT_CA) || c->flags & HF_CERT_BASIC);
    MUST(!(c->flags & HF_CERT_CRITICAL) == !c->critical.len);
    MUST(c->issuer.len > 2 && c->serial.len && c->serial.len <= 21);
    MUST(hf_der_is_sound(c->issuer) && hf_der_is_sound(c->subject));
    MUST(hf_der_is_sound(c->spki) && hf_der_is_sound(c->algorithm));
    MUST((c->key.kind == HF_KEY_NONE) == !c->key.bits);
    tell(c);
}

static struct hf_cert *read_cert(struct hf_span bytes)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_cert *cert = hf_cert_new(bytes, &error);

    if (cert) {
        MUST(hf_span_equal(cert->der, bytes) && !error.code);
        check_cert(cert);
    } else {
        MUST(error.code == HF_E_CERT_DER || error.code == HF_E_CERT_VERSION);
        MUST(error.byte <= bytes.len);
        is_printable(error.detail, sizeof(error.detail));
    }
    return cert;
}

/* ---- a store and a name ------------------------------------------------------------------ */

static void check_pem(struct hf_span text)
{
    struct hf_store *store = hf_store_new();
    struct hf_error error = { .code = HF_OK };
    size_t added;
    bool ok = hf_store_add_pem(store, text, false, NULL, NULL, &added, &error);

    MUST(ok == !error.code);
    MUST(hf_store_count(store) == (ok ? added : 0));
    for (size_t i = 0; i < hf_store_count(store); i++) {
        struct hf_cert *cert = hf_store_at(store, i);

        if (cert)
            check_cert(cert);
        hf_cert_free(cert);
    }
    is_printable(error.detail, sizeof(error.detail));
    hf_store_free(store);
}

static bool same_letters(struct hf_span a, struct hf_span b)
{
    return a.len == b.len &&
           !strncasecmp((const char *)a.at, (const char *)b.at, a.len) &&
           !memchr(a.at, 0, a.len);
}

/* RFC 9525 6.3, in other words: the name itself, or what is behind its first
 * dot, if there is another dot in that. */
static bool should_cover(struct hf_span pattern, const char *dns)
{
    const char *rest = strchr(dns, '.');

    if (same_letters(pattern, hf_span_text(dns)))
        return true;
    return rest && rest > dns && strchr(rest + 1, '.') && pattern.len > 2 &&
           !memcmp(pattern.at, "*.", 2) &&
           same_letters(hf_span_after(pattern, 2), hf_span_text(rest + 1));
}

/* A name; behind a new line, one that a certificate may have. */
static void check_name(struct hf_span bytes)
{
    struct hf_peer_name name;
    char text[300], again[300];
    struct hf_san san = { HF_SAN_IP, hf_span(name.ip, 0) };
    const uint8_t *line = bytes.len ? memchr(bytes.at, '\n', bytes.len) : NULL;
    struct hf_span pattern = { NULL, 0 };

    if (line) {
        pattern = hf_span_after(bytes, (size_t)(line - bytes.at) + 1);
        bytes.len = (size_t)(line - bytes.at);
    }
    if (bytes.len >= sizeof(text))
        return;
    memcpy(text, bytes.at, bytes.len);
    text[bytes.len] = '\0';
    if (!hf_peer_name_read(text, &name))
        return;
    if (name.is_ip) { /* what is told of it is read as the same */
        struct hf_peer_name twin;

        san.value.len = name.ip_len;
        hf_san_text(&san, again, sizeof(again));
        MUST(hf_peer_name_read(again + 3, &twin));
        MUST(memcmp(&twin, &name, sizeof(name)) == 0);
        return;
    }
    MUST(strlen(name.dns) > 0 && strlen(name.dns) <= 253);
    MUST(hf_dns_covers(hf_span_text(name.dns), hf_span_text(name.dns)));
    if (pattern.len)
        MUST(hf_dns_covers(pattern, hf_span_text(name.dns)) ==
             should_cover(pattern, name.dns));
}

/* ---- a chain ---------------------------------------------------------------------------------- */

static void check_tree(const struct hf_tried_tree *tree)
{
    MUST(tree->count <= HF_TRIED_MAX);
    for (size_t i = 0; i < tree->count; i++) {
        const struct hf_tried *t = &tree->at[i];

        MUST(t->cert && t->depth < HF_PATH_MAX + 1);
        MUST(t->parent < (int)i &&
             (t->parent >= 0 || t->depth == 0 || tree->lost));
        if (t->parent >= 0)
            MUST(tree->at[t->parent].depth + 1 == t->depth);
        is_printable(t->detail, sizeof(t->detail));
        MUST(!t->code == !t->detail[0]);
    }
}

static void check_proof(const struct hf_verified *proof,
                        const struct hf_verify *v)
{
    MUST(proof->token == HF_VERIFIED_TOKEN);
    MUST(proof->depth > 0 && proof->depth <= HF_PATH_MAX);
    MUST(proof->path[0] == v->chain[0]);
    for (size_t i = 0; i < proof->depth; i++) {
        const struct hf_cert *c = proof->path[i];

        MUST(c->not_before <= v->now && v->now <= c->not_after);
        MUST(!(c->flags & HF_CERT_CRITICAL) && c->key.kind);
        if (i + 1 == proof->depth)
            break;
        MUST(hf_span_equal(c->issuer, proof->path[i + 1]->subject));
        MUST(proof->path[i + 1]->flags & HF_CERT_CA);
        MUST(c->signature.len && !(c->signature.at[0] & 1));
    }
}

static void watch(void *ctx, const struct hf_event *e)
{
    (void)ctx;
    MUST(e->ok == !e->error && e->verdict[0]);
    is_printable(e->subject, 1000);
    is_printable(e->inputs, 1000);
    is_printable(e->verdict, 1000);
    is_printable(e->instead, 1000);
}

static unsigned ask(const struct hf_verify *v, const uint32_t *calls)
{
    struct hf_verified proof;
    struct hf_error error = { .code = HF_OK };
    bool ok = hf_verify_chain(v, &proof, &error);

    MUST(ok == !error.code && ok == (proof.token == HF_VERIFIED_TOKEN));
    MUST(*calls <= v->budget->signatures);
    if (ok)
        check_proof(&proof, v);
    is_printable(error.detail, sizeof(error.detail));
    MUST(error.code != HF_E_BUG);
    if (v->tree) {
        check_tree(v->tree);
        MUST(v->known ? v->tree->spent.signatures >= *calls
                      : v->tree->spent.signatures == *calls);
        hf_tried_wipe(v->tree);
    }
    hf_verified_wipe(&proof);
    return error.code;
}

/* The same question, and neither who watches nor what is remembered, of this
 * and of all chains before, makes a difference to the verdict. */
static void check_chain(struct hf_cert *const *sent, size_t count,
                        const struct hf_store *store, uint8_t flags)
{
    static const struct hf_verify_budget budget = { 20, 500, 500 };
    static const struct hf_policies_asked needed = { .needed = true };
    static struct hf_tried_tree tree;
    struct hf_peer_name name;
    uint32_t calls = 0;
    unsigned code;
    struct hf_crypto crypto = { &provider, &calls };
    struct hf_verify v = { .crypto = &crypto,
                           .store = store,
                           .chain = sent,
                           .count = count,
                           .purpose = (enum hf_purpose)(flags % 3),
                           .profile = flags >> 2 & 3,
                           .now = NOW,
                           .budget = &budget };

    MUST(hf_peer_name_read("example.com", &name));
    if (flags & 0x10)
        v.name = &name;
    if (flags & 0x20) {
        code = ask(&v, &calls);
        calls = 0;
        v.policies = &needed;
        MUST(!code || ask(&v, &calls)); /* who asks for more gets no more */
        calls = 0;
    }
    code = ask(&v, &calls);
    calls = 0;
    v.tree = &tree;
    v.watch = watch;
    MUST(ask(&v, &calls) == code);
    make_mindful();
    crypto.provider = &mindful.provider;
    v.known = mindful.known;
    for (unsigned i = 0; i < 2; i++) {
        calls = 0;
        MUST(ask(&v, &calls) == code);
    }
}

static void read_chain(struct hf_span in)
{
    struct hf_cert *sent[SENT_MAX] = { 0 };
    struct hf_store *store = hf_store_new();
    struct hf_error error = { .code = HF_OK };
    uint8_t flags = in.len ? in.at[0] : 0;
    size_t count = 0;

    in = hf_span_after(in, in.len ? 1 : 0);
    while (in.len >= 3 && count < SENT_MAX) {
        uint8_t what = in.at[0];
        size_t len = hf_number(in.at + 1, 2);
        struct hf_cert *cert;

        in = hf_span_after(in, 3);
        len = len < in.len ? len : in.len;
        cert = read_cert(hf_span_first(in, len));
        in = hf_span_after(in, len);
        if (cert && what & 2)
            MUST(hf_store_add_der(store, cert->der, &error));
        if (what & 1 || count == 0)
            sent[count++] = cert;
        else
            hf_cert_free(cert);
    }
    if (count && sent[0])
        check_chain(sent, count, store, flags);
    while (count)
        hf_cert_free(sent[--count]);
    hf_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_span in = hf_span(data, size);

    if (!size)
        return 0;
    in = hf_span_after(in, 1);
    switch (data[0] % KINDS) {
    case ONE: hf_cert_free(read_cert(in)); break;
    case PEM: check_pem(in); break;
    case NAME: check_name(in); break;
    default: read_chain(in);
    }
    return 0;
}
