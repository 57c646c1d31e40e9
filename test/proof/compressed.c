/* compressed.c - a certificate that travels compressed: memory of the size that
 * was judged, and nothing is expanded in a way that was not offered. */
#include "proof.h"

#include "any_wire.h"
#include "handshake/compress.c"

static size_t asked; /* bytes of memory */
static bool offered;

void *any_alloc(size_t size)
{
    asked = size;
    return nondet_bool() ? NULL : malloc(size);
}

void any_free(void *p, size_t size)
{
    PROVE(p != NULL && size == asked);
    asked = 0;
}

bool hf_numbers_have(const struct hf_numbers *list, unsigned number)
{
    (void)list;
    (void)number;
    offered = nondet_bool();
    return offered;
}

static bool expand_any(void *self, struct hf_span packed, uint8_t *out,
                       size_t len, bool *bad)
{
    (void)self;
    PROVE(offered && packed.len > 0 && __CPROVER_r_ok(packed.at, packed.len));
    PROVE(len == asked && len <= HF_CHAIN_BYTES_MAX);
    PROVE(!len || __CPROVER_w_ok(out, len));
    *bad = nondet_bool();
    return nondet_bool();
}

const struct hf_compression *hf_compression_by_number(const struct hf_crypto *c,
                                                      unsigned number)
{
    static const struct hf_compression one = { .name = "any",
                                               .expand = expand_any };

    (void)c;
    (void)number;
    return nondet_bool() ? &one : NULL;
}

bool hf_read_certificate(struct hf_handshake *hs, struct hf_span body)
{
    PROVE(body.len == asked &&
          (!body.len || __CPROVER_r_ok(body.at, body.len)));
    return nondet_bool() || hf_fail(hs->error, HF_E_BOUNDS, NULL);
}

bool hf_message_read(struct hf_handshake *hs, hf_layout_fn *layout,
                     struct hf_span body, void *out)
{
    struct hf_fault fault;

    return hf_wire_read(layout, body, out, NULL, &fault) ||
           hf_wire_fail(hs->error, &fault);
}

enum hf_step_result hf_step(bool ok)
{
    return ok ? HF_STEP_DONE : HF_STEP_FAILED;
}

void prove_compressed(void)
{
    static struct hf_handshake hs;
    static struct hf_settings set;
    static struct hf_session session;
    struct hf_message m = { .kind = HF_COMPRESSED_CERTIFICATE };
    enum hf_step_result result;

    session.error.code = HF_OK;
    hs.session = &session;
    hs.settings = &set;
    hs.error = &session.error;
    hs.sent = (uint64_t)nondet_size();
    m.body = any_bytes(HF_CHAIN_BYTES_MAX);
    m.bytes = m.body;
    asked = 0;
    result = hf_recv_compressed_cert(&hs, &m);
    PROVE((result == HF_STEP_DONE) == (session.error.code == HF_OK));
    PROVE(asked == 0 || session.error.code == HF_E_OUT_OF_MEMORY);
}
