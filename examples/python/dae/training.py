"""Optimizers and trainers."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
from ctypes import byref, c_float

from . import _arrays, _c
from ._c import CheckpointFailure, Event, Finding, Interval, Precision, Progress
from ._handle import Getter, Handle
from ._library import (CancelledError, Error, StateError, call, get, get_bytes, get_text, guarded, last_error, list_texts,
                       pick)
from .data import Dataset
from .model import Model, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union


class Optimizer(Handle, noun="optimizer"):
    """A rule and what governs it, such as Optimizer("adam(0.001) | clip_norm(1) | cosine(epochs=9)"). str() is the text of
    it, from which copies are made, and its options are items.

    >>> import dae
    >>> optimizer = Optimizer(dae.optimizer.sgd(0.1) | dae.governor.cosine(steps=100))
    >>> optimizer["momentum"] = 0.9
    >>> str(optimizer)
    'sgd(learning_rate=0.1, momentum=0.9, nesterov=0) | cosine(steps=100, alpha=0, warmup=0)'
    """

    def __init__(self, text: str) -> None:
        self._create("dae_optimizer_parse", text)

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (str(self),)

    def __str__(self) -> str:
        return get_text("dae_optimizer_format", self)

    def __getitem__(self, parameter: str) -> float:
        value: float = get("dae_optimizer_get", _c.DOUBLE, self, parameter)
        return value

    def __setitem__(self, parameter: str, value: float) -> None:
        call("dae_optimizer_set", self, parameter, value)

    @property
    def learning_rate(self) -> float:
        """Of the first step, or what a schedule makes of it; it may be set."""
        return self["learning_rate"]

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self["learning_rate"] = rate

    @property
    def schedule(self) -> str:
        """What governs the rule, as text: "constant" for nothing."""
        return str(self).partition(" | ")[2] or "constant"

    def rate_at(self, step: int, steps_per_epoch: int = 0) -> float:
        """The learning rate of a step, the first being 0."""
        rate: float = get("dae_optimizer_get_rate_at", _c.DOUBLE, self, step, steps_per_epoch)
        return rate


@contextlib.contextmanager
def _interrupt_calls(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C calls stop(), and raises KeyboardInterrupt after the block. Left to itself Python may raise it
    on the way into a callback, where ctypes can only print it."""
    if (threading.current_thread() is not threading.main_thread()
            or signal.getsignal(signal.SIGINT) is not signal.default_int_handler):
        yield
        return
    interrupts: List[bool] = []

    def interrupt(*_: Any) -> None:
        interrupts.append(True)
        stop()

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except Error:
        if not interrupts:
            raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupts:
        raise KeyboardInterrupt


