/* errors.c - how an error leaves the program: an exit code, three lines, and
 * what to try next.
 *
 *     handfast get: (60) the certificate has expired [verify.expired]
 *       why  CN=localhost: notAfter 2020-01-01 00:00:00 UTC, now 2026-...
 *       try  renew the certificate on the server; ...
 */
#include "tool.h"

#include <stdarg.h>
#include <string.h>

/* clang-format off */
static const struct {
    int code;
    const char *text;
} exits[] = {
#define EXIT(id, number, text) { number, text },
#include "exits.def"
#undef EXIT
};

static const struct {
    unsigned code;
    const char *next;
} advices[] = {
#define ADVICE(id, next) { HF_E_##id, next },
#include "advice.def"
#undef ADVICE
};

/* Exit codes by the first part of the dotted name, unless the whole name
 * stands before it. */
static const struct {
    const char *name;
    int early, late; /* during the handshake, after it */
} kinds[] = {
    { "verify.staple",      HF_EXIT_STAPLE,    HF_EXIT_STAPLE },
    { "verify.der",         HF_EXIT_PEER_CERT, HF_EXIT_PEER_CERT },
    { "verify.",            HF_EXIT_PEER_CERT, HF_EXIT_PEER_CERT },
    { "decode.",            HF_EXIT_HANDSHAKE, HF_EXIT_BROKEN },
    { "record.",            HF_EXIT_HANDSHAKE, HF_EXIT_BROKEN },
    { "flow.",              HF_EXIT_HANDSHAKE, HF_EXIT_BROKEN },
    { "negotiate.",         HF_EXIT_HANDSHAKE, HF_EXIT_HANDSHAKE },
    { "proof.",             HF_EXIT_HANDSHAKE, HF_EXIT_BROKEN },
    { "peer.",              HF_EXIT_HANDSHAKE, HF_EXIT_BROKEN },
    { "config.no_trust",    HF_EXIT_TRUST,     HF_EXIT_TRUST },
    { "config.crl",         HF_EXIT_CRL,       HF_EXIT_CRL },
    { "config.option",      HF_EXIT_USAGE,     HF_EXIT_USAGE },
    { "config.frozen",      HF_EXIT_INTERNAL,  HF_EXIT_INTERNAL },
    { "config.",            HF_EXIT_OWN_CERT,  HF_EXIT_OWN_CERT },
    { "system.file",        HF_EXIT_USAGE,     HF_EXIT_USAGE },
    { "system.resolve",     HF_EXIT_RESOLVE,   HF_EXIT_RESOLVE },
    { "system.connect",     HF_EXIT_CONNECT,   HF_EXIT_CONNECT },
    { "system.timeout",     HF_EXIT_TIMEOUT,   HF_EXIT_TIMEOUT },
    { "system.socket",      HF_EXIT_HANDSHAKE, HF_EXIT_BROKEN },
    { "use.",               HF_EXIT_INTERNAL,  HF_EXIT_INTERNAL },
    { "internal.",          HF_EXIT_INTERNAL,  HF_EXIT_INTERNAL },
};
/* clang-format on */

int exit_of(const struct hf_error *error, bool after_handshake)
{
    const char *name = hf_error_name(error->code);
    if (error->code == HF_OK)
        return HF_EXIT_GOOD;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t n = strlen(kinds[i].name);
        bool family = kinds[i].name[n - 1] == '.';
        if (strncmp(name, kinds[i].name, n) || (!family && name[n]))
            continue;
        return after_handshake ? kinds[i].late : kinds[i].early;
    }
    return HF_EXIT_INTERNAL;
}

const char *exit_text(int code)
{
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        if (exits[i].code == code)
            return exits[i].text;
    return NULL;
}

void help_exits(FILE *to)
{
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        fprintf(to, "  %3d  %s\n", exits[i].code, lang(exits[i].text));
}

const char *advice_for(unsigned code)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (advices[i].code == code)
            return advices[i].next;
    return "run it again with -vv to see every message and decision";
}

