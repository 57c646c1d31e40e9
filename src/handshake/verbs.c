/* verbs.c - extensions that both versions have: the name, the lists of groups
 * and signatures, application protocols. */
#include "handshake/verbs.h"

bool hf_ext_body(struct hf_handshake *hs, hf_layout_fn *layout,
                 const struct hf_extensions *block, enum hf_ext ext, void *out)
{
    struct hf_fault fault;

    return hf_wire_read_ext(layout, block, ext, out, &fault) ||
           hf_wire_fail(hs->error, &fault);
}

/* ---- server_name (RFC 6066 3) ----------------------------------------------------- */

bool hf_write_name(struct hf_handshake *hs, enum hf_place place,
                   struct hf_writer *w)
{
    uint8_t room[3 + HF_NAME_MAX];
    struct hf_writer list = hf_writer(room, sizeof(room));
    struct hf_server_name_entry entry = { .name_type = 0 };
    struct hf_server_name_list names;

    if (!hs->sni)
        return false;
    entry.host_name = hf_span_text(hs->sni);
    hf_wire_write(hf_server_name_entry, &list, &entry);
    if (list.full) { /* set_sni checks lengths: cannot be */
        w->full = true;
        return false;
    }
    names.names = hf_written(&list);
    hf_wire_write_ext(hf_server_name_list, w, HF_EXT_server_name, place,
                      &names);
    return true;
}

bool hf_host_name_ok(struct hf_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] <= 0x20 || name.at[i] >= 0x7f)
            return false;
    return name.len && name.len <= HF_NAME_MAX;
}

bool hf_read_name(struct hf_handshake *hs, enum hf_place place,
                  const struct hf_extensions *block)
{
    struct hf_server_name_list names;
    struct hf_server_name_entry entry;
    size_t count = 0;

    (void)place;
    if (!hf_ext_body(hs, hf_server_name_list, block, HF_EXT_server_name,
                     &names))
        return false;
    while (hf_wire_next(hf_server_name_entry, &names.names, &entry)) {
        if (count++ || entry.name_type != 0)
            return hf_fail(hs->error, HF_E_BOUNDS,
                           "server_name must hold exactly one host name");
        if (!hf_host_name_ok(entry.host_name))
            return hf_fail(hs->error, HF_E_ILLEGAL,
                           "the server name is %q, which is no host name",
                           &entry.host_name);
        hs->offer.name = entry.host_name;
    }
    return true;
}

/* "When resuming a session, the server MUST NOT include a server_name
 * extension in the server hello" (RFC 6066 3). */
bool hf_write_name_ack(struct hf_handshake *hs, enum hf_place place,
                       struct hf_writer *w)
{
    struct hf_empty nothing = { 0 };

    if (!hs->session->server_name || hs->facts & HF_FACT_RESUMED)
        return false;
    hf_wire_write_ext(hf_empty, w, HF_EXT_server_name, place, &nothing);
    return true;
}

bool hf_read_empty_name(struct hf_handshake *hs, enum hf_place place,
                        const struct hf_extensions *block)
{
    struct hf_empty nothing;

    (void)place;
    return hf_ext_body(hs, hf_empty, block, HF_EXT_server_name, &nothing);
}

/* ---- lists of numbers ------------------------------------------------------------------ */

bool hf_write_groups(struct hf_handshake *hs, enum hf_place place,
                     struct hf_writer *w)
{
    const struct hf_settings *set = hs->settings;
    struct hf_numbers list = { .count = 0 };
    uint8_t room[2 + 2 * HF_LIST_MAX];
    struct hf_named_groups groups;

    for (size_t i = 0; i < set->groups.count; i++) {
        unsigned group = set->groups.at[i];
        const struct hf_kx *kx = hf_kx_by_group(&set->crypto, group);

        /* TLS 1.2 has no place for a hybrid: its shares differ by side. */
        if (set->max_version >= HF_TLS13 ||
            (kx && kx->share_len == kx->reply_len))
            list.at[list.count++] = (uint16_t)group;
    }
    if (!list.count)
        return false;
    groups.groups = place == HF_CH
                        ? hf_grease_list(hs, HF_GREASE_GROUP, &list, room)
                        : hf_numbers_write(&list, room);
    hf_wire_write_ext(hf_named_groups, w, HF_EXT_supported_groups, place,
                      &groups);
    return true;
}

