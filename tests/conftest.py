"""Fixtures and helpers that all tests share."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# No time limits: the machine may be busy, and a function is compiled at its first call.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# The benchmarks stand beside the package and are not installed with it; at the end of the path, the
# repository hides nothing that is.
sys.path.append(str(Path(__file__).resolve().parents[1]))
from benchmarks.interruptions import heed_interruptions  # noqa: E402

# Jobs in the background of a shell ignore Ctrl-C; the commands that tests interrupt must not.
heed_interruptions()

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(name: str) -> Path:
    """Path of an optional reference file kept beside the checkout; skips the test without it."""
    path = _SHARED / name
    if not path.exists():
        pytest.skip(f"the optional reference file {name} is not here")
    return path


@pytest.fixture(name="shared")
def shared_fixture():
    return shared


@pytest.fixture(autouse=True)
def log_as_imported():
    """A command called in the process of the tests sets the log up as commands do.

    So do the fixtures of a module, which come before this one: the log is not put back to what it
    was before the test but to what importing the package leaves.
    """
    _leave_log_alone()
    yield
    _leave_log_alone()


def _leave_log_alone() -> None:
    log = logging.getLogger("aeroforcing")
    log.handlers, log.propagate = [], True
    log.setLevel(logging.NOTSET)
