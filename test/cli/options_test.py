#!/usr/bin/python3
"""One table of options, and everything that is printed from it: --help, man
pages' lists, completions of three shells.  What the parser takes is what they
say, and standard output holds answers only."""
import re
import shutil
import subprocess
import sys

import cli
from cli import WORK, Skip, equal, has, lacks, run, want


def commands():
    """All commands of the usage, and "ca issue" and the like."""
    found = []
    for name in re.findall(r"^  (\S+) ", run("help").out, re.M):
        if name == "handfast":
            continue
        usage = run(name, "--help").out
        if usage.startswith(f"usage: handfast {name} VERB"):
            found += [f"{name} {verb}" for verb in
                      re.findall(r"^  (\S+) ", usage, re.M)]
        else:
            found.append(name)
    return found


def options_of_help(command):
    """{long: letter or ''} as --help has them."""
    text = run(*command.split(), "--help").out
    return {m.group(2): m.group(1) or "" for m in re.finditer(
        r"^  (?:-(\S), |    )--(\S+)", text, re.M)}


def test_every_command_explains_itself():
    found = commands()
    want({"get", "connect", "help", "completion"} <= set(found), found)
    for command in found:
        for asking in ([*command.split(), "--help"], [*command.split(), "-h"],
                       ["help", *command.split()]):
            done = run(*asking)
            equal((done.code, done.err), (0, ""), asking)
            has(done.out, rf"^usage: handfast {command} ")
            for line in done.out.splitlines():
                want(len(line) <= 80 or "  handfast " in line
                     or line.startswith("usage:"), line)
        want("help" in options_of_help(command), command)


def test_the_usage_goes_where_it_was_asked_for():
    asked, unasked = run("--help"), run()
    equal((asked.code, asked.err), (0, ""))
    equal((unasked.code, unasked.out), (2, ""))
    equal(asked.out, unasked.err)


def test_help_and_man_page_and_completions_say_the_same():
    scripts = {shell: run("completion", shell).out
               for shell in ("bash", "zsh", "fish")}
    for command in commands():
        wanted = options_of_help(command)
        man = run("help", "--man", *command.split()).out
        listed = {}
        for line in re.findall(r"^\.It (.*)$", man, re.M):
            m = re.match(r'(?:Fl (\S+) , )?Fl \\-(\S+)', line)
            listed[m.group(2).replace("\\-", "-")] = m.group(1) or ""
        equal(listed, wanted, command, "man page")

        words = re.search(rf"^    '{command}'\)\n        words='([^']*)'",
                          scripts["bash"], re.M).group(1).split()
        equal({w[2:] for w in words if w.startswith("--")}, set(wanted),
              command, "bash")
        equal({w[1:] for w in words if re.fullmatch(r"-[^-]", w)},
              {letter for letter in wanted.values() if letter}, command)

        block = re.search(rf"^    '{command}'\)\n(.*?)^        ;;",
                          scripts["zsh"], re.M | re.S).group(1)
        equal(set(re.findall(r"'\*?--([^=\[]+)=?\[", block)), set(wanted),
              command, "zsh")

        lines = [line for line in scripts["fish"].splitlines()
                 if re.search(r"seen_subcommand_from "
                              + "(; and __fish_seen_subcommand_from )?"
                              .join(command.split()) + "'", line)
                 or "; and __fish_seen_subcommand_from ".join(
                     command.split()) + "'" in line]
        fish = {}
        for line in lines:
            long = re.search(r" -l (\S+)", line)
            letter = re.search(r" -s (\S)", line)
            if long:
                fish[long.group(1)] = letter.group(1) if letter else ""
        equal(fish, wanted, command, "fish")


def test_what_help_lists_is_taken_with_one_dash_and_with_two():
    for command in commands():
        for name, letter in options_of_help(command).items():
            spellings = [f"--{name}", f"-{name}"]
            if letter:
                spellings.append(f"-{letter}")
            for spelling in spellings:
                done = run(*command.split(), "--help", spelling)
                if done.code != 0:
                    has(done.err, rf"--{name} needs a value", command, spelling)


def test_an_option_without_its_value_is_refused():
    for words in (("get", "--cacert"), ("get", "-o"), ("connect", "-connect")):
        done = run(*words)
        equal((done.code, done.out), (2, ""))
        has(done.err, "needs a value")
    done = run("get", "--insecure=yes", "https://localhost/")
    equal(done.code, 2)
    has(done.err, "takes no value")


def test_letters_can_be_bundled():
    done = run("get", "-sSLkIo", "file", f"https://localhost:{cli.closed_port()}")
    equal(done.code, 7, done)
    done = run("get", "-sSofile", f"https://localhost:{cli.closed_port()}")
    equal(done.code, 7, done)


def test_values_are_checked():
    for words, reason in ((("--max-time", "soon"), "takes seconds"),
                          (("--max-redirs", "-1"), "takes a number"),
                          (("--max-redirs", "1x"), "takes a number"),
                          (("--color", "blue"), "auto|always|never"),
                          (("--tls-max", "1.1"), "1.2"),
                          (("-m", "-1"), "takes seconds"),
                          (("-m", "inf"), "takes seconds"),
                          (("-m", "nan"), "takes seconds")):
        done = run("get", "https://localhost/", *words)
        equal((done.code, done.out), (2, ""), words, done)
        want(reason in done.err, reason, done)


