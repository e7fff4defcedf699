"""Optics of aerosol species by band, size and relative humidity, after MERRA-2 (GOCART).

The tables hold mass extinction coefficient, single scattering albedo and asymmetry parameter of
fifteen *components* in the RRTMGP shortwave bands: five sizes of dust and of sea salt, sulfate,
black and organic carbon as they age, and both carbons as they are emitted ("_dry"). The six
*species* of a mixture are made of them:

- dust: the five sizes by volume as AERONET finds desert dust at Cape Verde (Dubovik et al. 2002:
  lognormal modes of 0.12 and 1.90 um radius, widths 0.5 and 0.6, 0.096 of the coarse volume in
  the fine mode), each extinguishing as its table says;
- sea salt: fine is the size of 0.1-0.5 um dry radius (asymmetry 0.776, which is the 0.778 of Chung
  2012, E9); coarse is equal masses of 0.5-1.5 and 1.5-5 um;
- the others: one component each, aged.

Between the humidities of the table, extinction, scattering and scattering times asymmetry are
linear. Values at 550 nm lie between those of the bands, at their solar-weighted mean wavelengths:
extinction and scattering in log-log, the asymmetry parameter linear in the logarithm of wavelength.

References
----------
Chung, C. E. (2012), doi:10.5772/50248. Dubovik, O. et al. (2002), J. Atmos. Sci. 59, 590-608,
doi:10.1175/1520-0469(2002)059<0590:VOAAOP>2.0.CO;2. Randles, C. A. et al. (2017), J. Climate 30,
6823-6850, doi:10.1175/JCLI-D-16-0609.1 (MERRA-2). Pincus, R., Mlawer, E. J. and Delamere, J. S.
(2019), doi:10.1029/2019MS001621 (RRTMGP).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.special import ndtr

from aeroforcing.core import resources
from aeroforcing.core.arrays import Floats
from aeroforcing.core.constants import REFERENCE_WAVELENGTH
from aeroforcing.core.errors import InputError, nearest_name
from aeroforcing.optics.band_means import planck_band_nodes

DEFAULT_HUMIDITY = 0.8
COMPONENTS = (
    *(f"dust_{i}" for i in range(1, 6)),
    *(f"sea_salt_{i}" for i in range(1, 6)),
    "sulfate",
    "black_carbon",
    "organic_carbon",
    "black_carbon_dry",
    "organic_carbon_dry",
)

_DUST_BIN_LIMITS = np.array([0.1, 1.0, 1.8, 3.0, 6.0, 10.0])  # um, radius

# Radius [um], width and relative volume of the modes at an AOD of 0.3, Dubovik et al. (2002).
_DUST_MODES = ((1.90, 0.60, 1.0), (0.12, 0.50, 0.096))

FINE_SEA_SALT = 0.3  # share of the sea-salt AOD at 550 nm

SPECIES = (
    "organic_carbon",
    "black_carbon",
    "dust",
    "sulfate",
    "sea_salt_fine",
    "sea_salt_coarse",
)

# E7: SSA at 550 nm; carbonaceous aerosol (black carbon and organic matter) is one species there.
SPECIES_SSA: Mapping[str, float] = {
    "organic_carbon": 0.741,
    "black_carbon": 0.741,
    "dust": 0.957,
    "sulfate": 1.0,
    "sea_salt_fine": 1.0,
    "sea_salt_coarse": 1.0,
}

# E9: asymmetry parameter at 550 nm, weighted by the scattering AOD that follows from its own SSA of
# black carbon and organic matter (Magi 2009, 2011, in section 2.2 of Chung 2012).
SPECIES_ASYMMETRY: Mapping[str, float] = {
    "organic_carbon": 0.62,
    "black_carbon": 0.62,
    "dust": 0.66,
    "sulfate": 0.69,
    "sea_salt_fine": 0.778,
    "sea_salt_coarse": 0.85,
}
SPECIES_SCATTERING: Mapping[str, float] = {
    "organic_carbon": 0.85,
    "black_carbon": 0.19,
    "dust": 0.96,
    "sulfate": 1.0,
    "sea_salt_fine": 1.0,
    "sea_salt_coarse": 1.0,
}


class SpeciesBands(NamedTuple):
    """Optics of a species in the shortwave bands, each (..., band) by the humidities' shape."""

    extinction: Floats  # relative to that at 550 nm
    ssa: Floats
    asymmetry: Floats


class _Table(NamedTuple):
    """A species by humidity and band, in quantities that add up, (humidity, band)."""

    extinction: Floats
    scattering: Floats
    forward: Floats


def species_bands(species: str, *, relative_humidity: ArrayLike = DEFAULT_HUMIDITY) -> SpeciesBands:
    """Optics of a species or of a component in the shortwave bands.

    Parameters
    ----------
    species
        One of the six species of `mix_species`, or of the components: dust_1 to dust_5,
        sea_salt_1 to sea_salt_5, black_carbon_dry, organic_carbon_dry.
    relative_humidity
        Any shape, 0 to 1; above the 0.99 of the tables it is 0.99 [1].

    Returns
    -------
    SpeciesBands, each (..., band) with the shape of the humidity.

    Raises
    ------
    InputError
        The species is unknown, or a humidity is out of range.
    """
    humidity = checked_humidity(relative_humidity)
    table = _table(species)
    extinction, scattering, forward = (_at_humidity(values, humidity) for values in table)
    reference, *_ = (_at_humidity(values[:, None], humidity) for values in _at_550(species))
    return SpeciesBands(extinction / reference, scattering / extinction, forward / scattering)


