#!/usr/bin/env python3
"""The example programs in Python against those in C that do the same.

    LIBDAE=build/lib/libdae.so.0 UNET_TWIN=... MNIST_DENOISE=... python3 tests/python/test_examples.py
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from binding import ROOT, dae

EXAMPLES, DATA = Path(ROOT, "examples", "python"), Path(ROOT, "examples", "data")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(dae.__file__).parents[1])}


def run(*command, folder=None):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, cwd=folder,
                          env=ENVIRONMENT).stdout


def lines_of_code(path):
    text = path.read_text(encoding="utf-8").split('"""', 2)[2]
    return len([line for line in text.splitlines() if line.strip()])


class TwinTest(unittest.TestCase):
    @unittest.skipUnless(os.environ.get("UNET_TWIN"), "needs the program that unet_twin.c makes")
    def test_each_step_of_the_unet(self):
        """The text, the loss and all parameters after each step, what comes out, and the file."""
        digits = DATA / "train-images-idx3-ubyte.gz"
        ours, theirs = run(sys.executable, EXAMPLES / "unet.py", digits), run(os.environ["UNET_TWIN"], digits)
        self.assertEqual(ours.splitlines(), theirs.splitlines())
        self.assertEqual(len(ours.splitlines()), 10)
        self.assertLessEqual(lines_of_code(EXAMPLES / "unet.py"), 20)

    @unittest.skipUnless(os.environ.get("MNIST_DENOISE"), "needs the example mnist_denoise")
    def test_the_reference_experiment(self):
        with tempfile.TemporaryDirectory() as folder:
            run(os.environ["MNIST_DENOISE"], "--data", DATA, "--output", folder, "--epochs", 2)
            expected = Path(folder, "denoiser.safetensors").read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            told = run(sys.executable, EXAMPLES / "mnist.py", DATA, 2, folder=folder).splitlines()
            self.assertEqual(Path(folder, "denoiser.safetensors").read_bytes(), expected)
            picture = Path(folder, "denoised.pgm").read_bytes()
        self.assertRegex(told[1], r"^epoch 2: loss 0\.\d+, PSNR .* dB$")
        self.assertTrue(picture.startswith(b"P5 280 84 255\n"))
        pixels = picture[-280 * 84:]
        self.assertEqual(len(picture), len(b"P5 280 84 255\n") + 280 * 84)
        clean = dae.Dataset.open(DATA / "t10k-images-idx3-ubyte.gz", "idx(scaled=no)").read(9, 1)[0]
        shown = [list(pixels[280 * line + 252:280 * line + 280]) for line in range(56, 84)]
        for exact, seen in zip(clean.tolist()[0], shown):
            self.assertTrue(all(abs(a - b) <= 1 for a, b in zip(exact, seen)))
        self.assertLess(lines_of_code(EXAMPLES / "mnist.py"), 25)


class HeartTest(unittest.TestCase):
    def test_a_recording_of_a_heart(self):
        """After an epoch it is better than before."""
        try:
            import scipy
        except ImportError:
            self.skipTest("needs scipy")
        recording = Path(scipy.__file__).parent / "misc" / "ecg.dat"
        if not recording.exists():
            self.skipTest("this scipy brings no recording")
        told = run(sys.executable, EXAMPLES / "ecg.py", recording, 1).splitlines()
        decibels = {line.rsplit(None, 2)[0]: float(line.rsplit(None, 2)[1]) for line in told}
        self.assertAlmostEqual(decibels["noisy"], 6, delta=0.2)
        self.assertGreater(decibels["denoised"], decibels["noisy"] + 2)


class NoiseTest(unittest.TestCase):
    def test_learning_without_clean_digits(self):
        """After two epochs of a thousand digits each way is far better than what went in, clean targets are best of those
        that only look at the network's output, and the value itself helps."""
        try:
            import numpy
        except ImportError:
            self.skipTest("needs numpy")
        told = run(sys.executable, EXAMPLES / "no_clean.py", DATA, 2).splitlines()
        decibels = {line.rsplit(None, 2)[0]: float(line.rsplit(None, 2)[1]) for line in told}
        before = decibels.pop("noisy")
        self.assertAlmostEqual(before, 6.05, delta=0.1)
        self.assertEqual(list(decibels), ["clean targets", "two noisy versions", "one, each value from the others alone",
                                          "one, and the value itself"])
        self.assertGreater(min(decibels.values()), 12)
        with_own = decibels.pop("one, and the value itself")
        self.assertGreater(with_own, decibels["one, each value from the others alone"])
        self.assertEqual(max(decibels.values()), decibels["clean targets"])

    def test_noise_that_was_seen_and_noise_that_was_not(self):
        head, *rows = run(sys.executable, EXAMPLES / "kinds.py", DATA, 1).splitlines()
        self.assertEqual(head.split(), ["dB", "before", "mixture", "gaussian"])
        self.assertEqual(len(rows), 9)
        self.assertGreater(float(rows[0].split()[-1]), 1)  # Gaussian noise, by who has seen nothing else


if __name__ == "__main__":
    unittest.main()
