"""`aeroforcing column`: the annual mean forcing of one column."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.column_options import COLUMN_OPTIONS, chosen_options, column_of, run_settings
from aeroforcing.cli.common import print_options
from aeroforcing.cli.options import add_options

if TYPE_CHECKING:
    import xarray as xr

SUMMARY = "Compute the annual mean aerosol forcing of one column."

EXAMPLES = """\
The defaults are the column of Chung (2012), Figures 1-5: tropical atmosphere, 21 degrees north.

examples:
  aeroforcing column --aod 0.2 --ssa 0.9 --latitude 21
  aeroforcing column --surface-albedo 0.3 --cloud-fraction 0.5 --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_options(parser, COLUMN_OPTIONS)
    parser.add_argument("--config", metavar="F", help="read options from a TOML file")
    parser.add_argument("--dump-config", action="store_true", help="print the options as TOML")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    options = chosen_options(args, COLUMN_OPTIONS)
    if args.dump_config:
        return print_options(options)
    from aeroforcing.analysis.sweeps import sweep

    point = sweep(
        "latitude", [options["latitude"]], column=column_of(options), **run_settings(options)
    ).isel(latitude=0)
    print(json.dumps(_as_dict(point), indent=2) if args.json else _as_text(point))
    return 0


def _as_dict(point: xr.Dataset) -> dict[str, Any]:
    """Means and errors by variable, with the settings."""
    names = [str(name) for name in point.data_vars if not str(name).endswith("_stderr")]
    estimates = {
        name: {"mean": _finite(point[name]), "stderr": _finite(point[f"{name}_stderr"])}
        for name in names
    }
    return {"latitude": float(point["latitude"]), **point.attrs, **estimates}


def _finite(value: xr.DataArray) -> float | None:
    """The number; None, which JSON can hold, where there is none."""
    return None if bool(value.isnull()) else float(value)


def _as_text(point: xr.Dataset) -> str:
    from aeroforcing.analysis.sweep_columns import latitude_words

    heading = "".join(f"{level:>17}" for level in ("TOA", "atmosphere", "surface"))
    place = latitude_words(float(point["latitude"]))
    column = f"Aerosol forcing [W m-2], annual mean at {place}; {point.attrs['base']}"
    lines = [column, f"{'':<12}{heading}"]
    clouds = "forcing_toa_cs" in point
    rows = {"all-sky": "", "clear-sky": "_cs"} if clouds else {"clear-sky": ""}
    lines += [f"{sky:<12}{_cells(point, f'forcing_{{}}{suffix}')}" for sky, suffix in rows.items()]
    if bool(point["forcing_efficiency_toa"].notnull()):
        lines += [
            f"{'per AOD':<12}{_cells(point, f'forcing_efficiency_{{}}{suffix}')}"
            for suffix in list(rows.values())[:1]
        ]
    return "\n".join(lines)


def _cells(point: xr.Dataset, pattern: str) -> str:
    """The three levels of one row."""
    from aeroforcing.core.kernel_names import LEVELS

    names = [pattern.format(level) for level in LEVELS]
    return "".join(
        f"{float(point[name]):+9.2f} +- {float(point[name + '_stderr']):.2f}" for name in names
    )
