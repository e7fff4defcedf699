"""The finished parts of a run, kept in a folder beside its target until the result is whole.

A part is one file for one chunk: a line of JSON, and the values as plain 64-bit numbers. It is
written under another name, brought to the disk, and only then renamed, so that whatever happens a
part is there as a whole or not at all; a digest tells a file that the disk has damaged since.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import SCRATCH_NAMES, move_into_place, write_whole
from aeroforcing.grids.domain import Chunk
from aeroforcing.runs.chunks import ChunkResult
from aeroforcing.runs.fingerprint import differences, fingerprint
from aeroforcing.runs.interruptions import at_interruption, undivided
from aeroforcing.runs.lock import HOLDER_SUFFIX, locked

_HEADER_BYTES = 512
_RUN = "run.json"
_LOCK = "lock"
_LOCKS = (_LOCK, _LOCK + HOLDER_SUFFIX)
_RESULT = "result.nc"
_WORKERS = "workers"
_SUFFIX = ".values"

# Of all that a run may leave in the folder.
_OWN_NAMES = re.compile(
    "|".join(map(re.escape, (*_LOCKS, _RUN, _RESULT, _WORKERS)))
    + rf"|\d{{8}}{re.escape(_SUFFIX)}|{SCRATCH_NAMES.pattern}"
)
_NUMBER = np.dtype("<f8")


def folder_of(target: Path) -> Path:
    """The folder of a target's parts."""
    return target.with_name(f".{target.name}.parts")


@contextmanager
def parts_of(
    target: Path, identity: Mapping[str, Any], *, resume: bool, overwrite: bool
) -> Iterator[Parts]:
    """The parts of a run, which is the only one at the target for as long as the context lasts.

    At the end the folder stays if it holds finished parts, and is removed otherwise.

    Parameters
    ----------
    target
        The file that the run makes.
    identity
        From `saved.identity_of`.
    resume
        Take finished parts of the same run.
    overwrite
        Discard those of other runs, and without `resume` those of the same.

    Raises
    ------
    InputError
        Another run is at work on the target, there are parts that are neither to be taken nor to be
        discarded, or the folder is not of runs alone.
    """
    parts = Parts(target, fingerprint(identity))
    with _alone(parts), at_interruption(parts.at_interruption):
        _begin(parts, identity, resume=resume, overwrite=overwrite)
        try:
            yield parts
        finally:
            if not parts.numbers():
                with suppress(OSError):  # what ended the run is told, not what else it hinders
                    parts.remove()


def discard_parts(target: Path, identity: Mapping[str, Any]) -> None:
    """Remove the parts that a run has left after its target was complete.

    Those of another run, be it at work or interrupted, are left.
    """
    parts = Parts(target, fingerprint(identity))
    if not parts.folder.is_dir():
        return
    with suppress(InputError), _alone(parts):
        if parts.identity() == identity or not parts.numbers():
            parts.remove()


@contextmanager
def _alone(parts: Parts) -> Iterator[None]:
    """The folder, and the lock of it; it is removed in the end if nothing is left in it."""
    with suppress(FileExistsError):
        parts.folder.mkdir(mode=0o700)
    _check_own(parts.folder)
    try:
        with locked(parts.folder / _LOCK, subject=str(parts.target)):
            yield
    finally:
        with suppress(OSError):  # as a rule that it is not empty
            parts.folder.rmdir()


