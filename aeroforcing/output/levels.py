"""Bounds of the colours of a figure: round, and close together where the values lie."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aeroforcing.core.errors import InputError

_Floats = NDArray[np.float64]

_ROUND = (10.0, 8.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.5, 1.0)  # steps
_ROUND_PARTS = (1.0, 2.0, 2.5, 3.0, 4.0, 5.0)  # of a step
_PARTS = (2, 3, 5)
_CLASSES = 10  # at least, in the range of the values
_OUTER_SHARE = 0.01  # of the values may lie beyond each outer level, where colours end in arrows
_LARGEST_SHARE = 0.2  # of the values in a class; one that holds more is parted,
_MOST_LEVELS = 16  # as far as a reader can tell that many colours apart,
_GAIN = 0.9  # and if none of the new classes holds as much of it


def signed_levels(values: _Floats, weights: _Floats | None = None) -> _Floats:
    """Round levels around zero, finer near it, as far on either side as the values.

    Levels on both sides mirror each other, and the class of zero lies between them, so that what
    is not changed has one, pale colour. Values of one sign have levels on its side alone.

    Parameters
    ----------
    values
        (value,)
    weights
        (value,) such as areas of cells; by default all are equal.

    Returns
    -------
    numpy.ndarray
        (level,) increasing.
    """
    weights = np.ones_like(values) if weights is None else weights
    changed = values != 0.0  # most of a map may be untouched
    if changed.all() and values.size and (values.min() > 0.0 or values.max() < 0.0):
        return _best(_one_sided, *_quantiles(values, weights), values, weights, signed=True)
    values, weights = np.append(values[changed], 0.0), np.append(weights[changed], 0.0)
    low, high = _quantiles(values, weights)
    return _best(_two_sided, min(low, 0.0), max(high, 0.0), values, weights, signed=True)


def round_levels(values: _Floats, weights: _Floats | None = None) -> _Floats:
    """Round levels over the range of the values, finer where most of them lie.

    Parameters and result are those of `signed_levels`.
    """
    weights = np.ones_like(values) if weights is None else weights
    low, high = _quantiles(values, weights) if values.size else (0.0, 0.0)
    return _best(_multiples, low, high, values, weights, signed=False)


def checked_levels(levels: ArrayLike) -> _Floats:
    """Levels that a user gave.

    Raises
    ------
    InputError
        They do not increase, or are fewer than two.
    """
    bounds = np.asarray(levels, dtype=float)
    rising = bounds.ndim == 1 and bounds.size > 1 and bool((np.diff(bounds) > 0).all())
    if not rising or not np.isfinite(bounds).all():
        raise InputError(f"levels={levels!r} is not allowed; give at least two, increasing.")
    return bounds


def tick_levels(levels: _Floats, *, most: int = 14) -> list[float]:
    """The levels that a colour bar has room to label; of symmetric levels symmetric ones."""
    every = -(-len(levels) // most)
    half = len(levels) // 2
    if len(levels) % 2 == 0 and np.allclose(levels, -levels[::-1]):
        outer = levels[:half][::every]
        return [*map(float, outer), *map(float, -outer[::-1])]
    return [float(level) for level in levels[::every]]


def _best(
    levels_by: Callable[[float, float, float], _Floats],
    low: float,
    high: float,
    values: _Floats,
    weights: _Floats,
    *,
    signed: bool,
) -> _Floats:
    """Of the levels by all steps those whose largest class is smallest, or fewest of equals."""
    order = np.argsort(values)
    values = values[order]
    below = np.append(0.0, np.cumsum(weights[order]))

    def largest_share(levels: _Floats) -> float:
        return max(_LARGEST_SHARE, _shares(levels, values, below).max())

    steps = _steps(low, high, values)
    every = [_finer(levels_by(low, high, s), values, below, signed=signed) for s in steps]
    return min(every, key=largest_share)


def _steps(low: float, high: float, values: _Floats) -> list[float]:
    """Round steps, the largest first, of at most a tenth of the range of the values."""
    finest = max(16.0 * np.spacing(max(abs(low), abs(high))), 1e-300)  # for levels that differ
    widest = (values.max() / _CLASSES - values.min() / _CLASSES) if values.size else 0.0
    if not high > low or widest < finest:
        return [max(1.0 if not high > low else 0.0, _round_steps(finest)[-1] * 10.0)]
    allowed = [step for step in _round_steps(widest) if step <= widest * (1.0 + 1e-9)]
    few = [step for step in allowed if (high - low) / step <= _MOST_LEVELS - 2]
    return few or allowed[:1]


def _round_steps(size: float) -> list[float]:
    """Round steps around a size, the largest first."""
    power = 10.0 ** np.floor(np.log10(size))
    return [float(scale * r) for scale in (power, power / 10.0) for r in _ROUND]


def _multiples(low: float, high: float, step: float) -> _Floats:
    """Levels at multiples of a step."""
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return np.asarray(step * np.arange(first, max(last, first + 1) + 1))


def _one_sided(low: float, high: float, step: float) -> _Floats:
    """Multiples of a step, finer at zero if they reach it."""
    levels = _multiples(low, high, step)
    if levels[0] == 0.0:
        return _parted(levels, 0)
    return _parted(levels, levels.size - 2) if levels[-1] == 0.0 else levels


def _two_sided(low: float, high: float, step: float) -> _Floats:
    """Multiples of a step on both sides of zero, finer next to it, and none at zero."""
    count = max(1, int(np.ceil(max(-low, high) / step - 1e-9)))
    side = np.append(_between(0.0, step), step * np.arange(1, count + 1))
    below, above = (
        side[: 1 + int(np.searchsorted(side, reach * (1.0 - 1e-9)))] for reach in (-low, high)
    )
    return np.concatenate([-below[::-1], above])


def _finer(levels: _Floats, values: _Floats, below: _Floats, *, signed: bool) -> _Floats:
    """Levels of which the largest classes of sorted values are parted."""
    while True:
        shares = _shares(levels, values, below)
        large = np.argsort(-shares, kind="stable")[: np.count_nonzero(shares > _LARGEST_SHARE)]
        for at, together in ((i, t) for i in large for t in _together(levels, i, signed)):
            finer = levels
            for i in np.flatnonzero(together)[::-1]:
                finer = _parted(finer, int(i))
            finer = _reached(finer, values)
            inside = (finer[:-1] >= levels[at]) & (finer[1:] <= levels[at + 1])
            most = _shares(finer, values, below)[inside].max(initial=0.0)
            if finer.size <= _MOST_LEVELS and most <= _GAIN * shares[at]:
                levels = finer
                break
        else:
            return levels


def _together(levels: _Floats, at: int, signed: bool) -> list[NDArray[np.bool_]]:
    """Classes to be parted with one, by preference: all up to it from zero, or its mirror image."""
    if not signed:
        return [np.arange(levels.size - 1) == at]
    lower, upper = levels[:-1], levels[1:]
    width, outer = np.where((lower < 0.0) & (upper > 0.0), upper, upper - lower), np.abs(levels)
    outer = np.maximum(outer[:-1], outer[1:])
    nearer = (width >= width[at] * (1.0 - 1e-6)) & (outer <= outer[at] * (1.0 + 1e-9))
    return [nearer, np.isclose(outer, outer[at], rtol=1e-9, atol=0.0)]


def _reached(levels: _Floats, values: _Floats) -> _Floats:
    """Levels without those that pass all values by more than a class."""
    first = int(np.searchsorted(levels, values.min(), side="right")) - 1
    last = int(np.searchsorted(levels, values.max()))
    reached = levels[max(0, first) : last + 1]
    return reached if reached.size > 2 else levels


def _parted(levels: _Floats, at: int) -> _Floats:
    """Levels with a class parted; the one of zero keeps a part around it."""
    lower, upper = levels[at], levels[at + 1]
    if lower < 0.0 < upper:
        side = _between(0.0, upper)
        new = np.concatenate([-side[::-1], side])
    else:
        new = _between(lower, upper)
    return np.concatenate([levels[: at + 1], new, levels[at + 1 :]])


def _between(lower: float, upper: float) -> _Floats:
    """Bounds inside of a class that part it into as few round parts as can be."""
    if upper <= 0.0:  # the same numbers on both sides of zero
        return -_between(-upper, -lower)[::-1]
    width = upper - lower
    power = 10.0 ** np.floor(np.log10(width))
    round_parts = (
        n
        for n in _PARTS
        for scale in (power, power / 10.0)
        if np.isclose(width / n, scale * np.array(_ROUND_PARTS), rtol=1e-6, atol=0.0).any()
    )
    n = next(round_parts, _PARTS[0])
    return np.asarray(lower + width * np.arange(1, n) / n)


def _shares(levels: _Floats, values: _Floats, below: _Floats) -> _Floats:
    """Shares of sorted values in the classes between the levels, (class,).

    `below` are the sums of the weights of the values before each, and that of all.
    """
    return np.asarray(np.diff(below[np.searchsorted(values, levels)]) / (below[-1] or 1.0))


def _quantiles(values: _Floats, weights: _Floats) -> tuple[float, float]:
    """The values between which all but the outer shares lie."""
    order = np.argsort(values)
    ordered, weight = values[order], weights[order]
    if weight.sum() <= 0.0:
        return float(ordered[0]), float(ordered[-1])
    return _reach(ordered, weight), _reach(ordered[::-1], weight[::-1])


def _reach(ordered: _Floats, weights: _Floats) -> float:
    """The first value before which more than the outer share lies."""
    before = np.cumsum(weights)
    at = np.searchsorted(before, _OUTER_SHARE * before[-1] * (1.0 + 1e-9), side="right")
    return float(ordered[min(int(at), ordered.size - 1)])
