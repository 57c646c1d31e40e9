/* messages.c - our certificates as they will travel: each message is made once,
 * so that a handshake only copies it.
 *
 *            plain            with what the peer asked for
 *   TLS 1.3  message[0]       message[HF_FORM_STAPLE | HF_FORM_SCTS]
 *   packed   compressed[0]    compressed[...], for each way
 *
 * The plain one is made when the keypair is added, so that whoever adds it
 * hears what is wrong with it; the others when the config is frozen. */
#include "engine/conn.h"

enum { HEADER = 4, OCSP = 1 };

static void drop(struct hf_span *message)
{
    hf_free((uint8_t *)(uintptr_t)message->at, message->len);
    *message = hf_span(NULL, 0);
}

static void drop_compressed(struct hf_keypair *pair)
{
    for (size_t i = 0; i < pair->compressed_count; i++)
        drop(&pair->compressed[i]);
    hf_free(pair->compressed,
            pair->compressed_count * sizeof(*pair->compressed));
    pair->compressed = NULL;
    pair->compressed_count = 0;
}

void hf_keypair_drop_messages(struct hf_keypair *pair)
{
    for (unsigned form = 0; form < HF_FORMS; form++)
        drop(&pair->message[form]);
    drop_compressed(pair);
}

/* ---- Certificate -------------------------------------------------------------------- */

/* What stands behind the first certificate. */
static struct hf_span write_extensions(const struct hf_keypair *pair,
                                       unsigned form, uint8_t *room, size_t cap)
{
    struct hf_writer w = hf_writer(room, cap);
    struct hf_certificate_status status = { OCSP, pair->staple };
    struct hf_sct_list list = { pair->scts };

    if (form & HF_FORM_STAPLE)
        hf_wire_write_ext(hf_certificate_status, &w, HF_EXT_status_request,
                          HF_CT, &status);
    if (form & HF_FORM_SCTS)
        hf_wire_write_ext(hf_sct_list, &w, HF_EXT_sct, HF_CT, &list);
    return hf_written(&w);
}

/* The list of certificates; only the first has extensions. */
static struct hf_span write_list(const struct hf_keypair *pair,
                                 struct hf_span extensions, uint8_t *room,
                                 size_t cap)
{
    struct hf_writer w = hf_writer(room, cap);

    for (size_t i = 0; i < pair->count; i++) {
        struct hf_certificate_entry entry = { pair->chain[i]->der,
                                              { .present = 0 } };

        if (!i)
            entry.extensions.all = extensions;
        hf_wire_write(hf_certificate_entry, &w, &entry);
    }
    return w.full ? hf_span(NULL, 0) : hf_written(&w);
}

/* How long the extensions of that form are. */
static size_t extensions_len(const struct hf_keypair *pair, unsigned form)
{
    enum {
        STATUS_HEAD = 4 + 1 + 3, /* extension, type, length */
        SCTS_HEAD = 4 + 2
    };

    return (form & HF_FORM_STAPLE ? STATUS_HEAD + pair->staple.len : 0) +
           (form & HF_FORM_SCTS ? SCTS_HEAD + pair->scts.len : 0);
}

bool hf_keypair_make_message(struct hf_config *config, struct hf_keypair *pair,
                             unsigned form)
{
    struct hf_certificate certificate = { .request_context = { NULL, 0 } };
    size_t more = extensions_len(pair, form), cap = more, mark;
    struct hf_span *out = &pair->message[form];
    uint8_t *list, *room;
    struct hf_writer w;

    for (size_t i = 0; i < pair->count; i++)
        cap += 3 + pair->chain[i]->der.len + 2;
    list = hf_alloc(cap + more);
    room = hf_alloc(cap + 8);
    if (!list || !room) {
        hf_free(list, cap + more);
        hf_free(room, cap + 8);
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    }
    certificate.list = write_list(
        pair, write_extensions(pair, form, list + cap, more), list, cap);
    w = hf_writer(room, cap + 8);
    hf_put(&w, HF_CERTIFICATE, 1);
    mark = hf_writer_open(&w, 3);
    hf_wire_write(hf_certificate, &w, &certificate);
    hf_writer_close(&w, mark, 3);
    hf_free(list, cap + more);
    drop(out); /* of an earlier try to freeze */
    *out = hf_span(room, cap + 8);
    return (!w.full && w.len == cap + 8) ||
           hf_fail(&config->error, HF_E_BAD_CERTIFICATE,
                   "the chain does not fit into a message");
}

