"""`aeroforcing prepare`: files of satellites, models and AERONET to monthly fields or stations."""

from __future__ import annotations

import argparse
from typing import Any

from aeroforcing.cli.common import (
    AT_LEAST_1,
    add_positional,
    add_run_arguments,
    documented,
    effective_options,
    input_file,
    print_options,
    say_written,
    target_of,
)
from aeroforcing.cli.options import TEXT, TEXTS, Option, one_of
from aeroforcing.core.errors import InputError

SUMMARY = "Read AERONET, satellite, model or other monthly files into a monthly climatology."

EXAMPLES = """\
Retrievals (modis, misr) are gridded by medians, models and clouds by the area that cells share.
MODIS files of Terra (MOD...) and Aqua (MYD...) given together are pooled. AERONET stations are
written as a table if the name of the output ends in .csv, else as netCDF. The product
"fields" is any monthly files of known variables, of one year or several. The product is the
first word or --product; patterns such as "od550aer_*.nc" stand for the files that they fit. The
stations of the examples come with the package.

examples:
  aeroforcing prepare aeronet aeronet_monthly_sample.csv -o sites.nc
  aeroforcing prepare aeronet_monthly_sample.csv --product aeronet --min-days 5 -o sites.csv
"""

_PRODUCTS = ("aeronet", "modis", "misr", "merra2", "gocart", "isccp", "fields")
PRODUCT = Option("product", one_of(*_PRODUCTS), None, ", ".join(_PRODUCTS), "PRODUCT")
FILES = Option("files", TEXTS, None, "the product, unless --product says it, and its files", "FILE")
_OF_FIELDS = (
    Option("month", TEXT, None, "month of a file that does not tell it, such as 2005-07", "M"),
)
_OF_GRIDS = (
    Option("grid", TEXT, "T42", "a Gaussian grid, or native: that of the files (T42)", "G"),
    Option("min-years", AT_LEAST_1, 1, "years that make the mean of a month (1)", "N"),
)
_OF_RETRIEVALS = (
    Option("min-count", AT_LEAST_1, 5, "retrievals that make the median of a cell (5)", "N"),
)
_OF_STATIONS = (
    Option("min-days", AT_LEAST_1, 1, "days that make a month of AERONET (1)", "N"),
    Option("min-points", AT_LEAST_1, 1, "measurements that make a month of AERONET (1)", "N"),
)
SETTINGS = (*_OF_GRIDS, *_OF_FIELDS, *_OF_RETRIEVALS, *_OF_STATIONS)
OPTIONS = (PRODUCT, FILES, *SETTINGS)
_APPLICABLE = {
    "aeronet": _OF_STATIONS,
    **dict.fromkeys(("modis", "misr"), (*_OF_GRIDS, *_OF_RETRIEVALS)),
    **dict.fromkeys(("merra2", "gocart", "isccp"), _OF_GRIDS),
    "fields": (*_OF_GRIDS, *_OF_FIELDS),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_positional(parser, FILES, nargs="*")
    add_run_arguments(parser, (PRODUCT, *SETTINGS), output="OUT")


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    _take_product(args)
    options = effective_options(args, OPTIONS)
    if args.dump_config:
        return print_options(options)
    _check(options, vars(args))
    from aeroforcing.inputs.products import prepare
    from aeroforcing.observations.station_files import write_stations

    target = target_of(args)
    fields = prepare(
        options["product"],
        [input_file(name) for name in options["files"]],
        grid=None if options["grid"] == "native" else options["grid"],
        min_count=options["min-count"],
        min_years=options["min-years"],
        min_days=options["min-days"],
        min_points=options["min-points"],
        month=options["month"],
    )
    title = f"Monthly climatology of {fields.attrs['source']}"
    content = documented(fields, options=options, args=args, title=title)
    write_stations(content, target, overwrite=args.overwrite)
    say_written(target)
    print(f"{title}: {', '.join(map(str, fields.data_vars))}")
    if "not_used" in fields.attrs:
        print(f"not used: {fields.attrs['not_used']}")
    return 0


def _take_product(args: argparse.Namespace) -> None:
    """The product, if it is the first word and no option, apart from the files."""
    files = getattr(args, "files", [])
    if files and files[0] in _PRODUCTS and not hasattr(args, "product"):
        args.product = files[0]
        args.files = files[1:]


def _check(options: dict[str, Any], given: dict[str, Any]) -> None:
    """Refuse a run without files, and settings that the product does not have."""
    product = options["product"]
    if product is None:
        raise InputError(
            f"the product of the files is not said: give --product with one of {PRODUCT.help}."
        )
    if not options["files"]:
        raise InputError("no file to read: give at least one, or a pattern.")
    applicable = {option.name for option in _APPLICABLE[product]}
    for option in SETTINGS:
        if option.name in given and option.name not in applicable:
            raise InputError(f"--{option.name} does not apply to {product}; leave it out.")
