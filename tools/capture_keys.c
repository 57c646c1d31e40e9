/* capture_keys.c - secrets out of a key log, the format that SSLKEYLOGFILE made
 * common:
 *
 *     LABEL client_random(64 digits) secret(hex)
 *
 * Lines that begin with '#' are comments.  Labels that open no records
 * (exporters) are passed over; lines that are none at all are counted, so that
 * somebody who gave the wrong file is told.
 */
#define HF_UNPOISONED
#include "base/base.h"
#include "capture.h"

#include <stdlib.h>
#include <string.h>

static const char *const labels[LABELS] = {
    [LABEL_CLIENT_RANDOM] = "CLIENT_RANDOM",
    [LABEL_CLIENT_EARLY] = "CLIENT_EARLY_TRAFFIC_SECRET",
    [LABEL_CLIENT_HANDSHAKE] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    [LABEL_SERVER_HANDSHAKE] = "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    [LABEL_CLIENT_TRAFFIC] = "CLIENT_TRAFFIC_SECRET_0",
    [LABEL_SERVER_TRAFFIC] = "SERVER_TRAFFIC_SECRET_0",
};

/* The word at the front of *text, which moves behind it. */
static struct hf_span take_word(struct hf_span *text)
{
    struct hf_span word;
    size_t n = 0;

    while (text->len && (*text->at == ' ' || *text->at == '\t'))
        *text = hf_span_after(*text, 1);
    while (n < text->len && text->at[n] > ' ')
        n++;
    word = hf_span_first(*text, n);
    *text = hf_span_after(*text, n);
    return word;
}

static struct hf_span take_line(struct hf_span *text)
{
    const uint8_t *end = memchr(text->at, '\n', text->len);
    size_t n = end ? (size_t)(end - text->at) : text->len;
    struct hf_span line = hf_span_first(*text, n);

    *text = hf_span_after(*text, end ? n + 1 : n);
    return line;
}

static bool make_room(struct capture_keys *k)
{
    size_t room = k->room ? 2 * k->room : 64;
    struct capture_secret *more;

    if (k->count < k->room)
        return true;
    more = calloc(room, sizeof(*more));
    if (!more)
        return false;
    if (k->count)
        memcpy(more, k->at, k->count * sizeof(*more));
    hf_wipe(k->at, k->count * sizeof(*more));
    free(k->at);
    k->at = more;
    k->room = room;
    return true;
}

/* A line; false if it is none of a key log. */
static bool read_line(struct hf_span line, struct capture_secret *out)
{
    struct hf_span label = take_word(&line), random = take_word(&line);
    struct hf_span secret = take_word(&line);
    size_t random_len = 0, len = 0;

    if (random.len != 64 || secret.len > 2 * HF_HASH_MAX ||
        !hf_unhex(random, out->random, 32, &random_len) || random_len != 32 ||
        !hf_unhex(secret, out->secret, HF_HASH_MAX, &len) || !len)
        return false;
    out->len = (uint8_t)len;
    for (out->label = 0; out->label < LABELS; out->label++)
        if (hf_span_equal(label, hf_span_text(labels[out->label])))
            break;
    return true;
}

bool capture_keys_add(struct capture_keys *k, struct hf_span text)
{
    while (text.len) {
        struct hf_span line = take_line(&text), look = line;
        struct capture_secret secret = { .len = 0 };

        if (!take_word(&look).len || line.at[0] == '#')
            continue;
        if (!read_line(line, &secret)) {
            k->foreign++;
        } else if (secret.label < LABELS && k->count < CAPTURE_SECRETS_MAX) {
            if (!make_room(k))
                return false;
            k->at[k->count++] = secret;
        }
        hf_wipe(&secret, sizeof(secret));
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct capture_secret *one = a, *other = b;
    int order = memcmp(one->random, other->random, 32);

    return order ? order : one->label - other->label;
}

void capture_keys_sort(struct capture_keys *k)
{
    if (k->count)
        qsort(k->at, k->count, sizeof(*k->at), compare);
    k->connections = 0;
    for (size_t i = 0; i < k->count; i++)
        k->connections += !i ||
                          memcmp(k->at[i].random, k->at[i - 1].random, 32) != 0;
}

const struct capture_secret *capture_keys_find(const struct capture_keys *k,
                                               const uint8_t random[32],
                                               enum capture_label label)
{
    struct capture_secret wanted = { .label = (uint8_t)label };

    memcpy(wanted.random, random, 32);
    if (!k->count)
        return NULL;
    return bsearch(&wanted, k->at, k->count, sizeof(*k->at), compare);
}

bool capture_keys_know(const struct capture_keys *k, const uint8_t random[32])
{
    for (unsigned label = 0; label < LABELS; label++)
        if (capture_keys_find(k, random, (enum capture_label)label))
            return true;
    return false;
}

void capture_keys_wipe(struct capture_keys *k)
{
    hf_wipe(k->at, k->count * sizeof(*k->at));
    free(k->at);
    *k = (struct capture_keys){ .count = 0 };
}
