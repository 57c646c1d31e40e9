/* limits.c - records smaller than the protocol allows, for peers with little
 * memory: record_size_limit (RFC 8449), where each end says what it takes, and
 * max_fragment_length (RFC 6066 4), the older one, where a client asks for one
 * length in both directions.  Who speaks both hears only the first.
 *
 *   what      counts                               in force
 *   RFC 8449  TLS 1.3: content, type, padding      under keys
 *             TLS 1.2: content
 *   RFC 6066  content                              TLS 1.2: from ServerHello on,
 *                                                  in the clear too
 */
#include "handshake/verbs.h"

enum { LEAST_LIMIT = 64, FRAGMENT_SHIFT = 8, FRAGMENT_CODES = 4 };

/* The protocol's own: "in TLS 1.3, the limit includes the content type". */
static unsigned most_of(unsigned version)
{
    return version == HF_TLS13 ? HF_PLAINTEXT_MAX + 1 : HF_PLAINTEXT_MAX;
}

/* What we say; who never set it, and is asked, takes all there is. */
static unsigned own_limit(const struct hf_settings *set, unsigned version)
{
    unsigned most = most_of(version);

    return set->record_limit && set->record_limit < most ? set->record_limit
                                                         : most;
}

static struct hf_limit from_limit(unsigned limit, unsigned version)
{
    unsigned most = most_of(version);

    if (limit > most)
        limit = most;
    return (struct hf_limit){ .most = (uint16_t)(version == HF_TLS13 ? limit - 1
                                                                     : limit),
                              .whole = true };
}

static void say_limits(const struct hf_session *s)
{
    char text[96];

    if (!hf_watched(s))
        return;
    hf_format(text, sizeof(text), "%u bytes to the peer, %u from it",
              (unsigned)s->out_limit.most, (unsigned)s->in_limit.most);
    hf_decided(s, HF_EV_RECORD_LIMIT, true, NULL, text, NULL);
}

/* ---- in force ----------------------------------------------------------------------- */

void hf_limits_install(struct hf_session *s, bool sending, enum hf_epoch epoch)
{
    struct hf_direction *d = sending ? &s->out : &s->in;

    if (epoch == HF_EARLY_DATA && !sending)
        return; /* sealed before our limit was known */
    d->limit = sending ? s->out_limit : s->in_limit;
    if (sending)
        d->pad = epoch == HF_HANDSHAKE ? s->settings->pad_handshake
                                       : s->settings->pad_data;
}

/* Agreed on a limit of the older kind: it counts from here on. */
static void use_fragment(struct hf_session *s, unsigned code)
{
    s->in_limit.most = (uint16_t)(1u << (FRAGMENT_SHIFT + code));
    s->out_limit = s->in_limit;
    s->in.limit = s->in_limit;
    s->out.limit = s->out_limit;
    say_limits(s);
}

void hf_limits_settle(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_offer *offer = &hs->offer;

    if (!offer->record_limit)
        return;
    s->out_limit = from_limit(offer->record_limit, s->version);
    s->in_limit = from_limit(own_limit(hs->settings, s->version), s->version);
    say_limits(s);
}

void hf_limits_begin(struct hf_handshake *hs)
{
    if (hs->offer.max_fragment)
        use_fragment(hs->session, hs->offer.max_fragment);
}

/* ---- record_size_limit (RFC 8449 4) --------------------------------------------------- */

bool hf_write_record_limit(struct hf_handshake *hs, enum hf_place place,
                           struct hf_writer *w)
{
    const struct hf_settings *set = hs->settings;
    struct hf_record_size_limit mine;

    if (place == HF_CH ? !set->record_limit : !hs->offer.record_limit)
        return false;
    mine.limit = (uint16_t)own_limit(
        set, place == HF_CH ? set->max_version : hs->session->version);
    hf_wire_write_ext(hf_record_size_limit, w, HF_EXT_record_size_limit, place,
                      &mine);
    return true;
}

