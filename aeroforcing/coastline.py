"""The coastline that comes with the package: Natural Earth 1:110 million, public domain."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core import resources


@cache
def coastline() -> tuple[NDArray[np.float64], ...]:
    """The lines of the coast, each (point, 2) of longitude and latitude [degrees east, north].

    Longitudes run from -180 to 180; no line crosses the date line.
    """
    with np.load(resources.path("coastline.npz")) as stored:
        points = stored["points"] * float(stored["step"])
        inner_starts = stored["starts"][1:-1]
    return tuple(np.split(points, inner_starts))


def coast_around(central_longitude: float) -> list[NDArray[np.float64]]:
    """The lines on a map around a meridian, cut where it begins and ends.

    Parameters
    ----------
    central_longitude
        [degrees east]

    Returns
    -------
    Arrays (point, 2) of longitude and latitude [degrees]; longitudes are within 180 of the centre.
    """
    start = central_longitude - 180.0
    lines = []
    for line in coastline():
        middles = (line[:-1, 0] + line[1:, 0]) / 2.0
        turns = np.floor((middles - start) / 360.0)
        cuts = np.flatnonzero(np.diff(turns)) + 1
        for first, last in zip([0, *cuts], [*cuts, len(turns)], strict=True):
            piece = line[first : last + 1] - (360.0 * turns[first], 0.0)
            piece[:, 0] = np.clip(piece[:, 0], start, start + 360.0)
            lines.append(piece)
    return lines
