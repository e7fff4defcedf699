"""The solver beside the fluxes and forcings that AERONET computes from its own inversions.

Each record's AOD, SSA, asymmetry parameter and surface albedo at their wavelengths, its solar
zenith angle and its incoming flux go into a column; the forcing at that instant is compared with
the record's `Rad_Forcing` (Dubovik and King 2000, doi:10.1029/2000JD900282; Garcia et al. 2008,
doi:10.1029/2008JD010258). AERONET's forcing at the surface is that of the *downward* flux only,
F_down(aerosol) - F_down(none), without the factor 1 - albedo.

What the file does not tell is assumed: the gases are those of the built-in atmosphere at the
latitude and month of the record (AERONET uses its own water vapour and a climatology of ozone),
the aerosol falls off with 2 km, scatters by Henyey-Greenstein, and continues beyond the wavelengths
of the record as `SpectralAerosol` tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from aeroforcing.columns.aerosols import SpectralAerosol
from aeroforcing.columns.atmosphere import Atmosphere
from aeroforcing.columns.column import Column, column_arrays
from aeroforcing.core.arrays import Floats
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import suggest_keywords
from aeroforcing.core.variables import STDERR_SUFFIX, stamp
from aeroforcing.forcing.column import REPLICATES, solve_columns
from aeroforcing.inputs.builtin.atmosphere import climatology, columns_over_terrain, profile_arrays
from aeroforcing.observations.readers._files import PathLike
from aeroforcing.observations.readers.aeronet_fluxes import read_aeronet_fluxes
from aeroforcing.optics.band_means import BandNodes, planck_band_nodes
from aeroforcing.optics.gas_table import GASES, load_gas_table
from aeroforcing.optics.sun import sun_at_zenith
from aeroforcing.transport.estimates import (
    Replicates,
    change_and_clean,
    flux_replicates,
    forcing_replicates,
    means_and_errors,
    samples_per_replicate,
)
from aeroforcing.transport.events import SURFACE_DOWN

LARGEST_BIAS = 0.1  # of the mean forcing
SMALLEST_CORRELATION = 0.9
_ENOUGH_RECORDS = 10  # for a correlation to tell anything

_FLUXES = ("toa_up", "toa_up_clean", "surface_down", "surface_down_clean", "surface_up")
_FORCINGS = ("forcing_toa", "forcing_surface_down")


@suggest_keywords
def compare_with_aeronet(path: PathLike, *, photons: int = 2**14, seed: int = 0) -> xr.Dataset:
    """The instantaneous forcing of AERONET inversion records, beside AERONET's own.

    Parameters
    ----------
    path
        Version 3 inversion file (all points, daily or monthly means).
    photons
        Samples of each record, rounded up to 64 x a power of two.
    seed
        Root of the random numbers.

    Returns
    -------
    Dataset of `read_aeronet_fluxes` with, over `record`, `forcing_toa`, `forcing_surface_down`
    (downward flux only), `toa_up`, `surface_down`, `surface_up`, and `_clean` without aerosol,
    each with `<name>_stderr`; AERONET's are `aeronet_<name>` [W m-2].

    Raises
    ------
    InputError
        The file cannot be used; see `read_aeronet_fluxes`.
    """
    records = read_aeronet_fluxes(path)
    samples = samples_per_replicate(photons, REPLICATES)
    results = {name: ("record", values) for name, values in _solved(records, samples, seed).items()}
    beside = records.assign(results).assign(_without_aerosol(records))
    return stamp(beside.assign_attrs(photons=REPLICATES * samples, seed=int(seed)))


def _without_aerosol(records: xr.Dataset) -> dict[str, xr.DataArray]:
    """AERONET's aerosol-free fluxes, which its forcings imply."""
    bare = records.drop_attrs()
    return {
        "aeronet_surface_down_clean": bare["aeronet_surface_down"]
        - bare["aeronet_forcing_surface_down"],
        "aeronet_toa_up_clean": bare["aeronet_toa_up"] + bare["aeronet_forcing_toa"],
    }


def _solved(records: xr.Dataset, samples: int, seed: int) -> dict[str, Floats]:
    """Means and errors of fluxes and forcings, (record,), for the incoming flux of each record."""
    table = load_gas_table("g112")
    nodes = planck_band_nodes(table.band_limits_wavenumber)
    columns = [_column(records.isel(record=i), nodes) for i in range(records.sizes["record"])]
    arrays = column_arrays(columns, table=table, cell_id=np.arange(len(columns)))
    cosine = np.cos(np.radians(records["solar_zenith_angle"].values))
    sun = sun_at_zenith(cos_zenith=cosine, solar_constant=SOLAR_CONSTANT)
    estimates = solve_columns(table, arrays, sun, samples=samples, clean=True, seed=seed)
    brightness = records["aeronet_toa_down"].values / (SOLAR_CONSTANT * cosine)
    change, clean = change_and_clean(estimates, np.zeros(len(columns)))["_cs"]
    fluxes = flux_replicates(change, clean, "") | forcing_replicates(change, "")
    fluxes["forcing_surface_down"] = change[..., SURFACE_DOWN]
    wanted: Replicates = {n: fluxes[n] * brightness[:, None] for n in (*_FLUXES, *_FORCINGS)}
    return means_and_errors(wanted)


