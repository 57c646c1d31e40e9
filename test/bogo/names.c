/* names.c - what the peer lists in its hello or request, and names of
 * authorities: those that the runner wants us to send, and
 * those that it sends.  The library sends those whom it trusts; a test names
 * what it likes, so the list is put where the library would have put it. */
#include "shim.h"

#include "engine/conn.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 1024, CLIENT_HELLO = 1, CERTIFICATE_REQUEST = 13 };

/* Names in hex, with commas between; the next one.  False: there is none. */
static bool next_name(const char **text, uint8_t *name, size_t *len)
{
    size_t digits = strcspn(*text, ",");

    if (!digits || !hf_unhex(hf_span((const uint8_t *)*text, digits), name,
                             NAME_MAX_LEN, len))
        return false;
    *text += digits;
    *text += **text == ',';
    return true;
}

bool shim_send_names(struct shim *s)
{
    const char *text = s->o->use_client_ca_list;
    uint8_t name[NAME_MAX_LEN];
    uint8_t *room;
    size_t len = 0, one;

    if (!text || text[0] == '<') /* <NULL>, <EMPTY> */
        return true;
    room = hf_alloc(HF_AUTHORITIES_MAX);
    while (room && next_name(&text, name, &one) &&
           one + 2 < HF_AUTHORITIES_MAX - len) {
        hf_store_number(room + len, one, 2);
        memcpy(room + len + 2, name, one);
        len += 2 + one;
    }
    if (!room || *text)
        return shim_wrong("names of authorities that cannot be sent");
    s->config->settings.authorities = hf_span(hf_alloc(len + 1), len);
    hf_copy((uint8_t *)(uintptr_t)s->config->settings.authorities.at, room,
            len);
    hf_free(room, HF_AUTHORITIES_MAX);
    return true;
}

void shim_look_for_names(struct shim_trace *t, const struct hf_event *e)
{
    const char *text = t->names;
    uint8_t name[NAME_MAX_LEN];
    size_t len;

    if (!text || e->message != CERTIFICATE_REQUEST || e->sent)
        return;
    t->names_found = true;
    while (next_name(&text, name, &len))
        t->names_found &= memmem(e->bytes.at, e->bytes.len, name, len) != NULL;
}

/* The list as it travels, behind its length. */
void shim_look_for_schemes(struct shim_trace *t, const struct hf_event *e)
{
    uint8_t list[2 + 2 * NUMBERS];
    size_t len = 2;

    if (!t->schemes->count || e->sent ||
        (e->message != CLIENT_HELLO && e->message != CERTIFICATE_REQUEST))
        return;
    for (unsigned i = 0; i < t->schemes->count; i++, len += 2)
        hf_store_number(list + len, t->schemes->at[i], 2);
    hf_store_number(list, len - 2, 2);
    t->schemes_found |= memmem(e->bytes.at, e->bytes.len, list, len) != NULL;
}
