"""Colours and line styles of all figures; levels at round numbers, symmetric where signs matter."""

from __future__ import annotations

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

DIVERGING = "RdBu_r"  # red is a gain, blue a loss; told apart by the colour-blind
_SEQUENTIAL = "viridis"
_QUALITATIVE = "Set2"
_SIDE_INTERVALS, _INTERVALS = 6, 9  # at most, on either side of zero and in all
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_OUTER_SHARE = 0.01  # of the values may lie beyond the outer levels, where colours end in arrows

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


def flag_colors(attributes: Mapping[str, Any]) -> Colors:
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
    palette = matplotlib.colormaps[_QUALITATIVE].colors  # type: ignore[attr-defined]
    colors = ListedColormap([palette[i % len(palette)] for i in range(values.size)])
    labels = tuple(plain(meanings[i].replace("_", " ")) for i in order)
    return Colors(bounds, colors, BoundaryNorm(bounds, colors.N), "neither", labels)


def colors_of(
    values: ArrayLike, *, name: str, difference: bool = False, levels: ArrayLike | None = None
) -> Colors:
    """Colours for the values of a variable.

    Parameters
    ----------
    values
        Of any shape; NaN is left out.
    name
        Canonical name, which decides the colour map.
    difference
        The values are differences of that variable, which have both signs.
    levels
        Bounds of the colours; by default round numbers that hold nearly all of the values.

    Raises
    ------
    InputError
        The levels do not increase, or are fewer than two.
    """
    variable = lookup(name)
    colormap = (variable.colormap if variable is not None else "") or _SEQUENTIAL
    if difference:
        colormap = DIVERGING
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if levels is not None:
        bounds = _checked(levels)
    elif colormap == DIVERGING:
        bounds = symmetric_levels(finite)
    else:
        bounds = round_levels(finite)
    extend = _extend(finite, bounds, symmetric=colormap == DIVERGING)
    colors = matplotlib.colormaps[colormap]
    if bounds.size + 1 > colors.N:  # with the arrows beyond
        colors = colors.resampled(bounds.size + 1)
    return Colors(bounds, colors, BoundaryNorm(bounds, colors.N, extend=extend), extend)


def symmetric_levels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels symmetric around zero and without it: what is near zero has one, pale colour."""
    changed = np.abs(values[values != 0.0])  # most of a map may be untouched
    reach = np.quantile(changed, 1.0 - _OUTER_SHARE) if changed.size else 0.0
    step = _round_step(reach / _SIDE_INTERVALS)
    positive = step * np.arange(1, max(2, int(np.ceil(reach / step - 1e-9))) + 1)
    return np.concatenate([-positive[::-1], positive])


def round_levels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels at multiples of a round step."""
    low, high = (0.0, 0.0)
    if values.size:
        low, high = np.quantile(values, [_OUTER_SHARE, 1.0 - _OUTER_SHARE])
    apart = 16.0 * np.spacing(max(abs(low), abs(high)))  # for levels that differ
    step = _round_step((high - low) / _INTERVALS if high > low else 0.0)
    step = max(step, _round_step(apart))
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return step * np.arange(first, max(last, first + 2) + 1)


def tick_levels(levels: NDArray[np.float64], *, most: int = 14) -> list[float]:
    """The levels that a colour bar has room to label; of symmetric levels symmetric ones."""
    every = -(-len(levels) // most)
    half = len(levels) // 2
    if len(levels) % 2 == 0 and np.allclose(levels, -levels[::-1]):
        outer = levels[:half][::every]
        return [*map(float, outer), *map(float, -outer[::-1])]
    return [float(level) for level in levels[::every]]


def _round_step(size: float) -> float:
    """The next round number from a size on."""
    if size <= 0.0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(size))
    return float(next(power * r for r in _ROUND if power * r >= size * (1.0 - 1e-9)))


def _checked(levels: ArrayLike) -> NDArray[np.float64]:
    bounds = np.asarray(levels, dtype=float)
    rising = bounds.ndim == 1 and bounds.size > 1 and bool((np.diff(bounds) > 0).all())
    if not rising or not np.isfinite(bounds).all():
        raise InputError(f"levels={levels!r} is not allowed; give at least two, increasing.")
    return bounds


def _extend(values: NDArray[np.float64], bounds: NDArray[np.float64], *, symmetric: bool) -> Extend:
    """Sides on which values pass the levels; one arrow alone would shift symmetric colours."""
    below = bool((values < bounds[0]).any())
    above = bool((values > bounds[-1]).any())
    if symmetric and (below or above):
        return "both"
    if below and above:
        return "both"
    if below:
        return "min"
    return "max" if above else "neither"
