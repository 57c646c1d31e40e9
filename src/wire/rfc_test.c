/* rfc_test.c - our tables against the text of the RFCs themselves: names and
 * numbers against every enum and suite that they define, the places of
 * extensions against the table of RFC 8446 4.2, and every message and record
 * printed in RFC 8448 explained. */
#define HF_UNPOISONED
#include <setjmp.h>
#include <stdarg.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/samples.h"

#include <cmocka.h>

/* ---- the texts ------------------------------------------------------------------- */

enum { TEXT_MAX = 1 << 20 };
static char text[TEXT_MAX];

/* Load an RFC into `text`, without the two lines that end and begin a page;
 * skips the running test if it is not there. */
static void load_rfc(const char *name)
{
    const char *shared = getenv("HF_SHARED");
    char path[512], line[256];
    size_t len = 0;
    FILE *file;

    hf_format(path, sizeof(path), "%s/rfc/%s", shared ? shared : "../shared",
              name);
    file = fopen(path, "r");
    if (!file) {
        printf("# SKIP: %s (needs ../shared)\n", name);
        skip();
    }
    while (fgets(line, sizeof(line), file)) {
        size_t n = strlen(line);

        if (strstr(line, "[Page ") || strncmp(line, "RFC ", 4) == 0)
            continue;
        assert_true(n < TEXT_MAX - len);
        memcpy(text + len, line, n);
        len += n;
    }
    fclose(file);
    text[len] = '\0';
}

