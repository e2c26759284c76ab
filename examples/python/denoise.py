#!/usr/bin/env python3
"""Trains a denoising autoencoder on handwritten digits and shows what it does to one of them.

    LIBDAE=build/lib/libdae.so.0 python3 examples/python/denoise.py

Without --data it uses the 1,000 digits that come with libdae: enough to watch it work, too few to judge it.
With --data it reads train-images-idx3-ubyte and t10k-images-idx3-ubyte (or the same with .gz) from a folder.
"""

import argparse
import os
import sys

import dae

BUNDLED = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "data")
SHADES = " .:-=+*#%@"


def open_images(folder, name):
    for path in (os.path.join(folder, name), os.path.join(folder, name + ".gz")):
        try:
            os.stat(path)
        except FileNotFoundError:
            continue
        return dae.Dataset.open(path)
    raise FileNotFoundError("%s has neither %s nor %s.gz" % (folder, name, name))


def make_model(pixels, hidden, seed):
    model = dae.Model("input(%d) | dense(%d, activation=relu) | dense(%d, activation=sigmoid)"
                            % (pixels, hidden, pixels))
    return model.initialize(seed)


def print_epoch(progress):
    print("epoch %2d/%d   loss %.4f   validation loss %.4f   PSNR %.2f dB   %.1f s"
          % (progress.epoch, progress.epochs, progress.loss, progress.validation_loss,
             progress.validation_psnr, progress.epoch_seconds))


def print_digits(*images):
    """Images of 28 x 28 side by side, two rows of pixels in a line of text."""
    def shade(value):
        return SHADES[min(max(int(value * len(SHADES)), 0), len(SHADES) - 1)]

    for row in range(0, 28, 2):
        print("   ".join("".join(shade((image[28 * row + k] + image[28 * row + 28 + k]) / 2)
                                 for k in range(28)) for image in images))


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage before it."""

    def error(self, message):
        self.exit(2, "%s: %s; --help lists the options\n" % (self.prog, message))


def whole_number(low, high):
    """A type of argument: what the library takes, so that the message names the option."""
    def parse(text):
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            raise argparse.ArgumentTypeError("found '%s', expected a whole number from %d to %d" % (text, low, high))
        return number
    return parse


def parse_arguments():
    parser = Parser(description=__doc__.splitlines()[0],
                    epilog="The library is the file that the environment variable LIBDAE names, such as "
                           "build/lib/libdae.so.0; without it, the one that the system's loader finds.")
    parser.add_argument("--data", metavar="DIR", default=BUNDLED,
                        help="folder with MNIST's image files; default: the digits that come with libdae")
    parser.add_argument("--epochs", metavar="N", type=whole_number(1, 2**32 - 1), default=20,
                        help="default: %(default)s")
    parser.add_argument("--batch-size", metavar="N", type=whole_number(1, 2**20), default=32,
                        help="default: %(default)s")
    parser.add_argument("--hidden", metavar="N", type=whole_number(1, 2**31 - 1), default=128,
                        help="units of the hidden layer (%(default)s)")
    parser.add_argument("--learning-rate", metavar="X", type=float, default=1e-3,
                        help="of Adam (%(default)s)")
    parser.add_argument("--noise", default="gaussian(mean=0.5, stddev=0.5) | clip(0, 1)", metavar="RECIPE",
                        help="default: %(default)s")
    parser.add_argument("--seed", metavar="N", type=whole_number(0, 2**64 - 1), default=1, help="default: %(default)s")
    parser.add_argument("--save", metavar="FILE", help="write the model to a safetensors file")
    return parser.parse_args()


def run(options):
    clean = open_images(options.data, "train-images-idx3-ubyte")
    test = open_images(options.data, "t10k-images-idx3-ubyte")
    noisy = clean.corrupt(options.noise, seed=options.seed)             # drawn anew in every epoch
    noisy_test = test.corrupt(options.noise, seed=(options.seed + 1) % 2**64, mode="once")
    print(dae.describe())
    print("%d training and %d test images, noise: %s\n" % (len(clean), len(test), dae.Noise(options.noise)))

    model = make_model(28 * 28, options.hidden, options.seed)
    print(model)
    trainer = dae.Trainer(model, dae.optimizer.adam(options.learning_rate), "mse", seed=options.seed,
                          batch_size=options.batch_size, validation=noisy_test)
    trainer.fit(noisy, options.epochs, on_epoch=print_epoch)

    report = model.evaluate(noisy_test)
    print("\nPSNR of the noisy test images %.2f dB, denoised %.2f dB; %.0f %% of the outputs are dead"
          % (report["input_psnr"], report["psnr"], 100 * report["dead_outputs"]))
    for _, text in report.findings + trainer.findings:
        print(text)

    (noisy_digit,), (clean_digit,) = (rows.tolist() for rows in noisy_test.read(0, 1))
    (denoised,) = model.run([sum(noisy_digit, [])]).tolist()
    print("\nnoisy, denoised and clean:\n")
    print_digits(sum(noisy_digit, []), denoised, sum(clean_digit, []))
    if options.save:
        model.save(options.save)
        print("\nwrote %s" % options.save)


def main():
    options = parse_arguments()
    try:
        run(options)
        sys.stdout.flush()  # a full disk may show only now
    except KeyboardInterrupt:
        print("\ninterrupted")
        return 130
    except (dae.Error, OSError, ImportError) as error:
        print("denoise.py: %s" % error, file=sys.stderr)
        # What cannot be written is not tried again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
