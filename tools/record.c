/* record.c - what an authority remembers of the certificates it issued. */
#include "record.h"

#include "issue.h"
#include "x509/x509.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS = 9, LOCK_TRIES = 200, LOCK_PAUSE_MS = 50 };

static const char heading[] = "# handfast record 1: state serial from until "
                              "revoked reason sha256 subject names\n";

/* ---- the lock ---------------------------------------------------------------- */

/* A file beside the record, since the record itself is replaced.  A lock of
 * fcntl() dies with its process, however that ends. */
static bool lock(struct record *record, const char *dir, struct hf_error *error)
{
    struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char path[4096];

    if (!path_join(path, sizeof(path), dir, "issued.lock"))
        return hf_fail(error, HF_E_FILE, "%s: the name is too long", dir);
    record->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (record->lock < 0)
        return hf_fail(error, HF_E_FILE, "%s: %s", path, strerror(errno));
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (fcntl(record->lock, F_SETLK, &whole) == 0)
            return true;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return hf_fail(error, HF_E_FILE, "%s: %s", path, strerror(errno));
        nanosleep(&pause, NULL);
    }
    return hf_fail(error, HF_E_FILE, "%s: another handfast ca holds the lock",
                   path);
}

/* ---- rows --------------------------------------------------------------------- */

/* Text of others in a line of ours: no tab, no line's end, nothing that is not
 * printable; UTF-8 stays. */
static char *tame(const char *text)
{
    char *copy = strdup(text);

    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return copy;
}

static bool room_for_one(struct record *record)
{
    size_t room = record->room ? 2 * record->room : 64;
    struct record_row *more;

    if (record->count < record->room)
        return true;
    more = realloc(record->rows, room * sizeof(*more));
    if (!more)
        return false;
    record->rows = more;
    record->room = room;
    return true;
}

struct record_row *record_add(struct record *record, const char *serial,
                              const char *subject, const char *names)
{
    struct record_row *row;

    if (!room_for_one(record))
        return NULL;
    row = &record->rows[record->count];
    *row = (struct record_row){ .subject = tame(subject),
                                .names = tame(names) };
    snprintf(row->serial, sizeof(row->serial), "%s", serial);
    if (!row->subject || !row->names) {
        free(row->subject);
        free(row->names);
        return NULL;
    }
    record->count++;
    return row;
}

void record_drop_last(struct record *record)
{
    struct record_row *row;

    if (!record->count)
        return;
    row = &record->rows[--record->count];
    free(row->subject);
    free(row->names);
}

struct record_row *record_find(const struct record *record, const char *serial)
{
    for (size_t i = 0; i < record->count; i++)
        if (strcmp(record->rows[i].serial, serial) == 0)
            return &record->rows[i];
    return NULL;
}

bool record_names(const struct record_row *row, const char *name)
{
    size_t len = strlen(name);
    const char *at = row->names;

    if (strcmp(row->subject, name) == 0)
        return true;
    while (*at) {
        size_t n = strcspn(at, ",");

        if (n == len && memcmp(at, name, n) == 0)
            return true;
        at += n + (at[n] == ',');
    }
    return false;
}

