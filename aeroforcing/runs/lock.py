"""A lock on a folder that one run at a time can hold, and that a run that died leaves free.

The lock is that of the operating system on an open file, which ends with its process however that
ends, and which network file systems share between machines (`filelock`). A line of JSON beside it
tells who holds it.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import write_whole

HOLDER_SUFFIX = ".json"


@contextmanager
def locked(path: Path, *, subject: str) -> Iterator[None]:
    """Hold the lock `path` for as long as the context lasts.

    Parameters
    ----------
    path
        A file, which need not exist, in a folder that does. It and the line beside it are removed
        at the end.
    subject
        What must not be done twice at once, for the message.

    Raises
    ------
    InputError
        Another run holds it, or it is not an ordinary file, such as a link to one.
    OSError
        The file cannot be made or written.
    """
    from filelock import FileLock, Timeout

    _check_ordinary(path)
    beside = path.with_name(path.name + HOLDER_SUFFIX)
    lock = FileLock(path, timeout=0, is_singleton=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise _held(beside, subject) from None
    try:
        write_whole(beside, json.dumps(_this_process()).encode())
        yield
    finally:
        with suppress(OSError):  # of a disk or a network that is gone; the lock ends anyway
            beside.unlink(missing_ok=True)
            if os.name != "nt":  # where an open file cannot be removed
                path.unlink(missing_ok=True)
        lock.release()


def _check_ordinary(path: Path) -> None:
    """Refuse what would make the lock be written elsewhere, or be waited for."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: not an ordinary file, so that it was not made here. Remove it.")


def _this_process() -> dict[str, Any]:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


def _held(beside: Path, subject: str) -> InputError:
    holder: dict[str, Any] = {}
    with suppress(OSError, ValueError):  # it has not written it yet
        found = json.loads(beside.read_bytes())
        holder = found if isinstance(found, dict) else {}
    who = f"process {holder.get('pid', '?')} on {holder.get('host', 'an unknown machine')}"
    return InputError(
        f"{subject}: another run is at work on it, {who} since {holder.get('since', '?')}. Wait "
        "for it, or end it."
    )
