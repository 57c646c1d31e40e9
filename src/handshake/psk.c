/* psk.c - external pre-shared keys: which are offered, which are known, which
 * one is taken (RFC 8446 2.2, 4.2.11; RFC 9257).
 *
 *   client   the session it keeps, then its keys in order; after a retry only
 *            those that go with the chosen hash
 *   server   looks each identity up once, before it chooses the suite: its
 *            suite must go with the key's hash; then the first in the client's
 *            order is it, if its binder is right
 *
 * The session comes first because 0-RTT data can only go with the first (RFC
 * 8446 4.2.10), and because what it rests on was checked already.
 *
 * Identities are bytes with a length, never text: a NUL in one ends nothing.
 * What is not known is no failure, and looks to the peer like any handshake
 * with certificates.  Only where there is nothing else, an unknown identity and
 * a wrong key have the same alert. */
#include "handshake/psk.h"

#include "handshake/resume.h"

/* Identities of one hello that are looked up. */
enum { TRIES_MAX = 16 };

/* ---- who may do without ---------------------------------------------------------------- */

bool hf_psk_have(const struct hf_settings *set, enum hf_role role)
{
    /* A key is no certificate: who must show one is not excused by a key. */
    if (role == HF_SERVER && set->client_auth == HF_CLIENT_AUTH_REQUIRED)
        return false;
    return set->max_version >= HF_TLS13 &&
           (set->psk_count || (role == HF_SERVER && set->find_psk));
}

bool hf_psk_only(const struct hf_settings *set, enum hf_role role)
{
    if (set->require_psk)
        return true;
    if (!hf_psk_have(set, role))
        return false;
    return role == HF_CLIENT
               ? !set->store && !set->no_verify &&
                     !(set->questions & HF_ASK_VERIFY)
               : !set->keypair_count && !(set->questions & HF_ASK_CONFIG);
}

unsigned hf_least_version(const struct hf_settings *set, enum hf_role role)
{
    return hf_psk_only(set, role) ? HF_TLS13 : set->min_version;
}

static bool add_part(const struct hf_hash *hash, struct hf_hash_state *state,
                     struct hf_span part)
{
    uint8_t len[2];

    hf_store_number(len, part.len, 2);
    return hash->add(state, HF_SPAN(len)) && hash->add(state, part);
}

bool hf_psks_digest(const struct hf_settings *set, uint8_t *out)
{
    const struct hf_hash *hash = hf_hash_by_id(&set->crypto, HF_SHA256);
    uint8_t flags[3] = { set->psk_count > 0, set->find_psk != NULL,
                         set->require_psk };
    struct hf_hash_state state = { .words = { 0 } };
    bool ok;

    hf_fill(out, 0, HF_BINDING_LEN);
    if (!flags[0] && !flags[1] && !flags[2])
        return true;
    ok = hash && hash->start(set->crypto.self, &state) &&
         add_part(hash, &state, HF_SPAN(flags));
    for (size_t i = 0; ok && i < set->psk_count; i++) {
        const struct hf_known_psk *psk = &set->psks[i];
        uint8_t how[2] = { psk->hash, psk->kind };

        ok = add_part(hash, &state, HF_SPAN(how)) &&
             add_part(hash, &state, psk->identity) &&
             add_part(hash, &state, psk->key);
    }
    ok = ok && hash->digest(&state, out);
    if (hash)
        hash->wipe(&state);
    HF_DECLASSIFY(out, HF_BINDING_LEN);
    return ok;
}

/* ---- events ---------------------------------------------------------------------------- */

struct hf_span hf_psk_name(unsigned kind, struct hf_span identity)
{
    struct hf_imported_identity parts;
    unsigned target;

    return kind == HF_PSK_IMPORTED && hf_psk_imported(identity, &parts, &target)
               ? parts.external_identity
               : identity;
}

static void say(const struct hf_handshake *hs, bool ok, unsigned kind,
                struct hf_span identity, const struct hf_hash *hash,
                const char *verdict, const char *instead)
{
    struct hf_span name = hf_psk_name(kind, identity);
    char text[200];

    if (!hf_watched(hs->session))
        return;
    hf_format(text, sizeof(text),
              kind == HF_PSK_IMPORTED ? "imported key %q" : "external key %q",
              &name);
    if (hash)
        hf_format_more(text, sizeof(text), ", for %s", hash->name);
    hf_decided(hs->session, HF_EV_PSK, ok, text, verdict, instead);
}

