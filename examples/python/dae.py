"""libdae from Python 3.8 or newer, by ctypes: this file, dae_data.py, dae_kinds.py and dae_c.py are all there is,
with nothing to install.

    import dae

    clean = dae.Dataset.open("train-images-idx3-ubyte.gz")
    noisy = clean.corrupt("gaussian(mean=0.5, stddev=0.5) | clip(0, 1)", seed=1)
    model = dae.Model.parse("input(28, 28) | dense(128, activation=relu) | dense(784, activation=sigmoid)")
    model.initialize(seed=1)
    trainer = dae.Trainer(model, dae.Optimizer.adam(1e-3), "mse", batch_size=256)
    trainer.fit(noisy, epochs=5, on_epoch=lambda p: print(p.epoch, p.loss))
    print(model.evaluate(noisy))

The library is looked for, in this order: the path given to load(), the environment variable LIBDAE, what
the system's loader knows as "dae", and "libdae.so.0".

Arrays may be anything with a buffer of float32 (numpy, array.array("f"), memoryview, ctypes) or nested lists
of numbers. The first dimension counts samples, the others hold one; where the size of a sample is known, an array
with one dimension holds samples back to back. Results are numpy arrays if numpy is there, otherwise
memoryviews with format "f" and a shape.
Formulae, units, ranges and defaults are told in include/dae/*.h, one header for each class.
"""

import contextlib
import ctypes
import math
import numbers
import os
import signal
import threading
from ctypes import byref, c_float

import dae_c as c
from dae_c import (CheckpointFailure, DaeError, Event, Finding, Interval, NoiseMode, Precision,
                   Progress, Status, load)
from dae_data import (Dataset, Handle, Noise, Rng, add_gaussian_noise, add_masking_noise, add_poisson_noise,
                      add_salt_pepper_noise, add_speckle_noise, add_uniform_noise, clip)
from dae_kinds import Kinds, facts, kinds, recipe_steps

# ---- Models, training, reports -------------------------------------------------------------------------


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


class _Rules(type):
    """Rules of the loaded library as constructors, which take their options by name."""

    def __getattr__(cls, kind):
        if kind.startswith("_") or kind not in kinds("optimizer"):
            raise AttributeError("type object '%s' has no attribute '%s'" % (cls.__name__, kind))

        def make(learning_rate, schedule=None, **options):
            options = {"learning_rate": learning_rate, **options}
            for name, value in options.items():
                if not isinstance(value, numbers.Real):
                    raise TypeError("%s is of type %s, expected float" % (name, type(value).__name__))
            rule = getattr(Kinds("optimizer"), kind)(**options)
            return cls.parse(rule if schedule is None else rule + " | " + schedule)

        make.__name__ = kind
        make.__doc__ = "%s; options: %s." % (facts("optimizer", kind)["what"], ", ".join(kinds("optimizer", kind)))
        return make

    def __dir__(cls):
        return [*super().__dir__(), *kinds("optimizer")]


class Optimizer(Handle, noun="optimizer", metaclass=_Rules):
    """Optimizer.parse("adam(0.001) | cosine(steps=100)"), or a rule by its name and options: Optimizer.adam(0.001,
    schedule="cosine(steps=100)"), where schedule is all that governs the rule, such as "clip_norm(1) | cosine(epochs=9)".
    There is one for each rule of the loaded library, kinds("optimizer"), and what is left out has the library's default.
    str() is the text of it, and its options are items: optimizer["beta1"] = 0.8."""

    _instead = "make another by Optimizer.parse() from its str()"

    @classmethod
    def parse(cls, text):
        return cls._make("dae_optimizer_parse", text.encode())

    def __str__(self):
        return c.get_text("dae_optimizer_format", self)

    def __getitem__(self, parameter):
        return c.get("dae_optimizer_get", c.DOUBLE, self, parameter.encode())

    def __setitem__(self, parameter, value):
        c.call("dae_optimizer_set", self, parameter.encode(), value)

    @property
    def learning_rate(self):
        return self["learning_rate"]

    @learning_rate.setter
    def learning_rate(self, rate):
        self["learning_rate"] = rate

    @property
    def schedule(self):
        """What governs the rule, as text: "constant" for nothing."""
        return str(self).partition(" | ")[2] or "constant"

    def rate_at(self, step, steps_per_epoch=0):
        """The learning rate of a step, the first being 0."""
        return c.get("dae_optimizer_get_rate_at", c.DOUBLE, self, step, steps_per_epoch)


