/* edit.h - for tests: change a handshake message in place, lengths and all. */
#ifndef HF_EDIT_H
#define HF_EDIT_H

#include "engine/rogue.h"

/* Is the record one handshake message of @kind (a retry request is kind
 * HF_HELLO_RETRY_REQUEST and no ServerHello)? */
bool edit_is(const struct rogue_record *record, unsigned kind);

/* Replace @old bytes at @at by @bytes; the message's length follows. */
void edit_splice(struct rogue_record *record, size_t at, size_t old,
                 struct hf_span bytes);
/* Only the bytes, no lengths. */
void edit_put(struct rogue_record *record, size_t at, struct hf_span bytes);

/* Hellos, EncryptedExtensions, CertificateRequest, NewSessionTicket: where the
 * length of the block of extensions stands. */
size_t edit_block(const struct rogue_record *record);
/* Where extension @number begins (its number), 0 if it is not there. */
size_t edit_find(const struct rogue_record *record, unsigned number);
/* The body of an extension that is there. */
struct hf_span edit_body(const struct rogue_record *record, unsigned number);
void edit_drop(struct rogue_record *record, unsigned number);
/* Put it behind all others, whether there is one already or not. */
void edit_add(struct rogue_record *record, unsigned number,
              struct hf_span body);
/* Give the one that is there another body, or add it. */
void edit_set(struct rogue_record *record, unsigned number,
              struct hf_span body);

/* The two lists of a client's pre_shared_key, each without its length. */
struct edit_psks {
    uint8_t ids[4096], macs[4096];
    size_t ids_len, macs_len;
};
struct edit_psks edit_psks(const struct rogue_record *record);
void edit_put_psks(struct rogue_record *record, const struct edit_psks *p);

#endif