def mass_extinction(species: str, *, relative_humidity: ArrayLike = DEFAULT_HUMIDITY) -> Floats:
    """Extinction at 550 nm per dry mass of a species, by the humidity's shape [m2 kg-1].

    Parameters are those of `species_bands`.
    """
    humidity = checked_humidity(relative_humidity)
    return _at_humidity(_at_550(species).extinction[:, None], humidity)[..., 0]


def species_at_550(
    species: str, *, relative_humidity: ArrayLike = DEFAULT_HUMIDITY
) -> tuple[Floats, Floats]:
    """Single scattering albedo and asymmetry parameter of a species at 550 nm.

    Parameters are those of `species_bands`; the results have the shape of the humidity [1].
    """
    humidity = checked_humidity(relative_humidity)
    extinction, scattering, forward = (
        _at_humidity(values[:, None], humidity)[..., 0] for values in _at_550(species)
    )
    return scattering / extinction, forward / scattering


def checked_humidity(relative_humidity: ArrayLike) -> Floats:
    """Relative humidities as an array; NaN is missing.

    Raises
    ------
    InputError
        One is below 0 or above 1.
    """
    humidity = np.asarray(relative_humidity, dtype=float)
    bad = (humidity < 0.0) | (humidity > 1.0)
    if bad.any():
        raise InputError(
            f"relative_humidity is out of range in {int(bad.sum())} of {bad.size} places, the "
            f"first is {humidity[bad].ravel()[0]:g}; give shares of 0 to 1, not percent."
        )
    return humidity


def _at_humidity(table: Floats, humidity: Floats) -> Floats:
    """Linear interpolation of (humidity, band) values, (..., band)."""
    known = _tables().relative_humidity.values
    place = np.clip(np.searchsorted(known, humidity, side="right") - 1, 0, known.size - 2)
    share = np.minimum((humidity - known[place]) / (known[place + 1] - known[place]), 1.0)
    return table[place] + share[..., None] * (table[place + 1] - table[place])


@cache
def _at_550(species: str) -> _Table:
    """Extinction, scattering and forward scattering at 550 nm, each (humidity,)."""
    table = _table(species)
    x, places = np.log(REFERENCE_WAVELENGTH), np.log(mean_wavelength())
    order = np.argsort(places)

    def at(values: Floats) -> Floats:
        return np.array([np.interp(x, places[order], row[order]) for row in values])

    extinction, scattering = (np.exp(at(np.log(v))) for v in (table.extinction, table.scattering))
    return _Table(extinction, scattering, scattering * at(table.forward / table.scattering))


@cache
def _table(species: str) -> _Table:
    """A species or component, by the masses of what it is made of."""
    known = dict.fromkeys(COMPONENTS) | dict.fromkeys(SPECIES)
    if species not in known:
        raise InputError(
            f"Species {species!r} is unknown; did you mean {nearest_name(species, known)!r}? Known "
            f"are {', '.join(known)}."
        )
    masses = composition().get(species, {species: 1.0})
    parts = _tables().sel(component=list(masses))
    share = np.array(list(masses.values()))[:, None, None] / sum(masses.values())
    extinction = parts.extinction.values * share
    scattering = extinction * parts.ssa.values
    forward = scattering * parts.asymmetry.values
    return _Table(*(values.sum(axis=0) for values in (extinction, scattering, forward)))


def composition() -> Mapping[str, Mapping[str, float]]:
    """Relative masses of the components in each of the six species."""
    return {
        "organic_carbon": {"organic_carbon": 1.0},
        "black_carbon": {"black_carbon": 1.0},
        "dust": {f"dust_{i + 1}": share for i, share in enumerate(_dust_volume_shares())},
        "sulfate": {"sulfate": 1.0},
        "sea_salt_fine": {"sea_salt_2": 1.0},
        "sea_salt_coarse": {"sea_salt_3": 0.5, "sea_salt_4": 0.5},
    }


def _dust_volume_shares() -> Floats:
    """Volume of desert dust in each size bin [5], relative; what is below 0.1 um is left out."""
    limits = np.log(_DUST_BIN_LIMITS)
    return np.sum(
        [v * np.diff(ndtr((limits - np.log(r)) / width)) for r, width, v in _DUST_MODES], axis=0
    )


@cache
def mean_wavelength() -> Floats:
    """Logarithmic mean wavelength [nm] of each band under the solar spectrum."""
    nodes = planck_band_nodes(_tables().band_wavenumber.values)
    return np.exp((nodes.weight * np.log(nodes.wavelength)).sum(axis=1))


@cache
def _tables() -> xr.Dataset:
    with xr.open_dataset(resources.path("aerosol_optics.nc")) as tables:
        return tables.astype(float).load()
