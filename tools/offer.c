/* offer.c - policy, versions and lists of names made into settings. */
#include "offer.h"

#include "crypto/suite.h"

#include <string.h>

enum { NAMES_MAX = 64 };

struct numbers {
    uint16_t at[NAMES_MAX + 1]; /* 0 behind the last */
    size_t count;
};

static void add(struct numbers *list, unsigned number)
{
    if (list->count < NAMES_MAX)
        list->at[list->count++] = (uint16_t)number;
}

/* Add the numbers of the names in @text, between which stand ':' or ','. */
static bool add_names(struct numbers *list, const char *text, const char *what,
                      unsigned (*number)(const char *), struct failure *f)
{
    while (text && *text) {
        char name[80];
        size_t len = strcspn(text, ":, ");
        unsigned found;

        snprintf(name, sizeof(name), "%.*s", (int)len, text);
        text += len + (text[len] != '\0');
        if (!len)
            continue;
        found = len < sizeof(name) ? number(name) : 0;
        if (!found)
            return fail_with(f, FAIL_LIST, "%s: \"%.60s\"", lang(what), name);
        add(list, found);
    }
    return true;
}

static bool set_failed(struct hf_config *config, struct failure *f)
{
    struct failure kind = { 0 };

    if (!fail_error(f, hf_config_error(config), false)) {
        fail_with(&kind, FAIL_LIST, "%s", "");
        f->exit = kind.exit;
    }
    return false;
}

/* ---- versions --------------------------------------------------------------------- */

static const struct hf_policy *policy_of(const struct offer *o)
{
    return hf_policy_find(o->policy ? o->policy : "default");
}

/* The lower of what --tls-max and others say; 0: nothing was said. */
static unsigned most_of(const struct offer *o)
{
    unsigned most = 0;

    if (o->tls_max && strcmp(o->tls_max, "1.2") == 0)
        most = HF_TLS12;
    if (o->tls_max && strcmp(o->tls_max, "1.3") == 0)
        most = HF_TLS13;
    return most && (!o->max || most < o->max) ? most : o->max;
}

unsigned offer_newest(const struct offer *o)
{
    const struct hf_policy *policy = policy_of(o);
    unsigned most = most_of(o);

    return most ? most : policy ? policy->max_version : HF_TLS13;
}

unsigned offer_oldest(const struct offer *o)
{
    const struct hf_policy *policy = policy_of(o);
    unsigned newest = offer_newest(o);
    unsigned oldest = o->min ? o->min : policy ? policy->min_version : newest;

    return oldest < newest ? oldest : newest;
}

static bool set_versions(const struct offer *o, struct hf_config *config,
                         struct failure *f)
{
    unsigned min = o->min, max = most_of(o);

    if (!min && !max)
        return true;
    max = max ? max : HF_TLS13;
    if (!min) /* a policy's least gives way, one that was said does not */
        min = policy_of(o)->min_version < max ? policy_of(o)->min_version : max;
    if (min > max)
        return fail_with(f, FAIL_VERSIONS,
                         "not older than %s, not newer than %s",
                         hf_version_name(min), hf_version_name(max));
    return hf_config_set_versions(config, min, max) || set_failed(config, f);
}

/* ---- lists ------------------------------------------------------------------------- */

static bool is_of(unsigned number, unsigned version)
{
    const struct hf_suite *suite = hf_suite_by_number(number);

    /* One that we do not know goes with the old ones, and is refused. */
    return (suite ? suite->version : HF_TLS12) == version;
}

/* The named suites of a version; if nobody named any, the policy's. */
static void add_version(struct numbers *list, const struct numbers *named,
                        const uint16_t *policys, unsigned version)
{
    size_t before = list->count;

    for (size_t i = 0; i < named->count; i++)
        if (is_of(named->at[i], version))
            add(list, named->at[i]);
    for (bool none = list->count == before; none && *policys; policys++)
        if (is_of(*policys, version))
            add(list, *policys);
}

static bool set_suites(const struct offer *o, struct hf_config *config,
                       struct failure *f)
{
    struct numbers named = { .count = 0 }, list = { .count = 0 };

    if (!o->ciphers && !o->ciphers13)
        return true;
    if (!add_names(&named, o->ciphers13, "cipher suites", hf_suite_number, f) ||
        !add_names(&named, o->ciphers, "cipher suites", hf_suite_number, f))
        return false;
    for (unsigned version = HF_TLS13; version >= HF_TLS12; version--)
        add_version(&list, &named, policy_of(o)->suites, version);
    return hf_config_set_suites(config, list.at) || set_failed(config, f);
}

static bool set_list(const char *text, const char *what,
                     unsigned (*number)(const char *),
                     bool (*set)(struct hf_config *, const uint16_t *),
                     struct hf_config *config, struct failure *f)
{
    struct numbers list = { .count = 0 };

    if (!text)
        return true;
    return add_names(&list, text, what, number, f) &&
           (set(config, list.at) || set_failed(config, f));
}

/* As large as a setter can be told of; more is too much for it as well. */
static unsigned cut(unsigned long bytes)
{
    return bytes > UINT16_MAX * 2ul ? UINT16_MAX * 2u : (unsigned)bytes;
}

static bool set_shape(const struct offer *o, struct hf_config *config,
                      struct failure *f)
{
    unsigned padding = cut(o->padding);

    return (hf_config_set_record_size_limit(config, cut(o->record_limit)) &&
            hf_config_set_max_fragment_length(config, cut(o->max_fragment)) &&
            hf_config_set_padding(config, padding, padding) &&
            hf_config_set_grease(config, o->grease) &&
            hf_config_set_permute(config, o->grease)) ||
           set_failed(config, f);
}

/* "2:1" */
static bool set_tickets(const struct offer *o, struct hf_config *config,
                        struct failure *f)
{
    unsigned full, resumed;
    char more;

    if (!o->tickets)
        return true;
    if (strlen(o->tickets) > 5 ||
        sscanf(o->tickets, "%2u:%2u%c", &full, &resumed, &more) != 2)
        hf_config_fail(config, HF_E_BAD_OPTION, 0,
                       "--ticket-request takes two numbers, such as 2:1");
    else
        hf_config_ask_tickets(config, full, resumed);
    return !hf_config_error(config)->code || set_failed(config, f);
}

bool offer_set(const struct offer *o, struct hf_config *config,
               struct failure *f)
{
    if (!policy_of(o))
        return fail_with(f, FAIL_POLICY, "\"%.60s\"", o->policy);
    if (o->policy && !hf_config_set_policy(config, o->policy))
        return set_failed(config, f);
    return set_versions(o, config, f) && set_suites(o, config, f) &&
           set_list(o->groups, "groups", hf_group_number, hf_config_set_groups,
                    config, f) &&
           set_list(o->schemes, "signature schemes", hf_scheme_number,
                    hf_config_set_signatures, config, f) &&
           set_list(o->compression, "certificate compression",
                    hf_compression_number, hf_config_set_cert_compression,
                    config, f) &&
           set_tickets(o, config, f) && set_shape(o, config, f);
}

bool protocols_read(struct protocols *p, const char *text)
{
    char *rest = NULL;
    size_t n = 0;

    *p = (struct protocols){ .at = { NULL } };
    if (strlen(text) >= sizeof(p->text))
        return false;
    snprintf(p->text, sizeof(p->text), "%s", text);
    for (char *word = strtok_r(p->text, ",", &rest);
         word && n < HF_COUNT(p->at) - 1; word = strtok_r(NULL, ",", &rest))
        p->at[n++] = word;
    return !rest || !*rest;
}
