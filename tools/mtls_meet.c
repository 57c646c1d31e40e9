/* mtls_meet.c - the proof: both sides shake hands, here in memory or the client
 * with a host, and whoever refuses whose certificate is told apart.
 *
 * Of two ends only one finds the fault; the other hears of it in an alert.  Who
 * found it is whose error is not .by_peer, and what it found is a certificate
 * when the command's exit code would say so. */
#include "client.h"
#include "mtls.h"

#include "engine/conn.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 64, WIRE = 128 * 1024, ASKED = 13, ALERT_WAIT_MS = 1500 };

/* ---- in memory --------------------------------------------------------------------- */

/* One direction. */
struct wire {
    uint8_t *at;
    size_t len;
};

/* What @from wants said goes behind what lies there; false: too much. */
static bool put(struct wire *wire, struct hf_conn *from)
{
    struct hf_span out = hf_conn_outgoing(from);

    if (out.len > WIRE - wire->len)
        return false;
    if (out.len)
        memcpy(wire->at + wire->len, out.at, out.len);
    wire->len += out.len;
    hf_conn_sent(from, out.len);
    return true;
}

/* @to takes what lies there; false: it failed, which its error tells. */
static bool take(struct wire *wire, struct hf_conn *to)
{
    size_t at = 0, used = 0;
    enum hf_outcome outcome;
    struct hf_span data;

    do {
        outcome = hf_conn_receive(to, wire->at + at, wire->len - at, &used,
                                  &data);
        at += used;
    } while (outcome == HF_DATA || outcome == HF_READY);
    wire->len -= at;
    memmove(wire->at, wire->at + at, wire->len);
    return outcome != HF_FAILED;
}

/* Until nobody has anything to say; what fails still says its alert. */
static void play(struct hf_conn *client, struct hf_conn *server,
                 struct wire *up, struct wire *down)
{
    bool client_up = true, server_up = true;

    for (unsigned i = 0; i < ROUNDS; i++) {
        if (client_up)
            client_up = take(down, client);
        if (!put(up, client))
            return;
        if (server_up)
            server_up = take(up, server);
        if (!put(down, server) || (!down->len && i))
            return;
        if (!client_up && !server_up)
            return;
    }
}

static struct hf_config *side_config(struct doctor *d, enum whose side,
                                     unsigned version)
{
    struct hf_config *config = hf_config_new();

    if (config &&
        hf_config_add_keypair_file(config, d->files.cert[side],
                                   d->files.key[side]) &&
        hf_config_trust_file(config, d->files.trust[side]) &&
        (!version || hf_config_set_versions(config, version, version)) &&
        (side == OF_CLIENT ||
         hf_config_set_client_auth(config, HF_CLIENT_AUTH_REQUIRED)))
        return config;
    hf_config_free(config);
    return NULL;
}

/* ---- who refuses whom ------------------------------------------------------------------ */

static bool about_certificate(const struct hf_error *error)
{
    return exit_of(error, false) == HF_EXIT_PEER_CERT;
}

/* Alerts that say what a peer thinks of our certificate (RFC 8446 6.2). */
/* clang-format off */
static const struct {
    uint8_t alert;
    const char *text, *next;
} alerts[] = {
    {  42, "the server finds the client's certificate bad", "its log says why; handfast cert verify --purpose client may, too" },
    {  43, "the server cannot use such a certificate", "it may be for another purpose, or its kind of key is not known there: handfast ca issue NAME --client" },
    {  44, "the server knows that the client's certificate is revoked", "have a new one issued: handfast ca issue NAME --client" },
    {  45, "the server finds that the client's certificate is not valid at this time", "have a new one issued, and compare the clocks" },
    {  46, "the server does not accept the client's certificate, for a reason of its own", "its log says why" },
    {  48, "the server does not trust who issued the client's certificate", "give the server the authority's certificate (--client-ca here; nginx: ssl_client_certificate), or send the intermediate along" },
    {  49, "the server knows the client and lets it not in", "its log, or who runs it, says who may come in" },
    {  51, "the server could not verify the client's signature", "certificate and key may not belong together: handfast mtls doctor without --connect" },
    { 116, "the server insists on a certificate and got none", "the server's list of authorities may not have ours: --client-ca there" },
};
/* clang-format on */

static bool by_alert(struct doctor *d, const char *what,
                     const struct hf_error *error)
{
    for (size_t i = 0; i < HF_COUNT(alerts); i++) {
        struct finding *f;
        char room[2 * HF_DETAIL_MAX];

        if (!error->by_peer || alerts[i].alert != error->alert)
            continue;
        f = finding_add(d, OF_HANDSHAKE, what, BAD);
        f->code = error->code;
        f->text = alerts[i].text;
        f->next = alerts[i].next;
        hf_format(f->detail, sizeof(f->detail), "%s",
                  lang_text(error->detail, room, sizeof(room)));
        return true;
    }
    return false;
}

