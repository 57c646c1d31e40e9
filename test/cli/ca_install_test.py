#!/usr/bin/python3
"""`handfast ca install|uninstall`: what would be done is shown first; on fake
systems of every kind, and for real in an NSS database of our own."""
import os
import shutil
import subprocess
import sys

import cli
from cli import Skip, WORK, equal, has, lacks, run, want

SYSTEMS = {
    "debian": ("usr/local/share/ca-certificates", "update-ca-certificates",
               [""], ["--fresh"]),
    "fedora": ("etc/pki/ca-trust/source/anchors", "update-ca-trust",
               ["extract"], ["extract"]),
    "suse": ("etc/pki/trust/anchors", "update-ca-certificates",
             [""], ["--fresh"]),
    "arch": ("etc/ca-certificates/trust-source/anchors", "trust",
             ["extract-compat"], ["extract-compat"]),
}


def authority(name, *words):
    folder = WORK / name
    if not folder.exists():
        equal(run("ca", "init", folder, "--name", name, *words).code, 0)
    return folder


def program(root, name, exit_code=0, more=""):
    """A program that writes down what it was told."""
    path = root / "usr/sbin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "$*" >>{root}/{name}.log\n'
                    f'echo "{name} speaks"\n{more}\nexit {exit_code}\n')
    path.chmod(0o755)


def fake(name, exit_code=0):
    """(root, folder, program's name) of a system."""
    folder, prog, _, _ = SYSTEMS[name]
    root = WORK / f"root-{name}-{exit_code}"
    (root / folder).mkdir(parents=True, exist_ok=True)
    program(root, prog, exit_code)
    return root, root / folder, prog


def said(root, prog):
    path = root / f"{prog}.log"
    return path.read_text().splitlines() if path.exists() else []


def ca(verb, folder, root, *words, home=None):
    return run("ca", verb, "--ca", folder, *(("--root", root) if root else ()),
               *words, env={"HOME": str(home or WORK / "nobody")})


def name_of(folder):
    shown = run("cert", "show", folder / "ca.pem", "--json").json()
    sha256 = shown["certificates"][0]["sha256"]
    return "handfast-" + sha256.replace(":", "").lower()[:16]


def test_nothing_is_done_unless_it_is_said():
    folder = authority("dry")
    root, anchors, prog = fake("debian")
    done = ca("install", folder, root)
    equal(done.code, 0, done)
    has(done.out, r"^This would be done \(--yes does it\):$")
    has(done.out, rf"^  copy    {folder}/ca\.pem$")
    has(done.out, rf"^       to {anchors}/{name_of(folder)}\.crt$")
    has(done.out, rf"^  run     {root}/usr/sbin/{prog}$")
    has(done.out, rf"^To undo it: handfast ca uninstall --ca {folder} --yes$")
    equal(list(anchors.iterdir()), [])
    equal(said(root, prog), [])
    document = ca("install", folder, root, "--json").json()
    equal((document["action"], document["done"]), ("install", False))
    equal([step["what"] for step in document["steps"]], ["copy", "run"])


def test_every_kind_of_system_gets_it_and_loses_it():
    folder = authority("kinds")
    for name, (_, _, install, uninstall) in SYSTEMS.items():
        root, anchors, prog = fake(name)
        if (root / f"{prog}.log").exists():
            (root / f"{prog}.log").unlink()
        (anchors / "other.crt").write_text("somebody else's\n")
        done = ca("install", folder, root, "--yes")
        equal(done.code, 0, name, done)
        has(done.out, "^  done  copy ")
        lacks(done.out, "speaks", "standard output is the answer")
        has(done.err, f"^{prog} speaks$")
        there = anchors / f"{name_of(folder)}.crt"
        equal(there.read_bytes(), (folder / "ca.pem").read_bytes())
        equal(there.stat().st_mode & 0o777, 0o644)
        equal(said(root, prog), install)
        again = ca("install", folder, root, "--yes")
        has(again.out, rf"^  it is in {anchors} already$")
        has(again.out, r"^There is nothing to do\.$")
        equal(said(root, prog), install, "not run again")
        shown = ca("uninstall", folder, root)
        has(shown.out, rf"^  remove  {there}$")
        want(there.exists())
        equal(ca("uninstall", folder, root, "--yes").code, 0)
        want(not there.exists())
        equal((anchors / "other.crt").read_text(), "somebody else's\n")
        equal(said(root, prog), install + uninstall)
        last = ca("uninstall", folder, root, "--yes")
        has(last.out, rf"^  it is not in {anchors}$")


