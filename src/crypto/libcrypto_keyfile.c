/* libcrypto_keyfile.c - private keys out of files.
 *
 *     PEM  PRIVATE KEY               PKCS#8
 *          ENCRYPTED PRIVATE KEY     PKCS#8, encrypted (PKCS#5)
 *          RSA PRIVATE KEY           PKCS#1      with headers: encrypted as
 *          EC PRIVATE KEY            SEC1        OpenSSL did before 2000
 *     DER  any of the four, told apart by how they begin
 *
 * This runs when a configuration is made, so what is slow is welcome if it is
 * proven: libcrypto's decoders read the DER.  They get our own library context
 * so that nothing is looked up in the host's, and the passphrase from whom we
 * were told to ask, never from a terminal. */
#include "crypto/libcrypto.h"

#include <openssl/pkcs12.h>
#include <openssl/x509.h>

enum { PASSPHRASE_MAX = 1024, KEY_FILE_MAX = 64 * 1024 };

/* Who is asked for a passphrase, and whether it was. */
struct asking {
    hf_passphrase_fn *ask;
    void *ctx;
    char text[PASSPHRASE_MAX];
    size_t len;
};

static bool ask(struct asking *a, struct hf_error *error)
{
    a->len = a->ask ? a->ask(a->ctx, a->text, sizeof(a->text)) : 0;
    if (a->len && a->len <= sizeof(a->text))
        return true;
    a->len = 0;
    return hf_fail(error, HF_E_BAD_PASSPHRASE,
                   "the key is encrypted and no passphrase was given");
}

static bool wrong_passphrase(struct hf_error *error)
{
    return hf_fail(error, HF_E_BAD_PASSPHRASE,
                   "the key does not open with this passphrase");
}

/* ---- DER ---------------------------------------------------------------------------- */

enum shape { UNKNOWN, PKCS8, ENCRYPTED_PKCS8, PKCS1, SEC1 };

/* The tag and length of the element at the front; what follows them. */
static bool skip_head(struct hf_span *in, uint8_t tag, size_t *len)
{
    if (in->len < 2 || in->at[0] != tag)
        return false;
    size_t head = 2;
    *len = in->at[1];
    if (*len >= 0x80) {
        const size_t width = *len & 0x7f;
        if (width < 1 || width > 4 || width > in->len - 2)
            return false;
        *len = hf_number(in->at + 2, (unsigned)width);
        head += width;
    }
    if (*len > in->len - head)
        return false;
    *in = hf_span_after(*in, head);
    return true;
}

/*  PKCS#8     SEQUENCE { INTEGER, SEQUENCE ...
 *  encrypted  SEQUENCE { SEQUENCE ...
 *  PKCS#1     SEQUENCE { INTEGER, INTEGER ...
 *  SEC1       SEQUENCE { INTEGER, OCTET STRING ...  */
static enum shape shape_of(struct hf_span der)
{
    size_t len;

    if (!skip_head(&der, 0x30, &len) || len != der.len || !len)
        return UNKNOWN;
    if (der.at[0] == 0x30)
        return ENCRYPTED_PKCS8;
    if (!skip_head(&der, 0x02, &len) || len >= der.len)
        return UNKNOWN;
    switch (der.at[len]) {
    case 0x30: return PKCS8;
    case 0x02: return PKCS1;
    case 0x04: return SEC1;
    default: return UNKNOWN;
    }
}

static EVP_PKEY *from_pkcs8(struct hf_libcrypto *lib, struct hf_span der)
{
    const unsigned char *at = der.at;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at,
                                                        (long)der.len);
    EVP_PKEY *pkey = info && at == der.at + der.len
                         ? EVP_PKCS82PKEY_ex(info, lib->lib, NULL)
                         : NULL;

    PKCS8_PRIV_KEY_INFO_free(info);
    return pkey;
}

