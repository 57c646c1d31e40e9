/* lang.c - what is said to people, in their language.
 *
 * English stands in the sources and tables; lang/zh.txt has, for each of its
 * sentences, the same in Chinese, and the build makes sorted tables of it
 * (scripts/lang.py).  Two questions are asked of them:
 *
 *     lang("the certificate has expired")       a sentence or a format of ours:
 *                                                looked up by halving
 *     lang_text("record type 99", ...)           a sentence that the library has
 *                                                finished: a format is found
 *                                                that it could have come from,
 *                                                and its values are put into the
 *                                                translation
 *
 * The library knows nothing of this: what it says is English with values in it.
 * A format is a pattern, "%u" is digits, "%q" a quoted text and so on; patterns
 * are tried in the order of how much of them is literal, so that the most exact
 * one wins.  A value is copied as it is.  It is never looked up, and never a
 * pattern, unless the translation says "%!s" where our own words stand in ours.
 * "%_s" is a value of one word: without it, "%s in %s" would fit too much.
 * What has no translation stays English.
 *
 * Which language it is stands in the environment, as HANDFAST_LANG: main() puts
 * there what --lang says, before anything else runs, and nothing changes it
 * afterwards.
 */
#include "tool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handfast/explain.h"

struct row {
    const char *english, *said;
};
struct book {
    const char *name;
    const struct row *row, *pattern;
    size_t rows, patterns;
};
#include "lang_books.inc"

#define VARIABLE "HANDFAST_LANG"

static const struct book *find_book(const char *name)
{
    for (size_t i = 0; name && i < sizeof books / sizeof books[0]; i++)
        if (!strcmp(books[i].name, name))
            return &books[i];
    return NULL;
}

static const struct book *book_now(void)
{
    return find_book(getenv(VARIABLE));
}

const char *lang_name(void)
{
    const struct book *book = book_now();
    return book ? book->name : "en";
}

/* ---- which language ----------------------------------------------------------- */

/* "zh_CN.UTF-8" begins with the name of a language that we speak.  UTF-8 is
 * what is spoken, so an encoding that says otherwise gets English. */
static const char *of_locale(const char *locale)
{
    const char *code = strchr(locale, '.');
    if (code && strcmp(code, ".UTF-8") && strcmp(code, ".utf8") &&
        strcmp(code, ".utf-8"))
        return "en";
    for (size_t i = 0; i < sizeof books / sizeof books[0]; i++) {
        size_t n = strlen(books[i].name);
        if (!strncmp(locale, books[i].name, n) &&
            (!locale[n] || strchr("_.@-", locale[n])))
            return books[i].name;
    }
    return "en";
}

/* The environment's locale, which counts where a person looks: scripts that
 * read what we print get the same words everywhere. */
static const char *locale_language(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    if (!isatty(STDOUT_FILENO) || !isatty(STDERR_FILENO))
        return "en";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return of_locale(value);
    }
    return "en";
}

/* What is behind --lang or -lang in @words, the last of them; NULL: nothing.
 * A word that is no language is told by options.c. */
static const char *asked(int count, char **words)
{
    const char *found = NULL;
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        const char *word = words[i];
        if (word[0] != '-')
            continue;
        word += word[1] == '-' ? 2 : 1;
        if (!strncmp(word, "lang=", 5))
            found = word + 5;
        else if (!strcmp(word, "lang") && i + 1 < count)
            found = words[++i];
    }
    return found;
}

void lang_init(int count, char **words)
{
    const char *said = asked(count, words);
    const char *set = getenv(VARIABLE);
    if (!said)
        said = set && *set ? set : locale_language();
    setenv(VARIABLE, said, 1);
}

/* ---- sentences of ours --------------------------------------------------------- */

static int compare(const char *key, const char *text, size_t len)
{
    int order = strncmp(key, text, len);
    return order ? order : key[len] != 0;
}

