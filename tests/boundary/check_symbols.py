#!/usr/bin/env python3
"""Joins what the headers declare, what lib/libdae.map lists and what the built library exports.

usage: check_symbols.py [--library FILE] [--static FILE] [--nm NM] SOURCE

All three sets must be equal, and each symbol must carry the version node that the map gives it. The
shared library may not refer to any function that ends, prints, reads the environment and so on (the host
rule in docs/architecture.md; check_sources.py has the list). Global names in the static library begin with
dae_.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import check_sources
import interface

NODE = re.compile(r"(\w+(?:\.\w+)*)\s*\{(.*?)\}\s*([\w.]*)\s*;", re.DOTALL)


def read_map(path):
    """The map as {symbol: node}, and a list of problems."""
    text = interface.strip_comments(re.sub(r"#.*", "", path.read_text(encoding="utf-8")))
    symbols, problems, hides_rest = {}, [], False
    for node, body, _ in NODE.findall(text):
        scope = "global"
        for entry in re.findall(r"(\w+)\s*:|([^;:\s]+)\s*;", body):
            if entry[0]:
                scope = entry[0]
            elif scope == "local":
                hides_rest = hides_rest or entry[1] == "*"
            elif "*" in entry[1] or "?" in entry[1]:
                problems.append(f"{path.name}: {node} exports by the pattern {entry[1]}; list each symbol")
            elif entry[1] in symbols:
                problems.append(f"{path.name}: {entry[1]} is listed twice")
            else:
                symbols[entry[1]] = node
    if not hides_rest:
        problems.append(f"{path.name}: no 'local: *;' hides the rest")
    return symbols, problems


def run_nm(nm, arguments, path):
    """Pairs (type, name) of the symbols that nm shows."""
    output = subprocess.run([nm, *arguments, str(path)], check=True, capture_output=True, text=True).stdout
    pairs = []
    for line in output.splitlines():
        fields = line.split()
        if len(fields) >= 2 and len(fields[-2]) == 1:
            pairs.append((fields[-2], fields[-1]))
    return pairs


def compare(name_a, set_a, name_b, set_b):
    problems = [f"{symbol}: in {name_a}, not in {name_b}" for symbol in sorted(set_a - set_b)]
    return problems + [f"{symbol}: in {name_b}, not in {name_a}" for symbol in sorted(set_b - set_a)]


def check_library(nm, library, mapped):
    """Exports against the map, with version nodes, and undefined names against the host rule."""
    problems, exported = [], {}
    for kind, name in run_nm(nm, ["-D", "--defined-only"], library):
        if kind != "A":  # the version nodes themselves
            symbol, _, node = name.partition("@")
            exported[symbol] = node.lstrip("@")
    problems += compare("the map", set(mapped), "the library", set(exported))
    for symbol in sorted(set(mapped) & set(exported)):
        if exported[symbol] != mapped[symbol]:
            problems.append(f"{symbol}: node {mapped[symbol]} in the map, {exported[symbol]} in the library")

    for kind, name in run_nm(nm, ["-D", "--undefined-only"], library):
        symbol = re.sub(r"^__(\w+)_chk$", r"\1", name.partition("@")[0])
        reason = check_sources.FORBIDDEN.get(symbol) or check_sources.FORBIDDEN_BEHIND.get(symbol)
        if reason and symbol not in {function for _, function in check_sources.EXCEPTIONS}:
            problems.append(f"{library.name} uses {symbol}: {reason}")
    return problems


def check_static(nm, library):
    """A static library has no version script: its global names share one space with the host's."""
    names = {name for _, name in run_nm(nm, ["-g", "--defined-only"], library)}
    names = {name for name in names if not name.startswith(("dae_", "__asan_", "__odr_asan", "__x86.get_pc_thunk."))}
    return [f"{library.name}: global name {name} does not begin with dae_" for name in sorted(names)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--library", type=Path, help="built shared library")
    parser.add_argument("--static", type=Path, help="built static library")
    parser.add_argument("--nm", default="nm")
    arguments = parser.parse_args()

    declared = {function.name for function in interface.public_functions(arguments.source)}
    mapped, problems = read_map(arguments.source / "lib" / "libdae.map")
    if not declared:
        problems.append("no function found in the headers")
    problems += compare("the headers", declared, "the map", set(mapped))
    if arguments.library:
        problems += check_library(arguments.nm, arguments.library, mapped)
    if arguments.static:
        problems += check_static(arguments.nm, arguments.static)
    checked = ["headers", "map"]
    checked += ["shared library"] if arguments.library else []
    checked += ["static library"] if arguments.static else []
    return interface.report(problems, f"{len(declared)} symbols agree: {', '.join(checked)}")


if __name__ == "__main__":
    sys.exit(main())
