"""One network that has seen six kinds of noise, and one that has seen Gaussian noise alone: what each of them gains on digits
with those kinds, and with three that neither has seen.

    python3 examples/python/kinds.py [FOLDER [EPOCHS]]
"""

import glob
import os
import sys

import dae

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "data")
epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 8
network = "input(1, 28, 28) | unet(channels=8, depth=2)"

seen = ["gaussian(0.4)", "salt_pepper(0.3, 0, 1)", "masking(0.5)", "poisson(2)", "blocks(3, 8, 8)", "speckle(0.6) | gaussian(0.1)"]
unseen = ["uniform(-0.6, 0.6)", "coloured(1, 0.3)", "blur(1.2) | gaussian(0.1)"]


def digits(name: str, noise: str, seed: int) -> dae.Dataset:
    clean = dae.Dataset.open(glob.glob(os.path.join(folder, name + "-images-idx3-ubyte*"))[0])
    return clean.corrupt(noise + " | clip(0, 1)", seed)


def train(noise: str) -> dae.Model:
    model = dae.Model(network, seed=1)
    trainer = dae.Trainer(model, "adam(2e-3) | cosine(epochs=%d)" % epochs, "mse", batch_size=64, seed=1)
    trainer.fit(digits("train", noise, 1), epochs)
    return model


mixture = train("one_of(%s)" % ", ".join("1: " + kind for kind in seen))
gaussian = train("gaussian(uniform(0.1, 0.6))")

print("%-30s %7s %8s %8s" % ("dB", "before", "mixture", "gaussian"))
for kind in seen + unseen:
    test = digits("t10k", kind, 2)
    before, by_mixture = mixture.measure(test, "input_psnr", "psnr")
    print("%-30s %7.2f %+8.2f %+8.2f" % (kind, before, by_mixture - before, gaussian.measure(test, "psnr")[0] - before))
