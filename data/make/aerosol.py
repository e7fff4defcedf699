"""Condense the aerosol figures: `python data/make/aerosol.py SOURCE_FOLDER DATA_FOLDER`.

SOURCE_FOLDER holds tegen1997_monthly_3d.nc and rrtmgp-aerosols-merra-sw.nc.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import xarray as xr
from packing import packed, write

FILTER_X = xr.DataArray([0.25, 0.5, 0.25], dims="x")
FILTER_Y = xr.DataArray([0.25, 0.5, 0.25], dims="y")


def tegen(source: xr.Dataset) -> xr.Dataset:
    """AOD of each species and the share of it in each of 12 terrain-following layers."""
    axes = {"lat": source.lat.astype(float), "lon": source.lon.astype(float) % 360}
    source = source.assign_coords(axes).sortby("lon").rename(pressure="layer")
    interface = source.pressure_interface
    thickness = xr.DataArray(np.diff(interface) * 100.0, dims="layer")  # Pa
    layer_aod = with_smooth_sea_salt(source.dtau_dp) * thickness
    aod = layer_aod.sum("layer")
    share = (layer_aod / aod.where(aod > 0)).fillna(0.0)
    aod.attrs = {"long_name": "AOD at 550 nm by species, 1997 model climatology", "units": "1"}
    share.attrs = {"long_name": "share of the species' AOD in each layer, top first", "units": "1"}
    return xr.Dataset(
        {
            "aod": packed(aod.rename("aod"), step=5e-5),
            "layer_share": packed(share.rename("layer_share"), step=2e-4),
            "sigma_interface": ("interface", (interface / interface[-1]).values.astype("f8")),
        }
    ).drop_vars("layer", errors="ignore")


def with_smooth_sea_salt(field: xr.DataArray) -> xr.DataArray:
    """Sea salt was given on 8 x 10 degrees: interpolated linearly to the 4 x 5 of the others.

    On pairs of equal cells the filter 1-2-1 is this interpolation.
    """
    salt = field.sel(species="sea_salt")
    around = salt.pad(lon=1, mode="wrap").pad(lat=1, mode="edge")
    smooth = around.rolling(lon=3, center=True).construct("x").dot(FILTER_X)
    smooth = smooth.rolling(lat=3, center=True).construct("y").dot(FILTER_Y)
    smooth = smooth.isel(lat=slice(1, -1), lon=slice(1, -1)).assign_coords(salt.coords)
    return field.where(field.species != "sea_salt", smooth.transpose(*salt.dims))


def merra_optics(tables: xr.Dataset) -> xr.Dataset:
    """Extinction, SSA and asymmetry by RRTMGP band of each MERRA-2 component and humidity.

    Dust, and the carbons as they are emitted ("_dry"), are the same at all humidities.
    """
    rows = {f"dust_{i + 1}": tables.aero_dust_tbl[:, i] for i in range(5)}
    rows |= {f"sea_salt_{i + 1}": tables.aero_salt_tbl[:, i] for i in range(5)}
    rows |= {"sulfate": tables.aero_sulf_tbl, "black_carbon": tables.aero_bcar_rh_tbl}
    rows |= {"organic_carbon": tables.aero_ocar_rh_tbl}
    rows |= {"black_carbon_dry": tables.aero_bcar_tbl, "organic_carbon_dry": tables.aero_ocar_tbl}
    like = tables.aero_sulf_tbl
    values = np.stack(
        [row.broadcast_like(like).transpose(*like.dims).values for row in rows.values()]
    )
    names = (("extinction", "m2 kg-1"), ("ssa", "1"), ("asymmetry", "1"))
    variables = {
        name: (
            ("component", "relative_humidity", "band"),
            values[..., i].transpose(0, 2, 1).astype("f4"),
            {"units": units},
        )
        for i, (name, units) in enumerate(names)
    }
    limits = tables.bnd_limits_wavenumber.values
    variables["band_wavenumber"] = (("band", "edge"), limits, {"units": "cm-1"})
    humidity = tables.aero_rh.values.astype(float).round(2)
    result = xr.Dataset(variables, {"component": list(rows), "relative_humidity": humidity})
    for name, _ in names:
        result[name].encoding = {"zlib": True, "complevel": 9, "shuffle": True}
    return result


def main(source_folder: Path, data_folder: Path) -> None:
    with xr.open_dataset(source_folder / "tegen1997_monthly_3d.nc") as source:
        write(
            tegen(source),
            data_folder / "aerosol_species.nc",
            title="Aerosol optical depth at 550 nm by species and its vertical shape, monthly",
            source="Tegen et al. 1997, doi:10.1029/97JD01864, as distributed with WRF (aer_opt=1)",
            licence="public domain (WRF, UCAR notice)",
        )
    with xr.open_dataset(source_folder / "rrtmgp-aerosols-merra-sw.nc") as tables:
        write(
            merra_optics(tables),
            data_folder / "aerosol_optics.nc",
            title="MERRA-2/GOCART aerosol optics in the 14 RRTMGP shortwave bands",
            source="rrtmgp-data, rrtmgp-aerosols-merra-sw.nc",
            licence="BSD-3-Clause",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
