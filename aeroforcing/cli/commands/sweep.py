"""`aeroforcing sweep`: the forcing of a column as one or two of its properties vary."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.column_options import COLUMN_OPTIONS, chosen_options, column_of, run_settings
from aeroforcing.cli.common import add_run_arguments, documented, print_options, target_of
from aeroforcing.cli.options import TEXT, Option
from aeroforcing.core.errors import InputError
from aeroforcing.runs.progress import Progress

if TYPE_CHECKING:
    import xarray as xr

SUMMARY = "Vary one or two properties of a column: a figure, a table or a file."

EXAMPLES = """\
PARAMETER is aod, ssa, asymmetry, angstrom, coalbedo_angstrom, surface_albedo, scale_height [m],
latitude, cloud_optical_depth or cloud_base [m]; VALUES is FIRST:LAST:STEP or a list V,V,... Where
values begin with a minus sign, write PARAMETER=VALUES (latitude=-60:60:10). Two pairs make a sweep
over two parameters. Without -o the result is printed as a table.

examples:
  aeroforcing sweep ssa 0.7:1.0:0.05 -o ssa.png
  aeroforcing sweep aod 0.1,0.2 surface_albedo 0:0.8:0.4 --photons 256 -o plane.nc
"""

WHAT = Option("sweep", TEXT, None, "the parameters and their values")
OPTIONS = (WHAT, *COLUMN_OPTIONS)
_FORMATS = (".png", ".pdf", ".svg", ".nc", ".csv")
_TITLE = "Sensitivity of the aerosol forcing of a column"
_MOST_POINTS = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "what", nargs="*", metavar="PARAMETER VALUES", help="what to vary, see below"
    )
    add_run_arguments(parser, COLUMN_OPTIONS, output="OUT.png|pdf|svg|nc|csv")
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="threads (all processors)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    if args.what:
        setattr(args, WHAT.name, " ".join(args.what))
    options = chosen_options(args, OPTIONS)
    if args.dump_config:
        return print_options(options)
    axes = parse_sweep(options[WHAT.name])
    target = None if args.output is None else _target(args)
    result = _swept(axes, options, args)
    if target is None or args.json:
        print(_json(result) if args.json else _table(result).to_string())
    if target is not None:
        _write(result, target, options=options, args=args)
    return 0


def parse_sweep(text: str | None) -> dict[str, list[float]]:
    """Values by parameter, from "ssa 0.7:1:0.05", "ssa=0.7:1:0.05", or two of these.

    Raises
    ------
    InputError
        The text is none of these.
    """
    if not text:
        raise InputError("no sweep. Give a parameter and its values, such as ssa 0.7:1.0:0.05.")
    words = text.replace("=", " ").split()
    names, values = words[::2], words[1::2]
    if len(words) not in (2, 4) or len(set(names)) < len(names):
        raise InputError(
            f"sweep {text!r}: give one parameter and its values, or two different ones, each with "
            "its values."
        )
    axes = {name: parse_values(word) for name, word in zip(names, values, strict=True)}
    points = math.prod(map(len, axes.values()))
    if points > _MOST_POINTS:
        raise InputError(f"sweep {text!r:.80}: {points} points; give at most {_MOST_POINTS}.")
    return axes


def parse_values(text: str) -> list[float]:
    """Numbers from "FIRST:LAST:STEP", the last included, or from "V,V,...".

    Raises
    ------
    InputError
        The text is neither.
    """
    try:
        if ":" not in text:
            return [float(word) for word in text.split(",")]
        first, last, step = (float(word) for word in text.split(":"))
        count = math.floor((last - first) / step + 1e-9) + 1
    except (ValueError, ZeroDivisionError, OverflowError):
        count, step = 0, 0.0
    if step <= 0.0 or not 1 <= count <= _MOST_POINTS:
        raise InputError(
            f"values {text!r}: give FIRST:LAST:STEP, such as 0.7:1.0:0.05, or a list V,V,..."
        )
    return [float(f"{first + i * step:.12g}") for i in range(count)]


def _target(args: argparse.Namespace) -> Path:
    """The output file, checked before anything is computed."""
    if Path(args.output).suffix.lower() not in _FORMATS:
        raise InputError(f"{args.output}: the name must end in one of {', '.join(_FORMATS)}.")
    return target_of(args)


def _swept(
    axes: dict[str, list[float]], options: dict[str, Any], args: argparse.Namespace
) -> xr.Dataset:
    from aeroforcing.analysis.sweep_columns import OF_CLOUDS
    from aeroforcing.analysis.sweeps import sweep

    names: Sequence[str] = list(axes)
    parameter = names[0] if len(names) == 1 else (names[0], names[1])
    values = list(axes.values())
    with Progress("sweep", quiet=args.quiet) as progress:
        return sweep(
            parameter,
            values[0] if len(values) == 1 else (values[0], values[1]),
            column=column_of(options, cloudy=bool(OF_CLOUDS & set(axes))),
            latitude=options["latitude"],
            **run_settings(options),
            jobs=args.jobs,
            progress=progress,
        )


def _write(
    result: xr.Dataset, target: Path, *, options: dict[str, Any], args: argparse.Namespace
) -> None:
    from aeroforcing.core.netcdf import write_netcdf, write_whole

    suffix = target.suffix.lower()
    if suffix == ".nc":
        complete = documented(result, options=options, args=args, title=_TITLE)
        write_netcdf(complete, target, overwrite=args.overwrite)
    elif suffix == ".csv":
        write_whole(target, _table(result, decimals=6).to_csv().encode())
    else:
        from aeroforcing.output.figure_files import figure_bytes, use_files_only

        use_files_only()
        from aeroforcing.output.sweeps import plot_sweep

        write_whole(target, figure_bytes(plot_sweep(result), suffix))


def _table(result: xr.Dataset, *, decimals: int = 3):  # type: ignore[no-untyped-def]
    """The forcings by point, as a data frame."""
    names = [name for name in result.data_vars if result[name].dims == result["forcing_toa"].dims]
    columns = [str(name) for name in names if "efficiency" not in str(name)]
    return result[columns].to_dataframe().round(decimals)


def _json(result: xr.Dataset) -> str:
    """Coordinates, variables and settings; what is missing is null."""
    values = {
        str(name): array.astype(object).where(array.notnull(), None).values.tolist()
        for name, array in result.variables.items()
    }
    return json.dumps({**result.attrs, **values}, indent=2)
