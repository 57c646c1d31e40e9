/* psk.c - pre-shared keys as they come: identities and binders, which of them is
 * looked at, and what a binder covers, from any bytes (any_wire.h). */
#include "proof.h"

#include "any_wire.h"
#include "handshake/resume13.c"

/* ---- stand-ins -------------------------------------------------------------------------- */

bool hf_ext_body(struct hf_handshake *hs, hf_layout_fn *layout,
                 const struct hf_extensions *block, enum hf_ext ext, void *out)
{
    struct hf_fault fault;

    return hf_wire_read_ext(layout, block, ext, out, &fault) ||
           hf_wire_fail(hs->error, &fault);
}

bool hf_wire_lists(struct hf_span list, unsigned width, uint32_t number)
{
    (void)number;
    PROVE(list.len % width == 0 && __CPROVER_r_ok(list.at, list.len));
    return nondet_bool();
}

bool hf_gives_tickets(const struct hf_settings *settings)
{
    (void)settings;
    return nondet_bool();
}

static unsigned opened;

struct hf_saved_session *hf_session_open(struct hf_handshake *h,
                                         struct hf_span sealed, bool *renew)
{
    static struct hf_saved_session one;

    (void)h;
    PROVE(sealed.len > 0 && __CPROVER_r_ok(sealed.at, sealed.len));
    opened++;
    one.cipher_suite = nondet_half();
    one.version = nondet_half();
    one.secret.len = nondet_byte();
    *renew = nondet_bool();
    return nondet_bool() ? &one : NULL;
}

const struct hf_suite *hf_suite_by_number(unsigned number)
{
    static struct hf_suite one;

    (void)number;
    one.version = nondet_half();
    return nondet_bool() ? &one : NULL;
}

static struct hf_hash hash = { .len = 32 };

const struct hf_hash *hf_hash_by_id(const struct hf_crypto *c, unsigned id)
{
    (void)c;
    (void)id;
    return nondet_bool() ? &hash : NULL;
}

const struct hf_psk_offer *hf_psk_found(const struct hf_handshake *h,
                                        struct hf_span identity)
{
    PROVE(identity.len > 0 && __CPROVER_r_ok(identity.at, identity.len));
    return nondet_bool() ? &h->psks[0] : NULL;
}

void hf_not_resumed(struct hf_handshake *h, const char *why)
{
    (void)h;
    (void)why;
}

/* ---- any handshake ---------------------------------------------------------------------- */

enum { KEYS = 5 };
static struct hf_handshake hs;
static struct hf_settings set;
static struct hf_session session;
static struct hf_extensions block;
static struct hf_psk_offer one;

static struct hf_span begin(void)
{
    struct hf_span body = any_bytes(65535);

    block.present = HF_BIT(pre_shared_key) | HF_BIT(psk_key_exchange_modes);
    block.body[HF_EXT_pre_shared_key] = body;
    block.body[HF_EXT_psk_key_exchange_modes] = body;
    session.error.code = HF_OK;
    session.hash = &hash;
    hs.session = &session;
    hs.settings = &set;
    hs.error = &session.error;
    hs.psks = &one;
    most_elements = KEYS;
    opened = 0;
    return body;
}

static unsigned ids_read, macs_read;

/* How many there are is all that counts. */
bool counted_next(hf_layout_fn *layout, struct hf_span *list, void *out)
{
    (void)list;
    (void)out;
    if (nondet_bool())
        return false;
    ASSUME(most_elements-- > 0);
    if (layout == hf_psk_identity)
        ids_read++;
    else
        macs_read++;
    return true;
}

/* RFC 8446 4.2.11: as many binders as identities, both in the extension. */
void prove_read_psk(void)
{
    struct hf_span body = begin();
    bool ok;

    ids_read = macs_read = 0;
    ok = hf_read_psk(&hs, HF_CH, &block);
    PROVE(ok == (session.error.code == HF_OK));
    if (!ok)
        return;
    PROVE(ids_read == macs_read);
    PROVE(WITHIN(hs.offer.identities, body) && WITHIN(hs.offer.binders, body));
}

