/* psk_choice_test.c - external pre-shared keys, both ends ours: which is taken,
 * which is not, and whether a certificate is shown then; and the sessions that
 * come of them. */
#define HF_UNPOISONED
#include "engine/psk_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- wrong ------------------------------------------------------------------------------------ */

static void a_wrong_key_is_refused(void **state)
{
    (void)state;
    open_bare();
    give(duet.client_config, "robot", KEY_A, 0);
    give(duet.server_config, "robot", KEY_B, 0);
    fails(HF_E_ALERT, HF_E_BAD_BINDER);
    assert_int_equal(hf_conn_error(duet.client)->alert, 51);
    duet_wipe(&duet);
}

/* Whether a name exists is not told by the alert. */
static void an_unknown_identity_looks_like_a_wrong_key(void **state)
{
    (void)state;
    open_bare();
    give(duet.client_config, "robot", KEY_A, 0);
    give(duet.server_config, "human", KEY_A, 0);
    fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
    assert_int_equal(hf_conn_error(duet.client)->alert, 51);
    duet_wipe(&duet);
}

static void an_unknown_identity_makes_a_full_handshake(void **state)
{
    (void)state;
    open_full();
    give(duet.client_config, "robot", KEY_A, 0);
    give(duet.server_config, "human", KEY_A, 0);
    connect_to("localhost");
    by_certificate();
    duet_wipe(&duet);
    /* Nor does it matter if the server has no key at all, or the client. */
    open_full();
    give(duet.client_config, "robot", KEY_A, 0);
    connect_to("localhost");
    by_certificate();
    duet_wipe(&duet);
    open_full();
    give(duet.server_config, "robot", KEY_A, 0);
    connect_to("localhost");
    by_certificate();
    duet_wipe(&duet);
}

/* Its proof of it is another: the two never agree. */
static void the_hash_belongs_to_the_key(void **state)
{
    (void)state;
    open_bare();
    give(duet.client_config, "robot", KEY_A, HF_SHA256);
    give(duet.server_config, "robot", KEY_A, HF_SHA384);
    fails(HF_E_ALERT, HF_E_BAD_BINDER);
    duet_wipe(&duet);
}

static void an_imported_key_is_not_known_by_its_bare_name(void **state)
{
    struct hf_psk psk = key_of("robot", KEY_A, 0);

    (void)state;
    open_bare();
    assert_true(hf_config_add_psk(duet.client_config, &psk));
    assert_true(
        hf_config_add_imported_psk(duet.server_config, &psk, hf_span(NULL, 0)));
    fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
    duet_wipe(&duet);
    /* ... nor the other way round. */
    open_bare();
    assert_true(
        hf_config_add_imported_psk(duet.client_config, &psk, hf_span(NULL, 0)));
    assert_true(hf_config_add_psk(duet.server_config, &psk));
    fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
    duet_wipe(&duet);
}

/* Even if somebody adds the derived key under the derived name: the binder is
 * made under another label. */
static void an_imported_key_is_none_that_looks_so(void **state)
{
    struct hf_psk psk = key_of("robot", KEY_A, 0);
    const struct hf_known_psk *made;

    (void)state;
    open_bare();
    assert_true(
        hf_config_add_imported_psk(duet.client_config, &psk, hf_span(NULL, 0)));
    made = &duet.client_config->settings.psks[0];
    psk = (struct hf_psk){ made->identity, made->key, made->hash };
    assert_true(hf_config_add_psk(duet.server_config, &psk));
    fails(HF_E_ALERT, HF_E_BAD_BINDER);
    duet_wipe(&duet);
}

static void another_context_is_another_key(void **state)
{
    struct hf_psk psk = key_of("robot", KEY_A, 0);

    (void)state;
    open_bare();
    assert_true(hf_config_add_imported_psk(duet.client_config, &psk,
                                           hf_span_text("client")));
    assert_true(hf_config_add_imported_psk(duet.server_config, &psk,
                                           hf_span_text("server")));
    fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
    duet_wipe(&duet);
}

/* ---- demanded, and not --------------------------------------------------------------------- */

