/* conn.c - make a connection, ask it, close it, free it. */
#include "engine/conn.h"
#include "handshake/psk.h"

/* ---- making ------------------------------------------------------------------------ */

/* Internationalized names come as A-labels (RFC 9525 6.3). */
static bool is_ascii(struct hf_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] >= 0x80)
            return false;
    return true;
}

static bool set_name(struct hf_conn *conn, const char *name)
{
    const struct hf_settings *set = &conn->config->settings;
    struct hf_error *error = &conn->session.error;
    struct hf_span text = hf_span_text(name);

    if (!name || !text.len) {
        /* Who accepts nothing but a pre-shared key verifies no name. */
        if (set->no_name_check || set->no_verify || hf_psk_only(set, HF_CLIENT))
            return true;
        return hf_fail(error, HF_E_NO_NAME,
                       "give hf_conn_new a server name, or say "
                       "hf_config_insecure_no_name_check");
    }
    if (!hf_peer_name_read(name, &conn->name)) {
        if (set->no_name_check || set->no_verify)
            return true;
        return hf_fail(error, HF_E_NO_NAME,
                       is_ascii(text)
                           ? "%q is neither a host name nor an IP "
                             "address"
                           : "%q has characters beyond ASCII; give "
                             "the name as it stands in DNS (xn--...)",
                       &text);
    }
    conn->check_name = !set->no_name_check;
    /* RFC 6066 3: addresses are not sent. */
    return conn->name.is_ip || hf_conn_set_sni(conn, conn->name.dns);
}

/* Can these settings play this role? */
static bool check_role(const struct hf_settings *set, enum hf_role role,
                       struct hf_error *error)
{
    bool client = role == HF_CLIENT;
    bool verifies = client || set->client_auth != HF_CLIENT_AUTH_NONE;

    if (hf_psk_only(set, role))
        return hf_psk_have(set, role) ||
               hf_fail(error, HF_E_BAD_PSK,
                       client ? "a pre-shared key is demanded, and there is "
                                "none for TLS 1.3"
                              : "a pre-shared key is demanded, and there is "
                                "none for TLS 1.3, or clients must show "
                                "certificates");
    if (!client && !set->keypair_count && !(set->questions & HF_ASK_CONFIG))
        return hf_fail(error, HF_E_NO_KEYPAIR, NULL);
    if (!verifies || set->no_verify || set->questions & HF_ASK_VERIFY)
        return true;
    if (!set->store)
        return hf_fail(error, HF_E_NO_TRUST,
                       "%s; load anchors with hf_config_trust",
                       client ? "no server could be verified"
                              : "clients are asked for certificates, and "
                                "none could be verified");
    if (!set->clock)
        return hf_fail(error, HF_E_BAD_OPTION,
                       "no clock to check dates with: hf_config_set_clock");
    return true;
}

struct hf_conn *hf_conn_new(struct hf_config *config, enum hf_role role,
                            const char *server_name)
{
    struct hf_conn *conn = config ? hf_alloc(sizeof(*conn)) : NULL;
    struct hf_session *s;

    if (!conn)
        return NULL;
    s = &conn->session;
    conn->config = hf_config_keep(config);
    s->role = role;
    s->own_chain = -1;
    s->settings = &config->settings;
    if (!hf_config_freeze(config)) {
        s->error = config->error;
    } else {
        s->watch = config->settings.watch;
        s->watch_ctx = config->settings.watch_ctx;
        s->watch_secrets = config->settings.watch_secrets;
        if (check_role(s->settings, role, &s->error) && role == HF_CLIENT)
            (void)set_name(conn, server_name);
    }
    conn->failed = s->error.code != HF_OK;
    return conn;
}

/* RFC 6066 3: a host name in ASCII, and no address; without its last dot. */
static bool check_sni(struct hf_span *name, const char *text,
                      struct hf_error *error)
{
    struct hf_peer_name read;

    if (name->len > 1 && name->at[name->len - 1] == '.')
        name->len--;
    if (hf_peer_name_read(text, &read) && read.is_ip)
        return hf_fail(error, HF_E_BAD_OPTION,
                       "%q is an address, which is not sent as a name", name);
    return hf_host_name_ok(*name) ||
           hf_fail(error, HF_E_BAD_OPTION, "%q (%z bytes) is no host name",
                   name, name->len);
}

