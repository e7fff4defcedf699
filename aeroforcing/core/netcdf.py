"""netCDF files in and out: any readable file in, CF-1.11 out, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cftime
import netCDF4
import numpy as np
import xarray as xr

from aeroforcing.core.calendar import TIME_UNITS, DateCoder, climatological_time
from aeroforcing.core.declarations import check_sizes, packing_fault, readable, within_valid_range
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.library_lock import LIBRARY_LOCK
from aeroforcing.core.variables import ERROR_SUFFIXES, stamp

CONVENTIONS = "CF-1.11"

SCRATCH_NAMES = re.compile(r"\.aeroforcing-[0-9a-f]{16}-[0-9a-f]{16}\.part")
CLIMATOLOGY_CELL_METHODS = "time: mean within years time: mean over years"

_PRECISIONS = {"single": "f4", "double": "f8"}
_CLASSIC_SIGNATURES = (b"CDF\x01", b"CDF\x02")
_HDF5_SIGNATURES = (b"\x89HDF", b"CDF\x05")  # what the netCDF-4 library is needed for

# What the libraries raise at a damaged header, and at attributes that make no sense.
_DAMAGE = (
    OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, MemoryError,
    ArithmeticError, AssertionError, EOFError,
)  # fmt: skip
_LONGEST_REASON = 300
_OTHER_FORMATS = {
    b"\x0e\x03\x13\x01": "an HDF4 file (convert it to netCDF first)",
    b"GRIB": "a GRIB file (convert it to netCDF first)",
}


def open_input(
    path: str | os.PathLike[str], *, select: Callable[[xr.Dataset], xr.Dataset] | None = None
) -> xr.Dataset:
    """Read a netCDF file into memory and close it.

    Parameters
    ----------
    path
        A netCDF file of any version.
    select
        Picks what is wanted of the opened dataset before anything is read; everything by default.

    Returns
    -------
    Dataset with scale factors, missing values and times decoded (times as cftime objects). Values
    outside of the valid range that a variable declares are missing. Variables that no map can have
    are left out with a warning. Many threads may read files at once.

    Raises
    ------
    InputError
        The file is missing, a folder, not readable, empty, truncated, damaged or not netCDF; a
        packing makes no sense; or what is wanted is larger than the memory allows or than the file
        can ever hold.
    """
    source = Path(path)
    with open_lazily(source) as opened:
        chosen = opened if select is None else select(opened)
        check_sizes((chosen[name] for name in chosen.variables), source=source)
        with reading(source):
            return chosen.load()


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Report damage that is met while values are read of a file from `open_lazily`."""
    with _reporting_damage(Path(path)):
        yield


def open_lazily(path: str | os.PathLike[str]) -> xr.Dataset:
    """Open a netCDF file, whose values are read when they are asked for; to be closed after use.

    The file is opened by the library that detects damage to a file of its kind: the netCDF-4
    library reads the lost part of a truncated classic file as zeros; scipy does not.

    Parameters, values and errors are those of `open_input`.
    """
    source = Path(path)
    classic = _signature(source) in _CLASSIC_SIGNATURES
    with _reporting_damage(source), LIBRARY_LOCK:
        stored, ragged = _opened_classic(source) if classic else _opened_netcdf4(source)
        try:
            decoded = _decoded(stored, ragged, source)
        except BaseException:
            stored.close()
            raise
        decoded.set_close(lambda: _close(stored))
        return decoded


def _opened_classic(source: Path) -> tuple[xr.Dataset, set[str]]:
    """The dataset as it is stored, and the names of its variables of varying length: none."""
    return _quietly(source, engine="scipy"), set()


def _opened_netcdf4(source: Path) -> tuple[xr.Dataset, set[str]]:
    store = xr.backends.NetCDF4DataStore.open(source, lock=LIBRARY_LOCK)
    try:
        own = store.ds.variables.items()
        ragged = {
            name for name, one in own
            if isinstance(one.datatype, netCDF4.VLType) and one.dtype is not str
        }  # fmt: skip
        return _quietly(store), ragged
    except BaseException:
        store.close()
        raise


def _quietly(stored: Path | xr.backends.NetCDF4DataStore, engine: str | None = None) -> xr.Dataset:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Duplicate dimension names")
        return xr.open_dataset(stored, engine=engine, decode_cf=False, create_default_indexes=False)


def _decoded(raw: xr.Dataset, ragged: set[str], source: Path) -> xr.Dataset:
    """What is readable, decoded, with its axes in memory."""
    stored = readable(raw, ragged=ragged, source=source)
    axes = (stored[name] for name in stored.variables if name in stored.dims)
    check_sizes(axes, source=source)
    as_dates = DateCoder(use_cftime=True)
    decoded = xr.decode_cf(stored, decode_times=as_dates, decode_timedelta=False)
    check_sizes(decoded.coords.values(), source=source)
    for name in decoded.coords:
        if fault := packing_fault(stored[name].attrs):
            raise InputError(f"{source}: variable {name} has {fault}")
    return within_valid_range(decoded, stored, source=source)


