/* cert_verify.c - handfast cert verify: the verdict, and why not.
 *
 *     not trusted: the certificate has expired  [verify.expired]
 *       why  localhost: notAfter 2026-11-20 ...
 *
 *     localhost                       expired: notAfter ...
 *       by Lab Intermediate
 *         by Lab Root (trusted)
 */
#include "cert_verify.h"
#include "files.h"

#include "engine/conn.h"

#include <stdlib.h>
#include <string.h>

bool cert_trust(struct hf_config *config, const char *file, const char *dir)
{
    if (!file && !dir) {
        file = getenv("SSL_CERT_FILE");
        dir = getenv("SSL_CERT_DIR");
        file = file && *file ? file : NULL;
        dir = dir && *dir ? dir : NULL;
    }
    if (!file && !dir)
        return hf_config_trust_system(config);
    return (!file || hf_config_trust_file(config, file)) &&
           (!dir || hf_config_trust_directory(config, dir));
}

/* ---- the tree ------------------------------------------------------------------- */

/* The nodes so that children follow their parent, in the order tried. */
static size_t order_tree(const struct hf_tried_tree *tree,
                         size_t order[HF_TRIED_MAX])
{
    int stack[HF_TRIED_MAX + 1];
    size_t depth = 0, n = 0;

    stack[depth++] = -1;
    while (depth) {
        int parent = stack[--depth];

        if (parent >= 0)
            order[n++] = (size_t)parent;
        for (size_t i = tree->count; i-- > 0;)
            if (tree->at[i].parent == parent && depth < HF_TRIED_MAX)
                stack[depth++] = (int)i;
    }
    return n;
}

/* "No issuer" is no news where issuers follow, which failed. */
static bool is_news(const struct hf_tried_tree *tree, size_t at)
{
    const struct hf_tried *node = &tree->at[at];
    bool children = false;

    for (size_t i = 0; i < tree->count; i++)
        children |= tree->at[i].parent == (int)at;
    return node->code != HF_OK &&
           !(children && (node->code == HF_E_UNKNOWN_ISSUER ||
                          node->code == HF_E_MISSING_INTERMEDIATE));
}

static void print_node(const struct tool *tool, const struct hf_tried *node,
                       bool bad)
{
    char name[200], room[2 * HF_DETAIL_MAX];

    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) every node has one */
    hf_name_short(node->cert->subject, name, sizeof(name));
    printf("  %*s%s%s%s%s", (int)(2 * node->depth), "",
           node->depth ? lang("by ") : "", ink(tool, stdout, INK_STRONG), name,
           ink(tool, stdout, INK_PLAIN));
    if (node->anchor)
        fputs(lang(" (in the trust store)"), stdout);
    if (!bad) {
        putchar('\n');
        return;
    }
    printf("  %s%s%s [%s]\n", ink(tool, stdout, INK_BAD),
           lang(hf_error_text(node->code)), ink(tool, stdout, INK_PLAIN),
           hf_error_name(node->code));
    if (node->detail[0]) {
        unsigned at = 4 + 2 * (unsigned)node->depth;

        printf("  %*s", (int)(at - 2), "");
        print_wrapped(stdout, lang_text(node->detail, room, sizeof(room)),
                      tool->width, at, at);
    }
}

static void print_tree(const struct tool *tool,
                       const struct hf_tried_tree *tree)
{
    size_t order[HF_TRIED_MAX], n = order_tree(tree, order);

    if (n)
        fputs(lang("\ntried\n"), stdout);
    for (size_t i = 0; i < n; i++)
        print_node(tool, &tree->at[order[i]], is_news(tree, order[i]));
    if (tree->lost)
        printf(lang("  ... and %zu more\n"), tree->lost);
}

static void json_tree(struct json *j, const struct hf_tried_tree *tree)
{
    json_open(j, "tried", '[');
    for (size_t i = 0; i < tree->count; i++) {
        const struct hf_tried *node = &tree->at[i];
        char text[600], room[2 * HF_DETAIL_MAX];

        json_open(j, NULL, '{');
        hf_name_text(node->cert->subject, text, sizeof(text));
        json_text(j, "subject", text);
        if (node->parent < 0)
            json_null(j, "issuer_of");
        else
            json_number(j, "issuer_of", node->parent);
        json_bool(j, "anchor", node->anchor);
        json_text(j, "code", node->code ? hf_error_name(node->code) : NULL);
        json_text(j, "check", hf_event_name(node->event));
        json_text(j, "detail", lang_text(node->detail, room, sizeof(room)));
        json_close(j);
    }
    json_close(j);
}

