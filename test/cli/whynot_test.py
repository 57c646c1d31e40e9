#!/usr/bin/python3
"""Why a certificate is not trusted: the commonest causes, word for word, in
English and Chinese, as `get` and `cert verify` say them; the tree of what was
tried; and a missing issuer that is fetched when that is asked for."""
import base64
import http.server
import re
import subprocess
import sys
import threading

import cli
from cli import (Skip, WORK, answers, certificate, equal, has, lacks, run,
                 tls_server, want)
from revocation_test import Authority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
WIDE = {"COLUMNS": "500"}
WHY = {"en": "  why  ", "zh": "  原因 "}
TRY = {"en": "  try  ", "zh": "  建议 "}

# Fault of `handfast ca issue --broken`, code, and in each language what it is
# called, why (both values, what to do) and what to try.
CAUSES = (
    ("expired", "verify.expired", {
        "en": ("the certificate has expired",
               "CN=localhost: it expired on DATE, SPAN ago (our clock says "
               "DATE); whoever runs the peer must renew it, unless our clock "
               "is wrong",
               "renew the certificate on the server; if it is this machine's "
               "clock that is wrong, set it (date -u)"),
        "zh": ("证书已过期",
               "CN=localhost：已于 DATE 过期，距今 SPAN（我方时钟为 DATE）；须"
               "由对方的管理者更新证书，除非是我方时钟不准",
               "在服务器上更新证书；如果是本机的时钟不准，请校准（date -u）"),
    }),
    ("not-yet", "verify.not_yet_valid", {
        "en": ("the certificate is not valid yet",
               "CN=localhost: it is not valid before DATE, in SPAN (our clock "
               "says DATE); set our clock, if it is slow, else wait",
               "check this machine's clock (date -u); if it is right, wait, "
               "or have the certificate issued anew"),
        "zh": ("证书尚未生效",
               "CN=localhost：在 DATE 之前无效，还要 SPAN（我方时钟为 DATE）；"
               "如果我方时钟慢了，请校准；否则请等待",
               "检查本机的时钟（date -u）；如果时钟正确，请等待，或重新签发证"
               "书"),
    }),
    ("wrong-name", "verify.name", {
        "en": ("the certificate is for other names",
               "CN=localhost: it is for DNS:wrong-name.test, not for "
               "DNS:localhost; connect by a name that it has, or have one "
               "issued for DNS:localhost",
               "use one of the names in the certificate, or put this name "
               "into the certificate's subjectAltName; --resolve and --sni "
               "help to test a name before DNS knows it"),
        "zh": ("证书与主机名不符",
               "CN=localhost：证书适用于 DNS:wrong-name.test，而不是 "
               "DNS:localhost；用证书中的名称连接，或为 DNS:localhost 签发一个"
               "证书",
               "使用证书中的名称之一，或把这个名称写入证书的 subjectAltName；"
               "在 DNS 生效之前可用 --resolve 和 --sni 测试名称"),
    }),
    ("unknown-issuer", "verify.unknown_issuer", {
        "en": ("no trusted authority issued this certificate",
               "CN=localhost: its issuer CN=forgotten authority is not among "
               "the 1 trusted and was not sent; if that is the right "
               "authority, add it to what is trusted",
               "if you know this authority, give its certificate with "
               "--cacert FILE; a public server should use an authority that "
               "the system trusts"),
        "zh": ("该证书不是由受信任的机构签发的",
               "CN=localhost：其签发者 CN=forgotten authority 不在 1 个受信任"
               "的证书之中，也没有发送；如果确实是该机构，请把它加入信任列表",
               "如果您认识该机构，请用 --cacert FILE 给出它的证书；公共服务器"
               "应使用系统信任的机构"),
    }),
    ("missing-intermediate", "verify.missing_intermediate", {
        "en": ("the peer did not send the certificate that issued its own",
               "CN=localhost: its issuer CN=handfast intermediate was not "
               "sent and is not among the 1 trusted; the peer must send it "
               "(it can be had at \"http://nobody.invalid/issuer.der\")",
               "put the intermediate certificates behind the server's own in "
               "its chain file (fullchain.pem); handfast cert verify --fetch "
               "HOST:PORT finds what is missing"),
        "zh": ("对方没有发送签发其证书的中间证书",
               "CN=localhost：其签发者 CN=handfast intermediate 没有发送，也不"
               "在 1 个受信任的证书之中；对方必须发送它（可从 "
               "\"http://nobody.invalid/issuer.der\" 取得）",
               "在证书链文件（fullchain.pem）中把中间证书放在服务器证书之后；"
               "handfast cert verify --fetch HOST:PORT 可找到缺少的证书"),
    }),
    ("self-signed", "verify.self_signed", {
        "en": ("the certificate is signed by itself and is not trusted",
               "CN=localhost: it signed itself and is not among the 1 "
               "trusted; if it is the right one, add it to what is trusted",
               "if you know this certificate, give it with --cacert FILE; "
               "otherwise have one issued by an authority (handfast ca issue "
               "for tests)"),
        "zh": ("证书是自签名的，且不受信任",
               "CN=localhost：是自签名的，且不在 1 个受信任的证书之中；如果确"
               "实是它，请把它加入信任列表",
               "如果您认识这个证书，请用 --cacert FILE 给出它；否则请由证书颁"
               "发机构签发一个（测试可用 handfast ca issue）"),
    }),
    ("weak-key", "verify.weak_key", {
        "en": ("a certificate's key is too weak",
               "CN=localhost: its key is RSA 1024, at least 2048 bits are "
               "needed; have it issued for a longer key, or for ECDSA P-256",
               "have the certificate issued anew for an ECDSA P-256 key or an "
               "RSA key of 2048 bits or more"),
        "zh": ("证书的密钥强度太弱",
               "CN=localhost：密钥是 RSA 1024，至少需要 2048 位；改用更长的密"
               "钥或 ECDSA P-256 签发",
               "请用 ECDSA P-256 密钥或 2048 位以上的 RSA 密钥重新签发证书"),
    }),
    ("sha1", "verify.algorithm", {
        "en": ("a certificate is signed in a way that is not accepted",
               "CN=localhost: it is signed with ecdsa-with-SHA1, which is not "
               "accepted; have it issued anew, signed with SHA-256 or better",
               "have the certificate issued anew with SHA-256 or better"),
        "zh": ("证书所用的签名算法不被接受",
               "CN=localhost：其签名算法是 ecdsa-with-SHA1，不被接受；用 "
               "SHA-256 或更强的算法重新签发",
               "请用 SHA-256 或更强的算法重新签发证书"),
    }),
    ("no-ca-bit", "verify.not_a_ca", {
        "en": ("an issuer is not allowed to issue certificates",
               "CN=handfast: not an authority: it is no authority: its "
               "basicConstraints say cA false; have an authority's "
               "certificate (CA:TRUE) issue it",
               "the issuing certificate needs basicConstraints CA:TRUE and "
               "keyUsage keyCertSign"),
        "zh": ("签发者无权签发证书",
               "CN=handfast：not an authority：它不是颁发机构：其 "
               "basicConstraints 中 cA 为 FALSE；应由颁发机构的证书（CA:TRUE）"
               "签发",
               "用来签发的证书需要 basicConstraints CA:TRUE 和 keyUsage "
               "keyCertSign"),
    }),
    ("wrong-eku", "verify.eku", {
        "en": ("the certificate is for another purpose",
               "CN=localhost: it is for emailProtection, not for serverAuth; "
               "have it issued with extKeyUsage serverAuth",
               "have the certificate issued anew with extendedKeyUsage "
               "serverAuth (for a client: clientAuth)"),
        "zh": ("证书是为其他用途签发的",
               "CN=localhost：证书适用于 emailProtection，而不是 serverAuth；"
               "签发时带上 extKeyUsage serverAuth",
               "请重新签发带有 extendedKeyUsage serverAuth 的证书（客户端则为 "
               "clientAuth）"),
    }),
    ("path-length", "verify.path_length", {
        "en": ("more authorities below an issuer than it allows",
               "CN=handfast: nobody below: it allows 0 authorities below it, "
               "there are 1; have it issued with a larger pathLenConstraint, "
               "or the leaf by a higher authority",
               "the authority may not have so many authorities below it: "
               "shorten the chain"),
        "zh": ("签发者之下的机构层数超过了它允许的数目",
               "CN=handfast：nobody below：其下允许 0 层机构，实际有 1 层；签"
               "发时放宽 pathLenConstraint，或由更高层的机构签发终端证书",
               "该机构之下不得有这么多层机构：请缩短证书链"),
    }),
)


