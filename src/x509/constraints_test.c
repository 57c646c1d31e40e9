/* constraints_test.c - each kind of name against permitted and excluded
 * subtrees, what malformed ones do, and what many of them cost. */
#include "x509/scene.h"

#include <time.h>

/* One authority and one certificate below it. */
static unsigned ask(const char *subject, const char *san, const char *nc,
                    uint32_t *budget)
{
    struct hf_cert *ca = make_cert(
        &(struct make){ .subject = "CN=ca", .ext = { CA, nc } });
    struct hf_cert *below = make_cert(&(struct make){
        .subject = subject, .issuer = "CN=ca", .ext = { san } });
    struct hf_nc_fault fault;
    unsigned code = hf_constraints_ask(ca, below, budget, &fault);

    if (code == HF_E_NAME_CONSTRAINT) {
        assert_ptr_equal(fault.ca, ca);
        assert_ptr_equal(fault.below, below);
        assert_true(fault.name.value.len > 0 || fault.name.kind == HF_SAN_DNS);
    }
    hf_cert_free(ca);
    hf_cert_free(below);
    return code;
}

struct row {
    const char *nc, *san;
    bool ok;
};

static void all_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char nc[512], san[512];
        uint32_t budget = 1000;

        snprintf(nc, sizeof(nc), "nameConstraints=%s", rows[i].nc);
        snprintf(san, sizeof(san), "subjectAltName=%s", rows[i].san);
        if ((ask("CN=x", san, nc, &budget) == HF_OK) != rows[i].ok)
            fail_msg("%s, %s", rows[i].nc, rows[i].san);
        assert_in_range(budget, 900, 999);
    }
}

/* ---- DNS ---------------------------------------------------------------------------- */

static void dns_names_are_held_against_domains(void **state)
{
    static const struct row rows[] = {
        { "permitted;DNS:example.com", "DNS:example.com", true },
        { "permitted;DNS:example.com", "DNS:a.b.EXAMPLE.com", true },
        { "permitted;DNS:Example.COM", "DNS:www.example.com", true },
        { "permitted;DNS:example.com", "DNS:notexample.com", false },
        { "permitted;DNS:example.com", "DNS:example.org", false },
        { "permitted;DNS:example.com", "DNS:com", false },
        { "permitted;DNS:example.com", "DNS:example.com,DNS:a.org", false },
        { "permitted;DNS:example.com,permitted;DNS:a.org",
          "DNS:example.com,DNS:a.org", true },
        { "excluded;DNS:example.com", "DNS:example.org", true },
        { "excluded;DNS:example.com", "DNS:example.com", false },
        { "excluded;DNS:EXAMPLE.com", "DNS:a.example.COM", false },
        { "excluded;DNS:example.com", "DNS:a.org,DNS:a.example.com", false },
        { "excluded;DNS:a.org,excluded;DNS:example.com", "DNS:example.com",
          false },
        { "permitted;DNS:com,excluded;DNS:example.com", "DNS:example.com",
          false },
        { "permitted;DNS:com,excluded;DNS:example.com", "DNS:a.com", true },
        /* One kind does not bind another. */
        { "permitted;DNS:example.com", "IP:10.0.0.1", true },
        { "excluded;DNS:com", "IP:10.0.0.1", true },
        /* With a dot in front: not the domain itself. */
        { "permitted;DNS:.example.com", "DNS:a.example.com", true },
        { "permitted;DNS:.example.com", "DNS:example.com", false },
        { "excluded;DNS:.example.com", "DNS:example.com", true },
        { "excluded;DNS:.example.com", "DNS:a.example.com", false },
    };

    (void)state;
    all_rows(rows, HF_COUNT(rows));
}

/* Zero labels, to which any number may be added. */
static void the_empty_domain_is_all_of_them(void **state)
{
    static const char excluded[] = "2.5.29.30=DER:3006a10430028200",
                      permitted[] = "2.5.29.30=DER:3006a00430028200",
                      dot[] = "2.5.29.30=DER:3007a105300382012e";
    uint32_t budget = 100;

    (void)state;
    assert_int_equal(ask("CN=x", "subjectAltName=DNS:a", excluded, &budget),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask("CN=x", "subjectAltName=IP:::1", excluded, &budget),
                     HF_OK);
    assert_int_equal(ask("CN=x", "subjectAltName=DNS:a", permitted, &budget),
                     HF_OK);
    assert_int_equal(ask("CN=x", "subjectAltName=DNS:a", dot, &budget),
                     HF_E_NAME_CONSTRAINT); /* malformed */
}

