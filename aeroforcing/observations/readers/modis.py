"""MODIS Level 3 monthly AOD (MOD08_M3 of Terra, MYD08_M3 of Aqua), Collections 5 to 6.1."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.core.calendar import time_bounds_in
from aeroforcing.core.errors import InputError
from aeroforcing.grids.axes import standard_axes
from aeroforcing.observations.readers import _hdf4
from aeroforcing.observations.readers._files import (
    COUNT,
    Paths,
    as_paths,
    finished,
    first_of_month,
    joined_in_time,
    not_this_product,
    opened_grid,
    with_month_labels,
    without_negative_noise,
)

_DARK_TARGET = (
    "Aerosol_Optical_Depth_Land_Ocean_Mean_Mean",  # Collection 6 and 6.1
    "Optical_Depth_Land_And_Ocean_Mean_Mean",  # Collection 5 and 5.1
    "Corrected_Optical_Depth_Land_Mean_Mean",  # land alone, at 470, 550 and 660 nm
)
_DEEP_BLUE = (
    "Deep_Blue_Aerosol_Optical_Depth_550_Land_Mean_Mean",
    "Deep_Blue_Aerosol_Optical_Depth_550_Land_QA_Mean_Mean",
)

# Under which data sets a product may be; the first that the file has counts.
_PRODUCTS = {
    "combined": ("AOD_550_Dark_Target_Deep_Blue_Combined_Mean_Mean", *_DARK_TARGET),
    "dark_target": _DARK_TARGET,
    "deep_blue": _DEEP_BLUE,
}
_GREEN = {"Corrected_Optical_Depth_Land_Mean_Mean": 1}  # position of 550 nm

# Names that rendered maps of the combined product have (NASA Earth Observations).
_RENDERED = ("AOD", "MODAL2_M_AER_OD", "MYDAL2_M_AER_OD")
_NOISE = -0.05  # the lowest AOD of a Dark Target retrieval (Levy et al. 2013)


def read_modis(paths: Paths, *, product: str = "combined") -> xr.Dataset:
    """Monthly AOD of MODIS at 550 nm on its one-degree grid.

    Terra and Aqua are read apart; `regrid([terra.aod, aqua.aod], "T42", method="median")` pools
    them. AOD between -0.05 and 0, which Dark Target keeps so that means are unbiased (Levy et al.
    2013, doi:10.5194/amt-6-2989-2013), is set to 0 and counted.

    Parameters
    ----------
    paths
        MOD08_M3 or MYD08_M3 files in HDF4 (needs pyhdf: pip install 'aeroforcing[hdf4]'), one month
        each; or netCDF files with a time axis that hold the same data sets, such as those of
        Giovanni and of NASA Earth Observations.
    product
        "combined": Dark Target and Deep Blue combined; in Collection 5, which has no such data set,
        Dark Target over land and ocean. "dark_target" or "deep_blue": that algorithm alone.

    Returns
    -------
    Dataset over (time, lat, lon), `time` at the first days of the months, with aod [1]; the
    attribute `data_set` names what was read.

    Raises
    ------
    InputError
        Names the file and what is wrong: missing, empty, truncated, of another product, pyhdf not
        installed, a month given twice, values out of range.
    """
    if product not in _PRODUCTS:
        raise InputError(f"product={product!r}: choose one of {', '.join(_PRODUCTS)}.")
    listed = as_paths(paths)
    files = [_one_file(path, product) for path in listed]
    used = {data_set for data_set, _ in files}
    if len(used) > 1:
        raise InputError(
            f"{', '.join(map(str, listed))}: these files hold different data sets, "
            f"{' and '.join(sorted(used))}. Read each collection apart."
        )
    months = [
        (str(path), content.assign(aod=without_negative_noise(content["aod"], floor=_NOISE)))
        for path, (_, content) in zip(listed, files, strict=True)
    ]
    joined = joined_in_time(months)
    joined["aod"].attrs[COUNT] = sum(content["aod"].attrs[COUNT] for _, content in months)
    return finished(joined.assign_attrs(data_set=used.pop()), product="MODIS", paths=listed)


def _one_file(path: Path, product: str) -> tuple[str, xr.Dataset]:
    """Name of the data set and its AOD over (time, lat, lon)."""
    if _hdf4.is_hdf4(path):
        return _from_hdf4(path, product)
    return _from_netcdf(path, product)


def _from_hdf4(path: Path, product: str) -> tuple[str, xr.Dataset]:
    content = _hdf4.read(path, one_of=_PRODUCTS[product], axes=("YDim", "XDim"))
    name = next(n for n in _PRODUCTS[product] if n in content.values)
    latitude, longitude = content.axis("YDim"), content.axis("XDim")
    month = _month(path, content.metadata)
    values = content.values[name]
    values = values[_GREEN[name]] if name in _GREEN and values.ndim == 3 else values
    if values.shape != (latitude.size, longitude.size):
        raise InputError(
            f"{path}: {name} has the shape {values.shape}, its axes YDim and XDim "
            f"{latitude.size} and {longitude.size} values; its layout has changed."
        )
    aod = xr.DataArray(values[None], {"time": [month], "lat": latitude, "lon": longitude},
                       ["time", "lat", "lon"])  # fmt: skip
    return name, standard_axes(aod.to_dataset(name="aod"), source=str(path))


def _month(path: Path, metadata: str) -> np.datetime64:
    """The month of a file by its name and by its metadata, which must agree."""
    by_name = _month_in_name(path)
    by_metadata = _month_in_metadata(metadata, path)
    months = [month for month in (by_name, by_metadata) if month is not None]
    if not months:
        raise InputError(
            f"{path}: neither its name (.AYYYYDDD.) nor CoreMetadata.0 tells its month."
        )
    if months[0] != months[-1]:
        raise InputError(
            f"{path}: by its name it is of {str(by_name)[:7]}, by its metadata of "
            f"{str(by_metadata)[:7]}. Was it renamed?"
        )
    return months[0]


def _month_in_name(path: Path) -> np.datetime64 | None:
    match = re.search(r"\.A(\d{4})(\d{3})\.", path.name)
    if match is None or not 1 <= int(match[2]) <= 366 or int(match[1]) < 1:
        return None
    day = date(int(match[1]), 1, 1) + timedelta(days=int(match[2]) - 1)
    return first_of_month(day.year, day.month, source=str(path))


def _month_in_metadata(metadata: str, path: Path) -> np.datetime64 | None:
    match = re.search(
        r'RANGEBEGINNINGDATE.*?VALUE\s*=\s*"(\d{4})-(\d\d)-\d\d"', metadata, re.DOTALL
    )
    return first_of_month(int(match[1]), int(match[2]), source=str(path)) if match else None


def _from_netcdf(path: Path, product: str) -> tuple[str, xr.Dataset]:
    names: list[str] = []

    def select(opened: xr.Dataset) -> xr.Dataset:
        names.append(_name_in_netcdf(opened, product, path))
        kept = [names[0], *time_bounds_in(opened)]
        return opened[kept].rename({names[0]: "aod"})

    content = opened_grid(path, select)
    labelled = with_month_labels(content, source=str(path))
    return names[0], labelled.assign(aod=labelled["aod"].astype(float))


def _name_in_netcdf(opened: xr.Dataset, product: str, path: Path) -> str:
    """The variable that is, or whose name ends in, a data set of the product."""
    rendered = _RENDERED if product == "combined" else ()
    for wanted in (*_PRODUCTS[product], *rendered):
        found = [str(v) for v in opened.data_vars if v == wanted or str(v).endswith(f"_{wanted}")]
        if found:
            return found[0]
    raise not_this_product(path, _PRODUCTS[product], opened.data_vars)
