"""The frame of a map: graticule, labels and coast (Natural Earth 1:110 million, public domain)."""

from __future__ import annotations

from functools import cache

import cartopy.crs as ccrs
import numpy as np
from cartopy.mpl.geoaxes import GeoAxes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from aeroforcing.core import resources
from aeroforcing.core.arrays import Floats
from aeroforcing.grids.regions import Extent

_GAP = 4  # points between the edge of the map and the labels
_LEAST_WIDTH = 0.3  # of the lower edge, as a share of the map's, so that there is room for labels

# Of maps of the globe, which are narrow at the poles [degrees].
_PARALLELS = (-60.0, -30.0, 0.0, 30.0, 60.0)
_MERIDIAN_STEP = 90.0


def central_longitude(axes: GeoAxes) -> float:
    """The longitude in the middle of a map [degrees east]."""
    parameters = axes.projection.proj4_params
    return float(parameters.get("lon_0", parameters.get("pm", 0.0)))  # pm: of PlateCarree


def projected(axes: GeoAxes, lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Places on the map, (..., 2), from longitudes within 180 of its middle [degrees]."""
    # The outermost meridian is one and the same; a hair inside, each end keeps its own side.
    centre = central_longitude(axes)
    inside = np.clip(np.asarray(lon, dtype=float), centre - 180.0 + 1e-7, centre + 180.0 - 1e-7)
    return axes.projection.transform_points(ccrs.PlateCarree(), inside, np.asarray(lat))[..., :2]


def draw_grid(axes: GeoAxes, extent: Extent | None, *, labels: bool, size: float) -> None:
    """Draw the lines, and beside the map their labels if its parallels are straight.

    Parameters
    ----------
    axes
        With its final limits.
    extent
        West, east, south and north of the region that the map shows, or None for the globe.
    labels
        Whether there are labels.
    size
        Of the labels' letters [points].
    """
    meridians, parallels = _lines_of(axes, extent)
    along = np.linspace(-89.9, 89.9, 91)
    around = central_longitude(axes) + np.linspace(-180.0, 180.0, 181)
    lines = [projected(axes, np.full_like(along, lon), along) for lon in meridians]
    lines += [projected(axes, around, np.full_like(around, lat)) for lat in parallels]
    style = {"colors": "0.4", "linewidths": 0.4, "linestyles": ":"}
    grid = LineCollection(lines, zorder=2, gid="grid", **style)
    grid.set_in_layout(False)
    axes.add_collection(grid, autolim=False)
    if labels and _has_straight_parallels(axes):
        _label(axes, extent, meridians, parallels, size=size)


def _lines_of(axes: GeoAxes, extent: Extent | None) -> tuple[list[float], list[float]]:
    """Longitudes within 180 degrees of the middle of the map, and latitudes."""
    start = central_longitude(axes) - 180.0
    if extent is None:
        first = np.ceil(start / _MERIDIAN_STEP) * _MERIDIAN_STEP
        return list(np.arange(first, start + 361.0, _MERIDIAN_STEP)), list(_PARALLELS)
    west, east, south, north = extent
    ticks = MaxNLocator(6, steps=[1, 2, 3, 5, 10])
    meridians = [lon for lon in ticks.tick_values(west, east) if west <= lon <= east]
    parallels = [lat for lat in ticks.tick_values(south, north) if south <= lat <= north]
    return [start + (lon - start) % 360.0 for lon in meridians], parallels


def _has_straight_parallels(axes: GeoAxes) -> bool:
    """Whether the height on the map depends on the latitude alone."""
    longitudes = central_longitude(axes) + np.array([-90.0, 0.0, 90.0])
    height = projected(axes, *np.meshgrid(longitudes, [-50.0, 0.0, 50.0]))[..., 1]
    return bool(np.allclose(height, height[:, :1], rtol=1e-6))


def _label(
    axes: GeoAxes,
    extent: Extent | None,
    meridians: list[float],
    parallels: list[float],
    *,
    size: float,
) -> None:
    """Latitudes at the left edge of the map, longitudes at its lower one."""
    style = {"textcoords": "offset points", "fontsize": size, "annotation_clip": False}
    (left, right), (bottom, _) = axes.get_xlim(), axes.get_ylim()
    edge = np.full(len(parallels), central_longitude(axes) - 180.0)
    for lat, (x, y) in zip(parallels, projected(axes, edge, parallels), strict=True):
        at = (max(x, left), y)
        axes.annotate(latitude_text(lat), at, (-_GAP, 0), ha="right", va="center", **style)
    south = np.full(len(meridians), -90.0 if extent is None else extent[2])
    places = projected(axes, meridians, south)[:, 0]
    if np.ptp(places) < _LEAST_WIDTH * (right - left):
        return
    for lon, x in zip(meridians, places, strict=True):
        if left <= x <= right:
            at = (x, bottom)
            axes.annotate(longitude_text(lon), at, (0, -_GAP), ha="center", va="top", **style)


def latitude_text(lat: float) -> str:
    """A latitude in words, "30°N"."""
    return _degrees(abs(lat), "" if lat == 0.0 else "N" if lat > 0.0 else "S")


def longitude_text(lon: float) -> str:
    """A longitude in words, "120°W"."""
    east = (lon + 180.0) % 360.0 - 180.0
    side = "" if east in (0.0, -180.0) else "E" if east > 0.0 else "W"
    return _degrees(abs(east), side)


def _degrees(size: float, side: str) -> str:
    return f"{size:g}\N{DEGREE SIGN}{side}"


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