def timeless(text):
    """Dates and how long ago they are depend on the moment."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "DATE", text)
    text = re.sub(r"\b\d+ (day|hour|minute|second)s?\b", "SPAN", text)
    return re.sub(r"\d+ (天|小时|分钟|秒)", "SPAN", text)


_ca = []


def ca_file():
    """Of an authority whose name does not depend on the machine."""
    if not _ca:
        folder = WORK / "test-ca"
        done = run("ca", "init", folder, "--name", "Test CA")
        want(done.code == 0, done)
        cli._ca = folder
        _ca.append(folder / "ca.pem")
    return _ca[0]


def broken(fault):
    ca_file()
    return certificate(fault, "localhost", options=("--broken", fault))


def server_of(chain, key):
    """One that is content with keys and signatures of any kind."""
    context = cli.ssl.SSLContext(cli.ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.load_cert_chain(chain, key)
    return tls_server(answers(OK), context=context)


def get_says(chain, key, trust, lang, *options):
    with server_of(chain, key) as server:
        return run("get", "--lang", lang, "--cacert", trust, *options,
                   f"https://localhost:{server.port}/", env=WIDE)


def three_lines(lang, code, words):
    text, why, advice = words
    return [f"handfast get: (60) {text} [{code}]", WHY[lang] + why,
            TRY[lang] + advice]


def test_get_says_each_cause_word_for_word():
    for fault, code, said in CAUSES:
        chain, key = broken(fault)
        for lang, words in said.items():
            done = get_says(chain, key, ca_file(), lang)
            equal(done.code, 60, fault, done)
            lines = [timeless(line) for line in done.err.splitlines()[:3]]
            equal(lines, three_lines(lang, code, words))


def test_verify_says_each_cause_word_for_word():
    for fault, code, said in CAUSES:
        chain, _ = broken(fault)
        for lang, (text, why, advice) in said.items():
            words = ("cert", "verify", "--lang", lang, "--CAfile", ca_file(),
                     "--name", "localhost", chain)
            done = run(*words, env=WIDE)
            equal(done.code, 1, fault, done)
            lines = [timeless(line) for line in done.out.splitlines()[:3]]
            first = {"en": "not trusted: ", "zh": "不受信任："}[lang]
            equal(lines, [f"{first}{text} [{code}]", WHY[lang] + why,
                          TRY[lang] + advice])
            error = run(*words, "--json").json()["error"]
            equal((error["code"], error["text"], timeless(error["detail"]),
                   error["try"]), (code, text, why, advice))


REVOKED = {
    "en": ("the certificate has been revoked",
           "CN=bad: the list of CN=revoker, number 2a says that it was revoked "
           "on DATE (keyCompromise); whoever runs the peer must have another "
           "one issued",
           "do not trust this certificate; the server needs a new one"),
    "zh": ("证书已被吊销",
           "CN=bad：CN=revoker 的第 2a 号吊销列表说明它于 DATE "
           "被吊销（keyCompromise）；须由对方的管理者重新签发证书",
           "不要信任这个证书；服务器需要换一个新的"),
}


def test_a_revoked_certificate_is_called_so():
    lab = Authority("revoker")
    cert, key = lab.issue("bad")
    lab.revoke(cert, "-crl_reason", "keyCompromise")
    crl = lab.crl()
    for lang, words in REVOKED.items():
        done = get_says(cert, key, lab.cert, lang, "--crlfile", crl)
        equal(done.code, 60, done)
        lines = [timeless(line) for line in done.err.splitlines()[:3]]
        equal(lines, three_lines(lang, "verify.revoked", words))


def test_the_clock_that_was_asked_is_named():
    ca_file()
    chain, _ = certificate("past", "localhost",
                           options=("--not-before", "2026-01-01",
                                    "--not-after", "2026-06-01"))
    words = ("cert", "verify", "--CAfile", ca_file(), "--at",
             "2026-06-04T12:00:00Z", chain)
    done = run(*words, env=WIDE)
    equal(done.out.splitlines()[1:3],
          ["  why  CN=localhost: it expired on 2026-06-01 00:00:00 UTC, 3 days "
           "ago (our clock says 2026-06-04 12:00:00 UTC); whoever runs the "
           "peer must renew it, unless our clock is wrong",
           "  as of 2026-06-04 12:00:00 UTC (--at), not by this machine's "
           "clock"])
    zh = run(*words, "--lang", "zh", env=WIDE)
    equal(zh.out.splitlines()[2],
          "  按 2026-06-04 12:00:00 UTC（--at）判断，而不是本机的时钟")
    document = run(*words, "--json").json()
    equal((document["now"], document["clock"]),
          ("2026-06-04 12:00:00 UTC", "--at"))
    equal(document["tried"][0]["not_after"], "2026-06-01 00:00:00 UTC")
    equal(run(*words[:4], chain, "--json").json()["clock"], "system")


# ---- the tree -------------------------------------------------------------------

def openssl(*words, stdin=None):
    if not cli.shutil.which("openssl"):
        raise Skip("openssl x509 (apt install openssl)")
    done = subprocess.run(["openssl", *map(str, words)], input=stdin,
                          capture_output=True, check=False)
    want(done.returncode == 0, words, done.stderr.decode())
    return done.stdout


class Maker:
    """Certificates by hand, each a file NAME.pem beside NAME.key."""

    def __init__(self, name):
        self.dir = WORK / name
        self.dir.mkdir()

    def key(self, name):
        path = self.dir / f"{name}.key"
        if not path.exists():
            path.write_bytes(openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                                     "ec_paramgen_curve:P-256"))
        return path

    def make(self, name, subject, issuer, extensions, days=30, key=None):
        """@issuer: (file name, or None for itself)."""
        out, conf = self.dir / f"{name}.pem", self.dir / f"{name}.conf"
        conf.write_text("[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=" +
                        subject + "\n[x]\n" + "\n".join(extensions) + "\n")
        request = self.dir / "request.pem"
        openssl("req", "-new", "-key", self.key(key or name), "-config", conf,
                "-out", request)
        by = (["-signkey", self.key(key or name)] if issuer is None else
              ["-CA", self.dir / f"{issuer}.pem", "-CAkey", self.key(issuer),
               "-CAcreateserial"])
        openssl("x509", "-req", "-in", request, *by, "-days", days, "-extfile",
                conf, "-extensions", "x", "-out", out)
        return out


CA = ("basicConstraints=critical,CA:TRUE",)
LEAF = ("subjectAltName=DNS:localhost", "extendedKeyUsage=serverAuth")
_maze = []


def maze():
    """A leaf whose issuer comes three times: too old, by a stranger, and good
    but with constraints that the leaf breaks."""
    if not _maze:
        m = Maker("maze")
        m.make("root", "Maze Root", None, CA)
        m.make("stranger", "Nobody Knows", None, CA)
        m.make("old", "Maze Issuing", "root", CA, days=-1, key="issuing")
        m.make("strange", "Maze Issuing", "stranger", CA, key="issuing")
        m.make("issuing", "Maze Issuing", "root",
               CA + ("nameConstraints=critical,permitted;DNS:elsewhere.test",))
        m.make("leaf", "localhost", "issuing", LEAF)
        chain = m.dir / "chain.pem"
        chain.write_bytes(b"".join((m.dir / f"{n}.pem").read_bytes() for n in (
            "leaf", "old", "strange", "issuing")))
        _maze.append((m, chain))
    return _maze[0]


TREE = """\
tried
  localhost
  |- by Maze Issuing: the certificate has expired [verify.expired]
  |      it expired on DATE, SPAN ago (our clock says DATE)
  |      fix: whoever runs the authority must renew it, unless our clock is wrong
  |- by Maze Issuing: no trusted authority issued this certificate \