static void a_demanded_key_leaves_no_other_way(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        open_full();
        give(duet.client_config, "robot", KEY_A, 0);
        give(duet.server_config, "human", KEY_A, 0);
        assert_true(hf_config_require_psk(
            who ? duet.server_config : duet.client_config, true));
        if (who)
            fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
        else
            fails(HF_E_NO_PSK, HF_E_ALERT);
        duet_wipe(&duet);
    }
}

static void a_server_that_demands_one_refuses_who_has_none(void **state)
{
    (void)state;
    open_full();
    give(duet.server_config, "robot", KEY_A, 0);
    assert_true(hf_config_require_psk(duet.server_config, true));
    fails(HF_E_ALERT, HF_E_NO_PSK);
    assert_int_equal(hf_conn_error(duet.client)->alert, 40);
    duet_wipe(&duet);
}

/* TLS 1.2 knows no such keys here. */
static void who_has_only_a_key_speaks_tls13_only(void **state)
{
    (void)state;
    open_full();
    hf_config_free(duet.client_config);
    duet.client_config = hf_config_new();
    give(duet.client_config, "robot", KEY_A, 0);
    assert_true(hf_config_set_versions(duet.server_config, HF_TLS12, HF_TLS12));
    fails(HF_E_ALERT, HF_E_NO_VERSION);
    duet_wipe(&duet);
    open_full();
    hf_config_free(duet.server_config);
    duet.server_config = hf_config_new();
    give(duet.server_config, "robot", KEY_A, 0);
    assert_true(hf_config_set_versions(duet.client_config, HF_TLS12, HF_TLS12));
    fails(HF_E_ALERT, HF_E_NO_VERSION);
    duet_wipe(&duet);
}

static void a_key_that_cannot_be_used_is_no_credential(void **state)
{
    (void)state;
    open_bare();
    give_both("robot", KEY_A, 0);
    assert_true(hf_config_set_versions(duet.client_config, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_versions(duet.server_config, HF_TLS12, HF_TLS12));
    assert_true(duet_start(&duet, "localhost"));
    assert_int_equal(hf_conn_error(duet.client)->code, HF_E_NO_TRUST);
    assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_KEYPAIR);
    duet_wipe(&duet);
    open_bare();
    give_both("robot", KEY_A, 0);
    assert_true(hf_config_require_psk(duet.client_config, true));
    assert_true(hf_config_set_versions(duet.client_config, HF_TLS12, HF_TLS12));
    assert_true(hf_config_require_psk(duet.server_config, true));
    assert_true(
        hf_config_set_client_auth(duet.server_config, HF_CLIENT_AUTH_REQUIRED));
    assert_true(duet_start(&duet, "localhost"));
    assert_int_equal(hf_conn_error(duet.client)->code, HF_E_BAD_PSK);
    assert_int_equal(hf_conn_error(duet.server)->code, HF_E_BAD_PSK);
    duet_wipe(&duet);
}

/* A key is no certificate. */
static void who_must_show_a_certificate_shows_it(void **state)
{
    (void)state;
    open_full();
    give_both("robot", KEY_A, 0);
    assert_true(
        hf_config_set_client_auth(duet.server_config, HF_CLIENT_AUTH_REQUIRED));
    assert_true(hf_config_trust(duet.server_config, hf_span_text(certs.ca)));
    fails(HF_E_ALERT, HF_E_NO_PEER_CERTIFICATE);
    duet_hang_up(&duet);
    duet_wipe(&duet);
    open_full();
    give_both("robot", KEY_A, 0);
    assert_true(
        hf_config_set_client_auth(duet.server_config, HF_CLIENT_AUTH_REQUIRED));
    assert_true(hf_config_trust(duet.server_config, hf_span_text(certs.ca)));
    assert_true(hf_config_add_keypair(duet.client_config,
                                      hf_span_text(certs.client_chain),
                                      hf_span_text(certs.client_key)));
    connect_to("localhost");
    by_certificate();
    assert_true(hf_conn_peer_verified(duet.server));
    duet_wipe(&duet);
}

