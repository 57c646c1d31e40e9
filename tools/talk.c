/* talk.c - standard input into the connection, the connection to standard
 * output.
 *
 * Both directions are open at once.  When standard input ends and the peer has
 * been silent for half a second we say close_notify, which closes our half
 * only, and go on reading for as long as the peer has something to say: until
 * its own close_notify, until it has been silent for long, or for ever with
 * -ign_eof.  (Not at once, because some servers take it for the end of both
 * halves and leave without a word.)  If nothing was ever typed there is nothing
 * to wait for, and a moment is enough.
 */
#include "connect.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
    ROOM = HF_RECORD_MAX,
    MOMENT_MS = 250,
    SILENCE_MS = 500,
    PATIENCE_MS = 30000
};

struct talk {
    const struct connect *connect;
    struct hf_tls *tls;
    struct story *story;
    struct failure *f;
    char typed[2 * 8192]; /* on its way to the peer */
    size_t start, end;
    bool input_open, said_something, closed_ours, peer_done, fresh_line;
    deadline close_at; /* ours, after the end of input */
    deadline until;    /* leave */
    short wants;       /* what the connection waits for */
};

static bool wanting(struct talk *t, ssize_t result)
{
    if (result == HF_WANT_POLLIN)
        t->wants |= POLLIN;
    else if (result == HF_WANT_POLLOUT)
        t->wants |= POLLOUT;
    else
        return false;
    return true;
}

static bool print(struct talk *t, const uint8_t *bytes, size_t len)
{
    if (isatty(STDOUT_FILENO))
        print_safe(stdout, bytes, len, "\n\r\t");
    else
        fwrite(bytes, 1, len, stdout);
    if (fflush(stdout) || ferror(stdout))
        return fail_with(t->f, FAIL_WRITE, "standard output: %s",
                         lang_errno(errno));
    return true;
}

/* A peer that goes without close_notify when we, who never said anything, are
 * leaving: nothing can be missing. */
static bool just_leaves(const struct talk *t)
{
    return hf_tls_error(t->tls)->code == HF_E_CUT && t->closed_ours &&
           !t->said_something;
}

/* Everything that the peer has said. */
static bool receive(struct talk *t)
{
    static const unsigned rounds = 64; /* then it is our turn again */
    uint8_t room[ROOM];
    for (unsigned i = 0; i < rounds; i++) {
        ssize_t n = hf_read(t->tls, room, sizeof room);
        if (n == 0 || (n == HF_TLS_ERROR && just_leaves(t))) {
            t->peer_done = true;
            return true;
        }
        if (n < 0)
            return wanting(t, n) ||
                   fail_error(t->f, hf_tls_error(t->tls), true);
        if (!print(t, room, (size_t)n))
            return false;
        if (t->until > 0) {
            t->until = deadline_in(PATIENCE_MS);
            t->close_at = deadline_in(SILENCE_MS);
        }
    }
    return true;
}

/* What was typed and did not go yet. */
static bool transmit(struct talk *t)
{
    while (t->start < t->end) {
        ssize_t n = hf_write(t->tls, t->typed + t->start, t->end - t->start);
        if (n < 0)
            return wanting(t, n) ||
                   fail_error(t->f, hf_tls_error(t->tls), true);
        t->start += (size_t)n;
    }
    t->start = t->end = 0;
    return true;
}

static bool update_keys(struct talk *t, bool both)
{
    if (!hf_conn_update_keys(hf_tls_conn(t->tls), both)) {
        fputs(lang("keys cannot be updated now\n"), stderr);
        return true;
    }
    fprintf(stderr, lang("key update sent%s\n"),
            both ? lang(", and asked of the peer") : "");
    ssize_t n = hf_write(t->tls, "", 0);
    return n >= 0 || wanting(t, n) ||
           fail_error(t->f, hf_tls_error(t->tls), true);
}

static void input_ended(struct talk *t)
{
    t->input_open = false;
    if (t->connect->keep_open)
        return;
    t->until = deadline_in(t->said_something ? PATIENCE_MS : MOMENT_MS);
    t->close_at = t->said_something ? deadline_in(SILENCE_MS) : clock_ms();
}

/* --commands: a line that begins with one of s_client's letters. */
static bool command(struct talk *t, char letter, bool *taken)
{
    *taken = true;
    switch (letter) {
    case 'Q':
    case 'q': input_ended(t); return true;
    case 'K': return update_keys(t, true);
    case 'k': return update_keys(t, false);
    default: *taken = false; return true;
    }
}

/* Copy what was typed, with CR before LF if -crlf was said. */
static void keep(struct talk *t, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n' && t->connect->crlf)
            t->typed[t->end++] = '\r';
        t->typed[t->end++] = bytes[i];
    }
    t->said_something |= len > 0;
}

/* Line by line, because each may be a command; what stands behind Q is not
 * said. */
static bool take_lines(struct talk *t, const char *bytes, size_t len)
{
    while (len > 0 && t->input_open) {
        bool taken = false;
        const char *end = memchr(bytes, '\n', len);
        size_t n = end ? (size_t)(end - bytes) + 1 : len;
        if (t->fresh_line && !command(t, bytes[0], &taken))
            return false;
        if (!taken)
            keep(t, bytes, n);
        t->fresh_line = end != NULL;
        bytes += n;
        len -= n;
    }
    return true;
}

static bool take_input(struct talk *t)
{
    char room[8192];
    ssize_t n = read(STDIN_FILENO, room, sizeof room);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0)
        input_ended(t);
    else if (t->connect->commands)
        return take_lines(t, room, (size_t)n);
    else
        keep(t, room, (size_t)n);
    return true;
}

/* Our half is closed when all that was typed has gone and been answered. */
static bool close_ours(struct talk *t)
{
    if (t->closed_ours || t->start < t->end || t->close_at <= 0 ||
        deadline_left(t->close_at) > 0)
        return true;
    int result = hf_close(t->tls);
    t->closed_ours = result == 0;
    return result == 0 || wanting(t, result) ||
           fail_error(t->f, hf_tls_error(t->tls), true);
}

/* False when the time after the end of input is up. */
static bool wait_for(struct talk *t)
{
    bool hungry = t->input_open && t->start == t->end;
    deadline next = t->closed_ours ? t->until
                                   : deadline_first(t->until, t->close_at);
    struct pollfd p[2] = {
        { .fd = hf_tls_fd(t->tls), .events = (short)(t->wants | POLLIN) },
        { .fd = hungry ? STDIN_FILENO : -1, .events = POLLIN },
    };
    pcap_link_flush(t->story->link);
    int n = poll(p, 2, hf_tls_pending(t->tls) ? 0 : deadline_left(next));
    if (n > 0 && p[1].revents)
        return take_input(t);
    return n != 0 || hf_tls_pending(t->tls) || deadline_left(t->until) != 0;
}

bool talk(const struct connect *connect, struct hf_tls *tls,
          struct story *story, struct failure *f)
{
    struct talk t = {
        .connect = connect,
        .tls = tls,
        .story = story,
        .f = f,
        .input_open = true,
        .fresh_line = true,
    };
    do {
        t.wants = 0;
        if (!receive(&t))
            return false;
        if (t.peer_done)
            return true;
        if (!transmit(&t) || !close_ours(&t))
            return false;
    } while (wait_for(&t));
    return !f->code;
}
