/* libssl.c - OpenSSL's libssl in the benchmark, set up to do the same work:
 * TLS 1.3, X25519, AES-128-GCM, chain and name verified, no tickets. */
#include "bench.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

enum { RECORD = 16384 };

struct self {
    SSL_CTX *client, *server;
};
struct pair {
    SSL *client, *server;
};

static X509 *next_cert(BIO *bio)
{
    return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

static void use_chain(SSL_CTX *ctx, const struct bench_certs *certs)
{
    BIO *chain = BIO_new_mem_buf(certs->chain, -1);
    BIO *key = BIO_new_mem_buf(certs->key, -1);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    X509 *leaf = next_cert(chain), *above;

    if (SSL_CTX_use_certificate(ctx, leaf) != 1 ||
        SSL_CTX_use_PrivateKey(ctx, pkey) != 1)
        give_up("libssl's certificate");
    while ((above = next_cert(chain)))
        SSL_CTX_add_extra_chain_cert(ctx, above);
    X509_free(leaf);
    EVP_PKEY_free(pkey);
    BIO_free(chain);
    BIO_free(key);
}

static void use_root(SSL_CTX *ctx, const struct bench_certs *certs)
{
    BIO *bio = BIO_new_mem_buf(certs->root, -1);
    X509 *root = next_cert(bio);

    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root);
    X509_free(root);
    BIO_free(bio);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
}

static SSL_CTX *context(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);

    if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
        !SSL_CTX_set1_groups_list(ctx, "X25519") ||
        !SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"))
        give_up("configuring libssl");
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    /* What people who mind memory set. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    return ctx;
}

static void *open_libssl(const struct bench_certs *certs)
{
    struct self *self = calloc(1, sizeof(*self));

    if (!self)
        give_up("memory");
    self->client = context(TLS_client_method());
    self->server = context(TLS_server_method());
    use_chain(self->server, certs);
    use_root(self->client, certs);
    return self;
}

static void close_libssl(void *p)
{
    struct self *self = p;

    SSL_CTX_free(self->client);
    SSL_CTX_free(self->server);
    free(self);
}

static SSL *new_side(SSL_CTX *ctx)
{
    SSL *ssl = SSL_new(ctx);

    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    return ssl;
}

/* What one said becomes what the other hears. */
static void carry(SSL *from, SSL *to)
{
    char *at;
    long len = BIO_get_mem_data(SSL_get_wbio(from), &at);

    BIO_write(SSL_get_rbio(to), at, (int)len);
    BIO_reset(SSL_get_wbio(from));
}

static void shake(struct self *self, struct pair *pairs, size_t count,
                  struct sides *took)
{
    double t[7];

    t[0] = cpu_seconds();
    for (size_t i = 0; i < count; i++) {
        pairs[i].client = new_side(self->client);
        SSL_set_tlsext_host_name(pairs[i].client, "localhost");
        SSL_set1_host(pairs[i].client, "localhost");
        SSL_connect(pairs[i].client);
    }
    t[1] = cpu_seconds();
    for (size_t i = 0; i < count; i++) {
        pairs[i].server = new_side(self->server);
        carry(pairs[i].client, pairs[i].server);
        SSL_accept(pairs[i].server);
    }
    t[2] = cpu_seconds();
    for (size_t i = 0; i < count; i++) {
        carry(pairs[i].server, pairs[i].client);
        if (SSL_connect(pairs[i].client) != 1)
            give_up("libssl's client is not ready");
    }
    t[3] = cpu_seconds();
    for (size_t i = 0; i < count; i++) {
        carry(pairs[i].client, pairs[i].server);
        if (SSL_accept(pairs[i].server) != 1)
            give_up("libssl's server is not ready");
    }
    t[4] = cpu_seconds();
    took->client = t[1] - t[0] + t[3] - t[2];
    took->server = t[2] - t[1] + t[4] - t[3];
}

static struct sides handshakes(void *p)
{
    static struct pair pairs[BATCH];
    struct sides took;
    double t[3];

    shake(p, pairs, BATCH, &took);
    t[0] = cpu_seconds();
    for (size_t i = 0; i < BATCH; i++)
        SSL_free(pairs[i].client);
    t[1] = cpu_seconds();
    for (size_t i = 0; i < BATCH; i++)
        SSL_free(pairs[i].server);
    t[2] = cpu_seconds();
    took.client += t[1] - t[0];
    took.server += t[2] - t[1];
    return took;
}

static struct sides records(void *p, unsigned count)
{
    static uint8_t data[RECORD];
    struct sides took = { 0, 0 }, ignored;
    struct pair pair;

    shake(p, &pair, 1, &ignored);
    for (unsigned i = 0; i < count; i++) {
        double t[3];

        t[0] = cpu_seconds();
        if (SSL_write(pair.client, data, RECORD) != RECORD)
            give_up("libssl's write");
        t[1] = cpu_seconds();
        carry(pair.client, pair.server);
        took.client += t[1] - t[0];
        t[1] = cpu_seconds();
        if (SSL_read(pair.server, data, RECORD) != RECORD)
            give_up("libssl's read");
        t[2] = cpu_seconds();
        took.server += t[2] - t[1];
    }
    SSL_free(pair.client);
    SSL_free(pair.server);
    return took;
}

/* The memory BIOs are the benchmark's, not libssl's. */
static double bio_bytes(void)
{
    double before = heap_bytes();
    BIO *bios[2 * BATCH];
    double held;

    for (size_t i = 0; i < 2 * BATCH; i++) {
        bios[i] = BIO_new(BIO_s_mem());
        BIO_write(bios[i], "x", 1);
    }
    held = heap_bytes() - before;
    for (size_t i = 0; i < 2 * BATCH; i++)
        BIO_free(bios[i]);
    return held / BATCH;
}

static struct sides idle(void *p)
{
    static struct pair pairs[BATCH];
    struct sides took, held;
    double both, client, bios;

    both = heap_bytes();
    shake(p, pairs, BATCH, &took);
    both = heap_bytes() - both;
    client = heap_bytes();
    for (size_t i = 0; i < BATCH; i++)
        SSL_free(pairs[i].client);
    client -= heap_bytes();
    for (size_t i = 0; i < BATCH; i++)
        SSL_free(pairs[i].server);
    bios = bio_bytes();
    held.client = client / BATCH - bios;
    held.server = (both - client) / BATCH - bios;
    return held;
}

const struct contender libssl = { "libssl",   open_libssl, close_libssl,
                                  handshakes, records,     idle };
