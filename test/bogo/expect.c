/* expect.c - after the handshake: is everything as the runner expects? */
#include "shim.h"

#include "engine/conn.h" /* for the kind of master secret, and reading PEM */

#include <stdio.h>
#include <string.h>

static bool number_is(const char *what, unsigned have, unsigned want)
{
    if (!want || have == want)
        return true;
    fprintf(stderr, "shim: the %s is 0x%04x, not 0x%04x\n", what, have, want);
    return false;
}

static bool text_is(const char *what, struct hf_span have, const char *want)
{
    if (have.len == strlen(want) &&
        (!have.len || memcmp(have.at, want, have.len) == 0))
        return true;
    fprintf(stderr, "shim: the %s is %.*s, not %s\n", what, (int)have.len,
            have.len ? (const char *)have.at : "", want);
    return false;
}

/* TLS 1.3 has no other. */
static bool master_secret(const struct shim *s)
{
    return !s->o->expect_extended_master_secret ||
           s->conn->session.extended_master ||
           hf_conn_version(s->conn) == HF_TLS13 ||
           shim_wrong("the master secret is not extended");
}

static bool choices(const struct shim *s)
{
    const struct shim_options *o = s->o;
    const struct hf_conn *c = s->conn;
    unsigned suite = hf_conn_suite(c);

    return number_is("version", hf_conn_version(c), o->expect_version) &&
           number_is("group", hf_conn_group(c), o->expect_curve_id) &&
           number_is("cipher suite", suite, o->expect_cipher) &&
           number_is("cipher suite", suite, o->expect_cipher_aes) &&
           number_is("peer's signature scheme", hf_conn_peer_scheme(c),
                     o->expect_peer_signature_algorithm);
}

static bool retry(const struct shim *s)
{
    bool retried = hf_conn_retried(s->conn);

    if (s->o->expect_hrr && !retried)
        return shim_wrong("there was no HelloRetryRequest");
    if (s->o->expect_no_hrr && retried)
        return shim_wrong("there was a HelloRetryRequest");
    return true;
}

/* A server has what it selects, a client what it expects. */
static bool names(const struct shim *s)
{
    const struct shim_options *o = s->o;
    const char *alpn = o->server ? o->select_alpn : o->expect_alpn;
    const char *name = hf_conn_server_name(s->conn);
    struct hf_span have = { (const uint8_t *)name, name ? strlen(name) : 0 };

    return (!o->expect_server_name ||
            text_is("server name", have, o->expect_server_name)) &&
           text_is("protocol", hf_conn_protocol(s->conn), alpn ? alpn : "");
}

/* ---- sessions -------------------------------------------------------------------------- */

static bool resumption(const struct shim *s)
{
    bool expected = s->again && !s->o->expect_session_miss;

    return hf_conn_resumed(s->conn) == expected ||
           shim_wrong(expected ? "the session was not resumed"
                               : "a session was resumed");
}

/* A client of TLS 1.2 has a new session once the handshake is over, and keeps
 * an old one beyond its resumption; a server has one if it gave it an id.  What
 * is not bound to its handshake is not kept (RFC 7627 5.4). */
static bool sessions(const struct shim *s)
{
    const struct shim_options *o = s->o;
    bool resumed = hf_conn_resumed(s->conn);
    bool have = s->puts && (!resumed || s->trace.tickets);
    bool want = !o->expect_no_session && s->conn->session.extended_master &&
                (!resumed || o->expect_ticket_renewal);

    if (!o->server && hf_conn_version(s->conn) == HF_TLS12 && have != want)
        return shim_wrong(have ? "there is a new session"
                               : "there is no new session");
    if (!s->again && ((o->expect_session_id && !s->puts) ||
                      (o->expect_no_session_id && s->puts)))
        return shim_wrong(s->puts ? "the session has an id"
                                  : "the session has no id");
    return true;
}

/* Tickets of TLS 1.3 come whenever the server likes. */
bool shim_last_expectations(struct shim *s)
{
    bool want = !s->o->expect_no_session;

    if (s->o->server || s->o->shim_shuts_down ||
        hf_conn_version(s->conn) != HF_TLS13)
        return true;
    if (want == (s->puts != 0))
        return shim_ticket_expectations(s);
    return shim_wrong(want ? "there is no new session"
                           : "there is a new session");
}

