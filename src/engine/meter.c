/* meter.c - see meter.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TAG = 16, NONCE12 = 8 };

struct duet meter;
struct metered meter_sent[2];
uint8_t meter_data[METER_DATA];

void meter_count(struct metered *s, unsigned version, const uint8_t *at,
                 size_t left)
{
    while (left) {
        size_t len = hf_number(at + 3, 2), inside;
        bool sealed = version == HF_TLS13 ? at[0] == 23 : s->ccs;

        assert_true(5 + len <= left);
        if (sealed) {
            inside = len - TAG - (version == HF_TLS13 ? 0 : NONCE12);
            s->sealed++;
            s->most = inside > s->most ? inside : s->most;
            s->strangers += s->multiple && inside % s->multiple;
        } else if (at[0] == HF_CONTENT_HANDSHAKE && len > s->clear) {
            s->clear = len;
        }
        s->ccs |= at[0] == HF_CONTENT_CCS;
        at += 5 + len;
        left -= 5 + len;
    }
}

static bool carry(enum hf_role from, unsigned version)
{
    struct hf_conn *conn = from == HF_CLIENT ? meter.client : meter.server;
    struct hf_conn *to = from == HF_CLIENT ? meter.server : meter.client;
    struct duet_wire *wire = from == HF_CLIENT ? &meter.to_server
                                               : &meter.to_client;
    size_t before = wire->len;

    duet_flush(conn, wire);
    meter_count(&meter_sent[from], version, wire->bytes + before,
                wire->len - before);
    if (!wire->len)
        return false;
    if (from == HF_CLIENT)
        duet_take(to, wire, 0, meter.got_server, &meter.server_len);
    else
        duet_take(to, wire, 0, meter.got_client, &meter.client_len);
    return true;
}

bool meter_pump(unsigned version)
{
    struct hf_span none;
    size_t used;
    bool more = true;

    hf_conn_receive(meter.client, NULL, 0, &used, &none);
    while (more) {
        more = carry(HF_CLIENT, version);
        more |= carry(HF_SERVER, version);
    }
    return hf_conn_ready(meter.client) && hf_conn_ready(meter.server);
}

void meter_send(enum hf_role from, unsigned version, struct hf_span bytes)
{
    struct hf_conn *conn = from == HF_CLIENT ? meter.client : meter.server;
    struct duet_wire *wire = from == HF_CLIENT ? &meter.to_server
                                               : &meter.to_client;
    size_t need = hf_conn_room(conn, bytes.len), taken, made;
    size_t before = wire->len;

    assert_true(need <= DUET_WIRE - wire->len);
    made = hf_conn_send(conn, bytes, wire->bytes + wire->len, need, &taken);
    assert_int_equal(taken, bytes.len);
    assert_true(made && made <= need);
    wire->len += made;
    meter_count(&meter_sent[from], version, wire->bytes + before, made);
}

void meter_begin(unsigned version, const struct duet_certs *certs)
{
    memset(meter_sent, 0, sizeof(meter_sent));
    assert_true(duet_init(&meter, certs));
    assert_true(hf_config_set_versions(meter.client_config, version, version));
    assert_true(hf_config_set_versions(meter.server_config, version, version));
}

void meter_talk(unsigned version)
{
    assert_true(duet_start(&meter, "localhost"));
    if (!meter_pump(version))
        fail_msg("%s; %s", hf_conn_error(meter.client)->detail,
                 hf_conn_error(meter.server)->detail);
    for (int i = 0; i < 2; i++) {
        meter_send(HF_CLIENT, version, HF_SPAN(meter_data));
        meter_send(HF_SERVER, version, HF_SPAN(meter_data));
        meter_pump(version);
        meter_send(HF_CLIENT, version, hf_span(meter_data, 1));
        meter_send(HF_SERVER, version, hf_span(meter_data, 1));
        meter_pump(version);
        if (version == HF_TLS13)
            assert_true(hf_conn_update_keys(meter.client, true));
        meter_pump(version);
    }
    assert_int_equal(hf_conn_error(meter.client)->code, HF_OK);
    assert_int_equal(hf_conn_error(meter.server)->code, HF_OK);
    assert_int_equal(meter.server_len, 2 * (METER_DATA + 1));
    assert_int_equal(meter.client_len, 2 * (METER_DATA + 1));
    assert_memory_equal(meter.got_client, meter_data, METER_DATA);
    assert_memory_equal(meter.got_server, meter_data, METER_DATA);
}