void prove_read_chosen(void)
{
    bool ok;

    begin();
    hs.psk_count = nondet_byte();
    ok = hf_read_psk_chosen(&hs, HF_SH, &block);
    PROVE(ok == (session.error.code == HF_OK));
    PROVE(!ok || hs.psk_index < hs.psk_count);
}

static struct hf_span ids, macs;

/* As long as all of them: where in a list one lies is codec.c's matter. */
bool whole_next(hf_layout_fn *layout, struct hf_span *list, void *out)
{
    (void)list;
    if (nondet_bool())
        return false;
    ASSUME(most_elements-- > 0);
    if (layout == hf_psk_identity)
        *(struct hf_psk_identity *)out = (struct hf_psk_identity){
            ids, nondet_word()
        };
    else
        *(struct hf_psk_binder *)out = (struct hf_psk_binder){ macs };
    return true;
}

/* Few tickets are opened, however many come; the binder is that of the key. */
void prove_find_key(void)
{
    struct hf_span mac = { NULL, 0 };
    bool ok;

    begin();
    most_elements = 2 * (TRIES_MAX + 1);
    ids = hs.offer.identities = any_bytes(65535);
    macs = hs.offer.binders = any_bytes(255);
    ASSUME(ids.len > 0 && macs.len > 0);
    ok = find_key(&hs, &mac);
    PROVE(opened <= TRIES_MAX && hs.psk_index <= TRIES_MAX);
    if (!ok)
        return;
    PROVE(mac.at == macs.at && hs.binder.at == macs.at);
    PROVE(hs.psk.hash == one.hash || hs.psk.hash == session.hash);
}

/* RFC 8446 4.2.11.2: all but the list of binders and its length, if that list
 * is where prove_read_psk and check_mandatory() of server.c have it: the last
 * of the hello. */
void prove_without_binders(void)
{
    struct hf_span hello = any_bytes(HF_MESSAGE_HEADER + HF_HELLO_MAX);
    size_t binders = nondet_size();
    struct hf_span text;

    ASSUME(hello.len >= 2 && binders <= hello.len - 2);
    text = without_binders(hello, binders);
    PROVE(text.at == hello.at && text.len + 2 + binders == hello.len);
}

/* ---- the client keeps a ticket ---------------------------------------------------------- */

static uint32_t kept; /* bytes of it */

bool any_ticket_key(const struct hf_session *s, struct hf_span nonce,
                    uint8_t *out)
{
    (void)s;
    PROVE(nonce.len <= 255 && __CPROVER_r_ok(nonce.at, nonce.len));
    PROVE(__CPROVER_w_ok(out, HF_HASH_MAX));
    return nondet_bool();
}

void hf_say_ticket(const struct hf_session *s, bool ok, size_t len,
                   uint32_t lifetime, const char *verdict)
{
    (void)s;
    (void)ok;
    (void)lifetime;
    (void)verdict;
    PROVE(len > 0);
}

void hf_session_keep(const struct hf_session *s, struct hf_saved_session *what)
{
    (void)s;
    PROVE(what->lifetime > 0 && what->secret.len == hash.len);
    PROVE(__CPROVER_r_ok(what->ticket.at, what->ticket.len));
    kept++;
}

bool any_put(void *ctx, struct hf_span key, struct hf_span bytes,
             int64_t expires)
{
    (void)ctx;
    (void)key;
    (void)bytes;
    (void)expires;
    return nondet_bool();
}

void prove_recv_ticket(void)
{
    struct hf_span body = begin();
    bool ok;

    kept = 0;
    set.sessions.put = nondet_bool() ? any_put : NULL;
    session.settings = &set;
    ok = hf_recv_ticket13(&session, body);
    PROVE(ok == (session.error.code == HF_OK));
    PROVE(kept <= 1 && (!kept || (ok && set.sessions.put)));
}
