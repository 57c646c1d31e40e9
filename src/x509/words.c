/* words.c - the checks in words.
 *
 * A check is a few values; here they become sentences, and only when somebody
 * watches, keeps the tree, or has to be told why a chain was refused.  A
 * refusal says three things: what was compared, with both values; what came
 * out; and what to do about it, by whom.
 */
#include "x509/inside.h"

enum { NAMES_TOLD = 6 };

/* ---- pieces ---------------------------------------------------------------------- */

/* "3 days" */
static void span_text(int64_t seconds, char *out, size_t cap)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {
        { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" }
    };
    uint64_t n = seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds;

    for (size_t i = 0; i < HF_COUNT(units); i++) {
        uint64_t unit = (uint64_t)units[i].seconds;

        if (n >= unit || unit == 1) {
            hf_format(out, cap, "%z %s%s", (size_t)(n / unit), units[i].name,
                      n / unit == 1 ? "" : "s");
            return;
        }
    }
}

/* The alternative names, the first few of them. */
static void names_text(const struct hf_cert *cert, char *out, size_t cap)
{
    struct hf_der names = hf_san_begin(cert);
    struct hf_san san;
    size_t n = 0;
    char one[80];

    out[0] = '\0';
    for (; hf_san_next(&names, &san); n++) {
        if (n >= NAMES_TOLD)
            continue;
        hf_san_text(&san, one, sizeof(one));
        hf_format_more(out, cap, "%s%s", n ? ", " : "", one);
    }
    if (n > NAMES_TOLD)
        hf_format_more(out, cap, " and %z more", n - NAMES_TOLD);
    if (!n)
        hf_format(out, cap, "no subjectAltName");
}

static void peer_text(const struct hf_peer_name *name, char *out, size_t cap)
{
    struct hf_san san = { HF_SAN_DNS, hf_span_text(name->dns) };

    if (name->is_ip)
        san = (struct hf_san){ HF_SAN_IP, hf_span(name->ip, name->ip_len) };
    hf_san_text(&san, out, cap);
}

static size_t anchors_of(const struct hf_verify *v)
{
    return v->store ? hf_store_count(v->store) : 0;
}

static const char *purpose_text(enum hf_purpose purpose)
{
    switch (purpose) {
    case HF_PURPOSE_SERVER: return "serverAuth";
    case HF_PURPOSE_CLIENT: return "clientAuth";
    case HF_PURPOSE_ANY: break;
    }
    return "any purpose";
}

/* ---- each check --------------------------------------------------------------------- */
/* They fill in inputs, verdict and instead; subject is there already. */

static void say_time(const struct hf_check *c, struct hf_words *w)
{
    const struct hf_cert *cert = c->cert;
    char ago[40];

    hf_format(w->inputs, sizeof(w->inputs),
              "valid from %t to %t, now %t by our clock", cert->not_before,
              cert->not_after, c->v->now);
    if (c->code == HF_E_EXPIRED) {
        /* Subtracted as unsigned: the caller's clock may be anything. */
        span_text((int64_t)((uint64_t)c->v->now - (uint64_t)cert->not_after),
                  ago, sizeof(ago));
        hf_format(w->verdict, sizeof(w->verdict),
                  "it expired on %t, %s ago (our clock says %t)",
                  cert->not_after, ago, c->v->now);
        hf_format(w->instead, sizeof(w->instead),
                  "whoever runs the %s must renew it, unless our clock is "
                  "wrong",
                  c->below ? "authority" : "peer");
    } else if (c->code) {
        span_text((int64_t)((uint64_t)cert->not_before - (uint64_t)c->v->now),
                  ago, sizeof(ago));
        hf_format(w->verdict, sizeof(w->verdict),
                  "it is not valid before %t, in %s (our clock says %t)",
                  cert->not_before, ago, c->v->now);
        hf_format(w->instead, sizeof(w->instead),
                  "set our clock, if it is slow, else wait");
    } else if (c->v->any_time) {
        hf_format(w->verdict, sizeof(w->verdict), "dates are not looked at");
    } else {
        span_text(cert->not_after - c->v->now, ago, sizeof(ago));
        hf_format(w->verdict, sizeof(w->verdict), "valid for %s more", ago);
    }
}

