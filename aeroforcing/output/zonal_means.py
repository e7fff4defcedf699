"""Zonal means of the forcing: curves over latitude."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import STDERR_SUFFIX
from aeroforcing.output.colors import LEVEL_LINES, SKY_STYLES
from aeroforcing.output.labels import in_brackets, units_of
from aeroforcing.output.map_fields import MapField, map_field

_SIZE = (7.0, 5.6)  # inches
_TITLE, _LABEL, _TICK = 13, 13, 12  # points: readable at half size
_BAND = 2.0  # standard errors on either side


@suggest_keywords
def plot_zonal_means(
    forcing: xr.Dataset,
    *,
    ax: Axes | None = None,
    month: int | None = None,
    season: str | None = None,
) -> Axes:
    """Zonal means of the forcing at the top, in the atmosphere and at the surface.

    Parameters
    ----------
    forcing
        From `grid_forcing`, or with any of its forcings over lat, lon and months. All-sky is drawn
        full, clear sky dashed, with bands of two standard errors.
    ax
        Axes to draw in; by default a new figure.
    month, season
        As of `plot_map`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        There is no forcing, or not the month or season.
    """
    if not any(str(name).startswith("forcing_") for name in forcing.data_vars):
        raise InputError("The dataset holds no forcing; make it with grid_forcing.")
    if ax is None:
        ax = plt.figure(figsize=_SIZE, layout="constrained").add_subplot()
    ax.axhline(0.0, color="0.5", linewidth=1.0)
    period = ""
    for sky, style in SKY_STYLES.items():
        for level, (text, color, _) in LEVEL_LINES.items():
            name = f"forcing_{level}{sky}"
            if name in forcing:
                error = forcing.get(f"{name}{STDERR_SUFFIX}")
                shown = map_field(forcing[name], month=month, season=season, stderr=error)
                label = f"{text}, clear sky" if sky else text
                _draw(ax, shown, label=label, color=color, style=style)
                period = shown.period
    _finish(ax, period)
    return ax


def _draw(ax: Axes, shown: MapField, *, label: str, color: str, style: str) -> None:
    latitude, mean = shown.values["lat"].values, shown.values.mean("lon").values
    ax.plot(latitude, mean, color=color, linestyle=style, linewidth=1.8, label=label)
    if shown.stderr is not None:
        count = shown.stderr.notnull().sum("lon")
        error = _BAND * ((shown.stderr**2).sum("lon") ** 0.5 / count).values
        ax.fill_between(latitude, mean - error, mean + error, color=color, alpha=0.25, linewidth=0)


def _finish(ax: Axes, period: str) -> None:
    ax.set_title(f"Zonal mean aerosol forcing, {period}".rstrip(", "), fontsize=_TITLE)
    ax.set_xlabel(f"latitude{in_brackets(units_of('lat'))}", fontsize=_LABEL)
    ax.set_ylabel(f"aerosol forcing{in_brackets(units_of('forcing_toa'))}", fontsize=_LABEL)
    ax.set_xlim(-90, 90)
    ax.set_xticks(np.arange(-90, 91, 30))
    ax.tick_params(labelsize=_TICK)
    ax.grid(linewidth=0.4, color="0.8")
    ax.legend(
        fontsize=_TICK, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False
    )
