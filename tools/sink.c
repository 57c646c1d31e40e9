/* sink.c - where the bytes of an answer go: standard output, a file, a JSON
 * document.
 *
 * A terminal gets text only: binary is refused as curl does, and control
 * characters, which could do anything to it, are shown by number.  "-o -" says
 * that they are meant.
 */
#include "get.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { CAPTURE_MAX = 1024 * 1024 };

static bool to_file(struct sink *sink, struct hf_span bytes, struct failure *f)
{
    if (sink->fd < 0)
        sink->fd = open(sink->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                        0666);
    if (sink->fd < 0)
        return fail_with(f, FAIL_WRITE, "%.200s: %s", sink->path,
                         lang_errno(errno));
    while (bytes.len > 0) {
        ssize_t n = write(sink->fd, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_with(f, FAIL_WRITE, "%.200s: %s", sink->path,
                             lang_errno(errno));
        bytes.at += n;
        bytes.len -= (size_t)n;
    }
    return true;
}

static bool to_terminal(struct hf_span bytes, struct failure *f)
{
    if (memchr(bytes.at, 0, bytes.len))
        return fail_with(f, FAIL_BINARY, "a zero byte");
    print_safe(stdout, bytes.at, bytes.len, "\n\r\t");
    return true;
}

static bool to_capture(struct sink *sink, struct hf_span bytes,
                       struct failure *f)
{
    size_t room = CAPTURE_MAX - sink->text.len;
    sink->cut |= bytes.len > room;
    return text_add(&sink->text, bytes.at, bytes.len < room ? bytes.len : room,
                    f);
}

static void show_progress(struct sink *sink)
{
    char size[32], whole[32];
    double now = clock_ms();
    if (!sink->progress || now - sink->began < 300 || now - sink->shown < 100)
        return;
    sink->shown = now;
    size_text(size, sizeof size, sink->bytes);
    size_text(whole, sizeof whole, sink->expected);
    if (sink->expected)
        fprintf(stderr, "\r%s of %s, %u %% \033[K", size, whole,
                (unsigned)(sink->bytes * 100 / sink->expected));
    else
        fprintf(stderr, "\r%s \033[K", size);
}

bool sink_write(struct sink *sink, struct hf_span bytes, struct failure *f)
{
    bool good;
    if (sink->path)
        good = to_file(sink, bytes, f);
    else if (sink->capture)
        good = to_capture(sink, bytes, f);
    else if (sink->terminal)
        good = to_terminal(bytes, f);
    else
        good = fwrite(bytes.at, 1, bytes.len, stdout) == bytes.len ||
               fail_with(f, FAIL_WRITE, "standard output: %s",
                         lang_errno(errno));
    sink->bytes += bytes.len;
    show_progress(sink);
    return good;
}

bool sink_head(struct sink *sink, const struct http_head *head,
               struct failure *f)
{
    struct hf_span raw = { (const uint8_t *)head->raw, head->size };
    if (sink->path)
        return to_file(sink, raw, f);
    if (!sink->terminal)
        return fwrite(raw.at, 1, raw.len, stdout) == raw.len ||
               fail_with(f, FAIL_WRITE, "standard output: %s",
                         lang_errno(errno));
    print_safe(stdout, raw.at, raw.len, "\r\n\t");
    return true;
}

bool sink_close(struct sink *sink, struct failure *f)
{
    if (sink->shown > 0)
        fprintf(stderr, "\r\033[K");
    if (sink->fd >= 0 && close(sink->fd) < 0) {
        sink->fd = -1;
        return fail_with(f, FAIL_WRITE, "%.200s: %s", sink->path,
                         lang_errno(errno));
    }
    sink->fd = -1;
    if (fflush(stdout) || ferror(stdout))
        return fail_with(f, FAIL_WRITE, "standard output: %s",
                         lang_errno(errno));
    return true;
}
