"""AERONET sun photometers: text files to monthly climatologies of stations at 550 nm."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES
from aeroforcing.observations.readers._aeronet_layout import Layout
from aeroforcing.observations.readers._aeronet_means import (
    check_records,
    monthly_means,
    period_sums,
)
from aeroforcing.observations.readers._aeronet_places import (
    Part,
    Settled,
    by_place,
    places_in,
    settled,
)
from aeroforcing.observations.readers._aeronet_products import joined_products
from aeroforcing.observations.readers._aeronet_sources import reporting_damage, sources_in
from aeroforcing.observations.readers._aeronet_text import records
from aeroforcing.observations.readers._files import (
    Paths,
    as_paths,
    finished,
    without_negative_noise,
)
from aeroforcing.optics.spectral_laws import with_absorption

_log = logging.getLogger(__name__)
_DAYS, _MONTHS, _CALENDAR_MONTHS = range(3)  # what the periods of a file are
_NOISE = -0.02  # a mean AOD this far below 0 is within the calibration uncertainty


def read_aeronet(paths: Paths, *, min_days: int = 1, min_points: int = 1) -> xr.Dataset:
    """Monthly climatology of AERONET stations at 550 nm.

    Reads Version 3 and Version 2, direct sun and inversion products; all points, daily and monthly
    means; zip archives of them; and tables of sites and calendar months (CSV with the columns
    AERONET_Site_Name, month, AOD_500nm and so on, or station, month, lat, lon, elevation, aod, ssa
    and so on; aaod and absorption_angstrom in place of ssa and coalbedo_angstrom). Files of many
    sites and several files of one site are joined.

    AOD comes to 550 nm log-log, SSA and asymmetry parameter linearly between the neighbouring
    wavelengths (Chung 2012, doi:10.5772/50248). AOD and Angstrom exponent (440-870 nm) are means
    over days of daily means, from direct sun where a site has it; SSA is weighted by AOD and the
    asymmetry parameter by scattering AOD over all retrievals, because Level 2.0 gives SSA only for
    AOD(440 nm) of 0.4 and more; the co-albedo exponent comes from the extinction and absorption of
    all retrievals at 440 and 870 nm and is 0 where nothing absorbs.

    Parameters
    ----------
    paths
        One file or several.
    min_days
        Months with fewer days of measurements are missing [days].
    min_points
        Months with fewer measurements are missing. Files that do not count them are taken to hold
        one for each line.

    Returns
    -------
    Dataset over (station, month) with the coordinates `station`, `lat` [degrees_north], `lon`
    [degrees_east], `elevation` [m, NaN if the file has none] and `month` (1 to 12); the variables
    aod, angstrom [1], and from inversions ssa, asymmetry, coalbedo_angstrom, aaod and
    absorption_angstrom [1]; the counts n_days and n_points, and n_days_inversion and
    n_points_inversion of the retrievals. Mean AOD between -0.02 and 0 is set to 0 and counted.

    Raises
    ------
    InputError
        Names the file, the line and what is wrong: missing, empty, truncated or binary files,
        other products, absent columns, values out of range, the same days twice, one site at two
        places.
    """
    if min_days < 1 or min_points < 1:
        raise InputError(f"min_days={min_days}, min_points={min_points}: give 1 or more.")
    listed = as_paths(paths)
    files = _files(listed)
    places = _settled(files)
    means = _with_enough(_joined(files), min_days=min_days, min_points=min_points)
    if means["aod"].isna().all():
        raise InputError(
            f"{', '.join(map(str, listed))}: no month has enough valid measurements on both sides "
            "of 550 nm. Lower min_days and min_points, or fetch another product."
        )
    dataset = with_absorption(_without_undefined(_dataset(means, places.sites)))
    return finished(_with_notes(dataset, places), product="AERONET", paths=listed)


class _File:
    """The sums of one file and what is needed to join it with others."""

    def __init__(self, layout: Layout, parts: list[Part]) -> None:
        self.layout, self.parts = layout, parts
        self.sums = pd.DataFrame()

    @property
    def source(self) -> str:
        return self.layout.source


def _files(paths: Sequence[Path]) -> list[_File]:
    """Every file by its sums; inversion products that were fetched one by one as one file."""
    files, pieces = [], []
    for source in sources_in(paths):
        with reporting_damage(source.name), source.opened() as stream:
            layout, blocks = records(stream, source.name)
            if layout.is_piece:
                pieces.append((layout, pd.concat(list(blocks), ignore_index=True)))
            else:
                files.append(_File(layout, [_part(block, layout) for block in blocks]))
    if pieces:
        layout, block = joined_products(pieces)
        files.append(_File(layout, [_part(block, layout)]))
    return files


def _part(block: pd.DataFrame, layout: Layout) -> Part:
    check_records(block, layout)
    placed = by_place(block)
    return Part(period_sums(placed, layout), places_in(placed))


def _settled(files: list[_File]) -> Settled:
    """Give every station one place, in all files; the sums of each file become one table."""
    parts = [part for file in files for part in file.parts]
    result = settled(parts, source=", ".join(file.source for file in files))
    rest = iter(result.sums)
    for file in files:
        file.sums = _combined([next(rest) for _ in file.parts])
    return result


def _combined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Sums of blocks as one table; a day can be cut by the end of a block."""
    groups = pd.concat(parts).groupby(level=["station", "period"])
    return groups.sum().assign(days=groups["days"].max())


