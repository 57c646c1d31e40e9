/* duet.c - see duet.h.  For tests only; it is not part of the library. */
#include "engine/duet.h"

#include "../../tools/issue.h"
#include "record/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static int64_t clock_now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static enum issue_may may_be(char use)
{
    return use == 's'   ? ISSUE_MAY_SIGN
           : use == 'd' ? ISSUE_MAY_DECRYPT
           : use == '-' ? ISSUE_MAY
                        : ISSUE_MAY_ALL;
}

bool duet_certs_make(struct duet_certs *out, const char *key)
{
    return duet_certs_make_for(out, key, 0);
}

bool duet_certs_make_for(struct duet_certs *out, const char *key, char use)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "a.test" };
    struct issue_order order = { .common_name = "duet CA", .any_name = true };
    struct hf_error error = { .code = HF_OK };
    struct issued *ca = issue_root(&order, &error), *middle = NULL;
    struct issued *server = NULL, *client = NULL;

    *out = (struct duet_certs){ .ca = NULL };
    if (ca) {
        order.common_name = "duet intermediate";
        middle = issue_intermediate(ca, &order, &error);
    }
    order = (struct issue_order){ .names = names, .count = HF_COUNT(names) };
    if (middle && issue_key_by_name(key, &order.key)) {
        order.may = may_be(use);
        server = issue(middle, &order, &error);
        order.use = ISSUE_CLIENT;
        order.may = ISSUE_MAY_ALL;
        client = issue(middle, &order, &error);
    }
    if (server && client) {
        out->ca = issued_pem(ca);
        out->chain = issued_chain_pem(server);
        out->key = issued_key_pem(server);
        out->client_chain = issued_chain_pem(client);
        out->client_key = issued_key_pem(client);
    }
    issued_free(client);
    issued_free(server);
    issued_free(middle);
    issued_free(ca);
    return out->ca && out->chain && out->key && out->client_chain &&
           out->client_key;
}

void duet_certs_free(struct duet_certs *certs)
{
    hf_free(certs->ca, 0);
    hf_free(certs->chain, 0);
    hf_free(certs->key, 0);
    hf_free(certs->client_chain, 0);
    hf_free(certs->client_key, 0);
}

bool duet_add_pair(struct hf_config *config, const struct issued *by,
                   const struct issue_order *order)
{
    struct hf_error error = { .code = HF_OK };
    struct issued *it = issue(by, order, &error);
    char *chain = it ? issued_chain_pem(it) : NULL;
    char *key = it ? issued_key_pem(it) : NULL;
    bool ok = chain && key &&
              hf_config_add_keypair(config, hf_span_text(chain),
                                    hf_span_text(key));

    hf_free(chain, 0);
    hf_free(key, 0);
    issued_free(it);
    return ok;
}

bool duet_trust(struct hf_config *config, const struct issued *root)
{
    char *pem = issued_pem(root);
    bool ok = pem && hf_config_trust(config, hf_span_text(pem));

    hf_free(pem, 0);
    return ok;
}

bool duet_init(struct duet *d, const struct duet_certs *certs)
{
    *d = (struct duet){ .client_config = hf_config_new(),
                        .server_config = hf_config_new() };
    return d->client_config && d->server_config &&
           hf_config_set_provider(d->client_config, witness_provider()) &&
           hf_config_set_provider(d->server_config, witness_provider()) &&
           hf_config_set_clock(d->client_config, clock_now, NULL) &&
           hf_config_set_clock(d->server_config, clock_now, NULL) &&
           hf_config_trust(d->client_config, hf_span_text(certs->ca)) &&
           hf_config_add_keypair(d->server_config, hf_span_text(certs->chain),
                                 hf_span_text(certs->key));
}

bool duet_start(struct duet *d, const char *name)
{
    d->client = hf_conn_new(d->client_config, HF_CLIENT, name);
    d->server = hf_conn_new(d->server_config, HF_SERVER, NULL);
    return d->client && d->server;
}

void duet_flush(struct hf_conn *from, struct duet_wire *to)
{
    struct hf_span out = hf_conn_outgoing(from);
    size_t room = DUET_WIRE - to->len, n = out.len < room ? out.len : room;

    hf_copy(to->bytes + to->len, out.at, n);
    to->len += n;
    to->total += n;
    hf_conn_sent(from, n);
}

