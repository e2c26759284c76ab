#!/usr/bin/env python3
"""Pictures of Pillow and ImageMagick, read by libdae, and the other way round.

    LIBDAE=build/lib/libdae.so.0 python3 tests/files/pictures.py
"""

import io
import itertools
import struct
import zlib

import frame

frame.require(["PIL"], ["convert"])

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

rng = np.random.default_rng(7)
SIZES = [(1, 1), (1, 9), (7, 1), (5, 8), (8, 5), (9, 17), (33, 20)]


def planes(pixels):
    """[height, width, ...] as one sample [channels, height, width]."""
    pixels = np.asarray(pixels)
    return (pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0))[None]


def scaled(pixels, most):
    """Each value divided by the largest, in float32 as in exact arithmetic."""
    return (planes(pixels).astype(np.float64) / most).astype(np.float32)


def grey_of(pixels):
    """Pillow's own conversion of 8 bits; its formula for 16 bits, which it has none for."""
    if pixels.dtype == np.uint8:
        return np.asarray(Image.fromarray(pixels, "RGB").convert("L"))
    r, g, b = (pixels[..., i].astype(np.uint64) for i in range(3))
    return ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16).astype(np.uint16)


def check(files, name, pixels, most):
    """As it is, as one channel and as three."""
    kind = name.rsplit(".")[-1]
    kind = kind if kind == "png" else "pnm"
    colour = pixels.ndim == 3
    files.reads(name, scaled(pixels, most))
    files.reads(name, scaled(grey_of(pixels) if colour else pixels, most), kind + "(channels=1)")
    files.reads(name, scaled(pixels if colour else np.stack([pixels] * 3, 2), most), kind + "(channels=3)")


# ---- PNG by its specification: every depth, colour, filter, and Adam7 -----------------------------------------

ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed(row, depth):
    """Values of a row as bytes."""
    row = row.reshape(-1)
    if depth >= 8:
        return row.astype(">u2" if depth == 16 else "u1").tobytes()
    bits = (row[:, None] >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8).reshape(-1)).tobytes()


