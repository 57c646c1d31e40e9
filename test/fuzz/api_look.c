/* api_look.c - what must be so of an end of fuzz_api.c, at any time and at the
 * moments that count.
 *
 *   what failed stays failed, with the same reason, and does nothing more;
 *   ready is only who has a proof of the other, and who is second to become so
 *   finds that there is a first who has the same secret;
 *   data is what some end of the other role sent, byte for byte from the first
 *   on; before ready there is none but early data, of which there is no copy;
 *   one alert is sent, and nothing behind it. */
#define HF_UNPOISONED
#include "api.h"

#include <string.h>

struct past pasts[SERIALS];

/* Bytes that look random, twice the same, of which each end says a piece. */
enum { ROUND = 1 << 16 };

const uint8_t *said(unsigned serial, size_t at, bool early)
{
    static uint8_t all[2 * ROUND];

    for (size_t i = 0; !all[0] && i < ROUND; i++)
        all[i + ROUND] = (uint8_t)toy_mix(
            1, hf_span((const uint8_t *)&i, sizeof(i)));
    if (!all[0]) {
        memcpy(all, all + ROUND, ROUND);
        all[0] = all[ROUND] = 1;
    }
    return all + (4099 * serial + 2053 * early + at) % ROUND;
}

/* ---- data ---------------------------------------------------------------------------- */

enum { SURE = 8 }; /* so many bytes say whose they are */

static bool can_have_said(const struct end *e, unsigned serial, size_t at,
                          struct hf_span bytes, bool early)
{
    const struct past *p = &pasts[serial];

    return p->role != e->role && bytes.len <= ROUND &&
           at + bytes.len <= (early ? p->early : p->data) &&
           memcmp(said(serial, at, early), bytes.at, bytes.len) == 0;
}

static void take_once(uint32_t from)
{
    for (unsigned serial = 0; serial < SERIALS; serial++)
        if (from == 1u << serial)
            MUST(++pasts[serial].early_taken == 1);
}

void look_data(struct end *e, struct heard *heard, struct hf_span data,
               bool early)
{
    MUST(data.len > 0);
    MUST(early ? e->role == HF_SERVER &&
                     hf_conn_early(e->conn) == HF_EARLY_ACCEPTED
               : e->ready);
    for (unsigned serial = 0; serial < SERIALS; serial++)
        if (!can_have_said(e, serial, heard->len, data, early))
            heard->from &= ~(1u << serial);
    MUST(heard->from);
    if (early && heard->len < SURE && heard->len + data.len >= SURE)
        take_once(heard->from);
    heard->len += data.len;
}

/* ---- ready ----------------------------------------------------------------------------- */

/* The right certificate for that role, and one that has the name. */
static bool is_right(const struct end *e, struct hf_span der)
{
    if (e->role == HF_SERVER)
        return hf_span_equal(der, toy_der(TOY_CLIENT));
    return hf_span_equal(der, toy_der(TOY_SERVER)) &&
           (e->right_name || e->conn->session.settings->no_name_check);
}

/* Who must be verified was. */
static void look_proof(const struct end *e)
{
    const struct hf_settings *set = e->conn->session.settings;
    bool must = e->role == HF_CLIENT ||
                set->client_auth == HF_CLIENT_AUTH_REQUIRED;

    MUST(!e->said_no);
    if (!must || hf_conn_psk_identity(e->conn).len)
        return;
    MUST(hf_conn_peer_certificates(e->conn) > 0);
    if (set->no_verify || set->questions & HF_ASK_VERIFY)
        return;
    MUST(hf_conn_peer_verified(e->conn));
    MUST(is_right(e, hf_conn_peer_certificate(e->conn, 0)));
}

static bool has_first(const struct past *me)
{
    for (unsigned i = 0; i < SERIALS; i++) {
        const struct past *p = &pasts[i];

        if (p->role != me->role && p->has_secret &&
            memcmp(p->secret, me->secret, sizeof(me->secret)) == 0)
            return true;
    }
    return false;
}

void look_ready(struct end *e)
{
    struct past *me = &pasts[e->serial];
    bool is_second = hf_conn_version(e->conn) == HF_TLS13 ||
                             hf_conn_resumed(e->conn)
                         ? e->role == HF_SERVER
                         : e->role == HF_CLIENT;

    MUST(!e->ready && !e->failed && hf_conn_ready(e->conn));
    e->ready = me->ready = true;
    look_proof(e);
    me->has_secret = hf_conn_export(e->conn, "EXPORTER-fuzz", hf_span(NULL, 0),
                                    me->secret, sizeof(me->secret));
    MUST(me->has_secret || toy_has_failed());
    if (is_second && me->has_secret)
        MUST(has_first(me) || toy_has_failed());
    MUST(hf_conn_suite(e->conn) && hf_conn_version(e->conn));
    MUST(hf_suite_name(hf_conn_suite(e->conn)));
}