static void say_name(const struct hf_check *c, struct hf_words *w)
{
    struct hf_der names = hf_san_begin(c->cert);
    char wanted[96], has[160], cn[80];
    struct hf_san san;
    struct hf_tlv value;

    if (!c->v->name) {
        hf_format(w->verdict, sizeof(w->verdict), "no name is checked");
        return;
    }
    peer_text(c->v->name, wanted, sizeof(wanted));
    names_text(c->cert, has, sizeof(has));
    hf_format(w->inputs, sizeof(w->inputs), "wanted %s; has %s", wanted, has);
    if (!c->code && hf_cert_find_name(&names, c->v->name, &san)) {
        hf_san_text(&san, has, sizeof(has));
        hf_format(w->verdict, sizeof(w->verdict), "%s covers it", has);
        return;
    }
    if (c->cert->san.len) {
        hf_format(w->verdict, sizeof(w->verdict), "it is for %s, not for %s",
                  has, wanted);
    } else if (hf_name_find(c->cert->subject, HF_NAME_CN, &value)) {
        hf_name_short(c->cert->subject, cn, sizeof(cn));
        hf_format(w->verdict, sizeof(w->verdict),
                  "it has no subjectAltName, wanted %s (the common name %s is "
                  "not looked at)",
                  wanted, cn);
    } else {
        hf_format(w->verdict, sizeof(w->verdict), "it has %s, wanted %s", has,
                  wanted);
    }
    hf_format(w->instead, sizeof(w->instead),
              c->cert->san.len
                  ? "connect by a name that it has, or have one issued for %s"
                  : "have one issued with the subjectAltName %s",
              wanted);
}

static void say_extensions(const struct hf_check *c, struct hf_words *w)
{
    char oid[80];

    if (c->code == HF_E_CRITICAL_EXTENSION) {
        hf_oid_text(c->cert->critical, oid, sizeof(oid));
        hf_format(w->inputs, sizeof(w->inputs), "critical extension %s", oid);
        hf_format(w->verdict, sizeof(w->verdict),
                  "its critical extension %s is not understood, or must not "
                  "be critical",
                  oid);
        hf_format(w->instead, sizeof(w->instead),
                  "have it issued without it, or not critical");
    } else if (c->code == HF_E_CERT_DER) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "its serial number is 0, which is not positive");
        hf_format(w->instead, sizeof(w->instead), "have it issued anew");
    } else if (c->code) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "it has name constraints but is no authority");
        hf_format(w->instead, sizeof(w->instead),
                  "have it issued without nameConstraints");
    } else {
        hf_format(w->verdict, sizeof(w->verdict), "all of them understood");
    }
}

static void say_key(const struct hf_check *c, struct hf_words *w)
{
    unsigned least = c->v->min_rsa_bits ? c->v->min_rsa_bits : 2048;
    struct hf_der r = hf_der(c->cert->spki), inside;
    struct hf_tlv algorithm;
    char key[64], kind[64] = "";

    hf_key_text(&c->cert->key, key, sizeof(key));
    hf_format(w->inputs, sizeof(w->inputs), "%s", key);
    if (c->code == HF_E_WEAK_KEY) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "its key is %s, at least %u bits are needed", key, least);
        hf_format(w->instead, sizeof(w->instead),
                  "have it issued for a longer key, or for ECDSA P-256");
    } else if (c->code) {
        if (hf_der_open(&r, HF_DER_SEQUENCE, &inside) &&
            hf_der_next(&inside, &algorithm))
            hf_algorithm_text(algorithm.whole, kind, sizeof(kind));
        hf_format(w->verdict, sizeof(w->verdict),
                  c->cert->key.kind == HF_KEY_NONE
                      ? "its key is of a kind or form that is not "
                        "supported (%s)"
                      : "its key is longer than 8192 bits (%s)",
                  kind);
        hf_format(w->instead, sizeof(w->instead),
                  "RSA of 2048 to 8192 bits, ECDSA P-256, P-384 or P-521, or "
                  "Ed25519 would do");
    } else {
        hf_format(w->verdict, sizeof(w->verdict), "accepted");
    }
}