def test_p11_kit_is_used_where_there_is_nothing_else():
    folder = authority("p11")
    root = WORK / "root-p11"
    program(root, "trust")
    equal(ca("install", folder, root, "--yes").code, 0)
    equal(ca("uninstall", folder, root, "--yes").code, 0)
    equal(said(root, "trust"), [f"anchor --store {folder}/ca.pem",
                                f"anchor --remove {folder}/ca.pem"])


def test_a_file_of_that_name_that_is_another_is_not_removed():
    folder = authority("other")
    root, anchors, _ = fake("debian")
    there = anchors / f"{name_of(folder)}.crt"
    there.write_text("not ours\n")
    done = ca("uninstall", folder, root, "--yes")
    equal(done.code, 0, done)
    has(done.out, "nothing to do")
    equal(there.read_text(), "not ours\n")
    there.unlink()


def test_what_fails_is_taken_back():
    folder = authority("failing")
    root, anchors, _ = fake("debian", 3)
    done = ca("install", folder, root, "--yes")
    equal(done.code, 23, done)
    has(done.err, "ended with exit code 3")
    equal(list(anchors.iterdir()), [])
    document = ca("install", folder, root, "--yes", "--json")
    equal(document.code, 23)
    equal([step["done"] for step in document.json()["steps"]], [False, False])


def test_an_authority_without_limits_is_refused_unless_told():
    folder = authority("limitless", "--any-name")
    root, anchors, _ = fake("debian")
    done = ca("install", folder, root, "--yes")
    equal(done.code, 1, done)
    has(done.err, "may certify any name")
    equal(list(anchors.glob("handfast*")), [])
    equal(ca("install", folder, root, "--yes", "--any-name").code, 0)
    equal(ca("uninstall", folder, root, "--yes").code, 0)


def test_an_authority_that_has_expired_is_refused():
    folder = authority("stale", "--not-before", "2020-01-01", "--not-after",
                       "2021-01-01")
    root, _, _ = fake("debian")
    done = ca("install", folder, root)
    equal(done.code, 1, done)
    has(done.err, "has expired")


def test_of_an_intermediate_the_root_is_installed():
    folder = authority("upper")
    below = WORK / "lower"
    equal(run("ca", "init", "--parent", folder, below).code, 0)
    root, anchors, _ = fake("debian")
    equal(ca("install", below, root, "--yes").code, 0)
    equal((anchors / f"{name_of(folder)}.crt").read_bytes(),
          (folder / "ca.pem").read_bytes())
    equal(ca("uninstall", below, root, "--yes").code, 0)


def test_where_it_was_looked_for_is_said():
    folder = authority("nowhere")
    empty = WORK / "root-empty"
    empty.mkdir()
    done = ca("install", folder, empty)
    equal(done.code, 1, done)
    for text in ("/usr/local/share/ca-certificates", "update-ca-trust",
                 "Arch", r"\.mozilla/firefox", "libnss3-tools"):
        has(done.err, text)
    missing = ca("install", WORK / "no-authority", empty)
    equal(missing.code, 58, missing)
    equal(ca("install", folder, empty, "operand").code, 2)


def fake_home(name):
    home = WORK / name
    for place in (".pki/nssdb", ".mozilla/firefox/abc.default",
                  ".mozilla/firefox/two words.dev"):
        (home / place).mkdir(parents=True)
        (home / place / "cert9.db").write_text("")
    return home


