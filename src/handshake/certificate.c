/* certificate.c - Certificate and CertificateVerify, both roles, TLS 1.3 (RFC
 * 8446 4.4.2 and 4.4.3): who I am, and the proof that it is me.
 *
 * Two proofs are made here and nowhere else: that the peer's chain is trusted
 * (or that the config excuses it), and that the peer has the private key. */
#include "handshake/handshake.h"

/* ---- ours ----------------------------------------------------------------------- */

/* DER says where it ends, so no other certificates have the same bytes. */
bool hf_own_digest(const struct hf_settings *set, uint8_t *out)
{
    const struct hf_hash *hash = hf_hash_by_id(&set->crypto, HF_SHA256);
    struct hf_hash_state state = { .words = { 0 } };
    bool ok;

    _Static_assert(HF_BINDING_LEN == 32, "SHA-256");
    hf_fill(out, 0, HF_BINDING_LEN);
    if (!set->keypair_count)
        return true;
    ok = hash && hash->start(set->crypto.self, &state);
    for (size_t i = 0; ok && i < set->keypair_count; i++)
        ok = hash->add(&state, set->keypairs[i].chain[0]->der);
    ok = ok && hash->digest(&state, out);
    if (hash)
        hash->wipe(&state);
    return ok;
}

unsigned hf_form_wanted(const struct hf_handshake *hs)
{
    unsigned form = 0;

    if (hs->offer.wants_staple && hs->keypair->staple.len)
        form |= HF_FORM_STAPLE;
    if (hs->offer.wants_scts && hs->keypair->scts.len)
        form |= HF_FORM_SCTS;
    return form;
}

enum hf_step_result hf_send_certificate(struct hf_handshake *hs)
{
    static const uint8_t none[] = { HF_CERTIFICATE, 0, 0, 4, 0, 0, 0, 0 };
    struct hf_span message = HF_SPAN(none);

    /* A client without a fitting certificate says so with an empty list. */
    if (hs->keypair)
        message = hs->keypair->message[hf_form_wanted(hs)];
    return hf_step(hf_handshake_say(hs, HF_CERTIFICATE, message));
}

enum { SIGNED_PAD = 64, CONTEXT_LEN = 33 };
enum { SIGNED_MAX = SIGNED_PAD + CONTEXT_LEN + 1 + HF_HASH_MAX };

/* What is signed: 64 spaces, who signs, a NUL, the transcript. */
static struct hf_span to_be_signed(struct hf_handshake *hs, uint8_t *room,
                                   enum hf_role signer, const uint8_t *digest)
{
    static const char client[] = "TLS 1.3, client CertificateVerify";
    static const char server[] = "TLS 1.3, server CertificateVerify";
    const char *context = signer == HF_CLIENT ? client : server;
    struct hf_writer w = hf_writer(room, SIGNED_MAX);
    uint8_t pad[SIGNED_PAD];

    _Static_assert(sizeof(client) == CONTEXT_LEN + 1, "its length");
    hf_fill(pad, 0x20, sizeof(pad));
    hf_put_bytes(&w, HF_SPAN(pad));
    hf_put_bytes(&w, hf_span(context, CONTEXT_LEN));
    hf_put(&w, 0, 1);
    hf_put_bytes(&w, hf_span(digest, hs->session->hash->len));
    return hf_written(&w);
}

/* Is the signature to come from somewhere else?  Then ask, and keep what is
 * to be signed where the question can point at it. */
static enum hf_step_result ask_for_signature(struct hf_handshake *hs,
                                             struct hf_span text)
{
    struct hf_span kept = hf_arena_copy(&hs->arena, text);

    if (!kept.at) {
        hf_arena_fail(&hs->arena, hs->error);
        return HF_STEP_FAILED;
    }
    hs->question = (struct hf_question){
        .kind = HF_ASK_SIGN,
        .scheme = hs->session->own_scheme,
        .message = kept,
        .chain = (unsigned)(hs->keypair - hs->settings->keypairs),
    };
    return HF_STEP_WAIT;
}

static enum hf_step_result take_signature(struct hf_handshake *hs)
{
    hs->answered = false;
    if (!hs->answer.signature.len) {
        hf_fail(hs->error, HF_E_CRYPTO, "no signature was given");
        return HF_STEP_FAILED;
    }
    hs->signature = hs->answer.signature; /* in the arena already */
    return HF_STEP_DONE;
}

enum hf_step_result hf_job_sign(struct hf_handshake *hs)
{
    uint8_t digest[HF_HASH_MAX], room[SIGNED_MAX];

    if (!hf_transcript_digest(&hs->transcript, digest, hs->error))
        return HF_STEP_FAILED;
    return hf_sign_text(hs, to_be_signed(hs, room, hs->session->role, digest));
}

enum hf_step_result hf_sign_text(struct hf_handshake *hs, struct hf_span text)
{
    uint8_t *out;
    size_t len;

