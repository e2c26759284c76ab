"""How training is seen while it runs: a bar in a terminal, one in a notebook, or a line for each epoch. Part of dae."""

from __future__ import annotations

import html
import math
import shutil
import sys
import time
from typing import Any, Callable, List, Optional, TextIO

from ._c import Progress

PAUSE = 0.1  # seconds between two looks at a bar


def numbers_of(progress: Progress) -> str:
    """The figures of an epoch, or of as much of it as is done."""
    text = "loss %.4g" % progress.loss
    if not math.isnan(progress.validation_loss):
        text += "  validation %.4g (%.1f dB)" % (progress.validation_loss, progress.validation_psnr)
    return text


class Lines:
    """A line for each epoch."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    on_step: Optional[Callable[[Progress], None]] = None

    def on_epoch(self, progress: Progress) -> None:
        print("epoch %*d/%d  %s  %.1f s" % (len(str(progress.epochs)), progress.epoch, progress.epochs,
                                            numbers_of(progress), progress.epoch_seconds), file=self._stream, flush=True)

    def close(self) -> None:
        """Training is over."""

    def say(self, sentences: List[str]) -> None:
        """What is to be said of it."""
        for sentence in sentences:
            print(sentence, file=self._stream)


class Bar(Lines):
    """One line of a terminal that is written over and over."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._last, self._validation, self._text = -math.inf, "", ""
        self.on_step = self._step

    def _step(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= PAUSE:
            self._last = now
            self._show(progress)

    def on_epoch(self, progress: Progress) -> None:
        self._validation = numbers_of(progress).partition("  ")[2]
        self._show(progress)

    def _show(self, progress: Progress) -> None:
        done = (progress.epoch - 1 + progress.step / max(progress.steps, 1)) / progress.epochs
        left = progress.seconds * (1 - done) / done if done else 0.0
        parts = ["epoch %d/%d" % (progress.epoch, progress.epochs), self._picture(done),
                 "loss %.4g" % progress.loss, self._validation, "%.0f s left" % left]
        self._text = "  ".join(part for part in parts if part)
        self._write(self._text)

    @staticmethod
    def _picture(done: float, cells: int = 20) -> str:
        return "[%s]" % ("=" * int(done * cells)).ljust(cells)

    def _write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r" + text[:width].ljust(width))
        self._stream.flush()

    def close(self) -> None:
        if self._text:
            self._stream.write("\n")


class NotebookBar(Bar):
    """The same as an output of a notebook's cell, which is updated."""

    def __init__(self, display: Callable[..., Any], make: Callable[[str], Any]) -> None:
        super().__init__(sys.stderr)
        self._make = make
        self._handle = display(make(""), display_id=True)

    def _write(self, text: str) -> None:
        self._handle.update(self._make("<pre>%s</pre>" % html.escape(text)))

    def close(self) -> None:
        pass

    def say(self, sentences: List[str]) -> None:
        self._write("\n".join([self._text] + sentences))


def _notebook() -> Optional[NotebookBar]:
    """A bar, where IPython runs for a notebook."""
    ipython = sys.modules.get("IPython")  # not imported for this: where it is not loaded, there is no notebook
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import HTML, display  # type: ignore[import]
    return NotebookBar(display, HTML)


def begin(verbose: int, stream: Optional[TextIO] = None) -> Optional[Lines]:
    """Who shows the training: nobody with 0; with 1 a bar in a notebook or a terminal, and nobody elsewhere; with 2
    lines. What is written goes to the standard error stream."""
    stream = sys.stderr if stream is None else stream
    if verbose >= 2:
        return Lines(stream)
    if verbose == 1:
        return _notebook() or (Bar(stream) if stream is not None and stream.isatty() else None)
    return None
