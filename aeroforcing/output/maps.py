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
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike, NDArray

from aeroforcing.core.calendar import month_numbers
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.grids.regions import Extent
from aeroforcing.output.colors import Colors, colors_of, flag_colors
from aeroforcing.output.labels import (
    MINUS,
    area_name,
    colorbar_label,
    folded,
    heading_of,
    settable,
    subtitle_of,
)
from aeroforcing.output.levels import tick_levels
from aeroforcing.output.map_fields import (
    SEASONS,
    MapField,
    Mesh,
    is_flag,
    map_field,
    mesh_of,
    on_mesh,
    values_inside,
)
from aeroforcing.output.map_frame import central_longitude, coast_around, draw_grid, projected

_PROJECTIONS = {
    "robinson": ccrs.Robinson,
    "equalearth": ccrs.EqualEarth,
    "mollweide": ccrs.Mollweide,
    "platecarree": ccrs.PlateCarree,
}
_SIZE = (8.0, 5.2)  # inches
_TITLE, _LABEL, _TICK = 13, 12, 11  # points: readable at half size
_MISSING = "0.82"  # grey of cells without a value
_HATCH = "////"
_HATCH_COLOR = "0.35"
_BAR = 0.85  # width of the colour bar over that of the axes and the space beside them
_BESIDE = 1.25  # width of the figure or its part over that of the axes
_SURE = 2.0  # standard errors from zero
_PANELS = {"seasons": ("DJF", "MAM", "JJA", "SON"), "months": tuple(range(1, 13))}


@suggest_keywords
def plot_map(
    field: xr.DataArray,
    *,
    ax: GeoAxes | None = None,
    projection: str = "robinson",
    month: int | None = None,
    season: str | None = None,
    stderr: xr.DataArray | None = None,
    weights: xr.DataArray | None = None,
    changes: Sequence[xr.DataArray] = (),
    reference: xr.DataArray | None = None,
    levels: ArrayLike | None = None,
    cmap: str | None = None,
    extent: Extent | None = None,
    title: str | None = None,
) -> GeoAxes:
    """Map of a field, with the coast, discrete colours, and the mean in the title.

    Forcings and differences have colours that are symmetric around zero, as far on either side as
    the values, a flag has a colour for each of its values. Cells without a value are grey.

    Parameters
    ----------
    field
        Over lat and lon, and perhaps over months: `month`, or `time` with `month` or dates.
    ax
        Axes of cartopy to draw in; by default a new figure.
    projection
        "robinson", "equalearth", "mollweide" or "platecarree", for a new figure.
    month, season
        The month, 1 to 12, or the season, "annual", "DJF", "MAM", "JJA" or "SON", whose mean is
        shown; by default the mean of all months of the field.
    stderr
        Standard error of the field, of independent cells and months (of the difference, where
        there is a reference): the mean gets its error, and cells that are nearer to zero than two
        of theirs are hatched.
    weights
        Of the means besides days and area, such as the AOD for an SSA.
    changes
        How the field changes if an input is off by its error everywhere, one for each input: the
        mean gets their joint error as a second one.
    reference
        Field to subtract.
    levels
        Bounds of the colours; by default round numbers that suit what is shown, closer together
        where most of it lies.
    cmap
        A colour map of matplotlib; by default that of the variable.
    extent
        West, east, south and north of a region [degrees]; by default the globe. The mean in the
        title is then that of the region.
    title
        Instead of the name of the variable; empty for the period and the mean alone.

    Returns
    -------
    cartopy.mpl.geoaxes.GeoAxes

    Raises
    ------
    InputError
        The field cannot be drawn, or a setting is unknown.
    """
    shown = map_field(
        _difference(field, reference), month=month, season=season, stderr=stderr, weights=weights,
        changes=changes,
    )  # fmt: skip
    region = None if extent is None else _checked_extent(extent)
    colors = _colors(
        field, [shown], region, difference=reference is not None, levels=levels, cmap=cmap
    )
    axes = _new_axes(projection, region) if ax is None else _checked_axes(ax)
    mesh, hatched = _draw(axes, shown, colors, region)
    heading = heading_of(shown, difference=reference is not None) if title is None else title
    subtitle = shown.period if colors.labels else subtitle_of(shown, region)
    lines = filter(None, [settable(_folded(heading, axes)), subtitle])
    axes.set_title("\n".join(lines), fontsize=_TITLE, linespacing=1.35)
    label = colorbar_label([shown], hatched=hatched)
    _add_colorbar(mesh, axes, colors, label=label)
    return axes


