/* api_config.c - the configs of fuzz_api.c: each setter there is, with values of
 * which most make sense.
 *
 * A frozen config takes nothing any more, and whatever is refused has a reason. */
#define HF_UNPOISONED
#include "api.h"

#include <string.h>

struct hf_config *configs[CONFIGS];
int64_t the_time;

static struct hf_session_store *store;

/* ---- what a config calls ------------------------------------------------------------ */

static int64_t now(void *ctx)
{
    (void)ctx;
    return the_time;
}

/* Keys that all configs share, if they say so; a new one each day. */
static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    uint8_t today = (uint8_t)(the_time / 86400);

    (void)ctx;
    memset(out, name ? name[0] : today, sizeof(*out));
    out->secret[0] = 1;
    *newest = out->name[0] == today;
    return !name || (uint8_t)(today - name[0]) < 3;
}

/* Hellos with early data that were here: none is new twice. */
enum { STRIKES = 32 };
static struct {
    uint8_t id[HF_STRIKE_LEN];
} strikes[STRIKES];
static size_t strike_count;

static enum hf_strike claim(void *ctx, const uint8_t *id, int64_t when,
                            int64_t expires)
{
    (void)ctx;
    MUST(when == the_time && expires >= when && expires - when <= 22);
    for (size_t i = 0; i < strike_count; i++)
        if (memcmp(strikes[i].id, id, HF_STRIKE_LEN) == 0)
            return HF_STRIKE_SEEN;
    if (strike_count == STRIKES)
        return HF_STRIKE_UNKNOWN;
    memcpy(strikes[strike_count++].id, id, HF_STRIKE_LEN);
    return HF_STRIKE_NEW;
}

static bool find_psk(void *ctx, const struct hf_psk_wanted *wanted,
                     struct hf_psk_found *out)
{
    (void)ctx;
    MUST(wanted->identity.len > 0);
    if (wanted->identity.at[0] != 'f')
        return false;
    memset(out->key, 'k', 32);
    out->len = 32;
    out->hash = HF_SHA256;
    out->imported = wanted->imported;
    return true;
}

static void keylog(void *ctx, const char *line)
{
    (void)ctx;
    MUST(strlen(line) > 64);
}

static void watch(void *ctx, const struct hf_event *event)
{
    (void)ctx;
    MUST(event->verdict && event->inputs && event->instead);
    MUST(hf_event_name(event->id) && hf_event_rule(event->id));
}

static void done(void *ctx)
{
    (void)ctx;
}

/* ---- values ------------------------------------------------------------------------- */

#define LIST(...)      \
    (const uint16_t[]) \
    {                  \
        __VA_ARGS__, 0 \
    }
#define PICK(values, n) (values)[(n) % HF_COUNT(values)]

static bool add_psk(struct hf_config *c, uint8_t n)
{
    static const char *const names[] = { "alpha", "beta", "find me", "" };
    uint8_t key[40];
    struct hf_span name = hf_span_text(PICK(names, n));
    struct hf_psk psk = { name, { key, n & 0x80 ? 15 : 32 }, HF_SHA256 };

    memset(key, 'k', sizeof(key));
    if (n & 4)
        psk.hash = HF_SHA384;
    if (n & 8)
        return hf_config_add_imported_psk(c, &psk, hf_span_text("us two"));
    return hf_config_add_psk(c, &psk);
}

static bool set_lists(struct hf_config *c, uint8_t which, uint8_t n)
{
    const uint16_t *suites[] = { LIST(0x1301), LIST(0x1303, 0xcca9),
                                 LIST(0xc02b), LIST(0x1302, 0x1301, 0xc02c),
                                 LIST(0x9c) };
    const uint16_t *groups[] = { LIST(29), LIST(23), LIST(23, 29), LIST(29, 23),
                                 LIST(24) };
    const uint16_t *schemes[] = { LIST(0x0403), LIST(0x0807),
                                  LIST(0x0403, 0x0804) };

    switch (which % 6) {
    case 0: return hf_config_set_suites(c, PICK(suites, n));
    case 1: return hf_config_set_groups(c, PICK(groups, n));
    case 2: return hf_config_set_shares(c, PICK(groups, n));
    case 3: return hf_config_set_signatures(c, PICK(schemes, n));
    case 4: return hf_config_set_verify_signatures(c, PICK(schemes, n));
    default: return hf_config_set_cert_signatures(c, PICK(schemes, n));
    }
}