/* A wildcard is all the names that it covers. */
static void wildcards_are_sets(void **state)
{
    static const struct row rows[] = {
        { "permitted;DNS:example.com", "DNS:*.example.com", true },
        { "permitted;DNS:example.com", "DNS:*.a.example.com", true },
        { "permitted;DNS:a.example.com", "DNS:*.example.com", false },
        { "permitted;DNS:.example.com", "DNS:*.example.com", true },
        { "excluded;DNS:example.com", "DNS:*.example.com", false },
        { "excluded;DNS:bar.example.com", "DNS:*.example.com", false },
        { "excluded;DNS:BAR.example.com", "DNS:*.Example.com", false },
        { "excluded;DNS:a.bar.example.com", "DNS:*.example.com", true },
        { "excluded;DNS:.bar.example.com", "DNS:*.example.com", true },
        { "excluded;DNS:.example.com", "DNS:*.example.com", false },
        { "excluded;DNS:com", "DNS:*.example.com", false },
        { "excluded;DNS:example.org", "DNS:*.example.com", true },
        { "excluded;DNS:barexample.com", "DNS:*.example.com", true },
    };

    (void)state;
    all_rows(rows, HF_COUNT(rows));
}

static void malformed_dns_names_are_refused_if_constrained(void **state)
{
    static const struct row rows[] = {
        { "permitted;DNS:example.com", "DNS:.example.com", false },
        { "permitted;DNS:example.com", "DNS:a..example.com", false },
        { "permitted;DNS:example.com", "DNS:*", false },
        { "permitted;DNS:example.com", "DNS:a.*.example.com", false },
        { "permitted;DNS:example.com", "DNS:a_b.example.com", false },
        { "permitted;DNS:example.com", "DNS:example.com.", false },
        { "excluded;DNS:example.org", "DNS:*", false },
        { "permitted;DNS:*.example.com", "DNS:a.example.com", false },
        { "permitted;DNS:example.com,permitted;DNS:*.example.org",
          "DNS:example.com", false },
        { "excluded;DNS:*.example.com", "DNS:a.org", false },
        { "permitted;DNS:..com", "DNS:a.com", false },
        { "permitted;IP:10.0.0.0/255.0.0.0", "DNS:.example.com", true },
    };

    (void)state;
    all_rows(rows, HF_COUNT(rows));
}

/* ---- addresses --------------------------------------------------------------------------- */

static void addresses_are_held_against_networks(void **state)
{
    static const struct row rows[] = {
        { "permitted;IP:10.0.0.0/255.0.0.0", "IP:10.255.255.255", true },
        { "permitted;IP:10.0.0.0/255.0.0.0", "IP:11.0.0.0", false },
        { "permitted;IP:10.1.2.3/255.255.255.255", "IP:10.1.2.3", true },
        { "permitted;IP:10.1.2.3/255.255.255.255", "IP:10.1.2.2", false },
        { "permitted;IP:0.0.0.0/0.0.0.0", "IP:1.2.3.4", true },
        { "excluded;IP:0.0.0.0/0.0.0.0", "IP:1.2.3.4", false },
        { "excluded;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.7", false },
        { "excluded;IP:192.0.2.0/255.255.254.0", "IP:192.0.3.7", false },
        { "excluded;IP:192.0.2.0/255.255.255.0", "IP:192.0.3.7", true },
        { "permitted;IP:fd00::/ff00::", "IP:fd12::1", true },
        { "permitted;IP:fd00::/ff00::", "IP:fe12::1", false },
        { "excluded;IP:::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "IP:::1",
          false },
        /* The versions are one kind of name. */
        { "permitted;IP:fd00::/ff00::", "IP:10.0.0.1", false },
        { "excluded;IP:fd00::/ff00::", "IP:10.0.0.1", true },
        { "permitted;IP:::/::", "IP:10.0.0.1", false },
        { "excluded;IP:::/::", "IP:10.0.0.1", true },
        { "excluded;IP:0.0.0.0/0.0.0.0", "IP:::1", true },
        { "permitted;IP:10.0.0.0/255.0.0.0", "IP:::a00:1", false },
        /* Masks with holes. */
        { "permitted;IP:10.0.0.0/255.0.255.0", "IP:10.0.0.1", false },
        { "excluded;IP:192.0.2.0/255.0.255.0", "IP:10.0.0.1", false },
        { "permitted;IP:10.0.0.0/0.255.255.255", "IP:10.0.0.1", false },
        { "permitted;IP:10.0.0.0/253.0.0.0", "IP:10.0.0.1", false },
        { "permitted;IP:10.0.0.0/255.0.0.0", "DNS:10.0.0.1", true },
    };

    (void)state;
    all_rows(rows, HF_COUNT(rows));
}