/* ---- the verdict ------------------------------------------------------------------- */

/* "  not revoked until ... (list 2a)"; empty of what nobody asked about. */
static void standing_text(const struct hf_status *status, char *out, size_t cap)
{
    struct hf_span number = hf_span(status->number, status->number_len);

    hf_format(out, cap, "");
    if (status->standing == HF_STANDING_UNKNOWN)
        hf_format(out, cap, lang("revocation not known: %s"),
                  lang(status->why ? status->why : "nobody said anything"));
    else if (status->standing == HF_STANDING_GOOD &&
             status->source == HF_SOURCE_CRL)
        hf_format(out, cap, lang("not revoked until %t (list %h)"),
                  status->until, &number);
    else if (status->standing == HF_STANDING_GOOD)
        hf_format(out, cap, lang("not revoked until %t (OCSP)"), status->until);
}

static void print_path(const struct tool *tool, const struct hf_verified *proof)
{
    char standing[200];

    for (size_t i = 0; i < proof->depth; i++) {
        char name[200];

        hf_name_short(proof->path[i]->subject, name, sizeof(name));
        printf("  %*s%s%s%s%s\n", (int)(2 * i), "", i ? lang("by ") : "", name,
               ink(tool, stdout, INK_PLAIN),
               i + 1 == proof->depth ? lang(" (in the trust store)") : "");
        standing_text(&proof->status[i], standing, sizeof(standing));
        if (standing[0])
            printf("  %*s%s\n", (int)(2 * i + 3), "", lang(standing));
    }
}

static void json_standing(struct json *j, const struct hf_status *status)
{
    static const char *const standings[] = { "unasked", "good", "revoked",
                                             "unknown" };
    static const char *const sources[] = { NULL, "crl", "ocsp" };
    char until[40] = "", number[48] = "";

    if (status->standing == HF_STANDING_GOOD)
        hf_time_text(until, sizeof(until), status->until);
    hf_hex(number, sizeof(number), hf_span(status->number, status->number_len));
    json_open(j, NULL, '{');
    json_text(j, "standing", standings[status->standing]);
    json_text(j, "source", sources[status->source]);
    json_text(j, "until", until[0] ? until : NULL);
    json_text(j, "list", number[0] ? number : NULL);
    json_text(j, "why", status->why);
    json_close(j);
}

static void say_good(const struct tool *tool, const struct cert_verify *how,
                     const struct hf_verified *proof)
{
    printf("%s%s%s%s%s\n", ink(tool, stdout, INK_GOOD), lang("trusted"),
           ink(tool, stdout, INK_PLAIN), how->name ? lang(" for ") : "",
           how->name ? how->name : lang(" (no name was checked: --name)"));
    print_path(tool, proof);
}

static void say_bad(const struct tool *tool, const struct hf_error *error,
                    const struct hf_tried_tree *tree)
{
    char room[2 * HF_DETAIL_MAX];

    printf(lang("%snot trusted:%s %s [%s]\n"), ink(tool, stdout, INK_BAD),
           ink(tool, stdout, INK_PLAIN), lang(hf_error_text(error->code)),
           hf_error_name(error->code));
    if (error->detail[0]) {
        fputs(lang("  why  "), stdout);
        print_wrapped(stdout, lang_text(error->detail, room, sizeof(room)),
                      tool->width, 7, 7);
    }
    fputs(lang("  try  "), stdout);
    print_wrapped(stdout, lang(advice_for(error->code)), tool->width, 7, 7);
    print_tree(tool, tree);
}

