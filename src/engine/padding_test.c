/* padding_test.c - records as long as our padding makes them (RFC 8446 5.4), and
 * the settings of what they look like. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- padding --------------------------------------------------------------------- */

static void sealed_records_are_multiples(void **state)
{
    static const unsigned multiples[] = { 2, 16, 100, 512, 4096, 16384 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(multiples); i++) {
        unsigned n = multiples[i];

        meter_begin(HF_TLS13, attack_certs());
        assert_true(hf_config_set_padding(meter.client_config, n, n));
        assert_true(hf_config_set_padding(meter.server_config, n, n));
        /* So that the limit is one, too. */
        assert_true(hf_config_set_record_size_limit(meter.client_config,
                                                    16384 / n * n));
        assert_true(hf_config_set_record_size_limit(meter.server_config,
                                                    16384 / n * n));
        meter_sent[HF_CLIENT].multiple = meter_sent[HF_SERVER].multiple = n;
        meter_talk(HF_TLS13);
        assert_int_equal(meter_sent[HF_CLIENT].strangers, 0);
        assert_int_equal(meter_sent[HF_SERVER].strangers, 0);
        assert_true(meter_sent[HF_CLIENT].sealed > 4);
        assert_int_equal(meter_sent[HF_SERVER].most, 16384 / n * n);
        duet_wipe(&meter);
    }
}

static void padding_ends_at_the_limit(void **state)
{
    (void)state;
    meter_begin(HF_TLS13, attack_certs());
    assert_true(hf_config_set_padding(meter.server_config, 16384, 1000));
    assert_true(hf_config_set_record_size_limit(meter.client_config, 300));
    meter_sent[HF_SERVER].multiple = 300;
    meter_talk(HF_TLS13);
    assert_int_equal(meter_sent[HF_SERVER].most, 300);
    assert_int_equal(meter_sent[HF_SERVER].strangers, 0);
    duet_wipe(&meter);
}

/* One multiple for the handshake, one for what follows it. */
static void the_two_paddings_are_apart(void **state)
{
    size_t handshake;

    (void)state;
    for (int which = 0; which < 2; which++) {
        meter_begin(HF_TLS13, attack_certs());
        assert_true(hf_config_set_padding(meter.client_config, which ? 512 : 0,
                                          which ? 0 : 512));
        meter_sent[HF_CLIENT].multiple = 512;
        assert_true(duet_start(&meter, "localhost"));
        assert_true(meter_pump(HF_TLS13));
        handshake = meter_sent[HF_CLIENT].sealed;
        assert_int_equal(meter_sent[HF_CLIENT].strangers,
                         which ? handshake : 0);
        meter_send(HF_CLIENT, HF_TLS13, hf_span(meter_data, 10));
        hf_conn_close(meter.client); /* alerts as well */
        meter_pump(HF_TLS13);
        assert_int_equal(meter_sent[HF_CLIENT].sealed, handshake + 2);
        assert_int_equal(meter_sent[HF_CLIENT].strangers,
                         which ? handshake : 2);
        assert_int_equal(meter.server_len, 10);
        duet_wipe(&meter);
    }
}

static void tls12_has_no_padding(void **state)
{
    (void)state;
    meter_begin(HF_TLS12, attack_certs());
    assert_true(hf_config_set_padding(meter.client_config, 512, 512));
    meter_talk(HF_TLS12);
    assert_int_equal(meter_sent[HF_CLIENT].most, 16384);
    duet_wipe(&meter);
}

/* In less room than a whole multiple nothing is sealed; in more, only whole
 * ones. */
static void room_is_counted_with_its_padding(void **state)
{
    static uint8_t room[65536];
    size_t taken, made, need;

    (void)state;
    meter_begin(HF_TLS13, attack_certs());
    assert_true(hf_config_set_padding(meter.client_config, 512, 0));
    assert_true(duet_start(&meter, "localhost"));
    assert_true(meter_pump(HF_TLS13));
    for (size_t len = 1; len <= METER_DATA; len += len < 1200 ? 1 : 997) {
        need = hf_conn_room(meter.client, len);
        made = hf_conn_send(meter.client, hf_span(meter_data, len), room, need,
                            &taken);
        assert_int_equal(taken, len);
        assert_in_range(need - made, 0, 7 * (1 + len / 16384));
    }
    for (size_t cap = 0; cap < 4000; cap++) {
        struct metered s = { .multiple = 512 };

        made = hf_conn_send(meter.client, HF_SPAN(meter_data), room, cap,
                            &taken);
        assert_true(made <= cap);
        assert_int_equal(made != 0, cap >= 511 + HF_SEAL_OVERHEAD);
        assert_int_equal(taken != 0, made != 0);
        meter_count(&s, HF_TLS13, room, made);
        assert_int_equal(s.strangers, 0);
    }
    duet_wipe(&meter);
}

/* ---- settings -------------------------------------------------------------------- */

static void settings_have_their_bounds(void **state)
{
    static const unsigned limits[] = { 1, 63, 16386, 65536 + 64 };
    static const unsigned lengths[] = { 1, 256, 513, 8192, 65536 + 512 };
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_non_null(config);
    for (size_t i = 0; i < HF_COUNT(limits); i++) {
        assert_false(hf_config_set_record_size_limit(config, limits[i]));
        assert_int_equal(hf_config_error(config)->code, HF_E_BAD_OPTION);
        hf_config_clear_error(config);
    }
    for (size_t i = 0; i < HF_COUNT(lengths); i++) {
        assert_false(hf_config_set_max_fragment_length(config, lengths[i]));
        assert_int_equal(hf_config_error(config)->code, HF_E_BAD_OPTION);
        hf_config_clear_error(config);
    }
    assert_true(hf_config_set_padding(config, 16, 32));
    assert_false(hf_config_set_padding(config, 64, 16385));
    hf_config_clear_error(config);
    assert_false(hf_config_set_padding(config, 16385, 64));
    hf_config_clear_error(config);
    assert_int_equal(config->settings.pad_data, 16); /* as it was */
    assert_int_equal(config->settings.pad_handshake, 32);
    assert_true(hf_config_set_record_size_limit(config, 64));
    assert_true(hf_config_set_record_size_limit(config, 0));
    assert_true(hf_config_set_max_fragment_length(config, 4096));
    assert_int_equal(config->settings.max_fragment, 4);
    assert_true(hf_config_set_max_fragment_length(config, 0));
    assert_true(hf_config_freeze(config));
    assert_false(hf_config_set_record_size_limit(config, 64));
    hf_config_clear_error(config);
    assert_false(hf_config_set_max_fragment_length(config, 512));
    hf_config_clear_error(config);
    assert_false(hf_config_set_padding(config, 1, 1));
    assert_int_equal(hf_config_error(config)->code, HF_E_FROZEN);
    hf_config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_records_are_multiples),
        cmocka_unit_test(padding_ends_at_the_limit),
        cmocka_unit_test(the_two_paddings_are_apart),
        cmocka_unit_test(tls12_has_no_padding),
        cmocka_unit_test(room_is_counted_with_its_padding),
        cmocka_unit_test(settings_have_their_bounds),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
