#!/usr/bin/env python3
"""lang.py: translations of what the command says.

  lang.py --embed OUT FILE...   tables for tools/lang.c, of tools/lang/*.txt
  lang.py --check               no sentence lacks a translation, none is left
                                over, and the values fit; in TAP
  lang.py --list-missing [zh]   sentences without a translation, ready to be
                                filled in and put into tools/lang/zh.txt

A file of translations has two lines for each sentence, the English one as it
stands in the source, and four blanks and the translation:

    the peer does not speak TLS on this port
        对方在此端口上说的不是 TLS

\\n is a line's end, \\s a blank at either end of a text, \\\\ a backslash.  Lines
that begin with # are comments.  A sentence with ~ before it stands nowhere as
it is, but is put together at run time.

Values have places.  They follow each other as in English, or say which one they
are: %2$s.  %!s is a text of ours that is to be translated, too; %_s is one
word, for patterns that would fit too much without it.
"""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

PLACE = re.compile(r"%(?:(\d+)\$)?([!_]?)([-+ 0]*[\d.*]*)"
                   r"(z[ud]|ll[ud]|l[ud]|[sqhuzdxtcf%])")


# ---- files of translations -------------------------------------------------------

def unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "s": " "}.get(
        m.group(1), m.group(1)), text)


def escape(text):
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    if text[:1] in (" ", "#", "~"):
        text = ("\\s" if text[0] == " " else "\\" + text[0]) + text[1:]
    return text[:-1] + "\\s" if text.endswith(" ") else text


class Book:
    """The sentences of one file."""

    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.said = {}
        self.composed = set()
        self.faults, self.twice = [], []
        key = None
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                line = line.rstrip("\n")
                if not line.strip() or line.startswith("#"):
                    continue
                if line.startswith("    "):
                    self.add(key, unescape(line[4:]), number)
                    key = None
                    continue
                if key is not None:
                    self.faults.append(f"line {number - 1}: no translation")
                composed = line.startswith("~")
                key = unescape(line[1:].lstrip() if composed else line)
                if composed:
                    self.composed.add(key)
        if key is not None:
            self.faults.append("the last sentence has no translation")

    def add(self, key, text, number):
        if key is None:
            self.faults.append(f"line {number}: a translation of nothing")
        elif key in self.said:
            # two authors may have thought of it; the build takes the first
            self.twice.append(f"line {number}: twice: {key!r}")
        else:
            self.said[key] = text


# ---- places -----------------------------------------------------------------------

def kind(match):
    """What a value is, apart from how wide it is written."""
    return match.group(4)


def places(text):
    return [m for m in PLACE.finditer(text) if m.group(4) != "%"]


def misfit(english, said, printed):
    """Why the values of @said do not fit those of @english, or None.
    @printed: printf() gets them, which knows less than we do."""
    ours, theirs = places(english), places(said)
    wanted = [kind(m) for m in ours]
    numbered = [m for m in theirs if m.group(1)]
    if numbered and len(numbered) != len(theirs):
        return "some values are numbered and some are not"
    numbers = [int(m.group(1)) if m.group(1) else i + 1
               for i, m in enumerate(theirs)]
    for number, m in zip(numbers, theirs):
        if not 1 <= number <= len(wanted):
            return f"there is no value {number}"
        if kind(m) != wanted[number - 1]:
            return f"value {number} is %{wanted[number - 1]}"
        if printed and m.group(2):
            return "%! or %_ where printf() reads"
    if printed and "*" in english and numbered:
        return "%.*s cannot be numbered"
    plurals = [i + 1 for i, m in enumerate(ours)
               if kind(m) == "s" and re.search(r"[a-z]$", english[:m.start()])]
    for number in range(1, len(wanted) + 1):
        if number not in numbers and (printed or number not in plurals):
            return f"value {number} is not said"
    if len(set(numbers)) != len(numbers) and printed:
        return "a value is said twice"
    if (PLACE.sub("", said).count("%") != PLACE.sub("", english).count("%")):
        return "a stray %"
    return None