def filtered(rows, step):
    """Each row with another filter of the five."""
    out, above = b"", None
    for i, row in enumerate(rows):
        row = np.frombuffer(row, np.uint8).astype(int)
        up = np.zeros_like(row) if above is None else above
        left = np.concatenate([np.zeros(step, int), row])[:len(row)]
        corner = np.concatenate([np.zeros(step, int), up])[:len(row)]
        guess = left + up - corner
        distances = np.stack([abs(guess - left), abs(guess - up), abs(guess - corner)])
        paeth = np.choose(np.argmin(distances, 0), [left, up, corner])
        predicted = [0 * row, left, up, (left + up) // 2, paeth][i % 5]
        out += bytes([i % 5]) + ((row - predicted) % 256).astype(np.uint8).tobytes()
        above = row
    return out


def make_png(values, depth, colour, interlaced, extra=b""):
    """values [height, width, channels]; IDAT in pieces of 50 bytes."""
    height, width, channels = values.shape
    step = max(1, depth * channels // 8)
    data = b""
    for top, left, down, right in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = values[top::down, left::right]
        if part.size:
            data += filtered([packed(row, depth) for row in part], step)
    data = zlib.compress(data)
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
            + chunk(b"gAMA", struct.pack(">I", 22222)) + extra
            + b"".join(chunk(b"IDAT", data[i:i + 50]) for i in range(0, len(data), 50)) + chunk(b"IEND", b""))


def png_by_its_specification(files):
    kinds = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8),
             (4, 16), (6, 8), (6, 16)]
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
    for (colour, depth), interlaced, (height, width) in itertools.product(kinds, (0, 1), SIZES):
        most = 2**depth - 1
        values = rng.integers(0, most + 1, (height, width, channels[colour]), dtype=np.uint16)
        extra, pixels = b"", values[..., :3] if colour in (2, 6) else values[..., 0]
        if colour == 3:
            palette = rng.integers(0, 256, (most + 1, 3), dtype=np.uint8)
            extra = chunk(b"PLTE", palette.tobytes()) + chunk(b"tRNS", bytes([0, 128][:most + 1]))
            pixels, most = palette[pixels], 255
        elif colour == 0:
            extra = chunk(b"tRNS", struct.pack(">H", 1))
        name = "%d-%d-%d-%dx%d.png" % (colour, depth, interlaced, height, width)
        if depth < 8 and colour == 0:  # as bytes: multiples of 255 / most
            pixels, most = (pixels * (255 // most)).astype(np.uint8), 255
        files.write(name, make_png(values, depth, colour, interlaced, extra))
        check(files, name, pixels.astype(np.uint8) if depth <= 8 else pixels, most)


# ---- Other programs -------------------------------------------------------------------------------------------


def pillow(files):
    for mode, (height, width) in itertools.product(["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I"], SIZES):
        pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
        if mode.startswith("I"):
            pixels = rng.integers(0, 65536, (height, width), dtype=np.uint16)
            image = Image.fromarray(pixels) if mode == "I;16" else Image.fromarray(pixels.astype(np.int32))
            expected, most = pixels, 65535
        else:
            image = Image.fromarray(pixels, "RGBA")
            image = image.convert("RGB").quantize(16) if mode == "P" else image.convert(mode)
            alone = {"LA": "L", "1": "L", "P": "RGB", "RGBA": "RGB"}.get(mode, mode)
            expected, most = np.asarray(image.convert(alone)), 255
            if mode == "RGBA":
                expected = pixels[..., :3]
        name = "pillow-%s-%dx%d" % (mode.replace(";", ""), height, width)
        for options in ({}, {"optimize": True}, {"compress_level": 0}):
            image.save(files.path(name + ".png"), "PNG", **options)
            files.reads(name + ".png", scaled(expected, most))
        if mode in ("1", "L", "RGB", "I"):
            image.save(files.path(name + ".ppm"), "PPM")
            files.reads(name + ".ppm", scaled(expected, most))


def imagemagick(files):
    pixels = rng.integers(0, 65536, (11, 13, 3), dtype=np.uint16)
    files.write("from.ppm", b"P6\n13 11\n65535\n" + pixels.astype(">u2").tobytes())
    options = itertools.product(["png", "pbm", "pgm", "ppm"], [1, 8, 16], ["none", "PNG"],
                                ["TrueColor", "Grayscale", "Palette", "TrueColorAlpha"], ["raw", "plain"])
    for kind, depth, interlace, colour, form in options:
        if kind == "png" and form == "plain" or kind != "png" and (interlace == "PNG" or colour != "TrueColor"):
            continue
        name = "magick-%d-%s-%s-%s.%s" % (depth, interlace, colour, form, kind)
        arguments = ["-depth", depth, "-interlace", interlace, "-type", colour]
        arguments += ["-compress", "none"] if form == "plain" else []
        frame.run("convert", files.path("from.ppm"), *arguments, files.path(name))
        wide = files.path("wide.ppm")  # what ImageMagick itself reads of its file
        frame.run("convert", files.path(name), "-alpha", "off", "-depth", 16, "-type", "TrueColor", wide)
        with open(wide, "rb") as file:
            body = file.read()[len(b"P6\n13 11\n65535\n"):]
        expected = np.frombuffer(body, ">u2").reshape(11, 13, 3)
        if not (expected % 257).any():
            expected, most = (expected // 257).astype(np.uint8), 255
        else:
            expected, most = expected.astype(np.uint16), 65535
        files.reads(name, scaled(expected, most), ("png" if kind == "png" else "pnm") + "(channels=3)")


# ---- PNM by its definition ------------------------------------------------------------------------------------


def separated(values):
    """Numbers with white space of all kinds and a comment between them."""
    spaces = itertools.cycle([" ", "\n", "\t", "\r\n", " \v\f ", "\n# 7 apples\n"])
    return "".join(str(value) + next(spaces) for value in values).encode()


def pnm_by_its_definition(files):
    for (height, width), most, channels in itertools.product(
            SIZES, [1, 2, 15, 100, 255, 256, 1023, 4095, 65534, 65535], [1, 3]):
        pixels = rng.integers(0, most + 1, (height, width, channels)).astype(np.uint16 if most > 255 else np.uint8)
        pixels = pixels if channels == 3 else pixels[..., 0]
        header = b"# made by hand\n%d %d\n# 9\n%d\n" % (width, height, most)
        raw = pixels.astype(">u2" if most > 255 else "u1").tobytes()
        name = "pnm-%d-%d-%dx%d" % (most, channels, height, width)
        files.write(name + "-raw.pnm", (b"P5" if channels == 1 else b"P6") + header + raw)
        files.write(name + "-plain.pnm", (b"P2" if channels == 1 else b"P3") + header + separated(pixels.reshape(-1)))
        for form in "raw", "plain":
            check(files, "%s-%s.pnm" % (name, form), pixels, most)
    for height, width in SIZES:
        bits = rng.integers(0, 2, (height, width), dtype=np.uint8)
        header = b" %d\n%d\n" % (width, height)
        files.write("bits-raw.pbm", b"P4" + header + np.packbits(bits, axis=1).tobytes())
        files.write("bits-plain.pbm", b"P1" + header + separated(bits.reshape(-1)))
        files.write("bits-dense.pbm", b"P1" + header + b"\n".join(b"".join(b"%d" % bit for bit in row) for row in bits))
        for form in "raw", "plain", "dense":
            check(files, "bits-%s.pbm" % form, 1 - bits, 1)
            same = np.asarray(Image.open(files.path("bits-%s.pbm" % form)).convert("L"))
            files.same("bits as Pillow sees them", same, 255 * (1 - bits))


# ---- What libdae writes ---------------------------------------------------------------------------------------


def rounded(values, most):
    """As dae/dataset.h says: to the nearest, halves up, within [0, 1]."""
    values = np.asarray(values, np.float32).astype(np.float64)
    return np.floor(np.clip(values, 0, 1) * most + 0.5).astype(np.uint16 if most > 255 else np.uint8)


def read_by_imagemagick(files, path):
    """[height, width, 3] of 16 bits."""
    frame.run("convert", path, "-depth", 16, "-type", "TrueColor", files.path("wide.ppm"))
    with open(files.path("wide.ppm"), "rb") as file:
        kind, size, most, body = file.read().split(b"\n", 3)
    width, height = map(int, size.split())
    return np.frombuffer(body, ">u2").reshape(height, width, 3).astype(np.uint16)


def what_is_written(files):
    for kind, bits, channels, (height, width) in itertools.product(["png", "pnm"], [8, 16], [1, 3], SIZES):
        most = 2**bits - 1
        values = rng.uniform(-0.2, 1.2, (channels, height, width)).astype(np.float32)
        values.reshape(-1)[:3] = [0, 0.5, 1][:values.size]
        expected = rounded(np.moveaxis(values, 0, 2), most)
        name = "written-%s-%d-%d-%dx%d.%s" % (kind, bits, channels, height, width, kind)
        path = files.save(name, values, "%s(bits=%d)" % (kind, bits))
        files.reads(name, scaled(expected, most))  # first of all
        if bits == 8 or channels == 1:  # Pillow makes bytes of colours of 16 bits
            found = np.asarray(Image.open(path))
            files.same("Pillow: " + name, found.astype(expected.dtype), expected if channels == 3 else expected[..., 0])
        wide = expected.astype(np.uint16) * (257 if bits == 8 else 1)
        files.same("ImageMagick: " + name, read_by_imagemagick(files, path), np.repeat(wide, 3 // channels, 2))
    again = rng.integers(0, 65536, (1, 40, 40)).astype(np.uint16)  # every value comes back
    files.save("again.png", again.astype(np.float64) / 65535, "png(bits=16)")
    files.reads("again.png", scaled(again[0], 65535))


def what_is_refused(files):
    small = b"P5 2 2 255 abcd"
    for data, word in [(small[:-1], "3 bytes are left"), (small + small, "one picture"), (b"P5 2 0 255 ", "a height"),
                       (b"P5 2 2 0 abcd", "largest value"), (b"P5 2 2 70000 abcd", "largest value"),
                       (b"P2 1 1 7 8", "found more than 7"), (b"P5 2 2 3 \0\1\2\4", "expected at most 3")]:
        files.write("refused.pgm", data)
        files.refuses("refused.pgm", word)
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (9, 9), dtype=np.uint8)).save(buffer, "JPEG")
    files.write("photo.jpg", buffer.getvalue())
    files.refuses("photo.jpg", "a JPEG picture")


def main():
    files = frame.Files()
    for part in (png_by_its_specification, pillow, imagemagick, pnm_by_its_definition, what_is_written,
                 what_is_refused):
        part(files)
    files.together("*.png", 300)
    files.together("[34]-*.png", 80, "png(channels=1)")
    files.together("pnm-*.pnm", 280)
    files.finish(1000)


if __name__ == "__main__":
    main()
