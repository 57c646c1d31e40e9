/* cmd_tables.c - handfast tables NAME: the manual's tables, printed from those
 * that the program works by. */
#include "tables.h"

#include "api/api.h"
#include "crypto/compress.h"
#include "engine/conn.h"
#include "handfast/explain.h"

#include <string.h>

/* ---- what can be negotiated --------------------------------------------------- */

/* The place of @number in what is offered if nothing is said, "" if it is
 * not. */
static void place_text(const struct hf_numbers *list, unsigned number,
                       char out[8])
{
    out[0] = '\0';
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] == number)
            snprintf(out, 8, "%u", (unsigned)(i + 1) & 0xff);
}

static void tables_suites(FILE *to, const struct hf_settings *s)
{
    static const char *const heading[] = { "number", "name", "OpenSSL's name",
                                           "version", "offered as" };
    struct table t = table_new(5, heading);
    char place[8];

    fputs("## Cipher suites\n\n"
          "Any spelling will do on the command line: IANA's, OpenSSL's, or the "
          "number. The last column is the place in the default offer.\n\n",
          to);
    for (size_t i = 0; i < hf_suite_count; i++) {
        const struct hf_suite *suite = &hf_suites[i];

        place_text(&s->suites, suite->number, place);
        table_cell(&t, "0x%04x", suite->number);
        table_cell(&t, "%s", suite->name);
        table_cell(&t, "%s", suite->openssl);
        table_cell(&t, "%s", hf_version_name(suite->version));
        table_cell(&t, "%s", place);
    }
    table_end(&t, to);
}

static void tables_groups(FILE *to, const struct hf_settings *s)
{
    static const char *const heading[] = { "number", "name", "client's share",
                                           "server's share", "offered as" };
    struct table t = table_new(5, heading);
    char place[8];

    fputs("## Groups for the key exchange\n\n"
          "Shares in bytes. The last column is the place in the default offer; "
          "the first comes with a share in the first ClientHello.\n\n",
          to);
    for (size_t i = 0; hf_libcrypto.groups[i]; i++) {
        const struct hf_kx *kx = hf_libcrypto.groups[i];

        place_text(&s->groups, kx->group, place);
        table_cell(&t, "0x%04x", kx->group);
        table_cell(&t, "%s", hf_group_name(kx->group));
        table_cell(&t, "%u", (unsigned)kx->share_len);
        table_cell(&t, "%u", (unsigned)kx->reply_len);
        table_cell(&t, "%s", place);
    }
    table_end(&t, to);
}

static const char *key_kind_text(unsigned kind)
{
    static const char *const names[] = {
        [HF_KEY_NONE] = "",
        [HF_KEY_RSA] = "RSA",
        [HF_KEY_RSA_PSS] = "RSA-PSS",
        [HF_KEY_P256] = "ECDSA P-256",
        [HF_KEY_P384] = "ECDSA P-384",
        [HF_KEY_P521] = "ECDSA P-521",
        [HF_KEY_ED25519] = "Ed25519",
        [HF_KEY_MLDSA44] = "ML-DSA-44",
        [HF_KEY_MLDSA65] = "ML-DSA-65",
        [HF_KEY_MLDSA87] = "ML-DSA-87",
    };

    return kind < HF_COUNT(names) ? names[kind] : "";
}

static const char *hash_text(unsigned hash)
{
    static const char *const names[] = { "", "SHA-256", "SHA-384", "SHA-512" };

    return hash < HF_COUNT(names) ? names[hash] : "";
}

static void tables_signatures(FILE *to, const struct hf_settings *s)
{
    static const char *const heading[] = { "number", "name",  "key",
                                           "hash",   "signs", "offered as" };
    struct table t = table_new(6, heading);
    char place[8];

    fputs("## Signature schemes\n\n"
          "A scheme without a number is for certificates only; one that does "
          "not sign is verified only. The last column is the place in the "
          "default offer.\n\n",
          to);
    for (size_t i = 0; hf_libcrypto.signatures[i]; i++) {
        const struct hf_signature *how = hf_libcrypto.signatures[i];

        place_text(&s->schemes, how->scheme, place);
        if (how->scheme)
            table_cell(&t, "0x%04x", how->scheme);
        else
            table_cell(&t, "%s", "");
        table_cell(&t, "%s", how->name);
        table_cell(&t, "%s", key_kind_text(how->key));
        table_cell(&t, "%s", hash_text(how->hash));
        table_cell(&t, "%s", how->sign ? "yes" : "no");
        table_cell(&t, "%s", how->scheme ? place : "");
    }
    table_end(&t, to);
}

/* ---- what can go wrong ---------------------------------------------------------- */

static void tables_errors(FILE *to)
{
    static const char *const heading[] = { "code", "alert", "exit", "meaning" };
    struct table t = table_new(4, heading);

    fputs("## Errors\n\n"
          "Codes are stable. The alert is what the peer is told (RFC 8446 6); "
          "the exit status is the command's, during the handshake and (if it "
          "is another) after it. `handfast explain CODE` tells more.\n\n",
          to);
    for (unsigned code = 1; code < HF_ERROR_CODES; code++) {
        struct hf_error error = { .code = (uint16_t)code };
        uint8_t alert = hf_error_alert(code);
        int early = exit_of(&error, false), late = exit_of(&error, true);

        table_cell(&t, "%s", hf_error_name(code));
        if (alert)
            table_cell(&t, "%s %u", hf_alert_name(alert), (unsigned)alert);
        else
            table_cell(&t, "%s", "");
        if (late != early)
            table_cell(&t, "%d, %d", early, late);
        else
            table_cell(&t, "%d", early);
        table_cell(&t, "%s", hf_error_text(code));
    }
    table_end(&t, to);
}