/* An iPAddress of four bytes where eight are needed. */
static void networks_without_a_mask_are_refused(void **state)
{
    uint32_t budget = 100;

    (void)state;
    assert_int_equal(ask("CN=x", "subjectAltName=IP:10.0.0.1",
                         "2.5.29.30=DER:300aa008300687040a000001", &budget),
                     HF_E_NAME_CONSTRAINT);
    /* Half of which would be a mask. */
    assert_int_equal(ask("CN=x", "subjectAltName=IP:10.0.0.1",
                         "2.5.29.30=DER:300aa108300687040a00ff00", &budget),
                     HF_E_NAME_CONSTRAINT);
}

/* ---- mailboxes ------------------------------------------------------------------------------ */

static void mailboxes_are_held_against_hosts_and_mailboxes(void **state)
{
    static const struct row rows[] = {
        { "permitted;email:a@example.com", "email:a@example.com", true },
        { "permitted;email:a@Example.com", "email:a@example.COM", true },
        { "permitted;email:a@example.com", "email:A@example.com", false },
        { "permitted;email:a@example.com", "email:b@example.com", false },
        { "permitted;email:a@example.com", "email:aa@example.com", false },
        { "permitted;email:a@example.com", "email:a@sub.example.com", false },
        { "permitted;email:example.com", "email:a@example.com", true },
        { "permitted;email:example.com", "email:a@sub.example.com", false },
        { "permitted;email:.example.com", "email:a@sub.example.com", true },
        { "permitted;email:.example.com", "email:a@example.com", false },
        { "excluded;email:example.com", "email:a@example.com", false },
        { "excluded;email:.example.com", "email:a@example.com", true },
        { "permitted;email:*@example.com", "email:*@example.com", true },
        { "permitted;email:*@example.com", "email:a@example.com", false },
        /* Malformed ones. */
        { "permitted;email:example.com", "email:example.com", false },
        { "permitted;email:example.com", "email:@example.com", false },
        { "permitted;email:example.com", "email:a@b@example.com", false },
        { "permitted;email:example.com", "email:a@", false },
        { "excluded;email:example.org", "email:a@b@example.com", false },
        { "excluded;email:example.org", "email:a@exa_mple.com", false },
        { "permitted;email:a@b@example.com", "email:a@example.com", false },
        { "excluded;email:a@b@example.com", "email:c@d.org", false },
        { "permitted;email:@example.com", "email:a@example.com", false },
        { "excluded;email:b@exa_mple.com", "email:a@example.com", false },
    };

    (void)state;
    all_rows(rows, HF_COUNT(rows));
}

static void mailboxes_in_the_subject_count_too(void **state)
{
    static const char *const nc = "nameConstraints=permitted;email:example.com";
    uint32_t budget = 100;

    (void)state;
    assert_int_equal(ask("emailAddress=a@example.com", NULL, nc, &budget),
                     HF_OK);
    assert_int_equal(ask("CN=x/emailAddress=a@other.org", NULL, nc, &budget),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask("emailAddress=a@other.org",
                         "subjectAltName=email:a@example.com", nc, &budget),
                     HF_E_NAME_CONSTRAINT);
}

/* ---- directory names --------------------------------------------------------------------------- */

/* nameConstraints with one subtree [4] from the DER of a Name in hex. */
static unsigned ask_directory(const char *subject, bool excluded,
                              const char *name)
{
    char nc[512];
    size_t n = strlen(name) / 2;
    uint32_t budget = 1000;

    snprintf(nc, sizeof(nc), "2.5.29.30=DER:30%02zx%s%02zx30%02zxa4%02zx%s",
             n + 6, excluded ? "a1" : "a0", n + 4, n + 2, n, name);
    return ask(subject, NULL, nc, &budget);
}

