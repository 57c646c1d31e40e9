/* setup.c - options -> config.  What the library does not have ends the test
 * as unimplemented here, before anything is sent. */
#include "shim.h"

#include "base/base.h" /* for base64 */

#include <stdio.h>
#include <string.h>

enum { WEAK_RSA = 1024 };

struct hf_span shim_read_file(const char *path, uint8_t *room, size_t cap)
{
    FILE *file = fopen(path, "rb");
    size_t len = 0;

    if (file) {
        len = fread(room, 1, cap, file);
        if (len == cap || ferror(file))
            len = 0;
        fclose(file);
    }
    return (struct hf_span){ room, len };
}

static enum shim_status refused(struct hf_config *config)
{
    const struct hf_error *e = hf_config_error(config);

    fprintf(stderr, "config: %s: %s (%s)\n", hf_error_name(e->code),
            hf_error_text(e->code), e->detail);
    return SHIM_FAILED;
}

/* ---- what both sides must have ------------------------------------------------------ */

static bool has_group(unsigned number)
{
    for (size_t i = 0; hf_libcrypto.groups[i]; i++)
        if (hf_libcrypto.groups[i]->group == number)
            return true;
    return false;
}

static bool has_scheme(unsigned number)
{
    for (size_t i = 0; hf_libcrypto.signatures[i]; i++)
        if (hf_libcrypto.signatures[i]->scheme == number)
            return true;
    return false;
}

static enum shim_status check_numbers(const struct shim_options *o,
                                      const struct shim_numbers *list,
                                      bool (*has)(unsigned), const char *why)
{
    char text[32];

    for (unsigned i = 0; i < list->count; i++)
        if (!has(list->at[i])) {
            snprintf(text, sizeof(text), "0x%04x", (unsigned)list->at[i]);
            return shim_lacks(o, text, why);
        }
    return SHIM_OK;
}

static enum shim_status check_lists(const struct shim_options *o)
{
    static const char group[] = "a group that we do not have";
    static const char scheme[] = "a signature scheme that we do not have";
    enum shim_status status = check_numbers(o, &o->curves, has_group, group);

    if (!status)
        status = check_numbers(o, &o->key_shares, has_group, group);
    if (!status)
        status = check_numbers(o, &o->verify_prefs, has_scheme, scheme);
    for (unsigned i = 0; !status && i <= o->credential_count; i++)
        status = check_numbers(o, &o->credentials[i].signing_prefs, has_scheme,
                               scheme);
    return status;
}

/* ---- versions --------------------------------------------------------------------------- */

/* The newest and the oldest that the flags leave; TLS 1.0 and 1.1 are never
 * had, and leaving them out is what the flags would do anyway. */
static enum shim_status set_versions(const struct shim_options *o,
                                     struct hf_config *config)
{
    const bool off[] = { o->no_tls12, o->no_tls13 };
    unsigned min = 0, max = 0;

    for (unsigned v = HF_TLS12; v <= HF_TLS13; v++) {
        if (off[v - HF_TLS12] || (o->max_version && v > o->max_version) ||
            v < o->min_version)
            continue;
        min = min ? min : v;
        max = v;
    }
    if (!max)
        return shim_lacks(o, "a version below TLS 1.2", "no TLS 1.0 or 1.1");
    return hf_config_set_versions(config, min, max)
               ? SHIM_OK
               : shim_lacks(o, "a version below TLS 1.3", "not yet: TLS 1.2");
}

/* ---- lists -------------------------------------------------------------------------------- */

static bool is_hybrid(unsigned group)
{
    for (size_t i = 0; hf_libcrypto.groups[i]; i++)
        if (hf_libcrypto.groups[i]->group == group)
            return hf_libcrypto.groups[i]->part != NULL;
    return false;
}

static const uint16_t *ended(struct shim_numbers *list)
{
    list->at[list->count < NUMBERS ? list->count : NUMBERS - 1] = 0;
    return list->at;
}

/* BoringSSL's: of the first group, and of the first of the other kind. */
static struct shim_numbers usual_shares(const struct shim_numbers *curves)
{
    struct shim_numbers shares = { .at = { curves->at[0] }, .count = 1 };

    for (unsigned i = 1; i < curves->count && shares.count == 1; i++)
        if (is_hybrid(curves->at[i]) != is_hybrid(curves->at[0]))
            shares.at[shares.count++] = curves->at[i];
    return shares;
}

static bool set_groups(const struct shim_options *o, struct hf_config *config)
{
    static const uint16_t none[] = { 0 };
    struct shim_numbers curves = o->curves, shares = o->key_shares;

    if (curves.count && !hf_config_set_groups(config, ended(&curves)))
        return false;
    if (curves.count && !shares.count)
        shares = usual_shares(&curves);
    if (o->no_key_shares)
        return hf_config_set_shares(config, none);
    return !shares.count || hf_config_set_shares(config, ended(&shares));
}