static EVP_PKEY *from_encrypted(struct hf_libcrypto *lib, struct hf_span der,
                                struct asking *a, struct hf_error *error)
{
    const unsigned char *at = der.at;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &at, (long)der.len);
    PKCS8_PRIV_KEY_INFO *info = NULL;
    EVP_PKEY *pkey = NULL;

    if (sealed && ask(a, error)) {
        info = PKCS8_decrypt_ex(sealed, a->text, (int)a->len, lib->lib, NULL);
        pkey = info ? EVP_PKCS82PKEY_ex(info, lib->lib, NULL) : NULL;
        if (!pkey)
            wrong_passphrase(error);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    X509_SIG_free(sealed);
    return pkey;
}

static EVP_PKEY *from_type(struct hf_libcrypto *lib, int type,
                           struct hf_span der)
{
    const unsigned char *at = der.at;
    EVP_PKEY *pkey = d2i_PrivateKey_ex(type, NULL, &at, (long)der.len, lib->lib,
                                       NULL);

    if (pkey && at == der.at + der.len)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static EVP_PKEY *from_der(struct hf_libcrypto *lib, struct hf_span der,
                          struct asking *a, struct hf_error *error)
{
    switch (shape_of(der)) {
    case PKCS8: return from_pkcs8(lib, der);
    case ENCRYPTED_PKCS8: return from_encrypted(lib, der, a, error);
    case PKCS1: return from_type(lib, EVP_PKEY_RSA, der);
    case SEC1: return from_type(lib, EVP_PKEY_EC, der);
    case UNKNOWN: break;
    }
    return NULL;
}

/* ---- PEM as OpenSSL encrypted it of old ----------------------------------------------- */

/* The value after @name in RFC 1421 headers, up to the end of its line. */
static struct hf_span header(struct hf_span headers, const char *name)
{
    const struct hf_span want = hf_span_text(name);

