/* cmd_serve.c - handfast serve: a TLS server in a second, for trying clients,
 * certificates and policies.  Without arguments it is its own authority. */
#include "serve.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { MOST = 256 };

struct words_read {
    struct serve_words words;
    bool list_faults;
    const char *port; /* to know whether it was said */
};

/* An exit code. */
static int end(struct serve *s, int code)
{
    struct failure f = { 0 };

    serve_vanish(s);
    for (size_t i = 0; i < s->listeners; i++)
        close(s->listener[i]);
    if (s->dir >= 0)
        close(s->dir);
    if (s->keylog >= 0)
        close(s->keylog);
    if (s->signals >= 0)
        close(s->signals);
    pcap_close(s->pcap, &f);
    if (f.code)
        code = failure_tell(s->tool, &f);
    hf_config_free(s->config);
    hf_session_store_free(s->sessions);
    hf_strike_register_free(s->strikes);
    free(s);
    return code;
}

/* Signals become something to read, so that they come between two turns. */
static int catch_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int serve(struct tool *tool, const struct serve_words *words)
{
    struct serve *s = calloc(1, sizeof(*s));
    int code;

    if (!s)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    s->tool = tool;
    s->words = words;
    s->dir = s->keylog = -1;
    s->most = words->max ? (size_t)words->max : MOST;
    s->left = words->once ? 1 : words->count;
    s->signals = catch_signals();
    if (s->signals < 0)
        code = tool_error(tool, HF_EXIT_INTERNAL, "no signals");
    else
        code = serve_setup(s);
    if (!code) {
        serve_banner(s);
        code = serve_loop(s);
    }
    return output_done(tool, end(s, code));
}

static bool read_port(struct words_read *read)
{
    char *stop;

    if (!read->port)
        return true;
    read->words.port = strtoul(read->port, &stop, 10);
    read->words.port_said = true;
    return *read->port >= '0' && *read->port <= '9' && !*stop &&
           read->words.port <= 65535;
}

static int serve_as_asked(struct tool *tool, struct words_read *read)
{
    if (read->list_faults) {
        fault_list(stdout);
        return output_done(tool, HF_EXIT_GOOD);
    }
    if (tool->operand_count)
        return usage_error(tool, "\"%s\"? A folder is served with --dir",
                           tool->operands[0]);
    if (!read_port(read))
        return usage_error(tool,
                           "--port takes a number up to 65535, not "
                           "\"%s\"",
                           read->port);
    if (read->words.max > 100000)
        return usage_error(tool, "--max takes at most 100000");
    if (read->words.only12)
        read->words.offer.max = HF_TLS12;
    if (read->words.files && !read->words.dir)
        read->words.dir = ".";
    return serve(tool, &read->words);
}

static int run(struct tool *tool)
{
    struct words_read read = { .list_faults = false };
    int code = options_read(tool, &read);

    if (code < 0)
        code = serve_as_asked(tool, &read);
    free(read.words.cert.at);
    free(read.words.key.at);
    return code;
}

