/* extensions.c - the verbs of each extension.  The facts (number, where it may
 * stand, its layout) are in wire/extensions.def; here is the table of what
 * each side does, and verbs.c, verbs13.c and verbs12.c do it.
 *
 * The asker speaks in CH or CR, the answerer in SH, HRR, EE or CT.  A writer
 * says whether it has anything to say; a reader says whether what it read is
 * right.  An answer to what was never asked is refused in one place, before
 * any reader runs. */
#include "handshake/verbs.h"

struct verbs {
    hf_write_fn *ask;    /* in CH or CR */
    hf_read_fn *asked;   /* of a peer's CH or CR */
    hf_write_fn *answer; /* in SH, HRR, EE */
    hf_read_fn *answered;
};

#define VERBS(ext, ask, asked, answer, answered) \
    [HF_EXT_##ext] = { ask, asked, answer, answered },

/* clang-format off */
static const struct verbs verbs[HF_EXT_COUNT] = {
/*     extension               asker says          answerer hears      answerer says       asker hears */
VERBS (server_name,            hf_write_name,      hf_read_name,       hf_write_name_ack,  hf_read_empty_name)
VERBS (max_fragment_length, hf_write_max_fragment, hf_read_max_fragment, hf_write_max_fragment, hf_read_max_fragment_answer)
VERBS (status_request,         hf_write_status,    hf_read_status,     hf_write_status_ack, hf_read_status_answer)
VERBS (supported_groups,       hf_write_groups,    hf_read_groups,     hf_write_wishes,    hf_read_groups)
VERBS (ec_point_formats,       hf_write_formats,   hf_read_formats,    hf_write_formats,   hf_read_formats)
VERBS (signature_algorithms,   hf_write_schemes,   hf_read_schemes,    NULL,               NULL)
VERBS (alpn,                   hf_write_protocols, hf_read_protocols,  hf_write_protocol,  hf_read_protocol)
VERBS (sct,                    hf_write_sct_wish,  hf_read_sct_wish,   hf_write_scts,      hf_read_scts)
VERBS (extended_master_secret, hf_write_extended,  hf_read_extended,   hf_write_extended,  hf_read_extended)
VERBS (compress_certificate,   hf_write_compressions, hf_read_compressions, NULL,          NULL)
VERBS (record_size_limit,  hf_write_record_limit, hf_read_record_limit, hf_write_record_limit, hf_read_record_limit_answer)
VERBS (session_ticket,         hf_write_ticket,    hf_read_ticket,     hf_write_ticket,    hf_read_ticket)
VERBS (pre_shared_key,         NULL,               hf_read_psk,        hf_write_psk_chosen, hf_read_psk_chosen)
VERBS (early_data,             hf_write_early_offer,     hf_read_early_offer,      hf_write_early_taken, hf_read_early_taken)
VERBS (supported_versions,     hf_write_versions,  hf_read_versions,   hf_write_version,   hf_read_version)
VERBS (cookie,                 hf_write_cookie,    hf_read_cookie,     NULL,               hf_read_cookie)
VERBS (psk_key_exchange_modes, hf_write_psk_modes, hf_read_psk_modes,  NULL,               NULL)
VERBS (certificate_authorities, hf_write_authorities, hf_read_authorities, NULL,          NULL)
VERBS (signature_algorithms_cert, hf_write_cert_schemes, hf_read_cert_schemes, NULL,             NULL)
VERBS (key_share,              hf_write_shares,    hf_read_shares,     hf_write_share,     hf_read_share)
VERBS (ticket_request,         hf_write_ticket_request, hf_read_ticket_request, hf_write_ticket_hint, hf_read_ticket_hint)
VERBS (renegotiation_info,     hf_write_first,     hf_read_first,      hf_write_first,     hf_read_first)
};
/* clang-format on */

static bool asks(enum hf_place place)
{
    return place == HF_CH || place == HF_CR;
}

bool hf_extensions_make(struct hf_handshake *hs, enum hf_place place,
                        size_t cap, struct hf_extensions *out)
{
    struct hf_writer w = hf_writer(hf_arena_take(&hs->arena, cap), cap);

    if (!w.at)
        return hf_arena_fail(&hs->arena, hs->error);
    if (asks(place))
        hf_grease_extension(hs, HF_GREASE_FIRST, &w);
    for (unsigned i = 0; i < HF_EXT_COUNT; i++) {
        unsigned e = place == HF_CH && hs->ordered ? hs->order[i] : i;
        hf_write_fn *write = asks(place) ? verbs[e].ask : verbs[e].answer;

        if (write && hf_extension_table[e].in[place] && write(hs, place, &w) &&
            asks(place))
            hs->sent |= (uint64_t)1 << e;
    }
    if (place == HF_CH)
        hf_grease_extension(hs, HF_GREASE_LAST, &w);
    /* The one that must be last (RFC 8446 4.2.11), which it is not by its
     * number. */
    if (place == HF_CH && hf_write_psk(hs, place, &w))
        hs->sent |= HF_BIT(pre_shared_key);
    if (w.full)
        return hf_fail(hs->error, HF_E_BUG, "no room for our extensions");
    *out = (struct hf_extensions){ .all = hf_written(&w) };
    return true;
}

/* What we never asked for, nobody may answer; only a cookie comes unasked. */
static bool solicited(struct hf_handshake *hs, enum hf_place place,
                      uint64_t present)
{
    uint64_t unasked = present & ~hs->sent & ~HF_BIT(cookie);

    for (unsigned e = 0; unasked && e < HF_EXT_COUNT; e++)
        if (unasked >> e & 1)
            return hf_fail(hs->error, HF_E_UNSOLICITED, "%s in %s",
                           hf_extension_name(hf_extension_table[e].number),
                           hf_place_name(place));
    return true;
}

bool hf_extensions_recv(struct hf_handshake *hs, enum hf_place place,
                        const struct hf_extensions *block)
{
    if (!asks(place) && !solicited(hs, place, block->present))
        return false;
    for (unsigned e = 0; e < HF_EXT_COUNT; e++) {
        hf_read_fn *read = asks(place) ? verbs[e].asked : verbs[e].answered;

        if (read && block->present >> e & 1 && !read(hs, place, block))
            return false;
    }
    return true;
}
