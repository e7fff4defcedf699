"""Units as files write them: read by the rules of UDUNITS, and the factor between two of them.

A unit is a product of names with exponents, in any of the usual spellings ("kg m-2", "kg/m^2",
"kg m**-2"). A plain number is a unit, too ("1", "1.0", "1e-3"). Many words say that there is no
unit, and all of them mean the number 1.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import xarray as xr

# What stands for a pure number (in lower case, without spaces and brackets).
_NONE = {
    "", "1", "~", "-", "none", "dimless", "dimensionless", "unitless", "no_unit", "nounit",
    "no_units", "nounits", "unknown", "numeric", "number", "unit", "units", "na", "n/a", "null",
    "nil", "fraction", "fractional", "proportion", "ratio", "0-1", "0..1", "0to1", "index",
}  # fmt: skip
_PERCENT = {"%", "percent", "percentage", "pct", "percents"}

# Names of units, in lower case -> (name of the SI unit, factor).
_NAMES: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("pa", "pascal", "pascals"), ("pa", 1.0)),
    **dict.fromkeys(("hpa", "hectopascal", "hectopascals"), ("pa", 100.0)),
    **dict.fromkeys(("mb", "mbar", "millibar", "millibars"), ("pa", 100.0)),
    "kpa": ("pa", 1000.0),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres", "gpm"), ("m", 1.0)),
    **dict.fromkeys(("km", "kilometer", "kilometers", "kilometre", "kilometres"), ("m", 1000.0)),
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre", "nanometres"), ("m", 1e-9)),
    **dict.fromkeys(
        ("um", "\u00b5m", "\u03bcm", "micron", "microns", "micrometer", "micrometers", "micrometre",
         "micrometres"), ("m", 1e-6)
    ),
    **dict.fromkeys(("kg", "kilogram", "kilograms"), ("kg", 1.0)),
    "g": ("kg", 1e-3),
    **dict.fromkeys(("mol", "mole", "moles"), ("mol", 1.0)),
    **dict.fromkeys(("k", "kelvin", "degk", "degreek", "kelvins"), ("k", 1.0)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("s", 1.0)),
    **dict.fromkeys(("w", "watt", "watts"), ("w", 1.0)),
    **dict.fromkeys(("knot", "knots", "kt", "kts", "kn"), ("m/s", 1852.0 / 3600.0)),
    **dict.fromkeys(("ppm", "ppmv"), ("", 1e-6)),
    **dict.fromkeys(("ppb", "ppbv"), ("", 1e-9)),
    **dict.fromkeys(("ppt", "pptv"), ("", 1e-12)),
}  # fmt: skip
_RADIANS = {"rad", "radian", "radians"}
_FACTOR = re.compile(r"([a-z\u00b5\u03bc]+)(?:\*\*|\^)?([+-]?\d+)?")
_NUMBER = re.compile(r"[+]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?")


def factor_between(units: str, wanted: str) -> float | None:
    """The factor that brings values in some units to other ones; None where there is none.

    Parameters
    ----------
    units
        As a file writes them.
    wanted
        In which the values are wanted; "1" for a pure number.

    Examples
    --------
    >>> factor_between("hPa", "Pa")
    100.0
    >>> factor_between("kg", "Pa") is None
    True
    """
    given, target = _parsed(units), _parsed(wanted)
    if given is None or target is None or given[1] != target[1]:
        return None
    return given[0] / target[0]


def is_length(units: str) -> bool:
    """Whether units are those of a length, such as the nanometres of a wavelength."""
    return factor_between(units, "m") is not None


def in_degrees(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with those coordinates in degrees, and their bounds, that are in radians."""
    changed = {}
    for name, array in dataset.coords.items():
        if str(array.attrs.get("units", "")).strip().lower() not in _RADIANS:
            continue
        own = {**array.attrs, "units": "degrees"}
        changed[str(name)] = np.degrees(array.variable.astype(float)).copy(deep=False)
        changed[str(name)].attrs = own
        bounds = array.attrs.get("bounds")
        if isinstance(bounds, str) and bounds in dataset.variables:
            changed[bounds] = np.degrees(dataset[bounds].variable.astype(float))
    if not changed:
        return dataset
    return dataset.assign_coords({n: v for n, v in changed.items() if n in dataset.coords}).assign(
        {n: v for n, v in changed.items() if n not in dataset.coords}
    )


def _parsed(units: str) -> tuple[float, Counter[str]] | None:
    """Factor to SI units, and exponent by SI unit; None for what is not understood."""
    text = "".join(units.split()).lower()
    bare = text.strip("()[]{}")
    if bare in _NONE:
        return 1.0, Counter()
    if bare in _PERCENT:
        return 0.01, Counter()
    if _NUMBER.fullmatch(bare):
        value = float(bare)
        return (value, Counter()) if value > 0.0 else None
    return _product(units.strip().lower())


def _product(text: str) -> tuple[float, Counter[str]] | None:
    factor, exponents = 1.0, Counter[str]()
    sign, place = 1, 0
    while place < len(text):
        if text[place] in " .\u00b7*":
            place += 1
            continue
        if text[place] == "/":
            sign, place = -1, place + 1
            continue
        match = _FACTOR.match(text, place)
        if match is None or match[1] not in _NAMES:
            return None
        name, scale = _NAMES[match[1]]
        exponent = sign * int(match[2] or 1)
        factor *= scale**exponent
        for part, power in _si(name):
            exponents[part] += power * exponent
        sign, place = 1, match.end()
    return factor, Counter({name: n for name, n in exponents.items() if n})


def _si(name: str) -> list[tuple[str, int]]:
    if name == "m/s":
        return [("m", 1), ("s", -1)]
    return [(name, 1)] if name else []
