/* policies.c - certificate policies (RFC 5280 6.1): is there a policy under
 * which every certificate of a path was issued?
 *
 * Hardly anybody asks.  It matters if an authority on the path demands it
 * (policyConstraints) or our own side does; otherwise no path can fail by it
 * and nothing is computed.
 *
 * The RFC's tree is not built, for it can grow exponentially (RFC 9618).  Of
 * it only the lowest level matters, and there every policy once: the policies
 * that are expected of the next certificate, and of each, which of the
 * policies that we would accept it goes back to, as a set of bits.
 *
 *      any  --P1 P2-->  P1 P2  --maps P1 to P7-->  P7 P2  --P7-->  P7
 *
 * "any" is the node whose policy is anyPolicy.  What is looked at is paid for
 * from the budget of comparisons, and a level has at most NODES_MAX.
 */
#include "x509/inside.h"

enum { NODES_MAX = 64, ACCEPTED_MAX = 64, POLICIES_TOLD = 4 };

struct node {
    struct hf_span oid; /* expected of the next certificate */
    uint64_t from;      /* which of the accepted ones it goes back to */
};

struct level {
    struct node at[NODES_MAX];
    size_t count;
    bool any;
};

struct walk {
    const struct hf_policies_asked *asked;
    struct level now, next;
    /* Certificates until ... (RFC 5280 6.1.2 d to f) */
    size_t until_explicit, until_unmapped, until_no_any;
    uint32_t *budget;
    bool broke; /* the budget, or NODES_MAX */
};

static const uint8_t any_policy[] = { 0x55, 0x1d, 0x20, 0 };

/* ---- nodes ------------------------------------------------------------------------- */

static bool equal(struct walk *w, struct hf_span a, struct hf_span b)
{
    if (!*w->budget) {
        w->broke = true;
        return false;
    }
    --*w->budget;
    return hf_span_equal(a, b);
}

static struct node *find(struct walk *w, struct level *level,
                         struct hf_span oid)
{
    for (size_t i = 0; i < level->count; i++)
        if (equal(w, level->at[i].oid, oid))
            return &level->at[i];
    return NULL;
}

static void add(struct walk *w, struct level *level, struct hf_span oid,
                uint64_t from)
{
    struct node *node = find(w, level, oid);

    if (node) {
        node->from |= from;
    } else if (level->count == NODES_MAX) {
        w->broke = true;
    } else {
        level->at[level->count++] = (struct node){ oid, from };
    }
}

/* A policy right below anyPolicy is one of the authority's own; is it one of
 * those that we accept? */
static uint64_t bit_of(struct walk *w, struct hf_span oid)
{
    for (size_t i = 0; i < w->asked->count; i++)
        if (equal(w, w->asked->accepted[i], oid))
            return UINT64_C(1) << i;
    return 0;
}

static bool is_empty(const struct level *level)
{
    return !level->count && !level->any;
}

/* ---- one certificate ------------------------------------------------------------------- */

/* What is expected and not spoken of otherwise goes on under anyPolicy (RFC
 * 5280 6.1.3 d2). */
static void carry_on(struct walk *w)
{
    w->next.any = w->now.any;
    for (size_t i = 0; i < w->now.count; i++)
        if (!find(w, &w->next, w->now.at[i].oid))
            add(w, &w->next, w->now.at[i].oid, w->now.at[i].from);
}

/* RFC 5280 6.1.3 d and e: the certificate's policies that were expected. */
static void meet(struct walk *w, const struct hf_cert *cert, bool any_counts)
{
    struct hf_der r = hf_der(cert->policies), list, one;
    struct hf_span oid;
    bool any = false;

    w->next.count = 0;
    w->next.any = false;
    if (cert->policies.len && !is_empty(&w->now) &&
        hf_der_open(&r, HF_DER_SEQUENCE, &list))
        while (!w->broke && hf_der_open(&list, HF_DER_SEQUENCE, &one) &&
               hf_der_oid(&one, &oid)) {
            const struct node *node;

            if (hf_span_equal(oid, HF_SPAN(any_policy))) {
                any = any_counts;
                continue;
            }
            node = find(w, &w->now, oid);
            if (node)
                add(w, &w->next, oid, node->from);
            else if (w->now.any)
                add(w, &w->next, oid, bit_of(w, oid));
        }
    if (any)
        carry_on(w);
    w->now = w->next;
}

/* The next pair of a list of mappings. */
static bool next_mapping(struct hf_der *list, struct hf_span *theirs,
                         struct hf_span *subject)
{
    struct hf_der one;

    return hf_der_open(list, HF_DER_SEQUENCE, &one) &&
           hf_der_oid(&one, theirs) && hf_der_oid(&one, subject);
}

/* RFC 5280 6.1.4 b: what is mapped is no longer expected by its old name, and
 * by its new one only while mapping is allowed. */
static void map(struct walk *w, const struct hf_cert *cert)
{
    struct hf_der r = hf_der(cert->mappings), list, again;
    struct hf_span theirs, subject;

    if (!cert->mappings.len || !hf_der_open(&r, HF_DER_SEQUENCE, &list))
        return;
    w->next = w->now;
    again = list;
    while (!w->broke && next_mapping(&again, &theirs, &subject)) {
        struct node *node = find(w, &w->next, theirs);

        if (node)
            *node = w->next.at[--w->next.count];
    }
    while (!w->broke && w->until_unmapped &&
           next_mapping(&list, &theirs, &subject)) {
        const struct node *node = find(w, &w->now, theirs);

        if (node)
            add(w, &w->next, subject, node->from);
        else if (w->now.any)
            add(w, &w->next, subject, bit_of(w, theirs));
    }
    w->now = w->next;
}

