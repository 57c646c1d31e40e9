/* play.c - one run through: what is said to the victim, and what it says.  See
 * cast.h. */
#define HF_UNPOISONED
#include "cast.h"

#include <stdio.h>
#include <string.h>

enum { CALLS_MAX = 16 };

static size_t number_at(const uint8_t *at, size_t width)
{
    size_t number = 0;

    while (width--)
        number = number << 8 | *at++;
    return number;
}

/* ---- bytes in -------------------------------------------------------------------- */

static bool answer(struct hf_conn *to, const struct cast *cast)
{
    static const uint8_t signature[8];
    struct hf_question question = hf_conn_question(to);
    uint8_t opened[HF_SIGNATURE_MAX];
    struct hf_answer answer = {
        .signature = HF_SPAN(signature),
        .accept = !cast || !(cast->scenario->is & DOUBTS),
        .config = cast ? cast->second : NULL,
    };

    if (question.kind == HF_ASK_DECRYPT) {
        /* The private power of a number is the number. */
        memcpy(opened, question.message.at, question.message.len);
        answer.opened = hf_span(opened, question.message.len);
    }
    return hf_conn_answer(to, &answer);
}

/* RFC 8446 6, and the promise of hf_conn_receive(): every call takes a byte,
 * or tells something, or wants bytes because all are taken.  All that is given
 * here is whole records. */
enum hf_outcome cast_give(struct hf_conn *to, uint8_t *bytes, size_t len,
                          struct hf_span *data, const struct play *victim,
                          struct deeds *deeds)
{
    const struct cast *cast = victim ? victim->cast : NULL;
    bool mute = victim && victim->mute;
    enum hf_outcome outcome, told = HF_NEED_BYTES;
    size_t at = 0, used;
    unsigned calls = 0;

    deeds->stuck = false;
    do {
        outcome = hf_conn_receive(to, bytes + at, len - at, &used, data);
        at += used;
        if (outcome == HF_ASKS && (mute || !answer(to, cast)))
            return mute ? HF_ASKS : HF_FAILED;
        if (outcome != HF_NEED_BYTES && outcome != HF_ASKS)
            told = outcome;
        deeds->stuck = ++calls == CALLS_MAX ||
                       (outcome == HF_NEED_BYTES && at < len);
    } while (!deeds->stuck && outcome != HF_FAILED &&
             (outcome == HF_ASKS || outcome == HF_READY || at < len));
    return told;
}

/* ---- what the victim says ------------------------------------------------------------ */

static void note(struct verdict *v, const char *word)
{
    size_t len = strlen(v->spoken);

    snprintf(v->spoken + len, sizeof(v->spoken) - len, "%s%s", len ? " " : "",
             word);
}

/* A server that knows better marks its random (RFC 8446 4.1.3). */
static bool is_marked(struct hf_span message)
{
    return message.len >= 4 + 2 + 32 &&
           !memcmp(message.at + 4 + 2 + 24, "DOWNGRD\1", 8);
}

static const char *word_of(struct hf_span message)
{
    switch (message.at[0]) {
    case HF_CLIENT_HELLO: return "CH";
    case HF_SERVER_HELLO:
        if (hf_wire_server_hello_place(hf_span_after(message, 4)) == HF_HRR)
            return "HRR";
        return is_marked(message) ? "SHM" : "SH";
    case HF_NEW_SESSION_TICKET: return "NST";
    case HF_END_OF_EARLY_DATA: return "EOED";
    case HF_ENCRYPTED_EXTENSIONS: return "EE";
    case HF_CERTIFICATE: return "CERT";
    case HF_COMPRESSED_CERTIFICATE: return "CCERT";
    case HF_SERVER_KEY_EXCHANGE: return "SKE";
    case HF_CERTIFICATE_REQUEST: return "CR";
    case HF_CERTIFICATE_STATUS: return "CS";
    case HF_SERVER_HELLO_DONE: return "SHD";
    case HF_CERTIFICATE_VERIFY: return "CV";
    case HF_CLIENT_KEY_EXCHANGE: return "CKE";
    case HF_FINISHED: return "FIN";
    case HF_KEY_UPDATE: return "KU";
    default: return "?";
    }
}

static void keep(uint8_t *room, size_t *len, struct hf_span record)
{
    if (record.len <= HELLO_ROOM) {
        memcpy(room, record.at, record.len);
        *len = record.len;
    }
}

/* All messages of one record that was opened. */
static void note_messages(struct play *p, struct hf_span inside,
                          struct hf_span record, struct verdict *v)
{
    while (inside.len >= 4) {
        size_t len = 4 + number_at(inside.at + 1, 3);
        const char *word = word_of(inside);

        note(v, word);
        if (!strcmp(word, "CH") && !p->hello_len)
            keep(p->hello, &p->hello_len, record);
        else if (!strcmp(word, "CH") || !strcmp(word, "HRR"))
            keep(p->retry, &p->retry_len, record);
        inside = hf_span_after(inside, len < inside.len ? len : inside.len);
    }
}

/* What is inside a record of this provider's: all of it but the nonce, the tag,
 * and TLS 1.3's type. */
static struct hf_span inside(const struct play *p, struct hf_span record,
                             uint8_t *type)
{
    struct hf_span body = hf_span_after(record, 5);

    *type = record.at[0];
    if (p->out12) {
        body = hf_span_after(body, 8);
        body.len -= HF_TAG_LEN;
    } else if (*type == HF_CONTENT_DATA) {
        body.len -= HF_TAG_LEN + 1;
        *type = body.at[body.len];
    }
    return body;
}

