/* cmd_policy.c - handfast policy list|show|diff: what a policy offers and
 * accepts, in words that can be kept in a file and compared.
 *
 * A policy is printed from its row of policies.def, whole, whatever the machine
 * has: the same text everywhere. */
#include "tool.h"

#include "base/base.h"
#include "crypto/suite.h"

#include <string.h>

/* ---- the lists of a policy ------------------------------------------------------ */

static const struct list {
    const char *title, *key;
    const char *(*name)(unsigned number);
    size_t at; /* in struct hf_policy */
} lists[] = {
    { "cipher suites", "suites", hf_suite_name,
      offsetof(struct hf_policy, suites) },
    { "groups", "groups", hf_group_name, offsetof(struct hf_policy, groups) },
    { "key shares of the first hello", "shares", hf_group_name,
      offsetof(struct hf_policy, shares) },
    { "signature schemes", "signatures", hf_scheme_name,
      offsetof(struct hf_policy, schemes) },
};

static const uint16_t *numbers(const struct hf_policy *p,
                               const struct list *list)
{
    const uint16_t *const *at = (const void *)((const char *)p + list->at);

    return *at;
}

/* The place of @number on a list, -1 if it is not there. */
static int place(const uint16_t *list, unsigned number)
{
    for (int i = 0; list[i]; i++)
        if (list[i] == number)
            return i;
    return -1;
}

static const char *or_unknown(const char *name)
{
    return name ? name : "unknown";
}

/* Of a suite: with TLS 1.3 a secret is always fresh. */
static bool forward_secret(unsigned number)
{
    const struct hf_suite *suite = hf_suite_by_number(number);

    return suite && suite->kx != HF_SUITE_RSA;
}

static void print_number(const struct list *list, unsigned number)
{
    const char *name = or_unknown(list->name(number));
    const struct hf_suite *suite = NULL;

    if (list == &lists[0])
        suite = hf_suite_by_number(number);
    printf("0x%04x  ", number);
    if (!suite) {
        printf("%s\n", name);
        return;
    }
    printf("%-45s  %s%s\n", name, hf_version_name(suite->version),
           forward_secret(number) ? "" : lang(", no forward secrecy"));
}

enum { VERSIONS = 64 };

static void versions_text(const struct hf_policy *p, char out[VERSIONS])
{
    const char *least = hf_version_name(p->min_version);
    const char *most = hf_version_name(p->max_version);

    if (p->min_version == p->max_version)
        snprintf(out, VERSIONS, lang("%s only"), most);
    else
        snprintf(out, VERSIONS, lang("%s to %s"), least, most);
}

/* ---- policy list, policy show --------------------------------------------------- */

static void show_text(const struct hf_policy *p)
{
    const char *purpose = lang(p->purpose);
    char versions[VERSIONS];

    versions_text(p, versions);
    printf(lang("policy        %s, of %s\n"), p->pinned, p->date);
    printf(lang("for           %s\n"),
           strncmp(purpose, "for ", 4) == 0 ? purpose + 4 : purpose);
    printf(lang("versions      %s\n"), versions);
    printf(lang("RSA keys      of %u bits and more\n"),
           (unsigned)p->min_rsa_bits);
    for (size_t i = 0; i < HF_COUNT(lists); i++) {
        printf("\n%s\n", lang(lists[i].title));
        for (const uint16_t *n = numbers(p, &lists[i]); *n; n++) {
            fputs("  ", stdout);
            print_number(&lists[i], *n);
        }
    }
}

static void json_numbers(struct json *j, const struct hf_policy *p,
                         const struct list *list)
{
    char hex[8];

    json_open(j, list->key, '[');
    for (const uint16_t *n = numbers(p, list); *n; n++) {
        snprintf(hex, sizeof(hex), "0x%04x", *n);
        json_open_line(j, NULL, '{');
        json_text(j, "number", hex);
        json_text(j, "name", or_unknown(list->name(*n)));
        if (list == &lists[0]) {
            json_text(j, "version",
                      hf_version_name(hf_suite_by_number(*n)->version));
            json_bool(j, "forward_secrecy", forward_secret(*n));
        }
        json_close(j);
    }
    json_close(j);
}

static void json_head(struct json *j, const struct hf_policy *p)
{
    json_text(j, "name", p->name);
    json_text(j, "pinned", p->pinned);
    json_text(j, "date", p->date);
    json_text(j, "purpose", lang(p->purpose));
}

