"""Copy the observed figures: `python data/make/observed.py SOURCE_FOLDER DATA_FOLDER`.

SOURCE_FOLDER holds observed_10x15_monthly.nc (MODIS AOD, ISCCP C2 cloud amounts) and
rrtmgp-clouds-sw-bnd.nc (cloud optics).
"""

from __future__ import annotations

import sys
from pathlib import Path

import xarray as xr
from packing import packed, write

ROUGHNESS = 2  # of none, moderate, severe: severely roughened ice, as in MODIS Collection 6


def observed(source: xr.Dataset) -> xr.Dataset:
    """AOD and cloud amounts in boxes of 10 x 15 degrees."""
    for name in ("aod550", "cloud_fraction"):
        source[name].encoding = {}
        source[name].attrs.pop("source", None)
    return xr.Dataset(
        {
            "aod": packed(source.aod550.rename("aod"), step=1e-4),
            "cloud_fraction": packed(source.cloud_fraction, step=1e-4),
        }
    )


def cloud_optics(tables: xr.Dataset) -> xr.Dataset:
    """Extinction, SSA and asymmetry of liquid (by radius) and ice (by diameter) in each band."""
    ice = {name: tables[f"{name}ice"][ROUGHNESS] for name in ("ext", "ssa", "asy")}
    variables = {f"{name}_ice": (("band", "ice_size"), row.values) for name, row in ice.items()}
    for name in ("ext", "ssa", "asy"):
        variables[f"{name}_liquid"] = (("band", "liquid_size"), tables[f"{name}liq"].values)
    limits = tables.bnd_limits_wavenumber.values
    variables["band_wavenumber"] = (("band", "edge"), limits, {"units": "cm-1"})
    ice_range = [float(tables.diamice_lwr), float(tables.diamice_upr)]
    liquid_range = [float(tables.radliq_lwr), float(tables.radliq_upr)]
    variables["ice_diameter_range"] = ("edge", ice_range, {"units": "um"})
    variables["liquid_radius_range"] = ("edge", liquid_range, {"units": "um"})
    return xr.Dataset(variables)


def main(source_folder: Path, data_folder: Path) -> None:
    with xr.open_dataset(source_folder / "observed_10x15_monthly.nc") as source:
        write(
            observed(source.load()),
            data_folder / "observed_10x15.nc",
            title="Observed AOD at 550 nm and cloud amounts, monthly means of 10 x 15 degree boxes",
            source=(
                "AOD: NASA MODIS/Terra monthly level 3, January-December 2020 (browse product). "
                "Clouds: ISCCP C2 (Rossow and Schiffer 1991), 58S-62N"
            ),
            licence="public (NASA)",
        )
    with xr.open_dataset(source_folder / "rrtmgp-clouds-sw-bnd.nc") as tables:
        write(
            cloud_optics(tables),
            data_folder / "cloud_optics.nc",
            title="Cloud optics in the 14 RRTMGP shortwave bands; ice severely roughened",
            source="rrtmgp-data, rrtmgp-clouds-sw-bnd.nc",
            licence="BSD-3-Clause",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
