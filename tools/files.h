/* files.h - files as the tools want them: read whole within a bound, written
 * whole or not at all, and never over something that is there already. */
#ifndef HANDFAST_TOOL_FILES_H
#define HANDFAST_TOOL_FILES_H

#include "handfast/types.h"

/* Bytes of our own; wiped when freed, since they may be a key. */
struct bytes {
    uint8_t *at; /* a NUL stands behind the last one */
    size_t len;
};
void bytes_free(struct bytes *bytes);
struct hf_span bytes_span(const struct bytes *bytes);

/* All of @path, "-" for standard input; more than @most is an error. */
bool file_read(const char *path, size_t most, struct bytes *out,
               struct hf_error *error);
/* The same of a file of our own that nobody else may read or write; anything
 * else is an error. */
bool file_read_private(const char *path, size_t most, struct bytes *out,
                       struct hf_error *error);
/* Is there something called @path? */
bool file_exists(const char *path);
/* A new file with @text.  One that exists is an error, or replaced in one
 * step if @replace.  @secret: nobody else may read it. */
bool file_write(const char *path, const char *text, bool secret, bool replace,
                struct hf_error *error);
/* The same of any bytes. */
bool file_write_bytes(const char *path, struct hf_span bytes, bool secret,
                      bool replace, struct hf_error *error);
/* A descriptor to write to what may be a file, a device or a pipe, made for our
 * eyes only if it is not there; @how: O_APPEND or O_TRUNC.  It does not wait for
 * somebody to read from a pipe.  -1: errno, which file_open_text() has words
 * for. */
int file_open_writing(const char *path, int how);
const char *file_open_text(int number);
/* Make the folder and those above it, for our eyes only; fine if it is there. */
bool folder_make(const char *path, struct hf_error *error);
/* "DIR/NAME"; false if it does not fit. */
bool path_join(char *out, size_t cap, const char *dir, const char *name);
/* Where the user's own data lie: $XDG_DATA_HOME/NAME or
 * ~/.local/share/NAME. */
bool path_data(char *out, size_t cap, const char *name);
/* Where a program's files lie while it runs: $XDG_RUNTIME_DIR/NAME if there is
 * such a place, else a fresh folder in $TMPDIR or /tmp.  The folder is made,
 * for our eyes only. */
bool path_runtime(char *out, size_t cap, const char *name,
                  struct hf_error *error);

#endif
