/* issue_limits.c - for which names an authority may issue (RFC 5280 4.2.1.10):
 * said in its certificate, asked before issuing, told to people. */
#include "issue_parts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an authority may certify unless it is told otherwise: names that
 * nobody can register (RFC 6761 6.2, RFC 6761 6.3, and ICANN's .internal) and
 * addresses that nobody routes. */
static const char *const private_names[] = {
    "localhost",  "test",          "internal",       "127.0.0.0/8",
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "::1/128",    "fc00::/7",      "fe80::/10",
};

/* ---- saying it ---------------------------------------------------------------- */

/* "10.0.0.0/8" as RFC 5280 4.2.1.10 wants it: address, then mask. */
static GENERAL_NAME *range_name(const char *text)
{
    uint8_t bytes[32] = { 0 };
    char address[64];
    const char *slash = strchr(text, '/');
    char *end;
    unsigned long bits;
    int len;

    if (!slash || (size_t)(slash - text) >= sizeof(address))
        return NULL;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    len = issue_read_address(address, bytes);
    bits = strtoul(slash + 1, &end, 10);
    if (!len || end == slash + 1 || *end || bits > 8UL * (unsigned)len)
        return NULL;
    for (unsigned i = 0; i < (unsigned)len; i++) {
        unsigned left = bits > 8UL * i ? (unsigned)(bits - 8UL * i) : 0;

        bytes[(unsigned)len + i] = (uint8_t)(0xff00U >> (left < 8 ? left : 8));
        bytes[i] &= bytes[(unsigned)len + i];
    }
    return issue_bytes_name(bytes, 2 * len);
}

static GENERAL_NAME *limit_name(const char *text)
{
    uint8_t address[16];
    char range[80];
    int len = issue_read_address(text, address);

    if (*text == '.') /* ".test" is what people write for "test" */
        text++;
    if (len) {
        snprintf(range, sizeof(range), "%s/%d", text, 8 * len);
        return range_name(range);
    }
    if (strchr(text, '/'))
        return range_name(text);
    return issue_is_dns(text) ? issue_text_name(GEN_DNS, text) : NULL;
}

static bool push_limit(NAME_CONSTRAINTS *limits, const char *text,
                       struct hf_error *error)
{
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    GENERAL_NAME *base = limit_name(text);

    if (!base) {
        GENERAL_SUBTREE_free(tree);
        return hf_fail(error, HF_E_BAD_OPTION,
                       "%s is neither a DNS name nor an address range such "
                       "as 10.0.0.0/8",
                       text);
    }
    if (tree) {
        GENERAL_NAME_free(tree->base);
        tree->base = base;
        if (sk_GENERAL_SUBTREE_push(limits->permittedSubtrees, tree))
            return true;
        GENERAL_SUBTREE_free(tree);
    } else {
        GENERAL_NAME_free(base);
    }
    return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
}

/* Permitted subtrees restrict only the kinds of name that they mention: with
 * DNS names alone any address could still be certified. */
static bool says_every_kind(NAME_CONSTRAINTS *limits, struct hf_error *error)
{
    bool dns = false, v4 = false, v6 = false;

    for (int i = 0; i < sk_GENERAL_SUBTREE_num(limits->permittedSubtrees);
         i++) {
        GENERAL_NAME *base =
            sk_GENERAL_SUBTREE_value(limits->permittedSubtrees, i)->base;

        dns |= base->type == GEN_DNS;
        v4 |= base->type == GEN_IPADD && base->d.iPAddress->length == 8;
        v6 |= base->type == GEN_IPADD && base->d.iPAddress->length == 32;
    }
    return (dns || push_limit(limits, "invalid", error)) &&
           (v4 || push_limit(limits, "127.0.0.1/32", error)) &&
           (v6 || push_limit(limits, "::1/128", error));
}

bool issue_add_limits(X509 *cert, const struct issue_order *order,
                      struct hf_error *error)
{
    NAME_CONSTRAINTS *limits;
    const char *const *names = order->count ? order->names : private_names;
    size_t count = order->count ? order->count : HF_COUNT(private_names);
    bool good;

    if (order->any_name)
        return true;
    limits = NAME_CONSTRAINTS_new();
    if (limits)
        limits->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
    good = limits && limits->permittedSubtrees;
    for (size_t i = 0; good && i < count; i++)
        good = push_limit(limits, names[i], error);
    good = good && says_every_kind(limits, error) &&
           /* RFC 5280 4.2.1.10: conforming CAs MUST mark it as critical */
           issue_add(cert, NID_name_constraints, limits, true);
    NAME_CONSTRAINTS_free(limits);
    return good || hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
}

/* ---- asking and telling --------------------------------------------------------- */

static bool permits(NAME_CONSTRAINTS *limits, const char *text,
                    enum issue_use use)
{
    X509 *probe = X509_new();
    struct issue_order one = { .names = &text, .count = 1, .use = use };
    bool good = true;

    if (probe && issue_add_names(probe, &one)) {
        X509_check_purpose(probe, -1, 0); /* makes it look at its names */
        good = NAME_CONSTRAINTS_check(probe, limits) == X509_V_OK;
    }

    X509_free(probe);
    return good;
}

const char *issue_outside(const struct issued *issuer,
                          const struct issue_order *order)
{
    NAME_CONSTRAINTS *limits = X509_get_ext_d2i(
        issuer->cert, NID_name_constraints, NULL, NULL);
    const char *outside = NULL;

    for (size_t i = 0; limits && !outside && i < order->count; i++)
        if (!permits(limits, order->names[i], order->use))
            outside = order->names[i];
    NAME_CONSTRAINTS_free(limits);
    return outside;
}

static void limit_text(const GENERAL_NAME *name, char *out, size_t cap)
{
    char address[INET6_ADDRSTRLEN] = "?";
    const ASN1_OCTET_STRING *ip;
    unsigned bits = 0;
    int half;

    if (name->type == GEN_DNS) {
        snprintf(out, cap, "%.*s", name->d.dNSName->length,
                 (const char *)name->d.dNSName->data);
        return;
    }
    ip = name->d.iPAddress;
    half = ip->length / 2;
    for (int i = half; i < ip->length; i++)
        for (unsigned bit = ip->data[i]; bit & 0x80; bit <<= 1)
            bits++;
    inet_ntop(half == 4 ? AF_INET : AF_INET6, ip->data, address,
              sizeof(address));
    snprintf(out, cap, "%s/%u", address, bits);
}

void issued_limits(const struct issued *it, char *out, size_t cap)
{
    NAME_CONSTRAINTS *limits = X509_get_ext_d2i(it->cert, NID_name_constraints,
                                                NULL, NULL);
    size_t used = 0;
    int count = limits ? sk_GENERAL_SUBTREE_num(limits->permittedSubtrees) : 0;

    snprintf(out, cap, "any name");
    for (int i = 0; i < count; i++) {
        GENERAL_NAME *base =
            sk_GENERAL_SUBTREE_value(limits->permittedSubtrees, i)->base;
        char one[300];

        if (base->type != GEN_DNS && base->type != GEN_IPADD)
            continue;
        limit_text(base, one, sizeof(one));
        if (used < cap)
            used += (size_t)snprintf(out + used, cap - used, "%s%s",
                                     used ? ", " : "", one);
    }
    NAME_CONSTRAINTS_free(limits);
}
