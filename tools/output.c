/* output.c - what is said to people: colour, width, bytes that others chose.
 *
 * Bytes of a peer or of a file may be meant for the terminal instead of for
 * its reader: escape sequences that move the cursor or set the title, letters
 * that turn the direction of the line.  print_safe() lets through what is
 * printable UTF-8 and shows everything else by its number.
 */
#include "tool.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* ---- colour and width ------------------------------------------------------- */

static bool set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static bool colored(const struct tool *tool, int fd)
{
    const char *term = getenv("TERM");
    const char *force = getenv("CLICOLOR_FORCE");
    if (tool->color && strcmp(tool->color, "auto"))
        return !strcmp(tool->color, "always");
    if (set("NO_COLOR"))
        return false;
    if (force && *force && strcmp(force, "0"))
        return true;
    return isatty(fd) && term && *term && strcmp(term, "dumb");
}

static unsigned terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    unsigned long width = columns ? strtoul(columns, NULL, 10) : 0;
    for (int fd = 1; !width && fd <= 2; fd++)
        if (isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size))
            width = size.ws_col;
    if (!width)
        return 80;
    return width < 40 ? 40 : width > 200 ? 200 : (unsigned)width;
}

void output_init(struct tool *tool)
{
    tool->color_out = colored(tool, STDOUT_FILENO);
    tool->color_err = colored(tool, STDERR_FILENO);
    tool->width = terminal_width();
}

const char *ink(const struct tool *tool, FILE *to, enum ink which)
{
    static const char *const codes[] = {
        [INK_PLAIN] = "\033[0m",   [INK_STRONG] = "\033[1m",
        [INK_DIM] = "\033[2m",     [INK_GOOD] = "\033[32m",
        [INK_BAD] = "\033[31m",    [INK_OURS] = "\033[36m",
        [INK_THEIRS] = "\033[35m",
    };
    bool allowed = to == stdout ? tool->color_out : tool->color_err;
    return allowed ? codes[which] : "";
}

/* ---- bytes that others chose -------------------------------------------------- */

/* The length of the UTF-8 sequence at @p (RFC 3629 4), 0 if it is not one;
 * *point is its number. */
static size_t utf8(const uint8_t *p, size_t left, uint32_t *point)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = p[0] < 0x80             ? 1
               : (p[0] & 0xe0) == 0xc0 ? 2
               : (p[0] & 0xf0) == 0xe0 ? 3
               : (p[0] & 0xf8) == 0xf0 ? 4
                                       : 0;
    if (n == 0 || n > left)
        return 0;
    if (n == 1) {
        *point = p[0];
        return 1;
    }
    *point = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *point = *point << 6 | (p[i] & 0x3f);
    }
    if (*point < least[n] || *point > 0x10ffff ||
        (*point >= 0xd800 && *point <= 0xdfff))
        return 0;
    return n;
}

/* Invisible, or able to change how its neighbours look. */
static bool deceives(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x200b && point <= 0x200f) ||
           (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
           (point >= 0xfff9 && point <= 0xfffb) || point >= 0xe0000;
}

void print_safe(FILE *to, const void *bytes, size_t len, const char *keep)
{
    const uint8_t *p = bytes;
    for (size_t at = 0; at < len;) {
        uint32_t point = 0;
        size_t n = utf8(p + at, len - at, &point);
        if (n == 1 && p[at] && keep && strchr(keep, p[at]))
            putc(p[at], to);
        else if (n && !deceives(point))
            fwrite(p + at, 1, n, to);
        else if (n > 1)
            fprintf(to, "\\u{%x}", (unsigned)point);
        else
            fprintf(to, "\\x%02x", p[at]);
        at += n ? n : 1;
    }
}

void print_safe_text(FILE *to, const char *text)
{
    print_safe(to, text, strlen(text), NULL);
}

void print_wrapped(FILE *to, const char *text, unsigned width, unsigned indent,
                   unsigned at)
{
    bool fresh = true; /* nothing on this line yet */
    while (*text) {
        unsigned n = (unsigned)strcspn(text, " \n");
        if (!fresh && at + 1 + n > width) {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
        }
        at += (unsigned)fprintf(to, "%s%.*s", fresh ? "" : " ", (int)n, text);
        fresh = false;
        text += n;
        if (*text == '\n') {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
        }
        if (*text)
            text++;
    }
    putc('\n', to);
}

void print_hexdump(FILE *to, const char *indent, struct hf_span bytes)
{
    for (size_t row = 0; row < bytes.len; row += 16) {
        fprintf(to, "%s%05zx ", indent, row);
        for (size_t i = row; i < row + 16; i++) {
            if (i % 8 == 0)
                putc(' ', to);
            if (i < bytes.len)
                fprintf(to, "%02x ", bytes.at[i]);
            else
                fputs("   ", to);
        }
        putc(' ', to);
        for (size_t i = row; i < row + 16 && i < bytes.len; i++)
            putc(bytes.at[i] >= 0x20 && bytes.at[i] < 0x7f ? bytes.at[i] : '.',
                 to);
        putc('\n', to);
    }
}

void size_text(char *out, size_t cap, uint64_t bytes)
{
    static const char units[] = "KMGT";
    double size = (double)bytes;
    size_t unit = 0;
    if (bytes < 10000) {
        snprintf(out, cap, "%u B", (unsigned)bytes);
        return;
    }
    for (size /= 1024; size >= 999.95 && unit < 3; unit++)
        size /= 1024;
    snprintf(out, cap, "%.1f %c", size, units[unit]);
}

double clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- faults --------------------------------------------------------------------- */

static void complain(const struct tool *tool, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void complain(const struct tool *tool, const char *format, va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    fprintf(stderr, "%s: ", tool->title);
    print_safe_text(stderr, text);
    putc('\n', stderr);
}

int usage_error(const struct tool *tool, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(tool, format, args);
    va_end(args);
    fprintf(stderr, "%*s  try: %s --help\n", (int)strlen(tool->title), "",
            tool->title);
    return HF_EXIT_USAGE;
}

int tool_error(const struct tool *tool, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(tool, format, args);
    va_end(args);
    return code;
}

int output_done(struct tool *tool, int code)
{
    if (!fflush(stdout) && !ferror(stdout))
        return code;
    return tool_error(tool, HF_EXIT_WRITE, "standard output cannot be written");
}
