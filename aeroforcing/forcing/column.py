"""Fluxes and forcing of one column: at one wavelength, at an instant, by month."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from aeroforcing.columns.by_value import stream_key
from aeroforcing.columns.clouds import CloudLayers
from aeroforcing.columns.column import Column, check_skies_listed, column_arrays, column_slopes
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import (
    check_cos_zenith,
    check_is,
    check_latitude,
    checked_months,
    number_or_several,
)
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.optics.gas_table import GasTable
from aeroforcing.optics.spectrum import Wavelengths, checked_part
from aeroforcing.optics.sun import Sun, insolation, sun_at_zenith, sun_over_months
from aeroforcing.transport.column_optics import Columns
from aeroforcing.transport.estimates import (
    LEAST_FRACTION,
    Replicates,
    change_and_clean,
    flux_replicates,
    forcing_replicates,
    kernel_replicates,
    means_and_errors,
    samples_per_replicate,
    scores_with_kernels,
    seed_key,
)
from aeroforcing.transport.events import SCORES
from aeroforcing.transport.integrals import INTEGRALS, Effort, solve
from aeroforcing.transport.overlap import EXCLUSIVE
from aeroforcing.transport.random_numbers import child_key, sobol_net

# One column's standard error comes from its own replicates alone: 64 know it within 9 %.
REPLICATES = 64

_MONTHS_OF_A_LATITUDE = 16  # numbers of random streams that are left to each


@suggest_keywords
def column_fluxes(
    column: Column,
    *,
    cos_zenith: float | ArrayLike,
    photons: int,
    seed: int = 0,
    key: int | None = None,
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    wavelengths: Wavelengths | None = None,
    kernels: bool = False,
) -> xr.Dataset:
    """Broadband fluxes of a column at an instant, with and without its aerosol, and its forcing.

    Parameters
    ----------
    column
        The column.
    cos_zenith
        Cosine of the solar zenith angle, in (0, 1]; or several, (sun,), whose random numbers are
        independent.
    photons
        Number of samples of each integral (the change by the aerosol and the aerosol-free
        fluxes, in clear and in cloudy sky), rounded up to 64 x a power of two.
    seed
        Root of the random numbers.
    key
        Of the random stream, 0 to 2^63 - 1; by default one by the content of the column, so that
        the errors of different columns are independent. Columns of one key have common random
        numbers: the way to their differences, whose errors are then much smaller.
    solar_constant
        Irradiance at the top of the atmosphere, perpendicular to the beam [W m-2].
    gas_table
        "g112", or the path of an RRTMGP shortwave table.
    wavelengths
        Lower and upper limit of a part of the spectrum [um], such as (0.4, 0.7); by default all of
        it. Bands that a limit cuts are shared out as `spectrum` tells.
    kernels
        Give the derivatives of the forcing too, as `transport.estimates` lists them; those with
        respect to the fraction of an exclusive cloud are named by its place, `kernel_cloud_1_toa`
        and so on.

    Returns
    -------
    xarray.Dataset
        `toa_down, toa_up, surface_down, surface_down_direct, surface_up`, the same with `_clean`
        (no aerosol), and `forcing_toa, forcing_atmosphere, forcing_surface`; all of it for
        all-sky and with `_cs` for clear sky, each with `<name>_stderr` [W m-2]. Several suns are
        over `cos_zenith`. The direct flux is that of light which was never scattered; other codes
        add the forward peak of the scattering to it (delta scaling).

    Raises
    ------
    InputError
        A value is outside its range; or kernels are wanted and the aerosol is not a single one,
        given by numbers and without a phase function, or the skies are drawn (`sky`).
    """
    check_is("column_fluxes", "column", column, Column)
    mu = number_or_several("cos_zenith", cos_zenith, check_cos_zenith)
    table, share = checked_part(gas_table, wavelengths=wavelengths, solar_constant=solar_constant)
    given = [column] * mu.size
    columns = column_arrays(given, table=table, cell_id=stream_ids(column, key, range(mu.size)))
    sun = sun_at_zenith(cos_zenith=np.atleast_1d(mu), solar_constant=solar_constant * share)
    samples = samples_per_replicate(photons, REPLICATES)
    slopes = _slopes(columns, given, table) if kernels else None
    estimates = solve_columns(
        table, columns, sun, samples=samples, clean=True, seed=seed, slopes=slopes
    )
    replicates = fluxes_and_forcings(estimates, columns, sun)
    if kernels:
        replicates |= _kernels(column, estimates, columns)
    fluxes = xr.Dataset(
        {name: ("cos_zenith", value) for name, value in means_and_errors(replicates).items()},
        attrs=run_settings(samples, seed, solar_constant, gas_table, wavelengths, key),
    )
    if mu.ndim == 0:
        return stamp(fluxes.isel(cos_zenith=0))
    axis = {"long_name": "cosine of the solar zenith angle", "units": "1"}
    return stamp(fluxes.assign_coords(cos_zenith=("cos_zenith", mu, axis)))


@suggest_keywords
def column_forcing(
    column: Column,
    *,
    latitude: float | ArrayLike,
    months: int | Iterable[int] = range(1, 13),
    photons: int,
    seed: int = 0,
    key: int | None = None,
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    wavelengths: Wavelengths | None = None,
    kernels: bool = False,
) -> xr.Dataset:
    """Forcing of a column, averaged over the days and hours of each month.

    Parameters
    ----------
    column
        The column, the same in all months.
    latitude
        A number, or several, (lat,), whose random numbers are independent [degrees north].
    months
        1..12; each is averaged over all its days, of a 365-day year.
    photons
        Number of samples of each month and sky, rounded up to 64 x a power of two.
    seed
        Root of the random numbers.
    key
        Of the random stream, as of `column_fluxes`.
    solar_constant
        Irradiance at 1 AU [W m-2]; the orbit is applied to it.
    gas_table
        "g112", or the path of an RRTMGP shortwave table.
    wavelengths
        Lower and upper limit of a part of the spectrum [um], such as (0.4, 0.7); by default all of
        it. Bands that a limit cuts are shared out as `spectrum` tells.
    kernels
        Give the derivatives of the forcing too, as `transport.estimates` lists them; those with
        respect to the fraction of an exclusive cloud are named by its place, `kernel_cloud_1_toa`
        and so on.

    Returns
    -------
    xarray.Dataset
        `forcing_toa, forcing_atmosphere, forcing_surface` over `month`, for all-sky and with
        `_cs` for clear sky, each with `<name>_stderr` [W m-2]. Polar night is 0. Several latitudes
        are over `lat`, too. A single number for `months` leaves no dimension of months, as
        `.sel(month=7)` would; [7] leaves one of length 1.

    Raises
    ------
    InputError
        A value is outside its range.
    """
    check_is("column_forcing", "column", column, Column)
    lat = number_or_several("latitude", latitude, check_latitude)
    chosen = checked_months(months)
    table, share = checked_part(gas_table, wavelengths=wavelengths, solar_constant=solar_constant)
    place, month = (axis.ravel() for axis in np.meshgrid(range(lat.size), chosen, indexing="ij"))
    streams = stream_ids(column, key, month + _MONTHS_OF_A_LATITUDE * place)
    given = [column] * month.size
    columns = column_arrays(given, table=table, cell_id=streams)
    sun = sun_over_months(
        latitude=np.atleast_1d(lat)[place], month=month, solar_constant=solar_constant * share
    )
    samples = samples_per_replicate(photons, REPLICATES)
    slopes = _slopes(columns, given, table) if kernels else None
    estimates = solve_columns(
        table, columns, sun, samples=samples, clean=False, seed=seed, slopes=slopes
    )
    replicates: Replicates = {}
    skies = change_and_clean(estimates, columns.cloud_fraction.sum(axis=1))
    for sky, (change, _) in skies.items():
        replicates |= forcing_replicates(change, sky)
    if kernels:
        replicates |= _kernels(column, estimates, columns)
    shape = lat.size, len(chosen)
    forcing = xr.Dataset(
        {n: (("lat", "month"), v.reshape(shape)) for n, v in means_and_errors(replicates).items()},
        coords={"month": list(chosen)},
        attrs=run_settings(samples, seed, solar_constant, gas_table, wavelengths, key),
    )
    forcing = forcing.assign_coords(lat=lat) if lat.ndim else forcing.isel(lat=0)
    return stamp(of_months(forcing, months))


def of_months(result: xr.Dataset, months: int | Iterable[int]) -> xr.Dataset:
    """The result over the months that were asked for: of a single number without a dimension."""
    return result.isel(month=0) if isinstance(months, int | np.integer) else result


def stream_ids(column: Column, key: int | None, numbers: Iterable[int]) -> NDArray[np.uint64]:
    """Keys of the random numbers of a column, one for each month or band, by their numbers."""
    root = stream_key(column, key)
    return np.array([child_key(root, number) for number in numbers], dtype=np.uint64)


def solve_columns(
    table: GasTable,
    columns: Columns,
    sun: Sun,
    *,
    samples: int,
    clean: bool,
    seed: int,
    slopes: Floats | None = None,
) -> Floats:
    """Estimates of all integrals, (cell, integral, replicate, score), each with `samples`.

    With the `slopes` of the columns (`column_slopes`) the derivatives are among the scores.
    """
    cells, n_states = columns.cloud_fraction.shape
    scores = SCORES if slopes is None else scores_with_kernels(n_states)
    effort = Effort(
        net=sobol_net(samples.bit_length() - 1),
        change_samples=np.full(cells, samples),
        cloudy_samples=np.full(cells, samples),
        clean_samples=np.full(cells, samples if clean else 0),
        replicates=REPLICATES,
        cloudy=True,
        seed=seed_key(seed),
        least_fraction=0.0 if slopes is None else LEAST_FRACTION,
    )
    estimates = np.zeros((cells, INTEGRALS, REPLICATES, scores))
    solve(table, columns, sun, effort, 0, cells, slopes, estimates)
    return estimates


def _slopes(columns: Columns, given: list[Column], table: GasTable) -> Floats:
    """What the derivatives need of the aerosols."""
    check_skies_listed(columns, owner="kernels=True")
    return column_slopes(given, table=table)


def _kernels(column: Column, estimates: Floats, columns: Columns) -> Replicates:
    """The kernels of both skies."""
    clouds: list[str] = []
    if column.overlap == EXCLUSIVE and not isinstance(column.clouds, CloudLayers):
        clouds = [str(i + 1) for i in range(len(column.clouds))]
    cover = columns.cloud_fraction.sum(axis=1)
    return kernel_replicates(estimates, cover=cover, skies=("", "_cs"), clouds=clouds)


def fluxes_and_forcings(estimates: Floats, columns: Columns, sun: Sun) -> Replicates:
    """Fluxes and forcings of both skies under one sun, from the estimates of all integrals.

    Returns
    -------
    Name -> (cell, replicate) [W m-2].
    """
    replicates: Replicates = {}
    skies = change_and_clean(estimates, columns.cloud_fraction.sum(axis=1))
    for sky, (change, clean) in skies.items():
        down = np.broadcast_to(insolation(sun)[:, None], clean.shape[:2])
        replicates |= {f"toa_down{sky}": down, f"toa_down_clean{sky}": down}
        replicates |= flux_replicates(change, clean, sky) | forcing_replicates(change, sky)
    return replicates


def run_settings(
    samples: int,
    seed: int,
    solar_constant: float,
    gas_table: str | Path,
    wavelengths: Wavelengths | None,
    key: int | None = None,
) -> dict[str, int | float | str]:
    """Attributes that tell how a result was made."""
    settings: dict[str, int | float | str] = {
        "photons": REPLICATES * samples,
        "seed": int(seed),
        "solar_constant": float(solar_constant),
        "gas_table": str(gas_table),
    }
    if wavelengths is not None:
        lower, upper = wavelengths
        settings["wavelengths"] = f"{lower:g} to {upper:g} um"
    if key is not None:
        settings["key"] = int(key)
    return settings