@suggest_keywords
def plot_maps(
    field: xr.DataArray,
    *,
    ax: Sequence[GeoAxes] | None = None,
    panels: str | Sequence[int | str] = "seasons",
    projection: str = "robinson",
    stderr: xr.DataArray | None = None,
    weights: xr.DataArray | None = None,
    changes: Sequence[xr.DataArray] = (),
    reference: xr.DataArray | None = None,
    levels: ArrayLike | None = None,
    cmap: str | None = None,
    extent: Extent | None = None,
    title: str | None = None,
) -> NDArray[Any]:
    """Maps of the seasons or months of a field in one figure, with one colour bar.

    Parameters
    ----------
    field
        Over lat, lon and months.
    ax
        As many Axes of cartopy as there are panels; by default a new figure.
    panels
        "seasons", "months" (those that the field has), or a sequence of months and seasons.
    projection, stderr, weights, changes, reference, levels, cmap, extent, title
        As of `plot_map`; the colours are shared by all panels.

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
        map_field(difference, stderr=stderr, weights=weights, changes=changes, **_period(period))
        for period in periods
    ]
    region = None if extent is None else _checked_extent(extent)
    colors = _colors(
        field, shown, region, difference=reference is not None, levels=levels, cmap=cmap
    )
    axes = _panel_axes(len(shown), _crs(projection, region), ax)
    drawn = [
        _draw(one, panel, colors, region, labels=False)
        for one, panel in zip(axes, shown, strict=True)
    ]
    for one, panel in zip(axes, shown, strict=True):
        text = panel.period if colors.labels else subtitle_of(panel, region, short=True)
        one.set_title(text, fontsize=_LABEL)
    heading = heading_of(shown[0], difference=reference is not None) if title is None else title
    if ax is None:  # a figure of the user keeps its own title
        numbers = "" if colors.labels else f"\n(numbers: {area_name(region)}s)"
        axes[0].figure.suptitle(settable(heading) + numbers, fontsize=_TITLE)
    label = colorbar_label(shown, hatched=any(hatched for _, hatched in drawn))
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


def _colors(
    field: xr.DataArray,
    panels: Sequence[MapField],
    extent: Extent | None,
    *,
    difference: bool,
    levels: ArrayLike | None,
    cmap: str | None,
) -> Colors:
    """The colours of all panels together."""
    if is_flag(field) and not difference and levels is None:
        return flag_colors(field.attrs, cmap=cmap)
    inside = [values_inside(panel, extent=extent) for panel in panels]
    values, areas = (np.concatenate(parts) for parts in zip(*inside, strict=True))
    return colors_of(
        values, name=panels[0].name, weights=areas, difference=difference, levels=levels, cmap=cmap
    )


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


def _panel_axes(count: int, crs: ccrs.Projection, ax: Sequence[GeoAxes] | None) -> NDArray[Any]:
    """The axes of the user, or those of a new figure, (panel,)."""
    if ax is not None:
        if len(ax) != count:
            raise InputError(f"ax has {len(ax)} axes for {count} panels; give one for each.")
        return np.array([_checked_axes(one) for one in ax], dtype=object)
    columns = 3 if count > 4 else min(2, count)
    rows = -(-count // columns)
    figure = plt.figure(figsize=(4.4 * columns, 2.5 * rows + 1.4), layout="constrained")
    axes = [figure.add_subplot(rows, columns, i + 1, projection=crs) for i in range(count)]
    return np.array(axes, dtype=object)


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
    mesh = mesh_of(shown.values, central_longitude=central_longitude(axes))
    x, y = _corners(axes, mesh)
    cells = axes.pcolormesh(
        x, y, on_mesh(shown.values, mesh), cmap=colors.colormap, norm=colors.norm, rasterized=True
    )
    hatched = _hatch_unsure(axes, shown, mesh, x, y)
    _draw_coast(axes)
    if extent is None:
        axes.set_global()
    else:
        axes.set_extent(extent, crs=ccrs.PlateCarree())
    draw_grid(axes, extent, labels=labels, size=_TICK)
    return cells, hatched


def _corners(axes: GeoAxes, mesh: Mesh) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The corners of the cells on the map, (row + 1, column + 1)."""
    corners = projected(axes, *np.meshgrid(mesh.lon_edges, mesh.lat_edges))
    if not np.isfinite(corners).all():
        raise InputError(
            f"ax has the projection {type(axes.projection).__name__}, which has no place for some "
            "of the cells; use one of the whole globe, such as Robinson, PlateCarree or Mollweide."
        )
    return corners[..., 0], corners[..., 1]


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
    lines = coast_around(central_longitude(axes))
    points = projected(axes, *np.concatenate(lines).T)
    pieces = np.split(points, np.cumsum([len(line) for line in lines])[:-1])
    coast = LineCollection(pieces, colors="0.1", linewidths=0.7, zorder=2, gid="coast")
    coast.set_path_effects([withStroke(linewidth=1.7, foreground="white", alpha=0.6)])  # on dark
    coast.set_in_layout(False)  # it lies inside the map, whose outline is measured already
    axes.add_collection(coast, autolim=False)


