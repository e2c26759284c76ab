"""Layers, models, what runs them, and what is to be said of them."""

from __future__ import annotations

import ctypes
import math
import os
import threading
from ctypes import byref

from . import _arrays, _c
from ._c import Finding, Precision
from ._handle import Getter, Handle
from ._kinds import kinds
from ._library import (call, get, get_bytes, get_shape, get_text, guarded, list_texts, pick, shape_of, sizes)
from .data import Dataset, Noise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple, Type, TypeVar, Union

    from .data import Shape

    M = TypeVar("M", bound="Model")


class Layer(Handle, noun="layer"):
    """Layer("dense(128, activation=relu) as code"), to be added to one model."""

    _instead = "make another from its text; copies of a model have its layers"

    def __init__(self, text: str) -> None:
        self._create("dae_layer_parse", text)

    @classmethod
    def dense(cls, units: int, activation: Optional[str] = None) -> Layer:
        return cls._make("dae_layer_create_dense", units, activation)


class Model(Handle, noun="model"):
    """Layers and their parameters, from a text or, without layers, from the shape of a sample. print() shows the table of
    layers. A copy, also one by pickle, has parameters of its own; that of a slice shares none.

    >>> model = Model("input(6) | dense(3) as code | dense(6)", seed=1)
    >>> model.input_shape, model.parameter_count
    ((6,), 45)
    >>> model.run([[0.0] * 6]).tolist()
    [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
    >>> Model((28, 28)).add("dense(10)").format()
    'input(28, 28) | dense(units=10, activation=linear, initializer=glorot_uniform)'
    """

    def __init__(self, text_or_shape: Union[str, Shape], seed: Optional[int] = None) -> None:
        if isinstance(text_or_shape, str):
            self._create("dae_model_parse", text_or_shape)
        else:
            self._create("dae_model_create", *sizes(shape_of(text_or_shape)))
        if seed is not None:
            self.initialize(seed)

    def __reduce__(self) -> Tuple[Any, ...]:
        return self.from_bytes, (self.to_bytes(),)

    @classmethod
    def load(cls: Type[M], path: Any) -> M:
        """A file that save() has written."""
        return cls._make("dae_model_load", os.fsencode(path))

    @classmethod
    def load_checkpoint(cls: Type[M], path: Any) -> M:
        """The model of a checkpoint, without the training around it."""
        return cls._make("dae_model_load_checkpoint", os.fsencode(path))

    @classmethod
    def from_bytes(cls: Type[M], data: Any) -> M:
        """The bytes of such a file."""
        return cls._make("dae_model_deserialize", bytes(data), len(data))

    def save(self, path: Any) -> None:
        """Writes a safetensors file."""
        call("dae_model_save", self, os.fsencode(path))

    def to_bytes(self) -> bytes:
        """What save() writes."""
        return get_bytes("dae_model_serialize", self)

    def add(self: M, layer: Union[Layer, str]) -> M:
        """Adds a layer, or its text, at the end."""
        call("dae_model_add", self, Layer(layer) if isinstance(layer, str) else layer)
        return self

    def extend(self: M, text: str) -> M:
        """Adds the layers of a text: all of them, or none."""
        call("dae_model_extend", self, text)
        return self

    def format(self) -> str:
        """The text that Model() reads."""
        return get_text("dae_model_format", self)

    def initialize(self: M, seed: int) -> M:
        """Draws the parameters."""
        call("dae_model_initialize", self, seed)
        return self

    def slice(self, first: Optional[str] = None, last: Optional[str] = None) -> Model:
        """A model of the layers from one value to a later one, sharing their parameters: slice(last="code") is an
        encoder, slice("code") its decoder. Values are called "input", by a label, or by the number of a layer without
        one."""
        return self._make("dae_model_slice", self, first, last)

    def copy(self: M) -> M:
        """A model with parameters of its own."""
        return self._make("dae_model_copy", self)

    def copy_parameters(self, source: Model) -> int:
        """Copies the parameters of layers whose labels are in both models; returns the number of tensors."""
        count: int = get("dae_model_copy_parameters", _c.SIZE, self, source)
        return count

    input_shape = Getter(get_shape, "dae_model_get_input_shape")
    output_shape = Getter(get_shape, "dae_model_get_output_shape")
    layer_count: Getter[int] = Getter(get, "dae_model_get_layer_count", _c.SIZE)
    parameter_count: Getter[int] = Getter(get, "dae_model_get_parameter_count", _c.SIZE)
    scaling = Getter(get_text, "dae_model_format_scaling")

    @property
    def parameters(self) -> Any:
        """A copy of all parameters; assign an array to set them."""
        values, view = _arrays.new((self.parameter_count,))
        call("dae_model_get_parameters", self, values, len(values))
        return view

    @parameters.setter
    def parameters(self, data: Any) -> None:
        values, _ = _arrays.floats(data)
        call("dae_model_set_parameters", self, values, len(values))

    @property
    def tensors(self) -> Dict[str, Any]:
        """Copies of all tensors by their names, such as "0.weight"."""
        result = {}
        for index in range(get("dae_model_get_tensor_count", _c.SIZE, self)):
            rank, shape = _c.SIZE(), (_c.SIZE * _c.MAX_RANK)()
            name, length = ctypes.create_string_buffer(256), _c.SIZE()
            call("dae_model_get_tensor_info", self, index, name, len(name), byref(length), byref(rank), shape)
            values, view = _arrays.new(tuple(shape[:rank.value]))
            call("dae_model_get_tensor", self, name.value, values, len(values))
            result[name.value.decode()] = view
        return result

    def set_tensor(self, name: str, data: Any) -> None:
        """Sets one of them."""
        values, _ = _arrays.floats(data)
        call("dae_model_set_tensor", self, name, values, len(values))

    @property
    def noise(self) -> Optional[Noise]:
        """The recipe that the model was last trained with, or None."""
        handle = _c.NOISE()
        call("dae_model_get_noise", self, byref(handle))
        return Noise._adopt(handle) if handle else None

    @property
    def range(self) -> Tuple[float, float]:
        """Least and greatest input value that training has shown to the model."""
        low, high = _c.DOUBLE(), _c.DOUBLE()
        call("dae_model_get_range", self, byref(low), byref(high))
        return low.value, high.value

    def set_scaling(self: M, text: str, data: Optional[Dataset] = None) -> M:
        """Lets the network see data in a unit of its own, measured on the targets of a Dataset: set_scaling("standard",
        data), "range(0, 1)", "divide(255)", "none". All else stays in the unit of the data, but for losses. `scaling`
        says it with its numbers, such as "affine(scale=0.0033, offset=-6.6, peak=1650)", or "none"."""
        call("dae_model_set_scaling", self, text, data)
        return self

    @property
    def notes(self) -> Dict[str, str]:
        """Facts of the user's own, which stay with the model and its files, as a dict; set_note() changes them."""
        return {key: get_text("dae_model_get_note", self, key) for key in list_texts("dae_model_list_note", self)}

    def set_note(self, key: str, text: Optional[str]) -> None:
        """Notes a fact under a key; the text None forgets it."""
        call("dae_model_set_note", self, key, text)

    def evaluate(self, dataset: Dataset) -> Report:
        """All figures on a dataset, and what is to be said about them."""
        return Report._make("dae_model_evaluate", self, dataset)

    def measure(self, dataset: Dataset, *figures: str) -> List[float]:
        """Only these figures, with any parameters: measure(data, "mse", "ssim(peak=255)"), as a list."""
        values = (_c.DOUBLE * len(figures))()
        call("dae_model_measure", self, dataset, " | ".join(figures), values, len(values))
        return list(values)

    def reach(self, dimension: int = 1) -> Tuple[int, int]:
        """(before, after): how far it looks along a dimension of its input."""
        before, after = _c.SIZE(), _c.SIZE()
        call("dae_model_get_reach", self, dimension, byref(before), byref(after))
        return before.value, after.value

    def map(self, dataset: Dataset, cover: Optional[str] = None) -> Dataset:
        """A Dataset of what the model makes of the inputs of another, whenever it is read; samples of another size are run
        as apply() runs them."""
        return Dataset._make("dae_model_map", self, dataset, cover)

    def _channels(self) -> Tuple[int, int]:
        """Of a sample of any size that goes in, and of what comes out."""
        inputs, outputs = self.input_shape, self.output_shape
        places = math.prod(inputs[1:]) if len(inputs) > 1 else inputs[0]
        return inputs[0] if len(inputs) > 1 else 1, outputs[0] if len(outputs) > 1 else outputs[0] // places

    def apply(self, sample: Any, cover: Optional[str] = None,
              progress: Optional[Callable[[int, int], Any]] = None) -> Any:
        """What the model makes of one sample of any size, a recording [channels, length] or a picture [channels, height,
        width]: "tiles(memory=3e8)", "overlap(hop=64)", "whole", or as the model needs. progress(done, total) is called
        after each part; a true result ends the call with a CancelledError, as Ctrl-C ends it."""
        values, shape = _arrays.floats(sample)
        (channels, results), rank = self._channels(), max(len(self.input_shape), 2)
        sides = ((1,) * rank + shape)[-rank + 1:]
        outputs, view = _arrays.new(shape if results == channels else (results,) + sides)

        def tell(done: int, total: int, _: Any) -> int:
            return 1 if progress and progress(done, total) else 0

        call("dae_model_apply", self, cover, *sizes(shape), values, outputs, _c.APPLY_FN(guarded(tell)), None)
        return view

    def run(self, inputs: Any) -> Any:
        """What the model makes of inputs [count, ...], of any size that it takes; to run it often, keep a Session."""
        shape = _arrays.floats(inputs)[1][1:] if 0 in self.input_shape else None
        with Session(self, shape=shape) as session:
            return session.run(inputs)

    def __str__(self) -> str:
        return get_text("dae_model_describe", self)


