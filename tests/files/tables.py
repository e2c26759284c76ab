#!/usr/bin/env python3
"""Arrays and tables of numpy, scipy and pandas, read by libdae, and the other way round.

    LIBDAE=build/lib/libdae.so.0 python3 tests/files/tables.py
"""

import csv
import glob
import gzip
import io
import itertools
import os
import struct
import warnings
import zipfile
import zlib

import frame

frame.require(["pandas", "scipy"])

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import scipy  # noqa: E402

import dae  # noqa: E402

rng = np.random.default_rng(5)

TYPES = ["b1", "i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8", "<f2",
         ">f2", "<f4", ">f4", "<f8", ">f8"]


def samples(array):
    """As libdae sees an array: what has one dimension has samples of one value."""
    return array[:, None] if array.ndim == 1 else array


def numbers(shape, dtype):
    """Any bits of a type."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    return np.frombuffer(rng.integers(0, 256, size, dtype=np.uint8).tobytes(), dtype).reshape(shape)


# ---- NPY ------------------------------------------------------------------------------------------------------


def npy_bytes(array, version=None):
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(out, array, version)
    return out.getvalue()


def npy_of_every_kind(files):
    shapes = [(1,), (5,), (3, 4), (2, 3, 5)]
    versions = [(1, 0), (2, 0), (3, 0)]
    for i, (dtype, shape) in enumerate(itertools.product(TYPES, shapes)):
        array = numbers(shape, dtype)
        array = np.asfortranarray(array) if i % 3 == 0 else array
        name = "%s%s.npy" % (dtype.strip("<>"), "x".join(map(str, shape)))
        files.write(name, npy_bytes(array, versions[i % 3]))
        files.reads(name, samples(np.load(files.path(name))), "npy" if i % 2 else None)


def npy_of_numpy_itself(files):
    """Those of numpy's and scipy's own tests, wherever they are."""
    folders = [os.path.dirname(np.__file__), os.path.dirname(scipy.__file__)]
    for path in sorted(p for folder in folders for p in glob.glob(folder + "/**/*.np[yz]", recursive=True)):
        if os.path.getsize(path) > 1 << 20:
            continue
        with open(path, "rb") as file:
            name = os.path.basename(path)
            files.write(name, file.read())
        arrays(files, name)
    with open(os.path.join(os.path.dirname(scipy.__file__), "misc", "ecg.dat"), "rb") as file:
        files.write("ecg.dat", file.read())
    arrays(files, "ecg.dat")


def arrays(files, name):
    """Each array of a file that numpy reads as numbers; what is none is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loaded = np.load(files.path(name), allow_pickle=False)
        except ValueError:
            files.refuses(name, "offset 20: found type '|O", "npy")
            return
        if isinstance(loaded, np.ndarray) and loaded.dtype.fields:
            files.refuses(name, "found a type with fields", "npy")
            return
        if isinstance(loaded, np.ndarray):
            files.reads(name, samples(loaded))
            return
    for number, member in enumerate(loaded.files):
        format = "npz(array=%d)" % number
        try:
            array = loaded[member]
        except ValueError:
            files.refuses(name, "array %s: offset 20: found type '|O" % member, format)
            continue
        if array.dtype.kind in "biuf" and array.dtype.itemsize <= 8 and array.ndim > 0 and array.size > 0:
            files.reads(name, samples(array), format)
        else:
            files.refuses(name, "array %s: " % member, format)


# ---- NPZ ------------------------------------------------------------------------------------------------------


def zip_of(arrays, method=zipfile.ZIP_DEFLATED, comment=b"", streamed=False):
    """An archive by zipfile; streamed: sizes stand behind members, as nothing can be written twice."""
    out = io.BytesIO()
    target = out
    if streamed:
        class Pipe:
            write, flush = staticmethod(out.write), staticmethod(lambda: None)
        target = Pipe()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.comment = comment
        for name, array in arrays.items():
            archive.writestr(name + ".npy", npy_bytes(array))
    return out.getvalue()


