"""One column: atmosphere, aerosol, clouds and surface, and its layers' optical properties."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aeroforcing.atmosphere import Atmosphere
from aeroforcing.checks import check_number, check_positive
from aeroforcing.errors import InputError
from aeroforcing.gases import GasTable, layer_pressure
from aeroforcing.properties import BandNodes, band_means, planck_band_nodes
from aeroforcing.transport import Columns

Floats = NDArray[np.float64]

AEROSOL = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom")


class Profile(Protocol):
    """A vertical distribution of the aerosol."""

    def fractions(self, height_levels: Floats) -> Floats:
        """Share of the AOD in each layer, from the heights of the levels above the surface [m]."""


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

    top: float = 2000.0

    def __post_init__(self) -> None:
        check_positive("UniformProfile", "top", self.top)

    def fractions(self, height_levels: Floats) -> Floats:
        """Share of the AOD in each layer, top first: the part of it below the top."""
        inside = np.minimum(height_levels, self.top)
        return _normalised(inside[:-1] - inside[1:])


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

    scale_height: float = 2000.0

    def __post_init__(self) -> None:
        check_positive("ExponentialProfile", "scale_height", self.scale_height)

    def fractions(self, height_levels: Floats) -> Floats:
        """Share of the AOD in each layer, top first: the integral of the exponential over it."""
        above = np.exp(-height_levels / self.scale_height)
        return _normalised(above[1:] - above[:-1])


@dataclass(frozen=True)
class Aerosol:
    """Optical properties of the aerosol of a column at 550 nm.

    Parameters
    ----------
    aod
        Aerosol optical depth, 0 to 10.
    ssa
        Single scattering albedo, 0 to 1.
    asymmetry
        Asymmetry parameter of the Henyey-Greenstein phase function, between -1 and 1.
    angstrom
        Angstrom exponent of the extinction, -1 to 4 (E5 of Chung 2012, doi:10.5772/50248).
    coalbedo_angstrom
        Angstrom exponent of the co-albedo 1 - SSA, -4 to 6. With a negative exponent the
        co-albedo can pass 1 in the infrared; it is 1 there.
    profile
        UniformProfile, ExponentialProfile, or the share of the AOD in each layer of the
        atmosphere, top first (normalised to 1).

    Raises
    ------
    InputError
        A value is outside its range.
    """

    _: KW_ONLY
    aod: float
    ssa: float
    asymmetry: float
    angstrom: float
    coalbedo_angstrom: float = 0.0
    profile: Profile | ArrayLike = ExponentialProfile()

    def __post_init__(self) -> None:
        for name in AEROSOL:
            check_number("Aerosol", name, getattr(self, name))


@dataclass(frozen=True)
class Cloud:
    """A cloud layer, homogeneous, in part of the sky.

    Parameters
    ----------
    base, top
        Altitudes, on the scale of the atmosphere's levels [m].
    optical_depth
        Optical depth, the same at all wavelengths.
    fraction
        Share of the sky, 0 to 1.
    asymmetry
        Asymmetry parameter of the Henyey-Greenstein phase function.
    ssa
        Single scattering albedo: a number, or a function of the wavelength [um].

    Raises
    ------
    InputError
        A value is outside its range, or the top is not above the base.
    """

    _: KW_ONLY
    base: float
    top: float
    optical_depth: float
    fraction: float = 1.0
    asymmetry: float = 0.86
    ssa: float | Callable[[float], float] = 1.0

    def __post_init__(self) -> None:
        check_number("Cloud", "asymmetry", self.asymmetry)
        check_number("Cloud", "cloud_fraction", self.fraction)
        check_number("Cloud", "cloud_optical_depth", self.optical_depth)
        if not callable(self.ssa):
            check_number("Cloud", "ssa", self.ssa)
        if not (math.isfinite(self.base) and math.isfinite(self.top) and self.top > self.base):
            raise InputError(
                f"Cloud: top={self.top} m is not above base={self.base} m; give finite altitudes "
                "with the top above the base."
            )

    def fractions(self, altitude_levels: Floats) -> Floats:
        """Share of the optical depth in each layer, top first: by the overlap in altitude."""
        inside = np.clip(altitude_levels, self.base, self.top)
        return _normalised(inside[:-1] - inside[1:])

    def band_ssa(self, wavelength: Floats, weight: Floats) -> Floats:
        """Single scattering albedo of each band, from the band's wavelengths [nm] and weights."""
        if not callable(self.ssa):
            return np.full(len(wavelength), float(self.ssa))
        values = np.vectorize(self.ssa, otypes=[float])(wavelength / 1000.0)
        for value in values.flat:
            check_number("Cloud", "ssa", value)
        return (values * weight).sum(axis=-1)


