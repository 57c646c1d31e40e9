/* flaky.c - see flaky.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/flaky.h"

#include "crypto/outage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    HASHES = 4,
    AEADS = 3,
    GROUPS = 8,
    SIGNATURES = 32,
    BLOCKS = 4096,
    COMPRESSIONS = 3
};

static struct {
    bool counting, on;
    enum flaky what;
    size_t fail_at, calls, dirty;
    const char *failed;
} now;

/* Does this call work? */
static bool works(enum flaky what)
{
    if (!now.counting || now.what != what)
        return true;
    now.calls++;
    return !now.fail_at || now.calls < now.fail_at ||
           (now.calls > now.fail_at && !now.on);
}

bool outage_works(const char *name)
{
    bool ok = works(FLAKY_LIBCRYPTO);

    if (!ok)
        now.failed = name;
    return ok;
}

const char *flaky_failed(void)
{
    return now.failed ? now.failed : "";
}

/* ---- memory ---------------------------------------------------------------------- */

/* What was taken since flaky_begin; slots are found again by the address. */
static struct {
    void *at;
    size_t size;
} blocks[BLOCKS];

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __real_free(void *p);
void __wrap_free(void *p);

void *__wrap_calloc(size_t count, size_t size)
{
    void *p;

    if (!works(FLAKY_MEMORY))
        return NULL;
    p = __real_calloc(count, size);
    for (size_t i = 0; now.counting && p && i < BLOCKS; i++)
        if (!blocks[i].at) {
            blocks[i].at = p;
            blocks[i].size = count * size;
            break;
        }
    return p;
}

void __wrap_free(void *p)
{
    for (size_t i = 0; p && i < BLOCKS; i++)
        if (blocks[i].at == p) {
            const uint8_t *bytes = p;

            for (size_t k = 0; k < blocks[i].size; k++)
                if (bytes[k]) {
                    now.dirty++;
                    break;
                }
            blocks[i].at = NULL;
        }
    __real_free(p);
}

void flaky_begin(enum flaky what, size_t fail_at, bool on)
{
    memset(blocks, 0, sizeof(blocks));
    now.what = what;
    now.fail_at = fail_at;
    now.on = on;
    now.calls = now.dirty = 0;
    now.failed = NULL;
    now.counting = true;
}

size_t flaky_end(void)
{
    now.counting = false;
    return now.calls;
}

size_t flaky_each(enum flaky what, bool (*meet)(void))
{
    size_t calls;

    flaky_begin(what, 0, false);
    assert_true(meet());
    calls = flaky_end();
    for (size_t n = 1; n <= calls; n++)
        for (int on = 0; on < 2; on++) {
            bool well;

            flaky_begin(what, n, on);
            well = meet();
            flaky_end();
            if (well && on)
                fail_msg("call %zu of %zu failed, and nobody noticed", n,
                         calls);
            if (flaky_blocks() || flaky_dirty())
                fail_msg("call %zu of %zu: %zu blocks lost, %zu not wiped", n,
                         calls, flaky_blocks(), flaky_dirty());
        }
    return calls;
}

size_t flaky_blocks(void)
{
    size_t count = 0;

    for (size_t i = 0; i < BLOCKS; i++)
        count += blocks[i].at != NULL;
    return count;
}

size_t flaky_bytes(void)
{
    size_t bytes = 0;

    for (size_t i = 0; i < BLOCKS; i++)
        bytes += blocks[i].at ? blocks[i].size : 0;
    return bytes;
}

size_t flaky_dirty(void)
{
    return now.dirty;
}

/* ---- a provider ---------------------------------------------------------------------- */

static const struct hf_provider *real;

static bool works_here(void)
{
    return works(FLAKY_PROVIDER);
}

/* The functions of an algorithm are not told which one it is: each has its
 * own. */
