/* key.c - which keys and which signatures there are: two tables of exact DER.
 *
 * An AlgorithmIdentifier is never interpreted.  It equals a row of one of
 * these tables, byte for byte, or it is not a key or a signature that we
 * know.  So there are no parameters to get wrong: no curve that somebody
 * wrote out (CVE-2020-0601), no PSS with a hash for the mask and another for
 * the message.
 */
#include "x509/inside.h"

/* ---- the bytes --------------------------------------------------------------- */
/* clang-format off */

#define RSA_OID(n)   "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" n /* 1.2.840.113549.1.1.n */
#define NULL_DER     "\x05\x00"
#define RSA_WITH(n)  "\x30\x0d" RSA_OID(n) NULL_DER
#define RSA_BARE(n)  "\x30\x0b" RSA_OID(n)
#define ECDSA(n)     "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03" n
#define EC_OID       "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
#define SHA_OID(n)   "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" n

/* RFC 4055 3.1: hash, MGF1 with the same hash, salt as long as the hash; the
 * NULL of the hash may be there or not. */
#define PSS_NULL(n, salt) "\x30\x41" RSA_OID("\x0a") "\x30\x34" \
    "\xa0\x0f\x30\x0d" SHA_OID(n) NULL_DER \
    "\xa1\x1c\x30\x1a" RSA_OID("\x08") "\x30\x0d" SHA_OID(n) NULL_DER \
    "\xa2\x03\x02\x01" salt
#define PSS_BARE(n, salt) "\x30\x3d" RSA_OID("\x0a") "\x30\x30" \
    "\xa0\x0d\x30\x0b" SHA_OID(n) \
    "\xa1\x1a\x30\x18" RSA_OID("\x08") "\x30\x0b" SHA_OID(n) \
    "\xa2\x03\x02\x01" salt

/* RFC 9881 2 and 4: without parameters */
#define MLDSA(n)  "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03" n
#define ED25519   "\x30\x05\x06\x03\x2b\x65\x70"

#define DER(text) { (const uint8_t *)(text), sizeof(text) - 1 }

static const struct {
    struct hf_span der;
    uint8_t padding, hash;
    uint8_t kind; /* of the key, if the algorithm says so by itself */
} signatures[] = {
    /* RFC 5758 3.2, RFC 4055 5 (where NULL may be absent), RFC 8410 3 */
    { DER(ECDSA("\x02")),             HF_PADDING_NONE,  HF_SHA256, 0 },
    { DER(ECDSA("\x03")),             HF_PADDING_NONE,  HF_SHA384, 0 },
    { DER(ECDSA("\x04")),             HF_PADDING_NONE,  HF_SHA512, 0 },
    { DER(RSA_WITH("\x0b")),          HF_PADDING_PKCS1, HF_SHA256, 0 },
    { DER(RSA_WITH("\x0c")),          HF_PADDING_PKCS1, HF_SHA384, 0 },
    { DER(RSA_WITH("\x0d")),          HF_PADDING_PKCS1, HF_SHA512, 0 },
    { DER(RSA_BARE("\x0b")),          HF_PADDING_PKCS1, HF_SHA256, 0 },
    { DER(RSA_BARE("\x0c")),          HF_PADDING_PKCS1, HF_SHA384, 0 },
    { DER(RSA_BARE("\x0d")),          HF_PADDING_PKCS1, HF_SHA512, 0 },
    { DER(ED25519),                   HF_PADDING_NONE,  HF_HASH_NONE, HF_KEY_ED25519 },
    { DER(MLDSA("\x11")),             HF_PADDING_NONE,  HF_HASH_NONE, HF_KEY_MLDSA44 },
    { DER(MLDSA("\x12")),             HF_PADDING_NONE,  HF_HASH_NONE, HF_KEY_MLDSA65 },
    { DER(MLDSA("\x13")),             HF_PADDING_NONE,  HF_HASH_NONE, HF_KEY_MLDSA87 },
    { DER(PSS_NULL("\x01", "\x20")),  HF_PADDING_PSS,   HF_SHA256, 0 },
    { DER(PSS_NULL("\x02", "\x30")),  HF_PADDING_PSS,   HF_SHA384, 0 },
    { DER(PSS_NULL("\x03", "\x40")),  HF_PADDING_PSS,   HF_SHA512, 0 },
    { DER(PSS_BARE("\x01", "\x20")),  HF_PADDING_PSS,   HF_SHA256, 0 },
    { DER(PSS_BARE("\x02", "\x30")),  HF_PADDING_PSS,   HF_SHA384, 0 },
    { DER(PSS_BARE("\x03", "\x40")),  HF_PADDING_PSS,   HF_SHA512, 0 },
};

