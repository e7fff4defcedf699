"""What a dataset holds, for `aeroforcing info` and the report."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import xarray as xr

from aeroforcing.analysis.error_budget import known_budget
from aeroforcing.core.errors import InputError
from aeroforcing.core.kernel_names import FORCINGS
from aeroforcing.core.variables import STDERR_SUFFIX, lookup
from aeroforcing.core.version import CONFIG_ATTRIBUTE
from aeroforcing.grids.regions import REGIONS, Estimates, region_means
from aeroforcing.output.printable import printable

SETTINGS = (
    "photons", "replicates", "seed", "solar_constant", "gas_table", "missing_cells", "base",
)  # fmt: skip
PROVENANCE = (
    "title", "source", "history", "references", "inputs", "input_errors", "error_correlations",
    "changed_inputs", CONFIG_ATTRIBUTE,
)  # fmt: skip
_SHORT = {
    "global": "global",
    "land": "land",
    "ocean": "ocean",
    "northern hemisphere": "north",
    "southern hemisphere": "south",
}


def contents(dataset: xr.Dataset) -> dict[str, Any]:
    """Everything that `aeroforcing info` tells about a dataset.

    Parameters
    ----------
    dataset
        By canonical names, on any axes.

    Returns
    -------
    dict
        `dimensions`; `variables`, each with long_name, units, dimensions, least and largest value
        and the count of missing values; `means` by region and variable, or in `no_means` why there
        are none; `settings` and `provenance`. Standard errors are not listed as variables.
    """
    found: dict[str, Any] = {
        "dimensions": {str(name): size for name, size in dataset.sizes.items()},
        "variables": {name: _about(dataset[name]) for name in _names(dataset)},
        **_means(dataset),
        "settings": _attributes(dataset, SETTINGS),
        "provenance": _attributes(dataset, PROVENANCE),
    }
    return found


def _names(dataset: xr.Dataset) -> list[str]:
    names = (str(name) for name in dataset.data_vars)
    return [n for n in names if not n.endswith((STDERR_SUFFIX, "_bnds", "_bounds"))]


def _about(array: xr.DataArray) -> dict[str, Any]:
    variable = lookup(str(array.name))
    about: dict[str, Any] = {
        "long_name": variable.long_name if variable else str(array.attrs.get("long_name", "")),
        "units": variable.units if variable else str(array.attrs.get("units", "")),
        "dimensions": [str(dim) for dim in array.dims],
    }
    if array.dtype.kind in "iuf" and bool(array.notnull().any()):
        about |= {"min": float(array.min()), "max": float(array.max())}
    if array.dtype.kind == "f":
        about["missing"] = int(array.isnull().sum())
    return about


def _means(dataset: xr.Dataset) -> dict[str, Any]:
    """Means by region, or the reason why there are none."""
    if not {"lat", "lon"} <= set(dataset.dims):
        return {"means": {}, "no_means": "there are no maps"}
    try:
        means = region_means(dataset)
        _add_errors(means, dataset)
    except InputError as error:
        return {"means": {}, "no_means": str(error)}
    return {"means": {region: _numbers(estimates) for region, estimates in means.items()}}


def _add_errors(means: dict[str, Estimates], dataset: xr.Dataset) -> None:
    """Add what is known of the errors of the forcings by the inputs."""
    errors = known_budget(dataset)
    if errors is None:
        return
    for region, estimates in means.items():
        here = errors.sel(region=region)
        for name in (name for name in FORCINGS if name in estimates):
            estimates[name]["stderr"] = float(here[f"regional_{name}_sampling_error"])
            estimates[name]["input_error"] = float(here[f"regional_{name}_input_error"])


def _numbers(estimates: Estimates) -> dict[str, dict[str, float]]:
    """Without those that are missing, for which JSON has no number."""
    return {
        name: {kind: value for kind, value in estimate.items() if np.isfinite(value)}
        for name, estimate in estimates.items()
        if np.isfinite(estimate["mean"])
    }


def _attributes(dataset: xr.Dataset, names: tuple[str, ...]) -> dict[str, Any]:
    """Attributes as numbers and texts that JSON can hold."""
    present = {name: dataset.attrs[name] for name in names if name in dataset.attrs}
    return {n: v.tolist() if hasattr(v, "tolist") else v for n, v in present.items()}


def as_text(found: dict[str, Any]) -> str:
    """The same as the command prints it."""
    sections = [
        "dimensions: " + ", ".join(f"{n} {size}" for n, size in found["dimensions"].items()),
        "variables\n" + _variable_lines(found["variables"]),
        _means_text(found),
        _attribute_text("settings", found["settings"]),
        _attribute_text("provenance", found["provenance"]),
    ]
    return "\n\n".join(section for section in sections if section)


def _variable_lines(variables: dict[str, Any]) -> str:
    width = max(map(len, variables), default=0)
    return "\n".join(_variable_line(name.ljust(width), variables[name]) for name in variables)


def _variable_line(name: str, about: dict[str, Any]) -> str:
    units = f" [{printable(about['units'])}]" if about["units"] not in ("", "1") else ""
    extent = f", {about['min']:.4g} to {about['max']:.4g}" if "min" in about else ""
    missing = f", {about['missing']} missing" if about.get("missing") else ""
    return f"  {printable(name)}  {printable(about['long_name'])}{units}{extent}{missing}"


def _means_text(found: dict[str, Any]) -> str:
    """A table: a row for each variable, a column for each region."""
    if not found["means"]:
        return f"no means: {found['no_means']}"
    names = [name for name in found["variables"] if name in found["means"]["global"]]
    known = found["means"]["global"].values()
    width = 27 if any("input_error" in estimate for estimate in known) else 18
    lines = ["means" + " " * 19 + "".join(f"{_SHORT[region]:>{width}}" for region in REGIONS)]
    for name in names:
        cells = (_cell(found["means"][region].get(name)) for region in REGIONS)
        lines.append(f"  {printable(name):<22}" + "".join(f"{cell:>{width}}" for cell in cells))
    return "\n".join(lines)


def _cell(estimate: dict[str, float] | None) -> str:
    if estimate is None:
        return "-"
    if "stderr" in estimate:
        text = f"{estimate['mean']:.3f} +- {estimate['stderr']:.3f}"
        inputs = estimate.get("input_error")
        return text if inputs is None else f"{text} +- {inputs:.3f}"
    return f"{estimate['mean']:.4g}"


def _attribute_text(title: str, attributes: dict[str, Any]) -> str:
    if not attributes:
        return ""
    lines = [f"{title}"]
    for name, value in attributes.items():
        text = str(value)
        several = "\n" in text.strip()
        lines.append(f"  {name}:" + ("" if several else f" {text.strip()}"))
        if several:
            lines.append(textwrap.indent(text.strip(), "    "))
    return "\n".join(lines)
