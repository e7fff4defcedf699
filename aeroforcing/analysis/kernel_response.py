"""The forcing with other inputs, foretold from radiative kernels without tracing a photon.

A forcing F is a smooth function of its inputs, and in thin aerosol proportional to the AOD. With
the relative change t of the AOD and the changes d of the others

    F' - F = K1 t + (K2 - K1) t^2 / 2 + sum over q of (1 + t) K_q d_q + K2_q d_q^2 / 2

where K1 and K2 are the first and second derivative by ln AOD: a Taylor series in the AOD itself,
since K1 / AOD is the derivative by it, and (K2 - K1) / AOD^2 the second one. The factor 1 + t, for
changes of the AOD and of another quantity at a time, holds where K_q is proportional to the AOD.
Second derivatives are stored for ln AOD and SSA; in the cloud fractions the forcing is linear, in
the asymmetry parameter, the exponents and the albedo of the surface it is taken as such.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
import xarray as xr

from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.checks import check_between
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.kernel_names import (
    LOG_AOD,
    check_kernels,
    forcings_of,
    is_unrelated,
    kernel_name,
    quantity_of,
)
from aeroforcing.core.variables import CHANGE_SUFFIX, STDERR_SUFFIX, VARIABLES, stamp
from aeroforcing.grids.means import same_axis
from aeroforcing.inputs.uncertainty import VARIABLES_WITH_ERRORS

ChangeOf: TypeAlias = float | str | xr.DataArray

CURVED = (LOG_AOD, "ssa")  # quantities whose second derivatives are stored
HOLDS, LARGE_SECOND_ORDER, OUT_OF_RANGE = 0, 1, 2
_BOUNDS = ("lat_bnds", "lon_bnds", "climatology_bnds")
_SURE = 2.0  # standard errors by which a second-order part must be too large to be called so


class Term(NamedTuple):
    """A part of the change: a derivative and the factor that goes with it."""

    name: str  # of the kernel
    factor: xr.DataArray


@suggest_keywords
def apply_kernels(
    kernels: xr.Dataset, delta: Mapping[str, ChangeOf], *, second_order_limit: float = 0.2
) -> xr.Dataset:
    """The forcing with changed inputs, by its derivatives.

    Parameters
    ----------
    kernels
        Result of `grid_forcing(kernels=True)` or `column_forcing(kernels=True)`.
    delta
        Changes by variable, each a number, a field on the same cells, or a text: of `log_aod` (the
        logarithm of the AOD); of `aod`, `ssa`, `asymmetry`, `angstrom`, `coalbedo_angstrom`,
        `surface_albedo` or the cloud fractions `cloud_cumulus` and the like, in their own units.
        "+10%" and "-20%" are shares of the variable itself, which the dataset must hold.
    second_order_limit
        Share of the first-order part that the second-order part may have without a warning. The
        third order, which is left out, has about the square of this share.

    Returns
    -------
    xarray.Dataset
        `forcing_toa` and so on with the changed inputs, and `<name>_change`, what that is more
        than before, each with `<name>_stderr`: upper bounds, the sums of the parts' errors, which
        come from the same paths [W m-2]. `warning_toa` and so on are flags: 0 kernel_holds, 1
        second_order_is_large, 2 input_leaves_its_range. The changed aerosol properties [1].

    Raises
    ------
    InputError
        A kernel is missing, or a change cannot be used.
    """
    check_between("second_order_limit", second_order_limit, 0.0, 1.0)
    _check_names(delta)
    _check_kernels(kernels, delta)
    changes = {name: _change(kernels, name, given) for name, given in delta.items()}
    relative = _relative_change_of_aod(changes)
    inputs = _changed_inputs(kernels, changes, relative)
    outside = _outside(inputs)
    result: dict[str, xr.DataArray] = {}
    for name in forcings_of(kernels):
        first, second = _terms(name, changes, relative)
        large = _is_large(kernels, second, than=first, limit=second_order_limit)
        flag = xr.where(outside, OUT_OF_RANGE, xr.where(large, LARGE_SECOND_ORDER, HOLDS))
        result |= _forcing(kernels, name, [*first, *second])
        result[name.replace("forcing_", "warning_")] = flag.astype(np.int8)
    told = ", ".join(f"{name} {_told(given)}" for name, given in delta.items())
    return _dataset(kernels, result, inputs).assign_attrs(changed_inputs=told)


def _check_names(delta: Mapping[str, ChangeOf]) -> None:
    if not delta:
        raise InputError("delta is empty; give a change at least, such as {'ssa': -0.02}.")
    if {"aod", LOG_AOD} <= set(delta):
        raise InputError("delta: aod and log_aod are the same; give one of them.")
    known = (LOG_AOD, *VARIABLES_WITH_ERRORS)
    for name in delta:
        if name not in known:
            raise InputError(f"delta: {name!r} is unknown; known are {', '.join(known)}.")


def _check_kernels(kernels: xr.Dataset, delta: Mapping[str, ChangeOf]) -> None:
    quantities = [quantity_of(name) for name in delta]
    squared = [f"{quantity}_squared" for quantity in quantities if quantity in CURVED]
    check_kernels(kernels, [*quantities, *squared])


def _change(kernels: xr.Dataset, name: str, given: ChangeOf) -> xr.DataArray:
    """The change of a variable in its own unit; that of the AOD as a share of it."""
    if isinstance(given, xr.DataArray):
        change = _on_cells(given, kernels, name)
        return _share_of_aod(kernels, change) if name == "aod" else change
    number, is_share = _number(name, given)
    if name == "aod":
        change = xr.DataArray(number)
        return change if is_share else _share_of_aod(kernels, change)
    if not is_share:
        return xr.DataArray(number)
    if name not in kernels:
        raise InputError(
            f"delta: the dataset does not hold {name}, of which {given} is to be taken; give the "
            "change as a number or a field."
        )
    return number * kernels[name]


def _number(name: str, given: float | str) -> tuple[float, bool]:
    """A change as a number, and whether it is a share of the variable."""
    text = str(given).strip()
    is_share = text.endswith("%")
    try:
        number = float(text[:-1]) / 100.0 if is_share else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(
            f"delta: {name}={given!r} is not allowed; give a number, a field, or a text such as "
            "'+10%' or '-0.02'."
        )
    return number, is_share


def _share_of_aod(kernels: xr.Dataset, change: xr.DataArray) -> xr.DataArray:
    """A change of the AOD over the AOD."""
    if "aod" not in kernels:
        raise InputError(
            "delta: the dataset does not hold aod; give its change as a share, or that of log_aod."
        )
    aod = kernels["aod"]
    bare = (aod == 0.0) & (change != 0.0)
    if bool(bare.any()):
        raise InputError(
            f"delta: aod changes in {int(bare.sum())} cells and months that have no aerosol, of "
            "which the kernels by log_aod tell nothing. Give a field that is 0 there."
        )
    return change / aod.where(aod != 0.0, 1.0)


def _on_cells(field: xr.DataArray, kernels: xr.Dataset, name: str) -> xr.DataArray:
    """A field on the axes of the kernels; its months may be along `month`."""
    if "month" in field.dims and "month" in kernels.coords and "month" not in kernels.dims:
        missing = set(kernels["month"].values.tolist()) - set(field["month"].values.tolist())
        if missing:
            raise InputError(f"delta: the field of {name} lacks the months {sorted(missing)}.")
        field = field.sel(month=kernels["month"])
    bare = field.drop_vars([axis for axis in field.coords if axis not in field.dims])
    for axis in bare.dims:
        own, theirs = bare.coords.get(axis), kernels.coords.get(axis)
        if own is None or theirs is None or not _are_same(own, theirs):
            raise InputError(
                f"delta: the field of {name} is on another {axis} axis than the kernels; bring it "
                "to their cells and months first."
            )
        bare = bare.assign_coords({axis: theirs.variable})
    if not bool(np.isfinite(bare).all()):
        raise InputError(f"delta: the field of {name} holds missing values; give 0 for no change.")
    return bare


def _are_same(axis: xr.DataArray, other: xr.DataArray) -> bool:
    if axis.size != other.size:
        return False
    if axis.dtype.kind == "f" and other.dtype.kind == "f":
        return same_axis(axis.values, other.values)
    return bool((axis.values == other.values).all())


def _relative_change_of_aod(changes: Mapping[str, xr.DataArray]) -> xr.DataArray:
    """The t of AOD' = (1 + t) AOD; 0 where the AOD is not changed."""
    if LOG_AOD in changes:
        return xr.apply_ufunc(np.expm1, changes[LOG_AOD])
    return changes.get("aod", xr.DataArray(0.0))


