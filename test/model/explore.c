/* explore.c - everything that a peer can say, in every order, to every kind of
 * endpoint: the library and the model (model.h) must agree on each word.
 *
 *   explore [DEPTH [SCENARIO]]      how many things are said in a row
 *
 * What has failed or was closed stays so: such a sequence is given one more
 * thing of each kind to hear, and not continued beyond that.  All others are
 * continued in all ways; each is played from its beginning. */
#define HF_UNPOISONED
#include "cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

/* What was seen, of all scenarios. */
struct count {
    unsigned long sequences, connected, failed;
    bool met[PLACES_MAX][SAYS]; /* this was said at that place */
};

static void print_sequence(const enum say *said, size_t len)
{
    printf("#  ");
    for (size_t i = 0; i < len; i++)
        printf(" %s", say_name(said[i]));
    printf("\n");
}

static void print_verdict(const char *who, const struct verdict *v)
{
    printf("#   %s: says \"%s\"%s%s%s%s%s\n", who, v->spoken,
           v->failed ? ", failed" : "", v->ready ? ", ready" : "",
           v->closed ? ", closed" : "", v->data ? ", delivers" : "",
           v->early ? ", delivers early" : "");
}

static bool same(const struct verdict *a, const struct verdict *b)
{
    return a->failed == b->failed && a->ready == b->ready &&
           a->closed == b->closed && a->data == b->data &&
           a->early == b->early && !strcmp(a->spoken, b->spoken);
}

/* Say all of @said; the last of it counts.  *alive: it may be continued.
 * False: they disagree. */
static bool try(struct cast *cast, const enum say *said, size_t len,
                struct count *count, bool *alive)
{
    struct model model;
    struct verdict ours, theirs;
    struct play play;
    bool agree, over = false;

    model_begin(&model, cast->scenario, &theirs);
    agree = play_begin(&play, cast, &ours) && same(&ours, &theirs);
    for (size_t i = 0; agree && i < len; i++) {
        count->met[model.at][said[i]] = true;
        over = model.over;
        model_hear(&model, said[i], &theirs);
        agree = play_say(&play, said[i], &ours) && same(&ours, &theirs);
    }
    if (!agree) {
        printf("# %s, at %s:\n", cast->scenario->name, model_place(model.at));
        print_sequence(said, len);
        print_verdict("the library", &ours);
        print_verdict("the model", &theirs);
        if (hf_conn_error(play.victim)->code)
            printf("#   %s\n", hf_conn_error(play.victim)->detail);
    }
    count->sequences++;
    count->connected += ours.ready;
    count->failed += ours.failed;
    *alive = agree && !over; /* what is over is given one more thing to hear */
    play_end(&play);
    return agree;
}

/* All sequences of at most @depth. */
static bool explore(struct cast *cast, size_t depth, struct count *count)
{
    enum say said[DEPTH_MAX + 1] = { 0 };
    struct play any = { .cast = cast };
    size_t len = 1;
    unsigned wrong = 0;

    while (len > 0) {
        bool alive = false;

        if (said[len - 1] == SAYS) {
            len--;
            if (len)
                said[len - 1]++;
            continue;
        }
        if (play_can(&any, said[len - 1]) &&
            !try(cast, said, len, count, &alive) && ++wrong == 10)
            break;
        if (alive && len < depth)
            said[len++] = 0;
        else
            said[len - 1]++;
    }
    return !wrong;
}

static void print_coverage(const struct count *count)
{
    unsigned places = 0, pairs = 0;

    for (size_t at = 0; at < model_places(); at++) {
        unsigned said = 0;

        for (size_t i = 0; i < SAYS; i++)
            said += count->met[at][i];
        places += said != 0;
        pairs += said;
        if (!said)
            printf("# never reached: %s\n", model_place((unsigned)at));
    }
    printf("# > %lu sequences, %lu of them connected, %lu refused; %u of %zu "
           "places, %u pairs of place and input\n",
           count->sequences, count->connected, count->failed, places,
           model_places(), pairs);
}

int main(int argc, char **argv)
{
    size_t depth = argc > 1 ? strtoul(argv[1], NULL, 10) : 6;
    static struct count count;
    static struct cast cast;
    unsigned n = 0, bad = 0;

    if (!depth || depth > DEPTH_MAX) {
        fprintf(stderr, "explore: a depth from 1 to %d\n", DEPTH_MAX);
        return 2;
    }
    for (size_t i = 0; i < scenario_count; i++) {
        unsigned long before = count.sequences;
        bool ok;

        if (argc > 2 && strcmp(argv[2], scenarios[i].name))
            continue;
        ok = cast_open(&cast, &scenarios[i]) && explore(&cast, depth, &count);
        cast_close(&cast);
        bad += !ok;
        printf("%s %u - %s: %lu sequences\n", ok ? "ok" : "not ok", ++n,
               scenarios[i].name, count.sequences - before);
        fflush(stdout);
    }
    print_coverage(&count);
    printf("1..%u\n", n);
    return bad || !n ? 1 : 0;
}
