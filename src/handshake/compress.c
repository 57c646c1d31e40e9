/* compress.c - certificates that travel compressed (RFC 8879), TLS 1.3, both
 * roles: compress_certificate in ClientHello and CertificateRequest says what
 * its sender can expand, and CompressedCertificate stands where Certificate
 * would.
 *
 * What we send was made when the config was frozen.  What we receive comes from
 * somebody who has proved nothing yet, so it is expanded only in a way that we
 * offered, only into memory whose size we allow, and only if it is exactly as
 * long as it says.  The transcript holds the message as it travelled. */
#include "handshake/verbs.h"

/* ---- the extension ------------------------------------------------------------------ */

bool hf_write_compressions(struct hf_handshake *hs, enum hf_place place,
                           struct hf_writer *w)
{
    uint8_t room[2 * HF_LIST_MAX];
    struct hf_compression_algorithms list;

    if (!hs->settings->compressions.count ||
        hs->settings->max_version < HF_TLS13)
        return false;
    list.algorithms = hf_numbers_write(&hs->settings->compressions, room);
    hf_wire_write_ext(hf_compression_algorithms, w, HF_EXT_compress_certificate,
                      place, &list);
    return true;
}

/* No algorithm twice. */
static bool each_once(struct hf_handshake *hs, struct hf_span list)
{
    uint32_t number;

    while (hf_wire_next_number(2, &list, &number))
        if (hf_wire_lists(list, 2, number))
            return hf_fail(hs->error, HF_E_ILLEGAL,
                           "certificate compression %x is listed twice",
                           (unsigned)number);
    return true;
}

bool hf_read_compressions(struct hf_handshake *hs, enum hf_place place,
                          const struct hf_extensions *block)
{
    struct hf_compression_algorithms list;

    if (!hf_ext_body(hs, hf_compression_algorithms, block,
                     HF_EXT_compress_certificate, &list) ||
        !each_once(hs, list.algorithms))
        return false;
    hs->offer.compressions = list.algorithms;
    if (place == HF_CH)
        return true;
    /* A hello is kept, a request is not. */
    hs->offer.compressions = hf_arena_copy(&hs->arena, list.algorithms);
    return hs->offer.compressions.at || hf_arena_fail(&hs->arena, hs->error);
}

/* ---- ours ----------------------------------------------------------------------------- */

/* Our order decides, as it does between groups. */
void hf_choose_compression(struct hf_handshake *hs, enum hf_fact fact)
{
    const struct hf_numbers *ours = &hs->settings->compressions;

    for (size_t i = 0; i < ours->count; i++)
        if (hf_listed(hs->offer.compressions, ours->at[i])) {
            hs->compression = (uint16_t)i;
            hs->facts |= fact;
            return;
        }
}

enum { HEADER = 4 };

/* An event: which way, and how long the message is and would have been. */
static void tell(struct hf_handshake *hs, const char *name, size_t travels,
                 size_t is)
{
    char verdict[80];

    if (!hf_watched(hs->session))
        return;
    hf_format(verdict, sizeof(verdict), "%z bytes instead of %z", travels, is);
    hf_decided(hs->session, HF_EV_COMPRESSION, true, name, verdict, NULL);
}

enum hf_step_result hf_send_compressed_cert(struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;
    unsigned form = hf_form_wanted(hs);
    struct hf_span plain = hs->keypair->message[form];
    struct hf_span message =
        hs->keypair->compressed[hs->compression * HF_FORMS + form];
    const struct hf_compression *way = hf_compression_by_number(
        &set->crypto, set->compressions.at[hs->compression]);

    tell(hs, way ? way->name : NULL, message.len, plain.len);
    return hf_step(hf_handshake_say(hs, HF_COMPRESSED_CERTIFICATE, message));
}

/* ---- the peer's ------------------------------------------------------------------------- */

/* RFC 8879 4: "MUST be one of the algorithms listed in the peer's
 * compress_certificate extension". */
static const struct hf_compression *way_of(struct hf_handshake *hs,
                                           unsigned number)
{
    const struct hf_compression *way = NULL;

    if (hf_numbers_have(&hs->settings->compressions, number))
        way = hf_compression_by_number(&hs->settings->crypto, number);
    if (!way)
        hf_fail(hs->error, HF_E_NOT_OFFERED,
                "the peer compressed its certificate with %x", number);
    return way;
}

static bool expand(struct hf_handshake *hs, const struct hf_compression *way,
                   struct hf_span packed, uint8_t *out, size_t len)
{
    bool fault = false;

    if (way->expand(hs->settings->crypto.self, packed, out, len, &fault))
        return true;
    if (fault)
        return hf_fail(hs->error, HF_E_CRYPTO, "expanding with %s", way->name);
    return hf_fail(hs->error, HF_E_BAD_COMPRESSION,
                   "these %z bytes of %s do not expand to exactly %z",
                   packed.len, way->name, len);
}

/* The memory is taken only once the length has been judged, and is given back
 * before anything else is done: what is kept of a certificate is a copy. */
static bool read_packed(struct hf_handshake *hs,
                        const struct hf_compressed_certificate *in,
                        size_t message_len)
{
    const struct hf_compression *way = way_of(hs, in->algorithm);
    struct hf_span packed = in->compressed_certificate_message;
    size_t len = in->uncompressed_length;
    uint8_t *room;
    bool ok;

    if (!way)
        return false;
    if (len > HF_CHAIN_BYTES_MAX)
        return hf_fail(hs->error, HF_E_BAD_COMPRESSION,
                       "%z bytes announce %z, at most %z", packed.len, len,
                       (size_t)HF_CHAIN_BYTES_MAX);
    room = hf_alloc(len);
    if (!room)
        return hf_fail(hs->error, HF_E_OUT_OF_MEMORY, NULL);
    ok = expand(hs, way, packed, room, len);
    if (ok)
        tell(hs, way->name, message_len, HEADER + len);
    ok = ok && hf_read_certificate(hs, hf_span(room, len));
    hf_free(room, len);
    return ok;
}

enum hf_step_result hf_recv_compressed_cert(struct hf_handshake *hs,
                                            const struct hf_message *m)
{
    struct hf_compressed_certificate packed;

    if (!(hs->sent & HF_BIT(compress_certificate))) {
        hf_fail(hs->error, HF_E_UNEXPECTED,
                "CompressedCertificate came, and we did not ask for it");
        return HF_STEP_FAILED;
    }
    return hf_step(
        hf_message_read(hs, hf_compressed_certificate, m->body, &packed) &&
        read_packed(hs, &packed, m->bytes.len));
}
