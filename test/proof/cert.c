/* cert.c - the fields of a certificate: what is kept of each lies in it, and
 * reading ends.  Elements are any that DER may have (any_der.h). */
#include "proof.h"

#include "any_der.h"
#include "x509/cert.c"

static struct hf_cert cert;
static struct hf_parse parse;

static struct hf_der begin(struct hf_span *bytes, unsigned most)
{
    most_elements = most;
    cert = (struct hf_cert){ .flags = 0 };
    parse = (struct hf_parse){ .cert = &cert, .code = HF_E_CERT_DER };
    return any_reader(bytes);
}

/* ---- stand-ins, each of which has a row of its own --------------------------------- */

bool any_der_oid(struct hf_der *r, struct hf_span *oid)
{
    return hf_der_take(r, HF_DER_OID, oid) && oid->len && nondet_bool();
}

size_t hf_utf8_read(struct hf_span s, uint32_t *c)
{
    size_t n = nondet_size();

    PROVE(s.len > 0);
    ASSUME(n != 1 && n <= 4 && n <= s.len);
    *c = nondet_word();
    return n;
}

bool any_name_is_sound(struct hf_span name)
{
    PROVE(__CPROVER_r_ok(name.at, name.len));
    return nondet_bool();
}

bool hf_algorithm_is_sound(const struct hf_tlv *algorithm)
{
    PROVE(__CPROVER_r_ok(algorithm->whole.at, algorithm->whole.len));
    return nondet_bool();
}

bool hf_spki_read(struct hf_span spki, struct hf_public_key *out)
{
    (void)out;
    PROVE(__CPROVER_r_ok(spki.at, spki.len));
    return nondet_bool();
}

bool hf_cert_extensions(struct hf_parse *p, struct hf_der *tbs)
{
    (void)p;
    (void)tbs;
    return nondet_bool();
}

bool any_span_equal(struct hf_span a, struct hf_span b)
{
    PROVE(!a.len || __CPROVER_r_ok(a.at, a.len));
    PROVE(!b.len || __CPROVER_r_ok(b.at, b.len));
    return a.len == b.len && nondet_bool();
}

/* ---- strings ---------------------------------------------------------------------------- */

/* UTF8String, whatever is behind a byte that is not ASCII. */
void prove_is_string(void)
{
    enum { TEXT = 8 };
    struct hf_span bytes = any_bytes(TEXT);
    struct hf_tlv tlv = { nondet_byte(), 0, bytes, bytes };

    if (is_string(&tlv)) {
        PROVE(tlv.tag != HF_DER_BMP || bytes.len % 2 == 0);
        PROVE(tlv.tag != HF_DER_UNIVERSAL || bytes.len % 4 == 0);
        PROVE(!(tlv.tag & HF_DER_CONSTRUCTED));
    }
}

/* ---- the whole -------------------------------------------------------------------------- */

bool any_read_tbs(struct hf_parse *p, struct hf_der *tbs)
{
    PROVE(p == &parse && tbs->at <= tbs->end);
    PROVE(tbs->base + tbs->end == cert.tbs.at + cert.tbs.len);
    PROVE(tbs->base + tbs->at >= cert.tbs.at + 2);
    p->why = "any";
    return nondet_bool();
}

/* The three parts of a certificate, and nothing behind them. */
void prove_outer(void)
{
    struct hf_span bytes;

    begin(&bytes, 6);
    cert.der = bytes;
    if (!read_outer(&parse)) {
        PROVE(parse.why != NULL);
        return;
    }
    PROVE(WITHIN(cert.tbs, bytes) && WITHIN(cert.algorithm, bytes));
    PROVE(cert.tbs.at + cert.tbs.len == cert.algorithm.at);
    PROVE(cert.signature.at + cert.signature.len == bytes.at + bytes.len);
}

/* RFC 5280 4.1.2.1 and 4.1.2.2 */
void prove_serial(void)
{
    struct hf_span bytes, serial;
    struct hf_der tbs = begin(&bytes, 4);

    if (!read_version(&parse, &tbs) || !read_serial(&parse, &tbs)) {
        PROVE(parse.why != NULL);
        return;
    }
    serial = cert.serial;
    PROVE(bytes.at[0] == 0xa0 && WITHIN(serial, bytes) && serial.len >= 1);
    PROVE(serial.len <= 20 || (serial.len == 21 && serial.at[0] == 0));
    PROVE(!(serial.at[0] & 0x80));
}

/* A name, a key, an algorithm: each is kept as it stands there. */
void prove_fields(void)
{
    struct hf_span bytes, out = { NULL, 0 };
    struct hf_der tbs = begin(&bytes, 1);
    bool key = nondet_bool(), name = nondet_bool(), ok;

    ok = key    ? read_key(&parse, &tbs)
         : name ? read_name(&parse, &tbs, &out)
                : read_algorithm(&parse, &tbs, &out);
    if (key)
        out = cert.spki;
    PROVE(ok ? out.at == bytes.at && out.len == tbs.at : parse.why != NULL);
}

/* ---- what is asked of a certificate later ------------------------------------------------ */

void prove_ids(void)
{
    struct hf_span bytes, id;

    begin(&bytes, 2);
    cert.skid = cert.akid = bytes;
    id = nondet_bool() ? hf_cert_skid(&cert) : hf_cert_akid(&cert);
    PROVE(NONE_OR_WITHIN(id, bytes));
}

bool hf_equal_fold(struct hf_span a, struct hf_span b)
{
    return any_span_equal(a, b);
}

struct hf_span short_text(const char *text)
{
    return hf_span(text, 7);
}

void prove_aia(void)
{
    struct hf_span bytes, url;

    begin(&bytes, 4);
    cert.aia = bytes;
    if (hf_cert_aia(&cert, &url))
        PROVE(WITHIN(url, bytes) && url.len > 7);
}