def test_an_operand_may_look_like_an_option_after_two_dashes():
    done = run("help", "--", "--man")
    equal(done.code, 2)
    has(done.err, r'no topic "--man"')


def test_suggestions():
    for words, like in ((("gte",), "get"), (("conect",), "connect"),
                        (("get", "--cacrt"), "--cacert"),
                        (("get", "--insecur"), "--insecure"),
                        (("help", "exit"), "exits")):
        done = run(*words)
        equal((done.code, done.out), (2, ""), words)
        want(f"did you mean {like}?" in done.err, words, done)
    for words in (("zzzzzz",), ("get", "--zzzzzz"), ("--zzz",)):
        done = run(*words)
        equal((done.code, done.out), (2, ""), words)
        lacks(done.err, "did you mean")
        has(done.err, r"^ +try: handfast")


def test_version_names_libcrypto():
    done = run("--version")
    equal((done.code, done.err), (0, ""))
    has(done.out, r"^handfast \d+\.\d+\.\d+$")
    has(done.out, r"OpenSSL 3\.")


def test_the_exit_codes_are_curls():
    table = {int(code): text for code, text in
             re.findall(r"^ +(\d+)  (.+)$", run("help", "exits").out, re.M)}
    want({0, 1, 2, 5, 6, 7, 22, 28, 35, 52, 56, 58, 60, 70} <= set(table),
         table)
    man = run("help", "--man", "exits").out
    equal({int(code): text for code, text in
           re.findall(r"^\.It (\d+)\n(.+)$", man, re.M)}, table)


def test_a_closed_standard_output_is_noticed():
    for words in (["help"], ["get", "--help"], ["completion", "bash"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([cli.HANDFAST, *words], stdout=full,
                                  stderr=subprocess.PIPE, env=cli.CLEAN,
                                  check=False)
        equal(done.returncode, 23, words)
        want(b"cannot be written" in done.stderr, done.stderr)


def test_the_width_is_the_terminals():
    for width in ("40", "60", "100"):
        text = run("get", "--help", env={"COLUMNS": width}).out
        longest = max(len(line) for line in
                      text.split("Examples")[0].splitlines())
        want(longest <= max(int(width), 60), width, longest)
    want(len(run("get", "--help", env={"COLUMNS": "x"}).out) > 1000)


def test_the_man_pages_list_is_good_mdoc():
    if not shutil.which("mandoc"):
        raise Skip("lint of the man pages' lists (apt install mandoc)")
    for command in commands():
        page = (".Dd $Mdocdate$\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n"
                ".Sh OPTIONS\n" + run("help", "--man", *command.split()).out)
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"],
                              input=page.encode(), capture_output=True,
                              check=False)
        bad = [line for line in done.stdout.decode().splitlines()
               if "Mdocdate" not in line and "unknown manual" not in line]
        equal(bad, [], command)


def bash(*words):
    """What bash would offer for these words, the last being completed."""
    script = WORK / "complete.bash"
    script.write_text(run("completion", "bash").out)
    quoted = " ".join(f"'{word}'" for word in ("handfast", *words))
    done = subprocess.run(
        ["bash", "-c", f". {script}; COMP_WORDS=({quoted}); "
         f"COMP_CWORD={len(words)}; _handfast; "
         'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True, check=False, cwd=WORK)
    equal(done.stderr, b"")
    return set(done.stdout.decode().split())


def test_bash_completes_commands_options_choices_and_files():
    (WORK / "some-file.pem").write_text("")
    equal(bash("ge"), {"get"})
    equal(bash("get", "--cac"), {"--cacert"})
    equal(bash("get", "--color", ""), {"auto", "always", "never"})
    equal(bash("get", "--cacert", "some-"), {"some-file.pem"})
    equal(bash("connect", "-starttls", ""),
          {"smtp", "imap", "pop3", "postgres"})
    equal(bash("connect", "--starttls", "p"), {"pop3", "postgres"})
    equal(bash("completion", "z"), {"zsh"})


def fish(line):
    script = WORK / "complete.fish"
    script.write_text(run("completion", "fish").out)
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
        capture_output=True, check=False, cwd=WORK,
        env={**cli.CLEAN, "HOME": str(WORK), "PATH": "/usr/bin:/bin"})
    return {row.split("\t")[0] for row in done.stdout.decode().splitlines()}


def test_fish_completes_commands_options_and_choices():
    if not shutil.which("fish"):
        raise Skip("completion in fish (apt install fish)")
    want("get" in fish("handfast ge"))
    equal(fish("handfast get --cac"), {"--cacert"})
    equal(fish("handfast get --color "), {"auto", "always", "never"})
    equal(fish("handfast completion z"), {"zsh"})


def test_zsh_reads_its_script():
    if not shutil.which("zsh"):
        raise Skip("completion in zsh (apt install zsh)")
    script = WORK / "_handfast"
    script.write_text(run("completion", "zsh").out)
    done = subprocess.run(["zsh", "-f", "-n", script], capture_output=True,
                          check=False)
    equal((done.returncode, done.stderr), (0, b""))
    # and it defines what it names, in a shell that has compinit
    done = subprocess.run(
        ["zsh", "-f", "-c", f"fpath=({WORK} $fpath); autoload -Uz compinit; "
         f"compinit -u -d {WORK}/dump; print $_comps[handfast]"],
        capture_output=True, check=False)
    equal(done.stdout.strip(), b"_handfast", done.stderr)


if __name__ == "__main__":
    cli.run_tests(sys.modules[__name__])
