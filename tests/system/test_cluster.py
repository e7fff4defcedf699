"""Maps by worker processes: the same bits as by threads, also when workers are killed.

Rationale. A long run is spread over processes of one machine or of many, of which some will die.

Expected. Two worker processes give, bit for bit, what threads give; a worker that is killed costs a
retry and nothing else; a scheduler that is not there, is gone, or has other software is told.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr

from aeroforcing.core.errors import InputError
from aeroforcing.maps.chunk import Settings
from aeroforcing.maps.run import prepared_run
from aeroforcing.maps.saved import save_grid_forcing
from aeroforcing.runs import workers
from aeroforcing.runs.chunks import ChunkResult
from aeroforcing.runs.threads import solve_in_threads
from aeroforcing.runs.workers import cluster_client, solve_on_workers

SETTINGS = {"grid": "30x30", "months": [1, 4, 7, 10], "photons": 8, "seed": 5}
SCHEDULER = """
import asyncio
from distributed import Scheduler, Worker
async def main():
    async with Scheduler(port=0, host="127.0.0.1", dashboard=False) as scheduler:
        async with Worker(scheduler.address, nthreads=1, dashboard=False):
            print(scheduler.address, flush=True)
            await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def run():
    """Twelve chunks of two rows."""
    return prepared_run(None, Settings(**SETTINGS), cells_per_chunk=24)


@pytest.fixture(scope="module")
def expected(run):
    return collected(solve_in_threads(run.chunks(), solver=run.solver, jobs=2))


@pytest.fixture(scope="module")
def cluster_of_two(tmp_path_factory):
    with cluster_client(2, None, scratch=tmp_path_factory.mktemp("workers") / "own") as found:
        yield found


@pytest.fixture
def client(cluster_of_two):
    """Two worker processes, both of them alive."""
    cluster_of_two.wait_for_workers(2, timeout=120)
    return cluster_of_two


def collected(solved) -> dict[int, ChunkResult]:
    return {chunk.number: result for chunk, result in solved}


def same(found, expected) -> bool:
    return found.keys() == expected.keys() and all(
        np.array_equal(found[number].values, expected[number].values, equal_nan=True)
        and found[number][1:] == expected[number][1:]
        for number in expected
    )


def test_workers_give_the_bits_of_threads(run, expected, client):
    told = []
    solved = solve_on_workers(run, run.chunks(), client=client, done=told.append)
    assert same(collected(solved), expected)
    assert sum(told) == run.layout.size
    assert len({*client.run(os.getpid).values(), os.getpid()}) == 3


def test_killed_workers_cost_retries_and_no_result(run, expected, client):
    found, killed = {}, set()
    for chunk, result in solve_on_workers(run, run.chunks(), client=client):
        if len(killed) < 2 and len(found) in (1, 5):
            victim = next(iter(client.run(os.getpid, on_error="ignore").values()))
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)
        found[chunk.number] = result
    assert len(killed) == 2
    assert same(found, expected)


def test_without_any_worker_a_run_ends(run, tmp_path, monkeypatch):
    """It would wait for ever; what is done before is given."""
    monkeypatch.setattr(workers, "_SECONDS_WITHOUT_WORKERS", 0.5)
    monkeypatch.setattr(workers, "_SECONDS_BETWEEN_LOOKS", 0.1)
    found = []
    with cluster_client(1, None, scratch=tmp_path / "own") as client:
        solved = solve_on_workers(run, run.chunks(), client=client)
        found.append(next(solved))
        client.cluster.scale(0)
        with pytest.raises(OSError, match=r"no worker for 0 s. Start workers, or .* --resume"):
            found.extend(solved)
    assert 1 <= len(found) < 12


@pytest.mark.slow
def test_a_running_scheduler_can_be_used_for_a_file(client, tmp_path):
    """The file is that of threads, and the scheduler goes on."""
    address = client.scheduler.address
    for name, where in (("workers.nc", {"scheduler": address}), ("threads.nc", {"jobs": 2})):
        save_grid_forcing(tmp_path / name, **SETTINGS, cells_per_chunk=24, **where)
    found, expected = (xr.load_dataset(tmp_path / f"{n}.nc") for n in ("workers", "threads"))
    xr.testing.assert_identical(found, expected)
    assert client.scheduler_info()["address"] == address
    assert sorted(os.listdir(tmp_path)) == ["threads.nc", "workers.nc"]


@pytest.fixture
def scheduler():
    """A scheduler with one worker, in a process of their own."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(Path(place).resolve()) for place in sys.path)
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SCHEDULER], stdout=subprocess.PIPE, text=True, env=environment
    )
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_a_scheduler_that_goes_is_told_and_the_run_goes_on_with_threads(
    scheduler, tmp_path, expected, monkeypatch
):
    process, address = scheduler
    target = tmp_path / "out.nc"
    options = SETTINGS | {"cells_per_chunk": 24}

    def kill(done, _):
        if done >= 48:
            process.kill()

    with pytest.raises(OSError, match="scheduler"):
        save_grid_forcing(target, **options, scheduler=address, progress=kill)
    kept = len(list(tmp_path.glob(".out.nc.parts/*.values")))
    assert 2 <= kept < 12
    save_grid_forcing(target, **options, resume=True)
    found = xr.load_dataset(target)["forcing_toa"].values
    in_order = [expected[number].values[0] for number in sorted(expected)]
    assert np.array_equal(found.ravel(), np.concatenate([v.ravel() for v in in_order]).astype("f4"))
    assert os.listdir(tmp_path) == ["out.nc"]


def test_other_software_on_a_worker_is_told(client, run, monkeypatch):
    monkeypatch.setattr(workers, "__version__", "0.0.0")
    with pytest.raises(InputError, match=r"The workers have aeroforcing .*, and this is 0.0.0"):
        collected(solve_on_workers(run, run.chunks()[:1], client=client))


@pytest.mark.parametrize("address", ["", "nowhere", "tcp://", "ftp://host:1"])
def test_what_is_no_address_is_refused(address, tmp_path):
    with (
        pytest.raises((InputError, OSError), match="scheduler"),
        cluster_client(None, address, scratch=tmp_path / "own"),
    ):
        pass


def test_a_scheduler_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_SECONDS_TO_CONNECT", 1)
    with (
        pytest.raises(OSError, match=r"scheduler tcp://127.0.0.1:9: cannot be reached"),
        cluster_client(None, "tcp://127.0.0.1:9", scratch=tmp_path / "own"),
    ):
        pass
    assert dask.config.get("scheduler", None) is None  # nothing else is sent there


def test_what_else_is_done_with_dask_stays_where_it_is(client):
    assert client.scheduler_info()["workers"]
    assert dask.config.get("scheduler", None) is None


def test_without_dask_workers_are_refused(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(InputError, match=r"pip install aeroforcing\[dask\]"),
        cluster_client(2, None, scratch=tmp_path),
    ):
        pass
