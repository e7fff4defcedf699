"""Spectral laws of aerosol: extinction and co-albedo by wavelength, Angstrom exponents, absorption.

The equation numbers are those of Chung (2012), doi:10.5772/50248. Wavelengths are in nm and the
reference wavelength is 550 nm unless said otherwise. Extinction and co-albedo (1 - SSA) follow
power laws of wavelength,

    tau(l) = tau(lR) (l / lR)^-alpha                                                         (E5)
    1 - ssa(l) = (1 - ssa(lR)) (l / lR)^-kappa

so that the absorption Angstrom exponent is alpha + kappa. The asymmetry parameter is constant.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.canonical import check_ranges
from aeroforcing.core.constants import REFERENCE_WAVELENGTH
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import VARIABLES, stamp

Field = float | NDArray[np.float64] | xr.DataArray
FieldT = TypeVar("FieldT", float, NDArray[np.float64], xr.DataArray)


@suggest_keywords
def with_absorption(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with absorption beside SSA and co-albedo exponent (Chung 2012, Table 1).

    `aaod` = (1 - `ssa`) `aod` and `absorption_angstrom` = `angstrom` + `coalbedo_angstrom`, each
    where the dataset has both terms (doi:10.5772/50248).

    Parameters
    ----------
    dataset
        Variables by their canonical names.

    Returns
    -------
    A new Dataset; what it holds already is computed anew.
    """
    bare = dataset.drop_attrs()
    absorption = {}
    if {"aod", "ssa"} <= set(dataset.data_vars):
        absorption["aaod"] = (1 - bare["ssa"]) * bare["aod"]
    if {"angstrom", "coalbedo_angstrom"} <= set(dataset.data_vars):
        absorption["absorption_angstrom"] = bare["angstrom"] + bare["coalbedo_angstrom"]
    return dataset.assign({n: stamp(array.rename(n)) for n, array in absorption.items()})


@suggest_keywords
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