def _close(opened: xr.Dataset) -> None:
    with LIBRARY_LOCK:
        opened.close()


@contextmanager
def _reporting_damage(source: Path) -> Iterator[None]:
    try:
        with np.errstate(all="ignore"):  # of scale factors that make no sense
            yield
    except InputError:
        raise
    except _DAMAGE as error:
        reason = textwrap.shorten(str(error) or type(error).__name__, _LONGEST_REASON)
        raise InputError(
            f"{source}: cannot be read as netCDF; the file is truncated, damaged or not CF "
            f"({reason}). Fetch or write it again."
        ) from error


def _signature(source: Path) -> bytes:
    """The first four bytes of a file that netCDF can begin with."""
    first = _first_bytes(source)
    if not first:
        raise InputError(f"{source}: the file is empty. Fetch or write it again.")
    if first not in _CLASSIC_SIGNATURES + _HDF5_SIGNATURES:
        kind = _OTHER_FORMATS.get(first, f"another kind of file; it begins with {first!r}")
        raise InputError(f"{source}: not a netCDF file but {kind}.")
    return first


def _first_bytes(source: Path) -> bytes:
    try:
        if source.exists() and not source.is_file():  # opening a pipe could wait for ever
            raise InputError(f"{source}: not a file. Give the name of a netCDF file.")
        with source.open("rb") as stream:
            return stream.read(4)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{source}: there is no such file. Check the name.") from None
    except NotADirectoryError:
        raise InputError(f"{source}: not a file. Give the name of a netCDF file.") from None
    except PermissionError:
        raise InputError(f"{source}: no permission to read the file.") from None
    except (OSError, ValueError) as error:  # the name is too long, or no name at all
        raise InputError(f"{source}: cannot be opened ({error}). Check the name.") from None


@suggest_keywords
def write_netcdf(
    dataset: xr.Dataset,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    precision: str = "single",
) -> None:
    """Write a dataset as a CF-1.11 netCDF-4 file, whole or not at all.

    A dimension `month` becomes the climatological time axis of CF. Data are compressed. The file
    is made in memory, written beside its place under a temporary name and then renamed, so that no
    failure or interruption leaves half a file or harms an existing one.

    Parameters
    ----------
    dataset
        What to write; its attributes are completed from the registry of variables.
    path
        The file to make.
    overwrite
        Replace an existing file.
    precision
        "single" stores data as 32-bit floats; "double" as 64-bit floats, so that what is read again
        is exactly what was written. Coordinates are always 64-bit floats.

    Raises
    ------
    InputError
        The file exists, its folder does not, there is no permission to write, or the precision is
        neither.
    OSError
        The writing failed, for instance because the disk is full.
    """
    target = check_target(path, overwrite=overwrite)
    content = cf_dataset(dataset, precision=precision).to_netcdf(engine="netcdf4", format="NETCDF4")
    write_whole(target, content)


def check_target(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """The path, links resolved, of a file that can be written.

    What a run that was killed while it wrote this file has left beside it is removed.

    Raises
    ------
    InputError
        The file exists (without `overwrite`), its folder does not, or writing is not permitted.
    """
    try:
        target = Path(path).resolve()
        exists = target.exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, no name
        raise InputError(f"{path}: cannot be written ({error}). Give another name.") from None
    if not target.parent.is_dir():
        raise InputError(f"{path}: the folder {target.parent} does not exist. Make it first.")
    if exists and not target.is_file():
        raise InputError(f"{path}: not an ordinary file. Give the name of a file to write.")
    if exists and not overwrite:
        raise InputError(f"{path}: the file exists. Give another name, or ask to overwrite it.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path}: no permission to write in the folder {target.parent}.")
    _remove_scratch(target)
    return target


def write_whole(target: Path, content: bytes | memoryview) -> None:
    """Write beside the target, to the disk, then rename: readers see the old file or the new.

    Parameters
    ----------
    target
        From `check_target`.
    content
        All bytes of the file.

    Raises
    ------
    OSError
        The writing failed, for instance because the disk is full; no part of the file is left.
    """
    part = target.with_name(f".aeroforcing-{_tag(target)}-{secrets.token_hex(8)}.part")
    mode = _mode_of(target)

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, 0o666 if mode is None else mode)

    try:
        with open(part, "xb", opener=opener) as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        move_into_place(part, target)
    except OSError as error:
        raise _write_failure(target, len(content), error) from error
    finally:
        part.unlink(missing_ok=True)


