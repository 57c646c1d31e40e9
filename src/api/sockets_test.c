/* sockets_test.c - sockets and files for the tests of this layer.  Ports are
 * the system's choice, so that tests may run side by side. */
#include "api/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct addrinfo *numeric(const char *address, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *found = NULL;

    assert_int_equal(getaddrinfo(address, port, &hints, &found), 0);
    return found;
}

static void port_of(int fd, char port[16])
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    assert_int_equal(getnameinfo((struct sockaddr *)&name, len, NULL, 0, port,
                                 16, NI_NUMERICSERV),
                     0);
}

static int bind_to(const char *address, char port[16])
{
    struct addrinfo *a = numeric(address, "0");
    int fd = socket(a->ai_family, SOCK_STREAM, 0);

    if (fd >= 0 && bind(fd, a->ai_addr, a->ai_addrlen) < 0) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0)
        port_of(fd, port);
    freeaddrinfo(a);
    return fd;
}

int test_listen(const char *address, int backlog, char port[16])
{
    int fd = bind_to(address, port);

    if (fd >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

int test_closed_port(char port[16])
{
    int fd = bind_to("127.0.0.1", port);

    assert_true(fd >= 0);
    return fd;
}

/* Does a connection to it come about within a moment? */
static bool answers(int fd, const struct addrinfo *a)
{
    struct pollfd one = { fd, POLLOUT, 0 };

    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return true;
    assert_int_equal(errno, EINPROGRESS);
    return poll(&one, 1, 50) == 1;
}

void test_silent_open(struct test_silent *silent, const char *address)
{
    size_t count = HF_COUNT(silent->fillers), i = 0;
    struct addrinfo *a;

    silent->listener = test_listen(address, 0, silent->port);
    assert_true(silent->listener >= 0);
    a = numeric(address, silent->port);
    for (bool full = false; i < count && !full; i++) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

        assert_true(fd >= 0);
        silent->fillers[i] = fd;
        full = !answers(fd, a);
    }
    assert_true(i < count);
    for (; i < count; i++)
        silent->fillers[i] = -1;
    freeaddrinfo(a);
}

void test_silent_close(struct test_silent *silent)
{
    for (size_t i = 0; i < HF_COUNT(silent->fillers); i++)
        if (silent->fillers[i] >= 0)
            close(silent->fillers[i]);
    close(silent->listener);
}

void test_tcp_pair(int ends[2])
{
    char port[16];
    int listener = test_listen("127.0.0.1", 1, port);
    struct addrinfo *a = numeric("127.0.0.1", port);

    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], a->ai_addr, a->ai_addrlen), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    freeaddrinfo(a);
    close(listener);
}

void test_socketpair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

void test_nonblocking(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

/* ---- files --------------------------------------------------------------- */

void test_path(char *out, size_t cap, const char *directory, const char *name)
{
    hf_format(out, cap, "%s/%s", directory, name);
}

void test_directory(char path[TEST_PATH_MAX])
{
    const char *build = getenv("HF_BUILD");

    hf_format(path, TEST_PATH_MAX / 2, "%s/api-test-XXXXXX",
              build ? build : ".");
    assert_non_null(mkdtemp(path));
}

void test_write(const char *directory, const char *name, const char *text,
                size_t len)
{
    char path[TEST_PATH_MAX];
    int fd;

    test_path(path, sizeof(path), directory, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

void test_remove(const char *directory)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    char path[TEST_PATH_MAX];

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        test_path(path, sizeof(path), directory, entry->d_name);
        if (entry->d_name[0] != '.')
            assert_int_equal(unlink(path), 0);
    }
    closedir(dir);
    assert_int_equal(rmdir(directory), 0);
}
