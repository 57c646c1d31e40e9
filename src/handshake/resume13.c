/* resume13.c - pre-shared keys with a fresh key exchange, as they travel; and
 * TLS 1.3 sessions, which are resumed with one (RFC 8446 2.2, 4.2.11, 4.6.1).
 *
 *   resumption secret --"resumption", nonce--> PSK of one ticket
 *   PSK -> Early Secret --"res binder"--> binder key --"finished"--> MAC over
 *   the ClientHello up to the binders
 *
 * External keys (psk.c) travel in the same list, their binders made under other
 * labels.  A ticket is used once by our client.  psk_ke, which does without a fresh
 * exchange, is neither offered nor accepted. */
#include "handshake/psk.h"
#include "handshake/resume.h"
#include "handshake/verbs.h"

enum { PSK_DHE_KE = 1, TRIES_MAX = 4 };

/* ---- binders (RFC 8446 4.2.11.2) ------------------------------------------------------ */

/* What the binders cover: the hello without them and their length. */
static struct hf_span without_binders(struct hf_span hello, size_t binders)
{
    return hf_span_first(hello, hello.len - 2 - binders);
}

/* So that no key can be taken for one of another kind (RFC 9258 5.2). */
static const char *const binder_labels[] = {
    [HF_PSK_NONE] = "res binder",
    [HF_PSK_EXTERNAL] = "ext binder",
    [HF_PSK_IMPORTED] = "imp binder",
};

static bool make_binder(const struct hf_crypto *c,
                        const struct hf_psk_offer *psk, const uint8_t *digest,
                        uint8_t *out)
{
    const struct hf_hash *hash = psk->hash;
    uint8_t early[HF_HASH_MAX], empty[HF_HASH_MAX], key[HF_HASH_MAX];
    struct hf_hmac one = { .hash = NULL }, two = one, mac = one;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) every offer has one */
    struct hf_span text = { digest, hash->len };
    bool ok = hf_hkdf_extract(c, hash, hf_span(NULL, 0), psk->secret, early) &&
              hf_hash_parts(c, hash, NULL, 0, empty) &&
              hf_hmac_key(&one, c, hash, hf_span(early, hash->len)) &&
              hf_expand_label(&one, binder_labels[psk->kind],
                              hf_span(empty, hash->len), key, hash->len) &&
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

const struct hf_hash *hf_psk_hash(const struct hf_handshake *hs,
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

uint32_t hf_ticket_age(const struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;
    int64_t age = set->clock(set->clock_ctx) - hf_session_issued(hs->saved);

    return (uint32_t)((uint64_t)age * 1000) + hs->saved->age_add;
}

/* What the lists of identities and of binders take. */
static size_t lists_len(const struct hf_handshake *hs, size_t *binders)
{
    size_t identities = 0;

    *binders = 0;
    for (size_t i = 0; i < hs->psk_count; i++) {
        identities += 6 + hs->psks[i].identity.len;
        *binders += (size_t)1 + hs->psks[i].hash->len;
    }
    return identities;
}

bool hf_write_psk(struct hf_handshake *hs, enum hf_place place,
                  struct hf_writer *w)
{
    static const uint8_t later[HF_HASH_MAX];
    size_t first, second;
    struct hf_pre_shared_key_ch list;
    struct hf_writer ids, macs;
    uint8_t *room;

    if (!hs->psk_count)
        return false;
    first = lists_len(hs, &second);
    room = hf_arena_take(&hs->arena, first + second);
    if (!room) {
        w->full = true;
        return hf_arena_fail(&hs->arena, hs->error);
    }
    ids = hf_writer(room, first);
    macs = hf_writer(room + first, second);
    for (size_t i = 0; i < hs->psk_count; i++) {
        const struct hf_psk_offer *psk = &hs->psks[i];

        hf_wire_write(hf_psk_identity, &ids,
                      &(struct hf_psk_identity){ psk->identity, psk->age });
        hf_wire_write(
            hf_psk_binder, &macs,
            &(struct hf_psk_binder){ hf_span(later, psk->hash->len) });
    }
    list.identities = hf_written(&ids);
    list.binders = hf_written(&macs);
    hf_wire_write_ext(hf_pre_shared_key_ch, w, HF_EXT_pre_shared_key, place,
                      &list);
    return true;
}

bool hf_write_psk_modes(struct hf_handshake *hs, enum hf_place place,
                        struct hf_writer *w)
{
    static const uint8_t modes[1] = { PSK_DHE_KE };
    struct hf_psk_modes psk = { HF_SPAN(modes) };

    if (hs->settings->max_version < HF_TLS13 ||
        (!hs->settings->sessions.put && !hf_psk_have(hs->settings, HF_CLIENT)))
        return false;
    hf_wire_write_ext(hf_psk_modes, w, HF_EXT_psk_key_exchange_modes, place,
                      &psk);
    return true;
}

bool hf_bind_hello(struct hf_handshake *hs, struct hf_span hello)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    uint8_t digest[HF_HASH_MAX], *at;
    struct hf_span text;
    size_t binders;

    if (!(hs->sent & HF_BIT(pre_shared_key)))
        return true;
    (void)lists_len(hs, &binders);
    text = without_binders(hello, binders);
    /* The hello is ours, in the arena: its last bytes are the binders'. */
    at = (uint8_t *)(uintptr_t)hello.at + hello.len - binders;
    for (size_t i = 0; i < hs->psk_count; i++) {
        const struct hf_psk_offer *psk = &hs->psks[i];

        if (!hf_transcript_peek(&hs->transcript, psk->hash, text, digest,
                                hs->error))
            return false;
        if (!make_binder(c, psk, digest, at + 1))
            return hf_fail(hs->error, HF_E_CRYPTO, "binder");
        HF_DECLASSIFY(at + 1, psk->hash->len); /* it is said */
        at += 1 + psk->hash->len;
    }
    return true;
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
    if (chosen.selected >= hs->psk_count)
        return hf_fail(hs->error, HF_E_NOT_OFFERED,
                       "the server chose pre-shared key %u, and there were %z",
                       (unsigned)chosen.selected, hs->psk_count);
    hs->psk_index = chosen.selected;
    hs->facts |= HF_FACT_RESUMED; /* to be confirmed with the suite */
    return true;
}