@dataclass(frozen=True)
class Column:
    """One vertical column.

    Parameters
    ----------
    atmosphere
        Its gases.
    aerosol
        Its aerosol.
    surface_albedo
        Lambertian, the same at all wavelengths, 0 to 1.
    clouds
        Clouds that exclude each other, as satellites count them: they share out the sky, and
        the rest of it is clear.

    Raises
    ------
    InputError
        A value is outside its range, or the clouds cover more than the sky.
    """

    _: KW_ONLY
    atmosphere: Atmosphere
    aerosol: Aerosol
    surface_albedo: float
    clouds: Sequence[Cloud] = ()

    def __post_init__(self) -> None:
        check_number("Column", "surface_albedo", self.surface_albedo)
        cover = sum(cloud.fraction for cloud in self.clouds)
        if cover > 1.0 + 1e-9:
            raise InputError(
                f"Column: the fractions of the {len(self.clouds)} clouds sum to {cover:.4g}; they "
                "exclude each other, so give fractions that sum to at most 1."
            )


def column_arrays(columns: Sequence[Column], *, table: GasTable, cell_id: ArrayLike) -> Columns:
    """Arrays of several columns of the same number of layers, for the solver.

    Parameters
    ----------
    columns
        The columns.
    table
        Gas table, whose bands are used.
    cell_id
        (column,) keys of the random numbers: columns with the same key share them.
    """
    nodes = planck_band_nodes(table.band_limits_wavenumber)
    pressure = np.stack([c.atmosphere.pressure_levels for c in columns])
    extinction, ssa, asymmetry = _aerosol_arrays(columns, nodes)
    albedo = np.stack([np.full(len(nodes.wavelength), float(c.surface_albedo)) for c in columns])
    return Columns(
        pressure_levels=pressure,
        pressure_layers=np.stack([layer_pressure(p) for p in pressure]),
        temperature_layers=np.stack([c.atmosphere.temperature_layers for c in columns]),
        mole_fractions=np.stack([c.atmosphere.mole_fraction_array() for c in columns]),
        aerosol_extinction=extinction,
        aerosol_ssa=ssa,
        aerosol_asymmetry=asymmetry,
        **_cloud_arrays(columns, nodes),
        albedo_direct=albedo,
        albedo_diffuse=albedo,
        open_water=np.zeros(len(columns)),
        cell_id=np.asarray(cell_id, dtype=np.uint64),
    )


def layer_fractions(column: Column) -> Floats:
    """Share of the column's AOD in each layer, top first.

    Raises
    ------
    InputError
        The shares that were given do not fit the atmosphere's layers.
    """
    levels = column.atmosphere.altitude_levels
    profile = column.aerosol.profile
    if hasattr(profile, "fractions"):
        return profile.fractions(levels - levels[-1])
    shares = np.asarray(profile, dtype=float)
    if shares.shape != (len(levels) - 1,):
        raise InputError(
            f"Aerosol: profile has the shape {shares.shape}, but the atmosphere has "
            f"{len(levels) - 1} layers; give one share per layer, top first."
        )
    if not np.isfinite(shares).all() or (shares < 0).any() or shares.sum() == 0.0:
        raise InputError(
            "Aerosol: profile must hold shares of the AOD that are finite, not negative and not "
            "all zero."
        )
    return _normalised(shares)


def _aerosol_arrays(columns: Sequence[Column], nodes: BandNodes) -> tuple[Floats, Floats, Floats]:
    """Extinction, SSA and asymmetry parameter of the aerosol, (column, band, layer)."""
    given = {name: np.array([float(getattr(c.aerosol, name)) for c in columns]) for name in AEROSOL}
    extinction, ssa, asymmetry = band_means(**given, nodes=nodes)
    fractions = np.stack([layer_fractions(column) for column in columns])
    shape = (*extinction.shape, fractions.shape[-1])
    return (
        extinction[..., None] * fractions[:, None, :],
        np.ascontiguousarray(np.broadcast_to(ssa[..., None], shape)),
        np.ascontiguousarray(np.broadcast_to(asymmetry[..., None], shape)),
    )


def _cloud_arrays(columns: Sequence[Column], nodes: BandNodes) -> dict[str, Floats]:
    """Fractions, depths and optics of the cloudy states; one state per cloud."""
    n_states = max(len(column.clouds) for column in columns)
    n_layers = len(columns[0].atmosphere.temperature_layers)
    shape = (len(columns), n_states, len(nodes.wavelength), n_layers)
    fraction = np.zeros(shape[:2])
    depth = np.zeros((*shape[:2], n_layers))
    ssa = np.ones(shape)
    asymmetry = np.zeros(shape)
    for i, column in enumerate(columns):
        for j, cloud in enumerate(column.clouds):
            fraction[i, j] = cloud.fraction
            depth[i, j] = cloud.optical_depth * cloud.fractions(column.atmosphere.altitude_levels)
            ssa[i, j] = cloud.band_ssa(nodes.wavelength, nodes.weight)[:, None]
            asymmetry[i, j] = cloud.asymmetry
    return {
        "cloud_fraction": fraction,
        "cloud_depth": depth,
        "cloud_extinction": np.ones(shape),
        "cloud_ssa": ssa,
        "cloud_asymmetry": asymmetry,
    }


def _normalised(parts: Floats) -> Floats:
    """Parts as shares of their sum."""
    total = parts.sum()
    if total <= 0.0:
        raise InputError(
            "The aerosol profile or cloud lies outside of the atmosphere's layers; give heights "
            "that overlap them."
        )
    return parts / total