static void show_json(const struct hf_policy *p)
{
    struct json j;

    json_start(&j, stdout, "handfast/policy/1");
    json_head(&j, p);
    json_open_line(&j, "versions", '[');
    for (unsigned v = p->max_version; v >= p->min_version; v--)
        json_text(&j, NULL, hf_version_name(v));
    json_close(&j);
    json_number(&j, "min_rsa_bits", p->min_rsa_bits);
    for (size_t i = 0; i < HF_COUNT(lists); i++)
        json_numbers(&j, p, &lists[i]);
    json_finish(&j);
}

/* The policy called @name; NULL, with a word about it, if there is none. */
static const struct hf_policy *find(const struct tool *tool, const char *name)
{
    const struct hf_policy *p = hf_policy_find(name), *other;
    const char *names[32], *like;
    size_t n = 0;

    if (p)
        return p;
    for (size_t i = 0; n + 2 < HF_COUNT(names) && (other = hf_policy_at(i));
         i++) {
        names[n++] = other->name;
        names[n++] = other->pinned;
    }
    names[n] = NULL;
    like = most_like(name, names);
    usage_error(tool, "there is no policy \"%s\"%s%s%s", name,
                like ? lang("; did you mean ") : "", like ? like : "",
                like ? "?" : "");
    return NULL;
}

static int run_show(struct tool *tool)
{
    const struct hf_policy *p;
    int code = options_read(tool, NULL);

    if (code >= 0)
        return code;
    if (tool->operand_count > 1)
        return usage_error(tool, "one policy at a time");
    p = find(tool, tool->operand_count ? tool->operands[0] : "default");
    if (!p)
        return HF_EXIT_USAGE;
    if (tool->json)
        show_json(p);
    else
        show_text(p);
    return output_done(tool, HF_EXIT_GOOD);
}

static void list_text(void)
{
    const struct hf_policy *p;

    for (size_t i = 0; (p = hf_policy_at(i)); i++)
        printf("%-14s  %s  %s%s\n", p->pinned, p->date, lang(p->purpose),
               hf_policy_find(p->name) == p ? "" : lang(" (superseded)"));
}

static void list_json(void)
{
    const struct hf_policy *p;
    struct json j;

    json_start(&j, stdout, "handfast/policies/1");
    json_open(&j, "policies", '[');
    for (size_t i = 0; (p = hf_policy_at(i)); i++) {
        json_open(&j, NULL, '{');
        json_head(&j, p);
        json_bool(&j, "newest", hf_policy_find(p->name) == p);
        json_close(&j);
    }
    json_close(&j);
    json_finish(&j);
}

static int run_list(struct tool *tool)
{
    int code = options_read(tool, NULL);

    if (code >= 0)
        return code;
    if (tool->operand_count)
        return usage_error(tool, "it takes no operand; handfast policy show "
                                 "NAME tells of one");
    if (tool->json)
        list_json();
    else
        list_text();
    return output_done(tool, HF_EXIT_GOOD);
}

/* ---- policy diff ------------------------------------------------------------------ */

/* Do those that both lists have stand in the same order? */
static bool same_order(const uint16_t *a, const uint16_t *b)
{
    int last = -1;

    for (; *a; a++) {
        int at = place(b, *a);

        if (at >= 0 && at < last)
            return false;
        if (at >= 0)
            last = at;
    }
    return true;
}

