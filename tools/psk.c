/* psk.c - a pre-shared key from the command line or a file into a config.  It is
 * never printed, and no fault quotes it. */
#include "psk.h"

#include "base/base.h"
#include "files.h"

#include <string.h>

/* Hexadecimal, with line ends and blanks. */
enum { FILE_MOST = 4 * HF_PSK_KEY_MAX };

static bool refuse(struct hf_config *config, const char *why)
{
    return hf_config_fail(config, HF_E_BAD_PSK, 0, why);
}

/* Of white space inside and around there may be any. */
static bool read_hex(struct hf_config *config, struct hf_span text,
                     uint8_t *key, size_t *len)
{
    while (text.len && strchr(" \t\r\n", text.at[text.len - 1]))
        text.len--;
    return (hf_unhex(text, key, HF_PSK_KEY_MAX, len) && *len) ||
           refuse(config, "--psk: not 16 to 512 bytes in hexadecimal");
}

static bool read_file(struct hf_config *config, const char *path, uint8_t *key,
                      size_t *len)
{
    struct bytes text = { .at = NULL };
    struct hf_error error = { .code = HF_OK };
    bool ok;

    if (!file_read(path, FILE_MOST, &text, &error))
        return hf_config_fail(config, error.code, error.system, error.detail);
    ok = read_hex(config, bytes_span(&text), key, len);
    bytes_free(&text);
    return ok;
}

/* The table of options says which words there are. */
static unsigned hash_of(const char *word)
{
    return word && !strcmp(word, "sha384") ? HF_SHA384 : HF_SHA256;
}

static bool check(const struct psk_words *w, struct hf_config *config)
{
    if (!w->key)
        return refuse(config, "--psk-...: --psk HEX says which key");
    return !w->context || w->imported ||
           refuse(config, "--psk-context is for --psk-imported");
}

bool psk_set(const struct psk_words *w, struct hf_config *config)
{
    uint8_t key[HF_PSK_KEY_MAX];
    struct hf_psk psk = {
        .identity = hf_span_text(w->identity ? w->identity : "Client_identity"),
        .hash = hash_of(w->hash),
    };
    size_t len = 0;
    bool ok;

    if (!w->key && !w->identity && !w->context && !w->hash && !w->imported &&
        !w->only)
        return true;
    if (!check(w, config))
        return false;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) check() refuses none */
    ok = w->key[0] == '@' ? read_file(config, w->key + 1, key, &len)
                          : read_hex(config, hf_span_text(w->key), key, &len);
    psk.key = hf_span(key, len);
    ok = ok && (w->imported ? hf_config_add_imported_psk(
                                  config, &psk, hf_span_text(w->context))
                            : hf_config_add_psk(config, &psk));
    hf_wipe(key, sizeof(key));
    return ok && hf_config_require_psk(config, w->only);
}

void json_psk(struct json *j, const struct hf_conn *conn)
{
    struct hf_span identity = hf_conn_psk_identity(conn);

    if (identity.len)
        json_bytes(j, "psk", identity);
    else
        json_null(j, "psk");
}

bool psk_text(const struct hf_conn *conn, char *out, size_t cap)
{
    struct hf_span identity = hf_conn_psk_identity(conn);

    hf_format(out, cap, "%q", &identity);
    return identity.len > 0;
}
