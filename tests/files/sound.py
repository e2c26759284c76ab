#!/usr/bin/env python3
"""Recordings of scipy and sox, read by libdae, and the other way round.

    LIBDAE=build/lib/libdae.so.0 python3 tests/files/sound.py
"""

import itertools
import struct
import subprocess

import frame

frame.require(["scipy"], ["sox"])

import numpy as np  # noqa: E402
from scipy.io import wavfile  # noqa: E402

rng = np.random.default_rng(8)
LENGTHS = [1, 2, 7, 1000]


def unit(values):
    """What scipy gives, [length] or [length, channels], as one sample [channels, length] in [-1, 1)."""
    values = np.asarray(values)
    values = (values[None] if values.ndim == 1 else values.T)[None]
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128) / 128
    if values.dtype.kind == "i":  # exact but for the rounding of 32 bits to float32
        return values.astype(np.float32) / np.float32(2.0 ** (8 * values.itemsize - 1))
    return values.astype(np.float32)


def draw(kind, length, channels):
    shape = (length,) if channels == 1 else (length, channels)
    if kind.startswith("float"):
        return rng.normal(0, 1, shape).astype(kind)
    info = np.iinfo(kind)
    values = rng.integers(info.min, info.max, shape, dtype=kind, endpoint=True)
    values.reshape(-1)[:2] = [info.min, info.max][:values.size]
    return values


def scipy_writes(files):
    for kind, channels, length in itertools.product(["uint8", "int16", "int32", "float32", "float64"], [1, 2, 3, 6], LENGTHS):
        values = draw(kind, length, channels)
        name = "scipy-%s-%d-%d.wav" % (kind, channels, length)
        wavfile.write(files.path(name), 8000 + length, values)
        files.reads(name, unit(values))


def sox_writes(files):
    """Every encoding that sox has for PCM and floats; the judge is what scipy reads of the file with the lower byte first:
    it gives 24 bits as 32, and knows no extensible format in the other order."""
    encodings = [("unsigned", 8), ("signed", 16), ("signed", 24), ("signed", 32), ("floating-point", 32),
                 ("floating-point", 64)]
    for (encoding, bits), channels, rate, order in itertools.product(encodings, [1, 2, 5], [8000, 44100], ["-L", "-B"]):
        name = "sox-%s-%d-%d-%s-%d.wav" % (encoding, bits, channels, order[1], rate)
        options = ["-e", encoding, "-b", bits, "-c", channels, order]
        frame.run("sox", "-R", "-D", "-n", "-r", rate, *options, files.path(name), "synth", "0.02", "pinknoise")
        if order == "-L":
            expected = unit(wavfile.read(files.path(name))[1])
        files.reads(name, expected)


def sox_streams(files):
    """Into a pipe sox does not know how much will come."""
    for bits, length in itertools.product([8, 16, 24, 32], [100, 101]):
        name = "pipe-%d-%d.wav" % (bits, length)
        whole = files.path("whole.wav")
        frame.run("sox", "-R", "-D", "-n", "-r", 8000, "-b", bits, "-c", 1, whole, "synth", "%ds" % length, "sine", 700)
        with open(files.path(name), "wb") as file:
            subprocess.run(["sox", "-R", "-D", whole, "-t", "wav", "-"], check=True, stdout=file, stderr=subprocess.PIPE)
        files.reads(name, unit(wavfile.read(whole)[1]))


# ---- By the definition of the format -------------------------------------------------------------------------


def chunk(name, data, padded=True, size=None):
    return name + struct.pack("<I", len(data) if size is None else size) + data + (b"\0" if padded and len(data) % 2 else b"")


def format_chunk(code, channels, bits, container, extended=False):
    frame_size = channels * container // 8
    data = struct.pack("<HHIIHH", 0xFFFE if extended else code, channels, 16000, 16000 * frame_size, frame_size,
                       container if extended else bits)
    if extended:
        data += struct.pack("<HHI", 22, bits, 0) + struct.pack("<H", code) + bytes.fromhex("000000001000800000aa00389b71")
    return chunk(b"fmt ", data)


def riff(*chunks, form=b"RIFF", size=None):
    body = b"WAVE" + b"".join(chunks)
    return form + struct.pack("<I", len(body) if size is None else size) + body


