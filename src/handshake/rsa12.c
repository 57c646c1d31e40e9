/* rsa12.c - RSA key transport, all of it, both roles (RFC 5246 7.4.7.1).
 *
 *   client                                              server
 *   premaster = 03 03, 46 random bytes
 *   seal to the certificate's key --ClientKeyExchange--> open with its key
 *            \                                          /
 *             master secret, keys, Finished: the same if it could
 *
 * Nothing is signed and nothing is ephemeral.  What that means:
 *
 * - The server proves that the private key is its own by being able to go on:
 *   its Finished is right only if it opened the premaster secret.
 * - There is no forward secrecy.  Whoever records a connection, and gets the
 *   key years later, reads it.  So no suite of this kind is on unless a list
 *   names it, and the event says what it costs.
 * - Whoever can tell how the server takes a ClientKeyExchange that is not well
 *   formed can use it to open any other (Bleichenbacher, and those who found
 *   it again since).  So the server does not find out itself.  A random secret
 *   is drawn first; the provider replaces it, or does not, and cannot say;
 *   everything after that is done with what is there then.  Where the key
 *   lives elsewhere (HF_ASK_DECRYPT), it is asked for the private power only,
 *   and what comes back is looked at in the same manner (crypto/transport.c).  It ends at the
 *   client's Finished, which is under other keys, as it does for anybody who
 *   does not know the premaster secret.  There is no branch here to test. */
#include "handshake/handshake.h"

/* Length and version are the only structure of it. */
enum { VERSION_LEN = 2 };

bool hf_rsa12_in_use(const struct hf_handshake *hs)
{
    return !(hs->facts & (HF_FACT_TLS13 | HF_FACT_RESUMED | HF_FACT_SIGNED));
}

/* ---- which keys ------------------------------------------------------------------- */

/* RFC 5246 7.4.2: "RSA public key; the certificate MUST allow the key to be used
 * for encryption (the keyEncipherment bit MUST be set if the key usage
 * extension is present)." */
static bool may_encrypt(const struct hf_cert *leaf)
{
    return !(leaf->flags & HF_CERT_KEY_USAGE) ||
           leaf->usage & HF_USE_KEY_ENCIPHERMENT;
}

bool hf_rsa12_fits(const struct hf_settings *set, const struct hf_keypair *pair)
{
    const struct hf_cert *leaf = pair->chain[0];

    return (pair->key || set->questions & HF_ASK_DECRYPT) &&
           leaf->key.kind == HF_KEY_RSA && may_encrypt(leaf);
}

/* (Of another key it is not keyUsage that is wrong.) */
uint16_t hf_rsa12_leaf_usage(const struct hf_handshake *hs)
{
    const struct hf_session *s = hs->session;

    return s->role == HF_CLIENT && hf_rsa12_in_use(hs) &&
                   s->peer[0]->key.kind == HF_KEY_RSA
               ? HF_USE_KEY_ENCIPHERMENT
               : 0;
}

/* The chain was verified with the same demand on keyUsage; this one holds if
 * verification is switched off as well. */
enum hf_step_result hf_job_check_server_key(struct hf_handshake *hs)
{
    const struct hf_cert *leaf = hs->session->peer[0];

    if (leaf->key.kind != HF_KEY_RSA)
        hf_fail(hs->error, HF_E_KEY_KIND,
                "%s needs an RSA key that is not for PSS only",
                hs->session->suite->name);
    else if (!may_encrypt(leaf))
        hf_fail(hs->error, HF_E_KEY_USAGE,
                "%s needs keyUsage keyEncipherment, which the server's "
                "certificate does not list",
                hs->session->suite->name);
    return hf_step(!hs->error->code);
}

static void say_transport(const struct hf_handshake *hs)
{
    hf_decided(hs->session, HF_EV_KEY_TRANSPORT, true, "RSA, PKCS#1 v1.5",
               "no forward secrecy: whoever gets the server's private key, "
               "even years later, can read a recording of this connection",
               "a cipher suite with ECDHE, or TLS 1.3");
}

/* The master secret, and the end of the premaster secret. */
static bool derive(struct hf_handshake *hs)
{
    bool ok = hf_keys12_master(hs, hf_span(hs->shared, HF_PREMASTER_LEN));

    hf_wipe(hs->shared, sizeof(hs->shared));
    return ok;
}

/* ---- the client ---------------------------------------------------------------------- */

enum hf_step_result hf_job_make_premaster_rsa(struct hf_handshake *hs)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    const struct hf_public_key *key = &hs->session->peer[0]->key;
    uint8_t *out = hf_arena_take(&hs->arena, HF_SIGNATURE_MAX);
    bool fault = false;
    size_t len;

    if (!out)
        return hf_step(hf_arena_fail(&hs->arena, hs->error));
    if (!hf_random(c, hs->shared, HF_PREMASTER_LEN)) {
        hf_fail(hs->error, HF_E_RANDOM, NULL);
        return HF_STEP_FAILED;
    }
    /* What our hello said, whatever came of it: so a server sees if somebody
     * lowered the version on the way. */
    hf_store_number(hs->shared, HF_TLS12, VERSION_LEN);
    HF_SECRET(hs->shared, HF_PREMASTER_LEN);
    if (!c->provider->premaster_seal(c->self, key, hs->shared, out,
                                     HF_SIGNATURE_MAX, &len, &fault)) {
        hf_fail(hs->error, fault ? HF_E_CRYPTO : HF_E_WEAK_KEY,
                "encrypting to the server's RSA key");
        return HF_STEP_FAILED;
    }
    hs->sealed = hf_span(out, len);
    say_transport(hs);
    return HF_STEP_DONE;
}

