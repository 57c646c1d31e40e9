/* flow.c - the flow's functions, at any place, with any facts, for any message:
 * they stay in the table, go forward only, and pass over nothing that must be
 * said or done; and what follows from that for whoever comes to the end.
 *
 * `any` is one row, whichever: what is proved of it is proved of all. */
#include "proof.h"

#include "handshake/handshake.h"

static size_t any;

/* As in_force() of flow.c, which contracts of loops may not call. */
#define NOW(row, facts)                                      \
    (((facts)&hf_flow[row].if_set) == hf_flow[row].if_set && \
     !((facts)&hf_flow[row].if_clear))
#define DECIDED(row, facts) (((facts)&hf_flow[row].maybe) == hf_flow[row].maybe)
/* What me may pass over: what is not in force, jobs of the peer, and what may
 * be left out and was. */
#define MAY_PASS(row, facts, me)                      \
    (!NOW(row, facts) ||                              \
     (hf_flow[row].who == (me) ? !DECIDED(row, facts) \
                               : hf_flow[row].says == HF_JOB))
#define MAY_MISS(row, facts, me)  \
    (!NOW(row, facts) ||          \
     (hf_flow[row].who != (me) && \
      (hf_flow[row].says == HF_JOB || hf_flow[row].maybe)))

#include "handshake/flow.c"

static unsigned any_facts(void)
{
    unsigned facts = nondet_word();

    ASSUME(facts < 1u << HF_FACTS);
    return facts;
}

void prove_next(void)
{
    size_t from = nondet_size(), at;
    unsigned facts = any_facts();

    any = nondet_size();
    ASSUME(from <= hf_flow_steps && any < hf_flow_steps);
    at = hf_flow_next(from, facts);
    PROVE(at >= from && at <= hf_flow_steps);
    PROVE(at == hf_flow_steps || (NOW(at, facts) && DECIDED(at, facts)));
    PROVE(any < from || any >= at || !(NOW(any, facts) && DECIDED(any, facts)));
}

void prove_step(void)
{
    size_t from = nondet_size(), at;
    unsigned facts = any_facts();
    enum hf_role me = nondet_bool() ? HF_SERVER : HF_CLIENT;

    any = nondet_size();
    ASSUME(from <= hf_flow_steps && any < hf_flow_steps);
    at = hf_flow_step(from, facts, me);
    PROVE(at >= from && at <= hf_flow_steps);
    PROVE(at == hf_flow_steps || (NOW(at, facts) && !MAY_PASS(at, facts, me)));
    PROVE(any < from || any >= at || MAY_PASS(any, facts, me));
}

void prove_accept(void)
{
    size_t at = nondet_size(), before = at;
    unsigned facts = any_facts(), old = facts, message = nondet_word();
    enum hf_role me = nondet_bool() ? HF_SERVER : HF_CLIENT;

    any = nondet_size();
    ASSUME(at <= hf_flow_steps && any < hf_flow_steps);
    if (!hf_flow_accept(&at, &facts, me, message)) {
        PROVE(at == before && facts == old);
        return;
    }
    PROVE(at >= before && at < hf_flow_steps);
    PROVE(hf_flow[at].says == message && message != HF_JOB);
    PROVE(hf_flow[at].who != me && NOW(at, old));
    PROVE(facts == (old | hf_flow[at].maybe));
    PROVE(any < before || any >= at || MAY_MISS(any, old, me));
}

/* ---- the end ------------------------------------------------------------------
 * A handshake goes through the rows once, from the first to the last: at each
 * the two functions above let it do no more than is proved of them.  So here
 * goes one that passes over whatever it may and learns whatever facts it likes,
 * but for those that the hellos settle. */

/* When the rows of a kind came last; 0: never. */
struct seen {
    unsigned certificate, chain, proof, checked, finished, own_finished;
    unsigned exchange;
};

static bool is_job(const struct hf_step *step, const char *name)
{
    return step->says == HF_JOB && hf_text_equal(step->name, name);
}

