"""libdae: denoising autoencoders.

>>> import dae
>>> clean = dae.Dataset.from_array([[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]] * 8)
>>> noisy = clean.corrupt(dae.noise.gaussian(0.2) | dae.noise.clip(0, 1), seed=1)
>>> model = dae.Model("input(4) | dense(8, activation=tanh) | dense(4)", seed=1)
>>> trainer = dae.Trainer(model, "adam(0.01)", "mse", batch_size=4)
>>> trainer.fit(noisy, epochs=20)
True
>>> trainer.history["loss"][-1] < trainer.history["loss"][0]
True
>>> model.run([[0.1, 0.8, 0.2, 0.9]]).shape
(1, 4)

Recipes of noise, networks, optimizers and so on are texts, or come from constructors, which are made from what the loaded
library lists: dae.noise.gaussian, dae.layer.conv2d, dae.optimizer.adamw; help() has their parameters.

Denoiser does all of it at once, as an estimator of scikit-learn does: dae.Denoiser().fit(clean).transform(noisy). It needs
numpy.

Arrays may be anything that numpy makes an array of numbers of, or, without numpy, whatever has a buffer of float32
(array.array("f"), memoryview, ctypes) and nested lists of numbers. Contiguous float32 is used where it lies, all else is
converted; what a masked array masks becomes NaN, a missing value. The first dimension counts samples, the others hold one;
where the size of a sample is known, an array of one dimension holds samples back to back. Results are numpy arrays if
numpy is there, otherwise memoryviews with format "f" and a shape.

The library is the file that the environment variable LIBDAE names, or else the one in this package, the one that was built
in build/ of the checkout that this package is part of, that of an installed wheel, or the system's libdae.so.0.

Formulae, units, ranges and defaults are told in the headers, include/dae/*.h, one for each class.
"""

from __future__ import annotations

from ._c import CheckpointFailure, Event, Finding, Interval, NoiseMode, Precision, Progress, Status
from ._kinds import Kinds, Recipe, facts, kinds, recipe_steps
from ._library import (ArgumentError, CallbackError, CancelledError, Error, FormatError, IOError, MemoryError,
                       NotFiniteError, ShapeError, StateError, UnsupportedError, call, get_text, load)
from .data import (Dataset, Noise, Rng, add_gaussian_noise, add_masking_noise, add_poisson_noise,
                   add_salt_pepper_noise, add_speckle_noise, add_uniform_noise, clip)
from .model import Layer, Model, Report, Session, Stream
from .training import Optimizer, Trainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    from ._constructors import *  # noqa: F403
    from .denoiser import Denoiser as Denoiser

__all__ = [
    "ArgumentError", "CallbackError", "CancelledError", "CheckpointFailure", "Dataset", "Error", "Event", "Finding",
    "FormatError", "IOError", "Interval", "Kinds", "Layer", "MemoryError", "Model", "Noise", "NoiseMode", "NotFiniteError",
    "Optimizer", "Precision", "Progress", "Recipe", "Report", "Rng", "Session", "ShapeError", "StateError", "Status",
    "Stream", "Trainer", "UnsupportedError", "add_gaussian_noise", "add_masking_noise", "add_poisson_noise",
    "add_salt_pepper_noise", "add_speckle_noise", "add_uniform_noise", "clip", "describe", "facts", "get_num_threads",
    "kinds", "load", "recipe_steps", "set_num_threads", "version"]


def version() -> str:
    """Of the loaded library."""
    text: bytes = call("dae_version_string")
    return text.decode()


def describe() -> str:
    """One line on what does the work here."""
    return get_text("dae_runtime_describe")


def get_num_threads() -> int:
    """How many threads the library works with."""
    count: int = call("dae_get_num_threads")
    return count


def set_num_threads(count: int) -> None:
    """Works with so many threads from now on; 0: as many as there are processors for this process."""
    call("dae_set_num_threads", count)


if not TYPE_CHECKING:
    def __getattr__(name: str) -> Any:
        """dae.noise, dae.layer and so on: the constructors of each category that the library lists. Denoiser is imported when
        it is asked for, since it needs numpy."""
        if name == "__version__":
            return version()
        if name == "Denoiser":
            from .denoiser import Denoiser
            globals()[name] = Denoiser
            return Denoiser
        if name.startswith("_") or name not in kinds():
            raise AttributeError("module 'dae' has no attribute %r" % name)
        globals()[name] = Kinds(name)
        return globals()[name]


def __dir__() -> List[str]:
    return sorted({*globals(), *kinds(), "Denoiser"})
