/* scene.c - chains, stores and questions for tests: see scene.h. */
#include "x509/scene.h"

#include <stdlib.h>

void scene_init(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    s->store = hf_store_new();
    assert_non_null(s->store);
    assert_true(hf_peer_name_read("example.com", &s->name));
    s->v = (struct hf_verify){ .crypto = make_crypto(),
                               .store = s->store,
                               .chain = s->sent,
                               .name = &s->name,
                               .purpose = HF_PURPOSE_SERVER,
                               .now = NOW,
                               .tree = &s->tree };
}

void scene_send(struct scene *s, const struct make *m)
{
    assert_true(s->count < SCENE_MAX);
    s->sent[s->count++] = make_cert(m);
    s->v.count = s->count;
}

void scene_trust(struct scene *s, const struct make *m)
{
    struct hf_cert *cert = make_cert(m);
    struct hf_error error = { .code = HF_OK };

    assert_true(hf_store_add_der(s->store, cert->der, &error));
    hf_cert_free(cert);
}

unsigned scene_ask(struct scene *s)
{
    bool ok;

    hf_verified_wipe(&s->proof);
    hf_tried_wipe(&s->tree);
    s->error = (struct hf_error){ .code = HF_OK };
    ok = hf_verify_chain(&s->v, &s->proof, &s->error);
    assert_int_equal(ok, s->error.code == HF_OK);
    assert_int_equal(ok, s->proof.token == HF_VERIFIED_TOKEN);
    assert_int_equal(ok, s->proof.depth != 0);
    if (!ok)
        assert_int_equal(s->error.alert, hf_error_alert(s->error.code));
    return s->error.code;
}

void scene_wipe(struct scene *s)
{
    for (size_t i = 0; i < s->count; i++)
        hf_cert_free(s->sent[i]);
    hf_store_free(s->store);
    hf_verified_wipe(&s->proof);
    hf_tried_wipe(&s->tree);
    memset(s, 0, sizeof(*s));
}

/* ---- a provider that only counts ---------------------------------------------- */

static bool fake_verify(void *self, const struct hf_signature *how,
                        const struct hf_public_key *key, struct hf_span message,
                        struct hf_span signature, bool *fault)
{
    struct fake *f = self;

    assert_int_equal(how->key, key->kind);
    f->calls++;
    *fault = f->fault;
    return !f->fault && (!f->verify || f->verify(message, signature));
}

static const struct hf_signature fake_p256 = {
    .name = "p256", .key = HF_KEY_P256, .hash = HF_SHA256, .verify = fake_verify
};
static const struct hf_signature *const fake_signatures[] = { &fake_p256,
                                                              NULL };
static const struct hf_provider fake_provider = {
    .name = "fake", .signatures = fake_signatures
};

void fake_init(struct fake *f)
{
    memset(f, 0, sizeof(*f));
    f->crypto = (struct hf_crypto){ &fake_provider, f };
}

/* ---- crowds --------------------------------------------------------------------- */

static size_t find_bytes(const uint8_t *in, const uint8_t *what, size_t len)
{
    size_t at = 0;

    while (memcmp(in + at, what, len) != 0)
        at++;
    return at + len;
}

struct hf_cert **make_crowd(const struct make *m, size_t count, bool keys)
{
    static uint8_t der[4096];
    static const uint8_t serial[] = { 2, 4, 0x7f, 0xff, 0xff, 0xff };
    static const uint8_t point[] = { 0x03, 0x42, 0x00, 0x04 };
    struct make one = *m;
    struct hf_cert **crowd = calloc(count, sizeof(struct hf_cert *));
    struct hf_error error = { .code = HF_OK };
    size_t len, at, key;

    assert_non_null(crowd);
    one.serial = "2147483647";
    len = make_der(&one, der, sizeof(der));
    at = find_bytes(der, serial, sizeof(serial));
    key = find_bytes(der, point, sizeof(point));
    for (size_t i = 0; i < count; i++) {
        hf_store_number(der + at - 4, 0x40000000 + i, 4);
        if (keys)
            hf_store_number(der + key, i, 4);
        crowd[i] = hf_cert_new(hf_span(der, len), &error);
        assert_non_null(crowd[i]);
    }
    return crowd;
}

struct hf_cert **make_circle(size_t each)
{
    static const char *const names[] = { "CN=a", "CN=b", "CN=c", "CN=d" };
    struct hf_cert **crowd = make_crowd(
        &(struct make){
            .subject = "CN=leaf", .issuer = "CN=a", .ext = { CA, LEAF_SAN } },
        4 * each, false);

    for (size_t n = 0; n < 4; n++) {
        struct hf_cert **part = make_crowd(
            &(struct make){ .subject = names[n],
                            .key = (enum make_key)(P256_A + n),
                            .issuer = names[(n + 1) % 4],
                            .signer = P256_A,
                            .ext = { CA } },
            each - 1, true);

        for (size_t k = 0; k < each - 1; k++) {
            hf_cert_free(crowd[n * each + 1 + k]);
            crowd[n * each + 1 + k] = part[k];
        }
        free(part);
    }
    return crowd;
}

void free_crowd(struct hf_cert **crowd, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hf_cert_free(crowd[i]);
    free(crowd);
}