    if (hs->answered)
        return take_signature(hs);
    if (!hs->keypair->key)
        return ask_for_signature(hs, text);
    out = hf_arena_take(&hs->arena, HF_SIGNATURE_MAX);
    if (!out) {
        hf_arena_fail(&hs->arena, hs->error);
        return HF_STEP_FAILED;
    }
    if (!hs->scheme->sign(hs->settings->crypto.self, hs->scheme,
                          hs->keypair->key, text, out, HF_SIGNATURE_MAX,
                          &len)) {
        hf_fail(hs->error, HF_E_CRYPTO, "signing with %s", hs->scheme->name);
        return HF_STEP_FAILED;
    }
    hs->signature = hf_span(out, len);
    return HF_STEP_DONE;
}

enum hf_step_result hf_send_cert_verify(struct hf_handshake *hs)
{
    struct hf_certificate_verify verify = { hs->scheme->scheme, hs->signature };

    return hf_step(hf_message_send(hs, HF_CERTIFICATE_VERIFY,
                                   hf_certificate_verify, &verify,
                                   4 + hs->signature.len));
}

/* ---- the peer's chain ----------------------------------------------------------------- */

/* Room for one more pointer: a chain has two or three, so this is rare. */
static bool grow_chain(struct hf_session *s)
{
    size_t size = s->peer_count * sizeof(struct hf_cert *);
    struct hf_cert **more = hf_alloc_array(s->peer_count + 1,
                                           sizeof(struct hf_cert *));

    if (!more)
        return hf_fail(&s->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(more, s->peer, size);
    hf_free(s->peer, size);
    s->peer = more;
    return true;
}

bool hf_keep_certificate(struct hf_handshake *hs, struct hf_span der, bool hold)
{
    struct hf_session *s = hs->session;

    if (s->peer_count == HF_CHAIN_MAX)
        return hf_fail(hs->error, HF_E_BUDGET,
                       "%u certificates or more were sent, at most %u are "
                       "read",
                       (unsigned)HF_CHAIN_MAX + 1, (unsigned)HF_CHAIN_MAX);
    if (!grow_chain(s))
        return false;
    s->peer[s->peer_count] = hold ? hf_cert_hold(der)
                                  : hf_cert_new(der, hs->error);
    if (!s->peer[s->peer_count])
        return hf_fail(hs->error, HF_E_OUT_OF_MEMORY, NULL);
    s->peer_count++;
    return true;
}

/* Parse what the peer sent into counted certificates that outlive us. */
static bool keep_chain(struct hf_handshake *hs, struct hf_span list)
{
    struct hf_certificate_entry entry;

    while (hf_wire_next(hf_certificate_entry, &list, &entry)) {
        /* No extension of ours asks for an answer in here. */
        if (!hf_extensions_recv(hs, HF_CT, &entry.extensions))
            return false;
        if (!hf_keep_certificate(hs, entry.cert_data, false))
            return false;
    }
    return true;
}

/* certificate_required came with TLS 1.3; before, it is a handshake_failure
 * (RFC 5246 7.4.6). */
static bool client_has_none(struct hf_handshake *hs)
{
    enum { HANDSHAKE_FAILURE = 40 };

    hf_fail(hs->error, HF_E_NO_PEER_CERTIFICATE, NULL);
    if (hs->session->version == HF_TLS12)
        hs->error->alert = HANDSHAKE_FAILURE;
    return false;
}

bool hf_no_chain(struct hf_handshake *hs)
{
    if (hs->session->role == HF_CLIENT)
        return hf_fail(hs->error, HF_E_EMPTY_CHAIN, NULL);
    if (hs->settings->client_auth == HF_CLIENT_AUTH_REQUIRED)
        return client_has_none(hs);
    hf_decided(hs->session, HF_EV_CLIENT_CERT, true,
               "the client gave none, and none is required", NULL, NULL);
    return true;
}

bool hf_read_certificate(struct hf_handshake *hs, struct hf_span body)
{
    struct hf_certificate certificate;

    if (!hf_message_read(hs, hf_certificate, body, &certificate))
        return false;
    if (certificate.request_context.len)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "certificate_request_context is not empty");
    if (!certificate.list.len)
        return hf_no_chain(hs);
    if (hs->session->role == HF_SERVER)
        hs->facts |= HF_FACT_GAVE;
    return keep_chain(hs, certificate.list);
}

enum hf_step_result hf_recv_certificate(struct hf_handshake *hs,
                                        const struct hf_message *m)
{
    return hf_step(hf_read_certificate(hs, m->body));
}

/* ---- is it trusted? --------------------------------------------------------------------- */

