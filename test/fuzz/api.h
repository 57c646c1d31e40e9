/* api.h - the small world of fuzz_api.c: some configs, some ends of connections,
 * and a wire on which everything may happen.
 *
 * The program that a fuzzer writes is a list of calls, each of a few bytes; past
 * its end there are zeroes. */
#ifndef HF_FUZZ_API_H
#define HF_FUZZ_API_H

#include "engine/conn.h"
#include "fuzz.h"
#include "handfast/handfast.h"
#include "toy.h"

struct program {
    const uint8_t *at;
    size_t left;
};
uint8_t program_byte(struct program *p);

/* ---- configs (api_config.c) ------------------------------------------------------- */

enum { CONFIGS = 4 };
extern struct hf_config *configs[CONFIGS];
extern int64_t the_time;

/* Everything forgotten: sessions, strikes, the time. */
void configs_begin(void);
void configs_end(void);
/* One that can serve as both client and server, in one of a few ways. */
void config_make(size_t at, uint8_t how);
/* One setter, with a value. */
void config_set(size_t at, uint8_t which, uint8_t value);
void config_freeze(size_t at);
void config_borrow(size_t at, size_t from, size_t trust);

/* ---- ends (api_end.c) ---------------------------------------------------------------- */

enum { ENDS = 4, WIRE = 1 << 16, SERIALS = 16 };

/* What an end has been given that is called data, or early data: which of the
 * others can have sent it. */
struct heard {
    size_t len;
    uint32_t from; /* 1 << serial */
};
struct end {
    struct hf_conn *conn; /* NULL: nobody is there */
    struct hf_tls *tls;   /* whose conn it is then, or NULL */
    int fd;               /* of the wire's side, or -1 */
    enum hf_role role;
    unsigned serial;
    bool failed, ready, closed, gone; /* gone: the stream has ended */
    struct hf_error why;
    struct heard heard, heard_early;
    unsigned alerts;         /* it has sent */
    bool asks, said_no;      /* of its application */
    bool right_name;         /* client: the name that the server has */
    bool honest;             /* nobody touched what was sent to it */
    size_t data, early_data; /* of its own that were taken */
    uint8_t in[WIRE];        /* that travels towards it */
    size_t in_len;
};
extern struct end ends[ENDS];
/* What end @serial has tried to send, and became. */
struct past {
    enum hf_role role;
    size_t data, early; /* bytes */
    bool ready, has_secret;
    uint8_t secret[16];   /* exported when it was ready */
    unsigned early_taken; /* ends that were given its early data */
};
extern struct past pasts[SERIALS];

void ends_begin(void);
void ends_end(void);
enum {
    OPEN_SERVER = 1 << 0,
    OPEN_TLS = 1 << 1,
    OPEN_WATCHED = 1 << 2,
    OPEN_NARROW = 1 << 3 /* a socket that takes little */
};
void end_open(struct end *e, struct hf_config *config, unsigned how,
              const char *name);
void end_free(struct end *e);
/* What @e has to say goes to @to. */
void end_flush(struct end *e, struct end *to);
/* Give it @len bytes of what travels towards it. */
void end_hear(struct end *e, size_t len);
void end_write(struct end *e, size_t len, struct end *to);
void end_write_early(struct end *e, size_t len, struct end *to);
void end_answer(struct end *e, uint8_t how);
void end_eof(struct end *e);
/* All that can be asked, and what must be so at any time. */
void end_look(struct end *e);

/* api_look.c: the moments at which something must be so. */
void look_ready(struct end *e);
void look_data(struct end *e, struct heard *heard, struct hf_span data,
               bool early);
void look_watch(void *ctx, const struct hf_event *event);
/* What end @serial sends from its @at-th byte on: 65,536 bytes. */
const uint8_t *said(unsigned serial, size_t at, bool early);

#endif