/* ---- what is said -------------------------------------------------------------------------- */

void look_watch(void *ctx, const struct hf_event *event)
{
    struct end *e = ctx;

    MUST(event->verdict && event->inputs && event->instead && event->subject);
    MUST(hf_event_name(event->id));
    if (event->kind != HF_EVENT_MESSAGE || !event->sent)
        return;
    /* One that could not be sealed was none. */
    MUST(!e->alerts || toy_has_failed());
    if (event->record == 21)
        e->alerts++;
}

/* ---- at any time -------------------------------------------------------------------------- */

static void look_failed(struct end *e)
{
    static const uint8_t byte;
    const struct hf_error *why = hf_conn_error(e->conn);
    struct hf_answer yes = { .accept = true };
    uint8_t room[100], empty;
    struct hf_span data, one = hf_span(&byte, 1);
    size_t n;

    if (!e->failed) {
        e->failed = true;
        e->why = *why;
    }
    MUST(why->code == e->why.code && why->alert == e->why.alert &&
         why->by_peer == e->why.by_peer && why->byte == e->why.byte);
    MUST(strcmp(why->detail, e->why.detail) == 0);
    MUST(hf_error_name(why->code) && hf_error_text(why->code));
    MUST(!hf_conn_ready(e->conn) && !hf_conn_question(e->conn).kind);
    MUST(!hf_conn_answer(e->conn, &yes));
    MUST(hf_conn_receive(e->conn, &empty, 0, &n, &data) == HF_FAILED && !n &&
         !data.len);
    MUST(!hf_conn_send(e->conn, one, room, sizeof(room), &n) && !n);
    MUST(!hf_conn_send_early(e->conn, one, room, sizeof(room), &n) && !n);
    MUST(!hf_conn_update_keys(e->conn, true));
    MUST(!hf_conn_export(e->conn, "x", one, room, 16));
    MUST(!hf_conn_export_early(e->conn, "x", one, room, 16));
    MUST(!hf_conn_channel_binding(e->conn, HF_BINDING_EXPORTER, room,
                                  sizeof(room)));
}

/* Before ready nothing that needs keys is to be had. */
static void look_unready(struct end *e)
{
    uint8_t room[HF_CHANNEL_BINDING_MAX];

    MUST(!e->ready && !hf_conn_ready(e->conn));
    MUST(!hf_conn_update_keys(e->conn, false));
    MUST(!hf_conn_export(e->conn, "x", hf_span(NULL, 0), room, 16));
    MUST(!hf_conn_channel_binding(e->conn, HF_BINDING_EXPORTER, room,
                                  sizeof(room)));
}

/* Whatever the state, it can be asked for. */
static void ask_all(const struct end *e)
{
    const struct hf_conn *c = e->conn;
    struct hf_attempt attempt;
    struct hf_sct sct;
    size_t n = hf_conn_peer_certificates(c);

    for (size_t i = 0; i < n; i++)
        MUST(hf_conn_peer_certificate(c, i).len > 0);
    MUST(!hf_conn_peer_certificate(c, n).len);
    for (n = 0; hf_conn_attempt(c, n, &attempt); n++)
        MUST(attempt.certificate.len > 0);
    MUST(n == hf_conn_attempts(c));
    for (n = 0; hf_conn_sct(c, n, &sct); n++)
        MUST(sct.bytes.len > 0);
    (void)hf_conn_retried(c);
    (void)hf_conn_own_chain(c);
    (void)hf_conn_client_auth(c);
    MUST(hf_conn_room(c, 1000) > 1000);
    MUST(hf_conn_early_left(c) == 0 || e->role == HF_CLIENT);
    if (hf_conn_server_name(c))
        MUST(strlen(hf_conn_server_name(c)) <= 255);
}

void end_look(struct end *e)
{
    if (!e->conn)
        return;
    if (hf_conn_error(e->conn)->code)
        look_failed(e);
    else if (!e->ready)
        look_unready(e);
    MUST(!e->failed || hf_conn_error(e->conn)->code);
    MUST(!e->ready || e->failed || hf_conn_ready(e->conn));
    ask_all(e);
}
