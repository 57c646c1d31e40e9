/* policy_test.c - policies: what each row says of itself, that a config does as
 * the row says, and what setters before and after it are worth. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/setter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint16_t *const *lists_of(const struct hf_policy *p)
{
    static const uint16_t *lists[4];

    lists[0] = p->suites;
    lists[1] = p->groups;
    lists[2] = p->shares;
    lists[3] = p->schemes;
    return lists;
}

static bool on_list(const uint16_t *list, unsigned number)
{
    while (*list && *list != number)
        list++;
    return *list != 0;
}

/* ---- the rows --------------------------------------------------------------------- */

static void names_are_short_or_pinned(void **state)
{
    const struct hf_policy *p;

    (void)state;
    for (size_t i = 0; (p = hf_policy_at(i)); i++) {
        size_t len = strlen(p->name);

        /* "name-YYYY", perhaps with more behind it; the year of the date. */
        assert_memory_equal(p->pinned, p->name, len);
        assert_int_equal(p->pinned[len], '-');
        assert_memory_equal(p->pinned + len + 1, p->date, 4);
        assert_int_equal(strlen(p->date), 10);
        assert_ptr_equal(hf_policy_find(p->pinned), p);
        assert_non_null(hf_policy_find(p->name));
        assert_true(strlen(p->purpose) > 10);
        /* The first of a name is the newest. */
        assert_true(strcmp(hf_policy_find(p->name)->date, p->date) >= 0);
    }
    assert_null(hf_policy_at(SIZE_MAX));
    assert_null(hf_policy_find("defaul"));
    assert_null(hf_policy_find("default-"));
    assert_null(hf_policy_find("default-2025"));
    assert_null(hf_policy_find("Default"));
    assert_null(hf_policy_find(""));
    assert_null(hf_policy_find(NULL));
}

static void lists_hold_what_exists_once_each(void **state)
{
    const struct hf_policy *p;

    (void)state;
    for (size_t i = 0; (p = hf_policy_at(i)); i++)
        for (unsigned l = 0; l < 4; l++) {
            const uint16_t *list = lists_of(p)[l];
            size_t n = 0;

            for (; list[n]; n++) {
                assert_false(on_list(list + n + 1, list[n]));
                assert_non_null(l == 0   ? hf_suite_name(list[n])
                                : l == 3 ? hf_scheme_name(list[n])
                                         : hf_group_name(list[n]));
            }
            assert_in_range(n, 1, l == 2 ? HF_SHARES_MAX : HF_LIST_MAX);
        }
}

/* Suites are of the versions, and each version has some; shares are of the
 * groups and in their order (RFC 8446 4.2.8). */
static void a_row_agrees_with_itself(void **state)
{
    const struct hf_policy *p;

    (void)state;
    for (size_t i = 0; (p = hf_policy_at(i)); i++) {
        unsigned seen = 0;
        const uint16_t *group = p->groups;

        for (const uint16_t *s = p->suites; *s; s++) {
            unsigned version = hf_suite_by_number(*s)->version;

            assert_in_range(version, p->min_version, p->max_version);
            seen |= 1u << (version - HF_TLS12);
        }
        for (unsigned v = p->min_version; v <= p->max_version; v++)
            assert_true(seen & 1u << (v - HF_TLS12));
        for (const uint16_t *share = p->shares; *share; share++) {
            while (*group && *group != *share)
                group++;
            assert_int_equal(*group, *share);
        }
        assert_in_range(p->min_rsa_bits, 2048, 8192);
    }
}

/* What no policy of ours may name, new rows included (RFC 8446 1.3, 4.2.3). */
static void nothing_weak_is_in_any(void **state)
{
    const struct hf_policy *p;

    (void)state;
    for (size_t i = 0; (p = hf_policy_at(i)); i++) {
        assert_true(p->min_version >= HF_TLS12);
        for (const uint16_t *s = p->suites; *s; s++) {
            const char *name = hf_suite_name(*s);

            assert_true(strstr(name, "GCM") || strstr(name, "POLY1305"));
            assert_null(strstr(name, "anon"));
            assert_null(strstr(name, "NULL"));
            assert_null(strstr(name, "EXPORT"));
            if (strcmp(p->name, "classic"))
                assert_null(strstr(name, "TLS_RSA_"));
        }
        for (const uint16_t *s = p->schemes; *s; s++) {
            assert_null(strstr(hf_scheme_name(*s), "sha1"));
            assert_null(strstr(hf_scheme_name(*s), "md5"));
        }
    }
}