#define DE "310b3009060355040613024445"              /* C=DE, PrintableString */
#define LAB "310c300a060355040a0c034c6162"           /* O=Lab, UTF8String */
#define LAB_PRINTABLE "310c300a060355040a13036c4142" /* O=lAB */

static void directory_names_are_held_against_their_beginnings(void **state)
{
    (void)state;
    assert_int_equal(ask_directory("C=DE/O=Lab/CN=x", false, "300d" DE), HF_OK);
    assert_int_equal(ask_directory("C=DE/O=Lab/CN=x", false, "301b" DE LAB),
                     HF_OK);
    assert_int_equal(ask_directory("C=DE/O=Lab", false, "301b" DE LAB), HF_OK);
    assert_int_equal(ask_directory("C=DE", false, "301b" DE LAB),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("O=Lab/C=DE", false, "301b" DE LAB),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("C=FR/O=Lab", false, "300d" DE),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("C=FR/O=Lab", true, "300d" DE), HF_OK);
    assert_int_equal(ask_directory("C=DE/O=Lab", true, "300d" DE),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("C=DE", true, "3000"), /* everybody */
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("", true, "3000"), HF_OK); /* nobody */
}

/* RFC 5280 7.1: else an excluded name comes back in other letters. */
static void spelling_is_no_way_around(void **state)
{
    (void)state;
    assert_int_equal(ask_directory("O=LAB/CN=x", true, "300e" LAB),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("O=Lab/CN=x", true, "300e" LAB_PRINTABLE),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("O=Lab/CN=x", false, "300e" LAB_PRINTABLE),
                     HF_OK);
    assert_int_equal(ask_directory("O=Lab/CN=x", true,
                                   "3011310f300d060355040a0c06204c61622020"),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("O=L ab/CN=x", true, "300e" LAB), HF_OK);
    assert_int_equal(ask_directory("O=L  a   b /CN=x", true,
                                   "3010310e300c060355040a0c054c20612062"),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("O=L  a   b/CN=x", true,
                                   "300f310d300b060355040a0c044c206162"),
                     HF_OK);
    /* domainComponent is an IA5String. */
    assert_int_equal(
        ask_directory("DC=lab/CN=x", true,
                      "301531133011060a0992268993f22c6401190c034c6162"),
        HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("O=Labs/CN=x", true, "300e" LAB), HF_OK);
    assert_int_equal(ask_directory("OU=Lab/CN=x", true, "300e" LAB), HF_OK);
}

/* What cannot be compared is excluded and not permitted. */
static void doubt_is_refused(void **state)
{
    (void)state;
    /* BMPString "Lab" against UTF8String. */
    assert_int_equal(
        ask_directory("O=Lab", true, "3011310f300d060355040a1e06004c00610062"),
        HF_E_NAME_CONSTRAINT);
    assert_int_equal(
        ask_directory("O=Lab", false, "3011310f300d060355040a1e06004c00610062"),
        HF_E_NAME_CONSTRAINT);
    assert_int_equal(
        ask_directory("O=Lab", true,
                      "30133111300f060355040a1e080041004200430044"),
        HF_E_NAME_CONSTRAINT);
    /* The same but for the case of a letter beyond ASCII. */
    assert_int_equal(ask_directory("O=\xc3\x9c"
                                   "b",
                                   false, "300e310c300a060355040a0c03c3bc62"),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("O=\xc3\xbc"
                                   "b",
                                   false, "300e310c300a060355040a0c03c3bc62"),
                     HF_OK);
    assert_int_equal(
        ask_directory("O=a\xc3\xbc", true, "300e310c300a060355040a0c03616263"),
        HF_OK);
    assert_int_equal(ask_directory("O=\xc3\x9c"
                                   "b",
                                   true, "300e310c300a060355040a0c03c3bc62"),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("O=\xc3\x9c"
                                   "c",
                                   true, "300e310c300a060355040a0c03c3bc62"),
                     HF_OK);
}

/* O="AB" as a BMPString, whose letters nobody here compares: of the same length
 * it may be the same name, of another it is not. */
