/* lab_rsa.c - how RSA key transport comes to a premaster secret (RFC 5246
 * 7.4.7.1): 48 bytes, padded, encrypted to the certificate's key. */
#include "lab.h"

#include <string.h>

enum {
    CLIENT_HELLO = 1,
    SERVER_KX = 12,
    HELLO_DONE = 14,
    CLIENT_KX = 16,
    PREMASTER = 48,
    MODULUS_MAX = 1024
};

struct rsa {
    uint8_t n[MODULUS_MAX], e[8], m[MODULUS_MAX], c[MODULUS_MAX];
    size_t n_len, e_len, m_len, c_len;
};

/* 00 02, bytes that are not 00, 00, and the premaster secret. */
static bool padding_is_good(const struct rsa *r)
{
    size_t zero = r->m_len - PREMASTER - 1;

    if (r->m_len < PREMASTER + 11 || r->m[0] != 0 || r->m[1] != 2 ||
        r->m[zero] != 0)
        return false;
    for (size_t i = 2; i < zero; i++)
        if (r->m[i] == 0)
            return false;
    return true;
}

/* The number that was encrypted, by the only way there is to it: the private
 * key. */
static bool compute(struct lab *lab, struct rsa *r, struct hf_span sent)
{
    return (lab_rsa_numbers(lab->certificate, r->n, sizeof(r->n), &r->n_len,
                            r->e, sizeof(r->e), &r->e_len) &&
            lab_rsa_private((const char *)lab->site_key, sent, r->m,
                            sizeof(r->m), &r->m_len) &&
            lab_rsa_public(lab->certificate, hf_span(r->m, r->m_len), r->c,
                           sizeof(r->c), &r->c_len) &&
            r->m_len >= PREMASTER) ||
           lab_failed(lab, "RSA");
}

static void tell(struct lab *lab, const struct rsa *r, struct hf_span sent)
{
    const struct lab_end *c = &lab->client, *s = &lab->server;
    struct hf_span hello = lab_message(lab, CLIENT_HELLO);
    struct hf_span drawn = hf_span(c->premaster, c->premaster_len);

    lab_step(lab, STEP_PREMASTER_RSA);
    lab_show(lab, VALUE_PREMASTER, drawn);
    lab_claim(lab, CLAIM_VERSION_OK,
              drawn.len == PREMASTER && memcmp(drawn.at, hello.at + 4, 2) == 0);
    lab_step_end(lab, STEP_PREMASTER_RSA);

    lab_step(lab, STEP_ENCRYPT);
    lab_show(lab, VALUE_MODULUS, hf_span(r->n, r->n_len));
    lab_show(lab, VALUE_EXPONENT, hf_span(r->e, r->e_len));
    lab_show(lab, VALUE_PADDED, hf_span(r->m, r->m_len));
    lab_claim(lab, CLAIM_PADDING_OK, padding_is_good(r));
    lab_check(lab, VALUE_ENCRYPTED, hf_span(r->c, r->c_len), SAME_WIRE, sent);
    lab_step_end(lab, STEP_ENCRYPT);

    lab_step(lab, STEP_DECRYPT);
    lab_check_both(lab, VALUE_DECRYPTED,
                   hf_span(r->m + r->m_len - PREMASTER, PREMASTER), drawn,
                   hf_span(s->premaster, s->premaster_len));
    lab_step_end(lab, STEP_DECRYPT);
}

bool lab_rsa(struct lab *lab)
{
    struct hf_span message = lab_message(lab, CLIENT_KX), sent;
    struct rsa *r = hf_alloc(sizeof(*r));

    if (!r)
        return lab_failed(lab, "out of memory");
    lab_step(lab, STEP_HELLO_DONE);
    lab_show(lab, VALUE_HELLO_DONE, lab_message(lab, HELLO_DONE));
    lab_claim(lab, CLAIM_NO_SERVER_KX, !lab_message(lab, SERVER_KX).at);
    lab_step_end(lab, STEP_HELLO_DONE);
    sent = message.len > 6 ? hf_span_after(message, 6) : hf_span(NULL, 0);
    if (!sent.len || hf_number(message.at + 4, 2) != sent.len)
        lab_failed(lab, "ClientKeyExchange cannot be read");
    else if (compute(lab, r, sent)) {
        tell(lab, r, sent);
        lab->premaster_len = PREMASTER;
        hf_copy(lab->premaster, r->m + r->m_len - PREMASTER, PREMASTER);
    }
    hf_free(r, sizeof(*r));
    return !lab->failure.code;
}
