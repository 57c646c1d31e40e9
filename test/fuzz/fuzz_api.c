/* fuzz_api.c - sequences of calls: configs are made and frozen, connections
 * opened, fed, asked, answered, changed, closed and freed, in any order.
 *
 * Four bytes are one call and its three values.  What must be so is in
 * api_look.c; and in the end, of two whose bytes nobody touched, and whose
 * applications answer what they are asked, both are ready or one has failed: so
 * nobody waits for what will never come. */
#define HF_UNPOISONED
#include "api.h"

#include <string.h>

uint8_t program_byte(struct program *p)
{
    if (!p->left)
        return 0;
    p->left--;
    return *p->at++;
}

static struct end *partner(const struct end *e)
{
    return &ends[(size_t)(e - ends) ^ 1];
}

static const char *name_at(uint8_t n)
{
    static const char *const names[] = { "localhost",  "localhost",
                                         "localhost",  "elsewhere.test",
                                         "127.0.0.1",  NULL,
                                         "not a name", "" };

    return names[n % HF_COUNT(names)];
}

/* ---- bytes on their way --------------------------------------------------------------- */

/* Change what travels towards @e. */
static void tamper(struct end *e, uint8_t how, uint8_t at, uint8_t value)
{
    size_t place = e->in_len ? (size_t)at * 3 % e->in_len : 0;
    size_t rest = e->in_len - place, n = value < rest ? value : rest;

    e->honest = false;
    switch (how % 4) {
    case 0:
        if (rest)
            e->in[place] ^= value;
        break;
    case 1: /* lost */
        memmove(e->in + place, e->in + place + n, rest - n);
        e->in_len -= n;
        break;
    case 2: /* doubled */
        if (e->in_len + n > WIRE)
            break;
        memmove(e->in + place + n, e->in + place, rest);
        e->in_len += n;
        break;
    default: e->in_len = place; break;
    }
}

/* Bytes of the program itself, as a record or bare. */
static void inject(struct end *e, uint8_t type, uint8_t len, struct program *p)
{
    size_t head = type & 0x80 ? 0 : 5;

    e->honest = false;
    if (!e->conn || e->in_len + len + 5 > WIRE)
        return;
    if (head) {
        const uint8_t header[5] = { (uint8_t)(20 + type % 5), 3, 3, 0, len };

        memcpy(e->in + e->in_len, header, 5);
    }
    for (size_t i = 0; i < len; i++)
        e->in[e->in_len + head + i] = program_byte(p);
    e->in_len += head + len;
}

/* To somebody who was not meant; @copy: and also to who was. */
static void astray(struct end *from, struct end *to, bool copy)
{
    size_t room = WIRE - to->in_len;
    size_t n = from->in_len < room ? from->in_len : room;

    if (to == from)
        return;
    to->honest = false;
    memcpy(to->in + to->in_len, from->in, n);
    to->in_len += n;
    if (copy)
        return;
    from->honest = false;
    from->in_len = 0;
}

/* ---- two ends --------------------------------------------------------------------------- */

enum { TURNS = 400 };

static void open_pair(size_t pair, uint8_t which, uint8_t how)
{
    struct end *client = &ends[pair % 2 * 2], *server = client + 1;
    unsigned flags = how & 1 ? 0 : OPEN_WATCHED;

    flags |= how & 8 ? OPEN_NARROW : 0;
    end_open(client, configs[which % CONFIGS], flags | (how & 2 ? OPEN_TLS : 0),
             name_at(how >> 4));
    end_open(server, configs[which / CONFIGS % CONFIGS],
             flags | OPEN_SERVER | (how & 4 ? OPEN_TLS : 0), NULL);
    client->honest = server->honest = client->conn && server->conn;
}

static bool move(struct end *from, struct end *to)
{
    size_t before = to->in_len, waiting;
    bool moved, was_ready = to->ready;

    end_flush(from, to);
    moved = to->in_len != before;
    waiting = to->in_len;
    end_hear(to, to->in_len);
    moved |= to->in_len != waiting || to->ready != was_ready;
    if (to->asks) {
        end_answer(to, 0);
        moved = true;
    }
    end_look(to);
    return moved;
}

/* Until it stays quiet: what a call makes an end say moves only then. */
static void pump(struct end *e)
{
    struct end *other = partner(e);
    unsigned turns = 0, quiet = 0;

    while (quiet < 3) {
        bool moved = move(e, other);

        moved |= move(other, e);
        quiet = moved ? 0 : quiet + 1;
        MUST(++turns < TURNS);
    }
}