class Trainer(Handle, noun="trainer"):
    """A model in training; what is left out has the library's default."""

    _instead = "make another by Trainer(), and hand it checkpoint_to_bytes() of this one by load_checkpoint()"

    def __init__(self, model: Model, optimizer: Union[Optimizer, str], objective: str = "mse",
                 batch_size: Optional[int] = None, seed: Optional[int] = None, shuffle: Optional[bool] = None,
                 validation: Optional[Dataset] = None, precision: Union[Precision, str] = "float32",
                 skip_not_finite: Optional[bool] = None, figures: Optional[str] = None) -> None:
        optimizer = Optimizer(optimizer) if isinstance(optimizer, str) else optimizer
        self._create("dae_trainer_create", model, optimizer, objective)
        call("dae_trainer_set_precision", self, pick(Precision, precision))
        self._hook: Any = None
        self._sizes = (model.input_shape, model.output_shape)
        for name, value in (("batch_size", batch_size), ("seed", seed), ("shuffle", shuffle),
                            ("validation", validation), ("skip_not_finite", skip_not_finite),
                            ("figures", figures or None)):
            if value is not None:
                call("dae_trainer_set_" + name, self, value)

    def copy_average(self) -> Model:
        """A model of the averages that `average` keeps."""
        return Model._make("dae_trainer_copy_average", self)

    def freeze(self, layer: Union[int, str], frozen: bool = True) -> None:
        """Whether the parameters of a layer, by its label or number, stay what they are."""
        call("dae_trainer_set_frozen", self, str(layer), frozen)

    def on_gradient(self, function: Optional[Callable[[Any], Any]]) -> None:
        """function(gradient) sees every gradient before its use, and may change it in place; it must not
        keep the array. A true result fails the step. None: no function."""
        def see(gradients: Any, count: int, _: Any) -> int:
            values = ctypes.cast(gradients, ctypes.POINTER(c_float * count)).contents
            return 1 if function and function(_arrays.view_of(values, (count,))) else 0

        hook = _c.GRADIENT_FN(guarded(see)) if function else _c.GRADIENT_FN(0)
        call("dae_trainer_set_gradient_hook", self, hook, None)
        self._hook = hook  # the library has its address

    def fit(self, dataset: Dataset, epochs: int = 1, on_epoch: Optional[Callable[[Progress], Any]] = None,
            on_step: Optional[Callable[[Progress], Any]] = None,
            on_checkpoint_failed: Optional[Callable[[str], Any]] = None) -> bool:
        """Trains for more epochs: True when all are done, or stop_early() has ended it; False when stop() or a
        function ended it before.

        on_epoch and on_step get a Progress, on_checkpoint_failed the reason (with on_failure="go_on" of
        checkpoint()); a true result ends the fit. So does Ctrl-C, as ever in Python.
        """
        def report(progress: Any, _: Any) -> int:
            if progress.contents.event == Event.CHECKPOINT_FAILED:
                return 1 if on_checkpoint_failed and on_checkpoint_failed(last_error()) else 0
            function = {Event.EPOCH: on_epoch, Event.STEP: on_step}.get(progress.contents.event)
            return 1 if function and function(Progress.from_buffer_copy(progress.contents)) else 0

        callback = _c.PROGRESS_FN(guarded(report))
        call("dae_trainer_set_progress", self, callback, None)
        try:
            with _interrupt_calls(self.stop):
                call("dae_trainer_fit", self, dataset, epochs)
            return True
        except CancelledError:
            return False
        finally:
            call("dae_trainer_set_progress", self, _c.PROGRESS_FN(0), None)

    def step(self, inputs: Any, targets: Any) -> float:
        """One step with a batch; the loss before it."""
        inputs, count, _ = _arrays.samples(inputs, self._sizes[0])
        targets, target_count, _ = _arrays.samples(targets, self._sizes[1])
        if count != target_count:
            raise ValueError("%d inputs, but %d targets" % (count, target_count))
        loss: float = get("dae_trainer_step", _c.DOUBLE, self, inputs, targets, count)
        return loss

    def stop(self) -> None:
        """Ends a running fit after its step; may be called from any thread."""
        call("dae_trainer_stop", self)

    def stop_early(self, patience: int, min_delta: float = 0.0) -> None:
        """Fits end when the validation loss has not gone below its best by more than min_delta for `patience`
        epochs, with the parameters of the best; where all epochs are done before, they leave those of the last one, and
        restore_best() gives the best. 0: no longer. Forgets the best so far."""
        call("dae_trainer_set_early_stopping", self, patience, min_delta)

    @property
    def best(self) -> Optional[Tuple[int, float]]:
        """(epoch, validation loss) of the best epoch, with stop_early(); None while there is none."""
        epoch, loss = _c.U64(), _c.DOUBLE()
        try:
            call("dae_trainer_get_best", self, byref(epoch), byref(loss))
        except StateError:
            return None
        return epoch.value, loss.value

    def restore_best(self) -> None:
        """Gives the model the parameters of the best epoch."""
        call("dae_trainer_restore_best", self)

    def checkpoint(self, path: Any, every: int = 1, unit: Union[Interval, str] = "epochs", keep: int = 1,
                   on_failure: Union[CheckpointFailure, str] = "stop") -> None:
        """Fits write checkpoints: every so many "epochs", "steps" or "seconds", and when they end. None as path: no
        more. keep: how many stay, the older ones as path + ".1" and so on. on_failure: "stop" or "go_on"."""
        call("dae_trainer_set_checkpoint_interval", self, pick(Interval, unit), every)
        call("dae_trainer_set_checkpoint_keep", self, keep)
        call("dae_trainer_set_checkpoint_failure", self, pick(CheckpointFailure, on_failure))
        call("dae_trainer_set_checkpoint", self, None if path is None else os.fsencode(path))

    def save_checkpoint(self, path: Any) -> None:
        """Writes one now."""
        call("dae_trainer_save_checkpoint", self, os.fsencode(path))

    def checkpoint_to_bytes(self) -> bytes:
        """What save_checkpoint() writes."""
        return get_bytes("dae_trainer_serialize_checkpoint", self)

    def load_checkpoint(self, source: Any) -> None:
        """Goes back to where training was; from a path, or from bytes, bytearray or memoryview."""
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
            call("dae_trainer_deserialize_checkpoint", self, data, len(data))
        else:
            call("dae_trainer_load_checkpoint", self, os.fsencode(source))

    steps: Getter[int] = Getter(get, "dae_trainer_get_step_count", _c.U64)
    skipped: Getter[int] = Getter(get, "dae_trainer_get_skipped_count", _c.U64)
    epochs: Getter[int] = Getter(get, "dae_trainer_get_epoch_count", _c.SIZE)
    objective = Getter(get_text, "dae_trainer_format_objective")

    @property
    def history(self) -> Dict[str, List[float]]:
        """Lists by name (loss, validation_loss, validation_psnr, seconds, the terms of an objective that has
        several, gradient_norm with clip_norm, and validation_... for `figures`), one number per epoch."""
        values, result = (_c.DOUBLE * self.epochs)(), {}
        for name in list_texts("dae_trainer_list_history", self):
            call("dae_trainer_get_history", self, name, values, len(values))
            result[name] = list(values)
        return result

    @property
    def findings(self) -> List[Tuple[Finding, str]]:
        """What the history has to say: pairs of a Finding and its text."""
        return find(self, "dae_trainer_get_finding")
