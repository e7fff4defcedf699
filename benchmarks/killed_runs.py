"""Runs of `aeroforcing grid` that are killed at random moments and resumed: is anything lost?

    python -m benchmarks.killed_runs           200 kills, some twenty minutes on two processors
    python -m benchmarks.killed_runs 20        so many

A run is killed by SIGKILL, SIGINT or SIGTERM while it starts, at work on a part, or while it puts
the file together; the signal goes to its process alone or, as from a terminal, to its worker
processes too. The same command with `--resume` follows, which may be killed again, until one ends.
The file must then be, bit for bit, that of a run that was left alone, with nothing beside it.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple, TypeAlias

import numpy as np
import xarray as xr

from aeroforcing.__main__ import main as main_of_the_command
from aeroforcing.cli import main as verbs
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.maps.grid import grid_forcing
from aeroforcing.runs import interruptions
from aeroforcing.runs.progress import Progress
from benchmarks.interruptions import heed_interruptions

INPUT, TARGET, PARTS = "in.nc", "out.nc", ".out.nc.parts"
# What the process may answer a signal with: 0, if it was done just then, its own code, or, before
# it can catch the signal and after it has ended, the operating system's.
ANSWERS = {
    signal.SIGKILL: (0, -signal.SIGKILL),
    signal.SIGINT: (0, 130, -signal.SIGINT),
    signal.SIGTERM: (0, 143, -signal.SIGTERM),
}
_CATCHABLE = (signal.SIGINT, signal.SIGTERM)
# Where the jobs run: the options, whether they are forked, and their share of the kills. A forked
# process is at work at once, a fresh one can be killed while it loads its modules too.
PLACES: dict[str, tuple[tuple[str, ...], bool, float]] = {
    "forked threads": (("--jobs", "2"), True, 0.7),
    "threads": (("--jobs", "2"), False, 0.15),
    "workers": (("--workers", "2"), False, 0.15),
}
# In a traceback if the command itself had begun; until then it is Python that answers.
_BEGUN = tuple(module.__name__.replace(".", os.sep) for module in (verbs, interruptions))
_SECONDS_TO_END = 120.0
_SECONDS_BETWEEN_LOOKS = 0.002
_MOST_KILLS = 3  # of one run
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Job:
    """A run of the command in a folder of its own, which holds its input."""

    folder: Path
    options: tuple[str, ...]
    is_forked: bool = False  # from this process, rather than started anew

    def command(self, *more: str) -> list[str]:
        """The command line."""
        start = [sys.executable, "-m", "aeroforcing", "grid", INPUT, "-o", TARGET]
        return [*start, *self.options, *more]

    def number_of_parts(self) -> int:
        """How many parts are finished."""
        try:
            return sum(name.endswith(".values") for name in os.listdir(self.folder / PARTS))
        except OSError:
            return 0

    def content(self) -> xr.Dataset:
        """What is in the result, as it is stored."""
        with xr.open_dataset(self.folder / TARGET, decode_cf=False) as file:
            return file.load()


class ForkedProcess:
    """The command as a copy of this process, which has loaded everything already."""

    def __init__(self, job: Job, more: tuple[str, ...], said: IO[bytes]) -> None:
        self.returncode: int | None = None
        # None may come before the copy answers as a fresh process does.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _CATCHABLE)
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                code = self._run(job.command(*more)[3:], job.folder, said)
            except BaseException:
                os.write(said.fileno(), traceback.format_exc().encode())
            finally:
                os._exit(code)
        os.setpgid(self.pid, self.pid)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @staticmethod
    def _run(arguments: list[str], folder: Path, said: IO[bytes]) -> int:
        os.setpgid(0, 0)  # here and in the parent: whoever is first
        os.chdir(folder)
        sys.stdout = sys.stderr = open(said.fileno(), "w", buffering=1)  # noqa: SIM115
        for number in _CATCHABLE:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _CATCHABLE)
        sys.argv = ["aeroforcing", *arguments]
        return main_of_the_command()

    def poll(self) -> int | None:
        """The exit code, or None while the process lives."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        """The exit code, when the process has ended."""
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("aeroforcing", timeout)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        assert self.returncode is not None
        return self.returncode


Process: TypeAlias = subprocess.Popen[bytes] | ForkedProcess


@contextmanager
def started(job: Job, *more: str) -> Iterator[tuple[Process, IO[bytes]]]:
    """The process of a job, the first of a group of its own, and what it says; killed at last."""
    with tempfile.TemporaryFile() as said:
        process = _forked_or_fresh(job, more, said)
        try:
            yield process, said
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _forked_or_fresh(job: Job, more: tuple[str, ...], said: IO[bytes]) -> Process:
    if job.is_forked:
        return ForkedProcess(job, more, said)
    places = os.pathsep.join(str(Path(place).resolve()) for place in (_ROOT, *sys.path))
    return subprocess.Popen(
        job.command(*more), cwd=job.folder, env=os.environ | {"PYTHONPATH": places},
        stdout=said, stderr=said, start_new_session=True,
    )  # fmt: skip


def text_of(said: IO[bytes]) -> str:
    """All that a process has said."""
    said.seek(0)
    return said.read().decode(errors="replace")


class Pace(NamedTuple):
    """When an undisturbed run gets where [s after its start]."""

    first_part: float
    last_part: float
    end: float
    parts: int


def undisturbed(job: Job) -> tuple[xr.Dataset, Pace]:
    """The result of a job that is left alone, and its pace; the result is removed.

    Raises
    ------
    RuntimeError
        The job fails.
    """
    begin = time.monotonic()
    seen: dict[int, float] = {}
    with started(job) as (process, said):
        while process.poll() is None:
            seen.setdefault(job.number_of_parts(), time.monotonic() - begin)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        if process.returncode != 0:
            raise RuntimeError(f"the undisturbed run failed:\n{text_of(said)}")
    end = time.monotonic() - begin
    result = job.content()
    (job.folder / TARGET).unlink()
    most = max(seen)
    # Parts that follow each other fast are seen together.
    first = min((when for parts, when in seen.items() if parts > 0), default=end)
    return result, Pace(first, seen[most], end, most)


class Kill(NamedTuple):
    """A signal at a moment of a run."""

    number: signal.Signals
    after_parts: int  # finished, before which the signal does not come; -1: it may come at once
    seconds: float  # after that, or after the start
    to_all: bool  # whether the worker processes get it too


def random_kill(rng: np.random.Generator, pace: Pace) -> Kill:
    """A signal while a run starts, between two parts, or while it puts the file together."""
    after = int(rng.integers(-1, pace.parts + 1))
    between = (pace.last_part - pace.first_part) / max(pace.parts - 1, 1)
    longest = {-1: pace.first_part, pace.parts: pace.end - pace.last_part}.get(after, between)
    number = tuple(ANSWERS)[rng.integers(len(ANSWERS))]
    return Kill(number, after, float(rng.uniform(0.0, longest)), bool(rng.integers(2)))


Check: TypeAlias = Callable[[xr.Dataset], list[str]]


@dataclass
class Record:
    """What a job went through."""

    kills: list[Kill] = field(default_factory=list)  # those that met it alive
    faults: list[str] = field(default_factory=list)


def disturbed(job: Job, *, check: Check, pace: Pace, rng: np.random.Generator) -> Record:
    """Run a job, kill it at random moments, resume it until it ends, and look at what is there.

    Parameters
    ----------
    job
        Its folder holds the input alone; so it does at the end.
    check
        Gives the faults of a result, as it is stored.
    pace
        Of the job when it is left alone.
    rng
        Of the moments.
    """
    record = Record()
    for attempt in range(int(rng.integers(1, _MOST_KILLS + 1))):
        resume = ("--resume",) if attempt else ()
        if _killed(job, random_kill(rng, pace), resume, check, record):
            break
    with started(job, "--resume") as (process, said):
        code = _end(process)
        if code != 0:
            record.faults.append(f"the last run ended with {code}:\n{text_of(said)}")
            return record
        if others_live_on(process.pid):
            record.faults.append("processes were left behind")
    record.faults += check(job.content())
    record.faults += _strays(job, {INPUT, TARGET})
    (job.folder / TARGET).unlink()
    return record


def _killed(job: Job, kill: Kill, more: tuple[str, ...], check: Check, record: Record) -> bool:
    """Begin a run and kill it; whether it was done before."""
    with started(job, *more) as (process, said):
        _wait_for(job, process, kill)
        if process.poll() is None:
            record.kills.append(kill)
            (os.killpg if kill.to_all else os.kill)(process.pid, kill.number)
        code = _end(process)
        text = text_of(said)
    begun = any(name in text for name in _BEGUN) or "Traceback" not in text
    if begun and code not in ANSWERS[kill.number]:
        record.faults.append(f"{kill} was answered with {code}:\n{text}")
    if begun and "Traceback" in text:
        record.faults.append(f"{kill} was answered with a traceback:\n{text}")
    there = (job.folder / TARGET).exists()
    if there:
        record.faults += check(job.content())
    if there and "no file was written" in text:
        record.faults.append(f"{kill}: the file is there, but the message says:\n{text}")
    record.faults += _strays(job, {INPUT, TARGET, PARTS})
    return code == 0


def _wait_for(job: Job, process: Process, kill: Kill) -> None:
    while process.poll() is None and job.number_of_parts() < kill.after_parts:
        if (job.folder / TARGET).exists():
            break
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    time.sleep(kill.seconds)


def _end(process: Process) -> int | str:
    try:
        return process.wait(timeout=_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        return "nothing: it hangs"


def others_live_on(session: int) -> bool:
    """Whether a process of the group is left after a while."""
    for _ in range(100):
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def differences(found: xr.Dataset, expected: xr.Dataset) -> list[str]:
    """What is not the same in a result as in that of the undisturbed run."""
    wrong = sorted(map(str, set(found.variables) ^ set(expected.variables)))
    for name in set(found.variables) & set(expected.variables):
        one, other = found[name], expected[name]
        same = one.dtype == other.dtype and one.values.tobytes() == other.values.tobytes()
        if not same or str(one.attrs) != str(other.attrs):
            wrong.append(str(name))
    about = [{k: str(v) for k, v in d.attrs.items() if k != "history"} for d in (found, expected)]
    if about[0] != about[1]:
        wrong.append("global attributes")
    return [f"wrong in the result: {', '.join(wrong)}"] if wrong else []


def _strays(job: Job, allowed: set[str]) -> list[str]:
    more = set(os.listdir(job.folder)) - allowed
    return [f"left behind: {', '.join(sorted(more))}"] if more else []


def small_job(root: Path, *, place: str, months: int = 12) -> Job:
    """A map of 24 cells for each of some months, in a part each; one cell has no value.

    Its folder, of the name of the place, is made in `root`.
    """
    folder = root / place
    grid = gaussian_grid("45x60")
    values = np.random.default_rng(1).uniform(0.05, 0.4, (4, 6))
    values[0, 3] = np.nan
    aod = xr.Dataset({"aod": (("lat", "lon"), values)}, {"lat": grid.lat, "lon": grid.lon})
    folder.mkdir(exist_ok=True)
    aod.to_netcdf(folder / INPUT)
    wanted = ",".join(str(month + 1) for month in range(months))
    options = ("--grid", "native", "--photons", "64", "--chunk", "24", "--months", wanted)
    where, is_forked, _ = PLACES[place]
    if is_forked:  # load everything now
        grid_forcing(aod, grid=None, months=[1], photons=8)
    return Job(folder, (*options, *where), is_forked)


def many_kills(root: Path, *, place: str, number: int, seed: int) -> Iterator[Record]:
    """Disturbed runs of a small job until it was killed so many times."""
    job = small_job(root, place=place)
    expected, pace = undisturbed(job)
    check, rng, kills = partial(differences, expected=expected), np.random.default_rng(seed), 0
    while kills < number:
        record = disturbed(job, check=check, pace=pace, rng=rng)
        kills += len(record.kills)
        yield record


def main() -> None:
    """Kill, resume, compare, and print what was counted; exit code 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kills", nargs="?", type=int, default=200, help="how many (200)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (0)")
    wanted = parser.parse_args()
    heed_interruptions()
    with tempfile.TemporaryDirectory() as folder:
        faults = sum(
            _report(Path(folder), place, round(share * wanted.kills), wanted.seed)
            for place, (_, _, share) in PLACES.items()
        )
    sys.exit(faults > 0)


def _report(root: Path, place: str, number: int, seed: int) -> int:
    """Print what came of so many kills; the number of faults."""
    count = Counter({"runs": 0, "kills": 0, "faults": 0})
    with Progress(place) as progress:
        for record in many_kills(root, place=place, number=number, seed=seed):
            for fault in record.faults:
                print(fault, flush=True)
            count.update(kill.number.name for kill in record.kills)
            count.update(runs=1, kills=len(record.kills), faults=len(record.faults))
            progress(min(count["kills"], number), number)
    print(f"{place}: {', '.join(f'{n} {what}' for what, n in count.items())}", flush=True)
    return count["faults"]


if __name__ == "__main__":
    main()