def npz(files):
    for i, dtype in enumerate(TYPES):
        a, b = numbers((3, 4), dtype), numbers((300, 5), dtype)
        for save in (np.savez, np.savez_compressed):
            name = "%d-%s.npz" % (i, save.__name__)
            save(files.path(name), a)
            files.reads(name, a)
            save(files.path("two-" + name), a, signals=np.asfortranarray(b))
            files.reads("two-" + name, b, "npz(array=signals)")
            files.reads("two-" + name, a, "npz(array=arr_0)")
            files.refuses("two-" + name, "2 arrays")
    two = {"x": a, "y": b}
    for method, comment, streamed in itertools.product((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
                                                       (b"", b"made", b"PK\5\6" * 9), (False, True)):
        name = "%d-%d-%d.npz" % (method, len(comment), streamed)
        content = zip_of(two, method, comment, streamed)
        files.write(name, content)
        files.reads(name, a, "npz(array=x)")
        files.reads(name, b, "npz(array=1)")
        files.write("before-" + name, b"#!/bin/sh\nexit\n" + content)
        files.reads("before-" + name, b, "npz(array=y)")
        files.write("packed-" + name + ".gz", gzip.compress(content))
        files.reads("packed-" + name + ".gz", b, "npz(array=y)")
    for method, word in ((zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")):
        files.write(word + ".npz", zip_of(two, method))
        files.refuses(word + ".npz", word, "npz(array=x)")


# ---- gzip -----------------------------------------------------------------------------------------------------


def bgzf(data, piece):
    """As bgzip writes it: members that say how long they are, the last of them empty."""
    out = b""
    for at in list(range(0, len(data), piece)) + [len(data)]:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        part = data[at:at + piece]
        packed = packer.compress(part) + packer.flush()
        out += struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(packed) + 25)
        out += packed + struct.pack("<II", zlib.crc32(part), len(part))
    return out


def packed(files):
    array = numbers((40, 7), "<i2")
    table = "\n".join(",".join(map(str, row)) for row in array) + "\n"
    for name, data, format in (("a.npy", npy_bytes(array), "npy"), ("a.csv", table.encode(), "csv"),
                               ("a.raw", array.tobytes(), "raw(type=i2, shape=7)")):
        half = len(data) // 2
        forms = {"plain": gzip.compress(data), "stored": gzip.compress(data, 0),
                 "two": gzip.compress(data[:half]) + gzip.compress(data[half:]),
                 "empty": gzip.compress(b"") + gzip.compress(data) + gzip.compress(b""),
                 "padded": gzip.compress(data) + bytes(512), "bgzf": bgzf(data, 100), "bgzf1": bgzf(data, 1)}
        for form, content in forms.items():
            files.write(form + name, content)
            files.reads(form + name, array, format)
            if "raw" not in name:
                files.reads(form + name, array)


# ---- CSV ------------------------------------------------------------------------------------------------------

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", " ": "blank"}


def frame_of(rows, columns, missing):
    """Numbers of every size, some of them missing."""
    values = rng.standard_normal((rows, columns)) * 10.0**rng.integers(-30, 30, (rows, columns))
    values[:, 0] = rng.integers(-1000, 1000, rows)
    values[rng.random((rows, columns)) < 0.2] = np.nan if missing else 0
    return pd.DataFrame(values, columns=["c%d" % i for i in range(columns)])


def csv_of_pandas(files):
    """Every way in which pandas writes a table, and back as pandas reads it."""
    choices = itertools.product(",;\t ", ".,", ("\n", "\r\n"), (True, False), (csv.QUOTE_MINIMAL, csv.QUOTE_ALL),
                                ("", "NA", "NaN", "null"))
    for i, (separator, point, end, header, quoting, missing) in enumerate(choices):
        if separator == point or (separator == " " and missing == "" and quoting == csv.QUOTE_MINIMAL):
            continue
        table = frame_of(6, 1 + i % 4, missing=True)
        name = "%d.csv" % i
        table.to_csv(files.path(name), sep=separator, decimal=point, lineterminator=end, header=header, index=False,
                     quoting=quoting, na_rep=missing, encoding="utf-8-sig" if i % 5 == 0 else "utf-8")
        back = pd.read_csv(files.path(name), sep=separator, decimal=point, header=0 if header else None,
                           float_precision="round_trip", encoding="utf-8-sig", dtype=float)
        expected = back.to_numpy().astype(np.float32)
        decimal = "comma" if point == "," else "point"
        files.reads(name, expected, "csv(decimal=%s)" % decimal)
        files.reads(name, expected, "csv(decimal=%s, header=%s, separator=%s)" % (
            decimal, "yes" if header else "no", SEPARATORS[separator]))
        if point == "." and len(back.columns) > 1:
            files.reads(name, expected)


def csv_of_numpy(files):
    for i, (delimiter, form) in enumerate(itertools.product(" ,;\t", ("%.18e", "%g", "%.3f", "%d", "%10.4f", "%+.9e"))):
        values = rng.standard_normal((5, 3)) * 100
        name = "savetxt%d.txt" % i
        np.savetxt(files.path(name), values, fmt=form, delimiter=delimiter, header="made by numpy" if i % 2 else "")
        expected = np.loadtxt(files.path(name), delimiter=None if delimiter == " " else delimiter)
        files.reads(name, expected.astype(np.float32))


def columns(files):
    """Some columns of a table with names and dates."""
    table = frame_of(7, 5, missing=False)
    table.insert(0, "date", pd.date_range("2020-01-01", periods=7))
    table.insert(3, 'odd, "name"', ["a;b", 'c "d"', "e\nf", "", "g,h", "i\r\nj", "k"])
    table.to_csv(files.path("dates.csv"), index=False)
    back = pd.read_csv(files.path("dates.csv"), float_precision="round_trip")
    values = back.drop(columns=["date", 'odd, "name"']).to_numpy().astype(np.float32)
    files.reads("dates.csv", values, "csv(without=[date, 3])")
    files.reads("dates.csv", values[:, [3, 0]], "csv(columns=[c3, 1])")
    files.reads("dates.csv", values[:, [1]], "csv(columns=c1)")
    files.refuses("dates.csv", "line 2, column 0 (date): found '2020-01-01'")
    files.refuses("dates.csv", "line 2, column 3", "csv(without=0)")
    table.to_csv(files.path("indexed.csv"), sep=";")
    files.reads("indexed.csv", values, "csv(without=[0, date, 4])")


# ---- Raw ------------------------------------------------------------------------------------------------------


def raw(files):
    for dtype in TYPES[1:]:
        array = numbers((4, 2, 3), dtype)
        order = "big" if dtype[0] == ">" else "little"
        name = "raw-" + dtype.strip("<>") + order
        array.tofile(files.path(name))
        form = "raw(type=%s, order=%s, shape=%%s)" % (dtype.strip("<>"), order)
        files.reads(name, array, form % "[2, 3]")
        files.reads(name, array.reshape(8, 3), form % "3")
        files.write("header-" + name, b"header!" + array.tobytes())
        files.reads("header-" + name, array, "raw(type=%s, order=%s, shape=[2, 3], offset=7)" % (
            dtype.strip("<>"), order))
        files.write("cut-" + name, array.tobytes()[:-1])
        files.refuses("cut-" + name, "multiple of", form % "3")


# ---- Written by libdae ------------------------------------------------------------------------------------------


def written(files):
    """Float32 of any bits, read back by numpy and pandas; and by zipfile, which checks sums and sizes."""
    shapes = [(1, 1), (5, 3), (40, 7), (6, 2, 3), (3, 1, 4, 2), (1, 5)]
    for i, shape in enumerate(shapes):
        values = numbers(shape, "<f4")
        data = dae.Dataset.from_array(values)
        data.save(files.path("%d.npy" % i))
        files.same("npy %d" % i, np.load(files.path("%d.npy" % i)), values)
        for format in (None, "npz(array=signals)", "npz(compressed=yes)"):
            name = "%d-%d.npz" % (i, 0 if format is None else len(format))
            data.save(files.path(name), format)
            with np.load(files.path(name)) as archive, zipfile.ZipFile(files.path(name)) as members:
                array = "signals" if format is not None and "array" in format else "arr_0"
                files.same(name, archive[array], values)
                files.same(name + ", sums", [members.testzip() is None, archive.files == [array]], [True, True])
            files.reads(name, values)
        data.save(files.path("%d.raw" % i))
        files.same("raw %d" % i, np.fromfile(files.path("%d.raw" % i), "<f4").reshape(shape), values)
        files.reads("%d.raw" % i, values, "raw(type=f4, shape=%s)" % list(shape[1:]))


def written_tables(files):
    for i, (separator, point) in enumerate(itertools.product(SEPARATORS, ".,")):
        if separator == point:
            continue
        table = frame_of(30, 4, missing=True)
        table.columns = ["a", 'b "c", d;e', "f g", "#h"]
        table.to_csv(files.path("in.csv"), index=False)
        data = dae.Dataset.open(files.path("in.csv"))
        expected = pd.read_csv(files.path("in.csv"), float_precision="round_trip").astype(np.float32)
        name = "out%d.csv" % i
        decimal = "comma" if point == "," else "point"
        data.save(files.path(name), "csv(separator=%s, decimal=%s)" % (SEPARATORS[separator], decimal))
        back = pd.read_csv(files.path(name), sep=separator, decimal=point, float_precision="round_trip")
        files.same(name, back.to_numpy().astype(np.float32), expected.to_numpy())
        files.same(name + ", names", list(back.columns) == list(expected.columns), True)
        files.reads(name, expected.to_numpy(), "csv(decimal=%s)" % decimal)
    values = numbers((2000, 3), "<f4")
    values = np.where(np.isnan(values), np.float32("nan"), values)
    dae.Dataset.from_array(values).save(files.path("bits.csv"))
    files.same("bits.csv", np.loadtxt(files.path("bits.csv"), delimiter=",").astype(np.float32), values)
    files.reads("bits.csv", values)
    with open(files.path("bits.csv")) as file:
        ours = [cell for line in file for cell in line.strip().split(",") if cell.strip("-") not in ("NaN", "inf")]
    digits = [np.format_float_scientific(value) for value in values.reshape(-1) if np.isfinite(value)]
    files.same("bits.csv, digits", [significant(cell) for cell in ours], [significant(cell) for cell in digits])


def significant(text):
    """How many digits there are from the first to the last that is not 0."""
    return len(text.lstrip("-").split("e")[0].replace(".", "").strip("0"))


def main():
    files = frame.Files()
    for part in (npy_of_every_kind, npy_of_numpy_itself, npz, packed, csv_of_pandas, csv_of_numpy, columns, raw,
                 written, written_tables):
        part(files)
    files.finish(900)


main()