static const char *skip_blanks(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

static size_t word_len(const char *p)
{
    size_t len = 0;

    while (isalnum((unsigned char)p[len]) || p[len] == '_')
        len++;
    return len;
}

/* ---- enums ------------------------------------------------------------------------- */

static const char *without_suffix(char *name)
{
    char *reserved = strstr(name, "_RESERVED");

    if (reserved)
        *reserved = '\0';
    return name;
}

/* Words that stand for no number or for many. */
static bool is_no_name(const char *name)
{
    static const char *const word[] = { "invalid",    "reserved",
                                        "RESERVED",   "unallocated",
                                        "unassigned", "deprecated" };

    for (size_t i = 0; i < HF_COUNT(word); i++)
        if (strncmp(word[i], name, strlen(word[i])) == 0)
            return true;
    return false;
}

/* Every "name(number)" between "enum {" and @end, "} ContentType;". */
static size_t check_enum(const char *begin, const char *end, unsigned id)
{
    const struct hf_names *names = &hf_names_table[id];
    size_t checked = 0;

    for (const char *p = begin; p < end;) {
        char name[80], *after;
        size_t len = word_len(p);
        unsigned long number;
        const char *ours;

        assert_true(len < sizeof(name));
        memcpy(name, p, len);
        name[len] = '\0';
        p += len ? len + strspn(p + len, " ") : 1;
        if (!len || *p != '(' || !isdigit((unsigned char)p[1]))
            continue;
        number = strtoul(p + 1, &after, 0);
        if (*after != ')' || is_no_name(name))
            continue;
        ours = hf_name_of(names, (uint32_t)number);
        if (!ours || strcmp(ours, without_suffix(name)) != 0)
            fail_msg("%s %lu: RFC %s, ours %s", names->id, number, name,
                     ours ? ours : "(none)");
        checked++;
    }
    return checked;
}

static size_t check_enums(const char *name, unsigned id)
{
    char ending[80];
    size_t checked = 0;

    hf_format(ending, sizeof(ending), "} %s;", name);
    for (const char *end = strstr(text, ending); end;
         end = strstr(end + 1, ending)) {
        const char *begin = end;

        while (begin > text && strncmp(begin, "enum {", 6) != 0)
            begin--;
        checked += check_enum(begin, end, id);
    }
    return checked;
}

struct enum_row {
    const char *rfc, *name;
    unsigned names;
    size_t least; /* how many must be there, lest we check nothing */
};

static void names_are_those_of_the_rfcs(void **state)
{
    static const struct enum_row row[] = {
        { "rfc8446.txt", "ContentType", HF_NAMES_CONTENT, 9 },
        { "rfc8446.txt", "AlertLevel", HF_NAMES_ALERT_LEVEL, 4 },
        { "rfc8446.txt", "AlertDescription", HF_NAMES_ALERT, 61 },
        { "rfc8446.txt", "HandshakeType", HF_NAMES_HANDSHAKE, 31 },
        { "rfc8446.txt", "ExtensionType", HF_NAMES_EXTENSION, 44 },
        { "rfc8446.txt", "SignatureScheme", HF_NAMES_SIGNATURE, 36 },
        { "rfc8446.txt", "NamedGroup", HF_NAMES_GROUP, 20 },
        { "rfc8446.txt", "PskKeyExchangeMode", HF_NAMES_PSK_MODE, 4 },
        { "rfc8446.txt", "KeyUpdateRequest", HF_NAMES_KEY_UPDATE, 4 },
        { "rfc8446.txt", "CertificateType", HF_NAMES_CERTIFICATE_TYPE, 2 },
        { "rfc5246.txt", "ContentType", HF_NAMES_CONTENT, 8 },
        { "rfc5246.txt", "AlertDescription", HF_NAMES_ALERT, 40 },
        { "rfc5246.txt", "HandshakeType", HF_NAMES_HANDSHAKE, 18 },
        { "rfc5246.txt", "CompressionMethod", HF_NAMES_COMPRESSION, 2 },
        { "rfc5246.txt", "ClientCertificateType",
          HF_NAMES_CLIENT_CERTIFICATE_TYPE, 8 },
        { "rfc8422.txt", "NamedCurve", HF_NAMES_GROUP, 5 },
        { "rfc8422.txt", "ECCurveType", HF_NAMES_CURVE_TYPE, 1 },
        { "rfc8422.txt", "ECPointFormat", HF_NAMES_POINT_FORMAT, 1 },
        { "rfc6066.txt", "CertificateStatusType", HF_NAMES_STATUS_TYPE, 1 },
        { "rfc6066.txt", "NameType", HF_NAMES_NAME_TYPE, 1 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(row); i++) {
        size_t checked;

        if (i == 0 || strcmp(row[i].rfc, row[i - 1].rfc) != 0)
            load_rfc(row[i].rfc);
        checked = check_enums(row[i].name, row[i].names);
        if (checked < row[i].least)
            fail_msg("%s %s: only %zu numbers found", row[i].rfc, row[i].name,
                     checked);
    }
}

/* RFC 5246: CipherSuite TLS_X = { 0x00,0x00 };   RFC 8446: | TLS_X | {0x13,..} */
static size_t check_suites(void)
{
    size_t checked = 0;

    for (const char *p = strstr(text, "TLS_"); p; p = strstr(p + 1, "TLS_")) {
        size_t len = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_anon0123456789");
        const char *q = p + len + strspn(p + len, " =|");
        unsigned high, low;
        char name[80];
        const char *ours;

        if (*q != '{' || len >= sizeof(name) ||
            sscanf(q, "{ 0x%2x , 0x%2x }", &high, &low) != 2)
            continue;
        memcpy(name, p, len);
        name[len] = '\0';
        ours = hf_name_of(&hf_names_table[HF_NAMES_SUITE], high << 8 | low);
        if (!ours || strcmp(ours, name) != 0)
            fail_msg("suite %02x%02x: RFC %s, ours %s", high, low, name,
                     ours ? ours : "(none)");
        checked++;
    }
    return checked;
}

static void suites_are_those_of_the_rfcs(void **state)
{
    (void)state;
    load_rfc("rfc5246.txt");
    assert_true(check_suites() >= 37);
    load_rfc("rfc8446.txt");
    assert_true(check_suites() >= 5);
    load_rfc("rfc8422.txt");
    assert_true(check_suites() >= 10);
}

/* ---- the table of RFC 8446 4.2 -------------------------------------------------------- */

static const struct hf_extension_row *extension_named(const char *name)
{
    for (size_t i = 0; hf_extension_at(i); i++)
        if (strcmp(hf_extension_name(hf_extension_at(i)->number), name) == 0)
            return hf_extension_at(i);
    return NULL;
}

/* @places: "CH, EE" and a bar behind it. */
static void check_places(const struct hf_extension_row *row, const char *places)
{
    size_t len = strcspn(places, "|\n");

    for (unsigned p = 0; p < HF_PLACES; p++) {
        const char *name = hf_place_name(p);
        const char *found = strstr(places, name);
        bool listed = found && found < places + len;

        if (p == HF_SH12) /* the table is of TLS 1.3 only */
            continue;
        if (listed != (row->in[p] != NULL))
            fail_msg("%s in %s: RFC says %s", row->id, name,
                     listed ? "yes" : "no");
    }
}

static void places_are_those_of_rfc_8446(void **state)
{
    const char *p;
    size_t rows = 0;

    (void)state;
    load_rfc("rfc8446.txt");
    p = strstr(text, "| Extension                                        |");
    assert_non_null(p);
    for (p = strchr(p, '\n'); p; p = strchr(p, '\n')) {
        const struct hf_extension_row *row;
        char name[80];
        size_t len;

        p = skip_blanks(p);
        if (strncmp(p, "When multiple", 13) == 0)
            break;
        if (p[0] != '|' || p[2] == ' ')
            continue;
        len = strcspn(p + 2, " ");
        assert_true(len < sizeof(name));
        memcpy(name, p + 2, len);
        name[len] = '\0';
        row = extension_named(name);
        if (!row)
            fail_msg("no extension %s", name);
        else
            check_places(row, strchr(p + 2, '|') + 1);
        rows++;
    }
    assert_int_equal(rows, 22);
}

/* ---- bounds ------------------------------------------------------------------------------- */

/* "2", "255", "2^16-1" */
static unsigned long bound(const char *p, char **end)
{
    unsigned long n = strtoul(p, end, 10);

    if (**end == '^') {
        n = 1ul << strtoul(*end + 1, end, 10);
        n -= strtoul(*end + 1, end, 10);
    }
    return n;
}

static const struct hf_field *field_of(hf_layout_fn *layout, const char *name)
{
    for (unsigned i = 0; i < layout()->fields; i++)
        if (strcmp(layout()->field[i].name, name) == 0)
            return &layout()->field[i];
    fail_msg("%s has no field %s", layout()->id, name);
    return NULL;
}

struct bounds_row {
    const char *rfc;
    hf_layout_fn *layout;
    const char *field, *says;
};

/* clang-format off */
static const struct bounds_row bounds_rows[] = {
    { "rfc8446.txt", hf_client_hello, "legacy_session_id", "opaque legacy_session_id<0..32>" },
    { "rfc8446.txt", hf_client_hello, "cipher_suites", "CipherSuite cipher_suites<2..2^16-2>" },
    { "rfc8446.txt", hf_client_hello, "legacy_compression_methods", "opaque legacy_compression_methods<1..2^8-1>" },
    { "rfc8446.txt", hf_server_hello, "legacy_session_id_echo", "opaque legacy_session_id_echo<0..32>" },
    { "rfc8446.txt", hf_server_hello, "extensions", "Extension extensions<6..2^16-1>" },
    { "rfc8446.txt", hf_hello_retry_request, "extensions", "Extension extensions<6..2^16-1>" },
    { "rfc8446.txt", hf_supported_versions_ch, "versions", "ProtocolVersion versions<2..254>" },
    { "rfc8446.txt", hf_cookie, "cookie", "opaque cookie<1..2^16-1>" },
    { "rfc8446.txt", hf_signature_schemes, "schemes", "SignatureScheme supported_signature_algorithms<2..2^16-2>" },
    { "rfc8446.txt", hf_distinguished_name, "name", "opaque DistinguishedName<1..2^16-1>" },
    { "rfc8446.txt", hf_certificate_authorities, "authorities", "DistinguishedName authorities<3..2^16-1>" },
    { "rfc8446.txt", hf_oid_filter, "certificate_extension_oid", "opaque certificate_extension_oid<1..2^8-1>" },
    { "rfc8446.txt", hf_oid_filter, "certificate_extension_values", "opaque certificate_extension_values<0..2^16-1>" },
    { "rfc8446.txt", hf_oid_filters, "filters", "OIDFilter filters<0..2^16-1>" },
    { "rfc8446.txt", hf_named_groups, "groups", "NamedGroup named_group_list<2..2^16-1>" },
    { "rfc8446.txt", hf_key_share_entry, "key_exchange", "opaque key_exchange<1..2^16-1>" },
    { "rfc8446.txt", hf_key_share_ch, "shares", "KeyShareEntry client_shares<0..2^16-1>" },
    { "rfc8446.txt", hf_psk_modes, "modes", "PskKeyExchangeMode ke_modes<1..255>" },
    { "rfc8446.txt", hf_psk_identity, "identity", "opaque identity<1..2^16-1>" },
    { "rfc8446.txt", hf_psk_binder, "binder", "opaque PskBinderEntry<32..255>" },
    { "rfc8446.txt", hf_pre_shared_key_ch, "identities", "PskIdentity identities<7..2^16-1>" },
    { "rfc8446.txt", hf_pre_shared_key_ch, "binders", "PskBinderEntry binders<33..2^16-1>" },
    { "rfc8446.txt", hf_encrypted_extensions, "extensions", "Extension extensions<0..2^16-1>" },
    { "rfc8446.txt", hf_certificate_request, "request_context", "opaque certificate_request_context<0..2^8-1>" },
    { "rfc8446.txt", hf_certificate_request, "extensions", "Extension extensions<2..2^16-1>" },
    { "rfc8446.txt", hf_certificate_entry, "cert_data", "opaque cert_data<1..2^24-1>" },
    { "rfc8446.txt", hf_certificate_entry, "extensions", "Extension extensions<0..2^16-1>" },
    { "rfc8446.txt", hf_certificate, "request_context", "opaque certificate_request_context<0..2^8-1>" },
    { "rfc8446.txt", hf_certificate, "list", "CertificateEntry certificate_list<0..2^24-1>" },
    { "rfc8446.txt", hf_certificate_verify, "signature", "opaque signature<0..2^16-1>" },
    { "rfc8446.txt", hf_new_session_ticket, "nonce", "opaque ticket_nonce<0..255>" },
    { "rfc8446.txt", hf_new_session_ticket, "ticket", "opaque ticket<1..2^16-1>" },
    { "rfc7301.txt", hf_alpn, "protocols", "ProtocolName protocol_name_list<2..2^16-1>" },
    { "rfc7301.txt", hf_protocol_name, "name", "opaque ProtocolName<1..2^8-1>" },
    { "rfc6066.txt", hf_server_name_entry, "host_name", "opaque HostName<1..2^16-1>" },
    { "rfc6066.txt", hf_server_name_list, "names", "ServerName server_name_list<1..2^16-1>" },
    { "rfc6066.txt", hf_status_request_ch, "responder_id_list", "ResponderID responder_id_list<0..2^16-1>" },
    { "rfc6066.txt", hf_responder_id, "id", "opaque ResponderID<1..2^16-1>" },
    { "rfc6066.txt", hf_status_request_ch, "request_extensions", "opaque Extensions<0..2^16-1>" },
    { "rfc6066.txt", hf_certificate_status, "response", "opaque OCSPResponse<1..2^24-1>" },
    { "rfc5246.txt", hf_server_hello_12, "session_id", "opaque SessionID<0..32>" },
    { "rfc5246.txt", hf_asn1_cert, "cert_data", "opaque ASN.1Cert<1..2^24-1>" },
    { "rfc5246.txt", hf_certificate_12, "list", "ASN.1Cert certificate_list<0..2^24-1>" },
    { "rfc5246.txt", hf_certificate_request_12, "certificate_types", "ClientCertificateType certificate_types<1..2^8-1>" },
    { "rfc5246.txt", hf_certificate_request_12, "supported_signature_algorithms", "supported_signature_algorithms<2..2^16-2>" },
    { "rfc5246.txt", hf_certificate_request_12, "certificate_authorities", "DistinguishedName certificate_authorities<0..2^16-1>" },
    { "rfc5246.txt", hf_server_key_exchange_dhe, "dh_p", "opaque dh_p<1..2^16-1>" },
    { "rfc5246.txt", hf_server_key_exchange_dhe, "dh_g", "opaque dh_g<1..2^16-1>" },
    { "rfc5246.txt", hf_server_key_exchange_dhe, "dh_Ys", "opaque dh_Ys<1..2^16-1>" },
    { "rfc8422.txt", hf_point_formats, "formats", "ECPointFormat ec_point_format_list<1..2^8-1>" },
    { "rfc8422.txt", hf_server_key_exchange, "point", "opaque point <1..2^8-1>" },
    { "rfc8422.txt", hf_client_key_exchange, "point", "opaque point <1..2^8-1>" },
    { "rfc5746.txt", hf_renegotiation_info, "renegotiated_connection", "opaque renegotiated_connection<0..255>" },
    { "rfc5077.txt", hf_new_session_ticket_12, "ticket", "opaque ticket<0..2^16-1>" },
};
/* clang-format on */

static void bounds_are_those_of_the_rfcs(void **state)
{
    (void)state;
    for (size_t i = 0; i < HF_COUNT(bounds_rows); i++) {
        const struct bounds_row *row = &bounds_rows[i];
        const struct hf_field *f = field_of(row->layout, row->field);
        const char *open = strchr(row->says, '<');
        unsigned long min, max;
        char *end;

        if (i == 0 || strcmp(row->rfc, bounds_rows[i - 1].rfc) != 0)
            load_rfc(row->rfc);
        if (!strstr(text, row->says))
            fail_msg("%s does not say: %s", row->rfc, row->says);
        assert_non_null(open);
        min = bound(open + 1, &end);
        assert_int_equal(strncmp(end, "..", 2), 0);
        max = bound(end + 2, &end);
        assert_int_equal(*end, '>');
        if (f->min != min || f->max != max)
            fail_msg("%s.%s: RFC %lu..%lu, ours %u..%u", row->layout()->id,
                     row->field, min, max, f->min, f->max);
    }
}

/* ---- RFC 8448 --------------------------------------------------------------------------- */

/* The bytes behind "@title (N octets):", the next one from *p on. */
static bool next_bytes(const char **p, const char *title, uint8_t *out,
                       size_t cap, struct hf_span *bytes)
{
    const char *at = strstr(*p, title);
    size_t octets;

    if (!at)
        return false;
    at += strlen(title);
    octets = strtoul(at, NULL, 10);
    at = strchr(at, ':');
    assert_non_null(at);
    at++;
    assert_true(octets <= cap);
    for (size_t i = 0; i < octets; i++) {
        const char *digits = skip_blanks(at);

        assert_true(isxdigit((unsigned char)digits[0]) &&
                    isxdigit((unsigned char)digits[1]));
        out[i] = (uint8_t)strtoul((char[]){ digits[0], digits[1], 0 }, NULL,
                                  16);
        at = digits + 2;
    }
    *p = at;
    *bytes = hf_span(out, octets);
    return true;
}

static void every_message_of_rfc_8448_is_read(void **state)
{
    static const struct {
        const char *title;
        unsigned least;
    } row[] = {
        { "ClientHello (", 6 },        { "ServerHello (", 5 },
        { "HelloRetryRequest (", 0 },  { "EncryptedExtensions (", 5 },
        { "CertificateRequest (", 1 }, { "Certificate (", 5 },
        { "CertificateVerify (", 5 },  { "Finished (", 10 },
        { "NewSessionTicket (", 1 },   { "EndOfEarlyData (", 1 },
    };
    static uint8_t room[4096];

    (void)state;
    load_rfc("rfc8448.txt");
    for (size_t i = 0; i < HF_COUNT(row); i++) {
        struct hf_span bytes;
        const char *p = text;
        unsigned found = 0;

        for (; next_bytes(&p, row[i].title, room, sizeof(room), &bytes);
             found++) {
            struct hf_fault fault;

            /* the hello with early data is first given without binders */
            if (bytes.len == 477)
                continue;
            if (!hf_explain(bytes, 0, NULL, &fault) ||
                !hf_explain(bytes, 0x0304, NULL, &fault))
                fail_msg("%s number %u: %s at %zu", row[i].title, found,
                         fault.layout->name, fault.offset);
        }
        assert_true(found >= row[i].least);
    }
}

static void every_record_of_rfc_8448_is_read(void **state)
{
    static uint8_t room[8192], split[8192];
    struct hf_span bytes;
    unsigned found = 0;
    const char *p;

    (void)state;
    load_rfc("rfc8448.txt");
    for (p = text;
         next_bytes(&p, "complete record (", room, sizeof(room), &bytes);
         found++) {
        struct hf_fault fault;

        assert_true(
            hf_explain_records(bytes, 0, split, sizeof(split), NULL, &fault));
    }
    assert_int_equal(found, 41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_rfcs),
        cmocka_unit_test(suites_are_those_of_the_rfcs),
        cmocka_unit_test(places_are_those_of_rfc_8446),
        cmocka_unit_test(bounds_are_those_of_the_rfcs),
        cmocka_unit_test(every_message_of_rfc_8448_is_read),
        cmocka_unit_test(every_record_of_rfc_8448_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
