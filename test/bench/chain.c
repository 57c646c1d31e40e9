/* chain.c - certificates in the benchmark: reading one, and reading and
 * verifying a chain of leaf and intermediate below a trusted root, as a client
 * does in each handshake, in turn with libcrypto's d2i_X509 and
 * X509_verify_cert on the same bytes.
 *
 * What a config remembers of signatures is told in a row of its own: the ratio
 * that is promised is the one without it. */
#include "bench.h"

#include "engine/conn.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum { CHAIN_ROUNDS = 60, READ_ROUNDS = 1000 };

static struct {
    uint8_t *der[2]; /* leaf, intermediate */
    size_t len[2];
    struct hf_config *config;
    X509_STORE *store;
    struct hf_peer_name name;
    int64_t now;
} chain;

static struct hf_span der_of(size_t i)
{
    return (struct hf_span){ chain.der[i], chain.len[i] };
}

static void open_chain(const struct bench_certs *certs)
{
    BIO *sent = BIO_new_mem_buf(certs->chain, -1);
    BIO *trusted = BIO_new_mem_buf(certs->root, -1);
    X509 *root = PEM_read_bio_X509(trusted, NULL, NULL, NULL);
    struct hf_span anchor = { (const uint8_t *)certs->root,
                              strlen(certs->root) };

    for (size_t i = 0; i < 2; i++) {
        X509 *cert = PEM_read_bio_X509(sent, NULL, NULL, NULL);
        int len = i2d_X509(cert, &chain.der[i]);

        if (len <= 0)
            give_up("a chain of two");
        chain.len[i] = (size_t)len;
        X509_free(cert);
    }
    chain.config = hf_config_new();
    chain.store = X509_STORE_new();
    chain.now = (int64_t)time(NULL);
    if (!hf_config_trust(chain.config, anchor) ||
        !hf_config_freeze(chain.config) ||
        X509_STORE_add_cert(chain.store, root) != 1 ||
        !hf_peer_name_read("localhost", &chain.name))
        give_up("the root of a chain");
    X509_free(root);
    BIO_free(sent);
    BIO_free(trusted);
}

static void close_chain(void)
{
    for (size_t i = 0; i < 2; i++) {
        OPENSSL_free(chain.der[i]);
        chain.der[i] = NULL;
    }
    hf_config_free(chain.config);
    X509_STORE_free(chain.store);
}

/* ---- reading -------------------------------------------------------------------- */

static void read_ours(void)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_cert *cert = hf_cert_new(der_of(0), &error);

    if (!cert)
        give_up(error.detail);
    hf_cert_free(cert);
}

static X509 *d2i(size_t i)
{
    const unsigned char *at = chain.der[i];
    X509 *cert = d2i_X509(NULL, &at, (long)chain.len[i]);

    if (!cert)
        give_up("d2i_X509");
    return cert;
}

static void read_theirs(void)
{
    X509_free(d2i(0));
}

/* ---- reading and verifying ---------------------------------------------------------- */

static void verify_with(struct hf_known *known)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_verified proof = { .token = 0 };
    struct hf_cert *certs[2];
    struct hf_verify v = { .crypto = &chain.config->settings.crypto,
                           .store = chain.config->settings.store,
                           .chain = certs,
                           .count = 2,
                           .name = &chain.name,
                           .purpose = HF_PURPOSE_SERVER,
                           .revocation = HF_REVOCATION_SOFT,
                           .now = chain.now,
                           .known = known };

    for (size_t i = 0; i < 2; i++)
        certs[i] = hf_cert_new(der_of(i), &error);
    if (!hf_verify_chain(&v, &proof, &error))
        give_up(error.detail);
    hf_verified_wipe(&proof);
    for (size_t i = 0; i < 2; i++)
        hf_cert_free(certs[i]);
}

static void verify_ours(void)
{
    verify_with(NULL);
}

static void verify_known(void)
{
    verify_with(chain.config->settings.known);
}

static void verify_theirs(void)
{
    X509 *leaf = d2i(0), *middle = d2i(1);
    STACK_OF(X509) *sent = sk_X509_new_null();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;

    sk_X509_push(sent, middle);
    if (X509_STORE_CTX_init(ctx, chain.store, leaf, sent) != 1 ||
        X509_STORE_CTX_set_default(ctx, "ssl_server") != 1)
        give_up("X509_STORE_CTX_init");
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)chain.now);
    if (X509_VERIFY_PARAM_set1_host(param, "localhost", 0) != 1 ||
        X509_verify_cert(ctx) != 1)
        give_up(X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    X509_STORE_CTX_free(ctx);
    sk_X509_free(sent);
    X509_free(leaf);
    X509_free(middle);
}

/* ---- the table ------------------------------------------------------------------------ */

static double time_of(void (*body)(void), unsigned rounds)
{
    double t = cpu_seconds();

    for (unsigned i = 0; i < rounds; i++)
        body();
    return (cpu_seconds() - t) / rounds;
}

static bool pair_up(const char *what, void (*us)(void), void (*them)(void),
                    unsigned rounds, double most)
{
    struct figures f = { .count = 0 };

    us(); /* warm */
    them();
    for (size_t i = 0; i < PAIRS; i++) {
        double a = time_of(us, rounds), b = time_of(them, rounds);

        note(&f, a, b);
    }
    return row(what, &f, 1e6, "us", most);
}

bool bench_chain(void)
{
    static const struct {
        const char *key, *read, *verify, *known;
    } rows[] = {
        { "p256", "read a certificate, ECDSA P-256",
          "read and verify two, ECDSA P-256",
          "the same, the intermediate's signature remembered" },
        { "rsa2048", "read a certificate, RSA 2048",
          "read and verify two, RSA 2048",
          "the same, the intermediate's signature remembered" },
    };
    bool ok = true;

    say("\nA leaf and its intermediate below a trusted root; libcrypto's "
        "d2i_X509 and X509_verify_cert\non the same bytes, with the same "
        "questions (purpose, name, time).\n\n"
        "| | libhandfast | libcrypto | ratio | at most | holds |\n"
        "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench_certs certs = make_certs(rows[i].key);

        open_chain(&certs);
        ok = pair_up(rows[i].read, read_ours, read_theirs, READ_ROUNDS, 0.05) &&
             ok;
        ok = pair_up(rows[i].verify, verify_ours, verify_theirs, CHAIN_ROUNDS,
                     0.35) &&
             ok;
        ok = pair_up(rows[i].known, verify_known, verify_theirs, CHAIN_ROUNDS,
                     0.35) &&
             ok;
        close_chain();
        free_certs(&certs);
    }
    return ok;
}
