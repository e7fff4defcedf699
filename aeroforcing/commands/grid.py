"""`aeroforcing grid`: forcing maps from built-in or given inputs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from aeroforcing.config import (
    FLAG,
    MONTHS,
    POSITIVE,
    TEXT,
    Option,
    add_options,
    dump_config,
    effective,
    integer_from,
    one_of,
    read_config,
)
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

INPUT = Option("input", TEXT, None, "netCDF file with inputs that replace built-in ones")
OPTIONS = (
    Option("months", MONTHS, list(range(1, 13)), "calendar months, such as 1,7 (all)", "M,M,..."),
    Option("grid", TEXT, "T42", "a Gaussian grid, or native: that of the AOD (T42)", "G"),
    Option("sky", one_of("all", "clear", "both"), "both", "all, clear or both skies (both)", "SKY"),
    Option(
        "stderr-target",
        POSITIVE,
        None,
        "aim at this rms standard error of the forcing at the top of the atmosphere [W m-2]",
        "W",
    ),
    Option("photons", integer_from(1), None, "samples for each cell and month", "N"),
    Option("seed", integer_from(0), 0, "seed of the random numbers (0)", "S"),
    Option("gas-table", TEXT, "g112", "g112, or the file of another RRTMGP table (g112)", "F"),
    Option("fill-missing", FLAG, False, "fill missing input cells from the built-in inputs"),
)
RUN_OPTIONS = (INPUT, *OPTIONS)
_EFFORT = ("photons", "stderr-target")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "input", nargs="?", metavar="INPUT.nc", default=argparse.SUPPRESS, help=INPUT.help
    )
    parser.add_argument("-o", "--output", metavar="OUT.nc", help="the file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output")
    add_options(parser, OPTIONS)
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="threads (all processors)")
    parser.add_argument(
        "--config", metavar="F", help="read options from a TOML file, or from a file made before"
    )
    parser.add_argument("--dump-config", action="store_true", help="print the options as TOML")
    parser.add_argument("--dry-run", action="store_true", help="check everything, compute nothing")
    parser.add_argument("--json", action="store_true", help="print the global means as JSON")


def _jobs(text: str) -> int:
    return Option("jobs", integer_from(1), None, "").from_argument(text)


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    options = _options(args)
    if args.dump_config:
        sys.stdout.write(dump_config(options))
        return 0
    if args.dry_run:
        return _check_only(options, args)
    import logging

    log = logging.getLogger(__name__)
    target = _target(args)
    log.info("options:\n%s", dump_config(options))
    forcing = _forcing(options, args)
    _write(forcing, target, options=options, args=args)
    log.info("wrote %s", target)
    if not args.quiet:
        print(_inputs_text(forcing.attrs["inputs"]), file=sys.stderr)
    _print_summary(forcing, as_json=args.json)
    return 0


def _check_only(options: dict[str, Any], args: argparse.Namespace) -> int:
    """Read and check the inputs and the output's place, and say what a run would use."""
    from aeroforcing.inputs import provenance, resolve_inputs

    if args.output is not None:
        _target(args)
    inputs = resolve_inputs(
        options["input"],
        grid=_grid(options),
        months=options["months"],
        fill_missing=options["fill-missing"],
    )
    print(_inputs_text("\n".join(provenance(inputs))))
    return 0


def _inputs_text(provenance: str) -> str:
    return "inputs:\n" + "\n".join(f"  {line}" for line in provenance.splitlines())


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """The options of the run from the command line, the config file and the defaults."""
    names = {option.name for option in RUN_OPTIONS}
    given = {name: value for name, value in vars(args).items() if name in names}
    read = read_config(args.config, RUN_OPTIONS) if args.config else {}
    if any(name in given for name in _EFFORT):
        read = {name: value for name, value in read.items() if name not in _EFFORT}
    options = effective(RUN_OPTIONS, given=given, read=read)
    if None not in (options["photons"], options["stderr-target"]):
        raise InputError("photons and stderr-target both set the precision. Give one of them.")
    return options


def _target(args: argparse.Namespace) -> Path:
    """The output file, checked before anything is computed."""
    from aeroforcing.netcdf import check_target

    if args.output is None:
        raise InputError("no output file. Name it with -o OUT.nc.")
    return check_target(args.output, overwrite=args.overwrite)


def _forcing(options: dict[str, Any], args: argparse.Namespace) -> xr.Dataset:
    from aeroforcing.gridded import grid_forcing

    with Progress("forcing", quiet=args.quiet) as progress:
        return grid_forcing(
            options["input"],
            grid=_grid(options),
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


def _grid(options: dict[str, Any]) -> str | None:
    return None if options["grid"] == "native" else options["grid"]


def _write(
    forcing: xr.Dataset, target: Path, *, options: dict[str, Any], args: argparse.Namespace
) -> None:
    from aeroforcing.netcdf import write_netcdf
    from aeroforcing.provenance import with_provenance

    complete = with_provenance(
        forcing,
        command=args.command,
        config=dump_config(options),
        title="Direct aerosol shortwave radiative forcing",
    )
    write_netcdf(complete, target, overwrite=args.overwrite)


def _print_summary(forcing: xr.Dataset, *, as_json: bool) -> None:
    from aeroforcing.summary import as_text, summarise

    summary = summarise(forcing)
    print(json.dumps(summary, indent=2) if as_json else as_text(summary))
