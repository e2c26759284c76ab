"""What training has written down, epoch by epoch, and how it looks. Part of dae; matplotlib draws, where it is there."""

from __future__ import annotations

import base64
import io
import math
from typing import Any, Dict, Iterator, List, Mapping, Optional

SHOWN = 8  # rows of a table, before the middle is left out


class History(Mapping[str, List[float]]):
    """Columns by name, one number for each epoch: loss, validation_loss, validation_psnr in dB, seconds, and what the
    objective and the optimizer add. `best` is the epoch with the least validation loss, counted from 1, or None.

    >>> history = History({"loss": [3.0, 2.0, 1.5], "validation_loss": [3.5, 2.5, 2.75]})
    >>> history["loss"], history.best, len(history)
    ([3.0, 2.0, 1.5], 2, 2)
    >>> print(history)
    epoch         loss  validation_loss
        1            3              3.5
        2            2              2.5
        3          1.5             2.75
    """

    def __init__(self, columns: Mapping[str, List[float]]) -> None:
        self._columns: Dict[str, List[float]] = {name: list(values) for name, values in columns.items()}

    def __getitem__(self, name: str) -> List[float]:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def epochs(self) -> int:
        return len(next(iter(self._columns.values()), []))

    @property
    def best(self) -> Optional[int]:
        losses = [loss for loss in self._columns.get("validation_loss", []) if not math.isnan(loss)]
        return self._columns["validation_loss"].index(min(losses)) + 1 if losses else None

    def _rows(self) -> Iterator[List[str]]:
        """The table as text: its head, then epochs. Columns without a number are left out."""
        names = [name for name in self if not all(map(math.isnan, self[name]))]
        yield ["epoch"] + names
        half = SHOWN // 2
        for epoch in range(self.epochs):
            if half <= epoch < self.epochs - half:
                if epoch == half:
                    yield ["..."] * (len(names) + 1)
                continue
            yield [str(epoch + 1)] + ["%.4g" % self[name][epoch] for name in names]

    def __str__(self) -> str:
        rows = list(self._rows())
        widths = [5] + [max(11, len(name)) for name in rows[0][1:]]
        return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows)

    __repr__ = __str__

    def plot(self, columns: Optional[List[str]] = None, ax: Any = None) -> Any:
        """Draws columns against epochs, by default training and validation loss, on the axes of matplotlib that are
        given, else on the current ones; returns the axes."""
        if ax is None:
            from matplotlib import pyplot  # type: ignore[import]
            ax = pyplot.gca()
        self._draw(columns or ["loss", "validation_loss"], ax)
        return ax

    def _draw(self, columns: List[str], ax: Any) -> None:
        epochs = range(1, self.epochs + 1)
        for name in columns:
            if not all(map(math.isnan, self[name])):
                ax.plot(epochs, self[name], label=name.replace("_", " "))
        if self.best is not None and "validation_loss" in columns:
            ax.axvline(self.best, color="0.7", linestyle=":", label="best epoch")
        ax.set_xlabel("epoch")
        ax.legend()

    def _repr_png_(self) -> Optional[bytes]:
        """The picture that a notebook shows; None without matplotlib."""
        try:
            from matplotlib.backends.backend_agg import FigureCanvasAgg  # type: ignore[import]
            from matplotlib.figure import Figure  # type: ignore[import]
        except ImportError:
            return None
        figure = Figure(figsize=(6, 3))
        FigureCanvasAgg(figure)
        self._draw(["loss", "validation_loss"], figure.subplots())
        data = io.BytesIO()
        figure.savefig(data, format="png", bbox_inches="tight")
        return data.getvalue()

    def _repr_html_(self) -> str:
        """The table that a notebook shows, under the picture, where there is one."""
        head, *rows = self._rows()
        lines = ["<table>", "<tr>%s</tr>" % "".join("<th>%s</th>" % cell for cell in head)]
        lines += ["<tr>%s</tr>" % "".join("<td>%s</td>" % cell for cell in row) for row in rows]
        picture = self._repr_png_()
        if picture is not None:
            lines.insert(0, '<img alt="losses against epochs" src="data:image/png;base64,%s">'
                         % base64.b64encode(picture).decode())
        return "\n".join(lines + ["</table>"])
