"""What a netCDF file declares of its variables, looked at before any of their values is read.

Variables of shapes and types that no map can have are left out with a warning. Texts among the
attributes become texts whatever type they have. Valid ranges mark what lies outside as missing
(CF 1.11, section 2.5.1), packing that makes no sense is an error (section 8.1), and so are sizes
beyond what the machine has or what the file could ever hold.
"""

from __future__ import annotations

import logging
import os
import sys
import textwrap
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from aeroforcing.core.errors import InputError

_log = logging.getLogger(__name__)

_TEXTS = (
    "standard_name", "long_name", "units", "calendar", "axis", "positive", "bounds", "climatology",
    "coordinates", "cell_methods", "cell_measures", "ancillary_variables", "grid_mapping",
    "formula_terms", "flag_meanings", "comment", "title", "history", "source", "Conventions",
)  # fmt: skip
_FLAGS = ("flag_values", "flag_masks", "flag_meanings")
_RANGE = ("valid_range", "valid_min", "valid_max")
_ALWAYS_READ = 2**28  # bytes
_MOST_COMPRESSED = 1032  # times that deflate makes data smaller, at most (zlib's technical notes)
_SHARE_OF_MEMORY = 0.5


def readable(raw: xr.Dataset, *, ragged: Collection[str], source: Path) -> xr.Dataset:
    """A dataset as it is stored without the variables that no map can have, with texts as texts.

    Parameters
    ----------
    raw
        Neither decoded nor indexed.
    ragged
        Names of the variables of a varying length (vlen).
    source
        For the messages.
    """
    reasons = {name: _reason(raw[name], ragged) for name in raw.variables}
    for name, reason in reasons.items():
        if reason:
            _log.warning("%s: variable %s is left out: %s", source, name, reason)
    kept = raw.drop_vars([name for name, reason in reasons.items() if reason])
    for attributes in (kept.attrs, *(kept[name].attrs for name in kept.variables)):
        odd = [n for n in _TEXTS if n in attributes and not isinstance(attributes[n], str)]
        attributes.update({name: _as_text(attributes[name]) for name in odd})
    return kept


def _reason(array: xr.DataArray, ragged: Collection[str]) -> str:
    """Why no map can have the variable; empty if it can."""
    if len(set(array.dims)) < array.ndim:
        return f"its dimensions {', '.join(map(str, array.dims))} are not all different"
    if array.name in ragged:
        return "its values have varying lengths"
    if array.dtype.kind == "V":
        return f"its values are of the compound type {array.dtype}"
    return ""


def _as_text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


# ---- sizes --------------------------------------------------------------------------------------


def check_sizes(arrays: Iterable[xr.DataArray], *, source: Path) -> None:
    """Raise InputError if variables together are larger than what can be read of the file."""
    sizes = {str(array.name): array.nbytes for array in arrays}
    total = sum(sizes.values())
    if total <= _ALWAYS_READ:
        return
    largest = max(sizes, key=lambda name: sizes[name])
    what = (
        f"{source}: variable {largest} has {_gigabytes(sizes[largest])} of {_gigabytes(total)} to "
        "be read"
    )
    possible = _MOST_COMPRESSED * source.stat().st_size
    if total > possible:
        raise InputError(
            f"{what}, more than the file can hold ({_gigabytes(possible)}, if all were "
            "compressed); most of it was never written. Write the file again, without it."
        )
    most = _SHARE_OF_MEMORY * memory()
    if total > most:
        raise InputError(
            f"{what}; {_gigabytes(most)} are allowed here, half of the memory. Give a file of "
            "fewer variables, times or cells."
        )


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.3g} GB"


def memory() -> float:
    """Memory of the machine in bytes; where the system does not tell, 4 GiB."""
    if sys.platform == "win32":
        return 2.0**32
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return 2.0**32


# ---- packing and valid ranges -------------------------------------------------------------------


def within_valid_range(decoded: xr.Dataset, stored: xr.Dataset, *, source: Path) -> xr.Dataset:
    """The dataset, in which values outside of the valid range of their variable are missing.

    They are looked at when they are read, and so is the packing. Coordinates and flags stay as
    they are.

    Parameters
    ----------
    decoded
        With scale factors, missing values and times decoded.
    stored
        The same variables with their attributes as in the file.
    source
        For the messages.
    """
    changed = {}
    for name, array in decoded.data_vars.items():
        declared = stored[name].attrs
        fault, limits = packing_fault(declared), (-np.inf, np.inf)
        if not fault:
            limits = _valid_range(stored[name], decoded_type=array.dtype)
            if limits == (-np.inf, np.inf):
                continue
        message = f"{source}: variable {name} has {fault}" if fault else ""
        values = indexing.LazilyIndexedArray(_Checked(array.variable, *limits, message))
        attributes = {key: value for key, value in array.attrs.items() if key not in _RANGE}
        changed[name] = xr.Variable(array.dims, values, attributes, array.encoding)
    return decoded.assign(changed) if changed else decoded


