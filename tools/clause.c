/* clause.c - the name of a message, and one clause about what it says.
 *
 * The clause is gathered by a visitor (explain.h), from a table of the fields
 * worth telling; nothing is parsed here.
 */
#include "client.h"
#include "expand.h"
#include "wire/wire.h"
#include "x509/x509.h"

#include <stdlib.h>
#include <string.h>

#include "handfast/explain.h"

const char *message_title(const struct hf_event *e)
{
    static const struct {
        unsigned message;
        const char *title;
    } titles[] = {
        { 0, "Hello request" },
        { 1, "Client hello" },
        { 2, "Server hello" },
        { 4, "New session ticket" },
        { 5, "End of early data" },
        { 8, "Encrypted extensions" },
        { 11, "Certificate" },
        { 12, "Server key exchange" },
        { 13, "Certificate request" },
        { 14, "Server hello done" },
        { 15, "Certificate verify" },
        { 16, "Client key exchange" },
        { 20, "Finished" },
        { 22, "Certificate status" },
        { 24, "Key update" },
        { 25, "Compressed certificate" },
        { HF_MESSAGE_RETRY, "Hello retry request" },
    };
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (titles[i].message == e->message)
            return titles[i].title;
    return "Unknown message";
}

/* What is worth telling, in the order of telling.  A row without a field says
 * its words always. */
struct telling {
    uint16_t message;
    const char *layout, *field; /* of messages.def */
    const char *words;
    unsigned most;    /* values told; the others are counted */
    const char *unit; /* behind the values; or NULL */
};
/* clang-format off */
static const struct telling tellings[] = {
    { 0,  NULL, NULL,              "asks the client for another handshake", 0, NULL },
    { 1,  "supported_versions_ch", "versions",   "offers",             3, NULL },
    { 1,  "client_hello",          "legacy_version", "offers at most", 1, NULL },
    { 1,  "key_share_entry",       "group",      "shares",             3, NULL },
    { 1,  "server_name_entry",     "host_name",  "for",                1, NULL },
    { 1,  "protocol_name",         "name",       "ALPN",               4, NULL },
    { 1,  "cookie",                "cookie",     "returns the cookie", 0, NULL },
    { HF_MESSAGE_RETRY, "key_share_hrr", "group", "wants a share of",  1, NULL },
    { HF_MESSAGE_RETRY, "cookie",  "cookie",     "sends a cookie",     0, NULL },
    { 2,  "supported_versions_sh", "selected",   "picks",              1, NULL },
    { 2,  "server_hello_12",       "server_version", "picks",          1, NULL },
    { 2,  "server_hello",          "cipher_suite", "",                 1, NULL },
    { 2,  "server_hello_12",       "cipher_suite", "",                 1, NULL },
    { 2,  "key_share_entry",       "group",      "",                   1, NULL },
    { 4,  "new_session_ticket",    "lifetime",   "good for",           1, " s" },
    { 4,  "new_session_ticket_12", "lifetime_hint", "good for",        1, " s" },
    { 5,  NULL, NULL,              "no more early data",               0, NULL },
    { 8,  "protocol_name",         "name",       "ALPN",               1, NULL },
    { 11, "certificate_entry",     "cert_data",  "",                   2, NULL },
    { 11, "asn1_cert",             "cert_data",  "",                   2, NULL },
    { 12, "server_key_exchange",   "named_curve", "fresh key in",      1, NULL },
    { 12, "server_key_exchange",   "algorithm",  "signed with both randoms:", 1, NULL },
    { 13, "signature_schemes",     "schemes",    "accepts",            3, NULL },
    { 13, "certificate_request_12", "supported_signature_algorithms", "accepts", 3, NULL },
    { 14, NULL, NULL,              "the server waits for the client; curl prints \"Server finished\"", 0, NULL },
    { 15, "certificate_verify",    "algorithm",  "proves its key with", 1, NULL },
    { 16, "client_key_exchange",   "point",      "the client's share of the key exchange, in the clear", 0, NULL },
    { 16, "client_key_exchange_rsa", "encrypted_pre_master_secret", "the premaster secret, encrypted to the certificate's key; no forward secrecy", 0, NULL },
    { 20, NULL, NULL,              "a MAC over all of the above",      0, NULL },
    { 22, "certificate_status",    "response",   "stapled: an OCSP response about the certificate", 0, NULL },
    { 24, "key_update",            "request_update", "",               1, NULL },
    { 25, "compressed_certificate", "algorithm", "compressed with",    1, NULL },
};
/* clang-format on */

struct clause {
    char *out;
    size_t cap, len;
    const struct telling *row;
    unsigned seen;
};

static void more(struct clause *c, const char *before, const char *text)
{
    if (c->len >= c->cap)
        return;
    int n = snprintf(c->out + c->len, c->cap - c->len, "%s%s", before, text);
    c->len += n > 0 ? (size_t)n : 0;
    if (c->len >= c->cap)
        text_cut(c->out);
}

/* Text that a peer chose, made safe for one line. */
static void safe_copy(char *out, size_t cap, struct hf_span bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes.len && n + 1 < cap; i++)
        out[n++] = bytes.at[i] > 0x20 && bytes.at[i] < 0x7f ? (char)bytes.at[i]
                                                            : '?';
    out[n] = 0;
}

