/* constraints.c - name constraints (RFC 5280 4.2.1.10): which names an
 * authority may certify.
 *
 * Each name is held against each subtree of its kind, and the answer has four
 * values, because a name may be a set (a wildcard stands for many names) and
 * because two strings may not be comparable:
 *
 *                   permitted subtree       excluded subtree
 *     INSIDE        one of them is enough   refused
 *     TOUCHES       not enough              refused
 *     OUTSIDE       not enough              fine
 *     MALFORMED     refused                 refused
 *
 * So whatever is in doubt is refused.  Constraints of several authorities on a
 * path are not merged: each is asked by itself, and all must agree, which is
 * the intersection of what they permit and the union of what they exclude.
 * Kinds that are not evaluated (otherName, registeredID ...) are refused as
 * soon as there is both a constraint and a name of that kind.
 *
 * Hostile lists are the reason for the budget: both are as long as a
 * certificate may be, and every comparison is paid for by its length.
 */
#include "x509/inside.h"

enum relation { OUTSIDE, INSIDE, TOUCHES, MALFORMED };

/* ---- DNS --------------------------------------------------------------------------- */

/* Is @name equal to @base, or does it end with a dot and @base? */
static bool is_under(struct hf_span name, struct hf_span base)
{
    if (name.len > base.len) {
        size_t more = name.len - base.len;

        return name.at[more - 1] == '.' &&
               hf_equal_fold(hf_span_after(name, more), base);
    }
    return hf_equal_fold(name, base);
}

/* "Any DNS name that can be constructed by simply adding zero or more labels
 * to the left-hand side of the name satisfies the name constraint."  A dot in
 * front is not in the RFC but in the wild, and means at least one label. */
static enum relation compare_dns(struct hf_span name, struct hf_span base)
{
    bool wild = hf_dns_is_wildcard(name), dot = base.len && base.at[0] == '.';
    size_t labels, more;

    if (wild)
        name = hf_span_after(name, 2);
    if (dot)
        base = hf_span_after(base, 1);
    if (!hf_dns_is_sound(name, &labels) ||
        ((base.len || dot) && !hf_dns_is_sound(base, &labels)))
        return MALFORMED;
    if (!base.len)
        return INSIDE;
    if (is_under(name, base))
        return dot && !wild && name.len == base.len ? OUTSIDE : INSIDE;
    /* *.x stands for l.x too, if that is what the constraint is about. */
    /* NOLINTNEXTLINE(readability-suspicious-call-argument) the other way round */
    if (!wild || dot || !is_under(base, name))
        return OUTSIDE;
    more = base.len - name.len - 1;
    for (size_t i = 0; i < more; i++)
        if (base.at[i] == '.')
            return OUTSIDE;
    return TOUCHES;
}

/* ---- addresses ------------------------------------------------------------------------ */

/* The mask is a row of ones and then zeroes, as in RFC 4632. */
static bool mask_is_sound(struct hf_span mask)
{
    bool zero = false;

    for (size_t i = 0; i < mask.len * 8; i++) {
        bool one = mask.at[i / 8] & 0x80u >> i % 8;

        if (one && zero)
            return false;
        zero = !one;
    }
    return true;
}

static enum relation compare_ip(struct hf_span ip, struct hf_span base)
{
    size_t half = base.len / 2;

    if ((ip.len != 4 && ip.len != 16) || (base.len != 8 && base.len != 32) ||
        !mask_is_sound(hf_span_after(base, half)))
        return MALFORMED;
    if (ip.len != half)
        return OUTSIDE;
    for (size_t i = 0; i < half; i++)
        if ((ip.at[i] ^ base.at[i]) & base.at[half + i])
            return OUTSIDE;
    return INSIDE;
}

/* ---- email ------------------------------------------------------------------------------ */

static size_t count_at(struct hf_span s, size_t *where)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == '@') {
            *where = i;
            n++;
        }
    return n;
}

