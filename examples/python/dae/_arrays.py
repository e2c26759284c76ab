"""Arrays of Python as the library takes them, and those of the library as Python takes them."""

from __future__ import annotations

import array
import math
from ctypes import c_float

from ._library import shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Tuple

np: Any = ...  # numpy, or None; it is imported with the first array


def numpy() -> Any:
    global np
    if np is ...:
        try:
            import numpy as np
        except ImportError:
            np = None
    return np


def borrow(data: Any) -> Tuple[Any, Tuple[int, ...]]:
    """A ctypes array over a writable buffer of float32, and its shape. Holds the buffer."""
    view = memoryview(data)
    if view.readonly or not view.c_contiguous or view.format.lstrip("<=@") != "f":
        raise TypeError("needs a writable, contiguous buffer of float32 (numpy.float32, array.array('f'))")
    return (c_float * (view.nbytes // 4)).from_buffer(view), view.shape or ()


def floats(data: Any) -> Tuple[Any, Tuple[int, ...]]:
    """As borrow(), but what cannot be borrowed is converted or copied. What is masked becomes NaN, a missing value."""
    if numpy() is not None:
        return borrow(_as_array(data))
    try:
        return borrow(data)
    except TypeError:
        data = data.tolist() if hasattr(data, "tolist") else data
    data = data if isinstance(data, (list, tuple)) else list(data)
    shape, row = [], data
    while isinstance(row, (list, tuple)):
        shape.append(len(row))
        row = row[0] if row else 0
    return borrow(array.array("f", _flatten(data, shape)))[0], tuple(shape)


def _as_array(data: Any) -> Any:
    """An array of numpy whose buffer the library can read."""
    if isinstance(data, np.ndarray) and data.dtype == np.float32 and data.flags.carray and type(data) is np.ndarray:
        return data
    if isinstance(data, np.ma.MaskedArray):
        data = data.astype(np.float32).filled(np.nan)
    values = np.asarray(data)
    if values.dtype.kind not in "fiub":
        raise TypeError("an array of type %s, expected numbers that float32 can hold" % values.dtype)
    return np.require(values, np.float32, ("C", "W"))


def _flatten(data: Any, shape: List[int]) -> List[Any]:
    if not isinstance(data, (list, tuple)):
        return [data]
    if len(data) != shape[0]:
        raise ValueError("rows differ in length: %d and %d" % (len(data), shape[0]))
    return [value for row in data for value in _flatten(row, shape[1:] or [0])]


def samples(data: Any, shape: Any, borrowed: bool = False) -> Tuple[Any, int, Tuple[int, ...]]:
    """A ctypes array of samples, their number and their shape: by default what follows the count, the first dimension.

    An array of one dimension holds samples back to back, and one of two may have each in a row. All others have the
    shape of a sample, but for dimensions of length 1, or their axes would mean something else."""
    values, found = borrow(data) if borrowed else floats(data)
    shape = (found[1:] or (1,)) if shape is None else shape_of(shape)
    size = math.prod(shape)
    if size == 0 or len(values) % size:
        raise ValueError("%d values are no whole number of samples of shape %r" % (len(values), shape))
    if len(found) > 1 and math.prod(found[1:]) != size or len(found) > 2 and not _alike(found[1:], shape):
        raise ValueError("an array of shape %r is none of samples of shape %r: the first dimension counts samples"
                         % (tuple(found), tuple(shape)))
    return values, len(values) // size, shape


def _alike(first: Tuple[int, ...], second: Tuple[int, ...]) -> bool:
    first, second = (tuple(size for size in shape if size != 1) for shape in (first, second))
    return first == second or min(len(first), len(second)) < 2


def new(shape: Tuple[int, ...], kind: Any = c_float) -> Tuple[Any, Any]:
    """An array to be written by the library, for ctypes, and what the user gets to see of it."""
    count = math.prod(shape)
    if numpy() is not None:
        view = np.empty(shape, kind)
        return (kind * count).from_buffer(view), view
    values = (kind * count)()
    return values, view_of(values, shape)


def view_of(values: Any, shape: Tuple[int, ...]) -> Any:
    """What the user gets to see of a ctypes array."""
    if numpy() is not None:
        return np.ctypeslib.as_array(values).reshape(shape)
    view, form = memoryview(values).cast("B"), memoryview(values).format.lstrip("<=@")
    return view.cast(form, shape) if len(values) else view.cast(form)
