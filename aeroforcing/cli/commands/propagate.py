"""`aeroforcing propagate`: what the errors of the inputs mean for a forcing map."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.common import (
    add_positional,
    add_run_arguments,
    effective_options,
    input_file,
    print_options,
    target_of,
    write_documented,
)
from aeroforcing.cli.options import SHARE, TEXT, TEXTS, Option
from aeroforcing.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

SUMMARY = "Propagate errors of the inputs through the kernels of a forcing map: an error budget."

EXAMPLES = """\
The file is made by `aeroforcing grid --kernels`, that of the examples by
`aeroforcing grid --months 1 --grid T21 --kernels -o kernels.nc`. --error may be repeated: a
variable (aod, ssa, asymmetry, angstrom, coalbedo_angstrom, surface_albedo, cloud_cumulus, ...) with
a number, a share (10%), both (0.05+15%) or a preset; or a preset alone, for all that it tells:
aeronet, aeronet_by_load, modis_dark_target, misr, modis_albedo. Errors are standard deviations. The
sampling error, the errors due to each input and to all inputs, and the total are stored for cells
and means.

examples:
  aeroforcing propagate kernels.nc -o errors.nc --error aod=modis_dark_target --error ssa=0.03
  aeroforcing propagate kernels.nc -o near.nc --error aeronet --correlation 1000km
"""

FILE = Option("file", TEXT, None, "netCDF file of a forcing with kernels", "FILE.nc")
ERROR = Option("error", TEXTS, ["aeronet"], "error of a variable, or a preset (aeronet)", "E")
SETTINGS = (
    Option(
        "correlation",
        TEXT,
        "systematic",
        "of errors in different cells: none, systematic, or a length such as '1000 km' or "
        "'gaussian 1000 km' (systematic)",
        "C",
    ),
    Option(
        "month-correlation",
        SHARE,
        None,
        "correlation of errors in different months (1; 0 with none)",
        "R",
    ),
)
OPTIONS = (FILE, ERROR, *SETTINGS)
_TITLE = "Error budget of the direct aerosol shortwave radiative forcing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_positional(parser, FILE, nargs="?")
    parser.add_argument(
        "--error",
        action="append",
        metavar="VARIABLE=E",
        default=argparse.SUPPRESS,
        help=ERROR.help,
    )
    add_run_arguments(parser, SETTINGS)
    parser.add_argument("--json", action="store_true", help="print the budget as JSON")


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    options = effective_options(args, OPTIONS)
    if args.dump_config:
        return print_options(options)
    if options["file"] is None:
        raise InputError("give the file of a forcing with kernels.")
    from aeroforcing.analysis.error_budget import as_text, budget

    target = target_of(args)
    found = _propagated(options)
    write_documented(found, target, options=options, args=args, title=_TITLE)
    print(json.dumps(budget(found), indent=2) if args.json else as_text(found))
    return 0


def _propagated(options: dict[str, Any]) -> xr.Dataset:
    from aeroforcing.analysis.error_propagation import propagate
    from aeroforcing.core.canonical import canonicalise
    from aeroforcing.core.netcdf import open_input
    from aeroforcing.inputs.uncertainty import errors_from_words

    path = input_file(options["file"])
    return propagate(
        canonicalise(open_input(path), source=path.name),
        errors_from_words(options["error"]),
        correlation=options["correlation"],
        month_correlation=options["month-correlation"],
    )
