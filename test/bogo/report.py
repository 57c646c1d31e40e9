#!/usr/bin/python3
"""What became of BoringSSL's conformance tests, as a page.

    report.py CONFIG LOG LACKS NAMES REVISION PAGE

CONFIG says which tests are disabled, LOG is what the runner printed, LACKS is
what the shim noted of each test that ended as unimplemented, NAMES is the log
of a run of all tests.  Fails if a test failed, or if a reason was forgotten.
"""
import collections
import fnmatch
import json
import re
import sys

HEAD = """# Conformance

BoringSSL's `ssl/test/runner` is a second TLS stack, that misbehaves on purpose.
`test/bogo/` is the program that it drives (its shim); what the tests have to say
is compared strictly: the alert, and the reason in our own words
(`test/bogo/config.json`). Its clients really verify the runner's chains. Of the
tests marked *async* every byte is given and taken alone.

    make bogo BORINGSSL=dir GO=go

This page is written by that command. The runner was that of BoringSSL {revision}.

| | tests |
|---|--:|
| passed | {passed:,} |
| failed | {failed:,} |
| not run: the test asks for what handfast does not have | {lacking:,} |
| not run: disabled, with a reason | {disabled:,} |
| all | {all:,} |

Of the {ours:,} that are over TCP, and not of SSL 3.0, TLS 1.0 or TLS 1.1, {share:.1f} %
are not run.
"""

REASONS = """
Sessions are resumed as far as it is safe. Three rules of ours cost tests on
purpose: a session without extended_master_secret is never kept (RFC 7627 5.4), so
it is a full handshake where BoringSSL resumes; a client whose chain the
application judges is not resumed but judged again each time; and psk_ke, without a
fresh key exchange, is refused. A session ages from its first handshake however
often it is resumed. The shim runs with the policy *classic*, which has RSA key
transport.

## Why not

A test is not run because a flag asks for what is not there (found by the shim), or
because its name is on the list of disabled tests: the runner would not say.
"Not yet" is work to be done; the others are meant to stay.

| reason | by flag | by name |
|---|--:|--:|
"""


def statuses(path):
    """Name of each test in a log -> its status."""
    line = re.compile(r"^(PASSED|FAILED|UNIMPLEMENTED) \((.*)\)$")
    with open(path, encoding="utf-8", errors="replace") as log:
        return {m[2]: m[1] for m in map(line.match, log) if m}


def disabled_reasons(names, patterns):
    """Counter of reasons, and the patterns that no name matches."""
    found, used = collections.Counter(), set()
    for name in names:
        hits = [p for p in patterns if fnmatch.fnmatchcase(name, p)]
        used.update(hits)
        if hits:
            found[patterns[hits[0]]] += 1
    return found, [p for p in patterns if p not in used]


def others(*counters):
    """How many tests are of protocols that are not meant here at all."""
    return sum(c[r] for c in counters
               for r in ("no DTLS", "no QUIC", "no TLS 1.0 or 1.1", "no SSL 3.0"))


def lacking_reasons(path):
    with open(path, encoding="utf-8") as lines:
        return collections.Counter(line.split("\t")[0] for line in lines)


def sort_key(reason):
    return (not reason.startswith("not yet"), reason.lower())


def main():
    config, log, lacks, names, revision, page = sys.argv[1:]
    with open(config, encoding="utf-8") as f:
        patterns = json.load(f)["DisabledTests"]
    run, every = statuses(log), statuses(names)
    count = collections.Counter(run.values())
    by_name, idle = disabled_reasons(every, patterns)
    by_flag = lacking_reasons(lacks)
    ours = len(every) - others(by_name, by_flag)
    text = HEAD.format(
        ours=ours,
        share=100 - 100 * (count["PASSED"] + count["FAILED"]) / ours,
        revision=revision, passed=count["PASSED"], failed=count["FAILED"],
        lacking=count["UNIMPLEMENTED"], disabled=sum(by_name.values()),
        all=len(every))
    failed = sorted(n for n in run if run[n] == "FAILED")
    if failed:
        text += "\n## Failed\n\n" + "".join(f"- `{n}`\n" for n in failed)
    text += REASONS
    for reason in sorted(set(by_name) | set(by_flag), key=sort_key):
        text += f"| {reason} | {by_flag[reason] or ''} | " \
                f"{by_name[reason] or ''} |\n"
    with open(page, "w", encoding="utf-8") as f:
        f.write(text)
    print(f"# NOTE: {count['PASSED']} passed, {count['FAILED']} failed, "
          f"{count['UNIMPLEMENTED']} ask for what is not there, "
          f"{sum(by_name.values())} disabled")
    for name in failed:
        print(f"failed: {name}")
    for pattern in idle:
        print(f"disabled, but there is no such test: {pattern}")
    forgotten = len(run) + sum(by_name.values()) != len(every) or \
        sum(by_flag.values()) != count["UNIMPLEMENTED"]
    if forgotten:
        print("the numbers do not add up")
    return 1 if failed or idle or forgotten else 0


if __name__ == "__main__":
    sys.exit(main())
