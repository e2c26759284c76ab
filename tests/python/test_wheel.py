#!/usr/bin/env python3
"""Wheels of the Python package: what is in them, how they install, and what the backend that makes them says.

    DAE_LIBRARY=build/lib/libdae.so.0 python3 tests/python/test_wheel.py

The library is not compiled here: tests/ci/fresh_debian.sh installs the package as README.md says.
"""

import base64
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "examples" / "python"
LIBRARY = os.environ.get("DAE_LIBRARY") or os.environ.get("LIBDAE")
CLEAN = {name: value for name, value in os.environ.items() if name not in ("LIBDAE", "PYTHONPATH", "PYTHONNOUSERSITE")}

sys.dont_write_bytecode = True


def backend(package=PACKAGE):
    spec = importlib.util.spec_from_file_location("build_dae", package / "backend" / "build_dae.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*command, env=CLEAN):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)


class WheelTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def build(self, package=PACKAGE, kind="wheel"):
        made = self.folder / kind
        made.mkdir(exist_ok=True)
        return made / getattr(backend(package), "build_" + kind)(made, {"library": LIBRARY})

    def test_record_has_every_file(self):
        path = self.build()
        self.assertRegex(path.name, r"^dae-\d+\.\d+\.\d+-py3-none-(many)?linux_\w+\.whl$")
        with zipfile.ZipFile(path) as wheel:
            (record,) = [name for name in wheel.namelist() if name.endswith(".dist-info/RECORD")]
            rows = [line.split(",") for line in wheel.read(record).decode().splitlines()]
            self.assertEqual(sorted(name for name, *_ in rows), sorted(wheel.namelist()))
            for name, digest, size in rows:
                if name != record:
                    expected = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(name)).digest()).decode().rstrip("=")
                    self.assertEqual((digest, size), ("sha256=" + expected, str(len(wheel.read(name)))))
            self.assertIn("Tag: " + path.name[:-4].split("-", 2)[2], wheel.read(record.replace("RECORD", "WHEEL")).decode())
            self.assertEqual(wheel.read("dae/libdae.so.0"), Path(LIBRARY).read_bytes())
            for source in (PACKAGE / "dae").glob("*.py"):
                self.assertEqual(wheel.read("dae/" + source.name), source.read_bytes())
        first = path.read_bytes()
        self.assertEqual(self.build().read_bytes(), first)

    @unittest.skipIf(os.environ.get("DAE_SPARSE"), "installs the same with every compiler")
    def test_installed_in_a_fresh_environment(self):
        """With pip, without network and without anything else; tests run there with the library of the wheel."""
        if importlib.util.find_spec("pip") is None:
            self.skipTest("this Python has no pip (Debian: python3-pip)")
        made = run(sys.executable, "-m", "venv", "--without-pip", self.folder / "venv")
        self.assertEqual(made.returncode, 0, made.stdout)
        python = self.folder / "venv" / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
        made = run(*pip, "install", "--no-index", "--config-settings", "library=" + LIBRARY, PACKAGE)
        self.assertEqual(made.returncode, 0, made.stdout)
        told = run(python, "-m", "dae", "--version").stdout.split()
        self.assertEqual(told[0], "libdae")
        self.assertEqual(Path(told[2]).parents[1].name, "site-packages")
        self.assertTrue(told[2].startswith(str(self.folder.resolve())), told)
        beside = self.folder / "checkout"  # whose programs import the package beside them, which has no library
        shutil.copytree(PACKAGE / "dae", beside / "dae")
        shutil.copy(PACKAGE / "unet.py", beside)
        done = run(python, beside / "unet.py", HERE.parents[1] / "examples" / "data" / "train-images-idx3-ubyte.gz")
        self.assertRegex(done.stdout, "(?m)^step 7: loss ")
        done = run(python, HERE / "test_copies.py")
        self.assertEqual(done.returncode, 0, done.stdout)
        removed = run(*pip, "uninstall", "-y", "dae")
        self.assertEqual(removed.returncode, 0, removed.stdout)
        self.assertIn("No module named dae", run(python, "-m", "dae").stdout)

    def test_source_distribution_makes_the_same_wheel(self):
        path = self.folder / backend().build_sdist(self.folder)
        with tarfile.open(path) as sdist:
            sdist.extractall(self.folder)
        unpacked = self.folder / path.name[:-len(".tar.gz")]
        self.assertTrue((unpacked / "source" / "lib" / "meson.build").exists())
        self.assertEqual(self.build(unpacked).read_bytes(), self.build().read_bytes())
        with zipfile.ZipFile(self.build(unpacked, "editable")) as wheel:
            self.assertEqual(wheel.read("dae.pth").decode(), "%s\n" % unpacked.resolve())
        self.assertTrue((unpacked / "dae" / "_constructors.pyi").exists())

    @unittest.skipUnless(shutil.which("cc") and shutil.which("readelf"), "needs cc and readelf")
    def test_tags_say_what_a_library_needs(self):
        """Symbols of glibc alone are manylinux, of the newest version among them; any other library is not."""
        def tag(code, *options):
            (self.folder / "x.c").write_text(code)
            made = run("cc", "-shared", "-fPIC", "-o", self.folder / "x.so", self.folder / "x.c", "-Wl,--no-as-needed", *options)
            self.assertEqual(made.returncode, 0, made.stdout)
            return backend().platform_tag(self.folder / "x.so")

        if not os.confstr("CS_GNU_LIBC_VERSION"):
            self.skipTest("not glibc")
        release = os.confstr("CS_GNU_LIBC_VERSION").split()[1]
        plain = tag("#include <stdio.h>\nvoid f(void) { puts(\"\"); }\n")
        self.assertRegex(plain, r"^manylinux_2_\d+_\w+$")
        pinned = tag("__asm__(\".symver g,memcpy@GLIBC_2.14\");\nvoid *g(void *, const void *, unsigned long);\n"
                     "void *f(void *a) { return g(a, a, 1); }\n") if "x86_64" in plain else None
        self.assertIn(pinned, (None, "manylinux_2_14_x86_64"))
        self.assertLessEqual(int(plain.split("_")[2]), int(release.split(".")[1]))
        own = self.folder / "libown.so"
        self.assertEqual(run("cc", "-shared", "-fPIC", "-o", own, self.folder / "x.c").returncode, 0)
        self.assertRegex(tag("void f(void) {}\n", own), r"^linux_\w+$")

    def test_what_is_missing_is_said_in_a_sentence(self):
        code = "import sys; sys.path.insert(0, %r); import build_dae; build_dae.build_wheel('.')"
        done = run(sys.executable, "-c", code % str(PACKAGE / "backend"), env={**CLEAN, "PATH": str(self.folder)})
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"^dae: meson is missing\. On Debian .*\n$")
        alone = self.folder / "a" / "b" / "python"
        shutil.copytree(PACKAGE, alone)
        done = run(sys.executable, "-c", code % str(alone / "backend"))
        self.assertRegex(done.stdout, r"^dae: .*version\.h is missing: the package is built from a checkout of libdae.*\n$")


