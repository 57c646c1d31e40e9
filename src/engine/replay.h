/* replay.h - for rfc8448_test.c: the numbers of the traces, and what the engine
 * under test is given and observed by.  rfc8448_test.c tells the whole. */
#ifndef HF_REPLAY_H
#define HF_REPLAY_H

#include "engine/conn.h"

enum trace { SIMPLE, RESUMED, RETRY, CLIENT_AUTH, COMPATIBLE };
enum what { A_PAIR, A_MESSAGE, A_RECORD, AN_EXTRACT, A_DERIVE };
enum { CLIENT = HF_CLIENT, SERVER = HF_SERVER, NOBODY = 9, BYTES_MAX = 700 };

/* rfc8448.def, row by row. */
struct row {
    enum what what;
    enum trace trace;
    int who;
    const char *label, *first, *second;
};
extern const struct row rows[];
extern const size_t row_count;

struct bytes {
    uint8_t at[BYTES_MAX];
    size_t len;
};
struct bytes unhex(const char *text);
struct bytes bytes_of(struct hf_span span);
void assert_same(struct hf_span a, struct hf_span b);

enum { DERIVED_MAX = 64, TRACE_NOW = 1500000000 };

/* One HKDF-Extract or HKDF-Expand-Label. */
struct derived {
    enum what what;
    char label[32];
    struct bytes input, value; /* context or input; what came out */
};

/* One engine at one end of a trace. */
struct replay {
    bool on; /* else the wrapped functions are themselves */
    enum trace trace;
    enum hf_role role;
    size_t said[HF_MESSAGE_KINDS]; /* messages of each kind so far */
    size_t scalars, randoms;       /* drawn so far */
    struct derived derived[DERIVED_MAX];
    size_t derived_count;
    struct hf_config *config;
    struct hf_conn *conn;
};
extern struct replay replay;

/* The nth message of @kind of our side. */
struct bytes recorded(unsigned kind, size_t n);
/* libcrypto with the trace's randoms and with weak keys allowed. */
const struct hf_provider *trace_provider(void);

/* The session that the simple handshake left, as either end has it. */
struct hf_saved_session *trace_session(void);

/* Wrapped by the linker; the test calls them too. */
bool __real_hf_expand_label(const struct hf_hmac *secret, const char *label,
                            struct hf_span context, uint8_t *out, size_t len);
bool __wrap_hf_expand_label(const struct hf_hmac *secret, const char *label,
                            struct hf_span context, uint8_t *out, size_t len);

#endif
