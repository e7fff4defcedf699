"""What a run is: its settings and its inputs, so that parts of two runs are never mixed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aeroforcing.core.errors import InputError

_BYTES_AT_ONCE = 2**24


class SourceFile:
    """A file that a run reads, as it is at the beginning.

    Raises
    ------
    OSError
        It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._status = _status(path)
        self.digest = digest_of_file(path)

    def check(self) -> None:
        """Raise InputError unless the file still is what it was."""
        try:
            if self._is_the_same():
                return
        except OSError:
            raise InputError(
                f"{self._path}: the file vanished during the run, so no result was written. What "
                "is finished is kept; put the file back and go on with --resume."
            ) from None
        raise InputError(
            f"{self._path}: the file changed during the run, so no result was written. What is "
            "finished is kept for the file as it was: put that back and go on with --resume, or "
            "begin again with --overwrite."
        )

    def _is_the_same(self) -> bool:
        """Whether size and time are those of the beginning, or at least the content."""
        status = _status(self._path)
        if status != self._status and digest_of_file(self._path) == self.digest:
            self._status = status
        return status == self._status


def _status(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ino


def digest_of_file(path: Path) -> str:
    """A digest of all bytes of a file."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while block := stream.read(_BYTES_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def _digest_of_arrays(arrays: Iterable[tuple[str, np.ndarray]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, values in arrays:
        whole = np.ascontiguousarray(values)
        text = repr(whole.tolist()).encode() if whole.dtype.hasobject else whole.tobytes()
        digest.update(f"{name} {whole.dtype.str} {whole.shape}\n".encode() + text)
    return digest.hexdigest()


def fingerprint(identity: Mapping[str, Any]) -> str:
    """The identity in 32 characters."""
    text = json.dumps(identity, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def differences(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not the same in two identities, in words."""
    names = [*now, *(name for name in earlier if name not in now)]
    return [
        f"{name} ({earlier.get(name)!s:.60} then, {now.get(name)!s:.60} now)"
        if not _is_digest(name)
        else name
        for name in names
        if earlier.get(name) != now.get(name)
    ]


def _is_digest(name: str) -> bool:
    return name.startswith(("content", "values", "grid"))
