#!/usr/bin/python3
"""`handfast cert chain` puts chains in order and writes the right one;
`handfast cert diff` says what differs."""
import re
import subprocess
import sys

import cli
from cli import (Skip, WORK, answers, certificate, equal, has, lacks, run,
                 tls_server, tls_context, want)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n",
                   re.S)
_parts = {}


def parts():
    """Leaf, two intermediates, root: PEM texts; the files' folder."""
    if not _parts:
        folder = cli.WORK / "chain"
        for name, words in (("root", ()), ("one", ("--parent", folder / "root")),
                            ("two", ("--parent", folder / "one"))):
            equal(run("ca", "init", folder / name, "--name", f"Chain {name}",
                      *words).code, 0)
        site = folder / "site.pem"
        equal(run("ca", "issue", "localhost", "--ca", folder / "two", "-o",
                  site).code, 0)
        leaf, two, one = BLOCK.findall(site.read_text())
        _parts.update(leaf=leaf, two=two, one=one, site=site, folder=folder,
                      root=(folder / "root/ca.pem").read_text(),
                      trust=folder / "root/ca.pem",
                      key=(folder / "site-key.pem").read_text())
    return _parts


def bundle(name, *pieces):
    path = cli.WORK / name
    path.write_text("".join(parts()[piece] for piece in pieces))
    return path


def chain(*words):
    return run("cert", "chain", "--cacert", parts()["trust"], *words)


def test_a_right_chain_is_right():
    done = chain(parts()["site"])
    equal(done.code, 0, done)
    has(done.out, r"^right  localhost < Chain two < Chain one < "
                  r"\(Chain root, in the trust store\)$")
    has(done.out, r"^The chain is right\.$")
    document = chain(parts()["site"], "--json").json()
    equal((document["right"], document["complete"], document["trusted"]),
          (True, True, True))
    equal([one["role"] for one in document["certificates"]], ["right"] * 3)


def test_what_is_wrong_with_each_is_said():
    path = bundle("messy.pem", "leaf", "one", "two", "one", "root")
    done = chain(path)
    equal(done.code, 1, done)
    for line in (r"^   1  localhost$",
                 r"^   2  Chain one +misplaced: it belongs in place 3$",
                 r"^   3  Chain two +misplaced: it belongs in place 2$",
                 r"^   4  Chain one +superfluous: the same as 2$",
                 r"^   5  Chain root +superfluous: a root",
                 r"^The chain is to be repaired"):
        has(done.out, line)
    document = chain(path, "--json")
    equal(document.code, 1)
    roles = [one["role"] for one in document.json()["certificates"]]
    equal(roles, ["right", "misplaced", "misplaced", "duplicate", "root"])


def test_a_stranger_is_superfluous():
    mixed = cli.WORK / "mixed.pem"
    mixed.write_text(parts()["site"].read_text() +
                     BLOCK.findall(cli.ca_file().read_text())[0] +
                     BLOCK.findall(certificate("good")[0].read_text())[0])
    roles = [one["role"] for one in chain(mixed, "--json").json()
             ["certificates"]]
    equal(roles, ["right"] * 3 + ["root", "superfluous"])


def test_the_right_chain_is_written_without_root_and_key():
    path = bundle("keyed.pem", "root", "two", "key", "leaf", "one", "two")
    out = cli.WORK / "repaired.pem"
    done = chain(path, "-o", out)
    equal(done.code, 0, done)
    equal(out.read_text(), parts()["site"].read_text())
    has(done.out, "The private key beside it was not written")
    again = chain(path, "-o", out)
    equal(again.code, 23, again)
    equal(chain(path, "-o", out, "--force", "--with-root").code, 0)
    equal(out.read_text(), parts()["site"].read_text() + parts()["root"])
    printed = chain(path, "-o", "-")
    equal((printed.code, printed.out), (0, parts()["site"].read_text()))
    equal(run("cert", "verify", "--CAfile", parts()["trust"], "--name",
              "localhost", out).code, 0)


