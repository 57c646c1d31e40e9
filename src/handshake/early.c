/* early.c - 0-RTT data: what a client says before the server has answered (RFC
 * 8446 2.3, 4.2.10, 4.5).
 *
 *   client  hello, early data -----> | EndOfEarlyData, Finished -----> data
 *   server            <--------- hello ... Finished, data
 *
 * Whoever has a copy of the client's first bytes can send them again, to this
 * server or to another that has its ticket keys, and nothing in them shows it.
 * So early data is off unless it was asked for; it is taken only for the first
 * use of a hello that a strike register vouches for, within the seconds in
 * which it was sent (RFC 8446 8); and it never mixes with other data.  Whatever
 * is not as it should be, the handshake goes on without it. */
#include "handshake/resume.h"
#include "handshake/verbs.h"

/* ---- the client's offer ------------------------------------------------------------ */

/* Is @protocol among ours?  None is, too: the server chose none. */
static bool is_ours(const struct hf_settings *set, struct hf_span protocol)
{
    struct hf_span list = set->protocols;
    struct hf_protocol_name name;

    if (!protocol.len)
        return true;
    while (hf_wire_next(hf_protocol_name, &list, &name))
        if (hf_span_equal(name.name, protocol))
            return true;
    return false;
}

void hf_early_consider(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_settings *set = hs->settings;
    const struct hf_saved_session *saved = hs->saved;
    const char *why = NULL;

    if (!set->early_data || set->max_version < HF_TLS13)
        return;
    if (!saved || saved->version != HF_TLS13 || !hf_psk_hash(hs, saved))
        why = "there is no session of TLS 1.3 to go with it";
    else if (!saved->max_early_data)
        why = "the server's ticket does not allow it";
    else if (!is_ours(set, saved->protocol))
        why = "the session's application protocol is not on offer";
    if (why) {
        hf_decided(s, HF_EV_EARLY_DATA, true, why, "not offered", NULL);
        return;
    }
    s->early = HF_EARLY_OFFERED;
    s->early_left = saved->max_early_data < set->early_data
                        ? saved->max_early_data
                        : set->early_data;
    hf_decided(s, HF_EV_EARLY_DATA, true,
               "the session's ticket and our settings allow it", "offered",
               NULL);
}

bool hf_write_early_offer(struct hf_handshake *hs, enum hf_place place,
                          struct hf_writer *w)
{
    struct hf_empty nothing = { 0 };

    /* "MUST NOT" in a second hello (RFC 8446 4.1.2): then it is refused. */
    if (hs->session->early != HF_EARLY_OFFERED)
        return false;
    hf_wire_write_ext(hf_empty, w, HF_EXT_early_data, place, &nothing);
    return true;
}

bool hf_early_begin(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_suite *suite;

    if (s->early != HF_EARLY_OFFERED)
        return true;
    suite = hf_suite_by_number(hs->saved->cipher_suite);
    /* RFC 8446 D.4: the dummy CCS comes right after the first hello then. */
    return hf_keys13_early(hs, hf_psk_hash(hs, hs->saved)) &&
           hf_send_dummy_ccs(hs) &&
           hf_keys13_install_as(s, suite, true, hs->client_early,
                                HF_EARLY_DATA);
}

bool hf_early_open(const struct hf_handshake *hs)
{
    return hs->session->out.epoch == HF_EARLY_DATA;
}

/* ---- the server's answer ------------------------------------------------------------- */

void hf_early_refused(struct hf_handshake *hs, const char *why)
{
    struct hf_session *s = hs->session;

    if (s->early != HF_EARLY_OFFERED)
        return;
    s->early = HF_EARLY_REJECTED;
    s->early_left = 0;
    hf_direction_wipe(&s->out);
    hf_wipe(hs->client_early, sizeof(hs->client_early));
    hf_wipe(s->early_exporter, sizeof(s->early_exporter));
    /* Nothing has failed: ok is true. */
    hf_decided(s, HF_EV_EARLY_DATA, true, why, "rejected",
               "it must be sent again");
}

