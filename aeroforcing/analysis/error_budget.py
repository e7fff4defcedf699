"""Error budgets in words: the errors of the means over regions, and what makes them."""

from __future__ import annotations

from typing import Any

import xarray as xr

from aeroforcing.analysis.error_propagation import ERROR_SOURCE, REGIONAL, propagate
from aeroforcing.core.kernel_names import FORCINGS, LEVELS, SKIES, quantities_of, quantity_of
from aeroforcing.inputs.uncertainty import AERONET, ErrorOf

_ROWS = {
    "mean": "",
    "sampling_error": "_sampling_error",
    "input_error": "_input_error",
    "total_error": "_total_error",
}


def known_budget(dataset: xr.Dataset) -> xr.Dataset | None:
    """The error budget of a map: its own, or by its kernels; None where it has neither.

    Parameters
    ----------
    dataset
        Result of `propagate`, or a monthly map with kernels: then the aerosol is taken to be off by
        AERONET's errors, the same everywhere.
    """
    if any(f"{REGIONAL}{name}_input_error" in dataset for name in FORCINGS):
        return dataset
    there = quantities_of(dataset)
    errors: dict[str, ErrorOf] = {v: e for v, e in AERONET.items() if quantity_of(v) in there}
    if not errors or not any(name in dataset for name in FORCINGS):
        return None
    if "aod" in errors:  # without aerosol the kernel by its logarithm tells nothing
        errors["aod"] = xr.where(dataset["aod"] > 0.0, AERONET["aod"], 0.0)
    return propagate(dataset, errors)


def budget(errors: xr.Dataset) -> dict[str, Any]:
    """Means and errors by region and forcing.

    Parameters
    ----------
    errors
        Result of `propagate`.

    Returns
    -------
    Region -> forcing -> `mean`, `sampling_error`, `input_error`, `total_error` and by source
    `input_error_parts` [W m-2].
    """
    names = [name for name in FORCINGS if f"{REGIONAL}{name}" in errors]
    return {
        str(region): {name: _of(errors.sel(region=region), name) for name in names}
        for region in errors["region"].values
    }


def _of(errors: xr.Dataset, name: str) -> dict[str, Any]:
    estimate: dict[str, Any] = {
        row: float(errors[f"{REGIONAL}{name}{suffix}"]) for row, suffix in _ROWS.items()
    }
    parts = errors[f"{REGIONAL}{name}_input_error_part"]
    sources = map(str, parts[ERROR_SOURCE].values)
    return estimate | {"input_error_parts": dict(zip(sources, parts.values.tolist(), strict=True))}


def as_text(errors: xr.Dataset) -> str:
    """The budget of the first region, the globe, as a table."""
    region, forcings = next(iter(budget(errors).items()))
    lines = [f"Aerosol forcing [W m-2], {region} mean, standard errors"]
    for sky, suffix in SKIES.items():
        columns = [forcings[n] for n in (f"forcing_{lv}{suffix}" for lv in LEVELS) if n in forcings]
        if columns:
            lines += ["", f"{sky:<24}" + "".join(f"{level:>12}" for level in LEVELS)]
            lines += [_line(row.replace("_", " "), [c[row] for c in columns]) for row in _ROWS]
            parts = [column["input_error_parts"] for column in columns]
            lines += [_line(f"  by {name}", [part[name] for part in parts]) for name in parts[0]]
    told = (f"{key}:\n{errors.attrs[key]}" for key in ("input_errors", "error_correlations"))
    return "\n".join([*lines, "", *told])


def _line(label: str, values: list[float]) -> str:
    return f"{label:<24}" + "".join(f"{value:>12.4f}" for value in values)
