"""`aeroforcing inputs`: all inputs that `aeroforcing grid` would use, to look at before a run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from aeroforcing.cli.common import (
    add_positional,
    add_run_arguments,
    effective_options,
    print_options,
    target_of,
    write_documented,
)
from aeroforcing.cli.input_options import INPUT, INPUT_OPTIONS, inputs_text, resolved

if TYPE_CHECKING:
    import xarray as xr

SUMMARY = "Write the inputs that the verb grid would use, and say where they come from."

EXAMPLES = """\
The file holds every variable in double precision; the verb grid, given it, makes the same maps.
Options such as --aod, --ssa and --aeronet put data of your own in the place of the built-in ones.
--check looks for systematic steps along rows and columns, as merged fields have them.

examples:
  aeroforcing inputs --check -o inputs.nc
  aeroforcing inputs --months 8,9 --optics merra2 --aerosol chung2012 -o merra2.nc
"""

OPTIONS = (INPUT, *INPUT_OPTIONS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_positional(parser, INPUT, nargs="?")
    add_run_arguments(parser, INPUT_OPTIONS)
    parser.add_argument(
        "--check", action="store_true", help="look for seams in the fields of the aerosol"
    )


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    options = effective_options(args, OPTIONS)
    if args.dump_config:
        return print_options(options)
    from aeroforcing.inputs.resolve import provenance
    from aeroforcing.optics.spectral_laws import with_absorption

    target = target_of(args)
    inputs = resolved(options)
    write_documented(
        with_absorption(inputs),
        target,
        options=options,
        args=args,
        title="Inputs of the aerosol forcing",
        precision="double",
    )
    print(inputs_text("\n".join(provenance(inputs))))
    if args.check:
        print(_seams_in_words(inputs))
    return 0


def _seams_in_words(inputs: xr.Dataset) -> str:
    """What `find_seams` finds in the optical properties of the aerosol."""
    from aeroforcing.core.canonical import OPTICAL
    from aeroforcing.observations.seams import as_text, find_seams

    return "\n".join(as_text(find_seams(inputs[name]), name) for name in OPTICAL)
