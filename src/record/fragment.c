/* fragment.c - records out of messages: what is too long for one record is
 * cut, and each piece is sealed straight to its place in the outgoing bytes. */
#include "record/record.h"

size_t hf_record_padding(const struct hf_direction *d, size_t len)
{
    size_t most, rest;

    if (!d->pad || !d->aead || d->tls12)
        return 0;
    most = hf_record_most(d) - len; /* the type is not counted in either */
    rest = (len + 1) % d->pad;
    if (!rest)
        return 0;
    return d->pad - rest < most ? d->pad - rest : most;
}

size_t hf_record_fits(const struct hf_direction *d, size_t want, size_t room)
{
    size_t most = hf_record_most(d);

    if (room <= HF_RECORD_OVERHEAD)
        return 0;
    room -= HF_RECORD_OVERHEAD;
    if (want > most)
        want = most;
    if (want > room)
        want = room;
    if (want + hf_record_padding(d, want) <= room)
        return want;
    /* Less, so that what is sealed is a whole multiple all the same. */
    return room + 1 >= d->pad ? (room + 1) / d->pad * d->pad - 1 : 0;
}

bool hf_records_seal(struct hf_direction *d, uint8_t type,
                     unsigned wire_version, struct hf_span bytes,
                     struct hf_buffer *out, struct hf_error *error)
{
    do {
        size_t most = hf_record_most(d);
        size_t len = bytes.len < most ? bytes.len : most;
        uint8_t *room = hf_buffer_room(out, len + hf_record_padding(d, len) +
                                                HF_RECORD_OVERHEAD);
        size_t made;

        if (!room)
            return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
        made = hf_record_seal(d, type, wire_version, hf_span_first(bytes, len),
                              room, error);
        if (!made)
            return false;
        hf_buffer_grew(out, made);
        bytes = hf_span_after(bytes, len);
    } while (bytes.len);
    return true;
}