#define HASH(i)                                                         \
    static bool start_##i(void *self, struct hf_hash_state *s)          \
    {                                                                   \
        return works_here() && real->hashes[i]->start(self, s);         \
    }                                                                   \
    static bool add_##i(struct hf_hash_state *s, struct hf_span bytes)  \
    {                                                                   \
        return works_here() && real->hashes[i]->add(s, bytes);          \
    }                                                                   \
    static bool digest_##i(const struct hf_hash_state *s, uint8_t *out) \
    {                                                                   \
        return works_here() && real->hashes[i]->digest(s, out);         \
    }                                                                   \
    static bool copy_##i(struct hf_hash_state *to,                      \
                         const struct hf_hash_state *from)              \
    {                                                                   \
        return works_here() && real->hashes[i]->copy(to, from);         \
    }
HASH(0)
HASH(1)
HASH(2)
HASH(3)

#define AEAD(i)                                                        \
    static bool load_##i(void *self, void *state, const uint8_t *key)  \
    {                                                                  \
        return works_here() && real->aeads[i]->load(self, state, key); \
    }                                                                  \
    static bool seal_##i(void *state, const struct hf_seal *one)       \
    {                                                                  \
        return works_here() && real->aeads[i]->seal(state, one);       \
    }                                                                  \
    static bool open_##i(void *state, const struct hf_open *one)       \
    {                                                                  \
        return works_here() && real->aeads[i]->open(state, one);       \
    }
AEAD(0)
AEAD(1)
AEAD(2)

#define GROUP(i)                                                               \
    static bool generate_##i(void *self, void *state, uint8_t *share)          \
    {                                                                          \
        return works_here() && real->groups[i]->generate(self, state, share);  \
    }                                                                          \
    static bool encapsulate_##i(void *self, struct hf_span share,              \
                                uint8_t *reply, uint8_t *secret, bool *fault)  \
    {                                                                          \
        *fault = !works_here();                                                \
        return !*fault && real->groups[i]->encapsulate(self, share, reply,     \
                                                       secret, fault);         \
    }                                                                          \
    static bool decapsulate_##i(void *self, void *state, struct hf_span reply, \
                                uint8_t *secret, bool *fault)                  \
    {                                                                          \
        *fault = !works_here();                                                \
        return !*fault && real->groups[i]->decapsulate(self, state, reply,     \
                                                       secret, fault);         \
    }
GROUP(0)
GROUP(1)
GROUP(2)
GROUP(3)

static struct hf_hash hashes[HASHES];
static struct hf_aead aeads[AEADS];
static struct hf_kx groups[GROUPS];
static struct hf_signature signatures[SIGNATURES];

static const struct hf_signature *theirs(const struct hf_signature *how)
{
    return real->signatures[how - signatures];
}

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    *fault = !works_here();
    return !*fault && theirs(how)->verify(self, theirs(how), key, message,
                                          signature, fault);
}

static bool sign(void *self, const struct hf_signature *how,
                 const struct hf_private_key *key, struct hf_span message,
                 uint8_t *out, size_t cap, size_t *len)
{
    return works_here() &&
           theirs(how)->sign(self, theirs(how), key, message, out, cap, len);
}

static bool premaster_seal(void *self, const struct hf_public_key *key,
                           const uint8_t secret[HF_PREMASTER_LEN], uint8_t *out,
                           size_t cap, size_t *len, bool *fault)
{
    *fault = !works_here();
    return !*fault &&
           real->premaster_seal(self, key, secret, out, cap, len, fault);
}

/* It has no way to say that it failed. */
static void premaster_open(void *self, const struct hf_private_key *key,
                           struct hf_span sealed, unsigned version,
                           uint8_t secret[HF_PREMASTER_LEN])
{
    if (works_here())
        real->premaster_open(self, key, sealed, version, secret);
}

static bool draw(void *self, void *out, size_t len)
{
    return works_here() && real->random(self, out, len);
}

#define COMPRESSION(i)                                                   \
    static bool expand_##i(void *self, struct hf_span in, uint8_t *out,  \
                           size_t len, bool *fault)                      \
    {                                                                    \
        *fault = !works_here();                                          \
        return !*fault &&                                                \
               real->compressions[i]->expand(self, in, out, len, fault); \
    }
