/* frame.c - records out of bytes: five bytes of header, read by hand.
 *
 *      0      1      2      3      4      5
 *   +------+------+------+------+------+-----------
 *   | type |   version   |   length    | length bytes ...
 *   +------+------+------+------+------+-----------
 *
 * Nothing is judged before all five bytes are there, so that the verdict does
 * not depend on how the bytes were cut into reads. */
#include "record/record.h"

/* Words that plain-text protocols begin with, and what they are. */
static const struct {
    char word[HF_HEADER_LEN + 1];
    enum hf_error_code code;
    const char *what;
} strangers[] = {
    { "HTTP/", HF_E_PLAIN_HTTP, "an HTTP answer" },
    { "GET /", HF_E_PLAIN_HTTP, "an HTTP request" },
    { "POST ", HF_E_PLAIN_HTTP, "an HTTP request" },
    { "HEAD ", HF_E_PLAIN_HTTP, "an HTTP request" },
    { "PUT /", HF_E_PLAIN_HTTP, "an HTTP request" },
    { "OPTIO", HF_E_PLAIN_HTTP, "an HTTP request" },
    { "DELET", HF_E_PLAIN_HTTP, "an HTTP request" },
    { "CONNE", HF_E_PLAIN_HTTP, "an HTTP proxy request" },
    /* some servers answer what they take for HTTP/0.9 with a bare page */
    { "<!DOC", HF_E_PLAIN_HTTP, "an HTML page" },
    { "<html", HF_E_PLAIN_HTTP, "an HTML page" },
    { "<HTML", HF_E_PLAIN_HTTP, "an HTML page" },
    { "SSH-2", HF_E_NOT_TLS, "an SSH greeting" },
    { "220 ", HF_E_NOT_TLS, "an SMTP or FTP greeting; STARTTLS may help" },
    { "220-", HF_E_NOT_TLS, "an SMTP or FTP greeting; STARTTLS may help" },
    { "* OK ", HF_E_NOT_TLS, "an IMAP greeting; STARTTLS may help" },
    { "+OK ", HF_E_NOT_TLS, "a POP3 greeting; STARTTLS may help" },
};

/* Clients of the nineties wrapped what they offered in a hello that SSL 2.0
 * understands, too; what it offers follows (RFC 5246 E.2). */
static bool ssl2(struct hf_span header, struct hf_error *error)
{
    char offer[HF_VERSION_WORDS];

    hf_wire_version_words(offer, (unsigned)hf_number(header.at + 3, 2));
    return hf_fail(error, HF_E_SSL2,
                   "the first bytes are %h: a hello in the form of SSL 2.0, "
                   "which offers at most %s",
                   &header, offer);
}

/* The header is not TLS: say whose language it is, if we know. */
static bool not_tls(struct hf_span header, struct hf_error *error)
{
    const uint8_t *h = header.at;

    for (size_t i = 0; i < HF_COUNT(strangers); i++) {
        struct hf_span word = hf_span_text(strangers[i].word);

        if (hf_equal(h, word.at, word.len))
            return hf_fail(error, strangers[i].code,
                           "the first bytes are %q: %s", &header,
                           strangers[i].what);
    }
    /* RFC 5246 E.2: a version 2 hello has its length with the top bit set,
     * then type 1, then the version: 3.x, or 0.2, which is SSL 2.0 itself. */
    if ((h[0] & 0x80) && h[2] == 1 && (h[3] == 3 || (!h[3] && h[4] == 2)))
        return ssl2(header, error);
    /* RFC 8446 5: a record of a type that nobody knows is unexpected. */
    if (h[1] == 3)
        return hf_fail(error, HF_E_RECORD_TYPE, "record type %u",
                       (unsigned)h[0]);
    return hf_fail(error, HF_E_NOT_TLS, "the first bytes are %q", &header);
}

static bool header_ok(const struct hf_frame *f, unsigned version, bool sealed,
                      struct hf_error *error)
{
    /* Early data comes sealed, too, to a server that has no keys because it
     * asked for another hello (RFC 8446 4.2.10). */
    bool early = version == 0x0304 && f->type == HF_CONTENT_DATA;
    size_t max = sealed || early ? HF_PLAINTEXT_MAX + HF_EXPANSION_MAX
                                 : HF_PLAINTEXT_MAX;

    if (f->version >> 8 != 3)
        return version
                   ? hf_fail(error, HF_E_RECORD_VERSION,
                             "the record says version %x", (unsigned)f->version)
                   : not_tls(f->header, error);
    if (f->type < HF_CONTENT_CCS || f->type > HF_CONTENT_DATA)
        return version ? hf_fail(error, HF_E_RECORD_TYPE, "record type %u",
                                 (unsigned)f->type)
                       : not_tls(f->header, error);
    /* In the clear legacy_record_version "MUST be ignored for all purposes"
     * (RFC 8446 5.1): there are clients whose second hello says 0x0301 again.
     * Under keys it is 0x0303 (5.2), and authenticated with the rest. */
    if (version && sealed && f->version != 0x0303)
        return hf_fail(error, HF_E_RECORD_VERSION,
                       "the record says version %x, not 0x0303",
                       (unsigned)f->version);
    if (f->len > max)
        return hf_fail(error, HF_E_RECORD_OVERFLOW, "%z bytes, at most %z",
                       f->len, max);
    return true;
}

enum hf_frame_result hf_frame_next(struct hf_frame *frame, uint8_t *bytes,
                                   size_t len, unsigned version, bool sealed,
                                   struct hf_error *error)
{
    if (len < HF_HEADER_LEN)
        return HF_FRAME_PART;
    *frame = (struct hf_frame){
        .type = bytes[0],
        .version = (uint16_t)hf_number(bytes + 1, 2),
        .header = { bytes, HF_HEADER_LEN },
        .body = bytes + HF_HEADER_LEN,
        .len = hf_number(bytes + 3, 2),
    };
    if (!header_ok(frame, version, sealed, error))
        return HF_FRAME_BAD;
    if (frame->len > len - HF_HEADER_LEN)
        return HF_FRAME_PART;
    return HF_FRAME_WHOLE;
}
