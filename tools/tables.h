/* tables.h - the manual's tables, printed by the program from the tables that
 * it works by.  Markdown, which reads well as text too. */
#ifndef HANDFAST_TOOL_TABLES_H
#define HANDFAST_TOOL_TABLES_H

#include "tool.h"

#include "base/base.h"

/* A table is a list of rows of as many cells as there are columns; cells are
 * copied.  Columns are as wide as their widest cell. */
enum { TABLE_COLUMNS = 12 };
struct table {
    unsigned columns, cells;
    char **cell; /* row by row, the heading first */
    bool failed; /* no memory */
};
struct table table_new(unsigned columns, const char *const *heading);
/* The next cell, formatted as by printf. */
void table_cell(struct table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Print it and give its memory back. */
void table_end(struct table *t, FILE *to);

/* tables_wire.c */
void tables_layouts(FILE *to);
void tables_extensions(FILE *to);
/* tables_flow.c */
void tables_flow(FILE *to);
void tables_flow_dot(FILE *to);
/* tables_options.c */
void tables_options(FILE *to);

#endif
