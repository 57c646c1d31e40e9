"""mutate.py - the changes that scripts/mutants.py tries in a C file.

No compiler reads the file here: comments, strings, directives and what is
asserted are blanked, and the rest is looked at as text that clang-format has
laid out.  A change that makes no sense does not compile, which is counted
apart.
"""
import re

# What is looked for, and what it becomes.
CHANGES = [
    (r"==", "!="), (r"!=", "=="), (r"<=", "<"), (r">=", ">"),
    (r"(?<= )<(?= )", "<="), (r"(?<= )>(?= )", ">="),
    (r"&&", "||"), (r"\|\|", "&&"), (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"), (r"!(?=[a-zA-Z(])", ""),
    (r"\bHF_STEP_FAILED\b", "HF_STEP_DONE"),
    (r"\bHF_STEP_(DONE|WAIT)\b", "HF_STEP_FAILED"),
    (r"(?<=\s)\+(?= )", "-"), (r"(?<=\s)-(?= )", "+"), (r"\+=", "-="),
    (r"(?<!-)-=", "+="), (r"(?<=\s)\|(?= )", "&"), (r"(?<=\s)&(?= )", "|"),
    (r"\|=", "&="), (r"&=", "|="), (r"\^", "|"), (r"<<", ">>"), (r">>", "<<"),
    (r"(?<=[\w\]] )\*(?= [\w(])", "+"), (r"(?<= )/(?= )", "*"),
    (r"~(?=[\w(])", ""),
    (r"(?<=\s)\?(?= )", "&& 0 ?"), (r"(?<=\s)\?(?= )", "|| 1 ?"),
    (r"\bcontinue;", "break;"), (r"\bbreak;", "continue;"),
    (r"\bNULL\b(?=;)", "(void *)1"),
    # Whose row of the flow it is, under which keys, and when.
    (r"\bCLIENT\b", "SERVER"), (r"\bSERVER\b", "CLIENT"),
    (r"\bPLAIN\b", "TRAFFIC"), (r"\bHANDSHAKE\b", "PLAIN"),
    (r"\bTRAFFIC\b", "PLAIN"), (r"\bEARLY_DATA\b", "HANDSHAKE"),
    (r"\bUNLESS(?=\()", "IF"), (r"\bIF(?=\()", "UNLESS"),
    (r"\bALWAYS\b", "IF(TLS13)"), (r"\bMAYBE(?=\()", "WRONG"),
    # One of several facts.
    (r"\b[A-Z][A-Z0-9_]+ ?\| ?(?=[A-Z])", ""),
    (r"(?<=[A-Z0-9]) ?\| ?[A-Z][A-Z0-9_]+\b(?!\()", ""),
    # clang-format's lines: a row of a table, a case that returns.
    (r"^ +\{ .*\},$", ""), (r"^(?:STEP|JOB|ROW|X) *\(.*\)$", ""),
    (r"^ +case [^:]+: (?:return|break)\b[^;]*;$", ""),
]
NEGATIONS = ("==", "!=", r"!(?=[a-zA-Z(])")
NUMBER = re.compile(r"(?<![\w.\"])(?:0x[0-9a-fA-F]+|\d+)(?=[uUlL]*\b)(?!\.)")
CONSTANT = re.compile(r"\bHF_[A-Z]+(?:_[A-Z0-9_]+|[0-9]\w*)\b")
CONDITION = re.compile(r"\b(if|while) \(")
ROW = re.compile(r"^(?:STEP|JOB|ROW) *\(.*\)$", re.M)
NO_CALL = re.compile(
    r"(?:return|break|continue|goto|case|default|if|else|for|while|do|switch|"
    r"struct|union|enum|const|static|typedef|extern|assert|HF_SECRET|"
    r"HF_DECLASSIFY)\b|[^;]*\bva_(?:start|end)\b")
DECLARED = re.compile(r"\w+ [\w*]|\w+ \*\w+(?:;| =|,)")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def closing(code, at):
    """Where the parenthesis that opens at @at ends."""
    depth = 0
    for i in range(at, len(code)):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(
            code[i], 0)
        if not depth:
            return i
    return len(code) - 1


def code_only(text):
    """The same length, with comments, strings, directives and assertions
    blanked."""
    code = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\])+\'|'
                  r'^#(?:[^\n]*\\\n)*[^\n]*', blank, text, flags=re.S | re.M)
    for match in re.finditer(r"\b(?:_Static_)?assert(?=\()", code):
        end = closing(code, match.end()) + 1
        code = (code[:match.start()] + re.sub(r"[^\n]", " ",
                code[match.start():end]) + code[end:])
    return code


