/* matrix.c - every place of every kind of endpoint, and there every thing that
 * can be said, in every form in which it can come:
 *
 *   in pieces     a byte to a record: means the same as in one
 *   in the clear  where there are keys: refused
 *   empty         a message without its body: refused, unless it has none
 *   huge          one that says it has 16,777,215 bytes: refused at its header
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
#include "explore.h"

#include <stdio.h>
#include <string.h>

enum form {
    IN_PIECES,
    IN_THE_CLEAR,
    EMPTY,
    HUGE,
    BEHIND,
    AGAIN,
    AHEAD,
    LATE,
    OFTEN,
    IN_BETWEEN,
    OTHER_KEYS,
    FORMS
};
static const char *const form_names[FORMS] = {
    "in pieces",     "in the clear", "empty",     "huge",
    "behind",        "again",        "ahead",     "late",
    "over and over", "in between",   "other keys"
};

enum {
    WAY_MAX = 12,
    KEYS_MAX = 32,
    TIMES = 40,
    UNDECODABLE = 50,
    BAD_RECORD_MAC = 20
};

/* The shortest way to a place. */
struct way {
    enum say said[WAY_MAX];
    size_t len;
    bool known;
};

/* Every direction with keys that this endpoint, or its peer, ever has. */
struct keys {
    struct hf_direction at[KEYS_MAX];
    size_t count;
};

/* One cell: at the end of this way, that is said. */
struct cell {
    struct cast *cast;
    const struct way *way;
    const struct hf_direction *as; /* OTHER_KEYS: these */
    enum say say;
    struct verdict due; /* of the model, as if it came whole */
    bool turns;         /* the last of the way moved keys or the turn */
    bool skips;         /* early data that was refused may be under way */
};

/* ---- ways ----------------------------------------------------------------------- */

static void walk(struct model *m, const struct scenario *scenario,
                 const struct way *way, struct verdict *last)
{
    model_begin(m, scenario, last);
    for (size_t i = 0; i < way->len; i++)
        model_hear(m, way->said[i], last);
}

/* Breadth first; false: nothing new was found. */
static bool extend(struct way *ways, struct cast *cast)
{
    bool found = false;

    for (size_t from = 0; from < model_places(); from++)
        for (unsigned say = 0; ways[from].known && say < SAYS; say++) {
            struct way next = ways[from];
            struct verdict v;
            struct model m;

            if (next.len == WAY_MAX || !play_can(cast, say))
                continue;
            next.said[next.len++] = say;
            walk(&m, cast->scenario, &next, &v);
            if (m.over || (ways[m.at].known && ways[m.at].len <= next.len))
                continue;
            ways[m.at] = next;
            found = true;
        }
    return found;
}

static void find_ways(struct way *ways, struct cast *cast)
{
    struct verdict v;
    struct model m;

    memset(ways, 0, PLACES_MAX * sizeof(*ways));
    model_begin(&m, cast->scenario, &v);
    ways[m.at].known = true;
    while (extend(ways, cast))
        continue;
}

/* ---- cells ---------------------------------------------------------------------- */

static bool play_way(struct play *p, const struct cell *c, size_t len)
{
    struct verdict v;

    if (!play_begin(p, c->cast, &v))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!play_say(p, c->way->said[i], &v) || v.failed)
            return false;
    return true;
}

/* Refused, and nothing else. */
static bool refused(const struct verdict *v)
{
    return v->failed && !v->ready && !v->data && !v->early && !v->closed;
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

static bool in_the_clear(struct play *p, const struct cell *c, uint8_t type,
                         struct hf_span bytes)
{
    static const struct hf_direction none;
    struct verdict v;

    (void)c;
    return play_deliver(p, type, bytes, &none, &v) && refused(&v);
}

static bool has_body(enum say say)
{
    return say != SAY_HELLO_DONE && say != SAY_HELLO_REQUEST &&
           say != SAY_END_OF_EARLY_DATA && say != SAY_UNKNOWN;
}

static bool empty(struct play *p, const struct cell *c, uint8_t type,
                  struct hf_span bytes)
{
    uint8_t message[4] = { bytes.at[0] };
    char alert[16];
    struct verdict v;

    if (!has_body(c->say))
        return true;
    snprintf(alert, sizeof(alert), "alert%d", UNDECODABLE);
    return play_deliver(p, type, HF_SPAN(message), NULL, &v) && refused(&v) &&
           (c->due.failed || strstr(v.spoken, alert));
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

/* ---- keys ------------------------------------------------------------------------------- */

static void note_keys(struct keys *keys, const struct hf_direction *d)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->at[i].state[0] == d->state[0])
            return;
    if (d->aead && keys->count < KEYS_MAX)
        keys->at[keys->count++] = *d;
}

