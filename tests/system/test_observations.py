"""From raw observations to model inputs, on real files: grid, fill, assimilate, evaluate.

MODIS/Terra monthly AOD of 2020 on 1 degree goes to T42 by medians. Its gaps (snow, polar night,
lasting cloud; two fifths of the cells) are filled with MERRA-2 and then with the climatology of
Tegen et al. (1997). Three AERONET sites in Brazil are assimilated. Whether the fill is worth more
than putting the background in as it is, is measured on values of MODIS that are withheld: a third
of the cells at random, which tests interpolation, and blocks of 20 by 30 degrees, which are gaps
as large as a desert. The files are not part of the package; without them these tests are skipped.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.grids.regridding import regrid
from aeroforcing.observations.assimilation import assimilate
from aeroforcing.observations.cross_validation import ESTIMATES, evaluate, summary
from aeroforcing.observations.gap_filling import fill_gaps

METHODS = ("cressman", "poisson")
# South-western corners of blocks of 20 x 30 degrees: Congo, Amazon, Southern Ocean, southern
# Africa, India, western North America, Mediterranean, Pacific, North and South Atlantic, dust
# outflow.
BLOCKS = (
    (-10, 10), (-10, 285), (-60, 0), (-30, 10), (10, 70), (40, 240), (30, 0), (-10, 200),
    (20, 300), (-40, 300), (0, 330),
)  # fmt: skip
EAST_ASIA = (20, 100)


@pytest.fixture(scope="module")
def modis():
    from conftest import shared

    path = shared("data/aerosol/modis_terra_neo_aod_201912_202012_1deg.nc")
    with xr.open_dataset(path) as dataset:
        year = dataset["AOD"].sel(time="2020").load()
    months = year.assign_coords(month=("time", year["time"].dt.month.values))
    by_month = months.swap_dims(time="month").drop_vars("time").rename("aod")
    return regrid(by_month, "T42", method="median")


@pytest.fixture(scope="module")
def merra():
    from conftest import shared

    path = shared("data/aerosol/merra2_total_aod_1986_1995_7p5deg.nc")
    with xr.open_dataset(path, decode_times=False) as dataset:
        return regrid(dataset["TOTEXTTAU_clim_1986_1990"].load().rename("aod"), "T42")


@pytest.fixture(scope="module")
def tegen():
    from conftest import shared

    with xr.open_dataset(shared("builtin/tegen1997_monthly_3d.nc")) as dataset:
        return regrid(dataset["aod550"].sum("species").rename("aod"), "T42")


@pytest.fixture(scope="module")
def sites():
    """AOD at 550 nm by month, log-log between 500 and 675 nm."""
    from conftest import shared

    pd = pytest.importorskip("pandas")
    table = pd.read_csv(shared("data/aeronet/direct_sun_monthly_from_lev20.csv"))
    share = np.log(550 / 500) / np.log(675 / 500)
    table["aod"] = table["AOD_500nm"] ** (1 - share) * table["AOD_675nm"] ** share
    table = table.rename(columns={"AERONET_Site_Name": "station"})
    places = table.groupby("station")[["Site_Latitude(Degrees)", "Site_Longitude(Degrees)"]].first()
    stations = table.set_index(["station", "month"])["aod"].to_xarray().to_dataset()
    return stations.assign_coords(
        lat=("station", places.iloc[:, 0].to_numpy()), lon=("station", places.iloc[:, 1].to_numpy())
    )


def rmse(estimate, modis, withheld):
    return float(np.sqrt((((estimate - modis) ** 2).where(withheld)).mean()))


def block(modis, south, west):
    inside = (modis["lat"] >= south) & (modis["lat"] < south + 20)
    return modis.notnull() & inside & (modis["lon"] >= west) & (modis["lon"] < west + 30)


def test_gaps_are_filled_in_the_order_of_trust(modis, merra, tegen):
    filled = fill_gaps(modis, merra, tegen)
    valid = modis.notnull()
    xr.testing.assert_equal(filled["aod"].where(valid), modis.where(valid))
    assert not filled["aod"].isnull().any() and float(filled["aod"].min()) >= 0.0
    assert ((filled["source"] == 0) == valid).all() and ((filled["source"] == 1) == ~valid).all()
    # Without MERRA-2 in the southern hemisphere, Tegen's field comes in there and only there.
    north = fill_gaps(modis, merra.where(merra["lat"] > 0), tegen)["source"]
    assert ((north == 2) == (~valid & (modis["lat"] < 0))).all()
    assert 0.12 < float(annual_mean(global_mean(filled["aod"]))) < 0.16


@pytest.mark.parametrize("method", METHODS)
def test_a_random_third_is_filled_better_than_by_substitution(modis, merra, method):
    """Measured: 0.041 (cressman), 0.039 (poisson), against 0.082 for MERRA-2 as it is."""
    draw = np.random.default_rng(0).random(modis.shape) < 1 / 3
    withheld = modis.notnull() & draw
    filled = fill_gaps(modis.where(~withheld), merra, method=method)["aod"]
    assert rmse(filled, modis, withheld) < 0.6 * rmse(merra, modis, withheld)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("south", "west"), BLOCKS)
def test_a_block_is_filled_better_than_by_substitution(modis, merra, method, south, west):
    """Measured: 0.019 to 0.16, against 0.044 to 0.24 for MERRA-2 as it is."""
    withheld = block(modis, south, west)
    assert withheld.sum() > 300
    filled = fill_gaps(modis.where(~withheld), merra, method=method)["aod"]
    assert rmse(filled, modis, withheld) < rmse(merra, modis, withheld)


def test_the_limit_of_the_method_is_known(modis, merra):
    """Over East Asia MERRA-2 has no bias, but it has one around the block: 0.141 against 0.127."""
    withheld = block(modis, *EAST_ASIA)
    filled = fill_gaps(modis.where(~withheld), merra)["aod"]
    assert rmse(filled, modis, withheld) < 1.2 * rmse(merra, modis, withheld)


def test_brazilian_sites_are_assimilated_and_scored(modis, merra, sites):
    """Three sites within 200 km, one of them in clean hills: they cannot foretell each other.

    The analysis takes the sites' values in their cells; left out, the neighbours do worse than
    MODIS itself (root mean square 0.109 against 0.067), and the summary says so.
    """
    background = fill_gaps(modis, merra)["aod"]
    result = assimilate(background, sites, quantity="aod")
    assert result["aod"].dims == ("month", "lat", "lon")
    assert result.attrs["stations_used"] == 3
    far = result["increment"].where(result["n_stations"] == 0, drop=True)
    assert float(abs(far).max()) == 0.0
    itajuba = result["aod"].sel(lat=-22.41, lon=360 - 45.45, method="nearest")
    expected = sites["aod"].sel(station="Itajuba").sel(month=slice(1, 7))
    np.testing.assert_allclose(itajuba.sel(month=slice(1, 7)), expected, atol=1e-5)
    scores = evaluate(background, sites)
    assert scores["estimate"].values.tolist() == list(ESTIMATES)
    left_out = scores["rmse"].sel(estimate="inverse_distance_left_out")
    assert float(left_out) > float(scores["rmse"].sel(estimate="background"))
    assert "inverse_distance does not beat the background" in summary(scores)
