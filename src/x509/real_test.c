/* real_test.c - real certificates are read as libcrypto reads them, and so is
 * whatever a changed byte makes of them. */
#include "x509/x509_make.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

static char *bundle(size_t *len)
{
    static char text[1 << 20];
    FILE *f = fopen("/etc/ssl/certs/ca-certificates.crt", "r");

    if (!f) {
        print_message("# SKIP: real roots (apt install ca-certificates)\n");
        skip();
    }
    *len = fread(text, 1, sizeof(text), f);
    fclose(f);
    return text;
}

/* The next certificate of the bundle; false at the end. */
static bool next_real(struct hf_span *text, uint8_t *der, size_t cap,
                      size_t *len)
{
    struct hf_pem pem;
    bool bad;

    if (!hf_pem_next(text, &pem, &bad))
        return false;
    assert_true(hf_unbase64(pem.base64, der, cap, len));
    return true;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;

    assert_int_equal(ASN1_TIME_diff(&days, &seconds, epoch, t), 1);
    ASN1_TIME_free(epoch);
    return days * DAY + seconds;
}

static void is_der(struct hf_span ours, unsigned char **theirs, int len)
{
    assert_true(len > 0);
    assert_true(hf_span_equal(ours, hf_span(*theirs, (size_t)len)));
    OPENSSL_free(*theirs);
    *theirs = NULL;
}

/* libcrypto has the bits of each byte the other way round. */
static void is_usage(const struct hf_cert *c, uint32_t theirs)
{
    for (unsigned i = 0; i < 8; i++)
        if (c->flags & HF_CERT_KEY_USAGE)
            assert_int_equal(c->usage >> i & 1, theirs >> (7 - i) & 1);
    if (!(c->flags & HF_CERT_KEY_USAGE))
        assert_true(theirs == UINT32_MAX);
}

static void real_roots_are_read_as_libcrypto_reads_them(void **state)
{
    static uint8_t der[HF_CERT_MAX];
    struct hf_span text;
    size_t size, len, count = 0;

    (void)state;
    text.at = (uint8_t *)bundle(&size);
    text.len = size;
    while (next_real(&text, der, sizeof(der), &len)) {
        const unsigned char *p = der;
        X509 *x = d2i_X509(NULL, &p, (long)len);
        struct hf_error error = { .code = HF_OK };
        struct hf_cert *c = hf_cert_new(hf_span(der, len), &error);
        unsigned char *out = NULL;

        assert_non_null(x);
        if (!c)
            fail_msg("root %zu: %s", count + 1, error.detail);
        is_der(c->subject, &out, i2d_X509_NAME(X509_get_subject_name(x), &out));
        is_der(c->issuer, &out, i2d_X509_NAME(X509_get_issuer_name(x), &out));
        is_der(c->spki, &out, i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &out));
        is_der(c->tbs, &out, i2d_re_X509_tbs(x, &out));
        assert_int_equal(c->not_before, seconds_of(X509_get0_notBefore(x)));
        assert_int_equal(c->not_after, seconds_of(X509_get0_notAfter(x)));
        assert_int_equal(!!(c->flags & HF_CERT_CA), X509_check_ca(x) == 1);
        is_usage(c, X509_get_key_usage(x));
        assert_int_not_equal(c->key.kind, HF_KEY_NONE);
        assert_true(sizeof(*c) + c->der.len <= 2 * len);
        X509_free(x);
        hf_cert_free(c);
        count++;
    }
    print_message("# %zu roots\n", count);
    assert_true(count > 50);
}

/* Whatever a changed byte makes of a real certificate: if we read it, so does
 * libcrypto. */
static void what_we_read_libcrypto_reads_too(void **state)
{
    static uint8_t der[HF_CERT_MAX];
    struct hf_span text;
    size_t size, len, tried = 0, read = 0, root = 0;

    (void)state;
    text.at = (uint8_t *)bundle(&size);
    text.len = size;
    for (; next_real(&text, der, sizeof(der), &len); root++)
        for (size_t i = root % 23; i < len; i += 23)
            for (unsigned change = 0; change < 3; change++) {
                struct hf_error error = { .code = HF_OK };
                uint8_t old = der[i];
                struct hf_cert *c;

                der[i] = (uint8_t)(change == 0   ? old ^ 1u << i % 8
                                   : change == 1 ? old + 1u
                                                 : 0x84u);
                tried++;
                c = hf_cert_new(hf_span(der, len), &error);
                if (c) {
                    const unsigned char *p = der;
                    X509 *x = d2i_X509(NULL, &p, (long)len);

                    if (!x || p != der + len)
                        fail_msg("root %zu, byte %zu is %02x: only ours", root,
                                 i, der[i]);
                    X509_free(x);
                    read++;
                }
                hf_cert_free(c);
                der[i] = old;
            }
    ERR_clear_error();
    print_message("# %zu changed certificates, %zu still read\n", tried, read);
    assert_true(read > 0 && read < tried);
}

static void every_cut_of_a_certificate_is_refused(void **state)
{
    static uint8_t der[HF_CERT_MAX];
    size_t len = make_der(
        &(struct make){ .subject = "CN=a",
                        .ext = { "basicConstraints=critical,CA:TRUE",
                                 "subjectAltName=DNS:a,IP:::1",
                                 "nameConstraints=permitted;DNS:a",
                                 "subjectKeyIdentifier=hash" } },
        der, sizeof(der));

    (void)state;
    for (size_t n = 0; n < len; n++) {
        struct hf_error error = { .code = HF_OK };
        uint8_t *cut = test_malloc(n + 1);

        memcpy(cut, der, n);
        assert_null(hf_cert_new(hf_span(cut, n), &error));
        assert_int_equal(error.code, HF_E_CERT_DER);
        test_free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_roots_are_read_as_libcrypto_reads_them),
        cmocka_unit_test(what_we_read_libcrypto_reads_too),
        cmocka_unit_test(every_cut_of_a_certificate_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
