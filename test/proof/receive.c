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

/* ---- a record of any kind --------------------------------------------------------------- */

static struct hf_span record; /* the bytes of its fragment */

bool any_record_open(struct hf_direction *d, const struct hf_frame *frame,
                     uint8_t *type, struct hf_span *plain,
                     struct hf_error *error)
{
    size_t from = nondet_size(), len = nondet_size();

    PROVE(frame->body == record.at && frame->len == record.len);
    if (nondet_bool())
        return hf_fail(error,
                       nondet_bool() ? HF_E_BAD_RECORD_MAC : HF_E_RECORD_EMPTY,
                       NULL);
    ASSUME(from <= record.len && len <= record.len - from);
    ASSUME(len <= hf_record_most(d));
    *type = nondet_byte();
    *plain = hf_span(record.at + from, len);
    return true;
}

bool hf_reassembly_empty(const struct hf_reassembly *r)
{
    (void)r;
    return nondet_bool();
}

void hf_reassembly_add(struct hf_reassembly *r, struct hf_span fragment)
{
    (void)r;
    PROVE(fragment.len > 0 && WITHIN(fragment, record));
}

bool hf_reassembly_save(struct hf_reassembly *r, struct hf_error *error)
{
    (void)r;
    return nondet_bool() || hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
}

bool any_late_messages(struct hf_conn *c)
{
    return nondet_bool() || hf_fail(&c->session.error, HF_E_UNEXPECTED, NULL);
}

void hf_conn_accepted(struct hf_conn *c, const char *what)
{
    (void)c;
    (void)what;
}

static struct hf_frame any_frame(void)
{
    struct hf_frame frame = { .type = nondet_byte() };

    record = any_bytes(HF_PLAINTEXT_MAX + HF_EXPANSION_MAX);
    frame.body = (uint8_t *)record.at;
    frame.len = record.len;
    any_state();
    conn.session.early_left = nondet_word();
    conn.session.early_skip = nondet_word();
    conn.session.in.limit.most = nondet_half();
    /* As become_ready() has it. */
    ASSUME(!conn.ready || (conn.session.in.aead && !conn.handshake));
    return frame;
}

/* Data comes out of a connection that is ready, or as 0-RTT data within what
 * was promised; whatever ends it has a reason; what is skipped was allowed. */
void prove_record(void)
{
    struct hf_frame frame = any_frame();
    struct hf_span data = { NULL, 0 };
    uint32_t left = conn.session.early_left, skip = conn.session.early_skip;
    enum took took = take_record(&conn, &frame, &data);

    PROVE((took == TOOK_FATAL) == (conn.session.error.code != HF_OK));
    PROVE(!data.at || took == TOOK_DATA || took == TOOK_EARLY);
    PROVE(conn.session.early_skip <= skip && conn.session.early_left <= left);
    if (took != TOOK_DATA && took != TOOK_EARLY)
        return;
    PROVE(data.len > 0 && WITHIN(data, record));
    if (took == TOOK_DATA)
        PROVE(conn.ready && conn.session.in.epoch != HF_EARLY_DATA);
    else
        PROVE(conn.session.in.epoch == HF_EARLY_DATA &&
              data.len == left - conn.session.early_left);
}

/* ---- the bytes of a connection ------------------------------------------------------------ */

/* As prove_frame has it (frame.c). */
enum hf_frame_result hf_frame_next(struct hf_frame *f, uint8_t *bytes,
                                   size_t len, unsigned version, bool sealed,
                                   struct hf_error *error)
{
    (void)version;
    (void)sealed;
    PROVE(!len || __CPROVER_r_ok(bytes, len));
    if (len < HF_HEADER_LEN || nondet_bool())
        return HF_FRAME_PART;
    if (nondet_bool()) {
        hf_fail(error, HF_E_RECORD_TYPE, NULL);
        return HF_FRAME_BAD;
    }
    f->type = nondet_byte();
    f->header = hf_span(bytes, HF_HEADER_LEN);
    f->body = bytes + HF_HEADER_LEN;
    f->len = nondet_size();
    ASSUME(f->len <= len - HF_HEADER_LEN);
    return HF_FRAME_WHOLE;
}

enum took any_take_record(struct hf_conn *c, const struct hf_frame *frame,
                          struct hf_span *data)
{
    enum took took = nondet_bool()   ? TOOK
                     : nondet_bool() ? TOOK_DATA
                     : nondet_bool() ? TOOK_CLOSE
                                     : TOOK_FATAL;

    if (took == TOOK_FATAL)
        hf_fail(&c->session.error, HF_E_UNEXPECTED, NULL);
    if (took == TOOK_DATA)
        *data = hf_span(frame->body, frame->len);
    return took;
}

enum hf_outcome hf_conn_fail(struct hf_conn *c)
{
    PROVE(c->session.error.code != HF_OK);
    return HF_FAILED;
}

/* No more is used up than is there, and whoever asks for more bytes has used
 * all records that are whole. */
void prove_one_record(void)
{
    struct hf_span bytes = any_bytes(65536), data = { NULL, 0 };
    size_t used = 0;
    enum hf_outcome outcome;

    any_state();
    outcome = one_record(&conn, (uint8_t *)bytes.at, bytes.len, &used, &data);
    PROVE(used <= bytes.len && (used == 0 || used >= HF_HEADER_LEN));
    PROVE((outcome == HF_FAILED) == (conn.session.error.code != HF_OK));
    PROVE(outcome != HF_DATA || WITHIN(data, bytes));
    PROVE(outcome == HF_NEED_BYTES || outcome == HF_FAILED || used > 0);
}