static void who_may_show_a_certificate_may_use_a_key(void **state)
{
    (void)state;
    open_full();
    give_both("robot", KEY_A, 0);
    assert_true(
        hf_config_set_client_auth(duet.server_config, HF_CLIENT_AUTH_OPTIONAL));
    assert_true(hf_config_trust(duet.server_config, hf_span_text(certs.ca)));
    connect_to("localhost");
    by_key(hf_span_text("robot"));
    assert_int_equal(hf_conn_peer_certificates(duet.server), 0);
    duet_wipe(&duet);
}

/* Until the question is answered nothing is known of certificates; then there is
 * none. */
static void who_asks_for_his_config_may_have_a_key_alone(void **state)
{
    const struct hf_answer keep = { .config = NULL };

    (void)state;
    for (int known = 0; known < 2; known++) {
        open_bare();
        give(duet.client_config, "robot", KEY_A, 0);
        give(duet.server_config, known ? "robot" : "human", KEY_A, 0);
        assert_true(hf_config_set_questions(duet.server_config, HF_ASK_CONFIG));
        assert_true(duet_start(&duet, "localhost"));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_question(duet.server).kind, HF_ASK_CONFIG);
        assert_true(hf_conn_answer(duet.server, &keep));
        assert_int_equal(duet_run(&duet), known);
        if (known)
            by_key(hf_span_text("robot"));
        else
            assert_int_equal(hf_conn_error(duet.server)->code,
                             HF_E_UNKNOWN_PSK);
        duet_wipe(&duet);
    }
}

/* ---- asked for elsewhere ----------------------------------------------------------------------- */

static void a_key_may_be_found_elsewhere(void **state)
{
    (void)state;
    for (int retry = 0; retry < 2; retry++)
        for (unsigned hash = 0; hash <= HF_SHA384; hash++) {
            open_bare();
            open_book(false);
            if (retry)
                ask_again();
            book.hash = hash;
            give(duet.client_config, "nobody", KEY_B, 0);
            give(duet.client_config, "robot", KEY_A, hash);
            connect_to("localhost");
            by_key(hf_span_text("robot"));
            assert_int_equal(book.calls, 2); /* once for each */
            duet_wipe(&duet);
        }
}

static void an_imported_key_may_be_found_elsewhere(void **state)
{
    struct hf_psk psk = key_of("robot", KEY_A, HF_SHA384);

    (void)state;
    open_bare();
    open_book(true);
    book.hash = HF_SHA384;
    assert_true(hf_config_add_imported_psk(duet.client_config, &psk,
                                           hf_span_text("context")));
    connect_to("localhost");
    by_key(hf_span_text("robot"));
    duet_wipe(&duet);
}

/* Who gives the same key for any question has said for which it is. */
static void what_is_found_counts_in_its_form_only(void **state)
{
    struct hf_psk psk = key_of("robot", KEY_A, 0);

    (void)state;
    open_bare();
    open_book(true);
    book.ignores = true;
    assert_true(hf_config_add_psk(duet.client_config, &psk));
    fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
    duet_wipe(&duet);
    open_bare();
    open_book(false);
    book.ignores = true;
    assert_true(
        hf_config_add_imported_psk(duet.client_config, &psk, hf_span(NULL, 0)));
    fails(HF_E_ALERT, HF_E_BAD_BINDER);
    duet_wipe(&duet);
}

static void a_short_key_from_elsewhere_is_not_used(void **state)
{
    (void)state;
    open_bare();
    open_book(false);
    book.len = HF_PSK_KEY_MIN - 1;
    give(duet.client_config, "robot", KEY_A, 0);
    fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
    duet_wipe(&duet);
}

static void a_hash_from_elsewhere_must_be_one(void **state)
{
    (void)state;
    open_bare();
    open_book(false);
    book.hash = 77;
    give(duet.client_config, "robot", KEY_A, 0);
    fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
    duet_wipe(&duet);
}

static void nobody_is_asked_without_need(void **state)
{
    (void)state;
    open_full();
    open_book(false);
    connect_to("localhost");
    by_certificate();
    assert_int_equal(book.calls, 0);
    duet_wipe(&duet);
}

/* ---- sessions --------------------------------------------------------------------------------- */

