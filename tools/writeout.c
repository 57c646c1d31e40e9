/* writeout.c - -w: "%{http_code} %{time_total}\n", with curl's names and a few
 * that say what TLS came to.
 */
#include "get.h"

#include <string.h>

struct sheet {
    const struct fetch *fetch;
    int code;
};

/* A variable is a number, seconds or a text; %{json} has them all. */
struct variable {
    const char *name;
    char kind; /* n, s (seconds), t */
    double (*number)(const struct sheet *s);
    const char *(*text)(const struct sheet *s);
};

static double since(const struct sheet *s, double when)
{
    return when > 0 ? (when - s->fetch->started) / 1e3 : 0;
}

#define NUMBER(name, value)                   \
    static double name(const struct sheet *s) \
    {                                         \
        return (double)(value);               \
    }
#define TEXT(name, value)                          \
    static const char *name(const struct sheet *s) \
    {                                              \
        return (value);                            \
    }
/* clang-format off */
NUMBER(status,      s->fetch->answer.status)
NUMBER(redirects,   s->fetch->redirects)
NUMBER(connects,    s->fetch->connects)
NUMBER(body_size,   s->fetch->sink.bytes)
NUMBER(head_size,   s->fetch->header_bytes)
NUMBER(sent_size,   s->fetch->request_bytes)
NUMBER(fields,      s->fetch->answer.fields)
NUMBER(port,        s->fetch->way.port)
NUMBER(local_port,  s->fetch->way.local_port)
NUMBER(verified,    s->fetch->verify)
NUMBER(resumed,     s->fetch->resumed)
NUMBER(leaves,      s->code)
NUMBER(t_name,      since(s, s->fetch->way.resolved))
NUMBER(t_tcp,       since(s, s->fetch->way.connected))
NUMBER(t_tls,       since(s, s->fetch->ready))
NUMBER(t_before,    since(s, s->fetch->ready))
NUMBER(t_first,     since(s, s->fetch->first_byte))
NUMBER(t_redirect,  s->fetch->redirects ? since(s, s->fetch->way.started) : 0)
NUMBER(t_total,     since(s, s->fetch->done))
NUMBER(speed,       t_total(s) > 0 ? body_size(s) / t_total(s) : 0)
TEXT(address,       s->fetch->way.address)
TEXT(local,         s->fetch->way.local)
TEXT(method,        s->fetch->method)
TEXT(scheme,        ((void)s, "HTTPS"))
TEXT(http_version,  s->fetch->answer.status ? s->fetch->answer.minor ? "1.1" : "1.0" : "0")
TEXT(content_type,  http_find(&s->fetch->answer, "Content-Type"))
TEXT(redirect,      s->fetch->redirect)
TEXT(message,       s->fetch->failure.text)
TEXT(error_code,    s->fetch->failure.code)
TEXT(file,          s->fetch->sink.path)
TEXT(tls_version,   hf_version_name(s->fetch->version))
TEXT(tls_suite,     hf_suite_name(s->fetch->suite))
TEXT(tls_group,     hf_group_name(s->fetch->group))
TEXT(tls_signature, hf_scheme_name(s->fetch->scheme))