bool hf_read_early_taken(struct hf_handshake *hs, enum hf_place place,
                         const struct hf_extensions *block)
{
    struct hf_empty nothing;

    (void)place;
    if (!hf_ext_body(hs, hf_empty, block, HF_EXT_early_data, &nothing))
        return false;
    if (hs->session->early != HF_EARLY_OFFERED)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "early data was accepted without its session");
    hs->facts |= HF_FACT_EARLY;
    return true;
}

/* RFC 8446 4.2.10: what was sealed for one suite and meant for one protocol was
 * not accepted for another. */
static bool check_same(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    struct hf_span before = hs->saved->protocol;
    struct hf_span now = hf_span_text(s->protocol);

    if (hs->saved->cipher_suite != s->suite->number)
        return hf_fail(hs->error, HF_E_EARLY_CHANGED,
                       "it was sealed for cipher suite %x, and %s was chosen",
                       (unsigned)hs->saved->cipher_suite, s->suite->name);
    return hf_span_equal(before, now) ||
           hf_fail(hs->error, HF_E_EARLY_CHANGED,
                   "it was meant for protocol %q, and %q was chosen", &before,
                   &now);
}

bool hf_early_answered(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;

    if (s->early != HF_EARLY_OFFERED)
        return true;
    if (!(hs->facts & HF_FACT_EARLY)) {
        hf_early_refused(hs, "the server did not accept it");
        return hf_keys13_install(s, true, hs->client_hs, HF_HANDSHAKE);
    }
    if (!check_same(hs))
        return false;
    s->early = HF_EARLY_ACCEPTED;
    hf_decided(s, HF_EV_EARLY_DATA, true, "the server accepted it", "accepted",
               NULL);
    return true;
}

/* ---- EndOfEarlyData (RFC 8446 4.5) ------------------------------------------------------ */

enum hf_step_result hf_send_end_of_early_data(struct hf_handshake *hs)
{
    struct hf_end_of_early_data end = { 0 };

    hs->session->early_left = 0;
    return hf_step(
        hf_message_send(hs, HF_END_OF_EARLY_DATA, hf_end_of_early_data, &end,
                        0) &&
        hf_keys13_install(hs->session, true, hs->client_hs, HF_HANDSHAKE));
}

enum hf_step_result hf_recv_end_of_early_data(struct hf_handshake *hs,
                                              const struct hf_message *m)
{
    struct hf_end_of_early_data end;

    hs->session->early_left = 0;
    return hf_step(
        hf_message_read(hs, hf_end_of_early_data, m->body, &end) &&
        hf_keys13_install(hs->session, false, hs->client_hs, HF_HANDSHAKE));
}

/* ---- the server's decision ------------------------------------------------------------------ */

bool hf_read_early_offer(struct hf_handshake *hs, enum hf_place place,
                         const struct hf_extensions *block)
{
    struct hf_empty nothing;

    (void)place;
    return hf_ext_body(hs, hf_empty, block, HF_EXT_early_data, &nothing);
}

/* RFC 8446 8.3: is the hello of the last seconds, by the age that the client
 * gives its ticket?  *expires: the first second in which it no longer is. */
static bool is_fresh(const struct hf_handshake *hs, int64_t now,
                     int64_t *expires)
{
    enum { WINDOW_MS = HF_EARLY_WINDOW * 1000 };
    int64_t issued = hf_session_issued(hs->saved);
    int64_t claimed = hs->ticket_age;
    int64_t skew = (now - issued) * 1000 - claimed;

    *expires = issued + (claimed + 999) / 1000 + HF_EARLY_WINDOW + 1;
    return skew >= -WINDOW_MS && skew <= WINDOW_MS;
}

