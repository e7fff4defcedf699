"""The fit of the species constants gives back the constants that made the stations."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.observations.species_fit import fit_species
from aeroforcing.optics.mixtures import mixture_by_paper
from aeroforcing.optics.species import SPECIES

LAT = np.arange(-87.5, 90.0, 5.0)
LON = np.arange(2.5, 360.0, 5.0)
TRUTH = {"ssa": [0.741, 0.957, 1.0], "asymmetry": [0.62, 0.66, 0.69]}


def model_and_stations(seed=0, noise=0.0, count=60):
    """Random mixtures over two months; the first ten stations stand in pure dust."""
    rng = np.random.default_rng(seed)
    shape = (2, LAT.size, LON.size)
    axes = {"month": [1, 7], "lat": LAT, "lon": LON}
    model = xr.Dataset(
        {name: (tuple(axes), rng.exponential(0.05, shape)) for name in SPECIES}, axes
    )
    place = rng.choice(LAT.size * LON.size, count, replace=False)
    row, column = np.unravel_index(place, shape[1:])
    for name in SPECIES:
        if name != "dust":
            model[name].values[:, row[:10], column[:10]] = 0.0
    mixture = mixture_by_paper(model)
    at = {"lat": xr.DataArray(row, dims="station"), "lon": xr.DataArray(column, dims="station")}
    stations = mixture.isel(at).drop_attrs().drop_vars(["lat", "lon"])
    scatter = noise * rng.standard_normal((count, 1))  # every site has its own error
    stations["ssa"] = (stations["ssa"].transpose("station", "month") + scatter).clip(0, 1)
    stations["asymmetry"] = stations["asymmetry"].transpose("station", "month") + noise * (
        rng.standard_normal((count, 2))
    )
    exponent = np.where(np.arange(count) < 10, 2.415, 1.2)
    stations["angstrom"] = ("station", np.full(count, 0.3))
    stations["coalbedo_angstrom"] = ("station", exponent - 0.3)
    return model, stations.assign_coords(lat=("station", LAT[row]), lon=("station", LON[column]))


def test_synthetic_truth_comes_back():
    model, stations = model_and_stations()
    fit = fit_species(model, stations)
    assert fit["species"].values.tolist() == ["carbonaceous", "dust", "sulfate"]
    for name, truth in TRUTH.items():
        np.testing.assert_allclose(fit[name], truth, atol=1e-12)
        np.testing.assert_allclose(fit[f"{name}_stderr"], 0.0, atol=1e-12)
    assert fit.attrs["dust_sites"] == 10 and fit.attrs["ssa_sites"] == 60


def test_other_constants_come_back_too():
    """Stations made with other constants than those of E7 and E9 give these."""
    model, stations = model_and_stations(1)
    at = {axis: stations[axis] for axis in ("lat", "lon")}
    tau = model.sel(at)
    carbon = tau["organic_carbon"] + tau["black_carbon"]
    total = tau.to_dataarray().sum("variable")
    stations["ssa"] = 1.0 - (0.3 * carbon + 0.08 * tau["dust"]) / total
    fit = fit_species(model, stations)
    np.testing.assert_allclose(fit["ssa"], [0.7, 0.92, 1.0], atol=1e-12)


def test_standard_errors_are_those_of_the_scatter():
    """Over many draws the errors of the fit are what it claims."""
    fits = [fit_species(*model_and_stations(seed, noise=0.01)) for seed in range(60)]
    for name, truth in TRUTH.items():
        for number, exact in enumerate(truth[:2]):
            values = np.array([fit[name].values[number] for fit in fits])
            claimed = np.sqrt(np.mean([fit[f"{name}_stderr"].values[number] ** 2 for fit in fits]))
            assert abs(values.mean() - exact) < 4 * claimed / np.sqrt(60)
            assert 0.6 < values.std(ddof=1) / claimed < 1.5


def test_absorption_exponent_and_prefixed_names_are_accepted():
    model, stations = model_and_stations(2)
    exponent = stations["angstrom"] + stations["coalbedo_angstrom"]
    others = stations.drop_vars(["angstrom", "coalbedo_angstrom"])
    prefixed = model.rename({name: f"aod_{name}" for name in SPECIES})
    fit = fit_species(prefixed, others.assign(absorption_angstrom=exponent))
    xr.testing.assert_allclose(fit, fit_species(model, stations))


def test_dust_ssa_is_the_mean_over_dust_sites_weighted_by_aod_over_months():
    model, stations = model_and_stations(3)
    stations["ssa"] = stations["ssa"].copy(data=np.full((60, 2), 0.9))
    stations["ssa"][0] = [0.96, 0.90]
    stations["aod"] = (("station", "month"), np.tile([3.0, 1.0], (60, 1)))
    fit = fit_species(model, stations)
    np.testing.assert_allclose(fit["ssa"].sel(species="dust"), 0.9 + 0.045 / 10)
    np.testing.assert_allclose(fit["ssa_stderr"].sel(species="dust"), 0.045 / 10)


def test_one_dust_site_has_no_known_error():
    model, stations = model_and_stations(4)
    stations["coalbedo_angstrom"][1:10] = 1.0
    fit = fit_species(model, stations)
    np.testing.assert_allclose(fit["ssa"], TRUTH["ssa"], atol=1e-12)
    assert fit["ssa_stderr"].isnull().values.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m, s: fit_species(m, s, dust_aae=(3.0, 3.1)), "Widen dust_aae"),
        (lambda m, s: fit_species(m.drop_vars("dust"), s), "no AOD of dust"),
        (lambda m, s: fit_species(m, s.drop_vars("angstrom")), "no angstrom"),
        (lambda m, s: fit_species(m, s.drop_vars("asymmetry")), "no 'asymmetry'"),
        (lambda m, s: fit_species(m, s.isel(station=slice(10))), "no carbonaceous"),
        (lambda m, s: fit_species(m.assign(sulfate=m["sulfate"] * 0), s), "cannot tell"),
    ],
)
def test_bad_input_says_what_is_wrong(change, message):
    model, stations = model_and_stations(5)
    with pytest.raises(InputError, match=message):
        change(model, stations)