/* ---- failures -------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *code, *text, *next;
    int exit;
} failures[] = {
    { "ok", "", "", HF_EXIT_GOOD },
#define FAILURE(id, dotted, exit, text, next)                                  \
    { dotted, text, next, HF_EXIT_##exit },
#include "failures.def"
#undef FAILURE
};
/* clang-format on */

bool fail_with(struct failure *f, enum failure_id id, const char *format, ...)
{
    va_list args;
    if (f->code)
        return false;
    f->code = failures[id].code;
    f->text = failures[id].text;
    f->next = failures[id].next;
    f->exit = failures[id].exit;
    va_start(args, format);
    vsnprintf(f->detail, sizeof f->detail, lang(format), args);
    va_end(args);
    text_cut(f->detail);
    return false;
}

/* Alerts of the peer that are an answer to one of our choices have the code
 * which that choice has when we are the ones who refuse. */
static const struct heard {
    uint8_t alert; /* RFC 8446 6.2 */
    unsigned code;
    const char *next; /* NULL: the code's own advice */
} heard[] = {
    { 40, HF_E_ALERT,
      "the server found nothing in common, or nothing else to say: -v shows "
      "what was offered; its log may say more" },
    { 70, HF_E_NO_VERSION, NULL },
    { 71, HF_E_NO_SUITE, NULL },
    { 112, HF_E_UNKNOWN_NAME, NULL },
    { 116, HF_E_NO_PEER_CERTIFICATE, NULL },
    { 120, HF_E_NO_PROTOCOL, NULL },
};
/* ... and those about the certificate that we showed. */
static bool about_our_certificate(unsigned alert)
{
    return (alert >= 42 && alert <= 46) || alert == 48 || alert == 49;
}

static void hear_alert(struct failure *f, unsigned alert)
{
    for (size_t i = 0; i < sizeof heard / sizeof heard[0]; i++)
        if (heard[i].alert == alert) {
            f->code = hf_error_name(heard[i].code);
            f->text = hf_error_text(heard[i].code);
            f->next = heard[i].next ? heard[i].next : advice_for(heard[i].code);
        }
    if (about_our_certificate(alert))
        f->next = "the server does not accept the certificate given with "
                  "--cert: check whom it trusts, dates and purpose "
                  "(handfast cert show)";
}

bool fail_error(struct failure *f, const struct hf_error *error,
                bool after_handshake)
{
    if (f->code)
        return false;
    f->code = hf_error_name(error->code);
    f->text = hf_error_text(error->code);
    f->next = advice_for(error->code);
    f->exit = exit_of(error, after_handshake);
    f->error = *error;
    char room[sizeof f->detail];
    snprintf(f->detail, sizeof f->detail, "%s",
             lang_text(error->detail, room, sizeof room));
    if (error->code == HF_E_ALERT)
        hear_alert(f, error->alert);
    return false;
}

int failure_tell(const struct tool *tool, const struct failure *f)
{
    const struct hf_error *e = &f->error;
    fprintf(stderr, "%s%s: (%d) %s%s [%s]\n", ink(tool, stderr, INK_BAD),
            tool->title, f->exit, lang(f->text), ink(tool, stderr, INK_PLAIN),
            f->code);
    if (f->detail[0]) {
        fputs(lang("  why  "), stderr);
        print_safe_text(stderr, f->detail);
        putc('\n', stderr);
    }
    /* where in the peer's bytes, if the error knows */
    if (e->layout)
        fprintf(stderr, lang("  at   %s%s%s, byte %zu\n"), e->layout,
                e->field ? "." : "", e->field ? e->field : "", e->byte);
    fputs(lang("  try  "), stderr);
    print_wrapped(stderr, lang(f->next), tool->width, 7, 7);
    return f->exit;
}

int error_tell(const struct tool *tool, int code, const struct hf_error *error,
               const char *next)
{
    struct failure f = { 0 };
    fail_error(&f, error, false);
    f.exit = code;
    if (next)
        f.next = next;
    return failure_tell(tool, &f);
}
