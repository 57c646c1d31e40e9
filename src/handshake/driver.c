/* driver.c - runs the flow.  It asks the table what comes next, hands messages
 * to the functions that the table names, and has no opinions of its own. */
#include "handshake/resume.h"

enum { MESSAGE_HEADER = 4 };

enum hf_step_result hf_step(bool ok)
{
    return ok ? HF_STEP_DONE : HF_STEP_FAILED;
}

struct hf_handshake *hf_handshake_new(struct hf_session *session)
{
    struct hf_handshake *hs = hf_alloc(sizeof(*hs));

    if (!hs)
        return NULL;
    hs->session = session;
    hs->settings = session->settings;
    hs->error = &session->error;
    hs->transcript.crypto = &session->settings->crypto;
    hs->transcript.arena = &hs->arena;
    return hs;
}

void hf_handshake_free(struct hf_handshake *hs)
{
    if (!hs)
        return;
    for (size_t i = 0; i < hs->share_count; i++)
        if (!hs->shares[i].in)
            hs->shares[i].kx->wipe(hs->shares[i].state);
    if (hs->transcript.hash)
        hs->transcript.hash->wipe(&hs->before_second);
    hf_hmac_wipe(&hs->master);
    hf_transcript_wipe(&hs->transcript);
    hf_arena_wipe(&hs->arena);
    hf_free(hs, sizeof(*hs));
}

/* ---- messages out --------------------------------------------------------------- */

bool hf_handshake_say(struct hf_handshake *hs, unsigned kind,
                      struct hf_span message)
{
    struct hf_session *s = hs->session;
    /* Some servers of old want their first record to say TLS 1.0 (RFC 8446
     * 5.1 allows it). */
    unsigned version = kind == HF_CLIENT_HELLO && !(hs->facts & HF_FACT_RETRY)
                           ? 0x0301
                           : 0x0303;

    if (!hf_transcript_add(&hs->transcript, message, hs->error))
        return false;
    hf_passed(s, true, HF_CONTENT_HANDSHAKE, kind, s->out.epoch, message);
    return hf_records_seal(&s->out, HF_CONTENT_HANDSHAKE, version, message,
                           &s->outgoing, hs->error);
}

bool hf_message_send(struct hf_handshake *hs, unsigned kind,
                     hf_layout_fn *layout, const void *in, size_t cap)
{
    uint8_t *room = hf_arena_take(&hs->arena, MESSAGE_HEADER + cap);
    struct hf_writer w = hf_writer(room, MESSAGE_HEADER + cap);
    size_t mark;

    if (!room)
        return hf_arena_fail(&hs->arena, hs->error);
    /* A retry request is a ServerHello on the wire. */
    hf_put(&w, kind == HF_HELLO_RETRY_REQUEST ? HF_SERVER_HELLO : kind, 1);
    mark = hf_writer_open(&w, 3);
    hf_wire_write(layout, &w, in);
    hf_writer_close(&w, mark, 3);
    if (w.full)
        return hf_fail(hs->error, HF_E_BUG,
                       "a %s of ours does not fit in %z bytes",
                       hf_message_name(kind), cap);
    /* The one message that ends in a proof over its own beginning. */
    if (kind == HF_CLIENT_HELLO && !hf_bind_hello(hs, hf_written(&w)))
        return false;
    return hf_handshake_say(hs, kind, hf_written(&w));
}

bool hf_send_dummy_ccs(struct hf_handshake *hs)
{
    static const uint8_t one[1] = { 1 };
    struct hf_session *s = hs->session;

    if (hs->dummy_ccs_sent || s->out.aead || !hs->session_id_len)
        return true;
    hs->dummy_ccs_sent = true;
    hf_passed(s, true, HF_CONTENT_CCS, HF_CHANGE_CIPHER_SPEC, HF_PLAIN,
              HF_SPAN(one));
    return hf_records_seal(&s->out, HF_CONTENT_CCS, 0x0303, HF_SPAN(one),
                           &s->outgoing, hs->error);
}

/* ---- messages in ------------------------------------------------------------------ */

bool hf_message_read(struct hf_handshake *hs, hf_layout_fn *layout,
                     struct hf_span body, void *out)
{
    struct hf_fault fault;

    return hf_wire_read(layout, body, out, NULL, &fault) ||
           hf_wire_fail(hs->error, &fault);
}

void hf_handshake_ccs(struct hf_handshake *hs)
{
    hs->ccs_heard = true;
}

static bool next_message(struct hf_handshake *hs, struct hf_message *m)
{
    if (hs->ccs_heard) {
        hs->ccs_heard = false;
        *m = (struct hf_message){ .kind = HF_CHANGE_CIPHER_SPEC };
        return true;
    }
    if (!hf_reassembly_next(&hs->session->messages, &m->bytes, hs->error))
        return false;
    m->body = hf_span_after(m->bytes, MESSAGE_HEADER);
    m->kind = m->bytes.at[0];
    if (m->kind == HF_SERVER_HELLO &&
        hf_wire_server_hello_place(m->body) == HF_HRR)
        m->kind = HF_HELLO_RETRY_REQUEST;
    return true;
}