    while (headers.len >= want.len) {
        size_t line = 0;
        while (line < headers.len && headers.at[line] != '\n')
            line++;
        if (line >= want.len && hf_equal(headers.at, want.at, want.len)) {
            while (line > want.len && headers.at[line - 1] <= ' ')
                line--;
            return hf_span(headers.at + want.len, line - want.len);
        }
        headers = hf_span_after(headers, line < headers.len ? line + 1 : line);
    }
    return hf_span(NULL, 0);
}

/* "DEK-Info: AES-256-CBC,0123...": the cipher and its IV. */
static EVP_CIPHER *dek_info(struct hf_libcrypto *lib, struct hf_span headers,
                            uint8_t iv[EVP_MAX_IV_LENGTH])
{
    static const char *const known[] = { "AES-128-CBC", "AES-192-CBC",
                                         "AES-256-CBC", "DES-EDE3-CBC" };
    const struct hf_span info = header(headers, "DEK-Info: ");
    size_t comma = 0, len = 0;

    while (comma < info.len && info.at[comma] != ',')
        comma++;
    if (comma == info.len ||
        !hf_unhex(hf_span_after(info, comma + 1), iv, EVP_MAX_IV_LENGTH, &len))
        return NULL;
    for (size_t i = 0; i < HF_COUNT(known); i++)
        if (hf_span_equal(hf_span_first(info, comma), hf_span_text(known[i]))) {
            EVP_CIPHER *cipher = EVP_CIPHER_fetch(lib->lib, known[i], NULL);
            if (cipher && (size_t)EVP_CIPHER_get_iv_length(cipher) == len)
                return cipher;
            EVP_CIPHER_free(cipher);
        }
    return NULL;
}

/* Decrypt in place with the key that MD5 makes of passphrase and IV. */
static bool old_decrypt(struct hf_libcrypto *lib, const EVP_CIPHER *cipher,
                        const uint8_t *iv, const struct asking *a,
                        uint8_t *bytes, size_t *len)
{
    EVP_MD *md5 = EVP_MD_fetch(lib->lib, "MD5", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t key[EVP_MAX_KEY_LENGTH];
    int n = 0, rest = 0;

    bool ok = md5 && ctx &&
              EVP_BytesToKey(cipher, md5, iv, (const uint8_t *)a->text,
                             (int)a->len, 1, key, NULL) > 0 &&
              EVP_DecryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
              EVP_DecryptUpdate(ctx, bytes, &n, bytes, (int)*len) == 1 &&
              EVP_DecryptFinal_ex(ctx, bytes + n, &rest) == 1;
    *len = ok ? (size_t)(n + rest) : 0;
    hf_wipe(key, sizeof(key));
    EVP_CIPHER_CTX_free(ctx);
    EVP_MD_free(md5);
    return ok;
}

static EVP_PKEY *from_old(struct hf_libcrypto *lib, struct hf_span headers,
                          uint8_t *bytes, size_t len, struct asking *a,
                          struct hf_error *error)
{
    uint8_t iv[EVP_MAX_IV_LENGTH];
    EVP_CIPHER *cipher = dek_info(lib, headers, iv);
    EVP_PKEY *pkey = NULL;

    if (!cipher) {
        hf_fail(error, HF_E_BAD_KEY, "an encryption that is not supported");
        return NULL;
    }
    if (ask(a, error)) {
        if (old_decrypt(lib, cipher, iv, a, bytes, &len))
            pkey = from_der(lib, hf_span(bytes, len), a, error);
        if (!pkey)
            wrong_passphrase(error);
    }
    EVP_CIPHER_free(cipher);
    return pkey;
}

/* ---- PEM ------------------------------------------------------------------------------- */

static bool is_private(struct hf_span label)
{
    static const char *const labels[] = { "PRIVATE KEY",
                                          "ENCRYPTED PRIVATE KEY",
                                          "RSA PRIVATE KEY", "EC PRIVATE KEY" };

    for (size_t i = 0; i < HF_COUNT(labels); i++)
        if (hf_span_equal(label, hf_span_text(labels[i])))
            return true;
    return false;
}

static EVP_PKEY *from_block(struct hf_libcrypto *lib, const struct hf_pem *pem,
                            struct asking *a, struct hf_error *error)
{
    const size_t cap = pem->base64.len; /* base64 only shrinks */
    uint8_t *bytes = hf_alloc(cap);
    EVP_PKEY *pkey = NULL;
    size_t len;

    if (!bytes)
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    else if (!hf_unbase64(pem->base64, bytes, cap, &len))
        hf_fail(error, HF_E_BAD_PEM, "not base64");
    else if (header(pem->headers, "Proc-Type: 4,ENCRYPTED").at)
        pkey = from_old(lib, pem->headers, bytes, len, a, error);
    else
        pkey = from_der(lib, hf_span(bytes, len), a, error);
    hf_free(bytes, cap);
    return pkey;
}

/* The first block that is a private key; files often hold certificates, or
 * the parameters of a curve, before it. */
static EVP_PKEY *from_pem(struct hf_libcrypto *lib, struct hf_span text,
                          struct asking *a, struct hf_error *error)
{
    struct hf_pem pem;
    bool bad = false;

    while (hf_pem_next(&text, &pem, &bad))
        if (is_private(pem.label))
            return from_block(lib, &pem, a, error);
    hf_fail(error, HF_E_BAD_PEM,
            bad ? "a block that never ends" : "there is no private key in it");
    return NULL;
}

bool hf_libcrypto_key_load(void *self, struct hf_span text,
                           hf_passphrase_fn *how, void *ctx,
                           struct hf_private_key **out, struct hf_error *error)
{
    struct asking a = { .ask = how, .ctx = ctx };

    *out = NULL;
    if (!text.len || text.len > KEY_FILE_MAX)
        return hf_fail(error, HF_E_BAD_KEY, "%z bytes are no key", text.len);
    EVP_PKEY *pkey = text.at[0] == 0x30 ? from_der(self, text, &a, error)
                                        : from_pem(self, text, &a, error);
    hf_wipe(&a, sizeof(a));
    bool ok = pkey && hf_libcrypto_take_key(self, pkey, out, error);
    ERR_clear_error();
    return ok ||
           hf_fail(error, HF_E_BAD_KEY, "neither PKCS#8, PKCS#1 nor SEC1");
}