static void the_three_are_what_they_are_called(void **state)
{
    const struct hf_policy *def = hf_policy_find("default");
    const struct hf_policy *modern = hf_policy_find("modern");
    const struct hf_policy *classic = hf_policy_find("classic");

    (void)state;
    assert_ptr_equal(def, hf_policy_at(0)); /* hf_config_new takes it */
    assert_int_equal(def->min_version, HF_TLS12);
    assert_int_equal(def->max_version, HF_TLS13);
    assert_int_equal(modern->min_version, HF_TLS13);
    assert_int_equal(classic->min_version, HF_TLS12);
    for (const uint16_t *s = def->suites; *s; s++)
        assert_true(on_list(classic->suites, *s));
    assert_false(on_list(def->suites, 0x009c));
    assert_true(on_list(classic->suites, 0x009c));
    assert_true(on_list(classic->suites, 0x009d));
}

/* ---- a config ------------------------------------------------------------------------ */

static void assert_list(const struct hf_numbers *is, const uint16_t *should)
{
    size_t n = 0;

    for (; should[n]; n++)
        assert_true(n < is->count && is->at[n] == should[n]);
    assert_int_equal(is->count, n);
}

static void assert_follows(const char *name)
{
    const struct hf_policy *p = hf_policy_find(name);
    const struct hf_settings *set = &config->settings;

    assert_int_equal(set->min_version, p->min_version);
    assert_int_equal(set->max_version, p->max_version);
    assert_int_equal(set->min_rsa_bits, p->min_rsa_bits);
    assert_list(&set->suites, p->suites);
    assert_list(&set->groups, p->groups);
    assert_list(&set->shares, p->shares);
    assert_list(&set->schemes, p->schemes);
}

static void a_new_config_follows_the_default(void **state)
{
    (void)state;
    assert_follows("default");
    assert_true(hf_config_freeze(config));
    assert_follows("default"); /* libcrypto has all of it */
}

static void classic_has_all_of_its_row(void **state)
{
    (void)state;
    assert_true(hf_config_set_policy(config, "classic"));
    assert_true(hf_config_freeze(config));
    assert_follows("classic"); /* RSA key transport, too */
}

