/* authorities.c - the names of those whom we trust, told to a peer who has several
 * certificates (RFC 8446 4.2.4, RFC 5246 7.4.4).
 *
 * The list is made once, when the config is frozen.  It tells everybody whom
 * we trust, so it is sent only if somebody asked for that. */
#include "engine/conn.h"

bool hf_config_set_send_authorities(struct hf_config *config, bool on)
{
    if (!hf_config_changes(config))
        return false;
    config->send_authorities = on;
    return true;
}

/* The name of each anchor; a root that cannot be read is nobody's. */
static void write_names(const struct hf_store *store, struct hf_writer *w)
{
    for (size_t i = 0; i < hf_store_count(store) && !w->full; i++) {
        struct hf_cert *root = hf_store_at(store, i);

        if (root)
            hf_wire_write(hf_distinguished_name, w,
                          &(struct hf_distinguished_name){ root->subject });
        hf_cert_free(root);
    }
}

bool hf_config_list_authorities(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;
    uint8_t *room, *copy;
    struct hf_writer w;
    bool ok = true;

    if (!config->send_authorities || !set->store || set->authorities.at)
        return true;
    room = hf_alloc(HF_AUTHORITIES_MAX);
    if (!room)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    w = hf_writer(room, HF_AUTHORITIES_MAX);
    write_names(set->store, &w);
    copy = hf_alloc(hf_written(&w).len + 1);
    if (w.full) {
        ok = hf_fail(&config->error, HF_E_BAD_OPTION,
                     "the names of all that are trusted take more than %u "
                     "bytes, too many to be sent",
                     (unsigned)HF_AUTHORITIES_MAX);
    } else if (!copy) {
        ok = hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    } else {
        set->authorities = hf_span(copy, hf_written(&w).len);
        hf_copy(copy, room, set->authorities.len);
        copy = NULL;
    }
    if (copy)
        hf_free(copy, hf_written(&w).len + 1);
    hf_free(room, HF_AUTHORITIES_MAX);
    return ok;
}

void hf_config_drop_authorities(struct hf_config *config)
{
    struct hf_span list = config->settings.authorities;

    if (list.at)
        hf_free((uint8_t *)(uintptr_t)list.at, list.len + 1);
}
