"""Words of maps: what they show, of when, its mean, and what their colours and marks mean."""

from __future__ import annotations

from collections.abc import Sequence

from aeroforcing.core.variables import lookup
from aeroforcing.grids.regions import Extent
from aeroforcing.map_fields import MapField, area_mean, input_error_of_mean
from aeroforcing.plot_text import estimate, label_of, units_of


def heading_of(shown: MapField, *, difference: bool) -> str:
    """The name of the variable, as a title begins."""
    variable = lookup(shown.name)
    text = variable.long_name if variable is not None else shown.name
    return f"Difference: {text}" if difference else text[:1].upper() + text[1:]


def subtitle_of(shown: MapField, extent: Extent | None, *, short: bool = False) -> str:
    """The period and the mean."""
    mean, error = area_mean(shown, extent=extent)
    units = units_of(shown.name)
    value = estimate(mean, error, inputs=input_error_of_mean(shown, extent=extent), units=units)
    if short:
        return f"{shown.period}: {value}"
    return ", ".join(filter(None, [shown.period, f"{area_name(extent)} {value}"]))


def area_name(extent: Extent | None) -> str:
    """What kind of mean a title tells."""
    return "global mean" if extent is None else "regional mean"


def colorbar_label(panels: Sequence[MapField], *, hatched: bool) -> str:
    """The unit, or the name of what has none, and the meaning of hatching and grey."""
    name = panels[0].name
    missing = any(bool(panel.values.isnull().any()) for panel in panels)
    notes = ["hatched: within 2 standard errors of zero"] * hatched + ["grey: no value"] * missing
    text = units_of(name) or label_of(name)
    return f"{text}   ({', '.join(notes)})" if notes else text
