/* tables.c - rows and columns in markdown. */
#include "tables.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Columns on a terminal: UTF-8 continuation bytes take none. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void add(struct table *t, char *text)
{
    char **more = realloc(t->cell, (t->cells + 1) * sizeof(*more));

    if (!more || !text) {
        t->cell = more ? more : t->cell;
        free(text);
        t->failed = true;
        return;
    }
    t->cell = more;
    t->cell[t->cells++] = text;
}

struct table table_new(unsigned columns, const char *const *heading)
{
    struct table t = { .columns = columns };

    for (unsigned i = 0; i < columns; i++)
        table_cell(&t, "%s", heading[i]);
    return t;
}

/* A bar would end the cell. */
static char *escaped(const char *text)
{
    char *out = malloc(2 * strlen(text) + 1), *to = out;

    for (; out && *text; text++) {
        if (*text == '|')
            *to++ = '\\';
        *to++ = *text == '\n' ? ' ' : *text;
    }
    if (out)
        *to = '\0';
    return out;
}

void table_cell(struct table *t, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add(t, escaped(text));
}

static void print_row(const struct table *t, FILE *to, unsigned row,
                      const size_t *width)
{
    for (unsigned i = 0; i < t->columns; i++) {
        const char *text = t->cell[row * t->columns + i];
        bool last = i + 1 == t->columns;
        size_t blanks = last ? 0 : width[i] - width_of(text);

        fprintf(to, "%s%s%*s", i ? " | " : "| ", text, (int)blanks, "");
    }
    fputs(" |\n", to);
}

static void print_rule(const struct table *t, FILE *to, const size_t *width)
{
    for (unsigned i = 0; i < t->columns; i++) {
        size_t dashes = i + 1 == t->columns ? 3 : width[i];

        fputs(i ? " | " : "| ", to);
        for (size_t n = dashes < 3 ? 3 : dashes; n; n--)
            putc('-', to);
    }
    fputs(" |\n", to);
}

void table_end(struct table *t, FILE *to)
{
    size_t width[TABLE_COLUMNS] = { 0 };

    assert(t->columns > 0);
    for (unsigned i = 0; i < t->cells; i++) {
        size_t wide = width_of(t->cell[i]);

        if (wide > width[i % t->columns])
            width[i % t->columns] = wide;
    }
    for (unsigned i = 0; i < t->columns; i++)
        width[i] = width[i] < 3 ? 3 : width[i];
    for (unsigned row = 0; row < t->cells / t->columns && !t->failed; row++) {
        print_row(t, to, row, width);
        if (row == 0)
            print_rule(t, to, width);
    }
    if (t->failed)
        fputs("out of memory\n", stderr);
    for (unsigned i = 0; i < t->cells; i++)
        free(t->cell[i]);
    free(t->cell);
    *t = (struct table){ .columns = 0 };
}
