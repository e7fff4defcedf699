"""Fluxes and forcing of layers and columns: names, closure, limits and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from helpers.montecarlo_checks import assert_unbiased, t_values

import aeroforcing as af
from aeroforcing.core.errors import InputError
from aeroforcing.optics.gas_table import load_gas_table

FORCINGS = ("forcing_toa", "forcing_atmosphere", "forcing_surface")
FLUXES = ("toa_down", "toa_up", "surface_down", "surface_down_direct", "surface_up")
CLOUD = af.Cloud(base=1000.0, top=2000.0, optical_depth=8.0, fraction=0.5)
PHOTONS = 2**12


def column(*, ssa=0.85, clouds=()):
    return af.Column(
        atmosphere=af.standard_atmosphere("midlatitude_summer"),
        aerosol=af.Aerosol(aod=0.3, ssa=ssa, asymmetry=0.7, angstrom=1.2),
        surface_albedo=0.2,
        clouds=clouds,
    )


@pytest.fixture(scope="module")
def cloudy():
    return af.column_fluxes(column(clouds=[CLOUD]), cos_zenith=0.6, photons=PHOTONS, seed=1, key=7)


@pytest.fixture(scope="module")
def clear():
    return af.column_fluxes(column(), cos_zenith=0.6, photons=PHOTONS, seed=1, key=7)


@pytest.fixture(scope="module")
def year():
    return af.column_forcing(column(clouds=[CLOUD]), latitude=75.0, photons=2**9, seed=2)


# ---- layers -------------------------------------------------------------------------------------

LAYERS = {
    "tau_gas": [0.0, 0.1],
    "tau_rayleigh": [0.05, 0.1],
    "tau_aerosol": [0.0, 0.5],
    "ssa_aerosol": [1.0, 0.9],
    "asymmetry_aerosol": [0.0, 0.7],
    "surface_albedo": 0.3,
    "cos_zenith": 0.7,
    "photons": 100,
}


def test_layer_fluxes_have_names_units_and_settings():
    found = af.layer_fluxes(**LAYERS, seed=5)
    names = ("flux_up_toa", "flux_down_surface", "flux_down_surface_direct", "absorbed_atmosphere")
    assert set(found) == {f"{name}{suffix}" for name in names for suffix in ("", "_stderr")}
    for name in names:
        assert found[name].dims == ()
        assert found[name].attrs["units"] == "1"
        assert found[name].attrs["ancillary_variables"] == f"{name}_stderr"
    assert found.attrs == {"photons": 128, "seed": 5}


def test_layer_fluxes_with_a_seed_are_repeatable():
    first, again, other = (af.layer_fluxes(**LAYERS, seed=seed) for seed in (5, 5, 6))
    assert first.identical(again)
    assert float(first["flux_up_toa"]) != float(other["flux_up_toa"])


def test_more_photons_give_smaller_errors():
    few, many = (af.layer_fluxes(**(LAYERS | {"photons": n})) for n in (2**10, 2**16))
    for name in ("flux_up_toa", "flux_down_surface"):
        ratio = float(few[f"{name}_stderr"]) / float(many[f"{name}_stderr"])
        assert ratio > 6.0  # 8 for random numbers, more for a Sobol net


def test_one_layer_cut_in_two_has_the_same_fluxes():
    whole = {"tau_gas": [0.2], "tau_rayleigh": [0.1], "tau_aerosol": [0.6],
             "ssa_aerosol": [0.9], "asymmetry_aerosol": [0.7]}  # fmt: skip
    halves = {
        name: (np.repeat(values, 2) * (0.5 if name.startswith("tau") else 1.0))
        for name, values in whole.items()
    }
    one, two = (
        af.layer_fluxes(**(LAYERS | stack | {"photons": 2**14}), seed=seed)
        for seed, stack in enumerate((whole, halves))
    )
    names = ("flux_up_toa", "flux_down_surface", "absorbed_atmosphere")
    errors = [np.hypot(float(one[f"{n}_stderr"]), float(two[f"{n}_stderr"])) for n in names]
    assert_unbiased(
        t_values([float(one[n]) for n in names], errors, [float(two[n]) for n in names])
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"tau_gas": [0.0, -0.1]},
            "tau_gas: 1 of 2 layers.*first is layer 1 with -0.1.*at least 0",
        ),
        ({"tau_rayleigh": [np.nan, 0.1]}, "tau_rayleigh: 1 of 2 .*layer 0 with nan"),
        ({"tau_aerosol": [0.0, np.inf]}, "tau_aerosol: 1 of 2"),
        ({"ssa_aerosol": [1.1, 1.2]}, "ssa_aerosol: 2 of 2 .*from 0 to 1"),
        ({"asymmetry_aerosol": [0.0, 1.0]}, "asymmetry_aerosol: 1 of 2 .*both excluded"),
        ({"asymmetry_aerosol": [-1.5, 0.0]}, "asymmetry_aerosol: 1 of 2"),
        ({"tau_aerosol": [0.1]}, r"tau_aerosol has the shape \(1,\) and tau_gas \(2,\)"),
        ({"tau_gas": 0.1}, r"tau_gas has the shape \(\)"),
        ({"tau_gas": []}, "shape"),
        ({"surface_albedo": 1.1}, "surface_albedo=1.1"),
        ({"surface_albedo": np.nan}, "surface_albedo=nan"),
        ({"cos_zenith": 0.0}, "cos_zenith=0.0.*above 0"),
        ({"cos_zenith": 1.1}, "cos_zenith=1.1"),
        ({"cos_zenith": -0.5}, "cos_zenith=-0.5"),
        ({"photons": 0}, "photons=0"),
        ({"photons": 10.5}, "photons=10.5"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 1.5}, "seed=1.5"),
    ],
)
def test_layers_that_cannot_be(change, message):
    with pytest.raises(InputError, match=message):
        af.layer_fluxes(**(LAYERS | change))


# ---- fluxes at an instant -----------------------------------------------------------------------


def test_column_fluxes_have_names_units_and_settings(cloudy):
    names = [f"{n}{clean}{sky}" for n in FLUXES for clean in ("", "_clean") for sky in ("", "_cs")]
    names += [f"{name}{sky}" for name in FORCINGS for sky in ("", "_cs")]
    assert set(cloudy) == {f"{name}{suffix}" for name in names for suffix in ("", "_stderr")}
    for name in names:
        assert cloudy[name].attrs["units"] == "W m-2"
        assert cloudy[f"{name}_stderr"].attrs["units"] == "W m-2"
        assert cloudy[name].attrs["long_name"]
    assert cloudy.attrs == {
        "photons": PHOTONS, "seed": 1, "solar_constant": 1361.0, "gas_table": "g112", "key": 7
    }  # fmt: skip


def test_what_comes_in_is_exact(cloudy):
    for name in ("toa_down", "toa_down_clean", "toa_down_cs"):
        assert float(cloudy[name]) == pytest.approx(1361.0 * 0.6, rel=1e-12)
        assert float(cloudy[f"{name}_stderr"]) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("sky", ["", "_cs"])
def test_forcing_closes(cloudy, sky):
    top, air, surface = (float(cloudy[f"{name}{sky}"]) for name in FORCINGS)
    assert top == pytest.approx(air + surface, abs=1e-11)


@pytest.mark.parametrize("sky", ["", "_cs"])
def test_forcing_is_the_change_of_the_fluxes(cloudy, sky):
    def change(name):
        return float(cloudy[f"{name}{sky}"]) - float(cloudy[f"{name}_clean{sky}"])

    assert -change("toa_up") == pytest.approx(float(cloudy[f"forcing_toa{sky}"]), abs=1e-9)
    net = change("surface_down") - change("surface_up")
    assert net == pytest.approx(float(cloudy[f"forcing_surface{sky}"]), abs=1e-9)


@pytest.mark.parametrize("suffix", ["", "_clean", "_cs", "_clean_cs"])
def test_the_surface_reflects_its_albedo(cloudy, suffix):
    up, down = float(cloudy[f"surface_up{suffix}"]), float(cloudy[f"surface_down{suffix}"])
    assert up == pytest.approx(0.2 * down, rel=1e-9)


def test_direct_beam_is_part_of_the_downward_flux(cloudy):
    for suffix in ("", "_clean", "_cs", "_clean_cs"):
        direct = float(cloudy[f"surface_down_direct{suffix}"])
        assert 0.0 < direct < float(cloudy[f"surface_down{suffix}"])


def test_without_cloud_both_skies_are_equal(clear, cloudy):
    for name in (*FLUXES, *FORCINGS):
        assert float(clear[name]) == float(clear[f"{name}_cs"])
        assert float(clear[f"{name}_stderr"]) == float(clear[f"{name}_cs_stderr"])


def test_clear_sky_of_a_cloudy_column_is_that_of_the_clear_one(clear, cloudy):
    for name in (*FLUXES, *FORCINGS):
        assert float(cloudy[f"{name}_cs"]) == float(clear[name])


def test_cloud_darkens_the_surface_and_weakens_the_forcing(cloudy):
    assert float(cloudy["surface_down"]) < float(cloudy["surface_down_cs"]) - 50.0
    assert float(cloudy["toa_up"]) > float(cloudy["toa_up_cs"]) + 50.0
    assert abs(float(cloudy["forcing_surface"])) < abs(float(cloudy["forcing_surface_cs"]))


def test_solar_constant_scales_everything():
    one, two = (
        af.column_fluxes(column(), cos_zenith=0.6, photons=2**9, seed=3, solar_constant=constant)
        for constant in (500.0, 1000.0)
    )
    for name in (*FLUXES, *FORCINGS):
        assert float(two[name]) == pytest.approx(2.0 * float(one[name]), rel=1e-9)


def test_seeds_and_repetition():
    runs = [af.column_fluxes(column(), cos_zenith=0.5, photons=2**8, seed=s) for s in (4, 4, 5)]
    assert runs[0].identical(runs[1])
    assert float(runs[0]["toa_up"]) != float(runs[2]["toa_up"])


@pytest.fixture
def transparent_gas(monkeypatch):
    """A gas table without absorption. (Where a gas is absent, the real one keeps a trace.)"""
    table = load_gas_table("g112")
    empty = table._replace(
        k_major=np.zeros_like(table.k_major), k_minor=np.zeros_like(table.k_minor)
    )
    monkeypatch.setattr("aeroforcing.optics.spectrum.load_gas_table", lambda _: empty)


@pytest.mark.usefixtures("transparent_gas")
def test_where_nothing_absorbs_no_energy_is_lost():
    """Scattering aerosol in air without gases, with and without a conservative cloud.

    Every path keeps its energy, so that the atmosphere gains nothing but rounding errors.
    """
    found = af.column_fluxes(column(ssa=1.0, clouds=[CLOUD]), cos_zenith=0.5, photons=2**12, seed=6)
    for sky in ("", "_cs"):
        assert float(found[f"forcing_atmosphere{sky}"]) == pytest.approx(0.0, abs=1e-8)
        assert float(found[f"forcing_toa{sky}"]) < -1.0
        for clean in ("", "_clean"):
            end = f"{clean}{sky}"
            absorbed = float(found[f"toa_down{end}"]) - float(found[f"toa_up{end}"])
            net = float(found[f"surface_down{end}"]) - float(found[f"surface_up{end}"])
            assert absorbed == pytest.approx(net, abs=1e-8)


def test_black_carbon_warms_and_sulfate_cools():
    black, white = (
        af.column_fluxes(column(ssa=ssa), cos_zenith=0.6, photons=2**9) for ssa in (0.2, 1.0)
    )
    assert float(black["forcing_toa"]) > 0.0 > float(white["forcing_toa"])
    assert float(black["forcing_atmosphere"]) > 100.0 > 10.0 > float(white["forcing_atmosphere"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cos_zenith": 0.0}, "cos_zenith"),
        ({"cos_zenith": "noon"}, "cos_zenith='noon'"),
        ({"photons": -1}, "photons=-1"),
        ({"seed": "x"}, "seed='x'"),
        ({"solar_constant": -1.0}, "solar_constant=-1.0.*from 0"),
        ({"solar_constant": np.nan}, "solar_constant=nan"),
        ({"gas_table": "g111"}, "g111"),
        ({"gas_table": "nowhere.nc"}, "nowhere.nc"),
    ],
)
def test_instants_that_cannot_be(change, message):
    with pytest.raises(InputError, match=message):
        af.column_fluxes(column(), **({"cos_zenith": 0.5, "photons": 64} | change))


# ---- monthly means ------------------------------------------------------------------------------


def test_column_forcing_is_over_months(year):
    assert set(year) == {f"{n}{sky}{e}" for n in FORCINGS for sky in ("", "_cs")
                         for e in ("", "_stderr")}  # fmt: skip
    for name in year:
        assert year[name].dims == ("month",)
        assert year[name].attrs["units"] == "W m-2"
    assert year["month"].values.tolist() == list(range(1, 13))
    assert year.attrs["photons"] == 2**9
    closure = year["forcing_toa"] - year["forcing_atmosphere"] - year["forcing_surface"]
    assert float(abs(closure).max()) < 1e-11


def test_polar_night_is_zero(year):
    """At 75 N the sun stays below the horizon all November (from the 3rd), December, January."""
    for name in FORCINGS:
        assert float(year[name].sel(month=12)) == 0.0
        assert float(year[f"{name}_stderr"].sel(month=12)) == 0.0
        assert float(abs(year[name].sel(month=6))) > 0.0
    assert np.isfinite(year.to_array().values).all()


def test_a_month_is_the_same_whichever_others_are_run(year):
    chosen = af.column_forcing(
        column(clouds=[CLOUD]), latitude=75.0, months=[6, 3], photons=2**9, seed=2
    )
    assert chosen["month"].values.tolist() == [6, 3]
    for name in FORCINGS:
        assert np.array_equal(chosen[name], year[name].sel(month=[6, 3]))


def test_one_month_has_no_dimension_and_is_that_of_several(year):
    """Given as a number; as a list of one it has a dimension of length 1."""
    options = {"latitude": 75.0, "photons": 2**9, "seed": 2}
    for several, dims in ((7, ()), ([7], ("month",))):
        found = af.column_forcing(column(clouds=[CLOUD]), months=several, **options)
        assert found.forcing_toa.dims == dims
        assert found.month.values.ravel().tolist() == [7]
        assert found.forcing_toa.values.ravel() == year.forcing_toa.sel(month=[7]).values


def test_several_latitudes_are_a_dimension_of_independent_errors(year):
    options = {"months": [3, 6], "photons": 2**9, "seed": 2}
    found = af.column_forcing(column(clouds=[CLOUD]), latitude=[75.0, 75.0], **options)
    assert found.forcing_toa.dims == ("lat", "month")
    assert found.lat.attrs["units"] == "degrees_north"
    assert np.array_equal(found.forcing_toa[0], year.forcing_toa.sel(month=[3, 6]))
    assert (found.forcing_toa[0] != found.forcing_toa[1]).all()
    with pytest.raises(InputError, match=r"latitude=.*95"):
        af.column_forcing(column(), latitude=[0.0, 95.0], **options)


def test_several_suns_are_a_dimension_and_the_first_is_as_alone(cloudy):
    options = {"photons": PHOTONS, "seed": 1, "key": 7}
    found = af.column_fluxes(column(clouds=[CLOUD]), cos_zenith=[0.6, 0.2], **options)
    assert found.cos_zenith.values.tolist() == [0.6, 0.2]
    xr.testing.assert_identical(found.isel(cos_zenith=0, drop=True), cloudy)
    assert found.toa_down.values == pytest.approx(found.solar_constant * found.cos_zenith.values)
    for wrong in ([0.6, 0.0], [], [[0.6]]):
        with pytest.raises(InputError, match="cos_zenith"):
            af.column_fluxes(column(), cos_zenith=wrong, photons=64)


def test_month_is_the_mean_of_its_days_and_hours():
    """Against a sum of instants: the flux-weighted hours of one day in the middle of the month."""
    latitude, month = 10.0, 4
    monthly = af.column_forcing(column(), latitude=latitude, months=[month], photons=2**13, seed=8)
    declination, distance = np.radians(9.6), 1.0033  # 15 April: 1 / distance^2 = 0.9934
    lat = np.radians(latitude)
    sunset = np.arccos(-np.tan(lat) * np.tan(declination))
    nodes, weights = np.polynomial.legendre.leggauss(8)
    total, variance = 0.0, 0.0
    for node, weight in zip(nodes, weights, strict=True):
        hour = 0.5 * sunset * (node + 1.0)
        mu = np.sin(lat) * np.sin(declination) + np.cos(lat) * np.cos(declination) * np.cos(hour)
        instant = af.column_fluxes(
            column(), cos_zenith=mu, photons=2**12, seed=9, solar_constant=1361.0 / distance**2
        )
        share = 0.5 * weight * sunset / np.pi
        total += share * float(instant["forcing_surface"])
        variance += (share * float(instant["forcing_surface_stderr"])) ** 2
    noise = np.sqrt(variance + float(monthly["forcing_surface_stderr"][0]) ** 2)
    assert abs(float(monthly["forcing_surface"][0]) - total) < 4.0 * noise + 0.003 * abs(total)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latitude": 91.0}, "latitude=91.0.*from -90 to 90"),
        ({"latitude": np.nan}, "latitude=nan"),
        ({"months": [0]}, r"months=\[0\]"),
        ({"months": [1, 1]}, r"months=\[1, 1\]"),
        ({"months": []}, r"months=\[\]"),
        ({"months": [13]}, "from 1 to 12"),
        ({"months": "jan"}, "months="),
        ({"photons": 0}, "photons=0"),
        ({"seed": -3}, "seed=-3"),
        ({"solar_constant": "bright"}, "solar_constant"),
    ],
)
def test_months_that_cannot_be(change, message):
    with pytest.raises(InputError, match=message):
        af.column_forcing(column(), **({"latitude": 0.0, "photons": 64} | change))


# ---- random streams -----------------------------------------------------------------------------


def test_errors_of_columns_are_independent_and_of_equal_keys_common():
    """z of a smoothly varied property, whose truth a straight line through many seeds gives."""
    columns = [column(ssa=0.85 + 1e-5 * i) for i in range(200)]
    runs = {"own": {}, "common": {"key": 3}}
    made = {
        name: [af.column_fluxes(c, cos_zenith=0.5, photons=2**7, **own) for c in columns]
        for name, own in runs.items()
    }
    truth = af.column_fluxes(column(ssa=0.851), cos_zenith=0.5, photons=2**17, seed=11)
    z = {
        name: np.array(
            [float((m.forcing_toa - truth.forcing_toa) / m.forcing_toa_stderr) for m in several]
        )
        for name, several in made.items()
    }
    assert abs(z["own"].mean()) < 4.0 / np.sqrt(200)
    assert z["own"].std() == pytest.approx(1.0, abs=0.25)
    assert z["common"].std() < 0.2


def test_the_last_bits_of_a_column_do_not_change_its_stream():
    one, other, third = (
        af.column_fluxes(column(ssa=ssa), cos_zenith=0.5, photons=64)
        for ssa in (0.9, np.nextafter(0.9, 1.0), 0.9001)
    )
    assert float(other.toa_up_clean) == float(one.toa_up_clean)
    assert float(third.toa_up_clean) != float(one.toa_up_clean)


@pytest.mark.parametrize("key", [-1, 1.5, "a", True, 2**63])
def test_keys_that_cannot_be(key):
    with pytest.raises(InputError, match=r"key=.*0 to 2"):
        af.column_fluxes(column(), cos_zenith=0.5, photons=64, key=key)
