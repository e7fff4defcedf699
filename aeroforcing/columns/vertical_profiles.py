"""Vertical distributions of an aerosol: the share of its optical depth in each layer.

Heights are above the surface. Every distribution is normalised over the layers of the atmosphere
that it is used with: the optical depth of the column stays what the aerosol says.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from aeroforcing.columns.atmosphere import Atmosphere
from aeroforcing.columns.by_value import ByValue
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_positive
from aeroforcing.core.errors import InputError, suggest_keywords

Coordinate = Literal["height", "pressure"]


class Profile(Protocol):
    """A vertical distribution of the aerosol; `coordinate` says which levels it asks for."""

    coordinate: ClassVar[Coordinate]

    def fractions(self, levels: Floats) -> Floats:
        """Share of the AOD in each layer between levels, which run from the top down.

        They are heights above the surface [m], or pressures [Pa].
        """


@suggest_keywords
@dataclass(frozen=True)
class UniformProfile:
    """Aerosol of constant extinction from the surface up to a height.

    Parameters
    ----------
    top
        Height above the surface [m].

    Raises
    ------
    InputError
        The height is not positive.
    """

    coordinate: ClassVar[Coordinate] = "height"
    top: float = 2000.0

    def __post_init__(self) -> None:
        check_positive("UniformProfile", "top", self.top)

    def fractions(self, height_levels: Floats) -> Floats:
        """Share of the AOD in each layer, top first: the part of it below the top."""
        return _between(height_levels, 0.0, self.top)


@suggest_keywords
@dataclass(frozen=True)
class ExponentialProfile:
    """Aerosol whose extinction falls off exponentially with height.

    Parameters
    ----------
    scale_height
        Height over which it falls to 1/e [m].

    Raises
    ------
    InputError
        The scale height is not positive.
    """

    coordinate: ClassVar[Coordinate] = "height"
    scale_height: float = 2000.0

    def __post_init__(self) -> None:
        check_positive("ExponentialProfile", "scale_height", self.scale_height)

    def fractions(self, height_levels: Floats) -> Floats:
        """Share of the AOD in each layer, top first: the integral of the exponential over it."""
        above = np.exp(-height_levels / self.scale_height)
        return normalised(above[1:] - above[:-1])


@suggest_keywords
@dataclass(frozen=True)
class ElevatedLayer:
    """Aerosol of constant extinction between two heights, such as transported dust or smoke.

    Parameters
    ----------
    base, top
        Heights above the surface [m].

    Raises
    ------
    InputError
        The base is below the surface, or the top is not above the base.
    """

    coordinate: ClassVar[Coordinate] = "height"
    base: float
    top: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.base < self.top and math.isfinite(self.top)):
            raise InputError(
                f"ElevatedLayer: base={self.base} m and top={self.top} m are not heights of a "
                "layer; give a base of at least 0 and a top above it."
            )

    def fractions(self, height_levels: Floats) -> Floats:
        """Share of the AOD in each layer, top first: by the overlap in height."""
        return _between(height_levels, self.base, self.top)


@suggest_keywords
@dataclass(frozen=True, eq=False)
class ExtinctionProfile(ByValue):
    """Aerosol whose extinction coefficient is known at heights, for example from a lidar.

    Parameters
    ----------
    extinction
        (n,) extinction coefficients, in any unit: only their shape counts here
        (`aod_from_extinction` gives the optical depth).
    height
        (n,) heights above the surface, rising or falling [m]. Between them extinction is linear;
        below the lowest it is that of the lowest, above the highest there is none.

    Raises
    ------
    InputError
        The arrays do not fit each other, hold values that are not finite or negative, the heights
        are not in order, or nothing is extinguished.
    """

    coordinate: ClassVar[Coordinate] = "height"
    extinction: ArrayLike
    _: KW_ONLY
    height: ArrayLike

    def __post_init__(self) -> None:
        extinction = _amounts("ExtinctionProfile", "extinction", self.extinction)
        height = np.asarray(self.height, dtype=float)
        if height.shape != extinction.shape or height.size < 2:
            raise InputError(
                f"ExtinctionProfile: extinction has the shape {extinction.shape} and height "
                f"{height.shape}; give one extinction per height, at two heights or more."
            )
        steps = np.diff(height)
        if not np.isfinite(height).all() or not ((steps > 0).all() or (steps < 0).all()):
            raise InputError(
                "ExtinctionProfile: height must be finite and rise or fall throughout."
            )
        rising = 1 if steps[0] > 0 else -1
        object.__setattr__(self, "extinction", extinction[::rising])
        object.__setattr__(self, "height", height[::rising])

    def fractions(self, height_levels: Floats) -> Floats:
        """Share of the AOD in each layer, top first: the integral of the extinction over it."""
        below = self._integral(height_levels)
        return normalised(below[:-1] - below[1:])

    def _integral(self, height: Floats) -> Floats:
        """Integral of the piecewise linear extinction from the surface up to heights."""
        known, values = (np.asarray(a, dtype=float) for a in (self.height, self.extinction))
        nodes = np.union1d(known, np.clip(height, 0.0, known[-1]))
        at_nodes = np.interp(nodes, known, values)
        steps = 0.5 * (at_nodes[1:] + at_nodes[:-1]) * np.diff(nodes)
        return np.interp(height, nodes, np.concatenate([[0.0], np.cumsum(steps)]))


@suggest_keywords
@dataclass(frozen=True, eq=False)
class MixingRatioProfile(ByValue):
    """Aerosol whose mass per mass of air is known in each layer of the atmosphere.

    Parameters
    ----------
    mixing_ratio
        (layer,) mass mixing ratios, top first, in any unit: only their shape counts.

    Raises
    ------
    InputError
        Values are not finite or negative, or all are zero.
    """

    coordinate: ClassVar[Coordinate] = "pressure"
    mixing_ratio: ArrayLike

    def __post_init__(self) -> None:
        values = _amounts("MixingRatioProfile", "mixing_ratio", self.mixing_ratio)
        object.__setattr__(self, "mixing_ratio", values)

    def fractions(self, pressure_levels: Floats) -> Floats:
        """Share of the AOD in each layer, top first: by the aerosol's mass in it."""
        ratio = np.asarray(self.mixing_ratio)
        if ratio.size != pressure_levels.size - 1:
            raise InputError(
                f"MixingRatioProfile: mixing_ratio has {ratio.size} values, but the atmosphere has "
                f"{pressure_levels.size - 1} layers; give one per layer, top first."
            )
        return normalised(ratio * np.diff(pressure_levels))