static void ekus_text(const struct hf_cert *cert, char *out, size_t cap)
{
    struct hf_der r = hf_der(cert->eku), list;
    struct hf_span oid;
    char one[64];

    out[0] = '\0';
    if (!hf_der_open(&r, HF_DER_SEQUENCE, &list))
        return;
    for (unsigned n = 0; n < NAMES_TOLD && hf_der_oid(&list, &oid); n++) {
        hf_oid_text(oid, one, sizeof(one));
        hf_format_more(out, cap, "%s%s", n ? ", " : "", one);
    }
}

static void uses_text(const struct hf_cert *cert, char *out, size_t cap)
{
    static const char *const names[] = {
        "digitalSignature", "nonRepudiation", "keyEncipherment",
        "dataEncipherment", "keyAgreement",   "keyCertSign",
        "cRLSign",          "encipherOnly",   "decipherOnly",
    };

    out[0] = '\0';
    for (unsigned i = 0; i < HF_COUNT(names); i++)
        if (cert->usage & 1u << i)
            hf_format_more(out, cap, "%s%s", out[0] ? ", " : "", names[i]);
}

static void say_usage(const struct hf_check *c, struct hf_words *w)
{
    const char *wanted = purpose_text(c->v->purpose);
    char has[160];

    if (c->code == HF_E_KEY_USAGE) {
        uses_text(c->cert, has, sizeof(has));
        hf_format(w->inputs, sizeof(w->inputs), "keyUsage: %s", has);
        hf_format(w->verdict, sizeof(w->verdict),
                  "its key may be used for %s only, not as TLS needs it", has);
        hf_format(
            w->instead, sizeof(w->instead), "have it issued with keyUsage %s",
            c->v->leaf_usage & HF_USE_KEY_ENCIPHERMENT ? "keyEncipherment"
                                                       : "digitalSignature");
        return;
    }
    if (c->cert->flags & HF_CERT_EKU)
        ekus_text(c->cert, has, sizeof(has));
    else
        hf_format(has, sizeof(has), "any (none listed)");
    hf_format(w->inputs, sizeof(w->inputs), "wanted %s; for %s", wanted, has);
    if (!c->code) {
        hf_format(w->verdict, sizeof(w->verdict), "%s allowed", wanted);
        return;
    }
    hf_format(w->verdict, sizeof(w->verdict), "it is for %s, not for %s", has,
              wanted);
    hf_format(w->instead, sizeof(w->instead),
              c->below ? "have the chain issued by an authority for %s"
                       : "have it issued with extKeyUsage %s",
              wanted);
}

static void say_issuer(const struct hf_check *c, struct hf_words *w)
{
    char has[160];

    if (c->code == HF_E_NOT_A_CA) {
        hf_format(w->verdict, sizeof(w->verdict), "it is no authority: %s",
                  c->cert->flags & HF_CERT_BASIC
                      ? "its basicConstraints say cA false"
                      : "it has no basicConstraints");
        hf_format(w->instead, sizeof(w->instead),
                  "have an authority's certificate (CA:TRUE) issue it");
    } else if (c->code == HF_E_KEY_USAGE) {
        uses_text(c->cert, has, sizeof(has));
        hf_format(w->inputs, sizeof(w->inputs), "keyUsage: %s", has);
        hf_format(w->verdict, sizeof(w->verdict),
                  "it may not sign certificates: its keyUsage is %s", has);
        hf_format(w->instead, sizeof(w->instead),
                  "an authority needs keyUsage keyCertSign");
    } else if (c->cert->flags & HF_CERT_PATHLEN) {
        hf_format(w->inputs, sizeof(w->inputs),
                  "authorities below: %u, pathLenConstraint: %u", c->cas_below,
                  (unsigned)c->cert->path_len);
        hf_format(w->verdict, sizeof(w->verdict),
                  c->code ? "it allows %u authorities below it, there are %u"
                          : "it may issue: at most %u below, there are %u",
                  (unsigned)c->cert->path_len, c->cas_below);
        if (c->code)
            hf_format(w->instead, sizeof(w->instead),
                      "have it issued with a larger pathLenConstraint, or the "
                      "leaf by a higher authority");
    } else {
        hf_format(w->verdict, sizeof(w->verdict), "it may issue");
    }
}

