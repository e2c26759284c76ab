"""Arrays of samples: what they may hold, and how their samples lie before a model. Part of dae; needs numpy.

A model takes vectors [values], signals [channels, length] or pictures [channels, height, width]. Arrays have one
dimension more, which counts samples. Where the one channel of a signal or a picture is not there, it is added, and taken
away from what comes out.
"""

from __future__ import annotations

import math
from typing import Any, Optional, Tuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Shape = Tuple[int, ...]

KINDS = ("vectors", "signals", "images")


def numbers(data: Any, name: str = "X", missing: bool = False) -> Array:
    """`data` as an array of float32 of at least two dimensions, none of them 0. Values are finite; with `missing` they
    may also be NaN, which masked values become."""
    if hasattr(data, "toarray"):
        raise TypeError("%s is a sparse matrix, expected a dense one: %s.toarray()" % (name, name))
    values = np.asarray(data)
    if values.dtype.kind == "c":
        raise ValueError("%s is complex. Complex data not supported: denoise its parts as two channels" % name)
    if isinstance(data, np.ma.MaskedArray):
        values = np.ma.asarray(data).astype(np.float32).filled(np.nan)  # type: ignore[no-untyped-call]
    with np.errstate(over="ignore"):  # what float32 cannot hold is an infinity, and refused
        values = values.astype(np.float32, copy=False)
    if values.ndim < 2:
        raise ValueError("%s has shape %s, expected samples along its first dimension. Reshape your data: "
                         "X.reshape(1, -1) is one sample, X.reshape(-1, 1) are samples of one value"
                         % (name, values.shape))
    if len(values) == 0:
        raise ValueError("%s has 0 sample(s) (shape=%s) while a minimum of 1 is required." % (name, values.shape))
    if values.size == 0:
        raise ValueError("%s has 0 feature(s) (shape=%s) while a minimum of 1 is required." % (name, values.shape))
    wrong = ~(np.isfinite(values) | np.isnan(values) if missing else np.isfinite(values))
    if wrong.any():
        sample, *place = (int(index) for index in np.argwhere(wrong)[0])
        raise ValueError("%s has a NaN or an infinity (inf) in float32: sample %d is %s at %s, expected finite values"
                         % (name, sample, values[(sample, *place)], place))
    return values


def kind_of(shape: Shape, samples: Optional[str]) -> str:
    """What samples of this shape are: one of KINDS. [values] are vectors; [a, b] are signals of `a` channels where b is
    at least 4 a, else images; [channels, height, width] are images.

    >>> kind_of((64,), None), kind_of((2, 1000), None), kind_of((28, 28), None), kind_of((3, 32, 32), None)
    ('vectors', 'signals', 'images', 'images')
    >>> kind_of((1000,), "signals")
    'signals'
    """
    if samples is not None and samples not in KINDS:
        raise ValueError("samples is %r, expected one of %s, or None" % (samples, ", ".join(KINDS)))
    most = {"vectors": 8, "signals": 2, "images": 3}
    if samples is not None and not {"images": 2}.get(samples, 1) <= len(shape) <= most[samples]:
        raise ValueError("samples of shape %s are no %s" % (shape, samples))
    if samples is None and len(shape) > 3:
        raise ValueError("samples have shape %s, expected [values], [channels, length], [height, width] or [channels, "
                         "height, width]; samples='vectors' takes any" % (shape,))
    if samples is None and len(shape) == 3 and shape[2] in (1, 3, 4) and shape[0] > 4:
        raise ValueError("samples have shape %s, where the last dimension looks like channels; they come first: "
                         "X.transpose(0, 3, 1, 2). samples='images' takes them as they are" % (shape,))
    if samples is not None:
        return samples
    if len(shape) == 2:
        return "signals" if shape[1] >= 4 * shape[0] else "images"
    return "vectors" if len(shape) == 1 else "images"


def model_shape(shape: Shape, kind: str) -> Shape:
    """The shape that a model has for samples of a shape and kind: with the channel, and flat for vectors.

    >>> model_shape((28, 28), "images"), model_shape((500,), "signals"), model_shape((28, 28), "vectors")
    ((1, 28, 28), (1, 500), (784,))
    """
    if kind == "vectors":
        return (math.prod(shape),)
    return (1,) * ((2 if kind == "signals" else 3) - len(shape)) + shape


def enter(X: Array, expected: Shape, owner: str) -> Array:
    """X as a model takes it whose input has the shape `expected`, 0 for any size: as it is, with a channel, or flat."""
    shape = X.shape[1:]
    for candidate in (shape, (1,) + shape, (math.prod(shape),)):
        if len(candidate) == len(expected) and all(e in (0, s) for e, s in zip(expected, candidate)):
            return X.reshape((len(X),) + candidate)
    if len(expected) == 1 and X.ndim == 2:
        raise ValueError("X has %d features, but %s is expecting %d features as input"
                         % (shape[0], owner, expected[0]))
    raise ValueError("X has samples of shape %s, but the model of %s takes [%s]"
                     % (shape, owner, ", ".join(str(size or "any") for size in expected)))


def leave(outputs: Array, X: Array) -> Array:
    """What came out for X, in the shape of X where there are as many values."""
    return outputs.reshape(X.shape) if outputs.size == X.size else outputs
