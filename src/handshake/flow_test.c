/* flow_test.c - the flow table, in a closed world.
 *
 * The world: every consistent set of facts (what server and client can have
 * settled by the end) is one course of events.  Each course is played from
 * both sides; wherever a side listens, every message there is is held out to
 * it.  What it accepts must be exactly what comes next in some course that
 * looks the same to it so far: nothing more, and nothing less.
 *
 * Then the same courses are held against flow_edges.def, a list of edges that
 * was written from the RFCs' own state machines. */
#define HF_UNPOISONED
#include "handshake/flow_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SAYINGS_MAX = 24, COURSES_MAX = 64, POINTS_MAX = 1000 };

/* Who says what: a message of a course. */
static uint16_t saying(unsigned who, unsigned says)
{
    return (uint16_t)(who << 12 | says);
}

struct course {
    uint16_t at[SAYINGS_MAX];
    size_t count;
};

static void add(struct course *c, uint16_t said)
{
    assert_true(c->count < SAYINGS_MAX);
    c->at[c->count++] = said;
}

static const char *course_text(const struct course *c)
{
    static char out[1000];

    out[0] = '\0';
    for (size_t i = 0; i < c->count; i++)
        hf_format_more(out, sizeof(out), " %s:%s",
                       c->at[i] >> 12 == HF_CLIENT ? "c" : "s",
                       hf_message_name(c->at[i] & 0xfff));
    return out;
}

static struct course course_of(unsigned facts)
{
    struct course c = { .count = 0 };

    for (size_t at = 0; (at = hf_flow_next(at, facts)) < hf_flow_steps; at++)
        if (hf_flow[at].says != HF_JOB)
            add(&c, saying(hf_flow[at].who, hf_flow[at].says));
    return c;
}

/* ---- one side of the table ------------------------------------------------------ */

struct side {
    enum hf_role me;
    size_t at;
    unsigned facts; /* what it knows so far */
    unsigned truth; /* what will have been so in the end */
};

/* What one side settles by itself or reads out of a message; the rest it
 * learns from what is said and what is not. */
static void learn(struct side *s, unsigned heard)
{
    unsigned what = 0;

    if (s->me == HF_SERVER && heard == HF_CLIENT_HELLO)
        what = ~(unsigned)(HF_FACT_GAVE | HF_FACT_PACKED_TOO);
    else if (s->me == HF_SERVER &&
             (heard == HF_CERTIFICATE || heard == HF_COMPRESSED_CERTIFICATE))
        what = HF_FACT_GAVE;
    else if (s->me == HF_CLIENT && heard == HF_SERVER_HELLO)
        what = HF_FACT_TLS13 | HF_FACT_RESUMED | HF_FACT_SIGNED |
               HF_FACT_TICKET;
    else if (s->me == HF_CLIENT && heard == HF_ENCRYPTED_EXTENSIONS)
        what = HF_FACT_EARLY;
    else if (s->me == HF_CLIENT && heard == HF_CERTIFICATE_REQUEST)
        what = HF_FACT_GAVE | HF_FACT_PACKED_TOO;
    s->facts |= s->truth & what;
}

/* Do our own jobs; then stand where we speak or listen. */
static const struct hf_step *stand(struct side *s)
{
    for (;; s->at++) {
        s->at = hf_flow_step(s->at, s->facts, s->me);
        if (s->at == hf_flow_steps)
            return NULL;
        if (hf_flow[s->at].who != s->me || hf_flow[s->at].says != HF_JOB)
            return &hf_flow[s->at];
    }
}

static bool speaks(const struct side *s, const struct hf_step *step)
{
    return step && step->who == s->me;
}

/* ---- the closed world -------------------------------------------------------------- */

/* A place where somebody listens, as it looks from there: the same role, the
 * same facts, the same things said. */
struct point {
    enum hf_role me;
    unsigned facts;
    struct course so_far;
    uint8_t expected[HF_MESSAGE_KINDS], accepted[HF_MESSAGE_KINDS];
};

static struct point points[POINTS_MAX];
static size_t point_count, probes;

static struct point *point_of(const struct side *s, const struct course *c)
{
    struct point *p = points;

    for (; p < points + point_count; p++)
        if (p->me == s->me && p->facts == s->facts &&
            !memcmp(&p->so_far, c, sizeof(*c)))
            return p;
    assert_true(point_count < POINTS_MAX);
    point_count++;
    p->me = s->me;
    p->facts = s->facts;
    p->so_far = *c;
    return p;
}

