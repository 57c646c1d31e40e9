/* issue_broken.c - the ways in which a certificate is made wrong: their rows,
 * who issues them, and what is done to the finished one. */
#include "issue_parts.h"

#include <string.h>

static const struct broken_row broken_rows[ISSUE_BROKEN_KINDS] = {
    [ISSUE_SOUND] = { "sound", "ok", "nothing is wrong" },
#define BROKEN(id, name, dotted, text) [ISSUE_##id] = { name, dotted, text },
#include "broken.def"
#undef BROKEN
};

const struct broken_row *issue_broken_row(enum issue_broken kind)
{
    return &broken_rows[kind < ISSUE_BROKEN_KINDS ? kind : ISSUE_SOUND];
}

enum issue_broken issue_broken_by_name(const char *name)
{
    for (unsigned i = ISSUE_SOUND + 1; i < ISSUE_BROKEN_KINDS; i++)
        if (strcmp(broken_rows[i].name, name) == 0)
            return (enum issue_broken)i;
    return ISSUE_SOUND;
}

/* ---- issuers ---------------------------------------------------------------- */

const struct issue_bent issue_straight = { .name = "handfast intermediate",
                                           .ca = true,
                                           .path_len = -1 };

/* Who issues what is wrong because of its issuer. */
static const struct issue_bent bents[ISSUE_BROKEN_KINDS] = {
    [ISSUE_NO_CA_BIT] = { .name = "handfast: not an authority",
                          .path_len = -1 },
    [ISSUE_CONSTRAINT] = { .name = "handfast: elsewhere.test only",
                           .ca = true,
                           .path_len = -1,
                           .only = "elsewhere.test" },
    [ISSUE_PATH_LENGTH] = { .name = "handfast: nobody below", .ca = true },
    [ISSUE_OLD_ISSUER] = { .name = "handfast: until yesterday",
                           .ca = true,
                           .path_len = -1,
                           .expired = true },
    [ISSUE_NO_SIGN] = { .name = "handfast: lists only",
                        .ca = true,
                        .path_len = -1,
                        .no_sign = true },
    [ISSUE_ISSUER_EKU] = { .name = "handfast: e-mail only",
                           .ca = true,
                           .path_len = -1,
                           .mail_only = true },
    [ISSUE_NO_CHAIN] = { .name = "handfast intermediate",
                         .ca = true,
                         .path_len = -1 },
};

const struct issue_bent *issue_bent_of(enum issue_broken kind)
{
    return &bents[kind];
}

/* ---- afterwards ------------------------------------------------------------- */

/* Flip one bit of the signature.  That of ECDSA is itself DER: its last byte
 * is the end of a number, so the form stays and only the proof breaks. */
bool issue_flip_signature(struct issued *it)
{
    uint8_t *der = NULL;
    int len = i2d_X509(it->cert, &der);
    const uint8_t *at = der;
    X509 *flipped = NULL;

    if (len > 0) {
        der[len - 1] ^= 1;
        flipped = d2i_X509(NULL, &at, len);
        OPENSSL_free(der);
    }
    if (!flipped)
        return false;
    X509_free(it->cert);
    it->cert = flipped;
    return true;
}
