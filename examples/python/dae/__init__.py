"""libdae from Python 3.8 or newer, by ctypes.

    import dae

    clean = dae.Dataset.open("train-images-idx3-ubyte.gz")
    noisy = clean.corrupt("gaussian(mean=0.5, stddev=0.5) | clip(0, 1)", seed=1)
    model = dae.Model.parse("input(28, 28) | dense(128, activation=relu) | dense(784, activation=sigmoid)")
    model.initialize(seed=1)
    trainer = dae.Trainer(model, dae.Optimizer.adam(1e-3), "mse", batch_size=256)
    trainer.fit(noisy, epochs=5, on_epoch=lambda p: print(p.epoch, p.loss))
    print(model.evaluate(noisy))

The library is looked for, in this order: the path given to load(), the environment variable LIBDAE, what
the system's loader knows as "dae", and "libdae.so.0".

Arrays may be anything with a buffer of float32 (numpy, array.array("f"), memoryview, ctypes) or nested lists
of numbers. The first dimension counts samples, the others hold one; where the size of a sample is known, an array
with one dimension holds samples back to back. Results are numpy arrays if numpy is there, otherwise
memoryviews with format "f" and a shape.
Formulae, units, ranges and defaults are told in include/dae/*.h, one header for each class.
"""

from . import _c
from ._c import (CheckpointFailure, DaeError, Event, Finding, Interval, NoiseMode, Precision,
                 Progress, Status, load)
from ._kinds import Kinds, facts, kinds, recipe_steps
from .data import (Dataset, Noise, Rng, add_gaussian_noise, add_masking_noise, add_poisson_noise,
                   add_salt_pepper_noise, add_speckle_noise, add_uniform_noise, clip)
from .model import Layer, Model, Report, Session, Stream
from .training import Optimizer, Trainer


def version():
    return _c.call("dae_version_string").decode()


def describe():
    """One line on what does the work here."""
    return _c.get_text("dae_runtime_describe")


def __getattr__(name):
    """dae.noise, dae.layer and so on: the Kinds of each category that the library lists."""
    if name.startswith("__") or name not in kinds():
        raise AttributeError("module 'dae' has no attribute %r" % name)
    return Kinds(name)


def get_num_threads():
    return _c.call("dae_get_num_threads")


def set_num_threads(count):
    _c.call("dae_set_num_threads", count)
