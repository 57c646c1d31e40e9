/* draw.c - a handshake as a drawing.
 *
 *      client                                              server
 *        | ClientHello       1.5 K    0.00 ms ------------> |  offers TLS 1.3
 *        | <------------ ServerHello  1.2 K    0.31 ms      |  picks ...
 */
#include "client.h"
#include "demo.h"

#include "wire/wire.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum { INNER = 52 }; /* columns between the two lines */

struct glyphs {
    const char *line, *dash, *right, *left, *sealed;
};

static const struct glyphs glyphs[2] = {
    { "|", "-", ">", "<", "*" },
    { "\xe2\x94\x82", "\xe2\x94\x80", "\xe2\x96\xb6", "\xe2\x97\x80",
      "\xe2\x96\xaa" },
};

void draw_start(struct drawing *d)
{
    memset(d, 0, sizeof(*d));
    d->utf8 = setlocale(LC_CTYPE, "") &&
              strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void draw_end(struct drawing *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->row[i].clause);
    d->count = 0;
}

static void add(struct drawing *d, bool sent, bool sealed, const char *name,
                size_t size, const char *clause)
{
    double now = clock_ms();
    size_t i = d->count;

    if (i == DRAWN_MAX)
        return;
    if (i == 0)
        d->zero = now;
    d->row[i].sent = sent;
    d->row[i].sealed = sealed;
    snprintf(d->row[i].name, sizeof(d->row[i].name), "%s", name);
    d->row[i].size = size;
    d->row[i].at = now - d->zero;
    d->row[i].clause = clause && *clause ? strdup(clause) : NULL;
    d->count++;
}

/* The RFC's name of a handshake type. */
static const char *name_of(unsigned message)
{
    if (message == HF_MESSAGE_RETRY)
        return "HelloRetryRequest";
    for (size_t i = 0; i < hf_message_count; i++)
        if (hf_message_table[i].type == message)
            return hf_message_table[i].layout()->name;
    return "?";
}

/* Change cipher specs mean nothing in TLS 1.3, and goodbyes are no part of the
 * handshake: both would only be in the way. */
void draw_event(struct drawing *d, const struct hf_event *event)
{
    char clause[400];

    if (event->kind != HF_EVENT_MESSAGE || event->record != 22)
        return;
    clause_of(event, clause, sizeof(clause));
    add(d, event->sent, event->epoch != 0, name_of(event->message),
        event->bytes.len, clause);
}

void draw_data(struct drawing *d, bool sent, const char *what, size_t size)
{
    add(d, sent, true, what, size, "");
}

static void fill(const char *dash, int count)
{
    while (count-- > 0)
        fputs(dash, stdout);
}

static void draw_row(const struct drawing *d, const struct tool *tool, size_t i)
{
    const struct glyphs *g = &glyphs[d->utf8];
    bool sent = d->row[i].sent;
    char size[24], text[120];
    int wide, blank;

    size_text(size, sizeof(size), d->row[i].size);
    wide = snprintf(text, sizeof(text), "%-20s %7s %6.2f ms", d->row[i].name,
                    size, d->row[i].at);
    blank = INNER - wide - 5;
    printf("     %s ", g->line);
    fputs(ink(tool, stdout, sent ? INK_OURS : INK_THEIRS), stdout);
    if (!sent) {
        fputs(g->left, stdout);
        fill(g->dash, blank);
        putchar(' ');
    }
    printf("%s %s", d->row[i].sealed ? g->sealed : " ", text);
    if (sent) {
        putchar(' ');
        fill(g->dash, blank);
        fputs(g->right, stdout);
    }
    printf("%s %s", ink(tool, stdout, INK_PLAIN), g->line);
    if (d->row[i].clause)
        printf("  %s", d->row[i].clause);
    putchar('\n');
}

void draw_all(const struct drawing *d, const struct tool *tool)
{
    printf("   %s%*s%s\n", lang("client"),
           INNER + 3 -
               (int)text_columns(lang("client"), strlen(lang("client"))),
           "", lang("server"));
    for (size_t i = 0; i < d->count; i++)
        draw_row(d, tool, i);
    printf(lang("%*s%s encrypted\n"), INNER - 3, "", glyphs[d->utf8].sealed);
}