@contextlib.contextmanager
def _interrupt_calls(stop):
    """Ctrl-C calls stop(), and raises KeyboardInterrupt after the block. Left to itself Python may raise it
    on the way into a callback, where ctypes can only print it."""
    if (threading.current_thread() is not threading.main_thread()
            or signal.getsignal(signal.SIGINT) is not signal.default_int_handler):
        yield
        return
    interrupts = []

    def interrupt(*_):
        interrupts.append(True)
        stop()

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except DaeError:
        if not interrupts:
            raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupts:
        raise KeyboardInterrupt


class Trainer(Handle, noun="trainer"):
    """A model in training; what is left out has the library's default."""

    _instead = "make another by Trainer(), and hand it checkpoint_to_bytes() of this one by load_checkpoint()"

    def __init__(self, model, optimizer, objective="mse", batch_size=None, seed=None, shuffle=None,
                 validation=None, precision="float32", skip_not_finite=None, figures=None):
        self._create("dae_trainer_create", model, optimizer, os.fsencode(objective))
        c.call("dae_trainer_set_precision", self, c.pick(Precision, precision))
        self._hook, self._sizes = None, (model.input_shape, model.output_shape)
        for name, value in (("batch_size", batch_size), ("seed", seed), ("shuffle", shuffle),
                            ("validation", validation), ("skip_not_finite", skip_not_finite),
                            ("figures", figures.encode() if figures else None)):
            if value is not None:
                c.call("dae_trainer_set_" + name, self, value)

    def copy_average(self):
        """A model of the averages that `average` keeps."""
        return Model._make("dae_trainer_copy_average", self)

    def freeze(self, layer, frozen=True):
        """Whether the parameters of a layer, by its label or number, stay what they are."""
        c.call("dae_trainer_set_frozen", self, str(layer).encode(), frozen)

    def on_gradient(self, function):
        """function(gradient) sees every gradient before its use, and may change it in place; it must not
        keep the array. A true result fails the step. None: no function."""
        def see(gradients, count, _):
            values = ctypes.cast(gradients, ctypes.POINTER(c_float * count)).contents
            return 1 if function(c.view_of(values, (count,))) else 0

        hook = c.GRADIENT_FN(c.guarded(see)) if function else c.GRADIENT_FN()
        c.call("dae_trainer_set_gradient_hook", self, hook, None)
        self._hook = hook  # the library has its address

    def fit(self, dataset, epochs=1, on_epoch=None, on_step=None, on_checkpoint_failed=None):
        """Trains for more epochs: True when all are done, or stop_early() has ended it; False when stop() or a
        function ended it before.

        on_epoch and on_step get a Progress, on_checkpoint_failed the reason (with on_failure="go_on" of
        checkpoint()); a true result ends the fit. So does Ctrl-C, as ever in Python.
        """
        def report(progress, _):
            if progress.contents.event == Event.CHECKPOINT_FAILED:
                return 1 if on_checkpoint_failed and on_checkpoint_failed(c.last_error()) else 0
            function = {Event.EPOCH: on_epoch, Event.STEP: on_step}.get(progress.contents.event)
            return 1 if function and function(Progress.from_buffer_copy(progress.contents)) else 0

        callback = c.PROGRESS_FN(c.guarded(report))
        c.call("dae_trainer_set_progress", self, callback, None)
        try:
            with _interrupt_calls(self.stop):
                c.call("dae_trainer_fit", self, dataset, epochs)
            return True
        except DaeError as error:
            if error.status != Status.ERROR_CANCELLED:
                raise
            return False
        finally:
            c.call("dae_trainer_set_progress", self, c.PROGRESS_FN(), None)

    def step(self, inputs, targets):
        """One step with a batch; the loss before it."""
        inputs, count, _ = Dataset._samples(*c.floats(inputs), self._sizes[0])
        targets, target_count, _ = Dataset._samples(*c.floats(targets), self._sizes[1])
        if count != target_count:
            raise ValueError("%d inputs, but %d targets" % (count, target_count))
        return c.get("dae_trainer_step", c.DOUBLE, self, inputs, targets, count)

    def stop(self):
        """Ends a running fit after its step; may be called from any thread."""
        c.call("dae_trainer_stop", self)

    def stop_early(self, patience, min_delta=0.0):
        """Fits end when the validation loss has not gone below its best by more than min_delta for `patience`
        epochs, with the parameters of the best; where all epochs are done before, they leave those of the last one, and
        restore_best() gives the best. 0: no longer. Forgets the best so far."""
        c.call("dae_trainer_set_early_stopping", self, patience, min_delta)

    @property
    def best(self):
        """(epoch, validation loss) of the best epoch, with stop_early(); None while there is none."""
        epoch, loss = c.U64(), c.DOUBLE()
        try:
            c.call("dae_trainer_get_best", self, byref(epoch), byref(loss))
        except DaeError as error:
            if error.status != Status.ERROR_STATE:
                raise
            return None
        return epoch.value, loss.value

    def restore_best(self):
        """Gives the model the parameters of the best epoch."""
        c.call("dae_trainer_restore_best", self)

    def checkpoint(self, path, every=1, unit="epochs", keep=1, on_failure="stop"):
        """Fits write checkpoints: every so many "epochs", "steps" or "seconds", and when they end. None as path: no
        more. keep: how many stay, the older ones as path + ".1" and so on. on_failure: "stop" or "go_on"."""
        c.call("dae_trainer_set_checkpoint_interval", self, c.pick(Interval, unit), every)
        c.call("dae_trainer_set_checkpoint_keep", self, keep)
        c.call("dae_trainer_set_checkpoint_failure", self, c.pick(CheckpointFailure, on_failure))
        c.call("dae_trainer_set_checkpoint", self, None if path is None else os.fsencode(path))

    def save_checkpoint(self, path):
        c.call("dae_trainer_save_checkpoint", self, os.fsencode(path))

    def checkpoint_to_bytes(self):
        return c.get_bytes("dae_trainer_serialize_checkpoint", self)

    def load_checkpoint(self, source):
        """Goes back to where training was; from a path, or from bytes, bytearray or memoryview."""
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
            c.call("dae_trainer_deserialize_checkpoint", self, data, len(data))
        else:
            c.call("dae_trainer_load_checkpoint", self, os.fsencode(source))

    steps = property(lambda self: c.get("dae_trainer_get_step_count", c.U64, self))
    skipped = property(lambda self: c.get("dae_trainer_get_skipped_count", c.U64, self))
    epochs = property(lambda self: c.get("dae_trainer_get_epoch_count", c.SIZE, self))

    @property
    def history(self):
        """Lists by name (loss, validation_loss, validation_psnr, seconds, the terms of an objective that has
        several, gradient_norm with clip_norm, and validation_... for `figures`), one number per epoch."""
        values, result, index = (c.DOUBLE * self.epochs)(), {}, 0
        while (name := c.get("dae_trainer_list_history", c.TEXT, self, index)) is not None:
            c.call("dae_trainer_get_history", self, name, values, len(values))
            result[name.decode()] = list(values)
            index += 1
        return result

    @property
    def findings(self):
        """What the history has to say: pairs of a Finding and its text."""
        return find(self, "dae_trainer_get_finding")


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


# ---- The library itself ------------------------------------------------------------------------------


def version():
    return c.call("dae_version_string").decode()


def describe():
    """One line on what does the work here."""
    return c.get_text("dae_runtime_describe")


def __getattr__(name):
    """dae.noise, dae.layer and so on: the Kinds of each category that the library lists."""
    if name.startswith("__") or name not in kinds():
        raise AttributeError("module 'dae' has no attribute %r" % name)
    return Kinds(name)


def get_num_threads():
    return c.call("dae_get_num_threads")


def set_num_threads(count):
    c.call("dae_set_num_threads", count)
