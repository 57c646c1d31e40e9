/* hello.c - what a server makes of a ClientHello: extensions that must be there,
 * the keys and the share of a second one (RFC 8446 4.1.2), lists of it in words. */
#include "proof.h"

#define HF_WITH_EXT
#include "any_wire.h"
#include "handshake/server.c"

/* ---- any handshake ---------------------------------------------------------------------- */

static struct hf_handshake hs;
static struct hf_session session;

static void begin(void)
{
    session.error.code = HF_OK;
    hs.session = &session;
    hs.error = &session.error;
}

/* ---- lists of the second hello ------------------------------------------------------------ */

/* An element of @group, and @rest behind it. */
static unsigned group;
static size_t rest;
static bool came;

bool one_share(hf_layout_fn *layout, struct hf_span *list, void *out)
{
    PROVE(layout == hf_key_share_entry && list->at == hs.offer.shares.at);
    ((struct hf_key_share_entry *)out)->group = (uint16_t)group;
    list->len = rest;
    return came;
}

void prove_share_as_asked(void)
{
    static struct hf_kx kx = { .name = "any" };
    bool ok;

    begin();
    group = nondet_half();
    rest = nondet_size();
    came = nondet_bool();
    kx.group = nondet_half();
    hs.kx = &kx;
    ok = share_as_asked(&hs);
    PROVE(ok == (came && group == kx.group && rest == 0));
    PROVE(ok == (session.error.code == HF_OK));
}

/* Keys by their numbers: @now, and where the search is in those before. */
enum { KEYS = 2 };
static uint8_t before[KEYS], now[KEYS];
static size_t old_at, now_at, old_count, now_count;
static struct hf_span old_list, now_list;

bool next_key(hf_layout_fn *layout, struct hf_span *list, void *out)
{
    bool old = list->at == old_list.at;
    size_t *at = old ? &old_at : &now_at;
    const uint8_t *name;

    PROVE(layout == hf_psk_identity && (old || list->at == now_list.at));
    if (*at == (old ? old_count : now_count))
        return false;
    name = old ? &before[*at] : &now[*at];
    ((struct hf_psk_identity *)out)->identity = hf_span(name, 1);
    ++*at;
    return true;
}

bool same_key(struct hf_span a, struct hf_span b)
{
    return *a.at == *b.at;
}

/* RFC 8446 4.1.2: "Optionally, removing any PSKs": those that are left were
 * there before, in the same order. */
void prove_no_new_keys(void)
{
    size_t found = 0;
    bool ok;

    begin();
    old_count = nondet_size();
    now_count = nondet_size();
    ASSUME(old_count <= KEYS && now_count <= KEYS);
    old_at = now_at = 0;
    old_list = hf_span(before, 1);
    now_list = hf_span(now, 1);
    for (unsigned i = 0; i < KEYS; i++) {
        before[i] = nondet_byte();
        now[i] = nondet_byte();
    }
    for (unsigned i = 0; i < KEYS; i++)
        if (i < old_count && found < now_count && before[i] == now[found])
            found++;
    ok = no_new_keys(&hs, old_list, now_list);
    PROVE(ok == (found == now_count));
    PROVE(ok == (session.error.code == HF_OK));
}

/* ---- what 9.2 demands --------------------------------------------------------------------- */

/* Whoever offers keys says so last, and with what they are to be used. */
void prove_mandatory(void)
{
    struct hf_extensions *x = &hs.offer.hello.extensions;

    begin();
    x->present = (uint64_t)nondet_size();
    x->last = nondet_byte();
    if (!check_mandatory(&hs)) {
        PROVE(session.error.code != HF_OK);
        return;
    }
    PROVE(x->present & HF_BIT(key_share));
    PROVE(x->present & HF_BIT(supported_groups));
    PROVE(x->present & HF_BIT(pre_shared_key)
              ? x->last == HF_EXT_pre_shared_key &&
                    x->present & HF_BIT(psk_key_exchange_modes)
              : (x->present & HF_BIT(signature_algorithms)) != 0);
}

/* ---- in words ------------------------------------------------------------------------------- */

enum { WORDS = 160 };
static char words[WORDS];

static const char *any_name(unsigned number)
{
    PROVE(number <= UINT16_MAX);
    return nondet_bool() ? "any" : NULL;
}

static size_t there; /* characters */

/* Appends, and says how much there is then.  A name, or a number, has a blank
 * in front and needs its room. */
size_t hf_format_more(char *out, size_t cap, const char *format, ...)
{
    PROVE(out == words && cap == WORDS && there < cap);
    PROVE(format[0] == ' ' || cap - there >= 52);
    there = nondet_size();
    ASSUME(there < cap);
    return there;
}

void prove_list_text(void)
{
    struct hf_span list = any_bytes(10);

    ASSUME(list.len % 2 == 0);
    there = 0;
    list_text(words, sizeof(words), list, any_name);
    PROVE(list.len || words[0] == '\0');
}
