"""`aeroforcing map`: a map of a variable of a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.common import input_file, target_of
from aeroforcing.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

SUMMARY = "Draw a map of a variable of a file: its mean, a season, a month, or many panels."

EXAMPLES = """\
The file is one that `aeroforcing grid` made, or any that holds the variable over lat and lon.
A region is given as WEST,EAST,SOUTH,NORTH. The mean in the title has its error by the sampling, and
where the file has kernels also that by the inputs, if these are off everywhere by AERONET's errors.

examples:
  aeroforcing map forcing.nc forcing_toa -o toa.png
  aeroforcing map forcing.nc aod --projection platecarree --extent -20,60,0,40 -o africa.pdf
"""

_FORMATS = (".png", ".jpg", ".pdf", ".svg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("file", metavar="FILE.nc", help="the file that holds the variable")
    parser.add_argument("variable", metavar="VARIABLE", help="such as forcing_toa, aod or ssa")
    parser.add_argument("-o", "--output", metavar="OUT", help="a .png, .jpg, .pdf or .svg file")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output")
    period = parser.add_mutually_exclusive_group()
    period.add_argument(
        "--season",
        choices=("annual", "DJF", "MAM", "JJA", "SON"),
        help="the season to show (the mean of all months)",
    )
    period.add_argument("--month", type=int, metavar="M", help="the month to show, 1 to 12")
    period.add_argument("--panels", choices=("seasons", "months"), help="a map of each")
    parser.add_argument(
        "--projection",
        choices=("robinson", "equalearth", "mollweide", "platecarree"),
        default="robinson",
        help="(robinson)",
    )
    parser.add_argument("--extent", type=_numbers, metavar="W,E,S,N", help="a region [degrees]")
    parser.add_argument("--levels", type=_numbers, metavar="V,V,...", help="bounds of the colours")
    parser.add_argument("--cmap", metavar="NAME", help="a colour map of matplotlib")
    parser.add_argument("--minus", metavar="OTHER.nc", help="show the difference from this file")
    parser.add_argument("--title", metavar="TEXT", help="instead of the variable's name")
    parser.add_argument("--dpi", type=int, default=150, metavar="N", help="dots per inch (150)")


def _numbers(text: str) -> list[float]:
    """Numbers separated by commas, in argparse's protocol."""
    return [float(word) for word in text.split(",")]


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    from aeroforcing.core.netcdf import write_whole
    from aeroforcing.output.figure_files import figure_bytes, use_files_only

    target = _target(args)
    use_files_only()
    write_whole(target, figure_bytes(_drawn(args), target.suffix.lower(), dpi=args.dpi))
    return 0


def _target(args: argparse.Namespace) -> Path:
    """The output file, checked before anything is drawn."""
    if args.output is None:
        raise InputError("no output file. Name it with -o OUT.png.")
    if Path(args.output).suffix.lower() not in _FORMATS:
        raise InputError(f"{args.output}: the name must end in one of {', '.join(_FORMATS)}.")
    if not 20 <= args.dpi <= 1200:
        raise InputError(f"--dpi {args.dpi} is not allowed; give a number from 20 to 1200.")
    return target_of(args)


def _drawn(args: argparse.Namespace) -> Axes:
    """Axes of the figure that the arguments ask for."""
    from aeroforcing.output.maps import plot_map, plot_maps

    common = {
        **_fields(args),
        "projection": args.projection,
        "levels": args.levels,
        "cmap": args.cmap,
        "extent": args.extent,
        "title": args.title,
    }
    if args.panels is not None:
        return plot_maps(**common, panels=args.panels)[0]
    return plot_map(**common, month=args.month, season=args.season)


def _fields(args: argparse.Namespace) -> dict[str, Any]:
    """The variable with its error and weights, and what is subtracted from it."""
    from aeroforcing.grids.means import weights_of
    from aeroforcing.inputs.uncertainty import systematic_changes

    dataset = _read(args.file)
    field = _variable(dataset, args.variable, args.file)
    name, errors = str(field.name), [_sampling_error(dataset, args.variable)]
    fields: dict[str, Any] = {"field": field, "weights": weights_of(name, dataset)}
    if args.minus is not None:
        other = _read(args.minus)
        reference = _variable(other, args.variable, args.minus)
        errors.append(_sampling_error(other, args.variable))
        return {"field": field, "reference": reference, "stderr": _joint_error(errors)}
    if name.startswith("forcing_"):
        there = {str(n) for n in dataset.data_vars}
        fields["changes"] = list(systematic_changes(dataset.get, there, name).values())
    return {**fields, "stderr": _joint_error(errors)}


def _sampling_error(dataset: xr.Dataset, name: str) -> xr.DataArray | None:
    """The standard error by the sampling, however the file calls it."""
    return dataset.get(f"{name}_stderr", dataset.get(f"{name}_sampling_error"))


def _joint_error(errors: list[xr.DataArray | None]) -> xr.DataArray | None:
    """Standard error of a field or of a difference of independent fields; None if one has none."""
    known = [error for error in errors if error is not None]
    if len(known) < len(errors):
        return None
    return known[0] if len(known) == 1 else (known[0] ** 2 + known[1] ** 2) ** 0.5


def _read(path: str) -> xr.Dataset:
    """A file with its variables by their canonical names."""
    from aeroforcing.core.canonical import canonicalise
    from aeroforcing.core.netcdf import open_input

    return canonicalise(open_input(input_file(path)), source=path)


def _variable(dataset: xr.Dataset, name: str, path: str) -> xr.DataArray:
    if name not in dataset:
        maps = [
            str(n) for n, array in dataset.data_vars.items() if {"lat", "lon"} <= set(array.dims)
        ]
        known = ", ".join(n for n in maps if not n.endswith("_stderr")) or "no map"
        raise InputError(f"{path}: no variable {name!r}; it holds {known}.")
    return dataset[name]
