/* mtls_check.c - the files of mutual TLS, each looked at by itself: do
 * certificate and key fit, is it the time, the name, the purpose, and does the
 * other side trust who issued it? */
#include "mtls.h"
#include "cert_verify.h"
#include "files.h"
#include "issue.h"

#include "engine/conn.h"

#include <string.h>
#include <sys/stat.h>

enum { SOON = 14 * 86400 };

struct finding *finding_add(struct doctor *d, enum whose whose,
                            const char *what, enum grade how)
{
    struct finding *f =
        &d->found[d->count < FINDINGS_MOST ? d->count++ : FINDINGS_MOST - 1];

    memset(f, 0, sizeof(*f));
    f->whose = (uint8_t)whose;
    f->what = what;
    f->how = how;
    return f;
}

/* clang-format off */
static const struct {
    unsigned code;
    const char *of_server, *of_client; /* about whose certificate */
} nexts[] = {
    { HF_E_KEY_MISMATCH,
      "name the key that was made with this certificate, or have both issued anew: handfast mtls init --force",
      "name the key that was made with this certificate, or have both issued anew: handfast mtls init --force" },
    { HF_E_EXPIRED,
      "have a new one issued: handfast ca issue NAME",
      "have a new one issued: handfast ca issue NAME --client" },
    { HF_E_NOT_YET_VALID,
      "compare the clocks of both machines; else have it issued from an earlier day (--not-before)",
      "compare the clocks of both machines; else have it issued from an earlier day (--not-before)" },
    { HF_E_NAME_MISMATCH,
      "have one issued for the name that clients ask for: handfast ca issue NAME; or have them ask for one that it has",
      "" },
    { HF_E_WRONG_EKU,
      "have one issued for servers: handfast ca issue NAME",
      "have one issued for clients: handfast ca issue NAME --client" },
    { HF_E_KEY_USAGE,
      "have one issued whose key may sign: handfast ca issue NAME",
      "have one issued whose key may sign: handfast ca issue NAME --client" },
    { HF_E_UNKNOWN_ISSUER,
      "give the client the certificate of the authority that issued it (--ca), or have one issued by whom the client trusts",
      "give the server the certificate of the authority that issued it (--client-ca), or have one issued by whom the server trusts" },
    { HF_E_SELF_SIGNED,
      "give the client this very certificate to trust, or have one issued by an authority: handfast mtls init",
      "give the server this very certificate to trust, or have one issued by an authority: handfast mtls init" },
    { HF_E_CERT_SIGNATURE,
      "was the authority made anew under its old name? Give the client its certificate of now (--ca), or have this one issued anew",
      "was the authority made anew under its old name? Give the server its certificate of now (--client-ca), or have this one issued anew" },
    { HF_E_MISSING_INTERMEDIATE,
      "give the client the certificate of the authority that issued it (--ca); if an intermediate did, put that behind the certificate: handfast cert chain FILE INTERMEDIATE -o FULL",
      "give the server the certificate of the authority that issued it (--client-ca); if an intermediate did, put that behind the certificate: handfast cert chain FILE INTERMEDIATE -o FULL" },
};
/* clang-format on */

const char *finding_next(unsigned code, enum whose whose)
{
    for (size_t i = 0; i < HF_COUNT(nexts); i++)
        if (nexts[i].code == code)
            return whose == OF_CLIENT ? nexts[i].of_client : nexts[i].of_server;
    return advice_for(code);
}

void finding_error(struct doctor *d, enum whose whose, const char *what,
                   const struct hf_error *error)
{
    struct finding *f = finding_add(d, whose, what, BAD);
    char room[2 * HF_DETAIL_MAX];

    f->code = error->code;
    f->next = finding_next(error->code, whose);
    hf_format(f->detail, sizeof(f->detail), "%s",
              lang_text(error->detail, room, sizeof(room)));
}

/* ---- one side ------------------------------------------------------------------- */

static bool is_open_to_others(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && (found.st_mode & 077) != 0;
}

