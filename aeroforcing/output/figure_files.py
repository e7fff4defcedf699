"""Figures as files: PNG, JPEG, PDF or SVG, the same bytes for the same figure."""

from __future__ import annotations

import io
from typing import cast

import matplotlib
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DOTS_PER_INCH = 150

# Without the date of the making and with fixed names of parts, files can be compared.
_METADATA: dict[str, dict[str, None]] = {
    ".png": {},
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
}


def use_files_only() -> None:
    """Draw without a screen; for commands, which show no windows."""
    matplotlib.use("agg")


def figure_bytes(axes: Axes, suffix: str, *, dpi: int = DOTS_PER_INCH) -> bytes:
    """The content of the file of a figure; the figure is closed.

    Parameters
    ----------
    axes
        Any axes of the figure.
    suffix
        ".png", ".jpg", ".pdf" or ".svg".
    dpi
        Dots per inch, of the coloured cells of maps in PDF and SVG too.
    """
    stream = io.BytesIO()
    figure = cast(Figure, axes.figure)
    with matplotlib.rc_context({"svg.hashsalt": "aeroforcing", "pdf.fonttype": 42}):
        figure.savefig(
            stream,
            format=suffix.removeprefix("."),
            dpi=dpi,
            bbox_inches="tight",
            metadata=_METADATA.get(suffix),  # JPEG takes none,
        )
    plt.close(figure)
    return stream.getvalue()
