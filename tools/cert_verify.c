/* cert_verify.c - handfast cert verify: the verdict, and why not.
 *
 *     not trusted: the certificate has expired  [verify.expired]
 *       why  localhost: it expired on 2026-11-20 ...
 *       try  ...
 *
 *     tried                               (whynot.c)
 */
#include "cert_verify.h"
#include "aia.h"
#include "client.h"
#include "files.h"
#include "whynot.h"

#include "engine/conn.h"

#include <stdlib.h>
#include <string.h>

bool cert_trust(struct hf_config *config, const char *file, const char *dir)
{
    trust_places(&file, &dir);
    if (!file && !dir)
        return hf_config_trust_system(config);
    return (!file || hf_config_trust_file(config, file)) &&
           (!dir || hf_config_trust_directory(config, dir));
}

/* ---- the verdict ------------------------------------------------------------------- */

/* "  not revoked until ... (list 2a)"; empty of what nobody asked about. */
static void standing_text(const struct hf_status *status, char *out, size_t cap)
{
    struct hf_span number = hf_span(status->number, status->number_len);

    hf_format(out, cap, "");
    if (status->standing == HF_STANDING_UNKNOWN)
        hf_format(out, cap, lang("revocation not known: %s"),
                  lang(status->why ? status->why : "nobody said anything"));
    else if (status->standing == HF_STANDING_GOOD &&
             status->source == HF_SOURCE_CRL)
        hf_format(out, cap, lang("not revoked until %t (list %h)"),
                  status->until, &number);
    else if (status->standing == HF_STANDING_GOOD)
        hf_format(out, cap, lang("not revoked until %t (OCSP)"), status->until);
}

static void print_path(const struct tool *tool, const struct hf_verified *proof)
{
    char standing[200];

    for (size_t i = 0; i < proof->depth; i++) {
        char name[200];

        hf_name_short(proof->path[i]->subject, name, sizeof(name));
        printf("  %*s%s%s%s%s\n", (int)(2 * i), "", i ? lang("by ") : "", name,
               ink(tool, stdout, INK_PLAIN),
               i + 1 == proof->depth ? lang(" (in the trust store)") : "");
        standing_text(&proof->status[i], standing, sizeof(standing));
        if (standing[0])
            printf("  %*s%s\n", (int)(2 * i + 3), "", lang(standing));
    }
}

static void json_standing(struct json *j, const struct hf_status *status)
{
    static const char *const standings[] = { "unasked", "good", "revoked",
                                             "unknown" };
    static const char *const sources[] = { NULL, "crl", "ocsp" };
    char until[40] = "", number[48] = "";

    if (status->standing == HF_STANDING_GOOD)
        hf_time_text(until, sizeof(until), status->until);
    hf_hex(number, sizeof(number), hf_span(status->number, status->number_len));
    json_open(j, NULL, '{');
    json_text(j, "standing", standings[status->standing]);
    json_text(j, "source", sources[status->source]);
    json_text(j, "until", until[0] ? until : NULL);
    json_text(j, "list", number[0] ? number : NULL);
    json_text(j, "why", status->why);
    json_close(j);
}

/* By whose clock, if it is not this machine's. */
static void say_time(const struct cert_verify *how)
{
    char text[40];

    if (!how->now_said)
        return;
    hf_time_text(text, sizeof(text), how->now);
    printf(lang("  as of %s (--at), not by this machine's clock\n"), text);
}

static void say_good(const struct tool *tool, const struct cert_verify *how,
                     const struct hf_verified *proof)
{
    printf("%s%s%s%s%s\n", ink(tool, stdout, INK_GOOD), lang("trusted"),
           ink(tool, stdout, INK_PLAIN), how->name ? lang(" for ") : "",
           how->name ? how->name : lang(" (no name was checked: --name)"));
    say_time(how);
    print_path(tool, proof);
}

static void say_bad(const struct tool *tool, const struct cert_verify *how,
                    const struct hf_error *error,
                    const struct hf_tried_tree *tree)
{
    char room[2 * HF_DETAIL_MAX];

    printf(lang("%snot trusted:%s %s [%s]\n"), ink(tool, stdout, INK_BAD),
           ink(tool, stdout, INK_PLAIN), lang(hf_error_text(error->code)),
           hf_error_name(error->code));
    if (error->detail[0]) {
        fputs(lang("  why  "), stdout);
        print_wrapped(stdout, lang_text(error->detail, room, sizeof(room)),
                      tool->width, 7, 7);
    }
    say_time(how);
    fputs(lang("  try  "), stdout);
    print_wrapped(stdout, lang(advice_for(error->code)), tool->width, 7, 7);
    whynot_print(tool, stdout, tree);
}

static void say_json(const struct cert_verify *how, bool good,
                     const struct hf_verified *proof,
                     const struct hf_error *error,
                     const struct hf_tried_tree *tree)
{
    struct json j;
    char text[600];

    json_start(&j, stdout, "handfast/verify/1");
    json_bool(&j, "trusted", good);
    json_text(&j, "name", how->name);
    hf_time_text(text, sizeof(text), how->now);
    json_text(&j, "now", text);
    json_text(&j, "clock", how->now_said ? "--at" : "system");
    json_open(&j, "path", '[');
    /* cppcheck-suppress nullPointer ; what is good has its proof */
    for (size_t i = 0; good && i < proof->depth; i++) {
        /* cppcheck-suppress nullPointer ; as above */
        hf_name_text(proof->path[i]->subject, text, sizeof(text));
        json_text(&j, NULL, text);
    }
    json_close(&j);
    json_open(&j, "revocation", '[');
    /* cppcheck-suppress nullPointer ; as above */
    for (size_t i = 0; good && i + 1 < proof->depth; i++)
        json_standing(&j, &proof->status[i]);
    json_close(&j);
    whynot_json(&j, tree);
    json_error(&j, error, good ? HF_EXIT_GOOD : HF_EXIT_NO);
    json_finish(&j);
}

