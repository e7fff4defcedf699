"""Canonical names: which variable of a dataset is which, in which units, within which limits.

`canonicalise` finds variables by their canonical names, CF standard names or usual aliases,
converts their units, checks their ranges, and says of wrong values how many there are and which is
the first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import holds_dates
from aeroforcing.core.constants import REFERENCE_WAVELENGTH
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES, Variable, lookup, stamp

OPTICAL = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom")

_KINDS = {"U": "text", "S": "text", "O": "text", "m": "periods", "c": "complex numbers"}


def check_ranges(dataset: xr.Dataset, *, source: str) -> None:
    """Refuse values outside the physical range of their variable.

    NaN means missing and is not an error here; infinity is.

    Parameters
    ----------
    dataset
        Variables in canonical names and units; unknown names are not looked at.
    source
        File or other origin, for the message.

    Raises
    ------
    InputError
        Names the variable, the number of bad cells, the first of them with its coordinates, the
        allowed range and a likely cause.
    """
    for name in dataset.data_vars:
        variable = lookup(str(name))
        if variable is not None and (variable.units or variable.flags):
            _check_range(dataset[name], variable, source)


def _check_range(array: xr.DataArray, variable: Variable, source: str) -> None:
    check_numbers(array, variable.name, source=source)
    values = np.asarray(array.values, dtype=float)
    bad = variable.out_of_range(values)
    if not bad.any():
        return
    raise InputError(
        f"{source}: variable {variable.name} is out of range in {bad.sum()} of {bad.size} cells, "
        f"first at {first_place(array.copy(data=bad))} with the value {values[bad][0]:g}; allowed "
        f"is {variable.allowed}. {_range_hint(values[bad], variable)}"
    )


def _range_hint(bad: np.ndarray, variable: Variable) -> str:
    """The most likely reason for values out of range, and what to do."""
    if np.isinf(bad).any():
        return "Mark missing cells by NaN or _FillValue, not by infinity."
    if bad.min() <= -99 or bad.max() >= 1e10:
        return "If this marks missing cells, declare it as _FillValue."
    if variable.valid_max in (1.0, 10.0) and bad.max() > variable.valid_max:
        return "Is it in percent? Then divide by 100, or set its units to '%'."
    return "Correct these cells, or set them to NaN if they are missing."


# Factor to the unit of the registry, from the spellings that files use (compared in lower case
# and without spaces).
_UNIT_FACTORS: Mapping[str, Mapping[str, float]] = {
    "1": dict.fromkeys(
        ("1", "", "none", "unitless", "dimensionless", "-", "fraction", "0-1", "(0-1)"), 1.0
    )
    | {"%": 0.01, "percent": 0.01},
    "Pa": dict.fromkeys(("pa", "pascal", "pascals"), 1.0)
    | dict.fromkeys(("hpa", "mbar", "mb", "millibar", "millibars"), 100.0),
    "m": dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1.0) | {"km": 1000.0},
    "W m-2": dict.fromkeys(("wm-2", "w/m2", "w/m^2", "wm**-2", "wm^-2"), 1.0),
    "m s-1": dict.fromkeys(("ms-1", "m/s", "ms**-1", "ms^-1"), 1.0)
    | dict.fromkeys(("knot", "knots", "kt", "kn"), 1852.0 / 3600.0),
    "m2": {"m2": 1.0, "m^2": 1.0, "m**2": 1.0, "km2": 1e6},
}


def canonicalise(dataset: xr.Dataset, *, source: str) -> xr.Dataset:
    """Bring the known variables of a dataset to canonical names, units and attributes.

    A data variable is known by its canonical name, its CF standard_name or one of the aliases of
    the registry, in this order and regardless of case. A standard name does not tell the
    wavelength, so a variable whose own name gives another one than 550 nm (od440aer) is not taken
    for its sake. Where several variables share a standard name, one with a known name is preferred.
    Absorption optical depth and absorption Angstrom exponent are accepted in place of SSA and
    co-albedo exponent (Chung 2012, Table 1, doi:10.5772/50248):
    ssa = 1 - aaod / aod (1 where there is no aerosol), coalbedo_angstrom =
    absorption_angstrom - angstrom.

    Parameters
    ----------
    dataset
        Any dataset; unknown variables and all coordinates are left alone.
    source
        File or other origin, for the messages.

    Raises
    ------
    InputError
        Two variables claim the same name, a unit is unknown, a variable does not hold numbers or
        has a wavelength coordinate other than 550 nm.
    """
    names = claimed_names(dataset, source=source)
    _check_free(dataset, names, source)
    renamed = dataset.rename({old: new for old, new in names.items() if old != new})
    in_units = renamed.assign(
        {new: converted(renamed[new], VARIABLES[new], source) for new in names.values()}
    )
    result = stamp(_with_coalbedo_exponent(_with_ssa(in_units)))
    for name in _results_in(dataset):
        result[name].attrs = dict(dataset[name].attrs)
    return result


def _check_free(dataset: xr.Dataset, names: Mapping[str, str], source: str) -> None:
    """Refuse new names that coordinates or dimensions have already."""
    taken = {*dataset.coords, *dataset.dims, *dataset.data_vars} - set(names)
    for old, new in names.items():
        if new in taken:
            raise InputError(
                f"{source}: {old} is {new} ({VARIABLES[new].long_name}), but {new} is there "
                "already as something else. Rename or drop it."
            )


def _results_in(dataset: xr.Dataset) -> list[str]:
    """Variables with the names of results, which in other people's files may be anything."""
    known = ((str(name), VARIABLES.get(str(name))) for name in dataset.data_vars)
    return [name for name, variable in known if variable is not None and variable.written_only]