/* RFC 8446 8.2: has this very hello been here?  Its binder covers all of it. */
static const char *strike(struct hf_handshake *hs, int64_t now, int64_t expires)
{
    const struct hf_settings *set = hs->settings;
    const struct hf_hash *hash = hf_hash_by_id(&set->crypto, HF_SHA256);
    uint8_t id[HF_STRIKE_LEN];

    _Static_assert(HF_STRIKE_LEN == 32, "SHA-256");
    if (!hash || !hf_hash_parts(&set->crypto, hash, &hs->binder, 1, id))
        return "whether it is the first of its kind could not be asked";
    switch (set->strikes.claim(set->strikes.ctx, id, now, expires)) {
    case HF_STRIKE_NEW: return NULL;
    case HF_STRIKE_SEEN: return "this hello has been here before";
    case HF_STRIKE_UNKNOWN:
    default: return "whether this hello has been here before is not known";
    }
}

/* What speaks against it; NULL: nothing.  Asking the register comes last: it
 * remembers. */
static const char *objection(struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;
    const struct hf_session *s = hs->session;
    int64_t expires, now;

    if (!set->early_data || !set->strikes.claim)
        return "none is taken here";
    if (hs->facts & HF_FACT_RETRY)
        return "the client was asked for another hello";
    if (!(hs->facts & HF_FACT_RESUMED) || hs->psk.kind != HF_PSK_NONE)
        return "no session was resumed";
    if (hs->psk_index)
        return "it goes with another ticket than the one that was taken";
    if (!hs->saved->max_early_data)
        return "the ticket is not good for any";
    if (hs->saved->max_early_data > set->early_data)
        return "the ticket is good for more than is taken now";
    if (hs->saved->cipher_suite != s->suite->number)
        return "the session had another cipher suite";
    if (!hf_span_equal(hs->saved->protocol, hf_span_text(s->protocol)))
        return "the session had another application protocol";
    now = set->clock(set->clock_ctx);
    if (!is_fresh(hs, now, &expires))
        return "the ticket's age is not what the client says";
    return strike(hs, now, expires);
}

/* Bytes of records: as much as we have ever promised, in small records. */
static uint32_t skip_limit(const struct hf_settings *set)
{
    uint32_t most = set->early_data + set->early_data / 8;

    return most > HF_EARLY_SKIP_MAX ? most : HF_EARLY_SKIP_MAX;
}

bool hf_early_decide(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const char *why;

    s->early_skip = 0;
    if (!(hs->offer.hello.extensions.present & HF_BIT(early_data)))
        return true;
    why = objection(hs);
    if (why) {
        /* What comes between our answer and the client's is skipped. */
        s->early = HF_EARLY_REJECTED;
        s->early_skip = skip_limit(hs->settings);
        hf_decided(s, HF_EV_EARLY_DATA, false, "the client sends some",
                   "rejected", why);
        return true;
    }
    s->early = HF_EARLY_ACCEPTED;
    s->early_left = hs->saved->max_early_data;
    hs->facts |= HF_FACT_EARLY;
    hf_decided(s, HF_EV_EARLY_DATA, true, "the client sends some", "accepted",
               NULL);
    return hf_keys13_early(hs, s->hash);
}

bool hf_write_early_taken(struct hf_handshake *hs, enum hf_place place,
                          struct hf_writer *w)
{
    struct hf_empty nothing = { 0 };

    if (!(hs->facts & HF_FACT_EARLY))
        return false;
    hf_wire_write_ext(hf_empty, w, HF_EXT_early_data, place, &nothing);
    return true;
}

/* ---- tickets (RFC 8446 4.6.1) ---------------------------------------------------------- */

struct hf_span hf_early_promise(const struct hf_settings *set, uint8_t *room,
                                size_t cap, uint32_t *max)
{
    struct hf_writer w = hf_writer(room, cap);
    struct hf_early_data_nst nst = { set->early_data };

    *max = set->strikes.claim ? set->early_data : 0;
    if (*max)
        hf_wire_write_ext(hf_early_data_nst, &w, HF_EXT_early_data, HF_NST,
                          &nst);
    return hf_written(&w);
}
