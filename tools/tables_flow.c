/* tables_flow.c - the flow table in words and as a picture.
 *
 * The picture is made by walking the table with every set of facts that can
 * be true together, and drawing each step from one message to the next once. */
#include "tables.h"

#include "handshake/handshake.h"

#include <string.h>

enum { ALL_FACTS = 1 << HF_FACTS, STEPS_MAX = 96 };

static const char *who_text(const struct hf_step *step)
{
    return step->who == HF_CLIENT ? "client" : "server";
}

static const char *says_text(const struct hf_step *step)
{
    switch (step->says) {
    case HF_JOB: return step->name ? step->name : "(job)";
    case HF_CHANGE_CIPHER_SPEC: return "ChangeCipherSpec";
    case HF_HELLO_RETRY_REQUEST: return "HelloRetryRequest";
    default: break;
    }
    /* the RFC's name, "ClientHello", not the wire's */
    for (size_t i = 0; i < hf_message_count; i++)
        if (hf_message_table[i].type == step->says)
            return hf_message_table[i].layout()->name;
    return "?";
}

static const char *under_text(const struct hf_step *step)
{
    static const char *const names[] = { "none", "early", "handshake",
                                         "application" };

    return step->says == HF_JOB ? "" : names[step->under & 3];
}

static void facts_text(unsigned facts, char *out, size_t cap)
{
    size_t at = 0;

    out[0] = '\0';
    for (unsigned bit = 0; bit < HF_FACTS; bit++)
        if (facts & 1U << bit && at < cap)
            at += (size_t)snprintf(out + at, cap - at, "%s%s", at ? " " : "",
                                   hf_fact_name(bit));
}

static void when_text(const struct hf_step *step, char *out, size_t cap)
{
    char set[100], clear[100];

    facts_text(step->if_set, set, sizeof(set));
    facts_text(step->if_clear, clear, sizeof(clear));
    if (!set[0] && !clear[0])
        snprintf(out, cap, "%s", step->maybe ? "perhaps" : "always");
    else
        snprintf(out, cap, "%sif %s%s%s%s", step->maybe ? "perhaps, " : "", set,
                 set[0] && clear[0] ? ", " : "", clear[0] ? "not " : "", clear);
}

void tables_flow(FILE *to)
{
    static const char *const heading[] = {
        "step", "who", "message or job", "when", "hearing it teaches", "keys"
    };
    struct table t = table_new(6, heading);

    fputs("## The flow of a handshake\n\n"
          "Every legal handshake, from top to bottom; a step whose condition "
          "does not hold is skipped. Jobs, in small letters, are work that one "
          "side does without saying anything. The library decides by this "
          "table what may come next. The facts: TLS13 the version; RETRY the "
          "server asked for another key share; RESUMED nobody shows a "
          "certificate; ASKED the client was asked for one, GAVE and gave it; "
          "EARLY early data was accepted; PACKED the server's "
          "certificate comes compressed, PACKED_TOO the client's; and of TLS "
          "1.2: SIGNED the key "
          "exchange is ephemeral, STAPLED a status is sent along, TICKET a "
          "ticket will come.\n\n",
          to);
    for (size_t i = 0; i < hf_flow_steps; i++) {
        const struct hf_step *step = &hf_flow[i];
        char when[220], teaches[100];

        when_text(step, when, sizeof(when));
        facts_text(step->maybe, teaches, sizeof(teaches));
        table_cell(&t, "%zu", i);
        table_cell(&t, "%s", who_text(step));
        table_cell(&t, "%s", says_text(step));
        table_cell(&t, "%s", when);
        table_cell(&t, "%s", teaches);
        table_cell(&t, "%s", under_text(step));
    }
    table_end(&t, to);
}

/* ---- the picture ---------------------------------------------------------------- */

/* Can these facts be true together? */
static bool consistent(unsigned f)
{
    bool tls13 = f & HF_FACT_TLS13, resumed = f & HF_FACT_RESUMED;

    if (f & HF_FACT_RETRY && !tls13)
        return false;
    if (f & HF_FACT_GAVE && !(f & HF_FACT_ASKED))
        return false;
    if (f & HF_FACT_ASKED && resumed)
        return false; /* RFC 8446 4.3.2: MUST NOT with a PSK */
    if (f & HF_FACT_EARLY &&
        (!tls13 || !resumed || f & HF_FACT_RETRY)) /* RFC 8446 4.2.10 */
        return false;
    if (f & HF_FACT_PACKED && (!tls13 || resumed))
        return false;
    if (f & HF_FACT_PACKED_TOO && (!tls13 || !(f & HF_FACT_ASKED)))
        return false;
    if (tls13)
        return !(f & (HF_FACT_SIGNED | HF_FACT_STAPLED | HF_FACT_TICKET));
    return !(resumed && f & (HF_FACT_SIGNED | HF_FACT_STAPLED));
}

/* The next message, jobs passed over; hf_flow_steps at the end. */
static size_t next_message(size_t at, unsigned facts)
{
    for (at = hf_flow_next(at, facts); at < hf_flow_steps;
         at = hf_flow_next(at + 1, facts))
        if (hf_flow[at].says != HF_JOB)
            break;
    return at;
}

static void dot_nodes(FILE *to)
{
    for (size_t i = 0; i < hf_flow_steps; i++) {
        const struct hf_step *step = &hf_flow[i];
        bool client = step->who == HF_CLIENT;

        if (step->says == HF_JOB)
            continue;
        fprintf(to, "  s%zu [label=\"%s\", fillcolor=\"%s\"%s];\n", i,
                says_text(step), client ? "#d5ead5" : "#d5e2f2",
                step->under == HF_PLAIN ? "" : ", penwidth=2");
    }
}

static void dot_edges(FILE *to)
{
    static bool drawn[STEPS_MAX][STEPS_MAX + 1];

    for (unsigned facts = 0; facts < ALL_FACTS; facts++) {
        size_t at, next;

        if (!consistent(facts))
            continue;
        for (at = next_message(0, facts); at < hf_flow_steps; at = next) {
            next = next_message(at + 1, facts);
            if (at >= STEPS_MAX || next > STEPS_MAX || drawn[at][next])
                continue;
            drawn[at][next] = true;
            if (next < hf_flow_steps)
                fprintf(to, "  s%zu -> s%zu;\n", at, next);
            else
                fprintf(to, "  s%zu -> done;\n", at);
        }
    }
}

void tables_flow_dot(FILE *to)
{
    fputs("digraph flow {\n"
          "  // green: the client speaks; blue: the server; thick: encrypted\n"
          "  node [shape=box, style=\"filled,rounded\", "
          "fontname=\"sans-serif\"];\n"
          "  done [label=\"application data\", shape=ellipse, "
          "fillcolor=\"white\"];\n",
          to);
    dot_nodes(to);
    dot_edges(to);
    fputs("}\n", to);
}
