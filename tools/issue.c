/* issue.c - making certificates: keys, orders, signatures, and what is wrong
 * on purpose.
 *
 *     order -> draft() -> what this kind of certificate says -> finish()
 *
 * A fault is made in one of three places: in what the order says (dates,
 * names, key), in who issues (an authority of its own, made bad), or in the
 * finished certificate (a flipped bit, another key). */
#include "issue_parts.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOUR = 3600, DAY = 24 * HOUR, LEAF_DAYS = 397, ROOT_DAYS = 3653 };

/* ---- keys ------------------------------------------------------------------- */

bool issue_key_by_name(const char *name, enum issue_key *out)
{
    static const struct {
        const char *name;
        enum issue_key key;
    } names[] = {
        { "p256", ISSUE_P256 },       { "P-256", ISSUE_P256 },
        { "prime256v1", ISSUE_P256 }, { "secp256r1", ISSUE_P256 },
        { "ecdsa", ISSUE_P256 },      { "ec", ISSUE_P256 },
        { "p384", ISSUE_P384 },       { "P-384", ISSUE_P384 },
        { "secp384r1", ISSUE_P384 },  { "ed25519", ISSUE_ED25519 },
        { "Ed25519", ISSUE_ED25519 }, { "rsa", ISSUE_RSA2048 },
        { "rsa2048", ISSUE_RSA2048 }, { "rsa:2048", ISSUE_RSA2048 },
        { "rsa3072", ISSUE_RSA3072 }, { "rsa:3072", ISSUE_RSA3072 },
        { "rsa4096", ISSUE_RSA4096 }, { "rsa:4096", ISSUE_RSA4096 },
    };

    for (size_t i = 0; i < HF_COUNT(names); i++) {
        if (strcmp(names[i].name, name) == 0) {
            *out = names[i].key;
            return true;
        }
    }
    return false;
}

static EVP_PKEY *make_key(enum issue_key kind, enum issue_broken broken)
{
    if (broken == ISSUE_WEAK_KEY)
        return EVP_RSA_gen(1024);
    if (broken == ISSUE_ODD_KEY)
        return EVP_EC_gen("secp256k1");
    switch (kind) {
    case ISSUE_P384: return EVP_EC_gen("P-384");
    case ISSUE_ED25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case ISSUE_RSA2048: return EVP_RSA_gen(2048);
    case ISSUE_RSA3072: return EVP_RSA_gen(3072);
    case ISSUE_RSA4096: return EVP_RSA_gen(4096);
    case ISSUE_P256:
    case ISSUE_KEYS: break;
    }
    return EVP_EC_gen("P-256");
}

const EVP_MD *issue_hash(EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "ED25519"))
        return NULL;
    return EVP_PKEY_get_bits(key) == 384 ? EVP_sha384() : EVP_sha256();
}

/* ---- drafts ------------------------------------------------------------------- */

bool issue_crypto_failed(struct hf_error *error, const char *what)
{
    char reason[160];

    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
    ERR_clear_error();
    return hf_fail(error, HF_E_CRYPTO, "%s: %s", what, reason);
}

/* RFC 5280 4.1.2.2: positive, at most 20 octets; here always 20, of which 158
 * bits are random. */
static bool set_serial(X509 *cert, enum issue_broken broken)
{
    uint8_t bytes[20];
    BIGNUM *number = NULL;
    bool good = false;

    if (broken == ISSUE_ZERO_SERIAL)
        return ASN1_INTEGER_set(X509_get_serialNumber(cert), 0) == 1;
    if (RAND_bytes(bytes, (int)sizeof(bytes)) == 1) {
        bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40);
        number = BN_bin2bn(bytes, (int)sizeof(bytes), NULL);
    }
    if (number)
        good = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return good;
}

static bool set_common_name(X509 *cert, const char *text)
{
    X509_NAME *name = X509_get_subject_name(cert);
    size_t len = strlen(text);

    /* RFC 5280 A.1: ub-common-name is 64; a longer one is left to the SAN. */
    if (len > 64)
        return true;
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)text, (int)len, -1,
                                      0) == 1;
}

static bool set_dates(X509 *cert, int64_t from, int64_t until)
{
    return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)from) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)until);
}

int64_t issue_seconds(const ASN1_TIME *time)
{
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);

    if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch, time) != 1)
        days = seconds = 0;
    ASN1_TIME_free(epoch);
    return (int64_t)days * DAY + seconds;
}

static int64_t now_of(const struct issue_order *order)
{
    return order->now ? order->now : (int64_t)time(NULL);
}

/* The dates of an order, those of a fault if there is one, and never past the
 * issuer's own end: a certificate that outlives its issuer promises what
 * cannot be kept. */
static bool choose_dates(X509 *cert, const struct issued *issuer,
                         const struct issue_order *order, int64_t days,
                         struct hf_error *error)
{
    int64_t now = now_of(order);
    int64_t from = order->not_before ? order->not_before : now - HOUR;
    int64_t until = order->not_after ? order->not_after : now + days * DAY;