class _Shared(Handle):
    """What threads may share: their calls wait for one another."""

    def _create(self, function: str, *arguments: Any) -> None:
        self._lock = threading.Lock()
        super()._create(function, *arguments)

    def _call(self, function: str, *arguments: Any) -> None:
        with self._lock:
            call(function, self, *arguments)

    def free(self) -> None:
        with self.__dict__.get("_lock") or threading.Lock():
            super().free()


class Session(_Shared, noun="session"):
    """A model with a workspace of its own: one for each thread, as calls of several threads wait for one another."""

    _instead = "make another by Session(model)"

    def __init__(self, model: Model, max_batch: int = 64, precision: Union[Precision, str] = "float32",
                 shape: Optional[Shape] = None) -> None:
        """`shape` of a sample is for models that take several, such as input(1, any, any)."""
        if shape is None:
            self._create("dae_session_create", model, max_batch)
        else:
            self._create("dae_session_create_shaped", model, max_batch, *sizes(shape_of(shape)))
        call("dae_session_set_precision", self, pick(Precision, precision))
        self._input, self._output = self.input_shape, self.output_shape

    input_shape = Getter(get_shape, "dae_session_get_input_shape")
    output_shape = Getter(get_shape, "dae_session_get_output_shape")

    def run(self, inputs: Any, out: Any = None) -> Any:
        """Outputs [count, ...] for inputs [count, ...], in a new array or in one of float32 that is given."""
        values, count, _ = _arrays.samples(inputs, self._input)
        if out is None:
            outputs, out = _arrays.new((count,) + self._output)
        else:
            outputs, given, _ = _arrays.samples(out, self._output, borrowed=True)
            if given != count:
                raise ValueError("%d inputs, but room for %d outputs" % (count, given))
        self._call("dae_session_run", values, count, outputs)
        return out


