/* key_server.c - a TLS server whose private keys are in another process.
 *
 *     key_server PORT CHAIN.pem KEY.pem [CHAIN.pem KEY.pem ...]
 *
 *   +-- this process ----------------+          +-- key_process.c ------------+
 *   | the network, clients' bytes,   |  frames  | the keys, and nothing else: |
 *   | certificates; no private key,  | <------> | no file, no network, no     |
 *   | not even for a moment          |  keys.h  | descriptor but this socket  |
 *   +--------------------------------+          +-----------------------------+
 *
 * The key process is forked first, and only it opens KEY.pem.  A connection that
 * needs a key says HF_WANT_ANSWER; its question goes there, the others go on, and
 * when the answer comes the connection goes on too.  Keys sign for TLS 1.3 and
 * 1.2, and decrypt for RSA key transport (if such a suite is on, as it is here
 * by the policy "classic").
 *
 * If the key process is gone, handshakes that need a key fail and are told why;
 * connections that stand go on, and sessions can still be resumed, for that
 * takes no private key. */
#include "keys.h"

#include <handfast/handfast.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 64, SWEEP_MS = 1000 };

struct client {
    struct hf_tls *tls; /* NULL: a free place */
    uint32_t asked;     /* id of its question, 0: none */
    int waits;          /* HF_WANT_... */
    bool heard;
    size_t said; /* of reply */
};

struct server {
    struct hf_config *config;
    int listener;
    int keys; /* -1: the key process is gone */
    pid_t pid;
    uint32_t last_id;
    uint8_t came[ANSWER_HEAD + HF_SIGNATURE_MAX]; /* of an answer, so far */
    size_t came_len;
    struct client clients[CLIENTS];
};

static const char reply[] =
    "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    "This server has never seen its own key.\n";

static void attend(struct server *s, struct client *c);

/* ---- the key process ------------------------------------------------------- */

/* Before anything else, so that it is a copy of nothing. */
static void start_keys(struct server *s, char *const *paths, unsigned count)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || (s->pid = fork()) < 0)
        err(1, "the key process");
    if (!s->pid)
        exit(keys_serve(ends[1], paths, count));
    close(ends[1]);
    s->keys = ends[0];
    fcntl(s->keys, F_SETFL, O_NONBLOCK);
}

/* The question of @c goes on its way.  One per client, at most MESSAGE_MAX each:
 * they all fit into the socket, so this need not wait. */
static bool send_question(struct server *s, struct client *c)
{
    const struct hf_question q = hf_conn_question(hf_tls_conn(c->tls));
    uint8_t frame[QUESTION_HEAD + MESSAGE_MAX];
    size_t len = QUESTION_HEAD + q.message.len;

    if (s->keys < 0 || q.message.len > MESSAGE_MAX)
        return false;
    c->asked = ++s->last_id ? s->last_id : ++s->last_id;
    for (unsigned i = 0; i < 4; i++)
        frame[i] = (uint8_t)(c->asked >> (24 - 8 * i));
    frame[4] = (uint8_t)q.kind;
    frame[5] = (uint8_t)q.chain;
    frame[6] = (uint8_t)(q.scheme >> 8);
    frame[7] = (uint8_t)q.scheme;
    frame[8] = (uint8_t)(q.message.len >> 8);
    frame[9] = (uint8_t)q.message.len;
    memcpy(frame + QUESTION_HEAD, q.message.at, q.message.len);
    if (send(s->keys, frame, len, MSG_NOSIGNAL) == (ssize_t)len)
        return true;
    c->asked = 0;
    return false;
}

/* Whatever was asked, the bytes go to where it belongs; the library knows what
 * to make of none. */
/* NOLINTNEXTLINE(misc-no-recursion) once: who has answered asks no more */
static void answer(struct server *s, struct client *c, struct hf_span bytes)
{
    const struct hf_answer a = { .signature = bytes, .opened = bytes };

    c->asked = 0;
    (void)hf_conn_answer(hf_tls_conn(c->tls), &a); /* attend() tells */
    attend(s, c);
}

/* It does not depend on any client's bytes that we come here, so the words may
 * be clear. */
/* NOLINTNEXTLINE(misc-no-recursion) once: who has answered asks no more */
static void without_key(struct server *s, struct client *c)
{
    fprintf(stderr, "key_server: a handshake needs the key process, which is "
                    "gone\n");
    answer(s, c, (struct hf_span){ NULL, 0 });
}

static void keys_are_gone(struct server *s)
{
    int status = 0;

    close(s->keys);
    s->keys = -1;
    waitpid(s->pid, &status, 0);
    fprintf(stderr,
            "key_server: the key process is gone (%s %d): no new sessions\n",
            WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    for (size_t i = 0; i < CLIENTS; i++)
        if (s->clients[i].tls && s->clients[i].asked)
            without_key(s, &s->clients[i]);
}

/* Hand on one whole answer, if there is one. */
static bool take_answer(struct server *s)
{
    size_t len, whole;
    uint32_t id = 0;

    if (s->came_len < ANSWER_HEAD)
        return false;
    for (unsigned i = 0; i < 4; i++)
        id = id << 8 | s->came[i];
    len = (size_t)s->came[4] << 8 | s->came[5];
    whole = ANSWER_HEAD + len;
    if (len > HF_SIGNATURE_MAX)
        errx(1, "the key process talks nonsense");
    if (s->came_len < whole)
        return false;
    for (size_t i = 0; i < CLIENTS; i++)
        if (s->clients[i].tls && s->clients[i].asked == id)
            answer(s, &s->clients[i],
                   (struct hf_span){ s->came + ANSWER_HEAD, len });
    memset(s->came, 0, whole);
    memmove(s->came, s->came + whole, s->came_len - whole);
    s->came_len -= whole;
    return true;
}

static void read_answers(struct server *s)
{
    while (s->keys >= 0) {
        ssize_t n = read(s->keys, s->came + s->came_len,
                         sizeof(s->came) - s->came_len);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            keys_are_gone(s);
            return;
        }
        s->came_len += (size_t)n;
        while (take_answer(s))
            ;
    }
}

