/* verbs12.c - extensions that only TLS 1.2 needs. */
#include "handshake/psk.h"
#include "handshake/verbs.h"

static bool offers12(const struct hf_handshake *hs)
{
    return hf_least_version(hs->settings, HF_CLIENT) <= HF_TLS12;
}

/* RFC 8422 5.1.2: a relic, and some servers want it. */
bool hf_write_formats(struct hf_handshake *hs, enum hf_place place,
                      struct hf_writer *w)
{
    static const uint8_t uncompressed[1] = { 0 };
    struct hf_point_formats formats = { HF_SPAN(uncompressed) };

    if (place == HF_CH
            ? !offers12(hs)
            : !(hs->offer.hello.extensions.present & HF_BIT(ec_point_formats)))
        return false;
    hf_wire_write_ext(hf_point_formats, w, HF_EXT_ec_point_formats, place,
                      &formats);
    return true;
}

/* RFC 8422 5.1.2: whoever lists formats must list the uncompressed one.  In a
 * hello for TLS 1.3 the list means nothing. */
bool hf_read_formats(struct hf_handshake *hs, enum hf_place place,
                     const struct hf_extensions *block)
{
    struct hf_point_formats formats;

    (void)place;
    if (!hf_ext_body(hs, hf_point_formats, block, HF_EXT_ec_point_formats,
                     &formats))
        return false;
    return hf_wire_lists(formats.formats, 1, 0) ||
           hf_fail(hs->error, HF_E_ILLEGAL,
                   "uncompressed is not among the point formats");
}

/* RFC 7627 5.1 */
bool hf_write_extended(struct hf_handshake *hs, enum hf_place place,
                       struct hf_writer *w)
{
    struct hf_empty nothing = { 0 };

    if (place == HF_CH ? !offers12(hs) : !hs->session->extended_master)
        return false;
    hf_wire_write_ext(hf_empty, w, HF_EXT_extended_master_secret, place,
                      &nothing);
    return true;
}

bool hf_read_extended(struct hf_handshake *hs, enum hf_place place,
                      const struct hf_extensions *block)
{
    struct hf_empty nothing;

    (void)place;
    return hf_ext_body(hs, hf_empty, block, HF_EXT_extended_master_secret,
                       &nothing);
}

/* RFC 5077 3.2: a client sends its ticket, or nothing, to say that it would
 * take one; a server answers with nothing, to say that one will come. */
bool hf_write_ticket(struct hf_handshake *hs, enum hf_place place,
                     struct hf_writer *w)
{
    struct hf_opaque ticket = { .bytes = { NULL, 0 } };
    struct hf_empty nothing = { 0 };

    if (place != HF_CH) {
        if (!(hs->facts & HF_FACT_TICKET))
            return false;
        hf_wire_write_ext(hf_empty, w, HF_EXT_session_ticket, place, &nothing);
        return true;
    }
    if (!offers12(hs) || !hs->settings->sessions.put)
        return false;
    if (hs->saved && hs->saved->version == HF_TLS12)
        ticket.bytes = hs->saved->ticket;
    hf_wire_write_ext(hf_opaque, w, HF_EXT_session_ticket, place, &ticket);
    return true;
}

bool hf_read_ticket(struct hf_handshake *hs, enum hf_place place,
                    const struct hf_extensions *block)
{
    struct hf_opaque ticket;
    struct hf_empty nothing;

    if (place != HF_CH) {
        hs->facts |= HF_FACT_TICKET;
        return hf_ext_body(hs, hf_empty, block, HF_EXT_session_ticket,
                           &nothing);
    }
    if (!hf_ext_body(hs, hf_opaque, block, HF_EXT_session_ticket, &ticket))
        return false;
    hs->offer.ticket = ticket.bytes;
    return true;
}

/* RFC 5746 3.4 and 3.6: this is the first handshake of this connection, and
 * there will be no other. */
bool hf_write_first(struct hf_handshake *hs, enum hf_place place,
                    struct hf_writer *w)
{
    static const uint8_t none[1] = { 0 };
    struct hf_renegotiation_info info = { hf_span(none, 0) };

    if (place == HF_CH && !offers12(hs))
        return false;
    hf_wire_write_ext(hf_renegotiation_info, w, HF_EXT_renegotiation_info,
                      place, &info);
    return true;
}

bool hf_read_first(struct hf_handshake *hs, enum hf_place place,
                   const struct hf_extensions *block)
{
    struct hf_renegotiation_info info;

    (void)place;
    if (!hf_ext_body(hs, hf_renegotiation_info, block,
                     HF_EXT_renegotiation_info, &info))
        return false;
    if (!info.renegotiated_connection.len)
        return true;
    /* RFC 5746 3.4: abort, "by sending a fatal handshake_failure alert". */
    return hf_fail(hs->error, HF_E_UNSAFE_RENEGOTIATION,
                   "renegotiation_info names an earlier handshake");
}
