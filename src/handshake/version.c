/* version.c - which version: chosen, refused in words, or lowered by somebody on
 * the way.
 *
 * supported_versions decides alone where it is present; where it is not, the
 * old field says TLS 1.2 or less.  A server that could have done better marks
 * its random, which nobody can change unnoticed (RFC 8446 4.1.3). */
#include "handshake/psk.h"

/* RFC 8446 4.2.1: supported_versions decides alone where it is present. */
unsigned hf_negotiate_version(const struct hf_settings *s, unsigned least,
                              struct hf_span versions, unsigned legacy)
{
    for (unsigned v = s->max_version; v >= least; v--) {
        if (versions.at ? hf_listed(versions, v) : v < HF_TLS13 && legacy >= v)
            return v;
    }
    return 0;
}

/* ---- refusals ------------------------------------------------------------------- */

/* What a range of ours is called. */
static const char *ours_in_words(const struct hf_handshake *hs)
{
    const struct hf_settings *s = hs->settings;

    if (hf_least_version(s, hs->session->role) != s->max_version)
        return "TLS 1.2 and TLS 1.3";
    return s->max_version == HF_TLS13 ? "TLS 1.3 only" : "TLS 1.2 only";
}

/* The oldest and the newest version that the client lists. */
static void listed_versions(struct hf_span list, unsigned *least,
                            unsigned *most)
{
    uint32_t number;

    *least = *most = 0;
    while (hf_wire_next_number(2, &list, &number)) {
        if (number >> 8 != 3)
            continue; /* GREASE, a draft */
        if (!*least || number < *least)
            *least = number;
        if (number > *most)
            *most = number;
    }
}

/* What the client offers, in words. */
bool hf_no_version(struct hf_handshake *hs)
{
    const struct hf_offer *offer = &hs->offer;
    const char *ours = ours_in_words(hs);
    unsigned least = 0, most = offer->hello.legacy_version;
    char words[HF_VERSION_WORDS];

    if (offer->versions.at)
        listed_versions(offer->versions, &least, &most);
    hf_wire_version_words(words, most);
    if (offer->versions.at && !most)
        return hf_fail(hs->error, HF_E_NO_VERSION,
                       "the client lists no version that anybody knows; we "
                       "accept %s",
                       ours);
    if (offer->versions.at && least > hs->settings->max_version) {
        hf_wire_version_words(words, least);
        return hf_fail(hs->error, HF_E_NO_VERSION,
                       "the client offers nothing older than %s; we accept %s",
                       words, ours);
    }
    if (!offer->versions.at && most >= HF_TLS13)
        return hf_fail(hs->error, HF_E_NO_VERSION,
                       "the client offers %s in legacy_version, which means "
                       "TLS 1.2 at most; we accept %s",
                       words, ours);
    return hf_fail(hs->error, HF_E_NO_VERSION,
                   "the client offers at most %s; we accept %s", words, ours);
}

/* ---- a ServerHello that is not of TLS 1.3 ----------------------------------------- */

static const uint8_t downgrade_12[8] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 1 };
static const uint8_t downgrade_11[8] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 0 };

/* Does the random say that the server would have done better (RFC 8446
 * 4.1.3)?  A client of TLS 1.2 looks for the second mark only, and only if less
 * than TLS 1.2 was chosen. */
static bool warned(const struct hf_settings *set,
                   const struct hf_server_hello_12 *sh)
{
    const uint8_t *end = sh->random + 24;

    if (set->max_version >= HF_TLS13 && hf_equal(end, downgrade_12, 8))
        return true;
    return (set->max_version >= HF_TLS13 || sh->server_version < HF_TLS12) &&
           hf_equal(end, downgrade_11, 8);
}

static bool refuse_version(struct hf_handshake *hs, unsigned version)
{
    const char *ours = ours_in_words(hs);
    char words[HF_VERSION_WORDS];

    hf_wire_version_words(words, version);
    if (version >= HF_TLS13)
        return hf_fail(hs->error, HF_E_NO_VERSION,
                       "the server chose %s by the old field, which cannot "
                       "say more than TLS 1.2; we offer %s",
                       words, ours);
    return hf_fail(hs->error, HF_E_NO_VERSION,
                   "the server chose %s; we offer %s", words, ours);
}

bool hf_check_older(struct hf_handshake *hs,
                    const struct hf_server_hello_12 *sh)
{
    const struct hf_settings *set = hs->settings;
    char words[HF_VERSION_WORDS];

    if (warned(set, sh)) {
        hf_decided(hs->session, HF_EV_DOWNGRADE, false,
                   "the server's random carries the warning", NULL, NULL);
        hf_wire_version_words(words, sh->server_version);
        return hf_fail(hs->error, HF_E_DOWNGRADE,
                       "the server can do %s and was made to answer with %s",
                       hf_version_name(set->max_version), words);
    }
    return (sh->server_version == HF_TLS12 &&
            hf_least_version(set, HF_CLIENT) == HF_TLS12) ||
           refuse_version(hs, sh->server_version);
}