class Stream(_Shared, noun="stream"):
    """A model that is run along a signal, in pieces [channels, count] or [count] of any length. What comes out is what
    model.apply() makes of the whole, late by `latency` values; flush() ends the signal and gives the rest. Calls of several
    threads wait for one another."""

    _instead = "make another by Stream(model)"

    def __init__(self, model: Model, cover: Optional[str] = None) -> None:
        self._create("dae_stream_create", model, cover)
        self._in, self._out = model._channels()

    latency: Getter[int] = Getter(get, "dae_stream_get_latency", _c.SIZE)

    def push(self, piece: Any) -> Any:
        """As many clean values of each channel, of `latency` values ago; 0 before the first."""
        values, shape = _arrays.floats(piece)
        count = shape[-1] if shape else 0
        if len(values) != self._in * count:
            raise ValueError("the piece has shape %s, expected %d channels" % (shape, self._in))
        outputs, view = self._new(count)
        self._call("dae_stream_push", values, count, outputs)
        return view

    def flush(self) -> Any:
        """The last `latency` values of each channel. The next push() begins another signal."""
        outputs, view = self._new(self.latency)
        self._call("dae_stream_flush", outputs)
        return view

    def _new(self, count: int) -> Tuple[Any, Any]:
        return _arrays.new((self._out, count) if self._out > 1 else (count,))


def find(handle: Any, getter: str) -> List[Tuple[Finding, str]]:
    """The findings of a trainer or a report: pairs of a Finding and its text."""
    code, text, result = _c.I32(), _c.TEXT(), []
    for index in range(get(getter + "_count", _c.SIZE, handle)):
        call(getter, handle, index, byref(code), byref(text))
        result.append((Finding(code.value), (text.value or b"").decode()))
    return result


class Report(Handle, noun="report"):
    """The figures of an evaluation, such as report["psnr"] or report["psnr(peak=255)"], and what is to be said
    about them."""

    _instead = "keep its figures and findings"

    def __getitem__(self, figure: str) -> float:
        value: float = get("dae_report_get", _c.DOUBLE, self, figure)
        return value

    @property
    def figures(self) -> Dict[str, float]:
        """All figures by name."""
        return {name: self[name] for name in kinds("figure")}

    @property
    def findings(self) -> List[Tuple[Finding, str]]:
        """Pairs of a Finding and its text."""
        return find(self, "dae_report_get_finding")

    def __str__(self) -> str:
        lines = ["%-22s %.6g" % pair for pair in self.figures.items()]
        return "\n".join(lines + [text for _, text in self.findings])
