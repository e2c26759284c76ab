#!/usr/bin/env python3
"""Builds a stranger's meson project that has libdae as a subproject, in the way that README shows.

usage: check_subproject.py [--meson MESON] SOURCE

README's wrap file and README's two lines of meson are taken as they stand; only that the sources are here already, so that
nothing is fetched. Neither libdae's tests nor its examples may be in the build. It is optimised as a whole when it
is linked, and neither compiler nor linker may warn of anything.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Failure(Exception):
    """A check that failed."""


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failure(f"{shlex.join(map(str, command))}\nexit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def block(text, language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    if len(found) != 1:
        raise Failure(f"README.md has {len(found)} blocks of {language}, expected 1")
    return found[0]


def write_project(folder, source):
    text = (source / "README.md").read_text(encoding="utf-8")
    (folder / "subprojects").mkdir(parents=True)
    (folder / "subprojects" / "libdae.wrap").write_text(block(text, "ini"), encoding="utf-8")
    (folder / "subprojects" / "libdae").symlink_to(source)
    shutil.copy(HERE / "consumer.c", folder / "denoise.c")
    (folder / "meson.build").write_text("project('stranger', 'c')\n" + block(text, "meson"), encoding="utf-8")


def check(meson, source, root):
    project, build = root / "project", root / "build"
    write_project(project, source)
    # an installed libdae must not be taken for the subproject
    run([*meson, "setup", "--buildtype=release", "-Db_lto=true", "-Ddefault_library=static", "--force-fallback-for=libdae", str(build),
         str(project)])
    targets = json.loads(run([*meson, "introspect", "--targets", str(build)]))
    programs = [target["name"] for target in targets if target["type"] == "executable"]
    if programs != ["denoise"]:
        raise Failure(f"programs in the build: {programs}, expected only denoise")
    tests = json.loads(run([*meson, "introspect", "--tests", str(build)]))
    if tests:
        raise Failure(f"tests in the build: {[test['name'] for test in tests]}, expected none")
    output = run([*meson, "compile", "-C", str(build)])
    # gcc 14 warns that it links on one processor
    if "warning:" in output.replace("lto-wrapper: warning: using serial compilation", ""):
        raise Failure(f"compiling and linking say:\n{output}")
    print(run([str(build / "denoise")]).strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--meson", default="meson")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        try:
            check(shlex.split(arguments.meson), arguments.source.resolve(), Path(temporary))
        except Failure as failure:
            print(failure)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
