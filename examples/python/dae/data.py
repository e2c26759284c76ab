"""Random numbers, noise and datasets."""

from __future__ import annotations

import ctypes
import itertools
import math
import os
from ctypes import byref, c_float, c_uint32

from . import _arrays, _c
from ._c import NoiseMode
from ._handle import Handle
from ._kinds import Recipe
from ._library import call, get, get_shape, get_text, guarded, pick, shape_of, sizes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Sequence, Tuple, Type, TypeVar, Union

    Shape = Union[int, Sequence[int]]
    D = TypeVar("D", bound="Dataset")


class Rng(Handle, noun="rng"):
    """A position in a stream of random numbers. A copy goes on from the same position.

    >>> rng = Rng(seed=1)
    >>> values = rng.uniform((2, 3), low=-1, high=1)
    >>> rng.position
    8
    """

    def __init__(self, seed: int, stream: int = 0) -> None:
        self._create("dae_rng_create", seed, stream)
        self._origin = seed, stream

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), self._origin, self.position

    def __setstate__(self, position: int) -> None:
        self.position = position

    @property
    def position(self) -> int:
        """How many numbers have been drawn, in whole blocks of 4; it may be set."""
        position: int = get("dae_rng_get_position", _c.U64, self)
        return position

    @position.setter
    def position(self, position: int) -> None:
        call("dae_rng_set_position", self, position)

    def _fill(self, function: str, kind: Any, shape: Shape, *arguments: float) -> Any:
        values, view = _arrays.new(shape_of(shape), kind)
        call(function, self, values, len(values), *arguments)
        return view

    def bits(self, shape: Shape) -> Any:
        """Whole numbers from 0 to 2^32 - 1."""
        return self._fill("dae_rng_fill_bits", c_uint32, shape)

    def uniform(self, shape: Shape, low: float = 0.0, high: float = 1.0) -> Any:
        """Numbers in [low, high)."""
        return self._fill("dae_rng_fill_uniform", c_float, shape, low, high)

    def normal(self, shape: Shape, mean: float = 0.0, stddev: float = 1.0) -> Any:
        """Numbers of a normal distribution."""
        return self._fill("dae_rng_fill_normal", c_float, shape, mean, stddev)


def _in_place(function: str, x: Any, *arguments: Any) -> Any:
    values, _ = _arrays.borrow(x)
    call(function, values, len(values), *arguments)
    return x


def add_gaussian_noise(x: Any, mean: float, stddev: float, rng: Rng) -> Any:
    """Changes x in place, as do the next six, and returns it."""
    return _in_place("dae_add_gaussian_noise", x, mean, stddev, rng)


def add_uniform_noise(x: Any, low: float, high: float, rng: Rng) -> Any:
    """Adds numbers in [low, high)."""
    return _in_place("dae_add_uniform_noise", x, low, high, rng)


def add_masking_noise(x: Any, rate: float, rng: Rng) -> Any:
    """Sets each value to 0 with probability rate."""
    return _in_place("dae_add_masking_noise", x, rate, rng)


def add_salt_pepper_noise(x: Any, rate: float, low: float, high: float, rng: Rng) -> Any:
    """Sets each value to low or high with probability rate."""
    return _in_place("dae_add_salt_pepper_noise", x, rate, low, high, rng)


def add_poisson_noise(x: Any, peak: float, rng: Rng) -> Any:
    """Counts of a Poisson distribution, of which 1 has the mean peak."""
    return _in_place("dae_add_poisson_noise", x, peak, rng)


def add_speckle_noise(x: Any, stddev: float, rng: Rng) -> Any:
    """Multiplies by numbers of a normal distribution around 1."""
    return _in_place("dae_add_speckle_noise", x, stddev, rng)


def clip(x: Any, low: float = 0.0, high: float = 1.0) -> Any:
    """What is below low becomes low, and what is above high becomes high."""
    return _in_place("dae_clip", x, low, high)


