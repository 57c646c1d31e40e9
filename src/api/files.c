/* files.c - keys, chains and trust anchors out of files.
 *
 * Every file is opened without waiting, must be a regular one and not larger
 * than its limit, and is read once.  What it holds goes to the config as bytes;
 * when that fails, the path is put in front of the reason, for a person has to
 * find it.  Memory that held a key is wiped.
 *
 * Trust anchors are lent to the config, not copied: it indexes them and parses
 * one only when a chain leads to it.  The system's own bundle is mapped, since
 * every distribution replaces it by a rename.  A file that somebody named is
 * read instead: whoever rewrites it in place must not be able to change, or cut
 * off (SIGBUS), what a running server trusts.
 */
#include "api/api.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- failing with a path ------------------------------------------------- */

static bool fail_path(struct hf_config *config, const char *path,
                      enum hf_error_code code, const char *why)
{
    char detail[HF_DETAIL_MAX];

    hf_format(detail, sizeof(detail), "%s: %s", path, why);
    return hf_config_fail(config, code, 0, detail);
}

static const char *next_step(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR: return "; check the path";
    case EACCES:
    case EPERM: return "; this user must be allowed to read it";
    default: return "";
    }
}

/* The operating system said no: errno. */
static bool fail_system(struct hf_config *config, const char *path, int error)
{
    char why[HF_TEXT_MAX], detail[HF_DETAIL_MAX];

    hf_io_text(error, why, sizeof(why));
    hf_format(detail, sizeof(detail), "%s: %s%s", path, why, next_step(error));
    return hf_config_fail(config, HF_E_FILE, error, detail);
}

/* @path could not be used: put it in front of the reason that is noted, unless
 * that was noted before. */
static bool blame(struct hf_config *config, const char *path, bool before)
{
    struct hf_error why = *hf_config_error(config);
    char detail[HF_DETAIL_MAX];

    if (before || !why.code)
        return false;
    if (why.detail[0])
        hf_format(detail, sizeof(detail), "%s: %s", path, why.detail);
    else
        hf_format(detail, sizeof(detail), "%s", path);
    hf_config_clear_error(config);
    return hf_config_fail(config, why.code, why.system, detail);
}

/* Is there a config?  Who reads files has a clock as well: it is set here, for
 * the first connection is too late if the config is frozen by hand. */
static bool begin(struct hf_config *config)
{
    if (config)
        hf_config_default_clock(config, hf_system_clock, NULL);
    return config != NULL;
}

static bool has_error(const struct hf_config *config)
{
    return hf_config_error(config)->code != HF_OK;
}

/* ---- opening and reading ------------------------------------------------- */

static const char *not_regular(mode_t mode)
{
    if (S_ISDIR(mode))
        return "is a directory, and a file is needed";
    if (S_ISFIFO(mode) || S_ISSOCK(mode))
        return "is a pipe; write what comes out of it to a file first";
    return "is a device, and a file is needed";
}

/* A regular file of 1 to @max bytes, open for reading, or -1 with the reason
 * in the config. */
