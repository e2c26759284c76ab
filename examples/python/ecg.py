"""Takes white noise off an electrocardiogram: five minutes of 360 values a second, of which a network learns from four, and the
last one is held out. Beside it, the best that filters do whose parameters are tuned on the truth. Needs numpy and scipy.

    python3 examples/python/ecg.py [FILE [EPOCHS]]
"""

import os
import sys

import dae
import numpy as np
import scipy
from scipy import signal

path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(scipy.__file__), "misc", "ecg.dat")
epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
heart = np.load(path)["ecg"].astype(np.float32)
learn, test = heart[:-60 * 360], heart[-60 * 360:]
noisy = test + np.random.default_rng(3).normal(0, test.std() / 10 ** (6 / 20), test.shape).astype(np.float32)


def snr(values: np.ndarray) -> float:
    """In dB; the mean of the heart's signal does not count."""
    return float(10 * np.log10(test.astype(float).var() / np.mean((values - test.astype(float)) ** 2)))


recording = dae.Dataset.from_array(learn, (1, len(learn)))
pieces = recording.view("crops(1024, count=512)", seed=1).corrupt("gaussian(uniform(10, 90))", seed=1)
model = dae.Model("input(1, any) | signal_unet(channels=8, depth=4)", seed=1)
model.set_scaling("standard", recording)
trainer = dae.Trainer(model, "adam(2e-3) | cosine(epochs=%d)" % epochs, "mse", batch_size=16, seed=1)
trainer.fit(pieces, epochs)
denoised = np.asarray(model.apply(noisy[None])).ravel()

sizes = range(3, 41, 2)
print("noisy           %5.2f dB" % snr(noisy))
print("median          %5.2f dB" % max(snr(signal.medfilt(noisy, size)) for size in sizes))
print("Savitzky-Golay  %5.2f dB" % max(snr(signal.savgol_filter(noisy, size, order)) for size in sizes
                                       for order in range(1, min(size, 6))))
print("Wiener          %5.2f dB" % max(snr(signal.wiener(noisy, size)) for size in sizes))
print("denoised        %5.2f dB" % snr(denoised))
