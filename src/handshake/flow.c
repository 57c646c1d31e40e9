/* flow.c - every legal handshake, TLS 1.2 and 1.3, for both roles.
 *
 * Read it from top to bottom: it is RFC 8446 section 2 and RFC 5246 section
 * 7.3, and RFC 8879's other form of a certificate, with the conditions written beside the lines.  A step whose condition
 * does not hold is skipped.  Whoever's name is on a step says it; the other
 * hears it.  A job is work that only its owner does, and the only place where
 * a handshake may wait for something other than the peer: every costly
 * operation stands in one, so that it can be handed away or batched.
 *
 * Nothing else in the library decides what may come next.  Four rules around
 * the table:
 *
 * 1. TLS 1.3's dummy ChangeCipherSpec is not in it.  The engine drops it
 *    between the first hello and the peer's Finished (RFC 8446 5).
 * 2. Keys change on message boundaries: they cannot be changed while any
 *    handshake byte of the old keys is pending (RFC 8446 5.1).  `under` is
 *    checked when a message is heard.
 * 3. A TLS 1.2 client with a ticket sends a session id, so that the server's
 *    echo settles RESUMED in ServerHello (RFC 5077 3.4).
 * 4. RSA key transport is the reason for the fact SIGNED: where it is clear
 *    there is no ServerKeyExchange, and a ClientKeyExchange of another kind.
 */
#include "handshake/handshake.h"

#define NONE 0
#define TLS13 HF_FACT_TLS13
#define RETRY HF_FACT_RETRY
#define RESUMED HF_FACT_RESUMED
#define ASKED HF_FACT_ASKED
#define GAVE HF_FACT_GAVE
#define EARLY HF_FACT_EARLY
#define SIGNED HF_FACT_SIGNED
#define STAPLED HF_FACT_STAPLED
#define TICKET HF_FACT_TICKET
#define PACKED HF_FACT_PACKED
#define PACKED_TOO HF_FACT_PACKED_TOO

#define ALWAYS 0, 0, 0
#define IF(set) (set), 0, 0
#define UNLESS(clear) 0, (clear), 0
#define WHEN(set, clear) (set), (clear), 0
#define MAYBE(set, clear, f) (set), (clear), (f)

