"""The built-in inputs put together, on a grid or at points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial

import numpy as np
import xarray as xr

from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.checks import checked_months
from aeroforcing.core.errors import suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.grids.grid import gaussian_grid, grid_of
from aeroforcing.inputs.builtin.clouds import builtin_clouds
from aeroforcing.inputs.builtin.observed import DEFAULT_AEROSOL, aerosol_in_words, chosen_aerosol
from aeroforcing.inputs.builtin.surface import builtin_surface
from aeroforcing.optics.mixtures import DEFAULT_OPTICS, check_optics

_SURFACE = "built-in: ECHAM6 T63 land, AMIP sea ice, ERA5 snow"
_CLOUDS = "built-in: ISCCP C2"
_CORRECTED_CLOUDS = (
    f"{_CLOUDS} amounts by type, in the tropics corrected to the cloud effect of CERES; thin ice "
    "clouds south of 75S; beyond 62N a continuation"
)

_ORIGINS = {
    "aerosol_profile": "built-in: Tegen et al. (1997) vertical shape",
    **dict.fromkeys(("surface_albedo", "open_water_fraction"), _SURFACE),
    "surface_altitude": "built-in: mean heights of the great plateaus",
    "cloud_fraction": f"{_CLOUDS} amounts by type; beyond 58S and 62N a continuation",
    **dict.fromkeys(("cloud_optical_depth", "cloud_base", "cloud_top"), f"{_CLOUDS} types"),
}

_BUILTIN_GRID = "1x1"  # whose cells the points lie in


@suggest_keywords
def builtin_inputs(
    grid: str | xr.Dataset = "T42",
    *,
    months: int | Iterable[int] = range(1, 13),
    optics: str = DEFAULT_OPTICS,
    aerosol: str = DEFAULT_AEROSOL,
) -> xr.Dataset:
    """All built-in inputs on a grid.

    Parameters
    ----------
    grid
        A name for `gaussian_grid`, or a Dataset with `lat` and `lon`.
    months
        Calendar months, 1 to 12, or one.
    optics
        Of the aerosol species, "chung2012" or "merra2"; see `mixtures`.
    aerosol
        "observed", or "chung2012": the aerosol of the constants of the paper (`observed`), with
        clouds and sea ice as they were before they were corrected (`builtin_clouds`,
        `builtin_surface`).

    Returns
    -------
    Dataset of `aod`, `ssa`, `asymmetry`, `angstrom`, `coalbedo_angstrom`, `surface_albedo` (of what
    is not open water) and `open_water_fraction` over (month, lat, lon) [1]; `aerosol_profile`
    (month, lat, lon, sigma_layer), the share of the AOD between the `sigma_interface`, top first
    [1]; `surface_altitude` (lat, lon) [m]; `cloud_fraction` (month, cloud_type, lat, lon) [1],
    `cloud_optical_depth` (cloud_type) [1], `cloud_base` and `cloud_top` (cloud_type, lat) [m above
    sea level] and `cloud_filled` (lat), and the bounds of the cells. Attribute `origin` of each
    says where it is from.

    Raises
    ------
    InputError
        The grid, the optics or the aerosol are unknown, or the months are not calendar months.
    """
    check_optics(optics)
    target = gaussian_grid(grid) if isinstance(grid, str) else grid_of(grid)
    wanted = sorted(checked_months(months))
    corrected = aerosol != "chung2012"
    parts = [
        chosen_aerosol(grid=target, months=wanted, optics=optics, aerosol=aerosol),
        builtin_surface(grid=target, months=wanted, corrected=corrected),
        builtin_clouds(grid=target, months=wanted, corrected=corrected),
    ]
    inputs = xr.merge(parts, compat="override", combine_attrs="override")
    for name, origin in _ORIGINS.items():
        inputs[name].attrs["origin"] = origin
    if corrected:
        inputs["cloud_fraction"].attrs["origin"] = _CORRECTED_CLOUDS
    amount, properties = aerosol_in_words(aerosol, optics)
    for name in OPTICAL:
        inputs[name].attrs["origin"] = amount if name == "aod" else properties
    bounds = {name: target[name] for name in ("lat_bnds", "lon_bnds")}
    return stamp(inputs.assign_coords(bounds))


@cache
def builtin_with(optics: str, aerosol: str = DEFAULT_AEROSOL) -> Callable[..., xr.Dataset]:
    """`fields.builtin_inputs` with some choices; the same function each time, see `at_points`."""
    return partial(builtin_inputs, optics=optics, aerosol=aerosol)


def at_points(
    make: Callable[..., xr.Dataset], points: xr.Dataset, *, months: Sequence[int]
) -> xr.Dataset:
    """Built-in fields in the cells of one degree that points lie in.

    Parameters
    ----------
    make
        Makes them on a grid for some `months`; what it has made is kept for the next call.
    points
        From `points_of`.
    months
        Calendar months, 1 to 12, each once and in ascending order.

    Returns
    -------
    The fields with `cell` in the place of (lat, lon). What is known by latitude stays over `lat`,
    the rows of one degree.
    """
    places = {
        "lat": xr.DataArray(row_of(points["lat"].values), dims="cell"),
        "lon": xr.DataArray(points["lon"].values.astype(int) % 360, dims="cell"),
    }
    monthly = [_selected(_by_degree(make, month), places) for month in months]
    return xr.concat(
        monthly, "month", data_vars="minimal", coords="minimal", compat="override",
        join="override", combine_attrs="override",
    )  # fmt: skip


def _selected(builtin: xr.Dataset, places: dict[str, xr.DataArray]) -> xr.Dataset:
    at_points = {
        name: array.isel(places).drop_vars(["lat", "lon"]) if "lon" in array.dims else array
        for name, array in builtin.data_vars.items()
    }
    kept = builtin.drop_vars([*at_points, "lon", "lon_bnds", "lat_bnds"], errors="ignore")
    return kept.assign(at_points)


def row_of(lat: np.ndarray) -> np.ndarray:
    """The row of one degree, from the south, that each latitude lies in."""
    return np.clip(np.floor(lat + 90.0), 0, 179).astype(np.int64)


@lru_cache(maxsize=12)  # by month, 14 MB each, whatever months are asked for together
def _by_degree(make: Callable[..., xr.Dataset], month: int) -> xr.Dataset:
    return make(gaussian_grid(_BUILTIN_GRID), months=[month])
