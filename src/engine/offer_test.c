/* offer_test.c - what is offered and what is chosen from it: sentences of RFC
 * 8446 4.2 and 4.4.2.  Each test is named for its sentence. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include "../../tools/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;
static struct stage stage;

static void begin_in(enum scene scene)
{
    assert_true(stage_set(&stage, scene, attack_certs()));
}

static bool shake(rogue_edit_fn *edit)
{
    assert_true(rogue_begin(&rogue, &stage, "localhost", edit));
    return rogue_run(&rogue);
}

static void end(void)
{
    rogue_end(&rogue);
    stage_clear(&stage);
}

/* ---- what a ClientHello offers --------------------------------------------------- */

static struct rogue_record hello;

static void keep_hello(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_CLIENT_HELLO) && !r->step++)
        hello = *record;
}

/* 4.2.8: "Each KeyShareEntry value MUST correspond to a group offered in the
 * supported_groups extension and MUST appear in the same order." */
static void key_shares_stand_in_the_order_of_the_groups(void **state)
{
    static const uint16_t groups[] = { 24, 29, 4588, 23, 0 };
    static const uint16_t shares[] = { 23, 4588, 24, 29, 0 };
    struct hf_span list;
    struct hf_key_share_entry entry;

    (void)state;
    begin_in(SCENE_FULL);
    assert_true(hf_config_set_groups(stage.client, groups));
    assert_true(hf_config_set_shares(stage.client, shares));
    assert_true(shake(keep_hello));
    list = hf_span_after(edit_body(&hello, 51), 2);
    for (size_t i = 0; i < 4; i++) {
        assert_true(hf_wire_next(hf_key_share_entry, &list, &entry));
        assert_int_equal(entry.group, groups[i]);
    }
    assert_int_equal(list.len, 0);
    end();
}

static void a_share_without_its_group_is_refused(void **state)
{
    static const uint16_t groups[] = { 29, 0 }, shares[] = { 29, 23, 0 };

    (void)state;
    begin_in(SCENE_FULL);
    assert_true(hf_config_set_groups(stage.client, groups));
    assert_true(hf_config_set_shares(stage.client, shares));
    assert_false(hf_config_freeze(stage.client));
    assert_int_equal(hf_config_error(stage.client)->code, HF_E_BAD_OPTION);
    stage_clear(&stage);
}

/* 9.3: "A client sending a ClientHello MUST support all parameters advertised
 * in it." */
static void suites_of_other_versions_are_not_offered(void **state)
{
    static const uint16_t mixed[] = { 0xc02b, 0x1303, 0xc02f, 0x1301, 0 };
    static const uint16_t old[] = { 0xc02b, 0 };

    (void)state;
    begin_in(SCENE_FULL);
    assert_true(hf_config_set_versions(stage.client, HF_TLS13, HF_TLS13));
    assert_true(hf_config_set_suites(stage.client, mixed));
    assert_true(shake(keep_hello));
    /* behind the header, version, random and session id */
    assert_memory_equal(hello.bytes + 4 + 2 + 32 + 33, "\0\4\x13\3\x13\1", 6);
    end();

    begin_in(SCENE_FULL);
    assert_true(hf_config_set_versions(stage.client, HF_TLS13, HF_TLS13));
    assert_true(hf_config_set_suites(stage.client, old));
    assert_false(hf_config_freeze(stage.client));
    assert_int_equal(hf_config_error(stage.client)->code, HF_E_BAD_OPTION);
    stage_clear(&stage);
}

/* ---- the second ClientHello ---------------------------------------------------------- */

static void seal_anew(struct rogue *r, struct rogue_record *record)
{
    uint8_t body[40];

    if (!edit_is(record, HF_CLIENT_HELLO))
        return;
    memset(body, (int)++r->step, sizeof(body));
    edit_add(record, 65037, HF_SPAN(body));
}

/* 4.1.2: "Other modifications that may be allowed by an extension defined in the
 * future": what is sealed in encrypted_client_hello is so anew. */
static void a_new_extension_may_change_in_the_second_hello(void **state)
{
    static const struct attack row = { .what = "encrypted_client_hello",
                                       .edit = seal_anew,
                                       .code = HF_OK };

    (void)state;
    attack_in(attack_stage(SCENE_RETRY), HF_SERVER, &row);
}