static void add_once(struct shim_numbers *list, unsigned number)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->at[i] == number)
            return;
    if (number && list->count < NUMBERS - 1)
        list->at[list->count++] = (uint16_t)number;
}

/* Suites of TLS 1.2 by name, most wanted first; BoringSSL does not let those of
 * TLS 1.3 be chosen.  OpenSSL's language of aliases, exclusions and equal ranks
 * is not spoken here. */
static enum shim_status set_suites(const struct shim_options *o,
                                   struct hf_config *config)
{
    static const uint16_t tls13[] = { 0x1301, 0x1302, 0x1303 };
    struct shim_numbers list = { .count = 0 };
    const char *at = o->cipher;
    char name[64];

    if (!at)
        return SHIM_OK;
    for (size_t i = 0; i < 3; i++)
        add_once(&list, tls13[i]);
    while (*at) {
        size_t len = strcspn(at, ":");
        unsigned number;

        snprintf(name, sizeof(name), "%.*s", (int)len, at);
        number = hf_suite_number(name);
        if (!number)
            return shim_lacks(o, o->cipher, "interface: suites by name only");
        add_once(&list, number);
        at += len;
        at += *at == ':';
    }
    return hf_config_set_suites(config, ended(&list))
               ? SHIM_OK
               : shim_lacks(o, o->cipher, "a cipher suite that we do not have");
}

/* Who is told what to sign with, or what to accept, does the other as ever. */
static enum shim_status set_schemes(const struct shim_options *o,
                                    struct hf_config *config)
{
    const struct shim_credential *cred = &o->credentials[o->credential_count];
    struct shim_numbers prefs = cred->signing_prefs, verify = o->verify_prefs;
    /* What BoringSSL accepts by itself. */
    static const uint16_t accepted[] = { 0x0403, 0x0804, 0x0401, 0x0503, 0x0805,
                                         0x0501, 0x0806, 0x0601, 0 };
    const uint16_t *usual = hf_policy_find("default")->schemes;

    for (unsigned i = 0; i < o->credential_count; i++)
        if (o->credentials[i].signing_prefs.count)
            return shim_lacks(o, "-signing-prefs of several credentials",
                              "interface: schemes are not tied to a key");
    return hf_config_set_signatures(config,
                                    prefs.count ? ended(&prefs) : usual) &&
                   hf_config_set_verify_signatures(
                       config, verify.count ? ended(&verify) : accepted)
               ? SHIM_OK
               : refused(config);
}

/* A wire-format list of names, or one name. */
static enum shim_status set_protocols(const struct shim_options *o,
                                      struct hf_config *config)
{
    static const char *const never[] = { "a protocol that nobody has", NULL };
    const char *one[] = { o->select_alpn, NULL };
    const char *names[16] = { NULL }, *at = o->advertise_alpn;
    char room[256] = "", *to = room;
    size_t count = 0;

    if (o->server && o->reject_alpn)
        return hf_config_set_protocols(config, never) ? SHIM_OK
                                                      : refused(config);
    if (o->server && o->select_alpn)
        return hf_config_set_protocols(config, one) ? SHIM_OK : refused(config);
    if (o->server || !at)
        return SHIM_OK;
    while (*at) {
        size_t len = (uint8_t)*at++;

        if (!len || len > strlen(at) || count == 15 ||
            len >= sizeof(room) - (size_t)(to - room))
            return shim_lacks(o, "-advertise-alpn",
                              "interface: names as C strings");
        memcpy(to, at, len);
        names[count++] = to;
        to += len;
        *to++ = '\0';
        at += len;
    }
    return hf_config_set_protocols(config, names) ? SHIM_OK : refused(config);
}

/* ---- who we are, whom we trust ---------------------------------------------------------------- */

static bool add_timestamps(const struct shim_credential *cred,
                           struct hf_config *config)
{
    static uint8_t list[FILE_MAX];
    const char *text = cred->timestamps;
    size_t len;

    if (!text)
        return true;
    return hf_unbase64((struct hf_span){ (const uint8_t *)text, strlen(text) },
                       list, sizeof(list), &len) &&
           hf_config_add_scts(config, (struct hf_span){ list, len });
}

static enum shim_status add_credential(const struct shim_options *o,
                                       const struct shim_credential *cred,
                                       struct hf_config *config)
{
    static uint8_t chain[FILE_MAX], key[FILE_MAX];

    if (!shim_add_psk(cred, config))
        return refused(config);
    if (!cred->cert_file || !cred->key_file)
        return SHIM_OK;
    return shim_add_keypair(
               o, config, shim_read_file(cred->cert_file, chain, sizeof(chain)),
               shim_read_file(cred->key_file, key, sizeof(key))) &&
                   add_timestamps(cred, config) &&
                   (o->decline_ocsp_callback ||
                    shim_staple(config, cred->ocsp_response))
               ? SHIM_OK
               : refused(config);
}

/* The default one stands behind the others, as it does in BoringSSL. */
static enum shim_status add_credentials(const struct shim_options *o,
                                        struct hf_config *config)
{
    enum shim_status status = SHIM_OK;