/* Nobody waits for ever. */
static void end_pair(struct end *client)
{
    struct end *server = partner(client);

    if (!client->conn || !server->conn)
        return;
    pump(client);
    if (!client->honest || !server->honest || client->gone || server->gone ||
        toy_has_failed())
        return;
    MUST(client->failed || server->failed || (client->ready && server->ready));
}

/* ---- one call ------------------------------------------------------------------------------ */

enum {
    MAKE,
    SET,
    FREEZE,
    BORROW,
    OPEN_PAIR,
    OPEN,
    HEAR,
    PUMP,
    WRITE,
    WRITE_EARLY,
    ANSWER,
    UPDATE,
    CLOSE,
    END,
    TAMPER,
    INJECT,
    ASTRAY,
    FREE,
    FREE_CONFIG,
    NAME,
    TIME,
    BREAK,
    CONFIRM,
    CALLS
};

static void do_close(struct end *e)
{
    if (!e->conn)
        return;
    if (e->tls)
        (void)hf_close(e->tls);
    else
        hf_conn_close(e->conn);
}

/* What is said before anything was exchanged, at any time. */
static void do_name(struct end *e, uint8_t what, uint8_t n)
{
    bool begun;

    if (!e->conn)
        return;
    begun = e->conn->started || e->failed;
    if (what & 1)
        MUST(!hf_conn_set_sni(e->conn, name_at(n)) || !begun);
    else
        MUST(!hf_conn_set_session_label(e->conn, name_at(n)) || !begun);
}

static void do_config(uint8_t call, const uint8_t *v)
{
    switch (call) {
    case MAKE: config_make(v[0], v[1]); break;
    case SET: config_set(v[0], v[1], v[2]); break;
    case FREEZE: config_freeze(v[0]); break;
    case BORROW: config_borrow(v[0], v[1], v[2]); break;
    case FREE_CONFIG:
        hf_config_free(configs[v[0] % CONFIGS]);
        configs[v[0] % CONFIGS] = NULL;
        break;
    case TIME: the_time += (int64_t)v[0] * v[1] * v[2]; break;
    case BREAK: toy_fail_in(v[0]); break;
    default: break;
    }
}

static void do_wire(uint8_t call, const uint8_t *v, struct program *p)
{
    struct end *e = &ends[v[0] % ENDS];

    switch (call) {
    case HEAR:
        end_flush(partner(e), e);
        end_hear(e, v[1] ? (size_t)v[1] * v[1] : WIRE);
        break;
    case PUMP: pump(e); break;
    case TAMPER: tamper(e, v[0] >> 2, v[1], v[2]); break;
    case INJECT: inject(e, v[1], v[2], p); break;
    case ASTRAY: astray(e, &ends[v[1] % ENDS], v[2] & 1); break;
    default: break;
    }
}

static void do_end(uint8_t call, const uint8_t *v)
{
    struct end *e = &ends[v[0] % ENDS];

    switch (call) {
    case OPEN_PAIR: open_pair(v[0], v[1], v[2]); break;
    case OPEN:
        end_open(e, configs[v[1] % CONFIGS], v[2] & 15, name_at(v[2] >> 4));
        partner(e)->honest = false;
        break;
    case WRITE: end_write(e, (size_t)v[1] * (v[2] % 150u), partner(e)); break;
    case WRITE_EARLY: end_write_early(e, v[1], partner(e)); break;
    case ANSWER: end_answer(e, v[1]); break;
    case UPDATE:
        if (e->conn)
            (void)hf_conn_update_keys(e->conn, v[1] & 1);
        break;
    case CLOSE: do_close(e); break;
    case END: end_eof(e); break;
    case FREE: end_free(e); break;
    case NAME: do_name(e, v[1], v[2]); break;
    case CONFIRM:
        if (e->tls)
            (void)hf_confirm(e->tls, 0);
        if (e->tls && hf_conn_ready(e->conn) && !e->ready)
            look_ready(e);
        break;
    default: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct program p = { data, size };

    toy_restart();
    configs_begin();
    ends_begin();
    while (p.left) {
        uint8_t call = program_byte(&p) % CALLS;
        uint8_t v[3];

        for (size_t i = 0; i < 3; i++)
            v[i] = program_byte(&p);
        do_config(call, v);
        do_wire(call, v, &p);
        do_end(call, v);
        for (size_t i = 0; i < ENDS; i++)
            end_look(&ends[i]);
    }
    end_pair(&ends[0]);
    end_pair(&ends[2]);
    ends_end();
    configs_end();
    return 0;
}