/* ---- CompressedCertificate (RFC 8879 4) ------------------------------------------------ */

/* What a stream may be longer than what is in it, at most. */
static size_t packed_max(size_t len)
{
    return len + len / 64 + 512;
}

static bool write_compressed(struct hf_config *config, unsigned algorithm,
                             struct hf_span plain, struct hf_span packed,
                             struct hf_span *out)
{
    enum { HEADS = HEADER + 2 + 3 + 3 };
    struct hf_compressed_certificate message = {
        .algorithm = (uint16_t)algorithm,
        .uncompressed_length = (uint32_t)plain.len,
        .compressed_certificate_message = packed,
    };
    size_t len = HEADS + packed.len, mark;
    uint8_t *room = hf_alloc(len);
    struct hf_writer w = hf_writer(room, len);

    if (!room)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    *out = hf_span(room, len);
    hf_put(&w, HF_COMPRESSED_CERTIFICATE, 1);
    mark = hf_writer_open(&w, 3);
    hf_wire_write(hf_compressed_certificate, &w, &message);
    hf_writer_close(&w, mark, 3);
    return (!w.full && w.len == len) ||
           hf_fail(&config->error, HF_E_BAD_CERTIFICATE,
                   "the compressed chain does not fit into a message");
}

/* @message is the Certificate with its header, which is not compressed. */
static bool compress_message(struct hf_config *config, unsigned algorithm,
                             struct hf_span message, struct hf_span *out)
{
    const struct hf_crypto *c = &config->settings.crypto;
    const struct hf_compression *way = hf_compression_by_number(c, algorithm);
    struct hf_span plain = hf_span_after(message, HEADER);
    size_t cap = packed_max(plain.len), len;
    uint8_t *room = hf_alloc(cap);
    bool ok;

    if (!room)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    ok = way->compress(c->self, plain, room, cap, &len) ||
         hf_fail(&config->error, HF_E_CRYPTO, "compressing with %s", way->name);
    ok = ok &&
         write_compressed(config, algorithm, plain, hf_span(room, len), out);
    hf_free(room, cap);
    return ok;
}

static bool compress_all(struct hf_config *config, struct hf_keypair *pair)
{
    const struct hf_numbers *ways = &config->settings.compressions;

    drop_compressed(pair);
    pair->compressed = hf_alloc_array(HF_FORMS * ways->count,
                                      sizeof(*pair->compressed));
    if (!pair->compressed)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    pair->compressed_count = HF_FORMS * ways->count;
    for (size_t i = 0; i < ways->count; i++)
        for (unsigned form = 0; form < HF_FORMS; form++)
            if (pair->message[form].len &&
                !compress_message(config, ways->at[i], pair->message[form],
                                  &pair->compressed[i * HF_FORMS + form]))
                return false;
    return true;
}

/* ---- all of them -------------------------------------------------------------------------- */

/* What there is to add to this one. */
static unsigned forms_of(const struct hf_keypair *pair)
{
    return (pair->staple.len ? HF_FORM_STAPLE : 0u) |
           (pair->scts.len ? HF_FORM_SCTS : 0u);
}

bool hf_config_make_messages(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;

    for (size_t i = 0; i < set->keypair_count; i++) {
        struct hf_keypair *pair = &set->keypairs[i];

        for (unsigned form = 1; form < HF_FORMS; form++)
            if (!(form & ~forms_of(pair)) &&
                !hf_keypair_make_message(config, pair, form))
                return false;
        if (set->compressions.count && set->max_version >= HF_TLS13 &&
            !compress_all(config, pair))
            return false;
    }
    return true;
}
