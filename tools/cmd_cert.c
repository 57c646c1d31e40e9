/* cmd_cert.c - handfast cert show|verify|chain|diff: what certificates say,
 * whether they are to be trusted (cert_verify.c), in which order they belong
 * (cert_chain.c), and what differs (cert_diff.c). */
#include "cert_verify.h"
#include "certs.h"
#include "client.h"
#include "files.h"
#include "issue.h"

#include <string.h>
#include <time.h>

/* ---- cert show --------------------------------------------------------------- */

static void show_text(const struct tool *tool, const char *from,
                      const struct certs *certs, int64_t now)
{
    for (size_t i = 0; i < certs->count; i++) {
        char name[200];

        hf_name_short(certs->at[i]->subject, name, sizeof(name));
        if (i)
            putchar('\n');
        printf(lang("%s%zu of %zu  %s%s\n"), ink(tool, stdout, INK_STRONG),
               i + 1, certs->count, name, ink(tool, stdout, INK_PLAIN));
        cert_print(tool, certs->at[i], now);
    }
    if (certs->has_key)
        printf(lang("\n%s also holds a private key, which is not shown\n"),
               from);
}

static void show_json(const struct certs *certs, int64_t now)
{
    struct json j;

    json_start(&j, stdout, "handfast/cert/1");
    json_open(&j, "certificates", '[');
    for (size_t i = 0; i < certs->count; i++)
        cert_json(&j, certs->at[i], now);
    json_close(&j);
    json_bool(&j, "private_key", certs->has_key);
    json_finish(&j);
}

/* Certificates into @certs; whatever else is shown at once (*shown). */
static int show_file(const struct tool *tool, const char *path,
                     struct certs *certs, int64_t now, bool *shown)
{
    struct hf_error error = { 0 }, no_list = { 0 };
    struct bytes bytes;
    bool good;

    if (!file_read(path, HF_CRL_FILE_MAX, &bytes, &error))
        return error_tell(tool, HF_EXIT_NO, &error, NULL);
    *shown = revoked_show(tool, bytes_span(&bytes), now, &no_list);
    good = *shown || certs_read_named(certs, path, bytes_span(&bytes), &error);
    /* A block that is there and is no list that can be used. */
    if (!good && no_list.field && bytes_span(&bytes).at[0] != HF_DER_SEQUENCE)
        error = no_list;
    bytes_free(&bytes);
    return good ? HF_EXIT_GOOD : error_tell(tool, HF_EXIT_NO, &error, NULL);
}

static int run_show(struct tool *tool)
{
    struct certs certs = { .count = 0 };
    int64_t now = (int64_t)time(NULL);
    const char *from;
    bool host, shown = false;
    int code = options_read(tool, NULL);

    if (code >= 0)
        return code;
    if (tool->operand_count != 1)
        return usage_error(tool, "one file, - or HOST:PORT, please");
    from = tool->operands[0];
    code = certs_place(tool, from, &host);
    if (code)
        return code;
    if (host)
        code = certs_ask(tool, from, &certs);
    else
        code = show_file(tool, from, &certs, now, &shown);
    if (!code && !shown && tool->json)
        show_json(&certs, now);
    else if (!code && !shown)
        show_text(tool, from, &certs, now);
    if (!code && host)
        fprintf(stderr,
                lang("shown as it was sent, not verified: handfast connect "
                     "%s does that\n"),
                from);
    certs_free(&certs);
    return output_done(tool, code);
}

/* ---- cert verify ---------------------------------------------------------------- */

static int read_verify(const struct tool *tool, struct cert_verify *v,
                       const char *at, const char *purpose,
                       const char *revocation)
{
    v->mode_said = revocation != NULL;
    if (revocation && !revocation_read(revocation, &v->mode))
        return usage_error(tool,
                           "--revocation takes none, soft, leaf or hard, not "
                           "\"%s\"",
                           revocation);
    v->now = (int64_t)time(NULL);
    v->now_said = at != NULL;
    if (at && !when_read(at, v->now, &v->now))
        return usage_error(tool,
                           "--at takes a time such as 2026-12-31, "
                           "2026-12-31T12:00:00Z or +14d, not \"%s\"",
                           at);
    if (purpose && strcmp(purpose, "client") == 0)
        v->purpose = HF_PURPOSE_CLIENT;
    if (purpose && strcmp(purpose, "any") == 0)
        v->purpose = HF_PURPOSE_ANY;
    return -1;
}

struct verify_words {
    struct cert_verify verify;
    const char *at, *purpose, *revocation;
};

/* HOST:PORT, and no file of that name: what the server sends, for its name. */
static bool is_server(const char *operand, char *host, size_t cap)
{
    char port[8];

    return strchr(operand, ':') && !file_exists(operand) &&
           host_port_read(operand, host, cap, port, sizeof(port)) && host[0];
}

