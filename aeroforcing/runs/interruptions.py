"""What Ctrl-C and a request to terminate do to a command: they end it at once.

Every file is whole or not there, a lock ends with its process, and worker processes end with the
one that began them. Nothing has therefore to be tidied up, and no exception has to find its way
through libraries that do not bear one. A thread waits for the signals, so that the process also
ends while the main thread is in a library for long, or for ever as in some damaged files.

Only the standard library is imported here, and little of it: nothing catches an interruption
before. Python itself and notebooks keep their KeyboardInterrupt; this is for the command.
"""

from __future__ import annotations

import os
import signal
import sys
from _thread import RLock, start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EXIT_INTERRUPTED, EXIT_TERMINATED = 130, 143
_EXIT_CODES = {signal.SIGINT: EXIT_INTERRUPTED, signal.SIGTERM: EXIT_TERMINATED}
_SECONDS_FOR_WHAT_MUST_NOT_BE_CUT = 1.0
_words: list[Callable[[], str]] = [lambda: "files are written whole or not at all"]
_whole = RLock()


def end_at_interruptions() -> None:
    """Let SIGINT and SIGTERM end this process with a message and their exit codes.

    What ignores them, such as a job in the background of a shell, goes on ignoring them.
    """
    reading, writing = os.pipe()
    if hasattr(os, "set_blocking"):  # not on Windows before Python 3.12, where it is not needed
        os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    start_new_thread(_watch, (reading,))
    for number in _EXIT_CODES:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave_to_the_watch)


@contextmanager
def at_interruption(words: Callable[[], str]) -> Iterator[None]:
    """Say in the message of an interruption what is kept, as long as the context lasts."""
    _words.append(words)
    try:
        yield
    finally:
        _words.remove(words)


@contextmanager
def undivided() -> Iterator[None]:
    """Let no interruption end the process between two steps that its message tells about."""
    with _whole:
        yield


def _leave_to_the_watch(*_: object) -> None:
    """Python writes the number to the watching thread; nothing is to be done here."""


def _watch(reading: int) -> None:
    """Wait for a signal's number, and end the process."""
    while True:
        number = os.read(reading, 1)[0]
        if number in _EXIT_CODES:
            _end(_EXIT_CODES[signal.Signals(number)])


def _end(code: int) -> None:
    _whole.acquire(timeout=_SECONDS_FOR_WHAT_MUST_NOT_BE_CUT)
    try:
        message = f"aeroforcing: error: interrupted; {_words[-1]()}\n"
        os.write(sys.stderr.fileno(), message.encode(errors="backslashreplace"))
    finally:
        os._exit(code)
