"""Optical properties of a mixture of species at 550 nm, and their Angstrom exponents.

Two sets of constants are known (`OPTICS`):

``chung2012``
    SSA and asymmetry parameter at 550 nm of the six species by E7 and E9 of Chung (2012). There
    black and organic carbon have one SSA in common; they share the absorption as their own SSA of
    E9 (0.19 and 0.85) say, which decides how it varies with wavelength.
``merra2``
    SSA and asymmetry parameter of each species as in MERRA-2, by relative humidity (see
    `species_optics`).

With either, the Angstrom exponents are those of the MERRA-2 optics at 80 % humidity: slopes
between 440 and 870 nm of each species. The exponents of the mixture follow from the sums of
optical depth and absorption optical depth at 440 and 870 nm: a mean of co-albedo exponents would
have no meaning where nothing absorbs.

References
----------
Chung, C. E. (2012), doi:10.5772/50248. Randles, C. A. et al. (2017), J. Climate 30, 6823-6850,
doi:10.1175/JCLI-D-16-0609.1 (MERRA-2).
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import cache, reduce

import numpy as np
import xarray as xr

from aeroforcing import properties
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import stamp
from aeroforcing.properties import (
    SPECIES,
    SPECIES_SCATTERING,
    SPECIES_SSA,
    aod_at,
    external_mixture,
    species_array,
)
from aeroforcing.species_optics import (
    DEFAULT_HUMIDITY,
    checked_humidity,
    mean_wavelength,
    species_at_550,
    species_bands,
)

OPTICS = ("chung2012", "merra2")
DEFAULT_OPTICS = "chung2012"
OPTICS_IN_WORDS = {
    "chung2012": "the constants of Chung (2012)",
    "merra2": f"the optics of MERRA-2 at {100 * DEFAULT_HUMIDITY:g} % humidity",
}

_SHORT, _LONG = 440.0, 870.0  # nm
_ABSORBING = ("organic_carbon", "black_carbon", "dust")


def mix_species(
    species_aod: xr.Dataset,
    *,
    optics: str = "chung2012",
    relative_humidity: float | xr.DataArray = DEFAULT_HUMIDITY,
) -> xr.Dataset:
    """Optical properties of the mixture of the six species at 550 nm.

    An external mixture: tau = sum tau_i, ssa = sum(tau_i ssa_i) / tau, g = sum(tau_i ssa_i g_i) /
    sum(tau_i ssa_i). With "chung2012" the constants are those of E7 and E9 of Chung (2012),
    doi:10.5772/50248, see `properties.mix_species`; with "merra2" those of MERRA-2.

    Parameters
    ----------
    species_aod
        AOD at 550 nm [1] of `organic_carbon`, `black_carbon`, `dust`, `sulfate`, `sea_salt_fine`
        and `sea_salt_coarse`, each name also with the prefix `aod_`, over the same dimensions.
        Other variables are ignored.
    optics
        "chung2012" or "merra2".
    relative_humidity
        0 to 1, a number or a field [1]; of "merra2" alone.

    Returns
    -------
    Dataset with `aod`, `ssa` and `asymmetry` [1]. Where there is no aerosol, SSA and asymmetry
    parameter are those of equal, vanishing amounts of all species: they have no effect there, but
    stay in range when the field is interpolated. NaN in any species makes the cell missing.

    Raises
    ------
    InputError
        A species is missing, an AOD or a humidity is out of range, or the optics are unknown.
    """
    check_optics(optics)
    if optics == "chung2012":
        return properties.mix_species(species_aod)
    tau = species_array(species_aod)
    ssa, asymmetry = _at_550(relative_humidity)
    return external_mixture(tau, ssa, asymmetry, dim="species").assign_attrs(species_aod.attrs)


def mixture_properties(
    species: xr.Dataset,
    *,
    optics: str = "chung2012",
    relative_humidity: float | xr.DataArray = DEFAULT_HUMIDITY,
) -> xr.Dataset:
    """The five optical properties of a mixture: those of `mix_species`, and the exponents.

    Parameters are those of `mix_species`.

    Returns
    -------
    Dataset of `aod`, `ssa`, `asymmetry`, `angstrom` and `coalbedo_angstrom` [1].
    """
    mixed = mix_species(species, optics=optics, relative_humidity=relative_humidity)
    return xr.merge([mixed, spectral_exponents(species, optics=optics)])


def check_optics(optics: str) -> None:
    """Raise InputError unless `optics` is one of `OPTICS`."""
    if optics not in OPTICS:
        raise InputError(f"optics={optics!r} is unknown; use {' or '.join(map(repr, OPTICS))}.")


def _at_550(relative_humidity: float | xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """SSA and asymmetry parameter of the six species, (species, ...) by the humidity's shape."""
    humidity = xr.DataArray(relative_humidity)
    checked_humidity(humidity.values)
    each = [species_at_550(name, relative_humidity=humidity.values) for name in SPECIES]
    dims = ("species", *humidity.dims)
    coords = {"species": list(SPECIES), **{k: c for k, c in humidity.coords.items()}}
    ssa, asymmetry = (
        xr.DataArray(np.stack(values), coords, dims) for values in zip(*each, strict=True)
    )
    return ssa, asymmetry


