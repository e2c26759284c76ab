"""Where the library is found, and how its functions are called: their arguments, errors and callbacks."""

from __future__ import annotations

import builtins
import ctypes
import operator
import os
import sys
import threading
from ctypes import byref

from . import _c
from ._c import SIZE, SIZES, STATUS, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple, Type

# ---- Errors: one class for each status ---------------------------------------------------------------


class Error(Exception):
    """A call that failed: `message` is the library's sentence about it, `status` what kind of failure it is, and
    `position` the byte of a text, from 1, where the mistake is, if it is in one. There is a class for each status."""

    status: int = Status.OK

    def __init__(self, message: str, position: Optional[int] = None) -> None:
        super().__init__(message, position)
        self.message, self.position = message, position

    def __str__(self) -> str:
        return self.message


class ArgumentError(Error, ValueError):
    """An argument is wrong."""
    status = Status.ERROR_ARGUMENT


class ShapeError(Error, ValueError):
    """Shapes do not fit."""
    status = Status.ERROR_SHAPE


class MemoryError(Error, builtins.MemoryError):
    """There is not enough memory."""
    status = Status.ERROR_MEMORY


class IOError(Error):
    """A file cannot be read or written."""
    status = Status.ERROR_IO


class FormatError(Error, ValueError):
    """A text or a file is not what it should be."""
    status = Status.ERROR_FORMAT


class StateError(Error):
    """The call is not for an object in this state."""
    status = Status.ERROR_STATE


class NotFiniteError(Error, ArithmeticError):
    """There is a NaN or an infinity where none may be."""
    status = Status.ERROR_NOT_FINITE


class CancelledError(Error):
    """A callback, or Trainer.stop(), has ended the call."""
    status = Status.ERROR_CANCELLED


class UnsupportedError(Error):
    """This build or this processor cannot do it."""
    status = Status.ERROR_UNSUPPORTED


class CallbackError(Error):
    """A callback has failed."""
    status = Status.ERROR_CALLBACK


_ERRORS: Dict[int, Type[Error]] = {kind.status: kind for kind in Error.__subclasses__()}

# ---- Loading -----------------------------------------------------------------------------------------

HERE = os.path.dirname(os.path.abspath(__file__))
SONAME = "libdae.so.0"

_library: Any = None
_functions: Dict[str, Tuple[Any, List[Callable[[Any], Any]], bool]] = {}
raised_by: Dict[int, BaseException] = {}  # thread -> exception of a callback that waits for the call to end


def _candidates() -> List[str]:
    """Where the library may be, the first that is there wins; the last one is for the system's loader. Programs beside this
    package in a checkout import it, though a wheel may be installed: its library will do."""
    named = os.environ.get("LIBDAE")
    if named:
        return [named]
    checkout = os.path.join(HERE, *[os.pardir] * 3)
    places = [os.path.join(HERE, SONAME)]
    if os.path.exists(os.path.join(checkout, "lib", "libdae.map")):
        places.append(os.path.realpath(os.path.join(checkout, "build", "lib", SONAME)))
    places += [os.path.join(folder, "dae", SONAME) for folder in sys.path]
    return [place for place in places if os.path.exists(place)] + [SONAME]


def load(path: Any = None) -> Any:
    """Loads the library, once; called without a path by whatever needs the library first."""
    global _library
    if _library is not None:
        if path is not None and os.path.realpath(path) != os.path.realpath(_library._name):
            raise RuntimeError("libdae is already loaded from %s" % _library._name)
        return _library
    path = os.fspath(path) if path is not None else _candidates()[0]
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError("cannot load libdae: %s. Set LIBDAE to the path of %s" % (error, SONAME)) from None
    _check_version(path, library)
    try:
        for name, (result, *arguments) in _c.SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            _functions[name] = function, [_CONVERTERS.get(kind, _as_it_is) for kind in arguments], result is STATUS
    except AttributeError:
        raise ImportError("%s has no %s: it is older than this package, which is for libdae %d.%d"
                          % ((path, name) + _c.VERSION)) from None
    _library = library
    return library