bool hf_resumed13(struct hf_handshake *hs)
{
    if (!(hs->facts & HF_FACT_RESUMED)) {
        if (hs->sent & HF_BIT(pre_shared_key))
            hf_not_resumed(hs, "the server takes up neither session nor key");
        return hf_psk_missing(hs);
    }
    hs->psk = hs->psks[hs->psk_index];
    if (hs->psk.hash != hs->session->hash)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "the pre-shared key goes with another hash than that "
                       "of %s",
                       hs->session->suite->name);
    return hs->psk.kind == HF_PSK_NONE ? hf_session_resume(hs)
                                       : hf_psk_take(hs);
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

/* A ticket of ours that goes with the hash of the suite. */
static bool is_ticket(struct hf_handshake *hs, const struct hf_psk_identity *id)
{
    bool renew;

    hs->saved = hf_session_open(hs, id->identity, &renew);
    if (!hs->saved || hf_psk_hash(hs, hs->saved) != hs->session->hash)
        return false;
    hs->psk = (struct hf_psk_offer){ .identity = id->identity,
                                     .secret = hs->saved->secret,
                                     .hash = hs->session->hash };
    hs->ticket_age = id->obfuscated_ticket_age - hs->saved->age_add;
    return true;
}

/* The first of the client's that is of use: hs->psk, and its binder in *mac. */
static bool find_key(struct hf_handshake *hs, struct hf_span *mac)
{
    struct hf_span ids = hs->offer.identities, macs = hs->offer.binders;
    unsigned tickets = hf_gives_tickets(hs->settings) ? TRIES_MAX : 0;
    const struct hf_psk_offer *known;
    struct hf_psk_identity id;
    struct hf_psk_binder entry;

    for (uint16_t i = 0; hf_wire_next(hf_psk_identity, &ids, &id) &&
                         hf_wire_next(hf_psk_binder, &macs, &entry);
         i++) {
        hs->psk_index = i;
        *mac = hs->binder = entry.binder;
        known = hf_psk_found(hs, id.identity);
        if (known) {
            hs->psk = *known;
            return true;
        }
        if (tickets && is_ticket(hs, &id))
            return true;
        tickets -= tickets > 0;
    }
    hs->saved = NULL;
    hf_not_resumed(hs, "no ticket of ours for these names and settings, for "
                       "this hash and of today, and no key that we know");
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
         (make_binder(&hs->settings->crypto, &hs->psk, digest, want) ||
          hf_fail(hs->error, HF_E_CRYPTO, "binder"));
    if (!ok)
        return false;
    return (mac.len == hash->len && hf_equal_ct(mac.at, want, hash->len)) ||
           hf_fail(hs->error, HF_E_BAD_BINDER, "pre-shared key %u",
                   (unsigned)hs->psk_index);
}

