/* idn.c - names as people write them: bücher.example becomes the name that
 * stands in DNS and in certificates, xn--bcher-kva.example (RFC 5890).
 *
 * The library knows A-labels only; what leads there from what was typed is
 * libidn2's (UTS #46, non-transitional, normalised).  Its answer is looked at
 * again: among what it maps are characters that would end a host in a URL. */
#include "client.h"

#include <ctype.h>
#include <string.h>

#ifdef HAVE_IDN2
#include <idn2.h>
#endif

bool name_is_ascii(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name >= 0x80)
            return false;
    return true;
}

#ifdef HAVE_IDN2
/* libidn2's codes as what is to be done about them. */
static const char *reason_of(int code)
{
    switch (code) {
    case IDN2_MALLOC: return "out of memory";
    case IDN2_ENCODING_ERROR:
    case IDN2_ICONV_FAIL: return "the name is not UTF-8";
    case IDN2_PUNYCODE_BIG_OUTPUT:
    case IDN2_PUNYCODE_OVERFLOW:
    case IDN2_TOO_BIG_LABEL:
    case IDN2_TOO_BIG_DOMAIN:
        return "a label of the name is longer than 63 characters as xn--..., "
               "or the whole than 253";
    case IDN2_HYPHEN_STARTEND:
    case IDN2_2HYPHEN:
    case IDN2_LEADING_COMBINING:
        return "a label of the name begins or ends with what may not be there";
    case IDN2_BIDI:
        return "a label of the name mixes directions of writing (RFC 5893)";
    default: return "a character of the name can be in no host name";
    }
}

static bool is_host(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-._", *p))
            return false;
    return *name != 0;
}

bool name_to_ascii(const char *name, char *out, size_t cap, const char **why)
{
    char *made = NULL;
    int code;
    bool fits;

    *why = NULL;
    if (name_is_ascii(name)) {
        fits = strlen(name) < cap;
        if (fits)
            memmove(out, name, strlen(name) + 1);
        return fits;
    }
    code = idn2_to_ascii_8z(name, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (code != IDN2_OK) {
        *why = reason_of(code);
        return false;
    }
    fits = strlen(made) < cap && is_host(made);
    if (fits)
        memcpy(out, made, strlen(made) + 1);
    else
        *why = reason_of(IDN2_DISALLOWED);
    idn2_free(made);
    return fits;
}
#else
bool name_to_ascii(const char *name, char *out, size_t cap, const char **why)
{
    size_t len = strlen(name);

    *why = NULL;
    if (!name_is_ascii(name))
        *why = "this handfast was built without libidn2; write the name in "
               "its ASCII form (xn--...)";
    else if (len < cap)
        memmove(out, name, len + 1);
    return !*why && len < cap;
}
#endif

int name_option(const struct tool *tool, const char *name, char out[HOST_MAX])
{
    const char *why;

    if (name_to_ascii(name, out, HOST_MAX, &why))
        return -1;
    return usage_error(tool, "\"%.200s\": %s", name,
                       lang(why ? why : "the name is too long"));
}
