"""AERONET texts as they are kept: plain, compressed, or as members of archives."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from aeroforcing.core.errors import InputError

# Members of an archive that repeat the AOD of another member, or are notes.
_BESIDES = (".tot_lev10", ".tot_lev15", ".tot_lev20", ".pdf", ".txt", ".html")
_COMPRESSED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open,
}  # fmt: skip
_HEAD = 64 * 1024  # bytes that show how the lines of a text end
_BREAK = re.compile(rb"<br\s*/?>[ \t\r]*\n?|\r(?!\n)", re.IGNORECASE)


class Source(NamedTuple):
    """A text by its name, and how it is opened."""

    name: str
    opened: Callable[[], AbstractContextManager[IO[bytes]]]


def sources_in(paths: Iterable[Path]) -> Iterator[Source]:
    """The AERONET texts of files, zip archives, tar archives and compressed files.

    Raises
    ------
    InputError
        An archive is damaged, or holds no text.
    """
    for path in paths:
        with path.open("rb") as stream:
            signature = stream.read(6)
        if signature[:4] == b"PK\x03\x04":
            yield from _members(path, _zip_names, _opened_in_zip)
        elif _is_tar(path):
            yield from _members(path, _tar_names, _opened_in_tar)
        else:
            opener = next((o for m, o in _COMPRESSED.items() if signature.startswith(m)), open)
            yield Source(str(path), partial(_opened, path, opener))


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return False


def _members(
    path: Path,
    names_of: Callable[[Path], list[str]],
    opened: Callable[[Path, str], AbstractContextManager[IO[bytes]]],
) -> Iterator[Source]:
    """The texts of an archive; what repeats the AOD of others only where there is nothing else."""
    with reporting_damage(str(path)):
        names = [name for name in names_of(path) if not name.endswith("/")]
    kept = [name for name in names if not name.endswith(_BESIDES)]
    kept = kept or [name for name in names if not name.endswith((".pdf", ".html"))]
    if not kept:
        raise InputError(f"{path}: the archive holds no AERONET AOD or inversion file.")
    for name in kept:
        yield Source(f"{path}:{name}", partial(opened, path, name))


def _zip_names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def _tar_names(path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        return [member.name for member in archive if member.isfile()]


@contextmanager
def _opened(path: Path, opener: Callable[..., Any]) -> Iterator[IO[bytes]]:
    with opener(path, "rb") as stream:
        yield _in_lines(stream)


@contextmanager
def _opened_in_zip(path: Path, name: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
        yield _in_lines(stream)


@contextmanager
def _opened_in_tar(path: Path, name: str) -> Iterator[IO[bytes]]:
    with tarfile.open(path) as archive:
        stream = archive.extractfile(name)
        if stream is None:
            raise InputError(f"{path}:{name}: not a file. Unpack the archive.")
        yield _in_lines(stream)


def _in_lines(stream: IO[bytes]) -> IO[bytes]:
    """The stream; where lines end without line feed (<br> alone, old Mac), all of it with them."""
    head = stream.read(_HEAD)
    stream.seek(0)
    breaks = len(_BREAK.findall(head))
    if breaks > 2 * head.count(b"\n"):
        return io.BytesIO(_BREAK.sub(b"\n", stream.read()))
    return stream


@contextmanager
def reporting_damage(source: str) -> Iterator[None]:
    """What reading a damaged file raises, as errors that name it."""
    try:
        yield
    except InputError:
        raise
    except (
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
        tarfile.TarError, lzma.LZMAError,
    ) as error:  # fmt: skip
        raise InputError(f"{source}: the archive is damaged ({error}). Fetch it again.") from error
    except (OSError, ValueError, LookupError) as error:
        raise InputError(f"{source}: cannot be read ({error}).") from error
