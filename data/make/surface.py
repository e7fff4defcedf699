"""Condense the surface figures: `python data/make/surface.py SOURCE_FOLDER DATA_FOLDER`.

SOURCE_FOLDER holds surface_t63_monthly.nc. The terrain height is drawn here, from the mean heights
of the great plateaus and mountain belts in plateaus.csv.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import xarray as xr
from packing import packed, write
from scipy.ndimage import distance_transform_edt

LOWLAND = 250.0  # m, height of land away from every plateau of the table
KM_PER_RADIAN = 6371.0
LEAST_SEA_ICE = 0.02  # less is left over from the making of mid-month values, in the tropics too
WATER_ALBEDO = 0.0701  # the source's value of open water, left in a few coastal cells


def direction(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Unit vectors, last axis 3, of points in degrees."""
    lat, lon = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def plateau(points: np.ndarray, row: dict[str, str]) -> np.ndarray:
    """Height [m] of one flat-topped bump, drawn on the plane that touches its centre."""
    lat, lon = np.radians(float(row["lat"])), np.radians(float(row["lon"]))
    up = direction(np.array(float(row["lat"])), np.array(float(row["lon"])))
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    x = points @ east * KM_PER_RADIAN / float(row["radius_east_km"])
    y = points @ north * KM_PER_RADIAN / float(row["radius_north_km"])
    return np.where(points @ up > 0, float(row["height_m"]) * np.exp(-((x**2 + y**2) ** 2)), 0.0)


def altitude(land: xr.DataArray, table: Path) -> xr.DataArray:
    """Mean height [m] of each cell: lowland plus the plateaus, times the share of land."""
    points = direction(*np.meshgrid(land.lat, land.lon, indexing="ij"))
    height = np.full(land.shape, LOWLAND)
    with table.open() as lines:
        for row in csv.DictReader(line for line in lines if not line.startswith("#")):
            height += plateau(points, row)
    attrs = {"long_name": "mean terrain height, land only, drawn from plateaus", "units": "m"}
    return (land * height).assign_attrs(attrs).rename("altitude")


def nearest_land_value(albedo: xr.DataArray, land: xr.DataArray) -> xr.DataArray:
    """Albedo of land; where the source has water's value, that of the nearest land cell."""
    is_land = ((albedo > WATER_ALBEDO) & (land > 0)).values
    wide = np.tile(is_land, (1, 3))  # three turns round the globe, so that the seam is none
    index = distance_transform_edt(~wide, return_distances=False, return_indices=True)
    middle = slice(is_land.shape[1], 2 * is_land.shape[1])
    row, column = index[0][:, middle], index[1][:, middle] % is_land.shape[1]
    return albedo.copy(data=albedo.values[row, column])


def surface(source: xr.Dataset, table: Path) -> xr.Dataset:
    """Land albedo without snow, land, glacier, snow, sea ice, temperature and height on T63."""
    monthly = source.rename(time="month").assign_coords(month=np.arange(1, 13))
    land = monthly.lsm.clip(0, 1)
    fields = {
        "land_fraction": (land, "share of land in the cell", "1", 1e-4),
        "land_albedo": (
            nearest_land_value(monthly.alb, land),
            "albedo of land without snow",
            "1",
            1e-4,
        ),
        "glacier_fraction": (monthly.glac, "share of glacier in the land", "1", 1e-4),
        "snow_fraction": (
            monthly.snowc.where(land > 0, 0.0),
            "share of snow cover in the land off glaciers",
            "1",
            1e-3,
        ),
        "sea_ice_fraction": (
            monthly.icec.where((land < 1) & (monthly.icec >= LEAST_SEA_ICE), 0.0),
            "share of ice in the water",
            "1",
            1e-3,
        ),
        "temperature": (monthly.stl, "surface temperature of land and ice", "K", 0.02),
        "altitude": (altitude(land, table), "mean terrain height", "m", 0.5),
    }
    return xr.Dataset(
        {
            name: packed(
                field.rename(name).assign_attrs(long_name=long_name, units=units), step=step
            )
            for name, (field, long_name, units, step) in fields.items()
        }
    )


def main(source_folder: Path, data_folder: Path) -> None:
    with xr.open_dataset(source_folder / "surface_t63_monthly.nc") as source:
        write(
            surface(source.load(), Path(__file__).with_name("plateaus.csv")),
            data_folder / "surface.nc",
            title="Surface fields on the T63 Gaussian grid, monthly",
            source=(
                "ECHAM6 T63 boundary data as shipped in the Python package jcm 3.0.0: AMIP sea "
                "ice, ECHAM land albedo and glaciers, ERA5 2005-2014 snow cover and temperature. "
                "Height: mean heights of the great plateaus (plateaus.csv)"
            ),
            licence="Apache-2.0 (package jcm); fields: AMIP and ECHAM, Copernicus (ERA5)",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