/* Hold every message out to it. */
static void probe(const struct side *s, struct point *p)
{
    for (unsigned m = 0; m < HF_MESSAGE_KINDS; m++) {
        size_t at = s->at;
        unsigned facts = s->facts;

        probes++;
        if (hf_flow_accept(&at, &facts, s->me, m)) {
            p->accepted[m] = 1;
            assert_true(at >= s->at && at < hf_flow_steps);
            assert_int_equal(hf_flow[at].says, m);
            assert_int_equal(facts & s->facts, s->facts); /* only 0 to 1 */
        } else {
            assert_int_equal(at, s->at); /* a refusal changes nothing */
            assert_int_equal(facts, s->facts);
        }
    }
}

static void listen_to(struct side *s, const struct course *so_far,
                      unsigned said)
{
    struct point *p = point_of(s, so_far);

    p->expected[said] = 1;
    probe(s, p);
    if (!hf_flow_accept(&s->at, &s->facts, s->me, said))
        fail_msg("facts %03x: refuses %s after%s", s->truth,
                 hf_message_name(said), course_text(so_far));
    learn(s, said);
    s->at++;
}

/* One course from one side. */
static void attend(unsigned truth, enum hf_role me)
{
    struct side s = { .me = me, .truth = truth };
    struct course all = course_of(truth), so_far = { .count = 0 };

    for (size_t i = 0; i < all.count; i++) {
        const struct hf_step *step = stand(&s);
        unsigned who = all.at[i] >> 12, said = all.at[i] & 0xfff;

        if (who != me) {
            assert_false(speaks(&s, step));
            listen_to(&s, &so_far, said);
        } else {
            if (!speaks(&s, step) || step->says != said)
                fail_msg("facts %03x: does not say %s after%s", truth,
                         hf_message_name(said), course_text(&so_far));
            probe(&s, point_of(&s, &so_far)); /* our turn: nothing may come */
            s.at++;
        }
        add(&so_far, all.at[i]);
    }
    assert_null(stand(&s));
    assert_int_equal(s.facts, truth);
}

static void what_is_accepted_is_exactly_what_may_come(void **state)
{
    size_t courses = 0;

    (void)state;
    for (unsigned f = flow_next_facts(0); f < FLOW_WORLD;
         f = flow_next_facts(f + 1)) {
        attend(f, HF_CLIENT);
        attend(f, HF_SERVER);
        courses++;
    }
    for (size_t i = 0; i < point_count; i++)
        for (unsigned m = 0; m < HF_MESSAGE_KINDS; m++)
            if (points[i].expected[m] != points[i].accepted[m])
                fail_msg("a %s wrongly %s %u after%s",
                         points[i].me == HF_CLIENT ? "client" : "server",
                         points[i].accepted[m] ? "accepts" : "refuses", m,
                         course_text(&points[i].so_far));
    assert_true(courses > 30);
    printf("# NOTE: %zu courses, %zu points, %zu probes\n", courses,
           point_count, probes);
}

/* ---- two sides against each other ---------------------------------------------------- */

/* Whose turn it is says something, the other hears it, until both are done. */
static void two_sides_play_every_course_to_the_end(void **state)
{
    (void)state;
    for (unsigned f = flow_next_facts(0); f < FLOW_WORLD;
         f = flow_next_facts(f + 1)) {
        struct side client = { .me = HF_CLIENT, .truth = f };
        struct side server = { .me = HF_SERVER, .truth = f };
        struct course said = { .count = 0 }, want = course_of(f);

        for (;;) {
            const struct hf_step *c = stand(&client), *s = stand(&server);
            bool by_client = speaks(&client, c);
            struct side *from = by_client ? &client : &server;
            struct side *to = by_client ? &server : &client;
            unsigned says;

            if (!c && !s)
                break;
            /* Never both at once, and never nobody. */
            assert_int_not_equal(by_client, speaks(&server, s));
            says = (by_client ? c : s)->says;
            add(&said, saying(from->me, says));
            if (!hf_flow_accept(&to->at, &to->facts, to->me, says))
                fail_msg("facts %03x:%s is refused", f, course_text(&said));
            learn(to, says);
            from->at++;
            to->at++;
        }
        assert_int_equal(client.facts, f);
        assert_int_equal(server.facts, f);
        assert_int_equal(said.count, want.count);
        assert_memory_equal(said.at, want.at, sizeof(want.at));
    }
}

/* ---- the RFCs' own machines ------------------------------------------------------------- */

enum machine { CLIENT_13, SERVER_13, BOTH_12 };