static int run_verify(struct tool *tool)
{
    struct verify_words words = { .verify = { .purpose = HF_PURPOSE_SERVER } };
    struct certs certs = { .count = 0 };
    struct hf_error error = { 0 };
    char host[HOST_MAX], name[HOST_MAX];
    size_t first = 0;
    int code = options_read(tool, &words);

    if (code < 0 && words.verify.name) {
        code = name_option(tool, words.verify.name, name);
        words.verify.name = name;
    }
    if (code < 0)
        code = read_verify(tool, &words.verify, words.at, words.purpose,
                           words.revocation);
    if (code >= 0)
        return code;
    if (!tool->operand_count)
        return usage_error(tool, "which file? The certificate first, then "
                                 "what issued it");
    if (is_server(tool->operands[0], host, sizeof(host))) {
        code = certs_ask(tool, tool->operands[first++], &certs);
        if (!words.verify.name)
            words.verify.name = host;
        if (code > 0) {
            certs_free(&certs);
            return output_done(tool, code);
        }
    }
    for (size_t i = first; i < tool->operand_count && !error.code; i++)
        if (!certs_read_file(&certs, tool->operands[i], &error))
            break;
    if (error.code)
        code = exit_of(&error, false) == HF_EXIT_PEER_CERT
                   ? cert_refuse(tool, &words.verify, &error)
                   : error_tell(tool, HF_EXIT_USAGE, &error, NULL);
    else
        code = cert_verify(tool, &words.verify, &certs);
    certs_free(&certs);
    return output_done(tool, code);
}

/* ---- tables ------------------------------------------------------------------------ */

/* clang-format off */
static const struct opt show_options[] = {
    OPT_JSON,
    { .kind = OPT_END },
};

#define AT(member) offsetof(struct verify_words, member)
static const struct opt verify_options[] = {
    { .name = "name", .kind = OPT_TEXT, .arg = "NAME", .at = AT(verify.name),
      .also = "verify_hostname verify_ip",
      .help = "the host name or address that the certificate must be for" },
    { .name = "cacert", .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(verify.ca_file), .also = "CAfile",
      .help = "whom to trust, instead of the system's bundle" },
    { .name = "capath", .kind = OPT_TEXT, .arg = "DIR",
      .at = AT(verify.ca_dir), .also = "CApath",
      .help = "whom to trust: a folder with hashed names" },
    { .name = "crl", .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(verify.crl_file), .also = "crlfile CRLfile",
      .help = "revocation lists, PEM or DER" },
    { .name = "ocsp", .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(verify.ocsp_file),
      .help = "an OCSP response about the first certificate, DER" },
    { .name = "revocation", .kind = OPT_TEXT, .arg = "none|soft|leaf|hard",
      .at = AT(revocation),
      .help = "which certificates must be known not to be revoked: none that "
              "nobody speaks of (soft), the first (leaf, with --ocsp), all "
              "(hard, with --crl)" },
    { .name = "purpose", .kind = OPT_TEXT, .arg = "server|client|any",
      .at = AT(purpose), .help = "what it is to be used for; otherwise server" },
    { .name = "at", .kind = OPT_TEXT, .arg = "TIME", .at = AT(at),
      .help = "verify as of then: 2026-12-31, 2026-12-31T12:00:00Z, +14d" },
    { .name = "fetch", .kind = OPT_FLAG, .at = AT(verify.fetch),
      .help = "fetch a missing issuer from where the certificate says it can be had: http only, at most 4 times, 64 KiB and 5 seconds each" },
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

static const struct command show = {
    .name = "show",
    .operands = "FILE | - | HOST[:PORT]",
    .summary = "show certificates, one screen each",
    .about = "PEM (as many as there are) or DER. Of a host, those that it "
             "sends. A file may also hold revocation lists (PEM or DER) or an "
             "OCSP response (DER).",
    .examples = "  handfast cert show site.pem\n"
                "  handfast cert show localhost:8443\n",
    .options = show_options,
    .run = run_show,
};

static const struct command verify = {
    .name = "verify",
    .operands = "FILE... | HOST:PORT [FILE...]",
    .summary = "would a client trust this certificate, and if not, why",
    .about =
        "The first certificate is the one in question; all the others are "
        "what may have issued it, in any order. The exit code is 0 if it "
        "is trusted and 1 if it is not; then every path that was tried is "
        "shown with the first check that failed. Of a server, what it sends "
        "is verified, for its name.",
    .examples =
        "  handfast cert verify --name www.example.org fullchain.pem\n"
        "  handfast cert verify --CAfile ca.pem --at +30d site.pem\n"
        "  handfast cert verify --CAfile ca.pem --crl ca.crl site.pem\n",
    .options = verify_options,
    .run = run_verify,
};

static const struct command *const verbs[] = { &show, &verify, &cert_chain,
                                               &cert_diff, NULL };

const struct command cmd_cert = {
    .name = "cert",
    .summary = "show, verify, sort and compare certificates",
    .verbs = verbs,
};
