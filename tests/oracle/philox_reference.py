#!/usr/bin/env python3
"""Random numbers and noise of libdae, written again from the headers alone.

Plain Python integers and float64, standard library only. Nothing here is shared with lib/: agreement
means that both follow include/dae/rng.h and include/dae/noise.h.

    python3 tests/oracle/philox_reference.py           writes golden.h beside this file
    python3 tests/oracle/philox_reference.py --check   tells whether golden.h is up to date
    python3 tests/oracle/philox_reference.py --lines   prints the three golden lines of rng.h
"""

import math
import struct
import sys

import table

MASK32 = 0xFFFFFFFF
MULTIPLIER = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)

# Published with Random123 (kat_vectors): counter, key, result of ten rounds.
KNOWN_ANSWERS = (
    ((0, 0, 0, 0), (0, 0),
     (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((MASK32,) * 4, (MASK32,) * 2,
     (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
     (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
)

NOISE_STREAM = 4 << 56
STRENGTH_STREAM = 5 << 56


# ---- Generator ----------------------------------------------------------------------------------

def philox(counter, key):
    """Philox4x32-10: four counter words and two key words to four words."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0 = MULTIPLIER[0] * c0
        p1 = MULTIPLIER[1] * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK32, (p0 >> 32) ^ c3 ^ k1, p0 & MASK32
        k0 = (k0 + WEYL[0]) & MASK32
        k1 = (k1 + WEYL[1]) & MASK32
    return c0, c1, c2, c3


def bits(seed, stream, position, count):
    """Words at position, position + 1, ...; the position is moved up to a multiple of 4 first."""
    block = (position + 3) // 4
    words = []
    while len(words) < count:
        words += philox((block & MASK32, block >> 32, stream & MASK32, stream >> 32),
                        (seed & MASK32, seed >> 32))
        block += 1
    return words[:count]


def uniform(seed, stream, position, count):
    """u = (w >> 8) 2^-24, exact in float32."""
    return [(w >> 8) * 2.0**-24 for w in bits(seed, stream, position, count)]


def normal(seed, stream, position, count):
    """Box and Muller on pairs of words, in float64."""
    words = bits(seed, stream, position, count + count % 2)
    values = []
    for v, w in zip(words[0::2], words[1::2]):
        r = math.sqrt(-2.0 * math.log((v >> 1) * 2.0**-31 + 2.0**-32))
        t = 2.0 * math.pi * w * 2.0**-32
        values += [r * math.cos(t), r * math.sin(t)]
    return values[:count]


# ---- Noise --------------------------------------------------------------------------------------

def float32(value):
    """The nearest float32, as a Python float."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def gaussian(x, mean, stddev, seed, stream, position):
    z = normal(seed, stream, position, len(x))
    return [a + (mean + stddev * b) for a, b in zip(x, z)]


def uniform_noise(x, low, high, seed, stream, position):
    u = uniform(seed, stream, position, len(x))
    return [a + (low + (high - low) * b) for a, b in zip(x, u)]


def masking(x, rate, seed, stream, position):
    u = uniform(seed, stream, position, len(x))
    return [0.0 if b < rate else a for a, b in zip(x, u)]


def salt_pepper(x, rate, low, high, seed, stream, position):
    u = uniform(seed, stream, position, len(x))
    return [low if b < rate / 2 else high if b < rate else a for a, b in zip(x, u)]


def clip(x, low, high, seed=0, stream=0, position=0):
    return [min(max(a, low), high) for a in x]


def impulses(x, rate, size, seed, stream, position):
    u = uniform(seed, stream, position, len(x))
    return [a + size if b < rate / 2 else a - size if b < rate else a for a, b in zip(x, u)]


KINDS = {"impulses": impulses, "gaussian": gaussian, "uniform": uniform_noise, "masking": masking,
         "salt_pepper": salt_pepper, "clip": clip}


def apply_step(kind, parameters, x, seed, stream, position):
    """One step: parameters are float32, arithmetic is float64, and so is the result."""
    return KINDS[kind](x, *[float32(p) for p in parameters], seed, stream, position)


def apply_recipe(recipe, rows, seed, epoch, first):
    """Row r is sample first + r; step s starts at block s 2^56 + epoch 2^24 of the sample's stream."""
    result = []
    for r, x in enumerate(rows):
        for s, (kind, parameters) in enumerate(recipe):
            position = 4 * ((s << 56) + (epoch << 24))
            x = apply_step(kind, parameters, x, seed, NOISE_STREAM + first + r, position)
        result.append(x)
    return result


# ---- Trees: choices and draws -----------------------------------------------------------------

# A step is (kind, parameters). A parameter that is drawn is ("draw", kind, values). `sometimes` has (probability, steps),
# `one_of` has (weight, steps) pairs. Rows of parameters are those of dae_kind_list().
ROWS = {"gaussian": ("mean", "stddev"), "uniform": ("low", "high"), "masking": ("rate",),
        "salt_pepper": ("rate", "low", "high"), "clip": ("low", "high"), "impulses": ("rate", "size"), "sometimes": ("probability", "recipe"),
        "one_of": ("recipes",), "none": ()}


def drawn(kind, values, u):
    if kind == "uniform":
        return values[0] + (values[1] - values[0]) * u
    if kind == "log_uniform":
        return values[0] * (values[1] / values[0]) ** u
    return values[int(u * len(values))]


def apply_tree(tree, x, seed, epoch, sample, number=0):
    """The values and the number of the step after these. Steps count in reading order, whether they are applied or not; what
    is drawn for parameter number `row` comes from block `row` of the step's own stream, as a word / 2^32."""
    for kind, parameters in tree:
        def unit(row, step=number):
            block = (step << 56) + (epoch << 24) + row
            return bits(seed, STRENGTH_STREAM + sample, 4 * block, 1)[0] * 2.0**-32

        values = [drawn(p[1], p[2], unit(row)) if isinstance(p, tuple) and p[0] == "draw" else p
                  for row, p in enumerate(parameters)]
        position, number = 4 * ((number << 56) + (epoch << 24)), number + 1
        if kind == "sometimes":
            chosen, number = apply_tree(values[1], x, seed, epoch, sample, number)
            x = chosen if unit(1) < values[0] else x
        elif kind == "one_of":
            left, result = unit(0) * sum(weight for weight, _ in values), None
            for weight, steps in values:
                chosen, number = apply_tree(steps, x, seed, epoch, sample, number)
                if result is None and left < weight:
                    result = chosen
                left -= weight
            x = result
        elif kind != "none":
            x = apply_step(kind, values, x, seed, NOISE_STREAM + sample, position)
    return x, number


def tree_text(tree):
    def value(p):
        if isinstance(p, tuple) and p[0] == "draw":
            return "%s(%s)" % (p[1], ", ".join("%g" % v for v in p[2]))
        if isinstance(p, tuple):
            return "%g: %s" % (p[0], tree_text(p[1]))
        return tree_text(p) if isinstance(p, list) else "%g" % p

    def step(kind, parameters):
        names = ["" if kind == "one_of" else row + "=" for row in ROWS[kind]] * (len(parameters) if kind == "one_of" else 1)
        return "%s(%s)" % (kind, ", ".join(n + value(p) for n, p in zip(names, parameters))) if parameters else kind

    return " | ".join(step(*s) for s in tree)


# ---- golden.h -----------------------------------------------------------------------------------

# Parameters that are not float32 numbers themselves, so that rounding them is tested too.
NOISE_CASES = (
    ("gaussian", (0.1, 0.7)),
    ("uniform", (-0.3, 0.9)),
    ("masking", (0.4,)),
    ("salt_pepper", (0.9, 0.05, 0.95)),
    ("clip", (0.2, 0.7)),
)
NOISE_SEED, NOISE_RNG_STREAM, NOISE_COUNT = 7, 11, 18
NOISE_INPUT = [k / 16.0 for k in range(NOISE_COUNT)]

APPLY_SEED, APPLY_EPOCH, APPLY_FIRST, APPLY_ROWS, APPLY_SIZE = 0x0123456789ABCDEF, 3, 7, 4, 10
APPLY_INPUT = [[(r * APPLY_SIZE + k) / 64.0 for k in range(APPLY_SIZE)] for r in range(APPLY_ROWS)]
APPLY_RECIPE = (
    ("gaussian", (0.5, 0.5)),
    ("clip", (0.0, 1.0)),
    ("masking", (0.25,)),
    ("uniform", (-0.1, 0.1)),
    ("salt_pepper", (0.2, 0.0, 1.0)),
)

TREE_SEED, TREE_EPOCH, TREE_FIRST, TREE_ROWS, TREE_SIZE = 99, 5, 1000, 24, 6
TREE_INPUT = [[(r * TREE_SIZE + k) / 128.0 for k in range(TREE_SIZE)] for r in range(TREE_ROWS)]
TREE = [
    ("sometimes", (("draw", "uniform", (0.25, 0.75)), [
        ("one_of", ((3, [("gaussian", (("draw", "choice", (-1, 0, 1)), ("draw", "log_uniform", (0.01, 1))))]),
                    (0.5, [("none", ())]),
                    (1.5, [("uniform", (("draw", "uniform", (-1, -0.5)), 0.5)), ("clip", (-0.25, 0.75))]))),
        ("masking", (("draw", "uniform", (0, 0.5)),))])),
    ("gaussian", (0, ("draw", "uniform", (0, 0.1)))),
    ("impulses", (0.3, ("draw", "choice", (2, 4)))),
]

STREAMS = (
    # name, seed, stream, position, count
    ("GOLDEN_A", 1, 0, 0, 4),
    ("GOLDEN_B", 0x0123456789ABCDEF, 42, 0, 16),
    ("GOLDEN_C", 0xFEDCBA9876543210, 0xFFFFFFFFFFFFFFFF, 1 << 35, 8),
)


def recipe_text(recipe):
    names = {"gaussian": ("mean", "stddev"), "uniform": ("low", "high"), "masking": ("rate",),
             "salt_pepper": ("rate", "low", "high"), "clip": ("low", "high")}
    return " | ".join("%s(%s)" % (kind, ", ".join("%s=%g" % pair for pair in zip(names[kind], values)))
                      for kind, values in recipe)


def recipe_lines(recipe):
    steps = [recipe_text([step]) for step in recipe]
    return [step + " | " for step in steps[:-1]] + steps[-1:]


def array(kind, name, values, form, per_line):
    lines = ["static const %s %s[%d] = {" % (kind, name, len(values))]
    texts = [form(v) for v in values]
    for i in range(0, len(texts), per_line):
        lines.append("    " + ", ".join(texts[i:i + per_line]) + ",")
    return "\n".join(lines) + "\n};\n"


def words(name, values):
    return array("uint32_t", name, values, lambda v: "0x%08x" % v, 8)


def floats(name, values):
    def form(value):
        text = "%.9g" % value
        return text + ("f" if "." in text or "e" in text else ".0f")
    return array("float", name, values, form, 6)


def doubles(name, values):
    return array("double", name, values, lambda v: repr(float(v)), 4)


def stream_section(name, seed, stream, position, count):
    return "\n".join([
        "/* seed 0x%x, stream 0x%x, from position 0x%x */" % (seed, stream, position),
        "#define %s_SEED     UINT64_C(0x%x)" % (name, seed),
        "#define %s_STREAM   UINT64_C(0x%x)" % (name, stream),
        "#define %s_POSITION UINT64_C(0x%x)" % (name, position),
        "#define %s_COUNT    %d" % (name, count),
        words(name + "_BITS", bits(seed, stream, position, count)),
        floats(name + "_UNIFORM", uniform(seed, stream, position, count)),
        doubles(name + "_NORMAL", normal(seed, stream, position, count))])


def noise_section():
    parts = ["/* Array calls on GOLDEN_NOISE_INPUT, each with a new generator of this seed and stream.",
             " * Results in float64, from parameters rounded to float32. */",
             "#define GOLDEN_NOISE_SEED   UINT64_C(%d)" % NOISE_SEED,
             "#define GOLDEN_NOISE_STREAM UINT64_C(%d)" % NOISE_RNG_STREAM,
             "#define GOLDEN_NOISE_COUNT  %d" % NOISE_COUNT,
             floats("GOLDEN_NOISE_INPUT", NOISE_INPUT)]
    for kind, parameters in NOISE_CASES:
        parts.append("/* %s */" % recipe_text([(kind, parameters)]))
        parts.append(doubles("GOLDEN_NOISE_" + kind.upper(),
                             apply_step(kind, parameters, NOISE_INPUT, NOISE_SEED, NOISE_RNG_STREAM, 0)))
    return "\n".join(parts)


def apply_section():
    rows = apply_recipe(APPLY_RECIPE, APPLY_INPUT, APPLY_SEED, APPLY_EPOCH, APPLY_FIRST)
    return "\n".join([
        "/* dae_noise_apply() with a recipe of several steps on GOLDEN_APPLY_INPUT. */",
        "#define GOLDEN_APPLY_RECIPE \\",
        " \\\n".join('    "%s"' % line for line in recipe_lines(APPLY_RECIPE)),
        "#define GOLDEN_APPLY_SEED        UINT64_C(0x%x)" % APPLY_SEED,
        "#define GOLDEN_APPLY_EPOCH       %d" % APPLY_EPOCH,
        "#define GOLDEN_APPLY_FIRST       %d" % APPLY_FIRST,
        "#define GOLDEN_APPLY_SAMPLES     %d" % APPLY_ROWS,
        "#define GOLDEN_APPLY_SAMPLE_SIZE %d" % APPLY_SIZE,
        floats("GOLDEN_APPLY_INPUT", sum(APPLY_INPUT, [])),
        doubles("GOLDEN_APPLY_OUTPUT", sum(rows, []))])


def tree_section():
    rows = [apply_tree(TREE, x, TREE_SEED, TREE_EPOCH, TREE_FIRST + r)[0] for r, x in enumerate(TREE_INPUT)]
    return "\n".join([
        "/* dae_noise_apply() with choices and draws on GOLDEN_TREE_INPUT. */",
        "#define GOLDEN_TREE_RECIPE \\",
        " \\\n".join('    "%s%s"' % (line, " | " if line != lines_of_tree()[-1] else "") for line in lines_of_tree()),
        "#define GOLDEN_TREE_SEED        UINT64_C(%d)" % TREE_SEED,
        "#define GOLDEN_TREE_EPOCH       %d" % TREE_EPOCH,
        "#define GOLDEN_TREE_FIRST       %d" % TREE_FIRST,
        "#define GOLDEN_TREE_SAMPLES     %d" % TREE_ROWS,
        "#define GOLDEN_TREE_SAMPLE_SIZE %d" % TREE_SIZE,
        floats("GOLDEN_TREE_INPUT", sum(TREE_INPUT, [])),
        doubles("GOLDEN_TREE_OUTPUT", sum(rows, []))])


def lines_of_tree():
    return [tree_text([step]) for step in TREE]


def known_answer_section():
    lines = ["/* Published with Random123: counter (4 words), key (2), result (4). */",
             "#define GOLDEN_PHILOX_COUNT 3",
             "static const uint32_t GOLDEN_PHILOX[GOLDEN_PHILOX_COUNT][10] = {"]
    for counter, key, result in KNOWN_ANSWERS:
        texts = ["0x%08x" % w for w in counter + key + result]
        lines.append("    {" + ", ".join(texts[:6]) + ",\n     " + ", ".join(texts[6:]) + "},")
    return "\n".join(lines) + "\n};\n"


def header():
    parts = ["/* Golden numbers of the generator and of every noise kind.",
             " *",
             " * Made by tests/oracle/philox_reference.py, which shares no code with lib/. To remake it:",
             " *",
             " *   python3 tests/oracle/philox_reference.py",
             " *",
             " * Bits and uniform numbers are exact. Normal numbers are the documented formula in float64;",
             " * the library's stand within 4e-6 of them.",
             " */",
             "/* clang-format off */",
             "#ifndef TESTS_ORACLE_GOLDEN_H",
             "#define TESTS_ORACLE_GOLDEN_H",
             "",
             "#include <stdint.h>",
             "",
             known_answer_section()]
    parts += [stream_section(*stream) for stream in STREAMS]
    parts += [noise_section(), apply_section(), tree_section(), "#endif\n/* clang-format on */\n"]
    return "\n".join(parts)


def check_known_answers():
    for counter, key, result in KNOWN_ANSWERS:
        if philox(counter, key) != result:
            raise SystemExit("philox_reference.py: wrong answer for counter %r, key %r" % (counter, key))


def check_draws():
    """Replacing noises must show every outcome, and no draw may lie so close to a threshold that
    float32 could decide otherwise."""
    draws = [(kind, p, NOISE_SEED, NOISE_RNG_STREAM, 0, NOISE_COUNT) for kind, p in NOISE_CASES]
    draws += [(kind, p, APPLY_SEED, NOISE_STREAM + APPLY_FIRST + r, 4 * ((s << 56) + (APPLY_EPOCH << 24)),
               APPLY_SIZE) for r in range(APPLY_ROWS) for s, (kind, p) in enumerate(APPLY_RECIPE)]
    outcomes = {}
    for kind, parameters, seed, stream, position, count in draws:
        if kind not in ("masking", "salt_pepper"):
            continue
        limits = (parameters[0],) if kind == "masking" else (parameters[0] / 2, parameters[0])
        for u in uniform(seed, stream, position, count):
            if min(abs(u - limit) for limit in limits) < 1e-6:
                raise SystemExit("philox_reference.py: a golden draw lies on a threshold")
            outcomes.setdefault((kind, parameters), set()).add(sum(u >= limit for limit in limits))
    for (kind, parameters), seen in outcomes.items():
        if len(seen) != (2 if kind == "masking" else 3):
            raise SystemExit("philox_reference.py: %s%r does not show every outcome" % (kind, parameters))


def main():
    parser = table.parser_of(__doc__)
    parser.add_argument("--lines", action="store_true", help="print the golden lines of include/dae/rng.h")
    options = parser.parse_args()
    check_known_answers()
    check_draws()
    if options.lines:
        print("bits     " + " ".join("%08x" % w for w in bits(1, 0, 0, 4)))
        print("uniform  " + " ".join("%.8g" % u for u in uniform(1, 0, 0, 4)))
        print("normal   " + " ".join("%.7g" % z for z in normal(1, 0, 0, 4)))
        return 0
    return table.write_or_check("golden.h", header(), options.check)


if __name__ == "__main__":
    sys.exit(main())
