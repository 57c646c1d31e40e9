/* lab_run.c - two ends in one process, with memory between them: what each
 * said, put on the wire and used is kept for the steps that explain it.
 *
 * Everything comes from what the library shows to anybody who asks, events,
 * secrets among them, and the bytes it wants sent; but for one thing: the
 * server's private number, which nobody is ever told.  It is looked at where
 * it lies. */
#include "issue.h"
#include "lab.h"

#include "engine/conn.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOUR = 3600, ROUNDS = 32, SERVER_KX = 12 };

#define NAME "server.test"

bool lab_failed(struct lab *lab, const char *what)
{
    struct hf_error error = { .code = HF_OK };

    hf_fail(&error, HF_E_BUG, "%s", what);
    return fail_error(&lab->failure, &error, false);
}

static bool gave_up(struct lab *lab, const struct hf_error *error)
{
    return fail_error(&lab->failure, error, false);
}

/* ---- what an end says of itself ------------------------------------------------- */

/* The state of a key exchange of libcrypto's is the private number. */
static void peep(struct lab_end *end)
{
    const struct hf_own_share *own = &end->conn->handshake->shares[0];

    if (own->kx && own->kx->secret_len <= sizeof(end->private_number) &&
        own->kx->state_size <= sizeof(own->state))
        hf_copy(end->private_number, own->state, own->kx->secret_len);
}

static void hear_message(struct lab_end *end, const struct hf_event *e)
{
    struct lab_message *m = &end->message[end->messages];

    if (e->record != HF_CONTENT_HANDSHAKE)
        return;
    if (e->message == SERVER_KX && !end->is_client)
        peep(end);
    if (end->messages == LAB_MESSAGES ||
        e->bytes.len > LAB_STREAM - end->heard_len) {
        end->too_much = true;
        return;
    }
    m->type = e->message;
    m->by_client = e->sent == end->is_client;
    m->bytes = hf_span(end->heard + end->heard_len, e->bytes.len);
    hf_copy(end->heard + end->heard_len, e->bytes.at, e->bytes.len);
    end->heard_len += e->bytes.len;
    end->messages++;
}

static void hear_secret(struct lab_end *end, const struct hf_event *e)
{
    bool premaster = strcmp(e->subject, "PREMASTER_SECRET") == 0;
    uint8_t *to = premaster ? end->premaster : end->master;
    size_t room = premaster ? sizeof(end->premaster) : sizeof(end->master);

    if (!premaster && strcmp(e->subject, "CLIENT_RANDOM") != 0)
        return;
    if (e->bytes.len > room) {
        end->too_much = true;
        return;
    }
    hf_copy(to, e->bytes.at, e->bytes.len);
    *(premaster ? &end->premaster_len : &end->master_len) = e->bytes.len;
}

static void hear(void *ctx, const struct hf_event *e)
{
    struct lab_end *end = ctx;

    if (e->kind == HF_EVENT_MESSAGE)
        hear_message(end, e);
    else if (e->kind == HF_EVENT_SECRET)
        hear_secret(end, e);
}

/* ---- certificates and configurations ----------------------------------------------- */

static int64_t now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static bool set_up(struct lab *lab, struct lab_end *end)
{
    const struct lab_order *order = &lab->order;
    uint16_t suites[2] = { 0, 0 }, groups[2] = { 0, 0 };

    end->config = hf_config_new();
    if (!end->config)
        return lab_failed(lab, "out of memory");
    if (order->suite)
        suites[0] = (uint16_t)hf_suite_number(order->suite);
    else if (lab->kind == LAB_RSA)
        suites[0] = 0x009c; /* TLS_RSA_WITH_AES_128_GCM_SHA256 */
    if (order->group)
        groups[0] = (uint16_t)hf_group_number(order->group);
    return (hf_config_set_versions(end->config, HF_TLS12, HF_TLS12) &&
            (!suites[0] || hf_config_set_suites(end->config, suites)) &&
            (!groups[0] || hf_config_set_groups(end->config, groups)) &&
            hf_config_set_clock(end->config, now, NULL) &&
            hf_config_set_watch(end->config, hear, end, true)) ||
           gave_up(lab, hf_config_error(end->config));
}

/* An authority and a certificate that it has issued, for an hour. */
static bool certify(struct lab *lab, struct issued **ca, struct issued **site)
{
    static const char *const names[] = { NAME };
    struct issue_order order = { .names = names,
                                 .count = 1,
                                 .common_name = "handfast lab CA",
                                 .not_after = (int64_t)time(NULL) + HOUR };
    struct hf_error error = { .code = HF_OK };

    *ca = issue_root(&order, &error);
    order.common_name = NULL;
    if (!issue_key_by_name(lab->order.key, &order.key))
        return lab_failed(lab, "no such kind of key");
    *site = *ca ? issue(*ca, &order, &error) : NULL;
    return *site || gave_up(lab, &error);
}

static bool give_certificate(struct lab *lab)
{
    struct issued *ca = NULL, *site = NULL;
    bool good = certify(lab, &ca, &site);
    char *trust = good ? issued_pem(ca) : NULL;
    char *chain = good ? issued_chain_pem(site) : NULL;

    lab->site_key = good ? (uint8_t *)issued_key_pem(site) : NULL;
    if (good && (!trust || !chain || !lab->site_key))
        good = lab_failed(lab, "out of memory");
    if (good && !hf_config_add_keypair(lab->server.config, hf_span_text(chain),
                                       hf_span_text((char *)lab->site_key)))
        good = gave_up(lab, hf_config_error(lab->server.config));
    if (good && !hf_config_trust(lab->client.config, hf_span_text(trust)))
        good = gave_up(lab, hf_config_error(lab->client.config));
    free(trust);
    free(chain);
    issued_free(site);
    issued_free(ca);
    return good;
}

