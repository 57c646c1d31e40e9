/* forms.c - in which forms a thing can come, and what must become of it:
 *
 *   in pieces     a byte to a record: means the same as in one
 *   in the clear  where there are keys: refused
 *   empty         a message without its body: refused, unless it has none; a
 *                 record without content: refused, but for data, which are
 *                 counted (RFC 8446 5.1)
 *   largest       as long as a record can be, filled with zeroes: refused, but
 *                 for data
 *   too long      a record that says it is longer: refused at its header
 *   huge          a message that says it has 16,777,215 bytes: the same
 *   behind        in one record with what was said before it: the same, but
 *                 refused where keys change or the turn ends in between
 *                 (RFC 8446 5.1)
 *   again         under the number of the record before: refused
 *   ahead         under the number of the next: refused
 *   late          where a question is open until later: meanwhile nothing is
 *                 looked at, and then it means the same
 *   in between    what is no handshake message, behind half of one: refused
 *                 (RFC 8446 5.1)
 *   over and over until it is refused, or TIMES: as the model has it each time
 *   other keys    under each key of any other epoch, generation or side, and of
 *                 the other version: refused as bad_record_mac, or skipped if it
 *                 may be early data that was refused (RFC 8446 4.2.10)
 *
 * What it means is what the model (model.h) says. */
#define HF_UNPOISONED
#include "matrix.h"

#include <stdio.h>
#include <string.h>

static const char *const form_names[FORMS] = {
    "in pieces",     "in the clear", "empty",     "largest", "too long",
    "huge",          "behind",       "again",     "ahead",   "late",
    "over and over", "in between",   "other keys"
};

enum {
    TIMES = 40,
    UNDECODABLE = 50,
    BAD_RECORD_MAC = 20,
    RECORD_OVERFLOW = 22
};

/* ---- cells ---------------------------------------------------------------------- */

bool cell_walk(struct play *p, const struct cell *c, size_t len)
{
    struct verdict v;

    if (!play_begin(p, c->cast, &v))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!play_say(p, c->way->said[i], &v) || v.failed)
            return false;
    return true;
}

/* Refused, and nothing else; if by us, then with one alert at the very end. */
static bool refused(const struct verdict *v)
{
    const char *alert = strstr(v->spoken, "alert");

    return v->failed && !v->ready && !v->data && !v->early && !v->closed &&
           (!alert || !strchr(alert, ' '));
}

static bool refused_with(const struct verdict *v, unsigned alert)
{
    char word[16];

    snprintf(word, sizeof(word), "alert%u", alert);
    return refused(v) && !strcmp(v->spoken, word);
}

static bool as_due(const struct cell *c, const struct verdict *v)
{
    return v->failed == c->due.failed && v->ready == c->due.ready &&
           v->data == c->due.data && v->early == c->due.early &&
           v->closed == c->due.closed;
}

static bool in_pieces(struct play *p, const struct cell *c, uint8_t type,
                      struct hf_span bytes)
{
    struct verdict v = { .failed = false };

    for (size_t i = 0; i < bytes.len && !v.failed; i++)
        if (!play_deliver(p, type, hf_span(bytes.at + i, 1), NULL, &v))
            return false;
    return as_due(c, &v) && !strcmp(v.spoken, c->due.spoken);
}

static bool has_body(enum say say)
{
    return say != SAY_HELLO_DONE && say != SAY_HELLO_REQUEST &&
           say != SAY_END_OF_EARLY_DATA && say != SAY_UNKNOWN;
}

/* Nothing inside. */
static bool empty_record(struct play *p, const struct cell *c, uint8_t type)
{
    bool welcome = type == HF_CONTENT_DATA && !c->due.failed;
    struct verdict v;

    if (!play_deliver(p, type, hf_span(NULL, 0), NULL, &v))
        return false;
    return welcome ? !v.failed && !v.data && !v.early && !*v.spoken &&
                         !p->deeds.idle
                   : refused(&v);
}

static bool empty(struct play *p, const struct cell *c, uint8_t type,
                  struct hf_span bytes)
{
    uint8_t message[4] = { bytes.at[0] };
    char alert[16];
    struct verdict v;

