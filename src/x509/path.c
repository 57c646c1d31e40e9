/* path.c - the search for a path from the peer's certificate to an anchor.
 *
 *              leaf <- candidate <- candidate <- anchor
 *     at[]:     0          1            2          3
 *
 * It goes depth first with a stack of places, each of which remembers which
 * candidates were tried above it.  Candidates are the certificates whose
 * subject is the issuer wanted, anchors before what the peer sent, and those
 * whose key identifier does not fit last: identifiers are a hint, never a
 * reason (RFC 5280 6.1 does not know them).  A candidate that fails a cheap
 * check is left out; a path that arrives at an anchor is handed to the
 * checker; if that refuses, the search goes on.
 *
 * Cycles, cross-signatures and crowds of authorities with one name are normal
 * here.  Everything that is looked at is paid for from a budget, so the worst
 * of inputs ends as early as the best.
 *
 * When nothing is found, one of many failures has to be told.  Each has a rank
 * (how much it explains), the highest is kept, and of equals the first.
 */
#include "x509/inside.h"

enum { SIGNATURES = 100, CANDIDATES = 10000, COMPARISONS = 65536 };

/* ---- keeping the failure that tells most ------------------------------------------- */

static void note(struct hf_search *s, enum hf_rank rank,
                 const struct hf_check *check)
{
    struct hf_words words;

    if (rank <= s->rank)
        return;
    s->rank = rank;
    s->best = (struct hf_error){ .code = HF_OK };
    hf_check_words(check, &words);
    hf_fail(&s->best, check->code, "%s: %s; %s", words.subject, words.verdict,
            words.instead);
}

/* ---- the tree ------------------------------------------------------------------------- */

static int add_node(struct hf_search *s, struct hf_cert *cert, size_t depth,
                    bool anchor)
{
    struct hf_tried_tree *tree = s->v->tree;
    struct hf_tried *node;

    if (!tree)
        return -1;
    if (tree->count == HF_TRIED_MAX) {
        tree->lost++;
        return -1;
    }
    node = &tree->at[tree->count];
    *node = (struct hf_tried){
        .cert = hf_cert_keep(cert),
        .parent = (int8_t)(depth ? s->at[depth - 1].node : -1),
        .depth = (uint8_t)depth,
        .anchor = anchor,
    };
    return (int)tree->count++;
}

void hf_tried_wipe(struct hf_tried_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        hf_cert_free(tree->at[i].cert);
    *tree = (struct hf_tried_tree){ .count = 0 };
}

/* ---- one step ------------------------------------------------------------------------------ */

static void push(struct hf_search *s, struct hf_cert *cert, bool anchor,
                 int node)
{
    s->at[s->depth++] = (struct hf_place){
        .cert = cert, .anchor = anchor, .next = 1, .node = node
    };
}

/* Nobody of that name was there.  The watcher hears of the highest such place
 * only, when all is over; the tree has them all. */
static void note_dead_end(struct hf_search *s, const struct hf_place *place)
{
    struct hf_check check = { .v = s->v,
                              .cert = place->cert,
                              .event = HF_EV_CHECK_ANCHOR,
                              .code = HF_E_UNKNOWN_ISSUER,
                              .unreadable = &s->unreadable };

    if (s->depth && !s->stopped)
        hf_check_note(&check, place->node);
}

static void pop(struct hf_search *s)
{
    struct hf_place *place = &s->at[--s->depth];

    if (!place->tried && !place->anchor)
        note_dead_end(s, place);
    if (!place->tried && !place->anchor &&
        (!s->dead_end || s->depth > s->dead_depth)) {
        s->dead_end = place->cert;
        s->dead_depth = s->depth;
        s->dead_node = place->node;
    }
    if (place->anchor)
        hf_cert_free(place->cert);
}

/* Authorities between the leaf and what comes next that pathLenConstraint
 * counts (RFC 5280 4.2.1.9). */
static unsigned count_cas(const struct hf_search *s)
{
    unsigned n = 0;

    for (size_t i = 1; i < s->depth; i++)
        if (!(s->at[i].cert->flags & HF_CERT_SELF_ISSUED))
            n++;
    return n;
}

/* May @cert issue what is at the top of the stack? */
static bool passes(struct hf_search *s, struct hf_check *check, int node)
{
    for (size_t step = 0; hf_check_issuer(check, step); step++) {
        /* An algorithm is the fault of the certificate below. */
        hf_check_report(check, check->code == HF_E_CERT_ALGORITHM
                                   ? s->at[s->depth - 1].node
                                   : node);
        if (!check->code)
            continue;
        /* An older self-signed certificate of that name is not worth the
         * word; that this one is self-signed is. */
        if (s->depth > 1 || check->code != HF_E_NOT_A_CA ||
            !(check->below->flags & HF_CERT_SELF_ISSUED))
            note(s, HF_RANK_ISSUER, check);
        return false;
    }
    return true;
}

