#!/usr/bin/env python3
"""Installs a build into an empty folder and uses it from there, as a stranger's program would.

usage: check_install.py [--meson MESON] [--cc CC] [--cblas NAME] BUILD

Checks that the library, its soname and links, every public header and libdae.pc are where they belong;
that nothing of the checkout is named in what is installed; and that consumer.c compiles through pkg-config
with strict warnings, links with the shared library and, with `pkg-config --static`, with libdae.a, and runs; where
libdae.a is all that is installed, plain `pkg-config --libs` has to do. A program that merely links the library has
loaded what the library needs, no more, and has one thread.

The prefix in the staged libdae.pc is changed to where the files lie, which works only if everything in it
is relative to the prefix.
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
SOURCE = HERE.parent.parent
SONAME = "libdae.so.0"
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


class Failure(Exception):
    """A check that failed."""


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failure(f"{shlex.join(map(str, command))}\nexit status {done.returncode}\n"
                      f"{done.stdout}{done.stderr}")
    return done.stdout


def expect(condition, problem):
    if not condition:
        raise Failure(problem)


def build_options(meson, build):
    options = json.loads(run([*meson, "introspect", "--buildoptions", str(build)]))
    return {option["name"]: option["value"] for option in options}


def stage(meson, build, root):
    """Installs below `root`; the staged prefix and library folder."""
    options = build_options(meson, build)
    run([*meson, "install", "--no-rebuild", "-C", str(build), "--destdir", str(root)])
    prefix = root / options["prefix"].lstrip("/")
    libdir = prefix / options["libdir"]
    pc_file = libdir / "pkgconfig" / "libdae.pc"
    expect(pc_file.is_file(), f"{pc_file} is not installed")
    text = pc_file.read_text(encoding="utf-8")
    text, changed = re.subn(r"^prefix=.*$", f"prefix={prefix}", text, flags=re.MULTILINE)
    expect(changed == 1, "libdae.pc has no line prefix=")
    pc_file.write_text(text, encoding="utf-8")
    return prefix, libdir


def check_files(root, prefix, libdir, has_shared):
    wanted = {path.relative_to(SOURCE / "include") for path in (SOURCE / "include").rglob("*.h")}
    found = {path.relative_to(prefix / "include") for path in (prefix / "include").rglob("*")
             if path.is_file()}
    expect(wanted == found, f"headers: missing {sorted(map(str, wanted - found))}, "
                            f"too many {sorted(map(str, found - wanted))}")
    if has_shared:
        for name in ("libdae.so", SONAME):
            expect((libdir / name).exists(), f"{name} is not installed in {libdir}")
        dynamic = run(["readelf", "-d", str(libdir / "libdae.so")])
        expect(f"Library soname: [{SONAME}]" in dynamic, f"the soname is not {SONAME}:\n{dynamic}")
        expect("RPATH" not in dynamic and "RUNPATH" not in dynamic, f"the library has an RPATH:\n{dynamic}")
    for path in root.rglob("*"):
        if path.is_file() and path.suffix in (".pc", ".h"):
            expect(str(SOURCE) not in path.read_text(encoding="utf-8"), f"{path.name} names the checkout")


def pkg_config(libdir, *arguments):
    path = f"{libdir / 'pkgconfig'}:{os.environ.get('PKG_CONFIG_PATH', '')}"
    program = os.environ.get("PKG_CONFIG", "pkg-config")
    return shlex.split(run([program, *arguments, "libdae"], env={**os.environ, "PKG_CONFIG_PATH": path}))


def needed(program):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run(["readelf", "-d", str(program)]))


def build_program(cc, libdir, folder, source, name, *libs):
    """Compiles a source of this folder in the way of README; `libs` asks pkg-config for what to link."""
    program = folder / name
    copy = shutil.copy(HERE / source, folder)
    run([*cc, *WARNINGS, *pkg_config(libdir, "--cflags"), str(copy), "-o", str(program),
         *pkg_config(libdir, *libs)])
    return program


def run_program(program, *folders):
    before = os.environ.get("LD_LIBRARY_PATH")
    paths = [*map(str, folders)] + ([before] if before else [])
    return run([str(program)], cwd=program.parent, env={**os.environ, "LD_LIBRARY_PATH": ":".join(paths)}).strip()


def consume(cc, libdir, folder, name, *libs):
    """Compiles, inspects and runs the consumer, shared or static as its name says."""
    program = build_program(cc, libdir, folder, "consumer.c", f"consumer-{name}", *libs)
    expect((SONAME in needed(program)) == (name == "shared"), f"{program.name} needs {needed(program)}")
    print(f"{name}:", run_program(program, libdir))


def reference_blas_folder(cblas):
    """Where the reference BLAS itself is: the system's libblas.so.3 may be another one's. None if it is not what this
    build has chosen."""
    if cblas not in ("blas-netlib", "cblas"):
        return None
    folder = Path(run(["pkg-config", "--variable=libdir", cblas]).strip())
    return folder / "blas" if (folder / "blas" / "libblas.so.3").exists() else folder


def check_loaded(cc, libdir, folder, cblas):
    """What a program that only asks for the version has loaded, and how many threads it has: one line each."""
    blas = reference_blas_folder(cblas)
    if cblas and not blas:
        print(f"what is loaded was not looked at: {cblas} brings what it likes")
        return
    program = build_program(cc, libdir, folder, "loaded.c", "loaded", "--libs")
    threads, *loaded = run_program(program, libdir, *[blas] * bool(blas)).splitlines()
    expect(threads == "1 thread", f"a program that links libdae has {threads}")
    names = {Path(path).name.partition(".so")[0] for path in loaded}
    names = {name for name in names if not name.startswith("ld-")}
    allowed = {"libdae", "libblas", "libcblas", "libz", "libpng16", "libm", "libpthread", "libc",
               "libgcc_s"}  # the compiler's own: Debian 13's reference BLAS has it, and so has 32-bit arithmetic
    expect(names <= allowed, f"a program that links libdae has loaded {sorted(names - allowed)}:\n" + "\n".join(loaded))
    print("loaded:", *sorted(names))


def check_version(libdir):
    version = pkg_config(libdir, "--modversion")[0]
    text = (SOURCE / "include" / "dae" / "version.h").read_text(encoding="utf-8")
    wanted = ".".join(re.search(rf"DAE_VERSION_{part}\s+(\d+)", text).group(1)
                      for part in ("MAJOR", "MINOR", "PATCH"))
    expect(version == wanted, f"libdae.pc says {version}, version.h says {wanted}")


def check(arguments, root):
    meson, cc = shlex.split(arguments.meson), shlex.split(arguments.cc)
    kinds = build_options(meson, arguments.build)["default_library"]
    prefix, libdir = stage(meson, arguments.build, root / "staged")
    outside = root / "elsewhere"
    outside.mkdir()

    check_files(root / "staged", prefix, libdir, has_shared=kinds != "static")
    check_version(libdir)
    if kinds == "static":
        consume(cc, libdir, outside, "static", "--libs")
        return
    consume(cc, libdir, outside, "shared", "--libs")
    check_loaded(cc, libdir, outside, arguments.cblas)
    if kinds == "both":
        for path in libdir.glob("libdae.so*"):
            path.unlink()  # so that -ldae can only mean libdae.a
        consume(cc, libdir, outside, "static", "--static", "--libs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, help="a build that is complete")
    parser.add_argument("--meson", default="meson")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cblas", default="", help="pkg-config's name of the CBLAS; none if there is none")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        try:
            check(arguments, Path(temporary))
        except Failure as failure:
            print(failure)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
