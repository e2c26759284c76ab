#!/usr/bin/env python3
"""Kinds of noise against NumPy's, SciPy's and scikit-image's: two samples of each, of one distribution?

    LIBDAE=build/lib/libdae.so.0 /usr/bin/python3 tests/oracle/noise_kinds.py [VALUES]

Prints a p-value for each kind, of 10^7 values of either side if no other number is given, and fails where one is below 1e-4:
Kolmogorov and Smirnov's test, or where values are whole numbers, chi square of a table. What is compared may depend on
its neighbours only within a sample, of which there are many.
"""

import pathlib
import sys

import numpy
from scipy import stats
from skimage.util import random_noise

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "python"))
import dae  # noqa: E402

LEAST = 1e-4
ROW = 1000


def ours(text, x):
    noisy = numpy.array(x, dtype=numpy.float32)
    dae.Noise(text).apply(noisy, seed=1)
    return noisy


def continuous(a, b):
    return stats.ks_2samp(a.ravel(), b.ravel(), mode="asymp").pvalue


def counted(a, b):
    """Of whole numbers; those that are rare are put together."""
    low = min(a.min(), b.min())
    both = [numpy.bincount((x.ravel() - low).round().astype(int)) for x in (a, b)]
    size = max(len(x) for x in both)
    table = numpy.array([numpy.pad(x, (0, size - len(x))) for x in both])
    often = table.sum(axis=0) >= 20
    rare = table[:, ~often].sum(axis=1, keepdims=True)
    table = numpy.hstack([table[:, often], rare] if rare.sum() >= 20 else [table[:, often]])
    return stats.chi2_contingency(table)[1] if table.shape[1] > 1 else 1.0


def by_snr(x, snr, rng):
    power = (x.astype(float) ** 2).mean(axis=1, keepdims=True)
    return x + rng.normal(size=x.shape) * numpy.sqrt(power / 10 ** (snr / 10))


def bursts(x, rate, length, size, rng):
    """By hand, place after place, of all rows at once."""
    moved, left = numpy.zeros(x.shape), numpy.zeros(len(x))
    move = numpy.zeros(len(x))
    for i in range(x.shape[1]):
        begins = rng.random(len(x)) < rate
        move = numpy.where(begins, numpy.where(rng.random(len(x)) < 0.5, size, -size), move)
        left = numpy.where(begins, length, numpy.maximum(left - 1, 0))
        moved[:, i] = numpy.where(left > 0, move, 0)
    return x + moved


def cases(values):
    rng = numpy.random.default_rng(1)
    rows = values // ROW
    one, unit = numpy.ones((rows, ROW)), rng.random((rows, ROW)).astype(numpy.float32)
    yield "gaussian(snr=7)", continuous(ours("gaussian(snr=7)", unit), by_snr(unit, 7, rng))
    yield "speckle(0.3)", continuous(ours("speckle(0.3)", unit),
                                     random_noise(unit.astype(float), "speckle", seed=2, clip=False, var=0.09))
    yield "salt(0.3, 1)", counted(ours("salt(0.3, 1)", one * 0), random_noise(one * 0, "salt", seed=3, amount=0.3))
    yield "pepper(0.3, 0)", counted(ours("pepper(0.3, 0)", one), random_noise(one, "pepper", seed=4, amount=0.3))
    for mean in (0.02, 0.9, 5, 9.99, 10.01, 11, 25, 150, 2000, 3e4):
        yield f"poisson(1) of {mean}", counted(ours("poisson(1)", one * mean), rng.poisson(mean, one.shape))
    yield "poisson(255)", counted(ours("poisson(255) | gain(255)", unit), rng.poisson(unit.astype(float) * 255))
    yield "quantise(16, 0, 1)", counted(ours("quantise(16, 0, 1) | gain(15)", unit), (rng.random(unit.shape) * 15).round())
    # sums of rows, which know how values hang together
    sums = [x.sum(axis=1) for x in (ours("bursts(0.002, 30, 1)", one * 0), bursts(one * 0, 0.002, 30, 1, rng))]
    yield "bursts(0.002, 30, 1)", continuous(*sums)
    ends = [numpy.abs(x).sum(axis=1) for x in (ours("bursts(0.02, 30, 1)", one * 0), bursts(one * 0, 0.02, 30, 1, rng))]
    yield "bursts(0.02, 30, 1), how many are moved", continuous(*ends)
    yield "gain(uniform(0.5, 2))", continuous(ours("gain(uniform(0.5, 2))", one[:, :1]), rng.uniform(0.5, 2, (rows, 1)))


def main():
    failed = 0
    for name, p in cases(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**7):
        print(f"{name:45} p = {p:.4f}", flush=True)
        failed += p < LEAST
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
