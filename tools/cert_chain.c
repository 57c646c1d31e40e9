/* cert_chain.c - handfast cert chain: is a chain in order, what is missing,
 * what is too much; and the right one, written out. */
#include "cert_verify.h"
#include "chain.h"
#include "files.h"

#include "engine/conn.h"

#include <stdlib.h>
#include <string.h>

struct chain_words {
    const char *ca_file, *ca_dir, *out;
    bool force, with_root;
};

struct job {
    struct tool *tool;
    struct chain_words words;
    struct certs certs;
    size_t ends[CERTS_MAX]; /* which operand a certificate came with */
    struct chain chain;
};

/* ---- what is said of each ------------------------------------------------------ */

static const char *const role_names[] = {
    [CHAIN_IDLE] = "superfluous",    [CHAIN_RIGHT] = "right",
    [CHAIN_MISPLACED] = "misplaced", [CHAIN_TWIN] = "duplicate",
    [CHAIN_ROOT] = "root",
};

static void role_text(const struct chain *chain, size_t at, char *out,
                      size_t cap)
{
    size_t where = chain->belongs[at] + 1;

    switch (chain->role[at]) {
    case CHAIN_RIGHT: hf_format(out, cap, ""); break;
    case CHAIN_MISPLACED:
        hf_format(out, cap, lang("misplaced: it belongs in place %z"), where);
        break;
    case CHAIN_TWIN:
        hf_format(out, cap, lang("superfluous: the same as %z"), where);
        break;
    case CHAIN_ROOT:
        hf_format(out, cap, "%s",
                  lang("superfluous: a root; who trusts it has it already"));
        break;
    case CHAIN_IDLE:
        hf_format(out, cap, "%s",
                  lang("superfluous: it issued nothing in this chain"));
    }
}

static void print_role(const struct tool *tool, const struct chain *chain,
                       size_t at)
{
    char name[200], role[120];
    bool bad = chain->role[at] != CHAIN_RIGHT;

    hf_name_short(chain->all->at[at]->subject, name, sizeof(name));
    role_text(chain, at, role, sizeof(role));
    printf("  %2zu  ", at + 1);
    print_padded(stdout, name, bad ? 32 : 0);
    printf("%s%s%s%s\n", bad ? "  " : "", ink(tool, stdout, INK_BAD), role,
           ink(tool, stdout, INK_PLAIN));
}

/* Those of the right chain that are not among what was judged. */
static bool is_found(const struct chain *chain, size_t i)
{
    return chain->path[i] >= chain->own;
}

static void print_missing(const struct job *job)
{
    const struct tool *tool = job->tool;
    const struct chain *chain = &job->chain;
    const struct hf_cert *last = chain->all->at[chain->path[chain->depth - 1]];
    char name[200];
    struct hf_span url;

    for (size_t i = 0; i < chain->depth; i++) {
        if (!is_found(chain, i))
            continue;
        hf_name_short(chain->all->at[chain->path[i]]->subject, name,
                      sizeof(name));
        fputs("   -  ", stdout);
        print_padded(stdout, name, 32);
        printf(lang("  %smissing:%s it is in %s\n"), ink(tool, stdout, INK_BAD),
               ink(tool, stdout, INK_PLAIN),
               tool->operands[job->ends[chain->path[i]]]);
    }
    if (chain->complete)
        return;
    hf_name_short(last->issuer, name, sizeof(name));
    fputs("   -  ", stdout);
    print_padded(stdout, name, 32);
    printf(lang("  %smissing:%s nobody here has it, nor the trust store\n"),
           ink(tool, stdout, INK_BAD), ink(tool, stdout, INK_PLAIN));
    if (hf_cert_aia(last, &url)) {
        fputs(lang("      it can be had at "), stdout);
        print_safe(stdout, url.at, url.len, NULL);
        putchar('\n');
    }
}

static void print_right(const struct chain *chain)
{
    char name[200];

    fputs(lang("right  "), stdout);
    for (size_t i = 0; i < chain->depth; i++) {
        hf_name_short(chain->all->at[chain->path[i]]->subject, name,
                      sizeof(name));
        printf("%s%s", i ? " < " : "", name);
    }
    if (!chain->complete) {
        fputs(lang(" < ?\n"), stdout);
        return;
    }
    hf_name_short(chain->root->subject, name, sizeof(name));
    if (chain->depth > 1 ||
        !(chain->all->at[chain->path[0]]->flags & HF_CERT_SELF_ISSUED))
        printf(" < (%s%s)", name,
               chain->trusted ? lang(", in the trust store") : "");
    putchar('\n');
}