static void a_session_remembers_its_key(void **state)
{
    struct hf_psk psk = key_of("robot", KEY_A, 0);

    (void)state;
    for (int imported = 0; imported < 2; imported++) {
        open_bare();
        if (imported) {
            assert_true(hf_config_add_imported_psk(duet.client_config, &psk,
                                                   hf_span_text("context")));
            assert_true(hf_config_add_imported_psk(duet.server_config, &psk,
                                                   hf_span_text("context")));
        } else {
            give_both("robot", KEY_A, 0);
        }
        connect_to("localhost");
        assert_int_equal(ours.count, 2);
        for (int again = 0; again < 3; again++) {
            duet_hang_up(&duet);
            connect_to("localhost");
            assert_true(hf_conn_resumed(duet.client));
            assert_true(hf_conn_resumed(duet.server));
            by_key(hf_span_text("robot"));
        }
        duet_wipe(&duet);
    }
}

/* The place where sessions lie is the same, the configs are not. */
static void a_session_of_a_key_is_none_for_a_certificate(void **state)
{
    struct hf_config *plain;
    struct duet_certs *c = &certs;
    struct hf_sessions sessions = shelf_sessions(&ours);
    size_t kept;

    (void)state;
    open_full();
    give_both("robot", KEY_A, 0);
    connect_to("localhost");
    by_key(hf_span_text("robot"));
    kept = ours.count;
    assert_int_equal(kept, 2);
    duet_hang_up(&duet);
    /* The same client without the key: the session is not for it. */
    plain = hf_config_new();
    assert_true(hf_config_set_clock(plain, shelf_clock, NULL));
    assert_true(hf_config_trust(plain, hf_span_text(c->ca)));
    assert_true(hf_config_set_sessions(plain, &sessions));
    hf_config_free(duet.client_config);
    duet.client_config = plain;
    connect_to("localhost");
    assert_false(hf_conn_resumed(duet.client));
    by_certificate();
    assert_true(ours.count >= kept);
    duet_wipe(&duet);
}

static void a_session_of_a_certificate_is_none_for_a_demanded_key(void **state)
{
    (void)state;
    open_full();
    give(duet.client_config, "robot", KEY_A, 0);
    connect_to("localhost");
    by_certificate();
    assert_int_equal(ours.count, 2);
    duet_hang_up(&duet);
    /* Thawed for this test alone: what if the two were the same config? */
    duet.client_config->settings.require_psk = true;
    fails(HF_E_NO_PSK, HF_E_ALERT);
    assert_false(hf_conn_resumed(duet.client));
    duet_wipe(&duet);
}

/* Whoever has lost his key has lost the sessions that came of it. */
static void a_key_that_is_gone_takes_its_sessions_along(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        open_full();
        open_book(false);
        give(duet.client_config, "robot", KEY_A, 0);
        connect_to("localhost");
        by_key(hf_span_text("robot"));
        duet_hang_up(&duet);
        switch (how) {
        case 0: break;
        case 1: book.imported = true; break; /* not known any more */
        case 2: book.key = KEY_B; break;     /* another key */
        default: book.hash = HF_SHA384; break;
        }
        if (how == 3) {
            /* Of that hash there is only the key itself: another one. */
            fails(HF_E_ALERT, HF_E_BAD_BINDER);
            duet_wipe(&duet);
            continue;
        }
        /* The session is declined as any that is of no use today. */
        connect_to("localhost");
        assert_int_equal(hf_conn_resumed(duet.client), how == 0);
        if (how == 0)
            by_key(hf_span_text("robot"));
        else
            by_certificate();
        duet_wipe(&duet);
    }
}

static enum hf_strike strike_new(void *ctx, const uint8_t *id, int64_t now,
                                 int64_t expires)
{
    (void)ctx;
    (void)id;
    (void)now;
    (void)expires;
    return HF_STRIKE_NEW;
}

static void take_early(void)
{
    const struct hf_strikes strikes = { .claim = strike_new };

    assert_true(hf_config_set_early_data(duet.server_config, 1000));
    assert_true(hf_config_set_strikes(duet.server_config, &strikes));
}

