"""Copy the plume parameters of MACv2-SP: `python data/make/plumes.py SOURCE_FOLDER DATA_FOLDER`.

SOURCE_FOLDER holds macv2sp_SPv2.1_18502023_CMIP7.nc. Years after 2023, which are empty there, and
the background for the cloud effects are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import xarray as xr
from packing import write

NAMES = {
    "plume_lat": "plume_lat",
    "plume_lon": "plume_lon",
    "width_lat_west": "sig_lat_W",
    "width_lat_east": "sig_lat_E",
    "width_lon_west": "sig_lon_W",
    "width_lon_east": "sig_lon_E",
    "rotation": "theta",
    "feature_weight": "ftr_weight",
    "beta_a": "beta_a",
    "beta_b": "beta_b",
    "aod": "aod_spmx",
    "ssa": "ssa550",
    "asymmetry": "asy550",
    "angstrom": "angstrom",
    "annual_cycle": "ann_cycle",
    "year_weight": "year_weight",
}
UNITS = {"plume_lat": "degrees_north", "plume_lon": "degrees_east", "rotation": "radian"} | {
    f"width_{axis}_{side}": "degree" for axis in ("lat", "lon") for side in ("west", "east")
}
LAST_YEAR = 2023
REGIONS = (
    "Europe", "North America", "East Asia", "South Asia", "North Africa", "South America",
    "Maritime Continent", "South Central Africa", "Australia",
)  # fmt: skip


def plumes(source: xr.Dataset) -> xr.Dataset:
    """The parameters under plain names, their dimensions plume, feature, week and year."""
    dims = {"plume_number": "plume", "plume_feature": "feature", "year_fr": "week", "years": "year"}
    bare = source[list(NAMES.values())].rename({v: k for k, v in NAMES.items()})
    bare = bare.drop_attrs().rename(dims).drop_vars(["feature", "week"])
    parameters = bare.sel(year=slice(None, LAST_YEAR)).assign_coords(plume=list(REGIONS))
    assert not parameters["year_weight"].isnull().any()
    for name in parameters.data_vars:
        parameters[name].encoding = {"zlib": True, "complevel": 9, "_FillValue": None}
        parameters[name].attrs["units"] = UNITS.get(str(name), "1")
    return parameters


def main(source_folder: Path, data_folder: Path) -> None:
    """Make macv2sp.nc."""
    with xr.open_dataset(source_folder / "macv2sp_SPv2.1_18502023_CMIP7.nc") as source:
        write(
            plumes(source.load()),
            data_folder / "macv2sp.nc",
            title="Plume parameters of MACv2-SP, version 2.1, 1850-2023",
            source="Fiedler and Azoulay (2025), CMIP7, input4MIPs; Stevens et al. (2017), "
            "doi:10.5194/gmd-10-433-2017",
            licence="input4MIPs terms: cite",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
