"""`aeroforcing info`: what a file holds."""

from __future__ import annotations

import argparse
import json

from aeroforcing.cli.common import input_file

SUMMARY = "Tell what a file holds: variables, means by region with errors, settings, provenance."

EXAMPLES = """\
Means over the months are weighted by their days; SSA is weighted by AOD and the like.

examples:
  aeroforcing info forcing.nc
  aeroforcing info forcing.nc --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("file", metavar="FILE.nc", help="a netCDF file")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    from aeroforcing.core.canonical import canonicalise
    from aeroforcing.core.netcdf import open_input
    from aeroforcing.output.contents import as_text, contents

    found = contents(canonicalise(open_input(input_file(args.file)), source=args.file))
    print(json.dumps(found, indent=2) if args.json else as_text(found))
    return 0
