#!/usr/bin/env python3
"""Runs what README.md shows.

usage: check_readme.py [--cc CC] --library FILE SOURCE

The C programs are compiled with warnings as errors and run, then the Python programs, in the order of the
text and in one empty folder beside which only examples/ is found. A block without main() is put into one.
Links and pictures lead to files that exist, and the table of build options has every option.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import interface

WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def blocks(text, language):
    """(line, code) of each fenced block of a language."""
    for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield interface.line_of(text, match.start()) + 1, match.group(1)


def as_program(code):
    if re.search(r"\bmain\s*\(", code):
        return code
    includes = "".join(re.findall(r"^#include.*\n", code, re.MULTILINE)) or "#include <dae.h>\n"
    body = re.sub(r"^#include.*\n", "", code, flags=re.MULTILINE)
    return f"{includes}int main(void) {{\n{body}\nreturn 0;\n}}\n"


def run(command, what, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode == 0:
        print(f"{what}: {done.stdout.strip() or 'no output'}")
        return []
    return [f"{what}: exit status {done.returncode}\n{done.stdout}{done.stderr}"]


def check_programs(text, arguments, folder):
    problems = []
    library = arguments.library.resolve()
    before = os.environ.get("LD_LIBRARY_PATH")
    paths = [str(folder / "lib")] + ([before] if before else [])
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(paths), "LIBDAE": str(library),
                   "PYTHONPATH": str(arguments.source.resolve() / "examples" / "python")}
    options = {"cwd": folder / "work", "env": environment}

    # under its soname, where the loader finds it and nothing else
    (folder / "lib").mkdir()
    (folder / "lib" / "libdae.so.0").symlink_to(library)
    (folder / "work").mkdir()
    (folder / "work" / "examples").symlink_to(arguments.source.resolve() / "examples")

    found = {"c": 0, "python": 0}
    for line, code in blocks(text, "c"):
        what = f"README.md:{line}: C program"
        source = folder / f"readme{line}.c"
        source.write_text(as_program(code), encoding="utf-8")
        program = source.with_suffix("")
        command = [*shlex.split(arguments.cc), *WARNINGS, f"-I{arguments.source / 'include'}", str(source),
                   str(folder / "lib" / "libdae.so.0"), "-o", str(program)]
        problems += run(command, f"{what} compiles") or run([str(program)], what, **options)
        found["c"] += 1
    for line, code in blocks(text, "python"):
        problems += run([sys.executable, "-c", code], f"README.md:{line}: Python program", **options)
        found["python"] += 1
    problems += [f"README.md has no {language} program" for language, count in found.items() if count == 0]
    return problems


def check_links(text, source):
    problems = []
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not re.match(r"\w+://", target) and not (source / target).exists():
            problems.append(f"README.md: the link to {target} leads nowhere")
    return problems


def check_options(text, source):
    declared = re.findall(r"^option\('(\w+)'", (source / "meson_options.txt").read_text(encoding="utf-8"),
                          re.MULTILINE)
    return [f"README.md: the build option {option} is not in the table" for option in declared
            if f"`-D{option}`" not in text]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--library", type=Path, required=True, help="built shared library")
    arguments = parser.parse_args()
    text = (arguments.source / "README.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        problems = check_programs(text, arguments, Path(temporary))
    problems += check_links(text, arguments.source) + check_options(text, arguments.source)
    return interface.report(problems, "README.md shows what works")


if __name__ == "__main__":
    sys.exit(main())
