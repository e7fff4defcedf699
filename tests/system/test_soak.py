"""The benchmarks of long runs at toy size: they see what they look for, and find nothing.

Rationale. A benchmark that counts no wrong cell may be one that looks at none.

Expected. Cells that are lost or wrong, files left behind and other contents are found where they
are put in; a job of the soak test and the measurements of memory and overhead run.
"""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from benchmarks import memory
from benchmarks.killed_runs import differences, disturbed, small_job, undisturbed
from benchmarks.soak import Soak, random_plan, soak


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A result, as it is stored."""
    job = small_job(tmp_path_factory.mktemp("job"), place="forked threads", months=2)
    return undisturbed(job)[0]


def changed(dataset, name="forcing_toa", value=1.0):
    """One cell in which the dataset has another value."""
    result = dataset.copy(deep=True)
    result[name][1, 2, 3] = value
    return result


def test_the_soak_counts_lost_and_wrong_cells(stored):
    state = Soak()
    assert state.check(stored, expected=stored) == []
    assert (state.cells, state.lost, state.wrong) == (48, 0, 0)
    assert state.check(changed(stored, "rsut"), expected=stored) == ["1 cells are lost or wrong"]
    assert (state.cells, state.lost, state.wrong) == (96, 0, 1)
    lost = changed(stored, value=stored["forcing_toa"]._FillValue)
    assert state.check(lost, expected=stored) == ["1 cells are lost or wrong"]
    assert (state.cells, state.lost, state.wrong) == (144, 1, 1)


def test_a_changed_bit_a_missing_variable_and_another_attribute_are_seen(stored):
    assert differences(stored, stored) == []
    value = np.nextafter(stored["rsut"].values[1, 2, 3], np.float32(0.0))
    assert differences(changed(stored, "rsut", value), stored) == ["wrong in the result: rsut"]
    assert differences(stored.drop_vars("rsds"), stored) == ["wrong in the result: rsds"]
    assert differences(stored.assign_attrs(seed=9), stored) == [
        "wrong in the result: global attributes"
    ]


def test_a_run_that_is_wrong_or_leaves_files_is_a_fault(stored, tmp_path):
    job = small_job(tmp_path, place="forked threads", months=2)
    _, pace = undisturbed(job)
    (job.folder / "stray").touch()
    check = lambda found: differences(found, changed(stored))  # noqa: E731
    record = disturbed(job, check=check, pace=pace, rng=np.random.default_rng(1))
    assert "wrong in the result: forcing_toa" in record.faults
    assert "left behind: stray" in record.faults


def test_random_plans_are_of_all_kinds():
    rng = np.random.default_rng(0)
    plans = [random_plan(rng) for _ in range(40)]
    dims = {plan.inputs["aod"].dims for plan in plans}
    assert dims == {("lat", "lon"), ("lat", "lon", "time"), ("cell",)}
    assert {plan.place for plan in plans} == {"forked threads", "threads", "workers"}
    assert len({plan.inputs["aod"].size for plan in plans}) > 10


@pytest.mark.slow
def test_some_jobs_of_the_soak():
    states = list(islice(soak(10.0, seed=2), 3))
    state = states[-1]
    assert state.faults == [] and state.jobs == 3 and state.kills > 0
    assert state.cells > 0 and state.lost == state.wrong == 0
    assert all(row[2] > 50.0 for row in state.rows())  # MB


@pytest.mark.slow
def test_memory_time_and_overhead_are_measured(tmp_path):
    sizes = {"points": (20, 100), "days": (432, 648)}
    costs = {
        kind: [memory.cost_of(cells, kind=kind, chunk=216) for cells in own]
        for kind, own in sizes.items()
    }
    for kind, own in costs.items():
        assert tuple(cost.cells for cost in own) == sizes[kind]
        assert all(cost.megabytes > 50.0 and cost.seconds > 0.0 for cost in own)
    memory.draw(costs, str(tmp_path / "figure.png"))
    assert (tmp_path / "figure.png").stat().st_size > 5000
    solving, saving = memory.overhead(grid="45x60", months=[1, 7], photons=8)
    assert min(solving) > 0.0 and saving.elapsed > 0.0


def test_points_are_spread_evenly():
    points = memory.points(2000)
    assert abs(float(np.sin(np.radians(points["lat"])).mean())) < 0.05
    assert points["aod"].min() > 0.0
