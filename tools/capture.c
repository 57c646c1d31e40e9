/* capture.c - the packets of a capture, sorted by connection.
 *
 * A connection is a pair of addresses and ports; when the same pair calls again
 * after it was over, that is another one.  Segments stay in the order of the
 * file, in a list for each connection; their bytes stay in the file.
 */
#define HF_UNPOISONED
#include "base/base.h"
#include "capture.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 14 };

/* ---- room ------------------------------------------------------------------------ */

/* Room for one more of @size bytes in an array of @count. */
static bool grow(void **at, size_t *room, size_t count, size_t size)
{
    size_t more = *room ? 2 * *room : 64;
    void *new;

    if (count < *room)
        return true;
    new = realloc(*at, more * size);
    if (!new)
        return false;
    *at = new;
    *room = more;
    return true;
}

/* ---- which connection -------------------------------------------------------------- */

static int compare_ends(const struct capture_end *a,
                        const struct capture_end *b)
{
    int order = memcmp(a->address, b->address, sizeof(a->address));

    if (!order)
        order = a->len - b->len;
    return order ? order : a->port - b->port;
}

static bool same_end(const struct capture_end *a, const struct capture_end *b)
{
    return compare_ends(a, b) == 0;
}

static uint32_t mix(uint32_t h, const struct capture_end *end)
{
    for (unsigned i = 0; i < end->len; i++)
        h = (h ^ end->address[i]) * 16777619;
    h = (h ^ (end->port >> 8)) * 16777619;
    return (h ^ (end->port & 0xff)) * 16777619;
}

/* The same for both directions. */
static uint32_t bucket_of(const struct capture_end ends[2])
{
    unsigned first = compare_ends(&ends[0], &ends[1]) > 0;
    uint32_t h = mix(2166136261u, &ends[first]);

    h = mix(h, &ends[!first]);
    return (h ^ h >> 16) & (BUCKETS - 1);
}

/* The newest connection of this pair, if @s belongs to it.  A call with another
 * first number is a new one. */
static struct capture_stream *find(const struct capture *c,
                                   const struct capture_end ends[2],
                                   struct capture_segment *s)
{
    bool calls = (s->flags & (CAPTURE_SYN | CAPTURE_ACK)) == CAPTURE_SYN;

    for (uint32_t i = c->bucket[bucket_of(ends)]; i;) {
        struct capture_stream *stream = &c->stream[i - 1];
        bool forth = same_end(&stream->end[0], &ends[0]) &&
                     same_end(&stream->end[1], &ends[1]);
        bool back = same_end(&stream->end[0], &ends[1]) &&
                    same_end(&stream->end[1], &ends[0]);

        if (forth || back) {
            s->from = !forth;
            if (calls && (stream->closed || !stream->called || s->from ||
                          stream->isn != s->seq))
                return NULL;
            return stream;
        }
        i = stream->chain;
    }
    return NULL;
}

/* Who answers a call was called, though the call itself was not captured. */
static struct capture_stream *begin(struct capture *c,
                                    const struct capture_end ends[2],
                                    struct capture_segment *s)
{
    bool syn = s->flags & CAPTURE_SYN, answers = syn && s->flags & CAPTURE_ACK;
    uint32_t *bucket = &c->bucket[bucket_of(ends)];
    struct capture_stream *stream = &c->stream[c->streams];

    *stream = (struct capture_stream){
        .end = { ends[answers ? 1 : 0], ends[answers ? 0 : 1] },
        .called = syn && !answers,
        .greeted = syn,
        .isn = s->seq,
        .chain = *bucket,
        .began = s->time,
    };
    s->from = answers;
    *bucket = (uint32_t)++c->streams;
    return stream;
}

static bool add(struct capture *c, const struct capture_end ends[2],
                struct capture_segment *s)
{
    struct capture_stream *stream = find(c, ends, s);
    void *at = c->stream;

    if (c->segments == CAPTURE_SEGMENTS_MAX ||
        (!stream && c->streams == CAPTURE_STREAMS_MAX)) {
        c->dropped++;
        return true;
    }
    if (!stream) {
        if (!grow(&at, &c->stream_room, c->streams, sizeof(*c->stream)))
            return false;
        c->stream = at;
        stream = begin(c, ends, s);
    }
    at = c->segment;
    if (!grow(&at, &c->segment_room, c->segments, sizeof(*c->segment)))
        return false;
    c->segment = at;
    c->segment[c->segments++] = *s;
    if (stream->last)
        c->segment[stream->last - 1].next = (uint32_t)c->segments;
    else
        stream->first = (uint32_t)c->segments;
    stream->last = (uint32_t)c->segments;
    stream->segments++;
    stream->closed |= (s->flags & (CAPTURE_FIN | CAPTURE_RST)) != 0;
    return true;
}

/* ---- the file -------------------------------------------------------------------------- */

static bool take_packet(struct capture *c, const struct capture_item *item)
{
    struct capture_end ends[2];
    struct capture_segment s;
    enum capture_class class = capture_packet(item, ends, &s);

    c->class[class]++;
    s.number = ++c->packets < UINT32_MAX ? (uint32_t)c->packets : UINT32_MAX;
    return class != CAPTURE_TCP || add(c, ends, &s);
}

bool capture_read(struct capture *c, struct hf_span bytes)
{
    struct capture_file *file = calloc(1, sizeof(*file));
    struct capture_item item;
    enum capture_kind kind;
    bool good;

    c->bucket = calloc(BUCKETS, sizeof(*c->bucket));
    good = file && c->bucket;
    if (good)
        capture_file_open(file, bytes);
    while (good && (kind = capture_file_next(file, &item)) != CAPTURE_END) {
        size_t before = c->keys.count;

        if (kind == CAPTURE_PACKET)
            good = take_packet(c, &item);
        else
            good = capture_keys_add(&c->keys, item.bytes);
        c->inside += c->keys.count - before;
    }
    if (file) {
        c->pcapng = file->pcapng;
        c->fault = file->fault;
        c->fault_at = file->fault_at;
    }
    free(file);
    return good;
}

void capture_wipe(struct capture *c)
{
    capture_keys_wipe(&c->keys);
    free(c->stream);
    free(c->segment);
    free(c->bucket);
    *c = (struct capture){ .streams = 0 };
}