/* RFC 8446 4.2.7: a server that would rather have had another share "SHOULD send
 * supported_groups to update the client's view of its preferences".  After a
 * retry the client knows. */
bool hf_write_wishes(struct hf_handshake *hs, enum hf_place place,
                     struct hf_writer *w)
{
    const struct hf_session *s = hs->session;

    if (place != HF_EE || s->retried || hs->settings->groups.at[0] == s->group)
        return false;
    return hf_write_groups(hs, place, w);
}

bool hf_read_groups(struct hf_handshake *hs, enum hf_place place,
                    const struct hf_extensions *block)
{
    struct hf_named_groups groups;

    if (!hf_ext_body(hs, hf_named_groups, block, HF_EXT_supported_groups,
                     &groups))
        return false;
    /* From a server it is a hint for another time (RFC 8446 4.2.7). */
    if (place == HF_CH)
        hs->offer.groups = groups.groups;
    return true;
}

bool hf_write_schemes(struct hf_handshake *hs, enum hf_place place,
                      struct hf_writer *w)
{
    uint8_t room[2 + 2 * HF_LIST_MAX];
    struct hf_signature_schemes schemes = { hf_grease_list(
        hs, HF_GREASE_SCHEME, &hs->settings->verify, room) };

    hf_wire_write_ext(hf_signature_schemes, w, HF_EXT_signature_algorithms,
                      place, &schemes);
    return true;
}

static bool same_numbers(const struct hf_numbers *a, const struct hf_numbers *b)
{
    return a->count == b->count &&
           hf_equal(a->at, b->at, a->count * sizeof(a->at[0]));
}

/* RFC 8446 4.2.3: "If no 'signature_algorithms_cert' extension is present, then
 * the 'signature_algorithms' extension also applies to signatures appearing in
 * certificates": so it is said only where the two differ. */
bool hf_write_cert_schemes(struct hf_handshake *hs, enum hf_place place,
                           struct hf_writer *w)
{
    const struct hf_settings *set = hs->settings;
    uint8_t room[2 * HF_LIST_MAX];
    struct hf_signature_schemes schemes;

    if (!set->cert_verify.count ||
        same_numbers(&set->cert_verify, &set->verify))
        return false;
    schemes.schemes = hf_numbers_write(&set->cert_verify, room);
    hf_wire_write_ext(hf_signature_schemes, w, HF_EXT_signature_algorithms_cert,
                      place, &schemes);
    return true;
}

void hf_settle_cert_schemes(struct hf_handshake *hs, struct hf_span list)
{
    const struct hf_signature *const *how =
        hs->settings->crypto.provider->signatures;
    struct hf_numbers known = { .count = 0 };

    for (; *how && known.count < HF_LIST_MAX; how++)
        if ((*how)->scheme)
            known.at[known.count++] = (*how)->scheme;
    hf_numbers_read(&hs->peer_cert_schemes, list, &known);
}

bool hf_read_schemes(struct hf_handshake *hs, enum hf_place place,
                     const struct hf_extensions *block)
{
    struct hf_signature_schemes schemes;

    if (!hf_ext_body(hs, hf_signature_schemes, block,
                     HF_EXT_signature_algorithms, &schemes))
        return false;
    if (place == HF_CH) {
        hs->offer.schemes = schemes.schemes;
        return true;
    }
    hf_numbers_read(&hs->peer_schemes, schemes.schemes, &hs->settings->schemes);
    /* RFC 8446 4.2.3: it holds for certificates too, if the other is not
     * there; that one is read later. */
    hf_settle_cert_schemes(hs, schemes.schemes);
    return true;
}

bool hf_read_cert_schemes(struct hf_handshake *hs, enum hf_place place,
                          const struct hf_extensions *block)
{
    struct hf_signature_schemes schemes;

    if (!hf_ext_body(hs, hf_signature_schemes, block,
                     HF_EXT_signature_algorithms_cert, &schemes))
        return false;
    if (place == HF_CH)
        hs->offer.cert_schemes = schemes.schemes;
    else
        hf_settle_cert_schemes(hs, schemes.schemes);
    return true;
}

