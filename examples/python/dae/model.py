"""Layers, models, what runs them, and what is to be said of them."""

import ctypes
import math
import os
from ctypes import byref, c_float

from . import _c as c
from ._c import Finding, Precision
from ._kinds import kinds
from .data import Dataset, Handle, Noise


class Layer(Handle, noun="layer"):
    """Layer.parse("dense(128, activation=relu) as code") or Layer.dense(128, "relu"), to be added to one model."""

    _instead = "make another by Layer.parse(); copies of a model have its layers"

    @classmethod
    def parse(cls, text):
        return cls._make("dae_layer_parse", c.text(text))

    @classmethod
    def dense(cls, units, activation=None):
        return cls._make("dae_layer_create_dense", units, c.text(activation))


class Model(Handle, noun="model"):
    """Layers and their parameters. Model.parse("input(28, 28) | dense(128)"), or Model(784) or Model((28, 28)), to which
    layers are added; print() shows the table of layers. A copy, also one by pickle, has parameters of its own; that of a
    slice shares none."""

    def __init__(self, shape):
        self._create("dae_model_create", *c.sizes(c.shape_of(shape)))

    @classmethod
    def parse(cls, text):
        return cls._make("dae_model_parse", c.text(text))

    def __reduce__(self):
        return self.from_bytes, (self.to_bytes(),)

    @classmethod
    def load(cls, path):
        return cls._make("dae_model_load", os.fsencode(path))

    @classmethod
    def load_checkpoint(cls, path):
        """The model of a checkpoint, without the training around it."""
        return cls._make("dae_model_load_checkpoint", os.fsencode(path))

    @classmethod
    def from_bytes(cls, data):
        return cls._make("dae_model_deserialize", bytes(data), len(data))

    def save(self, path):
        c.call("dae_model_save", self, os.fsencode(path))

    def to_bytes(self):
        return c.get_bytes("dae_model_serialize", self)

    def add(self, layer):
        c.call("dae_model_add", self, layer)
        return self

    def extend(self, text):
        """Adds the layers of a text: all of them, or none."""
        c.call("dae_model_extend", self, c.text(text))
        return self

    def format(self):
        """The text that parse() reads."""
        return c.get_text("dae_model_format", self)

    def initialize(self, seed):
        c.call("dae_model_initialize", self, seed)
        return self

    def slice(self, first=None, last=None):
        """A model of the layers from one value to a later one, sharing their parameters: slice(last="code") is an
        encoder, slice("code") its decoder. Values are called "input", by a label, or by the number of a layer without
        one."""
        return self._make("dae_model_slice", self, c.text(first), c.text(last))

    def copy(self):
        return self._make("dae_model_copy", self)

    def copy_parameters(self, source):
        """Copies the parameters of layers whose labels are in both models; returns the number of tensors."""
        return c.get("dae_model_copy_parameters", c.SIZE, self, source)

    input_shape = property(lambda self: c.get_shape("dae_model_get_input_shape", self))
    output_shape = property(lambda self: c.get_shape("dae_model_get_output_shape", self))
    layer_count = property(lambda self: c.get("dae_model_get_layer_count", c.SIZE, self))
    parameter_count = property(lambda self: c.get("dae_model_get_parameter_count", c.SIZE, self))

    @property
    def parameters(self):
        """A copy of all parameters; assign an array to set them."""
        values = (c_float * self.parameter_count)()
        c.call("dae_model_get_parameters", self, values, len(values))
        return c.view_of(values, (len(values),))

    @parameters.setter
    def parameters(self, data):
        values, _ = c.floats(data)
        c.call("dae_model_set_parameters", self, values, len(values))

    @property
    def tensors(self):
        """Copies of all tensors by their names, such as "0.weight"."""
        result = {}
        for index in range(c.get("dae_model_get_tensor_count", c.SIZE, self)):
            rank, shape = c.SIZE(), (c.SIZE * c.MAX_RANK)()
            name, length = ctypes.create_string_buffer(256), c.SIZE()
            c.call("dae_model_get_tensor_info", self, index, name, len(name), byref(length), byref(rank),
                   shape)
            shape = shape[:rank.value]
            values = (c_float * math.prod(shape))()
            c.call("dae_model_get_tensor", self, name.value, values, len(values))
            result[name.value.decode()] = c.view_of(values, shape)
        return result

    def set_tensor(self, name, data):
        values, _ = c.floats(data)
        c.call("dae_model_set_tensor", self, name.encode(), values, len(values))

    @property
    def noise(self):
        """The recipe that the model was last trained with, or None."""
        handle = c.NOISE()
        c.call("dae_model_get_noise", self, byref(handle))
        return Noise._adopt(handle) if handle else None

    @property
    def range(self):
        """Least and greatest input value that training has shown to the model."""
        low, high = c.DOUBLE(), c.DOUBLE()
        c.call("dae_model_get_range", self, byref(low), byref(high))
        return low.value, high.value

    def set_scaling(self, text, data=None):
        """Lets the network see data in a unit of its own, measured on the targets of a Dataset: set_scaling("standard",
        data), "range(0, 1)", "divide(255)", "none". All else stays in the unit of the data, but for losses."""
        c.call("dae_model_set_scaling", self, c.text(text), data)
        return self

    @property
    def scaling(self):
        """The scaling with its numbers, such as "affine(scale=0.0033, offset=-6.6, peak=1650)", or "none"."""
        return c.get_text("dae_model_format_scaling", self)

    @property
    def notes(self):
        """Facts of the user's own, which stay with the model and its files, as a dict; set_note() changes them."""
        keys = iter(lambda: c.get("dae_model_list_note", c.TEXT, self, len(found)), None)
        found = {}
        for key in keys:
            found[key.decode()] = c.get_text("dae_model_get_note", self, key)
        return found

    def set_note(self, key, text):
        """Notes a fact under a key; the text None forgets it."""
        c.call("dae_model_set_note", self, c.text(key), c.text(text))

    def evaluate(self, dataset):
        return Report._make("dae_model_evaluate", self, dataset)

    def measure(self, dataset, *figures):
        """Only these figures, with any parameters: measure(data, "mse", "ssim(peak=255)"), as a list."""
        values = (c.DOUBLE * len(figures))()
        c.call("dae_model_measure", self, dataset, " | ".join(figures).encode(), values, len(values))
        return list(values)

    def reach(self, dimension=1):
        """(before, after): how far it looks along a dimension of its input."""
        before, after = c.SIZE(), c.SIZE()
        c.call("dae_model_get_reach", self, dimension, byref(before), byref(after))
        return before.value, after.value

    def map(self, dataset, cover=None):
        """A Dataset of what the model makes of the inputs of another, whenever it is read; samples of another size are run
        as apply() runs them."""
        return Dataset._make("dae_model_map", self, dataset, c.text(cover))

    def _channels(self):
        """Of a sample of any size that goes in, and of what comes out."""
        inputs, outputs = self.input_shape, self.output_shape
        places = math.prod(inputs[1:]) if len(inputs) > 1 else inputs[0]
        return inputs[0] if len(inputs) > 1 else 1, outputs[0] if len(outputs) > 1 else outputs[0] // places

    def apply(self, sample, cover=None, progress=None):
        """What the model makes of one sample of any size, a recording [channels, length] or a picture [channels, height,
        width]: "tiles(memory=3e8)", "overlap(hop=64)", "whole", or as the model needs. progress(done, total) is called
        after each part; a true result ends the call with a DaeError (ERROR_CANCELLED), as Ctrl-C ends it."""
        values, shape = c.floats(sample)
        (channels, results), rank = self._channels(), max(len(self.input_shape), 2)
        sides = ((1,) * rank + shape)[-rank + 1:]
        outputs = (c_float * (results * math.prod(sides)))()
        report = c.APPLY_FN(c.guarded(lambda done, total, _: 1 if progress and progress(done, total) else 0))
        c.call("dae_model_apply", self, c.text(cover), *c.sizes(shape), values, outputs, report, None)
        return c.view_of(outputs, shape if results == channels else (results,) + sides)

    def run(self, inputs):
        """What the model makes of inputs [count, ...], of any size that it takes; to run it often, keep a Session."""
        shape = c.floats(inputs)[1][1:] if 0 in self.input_shape else None
        return Session(self, shape=shape).run(inputs)

    def __str__(self):
        return c.get_text("dae_model_describe", self)


