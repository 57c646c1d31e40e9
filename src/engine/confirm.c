/* confirm.c - a client learns what became of its certificate.
 *
 *   TLS 1.2   our Certificate -> Finished <- the server's Finished: accepted
 *   TLS 1.3   the server's Finished <- our Certificate, Finished -> ... ?
 *
 * In TLS 1.3 our handshake is over before the server has seen our certificate.
 * It never says yes: it goes on, with a ticket, with data, with new keys; or it
 * says no with an alert, which arrives in the middle of something else (RFC
 * 8446 4.4.2.4, 6.2).  So this is a state of the connection, and not only an
 * error of whatever is done next.
 *
 * What came before our last flight had gone was said without knowing us (data
 * may be, right after the server's Finished) and counts for nothing.  A server
 * that says more, and still has not looked, seems to have accepted; if it then
 * refuses, the state says so. */
#include "engine/conn.h"

/* Alerts about the certificate that the peer got, or did not get (RFC 8446
 * 6.2, RFC 5246 7.2.2). */
enum {
    HANDSHAKE_FAILURE = 40,
    BAD_CERTIFICATE = 42,
    CERTIFICATE_UNKNOWN = 46,
    UNKNOWN_CA = 48,
    ACCESS_DENIED = 49,
    DECRYPT_ERROR = 51,
    CERTIFICATE_REQUIRED = 116
};

static bool about_certificate(const struct hf_session *s, unsigned alert)
{
    switch (alert) {
    case UNKNOWN_CA:
    case ACCESS_DENIED:
    case CERTIFICATE_REQUIRED: return true;
    /* Our signature, if we made one. */
    case DECRYPT_ERROR: return s->own_chain >= 0;
    /* RFC 5246 7.4.6: so a server of TLS 1.2 says that it wants one. */
    case HANDSHAKE_FAILURE: return s->version == HF_TLS12 && s->own_chain < 0;
    default: return alert >= BAD_CERTIFICATE && alert <= CERTIFICATE_UNKNOWN;
    }
}

bool hf_conn_refused(struct hf_conn *conn, unsigned alert)
{
    struct hf_session *s = &conn->session;
    bool given = s->own_chain >= 0;

    if (s->role != HF_CLIENT || s->client_auth == HF_AUTH_NOT_ASKED ||
        !about_certificate(s, alert))
        return false;
    s->client_auth = HF_AUTH_REFUSED;
    hf_decided(s, HF_EV_CLIENT_AUTH, false, hf_alert_name(alert),
               given ? "the server refuses our certificate"
                     : "the server wants a certificate, and we gave none",
               NULL);
    if (given)
        hf_fail(&s->error, HF_E_ALERT,
                "the peer sent %s (%u): it refuses our certificate",
                hf_alert_name(alert), alert);
    else
        hf_fail(&s->error, HF_E_ALERT,
                "the peer sent %s (%u): it wants a certificate, and we gave "
                "none",
                hf_alert_name(alert), alert);
    return true;
}

void hf_conn_accepted(struct hf_conn *conn, const char *by)
{
    struct hf_session *s = &conn->session;

    if ((s->client_auth != HF_AUTH_GIVEN &&
         s->client_auth != HF_AUTH_NOT_GIVEN) ||
        (s->version != HF_TLS12 && !conn->flight_sent))
        return;
    s->client_auth = HF_AUTH_ACCEPTED;
    hf_decided(s, HF_EV_CLIENT_AUTH, true, by,
               s->own_chain >= 0 ? "our certificate is accepted"
                                 : "the server goes on without a certificate",
               NULL);
}

enum hf_client_auth_state hf_conn_client_auth(const struct hf_conn *conn)
{
    return (enum hf_client_auth_state)conn->session.client_auth;
}