/* ---- clients ------------------------------------------------------------------ */

static void drop(struct client *c)
{
    hf_tls_free(c->tls);
    memset(c, 0, sizeof(*c));
}

/* As far as it goes: what it waits for, or 0 at the end. */
static int drive(struct client *c)
{
    char request[2048];
    ssize_t n = hf_handshake(c->tls);

    if (n)
        return (int)n;
    if (!c->heard && (n = hf_read(c->tls, request, sizeof(request))) < 0)
        return (int)n;
    c->heard = true;
    while (c->said < sizeof(reply) - 1) {
        n = hf_write(c->tls, reply + c->said, sizeof(reply) - 1 - c->said);
        if (n < 0)
            return (int)n;
        c->said += (size_t)n;
    }
    return hf_close(c->tls);
}

/* NOLINTNEXTLINE(misc-no-recursion) once: who has answered asks no more */
static void attend(struct server *s, struct client *c)
{
    if (c->asked)
        return; /* somebody else's turn */
    c->waits = drive(c);
    if (c->waits == HF_WANT_ANSWER) {
        if (!send_question(s, c))
            without_key(s, c);
        return;
    }
    if (c->waits == HF_WANT_POLLIN || c->waits == HF_WANT_POLLOUT)
        return;
    if (c->waits < 0)
        fprintf(stderr, "key_server: %s\n", hf_tls_reason(c->tls));
    drop(c);
}

static void welcome(struct server *s)
{
    int fd = accept(s->listener, NULL, NULL);

    if (fd < 0)
        return;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *c = &s->clients[i];

        if (c->tls)
            continue;
        c->tls = hf_accept(s->config, fd);
        if (!c->tls)
            break;
        hf_tls_own_fd(c->tls);
        attend(s, c);
        return;
    }
    close(fd);
}

/* ---- all of it ------------------------------------------------------------------ */

static bool is_full(const struct server *s)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (!s->clients[i].tls)
            return false;
    return true;
}

static void run(struct server *s)
{
    struct pollfd fds[2 + CLIENTS];

    for (;;) {
        fds[0] = (struct pollfd){ is_full(s) ? -1 : s->listener, POLLIN, 0 };
        fds[1] = (struct pollfd){ s->keys, POLLIN, 0 };
        for (size_t i = 0; i < CLIENTS; i++) {
            struct client *c = &s->clients[i];
            short what = c->waits == HF_WANT_POLLOUT ? POLLOUT : POLLIN;
            int fd = c->tls && !c->asked ? hf_tls_fd(c->tls) : -1;

            fds[2 + i] = (struct pollfd){ fd, what, 0 };
        }
        int ready = poll(fds, 2 + CLIENTS, SWEEP_MS);
        if (fds[1].revents)
            read_answers(s);
        /* Nobody moved: whoever takes too long is given up by the library. */
        for (size_t i = 0; i < CLIENTS; i++)
            if (s->clients[i].tls && (fds[2 + i].revents || !ready))
                attend(s, &s->clients[i]);
        if (fds[0].revents)
            welcome(s);
    }
}

static int listen_on(const char *port)
{
    struct sockaddr_in6 at = { .sin6_family = AF_INET6,
                               .sin6_port = htons(
                                   (uint16_t)strtoul(port, NULL, 10)) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1, off = 0;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, (struct sockaddr *)&at, len) < 0 ||
        listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        err(1, "port %s", port);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    printf("listening on port %d\n", ntohs(at.sin6_port));
    fflush(stdout);
    return fd;
}

static char chain[HF_CHAIN_FILE_MAX];

static void add_chain(struct hf_config *config, const char *path)
{
    FILE *file = fopen(path, "rb");
    struct hf_span text = { (uint8_t *)chain, 0 };

    if (!file)
        err(1, "%s", path);
    text.len = fread(chain, 1, sizeof(chain), file);
    fclose(file);
    if (!hf_config_add_chain(config, text))
        errx(1, "%s: %s", path, hf_config_error(config)->detail);
}

int main(int argc, char **argv)
{
    static struct server s;
    unsigned count = argc > 2 ? (unsigned)(argc - 2) / 2 : 0;

    if (!count || argc % 2 || count > KEYS_MAX)
        errx(2, "usage: key_server PORT CHAIN.pem KEY.pem ... (at most %u)",
             (unsigned)KEYS_MAX);
    signal(SIGPIPE, SIG_IGN);
    start_keys(&s, argv + 3, count);
    s.config = hf_config_new();
    if (!s.config || !hf_config_set_policy(s.config, "classic") ||
        !hf_config_set_questions(s.config, HF_ASK_SIGN | HF_ASK_DECRYPT))
        errx(1, "no config");
    for (unsigned i = 0; i < count; i++)
        add_chain(s.config, argv[2 + 2 * i]);
    s.listener = listen_on(argv[1]);
    run(&s);
}