class LoadingTest(unittest.TestCase):
    """Where the installed package finds the library, and what it says of those that will not do."""

    def load(self, **environment):
        done = run(sys.executable, "-c", "import dae; print(dae.load()._name)", env={**os.environ, **environment})
        return done.stdout.strip().splitlines()[-1]

    def test_places(self):
        import dae
        self.assertEqual(self.load(LIBDAE=LIBRARY), LIBRARY)
        inside = Path(dae.__file__).parent / "libdae.so.0"
        if inside.exists():
            self.assertEqual(self.load(LIBDAE=""), str(inside))
        self.assertRegex(self.load(LIBDAE="/nowhere/libdae.so.0"), "^ImportError: cannot load libdae: /nowhere.* Set LIBDAE")

    @unittest.skipUnless(shutil.which("cc"), "needs cc")
    def test_versions(self):
        with tempfile.TemporaryDirectory() as folder:
            code, library = Path(folder) / "x.c", Path(folder) / "x.so"
            for text, sentence in (("int f;", "x.so is not libdae"),
                                   ("int dae_version_number(void) { return 200; }", r"x.so is libdae 0\.2; .* for 0\.1"),
                                   ("int dae_version_number(void) { return 10100; }", r"x.so is libdae 1\.1; "),
                                   ("int dae_version_number(void) { return 100; }", "x.so has no dae_.* older than this")):
                code.write_text(text)
                self.assertEqual(run("cc", "-shared", "-fPIC", "-o", library, code).returncode, 0)
                self.assertRegex(self.load(LIBDAE=str(library)), "^ImportError: .*" + sentence)


class CommandTest(unittest.TestCase):
    def test_python_m_dae(self):
        def dae(*arguments):
            done = run(sys.executable, "-m", "dae", *arguments, env=os.environ)
            return done.returncode, done.stdout

        import dae as package
        self.assertEqual(dae("--version")[1].split()[:2], ["libdae", package.version()])
        self.assertEqual([line.split()[0] for line in dae("kinds")[1].splitlines()], package.kinds())
        self.assertIn("stddev", dae("kinds", "noise", "gaussian")[1])
        self.assertEqual(dae("kinds", "nothing")[0], 1)
        self.assertRegex(dae("kinds", "nothing")[1], "nothing.*\n$")
        self.assertIn("usage", dae()[1])


if __name__ == "__main__":
    unittest.main()
