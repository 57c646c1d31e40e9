/* meter.h - for tests: two ends that talk, and the lengths of their records, taken
 * on the wire. */
#ifndef HF_METER_H
#define HF_METER_H

#include "engine/duet.h"

/* What one end sent. */
struct metered {
    bool ccs;         /* seen: in TLS 1.2 what follows is sealed */
    size_t sealed;    /* records under keys */
    size_t most;      /* the largest of them: what is inside */
    size_t multiple;  /* all that are sealed must be one of it */
    size_t clear;     /* the largest handshake record in the clear */
    size_t strangers; /* sealed ones that are no multiple */
};

enum { METER_DATA = 40000 };
extern struct duet meter;
extern struct metered meter_sent[2]; /* by enum hf_role */
extern uint8_t meter_data[METER_DATA];

/* Two configs of @version, nothing counted. */
void meter_begin(unsigned version, const struct duet_certs *certs);
/* Shake hands, carry data both ways, change keys, carry it again. */
void meter_talk(unsigned version);
/* Carry bytes until nothing moves.  True: both are ready. */
bool meter_pump(unsigned version);
/* Send all of @bytes in one call. */
void meter_send(enum hf_role from, unsigned version, struct hf_span bytes);
/* Count the records at @at. */
void meter_count(struct metered *s, unsigned version, const uint8_t *at,
                 size_t left);

#endif