static void strings_that_are_not_read_are_compared_as_bytes(void **state)
{
    static const char san[] =
        "2.5.29.17=DER:3013a411300f310d300b060355040a1e0400410042";
    static const struct {
        const char *nc;
        bool ok;
    } rows[] = {
        { "3017a0153013a411300f310d300b060355040a1e0400410042", true },
        { "3017a1153013a411300f310d300b060355040a1e0400410042", false },
        { "3017a0153013a411300f310d300b060355040a1e0400610062", false },
        { "3017a1153013a411300f310d300b060355040a1e0400610062", false },
        { "3019a0173015a4133011310f300d060355040a1e06006100620063", false },
        { "3019a1173015a4133011310f300d060355040a1e06006100620063", true },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        char nc[128];
        uint32_t budget = 100;

        snprintf(nc, sizeof(nc), "2.5.29.30=DER:%s", rows[i].nc);
        if ((ask("", san, nc, &budget) == HF_OK) != rows[i].ok)
            fail_msg("row %zu", i);
    }
}

static void sets_of_attributes_are_compared_whole(void **state)
{
    /* C=DE + O=Lab in one RDN, against a subject of two RDNs. */
    static const char both[] = "30193117"
                               "3009060355040613024445"
                               "300a060355040a0c034c6162";

    (void)state;
    assert_int_equal(ask_directory("C=DE/O=Lab", false, both),
                     HF_E_NAME_CONSTRAINT);
    assert_int_equal(ask_directory("C=DE/O=Lab", true, both), HF_OK);
}

/* ---- URIs ---------------------------------------------------------------------------- */

static void uris_are_held_against_hosts_and_domains(void **state)
{
    static const struct row rows[] = {
        { "permitted;URI:example.com", "URI:https://example.com/", true },
        { "permitted;URI:example.com", "URI:https://EXAMPLE.com:8443", true },
        { "permitted;URI:example.com", "URI:spiffe://example.com/a?b#c", true },
        { "permitted;URI:example.com", "URI:https://u:p@example.com/", true },
        { "permitted;URI:example.com", "URI:https://example.com?x/", true },
        { "permitted;URI:example.com", "URI:https://a.example.com/", false },
        { "permitted;URI:.example.com", "URI:https://a.example.com/", true },
        { "permitted;URI:.example.com", "URI:https://a.b.example.com/", true },
        { "permitted;URI:.example.com", "URI:https://example.com/", false },
        { "permitted;URI:example.com", "URI:https://a.org/@example.com",
          false },
        { "permitted;URI:example.com", "URI:https://example.com@a.org/",
          false },
        { "permitted;URI:example.com", "URI:https://a.org#@example.com",
          false },
        { "excluded;URI:example.org", "URI:https://example.com/", true },
        { "excluded;URI:example.org", "URI:https://example.ORG/", false },
        { "excluded;URI:.example.org", "URI:https://a.example.org/", false },
        { "excluded;URI:.example.org", "URI:https://example.org/", true },
        { "permitted;URI:example.com", "DNS:example.com", true },
        /* Without a DNS name for a host nothing can be said. */
        { "excluded;URI:example.org", "URI:urn:example:a", false },
        { "excluded;URI:example.org", "URI:mailto:a@example.com", false },
        { "excluded;URI:example.org", "URI:https://192.0.2.1/", false },
        { "excluded;URI:example.org", "URI:https://[2001\\:db8\\:\\:1]/",
          false },
        { "excluded;URI:example.org", "URI:https:///x", false },
        { "excluded;URI:example.org", "URI://example.com/", false },
        { "excluded;URI:example.org", "URI:https:/", false },
        { "excluded;URI:example.org", "URI:https://a.com\\\\@b.com/", false },
        { "excluded;URI:example.org", "URI:https://a@b@example.com/", false },
        { "excluded;URI:example.org", "URI:https://example.com./", false },
        { "excluded;URI:-x-", "URI:https://example.com/", false },
    };

    (void)state;
    all_rows(rows, HF_COUNT(rows));
}

/* ---- other kinds ------------------------------------------------------------------------------------ */