@suggest_keywords
@dataclass(frozen=True, eq=False)
class SigmaProfile(ByValue):
    """Aerosol whose shares are known between values of pressure over surface pressure.

    Parameters
    ----------
    shares
        (n,) amounts of optical depth, top first; uniform in pressure within each layer.
    interfaces
        (n + 1,) pressures over the surface pressure, rising from 0 to 1.

    Raises
    ------
    InputError
        The arrays do not fit each other, an amount is negative, or the interfaces do not rise from
        0 to 1.
    """

    coordinate: ClassVar[Coordinate] = "pressure"
    shares: ArrayLike
    _: KW_ONLY
    interfaces: ArrayLike

    def __post_init__(self) -> None:
        shares = _amounts("SigmaProfile", "shares", self.shares)
        interfaces = np.asarray(self.interfaces, dtype=float)
        if interfaces.shape != (shares.size + 1,):
            raise InputError(
                f"SigmaProfile: {shares.size} shares lie between {shares.size + 1} interfaces, but "
                f"{interfaces.size} are given."
            )
        if interfaces[0] != 0.0 or interfaces[-1] != 1.0 or not (np.diff(interfaces) > 0).all():
            raise InputError(
                f"SigmaProfile: interfaces run from {interfaces[0]:g} to {interfaces[-1]:g}; they "
                "must rise from 0 (top) to 1 (surface)."
            )
        object.__setattr__(self, "shares", shares)
        object.__setattr__(self, "interfaces", interfaces)

    def fractions(self, pressure_levels: Floats) -> Floats:
        """Share of the AOD in each layer, top first; what is above the first level is in it."""
        above = np.concatenate([[0.0], np.cumsum(np.asarray(self.shares))])
        interfaces = np.asarray(self.interfaces, dtype=float)
        at_levels = np.interp(pressure_levels / pressure_levels[-1], interfaces, above)
        at_levels[0] = 0.0
        return normalised(np.diff(at_levels))


def layer_shares(profile: Profile | ArrayLike, *, atmosphere: Atmosphere) -> Floats:
    """Share of the AOD in each layer of an atmosphere, top first.

    Parameters
    ----------
    profile
        A Profile, or the amount in each layer.
    atmosphere
        Whose layers they are.

    Raises
    ------
    InputError
        The amounts do not fit the layers, are not finite or negative, or all are zero; or the
        profile lies outside of the atmosphere.
    """
    if hasattr(profile, "fractions"):
        heights = atmosphere.altitude_levels - atmosphere.altitude_levels[-1]
        by_pressure = getattr(profile, "coordinate", "height") == "pressure"
        return profile.fractions(atmosphere.pressure_levels if by_pressure else heights)
    shares = np.asarray(profile, dtype=float)
    n_layers = len(atmosphere.temperature_layers)
    if shares.shape != (n_layers,):
        raise InputError(
            f"Aerosol: profile has the shape {shares.shape}, but the atmosphere has {n_layers} "
            "layers; give one share per layer, top first."
        )
    return normalised(_amounts("Aerosol", "profile", shares))


def normalised(parts: Floats) -> Floats:
    """Parts as shares of their sum.

    Raises
    ------
    InputError
        The sum is 0.
    """
    total = parts.sum()
    if total <= 0.0:
        raise InputError(
            "The aerosol profile or cloud lies outside of the atmosphere's layers; give heights "
            "that overlap them."
        )
    return parts / total


def _between(height_levels: Floats, base: float, top: float) -> Floats:
    """Shares by the overlap of each layer with the heights from base to top."""
    inside = np.minimum(np.maximum(height_levels, base), top)
    return normalised(inside[:-1] - inside[1:])


def _amounts(owner: str, name: str, values: ArrayLike) -> Floats:
    """One-dimensional amounts, checked."""
    try:
        amounts = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{owner}: {name} must hold numbers: {error}") from error
    if amounts.ndim != 1 or amounts.size == 0:
        raise InputError(f"{owner}: {name} has the shape {amounts.shape}; give one dimension.")
    if not np.isfinite(amounts).all() or (amounts < 0).any() or amounts.sum() == 0.0:
        raise InputError(
            f"{owner}: {name} must hold amounts that are finite, not negative and not all zero."
        )
    return amounts
