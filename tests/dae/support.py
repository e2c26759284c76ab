"""What the suites of the program dae share: running it, and small files that nobody but Python has written."""

import argparse
import array
import json
import os
import random
import struct
import subprocess
import tempfile
import unittest
import wave
import zlib
from pathlib import Path

OPTIONS = argparse.Namespace(program=None, pictures=True)

# A network so small that a training takes no time.
TINY = ["--model", "conv2d(2, 3, activation=relu) | conv2d(1, 3)", "--scaling", "none", "--batch", "8"]


def run(*arguments, status=0, stdin=None, environment=None, text=True):
    """What dae prints on both streams, after it has ended with a status."""
    done = subprocess.run([OPTIONS.program, *map(str, arguments)], capture_output=True, input=stdin, timeout=240,
                          env={**os.environ, **(environment or {})})
    out, err = done.stdout, done.stderr.decode()
    if done.returncode != status:
        raise AssertionError(f"dae {arguments}: status {done.returncode}, not {status}\n{out[:2000]}\n{err}")
    return (out.decode() if text else out), err


def run_json(*arguments, **others):
    return json.loads(run(*arguments, "--json", "--quiet", **others)[0])


def floats(values):
    data = array.array("f", values)
    assert data.itemsize == 4
    return data.tobytes()


def write_npy(path, values, shape):
    """float32 in C order, as numpy.lib.format has it, version 1.0."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({', '.join(map(str, shape))},), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + floats(values))


def read_npy(path):
    """(shape, values) of a float32 file."""
    data = path.read_bytes()
    assert data[:6] == b"\x93NUMPY", path
    size = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10:10 + size].decode(), {"__builtins__": {}})  # a literal, as numpy says
    assert header["descr"] == "<f4" and not header["fortran_order"], header
    values = array.array("f")
    values.frombytes(data[10 + size:])
    return header["shape"], list(values)


def write_png(path, rows):
    """8-bit grey rows, or RGB ones where values are triples."""
    channels = 3 if isinstance(rows[0][0], tuple) else 1
    flat = [bytes(c for pixel in row for c in (pixel if channels == 3 else (pixel,))) for row in rows]
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2 if channels == 3 else 0, 0, 0, 0)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in flat))) + chunk(b"IEND", b""))


def png_size(path):
    """(width, height, bits, colour type)"""
    return struct.unpack(">IIBB", path.read_bytes()[16:26])


def write_wav(path, samples, rate=8000, channels=1):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def stripes(seed, height, width, most=255):
    """A picture of soft stripes, which a small network can learn something of."""
    draw = random.Random(seed)
    a, b, c = draw.uniform(0.1, 0.5), draw.uniform(-0.5, 0.5), draw.uniform(0, 6)

    def wave_at(t):  # a parabola for each half period
        t = (t / 3.14159265) % 2
        return 4 * t * (1 - t) if t < 1 else -4 * (t - 1) * (2 - t)

    return [[round(most * (0.5 + 0.4 * wave_at(a * x + b * y + c))) for x in range(width)] for y in range(height)]


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.addCleanup(self._folder.cleanup)

    def pictures(self, name="clean.npy", count=12, side=16):
        path = self.folder / name
        values = [v / 255 for i in range(count) for row in stripes(i, side, side) for v in row]
        write_npy(path, values, (count, 1, side, side))
        return path

    def train(self, *arguments, data=None, status=0, out="model.safetensors"):
        model = self.folder / out
        printed = run("train", data or self.pictures(), "-o", model, *TINY, *arguments, status=status)
        return model, printed


def main(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--program", required=True)
    parser.add_argument("--pictures", default="yes")
    parser.add_argument("--build", type=Path, help="the folder with man page and completions")
    options, rest = parser.parse_known_args()
    OPTIONS.program = str(Path(options.program).resolve())
    OPTIONS.pictures = options.pictures == "yes"
    OPTIONS.build = options.build.resolve() if options.build else None
    unittest.main(argv=["check", *rest], verbosity=1)
