"""Runs of `aeroforcing grid` that are killed at random moments, and resumed.

Rationale. A run of days meets a power cut, an impatient user or a batch system that ends it. What
it has done must not be lost, and what comes of it in the end must not depend on it.

Expected. Whatever signal comes at whatever moment, to a run on threads or on worker processes, the
same command with `--resume` ends in a file that is, bit for bit, that of a run left alone, with
nothing beside it and no process left behind; a run that can answer the signal does so with its exit
code and a message, never with a traceback.

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


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "at", ["aeroforcing.cli.main", "aeroforcing.cli.commands.map", "numpy", "netCDF4"]
)
def test_an_interruption_while_modules_are_loaded_is_no_traceback(at, how, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(SIGNAL_AT_IMPORT)
    places = os.pathsep.join([str(tmp_path), *(str(Path(place).resolve()) for place in sys.path)])
    done = subprocess.run(
        [sys.executable, "-m", "aeroforcing", "grid", "-o", "out.nc", "--photons", "8"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONPATH": places, "AT": at, "HOW": str(int(how))},
    )  # fmt: skip
    if at == "aeroforcing.cli.main" and how == signal.SIGTERM:  # nothing can catch it yet
        assert done.returncode == -signal.SIGTERM
    else:
        assert done.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[how]
        assert done.stderr.startswith("aeroforcing: error: interrupted")
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == ["sitecustomize.py"]


WITH_FILES = "interrupted; files are written whole or not at all"


def assert_interrupted(script: str, code: int, *, says: str = WITH_FILES) -> None:
    """A script that is interrupted while it runs a command ends as commands then do."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.stderr == f"aeroforcing: error: {says}\n"
    assert done.returncode == code


# A signal while the arguments are parsed, and while an object is being removed, which drops
# errors, or made.
AT_BAD_MOMENTS = """
import argparse, os, sys, time
from aeroforcing import __main__ as command
from aeroforcing.commands import info

class Removed:
    def __del__(self):
        os.kill(os.getpid(), {how})
        time.sleep(0.1)

class HalfMade:
    def __init__(self):
        os.kill(os.getpid(), {how})
        time.sleep(600)
        self.name = "x"

    def __del__(self):
        self.name

def removing(args):
    Removed()
    time.sleep(600)

def making(args):
    HalfMade()

def parsing(of=argparse.ArgumentParser.format_usage):
    def killed(self):
        os.kill(os.getpid(), {how})
        return of(self)
    argparse.ArgumentParser.format_usage = killed
    return lambda args: time.sleep(600)

info.run = {what}
sys.argv = ["aeroforcing", "info", "x.nc"]
sys.exit(command.main())
"""


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("what", ["removing", "making", "parsing()"])
def test_an_interruption_is_not_lost_where_errors_are(what, how, code):
    assert_interrupted(AT_BAD_MOMENTS.format(what=what, how=int(how)), code)


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
    "name", ["signal", "enum", "aeroforcing.cli.main", "aeroforcing.core.errors"]
)
def test_an_interruption_of_the_start_has_no_traceback(name):
    script = WHILE_LOADING.format(name=name, how=int(signal.SIGINT))
    assert_interrupted(script, 130, says="interrupted")


# A run that does not heed its interruption, one that leaves a thread at work, and one that leaves
# much to be cleared away.
STUBBORN = """
import os, signal, sys, threading, time
import aeroforcing.__main__ as command
from aeroforcing import cli
from aeroforcing.commands import info

def heedless(args):
    os.kill(os.getpid(), {how})
    while True:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            pass

def leaving_a_thread(args):
    threading.Thread(target=time.sleep, args=[600]).start()
    os.kill(os.getpid(), {how})
    time.sleep(600)

class Slow:
    def __del__(self):
        time.sleep(3)

def leaving_much(args):
    command.left = Slow()
    os.kill(os.getpid(), {how})
    time.sleep(600)

info.run, cli._SECONDS_TO_TIDY_UP, command._SECONDS_TO_END = {what}, {seconds}, 1
sys.argv = ["aeroforcing", "info", "x.nc"]
sys.exit(command.main())
"""


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    ("what", "seconds"), [("heedless", 0.5), ("leaving_a_thread", 600.0), ("leaving_much", 600.0)]
)
def test_what_does_not_end_is_cut_off(what, seconds, how, code):
    assert_interrupted(STUBBORN.format(what=what, seconds=seconds, how=int(how)), code)


def test_a_second_interruption_ends_a_run_at_once(tmp_path):
    """It does not wait for the parts under way; what is finished is kept nevertheless."""
    job = small_job(tmp_path, place="forked threads")
    with started(job) as (process, said):
        while job.number_of_parts() == 0:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.005)  # while it waits for them
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) in (130, -signal.SIGINT)
        assert "Traceback" not in text_of(said)
    assert job.number_of_parts() > 0
    with started(job, "--resume") as (process, said):
        assert process.wait(timeout=120) == 0, text_of(said)
    assert sorted(os.listdir(job.folder)) == ["in.nc", TARGET]
    assert PARTS not in os.listdir(job.folder)
