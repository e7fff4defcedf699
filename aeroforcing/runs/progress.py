"""How far the work is: a bar in a terminal or a notebook, a line for every tenth elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

_LINES = 10


class Progress:
    """A callable (done, total) that shows on standard error how far the work is."""

    def __init__(self, label: str, *, quiet: bool = False) -> None:
        self._label, self._quiet = label, quiet
        self._bar: Any = None
        self._begin = time.monotonic()
        self._lines = 0  # that are written

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` pieces of work are complete."""
        if self._quiet:
            return
        if sys.stderr.isatty() or "ipykernel" in sys.modules:
            self._draw(done, total)
        elif done * _LINES // total > self._lines:
            self._lines = done * _LINES // total
            self._write(done / total)

    def _draw(self, done: int, total: int) -> None:
        if self._bar is None:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, desc=self._label, initial=done)
        self._bar.update(done - self._bar.n)
        if done == total:
            self.close()

    def _write(self, share: float) -> None:
        seconds = time.monotonic() - self._begin
        time_left = f"{seconds * (1.0 - share) / share:.0f} s to go" if share < 1.0 else ""
        words = time_left or f"{seconds:.0f} s"
        print(f"{self._label}: {share:4.0%}, {words}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def shown(
    progress: Callable[[int, int], None] | bool | None, label: str
) -> Callable[[int, int], None] | None:
    """What is called with (done, total): as given, a `Progress` for True, nothing for False."""
    if progress is True:
        return Progress(label)
    return None if progress is False else progress
