"""The lock of a run: one holder at a time, and none that is dead."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aeroforcing.core.errors import InputError
from aeroforcing.runs.lock import locked

HOLD = """
import sys
from pathlib import Path
from aeroforcing.runs.lock import locked
with locked(Path("lock"), subject="out.nc"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def holder():
    """Another process that holds the lock."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def take():
    with locked(Path("lock"), subject="out.nc"):
        return json.loads(Path("lock.json").read_text())


def test_a_lock_names_its_holder_and_goes_with_it():
    text = take()
    assert (text["pid"], text["host"]) == (os.getpid(), socket.gethostname())
    assert os.listdir() == []


def test_a_lock_goes_with_a_failure():
    with pytest.raises(ZeroDivisionError), locked(Path("lock"), subject="out.nc"):
        _ = 1 / 0
    assert os.listdir() == []


def test_a_lock_is_held_by_one(holder):
    with pytest.raises(InputError, match=f"out.nc: another run .* process {holder.pid} on "):
        take()
    holder.communicate()
    take()


def test_a_lock_is_held_by_one_in_one_process():
    with locked(Path("lock"), subject="out.nc"), pytest.raises(InputError, match="another run"):
        take()


def test_the_lock_of_a_killed_process_is_free(holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert Path("lock").exists()
    assert take()["pid"] == os.getpid()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"null"])
def test_a_line_that_says_nothing_is_no_lock_and_no_fault(content, holder):
    Path("lock.json").write_bytes(content)
    with pytest.raises(InputError, match=r"process \? on an unknown machine"):
        take()
    holder.communicate()
    assert take()["pid"] == os.getpid()


def test_what_is_no_ordinary_file_is_refused():
    """A pipe would be waited for, and what a link leads to be emptied."""
    Path("notes").write_text("precious")
    for make in (lambda: os.mkfifo("lock"), lambda: Path("lock").symlink_to("notes")):
        make()
        with pytest.raises(InputError, match="not an ordinary file"):
            take()
        Path("lock").unlink()
    assert Path("notes").read_text() == "precious"


def test_many_who_want_it_have_it_one_after_the_other():
    """Each adds one to a number in a file, which loses counts if two do so at once."""
    code = """
from pathlib import Path
from aeroforcing.core.errors import InputError
from aeroforcing.runs.lock import locked
done = 0
while done < 40:
    try:
        with locked(Path("lock"), subject="number"):
            Path("number").write_text(str(int(Path("number").read_text()) + 1))
            done += 1
    except InputError:
        pass
"""
    Path("number").write_text("0")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    processes = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert Path("number").read_text() == "120"
    assert os.listdir() == ["number"]
