/* server.c - ClientHellos received; ServerHello and retry sent. */
#include "handshake/psk.h"
#include "handshake/resume.h"
#include "handshake/verbs.h"

/* ---- ClientHello (RFC 8446 4.1.2) --------------------------------------------------- */

/* The name asked for becomes the session's: it is set once. */
static bool keep_name(struct hf_handshake *hs)
{
    struct hf_span name = hs->offer.name;
    char *copy;

    if (!name.len)
        return true;
    copy = hf_alloc(name.len + 1);
    if (!copy)
        return hf_fail(hs->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(copy, name.at, name.len);
    hs->session->server_name = copy;
    return true;
}

static bool read_hello(struct hf_handshake *hs, struct hf_span message)
{
    struct hf_offer *offer = &hs->offer;
    /* The transcript has copied the first one, for want of a hash. */
    struct hf_span bytes = hs->transcript.kept[0];

    if (!bytes.at)
        bytes = hf_arena_copy(&hs->arena, message);
    if (!bytes.at)
        return hf_arena_fail(&hs->arena, hs->error);
    *offer = (struct hf_offer){ .bytes = bytes };
    return hf_message_read(hs, hf_client_hello, hf_span_after(offer->bytes, 4),
                           &offer->hello) &&
           hf_extensions_recv(hs, HF_CH, &offer->hello.extensions);
}

static bool check_compression(struct hf_handshake *hs)
{
    struct hf_span list = hs->offer.hello.legacy_compression_methods;

    if (list.len == 1 && list.at[0] == 0)
        return true;
    return hf_fail(hs->error, HF_E_COMPRESSION,
                   "legacy_compression_methods is %h, not 00", &list);
}

/* RFC 8446 9.2 */
static bool check_mandatory(struct hf_handshake *hs)
{
    uint64_t present = hs->offer.hello.extensions.present;
    const char *missing = NULL;

    if (!(present & HF_BIT(supported_groups)))
        missing = "supported_groups";
    else if (!(present & HF_BIT(key_share)))
        missing = "key_share";
    else if (!(present &
               (HF_BIT(signature_algorithms) | HF_BIT(pre_shared_key))))
        missing = "signature_algorithms";
    else if (present & HF_BIT(pre_shared_key) &&
             !(present & HF_BIT(psk_key_exchange_modes)))
        missing = "psk_key_exchange_modes"; /* RFC 8446 4.2.9 */
    if (missing)
        return hf_fail(hs->error, HF_E_MISSING_EXTENSION, "%s in ClientHello",
                       missing);
    /* RFC 8446 4.2.11: so that the binders can be cut off. */
    if (present & HF_BIT(pre_shared_key) &&
        hs->offer.hello.extensions.last != HF_EXT_pre_shared_key)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "pre_shared_key is not the last extension");
    return true;
}

/* What the config in force makes of the hello: the version, what that version
 * demands, and which signatures both can do.  Done anew if another config takes
 * over, for its policy counts and not that of the one before. */
static bool settle(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    struct hf_span id = hs->offer.hello.legacy_session_id;
    unsigned before = s->version;

    s->version = (uint16_t)hf_negotiate_version(
        hs->settings, hf_least_version(hs->settings, HF_SERVER),
        hs->offer.versions, hs->offer.hello.legacy_version);
    if (!s->version)
        return hf_no_version(hs);
    if (s->version != before)
        hf_decided(s, HF_EV_VERSION, true, "the client's list and ours",
                   hf_version_name(s->version), NULL);
    hs->facts &= ~(unsigned)HF_FACT_TLS13;
    if (s->version == HF_TLS13)
        hs->facts |= HF_FACT_TLS13;
    hs->session_id_len = (uint8_t)id.len; /* at most 32: the layout */
    hf_copy(hs->session_id, id.at, id.len);
    if (s->version == HF_TLS12)
        return hf_check_hello12(hs) == HF_STEP_DONE;
    return check_compression(hs) && check_mandatory(hs);
}

enum hf_step_result hf_recv_client_hello(struct hf_handshake *hs,
                                         const struct hf_message *m)
{
    struct hf_session *s = hs->session;

    if (!read_hello(hs, m->bytes))
        return HF_STEP_FAILED;
    /* RFC 8446 D.5: of all that legacy_version may say, only this is fatal. */
    if (hs->offer.hello.legacy_version == 0x0300 && hs->offer.versions.at) {
        hf_fail(hs->error, HF_E_NO_VERSION, "legacy_version is %s",
                hf_version_name(0x0300));
        return HF_STEP_FAILED;
    }
    hf_copy(s->client_random, hs->offer.hello.random, 32);
    return hf_step(keep_name(hs) && settle(hs));
}

