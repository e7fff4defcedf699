"""What the fuzzers share: a folder with files to stumble over, and a command that is watched."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.strategies import SearchStrategy

from aeroforcing.cli.main import main

SECONDS = 60  # after which a case hangs
CODES = {0, 1, 2}  # that a command may end with, of those in aeroforcing.cli.main


def fuzz(strategy: SearchStrategy, check: Callable[[Any], None], *, cases: int) -> None:
    """Check so many cases of a strategy, the same at each run of the tests."""

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )
    @given(strategy)
    def check_one(case: Any) -> None:
        with within(SECONDS):
            check(case)

    check_one()


class Hangs(BaseException):
    """A case took too long; no handler of the program takes it for its own."""


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Break off what takes longer."""

    def give_up(*_: object) -> None:
        raise Hangs(f"no answer after {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


# ---- the file system ----------------------------------------------------------------------------

_CHANGES = {f"os.{name}" for name in ("mkdir", "rename", "remove", "rmdir", "link", "truncate")}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """Notes the files that Python makes, changes or removes, while it is switched on."""

    def __init__(self) -> None:
        self.on = False
        self.touched: set[str] = set()
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open" and isinstance(arguments[0], str | bytes) and arguments[2] & _WRITING:
            self.touched.add(os.path.abspath(os.fsdecode(arguments[0])))
        elif event in _CHANGES:
            names = arguments[:2] if event == "os.rename" else arguments[:1]
            named = [os.fsdecode(name) for name in names if not isinstance(name, int)]
            self.touched |= set(map(os.path.abspath, named))


WATCH = Watch()
# Where the libraries keep what they compile and find out.
_CACHES = ("__pycache__", ".cache", "matplotlib", "/dev/null", os.environ.get("NUMBA_CACHE_DIR"))


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Sandbox:
    """A folder `data` that nobody may change, and a folder `results` that is emptied each time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.results = folder, folder / "data", folder / "results"
        self.data.mkdir()
        self.results.mkdir()
        self.counts: Counter[str] = Counter()
        self._kept: dict[str, tuple[int, int]] = {}

    def keep(self) -> None:
        """Take note of the data as they are."""
        self._kept = self._state()

    def _state(self) -> dict[str, tuple[int, int]]:
        """Size and time of every file outside of `results`."""
        files = (path for path in self.folder.rglob("*") if self.results not in path.parents)
        return {str(p): (p.lstat().st_size, p.lstat().st_mtime_ns) for p in files if p.is_file()}

    def run(
        self, arguments: list[str], *, target: str | None = None, given: Path | None = None
    ) -> Outcome:
        """Run the command in `results`; it must end as documented, and write there alone.

        Parameters
        ----------
        arguments
            What follows the name of the command.
        target
            The output that they name.
        given
            A file in `results` that was there before, which the command may not change either.
        """
        before = given.read_bytes() if given is not None else b""
        os.chdir(self.results)
        out, err = io.StringIO(), io.StringIO()
        WATCH.touched, WATCH.on = set(), True
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = self._code(arguments)
        finally:
            WATCH.on = False
        outcome = Outcome(code, out.getvalue(), err.getvalue())
        self._check_message(arguments, outcome)
        if given is not None:
            assert given.read_bytes() == before
            given.unlink()
        self._check_files(arguments, outcome, target)
        self.counts[f"exit {code}"] += 1
        return outcome

    @staticmethod
    def _code(arguments: list[str]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            warnings.simplefilter("ignore", xr.SerializationWarning)  # of attributes in files
            try:
                return main(arguments)
            except SystemExit as ended:
                return int(ended.code or 0)

    def _check_message(self, arguments: list[str], outcome: Outcome) -> None:
        """An error is told in one line, which ends what the command says."""
        assert outcome.code in CODES, (arguments, outcome)
        assert "Traceback" not in outcome.err
        if outcome.code == 0 or (outcome.code == 1 and "validate" in arguments):
            return
        last = outcome.err.rstrip().rpartition("\n")[2]
        usage = outcome.err.startswith("usage: ")
        assert usage or last.startswith("aeroforcing: error: "), (arguments, outcome)

    def _check_files(self, arguments: list[str], outcome: Outcome, target: str | None) -> None:
        """Only the target is there afterwards, and nothing outside of its folder was touched."""
        allowed = {str(self.results)}
        if target:
            allowed.add(os.path.dirname(os.path.realpath(target)))
        for name in WATCH.touched:
            inside = any(Path(folder) in Path(name).parents for folder in allowed)
            assert inside or any(part and part in name for part in _CACHES), (arguments, name)
        assert self._state() == self._kept, arguments
        left = {path.name for path in self.results.iterdir()}
        expected = {Path(target).name} if target and outcome.code == 0 else set()
        assert left <= expected, (arguments, left)

    def take(self, name: str) -> bytes:
        """A result, which is removed."""
        content = (self.results / name).read_bytes()
        self.tidy()
        return content

    def tidy(self) -> None:
        """Empty `results`."""
        for path in self.results.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


# ---- in place of what takes long ----------------------------------------------------------------


def arrays_in(values: Any) -> Iterator[np.ndarray]:
    """The arrays of what a compiled function is given: one, those of a tuple, or none."""
    if isinstance(values, tuple):
        for member in values:
            yield from arrays_in(member)
    elif values is not None:
        yield np.asarray(values)


class Recorder:
    """Stands in for the solver: checks that its columns are numbers, and leaves the results 0."""

    def __init__(self, monkeypatch: Any) -> None:
        from aeroforcing.forcing import column
        from aeroforcing.maps import chunk

        for module in (chunk, column):
            monkeypatch.setattr(module, "solve", self)
            monkeypatch.setattr(module, "sobol_net", lambda exponent: np.zeros((1, 1)))

    def __call__(self, table: Any, columns: Any, *others: Any) -> None:
        for name, values in columns._asdict().items():
            assert all(np.isfinite(own).all() for own in arrays_in(values)), name
