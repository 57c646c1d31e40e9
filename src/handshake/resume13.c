/* resume13.c - TLS 1.3 sessions resumed with a pre-shared key and a fresh key
 * exchange (RFC 8446 2.2, 4.2.11, 4.6.1).
 *
 *   resumption secret --"resumption", nonce--> PSK of one ticket
 *   PSK -> Early Secret --"res binder"--> binder key --"finished"--> MAC over
 *   the ClientHello up to the binders
 *
 * A ticket is used once by our client.  psk_ke, which does without a fresh
 * exchange, is neither offered nor accepted. */
#include "handshake/resume.h"
#include "handshake/verbs.h"

enum { PSK_DHE_KE = 1, TRIES_MAX = 4 };

/* ---- binders (RFC 8446 4.2.11.2) ------------------------------------------------------ */

/* What the binders cover: the hello without them and their length. */
static struct hf_span without_binders(struct hf_span hello, size_t binders)
{
    return hf_span_first(hello, hello.len - 2 - binders);
}

static bool binder(const struct hf_crypto *c, const struct hf_hash *hash,
                   struct hf_span psk, const uint8_t *digest, uint8_t *out)
{
    uint8_t early[HF_HASH_MAX], empty[HF_HASH_MAX], key[HF_HASH_MAX];
    struct hf_hmac one = { .hash = NULL }, two = one, mac = one;
    struct hf_span text = { digest, hash->len };
    bool ok = hf_hkdf_extract(c, hash, hf_span(NULL, 0), psk, early) &&
              hf_hash_parts(c, hash, NULL, 0, empty) &&
              hf_hmac_key(&one, c, hash, hf_span(early, hash->len)) &&
              hf_expand_label(&one, "res binder", hf_span(empty, hash->len),
                              key, hash->len) &&
              hf_hmac_key(&two, c, hash, hf_span(key, hash->len)) &&
              hf_expand_label(&two, "finished", hf_span(NULL, 0), key,
                              hash->len) &&
              hf_hmac_key(&mac, c, hash, hf_span(key, hash->len)) &&
              hf_hmac_sum(&mac, &text, 1, out);

    hf_hmac_wipe(&one);
    hf_hmac_wipe(&two);
    hf_hmac_wipe(&mac);
    hf_wipe(early, sizeof(early));
    hf_wipe(key, sizeof(key));
    return ok;
}

/* The hash that goes with a saved session's secret; NULL if it makes none. */
static const struct hf_hash *hash_of(const struct hf_handshake *hs,
                                     const struct hf_saved_session *saved)
{
    const struct hf_suite *suite = hf_suite_by_number(saved->cipher_suite);
    const struct hf_hash *hash = suite && suite->version == HF_TLS13 &&
                                         saved->version == HF_TLS13
                                     ? hf_hash_by_id(&hs->settings->crypto,
                                                     suite->hash)
                                     : NULL;

    return hash && hash->len == saved->secret.len ? hash : NULL;
}

/* ---- the client's offer ------------------------------------------------------------------ */

static uint32_t obfuscated_age(const struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;
    int64_t age = set->clock(set->clock_ctx) - hf_session_issued(hs->saved);

    return (uint32_t)((uint64_t)age * 1000) + hs->saved->age_add;
}

bool hf_write_psk(struct hf_handshake *hs, enum hf_place place,
                  struct hf_writer *w)
{
    static const uint8_t later[HF_HASH_MAX];
    const struct hf_hash *hash = hs->saved ? hash_of(hs, hs->saved) : NULL;
    uint8_t entry[1 + HF_HASH_MAX], *room;
    struct hf_pre_shared_key_ch psks;
    struct hf_writer ids, macs = hf_writer(entry, sizeof(entry));
    size_t cap;

    /* After a retry only a key of the chosen hash is of use (4.1.4). */
    if (!hash || (hs->session->hash && hs->session->hash != hash))
        return false;
    cap = 6 + hs->saved->ticket.len;
    room = hf_arena_take(&hs->arena, cap);
    if (!room) {
        w->full = true;
        return hf_arena_fail(&hs->arena, hs->error);
    }
    ids = hf_writer(room, cap);
    hf_wire_write(
        hf_psk_identity, &ids,
        &(struct hf_psk_identity){ hs->saved->ticket, obfuscated_age(hs) });
    hf_wire_write(hf_psk_binder, &macs,
                  &(struct hf_psk_binder){ hf_span(later, hash->len) });
    psks.identities = hf_written(&ids);
    psks.binders = hf_written(&macs);
    hf_wire_write_ext(hf_pre_shared_key_ch, w, HF_EXT_pre_shared_key, place,
                      &psks);
    return true;
}

bool hf_write_psk_modes(struct hf_handshake *hs, enum hf_place place,
                        struct hf_writer *w)
{
    static const uint8_t modes[1] = { PSK_DHE_KE };
    struct hf_psk_modes psk = { HF_SPAN(modes) };

    if (hs->settings->max_version < HF_TLS13 || !hs->settings->sessions.put)
        return false;
    hf_wire_write_ext(hf_psk_modes, w, HF_EXT_psk_key_exchange_modes, place,
                      &psk);
    return true;
}