/* An anchor must still fit above it.  Authorities that issued themselves fill
 * the path, but a limit that was asked for does not count them, as
 * pathLenConstraint does not. */
static bool leaves_room(struct hf_search *s, struct hf_check *check, int node)
{
    bool counts = !(check->cert->flags & HF_CERT_SELF_ISSUED);
    size_t all = s->depth + (check->anchor ? 1 : 2);
    size_t counted = check->cas_below + (check->anchor || !counts ? 2 : 3);

    if (all <= HF_PATH_MAX && counted <= s->max_depth)
        return true;
    check->event = HF_EV_CHECK_PATH;
    check->code = HF_E_PATH_LENGTH;
    check->depth = all > HF_PATH_MAX ? HF_PATH_MAX : s->max_depth;
    hf_check_report(check, node);
    note(s, HF_RANK_TOO_DEEP, check);
    return false;
}

/* Not again, if the checker has found that it did not. */
static bool may_have_signed(struct hf_search *s, const struct hf_check *issuer,
                            int node)
{
    struct hf_check check = { .v = s->v,
                              .cert = issuer->below,
                              .above = issuer->cert,
                              .event = HF_EV_CHECK_SIGNATURE,
                              .code = HF_E_CERT_SIGNATURE };

    if (!hf_checker_knows_bad(&s->checker, check.cert, check.above))
        return true;
    hf_check_report(&check, node);
    return false;
}

/* The place on the stack whose fault it is: of a signature the one who should
 * have made it, of a constraint the one who made that.  So a certificate that
 * other paths go through as well is not blamed for this one. */
static size_t culprit(const struct hf_search *s)
{
    size_t where = s->checker.where;

    if (s->checker.event == HF_EV_CHECK_SIGNATURE)
        return where + 1;
    if (s->checker.event == HF_EV_CHECK_CONSTRAINTS)
        for (size_t i = 0; i < s->depth; i++)
            if (s->at[i].cert == s->checker.fault.ca)
                return i;
    return where;
}

/* Tell what the checker found. */
static void report_proof(struct hf_search *s, uint16_t code)
{
    struct hf_check check = { .v = s->v, .event = HF_EV_CHECK_SIGNATURE };

    if (code) {
        size_t where = s->checker.where;

        check.cert = s->at[where].cert;
        check.above = where + 1 < s->depth ? s->at[where + 1].cert : NULL;
        check.fault = &s->checker.fault;
        check.finding = &s->checker.findings[where];
        check.event = s->checker.event;
        check.code = code;
        hf_check_report(&check, s->at[culprit(s)].node);
        note(s, HF_RANK_WHOLE_PATH, &check);
        return;
    }
    for (size_t i = s->depth - 1; i-- > 0;) {
        check.cert = s->at[i].cert;
        check.above = s->at[i + 1].cert;
        hf_check_report(&check, -1);
    }
    for (size_t i = s->depth; i-- > 1;)
        if (s->at[i].cert->name_constraints.len) {
            check.cert = s->at[0].cert;
            check.above = s->at[i].cert;
            check.event = HF_EV_CHECK_CONSTRAINTS;
            hf_check_report(&check, -1);
        }
    check.event = HF_EV_CHECK_REVOCATION;
    for (size_t i = s->depth - 1; i-- > 0 && s->v->revocation;) {
        check.cert = s->at[i].cert;
        check.above = s->at[i + 1].cert;
        check.finding = &s->checker.findings[i];
        hf_check_report(&check, -1);
    }
}

/* The stack is a path.  True: the search is over. */
static bool try_path(struct hf_search *s, struct hf_verified *out)
{
    struct hf_cert *path[HF_PATH_MAX];
    uint16_t code;

    s->reached = true;
    if (!s->leaf_ok)
        return true;
    for (size_t i = 0; i < s->depth; i++)
        path[i] = s->at[i].cert;
    code = hf_checker_prove(&s->checker, path, s->depth, out);
    if (code == HF_E_BUDGET || code == HF_E_CRYPTO ||
        code == HF_E_OUT_OF_MEMORY) {
        hf_search_stop(s, code);
        return true;
    }
    report_proof(s, code);
    return !code;
}

/* Try @cert above the top.  True: the search is over.  Takes it over if it is
 * an anchor. */
static bool try_candidate(struct hf_search *s, struct hf_cert *cert,
                          bool anchor, struct hf_verified *out)
{
    struct hf_place *below = &s->at[s->depth - 1];
    struct hf_check check = { .v = s->v,
                              .cert = cert,
                              .below = below->cert,
                              .cas_below = count_cas(s),
                              .anchor = anchor,
                              .depth = s->depth };
    bool over = false;
    int node;

    below->tried = true;
    node = add_node(s, cert, s->depth, anchor);
    if (!passes(s, &check, node) || !leaves_room(s, &check, node) ||
        !may_have_signed(s, &check, node)) {
        if (anchor)
            hf_cert_free(cert);
        return false;
    }
    push(s, cert, anchor, node);
    if (anchor) {
        check.event = HF_EV_CHECK_ANCHOR;
        check.code = HF_OK;
        hf_check_report(&check, node);
        over = try_path(s, out);
        pop(s);
    }
    return over;
}

