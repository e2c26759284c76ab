"""What all objects of the library have in common."""

from __future__ import annotations

import sys
from ctypes import byref

from . import _c
from ._library import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generic, Optional, Tuple, Type, TypeVar

    Self = TypeVar("Self", bound="Handle")
    Value = TypeVar("Value")
else:
    class Generic:  # that of typing would add a fifth to what `import dae` takes
        """Of any type."""

        def __class_getitem__(cls, _):
            return cls

    Value = None


class Handle:
    """A reference to an object of the library. It is dropped with the Python object, in any order, or by free(), or at
    the end of a `with` block."""

    _type: Any
    _free: str
    _instead: str

    def __init_subclass__(cls, noun: Optional[str] = None) -> None:
        if noun is not None:  # else it is a user's, of the same noun as the class above
            cls._type, cls._free = _c.HANDLES[noun], "dae_%s_free" % noun

    def _create(self, function: str, *arguments: Any) -> None:
        handle = self._type()
        call(function, byref(handle), *arguments)
        self._as_parameter_ = handle  # what ctypes passes for self

    @classmethod
    def _make(cls: Type[Self], function: str, *arguments: Any) -> Self:
        self = cls.__new__(cls)
        self._create(function, *arguments)
        return self

    @classmethod
    def _adopt(cls: Type[Self], handle: Any) -> Self:
        self = cls.__new__(cls)
        self._as_parameter_ = handle
        return self

    def free(self) -> None:
        """Drops the reference now."""
        handle = self.__dict__.pop("_as_parameter_", None)
        if handle is not None:
            call(self._free, handle)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.free()

    def __reduce__(self) -> Tuple[Any, ...]:
        """What copy and pickle make another from. A second reference to the same object, made here, would be dropped
        twice."""
        raise TypeError("a %s can be neither copied nor pickled: %s" % (type(self).__name__, self._instead))

    def __del__(self) -> None:
        # While Python shuts down, callbacks may be gone already; the process ends anyway.
        if not sys.is_finalizing():
            self.free()


class Getter(Generic[Value]):
    """A property whose value the library gives."""

    def __init__(self, read: Callable[..., Value], function: str, *arguments: Any) -> None:
        self._read, self._function, self._arguments = read, function, arguments

    def __get__(self, item: Any, owner: Any = None) -> Value:
        return self._read(self._function, *self._arguments, item)

    def __set__(self, item: Any, value: Any) -> None:
        raise AttributeError("what %s() gives cannot be set" % self._function)
