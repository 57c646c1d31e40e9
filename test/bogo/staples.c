/* staples.c - OCSP responses: those that we are to give, and those that the
 * runner gives.  They are a few bytes that mean nothing, which the library would
 * neither take from an application nor accept from a peer; so ours are put where
 * it would have put them, and the application forgives the others. */
#include "shim.h"

#include "engine/conn.h"

#include <stdlib.h>
#include <string.h>

enum { CERTIFICATE = 11, CERTIFICATE_STATUS = 22 };

static struct hf_span bytes_of(const char *base64, uint8_t *room, size_t cap)
{
    size_t len = 0;

    if (!base64 || !hf_unbase64(hf_span_text(base64), room, cap, &len))
        len = 0;
    return hf_span(room, len);
}

/* Becomes the staple of the certificate that was added last. */
bool shim_staple(struct hf_config *config, const char *base64)
{
    uint8_t room[STAPLE_MAX];
    struct hf_span staple = bytes_of(base64, room, sizeof(room));
    struct hf_keypair *pair;
    uint8_t *copy;

    if (!staple.len || !config->settings.keypair_count)
        return true;
    pair = &config->settings.keypairs[config->settings.keypair_count - 1];
    copy = hf_alloc(staple.len);
    if (!copy)
        return false;
    hf_copy(copy, staple.at, staple.len);
    pair->staple = hf_span(copy, staple.len);
    return true;
}

void shim_look_for_staple(struct shim_trace *t, const struct hf_event *e)
{
    uint8_t room[STAPLE_MAX];
    struct hf_span staple = bytes_of(t->staple, room, sizeof(room));

    if (staple.len && !e->sent &&
        (e->message == CERTIFICATE || e->message == CERTIFICATE_STATUS))
        t->staple_found |= memmem(e->bytes.at, e->bytes.len, staple.at,
                                  staple.len) != NULL;
}