def test_every_profile_gets_it_by_certutil():
    folder = authority("profiles")
    home = fake_home("home-fake")
    root = WORK / "root-nss"
    # -L knows those for which there was an -A
    program(root, "certutil", more=f'''
case $1 in
-L) grep -q -e "-A -d $3 " {root}/certutil.log ;;
esac
exit $?''')
    done = ca("install", folder, root, home=home)
    equal(done.code, 0, done)
    has(done.out, rf"^  run     {root}/usr/sbin/certutil -A -d "
                  rf"sql:{home}/\.pki/nssdb -t C,, -n {name_of(folder)} -i "
                  rf"{folder}/ca\.pem$")
    has(done.out, rf"-d 'sql:{home}/\.mozilla/firefox/two words\.dev' ")
    lacks("\n".join(said(root, "certutil")), "^-A")
    equal(ca("install", folder, root, "--yes", home=home).code, 0)
    equal(len([line for line in said(root, "certutil")
               if line.startswith("-A ")]), 3)
    again = ca("install", folder, root, "--yes", home=home)
    has(again.out, "nothing to do")


def test_one_profile_that_refuses_does_not_stop_the_others():
    folder = authority("locked-profile")
    home = fake_home("home-locked")
    root = WORK / "root-locked"
    program(root, "certutil", more='''
case "$*" in
-L*) exit 255 ;;
*abc.default*) exit 1 ;;
esac''')
    done = ca("install", folder, root, "--yes", "--json", home=home)
    equal(done.code, 23, done)
    equal(sorted(step["done"] for step in done.json()["steps"]),
          [False, True, True])


def test_only_one_of_the_two_if_that_is_said():
    folder = authority("either")
    home = fake_home("home-either")
    root, _, _ = fake("debian")
    program(root, "certutil", more='[ "$1" != -L ] || exit 1')
    for words, programs in ((("--nss",), {"certutil"}),
                            (("--system",), {"update-ca-certificates"}),
                            ((), {"certutil", "update-ca-certificates"}),
                            (("--nss", "--system"),
                             {"certutil", "update-ca-certificates"})):
        steps = ca("install", folder, root, "--json", *words,
                   home=home).json()["steps"]
        equal({os.path.basename(step["words"][0]) for step in steps
               if step["what"] == "run"}, programs, words)
    (root / "usr/sbin/certutil").unlink()


def test_a_real_database_trusts_it_and_no_longer():
    if not shutil.which("certutil"):
        raise Skip("certutil (apt install libnss3-tools)")
    folder = authority("real")
    home = WORK / "home-real"
    database = home / ".pki/nssdb"
    database.mkdir(parents=True)

    def certutil(*words):
        return subprocess.run(["certutil", "-d", f"sql:{database}", *words],
                              capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
    equal(certutil("-N", "--empty-password").returncode, 0)
    chain = WORK / "real-site.pem"
    equal(run("ca", "issue", "localhost", "--ca", folder, "-o",
              chain).code, 0)
    done = ca("install", folder, None, "--nss", home=home)
    equal(done.code, 0, done)
    lacks(certutil("-L").stdout, "handfast")
    equal(ca("install", folder, None, "--nss", "--yes", home=home).code, 0)
    has(certutil("-L").stdout, rf"^{name_of(folder)} +C,,")
    equal(certutil("-A", "-n", "leaf", "-t", ",,", "-i",
                   str(chain)).returncode, 0)
    valid = certutil("-V", "-n", "leaf", "-u", "V")
    has(valid.stdout, "certificate is valid", valid.stderr)
    has(ca("install", folder, None, "--nss", "--yes", home=home).out,
        "nothing to do")
    equal(ca("uninstall", folder, None, "--nss", "--yes", home=home).code, 0)
    lacks(certutil("-L").stdout, "handfast")
    want("certificate is valid" not in
         certutil("-V", "-n", "leaf", "-u", "V").stdout)


def test_it_is_said_in_chinese():
    root, _, _ = fake("debian")
    done = ca("install", authority("dry"), root, "--lang", "zh")
    has(done.out, "复制")
    has(done.out, "撤销")


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])
