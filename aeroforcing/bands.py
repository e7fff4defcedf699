"""The shortwave bands: what an array of one value per band is over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from aeroforcing.gas_table import load_gas_table


def shortwave_bands(gas_table: str | Path = "g112") -> xr.Dataset:
    """The bands of the gas optics, in the order in which arrays by band are given.

    They are those of RRTMGP (Pincus, Mlawer and Delamere 2019, doi:10.1029/2019MS001621), the same
    for its tables of 112 and 224 g-points.

    Parameters
    ----------
    gas_table
        "g112", or the path of an RRTMGP shortwave table.

    Returns
    -------
    Dataset over `band` of `wavelength_min` and `wavelength_max` [nm], `wavenumber_min` and
    `wavenumber_max` [cm-1], and `solar_fraction`, the share of the sun's power in each [1].

    Raises
    ------
    InputError
        The table cannot be read.
    """
    table = load_gas_table(gas_table)
    low, high = np.sort(table.band_limits_wavenumber, axis=1).T
    share = np.bincount(table.g_band, weights=table.solar_fraction)
    variables = {
        "wavelength_min": (1e7 / high, "lower limit of the band", "nm"),
        "wavelength_max": (1e7 / low, "upper limit of the band", "nm"),
        "wavenumber_min": (low, "lower limit of the band", "cm-1"),
        "wavenumber_max": (high, "upper limit of the band", "cm-1"),
        "solar_fraction": (share, "share of the solar irradiance in the band", "1"),
    }
    return xr.Dataset(
        {
            name: ("band", values, {"long_name": text, "units": units})
            for name, (values, text, units) in variables.items()
        },
        coords={"band": ("band", np.arange(low.size), {"long_name": "place of the band"})},
    )
