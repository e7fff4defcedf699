"""Where AERONET's sites are: a site that moved becomes one station for each of its places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from aeroforcing.core.errors import InputError

_SAME_PLACE = {"lat": 0.1, "lon": 0.1, "elevation": 100.0}  # [degrees], [m]
_FARTHEST_MOVE = 1.0  # degrees; what is farther is another site, a ship, or damage
_PLACES = 5  # that a site may have had in one block of records, by small moves
_MARK = "\x1f"  # between the name of a site that moved and its place, within this module
_SIDES = ("lat", "lon", "elevation")


class Part(NamedTuple):
    """Sums over (station, period) and the extremes of the places of their stations."""

    sums: pd.DataFrame
    places: pd.DataFrame  # over station: lat_min, lat_max, lon_min, ...


class Settled(NamedTuple):
    """Parts whose stations have one place each, the places, and what was done to get there."""

    sums: list[pd.DataFrame]
    sites: pd.DataFrame  # over station: lat, lon, elevation
    moved: dict[str, list[str]]  # site -> the stations that it became
    left_out: dict[str, str]  # site -> why


def by_place(block: pd.DataFrame) -> pd.DataFrame:
    """The block with the place in the names of stations that are at more than one in it."""
    places = block.groupby("station")[["lat", "lon"]]
    spread = (places.max() - places.min()).max(axis="columns")
    moved = spread.index[spread > _SAME_PLACE["lat"]]
    if moved.empty:
        return block
    rows = block["station"].isin(moved)
    some = block.loc[rows, ["station", "lat", "lon"]]
    label = some["lat"].astype(str) + _MARK + some["lon"].astype(str)
    number = label.groupby(some["station"]).transform("nunique")
    names = some["station"] + _MARK + label.where(number <= _PLACES, "many")
    return block.assign(station=block["station"].where(~rows, names.reindex(block.index)))


def places_in(block: pd.DataFrame) -> pd.DataFrame:
    """The extremes of the place of each station, and how many places it has at most."""
    with_elevation = block if "elevation" in block else block.assign(elevation=np.nan)
    grouped = with_elevation.groupby("station")[list(_SIDES)]
    table = grouped.agg(["min", "max"])
    table.columns = pd.Index([f"{name}_{end}" for name in _SIDES for end in ("min", "max")])
    return table.assign(number=grouped.nunique().max(axis="columns"))


def settled(parts: Sequence[Part], *, source: str) -> Settled:
    """Give every station one place: sites that moved are split, those all over the place left out.

    A site is at one place within 0.1 degrees and 100 m of elevation. One whose places are up to
    1 degree apart has moved, and each place becomes a station of its own, named by it. Sites
    farther apart, or of another elevation at the same place, are left out.

    Raises
    ------
    InputError
        No station is left.
    """
    everywhere = pd.concat([p.places.assign(part=i) for i, p in enumerate(parts)]).reset_index()
    everywhere["site"] = everywhere["station"].map(lambda name: name.split(_MARK)[0])
    names: dict[tuple[int, str], str] = {}
    sites, moved, left_out = {}, {}, {}
    for site, rows in everywhere.groupby("site", sort=True):
        clusters = _clusters(rows)
        why = _fault(rows, clusters)
        if why:
            left_out[str(site)] = why
            continue
        stations = _names(str(site), clusters)
        if len(clusters) > 1:
            moved[str(site)] = stations
        for station, cluster in zip(stations, clusters, strict=True):
            sites[station] = {s: _middle(cluster, s) for s in _SIDES}
            pairs = zip(cluster["part"], cluster["station"], strict=True)
            names |= {(int(part), str(key)): station for part, key in pairs}
    if not sites:
        site, why = next(iter(left_out.items()))
        raise InputError(
            f"{source}: station {site} is {why}. The file is damaged, its columns are shifted, or "
            "two sites share a name; fetch it again, or give its periods apart."
        )
    sums = [_renamed(part.sums, names, i) for i, part in enumerate(parts)]
    table = pd.DataFrame.from_dict(sites, orient="index", columns=list(_SIDES))
    return Settled(sums, table.rename_axis("station"), moved, left_out)


def _clusters(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Rows at one place together, in the order of their first appearance."""
    lat = ((rows["lat_min"] + rows["lat_max"]) / 2).to_numpy()
    lon = ((rows["lon_min"] + rows["lon_max"]) / 2).to_numpy()
    firsts: list[int] = []
    member = np.zeros(len(rows), dtype=int)
    for i in range(len(rows)):
        near = [
            k for k, j in enumerate(firsts)
            if max(abs(lat[i] - lat[j]), abs(lon[i] - lon[j])) <= _SAME_PLACE["lat"]
        ]  # fmt: skip
        member[i] = near[0] if near else len(firsts)
        firsts += [] if near else [i]
    return [rows[member == k] for k in range(len(firsts))]


def _fault(rows: pd.DataFrame, clusters: Sequence[pd.DataFrame]) -> str:
    """Why the places of a site are no places of one site; empty if they are."""
    for name in ("lat", "lon"):
        spread = rows[f"{name}_max"].max() - rows[f"{name}_min"].min()
        if spread > _FARTHEST_MOVE:
            return f"at places that differ by {spread:g} in {name}"
    number = int(rows["number"].max())
    if number > _PLACES or rows["station"].str.endswith(f"{_MARK}many").any():
        return f"at {max(number, _PLACES + 1)} different places"
    for cluster in clusters:
        spread = cluster["elevation_max"].max() - cluster["elevation_min"].min()
        if spread > _SAME_PLACE["elevation"]:
            return f"at places that differ by {spread:g} in elevation"
    return ""


def _middle(cluster: pd.DataFrame, name: str) -> float:
    return float(pd.concat([cluster[f"{name}_min"], cluster[f"{name}_max"]]).median())


def _names(site: str, clusters: Sequence[pd.DataFrame]) -> list[str]:
    if len(clusters) == 1:
        return [site]
    return [f"{site} at {_middle(c, 'lat'):.2f} {_middle(c, 'lon'):.2f}" for c in clusters]


def _renamed(sums: pd.DataFrame, names: dict[tuple[int, str], str], part: int) -> pd.DataFrame:
    """Sums with the names of stations with one place, without the stations left out."""
    stations = sums.index.get_level_values("station")
    known = {key: names[part, key] for key in stations.unique() if (part, key) in names}
    kept = stations.isin(list(known))
    new = pd.Index(stations[kept].map(known), name="station")
    periods = sums.index.get_level_values("period")[kept]
    return sums[kept].set_axis(pd.MultiIndex.from_arrays([new, periods]))