def move_into_place(made: Path, target: Path) -> None:
    """Rename a file that is on the disk, and bring the folder's change to the disk too.

    Who may read and write a file that was there before may do so after it.
    """
    mode = _mode_of(target)
    if mode is not None:
        made.chmod(mode)
    made.replace(target)
    if os.name == "nt":  # where folders cannot be opened, nor need to be
        return
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _mode_of(target: Path) -> int | None:
    """Who may read and write a file; None where there is none."""
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        return None


def _tag(target: Path) -> str:
    """A word for a name, which may itself be as long as names can be."""
    return hashlib.blake2b(os.fsencode(target.name), digest_size=8).hexdigest()


def _remove_scratch(target: Path) -> None:
    """Remove what runs that were killed while they wrote this file have left."""
    for path in target.parent.glob(f".aeroforcing-{_tag(target)}-*.part"):
        if SCRATCH_NAMES.fullmatch(path.name):
            with suppress(OSError):
                path.unlink()


def _write_failure(target: Path, size: int, error: OSError) -> OSError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    reason = "the disk is full" if full else error.strerror
    message = f"{target}: writing {size / 1e6:.1f} MB failed, {reason}; no file was left behind."
    return OSError(error.errno, message)


def cf_dataset(dataset: xr.Dataset, *, precision: str = "single") -> xr.Dataset:
    """The dataset as `write_netcdf` stores it: CF attributes, bounds and encodings in place."""
    if precision not in _PRECISIONS:
        raise InputError(f"precision={precision!r}: choose one of {', '.join(_PRECISIONS)}.")
    result = stamp(_with_time_axis(dataset.drop_encoding()))
    result = _with_cell_methods(_in_recommended_order(_with_bare_bounds(result)))
    result.attrs = {"Conventions": CONVENTIONS, **result.attrs}
    for name in result.variables:
        _encode(result, str(name), _PRECISIONS[precision])
    return result


def _with_time_axis(dataset: xr.Dataset) -> xr.Dataset:
    """Calendar months as a CF time axis."""
    if "month" not in dataset.dims:
        return dataset
    axis = climatological_time(dataset["month"].values)
    renamed = dataset.drop_vars("month").rename_dims(month="time")
    return renamed.assign_coords(axis.coords).merge(axis)


def _with_bare_bounds(dataset: xr.Dataset) -> xr.Dataset:
    """Bounds as CF wants them: variables, not coordinates, with the attributes of their parent."""
    bounds = _bounds(dataset)
    result = dataset.reset_coords([name for name in bounds if name in dataset.coords])
    for name in bounds:
        result[name].attrs = {}
    return result


def _bounds(dataset: xr.Dataset) -> set[str]:
    """Names of the variables that bound the cells of others."""
    links = [dataset[name].attrs for name in dataset.variables]
    return {link[kind] for link in links for kind in ("bounds", "climatology") if kind in link}


def _in_recommended_order(dataset: xr.Dataset) -> xr.Dataset:
    """Data with time, latitude and longitude as the last dimensions, as CF recommends."""
    data = set(dataset.data_vars) - _bounds(dataset)
    ordered = {
        name: dataset[name].transpose(..., "time", "cell", "lat", "lon", missing_dims="ignore")
        for name in data
    }
    return dataset.assign({name: ordered[name] for name in dataset.data_vars if name in data})


def _with_cell_methods(dataset: xr.Dataset) -> xr.Dataset:
    """Say of the estimates on a time axis with bounds that they are means over its steps.

    Standard errors are of these means, not means themselves.
    """
    if "time" not in dataset.coords or not {"climatology", "bounds"} & set(dataset["time"].attrs):
        return dataset
    climatological = "climatology" in dataset["time"].attrs
    cell_methods = CLIMATOLOGY_CELL_METHODS if climatological else "time: mean"
    for name in set(dataset.data_vars) - _bounds(dataset):
        if str(name).endswith(ERROR_SUFFIXES):
            continue
        if "time" in dataset[name].dims and dataset[name].dtype.kind == "f":
            dataset[name].attrs["cell_methods"] = cell_methods
    return dataset


def _encode(dataset: xr.Dataset, name: str, dtype: str) -> None:
    """Set the storage of a variable: data may be missing, coordinates and bounds may not."""
    variable = dataset[name]
    encoding = variable.encoding
    if name in dataset.coords or name in _bounds(dataset):
        encoding["_FillValue"] = None
    elif variable.dtype.kind == "f":
        encoding.update(dtype=dtype, zlib=True, _FillValue=netCDF4.default_fillvals[dtype])
    if _holds_cftime(variable):
        calendar = variable.values.flat[0].calendar
        encoding.update(units=TIME_UNITS, calendar=calendar, dtype="float64")


def _holds_cftime(variable: xr.DataArray) -> bool:
    return variable.size > 0 and isinstance(variable.values.flat[0], cftime.datetime)
