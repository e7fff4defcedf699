"""Fluxes through a stack of layers at one wavelength: at its boundaries, and at every level."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_between, check_cos_zenith
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.forcing.column import REPLICATES
from aeroforcing.forcing.profiles import _vertical
from aeroforcing.transport.adjoint import ADJOINT_COLUMNS, ADJOINT_SCRATCH, fill_adjoint
from aeroforcing.transport.estimates import (
    closed_levels,
    means_and_errors,
    samples_per_replicate,
    seed_key,
)
from aeroforcing.transport.events import SCORES, SURFACE_DIRECT, SURFACE_DOWN, SURFACE_UP, TOA_UP
from aeroforcing.transport.integrals import solve_layers
from aeroforcing.transport.level_paths import LEVEL_SCORES
from aeroforcing.transport.medium import fill_medium, make_medium
from aeroforcing.transport.random_numbers import sobol_net


def checked_layers(**arrays: ArrayLike) -> dict[str, Floats]:
    """The layers' arrays as float64, of one length and in their ranges.

    Raises
    ------
    InputError
        The arrays differ in length, or a value is out of range.
    """
    ranges = {"ssa_aerosol": (0.0, 1.0), "asymmetry_aerosol": (-1.0, 1.0)}
    layers = {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}
    length = layers["tau_gas"].size
    for name, values in layers.items():
        if values.ndim != 1 or values.size != length or length == 0:
            raise InputError(
                f"{name} has the shape {values.shape} and tau_gas {layers['tau_gas'].shape}; give "
                "one value per layer in each, from the top down."
            )
        low, high = ranges.get(name, (0.0, np.inf))
        bad = ~np.isfinite(values) | (values < low) | (values > high)
        if name == "asymmetry_aerosol":
            bad |= np.abs(values) == 1.0
        if bad.any():
            first = int(np.argmax(bad))
            raise InputError(
                f"{name}: {bad.sum()} of {length} layers are out of range, the first is layer "
                f"{first} with {values[first]:g}; give {_range_words(name, low, high)}."
            )
    return layers


def _range_words(name: str, low: float, high: float) -> str:
    if name == "asymmetry_aerosol":
        return "values between -1 and 1, both excluded"
    return "values from 0 to 1" if high == 1.0 else f"finite values of at least {low:g}"


def layer_medium(
    *,
    tau_gas: Floats,
    tau_rayleigh: Floats,
    tau_aerosol: Floats,
    ssa_aerosol: Floats,
    asymmetry_aerosol: Floats,
) -> Floats:
    """The medium (level, column) of a stack of layers."""
    medium = make_medium(tau_gas.size + 1)
    fill_medium(medium, tau_gas, tau_rayleigh, tau_aerosol, ssa_aerosol, asymmetry_aerosol)
    return medium


@suggest_keywords
def layer_fluxes(
    *,
    tau_gas: ArrayLike,
    tau_rayleigh: ArrayLike,
    tau_aerosol: ArrayLike,
    ssa_aerosol: ArrayLike,
    asymmetry_aerosol: ArrayLike,
    surface_albedo: float,
    cos_zenith: float,
    photons: int,
    seed: int = 0,
) -> xr.Dataset:
    """Monochromatic fluxes of a stack of layers over a Lambertian surface.

    Parameters
    ----------
    tau_gas, tau_rayleigh, tau_aerosol
        (layer,) optical depths of gas absorption, Rayleigh scattering and aerosol extinction,
        from the top down.
    ssa_aerosol, asymmetry_aerosol
        (layer,) single scattering albedo and asymmetry parameter (Henyey-Greenstein).
    surface_albedo
        0 to 1.
    cos_zenith
        Cosine of the solar zenith angle, in (0, 1].
    photons
        Number of samples, rounded up to 64 x a power of two; the number used is in the
        attribute `photons`.
    seed
        Root of the random numbers.

    Returns
    -------
    xarray.Dataset
        `flux_up_toa`, `flux_down_surface`, `flux_down_surface_direct` and `absorbed_atmosphere`
        as shares of the horizontal flux at the top [1], each with `<name>_stderr`.

    Raises
    ------
    InputError
        A value is outside its range, or the arrays differ in length.
    """
    layers = checked_layers(
        tau_gas=tau_gas,
        tau_rayleigh=tau_rayleigh,
        tau_aerosol=tau_aerosol,
        ssa_aerosol=ssa_aerosol,
        asymmetry_aerosol=asymmetry_aerosol,
    )
    check_between("surface_albedo", surface_albedo, 0.0, 1.0)
    check_cos_zenith(cos_zenith)
    samples = samples_per_replicate(photons, REPLICATES)
    albedo = float(surface_albedo)
    medium = layer_medium(**layers)
    adjoint = _adjoint_of(medium, albedo)
    scores = np.zeros((REPLICATES, SCORES))
    net = sobol_net(samples.bit_length() - 1)
    solve_layers(
        medium, adjoint, float(cos_zenith), albedo, net, REPLICATES, seed_key(seed), scores
    )
    net_surface = scores[:, SURFACE_DOWN] - scores[:, SURFACE_UP]
    results = means_and_errors(
        {
            "flux_up_toa": scores[:, TOA_UP],
            "flux_down_surface": scores[:, SURFACE_DOWN],
            "flux_down_surface_direct": scores[:, SURFACE_DIRECT],
            "absorbed_atmosphere": 1.0 - scores[:, TOA_UP] - net_surface,
        }
    )
    attrs = {"photons": REPLICATES * samples, "seed": int(seed)}
    return stamp(xr.Dataset({name: ((), value) for name, value in results.items()}, attrs=attrs))


def _adjoint_of(medium: Floats, albedo: float) -> Floats:
    """The adjoint table of a medium over a surface."""
    adjoint = np.zeros((len(medium), ADJOINT_COLUMNS))
    fill_adjoint(medium, albedo, adjoint, np.zeros((len(medium), ADJOINT_SCRATCH)))
    return adjoint


@suggest_keywords
def layer_profiles(
    *,
    tau_gas: ArrayLike,
    tau_rayleigh: ArrayLike,
    tau_aerosol: ArrayLike,
    ssa_aerosol: ArrayLike,
    asymmetry_aerosol: ArrayLike,
    surface_albedo: float,
    cos_zenith: float,
    photons: int,
    seed: int = 0,
) -> xr.Dataset:
    """Monochromatic fluxes through the levels of a stack of layers over a Lambertian surface.

    Parameters are those of `layer_fluxes`.

    Returns
    -------
    xarray.Dataset
        `share_up`, `share_down`, `share_down_direct` and `share_actinic` over `level` and
        `share_absorbed` over `layer`, top first, as shares of the horizontal flux at the top [1],
        each with `<name>_stderr`. They close as those of `column_profiles`.

    Raises
    ------
    InputError
        A value is outside its range, or the arrays differ in length.
    """
    layers = checked_layers(
        tau_gas=tau_gas,
        tau_rayleigh=tau_rayleigh,
        tau_aerosol=tau_aerosol,
        ssa_aerosol=ssa_aerosol,
        asymmetry_aerosol=asymmetry_aerosol,
    )
    check_between("surface_albedo", surface_albedo, 0.0, 1.0)
    check_cos_zenith(cos_zenith)
    samples = samples_per_replicate(photons, REPLICATES)
    medium = layer_medium(**layers)
    scores = np.zeros((1, REPLICATES, len(medium), LEVEL_SCORES))
    net = sobol_net(samples.bit_length() - 1)
    mu, albedo, key = float(cos_zenith), float(surface_albedo), seed_key(seed)
    solve_layers(medium, None, mu, albedo, net, REPLICATES, key, scores[0])
    levels = closed_levels(scores, incoming=np.ones(1))
    results = means_and_errors(
        {
            "share_up": levels.up,
            "share_down": levels.down,
            "share_down_direct": levels.direct,
            "share_actinic": levels.actinic,
            "share_absorbed": levels.absorbed,
        }
    )
    return stamp(
        xr.Dataset(
            {name: _vertical(name, value[0], len(medium)) for name, value in results.items()},
            attrs={"photons": REPLICATES * samples, "seed": int(seed)},
        )
    )
