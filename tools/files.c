/* files.c - files as the tools want them. */
#include "files.h"
#include "tool.h"
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void bytes_free(struct bytes *bytes)
{
    if (bytes->at) {
        hf_wipe(bytes->at, bytes->len);
        free(bytes->at);
    }
    *bytes = (struct bytes){ NULL, 0 };
}

struct hf_span bytes_span(const struct bytes *bytes)
{
    return hf_span(bytes->at, bytes->len);
}

static bool file_failed(struct hf_error *error, const char *path)
{
    int number = errno;

    hf_fail(error, HF_E_FILE, "%s: %s", path, strerror(number));
    error->system = number;
    return false;
}

/* ---- reading ---------------------------------------------------------------- */

static bool grow(struct bytes *bytes, size_t *room)
{
    size_t more = *room ? 2 * *room : 8192;
    uint8_t *bigger = malloc(more + 1);

    if (!bigger)
        return false;
    if (bytes->len)
        memcpy(bigger, bytes->at, bytes->len);
    if (bytes->at) {
        hf_wipe(bytes->at, bytes->len);
        free(bytes->at);
    }
    bytes->at = bigger;
    *room = more;
    return true;
}

static bool read_all(int fd, const char *path, size_t most, struct bytes *out,
                     struct hf_error *error)
{
    size_t room = 0;
    ssize_t n;

    do {
        if (out->len == room && !grow(out, &room))
            return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
        n = read(fd, out->at + out->len, room - out->len);
        if (n < 0 && errno != EINTR)
            return file_failed(error, path);
        if (n > 0)
            out->len += (size_t)n;
        if (out->len > most)
            return hf_fail(error, HF_E_FILE, "%s: larger than %z bytes", path,
                           most);
    } while (n != 0);
    out->at[out->len] = '\0';
    return true;
}

bool file_read(const char *path, size_t most, struct bytes *out,
               struct hf_error *error)
{
    bool input = strcmp(path, "-") == 0;
    int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool good;

    *out = (struct bytes){ NULL, 0 };
    if (fd < 0)
        return file_failed(error, path);
    good = read_all(fd, input ? "standard input" : path, most, out, error);
    if (!input)
        close(fd);
    if (!good)
        bytes_free(out);
    return good;
}

/* Asked of what is open: a name may mean something else a moment later. */
bool file_read_private(const char *path, size_t most, struct bytes *out,
                       struct hf_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat found;
    bool good;

    *out = (struct bytes){ NULL, 0 };
    if (fd < 0 || fstat(fd, &found) != 0) {
        file_failed(error, path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (!S_ISREG(found.st_mode) || found.st_uid != geteuid() ||
        found.st_mode & 077)
        good = hf_fail(error, HF_E_FILE,
                       "%s: others can read it, or it is no file of yours",
                       path);
    else
        good = read_all(fd, path, most, out, error);
    close(fd);
    if (!good)
        bytes_free(out);
    return good;
}

bool file_exists(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0;
}

/* ---- writing ---------------------------------------------------------------- */

static bool write_all(int fd, struct hf_span bytes)
{
    const uint8_t *at = bytes.at;
    size_t left = bytes.len;

    while (left) {
        ssize_t n = write(fd, at, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += n;
        left -= (size_t)n;
    }
    return true;
}

bool file_write(const char *path, const char *text, bool secret, bool replace,
                struct hf_error *error)
{
    return file_write_bytes(path, hf_span_text(text), secret, replace, error);
}

/* What is to replace another is first written beside it, and all of it, so
 * that there is no moment without a whole file. */
bool file_write_bytes(const char *path, struct hf_span bytes, bool secret,
                      bool replace, struct hf_error *error)
{
    char beside[4096];
    const char *name = path;
    bool good;
    int fd;

    if (replace) {
        if ((size_t)snprintf(beside, sizeof(beside), "%s.%ld.new", path,
                             (long)getpid()) >= sizeof(beside))
            return hf_fail(error, HF_E_FILE, "%s: the name is too long", path);
        unlink(beside);
        name = beside;
    }
    fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
              secret ? 0600 : 0644);
    if (fd < 0 && errno == EEXIST && !replace)
        return hf_fail(error, HF_E_FILE, "%s is there already", path);
    if (fd < 0)
        return file_failed(error, path);
    good = write_all(fd, bytes) && (!replace || fsync(fd) == 0);
    good = close(fd) == 0 && good;
    if (good && replace)
        good = rename(beside, path) == 0;
    if (good)
        return true;
    file_failed(error, path);
    unlink(name);
    return false;
}

int file_open_writing(const char *path, int how)
{
    int fd = open(path,
                  O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | how,
                  0600);
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

    if (flags != -1)
        (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    return fd;
}

const char *file_open_text(int number)
{
    return number == ENXIO ? lang("nobody reads from this pipe")
                           : lang_errno(number);
}

bool folder_make(const char *path, struct hf_error *error)
{
    char part[4096];
    size_t len = strlen(path);

    if (!len || len >= sizeof(part))
        return hf_fail(error, HF_E_FILE, "the folder's name has %z bytes", len);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return file_failed(error, part);
    }
    return true;
}

/* ---- places ------------------------------------------------------------------- */

bool path_join(char *out, size_t cap, const char *dir, const char *name)
{
    int n = snprintf(out, cap, "%s/%s", dir, name);

    return n > 0 && (size_t)n < cap;
}

/* An environment variable that holds an absolute path; NULL otherwise (the XDG
 * base directory specification: relative ones are to be ignored). */
static const char *absolute(const char *variable)
{
    const char *value = getenv(variable);

    return value && value[0] == '/' ? value : NULL;
}

bool path_data(char *out, size_t cap, const char *name)
{
    const char *data = absolute("XDG_DATA_HOME"), *home = absolute("HOME");
    char share[4096];

    if (data)
        return path_join(out, cap, data, name);
    return home && path_join(share, sizeof(share), home, ".local/share") &&
           path_join(out, cap, share, name);
}

bool path_runtime(char *out, size_t cap, const char *name,
                  struct hf_error *error)
{
    const char *run = absolute("XDG_RUNTIME_DIR"), *tmp = absolute("TMPDIR");
    struct stat found;
    char fresh[256];

    if (run && stat(run, &found) == 0 && found.st_uid == geteuid() &&
        path_join(out, cap, run, name))
        return folder_make(out, error);
    snprintf(fresh, sizeof(fresh), "%s-XXXXXX", name);
    for (char *c = fresh; *c; c++)
        if (*c == '/')
            *c = '-';
    if (!path_join(out, cap, tmp ? tmp : "/tmp", fresh))
        return hf_fail(error, HF_E_FILE, "TMPDIR is too long");
    return mkdtemp(out) != NULL || file_failed(error, out);
}
