"""Aerosol optical properties: spectral laws, mixtures of species, means over spectral bands.

The equation numbers are those of Chung (2012), doi:10.5772/50248. Wavelengths are in nm and the
reference wavelength is 550 nm unless said otherwise. Extinction and co-albedo (1 - SSA) follow
power laws of wavelength,

    tau(l) = tau(lR) (l / lR)^-alpha                                                         (E5)
    1 - ssa(l) = (1 - ssa(lR)) (l / lR)^-kappa

so that the absorption Angstrom exponent is alpha + kappa. The asymmetry parameter is constant.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from functools import cache, reduce

import numpy as np
import xarray as xr

from aeroforcing.core.canonical import check_ranges
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.optics.species import (
    DEFAULT_HUMIDITY,
    SPECIES,
    SPECIES_ASYMMETRY,
    SPECIES_SCATTERING,
    SPECIES_SSA,
    checked_humidity,
    mean_wavelength,
    species_at_550,
    species_bands,
)
from aeroforcing.optics.spectral_laws import aod_at

OPTICS = ("chung2012", "merra2")
DEFAULT_OPTICS = "chung2012"
OPTICS_IN_WORDS = {
    "chung2012": "the constants of Chung (2012)",
    "merra2": f"the optics of MERRA-2 at {100 * DEFAULT_HUMIDITY:g} % humidity",
}

_SHORT, _LONG = 440.0, 870.0  # nm
_ABSORBING = ("organic_carbon", "black_carbon", "dust")


def mixture_by_paper(species_aod: xr.Dataset) -> xr.Dataset:
    """Optical properties of the mixture of the six species at 550 nm by the paper's constants.

    SSA by E7, with carbonaceous aerosol (black carbon and organic matter) 0.741 and dust 0.957;
    asymmetry parameter by E9, weighted by the scattering AOD of each species, with the SSA of its
    own that E9 gives to black carbon (0.19) and organic matter (0.85).

    Parameters
    ----------
    species_aod
        AOD at 550 nm [1] of `organic_carbon`, `black_carbon`, `dust`, `sulfate`, `sea_salt_fine`
        and `sea_salt_coarse`, each name also with the prefix `aod_`, over the same dimensions.
        Other variables are ignored.

    Returns
    -------
    Dataset with `aod`, `ssa` and `asymmetry` [1]. Where there is no aerosol, SSA and asymmetry
    parameter are those of equal, vanishing amounts of all species: they have no effect there, but
    stay in range when the field is interpolated. NaN in any species makes the cell missing.

    Raises
    ------
    InputError
        A species is missing, or an AOD is out of range.
    """
    tau = species_array(species_aod)
    aod = tau.sum("species", skipna=False)
    amount = _amount(tau, "species")
    scattering = amount * _per_species(SPECIES_SCATTERING)
    ssa = _mean(_per_species(SPECIES_SSA), amount, "species")
    asymmetry = _mean(_per_species(SPECIES_ASYMMETRY), scattering, "species")
    return _optics(aod, ssa, asymmetry, attrs=species_aod.attrs)


def species_array(species_aod: xr.Dataset) -> xr.DataArray:
    """AOD of the six species over the dimension `species`, from the Dataset of `mix_species`.

    Raises
    ------
    InputError
        A species is missing, or an AOD is out of range.
    """
    names = {s: s if s in species_aod else f"aod_{s}" for s in SPECIES}
    missing = [species for species, name in names.items() if name not in species_aod]
    if missing:
        raise InputError(
            f"The AOD of {', '.join(missing)} is missing; the mixture needs {', '.join(SPECIES)}. "
            "Give zeros for a species that is absent."
        )
    known = xr.Dataset({f"aod_{s}": species_aod[name] for s, name in names.items()})
    check_ranges(known, source="species AOD")
    return xr.concat(list(known.data_vars.values()), dim="species").assign_coords(
        species=list(SPECIES)
    )


def _per_species(constants: Mapping[str, float]) -> xr.DataArray:
    return xr.DataArray(
        [constants[species] for species in SPECIES], {"species": list(SPECIES)}, ["species"]
    )


def external_mixture(
    tau: xr.DataArray, ssa: xr.DataArray, asymmetry: xr.DataArray, *, dim: str
) -> xr.Dataset:
    """Optical properties of an external mixture: what each component has, added up.

    tau = sum tau_i; ssa = sum(tau_i ssa_i) / tau; g = sum(tau_i ssa_i g_i) / sum(tau_i ssa_i).

    Parameters
    ----------
    tau, ssa, asymmetry
        Optical depth, SSA and asymmetry parameter of the components [1], broadcast against each
        other.
    dim
        Dimension of the components.

    Returns
    -------
    Dataset with `aod`, `ssa` and `asymmetry` [1]. Where there is no aerosol, as for equal vanishing
    amounts of all components; where nothing scatters, the asymmetry parameter is weighted by
    optical depth.
    """
    amount = _amount(tau, dim)
    scattering = amount * ssa
    weights = xr.where(scattering.sum(dim, skipna=False) == 0, amount, scattering)
    return _optics(
        tau.sum(dim, skipna=False), _mean(ssa, amount, dim), _mean(asymmetry, weights, dim)
    )


def _amount(tau: xr.DataArray, dim: str) -> xr.DataArray:
    """Optical depths as weights; equal ones where there is no aerosol."""
    return tau.where(tau.sum(dim, skipna=False) != 0, 1.0)


def _mean(values: xr.DataArray, weights: xr.DataArray, dim: str) -> xr.DataArray:
    return (values * weights).sum(dim, skipna=False) / weights.sum(dim, skipna=False)


def _optics(
    aod: xr.DataArray, ssa: xr.DataArray, asymmetry: xr.DataArray, *, attrs: dict | None = None
) -> xr.Dataset:
    return stamp(xr.Dataset({"aod": aod, "ssa": ssa, "asymmetry": asymmetry}, attrs=attrs))


@suggest_keywords
def mix_species(
    species_aod: xr.Dataset,
    *,
    optics: str = "chung2012",
    relative_humidity: float | xr.DataArray = DEFAULT_HUMIDITY,
) -> xr.Dataset:
    """Optical properties of the mixture of the six species at 550 nm.

    An external mixture: tau = sum tau_i, ssa = sum(tau_i ssa_i) / tau, g = sum(tau_i ssa_i g_i) /
    sum(tau_i ssa_i). With "chung2012" the constants are those of E7 and E9 of Chung (2012),
    doi:10.5772/50248, see `mixtures.mixture_by_paper`; with "merra2" those of MERRA-2.

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
        return mixture_by_paper(species_aod)
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
    absorbed = _absorption(species) if optics == "chung2012" else _merra2_absorption(species)
    return mixture_exponents(species, absorbed=absorbed, absorption_slopes=species_exponents()[1])


def mixture_exponents(
    species: xr.Dataset,
    *,
    absorbed: Mapping[str, xr.DataArray],
    absorption_slopes: Mapping[str, float],
) -> xr.Dataset:
    """The exponents of `spectral_exponents` for a given absorption of the species.

    Parameters
    ----------
    species
        As of `spectral_exponents`; each has the extinction exponent of MERRA-2.
    absorbed
        Absorption optical depth at 550 nm of the species that absorb [1].
    absorption_slopes
        Their Angstrom exponents of absorption [1].
    """
    depths = {str(name): depth for name, depth in species.data_vars.items()}
    angstrom = _slope_of_sum(depths, species_exponents()[0])
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


def _slope_of_sum(depths: Mapping[str, xr.DataArray], slopes: Mapping[str, float]) -> xr.DataArray:
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
