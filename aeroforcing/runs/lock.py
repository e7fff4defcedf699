"""A lock on a folder that one run at a time can hold, and that a run that died leaves free.

The lock is that of the operating system on an open file, which ends with its process however that
ends, and which network file systems share between machines. Where one does not, the lock's text
tells who holds it: a process of this machine that is gone has left it; of one on another machine
nothing is known.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from aeroforcing.core.errors import InputError


@contextmanager
def locked(path: Path, *, subject: str) -> Iterator[None]:
    """Hold the lock `path` for as long as the context lasts.

    Parameters
    ----------
    path
        A file, which need not exist, nor the folder that it is in; it is removed at the end.
    subject
        What must not be done twice at once, for the message.

    Raises
    ------
    InputError
        Another run holds it.
    OSError
        The file cannot be made or written.
    """
    with _acquired(path, subject) as stream:
        try:
            _put(stream, path, json.dumps(_this_process()).encode())
            yield
        finally:
            with suppress(OSError):  # of a disk or a network that is gone; the lock ends anyway
                path.unlink()


def _put(stream: BinaryIO, path: Path, text: bytes) -> None:
    """Replace what is in the file, past any buffer that a full disk could not take."""
    try:
        os.ftruncate(stream.fileno(), 0)
        os.pwrite(stream.fileno(), text, 0)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _acquired(path: Path, subject: str) -> BinaryIO:
    """The file, open and locked; it is the one at the path, which a run before may have removed."""
    while True:
        path.parent.mkdir(exist_ok=True)
        try:
            stream = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")  # noqa: SIM115
        except FileNotFoundError:  # the folder went with the run before
            continue
        try:
            _take(stream, path, subject)
        except BaseException:
            stream.close()
            raise
        if _is_at(stream, path):
            return stream
        stream.close()


def _take(stream: BinaryIO, path: Path, subject: str) -> None:
    """Lock the file, unless somebody has it."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _held(path, _holder(stream), subject) from None
    except OSError:
        pass  # a file system without locks: the text alone decides
    holder = _holder(stream)
    if _may_live(holder):
        raise _held(path, holder, subject)


def _is_at(stream: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _holder(stream: BinaryIO) -> dict[str, Any]:
    """Who wrote the lock; nothing where a crash cut the text short."""
    stream.seek(0)
    try:
        holder = json.loads(stream.read(4096) or b"{}")
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _this_process() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "started": _start_of(os.getpid()),
    }


def _may_live(holder: dict[str, Any]) -> bool:
    """Whether the holder that a lock's text names may still be at work."""
    if not isinstance(holder.get("pid"), int) or "host" not in holder:
        return False
    if holder["host"] != socket.gethostname():
        return True
    started = _start_of(holder["pid"])
    return started is not None and started == holder.get("started")


def _start_of(pid: int) -> str | None:
    """When a process of this machine started, in ticks after a boot; None if there is none."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return f"{boot} {status.rpartition(')')[2].split()[19]}"


def _held(path: Path, holder: dict[str, Any], subject: str) -> InputError:
    who = f"process {holder.get('pid', '?')} on {holder.get('host', 'an unknown machine')}"
    return InputError(
        f"{subject}: another run is at work on it, {who} since {holder.get('since', '?')}. Wait "
        f"for it, or if that run is dead, remove {path}."
    )