def packing_fault(attributes: dict[str, Any]) -> str:
    """What is wrong with the packing that attributes declare; empty if nothing is.

    Examples
    --------
    >>> packing_fault({"scale_factor": 0.0})
    'scale_factor = 0.0, which leaves nothing of its values. Write it anew with a right one.'
    """
    for name in ("scale_factor", "add_offset"):
        value = np.asarray(attributes.get(name, 1.0))
        if value.size != 1 or value.dtype.kind not in "iuf" or not np.isfinite(value).all():
            what = "which is no finite number"
        elif name == "scale_factor" and value.item() == 0.0:
            what = "which leaves nothing of its values"
        else:
            continue
        shown = textwrap.shorten(str(attributes[name]), 60)
        return f"{name} = {shown}, {what}. Write it anew with a right one."
    return ""


def _valid_range(stored: xr.DataArray, *, decoded_type: np.dtype[Any]) -> tuple[float, float]:
    """The least and the largest valid value in decoded units; infinite where there is none."""
    attributes = stored.attrs
    if decoded_type.kind not in "iuf" or any(name in attributes for name in _FLAGS):
        return -np.inf, np.inf
    pair = np.asarray(attributes.get("valid_range", ()))
    limits = [*pair] if pair.shape == (2,) else [attributes.get(name) for name in _RANGE[1:]]
    least, largest = (_number(limit, stored) for limit in limits)
    packing = [np.asarray(attributes[n]) for n in ("scale_factor", "add_offset") if n in attributes]
    if not packing:
        return _rounded(least, -np.inf, decoded_type), _rounded(largest, np.inf, decoded_type)
    given = np.asarray([limit for limit in limits if limit is not None])
    wider = np.result_type(*packing)
    if given.dtype == wider and wider.itemsize > stored.dtype.itemsize:  # in unpacked units
        return _rounded(least, -np.inf, decoded_type), _rounded(largest, np.inf, decoded_type)
    return _unpacked(least, largest, stored)


def _number(limit: Any, stored: xr.DataArray) -> float | None:
    """The limit as a number, None if it is none; negative ones of unsigned values are large."""
    value = np.asarray(limit)
    if value.size != 1 or value.dtype.kind not in "iuf" or np.isnan(value).any():
        return None
    unsigned = str(stored.attrs.get("_Unsigned")).lower() == "true" and stored.dtype.kind == "i"
    wrap = 2 ** (8 * stored.dtype.itemsize) if unsigned and value.item() < 0 else 0
    return float(value.item() + wrap)


def _rounded(limit: float | None, without: float, decoded_type: np.dtype[Any]) -> float:
    """The limit to the precision of the values: 0.3 in single precision is no larger than 0.3."""
    if limit is None:
        return without
    return float(decoded_type.type(limit)) if decoded_type.kind == "f" else limit


def _unpacked(
    least: float | None, largest: float | None, stored: xr.DataArray
) -> tuple[float, float]:
    """Limits of packed values in decoded units, half a step wider against rounding."""
    scale = float(stored.attrs.get("scale_factor", 1.0))
    offset = float(stored.attrs.get("add_offset", 0.0))
    step = 0.5 * abs(scale) if stored.dtype.kind in "iu" else 1e-6 * abs(scale)
    ends = [None if limit is None else limit * scale + offset for limit in (least, largest)]
    low, high = ends if scale > 0.0 else ends[::-1]
    return (-np.inf if low is None else low - step), (np.inf if high is None else high + step)


class _Checked(BackendArray):
    """Values that are NaN outside of a range, or cannot be read for a fault of their packing."""

    def __init__(self, variable: xr.Variable, low: float, high: float, fault: str) -> None:
        self.variable, self.low, self.high, self.fault = variable, low, high, fault
        self.shape = variable.shape
        small = variable.dtype.itemsize <= 2 or variable.dtype == np.float32
        self.dtype = np.dtype(np.float32 if small else np.float64)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        if self.fault:
            raise InputError(self.fault)
        values = np.asarray(self.variable[key].values, dtype=self.dtype)
        valid = (values >= self.low) & (values <= self.high)
        return np.where(valid, values, self.dtype.type(np.nan))
