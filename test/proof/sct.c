/* sct.c - timestamps of certificates, and identities of imported keys: their
 * parts lie in them, whatever the bytes (any_wire.h). */
#include "proof.h"

#include "any_wire.h"
#include "handshake/psk_import.c"
#include "handshake/sct.c"

void prove_sct(void)
{
    struct hf_span bytes = any_bytes(65535);
    struct hf_sct sct;

    if (!hf_sct_read(bytes, HF_SCT_TLS, &sct))
        return;
    PROVE(bytes.len > 0 && sct.version == bytes.at[0] + 1u);
    if (sct.version != 1)
        return;
    PROVE(sct.log_id.len == 32 && WITHIN(sct.log_id, bytes));
    PROVE(WITHIN(sct.extensions, bytes) && WITHIN(sct.signature, bytes));
}

void prove_next_sct(void)
{
    struct hf_span list = any_bytes(65535), before = list;
    struct hf_sct sct;

    most_elements = 1;
    if (hf_sct_next(&list, HF_SCT_TLS, &sct)) {
        PROVE(list.len < before.len && WITHIN(list, before));
        PROVE(sct.bytes.len > 0 && WITHIN(sct.bytes, before));
    } else {
        PROVE(list.len == before.len);
    }
}

/* RFC 9258 5.1 */
void prove_imported(void)
{
    struct hf_span identity = any_bytes(2 * HF_PSK_WIRE_MAX);
    struct hf_imported_identity parts;
    unsigned target = 0;

    if (!hf_psk_imported(identity, &parts, &target))
        return;
    PROVE(identity.len <= HF_PSK_WIRE_MAX);
    PROVE(target == HF_SHA256 || target == HF_SHA384);
    PROVE(parts.target_protocol == HF_TLS13);
    PROVE(parts.external_identity.len > 0);
    PROVE(WITHIN(parts.external_identity, identity));
    PROVE(WITHIN(parts.context, identity));
}
