"""What all readers share: lists of paths, grids in the package's order, months, final checks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import middles_of, time_bounds_in
from aeroforcing.core.canonical import check_ranges
from aeroforcing.core.constants import REFERENCE_WAVELENGTH
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import open_input
from aeroforcing.core.variables import stamp
from aeroforcing.grids.axes import standard_axes
from aeroforcing.observations.readers._months import month_of_file

PathLike: TypeAlias = str | os.PathLike[str]
Paths: TypeAlias = PathLike | Sequence[PathLike]

COUNT = "negative_values_set_to_zero"  # attribute in which `without_negative_noise` counts


def as_paths(paths: Paths) -> list[Path]:
    """One path or several as a list of files that exist, hold something and can be read.

    A pattern, such as "od550aer_*.nc", stands for the files that it fits, in the order of names.

    Raises
    ------
    InputError
        No path, a path twice, or a file that is missing, a folder, empty or not readable.
    """
    single = isinstance(paths, str | os.PathLike)
    given = cast("Sequence[PathLike]", [paths] if single else paths)
    listed = [file for path in given for file in _fitting(path)]
    if not listed:
        raise InputError("no file to read: give at least one path.")
    repeated = {str(path) for path in listed if listed.count(path) > 1}
    if repeated:
        raise InputError(f"{min(repeated)}: the file is given twice. Give each file once.")
    for path in listed:
        _check_file(path)
    return listed


def _fitting(path: PathLike) -> list[Path]:
    """The files that a pattern fits; a name without a pattern, or of a file, is itself."""
    text = os.fspath(path)
    if not has_magic(text) or "\0" in text or Path(text).exists():
        return [Path(text)]
    found = [Path(name) for name in sorted(glob(text))]
    if not found:
        raise InputError(f"{text}: no file fits this pattern. Check the folder and the name.")
    return found


def _check_file(path: Path) -> None:
    try:
        if path.exists() and not path.is_file():  # opening a pipe could wait for ever
            raise InputError(f"{path}: not a file. Give the names of files.")
        with path.open("rb") as stream:
            first = stream.read(1)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file. Check the name.") from None
    except NotADirectoryError:
        raise InputError(f"{path}: not a file. Give the names of files.") from None
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be opened ({error}).") from error
    if not first:
        raise InputError(f"{path}: the file is empty. Fetch it again.")


def read_grid(path: Path, *, names: Iterable[str]) -> xr.Dataset:
    """The named variables of a netCDF file that it has, missing values as NaN, on standard axes.

    Names are found in any case and given back as asked for.

    Raises
    ------
    InputError
        The file cannot be read, holds none of the names, or its axes cannot be used.
    """
    wanted = {name.lower(): name for name in names}

    def select(opened: xr.Dataset) -> xr.Dataset:
        found = {v: wanted[v.lower()] for v in map(str, opened.data_vars) if v.lower() in wanted}
        if not found:
            raise not_this_product(path, wanted.values(), opened.data_vars)
        kept = [*found, *time_bounds_in(opened)]
        return opened[kept].rename({old: new for old, new in found.items() if old != new})

    return opened_grid(path, select)


def opened_grid(path: Path, select: Callable[[xr.Dataset], xr.Dataset]) -> xr.Dataset:
    """What `select` picks of a netCDF file, on standard axes.

    Raises
    ------
    InputError
        The file cannot be read, or its axes cannot be used.
    """
    try:
        return standard_axes(open_input(path, select=select), source=str(path))
    except (KeyError, TypeError, AttributeError, MemoryError, OverflowError) as error:
        raise InputError(
            f"{path}: cannot be read as netCDF; its header is damaged ({error!r}). Fetch it again."
        ) from error


def not_this_product(path: Path, expected: Iterable[object], found: Iterable[object]) -> InputError:
    """The error for a file that holds none of the variables of a product."""
    return InputError(
        f"{path}: none of the variables {_shortened(expected)} is there; the file holds "
        f"{_shortened(found)}. It is of another product, or its layout has changed."
    )


def _shortened(names: Iterable[object]) -> str:
    listed = list(map(str, names))
    rest = f" and {len(listed) - 8} more" if len(listed) > 8 else ""
    return (", ".join(listed[:8]) or "nothing") + rest


def first_of_month(year: int, month: int, *, source: str) -> np.datetime64:
    """The label of a month on a time axis.

    Raises
    ------
    InputError
        The year is not near those of satellites and model runs, or the month is none.
    """
    if not (1800 <= year <= 2200 and 1 <= month <= 12):
        raise InputError(f"{source}: its date, month {month} of the year {year}, cannot be right.")
    return np.datetime64(f"{year:04d}-{month:02d}-01", "ns")


def with_month_labels(
    dataset: xr.Dataset, *, source: str, month: np.datetime64 | None = None, means: bool = False
) -> xr.Dataset:
    """The same dataset with `time` (decoded dates) at the first days of its months.

    A climatology over `month` stays as it is.

    Parameters
    ----------
    month
        Of a dataset without time, where neither the name of the file nor its attributes tell it.
    means
        Whether several steps in a month become their mean; otherwise they are refused. Their
        greatest number is then in the attribute `steps_in_a_month`.

    Raises
    ------
    InputError
        There is no time axis, it holds no dates, or a month twice.
    """
    if "month" in dataset.dims and "month" in dataset.coords:
        return _checked_months(dataset, source)
    if "time" not in dataset.coords:
        if dataset.sizes.get("time", 1) > 1:
            raise InputError(
                f"{source}: there is no coordinate time or month, so the months are not known."
            )
        single = dataset.squeeze("time") if "time" in dataset.dims else dataset
        label = month_of_file(Path(source), dataset.attrs) if month is None else month
        return single.expand_dims(time=[label])
    if "time" not in dataset.dims:
        dataset = dataset.expand_dims("time")
    dates = dataset["time"].values
    if not all(hasattr(date, "month") for date in dates):
        raise InputError(f"{source}: the values of time are not dates; its units are not CF.")
    dates = middles_of(dataset)
    labels = [first_of_month(date.year, date.month, source=source) for date in dates]
    if len(set(labels)) < len(labels) and not means:
        raise InputError(
            f"{source}: time holds a month more than once; monthly means are expected."
        )
    bare = dataset.drop_vars(time_bounds_in(dataset))
    labelled = bare.assign_coords(time=np.array(labels, dtype="datetime64[ns]"))
    return _monthly_means(labelled) if len(set(labels)) < len(labels) else labelled


def _monthly_means(dataset: xr.Dataset) -> xr.Dataset:
    """Means of the steps of the same month, and how many there are at most."""
    in_time = dataset.drop_vars([n for n, a in dataset.data_vars.items() if "time" not in a.dims])
    means = in_time.groupby("time").mean("time", keep_attrs=True)
    _, steps = np.unique(dataset["time"].values, return_counts=True)
    constant = dataset.drop_dims("time").data_vars
    return means.assign(constant).assign_attrs(dataset.attrs, steps_in_a_month=int(steps.max()))


def _checked_months(dataset: xr.Dataset, source: str) -> xr.Dataset:
    months = dataset["month"].values.tolist()
    if not set(months) <= set(range(1, 13)) or len(set(months)) < len(months):
        raise InputError(
            f"{source}: the axis month holds {months}; 1 to 12 is expected, each once."
        )
    return dataset


def joined_in_time(files: Sequence[tuple[str, xr.Dataset]]) -> xr.Dataset:
    """Datasets of one grid, one after the other along `time` (or `month`), in order.

    Parameters
    ----------
    files
        Names and contents; each has its months as `with_month_labels` gives them.

    Raises
    ------
    InputError
        A value is out of its physical range, their grids or variables differ, or two hold the same
        month.
    """
    for name, dataset in files:
        check_ranges(dataset, source=name)
    source, first = files[0]
    for other_source, other in files[1:]:
        _check_alike(source, first, other_source, other)
    axis = "time" if "time" in first.dims else "month"
    contents = [dataset for _, dataset in files]
    joined = xr.concat(contents, dim=axis, join="exact", combine_attrs="drop").sortby(axis)
    labels = joined[axis].values
    again = labels[1:][labels[1:] == labels[:-1]]
    if again.size:
        raise InputError(
            f"{', '.join(name for name, _ in files)}: the month {str(again[0])[:7]} is there more "
            "than once. Give each month of one instrument or model once."
        )
    return joined


def _check_alike(source: str, first: xr.Dataset, other_source: str, other: xr.Dataset) -> None:
    for axis in ("lat", "lon"):
        if not np.array_equal(first[axis].values, other[axis].values):
            raise InputError(
                f"{other_source}: its axis {axis} differs from that of {source}. Read files of "
                "different grids apart."
            )
    if set(first.variables) != set(other.variables):
        raise InputError(
            f"{other_source}: it holds {_shortened(other.variables)}; {source} holds "
            f"{_shortened(first.variables)}. Read files of different editions apart."
        )


def without_negative_noise(aod: xr.DataArray, *, floor: float) -> xr.DataArray:
    """AOD with the small negative values of unbiased retrievals set to 0 and counted.

    Retrievals keep values down to minus their uncertainty so that means are unbiased; no forcing
    can be computed from them.

    Parameters
    ----------
    floor
        The most negative value that noise explains; lower ones are left to the range check.
    """
    noise = (aod < 0) & (aod >= floor)
    clipped = aod.where(~noise, 0.0)
    clipped.attrs[COUNT] = int(noise.sum())
    return clipped


def finished(dataset: xr.Dataset, *, product: str, paths: Sequence[Path]) -> xr.Dataset:
    """The dataset with the registry's attributes, 550 nm and its origin; ranges checked.

    Raises
    ------
    InputError
        A variable is out of its physical range.
    """
    source = ", ".join(map(str, paths))
    check_ranges(dataset, source=source)
    counted = sum(a.attrs.get(COUNT, 0) for a in dataset.values())
    result = dataset.assign_attrs(source=product, input_files=source)
    if counted:
        result.attrs["negative_aod_set_to_zero"] = f"{counted} cells"
    if any(name in dataset for name in ("aod", "ssa", "asymmetry")):
        result = result.assign_coords(wavelength=float(REFERENCE_WAVELENGTH))
    return stamp(result)
