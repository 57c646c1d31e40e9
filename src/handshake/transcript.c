/* transcript.c - the running hash of everything that was said (RFC 8446
 * 4.4.1).
 *
 * Which hash it is becomes known with the ServerHello; what was said before
 * is kept until then.  If the server asked for a second hello, the first one
 * is replaced by its own hash, in a message of a type that nobody sends. */
#include "handshake/handshake.h"

static bool add(struct hf_transcript *t, struct hf_span bytes,
                struct hf_error *error)
{
    if (!t->hash->add(&t->state, bytes))
        return hf_fail(error, HF_E_CRYPTO, "hashing the transcript");
    if (t->keep && !hf_buffer_add(&t->all, bytes))
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    return true;
}

bool hf_transcript_add(struct hf_transcript *t, struct hf_span message,
                       struct hf_error *error)
{
    if (t->hash)
        return add(t, message, error);
    for (size_t i = 0; i < HF_COUNT(t->kept); i++) {
        if (t->kept[i].at)
            continue;
        t->kept[i] = hf_arena_copy(t->arena, message);
        if (!t->kept[i].at)
            return hf_arena_fail(t->arena, error);
        return true;
    }
    return hf_fail(error, HF_E_BUG, "more than two messages before a hash");
}

static bool restart(struct hf_transcript *t, struct hf_error *error)
{
    t->hash->wipe(&t->state);
    if (!t->hash->start(t->crypto->self, &t->state))
        return hf_fail(error, HF_E_CRYPTO, "starting the transcript");
    return true;
}

/* message_hash(254) || 00 00 length || Hash(ClientHello1) */
static bool replace_first(struct hf_transcript *t, struct hf_error *error)
{
    uint8_t stand_in[4 + HF_HASH_MAX] = { HF_MESSAGE_HASH, 0, 0, t->hash->len };

    return hf_transcript_digest(t, stand_in + 4, error) && restart(t, error) &&
           add(t, hf_span(stand_in, (size_t)4 + t->hash->len), error);
}

bool hf_transcript_start(struct hf_transcript *t, const struct hf_hash *hash,
                         bool retry, struct hf_error *error)
{
    t->hash = hash;
    if (!restart(t, error) || !add(t, t->kept[0], error))
        return false;
    if (retry && !replace_first(t, error))
        return false;
    if (t->kept[1].at && !add(t, t->kept[1], error))
        return false;
    t->kept[0] = t->kept[1] = hf_span(NULL, 0);
    return true;
}

bool hf_transcript_digest(const struct hf_transcript *t, uint8_t *out,
                          struct hf_error *error)
{
    if (!t->hash || !t->hash->digest(&t->state, out))
        return hf_fail(error, HF_E_CRYPTO, "the digest of the transcript");
    return true;
}

bool hf_transcript_peek(const struct hf_transcript *t,
                        const struct hf_hash *hash, struct hf_span more,
                        uint8_t *out, struct hf_error *error)
{
    struct hf_hash_state state = { .words = { 0 } };
    bool ok = t->hash ? hash->copy(&state, &t->state)
                      : hash->start(t->crypto->self, &state);

    ok = ok && hash->add(&state, more) && hash->digest(&state, out);
    hash->wipe(&state);
    return ok || hf_fail(error, HF_E_CRYPTO, "a digest of the transcript");
}

struct hf_span hf_transcript_messages(const struct hf_transcript *t)
{
    return hf_buffer_bytes(&t->all);
}

void hf_transcript_wipe(struct hf_transcript *t)
{
    if (t->hash)
        t->hash->wipe(&t->state);
    hf_buffer_wipe(&t->all);
    hf_wipe(t, sizeof(*t));
}