void hf_settle_schemes(struct hf_handshake *hs)
{
    const struct hf_offer *offer = &hs->offer;

    hf_numbers_read(&hs->peer_schemes, offer->schemes, &hs->settings->schemes);
    hf_settle_cert_schemes(hs, offer->cert_schemes.at ? offer->cert_schemes
                                                      : offer->schemes);
}

/* ---- certificate_authorities (RFC 8446 4.2.4) ------------------------------------------------ */

bool hf_write_authorities(struct hf_handshake *hs, enum hf_place place,
                          struct hf_writer *w)
{
    struct hf_certificate_authorities list = { hs->settings->authorities };

    if (!list.authorities.len || hs->settings->max_version < HF_TLS13)
        return false;
    hf_wire_write_ext(hf_certificate_authorities, w,
                      HF_EXT_certificate_authorities, place, &list);
    return true;
}

bool hf_read_authorities(struct hf_handshake *hs, enum hf_place place,
                         const struct hf_extensions *block)
{
    struct hf_certificate_authorities list;

    if (!hf_ext_body(hs, hf_certificate_authorities, block,
                     HF_EXT_certificate_authorities, &list))
        return false;
    hs->offer.authorities = list.authorities;
    if (place == HF_CH)
        return true;
    /* A hello is kept, a request is not. */
    hs->offer.authorities = hf_arena_copy(&hs->arena, list.authorities);
    return hs->offer.authorities.at || hf_arena_fail(&hs->arena, hs->error);
}

/* ---- application_layer_protocol_negotiation (RFC 7301) ------------------------------------ */

bool hf_write_protocols(struct hf_handshake *hs, enum hf_place place,
                        struct hf_writer *w)
{
    struct hf_alpn alpn = { hs->settings->protocols };

    if (!alpn.protocols.len)
        return false;
    hf_wire_write_ext(hf_alpn, w, HF_EXT_alpn, place, &alpn);
    return true;
}

bool hf_read_protocols(struct hf_handshake *hs, enum hf_place place,
                       const struct hf_extensions *block)
{
    struct hf_alpn alpn;

    (void)place;
    if (!hf_ext_body(hs, hf_alpn, block, HF_EXT_alpn, &alpn))
        return false;
    hs->offer.protocols = alpn.protocols;
    return true;
}

bool hf_write_protocol(struct hf_handshake *hs, enum hf_place place,
                       struct hf_writer *w)
{
    uint8_t room[256];
    struct hf_writer list = hf_writer(room, sizeof(room));
    struct hf_protocol_name name;
    struct hf_alpn alpn;

    if (!hs->session->protocol)
        return false;
    name.name = hf_span_text(hs->session->protocol);
    hf_wire_write(hf_protocol_name, &list, &name);
    alpn.protocols = hf_written(&list);
    hf_wire_write_ext(hf_alpn, w, HF_EXT_alpn, place, &alpn);
    return true;
}

/* Exactly one, and one that we offered. */
bool hf_read_protocol(struct hf_handshake *hs, enum hf_place place,
                      const struct hf_extensions *block)
{
    struct hf_session *s = hs->session;
    struct hf_protocol_name name;
    struct hf_alpn alpn;
    struct hf_span rest;

    (void)place;
    if (!hf_ext_body(hs, hf_alpn, block, HF_EXT_alpn, &alpn))
        return false;
    rest = alpn.protocols;
    if (!hf_wire_next(hf_protocol_name, &rest, &name) || rest.len)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "the server chose several application protocols");
    if (!hf_negotiate_protocol(hs->settings->protocols, alpn.protocols).at)
        return hf_fail(hs->error, HF_E_NOT_OFFERED,
                       "the server chose the application protocol %q",
                       &name.name);
    s->protocol = hf_alloc(name.name.len + 1);
    if (!s->protocol)
        return hf_fail(hs->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(s->protocol, name.name.at, name.name.len);
    return true;
}