static void say_signature(const struct hf_check *c, struct hf_words *w)
{
    const struct hf_cert *cert = c->cert, *issuer = c->above;
    char algorithm[64], name[96], key[64];
    struct hf_span wanted, is;

    if (!issuer) { /* the builder looked at the algorithm only */
        issuer = c->cert;
        cert = c->below;
        hf_cert_label(cert, w->subject, sizeof(w->subject));
    }
    hf_algorithm_text(cert->algorithm, algorithm, sizeof(algorithm));
    hf_cert_label(issuer, name, sizeof(name));
    hf_key_text(&issuer->key, key, sizeof(key));
    hf_format(w->inputs, sizeof(w->inputs), "%s by %s (%s)", algorithm, name,
              key);
    if (c->code == HF_E_CERT_ALGORITHM) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "it is signed with %s, which is not accepted", algorithm);
        hf_format(w->instead, sizeof(w->instead),
                  "have it issued anew, signed with SHA-256 or better");
        return;
    }
    if (c->code == HF_E_CERT_UNSUPPORTED) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "it is signed with %s, which this libcrypto cannot verify",
                  algorithm);
        hf_format(w->instead, sizeof(w->instead), "OpenSSL 3.5 or later can");
        return;
    }
    if (!c->code) {
        hf_format(w->verdict, sizeof(w->verdict),
                  c->above ? "the signature verifies" : "it could be");
        return;
    }
    hf_format(w->verdict, sizeof(w->verdict),
              "its signature (%s) was not made by the key of %s (%s)",
              algorithm, name, key);
    wanted = hf_cert_akid(cert);
    is = hf_cert_skid(issuer);
    if (wanted.len && is.len && !hf_span_equal(wanted, is))
        hf_format(w->instead, sizeof(w->instead),
                  "another authority of that name signed it: it asks for key "
                  "%h, this is %h",
                  &wanted, &is);
    else
        hf_format(w->instead, sizeof(w->instead),
                  "it was changed, or another authority of that name signed "
                  "it");
}

static void say_constraints(const struct hf_check *c, struct hf_words *w)
{
    const struct hf_nc_fault *f = c->fault;
    char name[96], subtree[96], ca[96];

    if (!c->code) {
        hf_cert_label(c->above, ca, sizeof(ca));
        hf_format(w->inputs, sizeof(w->inputs), "constraints of %s", ca);
        hf_format(w->verdict, sizeof(w->verdict), "all names are inside");
        return;
    }
    if (!f || !f->ca) {
        say_extensions(c, w);
        return;
    }
    hf_cert_label(f->below, w->subject, sizeof(w->subject));
    hf_san_text(&f->name, name, sizeof(name));
    hf_san_text(&f->subtree, subtree, sizeof(subtree));
    hf_cert_label(f->ca, ca, sizeof(ca));
    hf_format(w->inputs, sizeof(w->inputs), "%s; %s of %s", name,
              f->excluded ? "excluded by constraint" : "permitted", subtree);
    hf_format(w->verdict, sizeof(w->verdict),
              f->excluded ? "its name %s falls under %s, which %s may not "
                            "certify"
                          : "its name %s is not under %s, all that %s may "
                            "certify",
              name, subtree, ca);
    hf_format(w->instead, sizeof(w->instead),
              "have it issued by an authority without that constraint, or "
              "without that name");
}

