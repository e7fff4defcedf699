"""Climatologies of aerosol optics at stations, as they are published, for the built-in aerosol.

The table `station_optics.csv` holds what abstracts and records tell of the SSA of the column (and,
where they do, of the asymmetry parameter) in the months of a site's aerosol season. Each row names
its source and where in it the figure stands. SSA and asymmetry parameter are taken to 550 nm
linearly in wavelength, as Chung (2012, doi:10.5772/50248) does; a single wavelength between 440 and
550 nm counts as that of 550 nm, which errs by less than the 0.03 of the retrieval.

AOD is not in the table: inversions are made on days of haze, and their AOD is not a monthly mean.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache

import numpy as np
import xarray as xr

from aeroforcing.core import resources
from aeroforcing.core.constants import REFERENCE_WAVELENGTH
from aeroforcing.core.variables import stamp

_TABLE = "station_optics.csv"
_MEASURED = ("ssa", "asymmetry")


@cache
def station_climatologies() -> xr.Dataset:
    """Monthly SSA and asymmetry parameter at 550 nm of stations.

    Returns
    -------
    xarray.Dataset
        `ssa` and `asymmetry` over (station, month), NaN in months that a source does not speak of
        [1], with the coordinates `lat`, `lon` [degrees], `elevation` [m] and `source`.

    Examples
    --------
    >>> from aeroforcing.inputs.builtin.stations import station_climatologies
    >>> stations = station_climatologies()
    >>> float(stations.ssa.sel(station="Mongu", month=9))
    0.85
    """
    rows = _rows()
    places = {row["site"]: row for row in rows}
    names = list(places)
    values = {name: np.full((len(names), 12), np.nan) for name in _MEASURED}
    for (site, month, name), spectrum in _spectra(rows).items():
        values[name][names.index(site), month - 1] = _at_reference(spectrum)

    def coordinate(key: str) -> tuple[str, list[float]]:
        return "station", [float(row[key]) for row in places.values()]

    return stamp(
        xr.Dataset(
            {name: (("station", "month"), field) for name, field in values.items()},
            coords={
                "station": names,
                "month": np.arange(1, 13),
                "lat": coordinate("latitude"),
                "lon": coordinate("longitude"),
                "elevation": coordinate("elevation"),
                "source": ("station", [row["source"] for row in places.values()]),
            },
        )
    )


def _rows() -> list[dict[str, str]]:
    with resources.path(_TABLE).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _spectra(rows: list[dict[str, str]]) -> dict[tuple[str, int, str], dict[float, float]]:
    """Site, month and quantity -> value by wavelength [nm]."""
    spectra: dict[tuple[str, int, str], dict[float, float]] = defaultdict(dict)
    for row in rows:
        for month in row["months"].split():
            for name in _MEASURED:
                if row[name]:
                    spectrum = spectra[row["site"], int(month), name]
                    spectrum[float(row["wavelength"])] = float(row[name])
    return spectra


def _at_reference(spectrum: dict[float, float]) -> float:
    """Value at 550 nm, linearly between the wavelengths."""
    wavelengths = sorted(spectrum)
    return float(np.interp(REFERENCE_WAVELENGTH, wavelengths, [spectrum[w] for w in wavelengths]))
