"""Canonical names: which variable of a dataset is which, in which units, within which limits.

`canonicalise` finds variables by their canonical names, CF standard names or usual aliases,
converts their units, checks their ranges, and says of wrong values how many there are and which is
the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xarray as xr

from aeroforcing.core.checks import check_numbers, first_place
from aeroforcing.core.errors import InputError
from aeroforcing.core.recognition import Claim, Names, Recognised
from aeroforcing.core.units import factor_between, in_degrees
from aeroforcing.core.variables import VARIABLES, Variable, lookup, stamp
from aeroforcing.core.wavelengths import (
    Member,
    brought_to_reference,
    coordinate,
    is_reference,
    not_at_reference,
    values_of,
)

# Shares of a range, by which rounding and packing may put values outside of it.
_ROUNDING, _LARGEST_STEP = 1e-5, 1e-3

_FACTOR = re.compile(r"scale(_?factor)?|slope|multiplier|gain", re.IGNORECASE)

OPTICAL = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom")


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
        f"first at {first_place(array.copy(data=bad))} with the value {values[bad][0]:.9g}; "
        f"allowed is {variable.allowed}. {_range_hint(values[bad], variable)}"
    )


def set_to_edges(dataset: xr.Dataset, names: Iterable[str]) -> tuple[xr.Dataset, dict[str, int]]:
    """Values that rounding or packing has put just outside of their range, set to its edge.

    Returns
    -------
    The dataset, and how many values of each variable were so.
    """
    counts, changed = {}, {}
    for name in names:
        variable, array = VARIABLES.get(name), dataset[name]
        if variable is None or variable.open_range or array.dtype.kind != "f":
            continue
        width = variable.valid_max - variable.valid_min
        if not np.isfinite(width):
            continue
        packing = array.encoding.get("scale_factor", 0.0)
        step = abs(float(packing)) if np.ndim(packing) == 0 else 0.0
        within = min(max(_ROUNDING * width, step / 2.0), _LARGEST_STEP * width)
        values = array.values
        outside = variable.out_of_range(values) & ~np.isinf(values)
        outside &= (values >= variable.valid_min - within) & (values <= variable.valid_max + within)
        if outside.any():
            counts[name] = int(outside.sum())
            edges = np.clip(values, variable.valid_min, variable.valid_max).astype(values.dtype)
            changed[name] = array.copy(data=np.where(outside, edges, values))
    return dataset.assign(changed), counts


def _range_hint(bad: np.ndarray, variable: Variable) -> str:
    """The most likely reason for values out of range, and what to do."""
    if np.isinf(bad).any():
        return "Mark missing cells by NaN or _FillValue, not by infinity."
    if bad.min() <= -99 or bad.max() >= 1e10:
        return "If this marks missing cells, declare it as _FillValue."
    if variable.valid_max in (1.0, 10.0) and bad.max() > variable.valid_max:
        return "Is it in percent? Then divide by 100, or set its units to '%'."
    return "Correct these cells, or set them to NaN if they are missing."


def canonicalise(
    dataset: xr.Dataset, *, source: str, found: Recognised | None = None
) -> xr.Dataset:
    """Bring the known variables of a dataset to canonical names, units and attributes.

    A data variable is known as `recognition` tells: by its canonical name, its CF standard_name or
    one of the aliases of the registry. Where several variables share a standard name, one with a
    known name is preferred. Of what is at other wavelengths than 550 nm, optical depths are brought
    there by the Angstrom exponent or a second wavelength of the dataset, and other properties by
    two wavelengths on either side. Scattering or absorption optical depth and absorption Angstrom
    exponent are accepted in place of SSA and co-albedo exponent (Chung 2012, Table 1,
    doi:10.5772/50248): ssa = 1 - aaod / aod (1 where there is no aerosol), coalbedo_angstrom =
    absorption_angstrom - angstrom.

    Parameters
    ----------
    dataset
        Any dataset; unknown variables and all coordinates are left alone.
    source
        File or other origin, for the messages.
    found
        What its variables are, if that is known already.

    Raises
    ------
    InputError
        Two variables claim the same name, a unit is unknown, a variable does not hold numbers or
        has a wavelength coordinate other than 550 nm.
    """
    dataset = in_degrees(dataset)
    found = NAMES.in_dataset(dataset, source=source) if found is None else found
    made = {new for new, claims in found.elsewhere.items() if _can_be_left(claims)}
    names = {olds[0]: new for new, olds in found.names.items() if new not in found.elsewhere}
    _check_free(dataset, names, source)
    renamed = dataset.rename({old: new for old, new in names.items() if old != new})
    in_units = renamed.assign(
        {new: converted(renamed[new], VARIABLES[new], source) for new in names.values()}
    )
    for new, claims in found.elsewhere.items():
        at_reference = _at_reference(in_units, VARIABLES[new], claims, source)
        if at_reference is None and new in made:
            continue
        if at_reference is None:
            raise not_at_reference(
                new, _members(in_units, VARIABLES[new], claims, source), source=source
            )
        in_units = _in_place_of(in_units, claims, new, at_reference[0])
    result = stamp(_with_coalbedo_exponent(_with_ssa(in_units)))
    for name in _results_in(dataset):
        result[name].attrs = dict(dataset[name].attrs)
    return result


def how_elsewhere(
    dataset: xr.Dataset, found: Recognised, *, source: str, needed: Sequence[str] = ()
) -> dict[str, str]:
    """How each quantity that is not at 550 nm is brought there, in words, as far as it can be.

    Raises
    ------
    InputError
        A needed one cannot be brought there.
    """
    exponent = found.names.get("angstrom", ("angstrom",))[0]
    is_there = exponent in dataset.data_vars
    known = (
        dataset.rename({exponent: "angstrom"}) if is_there and exponent != "angstrom" else dataset
    )
    told = {}
    for new, claims in found.elsewhere.items():
        variable = VARIABLES[new]
        made = _at_reference(known, variable, claims, source, name_of_exponent=exponent)
        if made is not None:
            told[new] = made[1]
        elif new in needed:
            raise not_at_reference(new, _members(known, variable, claims, source), source=source)
    return told


def _can_be_left(claims: Sequence[Claim]) -> bool:
    """Whether the names say that these are other quantities, such as od440aer."""
    return all(claim.says_so or not claim.by_name for claim in claims)


def _members(
    dataset: xr.Dataset, variable: Variable, claims: Sequence[Claim], source: str
) -> list[Member]:
    """A quantity at each of the wavelengths that it is known at."""
    members = []
    for claim in claims:
        array = converted(dataset[claim.name], variable, source)
        axis = coordinate(array)
        if claim.wavelength is not None and not np.isnan(claim.wavelength):
            bare = array if axis is None else array.drop_vars(axis)
            members.append(Member(claim.wavelength, bare, claim.name))
        elif axis is not None:
            nanometres = values_of(array[axis], source=source)
            _check_wavelengths(nanometres, axis, source)
            (dim,) = array[axis].dims
            members += [
                Member(float(nm), array.isel({dim: i}).drop_vars(axis), claim.name)
                for i, nm in enumerate(nanometres)
            ]
    return members


def _check_wavelengths(nanometres: np.ndarray, axis: str, source: str) -> None:
    bad = ~np.isfinite(nanometres) | (nanometres <= 0.0)
    if bad.any() or np.unique(nanometres).size != nanometres.size or nanometres.size == 0:
        raise InputError(
            f"{source}: the wavelengths of {axis} are not positive numbers, each once: "
            f"{np.array2string(nanometres, threshold=13)} nm. Correct them."
        )


def _at_reference(
    dataset: xr.Dataset,
    variable: Variable,
    claims: Sequence[Claim],
    source: str,
    *,
    name_of_exponent: str = "angstrom",
) -> tuple[xr.DataArray, str] | None:
    """A quantity at 550 nm from what the dataset has at other wavelengths, and how in words."""
    members = _members(dataset, variable, claims, source)
    there = next((m for m in members if is_reference(m.wavelength)), None)
    if there is not None:
        return there.values, f"{there.name} at {there.wavelength:g} nm"
    exponent = None
    if variable.name == "aod" and "angstrom" in dataset.data_vars:
        exponent = (name_of_exponent, dataset["angstrom"])
    is_depth = variable.name.startswith(("aod", "aaod", "scattering_aod"))
    return brought_to_reference(members, is_depth=is_depth, exponent=exponent)


def _in_place_of(
    dataset: xr.Dataset, claims: Sequence[Claim], new: str, values: xr.DataArray
) -> xr.Dataset:
    """The dataset with a quantity at 550 nm; what was called so before goes."""
    return dataset.drop_vars([c.name for c in claims if c.name == new]).assign({new: values})


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


NAMES = Names(VARIABLES)
"""All names that the registry knows."""


def claimed_names(dataset: xr.Dataset, *, source: str) -> dict[str, str]:
    """Present name -> canonical name of every data variable that the registry knows.

    Raises
    ------
    InputError
        Two variables claim the same name.
    """
    return NAMES.in_dataset(dataset, source=source).canonical


def converted(array: xr.DataArray, variable: Variable, source: str) -> xr.DataArray:
    """The same quantity in the units of the registry."""
    if variable.units or variable.flags:
        check_numbers(array, variable.name, source=source)
    _check_unpacked(array, variable.name, source)
    units = str(array.attrs.get("units", variable.units))
    if not variable.units or units == variable.units:
        return array
    factor = factor_between(units, variable.units)
    if factor is None:
        raise InputError(
            f"{source}: variable {variable.name} has units {units!r}; expected "
            f"{variable.units!r}. Convert the values or correct the attribute."
        )
    return array if factor == 1.0 else array.astype(float) * factor


def _check_unpacked(array: xr.DataArray, name: str, source: str) -> None:
    """Refuse whole numbers with a factor that stands in another attribute than scale_factor."""
    factors = [str(key) for key in array.attrs if _FACTOR.fullmatch(str(key))]
    if factors and array.dtype.kind in "iu":
        raise InputError(
            f"{source}: variable {name} holds whole numbers with the attribute {factors[0]}, which "
            "netCDF does not apply. Rename it to scale_factor (and the offset to add_offset), or "
            "unpack the values."
        )


def _with_ssa(dataset: xr.Dataset) -> xr.Dataset:
    if "ssa" in dataset or "aod" not in dataset:
        return dataset
    aod = dataset["aod"]
    if "aaod" in dataset:
        aaod = dataset["aaod"]
        no_aerosol = (aod == 0) & (aaod == 0)
        return dataset.assign(ssa=1 - (aaod / aod.where(~no_aerosol, 1.0)))
    if "scattering_aod" in dataset:
        scattering = dataset["scattering_aod"]
        no_aerosol = (aod == 0) & (scattering == 0)
        return dataset.assign(ssa=scattering.where(~no_aerosol, 1.0) / aod.where(~no_aerosol, 1.0))
    return dataset


def _with_coalbedo_exponent(dataset: xr.Dataset) -> xr.Dataset:
    needed = {"absorption_angstrom", "angstrom"}
    if "coalbedo_angstrom" in dataset or not needed <= set(dataset.data_vars):
        return dataset
    return dataset.assign(coalbedo_angstrom=dataset["absorption_angstrom"] - dataset["angstrom"])
