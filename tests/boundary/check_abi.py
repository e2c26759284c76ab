#!/usr/bin/env python3
"""Holds the library to its rule for the ABI, which version.h, README.md and CHANGELOG.md state in the same words.

usage: check_abi.py [--list] SOURCE

Each release that CHANGELOG.md dates has a list of its functions, constants, structs and callbacks, abi/VERSION.txt
beside this file, which --list prints on the day of the release. Every line of every list must still hold: whoever
cannot keep one breaks the rule, takes another soname in meson.build, and begins again with new lists.
"""

import argparse
import re
import sys
from pathlib import Path

import interface

RULE = "From the release of 0.1 on the ABI only grows, and the soname changes only if that is broken"
STATED_IN = ("include/dae/version.h", "README.md", "CHANGELOG.md")
RELEASED = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", re.MULTILINE)
CONSTANT = re.compile(r"\b(DAE_\w+)\s*=\s*([^,}\s][^,}]*)")
STRUCT = re.compile(r"^typedef struct (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
CALLBACK = re.compile(r"^typedef [^;{]*\(\*\w+\)[^;]*;", re.MULTILINE)


def interface_lines(source):
    """One line for each function, without the names of parameters, constant, field of a struct, and callback."""
    lines = [f"{function.result} {function.name}({', '.join(kind for kind, _ in function.parameters)})"
             for function in interface.public_functions(source)]
    for header in interface.public_headers(source):
        code = interface.strip_comments(header.read_text(encoding="utf-8"))
        lines += [f"{name} = {' '.join(value.split())}" for name, value in CONSTANT.findall(code)]
        lines += [" ".join(declaration.split()) for declaration in CALLBACK.findall(code)]
        for name, body in STRUCT.findall(code):
            fields = [" ".join(field.split()) for field in body.split(";") if field.strip()]
            lines += [f"{name}, field {place}: {field}" for place, field in enumerate(fields, 1)]
    return sorted(lines)


def plain(text):
    """The text in one line, without the stars of a comment."""
    return " ".join(re.sub(r"^ \*", "", text, flags=re.MULTILINE).split())


def check(source, lists):
    problems = [f"{path}: does not state the rule: {RULE}" for path in STATED_IN
                if RULE not in plain((source / path).read_text(encoding="utf-8"))]
    now = set(interface_lines(source))
    for version in RELEASED.findall((source / "CHANGELOG.md").read_text(encoding="utf-8")):
        released = lists / f"{version}.txt"
        if not released.is_file():
            problems.append(f"CHANGELOG.md: {version} is released, but there is no {released.name} in {lists.name}/")
            continue
        problems += [f"{version} promised what is not there any more: {line}"
                     for line in released.read_text(encoding="utf-8").splitlines() if line not in now]
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--list", action="store_true", help="print the list of a release of today")
    arguments = parser.parse_args()
    lines = interface_lines(arguments.source)
    if arguments.list:
        print("\n".join(lines))
        return 0
    return interface.report(check(arguments.source, Path(__file__).resolve().parent / "abi"),
                            f"{len(lines)} lines of interface keep to the rule")


if __name__ == "__main__":
    sys.exit(main())
