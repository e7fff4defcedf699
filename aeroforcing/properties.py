"""Aerosol optical properties: spectral laws, mixtures of species, means over spectral bands.

The equation numbers are those of Chung (2012), doi:10.5772/50248. Wavelengths are in nm and the
reference wavelength is 550 nm unless said otherwise. Extinction and co-albedo (1 - SSA) follow
power laws of wavelength,

    tau(l) = tau(lR) (l / lR)^-alpha                                                         (E5)
    1 - ssa(l) = (1 - ssa(lR)) (l / lR)^-kappa

so that the absorption Angstrom exponent is alpha + kappa. The asymmetry parameter is constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from aeroforcing.core.arrays import ratio
from aeroforcing.core.canonical import check_ranges
from aeroforcing.core.constants import (
    BOLTZMANN,
    LIGHT_SPEED,
    PLANCK,
    REFERENCE_WAVELENGTH,
    SUN_TEMPERATURE,
)
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES, stamp

Field = float | NDArray[np.float64] | xr.DataArray
FieldT = TypeVar("FieldT", float, NDArray[np.float64], xr.DataArray)

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


def aod_at(
    aod: FieldT,
    *,
    angstrom: Field,
    wavelength: Field,
    reference: float = REFERENCE_WAVELENGTH,
) -> FieldT:
    """Aerosol optical depth at another wavelength by the Angstrom law (E5).

    Parameters
    ----------
    aod
        At the reference wavelength [1].
    angstrom
        Extinction Angstrom exponent alpha [1].
    wavelength
        Wanted wavelength [nm].
    reference
        Wavelength of `aod` [nm].

    Returns
    -------
    Optical depth [1], of the shape that broadcasting gives. A DataArray says its wavelength.

    Raises
    ------
    InputError
        A wavelength is not positive.
    """
    return _labelled(aod * _relative(wavelength, reference) ** -angstrom, "aod", wavelength)


def coalbedo_at(
    coalbedo: FieldT,
    *,
    coalbedo_angstrom: Field,
    wavelength: Field,
    reference: float = REFERENCE_WAVELENGTH,
) -> FieldT:
    """Single scattering co-albedo, 1 - SSA, at another wavelength, not above 1.

    With a negative exponent the power law passes 1 at long wavelengths; there the aerosol only
    absorbs. `count_clipped_coalbedo` tells how often that happened.

    Parameters
    ----------
    coalbedo
        1 - SSA at the reference wavelength [1].
    coalbedo_angstrom
        Co-albedo Angstrom exponent kappa [1].
    wavelength
        Wanted wavelength [nm].
    reference
        Wavelength of `coalbedo` [nm].

    Returns
    -------
    Co-albedo [1], of the shape that broadcasting gives.

    Raises
    ------
    InputError
        A wavelength is not positive.
    """
    law = coalbedo * _relative(wavelength, reference) ** -coalbedo_angstrom
    if isinstance(law, xr.DataArray):
        return _labelled(law.clip(0.0, 1.0), "coalbedo", wavelength)
    return np.clip(law, 0.0, 1.0)


def count_clipped_coalbedo(
    coalbedo: Field,
    *,
    coalbedo_angstrom: Field,
    wavelength: Field,
    reference: float = REFERENCE_WAVELENGTH,
) -> int:
    """Number of values that `coalbedo_at`, called alike, has to clip at 1."""
    law = coalbedo * _relative(wavelength, reference) ** -coalbedo_angstrom
    return int(np.sum(np.asarray(law) > 1.0))


def _relative(wavelength: Field, reference: float) -> Any:
    if reference <= 0 or np.any(np.asarray(wavelength) <= 0):
        raise InputError(f"Wavelengths must be positive, in nm; got {wavelength} and {reference}.")
    return wavelength / reference


def _labelled(result: Any, name: str, wavelength: Field) -> Any:
    """Name, attributes and coordinate `wavelength` of a result, if it is a DataArray."""
    if not isinstance(result, xr.DataArray):
        return result
    labelled = result.rename(name)
    labelled.attrs = VARIABLES[name].attributes
    labelled.attrs["long_name"] = labelled.attrs["long_name"].removesuffix(" at 550 nm")
    if np.ndim(wavelength) == 0:
        labelled = labelled.assign_coords(wavelength=float(wavelength))
        labelled["wavelength"].attrs = VARIABLES["wavelength"].attributes
    return labelled


def mix_species(species_aod: xr.Dataset) -> xr.Dataset:
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


def fit_angstrom(
    aod: xr.DataArray, *, absorption_aod: xr.DataArray, dim: str = "wavelength"
) -> xr.Dataset:
    """Extinction and co-albedo Angstrom exponents from optical depths at several wavelengths.

    The slopes of ln(tau) and ln(tau (1 - ssa)) over ln(wavelength) by least squares; exact with
    two wavelengths, e.g. 440 and 870 nm. For a mixture add up the optical depths of its components
    first: exponents themselves cannot be averaged.

    Parameters
    ----------
    aod
        Extinction optical depth [1] over `dim`, whose coordinate is the wavelength [nm].
    absorption_aod
        Absorption optical depth, tau (1 - ssa) [1], over the same dimension.
    dim
        Dimension of wavelength.

    Returns
    -------
    Dataset with `angstrom` (alpha) and `coalbedo_angstrom` (kappa) [1]. An exponent is 0 where it
    is undefined: both without aerosol, kappa without absorption at any of the wavelengths. NaN
    stays NaN.

    Raises
    ------
    InputError
        There are fewer than two wavelengths, or a negative optical depth.
    """
    if aod.sizes.get(dim, 0) < 2:
        raise InputError(f"An Angstrom exponent needs optical depths at two {dim}s or more.")
    check_ranges(xr.Dataset({"aod": aod, "aaod": absorption_aod}), source="Angstrom exponent")
    alpha = -_log_slope(aod, dim)
    beta = -_log_slope(absorption_aod, dim)
    absorbs = (absorption_aod != 0).all(dim) & (aod != 0).all(dim)
    return stamp(
        xr.Dataset({"angstrom": alpha, "coalbedo_angstrom": (beta - alpha).where(absorbs, 0.0)})
    )


def _log_slope(values: xr.DataArray, dim: str) -> xr.DataArray:
    """Slope of ln(values) over ln(dim) by least squares; 0 where a value is 0."""
    positive = (values != 0).all(dim)
    x = xr.apply_ufunc(np.log, values[dim])
    deviation = x - x.mean(dim)
    logarithms = np.log(values.where(positive, 1.0))
    return (logarithms * deviation).sum(dim, skipna=False) / (deviation**2).sum(dim)


class BandNodes(NamedTuple):
    """Quadrature over spectral bands, weighted by the solar spectrum."""

    wavelength: NDArray[np.float64]  # (band, node) [nm]
    weight: NDArray[np.float64]  # (band, node), sum 1 in each band


def planck_band_nodes(band_limits_wavenumber: ArrayLike, *, per_band: int = 16) -> BandNodes:
    """Nodes and weights for means over spectral bands with the Planck function of the Sun.

    Gauss-Legendre nodes in wavenumber; the weights hold the Planck function at the effective
    temperature of the Sun, 5772 K, and sum to 1 in each band.

    Parameters
    ----------
    band_limits_wavenumber
        (band, 2) limits of the bands, in any order [cm-1].
    per_band
        Nodes in each band.

    Raises
    ------
    InputError
        The limits are not pairs of positive, different wavenumbers.
    """
    limits = np.asarray(band_limits_wavenumber, dtype=float)
    if limits.ndim != 2 or limits.shape[1] != 2 or not (limits > 0).all():
        raise InputError(f"Band limits must be (band, 2) positive wavenumbers, not {limits}.")
    if (limits[:, 0] == limits[:, 1]).any():
        raise InputError("A spectral band must have two different limits.")
    x, w = np.polynomial.legendre.leggauss(per_band)
    middle = limits.mean(axis=1, keepdims=True)
    half_width = np.abs(np.diff(limits, axis=1)) / 2
    wavenumber = middle + half_width * x
    weight = w * _planck(wavenumber, SUN_TEMPERATURE)
    return BandNodes(1e7 / wavenumber, weight / weight.sum(axis=1, keepdims=True))


def solar_share(
    band_limits_wavenumber: ArrayLike, *, beyond_wavenumber: float
) -> NDArray[np.float64]:
    """Share of the sun's power in each band that lies beyond a wavenumber, (band,) [1].

    Parameters
    ----------
    band_limits_wavenumber
        (band, 2) limits of the bands [cm-1].
    beyond_wavenumber
        [cm-1].
    """
    limits = np.sort(np.asarray(band_limits_wavenumber, dtype=float), axis=1)
    beyond = np.maximum(limits, beyond_wavenumber)
    return _planck_integral(beyond) / _planck_integral(limits)


def _planck_integral(limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integral of the Sun's Planck function between pairs of wavenumbers, in arbitrary units."""
    x, w = np.polynomial.legendre.leggauss(16)
    middle, half_width = limits.mean(axis=1, keepdims=True), np.diff(limits, axis=1) / 2
    return (half_width * w * _planck(middle + half_width * x, SUN_TEMPERATURE)).sum(axis=1)