/* All on the way, and two generations more. */
static void note_keys_of(struct keys *keys, struct cast *cast,
                         const struct way *way)
{
    struct play p;
    struct verdict v;
    bool ok = play_begin(&p, cast, &v);

    for (size_t i = 0; ok && i < way->len + 2; i++) {
        enum say say = i < way->len ? way->said[i] : SAY_KEY_UPDATE_ASK;

        ok = play_say(&p, say, &v) && !v.failed;
        note_keys(keys, &p.victim->session.in);
        note_keys(keys, &p.victim->session.out);
    }
    play_end(&p);
}

static void find_keys(struct keys *keys, struct cast *cast,
                      const struct way *ways)
{
    memset(keys, 0, sizeof(*keys));
    for (size_t at = 0; at < model_places(); at++)
        if (ways[at].known)
            note_keys_of(keys, cast, &ways[at]);
    for (size_t i = 0; i < EXTRAS; i++)
        note_keys(keys, &cast->hellos[i][0].early);
}

/* ---- the matrix ---------------------------------------------------------------------- */

typedef bool form_fn(struct play *p, const struct cell *c, uint8_t type,
                     struct hf_span bytes);
static form_fn *const forms[FORMS] = { in_pieces, in_the_clear, empty,     huge,
                                       behind,    again,        ahead,     late,
                                       often,     in_between,   other_keys };

/* Is that another form here?  Not where there are no keys, nor of what comes in
 * the clear by right. */
static bool applies(enum form form, const struct cell *c, uint8_t type,
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
    case OFTEN:
    case LATE: return true;
    case IN_BETWEEN: return type != HF_CONTENT_HANDSHAKE;
    case BEHIND: return type == HF_CONTENT_HANDSHAKE && c->way->len;
    default: return type == HF_CONTENT_HANDSHAKE;
    }
}

static bool try(const struct cell *c, enum form form, struct count *count)
{
    static struct play ahead_of, play;
    uint8_t bytes[LINE_ROOM], type = 0;
    size_t len = 0;
    bool ok = play_way(&ahead_of, c, c->way->len);

    if (ok)
        len = play_write(&ahead_of, c->say, bytes, sizeof(bytes), &type);
    if (ok && len && applies(form, c, type, &ahead_of.victim->session.in)) {
        ok = play_way(&play, c, c->way->len - (form == BEHIND)) &&
             forms[form](&play, c, type, hf_span(bytes, len));
        play_end(&play);
        count->cells++;
        count->foreign += form == OTHER_KEYS;
    }
    play_end(&ahead_of);
    return ok;
}

static bool complain(const struct cell *c, const struct model *m,
                     enum form form, struct count *count)
{
    count->disagreed = true;
    if (!count->quiet)
        printf("# %s, at %s, %s comes %s%s: not as the model has it (%s "
               "\"%s\")\n",
               c->cast->scenario->name, model_place(m->at), say_name(c->say),
               form_names[form], c->skips ? ", may be skipped" : "",
               c->due.failed ? "refused with" : "accepted with", c->due.spoken);
    return false;
}

/* One thing in all forms. */
static bool try_forms(struct cell *c, const struct model *m,
                      const struct keys *keys, struct count *count)
{
    bool ok = true;

    for (unsigned form = 0; form < FORMS; form++) {
        size_t times = form == OTHER_KEYS ? keys->count : 1;

        for (size_t i = 0; i < times; i++) {
            c->as = &keys->at[i];
            if (!try(c, form, count))
                ok = complain(c, m, form, count);
        }
    }
    return ok;
}

/* Everything, at the end of one way. */
static bool try_all(struct cast *cast, const struct way *way,
                    const struct keys *keys, struct count *count)
{
    bool ok = true;

    for (unsigned say = 0; say < SAYS; say++) {
        struct cell c = { .cast = cast, .way = way, .say = say };
        struct model m, after;
        struct verdict last;

        if (!play_can(cast, say))
            continue;
        walk(&m, cast->scenario, way, &last);
        c.turns = *last.spoken || m.ready || m.keyed;
        c.skips = m.skips;
        after = m;
        model_hear(&after, say, &c.due);
        ok &= try_forms(&c, &m, keys, count);
    }
    return ok;
}

bool explore_matrix(struct cast *cast, struct count *count)
{
    static struct way ways[PLACES_MAX];
    static struct keys keys;
    bool ok = true;

    find_ways(ways, cast);
    find_keys(&keys, cast, ways);
    for (size_t at = 0; at < model_places(); at++)
        if (ways[at].known)
            ok &= try_all(cast, &ways[at], &keys, count);
    return ok;
}
