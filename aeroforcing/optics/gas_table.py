"""The RRTMGP shortwave tables: reading them and bringing them into the order of the kernels.

The tables are those of Pincus, Mlawer and Delamere (2019), doi:10.1029/2019MS001621, in the
netCDF layout of rrtmgp-data; `aeroforcing.optics.gases` says what they mean and interpolates them.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from aeroforcing.core import resources
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import open_input

GASES = ("h2o", "co2", "o3", "n2o", "co", "ch4", "o2", "n2")
"""The gases of a mole fraction array, in this order. (The shortwave tables hold no CO lines.)"""

LOWER, UPPER = 0, 1  # the regions of the atmosphere below and above the table's tropopause
DRY_AIR = 0  # its place among the amounts of a layer, before those of GASES
H2O = 1 + GASES.index("h2o")
NO_GAS = -1

# The solar source is quiet + (mg - MG_OFFSET) facular + (sb - SB_OFFSET) sunspot, with the solar
# mean of the Bremen Mg index and the sunspot index SB of the table (NRLSSI2; Coddington et al.
# 2016, doi:10.1175/BAMS-D-14-00265.1); the offsets are those of RRTMGP.
MG_OFFSET = 0.1495954
SB_OFFSET = 0.00066696

TABLE_VARIABLES = (
    "gas_names", "key_species", "vmr_ref", "press_ref", "temp_ref", "press_ref_trop",
    "bnd_limits_gpt", "bnd_limits_wavenumber", "kmajor", "rayl_lower", "rayl_upper",
    "minor_gases_lower", "minor_limits_gpt_lower", "minor_scales_with_density_lower",
    "scale_by_complement_lower", "scaling_gas_lower", "kminor_start_lower", "kminor_lower",
    "minor_gases_upper", "minor_limits_gpt_upper", "minor_scales_with_density_upper",
    "scale_by_complement_upper", "scaling_gas_upper", "kminor_start_upper", "kminor_upper",
    "solar_source_quiet", "solar_source_facular", "solar_source_sunspot",
    "mg_default", "sb_default",
)  # fmt: skip
"""What is read of a table in the original layout of rrtmgp-data."""


class GasTable(NamedTuple):
    """The RRTMGP shortwave tables as plain arrays, usable inside numba kernels.

    Regions are (lower, upper); species count from 0 = dry air, 1.. = `GASES`; ranges are
    half-open and count from 0.
    """

    band_limits_wavenumber: np.ndarray  # (band, 2) [cm-1]
    band_limits_g: np.ndarray  # (band, 2) range of g-points
    g_band: np.ndarray  # (g,) band of each g-point
    solar_fraction: np.ndarray  # (g,) share of the total solar irradiance, sums to 1
    log_pressure_ref: np.ndarray  # (pressure,) falling, evenly spaced [log Pa]
    temperature_ref: np.ndarray  # (temperature,) rising, evenly spaced [K]
    tropopause_log_pressure: float  # lower region where log pressure is above it [log Pa]
    key_species: np.ndarray  # (region, band, 2)
    key_ratio: np.ndarray  # (region, band, temperature) of the reference mole fractions
    k_major: np.ndarray  # (temperature, pressure + 1, eta, g) [cm2], float32
    k_rayleigh: np.ndarray  # (region, temperature, eta, g) [cm2], float32
    k_minor: np.ndarray  # (temperature, eta, contributor), float32
    minor_range: np.ndarray  # (region, band, 2) range of the minor absorbers below
    minor_species: np.ndarray  # (minor,)
    minor_start: np.ndarray  # (minor,) contributor of the band's first g-point
    minor_by_density: np.ndarray  # (minor,) bool: scales with the density of the air
    minor_scaling_species: np.ndarray  # (minor,) or NO_GAS
    minor_by_complement: np.ndarray  # (minor,) bool: scales with all but the scaling species


def load_gas_table(gas_table: str | Path = "g112") -> GasTable:
    """Shortwave gas optics table, read once and kept.

    Parameters
    ----------
    gas_table
        "g112" for the table of 112 g-points that comes with the package, or the path of a
        shortwave netCDF file of rrtmgp-data (for example rrtmgp-gas-sw-g224.nc).

    Raises
    ------
    InputError
        The file is missing, is not netCDF or is not such a table.
    """
    if str(gas_table) == "g112":
        return _read_table(resources.path("rrtmgp_sw_g112.nc"))
    path = Path(gas_table)
    if not path.is_file():
        raise InputError(
            f"gas_table={str(gas_table)!r} is neither 'g112' nor an existing file; give the path "
            "of a shortwave table of rrtmgp-data."
        )
    return _read_table(path.resolve())


@lru_cache(maxsize=4)
def _read_table(path: Path) -> GasTable:
    original = open_input(path, select=lambda file: file[[n for n in TABLE_VARIABLES if n in file]])
    missing = [name for name in TABLE_VARIABLES if name not in original]
    if missing:
        raise _no_table(path, f"it lacks {', '.join(missing)}")
    unknown = [n for n in TABLE_VARIABLES if bool(original[n].isnull().any())]
    if unknown:
        raise _no_table(path, f"values are missing in {', '.join(unknown)}")
    try:
        return _table_from(original)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _no_table(path, f"its variables do not fit together ({error})") from error


def _no_table(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path} is not an RRTMGP shortwave gas optics table: {reason}; give a file like "
        "rrtmgp-gas-sw-g224.nc of rrtmgp-data."
    )


def _table_from(file: xr.Dataset) -> GasTable:
    """The arrays of a table in the original layout, brought into the order of the kernels."""
    band_limits_g = file.bnd_limits_gpt.values.astype(np.int64) - [1, 0]
    key_species = _key_species(file)
    return GasTable(
        band_limits_wavenumber=file.bnd_limits_wavenumber.values.astype(float),
        band_limits_g=band_limits_g,
        g_band=np.repeat(np.arange(len(band_limits_g)), np.diff(band_limits_g)[:, 0]),
        solar_fraction=_solar_fraction(file),
        log_pressure_ref=np.log(file.press_ref.values),
        temperature_ref=file.temp_ref.values.astype(float),
        tropopause_log_pressure=float(np.log(file.press_ref_trop)),
        key_species=key_species,
        key_ratio=_key_ratio(file, key_species),
        k_major=_single(file.kmajor.values),
        k_rayleigh=_single(np.stack([file.rayl_lower.values, file.rayl_upper.values])),
        **_minor_absorbers(file, band_limits_g),
    )


def _single(table: np.ndarray) -> np.ndarray:
    """The table in single precision; what would be subnormal there (slow, negligible) is 0."""
    single = np.ascontiguousarray(table, dtype=np.float32)
    return np.where(np.abs(single) < np.finfo(np.float32).tiny, np.float32(0.0), single)


def _names(variable: xr.DataArray) -> list[str]:
    return [name.decode().strip() if isinstance(name, bytes) else name.strip() for name in
            variable.values.tolist()]  # fmt: skip


def _species(name: str) -> int:
    """Place of a gas among a layer's amounts; self and foreign continuum belong to water vapour."""
    gas = "h2o" if name in ("h2o_self", "h2o_frgn") else name
    return 1 + GASES.index(gas) if gas in GASES else NO_GAS


