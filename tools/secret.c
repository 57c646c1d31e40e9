/* secret.c - passwords from people and from files. */
#include "secret.h"
#include "files.h"
#include "tool.h"

#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

bool secret_read(const char *path, char out[SECRET_MOST],
                 struct hf_error *error)
{
    struct bytes bytes;
    size_t len;

    if (!file_read(path, SECRET_MOST - 1, &bytes, error))
        return false;
    len = strcspn((const char *)bytes.at, "\r\n");
    memcpy(out, bytes.at, len);
    out[len] = '\0';
    bytes_free(&bytes);
    return len ||
           hf_fail(error, HF_E_BAD_OPTION, "%s: no password is in it", path);
}

static void say(int fd, const char *text)
{
    ssize_t n = write(fd, text, strlen(text));

    (void)n; /* who cannot be asked will not answer */
}

/* One letter less: all bytes of its UTF-8. */
static size_t erase(const char *text, size_t len)
{
    while (len && (text[len - 1] & 0xc0) == 0x80)
        len--;
    return len ? len - 1 : 0;
}

/* What was typed up to the end of the line.  The terminal edits nothing, so the
 * keys that mend a line are heeded here, and those that give it up. */
static bool type_line(int fd, const struct termios *was, char out[SECRET_MOST])
{
    size_t len = 0;
    char c = 0;

    out[0] = '\0';
    while (len + 1 < SECRET_MOST) {
        ssize_t n = read(fd, &c, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n != 1 || c == '\0' || (cc_t)c == was->c_cc[VINTR] ||
            (cc_t)c == was->c_cc[VEOF] || (cc_t)c == was->c_cc[VQUIT])
            return false;
        if (c == '\n')
            return len > 0;
        if ((cc_t)c == was->c_cc[VERASE] || c == '\b')
            len = erase(out, len);
        else if ((cc_t)c == was->c_cc[VKILL])
            len = 0;
        else
            out[len++] = c;
        out[len] = '\0';
    }
    return false;
}

/* A line of a terminal that neither shows what is typed nor makes signals of
 * it: whoever presses Ctrl-C gets their terminal back. */
static bool hidden_line(int fd, const char *question, char out[SECRET_MOST])
{
    struct termios was, now;
    bool good;

    if (tcgetattr(fd, &was) != 0)
        return false;
    now = was;
    now.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG | ICANON);
    now.c_iflag |= ICRNL;
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSAFLUSH, &now) != 0)
        return false;
    say(fd, question);
    good = type_line(fd, &was, out);
    tcsetattr(fd, TCSAFLUSH, &was);
    say(fd, "\n");
    return good;
}

bool secret_ask(const char *question, char out[SECRET_MOST],
                struct hf_error *error)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    char again[SECRET_MOST];
    bool typed, same;

    if (fd < 0)
        return hf_fail(error, HF_E_BAD_OPTION,
                       "there is no terminal to ask for a password on");
    typed = hidden_line(fd, question, out) &&
            hidden_line(fd, lang("Once more: "), again);
    same = typed && strcmp(out, again) == 0;
    close(fd);
    hf_wipe(again, sizeof(again));
    if (same)
        return true;
    hf_wipe(out, SECRET_MOST);
    return hf_fail(error, HF_E_BAD_OPTION, "%s",
                   typed ? "that was not the same twice"
                         : "no password was typed");
}