    if (type != HF_CONTENT_HANDSHAKE)
        return empty_record(p, c, type);
    if (!has_body(c->say))
        return true;
    snprintf(alert, sizeof(alert), "alert%d", UNDECODABLE);
    return play_deliver(p, type, HF_SPAN(message), NULL, &v) && refused(&v) &&
           (c->due.failed || strstr(v.spoken, alert));
}

static bool largest(struct play *p, const struct cell *c, uint8_t type,
                    struct hf_span bytes)
{
    static uint8_t room[HF_PLAINTEXT_MAX];
    uint8_t header[4] = { bytes.at[0], 0, (sizeof(room) - 4) >> 8,
                          (sizeof(room) - 4) & 0xff };
    struct verdict v;

    memcpy(room, header, sizeof(header));
    if (!play_deliver(p, type, HF_SPAN(room), NULL, &v))
        return false;
    return c->due.data ? v.data && as_due(c, &v) : refused(&v);
}

static bool too_long(struct play *p, const struct cell *c, uint8_t type,
                     struct hf_span bytes)
{
    uint8_t header[HF_HEADER_LEN] = { type, 3, 3, 0xff, 0xff };
    struct verdict v;

    (void)c;
    (void)bytes;
    if (p->victim->session.in.aead && !p->victim->session.in.tls12 &&
        type != HF_CONTENT_CCS)
        header[0] = HF_CONTENT_DATA;
    play_hear(p, header, sizeof(header), &v);
    return refused_with(&v, RECORD_OVERFLOW);
}

static bool huge(struct play *p, const struct cell *c, uint8_t type,
                 struct hf_span bytes)
{
    uint8_t message[64] = { bytes.at[0], 0xff, 0xff, 0xff };
    struct verdict v;

    (void)c;
    return play_deliver(p, type, HF_SPAN(message), NULL, &v) && refused(&v);
}

static bool in_between(struct play *p, const struct cell *c, uint8_t type,
                       struct hf_span bytes)
{
    static const uint8_t half[2] = { HF_FINISHED, 0 };
    struct verdict v;

    (void)c;
    return play_deliver(p, HF_CONTENT_HANDSHAKE, HF_SPAN(half), NULL, &v) &&
           !v.failed && !*v.spoken && play_deliver(p, type, bytes, NULL, &v) &&
           refused(&v);
}

/* @bytes were written by somebody who was a step ahead. */
static bool behind(struct play *p, const struct cell *c, uint8_t type,
                   struct hf_span bytes)
{
    uint8_t both[2 * LINE_ROOM];
    size_t first = play_write(p, c->way->said[c->way->len - 1], both, LINE_ROOM,
                              &type);
    struct verdict v;

    if (!first || type != HF_CONTENT_HANDSHAKE)
        return true;
    memcpy(both + first, bytes.at, bytes.len);
    if (!play_deliver(p, type, hf_span(both, first + bytes.len), NULL, &v))
        return false;
    return c->turns || c->due.failed ? refused(&v) : as_due(c, &v);
}

/* ---- under wrong numbers and keys --------------------------------------------------- */

/* A record that does not open.  What may be skipped is counted, and what comes
 * behind it means what it would have meant. */
static bool does_not_open(struct play *p, const struct cell *c, uint8_t type,
                          struct hf_span bytes, const struct hf_direction *as)
{
    /* TLS 1.2's ChangeCipherSpec is refused whatever is inside. */
    bool keyed = p->victim->session.in.aead && type != HF_CONTENT_CCS &&
                 p->victim->session.in.tls12 == as->tls12;
    struct verdict v;

    if (!play_deliver(p, type, bytes, as, &v))
        return false;
    if (!c->skips || as->tls12)
        return keyed ? refused_with(&v, BAD_RECORD_MAC) : refused(&v);
    return !v.failed && !v.ready && !v.data && !v.early && !*v.spoken &&
           !p->deeds.idle && play_deliver(p, type, bytes, NULL, &v) &&
           as_due(c, &v) && !strcmp(v.spoken, c->due.spoken);
}

/* Data are of the outer type of all that is sealed, and may be taken for early
 * data. */
static bool in_the_clear(struct play *p, const struct cell *c, uint8_t type,
                         struct hf_span bytes)
{
    static const struct hf_direction none;
    struct verdict v;

