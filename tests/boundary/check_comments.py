#!/usr/bin/env python3
"""Checks that each public function is documented, tested, and known to the Python binding.

usage: check_comments.py SOURCE

Each function with DAE_API has a comment directly before it with `@since`, and with `Errors:` if it returns
dae_status ("As dae_other()" takes those of the other). Status codes and functions named in comments exist.
Each function is named in some test (tests/**/*.c) and in the Python binding (examples/python/dae/*.py).
"""

import re
import sys
from pathlib import Path

import interface

AS_OTHER = re.compile(r"\bAs (dae_\w+)\(\)")


def version_of(source):
    text = (source / "include" / "dae" / "version.h").read_text(encoding="utf-8")
    return tuple(int(re.search(rf"#define DAE_VERSION_{part}\s+(\d+)", text).group(1))
                 for part in ("MAJOR", "MINOR", "PATCH"))


def has_errors(function, by_name):
    """Whether the comment states errors, itself or by "As dae_other()"."""
    if "Errors:" in function.comment:
        return True
    other = AS_OTHER.search(function.comment)
    return bool(other) and "Errors:" in getattr(by_name.get(other.group(1)), "comment", "")


def check_documented(source, functions):
    problems, version = [], version_of(source)
    by_name = {function.name: function for function in functions}
    for function in functions:
        place = f"{function.header}:{function.line}: {function.name}"
        since = re.search(r"@since (\d+)\.(\d+)\.(\d+)", function.comment)
        if not function.comment:
            problems.append(f"{place}: no /** comment directly before it")
            continue
        if not since:
            problems.append(f"{place}: no @since with a version")
        elif tuple(map(int, since.groups())) > version:
            problems.append(f"{place}: @since names a version above that of version.h")
        if function.returns_status and not has_errors(function, by_name):
            problems.append(f"{place}: no Errors:")
        can_only_succeed = "Cannot fail" in function.comment or function.result == "void"
        if not function.returns_status and not can_only_succeed:
            problems.append(f"{place}: returns {function.result}, so it must say 'Cannot fail'")
    return problems


def check_references(source, functions):
    """Functions and status codes that comments speak of."""
    problems = []
    names = {function.name for function in functions}
    for header in interface.public_headers(source):
        text = header.read_text(encoding="utf-8")
        for comment in interface.COMMENT.finditer(text):
            for match in re.finditer(r"\b(dae_\w+)\(\)", comment.group()):
                if match.group(1) not in names and match.group(1) != "dae_x_free":
                    line = interface.line_of(text, comment.start() + match.start())
                    problems.append(f"{header.name}:{line}: speaks of {match.group()}, which does not exist")
    constants = set()
    for header in interface.public_headers(source):
        code = interface.strip_comments(header.read_text(encoding="utf-8"))
        constants |= set(re.findall(r"\bDAE_[A-Z0-9_]+\b", code))
    for header in interface.public_headers(source):
        for name in re.findall(r"\bDAE_[A-Z0-9_]+\b(?!\*)", header.read_text(encoding="utf-8")):
            if name not in constants and not name.endswith("_"):
                problems.append(f"{header.name}: speaks of {name}, which does not exist")
    return problems


def check_named(functions, files, where):
    """Each function is named somewhere in `files`, outside of C comments."""
    text = "\n".join(
        interface.strip_comments(path.read_text(encoding="utf-8")) if path.suffix == ".c"
        else path.read_text(encoding="utf-8")
        for path in files
    )
    words = set(re.findall(r"\bdae_\w+\b", text))
    return [f"{function.name}: is not in {where}" for function in functions if function.name not in words]


def main():
    if len(sys.argv) != 2:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    source = Path(sys.argv[1])
    functions = interface.public_functions(source)
    problems = [] if functions else ["no function found in the headers"]
    problems += check_documented(source, functions)
    problems += check_references(source, functions)

    # Taking an address, as the header checks do, is no test.
    tests = [path for path in sorted((source / "tests").rglob("*.c"))
             if path.parent.name not in ("boundary", "downstream", "benchmark")]
    problems += check_named(functions, tests, "any test (tests/**/*.c)")
    binding = sorted((source / "examples" / "python" / "dae").glob("*.py"))
    problems += check_named(functions, binding, "the Python binding (examples/python/dae/*.py)")
    return interface.report(problems, f"{len(functions)} functions are documented, tested and bound")


if __name__ == "__main__":
    sys.exit(main())