# ---- tables for the command -----------------------------------------------------------

def c_string(text):
    out = []
    for line in re.split("(?<=\n)", text):
        line = line.replace("\\", "\\\\").replace('"', '\\"')
        out.append(line.replace("\n", "\\n").replace("?", "\\?"))
    return '"' + "".join(out) + '"'


def shifted(text):
    """The places of @text, counted from 2."""
    return PLACE.sub(lambda m: m.group(0) if not m.group(1) else
                     f"%{int(m.group(1)) + 1}${m.group(2)}"
                     f"{m.group(3)}{m.group(4)}", text)


def literal(text):
    """How exact a pattern is.  A semicolon stands between sentences of ours; a
    colon stands in names, too."""
    bare = PLACE.sub("", text)
    return len(bare) + bare.count(";")


def says_enough(english, said):
    """A format of little but %s would fit anything, unless its translation
    says what its values are."""
    if any(m.group(2) for m in places(said)):
        return True
    letters = re.sub("[^A-Za-z]", "", PLACE.sub("", english))
    return len(letters) >= (5 if "s" in map(kind, places(english)) else 1)


def patterns_of(book):
    """Formats as patterns: those with values, and what is put behind or before
    other words of ours (" and %z more", "none of these is there:")."""
    found = {}
    for english, said in book.said.items():
        if places(english) and says_enough(english, said):
            found[english] = said
        if english[:1] in (" ", ";", ","):
            numbered = re.search(r"%\d+\$", said)
            front = "%1$!s" if numbered else "%!s"
            found["%s" + english] = front + shifted(said)
        elif english.endswith((":", ": ", " ")) and not places(english):
            found[english + "%s"] = said + "%s"
    return sorted(found.items(), key=lambda row: (-literal(row[0]), row[0]))


def embed(out, paths):
    with open(out, "w", encoding="utf-8") as to:
        names = []
        for path in paths:
            book = Book(path)
            if book.faults:
                sys.exit(f"{path}: " + "; ".join(book.faults))
            names.append(book.name)
            # %! and %_ are for finished sentences, not for printf()
            rows = sorted((row for row in book.said.items()
                           if not any(m.group(2) for m in places(row[1]))),
                          key=lambda row: row[0].encode())
            for what, list_ in (("rows", rows), ("patterns", patterns_of(book))):
                to.write(f"static const struct row {book.name}_{what}[] = {{\n")
                for english, said in list_:
                    to.write(f"    {{ {c_string(english)},\n"
                             f"      {c_string(said)} }},\n")
                to.write("};\n")
        to.write("static const struct book books[] = {\n")
        for name in names:
            to.write(f'    {{ "{name}", {name}_rows, {name}_patterns,\n'
                     f"      sizeof {name}_rows / sizeof {name}_rows[0],\n"
                     f"      sizeof {name}_patterns / "
                     f"sizeof {name}_patterns[0] }},\n")
        to.write("};\n")


# ---- what the sources say ----------------------------------------------------------------

STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
STRINGS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
COMMENT = re.compile(r'/\*.*?\*/|("(?:[^"\\\n]|\\.)*")', re.S)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b"}


def value_of(literal_text):
    text = "".join(STRING.findall(literal_text))
    text = re.sub(r"\\x([0-9a-f]{2})", "\ufffd", text)
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m.group(1), m.group(1)), text)


