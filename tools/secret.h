/* secret.h - passwords from people and from files. */
#ifndef HANDFAST_TOOL_SECRET_H
#define HANDFAST_TOOL_SECRET_H

#include "handfast/types.h"

enum { SECRET_MOST = 512 };

/* The first line of @path ("-" for standard input), without its end. */
bool secret_read(const char *path, char out[SECRET_MOST],
                 struct hf_error *error);
/* Ask on the terminal, twice, and show nothing of what is typed.  False: there
 * is no terminal, nothing was typed, or not the same twice. */
bool secret_ask(const char *question, char out[SECRET_MOST],
                struct hf_error *error);

#endif