def spectral_exponents(species: xr.Dataset, *, optics: str = "chung2012") -> xr.Dataset:
    """Extinction and co-albedo Angstrom exponents of a mixture between 440 and 870 nm.

    Parameters
    ----------
    species
        AOD at 550 nm of organic_carbon, black_carbon, dust, sulfate, sea_salt_fine and
        sea_salt_coarse [1].
    optics
        "chung2012" or "merra2": whose SSA says how the species share the absorption.

    Returns
    -------
    Dataset of `angstrom` and `coalbedo_angstrom` [1]; both are 0 where there is no aerosol, and
    `coalbedo_angstrom` where nothing absorbs. NaN in any species makes the cell missing.
    """
    check_optics(optics)
    extinction_slopes, absorption_slopes = species_exponents()
    depths = {str(name): depth for name, depth in species.data_vars.items()}
    angstrom = _slope_of_sum(depths, extinction_slopes)
    absorbed = _absorption(species) if optics == "chung2012" else _merra2_absorption(species)
    absorption = _slope_of_sum(absorbed, absorption_slopes)
    exponents = xr.Dataset({"angstrom": angstrom, "coalbedo_angstrom": absorption - angstrom})
    complete = _sum(depths.values()).notnull()
    return stamp(exponents.fillna(0.0).where(complete))


def _absorption(species: xr.Dataset) -> dict[str, xr.DataArray]:
    """Absorption optical depth at 550 nm of the species that absorb, by Chung (2012)."""
    carbons = ("black_carbon", "organic_carbon")
    joint = _sum((1 - SPECIES_SSA[name]) * species[name] for name in carbons)
    own = {name: (1 - SPECIES_SCATTERING[name]) * species[name] for name in carbons}
    total = _sum(own.values())
    shares = {name: (depth / total.where(total > 0)).fillna(0.0) for name, depth in own.items()}
    dust = (1 - SPECIES_SSA["dust"]) * species["dust"]
    return {name: share * joint for name, share in shares.items()} | {"dust": dust}


def _merra2_absorption(species: xr.Dataset) -> dict[str, xr.DataArray]:
    """The same by the SSA of MERRA-2."""
    return {name: (1 - float(species_at_550(name)[0])) * species[name] for name in _ABSORBING}


def _slope_of_sum(depths: dict[str, xr.DataArray], slopes: dict[str, float]) -> xr.DataArray:
    """Angstrom exponent of the sum of optical depths that have their own; NaN where it is 0."""
    short, long = (
        _sum(aod_at(x, angstrom=slopes[name], wavelength=wavelength) for name, x in depths.items())
        for wavelength in (_SHORT, _LONG)
    )
    return np.log(short / long.where(long > 0)) / np.log(_LONG / _SHORT)


def _sum(depths: Iterable[xr.DataArray]) -> xr.DataArray:
    return reduce(operator.add, depths)


@cache
def species_exponents() -> tuple[dict[str, float], dict[str, float]]:
    """Angstrom exponents of extinction, and of absorption where there is any, by species [1]."""
    extinction, absorption = {}, {}
    for name in SPECIES:
        bands = species_bands(name)
        extinction[name] = _slope(bands.extinction)
        if name in _ABSORBING:
            absorption[name] = _slope(bands.extinction * (1 - bands.ssa))
    return extinction, absorption


def _slope(bands: np.ndarray) -> float:
    """Angstrom exponent between 440 and 870 nm of a spectrum given by bands."""
    wavelength = mean_wavelength()
    order = np.argsort(wavelength)
    targets = np.log([_SHORT, _LONG])
    short, long = np.interp(targets, np.log(wavelength[order]), np.log(bands[order]))
    return float((short - long) / np.log(_LONG / _SHORT))
