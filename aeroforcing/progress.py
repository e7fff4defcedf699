"""One line on standard error that says how far the work is."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_SECONDS_BETWEEN_UPDATES = 0.2
_STEPS_WITHOUT_TERMINAL = 10


class Progress:
    """A callable (done, total) that keeps one line of a terminal up to date.

    Where the stream is not a terminal it writes a line for every tenth of the work instead.
    """

    def __init__(self, label: str, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._label = label
        self._quiet = quiet
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._start = time.monotonic()
        self._last_time = -_SECONDS_BETWEEN_UPDATES
        self._last_share = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` pieces of work are complete."""
        share = done / total
        if self._quiet or not self._is_due(share):
            return
        self._last_time, self._last_share = time.monotonic(), share
        begin, end = ("\r", "") if self._terminal else ("", "\n")
        self._stream.write(f"{begin}{self._label}: {share:4.0%}, {self._remaining(share)}{end}")
        self._stream.flush()

    def _is_due(self, share: float) -> bool:
        if self._terminal:
            late = time.monotonic() - self._last_time >= _SECONDS_BETWEEN_UPDATES
            return late or share == 1.0
        step, last_step = (int(x * _STEPS_WITHOUT_TERMINAL) for x in (share, self._last_share))
        return step > last_step

    def _remaining(self, share: float) -> str:
        elapsed = time.monotonic() - self._start
        if share == 1.0:
            return f"{elapsed:.0f} s         "
        return f"{elapsed * (1 - share) / share:.0f} s to go " if share > 0 else "starting"

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal and self._last_share > 0:
            self._stream.write("\n")
            self._stream.flush()
