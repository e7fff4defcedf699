"""What a map shows: a field averaged over a period, its standard error, its mean over an area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.calendar import _month_name, month_numbers
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import STDERR_SUFFIX
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.means import annual_mean
from aeroforcing.grids.regions import Extent

SEASONS = {
    "annual": tuple(range(1, 13)),
    "DJF": (12, 1, 2),
    "MAM": (3, 4, 5),
    "JJA": (6, 7, 8),
    "SON": (9, 10, 11),
}


class MapField(NamedTuple):
    """A field to be drawn, its latitudes ascending and its longitudes eastward without a break."""

    values: xr.DataArray  # (lat, lon)
    stderr: xr.DataArray | None  # (lat, lon)
    weights: xr.DataArray | None  # (lat, lon), besides the area
    period: str  # "annual mean", "July", ...; empty if the field has no months
    changes: tuple[xr.DataArray, ...] = ()  # (lat, lon) by the errors of the inputs

    @property
    def name(self) -> str:
        """Canonical name of the variable; empty if it has none."""
        return str(self.values.name or "")


def map_field(
    field: xr.DataArray,
    *,
    month: int | None = None,
    season: str | None = None,
    stderr: xr.DataArray | None = None,
    weights: xr.DataArray | None = None,
    changes: Sequence[xr.DataArray] = (),
) -> MapField:
    """The mean of a field over a month or a season, by default over all months that it has.

    Parameters
    ----------
    field
        Over lat and lon, and perhaps over `month`, or `time` with a coordinate `month` or dates.
    month
        1 to 12.
    season
        "annual", "DJF", "MAM", "JJA" or "SON".
    stderr
        Standard error of the field, of independent months.
    weights
        Of the means besides days and area, such as the AOD for an SSA.
    changes
        How the field changes if an input is off by its error everywhere, one for each input.

    Raises
    ------
    InputError
        The field has other dimensions, or not the months that are wanted.
    """
    ordered = _contiguous(standard_axes(field, source=f"the field {field.name}"))
    extra = [str(dim) for dim in ordered.dims if dim not in ("lat", "lon", "time", "month")]
    if extra:
        raise InputError(
            f"The field {field.name} has the dimension {', '.join(extra)} besides lat, lon and "
            "month; choose one element, for example with .isel()."
        )
    times = [str(dim) for dim in ordered.dims if dim in ("time", "month")]
    if len(times) > 1:
        raise InputError(
            f"The field {field.name} has the dimensions time and month both; choose one element of "
            "either, for example with .isel()."
        )
    others = [_like_if_any(other, ordered) for other in (stderr, weights)]
    ordered_changes = [_like(change, ordered) for change in changes]
    if not times:
        _refuse_period(field, month, season)
        return MapField(ordered, others[0], others[1], "", tuple(ordered_changes))
    (dim,) = times
    chosen, period = _months(ordered, month, season)
    if is_flag(field) and len(chosen) > 1:
        raise InputError(
            f"The field {field.name} holds flags, of which there is no mean; choose a month."
        )
    return MapField(
        _mean(ordered.isel({dim: chosen}), _pick(others[1], dim, chosen)),
        _mean_error(_pick(others[0], dim, chosen)),
        _mean_weights(_pick(others[1], dim, chosen)),
        period,
        tuple(annual_mean(change.isel({dim: chosen})) for change in ordered_changes),
    )


def is_flag(field: xr.DataArray) -> bool:
    """Whether the values of a field are those of a flag, which mean no amounts."""
    return "flag_values" in field.attrs


def _contiguous(field: xr.DataArray) -> xr.DataArray:
    """A field whose longitudes run through the prime meridian where its region does."""
    lon = field["lon"].values
    gaps = np.diff(np.append(lon, lon[0] + 360.0))
    last = int(np.argmax(gaps))
    if last == len(lon) - 1 or gaps[last] < 1.5 * np.median(gaps):
        return field
    eastward = field.assign_coords(lon=np.where(np.arange(len(lon)) <= last, lon + 360.0, lon))
    return eastward.roll(lon=-last - 1, roll_coords=True)


def _like_if_any(other: xr.DataArray | None, field: xr.DataArray) -> xr.DataArray | None:
    return None if other is None else _like(other, field)


def _like(other: xr.DataArray, field: xr.DataArray) -> xr.DataArray:
    """The error or weights on the axes of the field."""
    ordered = _contiguous(standard_axes(other, source=f"the field {other.name}"))
    if ordered.sizes != field.sizes:
        raise InputError(
            f"{other.name} has the shape {dict(ordered.sizes)}, but {field.name} has "
            f"{dict(field.sizes)}; give both on the same cells and months."
        )
    return ordered


def _refuse_period(field: xr.DataArray, month: int | None, season: str | None) -> None:
    if month is not None or season not in (None, "annual"):
        raise InputError(
            f"The field {field.name} has no months of which {month or season} could be shown."
        )


def _months(
    field: xr.DataArray, month: int | None, season: str | None
) -> tuple[NDArray[np.int64], str]:
    """Positions of the wanted months along the time axis, and the period's name."""
    numbers = month_numbers(field)
    wanted: Sequence[int]
    if month is not None and season is not None:
        raise InputError("month and season both choose a period; give one of them.")
    if month is not None:
        wanted, period = [month], _month_name(month)
    elif season in (None, "annual"):
        wanted, period = numbers, _all_months_name(numbers)
    elif season in SEASONS:
        wanted, period = SEASONS[season], str(season)
    else:
        raise InputError(f"season={season!r} is not allowed; known are {', '.join(SEASONS)}.")
    missing = [m for m in wanted if m not in numbers]
    if missing:
        raise InputError(
            f"The field {field.name} lacks the months {', '.join(map(_month_name, missing))}; it "
            f"has {', '.join(map(_month_name, numbers))}."
        )
    return np.array([numbers.index(m) for m in wanted]), period


