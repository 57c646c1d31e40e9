/* resume.c - what is kept of a session, what it is bound to, and how it comes
 * back.
 *
 * A session is resumed only by a connection that would have made the same one:
 * the digest of everything that it rests on is part of what seals it.  What
 * differs makes a full handshake, never a failure. */
#include "handshake/resume.h"

#include "handshake/psk.h"

/* NAMED: instead of the chain there is its name, in the place of a certificate. */
enum { FORMAT = 2, NAMED = 3, CLOCK_SKEW = 60, LABEL_MAX = 255 };

bool hf_gives_tickets(const struct hf_settings *set)
{
    return set->tickets && set->clock;
}

static int64_t now(const struct hf_settings *set)
{
    return set->clock(set->clock_ctx);
}

/* ---- what it is bound to ------------------------------------------------------------ */

static bool digest(const struct hf_settings *set, const struct hf_span *parts,
                   size_t n, uint8_t *out)
{
    const struct hf_hash *hash = hf_hash_by_id(&set->crypto, HF_SHA256);

    _Static_assert(HF_BINDING_LEN == 32, "SHA-256");
    return hash && hf_hash_parts(&set->crypto, hash, parts, n, out);
}

/* Is the peer judged by the anchors, and may sessions come of it? */
static bool anchors_matter(const struct hf_settings *set)
{
    return set->store &&
           (set->client_auth != HF_CLIENT_AUTH_NONE || set->sessions.put);
}

bool hf_settings_bind(struct hf_settings *set, struct hf_error *error)
{
    uint8_t anchors[HF_BINDING_LEN] = { 0 }, lists[HF_BINDING_LEN] = { 0 };
    uint8_t keys[HF_BINDING_LEN];
    uint8_t switches[] = {
        FORMAT,
        set->client_auth,
        set->no_verify,
        set->no_name_check,
        set->no_time_check,
        (uint8_t)(set->questions & HF_ASK_VERIFY),
        (uint8_t)(set->min_rsa_bits >> 8),
        (uint8_t)(set->min_rsa_bits & 0xff),
        set->revocation,
        set->max_fragment,
        (uint8_t)set->cert_verify.count,
        (uint8_t)set->verify.count,
    };
    uint8_t schemes[2 * HF_LIST_MAX], proofs[2 * HF_LIST_MAX];
    struct hf_span parts[] = { HF_SPAN(switches),
                               HF_SPAN(anchors),
                               HF_SPAN(lists),
                               HF_SPAN(keys),
                               hf_numbers_write(&set->cert_verify, schemes),
                               hf_numbers_write(&set->verify, proofs),
                               set->protocols };

    if (!hf_psks_digest(set, keys) || !hf_own_digest(set, set->own) ||
        (anchors_matter(set) &&
         !(hf_store_digest(set->store, &set->crypto, anchors) &&
           hf_crls_digest(&set->crls, &set->crypto, lists))) ||
        !digest(set, parts, HF_COUNT(parts), set->binding))
        return hf_fail(error, HF_E_CRYPTO, "the digest of the settings");
    return true;
}

/* Host names are the same in any case of letters. */
static struct hf_span folded(const char *name, uint8_t *room, size_t cap)
{
    struct hf_span text = hf_span_text(name);

    if (text.len > cap)
        text.len = cap;
    for (size_t i = 0; i < text.len; i++)
        room[i] = hf_lower(text.at[i]);
    return hf_span(room, text.len);
}

bool hf_session_bind(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    uint8_t room[HF_NAME_MAX], lens[5] = { (uint8_t)s->role, hs->check_name };
    struct hf_span sni = folded(s->server_name, room, sizeof(room));
    struct hf_span label = hf_span_text(hs->label);
    /* A server takes who resumes for who began: a client of other certificates
     * is another one.  A server that renews its own goes on. */
    struct hf_span own = hf_span(hs->settings->own,
                                 s->role == HF_CLIENT ? HF_BINDING_LEN : 0);
    struct hf_span name = hs->name.is_ip ? HF_SPAN(hs->name.ip)
                                         : hf_span_text(hs->name.dns);
    struct hf_span parts[] = {
        HF_SPAN(lens),
        HF_SPAN(hs->settings->binding),
        own,
        sni,
        name,
        hf_span_first(label, label.len < LABEL_MAX ? label.len : LABEL_MAX)
    };

    lens[2] = (uint8_t)sni.len;
    lens[3] = (uint8_t)name.len;
    /* RFC 6066 4: it "applies for the duration of the session including session
     * resumptions", so who asks for another gets another session. */
    lens[4] = s->version == HF_TLS12 ? hs->offer.max_fragment : 0;
    return digest(hs->settings, parts, HF_COUNT(parts), s->binding) ||
           hf_fail(hs->error, HF_E_CRYPTO, "the digest of the session");
}

