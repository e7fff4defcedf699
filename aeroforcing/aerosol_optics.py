"""Angstrom exponents of an aerosol mixture, from its species.

Extinction and co-albedo exponents of each species come from the MERRA-2/GOCART optics in the RRTMGP
shortwave bands, the hygroscopic species at 80 % relative humidity and in their aged (hydrophilic)
form. The exponents are slopes between 440 and 870 nm, to which the bands are interpolated in
log-log between their solar-weighted mean wavelengths. Assumptions:

- Dust: the five size bins are mixed by volume as AERONET finds desert dust at Cape Verde (Dubovik
  et al. 2002: lognormal modes of 0.12 and 1.90 um radius, widths 0.5 and 0.6, 0.096 of the coarse
  volume in the fine mode), each bin extinguishing as its table says.
- Sea salt: fine is the bin of 0.1-0.5 um dry radius (asymmetry 0.776, which is the 0.778 of Chung
  2012, E9); coarse is equal masses of 0.5-1.5 and 1.5-5 um.
- SSA at 550 nm is not taken from these tables but from Chung (2012), E7. There black and organic
  carbon have one SSA in common; they share the absorption as their own SSA of E9 (0.19 and 0.85)
  say, which decides how it varies with wavelength.

The exponents of the mixture follow from the sums of optical depth and absorption optical depth
at 440 and 870 nm: a mean of co-albedo exponents would have no meaning where nothing absorbs.

References
----------
Chung, C. E. (2012), doi:10.5772/50248. Dubovik, O. et al. (2002), J. Atmos. Sci. 59, 590-608,
doi:10.1175/1520-0469(2002)059<0590:VOAAOP>2.0.CO;2. Randles, C. A. et al. (2017), J. Climate 30,
6823-6850, doi:10.1175/JCLI-D-16-0609.1 (MERRA-2).
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import cache, reduce

import numpy as np
import xarray as xr
from scipy.special import ndtr

from aeroforcing import data
from aeroforcing.properties import SPECIES_SCATTERING, SPECIES_SSA, aod_at, planck_band_nodes
from aeroforcing.variables import stamp

_SHORT, _LONG = 440.0, 870.0  # nm
_ABSORBING = ("organic_carbon", "black_carbon", "dust")
_DUST_BIN_LIMITS = np.array([0.1, 1.0, 1.8, 3.0, 6.0, 10.0])  # um, radius
# Radius [um], width and relative volume of the modes at an AOD of 0.3, Dubovik et al. (2002).
_DUST_MODES = ((1.90, 0.60, 1.0), (0.12, 0.50, 0.096))


def spectral_exponents(species: xr.Dataset) -> xr.Dataset:
    """Extinction and co-albedo Angstrom exponents of a mixture between 440 and 870 nm.

    Parameters
    ----------
    species
        AOD at 550 nm of organic_carbon, black_carbon, dust, sulfate, sea_salt_fine and
        sea_salt_coarse [1].

    Returns
    -------
    Dataset of `angstrom` and `coalbedo_angstrom` [1]; both are 0 where there is no aerosol, and
    `coalbedo_angstrom` where nothing absorbs. NaN in any species makes the cell missing.
    """
    extinction_slopes, absorption_slopes = species_exponents()
    depths = {str(name): depth for name, depth in species.data_vars.items()}
    angstrom = _slope_of_sum(depths, extinction_slopes)
    absorption = _slope_of_sum(_absorption(species), absorption_slopes)
    exponents = xr.Dataset({"angstrom": angstrom, "coalbedo_angstrom": absorption - angstrom})
    complete = _sum(depths.values()).notnull()
    return stamp(exponents.fillna(0.0).where(complete))


def _absorption(species: xr.Dataset) -> dict[str, xr.DataArray]:
    """Absorption optical depth at 550 nm of the species that absorb."""
    carbons = ("black_carbon", "organic_carbon")
    joint = _sum((1 - SPECIES_SSA[name]) * species[name] for name in carbons)
    own = {name: (1 - SPECIES_SCATTERING[name]) * species[name] for name in carbons}
    total = _sum(own.values())
    shares = {name: (depth / total.where(total > 0)).fillna(0.0) for name, depth in own.items()}
    dust = (1 - SPECIES_SSA["dust"]) * species["dust"]
    return {name: share * joint for name, share in shares.items()} | {"dust": dust}


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
    with xr.open_dataset(data.path("aerosol_optics.nc")) as tables:
        tables.load()
    wavelength = _mean_wavelength(tables.band_wavenumber.values)
    extinction, absorption = {}, {}
    for name, masses in _composition().items():
        components = tables.sel(component=list(masses))
        bands = components.extinction.values * np.array(list(masses.values()))[:, np.newaxis]
        extinction[name] = _slope(wavelength, bands.sum(axis=0))
        if name in _ABSORBING:
            absorbed = bands * (1 - components.ssa.values)
            absorption[name] = _slope(wavelength, absorbed.sum(axis=0))
    return extinction, absorption


def _composition() -> dict[str, dict[str, float]]:
    """Relative masses of the components of the optics tables in each species."""
    return {
        "organic_carbon": {"organic_carbon": 1.0},
        "black_carbon": {"black_carbon": 1.0},
        "dust": {f"dust_{i + 1}": share for i, share in enumerate(_dust_volume_shares())},
        "sulfate": {"sulfate": 1.0},
        "sea_salt_fine": {"sea_salt_2": 1.0},
        "sea_salt_coarse": {"sea_salt_3": 0.5, "sea_salt_4": 0.5},
    }


def _dust_volume_shares() -> np.ndarray:
    """Volume of desert dust in each size bin [5], relative; what is below 0.1 um is left out."""
    limits = np.log(_DUST_BIN_LIMITS)
    return sum(
        volume * np.diff(ndtr((limits - np.log(radius)) / width))
        for radius, width, volume in _DUST_MODES
    )


def _slope(wavelength: np.ndarray, bands: np.ndarray) -> float:
    """Angstrom exponent between 440 and 870 nm of a spectrum given by bands."""
    order = np.argsort(wavelength)
    targets = np.log([_SHORT, _LONG])
    short, long = np.interp(targets, np.log(wavelength[order]), np.log(bands[order]))
    return float((short - long) / np.log(_LONG / _SHORT))


def _mean_wavelength(band_wavenumber: np.ndarray) -> np.ndarray:
    """Logarithmic mean wavelength [nm] of each band under the solar spectrum."""
    nodes = planck_band_nodes(band_wavenumber)
    return np.exp((nodes.weight * np.log(nodes.wavelength)).sum(axis=1))