    if (order->broken == ISSUE_EXPIRED) {
        until = now - DAY;
        from = until - 90 * DAY;
    } else if (order->broken == ISSUE_NOT_YET) {
        from = now + DAY;
        until = from + 90 * DAY;
    } else if (issuer) {
        int64_t end = issue_seconds(X509_get0_notAfter(issuer->cert));

        until = until > end ? end : until;
    }
    if (from >= until)
        return hf_fail(error, HF_E_BAD_OPTION,
                       "it would end on %t, before it begins on %t", until,
                       from);
    return set_dates(cert, from, until) || issue_crypto_failed(error, "dates");
}

/* A certificate with its key, serial, dates and names, not yet signed. */
static struct issued *draft(const struct issued *issuer,
                            const struct issue_order *order, int64_t days,
                            struct hf_error *error)
{
    struct issued *it = calloc(1, sizeof(*it));
    const char *name = order->common_name;

    if (!name)
        name = order->count ? order->names[0] : "handfast";
    if (it) {
        it->key = make_key(order->key, order->broken);
        it->cert = X509_new();
        it->above = sk_X509_new_null();
    }
    if (!it || !it->key || !it->cert || !it->above) {
        issue_crypto_failed(error, "no key could be made");
        issued_free(it);
        return NULL;
    }
    if (!X509_set_version(it->cert, order->broken == ISSUE_VERSION ? 0 : 2) ||
        !set_serial(it->cert, order->broken) ||
        !set_common_name(it->cert, name) ||
        !X509_set_pubkey(it->cert, it->key)) {
        issue_crypto_failed(error, "no certificate could be made");
        issued_free(it);
        return NULL;
    }
    if (!choose_dates(it->cert, issuer, order, days, error)) {
        issued_free(it);
        return NULL;
    }
    return it;
}

/* Put the issuer's name under it and sign.  The issuer is @it for a root. */
static bool sign(struct issued *it, const struct issued *issuer,
                 enum issue_broken broken, struct hf_error *error)
{
    const EVP_MD *hash = issue_hash(issuer->key);

    if (broken == ISSUE_SHA1 && !hash)
        return hf_fail(error, HF_E_BAD_OPTION,
                       "an Ed25519 authority cannot sign with SHA-1");
    if (broken == ISSUE_SHA1)
        hash = EVP_sha1();
    if (X509_set_issuer_name(it->cert, X509_get_subject_name(issuer->cert)) ==
            1 &&
        X509_sign(it->cert, issuer->key, hash) > 0)
        return true;
    return issue_crypto_failed(error, "the certificate could not be signed");
}

/* What is sent along: the issuer, unless it is the root, and what is above. */
static bool inherit_chain(struct issued *it, const struct issued *issuer)
{
    if (!issued_is_root(issuer) &&
        (!X509_up_ref(issuer->cert) || !sk_X509_push(it->above, issuer->cert)))
        return false;
    for (int i = 0; i < sk_X509_num(issuer->above); i++) {
        X509 *cert = sk_X509_value(issuer->above, i);

        if (!X509_up_ref(cert) || !sk_X509_push(it->above, cert))
            return false;
    }
    return true;
}

/* ---- authorities ---------------------------------------------------------------- */

static struct issued *give_up(struct issued *it, struct hf_error *error)
{
    if (!error->code)
        issue_crypto_failed(error, "no certificate could be made");
    issued_free(it);
    return NULL;
}

struct issued *issue_root(const struct issue_order *order,
                          struct hf_error *error)
{
    struct issued *it = draft(NULL, order, ROOT_DAYS, error);

    if (!it)
        return NULL;
    if (!issue_add_basic(it->cert, true, -1) ||
        !issue_add_ca_usage(it->cert, true, false) ||
        !issue_add_limits(it->cert, order, error) ||
        !issue_add_key_ids(it->cert, it->cert) ||
        !sign(it, it, ISSUE_SOUND, error))
        return give_up(it, error);
    return it;
}

static bool copy_limits(X509 *cert, X509 *issuer)
{
    int at = X509_get_ext_by_NID(issuer, NID_name_constraints, -1);

    return at < 0 || X509_add_ext(cert, X509_get_ext(issuer, at), -1) == 1;
}

static struct issued *intermediate(const struct issued *issuer,
                                   const struct issue_order *order,
                                   const struct issue_bent *bent,
                                   struct hf_error *error)
{
    struct issued *it = draft(issuer, order, ROOT_DAYS, error);
    struct issue_order only = { .names = &bent->only, .count = 1 };
    bool good;

    if (!it)
        return NULL;
    good = issue_add_basic(it->cert, bent->ca, bent->path_len) &&
           issue_add_ca_usage(it->cert, !bent->no_sign, bent->mail_only) &&
           (bent->only ? issue_add_limits(it->cert, &only, error)
                       : copy_limits(it->cert, issuer->cert)) &&
           issue_add_key_ids(it->cert, issuer->cert) &&
           inherit_chain(it, issuer) && sign(it, issuer, ISSUE_SOUND, error);
    return good ? it : give_up(it, error);
}