static void print_verdict(const struct job *job, bool written)
{
    const struct chain *chain = &job->chain;
    const struct tool *tool = job->tool;

    print_right(chain);
    if (chain->right)
        printf(lang("%sThe chain is right.%s\n"), ink(tool, stdout, INK_GOOD),
               ink(tool, stdout, INK_PLAIN));
    else if (written)
        printf(lang("The right chain is in %s.\n"), job->words.out);
    else if (chain->complete)
        printf(lang("%sThe chain is to be repaired:%s -o FILE writes the right "
                    "one\n"),
               ink(tool, stdout, INK_BAD), ink(tool, stdout, INK_PLAIN));
    else
        printf(lang("%sThe chain is not complete:%s name a file with what is "
                    "missing, behind the first; a root: --cacert FILE\n"),
               ink(tool, stdout, INK_BAD), ink(tool, stdout, INK_PLAIN));
    if (chain->complete && !chain->trusted)
        fputs(lang("Its root is not in the trust store: --cacert FILE names "
                   "another\n"),
              stdout);
}

static void print_all(const struct job *job, bool written)
{
    for (size_t i = 0; i < job->chain.own; i++)
        print_role(job->tool, &job->chain, i);
    print_missing(job);
    print_verdict(job, written);
    if (job->certs.has_key && written)
        fputs(lang("The private key beside it was not written.\n"), stdout);
}

/* ---- JSON --------------------------------------------------------------------------- */

static void json_subject(struct json *j, const char *key, struct hf_span name)
{
    char text[600];

    hf_name_text(name, text, sizeof(text));
    json_text(j, key, text);
}

static void json_one(struct json *j, const struct chain *chain, size_t at)
{
    const struct hf_cert *cert = chain->all->at[at];
    enum chain_role role = chain->role[at];
    char text[96];

    json_open(j, NULL, '{');
    json_number(j, "place", (int64_t)at + 1);
    json_subject(j, "subject", cert->subject);
    fingerprint_text(cert->der, text);
    json_text(j, "sha256", text);
    json_text(j, "role", role_names[role]);
    if (role == CHAIN_MISPLACED || role == CHAIN_TWIN)
        json_number(j, "belongs", (int64_t)chain->belongs[at] + 1);
    else
        json_null(j, "belongs");
    json_close(j);
}

static void json_missing(struct json *j, const struct job *job)
{
    const struct chain *chain = &job->chain;
    const struct hf_cert *last = chain->all->at[chain->path[chain->depth - 1]];
    struct hf_span url;

    json_open(j, "missing", '[');
    for (size_t i = 0; i < chain->depth; i++) {
        if (!is_found(chain, i))
            continue;
        json_open(j, NULL, '{');
        json_subject(j, "subject", chain->all->at[chain->path[i]]->subject);
        json_text(j, "file", job->tool->operands[job->ends[chain->path[i]]]);
        json_null(j, "url");
        json_close(j);
    }
    if (!chain->complete) {
        json_open(j, NULL, '{');
        json_subject(j, "subject", last->issuer);
        json_null(j, "file");
        if (hf_cert_aia(last, &url))
            json_bytes(j, "url", url);
        else
            json_null(j, "url");
        json_close(j);
    }
    json_close(j);
}

static void json_all(const struct job *job, bool written)
{
    const struct chain *chain = &job->chain;
    struct json j;

    json_start(&j, stdout, "handfast/chain/1");
    json_text(&j, "from", job->tool->operands[0]);
    json_bool(&j, "right", chain->right);
    json_bool(&j, "complete", chain->complete);
    json_bool(&j, "trusted", chain->trusted);
    json_open(&j, "certificates", '[');
    for (size_t i = 0; i < chain->own; i++)
        json_one(&j, chain, i);
    json_close(&j);
    json_missing(&j, job);
    json_open(&j, "chain", '[');
    for (size_t i = 0; i < chain->depth; i++)
        json_subject(&j, NULL, chain->all->at[chain->path[i]]->subject);
    json_close(&j);
    if (chain->root)
        json_subject(&j, "root", chain->root->subject);
    else
        json_null(&j, "root");
    json_text(&j, "written", written ? job->words.out : NULL);
    json_finish(&j);
}

/* ---- writing it ------------------------------------------------------------------------ */

bool cert_pem(FILE *to, const struct hf_cert *cert)
{
    size_t cap = cert->der.len / 3 * 4 + 8;
    char *text = malloc(cap);
    bool good = text && hf_base64(text, cap, cert->der);

    if (good) {
        fputs("-----BEGIN CERTIFICATE-----\n", to);
        for (size_t at = 0, len = strlen(text); at < len; at += 64)
            fprintf(to, "%.64s\n", text + at);
        fputs("-----END CERTIFICATE-----\n", to);
    }
    free(text);
    return good && !ferror(to);
}

static bool pem_to(const struct job *job, FILE *to)
{
    const struct chain *chain = &job->chain;
    bool good = true;

    for (size_t i = 0; good && i < chain->depth; i++)
        good = cert_pem(to, chain->all->at[chain->path[i]]);
    if (good && job->words.with_root && chain->root &&
        !hf_span_equal(chain->root->der, chain->all->at[chain->path[0]]->der))
        good = cert_pem(to, chain->root);
    return good;
}

