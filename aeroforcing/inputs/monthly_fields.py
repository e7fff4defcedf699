"""Any recognised variables of monthly files, of one year or several, for their climatology."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import time_bounds_in
from aeroforcing.core.canonical import canonicalise, claimed_names
from aeroforcing.core.errors import InputError
from aeroforcing.grids.means import weights_of
from aeroforcing.inputs.known import known_part, squeezed_to_axes
from aeroforcing.observations.readers._files import (
    Paths,
    as_paths,
    finished,
    joined_in_time,
    opened_grid,
    with_month_labels,
)

_COUNT = " count"  # after the name of the variable that is counted
_COUNT_NAME = re.compile(r"_?(pixel_?)?(counts?|num|number_of_(observations|retrievals))$", re.I)
_MEAN_NAME = re.compile(r"(_(mean|avg|average))+$", re.I)
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def read_fields(paths: Paths, *, month: str | None = None) -> xr.Dataset:
    """Monthly fields of every variable that a run takes, in canonical names where they have one.

    Parameters
    ----------
    paths
        netCDF files of one grid and the same variables, of one month or more each; the month of a
        file without time is that of its name or attributes. Months are those of the bounds of the
        time, where it has bounds. Several steps of a file in one month are averaged.
    month
        That of the only file, such as "2005-07", where the file does not tell it.

    Returns
    -------
    Dataset over (time or month, lat, lon); the attribute `not_used` names the variables of the
    first file that are not among them. The number of valid samples of a variable, where the files
    have it (ancillary_variables; AOD_Count or AOD_Pixel_Counts beside AOD or AOD_Mean), is in
    "<name> count".

    Raises
    ------
    InputError
        Names the file and what is wrong: nothing in it is known, no months, a month given twice,
        another grid or other variables than those of the first file, values out of range.
    """
    listed = as_paths(paths)
    given = _given_month(month, len(listed))
    attrs: dict[str, object] = {}

    def select(stored: xr.Dataset) -> xr.Dataset:
        source = stored.encoding.get("source", "the file")
        opened = squeezed_to_axes(stored)
        bounds = time_bounds_in(opened)
        known = known_part(opened, source=source)
        if "not_used" in known.attrs:
            attrs.setdefault("not_used", known.attrs["not_used"].removeprefix("not used: "))
        kept = known.drop_vars(bounds, errors="ignore")
        counts = {n: opened[count].variable for n, count in _counts(opened, known, source).items()}
        return kept.assign({name: opened[name] for name in bounds} | counts).assign_attrs(
            opened.attrs
        )

    files = []
    for path in listed:
        opened = opened_grid(path, select)
        months = with_month_labels(opened, source=str(path), month=given, means=True)
        files.append((str(path), canonicalise(months, source=str(path))))
        if "steps_in_a_month" in months.attrs:
            attrs["steps_in_a_month"] = months.attrs["steps_in_a_month"]
    result = finished(joined_in_time(files), product="monthly fields", paths=listed)
    weighted = [n.removesuffix(_COUNT) for n in map(str, result.data_vars) if n.endswith(_COUNT)]
    told = {"weighted_by_counts": ", ".join(weighted)} if weighted else {}
    return result.assign_attrs(attrs | told)


def _given_month(month: str | None, files: int) -> np.datetime64 | None:
    if month is None:
        return None
    if not _MONTH.fullmatch(month):
        raise InputError(f"month {month!r} is not allowed; give year and month such as 2005-07.")
    if files > 1:
        raise InputError(f"month {month} is that of one file, not of {files}; give them apart.")
    return np.datetime64(month, "ns")


def _counts(opened: xr.Dataset, known: xr.Dataset, source: str) -> dict[str, str]:
    """Name of the number of samples, for `without_counts` -> the variable that holds it."""
    found = {}
    for name, canonical in claimed_names(known, source=source).items():
        if name not in known:
            continue
        count = _count_of(str(name), opened)
        if count is not None:
            found[f"{canonical}{_COUNT}"] = count
    return found


def _count_of(name: str, dataset: xr.Dataset) -> str | None:
    """The variable that counts the samples of another: as that says, or by its name."""
    array = dataset[name]
    stem = _MEAN_NAME.sub("", name).lower()
    for key in (*str(array.attrs.get("ancillary_variables", "")).split(), *dataset.data_vars):
        text = str(key)
        if key not in dataset.data_vars or dataset[key].dims != array.dims or text == name:
            continue
        standard_name = str(dataset[key].attrs.get("standard_name", ""))
        own = _COUNT_NAME.sub("", text)
        by_attribute = text in str(array.attrs.get("ancillary_variables", "")).split()
        if by_attribute and (standard_name.endswith("number_of_observations") or own != text):
            return text
        if own != text and own.lower() in ("", stem):
            return text
    return None


def without_counts(fields: xr.Dataset) -> tuple[xr.Dataset, dict[str, xr.DataArray]]:
    """The fields, and the numbers of valid samples of some of them."""
    names = [str(name) for name in fields.data_vars if str(name).endswith(_COUNT)]
    return fields.drop_vars(names), {n.removesuffix(_COUNT): fields[n] for n in names}


def with_counts_as_weights(
    fields: xr.Dataset,
    means: xr.Dataset,
    average: Callable[[xr.Dataset], xr.Dataset],
    counts: Mapping[str, xr.DataArray],
) -> xr.Dataset:
    """Means over the years in which each value counts as often as it has samples.

    Parameters
    ----------
    fields, means
        What is averaged, and its means without counts, which stay where there is no count.
    average
        The mean of each variable of a dataset, missing values left out.
    counts
        Numbers of valid samples by variable [1].
    """
    weighted = {}
    for name, count in counts.items():
        if name not in fields:
            continue
        also = weights_of(name, fields)
        weight = (count if also is None else count * also).where(fields[name].notnull())
        parts = average(xr.Dataset({"product": fields[name] * weight, "weight": weight}))
        mean = parts["product"] / parts["weight"].where(parts["weight"] > 0)
        kept = mean.fillna(means[name]).where(means[name].notnull())
        weighted[name] = kept.assign_attrs(means[name].attrs)
    return means.assign(weighted)
