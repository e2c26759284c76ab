"""Random numbers, noise and datasets, and what all objects of the library have in common. Part of dae."""

import ctypes
import itertools
import math
import os
import sys
from ctypes import byref, c_float, c_uint32

from . import _c as c
from ._c import NoiseMode

# ---- Objects -----------------------------------------------------------------------------------------


class Handle:
    """A reference to an object of the library. It is dropped with the Python object, in any order."""

    def __init_subclass__(cls, noun=None):
        if noun is not None:  # else it is a user's, of the same noun as the class above
            cls._type, cls._free = c.HANDLES[noun], "dae_%s_free" % noun

    def _create(self, function, *arguments):
        handle = self._type()
        c.call(function, byref(handle), *arguments)
        self._as_parameter_ = handle  # what ctypes passes for self

    @classmethod
    def _make(cls, function, *arguments):
        self = cls.__new__(cls)
        self._create(function, *arguments)
        return self

    @classmethod
    def _adopt(cls, handle):
        self = cls.__new__(cls)
        self._as_parameter_ = handle
        return self

    def free(self):
        """Drops the reference now."""
        handle = self.__dict__.pop("_as_parameter_", None)
        if handle is not None:
            c.call(self._free, handle)

    def __reduce__(self):
        """What copy and pickle make another from. A second reference to the same object, made here, would be dropped
        twice."""
        raise TypeError("a %s can be neither copied nor pickled: %s" % (type(self).__name__, self._instead))

    def __del__(self):
        # While Python shuts down, callbacks may be gone already; the process ends anyway.
        if not sys.is_finalizing():
            self.free()


class Rng(Handle, noun="rng"):
    """A position in a stream of random numbers. A copy goes on from the same position."""

    def __init__(self, seed, stream=0):
        self._create("dae_rng_create", seed, stream)
        self._origin = seed, stream

    def __reduce__(self):
        return type(self), self._origin, self.position

    def __setstate__(self, position):
        self.position = position

    @property
    def position(self):
        return c.get("dae_rng_get_position", c.U64, self)

    @position.setter
    def position(self, position):
        c.call("dae_rng_set_position", self, position)

    def _fill(self, function, kind, form, shape, *arguments):
        values = (kind * math.prod(c.shape_of(shape)))()
        c.call(function, self, values, len(values), *arguments)
        return c.view_of(values, c.shape_of(shape), form)

    def bits(self, shape):
        return self._fill("dae_rng_fill_bits", c_uint32, "I", shape)

    def uniform(self, shape, low=0.0, high=1.0):
        return self._fill("dae_rng_fill_uniform", c_float, "f", shape, low, high)

    def normal(self, shape, mean=0.0, stddev=1.0):
        return self._fill("dae_rng_fill_normal", c_float, "f", shape, mean, stddev)


def _in_place(function, x, *arguments):
    values, _ = c.borrow(x)
    c.call(function, values, len(values), *arguments)
    return x


def add_gaussian_noise(x, mean, stddev, rng):
    """Changes x in place, as do the next six, and returns it."""
    return _in_place("dae_add_gaussian_noise", x, mean, stddev, rng)


def add_uniform_noise(x, low, high, rng):
    return _in_place("dae_add_uniform_noise", x, low, high, rng)


def add_masking_noise(x, rate, rng):
    return _in_place("dae_add_masking_noise", x, rate, rng)


def add_salt_pepper_noise(x, rate, low, high, rng):
    return _in_place("dae_add_salt_pepper_noise", x, rate, low, high, rng)


def add_poisson_noise(x, peak, rng):
    return _in_place("dae_add_poisson_noise", x, peak, rng)


def add_speckle_noise(x, stddev, rng):
    return _in_place("dae_add_speckle_noise", x, stddev, rng)


def clip(x, low=0.0, high=1.0):
    return _in_place("dae_clip", x, low, high)


class Noise(Handle, noun="noise"):
    """A recipe, such as Noise("gaussian(0.5, mean=0.5) | clip(0, 1)")."""

    def __init__(self, text=""):
        self._create("dae_noise_parse", text.encode())

    def __reduce__(self):
        return type(self), (str(self),)

    def bind(self, name, dataset):
        """Gives mix(name, ...) its recordings, once; returns itself."""
        c.call("dae_noise_bind", self, name.encode(), dataset)
        return self

    def apply(self, x, seed, epoch=0, first=0):
        """Changes x [samples, ...] in place and returns it; row r is sample first + r."""
        values, shape = c.borrow(x)
        c.call("dae_noise_apply", self, values, shape[0], *c.sizes(shape[1:] or (1,)), seed, epoch, first)
        return x

    def __str__(self):
        return c.get_text("dae_noise_format", self)


_kept = {}  # token -> what a dataset in the library reads from, until the library drops it
_tokens = itertools.count(1)


@c.DATASET_RELEASE_FN
def _release(token):
    _kept.pop(token, None)