/* ---- the second hello is bound to the first (RFC 8446 4.1.2) ---------------------------- */

/* May this extension differ between the two? */
static bool may_differ(uint32_t number)
{
    switch (number) {
    case 21: /* padding */
    case 41: /* pre_shared_key: binders are made anew */
    case 42: /* early_data: must be gone */
    case 44: /* cookie: may have come */
    case 51: /* key_share: must have changed */
    case 65037: /* encrypted_client_hello: sealed anew */ return true;
    default: return false;
    }
}

/* The next one that may not differ. */
static bool next_fixed(struct hf_span *block, uint32_t *number,
                       struct hf_span *body)
{
    while (hf_wire_next_extension(block, number, body))
        if (!may_differ(*number))
            return true;
    return false;
}

/* Same extensions, same bodies, same order. */
static bool same_extensions(struct hf_handshake *hs, struct hf_span a,
                            struct hf_span b)
{
    uint32_t first = 0, second = 0;
    struct hf_span x, y;

    for (;;) {
        bool more_a = next_fixed(&a, &first, &x);
        bool more_b = next_fixed(&b, &second, &y);

        if (!more_a && !more_b)
            return true;
        if (more_a != more_b || first != second || !hf_span_equal(x, y))
            return hf_fail(hs->error, HF_E_RETRY_CHANGED,
                           "%s in the second ClientHello",
                           hf_extension_name(more_b ? second : first));
    }
}

/* "Optionally, removing any PSKs": those that are left were there before, in
 * the same order. */
static bool no_new_keys(struct hf_handshake *hs, struct hf_span before,
                        struct hf_span now)
{
    struct hf_psk_identity old, left;

    while (hf_wire_next(hf_psk_identity, &now, &left))
        do {
            if (!hf_wire_next(hf_psk_identity, &before, &old))
                return hf_fail(hs->error, HF_E_RETRY_CHANGED,
                               "pre_shared_key in the second ClientHello");
        } while (!hf_span_equal(old.identity, left.identity));
    return true;
}

static bool same_hello(struct hf_handshake *hs, const struct hf_client_hello *a,
                       const struct hf_client_hello *b)
{
    const char *changed = NULL;

    if (a->legacy_version != b->legacy_version)
        changed = "legacy_version";
    else if (!hf_equal(a->random, b->random, sizeof(a->random)))
        changed = "random";
    else if (!hf_span_equal(a->legacy_session_id, b->legacy_session_id))
        changed = "legacy_session_id";
    else if (!hf_span_equal(a->cipher_suites, b->cipher_suites))
        changed = "cipher_suites";
    else if (!hf_span_equal(a->legacy_compression_methods,
                            b->legacy_compression_methods))
        changed = "legacy_compression_methods";
    if (changed)
        return hf_fail(hs->error, HF_E_RETRY_CHANGED,
                       "%s in the second ClientHello", changed);
    return same_extensions(hs, a->extensions.all, b->extensions.all);
}

/* Exactly one share, in the group that was asked for. */
static bool share_as_asked(struct hf_handshake *hs)
{
    struct hf_span list = hs->offer.shares;
    struct hf_key_share_entry entry;

    if (!hf_wire_next(hf_key_share_entry, &list, &entry) ||
        entry.group != hs->kx->group || list.len)
        return hf_fail(hs->error, HF_E_RETRY_CHANGED,
                       "not exactly one key share in %s", hs->kx->name);
    return true;
}

enum hf_step_result hf_recv_second_hello(struct hf_handshake *hs,
                                         const struct hf_message *m)
{
    struct hf_client_hello first = hs->offer.hello;
    struct hf_span keys = hs->offer.identities;

    if (!read_hello(hs, m->bytes) || !check_mandatory(hs) ||
        !same_hello(hs, &first, &hs->offer.hello) ||
        !no_new_keys(hs, keys, hs->offer.identities) || !share_as_asked(hs))
        return HF_STEP_FAILED;
    if (hs->offer.hello.extensions.present & HF_BIT(early_data)) {
        hf_fail(hs->error, HF_E_RETRY_CHANGED,
                "early_data in the second ClientHello");
        return HF_STEP_FAILED;
    }
    return HF_STEP_DONE;
}

/* ---- choosing (RFC 8446 4.1.1) ------------------------------------------------------------- */

