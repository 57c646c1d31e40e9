/* demo.h - a handshake as a drawing: two lines, and arrows between them. */
#ifndef HANDFAST_TOOL_DEMO_H
#define HANDFAST_TOOL_DEMO_H

#include "tool.h"

enum { DRAWN_MAX = 32 };
struct drawing {
    bool utf8;   /* lines and arrows, else ASCII */
    double zero; /* clock_ms() of the first message */
    size_t count;
    struct {
        bool sent, sealed;
        char name[40];
        size_t size;
        double at;
        char *clause; /* what it says, owned; or NULL */
    } row[DRAWN_MAX];
};
void draw_start(struct drawing *d);
/* A message that went by, as the client saw it. */
void draw_event(struct drawing *d, const struct hf_event *event);
/* Data of the application. */
void draw_data(struct drawing *d, bool sent, const char *what, size_t size);
void draw_all(const struct drawing *d, const struct tool *tool);
void draw_end(struct drawing *d);

#endif
