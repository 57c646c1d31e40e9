/* verbs.h - what each extension's verbs are, between extensions.c, which has
 * the table of them, and the files that do the work. */
#ifndef HF_VERBS_H
#define HF_VERBS_H

#include "handshake/handshake.h"

/* Say it behind @w, if there is anything to say: then true. */
typedef bool hf_write_fn(struct hf_handshake *hs, enum hf_place place,
                         struct hf_writer *w);
/* Read it from @block and act on it; false: it is wrong, hs->error. */
typedef bool hf_read_fn(struct hf_handshake *hs, enum hf_place place,
                        const struct hf_extensions *block);

/* Read the body of extension @ext of @block as @layout, or fail with the
 * place of the fault. */
HF_CHECK bool hf_ext_body(struct hf_handshake *hs, hf_layout_fn *layout,
                          const struct hf_extensions *block, enum hf_ext ext,
                          void *out);

/* Server: the lists of schemes in the offer become hs->peer_schemes and
 * hs->peer_cert_schemes, which whoever resumes does not need. */
void hf_settle_schemes(struct hf_handshake *hs);
/* hs->peer_cert_schemes: those of @list that we know at all. */
void hf_settle_cert_schemes(struct hf_handshake *hs, struct hf_span list);

/* verbs.c */
hf_write_fn hf_write_groups, hf_write_name, hf_write_name_ack;
hf_write_fn hf_write_protocol, hf_write_protocols, hf_write_schemes;
hf_write_fn hf_write_cert_schemes, hf_write_wishes;
hf_read_fn hf_read_authorities, hf_read_cert_schemes;
hf_read_fn hf_read_empty_name, hf_read_groups, hf_read_name;
hf_read_fn hf_read_protocol, hf_read_protocols, hf_read_schemes;
/* verbs13.c */
hf_write_fn hf_write_authorities;
hf_write_fn hf_write_cookie, hf_write_share, hf_write_shares;
hf_write_fn hf_write_version, hf_write_versions;
hf_read_fn hf_read_cookie, hf_read_share, hf_read_shares;
hf_read_fn hf_read_version, hf_read_versions;
/* resume13.c */
hf_write_fn hf_write_psk, hf_write_psk_chosen, hf_write_psk_modes;
hf_read_fn hf_read_psk, hf_read_psk_chosen, hf_read_psk_modes;
/* limits.c */
hf_write_fn hf_write_record_limit, hf_write_max_fragment;
hf_read_fn hf_read_record_limit, hf_read_record_limit_answer;
hf_read_fn hf_read_max_fragment, hf_read_max_fragment_answer;
/* compress.c */
hf_write_fn hf_write_compressions;
hf_read_fn hf_read_compressions;
/* sct.c */
hf_write_fn hf_write_sct_wish, hf_write_scts;
hf_read_fn hf_read_sct_wish, hf_read_scts;
/* early.c */
hf_write_fn hf_write_early_offer, hf_write_early_taken;
hf_read_fn hf_read_early_offer, hf_read_early_taken;
/* ticket_request.c */
hf_write_fn hf_write_ticket_request, hf_write_ticket_hint;
hf_read_fn hf_read_ticket_request, hf_read_ticket_hint;
/* staple.c */
hf_write_fn hf_write_status, hf_write_status_ack;
hf_read_fn hf_read_status, hf_read_status_answer;
/* verbs12.c */
hf_write_fn hf_write_ticket;
hf_read_fn hf_read_ticket;
hf_write_fn hf_write_extended, hf_write_first, hf_write_formats;
hf_read_fn hf_read_extended, hf_read_first, hf_read_formats;

#endif
