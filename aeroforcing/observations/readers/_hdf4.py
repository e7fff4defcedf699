"""HDF4 files through pyhdf, which is an optional dependency, in a process of its own."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers._files import not_this_product

_SIGNATURE = b"\x0e\x03\x13\x01"
_CHILD = Path(__file__).with_name("_hdf4_child.py")
_PATIENCE = 300.0  # s; a monthly file takes about one second


@dataclass(frozen=True)
class Content:
    """What was read of a file: data sets in physical values, and the text of CoreMetadata.0."""

    path: Path
    values: dict[str, np.ndarray]
    metadata: str

    def axis(self, name: str) -> np.ndarray:
        """A one-dimensional data set that must be there."""
        if name not in self.values or self.values[name].ndim != 1:
            raise InputError(f"{self.path}: the axis {name} is absent; its layout has changed.")
        return self.values[name]


def is_hdf4(path: Path) -> bool:
    """Whether the file begins like HDF4."""
    with path.open("rb") as stream:
        return stream.read(4) == _SIGNATURE


def read(path: Path, *, one_of: Iterable[str], axes: Iterable[str] = ()) -> Content:
    """Those of the data sets that the file has, and its axes.

    Parameters
    ----------
    one_of
        Data sets of which at least one must be there.
    axes
        Further data sets.

    Raises
    ------
    InputError
        pyhdf is not installed, the file is truncated or damaged, or of another product.
    """
    if importlib.util.find_spec("pyhdf") is None:
        raise InputError(
            f"{path}: reading HDF4 needs the package pyhdf. Install it with "
            "pip install 'aeroforcing[hdf4]', or convert the file to netCDF."
        )
    candidates = list(one_of)
    values, about = _unpacked(_output(path, [*candidates, *axes]), path)
    if not set(candidates) & set(values):
        raise not_this_product(path, candidates, about["data_sets"])
    return Content(path, values, str(about["metadata"]))


def _output(path: Path, names: list[str]) -> bytes:
    command = [sys.executable, "-P", str(_CHILD), str(path), *names]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise _damaged(path, f"no answer within {_PATIENCE:g} s") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise _damaged(path, lines[-1] if lines and done.returncode > 0 else "it stops the library")
    return done.stdout


def _unpacked(output: bytes, path: Path) -> tuple[dict[str, np.ndarray], dict]:
    try:
        with np.load(io.BytesIO(output)) as arrays:
            values = {name: arrays[name] for name in arrays.files}
        return values, json.loads(str(values.pop("about")))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path}: cannot be read as HDF4; the file is truncated or damaged ({reason[:200]}). Fetch "
        "it again."
    )