def _with_notes(dataset: xr.Dataset, places: Settled) -> xr.Dataset:
    """The dataset with what was done about sites that moved, which is also told."""
    notes = {
        "sites_that_moved": "; ".join(f"{s}: {', '.join(n)}" for s, n in places.moved.items()),
        "sites_left_out": "; ".join(f"{s} is {why}" for s, why in places.left_out.items()),
    }
    for name, text in notes.items():
        if text:
            count = len(places.moved if name == "sites_that_moved" else places.left_out)
            _log.warning("%d %s: %s", count, name.replace("_", " "), text)
    return dataset.assign_attrs({name: text for name, text in notes.items() if text})


def _joined(files: list[_File]) -> pd.DataFrame:
    """Monthly means of all files, with the counts of the retrievals under their own names."""
    retrieved = [file for file in files if file.layout.is_inversion]
    direct = [file for file in files if not file.layout.is_inversion]
    if not retrieved:
        return monthly_means(_all_sums(direct))
    inversions = _with_own_counts(monthly_means(_all_sums(retrieved)))
    return _merged(monthly_means(_all_sums(direct)), inversions) if direct else inversions


def _with_own_counts(means: pd.DataFrame) -> pd.DataFrame:
    return means.assign(n_days_inversion=means["n_days"], n_points_inversion=means["n_points"])


def _merged(direct: pd.DataFrame, inversions: pd.DataFrame) -> pd.DataFrame:
    """AOD and its exponent from direct sun wherever the station has any, the rest from inversions.

    Inversions are of hazy and cloudless skies, so months of one station never mix the two.
    """
    stations = inversions.index.get_level_values("station")
    covered = stations.isin(direct.index.get_level_values("station"))
    rest = inversions.drop(columns=list(direct.columns))
    return pd.concat([direct.join(rest[covered], how="outer"), inversions[~covered]]).sort_index()


def _all_sums(files: list[_File]) -> pd.DataFrame:
    """The sums of several files that share no day."""
    _check_no_overlap(files)
    return pd.concat([file.sums for file in files])


def _check_no_overlap(files: list[_File]) -> None:
    """A day in two files would count twice; means of months are compared by months."""
    periods = pd.concat([_periods(file, number) for number, file in enumerate(files)])
    coarsest = periods.groupby("station")["kind"].transform("max")
    months = periods["period"] // 100
    periods["period"] = (
        periods["period"]
        .mask(coarsest == _MONTHS, months)
        .mask(coarsest == _CALENDAR_MONTHS, months % 100)
    )
    each_once = periods.drop_duplicates(["station", "period", "file"])
    again = each_once[each_once.duplicated(["station", "period"])]
    if again.empty:
        return
    second = again.iloc[0]
    same = (each_once["station"] == second["station"]) & (each_once["period"] == second["period"])
    first = each_once[same].iloc[0]
    raise InputError(
        f"{files[second['file']].source}: {len(again)} periods of its stations are in "
        f"{files[first['file']].source} too, first {second['period']} of {second['station']}. Give "
        "each period once."
    )


def _periods(file: _File, number: int) -> pd.DataFrame:
    """Stations and periods of a file, and of what kind they are."""
    kind = _MONTHS if file.layout.is_monthly else _DAYS
    if file.layout.is_climatology:
        kind = _CALENDAR_MONTHS
    return file.sums.index.to_frame(index=False).assign(file=number, kind=kind)


def _with_enough(means: pd.DataFrame, *, min_days: int, min_points: int) -> pd.DataFrame:
    """The means of months with enough measurements; the others missing."""
    kept = means.copy()
    for suffix, names in (
        ("", ["aod", "angstrom"]),
        ("_inversion", ["ssa", "asymmetry", "coalbedo_angstrom"]),
    ):
        present = [name for name in names if name in kept]
        if f"n_days{suffix}" in kept:
            days, points = kept[f"n_days{suffix}"], kept[f"n_points{suffix}"]
            enough = (days >= min_days) & (points >= min_points)
            kept[present] = kept[present].where(enough)
    return kept


def _dataset(means: pd.DataFrame, sites: pd.DataFrame) -> xr.Dataset:
    dataset = xr.Dataset.from_dataframe(means).reindex(month=np.arange(1, 13))
    counts = [name for name in dataset.data_vars if str(name).startswith("n_")]
    dataset = dataset.assign({name: dataset[name].fillna(0).astype(int) for name in counts})
    dataset["aod"] = without_negative_noise(dataset["aod"], floor=_NOISE)
    place = sites.loc[dataset["station"].values]
    return dataset.assign_coords(
        station=dataset["station"].values.astype(str),
        lat=("station", place["lat"].to_numpy()),
        lon=("station", np.mod(place["lon"].to_numpy(), 360.0)),
        elevation=("station", place["elevation"].to_numpy(dtype=float)),
    )


def _without_undefined(dataset: xr.Dataset) -> xr.Dataset:
    """The same without co-albedo exponents out of range: hardly anything absorbs there."""
    if "coalbedo_angstrom" not in dataset:
        return dataset
    exponent = dataset["coalbedo_angstrom"]
    undefined = VARIABLES["coalbedo_angstrom"].out_of_range(exponent.values)
    result = dataset.assign(coalbedo_angstrom=exponent.where(~undefined))
    if undefined.any():
        result.attrs["undefined_coalbedo_angstrom"] = f"{int(undefined.sum())} months"
    return result
