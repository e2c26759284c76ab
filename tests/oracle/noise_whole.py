#!/usr/bin/env python3
"""Kinds of noise that read whole samples, of the library that is built, against scipy and numpy.

usage: LIBDAE=build/lib/libdae.so.0 python3 tests/oracle/noise_whole.py

Run by hand after a change to one of them: it takes minutes. Intervals hold 99.9 % of all cases; the seeds are fixed.
"""

import sys
from pathlib import Path

import numpy as np
from scipy import ndimage, signal, stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "python"))
import dae  # noqa: E402

failures = 0


def say(what, value, expected, tolerance):
    """One line; counts what is too far away."""
    global failures
    good = abs(value - expected) <= tolerance
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {what}: {value:.6g}, expected {expected:.6g} within {tolerance:.2g}")


def noisy(text, shape, samples, x=None, **recordings):
    """Samples of zeros, or of x, with noise."""
    values = np.zeros((samples, *shape), np.float32) if x is None else np.array(x, np.float32)
    noise = dae.Noise(text)
    for name, data in recordings.items():
        noise.bind(name, dae.Dataset.from_array(data))
    return noise.apply(values, 1)


def check_blur():
    """The Gaussian filter of scipy, in float64."""
    random = np.random.default_rng(1)
    for shape, stddev in (((28, 28), 0.5), ((3, 64, 48), 2.0), ((2, 5, 7), 6.0), ((1, 300), 25.0), ((512, 512), 3.3)):
        x = random.standard_normal((2, *shape)).astype(np.float32)
        for dims in (1, 2):
            sigma = [0] * (len(shape) + 1 - dims) + [stddev] * dims
            exact = ndimage.gaussian_filter(x.astype(np.float64), sigma, mode="reflect", truncate=4)
            error = np.abs(noisy(f"blur({stddev}, dims={dims})", shape, 2, x) - exact).max()
            say(f"blur({stddev}, dims={dims}) of {shape}, largest error", error, 0, 3e-6)


def check_spectra():
    """Periodograms of 10^7 values against the power law, in bands far from both ends; distribution of values."""
    samples, length = 640, 16384
    for exponent in (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0):
        x = noisy(f"coloured({exponent}, 2)", (length,), samples).astype(np.float64)
        f, power = signal.periodogram(x, window="hann", detrend=False)
        mean = power.mean(0)
        band = (f > 32 / length) & (f < 0.45)
        slope, error = np.polyfit(np.log(f[band]), np.log(mean[band]), 1, cov=True)
        say(f"coloured({exponent}) slope", slope[0], -exponent, 3.3 * np.sqrt(error[0, 0]) + 0.002)
        spread = (x ** 2).mean(1)
        say(f"coloured({exponent}) mean square", spread.mean(), 4, 3.3 * spread.std() / np.sqrt(samples))
        say(f"coloured({exponent}) normal, p", stats.kstest(x[:, 100] / 2, "norm").pvalue, 0.5, 0.4995)


def check_waves():
    """Hum against its formula by least squares; distribution of phases; moments of drift."""
    length = 4096
    t = np.arange(length)
    x = noisy("hum(60.1, 8000, 0.5, harmonics=4)", (length,), 2000).astype(np.float64)
    waves = np.concatenate([(np.sin(2 * np.pi * k * 60.1 / 8000 * t), np.cos(2 * np.pi * k * 60.1 / 8000 * t))
                            for k in range(1, 5)])
    found, *_ = np.linalg.lstsq(waves.T, x.T, rcond=None)
    say("hum: what is left", np.abs(x.T - waves.T @ found).max(), 0, 5e-6)
    for k in range(4):
        sine, cosine = found[2 * k], found[2 * k + 1]
        say(f"hum: amplitude {k + 1}", np.abs(np.hypot(sine, cosine) - 0.5 / (k + 1)).max(), 0, 2e-6)
        phase = (np.arctan2(cosine, sine) / (2 * np.pi)) % 1
        say(f"hum: phase {k + 1} uniform, p", stats.kstest(phase, "uniform").pvalue, 0.5, 0.4995)
    x = noisy("drift(0.5, 200)", (length,), 2500).astype(np.float64)
    spread = (x ** 2).mean(1)
    say("drift: mean square", spread.mean(), 0.125, 3.3 * spread.std() / np.sqrt(2500))
    f, power = signal.periodogram(x, window="blackmanharris", detrend=False)
    say("drift: share of power faster than its period", power[:, f > 1 / 200 + 8 / length].sum() / power.sum(), 0, 1e-5)


def check_gaps():
    """How much is lost: means of 10^7 values against 1 - (1 - p)^count."""
    samples = 40000
    x = noisy("spans(3, 20)", (256,), samples, np.ones((samples, 256)))
    starts = 256 - 20 + 1
    at = np.minimum(np.minimum(np.arange(256) + 1, 20), np.minimum(256 - np.arange(256), starts)) / starts
    lost = 1 - (1 - at) ** 3
    worst = np.abs(1 - x.mean(0) - lost) / np.sqrt(lost * (1 - lost) / samples)
    say("spans: worst of 256 places, in standard errors", worst.max(), 0, 4.6)
    x = noisy("blocks(2, 5, 9)", (20, 30), samples, np.ones((samples, 20, 30)))
    rows = np.minimum(np.minimum(np.arange(20) + 1, 5), 20 - np.arange(20)) / 16
    columns = np.minimum(np.minimum(np.arange(30) + 1, 9), 30 - np.arange(30)) / 22
    lost = 1 - (1 - np.outer(rows, columns)) ** 2
    worst = np.abs(1 - x.mean(0) - lost) / np.sqrt(lost * (1 - lost) / samples)
    say("blocks: worst of 600 places, in standard errors", worst.max(), 0, 4.8)


def check_mix():
    """Signal-to-noise ratios that are asked for."""
    random = np.random.default_rng(2)
    x = random.standard_normal((500, 2, 1000)).astype(np.float32)
    street = np.cumsum(random.standard_normal((7, 1, 5000)), axis=2).astype(np.float32)
    for snr in (-10, 0, 20):
        added = noisy(f"mix(street, snr={snr})", (2, 1000), 500, x, street=street).astype(np.float64) - x
        ratio = 10 * np.log10((x.astype(np.float64) ** 2).mean((1, 2)) / (added ** 2).mean((1, 2)))
        say(f"mix: largest error of a ratio of {snr} dB", np.abs(ratio - snr).max(), 0, 2e-3)


for check in (check_blur, check_spectra, check_waves, check_gaps, check_mix):
    check()
sys.exit(f"{failures} failed" if failures else 0)