/* The client's hello with so much padding that it is as long as one may be. */
static size_t pad_hello(struct hf_span records, uint8_t *out)
{
    static struct rogue_record record;
    size_t block, len = 0, more;

    record.type = HF_CONTENT_HANDSHAKE;
    record.len = hf_number(records.at + 3, 2);
    memcpy(record.bytes, records.at + 5, record.len);
    assert_true(edit_is(&record, HF_CLIENT_HELLO));
    more = 4 + HF_HELLO_MAX - record.len;
    block = edit_block(&record);
    hf_store_number(record.bytes + 1, HF_HELLO_MAX, 3);
    hf_store_number(record.bytes + block, record.len - block - 2 + more, 2);
    memcpy(out, record.bytes, record.len);
    memset(out + record.len, 0, more);
    out[record.len + 1] = 21;
    hf_store_number(out + record.len + 2, more - 4, 2);
    len = record.len + more;
    assert_int_equal(len, 4 + HF_HELLO_MAX);
    return len;
}

/* Give it in records of their full size, behind what else stands there. */
static void give_hello(struct hf_conn *server, struct hf_span hello_bytes)
{
    static uint8_t bytes[5 + 16384];
    struct hf_span data;
    size_t used;

    while (hello_bytes.len) {
        size_t n = hello_bytes.len < 16384 ? hello_bytes.len : 16384;

        memcpy(bytes, "\x16\3\3", 3);
        hf_store_number(bytes + 3, n, 2);
        memcpy(bytes + 5, hello_bytes.at, n);
        assert_int_equal(hf_conn_receive(server, bytes, 5 + n, &used, &data),
                         HF_NEED_BYTES);
        assert_int_equal(used, 5 + n);
        hello_bytes = hf_span_after(hello_bytes, n);
    }
}

/* The largest hello that is read at all is read twice. */
static void the_largest_hello_may_come_twice(void **state)
{
    static uint8_t padded[4 + HF_HELLO_MAX];
    static struct duet duet;
    struct hf_span out;

    (void)state;
    begin_in(SCENE_RETRY);
    duet.client = hf_conn_new(stage.client, HF_CLIENT, "localhost");
    duet.server = hf_conn_new(stage.server, HF_SERVER, NULL);
    assert_true(duet.client && duet.server);
    for (size_t i = 0; i < 2; i++) {
        duet_take(duet.client, &duet.to_client, 0, duet.got_client,
                  &duet.client_len);
        out = hf_conn_outgoing(duet.client);
        if (i) /* a ChangeCipherSpec goes first */
            out = hf_span_after(out, 6);
        give_hello(duet.server, hf_span(padded, pad_hello(out, padded)));
        hf_conn_sent(duet.client, out.len);
        duet_flush(duet.server, &duet.to_client);
    }
    assert_int_equal(hf_conn_error(duet.server)->code, HF_OK);
    assert_true(duet.server->session.retried);
    assert_int_equal(duet.server->session.out.epoch, HF_TRAFFIC);
    hf_conn_free(duet.client);
    hf_conn_free(duet.server);
    stage_clear(&stage);
}

/* ---- groups for another time -------------------------------------------------------------- */

static struct rogue_record extensions;

static void keep_extensions(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (edit_is(record, HF_ENCRYPTED_EXTENSIONS))
        extensions = *record;
}

/* Did the server say its groups when the client had @share and it wants
 * @wish? */
static bool says_groups(uint16_t share, uint16_t wish)
{
    const uint16_t all[] = { 29, 23, 24, 0 }, shares[] = { share, 0 };
    const uint16_t groups[] = { wish, share, 0 };
    bool says;

    begin_in(SCENE_FULL);
    assert_true(hf_config_set_groups(stage.client, all));
    assert_true(hf_config_set_shares(stage.client, shares));
    assert_true(hf_config_set_groups(stage.server,
                                     wish == share ? groups + 1 : groups));
    assert_true(shake(keep_extensions));
    says = edit_find(&extensions, 10) != 0;
    if (says)
        assert_int_equal(hf_number(edit_body(&extensions, 10).at + 2, 2), wish);
    end();
    return says;
}