static int open_file(struct hf_config *config, const char *path, size_t max,
                     size_t *size)
{
    /* Without O_NONBLOCK a FIFO without a writer would hold us here. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char why[HF_TEXT_MAX];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        fail_system(config, path, errno);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *size = (size_t)st.st_size;
    if (S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size <= max)
        return fd;
    if (!S_ISREG(st.st_mode)) {
        fail_path(config, path, HF_E_FILE, not_regular(st.st_mode));
    } else if (st.st_size == 0) {
        fail_path(config, path, HF_E_FILE, "the file is empty");
    } else {
        hf_format(why, sizeof(why),
                  "larger than %z bytes; is it the right one?", max);
        fail_path(config, path, HF_E_FILE, why);
    }
    close(fd);
    return -1;
}

/* @len bytes, or fewer if the file has become shorter meanwhile. */
static bool read_all(int fd, uint8_t *at, size_t *len)
{
    size_t done = 0;

    while (done < *len) {
        ssize_t n = read(fd, at + done, *len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *len = done;
    return true;
}

/* What a file holds, in memory of ours. */
struct text {
    uint8_t *at;
    size_t len, size;
};

static void wipe_text(struct text *text)
{
    hf_free(text->at, text->size);
    *text = (struct text){ NULL, 0, 0 };
}

static bool read_file(struct hf_config *config, const char *path, size_t max,
                      struct text *out)
{
    int fd;
    bool ok;

    *out = (struct text){ NULL, 0, 0 };
    if (!path)
        return hf_config_fail(config, HF_E_MISUSE, 0, "no path was given");
    fd = open_file(config, path, max, &out->size);
    if (fd < 0)
        return false;
    out->at = hf_alloc(out->size);
    out->len = out->size;
    if (!out->at)
        ok = fail_path(config, path, HF_E_OUT_OF_MEMORY, "reading it");
    else
        ok = read_all(fd, out->at, &out->len) ||
             fail_system(config, path, errno);
    close(fd);
    if (!ok)
        wipe_text(out);
    return ok;
}

/* ---- our own certificates ------------------------------------------------ */

bool hf_config_add_keypair_file(struct hf_config *config, const char *chain,
                                const char *key)
{
    bool before, ok = false, one = !key;
    struct text c = { 0 }, k = { 0 };
    char paths[HF_DETAIL_MAX / 2];

    if (!begin(config))
        return false;
    before = has_error(config);
    if (!one && chain)
        one = hf_text_equal(chain, key);
    if (!read_file(config, chain, HF_CHAIN_FILE_MAX, &c))
        goto out;
    if (!one && !read_file(config, key, HF_KEY_FILE_MAX, &k))
        goto out;
    ok = hf_config_add_keypair(config, hf_span(c.at, c.len),
                               one ? hf_span(c.at, c.len)
                                   : hf_span(k.at, k.len));
    if (!ok) {
        hf_format(paths, sizeof(paths), one ? "%s" : "%s with %s", chain, key);
        blame(config, paths, before);
    }
out:
    wipe_text(&k);
    wipe_text(&c);
    return ok;
}

/* ---- whom to trust ------------------------------------------------------- */

/* DER begins with a SEQUENCE; no text does. */
static bool is_der(struct hf_span bytes)
{
    return bytes.at && bytes.len > 0 && bytes.at[0] == 0x30;
}

/* Memory that is lent to a config. */
struct loan {
    uint8_t *at;
    size_t size;
    bool mapped;
};

static void end_loan(void *ctx)
{
    struct loan *loan = ctx;

    if (loan->mapped)
        munmap(loan->at, loan->size);
    else
        hf_free(loan->at, loan->size);
    hf_free(loan, sizeof(*loan));
}

/* Lend @bytes for good, or give them up. */
static bool lend(struct hf_config *config, struct loan bytes, size_t len)
{
    struct loan *loan = hf_alloc(sizeof(*loan));

    if (!loan) {
        if (bytes.mapped)
            munmap(bytes.at, bytes.size);
        else
            hf_free(bytes.at, bytes.size);
        return hf_config_fail(config, HF_E_OUT_OF_MEMORY, 0, "");
    }
    *loan = bytes;
    if (hf_config_trust_borrowed(config, hf_span(bytes.at, len), end_loan,
                                 loan))
        return true;
    end_loan(loan);
    return false;
}

bool hf_config_trust_file(struct hf_config *config, const char *path)
{
    struct text text;
    bool before, ok;

    if (!begin(config))
        return false;
    before = has_error(config);
    if (!read_file(config, path, HF_TRUST_FILE_MAX, &text))
        return false;
    if (is_der(hf_span(text.at, text.len))) {
        ok = hf_config_trust(config, hf_span(text.at, text.len));
        wipe_text(&text);
    } else {
        ok = lend(config, (struct loan){ text.at, text.size, false }, text.len);
    }
    return ok || blame(config, path, before);
}

bool hf_config_add_crl_file(struct hf_config *config, const char *path)
{
    struct text text;
    bool before, ok;

    if (!begin(config))
        return false;
    before = has_error(config);
    if (!read_file(config, path, HF_CRL_FILE_MAX, &text))
        return false;
    ok = hf_config_add_crls(config, hf_span(text.at, text.len));
    wipe_text(&text);
    return ok || blame(config, path, before);
}

bool hf_config_add_staple_file(struct hf_config *config, const char *path)
{
    enum { STAPLE_FILE_MAX = 64 * 1024 };
    struct text text;
    bool before, ok;

    if (!begin(config))
        return false;
    before = has_error(config);
    if (!read_file(config, path, STAPLE_FILE_MAX, &text))
        return false;
    ok = hf_config_add_staple(config, hf_span(text.at, text.len));
    wipe_text(&text);
    return ok || blame(config, path, before);
}

bool hf_config_add_scts_file(struct hf_config *config, const char *path)
{
    enum { SCTS_FILE_MAX = 16 * 1024 };
    struct text text;
    bool before, ok;

    if (!begin(config))
        return false;
    before = has_error(config);
    if (!read_file(config, path, SCTS_FILE_MAX, &text))
        return false;
    ok = hf_config_add_scts(config, hf_span(text.at, text.len));
    wipe_text(&text);
    return ok || blame(config, path, before);
}

/* ---- a hashed directory -------------------------------------------------- */

enum { DIRECTORY_MAX = 8192 }; /* files that we look at */

/* "1f2e3d4c.0": what `openssl rehash` names a certificate.  CRLs, such as
 * "1f2e3d4c.r0", and whatever else lies there are not for us. */
static bool is_hashed_name(const char *name)
{
    size_t i = 0;

    for (; i < 8; i++)
        if (!((name[i] >= '0' && name[i] <= '9') ||
              (name[i] >= 'a' && name[i] <= 'f')))
            return false;
    if (name[i++] != '.' || !name[i])
        return false;
    for (; name[i]; i++)
        if (name[i] < '0' || name[i] > '9')
            return false;
    return true;
}

/* A link whose certificate was removed: one authority fewer, no more. */
static bool dangles(const char *path)
{
    struct stat st;

    return stat(path, &st) < 0 && errno == ENOENT;
}

/* One file of a directory: PEM goes behind what is in @all, DER to the config
 * right away. */
static bool gather_file(struct hf_config *config, const char *path,
                        struct hf_buffer *all)
{
    struct hf_span newline = hf_span_text("\n");
    bool before = has_error(config), ok;
    struct text text;

    if (dangles(path))
        return true;
    if (!read_file(config, path, HF_CHAIN_FILE_MAX, &text))
        return false;
    if (is_der(hf_span(text.at, text.len)))
        ok = hf_config_trust(config, hf_span(text.at, text.len)) ||
             blame(config, path, before);
    else if (text.len > HF_TRUST_FILE_MAX - hf_buffer_bytes(all).len)
        ok = fail_path(config, path, HF_E_FILE,
                       "the directory holds more than its limit");
    else
        ok = (hf_buffer_add(all, hf_span(text.at, text.len)) &&
              hf_buffer_add(all, newline)) ||
             fail_path(config, path, HF_E_OUT_OF_MEMORY, "reading it");
    wipe_text(&text);
    return ok;
}

/* Everything with a hashed name, all or nothing. */
static bool gather(struct hf_config *config, DIR *dir, const char *path,
                   struct hf_buffer *all, size_t *files)
{
    char file[2048];
    struct dirent *entry;

    errno = 0;
    while ((entry = readdir(dir)) != NULL) {
        if (is_hashed_name(entry->d_name)) {
            if (++*files > DIRECTORY_MAX)
                return fail_path(config, path, HF_E_FILE, "too many files");
            if (hf_text_len(path) + hf_text_len(entry->d_name) + 2 >
                sizeof(file))
                return fail_system(config, path, ENAMETOOLONG);
            hf_format(file, sizeof(file), "%s/%s", path, entry->d_name);
            if (!gather_file(config, file, all))
                return false;
        }
        errno = 0;
    }
    return !errno || fail_system(config, path, errno);
}

bool hf_config_trust_directory(struct hf_config *config, const char *path)
{
    struct hf_buffer all = { 0 };
    size_t files = 0;
    bool before, ok;
    DIR *dir;

    if (!begin(config))
        return false;
    before = has_error(config);
    if (!path)
        return hf_config_fail(config, HF_E_MISUSE, 0, "no path was given");
    dir = opendir(path);
    if (!dir)
        return fail_system(config, path, errno);
    ok = gather(config, dir, path, &all, &files);
    closedir(dir);
    if (ok && files == 0)
        ok = fail_path(config, path, HF_E_NO_TRUST,
                       "no hashed certificate here (1f2e3d4c.0); "
                       "`openssl rehash` makes such names");
    if (!ok) {
        hf_buffer_wipe(&all);
        return false;
    }
    if (!all.at) /* all of them DER, or gone */
        return true;
    ok = lend(config, (struct loan){ all.at, all.cap, false }, all.end);
    return ok || blame(config, path, before);
}

/* ---- what the system trusts ---------------------------------------------- */

/* clang-format off */
static const char *const system_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* older of these */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/cert.pem",                                 /* Alpine, *BSD */
    "/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD's port */
    "/etc/openssl/certs/ca-certificates.crt",            /* NetBSD */
    NULL
};
/* clang-format on */

static bool map_file(struct hf_config *config, const char *path)
{
    bool before = has_error(config);
    size_t size = 0;
    int fd = open_file(config, path, HF_TRUST_FILE_MAX, &size);
    void *at;

    if (fd < 0)
        return false;
    at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return fail_system(config, path, errno);
    return lend(config, (struct loan){ at, size, true }, size) ||
           blame(config, path, before);
}

bool hf_trust_first(struct hf_config *config, const char *const *paths)
{
    char detail[HF_DETAIL_MAX] = "none of these is there:";
    struct stat st;

    for (size_t i = 0; paths[i]; i++) {
        if (stat(paths[i], &st) == 0)
            return map_file(config, paths[i]);
        hf_format_more(detail, sizeof(detail), "%s%s", i ? ", " : " ",
                       paths[i]);
    }
    return hf_config_fail(config, HF_E_NO_TRUST, 0, detail);
}

bool hf_config_trust_system(struct hf_config *config)
{
    return begin(config) && hf_trust_first(config, system_bundles);
}
