/* negotiate.c - pure decisions: of what both sides can do, what is done.
 *
 * Each function looks at the peer's list and at ours and returns a choice; no
 * state, no messages, no failure.  Lists of the peer are the checked bytes of
 * 16-bit numbers, as the codec lends them. */
#include "handshake/handshake.h"

bool hf_numbers_have(const struct hf_numbers *list, unsigned number)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] == number)
            return true;
    return false;
}

struct hf_span hf_numbers_write(const struct hf_numbers *list, uint8_t *room)
{
    for (size_t i = 0; i < list->count; i++)
        hf_store_number(room + 2 * i, list->at[i], 2);
    return hf_span(room, 2 * list->count);
}

bool hf_listed(struct hf_span list16, unsigned number)
{
    return hf_wire_lists(list16, 2, number);
}

void hf_numbers_read(struct hf_numbers *out, struct hf_span list16,
                     const struct hf_numbers *ours)
{
    uint32_t number;

    out->count = 0;
    while (out->count < HF_LIST_MAX && hf_wire_next_number(2, &list16, &number))
        if (hf_numbers_have(ours, number) && !hf_numbers_have(out, number))
            out->at[out->count++] = (uint16_t)number;
}

/* Does the client, by its own order, want ChaCha20 before AES?  Then it has
 * no hardware for AES, and its wish is cheap to follow. */
static bool wants_chacha(struct hf_span offered, unsigned version)
{
    uint32_t number;

    while (hf_wire_next_number(2, &offered, &number)) {
        const struct hf_suite *suite = hf_suite_by_number(number);

        if (suite && suite->version == version)
            return suite->aead == HF_CHACHA20_POLY1305;
    }
    return false;
}

const struct hf_suite *hf_negotiate_suite(const struct hf_settings *s,
                                          struct hf_span offered,
                                          unsigned version, unsigned hashes)
{
    const struct hf_suite *first = NULL;
    bool chacha = wants_chacha(offered, version);

    for (size_t i = 0; i < s->suites.count; i++) {
        const struct hf_suite *suite = hf_suite_by_number(s->suites.at[i]);

        if (!suite || suite->version != version ||
            !hf_listed(offered, suite->number) || !(hashes >> suite->hash & 1))
            continue;
        if (!first)
            first = suite;
        if (chacha && suite->aead == HF_CHACHA20_POLY1305)
            return suite;
    }
    return first;
}

static bool has_share(struct hf_span shares, unsigned group)
{
    struct hf_key_share_entry entry;

    while (hf_wire_next(hf_key_share_entry, &shares, &entry))
        if (entry.group == group)
            return true;
    return false;
}

/* Our order, but a group with a share goes before one that would cost a round
 * trip (RFC 8446 4.1.1 leaves it to the server). */
unsigned hf_negotiate_group(const struct hf_settings *s, struct hf_span groups,
                            struct hf_span shares, bool *retry)
{
    unsigned first = 0;

    *retry = false;
    for (size_t i = 0; i < s->groups.count; i++) {
        unsigned group = s->groups.at[i];

        if (!hf_listed(groups, group))
            continue;
        if (has_share(shares, group))
            return group;
        if (!first)
            first = group;
    }
    *retry = first != 0;
    return first;
}

/* Lists as in ALPN: names behind their lengths.  Ours decides the order. */
struct hf_span hf_negotiate_protocol(struct hf_span ours, struct hf_span theirs)
{
    struct hf_protocol_name mine, other;

    while (hf_wire_next(hf_protocol_name, &ours, &mine)) {
        struct hf_span list = theirs;

        while (hf_wire_next(hf_protocol_name, &list, &other))
            if (hf_span_equal(mine.name, other.name))
                return mine.name;
    }
    return hf_span(NULL, 0);
}

/* May a signature of this kind stand in a TLS 1.3 handshake?  PKCS#1 v1.5 is
 * for certificates only (RFC 8446 4.2.3). */
static bool fits(const struct hf_signature *how,
                 const struct hf_public_key *key)
{
    return how && how->scheme && how->padding != HF_PADDING_PKCS1 &&
           how->key == key->kind &&
           (!key->pss_hash || key->pss_hash == how->hash);
}

bool hf_kind_is_ec(unsigned kind)
{
    return kind == HF_KEY_P256 || kind == HF_KEY_P384 || kind == HF_KEY_P521;
}

const struct hf_signature *hf_negotiate_signature(
    const struct hf_settings *s, const struct hf_numbers *theirs,
    const struct hf_public_key *key)
{
    for (size_t i = 0; i < theirs->count; i++) {
        const struct hf_signature *how = hf_signature_by_scheme(&s->crypto,
                                                                theirs->at[i]);

        if (fits(how, key))
            return how;
    }
    return NULL;
}

static bool is_named(const struct hf_keypair *pair, struct hf_span name)
{
    struct hf_peer_name wanted;
    char text[256];

    if (name.len >= sizeof(text))
        return false;
    hf_copy(text, name.at, name.len);
    text[name.len] = '\0';
    return hf_peer_name_read(text, &wanted) &&
           hf_cert_names(pair->chain[0], &wanted);
}

