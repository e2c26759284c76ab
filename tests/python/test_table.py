#!/usr/bin/env python3
"""The table of the Python binding against the headers, name by name and type by type.

    LIBDAE=build/lib/libdae.so.0 python3 tests/python/test_table.py
"""

import ctypes
import os
import re
import unittest

from binding import ROOT, dae_c, library

# ---- The headers -------------------------------------------------------------------------------------


def read_headers():
    folder = os.path.join(ROOT, "include", "dae")
    text = ""
    for name in sorted(os.listdir(folder)):
        if name.endswith(".h"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text += file.read()
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


HEADERS = read_headers()
C_TYPES = {
    "void": None, "dae_status": dae_c.STATUS, "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64, "size_t": ctypes.c_size_t, "double": ctypes.c_double,
    "char *": ctypes.c_char_p, "void *": ctypes.c_void_p, "char **": ctypes.POINTER(ctypes.c_char_p),
    "float *": ctypes.POINTER(ctypes.c_float), "dae_progress": dae_c.Progress,
    "dae_allocate_fn": dae_c.ALLOCATE_FN, "dae_release_fn": dae_c.RELEASE_FN,
    "dae_dataset_release_fn": dae_c.DATASET_RELEASE_FN, "dae_dataset_read_fn": dae_c.DATASET_READ_FN,
    "dae_progress_fn": dae_c.PROGRESS_FN, "dae_gradient_fn": dae_c.GRADIENT_FN,
    "dae_apply_fn": dae_c.APPLY_FN,
}
C_TYPES.update(("dae_%s *" % noun, handle) for noun, handle in dae_c.HANDLES.items())


def to_ctypes(declaration, named=True):
    """The ctypes type of a C declaration such as "const float *data"."""
    text = re.sub(r"\bconst\b", " ", declaration).strip()
    if named and not text.endswith("*"):
        text = re.sub(r"\w+$", "", text)
    text = re.sub(r"\s+", " ", text.replace("*", " * ")).strip().replace("* *", "**")
    if text not in C_TYPES and text.endswith("*"):
        return ctypes.POINTER(to_ctypes(text[:-1].strip(), named=False))
    return C_TYPES[text]


def to_ctypes_list(arguments):
    return [] if arguments.strip() == "void" else [to_ctypes(part) for part in arguments.split(",")]


class TableTest(unittest.TestCase):
    """dae/_c.py says what include/dae/*.h say."""

    def declared(self):
        found = re.findall(r"DAE_API\s+([\w\s]+?[\s*]+)(dae_\w+)\(([^)]*)\);", HEADERS)
        self.assertEqual(len(found), len(re.findall(r"\bDAE_API\s+[a-z]", HEADERS)))
        return found

    def test_every_function_is_there_with_its_types(self):
        functions = self.declared()
        self.assertGreater(len(functions), 90)
        self.assertEqual(sorted(name for _, name, _ in functions), sorted(dae_c.SIGNATURES))
        for result, name, arguments in functions:
            with self.subTest(name):
                expected = [to_ctypes(result, named=False)] + to_ctypes_list(arguments)
                self.assertEqual(list(dae_c.SIGNATURES[name]), expected)

    def test_every_callback_type(self):
        callbacks = re.findall(r"typedef\s+(\w+[\s*]+)\(\*(dae_\w+)\)\(([^)]*)\);", HEADERS)
        self.assertEqual(len(callbacks), 7)
        for result, name, arguments in callbacks:
            with self.subTest(name):
                kind = C_TYPES[name]
                self.assertEqual(kind._restype_, to_ctypes(result, named=False))
                self.assertEqual(list(kind._argtypes_), to_ctypes_list(arguments))

    def test_progress_has_the_fields_of_the_struct(self):
        body = re.search(r"struct dae_progress \{(.*?)\}", HEADERS, re.DOTALL).group(1)
        expected = []
        for kind, name, length in re.findall(r"(\w+) (\w+)(?:\[(\d+)\])?;", body):
            expected.append((name, C_TYPES[kind] * int(length) if length else C_TYPES[kind]))
        self.assertEqual(dae_c.Progress._fields_, expected)

    def test_every_constant(self):
        groups = {"DAE_PRECISION_": dae_c.Precision, "DAE_PROGRESS_": dae_c.Event,
                  "DAE_INTERVAL_": dae_c.Interval, "DAE_CHECKPOINT_": dae_c.CheckpointFailure,
                  "DAE_FINDING_": dae_c.Finding, "DAE_NOISE_": dae_c.NoiseMode,
                  "DAE_": dae_c.Status}
        ours = {prefix + k.name: int(k) for prefix, kind in groups.items() for k in kind}
        ours.update(DAE_MAX_RANK=dae_c.MAX_RANK)
        theirs = {name: int(value) for name, value in re.findall(r"\b(DAE_\w+) = (-?\d+)", HEADERS)}
        self.assertEqual(ours, theirs)

    def test_version(self):
        major, minor = (int(re.search(r"DAE_VERSION_%s (\d+)" % part, HEADERS).group(1))
                        for part in ("MAJOR", "MINOR"))
        self.assertEqual(dae_c.VERSION, (major, minor))
        version = library.call("dae_version_string").decode()
        self.assertEqual(version.split(".")[:2], [str(major), str(minor)])


if __name__ == "__main__":
    unittest.main()
