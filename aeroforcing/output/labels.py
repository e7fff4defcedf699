"""Words and numbers of figures: units, labels, estimates with errors, titles and marks of maps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.mathtext import MathTextParser

from aeroforcing.core.variables import lookup
from aeroforcing.grids.regions import Extent
from aeroforcing.output.map_fields import MapField, area_mean, input_error_of_mean

MINUS = "\N{MINUS SIGN}"
_UNITS = {"1": "", "W m-2": "W m$^{-2}$", "kg m-2": "kg m$^{-2}$", "m2": "m$^2$"}
_DEGREES = {"degrees_north": "\N{DEGREE SIGN}N", "degrees_east": "\N{DEGREE SIGN}E"}


def units_of(name: str) -> str:
    """Unit of a variable as figures show it; empty for pure and for unknown numbers."""
    variable = lookup(name)
    units = variable.units if variable is not None else ""
    return (_UNITS | _DEGREES).get(units, units)


def label_of(name: str) -> str:
    """Long name and unit of a variable, "aerosol optical depth at 550 nm" or "scale ... [m]"."""
    variable = lookup(name)
    text = variable.long_name if variable is not None else plain(name)
    return text + in_brackets(units_of(name))


def plain(text: str) -> str:
    """A text of a file, in which a dollar is a dollar and not the beginning of mathematics."""
    return text.replace("$", r"\$")


def settable(text: str) -> str:
    """A text of the user, each line of which is plain if it cannot be set as mathematics."""
    return "\n".join(line if _is_settable(line) else plain(line) for line in text.split("\n"))


def _is_settable(line: str) -> bool:
    try:
        MathTextParser("path").parse(line)
    except ValueError:
        return False
    return True


def in_brackets(units: str) -> str:
    """The unit as the end of a label."""
    return f" [{units}]" if units else ""


def folded(text: str, *, width: int, mark: str = ", ") -> str:
    """A text broken into lines after its commas, or other marks."""
    lines = [""]
    for part in text.split(mark):
        longer = f"{lines[-1]}{mark}{part}" if lines[-1] else part
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines[-1] += mark.rstrip()
            lines.append(part)
    return "\n".join(lines)


def number(value: float, *, decimals: int, signed: bool = False) -> str:
    """A number with a proper minus sign."""
    sign = "+" if signed else ""
    return f"{value:{sign}.{decimals}f}".replace("-", MINUS)


def estimate(
    mean: float, error: float, *, inputs: float = math.nan, units: str = "", signed: bool = False
) -> str:
    """A mean with its standard error, to the second decimal or as far as the error is known.

    Its error by the inputs comes after that, if it is known.
    """
    decimals = _decimals(mean, error)
    text = number(mean, decimals=decimals, signed=signed)
    if math.isfinite(error):
        text += f" ± {error:.{decimals}f}"
    if math.isfinite(inputs):
        text += f" ± {inputs:.2f}"
    return f"{text} {units}".rstrip()


def _decimals(mean: float, error: float) -> int:
    """Two decimals for numbers of order one; more for small ones, fewer for large ones."""
    if math.isfinite(error) and error > 0.0:
        return min(max(2, -math.floor(math.log10(error))), 3)
    if mean == 0.0 or not math.isfinite(mean):
        return 2
    return min(max(0, 2 - math.floor(math.log10(abs(mean)))), 4)


def heading_of(shown: MapField, *, difference: bool) -> str:
    """The name of the variable, as a title begins."""
    variable = lookup(shown.name)
    text = variable.long_name if variable is not None else plain(shown.name)
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