def source(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    text = text.replace("\\\n", " \n")
    # comments away, strings kept: a string may look like a comment
    text = COMMENT.sub(lambda m: m.group(1) or " ", text)
    return re.sub(r"^\s*#\s*include.*$", "", text, flags=re.M)


def literals(path):
    return [value_of(m.group(0)) for m in STRINGS.finditer(source(path))]


# Which strings of a table are sentences: the row's name, and the places of its
# strings that are, counted from 0 or from the end.
TABLES = {
    "include/handfast/errors.def": {"ERR": [1]},
    "include/handfast/events.def": {"EVENT": [2]},
    "src/wire/extensions.def": {"EXT": [0]},
    "src/wire/names.def": {"NAMES": [0]},
    "src/wire/messages.def": {name: [-1] for name in (
        "U8 U16 U24 U32 FIXED VEC8 VEC16 VEC24 TEXT8 TEXT16 LIST8 LIST16 "
        "LIST24 REST EXTENSIONS EXTENSIONS_OR_NONE").split()},
    "tools/causes.def": {"CAUSE": [0]},
    "tools/advice.def": {"ADVICE": [0]},
    "tools/alerts.def": {"ALERT_WORDS": [0, 1]},
    "tools/exits.def": {"EXIT": [0]},
    "tools/failures.def": {"FAILURE": [1, 2]},
    "tools/broken.def": {"BROKEN": [2]},
    "tools/lab.def": {"LAB": [1, 2], "STEP": [1, 2, 3, 4], "VALUE": [1, 2],
                      "CLAIM": [1], "SAME": [0], "WORD": [0]},
    "tools/shapes.def": {"ONE": [1], "OPT": [1], "MANY": [1]},
}
# Tables whose words are names or are told in the manual's tables only, which
# are English.
SILENT = {
    "src/wire/names.def", "src/x509/oids.def", "src/crypto/suites.def",
    "src/engine/rfc8448.def", "src/handshake/flow_edges.def",
    "src/handshake/flow_jobs.def", "tools/limits.def", "tools/commands.def",
}
# Files that print the manual's tables or programs: English.
MANUAL = {
    "tools/cmd_completion.c", "tools/tables.c", "tools/tables_wire.c",
    "tools/tables_flow.c", "tools/tables_options.c",
}


def rows(path):
    """(macro, its strings) of each row of a table."""
    text = source(path)
    for m in re.finditer(r"^[ ]*([A-Z][A-Z0-9_]*)[ ]*\(", text, re.M):
        end = re.search(r"^[ ]*[A-Z][A-Z0-9_]*[ ]*[(\n]|\Z", text[m.end():],
                        re.M)
        body = text[m.end():m.end() + end.start()]
        yield m.group(1), [value_of(s.group(0))
                           for s in STRINGS.finditer(body)]


def named_sources(build):
    """Files of the lists called ..._sources."""
    lists = re.findall(r"_sources\s*\+?=\s*files\((.*?)\)", build, re.S)
    return re.findall(r"'(\w+\.c)'", " ".join(lists))


def product_sources():
    """The library's and the command's files, as the build names them."""
    for folder in sorted(glob.glob(os.path.join(ROOT, "src", "*", ""))):
        folder = os.path.relpath(folder, ROOT)
        with open(os.path.join(ROOT, folder, "meson.build"),
                  encoding="utf-8") as file:
            build = file.read()
        files = named_sources(build)
        headers = set()
        for name in files:
            yield os.path.join(folder, name)
            with open(os.path.join(ROOT, folder, name),
                      encoding="utf-8") as file:
                headers.update(re.findall(r'#include "(?:\w+/)?(\w+\.h)"',
                                          file.read()))
        for name in sorted(headers):
            if os.path.exists(os.path.join(ROOT, folder, name)):
                yield os.path.join(folder, name)
    with open(os.path.join(ROOT, "tools/meson.build"),
              encoding="utf-8") as file:
        build = file.read()
    for name in named_sources(build):
        yield os.path.join("tools", name)
    for path in sorted(glob.glob(os.path.join(ROOT, "tools", "*.h"))):
        yield os.path.relpath(path, ROOT)


# Two words, or one with something before or behind it to which it belongs.
WORDS = re.compile(r"[A-Za-z]*[a-z][,;:.)]* +[(\"]?[a-z]{2,}|"
                   r"[a-z]{3,} [A-Z]|^[;,]? +[(]?[a-z]{2,}|[a-z]{2,}:? $|\x01[ :]+[a-z]{2,}|"
                   r"^[a-z]{3,}[ :]+\x01")

# Examples, the manual's headings, HTML, media types, options of other programs.
COMMANDS = re.compile(r"(  handfast [a-z][^\n]*\n)+$|## |<style|<li|<tr><td>%|"
                      r"text/\w+; | -+\w+ (%s)?$")


def sentence(text):
    """Do these letters look like words to people?"""
    bare = PLACE.sub("\x01", text)
    if "\ufffd" in text or "\r" in text or COMMANDS.match(text):
        return False
    return bool(WORDS.search(bare))


def plain_lines(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return {unescape(line.rstrip("\n")) for line in file
                if line.strip() and not line.startswith("# ")}


class Sources:
    """sentences: must be translated; known: may be; printed: by printf();
    finished: by the library."""

    def __init__(self):
        self.sentences, self.known = {}, set()
        self.printed, self.finished = set(), set()
        same = plain_lines("tools/lang/same.txt")
        self.unused = set(same)
        for path, wanted in TABLES.items():
            for name, strings in rows(path):
                for at in wanted.get(name, []):
                    if strings and -len(strings) <= at < len(strings):
                        self.note(strings[at], path, True, same)
        for folder in ("src/*", "tools", "include/handfast"):
            for path in glob.glob(os.path.join(ROOT, folder, "*.def")):
                path = os.path.relpath(path, ROOT)
                if path not in TABLES and path not in SILENT:
                    for _, strings in rows(path):
                        for text in strings:
                            self.note(text, path, sentence(text), same)
        for path in product_sources():
            text = source(path)
            for m in STRINGS.finditer(text):
                value = value_of(m.group(0))
                if re.search(r"\.(also|arg|name) =\s*$", text[:m.start()]):
                    continue
                called = re.search(r"\blang\($", text[:m.start()].rstrip())
                must = path not in MANUAL and sentence(value)
                self.note(value, path, bool(called) or must, same)
                if path.startswith("tools") and not re.search(
                        r"hf_format(_more)?\([^;\"]*$", text[:m.start()]):
                    self.printed.add(value)
                if path.startswith("src"):
                    self.finished.add(value)

    def note(self, text, path, must, same):
        self.known.add(text)
        self.unused.discard(text)
        if must and text and text not in same:
            self.sentences.setdefault(text, path)


def faults_of(book, found):
    for fault in book.faults + book.twice:
        yield fault
    for text, path in found.sentences.items():
        if text not in book.said:
            yield f"no translation: {path}: {text!r}"
    for english, said in book.said.items():
        if english not in found.known and english not in book.composed:
            yield f"left over: {english!r}"
        printed = (english in found.printed and places(english) and
                   english not in found.finished)
        why = misfit(english, said, printed)
        if why:
            yield f"{why}: {english!r}"
        if re.match(r"\s", english) and not re.match(r"[\s，；（：、,;]", said):
            yield f"begins without what sets it apart: {english!r}"
    for text in found.unused:
        yield f"same.txt: nobody says {text!r}"


def books():
    for path in sorted(glob.glob(os.path.join(ROOT, "tools/lang/*.txt"))):
        if os.path.basename(path) != "same.txt":
            yield Book(path)


def check():
    found = Sources()
    failed = False
    all_ = list(books())
    print(f"1..{len(all_)}")
    for number, book in enumerate(all_, 1):
        faults = list(faults_of(book, found))
        failed |= bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - every sentence is "
              f"there in {book.name} ({len(book.said)})")
        for fault in faults:
            print("# " + fault.replace("\n", "\\n"))
    return failed


def list_missing(name):
    found = Sources()
    for book in books():
        if name and book.name != name:
            continue
        last = None
        for text, path in found.sentences.items():
            if text in book.said:
                continue
            if path != last:
                print(f"\n# {path}")
            last = path
            print(f"{escape(text)}\n    ")


def main(words):
    if words[:1] == ["--embed"] and len(words) > 2:
        embed(words[1], words[2:])
        return 0
    if words == ["--check"]:
        return check()
    if words[:1] == ["--list-missing"] and len(words) < 3:
        list_missing(words[1] if len(words) > 1 else None)
        return 0
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
