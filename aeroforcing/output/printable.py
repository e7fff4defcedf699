"""Texts of files and names on a terminal, which must not be commanded by them (CWE-150)."""

from __future__ import annotations

import logging
from typing import Any, TextIO


def printable(text: str, *, keep: str = "") -> str:
    r"""The text with what is not printable as escapes: control characters, changes of direction.

    Parameters
    ----------
    text
        Of any origin.
    keep
        Characters that stay all the same, such as the end of a line.

    Examples
    --------
    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(
        c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text
    )


class PrintableStream:
    """A stream of text that escapes what is not printable, except for some characters."""

    def __init__(self, stream: TextIO, *, keep: str = "\n\t") -> None:
        self._stream = stream
        self._keep = keep

    def write(self, text: str) -> int:
        """Write a text of any origin."""
        self._stream.write(printable(text, keep=self._keep))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class PrintableFormatter(logging.Formatter):
    """Messages of one line each, whatever names and texts of files they hold."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The message as it is shown."""
        return printable(super().formatMessage(record))