static void hello_early(enum hf_early client)
{
    uint8_t room[200], got[8];
    struct hf_span none;
    size_t taken, used;

    assert_true(duet_start(&duet, "localhost"));
    hf_conn_receive(duet.client, got, 0, &used, &none);
    duet_flush(duet.client, &duet.to_server);
    used = hf_conn_send_early(duet.client, hf_span_text("early"), room,
                              sizeof(room), &taken);
    assert_int_equal(taken, 5);
    memcpy(duet.to_server.bytes + duet.to_server.len, room, used);
    duet.to_server.len += used;
    assert_true(duet_run(&duet));
    assert_int_equal(hf_conn_early(duet.client), client);
    assert_int_equal(hf_conn_early(duet.server), client);
    by_key(hf_span_text("robot"));
}

/* It goes with the session, which comes first.  A server that has forgotten
 * that one takes the key behind it, and no early data. */
static void early_data_goes_with_no_external_key(void **state)
{
    (void)state;
    open_bare();
    give_both("robot", KEY_A, 0);
    take_early();
    assert_true(hf_config_set_early_data(duet.client_config, 1000));
    connect_to("localhost");
    assert_int_equal(hf_conn_early(duet.client), HF_EARLY_NONE);
    duet_hang_up(&duet);
    hello_early(HF_EARLY_ACCEPTED);
    duet_hang_up(&duet);
    hf_config_free(duet.server_config);
    duet.server_config = hf_config_new();
    assert_true(hf_config_set_clock(duet.server_config, shelf_clock, NULL));
    give(duet.server_config, "robot", KEY_A, 0);
    take_early();
    hello_early(HF_EARLY_REJECTED);
    assert_false(hf_conn_resumed(duet.client));
    duet_wipe(&duet);
}

static void a_server_without_tickets_takes_keys(void **state)
{
    (void)state;
    open_bare();
    give_both("robot", KEY_A, 0);
    assert_true(hf_config_set_tickets(duet.server_config, 0));
    connect_to("localhost");
    by_key(hf_span_text("robot"));
    assert_int_equal(ours.count, 0);
    duet_wipe(&duet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_key_is_refused),
        cmocka_unit_test(an_unknown_identity_looks_like_a_wrong_key),
        cmocka_unit_test(an_unknown_identity_makes_a_full_handshake),
        cmocka_unit_test(the_hash_belongs_to_the_key),
        cmocka_unit_test(an_imported_key_is_not_known_by_its_bare_name),
        cmocka_unit_test(an_imported_key_is_none_that_looks_so),
        cmocka_unit_test(another_context_is_another_key),
        cmocka_unit_test(a_demanded_key_leaves_no_other_way),
        cmocka_unit_test(a_server_that_demands_one_refuses_who_has_none),
        cmocka_unit_test(who_has_only_a_key_speaks_tls13_only),
        cmocka_unit_test(a_key_that_cannot_be_used_is_no_credential),
        cmocka_unit_test(who_must_show_a_certificate_shows_it),
        cmocka_unit_test(who_may_show_a_certificate_may_use_a_key),
        cmocka_unit_test(who_asks_for_his_config_may_have_a_key_alone),
        cmocka_unit_test(a_key_may_be_found_elsewhere),
        cmocka_unit_test(an_imported_key_may_be_found_elsewhere),
        cmocka_unit_test(what_is_found_counts_in_its_form_only),
        cmocka_unit_test(a_short_key_from_elsewhere_is_not_used),
        cmocka_unit_test(a_hash_from_elsewhere_must_be_one),
        cmocka_unit_test(nobody_is_asked_without_need),
        cmocka_unit_test(a_session_remembers_its_key),
        cmocka_unit_test(a_session_of_a_key_is_none_for_a_certificate),
        cmocka_unit_test(a_session_of_a_certificate_is_none_for_a_demanded_key),
        cmocka_unit_test(a_key_that_is_gone_takes_its_sessions_along),
        cmocka_unit_test(early_data_goes_with_no_external_key),
        cmocka_unit_test(a_server_without_tickets_takes_keys),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, pair_setup, pair_teardown);
}
