"""ISCCP monthly cloud amount and optical depth by type (HGM of the H series, C2, D2)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers._files import (
    Paths,
    as_paths,
    finished,
    joined_in_time,
    not_this_product,
    opened_grid,
    with_month_labels,
)
from aeroforcing.optics.clouds import CLOUD_TYPES, mean_cloud_depth

_AMOUNT = ("cldamt_types", "cloud_fraction", "cloud_amount")
_OPTICAL_DEPTH = ("tau_types", "cloud_optical_depth")
_LABELS = ("cloud_type_label", "cloud_type")

# The nine types of ISCCP's diagram in the package's seven: C2 did not divide low and middle clouds
# of optical depth above 3.6.
_MERGED = {
    "cumulus": "cumulus",
    "stratocumulus": "stratus",
    "stratus": "stratus",
    "altocumulus": "altocumulus",
    "altostratus": "nimbostratus",
    "nimbostratus": "nimbostratus",
    "cirrus": "cirrus",
    "cirrostratus": "cirrostratus",
    "deep_convective": "deep_convective",
    "deep_convection": "deep_convective",
}
_SUM_ROUNDING = 0.01  # of amounts kept in whole percent or half percent


def read_isccp(paths: Paths) -> xr.Dataset:
    """Monthly cloud amount of the seven ISCCP types, and their optical depth if it is there.

    Reads netCDF files with amounts by type: the monthly files of the H series (HGM, 18 types, of
    liquid and ice apart) and the types of C2 and D2. Types that the seven do not divide are added
    up; their optical depth is the one that gives their mean albedo. Amounts are as seen from above
    and exclude each other; where rounding takes their sum above 1 (by 0.01 at most) they are scaled
    to it.

    Parameters
    ----------
    paths
        One netCDF file or several, of one month or more each, or a climatology over `month`.

    Returns
    -------
    Dataset over (time or month, cloud_type, lat, lon) with cloud_fraction [1] and, if the files
    have it, cloud_optical_depth [1]; `time` at the first days of the months.

    Raises
    ------
    InputError
        Names the file and what is wrong: missing, empty, truncated, of another product, types that
        are not known, amounts that add up to more than the sky, a month given twice.

    References
    ----------
    Rossow and Schiffer (1999), doi:10.1175/1520-0477(1999)080<2261:AIUCFI>2.0.CO;2; Young et al.
    (2018), doi:10.5194/essd-10-583-2018.
    """
    listed = as_paths(paths)
    files = [(str(path), _one_file(path)) for path in listed]
    return finished(joined_in_time(files), product="ISCCP", paths=listed)


def _one_file(path: Path) -> xr.Dataset:
    raw = opened_grid(path, lambda o: _chosen(o, path))
    raw = with_month_labels(raw, source=str(path))
    if "cloud_type" not in raw["amount"].dims:
        raise InputError(
            f"{path}: the cloud amount has the dimensions {', '.join(map(str, raw['amount'].dims))}"
            "; one named cloud_type is expected."
        )
    types = _types(raw, path)
    amount = _fraction(raw["amount"], path)
    depth = raw["optical_depth"].astype(float) if "optical_depth" in raw else None
    names = [kind.name for kind in CLOUD_TYPES]
    absent = set(names) - set(types)
    if absent:
        raise InputError(f"{path}: the cloud types {', '.join(sorted(absent))} are absent.")
    merged = [_merged(amount, depth, np.array(types) == name) for name in names]
    axis = xr.Variable("cloud_type", names)
    content = xr.concat(merged, dim=axis, coords="minimal", compat="override", join="exact")
    content["cloud_fraction"] = _within_sky(content["cloud_fraction"], path)
    return content.transpose(..., "cloud_type", "lat", "lon")


def _chosen(opened: xr.Dataset, path: Path) -> xr.Dataset:
    """Amounts, optical depths and labels of the types under plain names."""
    amount = next((name for name in _AMOUNT if name in opened.data_vars), None)
    if amount is None:
        raise not_this_product(path, _AMOUNT, opened.data_vars)
    names = {amount: "amount"}
    for new, candidates in (("optical_depth", _OPTICAL_DEPTH), ("labels", _LABELS)):
        found = next((name for name in candidates if name in opened.variables), None)
        if found is not None:
            names[found] = new
    kept = opened.reset_coords([n for n in names if n in opened.coords and n not in opened.dims])
    labels = {"labels": ("cloud_type", opened["cloud_type"].values)} if _is_index(opened) else {}
    names = {old: new for old, new in names.items() if old != "cloud_type"}
    return kept[list(names)].drop_vars("cloud_type", errors="ignore").rename(names).assign(labels)


def _is_index(opened: xr.Dataset) -> bool:
    """Whether the types are labelled by the axis itself, as text."""
    indexed = "cloud_type" in opened.coords and "cloud_type_label" not in opened.variables
    return indexed and opened["cloud_type"].dtype.kind in "OSUT"


def _types(raw: xr.Dataset, path: Path) -> list[str]:
    """The package's type of each entry, by its label."""
    if "labels" not in raw or raw["labels"].dims != ("cloud_type",):
        raise InputError(
            f"{path}: the axis cloud_type has no labels (cloud_type_label), so it is not known "
            "which type is which."
        )
    return [_type(label, path) for label in raw["labels"].values]


def _type(label: object, path: Path) -> str:
    text = label.decode("latin-1") if isinstance(label, bytes) else str(label)
    word = re.split(r"[\s(]+", text.strip().lower())[0].replace("-", "_")
    name = re.sub(r"_(liquid|ice)$", "", word)
    if name not in _MERGED:
        raise InputError(
            f"{path}: the cloud type {text.strip()[:40]!r} is not known; known are "
            f"{', '.join(_MERGED)}."
        )
    return _MERGED[name]


def _fraction(amount: xr.DataArray, path: Path) -> xr.DataArray:
    """Amounts as fractions of the sky."""
    units = str(amount.attrs.get("units", "")).strip().lower()
    if units in ("%", "percent"):
        return amount.astype(float) / 100.0
    if units in ("1", "", "fraction"):
        return amount.astype(float)
    raise InputError(f"{path}: cloud amount has the units {units!r}; percent or 1 is expected.")


def _merged(amount: xr.DataArray, depth: xr.DataArray | None, members: np.ndarray) -> xr.Dataset:
    """One type out of those that the file divides it into; missing where all are."""
    parts = amount.isel(cloud_type=members)
    fields = {"cloud_fraction": parts.sum("cloud_type", min_count=1)}
    if depth is not None:
        depths = depth.isel(cloud_type=members)
        fields["cloud_optical_depth"] = mean_cloud_depth(depths, weight=parts, dim="cloud_type")
    return xr.Dataset(fields)


def _within_sky(amount: xr.DataArray, path: Path) -> xr.DataArray:
    """Amounts that add up to 1 at most; a sum that rounding takes above 1 is scaled down to it."""
    cover = amount.sum("cloud_type")
    over = cover > 1 + _SUM_ROUNDING
    if bool(over.any()):
        raise InputError(
            f"{path}: the cloud types add up to more than the sky in {int(over.sum())} cells, at "
            f"most {float(cover.max()):.3g}. Are the units of the amount right?"
        )
    return amount / cover.clip(min=1.0)
