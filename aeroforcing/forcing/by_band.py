"""Fluxes of a column by spectral band, and what plants and photolysis see of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.columns.column import Column, column_arrays
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_between, check_cos_zenith, check_is
from aeroforcing.core.constants import AVOGADRO, LIGHT_SPEED, PLANCK, SOLAR_CONSTANT
from aeroforcing.core.errors import suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.forcing.column import (
    REPLICATES,
    fluxes_and_forcings,
    run_settings,
    solve_columns,
    stream_ids,
)
from aeroforcing.optics.band_means import planck_band_nodes
from aeroforcing.optics.gas_table import GasTable, load_gas_table
from aeroforcing.optics.spectrum import Wavelengths, band_part, band_wavelengths, range_shares
from aeroforcing.optics.sun import sun_at_zenith
from aeroforcing.transport.estimates import Replicates, means_and_errors, samples_per_replicate

PHOTOSYNTHETIC: Wavelengths = (0.4, 0.7)  # um


@suggest_keywords
def column_band_fluxes(
    column: Column,
    *,
    cos_zenith: float,
    photons: int,
    seed: int = 0,
    key: int | None = None,
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
) -> xr.Dataset:
    """Fluxes and forcing of a column at an instant, by spectral band.

    Parameters
    ----------
    column
        The column.
    cos_zenith
        Cosine of the solar zenith angle, in (0, 1].
    photons
        Number of samples of each integral in each band, rounded up to 64 x a power of two.
    seed
        Root of the random numbers; each band has its own.
    key
        Of the random stream, as of `column_fluxes`.
    solar_constant
        Irradiance at the top of the atmosphere, over all bands [W m-2].
    gas_table
        "g112", or the path of an RRTMGP shortwave table.

    Returns
    -------
    xarray.Dataset
        The variables of `column_fluxes` over `band`, each the part of the band [W m-2]; the sum
        over the bands is the broadband value. Coordinates `band_lower` and `band_upper`, the
        limits of the bands [um].

    Raises
    ------
    InputError
        A value is outside its range.
    """
    table = load_gas_table(gas_table)
    samples = samples_per_replicate(photons, REPLICATES)
    bands = _band_replicates(
        column, table, list(range(len(table.band_limits_g))), cos_zenith, samples, seed,
        key, solar_constant,
    )  # fmt: skip
    lower, upper = band_wavelengths(table).T
    return stamp(
        xr.Dataset(
            {name: ("band", value) for name, value in means_and_errors(bands).items()},
            coords={"band_lower": ("band", lower), "band_upper": ("band", upper)},
            attrs=run_settings(samples, seed, solar_constant, gas_table, None, key),
        )
    )


@suggest_keywords
def surface_light(
    column: Column,
    *,
    cos_zenith: float,
    photons: int,
    seed: int = 0,
    key: int | None = None,
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
) -> xr.Dataset:
    """Photosynthetically active radiation (400-700 nm) at the surface under a column.

    Parameters are those of `column_band_fluxes`.

    Returns
    -------
    xarray.Dataset
        `par`, the downward flux, and `par_direct`, the unscattered part of it [W m-2];
        `photosynthetic_photon_flux` [umol m-2 s-1]; each also with `_clean` (no aerosol) and with
        `_cs` (clear sky), and with `<name>_stderr`. 400 and 700 nm lie inside of bands: of these
        the share of the sun's power counts, with the mean energy of its photons there (see
        `spectrum`). The actinic flux is in `column_profiles`, of any range of wavelengths.

    Raises
    ------
    InputError
        A value is outside its range.
    """
    table = load_gas_table(gas_table)
    samples = samples_per_replicate(photons, REPLICATES)
    shares = range_shares(table, wavelengths=PHOTOSYNTHETIC)
    chosen = [int(band) for band in np.flatnonzero(shares)]
    bands = _band_replicates(column, table, chosen, cos_zenith, samples, seed, key, solar_constant)
    power = shares[chosen]
    quanta = power * _photons_per_power(table, chosen)
    light: Replicates = {}
    for sky in ("", "_clean", "_cs", "_clean_cs"):
        light[f"par{sky}"] = power @ bands[f"surface_down{sky}"]
        light[f"par_direct{sky}"] = power @ bands[f"surface_down_direct{sky}"]
        light[f"photosynthetic_photon_flux{sky}"] = quanta @ bands[f"surface_down{sky}"]
    settings = run_settings(samples, seed, solar_constant, gas_table, PHOTOSYNTHETIC, key)
    results = means_and_errors(light)
    return stamp(xr.Dataset({n: ((), value) for n, value in results.items()}, attrs=settings))


def _photons_per_power(table: GasTable, bands: list[int]) -> Floats:
    """Photons per energy within 400-700 nm of bands, by the solar spectrum, (band,) [umol J-1]."""
    inside = 1e4 / np.array(PHOTOSYNTHETIC[::-1])  # cm-1
    limits = np.clip(table.band_limits_wavenumber[bands], *inside)
    nodes = planck_band_nodes(limits)
    wavelength = 1e-9 * (nodes.wavelength * nodes.weight).sum(axis=1)  # m
    return 1e6 * wavelength / (PLANCK * LIGHT_SPEED * AVOGADRO)


def _band_replicates(
    column: Column,
    table: GasTable,
    bands: list[int],
    cos_zenith: float,
    samples: int,
    seed: int,
    key: int | None,
    solar_constant: float,
) -> Replicates:
    """Fluxes and forcings of bands, name -> (band, replicate)."""
    check_is("column_band_fluxes", "column", column, Column)
    check_cos_zenith(cos_zenith)
    check_between("solar_constant", solar_constant, 0.0, 1e5)
    found: dict[str, list[Floats]] = {}
    for band in bands:
        part = band_part(table, weights=np.eye(len(table.band_limits_g))[band])
        columns = column_arrays([column], table=part.table, cell_id=stream_ids(column, key, [band]))
        sun = sun_at_zenith(cos_zenith=[cos_zenith], solar_constant=solar_constant * part.share)
        estimates = solve_columns(part.table, columns, sun, samples=samples, clean=True, seed=seed)
        for name, values in fluxes_and_forcings(estimates, columns, sun).items():
            found.setdefault(name, []).append(values[0])
    return {name: np.stack(values) for name, values in found.items()}
