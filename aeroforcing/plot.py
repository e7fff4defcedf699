"""Maps of forcing and of optical properties (Chung 2012, Figures 6-10), without any network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cartopy.crs as ccrs
import numpy as np
import xarray as xr
from cartopy.mpl.geoaxes import GeoAxes
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PolyCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from aeroforcing.coastline import coast_around
from aeroforcing.color_levels import Colors, colors_of, tick_levels
from aeroforcing.errors import InputError
from aeroforcing.map_fields import (
    SEASONS,
    Extent,
    MapField,
    Mesh,
    area_mean,
    map_field,
    mesh_of,
    month_numbers,
    on_mesh,
)
from aeroforcing.plot_text import MINUS, estimate, label_of, units_of
from aeroforcing.variables import lookup

_PROJECTIONS = {"robinson": ccrs.Robinson, "platecarree": ccrs.PlateCarree}
_SIZE = (8.0, 5.2)  # inches
_TITLE, _LABEL, _TICK = 13, 12, 11  # points: readable at half size
_MISSING = "0.82"  # grey of cells without a value
_HATCH = "////"
_HATCH_COLOR = "0.35"
_SURE = 2.0  # standard errors from zero
_PANELS = {"seasons": ("DJF", "MAM", "JJA", "SON"), "months": tuple(range(1, 13))}


def plot_map(
    field: xr.DataArray,
    *,
    ax: GeoAxes | None = None,
    projection: str = "robinson",
    month: int | None = None,
    season: str | None = None,
    stderr: xr.DataArray | None = None,
    weights: xr.DataArray | None = None,
    reference: xr.DataArray | None = None,
    levels: ArrayLike | None = None,
    extent: Extent | None = None,
    title: str | None = None,
) -> GeoAxes:
    """Map of a field, with the coast, discrete colours, and the mean in the title.

    Forcings and differences have colours symmetric around zero. Cells without a value are grey.

    Parameters
    ----------
    field
        Over lat and lon, and perhaps over months: `month`, or `time` with `month` or dates.
    ax
        Axes of cartopy to draw in; by default a new figure.
    projection
        "robinson" or "platecarree", for a new figure.
    month, season
        The month, 1 to 12, or the season, "annual", "DJF", "MAM", "JJA" or "SON", whose mean is
        shown; by default the mean of all months of the field.
    stderr
        Standard error of the field, of independent cells and months (of the difference, where
        there is a reference): the mean gets its error, and cells that are nearer to zero than two
        of theirs are hatched.
    weights
        Of the means besides days and area, such as the AOD for an SSA.
    reference
        Field to subtract.
    levels
        Bounds of the colours; by default round numbers.
    extent
        West, east, south and north of a region [degrees]; by default the globe. The mean in the
        title is then that of the region.
    title
        Instead of the name of the variable.

    Returns
    -------
    cartopy.mpl.geoaxes.GeoAxes

    Raises
    ------
    InputError
        The field cannot be drawn, or a setting is unknown.
    """
    shown = map_field(
        _difference(field, reference), month=month, season=season, stderr=stderr, weights=weights
    )
    colors = colors_of(
        shown.values.values, name=shown.name, difference=reference is not None, levels=levels
    )
    region = None if extent is None else _checked_extent(extent)
    axes = _new_axes(projection, region) if ax is None else _checked_axes(ax)
    mesh, hatched = _draw(axes, shown, colors, region)
    heading = title or _heading(shown, difference=reference is not None)
    axes.set_title(f"{heading}\n{_subtitle(shown, region)}", fontsize=_TITLE, linespacing=1.35)
    label = _colorbar_label([shown], hatched=hatched)
    _add_colorbar(mesh, axes, colors, label=label)
    return axes


def plot_maps(
    field: xr.DataArray,
    *,
    panels: str | Sequence[int | str] = "seasons",
    projection: str = "robinson",
    stderr: xr.DataArray | None = None,
    weights: xr.DataArray | None = None,
    reference: xr.DataArray | None = None,
    levels: ArrayLike | None = None,
    extent: Extent | None = None,
    title: str | None = None,
) -> NDArray[Any]:
    """Maps of the seasons or months of a field in one figure, with one colour bar.

    Parameters
    ----------
    field
        Over lat, lon and months.
    panels
        "seasons", "months" (those that the field has), or a sequence of months and seasons.
    projection, stderr, weights, reference, levels, extent, title
        As of `plot_map`; the levels are shared by all panels.

    Returns
    -------
    numpy.ndarray
        (panel,) the Axes.

    Raises
    ------
    InputError
        The field cannot be drawn, lacks a month, or a setting is unknown.
    """
    difference = _difference(field, reference)
    periods = _periods(difference, panels)
    shown = [
        map_field(difference, stderr=stderr, weights=weights, **_period(period))
        for period in periods
    ]
    colors = colors_of(
        np.stack([panel.values.values for panel in shown]),
        name=shown[0].name,
        difference=reference is not None,
        levels=levels,
    )
    region = None if extent is None else _checked_extent(extent)
    figure, axes = _panel_figure(len(shown), _crs(projection, region))
    drawn = [
        _draw(one, panel, colors, region, labels=False)
        for one, panel in zip(axes, shown, strict=True)
    ]
    for one, panel in zip(axes, shown, strict=True):
        one.set_title(_subtitle(panel, region, short=True), fontsize=_LABEL)
    figure.suptitle(title or _heading(shown[0], difference=reference is not None), fontsize=_TITLE)
    label = _colorbar_label(shown, hatched=any(hatched for _, hatched in drawn))
    _add_colorbar(drawn[0][0], list(axes), colors, label=label)
    return axes


# ---- what to show -------------------------------------------------------------------------------


def _difference(field: xr.DataArray, reference: xr.DataArray | None) -> xr.DataArray:
    if reference is None:
        return field
    try:
        with xr.set_options(arithmetic_join="exact", keep_attrs=True):
            return (field - reference).rename(field.name)
    except ValueError as error:
        raise InputError(
            f"The field {field.name} and its reference are not on the same cells and months: "
            f"{error}. Regrid one of them first."
        ) from None


def _periods(field: xr.DataArray, panels: str | Sequence[int | str]) -> list[int | str]:
    if panels == "months" and {"month", "time"} & set(field.dims):
        return list(month_numbers(field))
    if isinstance(panels, str):
        if panels not in _PANELS:
            raise InputError(f"panels={panels!r} is not allowed; known are {', '.join(_PANELS)}.")
        return list(_PANELS[panels])
    if not panels:
        raise InputError("panels is empty; give months or seasons.")
    return list(panels)


def _period(period: int | str) -> dict[str, Any]:
    return {"season": period} if period in SEASONS else {"month": period}


def _checked_extent(extent: Extent) -> Extent:
    if len(extent) == 4:
        west, east, south, north = extent
        if 0.0 < east - west <= 360.0 and -90.0 <= south < north <= 90.0:
            return extent
    raise InputError(
        f"extent={tuple(extent)} is not allowed; give west, east, south, north in degrees, the "
        "west below the east (170, 190 across the date line) and the south below the north."
    )


def _checked_axes(ax: GeoAxes) -> GeoAxes:
    if not isinstance(ax, GeoAxes):
        raise InputError(
            "ax has no map projection; make it with plt.axes(projection=cartopy.crs.Robinson())."
        )
    return ax


# ---- drawing ------------------------------------------------------------------------------------


def _crs(projection: str, extent: Extent | None) -> ccrs.Projection:
    """The projection, centred on the region so that the date line does not cut it."""
    if projection not in _PROJECTIONS:
        raise InputError(
            f"projection={projection!r} is not allowed; known are {', '.join(_PROJECTIONS)}."
        )
    centre = 0.0 if extent is None else (extent[0] + extent[1]) / 2.0
    return _PROJECTIONS[projection](central_longitude=centre)


def _new_axes(projection: str, extent: Extent | None) -> GeoAxes:
    figure = plt.figure(figsize=_SIZE, layout="constrained")
    return figure.add_subplot(projection=_crs(projection, extent))


def _panel_figure(count: int, crs: ccrs.Projection) -> tuple[Figure, NDArray[Any]]:
    columns = 3 if count > 4 else min(2, count)
    rows = -(-count // columns)
    figure = plt.figure(figsize=(4.4 * columns, 2.65 * rows + 1.2), layout="constrained")
    axes = [figure.add_subplot(rows, columns, i + 1, projection=crs) for i in range(count)]
    return figure, np.array(axes, dtype=object)


def _draw(
    axes: GeoAxes,
    shown: MapField,
    colors: Colors,
    extent: Extent | None,
    *,
    labels: bool = True,
) -> tuple[QuadMesh, bool]:
    """Draw a map; returns its coloured cells, and whether any is hatched."""
    axes.set_facecolor(_MISSING)
    mesh = mesh_of(shown.values, central_longitude=_central_longitude(axes))
    x, y = _corners(axes, mesh)
    cells = axes.pcolormesh(
        x, y, on_mesh(shown.values, mesh), cmap=colors.colormap, norm=colors.norm, rasterized=True
    )
    hatched = _hatch_unsure(axes, shown, mesh, x, y)
    _draw_coast(axes)
    _draw_grid(axes, extent, labels=labels)
    if extent is None:
        axes.set_global()
    else:
        axes.set_extent(extent, crs=ccrs.PlateCarree())
    return cells, hatched


def _central_longitude(axes: GeoAxes) -> float:
    parameters = axes.projection.proj4_params
    return float(parameters.get("lon_0", parameters.get("pm", 0.0)))  # pm: of PlateCarree


def _corners(axes: GeoAxes, mesh: Mesh) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The corners of the cells on the map, (row + 1, column + 1)."""
    corners = _projected(axes, *np.meshgrid(mesh.lon_edges, mesh.lat_edges))
    return corners[..., 0], corners[..., 1]