    for (unsigned i = 1; !status && i <= o->credential_count; i++)
        status = add_credential(o, &o->credentials[i], config);
    return status ? status : add_credential(o, &o->credentials[0], config);
}

/* A client verifies for real whenever it is told a root, although BoringSSL's
 * would not: so the chains of all tests go through our verification. */
bool shim_enforces(const struct shim_options *o)
{
    return o->use_custom_verify_callback || o->verify_peer ||
           o->require_any_client_certificate ||
           (!o->server && !o->verify_fail && o->trust_cert[0]);
}

/* Whose OCSP response is not to be accepted, for him the library refuses it: it
 * is none; or that none comes. */
static bool refuses_staple(const struct shim_options *o)
{
    return !o->server && o->fail_ocsp_callback;
}

/* A server leaves the verdict to the library where it can: a client that the
 * application judges is never resumed.  Who is resumed is not shown to the
 * application, whatever it would say now. */
bool shim_asks_verify(const struct shim_options *o)
{
    if (o->server && (!o->verify_fail || (o->again && o->trust_cert[0])) &&
        (!o->use_custom_verify_callback || o->trust_cert[0]))
        return false;
    if (refuses_staple(o))
        return false;
    return shim_enforces(o) || o->verify_fail || o->expect_verify_result;
}

/* In the order of the sets, so that the anchors of all connections are the
 * same. */
static bool trust_others(const struct shim_options *o, struct hf_config *config)
{
    static uint8_t anchors[FILE_MAX];

    for (unsigned i = 0; o->enable_early_data && !o->server && i < 3; i++)
        if (o->trust_all[i][0] &&
            !hf_config_trust(config, shim_read_file(o->trust_all[i], anchors,
                                                    sizeof(anchors))))
            return false;
    return true;
}

static bool set_trust(const struct shim_options *o, struct hf_config *config)
{
    static uint8_t anchors[FILE_MAX];
    enum hf_client_auth auth = o->verify_peer ? HF_CLIENT_AUTH_OPTIONAL
                               : o->require_any_client_certificate
                                   ? HF_CLIENT_AUTH_REQUIRED
                                   : HF_CLIENT_AUTH_NONE;

    if (!hf_config_insecure_no_name_check(config) ||
        !hf_config_set_min_rsa(config, WEAK_RSA) ||
        !hf_config_set_client_auth(config, auth))
        return false;
    if (!shim_asks_verify(o) && !refuses_staple(o) &&
        (!o->server || !o->trust_cert[0]))
        return hf_config_insecure_no_verify(config);
    return !o->trust_cert[0] ||
           (hf_config_trust(config, shim_read_file(o->trust_cert, anchors,
                                                   sizeof(anchors))) &&
            trust_others(o, config));
}

/* ---- all of it ------------------------------------------------------------------------------------ */

static bool set_questions(const struct shim_options *o,
                          struct hf_config *config)
{
    unsigned kinds = (shim_asks_verify(o) ? HF_ASK_VERIFY : 0U) |
                     (o->server ? HF_ASK_CONFIG : 0U) |
                     (o->async ? HF_ASK_SIGN | HF_ASK_DECRYPT : 0U);

    return hf_config_set_questions(config, kinds);
}

static bool set_shape(const struct shim_options *o, struct hf_config *config)
{
    return hf_config_set_grease(config, o->server || o->enable_grease) &&
           hf_config_set_permute(config, o->permute_extensions) &&
           (!refuses_staple(o) ||
            hf_config_set_revocation(config, HF_REVOCATION_LEAF)) &&
           (o->server || hf_config_ask_staple(config, o->enable_ocsp_stapling));
}

enum shim_status shim_setup(struct shim *s)
{
    const struct shim_options *o = s->o;
    enum shim_status status = check_lists(o);
    struct hf_config *config;

    if (status)
        return status;
    shim_forget_keys();
    config = s->config = hf_config_new();
    if (!config)
        return SHIM_FAILED;
    /* All that we have; some tests are about RSA key transport. */
    if (!hf_config_set_provider(config, shim_provider()) ||
        !hf_config_set_policy(config, "classic") ||
        !shim_set_compression(o, config) ||
        !hf_config_ask_scts(config, o->enable_signed_cert_timestamps))
        return refused(config);
    status = set_versions(o, config);
    if (!status)
        status = set_suites(o, config);
    if (!status)
        status = set_schemes(o, config);
    if (!status)
        status = shim_follow(o, config);
    if (!status)
        status = set_protocols(o, config);
    if (!status)
        status = add_credentials(o, config);
    if (status)
        return status;
    return shim_send_names(s) && shim_remember(s) &&
                   shim_set_early(o, config) && set_groups(o, config) &&
                   set_shape(o, config) &&
                   hf_config_require_psk(config, shim_requires_psk(o)) &&
                   set_trust(o, config) && set_questions(o, config) &&
                   hf_config_freeze(config)
               ? SHIM_OK
               : refused(config);
}
