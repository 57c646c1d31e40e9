/* starttls.c - the few words that come before TLS in protocols that begin in
 * clear: SMTP (RFC 3207), IMAP and POP3 (RFC 2595), PostgreSQL.
 *
 * No byte beyond the server's consent is read here, and none may be there yet:
 * what somebody puts behind it in clear would otherwise be taken for words
 * that came under TLS.
 */
#include "client.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

struct talk {
    struct plain plain;
    deadline end;
    struct story *story;
    struct failure *f;
    char line[1024];
};

static bool refuse(struct talk *t)
{
    return fail_with(t->f, FAIL_STARTTLS, "it said \"%.200s\"", t->line);
}

static bool say(struct talk *t, const char *words)
{
    story_header(t->story, '>', words, strcspn(words, "\r\n"));
    return net_write(&t->plain, words, strlen(words), t->end, t->f);
}

static bool hear(struct talk *t)
{
    if (!net_line(&t->plain, t->line, sizeof t->line, t->end, t->f))
        return false;
    story_header(t->story, '<', t->line, strlen(t->line));
    return true;
}

/* The lines of one SMTP reply: "250-..." until "250 ...". */
static bool smtp_reply(struct talk *t, const char *code, bool *starttls_seen)
{
    for (unsigned lines = 0; lines < 100; lines++) {
        if (!hear(t))
            return false;
        if (strncmp(t->line, code, 3))
            return refuse(t);
        if (t->line[3] && !strcasecmp(t->line + 4, "STARTTLS"))
            *starttls_seen = true;
        if (t->line[3] != '-')
            return true;
    }
    return refuse(t);
}

static bool smtp(struct talk *t)
{
    bool offered = false;
    if (!smtp_reply(t, "220", &offered) || !say(t, "EHLO localhost\r\n") ||
        !smtp_reply(t, "250", &offered))
        return false;
    if (!offered)
        return fail_with(t->f, FAIL_STARTTLS,
                         "STARTTLS is not among what the server offers");
    return say(t, "STARTTLS\r\n") && smtp_reply(t, "220", &offered);
}

static bool imap(struct talk *t)
{
    if (!hear(t))
        return false;
    if (strncasecmp(t->line, "* OK", 4))
        return refuse(t);
    if (!say(t, "a STARTTLS\r\n"))
        return false;
    for (unsigned lines = 0; lines < 100; lines++) {
        if (!hear(t))
            return false;
        if (t->line[0] == '*')
            continue;
        return strncasecmp(t->line, "a OK", 4) ? refuse(t) : true;
    }
    return refuse(t);
}

static bool pop3(struct talk *t)
{
    if (!hear(t))
        return false;
    if (strncmp(t->line, "+OK", 3))
        return refuse(t);
    if (!say(t, "STLS\r\n") || !hear(t))
        return false;
    return strncmp(t->line, "+OK", 3) ? refuse(t) : true;
}

/* SSLRequest of PostgreSQL's protocol 3; the answer is one letter. */
static bool postgres(struct talk *t)
{
    static const uint8_t request[8] = { 0, 0, 0, 8, 4, 210, 22, 47 };
    char answer = 0;
    story_header(t->story, '>', "SSLRequest", 10);
    if (!net_write(&t->plain, request, sizeof request, t->end, t->f))
        return false;
    ssize_t n = net_read(&t->plain, &answer, 1, t->end, t->f);
    if (n < 0)
        return false;
    snprintf(t->line, sizeof t->line, "%c", n ? answer : '-');
    story_header(t->story, '<', t->line, 1);
    return n == 1 && answer == 'S' ? true : refuse(t);
}

/* Nobody may speak between the server's consent and our ClientHello. */
static bool quiet(struct talk *t)
{
    char byte;
    ssize_t n = recv(t->plain.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        return fail_with(t->f, FAIL_STARTTLS_SMUGGLED,
                         "at least one byte (0x%02x) after \"%.100s\"",
                         (unsigned char)byte, t->line);
    return true;
}

bool starttls(int fd, const char *protocol, deadline end, struct story *story,
              struct failure *f)
{
    static const struct {
        const char *name;
        bool (*run)(struct talk *t);
    } protocols[] = {
        { "smtp", smtp },
        { "imap", imap },
        { "pop3", pop3 },
        { "postgres", postgres },
    };
    struct talk talk = {
        .plain = { fd, story->link }, .end = end, .story = story, .f = f
    };
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (!strcmp(protocols[i].name, protocol))
            return protocols[i].run(&talk) && quiet(&talk);
    return fail_with(f, FAIL_STARTTLS, "\"%.40s\" is not known here", protocol);
}