static const struct {
    struct hf_span der;
    uint8_t kind, pss_hash;
    uint16_t bits;   /* of a curve */
    uint16_t length; /* of the key in bytes, RSA: 0 */
} keys[] = {
    { DER("\x30\x13" EC_OID "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), HF_KEY_P256, 0, 256, 65 },
    { DER(RSA_WITH("\x01")),                               HF_KEY_RSA,     0,         0,    0 },
    { DER("\x30\x10" EC_OID "\x06\x05\x2b\x81\x04\x00\x22"), HF_KEY_P384,  0,         384, 97 },
    { DER("\x30\x10" EC_OID "\x06\x05\x2b\x81\x04\x00\x23"), HF_KEY_P521,  0,         521, 133 },
    { DER(ED25519),                                        HF_KEY_ED25519, 0,         256, 32 },
    { DER(MLDSA("\x11")),                                  HF_KEY_MLDSA44, 0,         0,   1312 },
    { DER(MLDSA("\x12")),                                  HF_KEY_MLDSA65, 0,         0,   1952 },
    { DER(MLDSA("\x13")),                                  HF_KEY_MLDSA87, 0,         0,   2592 },
    { DER(RSA_BARE("\x0a")),                               HF_KEY_RSA_PSS, 0,         0,    0 },
    { DER(PSS_NULL("\x01", "\x20")),                       HF_KEY_RSA_PSS, HF_SHA256, 0,    0 },
    { DER(PSS_NULL("\x02", "\x30")),                       HF_KEY_RSA_PSS, HF_SHA384, 0,    0 },
    { DER(PSS_NULL("\x03", "\x40")),                       HF_KEY_RSA_PSS, HF_SHA512, 0,    0 },
    { DER(PSS_BARE("\x01", "\x20")),                       HF_KEY_RSA_PSS, HF_SHA256, 0,    0 },
    { DER(PSS_BARE("\x02", "\x30")),                       HF_KEY_RSA_PSS, HF_SHA384, 0,    0 },
    { DER(PSS_BARE("\x03", "\x40")),                       HF_KEY_RSA_PSS, HF_SHA512, 0,    0 },
};
/* clang-format on */

bool hf_algorithm_is_sound(const struct hf_tlv *algorithm)
{
    struct hf_der inside = hf_der(algorithm->value);
    struct hf_span oid;
    struct hf_tlv parameters;

    if (algorithm->tag != HF_DER_SEQUENCE || !hf_der_oid(&inside, &oid))
        return false;
    return hf_der_done(&inside) ||
           (hf_der_next(&inside, &parameters) && hf_der_done(&inside) &&
            hf_der_is_sound(parameters.whole));
}

bool hf_algorithm_parts(struct hf_span algorithm, uint8_t *padding,
                        uint8_t *hash)
{
    *padding = HF_PADDING_NONE;
    *hash = HF_HASH_NONE;
    for (size_t i = 0; i < HF_COUNT(signatures); i++)
        if (hf_span_equal(signatures[i].der, algorithm)) {
            *padding = signatures[i].padding;
            *hash = signatures[i].hash;
            return true;
        }
    return false;
}

unsigned hf_algorithm_kind(struct hf_span algorithm)
{
    for (size_t i = 0; i < HF_COUNT(signatures); i++)
        if (hf_span_equal(signatures[i].der, algorithm))
            return signatures[i].kind;
    return HF_KEY_NONE;
}

unsigned hf_algorithm_digest(struct hf_span algorithm)
{
    /* MD5 and SHA-1; for PSS, SHA-1 is the default of every parameter. */
    static const struct hf_span weak[] = {
        DER(RSA_WITH("\x04")),
        DER(RSA_BARE("\x04")),
        DER(RSA_WITH("\x05")),
        DER(RSA_BARE("\x05")),
        DER("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"),
        DER("\x30\x0d" RSA_OID("\x0a") "\x30\x00"),
    };
    uint8_t padding, hash;

    if (hf_algorithm_parts(algorithm, &padding, &hash))
        return hash;
    for (size_t i = 0; i < HF_COUNT(weak); i++)
        if (hf_span_equal(weak[i], algorithm))
            return HF_SHA256;
    return HF_HASH_NONE;
}

/* ---- keys ------------------------------------------------------------------------ */

static unsigned bit_length(struct hf_span n)
{
    unsigned bits = (unsigned)n.len * 8;

    for (unsigned bit = 0x80; bit && !(n.at[0] & bit); bit >>= 1)
        bits--;
    return bits;
}

/* RSAPublicKey (RFC 8017 A.1.1).  A modulus of above 16,384 bits, an even
 * one, and an exponent that is even, 1 or above 32 bits are no keys: they cost
 * more than they can be worth, or nothing at all. */
static bool read_rsa(struct hf_span bytes, struct hf_public_key *out)
{
    struct hf_der r = hf_der(bytes), pair;
    struct hf_span n, e;
    unsigned bits;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &pair) || !hf_der_done(&r) ||
        !hf_der_natural(&pair, &n) || !hf_der_natural(&pair, &e) ||
        !hf_der_done(&pair))
        return false;
    bits = bit_length(n);
    if (bits > 16384 || !(n.at[n.len - 1] & 1) || e.len > 4 ||
        !(e.at[e.len - 1] & 1) || (e.len == 1 && e.at[0] == 1)) {
        out->kind = HF_KEY_NONE;
        return true;
    }
    out->bits = (uint16_t)bits;
    out->modulus = n;
    out->exponent = e;
    return true;
}

