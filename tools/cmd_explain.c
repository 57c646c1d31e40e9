/* cmd_explain.c - handfast explain: bytes of TLS in words, field by field; the
 * connections of a capture; or half a page about an error, an alert, an exit
 * code.
 *
 * What an operand is, is found out in this order: a file, a word that means
 * something, bytes in hex or base64.  Several operands are the words of one
 * line: "alert 40", or hex with blanks between. */
#include "capture.h"
#include "certs.h"
#include "explaining.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 16 * 1024 * 1024, CAPTURE_MOST = 512 * 1024 * 1024 };

struct explain {
    const char *as, *tls;
    struct capture_how capture;
};

/* ---- PEM --------------------------------------------------------------------- */

static bool label_has(struct hf_span label, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= label.len; i++)
        if (memcmp(label.at + i, word, len) == 0)
            return true;
    return false;
}

static int bad_base64(const struct explainer *x)
{
    static const char why[] = "the base64 between the lines of dashes cannot "
                              "be read";

    if (!x->json)
        return tool_error(x->tool, HF_EXIT_NO, "%s", lang(why));
    json_no_fields(x->json);
    json_fault(x->json, "config.pem", NULL, why, 0, NULL, NULL);
    return HF_EXIT_NO;
}

static int explain_block(const struct explainer *x,
                         const struct explain_how *how,
                         const struct hf_pem *pem)
{
    struct hf_span label = pem->label;
    size_t room = pem->base64.len, len = 0;
    uint8_t *der;
    int code;

    if (label_has(label, "PRIVATE KEY")) {
        if (x->json) {
            json_no_fields(x->json);
            json_fault(x->json, NULL, NULL, NULL, 0, NULL, NULL);
        }
        return tool_error(x->tool, HF_EXIT_GOOD,
                          "a private key is there too, and is not shown");
    }
    der = malloc(room + 3);
    if (!der)
        return tool_error(x->tool, HF_EXIT_INTERNAL, "out of memory");
    if (hf_unbase64(pem->base64, der, room + 3, &len))
        code = explain_bytes(x, how, hf_span(der, len));
    else
        code = bad_base64(x);
    free(der);
    return code;
}

static int explain_pem(const struct explainer *x, const struct explain_how *how,
                       struct hf_span text)
{
    struct hf_pem pem;
    bool bad, more = false;
    int code = HF_EXIT_GOOD, one;

    while (hf_pem_next(&text, &pem, &bad)) {
        if (more && !x->json)
            putchar('\n');
        more = true;
        explain_heading(x, pem.label);
        if (x->json) {
            json_open(x->json, NULL, '{');
            json_bytes(x->json, "label", pem.label);
        }
        one = explain_block(x, how, &pem);
        if (x->json)
            json_close(x->json);
        code = one ? one : code;
    }
    if (bad)
        return tool_error(x->tool, HF_EXIT_NO,
                          "a PEM block begins and never ends");
    return code;
}

/* ---- bytes --------------------------------------------------------------------- */

static int explain_text(struct tool *tool, const struct explain_how *how,
                        struct hf_span text)
{
    /* cppcheck-suppress uninitvar ; only its address is taken */
    struct json json, *j = tool->json ? &json : NULL;
    struct explainer x = { tool, j, tool->verbose > 0 };
    struct bytes bytes;
    enum decoded as;
    int code;

    if (!decode(text, &bytes, &as))
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    if (!bytes.len) {
        bytes_free(&bytes);
        return usage_error(tool, "there are no bytes to explain");
    }
    if (j) {
        json_start(j, stdout, "handfast/explain/1");
        json_text(j, "read_as", decoded_name(as));
        json_number(j, "bytes", (int64_t)bytes.len);
    }
    if (j && as == DECODED_PEM)
        json_open(j, "blocks", '[');
    code = as == DECODED_PEM ? explain_pem(&x, how, bytes_span(&bytes))
                             : explain_bytes(&x, how, bytes_span(&bytes));
    if (j)
        json_finish(j);
    bytes_free(&bytes);
    return output_done(tool, code);
}

static int explain_file(struct tool *tool, const struct explain_how *how,
                        const struct capture_how *capture, const char *path)
{
    struct hf_error error = { 0 };
    struct bytes bytes;
    int code;

    if (!file_read(path, CAPTURE_MOST, &bytes, &error))
        return error_tell(tool, HF_EXIT_USAGE, &error, NULL);
    if (!how->as && capture_is(bytes_span(&bytes)))
        code = explain_capture(tool, capture, bytes_span(&bytes));
    else if (bytes.len > MOST)
        code = tool_error(tool, HF_EXIT_USAGE,
                          "%s is no capture, and longer than %d bytes", path,
                          MOST);
    else if (capture->keylog || capture->stream)
        code = usage_error(tool,
                           "%s is no capture: --keylog and --stream say "
                           "nothing about it",
                           path);
    else
        code = explain_text(tool, how, bytes_span(&bytes));
    bytes_free(&bytes);
    return code;
}

/* ---- operands -------------------------------------------------------------------- */

/* The operands as one line. */
static bool join(const struct tool *tool, struct bytes *out)
{
    size_t need = 1;

    for (size_t i = 0; i < tool->operand_count; i++)
        need += strlen(tool->operands[i]) + 1;
    *out = (struct bytes){ calloc(1, need), 0 };
    if (!out->at)
        return false;
    for (size_t i = 0; i < tool->operand_count; i++) {
        size_t len = strlen(tool->operands[i]);

        if (i)
            out->at[out->len++] = ' ';
        memcpy(out->at + out->len, tool->operands[i], len);
        out->len += len;
    }
    return true;
}