def chunks_in_any_order(files):
    """Chunks before, between and after; odd ones with their padding and without it; sizes of who did not know them."""
    values = draw("int16", 21, 2)
    whole, data = unit(values), values.astype("<i2").tobytes()
    fmt, odd = format_chunk(1, 2, 16, 16), chunk(b"LIST", b"abc")
    bare = chunk(b"note", b"abc", padded=False)
    forms = [riff(fmt, chunk(b"data", data)), riff(odd, fmt, odd, chunk(b"data", data), odd),
             riff(chunk(b"data", data), odd, fmt), riff(bare, fmt, bare, chunk(b"data", data)),
             riff(format_chunk(1, 2, 16, 16, True), chunk(b"data", data)),
             riff(fmt, chunk(b"data", data)) + b"TAG", riff(fmt, chunk(b"data", data), size=0),
             riff(chunk(b"ds64", struct.pack("<QQQI", 4711, len(data), 21, 0)), fmt,
                  chunk(b"data", data, size=0xFFFFFFFF), odd, form=b"RF64", size=0xFFFFFFFF),
             riff(chunk(b"ds64", struct.pack("<QQQI", 4711, len(data), 21, 0)), fmt,
                  chunk(b"data", data, size=0xFFFFFFFF), odd, form=b"BW64", size=0xFFFFFFFF)]
    forms += [riff(fmt, chunk(b"data", data, size=size), size=0xFFFFFFFF) for size in (0, 0x7FFFF000, 0x80000000, 0xFFFFFFFF)]
    forms += [riff(fmt, chunk(b"data", data + b"x", size=0xFFFFFFFF), size=0)]
    for i, form in enumerate(forms):
        files.write("form-%d.wav" % i, form)
        files.reads("form-%d.wav" % i, whole)
    files.write("few-bits.wav", riff(format_chunk(1, 1, 12, 16), chunk(b"data", (draw("int16", 9, 1) & -16).tobytes())))
    files.reads("few-bits.wav", unit(wavfile.read(files.path("few-bits.wav"))[1]))
    wide = draw("int32", 9, 1) & -256
    files.write("24-in-32.wav", riff(format_chunk(1, 1, 24, 32, True), chunk(b"data", wide.tobytes())))
    files.reads("24-in-32.wav", unit(wide))


# ---- What libdae writes ---------------------------------------------------------------------------------------


def what_is_written(files):
    for bits, channels, length, rate in itertools.product([16, 24, 32], [1, 2, 7], LENGTHS + [4001], [8000, 44100]):
        values = rng.uniform(-1.2, 1.2, (channels, length)).astype(np.float32)
        values.reshape(-1)[:3] = [-1, 0, 1][:values.size]
        name = "written-%d-%d-%d-%d.wav" % (bits, channels, length, rate)
        path = files.save(name, values, "wav(bits=%d, rate=%d)" % (bits, rate))
        found_rate, found = wavfile.read(path)
        files.same("rate of " + name, found_rate, rate)
        files.same("sox: rate of " + name, int(subprocess.check_output(["sox", "--i", "-r", path])), rate)
        expected = values
        if bits < 32:
            half = 2.0 ** (bits - 1)
            whole = np.clip(np.floor(values.astype(np.float64) * half + 0.5), -half, half - 1).astype(np.int32)
            expected = (whole.astype(np.float64) / half).astype(np.float32)
            found = found >> 8 if bits == 24 else found  # which scipy gives as the upper bits of 32
            files.same("scipy: " + name, found.reshape(length, channels).T, whole)
        else:
            files.same("scipy: " + name, found.reshape(length, channels).T, values)
        files.reads(name, expected[None])
        if bits < 32:  # sox keeps 32 bits of PCM inside, and cuts floats off
            raw = subprocess.check_output(["sox", path, "-t", "s32", "-"])
            files.same("sox: " + name, np.frombuffer(raw, "<i4").reshape(length, channels).T >> (32 - bits), whole)


def what_is_refused(files):
    fmt, data = format_chunk(1, 1, 16, 16), chunk(b"data", b"abcdefgh")
    for content, word in [(riff(fmt, data)[:-1], "the file ends"), (riff(fmt), "a chunk 'data'"), (riff(data), "a chunk 'fmt '"),
                          (riff(fmt, chunk(b"data", b"")), "no values"), (riff(fmt, chunk(b"data", b"abc"), data), "multiple"),
                          (riff(format_chunk(1, 0, 16, 16), data), "0 channels"), (riff(format_chunk(3, 1, 16, 16), data), "16 bits"),
                          (riff(format_chunk(1, 1, 64, 64), data), "64 bits")]:
        files.write("refused.wav", content)
        files.refuses("refused.wav", word)
    for encoding, name in [("mu-law", "mu-law"), ("a-law", "A-law"), ("ima-adpcm", "IMA ADPCM"), ("ms-adpcm", "Microsoft ADPCM"),
                           ("gsm-full-rate", "GSM 6.10")]:
        frame.run("sox", "-n", "-r", 8000, "-e", encoding, files.path("coded.wav"), "synth", "0.1", "sine", 300)
        files.refuses("coded.wav", name)


def main():
    files = frame.Files()
    for part in (scipy_writes, sox_writes, sox_streams, chunks_in_any_order, what_is_written, what_is_refused):
        part(files)
    for pattern, least in ("scipy-*", 80), ("sox-*", 72), ("pipe-*", 8), ("form-*", 14), ("written-*", 90):
        files.together(pattern + ".wav", least)
    files.finish(600)


if __name__ == "__main__":
    main()