def _check_version(path: str, library: Any) -> None:
    """Before 1.0 every minor version may change the ABI; from then on later ones only add to it."""
    try:
        number = library.dae_version_number()
    except AttributeError:
        raise ImportError("%s is not libdae: it has no dae_version_number" % path) from None
    version = (number // 10000, number // 100 % 100)
    if version[0] != _c.VERSION[0] or version < _c.VERSION or (version[0] == 0 and version != _c.VERSION):
        raise ImportError("%s is libdae %d.%d; this package is for %d.%d" % ((path,) + version + _c.VERSION))


# ---- Arguments ---------------------------------------------------------------------------------------


def _as_it_is(value: Any) -> Any:
    return value


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        number: int = value.value if isinstance(value, ctypes._SimpleCData) else operator.index(value)
        if not low <= number <= high:
            raise ValueError("is %d, expected a whole number from %d to %d" % (number, low, high))
        return number
    return convert


def _real(value: Any) -> float:
    if hasattr(value, "__float__") or hasattr(value, "__index__"):
        return float(value)
    raise TypeError


def _text(value: Any) -> Any:
    """As the library takes it: None stays, and a buffer that it writes to."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    elif hasattr(value, "__fspath__"):
        value = os.fsencode(value)
    if isinstance(value, bytes) and b"\0" in value:
        raise ValueError("has a NUL in it, where the library would take it to end")
    return value


# ctypes would hand out whole numbers without the bits that a type has not.
_CONVERTERS: Dict[Any, Callable[[Any], Any]] = {
    _c.I32: _whole(-2**31, 2**31 - 1), _c.U32: _whole(0, 2**32 - 1), _c.U64: _whole(0, 2**64 - 1),
    SIZE: _whole(0, 2**(8 * ctypes.sizeof(SIZE)) - 1), _c.DOUBLE: _real, _c.TEXT: _text}

# What Python calls a type of C.
_EXPECTED: Dict[Any, str] = {
    **dict.fromkeys((_c.I32, _c.U32, _c.U64, SIZE), "int"), _c.DOUBLE: "float", _c.TEXT: "str",
    _c.FLOATS: "ctypes array of c_float", **{handle: noun.capitalize() for noun, handle in _c.HANDLES.items()}}


def check(what: str, kind: Any, value: Any) -> Any:
    """`value` as ctypes takes it for `kind`; else a TypeError or a ValueError that says what it is and should be."""
    try:
        converted = _CONVERTERS.get(kind, _as_it_is)(value)
        kind.from_param(converted)
    except ValueError as error:
        raise ValueError("%s %s" % (what, error)) from None
    except (TypeError, ctypes.ArgumentError):  # these name neither the function nor both types
        expected, found = _EXPECTED.get(kind, kind.__name__), type(value).__name__
        found += " after free()" if found == expected else ""
        raise TypeError("%s is of type %s, expected %s" % (what, found, expected)) from None
    return converted


def _explain(name: str, arguments: Tuple[Any, ...]) -> Exception:
    """What is wrong with the arguments of a call that ctypes has refused."""
    kinds = _c.SIGNATURES[name][1:]
    if len(arguments) != len(kinds):
        return TypeError("the number of arguments of %s() is %d, expected %d" % (name, len(arguments), len(kinds)))
    try:
        for number, (kind, value) in enumerate(zip(kinds, arguments), 1):
            check("argument %d of %s()" % (number, name), kind, value)
    except (TypeError, ValueError) as error:
        return error
    return TypeError("%s() has refused its arguments" % name)


# ---- Calling -----------------------------------------------------------------------------------------


def call(name: str, *arguments: Any) -> Any:
    """Calls a function of the library; a status other than DAE_OK becomes an exception."""
    if _library is None:
        load()
    function, converters, has_status = _functions[name]
    if len(arguments) != len(converters):
        raise _explain(name, arguments)
    try:
        result = function(*[convert(value) for convert, value in zip(converters, arguments)])
    except (TypeError, ValueError, ctypes.ArgumentError):
        raise _explain(name, arguments) from None
    if has_status and (result != 0 or raised_by):
        _raise(result)
    return result


def _raise(status: int) -> None:
    """The exception of a callback, if there is one, and else that of a status."""
    error = None
    if status != Status.OK:
        position = _library.dae_last_error_position()
        error = _ERRORS.get(status, Error)(last_error(), position or None)
        error.status = status
    raised = raised_by.pop(threading.get_ident(), None)
    if status == Status.ERROR_CALLBACK and raised is None and raised_by:
        raised = raised_by.popitem()[1]  # another thread read the dataset
    if raised is not None:
        raise raised from error
    if error is not None:
        raise error


def last_error() -> str:
    """The sentence of this thread's last failure."""
    message: bytes = load().dae_last_error()
    return message.decode(errors="replace")


def guarded(function: Callable[..., int], failure: int = 1) -> Callable[..., int]:
    """A callback whose exception waits for the call that it makes fail."""
    def callback(*arguments: Any) -> int:
        try:
            return function(*arguments)
        except BaseException as error:  # KeyboardInterrupt too: it belongs to who called the library
            raised_by[threading.get_ident()] = error
            return failure
    return callback


def pick(kind: Any, value: Any) -> int:
    """A constant from itself, its number or its name in any case."""
    if isinstance(value, str):
        try:
            return int(kind[value.upper()])
        except KeyError:
            names = ", ".join(k.name.lower() for k in kind)
            raise ValueError("%s is one of %s, not %r" % (kind.__name__, names, value)) from None
    return int(value)


# ---- What getters give -------------------------------------------------------------------------------


def get(name: str, kind: Any, *arguments: Any) -> Any:
    """The value that a getter hands out through its last argument."""
    value = kind()
    call(name, *arguments, byref(value))
    return value.value


def get_text(name: str, *arguments: Any) -> str:
    length = SIZE()
    call(name, *arguments, None, 0, byref(length))
    buffer = ctypes.create_string_buffer(length.value + 1)
    call(name, *arguments, buffer, len(buffer), None)
    return buffer.value.decode()


def get_bytes(name: str, *arguments: Any) -> bytes:
    size = SIZE()
    call(name, *arguments, None, 0, byref(size))
    data = ctypes.create_string_buffer(size.value)
    call(name, *arguments, data, len(data), byref(size))
    return data.raw


def get_shape(name: str, *arguments: Any) -> Tuple[int, ...]:
    rank, shape = SIZE(), (SIZE * _c.MAX_RANK)()
    call(name, *arguments, byref(rank), shape)
    return tuple(shape[:rank.value])


def list_texts(name: str, *arguments: Any) -> List[str]:
    """All that a function lists which gives NULL after the last one."""
    texts: List[str] = []
    while True:
        text = get(name, _c.TEXT, *arguments, len(texts))
        if text is None:
            return texts
        texts.append(text.decode())


def shape_of(shape: Any) -> Tuple[int, ...]:
    """A shape, of which one number is one as well."""
    return (operator.index(shape),) if hasattr(shape, "__index__") else tuple(shape)


def sizes(shape: Tuple[int, ...]) -> Tuple[int, Any]:
    return len(shape), (SIZE * len(shape))(*(check("a dimension", SIZE, size) for size in shape))
