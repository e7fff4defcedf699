"""`aeroforcing fill`: the gaps of one field filled with others, bent to meet it at the edge."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.common import (
    add_positional,
    add_run_arguments,
    effective_options,
    history_of,
    input_file,
    print_options,
    target_of,
    write_documented,
)
from aeroforcing.cli.options import DISTANCES, TEXT, TEXTS, Option, one_of
from aeroforcing.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

SUMMARY = "Fill the gaps of a field with other fields, bent to meet it at the edge of the gaps."

EXAMPLES = """\
Each background fills what those before it left missing; it is brought to the grid of the primary
first. The variable `source` says for every cell where its value comes from. The primary of the
examples (MODIS in boxes of 10 x 15 degrees) comes with the package; inputs.nc is made by
`aeroforcing inputs -o inputs.nc`.

examples:
  aeroforcing fill observed_10x15.nc inputs.nc -o filled.nc
  aeroforcing fill observed_10x15.nc inputs.nc --method poisson -o poisson.nc
"""

PRIMARY = Option("primary", TEXT, None, "netCDF file of the field with gaps", "PRIMARY.nc")
BACKGROUNDS = Option(
    "backgrounds", TEXTS, None, "netCDF files that fill the gaps, best first", "BACKGROUND.nc"
)
SETTINGS = (
    Option("quantity", TEXT, "aod", "the variable to fill, such as ssa (aod)", "NAME"),
    Option("method", one_of("cressman", "poisson"), "cressman", "cressman or poisson (cressman)"),
    Option(
        "radii",
        DISTANCES,
        [3.0e6, 1.5e6, 0.75e6],
        "radii of the Cressman scans in metres, decreasing (3e6,1.5e6,7.5e5)",
        "R,R,...",
    ),
)
OPTIONS = (PRIMARY, BACKGROUNDS, *SETTINGS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_positional(parser, PRIMARY, nargs="?")
    add_positional(parser, BACKGROUNDS, nargs="*")
    add_run_arguments(parser, SETTINGS)


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    options = effective_options(args, OPTIONS)
    if args.dump_config:
        return print_options(options)
    if options["primary"] is None or not options["backgrounds"]:
        raise InputError("give a primary file and at least one background.")
    target = target_of(args)
    filled = _filled(options)
    write_documented(filled, target, options=options, args=args, title=_TITLE)
    print(_counts(filled))
    return 0


_TITLE = "Monthly field with filled gaps"


def _filled(options: dict[str, Any]) -> xr.Dataset:
    from aeroforcing.grids.grid import grid_of
    from aeroforcing.inputs.user import read_field
    from aeroforcing.observations.gap_filling import fill_gaps

    path, quantity = input_file(options["primary"]), options["quantity"]
    primary = read_field(path, quantity=quantity)
    grid = grid_of(primary)
    others = [
        read_field(input_file(name), quantity=quantity, grid=grid)
        for name in options["backgrounds"]
    ]
    result = fill_gaps(primary, *others, method=options["method"], radii=options["radii"])
    backgrounds = "; ".join(field.attrs["origin"] for field in others)
    origin = f"{primary.attrs['origin']}; gaps filled with {backgrounds}"
    result[quantity].attrs["origin"] = origin
    return result.assign_coords(
        {name: grid[name] for name in ("lat_bnds", "lon_bnds")}
    ).assign_attrs(history=history_of(path))


def _counts(filled: xr.Dataset) -> str:
    """How many values each field gave."""
    flags = filled["source"]
    names = str(flags.attrs["flag_meanings"]).split()
    numbers = flags.attrs["flag_values"]
    counts = [
        f"{name.replace('_', ' ')} {int((flags == number).sum())}"
        for name, number in zip(names, numbers, strict=True)
    ]
    return f"cells and months: {', '.join([*counts[1:], counts[0]])}"