static bool same_list(const uint16_t *a, const uint16_t *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void only_in(const struct list *list, char mark, const uint16_t *these,
                    const uint16_t *those)
{
    for (; *these; these++)
        if (place(those, *these) < 0) {
            printf("%c ", mark);
            print_number(list, *these);
        }
}

static bool same(const struct hf_policy *a, const struct hf_policy *b)
{
    for (size_t i = 0; i < HF_COUNT(lists); i++)
        if (!same_list(numbers(a, &lists[i]), numbers(b, &lists[i])))
            return false;
    return a->min_version == b->min_version &&
           a->max_version == b->max_version &&
           a->min_rsa_bits == b->min_rsa_bits;
}

static void diff_text(const struct hf_policy *a, const struct hf_policy *b)
{
    char old[VERSIONS], new[VERSIONS];

    printf("--- %s\n+++ %s\n", a->pinned, b->pinned);
    versions_text(a, old);
    versions_text(b, new);
    if (strcmp(old, new) != 0)
        printf(lang("\nversions\n- %s\n+ %s\n"), old, new);
    if (a->min_rsa_bits != b->min_rsa_bits)
        printf(lang("\nRSA keys\n- of %u bits and more\n"
                    "+ of %u bits and more\n"),
               (unsigned)a->min_rsa_bits, (unsigned)b->min_rsa_bits);
    for (size_t i = 0; i < HF_COUNT(lists); i++) {
        const uint16_t *x = numbers(a, &lists[i]), *y = numbers(b, &lists[i]);

        if (same_list(x, y))
            continue;
        printf("\n%s\n", lang(lists[i].title));
        only_in(&lists[i], '-', x, y);
        only_in(&lists[i], '+', y, x);
        if (!same_order(x, y))
            puts(lang("~ those of both stand in another order"));
    }
}

static void json_only_in(struct json *j, const struct list *list,
                         const char *key, const uint16_t *these,
                         const uint16_t *those)
{
    json_open(j, key, '[');
    for (; *these; these++)
        if (place(those, *these) < 0)
            json_text(j, NULL, or_unknown(list->name(*these)));
    json_close(j);
}

static void diff_json(const struct hf_policy *a, const struct hf_policy *b)
{
    char old[VERSIONS], new[VERSIONS];
    struct json j;

    json_start(&j, stdout, "handfast/policydiff/1");
    json_text(&j, "from", a->pinned);
    json_text(&j, "to", b->pinned);
    json_bool(&j, "same", same(a, b));
    versions_text(a, old);
    versions_text(b, new);
    json_open_line(&j, "versions", '[');
    json_text(&j, NULL, old);
    json_text(&j, NULL, new);
    json_close(&j);
    json_open_line(&j, "min_rsa_bits", '[');
    json_number(&j, NULL, a->min_rsa_bits);
    json_number(&j, NULL, b->min_rsa_bits);
    json_close(&j);
    for (size_t i = 0; i < HF_COUNT(lists); i++) {
        const uint16_t *x = numbers(a, &lists[i]), *y = numbers(b, &lists[i]);

        json_open(&j, lists[i].key, '{');
        json_only_in(&j, &lists[i], "removed", x, y);
        json_only_in(&j, &lists[i], "added", y, x);
        json_bool(&j, "same_order", same_order(x, y));
        json_close(&j);
    }
    json_finish(&j);
}

static int run_diff(struct tool *tool)
{
    const struct hf_policy *a, *b;
    int code = options_read(tool, NULL);

    if (code >= 0)
        return code;
    if (tool->operand_count != 2)
        return usage_error(tool, "which two policies?");
    a = find(tool, tool->operands[0]);
    b = a ? find(tool, tool->operands[1]) : NULL;
    if (!b)
        return HF_EXIT_USAGE;
    if (tool->json)
        diff_json(a, b);
    else if (!same(a, b))
        diff_text(a, b);
    return output_done(tool, same(a, b) ? HF_EXIT_GOOD : HF_EXIT_NO);
}

/* ---- tables ------------------------------------------------------------------------ */

/* clang-format off */
static const struct opt options[] = {
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

static const struct command list_verb = {
    .name = "list",
    .summary = "the policies, a line each",
    .about = "The pinned name, the date, and what it is for.",
    .examples = "  handfast policy list\n",
    .options = options,
    .run = run_list,
};

static const struct command show_verb = {
    .name = "show",
    .operands = "[NAME]",
    .summary = "everything that a policy fixes; without a name, the default's",
    .about = "Lists have the most wanted first. What the machine's libcrypto "
             "lacks is left out when the policy is used, not here.",
    .examples = "  handfast policy show\n"
                "  handfast policy show classic --json\n",
    .options = options,
    .run = run_show,
};

static const struct command diff_verb = {
    .name = "diff",
    .operands = "A B",
    .summary = "what is in one policy and not in another",
    .about = "The exit code is 0 if both fix the same and 1 if they do not.",
    .examples = "  handfast policy diff default classic\n",
    .options = options,
    .run = run_diff,
};

static const struct command *const verbs[] = { &list_verb, &show_verb,
                                               &diff_verb, NULL };

const struct command cmd_policy = {
    .name = "policy",
    .summary = "what is offered and accepted: named, dated, comparable",
    .verbs = verbs,
};
