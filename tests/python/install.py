#!/usr/bin/env python3
"""Makes the wheel of the package dae with a library that is built, and unpacks it: what the other tests import.

usage: install.py LIBRARY FOLDER
"""

import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "examples" / "python" / "backend"))

import build_dae  # noqa: E402


def main():
    library, folder = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        name = build_dae.build_wheel(temporary, {"library": library})
        with zipfile.ZipFile(Path(temporary) / name) as wheel:
            wheel.extractall(folder)


if __name__ == "__main__":
    main()