static int write_right(const struct job *job)
{
    struct hf_error error = { 0 };
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    bool good = to && pem_to(job, to);
    int code = HF_EXIT_GOOD;

    if (to)
        good = fclose(to) == 0 && good;
    if (!good)
        code = tool_error(job->tool, HF_EXIT_INTERNAL, "out of memory");
    else if (strcmp(job->words.out, "-") == 0)
        fputs(text, stdout);
    else if (!file_write(job->words.out, text, false, job->words.force, &error))
        code = error_tell(job->tool, HF_EXIT_WRITE, &error,
                          "--force replaces a file that is there");
    free(text);
    return code;
}

/* ---- the verb --------------------------------------------------------------------------- */

static int report(struct job *job)
{
    const struct chain *chain = &job->chain;
    bool print = job->words.out && strcmp(job->words.out, "-") == 0;
    bool write = job->words.out && chain->complete;
    int code = HF_EXIT_GOOD;

    if (write)
        code = write_right(job);
    if (code)
        return code;
    if (job->words.out && !chain->complete)
        tool_error(job->tool, HF_EXIT_NO,
                   "nothing was written: the chain is not complete");
    if (job->tool->json && !print)
        json_all(job, write);
    else if (!print || !write)
        print_all(job, write);
    return write || chain->right ? HF_EXIT_GOOD : HF_EXIT_NO;
}

static int judge(struct job *job, size_t own)
{
    struct hf_config *config = hf_config_new();
    bool said = job->words.ca_file || job->words.ca_dir, trust;
    int code;

    if (!config)
        return tool_error(job->tool, HF_EXIT_INTERNAL, "out of memory");
    trust = cert_trust(config, job->words.ca_file, job->words.ca_dir) &&
            hf_config_open(config);
    if (!trust && said) {
        code = error_tell(job->tool, HF_EXIT_TRUST, hf_config_error(config),
                          NULL);
    } else {
        /* Without a bundle a chain can still be put in order. */
        chain_sort(&job->chain, &job->certs, own,
                   trust ? config->settings.store : NULL);
        code = report(job);
        chain_wipe(&job->chain);
    }
    hf_config_free(config);
    return code;
}

/* All that is named; *own: how many the first word brought. */
static int gather(struct job *job, size_t *own)
{
    struct tool *tool = job->tool;

    if (!tool->operand_count)
        return usage_error(tool, "whose chain? A file, - or HOST:PORT");
    for (size_t i = 0; i < tool->operand_count; i++) {
        size_t before = job->certs.count;
        int code = certs_from(tool, tool->operands[i], &job->certs);

        if (code)
            return code;
        while (before < job->certs.count)
            job->ends[before++] = i;
        if (i == 0)
            *own = before;
    }
    if (*own == 0)
        return tool_error(tool, HF_EXIT_NO, "%s sent no certificate",
                          tool->operands[0]);
    return HF_EXIT_GOOD;
}

static int run_chain(struct tool *tool)
{
    struct job *job = calloc(1, sizeof(*job));
    size_t own = 0;
    int code;

    if (!job)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    job->tool = tool;
    code = options_read(tool, &job->words);
    if (code < 0)
        code = gather(job, &own);
    if (code == HF_EXIT_GOOD && own)
        code = judge(job, own);
    certs_free(&job->certs);
    free(job);
    return output_done(tool, code);
}

/* clang-format off */
#define AT(member) offsetof(struct chain_words, member)
static const struct opt options[] = {
    { .name = "cacert", .kind = OPT_TEXT, .arg = "FILE", .at = AT(ca_file),
      .also = "CAfile", .help = "whom to trust, instead of the system's bundle" },
    { .name = "capath", .kind = OPT_TEXT, .arg = "DIR", .at = AT(ca_dir),
      .also = "CApath", .help = "whom to trust: a folder with hashed names" },
    { .name = "out", .letter = 'o', .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(out),
      .help = "write the right chain there, in PEM; - prints it and nothing "
              "else" },
    { .name = "with-root", .kind = OPT_FLAG, .at = AT(with_root),
      .help = "write the root, too" },
    { .name = "force", .kind = OPT_FLAG, .at = AT(force),
      .help = "replace a file that is there" },
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

const struct command cert_chain = {
    .name = "chain",
    .operands = "FILE | - | HOST[:PORT] [FILE...]",
    .summary =
        "is a chain in order and complete, and the right one written out",
    .about = "The first file or server is judged; further files may hold what "
             "it lacks. A chain is the certificate, its issuer, that one's "
             "issuer and so on, without the root. The exit code is 0 if it is "
             "right, or if the right one was written, and 1 if it is not.",
    .examples =
        "  handfast cert chain www.example.org\n"
        "  handfast cert chain site.pem intermediates.pem -o full.pem\n",
    .options = options,
    .run = run_chain,
};
