/* ca_install.c - handfast ca install|uninstall: this machine is to trust an
 * authority, or no longer.  Nothing is done unless --yes is said: first one
 * sees what it would be. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c) POSIX says so */
#define _XOPEN_SOURCE 700 /* realpath */
#include "ca.h"
#include "certs.h"
#include "install.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct install_words {
    const char *dir, *root;
    bool yes, any_name, system, nss;
};

struct install {
    struct tool *tool;
    struct install_words words;
    struct plan_order order;
    struct plan plan;
    char file[PATH_CAP];
    char sha256[96];
};

/* ---- what is shown ---------------------------------------------------------------- */

static const char *const kinds[] = {
    [PLAN_COPY] = "copy",
    [PLAN_REMOVE] = "remove",
    [PLAN_RUN] = "run",
    [PLAN_FINE] = "nothing",
};

/* A word as a shell would need it. */
static void print_word(const char *word)
{
    bool plain = *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-_./:,=@+")];

    if (!plain)
        putchar('\'');
    print_safe_text(stdout, word);
    if (!plain)
        putchar('\'');
}

static void print_step(const struct tool *tool, const struct plan_step *step,
                       bool install)
{
    const char *mark = step->done ? lang("done  ") : "";

    switch (step->kind) {
    case PLAN_COPY:
        printf(lang("  %scopy    %s\n"), mark, step->word[0]);
        printf(lang("       to %s\n"), step->word[1]);
        break;
    case PLAN_REMOVE:
        printf(lang("  %sremove  %s\n"), mark, step->word[0]);
        break;
    case PLAN_RUN:
        printf(lang("  %srun     "), mark);
        for (size_t i = 0; step->word[i]; i++) {
            if (i)
                putchar(' ');
            print_word(step->word[i]);
        }
        putchar('\n');
        break;
    case PLAN_FINE:
        printf(install ? lang("  %sit is in %s already%s\n")
                       : lang("  %sit is not in %s%s\n"),
               ink(tool, stdout, INK_DIM), step->word[0],
               ink(tool, stdout, INK_PLAIN));
    }
}

static void json_plan(const struct install *in, bool done)
{
    struct json j;

    json_start(&j, stdout, "handfast/install/1");
    json_text(&j, "action", in->order.install ? "install" : "uninstall");
    json_text(&j, "certificate", in->file);
    json_text(&j, "sha256", in->sha256);
    json_bool(&j, "done", done);
    json_open(&j, "steps", '[');
    for (size_t i = 0; i < in->plan.count; i++) {
        const struct plan_step *step = &in->plan.step[i];

        json_open(&j, NULL, '{');
        json_text(&j, "what", kinds[step->kind]);
        json_open(&j, "words", '[');
        for (size_t k = 0; step->word[k]; k++)
            json_text(&j, NULL, step->word[k]);
        json_close(&j);
        json_bool(&j, "done", step->done && step->kind != PLAN_FINE);
        json_close(&j);
    }
    json_close(&j);
    json_finish(&j);
}

static void print_plan(const struct install *in, bool done)
{
    const struct tool *tool = in->tool;

    if (!done && !plan_is_idle(&in->plan))
        printf(lang("%sThis would be done%s (--yes does it):\n"),
               ink(tool, stdout, INK_STRONG), ink(tool, stdout, INK_PLAIN));
    for (size_t i = 0; i < in->plan.count; i++)
        print_step(tool, &in->plan.step[i], in->order.install);
    if (plan_is_idle(&in->plan))
        puts(lang("There is nothing to do."));
    else if (in->order.install)
        printf(lang("To undo it: handfast ca uninstall --ca %s --yes\n"),
               in->words.dir);
}

static void show(const struct install *in, bool done)
{
    if (in->tool->json)
        json_plan(in, done);
    else
        print_plan(in, done);
}

/* ---- what is asked ------------------------------------------------------------------- */

/* An authority that may certify any name, once it is trusted here, makes
 * whoever steals its key everybody. */
static int is_harmless(const struct install *in, const struct hf_cert *root)
{
    char limits[400];

    constraints_text(root, false, limits, sizeof(limits));
    if (!limits[0] && !in->words.any_name)
        return tool_error(in->tool, HF_EXIT_NO,
                          "this authority may certify any name, so that "
                          "whoever steals its key can be any site to this "
                          "machine; --any-name installs it nevertheless");
    if (!(root->flags & HF_CERT_CA))
        return tool_error(in->tool, HF_EXIT_NO, "%s is no authority's",
                          in->file);
    if (root->not_after < (int64_t)time(NULL))
        return tool_error(in->tool, HF_EXIT_NO, "%s has expired", in->file);
    return HF_EXIT_GOOD;
}

static int look_at_root(struct install *in, struct bytes *pem)
{
    struct hf_error error = { 0 };
    struct certs certs = { .count = 0 };
    int code = HF_EXIT_GOOD;
    size_t at = 0;

    if (!file_read(in->file, PEM_MOST, pem, &error) ||
        !certs_read(&certs, bytes_span(pem), &error))
        return error_tell(in->tool, HF_EXIT_OWN_CERT, &error, NULL);
    fingerprint_text(certs.at[0]->der, in->sha256);
    at = (size_t)snprintf(in->order.name, sizeof(in->order.name), "handfast-");
    for (size_t i = 0; i < 8; i++, at += 2)
        snprintf(in->order.name + at, sizeof(in->order.name) - at, "%c%c",
                 hf_lower((uint8_t)in->sha256[3 * i]),
                 hf_lower((uint8_t)in->sha256[3 * i + 1]));
    in->order.pem = bytes_span(pem);
    if (in->order.install)
        code = is_harmless(in, certs.at[0]);
    certs_free(&certs);
    return code;
}

