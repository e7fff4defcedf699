"""The shortwave bands: what an array of one value per band is over."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_between
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.optics.band_means import planck_band_nodes, solar_share
from aeroforcing.optics.gas_table import GasTable, load_gas_table

Wavelengths = tuple[float, float]  # lower and upper limit [um]

_CM_PER_UM = 1e-4

# Below 400 nm lines crowd: relative to the Planck function the sun has 28 % less power there than
# between 400 and 440 nm (NRLSSI2).
_LINES_BELOW = 0.4  # um
_LEFT_BY_LINES = 0.716


@suggest_keywords
def shortwave_bands(gas_table: str | Path = "g112") -> xr.Dataset:
    """The bands of the gas optics, in the order in which arrays by band are given.

    They are those of RRTMGP (Pincus, Mlawer and Delamere 2019, doi:10.1029/2019MS001621), the same
    for its tables of 112 and 224 g-points.

    Parameters
    ----------
    gas_table
        "g112", or the path of an RRTMGP shortwave table.

    Returns
    -------
    Dataset over `band` of `wavelength_min` and `wavelength_max` [nm], `wavenumber_min` and
    `wavenumber_max` [cm-1], and `solar_fraction`, the share of the sun's power in each [1].

    Raises
    ------
    InputError
        The table cannot be read.
    """
    table = load_gas_table(gas_table)
    low, high = np.sort(table.band_limits_wavenumber, axis=1).T
    share = np.bincount(table.g_band, weights=table.solar_fraction)
    variables = {
        "wavelength_min": (1e7 / high, "lower limit of the band", "nm"),
        "wavelength_max": (1e7 / low, "upper limit of the band", "nm"),
        "wavenumber_min": (low, "lower limit of the band", "cm-1"),
        "wavenumber_max": (high, "upper limit of the band", "cm-1"),
        "solar_fraction": (share, "share of the solar irradiance in the band", "1"),
    }
    return xr.Dataset(
        {
            name: ("band", values, {"long_name": text, "units": units})
            for name, (values, text, units) in variables.items()
        },
        coords={"band": ("band", np.arange(low.size), {"long_name": "place of the band"})},
    )


@suggest_keywords
def band_average(
    values: ArrayLike,
    *,
    wavelength: ArrayLike,
    weight: ArrayLike = 1.0,
    gas_table: str | Path = "g112",
) -> Floats:
    """Means of spectra over the shortwave bands, weighted by the sun.

    Between the wavelengths values are linear, beyond them constant. Within a band the sun's
    spectrum is the Planck function, as for all optics of the package.

    Parameters
    ----------
    values
        (..., n), such as the albedo of a surface, or the SSA of an aerosol.
    wavelength
        (n,) rising [nm].
    weight
        What weights the values besides the sun, of a shape that broadcasts to theirs: the optical
        depth for an SSA, the scattering optical depth for an asymmetry parameter.
    gas_table
        "g112", or the path of an RRTMGP shortwave table.

    Returns
    -------
    numpy.ndarray
        (..., band), in the order of `shortwave_bands`.

    Raises
    ------
    InputError
        Shapes do not fit, values are not finite, wavelengths do not rise, or a weight is below 0 or
        0 all over a band.

    Examples
    --------
    >>> albedo = band_average([0.05, 0.5, 0.4], wavelength=[500.0, 800.0, 1600.0])
    >>> albedo.shape
    (14,)
    """
    spectrum = np.asarray(wavelength, dtype=float)
    own, weights = np.asarray(values, dtype=float), np.asarray(weight, dtype=float)
    if spectrum.ndim != 1 or spectrum.size == 0 or own.shape[-1:] != spectrum.shape:
        raise InputError(
            f"band_average: values has the shape {own.shape} and wavelength {spectrum.shape}; give "
            "one value for each wavelength in the last dimension."
        )
    if not (np.diff(spectrum, prepend=0.0) > 0.0).all() or not np.isfinite(spectrum[-1]):
        raise InputError("band_average: wavelength must rise from above 0, and be finite [nm].")
    try:
        weights = np.broadcast_to(weights, own.shape)
    except ValueError:
        raise InputError(
            f"band_average: weight has the shape {weights.shape}, which does not fit that of "
            f"values, {own.shape}."
        ) from None
    if not (np.isfinite(own).all() and np.isfinite(weights).all() and (weights >= 0.0).all()):
        raise InputError("band_average: values must be finite, and weights finite and at least 0.")
    nodes = planck_band_nodes(load_gas_table(gas_table).band_limits_wavenumber)
    at_nodes, share = (_at(nodes.wavelength, spectrum, given) for given in (own, weights))
    total = (share * nodes.weight).sum(axis=-1)
    if not (total > 0.0).all():
        raise InputError("band_average: weight is 0 in a whole band, which has no mean then.")
    return (at_nodes * share * nodes.weight).sum(axis=-1) / total


def _at(wavelength: Floats, spectrum: Floats, values: Floats) -> Floats:
    """Values (..., n) over a spectrum at other wavelengths, (..., *wavelength.shape)."""
    rows = values.reshape(-1, spectrum.size)
    found = np.array([np.interp(wavelength, spectrum, row) for row in rows])
    return found.reshape(*values.shape[:-1], *wavelength.shape)


class SpectralPart(NamedTuple):
    """A gas table whose g-points share out the sun's power of a part of the spectrum."""

    table: GasTable  # its solar fractions sum to 1
    share: float  # of the part in the sun's power


