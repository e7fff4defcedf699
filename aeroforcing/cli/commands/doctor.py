"""`aeroforcing doctor`: what a bug report needs to know of the machine and of the installation."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from aeroforcing.core.errors import InputError
from aeroforcing.core.version import __version__

SUMMARY = "Tell what this installation runs on: versions, cache folder, processors, memory."

EXAMPLES = """\
Put what it prints into a bug report. The exit code is 1 if anything is wrong: a package that is
needed and not there, data files that are missing, or no folder in which compiled code can be kept.

examples:
  aeroforcing doctor
  aeroforcing doctor --json
"""

PACKAGES = (
    "numpy", "xarray", "scipy", "netCDF4", "cartopy", "filelock", "matplotlib", "numba", "pandas",
    "platformdirs", "tqdm", "lazy_loader",
)  # fmt: skip
OPTIONAL = ("dask", "distributed", "pyhdf")  # of the extras `dask` and `hdf4`

_VARIABLES = ("AEROFORCING_", "NUMBA_")  # of the environment, by how their names begin
_DATA = ("rrtmgp_sw_g112.nc", "aerosol_species.nc", "surface.nc")  # without these there is no map


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    found = examined()
    print(json.dumps(found, indent=2) if args.json else as_text(found))
    return 1 if found["problems"] else 0


def examined() -> dict[str, Any]:
    """What the program runs on, and `problems`, a line for each thing that is wrong."""
    packages = {name: _version(name) for name in PACKAGES}
    problems = [f"the package {n} is not installed" for n, v in packages.items() if v is None]
    about = {
        "aeroforcing": f"{__version__}, {Path(__file__).parents[2]}",
        "python": f"{platform.python_version()}, {sys.executable}",
        "system": f"{platform.platform()}, {platform.machine()}",
        "packages": packages,
        "optional": {name: _version(name) for name in OPTIONAL},
        "environment": {n: v for n, v in sorted(os.environ.items()) if n.startswith(_VARIABLES)},
    }
    for examine in (_libraries, _machine, _data, _cache):
        try:
            about |= examine()
        except (ImportError, OSError, InputError) as error:
            problems.append(str(error))
    return about | {"problems": problems}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _libraries() -> dict[str, Any]:
    """The C libraries that read and write files."""
    import netCDF4

    return {"netcdf_c": netCDF4.__netcdf4libversion__, "hdf5": netCDF4.__hdf5libversion__}


def _machine() -> dict[str, Any]:
    from aeroforcing.core.declarations import memory
    from aeroforcing.runs.chunks import processors

    return {"processors": processors(), "memory": f"{memory() / 2**30:.1f} GiB"}


def _data() -> dict[str, Any]:
    from aeroforcing.core import resources

    return {"data": ", ".join(sorted({str(resources.path(name).parent) for name in _DATA}))}


def _cache() -> dict[str, Any]:
    """Where compiled code is kept, and its size."""
    from aeroforcing.core.compiled_cache import folder

    own = folder()
    size = sum(path.stat().st_size for path in own.rglob("*") if path.is_file())
    return {"cache": f"{own}, {size / 2**20:.1f} MiB"}


def as_text(found: Mapping[str, Any]) -> str:
    """What `examined` found, a line for each."""
    return "\n".join(f"{name + ':':12} {_in_words(value)}" for name, value in found.items())


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{n} {v or 'absent'}" for n, v in value.items()) or "none"
    return ("; ".join(value) or "none") if isinstance(value, list) else str(value)