static bool read_key(size_t row, struct hf_span bytes,
                     struct hf_public_key *out)
{
    out->kind = keys[row].kind;
    out->pss_hash = keys[row].pss_hash;
    if (!keys[row].length)
        return read_rsa(bytes, out);
    out->bits = keys[row].bits;
    out->point = bytes;
    /* RFC 5480 2.2: only the uncompressed form; is it on the curve?  That the
     * provider finds out when the key is used. */
    if (bytes.len != keys[row].length ||
        (out->kind < HF_KEY_ED25519 && bytes.at[0] != 4))
        *out = (struct hf_public_key){ .kind = HF_KEY_NONE };
    return true;
}

bool hf_spki_read(struct hf_span spki, struct hf_public_key *out)
{
    struct hf_der r = hf_der(spki), inside;
    struct hf_tlv algorithm;
    struct hf_span bytes;
    unsigned unused;

    *out = (struct hf_public_key){ .kind = HF_KEY_NONE };
    if (!hf_der_open(&r, HF_DER_SEQUENCE, &inside) || !hf_der_done(&r) ||
        !hf_der_next(&inside, &algorithm) ||
        !hf_der_bits(&inside, &bytes, &unused) || !hf_der_done(&inside))
        return false;
    for (size_t i = 0; i < HF_COUNT(keys); i++) {
        if (!hf_span_equal(keys[i].der, algorithm.whole))
            continue;
        if (!unused && read_key(i, bytes, out))
            return true;
        *out = (struct hf_public_key){ .kind = HF_KEY_NONE };
        return false;
    }
    return hf_algorithm_is_sound(&algorithm);
}