static void tables_exits(FILE *to)
{
    static const char *const heading[] = { "exit", "meaning" };
    struct table t = table_new(2, heading);

    fputs("## Exit codes\n\nCurl's wherever curl has one.\n\n", to);
    for (int code = 0; code < 256; code++) {
        if (!exit_text(code))
            continue;
        table_cell(&t, "%d", code);
        table_cell(&t, "%s", exit_text(code));
    }
    table_end(&t, to);
}

static void tables_events(FILE *to)
{
    static const char *const heading[] = { "event", "where", "rule" };
    struct table t = table_new(3, heading);

    fputs("## Events\n\n"
          "What a connection tells whoever watches it: each decision, and the "
          "rule it was taken by.\n\n",
          to);
    for (unsigned id = 0; id < HF_EVENT_IDS; id++) {
        table_cell(&t, "%s", hf_event_name(id));
        table_cell(&t, "%s", hf_event_rfc(id));
        table_cell(&t, "%s", hf_event_rule(id));
    }
    table_end(&t, to);
}

static void tables_limits(FILE *to)
{
    static const char *const heading[] = { "at most", "unit", "of what",
                                           "says" };
    struct table t = table_new(4, heading);

    fputs("## Limits\n\nWhat exceeds one of these is refused.\n\n", to);
#define LIMIT(value, unit, what, says)                   \
    table_cell(&t, "%llu", (unsigned long long)(value)); \
    table_cell(&t, "%s", unit);                          \
    table_cell(&t, "%s", what);                          \
    table_cell(&t, "%s", says);
#include "limits.def"
#undef LIMIT
    table_end(&t, to);
}

/* ---- which one -------------------------------------------------------------------- */

/* Those that only need a place to go to. */
static const struct {
    const char *name;
    void (*print)(FILE *to);
} plain[] = {
    { "layouts", tables_layouts }, { "extensions", tables_extensions },
    { "flow", tables_flow },       { "errors", tables_errors },
    { "exits", tables_exits },     { "events", tables_events },
    { "limits", tables_limits },   { "options", tables_options },
};

/* Those about what a configuration offers. */
static const struct {
    const char *name;
    void (*print)(FILE *to, const struct hf_settings *settings);
} offered[] = {
    { "suites", tables_suites },
    { "groups", tables_groups },
    { "signatures", tables_signatures },
};

static int print_offered(const struct tool *tool, size_t which)
{
    struct hf_config *config = hf_config_new();

    if (!config || !hf_config_insecure_no_verify(config) ||
        !hf_config_freeze(config)) {
        int code = tool_error(tool, HF_EXIT_INTERNAL,
                              "libcrypto cannot be used: %s",
                              config ? hf_config_error(config)->detail : "");

        hf_config_free(config);
        return code;
    }
    offered[which].print(stdout, &config->settings);
    hf_config_free(config);
    return HF_EXIT_GOOD;
}

static int print_one(const struct tool *tool, const char *name)
{
    const char *names[HF_COUNT(plain) + HF_COUNT(offered) + 1];
    const char *like;
    size_t n = 0;

    for (size_t i = 0; i < HF_COUNT(plain); i++) {
        if (strcmp(plain[i].name, name) == 0) {
            plain[i].print(stdout);
            return HF_EXIT_GOOD;
        }
        names[n++] = plain[i].name;
    }
    for (size_t i = 0; i < HF_COUNT(offered); i++) {
        if (strcmp(offered[i].name, name) == 0)
            return print_offered(tool, i);
        names[n++] = offered[i].name;
    }
    names[n] = NULL;
    like = most_like(name, names);
    return usage_error(tool, "there is no table \"%s\"%s%s%s", name,
                       like ? "; did you mean " : "", like ? like : "",
                       like ? "?" : "");
}

struct which {
    bool dot;
};

static int run(struct tool *tool)
{
    struct which which = { false };
    int code = options_read(tool, &which);

    if (code >= 0)
        return code;
    if (tool->operand_count != 1)
        return usage_error(tool, "which table?");
    if (!which.dot) {
        code = print_one(tool, tool->operands[0]);
    } else if (strcmp(tool->operands[0], "flow") == 0) {
        tables_flow_dot(stdout);
        code = HF_EXIT_GOOD;
    } else {
        code = usage_error(tool, "only the flow can be drawn");
    }
    return output_done(tool, code);
}

/* clang-format off */
static const struct opt options[] = {
    { .name = "dot", .kind = OPT_FLAG, .at = offsetof(struct which, dot),
      .help = "the flow as a picture: the language of Graphviz" },
    { .kind = OPT_END },
};
/* clang-format on */

const struct command cmd_tables = {
    .name = "tables",
    .operands = "layouts|extensions|flow|suites|groups|signatures|errors|"
                "exits|events|options|limits",
    .summary = "the manual's tables, from those that the program works by",
    .about = "Markdown, which reads well as text. The same tables are in "
             "docs/tables, and a test compares them.",
    .examples = "  handfast tables suites\n"
                "  handfast tables flow --dot | dot -Tsvg >flow.svg\n",
    .options = options,
    .run = run,
};
