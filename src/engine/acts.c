/* acts.c - see acts.h.  For tests only; it is not part of the library.
 *
 * Whatever signs here draws no random numbers: Ed25519, and RSA with the padding
 * of PKCS #1.  So an act can be taped. */
#define HF_UNPOISONED
#include "engine/acts.h"

#include "engine/authority.h"

#include <openssl/ocsp.h>

#include <string.h>

enum { IS_12 = 1, IS_RSA = 2, SHOWS = 4, KEEPS = 8, STAPLED = 16, ASKED = 32 };

static const struct {
    const char *name;
    unsigned how;
} acts[ACTS] = {
    [ACT_TICKETS] = { "tickets", KEEPS },
    [ACT_STAPLED] = { "stapled", STAPLED },
    [ACT_ASKED] = { "asked", ASKED | SHOWS },
    [ACT_12] = { "TLS 1.2", IS_12 },
    [ACT_12_ALL] = { "TLS 1.2, all", IS_12 | SHOWS | KEEPS },
    [ACT_12_ID] = { "TLS 1.2, id", IS_12 | KEEPS },
    [ACT_12_STAPLED] = { "TLS 1.2, stapled", IS_12 | STAPLED },
    [ACT_12_ASKED] = { "TLS 1.2, asked", IS_12 | ASKED | SHOWS },
    [ACT_RSA] = { "RSA key transport", IS_12 | IS_RSA },
    [ACT_RSA_ALL] = { "RSA key transport, all",
                      IS_12 | IS_RSA | SHOWS | KEEPS },
    [ACT_RSA_ASKED] = { "RSA key transport, asked", IS_12 | IS_RSA | ASKED },
};

const char *act_name(enum act_kind kind)
{
    return acts[kind].name;
}

/* ---- what all acts are made of ------------------------------------------------ */

static struct duet_certs ed25519, rsa;
static uint8_t staple[4096];
static size_t staple_len;

/* Who has the keys that live elsewhere, and no config. */
static struct {
    struct hf_crypto crypto;
    struct hf_private_key *keys[2][2]; /* Ed25519, RSA; by enum hf_role */
} holder;

static bool hold(unsigned which, const struct duet_certs *certs)
{
    struct hf_error error = { .code = HF_OK };
    const char *const text[2] = {
        [HF_CLIENT] = certs->client_key, [HF_SERVER] = certs->key
    };

    for (unsigned i = 0; i < 2; i++)
        if (!hf_libcrypto.key_load(holder.crypto.self, hf_span_text(text[i]),
                                   NULL, NULL, &holder.keys[which][i], &error))
            return false;
    return true;
}

static bool make(void)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_span said;

    if (ed25519.ca)
        return true;
    if (authority_open_with("ed25519") || !duet_certs_make(&rsa, "rsa2048") ||
        !duet_certs_make(&ed25519, "ed25519") ||
        !hf_crypto_open(&holder.crypto, &hf_libcrypto, &error))
        return false;
    said = authority_says(V_OCSP_CERTSTATUS_GOOD, 3600);
    memcpy(staple, said.at, said.len);
    staple_len = said.len;
    return hold(0, &ed25519) && hold(1, &rsa);
}

void acts_forget(void)
{
    if (!ed25519.ca)
        return;
    for (unsigned i = 0; i < 4; i++)
        hf_libcrypto.key_free(holder.keys[i / 2][i % 2]);
    hf_crypto_close(&holder.crypto);
    memset(&holder, 0, sizeof(holder));
    duet_certs_free(&ed25519);
    duet_certs_free(&rsa);
    memset(&ed25519, 0, sizeof(ed25519));
    authority_close(NULL);
}

/* ---- configs -------------------------------------------------------------------- */

/* One timestamp of a log that nobody knows. */
static bool add_scts(struct hf_config *config)
{
    enum { SCT_LEN = 1 + 32 + 8 + 2 + 2 + 2 + 4 };
    uint8_t room[2 + 2 + SCT_LEN] = { 0, 2 + SCT_LEN, 0, SCT_LEN };

    memset(room + 5, 'a', 32 + 8);
    room[sizeof(room) - 8] = 4; /* ecdsa_secp256r1_sha256 */
    room[sizeof(room) - 7] = 3;
    room[sizeof(room) - 5] = 4;
    return hf_config_add_scts(config, HF_SPAN(room));
}

static bool set_staple(struct stage *stage)
{
    return hf_config_set_revocation(stage->client, HF_REVOCATION_LEAF) &&
           hf_config_ask_scts(stage->client, true) &&
           hf_config_add_staple(stage->server, hf_span(staple, staple_len)) &&
           add_scts(stage->server);
}

static bool set_protocols(struct hf_config *config)
{
    static const char *const names[] = { "h2", "http/1.1", NULL };

    return hf_config_set_protocols(config, names);
}