struct issued *issue_intermediate(const struct issued *issuer,
                                  const struct issue_order *order,
                                  struct hf_error *error)
{
    return intermediate(issuer, order, &issue_straight, error);
}

/* ---- leaves ------------------------------------------------------------------------ */

static bool names_are_good(const struct issued *issuer,
                           const struct issue_order *order,
                           struct hf_error *error)
{
    char limits[200];
    const char *outside;

    if (!order->count)
        return hf_fail(error, HF_E_BAD_OPTION,
                       "a certificate needs a name, such as localhost");
    for (size_t i = 0; i < order->count; i++) {
        struct hf_span name = hf_span_text(order->names[i]);
        const char *fault = issue_name_fault(order->names[i], order->use);

        if (fault)
            return hf_fail(error, HF_E_BAD_OPTION, "%q: %s", &name, fault);
    }
    outside = issue_outside(issuer, order);
    if (!outside || order->broken != ISSUE_SOUND)
        return true;
    issued_limits(issuer, limits, sizeof(limits));
    return hf_fail(error, HF_E_NAME_CONSTRAINT,
                   "%s: this authority may only certify %s", outside, limits);
}

static struct issued *forgotten_root(int64_t now, struct hf_error *error)
{
    struct issue_order order = { .common_name = "forgotten authority",
                                 .now = now,
                                 .any_name = true };

    return issue_root(&order, error);
}

/* The authority that a fault is made with; NULL with no error if it is the
 * issuer itself. */
static struct issued *bent_issuer(const struct issued *issuer,
                                  const struct issue_order *order,
                                  struct hf_error *error)
{
    const struct issue_bent *bent = issue_bent_of(order->broken);
    struct issue_order middle = { .common_name = bent->name,
                                  .now = order->now,
                                  .broken = bent->expired ? ISSUE_EXPIRED
                                                          : ISSUE_SOUND };
    struct issued *one, *two;

    if (order->broken == ISSUE_STRANGER)
        return forgotten_root(order->now, error);
    if (!bent->name)
        return NULL;
    one = intermediate(issuer, &middle, bent, error);
    if (!one || order->broken != ISSUE_PATH_LENGTH)
        return one;
    middle.common_name = "handfast: one authority too many";
    two = intermediate(one, &middle, &issue_straight, error);
    issued_free(one);
    return two;
}

static bool swap_key(struct issued *it, enum issue_key kind)
{
    EVP_PKEY *other = make_key(kind, ISSUE_SOUND);

    if (!other)
        return false;
    EVP_PKEY_free(it->key);
    it->key = other;
    return true;
}

static bool fill_leaf(struct issued *it, const struct issued *issuer,
                      const struct issue_order *order, struct hf_error *error)
{
    if (order->broken != ISSUE_VERSION &&
        (!issue_add_basic(it->cert, false, -1) ||
         !issue_add_usage(it->cert, order) ||
         !issue_add_names(it->cert, order) ||
         !issue_add_key_ids(it->cert, issuer->cert)))
        return issue_crypto_failed(error, "no certificate could be made");
    if ((order->broken == ISSUE_CRITICAL && !issue_add_stranger(it->cert)) ||
        (order->broken == ISSUE_NO_CHAIN && !issue_add_issuer_url(it->cert)) ||
        (order->broken == ISSUE_TWICE && !issue_add_twice(it->cert)))
        return issue_crypto_failed(error, "no certificate could be made");
    if (issuer != it && !inherit_chain(it, issuer))
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    if (!sign(it, issuer, order->broken, error))
        return false;
    it->keep_chain_back = order->broken == ISSUE_NO_CHAIN;
    if ((order->broken == ISSUE_SIGNATURE && !issue_flip_signature(it)) ||
        (order->broken == ISSUE_WRONG_KEY && !swap_key(it, order->key)))
        return issue_crypto_failed(error, "no certificate could be made");
    return true;
}

struct issued *issue(const struct issued *issuer,
                     const struct issue_order *order, struct hf_error *error)
{
    const struct issued *by = issuer;
    struct issued *it = NULL, *bent = NULL;

    if (!names_are_good(issuer, order, error))
        return NULL;
    bent = bent_issuer(issuer, order, error);
    if (error->code) {
        issued_free(bent);
        return NULL;
    }
    if (bent)
        by = bent;
    it = draft(issuer, order, LEAF_DAYS, error);
    if (order->broken == ISSUE_SELF_SIGNED)
        by = it;
    if (it && !fill_leaf(it, by, order, error)) {
        issued_free(it);
        it = NULL;
    }
    issued_free(bent);
    return it;
}

void issued_free(struct issued *it)
{
    if (!it)
        return;
    X509_free(it->cert);
    EVP_PKEY_free(it->key);
    sk_X509_pop_free(it->above, X509_free);
    free(it);
}

int64_t issued_not_after(const struct issued *it)
{
    return issue_seconds(X509_get0_notAfter(it->cert));
}

bool issued_is_root(const struct issued *it)
{
    return X509_self_signed(it->cert, 1) == 1;
}