/* The numbers of a list by name, for people; those that there is room for, or a
 * hello of 8,000 groups would keep us longer than a signature. */
static void list_text(char *out, size_t cap, struct hf_span list16,
                      const char *(*name)(unsigned))
{
    enum { ONE = 52 }; /* the longest name, a blank, and " ..." */
    uint32_t number;
    size_t len = 0;

    out[0] = '\0';
    while (hf_wire_next_number(2, &list16, &number)) {
        const char *text = name(number), *gap = len ? " " : "";

        if (cap - len < ONE) {
            hf_format_more(out, cap, " ...");
            return;
        }
        len = text ? hf_format_more(out, cap, "%s%s", gap, text)
                   : hf_format_more(out, cap, "%s%x", gap, number);
    }
}

static void decided(struct hf_handshake *hs, enum hf_event_id id, bool ok,
                    struct hf_span offered, const char *(*name)(unsigned),
                    const char *verdict)
{
    char text[512];

    if (!hf_watched(hs->session))
        return;
    list_text(text, sizeof(text), offered, name);
    hf_decided(hs->session, id, ok, text, verdict, NULL);
}

/* The best; but first of all one that goes with a pre-shared key that we know
 * (RFC 8446 4.2.11). */
static bool choose_suite(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_crypto *c = &hs->settings->crypto;
    struct hf_span offered = hs->offer.hello.cipher_suites;
    unsigned hashes;
    char text[160];

    if (!hf_psks_look_up(hs, &hashes))
        return false;
    s->suite = hf_negotiate_suite(hs->settings, offered, s->version, hashes);
    if (!s->suite)
        s->suite = hf_negotiate_suite(hs->settings, offered, s->version, ~0u);
    decided(hs, HF_EV_SUITE, s->suite != NULL, offered, hf_suite_name,
            s->suite ? s->suite->name : NULL);
    if (!s->suite) {
        list_text(text, sizeof(text), offered, hf_suite_name);
        return hf_fail(hs->error, HF_E_NO_SUITE, "the client offers %s", text);
    }
    s->hash = hf_hash_by_id(c, s->suite->hash);
    s->aead = hf_suite_aead(c, s->suite);
    return (s->hash && s->aead) ||
           hf_fail(hs->error, HF_E_BUG, "a suite without its algorithms");
}

static bool choose_group(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_offer *offer = &hs->offer;
    char text[160];
    bool retry;
    unsigned group = hf_negotiate_group(hs->settings, offer->groups,
                                        offer->shares, &retry);

    hs->kx = group ? hf_kx_by_group(&hs->settings->crypto, group) : NULL;
    decided(hs, HF_EV_GROUP, hs->kx != NULL, offer->groups, hf_group_name,
            hs->kx ? hs->kx->name : NULL);
    if (!hs->kx) {
        list_text(text, sizeof(text), offer->groups, hf_group_name);
        return hf_fail(hs->error, HF_E_NO_GROUP, "the client offers %s", text);
    }
    if (retry) {
        hs->facts |= HF_FACT_RETRY;
        s->retried = true;
        hf_decided(s, HF_EV_RETRY, true,
                   "the client can use the group but sent no share for it",
                   hs->kx->name, NULL);
    }
    s->group = hs->kx->group;
    return true;
}

