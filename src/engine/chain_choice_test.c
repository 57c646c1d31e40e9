/* chain_choice_test.c - of several chains, the one whose signatures the other side
 * lists: RFC 5246 7.4.2 and 7.4.4, RFC 8446 4.4.2.2 and 4.4.2.3. */
#define HF_UNPOISONED
#include "engine/scene.h"

#include "../../tools/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;
static struct issued *rsa, *ec; /* two authorities */

static void add(struct hf_config *config, const struct issued *by,
                const char *name, enum issue_key key)
{
    const struct issue_order order = {
        .names = &name,
        .count = 1,
        .key = key,
        .use = config == duet.client_config ? ISSUE_CLIENT : ISSUE_SERVER,
    };

    assert_true(duet_add_pair(config, by, &order));
}

static void begin(unsigned version)
{
    memset(&duet, 0, sizeof(duet));
    duet.client_config = hf_config_new();
    duet.server_config = hf_config_new();
    assert_true(hf_config_set_clock(duet.client_config, scene_clock, NULL));
    assert_true(hf_config_set_clock(duet.server_config, scene_clock, NULL));
    assert_true(hf_config_set_versions(duet.client_config, version, version));
}

static void hear_unlisted(void *ctx, const struct hf_event *e)
{
    bool *unlisted = ctx;

    if (e->kind == HF_EVENT_DECISION &&
        (e->id == HF_EV_CERTIFICATE || e->id == HF_EV_CLIENT_CERT))
        *unlisted |= strstr(e->inputs, "does not list") != NULL;
}

/* Two keys alike, one certified by an RSA key and one by a P-384 key; who has
 * them looks at what the other can check, and says if that did not help. */
static void a_chain_is_signed_as_its_reader_lists(void **state)
{
    static const struct {
        uint16_t schemes[4];
        int chain;
        bool listed;
    } rows[] = {
        { { 0x0403, 0x0401, 0 }, 0, true },
        { { 0x0403, 0x0503, 0 }, 1, true },
        { { 0x0403, 0x0503, 0x0401, 0 }, 0, true }, /* the first of equals */
        { { 0x0403, 0 }, 0, false },                /* better than none */
        { { 0x0403, 0x0804, 0 }, 0, false },        /* PSS is another thing */
    };

    (void)state;
    for (size_t i = 0; i < 4 * HF_COUNT(rows); i++) {
        unsigned version = i & 1 ? HF_TLS12 : HF_TLS13;
        bool client = (i & 2) != 0, unlisted = false;
        size_t row = i / 4;
        struct hf_config *has, *reads;

        begin(version);
        has = client ? duet.client_config : duet.server_config;
        reads = client ? duet.server_config : duet.client_config;
        add(has, rsa, "a.test", ISSUE_P256);
        add(has, ec, "a.test", ISSUE_P256);
        assert_true(duet_trust(reads, rsa) && duet_trust(reads, ec));
        if (client) {
            add(reads, ec, "a.test", ISSUE_P256);
            assert_true(duet_trust(has, ec));
            assert_true(
                hf_config_set_client_auth(reads, HF_CLIENT_AUTH_REQUIRED));
        }
        assert_true(hf_config_set_verify_signatures(reads, rows[row].schemes));
        assert_true(hf_config_set_watch(has, hear_unlisted, &unlisted, false));
        assert_true(duet_start(&duet, "a.test"));
        if (!duet_run(&duet))
            fail_msg("row %zu: %s; %s", i, hf_conn_error(duet.client)->detail,
                     hf_conn_error(duet.server)->detail);
        assert_int_equal(hf_conn_own_chain(client ? duet.client : duet.server),
                         rows[row].chain);
        assert_int_equal(unlisted, !rows[row].listed);
        duet_wipe(&duet);
    }
}

/* TLS 1.2, whose suite goes with the key: a name goes before a chain, and a
 * chain before a suite. */
static void a_chain_goes_before_a_suite(void **state)
{
    static const uint16_t suites[] = { 0xc02b, 0xc02f, 0 };
    static const struct {
        const char *name;
        uint16_t schemes[5];
        int chain;
        unsigned suite;
    } rows[] = {
        { "a.test", { 0x0403, 0x0503, 0x0804, 0x0401, 0 }, 0, 0xc02b },
        { "a.test", { 0x0403, 0x0503, 0x0804, 0 }, 1, 0xc02f },
        { "a.test", { 0x0403, 0x0804, 0 }, 0, 0xc02b },
        { "b.test", { 0x0403, 0x0804, 0x0401, 0 }, 2, 0xc02b },
        { "c.test", { 0x0403, 0x0503, 0 }, 2, 0xc02b },
        { "c.test", { 0x0804, 0x0401, 0 }, 1, 0xc02f },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        begin(HF_TLS12);
        add(duet.server_config, rsa, "a.test", ISSUE_P256);
        add(duet.server_config, ec, "a.test", ISSUE_RSA2048);
        add(duet.server_config, ec, "b.test", ISSUE_P256);
        assert_true(hf_config_set_suites(duet.server_config, suites));
        assert_true(hf_config_set_verify_signatures(duet.client_config,
                                                    rows[i].schemes));
        assert_true(hf_config_insecure_no_verify(duet.client_config));
        assert_true(duet_start(&duet, rows[i].name));
        assert_true(duet_run(&duet));
        assert_int_equal(hf_conn_own_chain(duet.server), rows[i].chain);
        assert_int_equal(hf_conn_suite(duet.client), rows[i].suite);
        duet_wipe(&duet);
    }
}

static int make_authorities(void **state)
{
    struct issue_order order = { .common_name = "RSA",
                                 .any_name = true,
                                 .key = ISSUE_RSA2048 };
    struct hf_error error = { .code = HF_OK };

    (void)state;
    rsa = issue_root(&order, &error);
    order.common_name = "EC";
    order.key = ISSUE_P384;
    ec = issue_root(&order, &error);
    return rsa && ec ? 0 : -1;
}

static int free_authorities(void **state)
{
    (void)state;
    issued_free(rsa);
    issued_free(ec);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_signed_as_its_reader_lists),
        cmocka_unit_test(a_chain_goes_before_a_suite),
    };

    return cmocka_run_group_tests(tests, make_authorities, free_authorities);
}