[verify.unknown_issuer]
  |      its issuer CN=Nobody Knows is not among the 1 trusted and was not sent
  |      fix: if that is the right authority, add it to what is trusted
  `- by Maze Issuing: a name lies outside what its issuer may certify \
[verify.name_constraint]
     |   its name DNS:localhost is not under DNS:elsewhere.test, all that \
CN=Maze Issuing may certify
     |   fix: have it issued by an authority without that constraint, or \
without that name
     `- by Maze Root (in the trust store)
"""


def test_every_way_is_drawn_with_its_first_failure():
    m, chain = maze()
    words = ("cert", "verify", "--CAfile", m.dir / "root.pem", "--name",
             "localhost", chain)
    done = run(*words, env=WIDE)
    equal(done.code, 1, done)
    tree = done.out[done.out.index("tried\n"):]
    equal(timeless(tree), TREE)
    lacks(done.out, r"\x1b", "no colour in a pipe")
    coloured = run(*words, "--color", "always", env=WIDE)
    has(coloured.out, r"\x1b\[")
    plain = run(*words, "--color", "auto", env={**WIDE, "NO_COLOR": "1"})
    equal(timeless(plain.out), timeless(done.out))
    zh = run(*words, "--lang", "zh", env=WIDE)
    has(zh.out, r"^  \|- 签发者 Maze Issuing：证书已过期 \[verify\.expired\]$")
    has(zh.out, r"^  \|      解决：须由颁发机构的管理者更新证书")


def test_get_and_connect_draw_it_too():
    m, chain = maze()
    with server_of(chain, m.key("leaf")) as server:
        trust = ("--cacert", m.dir / "root.pem")
        url = f"https://localhost:{server.port}/"
        done = run("get", *trust, url, env=WIDE)
        equal(done.code, 60, done)
        has(timeless(done.err), re.escape(TREE))
        equal(run("get", "-s", *trust, url).err, "")
        lacks(run("get", "-k", *trust, url, env=WIDE).err, "tried")
        hop = run("get", "--json", *trust, url).json()["hops"][0]
        equal([node["code"] for node in hop["tried"]],
              [None, "verify.expired", "verify.unknown_issuer",
               "verify.name_constraint", None])
        equal(hop["missing"]["subject"], "CN=Nobody Knows")
        where = f"localhost:{server.port}"
        done = run("connect", *trust, where, env=WIDE)
        equal(done.code, 60, done)
        has(timeless(done.err), re.escape(TREE))
        lacks(run("connect", "--quiet", *trust, where).err, "tried")
        document = run("connect", "--json", *trust, where).json()
        equal([node["issuer_of"] for node in document["tried"]],
              [None, 0, 0, 0, 3])


def test_one_reason_is_not_told_twice():
    chain, key = broken("expired")
    lacks(get_says(chain, key, ca_file(), "en").err, "tried")


def test_json_has_all_that_was_compared():
    m, chain = maze()
    document = run("cert", "verify", "--json", "--CAfile",
                   m.dir / "root.pem", "--name", "localhost", chain).json()
    leaf, old, strange, issuing, root = document["tried"]
    equal(leaf["names"], ["DNS:localhost"])
    equal(leaf["issuer"], "CN=Maze Issuing")
    equal((leaf["check"], leaf["detail"], leaf["fix"]), (None, "", ""))
    equal(old["check"], "verify.check.time")
    want(old["not_after"] in old["detail"], old)
    want(document["now"] in old["detail"], old)
    equal(strange["issuer"], "CN=Nobody Knows")
    has(issuing["fix"], "without that constraint")
    equal((root["anchor"], root["issuer_of"], root["code"]), (True, 3, None))


# ---- fetching ----------------------------------------------------------------------

class Library(http.server.BaseHTTPRequestHandler):
    """Answers with what stands in .books."""
    books, asked = {}, []

    def do_GET(self):
        Library.asked.append(self.path)
        status, body = Library.books.get(self.path, (404, b"no"))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/issuing.der")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


_library = []


def library():
    if not _library:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Library)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        m = Maker("library")
        m.make("root", "Far Root", None, CA)
        m.make("middle", "Far Middle", "root", CA)
        m.make("issuing", "Far Issuing", "middle", CA + (
            f"authorityInfoAccess=caIssuers;URI:{base}/middle.pem",))
        for name, path in (("leaf", "/issuing.der"), ("lost", "/nothing"),
                           ("moved", "/moved"), ("huge", "/huge"),
                           ("other", "/other"), ("junk", "/junk")):
            m.make(name, "localhost", "issuing", LEAF + (
                f"authorityInfoAccess=caIssuers;URI:{base}{path}",))
        pem = (m.dir / "issuing.pem").read_text()
        der = base64.b64decode("".join(pem.split("\n")[1:-2]))
        Library.books = {
            "/issuing.der": (200, der),
            "/middle.pem": (200, (m.dir / "middle.pem").read_bytes()),
            "/moved": (302, b""), "/huge": (200, b"x" * 65537),
            "/other": (200, (m.dir / "root.pem").read_bytes()),
            "/junk": (200, b"\x30\x03\x02\x01\x00")}
        _library.append((m, base))
    Library.asked.clear()
    return _library[0]


def verify(m, name, *words):
    return run("cert", "verify", "--CAfile", m.dir / "root.pem", "--name",
               "localhost", *words, m.dir / f"{name}.pem", env=WIDE)


def test_nothing_is_fetched_unless_asked_for():
    m, base = library()
    done = verify(m, "leaf")
    equal(done.code, 1)
    has(done.out, r"\[verify\.missing_intermediate\]")
    has(done.out, re.escape(f'it can be had at "{base}/issuing.der"'))
    document = verify(m, "leaf", "--json").json()
    equal(document["missing"], {"subject": "CN=Far Issuing",
                                "aia": f"{base}/issuing.der"})
    equal(Library.asked, [])


def test_missing_issuers_are_fetched_one_after_the_other():
    m, base = library()
    done = verify(m, "leaf", "--fetch")
    equal(done.code, 0, done)
    has(done.out, r"^trusted for localhost$")
    equal(done.err.splitlines(),
          [f"handfast cert verify: fetching the issuer from {base}/{path}"
           for path in ("issuing.der", "middle.pem")])
    equal(Library.asked, ["/issuing.der", "/middle.pem"])


def test_what_comes_is_not_trusted_for_that():
    m, _ = library()
    done = run("cert", "verify", "--CAfile", maze()[0].dir / "root.pem",
               "--fetch", m.dir / "leaf.pem")
    equal(done.code, 1, done)
    has(done.out, r"\[verify\.unknown_issuer\]")


def test_what_cannot_be_had_is_told():
    m, _ = library()
    for name, words in (("lost", r"not to be had: .*: 404"),
                        ("moved", r"not to be had: .*: 302"),
                        ("huge", r"larger than 65536 bytes"),
                        ("other", r"what came is not CN=Far Issuing"),
                        ("junk", r"not to be had: ")):
        Library.asked.clear()
        done = verify(m, name, "--fetch")
        equal(done.code, 1, name, done)
        has(done.err, words, name)
        equal(len(Library.asked), 1, "nothing is followed")


def test_only_http_is_fetched_and_dead_places_end():
    m, _ = library()
    for name, url, words in (
            ("ftp", "ftp://127.0.0.1/x", None),
            ("tls", "https://127.0.0.1:1/x", None),
            ("dead", f"http://127.0.0.1:{cli.closed_port()}/x",
             r"not to be had: no connection")):
        m.make(name, "localhost", "issuing",
               LEAF + (f"authorityInfoAccess=caIssuers;URI:{url}",))
        done = verify(m, name, "--fetch")
        equal(done.code, 1, done)
        if words:
            has(done.err, words)
        else:
            equal(done.err, "", "that is no place to fetch from")
        want(done.seconds < 10, "it takes too long")


def test_what_a_server_sends_is_verified():
    m, _ = library()
    with server_of(m.dir / "leaf.pem", m.key("leaf")) as server:
        words = ("cert", "verify", "--CAfile", m.dir / "root.pem",
                 f"localhost:{server.port}")
        done = run(*words)
        equal(done.code, 1, done)
        has(done.out, r"\[verify\.missing_intermediate\]")
        done = run(*words, "--fetch")
        equal(done.code, 0, done)
        has(done.out, r"^trusted for localhost$")


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])