class Noise(Handle, noun="noise"):
    """A recipe, such as Noise("gaussian(0.5, mean=0.5) | clip(0, 1)") or Noise(dae.noise.mix(street, snr=10)), where
    street is a Dataset.

    >>> str(Noise("clip(0, 1)"))
    'clip(low=0, high=1)'
    """

    def __init__(self, text: str = "") -> None:
        self._create("dae_noise_parse", text)
        self._recordings: Dict[str, Dataset] = {}
        for name, dataset in getattr(text, "recordings", {}).items():
            self.bind(name, dataset)

    def __reduce__(self) -> Tuple[Any, ...]:
        return _rebuild, (type(self), str(self), self.__dict__.get("_recordings", {}))

    def bind(self, name: str, dataset: Dataset) -> Noise:
        """Gives mix(name, ...) its recordings, once; returns itself."""
        call("dae_noise_bind", self, name, dataset)
        self.__dict__.setdefault("_recordings", {})[name] = dataset
        return self

    def apply(self, x: Any, seed: int, epoch: int = 0, first: int = 0) -> Any:
        """Changes x [samples, ...] in place and returns it; row r is sample first + r."""
        values, shape = _arrays.borrow(x)
        call("dae_noise_apply", self, values, shape[0], *sizes(shape[1:] or (1,)), seed, epoch, first)
        return x

    def __str__(self) -> str:
        return get_text("dae_noise_format", self)


def _rebuild(kind: Type[Noise], text: str, recordings: Dict[str, Any]) -> Noise:
    recipe = Recipe(text)
    recipe.recordings = recordings
    return kind(recipe)


_kept: Dict[int, Any] = {}  # token -> what a dataset in the library reads from, until the library drops it
_tokens = itertools.count(1)
_names = itertools.count(1)


def _release_kept(token: Any) -> None:
    _kept.pop(token, None)


_release = _c.DATASET_RELEASE_FN(_release_kept)


