/* cast.h - the endpoint under test, and those who put words into its peer's
 * mouth.
 *
 * All of them are made of the library with the firm provider (firm.c),
 * which encrypts nothing and whose every MAC is zeroes: so whatever is said is
 * right in all but its place.  Hellos are said by extras, each a connection of
 * its own that does nothing else; everything else is written by speak.c. */
#ifndef HF_CAST_H
#define HF_CAST_H

#include "engine/conn.h"
#include "model.h"

enum { SLOT_ROOM = 4096, LINE_ROOM = 4096, EXTRAS = SAY_RETRY + 1 };

/* Where one session is kept, for ever. */
struct slot {
    uint8_t bytes[SLOT_ROOM];
    size_t len;
    bool shut; /* nothing more is put in */
};

struct cast {
    const struct scenario *scenario;
    struct hf_config *victim;
    struct hf_config *extra[EXTRAS]; /* by enum say; NULL: not in this play */
    struct slot own, theirs[EXTRAS];
};
bool cast_open(struct cast *cast, const struct scenario *scenario);
void cast_close(struct cast *cast);

/* One run through. */
struct play {
    struct cast *cast;
    struct hf_conn *victim;
    struct hf_conn *extra[EXTRAS];
    uint8_t hello[LINE_ROOM], retry[LINE_ROOM]; /* what the victim said */
    size_t hello_len, retry_len;
    unsigned went_on; /* extras that have heard of the retry, 1 << enum say */
    bool out12;       /* the victim has said ChangeCipherSpec of TLS 1.2 */
};
bool play_begin(struct play *p, struct cast *cast, struct verdict *first);
void play_end(struct play *p);
/* Can the peer say this here?  A hello may be nobody's part. */
bool play_can(const struct play *p, enum say say);
/* Say it, and see what becomes of it. */
bool play_say(struct play *p, enum say say, struct verdict *out);
/* The same in two steps: the bytes and the type of their record ... */
size_t play_write(struct play *p, enum say say, uint8_t *out, size_t cap,
                  uint8_t *type);
/* ... and one record, under the keys in force or under none. */
bool play_deliver(struct play *p, uint8_t type, struct hf_span bytes,
                  bool in_the_clear, struct verdict *out);

/* speak.c: what is no hello, for the version in force.  Returns its length. */
size_t speak_message(const struct play *p, enum say say, uint8_t *out,
                     size_t cap, uint8_t *type);
/* The leaf that everybody shows. */
struct hf_span speak_leaf(void);

#endif
