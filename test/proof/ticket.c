/* ticket.c - a ticket as it comes back (RFC 5077 4): whatever the bytes, what is
 * decrypted, authenticated and handed out lies where it should.
 *
 * Cryptography is any: it may say yes to anything. */
#include "proof.h"

#include "handshake/resume.h"

static struct hf_span ticket;
static const uint8_t *bound;
static size_t room;

#include "handshake/ticket.c"

static bool load_any(void *self, void *state, const uint8_t *key)
{
    (void)self;
    (void)state;
    PROVE(__CPROVER_r_ok(key, HF_AEAD_KEY_MAX));
    return nondet_bool();
}

static bool open_any(const void *state, const struct hf_open *one)
{
    size_t i = nondet_size();

    (void)state;
    PROVE(one->in.at == ticket.at + HEAD_LEN);
    PROVE(one->in.len == ticket.len - HEAD_LEN && one->in.len > HF_TAG_LEN);
    PROVE(one->in.len - HF_TAG_LEN <= room);
    PROVE(one->aad.len == HEAD_LEN + HF_BINDING_LEN);
    ASSUME(i < one->aad.len);
    PROVE(one->aad.at[i] ==
          (i < HEAD_LEN ? ticket.at[i] : bound[i - HEAD_LEN]));
    return nondet_bool();
}

static void unload_any(void *state)
{
    (void)state;
}

static const struct hf_aead aead = { .load = load_any,
                                     .open = open_any,
                                     .unload = unload_any };

const struct hf_suite *hf_suite_by_number(unsigned number)
{
    (void)number;
    return NULL;
}

const struct hf_aead *hf_suite_aead(const struct hf_crypto *c,
                                    const struct hf_suite *suite)
{
    (void)c;
    (void)suite;
    return nondet_bool() ? &aead : NULL;
}

const struct hf_hash *hf_hash_by_id(const struct hf_crypto *c, unsigned id)
{
    static const struct hf_hash one = { .len = 32 };

    (void)c;
    (void)id;
    return nondet_bool() ? &one : NULL;
}

bool hf_hmac_key(struct hf_hmac *hmac, const struct hf_crypto *c,
                 const struct hf_hash *hash, struct hf_span key)
{
    (void)c;
    PROVE(hash && key.len && __CPROVER_r_ok(key.at, key.len));
    hmac->hash = hash;
    return nondet_bool();
}

bool hf_hkdf_expand(const struct hf_hmac *key, struct hf_span info,
                    uint8_t *out, size_t len)
{
    (void)key;
    PROVE(__CPROVER_r_ok(info.at, info.len) && __CPROVER_w_ok(out, len));
    return nondet_bool();
}

void hf_hmac_wipe(struct hf_hmac *hmac)
{
    hmac->hash = NULL;
}

bool hf_ticket_key_find(const struct hf_settings *set, const uint8_t *name,
                        struct hf_ticket_key *key, bool *newest)
{
    (void)set;
    PROVE(name == ticket.at && __CPROVER_r_ok(name, HF_TICKET_KEY_NAME_LEN));
    for (size_t i = 0; i < HF_TICKET_KEY_NAME_LEN; i++)
        key->name[i] = name[i];
    *newest = nondet_bool();
    return nondet_bool();
}

void prove_ticket_open(void)
{
    uint8_t binding[HF_BINDING_LEN], *out;
    struct hf_settings set;
    struct hf_span plain;
    bool renew;

    ticket = any_bytes(65536);
    bound = binding;
    room = ticket.len > HF_SEALED_MORE ? ticket.len - HF_SEALED_MORE : 0;
    out = malloc(room);
    ASSUME(out != NULL);
    if (hf_ticket_open(&set, binding, ticket, out, &plain, &renew)) {
        PROVE(ticket.len > HF_SEALED_MORE);
        PROVE(plain.at == out && plain.len == room && room > 0);
    }
}
