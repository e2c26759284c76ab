#!/usr/bin/env python3
"""Compiles the public headers as C99 and as C++11, pedantically and with warnings as errors.

usage: check_headers.py [--cc CC] [--cxx CXX] [--library FILE] SOURCE

Each header is compiled alone and included twice. header_c99.c, header_cxx11.cc and, in both languages, a
program that takes the address of every public function are compiled; with --library they are also linked
(which needs extern "C" in every header) and run. Without --cxx the C++ half is left out.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import interface

WARNINGS = ["-pedantic-errors", "-Werror", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wundef"]
LANGUAGE_WARNINGS = {
    "c": ["-Wstrict-prototypes"],
    "c++": ["-Wold-style-cast", "-Wzero-as-null-pointer-constant"],
}
C_STANDARDS = ["c99", "c11"]
CXX_STANDARDS = ["c++11", "c++17"]


def compile_command(compiler, language):
    return [*shlex.split(compiler), "-x", language, *WARNINGS, *LANGUAGE_WARNINGS[language]]


def run(command, what, **options):
    """Runs a command; a list with one problem, or an empty one."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode == 0:
        return []
    return [f"{what}: exit status {done.returncode}\n{' '.join(command)}\n{done.stdout}{done.stderr}"]


def check_alone(command, standards, source, folder):
    """Each header as the first line of a file, twice."""
    problems = []
    for header in interface.public_headers(source):
        name = header.relative_to(source / "include").as_posix()
        program = folder / "alone.txt"
        program.write_text(f"#include <{name}>\n#include <{name}>\nint main(void);\n", encoding="utf-8")
        for standard in standards:
            full = [*command, f"-std={standard}", "-fsyntax-only", f"-I{source / 'include'}", str(program)]
            problems += run(full, f"{name} alone as {standard}")
    return problems


def write_addresses(source, path):
    """A program that needs every public function from the library."""
    names = [function.name for function in interface.public_functions(source)]
    cast = "reinterpret_cast<any_function>({})" if path.suffix == ".cc" else "(any_function){}"
    rows = ",\n".join("    " + cast.format(name) for name in names)
    path.write_text(
        "#include <dae.h>\ntypedef void (*any_function)(void);\n"
        f"static const any_function all[] = {{\n{rows}}};\n"
        "int main(int argc, char **argv) {\n    (void)argv;\n"
        f"    return all[(argc - 1) % {len(names)}] ? 0 : 1;\n}}\n",
        encoding="utf-8",
    )


def check_programs(command, standard, programs, arguments, folder):
    problems = []
    include = f"-I{arguments.source / 'include'}"
    for program in programs:
        full = [*command, f"-std={standard}", include, str(program)]
        if not arguments.library:
            problems += run([*full, "-fsyntax-only"], f"{program.name} as {standard}")
            continue
        output = folder / program.with_suffix(".out").name
        library = arguments.library.resolve()
        full += ["-x", "none", str(library), "-o", str(output)]
        failed = run(full, f"{program.name} as {standard}")
        problems += failed or run([str(output)], f"running {program.name} as {standard}",
                                  env={**os.environ, "LD_LIBRARY_PATH": library_path(library)})
    return problems


def library_path(library):
    before = os.environ.get("LD_LIBRARY_PATH")
    return f"{library.parent}:{before}" if before else str(library.parent)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--cc", default="cc", help="C compiler, with arguments if need be")
    parser.add_argument("--cxx", help="C++ compiler")
    parser.add_argument("--library", type=Path, help="shared library to link with")
    arguments = parser.parse_args()

    own = Path(__file__).resolve().parent
    problems = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        languages = [("c", arguments.cc, C_STANDARDS, ".c", own / "header_c99.c")]
        if arguments.cxx:
            languages.append(("c++", arguments.cxx, CXX_STANDARDS, ".cc", own / "header_cxx11.cc"))
        for language, compiler, standards, suffix, program in languages:
            command = compile_command(compiler, language)
            addresses = folder / f"addresses{suffix}"
            write_addresses(arguments.source, addresses)
            problems += check_alone(command, standards, arguments.source, folder)
            problems += check_programs(command, standards[0], [program, addresses], arguments, folder)
    count = len(interface.public_headers(arguments.source))
    names = " and ".join(standards[0] for _, _, standards, _, _ in languages)
    return interface.report(problems, f"{count} headers are clean as {names}")


if __name__ == "__main__":
    sys.exit(main())
