"""Errors by the inputs wherever means are shown: tables, reports, maps, and the command."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import xarray as xr
from helpers.kernel_samples import shifted, toy_forcing, toy_inputs, toy_kernels
from matplotlib import pyplot as plt

import aeroforcing as af
from aeroforcing.analysis.error_budget import as_text, budget, known_budget
from aeroforcing.cli.main import main
from aeroforcing.core.kernel_names import FORCINGS, quantities_of, quantity_of
from aeroforcing.core.netcdf import open_input, write_netcdf
from aeroforcing.grids.means import annual_mean, global_mean
from aeroforcing.inputs.uncertainty import AERONET, PRESETS, systematic_changes
from aeroforcing.maps.summary import as_text as summary_text
from aeroforcing.maps.summary import averaged_fields, summarise
from aeroforcing.output.contents import as_text as contents_text
from aeroforcing.output.contents import contents
from aeroforcing.output.report import report

INPUTS = toy_inputs(months=(1, 7))
KERNELS = toy_kernels(INPUTS).assign_attrs(title="A test", history="made", inputs="aod: of a test")
WITHOUT = KERNELS.drop_vars([n for n in KERNELS.data_vars if str(n).startswith("kernel_")])
USED = [name for name in AERONET if quantity_of(name) in quantities_of(KERNELS)]


def expected_error(name: str, *, error_of: dict[str, float] = AERONET) -> float:
    """Error of the global mean by shifting the inputs of the formula."""
    parts = []
    for variable in USED:
        change = error_of[variable]
        up, down = (
            toy_forcing(shifted(INPUTS, variable, sign * change), name) for sign in (0.01, -0.01)
        )
        by_cell = ((up - down) / 0.02).transpose("time", "lat", "lon")
        dataset = KERNELS[["lat_bnds", "lon_bnds"]].assign(x=by_cell)
        parts.append(float(annual_mean(global_mean(dataset))["x"]))
    return float(np.sqrt(np.square(parts).sum()))


def test_the_table_of_global_means_has_both_errors():
    summary = summarise(KERNELS)
    for name in FORCINGS:
        estimate = summary["forcing"][name]
        assert estimate["input_error"] == pytest.approx(expected_error(name), rel=1e-4)
    assert summary["input_errors"] == {name: AERONET[name] for name in USED}
    text = summary_text(summary)
    toa = summary["forcing"]["forcing_toa"]
    cell = f"{toa['mean']:+9.3f} +- {toa['stderr']:.3f} +- {toa['input_error']:.3f}"
    assert cell in text
    assert "off everywhere by aod 0.01, ssa 0.03, asymmetry 0.02" in text
    heading, row = text.splitlines()[1:3]
    assert len(heading) == len(row)


def test_parts_of_a_map_add_up_to_the_same_table():
    """Files of long runs are summarised from plain arrays, slab by slab."""
    names = {str(name) for name in KERNELS.data_vars}
    arrays = averaged_fields(lambda name: KERNELS[name].values, names)
    fields = averaged_fields(lambda name: KERNELS[name], names)
    assert arrays.keys() == fields.keys()
    assert len([name for name in fields if " by " in name]) == len(FORCINGS) * len(USED)
    for name, field in fields.items():
        np.testing.assert_array_equal(arrays[name], field.values)


def test_without_kernels_the_table_is_as_before():
    summary = summarise(WITHOUT)
    assert summary["forcing"]["forcing_toa"].keys() == {"mean", "stderr"}
    assert "input_errors" not in summary
    assert "inputs" not in summary_text(summary)


def test_the_budget_of_a_map_with_kernels_is_that_of_aeronet_everywhere():
    found = known_budget(KERNELS)
    assert found is not None
    for name in FORCINGS:
        error = budget(found)["global"][name]["input_error"]
        assert error == pytest.approx(summarise(KERNELS)["forcing"][name]["input_error"], rel=1e-9)
    assert known_budget(WITHOUT) is None
    own = af.propagate(KERNELS, {"ssa": 0.01})
    assert known_budget(own) is own


def test_cells_without_aerosol_are_no_obstacle():
    bare = KERNELS.assign(aod=KERNELS["aod"].where(KERNELS["lat"] > 0.0, 0.0))
    assert np.isfinite(summarise(bare)["forcing"]["forcing_toa"]["input_error"])
    found = known_budget(bare)
    assert found is not None
    part = found["forcing_toa_input_error_part"].sel(error_source="aod")
    assert (part.where(bare["lat"] <= 0.0, 0.0) == 0.0).all()


def test_every_line_of_the_budget_is_printed():
    text = as_text(af.propagate(KERNELS, {"ssa": "aeronet", "aod": "10%"}))
    for line in ("mean", "sampling error", "  by ssa", "  by aod", "total error", "clear-sky"):
        assert line in text
    assert "doi:10.1029/2000JD900040" in text


def test_info_shows_both_errors():
    found = contents(KERNELS)
    estimate = found["means"]["ocean"]["forcing_toa"]
    assert estimate.keys() == {"mean", "stderr", "input_error"}
    text = contents_text(found)
    assert f"+- {estimate['stderr']:.3f} +- {estimate['input_error']:.3f}" in text
    own = contents(af.propagate(KERNELS, {"ssa": 0.01}))
    assert "ssa: 0.01" in contents_text(own)
    assert own["means"]["global"]["forcing_toa"]["stderr"] == pytest.approx(
        found["means"]["global"]["forcing_toa"]["stderr"]
    )


def test_the_report_has_a_budget_and_maps_of_the_errors(monkeypatch):
    matplotlib.use("agg")
    monkeypatch.setattr(
        "aeroforcing.analysis.validation.exact_solutions.run_benchmarks", lambda **_: []
    )
    page = report(KERNELS)
    assert "<h2>Error budget</h2>" in page
    assert page.count("<img") == 6 + 2 + 1 + 3  # forcings, their errors, zonal means, aerosol
    row = re.search(r"<tr><td>TOA, all-sky</td><td>(.+?)</td>", page)
    assert row is not None
    assert row[1].count("±") == 2
    assert f"± {expected_error('forcing_toa'):.2f}" in row[1].replace("\N{NO-BREAK SPACE}", " ")


def test_a_result_of_propagate_has_its_report(monkeypatch):
    matplotlib.use("agg")
    monkeypatch.setattr(
        "aeroforcing.analysis.validation.exact_solutions.run_benchmarks", lambda **_: []
    )
    names = ["forcing_toa", "forcing_toa_stderr", "kernel_ssa_toa", "lat_bnds", "lon_bnds"]
    page = report(af.propagate(KERNELS[names], {"ssa": 0.01}))
    assert "<h2>Error budget</h2>" in page
    assert "ssa: 0.01" in page
    assert page.count("<img") == 1 + 1 + 1


@pytest.mark.parametrize("extent", [None, (-20.0, 60.0, 0.0, 40.0)])
def test_the_title_of_a_map_has_both_errors(extent):
    matplotlib.use("agg")
    there = {str(name) for name in KERNELS.data_vars}
    changes = systematic_changes(KERNELS.get, there, "forcing_toa").values()
    axes = af.plot_map(
        KERNELS["forcing_toa"], stderr=KERNELS["forcing_toa_stderr"], changes=list(changes),
        extent=extent,
    )  # fmt: skip
    title = axes.get_title()
    plt.close("all")
    if extent is None:
        assert f"± {expected_error('forcing_toa'):.2f} W m" in title
    assert title.count("±") == 2


def test_presets_are_documented():
    for name, preset in PRESETS.items():
        assert preset.source, name
        assert preset.errors.keys() <= {*AERONET, "surface_albedo"}
        if any(callable(error) for error in preset.errors.values()):
            assert "doi:10." in preset.source


# ---- the command --------------------------------------------------------------------------------


TOP = KERNELS[[n for n in KERNELS.data_vars if not re.search("_cs|atmosphere|surface", str(n))]]


@pytest.fixture(scope="module")
def kernel_file(tmp_path_factory) -> Path:
    """Of one forcing, for which all that is told is told."""
    path = tmp_path_factory.mktemp("kernels") / "kernels.nc"
    write_netcdf(TOP, path, precision="double")
    return path


@pytest.fixture
def in_own_folder(tmp_path, monkeypatch, kernel_file):
    monkeypatch.chdir(tmp_path)
    Path("kernels.nc").symlink_to(kernel_file)


def run(line: str) -> int:
    return main(shlex.split(line))


def test_the_command_makes_the_budget(in_own_folder, capsys, tmp_path):
    errors = "--error aod=modis_dark_target --error ssa=0.03 --correlation '1000 km'"
    assert run(f"propagate kernels.nc -o errors.nc {errors} --json") == 0
    printed = json.loads(capsys.readouterr().out)
    expected = af.propagate(TOP, {"aod": "modis_dark_target", "ssa": 0.03}, correlation="1000 km")
    written = open_input("errors.nc")
    for name in ("forcing_toa_input_error", "regional_forcing_toa_total_error"):
        np.testing.assert_allclose(written[name], expected[name], rtol=1e-6)
    toa = printed["land"]["forcing_toa"]
    assert toa["total_error"] == pytest.approx(
        float(expected["regional_forcing_toa_total_error"].sel(region="land"))
    )
    assert toa["input_error_parts"].keys() == {"aod", "ssa"}
    assert 'correlation = "1000 km"' in written.attrs["aeroforcing_config"]
    assert run("propagate --config errors.nc -o again.nc") == 0
    xr.testing.assert_equal(
        open_input("again.nc")["zonal_forcing_toa_input_error"],
        written["zonal_forcing_toa_input_error"],
    )


def test_maps_of_the_result_are_drawn(in_own_folder):
    assert run("propagate kernels.nc -o errors.nc --error ssa=0.03 -q") == 0
    assert run("map errors.nc annual_forcing_toa_input_error -o a.png --dpi 40") == 0
    assert run("map kernels.nc forcing_toa -o b.png --dpi 40") == 0
    assert run("map errors.nc forcing_toa --minus kernels.nc -o c.png --dpi 40") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("kernels.nc", "Name it with -o"),
        ("-o a.nc", "give the file"),
        ("kernels.nc -o a.nc --error aeronet", "lacks kernel_coalbedo_angstrom_toa"),
        ("kernels.nc -o a.nc --error ssa", "no preset 'ssa'"),
        ("kernels.nc -o a.nc --error ssa=much", "give a number"),
        ("kernels.nc -o a.nc --error ssa=0.03 --correlation far", "'none', 'systematic'"),
        ("absent.nc -o a.nc", "no such file"),
    ],
)
def test_wrong_arguments_exit_with_2(in_own_folder, arguments, message, capsys):
    assert run(f"propagate {arguments}") == 2
    assert message in capsys.readouterr().err
    assert not Path("a.nc").exists()


def test_errors_may_be_repeated_and_the_last_counts(in_own_folder, capsys):
    words = "--error misr --error aod=10% --error ssa=0.02 --error ssa=0.03"
    assert run(f"propagate kernels.nc -o errors.nc {words}") == 0
    told = open_input("errors.nc").attrs["input_errors"]
    assert told.splitlines() == ["aod: 10%", "ssa: 0.03"]
    assert "by aod" in capsys.readouterr().out
