"""Analog Monte Carlo, the plain method: the forcing as the difference of two independent runs.

A photon sets out at a random hour, g-point and sky, and is scattered, absorbed or reflected by
chance until it leaves the atmosphere or is absorbed. One run has the aerosol and one has not; the
variance of the difference is the sum of theirs, and the error falls as 1 / sqrt(photons).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aeroforcing.transport.column_optics import media_by_level
from aeroforcing.transport.medium import (
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    CLOUD_ASYMMETRY,
    FULL_ABSORPTION,
    FULL_SCATTERING,
    RAYLEIGH,
)
from benchmarks.cases import Case, beam_albedo, column_optics, daylight, skies_of

Floats = NDArray[np.float64]

TOA_UP, SURFACE_NET = range(2)
_SMALLEST_COSINE = 1e-9


class Source(NamedTuple):
    """What a photon draws its start from."""

    media: Floats  # (sky, g, level, 10)
    cumulative_sky: Floats  # (sky,)
    cumulative_hour: Floats  # (hour,)
    cumulative_g: Floats  # (g,)
    cosines: Floats  # (hour,)
    direct: Floats  # (hour, g)
    diffuse: Floats  # (g,)


@njit(error_model="numpy")
def scattering_cosine(asymmetry, u):
    """Henyey and Greenstein's; isotropic without asymmetry."""
    if abs(asymmetry) < 1e-6:
        return 2.0 * u - 1.0
    ratio = (1.0 - asymmetry**2) / (1.0 - asymmetry + 2.0 * asymmetry * u)
    return (1.0 + asymmetry**2 - ratio * ratio) / (2.0 * asymmetry)


@njit(error_model="numpy")
def rayleigh_cosine(u):
    """Of the phase function with chi_2 = 1/10, 3/8 (1 + cos^2), by inversion of its integral."""
    half = 4.0 * u - 2.0
    root = (half + math.sqrt(half * half + 1.0)) ** (1.0 / 3.0)
    return root - 1.0 / root


@njit(error_model="numpy")
def new_cosine(mu, cosine, u):
    """Direction after scattering by an angle, at a uniform azimuth."""
    sine = math.sqrt(max(0.0, (1.0 - mu * mu) * (1.0 - cosine * cosine)))
    return min(max(mu * cosine + sine * math.cos(2.0 * math.pi * u), -1.0), 1.0)


@njit(error_model="numpy")
def locate(medium, with_aerosol, depth):
    """The layer that holds a depth of extinction from the top."""
    scattering = FULL_SCATTERING if with_aerosol else CLEAN_SCATTERING
    absorption = FULL_ABSORPTION if with_aerosol else CLEAN_ABSORPTION
    low, high = 0, medium.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if medium[middle, scattering] + medium[middle, absorption] <= depth:
            low = middle
        else:
            high = middle
    return low


@njit(error_model="numpy")
def scatter(medium, with_aerosol, layer, mu):
    """New direction after an event in a layer, or 0 if the photon is absorbed."""
    above, below = medium[layer], medium[layer + 1]
    air = below[RAYLEIGH] - above[RAYLEIGH]
    clean = below[CLEAN_SCATTERING] - above[CLEAN_SCATTERING]
    scattered, absorbed = clean, below[CLEAN_ABSORPTION] - above[CLEAN_ABSORPTION]
    if with_aerosol:
        scattered = below[FULL_SCATTERING] - above[FULL_SCATTERING]
        absorbed = below[FULL_ABSORPTION] - above[FULL_ABSORPTION]
    x = np.random.random() * (scattered + absorbed)
    if x >= scattered:
        return 0.0
    u = np.random.random()
    if x < air:
        cosine = rayleigh_cosine(u)
    else:
        cosine = scattering_cosine(above[CLOUD_ASYMMETRY if x < clean else AEROSOL_ASYMMETRY], u)
    mu = new_cosine(mu, cosine, np.random.random())
    return mu if abs(mu) > _SMALLEST_COSINE else _SMALLEST_COSINE


@njit(error_model="numpy")
def photon(medium, with_aerosol, cos_zenith, direct, diffuse):
    """Fate of a photon: whether it leaves at the top, and whether the surface keeps it."""
    last = medium[medium.shape[0] - 1]
    total = last[CLEAN_SCATTERING] + last[CLEAN_ABSORPTION]
    if with_aerosol:
        total = last[FULL_SCATTERING] + last[FULL_ABSORPTION]
    depth, mu, albedo = 0.0, -cos_zenith, direct
    while True:
        depth += mu * math.log(1.0 - np.random.random())
        if depth <= 0.0:
            return 1.0, 0.0
        if depth >= total:
            if np.random.random() >= albedo:
                return 0.0, 1.0
            depth, mu = total, max(math.sqrt(np.random.random()), _SMALLEST_COSINE)
        else:
            mu = scatter(medium, with_aerosol, locate(medium, with_aerosol, depth), mu)
            if mu == 0.0:
                return 0.0, 0.0
        albedo = diffuse


@njit(error_model="numpy")
def run(source, with_aerosol, photons, seed):
    """Sums over photons of (top, surface, top - surface) and of their squares, (2, 3)."""
    np.random.seed(seed)
    sums = np.zeros((2, 3))
    for _ in range(photons):
        sky = np.searchsorted(source.cumulative_sky, np.random.random(), side="right")
        hour = np.searchsorted(source.cumulative_hour, np.random.random(), side="right")
        g = np.searchsorted(source.cumulative_g, np.random.random(), side="right")
        up, kept = photon(
            source.media[sky, g], with_aerosol, source.cosines[hour], source.direct[hour, g],
            source.diffuse[g],
        )  # fmt: skip
        for level, value in enumerate((-up, -up - kept, kept)):
            sums[0, level] += value
            sums[1, level] += value * value
    return sums


def photon_source(case: Case, cell: int, *, sky: str) -> tuple[Source, float]:
    """What the photons of a column draw their start from, and the flux they stand for [W m-2]."""
    optics, sun = column_optics(case, cell), daylight(case.sun, cell)
    skies = skies_of(case, cell, media_by_level(optics), sky)
    source = Source(
        media=np.stack([media for _, media in skies]),
        cumulative_sky=_cumulative(np.array([share for share, _ in skies])),
        cumulative_hour=_cumulative(sun.flux),
        cumulative_g=_cumulative(case.table.solar_fraction),
        cosines=sun.cos_zenith,
        direct=beam_albedo(case, cell, optics.albedo_direct, sun.cos_zenith),
        diffuse=optics.albedo_diffuse[case.table.g_band],
    )
    return source, float(sun.flux.sum())


def _cumulative(weights: Floats) -> Floats:
    """Cumulative probabilities, the last above all uniform numbers."""
    sums = np.cumsum(weights) / weights.sum()
    sums[-1] = 1.0
    return sums


def analog_forcing(
    case: Case, cell: int, *, sky: str, photons: int, seed: int = 1
) -> tuple[Floats, Floats]:
    """Forcing and its standard error by two runs of as many photons, each (level,) [W m-2]."""
    source, flux = photon_source(case, cell, sky=sky)
    full, clean = (run(source, on, photons, 2 * seed + on) / photons for on in (True, False))
    variance = (full[1] - full[0] ** 2 + clean[1] - clean[0] ** 2) / photons
    return flux * (full[0] - clean[0]), flux * np.sqrt(variance)