def _changed_inputs(
    kernels: xr.Dataset, changes: Mapping[str, xr.DataArray], relative: xr.DataArray
) -> dict[str, xr.DataArray]:
    """The changed variables, as far as the dataset holds them."""
    others = [name for name in changes if name not in (LOG_AOD, "aod") and name in kernels]
    inputs = {name: kernels[name] + changes[name] for name in others}
    if {LOG_AOD, "aod"} & set(changes) and "aod" in kernels:
        inputs["aod"] = kernels["aod"] * (1.0 + relative)
    return inputs


def _outside(inputs: Mapping[str, xr.DataArray]) -> xr.DataArray:
    """Where a changed variable is not within its physical range."""
    outside = xr.DataArray(False)
    for name, values in inputs.items():
        variable = VARIABLES.get(name, VARIABLES["cloud_fraction"])
        left = xr.zeros_like(values, dtype=bool)
        outside = outside | left.copy(data=variable.out_of_range(values.values))
    return outside


def _terms(
    forcing: str, changes: Mapping[str, xr.DataArray], relative: xr.DataArray
) -> tuple[list[Term], list[Term]]:
    """The first-order and the second-order parts of the change of a forcing."""
    first, second = [], []
    for name, change in changes.items():
        quantity = quantity_of(name)
        if is_unrelated(quantity, forcing):
            continue
        own, squared = (kernel_name(quantity, forcing, squared=order) for order in (False, True))
        if quantity == LOG_AOD:
            first.append(Term(own, relative))
            second.append(Term(own, -0.5 * relative**2))
            second.append(Term(squared, 0.5 * relative**2))
            continue
        first.append(Term(own, change))
        second.append(Term(own, relative * change))
        if quantity in CURVED:
            second.append(Term(squared, 0.5 * change**2))
    return first, second


