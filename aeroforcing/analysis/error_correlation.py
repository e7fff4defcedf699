"""How errors of one input hang together between cells and months, and what a mean makes of them.

Two cells at the distance d and two months have the correlation r(d) m, where r is

- *none*: 0, but for the same cell;
- *systematic*: 1, one error everywhere;
- *exponential* of a length L: exp(-d / L) of the great-circle distance, a valid correlation on the
  sphere (Gneiting 2013, doi:10.3150/12-BEJSP06);
- *gaussian* of a length L: exp(-(c / L)^2 / 2) of the chord c through the Earth, since the same of
  the great-circle distance is not a valid one (ibid.); on short ways both are the same,

and m is 1 for the same month and one number for all different months.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_between
from aeroforcing.core.constants import EARTH_RADIUS
from aeroforcing.core.errors import InputError
from aeroforcing.observations.statistical_interpolation import correlations

NONE, SYSTEMATIC, EXPONENTIAL, GAUSSIAN = "none", "systematic", "exponential", "gaussian"
_UNITS = {"km": 1e3, "m": 1.0}
_SHORTEST = 1e4  # m; what is shorter is kilometres given as metres, or no correlation at all
_CELLS_AT_ONCE = 1024
_NUGGET = 1e-9  # of the variance, without which rounding makes smooth correlations indefinite


class Correlation(NamedTuple):
    """Correlation of the errors of one input."""

    shape: str
    length: float  # m; infinite and 0 for systematic and none
    months: float  # of different months

    def __str__(self) -> str:
        space = f"{self.shape} {self.length / 1e3:g} km" if self.has_length else self.shape
        return f"{space}, {self.months:g} between months"

    @property
    def has_length(self) -> bool:
        """Whether the correlation depends on the distance."""
        return self.shape in (EXPONENTIAL, GAUSSIAN)


def correlation_of(given: str | float, *, months: float | None = None) -> Correlation:
    """The correlation that a word or a number stands for.

    Parameters
    ----------
    given
        "none", "systematic", a length with its unit such as "1000 km" or "gaussian 1000 km"
        (else exponential), or a length [m].
    months
        Correlation of different months, 0 to 1; by default 1, or 0 for "none".

    Raises
    ------
    InputError
        It is none of these, or shorter than 10 km.
    """
    shape, length = _shape_and_length(given)
    if months is None:
        months = 0.0 if shape == NONE else 1.0
    check_between("month_correlation", months, 0.0, 1.0)
    return Correlation(shape, length, float(months))


def _shape_and_length(given: str | float) -> tuple[str, float]:
    if isinstance(given, str) and given in (NONE, SYSTEMATIC):
        return given, 0.0 if given == NONE else math.inf
    shape, text = EXPONENTIAL, str(given)
    if text.startswith((EXPONENTIAL, GAUSSIAN)):
        shape, _, text = text.partition(" ")
    length = _metres(text)
    if not _SHORTEST <= length < math.inf:
        raise InputError(
            f"correlation={given!r} is not allowed; give 'none', 'systematic', or a length of at "
            "least 10 km, such as '1000 km', 'gaussian 1000 km' or 1e6 [m]."
        )
    return shape, length


def _metres(text: str) -> float:
    """A length with its unit, or in metres; NaN of what is none."""
    number = text.strip().rstrip("km").strip()
    unit = text.strip().removeprefix(number).strip() or "m"
    try:
        return float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        return math.nan


def matrix(rows: Floats, columns: Floats, correlation: Correlation) -> Floats:
    """Correlations of two sets of places.

    Parameters
    ----------
    rows, columns
        Unit vectors (place, 3).
    correlation
        One with a length.

    Returns
    -------
    (row, column)
    """
    if correlation.shape == EXPONENTIAL:
        return correlations(rows, columns, correlation.length)
    chord_squared = 2.0 * EARTH_RADIUS**2 * (1.0 - rows @ columns.T).clip(0.0)
    return np.exp(-0.5 * chord_squared / correlation.length**2)


def variance_of_sums(terms: Floats, *, places: Floats, correlation: Correlation) -> Floats:
    """Variance of sums of errors over cells and months.

    Parameters
    ----------
    terms
        (month, sum, cell) standard deviation of every term, with the sign with which its error
        enters the sum.
    places
        Unit vectors of the cells (cell, 3).
    correlation
        Of the errors.

    Returns
    -------
    (sum,)
    """
    common = _over_cells(terms.sum(axis=0), places, correlation)
    if correlation.months == 1.0:
        return common
    count = terms.shape[0]
    single = _over_cells(terms.reshape(-1, terms.shape[-1]), places, correlation)
    own = single.reshape(count, -1).sum(axis=0)
    return correlation.months * common + (1.0 - correlation.months) * own


def _over_cells(terms: Floats, places: Floats, correlation: Correlation) -> Floats:
    """Variance of sums over cells (sum,) of terms (sum, cell)."""
    if correlation.shape == NONE:
        return (terms**2).sum(axis=-1)
    if correlation.shape == SYSTEMATIC:
        return terms.sum(axis=-1) ** 2
    total = np.zeros(len(terms))
    for block in _blocks(len(places)):
        joint = terms @ matrix(places, places[block], correlation)
        total += (joint * terms[:, block]).sum(axis=-1)
    return total.clip(0.0)  # rounding


def _blocks(cells: int) -> Iterator[slice]:
    """Runs of cells that are worked on together, which bounds the memory."""
    for start in range(0, cells, _CELLS_AT_ONCE):
        yield slice(start, min(start + _CELLS_AT_ONCE, cells))


class ErrorFields:
    """Draws fields of normal errors of unit variance with a correlation."""

    def __init__(self, places: Floats, correlation: Correlation) -> None:
        self._cells = len(places)
        self._correlation = correlation
        self._factor: Floats | None = None
        if correlation.has_length:
            joint = matrix(places, places, correlation)
            joint[np.diag_indices_from(joint)] += _NUGGET
            self._factor = np.asarray(np.linalg.cholesky(joint), dtype=np.float64)

    def draw(self, months: int, *, random: np.random.Generator) -> Floats:
        """Errors (month, cell)."""
        share = self._correlation.months
        common, own = self._fields(1, random), self._fields(months, random)
        return math.sqrt(share) * common + math.sqrt(1.0 - share) * own

    def _fields(self, count: int, random: np.random.Generator) -> Floats:
        """Independent fields (field, cell)."""
        if self._correlation.shape == SYSTEMATIC:
            return np.repeat(random.standard_normal((count, 1)), self._cells, axis=1)
        white = random.standard_normal((count, self._cells))
        return white if self._factor is None else white @ self._factor.T
