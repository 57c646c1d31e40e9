/* lab_ecdhe.c - how ECDHE comes to a premaster secret (RFC 8422 5.4, 5.7 and
 * 5.10): two shares, of which one is signed. */
#include "lab.h"

enum { SERVER_KX = 12, CLIENT_KX = 16, NAMED_CURVE = 3, PARAMS_MAX = 64 + 260 };

/* ServerKeyExchange taken apart by hand: header(4), curve type, curve, share
 * with its length, scheme, signature with its length. */
struct server_kx {
    unsigned group, scheme;
    struct hf_span params, share, signature;
};

static bool read_server_kx(struct hf_span m, struct server_kx *out)
{
    size_t share, at;

    if (m.len < 8 || m.at[4] != NAMED_CURVE)
        return false;
    share = m.at[7];
    at = 8 + share;
    if (m.len < at + 4 || m.len != at + 4 + hf_number(m.at + at + 2, 2))
        return false;
    out->group = hf_number(m.at + 5, 2);
    out->params = hf_span(m.at + 4, 4 + share);
    out->share = hf_span(m.at + 8, share);
    out->scheme = hf_number(m.at + at, 2);
    out->signature = hf_span_after(m, at + 4);
    return true;
}

/* The library has verified the signature; so does libcrypto, asked directly,
 * and it does not if one bit of the share is another. */
static bool verify(struct lab *lab, const struct server_kx *kx,
                   struct hf_writer *message)
{
    bool yes = false, no = true;

    if (!lab_verify(lab->certificate, kx->scheme, hf_written(message),
                    kx->signature, &yes))
        return lab_failed(lab, "the signature cannot be verified");
    lab_claim(lab, CLAIM_VERIFIES, yes);
    message->at[message->len - 1] ^= 1;
    if (!lab_verify(lab->certificate, kx->scheme, hf_written(message),
                    kx->signature, &no))
        return lab_failed(lab, "the signature cannot be verified");
    lab_claim(lab, CLAIM_FLIPPED, !no);
    return true;
}

/* The share once more, from the private number that only the server knew. */
static bool server_share(struct lab *lab, const struct server_kx *kx)
{
    const uint8_t *number = lab->server.private_number;
    uint8_t share[1 + 2 * LAB_SCALAR_MAX];
    size_t len;

    if (!lab_multiply(kx->group, number, hf_span(NULL, 0), share, sizeof(share),
                      &len))
        return lab_failed(lab, "the server's share");
    lab_fact(lab, "group", hf_group_name(kx->group));
    lab_show(lab, VALUE_SERVER_PRIVATE,
             hf_span(number, lab->server.premaster_len));
    lab_check(lab, VALUE_SERVER_SHARE, hf_span(share, len), SAME_WIRE,
              kx->share);
    return true;
}

static bool server_kx(struct lab *lab)
{
    uint8_t room[PARAMS_MAX], digest[HF_HASH_MAX];
    struct hf_writer w = hf_writer(room, sizeof(room));
    struct server_kx kx;
    unsigned hash;

    if (!read_server_kx(lab_message(lab, SERVER_KX), &kx))
        return lab_failed(lab, "ServerKeyExchange cannot be read");
    hf_put_bytes(&w, lab->client_random);
    hf_put_bytes(&w, lab->server_random);
    hf_put_bytes(&w, kx.params);
    hash = lab_scheme_hash(kx.scheme);
    lab_step(lab, STEP_SERVER_KX);
    if (!server_share(lab, &kx))
        return false;
    lab_show(lab, VALUE_SIGNED, hf_written(&w));
    lab_fact(lab, "scheme", hf_scheme_name(kx.scheme));
    if (hash != HF_HASH_NONE) {
        if (!lab_hash(hash, hf_written(&w), digest))
            return lab_failed(lab, "hash");
        lab_show(lab, VALUE_SIGNED_HASH, hf_span(digest, lab_hash_len(hash)));
    }
    lab_show(lab, VALUE_SIGNATURE, kx.signature);
    if (!verify(lab, &kx, &w))
        return false;
    lab_step_end(lab, STEP_SERVER_KX);
    return true;
}

static bool shared_secret(struct lab *lab, struct hf_span client_share)
{
    const struct lab_end *c = &lab->client, *s = &lab->server;
    uint8_t z[1 + 2 * LAB_SCALAR_MAX];
    size_t len;

    if (!lab_multiply(hf_conn_group(c->conn), s->private_number, client_share,
                      z, sizeof(z), &len) ||
        len > sizeof(lab->premaster))
        return lab_failed(lab, "the shared secret");
    lab->premaster_len = len;
    hf_copy(lab->premaster, z, len);
    lab_step(lab, STEP_SHARED);
    lab_check_both(lab, VALUE_Z, hf_span(z, len),
                   hf_span(c->premaster, c->premaster_len),
                   hf_span(s->premaster, s->premaster_len));
    lab_claim(lab, CLAIM_FORGOTTEN, c->forgot && s->forgot);
    lab_step_end(lab, STEP_SHARED);
    return true;
}

bool lab_ecdhe(struct lab *lab)
{
    struct hf_span message = lab_message(lab, CLIENT_KX);

    if (!server_kx(lab))
        return false;
    if (message.len < 6 || message.len != 5u + message.at[4])
        return lab_failed(lab, "ClientKeyExchange cannot be read");
    lab_step(lab, STEP_CLIENT_KX);
    lab_show(lab, VALUE_CLIENT_SHARE, hf_span_after(message, 5));
    lab_step_end(lab, STEP_CLIENT_KX);

    return shared_secret(lab, hf_span_after(message, 5));
}
