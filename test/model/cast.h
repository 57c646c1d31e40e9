/* cast.h - the endpoint under test, and those who put words into its peer's
 * mouth.
 *
 * All of them are made of the library with the firm provider (firm.c), under
 * which whatever is said can be right in all but its place.  Hellos are said by
 * extras, each a connection that does nothing else (hellos.c); everything else
 * is written by speak.c. */
#ifndef HF_CAST_H
#define HF_CAST_H

#include "engine/conn.h"
#include "model.h"
#include "shelf.h"

enum { SLOT_ROOM = 4096, LINE_ROOM = 4096, EXTRAS = SAY_RETRY + 1 };
enum { HELLO_ROOM = 2048 };

/* Where one session is kept, for ever. */
struct slot {
    uint8_t bytes[SLOT_ROOM];
    size_t len;
    bool shut; /* nothing more is put in */
};

/* What an extra says when it has heard this. */
struct hello {
    bool known;
    struct digest heard;
    uint8_t bytes[LINE_ROOM];
    size_t len;
    struct hf_direction early; /* client: its 0-RTT data would be under this */
};

struct cast {
    const struct scenario *scenario;
    struct hf_config *victim;
    struct hf_config *second; /* with which it goes on, if asked; or NULL */
    struct hf_config *extra[EXTRAS]; /* by enum say; NULL: not in this play */
    struct slot own, theirs[EXTRAS];
    struct hello hellos[EXTRAS][2]; /* first and second */
};
/* @copies: its memory is that of the shelf, and plays can be put aside. */
bool cast_open(struct cast *cast, const struct scenario *scenario, bool copies);
/* False: something in the configs was changed by plays, or counted wrongly. */
bool cast_close(struct cast *cast);

/* What the victim did besides what a verdict tells. */
struct deeds {
    bool stuck; /* a call took nothing, gave nothing, and would not end */
    bool idle;  /* what was said moved nothing, and was counted nowhere */
};

/* One run through. */
struct play {
    struct cast *cast;
    struct hf_conn *victim;
    uint8_t hello[HELLO_ROOM], retry[HELLO_ROOM]; /* what the victim said */
    size_t hello_len, retry_len;
    bool out12;         /* the victim has said ChangeCipherSpec of TLS 1.2 */
    bool mute;          /* nobody answers the victim's questions */
    unsigned counts[2]; /* of those who hold the victim's configs */
    struct deeds deeds;
};
bool play_begin(struct play *p, struct cast *cast, struct verdict *first);
void play_end(struct play *p);
/* Its memory was fetched back from the shelf: mend what is on the stage. */
void play_resume(const struct play *p);
/* Can the peer say this here?  A hello may be nobody's part. */
bool play_can(const struct cast *cast, enum say say);
/* Say it, and see what becomes of it. */
bool play_say(struct play *p, enum say say, struct verdict *out);
/* The same in two steps: the bytes and the type of their record ... */
size_t play_write(struct play *p, enum say say, uint8_t *out, size_t cap,
                  uint8_t *type);
/* ... and one record, under the keys of @as, a copy of which is used; NULL:
 * those in force. */
bool play_deliver(struct play *p, uint8_t type, struct hf_span bytes,
                  const struct hf_direction *as, struct verdict *out);
/* ... or bytes as they are. */
void play_hear(struct play *p, uint8_t *bytes, size_t len, struct verdict *v);
/* Nothing is delivered; questions that are open are answered. */
void play_answer(struct play *p, struct verdict *out);

/* Hand bytes to @to as often as it takes, and answer its questions as the
 * victim's application would; NULL: as anybody's. */
enum hf_outcome cast_give(struct hf_conn *to, uint8_t *bytes, size_t len,
                          struct hf_span *data, const struct play *victim,
                          struct deeds *deeds);
/* hellos.c: what @say is at this point; NULL: it cannot be said. */
const struct hello *cast_hello(struct play *p, enum say say);

/* speak.c: what is no hello, for the version in force.  Returns its length. */
size_t speak_message(const struct play *p, enum say say, uint8_t *out,
                     size_t cap, uint8_t *type);
/* Certificates as text. */
struct hf_span speak_chain(bool rsa), speak_authority(void);

#endif
