/* resume12.c - TLS 1.2 sessions resumed: by ticket (RFC 5077 3), or by the id
 * that the server gave them (RFC 5246 7.3).
 *
 * Either way the session lies sealed: in the ticket, which the client brings
 * along, or in the server's cache, under the id.  Only sessions whose master
 * secret is bound to their handshake are kept (RFC 7627 5.4): of another, two
 * connections could have the same. */
#include "handshake/resume.h"

/* ---- the server: what the client names ----------------------------------------------- */

enum { ID_LEN = 32 };

static struct hf_saved_session *from_ticket(struct hf_handshake *hs,
                                            bool *renew)
{
    struct hf_saved_session *saved;

    if (!hs->offer.ticket.len || !hf_gives_tickets(hs->settings))
        return NULL;
    saved = hf_session_open(hs, hs->offer.ticket, renew);
    if (!saved)
        hf_not_resumed(hs, "a ticket that is not of ours, is too old, or "
                           "belongs to other names or settings");
    return saved;
}

static struct hf_saved_session *from_cache(struct hf_handshake *hs)
{
    const struct hf_sessions *cache = &hs->settings->sessions;
    struct hf_saved_session *saved;
    struct hf_span id = hs->offer.hello.legacy_session_id, sealed;
    bool renew;

    if (!cache->get || id.len != ID_LEN || hs->offer.ticket.len)
        return NULL;
    sealed = hf_session_fetch(hs, id, false);
    if (!sealed.len) {
        hf_not_resumed(hs, "no session of that id is kept");
        return NULL;
    }
    saved = hf_session_open(hs, sealed, &renew);
    if (!saved)
        hf_not_resumed(hs, "the session of that id is too old, or belongs to "
                           "other names or settings");
    return saved;
}

/* Does it fit what this hello offers and what we accept today? */
static bool fits(struct hf_handshake *hs, const struct hf_saved_session *saved)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    const struct hf_suite *suite = hf_suite_by_number(saved->cipher_suite);
    struct hf_session *s = hs->session;

    if (saved->version != HF_TLS12 || saved->secret.len != HF_MASTER_LEN ||
        !suite || suite->version != HF_TLS12 ||
        !hf_numbers_have(&hs->settings->suites, suite->number) ||
        !hf_listed(hs->offer.hello.cipher_suites, suite->number)) {
        hf_not_resumed(hs, "its version or its cipher suite is not accepted "
                           "on both sides today");
        return false;
    }
    s->suite = suite;
    s->hash = hf_hash_by_id(c, suite->hash);
    s->aead = hf_suite_aead(c, suite);
    return s->hash && s->aead;
}

/* An id under which the session may be called back, if there is a place to
 * keep it and the client takes no ticket. */
static bool give_id(struct hf_handshake *hs)
{
    if (hs->facts & HF_FACT_TICKET || !hs->settings->sessions.put ||
        !hs->session->extended_master || !hs->settings->clock)
        return true;
    hs->session_id_len = ID_LEN;
    return hf_random(&hs->settings->crypto, hs->session_id, ID_LEN) ||
           hf_fail(hs->error, HF_E_RANDOM, NULL);
}

/* RFC 7627 5.3: "the server MUST abort": somebody has taken away the proof
 * that both speak of the same session. */
static bool same_kind(struct hf_handshake *hs)
{
    return hs->session->extended_master ||
           hf_fail(hs->error, HF_E_EXTENDED_MASTER,
                   "extended_master_secret is missing in the ClientHello");
}

bool hf_resume12(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    struct hf_saved_session *saved;
    bool renew = false;

    if (!hf_gives_tickets(hs->settings) && !hs->settings->sessions.get)
        return true;
    if (!hf_session_bind(hs))
        return false;
    saved = from_ticket(hs, &renew);
    if (!saved)
        saved = from_cache(hs);
    if (saved && fits(hs, saved)) {
        hs->saved = saved;
        if (!same_kind(hs))
            return false;
        if (hf_session_resume(hs)) {
            struct hf_span id = hs->offer.hello.legacy_session_id;

            hf_copy(s->master_secret, saved->secret.at, HF_MASTER_LEN);
            hf_copy(hs->session_id, id.at, id.len);
            hs->session_id_len = (uint8_t)id.len;
        }
    }
    if (hs->error->code)
        return false;
    if (hs->offer.ticket.at && hf_gives_tickets(hs->settings) &&
        s->extended_master && (!s->resumed || renew))
        hs->facts |= HF_FACT_TICKET;
    return s->resumed || give_id(hs);
}

