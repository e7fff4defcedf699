"""At which wavelength an optical property of a file is, and how it is brought to 550 nm.

The same standard name holds for an optical depth at any wavelength (CF 1.11, appendix on standard
names): the wavelength is in a coordinate, in the attributes, or in the variable's name alone. All
of them are looked at, and a property that is elsewhere than at 550 nm never counts as if it were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from aeroforcing.core.checks import check_numbers
from aeroforcing.core.constants import REFERENCE_WAVELENGTH
from aeroforcing.core.errors import InputError
from aeroforcing.core.units import factor_between, is_length

_SAME = 1.0  # nm, by which wavelengths may differ that are one

# nm, of numbers in a name that may be a wavelength; those between are years.
_IN_NAMES = ((300.0, 1800.0), (2100.0, 2300.0))
_LIKE_WAVELENGTH = re.compile(
    r"wave(_?len(gth)?)?s?$|^wave|^wl|^wvl|^lambda|band|radiation_wav", re.I
)
_NUMBER = r"(\d+(?:\.\d+)?)"
_IN_TEXT = re.compile(rf"{_NUMBER}\s*(nm|nanomet\w*|[u\u00b5\u03bc]m|micro\w*)(?![a-z])", re.I)
_IN_NAME = re.compile(r"(?<![\d.])(\d{3,4})(?![\d.])")
_TEXTS = ("long_name", "title", "description", "longname", "full_name")


class Member(NamedTuple):
    """One property at one wavelength [nm]."""

    wavelength: float
    values: xr.DataArray
    name: str  # of the variable


def is_reference(wavelength: float) -> bool:
    """Whether a wavelength [nm] is the one that the optical properties are needed at."""
    return bool(abs(wavelength - REFERENCE_WAVELENGTH) <= _SAME)


def in_name(name: str) -> float | None:
    """The wavelength that a name holds [nm]: od440aer, AOD_870nm; 550 if that is one of several."""
    numbers = [float(n) for n in _IN_NAME.findall(name)]
    found = [n for n in numbers if any(low <= n <= high for low, high in _IN_NAMES)]
    return next((n for n in found if is_reference(n)), found[0] if found else None)


def at_reference(name: str) -> str:
    """The name with 550 in the place of its wavelength: od550aer for od440aer."""
    found = in_name(name)
    if found is None:
        return name
    return name.replace(f"{found:g}", f"{REFERENCE_WAVELENGTH:g}", 1)


def stated(name: str, array: xr.DataArray, *, source: str) -> dict[str, float]:
    """What a variable says about its wavelength [nm], by where it says it.

    Raises
    ------
    InputError
        A scalar coordinate of the wavelength holds no number.
    """
    said = {}
    by_name = in_name(name)
    if by_name is not None:
        said["its name"] = by_name
    for key, value in array.attrs.items():
        found = _in_attribute(str(key), value)
        if found is not None:
            said[f"its attribute {key}"] = found
    axis = coordinate(array)
    if axis is not None and array.coords[axis].ndim == 0:
        said[f"its coordinate {axis}"] = float(values_of(array.coords[axis], source=source))
    return said


def _in_attribute(key: str, value: object) -> float | None:
    """The wavelength [nm] that an attribute tells; that of 550 nm if it tells several."""
    if "wavelength" in key.lower() and np.ndim(value) == 0:  # type: ignore[arg-type]
        text = str(value).strip()
        if re.fullmatch(_NUMBER, text):
            return float(_in_nanometres(float(text), ""))
        return _first(text)
    if key.lower() == "comment":
        text = str(value)
        return _first(" ".join(re.findall(r"wavelengths?\W.{0,30}", text, re.I)))
    return _first(str(value)) if key.lower() in _TEXTS else None


def _first(text: str) -> float | None:
    found = [_in_nanometres(float(number), units) for number, units in _IN_TEXT.findall(text)]
    wavelengths = [float(n) for n in found]
    return next(
        (n for n in wavelengths if is_reference(n)), wavelengths[0] if wavelengths else None
    )


def _in_nanometres(numbers: np.ndarray | float, units: str) -> np.ndarray:
    """Wavelengths in nm; where no unit is told, by their size (m, um or nm)."""
    text = "um" if units.lower().startswith(("micro", "u", "\u00b5", "\u03bc")) else units
    text = "nm" if text.lower().startswith("nano") else text
    values = np.asarray(numbers, dtype=float)
    factor = factor_between(text, "nm") if text and is_length(text) else None
    if factor is None:
        size = float(np.nanmax(np.abs(values))) if values.size else 1e3
        factor = 1e9 if size < 1e-4 else 1e3 if size < 100.0 else 1.0
    return np.round(values * factor, 6)


def coordinate(array: xr.DataArray | xr.Dataset) -> str | None:
    """The name of the coordinate that is the wavelength, if there is one."""
    return next((str(n) for n, c in array.coords.items() if is_wavelength(str(n), c)), None)


def is_wavelength(name: str, array: xr.DataArray) -> bool:
    """Whether a coordinate is a wavelength: by standard name, or by units of length and name."""
    if array.ndim > 1:
        return False
    standard_name = array.attrs.get("standard_name", "")
    if isinstance(standard_name, str) and standard_name in (
        "radiation_wavelength", "sensor_band_central_radiation_wavelength",
    ):  # fmt: skip
        return True
    units = str(array.attrs.get("units", ""))
    if not _LIKE_WAVELENGTH.search(name):
        return False
    return is_length(units) or (
        not units and "wave" in name.lower() and "number" not in name.lower()
    )


def values_of(axis: xr.DataArray, *, source: str) -> np.ndarray:
    """The wavelengths of a coordinate [nm].

    Raises
    ------
    InputError
        They are no numbers.
    """
    check_numbers(axis, "wavelength", source=source)
    return _in_nanometres(axis.values, str(axis.attrs.get("units", "")))


def near_reference(axis: np.ndarray) -> list[int]:
    """Places of the wavelengths that those at 550 nm follow from: itself, or one on either side.

    Outside of the axis these are the two nearest ones.

    Parameters
    ----------
    axis
        Wavelengths, each once [nm].
    """
    distance = np.abs(np.log(axis / REFERENCE_WAVELENGTH))
    nearest = np.argsort(distance, kind="stable")
    if is_reference(axis[nearest[0]]) or axis.size == 1:
        return [int(nearest[0])]
    below = [int(i) for i in nearest if axis[i] < REFERENCE_WAVELENGTH]
    above = [int(i) for i in nearest if axis[i] > REFERENCE_WAVELENGTH]
    return sorted([below[0], above[0]] if below and above else [int(i) for i in nearest[:2]])


def brought_to_reference(
    members: Sequence[Member], *, is_depth: bool, exponent: tuple[str, xr.DataArray] | None
) -> tuple[xr.DataArray, str] | None:
    """A property at 550 nm from what is known at other wavelengths, and how in words.

    Optical depths follow ln(tau) = ln(tau_1) - a ln(l / l_1), with the exponent `a` of two
    wavelengths, one on either side if there are such, or with the given one; other properties lie
    between two wavelengths in proportion to ln(l).

    Parameters
    ----------
    members
        The same property at one wavelength or more, on common dimensions.
    is_depth
        Whether it is an optical depth.
    exponent
        Name and values of the Angstrom exponent of the same file.

    Returns
    -------
    None where this cannot be told: at a single wavelength without an exponent, or of another
    property than an optical depth between no two wavelengths.
    """
    axis = np.array([member.wavelength for member in members])
    chosen = [members[i] for i in near_reference(axis)]
    nearest = members[int(np.argmin(np.abs(np.log(axis / REFERENCE_WAVELENGTH))))]
    between = chosen[0].wavelength < REFERENCE_WAVELENGTH < chosen[-1].wavelength
    if is_depth and exponent is not None and not between:
        name, alpha = exponent
        ratio = REFERENCE_WAVELENGTH / nearest.wavelength
        words = f"{nearest.name} at {nearest.wavelength:g} nm, by the Angstrom exponent {name}"
        return nearest.values * ratio ** (-alpha), words
    if len(chosen) < 2 or not (is_depth or between):
        return None
    first, second = sorted(chosen, key=lambda member: member.wavelength)
    share = np.log(REFERENCE_WAVELENGTH / first.wavelength) / np.log(
        second.wavelength / first.wavelength
    )
    names = " and ".join(dict.fromkeys((first.name, second.name)))
    words = f"{names} at {first.wavelength:g} and {second.wavelength:g} nm"
    linear = first.values * (1.0 - share) + second.values * share
    if not is_depth:
        return linear, f"{words}, interpolated in ln(wavelength)"
    positive = (first.values > 0.0) & (second.values > 0.0)
    logarithm = np.log(first.values.where(positive)) * (1.0 - share) + share * np.log(
        second.values.where(positive)
    )
    return xr.where(positive, np.exp(logarithm), linear.clip(min=0.0)), (
        f"{words}, interpolated in the logarithm"
    )


def not_at_reference(quantity: str, members: Sequence[Member], *, source: str) -> InputError:
    """The error for a property that is at other wavelengths alone, and cannot be converted."""
    told = ", ".join(f"{member.name} at {member.wavelength:g} nm" for member in members)
    return InputError(
        f"{source}: {quantity} is needed at {REFERENCE_WAVELENGTH:g} nm, but is {told}. Add the "
        "Angstrom exponent or a second wavelength, or convert it with aod_at or coalbedo_at first."
    )
