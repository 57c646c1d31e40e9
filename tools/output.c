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

/* ---- columns ------------------------------------------------------------------- */

/* How many columns of a terminal a letter takes: two for those of East Asia
 * (UAX 11: W and F), none for those that sit on the one before. */
static unsigned columns_of(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } wide[] = {
        { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },
        { 0x3400, 0x4dbf },   { 0x4e00, 0xa4cf },   { 0xa960, 0xa97f },
        { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },
        { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
        { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
    };
    if (point >= 0x300 && point < 0x370)
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (point >= wide[i].first && point <= wide[i].last)
            return 2;
    return 1;
}

/* The next letter of @text, and its number; what is no UTF-8 is one letter a
 * byte. */
static size_t letter(const char *text, size_t len, uint32_t *point)
{
    size_t n = utf8((const uint8_t *)text, len, point);
    if (n == 0)
        *point = 0xfffd;
    return n ? n : 1;
}

unsigned text_columns(const char *text, size_t len)
{
    unsigned columns = 0;
    uint32_t point = 0;
    for (size_t at = 0; at < len;) {
        at += letter(text + at, len - at, &point);
        columns += columns_of(point);
    }
    return columns;
}

void print_padded(FILE *to, const char *text, unsigned width)
{
    unsigned columns = text_columns(text, strlen(text));
    fputs(text, to);
    if (columns < width)
        fprintf(to, "%*s", (int)(width - columns), "");
}

void text_cut(char *text)
{
    size_t len = strlen(text), back = 0;
    uint32_t point;
    while (back < len && back < 3 && (text[len - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back < len && (text[len - 1 - back] & 0xc0) == 0xc0 &&
        !utf8((const uint8_t *)text + len - 1 - back, back + 1, &point))
        text[len - 1 - back] = '\0';
}

/* Marks that must not begin a line, and those that must not end one. */
static bool closes(uint32_t point)
{
    return point == 0x3001 || point == 0x3002 || point == 0xff0c ||
           point == 0xff1b || point == 0xff1a || point == 0xff01 ||
           point == 0xff1f || point == 0xff09 || point == 0x300d ||
           point == 0x300f || point == 0x300b || point == 0x3011 ||
           point == 0x201d;
}

static bool opens(uint32_t point)
{
    return point == 0xff08 || point == 0x300c || point == 0x300e ||
           point == 0x300a || point == 0x3010 || point == 0x201c;
}

/* How much of @text must stand on one line: a word with what closes it, or one
 * wide letter likewise. */
static size_t unbroken(const char *text)
{
    size_t len = strcspn(text, " \n"), at = 0;
    uint32_t point = 0, last = 0;
    while (at < len) {
        size_t n = letter(text + at, len - at, &point);
        bool wide = columns_of(point) == 2 || columns_of(last) == 2;
        if (at && wide && !closes(point) && !opens(last))
            break;
        last = point;
        at += n;
    }
    return at;
}

void print_wrapped(FILE *to, const char *text, unsigned width, unsigned indent,
                   unsigned at)
{
    bool fresh = true;  /* nothing on this line yet */
    bool blank = false; /* there is one before the next word */
    while (*text) {
        size_t n = unbroken(text);
        unsigned columns = text_columns(text, n);
        if (!fresh && at + blank + columns > width) {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
        }
        fprintf(to, "%s%.*s", blank && !fresh ? " " : "", (int)n, text);
        at += columns + (blank && !fresh);
        fresh = false;
        blank = false;
        text += n;
        if (*text == '\n') {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
            text++;
        } else if (*text == ' ') {
            blank = true;
            text++;
        }
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
    vsnprintf(text, sizeof text, lang(format), args);
    text_cut(text);
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
    fprintf(stderr, lang("%*s  try: %s --help\n"), (int)strlen(tool->title), "",
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
