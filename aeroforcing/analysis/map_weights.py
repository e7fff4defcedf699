"""The months and cells of a map as plain arrays, and the weights of its annual and area means.

As in `regions.region_means`, a cell is averaged over those of its months that are not missing,
weighted by their days, and a region over the cells that have a mean, weighted by area.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.arrays import Floats
from aeroforcing.core.calendar import month_numbers
from aeroforcing.core.constants import DAYS_PER_MONTH
from aeroforcing.core.errors import InputError
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.means import same_axis
from aeroforcing.grids.regions import Extent, region_shares
from aeroforcing.grids.sphere import unit_vectors

_BOUNDS = ("lat_bnds", "lon_bnds", "climatology_bnds")


class MonthlyMap:
    """A forcing map over months, latitude and longitude.

    Parameters
    ----------
    forcing
        From `grid_forcing`, on a grid, of calendar months.
    regions
        Boxes besides the globe, land, ocean and hemispheres: name -> west, east, south, north
        [degrees]. A cell belongs to a box if its centre does.

    Raises
    ------
    InputError
        There is no grid, no months of one year, or a box holds no cell.
    """

    def __init__(self, forcing: xr.Dataset, *, regions: Mapping[str, Extent] | None = None) -> None:
        dims = [str(dim) for dim in ("time", "month") if dim in forcing.dims]
        if len(dims) != 1:
            raise InputError("The forcing has no months; errors are told of monthly maps.")
        self.fields = standard_axes(forcing, source="the forcing")
        self.dims = (dims[0], "lat", "lon")
        self.months = month_numbers(self.fields)
        if len(set(self.months)) < len(self.months):
            raise InputError("The forcing has a month more than once; give the months of one year.")
        self.shape = tuple(self.fields.sizes[dim] for dim in self.dims)
        self.places = self._places()
        self.regions, self._shares = self._region_shares(regions or {})

    @property
    def coords(self) -> dict[str, xr.DataArray]:
        """The axes of the map with their bounds."""
        names = {*self.dims, "month", *_BOUNDS} & {str(name) for name in self.fields.variables}
        return {name: self.fields[name] for name in sorted(names)}

    def _places(self) -> Floats:
        lat, lon = np.meshgrid(self.fields["lat"], self.fields["lon"], indexing="ij")
        return unit_vectors(lat.ravel(), lon.ravel())

    def _region_shares(self, boxes: Mapping[str, Extent]) -> tuple[list[str], Floats]:
        """Names of the regions, and the area of each cell in each (region, cell)."""
        known = region_shares(self.fields)
        area = grid_of(self.fields)["area"]
        own = [(area * self._in_box(name, box)).values.ravel() for name, box in boxes.items()]
        standard = known.transpose("region", "lat", "lon").values.reshape(known.sizes["region"], -1)
        names = [*map(str, known["region"].values), *boxes]
        return names, np.stack([*standard, *own])

    def _in_box(self, name: str, box: Extent) -> xr.DataArray:
        west, east, south, north = box
        lat, lon = self.fields["lat"], self.fields["lon"]
        inside = ((lon - west) % 360.0 <= east - west) & (lat >= south) & (lat <= north)
        if not bool(inside.any()):
            raise InputError(
                f"The region {name}={tuple(box)} holds no cell; give west, east, south and north "
                "in degrees, the west below the east."
            )
        return inside.drop_vars(["lat", "lon"])

    def flat(self, field: xr.DataArray) -> Floats:
        """A field by months and cells, (month, cell); what it does not depend on is repeated.

        Raises
        ------
        InputError
            The field is on other axes, or lacks a month.
        """
        steps, *_ = self.dims
        months = [str(dim) for dim in ("time", "month") if dim in field.dims]
        values = self._in_months(field, months[0]) if months else field
        for axis in ("lat", "lon"):
            if axis in values.dims:
                values = values.assign_coords({axis: self._checked_axis(values, axis)})
        strange = set(values.dims) - set(self.dims)
        if strange:
            names = ", ".join(map(str, strange))
            raise InputError(f"The field {field.name} has the dimension {names} besides the map's.")
        bare = values.drop_vars([name for name in values.coords if name not in ("lat", "lon")])
        template = xr.DataArray(
            np.zeros(self.shape), {a: self.fields[a] for a in ("lat", "lon")}, self.dims
        )
        return (bare + template).transpose(steps, "lat", "lon").values.reshape(self.shape[0], -1)

    def _in_months(self, field: xr.DataArray, axis: str) -> xr.DataArray:
        """The steps of the map's months along its own axis."""
        numbers = month_numbers(field)
        missing = sorted(set(self.months) - set(numbers))
        if missing:
            raise InputError(f"The field {field.name} lacks the months {missing}.")
        chosen = field.isel({axis: [numbers.index(month) for month in self.months]})
        return chosen.drop_vars(["time", "month"], errors="ignore").rename({axis: self.dims[0]})

    def _checked_axis(self, field: xr.DataArray, axis: str) -> xr.DataArray:
        if not same_axis(field[axis].values, self.fields[axis].values):
            raise InputError(
                f"The field {field.name} is on another {axis} axis than the forcing; regrid it to "
                "the grid of the forcing first."
            )
        return self.fields[axis]

    def annual_weights(self, present: NDArray[np.bool_]) -> Floats:
        """Weights of the months in the mean of each cell, (month, cell); 0 where none is there."""
        days = np.array(DAYS_PER_MONTH, dtype=float)[np.array(self.months) - 1]
        return _normalised(days[:, None] * present, axis=0)

    def region_weights(self, present: NDArray[np.bool_]) -> Floats:
        """Weights of the cells in the mean of each region, (region, cell)."""
        return _normalised(self._shares * present.any(axis=0), axis=1)

    def zone_weights(self, present: NDArray[np.bool_]) -> Floats:
        """Weights of the cells of each row in its mean, (row, column)."""
        rows = self.shape[1:]
        area = grid_of(self.fields)["area"].values
        return _normalised(area * present.any(axis=0).reshape(rows), axis=1)


def _normalised(weights: Floats, *, axis: int) -> Floats:
    """Weights that sum to 1, or are all 0."""
    total = weights.sum(axis=axis, keepdims=True)
    return weights / np.where(total > 0.0, total, 1.0)
