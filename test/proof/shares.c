/* shares.c - what verbs make of the extensions of TLS 1.3: versions, key shares
 * and the cookie, in any state, from any bytes (any_wire.h). */
#include "proof.h"

#include "any_wire.h"
#include "handshake/verbs13.c"

/* ---- stand-ins, each of which has a row of its own --------------------------------- */

bool hf_ext_body(struct hf_handshake *hs, hf_layout_fn *layout,
                 const struct hf_extensions *block, enum hf_ext ext, void *out)
{
    struct hf_fault fault;

    return hf_wire_read_ext(layout, block, ext, out, &fault) ||
           hf_wire_fail(hs->error, &fault);
}

bool any_numbers_have(const struct hf_numbers *list, unsigned number)
{
    (void)number;
    PROVE(list->count <= HF_LIST_MAX);
    return nondet_bool();
}

struct hf_span any_arena_copy(struct hf_arena *a, struct hf_span bytes)
{
    (void)a;
    PROVE(!bytes.len || __CPROVER_r_ok(bytes.at, bytes.len));
    return nondet_bool() ? hf_span(NULL, 0) : bytes;
}

bool any_arena_fail(const struct hf_arena *a, struct hf_error *e)
{
    (void)a;
    return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL);
}

/* ---- any handshake ---------------------------------------------------------------------- */

static struct hf_handshake hs;
static struct hf_settings set;
static struct hf_session session;
static struct hf_extensions block;
static struct hf_span body;

static void begin(enum hf_ext ext)
{
    body = any_bytes(65535);
    block.present = (uint64_t)1 << ext;
    block.body[ext] = body;
    session.error.code = HF_OK;
    hs.session = &session;
    hs.settings = &set;
    hs.error = &session.error;
}

static bool reason(bool ok)
{
    return ok == (session.error.code == HF_OK);
}

/* Of an element only its group counts here. */
bool any_share(hf_layout_fn *layout, struct hf_span *list, void *out)
{
    struct hf_key_share_entry *entry = out;

    (void)layout;
    (void)list;
    if (nondet_bool())
        return false;
    ASSUME(most_elements-- > 0);
    entry->group = nondet_half();
    return true;
}

/* RFC 8446 4.2.8: no more are remembered than there is room for. */
void prove_shares(void)
{
    begin(HF_EXT_key_share);
    most_elements = HF_LIST_MAX + 2;
    PROVE(reason(hf_read_shares(&hs, HF_CH, &block)));
    PROVE(session.error.code || WITHIN(hs.offer.shares, body));
}

/* RFC 8446 4.2.1 and 4.2.2 */
void prove_version_and_cookie(void)
{
    bool cookie = nondet_bool(), server = nondet_bool(), ok;

    begin(cookie ? HF_EXT_cookie : HF_EXT_supported_versions);
    if (cookie)
        ok = hf_read_cookie(&hs, server ? HF_CH : HF_HRR, &block);
    else
        ok = server ? hf_read_versions(&hs, HF_CH, &block)
                    : hf_read_version(&hs, HF_SH, &block);
    PROVE(reason(ok));
    PROVE(!ok || !(cookie && server));
    PROVE(!ok || !cookie || (hs.cookie.len > 0 && WITHIN(hs.cookie, body)));
    PROVE(!ok || cookie || !server || hs.offer.versions.len >= 2);
    PROVE(!ok || cookie || server || session.version == HF_TLS13);
}