static bool check_files(struct doctor *d, enum whose side)
{
    const char *cert = d->files.cert[side], *key = d->files.key[side];
    struct hf_config *config = hf_config_new();
    struct hf_error error = { 0 };
    bool good;

    if (!config)
        return false;
    if (!certs_read_file(&d->certs[side], cert, &error)) {
        finding_error(d, side, "files", &error);
    } else if (!hf_config_add_keypair_file(config, cert, key)) {
        finding_error(d, side, "files", hf_config_error(config));
    } else if (is_open_to_others(key)) {
        struct finding *f = finding_add(d, side, "files", NOTE);

        f->text = "others can read the private key; chmod 600 keeps it private";
        hf_format(f->detail, sizeof(f->detail), "%s", key);
    } else {
        struct finding *f = finding_add(d, side, "files", FINE);

        f->text = "certificate and key belong together";
        hf_format(f->detail, sizeof(f->detail), "%s, %s", cert, key);
    }
    good = d->found[d->count - 1].how != BAD;
    hf_config_free(config);
    return good;
}

/* True: it is the time. */
static bool check_dates(struct doctor *d, enum whose side,
                        const struct hf_cert *cert)
{
    bool late = d->now > cert->not_after, early = d->now < cert->not_before;
    bool soon = cert->not_after - d->now < SOON;
    struct finding *f = finding_add(d, side, "dates",
                                    late || early ? BAD
                                    : soon        ? NOTE
                                                  : FINE);
    char until[40], away[40], room[80];
    int64_t at = early ? cert->not_before : cert->not_after;

    hf_time_text(until, sizeof(until), at);
    when_text(at, d->now, away, sizeof(away));
    hf_format(f->detail, sizeof(f->detail), "%s (%s)", until,
              lang_text(away, room, sizeof(room)));
    f->code = late ? HF_E_EXPIRED : early ? HF_E_NOT_YET_VALID : HF_OK;
    f->text = late || early ? NULL
              : soon        ? "it ends soon"
                            : "it is valid, until";
    f->next = f->code ? finding_next(f->code, side) : NULL;
    return f->how != BAD;
}

static void all_names(const struct hf_cert *cert, char *out, size_t cap)
{
    struct hf_der walk = hf_san_begin(cert);
    struct hf_san san;
    char one[300];

    hf_format(out, cap, "");
    while (hf_san_next(&walk, &san)) {
        hf_san_text(&san, one, sizeof(one));
        if (strlen(out) + strlen(one) + 8 < cap)
            hf_format_more(out, cap, out[0] ? ", %s" : "%s", one);
    }
}

/* The name that a client would ask for, if nobody says. */
static void take_first_name(struct doctor *d, const struct hf_cert *cert)
{
    struct hf_der walk = hf_san_begin(cert);
    struct hf_san san;
    char text[300];

    while (!d->name && hf_san_next(&walk, &san)) {
        struct hf_peer_name name;
        const char *bare;

        if (san.kind != HF_SAN_DNS && san.kind != HF_SAN_IP)
            continue;
        hf_san_text(&san, text, sizeof(text));
        bare = strchr(text, ':') + 1;
        if (hf_peer_name_read(bare, &name)) {
            hf_format(d->first_name, sizeof(d->first_name), "%s", bare);
            d->name = d->first_name;
        }
    }
}

static void check_names(struct doctor *d, const struct hf_cert *cert)
{
    struct hf_peer_name name;
    struct finding *f;
    bool good;

    take_first_name(d, cert);
    good = d->name && hf_peer_name_read(d->name, &name) &&
           hf_cert_names(cert, &name);
    f = finding_add(d, OF_SERVER, "names", good ? FINE : BAD);
    all_names(cert, f->detail, sizeof(f->detail));
    if (good) {
        f->text = "the name that clients ask for is one of its names";
        return;
    }
    f->code = HF_E_NAME_MISMATCH;
    f->next = finding_next(f->code, OF_SERVER);
    if (!f->detail[0])
        hf_format(f->detail, sizeof(f->detail), "%s",
                  lang("it has no names; the CN does not count (RFC 9525 "
                       "6.3)"));
    else if (d->name)
        hf_format_more(f->detail, sizeof(f->detail), lang("; asked for: %s"),
                       d->name);
}

