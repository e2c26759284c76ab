#!/usr/bin/env python3
"""Configures libdae with options that it cannot be built with: each is refused with one sentence.

usage: check_refused.py [--meson MESON] SOURCE
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

REFUSED = {
    "-Dc_args=-ffast-math": "needs the arithmetic of IEEE",
    "-Dc_args=-Ofast": "needs the arithmetic of IEEE",
    "-Dc_args=-ffinite-math-only": "needs the arithmetic of IEEE",
}
PLAIN = ["-Dtests=disabled", "-Dexamples=disabled", "-Dcblas=none", "-Dauto_features=disabled"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--meson", default="meson")
    arguments = parser.parse_args()
    problems = 0
    for option, sentence in {**REFUSED, "-Dwarning_level=3": None}.items():
        with tempfile.TemporaryDirectory() as build:
            done = subprocess.run([*shlex.split(arguments.meson), "setup", *PLAIN, option, build, str(arguments.source)],
                                  capture_output=True, text=True)
        as_wanted = done.returncode == 0 if sentence is None else done.returncode != 0 and sentence in done.stdout
        print(f"{option}: {'as it should be' if as_wanted else 'WRONG'}")
        if not as_wanted:
            print(done.stdout + done.stderr)
            problems += 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
