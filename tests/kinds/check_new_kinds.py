#!/usr/bin/env python3
"""Adds a layer, a noise, an optimizer and a format of files to a copy of the tree, each by three files: its own,
lib/meson.build and CHANGELOG.md. Builds the copy and finds them in all that follows from a row, and in the tests over all kinds.

usage: check_new_kinds.py [--meson MESON] [--cc CC] SOURCE

The layer is the one of docs/adding-a-layer.md; the others lie beside this script.
"""

import argparse
import array
import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = ("CHANGELOG.md", "LICENSE", "README.md", "docs", "examples", "include", "lib", "meson.build", "meson_options.txt",
        "pc", "tests")
TARGETS = ("tests/check_kinds", "tests/check_every_kind", "tests/check_kind", "tests/fuzz/words", "tests/fuzz/fuzz_network",
           "tests/fuzz/fuzz_noise")

# folder, category, name, what the constructor in Python is called with, a value that is out of its range
TOYS = (("layers", "layer", "offset", {"start": 0.5}, 2e6),
        ("noise", "noise", "flip", {"rate": 0.25}, 1.5),
        ("train", "optimizer", "sign", {"learning_rate": 0.5}, 0),
        ("data", "source", "tally", {"skip": 2}, 10))


class Failure(Exception):
    """A check that failed."""


def run(command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise Failure(f"{shlex.join(map(str, command))}\nexit status {done.returncode}\n{done.stdout}")
    return done.stdout


def must(condition, sentence):
    if not condition:
        raise Failure(sentence)


# ---- Three files for each -----------------------------------------------------------------------------


def source_of(name, tree):
    """The code of a toy."""
    if name != "offset":
        return (HERE / (name + ".c")).read_text(encoding="utf-8")
    blocks = re.findall(r"^```c\n(.*?)^```$", (tree / "docs/adding-a-layer.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    must(len(blocks) == 1, f"docs/adding-a-layer.md has {len(blocks)} blocks of C, expected 1")
    return blocks[0]


def add_name(build, category, name):
    """The list of kinds with one more file, which has one kind, at the end of its category."""
    start = build.index("'%s': {" % category.upper())
    end, depth = build.index("{", start), 0
    for end in range(end, len(build)):
        depth += {"{": 1, "}": -1}.get(build[end], 0)
        if depth == 0:
            break
    before = build[:end].rstrip()
    comma = "" if before.endswith(",") else ","
    return "%s%s '%s': ['%s']%s" % (before, comma, name, name, build[end:])


def add(tree, folder, category, name):
    path = tree / "lib" / folder / (name + ".c")
    must(not path.exists(), f"{path} is there already: the toy needs another name")
    path.write_text(source_of(name, tree), encoding="utf-8")
    build = tree / "lib/meson.build"
    build.write_text(add_name(build.read_text(encoding="utf-8"), category, name), encoding="utf-8")
    changes = tree / "CHANGELOG.md"
    text = changes.read_text(encoding="utf-8")
    changes.write_text(text.replace("## [Unreleased]\n", "## [Unreleased]\n\n- `%s`.\n" % name), encoding="utf-8")


# ---- Where they are found ------------------------------------------------------------------------------


def check_python(dae):
    """Lists, facts, constructors, messages, and texts of objects."""
    texts = {}
    for _, category, name, parameters, wrong in TOYS:
        must(name in dae.kinds(category), f"{category}: {name} is not listed")
        must(dae.kinds(category, name) == list(parameters), f"{name}: parameters {dae.kinds(category, name)}")
        must(dae.facts(category, name)["example"].startswith(name), f"{name} has no example")
        constructor = getattr(getattr(dae, category), name)
        must(dae.facts(category, name)["what"][1:] in constructor.__doc__, f"{name}: the constructor says nothing")
        texts[name] = constructor(**parameters)
        for mistake, word in ((lambda: constructor(**{list(parameters)[0]: wrong}), "expected"),
                              (lambda: dae.recipe_steps(category, "nothing"), name)):
            try:
                mistake()
            except dae.Error as error:
                must(word in error.message, f"{name}: the message lacks '{word}': {error.message}")
            else:
                raise Failure(f"{name}: a mistake was taken")
    must(str(dae.Noise(texts["flip"])) == "flip(rate=0.25)", "the noise is written otherwise")
    must(str(dae.Optimizer(texts["sign"] + " | cosine(9)")) ==
         "sign(learning_rate=0.5) | cosine(steps=9, alpha=0, warmup=0)", "the optimizer is written otherwise")
    model = dae.Model("input(3, 8) | %s as o | dense(24)" % texts["offset"])
    must("| offset(start=0.5) as o |" in model.format(), "the layer is written otherwise: " + model.format())
    model.initialize(1)
    marks = bytes(number % 251 for number in range(100000))
    for content in (b"TALLY\n" + marks, gzip.compress(b"TALLY\n" + marks)):
        for format, expected in ((None, marks), (texts["tally"], marks[2:])):
            try:
                values = dae.Dataset.parse(content, format).read()[0]
            except dae.Error as error:
                must(error.status == dae.Status.ERROR_UNSUPPORTED and content[0] == 0x1F, error.message)
                continue  # a build without zlib
            must(bytes(int(value) for value in array.array("f", bytes(values))) == expected, "the format is read otherwise")
    must(dae.Model.from_bytes(model.to_bytes()).format() == model.format(), "the layer does not come back from a file")


def check_words(words):
    for _, _, name, parameters, _ in TOYS:
        for word in (name, *("%s=" % parameter for parameter in parameters)):
            must('"%s"' % word in words.split("\n"), f"the words of the fuzzers lack {word}")


def check(tree, build, meson, environment):
    for folder, category, name, *_ in TOYS:
        add(tree, folder, category, name)
    run([*meson, "setup", "-Dbuildtype=debug", "-Doptimization=0", "-Dwerror=true", "-Dexamples=disabled", "-Dtests=enabled",
         "-Ddefault_library=shared", build, tree], env=environment)
    run(["ninja", "-C", build, *TARGETS])
    toys = " ".join(name for _, _, name, *_ in TOYS)
    for program in ("check_kinds", "check_every_kind", "check_kind"):
        print(run([build / "tests" / program], cwd=tree, env={**os.environ, "DAE_ONLY": toys}).strip())
    for target in ("network", "noise"):
        run([build / "tests/fuzz" / ("fuzz_" + target), tree / "tests/fuzz/corpus" / target, "1"])
    check_words(run([build / "tests/fuzz/words"]))
    os.environ["LIBDAE"] = str(build / "lib/libdae.so.0")
    sys.path.insert(0, str(tree / "examples/python"))
    import dae  # of the copy
    check_python(dae)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--meson", default="meson")
    parser.add_argument("--cc", default="cc")
    arguments = parser.parse_args()
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary) / "tree"
        tree.mkdir()
        for name in TREE:
            source = arguments.source / name
            shutil.copytree(source, tree / name) if source.is_dir() else shutil.copy(source, tree / name)
        try:
            check(tree, Path(temporary) / "build", shlex.split(arguments.meson), {**os.environ, "CC": arguments.cc})
        except Failure as failure:
            print(failure)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