static bool copy_sni(struct hf_conn *conn, struct hf_span name)
{
    conn->sni = hf_alloc(name.len + 1);
    if (!conn->sni)
        return hf_fail(&conn->session.error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(conn->sni, name.at, name.len);
    return true;
}

bool hf_conn_set_sni(struct hf_conn *conn, const char *name)
{
    struct hf_span text = hf_span_text(name);

    if (!conn || conn->started || conn->failed ||
        conn->session.role == HF_SERVER)
        return false;
    if (conn->sni)
        hf_free(conn->sni, hf_text_len(conn->sni) + 1);
    conn->sni = NULL;
    if (text.len && (!check_sni(&text, name, &conn->session.error) ||
                     !copy_sni(conn, text)))
        conn->failed = true;
    return !conn->failed;
}

bool hf_conn_set_watch(struct hf_conn *conn, hf_watch_fn *watch, void *ctx,
                       bool secrets)
{
    if (!conn || conn->started)
        return false;
    conn->session.watch = watch;
    conn->session.watch_ctx = ctx;
    conn->session.watch_secrets = secrets;
    return true;
}

void hf_conn_free(struct hf_conn *conn)
{
    if (!conn)
        return;
    hf_handshake_free(conn->handshake);
    hf_session_wipe(&conn->session);
    if (conn->sni)
        hf_free(conn->sni, hf_text_len(conn->sni) + 1);
    if (conn->label)
        hf_free(conn->label, hf_text_len(conn->label) + 1);
    hf_config_free(conn->config);
    hf_free(conn, sizeof(*conn));
}

bool hf_conn_start(struct hf_conn *conn)
{
    struct hf_session *s = &conn->session;
    struct hf_handshake *hs;

    if (conn->started)
        return true;
    conn->started = true;
    hs = hf_handshake_new(s);
    if (!hs)
        return hf_fail(&s->error, HF_E_OUT_OF_MEMORY, NULL);
    conn->handshake = hs;
    hs->name = conn->name;
    hs->check_name = conn->check_name;
    hs->sni = conn->sni;
    hs->label = conn->label;
    /* Client: this is the name in the session; server: it is heard. */
    s->server_name = conn->sni;
    conn->sni = NULL;
    return true;
}

/* ---- the end ------------------------------------------------------------------------- */

static void say_error(struct hf_conn *conn)
{
    struct hf_session *s = &conn->session;
    struct hf_event event = { .kind = HF_EVENT_ERROR,
                              .id = HF_EV_ERROR,
                              .version = s->version,
                              .inputs = s->error.detail,
                              .verdict = hf_error_text(s->error.code),
                              .instead = "",
                              .subject = "",
                              .error = &s->error };

    if (hf_watched(s))
        s->watch(s->watch_ctx, &event);
}

enum hf_outcome hf_conn_fail(struct hf_conn *conn)
{
    struct hf_session *s = &conn->session;
    struct hf_error unsaid = { .code = HF_OK };

    if (!s->error.code)
        hf_fail(&s->error, HF_E_BUG, "a failure without a reason");
    if (conn->failed)
        return HF_FAILED;
    conn->failed = true;
    conn->ready = false;
    say_error(conn);
    /* One alert, and none in answer to one.  If it cannot be sealed, the
     * peer learns from the closed connection. */
    if (s->error.alert && !s->error.by_peer && !conn->close_sent &&
        conn->started)
        hf_send_alert(s, s->error.alert, &unsaid);
    if (conn->handshake)
        hf_session_failed(conn->handshake);
    hf_handshake_free(conn->handshake);
    conn->handshake = NULL;
    hf_reassembly_wipe(&s->messages);
    /* RFC 8446 6: both "MUST forget the secret values and keys". */
    hf_direction_wipe(&s->in);
    hf_direction_wipe(&s->out);
    hf_session_forget(s);
    return HF_FAILED;
}

enum hf_outcome hf_conn_eof(struct hf_conn *conn)
{
    struct hf_session *s = &conn->session;

    if (conn->failed)
        return HF_FAILED;
    if (conn->close_received)
        return HF_CLOSED;
    if (conn->ready)
        hf_fail(&s->error, HF_E_CUT, NULL);
    else
        hf_fail(&s->error, HF_E_CLOSED_EARLY, "%s",
                s->version ? "after the hellos" : "before any answer");
    return hf_conn_fail(conn);
}

/* ---- questions about it ----------------------------------------------------------------- */

const struct hf_error *hf_conn_error(const struct hf_conn *conn)
{
    static const struct hf_error none = { .code = HF_E_OUT_OF_MEMORY,
                                          .alert = 80 };

    return conn ? &conn->session.error : &none;
}

bool hf_conn_ready(const struct hf_conn *conn)
{
    return conn && conn->ready;
}

unsigned hf_conn_version(const struct hf_conn *conn)
{
    return conn->session.version;
}

unsigned hf_conn_suite(const struct hf_conn *conn)
{
    return conn->session.suite ? conn->session.suite->number : 0;
}

unsigned hf_conn_group(const struct hf_conn *conn)
{
    return conn->session.group;
}

unsigned hf_conn_peer_scheme(const struct hf_conn *conn)
{
    return conn->session.peer_scheme;
}

unsigned hf_conn_own_scheme(const struct hf_conn *conn)
{
    return conn->session.own_scheme;
}

bool hf_conn_retried(const struct hf_conn *conn)
{
    return conn->session.retried;
}

struct hf_span hf_conn_protocol(const struct hf_conn *conn)
{
    return hf_span_text(conn->session.protocol);
}

const char *hf_conn_server_name(const struct hf_conn *conn)
{
    return conn->session.server_name ? conn->session.server_name : conn->sni;
}

size_t hf_conn_peer_certificates(const struct hf_conn *conn)
{
    return conn->session.peer_count;
}

size_t hf_conn_attempts(const struct hf_conn *conn)
{
    return conn->session.tried ? conn->session.tried->count : 0;
}

bool hf_conn_attempt(const struct hf_conn *conn, size_t index,
                     struct hf_attempt *out)
{
    const struct hf_tried_tree *tree = conn->session.tried;
    const struct hf_tried *tried;

    *out = (struct hf_attempt){ .issuer_of = -1 };
    if (!tree || index >= tree->count)
        return false;
    tried = &tree->at[index];
    *out = (struct hf_attempt){ .certificate = tried->cert->der,
                                .issuer_of = tried->parent,
                                .anchor = tried->anchor,
                                .code = tried->code,
                                .check = tried->event,
                                .detail = tried->detail,
                                .fix = tried->fix };
    return true;
}

struct hf_span hf_conn_peer_certificate(const struct hf_conn *conn,
                                        size_t index)
{
    return index < conn->session.peer_count ? conn->session.peer[index]->der
                                            : hf_span(NULL, 0);
}

bool hf_conn_peer_verified(const struct hf_conn *conn)
{
    return conn->verified;
}

struct hf_span hf_conn_psk_identity(const struct hf_conn *conn)
{
    const struct hf_psk_origin *psk = &conn->session.psk;

    return hf_psk_name(psk->kind, psk->identity);
}

int hf_conn_own_chain(const struct hf_conn *conn)
{
    return conn->session.own_chain;
}

bool hf_conn_export(const struct hf_conn *conn, const char *label,
                    struct hf_span context, uint8_t *out, size_t len)
{
    enum { LABEL_MAX = 249 }; /* what HkdfLabel holds behind "tls13 " */
    const struct hf_session *s = &conn->session;

    if (!conn->ready || !label || hf_text_len(label) > LABEL_MAX ||
        len > (size_t)255 * s->hash->len)
        return false;
    return s->version == HF_TLS12
               ? hf_keys12_export(s, label, context, out, len)
               : hf_keys13_export(s, label, context, out, len);
}

/* ---- questions to the application ---------------------------------------------------------- */

struct hf_question hf_conn_question(const struct hf_conn *conn)
{
    static const struct hf_question none = { .kind = 0 };

    return conn->handshake ? conn->handshake->question : none;
}

/* Another config for this client: from here on its settings hold. */
static bool use_config(struct hf_conn *conn, struct hf_config *config)
{
    struct hf_session *s = &conn->session;
    struct hf_config *before;

    if (!config)
        return true;
    if (!hf_config_freeze(config)) {
        s->error = config->error;
        return false;
    }
    /* What is hashed already was hashed by the one in force before. */
    if (config->settings.crypto.provider !=
        conn->config->settings.crypto.provider)
        return hf_fail(&s->error, HF_E_MISUSE,
                       "the chosen config has another provider");
    if (!check_role(&config->settings, s->role, &s->error))
        return false;
    before = conn->config;
    conn->config = hf_config_keep(config);
    hf_config_free(before);
    s->settings = conn->handshake->settings = &config->settings;
    conn->handshake->transcript.crypto = &config->settings.crypto;
    return true; /* the handshake settles version and signatures anew */
}

/* The caller's bytes are good for this call only. */
static bool keep_signature(struct hf_handshake *hs, struct hf_span signature)
{
    if (signature.len > HF_SIGNATURE_MAX)
        return hf_fail(hs->error, HF_E_CRYPTO,
                       "a signature of %z bytes was given, at most %u",
                       signature.len, (unsigned)HF_SIGNATURE_MAX);
    hs->answer.signature = hf_arena_copy(&hs->arena, signature);
    return hs->answer.signature.at || hf_arena_fail(&hs->arena, hs->error);
}

bool hf_conn_answer(struct hf_conn *conn, const struct hf_answer *answer)
{
    struct hf_handshake *hs = conn->handshake;

    if (!hs || !hs->question.kind)
        return false;
    if (hs->question.kind == HF_ASK_CONFIG &&
        !use_config(conn, answer->config)) {
        hf_conn_fail(conn);
        return false;
    }
    hs->answer = *answer;
    if (hs->question.kind == HF_ASK_DECRYPT) {
        hf_rsa12_answer(hs, answer->opened);
    } else if (!keep_signature(hs, answer->signature)) {
        hf_conn_fail(conn);
        return false;
    }
    hs->question = (struct hf_question){ .kind = 0 };
    hs->answered = true;
    return true;
}