/* @error was found by the end @finder. */
static void tell_fault(struct doctor *d, const char *what, enum whose finder,
                       const struct hf_error *error)
{
    enum whose blamed = finder == OF_CLIENT ? OF_SERVER : OF_CLIENT;
    struct finding *f;

    finding_error(d, OF_HANDSHAKE, what, error);
    f = &d->found[d->count - 1];
    if (about_certificate(error)) {
        f->text = finder == OF_CLIENT
                      ? "the client refuses the server's certificate"
                      : "the server refuses the client's certificate";
        f->next = finding_next(error->code, blamed);
    }
}

static void tell_meeting(struct doctor *d, const char *what,
                         const struct hf_conn *client,
                         const struct hf_conn *server)
{
    const struct hf_error *c = hf_conn_error(client);
    const struct hf_error *s = hf_conn_error(server);
    struct finding *f;

    if (c->code && !c->by_peer) {
        tell_fault(d, what, OF_CLIENT, c);
    } else if (s->code && !s->by_peer) {
        tell_fault(d, what, OF_SERVER, s);
    } else if (hf_conn_ready(client) && hf_conn_ready(server) &&
               hf_conn_peer_verified(server)) {
        f = finding_add(d, OF_HANDSHAKE, what, FINE);
        f->text = "each accepts the other's certificate";
    } else {
        f = finding_add(d, OF_HANDSHAKE, what, BAD);
        f->text = "the handshake does not come to its end";
        f->next = "this is a fault of handfast: please report it";
    }
}

static const char *version_text(unsigned version)
{
    return version == HF_TLS13 ? "TLS 1.3" : "TLS 1.2";
}

static void not_tried(struct doctor *d, const char *what)
{
    struct finding *f = finding_add(d, OF_HANDSHAKE, what, NOTE);

    f->text = "not tried: first mend what is above";
}

void mtls_meet(struct doctor *d, unsigned version)
{
    const char *what = version_text(version);
    struct hf_config *server = side_config(d, OF_SERVER, version);
    struct hf_config *client = side_config(d, OF_CLIENT, version);
    struct hf_conn *ends[2] = { NULL, NULL };
    struct wire up = { malloc(WIRE), 0 }, down = { malloc(WIRE), 0 };

    if (server && client && d->name && up.at && down.at) {
        ends[OF_SERVER] = hf_conn_new(server, HF_SERVER, NULL);
        ends[OF_CLIENT] = hf_conn_new(client, HF_CLIENT, d->name);
    }
    if (ends[OF_SERVER] && ends[OF_CLIENT]) {
        play(ends[OF_CLIENT], ends[OF_SERVER], &up, &down);
        tell_meeting(d, what, ends[OF_CLIENT], ends[OF_SERVER]);
    } else {
        not_tried(d, what);
    }
    hf_conn_free(ends[OF_CLIENT]);
    hf_conn_free(ends[OF_SERVER]);
    hf_config_free(client);
    hf_config_free(server);
    free(up.at);
    free(down.at);
}

/* ---- with a host ----------------------------------------------------------------------- */

static void hear(void *ctx, const struct hf_event *event)
{
    bool *asked = ctx;

    if (event->kind == HF_EVENT_MESSAGE && !event->sent &&
        event->record == 22 && event->message == ASKED)
        *asked = true;
}

/* In TLS 1.3 a server looks at the client's certificate when the client's
 * handshake is over: its refusal is the first thing that it says. */
static bool hear_refusal(struct hf_tls *tls)
{
    uint8_t byte[1];
    ssize_t n;

    hf_tls_set_deadline(tls, ALERT_WAIT_MS);
    n = hf_read(tls, byte, sizeof(byte));
    return n < 0 && hf_tls_error(tls)->by_peer;
}

static void tell_visit(struct doctor *d, struct hf_tls *tls, bool asked)
{
    const struct hf_error *error = hf_tls_error(tls);
    struct finding *f;

    if (error->code || (asked && hear_refusal(tls))) {
        error = hf_tls_error(tls);
        if (!by_alert(d, d->host, error))
            tell_fault(d, d->host, OF_CLIENT, error);
        return;
    }
    f = finding_add(d, OF_HANDSHAKE, d->host, asked ? FINE : BAD);
    hf_format(f->detail, sizeof(f->detail), "%s",
              version_text(hf_conn_version(hf_tls_conn(tls))));
    f->text = asked ? "each accepts the other's certificate"
                    : "the server did not ask for a certificate";
    if (!asked)
        f->next =
            "have it ask: handfast serve --verify-client required; nginx: "
            "ssl_verify_client on";
}

void mtls_visit(struct doctor *d)
{
    char host[HOST_MAX], port[8];
    struct hf_config *config = side_config(d, OF_CLIENT, 0);
    struct hf_tls *tls = NULL;
    bool asked = false;

    if (!host_port_read(d->host, host, sizeof(host), port, sizeof(port)) ||
        !host[0]) {
        struct finding *f = finding_add(d, OF_HANDSHAKE, d->host, BAD);

        f->text = "this is not HOST:PORT";
        f->next = "such as localhost:8443";
    } else if (!config || !hf_config_set_watch(config, hear, &asked, false)) {
        not_tried(d, d->host);
    } else {
        tls = hf_connect(config, host, port[0] ? port : "443");
        if (tls)
            tell_visit(d, tls, asked);
        hf_tls_own_fd(tls);
    }
    hf_tls_free(tls);
    hf_config_free(config);
}
