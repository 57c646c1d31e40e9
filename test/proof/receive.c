/* receive.c - what a record says outside of the handshake's messages: alerts and
 * ChangeCipherSpec, of any length, in any state. */
#include "proof.h"

#include "engine/receive.c"

void hf_passed(const struct hf_session *s, bool sent, uint8_t record,
               unsigned message, unsigned epoch, struct hf_span bytes)
{
    (void)s;
    (void)sent;
    (void)record;
    (void)message;
    (void)epoch;
    PROVE(__CPROVER_r_ok(bytes.at, bytes.len));
}

void hf_decided(const struct hf_session *s, enum hf_event_id id, bool ok,
                const char *what, const char *verdict, const char *instead)
{
    (void)s;
    (void)id;
    (void)ok;
    (void)what;
    (void)verdict;
    (void)instead;
}

const char *hf_alert_name(unsigned alert)
{
    PROVE(alert <= UINT8_MAX);
    return nondet_bool() ? "one" : NULL;
}

bool hf_conn_refused(struct hf_conn *conn, unsigned alert)
{
    (void)alert;
    if (nondet_bool())
        return false;
    conn->session.error.code = HF_E_ALERT;
    return true;
}

unsigned hf_least_version(const struct hf_settings *set, enum hf_role role)
{
    (void)set;
    (void)role;
    return nondet_bool() ? HF_TLS12 : HF_TLS13;
}

void hf_handshake_ccs(struct hf_handshake *hs)
{
    (void)hs;
}

static struct hf_conn conn; /* any */

static void any_state(void)
{
    static struct hf_settings set;
    static const struct hf_aead aead = { .name = "any" };
    static char handshake;

    conn.session.settings = &set;
    conn.session.error.code = HF_OK;
    conn.session.role = nondet_bool() ? HF_SERVER : HF_CLIENT;
    conn.session.version = nondet_bool()   ? 0
                           : nondet_bool() ? HF_TLS12
                                           : HF_TLS13;
    conn.session.in.aead = nondet_bool() ? &aead : NULL;
    conn.session.in.epoch = nondet_byte();
    conn.no_progress = nondet_byte() % (HF_NO_PROGRESS_MAX + 1);
    conn.ready = nondet_bool();
    conn.handshake = nondet_bool() ? (struct hf_handshake *)(void *)&handshake
                                   : NULL;
}

/* Whoever is told of an alert's end knows why; nothing is ignored for ever. */
void prove_alert(void)
{
    struct hf_span alert = any_bytes(HF_PLAINTEXT_MAX);
    unsigned before;
    enum took took;

    any_state();
    before = conn.no_progress;
    took = take_alert(&conn, alert);
    PROVE((took == TOOK_FATAL) == (conn.session.error.code != HF_OK));
    PROVE(took == TOOK_FATAL || alert.len == 2);
    PROVE(took != TOOK || conn.no_progress == before + 1);
    PROVE((took == TOOK_CLOSE) ==
          (alert.len == 2 && conn.ready && alert.at[1] == CLOSE_NOTIFY));
    PROVE(took != TOOK || alert.at[1] == USER_CANCELED || alert.at[0] == 1);
    PROVE(took != TOOK_DATA && took != TOOK_EARLY);
}

void prove_ccs(void)
{
    struct hf_span bytes = any_bytes(HF_PLAINTEXT_MAX);
    struct hf_frame frame = { .type = HF_CONTENT_CCS,
                              .body = (uint8_t *)bytes.at,
                              .len = bytes.len };
    enum took took;

    any_state();
    took = take_ccs(&conn, &frame);
    PROVE(took == TOOK || took == TOOK_FATAL);
    PROVE((took == TOOK_FATAL) == (conn.session.error.code != HF_OK));
    PROVE(took == TOOK_FATAL || (bytes.len == 1 && bytes.at[0] == 1));
}
