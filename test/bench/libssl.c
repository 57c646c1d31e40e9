/* libssl.c - OpenSSL's libssl in the benchmark, set up to do the same work: the
 * scenario's version, suite and tickets, X25519, chain and name verified. */
#include "bench.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

enum { RECORD = 16384 };

struct self {
    SSL_CTX *client, *server;
    bool resumed;
    SSL_SESSION *session; /* the first one, used again and again */
};
struct pair {
    SSL *client, *server;
};

static X509 *next_cert(BIO *bio)
{
    return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

static void use_chain(SSL_CTX *ctx, const char *chain_pem, const char *key_pem)
{
    BIO *chain = BIO_new_mem_buf(chain_pem, -1);
    BIO *key = BIO_new_mem_buf(key_pem, -1);
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

static SSL_CTX *context(const SSL_METHOD *method, const struct scenario *how)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    bool older = how->version == TLS1_2_VERSION;

    if (!ctx || !SSL_CTX_set_min_proto_version(ctx, (int)how->version) ||
        !SSL_CTX_set_max_proto_version(ctx, (int)how->version) ||
        !SSL_CTX_set1_groups_list(ctx, "X25519:P-256") ||
        !(older ? SSL_CTX_set_cipher_list(ctx, how->openssl)
                : SSL_CTX_set_ciphersuites(ctx, how->openssl)))
        give_up("configuring libssl");
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, how->resumed);
    if (!how->resumed)
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    /* What people who mind memory set. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    return ctx;
}

static void *open_libssl(const struct bench_certs *certs,
                         const struct scenario *how)
{
    struct self *self = calloc(1, sizeof(*self));

    if (!self)
        give_up("memory");
    self->client = context(TLS_client_method(), how);
    self->server = context(TLS_server_method(), how);
    self->resumed = how->resumed;
    use_chain(self->server, certs->chain, certs->key);
    use_root(self->client, certs);
    if (how->mutual) {
        use_chain(self->client, certs->client_chain, certs->client_key);
        use_root(self->server, certs);
        SSL_CTX_set_verify(self->server,
                           SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           NULL);
    }
    return self;
}

static void close_libssl(void *p)
{
    struct self *self = p;

    SSL_SESSION_free(self->session);
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

/* What a side does when it is its turn; a ticket of TLS 1.3 comes as data. */
static void turn(SSL *ssl, bool client)
{
    char byte;

    if (!SSL_is_init_finished(ssl))
        (void)(client ? SSL_connect(ssl) : SSL_accept(ssl));
    else if (client)
        SSL_read(ssl, &byte, 1);
}

static SSL *new_client(struct self *self)
{
    SSL *ssl = new_side(self->client);

    SSL_set_tlsext_host_name(ssl, "localhost");
    SSL_set1_host(ssl, "localhost");
    if (self->session)
        SSL_set_session(ssl, self->session);
    return ssl;
}

static void shake(struct self *self, struct pair *pairs, size_t count,
                  struct sides *took)
{
    double t[3];

    *took = (struct sides){ 0, 0 };
    for (int flight = 0; flight < ROUND_TRIPS; flight++) {
        t[0] = cpu_seconds();
        for (size_t i = 0; i < count; i++) {
            if (!flight)
                pairs[i].client = new_client(self);
            else
                carry(pairs[i].server, pairs[i].client);
            turn(pairs[i].client, true);
        }
        t[1] = cpu_seconds();
        for (size_t i = 0; i < count; i++) {
            if (!flight)
                pairs[i].server = new_side(self->server);
            carry(pairs[i].client, pairs[i].server);
            turn(pairs[i].server, false);
        }
        t[2] = cpu_seconds();
        took->client += t[1] - t[0];
        took->server += t[2] - t[1];
    }
    for (size_t i = 0; i < count; i++)
        if (!SSL_is_init_finished(pairs[i].client) ||
            !SSL_is_init_finished(pairs[i].server))
            give_up("a handshake of libssl's is not over");
}

static struct sides handshakes(void *p)
{
    static struct pair pairs[BATCH];
    struct self *self = p;
    bool warm = !self->resumed || self->session;
    struct sides took;
    double t[3];

    shake(p, pairs, BATCH, &took);
    for (size_t i = 0; i < BATCH; i++)
        if (SSL_session_reused(pairs[i].server) != (self->resumed && warm))
            give_up("libssl's was not resumed");
    if (!warm)
        self->session = SSL_get1_session(pairs[0].client);
    /* Who leaves without a word spoils the session. */
    for (size_t i = 0; i < BATCH; i++)
        SSL_set_shutdown(pairs[i].client, SSL_SENT_SHUTDOWN);
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