static bool set_credentials(struct hf_config *c, uint8_t which, uint8_t n)
{
    enum toy_who who = (enum toy_who)(n % TOY_COUNT);
    enum toy_who key = (enum toy_who)((n >> 4 ? n >> 4 : n) % TOY_COUNT);
    struct hf_span rubbish = hf_span_text("rubbish");
    static const uint8_t scts[] = { 0, 3, 0, 1, 5 };

    switch (which % 8) {
    case 0: return hf_config_add_keypair(c, toy_pem(who), toy_key(key));
    case 1: return hf_config_add_chain(c, toy_pem(who));
    case 2: return hf_config_trust(c, n & 8 ? rubbish : toy_pem(who));
    case 3: return hf_config_trust_borrowed(c, toy_pem(who), done, NULL);
    case 4: return hf_config_add_scts(c, hf_span(scts, n & 1 ? 5 : 4));
    case 5: return hf_config_add_staple(c, rubbish);
    case 6: return hf_config_add_crls(c, rubbish);
    default: return add_psk(c, n);
    }
}

static bool set_switch(struct hf_config *c, uint8_t which, uint8_t n)
{
    bool on = n & 1;

    switch (which % 16) {
    case 0: return hf_config_ask_staple(c, on);
    case 1: return hf_config_ask_scts(c, on);
    case 2: return hf_config_set_strict_names(c, on);
    case 3: return hf_config_set_send_authorities(c, on);
    case 4: return hf_config_set_why_not(c, on);
    case 5: return hf_config_set_grease(c, on);
    case 6: return hf_config_set_permute(c, on);
    case 7: return hf_config_require_psk(c, on);
    case 8: return hf_config_set_watch(c, watch, NULL, on);
    case 9: return hf_config_set_keylog(c, keylog, NULL);
    case 10: return hf_config_set_psk_finder(c, find_psk, NULL);
    case 11: return hf_config_set_ticket_keys(c, find_key, NULL);
    case 12: return hf_config_insecure_no_verify(c);
    case 13: return hf_config_insecure_no_name_check(c);
    case 14: return hf_config_insecure_no_time_check(c);
    default: return hf_config_set_clock(c, now, NULL);
    }
}

static bool set_number(struct hf_config *c, uint8_t which, uint8_t n)
{
    static const unsigned versions[] = { HF_TLS12, HF_TLS13, HF_TLS13 };
    static const unsigned sizes[] = { 0, 512, 1024, 100, 16385, 64, 63, 4096 };

    switch (which % 14) {
    case 0:
        return hf_config_set_versions(c, PICK(versions, n),
                                      PICK(versions, n >> 2));
    case 1: return hf_config_set_client_auth(c, (enum hf_client_auth)(n % 3));
    case 2: return hf_config_set_revocation(c, (enum hf_revocation)(n % 4));
    case 3: return hf_config_set_min_rsa(c, 1024u * n);
    case 4: return hf_config_set_signature_cache(c, n, n & 1);
    case 5: return hf_config_set_tickets(c, n % 10);
    case 6: return hf_config_ask_tickets(c, n % 18, n >> 4);
    case 7: return hf_config_set_session_lifetime(c, 4000u * n);
    case 8: return hf_config_set_record_size_limit(c, PICK(sizes, n));
    case 9: return hf_config_set_max_fragment_length(c, PICK(sizes, n));
    case 10: return hf_config_set_padding(c, 2u * n, n);
    case 11: return hf_config_set_early_data(c, 8u * n);
    case 12: return hf_config_set_questions(c, n & 15);
    default:
        return hf_config_set_cert_compression(
            c, n & 1 ? LIST(HF_COMPRESSION_ZLIB) : LIST(HF_COMPRESSION_ZSTD));
    }
}