/* clang-format off */
#define AT(member) offsetof(struct words_read, words.member)
#define OFFER(member) .at = AT(offer.member)
#define PSK(member) .at = AT(psk.member)
static const struct opt options[] = {
    { .kind = OPT_HEAD, .help = "Where" },
    { .name = "port", .letter = 'p', .kind = OPT_TEXT, .arg = "N",
      .at = offsetof(struct words_read, port),
      .help = "listen at this port; 0: any; otherwise the first free one from "
              "8443" },
    { .name = "accept", .kind = OPT_TEXT, .arg = "[HOST:]PORT",
      .at = AT(accept), .help = "the same in s_server's way" },
    { .name = "host", .kind = OPT_TEXT, .arg = "ADDRESS", .at = AT(host),
      .also = "bind",
      .help = "listen at this address; *: at all; otherwise only this machine "
              "can reach it" },

    { .kind = OPT_HEAD, .help = "What it answers" },
    { .name = "dir", .kind = OPT_TEXT, .arg = "DIR", .at = AT(dir),
      .help = "the files of a folder; the status page moves to /.handfast" },
    { .name = "echo", .kind = OPT_FLAG, .at = AT(echo),
      .help = "no HTTP: every byte goes back" },
    { .name = "once", .kind = OPT_FLAG, .at = AT(once),
      .help = "leave after one connection; the exit code says how it went" },
    { .name = "count", .kind = OPT_NUMBER, .arg = "N", .at = AT(count),
      .also = "naccept", .help = "leave after so many connections" },
    { .name = "max", .kind = OPT_NUMBER, .arg = "N", .at = AT(max),
      .help = "at most so many connections at once; otherwise 256" },

    { .kind = OPT_HEAD, .help = "Who it is" },
    { .name = "cert", .kind = OPT_LIST, .arg = "FILE", .at = AT(cert),
      .also = "dcert cert2",
      .help = "a certificate and what issued it; may be said again, and the "
              "client's SNI chooses" },
    { .name = "key", .kind = OPT_LIST, .arg = "FILE", .at = AT(key),
      .also = "dkey key2",
      .help = "its key, if that is not in the same file; in the same order" },
    { .name = "pass", .kind = OPT_TEXT, .arg = "PHRASE", .at = AT(pass),
      .help = "the passphrase of encrypted keys" },
    { .name = "names", .kind = OPT_TEXT, .arg = "LIST", .at = AT(names),
      .help = "the names of the throw-away certificate, commas between them; "
              "otherwise localhost,127.0.0.1,::1" },
    { .name = "fault", .kind = OPT_TEXT, .arg = "FAULT", .at = AT(fault),
      .help = "be wrong on purpose: expired, wrong-name, hrr, drop..." },
    { .name = "list-faults", .kind = OPT_FLAG,
      .at = offsetof(struct words_read, list_faults),
      .help = "list the faults" },

    { .name = "status-file", .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(status_file), .also = "status_file",
      .help = "an OCSP response for the last --cert, in DER; clients who ask "
              "are given it" },
    { .name = "sct-file", .kind = OPT_TEXT, .arg = "FILE", .at = AT(sct_file),
      .help = "certificate timestamps (RFC 6962) for the last --cert, a list "
              "as it travels; clients who ask are given them" },

    { .kind = OPT_HEAD, .help = "Whom it lets in" },
    OPT_PSK(PSK),
    { .name = "verify-client", .kind = OPT_TEXT, .arg = "required|optional",
      .at = AT(client_auth),
      .help = "ask clients for a certificate; without --cafile the throw-away "
              "authority makes one to try it with" },
    { .name = "verify", .kind = OPT_TEXT, .arg = "DEPTH",
      .at = AT(client_auth), .help = "s_server's word for optional" },
    { .name = "Verify", .kind = OPT_TEXT, .arg = "DEPTH",
      .at = AT(need_client), .help = "s_server's word for required" },
    { .name = "cafile", .kind = OPT_TEXT, .arg = "FILE", .at = AT(ca_file),
      .also = "CAfile cacert", .help = "whose clients to trust" },
    { .name = "crlfile", .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(revoking.crl_file), .also = "CRL",
      .help = "refuse clients that are on the revocation lists in this file, "
              "and those that no list is about" },
    { .name = "revocation", .kind = OPT_TEXT, .arg = "none|soft|leaf|hard",
      .at = AT(revoking.mode),
      .help = "which certificates must be known not to be revoked: none that "
              "nobody speaks of (soft), the client's own, or all (hard, with "
              "--crlfile)" },

    { .kind = OPT_HEAD, .help = "What it speaks" },
    OPT_POLICY(OFFER),
    { .name = "tlsv1.2", .kind = OPT_SET, .value = HF_TLS12, OFFER(min),
      .help = "TLS 1.2 or newer" },
    { .name = "tlsv1.3", .kind = OPT_SET, .value = HF_TLS13, OFFER(min),
      .also = "tls1_3 tls13", .help = "TLS 1.3 and nothing older" },
    { .name = "tls1_2", .kind = OPT_FLAG, .at = AT(only12), .also = "tls12",
      .help = "TLS 1.2 and nothing newer" },
    OPT_TLS_MAX(OFFER),
    { .name = "alpn", .kind = OPT_TEXT, .arg = "LIST", .at = AT(alpn),
      .help = "application protocols, commas between them; otherwise http/1.1" },
    { .name = "no-alpn", .kind = OPT_FLAG, .at = AT(no_alpn),
      .help = "leave ALPN unanswered" },
    { .name = "ciphers", .kind = OPT_TEXT, .arg = "LIST", OFFER(ciphers),
      .also = "cipher",
      .help = "cipher suites, most wanted first, colons between them; of a "
              "version that is not among them, the policy's" },
    { .name = "tls13-ciphers", .kind = OPT_TEXT, .arg = "LIST",
      OFFER(ciphers13), .also = "ciphersuites",
      .help = "the same, for TLS 1.3" },
    { .name = "groups", .kind = OPT_TEXT, .arg = "LIST", OFFER(groups),
      .also = "curves", .help = "groups for the key exchange, likewise" },
    { .name = "sigalgs", .kind = OPT_TEXT, .arg = "LIST", OFFER(schemes),
      .help = "signature schemes, likewise" },
    OPT_CERT_COMPRESSION(OFFER),
    OPT_SHAPE(OFFER),
    OPT_GREASE(OFFER,
               "put values that mean nothing into what clients are asked and "
               "given (RFC 8701)"),

    { .kind = OPT_HEAD, .help = "What it resumes" },
    { .name = "no-tickets", .kind = OPT_FLAG, .at = AT(no_tickets),
      .also = "no_ticket no-session-tickets",
      .help = "give no tickets; nginx: ssl_session_tickets off" },
    { .name = "session-ids", .kind = OPT_FLAG, .at = AT(session_ids),
      .also = "session-cache",
      .help = "remember sessions for clients of TLS 1.2 that take no ticket; "
              "nginx: ssl_session_cache" },
    { .name = "early-data", .kind = OPT_FLAG, .at = AT(early_data),
      .also = "early_data",
      .help = "take early data (0-RTT) with tickets, up to 16384 bytes, and "
              "answer GET and HEAD at once; nginx: ssl_early_data on" },
    { .name = "session-lifetime", .kind = OPT_NUMBER, .arg = "SECONDS",
      .at = AT(lifetime), .also = "session-timeout",
      .help = "how long a session may be resumed (43200); nginx: "
              "ssl_session_timeout" },

    { .kind = OPT_HEAD, .help = "What it tells" },
    { .name = "quiet", .letter = 'q', .kind = OPT_FLAG, .at = AT(quiet),
      .help = "no line about each request" },
    { .name = "keylog", .kind = OPT_TEXT, .arg = "FILE", .at = AT(keylog),
      .also = "keylogfile",
      .help = "append the secrets of every connection to a file, for "
              "Wireshark; also $SSLKEYLOGFILE" },
    { .name = "pcap", .kind = OPT_TEXT, .arg = "FILE", .at = AT(pcap),
      .help = "write what passes the sockets to a file, a capture that "
              "Wireshark opens decrypted: the keys are in it" },
    { .name = "verbose", .letter = 'v', .kind = OPT_COUNT, .shared = true,
      .at = offsetof(struct tool, verbose), .also = "msg",
      .help = "every message; twice: every field; three times: every byte" },
    { .name = "json", .kind = OPT_FLAG, .shared = true,
      .at = offsetof(struct tool, json),
      .help = "a line of JSON for each event" },
    { .name = "www", .kind = OPT_FLAG, .at = AT(www),
      .help = "s_server's word for the status page, which is there anyway" },
    { .name = "WWW", .kind = OPT_FLAG, .at = AT(files), .also = "HTTP",
      .help = "s_server's word for --dir ." },
    { .kind = OPT_END },
};
/* clang-format on */

const struct command cmd_serve = {
    .name = "serve",
    .also = "s_server",
    .summary = "a TLS server in a second: status page, files, or echo",
    .about =
        "Without arguments it makes a throw-away authority and a certificate "
        "for localhost, listens where only this machine can reach it, and says "
        "what to type to try it. The authority's certificate lies in a file "
        "for as long as the server runs; its key lies nowhere.\n\n"
        "The page at / (and /.handfast.json) tells the client what it offered, "
        "what was chosen and why. A POST is answered with its length and "
        "SHA-256.",
    .examples = "  handfast serve\n"
                "  handfast serve --dir . --verify-client required\n"
                "  handfast serve --cert a.pem --cert b.pem --port 443 "
                "--host '*'\n"
                "  handfast serve --fault expired\n",
    .options = options,
    .run = run,
};
