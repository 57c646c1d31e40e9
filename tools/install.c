/* install.c - plans to trust an authority, or to trust it no longer.
 *
 * Systems differ in the folder that takes anchors and in the program that
 * makes bundles of it; the first row whose folder and program are both there
 * is this system.  NSS has a database for each user and profile, and certutil
 * for all of them. */
#include "install.h"
#include "files.h"

#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* clang-format off */
static const struct system_row {
    const char *name, *folder, *program;
    const char *install, *uninstall; /* its argument, or NULL */
} systems[] = {
    { "SUSE",           "/etc/pki/trust/anchors",                   "update-ca-certificates", NULL,             "--fresh" },
    { "Fedora",         "/etc/pki/ca-trust/source/anchors",         "update-ca-trust",        "extract",        "extract" },
    { "Arch",           "/etc/ca-certificates/trust-source/anchors", "trust",                 "extract-compat", "extract-compat" },
    { "Debian, Alpine", "/usr/local/share/ca-certificates",         "update-ca-certificates", NULL,             "--fresh" },
};

/* Where databases lie below the user's folder. */
static const char *const databases[] = {
    ".pki/nssdb/cert9.db",
    "snap/chromium/current/.pki/nssdb/cert9.db",
    ".mozilla/firefox/*/cert9.db",
    "snap/firefox/common/.mozilla/firefox/*/cert9.db",
    ".var/app/org.mozilla.firefox/.mozilla/firefox/*/cert9.db",
};
/* clang-format on */

/* ---- plans ------------------------------------------------------------------------ */

static struct plan_step *add(struct plan *plan, enum plan_kind kind,
                             const char *const *words)
{
    struct plan_step *step = &plan->step[plan->count];

    if (plan->count == PLAN_STEPS) {
        plan->failed = true;
        return NULL;
    }
    *step = (struct plan_step){ .kind = kind };
    plan->count++;
    for (size_t i = 0; words[i] && i + 1 < PLAN_WORDS; i++) {
        step->word[i] = strdup(words[i]);
        plan->failed |= !step->word[i];
    }
    return step;
}

void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        for (size_t k = 0; k < PLAN_WORDS; k++)
            free(plan->step[i].word[k]);
    plan->count = 0;
}

bool plan_is_idle(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->step[i].kind != PLAN_FINE)
            return false;
    return true;
}

/* A program of the system, by its whole name; false if there is none. */
static bool find_program(const char *root, const char *name,
                         char out[PLAN_PATH])
{
    static const char *const folders[] = {
        "/usr/sbin", "/usr/bin",       "/sbin",
        "/bin",      "/usr/local/bin", "/usr/local/sbin"
    };

    for (size_t i = 0; i < HF_COUNT(folders); i++)
        if (snprintf(out, PLAN_PATH, "%s%s/%s", root, folders[i], name) <
                PLAN_PATH &&
            access(out, X_OK) == 0)
            return true;
    return false;
}

static bool holds(const char *path, struct hf_span wanted)
{
    struct hf_error error = { 0 };
    struct bytes found = { NULL, 0 };
    bool same = file_exists(path) &&
                file_read(path, wanted.len + 1, &found, &error) &&
                hf_span_equal(bytes_span(&found), wanted);

    bytes_free(&found);
    return same;
}

/* ---- the system's store -------------------------------------------------------------- */

static bool find_system(const struct plan_order *order,
                        const struct system_row **row, char folder[PLAN_PATH],
                        char program[PLAN_PATH])
{
    for (size_t i = 0; i < HF_COUNT(systems); i++) {
        *row = &systems[i];
        if (snprintf(folder, PLAN_PATH, "%s%s", order->root,
                     systems[i].folder) < PLAN_PATH &&
            file_exists(folder) &&
            find_program(order->root, systems[i].program, program))
            return true;
    }
    return false;
}

/* p11-kit keeps anchors wherever it was built to. */
static void plan_p11_kit(struct plan *plan, const struct plan_order *order)
{
    char program[PLAN_PATH];

    if (!find_program(order->root, "trust", program))
        return;
    plan->places++;
    add(plan, PLAN_RUN,
        (const char *const[]){ program, "anchor",
                               order->install ? "--store" : "--remove",
                               order->file, NULL });
}

void plan_system(struct plan *plan, const struct plan_order *order)
{
    const struct system_row *row;
    char folder[PLAN_PATH], program[PLAN_PATH], file[PLAN_PATH + 64];
    bool there;

    if (!find_system(order, &row, folder, program)) {
        plan_p11_kit(plan, order);
        return;
    }
    plan->places++;
    snprintf(file, sizeof(file), "%s/%s.crt", folder, order->name);
    there = holds(file, order->pem);
    if (there == order->install) {
        add(plan, PLAN_FINE, (const char *const[]){ folder, NULL });
        return;
    }
    if (order->install)
        add(plan, PLAN_COPY, (const char *const[]){ order->file, file, NULL });
    else
        add(plan, PLAN_REMOVE, (const char *const[]){ file, NULL });
    add(plan, PLAN_RUN,
        (const char *const[]){
            program, order->install ? row->install : row->uninstall, NULL });
}

