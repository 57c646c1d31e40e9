/* scene.h - a chain, a store and a question, for tests of verification. */
#ifndef HF_X509_SCENE_H
#define HF_X509_SCENE_H

#include "x509/x509_make.h"

enum { SCENE_MAX = 64 };

/* Usual extensions of an authority and of a leaf. */
#define CA "basicConstraints=critical,CA:TRUE"
#define CA_USE "keyUsage=critical,keyCertSign,cRLSign"
#define SKID "subjectKeyIdentifier=hash"
#define AKID "authorityKeyIdentifier=keyid"
#define LEAF_USE "keyUsage=critical,digitalSignature"
#define LEAF_EKU "extendedKeyUsage=serverAuth"
#define LEAF_SAN "subjectAltName=DNS:example.com"

struct scene {
    struct hf_cert *sent[SCENE_MAX]; /* [0] is the leaf */
    size_t count;
    struct hf_store *store;
    struct hf_peer_name name;
    struct hf_verify v;
    struct hf_verified proof;
    struct hf_error error;
    struct hf_tried_tree tree;
};

/* Nothing sent, nothing trusted; wanted is example.com, of a server, NOW. */
void scene_init(struct scene *s);
void scene_send(struct scene *s, const struct make *m);
void scene_trust(struct scene *s, const struct make *m);
/* Ask; the code, HF_OK for trusted.  May be asked again. */
unsigned scene_ask(struct scene *s);
void scene_wipe(struct scene *s);

/* A provider that verifies nothing and counts. */
struct fake {
    struct hf_crypto crypto;
    unsigned calls;
    bool fault;
    bool (*verify)(struct hf_span message, struct hf_span signature);
};
void fake_init(struct fake *f); /* until told otherwise, all is good */

/* @count copies of a certificate that differ in their serial numbers and, if
 * @keys, in their keys (which are points on no curve). */
struct hf_cert **make_crowd(const struct make *m, size_t count, bool keys);
/* 4 * @each: a leaf, one time in @each, and four authorities that issue each other
 * in a circle. */
struct hf_cert **make_circle(size_t each);
void free_crowd(struct hf_cert **crowd, size_t count);

#define SEND(s, ...) scene_send(s, &(struct make){ __VA_ARGS__ })
#define TRUST(s, ...) scene_trust(s, &(struct make){ __VA_ARGS__ })
#define assert_code(s, expected)                                  \
    do {                                                          \
        unsigned code_ = scene_ask(s);                            \
        if (code_ != (expected))                                  \
            fail_msg("%s, not %s: %s", hf_error_name(code_),      \
                     hf_error_name(expected), (s)->error.detail); \
    } while (0)
#define assert_told(s, words)                                           \
    do {                                                                \
        if (!strstr((s)->error.detail, words))                          \
            fail_msg("\"%s\" is not in: %s", words, (s)->error.detail); \
    } while (0)

/* The usual three; what follows in the initializer replaces what they say,
 * which is the point, and what these warnings are about. */
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
#define ROOT \
    .subject = "CN=Lab Root", .key = P256_A, .ext = { CA, CA_USE, SKID }
#define MIDDLE                                                           \
    .subject = "CN=Lab Issuing", .key = P256_B, .issuer = "CN=Lab Root", \
    .signer = P256_A, .ext = { CA, CA_USE, SKID, AKID }
#define LEAF                                                         \
    .subject = "CN=leaf", .key = P256_C, .issuer = "CN=Lab Issuing", \
    .signer = P256_B, .ext = { LEAF_USE, LEAF_EKU, LEAF_SAN, SKID, AKID }

#endif