/* A mailbox, all mailboxes of a host, or (with a dot in front) of all hosts of
 * a domain.  The local part is compared as it is (RFC 5321 2.4); a star in it
 * is a star. */
static enum relation compare_email(struct hf_span name, struct hf_span base)
{
    struct hf_span host;
    size_t at = 0, base_at = 0, labels, n = count_at(base, &base_at);

    if (count_at(name, &at) != 1 || !at || n > 1 || (n && !base_at))
        return MALFORMED;
    host = hf_span_after(name, at + 1);
    if (!hf_dns_is_sound(host, &labels))
        return MALFORMED;
    if (!n && base.len && base.at[0] == '.')
        return compare_dns(host, base);
    if (!hf_dns_is_sound(hf_span_after(base, n ? base_at + 1 : 0), &labels))
        return MALFORMED;
    if (n && (at != base_at || !hf_equal(name.at, base.at, at)))
        return OUTSIDE;
    base = hf_span_after(base, n ? base_at + 1 : 0);
    return hf_equal_fold(host, base) ? INSIDE : OUTSIDE;
}

/* ---- URIs ------------------------------------------------------------------------------- */

/* What is before the first of @ends in @s; all of it if none is there. */
static struct hf_span before_any(struct hf_span s, const char *ends)
{
    for (size_t i = 0; i < s.len; i++)
        for (const char *end = ends; *end; end++)
            if (s.at[i] == (uint8_t)*end)
                return hf_span_first(s, i);
    return s;
}

/* The last label of an address in figures has no letter; nor has any top-level
 * domain. */
static bool is_in_figures(struct hf_span host)
{
    size_t i = host.len;

    while (i && host.at[i - 1] != '.')
        if (host.at[--i] < '0' || host.at[i] > '9')
            return false;
    return true;
}

/* The host of scheme://user@host:port/..., if it is a DNS name (RFC 3986
 * 3.2).  What some take for the end of the host and others do not, a backslash
 * or a second @, is no part of any. */
static bool host_of_uri(struct hf_span uri, struct hf_span *host)
{
    size_t scheme = before_any(uri, ":/?#").len, at = 0, ats, labels;
    struct hf_span rest = hf_span_after(uri, scheme);

    if (!scheme || rest.len < 3 || !hf_equal(rest.at, "://", 3))
        return false;
    *host = before_any(hf_span_after(rest, 3), "/?#");
    ats = count_at(*host, &at);
    if (ats > 1 || before_any(*host, "\\").len != host->len)
        return false;
    *host = before_any(hf_span_after(*host, ats ? at + 1 : 0), ":");
    return hf_dns_is_sound(*host, &labels) && !is_in_figures(*host);
}

/* "For URIs, the constraint applies to the host part of the name": a host, or
 * with a dot in front what is below a domain.  A URI without such a host is
 * refused. */
static enum relation compare_uri(struct hf_span name, struct hf_span base)
{
    struct hf_span host;
    size_t labels;

    if (!host_of_uri(name, &host))
        return MALFORMED;
    if (base.len && base.at[0] == '.')
        return compare_dns(host, base);
    if (!hf_dns_is_sound(base, &labels))
        return MALFORMED;
    return hf_equal_fold(host, base) ? INSIDE : OUTSIDE;
}

/* ---- directory names -------------------------------------------------------------------- */

static bool is_texty(uint8_t tag)
{
    return tag == HF_DER_UTF8 || tag == HF_DER_PRINTABLE || tag == HF_DER_IA5 ||
           tag == HF_DER_NUMERIC;
}

/* The next character for a comparison that ignores case and how many spaces
 * there are (RFC 4518 in spirit); 0 at the end. */
static uint8_t next_char(struct hf_span *s)
{
    uint8_t c;

    if (!s->len)
        return 0;
    c = hf_lower(s->at[0]);
    *s = hf_span_after(*s, 1);
    if (c != ' ')
        return c;
    while (s->len && s->at[0] == ' ')
        *s = hf_span_after(*s, 1);
    return s->len ? ' ' : 0;
}

