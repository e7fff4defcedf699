"""Filling the gaps of one field with another, bending the other to meet the first at the edge.

A satellite sees no aerosol over deserts, snow and the polar night; another instrument or a model
does, with an offset. Plain substitution would leave a step at the edge of every gap. Here the
*difference* of the two fields, known where both are, is spread into the gap and added to the
background, so that the background keeps its shape inside the gap and the primary its values at
the edge. Two ways to spread it are offered:

cressman
    Successive correction (Cressman 1959, doi:10.1175/1520-0493(1959)087<0367:AOOAS>2.0.CO;2).
    Each scan adds, wherever a known cell is in reach, the mean of what the scans before it left
    unexplained, with weights w(d) = (R^2 - d^2) / (R^2 + d^2) for great-circle distances d < R.
    The radii R decrease, so that the first scan carries the offset across a desert and the later
    ones fit it at the edge.
poisson
    The smoothest spread: the Laplacian of the difference is zero in the gap, and the difference
    is as known on its edge. It has no radius.

The two agree for a constant offset.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import flag_attributes, lookup, stamp
from aeroforcing.observations.cressman import spread_by_scans
from aeroforcing.observations.fields import clip_to_range, on_axes_of, prepared
from aeroforcing.observations.poisson import spread_by_laplace

RADII = (3.0e6, 1.5e6, 0.75e6)  # m; the widest desert is over 25 degrees across
METHODS = ("cressman", "poisson")
_SAME_PLACE = 1e-4  # degrees; single-precision axes of the same grid differ by less


@suggest_keywords
def fill_gaps(
    primary: xr.DataArray,
    *backgrounds: xr.DataArray,
    method: str = "cressman",
    radii: Sequence[float] = RADII,
) -> xr.Dataset:
    """Fill the missing cells of a field with one background after the other.

    Every background fills what the primary and the backgrounds before it left missing. Where
    the primary has a value it is never changed. A cell that no field knows stays missing; so,
    without any background, every gap does.

    Parameters
    ----------
    primary : xarray.DataArray
        Field over `lat`, `lon` and any other dimensions, NaN where missing, with a name. Each
        slice over the other dimensions (each month) is filled on its own.
    *backgrounds : xarray.DataArray
        Fields on the grid of `primary`, best first. A dimension that a background lacks is
        taken as constant along it.
    method : {"cressman", "poisson"}
        How the difference is carried into the gap.
    radii : sequence of float
        Radii of the Cressman scans, decreasing [m]. The Poisson form does not use them.

    Returns
    -------
    xarray.Dataset
        The filled field under the name of `primary`, clipped to the range its registry entry
        allows (so AOD at 0), and `source`: 0 where the value is the primary's, 1 from the first
        background, 2 from the second and so on, -1 where it is missing. The attributes record
        the method, the radii [m] and how many cells were clipped and are missing.

    Raises
    ------
    InputError
        Nameless primary, another grid, unknown method, radii that do not decrease, values out
        of range, or a background that lacks a coordinate value of `primary` (a month).
    """
    _check_method(method, radii)
    template = prepared(primary, source="fill_gaps: the primary")
    values = np.array(template.values, dtype=float)
    source = np.where(np.isfinite(values), 0, -1).astype(np.int8)
    clipped = 0
    for number, background in enumerate(backgrounds, start=1):
        other = _matched(background, template, f"background {number}")
        filled = _fill_with(values, other, template, method, radii)
        new = np.isnan(values) & np.isfinite(filled)
        clipped += clip_to_range(filled, str(template.name), new)
        source[new] = number
        values = filled
    result = _dataset(template, values, source, len(backgrounds))
    result.attrs = _settings(method, radii, clipped, source)
    result = on_axes_of(result, primary).transpose(*primary.dims)
    return result.rename({str(template.name): str(primary.name)})


def _check_method(method: str, radii: Sequence[float]) -> None:
    """Refuse a method that is not offered, and radii that are not positive and decreasing."""
    if method not in METHODS:
        raise InputError(f"fill_gaps: method {method!r} is none of {', '.join(METHODS)}.")
    sizes = np.asarray(radii, dtype=float)
    if sizes.ndim != 1 or sizes.size == 0 or not (sizes > 0).all() or (np.diff(sizes) >= 0).any():
        raise InputError(
            f"fill_gaps: radii {list(radii)} must be one or more positive distances in metres, "
            "each smaller than the one before it."
        )


def _matched(background: xr.DataArray, template: xr.DataArray, what: str) -> np.ndarray:
    """Values of a background in the shape of the template, whose grid it must share."""
    background = background.rename(background.name or template.name)
    background = prepared(background, source=f"fill_gaps: {what}")
    _check_quantity(background, template, what)
    _check_same_grid(background, template, what)
    background = background.assign_coords(lat=template["lat"], lon=template["lon"])
    _check_dimensions(background, template, what)
    for dim in background.dims[:-2]:
        if dim in template.coords and dim in background.coords:
            background = _selected(background, template, str(dim), what)
    return np.asarray(background.broadcast_like(template).transpose(*template.dims), dtype=float)


def _check_quantity(background: xr.DataArray, template: xr.DataArray, what: str) -> None:
    """Refuse a background that is known to hold another quantity than the primary."""
    both_known = lookup(str(background.name)) and lookup(str(template.name))
    if both_known and background.name != template.name:
        raise InputError(
            f"fill_gaps: {what} holds {background.name}, the primary {template.name}; "
            "both must be the same quantity."
        )


def _check_same_grid(background: xr.DataArray, template: xr.DataArray, what: str) -> None:
    """Refuse a background on another grid."""
    for axis in ("lat", "lon"):
        ours, theirs = template[axis].values, background[axis].values
        if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=0, atol=_SAME_PLACE):
            raise InputError(
                f"fill_gaps: {what} ({background.name}) has {theirs.size} values of {axis} from "
                f"{theirs[0]:g} to {theirs[-1]:g}, the primary {ours.size} from {ours[0]:g} to "
                f"{ours[-1]:g}; regrid it to the grid of the primary first."
            )


def _check_dimensions(background: xr.DataArray, template: xr.DataArray, what: str) -> None:
    """Refuse a background with a dimension that the primary does not have."""
    extra = [str(dim) for dim in background.dims if dim not in template.dims]
    if extra:
        raise InputError(
            f"fill_gaps: {what} ({background.name}) has the dimension {', '.join(extra)}, which "
            "the primary has not; select or average over it first."
        )


def _selected(
    background: xr.DataArray, template: xr.DataArray, dim: str, what: str
) -> xr.DataArray:
    """The background at the coordinate values (the months) of the template."""
    absent = np.setdiff1d(template[dim].values, background[dim].values)
    if absent.size:
        raise InputError(
            f"fill_gaps: {what} ({background.name}) lacks {absent.size} of the primary's values "
            f"of {dim}, the first of them {absent[0]}."
        )
    return background.sel({dim: template[dim]})


def _fill_with(
    values: np.ndarray,
    other: np.ndarray,
    template: xr.DataArray,
    method: str,
    radii: Sequence[float],
) -> np.ndarray:
    """`values`, and in their gaps the background plus the difference carried there."""
    lat, lon = template["lat"].values.astype(float), template["lon"].values
    slices = (-1, lat.size, lon.size)
    difference = (values - other).reshape(slices)
    gap = (np.isnan(values) & np.isfinite(other)).reshape(slices)
    if method == "cressman":
        delta = spread_by_scans(difference, gap, lat=lat, lon=lon, radii=radii)
    else:
        delta = spread_by_laplace(difference, gap, lat=lat, lon=lon)
    return np.where(np.isnan(values), other + delta.reshape(values.shape), values)


def _dataset(
    template: xr.DataArray, values: np.ndarray, source: np.ndarray, backgrounds: int
) -> xr.Dataset:
    """The filled field and its source flags, with their metadata."""
    filled = template.copy(data=values).drop_attrs()
    numbers = {f"background_{number}": number for number in range(1, backgrounds + 1)}
    attrs = flag_attributes({"missing": -1, "primary": 0, **numbers})
    flags = xr.DataArray(source, coords=template.coords, dims=template.dims, attrs=attrs)
    return stamp(xr.Dataset({str(template.name): filled, "source": flags}))


def _settings(method: str, radii: Sequence[float], clipped: int, source: np.ndarray) -> dict:
    """What was done, as attributes of the result."""
    settings: dict[str, object] = {"fill_method": method}
    if method == "cressman":
        settings["fill_radii"] = np.asarray(radii, dtype=float)
        settings["fill_radii_units"] = "m"
    settings["fill_clipped_cells"] = clipped
    settings["fill_filled_cells"] = int((source > 0).sum())
    settings["fill_missing_cells"] = int((source < 0).sum())
    return settings
