"""Figures of sensitivity sweeps: forcing against one property, or over two (Chung 2012, 1-5)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import STDERR_SUFFIX, lookup
from aeroforcing.output.colors import LEVEL_LINES, SKY_STYLES, colors_of
from aeroforcing.output.labels import estimate, folded, in_brackets, label_of, units_of
from aeroforcing.output.levels import tick_levels

_SIZE = (7.0, 5.6)  # inches
_TITLE, _LABEL, _TICK = 12, 13, 12  # points: readable at half size
_TITLE_WIDTH = 52  # letters
_BAND = 2.0  # standard errors on either side

_SYMBOLS = {"critical_ssa": "critical SSA", "critical_surface_albedo": "critical surface albedo"}


@suggest_keywords
def plot_sweep(
    dataset: xr.Dataset, *, ax: Axes | None = None, variable: str = "forcing_toa"
) -> Axes:
    """Figure of a sweep: curves over one parameter, a map of one variable over two.

    Curves are the forcing at the top, in the atmosphere and at the surface, with bands of two
    standard errors; with clouds all-sky is drawn full and clear sky dashed. A vertical line marks
    the critical value, where the forcing at the top is zero.

    Parameters
    ----------
    dataset
        From `sweep`.
    ax
        Axes to draw in; by default a new figure.
    variable
        What to show over two parameters.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        The dataset is no sweep, or lacks the variable.
    """
    if "forcing_toa" not in dataset or not 1 <= dataset["forcing_toa"].ndim <= 2:
        raise InputError("The dataset is no sweep over one or two parameters; make it with sweep.")
    if variable not in dataset:
        raise InputError(f"The sweep has no variable {variable!r}; it has {_names(dataset)}.")
    if ax is None:
        ax = plt.figure(figsize=_SIZE, layout="constrained").add_subplot()
    if dataset["forcing_toa"].ndim == 1:
        _draw_curves(ax, dataset)
    else:
        _draw_plane(ax, dataset, variable)
    ax.set_title(folded(dataset.attrs.get("base", ""), width=_TITLE_WIDTH), fontsize=_TITLE)
    ax.tick_params(labelsize=_TICK)
    return ax


def _names(dataset: xr.Dataset) -> str:
    return ", ".join(str(name) for name in dataset.data_vars if STDERR_SUFFIX not in str(name))


def _draw_curves(ax: Axes, dataset: xr.Dataset) -> None:
    (parameter,) = (str(dim) for dim in dataset["forcing_toa"].dims)
    ax.axhline(0.0, color="0.5", linewidth=1.0)
    for sky, style in SKY_STYLES.items():
        for level, (text, color, marker) in LEVEL_LINES.items():
            name = f"forcing_{level}{sky}"
            if name in dataset:
                label = f"{text}, clear sky" if sky else text
                _draw_curve(ax, dataset, name, label=label, color=color, marker=marker, style=style)
    _mark_critical(ax, dataset)
    ax.set_xlabel(_axis_label(parameter), fontsize=_LABEL)
    ax.set_ylabel(f"aerosol forcing{in_brackets(units_of('forcing_toa'))}", fontsize=_LABEL)
    ax.margins(x=0.02)  # room for the markers at both ends
    ax.legend(
        fontsize=_TICK,
        title="bands: ± 2 standard errors",
        title_fontsize=_TICK,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),
        ncols=2,
        frameon=False,
    )


def _draw_curve(
    ax: Axes,
    dataset: xr.Dataset,
    name: str,
    *,
    label: str,
    color: str,
    marker: str,
    style: str,
) -> None:
    x = dataset[name][dataset[name].dims[0]].values
    mean, error = dataset[name].values, dataset[f"{name}{STDERR_SUFFIX}"].values
    every = max(1, len(x) // 10)
    ax.plot(
        x,
        mean,
        color=color,
        linestyle=style,
        marker=marker,
        markevery=every,
        markersize=6,
        label=label,
    )
    ax.fill_between(
        x, mean - _BAND * error, mean + _BAND * error, color=color, alpha=0.25, linewidth=0
    )


def _mark_critical(ax: Axes, dataset: xr.Dataset) -> None:
    """A vertical line at the value for which the forcing at the top is zero."""
    for name, symbol in _SYMBOLS.items():
        if name in dataset and np.isfinite(dataset[name]):
            value, error = float(dataset[name]), float(dataset[f"{name}{STDERR_SUFFIX}"])
            label = f"{symbol} {estimate(value, error)}"
            ax.axvline(value, color="0.35", linestyle=":", linewidth=1.5, label=label)


def _draw_plane(ax: Axes, dataset: xr.Dataset, variable: str) -> None:
    """Colours over two parameters, and the line along which the variable is zero."""
    field = dataset[variable]
    vertical, horizontal = (str(dim) for dim in field.dims)
    x, y = field[horizontal].values, field[vertical].values
    colors = colors_of(field.values, name=variable)
    filled = ax.contourf(
        x,
        y,
        field.values,
        colors.levels,
        cmap=colors.colormap,
        norm=colors.norm,
        extend=colors.extend,
    )
    if field.min() < 0.0 < field.max():
        ax.contour(x, y, field.values, [0.0], colors="black", linewidths=1.5)
        ax.plot([], [], color="black", linewidth=1.5, label="zero")
        ax.legend(fontsize=_TICK, loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False)
    ax.set_xlabel(_axis_label(horizontal), fontsize=_LABEL)
    ax.set_ylabel(_axis_label(vertical), fontsize=_LABEL)
    bar = ax.figure.colorbar(filled, ax=ax)
    bar.set_label(_bar_label(variable), fontsize=_TICK)
    bar.set_ticks(tick_levels(colors.levels))
    bar.ax.tick_params(labelsize=_TICK)


def _bar_label(variable: str) -> str:
    """Name and unit; the sky of a forcing is told by the title, unless it is the clear one."""
    places = {
        f"forcing_{level}{sky}": f"aerosol forcing, {text}{', clear sky' if sky else ''}"
        for sky in SKY_STYLES
        for level, (text, *_) in LEVEL_LINES.items()
    }
    known = lookup(variable)
    text = places.get(variable) or (known.long_name if known is not None else variable)
    return folded(text, width=44, mark=" ") + in_brackets(units_of(variable))


def _axis_label(parameter: str) -> str:
    return label_of("lat" if parameter == "latitude" else parameter)