/* ---- the client's offer ------------------------------------------------------------------ */

static bool has_suite(const struct hf_settings *set, unsigned hash)
{
    for (size_t i = 0; i < set->suites.count; i++) {
        const struct hf_suite *suite = hf_suite_by_number(set->suites.at[i]);

        if (suite && suite->version == HF_TLS13 && suite->hash == hash)
            return true;
    }
    return false;
}

static void offer_ticket(struct hf_handshake *hs)
{
    const struct hf_hash *hash = hs->saved ? hf_psk_hash(hs, hs->saved) : NULL;

    /* After a retry only a key of the chosen hash is of use (4.1.4). */
    if (!hash || (hs->session->hash && hs->session->hash != hash))
        return;
    hs->psks[hs->psk_count++] = (struct hf_psk_offer){
        .identity = hs->saved->ticket,
        .secret = hs->saved->secret,
        .hash = hash,
        .age = hf_ticket_age(hs)
    };
}

static void offer_external(struct hf_handshake *hs,
                           const struct hf_known_psk *psk)
{
    const struct hf_hash *hash = hf_hash_by_id(&hs->settings->crypto,
                                               psk->hash);
    const char *why = NULL;

    if (!hash || !has_suite(hs->settings, psk->hash))
        why = "a cipher suite with its hash";
    else if (hs->session->hash && hs->session->hash != hash)
        why = "the hash of the suite that the server chose";
    say(hs, true, psk->kind, psk->identity, hash,
        why ? "not offered" : "offered", why);
    if (why)
        return;
    /* RFC 8446 4.2.11: of an external key, obfuscated_ticket_age SHOULD be 0 */
    hs->psks[hs->psk_count++] = (struct hf_psk_offer){
        .identity = psk->identity,
        .secret = psk->key,
        .hash = hash,
        .kind = psk->kind
    };
}

bool hf_psks_offer(struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;

    hs->psk_count = 0;
    if (!hs->psks)
        hs->psks = hf_arena_take(&hs->arena,
                                 (HF_PSK_OFFERS_MAX + 1) * sizeof(*hs->psks));
    if (!hs->psks)
        return hf_arena_fail(&hs->arena, hs->error);
    offer_ticket(hs);
    if (hf_psk_have(set, HF_CLIENT))
        for (size_t i = 0;
             i < set->psk_count && hs->psk_count < HF_PSK_OFFERS_MAX; i++)
            offer_external(hs, &set->psks[i]);
    return true;
}

/* ---- what the server knows ----------------------------------------------------------------- */

static const struct hf_known_psk *in_list(const struct hf_settings *set,
                                          struct hf_span identity)
{
    for (size_t i = 0; i < set->psk_count; i++)
        if (hf_span_equal(set->psks[i].identity, identity))
            return &set->psks[i];
    return NULL;
}

/* What the application found becomes an offer, its key in the arena. */
static bool keep_found(struct hf_handshake *hs, struct hf_psk_offer *out,
                       const struct hf_psk_import *from, unsigned target)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    uint8_t *room = hf_arena_take(&hs->arena, HF_PSK_KEY_MAX);
    uint8_t name[HF_PSK_WIRE_MAX];
    struct hf_writer w = hf_writer(name, sizeof(name));

    if (!room)
        return hf_arena_fail(&hs->arena, hs->error);
    out->hash = hf_hash_by_id(c, target ? target : from->hash);
    if (!out->hash)
        return true; /* none of ours: not known */
    if (target && !hf_psk_import(c, from, target, &w, room))
        return hf_fail(hs->error, HF_E_CRYPTO, "an imported key");
    if (!target)
        hf_copy(room, from->key.at, from->key.len);
    out->secret = hf_span(room, target ? out->hash->len : from->key.len);
    out->kind = target ? HF_PSK_IMPORTED : HF_PSK_EXTERNAL;
    HF_SECRET(room, out->secret.len);
    return true;
}

