/* key_process.c - the process that has the private keys: it reads them, gives up
 * everything but a socket, and does what keys.h says until that is closed.
 *
 * No byte from the network comes here, and no private key goes out.  Whoever
 * takes over the server can have things signed and numbers raised while he is
 * there, which also lets him sign with an RSA key; but he takes no key along.
 * Numbers are raised whatever is in them: this process does not look at
 * padding, and so cannot tell (Bleichenbacher). */
#include "keys.h"

#include <handfast/handfast.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

struct keys {
    const struct hf_provider *provider;
    void *self;
    struct hf_private_key *key[KEYS_MAX];
    unsigned count;
};

/* ---- the keys ------------------------------------------------------------ */

static void load(struct keys *keys, const char *path)
{
    static char text[HF_KEY_FILE_MAX];
    struct hf_error error = { .code = HF_OK };
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(text, 1, sizeof(text), file) : 0;

    if (!file || ferror(file))
        err(1, "%s", path);
    fclose(file);
    if (!keys->provider->key_load(keys->self,
                                  (struct hf_span){ (uint8_t *)text, len },
                                  NULL, NULL, &keys->key[keys->count], &error))
        errx(1, "%s: %s", path, error.detail);
    keys->count++;
    memset(text, 0, sizeof(text));
}

/* No descriptor but @fd and stderr, none to come, no core, and nobody of the
 * same user looks into our memory. */
static void give_up_everything(int fd)
{
    const struct rlimit none = { 0, 0 };
    long most = sysconf(_SC_OPEN_MAX);

    for (int i = 0; i < (most > 0 && most < 65536 ? most : 65536); i++)
        if (i != fd && i != STDERR_FILENO)
            close(i);
    if (setrlimit(RLIMIT_NOFILE, &none) < 0 ||
        setrlimit(RLIMIT_CORE, &none) < 0)
        err(1, "limits");
#ifdef __linux__
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        err(1, "prctl");
#endif
}

/* ---- what is done with them ----------------------------------------------- */

/* A scheme is a hash and a padding; in TLS 1.2 it is no curve, so the key says
 * which one. */
static const struct hf_signature *how_to(const struct keys *keys,
                                         unsigned scheme, unsigned kind)
{
    const struct hf_signature *const *all = keys->provider->signatures;

    for (; *all && (!(*all)->scheme || (*all)->scheme != scheme); all++)
        ;
    for (size_t i = 0; *all && keys->provider->signatures[i]; i++) {
        const struct hf_signature *how = keys->provider->signatures[i];

        if (how->key == kind && how->padding == (*all)->padding &&
            how->hash == (*all)->hash)
            return how;
    }
    return NULL;
}

static size_t sign(const struct keys *keys, const struct hf_private_key *key,
                   unsigned scheme, struct hf_span message, uint8_t *out)
{
    const struct hf_signature *how;
    struct hf_public_key public;
    size_t len = 0;

    keys->provider->key_public(key, &public);
    how = how_to(keys, scheme, public.kind);
    return how && how->sign(keys->self, how, key, message, out,
                            HF_SIGNATURE_MAX, &len)
               ? len
               : 0;
}

static size_t raise_number(const struct keys *keys,
                           const struct hf_private_key *key,
                           struct hf_span number, uint8_t *out)
{
    return keys->provider->key_raise(keys->self, key, number, out) ? number.len
                                                                   : 0;
}

/* ---- frames --------------------------------------------------------------- */

static unsigned number_at(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* All of it; false at the end of the stream. */
static bool read_all(int fd, uint8_t *at, size_t len)
{
    ssize_t n;

    for (; len; at += n, len -= (size_t)n)
        if ((n = read(fd, at, len)) <= 0)
            return false;
    return true;
}

static bool write_all(int fd, const uint8_t *at, size_t len)
{
    ssize_t n;

    for (; len; at += n, len -= (size_t)n)
        if ((n = write(fd, at, len)) < 0)
            return false;
    return true;
}

/* One question and its answer. */
static bool serve_one(const struct keys *keys, int fd)
{
    uint8_t head[QUESTION_HEAD], message[MESSAGE_MAX];
    uint8_t answer[ANSWER_HEAD + HF_SIGNATURE_MAX];
    struct hf_span asked = { message, 0 };
    size_t len = 0;

    if (!read_all(fd, head, sizeof(head)))
        return false;
    asked.len = number_at(head + 8);
    if (asked.len > sizeof(message) || head[5] >= keys->count ||
        !read_all(fd, message, asked.len))
        return false;
    if (head[4] == HF_ASK_SIGN)
        len = sign(keys, keys->key[head[5]], number_at(head + 6), asked,
                   answer + ANSWER_HEAD);
    else if (head[4] == HF_ASK_DECRYPT)
        len = raise_number(keys, keys->key[head[5]], asked,
                           answer + ANSWER_HEAD);
    else
        return false;
    memcpy(answer, head, 4);
    answer[4] = (uint8_t)(len >> 8);
    answer[5] = (uint8_t)len;
    return write_all(fd, answer, ANSWER_HEAD + len);
}

int keys_serve(int fd, char *const *paths, unsigned count)
{
    struct keys keys = { .provider = &hf_libcrypto };
    struct hf_error error = { .code = HF_OK };
    uint8_t seed[1];

    keys.self = keys.provider->open(&error);
    /* Whatever has to be opened for random numbers is open then. */
    if (!keys.self || !keys.provider->random(keys.self, seed, sizeof(seed)))
        errx(1, "libcrypto: %s", error.detail);
    for (unsigned i = 0; i < count; i++)
        load(&keys, paths[2 * i]);
    give_up_everything(fd);
    while (serve_one(&keys, fd))
        ;
    for (unsigned i = 0; i < count; i++)
        keys.provider->key_free(keys.key[i]);
    keys.provider->close(keys.self);
    return 0;
}