def _combined(terms: list[Term]) -> dict[str, xr.DataArray]:
    """The factor of each kernel in all terms together."""
    factors: dict[str, xr.DataArray] = {}
    for name, factor in terms:
        factors[name] = factors[name] + factor if name in factors else factor
    return factors


def _sum(kernels: xr.Dataset, terms: list[Term]) -> xr.DataArray:
    parts = [kernels[name] * factor for name, factor in _combined(terms).items()]
    return sum(parts, start=xr.DataArray(0.0))


def _error_bound(kernels: xr.Dataset, terms: list[Term]) -> xr.DataArray:
    """Sum of the standard errors of the terms, however they hang together."""
    parts = [
        kernels[f"{name}{STDERR_SUFFIX}"] * abs(factor) for name, factor in _combined(terms).items()
    ]
    return sum(parts, start=xr.DataArray(0.0))


def _is_large(
    kernels: xr.Dataset, second: list[Term], *, than: list[Term], limit: float
) -> xr.DataArray:
    """Where the second-order part is surely above a share of the first-order parts."""
    parts = [abs(kernels[name] * factor) for name, factor in than]
    allowed = limit * sum(parts, start=xr.DataArray(0.0))
    sure = abs(_sum(kernels, second)) - _SURE * _error_bound(kernels, second)
    return sure > allowed


def _forcing(kernels: xr.Dataset, name: str, terms: list[Term]) -> dict[str, xr.DataArray]:
    """A forcing and its change, with their errors."""
    change, error = _sum(kernels, terms), _error_bound(kernels, terms)
    return {
        name: kernels[name] + change,
        f"{name}{STDERR_SUFFIX}": kernels[f"{name}{STDERR_SUFFIX}"] + error,
        f"{name}{CHANGE_SUFFIX}": change,
        f"{name}{CHANGE_SUFFIX}{STDERR_SUFFIX}": error,
    }


def _dataset(
    kernels: xr.Dataset, result: Mapping[str, xr.DataArray], inputs: Mapping[str, xr.DataArray]
) -> xr.Dataset:
    """The result on the axes of the kernels, with the aerosol that belongs to it."""
    shape = kernels[forcings_of(kernels)[0]]
    fields = {
        name: array.broadcast_like(shape).transpose(*shape.dims) for name, array in result.items()
    }
    kept = {name: kernels[name] for name in (*OPTICAL, *_BOUNDS) if name in kernels}
    whole = kept | dict(inputs) | fields
    return stamp(xr.Dataset(whole, coords=shape.coords, attrs=kernels.attrs))


def _told(given: ChangeOf) -> str:
    """A change in words."""
    if isinstance(given, xr.DataArray):
        return f"by a field with the mean {float(given.mean()):+.4g}"
    return given if isinstance(given, str) else f"{given:+g}"