enum hf_outcome duet_take(struct hf_conn *to, struct duet_wire *from,
                          size_t chunk, uint8_t *got, size_t *got_len)
{
    enum hf_outcome outcome = HF_NEED_BYTES;
    size_t window = chunk ? chunk : from->len, used;
    struct hf_span data;

    for (;;) {
        if (window > from->len)
            window = from->len;
        outcome = hf_conn_receive(to, from->bytes, window, &used, &data);
        if (outcome == HF_DATA && *got_len + data.len <= DUET_WIRE) {
            hf_copy(got + *got_len, data.at, data.len);
            *got_len += data.len;
        }
        hf_move(from->bytes, from->bytes + used, from->len - used);
        from->len -= used;
        window -= used;
        if (outcome == HF_DATA)
            continue;
        if (outcome != HF_NEED_BYTES || window == from->len)
            return outcome;
        window += chunk;
    }
}

static bool moved(struct duet *d, struct hf_conn *conn, struct duet_wire *in,
                  struct duet_wire *out, uint8_t *got, size_t *got_len,
                  enum hf_outcome *last)
{
    size_t in_before = in->len, out_before = out->total;
    enum hf_outcome outcome = duet_take(conn, in, d->chunk, got, got_len);

    if (outcome != HF_NEED_BYTES)
        *last = outcome;
    duet_flush(conn, out);
    return in->len != in_before || out->total != out_before ||
           outcome == HF_READY;
}

bool duet_run(struct duet *d)
{
    bool more = true;

    while (more) {
        more = moved(d, d->client, &d->to_client, &d->to_server, d->got_client,
                     &d->client_len, &d->client_last);
        more |= moved(d, d->server, &d->to_server, &d->to_client, d->got_server,
                      &d->server_len, &d->server_last);
    }
    return hf_conn_ready(d->client) && hf_conn_ready(d->server);
}

void duet_round(struct duet *d)
{
    duet_take(d->client, &d->to_client, 0, d->got_client, &d->client_len);
    duet_flush(d->client, &d->to_server);
    duet_take(d->server, &d->to_server, 0, d->got_server, &d->server_len);
    duet_flush(d->server, &d->to_client);
}

bool duet_send(struct duet *d, struct hf_conn *from, struct hf_span data)
{
    struct duet_wire *to = from == d->client ? &d->to_server : &d->to_client;

    while (data.len) {
        size_t taken, made;

        duet_flush(from, to);
        made = hf_conn_send(from, data, to->bytes + to->len,
                            DUET_WIRE - to->len, &taken);
        to->len += made;
        to->total += made;
        data = hf_span_after(data, taken);
        if (!made && !hf_conn_outgoing(from).len)
            return false;
        if (to->len > DUET_WIRE / 2)
            duet_run(d);
    }
    return true;
}

void duet_talk(struct duet *d, const char *name)
{
    static const uint8_t text[5] = "hello";

    assert_true(duet_start(d, name));
    if (!duet_run(d))
        fail_msg("client: %s (%s), server: %s (%s)",
                 hf_error_name(hf_conn_error(d->client)->code),
                 hf_conn_error(d->client)->detail,
                 hf_error_name(hf_conn_error(d->server)->code),
                 hf_conn_error(d->server)->detail);
    assert_true(duet_send(d, d->client, HF_SPAN(text)));
    assert_true(duet_send(d, d->server, HF_SPAN(text)));
    duet_run(d);
    assert_int_equal(d->server_len, sizeof(text));
    assert_int_equal(d->client_len, sizeof(text));
    assert_memory_equal(d->got_server, text, sizeof(text));
    assert_memory_equal(d->got_client, text, sizeof(text));
}

void duet_hang_up(struct duet *d)
{
    hf_conn_free(d->client);
    hf_conn_free(d->server);
    d->client = d->server = NULL;
    d->to_client.len = d->to_server.len = 0;
    d->client_len = d->server_len = 0;
}

void duet_wipe(struct duet *d)
{
    hf_conn_free(d->client);
    hf_conn_free(d->server);
    hf_config_free(d->client_config);
    hf_config_free(d->server_config);
    d->client = d->server = NULL;
    d->client_config = d->server_config = NULL;
}
