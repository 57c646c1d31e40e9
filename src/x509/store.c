/* store.c - trust anchors, found by their subject and read only when needed.
 *
 * A bundle of 144 roots costs other libraries milliseconds, because each root
 * becomes an object at once.  One connection needs one of them.  So adding a
 * bundle only notes where each certificate begins and a hash of its subject:
 *
 *     text   -----BEGIN CERTIFICATE----- MIIDXzCCAkeg...     (borrowed, mapped)
 *                                        ^ offset
 *     row    { hash of the subject, offset, source, next }    16 bytes
 *     bucket hash -> row -> next row ...
 *
 * and of the base64 just as much is decoded as leads to the subject.  Whoever
 * asks for a subject gets the certificates decoded and parsed anew, each an
 * object of its own; so a finished store is never written to, and needs no
 * lock.
 */
#include "x509/inside.h"

struct source {
    struct hf_span text; /* PEM, or the DER of one certificate */
    bool owned, der;
    void (*done)(void *ctx);
    void *ctx;
};

struct row {
    uint32_t hash, next; /* next: 1 + index, 0 = none */
    uint32_t source, offset;
};

struct hf_store {
    _Atomic unsigned count;
    struct source *sources;
    struct row *rows;
    uint32_t
        *buckets; /* 1 + index of a row; as many as there is room for rows */
    size_t source_count, source_room, row_count, row_room;
};

enum { FIRST_ROOM = 16, ROWS_MAX = 1 << 24 };

/* ---- making and freeing ------------------------------------------------------- */

struct hf_store *hf_store_new(void)
{
    struct hf_store *store = hf_alloc(sizeof(*store));

    if (store)
        atomic_init(&store->count, 1);
    return store;
}

struct hf_store *hf_store_keep(struct hf_store *store)
{
    atomic_fetch_add_explicit(&store->count, 1, memory_order_relaxed);
    return store;
}

static void free_source(struct source *s)
{
    if (s->owned)
        hf_free((void *)(uintptr_t)s->text.at, s->text.len);
    if (s->done)
        s->done(s->ctx);
}

void hf_store_free(struct hf_store *store)
{
    if (!store ||
        atomic_fetch_sub_explicit(&store->count, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < store->source_count; i++)
        free_source(&store->sources[i]);
    hf_free(store->sources, store->source_room * sizeof(*store->sources));
    hf_free(store->rows, store->row_room * sizeof(*store->rows));
    hf_free(store->buckets, store->row_room * sizeof(*store->buckets));
    hf_free(store, sizeof(*store));
}

size_t hf_store_count(const struct hf_store *store)
{
    return store->row_count;
}

bool hf_store_digest(const struct hf_store *store,
                     const struct hf_crypto *crypto, uint8_t *out)
{
    const struct hf_hash *hash = hf_hash_by_id(crypto, HF_SHA256);
    struct hf_hash_state state = { .words = { 0 } };
    bool ok = hash && hash->start(crypto->self, &state);

    for (size_t i = 0; ok && i < store->source_count; i++)
        ok = hash->add(&state, store->sources[i].text);
    ok = ok && hash->digest(&state, out);
    if (hash)
        hash->wipe(&state);
    return ok;
}

/* ---- the table -------------------------------------------------------------------- */

/* FNV-1a.  Subjects of anchors are not the peer's choice, and a collision only
 * costs the reading of one certificate more. */
static uint32_t hash_of(struct hf_span bytes)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < bytes.len; i++)
        h = (h ^ bytes.at[i]) * 16777619u;
    return h;
}

/* The array with room for twice as many; NULL without memory. */
static void *grow(void *old, size_t count, size_t *room, size_t size)
{
    size_t more = *room ? *room * 2 : FIRST_ROOM;
    void *bigger = hf_alloc_array(more, size);

    if (!bigger)
        return NULL;
    hf_copy(bigger, old, count * size);
    hf_free(old, *room * size);
    *room = more;
    return bigger;
}

static bool add_source(struct hf_store *store, struct source source)
{
    if (store->source_count == store->source_room) {
        void *bigger = grow(store->sources, store->source_count,
                            &store->source_room, sizeof(source));

        if (!bigger)
            return false;
        store->sources = bigger;
    }
    store->sources[store->source_count++] = source;
    return true;
}