def depths(code):
    """In how many parentheses each place lies."""
    depth, found = 0, []
    for char in code:
        depth -= char == ")"
        found.append(depth)
        depth += char == "("
    return found


def statements(code):
    """Calls and assignments: (where they begin, where they end)."""
    depth = depths(code)
    for match in re.finditer(r"(?:[;{}:)]|\belse)\s+(?=[a-zA-Z*+(-])", code):
        start = match.end()
        if depth[start] or NO_CALL.match(code, start) or DECLARED.match(code, start):
            continue
        before = code[:match.start() + 1]
        if before.endswith(":") and not re.search(
                r"(?:^|\n) *(?:case [^\n:?]+|default):$", before):
            continue
        if before.endswith(")") and not behind_condition(before):
            continue
        end = start
        while end < len(code) and code[end] not in ";{}":
            end = closing(code, end) + 1 if code[end] in "([" else end + 1
            if code[end - 1] == ")" and code[end:end + 1] == "{":
                end = closing(code, end) + 1  # a compound literal
        if code[end:end + 1] == ";" and re.search(r"[(=]|\+\+|--",
                                                  code[start:end]):
            yield start, end


def behind_condition(before):
    """Does a statement begin behind this parenthesis?"""
    depth = 0
    for i in range(len(before) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(before[i], 0)
        if not depth:
            return re.search(r"\b(?:if|while|for|switch) $", before[:i])
    return False


def others(code, pattern=CONSTANT):
    """For each constant another one of its kind that stands in the file."""
    kinds = {}
    for word in dict.fromkeys(pattern.findall(code)):
        kind = re.match(r"HF_(?:[A-Z]+_(?=\w)|[A-Z]+)", word).group()
        kinds.setdefault(kind, []).append(word)
    kinds.setdefault("HF_E_", []).append("HF_E_BUG")
    other = {"HF_CLIENT": "HF_SERVER", "HF_SERVER": "HF_CLIENT"}
    for words in kinds.values():
        for word, following in zip(words, words[1:] + words[:1]):
            if word != following:
                other.setdefault(word, following)
    return other


def single_terms(code):
    """Places in conditions that are one term: they are tried as always true
    and as never true, so whoever notices both notices the negation."""
    places = set()
    for match in CONDITION.finditer(code):
        end = closing(code, match.end() - 1)
        if match.group(1) == "if" and not re.search(
                r"&&|\|\||\?", code[match.end():end]):
            places.update(range(match.end(), end))
    return places


def edits(text):
    """(from, to, what stands there then, a name for it if the line is none)"""
    code = code_only(text)
    simple = single_terms(code)
    for pattern, to in CHANGES:
        for match in re.finditer(pattern, code, re.M):
            if pattern in NEGATIONS and match.start() in simple:
                continue
            gone = not to and "\n" not in match.group() and len(
                match.group().strip()) > 20
            yield match.start(), match.end(), to, (
                "without: " + squeeze(text[match.start():match.end()])
                if gone else None)
    for match in NUMBER.finditer(code):
        yield match.start(), match.end(), str(int(match.group(), 0) + 1), None
    other = others(code)
    for match in CONSTANT.finditer(code):
        if match.group() in other:
            yield match.start(), match.end(), other[match.group()], None
    for match in CONDITION.finditer(code):
        start, end = match.end(), closing(code, match.end() - 1)
        inside = text[start:end]
        yield start, end, f"0 && ({inside})", None
        if match.group(1) == "if":
            yield start, end, f"1 || ({inside})", None
    for start, end in statements(code):
        what = squeeze(text[start:end + 1])
        yield start, end, "(void)0", "without: " + what
    rows = list(ROW.finditer(code))
    for one, two in zip(rows, rows[1:]):
        between = text[one.end():two.start()]
        if "\n\n" in between:
            continue
        yield (one.start(), two.end(), text[two.start():two.end()] + between +
               text[one.start():one.end()],
               "exchanged: " + squeeze(text[one.start():one.end()]))


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


def function_of(code, at):
    """Which function (or table) the place lies in."""
    name = "-"
    for match in re.finditer(r"^[a-z][^;\n{}]*?\b(\w+)(?:\(|\[|\s*=\s*\{)", code,
                             re.M):
        if match.start() > at:
            break
        name = match.group(1)
    return name


def mutants(text):
    """(line number, function, the change as one line, the whole text then)"""
    code, seen = code_only(text), {text}
    found = []
    for start, end, to, name in edits(text):
        changed = text[:start] + to + text[end:]
        if changed in seen:
            continue
        seen.add(changed)
        line = text.count("\n", 0, start)
        what = name or squeeze(changed.splitlines()[line])
        found.append((line + 1, function_of(code, start), what, changed))
    return sorted(found, key=lambda m: m[0])