static void say_anchor(const struct hf_check *c, struct hf_words *w)
{
    char issuer[96];
    struct hf_span url;
    size_t anchors = anchors_of(c->v);

    hf_name_text(c->cert->issuer, issuer, sizeof(issuer));
    hf_format(w->inputs, sizeof(w->inputs), "issuer %s; %z trusted", issuer,
              anchors);
    if (!c->code) {
        hf_format(w->verdict, sizeof(w->verdict), "it is trusted");
        return;
    }
    if (c->code == HF_E_SELF_SIGNED) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "it signed itself and is not among the %z trusted", anchors);
        hf_format(w->instead, sizeof(w->instead),
                  "if it is the right one, add it to what is trusted");
    } else if (c->code == HF_E_MISSING_INTERMEDIATE) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "its issuer %s was not sent and is not among the %z trusted",
                  issuer, anchors);
        hf_format(w->instead, sizeof(w->instead), "the peer must send it");
        if (hf_cert_aia(c->cert, &url))
            hf_format_more(w->instead, sizeof(w->instead),
                           " (it can be had at %q)", &url);
    } else if (c->cert->flags & HF_CERT_SELF_ISSUED) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "the chain ends in this root, which is not among the %z "
                  "trusted",
                  anchors);
        hf_format(w->instead, sizeof(w->instead),
                  "if it is the right one, add it to what is trusted");
    } else {
        hf_format(w->verdict, sizeof(w->verdict),
                  "its issuer %s is not among the %z trusted and was not sent",
                  issuer, anchors);
        hf_format(w->instead, sizeof(w->instead),
                  "if that is the right authority, add it to what is trusted");
    }
    if (c->unreadable && c->unreadable->code)
        hf_format_more(w->instead, sizeof(w->instead),
                       " (one of that name is there, but cannot be used: %s)",
                       c->unreadable->detail);
}

static void say_profile(const struct hf_check *c, struct hf_words *w)
{
    const char *broken = hf_profile_broken(c->v, c->cert, !c->below, c->anchor);

    hf_format(w->inputs, sizeof(w->inputs), "profile: %s",
              c->v->profile == HF_PROFILE_WEB ? "CA/Browser Forum"
                                              : "RFC 5280");
    hf_format(w->verdict, sizeof(w->verdict), "%s",
              broken ? broken : "it obeys the profile");
    if (broken)
        hf_format(w->instead, sizeof(w->instead),
                  "have it issued as the profile wants it, or ask for less");
}

static void say_path(const struct hf_check *c, struct hf_words *w)
{
    char name[64];

    for (size_t i = 0; c->proof && i < c->proof->depth; i++) {
        hf_name_short(c->proof->path[i]->subject, name, sizeof(name));
        hf_format_more(w->inputs, sizeof(w->inputs), "%s%s", i ? " < " : "",
                       name);
    }
    if (!c->code) {
        hf_format(w->verdict, sizeof(w->verdict), "trusted");
    } else if (c->code == HF_E_PATH_LENGTH) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "the path would be longer than %z certificates", c->depth);
        hf_format(w->instead, sizeof(w->instead), "use a shorter chain");
    } else {
        hf_format(w->verdict, sizeof(w->verdict), "not trusted: %s",
                  hf_error_text(c->code));
    }
}

void hf_check_words(const struct hf_check *c, struct hf_words *w)
{
    *w = (struct hf_words){ .subject = "" };
    hf_cert_label(c->cert, w->subject, sizeof(w->subject));
    switch (c->event) {
    case HF_EV_CHECK_TIME: say_time(c, w); break;
    case HF_EV_CHECK_NAME: say_name(c, w); break;
    case HF_EV_CHECK_EXTENSIONS: say_extensions(c, w); break;
    case HF_EV_CHECK_KEY: say_key(c, w); break;
    case HF_EV_CHECK_USAGE: say_usage(c, w); break;
    case HF_EV_CHECK_ISSUER: say_issuer(c, w); break;
    case HF_EV_CHECK_SIGNATURE: say_signature(c, w); break;
    case HF_EV_CHECK_REVOCATION: hf_revocation_words(c, w); break;
    case HF_EV_CHECK_PROFILE: say_profile(c, w); break;
    case HF_EV_CHECK_CONSTRAINTS: say_constraints(c, w); break;
    case HF_EV_CHECK_POLICIES: hf_policies_words(c, w); break;
    case HF_EV_CHECK_ANCHOR: say_anchor(c, w); break;
    default: say_path(c, w);
    }
}