    if (c->skips && type == HF_CONTENT_DATA)
        return does_not_open(p, c, type, bytes, &none);
    return play_deliver(p, type, bytes, &none, &v) && refused(&v);
}

static bool again(struct play *p, const struct cell *c, uint8_t type,
                  struct hf_span bytes)
{
    struct hf_direction as = p->victim->session.in;

    if (!as.seq)
        return true;
    as.seq--;
    return does_not_open(p, c, type, bytes, &as);
}

static bool ahead(struct play *p, const struct cell *c, uint8_t type,
                  struct hf_span bytes)
{
    struct hf_direction as = p->victim->session.in;

    as.seq++;
    return does_not_open(p, c, type, bytes, &as);
}

/* A record with the very number that is due, but under other keys. */
static bool other_keys(struct play *p, const struct cell *c, uint8_t type,
                       struct hf_span bytes)
{
    struct hf_direction as = *c->as;

    as.seq = p->victim->session.in.seq;
    return does_not_open(p, c, type, bytes, &as);
}

/* ---- while a question is open -------------------------------------------------------- */

static bool late(struct play *p, const struct cell *c, uint8_t type,
                 struct hf_span bytes)
{
    static const uint8_t one[1] = { 1 };
    struct verdict first, meanwhile, then;
    char spoken[2 * SPOKEN_MAX];

    p->mute = true;
    if (!play_deliver(p, type, bytes, NULL, &first))
        return false;
    if (!hf_conn_question(p->victim).kind)
        return as_due(c, &first);
    if (first.failed || first.ready ||
        !play_deliver(p, HF_CONTENT_DATA, HF_SPAN(one), NULL, &meanwhile) ||
        meanwhile.failed || *meanwhile.spoken || !p->deeds.idle)
        return false;
    play_answer(p, &then);
    snprintf(spoken, sizeof(spoken), "%s%s%s", first.spoken,
             *first.spoken && *then.spoken ? " " : "", then.spoken);
    return as_due(c, &then) && !strcmp(spoken, c->due.spoken);
}

/* ---- again and again ------------------------------------------------------------------ */

/* As a play of its own, with model and guard. */
static bool often(struct play *p, const struct cell *c, uint8_t type,
                  struct hf_span bytes)
{
    enum say said[WAY_MAX + TIMES];
    struct count count = { .quiet = true };
    struct verdict v = { .failed = false };
    struct point point;
    bool ok = point_begin(&point, c->cast, &count);

    (void)p;
    (void)type;
    (void)bytes;
    for (size_t i = 0; ok && !v.failed && i < c->way->len + TIMES; i++) {
        said[i] = i < c->way->len ? c->way->said[i] : c->say;
        ok = point_say(&point, said, i + 1, &count, &v);
    }
    point_end(&point);
    return ok;
}

/* ---- all of them ---------------------------------------------------------------------- */

typedef bool form_fn(struct play *p, const struct cell *c, uint8_t type,
                     struct hf_span bytes);
static form_fn *const forms[FORMS] = {
    in_pieces, in_the_clear, empty, largest, too_long,   huge,      behind,
    again,     ahead,        late,  often,   in_between, other_keys
};

/* Is that another form here?  Not where there are no keys, nor of what comes in
 * the clear by right. */
bool cell_applies(enum form form, const struct cell *c, uint8_t type,
                  const struct hf_direction *in)
{
    bool sealed = type != HF_CONTENT_CCS || in->tls12;

    switch ((int)form) {
    case IN_THE_CLEAR:
    case AGAIN:
    case AHEAD: return in->aead && sealed;
    case OTHER_KEYS:
        return (type != HF_CONTENT_CCS || c->as->tls12) && sealed &&
               c->as->state[0] != in->state[0];
    case EMPTY:
    case LARGEST:
    case TOO_LONG:
    case OFTEN:
    case LATE: return true;
    case IN_BETWEEN: return type != HF_CONTENT_HANDSHAKE;
    case BEHIND: return type == HF_CONTENT_HANDSHAKE && c->way->len;
    default: return type == HF_CONTENT_HANDSHAKE;
    }
}

bool cell_try(enum form form, struct play *p, const struct cell *c,
              uint8_t type, struct hf_span bytes)
{
    return forms[form](p, c, type, bytes) && !p->deeds.stuck;
}

const char *form_name(enum form form)
{
    return form_names[form];
}
