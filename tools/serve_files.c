/* serve_files.c - the files of a folder.
 *
 * Each component of a path is opened below the one before it, without
 * following links; ".." and names that begin with a dot are never opened.  So
 * nothing outside the folder can be reached, whatever the path says. */
#include "serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTED_MAX = 2000 };

static const char *type_of(const char *path)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        { ".html", "text/html; charset=utf-8" },
        { ".htm", "text/html; charset=utf-8" },
        { ".txt", "text/plain; charset=utf-8" },
        { ".md", "text/plain; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".mjs", "text/javascript; charset=utf-8" },
        { ".json", "application/json" },
        { ".xml", "application/xml" },
        { ".svg", "image/svg+xml" },
        { ".png", "image/png" },
        { ".jpg", "image/jpeg" },
        { ".jpeg", "image/jpeg" },
        { ".gif", "image/gif" },
        { ".webp", "image/webp" },
        { ".ico", "image/x-icon" },
        { ".woff2", "font/woff2" },
        { ".wasm", "application/wasm" },
        { ".pdf", "application/pdf" },
        { ".pem", "application/x-pem-file" },
    };
    size_t len = strlen(path);

    for (size_t i = 0; i < HF_COUNT(types); i++) {
        size_t end = strlen(types[i].end);

        if (len > end && strcmp(path + len - end, types[i].end) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* ---- finding ---------------------------------------------------------------- */

/* What lies at @path below @dir: a descriptor, or -1. */
static int open_below(int dir, const char *path)
{
    int at = dup(dir);

    while (at >= 0) {
        char name[256];
        size_t len;
        int next;

        path += strspn(path, "/");
        len = strcspn(path, "/");
        if (!len)
            return at;
        if (len >= sizeof(name) || path[0] == '.') {
            close(at);
            return -1;
        }
        memcpy(name, path, len);
        name[len] = '\0';
        path += len;
        /* O_NONBLOCK: a FIFO must not hold up everybody */
        next = openat(at, name,
                      O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
                          (*path ? O_DIRECTORY : 0));
        close(at);
        at = next;
    }
    return -1;
}

static void send_file(struct visit *v, int fd, const struct stat *found,
                      const char *path)
{
    v->answer.file = fd;
    v->answer.size = (uint64_t)found->st_size;
    answer_head(v, 200, type_of(path), "");
}

/* ---- listing ------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted; those of folders end with a slash. */
static size_t read_names(int fd, char **names)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    size_t n = 0;

    while (dir && n < LISTED_MAX && (entry = readdir(dir))) {
        struct stat found;
        size_t len = strlen(entry->d_name);

        if (entry->d_name[0] == '.' ||
            fstatat(dirfd(dir), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) ||
            (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)))
            continue;
        names[n] = malloc(len + 2);
        if (!names[n])
            break;
        memcpy(names[n], entry->d_name, len + 1);
        if (S_ISDIR(found.st_mode))
            snprintf(names[n] + len, 2, "/");
        n++;
    }
    if (dir)
        closedir(dir);
    else
        close(fd);
    if (n)
        qsort(names, n, sizeof(*names), by_name);
    return n;
}

/* A name as part of a URL. */
static void url_name(FILE *to, const char *name)
{
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c >= '0' && c <= '9') || strchr("-._~/", c);

        fprintf(to, plain ? "%c" : "%%%02X", c);
    }
}

static void list_folder(struct visit *v, int fd)
{
    char **names = calloc(LISTED_MAX, sizeof(*names)), *body = NULL;
    size_t n = names ? read_names(fd, names) : 0, len = 0;
    FILE *to = open_memstream(&body, &len);

    if (!names)
        close(fd);
    if (to) {
        fputs("<!doctype html><meta charset=utf-8><title>", to);
        html_text(to, v->request.path, strlen(v->request.path));
        fputs("</title><h1>", to);
        html_text(to, v->request.path, strlen(v->request.path));
        fputs("</h1><ul>", to);
        if (strcmp(v->request.path, "/") != 0)
            fputs("<li><a href=\"../\">../</a>", to);
        for (size_t i = 0; i < n; i++) {
            fputs("<li><a href=\"", to);
            url_name(to, names[i]);
            fputs("\">", to);
            html_text(to, names[i], strlen(names[i]));
            fputs("</a>\n", to);
        }
        fputs("</ul>\n", to);
        fclose(to);
    }
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
    answer_text(v, 200, "text/html; charset=utf-8", body, body ? len : 0);
}

/* ---- answering ------------------------------------------------------------------- */

/* A folder's address ends with a slash, or its links would lead astray. */
static void send_to_folder(struct visit *v)
{
    char *body = strdup("It is a folder: add a slash\n"), *more = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&more, &len);

    if (to) {
        /* "//host" would lead elsewhere */
        const char *path = v->request.path + strspn(v->request.path, "/");

        fputs("Location: /", to);
        url_name(to, path);
        fputs("/\r\n", to);
        fclose(to);
    }
    v->answer.body = body;
    v->answer.body_len = v->answer.size = body ? strlen(body) : 0;
    answer_head(v, 301, "text/plain; charset=utf-8", more ? more : "");
    free(more);
}

static void answer_folder(struct visit *v, int fd)
{
    const char *path = v->request.path;
    struct stat found;
    int index;

    if (path[strlen(path) - 1] != '/') {
        close(fd);
        send_to_folder(v);
        return;
    }
    index = openat(fd, "index.html",
                   O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (index >= 0 && fstat(index, &found) == 0 && S_ISREG(found.st_mode)) {
        close(fd);
        send_file(v, index, &found, "index.html");
        return;
    }
    if (index >= 0)
        close(index);
    list_folder(v, fd);
}

void answer_file(struct visit *v)
{
    int fd = open_below(v->serve->dir, v->request.path);
    struct stat found;

    if (fd < 0 || fstat(fd, &found) != 0 ||
        (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))) {
        if (fd >= 0)
            close(fd);
        answer_plain(v, 404, "There is no such file here.\n");
        return;
    }
    if (S_ISDIR(found.st_mode))
        answer_folder(v, fd);
    else
        send_file(v, fd, &found, v->request.path);
}
