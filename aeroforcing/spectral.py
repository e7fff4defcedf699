"""Parts of the solar spectrum: some of the bands of a gas table, or a range of wavelengths.

A part is the table with the sun's power of its g-points alone, so that the solver draws no others.
A band is exact. The bands of RRTMGP do not end at the limits that people use (400 and 700 nm lie
inside of 345-442 and 625-778 nm). Of a band that a limit cuts, the range takes the share of the
sun's power at the top of the atmosphere that lies inside; the gases, Rayleigh scattering and the
aerosol of that part are then those of the whole band. The sun's spectrum is the Planck function of
5772 K, less what the Fraunhofer lines take below 400 nm. Against NRLSSI2 (Coddington et al. 2016,
doi:10.1175/BAMS-D-14-00265.1) the shares of cut bands are right to 0.015, and to 0.1 below 345 nm.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_between
from aeroforcing.core.errors import InputError
from aeroforcing.gas_table import GasTable, load_gas_table
from aeroforcing.properties import solar_share

Wavelengths = tuple[float, float]  # lower and upper limit [um]

_CM_PER_UM = 1e-4

# Below 400 nm lines crowd: relative to the Planck function the sun has 28 % less power there than
# between 400 and 440 nm (NRLSSI2).
_LINES_BELOW = 0.4  # um
_LEFT_BY_LINES = 0.716


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
