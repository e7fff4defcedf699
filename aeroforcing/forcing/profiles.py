"""Profiles of one column: fluxes through its levels and heating of its layers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from aeroforcing.columns.column import Column, column_arrays
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_between, check_cos_zenith, check_is, checked_months
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.forcing.column import REPLICATES, of_months, run_settings, stream_ids
from aeroforcing.optics.spectrum import SpectralPart, Wavelengths, checked_part
from aeroforcing.optics.sun import Sun, insolation, sun_at_zenith, sun_over_months
from aeroforcing.transport.estimates import (
    Replicates,
    change_and_clean,
    closed_levels,
    level_replicates,
    means_and_errors,
    samples_per_replicate,
    seed_key,
)
from aeroforcing.transport.integrals import INTEGRALS, Effort, solve
from aeroforcing.transport.level_paths import LEVEL_SCORES
from aeroforcing.transport.random_numbers import sobol_net


@suggest_keywords
def column_profiles(
    column: Column,
    *,
    cos_zenith: float,
    photons: int,
    seed: int = 0,
    key: int | None = None,
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    wavelengths: Wavelengths | None = None,
) -> xr.Dataset:
    """Fluxes through all levels of a column at an instant, and the heating of its layers.

    Energy closes in every layer: the divergence of the net flux is the absorption (see
    `estimates`). At the ends the fluxes agree with those of `column_fluxes` within the
    errors; those of `column_fluxes` are the more precise.

    Parameters
    ----------
    column
        The column.
    cos_zenith
        Cosine of the solar zenith angle, in (0, 1].
    photons
        Number of samples of each integral (the change by the aerosol and the aerosol-free
        fluxes, in clear and in cloudy sky), rounded up to 64 x a power of two.
    seed
        Root of the random numbers.
    key
        Of the random stream, as of `column_fluxes`.
    solar_constant
        Irradiance at the top of the atmosphere, perpendicular to the beam [W m-2].
    gas_table
        "g112", or the path of an RRTMGP shortwave table.
    wavelengths
        Lower and upper limit of a part of the spectrum [um]; by default all of it. Bands that a
        limit cuts are shared out as `spectrum` tells.

    Returns
    -------
    xarray.Dataset
        Over `level`, from the top down: `flux_up, flux_down, flux_down_direct` and `actinic_flux`
        [W m-2] with the aerosol, and with `_clean` without it; `forcing_profile`, the total
        aerosol direct radiative effect on the net downward flux [W m-2]. Over `layer`: `absorbed`
        [W m-2] and `heating_rate` [K day-1], also with `_clean`, and `heating_rate_change`. All
        of it for all-sky and with `_cs` for clear sky, each with `<name>_stderr`; coordinates are
        the altitude and the pressure of the levels and of the layers' middles.

    Raises
    ------
    InputError
        A value is outside its range.
    """
    check_is("column_profiles", "column", column, Column)
    check_cos_zenith(cos_zenith)
    part = checked_part(gas_table, wavelengths=wavelengths, solar_constant=solar_constant)
    sun = sun_at_zenith(cos_zenith=[cos_zenith], solar_constant=solar_constant * part.share)
    samples = samples_per_replicate(photons, REPLICATES)
    streams = stream_ids(column, key, [0])
    results = _profiles([column], part, sun, cell_id=streams, samples=samples, seed=seed)
    return _dataset(
        {name: value[0] for name, value in results.items()},
        column,
        settings=run_settings(samples, seed, solar_constant, gas_table, wavelengths, key),
    )


@suggest_keywords
def monthly_profiles(
    column: Column,
    *,
    latitude: float,
    months: int | Iterable[int] = range(1, 13),
    photons: int,
    seed: int = 0,
    key: int | None = None,
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    wavelengths: Wavelengths | None = None,
) -> xr.Dataset:
    """The profiles of `column_profiles`, averaged over the days and hours of each month.

    Parameters
    ----------
    column
        The column, the same in all months.
    latitude
        [degrees north]
    months
        1..12; each is averaged over all its days, of a 365-day year.
    photons
        Number of samples of each month and integral, rounded up to 64 x a power of two.
    seed
        Root of the random numbers.
    key
        Of the random stream, as of `column_fluxes`.
    solar_constant
        Irradiance at 1 AU [W m-2]; the orbit is applied to it.
    gas_table
        "g112", or the path of an RRTMGP shortwave table.
    wavelengths
        Lower and upper limit of a part of the spectrum [um]; by default all of it.

    Returns
    -------
    xarray.Dataset
        The variables of `column_profiles` over (month, level) and (month, layer), of a single
        number for `months` without months. Polar night is 0.

    Raises
    ------
    InputError
        A value is outside its range.
    """
    check_is("monthly_profiles", "column", column, Column)
    check_between("latitude", latitude, -90.0, 90.0)
    chosen = checked_months(months)
    part = checked_part(gas_table, wavelengths=wavelengths, solar_constant=solar_constant)
    sun = sun_over_months(
        latitude=latitude, month=chosen, solar_constant=solar_constant * part.share
    )
    samples = samples_per_replicate(photons, REPLICATES)
    streams = stream_ids(column, key, chosen)
    results = _profiles(
        [column] * len(chosen), part, sun, cell_id=streams, samples=samples, seed=seed
    )
    dataset = _dataset(
        results,
        column,
        settings=run_settings(samples, seed, solar_constant, gas_table, wavelengths, key),
    )
    return stamp(of_months(dataset.assign_coords(month=list(chosen)), months))


def _profiles(
    columns: list[Column],
    part: SpectralPart,
    sun: Sun,
    *,
    cell_id: ArrayLike,
    samples: int,
    seed: int,
) -> dict[str, Floats]:
    """Means and standard errors of all profiles, (column, level or layer)."""
    arrays = column_arrays(columns, table=part.table, cell_id=cell_id)
    levels = arrays.pressure_levels.shape[1]
    estimates = np.zeros((len(columns), INTEGRALS, REPLICATES, levels, LEVEL_SCORES))
    each = np.full(len(columns), samples)
    effort = Effort(
        net=sobol_net(samples.bit_length() - 1),
        change_samples=each,
        cloudy_samples=each,
        clean_samples=each,
        replicates=REPLICATES,
        cloudy=True,
        seed=seed_key(seed),
    )
    solve(part.table, arrays, sun, effort, 0, len(columns), None, estimates)
    incoming = insolation(sun)
    replicates: Replicates = {}
    skies = change_and_clean(estimates, arrays.cloud_fraction.sum(axis=1))
    for sky, (change, clean) in skies.items():
        replicates |= level_replicates(
            closed_levels(change, incoming=np.zeros_like(incoming)),
            closed_levels(clean, incoming=incoming),
            sky=sky,
            pressure_levels=arrays.pressure_levels,
        )
    return means_and_errors(replicates)


def _dataset(
    results: dict[str, Floats], column: Column, *, settings: dict[str, int | float | str]
) -> xr.Dataset:
    """Profiles with their heights; a leading dimension is that of the months."""
    atmosphere = column.atmosphere
    altitude, pressure = atmosphere.altitude_levels, atmosphere.pressure_levels
    coordinates = {
        "altitude": ("level", altitude),
        "pressure": ("level", pressure),
        "layer_altitude": ("layer", 0.5 * (altitude[1:] + altitude[:-1])),
        "layer_pressure": ("layer", 0.5 * (pressure[1:] + pressure[:-1])),
    }
    profiles = {name: _vertical(name, value, len(altitude)) for name, value in results.items()}
    return stamp(xr.Dataset(profiles, coords=coordinates, attrs=settings))


def _vertical(name: str, values: Floats, n_levels: int) -> tuple[tuple[str, ...], Floats]:
    """A profile with its dimensions."""
    vertical = "level" if values.shape[-1] == n_levels else "layer"
    return (("month", vertical) if values.ndim == 2 else (vertical,)), values
