"""Distances on the sphere inside the compiled kernels, between points given as unit vectors."""

from __future__ import annotations

import numpy as np

from aeroforcing.core.compiled import compiled
from aeroforcing.core.constants import EARTH_RADIUS


@compiled
def square_of_chord(a, b):
    """Square of the straight distance of two unit vectors; cheap, and grows with the arc."""
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2


@compiled
def great_circle_arc(chord_squared):
    """Great-circle distance [m] from the squared chord of unit vectors, exact for near points."""
    rest = max(4.0 - chord_squared, 0.0)
    return 2.0 * EARTH_RADIUS * np.arctan2(np.sqrt(chord_squared), np.sqrt(rest))