def claimed_names(dataset: xr.Dataset, *, source: str) -> dict[str, str]:
    """Present name -> canonical name of every data variable that the registry knows.

    Raises
    ------
    InputError
        Two variables claim the same name.
    """
    claims: dict[str, list[str]] = {}
    for name, array in dataset.data_vars.items():
        canonical = _canonical_name(str(name), array)
        if canonical is not None:
            claims.setdefault(canonical, []).append(str(name))
    return {_only(olds, new, source): new for new, olds in claims.items()}


def _only(olds: list[str], new: str, source: str) -> str:
    """The one variable that holds the quantity `new`; known names beat standard names."""
    candidates = olds if len(olds) == 1 else [old for old in olds if _by_name(old)] or olds
    if len(candidates) > 1:
        raise InputError(
            f"{source}: variables {' and '.join(candidates)} both are {new} "
            f"({VARIABLES[new].long_name}). Keep one of them, or rename the other."
        )
    return candidates[0]


def _canonical_name(name: str, array: xr.DataArray) -> str | None:
    if name in VARIABLES:
        return None if VARIABLES[name].written_only else name
    standard_name = str(array.attrs.get("standard_name", ""))
    if standard_name and standard_name in _STANDARD_NAMES and not _names_other_wavelength(name):
        return _STANDARD_NAMES[standard_name]
    return _by_name(name)


def _by_name(name: str) -> str | None:
    return _ALIASES.get(name.lower())


def _names_other_wavelength(name: str) -> bool:
    """Whether a name such as od440aer or AOD_870nm holds a wavelength [nm] other than 550."""
    numbers = [int(digits) for digits in re.findall(r"\d+", name)]
    return any(300 <= n <= 1700 and n != REFERENCE_WAVELENGTH for n in numbers)


def _first_by(keys: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Key -> name of the first registry entry that has it."""
    return {key: name for name, values in reversed(keys.items()) for key in values}


_STANDARD_NAMES = _first_by(
    {n: (v.standard_name,) for n, v in VARIABLES.items() if not v.written_only}
)
_ALIASES = _first_by(
    {n: (n, *(a.lower() for a in v.aliases)) for n, v in VARIABLES.items() if not v.written_only}
)


def converted(array: xr.DataArray, variable: Variable, source: str) -> xr.DataArray:
    """The same quantity in the units of the registry."""
    if variable.units or variable.flags:
        check_numbers(array, variable.name, source=source)
    _check_wavelength(array, variable, source)
    units = str(array.attrs.get("units", variable.units))
    if not variable.units or units == variable.units:
        return array
    factor = _UNIT_FACTORS.get(variable.units, {}).get(units.replace(" ", "").lower())
    if factor is None:
        raise InputError(
            f"{source}: variable {variable.name} has units {units!r}; expected "
            f"{variable.units!r}. Convert the values or correct the attribute."
        )
    return array if factor == 1.0 else array.astype(float) * factor


_NANOMETRES = {"nm": 1.0, "nanometer": 1.0, "nanometers": 1.0, "um": 1e3, "micron": 1e3, "m": 1e9}


def _check_wavelength(array: xr.DataArray, variable: Variable, source: str) -> None:
    """Refuse optical properties whose own scalar coordinate gives another wavelength."""
    coordinate = array.coords.get("wavelength")
    if coordinate is None or coordinate.ndim or np.isnan(variable.wavelength):
        return
    check_numbers(coordinate, "wavelength", source=source)
    nanometres = float(coordinate) * _NANOMETRES.get(str(coordinate.attrs.get("units", "nm")), 1.0)
    if not abs(nanometres - variable.wavelength) <= 1.0:
        raise InputError(
            f"{source}: variable {variable.name} is at {nanometres:g} nm by its coordinate "
            f"wavelength; {variable.wavelength:g} nm is expected. Convert it with aod_at or "
            "coalbedo_at first."
        )


def _with_ssa(dataset: xr.Dataset) -> xr.Dataset:
    if "ssa" in dataset or not {"aaod", "aod"} <= set(dataset.data_vars):
        return dataset
    aod, aaod = dataset["aod"], dataset["aaod"]
    no_aerosol = (aod == 0) & (aaod == 0)
    return dataset.assign(ssa=1 - (aaod / aod.where(~no_aerosol, 1.0)))


def _with_coalbedo_exponent(dataset: xr.Dataset) -> xr.Dataset:
    needed = {"absorption_angstrom", "angstrom"}
    if "coalbedo_angstrom" in dataset or not needed <= set(dataset.data_vars):
        return dataset
    return dataset.assign(coalbedo_angstrom=dataset["absorption_angstrom"] - dataset["angstrom"])


def check_numbers(array: xr.DataArray, name: str, *, source: str) -> None:
    """Raise InputError if a variable, by its name in the registry, holds texts, dates or the like.

    `source` is the file or other origin, for the message.
    """
    if array.dtype.kind not in "biuf":
        usual = _KINDS.get(array.dtype.kind, f"values of type {array.dtype}")
        found = "dates" if holds_dates(array) else usual
        raise InputError(
            f"{source}: variable {name} holds {found}; numbers are expected. Store them as numbers."
        )


def first_place(wrong: xr.DataArray) -> str:
    """The first true cell of a mask in words.

    By its coordinates, or by its position on an axis that has none.
    """
    if not wrong.dims:
        return "its only cell"
    index = np.unravel_index(np.argmax(wrong.values), wrong.shape)
    return ", ".join(
        f"{dim}={_label(wrong[dim].values[i])}" if dim in wrong.coords else f"{dim}[{i}]"
        for dim, i in zip(wrong.dims, index, strict=True)
    )


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, np.floating) else str(value)