def _projected(
    axes: GeoAxes, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Places on the map, (..., 2)."""
    # The outermost meridian is one and the same; a hair inside, each end keeps its own side.
    centre = _central_longitude(axes)
    inside = np.clip(lon, centre - 180.0 + 1e-7, centre + 180.0 - 1e-7)
    return axes.projection.transform_points(ccrs.PlateCarree(), inside, lat)[..., :2]


def _hatch_unsure(
    axes: GeoAxes,
    shown: MapField,
    mesh: Mesh,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> bool:
    """Hatch cells that are less than two standard errors from zero; returns if there are any."""
    if shown.stderr is None:
        return False
    values, errors = on_mesh(shown.values, mesh), on_mesh(shown.stderr, mesh)
    rows, columns = np.nonzero((np.abs(values) < _SURE * errors) & np.isfinite(values))
    corners = [(rows, columns), (rows, columns + 1), (rows + 1, columns + 1), (rows + 1, columns)]
    outlines = np.stack([np.stack([x[at], y[at]], axis=-1) for at in corners], axis=1)
    hatching = PolyCollection(
        list(outlines),
        facecolor="none",
        edgecolor=_HATCH_COLOR,
        linewidth=0.0,
        hatch=_HATCH,
        zorder=1.5,
    )
    hatching.set_in_layout(False)
    axes.add_collection(hatching, autolim=False)
    return rows.size > 0


def _draw_coast(axes: GeoAxes) -> None:
    lines = coast_around(_central_longitude(axes))
    points = _projected(axes, *np.concatenate(lines).T)
    pieces = np.split(points, np.cumsum([len(line) for line in lines])[:-1])
    coast = LineCollection(pieces, colors="0.1", linewidths=0.7, zorder=2)
    coast.set_in_layout(False)  # it lies inside the map, whose outline is measured already
    axes.add_collection(coast, autolim=False)


def _draw_grid(axes: GeoAxes, extent: Extent | None, *, labels: bool) -> None:
    """Lines of latitude and longitude, every 60 degrees of longitude on the globe."""
    lines = axes.gridlines(
        draw_labels=["left", "bottom"] if labels else False,
        linewidth=0.4,
        color="0.4",
        linestyle=":",
        zorder=2,
    )
    if extent is not None:
        meridians = MaxNLocator(6, steps=[1, 2, 3, 5, 10]).tick_values(extent[0], extent[1])
        lines.xlocator = FixedLocator([(lon + 180.0) % 360.0 - 180.0 for lon in meridians])
    lines.xlabel_style = lines.ylabel_style = {"size": _TICK}


def _add_colorbar(cells: QuadMesh, axes: Any, colors: Colors, *, label: str) -> None:
    """A horizontal bar below the axes."""
    bar = cells.figure.colorbar(
        cells, ax=axes, orientation="horizontal", shrink=0.85, aspect=35, pad=0.03
    )
    ticks = tick_levels(colors.levels)
    bar.set_ticks(ticks, labels=[f"{tick:g}".replace("-", MINUS) for tick in ticks])
    bar.ax.minorticks_off()
    bar.set_label(label, fontsize=_LABEL)
    bar.ax.tick_params(labelsize=_TICK)


# ---- words --------------------------------------------------------------------------------------


def _heading(shown: MapField, *, difference: bool) -> str:
    variable = lookup(shown.name)
    text = variable.long_name if variable is not None else shown.name
    return f"Difference: {text}" if difference else text[:1].upper() + text[1:]


def _subtitle(shown: MapField, extent: Extent | None, *, short: bool = False) -> str:
    """The period and the mean."""
    mean, error = area_mean(shown, extent=extent)
    units = units_of(shown.name)
    value = estimate(mean, error, units=units)
    if short:
        return f"{shown.period}: {value}"
    area = "global mean" if extent is None else "regional mean"
    return ", ".join(filter(None, [shown.period, f"{area} {value}"]))


def _colorbar_label(panels: Sequence[MapField], *, hatched: bool) -> str:
    """The unit, or the name of what has none, and the meaning of hatching and grey."""
    name = panels[0].name
    missing = any(bool(panel.values.isnull().any()) for panel in panels)
    notes = ["hatched: within 2 standard errors of zero"] * hatched + ["grey: no value"] * missing
    text = units_of(name) or label_of(name)
    return f"{text}   ({', '.join(notes)})" if notes else text