/* RFC 5280 4.2.1.3, 4.2.1.12.  True: it may be used for this. */
static bool check_purpose(struct doctor *d, enum whose side,
                          const struct hf_cert *cert)
{
    uint32_t flag = side == OF_SERVER ? HF_CERT_EKU_SERVER : HF_CERT_EKU_CLIENT;
    bool eku = !(cert->flags & HF_CERT_EKU) || cert->flags & flag;
    bool sign = !(cert->flags & HF_CERT_KEY_USAGE) ||
                cert->usage & HF_USE_DIGITAL_SIGNATURE;
    struct finding *f = finding_add(d, side, "purpose",
                                    eku && sign ? FINE : BAD);

    if (eku && !sign)
        usage_text(cert, f->detail, sizeof(f->detail));
    else
        purpose_text(cert, f->detail, sizeof(f->detail));
    if (!f->detail[0])
        hf_format(f->detail, sizeof(f->detail), "%s", lang("any (absent)"));
    f->text = f->how == FINE ? "it may be used for this" : NULL;
    f->code = eku ? sign ? HF_OK : HF_E_KEY_USAGE : HF_E_WRONG_EKU;
    f->next = f->code ? finding_next(f->code, side) : NULL;
    return f->how == FINE;
}

/* Does the other side trust who issued it?  What was found already is not said
 * again. */
static void check_chain(struct doctor *d, enum whose side, bool in_time,
                        bool for_this)
{
    enum whose other = side == OF_SERVER ? OF_CLIENT : OF_SERVER;
    struct hf_config *config = hf_config_new();
    struct hf_verified proof = { 0 };
    struct hf_error error = { 0 };
    struct finding *f;

    if (!config || !cert_trust(config, d->files.trust[other], NULL) ||
        !hf_config_open(config)) {
        hf_config_free(config);
        return; /* mtls_check_trust() says why */
    }
    struct hf_verify v = { .crypto = &config->settings.crypto,
                           .store = config->settings.store,
                           .chain = d->certs[side].at,
                           .count = d->certs[side].count < HF_CHAIN_MAX
                                        ? d->certs[side].count
                                        : HF_CHAIN_MAX,
                           .purpose = !for_this           ? HF_PURPOSE_ANY
                                      : side == OF_SERVER ? HF_PURPOSE_SERVER
                                                          : HF_PURPOSE_CLIENT,
                           .now = d->now,
                           .any_time = !in_time };

    if (hf_verify_chain(&v, &proof, &error)) {
        f = finding_add(d, side, "chain", FINE);
        f->text = side == OF_SERVER ? "the client trusts who issued it"
                                    : "the server trusts who issued it";
        hf_name_text(proof.path[proof.depth - 1]->subject, f->detail,
                     sizeof(f->detail));
    } else {
        finding_error(d, side, "chain", &error);
    }
    hf_verified_wipe(&proof);
    hf_config_free(config);
}

void mtls_check_side(struct doctor *d, enum whose side)
{
    bool in_time, for_this;

    d->usable[side] = check_files(d, side);
    if (!d->certs[side].count)
        return;
    in_time = check_dates(d, side, d->certs[side].at[0]);
    if (side == OF_SERVER)
        check_names(d, d->certs[side].at[0]);
    for_this = check_purpose(d, side, d->certs[side].at[0]);
    check_chain(d, side, in_time, for_this);
}

/* ---- whom they trust ---------------------------------------------------------------- */

static void check_anchor(struct doctor *d, const struct hf_cert *cert,
                         const char *what)
{
    struct finding *f;

    if (!(cert->flags & HF_CERT_CA) && !(cert->flags & HF_CERT_SELF_ISSUED)) {
        f = finding_add(d, OF_AUTHORITY, what, BAD);
        f->code = HF_E_NOT_A_CA;
        f->next = "name the authority's certificate (ca.pem), not one that it "
                  "issued";
    } else if (d->now > cert->not_after || d->now < cert->not_before) {
        f = finding_add(d, OF_AUTHORITY, what, BAD);
        f->code = d->now > cert->not_after ? HF_E_EXPIRED : HF_E_NOT_YET_VALID;
        f->next = "an authority that has ended can prove nothing: make a new "
                  "one, handfast mtls init --force, and give its ca.pem to all";
    } else {
        f = finding_add(d, OF_AUTHORITY, what, FINE);
        f->text = "an authority to be trusted";
    }
    hf_name_text(cert->subject, f->detail, sizeof(f->detail));
}

void mtls_check_trust(struct doctor *d, enum whose side)
{
    const char *what = side == OF_SERVER ? "of clients" : "of servers";
    struct certs certs = { .count = 0 };
    struct hf_error error = { 0 };

    if (!certs_read_file(&certs, d->files.trust[side], &error))
        finding_error(d, OF_AUTHORITY, what, &error);
    for (size_t i = 0; i < certs.count && i < 4; i++)
        check_anchor(d, certs.at[i], what);
    certs_free(&certs);
}
