"""AERONET inversions with the fluxes and forcings that the network computes from them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers._aeronet_layout import Layout, find_layout
from aeroforcing.observations.readers._aeronet_text import parsed
from aeroforcing.observations.readers._files import PathLike, as_paths, finished

# What a record holds at several wavelengths, by the names of Version 3.
_SPECTRA = {
    "spectral_aod": r"AOD_Extinction-Total\[(\d+)nm\]",
    "spectral_ssa": r"Single_Scattering_Albedo\[(\d+)nm\]",
    "spectral_asymmetry": r"Asymmetry_Factor-Total\[(\d+)nm\]",
    "spectral_albedo": r"Surface_Albedo\[(\d+)n?m\]",  # the files write [440m]
}
_SINGLE = {
    "solar_zenith_angle": r"Average_Solar_Zenith_Angles_for_Flux_Calculation\(Degrees\)",
    "aeronet_toa_down": r"Flux_Down\(TOA\)",
    "aeronet_toa_up": r"Flux_Up\(TOA\)",
    "aeronet_surface_down": r"Flux_Down\(BOA\)",
    "aeronet_surface_up": r"Flux_Up\(BOA\)",
    "aeronet_forcing_toa": r"Rad_Forcing\(TOA\)",
    "aeronet_forcing_surface_down": r"Rad_Forcing\(BOA\)",
}


def read_aeronet_fluxes(path: PathLike) -> xr.Dataset:
    """The records of an AERONET Version 3 inversion file, with AERONET's own fluxes.

    Parameters
    ----------
    path
        All points, daily or monthly means of the combined inversion product.

    Returns
    -------
    Dataset over (record, spectrum) of `spectral_aod`, `spectral_ssa`, `spectral_asymmetry` and
    `spectral_albedo` [1], `spectrum` being the wavelengths [nm]; over record of
    `solar_zenith_angle` [degree] and AERONET's fluxes and forcings `aeronet_...` [W m-2], the
    surface forcing of the downward flux only; coordinates `station`, `lat`, `lon`, `elevation` and
    `day` (yyyymmdd).
    Records without a complete set (no SSA below AOD 0.4 in Level 2.0) are left out and counted in
    the attribute `incomplete_records`.

    Raises
    ------
    InputError
        The file cannot be read, is of another product, or has no complete record.
    """
    (file,) = as_paths(path)
    with file.open("rb") as stream:
        layout, wavelengths = _with_fluxes(find_layout(stream, str(file)))
        table = pd.concat(list(parsed(stream, layout)), ignore_index=True)
    needed = [*_SINGLE, *(f"{name}_{w}" for name in _SPECTRA for w in wavelengths)]
    complete = table.dropna(subset=[*needed, "lat", "elevation"])
    if complete.empty:
        raise InputError(
            f"{file}: none of its {len(table)} records has AOD, SSA, asymmetry factor, surface "
            "albedo and fluxes; fetch the combined inversion product of another time."
        )
    dataset = _dataset(complete, wavelengths)
    dataset.attrs["incomplete_records"] = len(table) - len(complete)
    return finished(dataset, product="AERONET", paths=[file])


def _with_fluxes(layout: Layout) -> tuple[Layout, list[int]]:
    """The layout with the places of spectra and fluxes, and the wavelengths of the spectra."""
    columns: dict[str, int] = {
        name: layout.columns[name]
        for name in ("station", "date", "month", "lat", "lon", "elevation")
        if name in layout.columns
    }
    for name, pattern in _SINGLE.items():
        columns[name] = _place(layout, pattern)
    wavelengths = [_wavelengths(layout, pattern) for pattern in _SPECTRA.values()]
    common = sorted(set.intersection(*(set(found) for found in wavelengths)))
    if len(common) < 2:
        raise InputError(
            f"{layout.source}: AOD, SSA, asymmetry factor and surface albedo share "
            f"{len(common)} wavelengths; two or more are needed. Fetch the combined inversion "
            "product of Version 3."
        )
    for name, found in zip(_SPECTRA, wavelengths, strict=True):
        columns |= {f"{name}_{w}": found[w] for w in common}
    return replace(layout, columns=columns, counts={}), common


def _place(layout: Layout, pattern: str) -> int:
    found = [i for i, name in enumerate(layout.names) if re.fullmatch(pattern, name)]
    if len(found) != 1:
        raise InputError(
            f"{layout.source}: {len(found)} columns are called {re.sub(r'.(?=[()])', '', pattern)}"
            "; one is needed. Fetch the combined inversion product of Version 3."
        )
    return found[0]


def _wavelengths(layout: Layout, pattern: str) -> dict[int, int]:
    """Places of a spectrum's columns by wavelength [nm]."""
    matches = ((re.fullmatch(pattern, name), place) for place, name in enumerate(layout.names))
    return {int(match[1]): place for match, place in matches if match}


def _dataset(table: pd.DataFrame, wavelengths: list[int]) -> xr.Dataset:
    spectra = {
        name: (("record", "spectrum"), table[[f"{name}_{w}" for w in wavelengths]].to_numpy())
        for name in _SPECTRA
    }
    singles = {name: ("record", table[name].to_numpy()) for name in _SINGLE}
    coordinates = {
        "spectrum": np.array(wavelengths, dtype=float),
        "station": ("record", table["station"].to_numpy().astype(str)),
        "lat": ("record", table["lat"].to_numpy()),
        "lon": ("record", table["lon"].to_numpy()),
        "elevation": ("record", table["elevation"].to_numpy()),
        "day": ("record", table["period"].to_numpy()),
    }
    return xr.Dataset(spectra | singles, coords=coordinates)