static void say_json(const struct cert_verify *how, bool good,
                     const struct hf_verified *proof,
                     const struct hf_error *error,
                     const struct hf_tried_tree *tree)
{
    struct json j;
    char text[600];

    json_start(&j, stdout, "handfast/verify/1");
    json_bool(&j, "trusted", good);
    json_text(&j, "name", how->name);
    json_open(&j, "path", '[');
    for (size_t i = 0; good && i < proof->depth; i++) {
        hf_name_text(proof->path[i]->subject, text, sizeof(text));
        json_text(&j, NULL, text);
    }
    json_close(&j);
    json_open(&j, "revocation", '[');
    for (size_t i = 0; good && i + 1 < proof->depth; i++)
        json_standing(&j, &proof->status[i]);
    json_close(&j);
    json_tree(&j, tree);
    json_error(&j, error, good ? HF_EXIT_GOOD : HF_EXIT_NO);
    json_finish(&j);
}

int cert_refuse(struct tool *tool, const struct cert_verify *how,
                const struct hf_error *error)
{
    struct hf_tried_tree *none = calloc(1, sizeof(*none));

    if (!none)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    if (tool->json)
        say_json(how, false, NULL, error, none);
    else
        say_bad(tool, error, none);
    free(none);
    return HF_EXIT_NO;
}

static int judge(struct tool *tool, const struct cert_verify *how,
                 const struct hf_verify *v)
{
    struct hf_verified proof = { 0 };
    struct hf_error error = { 0 };
    bool good = hf_verify_chain(v, &proof, &error);

    if (tool->json)
        say_json(how, good, &proof, &error, v->tree);
    else if (good)
        say_good(tool, how, &proof);
    else
        say_bad(tool, &error, v->tree);
    hf_verified_wipe(&proof);
    return good ? HF_EXIT_GOOD : HF_EXIT_NO;
}

/* What is asked if nobody says: as much as what was given can answer. */
static enum hf_revocation mode_of(const struct cert_verify *how)
{
    if (how->mode_said)
        return how->mode;
    return how->crl_file    ? HF_REVOCATION_HARD
           : how->ocsp_file ? HF_REVOCATION_LEAF
                            : HF_REVOCATION_SOFT;
}

/* With the response that came with the first, if there is one. */
static int judge_stapled(struct tool *tool, const struct cert_verify *how,
                         struct hf_verify *v)
{
    struct hf_span staples[HF_CHAIN_MAX] = { { NULL, 0 } };
    struct bytes bytes = { 0 };
    struct hf_error error = { 0 };
    int code;

    if (how->ocsp_file) {
        if (!file_read(how->ocsp_file, HF_DER_MAX, &bytes, &error))
            return error_tell(tool, HF_EXIT_USAGE, &error, NULL);
        staples[0] = bytes_span(&bytes);
        v->staples = staples;
        v->staple_asked = true;
    }
    code = judge(tool, how, v);
    bytes_free(&bytes);
    return code;
}

int cert_verify(struct tool *tool, const struct cert_verify *how,
                const struct certs *certs)
{
    struct hf_config *config = hf_config_new();
    struct hf_tried_tree *tree = calloc(1, sizeof(*tree));
    struct hf_peer_name name;
    int code;

    if (!config || !tree) {
        code = tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    } else if (how->name && !hf_peer_name_read(how->name, &name)) {
        code = usage_error(tool,
                           "--name: \"%s\" is neither a DNS name nor an "
                           "address",
                           how->name);
    } else if (!cert_trust(config, how->ca_file, how->ca_dir) ||
               !hf_config_open(config)) {
        const struct hf_error *error = hf_config_error(config);

        code = error_tell(tool, HF_EXIT_TRUST, error, NULL);
    } else if (how->crl_file &&
               !hf_config_add_crl_file(config, how->crl_file)) {
        code = error_tell(tool, HF_EXIT_CRL, hf_config_error(config), NULL);
    } else {
        struct hf_verify v = { .crypto = &config->settings.crypto,
                               .store = config->settings.store,
                               .chain = certs->at,
                               .count = certs->count < HF_CHAIN_MAX
                                            ? certs->count
                                            : HF_CHAIN_MAX,
                               .name = how->name ? &name : NULL,
                               .purpose = how->purpose,
                               .now = how->now,
                               .revocation = (uint8_t)mode_of(how),
                               .crls = &config->settings.crls,
                               .tree = tree };

        code = judge_stapled(tool, how, &v);
        hf_tried_wipe(tree);
    }
    free(tree);
    hf_config_free(config);
    return code;
}
