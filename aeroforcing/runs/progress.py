"""One line on standard error that says how far the work is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

_SECONDS_BETWEEN_UPDATES = 0.2
_STEPS_WITHOUT_TERMINAL = 10


class Progress:
    """A callable (done, total) that keeps one line of a terminal up to date.

    Where the stream is not a terminal it writes a line for every tenth of the work instead, and
    one at the beginning if it is called then.
    """

    def __init__(
        self,
        label: str,
        *,
        quiet: bool = False,
        stream: TextIO | None = None,
        beginning: Callable[[], str] = lambda: "starting",
    ) -> None:
        self._label = label
        self._beginning = beginning  # says what goes on before anything is done
        self._quiet = quiet
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._start = time.monotonic()
        self._last_time = -_SECONDS_BETWEEN_UPDATES
        self._last_share = 0.0
        self._width = 0

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` pieces of work are complete."""
        share = done / total
        if self._quiet or not self._is_due(share):
            return
        self._last_time, self._last_share = time.monotonic(), share
        begin, end = ("\r", "") if self._terminal else ("", "\n")
        text = f"{self._label}: {share:4.0%}, {self._remaining(share)}"
        self._stream.write(f"{begin}{text.ljust(self._width)}{end}")
        self._stream.flush()
        self._width = len(text) if self._terminal else 0  # what the next one has to cover

    def _is_due(self, share: float) -> bool:
        if self._terminal:
            late = time.monotonic() - self._last_time >= _SECONDS_BETWEEN_UPDATES
            return late or share == 1.0
        step, last_step = (int(x * _STEPS_WITHOUT_TERMINAL) for x in (share, self._last_share))
        return step > last_step or share == 0.0

    def _remaining(self, share: float) -> str:
        elapsed = time.monotonic() - self._start
        if share == 1.0:
            return f"{elapsed:.0f} s"
        return f"{elapsed * (1 - share) / share:.0f} s to go" if share > 0 else self._beginning()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._width > 0:
            self._stream.write("\n")
            self._stream.flush()