/* ---- the search --------------------------------------------------------------------------------- */

static void check_leaf(struct hf_search *s)
{
    struct hf_check check = { .v = s->v, .cert = s->at[0].cert };

    /* In the store as it is: it need not obey the rules for strangers. */
    check.anchor = s->v->store &&
                   hf_store_holds(s->v->store, check.cert, &s->unreadable);
    s->at[0].anchor = check.anchor;
    s->leaf_ok = true;
    for (size_t step = 0; hf_check_leaf(&check, step); step++) {
        hf_check_report(&check, s->at[0].node);
        if (!check.code)
            continue;
        s->leaf_ok = false;
        note(s,
             check.event == HF_EV_CHECK_TIME ? HF_RANK_LEAF_TIME
                                             : HF_RANK_LEAF_OTHER,
             &check);
    }
    if (check.anchor) {
        check.event = HF_EV_CHECK_ANCHOR;
        check.code = HF_OK;
        hf_check_report(&check, s->at[0].node);
    }
}

static void run(struct hf_search *s, struct hf_verified *out)
{
    if (s->at[0].anchor) {
        try_path(s, out);
        s->at[0].anchor = false; /* it is not ours to free */
        return;
    }
    while (s->depth && !s->stopped) {
        struct hf_place *top = &s->at[s->depth - 1];
        bool anchor = false;
        struct hf_cert *cert = hf_next_candidate(s, top, &anchor);

        if (!cert)
            pop(s);
        else if (try_candidate(s, cert, anchor, out))
            break;
    }
}

/* Nobody who is trusted: which of the reasons is it?  See docs/x509.md. */
static void explain_no_path(struct hf_search *s)
{
    const struct hf_cert *end = s->dead_end ? s->dead_end : s->at[0].cert;
    struct hf_check check = { .v = s->v,
                              .cert = end,
                              .event = HF_EV_CHECK_ANCHOR,
                              .code = HF_E_UNKNOWN_ISSUER,
                              .unreadable = &s->unreadable };

    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) the leaf at least */
    if (end == s->v->chain[0] && end->flags & HF_CERT_SELF_ISSUED)
        check.code = HF_E_SELF_SIGNED;
    else if (end == s->v->chain[0] && hf_is_intermediate_missing(s->v))
        check.code = HF_E_MISSING_INTERMEDIATE;
    hf_check_report(&check, s->dead_node);
    note(s, HF_RANK_NO_PATH, &check);
}

static void report_path(struct hf_search *s, const struct hf_verified *out)
{
    struct hf_check check = { .v = s->v,
                              .cert = s->v->chain[0],
                              .proof = out,
                              .event = HF_EV_CHECK_PATH,
                              .code = s->best.code };

    if (out->token == HF_VERIFIED_TOKEN)
        check.code = HF_OK;
    hf_check_report(&check, -1);
}

static struct hf_search *begin(const struct hf_verify *v)
{
    static const struct hf_verify_budget usual = { SIGNATURES, CANDIDATES,
                                                   COMPARISONS };
    struct hf_search *s = hf_alloc(sizeof(*s));

    if (!s)
        return NULL;
    s->v = v;
    s->had = v->budget ? *v->budget : usual;
    s->left = s->had.candidates;
    s->max_depth = v->max_depth && v->max_depth < HF_PATH_MAX ? v->max_depth
                                                              : HF_PATH_MAX;
    s->checker.v = v;
    s->checker.signatures = s->had.signatures;
    s->checker.comparisons = s->had.comparisons;
    push(s, v->chain[0], false, add_node(s, v->chain[0], 0, false));
    return s;
}

static void end(struct hf_search *s)
{
    if (s->v->tree)
        s->v->tree->spent = hf_search_spent(s);
    while (s->depth)
        pop(s);
    hf_checker_wipe(&s->checker);
    hf_free(s, sizeof(*s));
}

bool hf_verify_chain(const struct hf_verify *v, struct hf_verified *out,
                     struct hf_error *error)
{
    struct hf_search *s;
    bool ok;

    *out = (struct hf_verified){ .token = 0 };
    if (!v->count || !v->chain[0])
        return hf_fail(error, HF_E_EMPTY_CHAIN, NULL);
    s = begin(v);
    if (!s)
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    check_leaf(s);
    run(s, out);
    ok = out->token == HF_VERIFIED_TOKEN;
    if (!ok && !s->reached && !s->stopped)
        explain_no_path(s);
    if (!ok && s->rank == HF_RANK_NOTHING)
        hf_search_stop(s, HF_E_BUG);
    if (!ok && !error->code)
        *error = s->best;
    report_path(s, out);
    end(s);
    return ok;
}