static const char *look_up(const struct book *book, const char *text,
                           size_t len)
{
    size_t low = 0, high = book->rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(book->row[middle].english, text, len);
        if (order == 0)
            return book->row[middle].said;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *lang(const char *english)
{
    const struct book *book = book_now();
    const char *said = NULL;
    if (book && english)
        said = look_up(book, english, strlen(english));
    return said ? said : english;
}

const char *lang_errno(int number)
{
    return lang(strerror(number));
}

/* ---- patterns ---------------------------------------------------------------------- */

enum { VALUES = 10 };
struct piece {
    const char *at;
    size_t len;
};

/* A place for a value: "%u", "%.200s", "%2$!s".  @number is 0 unless it is
 * said. */
struct place {
    char kind;       /* 's' for all kinds of text */
    bool ours;       /* '!': words of ours, to be translated too */
    bool word;       /* '_': one word, and no more */
    unsigned number; /* from 1 */
    size_t len;      /* of the place itself */
};

static struct place place_at(const char *p)
{
    struct place place = { 0 };
    const char *end = p + 1;
    unsigned number = 0;
    for (; *end >= '0' && *end <= '9'; end++)
        number = number * 10 + (unsigned)(*end - '0');
    if (*end == '$') {
        place.number = number;
        end++;
    }
    for (; *end && strchr("!_-+ .*0123456789lz", *end); end++) {
        place.ours |= *end == '!';
        place.word |= *end == '_';
        if (*end == 'z' && (end[1] < 'a' || end[1] > 'z'))
            break; /* hf_format's %z; in %zu it is a length */
    }
    place.kind = *end == 'z' || *end == 'd' ? 'u' : *end;
    place.len = (size_t)(end - p) + (*end != 0);
    return place;
}

static size_t count_in(struct piece text, const char *letters)
{
    size_t n = 0;
    while (n < text.len && strchr(letters, text.at[n]) && text.at[n])
        n++;
    return n;
}

/* "..." with quotes and backslashes inside escaped, as hf_format's %q writes
 * it; also when it was cut. */
static size_t quoted(struct piece text)
{
    size_t n = 1;
    if (text.len < 2 || text.at[0] != '"')
        return 0;
    while (n < text.len && text.at[n] != '"')
        n += text.at[n] == '\\' ? 2 : 1;
    return n < text.len ? n + 1 : 0;
}

/* How much of @text is a value of this kind, which is not 's'; 0: it is
 * none. */
static size_t value_length(char kind, struct piece text)
{
    size_t n;
    switch (kind) {
    case 'u':
        n = text.len > 1 && text.at[0] == '-';
        text.at += n;
        text.len -= n;
        return count_in(text, "0123456789") ? n + count_in(text, "0123456789")
                                            : 0;
    case 'x':
        if (text.len < 3 || strncmp(text.at, "0x", 2))
            return 0;
        text.at += 2;
        text.len -= 2;
        n = count_in(text, "0123456789abcdef");
        return n ? n + 2 : 0;
    case 'h': /* 32 bytes at most, and dots */
        n = count_in(text, "0123456789abcdef");
        return n == 64 && text.len >= 67 && !strncmp(text.at + n, "...", 3)
                   ? n + 3
                   : n;
    case 'q': return quoted(text);
    case 't': /* 2026-12-31 23:59:59 UTC */
        n = count_in(text, "0123456789-: ");
        return text.len >= n + 3 && !strncmp(text.at + n, "UTC", 3) ? n + 3 : 0;
    case 'f': return count_in(text, "0123456789.");
    case 'c': return text.len ? 1 : 0;
    default: return 0;
    }
}

/* Where the matching of a text stands.  Only the last %s that was met can have
 * to take more than it did: whatever stands before it has matched as early as
 * it can. */
struct match {
    const char *pattern;
    struct piece text; /* what is left of it */
    struct piece value[VALUES];
    unsigned values;
    /* at the last %s: what stands behind it, and the text it began at */
    const char *behind;
    struct piece begun;
    unsigned star; /* its number; only if behind */
};

/* Match one place or letter.  False: it does not fit here. */
static bool step(struct match *m)
{
    struct place place;
    size_t n;
    if (*m->pattern == '%' && m->pattern[1] != '%') {
        place = place_at(m->pattern);
        if (m->values == VALUES)
            return false;
        m->pattern += place.len;
        if (place.kind == 's') {
            m->behind = m->pattern;
            m->begun = m->text;
            m->star = m->values++;
            m->value[m->star] = (struct piece){ m->text.at, 0 };
            return true;
        }
        n = value_length(place.kind, m->text);
        m->value[m->values++] = (struct piece){ m->text.at, n };
    } else {
        m->pattern += *m->pattern == '%';
        n = m->text.len && *m->text.at == *m->pattern ? 1 : 0;
        m->pattern++;
    }
    m->text.at += n;
    m->text.len -= n;
    return n > 0;
}

/* Let the last %s have one letter more. */
static bool retry(struct match *m)
{
    struct piece *value = &m->value[m->star];
    if (!m->behind || value->len == m->begun.len)
        return false;
    value->len++;
    m->pattern = m->behind;
    m->text = (struct piece){ value->at + value->len,
                              m->begun.len - value->len };
    m->values = m->star + 1;
    return true;
}

static bool matches(struct match *m, const char *pattern, struct piece text)
{
    *m = (struct match){ .pattern = pattern, .text = text };
    /* most patterns begin with letters, and are no match at the first */
    if (*pattern != '%' && (!text.len || *pattern != *text.at))
        return false;
    for (;;) {
        bool over = !*m->pattern;
        if (over && !m->text.len)
            return true;
        if (over && m->behind == m->pattern) { /* ends with %s: all the rest */
            m->value[m->star].len = m->begun.len;
            return true;
        }
        if ((over || !step(m)) && !retry(m))
            return false;
    }
}

/* ---- sentences of the library ------------------------------------------------------ */

/* A translation that is being written down. */
struct frame {
    const char *said;
    struct piece value[VALUES];
    unsigned values, next;
};

/* Can @pattern be what @text came from? */
static bool fits(const struct row *pattern, struct piece text, struct match *m)
{
    const char *said = pattern->said;
    unsigned next = 0;
    if (!matches(m, pattern->english, text))
        return false;
    for (; (said = strchr(said, '%')); said++) {
        struct place place = place_at(said);
        unsigned number;
        if (place.kind == '%') { /* %%: a percent sign */
            said++;
            continue;
        }
        number = place.number ? place.number - 1 : next++;
        if (place.word && number < m->values &&
            memchr(m->value[number].at, ' ', m->value[number].len))
            return false;
    }
    return true;
}

static bool known(const struct book *book, struct piece text)
{
    struct match m;
    if (!text.len || look_up(book, text.at, text.len))
        return true;
    for (size_t i = 0; i < book->patterns; i++)
        if (fits(&book->pattern[i], text, &m))
            return true;
    return false;
}

/* Are the values that should be words of ours such words? */
static bool all_known(const struct book *book, const struct match *m,
                      const char *said)
{
    unsigned next = 0;
    for (; (said = strchr(said, '%')); said++) {
        struct place place = place_at(said);
        unsigned number;
        if (place.kind == '%') { /* %%: a percent sign */
            said++;
            continue;
        }
        number = place.number ? place.number - 1 : next++;
        if (place.ours && number < m->values && !known(book, m->value[number]))
            return false;
    }
    return true;
}

/* What to write for @text; false if nothing is known.  A pattern whose parts
 * are known, too, is better than a longer one whose parts are not: "%s: %s"
 * fits every name with a colon in it. */
static bool find(const struct book *book, struct piece text, struct frame *f)
{
    struct match m;
    *f = (struct frame){ .said = look_up(book, text.at, text.len) };
    if (f->said)
        return !strchr(f->said, '%');
    for (size_t i = 0; i < book->patterns; i++) {
        const struct row *pattern = &book->pattern[i];
        bool good;
        if (!fits(pattern, text, &m))
            continue;
        good = all_known(book, &m, pattern->said);
        if (!good && f->said)
            continue;
        f->said = pattern->said;
        f->values = m.values;
        memcpy(f->value, m.value, sizeof m.value);
        if (good)
            return true;
    }
    return f->said != NULL;
}

struct room {
    char *at;
    size_t cap, len;
};

static void add(struct room *room, const char *text, size_t len)
{
    size_t left = room->cap - 1 - room->len;
    if (len > left)
        len = left;
    if (!text || !len)
        return;
    memcpy(room->at + room->len, text, len);
    room->len += len;
    room->at[room->len] = '\0';
}

/* Write @f's translation down as far as a place where words of ours stand;
 * true: they are in *words and have to be translated next. */
static bool write_some(struct frame *f, struct room *room, struct piece *words)
{
    while (*f->said) {
        size_t plain = strcspn(f->said, "%");
        struct place place;
        unsigned number;
        add(room, f->said, plain);
        f->said += plain;
        if (!*f->said)
            break;
        if (f->said[1] == '%') {
            add(room, "%", 1);
            f->said += 2;
            continue;
        }
        place = place_at(f->said);
        f->said += place.len;
        number = place.number ? place.number - 1 : f->next++;
        if (number >= f->values)
            continue;
        *words = f->value[number];
        if (place.ours)
            return true;
        add(room, words->at, words->len);
    }
    return false;
}

const char *lang_value(const struct hf_line *line, char *out, size_t cap)
{
    const struct hf_seen *seen = line->seen;
    if (seen->kind != HF_SEEN_FIELD || seen->field->show == HF_SHOW_TEXT)
        return line->value;
    return lang_text(line->value, out, cap);
}

const char *lang_text(const char *english, char *out, size_t cap)
{
    enum { DEEPEST = 5 };
    const struct book *book = book_now();
    struct room room = { out, cap, 0 };
    struct frame frame[DEEPEST];
    struct piece words;
    unsigned depth = 1;
    assert(cap > 0);
    if (!book || !english ||
        !find(book, (struct piece){ english, strlen(english) }, &frame[0]))
        return english;
    out[0] = '\0';
    while (depth) {
        if (!write_some(&frame[depth - 1], &room, &words))
            depth--;
        else if (depth < DEEPEST && find(book, words, &frame[depth]))
            depth++;
        else
            add(&room, words.at, words.len);
    }
    text_cut(out);
    return out;
}