static void a_policy_replaces_whatever_was_set(void **state)
{
    static const uint16_t suite[] = { 0x1303, 0 }, group[] = { 23, 0 },
                          scheme[] = { 0x0403, 0 };

    (void)state;
    assert_true(hf_config_set_versions(config, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_suites(config, suite));
    assert_true(hf_config_set_groups(config, group));
    assert_true(hf_config_set_shares(config, group));
    assert_true(hf_config_set_signatures(config, scheme));
    assert_true(hf_config_set_min_rsa(config, 4096));
    assert_true(hf_config_set_policy(config, "modern"));
    assert_follows("modern");
    assert_true(hf_config_freeze(config));
    assert_follows("modern");
}

static void setters_behind_it_change_parts(void **state)
{
    static const uint16_t suite[] = { 0x1303, 0 }, group[] = { 24, 23, 0 },
                          first[] = { 24, 0 };
    const struct hf_policy *p = hf_policy_find("modern");

    (void)state;
    assert_true(hf_config_set_policy(config, "modern-2026"));
    assert_true(hf_config_set_suites(config, suite));
    assert_true(hf_config_set_groups(config, group));
    assert_true(hf_config_set_min_rsa(config, 3072));
    assert_true(hf_config_freeze(config));
    assert_list(&config->settings.suites, suite);
    assert_list(&config->settings.groups, group);
    assert_list(&config->settings.shares, first); /* they follow */
    assert_list(&config->settings.schemes, p->schemes);
    assert_int_equal(config->settings.min_rsa_bits, 3072);
    assert_int_equal(config->settings.min_version, HF_TLS13);
}

static void an_unknown_policy_changes_nothing(void **state)
{
    (void)state;
    assert_true(hf_config_set_policy(config, "modern"));
    assert_false(hf_config_set_policy(config, "moder\n"));
    expect(HF_E_BAD_OPTION, "there is no policy \"moder\\x0a\"");
    assert_false(hf_config_set_policy(config, NULL));
    expect(HF_E_BAD_OPTION, "no policy");
    assert_follows("modern");
    assert_true(hf_config_freeze(config));
    assert_false(hf_config_set_policy(config, "default"));
    expect(HF_E_FROZEN, "");
}

/* ---- versions and suites --------------------------------------------------------------- */

/* A version without a suite is not offered (RFC 8446 9.3), whichever was said
 * first. */
static void versions_follow_the_suites(void **state)
{
    static const uint16_t new[] = { 0x1301, 0 }, old[] = { 0xc02b, 0xc02f, 0 };

    (void)state;
    assert_true(hf_config_set_suites(config, new));
    assert_true(hf_config_freeze(config));
    assert_int_equal(config->settings.min_version, HF_TLS13);
    end(NULL);
    begin(NULL);
    assert_true(hf_config_set_suites(config, old));
    assert_true(hf_config_set_versions(config, HF_TLS12, HF_TLS13));
    assert_true(hf_config_freeze(config));
    assert_int_equal(config->settings.min_version, HF_TLS12);
    assert_int_equal(config->settings.max_version, HF_TLS12);
}

/* A provider that has a little of everything. */
static void what_the_provider_lacks_is_left_out(void **state)
{
    static const struct hf_aead *aeads[2];
    static const struct hf_kx *groups[2];
    static const struct hf_signature *signatures[2];
    static struct hf_provider small;
    static const uint16_t suites[] = { 0x1301, 0xc02b, 0xc02f, 0 };
    static const uint16_t x25519[] = { 29, 0 }, ecdsa[] = { 0x0403, 0 };

    (void)state;
    small = hf_libcrypto;
    aeads[0] = hf_libcrypto.aeads[0];
    groups[0] = hf_libcrypto.groups[1];
    signatures[0] = hf_libcrypto.signatures[0];
    small.aeads = aeads;
    small.groups = groups;
    small.signatures = signatures;
    assert_true(hf_config_set_provider(config, &small));
    assert_true(hf_config_freeze(config));
    assert_list(&config->settings.suites, suites);
    assert_list(&config->settings.groups, x25519);
    assert_list(&config->settings.shares, x25519);
    assert_list(&config->settings.schemes, ecdsa);

    end(NULL); /* RSA key transport is a matter of the provider, too */
    begin(NULL);
    small.premaster_seal = NULL;
    small.premaster_open = NULL;
    assert_true(hf_config_set_provider(config, &small));
    assert_true(hf_config_set_policy(config, "classic"));
    assert_true(hf_config_freeze(config));
    assert_list(&config->settings.suites, suites);

    end(NULL); /* but not from a list that somebody wrote himself */
    begin(NULL);
    assert_true(hf_config_set_provider(config, &small));
    assert_true(
        hf_config_set_suites(config, (uint16_t[]){ 0x1302, 0x1301, 0 }));
    assert_false(hf_config_freeze(config));
    expect(HF_E_BAD_OPTION, "no cipher suite 0x1302");

    end(NULL); /* and with nothing left there is nothing to offer */
    begin(NULL);
    groups[0] = NULL;
    assert_true(hf_config_set_provider(config, &small));
    assert_false(hf_config_freeze(config));
    expect(HF_E_BAD_OPTION, "no group of the policy");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(names_are_short_or_pinned),
        TEST(lists_hold_what_exists_once_each),
        TEST(a_row_agrees_with_itself),
        TEST(nothing_weak_is_in_any),
        TEST(the_three_are_what_they_are_called),
        TEST(a_new_config_follows_the_default),
        TEST(classic_has_all_of_its_row),
        TEST(a_policy_replaces_whatever_was_set),
        TEST(setters_behind_it_change_parts),
        TEST(an_unknown_policy_changes_nothing),
        TEST(versions_follow_the_suites),
        TEST(what_the_provider_lacks_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