static bool choose_protocol(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    struct hf_span chosen;

    if (!hs->settings->protocols.len || !hs->offer.protocols.len)
        return true;
    chosen = hf_negotiate_protocol(hs->settings->protocols,
                                   hs->offer.protocols);
    if (!chosen.at)
        /* RFC 7301 3.2: no common protocol is fatal. */
        return hf_fail(hs->error, HF_E_NO_PROTOCOL, "the client offers %q",
                       &hs->offer.protocols);
    s->protocol = hf_alloc(chosen.len + 1);
    if (!s->protocol)
        return hf_fail(hs->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(s->protocol, chosen.at, chosen.len);
    hf_decided(s, HF_EV_PROTOCOL, true, "the client's list and ours",
               s->protocol, NULL);
    return true;
}

static bool no_keypair(struct hf_handshake *hs, bool name_known)
{
    struct hf_span name = hs->offer.name;
    char text[200];

    if (hs->settings->strict_names && !name_known && name.len)
        return hf_fail(hs->error, HF_E_UNKNOWN_NAME,
                       "the client asks for %q, which none of our %z "
                       "certificates covers",
                       &name, hs->settings->keypair_count);
    list_text(text, sizeof(text), hs->offer.schemes, hf_scheme_name);
    return hf_fail(hs->error, HF_E_NO_SIGNATURE,
                   "the client can check %s; none fits our %z keys", text,
                   hs->settings->keypair_count);
}

/* Why this one, in words. */
static const char *about_name(const struct hf_chosen *chosen,
                              struct hf_span name)
{
    if (!name.len)
        return "no name asked for";
    if (chosen->fit & HF_FIT_NAME)
        return "which this certificate covers";
    return chosen->name_known ? "whose certificate the client cannot check"
                              : "which no certificate covers: the first serves";
}

static void say_keypair(struct hf_handshake *hs, const struct hf_chosen *chosen)
{
    struct hf_session *s = hs->session;
    struct hf_span name = hs->offer.name;
    char subject[96], inputs[320];

    if (!hf_watched(s))
        return;
    hf_name_short(hs->keypair->chain[0]->subject, subject, sizeof(subject));
    hf_format(inputs, sizeof(inputs), "name %q, %s", &name,
              about_name(chosen, name));
    if (!(chosen->fit & HF_FIT_CHAIN))
        hf_format_more(inputs, sizeof(inputs),
                       "; signed in a way that the client does not list");
    if (!(chosen->fit & HF_FIT_KEY_USAGE))
        hf_format_more(inputs, sizeof(inputs),
                       "; its keyUsage does not let it sign");
    hf_decided(s, HF_EV_CERTIFICATE, true, inputs, subject, NULL);
    hf_decided(s, HF_EV_SIGNATURE, true, NULL, hs->scheme->name, NULL);
}

static bool choose_keypair(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_wanted wanted = { .name = hs->offer.name,
                                      .authorities = hs->offer.authorities,
                                      .schemes = &hs->peer_schemes,
                                      .cert_schemes = &hs->peer_cert_schemes };
    struct hf_chosen chosen;

    /* RFC 8446 9.2: only with a pre-shared key is it done without. */
    if (!(hs->offer.hello.extensions.present & HF_BIT(signature_algorithms)))
        return hf_fail(hs->error, HF_E_MISSING_EXTENSION,
                       "signature_algorithms in ClientHello");
    hf_settle_schemes(hs);
    if (!hf_negotiate_keypair(hs->settings, &wanted, &chosen))
        return no_keypair(hs, chosen.name_known);
    hs->keypair = chosen.pair;
    hs->scheme = chosen.how;
    s->own_chain = (int16_t)(hs->keypair - hs->settings->keypairs);
    s->own_scheme = hs->scheme->scheme;
    hf_choose_compression(hs, HF_FACT_PACKED);
    say_keypair(hs, &chosen);
    return true;
}

/* Somebody else may choose the config before anything depends on it. */
static bool ask_for_config(struct hf_handshake *hs)
{
    if (!(hs->settings->questions & HF_ASK_CONFIG) || hs->answered)
        return false;
    hs->question = (struct hf_question){ .kind = HF_ASK_CONFIG,
                                         .name = hs->offer.name,
                                         .protocols = hs->offer.protocols };
    return true;
}

/* Who resumes has shown his certificate, or was never asked for it. */
static void ask_client(struct hf_handshake *hs)
{
    if (hs->settings->client_auth != HF_CLIENT_AUTH_NONE &&
        !(hs->facts & HF_FACT_RESUMED) &&
        (hs->facts & HF_FACT_TLS13 || hs->session->extended_master))
        hs->facts |= HF_FACT_ASKED;
}

/* Without a certificate of ours: only by a key, in TLS 1.3. */
static bool may_do_without(const struct hf_handshake *hs)
{
    return hs->facts & HF_FACT_TLS13 && hf_psk_have(hs->settings, HF_SERVER);
}

/* A certificate is looked for at once, so that there is no retry for nothing;
 * but not if it seems that nobody will want to see it. */
static bool choose13(struct hf_handshake *hs)
{
    return choose_suite(hs) && choose_group(hs) &&
           (hf_psk_expected(hs) || hf_psk_must(hs) || choose_keypair(hs));
}

/* No session, no key: then there must be a certificate. */
static bool show_certificate(struct hf_handshake *hs)
{
    return hs->facts & HF_FACT_RESUMED ||
           (hf_psk_missing(hs) && (hs->keypair || choose_keypair(hs)));
}

enum hf_step_result hf_job_choose_parameters(struct hf_handshake *hs)
{
    if (ask_for_config(hs))
        return HF_STEP_WAIT;
    if (hs->answered && !settle(hs))
        return HF_STEP_FAILED;
    hs->answered = false;
    if (!hs->settings->keypair_count && !may_do_without(hs)) {
        hf_fail(hs->error, HF_E_NO_KEYPAIR, NULL);
        return HF_STEP_FAILED;
    }
    if (hs->facts & HF_FACT_TLS13 ? !choose13(hs) : !hf_choose12(hs))
        return HF_STEP_FAILED;
    if (!choose_protocol(hs))
        return HF_STEP_FAILED;
    if (!(hs->facts & HF_FACT_TLS13))
        ask_client(hs);
    return hf_step(hf_transcript_start(&hs->transcript, hs->session->hash,
                                       (hs->facts & HF_FACT_RETRY) != 0,
                                       hs->error));
}

/* ---- HelloRetryRequest and ServerHello ----------------------------------------------------------- */

static bool send_hello(struct hf_handshake *hs, unsigned kind,
                       enum hf_place place, hf_layout_fn *layout,
                       const uint8_t *random)
{
    size_t cap = 64 + HF_SHARE_MAX;
    struct hf_server_hello hello = {
        .legacy_version = 0x0303,
        .legacy_session_id_echo = { hs->session_id, hs->session_id_len },
        .cipher_suite = hs->session->suite->number,
    };

    hf_copy(hello.random, random, sizeof(hello.random));
    return hf_extensions_make(hs, place, cap, &hello.extensions) &&
           hf_message_send(hs, kind, layout, &hello, cap + 128) &&
           hf_send_dummy_ccs(hs);
}

enum hf_step_result hf_send_hello_retry(struct hf_handshake *hs)
{
    /* The struct of both layouts is the same: same fields, same order. */
    return hf_step(hf_early_decide(hs) &&
                   send_hello(hs, HF_HELLO_RETRY_REQUEST, HF_HRR,
                              hf_hello_retry_request, hf_retry_random));
}

static bool find_share(struct hf_handshake *hs)
{
    struct hf_span list = hs->offer.shares;
    struct hf_key_share_entry entry;

    while (hf_wire_next(hf_key_share_entry, &list, &entry)) {
        if (entry.group != hs->kx->group)
            continue;
        hs->peer_share = entry.key_exchange;
        if (hs->peer_share.len == hs->kx->share_len)
            return true;
        return hf_fail(hs->error, HF_E_BAD_KEY_SHARE,
                       "the share for %s has %z bytes, not %u", hs->kx->name,
                       hs->peer_share.len, (unsigned)hs->kx->share_len);
    }
    return hf_fail(hs->error, HF_E_BUG, "no share for %s", hs->kx->name);
}

enum hf_step_result hf_job_share_keys(struct hf_handshake *hs)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    bool fault = false;

    if (!find_share(hs) || !hf_resume13(hs) || !show_certificate(hs) ||
        !hf_early_decide(hs))
        return HF_STEP_FAILED;
    ask_client(hs);
    if (!hs->kx->encapsulate(c->self, hs->peer_share, hs->reply, hs->shared,
                             &fault)) {
        hf_fail(hs->error, fault ? HF_E_CRYPTO : HF_E_BAD_KEY_SHARE,
                "the client's share for %s", hs->kx->name);
        return HF_STEP_FAILED;
    }
    HF_SECRET(hs->shared, hs->kx->secret_len);
    hf_decided(hs->session, HF_EV_KEY_EXCHANGE, true, hs->kx->name, NULL, NULL);
    if (!hf_random(c, hs->random, sizeof(hs->random))) {
        hf_fail(hs->error, HF_E_RANDOM, NULL);
        return HF_STEP_FAILED;
    }
    return HF_STEP_DONE;
}

enum hf_step_result hf_send_server_hello(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    bool early = (hs->facts & HF_FACT_EARLY) != 0;

    hf_limits_settle(hs);
    if (!(hs->facts & HF_FACT_TLS13))
        return hf_send_server_hello12(hs);
    return hf_step(
        hf_grease_draw(hs) &&
        send_hello(hs, HF_SERVER_HELLO, HF_SH, hf_server_hello, hs->random) &&
        hf_keys13_handshake(hs) &&
        hf_keys13_install(s, true, hs->server_hs, HF_HANDSHAKE) &&
        hf_keys13_install(s, false, early ? hs->client_early : hs->client_hs,
                          early ? HF_EARLY_DATA : HF_HANDSHAKE));
}
