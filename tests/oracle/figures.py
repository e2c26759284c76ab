#!/usr/bin/env python3
"""Figures of reports, by scikit-image and NumPy.

    /usr/bin/python3 tests/oracle/figures.py           writes figures.h beside this file
    /usr/bin/python3 tests/oracle/figures.py --check   tells whether figures.h is up to date

MSE, PSNR and structural similarity are scikit-image's, in float64. Data come from the generator of the library: with u
and v uniform in [0, 1) from streams 0 and 1, targets are peak u[i - i % 3], but 0 in sample 1; inputs add
peak (v[i] - 0.5) / 4 to that; outputs are half the inputs. All of that is float32.
"""

import sys

import numpy
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

import table
from philox_reference import uniform

SAMPLES = 3
FIGURES = ["mse", "mae", "psnr", "psnr_of_mean", "snr", "snr_of_mean", "ssim"]
HEAD = """/* Figures of %d images each, of outputs and of inputs.
 *
 * Made by tests/oracle/figures.py with scikit-image and NumPy in double precision; how data are made stands there. To remake
 * it:
 *
 *   python3 tests/oracle/figures.py
 */
/* clang-format off */
#ifndef TESTS_ORACLE_FIGURES_H
#define TESTS_ORACLE_FIGURES_H

#define ORACLE_FIGURES_SAMPLES %d

static const char *const ORACLE_FIGURES_NAMES[] = {%s};

typedef struct {
    size_t rank, shape[3];
    double peak;
    double output[%d], input[%d];
} oracle_figures;

static const oracle_figures ORACLE_FIGURES[] = {
"""
TAIL = """};

#endif
/* clang-format on */
"""

# shape, peak
CASES = [
    ((28, 28), 1),
    ((11, 11), 1),
    ((3, 20, 13), 255),
    ((1, 19, 40), 4095),
    ((2, 12, 67), 0.25),
]


def similarity(a, t, peak):
    return structural_similarity(a, t, data_range=peak, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)


def figures_of(answers, targets, peak):
    errors = [mean_squared_error(a, t) for a, t in zip(answers, targets)]
    powers = [numpy.mean(t ** 2) for t in targets]
    return [
        numpy.mean(errors),
        numpy.mean(numpy.abs(answers - targets)),
        numpy.mean([peak_signal_noise_ratio(t, a, data_range=peak) for a, t in zip(answers, targets)]),
        10 * numpy.log10(peak ** 2 / numpy.mean(errors)),
        numpy.mean([10 * numpy.log10(power / error) for power, error in zip(powers, errors) if power > 0]),
        10 * numpy.log10(numpy.mean(powers) / numpy.mean(errors)),
        numpy.mean([similarity(a, t, peak) for image, target in zip(answers, targets) for a, t in zip(image, target)]),
    ]


def data_of(seed, shape, peak):
    size = int(numpy.prod(shape))
    u, v = (numpy.array(uniform(seed, stream, 0, SAMPLES * size), numpy.float32) for stream in (0, 1))
    place = numpy.arange(SAMPLES * size)
    targets = numpy.float32(peak) * u[place - place % 3]
    targets[size:2 * size] = 0
    inputs = targets + numpy.float32(peak) * (v - numpy.float32(0.5)) * numpy.float32(0.25)
    planes = (SAMPLES, shape[0] if len(shape) == 3 else 1) + shape[-2:]
    return inputs.reshape(planes), (numpy.float32(0.5) * inputs).reshape(planes), targets.reshape(planes)


def row(values):
    return "{%s}" % ", ".join("%.17g" % value for value in values)


def make():
    text = HEAD % (SAMPLES, SAMPLES, ", ".join('"%s"' % name for name in FIGURES), len(FIGURES), len(FIGURES))
    for seed, (shape, peak) in enumerate(CASES):
        inputs, outputs, targets = (array.astype(numpy.float64) for array in data_of(seed, shape, peak))
        text += "    {%d, {%s}, %.17g,\n     %s,\n     %s},\n" % (
            len(shape), ", ".join(map(str, shape)), peak, row(figures_of(outputs, targets, peak)),
            row(figures_of(inputs, targets, peak)))
    return text + TAIL


def main():
    options = table.parser_of(__doc__).parse_args()
    return table.write_or_check("figures.h", make(), options.check)


if __name__ == "__main__":
    sys.exit(main())