/* ---- the server: what it gives ------------------------------------------------------------ */

static struct hf_saved_session master_of(const struct hf_session *s)
{
    return (struct hf_saved_session){
        .lifetime = s->settings->session_lifetime,
        .secret = HF_SPAN(s->master_secret),
    };
}

/* RFC 5077 3.3: who has promised a ticket and has none sends an empty one. */
enum hf_step_result hf_send_ticket12(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    struct hf_saved_session what = master_of(s);
    struct hf_buffer sealed = { .at = NULL };
    struct hf_new_session_ticket_12 ticket = { .lifetime_hint = 0 };
    bool ok;

    if (hf_session_save(s, &what, &sealed)) {
        ticket.lifetime_hint = what.lifetime;
        ticket.ticket = hf_buffer_bytes(&sealed);
    }
    hf_say_ticket(s, ticket.ticket.len != 0, ticket.ticket.len,
                  ticket.lifetime_hint, "given");
    ok = hf_message_send(hs, HF_NEW_SESSION_TICKET, hf_new_session_ticket_12,
                         &ticket, 6 + ticket.ticket.len);
    hf_buffer_wipe(&sealed);
    return hf_step(ok);
}

void hf_cache12(struct hf_handshake *hs)
{
    struct hf_saved_session what = master_of(hs->session);

    if (hs->session_id_len && !hs->session->resumed)
        hf_session_put(hs->session, hf_span(hs->session_id, hs->session_id_len),
                       &what);
}

/* ---- the client ---------------------------------------------------------------------------------- */

/* The server's echo of our session id says that it resumes (RFC 5077 3.4). */
static bool check_resumed(struct hf_handshake *hs, bool extended)
{
    const struct hf_saved_session *saved = hs->saved;

    if (!saved || saved->version != HF_TLS12)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "the server resumes a session that there never was");
    if (saved->cipher_suite != hs->session->suite->number ||
        saved->secret.len != HF_MASTER_LEN)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "the session was made with cipher suite %x, and is "
                       "resumed with %x",
                       (unsigned)saved->cipher_suite,
                       (unsigned)hs->session->suite->number);
    return extended ||
           hf_fail(hs->error, HF_E_EXTENDED_MASTER,
                   "extended_master_secret is missing in the ServerHello");
}

bool hf_resumed12(struct hf_handshake *hs, struct hf_span echo, bool extended)
{
    struct hf_session *s = hs->session;
    struct hf_span id = { hs->session_id, hs->session_id_len };

    if (!echo.len || !hf_span_equal(echo, id)) {
        if (hs->saved && hs->saved->version == HF_TLS12)
            hf_not_resumed(hs, "the server does not take up the session");
        hf_session_drop(hs);
        hs->saved = NULL;
        hf_copy(hs->session_id, echo.at, echo.len);
        hs->session_id_len = (uint8_t)echo.len;
        return true;
    }
    if (!check_resumed(hs, extended) || !hf_session_resume(hs))
        return false;
    hf_copy(s->master_secret, hs->saved->secret.at, HF_MASTER_LEN);
    return true;
}

enum hf_step_result hf_recv_ticket12(struct hf_handshake *hs,
                                     const struct hf_message *m)
{
    struct hf_new_session_ticket_12 ticket;

    if (!hf_message_read(hs, hf_new_session_ticket_12, m->body, &ticket))
        return HF_STEP_FAILED;
    hs->ticket = hf_arena_copy(&hs->arena, ticket.ticket);
    hs->ticket_lifetime = ticket.lifetime_hint;
    hf_say_ticket(hs->session, true, ticket.ticket.len, ticket.lifetime_hint,
                  NULL);
    return hf_step(hs->ticket.at || hf_arena_fail(&hs->arena, hs->error));
}

/* A new ticket replaces the old one; without one, the session stays as it is
 * and may be resumed again. */
void hf_keep12(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    struct hf_saved_session what = master_of(s);

    what.lifetime = hs->ticket_lifetime;
    what.ticket = hs->ticket;
    if (s->resumed && what.ticket.len)
        hf_session_drop(hs);
    if (!s->resumed && !what.ticket.len)
        what.session_id = hf_span(hs->session_id, hs->session_id_len);
    if (s->extended_master && (what.ticket.len || what.session_id.len))
        hf_session_keep(s, &what);
}
