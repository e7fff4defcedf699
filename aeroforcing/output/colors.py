"""Colours and line styles of all figures."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap
from numpy.typing import ArrayLike, NDArray

from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import lookup
from aeroforcing.output.labels import plain
from aeroforcing.output.levels import checked_levels, round_levels, signed_levels

DIVERGING = "RdBu_r"  # red is a gain, blue a loss; told apart by the colour-blind
_SEQUENTIAL = "viridis"
_QUALITATIVE = "Set2"
_LUMA = np.array([0.299, 0.587, 0.114])  # grey of red, green and blue (ITU-R BT.601)
_CONTINUOUS = 256  # colours of a map of colours that are not told apart one by one

Extend = Literal["neither", "min", "max", "both"]

# Colours of Okabe and Ito, which the colour-blind can tell apart; markers for prints in grey.
LEVEL_LINES = {
    "toa": ("top of the atmosphere", "#0072B2", "o"),
    "atmosphere": ("atmosphere", "#D55E00", "s"),
    "surface": ("surface", "#000000", "^"),
}
SKY_STYLES = {"": "-", "_cs": "--"}


class Colors(NamedTuple):
    """How values become colours."""

    levels: NDArray[np.float64]
    colormap: Colormap
    norm: BoundaryNorm
    extend: Extend  # arrows of the colour bar
    labels: tuple[str, ...] = ()  # of the intervals, where they are the values of a flag


def flag_colors(attributes: Mapping[str, Any], *, cmap: str | None = None) -> Colors:
    """A colour for each value of a flag, by its attributes `flag_values` and `flag_meanings`."""
    values = np.atleast_1d(np.asarray(attributes["flag_values"]))
    meanings = str(attributes.get("flag_meanings", "")).split()
    if values.dtype.kind not in "iuf" or len({*values.tolist()}) != len(meanings):
        raise InputError(
            f"flag_values = {textwrap.shorten(str(values), 60)} are not as many numbers as "
            f"flag_meanings has words ({len(meanings)}). Correct these attributes."
        )
    order = np.argsort(values)
    values = values[order].astype(float)
    bounds = np.concatenate(
        [[values[0] - 0.5], (values[1:] + values[:-1]) / 2.0, [values[-1] + 0.5]]
    )
    palette = _colormap(_QUALITATIVE if cmap is None else cmap)
    steps = np.arange(values.size)
    listed = palette.N < _CONTINUOUS
    colors = ListedColormap(palette(steps % palette.N if listed else steps / max(1, steps[-1])))
    labels = tuple(plain(meanings[i].replace("_", " ")) for i in order)
    return Colors(bounds, colors, BoundaryNorm(bounds, colors.N), "neither", labels)


def colors_of(
    values: ArrayLike,
    *,
    name: str,
    weights: ArrayLike | None = None,
    difference: bool = False,
    levels: ArrayLike | None = None,
    cmap: str | None = None,
) -> Colors:
    """Colours for the values of a variable.

    Parameters
    ----------
    values
        Of any shape; NaN is left out.
    name
        Canonical name, which decides the colour map.
    weights
        Of the values, in their shape, such as the areas of cells; by default all are equal.
    difference
        The values are differences of that variable, which have both signs.
    levels
        Bounds of the colours; by default round numbers that hold nearly all of the values, closer
        together where most of them lie.
    cmap
        A colour map of matplotlib instead of that of the variable.

    Raises
    ------
    InputError
        The levels do not increase, or are fewer than two, or there is no such colour map.
    """
    variable = lookup(name)
    usual = (variable.colormap if variable is not None else "") or _SEQUENTIAL
    if difference:
        usual = DIVERGING
    colormap = _colormap(usual if cmap is None else cmap)
    every = np.asarray(values, dtype=float)
    known = np.isfinite(every)
    finite = every[known]
    sizes = None if weights is None else np.asarray(weights, dtype=float)[known]
    if levels is not None:
        bounds = checked_levels(levels)
    elif usual == DIVERGING:
        bounds = signed_levels(finite, sizes)
    else:
        bounds = round_levels(finite, sizes)
    extend = _extend(finite, bounds)
    colors = _shades(colormap, bounds, extend, centred=usual == DIVERGING)
    return Colors(bounds, colors, BoundaryNorm(bounds, colors.N, extend=extend), extend)


def _colormap(name: str) -> Colormap:
    if name not in matplotlib.colormaps:
        near = difflib.get_close_matches(name, matplotlib.colormaps, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ", such as RdBu_r or viridis."
        raise InputError(f"cmap={name!r} is not a colour map of matplotlib{hint}")
    return matplotlib.colormaps[name]


def _shades(
    colormap: Colormap, bounds: NDArray[np.float64], extend: Extend, *, centred: bool
) -> ListedColormap:
    """A colour for each class; diverging ones meet at zero, as far from it on either side."""
    lower, upper = bounds[:-1], bounds[1:]
    if extend in ("min", "both"):
        lower, upper = np.insert(lower, 0, -np.inf), np.insert(upper, 0, bounds[0])
    if extend in ("max", "both"):
        lower, upper = np.append(lower, bounds[-1]), np.append(upper, np.inf)
    if centred and _is_diverging(colormap):
        above, below = np.cumsum(lower >= 0.0), np.cumsum((upper <= 0.0)[::-1])[::-1]
        places = 0.5 + 0.5 * (above - below) / max(above[-1], below[0], 1)
    else:
        places = np.linspace(0.0, 1.0, lower.size)
    return ListedColormap(colormap(places), name=colormap.name)


def _is_diverging(colormap: Colormap) -> bool:
    """Whether a colour map is palest, or darkest, in its middle."""
    first, middle, last = colormap([0.0, 0.5, 1.0])[:, :3] @ _LUMA
    return bool(
        min(middle - first, middle - last) > 0.1 or max(middle - first, middle - last) < -0.1
    )


def _extend(values: NDArray[np.float64], bounds: NDArray[np.float64]) -> Extend:
    """Sides on which values pass the levels."""
    below = bool((values < bounds[0]).any())
    above = bool((values > bounds[-1]).any())
    if below and above:
        return "both"
    if below:
        return "min"
    return "max" if above else "neither"
