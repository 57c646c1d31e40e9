/* tape.h - for tests: a connection whose every byte is known beforehand.
 *
 * Randomness is drawn from a stream for each role, wound back before each run,
 * and signatures are those that draw none.  So a handshake that was
 * recorded once can be played to one side again and again, cut, flipped or with
 * something failing in it, and what that side says must be what it said.
 *
 * A test with a tape is linked with --wrap=hf_libcrypto_random. */
#ifndef HF_TAPE_H
#define HF_TAPE_H

#include "engine/acts.h"
#include "engine/encore.h"

const struct hf_provider *tape_provider(void);
/* Draw from @role's stream from here on. */
void tape_turn(enum hf_role role);
/* Its stream from its start. */
void tape_rewind(enum hf_role role);

enum { TAPE_MAX = 16384 };

/* What one side heard from beginning to end, and what came of that. */
struct tape {
    enum hf_role role;
    struct hf_config *config;
    struct encore *encore; /* the ends have met before */
    struct act *act;       /* or it is one of these */
    uint8_t in[TAPE_MAX];  /* what it is given */
    size_t in_len;
    uint8_t out[TAPE_MAX]; /* what it says */
    size_t out_len;
    uint8_t got[256]; /* what it reads */
    size_t got_len;
    uint8_t early[64]; /* ... of early data */
    size_t early_len;
    bool early_said;    /* the client has sent its own */
    uint8_t secret[32]; /* an exporter, once it is ready */
    bool ready, exported, closed, resumed;
    struct hf_error error;
};

/* Record @scene: a handshake, data both ways, new keys, the end.  @provider is
 * tape_provider() or stands on it. */
bool tape_record(enum scene scene, const struct hf_provider *provider,
                 struct stage *stage, struct tape *client, struct tape *server);

/* Record a second meeting, in which the session of the first is resumed; @strike:
 * what the server thinks of early data. */
bool tape_record_again(enum way way, enum hf_strike strike,
                       const struct hf_provider *provider,
                       struct encore *encore, struct tape *client,
                       struct tape *server);

/* Record an act. */
bool tape_record_act(enum act_kind kind, const struct hf_provider *provider,
                     struct act *act, struct tape *client, struct tape *server);

/* All of them: the handshakes of all scenes, then those of all ways and one with
 * early data that is not taken, then all acts. */
enum {
    ENCORES = WAYS + 1,
    TAPES_MET = 2 * (SCENES + WAYS), /* from there on they are dear */
    TAPES = 2 * (SCENES + ENCORES + ACTS)
};
struct tapes {
    struct tape at[TAPES]; /* clients at even places */
    struct stage stages[SCENES];
    struct encore encores[ENCORES];
    struct act acts[ACTS];
};
bool tapes_record(struct tapes *tapes, const struct hf_provider *provider);
/* What the @i-th is a tape of. */
const char *tape_name(size_t i);
/* A test that does something at every byte or call of the @i-th does it at each
 * so many: at each one of those that were recorded first, of the others with
 * HF_SOAK in the environment only, of none in a wrapper that is slow. */
size_t tape_stride(size_t i, size_t others, size_t wrapped);
/* Is HF_SOAK there? */
bool tape_soaks(void);
void tapes_erase(struct tapes *tapes);

/* The certificates of all tapes go. */
void tape_clear(void);

/* Play the side of @tape once more: @in in pieces that end at @cuts (in order)
 * and at its end; then the end of the stream if @eof.  *out is what came of
 * it: its in is not used. */
struct tape_play {
    struct hf_span in;
    const size_t *cuts;
    size_t count;
    size_t chunk; /* or in pieces of this size */
    bool eof;
    bool slow; /* outgoing bytes go one at a time */
};
void tape_play(const struct tape *tape, const struct tape_play *how,
               struct tape *out);
/* The same in every respect? */
bool tape_same(const struct tape *a, const struct tape *b);

#endif
