/* flags.c - the runner's flags, one table, into options.
 *
 * A flag may say for which connection it is (-on-initial-x, -on-resume-x,
 * -on-retry-x: one that was resumed, from when early data was refused), and
 * for which program (-on-shim-x is us, -on-handshaker-x is not there). */
#include "shim.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    ON,
    NUMBER,
    LIST,
    TEXT,
    SKIP,
    NEW,
    CERT,
    KEY,
    PREFS,
    SCTS,
    STAPLE,
    PSK_KEY,
    PSK_IDENTITY,
    PSK_CONTEXT,
    PSK_SHA384,
    LACK
};

struct flag {
    const char *name;
    enum kind kind;
    size_t field; /* where it goes; SKIP: how many arguments */
    const char *why;
};

/* clang-format off */
static const struct flag flags[] = {
#define FLAG(name, kind, field) \
    { name, kind, offsetof(struct shim_options, field), NULL },
#define SKIP(name, arguments) { name, SKIP, arguments, NULL },
#define CRED(name, kind) { name, kind, 0, NULL },
#define LACK(name, why) { name, LACK, 0, why },
#include "flags.def"
#undef FLAG
#undef SKIP
#undef CRED
#undef LACK
};
/* clang-format on */

enum shim_status shim_lacks(const struct shim_options *o, const char *what,
                            const char *why)
{
    FILE *file = o->note_unimplemented ? fopen(o->note_unimplemented, "a")
                                       : NULL;

    fprintf(stderr, "lacking: %s (%s)\n", what, why);
    if (file) {
        fprintf(file, "%s\t%s\n", why, what);
        fclose(file);
    }
    return SHIM_LACKS;
}

static const struct flag *find(const char *name)
{
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (strcmp(flags[i].name, name) == 0)
            return &flags[i];
    return NULL;
}

/* Is @prefix in front of *name?  Then behind it is what counts. */
static bool cut(const char **name, const char *prefix)
{
    size_t len = strlen(prefix);

    if (strncmp(*name, prefix, len) != 0)
        return false;
    *name += len;
    return true;
}

static bool add_number(struct shim_numbers *list, const char *text)
{
    if (list->count == NUMBERS)
        return false;
    list->at[list->count++] = (uint16_t)strtoul(text, NULL, 10);
    return true;
}

static struct shim_credential *newest(struct shim_options *o)
{
    return &o->credentials[o->credential_count];
}

/* One flag into one set of options. */
static bool apply(const struct flag *flag, const char *value,
                  struct shim_options *o)
{
    void *field = (char *)o + flag->field;

    switch (flag->kind) {
    case ON: *(bool *)field = true; return true;
    case NUMBER: /* -1 is one too */
        *(unsigned *)field = (unsigned)strtol(value, NULL, 10);
        return true;
    case LIST: return add_number(field, value);
    case TEXT: *(const char **)field = value; return true;
    case NEW: return ++o->credential_count < CREDENTIALS;
    case CERT: newest(o)->cert_file = value; return true;
    case KEY: newest(o)->key_file = value; return true;
    case SCTS: newest(o)->timestamps = value; return true;
    case PREFS: return add_number(&newest(o)->signing_prefs, value);
    case STAPLE: newest(o)->ocsp_response = value; return true;
    case PSK_KEY: newest(o)->psk_key = value; return true;
    case PSK_IDENTITY: newest(o)->psk_identity = value; return true;
    case PSK_CONTEXT: newest(o)->psk_context = value; return true;
    case PSK_SHA384: newest(o)->psk_sha384 = true; return true;
    case SKIP:
    case LACK:
    default: return true;
    }
}

static bool has_value(const struct flag *flag)
{
    switch (flag->kind) {
    case ON:
    case NEW:
    case PSK_SHA384:
    case LACK: return false;
    case SKIP: return flag->field == 1;
    case NUMBER:
    case LIST:
    case TEXT:
    case CERT:
    case KEY:
    case PREFS:
    case SCTS:
    case STAPLE:
    case PSK_KEY:
    case PSK_IDENTITY:
    case PSK_CONTEXT:
    default: return true;
    }
}

/* Both sets begin alike. */
static void set_defaults(struct shim_options *o)
{
    *o = (struct shim_options){
        .shim_initial_write = "hello",
        .repeat_shim_initial_write = 1,
        .read_size = 512,
        .trust_cert = "",
        .export_label = "",
        .export_context = "",
        .expect_selected_credential = NO_CREDENTIAL,
    };
}

enum shim_status shim_parse(int argc, char **argv, struct shim_options *first,
                            struct shim_options *later,
                            struct shim_options *retry)
{
    set_defaults(first);
    set_defaults(later);
    later->again = true;
    set_defaults(retry);
    retry->again = true;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = NULL;
        bool on_first = true, on_later = true, on_retry = true;
        const struct flag *flag;

        cut(&name, "-");
        cut(&name, "on-shim-");
        if (cut(&name, "on-handshaker-"))
            on_first = on_later = on_retry = false;
        else if (cut(&name, "on-initial-"))
            on_later = on_retry = false;
        else if (cut(&name, "on-resume-"))
            on_first = on_retry = false;
        else if (cut(&name, "on-retry-"))
            on_first = on_later = false;
        flag = find(name);
        if (!flag || flag->kind == LACK)
            return shim_lacks(first, argv[i],
                              flag ? flag->why : "an unknown flag");
        if (has_value(flag) && !(value = ++i < argc ? argv[i] : NULL)) {
            fprintf(stderr, "-%s without a value\n", name);
            return SHIM_FAILED;
        }
        if ((on_first && !apply(flag, value, first)) ||
            (on_later && !apply(flag, value, later)) ||
            (on_retry && !apply(flag, value, retry))) {
            fprintf(stderr, "too many of -%s\n", name);
            return SHIM_FAILED;
        }
    }
    return SHIM_OK;
}
