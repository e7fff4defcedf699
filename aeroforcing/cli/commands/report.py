"""`aeroforcing report`: one HTML page on a forcing map."""

from __future__ import annotations

import argparse
from pathlib import Path

from aeroforcing.cli.common import input_file, target_of
from aeroforcing.core.errors import InputError

SUMMARY = "Write one HTML page on a forcing map: tables, maps, inputs, provenance."

EXAMPLES = """\
The page needs nothing beside it; send it, open it on a phone or print it.

examples:
  aeroforcing report forcing.nc -o report.html
  aeroforcing report forcing.nc -o report.html --overwrite
"""

_SUFFIXES = (".html", ".htm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("file", metavar="FILE.nc", help="made by aeroforcing grid")
    parser.add_argument("-o", "--output", metavar="OUT.html", help="the page to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output")


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    if args.output is None:
        raise InputError("no output file. Name it with -o OUT.html.")
    if Path(args.output).suffix.lower() not in _SUFFIXES:
        raise InputError(f"{args.output}: the name must end in .html; print the page for a PDF.")
    target = target_of(args)
    from aeroforcing.core.canonical import canonicalise
    from aeroforcing.core.netcdf import open_input, write_whole
    from aeroforcing.output.figure_files import use_files_only

    use_files_only()
    from aeroforcing.output.report import report

    forcing = canonicalise(open_input(input_file(args.file)), source=args.file)
    write_whole(target, report(forcing).encode())
    return 0
