"""How the built-in figures are packed: 16-bit integers with a scale, compressed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr


def packed(field: xr.DataArray, *, step: float) -> xr.DataArray:
    """`field` with an encoding that stores it in whole multiples of `step` as 16-bit integers."""
    largest = float(np.abs(field).max())
    if largest > 32000 * step:
        raise ValueError(f"{field.name} reaches {largest}, too large for 16 bits at step {step}")
    field.encoding = {
        "dtype": "int16",
        "scale_factor": step,
        "_FillValue": np.int16(-32768),
        "zlib": True,
        "complevel": 9,
        "shuffle": True,
    }
    return field


def write(dataset: xr.Dataset, path: Path, *, title: str, source: str, licence: str) -> None:
    """Write `dataset` with its provenance and print its size."""
    dataset.attrs = {"title": title, "source": source, "licence": licence}
    for name in dataset.coords:
        dataset[name].encoding = {"_FillValue": None}
    dataset.to_netcdf(path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