static int explain_operands(struct tool *tool, const struct explain_how *how,
                            const struct capture_how *capture)
{
    char *const *word = tool->operands;
    bool pair = tool->operand_count == 2 &&
                (strcmp(word[0], "alert") == 0 || strcmp(word[0], "exit") == 0);
    struct bytes line;
    int code = -1;

    if (tool->operand_count == 1 &&
        (strcmp(word[0], "-") == 0 || file_exists(word[0])))
        return explain_file(tool, how, capture, word[0]);
    if (pair)
        code = explain_word(tool, word[0], word[1]);
    else if (tool->operand_count == 1 && !how->as)
        code = explain_word(tool, NULL, word[0]);
    if (code >= 0)
        return output_done(tool, code);
    if (!join(tool, &line))
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    /* base64 of a few letters would be every word there is */
    if (!pair && (is_hex(bytes_span(&line), how->as ? 1 : 2) ||
                  (line.len >= 32 && !strchr((char *)line.at, ' '))))
        code = explain_text(tool, how, bytes_span(&line));
    else
        code = explain_unknown(tool, (const char *)line.at);
    bytes_free(&line);
    return code;
}

/* "1.3", "TLSv1.3", "tls13". */
static bool read_version(const char *word, unsigned *out)
{
    static const struct {
        const char *word;
        unsigned version;
    } words[] = {
        { "1.2", HF_TLS12 }, { "TLSv1.2", HF_TLS12 }, { "tls12", HF_TLS12 },
        { "1.3", HF_TLS13 }, { "TLSv1.3", HF_TLS13 }, { "tls13", HF_TLS13 },
    };

    for (size_t i = 0; i < HF_COUNT(words); i++) {
        if (strcmp(words[i].word, word) == 0) {
            *out = words[i].version;
            return true;
        }
    }
    return false;
}

static int run(struct tool *tool)
{
    struct explain asked = { .as = NULL };
    struct explain_how how = { NULL, 0 };
    int code = options_read(tool, &asked);

    if (code >= 0)
        return code;
    how.as = asked.as;
    if (asked.tls && !read_version(asked.tls, &how.version))
        return usage_error(tool, "--tls takes 1.2 or 1.3, not \"%s\"",
                           asked.tls);
    if (tool->operand_count)
        return explain_operands(tool, &how, &asked.capture);
    if (isatty(STDIN_FILENO))
        return usage_error(tool, "paste what? Bytes in a file, on standard "
                                 "input, or as hex; or an error's code");
    return explain_file(tool, &how, &asked.capture, "-");
}

/* clang-format off */
static const struct opt options[] = {
    { .name = "as", .kind = OPT_TEXT, .arg = "KIND",
      .at = offsetof(struct explain, as),
      .help = "read the bytes as records, messages, a certificate, or one "
              "structure (handfast tables layouts lists them)" },
    { .name = "tls", .kind = OPT_TEXT, .arg = "1.2|1.3",
      .at = offsetof(struct explain, tls),
      .help = "from which version of TLS messages are; otherwise told from the "
              "bytes" },
    { .name = "keylog", .kind = OPT_TEXT, .arg = "FILE",
      .at = offsetof(struct explain, capture.keylog), .also = "keylog-file",
      .help = "open what is sealed in a capture with these secrets, which one "
              "of the two wrote (SSLKEYLOGFILE); those inside of a capture are "
              "used anyway" },
    { .name = "stream", .kind = OPT_NUMBER, .arg = "N",
      .at = offsetof(struct explain, capture.stream),
      .help = "of a capture only the Nth connection" },
    { .name = "brief", .kind = OPT_FLAG,
      .at = offsetof(struct explain, capture.brief),
      .help = "of a capture no fields, only what was said" },
    { .name = "data", .kind = OPT_FLAG,
      .at = offsetof(struct explain, capture.data),
      .help = "of a capture also the application's data, as far as it is open" },
    { .name = "verbose", .letter = 'v', .kind = OPT_COUNT, .shared = true,
      .at = offsetof(struct tool, verbose),
      .help = "long values whole, certificates inside messages taken apart" },
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

const struct command cmd_explain = {
    .name = "explain",
    .operands = "[FILE | HEX | BASE64 | CODE]",
    .summary = "bytes of TLS in words, or an error's code",
    .about =
        "Records, handshake messages and certificates, as they are, as hex "
        "(with or without the offsets of a dump), base64 or PEM, from a file, "
        "standard input or the command line. Each line says offset, length, "
        "field, value and meaning; where the bytes cannot be read, an arrow "
        "points at the byte.\n\n"
        "A FILE may be a capture, pcap or pcapng: of every connection in it "
        "each message is told, and with the secrets (--keylog, or inside of "
        "the capture) those that are sealed too.\n\n"
        "CODE is an error such as verify.expired, an alert by name or number, "
        "an exit code, a decision such as choose.group, or the name or number "
        "(0x1301) of a cipher suite, group, extension and so on.",
    .examples = "  handfast explain hello.bin\n"
                "  handfast explain 16 03 01 00 05 01 00 00 01 03\n"
                "  handfast explain -v chain.pem\n"
                "  handfast explain --keylog keys.txt capture.pcapng\n"
                "  handfast explain verify.unknown_issuer\n"
                "  handfast explain alert 40\n",
    .options = options,
    .run = run,
};