def _check_own(folder: Path) -> None:
    """Refuse a folder that runs cannot have made, whose files are therefore somebody's.

    Who may write beside the target can plant one, or a link to another (CWE-59).
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        problem = "not a folder, or a link to one"
    elif hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        problem = "a folder of another user"
    else:
        others = sorted(name for name in os.listdir(folder) if not _OWN_NAMES.fullmatch(name))
        if not others:
            return
        problem = f"a folder with {len(others)} other files in it, the first {others[0]!r}"
    raise InputError(
        f"{folder}: finished parts are kept there, but it is {problem}. Move it away, or give "
        "another output."
    )


def _begin(parts: Parts, identity: Mapping[str, Any], *, resume: bool, overwrite: bool) -> None:
    """Take, discard or refuse what an earlier run has left."""
    earlier, found = parts.identity(), len(parts.numbers())
    if found and earlier != identity and (resume or not overwrite):
        raise InputError(
            f"{parts.folder}: {found} finished parts of another run are here, which differs in: "
            f"{', '.join(differences(earlier, identity))}. Finish that run by its own command with "
            "--resume, or begin this one with --overwrite, which discards them."
        )
    if found and not resume and not overwrite:
        raise InputError(
            f"{parts.folder}: {found} finished parts of this run are here. Go on with --resume, or "
            "begin again with --overwrite."
        )
    parts.set_identity(identity)  # from now on the parts of another run count for nothing
    parts.tidy(keep_parts=resume)


class Parts:
    """The folder of a run's parts."""

    def __init__(self, target: Path, run: str) -> None:
        self.target = target
        self.folder = folder_of(target)
        self.run = run  # the fingerprint
        self._made: os.stat_result | None = None  # of the file that becomes the target

    def identity(self) -> dict[str, Any]:
        """The run whose parts are here; nothing where there is none or it cannot be read."""
        try:
            found = json.loads((self.folder / _RUN).read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def set_identity(self, identity: Mapping[str, Any]) -> None:
        """Say whose parts these are."""
        write_whole(self.folder / _RUN, json.dumps(identity, indent=1).encode())

    def numbers(self) -> list[int]:
        """Numbers of the chunks that have a part."""
        return sorted(int(path.stem) for path in self.folder.glob(f"{'[0-9]' * 8}{_SUFFIX}"))

    def in_words(self) -> str:
        """What there is to go on with."""
        number = len(self.numbers())
        if number == 0:
            return "no part was finished"
        return f"{number} finished parts are kept; go on with --resume"

    def at_interruption(self) -> str:
        """What an interruption has left."""
        if self._made is not None and _is_file(self.target, self._made):
            return f"{self.target} is complete"
        return f"no file was written; {self.in_words()}"

    @property
    def made(self) -> Path:
        """The file that becomes the target, while it is made."""
        return self.folder / _RESULT

    @property
    def scratch(self) -> Path:
        """The folder of the files of worker processes."""
        return self.folder / _WORKERS

    def finish(self, made: Path) -> None:
        """Let a file be the target; the parts have served then."""
        with undivided():
            self._made = made.stat()
            move_into_place(made, self.target)
        self.remove()

    def check_room(self, needed: int) -> None:
        """Raise OSError unless the disk has room for so many bytes more."""
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise OSError(
                errno.ENOSPC,
                f"{self.target}: the disk is full; up to {needed / 1e6:.1f} MB more are needed and "
                f"{free / 1e6:.1f} MB are free. Make room there. So far, {self.in_words()}.",
            )

    def save(self, chunk: Chunk, result: ChunkResult) -> None:
        """Keep the result of a chunk.

        Raises
        ------
        OSError
            It could not be written, for instance because the disk is full.
        """
        values = np.ascontiguousarray(result.values, dtype=_NUMBER)
        header = {
            "run": self.run,
            "shape": values.shape,
            "complete": result.complete,
            "samples": result.samples,
        }
        header["digest"] = _digest(header, values)
        text = json.dumps(header).encode().ljust(_HEADER_BYTES - 1) + b"\n"
        try:
            write_whole(self._path(chunk.number), text + values.tobytes())
        except OSError as error:
            raise OSError(error.errno, f"{error.strerror} So far, {self.in_words()}.") from error

    def read(self, number: int) -> ChunkResult:
        """The part of a chunk; its values are read when they are used.

        Raises
        ------
        ValueError
            It is damaged or of another run.
        """
        path = self._path(number)
        with path.open("rb") as stream:
            header = json.loads(stream.read(_HEADER_BYTES))
        shape = tuple(header["shape"])
        if header["run"] != self.run:
            raise ValueError("a part of another run")
        values = np.memmap(path, _NUMBER, mode="r", offset=_HEADER_BYTES, shape=shape)
        return ChunkResult(values, header["complete"], header["samples"])

    def is_sound(self, chunk: Chunk) -> bool:
        """Whether the part of a chunk is here and whole."""
        try:
            with self._path(chunk.number).open("rb") as stream:
                header = json.loads(stream.read(_HEADER_BYTES))
            values = self.read(chunk.number).values
            right = header.pop("digest")
            return values.shape[1:] == chunk.shape and _digest(header, values) == right
        except (OSError, ValueError, TypeError, KeyError):
            return False

    def check_sound(self, chunks: Iterable[Chunk]) -> None:
        """Raise OSError unless the parts of all chunks are here and whole."""
        bad = [self._path(chunk.number) for chunk in chunks if not self.is_sound(chunk)]
        if bad:
            raise OSError(
                errno.EIO,
                f"{bad[0]}: the disk has damaged {len(bad)} parts again and again. Put the output "
                "on another disk.",
            )

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}{_SUFFIX}"

    def tidy(self, *, keep_parts: bool) -> None:
        """Remove what is not needed to go on; never what has no name of a run's own."""
        for path in self.folder.iterdir():
            needed = path.name in (*_LOCKS, _RUN) or (keep_parts and path.suffix == _SUFFIX)
            if needed or not _OWN_NAMES.fullmatch(path.name):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove all but the lock, which goes last."""
        self.tidy(keep_parts=False)
        (self.folder / _RUN).unlink(missing_ok=True)


def _is_file(path: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), status)
    except OSError:
        return False


def _digest(header: Mapping[str, Any], values: NDArray[np.float64]) -> str:
    digest = hashlib.blake2b(json.dumps(header).encode(), digest_size=16)
    digest.update(values.tobytes())
    return digest.hexdigest()