static void certificate_text(struct hf_span der, char *out, size_t cap)
{
    struct hf_error error = { 0 };
    struct hf_cert *cert = hf_cert_new(der, &error);
    if (cert)
        hf_name_short(cert->subject, out, cap);
    else
        snprintf(out, cap, "%s", lang("an unreadable one"));
    hf_cert_free(cert);
}

static void value_text(const struct hf_seen *seen, char *out, size_t cap)
{
    const struct hf_field *f = seen->field;
    const char *name = hf_name_of(f->names, seen->number);
    if (!strcmp(f->name, "cert_data"))
        certificate_text(seen->bytes, out, cap);
    else if (f->show == HF_SHOW_TEXT)
        safe_copy(out, cap, seen->bytes);
    else if (name)
        snprintf(out, cap, "%s", name);
    else if (f->show == HF_SHOW_NUMBER)
        snprintf(out, cap, "%u", (unsigned)seen->number);
    else
        snprintf(out, cap, "0x%04x", (unsigned)seen->number);
}

static void on_enter(void *ctx, const struct hf_seen *seen)
{
    (void)ctx;
    (void)seen;
}

static void on_leave(void *ctx)
{
    (void)ctx;
}

static void on_field(void *ctx, const struct hf_seen *seen)
{
    struct clause *c = ctx;
    char text[128];
    if (!seen->layout || strcmp(seen->layout->id, c->row->layout) ||
        strcmp(seen->field->name, c->row->field))
        return;
    value_text(seen, text, sizeof text);
    if (!strcmp(text, "GREASE"))
        return;
    if (c->seen++ == 0) {
        more(c, c->len && c->row->words[0] ? lang("; ") : "",
             lang(c->row->words));
        if (c->row->most == 0)
            return;
        more(c, c->row->words[0] ? " " : c->len ? lang(", ") : "", text);
    } else if (c->seen <= c->row->most) {
        more(c, lang(", "), text);
    }
}

/* Tell one row of the table. */
static void tell_row(struct clause *c, const struct hf_event *e)
{
    struct hf_visitor see = { on_enter, on_field, on_leave, c };
    struct hf_fault fault;
    char count[48];
    if (!c->row->layout) {
        more(c, "", lang(c->row->words));
        return;
    }
    /* frozen at TLS 1.2 where there is a list, which was told before */
    if (c->len && !strcmp(c->row->field, "legacy_version"))
        return;
    c->seen = 0;
    /* what could not be read is an error of its own, told elsewhere */
    if (!hf_explain(e->bytes, e->version, &see, &fault))
        return;
    if (!c->seen &&
        !strcmp(c->row->layout,
                e->version == HF_TLS12 ? "asn1_cert" : "certificate_entry"))
        more(c, "", lang("empty: none of ours"));
    if (c->seen && c->row->unit)
        more(c, "", lang(c->row->unit));
    if (c->row->most && c->seen > c->row->most) {
        snprintf(count, sizeof count, lang(" and %u more"),
                 c->seen - c->row->most);
        more(c, "", count);
    }
}

static void tell_rows(struct clause *c, const struct hf_event *e)
{
    for (size_t i = 0; i < sizeof tellings / sizeof tellings[0]; i++)
        if (tellings[i].message == e->message) {
            c->row = &tellings[i];
            tell_row(c, e);
        }
}

/* What a compressed certificate says once it is expanded. */
static void tell_inside(struct clause *c, const struct hf_event *e)
{
    enum { HEADER = 4, CERTIFICATE = 11 };
    struct hf_compressed_certificate packed;
    struct hf_event inside = *e;
    struct hf_fault fault;
    const char *why;
    if (!hf_wire_read(hf_compressed_certificate,
                      hf_span_after(e->bytes, HEADER), &packed, NULL, &fault))
        return;
    size_t len = packed.uncompressed_length;
    uint8_t *plain = expand_certificate(
        packed.algorithm, len, packed.compressed_certificate_message, &why);
    uint8_t *message = plain ? malloc(HEADER + len) : NULL;
    if (message) {
        message[0] = CERTIFICATE;
        hf_store_number(message + 1, (uint32_t)len, 3);
        hf_copy(message + HEADER, plain, len);
        inside.message = CERTIFICATE;
        inside.bytes = hf_span(message, HEADER + len);
        tell_rows(c, &inside);
    }
    free(message);
    free(plain);
}

void clause_of(const struct hf_event *e, char *out, size_t cap)
{
    struct clause c = { .out = out, .cap = cap };
    out[0] = 0;
    if (e->record == 20) {
        snprintf(out, cap, "%s",
                 e->version == HF_TLS12
                     ? lang("from here on sealed")
                     : lang("means nothing; for middleboxes on the way"));
        return;
    }
    if (e->record == 21) {
        snprintf(out, cap, "%s",
                 e->bytes.len && e->bytes.at[0] == 1
                     ? lang("no fault")
                     : lang("ends the connection"));
        return;
    }
    tell_rows(&c, e);
    if (e->message == 25)
        tell_inside(&c, e);
}
