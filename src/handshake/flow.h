/* flow.h - every legal handshake: the table's shape, and the functions that it
 * names.  The table itself is flow.c. */
#ifndef HF_FLOW_H
#define HF_FLOW_H

#include "base/base.h"
#include "wire/wire.h"

/* ==== the flow (flow.c) ============================================================ */

/* What can be heard.  Values below 256 are the wire's own. */
enum hf_message_kind {
    HF_HELLO_REQUEST = 0,
    HF_CLIENT_HELLO = 1,
    HF_SERVER_HELLO = 2,
    HF_NEW_SESSION_TICKET = 4,
    HF_END_OF_EARLY_DATA = 5,
    HF_ENCRYPTED_EXTENSIONS = 8,
    HF_CERTIFICATE = 11,
    HF_SERVER_KEY_EXCHANGE = 12,
    HF_CERTIFICATE_REQUEST = 13,
    HF_SERVER_HELLO_DONE = 14,
    HF_CERTIFICATE_VERIFY = 15,
    HF_CLIENT_KEY_EXCHANGE = 16,
    HF_FINISHED = 20,
    HF_CERTIFICATE_STATUS = 22,
    HF_KEY_UPDATE = 24,
    HF_COMPRESSED_CERTIFICATE = 25,
    HF_MESSAGE_HASH = 254,        /* stands for ClientHello1 in a transcript */
    HF_HELLO_RETRY_REQUEST = 256, /* a ServerHello with a fixed random */
    HF_CHANGE_CIPHER_SPEC = 257,  /* no handshake message; TLS 1.2 only */
    HF_JOB = 258,                 /* nothing is said: work of one side */
    HF_MESSAGE_KINDS = 259
};

/* What has been settled so far.  Bits only ever go from 0 to 1 (but a server
 * settles the version anew if it is given another config before it answers). */
enum hf_fact {
    HF_FACT_TLS13 = 1 << 0,   /* the version is TLS 1.3 */
    HF_FACT_RETRY = 1 << 1,   /* the server asked for another key share */
    HF_FACT_RESUMED = 1 << 2, /* nobody shows a certificate */
    HF_FACT_ASKED = 1 << 3,   /* the client was asked for a certificate */
    HF_FACT_GAVE = 1 << 4,    /* ... and gave one */
    HF_FACT_EARLY = 1 << 5,   /* 0-RTT data was accepted */
    HF_FACT_SIGNED = 1 << 6,  /* TLS 1.2: the key exchange is ephemeral */
    HF_FACT_STAPLED = 1 << 7, /* TLS 1.2: OCSP in a message of its own */
    HF_FACT_TICKET = 1 << 8,  /* TLS 1.2: the server will give a ticket */
    HF_FACT_PACKED = 1 << 9,  /* the server's certificate comes compressed */
    HF_FACT_PACKED_TOO = 1 << 10, /* ... the client's does */
    HF_FACTS = 11                 /* how many there are */
};

struct hf_handshake;

enum hf_step_result { HF_STEP_DONE, HF_STEP_FAILED, HF_STEP_WAIT };

/* A message as it came: kind, its bytes with the four of its header. */
struct hf_message {
    unsigned kind;
    struct hf_span bytes, body;
};
typedef enum hf_step_result hf_recv_fn(struct hf_handshake *hs,
                                       const struct hf_message *message);
typedef enum hf_step_result hf_send_fn(struct hf_handshake *hs);

struct hf_step {
    uint8_t who;               /* enum hf_role */
    uint8_t under;             /* enum hf_epoch: keys it travels under */
    uint16_t says;             /* enum hf_message_kind */
    uint16_t if_set, if_clear; /* facts: in force only if ... */
    uint16_t maybe; /* facts that the listener learns by hearing it */
    hf_recv_fn *receive;
    hf_send_fn *send; /* of a job: does it */
    const char *name; /* of a job: its function */
};
extern const struct hf_step hf_flow[];
extern const size_t hf_flow_steps;

/* The next step at or after @at that is in force, given @facts. */
size_t hf_flow_next(size_t at, unsigned facts);
/* Is @message welcome at @at?  Yes: *at is its step and *facts what it
 * taught.  No: nothing changes, and the answer is unexpected_message. */
HF_CHECK bool hf_flow_accept(size_t *at, unsigned *facts, enum hf_role me,
                             unsigned message);
/* The step at which @me has something to do: the next of ours, or the first
 * of the peer's that may come; hf_flow_steps at the end. */
size_t hf_flow_step(size_t at, unsigned facts, enum hf_role me);
const char *hf_fact_name(unsigned bit); /* "TLS13" */

/* ---- what the flow names ----------------------------------------------------------------- */
/* client.c */
hf_recv_fn hf_recv_hello_retry, hf_recv_server_hello;
hf_send_fn hf_send_client_hello, hf_send_second_hello;
hf_send_fn hf_job_make_shares, hf_job_make_share_again, hf_job_open_share;
/* server.c */
hf_recv_fn hf_recv_client_hello, hf_recv_second_hello;
hf_send_fn hf_send_hello_retry, hf_send_server_hello;
hf_send_fn hf_job_choose_parameters, hf_job_share_keys;
/* client13.c and server13.c */
hf_recv_fn hf_recv_encrypted_exts, hf_recv_cert_request;
hf_send_fn hf_send_encrypted_exts, hf_send_cert_request;
hf_send_fn hf_job_choose_certificate;
/* early.c */
hf_recv_fn hf_recv_end_of_early_data;
hf_send_fn hf_send_end_of_early_data;
/* certificate.c */
hf_recv_fn hf_recv_certificate, hf_recv_cert_verify;
hf_send_fn hf_send_certificate, hf_send_cert_verify;
hf_send_fn hf_job_sign, hf_job_verify_chain, hf_job_check_signature;
/* compress.c */
hf_recv_fn hf_recv_compressed_cert;
hf_send_fn hf_send_compressed_cert;
/* finished.c */
hf_recv_fn hf_recv_finished;
hf_send_fn hf_send_finished;

/* client12.c */
hf_recv_fn hf_recv_server_kx, hf_recv_cert_request12, hf_recv_hello_done;
hf_send_fn hf_job_check_server_kx, hf_job_choose_certificate12;
hf_send_fn hf_job_make_premaster, hf_send_client_kx;
/* rsa12.c */
hf_recv_fn hf_recv_client_kx_rsa;
hf_send_fn hf_job_check_server_key, hf_job_make_premaster_rsa;
hf_send_fn hf_send_client_kx_rsa, hf_job_open_premaster_rsa;
/* staple.c */
hf_recv_fn hf_recv_status12;
hf_send_fn hf_send_status12;
/* resume12.c and resume13.c */
hf_recv_fn hf_recv_ticket12;
hf_send_fn hf_send_ticket12, hf_job_give_tickets;
/* server12.c */
hf_send_fn hf_job_make_share12, hf_job_sign_share, hf_send_server_kx;
hf_send_fn hf_send_cert_request12, hf_send_hello_done, hf_job_open_premaster;
hf_recv_fn hf_recv_client_kx;
/* certificate12.c */
hf_recv_fn hf_recv_certificate12;
hf_send_fn hf_send_certificate12, hf_send_cert_verify12;
hf_send_fn hf_job_sign12, hf_job_check_signature12;
/* finished12.c */
hf_recv_fn hf_recv_ccs, hf_recv_finished12;
hf_send_fn hf_send_ccs, hf_send_finished12;

#endif
