/* names.c - names of hosts and addresses: what a wildcard covers (RFC 9525 6.3),
 * and what a name constraint holds (RFC 5280 4.2.1.10), each as a plain reading
 * of the RFC has it. */
#include "proof.h"

#include "x509/inside.h"

#include "x509/constraints.c"
#include "x509/match.c"

enum { TEXT = 9, PATTERN = 9 };

/* ---- DNS ---------------------------------------------------------------------------- */

static bool is_letter(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* Is it labels of letters, digits and hyphens, 1 to 63 of them, no hyphen at
 * an end?  By what stands at each place. */
static bool is_name(struct hf_span s, size_t most, size_t *labels)
{
    size_t label = 0;
    bool ok = s.len > 0;

    *labels = 1;
    for (size_t i = 0; i < most; i++) {
        uint8_t c, next;

        if (i >= s.len)
            break;
        c = s.at[i];
        next = i + 1 < s.len ? s.at[i + 1] : '.';
        if (c == '.') {
            ok = ok && label > 0 && i + 1 < s.len;
            label = 0;
            ++*labels;
            continue;
        }
        ok = ok && ++label <= 63 && (c == '-' || is_letter(c));
        ok = ok && (c != '-' || (label > 1 && next != '.'));
    }
    return ok;
}

/* A wildcard is the first label, stands for one label, and has two behind it. */
void prove_covers(void)
{
    struct hf_span pattern = any_bytes(PATTERN), dns = any_bytes(TEXT), rest;
    size_t labels, dots = 0, dot = dns.len;
    bool same = true;

    for (size_t i = 0; i < TEXT; i++)
        if (i < dns.len && dns.at[i] == '.' && !dots++)
            dot = i;
    if (!hf_dns_covers(pattern, dns))
        return;
    if (pattern.at[0] != '*') {
        PROVE(pattern.len == dns.len);
        return;
    }
    PROVE(dot > 0 && dot < dns.len && dots >= 2);
    rest = hf_span(pattern.at + 1, pattern.len - 1);
    PROVE(rest.len == dns.len - dot);
    for (size_t i = 0; i < PATTERN; i++)
        same = same && (i >= rest.len ||
                        hf_lower(rest.at[i]) == hf_lower(dns.at[dot + i]));
    PROVE(same);
    PROVE(is_name(hf_span_after(pattern, 2), PATTERN, &labels));
}

/* ---- addresses ---------------------------------------------------------------------- */

void prove_mask(void)
{
    struct hf_span mask = any_bytes(16);
    size_t any = nondet_size();
    bool one, before;

    ASSUME(any > 0 && any < 8 * mask.len);
    one = mask.at[any / 8] >> (7 - any % 8) & 1;
    before = mask.at[(any - 1) / 8] >> (7 - (any - 1) % 8) & 1;
    PROVE(!mask_is_sound(mask) || before || !one);
}

bool any_mask(struct hf_span mask)
{
    PROVE(!mask.len || __CPROVER_r_ok(mask.at, mask.len));
    return nondet_bool();
}

void prove_ip(void)
{
    struct hf_span ip = any_bytes(33), base = any_bytes(33);
    enum relation relation = compare_ip(ip, base);
    bool inside = true;

    if (relation != INSIDE && relation != OUTSIDE)
        return;
    PROVE((ip.len == 4 || ip.len == 16) && (base.len == 8 || base.len == 32));
    for (size_t i = 0; i < 16; i++)
        if (i < ip.len && 2 * ip.len == base.len)
            inside = inside && (ip.at[i] & base.at[ip.len + i]) ==
                                   (base.at[i] & base.at[ip.len + i]);
    PROVE((relation == INSIDE) == (2 * ip.len == base.len && inside));
}

/* ---- mailboxes --------------------------------------------------------------- */

bool any_dns_sound(struct hf_span name, size_t *labels)
{
    PROVE(!name.len || __CPROVER_r_ok(name.at, name.len));
    *labels = nondet_size();
    return name.len && nondet_bool();
}

void prove_email(void)
{
    struct hf_span name = any_bytes(TEXT), base = any_bytes(TEXT);
    enum relation relation = compare_email(name, base);
    size_t ats = 0;

    for (size_t i = 0; i < TEXT; i++)
        ats += i < name.len && name.at[i] == '@';
    PROVE(relation == MALFORMED || (ats == 1 && name.at[0] != '@'));
}

/* ---- what a client asks for ----------------------------------------------------------- */

/* Four numbers below 256 in their shortest form, and nothing else. */
void prove_ip4(void)
{
    enum { LONGEST = 9 };
    struct hf_span text = any_bytes(LONGEST);
    uint8_t ip[4], back[16];
    size_t n = 0, any = nondet_size();

    if (!read_ip4(text, ip))
        return;
    for (unsigned i = 0; i < 4; i++) {
        if (ip[i] >= 100)
            back[n++] = (uint8_t)('0' + ip[i] / 100);
        if (ip[i] >= 10)
            back[n++] = (uint8_t)('0' + ip[i] / 10 % 10);
        back[n++] = (uint8_t)('0' + ip[i] % 10);
        back[n++] = '.';
    }
    PROVE(text.len == n - 1);
    PROVE(any >= text.len || text.at[any] == back[any]);
}
