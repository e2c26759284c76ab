"""Denoiser: a denoising autoencoder by the rules of scikit-learn, which it does not need. Part of dae; needs numpy."""

from __future__ import annotations

import contextlib
import inspect
import json
import math
import os
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Union

import numpy as np

from . import _c
from ._library import StateError, call
from .data import Dataset
from .fitting import Callback, Data, Fit, noise_seed, read
from .history import History
from .model import Model, Session, Stream
from .samples import Shape, enter, leave, numbers

NOTES = "denoiser."  # how the keys of notes begin that an estimator leaves in model files


class NotFittedError(StateError, ValueError, AttributeError):
    """A Denoiser was asked for what it knows after fit() only."""


class Denoiser:
    """Learns to take noise off samples: vectors [values], signals [channels, length], pictures [channels, height, width].

        denoiser = dae.Denoiser().fit(clean)         # draws the noise itself
        denoiser = dae.Denoiser().fit(noisy, clean)  # or learns from pairs
        better = denoiser.transform(noisy)

    Whatever is None is chosen by the data; texts are those of dae/*.h, and objects (Model, Noise, Optimizer) do as well.

    model: layers, with input(...) or without: two dense ones for vectors, leaky_relu between them; "signal_unet(16, 3)"
        for signals, "unet(16, 3)" for pictures, with as many levels as the sides can be halved, at most 3; "dncnn" where
        they cannot. A Model is copied, with its scaling; if it has parameters, training begins with them.
    noise: what the samples are corrupted with: Gaussian noise of half the standard deviation of the data; none where
        clean samples are given too. noise_mode: "fresh", drawn in every epoch, or "once" for all.
    objective: what training makes small, such as "huber(0.1)". With missing=skip in it, NaN in y are values not known.
    optimizer: "adam(0.002) | clip_norm(1) | cosine(epochs=...)" for vectors, "adam(0.001) | cosine(epochs=...)" for
        others.
    scaling: how the network sees the data: "standard", or "none" for data that are all the same.
    samples: "vectors", "signals" or "images". Of two dimensions [a, b], samples are taken as signals of `a` channels
        if b >= 4 a, else as images without a channel; of one dimension, as vectors.
    epochs, batch_size: enough epochs for some 3,000 steps with vectors, 1,500 with others, from 5 to 100; 32 samples,
        or 128 from 20,000 on.
    patience: epochs without a better validation loss that end the training, a fifth of all and at least 5; 0 for no
        end. Otherwise the parameters of the best epoch are those that are kept.
    seed: of parameters, order and dropout. noise_seed: of noise; `seed` if it is None.
    threads: as many as there are processors; the result does not depend on it.

    After fit(): model_, a Model; history_, a History; findings_, sentences of what was seen; figures_, by name, of the
    validation data, or of training data where there are none; noise_, the recipe, or None; epochs_, as many as were
    made; sample_shape_, n_features_in_.

    >>> import numpy as np
    >>> turns = np.linspace(0, 6, 32) + np.arange(200)[:, None]
    >>> denoiser = Denoiser(epochs=40, seed=1).fit(np.sin(turns))
    >>> noisy = np.sin(turns) + np.random.default_rng(1).normal(0, 0.35, turns.shape)
    >>> denoiser.transform(noisy).shape
    (200, 32)
    >>> denoiser.score(noisy, np.sin(turns)) > 3  # dB
    True
    """

    model_: Model
    history_: History
    findings_: List[str]
    figures_: Dict[str, float]
    noise_: Optional[str]
    epochs_: int
    sample_shape_: Shape
    n_features_in_: int

    def __init__(self, model: Any = None, noise: Any = None, objective: str = "mse", optimizer: Any = None,
                 scaling: Optional[str] = None, samples: Optional[str] = None, epochs: Optional[int] = None,
                 batch_size: Optional[int] = None, patience: Optional[int] = None, seed: int = 0,
                 noise_seed: Optional[int] = None, noise_mode: str = "fresh", threads: Optional[int] = None) -> None:
        self.model = model
        self.noise = noise
        self.objective = objective
        self.optimizer = optimizer
        self.scaling = scaling
        self.samples = samples
        self.epochs = epochs
        self.batch_size = batch_size
        self.patience = patience
        self.seed = seed
        self.noise_seed = noise_seed
        self.noise_mode = noise_mode
        self.threads = threads

    # ---- Parameters ----------------------------------------------------------------------------------

    @classmethod
    def _names(cls) -> List[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> Dict[str, Any]:
        """The parameters of the constructor by name; `deep` makes no difference."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Denoiser:
        for name in params:
            if name not in self._names():
                raise ValueError("Invalid parameter %r for estimator %s. Valid parameters are: %s."
                                 % (name, type(self).__name__, self._names()))
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """As it was made: what differs from the defaults."""
        defaults = inspect.signature(type(self).__init__).parameters
        changed = ["%s=%r" % (name, value) for name, value in self.get_params().items()
                   if value is not defaults[name].default and value != defaults[name].default]
        return "%s(%s)" % (type(self).__name__, ", ".join(changed))

    # ---- Learning ------------------------------------------------------------------------------------

    def fit(self, X: Data, y: Any = None, validation_split: float = 0.1, callbacks: Iterable[Callback] = (),
            verbose: int = 1) -> Denoiser:
        """Learns from clean samples X, to which noise is added, or, where y has the shape of X, from noisy X and clean
        y. With one number for each sample, such as the labels that a pipeline hands on, y is not looked at. X may be a
        Dataset: one that is corrupted or paired already is taken as it is, unless noise is given.

        validation_split: the share of samples that are only validated on, drawn by `seed`; 0 for none
        callbacks: functions that get a Progress after each epoch, or objects with on_epoch or on_step; a true result
            ends the training
        verbose: 1, a bar in a terminal or a notebook; 2, a line for each epoch; 0, nothing

        Ctrl-C ends the training with a warning, and what was learnt until then is kept. After an exception all is as
        before.
        """
        with _threads(self.threads):
            job = Fit(self, X, y, validation_split)
            job.run(list(callbacks), verbose)
        self.__dict__.update(job.results())
        return self

    def fit_transform(self, X: Data, y: Any = None, **fit_params: Any) -> Any:
        """fit(X, y), then transform(X)."""
        return self.fit(X, y, **fit_params).transform(X)

    # ---- Using ---------------------------------------------------------------------------------------

    def _fitted(self) -> Model:
        if "model_" not in self.__dict__:
            raise NotFittedError("This %s instance is not fitted yet. Call 'fit' with appropriate arguments before "
                                 "using it." % type(self).__name__)
        return self.model_

    def transform(self, X: Data) -> Any:
        """X without noise, in the shape of X; of a Dataset, a Dataset of what the model makes of it. A sample gives the
        same bits alone and among others."""
        model = self._fitted()
        with _threads(self.threads):
            if isinstance(X, Dataset):
                return model.map(X)
            X = numbers(X)
            inputs = enter(X, model.input_shape, type(self).__name__)
            shape = inputs.shape[1:] if 0 in model.input_shape else None
            return leave(np.asarray(Session(model, 1, shape=shape).run(inputs)), X)

    def denoise(self, sample: Any, cover: Optional[str] = None,
                progress: Optional[Callable[[int, int], Any]] = None) -> Any:
        """One sample of any size, a whole recording or a large picture, with or without its channel; an array of
        several; or a list of samples, which gives a list. `cover` and `progress` are those of Model.apply()."""
        model = self._fitted()
        if isinstance(sample, (list, tuple)) and sample and hasattr(sample[0], "shape"):
            return [self.denoise(one, cover, progress) for one in sample]
        alone = self._is_one(np.shape(sample))
        samples = numbers(np.asarray(sample)[None] if alone else sample)
        if cover is None and samples.shape[1:] == self.sample_shape_:
            outputs = self.transform(samples)
        else:
            with _threads(self.threads):
                outputs = np.stack([np.asarray(model.apply(one, cover, progress)) for one in samples])
        return outputs[0] if alone else outputs

    def _is_one(self, shape: Shape) -> bool:
        """Whether an array of this shape is one sample, not several."""
        expected = self._fitted().input_shape
        if shape == self.sample_shape_ or len(expected) == 1:
            return shape == self.sample_shape_ or len(shape) == 1
        if len(shape) == len(expected):
            return shape[0] == expected[0]
        return expected[0] == 1 and len(shape) == len(expected) - 1

    def stream(self, cover: Optional[str] = None) -> Stream:
        """A Stream, which takes noise off a signal as it comes, piece by piece."""
        return Stream(self._fitted(), cover)

    def score(self, X: Data, y: Any = None) -> float:
        """How much the SNR of all samples together grows, in dB: 10 log10(MSE of X / MSE of transform(X)). X is clean,
        and gets noise of a seed that training does not use; or noisy, where y, of its shape, is clean."""
        model = self._fitted()
        pairs = read(X, y, lambda samples: enter(samples, model.input_shape, type(self).__name__))
        data, noise = pairs.data, self.noise_ if self.noise is None else self.noise
        if not pairs.given and noise is None:
            raise ValueError("this %s has learnt from pairs: score(noisy, clean) needs both" % type(self).__name__)
        if not pairs.given:
            data = data.corrupt(noise, (noise_seed(self) + 2) % 2**64, "once")
        with _threads(self.threads):
            before, after = model.measure(data, "input_mse", "mse")
        return _ratio(before, after)

    # ---- Looking -------------------------------------------------------------------------------------

    def summary(self) -> None:
        """Prints the layers, and what the model has learnt with."""
        model = self._fitted()
        print(str(model).rstrip())
        for name, value in (("noise", self.noise_), ("objective", self.objective),
                            ("epochs", "%d, the best is %s" % (self.epochs_, self.history_.best))):
            print("%s: %s" % (name, value))
        for sentence in self.findings_:
            print(sentence)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Names of the columns that transform() gives: those of the input."""
        self._fitted()
        count = self.n_features_in_
        names = ["x%d" % index for index in range(count)] if input_features is None else list(input_features)
        if len(names) != count:
            raise ValueError("input_features has %d names, expected %d" % (len(names), count))
        return np.asarray(names, dtype=object)

    # ---- Keeping -------------------------------------------------------------------------------------

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes a model file, a .safetensors that dae_model_load() and Model.load() read; the parameters of the
        estimator, its history and findings stand in notes of the model."""
        model = self._fitted().copy()
        facts = {name: _text_of(value) for name, value in self.get_params().items()}
        for key, value in (("parameters", facts), ("shape", self.sample_shape_), ("findings", self.findings_),
                           ("figures", self.figures_), ("history", dict(self.history_))):
            text = json.dumps(value)
            if len(text.encode()) <= _c.MAX_NOTE_TEXT:  # of a history with very many epochs, the model comes first
                model.set_note(NOTES + key, text)
        model.save(path)

    @classmethod
    def load(cls, path: Union[str, os.PathLike[str]]) -> Denoiser:
        """An estimator that is fitted already, from a file of save() or any other model file, of the C library say."""
        model = Model.load(path)
        notes = {key[len(NOTES):]: json.loads(text) for key, text in model.notes.items() if key.startswith(NOTES)}
        for key in notes:
            model.set_note(NOTES + key, None)
        parameters = notes.get("parameters", {"model": model.format()})
        self = cls(**{name: value for name, value in parameters.items() if name in cls._names()})
        history, shape = History(notes.get("history", {})), tuple(notes.get("shape", model.input_shape))
        noise = None if model.noise is None else str(model.noise)
        self.__dict__.update(model_=model, noise_=noise, history_=history, epochs_=history.epochs,
                             findings_=notes.get("findings", []), figures_=notes.get("figures", {}),
                             sample_shape_=shape, n_features_in_=math.prod(shape))
        return self

    # ---- What scikit-learn asks for ------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return "model_" in self.__dict__

    def _more_tags(self) -> Dict[str, Any]:
        return {"preserves_dtype": [np.float32], "X_types": ["2darray", "3darray"]}

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags  # type: ignore[import]
        return Tags(estimator_type=None, target_tags=TargetTags(required=False),
                    transformer_tags=TransformerTags(preserves_dtype=["float32"]),
                    input_tags=InputTags(two_d_array=True, three_d_array=True))


def _ratio(before: float, after: float) -> float:
    """in dB"""
    if before == after:
        return 0.0
    return math.inf if after == 0 else -math.inf if before == 0 else 10 * math.log10(before / after)


def _text_of(value: Any) -> Any:
    """A parameter as JSON knows it: objects of the library as their texts."""
    if isinstance(value, Model):
        return value.format()
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)


@contextlib.contextmanager
def _threads(count: Optional[int]) -> Iterator[None]:
    """Lets the library work with so many threads meanwhile; None: as many as ever."""
    if count is None:
        yield
        return
    before = call("dae_get_num_threads")
    call("dae_set_num_threads", count)
    try:
        yield
    finally:
        call("dae_set_num_threads", before)