/* ---- certificates ---------------------------------------------------------------------- */

/* The peer's certificate number @index is the next one in the PEM text. */
static bool next_is(const struct shim *s, size_t index, struct hf_span *text)
{
    static uint8_t der[FILE_MAX];
    struct hf_span have = hf_conn_peer_certificate(s->conn, index);
    struct hf_pem pem;
    size_t len;
    bool bad;

    return hf_pem_next(text, &pem, &bad) &&
           hf_unbase64(pem.base64, der, sizeof(der), &len) &&
           hf_span_equal(have, hf_span(der, len));
}

static bool same_chain(const struct shim *s, const char *path)
{
    static uint8_t room[FILE_MAX];
    struct hf_span text = shim_read_file(path, room, sizeof(room));
    struct hf_pem pem;
    bool bad;

    for (size_t i = 0; i < hf_conn_peer_certificates(s->conn); i++)
        if (!next_is(s, i, &text))
            return shim_wrong("another certificate than expected");
    return !hf_pem_next(&text, &pem, &bad) ||
           shim_wrong("fewer certificates than expected");
}

static bool certificates(const struct shim *s)
{
    const struct shim_options *o = s->o;
    size_t count = hf_conn_peer_certificates(s->conn);

    if (o->expect_no_peer_cert && count)
        return shim_wrong("the peer gave a certificate");
    if (!o->expect_no_peer_cert && !count &&
        !hf_conn_psk_identity(s->conn).len &&
        (!o->server || o->require_any_client_certificate))
        return shim_wrong("the peer gave no certificate");
    if (o->expect_verify_result && shim_asks_verify(o) && count &&
        !hf_conn_resumed(s->conn) && s->verdict == o->verify_fail)
        return shim_wrong("the chain was judged otherwise");
    return !o->expect_peer_cert_file || same_chain(s, o->expect_peer_cert_file);
}

/* Base64 of the list that came.  A session does not keep it. */
static bool timestamps(const struct shim *s)
{
    const char *want = s->o->expect_signed_cert_timestamps;
    static uint8_t list[FILE_MAX];
    struct hf_writer w = hf_writer(list, sizeof(list));
    static char text[2 * FILE_MAX];
    struct hf_sct one;
    size_t mark;

    if (!want || hf_conn_resumed(s->conn))
        return true;
    mark = hf_writer_open(&w, 2);
    for (size_t i = 0; hf_conn_sct(s->conn, i, &one); i++) {
        hf_put(&w, (uint32_t)one.bytes.len, 2);
        hf_put_bytes(&w, one.bytes);
    }
    hf_writer_close(&w, mark, 2);
    return (!w.full && hf_base64(text, sizeof(text), hf_written(&w)) &&
            strcmp(text, want) == 0) ||
           shim_wrong("other certificate timestamps than expected");
}

/* Ours stand in the order in which they were added: the default one last. */
static bool credential(const struct shim *s)
{
    const struct shim_options *o = s->o;
    int own = shim_chain_selected(s);

    if (own < 0)
        own = shim_psk_selected(s);
    if (o->expect_selected_credential == NO_CREDENTIAL ||
        (unsigned)own == o->expect_selected_credential)
        return true;
    fprintf(stderr, "shim: credential %d was used, not %d\n", own,
            (int)o->expect_selected_credential);
    return false;
}

bool shim_expectations(struct shim *s)
{
    if (s->trace.names && !s->trace.names_found)
        return shim_wrong("other authorities were named");
    if (s->trace.schemes->count && !s->trace.schemes_found)
        return shim_wrong("other signature schemes were listed");
    if (s->trace.staple && !s->trace.staple_found && !hf_conn_resumed(s->conn))
        return shim_wrong("the OCSP response did not come");
    return resumption(s) && sessions(s) && choices(s) && master_secret(s) &&
           shim_early_expectations(s) && retry(s) && names(s) &&
           certificates(s) && timestamps(s) && credential(s);
}
