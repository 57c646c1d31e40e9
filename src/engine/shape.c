/* shape.c - settings of what our messages look like from outside: how large
 * records may be, how they are padded, and what is in them that means nothing. */
#include "engine/conn.h"

static bool set_bytes(struct hf_config *config, uint16_t *to, unsigned bytes,
                      unsigned least, unsigned most, const char *what)
{
    if (!hf_config_changes(config))
        return false;
    if (bytes && (bytes < least || bytes > most))
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "%s of %u bytes; from %u to %u", what, bytes, least,
                       most);
    *to = (uint16_t)bytes;
    return true;
}

bool hf_config_set_record_size_limit(struct hf_config *config, unsigned bytes)
{
    return config && set_bytes(config, &config->settings.record_limit, bytes,
                               64, HF_PLAINTEXT_MAX + 1, "a record size limit");
}

bool hf_config_set_max_fragment_length(struct hf_config *config, unsigned bytes)
{
    if (!hf_config_changes(config))
        return false;
    for (unsigned code = 0; code <= 4; code++)
        if (bytes == (code ? 256u << code : 0)) {
            config->settings.max_fragment = (uint8_t)code;
            return true;
        }
    return hf_fail(&config->error, HF_E_BAD_OPTION,
                   "a fragment length of %u bytes; 512, 1024, 2048 or 4096",
                   bytes);
}

bool hf_config_set_padding(struct hf_config *config, unsigned data,
                           unsigned handshake)
{
    uint16_t first = 0;

    if (!set_bytes(config, &first, data, 0, HF_PLAINTEXT_MAX, "padding") ||
        !set_bytes(config, &config->settings.pad_handshake, handshake, 0,
                   HF_PLAINTEXT_MAX, "padding"))
        return false;
    config->settings.pad_data = first;
    return true;
}

bool hf_config_set_grease(struct hf_config *config, bool on)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.grease = on;
    return true;
}

bool hf_config_set_permute(struct hf_config *config, bool on)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.permute = on;
    return true;
}
