/* duel_libssl.c - an end of OpenSSL's libssl in fuzz_duel.c, set up as ours
 * is.  The only place of the project, but for the benchmark, where libssl is
 * called. */
#define HF_UNPOISONED
#include "duel.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>

/* What ours has in policies.def, in the same order. */
static const char suites13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                               "TLS_CHACHA20_POLY1305_SHA256";
static const char suites12[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";
static char schemes[] = /* libssl asks for what can be written to */
    "ecdsa_secp256r1_sha256:ed25519:ecdsa_secp384r1_sha384:"
    "ecdsa_secp521r1_sha512:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
    "rsa_pss_rsae_sha512:rsa_pss_pss_sha256:rsa_pss_pss_sha384:"
    "rsa_pss_pss_sha512:rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512";
static const uint8_t protocols[] = "\x02h2\x08http/1.1";

static BIO *text(struct hf_span pem)
{
    return BIO_new_mem_buf(pem.at, (int)pem.len);
}

static void use_chain(SSL_CTX *ctx, unsigned way)
{
    BIO *chain = text(duel_chain(way)), *key = text(duel_key(way));
    X509 *leaf = PEM_read_bio_X509(chain, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

    MUST(SSL_CTX_use_certificate(ctx, leaf) == 1);
    MUST(SSL_CTX_use_PrivateKey(ctx, pkey) == 1);
    X509_free(leaf);
    EVP_PKEY_free(pkey);
    BIO_free(chain);
    BIO_free(key);
}

static void use_anchor(SSL_CTX *ctx)
{
    BIO *bio = text(duel_anchor());
    X509 *root = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    MUST(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root) == 1);
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ctx), DUEL_TIME);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    X509_free(root);
    BIO_free(bio);
}

/* The server's order decides, as with us. */
static int choose(SSL *ssl, const uint8_t **out, uint8_t *out_len,
                  const uint8_t *in, unsigned in_len, void *arg)
{
    uint8_t *chosen;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, protocols,
                              sizeof(protocols) - 1, in,
                              in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 3.2 */
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void hear_secret(const SSL *ssl, const char *line)
{
    static const char label[] = "SERVER_HANDSHAKE_TRAFFIC_SECRET ";
    struct duelist *d = SSL_get_ex_data(ssl, 0);
    size_t len = sizeof(label) - 1;

    if (strncmp(line, label, len) == 0)
        MUST(hf_unhex(hf_span_text(line + len + 65), d->secret, DUEL_SECRET,
                      &d->secret_len));
}

static void set_alpn(SSL_CTX *ctx, unsigned way)
{
    if (way & DUEL_CLIENT)
        MUST(SSL_CTX_set_alpn_protos(ctx, protocols, sizeof(protocols) - 1) ==
             0);
    else
        SSL_CTX_set_alpn_select_cb(ctx, choose, NULL);
}

static SSL_CTX *make_context(unsigned way)
{
    SSL_CTX *ctx = SSL_CTX_new(way & DUEL_CLIENT ? TLS_client_method()
                                                 : TLS_server_method());

    MUST(ctx);
    SSL_CTX_set_security_level(ctx, 0);
    MUST(SSL_CTX_set_min_proto_version(
        ctx, way & DUEL_ONLY13 ? TLS1_3_VERSION : TLS1_2_VERSION));
    MUST(SSL_CTX_set_max_proto_version(
        ctx, way & DUEL_ONLY12 ? TLS1_2_VERSION : TLS1_3_VERSION));
    MUST(SSL_CTX_set_ciphersuites(ctx, suites13));
    MUST(SSL_CTX_set_cipher_list(ctx, suites12));
    MUST(SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384"));
    MUST(SSL_CTX_set1_sigalgs_list(ctx, schemes));
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_TICKET |
                                 SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_NO_ENCRYPT_THEN_MAC);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_keylog_callback(ctx, hear_secret);
    if (way & DUEL_ALPN)
        set_alpn(ctx, way);
    if (way & DUEL_CLIENT)
        use_anchor(ctx);
    else
        use_chain(ctx, way);
    return ctx;
}

static void hear_info(const SSL *ssl, int where, int value)
{
    struct duelist *d = SSL_get_ex_data(ssl, 0);

    if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT)
        d->alert = (unsigned)value & 0xff;
}

static void collect(struct duelist *d)
{
    BIO *out = SSL_get_wbio(d->self);
    const uint8_t *protocol;
    unsigned len;
    int n = BIO_read(out, d->said + d->len, (int)(DUEL_ROOM - d->len));

    d->len += n > 0 ? (size_t)n : 0;
    MUST(BIO_ctrl_pending(out) == 0);
    SSL_get0_alpn_selected(d->self, &protocol, &len);
    if (len && len < sizeof(d->protocol))
        memcpy(d->protocol, protocol, len);
}

/* Go on as far as it goes. */
static void run(struct duelist *d)
{
    int n, error;

    ERR_clear_error();
    n = SSL_do_handshake(d->self);
    error = SSL_get_error(d->self, n);
    if (n == 1) {
        d->state = DUEL_IS_READY;
    } else if (error != SSL_ERROR_WANT_READ) {
        d->state = DUEL_REFUSES;
        d->reason = ERR_reason_error_string(ERR_peek_error());
        d->reason = d->reason ? d->reason : "no reason";
    }
    collect(d);
}

void libssl_begin(struct duelist *d, unsigned way)
{
    static SSL_CTX *contexts[DUEL_WAYS];
    static char name[] = "localhost";
    SSL *ssl;

    memset(d, 0, sizeof(*d));
    d->alert = 256;
    d->reason = "ok";
    if (!contexts[way])
        contexts[way] = make_context(way);
    d->self = ssl = SSL_new(contexts[way]);
    MUST(ssl);
    SSL_set_ex_data(ssl, 0, d);
    SSL_set_info_callback(ssl, hear_info);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (way & DUEL_CLIENT) {
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 name);
        SSL_set1_host(ssl, "localhost");
        SSL_set_connect_state(ssl);
        run(d);
    } else {
        SSL_set_accept_state(ssl);
    }
}

void libssl_hear(struct duelist *d, struct hf_span bytes)
{
    if (d->state != DUEL_WAITS)
        return;
    MUST(BIO_write(SSL_get_rbio(d->self), bytes.at, (int)bytes.len) ==
         (int)bytes.len);
    run(d);
}

void libssl_end(struct duelist *d)
{
    SSL_free(d->self);
}
