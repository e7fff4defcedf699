"""Make the atmosphere files: `python data/make/atmospheres.py SOURCE_FOLDER DATA_FOLDER`.

SOURCE_FOLDER holds cmip7_ozone_zonal_monthly.nc. The figures of the AFGL-1986 report come through
the Python package joseki 2.7.0, which carries its tables; joseki is needed here only.
"""

from __future__ import annotations

import sys
from pathlib import Path

import joseki
import numpy as np
import xarray as xr
from packing import write

ATMOSPHERES = (
    "tropical",
    "midlatitude_summer",
    "midlatitude_winter",
    "subarctic_summer",
    "subarctic_winter",
    "us_standard",
)
GASES = ("h2o", "co2", "o3", "n2o", "co", "ch4", "o2", "n2")
TOP = 80.0  # km; above it the pressure is below the range of the gas tables


def afgl_profile(name: str) -> xr.Dataset:
    """One atmosphere as tabulated, from the surface up."""
    table = joseki.make(f"afgl_1986-{name}")
    table = table.isel(z=table.z <= TOP)
    figures = {"pressure": table.p, "temperature": table.t}
    figures |= {gas: table[f"x_{gas.upper()}"] for gas in GASES}
    profile = xr.Dataset(
        {key: ("altitude", as_printed(figure.values)) for key, figure in figures.items()}
    )
    return profile.assign_coords(altitude=("altitude", 1e3 * table.z.values, {"units": "m"}))


@np.vectorize
def as_printed(figure: float) -> float:
    """The figure without the noise of unit conversion; the report prints at most four digits."""
    return float(f"{figure:.6g}")


def afgl() -> xr.Dataset:
    """The six atmospheres, exactly as tabulated (their figures have three or four digits)."""
    profiles = xr.concat(
        [afgl_profile(name) for name in ATMOSPHERES], xr.Variable("atmosphere", list(ATMOSPHERES))
    )
    profiles.pressure.attrs = {"units": "Pa", "long_name": "pressure"}
    profiles.temperature.attrs = {"units": "K", "long_name": "temperature"}
    for gas in GASES:
        profiles[gas].attrs = {"units": "1", "long_name": f"mole fraction of {gas} in moist air"}
    return compressed(profiles.astype("float64"))


def ozone(source: xr.Dataset) -> xr.Dataset:
    """Zonal mean ozone on (month, pressure, lat) in single precision."""
    fields = xr.Dataset(
        {
            "o3": source.O3.rename(time="month", level="pressure").assign_attrs(
                long_name="mole fraction of ozone in air", units="1"
            )
        }
    ).assign_coords(
        pressure=("pressure", source.level_pressure_pa.values, {"units": "Pa"}),
        month=np.arange(1, 13),
    )
    fields.lat.attrs["units"] = "degrees_north"
    return compressed(fields, significant_digits=4, quantize_mode="GranularBitRound")


def compressed(dataset: xr.Dataset, **encoding: object) -> xr.Dataset:
    """The dataset with an encoding that compresses its variables."""
    dataset = dataset.drop_encoding()
    for variable in dataset.data_vars.values():
        variable.encoding = {"zlib": True, "complevel": 9, "shuffle": True, **encoding}
    return dataset


def main(source_folder: Path, data_folder: Path) -> None:
    write(
        afgl(),
        data_folder / "afgl1986.nc",
        title="AFGL atmospheric constituent profiles, 0-80 km",
        source=(
            "Anderson, Clough, Kneizys, Chetwynd and Shettle (1986), AFGL-TR-86-0110, tables 1a-1f "
            "and 2a-2d, figures through the Python package joseki 2.7.0"
        ),
        licence="public domain (report of the US government)",
    )
    with xr.open_dataset(source_folder / "cmip7_ozone_zonal_monthly.nc") as source:
        write(
            ozone(source.load()),
            data_folder / "ozone.nc",
            title="Zonal mean ozone by month, 2005-2014",
            source=(
                "FZJ-CMIP-ozone-1-0 (input4MIPs, CMIP7), mean of 2005-2014 on the ECHAM L47 levels "
                "as shipped in the Python package jcm 3.0.0"
            ),
            licence="input4MIPs terms of use: free, cite the source",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