bool record_reason(const char *name, unsigned *out)
{
    for (unsigned i = 0; i <= 10; i++) {
        const char *text = hf_reason_text(i);

        /* removeFromCRL is for delta lists (RFC 5280 5.3.1) */
        if (text && i != 8 && strcmp(text, name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* ---- reading --------------------------------------------------------------------- */

static bool is_hex(const char *text, size_t least, size_t most)
{
    size_t len = strspn(text, "0123456789abcdef");

    return text[len] == '\0' && len >= least && len <= most;
}

static bool read_row(struct record *record, char *column[COLUMNS])
{
    struct record_row row = { .revoked = strcmp(column[0], "revoked") == 0 };
    struct record_row *added;

    if ((!row.revoked && strcmp(column[0], "valid") != 0) ||
        !is_hex(column[1], 2, SERIAL_TEXT - 1) ||
        !when_read(column[2], 0, &row.from) ||
        !when_read(column[3], 0, &row.until) ||
        (row.revoked && (!when_read(column[4], 0, &row.when) ||
                         !record_reason(column[5], &row.reason))) ||
        !is_hex(column[6], 64, 64))
        return false;
    added = record_add(record, column[1], column[7], column[8]);
    if (!added)
        return false;
    added->from = row.from;
    added->until = row.until;
    added->revoked = row.revoked;
    added->when = row.when;
    added->reason = row.reason;
    snprintf(added->sha256, sizeof(added->sha256), "%s", column[6]);
    return true;
}

static bool read_line(struct record *record, char *line)
{
    char *column[COLUMNS] = { line }, *end;
    size_t n = 1;

    if (!*line || *line == '#')
        return true;
    for (char *c = line; *c; c++) {
        if (*c != '\t')
            continue;
        if (n == COLUMNS)
            return false;
        *c = '\0';
        column[n++] = c + 1;
    }
    if (n == 2 && strcmp(column[0], "list") == 0) {
        errno = 0;
        record->list = strtoull(column[1], &end, 10);
        return !errno && end != column[1] && !*end;
    }
    return n == COLUMNS && read_row(record, column);
}

static bool read_all(struct record *record, struct hf_error *error)
{
    struct bytes bytes;
    size_t number = 0;
    bool good = true;

    if (!file_exists(record->path))
        return true;
    if (!file_read(record->path, RECORD_MOST, &bytes, error))
        return false;
    if (memchr(bytes.at, '\0', bytes.len))
        good = hf_fail(error, HF_E_FILE, "%s is no text", record->path);
    for (char *line = (char *)bytes.at; good && *line;) {
        char *end = line + strcspn(line, "\n");
        bool last = *end == '\0';

        *end = '\0';
        number++;
        good = read_line(record, line) ||
               hf_fail(error, HF_E_FILE, "%s: line %z cannot be understood",
                       record->path, number);
        line = last ? end : end + 1;
    }
    bytes_free(&bytes);
    return good;
}

bool record_open(struct record *record, const char *dir, bool change,
                 struct hf_error *error)
{
    *record = (struct record){ .lock = -1 };
    if (!path_join(record->path, sizeof(record->path), dir, "issued.txt"))
        return hf_fail(error, HF_E_FILE, "%s: the name is too long", dir);
    if ((!change || lock(record, dir, error)) && read_all(record, error))
        return true;
    record_close(record);
    return false;
}

void record_close(struct record *record)
{
    while (record->count)
        record_drop_last(record);
    free(record->rows);
    if (record->lock >= 0)
        close(record->lock);
    *record = (struct record){ .lock = -1 };
}

/* ---- writing ---------------------------------------------------------------------- */

static void write_time(FILE *to, int64_t at)
{
    char text[40];

    hf_time_text(text, sizeof(text), at);
    fprintf(to, "%.10sT%.8sZ\t", text, text + 11);
}

static void write_row(FILE *to, const struct record_row *row)
{
    fprintf(to, "%s\t%s\t", row->revoked ? "revoked" : "valid", row->serial);
    write_time(to, row->from);
    write_time(to, row->until);
    if (row->revoked) {
        write_time(to, row->when);
        fprintf(to, "%s\t", hf_reason_text(row->reason));
    } else {
        fputs("-\t-\t", to);
    }
    fprintf(to, "%s\t%s\t%s\n", row->sha256, row->subject, row->names);
}

bool record_save(const struct record *record, struct hf_error *error)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    bool good = to != NULL;

    if (good) {
        fprintf(to, "%slist\t%llu\n", heading,
                (unsigned long long)record->list);
        for (size_t i = 0; i < record->count; i++)
            write_row(to, &record->rows[i]);
        good = !ferror(to);
        good = fclose(to) == 0 && good;
    }
    if (!good)
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    good = good && file_write(record->path, text, true, true, error);
    free(text);
    return good;
}