def _planck(wavenumber: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Planck function per wavenumber [cm-1], in arbitrary units."""
    energy = PLANCK * LIGHT_SPEED * 100 * wavenumber / (BOLTZMANN * temperature)
    return wavenumber**3 / np.expm1(energy)


def band_means(
    aod: ArrayLike,
    ssa: ArrayLike,
    asymmetry: ArrayLike,
    angstrom: ArrayLike,
    coalbedo_angstrom: ArrayLike,
    nodes: BandNodes,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Means of the optical properties over spectral bands, from the laws of this module.

    Optical depth and scattering optical depth are averaged with the weights of the nodes, the
    co-albedo being clipped at 1 at every node; SSA is the ratio of the two means.

    Parameters
    ----------
    aod, ssa, asymmetry, angstrom, coalbedo_angstrom
        At 550 nm, any shapes that broadcast to one, (...) [1].
    nodes
        Of `planck_band_nodes`.

    Returns
    -------
    Optical depth, SSA and asymmetry parameter, each (..., band) [1].
    """
    shape = np.broadcast(aod, ssa, asymmetry, angstrom, coalbedo_angstrom).shape
    tau, ssa, asymmetry, alpha, kappa = (
        np.asarray(a, dtype=float)[..., np.newaxis, np.newaxis]
        for a in (aod, ssa, asymmetry, angstrom, coalbedo_angstrom)
    )
    relative_tau = _power_law(nodes, alpha) * nodes.weight
    coalbedo = np.minimum((1 - ssa) * _power_law(nodes, kappa), 1.0)
    extinction = relative_tau.sum(axis=-1)
    means = np.empty((3, *shape, len(nodes.wavelength)))
    means[0] = tau[..., 0] * extinction
    means[1] = (relative_tau * (1 - coalbedo)).sum(axis=-1) / extinction
    means[2] = asymmetry[..., 0]
    return means[0], means[1], means[2]


def _power_law(nodes: BandNodes, exponent: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Factor of the laws of `aod_at` and `coalbedo_at` at the nodes, without their checks.

    Nodes are of positive wavelengths, and every column would have them checked again.
    """
    return (nodes.wavelength / REFERENCE_WAVELENGTH) ** -exponent


def band_slopes(
    ssa: ArrayLike, *, angstrom: ArrayLike, coalbedo_angstrom: ArrayLike, nodes: BandNodes
) -> NDArray[np.float64]:
    """How the means of `band_means` change with the properties at 550 nm.

    Parameters
    ----------
    ssa, angstrom, coalbedo_angstrom
        At 550 nm, any shapes that broadcast to one, (...) [1].
    nodes
        Of `planck_band_nodes`.

    Returns
    -------
    (..., band, 4): the derivative of the logarithm of the optical depth by the Angstrom exponent,
    and those of the SSA by the Angstrom exponent, by the SSA at 550 nm and by the Angstrom
    exponent of the co-albedo [1]. Where the co-albedo is clipped at 1 it does not change.
    """
    ssa, alpha, kappa = (
        np.asarray(a, dtype=float)[..., np.newaxis, np.newaxis]
        for a in np.broadcast_arrays(ssa, angstrom, coalbedo_angstrom)
    )
    relative_tau = _power_law(nodes, alpha) * nodes.weight
    share = relative_tau / relative_tau.sum(axis=-1, keepdims=True)
    growth = _power_law(nodes, kappa)
    coalbedo = np.minimum((1 - ssa) * growth, 1.0)
    unclipped = np.where((1 - ssa) * growth <= 1, growth, 0.0)
    # ln of the ratio of an optical depth to that at 550 nm, per unit of the exponent
    by_exponent = np.log(_power_law(nodes, 1.0))
    means = [by_exponent, (1 - coalbedo), (1 - coalbedo) * by_exponent]
    depth, mean_ssa, product = ((share * values).sum(axis=-1) for values in means)
    return np.stack(
        [
            depth,
            product - mean_ssa * depth,
            (share * unclipped).sum(axis=-1),
            -(share * unclipped * (1 - ssa) * by_exponent).sum(axis=-1),
        ],
        axis=-1,
    )


def spectrum_means(
    tau: NDArray[np.float64],
    *,
    ssa: NDArray[np.float64],
    asymmetry: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Means of optical properties over the spectrum: of optical depth, and of what it weights.

    Parameters
    ----------
    tau, ssa, asymmetry
        Over wavelengths in the last axis [1].
    weight
        Of the wavelengths, sum 1.

    Returns
    -------
    Optical depth, SSA (the ratio of the mean scattering and extinction) and asymmetry parameter
    (weighted by scattering), without the last axis [1]. SSA is 1 where there is no extinction, the
    asymmetry parameter 0 where there is no scattering.
    """
    extinction = (tau * weight).sum(axis=-1)
    scattering = (tau * ssa * weight).sum(axis=-1)
    forward = (tau * ssa * asymmetry * weight).sum(axis=-1)
    return extinction, ratio(scattering, extinction, 1.0), ratio(forward, scattering)
