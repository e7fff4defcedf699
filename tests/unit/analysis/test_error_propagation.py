"""Errors of the inputs through the kernels: against draws, by hand, and at the limits."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from helpers.cf_check import cf_problems
from helpers.kernel_samples import STDERR, shifted, toy_forcing, toy_inputs, toy_kernels

import aeroforcing as af
from aeroforcing.analysis.error_correlation import ErrorFields, correlation_of
from aeroforcing.analysis.map_weights import MonthlyMap
from aeroforcing.core.errors import InputError
from aeroforcing.core.kernel_names import FORCINGS
from aeroforcing.grids.regions import land_fraction, region_means

KERNELS = toy_kernels()
SUFFIXES = ("_sampling_error", "_input_error", "_total_error", "_input_error_part")


def squares_add_up(found: xr.Dataset, name: str) -> None:
    parts = found[f"{name}_input_error_part"]
    np.testing.assert_allclose(
        (parts**2).sum("error_source"), found[f"{name}_input_error"] ** 2, rtol=1e-10
    )
    both = found[f"{name}_input_error"] ** 2 + found[f"{name}_sampling_error"] ** 2
    np.testing.assert_allclose(both, found[f"{name}_total_error"] ** 2, rtol=1e-10)


def test_everything_is_told_and_adds_up():
    found = af.propagate(KERNELS, {"aod": "0.01+5%", "ssa": 0.03, "cloud_stratus": 0.05})
    for name in FORCINGS:
        for kind, dims in {
            "": ("time", "lat", "lon"), "annual_": ("lat", "lon"), "zonal_": ("lat",),
            "regional_": ("region",),
        }.items():  # fmt: skip
            assert found[f"{kind}{name}"].dims == dims
            assert found[f"{kind}{name}_input_error_part"].dims == ("error_source", *dims)
            squares_add_up(found, f"{kind}{name}")
    clear = found["forcing_toa_cs_input_error_part"].sel(error_source="cloud_stratus")
    assert (clear == 0.0).all()
    assert (found["forcing_toa_input_error_part"].sel(error_source="cloud_stratus") > 0.0).any()


def test_the_error_of_a_cell_is_the_sensitivity_times_the_error():
    found = af.propagate(KERNELS, {"aod": "0.01+5%", "ssa": 0.03})
    parts = found["forcing_surface_input_error_part"]
    ssa = abs(KERNELS["kernel_ssa_surface"]) * 0.03
    np.testing.assert_allclose(parts.sel(error_source="ssa"), ssa, rtol=1e-12)
    by_aod = abs(KERNELS["kernel_log_aod_surface"]) / KERNELS["aod"]
    aod = by_aod * (0.01 + 0.05 * KERNELS["aod"])
    np.testing.assert_allclose(parts.sel(error_source="aod"), aod, rtol=1e-12)


def test_means_and_their_sampling_errors_are_those_of_the_regions():
    found = af.propagate(KERNELS, {"ssa": 0.03})
    for name in FORCINGS:
        for region, means in region_means(KERNELS[[name, f"{name}_stderr"]]).items():
            here = found.sel(region=region)
            assert float(here[f"regional_{name}"]) == pytest.approx(means[name]["mean"], rel=1e-10)
            error = float(here[f"regional_{name}_sampling_error"])
            assert error == pytest.approx(means[name]["stderr"], rel=1e-10)
    assert float(found["forcing_toa_sampling_error"].max()) == STDERR


@pytest.mark.parametrize(
    ("correlation", "months"),
    [("none", None), ("systematic", None), ("2000 km", 0.5), ("gaussian 3000 km", 0.0)],
)
def test_errors_of_means_are_those_of_drawn_fields(correlation, months):
    """SSA enters linearly, so that the scatter of drawn forcings is what the kernels must give."""
    draws = 1500
    small, random = KERNELS.isel(time=[0, 6]), np.random.default_rng(1)
    found = af.propagate(small, {"ssa": 0.02}, correlation=correlation, month_correlation=months)
    places = MonthlyMap(small)
    fields = ErrorFields(places.places, correlation_of(correlation, months=months))
    kernel = places.flat(small["kernel_ssa_toa"])
    drawn = np.stack([0.02 * kernel * fields.draw(2, random=random) for _ in range(draws)])
    weights = places.annual_weights(np.ones_like(kernel, dtype=bool))
    annual = (drawn * weights).sum(axis=1)
    regional = annual @ places.region_weights(np.ones_like(kernel, dtype=bool)).T
    rows = annual.reshape(draws, *places.shape[1:]).mean(axis=-1)
    scatter = {"annual_": annual.reshape(draws, *places.shape[1:]), "zonal_": rows}
    for kind, values in {**scatter, "regional_": regional}.items():
        ratio = values.std(axis=0) / found[f"{kind}forcing_toa_input_error"].values
        assert np.abs(ratio - 1.0).max() < 5.0 / np.sqrt(2.0 * draws), kind


def test_correlated_errors_lie_between_none_and_systematic():
    def of(correlation, months):
        found = af.propagate(
            KERNELS, {"ssa": 0.03}, correlation=correlation, month_correlation=months
        )
        return float(found["regional_forcing_toa_input_error"].sel(region="global"))

    errors = [of("none", 0.0), of("500 km", 0.0), of("500 km", 1.0), of("5000 km", 1.0)]
    errors.append(of("systematic", 1.0))
    assert errors == sorted(errors)
    assert of("1e6 km", 1.0) == pytest.approx(errors[-1], rel=0.02)
    assert of("20 km", 0.0) == pytest.approx(errors[0], rel=1e-6)
    same_sign = float(abs(KERNELS["kernel_ssa_toa"] * 0.03).max())
    assert errors[-1] < same_sign


def test_a_systematic_error_of_a_mean_is_the_change_by_that_error():
    found = af.propagate(KERNELS, {"ssa": 0.03})
    change = KERNELS[["forcing_toa"]].copy()
    inputs = toy_inputs()
    other = toy_forcing(shifted(inputs, "ssa", 0.03), "forcing_toa") - KERNELS["forcing_toa"]
    change["forcing_toa"] = other.transpose("time", "lat", "lon")
    for region, means in region_means(change).items():
        error = float(found["regional_forcing_toa_input_error"].sel(region=region))
        assert error == pytest.approx(abs(means["forcing_toa"]["mean"]), rel=1e-6)


def test_regions_of_ones_own():
    box = {"mine": (-30.0, 60.0, -20.0, 40.0)}
    found = af.propagate(KERNELS, {"ssa": 0.03}, regions=box)
    assert found["region"].values.tolist()[-1] == "mine"
    lon, lat = (KERNELS["lon"] + 30.0) % 360.0 <= 90.0, KERNELS["lat"]
    inside = KERNELS[["forcing_toa"]].where(lon & (lat >= -20.0) & (lat <= 40.0))
    expected = region_means(inside)["global"]["forcing_toa"]["mean"]
    mean = float(found["regional_forcing_toa"].sel(region="mine"))
    assert mean == pytest.approx(expected, rel=1e-10)
    with pytest.raises(InputError, match="holds no cell"):
        af.propagate(KERNELS, {"ssa": 0.03}, regions={"none": (0.0, 0.5, 0.0, 0.5)})


def test_missing_cells_are_left_out_and_stay_missing():
    gap = KERNELS["lat"] < -50.0
    names = [
        name for name in KERNELS.data_vars if "lat" in KERNELS[name].dims and name != "lat_bnds"
    ]
    holed = KERNELS.assign({name: KERNELS[name].where(~gap) for name in names})
    found = af.propagate(holed, {"ssa": 0.03, "aod": "10%"})
    assert found["forcing_toa_input_error"].where(gap, drop=True).isnull().all()
    assert found["zonal_forcing_toa_total_error"].where(gap, drop=True).isnull().all()
    full = af.propagate(KERNELS, {"ssa": 0.03, "aod": "10%"})
    north = {"region": "northern hemisphere"}
    for name in ("regional_forcing_toa", "regional_forcing_toa_input_error"):
        assert float(found[name].sel(north)) == pytest.approx(float(full[name].sel(north)))
    assert float(found["regional_forcing_toa"].sel(region="global")) != pytest.approx(
        float(full["regional_forcing_toa"].sel(region="global"))
    )


def test_presets_and_fields():
    found = af.propagate(KERNELS, {"aod": "modis_dark_target", "ssa": "aeronet"})
    land = land_fraction(KERNELS)
    envelope = land * (0.05 + 0.15 * KERNELS["aod"]) + (1 - land) * (0.03 + 0.1 * KERNELS["aod"])
    by_hand = af.propagate(
        KERNELS, {"aod": envelope.rename("envelope"), "ssa": 0.03}, correlation="none"
    )
    for name in ("forcing_toa_input_error", "annual_forcing_toa_total_error"):
        assert name in by_hand
    xr.testing.assert_allclose(found["forcing_toa_input_error"], by_hand["forcing_toa_input_error"])
    assert "10.5194/amt-6-2989-2013" in found.attrs["input_errors"]
    whole = af.propagate(KERNELS.assign(_coalbedo()), "aeronet")
    assert whole["error_source"].values.tolist() == [
        "aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom",
    ]  # fmt: skip


def _coalbedo() -> dict[str, xr.DataArray]:
    names = [n for n in KERNELS.data_vars if str(n).startswith("kernel_angstrom")]
    return {str(n).replace("angstrom", "coalbedo_angstrom"): 0.1 * KERNELS[n] for n in names}


def test_ssa_is_less_certain_at_low_load():
    high = KERNELS.assign(aod=KERNELS["aod"] * 0.0 + 1.0)
    low = KERNELS.assign(aod=KERNELS["aod"] * 0.0 + 0.05)
    for fields, error in ((high, 0.03), (low, 0.06)):
        found = af.propagate(fields, {"ssa": "aeronet_by_load"})
        expected = abs(fields["kernel_ssa_toa"]) * error
        np.testing.assert_allclose(found["forcing_toa_input_error"], expected, rtol=1e-12)


def test_a_field_by_calendar_month_finds_its_steps():
    part = KERNELS.isel(time=[2, 8])
    size = xr.DataArray(np.arange(1.0, 13.0) / 100.0, {"month": np.arange(1, 13)}, name="sizes")
    found = af.propagate(part, {"ssa": size})
    ratio = found["forcing_toa_input_error"] / abs(part["kernel_ssa_toa"])
    np.testing.assert_allclose(ratio.isel(time=0), 0.03, rtol=1e-12)
    np.testing.assert_allclose(ratio.isel(time=1), 0.09, rtol=1e-12)


@pytest.mark.parametrize(
    ("errors", "settings", "message"),
    [
        ({"coalbedo_angstrom": 0.5}, {}, r"lacks kernel_coalbedo_angstrom_toa.*kernels=True"),
        ({"humidity": 0.5}, {}, "'humidity' is no variable with a kernel"),
        ({}, {}, "errors is empty"),
        ("nonsense", {}, "no preset 'nonsense'"),
        ({"ssa": "modis_dark_target"}, {}, "says nothing about ssa, only aod"),
        ({"ssa": "0.03+x"}, {}, "give a number, a percentage"),
        ({"ssa": -0.03}, {}, "at least 0"),
        ({"ssa": "-3%"}, {}, "at least 0"),
        ({"ssa": 0.03}, {"correlation": 1000}, "at least 10 km"),
        ({"ssa": 0.03}, {"correlation": "wide"}, "'none', 'systematic', or a length"),
        ({"ssa": 0.03}, {"correlation": {"aod": "none"}}, "aod has no error"),
        ({"ssa": 0.03}, {"month_correlation": 1.5}, "month_correlation=1.5"),
        ({"ssa": xr.DataArray([0.1], dims="x")}, {}, "has the dimension x"),
        ({"ssa": xr.DataArray(np.full(3, 0.1), {"lat": [1.0, 2.0, 3.0]}, ["lat"])}, {}, "regrid"),
        ({"ssa": xr.DataArray([0.1], {"month": [1]}, ["month"])}, {}, "lacks the months"),
    ],
)
def test_what_cannot_be_used_is_refused(errors, settings, message):
    with pytest.raises(InputError, match=message):
        af.propagate(KERNELS, errors, **settings)


def test_an_absolute_error_where_there_is_no_aerosol_is_refused():
    bare = KERNELS.assign(aod=KERNELS["aod"].where(KERNELS["lat"] > 0.0, 0.0))
    with pytest.raises(InputError, match=r"have no aerosol.*relative error"):
        af.propagate(bare, {"aod": 0.01})
    found = af.propagate(bare, {"aod": "10%"})
    assert np.isfinite(found["forcing_toa_input_error"]).all()


def test_other_datasets_are_refused():
    with pytest.raises(InputError, match="holds no forcing"):
        af.propagate(KERNELS.drop_vars(FORCINGS), {"ssa": 0.03})
    with pytest.raises(InputError, match="has no months"):
        af.propagate(KERNELS.isel(time=0), {"ssa": 0.03})


def test_the_result_is_written_by_the_conventions(tmp_path):
    top = [n for n in KERNELS if "_cs" not in n and "_atmosphere" not in n and "_surface" not in n]
    found = af.propagate(KERNELS[top], {"ssa": 0.03, "aod": "10%"}, correlation="1000 km")
    af.write_netcdf(found.assign_attrs(title="t", history="h"), tmp_path / "errors.nc")
    assert not [p for p in cf_problems(tmp_path / "errors.nc", tmp_path) if "recommended" not in p]
    with xr.open_dataset(tmp_path / "errors.nc", decode_times=False) as written:
        error = written["annual_forcing_toa_input_error"]
        assert error.attrs["units"] == "W m-2"
        assert error.attrs["long_name"].startswith("standard error of annual mean")
        assert "cell_methods" not in written["forcing_toa_input_error"].attrs
        assert set(map(str, found.data_vars)) <= set(map(str, written.variables))
    for suffix in SUFFIXES:
        assert found[f"forcing_toa{suffix}"].attrs["long_name"]
