"""Sums of Cressman's weights over the cells of a grid, and the scans made of them.

With a first radius of 3000 km a cell of a 1-degree grid has some 5000 others in reach, so the
pairs cannot be listed. On a grid with regular longitudes the weight depends only on the two
latitudes and on the difference in longitude: for every pair of latitudes the sum over a row is a
cyclic convolution, which the Fourier transform does exactly. On other grids the pairs are found
with a KD-tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from aeroforcing.core.constants import EARTH_RADIUS
from aeroforcing.grids.sphere import great_circle_distance, unit_vectors

# Below this sum of weights (the weight of one cell at no distance) the rounding of the transform
# could matter, and whether any cell is in reach at all must be exact: such sums are made directly.
_DIRECT_BELOW = 1.0
_PAIRS_AT_ONCE = 4_000_000  # bounds the memory of the direct sums to about 200 MB
_ON_RING = 1e-3  # of the spacing; single-precision longitudes are off by less


def spread_by_scans(
    difference: np.ndarray,
    gap: np.ndarray,
    *,
    lat: np.ndarray,
    lon: np.ndarray,
    radii: Sequence[float],
) -> np.ndarray:
    """Carry a known difference into gaps by Cressman's successive corrections.

    Parameters
    ----------
    difference : numpy.ndarray
        (slice, lat, lon), NaN where it is not known.
    gap : numpy.ndarray of bool
        (slice, lat, lon), the cells where it is wanted.
    lat, lon : numpy.ndarray
        Cell centres [degrees].
    radii : sequence of float
        Radii of the scans [m].

    Returns
    -------
    numpy.ndarray
        (slice, lat, lon), zero where no known cell is within the largest radius.
    """
    known = np.isfinite(difference)
    wanted = known | gap
    delta = np.zeros(difference.shape)
    for radius in radii:
        residual = np.where(known, difference - delta, 0.0)
        delta += weighted_means(residual, known, wanted, lat=lat, lon=lon, radius=radius)
    return delta


def cressman_weight(distance: np.ndarray, radius: float) -> np.ndarray:
    """Cressman's weight (R^2 - d^2) / (R^2 + d^2), zero from d = R on."""
    square = np.minimum((distance / radius) ** 2, 1.0)
    return (1.0 - square) / (1.0 + square)


def weighted_means(
    values: np.ndarray,
    known: np.ndarray,
    wanted: np.ndarray,
    *,
    lat: np.ndarray,
    lon: np.ndarray,
    radius: float,
) -> np.ndarray:
    """Mean of the known values around every wanted cell, with Cressman's weights.

    All fields are (slice, lat, lon); `values` is zero where not `known`. The mean is zero where
    nothing known is within `radius` [m], and where it is not wanted.
    """
    ring = ring_positions(lon)
    if ring is None:
        means, direct = np.zeros(values.shape), wanted
    else:
        sums = _ring_sums(np.stack([known.astype(float), values]), lat, *ring, radius)
        direct = wanted & (sums[0] < _DIRECT_BELOW)
        means = np.where(wanted & ~direct, sums[1] / np.maximum(sums[0], _DIRECT_BELOW), 0.0)
    places = unit_vectors(*np.meshgrid(lat, lon, indexing="ij"))
    for mean, value, here, targets in zip(means, values, known, direct, strict=True):
        mean[targets] = _direct_means(places[targets], places[here], value[here], radius)
        # A weighted mean lies among its values; the rounding of the transform must not leave them.
        if here.any():
            np.clip(mean, min(value[here].min(), 0.0), max(value[here].max(), 0.0), out=mean)
    return means


def ring_positions(lon: np.ndarray) -> tuple[np.ndarray, int] | None:
    """Places of the longitudes on a ring of equal steps, and the steps of the ring.

    None where the longitudes [degrees] do not lie on such a ring.
    """
    if lon.size < 2:
        return None
    step = np.diff(np.sort(lon)).min()
    count = round(360.0 / step) if step > 0 else 0
    if count < lon.size:
        return None
    places = (lon - lon[0]) * count / 360.0
    if np.abs(places - np.rint(places)).max() > _ON_RING:
        return None
    return np.rint(places).astype(int) % count, count


def _ring_sums(
    fields: np.ndarray, lat: np.ndarray, places: np.ndarray, count: int, radius: float
) -> np.ndarray:
    """Weighted sums around every cell of fields (..., lat, lon) on a ring of longitudes."""
    on_ring = np.zeros((*fields.shape[:-1], count))
    on_ring[..., places] = fields
    # Real and imaginary parts side by side; the weights are the same for both.
    spectra = np.fft.rfft(on_ring).view(float)
    del on_ring
    sums = np.empty(fields.shape)
    for row, centre in enumerate(lat):
        near = np.flatnonzero(np.abs(np.radians(lat - centre)) * EARTH_RADIUS < radius)
        rows = slice(near[0], near[-1] + 1)  # the latitudes ascend
        weights = np.repeat(_weight_spectra(centre, lat[rows], count, radius), 2, axis=1)
        summed = np.einsum("jf,...jf->...f", weights, spectra[..., rows, :])
        sums[..., row, :] = np.fft.irfft(summed.view(complex), n=count)[..., places]
    return sums


def _weight_spectra(centre: float, rows: np.ndarray, count: int, radius: float) -> np.ndarray:
    """Transforms over longitude of the weights between one latitude and others.

    The weights are even in the difference of longitude: half of them tell all, and the
    transforms are real.
    """
    steps = np.arange(count // 2 + 1) * 360.0 / count
    half = cressman_weight(great_circle_distance(centre, 0.0, rows[:, None], steps), radius)
    mirrored = half[:, (count - 1) // 2 : 0 : -1]
    return np.fft.rfft(np.concatenate([half, mirrored], axis=1)).real


def _direct_means(
    targets: np.ndarray, sources: np.ndarray, values: np.ndarray, radius: float
) -> np.ndarray:
    """Weighted means at `targets` of the values at `sources`, both unit vectors."""
    means = np.zeros(len(targets))
    if not len(sources) or not len(targets):
        return means
    tree = cKDTree(sources)
    # The margin keeps pairs that rounding would drop; the weight itself ends at the radius.
    chord = 2.0 * np.sin(min(radius / EARTH_RADIUS, np.pi) / 2.0) * (1.0 + 1e-9)
    # Most targets, deep in wide gaps, have nothing in reach, which is quicker to see than to count.
    reached = np.flatnonzero(np.isfinite(tree.query(targets, distance_upper_bound=chord)[0]))
    for block in _blocks(tree.query_ball_point(targets[reached], chord, return_length=True)):
        here = reached[block]
        near = cKDTree(targets[here]).sparse_distance_matrix(tree, chord, output_type="ndarray")
        distance = 2.0 * EARTH_RADIUS * np.arcsin(np.minimum(near["v"] / 2.0, 1.0))
        weight = cressman_weight(distance, radius)
        total = np.bincount(near["i"], weight, here.size)
        weighted = np.bincount(near["i"], weight * values[near["j"]], here.size)
        means[here] = np.divide(weighted, total, out=np.zeros(here.size), where=total > 0)
    return means


def _blocks(pairs: np.ndarray) -> Iterator[slice]:
    """Runs of targets that have a bounded number of pairs together, at least one target each."""
    batch = np.cumsum(pairs) // _PAIRS_AT_ONCE
    edges = np.append(np.flatnonzero(np.diff(batch, prepend=-1)), len(pairs))
    for start, stop in pairwise(edges):
        yield slice(int(start), int(stop))