bool hf_keypair_signs(const struct hf_settings *s,
                      const struct hf_keypair *pair)
{
    return pair->key || s->questions & HF_ASK_SIGN;
}

/* ---- which certificate (RFC 8446 4.4.2.2 and 4.4.2.3) --------------------------- */

/* Does a key of @kind make signatures of the scheme that @how is?  One of ECDSA
 * names a curve in TLS 1.3 only (RFC 8446 4.2.3). */
static bool made_by(const struct hf_signature *how, unsigned kind, bool tls12)
{
    return how->key == kind ||
           (tls12 && hf_kind_is_ec(how->key) && hf_kind_is_ec(kind));
}

/* Is the signature on certificate @i of a listed scheme?  It is its issuer's,
 * whose key is known if the next one is sent along. */
static bool can_be_checked(const struct hf_settings *s,
                           const struct hf_keypair *pair, size_t i,
                           const struct hf_wanted *wanted)
{
    const struct hf_numbers *schemes = wanted->cert_schemes;
    unsigned kind = hf_algorithm_kind(pair->chain[i]->algorithm);
    uint8_t padding, hash;

    if (!hf_algorithm_parts(pair->chain[i]->algorithm, &padding, &hash))
        return false;
    for (size_t n = 0; n < schemes->count; n++) {
        const struct hf_signature *how = hf_signature_by_scheme(&s->crypto,
                                                                schemes->at[n]);

        if (how && how->padding == padding && how->hash == hash &&
            (!kind || how->key == kind) &&
            (i + 1 == pair->count ||
             made_by(how, pair->chain[i + 1]->key.kind, wanted->tls12)))
            return true;
    }
    return false;
}

/* "All certificates provided by the server MUST be signed by a signature
 * algorithm advertised by the client if it is able to provide such a chain";
 * one that is signed by itself may be signed with any.  (RFC 5246 7.4.2 says
 * MUST without the "if"; but then it is better to send one, as everybody does,
 * than to fail: a client may know these certificates.) */
static bool chain_fits(const struct hf_settings *s,
                       const struct hf_keypair *pair,
                       const struct hf_wanted *wanted)
{
    for (size_t i = 0; i < pair->count; i++)
        if (!(pair->chain[i]->flags & HF_CERT_SELF_ISSUED) &&
            !can_be_checked(s, pair, i, wanted))
            return false;
    return true;
}

/* "at least one of the certificates in the certificate chain SHOULD be issued
 * by one of the listed CAs" */
static bool is_issued_by(const struct hf_keypair *pair,
                         struct hf_span authorities, size_t *budget)
{
    struct hf_distinguished_name ca;

    if (!authorities.len)
        return true;
    while (*budget && hf_wire_next(hf_distinguished_name, &authorities, &ca)) {
        --*budget;
        for (size_t i = 0; i < pair->count; i++)
            if (hf_span_equal(pair->chain[i]->issuer, ca.name))
                return true;
    }
    return false;
}

unsigned hf_keypair_fit(const struct hf_settings *s,
                        const struct hf_keypair *pair,
                        const struct hf_wanted *wanted, size_t *budget)
{
    const struct hf_cert *leaf = pair->chain[0];
    unsigned fit = 0;

    if (!wanted->name.len || is_named(pair, wanted->name))
        fit |= HF_FIT_NAME;
    /* "the digitalSignature bit MUST be set if the Key Usage extension is
     * present" */
    if (!(leaf->flags & HF_CERT_KEY_USAGE) ||
        leaf->usage & HF_USE_DIGITAL_SIGNATURE)
        fit |= HF_FIT_KEY_USAGE;
    if (chain_fits(s, pair, wanted))
        fit |= HF_FIT_CHAIN;
    if (is_issued_by(pair, wanted->authorities, budget))
        fit |= HF_FIT_ISSUER;
    return fit;
}

bool hf_negotiate_keypair(const struct hf_settings *s,
                          const struct hf_wanted *wanted, struct hf_chosen *out)
{
    size_t budget = HF_AUTHORITIES_LOOKED_AT;

    *out = (struct hf_chosen){ .pair = NULL };
    for (size_t i = 0; i < s->keypair_count && out->fit != HF_FIT_ALL; i++) {
        const struct hf_keypair *pair = &s->keypairs[i];
        const struct hf_signature *how = hf_negotiate_signature(
            s, wanted->schemes, &pair->chain[0]->key);
        unsigned fit = hf_keypair_fit(s, pair, wanted, &budget);

        out->name_known |= wanted->name.len && fit & HF_FIT_NAME;
        if (!how || !hf_keypair_signs(s, pair) ||
            (s->strict_names && !(fit & HF_FIT_NAME)) ||
            (out->pair && fit <= out->fit))
            continue;
        out->pair = pair;
        out->how = how;
        out->fit = fit;
    }
    return out->pair != NULL;
}