static struct hf_span trim(struct hf_span s)
{
    while (s.len && s.at[0] == ' ')
        s = hf_span_after(s, 1);
    return s;
}

/* RFC 5280 7.1: the type of string and, in ASCII, case and spaces do not
 * matter.  Where they might matter beyond ASCII, we do not know. */
static enum relation compare_values(const struct hf_tlv *a,
                                    const struct hf_tlv *b)
{
    struct hf_span x = trim(a->value), y = trim(b->value);
    bool unknown = false;

    if (hf_span_equal(a->whole, b->whole))
        return INSIDE;
    if (!is_texty(a->tag) || !is_texty(b->tag))
        return a->tag == b->tag && a->value.len != b->value.len ? OUTSIDE
                                                                : TOUCHES;
    for (;;) {
        uint8_t c = next_char(&x), d = next_char(&y);

        if (c != d && (c < 0x80 || d < 0x80))
            return OUTSIDE;
        if (c != d)
            unknown = true;
        if (!c)
            return unknown ? TOUCHES : INSIDE;
    }
}

static enum relation compare_rdn(struct hf_der a, struct hf_der b)
{
    enum relation all = INSIDE;
    struct hf_span x, y;
    struct hf_tlv v, w;

    while (hf_rdn_next(&a, &x, &v)) {
        enum relation one;

        if (!hf_rdn_next(&b, &y, &w) || !hf_span_equal(x, y))
            return OUTSIDE;
        one = compare_values(&v, &w);
        if (one == OUTSIDE)
            return OUTSIDE;
        if (one == TOUCHES)
            all = TOUCHES;
    }
    return hf_der_done(&b) ? all : OUTSIDE;
}

/* Inside if the constraint is the beginning of the name, RDN by RDN. */
static enum relation compare_directory(struct hf_span name, struct hf_span base)
{
    struct hf_der r = hf_der(name), s = hf_der(base), names, bases, a, b;
    enum relation all = INSIDE;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &names) ||
        !hf_der_open(&s, HF_DER_SEQUENCE, &bases))
        return MALFORMED;
    while (hf_der_open(&bases, HF_DER_SET, &b)) {
        enum relation one;

        if (!hf_der_open(&names, HF_DER_SET, &a))
            return OUTSIDE;
        one = compare_rdn(a, b);
        if (one == OUTSIDE)
            return OUTSIDE;
        if (one == TOUCHES)
            all = TOUCHES;
    }
    return all;
}

/* ---- a name and the lists ----------------------------------------------------------------- */

static enum relation compare(const struct hf_san *name,
                             const struct hf_san *base)
{
    switch ((enum hf_san_kind)name->kind) {
    case HF_SAN_DNS: return compare_dns(name->value, base->value);
    case HF_SAN_IP: return compare_ip(name->value, base->value);
    case HF_SAN_EMAIL: return compare_email(name->value, base->value);
    case HF_SAN_DIRECTORY: return compare_directory(name->value, base->value);
    case HF_SAN_URI: return compare_uri(name->value, base->value);
    case HF_SAN_OTHER: break;
    }
    return MALFORMED; /* not evaluated, so refused */
}

/* Is this constraint about that kind of name?  Of the others, the first byte
 * says which they are. */
static bool is_about(const struct hf_san *name, const struct hf_san *base)
{
    return name->kind == base->kind && (name->kind != HF_SAN_OTHER ||
                                        name->value.at[0] == base->value.at[0]);
}

struct job {
    const struct hf_san *name;
    uint32_t *budget;
    struct hf_nc_fault *fault;
};

