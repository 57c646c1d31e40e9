/* authority.c - see authority.h. */
#define HF_UNPOISONED
#include "engine/authority.h"

#include "../../tools/issue.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct authority authority;

int authority_open(void **state)
{
    (void)state;
    return authority_open_with("p256");
}

int authority_open_with(const char *key)
{
    static const char *const names[] = { "localhost" };
    struct issue_order order = { .common_name = "list CA", .any_name = true };
    struct hf_error error = { .code = HF_OK };
    struct issued *ca = issue_root(&order, &error), *middle, *server, *client;

    assert_non_null(ca);
    order.common_name = "list intermediate";
    middle = issue_intermediate(ca, &order, &error);
    assert_non_null(middle);
    order = (struct issue_order){ .names = names, .count = 1 };
    assert_true(issue_key_by_name(key, &order.key));
    server = issue(middle, &order, &error);
    order.use = ISSUE_CLIENT;
    client = issue(middle, &order, &error);
    assert_true(server && client);
    authority.root = issued_pem(ca);
    authority.root_key = issued_key_pem(ca);
    authority.middle = issued_pem(middle);
    authority.middle_key = issued_key_pem(middle);
    authority.certs.ca = issued_pem(ca);
    authority.certs.chain = issued_chain_pem(server);
    authority.certs.key = issued_key_pem(server);
    authority.certs.client_chain = issued_chain_pem(client);
    authority.certs.client_key = issued_key_pem(client);
    issued_free(client);
    issued_free(server);
    issued_free(middle);
    issued_free(ca);
    return 0;
}

int authority_close(void **state)
{
    (void)state;
    duet_certs_free(&authority.certs);
    free(authority.root);
    free(authority.root_key);
    free(authority.middle);
    free(authority.middle_key);
    return 0;
}

X509 *authority_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    assert_non_null(x);
    BIO_free(bio);
    return x;
}

EVP_PKEY *authority_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    assert_non_null(key);
    BIO_free(bio);
    return key;
}

struct hf_span authority_says_of(const char *chain, int status, long until,
                                 X509_EXTENSION *more)
{
    static uint8_t der[4096];
    uint8_t *at = der;
    EVP_PKEY *key = authority_key(authority.middle_key);
    X509 *issuer = authority_cert(authority.middle),
         *leaf = authority_cert(chain);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -7200);
    ASN1_TIME *to = X509_gmtime_adj(NULL, until);
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf, issuer);
    OCSP_SINGLERESP *single;
    OCSP_RESPONSE *response;
    int len;

    assert_true(basic && id);
    single = OCSP_basic_add1_status(
        basic, id, status, 0, status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL,
        from, to);
    assert_non_null(single);
    assert_true(!more || OCSP_SINGLERESP_add_ext(single, more, -1));
    OCSP_CERTID_free(id);
    assert_true(OCSP_basic_sign(basic, issuer, key, EVP_sha256(), NULL, 0));
    response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    len = i2d_OCSP_RESPONSE(response, &at);
    assert_true(len > 0 && (size_t)len <= sizeof(der));
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    X509_free(issuer);
    X509_free(leaf);
    EVP_PKEY_free(key);
    return hf_span(der, (size_t)len);
}

struct hf_span authority_says(int status, long until)
{
    return authority_says_of(authority.certs.chain, status, until, NULL);
}