def _all_months_name(numbers: Sequence[int]) -> str:
    if len(numbers) == 12:
        return "annual mean"
    names = [_month_name(number) for number in numbers]
    return names[0] if len(names) == 1 else f"mean of {', '.join(name[:3] for name in names)}"


def _pick(array: xr.DataArray | None, dim: str, chosen: NDArray[np.int64]) -> xr.DataArray | None:
    return None if array is None else array.isel({dim: chosen})


def _mean(field: xr.DataArray, weights: xr.DataArray | None) -> xr.DataArray:
    """Mean over the months, weighted by their days and by the weights."""
    if weights is None:
        return annual_mean(field)
    present = weights.where(field.notnull())
    product = (field * present).rename("product")
    mean = annual_mean(product) / annual_mean(present.rename("weights"))
    return mean.rename(field.name).assign_attrs(field.attrs)


def _mean_weights(weights: xr.DataArray | None) -> xr.DataArray | None:
    return None if weights is None else annual_mean(weights)


def _mean_error(stderr: xr.DataArray | None) -> xr.DataArray | None:
    """Standard error of the mean over the months."""
    if stderr is None:
        return None
    return annual_mean(stderr.rename(f"field{STDERR_SUFFIX}"))


def area_mean(shown: MapField, *, extent: Extent | None = None) -> tuple[float, float]:
    """Mean of a map over the globe or over the cells with their centres in an extent.

    Returns
    -------
    The mean, and its standard error (NaN if the field has none), of independent cells.
    """
    weight = xr.DataArray(grid_of(shown.values)["area"].variable)
    weight = weight.where(shown.values.notnull().drop_vars(["lat", "lon"]), 0.0)
    if shown.weights is not None:
        weight = weight * shown.weights.fillna(0.0).drop_vars(["lat", "lon"])
    if extent is not None:
        weight = weight.where(_inside(shown.values, extent), 0.0)
    weights = weight.transpose("lat", "lon").values
    total = weights.sum()
    if total == 0.0:
        return np.nan, np.nan
    values = shown.values.transpose("lat", "lon").fillna(0.0).values
    mean = float((weights * values).sum() / total)
    if shown.stderr is None:
        return mean, np.nan
    errors = shown.stderr.transpose("lat", "lon").fillna(0.0).values
    return mean, float(np.sqrt(((weights * errors) ** 2).sum()) / total)


def input_error_of_mean(shown: MapField, *, extent: Extent | None = None) -> float:
    """Error of the mean of a map by independent errors of the inputs; NaN if none is known."""
    if not shown.changes:
        return np.nan
    means = [area_mean(shown._replace(values=c), extent=extent)[0] for c in shown.changes]
    return float(np.sqrt(np.square(means).sum()))


def values_inside(
    shown: MapField, *, extent: Extent | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values and areas of the cells with their centres in an extent, by default all, (cell,)."""
    values = shown.values.transpose("lat", "lon")
    area = xr.DataArray(grid_of(values)["area"].variable).transpose("lat", "lon")
    inside = xr.ones_like(values, dtype=bool) if extent is None else _inside(values, extent)
    mask = inside.broadcast_like(values.drop_vars(["lat", "lon"])).transpose("lat", "lon").values
    return values.values[mask], area.values[mask]


def _inside(field: xr.DataArray, extent: Extent) -> xr.DataArray:
    west, east, south, north = extent
    eastward = (field["lon"] - west) % 360.0 <= east - west
    inside = eastward & (field["lat"] >= south) & (field["lat"] <= north)
    return inside.drop_vars(["lat", "lon"])


class Mesh(NamedTuple):
    """Cells of a map that begins and ends at one meridian; a cell that lies on it is cut in two."""

    lon_edges: NDArray[np.float64]  # (column + 1,) ascending [degrees east]
    lat_edges: NDArray[np.float64]  # (row + 1,) ascending [degrees north]
    source: NDArray[np.int64]  # (column,) the longitude of the field; -1: between regions


def mesh_of(field: xr.DataArray, *, central_longitude: float) -> Mesh:
    """The cells of a field around a central longitude [degrees east]."""
    grid = grid_of(field)
    start = central_longitude - 180.0
    pieces = []
    for index, (west, east) in enumerate(np.sort(grid["lon_bnds"].values, axis=1)):
        for turn in (-720.0, -360.0, 0.0, 360.0, 720.0):
            left, right = max(west + turn, start), min(east + turn, start + 360.0)
            if right - left > 1e-9:
                pieces.append((left, right, index))
    edges, source = [pieces and sorted(pieces)[0][0]], []
    for left, right, index in sorted(pieces):
        if left - edges[-1] > 1e-6:
            edges.append(left)
            source.append(-1)
        edges.append(right)
        source.append(index)
    bounds = np.sort(grid["lat_bnds"].values, axis=1)
    lat_edges = np.append(bounds[:, 0], bounds[-1, 1])
    return Mesh(np.array(edges), lat_edges, np.array(source))


def on_mesh(field: xr.DataArray, mesh: Mesh) -> NDArray[np.float64]:
    """Values of a field in the cells of its mesh, (row, column); NaN between regions."""
    values = field.transpose("lat", "lon").values.astype(float)
    return np.where(mesh.source >= 0, values[:, mesh.source], np.nan)