static bool set_other(struct hf_config *c, uint8_t which, uint8_t n)
{
    static const char *const policies[] = { "default", "modern", "classic",
                                            "default-2026", "none such" };
    static const char *const protocols[][3] = { { "h2", "http/1.1", NULL },
                                                { "http/1.1", NULL, NULL },
                                                { "imap", NULL, NULL },
                                                { "", NULL, NULL } };
    static const struct hf_strikes all = { NULL, claim };

    switch (which % 4) {
    case 0: return hf_config_set_policy(c, PICK(policies, n));
    case 1: return hf_config_set_protocols(c, PICK(protocols, n));
    case 2: return hf_config_set_strikes(c, &all);
    default:
        return hf_config_set_sessions(c, hf_session_store_interface(store));
    }
}

void config_set(size_t at, uint8_t which, uint8_t n)
{
    struct hf_config *c = configs[at % CONFIGS];
    bool frozen, ok;

    if (!c)
        return;
    frozen = c->frozen;
    switch (which >> 5) {
    case 0: ok = set_lists(c, which, n); break;
    case 1: ok = set_credentials(c, which, n); break;
    case 2: ok = set_switch(c, which, n); break;
    case 3: ok = set_number(c, which, n); break;
    case 4: ok = set_other(c, which, n); break;
    default: ok = set_number(c, 0, n); break;
    }
    MUST(!ok || !frozen);
    MUST(ok || hf_config_error(c)->code);
    if (!ok && !frozen && n & 0x40)
        hf_config_clear_error(c);
}

/* ---- as one ---------------------------------------------------------------------------- */

enum { ONLY12 = 1, ALSO12 = 2, RESUMES = 4, EARLY = 8, ASKS = 16, MUTUAL = 32 };

void config_make(size_t at, uint8_t how)
{
    static const uint8_t zlib = 1;
    size_t i = at % CONFIGS;
    struct hf_config *c = hf_config_new();

    MUST(c);
    hf_config_free(configs[i]);
    configs[i] = c;
    MUST(hf_config_set_provider(c, &toy_provider));
    set_switch(c, 15, 0);
    set_credentials(c, 2, TOY_CA);
    set_credentials(c, how & ASKS ? 1 : 0, TOY_SERVER);
    if (how & (ONLY12 | ALSO12))
        set_number(c, 0, how & ONLY12 ? 0 : 4);
    if (how & RESUMES) {
        set_other(c, 3, 0);
        set_switch(c, 11, 0);
    }
    if (how & EARLY) {
        set_number(c, 11, 100);
        set_other(c, 2, 0);
    }
    if (how & ASKS)
        set_number(c, 12, 15);
    if (how & MUTUAL) {
        set_credentials(c, 0, TOY_CLIENT);
        set_number(c, 1, HF_CLIENT_AUTH_REQUIRED);
    }
    if (how & 64)
        set_number(c, 13, zlib);
    if (how & 128)
        set_credentials(c, 7, 0);
}

void config_freeze(size_t at)
{
    struct hf_config *c = configs[at % CONFIGS];
    bool ok;

    if (!c)
        return;
    ok = hf_config_freeze(c);
    MUST(ok || hf_config_error(c)->code);
    MUST(ok == hf_config_freeze(c)); /* it stays so */
}

void config_borrow(size_t at, size_t from, size_t trust)
{
    struct hf_config *c = configs[from % CONFIGS];
    struct hf_config *t = configs[trust % CONFIGS];
    struct hf_config *made;

    if (!c || !t)
        return;
    made = hf_config_with_trust(c, t);
    MUST(made || hf_config_error(t)->code || toy_has_failed());
    if (!made)
        return;
    hf_config_free(configs[at % CONFIGS]);
    configs[at % CONFIGS] = made;
}

void configs_begin(void)
{
    the_time = 1800000000;
    strike_count = 0;
    store = hf_session_store_new(20, 0);
    MUST(store);
    hf_session_store_set_clock(store, now, NULL);
}

void configs_end(void)
{
    for (size_t i = 0; i < CONFIGS; i++) {
        hf_config_free(configs[i]);
        configs[i] = NULL;
    }
    hf_session_store_free(store);
}
