"""A run beside CERES: regions, limits, verdicts and what cannot be compared."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from aeroforcing.analysis.validation.energy_budget import (
    IN_WORDS,
    LIMITS,
    REGIONS,
    as_text,
    compare_energy_budget,
)
from aeroforcing.cli.main import main
from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid

FLUXES = [name for name in IN_WORDS if name != "rstcre"]


def run(grid="T21", **fluxes):
    """A year of constant fluxes, each by its latitude."""
    axes = gaussian_grid(grid)
    month = xr.DataArray(np.arange(1, 13), dims="month")
    shape = xr.zeros_like(month * axes.lat * axes.lon, dtype=float)
    fields = {name: shape + fluxes.get(name, 100.0) for name in FLUXES}
    return xr.Dataset(fields).assign_coords(
        month=month, lat=axes.lat, lon=axes.lon, lat_bnds=axes.lat_bnds, lon_bnds=axes.lon_bnds
    )


def found(dataset, variable, region):
    (one,) = [
        c for c in compare_energy_budget(dataset) if (c.variable, c.region) == (variable, region)
    ]
    return one


def test_every_variable_is_compared_in_every_region():
    comparisons = compare_energy_budget(run())
    assert {(c.variable, c.region) for c in comparisons} == {
        (name, region) for name in IN_WORDS for region in REGIONS
    }
    text = as_text(comparisons)
    assert len(text.splitlines()) == len(comparisons) + 2
    assert "CERES EBAF" in text


@pytest.mark.parametrize("grid", ["T21", "T42", "7.5x10"])
def test_regions_are_exact_on_any_grid(grid):
    """A flux that is the sine of latitude, squared: means known in closed form."""
    axes = gaussian_grid(grid)
    south, north = np.sin(np.radians(axes.lat_bnds.values)).T
    square = xr.DataArray((north**3 - south**3) / (3 * (north - south)), {"lat": axes.lat}, "lat")
    dataset = run(grid, rsut=300.0 * square)
    assert found(dataset, "rsut", "global").value == pytest.approx(100.0)
    # beyond and within 30 degrees; a row that is cut has its own mean in both
    assert found(dataset, "rsut", "30-90N").value == pytest.approx(175.0, abs=3)
    assert found(dataset, "rsut", "90-30S").value == pytest.approx(175.0, abs=3)
    assert found(dataset, "rsut", "30S-30N").value == pytest.approx(25.0, abs=3)


def test_the_cloud_effect_is_the_difference_of_the_skies():
    effect = found(run(rsut=99.0, rsutcs=53.5), "rstcre", "global")
    assert effect.value == pytest.approx(-45.5)
    assert effect.observed == -45.27
    assert effect.agrees


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [(1.9, "agrees"), (-1.9, "agrees"), (2.1, "too much"), (-2.1, "too little")],
)
def test_verdicts(shift, verdict):
    assert LIMITS["rsut"][0] == 2.0
    assert found(run(rsut=98.95 + shift), "rsut", "global").verdict == verdict


def test_sampling_errors_widen_the_limits():
    exact = run(rsut=98.95 + 2.1)
    noisy = exact.assign(rsut_stderr=xr.full_like(exact.rsut, 20.0))
    sampled = found(noisy, "rsut", "global")
    cells = exact.rsut.size
    assert sampled.stderr == pytest.approx(20.0 / np.sqrt(cells), rel=0.2)
    assert not found(exact, "rsut", "global").agrees
    assert sampled.agrees == (2 * sampled.stderr > 0.1)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d.drop_vars(["rsutcs", "rsdscs"]), "rsutcs, rsdscs are missing"),
        (lambda d: d.isel(month=slice(6)), "holds 6 months"),
        (lambda d: d.where(d.lat > 0), "values of the fluxes are missing"),
        (lambda d: d.isel(lat=slice(8)), "of the globe"),
    ],
)
def test_what_cannot_be_compared(spoil, message):
    with pytest.raises(InputError, match=message):
        compare_energy_budget(spoil(run()))


def test_the_verb_prints_a_table_and_its_exit_code_tells(tmp_path, capsys):
    path = tmp_path / "forcing.nc"
    run(rsut=98.95).to_netcdf(path)
    assert main(["validate", "--energy-budget", str(path)]) == 1
    assert "too " in capsys.readouterr().out
    assert main(["validate", "--energy-budget", str(path), "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)["energy_budget"]
    assert len(shown) == len(IN_WORDS) * len(REGIONS)
    assert {"variable", "region", "value", "observed", "difference", "verdict"} <= set(shown[0])