/* 4.2.7: "If the server has a group it prefers to the ones in the key_share
 * extension but is still willing to accept the ClientHello, it SHOULD send
 * supported_groups". */
static void a_server_says_which_group_it_would_rather_have(void **state)
{
    (void)state;
    assert_true(says_groups(29, 24));
    assert_true(says_groups(29, 4588)); /* "regardless of whether they are
                                         * currently supported" */
    assert_false(says_groups(29, 29));
    /* After a retry the client has made that share. */
    begin_in(SCENE_RETRY);
    assert_true(shake(keep_extensions));
    assert_int_equal(edit_find(&extensions, 10), 0);
    end();
}

/* ---- which certificate ------------------------------------------------------------------ */

static struct issued *authority(const char *name, enum issue_key key)
{
    struct issue_order order = { .common_name = name,
                                 .any_name = true,
                                 .key = key };
    struct hf_error error = { .code = HF_OK };
    struct issued *ca = issue_root(&order, &error);

    assert_non_null(ca);
    return ca;
}

static void add_pair(struct hf_config *config, const struct issued *ca,
                     enum issue_use use, enum issue_broken broken)
{
    static const char *const names[] = { "localhost" };
    struct issue_order order = {
        .names = names, .count = 1, .use = use, .broken = broken
    };

    assert_true(duet_add_pair(config, ca, &order));
}

/* An extension of the message of @kind that comes first. */
static unsigned set_kind, set_number;
static uint8_t set_bytes[512];
static size_t set_len;

static void set_extension(struct rogue *r, struct rogue_record *record)
{
    if (set_len && edit_is(record, set_kind) && !r->step++)
        edit_set(record, set_number, hf_span(set_bytes, set_len));
}

static void say_extension(unsigned kind, unsigned number, struct hf_span bytes)
{
    set_kind = kind;
    set_number = number;
    set_len = bytes.len;
    hf_copy(set_bytes, bytes.at, bytes.len);
}

/* Which of its chains does @who use? */
static int chain_of(enum hf_role who)
{
    int chain;

    assert_true(rogue_begin(&rogue, &stage, "localhost", set_extension));
    rogue_run(&rogue);
    chain = hf_conn_own_chain(rogue.end[who].conn);
    rogue_end(&rogue);
    return chain;
}

static void begin_server(void)
{
    stage = (struct stage){ hf_config_new(), hf_config_new() };
    assert_true(stage.client && stage.server);
    assert_true(hf_config_set_clock(stage.client, scene_clock, NULL));
    assert_true(hf_config_insecure_no_verify(stage.client));
    set_len = 0;
}

/* 4.4.2.2: "All certificates provided by the server MUST be signed by a
 * signature algorithm advertised by the client if it is able to provide such a
 * chain". */
static void a_chain_is_signed_as_the_client_can_check(void **state)
{
    struct issued *rsa = authority("RSA", ISSUE_RSA2048);
    struct issued *ec = authority("EC", ISSUE_P384);

    (void)state;
    begin_server();
    add_pair(stage.server, rsa, ISSUE_SERVER, ISSUE_SOUND);
    add_pair(stage.server, ec, ISSUE_SERVER, ISSUE_SOUND);
    assert_int_equal(chain_of(HF_SERVER), 0);
    /* signature_algorithms: ecdsa_secp256r1_sha256 for the handshake, and P-384
     * or nothing for certificates */
    say_extension(HF_CLIENT_HELLO, 13, hf_span("\0\4\4\3\5\3", 6));
    assert_int_equal(chain_of(HF_SERVER), 1);
    /* "If the server cannot produce a certificate chain that is signed only via
     * the indicated supported algorithms, then it SHOULD continue" */
    say_extension(HF_CLIENT_HELLO, 13, hf_span("\0\2\4\3", 4));
    assert_int_equal(chain_of(HF_SERVER), 0);
    /* 4.2.3: signature_algorithms_cert, if it is there, is for certificates */
    say_extension(HF_CLIENT_HELLO, 50, hf_span("\0\4\7\7\5\3", 6));
    assert_int_equal(chain_of(HF_SERVER), 1);
    say_extension(HF_CLIENT_HELLO, 50, hf_span("\0\2\4\1", 4));
    assert_int_equal(chain_of(HF_SERVER), 0);
    stage_clear(&stage);
    issued_free(rsa);
    issued_free(ec);
}