/* Ask the application: @wanted, imported for the hash @target or not. */
static bool ask(struct hf_handshake *hs, struct hf_psk_offer *out,
                const struct hf_psk_wanted *wanted, unsigned target)
{
    const struct hf_settings *set = hs->settings;
    struct hf_psk_found found = { .len = 0 };
    bool ok = true;

    if (set->find_psk(set->find_psk_ctx, wanted, &found) &&
        found.imported == wanted->imported) {
        struct hf_psk_import from = { .identity = wanted->identity,
                                      .context = wanted->context,
                                      .key = { found.key, found.len },
                                      .hash = found.hash ? found.hash
                                                         : HF_SHA256 };

        if (hf_psk_fits(found.len))
            ok = keep_found(hs, out, &from, target);
        else
            say(hs, false, wanted->imported ? HF_PSK_IMPORTED : HF_PSK_EXTERNAL,
                out->identity, NULL, "not usable",
                "a key of 16 to 512 bytes from the application");
    }
    hf_wipe(&found, sizeof(found));
    return ok;
}

/* Asked in the form in which it comes; what looks imported may be a name that
 * happens to look so. */
static bool ask_both(struct hf_handshake *hs, struct hf_psk_offer *out)
{
    struct hf_imported_identity parts;
    struct hf_psk_wanted wanted = { .imported = true };
    unsigned target;

    if (hf_psk_imported(out->identity, &parts, &target)) {
        wanted.identity = parts.external_identity;
        wanted.context = parts.context;
        if (!ask(hs, out, &wanted, target))
            return false;
    }
    if (out->kind)
        return true;
    wanted = (struct hf_psk_wanted){ .identity = out->identity };
    return ask(hs, out, &wanted, 0);
}

/* What is known by out->identity; out->kind stays HF_PSK_NONE if nothing is. */
static bool look_up(struct hf_handshake *hs, struct hf_psk_offer *out)
{
    const struct hf_settings *set = hs->settings;
    const struct hf_known_psk *psk = in_list(set, out->identity);

    if (out->identity.len > HF_PSK_WIRE_MAX)
        return true;
    if (!psk)
        return !set->find_psk || ask_both(hs, out);
    out->secret = psk->key;
    out->hash = hf_hash_by_id(&set->crypto, psk->hash);
    out->kind = out->hash ? psk->kind : HF_PSK_NONE;
    return true;
}

bool hf_psks_look_up(struct hf_handshake *hs, unsigned *hashes)
{
    struct hf_span ids = hs->offer.identities;
    struct hf_psk_identity id;

    *hashes = 0;
    hs->psk_count = 0;
    if (!ids.len || !hs->offer.psk_with_kx ||
        !hf_psk_have(hs->settings, HF_SERVER))
        return true;
    hs->psks = hf_arena_take(&hs->arena, TRIES_MAX * sizeof(*hs->psks));
    if (!hs->psks)
        return hf_arena_fail(&hs->arena, hs->error);
    for (size_t i = 0; i < TRIES_MAX; i++) {
        struct hf_psk_offer *found = &hs->psks[hs->psk_count];

        if (!hf_wire_next(hf_psk_identity, &ids, &id))
            break;
        *found = (struct hf_psk_offer){ .identity = id.identity };
        if (!look_up(hs, found))
            return false;
        if (!found->kind)
            continue;
        *hashes |= 1u << found->hash->id;
        hs->psk_count++;
        say(hs, true, found->kind, found->identity, found->hash, "known", NULL);
    }
    return true;
}

const struct hf_psk_offer *hf_psk_found(const struct hf_handshake *hs,
                                        struct hf_span identity)
{
    for (size_t i = 0; i < hs->psk_count; i++)
        if (hs->psks[i].hash == hs->session->hash &&
            hf_span_equal(hs->psks[i].identity, identity))
            return &hs->psks[i];
    return NULL;
}

bool hf_psk_expected(const struct hf_handshake *hs)
{
    for (size_t i = 0; i < hs->psk_count; i++)
        if (hs->psks[i].hash == hs->session->hash)
            return true;
    return false;
}

/* ---- taken --------------------------------------------------------------------------------- */

/* By which a key is known again: made with its own hash, under a label of its
 * own. */