def _folded(heading: str, axes: GeoAxes) -> str:
    """A heading in lines of the width of the map; a letter is half as wide as it is high."""
    letters = 72.0 * _inches([axes]) / (0.5 * _TITLE)
    return folded(heading, width=int(letters), mark=" ")


def _inches(axes: Sequence[GeoAxes]) -> float:
    """Width of the part of a figure that is left to some axes, with the space beside them."""
    boxes = [one.get_position(original=True) for one in axes]
    share = max(box.x1 for box in boxes) - min(box.x0 for box in boxes)
    return float(min(1.0, _BESIDE * share) * axes[0].figure.get_figwidth())


def _add_colorbar(cells: QuadMesh, axes: Any, colors: Colors, *, label: str) -> None:
    """A horizontal bar below the axes."""
    bar = cells.figure.colorbar(
        cells, ax=axes, orientation="horizontal", shrink=_BAR, aspect=35, pad=0.03
    )
    if colors.labels:
        middles = (colors.levels[1:] + colors.levels[:-1]) / 2.0
        bar.set_ticks(middles.tolist(), labels=colors.labels)
    else:
        inches = _inches(np.atleast_1d(axes).tolist())
        ticks = tick_levels(colors.levels, most=_labels_that_fit(colors.levels, inches))
        bar.set_ticks(ticks, labels=[_tick_label(tick) for tick in ticks])
    bar.ax.minorticks_off()
    bar.set_label(label, fontsize=_LABEL)
    bar.ax.tick_params(labelsize=_TICK)


def _tick_label(level: float) -> str:
    return f"{level:g}".replace("-", MINUS)


def _labels_that_fit(levels: NDArray[np.float64], inches: float) -> int:
    """How many levels can be labelled on a colour bar without labels that touch."""
    letters = np.array([len(_tick_label(level)) for level in levels])
    places = _BAR * inches * 72.0 / (0.6 * _TICK) / (levels.size + 1)  # letters from tick to tick
    every = 1
    while every < levels.size:
        shown = letters[::every]
        if (shown[1:] + shown[:-1]).max(initial=0) / 2.0 + 1.0 <= every * places:
            break
        every += 1
    return int(-(-levels.size // every))