struct edge {
    enum machine machine;
    const char *from;
    uint8_t who;
    uint16_t says;
    const char *to;
};

static const struct edge edges[] = {
#define EDGE(machine, from, who, says, to) \
    { machine, #from, HF_##who, HF_##says, #to },
#include "handshake/flow_edges.def"
#undef EDGE
};

/* The courses of one machine or of the flow, each once. */
struct courses {
    struct course at[COURSES_MAX];
    size_t count;
};

static void collect(struct courses *set, const struct course *c)
{
    for (size_t i = 0; i < set->count; i++)
        if (!memcmp(&set->at[i], c, sizeof(*c)))
            return;
    assert_true(set->count < COURSES_MAX);
    set->at[set->count++] = *c;
}

/* Every path through a machine; the machines have no cycles. */
static void walk(struct courses *set, enum machine machine, const char *from,
                 struct course so_far)
{
    if (!strcmp(from, "CONNECTED")) {
        collect(set, &so_far);
        return;
    }
    for (size_t i = 0; i < HF_COUNT(edges); i++)
        if (edges[i].machine == machine && !strcmp(edges[i].from, from)) {
            struct course on = so_far;

            add(&on, saying(edges[i].who, edges[i].says));
            walk(set, machine, edges[i].to, on);
        }
}

static void same_courses(enum machine machine)
{
    static const struct course nothing;
    static struct courses rfc, ours;
    bool tls13 = machine != BOTH_12;

    memset(&rfc, 0, sizeof(rfc));
    memset(&ours, 0, sizeof(ours));
    walk(&rfc, machine, "START", nothing);
    for (unsigned f = flow_next_facts(0); f < FLOW_WORLD;
         f = flow_next_facts(f + 1)) {
        struct course c = course_of(f);

        if (tls13 == !!(f & HF_FACT_TLS13))
            collect(&ours, &c);
    }
    assert_int_equal(rfc.count, tls13 ? 23 : 26);
    for (size_t i = 0; i < ours.count; i++) {
        size_t before = rfc.count;

        collect(&rfc, &ours.at[i]);
        if (rfc.count != before)
            fail_msg("not in the RFC:%s", course_text(&ours.at[i]));
    }
    /* None too many in ours, so as many means the same. */
    for (size_t i = 0; i < rfc.count; i++) {
        size_t before = ours.count;

        collect(&ours, &rfc.at[i]);
        if (ours.count != before)
            fail_msg("missing in the flow:%s", course_text(&rfc.at[i]));
    }
}

static void the_flow_is_the_client_of_rfc_8446_a_1(void **state)
{
    (void)state;
    same_courses(CLIENT_13);
}

static void the_flow_is_the_server_of_rfc_8446_a_2(void **state)
{
    (void)state;
    same_courses(SERVER_13);
}

static void the_flow_is_the_figures_of_rfc_5246(void **state)
{
    (void)state;
    same_courses(BOTH_12);
}

/* ---- the table itself ---------------------------------------------------------------------- */

static unsigned keys_of(unsigned facts, unsigned says)
{
    if (!(facts & HF_FACT_TLS13))
        return says == HF_FINISHED ? HF_TRAFFIC : HF_PLAIN;
    switch (says) {
    case HF_CLIENT_HELLO:
    case HF_HELLO_RETRY_REQUEST:
    case HF_SERVER_HELLO: return HF_PLAIN;
    case HF_END_OF_EARLY_DATA: return HF_EARLY_DATA;
    default: return HF_HANDSHAKE; /* RFC 8446 2, figure 1: {} */
    }
}

static void messages_travel_under_the_keys_that_the_rfc_says(void **state)
{
    (void)state;
    for (unsigned f = flow_next_facts(0); f < FLOW_WORLD;
         f = flow_next_facts(f + 1))
        for (size_t at = 0; (at = hf_flow_next(at, f)) < hf_flow_steps; at++)
            if (hf_flow[at].says != HF_JOB)
                assert_int_equal(hf_flow[at].under,
                                 keys_of(f, hf_flow[at].says));
}

/* What this release can meet, it can handle. */
static void every_step_that_can_be_reached_has_its_functions(void **state)
{
    const unsigned reachable = HF_FACT_TLS13 | HF_FACT_RETRY | HF_FACT_ASKED |
                               HF_FACT_GAVE | HF_FACT_PACKED |
                               HF_FACT_PACKED_TOO;

    (void)state;
    for (unsigned f = flow_next_facts(0); f < FLOW_WORLD;
         f = flow_next_facts(f + 1)) {
        if (f & ~reachable || !(f & HF_FACT_TLS13))
            continue;
        for (size_t at = 0; (at = hf_flow_next(at, f)) < hf_flow_steps; at++) {
            assert_non_null(hf_flow[at].send);
            if (hf_flow[at].says != HF_JOB)
                assert_non_null(hf_flow[at].receive);
        }
    }
}

static void every_row_is_sound(void **state)
{
    (void)state;
    for (size_t at = 0; at < hf_flow_steps; at++) {
        const struct hf_step *step = &hf_flow[at];

        assert_true(step->who == HF_CLIENT || step->who == HF_SERVER);
        assert_true(step->says < HF_MESSAGE_KINDS);
        assert_int_equal(step->if_set & step->if_clear, 0);
        assert_int_equal(step->maybe & step->if_clear, 0);
        assert_int_equal(step->name != NULL, step->says == HF_JOB);
        if (step->says != HF_JOB)
            assert_non_null(hf_message_name(step->says));
        else
            assert_int_equal(step->maybe, 0);
    }
    for (unsigned bit = 0; bit < HF_FACTS; bit++)
        assert_string_not_equal(hf_fact_name(bit), "?");
    assert_string_equal(hf_fact_name(HF_FACTS), "?");
}

/* A fact that another brings along is named beside it, so that a row would
 * not stand by mistake if they ever came apart. */
static void a_row_names_what_its_facts_imply(void **state)
{
    static const struct {
        unsigned fact, with, without;
    } implied[] = {
        { HF_FACT_RETRY, HF_FACT_TLS13, 0 },
        { HF_FACT_EARLY, HF_FACT_TLS13, 0 },
        { HF_FACT_GAVE, HF_FACT_ASKED, 0 },
        { HF_FACT_PACKED, HF_FACT_TLS13, HF_FACT_RESUMED },
        { HF_FACT_PACKED_TOO, HF_FACT_TLS13 | HF_FACT_ASKED, 0 },
        { HF_FACT_SIGNED, 0, HF_FACT_TLS13 | HF_FACT_RESUMED },
        { HF_FACT_STAPLED, 0, HF_FACT_TLS13 | HF_FACT_RESUMED },
        { HF_FACT_TICKET, 0, HF_FACT_TLS13 },
    };
    bool behind = false;

    (void)state;
    for (size_t at = 0; at < hf_flow_steps; at++) {
        const struct hf_step *step = &hf_flow[at];
        unsigned set = step->if_set | step->maybe, clear = step->if_clear;

        for (size_t i = 0; i < HF_COUNT(implied); i++)
            if (set & implied[i].fact) {
                assert_int_equal(implied[i].with & ~set, 0);
                assert_int_equal(implied[i].without & ~clear, 0);
            }
        if (set & HF_FACT_ASKED && !(set & HF_FACT_TLS13))
            assert_int_equal(clear & (HF_FACT_TLS13 | HF_FACT_RESUMED),
                             HF_FACT_TLS13 | HF_FACT_RESUMED);
        /* Once the version is chosen, a row is of one or of the other. */
        if (at && hf_flow[at - 1].says == HF_SERVER_HELLO)
            behind = true;
        if (behind)
            assert_true((set | clear) & HF_FACT_TLS13);
    }
    assert_true(behind);
}

static void behind_the_end_there_is_nothing(void **state)
{
    (void)state;
    for (unsigned f = 0; f < 1u << HF_FACTS; f++)
        for (size_t at = hf_flow_steps; at < hf_flow_steps + 2; at++)
            for (unsigned m = 0; m < HF_MESSAGE_KINDS; m++) {
                size_t place = at;
                unsigned facts = f;

                assert_false(hf_flow_accept(&place, &facts, HF_CLIENT, m));
                assert_false(hf_flow_accept(&place, &facts, HF_SERVER, m));
            }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted_is_exactly_what_may_come),
        cmocka_unit_test(two_sides_play_every_course_to_the_end),
        cmocka_unit_test(the_flow_is_the_client_of_rfc_8446_a_1),
        cmocka_unit_test(the_flow_is_the_server_of_rfc_8446_a_2),
        cmocka_unit_test(the_flow_is_the_figures_of_rfc_5246),
        cmocka_unit_test(messages_travel_under_the_keys_that_the_rfc_says),
        cmocka_unit_test(every_step_that_can_be_reached_has_its_functions),
        cmocka_unit_test(every_row_is_sound),
        cmocka_unit_test(a_row_names_what_its_facts_imply),
        cmocka_unit_test(behind_the_end_there_is_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
