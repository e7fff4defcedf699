"""`aeroforcing grid`: forcing maps from built-in or given inputs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.common import (
    AT_LEAST_1,
    add_positional,
    add_run_arguments,
    documented,
    effective_options,
    input_file,
    print_options,
    target_of,
)
from aeroforcing.cli.input_options import (
    AERONET,
    INPUT,
    INPUT_OPTIONS,
    are_combined,
    grid_of_run,
    inputs_text,
    resolved,
)
from aeroforcing.cli.options import (
    FLAG,
    NOT_NEGATIVE,
    POSITIVE,
    TEXT,
    Option,
    dump_config,
    integer_from,
    one_of,
)
from aeroforcing.core.errors import InputError
from aeroforcing.runs.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

SUMMARY = "Make monthly maps of the aerosol forcing, clear-sky and all-sky."

EXAMPLES = """\
An input file may hold any of the variables aod, ssa, asymmetry, angstrom, coalbedo_angstrom,
surface_albedo, cloud_fraction and cloud_optical_depth over (month or time, lat, lon), by these
names, by their CF standard names or by usual aliases; the built-in inputs supply the others.
Temperature, specific humidity and surface pressure, with ozone if known, over (..., level, lat,
lon) are the atmosphere; AOD by species (aod_dust, ...) makes AOD, SSA and asymmetry parameter.

What is finished is kept beside the output, so that the same command with --resume goes on after
a crash or Ctrl-C. Neither that nor --jobs, --workers or --chunk changes the numbers.

examples:
  aeroforcing grid -o forcing.nc
  aeroforcing grid --months 1,7 --grid T21 --sky clear --photons 256 -o quick.nc
  aeroforcing grid --months 1 --grid T21 --kernels -o kernels.nc
  aeroforcing grid --months 1,7 --grid T21 --species -o species.nc
  aeroforcing grid --grid T21 --anthropogenic 2020 -o anthropogenic.nc
"""

OPTIONS = (
    *INPUT_OPTIONS,
    Option(
        "times",
        one_of("months", "input"),
        "months",
        "calendar months, or the time steps of the input, with the sun of each (months)",
        "T",
    ),
    Option("sky", one_of("all", "clear", "both"), "both", "all, clear or both skies (both)", "SKY"),
    Option(
        "stderr-target",
        POSITIVE,
        None,
        "aim at this rms standard error of the forcing at the top of the atmosphere [W m-2]",
        "W",
    ),
    Option(
        "photons",
        AT_LEAST_1,
        None,
        "samples in a cell of AOD 0.1 for each month or time step; the other cells get theirs in "
        "proportion to their AOD (128)",
        "N",
    ),
    Option("seed", integer_from(0), 0, "seed of the random numbers (0)", "S"),
    Option("gas-table", TEXT, "g112", "g112, or the file of another RRTMGP table (g112)", "F"),
    Option(
        "delta-scale-clouds",
        FLAG,
        False,
        "cut off the forward peak of scattering by clouds: less than half the time in cloudy sky, "
        "and an all-sky forcing 0.08 W m-2 more negative at the top of the atmosphere",
    ),
    Option(
        "ocean",
        one_of("taylor", "briegleb", "jin"),
        "taylor",
        "albedo of open water after Taylor et al. (1996), Briegleb et al. (1986) or Jin et al. "
        "(2011), with the wind speed of the input or of --wind-speed (taylor)",
        "LAW",
    ),
    Option(
        "wind-speed",
        NOT_NEGATIVE,
        None,
        "wind speed at 10 m over the ocean, of --ocean jin, in place of a field wind_speed [m s-1]",
        "V",
    ),
    Option(
        "kernels",
        FLAG,
        False,
        "also write the derivatives of the forcing with respect to the inputs: kernel_log_aod_toa "
        "and so on",
    ),
    Option(
        "species",
        FLAG,
        False,
        "the effect of each aerosol species instead, by the AOD by species of the input or the "
        "built-in one; 32 photons by default",
    ),
    Option(
        "anthropogenic",
        integer_from(1850),
        None,
        "the forcing by anthropogenic aerosol of a year instead, 1850 to 2023, after MACv2-SP",
        "YEAR",
    ),
)
RUN_OPTIONS = (INPUT, *OPTIONS)
_EFFORT = ("photons", "stderr-target")
_TITLES = {
    "all": "Direct aerosol shortwave radiative forcing",
    "species": "Direct shortwave radiative effects of aerosol species",
    "anthropogenic": "Direct shortwave radiative forcing by anthropogenic aerosol",
}

# Options that say of all aerosol what a map of species takes from its members.
_OF_ALL_AEROSOL = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo-angstrom", AERONET)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_positional(parser, INPUT, nargs="?")
    add_run_arguments(parser, OPTIONS)
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=_count, metavar="N", help="threads (all processors)")
    where.add_argument("--workers", type=_count, metavar="N", help="processes, by dask")
    where.add_argument("--scheduler", metavar="TCP", help="dask scheduler, tcp://HOST:PORT")
    parser.add_argument(
        "--chunk",
        type=_count,
        metavar="N",
        help="cells that are read, solved and kept together (half a minute of one processor)",
    )
    parser.add_argument("--dry-run", action="store_true", help="check everything, compute nothing")
    parser.add_argument("--json", action="store_true", help="print the global means as JSON")


def _count(text: str) -> int:
    return Option("number", AT_LEAST_1, None, "").from_argument(text)


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    options = effective_options(args, RUN_OPTIONS, exclusive=_EFFORT)
    if None not in (options["photons"], options["stderr-target"]):
        raise InputError("photons and stderr-target both set the precision. Give one of them.")
    _check_combination(options)
    if args.dump_config:
        return print_options(options)
    if args.dry_run:
        return _check_only(options, args)
    import logging

    from aeroforcing.maps.summary import as_text

    log = logging.getLogger(__name__)
    _check_times(options)
    target = target_of(args, finished_too=args.resume)
    log.info("options:\n%s", dump_config(options))
    summary = _save(target, options, args)
    log.info("wrote %s", target)
    if not args.quiet:
        print(inputs_text(_inputs_of(target)), file=sys.stderr)
    print(json.dumps(summary, indent=2) if args.json else as_text(summary))
    return 0


def _of(options: dict[str, Any]) -> str:
    """What the map is of."""
    if options["species"]:
        return "species"
    return "all" if options["anthropogenic"] is None else "anthropogenic"


def _check_combination(options: dict[str, Any]) -> None:
    """Refuse what says two things about what the map is of."""
    of = _of(options)
    if options["species"] and options["anthropogenic"] is not None:
        raise InputError("--species and --anthropogenic are two maps. Make one after the other.")
    if of != "all" and options["kernels"]:
        raise InputError(
            f"--kernels are derivatives of the forcing by all aerosol; a map with --{of} has none. "
            "Leave out one of them."
        )
    if of != "species":
        return
    given = [f"--{name}" for name in _OF_ALL_AEROSOL if options[name] is not None]
    if given:
        raise InputError(
            f"--species cannot be combined with {', '.join(given)}: the properties are those of "
            "the species. Give the AOD of each species (aod_dust, ...) in the input file."
        )
    if options["input"] is not None and are_combined(options):
        raise InputError(
            "--species takes the species from a single input file only. Put all variables into "
            "one file."
        )


def _check_times(options: dict[str, Any]) -> None:
    if options["times"] == "input" and are_combined(options):
        raise InputError(
            "the time steps of the input are kept for a single input file only. Put all variables "
            "into one file, or leave out --times input."
        )


def _check_only(options: dict[str, Any], args: argparse.Namespace) -> int:
    """Read and check the inputs and the output's place, and say what a run would use."""
    from aeroforcing.inputs.resolve import provenance

    _check_times(options)
    if args.output is not None:
        target_of(args, finished_too=args.resume)
    lines = provenance(resolved(options)) if are_combined(options) else _checked(options)
    print(inputs_text("\n".join(lines)))
    return 0


