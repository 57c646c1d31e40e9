/* revoke_words.c - what was found about revocation, in words: which
 * certificate by which number, since when and why, who says so, and what would
 * have passed. */
#include "x509/inside.h"

/* "the list of CN=Lab, number 12", "the OCSP responder "CN=Lab"". */
static void source_text(const struct hf_finding *f, char *out, size_t cap)
{
    char name[80];

    if (f->crl) {
        hf_name_text(f->crl->issuer, name, sizeof(name));
        hf_format(out, cap, "the list of %s, number %h", name, &f->crl->number);
    } else if (f->responder.len && f->by_key) {
        hf_format(out, cap, "the OCSP responder with key %h", &f->responder);
    } else if (f->responder.len) {
        hf_name_text(f->responder, name, sizeof(name));
        hf_format(out, cap, "the OCSP responder \"%s\"", name);
    } else if (f->stapled) {
        hf_format(out, cap, "an OCSP response");
    } else {
        hf_format(out, cap, "no list of its issuer, and no OCSP response");
    }
}

static void say_refused(const struct hf_check *c, const struct hf_finding *f,
                        const char *source, struct hf_words *w)
{
    const char *why = f->why[0] ? f->why : f->status.why;
    char issuer[80];

    if (c->code == HF_E_REVOKED) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "%s says that it was revoked on %t (%s)", source,
                  f->status.when, hf_reason_text(f->status.reason));
        hf_format(w->instead, sizeof(w->instead),
                  "whoever runs the peer must have another one issued");
    } else if (c->code == HF_E_BAD_STAPLE && !f->stapled) {
        hf_format(w->verdict, sizeof(w->verdict), "%s", why);
        hf_format(w->instead, sizeof(w->instead),
                  "the peer must staple an OCSP response");
    } else if (c->code == HF_E_BAD_STAPLE) {
        hf_format(w->verdict, sizeof(w->verdict),
                  "its OCSP response proves nothing: %s", why);
        hf_format(w->instead, sizeof(w->instead),
                  "the peer must staple a current one, from its issuer's "
                  "responder");
    } else {
        hf_name_text(c->cert->issuer, issuer, sizeof(issuer));
        hf_format(w->verdict, sizeof(w->verdict),
                  "nobody says that it has not been revoked: %s",
                  why ? why : "there is no list and no OCSP response");
        hf_format(w->instead, sizeof(w->instead),
                  "give a current list of %s, or do not insist", issuer);
    }
}

void hf_revocation_words(const struct hf_check *c, struct hf_words *w)
{
    const struct hf_finding *f = c->finding;
    char source[160];

    source_text(f, source, sizeof(source));
    hf_format(w->inputs, sizeof(w->inputs), "serial number %h; %s",
              &c->cert->serial, source);
    if (f->status.from)
        hf_format_more(w->inputs, sizeof(w->inputs), ", from %t to %t",
                       f->status.from, f->status.until);
    if (c->code)
        say_refused(c, f, source, w);
    else if (f->status.standing == HF_STANDING_GOOD)
        hf_format(w->verdict, sizeof(w->verdict),
                  "%s says that it is not revoked, until %t", source,
                  f->status.until);
    else if (f->status.standing == HF_STANDING_UNASKED)
        hf_format(w->verdict, sizeof(w->verdict), "nobody was asked");
    else
        hf_format(w->verdict, sizeof(w->verdict), "not known: %s",
                  f->status.why ? f->status.why : "nobody said anything");
}
