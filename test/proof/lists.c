/* lists.c - lists of a peer: only what is ours is taken of them, each once, no
 * more than there is room for. */
#include "proof.h"

#include "any_wire.h"
#include "handshake/compress.c"
#include "handshake/negotiate.c"

enum { LIST = 6, OURS = 2 }; /* bytes: three numbers; how many are ours */

/* As prove_next_number has it (list.c). */
bool hf_wire_next_number(unsigned width, struct hf_span *list, uint32_t *out)
{
    PROVE(!list->len || __CPROVER_r_ok(list->at, list->len));
    if (list->len < width)
        return false;
    *out = width == 1 ? list->at[0] : (uint32_t)list->at[0] << 8 | list->at[1];
    *list = hf_span(list->at + width, list->len - width);
    return true;
}

bool hf_wire_lists(struct hf_span list, unsigned width, uint32_t number)
{
    uint32_t each;

    while (hf_wire_next_number(width, &list, &each))
        if (each == number)
            return true;
    return false;
}

static struct hf_span any_list(void)
{
    struct hf_span list = any_bytes(LIST);

    ASSUME(list.len % 2 == 0);
    return list;
}

static unsigned number_in(struct hf_span list, size_t i)
{
    return (unsigned)list.at[2 * i] << 8 | list.at[2 * i + 1];
}

/* Theirs in their order, as far as it is ours, none twice; and all of that. */
void prove_numbers_read(void)
{
    struct hf_numbers ours = { .count = nondet_size() }, out;
    struct hf_span theirs = any_list();
    size_t i = nondet_size(), j = nondet_size();
    bool there = false;

    ASSUME(ours.count <= OURS);
    for (unsigned n = 0; n < OURS; n++)
        ours.at[n] = nondet_half();
    hf_numbers_read(&out, theirs, &ours);
    PROVE(out.count <= ours.count);
    if (i < j && j < out.count)
        PROVE(out.at[i] != out.at[j]);
    if (i < out.count)
        PROVE(hf_numbers_have(&ours, out.at[i]));
    ASSUME(j < theirs.len / 2);
    for (unsigned n = 0; n < OURS; n++)
        there = there || (n < out.count && out.at[n] == number_in(theirs, j));
    PROVE(there == hf_numbers_have(&ours, number_in(theirs, j)));
}

/* However long the list, no more is kept than there is room for. */
bool any_numbers_have(const struct hf_numbers *list, unsigned number)
{
    (void)number;
    PROVE(list->count <= HF_LIST_MAX);
    return nondet_bool();
}

bool any_next_number(unsigned width, struct hf_span *list, uint32_t *out)
{
    (void)width;
    (void)list;
    *out = nondet_half();
    if (nondet_bool())
        return false;
    ASSUME(most_elements-- > 0);
    return true;
}

void prove_numbers_room(void)
{
    struct hf_numbers ours = { .count = 1 }, out;
    struct hf_span theirs = hf_span(NULL, 0);

    most_elements = HF_LIST_MAX + 2;
    hf_numbers_read(&out, theirs, &ours);
    PROVE(out.count <= HF_LIST_MAX);
}

/* RFC 8879 3: no algorithm twice. */
void prove_each_once(void)
{
    static struct hf_session session;
    static struct hf_handshake hs;
    struct hf_span list = any_list();
    size_t i = nondet_size(), j = nondet_size();
    bool ok;

    session.error.code = HF_OK;
    hs.error = &session.error;
    ok = each_once(&hs, list);
    PROVE(ok == (session.error.code == HF_OK));
    ASSUME(i < j && j < list.len / 2);
    PROVE(!ok || number_in(list, i) != number_in(list, j));
}

/* ---- names of authorities ----------------------------------------------------------------- */

static struct hf_span issuer, theirs_list;

bool any_span_equal(struct hf_span a, struct hf_span b)
{
    PROVE(WITHIN(a, issuer) && WITHIN(b, theirs_list));
    return a.len == b.len && nondet_bool();
}

/* No more are looked at than the budget has. */
void prove_issued_by(void)
{
    static struct hf_cert cert;
    static struct hf_keypair pair;
    struct hf_span list = any_bytes(65535);
    size_t budget = nondet_size(), before;
    unsigned looked;

    ASSUME(budget <= 3);
    before = budget;
    pair.count = 1;
    pair.chain[0] = &cert;
    cert.issuer = issuer = any_bytes(64);
    theirs_list = list;
    most_elements = looked = 4;
    if (is_issued_by(&pair, list, &budget))
        PROVE(!list.len || budget < before);
    PROVE(before - budget <= before && looked - most_elements <= before + 1);
}
