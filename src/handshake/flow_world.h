/* flow_world.h - for tests of the flow: which facts can go together. */
#ifndef HF_FLOW_WORLD_H
#define HF_FLOW_WORLD_H

#include "handshake/handshake.h"

static inline bool flow_consistent(unsigned f)
{
    bool tls13 = f & HF_FACT_TLS13, resumed = f & HF_FACT_RESUMED;

    if (f & HF_FACT_GAVE && !(f & HF_FACT_ASKED))
        return false;
    if (f & HF_FACT_ASKED && resumed)
        return false;
    if (f & HF_FACT_RETRY && !tls13)
        return false;
    if (f & HF_FACT_EARLY && (!tls13 || !resumed || f & HF_FACT_RETRY))
        return false;
    if (f & HF_FACT_PACKED && (!tls13 || resumed))
        return false;
    if (f & HF_FACT_PACKED_TOO && (!tls13 || !(f & HF_FACT_ASKED)))
        return false;
    if (f & (HF_FACT_SIGNED | HF_FACT_STAPLED | HF_FACT_TICKET) && tls13)
        return false;
    return !(f & (HF_FACT_SIGNED | HF_FACT_STAPLED) && resumed);
}

/* Sets of facts are below this. */
#define FLOW_WORLD (1u << HF_FACTS)

/* The next consistent set of facts from @f on, or one above all of them. */
static inline unsigned flow_next_facts(unsigned f)
{
    while (f < FLOW_WORLD && !flow_consistent(f))
        f++;
    return f;
}

#endif