/* ---- keeping ---------------------------------------------------------------------------- */

static size_t chain_size(const struct hf_session *s)
{
    size_t size = 0;

    for (size_t i = 0; i < s->peer_count; i++)
        size += 3 + s->peer[i]->der.len;
    return size;
}

/* A client's own sessions, which nobody else can open, need not carry what the
 * config keeps: in @list its name takes the place of the chain. */
static bool name_chain(const struct hf_session *s, struct hf_writer *list)
{
    const struct hf_settings *set = s->settings;
    uint8_t name[HF_CHAIN_NAME_LEN];
    struct hf_asn1_cert instead = { HF_SPAN(name) };

    if (s->role != HF_CLIENT || !set->chains || list->full ||
        list->len <= 3 + sizeof(name) ||
        !hf_chains_keep(set->chains, &set->crypto, hf_written(list), name))
        return false;
    list->len = 0;
    hf_wire_write(hf_asn1_cert, list, &instead);
    return true;
}

static void write_session(const struct hf_session *s,
                          struct hf_saved_session *what, uint8_t *chain,
                          size_t chain_cap, struct hf_writer *w)
{
    struct hf_writer list = hf_writer(chain, chain_cap);

    for (size_t i = 0; i < s->peer_count; i++) {
        struct hf_asn1_cert cert = { s->peer[i]->der };

        hf_wire_write(hf_asn1_cert, &list, &cert);
    }
    what->format = name_chain(s, &list) ? NAMED : FORMAT;
    what->version = s->version;
    what->cipher_suite = s->suite->number;
    what->peer_scheme = s->peer_scheme;
    what->verified = s->verified;
    what->psk = s->psk.kind;
    what->psk_identity = s->psk.identity;
    what->psk_mark = hf_span(s->psk.mark, s->psk.kind ? HF_PSK_MARK_LEN : 0);
    what->chain = hf_written(&list);
    what->protocol = hf_span_text(s->protocol);
    hf_store_number(what->issued, (uint64_t)now(s->settings), 8);
    hf_wire_write(hf_saved_session, w, what);
}

/* As long as was asked for and as we like; no longer than a server's
 * certificate is good; and however often it is resumed, no longer than the
 * first time. */
static uint32_t cut_lifetime(const struct hf_session *s, uint32_t lifetime)
{
    const struct hf_settings *set = s->settings;
    int64_t end = INT64_MAX, left;

    if (!lifetime || lifetime > set->session_lifetime)
        lifetime = set->session_lifetime;
    if (s->resumed)
        end = s->session_end;
    else if (s->role == HF_CLIENT && s->peer_count && !set->no_time_check)
        end = s->peer[0]->not_after;
    left = end - now(set);
    return left < 0 ? 0 : left < lifetime ? (uint32_t)left : lifetime;
}

bool hf_session_save(const struct hf_session *s, struct hf_saved_session *what,
                     struct hf_buffer *out)
{
    enum { REST = 128 + 64 + 32 + 255 + HF_PSK_MARK_LEN };
    size_t certs = chain_size(s);
    size_t cap = REST + what->ticket.len + s->psk.identity.len + certs;
    uint8_t *room;
    struct hf_writer w;
    bool ok;

    if (!s->settings->clock || cap > HF_SESSION_MAX - HF_SEALED_MORE)
        return false;
    what->lifetime = cut_lifetime(s, what->lifetime);
    if (!what->lifetime)
        return false;
    room = hf_alloc(cap + certs);
    if (!room)
        return false;
    w = hf_writer(room, cap);
    write_session(s, what, room + cap, certs, &w);
    ok = !w.full &&
         hf_ticket_seal(s->settings, s->binding, hf_written(&w), out);
    hf_free(room, cap + certs);
    return ok;
}

/* Under what a client keeps it: tickets of TLS 1.3 are used once, sessions of
 * TLS 1.2 stay, so the two do not lie together. */
struct shelf_key {
    uint8_t bytes[HF_BINDING_LEN + 1];
};

static struct shelf_key shelf_key(const struct hf_session *s, unsigned version)
{
    struct shelf_key key;

    hf_copy(key.bytes, s->binding, HF_BINDING_LEN);
    key.bytes[HF_BINDING_LEN] = (uint8_t)version;
    return key;
}

static enum hf_event_id ticket_event(const struct hf_session *s)
{
    return s->version == HF_TLS12 ? HF_EV_SESSION_TICKET : HF_EV_TICKET;
}

