/* cmd_lab.c - handfast lab: an experiment in which both ends run in this
 * process, and everything that is secret otherwise is shown, computed a second
 * time, and compared.
 *
 * It is a test too: it fails if one value is not what the ends have used. */
#include "issue.h"
#include "lab.h"

#include <stdlib.h>
#include <string.h>

typedef bool step_fn(struct lab *lab);

/* In the order of the messages. */
static step_fn *const ecdhe[] = { lab_hellos,   lab_certificate, lab_ecdhe,
                                  lab_master,   lab_key_block,   lab_ccs,
                                  lab_finished, lab_data,        lab_close,
                                  NULL };
static step_fn *const rsa[] = { lab_hellos,   lab_certificate, lab_rsa,
                                lab_master,   lab_key_block,   lab_ccs,
                                lab_finished, lab_data,        lab_close,
                                NULL };

struct experiment {
    step_fn *const *steps;
    const char *key; /* the usual one */
    uint8_t kx[2];   /* suites that will do, by key exchange */
};
static const struct experiment experiments[LAB_KINDS] = {
    [LAB_ECDHE] = { ecdhe,
                    "p256",
                    { HF_SUITE_ECDHE_ECDSA, HF_SUITE_ECDHE_RSA } },
    [LAB_RSA] = { rsa, "rsa2048", { HF_SUITE_RSA, HF_SUITE_RSA } },
};

/* ---- what is asked ------------------------------------------------------------------ */

static bool find(const char *word, enum lab_kind *out)
{
    for (unsigned i = 0; i < LAB_KINDS; i++) {
        if (strcmp(lab_name((enum lab_kind)i), word) == 0) {
            *out = (enum lab_kind)i;
            return true;
        }
    }
    return false;
}

static bool is_rsa(enum issue_key key)
{
    return key == ISSUE_RSA2048 || key == ISSUE_RSA3072 || key == ISSUE_RSA4096;
}

/* A key of the kind that the suite wants, unless one was named. */
static void choose_key(struct lab *lab, const struct hf_suite *suite)
{
    const struct experiment *x = &experiments[lab->kind];

    if (!lab->order.key)
        lab->order.key = suite && suite->kx == HF_SUITE_ECDHE_RSA ? "rsa2048"
                                                                  : x->key;
}

/* -1: go on. */
static int check_order(struct lab *lab)
{
    const struct experiment *x = &experiments[lab->kind];
    const struct tool *tool = lab->tool;
    struct lab_order *order = &lab->order;
    const struct hf_suite *suite = NULL;
    enum issue_key key = ISSUE_P256;

    if (order->suite) {
        suite = hf_suite_by_number(hf_suite_number(order->suite));
        if (!suite || (suite->kx != x->kx[0] && suite->kx != x->kx[1]))
            return usage_error(tool, "lab %s cannot be done with the suite %s",
                               lab_name(lab->kind), order->suite);
    }
    if (order->group && lab->kind == LAB_RSA)
        return usage_error(tool, "RSA key transport has no group");
    if (order->group && !hf_group_number(order->group))
        return usage_error(tool, "there is no group %s", order->group);
    choose_key(lab, suite);
    if (!issue_key_by_name(order->key, &key))
        return usage_error(tool, "--key takes one of " ISSUE_KEY_NAMES);
    if (lab->kind == LAB_RSA && !is_rsa(key))
        return usage_error(tool, "RSA key transport needs an RSA key, not %s",
                           order->key);
    if (suite && suite->kx != HF_SUITE_RSA &&
        is_rsa(key) != (suite->kx == HF_SUITE_ECDHE_RSA))
        return usage_error(tool, "%s does not go with a key of the kind %s",
                           suite->name, order->key);
    return -1;
}

/* ---- the command ---------------------------------------------------------------------- */

static int experiment(struct lab *lab)
{
    step_fn *const *step = experiments[lab->kind].steps;
    struct json json;
    int code = check_order(lab);

    if (code >= 0)
        return code;
    if (lab->tool->json)
        /* cppcheck-suppress autoVariables ; nobody looks at it after us */
        lab->json = &json;
    if (!lab_run(lab) && !lab->json)
        return failure_tell(lab->tool, &lab->failure);
    lab_begin(lab);
    while (!lab->failure.code && *step && (*step)(lab))
        step++;
    return lab_end(lab);
}

static int run(struct tool *tool)
{
    struct lab_order order = { NULL, NULL, NULL, false };
    struct lab *lab;
    int code = options_read(tool, &order);

    if (code >= 0)
        return code;
    if (tool->operand_count == 0) {
        lab_list(tool);
        return output_done(tool, HF_EXIT_GOOD);
    }
    lab = calloc(1, sizeof(*lab));
    if (!lab)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    lab->tool = tool;
    lab->order = order;
    if (tool->operand_count > 1 || !find(tool->operands[0], &lab->kind))
        code = usage_error(tool, "which experiment? handfast lab lists them");
    else
        code = experiment(lab);
    lab_wipe(lab);
    free(lab);
    return output_done(tool, code);
}

/* clang-format off */
static const struct opt options[] = {
    { .name = "ciphers", .kind = OPT_TEXT, .arg = "SUITE",
      .at = offsetof(struct lab_order, suite),
      .help = "the cipher suite, such as TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
    { .name = "curves", .kind = OPT_TEXT, .arg = "GROUP", .also = "groups",
      .at = offsetof(struct lab_order, group),
      .help = "the group of the ECDHE shares: x25519, P-256, P-384" },
    { .name = "key", .kind = OPT_TEXT, .arg = "KIND",
      .at = offsetof(struct lab_order, key),
      .help = "the kind of the certificate's key: " ISSUE_KEY_NAMES },
    { .name = "quiet", .letter = 'q', .kind = OPT_FLAG,
      .at = offsetof(struct lab_order, quiet),
      .help = "the values and how they compare, without explanations" },
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

const struct command cmd_lab = {
    .name = "lab",
    .operands = "[EXPERIMENT]",
    .summary = "see how the keys arise, step by step, with real values",
    .about =
        "Runs both ends of a TLS 1.2 handshake in this process, with a "
        "certificate made for it, and shows how premaster secret, master "
        "secret and keys arise, what is signed, what Finished proves, and how "
        "a record is sealed. Every value is computed a second time and "
        "compared with what the ends have used; a difference is an error. "
        "Each step says what old texts get wrong about it.\n\n"
        "Without an experiment it lists them. The secrets that are shown are "
        "those of a session that is over and was nobody's.",
    .examples = "  handfast lab ecdhe\n"
                "  handfast lab ecdhe --curves P-256 --key rsa2048\n"
                "  handfast lab rsa --json | jq -r '.steps[].in_truth'\n",
    .options = options,
    .run = run,
};