bool hf_chain_trusted(struct hf_handshake *hs, struct hf_error *why)
{
    struct hf_session *s = hs->session;
    const struct hf_settings *set = hs->settings;
    struct hf_verified proof = { .token = 0 };
    struct hf_verify v = {
        .crypto = &set->crypto,
        .store = set->store,
        .chain = s->peer,
        .count = s->peer_count,
        .name = hs->check_name ? &hs->name : NULL,
        .purpose = s->role == HF_CLIENT ? HF_PURPOSE_SERVER : HF_PURPOSE_CLIENT,
        .any_time = set->no_time_check,
        .min_rsa_bits = set->min_rsa_bits,
        .leaf_usage = hf_rsa12_leaf_usage(hs),
        .schemes = set->cert_verify.at,
        .scheme_count = set->cert_verify.count,
        .revocation = set->revocation,
        .crls = &set->crls,
        .staples = hf_staples(hs),
        .staple_asked = hf_staple_asked(hs),
        .known = set->known,
        .watch = s->watch,
        .watch_ctx = s->watch_ctx,
    };
    bool ok;

    if (!set->clock)
        return hf_fail(why, HF_E_BAD_OPTION,
                       "no clock to check the certificate's dates with");
    v.now = set->clock(set->clock_ctx);
    hf_session_drop_tried(s);
    if (set->why_not) /* without memory nothing is kept, and that is all */
        v.tree = s->tried = hf_alloc(sizeof(*s->tried));
    ok = hf_verify_chain(&v, &proof, why) && proof.token == HF_VERIFIED_TOKEN;
    hf_verified_wipe(&proof);
    if (ok)
        hf_session_drop_tried(s);
    return ok || hf_fail(why, HF_E_BUG, "a refusal without a reason");
}

/* The config excuses everything, or the application has the last word. */
static enum hf_step_result last_word(struct hf_handshake *hs,
                                     const struct hf_error *why)
{
    if (!hs->answered) {
        hs->question = (struct hf_question){ .kind = HF_ASK_VERIFY,
                                             .code = why->code };
        return HF_STEP_WAIT;
    }
    hs->answered = false;
    if (hs->answer.accept) {
        hs->proofs.chain = HF_PROOF_CHAIN;
        return HF_STEP_DONE;
    }
    hf_fail(hs->error, HF_E_VERDICT, NULL);
    return HF_STEP_FAILED;
}

enum hf_step_result hf_job_verify_chain(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    struct hf_error why = { .code = HF_OK };

    if (hs->answered)
        return last_word(hs, &why);
    if (!hf_keep_scts(hs))
        return HF_STEP_FAILED;
    if (hs->settings->no_verify) {
        hf_decided(s, HF_EV_INSECURE, false, NULL, NULL, NULL);
        hs->proofs.chain = HF_PROOF_CHAIN;
        return HF_STEP_DONE;
    }
    s->verified = hf_chain_trusted(hs, &why);
    if (hs->settings->questions & HF_ASK_VERIFY)
        return last_word(hs, &why);
    if (!s->verified) {
        *hs->error = why;
        return HF_STEP_FAILED;
    }
    hs->proofs.chain = HF_PROOF_CHAIN;
    return HF_STEP_DONE;
}

/* ---- the proof of possession ---------------------------------------------------------------- */

enum hf_step_result hf_recv_cert_verify(struct hf_handshake *hs,
                                        const struct hf_message *m)
{
    struct hf_certificate_verify verify;

    if (!hf_message_read(hs, hf_certificate_verify, m->body, &verify))
        return HF_STEP_FAILED;
    hs->signature_scheme = verify.algorithm;
    hs->signature = hf_arena_copy(&hs->arena, verify.signature);
    if (!hs->signature.at)
        hf_arena_fail(&hs->arena, hs->error);
    return hf_step(hs->signature.at != NULL);
}

/* One that we offered, that TLS 1.3 allows, and that fits the key: hash,
 * padding and curve are fixed together. */
static const struct hf_signature *peer_scheme(struct hf_handshake *hs,
                                              const struct hf_public_key *key)
{
    unsigned scheme = hs->signature_scheme;
    struct hf_numbers one = { { (uint16_t)scheme }, 1 };
    const char *name = hf_scheme_name(scheme);
    const struct hf_signature *how = NULL;

    if (hf_numbers_have(&hs->settings->verify, scheme))
        how = hf_negotiate_signature(hs->settings, &one, key);
    if (!how)
        hf_fail(hs->error, HF_E_WRONG_SIGNATURE,
                "signed with %s (%x), which was not offered or does not fit "
                "the certificate's key",
                name ? name : "an unknown scheme", scheme);
    return how;
}

enum hf_step_result hf_job_check_signature(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_public_key *key = &s->peer[0]->key;
    const struct hf_signature *how = peer_scheme(hs, key);
    enum hf_role signer = s->role == HF_CLIENT ? HF_SERVER : HF_CLIENT;
    uint8_t room[SIGNED_MAX];
    struct hf_span text;
    bool ok, fault = false;

    if (!how)
        return HF_STEP_FAILED;
    text = to_be_signed(hs, room, signer, hs->before);
    ok = how->verify(hs->settings->crypto.self, how, key, text, hs->signature,
                     &fault);
    hf_decided(s, HF_EV_TRANSCRIPT_SIGNATURE, ok, how->name, NULL, NULL);
    if (!ok) {
        hf_fail(hs->error, fault ? HF_E_CRYPTO : HF_E_BAD_SIGNATURE, "%s",
                how->name);
        return HF_STEP_FAILED;
    }
    s->peer_scheme = how->scheme;
    hs->proofs.signature = HF_PROOF_SIGNATURE;
    return HF_STEP_DONE;
}