void hf_say_ticket(const struct hf_session *s, bool ok, size_t len,
                   uint32_t lifetime, const char *verdict)
{
    char text[64];

    if (!hf_watched(s))
        return;
    hf_format(text, sizeof(text), "%z bytes, good for %u s", len,
              (unsigned)lifetime);
    hf_decided(s, ticket_event(s), ok, text, verdict, NULL);
}

void hf_session_put(const struct hf_session *s, struct hf_span key,
                    struct hf_saved_session *what)
{
    const struct hf_settings *set = s->settings;
    const struct hf_sessions *to = &set->sessions;
    struct hf_buffer sealed = { .at = NULL };

    if (to->put && hf_session_save(s, what, &sealed) &&
        to->put(to->ctx, key, hf_buffer_bytes(&sealed),
                now(set) + what->lifetime))
        hf_decided(s, ticket_event(s), true,
                   s->role == HF_CLIENT ? "the session can be resumed"
                                        : "the session has an id",
                   "kept", NULL);
    hf_buffer_wipe(&sealed);
}

void hf_session_keep(const struct hf_session *s, struct hf_saved_session *what)
{
    struct shelf_key key = shelf_key(s, s->version);

    hf_session_put(s, HF_SPAN(key.bytes), what);
}

/* ---- finding -------------------------------------------------------------------------------- */

/* Seconds since 1970; what no clock of ours said is long ago. */
int64_t hf_session_issued(const struct hf_saved_session *saved)
{
    uint64_t issued = 0;

    for (size_t i = 0; i < sizeof(saved->issued); i++)
        issued = issued << 8 | saved->issued[i];
    return issued > INT64_MAX / 2 ? 0 : (int64_t)issued;
}

/* Issued in the past, and not too long ago.  Who opened it has a clock: without
 * one there is no key to open it with (hf_ticket_key_find). */
static bool is_of_today(const struct hf_settings *set,
                        const struct hf_saved_session *saved)
{
    int64_t age = now(set) - hf_session_issued(saved);

    return age >= -CLOCK_SKEW && age <= (int64_t)saved->lifetime &&
           saved->lifetime <= HF_SESSION_LIFETIME_MAX;
}

/* Its certificates, if they are elsewhere. */
static bool has_chain(const struct hf_settings *set,
                      struct hf_saved_session *saved)
{
    struct hf_asn1_cert name;

    if (saved->format != NAMED)
        return saved->format == FORMAT;
    if (!set->chains || !hf_wire_next(hf_asn1_cert, &saved->chain, &name) ||
        name.cert_data.len != HF_CHAIN_NAME_LEN)
        return false;
    saved->chain = hf_chains_find(set->chains, name.cert_data.at);
    return saved->chain.len != 0;
}

struct hf_saved_session *hf_session_open(struct hf_handshake *hs,
                                         struct hf_span sealed, bool *renew)
{
    const struct hf_settings *set = hs->settings;
    struct hf_saved_session *saved;
    struct hf_fault fault;
    struct hf_span plain;
    uint8_t *room;

    if (sealed.len <= HF_SEALED_MORE || sealed.len > HF_SESSION_MAX)
        return NULL;
    room = hf_arena_take(&hs->arena, sealed.len - HF_SEALED_MORE);
    saved = hf_arena_take(&hs->arena, sizeof(*saved));
    if (!room || !saved ||
        !hf_ticket_open(set, hs->session->binding, sealed, room, &plain,
                        renew) ||
        !hf_wire_read(hf_saved_session, plain, saved, NULL, &fault) ||
        !has_chain(set, saved) || !is_of_today(set, saved))
        return NULL;
    HF_SECRET((void *)(uintptr_t)saved->secret.at, saved->secret.len);
    return saved;
}

/* What we would not take today, we do not ask for. */
static bool may_offer(struct hf_handshake *hs,
                      const struct hf_saved_session *saved, unsigned version)
{
    const struct hf_settings *set = hs->settings;

    return saved->version == version && hf_psk_sound(set, saved) &&
           hf_numbers_have(&set->suites, saved->cipher_suite) &&
           (saved->psk || (!hf_psk_only(set, HF_CLIENT) &&
                           (saved->verified || set->no_verify ||
                            set->questions & HF_ASK_VERIFY)));
}

/* Between the two questions somebody else may have taken it: then there is
 * none. */