class Dataset(Handle, noun="dataset"):
    """Samples of one shape: from_array(), borrow(), from_function(), views, and files: open(), parse(). It never
    changes, and a copy is a view of all of it."""

    _instead = "pickle the arrays, paths and recipes that it is made of, and make it again"

    def __copy__(self):
        return self.slice(0, len(self))

    def __deepcopy__(self, _):
        return self.__copy__()

    @classmethod
    def from_array(cls, data, shape=None):
        """A copy of data [count, shape]; shape is that of one sample, by default what follows the count."""
        values, count, shape = cls._samples(*c.floats(data), shape)
        return cls._make("dae_dataset_copy_array", values, count, *c.sizes(shape))

    @classmethod
    def borrow(cls, data, shape=None):
        """Reads a writable buffer of float32 where it lies, and holds it while the library needs it."""
        values, count, shape = cls._samples(*c.borrow(data), shape)
        return cls._make_kept((values, data), "dae_dataset_borrow_array", values, count, *c.sizes(shape))

    @classmethod
    def from_function(cls, count, shape, read):
        """Samples that read(first, count) returns as an array [count, shape], always the same ones."""
        shape = c.shape_of(shape)

        def copy(first, count, out, _):
            values, _ = c.floats(read(first, count))
            if len(values) != count * math.prod(shape):
                raise ValueError("read(%d, %d) gave %d values, not %d samples of shape %r"
                                 % (first, count, len(values), count, shape))
            ctypes.memmove(out, values, ctypes.sizeof(values))
            return 0

        callback = c.DATASET_READ_FN(c.guarded(copy))
        return cls._make_kept(callback, "dae_dataset_create_callback", count, *c.sizes(shape), callback)

    @classmethod
    def open(cls, path, format=None):
        """A file; format is a text such as "idx(scaled=no)", by default known by what the file has in it."""
        return cls._make("dae_dataset_open", os.fsencode(path), c.text(format))

    @classmethod
    def parse(cls, data, format=None):
        """The bytes of a file."""
        return cls._make("dae_dataset_parse", bytes(data), len(data), c.text(format))

    @staticmethod
    def _samples(values, found, shape):
        shape = (found[1:] or (1,)) if shape is None else c.shape_of(shape)
        size = math.prod(shape)
        if size == 0 or len(values) % size:
            raise ValueError("%d values are no whole number of samples of shape %r" % (len(values), shape))
        if len(found) > 1 and math.prod(found[1:]) != size:
            raise ValueError("an array of shape %r is none of samples of shape %r: the first dimension counts samples"
                             % (tuple(found), tuple(shape)))
        return values, len(values) // size, shape

    @classmethod
    def _make_kept(cls, kept, function, *arguments):
        token = next(_tokens)
        _kept[token] = kept
        try:
            return cls._make(function, *arguments, _release, token)
        except BaseException:
            del _kept[token]  # a call that fails releases nothing
            raise

    def slice(self, first, count):
        return self._make("dae_dataset_slice", self, first, count)

    def split(self, count):
        """The first `count` samples, and the rest."""
        first, rest = c.DATASET(), c.DATASET()
        c.call("dae_dataset_split", byref(first), byref(rest), self, count)
        return self._adopt(first), self._adopt(rest)

    def corrupt(self, noise, seed, mode=NoiseMode.FRESH):
        """Noisy inputs, clean targets; noise is a Noise or its text, mode "fresh" or "once"."""
        noise = Noise(noise) if isinstance(noise, str) else noise
        return self._make("dae_dataset_corrupt", self, noise, c.pick(NoiseMode, mode), seed)

    def clip(self, low=0.0, high=1.0):
        return self._make("dae_dataset_clip", self, low, high)

    def pair(self, targets):
        return self._make("dae_dataset_pair", self, targets)

    @classmethod
    def join(cls, parts):
        """All samples of several datasets, which may differ in size."""
        handles = (c.DATASET * len(parts))(*(part._as_parameter_ for part in parts))
        return cls._make("dae_dataset_join", handles, len(parts))

    def shape_of(self, index):
        """The shape of one sample's input; `shape` has 0 for dimensions in which samples differ."""
        return c.get_shape("dae_dataset_get_shape", self, index)

    def target_shape_of(self, index):
        return c.get_shape("dae_dataset_get_target_shape", self, index)

    def view(self, text, seed=0):
        """Views by text, each upon the one before, such as "part(0, 0.8) | windows(256, hop=64)"."""
        return self._make("dae_dataset_view", self, c.text(text), seed)

    def __len__(self):
        return c.get("dae_dataset_get_count", c.SIZE, self)

    shape = property(lambda self: c.get_shape("dae_dataset_get_shape", self, c.ALL_SAMPLES))
    target_shape = property(lambda self: c.get_shape("dae_dataset_get_target_shape", self, c.ALL_SAMPLES))

    def read(self, first=0, count=None, epoch=0):
        """Inputs and targets of samples [first, first + count), by default all from first on."""
        count = len(self) - first if count is None else count
        at = first if 0 <= first < len(self) else c.ALL_SAMPLES
        shapes = (count,) + self.shape_of(at), (count,) + self.target_shape_of(at)
        inputs, targets = ((c_float * math.prod(shape))() for shape in shapes)
        c.call("dae_dataset_read", self, epoch, first, count, inputs, targets)
        return c.view_of(inputs, shapes[0]), c.view_of(targets, shapes[1])
