"""`aeroforcing grid`: forcing maps from built-in or given inputs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from aeroforcing.commands.common import (
    AT_LEAST_1,
    add_positional,
    add_run_arguments,
    documented,
    effective_options,
    input_file,
    print_options,
    target_of,
)
from aeroforcing.commands.input_options import (
    INPUT,
    INPUT_OPTIONS,
    are_combined,
    grid_of_run,
    inputs_text,
    resolved,
)
from aeroforcing.config import POSITIVE, TEXT, Option, dump_config, integer_from, one_of
from aeroforcing.errors import InputError
from aeroforcing.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

SUMMARY = "Make monthly maps of the aerosol forcing, clear-sky and all-sky."

EXAMPLES = """\
An input file may hold any of the variables aod, ssa, asymmetry, angstrom, coalbedo_angstrom,
surface_albedo, cloud_fraction and cloud_optical_depth over (month or time, lat, lon), by these
names, by their CF standard names or by usual aliases; the built-in inputs supply the others.

examples:
  aeroforcing grid -o forcing.nc
  aeroforcing grid --months 1,7 --grid T21 --sky clear --photons 256 -o quick.nc
"""

OPTIONS = (
    *INPUT_OPTIONS,
    Option("sky", one_of("all", "clear", "both"), "both", "all, clear or both skies (both)", "SKY"),
    Option(
        "stderr-target",
        POSITIVE,
        None,
        "aim at this rms standard error of the forcing at the top of the atmosphere [W m-2]",
        "W",
    ),
    Option("photons", AT_LEAST_1, None, "samples for each cell and month", "N"),
    Option("seed", integer_from(0), 0, "seed of the random numbers (0)", "S"),
    Option("gas-table", TEXT, "g112", "g112, or the file of another RRTMGP table (g112)", "F"),
)
RUN_OPTIONS = (INPUT, *OPTIONS)
_EFFORT = ("photons", "stderr-target")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_positional(parser, INPUT, nargs="?")
    add_run_arguments(parser, OPTIONS)
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="threads (all processors)")
    parser.add_argument("--dry-run", action="store_true", help="check everything, compute nothing")
    parser.add_argument("--json", action="store_true", help="print the global means as JSON")


def _jobs(text: str) -> int:
    return Option("jobs", AT_LEAST_1, None, "").from_argument(text)


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    options = effective_options(args, RUN_OPTIONS, exclusive=_EFFORT)
    if None not in (options["photons"], options["stderr-target"]):
        raise InputError("photons and stderr-target both set the precision. Give one of them.")
    if args.dump_config:
        return print_options(options)
    if args.dry_run:
        return _check_only(options, args)
    import logging

    log = logging.getLogger(__name__)
    target = target_of(args)
    log.info("options:\n%s", dump_config(options))
    forcing = _forcing(options, args)
    _write(forcing, target, options=options, args=args)
    log.info("wrote %s", target)
    if not args.quiet:
        print(inputs_text(forcing.attrs["inputs"]), file=sys.stderr)
    _print_summary(forcing, as_json=args.json)
    return 0


def _check_only(options: dict[str, Any], args: argparse.Namespace) -> int:
    """Read and check the inputs and the output's place, and say what a run would use."""
    from aeroforcing.inputs import provenance

    if args.output is not None:
        target_of(args)
    print(inputs_text("\n".join(provenance(resolved(options)))))
    return 0


def _forcing(options: dict[str, Any], args: argparse.Namespace) -> xr.Dataset:
    from aeroforcing.gridded import grid_forcing
    from aeroforcing.inputs import provenance

    name = options["input"]
    combined = resolved(options) if are_combined(options) else None
    with Progress("forcing", quiet=args.quiet) as progress:
        forcing = grid_forcing(
            (None if name is None else input_file(name)) if combined is None else combined,
            grid=grid_of_run(options),
            months=options["months"],
            stderr_target=options["stderr-target"],
            photons=options["photons"],
            seed=options["seed"],
            sky=options["sky"],
            gas_table=options["gas-table"],
            fill_missing=options["fill-missing"],
            jobs=args.jobs,
            progress=progress,
        )
    if combined is None:
        return forcing
    return forcing.assign_attrs(inputs="\n".join(provenance(combined)))


def _write(
    forcing: xr.Dataset, target: Path, *, options: dict[str, Any], args: argparse.Namespace
) -> None:
    from aeroforcing.netcdf import write_netcdf

    title = "Direct aerosol shortwave radiative forcing"
    complete = documented(forcing, options=options, args=args, title=title)
    write_netcdf(complete, target, overwrite=args.overwrite)


def _print_summary(forcing: xr.Dataset, *, as_json: bool) -> None:
    from aeroforcing.summary import as_text, summarise

    summary = summarise(forcing)
    print(json.dumps(summary, indent=2) if as_json else as_text(summary))
