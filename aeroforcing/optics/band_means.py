"""Means of aerosol properties over spectral bands, weighted by the solar spectrum.

The sun's spectrum is the Planck function; extinction and co-albedo follow the power laws of
`spectral_laws`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aeroforcing.core.arrays import ratio
from aeroforcing.core.constants import (
    BOLTZMANN,
    LIGHT_SPEED,
    PLANCK,
    REFERENCE_WAVELENGTH,
    SUN_TEMPERATURE,
)
from aeroforcing.core.errors import InputError


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
