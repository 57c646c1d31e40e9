/* pcap_file.c - a capture in pcapng: blocks of a type, a length, a body and the
 * length again, in little-endian order.
 *
 *   section | interface | secrets | packet | packet | secrets | packet ...
 *
 * A reader that goes through the file once needs a secret before the packet
 * that is sealed with it.  So lines of the key log wait in memory for the next
 * packet, and are written right before it.
 */
#include "base/base.h"
#include "files.h"
#include "pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 10,
    SECRETS_TLS_KEY_LOG = 0x544c534b,
    LINK_RAW = 101, /* IPv4 or IPv6, nothing before it */
    LINES_MAX = 64 * 1024
};

struct pcap {
    int fd;
    char path[256];
    int error; /* errno of the first write that failed, or 0 */
    char lines[LINES_MAX];
    size_t len; /* of lines */
};

static void put(uint8_t *at, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void write_all(struct pcap *p, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    while (len > 0 && !p->error) {
        ssize_t n = write(p->fd, at, len);

        if (n < 0 && errno != EINTR)
            p->error = errno;
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
}

/* A block of a short front, a long middle and (options) a short end. */
static void write_block(struct pcap *p, uint32_t type, struct hf_span front,
                        struct hf_span middle, struct hf_span end)
{
    static const uint8_t zeroes[4];
    size_t pad = (4 - middle.len % 4) % 4;
    size_t total = 12 + front.len + middle.len + pad + end.len;
    uint8_t head[8], tail[4];

    put(head, type, 4);
    put(head + 4, total, 4);
    put(tail, total, 4);
    write_all(p, head, sizeof(head));
    write_all(p, front.at, front.len);
    write_all(p, middle.at, middle.len);
    write_all(p, zeroes, pad);
    write_all(p, end.at, end.len);
    write_all(p, tail, sizeof(tail));
}

/* ---- options ------------------------------------------------------------------- */

struct options {
    uint8_t at[256];
    size_t len;
};

static void add_option(struct options *o, unsigned code, struct hf_span value)
{
    size_t whole = 4 + (value.len + 3) / 4 * 4;

    if (whole > sizeof(o->at) - o->len)
        return;
    memset(o->at + o->len, 0, whole);
    put(o->at + o->len, code, 2);
    put(o->at + o->len + 2, value.len, 2);
    if (value.len)
        memcpy(o->at + o->len + 4, value.at, value.len);
    o->len += whole;
}

/* ---- blocks ---------------------------------------------------------------------- */

static void write_section(struct pcap *p)
{
    enum { COMMENT = 1, APPLICATION = 4 };
    struct options o = { .len = 0 };
    uint8_t front[16];

    put(front, 0x1a2b3c4d, 4); /* the order of bytes */
    put(front + 4, 1, 2);      /* version 1.0 */
    put(front + 6, 0, 2);
    memset(front + 8, 0xff, 8); /* a length that is not known yet */
    add_option(&o, COMMENT,
               hf_span_text("bytes, addresses and times are real; TCP's own "
                            "part is made up. The keys are inside."));
    add_option(&o, APPLICATION, hf_span_text("handfast " HF_VERSION));
    add_option(&o, 0, hf_span(NULL, 0));
    write_block(p, BLOCK_SECTION, HF_SPAN(front), hf_span(NULL, 0),
                hf_span(o.at, o.len));
}

static void write_interface(struct pcap *p)
{
    enum { NAME = 2, RESOLUTION = 9 };
    static const uint8_t nano = 9;
    struct options o = { .len = 0 };
    uint8_t front[8] = { 0 };

    put(front, LINK_RAW, 2);
    add_option(&o, NAME, hf_span_text("handfast"));
    add_option(&o, RESOLUTION, hf_span(&nano, 1));
    add_option(&o, 0, hf_span(NULL, 0));
    write_block(p, BLOCK_INTERFACE, HF_SPAN(front), hf_span(NULL, 0),
                hf_span(o.at, o.len));
}

static void write_secrets(struct pcap *p)
{
    uint8_t front[8];

    if (!p->len)
        return;
    put(front, SECRETS_TLS_KEY_LOG, 4);
    put(front + 4, p->len, 4);
    write_block(p, BLOCK_SECRETS, HF_SPAN(front), hf_span(p->lines, p->len),
                hf_span(NULL, 0));
    hf_wipe(p->lines, p->len);
    p->len = 0;
}

void pcap_secret(struct pcap *p, const char *line)
{
    size_t len = strlen(line);

    if (!p || len >= sizeof(p->lines))
        return;
    if (len + 1 > sizeof(p->lines) - p->len)
        write_secrets(p);
    memcpy(p->lines + p->len, line, len);
    p->lines[p->len + len] = '\n';
    p->len += len + 1;
}

void pcap_packet(struct pcap *p, uint64_t time, const uint8_t *packet,
                 size_t len)
{
    uint8_t front[20] = { 0 };

    write_secrets(p);
    put(front + 4, time >> 32, 4);
    put(front + 8, time & UINT32_MAX, 4);
    put(front + 12, len, 4);
    put(front + 16, len, 4);
    write_block(p, BLOCK_PACKET, HF_SPAN(front), hf_span(packet, len),
                hf_span(NULL, 0));
}

uint64_t pcap_now(void)
{
    struct timespec t = { 0, 0 };

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- the file ------------------------------------------------------------------------ */

/* What is there already is overwritten, as a capture tool would; a file of ours
 * or of somebody careless becomes one that only we can read. */
static bool open_file(struct pcap *p, const char *path, struct failure *f)
{
    struct stat st;

    p->fd = file_open_writing(path, O_TRUNC);
    if (p->fd < 0)
        return fail_with(f, FAIL_WRITE, "%.200s: %s", path,
                         file_open_text(errno));
    if (fstat(p->fd, &st) == 0 && S_ISREG(st.st_mode) &&
        fchmod(p->fd, 0600) != 0)
        return fail_with(f, FAIL_WRITE, "%.200s: %s", path, lang_errno(errno));
    return true;
}

struct pcap *pcap_open(const struct tool *tool, const char *path,
                       struct failure *f)
{
    struct pcap *p = calloc(1, sizeof(*p));

    if (!p) {
        fail_with(f, FAIL_MEMORY, "%s", "");
        return NULL;
    }
    snprintf(p->path, sizeof(p->path), "%s", path);
    if (!open_file(p, path, f)) {
        if (p->fd >= 0)
            close(p->fd);
        free(p);
        return NULL;
    }
    fprintf(stderr,
            lang("%s: %s will hold the keys too: whoever has it can read "
                 "everything\n"),
            tool->title, path);
    write_section(p);
    write_interface(p);
    return p;
}

void pcap_close(struct pcap *p, struct failure *f)
{
    if (!p)
        return;
    write_secrets(p); /* of a connection that broke before it used them */
    if (close(p->fd) != 0 && !p->error)
        p->error = errno;
    if (p->error)
        fail_with(f, FAIL_WRITE, "%.200s: %s", p->path, lang_errno(p->error));
    free(p);
}