/* Rows are appended first and linked when all of a text are there. */
static bool add_row(struct hf_store *store, struct hf_span subject,
                    size_t source, size_t offset)
{
    size_t room = store->row_room;

    if (store->row_count == room) {
        void *bigger = grow(store->rows, store->row_count, &room,
                            sizeof(*store->rows));

        if (!bigger)
            return false;
        store->rows = bigger;
        /* The buckets grow when the rows are linked; until then there are
         * fewer of them, which row_room must not hide. */
        hf_free(store->buckets, store->row_room * sizeof(*store->buckets));
        store->buckets = NULL;
        store->row_room = room;
    }
    store->rows[store->row_count++] = (struct row){
        .hash = hash_of(subject),
        .source = (uint32_t)source,
        .offset = (uint32_t)offset,
    };
    return true;
}

static void link_rows(struct hf_store *store, size_t from)
{
    for (size_t i = from; i < store->row_count; i++) {
        struct row *row = &store->rows[i];
        uint32_t *bucket = &store->buckets[row->hash & (store->row_room - 1)];

        row->next = *bucket;
        *bucket = (uint32_t)i + 1;
    }
}

/* Make the rows from @from on findable.  Rooms are powers of two. */
static bool link_new(struct hf_store *store, size_t from)
{
    if (!store->buckets) {
        if (!store->row_room)
            return true;
        store->buckets = hf_alloc_array(store->row_room,
                                        sizeof(*store->buckets));
        if (!store->buckets)
            return false;
        from = 0;
    }
    link_rows(store, from);
    return true;
}

/* Forget the rows from @from on, which are not linked; those before must be
 * again, if their buckets went when the rows grew. */
static void roll_back(struct hf_store *store, size_t from)
{
    store->row_count = from;
    if (!link_new(store, from))
        store->row_count = 0; /* without memory: nothing is trusted */
}

/* ---- reading just enough ---------------------------------------------------------- */

/* Behind the header of a SEQUENCE whose end we have not got yet. */
static bool enter(struct hf_span *s)
{
    size_t header;

    if (s->len < 2 || s->at[0] != HF_DER_SEQUENCE)
        return false;
    header = s->at[1] < 0x80 ? 2 : 2u + (s->at[1] & 0x7fu);
    if (header > 4 || header > s->len)
        return false;
    *s = hf_span_after(*s, header);
    return true;
}