static const struct variable variables[] = {
    { "content_type",       't', NULL, content_type },
    { "error_code",         't', NULL, error_code },
    { "errormsg",           't', NULL, message },
    { "exitcode",           'n', leaves, NULL },
    { "filename_effective", 't', NULL, file },
    { "http_code",          'n', status, NULL },
    { "http_version",       't', NULL, http_version },
    { "local_ip",           't', NULL, local },
    { "local_port",         'n', local_port, NULL },
    { "method",             't', NULL, method },
    { "num_connects",       'n', connects, NULL },
    { "num_headers",        'n', fields, NULL },
    { "num_redirects",      'n', redirects, NULL },
    { "redirect_url",       't', NULL, redirect },
    { "remote_ip",          't', NULL, address },
    { "remote_port",        'n', port, NULL },
    { "response_code",      'n', status, NULL },
    { "scheme",             't', NULL, scheme },
    { "size_download",      'n', body_size, NULL },
    { "size_header",        'n', head_size, NULL },
    { "size_request",       'n', sent_size, NULL },
    { "speed_download",     'n', speed, NULL },
    { "ssl_verify_result",  'n', verified, NULL },
    { "time_appconnect",    's', t_tls, NULL },
    { "time_connect",       's', t_tcp, NULL },
    { "time_namelookup",    's', t_name, NULL },
    { "time_pretransfer",   's', t_before, NULL },
    { "time_redirect",      's', t_redirect, NULL },
    { "time_starttransfer", 's', t_first, NULL },
    { "time_total",         's', t_total, NULL },
    { "tls_group",          't', NULL, tls_group },
    { "tls_resumed",        'n', resumed, NULL },
    { "tls_signature",      't', NULL, tls_signature },
    { "tls_suite",          't', NULL, tls_suite },
    { "tls_version",        't', NULL, tls_version },
};
/* clang-format on */
enum { VARIABLES = sizeof variables / sizeof variables[0] };

static void effective(const struct sheet *s, char *out, size_t cap)
{
    url_text(&s->fetch->url, out, cap);
}

static void print_value(const struct variable *v, const struct sheet *s)
{
    const char *text = v->kind == 't' ? v->text(s) : NULL;
    if (v->kind == 's')
        printf("%.6f", v->number(s));
    else if (!strcmp(v->name, "http_code") || !strcmp(v->name, "response_code"))
        printf("%03.0f", v->number(s));
    else if (v->kind == 'n')
        printf("%.0f", v->number(s));
    else if (text)
        print_safe_text(stdout, text);
}

static void print_json(const struct sheet *s)
{
    struct json j = { .to = stdout };
    char url[URL_MAX + HOST_MAX + 32];
    effective(s, url, sizeof url);
    json_open(&j, NULL, '{');
    for (size_t i = 0; i < VARIABLES; i++) {
        const struct variable *v = &variables[i];
        if (v->kind == 's')
            json_ms(&j, v->name, v->number(s));
        else if (v->kind == 'n')
            json_number(&j, v->name, (int64_t)v->number(s));
        else
            json_text(&j, v->name, v->text(s));
    }
    json_text(&j, "url_effective", url);
    json_close(&j);
}

static void print_variable(const struct sheet *s, const char *name, size_t len)
{
    char url[URL_MAX + HOST_MAX + 32];
    for (size_t i = 0; i < VARIABLES; i++)
        if (strlen(variables[i].name) == len &&
            !strncmp(variables[i].name, name, len)) {
            print_value(&variables[i], s);
            return;
        }
    if (len == 4 && !strncmp(name, "json", 4)) {
        print_json(s);
    } else if ((len == 13 && !strncmp(name, "url_effective", 13)) ||
               (len == 3 && !strncmp(name, "url", 3))) {
        effective(s, url, sizeof url);
        fputs(url, stdout);
    } else {
        fprintf(stderr, lang("%s: unknown --write-out variable: \"%.*s\"\n"),
                s->fetch->tool->title, (int)len, name);
    }
}

/* \n, \r, \t; anything else stays as it was typed. */
static void print_escape(char letter)
{
    static const char letters[] = "nrt", codes[] = "\n\r\t";
    const char *at = letter ? strchr(letters, letter) : NULL;
    if (at)
        putchar(codes[at - letters]);
    else
        printf("\\%c", letter);
}

void write_out(const struct fetch *fetch, const char *format, int code)
{
    struct sheet s = { fetch, code };
    while (*format) {
        const char *end = !strncmp(format, "%{", 2) ? strchr(format, '}')
                                                    : NULL;
        if (end) {
            print_variable(&s, format + 2, (size_t)(end - format - 2));
            format = end + 1;
        } else if (format[0] == '%' && format[1] == '%') {
            putchar('%');
            format += 2;
        } else if (format[0] == '\\' && format[1]) {
            print_escape(format[1]);
            format += 2;
        } else {
            putchar(*format++);
        }
    }
}
