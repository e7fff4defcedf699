"""The aerosols of a column: by spectral laws, by spectra or by band, each with its own profile.

Several aerosols in one layer are an external mixture, see `aerosol_mixture`.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from aeroforcing.columns.atmosphere import Atmosphere
from aeroforcing.columns.by_value import ByValue, range_words
from aeroforcing.columns.vertical_profiles import ExponentialProfile, Profile, layer_shares
from aeroforcing.core.arrays import Floats
from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.checks import check_number
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import VARIABLES
from aeroforcing.optics.band_means import BandNodes, band_means, spectrum_means
from aeroforcing.optics.phase_functions import PhaseFunction

DEFAULT_PROFILE = ExponentialProfile()


class LayerOptics(NamedTuple):
    """Optical depth, single scattering albedo and asymmetry parameter, each (band, layer)."""

    extinction: Floats
    ssa: Floats
    asymmetry: Floats


@runtime_checkable
class AnyAerosol(Protocol):
    """An aerosol of a column: Aerosol, SpectralAerosol, BandAerosol or SpeciesAerosol."""

    def layer_optics(self, atmosphere: Atmosphere, nodes: BandNodes) -> LayerOptics:
        """Its means over the bands of `nodes` in the layers of an atmosphere."""


@suggest_keywords
@dataclass(frozen=True, eq=False)
class Aerosol(ByValue):
    """Optical properties of an aerosol at 550 nm, with the spectral laws of Angstrom.

    Each property is a number, or an array with one value per layer of the atmosphere, top first.

    Parameters
    ----------
    aod
        Aerosol optical depth, 0 to 10; or the optical depth of each layer, which is then the
        profile too.
    ssa
        Single scattering albedo, 0 to 1.
    asymmetry
        Asymmetry parameter of the Henyey-Greenstein phase function, between -1 and 1; left out with
        a `phase_functions`, which has its own.
    angstrom
        Angstrom exponent of the extinction, -1 to 4 (E5 of Chung 2012, doi:10.5772/50248).
    coalbedo_angstrom
        Angstrom exponent of the co-albedo 1 - SSA, -4 to 6. With a negative exponent the
        co-albedo can pass 1 in the infrared; it is 1 there.
    profile
        UniformProfile, ExponentialProfile, ElevatedLayer, ExtinctionProfile, MixingRatioProfile,
        SigmaProfile, or the amount in each layer of the atmosphere, top first (extinction, optical
        depth or mass; normalised to 1).
    phase_function
        In place of Henyey-Greenstein's, at all wavelengths: a DoubleHenyeyGreenstein, a
        TabulatedPhaseFunction or a LegendrePhaseFunction.

    Raises
    ------
    InputError
        A value is outside its range, there are both optical depths of layers and a profile, or
        there is not exactly one of asymmetry parameter and phase function.
    """

    _: KW_ONLY
    aod: float | ArrayLike
    ssa: float | ArrayLike
    asymmetry: float | ArrayLike | None = None
    angstrom: float | ArrayLike
    coalbedo_angstrom: float | ArrayLike = 0.0
    profile: Profile | ArrayLike = DEFAULT_PROFILE
    phase_function: PhaseFunction | None = None

    def __post_init__(self) -> None:
        if self.phase_function is not None:
            object.__setattr__(self, "asymmetry", self._asymmetry_of(self.phase_function))
        elif self.asymmetry is None:
            raise InputError("Aerosol: give asymmetry, or a phase_function.")
        for name in OPTICAL:
            object.__setattr__(self, name, _number_or_layers(name, getattr(self, name)))
        if np.ndim(self.aod):
            check_number("Aerosol", "aod", float(np.sum(np.asarray(self.aod))))
            if self.profile is not DEFAULT_PROFILE:
                raise InputError(
                    "Aerosol: aod holds the optical depth of each layer, which is a profile, and "
                    "there is a profile besides; leave one of them out."
                )

    def __repr__(self) -> str:
        lines = [f"  {name}: {range_words(getattr(self, name))}" for name in OPTICAL]
        if np.ndim(self.aod):
            lines[0] = f"  aod: {float(np.sum(np.asarray(self.aod))):.4g}, by layer"
        else:
            known = hasattr(self.profile, "fractions")
            lines.append(f"  profile: {type(self.profile).__name__ if known else 'by layer'}")
        if self.phase_function is not None:
            lines.append(f"  phase function: {type(self.phase_function).__name__}")
        return "\n".join(["Aerosol at 550 nm", *lines])

    def _asymmetry_of(self, function: PhaseFunction) -> float:
        """The asymmetry parameter of the phase function, with which no other may be given."""
        if not isinstance(function, PhaseFunction):
            raise InputError(
                f"Aerosol: phase_function is a {type(function).__name__}; give a "
                "DoubleHenyeyGreenstein, TabulatedPhaseFunction or LegendrePhaseFunction."
            )
        own = float(function.asymmetry)
        if not (self.asymmetry is None or np.array_equal(self.asymmetry, own)):
            raise InputError(
                f"Aerosol: phase_function has the asymmetry parameter {own:.4g} of its own; leave "
                "asymmetry out."
            )
        return own

    @cached_property
    def is_uniform(self) -> bool:
        """Whether its properties are numbers, the same in all layers."""
        return not any(isinstance(getattr(self, name), tuple) for name in OPTICAL)

    def layer_optics(self, atmosphere: Atmosphere, nodes: BandNodes) -> LayerOptics:
        """Means over the bands of `nodes` in the layers of an atmosphere."""
        n_layers = len(atmosphere.temperature_layers)
        given = {name: _per_layer(name, getattr(self, name), n_layers) for name in OPTICAL}
        if np.ndim(self.aod) == 0:
            given["aod"] = given["aod"] * layer_shares(self.profile, atmosphere=atmosphere)
        return LayerOptics(*(values.T for values in band_means(**given, nodes=nodes)))


@suggest_keywords
@dataclass(frozen=True, eq=False)
class SpectralAerosol(ByValue):
    """Optical properties of an aerosol at several wavelengths, such as AERONET's inversions.

    Between the wavelengths the logarithm of AOD is linear in that of wavelength, SSA and asymmetry
    parameter are linear in wavelength; beyond them AOD keeps the Angstrom exponent of the
    outermost pair, and the others are constant. Bands hold means weighted by the solar spectrum.

    Parameters
    ----------
    wavelength
        (n,) rising, two or more [nm].
    aod
        (n,) aerosol optical depths, above 0 and up to 10.
    ssa, asymmetry
        (n,) or a number; ranges as for `Aerosol`.
    profile
        As of `Aerosol`.

    Raises
    ------
    InputError
        The arrays do not fit each other, or a value is outside its range.
    """

    _: KW_ONLY
    wavelength: ArrayLike
    aod: ArrayLike
    ssa: float | ArrayLike
    asymmetry: float | ArrayLike
    profile: Profile | ArrayLike = DEFAULT_PROFILE

    def __post_init__(self) -> None:
        wavelength = _numbers("SpectralAerosol", "wavelength", self.wavelength)
        if wavelength.ndim != 1 or wavelength.size < 2 or not (np.diff(wavelength) > 0).all():
            raise InputError("SpectralAerosol: wavelength must rise, from two values on [nm].")
        if wavelength[0] <= 0.0 or not np.isfinite(wavelength[-1]):
            raise InputError("SpectralAerosol: wavelength must be positive and finite [nm].")
        object.__setattr__(self, "wavelength", wavelength)
        for name in ("aod", "ssa", "asymmetry"):
            values = _numbers("SpectralAerosol", name, getattr(self, name))
            if values.shape not in ((), wavelength.shape):
                raise InputError(
                    f"SpectralAerosol: {name} has the shape {values.shape}, but there are "
                    f"{wavelength.size} wavelengths; give one value for each."
                )
            _check_range("SpectralAerosol", name, values, name)
            object.__setattr__(self, name, np.broadcast_to(values, wavelength.shape))
        if not (np.asarray(self.aod) > 0).all():
            raise InputError("SpectralAerosol: aod must be above 0 at all wavelengths.")

    def layer_optics(self, atmosphere: Atmosphere, nodes: BandNodes) -> LayerOptics:
        """Means over the bands of `nodes` in the layers of an atmosphere."""
        wavelength, aod = np.asarray(self.wavelength), np.asarray(self.aod)
        tau = np.exp(_extended(np.log(nodes.wavelength), np.log(wavelength), np.log(aod)))
        ssa, asymmetry = (
            np.interp(nodes.wavelength, wavelength, np.asarray(values))
            for values in (self.ssa, self.asymmetry)
        )
        means = spectrum_means(tau, ssa=ssa, asymmetry=asymmetry, weight=nodes.weight)
        return spread(*means, layer_shares(self.profile, atmosphere=atmosphere))


@suggest_keywords
@dataclass(frozen=True, eq=False)
class BandAerosol(ByValue):
    """Optical properties of an aerosol in the shortwave bands (`shortwave_bands`).

    Arrays are (band,) with a profile, or (layer, band), top first, without one.

    Parameters
    ----------
    optical_depth
        Extinction optical depth of the column in each band, or of each layer.
    ssa
        Single scattering albedo, 0 to 1; of the shape of `optical_depth`, or one that can be
        broadcast to it.
    asymmetry
        Asymmetry parameter, between -1 and 1; likewise.
    profile
        As of `Aerosol`; needed with (band,) arrays, not allowed with (layer, band).

    Raises
    ------
    InputError
        Shapes do not fit each other, a value is outside its range, or a profile is missing or
        superfluous.
    """

    _: KW_ONLY
    optical_depth: ArrayLike
    ssa: float | ArrayLike
    asymmetry: float | ArrayLike
    profile: Profile | ArrayLike | None = None

    def __post_init__(self) -> None:
        depth = _numbers("BandAerosol", "optical_depth", self.optical_depth)
        if depth.ndim not in (1, 2) or depth.size == 0:
            raise InputError(
                f"BandAerosol: optical_depth has the shape {depth.shape}; give (band,) or "
                "(layer, band) values."
            )
        if (depth.ndim == 1) == (self.profile is None):
            raise InputError(
                "BandAerosol: optical depths by band alone need a profile, and those by layer and "
                "band are one; give (band,) values with a profile, or (layer, band) without."
            )
        _check_range("BandAerosol", "optical_depth", depth, "aod")
        object.__setattr__(self, "optical_depth", depth)
        for name in ("ssa", "asymmetry"):
            values = _numbers("BandAerosol", name, getattr(self, name))
            _check_range("BandAerosol", name, values, name)
            object.__setattr__(self, name, _like(name, values, depth))

    def layer_optics(self, atmosphere: Atmosphere, nodes: BandNodes) -> LayerOptics:
        """Its properties in the layers of an atmosphere."""
        depth, ssa, asymmetry = (
            np.asarray(a) for a in (self.optical_depth, self.ssa, self.asymmetry)
        )
        n_bands, n_layers = len(nodes.wavelength), len(atmosphere.temperature_layers)
        if depth.shape not in ((n_bands,), (n_layers, n_bands)):
            raise InputError(
                f"BandAerosol: optical_depth has the shape {depth.shape}; there are {n_layers} "
                f"layers and {n_bands} bands."
            )
        if self.profile is None:
            return LayerOptics(depth.T, ssa.T, asymmetry.T)
        return spread(depth, ssa, asymmetry, layer_shares(self.profile, atmosphere=atmosphere))


def spread(depth: Floats, ssa: Floats, asymmetry: Floats, shares: Floats) -> LayerOptics:
    """Properties by band, each (band,), spread over the layers by their shares."""
    optics = LayerOptics(*np.empty((3, depth.size, shares.size)))
    np.multiply(depth[:, None], shares, out=optics.extinction)
    optics.ssa[:] = ssa[:, None]
    optics.asymmetry[:] = asymmetry[:, None]
    return optics


def _extended(x: Floats, points: Floats, values: Floats) -> Floats:
    """Piecewise linear through points, continued beyond them by the outermost pairs."""
    place = np.clip(np.searchsorted(points, x) - 1, 0, points.size - 2)
    share = (x - points[place]) / (points[place + 1] - points[place])
    return values[place] + share * (values[place + 1] - values[place])


def _number_or_layers(name: str, value: float | ArrayLike) -> float | tuple[float, ...]:
    """A checked number, or checked values of layers as a tuple."""
    if np.ndim(value) == 0:
        check_number("Aerosol", name, value)  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    values = _numbers("Aerosol", name, value)
    if values.ndim != 1 or values.size == 0:
        raise InputError(
            f"Aerosol: {name} has the shape {values.shape}; give a number, or one value per layer, "
            "top first."
        )
    _check_range("Aerosol", name, values, name)
    return tuple(values.tolist())


def _numbers(owner: str, name: str, values: ArrayLike) -> Floats:
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{owner}: {name} must hold numbers: {error}") from error


def _check_range(owner: str, name: str, values: Floats, quantity: str) -> None:
    """Refuse values that are not finite or outside the range of a registered quantity."""
    variable = VARIABLES[quantity]
    bad = ~np.isfinite(values) | variable.out_of_range(values)
    if bad.any():
        first = np.unravel_index(int(np.argmax(bad)), bad.shape)
        place = ", ".join(str(int(i)) for i in first) or "0"
        raise InputError(
            f"{owner}: {name} has {int(bad.sum())} of {bad.size} values that are not allowed, the "
            f"first is {values[first]:g} at {place} (counted from 0); give {variable.allowed}."
        )


def _per_layer(name: str, value: float | ArrayLike, n_layers: int) -> Floats:
    values = np.asarray(value, dtype=float)
    if values.ndim and values.size != n_layers:
        raise InputError(
            f"Aerosol: {name} has {values.size} values, but the atmosphere has {n_layers} layers; "
            "give one per layer, top first, or one number."
        )
    return np.broadcast_to(values, (n_layers,))


def _like(name: str, values: Floats, depth: Floats) -> Floats:
    try:
        return np.broadcast_to(values, depth.shape)
    except ValueError as error:
        raise InputError(
            f"BandAerosol: {name} has the shape {values.shape}, which does not fit optical_depth "
            f"with {depth.shape}."
        ) from error