static enum hf_step_result unexpected(struct hf_handshake *hs, unsigned kind)
{
    enum hf_role me = hs->session->role;
    const char *got = hf_message_name(kind), *want = NULL;
    size_t at = hs->at;

    /* What may be left out was not due. */
    while (at < hf_flow_steps && hf_flow[at].who != me && hf_flow[at].maybe)
        at = hf_flow_step(at + 1, hs->facts, me);
    if (at < hf_flow_steps && hf_flow[at].says != HF_JOB)
        want = hf_message_name(hf_flow[at].says);
    hf_fail(hs->error, HF_E_UNEXPECTED, "%s (%u) came where %s was due",
            got ? got : "a message of an unknown type", kind,
            want ? want : "nothing");
    return HF_STEP_FAILED;
}

/* Proofs are made over what was said before them. */
static bool note_digest(struct hf_handshake *hs, unsigned kind)
{
    const struct hf_transcript *t = &hs->transcript;

    /* The second hello may end in one, and it must be read to know where. */
    if (kind == HF_CLIENT_HELLO && t->hash)
        return t->hash->copy(&hs->before_second, &t->state) ||
               hf_fail(hs->error, HF_E_CRYPTO, "hashing the transcript");
    if (kind != HF_CERTIFICATE_VERIFY && kind != HF_FINISHED)
        return true;
    return hf_transcript_digest(&hs->transcript, hs->before, hs->error);
}

static enum hf_step_result hear(struct hf_handshake *hs,
                                const struct hf_message *m)
{
    struct hf_session *s = hs->session;
    const struct hf_step *step;

    if (m->kind != HF_CHANGE_CIPHER_SPEC)
        hf_passed(s, false, HF_CONTENT_HANDSHAKE, m->kind, s->in.epoch,
                  m->bytes);
    if (!hf_flow_accept(&hs->at, &hs->facts, s->role, m->kind))
        return unexpected(hs, m->kind);
    step = &hf_flow[hs->at];
    if (step->under != s->in.epoch) {
        hf_fail(hs->error, HF_E_UNEXPECTED, "%s came under the wrong keys",
                hf_message_name(m->kind));
        return HF_STEP_FAILED;
    }
    if (!note_digest(hs, m->kind) ||
        !hf_transcript_add(&hs->transcript, m->bytes, hs->error))
        return HF_STEP_FAILED;
    return step->receive(hs, m);
}

/* A step of ours.  Whoever still has bytes under way while it is our turn
 * has spoken out of turn. */
static enum hf_step_result act(struct hf_handshake *hs,
                               const struct hf_step *step)
{
    if (step->says != HF_JOB && !hf_reassembly_empty(&hs->session->messages)) {
        hf_fail(hs->error, HF_E_UNEXPECTED,
                "the peer went on after its turn had ended");
        return HF_STEP_FAILED;
    }
    return step->send(hs);
}

/* ---- the end ------------------------------------------------------------------------ */

/* Has the peer a certificate to prove? */
static bool peer_shows(const struct hf_handshake *hs)
{
    return hs->session->role == HF_CLIENT || hs->facts & HF_FACT_GAVE ||
           hs->settings->client_auth == HF_CLIENT_AUTH_REQUIRED;
}

/* Has it shown that the private key is its own?  By a signature; or, where the
 * premaster secret was encrypted to that key, by being able to go on. */
static bool possesses(const struct hf_handshake *hs)
{
    return hs->proofs.signature ==
           (hs->session->role == HF_CLIENT && hf_rsa12_in_use(hs)
                ? HF_PROOF_DECRYPTION
                : HF_PROOF_SIGNATURE);
}

/* Nobody shows a certificate: because of an earlier session, or of a key that
 * both had before. */
static bool knows_already(const struct hf_handshake *hs)
{
    return hs->psk.kind == HF_PSK_NONE ? hs->proofs.resumed == HF_PROOF_RESUMED
                                       : hs->proofs.psk == HF_PROOF_PSK;
}

/* Connected means proved.  Success is never the default: each proof is a
 * value that one function sets. */
static enum hf_step_result finish(struct hf_handshake *hs)
{
    const struct hf_proofs *p = &hs->proofs;
    bool known = hs->facts & HF_FACT_RESUMED
                     ? knows_already(hs)
                     : !peer_shows(hs) ||
                           (p->chain == HF_PROOF_CHAIN && possesses(hs));

    if (known && p->finished == HF_PROOF_FINISHED)
        return HF_STEP_DONE;
    hf_fail(hs->error, HF_E_BUG, "the handshake ended without its proofs");
    return HF_STEP_FAILED;
}

enum hf_step_result hf_handshake_run(struct hf_handshake *hs)
{
    enum hf_step_result result;
    struct hf_message message;

    for (;;) {
        const struct hf_step *step;

        hs->at = hf_flow_step(hs->at, hs->facts, hs->session->role);
        if (hs->at == hf_flow_steps)
            return finish(hs);
        step = &hf_flow[hs->at];
        if (step->who == hs->session->role)
            result = act(hs, step);
        else if (next_message(hs, &message))
            result = hear(hs, &message);
        else
            return hs->error->code ? HF_STEP_FAILED : HF_STEP_WAIT;
        if (result != HF_STEP_DONE)
            return result;
        hs->at++;
    }
}
