"""Coarse fields on the globe: fill what is missing, and interpolate smoothly to a finer grid.

For the built-in inputs, whose sources come in boxes of 4 x 5 and 10 x 15 degrees; a box drawn as a
box would put edges into the maps that nature does not have. Plain arrays (..., lat, lon), latitudes
ascending, longitudes all the way round.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.sparse.linalg

RELAXATION_LENGTH = 18.0  # degrees of arc, 2000 km: the reach of observations into a gap


def interpolate(
    values: np.ndarray, *, lat: np.ndarray, lon: np.ndarray, to_lat: np.ndarray, to_lon: np.ndarray
) -> np.ndarray:
    """Bilinear interpolation, periodic in longitude; each pole has the mean of its nearest row.

    Parameters
    ----------
    values
        Field (..., lat, lon) without gaps.
    lat, lon
        Its ascending cell centres [degrees]; the longitudes are equally spaced over 360 degrees.
    to_lat, to_lon
        Wanted points [degrees].

    Returns
    -------
    Array (..., to_lat, to_lon); it never leaves the range of `values`.
    """
    zonal_mean = np.broadcast_to(values.mean(axis=-1, keepdims=True), values.shape)
    padded = np.concatenate([zonal_mean[..., :1, :], values, zonal_mean[..., -1:, :]], axis=-2)
    at_lat = _between(padded, *_linear(np.concatenate([[-90.0], lat, [90.0]]), to_lat), axis=-2)
    return _between(at_lat, *_periodic(lon, to_lon), axis=-1)


def _between(values: np.ndarray, below: np.ndarray, share: np.ndarray, *, axis: int) -> np.ndarray:
    """Values between `below` and the next along an axis, `share` of the way to that.

    Two products and a sum for each point, whatever the others: as a matrix product its last bit
    would depend on the processor and on which points are asked for together.
    """
    above = (below + 1) % values.shape[axis]
    share = share if axis == -1 else share[:, np.newaxis]
    return values.take(below, axis) * (1.0 - share) + values.take(above, axis) * share


def _linear(points: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The point below each wanted one, and how far it is from there to the next, 0 to 1."""
    position = np.interp(wanted, points, np.arange(points.size))
    below = np.minimum(position.astype(int), points.size - 2)
    return below, position - below


def _periodic(lon: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The meridian west of each wanted one, and how far it is from there to the next, 0 to 1."""
    position = (wanted - lon[0]) % 360.0 / 360.0 * lon.size
    west = np.minimum(position.astype(int), lon.size - 1)
    return west, position - west


def relaxed(
    values: np.ndarray,
    *,
    lat: np.ndarray,
    lon: np.ndarray,
    towards: np.ndarray,
    length: float = RELAXATION_LENGTH,
) -> np.ndarray:
    """Fill the gaps of a field by a membrane that relaxes towards a given value.

    In the gaps x solves  laplacian(x) = (x - towards) / length**2  on the sphere, with the field
    itself on their edge: continuous at the edge, and `towards` far from it.

    Parameters
    ----------
    values
        Field (lat, lon); NaN is a gap.
    lat, lon
        Equally spaced cell centres [degrees], pole to pole and round the circle.
    towards
        Value far from the edge of the gap; anything that broadcasts to the field.
    length
        Distance over which it is approached [degrees of arc].
    """
    gap = np.isnan(values).ravel()
    laplacian, area = _laplacian(tuple(lat), tuple(lon))
    spring = area / length**2
    target = np.broadcast_to(towards, values.shape).ravel()
    filled = values.ravel().copy()
    pull = (spring * target)[gap] + laplacian[gap][:, ~gap] @ filled[~gap]
    stiffness = scipy.sparse.diags_array(spring[gap]) - laplacian[gap][:, gap]
    filled[gap] = scipy.sparse.linalg.spsolve(stiffness.tocsc(), pull)
    return filled.reshape(values.shape)


@lru_cache(maxsize=4)
def _laplacian(
    latitudes: tuple[float, ...], longitudes: tuple[float, ...]
) -> tuple[scipy.sparse.csr_array, np.ndarray]:
    """Finite-volume Laplacian (cells, cells) times cell area, and the areas [square degrees]."""
    lat, n_lon = np.array(latitudes), len(longitudes)
    dlat, dlon = lat[1] - lat[0], 360.0 / n_lon
    cell = np.arange(lat.size * n_lon).reshape(lat.size, n_lon)
    northward = dlon * np.cos(np.radians(lat[:-1] + dlat / 2)) / dlat
    eastward = dlat / (dlon * np.cos(np.radians(lat)))
    exchange = _exchange(cell[:-1], cell[1:], northward, cell.size)
    exchange += _exchange(cell, np.roll(cell, -1, axis=1), eastward, cell.size)
    laplacian = exchange - scipy.sparse.diags_array(exchange.sum(axis=1))
    return laplacian.tocsr(), np.repeat(dlat * dlon * np.cos(np.radians(lat)), n_lon)


def _exchange(
    a: np.ndarray, b: np.ndarray, by_row: np.ndarray, size: int
) -> scipy.sparse.csr_array:
    """Symmetric matrix of the conductances between the cells `a` and their neighbours `b`."""
    conductance = np.repeat(by_row, a.shape[1])
    oneway = scipy.sparse.coo_array((conductance, (a.ravel(), b.ravel())), shape=(size, size))
    return (oneway + oneway.T).tocsr()