static bool make_mark(const struct hf_crypto *c, const struct hf_psk_offer *psk,
                      uint8_t *mark)
{
    uint8_t early[HF_HASH_MAX];
    struct hf_hmac key = { .hash = NULL };
    bool ok = hf_hkdf_extract(c, psk->hash, hf_span(NULL, 0), psk->secret,
                              early) &&
              hf_hmac_key(&key, c, psk->hash, hf_span(early, psk->hash->len)) &&
              hf_expand_label(&key, "handfast mark", hf_span(NULL, 0), mark,
                              HF_PSK_MARK_LEN);

    hf_hmac_wipe(&key);
    hf_wipe(early, sizeof(early));
    return ok;
}

static bool set_origin(struct hf_handshake *hs, unsigned kind,
                       struct hf_span identity)
{
    struct hf_session *s = hs->session;
    uint8_t *copy = hf_alloc(identity.len);

    if (!copy)
        return hf_fail(hs->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(copy, identity.at, identity.len);
    s->psk.kind = (uint8_t)kind;
    s->psk.identity = hf_span(copy, identity.len);
    return true;
}

bool hf_psk_take(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_psk_offer *psk = &hs->psk;

    if (psk->kind == HF_PSK_NONE || psk->hash != s->hash)
        return hf_fail(hs->error, HF_E_BUG, "a key that is none");
    if (!make_mark(&hs->settings->crypto, psk, s->psk.mark))
        return hf_fail(hs->error, HF_E_CRYPTO, "the mark of a key");
    if (!set_origin(hs, psk->kind, psk->identity))
        return false;
    /* What a client kept for this server is of no use here. */
    hs->saved = NULL;
    hs->facts |= HF_FACT_RESUMED;
    hs->proofs.psk = HF_PROOF_PSK;
    say(hs, true, psk->kind, psk->identity, psk->hash,
        "used: nobody shows a certificate", NULL);
    return true;
}

/* Is the key of a session still one of ours, and the same? */
static bool still_known(struct hf_handshake *hs)
{
    struct hf_psk_offer now = { .identity = hs->saved->psk_identity };
    uint8_t mark[HF_PSK_MARK_LEN];

    return hf_psk_have(hs->settings, HF_SERVER) && look_up(hs, &now) &&
           now.hash && now.kind == hs->saved->psk &&
           make_mark(&hs->settings->crypto, &now, mark) &&
           hf_equal_ct(mark, hs->saved->psk_mark.at, sizeof(mark));
}

bool hf_psk_sound(const struct hf_settings *set,
                  const struct hf_saved_session *saved)
{
    if (saved->psk == HF_PSK_NONE)
        return !set->require_psk;
    return saved->psk <= HF_PSK_IMPORTED && saved->psk_identity.len &&
           saved->psk_mark.len == HF_PSK_MARK_LEN;
}

bool hf_psk_restore(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_saved_session *saved = hs->saved;
    bool sound = hf_psk_sound(hs->settings, saved);

    if (sound && saved->psk == HF_PSK_NONE)
        return true;
    if (!sound || (s->role == HF_SERVER && !still_known(hs))) {
        hf_not_resumed(hs, "the key with which the session began would not do "
                           "today");
        return false;
    }
    hf_copy(s->psk.mark, saved->psk_mark.at, HF_PSK_MARK_LEN);
    return set_origin(hs, saved->psk, saved->psk_identity);
}

void hf_psk_forget(struct hf_session *s)
{
    hf_free((uint8_t *)(uintptr_t)s->psk.identity.at, s->psk.identity.len);
    hf_wipe(&s->psk, sizeof(s->psk));
}

bool hf_psk_must(const struct hf_handshake *hs)
{
    return hf_psk_only(hs->settings, hs->session->role) ||
           (hs->session->role == HF_SERVER && !hs->settings->keypair_count);
}

bool hf_psk_missing(struct hf_handshake *hs)
{
    bool client = hs->session->role == HF_CLIENT;

    if (!hf_psk_must(hs))
        return true;
    if (client)
        return hf_fail(hs->error, HF_E_NO_PSK,
                       hs->psk_count
                           ? "the server takes none of those that were offered"
                           : "none of ours goes with this handshake");
    if (hs->offer.identities.len && hs->offer.psk_with_kx)
        return hf_fail(hs->error, HF_E_UNKNOWN_PSK, NULL);
    return hf_fail(hs->error, HF_E_NO_PSK,
                   hs->offer.identities.len
                       ? "the client would do without a fresh key exchange"
                       : "the client offers none");
}
