"""Builds wheels of the package dae with the library inside, by meson, without network (PEP 517 and 660).

    pip install ./examples/python

The library is compiled for it in a temporary folder, with whatever of its optional dependencies is there, but without a CBLAS.
pip install --config-settings takes:

    setup-args=-Dzlib=disabled      one more argument of "meson setup"
    library=build/lib/libdae.so.0   no compilation: this library goes into the wheel
"""

import base64
import hashlib
import io
import os
import re
import shutil
import struct
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE / "source" if (HERE / "source").exists() else HERE.parent.parent  # of a source distribution, or the checkout
SOURCES = ("LICENSE", "include", "lib", "meson.build", "meson_options.txt", "pc")
SONAME = "libdae.so.0"

METADATA = """Metadata-Version: 2.1
Name: dae
Version: %s
Summary: Denoising autoencoders: libdae for Python
License: MIT
Requires-Python: >=3.9
Classifier: Programming Language :: Python :: 3
Classifier: Operating System :: POSIX :: Linux
Classifier: Typing :: Typed
Provides-Extra: numpy
Requires-Dist: numpy; extra == "numpy"
"""

# Of glibc, which every manylinux system has (PEP 600).
EVERYWHERE = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1"}


def fail(sentence):
    sys.exit("dae: " + sentence)


def version():
    path = ROOT / "include" / "dae" / "version.h"
    if not path.exists():
        fail("%s is missing: the package is built from a checkout of libdae, in which it is examples/python" % path)
    return ".".join(re.findall(r"DAE_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", path.read_text(encoding="utf-8")))


# ---- The library -------------------------------------------------------------------------------------


def tool(*names):
    for name in names:
        if shutil.which(name):
            return name
    return fail("%s is missing. On Debian and Ubuntu: apt-get install gcc meson ninja-build pkg-config" % names[0])


def run(*command, **options):
    """Runs a program as outside of pip, whose environment hides packages of the system, such as meson's own."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONNOUSERSITE")}
    done = subprocess.run([str(word) for word in command], env={**environment, **options}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        fail("%s failed:\n%s" % (" ".join(map(str, command)), done.stdout))
    return done.stdout


def compile_library(folder, arguments):
    """Sets the folder up, unless it is, and compiles the library in it."""
    target, meson, ninja = "lib/libdae.so." + version(), tool("meson"), tool("ninja", "ninja-build")
    if not (folder / "build.ninja").exists():
        run(meson, "setup", "-Dtests=disabled", "-Dexamples=disabled", "-Ddefault_library=shared", *arguments, folder, ROOT)
    run(ninja, "-C", folder, target)
    return folder / "lib" / SONAME


def platform_tag(library):
    """manylinux where the library needs nothing but glibc, of which its symbols name the oldest version that will do; else
    the platform on which it was built."""
    machine = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    if struct.calcsize("P") == 4:  # a 32-bit Python, of whose kernel the platform is
        machine = machine.replace("x86_64", "i686").replace("aarch64", "armv7l")
    if not machine.startswith("linux_") or not shutil.which("readelf"):
        return machine
    told = run("readelf", "--dynamic", "--version-info", "--wide", library, LC_ALL="C")
    needed = {name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", told) if not name.startswith("ld-linux")}
    glibc = [tuple(map(int, found)) for found in re.findall(r"Name: GLIBC_(\d+)\.(\d+)", told)]
    if not glibc or not needed <= EVERYWHERE:
        return machine
    return "manylinux_%d_%d_%s" % (max(glibc) + (machine[len("linux_"):],))


def make_stub(library):
    """What editors see of the constructors that the package makes of the library's kinds."""
    return run(sys.executable, "-c", "import sys; sys.stdout.reconfigure(encoding='utf-8')\n"
               "from dae._signatures import stub; print(stub(), end='')", PYTHONPATH=HERE, LIBDAE=library,
               PYTHONDONTWRITEBYTECODE="1").encode()


# ---- Wheels ------------------------------------------------------------------------------------------


def write_wheel(folder, tag, files):
    """A wheel of files, {name: bytes}, with the three that tell about it."""
    info = "dae-%s.dist-info/" % version()
    files = {**files, info + "licenses/LICENSE": (ROOT / "LICENSE").read_bytes(),
             info + "METADATA": (METADATA % version()).encode(),
             info + "WHEEL": ("Wheel-Version: 1.0\nGenerator: build_dae\nRoot-Is-Purelib: false\nTag: %s\n" % tag).encode()}
    record = ["%s,sha256=%s,%d\n" % (name, base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode(),
                                     len(data)) for name, data in files.items()]
    files[info + "RECORD"] = "".join(record + [info + "RECORD,,\n"]).encode()
    path = Path(folder) / ("dae-%s-%s.whl" % (version(), tag))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)  # of 1980: the same files make the same wheel
            entry.external_attr = (0o755 if name.endswith(SONAME) else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
    return path.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    settings = config_settings or {}
    arguments = settings.get("setup-args", [])
    arguments = ["-Dcblas=none"] + ([arguments] if isinstance(arguments, str) else arguments)
    with tempfile.TemporaryDirectory() as folder:
        library = Path(settings.get("library") or compile_library(Path(folder), arguments)).resolve()
        files = {"dae/" + path.name: path.read_bytes() for path in sorted((HERE / "dae").glob("*.py"))}
        files.update({"dae/py.typed": b"", "dae/_constructors.pyi": make_stub(library), "dae/" + SONAME: library.read_bytes()})
        return write_wheel(wheel_directory, "py3-none-" + platform_tag(library), files)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """For those who change the package: it stays in the checkout, with the library of the checkout's folder build/."""
    library = (config_settings or {}).get("library") or compile_library(ROOT / "build", [])
    (HERE / "dae" / "_constructors.pyi").write_bytes(make_stub(library))
    return write_wheel(wheel_directory, "py3-none-any", {"dae.pth": (str(HERE) + "\n").encode()})


def build_sdist(sdist_directory, config_settings=None):
    """What the two above need, with the sources of the library in the folder source/."""
    def add(path, name):
        sdist.add(path, "%s/%s" % (base, name), filter=lambda entry: None if "__pycache__" in entry.name else entry)

    base = "dae-" + version()
    with tarfile.open(Path(sdist_directory) / (base + ".tar.gz"), "w:gz", format=tarfile.PAX_FORMAT) as sdist:
        for name in ("pyproject.toml", "backend", "dae"):
            add(HERE / name, name)
        for name in SOURCES:
            add(ROOT / name, "source/" + name)
        entry, text = tarfile.TarInfo(base + "/PKG-INFO"), (METADATA % version()).encode()
        entry.size = len(text)
        sdist.addfile(entry, io.BytesIO(text))
    return base + ".tar.gz"