def _column(record: xr.Dataset, nodes: BandNodes) -> Column:
    wavelengths = record["spectrum"].values
    albedo = np.interp(nodes.wavelength, wavelengths, record["spectral_albedo"].values)
    return Column(
        atmosphere=_atmosphere(record),
        aerosol=SpectralAerosol(
            wavelength=wavelengths,
            aod=record["spectral_aod"].values,
            ssa=record["spectral_ssa"].values,
            asymmetry=record["spectral_asymmetry"].values,
        ),
        surface_albedo=(albedo * nodes.weight).sum(axis=1),
    )


def _atmosphere(record: xr.Dataset) -> Atmosphere:
    """The built-in atmosphere over the station in the month of the record."""
    air = columns_over_terrain(
        profile_arrays(climatology([float(record["lat"])])),
        month=np.array([int(record["day"]) // 100 % 100 - 1]),
        lat=np.array([0]),
        surface_altitude=np.array([float(record["elevation"])]),
    )
    return Atmosphere(
        pressure_levels=air.pressure_levels[0],
        temperature_layers=air.temperature_layers[0],
        mole_fractions=dict(zip(GASES, air.mole_fractions[0], strict=True)),
        altitude_levels=air.altitude_levels[0],
    )


class Agreement(NamedTuple):
    """One quantity over all records [W m-2]."""

    name: str
    records: int
    mean: float
    aeronet: float
    scatter: float  # standard deviation of the differences
    correlation: float

    @property
    def bias(self) -> float:
        """Mean difference from AERONET."""
        return self.mean - self.aeronet

    @property
    def agrees(self) -> bool:
        """Whether a forcing is near AERONET's; fluxes are shown for the cause of a bias."""
        if self.name not in _FORCINGS:
            return True
        small = abs(self.bias) <= LARGEST_BIAS * abs(self.aeronet)
        return small and not self.correlation < SMALLEST_CORRELATION


def agreement(comparison: xr.Dataset) -> list[Agreement]:
    """Means, scatter and correlation of what `compare_with_aeronet` gives."""
    found = []
    for name in (*_FORCINGS, *_FLUXES):
        own, theirs = comparison[name].values, comparison[f"aeronet_{name}"].values
        enough = own.size >= _ENOUGH_RECORDS
        found.append(
            Agreement(
                name,
                own.size,
                float(own.mean()),
                float(theirs.mean()),
                float((own - theirs).std()),
                float(np.corrcoef(own, theirs)[0, 1]) if enough else np.nan,
            )
        )
    return found


_LABELS = {
    "forcing_toa": "forcing, top",
    "forcing_surface_down": "forcing, surface, downward flux",
    "toa_up": "up, top",
    "toa_up_clean": "up, top, no aerosol",
    "surface_down": "down, surface",
    "surface_down_clean": "down, surface, no aerosol",
    "surface_up": "up, surface",
}


def as_text(comparison: xr.Dataset) -> str:
    """A table of the agreement over all records, and the verdict below it."""
    rows = agreement(comparison)
    stations = ", ".join(sorted(set(comparison["station"].values.tolist())))
    counted = f"{rows[0].records} records, {comparison.attrs['incomplete_records']} incomplete"
    error = float(comparison[f"forcing_toa{STDERR_SUFFIX}"].mean())
    heading = f"{'mean [W m-2]':<32}{'aeroforcing':>12}{'AERONET':>10}{'bias':>8}{'':>9}"
    lines = [f"{stations}: {counted}; standard error of a forcing {error:.1f} W m-2", ""]
    lines.append(f"{heading}{'scatter':>9}{'correlation':>13}")
    for row in rows:
        share = f"({100.0 * row.bias / abs(row.aeronet):+.1f} %)"
        numbers = f"{row.mean:>12.2f}{row.aeronet:>10.2f}{row.bias:>8.2f}{share:>9}"
        mark = "" if row.agrees else "  DIFFERS"
        lines.append(
            f"{_LABELS[row.name]:<32}{numbers}{row.scatter:>9.2f}{row.correlation:>13.4f}{mark}"
        )
    return "\n".join([*lines, "", _verdict(rows)])


def _verdict(rows: Sequence[Agreement]) -> str:
    wrong = [_LABELS[row.name] for row in rows if not row.agrees]
    limits = (
        f"limits: {100 * LARGEST_BIAS:g} % of the mean forcing, correlation {SMALLEST_CORRELATION}"
    )
    return (
        f"{' and '.join(wrong)} DIFFER ({limits})" if wrong else f"both forcings agree ({limits})"
    )