bool hf_bind_hello(struct hf_handshake *hs, struct hf_span hello)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    const struct hf_hash *hash;
    uint8_t digest[HF_HASH_MAX], *end;

    if (!(hs->sent & HF_BIT(pre_shared_key)))
        return true;
    hash = hash_of(hs, hs->saved);
    /* The hello is ours, in the arena: its last bytes are the binder's. */
    end = (uint8_t *)(uintptr_t)hello.at + hello.len - hash->len;
    return hf_transcript_peek(&hs->transcript, hash,
                              without_binders(hello, (size_t)1 + hash->len),
                              digest, hs->error) &&
           (binder(c, hash, hs->saved->secret, digest, end) ||
            hf_fail(hs->error, HF_E_CRYPTO, "binder"));
}

/* ---- the client's answer --------------------------------------------------------------------- */

bool hf_read_psk_chosen(struct hf_handshake *hs, enum hf_place place,
                        const struct hf_extensions *block)
{
    struct hf_pre_shared_key_sh chosen;

    (void)place;
    if (!hf_ext_body(hs, hf_pre_shared_key_sh, block, HF_EXT_pre_shared_key,
                     &chosen))
        return false;
    if (chosen.selected)
        return hf_fail(hs->error, HF_E_NOT_OFFERED,
                       "the server chose pre-shared key %u, and there was one",
                       (unsigned)chosen.selected);
    hs->facts |= HF_FACT_RESUMED; /* to be confirmed with the suite */
    return true;
}

bool hf_resumed13(struct hf_handshake *hs)
{
    bool resumed = (hs->facts & HF_FACT_RESUMED) != 0;

    if (!resumed) {
        if (hs->sent & HF_BIT(pre_shared_key))
            hf_not_resumed(hs, "the server does not take up the session");
        return true;
    }
    if (hash_of(hs, hs->saved) != hs->session->hash)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "the session goes with another hash than that of %s",
                       hs->session->suite->name);
    return hf_session_resume(hs);
}

/* ---- the server -------------------------------------------------------------------------------- */

bool hf_read_psk(struct hf_handshake *hs, enum hf_place place,
                 const struct hf_extensions *block)
{
    struct hf_pre_shared_key_ch psks;
    struct hf_psk_identity id;
    struct hf_psk_binder mac;
    size_t ids = 0, macs = 0;

    (void)place;
    if (!hf_ext_body(hs, hf_pre_shared_key_ch, block, HF_EXT_pre_shared_key,
                     &psks))
        return false;
    hs->offer.identities = psks.identities;
    hs->offer.binders = psks.binders;
    while (hf_wire_next(hf_psk_identity, &psks.identities, &id))
        ids++;
    while (hf_wire_next(hf_psk_binder, &psks.binders, &mac))
        macs++;
    return ids == macs ||
           hf_fail(hs->error, HF_E_ILLEGAL, "%z pre-shared keys and %z binders",
                   ids, macs);
}

bool hf_read_psk_modes(struct hf_handshake *hs, enum hf_place place,
                       const struct hf_extensions *block)
{
    struct hf_psk_modes modes;

    (void)place;
    if (!hf_ext_body(hs, hf_psk_modes, block, HF_EXT_psk_key_exchange_modes,
                     &modes))
        return false;
    hs->offer.psk_with_kx = hf_wire_lists(modes.modes, 1, PSK_DHE_KE);
    return true;
}

/* The first ticket that is ours and goes with the hash of the suite. */
static bool find_ticket(struct hf_handshake *hs, struct hf_span *mac)
{
    struct hf_span ids = hs->offer.identities, macs = hs->offer.binders;
    struct hf_psk_identity id;
    struct hf_psk_binder entry;
    bool renew;

    for (uint16_t i = 0; i < TRIES_MAX; i++) {
        if (!hf_wire_next(hf_psk_identity, &ids, &id) ||
            !hf_wire_next(hf_psk_binder, &macs, &entry))
            break;
        hs->saved = hf_session_open(hs, id.identity, &renew);
        if (!hs->saved || hash_of(hs, hs->saved) != hs->session->hash)
            continue;
        hs->psk_index = i;
        *mac = entry.binder;
        return true;
    }
    hs->saved = NULL;
    hf_not_resumed(hs, "no ticket of ours for these names and settings, for "
                       "this hash and of today");
    return false;
}

static bool check_binder(struct hf_handshake *hs, struct hf_span mac)
{
    const struct hf_hash *hash = hs->session->hash;
    struct hf_transcript before = { .crypto = &hs->settings->crypto };
    uint8_t digest[HF_HASH_MAX], want[HF_HASH_MAX];
    bool ok;

    if (hs->facts & HF_FACT_RETRY) {
        before = hs->transcript;
        before.state = hs->before_second;
    }
    ok = hf_transcript_peek(
             &before, hash,
             without_binders(hs->offer.bytes, hs->offer.binders.len), digest,
             hs->error) &&
         (binder(&hs->settings->crypto, hash, hs->saved->secret, digest,
                 want) ||
          hf_fail(hs->error, HF_E_CRYPTO, "binder"));
    if (!ok)
        return false;
    return (mac.len == hash->len && hf_equal_ct(mac.at, want, hash->len)) ||
           hf_fail(hs->error, HF_E_BAD_BINDER, "pre-shared key %u",
                   (unsigned)hs->psk_index);
}

