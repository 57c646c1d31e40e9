#!/usr/bin/python3
"""interop.py [BUILD...] - one table of who was met, from what the interop suites
printed in the last `meson test` of these builds; writes docs/interop.md.

Each suite prints its rows; nothing is added here but their order.  A suite that
failed, or whose peers were absent, has no rows to show, and is named.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORDER = [
    ("interop servers", "TLS 1.3 in full: their servers"),
    ("interop clients", "TLS 1.3 in full: their clients"),
    ("interop tls12", "TLS 1.2 in full"),
    ("interop versions", "versions"),
    ("interop sessions", "resumption, both versions"),
    ("interop early", "early data (0-RTT)"),
    ("interop psk", "external pre-shared keys"),
    ("interop staple", "OCSP stapling"),
    ("interop certificates", "certificate compression and timestamps"),
    ("interop records", "sizes and padding of records"),
    ("interop client auth", "what a client learns of its certificate"),
    ("interop bindings", "channel bindings"),
]
HEAD = """# Met and understood

Written by `scripts/interop.py` from what the interop suites printed when they
were last run (`make check ARGS='--suite interop'`): each row is a peer that was
really there, in the version named, and what was seen to work with it. A peer
that lacks a feature has no row for it.

| what | peer | version | its role | seen |
|---|---|---|---|---|
"""


def results(build):
    for line in (build / "meson-logs" / "testlog.json").open():
        test = json.loads(line)
        yield test["name"].split(" / ")[-1], test


def rows(text):
    for line in text.splitlines():
        if line.startswith("# > |") and "|---" not in line:
            cells = [c.strip() for c in line[5:].strip(" |").split("|")]
            if cells[0] != "peer":
                yield cells


def main():
    seen = {}
    for build in sys.argv[1:] or [ROOT / "build"]:
        seen.update(results(pathlib.Path(build)))
    out, absent = [HEAD], []
    for suite, what in ORDER:
        test = seen.get(suite)
        table = list(rows(test["stdout"])) if test else []
        if not table or test["result"] != "OK":
            absent.append(suite)
        for cells in table:
            out.append("| " + " | ".join([what, *cells]) + " |\n")
    if absent:
        raise SystemExit("interop.py: nothing to tell of, or it failed: "
                         + ", ".join(absent))
    (ROOT / "docs" / "interop.md").write_text("".join(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
