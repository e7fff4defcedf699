r"""Phase functions of an aerosol beyond Henyey-Greenstein: two-term, tabulated, by moments.

A phase function p of the cosine x of the scattering angle is normalised to
:math:`\frac{1}{2} \int p\,dx = 1` (E3 of Chung 2012, doi:10.5772/50248) and has the asymmetry
parameter :math:`g = \frac{1}{2} \int p x\,dx` (E4). The paths draw x from a *row* of `QUANTILES`
+ 1 cosines, between which it falls with equal probability, evenly within each step. The row begins
with the means of the Legendre polynomials P1, P3 and P5 over exactly that distribution: the
corrections of the paths (`adjoint.mean_step`) have zero mean only with them. With 1024 steps the
asymmetry parameter of a row is right to 1e-5 (1e-6 up to g = 0.7).

References
----------
Henyey, L. G. and Greenstein, J. L. (1941), Astrophys. J. 93, 70-83, doi:10.1086/144246.
Kattawar, G. W. (1975), J. Quant. Spectrosc. Radiat. Transf. 15, 839-849,
doi:10.1016/0022-4073(75)90095-3: two terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike, NDArray

from aeroforcing.core.arrays import Floats
from aeroforcing.core.compiled import compiled, inner
from aeroforcing.core.errors import InputError, suggest_keywords

QUANTILES = 1024
FIRST_MOMENT, THIRD_MOMENT, FIFTH_MOMENT, FIRST_COSINE = range(4)
ROW = FIRST_COSINE + QUANTILES + 1
_MOMENTS = (1, 3, 5)

# Cosines at which phase functions are integrated: even in the square root of 1 - x, so that the
# forward peak of large particles is resolved.
_COSINES = 1.0 - 2.0 * np.linspace(1.0, 0.0, 8001) ** 2


@runtime_checkable
class PhaseFunction(Protocol):
    """A phase function of the cosine of the scattering angle."""

    def __hash__(self) -> int: ...

    def at(self, cosine: Floats) -> Floats:
        """Its values, with the mean 1 over the sphere."""

    @property
    def asymmetry(self) -> float:
        """Its mean cosine."""


@dataclass(frozen=True)
class HenyeyGreenstein:
    """The phase function of one parameter, its mean cosine.

    Parameters
    ----------
    asymmetry
        Between -1 and 1.

    Raises
    ------
    InputError
        The asymmetry parameter is out of range.
    """

    asymmetry: float

    def __post_init__(self) -> None:
        _check_asymmetry("HenyeyGreenstein", "asymmetry", self.asymmetry)

    def at(self, cosine: Floats) -> Floats:
        """Its values, with the mean 1 over the sphere."""
        g = self.asymmetry
        return (1.0 - g * g) / (1.0 + g * g - 2.0 * g * cosine) ** 1.5


@suggest_keywords
@dataclass(frozen=True)
class DoubleHenyeyGreenstein:
    """The sum of two Henyey-Greenstein functions, one forward and one backward as a rule.

    Parameters
    ----------
    forward, backward
        Their asymmetry parameters, between -1 and 1.
    share
        Of the first in the scattering, 0 to 1.

    Raises
    ------
    InputError
        A value is out of range.
    """

    _: KW_ONLY
    forward: float
    backward: float
    share: float

    def __post_init__(self) -> None:
        for name in ("forward", "backward"):
            _check_asymmetry("DoubleHenyeyGreenstein", name, getattr(self, name))
        if not 0.0 <= self.share <= 1.0:
            raise InputError(
                f"DoubleHenyeyGreenstein: share={self.share!r} is not allowed; give 0 to 1."
            )

    @property
    def asymmetry(self) -> float:
        """Its mean cosine."""
        return self.share * self.forward + (1.0 - self.share) * self.backward

    def at(self, cosine: Floats) -> Floats:
        """Its values, with the mean 1 over the sphere."""
        first, second = (HenyeyGreenstein(g).at(cosine) for g in (self.forward, self.backward))
        return self.share * first + (1.0 - self.share) * second


@suggest_keywords
@dataclass(frozen=True, eq=False)
class TabulatedPhaseFunction:
    """A phase function given at scattering angles, between which it is linear in the angle.

    Parameters
    ----------
    angle
        (n,) rising from 0 to 180 [degrees].
    values
        (n,) not negative, in any unit: they are normalised.

    Raises
    ------
    InputError
        The arrays do not fit each other, angles do not rise from 0 to 180, or a value is negative
        or not finite.
    """

    _: KW_ONLY
    angle: ArrayLike
    values: ArrayLike

    def __post_init__(self) -> None:
        angle, values = (np.array(a, dtype=float) for a in (self.angle, self.values))
        if angle.ndim != 1 or angle.shape != values.shape or angle.size < 2:
            raise InputError(
                f"TabulatedPhaseFunction: angle has the shape {angle.shape} and values "
                f"{values.shape}; give one value per angle."
            )
        if angle[0] != 0.0 or angle[-1] != 180.0 or not (np.diff(angle) > 0).all():
            raise InputError(
                f"TabulatedPhaseFunction: angle runs from {angle[0]:g} to {angle[-1]:g}; it must "
                "rise from 0 to 180 degrees."
            )
        if not np.isfinite(values).all() or (values < 0).any() or not values.any():
            raise InputError(
                "TabulatedPhaseFunction: values must be finite, not negative and not all zero."
            )
        object.__setattr__(self, "angle", angle)
        object.__setattr__(self, "values", values)

    def at(self, cosine: Floats) -> Floats:
        """Its values, with the mean 1 over the sphere."""
        return self._given(cosine) / self._norm

    @cached_property
    def asymmetry(self) -> float:
        """Its mean cosine."""
        return float(_mean(self._given(_COSINES) * _COSINES) / self._norm)

    def _given(self, cosine: Floats) -> Floats:
        degrees = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
        return np.interp(degrees, np.asarray(self.angle), np.asarray(self.values))

    @cached_property
    def _norm(self) -> float:
        return float(_mean(self._given(_COSINES)))


@suggest_keywords
@dataclass(frozen=True, eq=False)
class LegendrePhaseFunction:
    """A phase function given by the means of the Legendre polynomials over it.

    Parameters
    ----------
    moments
        (n,) of order 0 (which is 1), 1 (the asymmetry parameter), 2 and so on, with which
        p = sum (2 l + 1) m_l P_l.

    Raises
    ------
    InputError
        The first is not 1, or the phase function is negative at some angle, for lack of moments.
    """

    moments: ArrayLike

    def __post_init__(self) -> None:
        moments = np.array(self.moments, dtype=float)
        if moments.ndim != 1 or moments.size < 2 or abs(moments[0] - 1.0) > 1e-6:
            raise InputError(
                "LegendrePhaseFunction: moments must be one-dimensional, of order 0 (which is 1) "
                "on, two or more."
            )
        object.__setattr__(self, "moments", moments)
        lowest = self.at(_COSINES).min()
        if not lowest >= -1e-6:
            raise InputError(
                f"LegendrePhaseFunction: {moments.size} moments give a phase function that goes "
                f"down to {lowest:.3g}; it must not be negative. Give more moments, or a table."
            )

    @property
    def asymmetry(self) -> float:
        """Its mean cosine."""
        return float(np.asarray(self.moments)[1])

    def at(self, cosine: Floats) -> Floats:
        """Its values, with the mean 1 over the sphere."""
        moments = np.asarray(self.moments)
        return legendre.legval(cosine, (2.0 * np.arange(moments.size) + 1.0) * moments)


def phase_rows(functions: Sequence[PhaseFunction], weights: Floats) -> Floats:
    """Rows of mixtures of phase functions, from which the paths draw.

    Parameters
    ----------
    functions
        Of the components.
    weights
        (..., component) share of each in the scattering; any sum but 0.

    Returns
    -------
    numpy.ndarray
        (..., ROW): moments P1, P3 and P5, and the cosines from -1 to 1.
    """
    cumulative = np.stack([_cumulative(function) for function in functions])
    shares = weights / weights.sum(axis=-1, keepdims=True)
    flat = shares.reshape(-1, len(functions)) @ cumulative
    targets = np.linspace(0.0, 1.0, QUANTILES + 1)
    rows = np.array([_row(np.interp(targets, each, _COSINES)) for each in flat])
    return rows.reshape(*weights.shape[:-1], ROW)


@lru_cache(maxsize=64)
def _cumulative(function: PhaseFunction) -> Floats:
    """Probability of a cosine below each of `_COSINES`."""
    values = np.maximum(function.at(_COSINES), 0.0)  # a sum of moments may round just below 0
    steps = 0.5 * (values[1:] + values[:-1]) * np.diff(_COSINES)
    cumulative = np.concatenate([[0.0], np.cumsum(steps)])
    # strictly rising, so that it can be inverted where the phase function is 0
    return cumulative / cumulative[-1] * (1.0 - 1e-9) + 1e-9 * np.linspace(0.0, 1.0, values.size)


def _row(cosines: Floats) -> Floats:
    """Moments of the distribution that is even between successive cosines, and the cosines."""
    return np.concatenate([[_even_moment(cosines, order) for order in _MOMENTS], cosines])


def _even_moment(cosines: Floats, order: int) -> float:
    """Mean of P_l: that over a step from a to b is the difference of its integral over b - a."""
    integral = legendre.legint(np.eye(order + 1)[order])
    at = legendre.legval(cosines, integral)
    return float((np.diff(at) / np.diff(cosines)).mean())


def _mean(values: Floats) -> float:
    """Mean over the sphere of values at `_COSINES`."""
    return float(0.5 * (0.5 * (values[1:] + values[:-1]) * np.diff(_COSINES)).sum())


def _check_asymmetry(owner: str, name: str, value: float) -> None:
    if not -1.0 < value < 1.0:
        raise InputError(
            f"{owner}: {name}={value!r} is not allowed; give a number between -1 and 1, both "
            "excluded."
        )


class AerosolPhase(NamedTuple):
    """The phase functions of the aerosol of many columns, for the solver."""

    rows: Floats  # (row, ROW)
    row: NDArray[np.int64]  # (cell, band, layer) which of them; -1: Henyey-Greenstein


class BandPhase(NamedTuple):
    """Those of one column in one band."""

    rows: Floats  # (row, ROW)
    row: NDArray[np.int64]  # (layer,) which of them; -1: Henyey-Greenstein


@inner
def phase_in_band(phase: AerosolPhase | None, cell: int, band: int) -> BandPhase | None:
    """The phase functions of a column in a band; None if all are Henyey-Greenstein's."""
    if phase is None:
        return None
    return BandPhase(phase.rows, phase.row[cell, band])


@compiled
def draw_cosine(rows: Floats, row: int, u: float) -> float:
    """Cosine of the scattering angle that a uniform number picks from one of the rows."""
    position = u * QUANTILES
    step = min(int(position), QUANTILES - 1)
    low = rows[row, FIRST_COSINE + step]
    return low + (position - step) * (rows[row, FIRST_COSINE + step + 1] - low)


@compiled
def mean_step_of(rows: Floats, row: int, mu: float) -> float:
    """Mean of `adjoint.step` after scattering by a row: what `adjoint.mean_step` is for HG."""
    m2 = mu * mu
    p3 = 0.5 * mu * (5.0 * m2 - 3.0)
    p5 = 0.125 * mu * (63.0 * m2 * m2 - 70.0 * m2 + 15.0)
    return (
        1.5 * rows[row, FIRST_MOMENT] * mu
        - 0.875 * rows[row, THIRD_MOMENT] * p3
        + 0.6875 * rows[row, FIFTH_MOMENT] * p5
    )
