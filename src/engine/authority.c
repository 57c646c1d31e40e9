/* authority.c - see authority.h. */
#define HF_UNPOISONED
#include "engine/authority.h"

#include "../../tools/issue.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct authority authority;

int authority_open(void **state)
{
    static const char *const names[] = { "localhost" };
    struct issue_order order = { .common_name = "list CA", .any_name = true };
    struct hf_error error = { .code = HF_OK };
    struct issued *ca = issue_root(&order, &error), *middle, *server, *client;

    (void)state;
    assert_non_null(ca);
    order.common_name = "list intermediate";
    middle = issue_intermediate(ca, &order, &error);
    assert_non_null(middle);
    order = (struct issue_order){ .names = names, .count = 1 };
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
