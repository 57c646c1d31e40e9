/* fragment.c - records out of messages: what is too long for one record is
 * cut, and each piece is sealed straight to its place in the outgoing bytes. */
#include "record/record.h"

bool hf_records_seal(struct hf_direction *d, uint8_t type,
                     unsigned wire_version, struct hf_span bytes,
                     struct hf_buffer *out, struct hf_error *error)
{
    do {
        size_t len = bytes.len < HF_PLAINTEXT_MAX ? bytes.len
                                                  : HF_PLAINTEXT_MAX;
        uint8_t *room = hf_buffer_room(out, len + HF_RECORD_OVERHEAD);
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
