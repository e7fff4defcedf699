"""The registry of variables: names, units, CF metadata, aliases and physical limits.

The registry itself is the file `variables.toml`. Every public edge of the package takes the
attributes of its output from here, because xarray keeps attributes through arithmetic: `1 - ssa`
would still be called a single scattering albedo.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import product
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import xarray as xr

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
_OWN_ATTRIBUTES = (
    "origin", "missing_cells", "filled_cells", "rounded_cells", "flag_values", "flag_meanings",
)  # fmt: skip


@dataclass(frozen=True)
class Variable:
    """What the package knows about one quantity; the fields are explained in `variables.toml`."""

    name: str
    long_name: str
    units: str = ""
    standard_name: str = ""
    former_standard_names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
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
    text = files("aeroforcing.core").joinpath("variables.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)
    lists: dict[str, dict[str, Any]] = {
        name: {key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()}
        for name, entry in entries.items()
    }
    variables = {name: Variable(name=name, **entry) for name, entry in lists.items()}
    return MappingProxyType(variables | {k.name: k for k in _kernels()})


def _kernels() -> Iterator[Variable]:
    """The registry entries of the radiative kernels, from the words of kernels.toml."""
    text = files("aeroforcing.core").joinpath("kernels.toml").read_text(encoding="utf-8")
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
