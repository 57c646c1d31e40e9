/* verbs13.c - extensions of TLS 1.3: which version, key shares, the cookie. */
#include "handshake/psk.h"
#include "handshake/verbs.h"

/* ---- supported_versions (RFC 8446 4.2.1) ------------------------------------------------------ */

bool hf_write_versions(struct hf_handshake *hs, enum hf_place place,
                       struct hf_writer *w)
{
    const struct hf_settings *set = hs->settings;
    uint8_t room[2 * 3];
    struct hf_writer list = hf_writer(room, sizeof(room));
    struct hf_supported_versions_ch versions;
    unsigned least = hf_least_version(set, HF_CLIENT);

    if (set->max_version < HF_TLS13)
        return false; /* the old way of offering says it all */
    if (hs->greased)
        hf_put(&list, hf_grease(hs, HF_GREASE_VERSION), 2);
    for (unsigned v = set->max_version; v >= least; v--)
        hf_put(&list, v, 2);
    versions.versions = hf_written(&list);
    hf_wire_write_ext(hf_supported_versions_ch, w, HF_EXT_supported_versions,
                      place, &versions);
    return true;
}

bool hf_read_versions(struct hf_handshake *hs, enum hf_place place,
                      const struct hf_extensions *block)
{
    struct hf_supported_versions_ch versions;

    (void)place;
    if (!hf_ext_body(hs, hf_supported_versions_ch, block,
                     HF_EXT_supported_versions, &versions))
        return false;
    hs->offer.versions = versions.versions;
    return true;
}

bool hf_write_version(struct hf_handshake *hs, enum hf_place place,
                      struct hf_writer *w)
{
    struct hf_supported_versions_sh version = { hs->session->version };

    hf_wire_write_ext(hf_supported_versions_sh, w, HF_EXT_supported_versions,
                      place, &version);
    return true;
}

/* The table says that this is TLS 1.3; whether it really is decides here. */
bool hf_read_version(struct hf_handshake *hs, enum hf_place place,
                     const struct hf_extensions *block)
{
    struct hf_supported_versions_sh version;

    (void)place;
    if (!hf_ext_body(hs, hf_supported_versions_sh, block,
                     HF_EXT_supported_versions, &version))
        return false;
    if (version.selected != HF_TLS13)
        return hf_fail(hs->error, HF_E_NOT_OFFERED,
                       "the server chose version %x by supported_versions",
                       (unsigned)version.selected);
    hs->session->version = HF_TLS13;
    return true;
}

/* ---- key_share (RFC 8446 4.2.8) -------------------------------------------------------------------- */

bool hf_write_shares(struct hf_handshake *hs, enum hf_place place,
                     struct hf_writer *w)
{
    static const uint8_t nothing[1] = { 0 };
    struct hf_key_share_entry grease = {
        (uint16_t)hf_grease(hs, HF_GREASE_GROUP), HF_SPAN(nothing)
    };
    size_t cap = 4 + sizeof(nothing);
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
    /* After a retry there is the share that was asked for and no other. */
    if (grease.group && !(hs->facts & HF_FACT_RETRY))
        hf_wire_write(hf_key_share_entry, &list, &grease);
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
bool hf_read_shares(struct hf_handshake *hs, enum hf_place place,
                    const struct hf_extensions *block)
{
    struct hf_key_share_ch shares;
    struct hf_key_share_entry entry;
    struct hf_numbers seen = { .count = 0 };

    (void)place;
    if (!hf_ext_body(hs, hf_key_share_ch, block, HF_EXT_key_share, &shares))
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

bool hf_write_share(struct hf_handshake *hs, enum hf_place place,
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

/* In a ServerHello: one of the groups for which we made a share; after a retry
 * that is the one that was asked for, and no other. */
static bool read_share_sh(struct hf_handshake *hs,
                          const struct hf_extensions *block)
{
    struct hf_key_share_entry entry;

    if (!hf_ext_body(hs, hf_key_share_entry, block, HF_EXT_key_share, &entry))
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

    if (!hf_ext_body(hs, hf_key_share_hrr, block, HF_EXT_key_share, &again))
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

bool hf_read_share(struct hf_handshake *hs, enum hf_place place,
                   const struct hf_extensions *block)
{
    return place == HF_HRR ? read_share_hrr(hs, block)
                           : read_share_sh(hs, block);
}

/* ---- cookie (RFC 8446 4.2.2) ------------------------------------------------------------------------- */

bool hf_write_cookie(struct hf_handshake *hs, enum hf_place place,
                     struct hf_writer *w)
{
    struct hf_cookie cookie = { hs->cookie };

    if (!hs->cookie.len)
        return false;
    hf_wire_write_ext(hf_cookie, w, HF_EXT_cookie, place, &cookie);
    return true;
}

bool hf_read_cookie(struct hf_handshake *hs, enum hf_place place,
                    const struct hf_extensions *block)
{
    struct hf_cookie cookie;

    if (!hf_ext_body(hs, hf_cookie, block, HF_EXT_cookie, &cookie))
        return false;
    /* We never gave one, so a client has none to return. */
    if (place == HF_CH)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "a cookie that no server of ours made");
    hs->cookie = hf_arena_copy(&hs->arena, cookie.cookie);
    return hs->cookie.at || hf_arena_fail(&hs->arena, hs->error);
}
