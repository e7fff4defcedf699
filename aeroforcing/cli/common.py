"""What the verbs share: reading and writing results, and what a file says about its making."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.options import (
    Option,
    add_options,
    dump_config,
    effective,
    integer_from,
    read_config,
)
from aeroforcing.core.errors import InputError
from aeroforcing.core.version import CONFIG_ATTRIBUTE, __version__

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

AT_LEAST_1 = integer_from(1)

REFERENCES = "Chung (2012), doi:10.5772/50248"


def add_positional(parser: argparse.ArgumentParser, option: Option, *, nargs: str) -> None:
    """An option that is given by its place; it may come from the config instead."""
    parser.add_argument(
        option.name,
        nargs=nargs,
        metavar=option.metavar,
        default=argparse.SUPPRESS,
        help=option.help,
    )


def add_run_arguments(
    parser: argparse.ArgumentParser, options: Sequence[Option], *, output: str = "OUT.nc"
) -> None:
    """Declare the options of a verb and the arguments of every verb that writes a file."""
    parser.add_argument("-o", "--output", metavar=output, help="the file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output")
    add_options(parser, options)
    parser.add_argument(
        "--config", metavar="F", help="read options from a TOML file, or from a file made before"
    )
    parser.add_argument("--dump-config", action="store_true", help="print the options as TOML")


def effective_options(
    args: argparse.Namespace, options: Sequence[Option], *, exclusive: Sequence[str] = ()
) -> dict[str, Any]:
    """The options of the run from the command line, the config file and the defaults.

    Parameters
    ----------
    args
        What argparse made of the command line.
    options
        The options of the verb.
    exclusive
        Options of which one at most can be: given on the command line, it puts out the others in
        the config file.
    """
    names = {option.name for option in options}
    given = {name: value for name, value in vars(args).items() if name in names}
    read = read_config(args.config, options) if args.config else {}
    if any(name in given for name in exclusive):
        read = {name: value for name, value in read.items() if name not in exclusive}
    return effective(options, given=given, read=read)


def print_options(options: dict[str, Any]) -> int:
    """The answer to `--dump-config`."""
    sys.stdout.write(dump_config(options))
    return 0


def target_of(args: argparse.Namespace, *, finished_too: bool = False) -> Path:
    """The output file, checked before anything is computed; `finished_too`: it may exist."""
    from aeroforcing.core.netcdf import check_target

    if args.output is None:
        raise InputError("no output file. Name it with -o OUT.nc.")
    return check_target(args.output, overwrite=args.overwrite or finished_too)


def input_file(name: str) -> Path:
    """The file of a name, or where it does not exist, the package's own data file of that name."""
    import logging
    from pathlib import Path

    from aeroforcing.core import resources

    given = Path(name)
    if os.path.exists(name) or given.name != name:
        return given
    try:
        own = resources.path(name)
    except OSError:  # there is none, or the name is too long for a file
        return given
    logging.getLogger(__name__).warning("%s: not here; the one of the package is used", name)
    return own


def history_of(path: Path) -> str:
    """The history of a netCDF file; nothing where it has none or is no netCDF."""
    from aeroforcing.core.netcdf import open_input

    try:
        return str(open_input(path, select=lambda opened: opened[[]]).attrs.get("history", ""))
    except InputError:
        return ""


def documented(
    dataset: xr.Dataset, *, options: dict[str, Any], args: argparse.Namespace, title: str
) -> xr.Dataset:
    """The dataset with the attributes that tell how it was made."""
    return with_provenance(dataset, command=args.command, config=dump_config(options), title=title)


def write_documented(
    dataset: xr.Dataset,
    target: Path,
    *,
    options: dict[str, Any],
    args: argparse.Namespace,
    title: str,
    **how: Any,
) -> None:
    """Write the result of a verb with the attributes that tell how it was made, and say so.

    `how` are further settings of `write_netcdf`.
    """
    from aeroforcing.core.netcdf import write_netcdf

    content = documented(dataset, options=options, args=args, title=title)
    write_netcdf(content, target, overwrite=args.overwrite, **how)
    say_written(target)


def say_written(target: Path) -> None:
    """Note the written file in the log."""
    import logging

    logging.getLogger(__name__).info("wrote %s", target)


def with_provenance(
    dataset: xr.Dataset, *, command: str, config: str, title: str, now: datetime | None = None
) -> xr.Dataset:
    """The dataset with the global attributes that tell how it was made.

    Parameters
    ----------
    dataset
        The result of a run; its own attributes are kept, an older `history` below the new line.
    command
        The exact command line.
    config
        The options of the run as TOML text, which `--config` reads back from the file.
    title
        What the file holds, where the dataset does not say it.
    now
        Time of the run, by default now.
    """
    time = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    history = [f"{time}: {command}", *filter(None, [dataset.attrs.get("history")])]
    about = {"title": title, "source": f"aeroforcing {__version__}", "references": REFERENCES}
    made = {"history": "\n".join(history), CONFIG_ATTRIBUTE: config}
    return dataset.assign_attrs(about | dataset.attrs | made)
