/* flow.c - the flow's functions, at any place, with any facts, for any message:
 * they stay in the table, go forward only, and let in what the table names. */
#include "proof.h"

#include "handshake/flow.c"

static unsigned any_facts(void)
{
    unsigned facts = nondet_word();

    ASSUME(facts < 1u << HF_FACTS);
    return facts;
}

void prove_accept(void)
{
    size_t at = nondet_size(), before;
    unsigned facts = any_facts(), old = facts, message = nondet_word();
    enum hf_role me = nondet_bool() ? HF_SERVER : HF_CLIENT;

    ASSUME(at <= hf_flow_steps);
    before = at;
    if (!hf_flow_accept(&at, &facts, me, message)) {
        PROVE(at == before && facts == old);
        return;
    }
    PROVE(at >= before && at < hf_flow_steps);
    PROVE(hf_flow[at].says == message && message != HF_JOB);
    PROVE(hf_flow[at].who != me);
    PROVE((old & hf_flow[at].if_set) == hf_flow[at].if_set);
    PROVE(!(old & hf_flow[at].if_clear));
    PROVE((facts & old) == old && facts == (old | hf_flow[at].maybe));
    /* Nothing that had to be said or done lies in between. */
    for (size_t i = 0; i < hf_flow_steps; i++)
        if (i >= before && i < at && in_force(&hf_flow[i], old))
            PROVE(hf_flow[i].maybe != 0 ||
                  (hf_flow[i].says == HF_JOB && hf_flow[i].who != me));
}
