"""Distances on the sphere: of arrays of points, and inside of compiled functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aeroforcing.core.compiled import compiled
from aeroforcing.core.constants import EARTH_RADIUS


def great_circle_distance(
    lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike
) -> np.ndarray:
    """Distance along the sphere between points, by the haversine formula.

    Parameters
    ----------
    lat1, lon1, lat2, lon2
        Latitudes and longitudes, broadcast against each other [degrees].

    Returns
    -------
    Distances [m], accurate for near and for antipodal points.
    """
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_dlon = np.radians(np.subtract(lon2, lon1)) / 2
    haversine = (
        np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_dlon) ** 2
    )
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(haversine, 0, 1)))


def unit_vectors(lat: ArrayLike, lon: ArrayLike) -> np.ndarray:
    """Cartesian unit vectors [..., 3] of points given by latitude and longitude [degrees]."""
    phi, lam = np.broadcast_arrays(np.radians(lat), np.radians(lon))
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


@compiled
def square_of_chord(a, b):
    """Square of the straight distance of two unit vectors; cheap, and grows with the arc."""
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2


@compiled
def great_circle_arc(chord_squared):
    """Great-circle distance [m] from the squared chord of unit vectors, exact for near points."""
    rest = max(4.0 - chord_squared, 0.0)
    return 2.0 * EARTH_RADIUS * np.arctan2(np.sqrt(chord_squared), np.sqrt(rest))
