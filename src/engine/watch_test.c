/* watch_test.c - what a watcher is told: every message that goes by, every
 * decision, the reason of the end; secrets only if they were asked for, and
 * nothing at all if nobody watches. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;

/* What one side was told. */
static struct heard {
    char messages[400]; /* "<1 >2 ...": theirs and ours, by type */
    size_t kinds[HF_EVENT_ERROR + 1];
    size_t decisions[HF_EVENT_IDS];
    char secrets[16][64];
    uint8_t values[16][HF_HASH_MAX];
    size_t secret_count;
    struct hf_error error;
    bool bad; /* something was NULL that must not be */
} heard[2];

static void hear_message(struct heard *h, const struct hf_event *e)
{
    if (e->record != HF_CONTENT_HANDSHAKE)
        return;
    hf_format_more(h->messages, sizeof(h->messages), "%s%u ",
                   e->sent ? ">" : "<", (unsigned)e->message);
    /* With its header, whole. */
    h->bad |= e->bytes.len < 4 ||
              e->bytes.len != 4 + hf_number(e->bytes.at + 1, 3);
}

static void hear(void *ctx, const struct hf_event *e)
{
    struct heard *h = ctx;

    h->bad |= !e->subject || !e->inputs || !e->verdict || !e->instead ||
              e->kind > HF_EVENT_ERROR || e->id >= HF_EVENT_IDS;
    h->kinds[e->kind]++;
    h->decisions[e->id]++;
    switch (e->kind) {
    case HF_EVENT_MESSAGE: hear_message(h, e); break;
    case HF_EVENT_SECRET:
        assert_true(h->secret_count < HF_COUNT(h->secrets));
        hf_format(h->secrets[h->secret_count], sizeof(h->secrets[0]), "%s",
                  e->subject);
        memcpy(h->values[h->secret_count++], e->bytes.at, e->bytes.len);
        break;
    case HF_EVENT_ERROR: h->error = *e->error; break;
    default: break;
    }
}

static void begin(bool secrets)
{
    memset(heard, 0, sizeof(heard));
    assert_true(duet_init(&duet, attack_certs()));
    assert_true(
        hf_config_set_watch(duet.client_config, hear, &heard[0], secrets));
    assert_true(
        hf_config_set_watch(duet.server_config, hear, &heard[1], secrets));
}

static void every_message_goes_by_once_on_either_side(void **state)
{
    (void)state;
    begin(false);
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
    assert_true(hf_conn_update_keys(duet.client, true));
    duet_run(&duet);
    assert_string_equal(heard[0].messages, ">1 <2 <8 <11 <15 <20 >20 >24 <24 ");
    assert_string_equal(heard[1].messages, "<1 >2 >8 >11 >15 >20 <20 <24 >24 ");
    assert_false(heard[0].bad || heard[1].bad);
    assert_int_equal(heard[0].kinds[HF_EVENT_ERROR], 0);
    duet_wipe(&duet);
}

static void what_is_decided_is_told(void **state)
{
    static const enum hf_event_id both[] = { HF_EV_VERSION, HF_EV_SUITE,
                                             HF_EV_GROUP, HF_EV_KEY_EXCHANGE,
                                             HF_EV_FINISHED };

    (void)state;
    begin(false);
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
    for (size_t i = 0; i < HF_COUNT(both); i++)
        for (size_t who = 0; who < 2; who++)
            if (!heard[who].decisions[both[i]])
                fail_msg("%s is not told to side %zu", hf_event_name(both[i]),
                         who);
    assert_true(heard[0].decisions[HF_EV_TRANSCRIPT_SIGNATURE]);
    assert_true(heard[1].decisions[HF_EV_CERTIFICATE]);
    assert_true(heard[0].kinds[HF_EVENT_CHECK]);
    /* Keys of two stages in two directions. */
    assert_int_equal(heard[0].kinds[HF_EVENT_KEYS], 4);
    assert_int_equal(heard[1].kinds[HF_EVENT_KEYS], 4);
    duet_wipe(&duet);
}

