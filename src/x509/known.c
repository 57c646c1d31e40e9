/* known.c - signatures that were verified before: a table of fixed size that
 * all connections of a config share, without a lock.
 *
 *     set:  hand, used | row | row | row | row |
 *     row:  turn, digest                          turn odd: being written
 *
 * What is in it is one fact a row, as SHA-256 of its bytes: the key with this
 * SubjectPublicKeyInfo signed this certificate.  Both are DER and say where
 * they end, so no other pair has the same bytes.  That is a fact of arithmetic
 * and does not age: names, dates, constraints, purposes and revocation are no
 * part of it and are asked anew each time.  A signature that was found not to
 * verify is not kept, nor anything about a key that nobody trusted vouched
 * for: the checker verifies from the anchor down.
 *
 * A row is a seqlock.  Whoever finds a row being written, or changed while it
 * was read, has not found it, and whoever cannot write at once leaves it: then
 * a signature is verified that need not have been, and nobody has waited.  The
 * words of a digest are read with acquire and written with release, so that the
 * turn read after them cannot be older than they are.
 *
 * A digest may stand in the four rows of one set only.  Of these the one goes
 * that was not asked for since the hand last came by, so that many who come
 * once do not drive out the few who come always.
 */
#include "x509/inside.h"

enum { WAYS = 4, WORDS = HF_KNOWN_LEN / 4 };

struct row {
    _Atomic uint64_t turn; /* 0: empty */
    _Atomic uint32_t digest[WORDS];
};
struct set {
    _Atomic uint32_t hand;
    _Atomic uint32_t used; /* a bit for each row */
    struct row rows[WAYS];
};
struct hf_known {
    size_t count; /* of sets: a power of two */
    bool leaves;
    struct set sets[];
};

struct hf_known *hf_known_new(size_t entries, bool leaves)
{
    struct hf_known *known;
    size_t count = 1;

    if (entries > HF_KNOWN_MAX)
        entries = HF_KNOWN_MAX;
    while (count * WAYS < entries)
        count *= 2;
    known = hf_alloc(sizeof(*known) + count * sizeof(known->sets[0]));
    if (!known)
        return NULL;
    known->count = count;
    known->leaves = leaves;
    return known;
}

void hf_known_free(struct hf_known *known)
{
    if (known)
        hf_free(known, sizeof(*known) + known->count * sizeof(known->sets[0]));
}

bool hf_known_keeps_leaves(const struct hf_known *known)
{
    return known->leaves;
}

bool hf_known_digest(const struct hf_crypto *crypto,
                     const struct hf_cert *below, const struct hf_cert *above,
                     uint8_t out[HF_KNOWN_LEN])
{
    const struct hf_span parts[] = { above->spki, below->der };
    const struct hf_hash *hash = hf_hash_by_id(crypto, HF_SHA256);

    return hash && hf_hash_parts(crypto, hash, parts, HF_COUNT(parts), out);
}

/* ---- rows ------------------------------------------------------------------------ */

static struct set *set_of(struct hf_known *known,
                          const uint8_t digest[HF_KNOWN_LEN])
{
    return &known->sets[hf_number(digest, 4) & (known->count - 1)];
}

static bool holds(struct row *row, const uint8_t digest[HF_KNOWN_LEN])
{
    uint64_t turn = atomic_load_explicit(&row->turn, memory_order_acquire);
    bool same = turn && !(turn & 1);

    for (size_t i = 0; i < WORDS && same; i++)
        same = atomic_load_explicit(&row->digest[i], memory_order_acquire) ==
               hf_number(digest + 4 * i, 4);
    return same &&
           atomic_load_explicit(&row->turn, memory_order_relaxed) == turn;
}

static void write_row(struct row *row, const uint8_t digest[HF_KNOWN_LEN])
{
    uint64_t turn = atomic_load_explicit(&row->turn, memory_order_relaxed);

    if (turn & 1 || !atomic_compare_exchange_strong_explicit(
                        &row->turn, &turn, turn + 1, memory_order_acq_rel,
                        memory_order_relaxed))
        return; /* somebody else is writing here */
    for (size_t i = 0; i < WORDS; i++)
        atomic_store_explicit(&row->digest[i], hf_number(digest + 4 * i, 4),
                              memory_order_release);
    atomic_store_explicit(&row->turn, turn + 2, memory_order_release);
}

bool hf_known_has(struct hf_known *known, const uint8_t digest[HF_KNOWN_LEN])
{
    struct set *set = set_of(known, digest);

    for (uint32_t i = 0; i < WAYS; i++) {
        uint32_t bit = 1u << i;

        if (!holds(&set->rows[i], digest))
            continue;
        /* Written only if it changes: else all threads fight for the line. */
        if (!(atomic_load_explicit(&set->used, memory_order_relaxed) & bit))
            atomic_fetch_or_explicit(&set->used, bit, memory_order_relaxed);
        return true;
    }
    return false;
}

void hf_known_put(struct hf_known *known, const uint8_t digest[HF_KNOWN_LEN])
{
    struct set *set = set_of(known, digest);
    uint32_t i = 0;

    if (hf_known_has(known, digest))
        return;
    for (unsigned step = 0; step <= WAYS; step++) {
        uint32_t bit;

        i = atomic_fetch_add_explicit(&set->hand, 1, memory_order_relaxed) %
            WAYS;
        bit = 1u << i;
        if (!(atomic_fetch_and_explicit(&set->used, ~bit,
                                        memory_order_relaxed) &
              bit))
            break;
    }
    write_row(&set->rows[i], digest);
}
