"""Any recognised variables of monthly files, of one year or several, for their climatology."""

from __future__ import annotations

import xarray as xr

from aeroforcing.core.calendar import time_bounds_in
from aeroforcing.core.canonical import canonicalise
from aeroforcing.inputs.user import known_part
from aeroforcing.observations.readers._files import (
    Paths,
    as_paths,
    finished,
    joined_in_time,
    opened_grid,
    with_month_labels,
)


def read_fields(paths: Paths) -> xr.Dataset:
    """Monthly fields of every variable that a run takes, in canonical names where they have one.

    Parameters
    ----------
    paths
        netCDF files of one grid and the same variables, of one month or more each; the month of a
        file without time is that of its name or attributes. Months are those of the bounds of the
        time, where it has bounds.

    Returns
    -------
    Dataset over (time or month, lat, lon); the attribute `not_used` names the variables of the
    first file that are not among them.

    Raises
    ------
    InputError
        Names the file and what is wrong: nothing in it is known, no months, a month given twice,
        another grid or other variables than those of the first file, values out of range.
    """
    listed = as_paths(paths)
    unused: list[str] = []

    def select(opened: xr.Dataset) -> xr.Dataset:
        bounds = time_bounds_in(opened)
        known = known_part(opened, source=opened.encoding.get("source", "the file"))
        if not unused:
            unused.extend(str(n) for n in opened.data_vars if n not in known and n not in bounds)
        kept = known.drop_vars(bounds, errors="ignore")
        return kept.assign({name: opened[name] for name in bounds}).assign_attrs(opened.attrs)

    files = []
    for path in listed:
        months = with_month_labels(opened_grid(path, select), source=str(path))
        files.append((str(path), canonicalise(months, source=str(path))))
    result = finished(joined_in_time(files), product="monthly fields", paths=listed)
    return result.assign_attrs({"not_used": ", ".join(unused)} if unused else {})
