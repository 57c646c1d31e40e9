/* keys.h - what passes between a server and the process that has its keys.
 *
 * A stream of frames on a socketpair; numbers are big-endian.  The server asks
 * as often as it likes and is answered in the same order:
 *
 *   question   4 id | 1 kind | 1 chain | 2 scheme | 2 length | message
 *   answer     4 id | 2 length | bytes
 *
 *   kind 2   HF_ASK_SIGN: a signature over the message; scheme is TLS's number
 *   kind 8   HF_ASK_DECRYPT: the message is a number, the answer its private
 *            power; scheme is 0, padding is nobody's business but the library's
 *   chain    which key, counted from 0 in the order of the command line
 *   id       the server's, handed back as it came
 *
 * An answer of no bytes says that it cannot be done.  Whoever sends a frame
 * that is none of these is no server of ours, and the key process ends; its end
 * of the socket closes, and that is how the server hears of any end. */
#ifndef KEYS_H
#define KEYS_H

#include <sys/types.h>

enum { KEYS_MAX = 8, MESSAGE_MAX = 1024 }; /* RSA of 8192 bits */
enum { QUESTION_HEAD = 10, ANSWER_HEAD = 6 };

/* Become the process that has the keys of @paths: talk on @fd, hold nothing
 * else, return when the other end is closed. */
int keys_serve(int fd, char *const *paths, unsigned count);

#endif