static void kinds_that_are_not_evaluated_are_refused(void **state)
{
    static const struct row rows[] = {
        { "excluded;RID:1.2.3", "RID:1.2.4", false },
        { "excluded;RID:1.2.3", "otherName:1.2.3;UTF8:x", true },
        { "excluded;otherName:1.2.3;UTF8:x", "otherName:1.2.4;UTF8:y", false },
        { "excluded;otherName:1.2.3;UTF8:x", "DNS:example.com", true },
    };

    (void)state;
    all_rows(rows, HF_COUNT(rows));
}

static void no_constraints_allow_everything(void **state)
{
    uint32_t budget = 0;

    (void)state;
    assert_int_equal(ask("CN=x", "subjectAltName=DNS:.,URI:x", NULL, &budget),
                     HF_OK);
}

/* ---- cost ------------------------------------------------------------------------------------------------ */

static void every_comparison_is_paid_for(void **state)
{
    static const char nc[] = "nameConstraints=permitted;DNS:a,permitted;DNS:b,"
                             "excluded;IP:10.0.0.0/255.0.0.0";
    uint32_t budget = 9;

    (void)state;
    /* The subject and two names, three subtrees each. */
    assert_int_equal(ask("CN=x", "subjectAltName=DNS:a,DNS:b", nc, &budget),
                     HF_OK);
    assert_int_equal(budget, 0);
    budget = 8;
    assert_int_equal(ask("CN=x", "subjectAltName=DNS:a,DNS:b", nc, &budget),
                     HF_E_BUDGET);
    assert_int_equal(budget, 0);
}

/* Two lists in which as much as possible has to be compared. */
static void the_worst_of_lists_end_early(void **state)
{
    static char nc[4000], san[4000];
    uint32_t budget = 65536;
    size_t a = 0, b = 0;
    clock_t start;
    unsigned code = HF_OK, rounds = 0;
    struct hf_cert *ca, *below;
    struct hf_nc_fault fault;

    (void)state;
    a += (size_t)snprintf(nc, sizeof(nc), "nameConstraints=");
    b += (size_t)snprintf(san, sizeof(san), "subjectAltName=");
    for (unsigned i = 0; i < 40; i++) {
        a += (size_t)snprintf(nc + a, sizeof(nc) - a,
                              "%sexcluded;DNS:%u%050u.example.com",
                              i ? "," : "", i, 0);
        b += (size_t)snprintf(san + b, sizeof(san) - b,
                              "%sDNS:x%02u%050u.example.com", i ? "," : "", i,
                              0);
    }
    ca = make_cert(&(struct make){ .subject = "CN=ca", .ext = { CA, nc } });
    below = make_cert(&(struct make){ .subject = "CN=x", .ext = { san } });
    start = clock();
    while (code == HF_OK) {
        code = hf_constraints_ask(ca, below, &budget, &fault);
        rounds++;
    }
    assert_int_equal(code, HF_E_BUDGET);
    assert_int_equal(budget, 0);
    print_message("# %u rounds in %.1f ms\n", rounds,
                  (double)(clock() - start) * 1e3 / CLOCKS_PER_SEC);
    hf_cert_free(ca);
    hf_cert_free(below);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dns_names_are_held_against_domains),
        cmocka_unit_test(the_empty_domain_is_all_of_them),
        cmocka_unit_test(wildcards_are_sets),
        cmocka_unit_test(malformed_dns_names_are_refused_if_constrained),
        cmocka_unit_test(addresses_are_held_against_networks),
        cmocka_unit_test(networks_without_a_mask_are_refused),
        cmocka_unit_test(mailboxes_are_held_against_hosts_and_mailboxes),
        cmocka_unit_test(mailboxes_in_the_subject_count_too),
        cmocka_unit_test(directory_names_are_held_against_their_beginnings),
        cmocka_unit_test(spelling_is_no_way_around),
        cmocka_unit_test(doubt_is_refused),
        cmocka_unit_test(strings_that_are_not_read_are_compared_as_bytes),
        cmocka_unit_test(sets_of_attributes_are_compared_whole),
        cmocka_unit_test(uris_are_held_against_hosts_and_domains),
        cmocka_unit_test(kinds_that_are_not_evaluated_are_refused),
        cmocka_unit_test(no_constraints_allow_everything),
        cmocka_unit_test(every_comparison_is_paid_for),
        cmocka_unit_test(the_worst_of_lists_end_early),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
