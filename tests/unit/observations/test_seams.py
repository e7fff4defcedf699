"""Systematic steps: found where they are, told apart, and none where there are none."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

from aeroforcing.cli.main import main
from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.observations.seams import as_text, find_seams

GRID = gaussian_grid("T42")
SHAPE = (64, 128)
NOISE = 0.02


def field(values, **extra):
    coords = {"lat": GRID.lat, "lon": GRID.lon, **extra}
    return xr.DataArray(values, coords, (*extra, "lat", "lon"), name="aod")


def noise(seed, size=SHAPE):
    return 0.3 + NOISE * np.random.default_rng(seed).normal(size=size)


def test_seams_of_two_standard_deviations_are_found_where_they_are():
    values = noise(1)
    values[30:] += 2 * NOISE
    values[:, 40:90] -= 2 * NOISE
    seams = find_seams(field(values))
    found = dict(zip(seams.position.values.round(3), seams.step.values, strict=True))
    expected = {
        round(float(GRID.lat_bnds[30, 0]), 3): 2 * NOISE,
        round(float(GRID.lon_bnds[40, 0]), 3): -2 * NOISE,
        round(float(GRID.lon_bnds[90, 0]), 3): 2 * NOISE,
    }
    assert set(found) == set(expected)
    assert sorted(seams.orientation.values) == ["column", "column", "row"]
    for position, step in expected.items():
        error = seams.step_stderr.values[list(found).index(position)]
        assert found[position] == pytest.approx(step, abs=4 * error)
    assert seams.relative_size.values == pytest.approx(2.0, abs=0.8)
    assert (seams.share > 0.4).all()
    assert (seams.kind == "unexplained").all()


def test_a_seam_across_the_date_line_and_missing_cells():
    values = noise(2)
    values[:, :64] += 3 * NOISE
    values[::5, ::7] = np.nan
    seams = find_seams(field(values))
    edges = {round(float(x), 3) for x in seams.position.values}
    assert edges == {round(float(GRID.lon_bnds[i, 1]), 3) for i in (63, 127)}


@pytest.mark.parametrize("width", [0, 1, 3, 6])
def test_no_seams_in_smooth_fields(width):
    """Below 1 % of all, so none of these few."""
    for seed in range(5):
        white = np.random.default_rng(100 + seed).normal(size=SHAPE)
        smooth = gaussian_filter(white, width, mode=("nearest", "wrap")) if width else white
        assert find_seams(field(0.3 + NOISE * smooth / smooth.std())).sizes["seam"] == 0


def test_no_seam_in_a_parabola():
    north = np.linspace(-1, 1, 64)[:, None]
    assert find_seams(field(0.2 + 0.3 * north**2 + 0 * noise(3))).sizes["seam"] == 0


def test_a_seam_that_recurs_is_told_from_one_that_does_not():
    months = {"month": np.arange(1, 13)}
    values = noise(4, (12, *SHAPE))
    values[:, 20:] += 1.5 * NOISE
    (seam,) = find_seams(field(values, **months)).to_dataframe().to_dict("records")
    assert seam["orientation"] == "row"
    assert seam["recurrence"] > 0.8
    once = noise(5, (12, *SHAPE))
    once[3, 20:] += NOISE
    assert find_seams(field(once, **months)).sizes["seam"] == 0


def test_coasts_and_sensor_boundaries_explain_a_seam():
    values = noise(6)
    values[40:] += 2 * NOISE
    values[:, 64:] += 2 * NOISE
    land = field(np.where(np.arange(64)[:, None] >= 40, 1.0, 0.0) + 0 * values)
    sensor = field(np.where(np.arange(128) >= 64, 2.0, 1.0) + 0 * values)
    seams = find_seams(field(values), land_fraction=land, source=sensor)
    kinds = dict(zip(seams.orientation.values, seams.kind.values, strict=False))
    assert kinds == {"row": "coast", "column": "sensor boundary"}


def test_what_cannot_be_searched():
    with pytest.raises(InputError, match="at least 6 rows and columns"):
        find_seams(field(noise(7)).isel(lat=slice(4)))
    small = xr.DataArray(
        np.ones((4, 5)), {"lat": np.arange(4.0), "lon": np.arange(5.0)}, ("lat", "lon")
    )
    with pytest.raises(InputError, match="regrid it first"):
        find_seams(field(noise(8)), land_fraction=small)


def test_seams_in_words_and_on_the_command_line(tmp_path, capsys):
    values = noise(9)
    values[30:] += 3 * NOISE
    text = as_text(find_seams(field(values)), "aod")
    assert f"aod: a seam at latitude {float(GRID.lat_bnds[30, 0]):.2f}, +0.0" in text
    path = tmp_path / "in.nc"
    field(values).to_dataset(name="aod").to_netcdf(path)
    arguments = ["inputs", str(path), "--months", "1", "--check", "-o", str(tmp_path / "out.nc")]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert text in printed
    assert "ssa: no seams" in printed
