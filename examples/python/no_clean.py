"""Learning to take noise off digits that nobody has seen clean: from clean targets, from two noisy versions of each digit
(Noise2Noise), and from one (Noise2Void), by one network and the same number of epochs. Prints what each gives on test digits.

    python3 examples/python/no_clean.py [FOLDER [EPOCHS]]
"""

import glob
import os
import sys

import dae

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "data")
epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 8
network = "input(1, 28, 28) | unet(channels=8, depth=2)"


def digits(name: str, seed: int) -> dae.Dataset:
    """With noise as it is: clipped values would have another mean than the clean ones."""
    clean = dae.Dataset.open(glob.glob(os.path.join(folder, name + "-images-idx3-ubyte*"))[0])
    return clean.corrupt("gaussian(0.5)", seed)


first, second, test = digits("train", 1), digits("train", 2), digits("t10k", 3)
one_version = first.pair(first)  # inputs as targets
ways = [("clean targets", first, "mse"),
        ("two noisy versions", first.pair(second), "mse"),
        ("one noisy version", one_version.view("blind_spots(rate=0.1, radius=2)", seed=1), "mse(missing=skip)")]

for way, data, objective in ways:
    model = dae.Model(network, seed=1)
    dae.Trainer(model, "adam(2e-3) | cosine(epochs=%d)" % epochs, objective, batch_size=64, seed=1).fit(data, epochs)
    before, after = model.measure(test, "input_psnr", "psnr")
    print("%-20s %5.2f dB before, %5.2f dB after" % (way, before, after), flush=True)
