/* point.c - say one thing to the library, the model and the guard, and compare:
 * see explore.h. */
#define HF_UNPOISONED
#include "explore.h"

#include <stdio.h>
#include <string.h>

/* A sanitizer watches the heap, which the shelf takes the place of. */
bool explore_can_copy(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
    return !__has_feature(address_sanitizer) &&
           !__has_feature(memory_sanitizer);
#else
    return true;
#endif
}

static void print_verdict(const char *who, const struct verdict *v)
{
    printf("#   %s: says \"%s\"%s%s%s%s%s%s\n", who, v->spoken,
           v->failed ? ", failed" : "", v->ready ? ", ready" : "",
           v->closed ? ", closed" : "", v->data ? ", delivers" : "",
           v->early ? ", delivers early" : "", v->keyed ? ", new keys" : "");
}

static bool same(const struct verdict *a, const struct verdict *b)
{
    return a->failed == b->failed && a->ready == b->ready &&
           a->closed == b->closed && a->data == b->data &&
           a->early == b->early && a->keyed == b->keyed &&
           !strcmp(a->spoken, b->spoken);
}

static void complain(const struct point *p, unsigned at, const enum say *said,
                     size_t len, const struct verdict *ours,
                     const struct verdict *theirs, enum promise broken)
{
    printf("# %s, at %s:\n#  ", p->play.cast->scenario->name, model_place(at));
    for (size_t i = 0; i < len; i++)
        printf(" %s", say_name(said[i]));
    printf("\n");
    print_verdict("the library", ours);
    print_verdict("the model", theirs);
    if (broken != KEPT)
        printf("#   broken: %s\n", promise_name(broken));
    if (p->play.victim && hf_conn_error(p->play.victim)->code)
        printf("#   %s\n", hf_conn_error(p->play.victim)->detail);
}

bool point_begin(struct point *p, struct cast *cast, struct count *count)
{
    struct verdict ours = { .failed = true }, theirs;

    memset(p, 0, sizeof(*p));
    model_begin(&p->model, cast->scenario, &theirs);
    if (play_begin(&p->play, cast, &ours) && same(&ours, &theirs))
        return true;
    if (!count->quiet)
        complain(p, p->model.at, NULL, 0, &ours, &theirs, KEPT);
    return false;
}

bool point_say(struct point *p, const enum say *said, size_t len,
               struct count *count, struct verdict *became)
{
    unsigned at = p->model.at;
    enum say say = said[len - 1];
    enum promise broken;
    struct verdict theirs;
    bool said_so;

    count->met[at][say] = true;
    model_hear(&p->model, say, &theirs);
    said_so = play_say(&p->play, say, became);
    broken = guard_hear(&p->guard, p->model.is, say, became, &p->play.deeds);
    if (said_so && broken == KEPT &&
        (count->guard_only || same(became, &theirs)))
        return true;
    if (count->broken == KEPT)
        count->broken = broken;
    count->disagreed |= !same(became, &theirs);
    if (!count->quiet)
        complain(p, at, said, len, became, &theirs, broken);
    return false;
}

void point_end(struct point *p)
{
    play_end(&p->play);
}