static void secrets_are_told_only_to_who_asked(void **state)
{
    (void)state;
    begin(false);
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
    assert_int_equal(heard[0].kinds[HF_EVENT_SECRET], 0);
    assert_int_equal(heard[1].kinds[HF_EVENT_SECRET], 0);
    duet_wipe(&duet);

    begin(true);
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
    assert_int_equal(heard[0].secret_count, 5);
    assert_int_equal(heard[1].secret_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(heard[0].secrets[i], heard[1].secrets[i]);
        assert_memory_equal(heard[0].values[i], heard[1].values[i], 32);
    }
    assert_string_equal(heard[0].secrets[0], "CLIENT_HANDSHAKE_TRAFFIC_SECRET");
    duet_wipe(&duet);
}

/* One connection may be watched by somebody else than its config says. */
static void a_connection_can_be_watched_by_itself(void **state)
{
    struct heard own;

    (void)state;
    memset(&own, 0, sizeof(own));
    begin(true);
    assert_true(duet_start(&duet, "localhost"));
    assert_true(hf_conn_set_watch(duet.client, hear, &own, false));
    assert_true(hf_conn_set_watch(duet.server, NULL, NULL, false));
    assert_true(duet_run(&duet));
    assert_true(own.kinds[HF_EVENT_MESSAGE] > 0);
    assert_int_equal(own.secret_count, 0);
    assert_int_equal(heard[0].kinds[HF_EVENT_MESSAGE], 0);
    assert_int_equal(heard[1].kinds[HF_EVENT_MESSAGE], 0);
    duet_wipe(&duet);
}

static void the_end_is_told_with_its_reason_once(void **state)
{
    (void)state;
    begin(false);
    assert_true(duet_start(&duet, "other.test"));
    assert_false(duet_run(&duet));
    assert_int_equal(heard[0].kinds[HF_EVENT_ERROR], 1);
    assert_int_equal(heard[1].kinds[HF_EVENT_ERROR], 1);
    assert_int_equal(heard[0].error.code, HF_E_NAME_MISMATCH);
    assert_int_equal(heard[0].error.alert, 42);
    assert_int_equal(heard[1].error.code, HF_E_ALERT);
    assert_true(heard[1].error.by_peer);
    assert_int_equal(heard[1].error.alert, 42);
    assert_memory_equal(&heard[0].error, hf_conn_error(duet.client),
                        sizeof(struct hf_error));
    assert_false(heard[0].bad || heard[1].bad);
    duet_wipe(&duet);
}

/* ---- alerts that cannot be sealed ----------------------------------------------------- */

static const struct hf_aead *sound;
static size_t refusals; /* of the next calls, how many fail */

static bool seal_or_refuse(void *state, const struct hf_seal *one)
{
    if (!refusals)
        return sound->seal(state, one);
    refusals--;
    return false;
}

static void hear_alerts(void *ctx, const struct hf_event *e)
{
    char *alerts = ctx;

    if (e->kind == HF_EVENT_MESSAGE && e->record == HF_CONTENT_ALERT)
        hf_format_more(alerts, 40, "%s%u ", e->sent ? ">" : "<",
                       (unsigned)e->message);
}

/* What is told of is what goes out: of close_notify that fails, and of the alert
 * that its failure brings, the one that could be sealed, or none. */
static void an_alert_is_told_of_if_it_is_sealed(void **state)
{
    static const struct {
        size_t refusals;
        const char *alerts;
        unsigned code;
        bool said;
    } rows[] = {
        { 0, ">0 ", HF_OK, true },
        { 1, ">80 ", HF_E_CRYPTO, true },
        { 2, "", HF_E_CRYPTO, false },
    };

    (void)state;
    for (size_t i = 0; i < 2 * HF_COUNT(rows); i++) {
        size_t row = i / 2;
        unsigned version = i % 2 ? HF_TLS12 : HF_TLS13;
        struct hf_aead flawed;
        char alerts[40] = "";

        begin(false);
        assert_true(
            hf_config_set_versions(duet.client_config, version, version));
        assert_true(duet_start(&duet, "localhost"));
        assert_true(hf_conn_set_watch(duet.client, hear_alerts, alerts, false));
        assert_true(duet_run(&duet));
        sound = duet.client->session.out.aead;
        flawed = *sound;
        flawed.seal = seal_or_refuse;
        flawed.seal_many = NULL;
        duet.client->session.out.aead = &flawed;
        refusals = rows[row].refusals;
        hf_conn_close(duet.client);
        assert_string_equal(alerts, rows[row].alerts);
        assert_int_equal(hf_conn_error(duet.client)->code, rows[row].code);
        assert_int_equal(hf_conn_outgoing(duet.client).len > 0, rows[row].said);
        assert_int_equal(refusals, 0);
        duet_wipe(&duet);
    }
}

