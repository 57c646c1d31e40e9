/* witness.h - for tests: a visitor that checks all that it is shown, and bytes
 * to show it. */
#ifndef HF_WIRE_WITNESS_H
#define HF_WIRE_WITNESS_H

#include "wire/samples.h"

struct witness {
    struct hf_span all; /* what is explained; offsets count from here */
    unsigned depth, deepest;
    size_t fields, enters;
    uint64_t story; /* a sum over everything seen but offsets, of messages
                     * only */
    bool ignoring;  /* inside a record header or a fragment */
    size_t last;    /* offset of the last field in this layout */
};

/* A visitor of @all.  It fails the test if an offset is not that of the bytes
 * seen, if they are not in order, or if something is left that was not
 * entered. */
struct hf_visitor witness(struct witness *w, struct hf_span all);

/* Visitor functions that look away. */
void see_nothing(void *ctx, const struct hf_seen *seen);

void put_message(struct hf_writer *w, unsigned type, struct hf_span body);
void put_record(struct hf_writer *w, unsigned type, struct hf_span body);

/* A ClientHello with real bytes, and the rest of a server's first flight with
 * made-up ones: one after the other, each with its header. */
struct hf_span some_flight(void);

#endif