/* ---- the wire ------------------------------------------------------------------------ */

/* What @end wants sent goes to its stream. */
static void put(struct lab_end *end)
{
    struct hf_span out = hf_conn_outgoing(end->conn);

    if (out.len > LAB_STREAM - end->stream_len) {
        end->too_much = true;
        return;
    }
    hf_copy(end->stream + end->stream_len, out.at, out.len);
    end->stream_len += out.len;
    hf_conn_sent(end->conn, out.len);
}

static void keep_data(struct lab_end *end, struct hf_span data)
{
    if (data.len > sizeof(end->data) - end->data_len) {
        end->too_much = true;
        return;
    }
    hf_copy(end->data + end->data_len, data.at, data.len);
    end->data_len += data.len;
}

/* Give @to all that @from has said.  The library opens records where they lie,
 * and the stream is to stay as it travelled, so it gets a copy. */
static bool take(struct lab *lab, struct lab_end *to, struct lab_end *from)
{
    size_t len = from->stream_len - from->taken, at = 0, used;
    uint8_t *copy = malloc(len ? len : 1);
    enum hf_outcome outcome;
    struct hf_span data;

    if (!copy)
        return lab_failed(lab, "out of memory");
    hf_copy(copy, from->stream + from->taken, len);
    from->taken = from->stream_len;
    do {
        outcome = hf_conn_receive(to->conn, copy + at, len - at, &used, &data);
        at += used;
        if (outcome == HF_DATA)
            keep_data(to, data);
        to->closed |= outcome == HF_CLOSED;
    } while (outcome == HF_DATA || outcome == HF_READY);
    free(copy);
    put(to);
    if (outcome == HF_FAILED)
        return gave_up(lab, hf_conn_error(to->conn));
    return true;
}

static bool exchange(struct lab *lab)
{
    struct lab_end *c = &lab->client, *s = &lab->server;

    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t before = c->stream_len + s->stream_len;

        if (!take(lab, c, s) || !take(lab, s, c))
            return false;
        if (c->too_much || s->too_much)
            return lab_failed(lab, "they said more than was expected");
        if (c->stream_len + s->stream_len == before)
            return true;
    }
    return lab_failed(lab, "they do not come to an end");
}

/* ---- the run ----------------------------------------------------------------------------- */

static bool send_line(struct lab *lab)
{
    struct lab_end *c = &lab->client;
    struct hf_span line = hf_span_text(LAB_LINE);
    size_t taken = 0;
    size_t n = hf_conn_send(c->conn, line, c->stream + c->stream_len,
                            LAB_STREAM - c->stream_len, &taken);

    if (!n || taken != line.len)
        return lab_failed(lab, "the line could not be sent");
    c->stream_len += n;
    return exchange(lab);
}

static bool say_goodbye(struct lab *lab)
{
    hf_conn_close(lab->client.conn);
    put(&lab->client);
    if (!exchange(lab))
        return false;
    hf_conn_close(lab->server.conn);
    put(&lab->server);
    return exchange(lab);
}

bool lab_run(struct lab *lab)
{
    struct lab_end *c = &lab->client, *s = &lab->server;

    c->is_client = true;
    if (!set_up(lab, c) || !set_up(lab, s) || !give_certificate(lab))
        return false;
    c->conn = hf_conn_new(c->config, HF_CLIENT, NAME);
    s->conn = hf_conn_new(s->config, HF_SERVER, NULL);
    if (!c->conn || !s->conn)
        return lab_failed(lab, "out of memory");
    if (!exchange(lab))
        return false;
    if (!hf_conn_ready(c->conn) || !hf_conn_ready(s->conn))
        return lab_failed(lab, "the handshake did not come to an end");
    c->forgot = !c->conn->handshake;
    s->forgot = !s->conn->handshake;
    lab->suite = hf_suite_by_number(hf_conn_suite(c->conn));
    if (!lab->suite || c->master_len != LAB_MASTER || !c->premaster_len)
        return lab_failed(lab, "no secrets were told");
    return send_line(lab) && say_goodbye(lab);
}

void lab_wipe(struct lab *lab)
{
    if (lab->site_key)
        hf_wipe(lab->site_key, strlen((char *)lab->site_key));
    free(lab->site_key);
    hf_conn_free(lab->client.conn);
    hf_conn_free(lab->server.conn);
    hf_config_free(lab->client.config);
    hf_config_free(lab->server.config);
    hf_wipe(lab, sizeof(*lab));
}

/* ---- what happened ------------------------------------------------------------------------ */

struct hf_span lab_message(const struct lab *lab, unsigned type)
{
    for (size_t i = 0; i < lab->client.messages; i++)
        if (lab->client.message[i].type == type)
            return lab->client.message[i].bytes;
    return hf_span(NULL, 0);
}

struct hf_span lab_transcript(const struct lab *lab, unsigned type, unsigned n)
{
    const struct lab_end *c = &lab->client;

    for (size_t i = 0; i < c->messages; i++)
        if (c->message[i].type == type && n-- == 0)
            return hf_span(c->heard,
                           (size_t)(c->message[i].bytes.at - c->heard));
    return hf_span(NULL, 0);
}

struct hf_span lab_record(const struct lab_end *end, unsigned type, unsigned n)
{
    struct hf_span rest = hf_span(end->stream, end->stream_len);

    while (rest.len >= 5) {
        size_t len = 5 + hf_number(rest.at + 3, 2);

        if (len > rest.len)
            break;
        if (rest.at[0] == type && n-- == 0)
            return hf_span(rest.at, len);
        rest = hf_span_after(rest, len);
    }
    return hf_span(NULL, 0);
}
