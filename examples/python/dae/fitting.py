"""One fit of a Denoiser: what it chooses by the data, and the steps that a C program would take, in their order. Part of
dae; needs numpy."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple, Union

import numpy as np

from . import progress
from ._c import Progress
from ._library import ShapeError, StateError
from .data import Dataset, Noise
from .history import History
from .model import Model
from .samples import Array, Shape, enter, kind_of, model_shape, numbers
from .training import Optimizer, Trainer

if TYPE_CHECKING:
    from .denoiser import Denoiser

SPREAD_SAMPLES = 300  # as many are looked at to choose noise by the spread of the data
JUDGED_SAMPLES = 1000  # as many are judged where there are no validation data

# For vectors. With relu, and gradients of any size, nearly all units die on MNIST with strong noise, and 2 dB are lost.
LEAKY = "dense(%d, activation=leaky_relu(0.1)) as code | dense(%d)"
CAUTIOUS = "adam(0.002) | clip_norm(1) | cosine(epochs=%d)"

Data = Union[Dataset, Any]
Callback = Any  # a function of a Progress, or an object with on_epoch or on_step


class Pairs:
    """What fit() and score() are given: a dataset, whether its inputs are noisy already, and the shape of its samples."""

    def __init__(self, data: Dataset, given: bool, shape: Shape) -> None:
        self.data, self.given, self.shape = data, given, shape


def read(X: Data, y: Any, reshape: Callable[[Array], Array], missing: bool = False) -> Pairs:
    """reshape(array) is how the model sees samples; `missing` lets y have NaN."""
    if isinstance(X, Dataset):
        if y is not None:
            raise ValueError("X is a Dataset and y is given, expected the pair of both: X.pair(y)")
        first = X.slice(0, 1).read()
        return Pairs(X, not np.array_equal(*first), X.shape)
    X = numbers(X)
    data, labels = _dataset(reshape(X)), None if y is None else np.asarray(y)
    if labels is None or labels.ndim < 2:  # labels, which pipelines hand on
        if labels is not None and labels.shape != (len(X),):
            raise ValueError("X has %d samples and y the shape %s, expected as many" % (len(X), labels.shape))
        return Pairs(data, False, X.shape[1:])
    y = numbers(y, "y", missing)
    if y.shape != X.shape:
        raise ValueError("y has shape %s and X %s, expected clean samples of the same shape, or one label for each"
                         % (y.shape, X.shape))
    return Pairs(data.pair(_dataset(reshape(y))), True, X.shape[1:])


def _dataset(samples: Array) -> Dataset:
    """Of an array where it lies, if the library can read it there; it lives no longer than a fit or an evaluation."""
    return Dataset.borrow(samples) if samples.flags.carray else Dataset.from_array(samples)


class Fit:
    """All that one fit needs, and what it finds."""

    _model: Model
    _trainer: Trainer
    _findings: List[str]
    _figures: Dict[str, float]

    def __init__(self, owner: Denoiser, X: Data, y: Any, validation_split: float) -> None:
        self._owner, self._kind = owner, ""
        self._noise_seed = noise_seed(owner)
        if isinstance(X, Dataset):
            self._choose_model(X.target_shape)
        pairs = read(X, y, self._shape, "missing=skip" in str(owner.objective).replace(" ", ""))
        self._shape_given = pairs.shape
        train, valid = _split(pairs.data, validation_split, owner.seed)
        looked_at = [np.ravel(train.read(index, 1)[1]) for index in range(min(len(train), SPREAD_SAMPLES))]
        self._spread = float(np.nanstd(np.concatenate(looked_at).astype(np.float64)))
        self._corrupt(train, valid, pairs.given)
        self._prepare()

    def _shape(self, X: Array) -> Array:
        """Samples as the model takes them; the first ones choose the model."""
        if not self._kind:
            self._choose_model(X.shape[1:])
        return enter(X, self._model.input_shape, type(self._owner).__name__)

    def _choose_model(self, shape: Shape) -> None:
        model, seed = self._owner.model, self._owner.seed
        if isinstance(model, Model):
            self._model = _copy(model, seed)
        elif model is not None and not isinstance(model, str):
            raise TypeError("model is %r, expected a text of layers, a Model, or None" % (model,))
        elif model is not None and model.lstrip().startswith("input"):
            self._model = Model(model, seed)
        else:
            self._kind = kind_of(shape, self._owner.samples)
            shape = model_shape(shape, self._kind)
            self._model = _make(_network(shape, self._kind) if model is None else model, shape, seed)
        self._kind = self._kind or ("vectors" if len(self._model.input_shape) == 1 else "images")

    def _corrupt(self, train: Dataset, valid: Optional[Dataset], given: bool) -> None:
        noise, seed = self._owner.noise, self._noise_seed
        if noise is None and not given:
            noise = "gaussian(%.2g)" % (self._spread / 2)
        if noise is not None:
            noise = noise if isinstance(noise, Noise) else Noise(noise)
            train = train.corrupt(noise, seed, self._owner.noise_mode)
            valid = None if valid is None else valid.corrupt(noise, (seed + 1) % 2**64, "once")
        self._noise, self._train, self._valid = noise, train, valid

    def _prepare(self) -> None:
        owner, vectors, count = self._owner, self._kind == "vectors", len(self._train)
        scaling = owner.scaling
        if scaling is None and not isinstance(owner.model, Model):
            scaling = "standard" if self._spread > 0 else "none"
        if scaling is not None:
            self._model.set_scaling(scaling, self._train)
        batch = (128 if count >= 20000 else 32) if owner.batch_size is None else owner.batch_size
        self._epochs = _epochs(3000 if vectors else 1500, count, batch) if owner.epochs is None else owner.epochs
        rule = owner.optimizer
        if rule is None:
            rule = (CAUTIOUS if vectors else "adam(0.001) | cosine(epochs=%d)") % self._epochs
        self._trainer = Trainer(self._model, Optimizer(str(rule)), owner.objective, batch_size=batch, seed=owner.seed,
                                validation=self._valid)
        patience = max(5, self._epochs // 5) if owner.patience is None else owner.patience
        if self._valid is not None and patience:
            self._trainer.stop_early(patience)

    def run(self, callbacks: List[Callback], verbose: int) -> None:
        shown = progress.begin(verbose)
        listeners = callbacks + ([] if shown is None else [shown])
        try:
            self._trainer.fit(self._train, self._epochs, on_epoch=_gather(listeners, "on_epoch"),
                              on_step=_gather(listeners, "on_step"))
        except KeyboardInterrupt:
            warnings.warn("training was interrupted after %d epochs and %d steps; what it has learnt so far is kept"
                          % (self._trainer.epochs, self._trainer.steps), stacklevel=3)
        finally:
            if shown is not None:
                shown.close()
        if self._trainer.best is not None:
            self._trainer.restore_best()
        self._judge()
        if shown is not None:
            shown.say(self._findings)

    def _judge(self) -> None:
        data = self._valid
        if data is None:
            data = self._train.slice(0, min(len(self._train), JUDGED_SAMPLES))
        report = self._model.evaluate(data)
        self._figures = report.figures
        self._findings = [text for _, text in report.findings + self._trainer.findings]

    def results(self) -> Dict[str, Any]:
        """The attributes that a fitted Denoiser has."""
        history = History(self._trainer.history)
        return {"model_": self._model, "history_": history, "findings_": self._findings, "figures_": self._figures,
                "noise_": None if self._noise is None else str(self._noise), "epochs_": history.epochs,
                "sample_shape_": self._shape_given, "n_features_in_": math.prod(self._shape_given)}


def noise_seed(owner: Denoiser) -> int:
    """Of the noise of training; the next one is that of validation, the one after it that of score()."""
    return owner.seed if owner.noise_seed is None else owner.noise_seed


def _copy(model: Model, seed: int) -> Model:
    """A model of its own: with the parameters of this one, or, where it has none, with new ones."""
    try:
        return model.copy()
    except StateError:
        return Model(model.format(), seed)


def _split(data: Dataset, share: float, seed: int) -> Tuple[Dataset, Optional[Dataset]]:
    """Samples to train on, and a share of them to validate on, in an order that `seed` draws. One is left to train on."""
    if not 0 <= share < 1:
        raise ValueError("validation_split is %r, expected a share of the samples, from 0 to below 1" % (share,))
    count = min(int(len(data) * share + 0.5), len(data) - 1)
    if count == 0:
        return data, None
    valid, train = data.view("shuffle", seed).split(count)
    return train, valid


def _epochs(steps: int, count: int, batch: int) -> int:
    """As many as make about so many steps, from 5 to 100."""
    return min(max(math.ceil(steps / math.ceil(count / max(batch, 1))), 5), 100)


def _network(shape: Shape, kind: str) -> str:
    """The network that samples of this shape and kind get."""
    if kind == "vectors":
        return LEAKY % (min(max(4 * shape[0], 32), 512), shape[0])
    halvings = [depth for depth in (3, 2, 1) if all(side % 2**depth == 0 and side >= 2**depth for side in shape[1:])]
    if not halvings:
        return "dncnn(6, 24)"
    return "%s(16, %d)" % ("signal_unet" if kind == "signals" else "unet", halvings[0])


def _make(layers: str, shape: Shape, seed: int) -> Model:
    """A model for samples of any size where its layers take any, else of this one."""
    if len(shape) > 1:
        try:
            return Model("input(%d%s) | %s" % (shape[0], ", any" * (len(shape) - 1), layers), seed)
        except ShapeError:
            pass
    return Model("input(%s) | %s" % (", ".join(map(str, shape)), layers), seed)


def _gather(listeners: List[Callback], event: str) -> Optional[Callable[[Progress], bool]]:
    """One function that tells an event to all who listen for it: to functions, epochs. None where nobody does."""
    functions = []
    for listener in listeners:
        named = hasattr(listener, "on_epoch") or hasattr(listener, "on_step")
        if not named and not callable(listener):
            raise TypeError("a callback is %r, expected a function, or an object with on_epoch or on_step" % (listener,))
        function = getattr(listener, event, None) if named else listener if event == "on_epoch" else None
        if function is not None:
            functions.append(function)
    return (lambda told: any([function(told) for function in functions])) if functions else None