/* 4.4.2.2: "The certificate MUST allow the key to be used for signing". */
static void a_key_that_may_not_sign_is_the_last_choice(void **state)
{
    struct issued *ca = authority("CA", ISSUE_P256);

    (void)state;
    begin_server();
    add_pair(stage.server, ca, ISSUE_SERVER, ISSUE_KEY_USAGE);
    add_pair(stage.server, ca, ISSUE_SERVER, ISSUE_SOUND);
    assert_int_equal(chain_of(HF_SERVER), 1);
    stage_clear(&stage);
    issued_free(ca);
}

/* 47: a list of one Name, CN=@name. */
static void say_authority(unsigned kind, const char *name)
{
    uint8_t body[64];
    struct hf_writer w = hf_writer(body, sizeof(body));
    size_t len = strlen(name);

    hf_put(&w, (uint32_t)(len + 15), 2);
    hf_put(&w, (uint32_t)(len + 13), 2);
    hf_put_bytes(&w, hf_span("\x30", 1));
    hf_put(&w, (uint32_t)(len + 11), 1);
    hf_put_bytes(&w, hf_span("\x31", 1));
    hf_put(&w, (uint32_t)(len + 9), 1);
    hf_put_bytes(&w, hf_span("\x30", 1));
    hf_put(&w, (uint32_t)(len + 7), 1);
    hf_put_bytes(&w, hf_span("\6\3\x55\4\3\x0c", 6));
    hf_put(&w, (uint32_t)len, 1);
    hf_put_bytes(&w, hf_span_text(name));
    assert_false(w.full);
    say_extension(kind, 47, hf_written(&w));
}

/* 4.2.4: "SHOULD be used by the receiving endpoint to guide certificate
 * selection", a server's and a client's. */
static void authorities_guide_the_choice(void **state)
{
    static const char *const names[] = { "One", "Two", "Three" };
    struct issued *cas[3];

    (void)state;
    begin_server();
    assert_true(
        hf_config_set_client_auth(stage.server, HF_CLIENT_AUTH_REQUIRED));
    assert_true(hf_config_insecure_no_verify(stage.server));
    for (size_t i = 0; i < 3; i++) {
        cas[i] = authority(names[i], ISSUE_P256);
        add_pair(stage.server, cas[i], ISSUE_SERVER, ISSUE_SOUND);
        add_pair(stage.client, cas[i], ISSUE_CLIENT, ISSUE_SOUND);
    }
    for (size_t i = 0; i < 3; i++) {
        say_authority(HF_CLIENT_HELLO, names[i]);
        assert_int_equal(chain_of(HF_SERVER), i);
        say_authority(HF_CERTIFICATE_REQUEST, names[i]);
        assert_int_equal(chain_of(HF_CLIENT), i);
        issued_free(cas[i]);
    }
    say_authority(HF_CLIENT_HELLO, "Nobody");
    assert_int_equal(chain_of(HF_SERVER), 0);
    say_authority(HF_CERTIFICATE_REQUEST, "Nobody");
    assert_int_equal(chain_of(HF_CLIENT), 0);
    stage_clear(&stage);
}

/* Both have a certificate of One and one of Two, and trust Two alone. */
static void begin_with_two(unsigned version, bool tell)
{
    struct issued *one = authority("One", ISSUE_P256);
    struct issued *two = authority("Two", ISSUE_P256);
    struct hf_config *configs[2];

    stage = (struct stage){ hf_config_new(), hf_config_new() };
    configs[0] = stage.client;
    configs[1] = stage.server;
    for (unsigned i = 0; i < 2; i++) {
        enum issue_use use = i ? ISSUE_SERVER : ISSUE_CLIENT;

        assert_true(hf_config_set_versions(configs[i], version, version));
        assert_true(hf_config_set_clock(configs[i], scene_clock, NULL));
        assert_true(hf_config_set_send_authorities(configs[i], tell));
        assert_true(duet_trust(configs[i], two));
        add_pair(configs[i], one, use, ISSUE_SOUND);
        add_pair(configs[i], two, use, ISSUE_SOUND);
    }
    assert_true(
        hf_config_set_client_auth(stage.server, HF_CLIENT_AUTH_REQUIRED));
    if (version == HF_TLS12) /* whose client cannot tell */
        assert_true(hf_config_insecure_no_verify(stage.client));
    issued_free(one);
    issued_free(two);
}

