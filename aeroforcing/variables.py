"""The registry of variables: names, units, CF metadata, aliases and physical limits.

The registry itself is the file `variables.toml`. Every public edge of the package takes the
attributes of its output from here, because xarray keeps attributes through arithmetic: `1 - ssa`
would still be called a single scattering albedo.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import product
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from aeroforcing.constants import REFERENCE_WAVELENGTH
from aeroforcing.errors import InputError
from aeroforcing.wrong_values import check_numbers, first_place

XarrayObject = TypeVar("XarrayObject", xr.DataArray, xr.Dataset)

STDERR_SUFFIX = "_stderr"
# What the errors of a variable are called besides its standard error, and what they are errors by.
INPUT_ERROR_SUFFIXES = {
    "_sampling_error": "by the sampling",
    "_input_error": "by the errors of the inputs",
    "_total_error": "by sampling and inputs",
    "_input_error_part": "by the error of one input",
}
ERROR_SUFFIXES = (STDERR_SUFFIX, *INPUT_ERROR_SUFFIXES)
CHANGE_SUFFIX = "_change"
# Means that a variable's name may begin with.
_MEANS = {
    "annual_": "annual mean",
    "zonal_": "annual and zonal mean",
    "regional_": "annual and regional mean",
}
CLIMATOLOGY_BOUNDS = "climatology_bnds"
TIME_BOUNDS = "time_bnds"

# What a variable says about its own data, which no registry can know.
_OWN_ATTRIBUTES = ("origin", "missing_cells", "filled_cells", "flag_values", "flag_meanings")


@dataclass(frozen=True)
class Variable:
    """What the package knows about one quantity; the fields are explained in `variables.toml`."""

    name: str
    long_name: str
    units: str = ""
    standard_name: str = ""
    aliases: tuple[str, ...] = ()
    valid_min: float = -np.inf
    valid_max: float = np.inf
    open_range: bool = False
    comment: str = ""
    colormap: str = ""
    axis: str = ""
    bounds: str = ""
    wavelength: float = np.nan
    flags: Mapping[str, int] = field(default_factory=dict)
    written_only: bool = False

    @property
    def attributes(self) -> dict[str, Any]:
        """The CF attributes of the variable in a file."""
        names = ("standard_name", "long_name", "units", "axis", "comment")
        texts = {name: getattr(self, name) for name in names if getattr(self, name)}
        return texts | (flag_attributes(self.flags) if self.flags else {})

    @property
    def allowed(self) -> str:
        """The allowed range in words, e.g. "0 to 10" or "between -1 and 1 (both excluded)"."""
        if self.flags:
            return ", ".join(f"{value} ({meaning})" for meaning, value in self.flags.items())
        if self.open_range:
            return f"between {self.valid_min:g} and {self.valid_max:g} (both excluded)"
        return f"{self.valid_min:g} to {self.valid_max:g}"

    def out_of_range(self, values: np.ndarray) -> np.ndarray:
        """Mask of the values outside the allowed range; infinity is outside, NaN is not."""
        if self.flags:
            outside = ~np.isin(values, list(self.flags.values())) & ~np.isnan(values)
        elif self.open_range:
            outside = (values <= self.valid_min) | (values >= self.valid_max)
        else:
            outside = (values < self.valid_min) | (values > self.valid_max)
        return outside | np.isinf(values)


def flag_attributes(flags: Mapping[str, int]) -> dict[str, Any]:
    """The CF attributes of a flag variable of 8-bit integers, from the values by their meanings."""
    return {
        "flag_values": np.array(list(flags.values()), dtype=np.int8),
        "flag_meanings": " ".join(flags),
    }


def _read_registry() -> Mapping[str, Variable]:
    text = files("aeroforcing").joinpath("variables.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)
    variables = {
        name: Variable(name=name, **{**entry, "aliases": tuple(entry.get("aliases", ()))})
        for name, entry in entries.items()
    }
    return MappingProxyType(variables | {k.name: k for k in _kernels()})


def _kernels() -> Iterator[Variable]:
    """The registry entries of the radiative kernels, from the words of kernels.toml."""
    text = files("aeroforcing").joinpath("kernels.toml").read_text(encoding="utf-8")
    words = tomllib.loads(text)
    clouds = {
        f"cloud_{name}": f"the share of the sky under {of}" for name, of in words["clouds"].items()
    }
    for quantities, order, skies in (
        (words["quantities"], "derivative", words["skies"]),
        (words["second"], "second derivative", words["skies"]),
        (clouds, "derivative", {"": words["skies"][""]}),
    ):
        for (quantity, of), (level, at), (suffix, sky) in product(
            quantities.items(), words["levels"].items(), skies.items()
        ):
            yield Variable(
                name=f"kernel_{quantity}_{level}{suffix}",
                long_name=f"{order} of the total aerosol direct radiative effect at {at}, {sky}, "
                f"with respect to {of}",
                units=words["units"],
                colormap=words["colormap"],
                written_only=True,
            )


VARIABLES: Mapping[str, Variable] = _read_registry()


def lookup(name: str) -> Variable | None:
    """Registry entry of a variable name; None if unknown.

    Errors (`<name>_stderr`, `<name>_input_error` and the like), changes (`<name>_change`) and means
    (`annual_<name>`, `zonal_<name>`, `regional_<name>`) are derived from the variable `name`.
    """
    if name in VARIABLES:
        return VARIABLES[name]
    for suffix in (*ERROR_SUFFIXES, CHANGE_SUFFIX):
        if name.endswith(suffix):
            parent = lookup(name.removesuffix(suffix))
            return None if parent is None else _derived(parent, name, suffix)
    for prefix, mean in _MEANS.items():
        if name.startswith(prefix):
            parent = lookup(name.removeprefix(prefix))
            return None if parent is None else _mean_of(parent, name, mean)
    return None


def _derived(parent: Variable, name: str, suffix: str) -> Variable:
    """The entry of an error or a change of a variable."""
    is_change = suffix == CHANGE_SUFFIX
    cause = INPUT_ERROR_SUFFIXES.get(suffix, "")
    what = "change by other inputs of the" if is_change else "standard error of"
    modified = suffix == STDERR_SUFFIX and parent.standard_name
    return replace(
        parent,
        name=name,
        long_name=f"{what} {parent.long_name} {cause}".rstrip(),
        standard_name=f"{parent.standard_name} standard_error" if modified else "",
        aliases=(),
        valid_min=-np.inf if is_change else 0.0,
        valid_max=np.inf,
        open_range=False,
        comment="",
        colormap="RdBu_r" if is_change else "viridis",
    )


def _mean_of(parent: Variable, name: str, mean: str) -> Variable:
    """The entry of a mean of a variable."""
    return replace(parent, name=name, long_name=f"{mean} of the {parent.long_name}", aliases=())


def stamp(data: XarrayObject) -> XarrayObject:
    """Give every known variable exactly the attributes of the registry.

    What a variable says about its own data is kept: `origin`, how many cells are missing or were
    filled, and the meanings of flags.

    In a Dataset the links between variables are set too: `ancillary_variables` to the standard
    error, `bounds` of the axes, and `climatology` of the time where the dataset holds
    climatological bounds. Unknown names and the dataset's own attributes are left alone.

    Parameters
    ----------
    data
        Dataset or DataArray; a DataArray is known by its name.

    Returns
    -------
    A shallow copy of the same type.
    """
    stamped = data.copy(deep=False)
    members = set(data.variables) if isinstance(data, xr.Dataset) else set(data.coords)
    targets = {str(name): stamped[name] for name in members}
    if isinstance(stamped, xr.DataArray) and stamped.name is not None:
        targets[str(stamped.name)] = stamped
    for name, array in targets.items():
        variable = lookup(name)
        if variable is not None:
            own = {key: array.attrs[key] for key in _OWN_ATTRIBUTES if key in array.attrs}
            array.attrs = variable.attributes | own | _links(variable, members)
    return stamped


def _links(variable: Variable, members: set) -> dict[str, str]:
    """Attributes that name other variables of the same dataset."""
    links = {}
    if variable.bounds in members:
        links["bounds"] = variable.bounds
    if f"{variable.name}{STDERR_SUFFIX}" in members:
        links["ancillary_variables"] = f"{variable.name}{STDERR_SUFFIX}"
    if variable.name == "time" and CLIMATOLOGY_BOUNDS in members:
        links["climatology"] = CLIMATOLOGY_BOUNDS
    return links


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