enum hf_step_result hf_send_client_kx_rsa(struct hf_handshake *hs)
{
    struct hf_client_key_exchange_rsa cke = { hs->sealed };

    if (!hf_message_send(hs, HF_CLIENT_KEY_EXCHANGE, hf_client_key_exchange_rsa,
                         &cke, 2 + hs->sealed.len) ||
        !derive(hs))
        return HF_STEP_FAILED;
    /* From here on the keys hang on a secret that, beside us, only the owner
     * of the key in the verified certificate can know.  It takes the place of
     * a signature; it proves nothing before the server's Finished, without
     * which the handshake does not end either. */
    hs->proofs.signature = HF_PROOF_DECRYPTION;
    return HF_STEP_DONE;
}

/* ---- the server ---------------------------------------------------------------------- */

/* What is longer than any key's is kept to one byte more than that, which is as
 * wrong; and all of it takes as much room as the longest. */
enum hf_step_result hf_recv_client_kx_rsa(struct hf_handshake *hs,
                                          const struct hf_message *m)
{
    enum { KEPT_MAX = HF_SIGNATURE_MAX + 1 };
    struct hf_client_key_exchange_rsa cke;
    uint8_t *room;
    size_t len;

    if (!hf_message_read(hs, hf_client_key_exchange_rsa, m->body, &cke))
        return HF_STEP_FAILED;
    room = hf_arena_take(&hs->arena, KEPT_MAX);
    if (!room)
        return hf_step(hf_arena_fail(&hs->arena, hs->error));
    len = cke.encrypted_pre_master_secret.len;
    if (len > KEPT_MAX)
        len = KEPT_MAX;
    hf_copy(room, cke.encrypted_pre_master_secret.at, len);
    hs->sealed = hf_span(room, len);
    return HF_STEP_DONE;
}

/* The key lives elsewhere.  Asked for is only the private power, of a number
 * that always is one, into room that is there already: so neither the question
 * nor its answer depends on what is inside. */
static enum hf_step_result ask_to_open(struct hf_handshake *hs)
{
    const struct hf_public_key *key = &hs->keypair->chain[0]->key;
    const size_t len = key->modulus.len;
    uint8_t *number = hf_arena_take(&hs->arena, 2 * len);

    if (!number)
        return hf_step(hf_arena_fail(&hs->arena, hs->error));
    hs->sealed_good = hf_premaster_number(key, hs->sealed, number);
    hs->opened = number + len;
    hs->question = (struct hf_question){
        .kind = HF_ASK_DECRYPT,
        .message = hf_span(number, len),
        .chain = (unsigned)(hs->keypair - hs->settings->keypairs),
    };
    return HF_STEP_WAIT;
}

/* An answer that is too short or too long, and none at all, are as one with a
 * wrong number in it: the question's own takes its place, which nobody's
 * padding makes right. */
void hf_rsa12_answer(struct hf_handshake *hs, struct hf_span opened)
{
    const struct hf_span number = hs->question.message;
    const bool whole = opened.len == number.len;

    hf_copy(hs->opened, whole ? opened.at : number.at, number.len);
    hs->sealed_good &= hf_mask_equal(whole, true);
    hs->answer.opened = hf_span(hs->opened, number.len);
    HF_SECRET(hs->opened, number.len);
}

static void take_opened(struct hf_handshake *hs, unsigned version)
{
    const struct hf_span opened = hs->answer.opened;

    hf_premaster_unpad(hs->sealed_good, opened, version, hs->shared);
    hf_wipe(hs->opened, opened.len);
}

/* RFC 5246 7.4.7.1: "In any case, a TLS server MUST NOT generate an alert if
 * processing an RSA-encrypted premaster secret message fails, or the version
 * number is not as expected.  Instead, it MUST continue the handshake with a
 * randomly generated premaster secret." */
enum hf_step_result hf_job_open_premaster_rsa(struct hf_handshake *hs)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    /* The version that the hello offered, "not the version negotiated". */
    const unsigned version = hs->offer.hello.legacy_version;

    if (hs->answered) {
        hs->answered = false;
        take_opened(hs, version);
        say_transport(hs);
        return hf_step(derive(hs));
    }
    if (!hf_random(c, hs->shared, HF_PREMASTER_LEN)) {
        hf_fail(hs->error, HF_E_RANDOM, NULL);
        return HF_STEP_FAILED;
    }
    HF_SECRET(hs->shared, HF_PREMASTER_LEN);
    if (!hs->keypair->key)
        return ask_to_open(hs);
    c->provider->premaster_open(c->self, hs->keypair->key, hs->sealed, version,
                                hs->shared);
    say_transport(hs);
    return hf_step(derive(hs));
}