int cert_refuse(struct tool *tool, const struct cert_verify *how,
                const struct hf_error *error)
{
    struct hf_tried_tree *none = calloc(1, sizeof(*none));

    if (!none)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    if (tool->json)
        say_json(how, false, NULL, error, none);
    else
        say_bad(tool, how, error, none);
    free(none);
    return HF_EXIT_NO;
}

/* Fetch the issuer of the certificate that has none.  True: there is one more
 * to try. */
static bool fetch_missing(const struct tool *tool, struct hf_verify *v,
                          struct certs *certs)
{
    const struct hf_cert *end = whynot_dead_end(v->tree);
    struct failure why = { .code = NULL };
    size_t before = certs->count;
    struct hf_span url;
    char text[200];

    if (!end || !hf_cert_aia(end, &url) || before >= HF_CHAIN_MAX)
        return false;
    fprintf(stderr, lang("%s: fetching the issuer from "), tool->title);
    print_safe(stderr, url.at, url.len, "");
    putc('\n', stderr);
    if (!aia_fetch(tool, url, certs, &why)) {
        fprintf(stderr, lang("%s: not to be had: %s: "), tool->title,
                lang(why.text));
        print_safe_text(stderr, why.detail);
        putc('\n', stderr);
        return false;
    }
    v->count = certs->count < HF_CHAIN_MAX ? certs->count : HF_CHAIN_MAX;
    for (size_t i = before; i < v->count; i++)
        if (hf_span_equal(certs->at[i]->subject, end->issuer))
            return true;
    hf_name_text(end->issuer, text, sizeof(text));
    fprintf(stderr, lang("%s: what came is not %s\n"), tool->title, text);
    return false;
}

static int judge(struct tool *tool, const struct cert_verify *how,
                 struct hf_verify *v, struct certs *certs)
{
    struct hf_verified proof = { 0 };
    struct hf_error error = { 0 };
    bool good = hf_verify_chain(v, &proof, &error);

    for (unsigned n = 0; !good && how->fetch && n < AIA_FETCHES_MAX &&
                         fetch_missing(tool, v, certs);
         n++) {
        hf_tried_wipe(v->tree);
        error = (struct hf_error){ 0 };
        good = hf_verify_chain(v, &proof, &error);
    }

    if (tool->json)
        say_json(how, good, &proof, &error, v->tree);
    else if (good)
        say_good(tool, how, &proof);
    else
        say_bad(tool, how, &error, v->tree);
    hf_verified_wipe(&proof);
    return good ? HF_EXIT_GOOD : HF_EXIT_NO;
}

/* What is asked if nobody says: as much as what was given can answer. */
static enum hf_revocation mode_of(const struct cert_verify *how)
{
    if (how->mode_said)
        return how->mode;
    return how->crl_file    ? HF_REVOCATION_HARD
           : how->ocsp_file ? HF_REVOCATION_LEAF
                            : HF_REVOCATION_SOFT;
}

/* With the response that came with the first, if there is one. */
static int judge_stapled(struct tool *tool, const struct cert_verify *how,
                         struct hf_verify *v, struct certs *certs)
{
    struct hf_span staples[HF_CHAIN_MAX] = { { NULL, 0 } };
    struct bytes bytes = { 0 };
    struct hf_error error = { 0 };
    int code;

    if (how->ocsp_file) {
        if (!file_read(how->ocsp_file, HF_DER_MAX, &bytes, &error))
            return error_tell(tool, HF_EXIT_USAGE, &error, NULL);
        staples[0] = bytes_span(&bytes);
        v->staples = staples;
        v->staple_asked = true;
    }
    code = judge(tool, how, v, certs);
    bytes_free(&bytes);
    return code;
}

int cert_verify(struct tool *tool, const struct cert_verify *how,
                struct certs *certs)
{
    struct hf_config *config = hf_config_new();
    struct hf_tried_tree *tree = calloc(1, sizeof(*tree));
    struct hf_peer_name name;
    int code;

    if (!config || !tree) {
        code = tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    } else if (how->name && !hf_peer_name_read(how->name, &name)) {
        code = usage_error(tool,
                           "--name: \"%s\" is neither a DNS name nor an "
                           "address",
                           how->name);
    } else if (!cert_trust(config, how->ca_file, how->ca_dir) ||
               !hf_config_open(config)) {
        const struct hf_error *error = hf_config_error(config);

        code = error_tell(tool, HF_EXIT_TRUST, error, NULL);
    } else if (how->crl_file &&
               !hf_config_add_crl_file(config, how->crl_file)) {
        code = error_tell(tool, HF_EXIT_CRL, hf_config_error(config), NULL);
    } else {
        struct hf_verify v = { .crypto = &config->settings.crypto,
                               .store = config->settings.store,
                               .chain = certs->at,
                               .count = certs->count < HF_CHAIN_MAX
                                            ? certs->count
                                            : HF_CHAIN_MAX,
                               .name = how->name ? &name : NULL,
                               .purpose = how->purpose,
                               .now = how->now,
                               .revocation = (uint8_t)mode_of(how),
                               .crls = &config->settings.crls,
                               .tree = tree };

        code = judge_stapled(tool, how, &v, certs);
        hf_tried_wipe(tree);
    }
    free(tree);
    hf_config_free(config);
    return code;
}
