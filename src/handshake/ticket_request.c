/* ticket_request.c - how many tickets a client wants, and how many it will get
 * (RFC 9149).
 *
 *   client   so many after a full handshake, so many after a resumption
 *   server   the smaller of that and its limit, and says so in
 *            EncryptedExtensions
 *
 * Without it a server gives what its config says, whoever asks: too few for a
 * client of many connections, two too many for one that keeps none. */
#include "handshake/resume.h"
#include "handshake/verbs.h"

/* ---- the client ---------------------------------------------------------------------- */

bool hf_write_ticket_request(struct hf_handshake *hs, enum hf_place place,
                             struct hf_writer *w)
{
    const struct hf_settings *set = hs->settings;
    struct hf_ticket_request_ch request = { set->ask_full, set->ask_resumed };

    if (!set->asks_tickets || set->max_version < HF_TLS13)
        return false;
    hf_wire_write_ext(hf_ticket_request_ch, w, HF_EXT_ticket_request, place,
                      &request);
    return true;
}

/* How many came of what was wanted is no fault: it "SHOULD NOT" be more (RFC
 * 9149 3), and a flood of them ends in another place. */
bool hf_read_ticket_hint(struct hf_handshake *hs, enum hf_place place,
                         const struct hf_extensions *block)
{
    struct hf_ticket_request_ee hint;
    char text[64];

    (void)place;
    if (!hf_ext_body(hs, hf_ticket_request_ee, block, HF_EXT_ticket_request,
                     &hint))
        return false;
    hf_format(text, sizeof(text), "%u tickets", (unsigned)hint.expected_count);
    hf_decided(hs->session, HF_EV_TICKET, true, text, "announced", NULL);
    return true;
}

/* ---- the server ---------------------------------------------------------------------- */

bool hf_read_ticket_request(struct hf_handshake *hs, enum hf_place place,
                            const struct hf_extensions *block)
{
    struct hf_ticket_request_ch request;

    (void)place;
    if (!hf_ext_body(hs, hf_ticket_request_ch, block, HF_EXT_ticket_request,
                     &request))
        return false;
    hs->offer.wants_tickets = true;
    hs->offer.tickets_full = request.new_session_count;
    hs->offer.tickets_resumed = request.resumption_count;
    return true;
}

unsigned hf_tickets_due(const struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;
    bool resumed = hs->session->resumed;
    unsigned wanted = resumed ? hs->offer.tickets_resumed
                              : hs->offer.tickets_full;

    if (!hf_gives_tickets(set) || !hs->offer.psk_with_kx)
        return 0;
    if (!hs->offer.wants_tickets)
        return resumed ? 1 : set->tickets;
    return wanted < HF_TICKETS_MAX ? wanted : HF_TICKETS_MAX;
}

/* "A server that supports and uses a client ticket_request extension MUST also
 * send [it]": one that gives none does not use it. */
bool hf_write_ticket_hint(struct hf_handshake *hs, enum hf_place place,
                          struct hf_writer *w)
{
    struct hf_ticket_request_ee hint = { (uint8_t)hf_tickets_due(hs) };

    if (!hs->offer.wants_tickets || !hf_gives_tickets(hs->settings))
        return false;
    hf_wire_write_ext(hf_ticket_request_ee, w, HF_EXT_ticket_request, place,
                      &hint);
    return true;
}
