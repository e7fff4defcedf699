"""Comparison of figures with pictures kept in tests/unit/output/baseline.

After a wanted change: `AEROFORCING_NEW_PICTURES=1 pytest tests/unit/output/test_pictures.py`, then
look at
every new picture.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.testing.compare import compare_images

BASELINE = Path(__file__).parents[1] / "unit" / "output" / "baseline"
# Other versions place text a little differently.
DRAWN_WITH = {"matplotlib": "3.11", "cartopy": "0.26"}
TOLERANCE = 1.0  # rms of the grey steps; a changed digit of a title makes more
_STYLE = {"text.hinting": "no_hinting", "path.simplify": False}


def save(axes: Axes, path: Path) -> None:
    """Write the figure of some axes as a small picture, and close it."""
    with matplotlib.rc_context(_STYLE):
        axes.figure.savefig(path, dpi=50, metadata={"Software": None})
    plt.close(axes.figure)


def difference(axes: Axes, name: str, folder: Path) -> str | None:
    """How a figure differs from the kept picture of a name; None if it does not."""
    actual = folder / f"{name}.png"
    save(axes, actual)
    return compare_images(str(BASELINE / f"{name}.png"), str(actual), tol=TOLERANCE)


def skip_with_other_versions() -> None:
    """Skip the test if the pictures were drawn with other versions of the libraries."""
    for package, drawn in DRAWN_WITH.items():
        if not version(package).startswith(f"{drawn}."):
            pytest.skip(f"the pictures were drawn with {package} {drawn}")


def wants_new_pictures() -> bool:
    """Whether the pictures are to be drawn anew."""
    return bool(os.environ.get("AEROFORCING_NEW_PICTURES"))