class Session(Handle, noun="session"):
    """A model with a workspace of its own: one for each thread that runs the model. A call while another thread is in one
    raises a DaeError (ERROR_STATE)."""

    _instead = "make another by Session(model)"

    def __init__(self, model, max_batch=64, precision="float32", shape=None):
        """`shape` of a sample is for models that take several, such as input(1, any, any)."""
        if shape is None:
            self._create("dae_session_create", model, max_batch)
        else:
            self._create("dae_session_create_shaped", model, max_batch, *c.sizes(c.shape_of(shape)))
        c.call("dae_session_set_precision", self, c.pick(Precision, precision))
        self._input, self._output = self.input_shape, self.output_shape

    input_shape = property(lambda self: c.get_shape("dae_session_get_input_shape", self))
    output_shape = property(lambda self: c.get_shape("dae_session_get_output_shape", self))

    def run(self, inputs):
        """Outputs [count, ...] for inputs [count, ...]."""
        values, count, _ = Dataset._samples(*c.floats(inputs), self._input)
        outputs = (c_float * (count * math.prod(self._output)))()
        c.call("dae_session_run", self, values, count, outputs)
        return c.view_of(outputs, (count,) + self._output)


class Stream(Handle, noun="stream"):
    """A model that is run along a signal, in pieces [channels, count] or [count] of any length. What comes out is what
    model.apply() makes of the whole, late by `latency` values; flush() ends the signal and gives the rest."""

    _instead = "make another by Stream(model)"

    def __init__(self, model, cover=None):
        self._create("dae_stream_create", model, c.text(cover))
        self._in, self._out = model._channels()

    @property
    def latency(self):
        return c.get("dae_stream_get_latency", c.SIZE, self)

    def push(self, piece):
        """As many clean values of each channel, of `latency` values ago; 0 before the first."""
        values, shape = c.floats(piece)
        count = shape[-1] if shape else 0
        if len(values) != self._in * count:
            raise ValueError("the piece has shape %s, expected %d channels" % (shape, self._in))
        outputs = (c_float * (self._out * count))()
        c.call("dae_stream_push", self, values, count, outputs)
        return self._view(outputs, count)

    def flush(self):
        """The last `latency` values of each channel. The next push() begins another signal."""
        count = self.latency
        outputs = (c_float * (self._out * count))()
        c.call("dae_stream_flush", self, outputs)
        return self._view(outputs, count)

    def _view(self, values, count):
        return c.view_of(values, (self._out, count) if self._out > 1 else (count,))


def find(handle, getter):
    """The findings of a trainer or a report: pairs of a Finding and its text."""
    code, text, result = c.I32(), c.TEXT(), []
    for index in range(c.get(getter + "_count", c.SIZE, handle)):
        c.call(getter, handle, index, byref(code), byref(text))
        result.append((Finding(code.value), text.value.decode()))
    return result


class Report(Handle, noun="report"):
    """The figures of an evaluation, such as report["psnr"] or report["psnr(peak=255)"], and what is to be said
    about them."""

    _instead = "keep its figures and findings"

    def __getitem__(self, figure):
        return c.get("dae_report_get", c.DOUBLE, self, figure.encode())

    @property
    def figures(self):
        """All figures by name."""
        return {name: self[name] for name in kinds("figure")}

    @property
    def findings(self):
        """Pairs of a Finding and its text."""
        return find(self, "dae_report_get_finding")

    def __str__(self):
        lines = ["%-22s %.6g" % pair for pair in self.figures.items()]
        return "\n".join(lines + [text for _, text in self.findings])
