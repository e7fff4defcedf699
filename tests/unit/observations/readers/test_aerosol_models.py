"""MERRA-2 and GOCART: totals, species, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from helpers import reader_samples as samples

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers.aerosol_models import read_gocart, read_merra2
from aeroforcing.optics.mixtures import mixture_by_paper

EXTINCTION = {"BC": 0.02, "OC": 0.05, "DU": 0.08, "SU": 0.06, "SS": 0.04}
SSA = {"BC": 0.2, "OC": 0.9, "DU": 0.93, "SU": 1.0, "SS": 1.0}
ASYMMETRY = {"BC": 0.62, "OC": 0.62, "DU": 0.66, "SU": 0.69}


def merra2(**more):
    fields = {f"{s}EXTTAU": tau for s, tau in EXTINCTION.items()}
    return samples.model_grid(fields | {"TOTEXTTAU": sum(EXTINCTION.values())} | more)


@pytest.fixture
def write(tmp_path):
    def _write(dataset, name="MERRA2_300.tavgM_2d_aer_Nx.200507.nc4"):
        path = tmp_path / name
        dataset.to_netcdf(path)
        return path

    return _write


def value(dataset, name):
    assert dataset[name].notnull().all()
    return float(dataset[name].mean())


def test_total_comes_first(write):
    path = write(merra2(TOTSCATAU=0.24, TOTANGSTR=1.1))
    result = read_merra2(path)
    assert value(result, "aod") == pytest.approx(0.25, rel=1e-6)
    assert value(result, "ssa") == pytest.approx(0.24 / 0.25, rel=1e-6)
    assert value(result, "angstrom") == pytest.approx(1.1, rel=1e-6)
    assert value(result, "aod_dust") == pytest.approx(0.08, rel=1e-6)
    assert result["aod"].dims == ("time", "lat", "lon")
    assert result["time"].values[0] == np.datetime64("2005-07-01")
    assert result["lon"].values[0] == 0.0 and result["lon"].values[-1] == 315.0
    assert "standard_name" in result["ssa"].attrs


def test_species_alone_follow_the_mixing_rules(write):
    result = read_merra2(write(merra2().drop_vars("TOTEXTTAU")))
    species = xr.Dataset(
        {
            "black_carbon": 0.02, "organic_carbon": 0.05, "dust": 0.08, "sulfate": 0.06,
            "sea_salt_fine": 0.3 * 0.04, "sea_salt_coarse": 0.7 * 0.04,
        }
    )  # fmt: skip
    expected = mixture_by_paper(species)
    for name in ("aod", "ssa", "asymmetry"):
        assert value(result, name) == pytest.approx(float(expected[name]), rel=1e-6)


def test_scattering_of_the_model_weights_the_asymmetry_parameter(write):
    more = {f"{s}SCATAU": EXTINCTION[s] * SSA[s] for s in EXTINCTION}
    more |= {"SSEXTT25": 0.01, "SSSCAT25": 0.01}
    result = read_merra2(write(merra2(**more)))
    scattering = {s: EXTINCTION[s] * SSA[s] for s in ASYMMETRY}
    salt = 0.01 * 0.778 + 0.03 * 0.85
    total = sum(scattering.values()) + 0.04
    expected = (sum(scattering[s] * g for s, g in ASYMMETRY.items()) + salt) / total
    assert value(result, "asymmetry") == pytest.approx(expected, rel=1e-6)
    assert value(result, "ssa") == pytest.approx(total / 0.25, rel=1e-6)
    assert value(result, "aod_sea_salt_fine") == pytest.approx(0.01, rel=1e-6)
    assert value(result, "aod_sea_salt_coarse") == pytest.approx(0.03, rel=1e-6)


def test_total_alone_gives_aod_alone(write):
    result = read_merra2(write(samples.model_grid({"TOTEXTTAU": 0.3})))
    assert set(result.data_vars) == {"aod"}


def test_no_aerosol_does_not_absorb(write):
    field = np.full((1, 7, 8), 0.2)
    field[0, 0, 0] = 0.0
    result = read_merra2(write(samples.model_grid({"TOTEXTTAU": field, "TOTSCATAU": 0.9 * field})))
    assert float(result["ssa"].max()) == 1.0
    assert result["ssa"].notnull().all()


def test_gocart_under_aerocom_names(write):
    names = {"od550bc": 0.02, "od550oa": 0.05, "od550dust": 0.08, "od550so4": 0.06,
             "od550ss": 0.04}  # fmt: skip
    result = read_gocart(write(samples.model_grid(names | {"abs550aer": 0.02, "od550aer": 0.25})))
    assert value(result, "aod") == pytest.approx(0.25, rel=1e-6)
    assert value(result, "ssa") == pytest.approx(0.23 / 0.25, rel=1e-6)
    mixed = read_merra2(write(merra2(), "merra.nc"))
    assert value(result, "asymmetry") == pytest.approx(value(mixed, "asymmetry"), rel=1e-6)


def test_gocart_in_small_letters_and_as_climatology(write):
    dataset = merra2().rename({n: n.lower() for n in merra2().data_vars})
    assert value(read_gocart(write(dataset)), "aod") == pytest.approx(0.25, rel=1e-6)
    months = samples.model_grid({"TOTEXTTAU": 0.25}, months=[f"2005-{m:02d}" for m in range(1, 13)])
    climatology = months.rename(time="month").assign_coords(month=np.arange(1, 13))
    result = read_gocart(write(climatology, "clim.nc"))
    assert result["aod"].dims == ("month", "lat", "lon")


def test_months_join_in_order_and_must_differ(write):
    august = write(samples.model_grid({"TOTEXTTAU": 0.2}, months=["2005-08"]), "8.nc")
    july = write(samples.model_grid({"TOTEXTTAU": 0.1}, months=["2005-07"]), "7.nc")
    result = read_merra2([august, july])
    np.testing.assert_allclose(result["aod"].mean(("lat", "lon")), [0.1, 0.2], rtol=1e-6)
    again = write(samples.model_grid({"TOTEXTTAU": 0.1}, months=["2005-07"]), "again.nc")
    with pytest.raises(InputError, match="2005-07 is there more than once"):
        read_merra2([july, again])


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (samples.model_grid({"od550aer": 0.2}), "none of the variables TOTEXTTAU"),
        (samples.model_grid({"TOTSCATAU": 0.2}), "none of the variables TOTEXTTAU"),
        (samples.model_grid({"BCEXTTAU": 0.2}), "none of the variables TOTEXTTAU"),
        (samples.model_grid({"TOTEXTTAU": -0.2}), "aod is out of range in 56 of 56 cells"),
        (samples.model_grid({"TOTEXTTAU": 1e15}), "out of range"),
        (samples.model_grid({"TOTEXTTAU": 0.2, "TOTSCATAU": 0.3}), "scattering exceeds"),
        (samples.model_grid({"TOTEXTTAU": 0.2}, months=["2005-07", "2005-07"]), "more than once"),
        (samples.model_grid({"TOTEXTTAU": 0.2}).isel(lon=0, drop=True), "lon"),
        (samples.model_grid({"TOTEXTTAU": 0.2}).expand_dims(lev=3), "dimension lev"),
        (merra2(DUEXTTAU=-0.1), "aod_dust is out of range"),
        (merra2(**{f"{s}SCATAU": 0.05 for s in EXTINCTION}), "black_carbon: scattering exceeds"),
    ],
)
def test_what_is_refused(write, dataset, message):
    path = write(dataset)
    with pytest.raises(InputError, match=message) as caught:
        read_merra2(path)
    assert str(path) in str(caught.value)


def test_truncated_and_foreign_files(write, tmp_path):
    path = write(merra2())
    content = path.read_bytes()
    for bad, message in (
        (content[: len(content) // 2], "truncated"),
        (b"", "empty"),
        (b"\x00\x01rubbish" * 50, "not a netCDF file"),
    ):
        path.write_bytes(bad)
        with pytest.raises(InputError, match=message):
            read_merra2(path)


def test_real_merra2(shared):
    path = shared("data/aerosol/merra2_total_aod_1986_1995_7p5deg.nc")
    result = read_merra2(path)
    with xr.open_dataset(path) as raw:
        np.testing.assert_allclose(result["aod"].mean(), raw["TOTEXTTAU"].mean(), rtol=1e-5)
        east = raw["TOTEXTTAU"].sel(lon=slice(0, 180))
        np.testing.assert_array_equal(result["aod"].isel(lon=slice(0, east.sizes["lon"])), east)
