"""Laws of the albedo of open water in maps, and the wind speed that one of them needs."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import aeroforcing as af
from aeroforcing.cli.main import main
from aeroforcing.core.errors import InputError
from aeroforcing.inputs.air import wind_names
from aeroforcing.inputs.resolve import resolve_inputs

# The Pacific, the Sahara, and the ocean around Antarctica in its summer.
POINTS = xr.Dataset(
    coords={"lat": ("cell", [0.5, 23.5, -55.5]), "lon": ("cell", [200.5, 10.5, 90.5])}
)
AEROSOL = POINTS.assign(aod=("cell", [0.2, 0.2, 0.2]))


def with_wind(values, name="wind_speed", **attrs):
    return AEROSOL.assign({name: ("cell", np.array(values, dtype=float), attrs)})


def forcing(inputs=AEROSOL, **options):
    settings = {"grid": None, "months": [1], "photons": 64, "sky": "clear", "jobs": 1}
    return af.grid_forcing(inputs, **{**settings, **options})


def values(result):
    return np.array([result[name].values for name in ("forcing_toa_cs", "rsuscsaf")])


def test_the_default_is_taylor_by_either_name():
    default = forcing()
    for name in ("taylor1996", "taylor"):
        xr.testing.assert_identical(forcing(ocean=name), default)
    assert default.attrs["open_water_albedo"] == "Taylor et al. (1996)"
    assert "wind" not in default.attrs["inputs"]


def test_each_law_has_its_own_ocean_and_no_other_land():
    laws = [forcing(), forcing(ocean="briegleb"), forcing(ocean="jin", wind_speed=5.0)]
    upward = np.array([law["rsuscsaf"].values[0] for law in laws])
    assert np.ptp(upward[:, 1]) == 0.0
    assert (np.ptp(upward[:, [0, 2]], axis=0) > 0.1).all()


def test_a_field_of_one_value_is_that_number():
    number = forcing(ocean="jin2011", wind_speed=5.0)
    field = forcing(with_wind([5.0, 5.0, 5.0]), ocean="jin2011")
    assert np.array_equal(values(number), values(field))
    assert number.attrs["open_water_albedo"] == "Jin et al. (2011), by wind speed"
    assert "wind_speed: 5 m s-1 everywhere" in number.attrs["inputs"]
    assert "wind_speed: the given dataset, variable wind_speed" in field.attrs["inputs"]


def test_a_number_goes_before_a_field():
    number = forcing(ocean="jin", wind_speed=5.0)
    assert np.array_equal(
        values(number), values(forcing(with_wind([20.0] * 3), ocean="jin", wind_speed=5.0))
    )


@pytest.mark.parametrize(
    ("name", "attrs"),
    [
        ("sfcWind", {"units": "m s-1"}),
        ("si10", {"units": "m s**-1"}),
        ("w", {"standard_name": "wind_speed", "units": "m/s"}),
    ],
)
def test_names_and_units_of_the_wind(name, attrs):
    winds = [2.0, 8.0, 14.0]
    expected = values(forcing(with_wind(winds), ocean="jin"))
    assert np.array_equal(values(forcing(with_wind(winds, name, **attrs), ocean="jin")), expected)
    knots = with_wind(np.array(winds) * 3600.0 / 1852.0, name, **{**attrs, "units": "knots"})
    assert values(forcing(knots, ocean="jin")) == pytest.approx(expected)


def test_a_rough_sea_reflects_less_of_a_low_sun():
    calm, rough = (forcing(ocean="jin", wind_speed=w, months=[7]) for w in (1.0, 15.0))
    assert float(calm["rsuscsaf"][0, 2]) > 1.1 * float(rough["rsuscsaf"][0, 2])


def test_a_missing_wind_matters_over_water_only():
    complete = forcing(with_wind([5.0, 5.0, 5.0]), ocean="jin")
    found = forcing(with_wind([5.0, np.nan, np.nan]), ocean="jin")
    assert np.isnan(values(found)[..., 2]).all()
    assert np.array_equal(values(found)[..., :2], values(complete)[..., :2])
    assert "1 of 3 cells missing" in found.attrs["inputs"]


def test_without_its_law_a_wind_is_not_read():
    odd = with_wind([-5.0, np.inf, 1e9], units="furlongs per fortnight")
    odd = odd.assign(sfcWind=odd["wind_speed"])
    assert np.array_equal(values(forcing(odd)), values(forcing()))


def test_a_map_of_the_wind_alone():
    grid = af.gaussian_grid("T21")
    wind = xr.DataArray(7.0, {"lat": grid.lat, "lon": grid.lon}, ["lat", "lon"], name="wind_speed")
    inputs = resolve_inputs(wind.to_dataset(), grid=None, months=[1], ocean="jin2011")
    assert inputs["wind_speed"].dims == ("month", "lat", "lon")
    assert (inputs["wind_speed"] == 7.0).all()
    assert inputs["wind_speed"].attrs["standard_name"] == "wind_speed"
    assert "wind_speed" not in resolve_inputs(AEROSOL.isel(cell=0, drop=True), months=[1])


def test_winds_on_levels_are_others():
    levels = xr.Dataset(
        {
            "ws": (("level", "lat"), np.zeros((2, 3)), {"standard_name": "wind_speed"}),
            "ws10": ("lat", np.zeros(3), {"standard_name": "wind_speed"}),
        }
    )
    assert wind_names(levels, source="test") == ["ws10"]
    assert wind_names(levels.drop_vars("ws10"), source="test") == []


@pytest.mark.parametrize(
    ("inputs", "options", "match"),
    [
        (AEROSOL, {"ocean": "cox"}, "ocean='cox' is not allowed"),
        (AEROSOL, {"ocean": "jin"}, "needs the wind speed"),
        (None, {"ocean": "jin", "grid": "T21"}, "needs the wind speed"),
        (AEROSOL, {"wind_speed": 5.0}, "ocean='jin2011' alone"),
        (AEROSOL, {"ocean": "jin", "wind_speed": 60.0}, "give 0 to 50"),
        (with_wind([5.0, 5.0, -5.0]), {"ocean": "jin"}, "wind_speed"),
        (with_wind([5.0] * 3, units="Beaufort"), {"ocean": "jin"}, "Beaufort"),
        (
            with_wind([5.0] * 3, "sfcWind").assign(si10=("cell", [1.0] * 3)),
            {"ocean": "jin"},
            "sfcWind and si10 both",
        ),
    ],
)
def test_winds_that_cannot_be_used(inputs, options, match):
    with pytest.raises(InputError, match=match):
        forcing(inputs, **options)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with_wind([2.0, 8.0, 14.0]).to_netcdf("in.nc")
    common = ["--grid", "native", "--months", "1", "--photons", "64", "--sky", "clear", "--quiet"]
    assert main(["grid", "in.nc", *common, "--ocean", "jin", "-o", "jin.nc"]) == 0
    expected = forcing(with_wind([2.0, 8.0, 14.0]), ocean="jin")
    with xr.open_dataset("jin.nc") as written:
        assert values(written) == pytest.approx(values(expected), rel=1e-6)
    assert main(["grid", *common, "--ocean", "jin", "-o", "no.nc"]) == 2
    assert main(["grid", "in.nc", *common, "--ocean", "jin", "--dry-run"]) == 0
    assert main(["grid", "--months", "1", "--ocean", "jin", "--dry-run"]) == 2


def test_lazy_inputs_have_their_wind():
    winds = with_wind([2.0, 8.0, 14.0])
    lazy = forcing(winds.chunk(cell=2), ocean="jin")
    assert lazy.chunks
    assert np.array_equal(values(lazy.load()), values(forcing(winds, ocean="jin")))