static int nothing_found(const struct install *in)
{
    tool_error(in->tool, HF_EXIT_NO,
               "no trust store was found on this machine; it was looked for");
    plan_places(stderr);
    return HF_EXIT_NO;
}

static int do_it(struct install *in)
{
    struct hf_error error = { 0 };
    bool good = plan_do(&in->plan, &error);

    show(in, good);
    if (good)
        return HF_EXIT_GOOD;
    return error_tell(in->tool, HF_EXIT_WRITE, &error,
                      geteuid() ? "the system's store is root's: sudo handfast "
                                  "ca ..., or --nss for your own only"
                                : NULL);
}

static int plan_and_do(struct install *in)
{
    bool both = in->words.system == in->words.nss;

    if (both || in->words.system)
        plan_system(&in->plan, &in->order);
    if (both || in->words.nss)
        plan_nss(&in->plan, &in->order);
    if (in->plan.failed)
        return tool_error(in->tool, HF_EXIT_INTERNAL, "out of memory");
    if (!in->plan.places)
        return nothing_found(in);
    if (in->words.yes)
        return do_it(in);
    show(in, false);
    return HF_EXIT_GOOD;
}

static int prepare(struct install *in, struct bytes *pem)
{
    struct place place;
    char whole[PATH_CAP];
    int code;

    if (in->tool->operand_count)
        return usage_error(in->tool, "it takes no words but options");
    if (!ca_place(&place, in->words.dir))
        return ca_no_place(in->tool);
    if (!realpath(place.dir, whole) || !ca_place(&place, whole) ||
        !file_exists(place.root))
        return tool_error(in->tool, HF_EXIT_OWN_CERT,
                          "there is no authority in %s; make one: handfast "
                          "ca init",
                          place.dir);
    snprintf(in->file, sizeof(in->file), "%s", place.root);
    in->words.dir = place.dir;
    in->order.file = in->file;
    in->order.root = in->words.root ? in->words.root : "";
    in->order.home = getenv("HOME");
    if (in->order.home && in->order.home[0] != '/')
        in->order.home = NULL;
    code = look_at_root(in, pem);
    return code ? code : plan_and_do(in);
}

static int run_either(struct tool *tool, bool install)
{
    struct install *in = calloc(1, sizeof(*in));
    struct bytes pem = { NULL, 0 };
    int code;

    if (!in)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    in->tool = tool;
    in->order.install = install;
    code = options_read(tool, &in->words);
    if (code < 0)
        code = prepare(in, &pem);
    plan_free(&in->plan);
    bytes_free(&pem);
    free(in);
    return output_done(tool, code);
}

static int run_install(struct tool *tool)
{
    return run_either(tool, true);
}

static int run_uninstall(struct tool *tool)
{
    return run_either(tool, false);
}

/* ---- tables ---------------------------------------------------------------------------- */

/* clang-format off */
#define AT(member) offsetof(struct install_words, member)
#define OPT_WHERE                                                              \
    { .name = "system", .kind = OPT_FLAG, .at = AT(system),                    \
      .help = "the system's store only" },                                     \
    { .name = "nss", .kind = OPT_FLAG, .at = AT(nss),                          \
      .help = "your own stores of Chromium and Firefox only" },                \
    { .name = "root", .kind = OPT_TEXT, .arg = "DIR", .at = AT(root),          \
      .help = "another system in that folder, with its programs" },            \
    { .name = "yes", .letter = 'y', .kind = OPT_FLAG, .at = AT(yes),           \
      .help = "do it; otherwise it is only shown what would be done" }

static const struct opt install_options[] = {
    OPT_CA,
    OPT_WHERE,
    { .name = "any-name", .kind = OPT_FLAG, .at = AT(any_name),
      .help = "install even an authority that may certify any name" },
    OPT_JSON,
    { .kind = OPT_END },
};

static const struct opt uninstall_options[] = {
    OPT_CA,
    OPT_WHERE,
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

const struct command ca_install = {
    .name = "install",
    .summary = "have this machine trust the authority",
    .about = "Shows what would be done to the system's trust store (as Debian, "
             "Alpine, Fedora, SUSE and Arch keep it, or p11-kit) and to the "
             "user's NSS stores (Chromium, Firefox; by certutil), and does it "
             "with --yes. Only authorities that are limited to certain names "
             "are installed.",
    .examples = "  handfast ca install\n"
                "  handfast ca install --nss --ca ./lab-ca --yes\n",
    .options = install_options,
    .run = run_install,
};

const struct command ca_uninstall = {
    .name = "uninstall",
    .summary = "have this machine trust the authority no longer",
    .about = "Takes away what ca install put there, and nothing else. Shows "
             "what would be done, and does it with --yes.",
    .examples = "  handfast ca uninstall --yes\n",
    .options = uninstall_options,
    .run = run_uninstall,
};