/* ---- key log ------------------------------------------------------------------------- */

static char lines[8][256];
static size_t line_count;

static void keep_line(void *ctx, const char *line)
{
    (void)ctx;
    assert_true(line_count < HF_COUNT(lines));
    hf_format(lines[line_count++], sizeof(lines[0]), "%s", line);
}

/* As NSS writes them: label, the client's random, the secret. */
static void key_log_lines_have_their_form(void **state)
{
    static const char *const labels[] = { "CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
                                          "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
                                          "CLIENT_TRAFFIC_SECRET_0 ",
                                          "SERVER_TRAFFIC_SECRET_0 ",
                                          "EXPORTER_SECRET " };
    char random[65];

    (void)state;
    line_count = 0;
    begin(false);
    assert_true(hf_config_set_keylog(duet.client_config, keep_line, NULL));
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
    assert_int_equal(line_count, HF_COUNT(labels));
    assert_true(hf_hex(random, sizeof(random),
                       hf_span(duet.client->session.client_random, 32)));
    for (size_t i = 0; i < line_count; i++) {
        size_t n = strlen(labels[i]);

        assert_memory_equal(lines[i], labels[i], n);
        assert_memory_equal(lines[i] + n, random, 64);
        assert_int_equal(lines[i][n + 64], ' ');
        assert_int_equal(strlen(lines[i]), n + 64 + 1 + 64);
    }
    duet_wipe(&duet);
}

/* In TLS 1.2 the premaster secret is told, too; no key log has a label for it
 * that says it all, and the master secret is enough for those who read one. */
static void the_premaster_secret_is_told_but_not_logged(void **state)
{
    (void)state;
    for (int secrets = 0; secrets < 2; secrets++) {
        line_count = 0;
        begin(secrets);
        assert_true(
            hf_config_set_versions(duet.client_config, HF_TLS12, HF_TLS12));
        assert_true(
            hf_config_set_versions(duet.server_config, HF_TLS12, HF_TLS12));
        assert_true(hf_config_set_keylog(duet.client_config, keep_line, NULL));
        assert_true(duet_start(&duet, "localhost"));
        assert_true(duet_run(&duet));
        assert_int_equal(line_count, 1);
        assert_memory_equal(lines[0], "CLIENT_RANDOM ", 14);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(heard[i].secret_count, secrets ? 2 : 0);
            if (!secrets)
                continue;
            assert_string_equal(heard[i].secrets[0], "PREMASTER_SECRET");
            assert_string_equal(heard[i].secrets[1], "CLIENT_RANDOM");
            assert_memory_equal(heard[i].values[0], heard[0].values[0], 32);
            assert_memory_equal(heard[i].values[1], heard[0].values[1], 48);
        }
        duet_wipe(&duet);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_goes_by_once_on_either_side),
        cmocka_unit_test(what_is_decided_is_told),
        cmocka_unit_test(secrets_are_told_only_to_who_asked),
        cmocka_unit_test(a_connection_can_be_watched_by_itself),
        cmocka_unit_test(the_end_is_told_with_its_reason_once),
        cmocka_unit_test(an_alert_is_told_of_if_it_is_sealed),
        cmocka_unit_test(key_log_lines_have_their_form),
        cmocka_unit_test(the_premaster_secret_is_told_but_not_logged),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