/* ---- running programs --------------------------------------------------------------- */

/* Its exit code, -1 if it could not be run.  It reads nothing, and what it says
 * goes to standard error, since standard output is our answer. */
static int run(char *const *words, bool quiet)
{
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t child;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (quiet) {
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
    } else {
        posix_spawn_file_actions_adddup2(&actions, 2, 1);
    }
    if (posix_spawn(&child, words[0], &actions, NULL, words, environ) == 0) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

/* ---- NSS ------------------------------------------------------------------------------ */

static bool nss_holds(const char *program, const char *database,
                      const char *name)
{
    struct plan one = { .count = 0 };
    bool found;

    add(&one, PLAN_RUN,
        (const char *const[]){ program, "-L", "-d", database, "-n", name,
                               NULL });
    found = !one.failed && run(one.step[0].word, true) == 0;
    plan_free(&one);
    return found;
}

static void plan_database(struct plan *plan, const struct plan_order *order,
                          const char *program, const char *path)
{
    char database[PLAN_PATH + 8];
    struct plan_step *step;
    bool there;

    /* "sql:" and the folder of cert9.db */
    snprintf(database, sizeof(database), "sql:%.*s",
             (int)(strlen(path) - strlen("/cert9.db")), path);
    plan->places++;
    there = nss_holds(program, database, order->name);
    if (there == order->install) {
        add(plan, PLAN_FINE, (const char *const[]){ database, NULL });
        return;
    }
    if (order->install)
        step = add(plan, PLAN_RUN,
                   (const char *const[]){ program, "-A", "-d", database, "-t",
                                          "C,,", "-n", order->name, "-i",
                                          order->file, NULL });
    else
        step = add(plan, PLAN_RUN,
                   (const char *const[]){ program, "-D", "-d", database, "-n",
                                          order->name, NULL });
    if (step)
        step->optional = true; /* one profile that is locked is not all */
}

void plan_nss(struct plan *plan, const struct plan_order *order)
{
    char program[PLAN_PATH], pattern[PLAN_PATH];
    glob_t found;

    if (!order->home || !find_program(order->root, "certutil", program))
        return;
    for (size_t i = 0; i < HF_COUNT(databases); i++) {
        if (!path_join(pattern, sizeof(pattern), order->home, databases[i]) ||
            glob(pattern, 0, NULL, &found) != 0)
            continue;
        for (size_t k = 0; k < found.gl_pathc; k++)
            plan_database(plan, order, program, found.gl_pathv[k]);
        globfree(&found);
    }
}

void plan_places(FILE *to)
{
    for (size_t i = 0; i < HF_COUNT(systems); i++)
        fprintf(to, "  %-42s %s (%s)\n", systems[i].folder, systems[i].program,
                systems[i].name);
    fprintf(to, "  %-42s %s\n", "", "trust (p11-kit)");
    for (size_t i = 0; i < HF_COUNT(databases); i++)
        fprintf(to, "  ~/%-40s %s\n", databases[i],
                i ? "certutil" : "certutil (libnss3-tools, nss-tools)");
}

/* ---- doing it --------------------------------------------------------------------------- */

static bool copy(const struct plan_step *step, struct hf_error *error)
{
    struct bytes bytes;
    bool good;

    if (!file_read(step->word[0], 1024 * 1024, &bytes, error))
        return false;
    good = file_write_bytes(step->word[1], bytes_span(&bytes), false, true,
                            error);
    bytes_free(&bytes);
    return good;
}

static bool do_step(const struct plan_step *step, struct hf_error *error)
{
    int code;

    switch (step->kind) {
    case PLAN_COPY: return copy(step, error);
    case PLAN_REMOVE:
        return unlink(step->word[0]) == 0 ||
               hf_fail(error, HF_E_FILE, "%s: %s", step->word[0],
                       strerror(errno));
    case PLAN_RUN:
        code = run(step->word, false);
        if (code >= 0)
            return code == 0 ||
                   hf_fail(error, HF_E_FILE, "%s ended with exit code %u",
                           step->word[0], (unsigned)code);
        return hf_fail(error, HF_E_FILE, "%s did not run to its end",
                       step->word[0]);
    case PLAN_FINE: break;
    }
    return true;
}

/* A copy that nobody made a bundle of would be trusted at the next occasion,
 * when nobody thinks of it. */
static void take_back(struct plan *plan, size_t failed)
{
    struct plan_step *before = failed ? &plan->step[failed - 1] : NULL;

    if (before && before->kind == PLAN_COPY && before->done &&
        unlink(before->word[1]) == 0)
        before->done = false;
}

bool plan_do(struct plan *plan, struct hf_error *error)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_step *step = &plan->step[i];

        step->done = do_step(step, error);
        if (step->done)
            continue;
        if (!step->optional) {
            take_back(plan, i);
            return false;
        }
    }
    return error->code == HF_OK;
}