struct hf_span hf_session_fetch(struct hf_handshake *hs, struct hf_span key,
                                bool take)
{
    const struct hf_sessions *from = &hs->settings->sessions;
    size_t len = from->get(from->ctx, key, false, NULL, 0);
    uint8_t *room = len && len <= HF_SESSION_MAX
                        ? hf_arena_take(&hs->arena, len)
                        : NULL;

    return hf_span(room, room ? from->get(from->ctx, key, take, room, len) : 0);
}

static struct hf_saved_session *find(struct hf_handshake *hs, unsigned version)
{
    const struct hf_settings *set = hs->settings;
    struct shelf_key key = shelf_key(hs->session, version);
    struct hf_saved_session *saved;
    struct hf_span sealed;
    bool renew;

    if (version < hf_least_version(set, HF_CLIENT) ||
        version > set->max_version)
        return NULL;
    sealed = hf_session_fetch(hs, HF_SPAN(key.bytes), version == HF_TLS13);
    saved = hf_session_open(hs, sealed, &renew);
    return saved && may_offer(hs, saved, version) ? saved : NULL;
}

bool hf_session_find(struct hf_handshake *hs)
{
    const struct hf_settings *set = hs->settings;

    if (!set->sessions.get || !set->clock)
        return true;
    if (!hf_session_bind(hs))
        return false;
    hs->saved = find(hs, HF_TLS13);
    if (!hs->saved)
        hs->saved = find(hs, HF_TLS12);
    if (!hs->saved)
        hf_not_resumed(hs, "no session is kept for these names and settings, "
                           "or none that would do today");
    return true;
}

void hf_session_drop(struct hf_handshake *hs)
{
    struct shelf_key key = shelf_key(hs->session, HF_TLS12);

    if (hs->session->role == HF_CLIENT && hs->saved &&
        hs->saved->version == HF_TLS12)
        (void)hf_session_fetch(hs, HF_SPAN(key.bytes), true);
}

void hf_session_failed(struct hf_handshake *hs)
{
    if (hs->session->resumed)
        hf_session_drop(hs);
}

/* ---- resuming ---------------------------------------------------------------------------------- */

/* By which rule: that of the version, or of the newest while there is none. */
static enum hf_event_id rule_of(const struct hf_handshake *hs)
{
    unsigned version = hs->session->version ? hs->session->version
                                            : hs->settings->max_version;

    return version == HF_TLS12 ? HF_EV_SESSION : HF_EV_PSK;
}

void hf_not_resumed(struct hf_handshake *hs, const char *why)
{
    /* Nothing has failed: ok is true. */
    hf_decided(hs->session, rule_of(hs), true, why, "a full handshake", NULL);
}

static void drop_chain(struct hf_session *s)
{
    for (size_t i = 0; i < s->peer_count; i++)
        hf_cert_free(s->peer[i]);
    hf_free(s->peer, s->peer_count * sizeof(struct hf_cert *));
    s->peer = NULL;
    s->peer_count = 0;
}

/* The certificates of the first handshake are those of this one.  A client has
 * verified them; a server reads them once more. */
static bool restore_chain(struct hf_handshake *hs)
{
    bool hold = hs->session->role == HF_CLIENT;
    struct hf_span list = hs->saved->chain;
    struct hf_asn1_cert cert;

    while (hf_wire_next(hf_asn1_cert, &list, &cert))
        if (!hf_keep_certificate(hs, cert.cert_data, hold))
            return false;
    return true;
}

/* A client that showed a certificate is judged again: by today's date, by
 * today's anchors (RFC 8446 4.6.1 leaves it to us; forgetting it has hurt
 * others). */
static bool client_still_good(struct hf_handshake *hs)
{
    struct hf_error why = { .code = HF_OK };
    const struct hf_settings *set = hs->settings;

    if (!hs->session->peer_count)
        return set->client_auth != HF_CLIENT_AUTH_REQUIRED;
    return set->no_verify ||
           (!(set->questions & HF_ASK_VERIFY) && hf_chain_trusted(hs, &why));
}

bool hf_session_resume(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;

    if (!hf_psk_restore(hs) || !restore_chain(hs))
        return false;
    if (s->role == HF_SERVER && !client_still_good(hs)) {
        drop_chain(s);
        hf_psk_forget(s);
        hf_not_resumed(hs, "the client's certificate would not do today");
        return false;
    }
    s->verified = hs->saved->verified == 1;
    s->peer_scheme = hs->saved->peer_scheme;
    s->resumed = true;
    s->session_end = hf_session_issued(hs->saved) + hs->saved->lifetime;
    hs->facts |= HF_FACT_RESUMED;
    hs->proofs.resumed = HF_PROOF_RESUMED;
    hf_decided(s, rule_of(hs), true,
               "both know the secret of an earlier session", "resumed", NULL);
    return true;
}