static void listen(struct play *p, struct verdict *v)
{
    struct hf_span out = hf_conn_outgoing(p->victim);
    size_t all = out.len;

    while (out.len) {
        struct hf_span record = { out.at, 5 + number_at(out.at + 3, 2) };
        char alert[16];
        uint8_t type;
        struct hf_span body = inside(p, record, &type);

        if (type == HF_CONTENT_HANDSHAKE) {
            note_messages(p, body, record, v);
        } else if (type == HF_CONTENT_ALERT) {
            snprintf(alert, sizeof(alert), "alert%u", body.at[1]);
            note(v, alert);
        } else {
            note(v, type == HF_CONTENT_CCS ? "CCS" : "DATA");
            p->out12 |= hf_conn_version(p->victim) == HF_TLS12;
        }
        out = hf_span_after(out, record.len);
    }
    hf_conn_sent(p->victim, all);
}

/* ---- one thing said --------------------------------------------------------------------- */

/* All by which a record can be accounted for. */
struct account {
    uint64_t key;
    size_t at, half; /* in the flow; bytes of an unfinished message */
    unsigned facts, no_progress, early_skip;
    bool ready, heard_ccs;
};

static struct account account(const struct hf_conn *c)
{
    const struct hf_handshake *hs = c->handshake;
    struct account a = { .key = c->session.in.state[0],
                         .half = c->session.messages.kept.end -
                                 c->session.messages.kept.start,
                         .no_progress = c->no_progress,
                         .early_skip = c->session.early_skip,
                         .ready = c->ready };

    if (hs) {
        a.at = hs->at;
        a.facts = hs->facts;
        a.heard_ccs = hs->ccs_heard;
    }
    return a;
}

/* The handshake went on, keys changed, or a counter of what moves nothing did
 * its work. */
static bool moved(const struct account *was, const struct account *is)
{
    return is->key != was->key || is->at != was->at || is->half > was->half ||
           is->facts != was->facts || is->ready != was->ready ||
           is->heard_ccs != was->heard_ccs ||
           is->no_progress > was->no_progress ||
           is->early_skip < was->early_skip;
}

void play_hear(struct play *p, uint8_t *bytes, size_t len, struct verdict *v)
{
    struct account was = account(p->victim), is;
    struct hf_span data = { NULL, 0 };
    bool closed = p->victim->close_received;
    enum hf_outcome outcome = cast_give(p->victim, bytes, len, &data, p,
                                        &p->deeds);

    memset(v, 0, sizeof(*v));
    listen(p, v);
    v->failed = outcome == HF_FAILED;
    v->closed = outcome == HF_CLOSED;
    v->data = outcome == HF_DATA && data.len;
    v->early = outcome == HF_EARLY && data.len;
    v->ready = !v->failed && hf_conn_ready(p->victim);
    is = account(p->victim);
    v->keyed = !v->failed && is.key != was.key;
    p->counts[0] = p->cast->victim->count;
    p->counts[1] = p->cast->second ? p->cast->second->count : 0;
    p->deeds.idle = len && !v->failed && !v->closed && !closed && !v->data &&
                    !v->early && !moved(&was, &is);
}

/* ---- one run ------------------------------------------------------------------------------------ */

bool play_begin(struct play *p, struct cast *cast, struct verdict *first)
{
    enum hf_role role = cast->scenario->is & IS_SERVER ? HF_SERVER : HF_CLIENT;

    memset(p, 0, sizeof(*p));
    p->cast = cast;
    p->victim = hf_conn_new(cast->victim, role,
                            role == HF_CLIENT ? "localhost" : NULL);
    if (!p->victim)
        return false;
    play_hear(p, NULL, 0, first);
    return true;
}

void play_resume(const struct play *p)
{
    p->cast->victim->count = p->counts[0];
    if (p->cast->second)
        p->cast->second->count = p->counts[1];
}

void play_end(struct play *p)
{
    hf_conn_free(p->victim);
    p->victim = NULL;
}

bool play_can(const struct cast *cast, enum say say)
{
    return (unsigned)say >= EXTRAS || cast->extra[say];
}

size_t play_write(struct play *p, enum say say, uint8_t *out, size_t cap,
                  uint8_t *type)
{
    const struct hello *hello;

    if ((unsigned)say >= EXTRAS)
        return speak_message(p, say, out, cap, type);
    hello = cast_hello(p, say);
    if (!hello || hello->len - 5 > cap)
        return 0;
    *type = HF_CONTENT_HANDSHAKE;
    memcpy(out, hello->bytes + 5, hello->len - 5);
    return hello->len - 5;
}

bool play_deliver(struct play *p, uint8_t type, struct hf_span bytes,
                  const struct hf_direction *as, struct verdict *out)
{
    uint8_t record[HF_PLAINTEXT_MAX + HF_RECORD_OVERHEAD];
    struct hf_direction to = as ? *as : p->victim->session.in;
    struct hf_error error = { .code = HF_OK };
    size_t len;

    if (type == HF_CONTENT_CCS && !to.tls12)
        memset(&to, 0, sizeof(to));
    len = bytes.len > HF_PLAINTEXT_MAX
              ? 0
              : hf_record_seal(&to, type, 0x0303, bytes, record, &error);
    play_hear(p, record, len, out);
    return len != 0;
}

void play_answer(struct play *p, struct verdict *out)
{
    p->mute = false;
    play_hear(p, NULL, 0, out);
}

bool play_say(struct play *p, enum say say, struct verdict *out)
{
    uint8_t bytes[LINE_ROOM], type = 0;
    size_t len = play_write(p, say, bytes, sizeof(bytes), &type);

    return len && play_deliver(p, type, hf_span(bytes, len), NULL, out);
}
