/* flow_jobs_test.c - the jobs of the flow against flow_jobs.def: each duty is
 * done once where it is due, and nothing else is done anywhere. */
#define HF_UNPOISONED
#include "handshake/flow_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HF_NOTHING HF_JOB /* before the first message there is none */
#define TLS13 HF_FACT_TLS13
#define RETRY HF_FACT_RETRY
#define RESUMED HF_FACT_RESUMED
#define ASKED HF_FACT_ASKED
#define GAVE HF_FACT_GAVE
#define SIGNED HF_FACT_SIGNED

static const struct duty {
    uint8_t who;
    const char *job;
    uint16_t set, clear;
    uint16_t after[2], before[2];
} duties[] = {
#define DUTY(who, job, set, clear, a, b, c, d) \
    { HF_##who, #job, (set), (clear), { HF_##a, HF_##b }, { HF_##c, HF_##d } },
#include "handshake/flow_jobs.def"
#undef DUTY
};

static bool is_due(const struct duty *d, unsigned facts)
{
    return (facts & d->set) == d->set && !(facts & d->clear);
}

static bool is_one(const uint16_t *of, unsigned message)
{
    return of[0] == message || of[1] == message;
}

static unsigned message_after(size_t at, unsigned facts)
{
    while ((at = hf_flow_next(at, facts)) < hf_flow_steps &&
           hf_flow[at].says == HF_JOB)
        at++;
    return at < hf_flow_steps ? hf_flow[at].says : HF_JOB;
}

/* The duty that the job at @at does, which must be the next of its owner's. */
static void check_job(size_t at, unsigned facts, unsigned last, size_t *done)
{
    const struct hf_step *step = &hf_flow[at];
    size_t i = done[step->who];

    while (i < HF_COUNT(duties) &&
           (duties[i].who != step->who || !is_due(&duties[i], facts)))
        i++;
    if (i == HF_COUNT(duties) || strcmp(duties[i].job, step->name))
        fail_msg("facts %03x: %s is not due here", facts, step->name);
    if (!is_one(duties[i].after, last) ||
        !is_one(duties[i].before, message_after(at, facts)))
        fail_msg("facts %03x: %s stands between %s and %s", facts, step->name,
                 hf_message_name(last),
                 hf_message_name(message_after(at, facts)));
    done[step->who] = i + 1;
}

static void every_duty_is_done_in_its_place_and_none_else(void **state)
{
    (void)state;
    for (unsigned f = flow_next_facts(0); f < FLOW_WORLD;
         f = flow_next_facts(f + 1)) {
        size_t done[2] = { 0, 0 };
        unsigned last = HF_JOB;

        for (size_t at = 0; (at = hf_flow_next(at, f)) < hf_flow_steps; at++) {
            if (hf_flow[at].says == HF_JOB)
                check_job(at, f, last, done);
            else
                last = hf_flow[at].says;
        }
        for (size_t i = 0; i < HF_COUNT(duties); i++)
            if (is_due(&duties[i], f) && i >= done[duties[i].who])
                fail_msg("facts %03x: nobody does %s", f, duties[i].job);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_duty_is_done_in_its_place_and_none_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
