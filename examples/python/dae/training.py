"""Optimizers and trainers."""

import contextlib
import ctypes
import numbers
import os
import signal
import threading
from ctypes import byref, c_float

from . import _c as c
from ._c import CheckpointFailure, DaeError, Event, Interval, Precision, Progress, Status
from ._kinds import Kinds, facts, kinds
from .data import Dataset, Handle
from .model import Model, find


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