def test_what_is_missing_is_found_in_further_files():
    gap = bundle("gap.pem", "leaf", "one")
    done = chain(gap)
    equal(done.code, 1, done)
    has(done.out, r"^   -  Chain two +missing: nobody here has it")
    has(done.out, r"^right  localhost < \?$")
    nothing = cli.WORK / "nothing.pem"
    refused = chain(gap, "-o", nothing)
    equal(refused.code, 1, refused)
    has(refused.err, "nothing was written")
    want(not nothing.exists())
    other = bundle("other.pem", "two")
    found = chain(gap, other)
    equal(found.code, 1, "it is still not right")
    has(found.out, rf"^   -  Chain two +missing: it is in {re.escape(str(other))}$")
    missing = chain(gap, other, "--json").json()["missing"]
    equal([one["file"] for one in missing], [str(other)])
    out = cli.WORK / "filled.pem"
    equal(chain(gap, other, "-o", out).code, 0)
    equal(out.read_text(), parts()["site"].read_text())


def test_where_the_missing_one_is_to_be_had_is_said():
    path, _ = certificate("gap-url", "localhost",
                          options=("--broken", "missing-intermediate"))
    done = run("cert", "chain", "--cacert", cli.ca_file(), path)
    equal(done.code, 1, done)
    has(done.out, r"^      it can be had at http://")
    document = run("cert", "chain", "--cacert", cli.ca_file(), path,
                   "--json").json()
    has(document["missing"][0]["url"], r"^http://")


def test_an_unknown_root_is_said_to_be_one():
    path = bundle("whole.pem", "leaf", "two", "one", "root")
    done = run("cert", "chain", "--cacert", cli.ca_file(), path)
    equal(done.code, 1, done)
    has(done.out, r"^Its root is not in the trust store")
    alone = run("cert", "chain", "--cacert", cli.ca_file(), parts()["trust"])
    equal(alone.code, 0, "a root alone is its own chain")


def test_a_name_without_a_signature_is_no_issuer():
    folder = cli.WORK / "double"
    equal(run("ca", "init", folder, "--name", "Chain two").code, 0)
    path = cli.WORK / "double.pem"
    path.write_text(parts()["leaf"] + (folder / "ca.pem").read_text() +
                    parts()["one"])
    done = chain(path)
    equal(done.code, 1)
    has(done.out, r"^   -  Chain two +missing")


def signed(subject, by=None, name=None, authority=True):
    """The certificate of @subject's key, issued by @by's: a PEM file.  A key is
    made once for each subject."""
    if not cli.shutil.which("openssl"):
        raise Skip("openssl x509 (apt install openssl)")
    key, out = WORK / f"x-{subject}.key", WORK / f"x-{name or subject}.pem"
    request, extensions = WORK / "x.csr", WORK / "x.ext"

    def openssl(*words):
        done = subprocess.run(["openssl", *map(str, words)], check=False,
                              capture_output=True, text=True)
        equal(done.returncode, 0, done.stderr)
    if not key.exists():
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-out", key)
    openssl("req", "-new", "-key", key, "-subj", f"/CN=X {subject}", "-out",
            request)
    extensions.write_text("basicConstraints=critical,CA:TRUE\n" if authority
                          else "subjectAltName=DNS:x.test\n")
    issuer = (("-signkey", key) if by is None else
              ("-CA", WORK / f"x-{by}.pem", "-CAkey", WORK / f"x-{by}.key"))
    openssl("x509", "-req", "-in", request, "-days", "30", "-extfile",
            extensions, "-out", out, *issuer)
    return out


def test_of_two_ways_up_the_trusted_one_is_taken():
    known, _ = signed("known"), signed("stranger")
    crossed = signed("middle", "stranger", "crossed")
    middle = signed("middle", "known")
    leaf = signed("leaf", "middle", authority=False)
    path = WORK / "two-ways.pem"
    path.write_text(leaf.read_text() + crossed.read_text() +
                    (WORK / "x-stranger.pem").read_text() + middle.read_text())
    done = run("cert", "chain", "--cacert", known, path, "--json")
    equal(done.code, 1, done)
    document = done.json()
    equal([one["role"] for one in document["certificates"]],
          ["right", "superfluous", "root", "misplaced"])
    equal((document["root"], document["trusted"]), ("CN=X known", True))
    out = WORK / "one-way.pem"
    equal(run("cert", "chain", "--cacert", known, path, "-o", out).code, 0)
    equal(out.read_text(), leaf.read_text() + middle.read_text())


def test_authorities_that_issue_each_other_come_to_an_end():
    one = signed("one")
    two = signed("two", "one")
    back = signed("one", "two", "back")
    leaf = signed("round", "two", authority=False)
    path = WORK / "round.pem"
    path.write_text(leaf.read_text() + two.read_text() + back.read_text())
    done = chain(path, "--json")
    equal(done.code, 1, done)
    equal(done.json()["complete"], False)
    whole = run("cert", "chain", "--cacert", one, path, "--json").json()
    equal(whole["chain"], ["CN=X round", "CN=X two"])
    equal([one["role"] for one in whole["certificates"]],
          ["right", "right", "superfluous"])