class Dataset(Handle, noun="dataset"):
    """Samples of one shape: from_array(), borrow(), from_function(), views, and files: open(), parse(). It never
    changes, and a copy is a view of all of it.

    >>> data = Dataset.from_array([[1, 2], [3, 4], [5, 6]])
    >>> len(data), data.shape
    (3, (2,))
    >>> data.view("index(2, 0)").read()[0].tolist()
    [[5.0, 6.0], [1.0, 2.0]]
    """

    _instead = "pickle the arrays, paths and recipes that it is made of, and make it again"

    def __copy__(self: D) -> D:
        return self.slice(0, len(self))

    def __deepcopy__(self: D, _: Any) -> D:
        return self.__copy__()

    @property
    def name(self) -> str:
        """What recipes call it, as in dae.noise.mix(street, snr=10); it may be set, once before that."""
        return str(self.__dict__.setdefault("_name", "recording%d" % next(_names)))

    @name.setter
    def name(self, name: str) -> None:
        self._name = name

    @classmethod
    def from_array(cls: Type[D], data: Any, shape: Optional[Shape] = None) -> D:
        """A copy of data [count, shape]; shape is that of one sample, by default what follows the count."""
        values, count, found = _arrays.samples(data, shape)
        return cls._make("dae_dataset_copy_array", values, count, *sizes(found))

    @classmethod
    def borrow(cls: Type[D], data: Any, shape: Optional[Shape] = None) -> D:
        """Reads a writable buffer of float32 where it lies, and holds it while the library needs it."""
        values, count, found = _arrays.samples(data, shape, borrowed=True)
        return cls._make_kept((values, data), "dae_dataset_borrow_array", values, count, *sizes(found))

    @classmethod
    def from_function(cls: Type[D], count: int, shape: Shape, read: Callable[[int, int], Any]) -> D:
        """Samples that read(first, count) returns as an array [count, shape], always the same ones."""
        shape = shape_of(shape)
        size = math.prod(shape)

        def copy(first: int, count: int, out: Any, _: Any) -> int:
            values, _ = _arrays.floats(read(first, count))
            if len(values) != count * size:
                raise ValueError("read(%d, %d) gave %d values, not %d samples of shape %r"
                                 % (first, count, len(values), count, shape))
            ctypes.memmove(out, values, ctypes.sizeof(values))
            return 0

        callback = _c.DATASET_READ_FN(guarded(copy))
        return cls._make_kept(callback, "dae_dataset_create_callback", count, *sizes(shape), callback)

    @classmethod
    def open(cls: Type[D], path: Any, format: Optional[str] = None) -> D:
        """A file; format is a text such as "idx(scaled=no)", by default known by what the file has in it."""
        return cls._make("dae_dataset_open", os.fsencode(path), format)

    @classmethod
    def parse(cls: Type[D], data: Any, format: Optional[str] = None) -> D:
        """The bytes of a file."""
        return cls._make("dae_dataset_parse", bytes(data), len(data), format)

    @classmethod
    def _make_kept(cls: Type[D], kept: Any, function: str, *arguments: Any) -> D:
        token = next(_tokens)
        _kept[token] = kept
        try:
            return cls._make(function, *arguments, _release, token)
        except BaseException:
            del _kept[token]  # a call that fails releases nothing
            raise

    def slice(self: D, first: int, count: int) -> D:
        """The samples [first, first + count)."""
        return self._make("dae_dataset_slice", self, first, count)

    def split(self: D, count: int) -> Tuple[D, D]:
        """The first `count` samples, and the rest."""
        first, rest = _c.DATASET(), _c.DATASET()
        call("dae_dataset_split", byref(first), byref(rest), self, count)
        return self._adopt(first), self._adopt(rest)

    def corrupt(self: D, noise: Union[Noise, str], seed: int, mode: Union[NoiseMode, str] = NoiseMode.FRESH) -> D:
        """Noisy inputs, clean targets; noise is a Noise or its text, mode "fresh" or "once"."""
        noise = Noise(noise) if isinstance(noise, str) else noise
        return self._make("dae_dataset_corrupt", self, noise, pick(NoiseMode, mode), seed)

    def clip(self: D, low: float = 0.0, high: float = 1.0) -> D:
        """Inputs below low become low, and those above high become high."""
        return self._make("dae_dataset_clip", self, low, high)

    def pair(self: D, targets: Dataset) -> D:
        """These inputs, with the inputs of another dataset as targets."""
        return self._make("dae_dataset_pair", self, targets)

    @classmethod
    def join(cls: Type[D], parts: Sequence[Dataset]) -> D:
        """All samples of several datasets, which may differ in size."""
        handles = (_c.DATASET * len(parts))(*(part._as_parameter_ for part in parts))
        return cls._make("dae_dataset_join", handles, len(parts))

    def shape_of(self, index: int) -> Tuple[int, ...]:
        """The shape of one sample's input; `shape` has 0 for dimensions in which samples differ."""
        return get_shape("dae_dataset_get_shape", self, index)

    def target_shape_of(self, index: int) -> Tuple[int, ...]:
        """The shape of one sample's target."""
        return get_shape("dae_dataset_get_target_shape", self, index)

    def view(self: D, text: str, seed: int = 0) -> D:
        """Views by text, each upon the one before, such as "part(0, 0.8) | windows(256, hop=64)"."""
        return self._make("dae_dataset_view", self, text, seed)

    def save(self, path: Any, format: Optional[str] = None) -> None:
        """Writes the samples to a file, or one file each to a folder, whose path ends in "/"."""
        call("dae_dataset_save", self, os.fsencode(path), format)

    def fact(self, name: str, index: Optional[int] = None) -> str:
        """What is known of a sample, or of all, beside values: its "path", its "rate"; "" where nothing is."""
        return get_text("dae_dataset_get_fact", self, _c.ALL_SAMPLES if index is None else index, name)

    def __len__(self) -> int:
        count: int = get("dae_dataset_get_count", _c.SIZE, self)
        return count

    @property
    def shape(self) -> Tuple[int, ...]:
        """Of the input of a sample."""
        return self.shape_of(_c.ALL_SAMPLES)

    @property
    def target_shape(self) -> Tuple[int, ...]:
        """Of the target of a sample."""
        return self.target_shape_of(_c.ALL_SAMPLES)

    def read(self, first: int = 0, count: Optional[int] = None, epoch: int = 0) -> Tuple[Any, Any]:
        """Inputs and targets of samples [first, first + count), by default all from first on."""
        count = len(self) - first if count is None else count
        at = first if 0 <= first < len(self) else _c.ALL_SAMPLES
        inputs, seen_inputs = _arrays.new((max(count, 0),) + self.shape_of(at))
        targets, seen_targets = _arrays.new((max(count, 0),) + self.target_shape_of(at))
        call("dae_dataset_read", self, epoch, first, count, inputs, targets)
        return seen_inputs, seen_targets
