/* certificate12.c - who I am, and the proof of it, in TLS 1.2, both roles (RFC
 * 5246 7.4.2, 7.4.3 and 7.4.8).
 *
 * A scheme's number means less than in TLS 1.3: for ECDSA it fixes the hash
 * and not the curve, and PKCS#1 v1.5 is allowed. */
#include "handshake/handshake.h"

/* ---- Certificate ------------------------------------------------------------------- */

enum hf_step_result hf_send_certificate12(struct hf_handshake *hs)
{
    const struct hf_keypair *pair = hs->keypair;
    struct hf_certificate_12 certificate;
    size_t cap = 0;
    struct hf_writer w;

    for (size_t i = 0; pair && i < pair->count; i++)
        cap += 3 + pair->chain[i]->der.len;
    w = hf_writer(hf_arena_take(&hs->arena, cap), cap);
    if (!w.at)
        return hf_step(hf_arena_fail(&hs->arena, hs->error));
    for (size_t i = 0; pair && i < pair->count; i++) {
        struct hf_asn1_cert one = { pair->chain[i]->der };

        hf_wire_write(hf_asn1_cert, &w, &one);
    }
    certificate.list = hf_written(&w);
    return hf_step(hf_message_send(hs, HF_CERTIFICATE, hf_certificate_12,
                                   &certificate, cap + 3));
}

static bool keep_chain(struct hf_handshake *hs, struct hf_span list)
{
    struct hf_asn1_cert one;

    while (hf_wire_next(hf_asn1_cert, &list, &one))
        if (!hf_keep_certificate(hs, one.cert_data, false))
            return false;
    return true;
}

enum hf_step_result hf_recv_certificate12(struct hf_handshake *hs,
                                          const struct hf_message *m)
{
    struct hf_certificate_12 certificate;

    if (!hf_message_read(hs, hf_certificate_12, m->body, &certificate))
        return HF_STEP_FAILED;
    if (!certificate.list.len)
        return hf_step(hf_no_chain(hs));
    if (hs->session->role == HF_SERVER)
        hs->facts |= HF_FACT_GAVE;
    return hf_step(keep_chain(hs, certificate.list));
}

/* ---- schemes --------------------------------------------------------------------------- */

/* The way to sign that @scheme means for a key of @kind, or NULL. */
static const struct hf_signature *how12(const struct hf_crypto *c,
                                        unsigned scheme,
                                        const struct hf_public_key *key)
{
    const struct hf_signature *named = hf_signature_by_scheme(c, scheme);
    bool named_ec = (scheme & 0xff) == 3; /* SignatureAlgorithm.ecdsa */

    if (!named || (key->pss_hash && key->pss_hash != named->hash))
        return NULL;
    if (hf_kind_is_ec(key->kind) && named_ec)
        return hf_signature_by_parts(c, key->kind, HF_PADDING_NONE,
                                     named->hash);
    return named->key == key->kind ? named : NULL;
}

const struct hf_signature *hf_negotiate_signature12(
    const struct hf_settings *s, const struct hf_numbers *theirs,
    const struct hf_public_key *key, unsigned *scheme)
{
    for (size_t i = 0; i < theirs->count; i++) {
        const struct hf_signature *how = how12(&s->crypto, theirs->at[i], key);

        *scheme = theirs->at[i];
        if (how)
            return how;
    }
    return NULL;
}

bool hf_check_signature12(struct hf_handshake *hs, unsigned scheme,
                          struct hf_span text, struct hf_span signature)
{
    struct hf_session *s = hs->session;
    const struct hf_public_key *key = &s->peer[0]->key;
    const char *name = hf_scheme_name(scheme);
    const struct hf_signature *how = NULL;
    bool ok, fault = false;

    if (hf_numbers_have(&hs->settings->verify, scheme))
        how = how12(&hs->settings->crypto, scheme, key);
    if (!how)
        return hf_fail(hs->error, HF_E_WRONG_SIGNATURE,
                       "signed with %s (%x), which was not offered or does "
                       "not fit the certificate's key",
                       name ? name : "an unknown scheme", scheme);
    ok = how->verify(hs->settings->crypto.self, how, key, text, signature,
                     &fault);
    hf_decided(s, HF_EV_TRANSCRIPT_SIGNATURE, ok,
               s->role == HF_CLIENT
                   ? "of both randoms and the server's share, by the key in "
                     "its certificate"
                   : "of all messages so far, by the key in the client's "
                     "certificate",
               name, NULL);
    if (!ok)
        return hf_fail(hs->error, fault ? HF_E_CRYPTO : HF_E_BAD_SIGNATURE,
                       "%s", name);
    s->peer_scheme = (uint16_t)scheme;
    hs->proofs.signature = HF_PROOF_SIGNATURE;
    return true;
}

/* ---- CertificateVerify: over every message so far ------------------------------------------ */

enum hf_step_result hf_job_sign12(struct hf_handshake *hs)
{
    return hf_sign_text(hs, hf_transcript_messages(&hs->transcript));
}

enum hf_step_result hf_send_cert_verify12(struct hf_handshake *hs)
{
    struct hf_certificate_verify verify = { hs->session->own_scheme,
                                            hs->signature };

    return hf_step(hf_message_send(hs, HF_CERTIFICATE_VERIFY,
                                   hf_certificate_verify, &verify,
                                   4 + hs->signature.len));
}

enum hf_step_result hf_job_check_signature12(struct hf_handshake *hs)
{
    /* The last message in the transcript is the proof itself. */
    struct hf_span all = hf_transcript_messages(&hs->transcript);
    size_t proof = 4 + 4 + hs->signature.len;

    if (all.len < proof) {
        hf_fail(hs->error, HF_E_BUG, "a proof that was not heard");
        return HF_STEP_FAILED;
    }
    return hf_step(hf_check_signature12(hs, hs->signature_scheme,
                                        hf_span_first(all, all.len - proof),
                                        hs->signature));
}