#define STEP(who, says, when, under, heard, said)       \
    { HF_##who,        HF_##under,     HF_##says, when, \
      hf_recv_##heard, hf_send_##said, NULL },
#define JOB(who, when, does) \
    { HF_##who, HF_PLAIN, HF_JOB, when, NULL, hf_job_##does, #does },

/* clang-format off */
const struct hf_step hf_flow[] = {
/*     who     message               when                            under       received by          sent by */
JOB   (CLIENT,                       ALWAYS,                                     make_shares)
STEP  (CLIENT, CLIENT_HELLO,         ALWAYS,                         PLAIN,      client_hello,        client_hello)
JOB   (SERVER,                       ALWAYS,                                     choose_parameters)
STEP  (SERVER, HELLO_RETRY_REQUEST,  MAYBE(NONE, NONE, TLS13|RETRY), PLAIN,      hello_retry,         hello_retry)
JOB   (CLIENT,                       IF(TLS13|RETRY),                            make_share_again)
STEP  (CLIENT, CLIENT_HELLO,         IF(TLS13|RETRY),                PLAIN,      second_hello,        second_hello)
JOB   (SERVER,                       IF(TLS13),                                  share_keys)
STEP  (SERVER, SERVER_HELLO,         ALWAYS,                         PLAIN,      server_hello,        server_hello)

/* ---- TLS 1.3: RFC 8446 figure 1 ---- */
JOB   (CLIENT,                       IF(TLS13),                                  open_share)
STEP  (SERVER, ENCRYPTED_EXTENSIONS, IF(TLS13),                      HANDSHAKE,  encrypted_exts,      encrypted_exts)
STEP  (SERVER, CERTIFICATE_REQUEST,  MAYBE(TLS13, RESUMED, ASKED),   HANDSHAKE,  cert_request,        cert_request)
JOB   (CLIENT,                       IF(TLS13|ASKED),                            choose_certificate)    /* sets GAVE */
STEP  (SERVER, COMPRESSED_CERTIFICATE, MAYBE(TLS13, RESUMED, PACKED), HANDSHAKE, compressed_cert,     compressed_cert)
STEP  (SERVER, CERTIFICATE,          WHEN(TLS13, RESUMED|PACKED),    HANDSHAKE,  certificate,         certificate)
JOB   (SERVER,                       WHEN(TLS13, RESUMED),                       sign)
JOB   (CLIENT,                       WHEN(TLS13, RESUMED),                       verify_chain)
STEP  (SERVER, CERTIFICATE_VERIFY,   WHEN(TLS13, RESUMED),           HANDSHAKE,  cert_verify,         cert_verify)
JOB   (CLIENT,                       WHEN(TLS13, RESUMED),                       check_signature)
STEP  (SERVER, FINISHED,             IF(TLS13),                      HANDSHAKE,  finished,            finished)
STEP  (CLIENT, END_OF_EARLY_DATA,    IF(TLS13|EARLY),                EARLY_DATA, end_of_early_data,   end_of_early_data)
STEP  (CLIENT, COMPRESSED_CERTIFICATE, MAYBE(TLS13|ASKED, NONE, PACKED_TOO), HANDSHAKE, compressed_cert, compressed_cert)
STEP  (CLIENT, CERTIFICATE,          WHEN(TLS13|ASKED, PACKED_TOO),  HANDSHAKE,  certificate,         certificate)
JOB   (SERVER,                       IF(TLS13|ASKED|GAVE),                       verify_chain)
JOB   (CLIENT,                       IF(TLS13|ASKED|GAVE),                       sign)
STEP  (CLIENT, CERTIFICATE_VERIFY,   IF(TLS13|ASKED|GAVE),           HANDSHAKE,  cert_verify,         cert_verify)
JOB   (SERVER,                       IF(TLS13|ASKED|GAVE),                       check_signature)
STEP  (CLIENT, FINISHED,             IF(TLS13),                      HANDSHAKE,  finished,            finished)
JOB   (SERVER,                       IF(TLS13),                                  give_tickets)

/* ---- TLS 1.2, resumed: RFC 5246 figure 2, RFC 5077 figure 2: the server finishes first ---- */
STEP  (SERVER, NEW_SESSION_TICKET,   WHEN(RESUMED|TICKET, TLS13),    PLAIN,      ticket12,            ticket12)
STEP  (SERVER, CHANGE_CIPHER_SPEC,   WHEN(RESUMED, TLS13),           PLAIN,      ccs,                 ccs)
STEP  (SERVER, FINISHED,             WHEN(RESUMED, TLS13),           TRAFFIC,    finished12,          finished12)

/* ---- TLS 1.2, in full: RFC 5246 figure 1 ---- */
STEP  (SERVER, CERTIFICATE,          UNLESS(TLS13|RESUMED),          PLAIN,      certificate12,       certificate12)
STEP  (SERVER, CERTIFICATE_STATUS,   MAYBE(NONE, TLS13|RESUMED, STAPLED), PLAIN, status12,            status12)
JOB   (SERVER,                       WHEN(SIGNED, TLS13|RESUMED),                make_share12)
JOB   (SERVER,                       WHEN(SIGNED, TLS13|RESUMED),                sign_share)
STEP  (SERVER, SERVER_KEY_EXCHANGE,  WHEN(SIGNED, TLS13|RESUMED),    PLAIN,      server_kx,           server_kx)
STEP  (SERVER, CERTIFICATE_REQUEST,  MAYBE(NONE, TLS13|RESUMED, ASKED), PLAIN,   cert_request12,      cert_request12)
JOB   (CLIENT,                       WHEN(ASKED, TLS13|RESUMED),                 choose_certificate12)    /* sets GAVE */
STEP  (SERVER, SERVER_HELLO_DONE,    UNLESS(TLS13|RESUMED),          PLAIN,      hello_done,          hello_done)
JOB   (CLIENT,                       UNLESS(TLS13|RESUMED),                      verify_chain)
JOB   (CLIENT,                       WHEN(SIGNED, TLS13|RESUMED),                check_server_kx)
JOB   (CLIENT,                       UNLESS(TLS13|RESUMED|SIGNED),               check_server_key)
STEP  (CLIENT, CERTIFICATE,          WHEN(ASKED, TLS13|RESUMED),     PLAIN,      certificate12,       certificate12)
JOB   (CLIENT,                       WHEN(SIGNED, TLS13|RESUMED),                make_premaster)
STEP  (CLIENT, CLIENT_KEY_EXCHANGE,  WHEN(SIGNED, TLS13|RESUMED),    PLAIN,      client_kx,           client_kx)
JOB   (SERVER,                       WHEN(SIGNED, TLS13|RESUMED),                open_premaster)
JOB   (CLIENT,                       UNLESS(TLS13|RESUMED|SIGNED),               make_premaster_rsa)
STEP  (CLIENT, CLIENT_KEY_EXCHANGE,  UNLESS(TLS13|RESUMED|SIGNED),   PLAIN,      client_kx_rsa,       client_kx_rsa)
JOB   (SERVER,                       UNLESS(TLS13|RESUMED|SIGNED),               open_premaster_rsa)
JOB   (SERVER,                       WHEN(ASKED|GAVE, TLS13|RESUMED),            verify_chain)
JOB   (CLIENT,                       WHEN(ASKED|GAVE, TLS13|RESUMED),            sign12)
STEP  (CLIENT, CERTIFICATE_VERIFY,   WHEN(ASKED|GAVE, TLS13|RESUMED), PLAIN,     cert_verify,         cert_verify12)
JOB   (SERVER,                       WHEN(ASKED|GAVE, TLS13|RESUMED),            check_signature12)

/* ---- TLS 1.2, the end of both ---- */
STEP  (CLIENT, CHANGE_CIPHER_SPEC,   UNLESS(TLS13),                  PLAIN,      ccs,                 ccs)
STEP  (CLIENT, FINISHED,             UNLESS(TLS13),                  TRAFFIC,    finished12,          finished12)
STEP  (SERVER, NEW_SESSION_TICKET,   WHEN(TICKET, TLS13|RESUMED),    PLAIN,      ticket12,            ticket12)
STEP  (SERVER, CHANGE_CIPHER_SPEC,   UNLESS(TLS13|RESUMED),          PLAIN,      ccs,                 ccs)
STEP  (SERVER, FINISHED,             UNLESS(TLS13|RESUMED),          TRAFFIC,    finished12,          finished12)
};
/* clang-format on */

const size_t hf_flow_steps = HF_COUNT(hf_flow);

static const char *const fact_names[HF_FACTS] = {
    "TLS13",  "RETRY",   "RESUMED", "ASKED",  "GAVE",       "EARLY",
    "SIGNED", "STAPLED", "TICKET",  "PACKED", "PACKED_TOO",
};

const char *hf_fact_name(unsigned bit)
{
    return bit < HF_FACTS ? fact_names[bit] : "?";
}

static bool in_force(const struct hf_step *step, unsigned facts)
{
    return (facts & step->if_set) == step->if_set && !(facts & step->if_clear);
}

size_t hf_flow_next(size_t at, unsigned facts)
{
    for (; at < hf_flow_steps; at++) {
        const struct hf_step *step = &hf_flow[at];

        if (in_force(step, facts) && (facts & step->maybe) == step->maybe)
            break;
    }
    return at;
}

size_t hf_flow_step(size_t at, unsigned facts, enum hf_role me)
{
    for (; at < hf_flow_steps; at++) {
        const struct hf_step *step = &hf_flow[at];

        if (!in_force(step, facts))
            continue;
        if (step->who == me) {
            /* Ours: said if its facts were decided, else skipped. */
            if ((facts & step->maybe) == step->maybe)
                break;
        } else if (step->says != HF_JOB) {
            break; /* the peer's, or one that the peer may leave out */
        }
    }
    return at;
}

bool hf_flow_accept(size_t *at, unsigned *facts, enum hf_role me,
                    unsigned message)
{
    for (size_t i = *at; i < hf_flow_steps; i++) {
        const struct hf_step *step = &hf_flow[i];

        if (!in_force(step, *facts))
            continue;
        if (step->says == HF_JOB && step->who != me)
            continue; /* somebody else's business */
        if (step->who == me)
            return false; /* it is our turn */
        if (step->says == message) {
            *facts |= step->maybe;
            *at = i;
            return true;
        }
        if (!step->maybe)
            return false; /* this one cannot be left out */
    }
    return false;
}
