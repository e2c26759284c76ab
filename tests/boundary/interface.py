"""What the checks of the boundary have in common: reading the public headers and C sources.

The headers are plain enough to be read with regular expressions; the compiler checks that they are C.
"""

import re
from dataclasses import dataclass
from pathlib import Path

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
LITERAL = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
TOKEN = re.compile(COMMENT.pattern + "|" + LITERAL.pattern, re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
FUNCTION = re.compile(r"^DAE_API\s+([^;{]*?)\b(dae_\w+)\s*\(([^;{]*)\)\s*;", re.MULTILINE)


@dataclass
class Function:
    """A function of the public headers."""

    name: str
    result: str
    header: str
    line: int
    comment: str  # the /** comment directly before it, or ""
    parameters: list  # (type, name), such as ("dae_rng **", "out")

    @property
    def returns_status(self):
        return self.result == "dae_status"


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def strip_comments(text):
    """The text with comments blanked, so that offsets and line numbers stay."""

    def keep_literals(match):
        return _blank(match.group()) if match.group().startswith("/") else match.group()

    return TOKEN.sub(keep_literals, text)


def strip_comments_and_literals(text):
    """The text with comments, strings and character constants blanked."""
    return TOKEN.sub(lambda match: _blank(match.group()), text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def public_headers(source):
    """dae.h and the headers in dae/, in the order in which dae.h includes them."""
    umbrella = source / "include" / "dae.h"
    text = strip_comments(umbrella.read_text(encoding="utf-8"))
    return [umbrella] + [source / "include" / name for _, name in INCLUDE.findall(text)]


def _comment_before(text, offset):
    """The documentation comment that ends directly before `offset`, or ""."""
    before = text[:offset].rstrip()
    if not before.endswith("*/"):
        return ""
    start = before.rfind("/*")
    return before[start:] if before.startswith("/**", start) else ""


def _parameters(text):
    """(type, name) of each parameter of a declaration."""
    parameters = [" ".join(part.split()) for part in text.split(",")]
    matches = [re.fullmatch(r"(.*?)(\w+)", part) for part in parameters if part not in ("", "void")]
    return [(match.group(1).strip(), match.group(2)) for match in matches]


def public_functions(source):
    """All functions that the public headers declare with DAE_API."""
    functions = []
    for header in public_headers(source):
        text = header.read_text(encoding="utf-8")
        code = strip_comments(text)
        for match in FUNCTION.finditer(code):
            functions.append(
                Function(
                    name=match.group(2),
                    result=" ".join(match.group(1).split()),
                    header=str(header.relative_to(source)),
                    line=line_of(text, match.start()),
                    comment=_comment_before(text, match.start()),
                    parameters=_parameters(match.group(3)),
                )
            )
    return functions


def c_sources(folder):
    """All C sources and headers below a folder, sorted."""
    return sorted(path for path in Path(folder).rglob("*") if path.suffix in (".c", ".h"))


def report(problems, success):
    """Prints problems, or one line of success; the exit status for sys.exit()."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} problem(s)")
        return 1
    print(success)
    return 0
