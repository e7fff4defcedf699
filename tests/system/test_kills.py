"""Runs of `aeroforcing grid` that are killed at random moments, and resumed.

Rationale. A run of days meets a power cut, an impatient user or a batch system that ends it. What
it has done must not be lost, and what comes of it in the end must not depend on it.

Expected. Whatever signal comes at whatever moment, to a run on threads or on worker processes, the
same command with `--resume` ends in a file that is, bit for bit, that of a run left alone, with
nothing beside it and no process left behind; a run that can answer the signal does so with its X

`python -m benchmarks.killed_runs 200` does the same for as long as one likes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.killed_runs import (
    PARTS,
    TARGET,
    many_kills,
    others_live_on,
    small_job,
    started,
    text_of,
)

# At the import of the module AT the process gets the signal HOW.
SIGNAL_AT_IMPORT = """
import os, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["AT"]:
            os.kill(os.getpid(), int(os.environ["HOW"]))
sys.meta_path.insert(0, Finder())
"""


def test_some_kills_lose_nothing(tmp_path):
    records = list(many_kills(tmp_path, place="forked threads", number=4, seed=11))
    assert [record.faults for record in records] == [[]] * len(records)


@pytest.mark.slow
def test_many_kills_lose_nothing(tmp_path):
    records = list(many_kills(tmp_path, place="forked threads", number=12, seed=12))
    assert [record.faults for record in records] == [[]] * len(records)


CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
BOTH = pytest.mark.parametrize("how", CODES)


@BOTH
@pytest.mark.parametrize("at", ["aeroforcing.cli.commands.map", "netCDF4"])
def test_an_interruption_while_modules_are_loaded_is_no_traceback(at, how, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(SIGNAL_AT_IMPORT)
    places = os.pathsep.join([str(tmp_path), *(str(Path(place).resolve()) for place in sys.path)])
    done = subprocess.run(
        [sys.executable, "-m", "aeroforcing", "grid", "-o", "out.nc", "--photons", "8"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONPATH": places, "AT": at, "HOW": str(int(how))},
    )  # fmt: skip
    assert done.returncode == CODES[how]
    assert done.stderr == f"aeroforcing: error: {WITH_FILES}\n"
    assert os.listdir(tmp_path) == ["sitecustomize.py"]


WITH_FILES = "interrupted; files are written whole or not at all"


def assert_interrupted(script: str, code: int, *, says: str = WITH_FILES) -> None:
    """A script that is interrupted while it runs a command ends as commands then do."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.stderr == f"aeroforcing: error: {says}\n"
    assert done.returncode == code


# A signal when a module begins to be loaded.
WHILE_LOADING = """
import os, sys

class Killing:
    def find_spec(self, name, path=None, target=None):
        if name == "{name}":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), {how})

sys.meta_path.insert(0, Killing())
from aeroforcing import __main__ as command
sys.argv = ["aeroforcing", "info", "x.nc"]
sys.exit(command.main())
"""


@pytest.mark.parametrize(
    "name", ["signal", "aeroforcing.runs.interruptions", "aeroforcing.cli.main"]
)
def test_an_interruption_of_the_start_has_no_traceback(name):
    script = WHILE_LOADING.format(name=name, how=int(signal.SIGINT))
    caught = name == "aeroforcing.cli.main"
    assert_interrupted(script, 130, says=WITH_FILES if caught else "interrupted")


# A run that does not heed its interruption, in a library that is deaf to it, with a thread at work
# and a lock that nobody gives back.
STUBBORN = """
import ctypes, os, signal, sys, threading
import aeroforcing.__main__ as command
from aeroforcing.cli.commands import info

def heedless(args):
    threading.Thread(target=threading.Event().wait).start()
    threading.Timer(0.2, os.kill, [os.getpid(), {how}]).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    while True:
        ctypes.CDLL(None).sleep(600)

info.run = heedless
sys.argv = ["aeroforcing", "info", "x.nc"]
sys.exit(command.main())
"""


@BOTH
def test_what_is_deaf_ends_at_once(how):
    assert_interrupted(STUBBORN.format(how=int(how)), CODES[how])


@BOTH
@pytest.mark.parametrize("place", ["forked threads", "workers"])
def test_an_interruption_of_all_processes_keeps_the_parts(place, how, tmp_path):
    """As a terminal sends it; the workers say nothing and end with the process that began them."""
    job = small_job(tmp_path, place=place, months=4)
    with started(job) as (process, said):
        while job.number_of_parts() == 0:
            assert process.poll() is None, text_of(said)
            time.sleep(0.002)
        os.killpg(process.pid, how)
        assert process.wait(timeout=60) == CODES[how]
        assert not others_live_on(process.pid)
        text = text_of(said)
    last = text.replace("\r", "\n").rstrip().splitlines()[-1]
    assert "aeroforcing: error: interrupted; no file was written; " in last
    assert "finished parts are kept; go on with --resume" in last
    assert "Traceback" not in text
    with started(job, "--resume", "-q") as (process, said):
        assert process.wait(timeout=120) == 0, text_of(said)
    assert sorted(os.listdir(job.folder)) == ["in.nc", TARGET]


@BOTH
def test_an_interruption_while_workers_start_leaves_none(how, tmp_path):
    job = small_job(tmp_path, place="workers", months=2)
    with started(job) as (process, said):
        while not (job.folder / PARTS / "workers").exists():
            assert process.poll() is None, text_of(said)
            time.sleep(0.002)
        time.sleep(0.3)  # while their interpreters begin
        os.killpg(process.pid, how)
        assert process.wait(timeout=60) == CODES[how]
        assert not others_live_on(process.pid)
        assert "Traceback" not in text_of(said)


# ---- systems that lack what Linux has ------------------------------------------------------------

WITHOUT = """
import os, signal, sys
import numpy, xarray, netCDF4, numba, platformdirs  # what these need is their affair
{taken}
from aeroforcing.__main__ import main
sys.argv[0] = "aeroforcing"
sys.exit(main())
"""
MACOS = "del os.sched_getaffinity"
WINDOWS = """
sys.modules["fcntl"] = None
for module, names in ((os, "sched_getaffinity pwrite getuid geteuid mkfifo"),
                      (signal, "SIGALRM setitimer getitimer ITIMER_REAL pthread_sigmask")):
    for name in names.split():
        delattr(module, name)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        "--version",
        "column --photons 16",
        "sweep aod 0.1,0.2 --photons 16 -o table.csv",
        "grid in.nc --grid native --months 1 --photons 8 -o forcing.nc",
    ],
)
@pytest.mark.parametrize("taken", [MACOS, WINDOWS], ids=["macos", "windows"])
def test_commands_do_without_what_other_systems_lack(taken, arguments, tmp_path):
    """It does not replace a run there."""
    small_job(tmp_path, place="workers")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT.format(taken=taken), *arguments.split()],
        cwd=tmp_path / "workers", capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(str(Path(p).resolve()) for p in sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