static void lower(size_t *until, unsigned one_more)
{
    if (one_more && one_more - 1 < *until)
        *until = one_more - 1;
}

/* RFC 5280 6.1.4 i and j */
static void heed(struct walk *w, const struct hf_cert *cert)
{
    lower(&w->until_explicit, cert->explicit_policy);
    lower(&w->until_unmapped, cert->inhibit_mapping);
    lower(&w->until_no_any, cert->inhibit_any);
}

/* RFC 5280 6.1.4 h */
static void count_down(struct walk *w)
{
    w->until_explicit -= w->until_explicit > 0;
    w->until_unmapped -= w->until_unmapped > 0;
    w->until_no_any -= w->until_no_any > 0;
}

/* ---- the path ------------------------------------------------------------------------------ */

static bool nobody_asks(const struct hf_policies_asked *asked,
                        struct hf_cert *const *path, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        if (path[i]->explicit_policy)
            return false;
    return !asked->needed;
}

/* RFC 5280 6.1.5 g: does one that is left go back to one that we accept?
 * Below anyPolicy there are all. */
static bool has_accepted(const struct level *level, size_t accepted)
{
    if (!accepted || level->any)
        return !is_empty(level);
    for (size_t i = 0; i < level->count; i++)
        if (level->at[i].from)
            return true;
    return false;
}

static uint16_t walk_down(struct walk *w, struct hf_cert *const *path,
                          size_t depth, size_t *where)
{
    for (size_t i = depth - 1; i-- > 0;) {
        bool self_issued = path[i]->flags & HF_CERT_SELF_ISSUED;

        *where = i;
        meet(w, path[i], w->until_no_any || (i && self_issued));
        if (!w->broke && !w->until_explicit && is_empty(&w->now))
            return HF_E_POLICY; /* RFC 5280 6.1.3 f */
        if (i == 0)
            break;
        map(w, path[i]);
        if (!self_issued)
            count_down(w);
        heed(w, path[i]);
        if (w->broke)
            return HF_E_BUDGET;
    }
    /* RFC 5280 6.1.5 a, b and g */
    count_down(w);
    if (path[0]->explicit_policy == 1)
        w->until_explicit = 0;
    if (w->broke)
        return HF_E_BUDGET;
    return w->until_explicit || has_accepted(&w->now, w->asked->count)
               ? HF_OK
               : HF_E_POLICY;
}

uint16_t hf_policies_ask(const struct hf_verify *v, struct hf_cert *const *path,
                         size_t depth, uint32_t *budget, size_t *where)
{
    static const struct hf_policies_asked nothing = { .count = 0 };
    const struct hf_policies_asked *asked = v->policies ? v->policies
                                                        : &nothing;
    struct walk *w;
    uint16_t code;

    *where = 0;
    if (depth < 2 || nobody_asks(asked, path, depth))
        return HF_OK;
    if (asked->count > ACCEPTED_MAX)
        return HF_E_BUDGET;
    w = hf_alloc(sizeof(*w));
    if (!w)
        return HF_E_OUT_OF_MEMORY;
    w->asked = asked;
    w->budget = budget;
    w->now.any = true;
    w->until_explicit = asked->needed ? 0 : depth;
    w->until_unmapped = asked->unmapped ? 0 : depth;
    w->until_no_any = asked->no_any ? 0 : depth;
    heed(w, path[depth - 1]); /* limits of an anchor are meant */
    code = walk_down(w, path, depth, where);
    hf_free(w, sizeof(*w));
    return code;
}

/* ---- words ------------------------------------------------------------------------------------ */

/* The first few policies of a certificate. */
static void policies_text(const struct hf_cert *cert, char *out, size_t cap)
{
    struct hf_der r = hf_der(cert->policies), list, one;
    struct hf_span oid;
    char text[64];
    size_t n = 0;

    hf_format(out, cap, "none");
    if (!cert->policies.len || !hf_der_open(&r, HF_DER_SEQUENCE, &list))
        return;
    for (; hf_der_open(&list, HF_DER_SEQUENCE, &one) && hf_der_oid(&one, &oid);
         n++) {
        hf_oid_text(oid, text, sizeof(text));
        if (n == 0)
            hf_format(out, cap, "%s", text);
        else if (n < POLICIES_TOLD)
            hf_format_more(out, cap, ", %s", text);
    }
    if (n > POLICIES_TOLD)
        hf_format_more(out, cap, " and %z more", n - POLICIES_TOLD);
}

void hf_policies_words(const struct hf_check *c, struct hf_words *w)
{
    char own[160];

    policies_text(c->cert, own, sizeof(own));
    hf_format(w->inputs, sizeof(w->inputs), "its policies: %s", own);
    if (!c->code) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "a policy holds all along the path");
        return;
    }
    hf_format(w->verdict, sizeof(w->verdict),
              "a policy is demanded, and none is left that all above it share; "
              "its own: %s",
              own);
    hf_format(w->instead, sizeof(w->instead),
              "have it issued under a policy of its authorities");
}
