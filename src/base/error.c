/* error.c - noting what went wrong: the first reason wins, and failing and
 * saying why are one statement. */
#define HF_UNPOISONED
#include "base/base.h"

#include <stdarg.h>
#include <string.h>

struct error_row {
    const char *name, *text;
    uint8_t alert;
};

static const struct error_row errors[HF_ERROR_CODES] = {
    [HF_OK] = { "ok", "nothing went wrong", 0 },
#define ERR(id, dotted, alert, text) [HF_E_##id] = { dotted, text, alert },
#include "handfast/errors.def"
#undef ERR
};

struct event_row {
    const char *name, *rfc, *rule;
};

static const struct event_row events[HF_EVENT_IDS] = {
#define EVENT(id, dotted, rfc, rule) [HF_EV_##id] = { dotted, rfc, rule },
#include "handfast/events.def"
#undef EVENT
};

static const struct error_row *error_row(unsigned code)
{
    return &errors[code < HF_ERROR_CODES ? code : HF_E_BUG];
}

const char *hf_error_name(unsigned code)
{
    return error_row(code)->name;
}

const char *hf_error_text(unsigned code)
{
    return error_row(code)->text;
}

uint8_t hf_error_alert(unsigned code)
{
    return error_row(code)->alert;
}

unsigned hf_error_by_name(const char *name)
{
    for (unsigned code = 1; name && code < HF_ERROR_CODES; code++)
        if (strcmp(errors[code].name, name) == 0)
            return code;
    return HF_OK;
}

static const struct event_row *event_row(unsigned id)
{
    return &events[id < HF_EVENT_IDS ? id : HF_EV_ERROR];
}

const char *hf_event_name(unsigned id)
{
    return event_row(id)->name;
}

const char *hf_event_rfc(unsigned id)
{
    return event_row(id)->rfc;
}

const char *hf_event_rule(unsigned id)
{
    return event_row(id)->rule;
}

bool hf_fail(struct hf_error *e, enum hf_error_code code, const char *format,
             ...)
{
    if (e->code)
        return false;
    e->code = (uint16_t)code;
    e->alert = error_row(code)->alert;
    if (format) {
        va_list args;

        va_start(args, format);
        hf_format_v(e->detail, sizeof(e->detail), format, args);
        va_end(args);
    }
    return false;
}

bool hf_fail_at(struct hf_error *e, enum hf_error_code code, const char *layout,
                const char *field, size_t byte)
{
    if (e->code)
        return false;
    hf_fail(e, code, NULL);
    e->layout = layout;
    e->field = field;
    e->byte = byte;
    return false;
}
