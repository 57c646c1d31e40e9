/* explore.c - everything that a peer can say, in every order, to every kind of
 * endpoint: the library and the model (model.h) must agree on each word, and
 * five promises are kept (guard.h).
 *
 *   explore [DEPTH [SCENARIO]]            each sequence of so many things
 *   explore --states [DEPTH [SCENARIO]]   the same by states (states.c)
 *   explore --matrix [SCENARIO]           every form of every thing (matrix.c)
 *   explore --list                        the scenarios' names
 *
 * A SCENARIO may end in *, and means all that begin so: they are independent of one
 * another, and a long run can be made of several. */
#define HF_UNPOISONED
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum how { SEQUENCES, STATES, MATRIX };

struct order {
    enum how how;
    size_t depth;
    const char *only; /* this scenario; NULL: all */
};

static bool is_meant(const struct order *order, const char *name)
{
    size_t len = order->only ? strlen(order->only) : 0;

    if (len && order->only[len - 1] == '*')
        return !strncmp(name, order->only, len - 1);
    return !len || !strcmp(name, order->only);
}

static bool run(struct cast *cast, const struct order *order,
                struct count *count)
{
    switch (order->how) {
    case MATRIX: return explore_matrix(cast, count);
    case STATES: return explore_states(cast, order->depth, count);
    case SEQUENCES:
    default: return explore_sequences(cast, order->depth, count);
    }
}

static void print_scenario(const struct order *order, const struct count *was,
                           const struct count *is)
{
    if (order->how == MATRIX)
        printf("%lu cells\n", is->cells - was->cells);
    else if (order->how == STATES)
        printf("%lu states, %lu steps, %.0f sequences\n",
               is->states - was->states, is->steps - was->steps,
               is->covered - was->covered);
    else
        printf("%lu sequences\n", is->sequences - was->sequences);
    fflush(stdout);
}

static void print_coverage(const struct count *count, const struct order *order)
{
    unsigned places = 0, pairs = 0;

    for (size_t at = 0; at < model_places(); at++) {
        unsigned said = 0;

        for (size_t i = 0; i < SAYS; i++)
            said += count->met[at][i];
        places += said != 0;
        pairs += said;
        if (!said && !order->only)
            printf("# never reached: %s\n", model_place((unsigned)at));
    }
    printf("# NOTE: %u of %zu places of the handshake, %u pairs of place and "
           "input\n",
           places, model_places(), pairs);
}

static void print_all(const struct count *count, const struct order *order,
                      unsigned kinds)
{
    if (order->how == MATRIX)
        printf("# NOTE: state x input matrix: %u kinds of endpoint, %lu cells "
               "of place, input and form, %lu of them under keys of another "
               "epoch\n",
               kinds, count->cells, count->foreign);
    else if (order->how == STATES)
        printf("# NOTE: state explorer by states, depth %zu: %u kinds of "
               "endpoint, %lu states, %lu steps, which stand for %.0f "
               "sequences\n",
               order->depth, kinds, count->states, count->steps,
               count->covered);
    else
        printf("# NOTE: state explorer, depth %zu: %u kinds of endpoint, %lu "
               "sequences, %lu of them connected, %lu refused\n",
               order->depth, kinds, count->sequences, count->connected,
               count->failed);
    if (order->how != MATRIX)
        print_coverage(count, order);
}

static int explore(const struct order *order)
{
    static struct count count, before;
    static struct cast cast;
    unsigned n = 0, bad = 0;

    for (size_t i = 0; i < scenario_count; i++) {
        bool ok;

        if (!is_meant(order, scenarios[i].name))
            continue;
        before = count;
        ok = cast_open(&cast, &scenarios[i], explore_can_copy()) &&
             run(&cast, order, &count);
        ok &= cast_close(&cast);
        bad += !ok;
        printf("%s %u - %s: ", ok ? "ok" : "not ok", ++n, scenarios[i].name);
        print_scenario(order, &before, &count);
    }
    print_all(&count, order, n);
    printf("1..%u\n", n);
    return bad || !n ? 1 : 0;
}

static int list(void)
{
    for (size_t i = 0; i < scenario_count; i++)
        printf("%s\n", scenarios[i].name);
    return 0;
}

int main(int argc, char **argv)
{
    struct order order = { SEQUENCES, 6, NULL };
    int at = 1;

    if (at < argc && !strcmp(argv[at], "--list"))
        return list();
    if (at < argc && !strcmp(argv[at], "--matrix")) {
        order.how = MATRIX;
        order.only = argc > ++at ? argv[at] : NULL;
        return explore(&order);
    }
    if (at < argc && !strcmp(argv[at], "--states")) {
        order.how = STATES;
        at++;
    }
    if (at < argc)
        order.depth = strtoul(argv[at++], NULL, 10);
    order.only = at < argc ? argv[at] : NULL;
    if (!order.depth || order.depth > DEPTH_MAX) {
        fprintf(stderr, "explore: a depth from 1 to %d\n", DEPTH_MAX);
        return 2;
    }
    return explore(&order);
}
