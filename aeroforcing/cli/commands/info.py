"""`aeroforcing info`: what a file holds."""

from __future__ import annotations

import argparse
import json

from aeroforcing.cli.common import input_file

SUMMARY = "Tell what a file holds: variables, means by region with errors, settings, provenance."

EXAMPLES = """\
Means over the months are weighted by their days; SSA is weighted by AOD and the like. Of
a file that this package has not written it is told first how it would be understood as inputs.

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
    from aeroforcing.core.version import CONFIG_ATTRIBUTE
    from aeroforcing.inputs.user import as_understood
    from aeroforcing.output.contents import as_text, contents

    dataset = open_input(input_file(args.file))
    is_foreign = CONFIG_ATTRIBUTE not in dataset.attrs
    if is_foreign and not args.json:
        print("as inputs of a run:")
        for line in as_understood(args.file):
            print("  " + "".join(c if c.isprintable() else "?" for c in line))
    found = contents(canonicalise(dataset, source=args.file))
    print(json.dumps(found, indent=2) if args.json else as_text(found))
    return 0