/* What is the same at both ends. */
static bool set_both(struct hf_config *config, unsigned how,
                     const struct hf_provider *provider)
{
    static const uint16_t suite[] = { 0x009c, 0 };
    static const uint16_t scheme[] = { 0x0401, 0 }; /* rsa_pkcs1_sha256 */
    unsigned version = how & IS_12 ? HF_TLS12 : HF_TLS13;

    return config && hf_config_set_versions(config, version, version) &&
           hf_config_set_provider(config, provider) &&
           hf_config_set_clock(config, scene_clock, NULL) &&
           (!(how & IS_RSA) || (hf_config_set_suites(config, suite) &&
                                hf_config_set_signatures(config, scheme))) &&
           (!(how & SHOWS) || set_protocols(config));
}

/* A certificate, and its key unless that is elsewhere. */
static bool show(struct hf_config *config, unsigned how, const char *chain,
                 const char *key)
{
    return how & ASKED ? hf_config_add_chain(config, hf_span_text(chain))
                       : hf_config_add_keypair(config, hf_span_text(chain),
                                               hf_span_text(key));
}

static const struct duet_certs *certs_of(unsigned how)
{
    return how & IS_RSA ? &rsa : how & STAPLED ? &authority.certs : &ed25519;
}

static bool set_server(struct hf_config *config, unsigned how,
                       const struct hf_provider *provider)
{
    const struct duet_certs *certs = certs_of(how);
    unsigned asks = how & IS_RSA ? HF_ASK_DECRYPT : HF_ASK_SIGN;

    return set_both(config, how, provider) &&
           (!(how & ASKED) ||
            hf_config_set_questions(config,
                                    asks | HF_ASK_CONFIG | HF_ASK_VERIFY)) &&
           show(config, how, certs->chain, certs->key) &&
           (!(how & SHOWS) ||
            (hf_config_set_client_auth(config, HF_CLIENT_AUTH_REQUIRED) &&
             hf_config_trust(config, hf_span_text(certs->ca))));
}

static bool set_client(struct hf_config *config, unsigned how,
                       const struct hf_provider *provider)
{
    const struct duet_certs *certs = certs_of(how);

    return set_both(config, how, provider) &&
           hf_config_trust(config, hf_span_text(certs->ca)) &&
           (!(how & ASKED) ||
            hf_config_set_questions(config, HF_ASK_SIGN | HF_ASK_VERIFY)) &&
           (!(how & SHOWS) ||
            show(config, how, certs->client_chain, certs->client_key));
}

bool act_set(struct act *a, enum act_kind kind,
             const struct hf_provider *provider)
{
    unsigned how = acts[kind].how;
    struct hf_sessions client = shelf_sessions(&a->client);
    struct hf_sessions server = shelf_sessions(&a->server);

    if (!make())
        return false;
    a->kind = kind;
    a->stage = (struct stage){ hf_config_new(), hf_config_new() };
    a->other = how & ASKED ? hf_config_new() : NULL;
    act_rewind(a);
    return set_client(a->stage.client, how, provider) &&
           set_server(a->stage.server, how, provider) &&
           (!(how & ASKED) || set_server(a->other, how, provider)) &&
           (!(how & STAPLED) || set_staple(&a->stage)) &&
           (!(how & KEEPS) ||
            hf_config_set_sessions(a->stage.client, &client)) &&
           (kind != ACT_12_ID ||
            (hf_config_set_sessions(a->stage.server, &server) &&
             hf_config_set_tickets(a->stage.server, 0)));
}

void act_rewind(struct act *a)
{
    a->client.count = a->server.count = 0;
}

void act_clear(struct act *a)
{
    stage_clear(&a->stage);
    hf_config_free(a->other);
    a->other = NULL;
}

/* ---- answers ---------------------------------------------------------------------- */

static size_t sign(const struct hf_private_key *key,
                   const struct hf_question *q, uint8_t *room)
{
    const struct hf_signature *how = hf_signature_by_scheme(&holder.crypto,
                                                            q->scheme);
    size_t len;

    return how && how->sign(holder.crypto.self, how, key, q->message, room,
                            HF_SIGNATURE_MAX, &len)
               ? len
               : 0;
}

bool act_answer(struct act *a, struct hf_conn *conn)
{
    struct hf_question q = hf_conn_question(conn);
    struct hf_answer answer = { .config = NULL };
    const struct hf_private_key *key =
        holder.keys[(acts[a->kind].how & IS_RSA) != 0][conn->session.role];
    uint8_t room[HF_SIGNATURE_MAX];

    switch (q.kind) {
    case HF_ASK_CONFIG: answer.config = a->other; break;
    case HF_ASK_SIGN:
        answer.signature = hf_span(room, sign(key, &q, room));
        break;
    case HF_ASK_VERIFY: answer.accept = q.code == HF_OK; break;
    case HF_ASK_DECRYPT:
        if (hf_libcrypto.key_raise(holder.crypto.self, key, q.message, room))
            answer.opened = hf_span(room, q.message.len);
        break;
    default: return false;
    }
    return hf_conn_answer(conn, &answer);
}
