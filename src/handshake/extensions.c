/* extensions.c - the verbs of each extension.  The facts (number, where it may
 * stand, its layout) are in wire/extensions.def; here is what each side does.
 *
 * The asker speaks in CH or CR, the answerer in SH, HRR, EE or CT.  A writer
 * says whether it has anything to say; a reader says whether what it read is
 * right.  An answer to what was never asked is refused in one place, before
 * any reader runs. */
#include "handshake/handshake.h"

typedef bool write_fn(struct hf_handshake *hs, enum hf_place place,
                      struct hf_writer *w);
typedef bool read_fn(struct hf_handshake *hs, enum hf_place place,
                     const struct hf_extensions *block);

/* Read the body of extension @ext of @block as @layout, or fail with the
 * place of the fault. */
static bool body(struct hf_handshake *hs, hf_layout_fn *layout,
                 const struct hf_extensions *block, enum hf_ext ext, void *out)
{
    struct hf_fault fault;

    return hf_wire_read_ext(layout, block, ext, out, &fault) ||
           hf_wire_fail(hs->error, &fault);
}

/* ---- server_name (RFC 6066 3) ----------------------------------------------------- */

static bool write_name(struct hf_handshake *hs, enum hf_place place,
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

static bool read_name(struct hf_handshake *hs, enum hf_place place,
                      const struct hf_extensions *block)
{
    struct hf_server_name_list names;
    struct hf_server_name_entry entry;
    size_t count = 0;

    (void)place;
    if (!body(hs, hf_server_name_list, block, HF_EXT_server_name, &names))
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

static bool write_name_ack(struct hf_handshake *hs, enum hf_place place,
                           struct hf_writer *w)
{
    struct hf_empty nothing = { 0 };

    if (!hs->session->server_name)
        return false;
    hf_wire_write_ext(hf_empty, w, HF_EXT_server_name, place, &nothing);
    return true;
}

static bool read_empty_name(struct hf_handshake *hs, enum hf_place place,
                            const struct hf_extensions *block)
{
    struct hf_empty nothing;

    (void)place;
    return body(hs, hf_empty, block, HF_EXT_server_name, &nothing);
}

/* ---- lists of numbers ------------------------------------------------------------------ */

static bool write_groups(struct hf_handshake *hs, enum hf_place place,
                         struct hf_writer *w)
{
    uint8_t room[2 * HF_LIST_MAX];
    struct hf_named_groups groups = { hf_numbers_write(&hs->settings->groups,
                                                       room) };

    hf_wire_write_ext(hf_named_groups, w, HF_EXT_supported_groups, place,
                      &groups);
    return true;
}

static bool read_groups(struct hf_handshake *hs, enum hf_place place,
                        const struct hf_extensions *block)
{
    struct hf_named_groups groups;

    if (!body(hs, hf_named_groups, block, HF_EXT_supported_groups, &groups))
        return false;
    /* From a server it is a hint for another time (RFC 8446 4.2.7). */
    if (place == HF_CH)
        hs->offer.groups = groups.groups;
    return true;
}

static bool write_schemes(struct hf_handshake *hs, enum hf_place place,
                          struct hf_writer *w)
{
    uint8_t room[2 * HF_LIST_MAX];
    struct hf_signature_schemes schemes = { hf_numbers_write(
        &hs->settings->schemes, room) };

    hf_wire_write_ext(hf_signature_schemes, w, HF_EXT_signature_algorithms,
                      place, &schemes);
    return true;
}

static bool read_schemes(struct hf_handshake *hs, enum hf_place place,
                         const struct hf_extensions *block)
{
    struct hf_signature_schemes schemes;

    (void)place;
    if (!body(hs, hf_signature_schemes, block, HF_EXT_signature_algorithms,
              &schemes))
        return false;
    hs->offer.schemes = schemes.schemes;
    hf_numbers_read(&hs->peer_schemes, schemes.schemes, &hs->settings->schemes);
    return true;
}

/* ---- application_layer_protocol_negotiation (RFC 7301) ------------------------------------ */

static bool write_protocols(struct hf_handshake *hs, enum hf_place place,
                            struct hf_writer *w)
{
    struct hf_alpn alpn = { hs->settings->protocols };

    if (!alpn.protocols.len)
        return false;
    hf_wire_write_ext(hf_alpn, w, HF_EXT_alpn, place, &alpn);
    return true;
}

static bool read_protocols(struct hf_handshake *hs, enum hf_place place,
                           const struct hf_extensions *block)
{
    struct hf_alpn alpn;

    (void)place;
    if (!body(hs, hf_alpn, block, HF_EXT_alpn, &alpn))
        return false;
    hs->offer.protocols = alpn.protocols;
    return true;
}

static bool write_protocol(struct hf_handshake *hs, enum hf_place place,
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
static bool read_protocol(struct hf_handshake *hs, enum hf_place place,
                          const struct hf_extensions *block)
{
    struct hf_session *s = hs->session;
    struct hf_protocol_name name;
    struct hf_alpn alpn;
    struct hf_span rest;

    (void)place;
    if (!body(hs, hf_alpn, block, HF_EXT_alpn, &alpn))
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

/* ---- supported_versions (RFC 8446 4.2.1) ------------------------------------------------------ */

static bool write_versions(struct hf_handshake *hs, enum hf_place place,
                           struct hf_writer *w)
{
    const struct hf_settings *set = hs->settings;
    uint8_t room[2 * 2];
    struct hf_writer list = hf_writer(room, sizeof(room));
    struct hf_supported_versions_ch versions;

    if (set->max_version < HF_TLS13)
        return false; /* the old way of offering says it all */
    for (unsigned v = set->max_version; v >= set->min_version; v--)
        hf_put(&list, v, 2);
    versions.versions = hf_written(&list);
    hf_wire_write_ext(hf_supported_versions_ch, w, HF_EXT_supported_versions,
                      place, &versions);
    return true;
}

static bool read_versions(struct hf_handshake *hs, enum hf_place place,
                          const struct hf_extensions *block)
{
    struct hf_supported_versions_ch versions;

    (void)place;
    if (!body(hs, hf_supported_versions_ch, block, HF_EXT_supported_versions,
              &versions))
        return false;
    hs->offer.versions = versions.versions;
    return true;
}

static bool write_version(struct hf_handshake *hs, enum hf_place place,
                          struct hf_writer *w)
{
    struct hf_supported_versions_sh version = { hs->session->version };

    hf_wire_write_ext(hf_supported_versions_sh, w, HF_EXT_supported_versions,
                      place, &version);
    return true;
}

/* The table says that this is TLS 1.3; whether it really is decides here. */
static bool read_version(struct hf_handshake *hs, enum hf_place place,
                         const struct hf_extensions *block)
{
    struct hf_supported_versions_sh version;

    (void)place;
    if (!body(hs, hf_supported_versions_sh, block, HF_EXT_supported_versions,
              &version))
        return false;
    if (version.selected != HF_TLS13)
        return hf_fail(hs->error, HF_E_NOT_OFFERED,
                       "the server chose version %x by supported_versions",
                       (unsigned)version.selected);
    hs->session->version = HF_TLS13;
    return true;
}

/* ---- key_share (RFC 8446 4.2.8) -------------------------------------------------------------------- */

static bool write_shares(struct hf_handshake *hs, enum hf_place place,
                         struct hf_writer *w)
{
    size_t cap = 0;
    struct hf_key_share_ch shares;
    struct hf_writer list;
    uint8_t *room;

    if (hs->settings->max_version < HF_TLS13)
        return false;
    for (size_t i = 0; i < hs->share_count; i++)
        cap += 4 + hs->shares[i].share.len;
    room = hf_arena_take(&hs->arena, cap);
    if (!room) {
        w->full = true;
        return hf_arena_fail(&hs->arena, hs->error);
    }
    list = hf_writer(room, cap);
    for (size_t i = 0; i < hs->share_count; i++) {
        struct hf_key_share_entry entry = { hs->shares[i].kx->group,
                                            hs->shares[i].share };

        hf_wire_write(hf_key_share_entry, &list, &entry);
    }
    shares.shares = hf_written(&list);
    hf_wire_write_ext(hf_key_share_ch, w, HF_EXT_key_share, place, &shares);
    return true;
}

/* No group twice, and no more shares than anybody has groups. */
static bool read_shares(struct hf_handshake *hs, enum hf_place place,
                        const struct hf_extensions *block)
{
    struct hf_key_share_ch shares;
    struct hf_key_share_entry entry;
    struct hf_numbers seen = { .count = 0 };

    (void)place;
    if (!body(hs, hf_key_share_ch, block, HF_EXT_key_share, &shares))
        return false;
    hs->offer.shares = shares.shares;
    while (hf_wire_next(hf_key_share_entry, &shares.shares, &entry)) {
        if (hf_numbers_have(&seen, entry.group))
            return hf_fail(hs->error, HF_E_ILLEGAL,
                           "two key shares for group %x",
                           (unsigned)entry.group);
        if (seen.count == HF_LIST_MAX)
            return hf_fail(hs->error, HF_E_ILLEGAL, "more than %u key shares",
                           (unsigned)HF_LIST_MAX);
        seen.at[seen.count++] = entry.group;
    }
    return true;
}

static bool write_share(struct hf_handshake *hs, enum hf_place place,
                        struct hf_writer *w)
{
    struct hf_key_share_entry entry = { hs->kx->group,
                                        { hs->reply, hs->kx->reply_len } };
    struct hf_key_share_hrr again = { hs->kx->group };

    if (place == HF_HRR)
        hf_wire_write_ext(hf_key_share_hrr, w, HF_EXT_key_share, place, &again);
    else
        hf_wire_write_ext(hf_key_share_entry, w, HF_EXT_key_share, place,
                          &entry);
    return true;
}

/* In a ServerHello: one of the groups for which we made a share. */
static bool read_share_sh(struct hf_handshake *hs,
                          const struct hf_extensions *block)
{
    struct hf_key_share_entry entry;

    if (!body(hs, hf_key_share_entry, block, HF_EXT_key_share, &entry))
        return false;
    hs->kx = NULL;
    for (size_t i = 0; i < hs->share_count; i++)
        if (hs->shares[i].kx->group == entry.group)
            hs->kx = hs->shares[i].kx;
    if (!hs->kx)
        return hf_fail(hs->error, HF_E_NOT_OFFERED,
                       "the server chose group %x, for which there was no "
                       "key share",
                       (unsigned)entry.group);
    hs->peer_share = hf_arena_copy(&hs->arena, entry.key_exchange);
    return hs->peer_share.at || hf_arena_fail(&hs->arena, hs->error);
}

/* In a retry: one of our groups, and one for which we made no share (RFC 8446
 * 4.2.8). */
static bool read_share_hrr(struct hf_handshake *hs,
                           const struct hf_extensions *block)
{
    struct hf_key_share_hrr again;

    if (!body(hs, hf_key_share_hrr, block, HF_EXT_key_share, &again))
        return false;
    if (!hf_numbers_have(&hs->settings->groups, again.group))
        return hf_fail(hs->error, HF_E_NOT_OFFERED,
                       "the server asks for a share in group %x",
                       (unsigned)again.group);
    for (size_t i = 0; i < hs->share_count; i++)
        if (hs->shares[i].kx->group == again.group)
            return hf_fail(hs->error, HF_E_RETRY_USELESS,
                           "the server asks for a share in group %x, which "
                           "it has",
                           (unsigned)again.group);
    hs->kx = hf_kx_by_group(&hs->settings->crypto, again.group);
    return hs->kx || hf_fail(hs->error, HF_E_BUG, "a group without provider");
}

static bool read_share(struct hf_handshake *hs, enum hf_place place,
                       const struct hf_extensions *block)
{
    return place == HF_HRR ? read_share_hrr(hs, block)
                           : read_share_sh(hs, block);
}

/* ---- cookie (RFC 8446 4.2.2) ------------------------------------------------------------------------- */

static bool write_cookie(struct hf_handshake *hs, enum hf_place place,
                         struct hf_writer *w)
{
    struct hf_cookie cookie = { hs->cookie };

    if (!hs->cookie.len)
        return false;
    hf_wire_write_ext(hf_cookie, w, HF_EXT_cookie, place, &cookie);
    return true;
}

static bool read_cookie(struct hf_handshake *hs, enum hf_place place,
                        const struct hf_extensions *block)
{
    struct hf_cookie cookie;

    if (!body(hs, hf_cookie, block, HF_EXT_cookie, &cookie))
        return false;
    /* We never gave one, so a client has none to return. */
    if (place == HF_CH)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "a cookie that no server of ours made");
    hs->cookie = hf_arena_copy(&hs->arena, cookie.cookie);
    return hs->cookie.at || hf_arena_fail(&hs->arena, hs->error);
}

/* ---- what only TLS 1.2 needs ------------------------------------------------------------------ */

static bool offers12(const struct hf_handshake *hs)
{
    return hs->settings->min_version <= HF_TLS12;
}

/* RFC 8422 5.1.2: a relic, and some servers want it. */
static bool write_formats(struct hf_handshake *hs, enum hf_place place,
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
static bool read_formats(struct hf_handshake *hs, enum hf_place place,
                         const struct hf_extensions *block)
{
    struct hf_point_formats formats;

    (void)place;
    if (!body(hs, hf_point_formats, block, HF_EXT_ec_point_formats, &formats))
        return false;
    return hf_wire_lists(formats.formats, 1, 0) ||
           hf_fail(hs->error, HF_E_ILLEGAL,
                   "uncompressed is not among the point formats");
}

/* RFC 7627 5.1 */
static bool write_extended(struct hf_handshake *hs, enum hf_place place,
                           struct hf_writer *w)
{
    struct hf_empty nothing = { 0 };

    if (place == HF_CH ? !offers12(hs) : !hs->extended_master)
        return false;
    hf_wire_write_ext(hf_empty, w, HF_EXT_extended_master_secret, place,
                      &nothing);
    return true;
}

static bool read_extended(struct hf_handshake *hs, enum hf_place place,
                          const struct hf_extensions *block)
{
    struct hf_empty nothing;

    (void)place;
    return body(hs, hf_empty, block, HF_EXT_extended_master_secret, &nothing);
}

/* RFC 5746 3.4 and 3.6: this is the first handshake of this connection, and
 * there will be no other. */
static bool write_first(struct hf_handshake *hs, enum hf_place place,
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

static bool read_first(struct hf_handshake *hs, enum hf_place place,
                       const struct hf_extensions *block)
{
    struct hf_renegotiation_info info;

    (void)place;
    if (!body(hs, hf_renegotiation_info, block, HF_EXT_renegotiation_info,
              &info))
        return false;
    if (!info.renegotiated_connection.len)
        return true;
    /* RFC 5746 3.4: "MUST abort the handshake". */
    return hf_fail(hs->error, HF_E_RENEGOTIATION,
                   "renegotiation_info names an earlier handshake");
}

/* ---- the table ------------------------------------------------------------------------------------------ */

struct verbs {
    write_fn *ask;    /* in CH or CR */
    read_fn *asked;   /* of a peer's CH or CR */
    write_fn *answer; /* in SH, HRR, EE */
    read_fn *answered;
};

#define VERBS(ext, ask, asked, answer, answered) \
    [HF_EXT_##ext] = { ask, asked, answer, answered },

/* clang-format off */
static const struct verbs verbs[HF_EXT_COUNT] = {
/*     extension             asker says       answerer hears   answerer says    asker hears */
VERBS (server_name,          write_name,      read_name,       write_name_ack,  read_empty_name)
VERBS (supported_groups,     write_groups,    read_groups,     NULL,            read_groups)
VERBS (signature_algorithms, write_schemes,   read_schemes,    NULL,            NULL)
VERBS (ec_point_formats,       write_formats,   read_formats,    write_formats,   read_formats)
VERBS (extended_master_secret, write_extended,  read_extended,   write_extended,  read_extended)
VERBS (renegotiation_info,     write_first,     read_first,      write_first,     read_first)
VERBS (alpn,                 write_protocols, read_protocols,  write_protocol,  read_protocol)
VERBS (supported_versions,   write_versions,  read_versions,   write_version,   read_version)
VERBS (cookie,               write_cookie,    read_cookie,     NULL,            read_cookie)
VERBS (key_share,            write_shares,    read_shares,     write_share,     read_share)
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
    for (unsigned e = 0; e < HF_EXT_COUNT; e++) {
        write_fn *write = asks(place) ? verbs[e].ask : verbs[e].answer;

        if (write && hf_extension_table[e].in[place] && write(hs, place, &w) &&
            asks(place))
            hs->sent |= (uint64_t)1 << e;
    }
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
        read_fn *read = asks(place) ? verbs[e].asked : verbs[e].answered;

        if (read && block->present >> e & 1 && !read(hs, place, block))
            return false;
    }
    return true;
}