static void whom_we_trust_is_told_on_request(void **state)
{
    (void)state;
    set_len = 0;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++)
        for (int tell = 0; tell < 2; tell++) {
            bool ready;

            begin_with_two(version, tell);
            assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
            ready = rogue_run(&rogue);
            assert_int_equal(ready, tell);
            assert_int_equal(hf_conn_own_chain(rogue.end[HF_SERVER].conn),
                             tell && version == HF_TLS13);
            if (tell)
                assert_int_equal(hf_conn_own_chain(rogue.end[HF_CLIENT].conn),
                                 1);
            rogue_end(&rogue);
            stage_clear(&stage);
        }
}

static uint8_t hello_says, request_says; /* the first scheme in each */

static void hear_schemes(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (edit_is(record, HF_CLIENT_HELLO))
        hello_says = edit_body(record, 13).at[3];
    if (edit_is(record, HF_CERTIFICATE_REQUEST))
        request_says = record->bytes[6] == 64 /* ecdsa_sign: TLS 1.2 */
                           ? record->bytes[10]
                           : edit_body(record, 13).at[3];
}

/* Each signs with its P-256 key; the server would take RSA only, and so gets
 * none. */
static void signing_and_verifying_are_two_things(void **state)
{
    static const uint16_t ecdsa[] = { 0x0403, 0 }, pss[] = { 0x0804, 0 };

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin_with_two(version, false);
        assert_true(hf_config_insecure_no_verify(stage.client));
        assert_true(
            hf_config_set_client_auth(stage.server, HF_CLIENT_AUTH_OPTIONAL));
        assert_true(hf_config_set_signatures(stage.server, ecdsa));
        assert_true(hf_config_set_verify_signatures(stage.server, pss));
        assert_true(hf_config_set_signatures(stage.client, pss));
        assert_true(hf_config_set_verify_signatures(stage.client, ecdsa));
        hello_says = request_says = 0;
        assert_true(rogue_begin(&rogue, &stage, "localhost", hear_schemes));
        assert_true(rogue_run(&rogue));
        assert_int_equal(hello_says, 3);
        assert_int_equal(request_says, 4);
        assert_int_equal(hf_conn_peer_scheme(rogue.end[HF_CLIENT].conn),
                         0x0403);
        assert_int_equal(hf_conn_peer_certificates(rogue.end[HF_SERVER].conn),
                         0);
        rogue_end(&rogue);
        stage_clear(&stage);
    }
}

static void too_many_names_are_not_told(void **state)
{
    struct issued *ca = authority("a name of thirty-two characters.",
                                  ISSUE_P256);
    struct hf_config *c = hf_config_new();

    (void)state;
    assert_true(hf_config_set_send_authorities(c, true));
    for (unsigned i = 0; i < 300; i++)
        assert_true(duet_trust(c, ca));
    assert_false(hf_config_freeze(c));
    assert_int_equal(hf_config_error(c)->code, HF_E_BAD_OPTION);
    assert_non_null(strstr(hf_config_error(c)->detail, "8192"));
    hf_config_free(c);
    issued_free(ca);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_shares_stand_in_the_order_of_the_groups),
        cmocka_unit_test(a_share_without_its_group_is_refused),
        cmocka_unit_test(suites_of_other_versions_are_not_offered),
        cmocka_unit_test(a_new_extension_may_change_in_the_second_hello),
        cmocka_unit_test(the_largest_hello_may_come_twice),
        cmocka_unit_test(a_server_says_which_group_it_would_rather_have),
        cmocka_unit_test(a_chain_is_signed_as_the_client_can_check),
        cmocka_unit_test(a_key_that_may_not_sign_is_the_last_choice),
        cmocka_unit_test(authorities_guide_the_choice),
        cmocka_unit_test(whom_we_trust_is_told_on_request),
        cmocka_unit_test(signing_and_verifying_are_two_things),
        cmocka_unit_test(too_many_names_are_not_told),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