COMPRESSION(0)
COMPRESSION(1)
COMPRESSION(2)

static struct hf_compression compressions[COMPRESSIONS];
static const struct hf_compression *compression_list[COMPRESSIONS + 1];

static void fill_compressions(void)
{
    static bool (*const expand[])(void *, struct hf_span, uint8_t *, size_t,
                                  bool *) = { expand_0, expand_1, expand_2 };

    for (size_t i = 0; i < COMPRESSIONS && real->compressions[i]; i++) {
        compressions[i] = *real->compressions[i];
        compressions[i].expand = expand[i];
        compression_list[i] = &compressions[i];
    }
}

static void fill_hashes(void)
{
#define FILL(i)                                           \
    hashes[i] = *real->hashes[i];                         \
    hashes[i].start = start_##i, hashes[i].add = add_##i, \
    hashes[i].digest = digest_##i, hashes[i].copy = copy_##i;
    FILL(0)
    FILL(1)
    FILL(2)
    FILL(3)
#undef FILL
}

static void fill_aeads(void)
{
#define FILL(i)                                         \
    aeads[i] = *real->aeads[i];                         \
    aeads[i].load = load_##i, aeads[i].seal = seal_##i, \
    aeads[i].open = open_##i, aeads[i].seal_many = NULL;
    FILL(0)
    FILL(1)
    FILL(2)
#undef FILL
}

/* Groups beyond the fourth stay as they are. */
static void fill_groups(void)
{
    static bool (*const generate[])(void *, void *,
                                    uint8_t *) = { generate_0, generate_1,
                                                   generate_2, generate_3 };
    static bool (*const encapsulate[])(void *, struct hf_span, uint8_t *,
                                       uint8_t *, bool *) = {
        encapsulate_0, encapsulate_1, encapsulate_2, encapsulate_3
    };
    static bool (*const decapsulate[])(void *, void *, struct hf_span,
                                       uint8_t *, bool *) = {
        decapsulate_0, decapsulate_1, decapsulate_2, decapsulate_3
    };

    for (size_t i = 0; real->groups[i] && i < HF_COUNT(generate); i++) {
        groups[i] = *real->groups[i];
        groups[i].generate = generate[i];
        groups[i].encapsulate = encapsulate[i];
        groups[i].decapsulate = decapsulate[i];
        for (size_t k = 0; k < i; k++) /* a hybrid's part is ours too */
            if (groups[i].part == real->groups[k])
                groups[i].part = &groups[k];
    }
}

const struct hf_provider *flaky_provider(const struct hf_provider *under)
{
    static struct hf_provider provider;
    static const struct hf_hash *hash_list[HASHES + 1];
    static const struct hf_aead *aead_list[AEADS + 1];
    static const struct hf_kx *group_list[GROUPS + 1];
    static const struct hf_signature *signature_list[SIGNATURES + 1];

    real = under;
    fill_hashes();
    fill_aeads();
    fill_groups();
    fill_compressions();
    for (size_t i = 0; real->hashes[i] && i < HASHES; i++)
        hash_list[i] = &hashes[i];
    for (size_t i = 0; real->aeads[i] && i < AEADS; i++)
        aead_list[i] = &aeads[i];
    for (size_t i = 0; real->groups[i] && i < GROUPS; i++)
        group_list[i] = groups[i].name ? &groups[i] : real->groups[i];
    for (size_t i = 0; real->signatures[i] && i < SIGNATURES; i++) {
        signatures[i] = *real->signatures[i];
        signatures[i].verify = verify;
        signatures[i].sign = sign;
        signature_list[i] = &signatures[i];
    }
    provider = *real;
    provider.name = "flaky";
    provider.hashes = hash_list;
    provider.aeads = aead_list;
    provider.groups = group_list;
    provider.signatures = signature_list;
    provider.compressions = compression_list;
    provider.random = draw;
    provider.premaster_seal = premaster_seal;
    provider.premaster_open = premaster_open;
    return &provider;
}
