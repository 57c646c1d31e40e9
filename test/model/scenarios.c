/* scenarios.c - the kinds of endpoint that are tried: see model.h. */
#include "model.h"

/* clang-format off */
const struct scenario scenarios[] = {
    { "server, 1.3",                     IS_SERVER | KNOWS13 },
    { "server, 1.3, asks",               IS_SERVER | KNOWS13 | ASKS },
    { "server, 1.3, requires",           IS_SERVER | KNOWS13 | ASKS | REQUIRES },
    { "server, 1.3, retries",            IS_SERVER | KNOWS13 | RETRIES },
    { "server, 1.3, retries, requires",  IS_SERVER | KNOWS13 | RETRIES | ASKS | REQUIRES },
    { "server, 1.3, remembers",          IS_SERVER | KNOWS13 | REMEMBERS },
    { "server, 1.3, remembers, retries", IS_SERVER | KNOWS13 | REMEMBERS | RETRIES },
    { "server, 1.3, early",              IS_SERVER | KNOWS13 | REMEMBERS | EARLY },
    { "server, 1.3, early, retries",     IS_SERVER | KNOWS13 | REMEMBERS | EARLY | RETRIES },
    { "server, 1.3, early, forgetful",   IS_SERVER | KNOWS13 | REMEMBERS | EARLY | FORGETFUL },
    { "server, 1.2",                     IS_SERVER | KNOWS12 },
    { "server, 1.2, asks",               IS_SERVER | KNOWS12 | ASKS },
    { "server, 1.2, requires",           IS_SERVER | KNOWS12 | ASKS | REQUIRES },
    { "server, 1.2, remembers",          IS_SERVER | KNOWS12 | REMEMBERS },
    { "server, both",                    IS_SERVER | KNOWS12 | KNOWS13 },
    { "server, both, requires",          IS_SERVER | KNOWS12 | KNOWS13 | ASKS | REQUIRES },
    { "server, both, remembers",         IS_SERVER | KNOWS12 | KNOWS13 | REMEMBERS },
    { "client, 1.3",                     KNOWS13 },
    { "client, 1.3, certificate",        KNOWS13 | HAS_CERTIFICATE },
    { "client, 1.3, remembers",          KNOWS13 | REMEMBERS | HAS_PSK },
    { "client, 1.3, early",              KNOWS13 | REMEMBERS | HAS_PSK | EARLY },
    { "client, 1.2",                     KNOWS12 },
    { "client, 1.2, certificate",        KNOWS12 | HAS_CERTIFICATE },
    { "client, 1.2, remembers",          KNOWS12 | REMEMBERS | HAS_TICKET },
    { "client, both",                    KNOWS12 | KNOWS13 },
    { "client, both, certificate",       KNOWS12 | KNOWS13 | HAS_CERTIFICATE },
    { "client, both, remembers 1.3",     KNOWS12 | KNOWS13 | REMEMBERS | HAS_PSK },
    { "client, both, remembers 1.2",     KNOWS12 | KNOWS13 | REMEMBERS | HAS_TICKET },
};
/* clang-format on */

const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