static bool spend(const struct job *job, const struct hf_san *base)
{
    uint32_t cost = 1 +
                    (uint32_t)((job->name->value.len + base->value.len) / 32);

    if (cost > *job->budget) {
        *job->budget = 0;
        return false;
    }
    *job->budget -= cost;
    return true;
}

/* Go through one list.  HF_OK: nothing in it refuses the name; then *inside
 * says whether one of it holds it, *about whether any is of its kind. */
static uint16_t ask_list(const struct job *job, struct hf_der list,
                         bool excluded, bool *about, bool *inside)
{
    struct hf_der one;
    struct hf_tlv tlv;

    while (hf_der_open(&list, HF_DER_SEQUENCE, &one) &&
           hf_der_next(&one, &tlv)) {
        struct hf_san base = hf_general_name(&tlv);
        enum relation relation;

        if (!spend(job, &base))
            return HF_E_BUDGET;
        if (!is_about(job->name, &base))
            continue;
        *about = true;
        job->fault->subtree = base;
        job->fault->excluded = excluded;
        relation = compare(job->name, &base);
        if (relation == MALFORMED || (excluded && relation != OUTSIDE))
            return HF_E_NAME_CONSTRAINT;
        if (relation == INSIDE)
            *inside = true;
    }
    return HF_OK;
}

static uint16_t ask(const struct hf_cert *ca, const struct job *job)
{
    struct hf_der r = hf_der(ca->name_constraints), inside, list;
    bool permits = false, excludes = false, in_permitted = false, in_other;
    uint16_t code = HF_OK;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &inside))
        return HF_E_NAME_CONSTRAINT;
    job->fault->name = *job->name;
    if (hf_der_open(&inside, HF_DER_CONTEXT | HF_DER_CONSTRUCTED, &list))
        code = ask_list(job, list, false, &permits, &in_permitted);
    if (code)
        return code;
    if (permits && !in_permitted)
        return HF_E_NAME_CONSTRAINT;
    if (hf_der_open(&inside, HF_DER_CONTEXT | HF_DER_CONSTRUCTED | 1, &list))
        code = ask_list(job, list, true, &excludes, &in_other);
    return code;
}

/* RFC 5280 4.2.1.10: constraints on mailboxes hold for those in the subject
 * too. */
static uint16_t ask_subject(const struct hf_cert *ca,
                            const struct hf_cert *below, uint32_t *budget,
                            struct hf_nc_fault *fault)
{
    static const uint8_t email[] = {
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1
    };
    struct hf_san name = { HF_SAN_DIRECTORY, below->subject };
    struct job job = { &name, budget, fault };
    struct hf_der r = hf_der(below->subject), rdns, set;
    struct hf_span type;
    struct hf_tlv value;
    uint16_t code;

    if (hf_name_is_empty(below->subject))
        return HF_OK;
    code = ask(ca, &job);
    if (code || !hf_der_open(&r, HF_DER_SEQUENCE, &rdns))
        return code;
    name.kind = HF_SAN_EMAIL;
    while (!code && hf_der_open(&rdns, HF_DER_SET, &set))
        while (!code && hf_rdn_next(&set, &type, &value))
            if (hf_span_equal(type, HF_SPAN(email))) {
                name.value = value.value;
                code = ask(ca, &job);
            }
    return code;
}

uint16_t hf_constraints_ask(const struct hf_cert *ca,
                            const struct hf_cert *below, uint32_t *budget,
                            struct hf_nc_fault *fault)
{
    struct hf_der names = hf_san_begin(below);
    struct hf_san name;
    struct job job = { &name, budget, fault };
    uint16_t code = HF_OK;

    *fault = (struct hf_nc_fault){ .ca = ca, .below = below };
    if (!ca->name_constraints.len)
        return HF_OK;
    fault->in_subject = true;
    code = ask_subject(ca, below, budget, fault);
    if (code)
        return code;
    fault->in_subject = false;
    while (!code && hf_san_next(&names, &name))
        code = ask(ca, &job);
    return code;
}