/* The subject, if all of it lies in the first bytes of a certificate. */
static bool find_subject(struct hf_span head, struct hf_span *subject)
{
    struct hf_tlv tlv;
    struct hf_der r;

    /* Certificate, TBSCertificate */
    for (unsigned i = 0; i < 2; i++)
        if (!enter(&head))
            return false;
    r = hf_der(head);
    if (hf_der_peek(&r, HF_DER_CONTEXT | HF_DER_CONSTRUCTED) &&
        !hf_der_next(&r, &tlv))
        return false;
    /* serialNumber, signature, issuer, validity, subject */
    for (unsigned i = 0; i < 5; i++) {
        unsigned tag = i ? HF_DER_SEQUENCE : HF_DER_INTEGER;

        if (!hf_der_peek(&r, tag) || !hf_der_next(&r, &tlv))
            return false;
    }
    *subject = tlv.whole;
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* As much of @base64 as has @digits digits in it. */
static struct hf_span first_digits(struct hf_span base64, size_t digits)
{
    size_t i = 0;

    for (; i < base64.len && digits; i++)
        if (!is_blank(base64.at[i]))
            digits--;
    return hf_span_first(base64, i);
}

/* Most subjects end in the first 480 bytes. */
static bool index_short(struct hf_store *store, struct hf_span base64,
                        size_t source, size_t offset, bool *found)
{
    uint8_t head[480];
    struct hf_span subject;
    size_t len;

    *found = hf_unbase64(first_digits(base64, sizeof(head) / 3 * 4), head,
                         sizeof(head), &len) &&
             find_subject(hf_span(head, len), &subject);
    return !*found || add_row(store, subject, source, offset);
}

static bool index_long(struct hf_store *store, struct hf_span base64,
                       size_t source, size_t offset, bool *found)
{
    size_t cap = base64.len / 4 * 3 + 3, len;
    uint8_t *all = hf_alloc(cap);
    struct hf_span subject;
    bool ok;

    *found = false;
    if (!all)
        return false;
    *found = hf_unbase64(base64, all, cap, &len) &&
             find_subject(hf_span(all, len), &subject);
    ok = !*found || add_row(store, subject, source, offset);
    hf_free(all, cap);
    return ok;
}

static bool is_certificate(struct hf_span label)
{
    return hf_span_equal(label, hf_span_text("CERTIFICATE")) ||
           hf_span_equal(label, hf_span_text("X509 CERTIFICATE"));
}

/* A p11-kit file has certificates that are distrusted, or trusted for mail
 * only, and says so in the text around them. */
static bool is_p11kit(struct hf_span between)
{
    static const char header[] = "[p11-kit-object-v1]";

    for (size_t i = 0; i + sizeof(header) - 1 <= between.len; i++)
        if (between.at[i] == '[' &&
            hf_equal(between.at + i, header, sizeof(header) - 1))
            return true;
    return false;
}

static bool index_pem(struct hf_store *store, size_t source, size_t *added,
                      struct hf_error *error)
{
    struct hf_span all = store->sources[source].text, text = all;
    struct hf_pem pem;
    bool bad, found;

    for (struct hf_span before = text; hf_pem_next(&text, &pem, &bad);
         before = text) {
        size_t offset;

        if (is_p11kit(
                hf_span_first(before, (size_t)(pem.label.at - before.at))))
            return hf_fail(error, HF_E_BAD_PEM,
                           "this is p11-kit's own format; `trust extract "
                           "--format=pem-bundle --filter=ca-anchors "
                           "--purpose=server-auth FILE` makes a bundle");
        if (!is_certificate(pem.label))
            continue;
        ++*added;
        offset = (size_t)(pem.base64.at - all.at);
        if (offset > UINT32_MAX || store->row_count >= ROWS_MAX)
            return hf_fail(error, HF_E_BAD_PEM, "the text is too long");
        if (!index_short(store, pem.base64, source, offset, &found) ||
            (!found && !index_long(store, pem.base64, source, offset, &found)))
            return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
        if (!found)
            return hf_fail(error, HF_E_BAD_PEM,
                           "certificate %z of the text is not one", *added);
    }
    if (bad)
        return hf_fail(error, HF_E_BAD_PEM,
                       "the block after certificate %z has no end", *added);
    if (!*added)
        return hf_fail(error, HF_E_BAD_PEM,
                       "there is no BEGIN CERTIFICATE in the text");
    return true;
}

/* ---- adding ------------------------------------------------------------------------- */

/* Copy @bytes if it is to be owned. */
static bool take_source(struct hf_store *store, struct hf_span bytes,
                        struct source source)
{
    if (source.owned) {
        uint8_t *copy = hf_alloc(bytes.len);

        if (!copy)
            return false;
        hf_copy(copy, bytes.at, bytes.len);
        bytes.at = copy;
    }
    source.text = bytes;
    if (add_source(store, source))
        return true;
    source.done = NULL;
    free_source(&source);
    return false;
}

bool hf_store_add_pem(struct hf_store *store, struct hf_span text, bool copy,
                      void (*done)(void *ctx), void *ctx, size_t *added,
                      struct hf_error *error)
{
    size_t rows = store->row_count, source = store->source_count;
    struct source *last;

    *added = 0;
    if (!take_source(
            store, text,
            (struct source){ .owned = copy, .done = done, .ctx = ctx }))
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    if (index_pem(store, source, added, error) && link_new(store, rows))
        return true;
    hf_fail(error, HF_E_OUT_OF_MEMORY, NULL); /* unless it has a reason */
    roll_back(store, rows);
    last = &store->sources[--store->source_count];
    last->done = NULL; /* the text is the caller's again */
    free_source(last);
    *added = 0;
    return false;
}

bool hf_store_add_der(struct hf_store *store, struct hf_span der,
                      struct hf_error *error)
{
    size_t rows = store->row_count, source = store->source_count;
    struct hf_cert *cert = hf_cert_new(der, error);
    bool ok;

    if (!cert)
        return false;
    ok = take_source(store, der, (struct source){ .owned = true, .der = true });
    if (ok &&
        !(add_row(store, cert->subject, source, 0) && link_new(store, rows))) {
        roll_back(store, rows);
        free_source(&store->sources[--store->source_count]);
        ok = false;
    }
    hf_cert_free(cert);
    return ok || hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
}

/* ---- finding ------------------------------------------------------------------------- */

static struct hf_cert *read_pem(struct hf_span text, struct hf_error *error)
{
    struct hf_cert *cert;
    uint8_t *bytes;
    size_t end = 0, digits = 0, len;

    for (; end < text.len && text.at[end] != '-'; end++)
        if (!is_blank(text.at[end]) && text.at[end] != '=')
            digits++;
    if (digits > HF_CERT_MAX / 3 * 4) {
        hf_fail(error, HF_E_CERT_DER, "it is too long");
        return NULL;
    }
    cert = hf_cert_room(digits * 3 / 4, &bytes);
    if (!cert) {
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
        return NULL;
    }
    if (!hf_unbase64(hf_span_first(text, end), bytes, cert->der.len, &len) ||
        len != cert->der.len) {
        hf_fail(error, HF_E_CERT_DER, "its base64 is damaged");
        hf_cert_free(cert);
        return NULL;
    }
    return cert;
}

static struct hf_cert *read_row(const struct hf_store *store, size_t index,
                                struct hf_error *error)
{
    const struct row *row = &store->rows[index];
    const struct source *source = &store->sources[row->source];
    struct hf_cert *cert;

    if (source->der)
        return hf_cert_new(source->text, error);
    cert = read_pem(hf_span_after(source->text, row->offset), error);
    return cert ? hf_cert_finish(cert, error) : NULL;
}

/* Is the certificate of this row, byte for byte, @der? */
static bool row_is(const struct hf_store *store, size_t index,
                   struct hf_span der, struct hf_error *error)
{
    const struct row *row = &store->rows[index];
    const struct source *source = &store->sources[row->source];
    struct hf_cert *cert;
    bool same;

    if (source->der)
        return hf_span_equal(source->text, der);
    cert = read_pem(hf_span_after(source->text, row->offset), error);
    same = cert && hf_span_equal(cert->der, der);
    hf_cert_free(cert);
    return same;
}

struct hf_cert *hf_store_at(const struct hf_store *store, size_t index)
{
    struct hf_error error = { .code = HF_OK };

    return index < store->row_count ? read_row(store, index, &error) : NULL;
}

struct hf_anchors hf_anchors_of(const struct hf_store *store,
                                struct hf_span subject)
{
    struct hf_anchors walk = { .store = store, .subject = subject };

    if (store && store->row_count) {
        walk.hash = hash_of(subject);
        walk.row = store->buckets[walk.hash & (store->row_room - 1)];
    }
    return walk;
}

struct hf_cert *hf_anchors_next(struct hf_anchors *walk, struct hf_error *error)
{
    while (walk->row) {
        size_t index = walk->row - 1;
        const struct row *row = &walk->store->rows[index];
        struct hf_cert *cert;

        walk->row = row->next;
        if (row->hash != walk->hash)
            continue;
        walk->id = (uint32_t)index;
        cert = read_row(walk->store, index, error);
        if (cert && hf_span_equal(cert->subject, walk->subject))
            return cert;
        hf_cert_free(cert);
    }
    return NULL;
}

bool hf_store_holds(const struct hf_store *store, const struct hf_cert *cert,
                    struct hf_error *error)
{
    struct hf_anchors walk = hf_anchors_of(store, cert->subject);

    while (walk.row) {
        size_t index = walk.row - 1;

        walk.row = store->rows[index].next;
        if (store->rows[index].hash == walk.hash &&
            row_is(store, index, cert->der, error))
            return true;
    }
    return false;
}