def _checked(options: dict[str, Any]) -> list[str]:
    """Check the inputs of a run that reads them itself; one line for each origin."""
    from aeroforcing.inputs.by_chunk import checked, open_run_inputs

    given, choice = _input(options), _choice_of_inputs(options)
    if not options["species"]:
        return checked(open_run_inputs(given, **choice))
    from aeroforcing.maps.species import species_run

    run = species_run(given, **choice)
    run.solver(run.chunks()[0])  # which refuses species that are incomplete
    return checked(run.inputs)


def _input(options: dict[str, Any]) -> Path | None:
    return None if options["input"] is None else input_file(options["input"])


def _choice_of_inputs(options: dict[str, Any]) -> dict[str, Any]:
    """The options that `grid_forcing` has about its inputs."""
    names = ("months", "times", "fill-missing", "optics", "aerosol", "ocean", "wind-speed")
    return {"grid": grid_of_run(options)} | {n.replace("-", "_"): options[n] for n in names}


def _save(target: Path, options: dict[str, Any], args: argparse.Namespace) -> dict[str, Any]:
    """Make the file; the global means."""
    from aeroforcing.inputs.resolve import provenance
    from aeroforcing.maps.saved import save_grid_forcing

    combined, of = resolved(options) if are_combined(options) else None, _of(options)

    def describe(head: xr.Dataset) -> xr.Dataset:
        if combined is not None:
            head = head.assign_attrs(inputs="\n".join(provenance(combined)))
        return documented(head, options=options, args=args, title=_TITLES[of])

    names = (*_EFFORT, "seed", "sky", "gas-table", "delta-scale-clouds", "kernels")
    year = {"year": options["anthropogenic"]} if of == "anthropogenic" else {}
    with Progress("forcing", quiet=args.quiet) as progress:
        return save_grid_forcing(
            target,
            _input(options) if combined is None else combined,
            **_choice_of_inputs(options),
            **{name.replace("-", "_"): options[name] for name in names},
            **year,
            of=of,
            resume=args.resume,
            overwrite=args.overwrite,
            jobs=args.jobs,
            workers=args.workers,
            scheduler=args.scheduler,
            cells_per_chunk=args.chunk,
            progress=progress,
            describe=describe,
        )


def _inputs_of(target: Path) -> str:
    """What the file says about its inputs."""
    from aeroforcing.core.netcdf import open_input

    return str(open_input(target, select=lambda file: file[[]]).attrs["inputs"])
