"""Learning to take noise off digits that nobody has seen clean: from clean targets, from two noisy versions of each digit
(Noise2Noise), and from one (Noise2Void), by one network and the same number of epochs. Prints what each gives on test digits.

    python3 examples/python/no_clean.py [FOLDER [EPOCHS]]
"""

import glob
import os
import sys
from typing import List

import numpy as np

import dae

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "data")
epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 8
stddev = 0.5


def digits(name: str, seed: int) -> dae.Dataset:
    """With noise as it is: clipped values would have another mean than the clean ones."""
    clean = dae.Dataset.open(glob.glob(os.path.join(folder, name + "-images-idx3-ubyte*"))[0])
    return clean.corrupt(dae.noise.gaussian(stddev), seed, "once")


def train(channels: int, data: dae.Dataset, objective: str) -> dae.Model:
    model = dae.Model("input(%d, 28, 28) | unet(channels=8, depth=2)" % channels, seed=1)
    dae.Trainer(model, "adam(2e-3) | cosine(epochs=%d)" % epochs, objective, batch_size=64, seed=1).fit(data, epochs)
    return model


def psnr(clean: np.ndarray, values: np.ndarray) -> float:
    """Mean over the digits, in dB."""
    return float(np.mean(-10 * np.log10(np.mean((values - clean) ** 2, axis=(1, 2, 3)))))


def moments(noisy: np.ndarray) -> np.ndarray:
    """Values, and their squares less what the noise adds to them: their means are those of what is clean."""
    return np.concatenate([noisy, noisy**2 - stddev**2], axis=1, dtype=np.float32)


def with_own(guessed: np.ndarray, noisy: np.ndarray) -> np.ndarray:
    """What the others say of a value, and the value itself, each weighed by how sure it is."""
    mean, square = guessed[:, :1], guessed[:, 1:]
    doubt = np.maximum(square - mean**2, 0)
    return mean + doubt / (doubt + stddev**2) * (noisy - mean)


def pictures(dataset: dae.Dataset) -> List[np.ndarray]:
    """Noisy and clean ones, [digits, 1, 28, 28]."""
    return [np.reshape(part, (len(dataset), 1, 28, 28)) for part in dataset.read()]


first, second = digits("train", 1), digits("train", 2)
noisy, clean = pictures(digits("t10k", 3))
print("%-38s %5.2f dB" % ("noisy", psnr(clean, noisy)))
for way, data in ("clean targets", first), ("two noisy versions", first.pair(second)):
    print("%-38s %5.2f dB" % (way, psnr(clean, train(1, data, "mse").run(noisy))), flush=True)

one = dae.Dataset.borrow(moments(pictures(first)[0]))
blind = one.pair(one).view("blind_spots(rate=0.1, radius=2)", seed=1)
guessed = train(2, blind, "mse(missing=skip)").run(moments(noisy))
print("%-38s %5.2f dB" % ("one, each value from the others alone", psnr(clean, guessed[:, :1])))
print("%-38s %5.2f dB" % ("one, and the value itself", psnr(clean, with_own(guessed, noisy))))
