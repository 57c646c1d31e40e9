"""schema.py: does a JSON document fit its schema?  The few words of JSON Schema
that tools/schema/ uses; a word it does not know is an error."""
import json
import os
import pathlib
import re

FOLDER = pathlib.Path(os.environ.get(
    "HF_SOURCE", pathlib.Path(__file__).resolve().parents[2])) / "tools/schema"

KINDS = {"object": dict, "array": list, "string": str, "null": type(None),
         "boolean": bool, "number": (int, float), "integer": int}
SILENT = {"$schema", "$defs", "title", "description"}


def is_kind(value, kind):
    if isinstance(value, bool) and kind in ("number", "integer"):
        return False
    return isinstance(value, KINDS[kind])


def object_faults(value, schema, top, at):
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{at}: {name} is missing"
    for name, inner in value.items():
        if name in known:
            yield from faults(inner, known[name], top, f"{at}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{at}: {name} is not in the schema"


def faults(value, schema, top, at="$"):
    """Everything about @value that does not fit, as sentences."""
    for word, wanted in schema.items():
        if word in SILENT or word in ("properties", "required",
                                      "additionalProperties"):
            continue
        if word == "$ref":
            inner = top["$defs"][wanted.removeprefix("#/$defs/")]
            yield from faults(value, inner, top, at)
        elif word == "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            if not any(is_kind(value, kind) for kind in kinds):
                yield f"{at}: {value!r:.60} is no {wanted}"
        elif word == "const":
            if value != wanted:
                yield f"{at}: {value!r:.60} is not {wanted!r}"
        elif word == "enum":
            if value not in wanted:
                yield f"{at}: {value!r:.60} is none of {wanted}"
        elif word == "pattern":
            if isinstance(value, str) and not re.search(wanted, value):
                yield f"{at}: {value!r:.60} does not match {wanted}"
        elif word == "minimum":
            if isinstance(value, (int, float)) and value < wanted:
                yield f"{at}: {value} is less than {wanted}"
        elif word == "maximum":
            if isinstance(value, (int, float)) and value > wanted:
                yield f"{at}: {value} is more than {wanted}"
        elif word == "items":
            if isinstance(value, list):
                for i, inner in enumerate(value):
                    yield from faults(inner, wanted, top, f"{at}[{i}]")
        elif word == "anyOf":
            each = [list(faults(value, one, top, at)) for one in wanted]
            if all(each):
                yield from min(each, key=len)
        else:
            raise ValueError(f"{at}: the schema says {word}")
    if schema.get("type") == "object" and isinstance(value, dict):
        yield from object_faults(value, schema, top, at)


def check(document):
    """Raises AssertionError unless the document fits the schema it names."""
    _, name, number = document["schema"].split("/")
    schema = json.loads((FOLDER / f"{name}-{number}.json").read_text())
    found = list(faults(document, schema, schema))
    if found:
        raise AssertionError("\n".join(found[:10]))