static bool read_limit(struct hf_handshake *hs,
                       const struct hf_extensions *block, unsigned *limit)
{
    struct hf_record_size_limit theirs;

    if (!hf_ext_body(hs, hf_record_size_limit, block, HF_EXT_record_size_limit,
                     &theirs))
        return false;
    *limit = theirs.limit;
    return theirs.limit >= LEAST_LIMIT ||
           hf_fail(hs->error, HF_E_ILLEGAL,
                   "a record size limit of %u bytes; %u is the least", *limit,
                   (unsigned)LEAST_LIMIT);
}

/* "A server MUST NOT enforce this restriction": what is more than the protocol's
 * own limit may mean something to others. */
bool hf_read_record_limit(struct hf_handshake *hs, enum hf_place place,
                          const struct hf_extensions *block)
{
    unsigned limit;

    (void)place;
    if (!read_limit(hs, block, &limit))
        return false;
    hs->offer.record_limit = (uint16_t)limit;
    return true;
}

bool hf_read_record_limit_answer(struct hf_handshake *hs, enum hf_place place,
                                 const struct hf_extensions *block)
{
    struct hf_session *s = hs->session;
    unsigned limit, version = place == HF_EE ? HF_TLS13 : HF_TLS12;

    if (!read_limit(hs, block, &limit))
        return false;
    if (limit > most_of(version))
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "a record size limit of %u bytes; %u is the most", limit,
                       most_of(version));
    s->out_limit = from_limit(limit, version);
    s->in_limit = from_limit(own_limit(hs->settings, version), version);
    if (place == HF_EE) { /* the keys are in use already */
        s->in.limit = s->in_limit;
        s->out.limit = s->out_limit;
    }
    say_limits(s);
    return true;
}

/* ---- max_fragment_length (RFC 6066 4) ---------------------------------------------------- */

bool hf_write_max_fragment(struct hf_handshake *hs, enum hf_place place,
                           struct hf_writer *w)
{
    struct hf_max_fragment_length mine = { place == HF_CH
                                               ? hs->settings->max_fragment
                                               : hs->offer.max_fragment };

    if (!mine.length)
        return false;
    hf_wire_write_ext(hf_max_fragment_length, w, HF_EXT_max_fragment_length,
                      place, &mine);
    return true;
}

/* RFC 8449 5: "MUST ignore" it where there is the newer one. */
bool hf_read_max_fragment(struct hf_handshake *hs, enum hf_place place,
                          const struct hf_extensions *block)
{
    struct hf_max_fragment_length theirs;

    (void)place;
    if (block->present & HF_BIT(record_size_limit))
        return true;
    if (!hf_ext_body(hs, hf_max_fragment_length, block,
                     HF_EXT_max_fragment_length, &theirs))
        return false;
    hs->offer.max_fragment = theirs.length;
    return (theirs.length && theirs.length <= FRAGMENT_CODES) ||
           hf_fail(hs->error, HF_E_ILLEGAL,
                   "a fragment length with the number %u",
                   (unsigned)theirs.length);
}

bool hf_read_max_fragment_answer(struct hf_handshake *hs, enum hf_place place,
                                 const struct hf_extensions *block)
{
    struct hf_max_fragment_length theirs;

    (void)place;
    if (!hf_ext_body(hs, hf_max_fragment_length, block,
                     HF_EXT_max_fragment_length, &theirs))
        return false;
    if (block->present & HF_BIT(record_size_limit))
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "both record_size_limit and max_fragment_length");
    if (theirs.length != hs->settings->max_fragment)
        return hf_fail(hs->error, HF_E_ILLEGAL,
                       "the fragment length with the number %u, not %u",
                       (unsigned)theirs.length,
                       (unsigned)hs->settings->max_fragment);
    use_fragment(hs->session, theirs.length);
    return true;
}