static bool take_key(struct hf_handshake *hs, struct hf_span mac)
{
    if (!check_binder(hs, mac))
        return false;
    if (hs->psk.kind != HF_PSK_NONE)
        return hf_psk_take(hs);
    return hf_session_resume(hs) || !hs->error->code;
}

bool hf_resume13(struct hf_handshake *hs)
{
    struct hf_span mac;

    if (hf_gives_tickets(hs->settings) && !hf_session_bind(hs))
        return false;
    if (!hs->offer.identities.len ||
        (!hf_gives_tickets(hs->settings) && !hs->psk_count))
        return true;
    if (!hs->offer.psk_with_kx) {
        hf_not_resumed(hs, "the client would do without a fresh key exchange, "
                           "which we never do");
        return true;
    }
    return !find_key(hs, &mac) || take_key(hs, mac);
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

/* One that means nothing (RFC 8701 4.1), and what is said of early data. */
static struct hf_span ticket_extensions(struct hf_handshake *hs, uint8_t *room,
                                        size_t cap, uint32_t *max_early)
{
    struct hf_writer w = hf_writer(room, cap);
    size_t at;

    hf_grease_extension(hs, HF_GREASE_FIRST, &w);
    at = hf_written(&w).len;
    return hf_span(
        room,
        at +
            hf_early_promise(hs->settings, room + at, cap - at, max_early).len);
}

/* One ticket; none if it cannot be sealed: nobody waits for it. */
static bool give_ticket(struct hf_handshake *hs, uint8_t number)
{
    struct hf_session *s = hs->session;
    uint8_t psk[HF_HASH_MAX], age[4], room[24];
    struct hf_saved_session what = { .lifetime = hs->settings->session_lifetime,
                                     .secret = { psk, s->hash->len } };
    struct hf_buffer sealed = { .at = NULL };
    struct hf_new_session_ticket ticket = { .nonce = { &number, 1 } };
    bool ok = true;

    if (ticket_key(s, ticket.nonce, psk) &&
        hf_random(&hs->settings->crypto, age, sizeof(age))) {
        ticket.age_add = what.age_add = hf_number(age, 4);
        ticket.extensions.all = ticket_extensions(hs, room, sizeof(room),
                                                  &what.max_early_data);
        if (hf_session_save(s, &what, &sealed)) {
            ticket.lifetime = what.lifetime;
            ticket.ticket = hf_buffer_bytes(&sealed);
            ok = hf_message_send(hs, HF_NEW_SESSION_TICKET,
                                 hf_new_session_ticket, &ticket,
                                 16 + sizeof(room) + ticket.ticket.len);
        }
    }
    hf_wipe(psk, sizeof(psk));
    hf_buffer_wipe(&sealed);
    return ok;
}

enum hf_step_result hf_job_give_tickets(struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;
    unsigned count = hf_tickets_due(hs);
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
    struct hf_early_data_nst early = { 0 };
    struct hf_fault fault;
    uint8_t psk[HF_HASH_MAX];
    struct hf_saved_session what;

    if (!hf_wire_read(hf_new_session_ticket, body, &ticket, NULL, &fault) ||
        (ticket.extensions.present & HF_BIT(early_data) &&
         !hf_wire_read_ext(hf_early_data_nst, &ticket.extensions,
                           HF_EXT_early_data, &early, &fault)))
        return hf_wire_fail(&s->error, &fault);
    hf_say_ticket(s, true, ticket.ticket.len, ticket.lifetime,
                  s->settings->sessions.put ? NULL : "not kept");
    /* "The value of zero indicates that the ticket should be discarded
     * immediately" (RFC 8446 4.6.1). */
    if (!s->settings->sessions.put || !ticket.lifetime)
        return true;
    if (!ticket_key(s, ticket.nonce, psk))
        return hf_fail(&s->error, HF_E_CRYPTO, "the key of a ticket");
    what = (struct hf_saved_session){
        .lifetime = ticket.lifetime,
        .age_add = ticket.age_add,
        .max_early_data = early.max_early_data_size,
        .secret = { psk, s->hash->len },
        .ticket = ticket.ticket
    };
    hf_session_keep(s, &what);
    hf_wipe(psk, sizeof(psk));
    return true;
}
