"""Inversion products of AERONET that were fetched one by one, joined by site, date and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers._aeronet_layout import Layout

_KEYS = ["station", "period", "time", "number"]
_SPECTRA = ("aod", "ssa", "asymmetry", "aaod")


def joined_products(pieces: Sequence[tuple[Layout, pd.DataFrame]]) -> tuple[Layout, pd.DataFrame]:
    """Products of the same retrievals as the one file that holds them all.

    Where two hold the AOD, that of the retrieved extinction (AOD) goes before that of the
    coincident measurement (CAD).

    Raises
    ------
    InputError
        There is no AOD, which everything is weighted with, or it has no retrieval in common with
        the rest.
    """
    ordered = sorted(pieces, key=lambda piece: _rank(piece[0]))
    source = " with ".join(layout.source for layout, _ in ordered)
    if not ordered[0][0].holds("aod"):
        held = sorted({q for layout, _ in ordered for q in _SPECTRA if layout.holds(q)})
        raise InputError(
            f"{source}: holds {', '.join(held)} without the AOD of the retrievals, which they are "
            "weighted with. Give the product AOD (or CAD) of the same sites and days beside it, or "
            "fetch the product ALL."
        )
    joined = _keyed(ordered[0][1])
    for layout, block in ordered[1:]:
        other = _keyed(block)
        if layout.holds("ssa") or layout.holds("asymmetry"):
            _check_common(joined, other, ordered[0][0], layout)
        joined = joined.combine_first(other)
    return _layout([layout for layout, _ in ordered], source), joined.reset_index()


def _rank(layout: Layout) -> int:
    """0 for extinction, 1 for the coincident AOD, 2 without AOD."""
    if not layout.holds("aod"):
        return 2
    place = layout.columns[f"aod_{layout.wavelengths('aod')[0]}"]
    return int("Coincident" in layout.names[place])


def _keyed(block: pd.DataFrame) -> pd.DataFrame:
    number = block.groupby(_KEYS[:3]).cumcount()
    return block.assign(number=number).set_index(_KEYS)


def _check_common(first: pd.DataFrame, other: pd.DataFrame, aod: Layout, layout: Layout) -> None:
    if first.index.intersection(other.index).empty:
        raise InputError(
            f"{layout.source}: none of its {len(other)} retrievals is of a site, date and time of "
            f"{aod.source}. Give products of the same sites and days."
        )


def _layout(layouts: Sequence[Layout], source: str) -> Layout:
    """The columns of all layouts, those of the first before those of the others."""
    names: tuple[str, ...] = ()
    columns: dict[str, int] = {}
    for layout in layouts:
        own = {plain: len(names) + place for plain, place in layout.columns.items()}
        columns = own | columns
        names += layout.names
    return replace(layouts[0], source=source, names=names, columns=columns)