def _key_species(file: xr.Dataset) -> np.ndarray:
    """Key species on (region, band, pair); the table marks a band without any by (0, 0).

    Such a band takes (2, 2) of the table, as in RRTMGP: eta is then a constant.
    """
    pairs = file.key_species.values.transpose(1, 0, 2).copy()
    pairs[(pairs == 0).all(axis=-1)] = 2
    place = np.array([DRY_AIR, *(_species(name) for name in _names(file.gas_names))])
    return place[pairs]


def _key_ratio(file: xr.Dataset, key_species: np.ndarray) -> np.ndarray:
    """Ratio of the reference mole fractions of the key species, (region, band, temperature)."""
    places = [0, *(1 + _names(file.gas_names).index(gas) for gas in GASES)]
    reference = file.vmr_ref.values.transpose(2, 1, 0)[:, places]
    first, second = (
        np.stack([reference[region, key_species[region, :, one]] for region in (LOWER, UPPER)])
        for one in (0, 1)
    )
    return first / second


def _solar_fraction(file: xr.Dataset) -> np.ndarray:
    """Share of each g-point in the solar source at the table's mean solar activity."""
    source = (
        file.solar_source_quiet
        + (file.mg_default.astype(float) - MG_OFFSET) * file.solar_source_facular
        + (file.sb_default.astype(float) - SB_OFFSET) * file.solar_source_sunspot
    )
    return (source / source.sum()).values


def _minor_absorbers(file: xr.Dataset, band_limits_g: np.ndarray) -> dict[str, np.ndarray]:
    """The minor absorbers of both regions in one list, those of gases beyond `GASES` left out."""
    rows: list[tuple[int, int, int, bool, int, bool]] = []
    ranges = np.zeros((2, len(band_limits_g), 2), dtype=np.int64)
    for region in (LOWER, UPPER):
        absorbers = _region_minors(file, region, band_limits_g)
        for band in range(len(band_limits_g)):
            first = len(rows)
            rows += [row for row in absorbers if row[0] == band]
            ranges[region, band] = first, len(rows)
    _, species, start, by_density, scaling, by_complement = zip(*rows, strict=True)
    return {
        "k_minor": _single(
            np.concatenate([file.kminor_lower.values, file.kminor_upper.values], axis=-1)
        ),
        "minor_range": ranges,
        "minor_species": np.array(species),
        "minor_start": np.array(start),
        "minor_by_density": np.array(by_density, dtype=bool),
        "minor_scaling_species": np.array(scaling),
        "minor_by_complement": np.array(by_complement, dtype=bool),
    }


def _region_minors(
    file: xr.Dataset, region: int, band_limits_g: np.ndarray
) -> list[tuple[int, int, int, bool, int, bool]]:
    """(band, species, start, by density, scaling species, by complement) of each absorber."""
    name = ("lower", "upper")[region]
    offset = file.kminor_lower.shape[-1] if region == UPPER else 0
    first_g = file[f"minor_limits_gpt_{name}"].values[:, 0] - 1
    rows = zip(
        np.searchsorted(band_limits_g[:, 0], first_g).tolist(),
        [_species(gas) for gas in _names(file[f"minor_gases_{name}"])],
        (file[f"kminor_start_{name}"].values - 1 + offset).tolist(),
        file[f"minor_scales_with_density_{name}"].values.astype(bool).tolist(),
        [_species(gas) for gas in _names(file[f"scaling_gas_{name}"])],
        file[f"scale_by_complement_{name}"].values.astype(bool).tolist(),
        strict=True,
    )
    return [row for row in rows if row[1] != NO_GAS]