def test_servers_are_asked():
    path = bundle("swapped.pem", "leaf", "one", "two", "root")
    keys = cli.WORK / "swapped-key.pem"
    keys.write_text(parts()["key"])
    with tls_server(answers(OK), context=tls_context(path, keys)) as server:
        where = f"localhost:{server.port}"
        done = chain(where)
        equal(done.code, 1, done)
        has(done.out, r"^   2  Chain one +misplaced")
        out = cli.WORK / "from-server.pem"
        equal(chain(where, "-o", out).code, 0)
        equal(out.read_text(), parts()["site"].read_text())
        equal(run("cert", "diff", where, parts()["site"]).code, 0)
    equal(chain(f"localhost:{cli.closed_port()}").code, 7)


def test_chain_says_what_it_cannot_read():
    equal(run("cert", "chain").code, 2)
    equal(chain("no-such-file").code, 2)
    empty = cli.WORK / "empty.pem"
    empty.write_text("nothing\n")
    done = chain(empty)
    equal(done.code, 2, done)
    has(done.err, "neither PEM nor DER")
    equal(run("cert", "chain", "--cacert", empty, parts()["site"]).code, 77)


def test_equal_certificates_have_no_differences():
    done = run("cert", "diff", parts()["site"], parts()["site"])
    equal((done.code, done.out), (0, "They are the same certificate.\n"))
    document = run("cert", "diff", parts()["site"], parts()["site"],
                   "--json").json()
    equal((document["same"], document["differences"]), (True, []))


def test_each_field_that_differs_is_shown_and_no_other():
    old, _ = certificate("old", "localhost", "old.test", "both.test",
                         options=("--not-before", "2026-01-02T03:04:05Z",
                                  "--not-after", "2027-01-02T03:04:05Z"))
    new, _ = certificate("new", "localhost", "new.test", "both.test",
                         options=("--not-before", "2026-01-02T03:04:05Z",
                                  "--not-after", "2028-01-02T03:04:05Z",
                                  "--key", "rsa2048"))
    done = run("cert", "diff", old, new)
    equal(done.code, 1, done)
    for line in (rf"^- {re.escape(str(old))}$", rf"^\+ {re.escape(str(new))}$",
                 r"^  names +- DNS:old\.test$", r"^ +\+ DNS:new\.test$",
                 r"^  until +- 2027-01-02 03:04:05 UTC$",
                 r"^ +\+ 2028-01-02 03:04:05 UTC$",
                 r"^  key +- ECDSA P-256$", r"^ +\+ RSA 2048$",
                 r"^  key usage +\+ keyEncipherment$",
                 r"^  the same: subject, issuer, from, purpose"):
        has(done.out, line)
    lacks(done.out, "both.test")
    document = run("cert", "diff", old, new, "--json").json()
    found = {one["field"]: (one["only_a"], one["only_b"])
             for one in document["differences"]}
    equal(found["names"], (["DNS:old.test"], ["DNS:new.test"]))
    want("subject" not in found and "issuer" not in found, found)
    for line in done.out.splitlines()[2:-1]:
        has(line, r"^  .{12}[-+] \S", "the signs stand in one column")


def test_extensions_without_a_row_are_shown_by_value():
    plain, _ = certificate("good")
    odd, _ = certificate("odd", options=("--broken", "critical"))
    done = run("cert", "diff", plain, odd)
    has(done.out, r"\+ [\d.]+, critical: ")


def test_diff_says_when_it_cannot_compare():
    for words in ((), ("one",), (parts()["site"], "no-such-file"),
                  ("a", "b", "c")):
        equal(run("cert", "diff", *words).code, 2, words)
    equal(run("cert", "diff", parts()["site"],
              f"localhost:{cli.closed_port()}").code, 7)


def test_both_are_said_in_chinese():
    path = bundle("messy.pem", "leaf", "one", "two", "one", "root")
    done = chain("--lang", "zh", path)
    has(done.out, "位置")
    lacks(done.out, "misplaced|superfluous")
    diff = run("cert", "diff", "--lang", "zh", parts()["site"], parts()["trust"])
    has(diff.out, "颁发机构|有效期|相同")


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])