def spectral_part(table: GasTable, *, wavelengths: Wavelengths | None) -> SpectralPart:
    """The part of a table within a range of wavelengths; all of it for None.

    Parameters
    ----------
    table
        Gas table.
    wavelengths
        Lower and upper limit [um].

    Raises
    ------
    InputError
        The limits are not two rising wavelengths, or no band lies between them.
    """
    if wavelengths is None:
        return SpectralPart(table, 1.0)
    return band_part(table, weights=range_shares(table, wavelengths=wavelengths))


def checked_part(
    gas_table: str | Path, *, wavelengths: Wavelengths | None, solar_constant: float
) -> SpectralPart:
    """The part of a gas table, by its name or path, that a call for one column asks for.

    Raises
    ------
    InputError
        The solar constant [W m-2], the table or the limits [um] cannot be used.
    """
    check_between("solar_constant", solar_constant, 0.0, 1e5)
    return spectral_part(load_gas_table(gas_table), wavelengths=wavelengths)


def band_part(table: GasTable, *, weights: Floats) -> SpectralPart:
    """The part of a table that holds a given share of each band, (band,) [1]."""
    fraction = table.solar_fraction * weights[table.g_band]
    share = float(fraction.sum())
    return SpectralPart(table._replace(solar_fraction=fraction / share), share)


def range_shares(table: GasTable, *, wavelengths: Wavelengths) -> Floats:
    """Share of each band's solar power that lies within a range of wavelengths, (band,) [1].

    Parameters are those of `spectral_part`.

    Raises
    ------
    InputError
        The limits are not two rising wavelengths, or no band lies between them.
    """
    lower, upper = _checked(wavelengths)
    limits = table.band_limits_wavenumber
    shares = _shorter(limits, upper) - _shorter(limits, lower)
    if not (shares > 0.0).any():
        ends = 1.0 / (_CM_PER_UM * limits.max()), 1.0 / (_CM_PER_UM * limits.min())
        raise InputError(
            f"wavelengths=({lower:g}, {upper:g}) um is outside of the bands of the gas table; give "
            f"a range within {ends[0]:.3g} to {ends[1]:.3g} um."
        )
    return shares


def _shorter(limits: Floats, wavelength: float) -> Floats:
    """Share of each band's solar power at wavelengths shorter than one [um], (band,)."""
    planck, lines = (
        solar_share(limits, beyond_wavenumber=1.0 / (_CM_PER_UM * limit))
        for limit in (wavelength, _LINES_BELOW)
    )
    with_lines = _LEFT_BY_LINES * np.minimum(planck, lines) + np.maximum(planck - lines, 0.0)
    return with_lines / (_LEFT_BY_LINES * lines + 1.0 - lines)


def band_wavelengths(table: GasTable) -> Floats:
    """Shortest and longest wavelength of each band, (band, 2) [um]."""
    return np.sort(1.0 / (_CM_PER_UM * table.band_limits_wavenumber), axis=1)


def _checked(wavelengths: Wavelengths) -> tuple[float, float]:
    try:
        lower, upper = (float(limit) for limit in wavelengths)
    except (TypeError, ValueError):
        lower, upper = math.nan, math.nan
    if not 0.0 < lower < upper < math.inf:
        raise InputError(
            f"wavelengths={wavelengths!r} is not allowed; give the lower and the upper limit in "
            "micrometres, such as (0.4, 0.7)."
        )
    return lower, upper