bool hf_resume13(struct hf_handshake *hs)
{
    struct hf_span mac;

    if (!hf_gives_tickets(hs->settings))
        return true;
    if (!hf_session_bind(hs))
        return false;
    if (!hs->offer.identities.len)
        return true;
    if (!hs->offer.psk_with_kx) {
        hf_not_resumed(hs, "the client would do without a fresh key exchange, "
                           "which we never do");
        return true;
    }
    if (!find_ticket(hs, &mac))
        return true;
    if (!check_binder(hs, mac))
        return false;
    return hf_session_resume(hs) || !hs->error->code;
}

bool hf_write_psk_chosen(struct hf_handshake *hs, enum hf_place place,
                         struct hf_writer *w)
{
    struct hf_pre_shared_key_sh chosen = { hs->psk_index };

    if (!(hs->facts & HF_FACT_RESUMED))
        return false;
    hf_wire_write_ext(hf_pre_shared_key_sh, w, HF_EXT_pre_shared_key, place,
                      &chosen);
    return true;
}

/* ---- tickets (RFC 8446 4.6.1) --------------------------------------------------------------------- */

/* The key of the ticket with that @nonce. */
static bool ticket_key(const struct hf_session *s, struct hf_span nonce,
                       uint8_t *out)
{
    struct hf_hmac key = { .hash = NULL };
    bool ok = hf_hmac_key(&key, &s->settings->crypto, s->hash,
                          hf_span(s->resumption_secret, s->hash->len)) &&
              hf_expand_label(&key, "resumption", nonce, out, s->hash->len);

    hf_hmac_wipe(&key);
    return ok;
}

/* One ticket; none if it cannot be sealed: nobody waits for it. */
static bool give_ticket(struct hf_handshake *hs, uint8_t number)
{
    struct hf_session *s = hs->session;
    uint8_t psk[HF_HASH_MAX], age[4];
    struct hf_saved_session what = { .lifetime = hs->settings->session_lifetime,
                                     .secret = { psk, s->hash->len } };
    struct hf_buffer sealed = { .at = NULL };
    struct hf_new_session_ticket ticket = { .nonce = { &number, 1 } };
    bool ok = true;

    if (ticket_key(s, ticket.nonce, psk) &&
        hf_random(&hs->settings->crypto, age, sizeof(age))) {
        ticket.age_add = what.age_add = hf_number(age, 4);
        if (hf_session_save(s, &what, &sealed)) {
            ticket.lifetime = what.lifetime;
            ticket.ticket = hf_buffer_bytes(&sealed);
            ok = hf_message_send(hs, HF_NEW_SESSION_TICKET,
                                 hf_new_session_ticket, &ticket,
                                 16 + ticket.ticket.len);
        }
    }
    hf_wipe(psk, sizeof(psk));
    hf_buffer_wipe(&sealed);
    return ok;
}

enum hf_step_result hf_job_give_tickets(struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;
    unsigned count = hs->session->resumed ? 1 : set->tickets;
    char text[64];

    if (hf_gives_tickets(set) && hs->offer.psk_with_kx) {
        for (unsigned i = 0; i < count; i++)
            if (!give_ticket(hs, (uint8_t)i))
                return HF_STEP_FAILED;
        hf_format(text, sizeof(text), "%u, good for %u s", count,
                  (unsigned)set->session_lifetime);
        hf_decided(hs->session, HF_EV_TICKET, true, text, "given", NULL);
    }
    hf_wipe(hs->session->resumption_secret,
            sizeof(hs->session->resumption_secret));
    return HF_STEP_DONE;
}

/* ---- the client keeps it -------------------------------------------------------------------------- */

bool hf_recv_ticket13(struct hf_session *s, struct hf_span body)
{
    struct hf_new_session_ticket ticket;
    struct hf_fault fault;
    uint8_t psk[HF_HASH_MAX];
    struct hf_saved_session what;

    if (!hf_wire_read(hf_new_session_ticket, body, &ticket, NULL, &fault))
        return hf_wire_fail(&s->error, &fault);
    hf_say_ticket(s, true, ticket.ticket.len, ticket.lifetime,
                  s->settings->sessions.put ? NULL : "not kept");
    /* "The value of zero indicates that the ticket should be discarded
     * immediately" (RFC 8446 4.6.1). */
    if (!s->settings->sessions.put || !ticket.lifetime)
        return true;
    if (!ticket_key(s, ticket.nonce, psk))
        return hf_fail(&s->error, HF_E_CRYPTO, "the key of a ticket");
    what = (struct hf_saved_session){ .lifetime = ticket.lifetime,
                                      .age_add = ticket.age_add,
                                      .secret = { psk, s->hash->len },
                                      .ticket = ticket.ticket };
    hf_session_keep(s, &what);
    hf_wipe(psk, sizeof(psk));
    return true;
}