static void note(struct seen *seen, const struct hf_step *step, bool mine,
                 unsigned n)
{
    if (step->says == HF_CERTIFICATE || step->says == HF_COMPRESSED_CERTIFICATE)
        seen->certificate = mine ? seen->certificate : n;
    if (step->says == HF_CERTIFICATE_VERIFY)
        seen->proof = mine ? seen->proof : n;
    if (step->says == HF_SERVER_KEY_EXCHANGE)
        seen->exchange = mine ? seen->exchange : n;
    if (step->says == HF_FINISHED && mine)
        seen->own_finished = n;
    if (step->says == HF_FINISHED && !mine)
        seen->finished = n;
    if (is_job(step, "verify_chain") && mine)
        seen->chain = n;
    if (mine &&
        (is_job(step, "check_signature") || is_job(step, "check_signature12") ||
         is_job(step, "check_server_kx") || is_job(step, "make_premaster_rsa")))
        seen->checked = n;
}

/* Facts that the hellos settle, and no later message. */
enum { SETTLED = HF_FACT_TLS13 | HF_FACT_RESUMED | HF_FACT_SIGNED };
/* Facts that come with a message only. */
enum {
    HEARD = HF_FACT_ASKED | HF_FACT_GAVE | HF_FACT_PACKED | HF_FACT_PACKED_TOO
};

static void at_the_end(const struct seen *s, enum hf_role me, unsigned facts,
                       bool asked)
{
    bool shown = me == HF_CLIENT ? !(facts & HF_FACT_RESUMED)
                                 : asked && (facts & HF_FACT_GAVE);

    PROVE(s->finished && s->own_finished);
    if (!shown)
        return;
    /* Shown, judged, proved, checked, finished: in this order. */
    PROVE(s->certificate && s->certificate < s->chain);
    PROVE(s->chain < s->finished && s->checked > s->certificate);
    PROVE(s->checked < s->finished);
    if (me == HF_SERVER || facts & HF_FACT_TLS13)
        PROVE(s->proof > s->certificate && s->proof < s->checked);
    else if (facts & HF_FACT_SIGNED)
        PROVE(s->exchange > s->certificate && s->exchange < s->checked);
}

/* What performing @step, row @i, may teach. */
static unsigned learn(const struct hf_step *step, enum hf_role me,
                      unsigned facts, bool settled)
{
    unsigned not_now = HEARD | (settled ? SETTLED : 0u);

    facts |= any_facts() & ~not_now;
    if (step->who != me)
        facts |= step->maybe;
    if (step->who == HF_CLIENT &&
        (step->says == HF_CERTIFICATE ||
         step->says == HF_COMPRESSED_CERTIFICATE) &&
        nondet_bool())
        facts |= HF_FACT_GAVE;
    if (step->says == HF_CERTIFICATE_REQUEST)
        facts |= HF_FACT_ASKED;
    return facts;
}

void prove_end(void)
{
    enum hf_role me = nondet_bool() ? HF_SERVER : HF_CLIENT;
    unsigned facts = any_facts() & ~(unsigned)HEARD;
    bool asked = false, settled = false;
    struct seen seen = { 0 };

    for (size_t i = 0; i < hf_flow_steps; i++) {
        const struct hf_step *step = &hf_flow[i];
        bool mine = step->who == me, happens = nondet_bool();
        bool must = mine ? !MAY_PASS(i, facts, me) : !MAY_MISS(i, facts, me);

        if (!NOW(i, facts))
            continue;
        ASSUME(happens || !must);
        if (!happens)
            continue;
        settled = settled || step->says == HF_SERVER_HELLO;
        asked = asked || step->says == HF_CERTIFICATE_REQUEST;
        note(&seen, step, mine, (unsigned)i + 1);
        facts = learn(step, me, facts, settled);
    }
    at_the_end(&seen, me, facts, asked);
}
