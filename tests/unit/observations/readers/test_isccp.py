"""ISCCP clouds by type: merging, units, labels, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers.isccp import read_isccp
from aeroforcing.optics.clouds import CLOUD_TYPES

SEVEN = [kind.name for kind in CLOUD_TYPES]
NINE = ["cumulus", "stratocumulus", "stratus", "altocumulus", "altostratus", "nimbostratus",
        "cirrus", "cirrostratus", "deep_convective"]  # fmt: skip
LAT, LON = np.arange(-89.5, 90.0, 20.0), np.arange(0.5, 360.0, 40.0)
# The order of the H series: three types of liquid and three of ice for each height.
EIGHTEEN = [f"{name}_{phase}" for i in (0, 3, 6) for phase in ("liquid", "ice")
            for name in NINE[i : i + 3]]  # fmt: skip


def hgm(amount: np.ndarray, depth: np.ndarray, labels=tuple(EIGHTEEN)) -> xr.Dataset:
    """A monthly file of the H series; labels as it pads them with the limits of the types."""
    shape = (1, len(labels), LAT.size, LON.size)
    dims = ("time", "cloud_type", "lat", "lon")
    padded = [f"{label:<22} (680 < PC <= 1025hPa)".ljust(80).encode() for label in labels]

    def field(values):
        return np.broadcast_to(values[None, :, None, None], shape).astype("f4")

    return xr.Dataset(
        {
            "cldamt_types": (dims, field(amount), {"units": "percent"}),
            "tau_types": (dims, field(depth), {"units": "1"}),
            "cloud_type_label": (("cloud_type",), np.array(padded)),
        },
        {"time": pd.DatetimeIndex(["1986-07-15"]), "lat": LAT, "lon": LON},
    )


@pytest.fixture
def write(tmp_path):
    def _write(dataset, name="ISCCP-Basic.HGM.v01r00.GLOBAL.1986.07.nc"):
        path = tmp_path / name
        dataset.to_netcdf(path)
        return path

    return _write


def test_eighteen_types_become_seven(write):
    amount = np.arange(1.0, 19.0) / 2
    result = read_isccp(write(hgm(amount, np.full(18, 3.0))))
    assert list(result["cloud_type"].values) == SEVEN
    expected = dict.fromkeys(SEVEN, 0.0)
    for label, percent in zip(EIGHTEEN, amount, strict=True):
        name = label.rsplit("_", 1)[0]
        merged = {"stratocumulus": "stratus", "altostratus": "nimbostratus"}.get(name, name)
        expected[merged] += percent / 100
    for name in SEVEN:
        found = result["cloud_fraction"].sel(cloud_type=name)
        np.testing.assert_allclose(found, expected[name], rtol=1e-6)
    np.testing.assert_allclose(result["cloud_optical_depth"], 3.0, rtol=1e-6)
    assert result["cloud_fraction"].dims == ("time", "cloud_type", "lat", "lon")
    assert result["time"].values[0] == np.datetime64("1986-07-01")


def test_merged_optical_depth_gives_the_mean_albedo(write):
    amount, depth = np.full(18, 1.0), np.full(18, 2.0)
    stratocumulus, stratus = (
        EIGHTEEN.index("stratocumulus_liquid"),
        EIGHTEEN.index("stratus_liquid"),
    )
    amount[[i for i, n in enumerate(EIGHTEEN) if n.startswith("strat")]] = 0.0
    amount[[stratocumulus, stratus]] = (3.0, 1.0)
    depth[[stratocumulus, stratus]] = (8.0, 40.0)
    result = read_isccp(write(hgm(amount, depth)))
    tau = float(result["cloud_optical_depth"].sel(cloud_type="stratus").mean())

    def albedo(t):
        return 0.07 * t / (1 + 0.07 * t)

    assert albedo(tau) == pytest.approx((3 * albedo(8.0) + albedo(40.0)) / 4, rel=1e-6)
    assert 8.0 < tau < 16.0  # below the arithmetic mean


def test_missing_cells_stay_missing_and_absent_types_are_zero(write):
    dataset = hgm(np.full(18, 2.0), np.full(18, 3.0))
    dataset["cldamt_types"][:, :, 0, 0] = np.nan
    dataset["cldamt_types"][:, 0, 1, 1] = np.nan
    result = read_isccp(write(dataset))
    assert result["cloud_fraction"][:, :, 0, 0].isnull().all()
    partly = result["cloud_fraction"].sel(cloud_type="cumulus")[0, 1, 1]
    assert float(partly) == pytest.approx(0.02)


def climatology(values=0.08, units="1"):
    shape = (12, 7, LAT.size, LON.size)
    dims = ("month", "cloud_type", "lat", "lon")
    return xr.Dataset(
        {"cloud_fraction": (dims, np.full(shape, values), {"units": units})},
        {"month": np.arange(1, 13), "cloud_type": SEVEN[::-1], "lat": LAT, "lon": LON},
    )


def test_seven_labelled_types_as_climatology(write):
    dataset = climatology()
    dataset["cloud_fraction"].loc[{"cloud_type": "cirrus"}] = 0.3
    result = read_isccp(write(dataset))
    assert list(result["cloud_type"].values) == SEVEN
    assert result["cloud_fraction"].dims == ("month", "cloud_type", "lat", "lon")
    np.testing.assert_allclose(result["cloud_fraction"].sel(cloud_type="cirrus"), 0.3)
    assert set(result.data_vars) == {"cloud_fraction"}


def test_rounding_above_one_is_scaled_and_more_is_refused(write):
    result = read_isccp(write(climatology(1.005 / 7)))
    np.testing.assert_allclose(result["cloud_fraction"].sum("cloud_type"), 1.0, rtol=1e-12)
    with pytest.raises(InputError, match=r"more than the sky in \d+ cells, at most 1\.05"):
        read_isccp(write(climatology(0.15)))


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (climatology(8.0, "1"), "more than the sky"),
        (climatology(units="kelvin"), "units 'kelvin'"),
        (climatology().drop_vars("cloud_type"), "no labels"),
        (climatology().assign_coords(cloud_type=list("abcdefg")), "type 'g' is not known|'a'"),
        (climatology().isel(cloud_type=slice(1, None)), "types deep_convective are absent"),
        (climatology().rename(cloud_fraction="clouds"), "none of the variables cldamt_types"),
        (climatology().isel(cloud_type=0, drop=True), "one named cloud_type is expected"),
        (climatology().assign_coords(month=np.arange(12)), "axis month holds"),
        (climatology(-0.1), "cloud_fraction is out of range"),
    ],
)
def test_what_is_refused(write, dataset, message):
    path = write(dataset, "types.nc")
    with pytest.raises(InputError, match=message) as caught:
        read_isccp(path)
    assert "types.nc" in str(caught.value)


def test_real_types(shared):
    path = shared("data/clouds/isccp_c2_7types_monthly.nc")
    result = read_isccp(path)
    with xr.open_dataset(path) as raw:
        np.testing.assert_allclose(
            result["cloud_fraction"], raw["cloud_fraction"].astype(float), rtol=0.01
        )
    assert float(result["cloud_fraction"].sum("cloud_type").max()) <= 1 + 1e-12
