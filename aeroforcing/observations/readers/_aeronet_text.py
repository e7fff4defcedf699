"""AERONET text files as blocks of records with plain column names, missing values as NaN."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterator
from itertools import chain
from typing import IO, Any

import numpy as np
import pandas as pd

from aeroforcing.core.calendar import MONTH_ABBREVIATIONS
from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers._aeronet_layout import (
    FIRST_PRINTABLE,
    LONGEST_LINE,
    Layout,
    check_text,
    find_layout,
)

_BLOCK = 16 * 1024 * 1024  # bytes parsed at once: bounds the memory
_PIECE = 256 * 1024  # bytes looked at together, so that they stay in the processor's cache
_TEXT = ("date", "month", "station", "time")
_MISSING = (-999.0, -9999.0)
_TAGS = re.compile(rb"</?[a-zA-Z!][^<>\n]*>")


def records(stream: IO[bytes], source: str) -> tuple[Layout, Iterator[pd.DataFrame]]:
    """The layout of a file, and its records block by block.

    Each block has the columns `station` (text), `period` (yyyymmdd; dd is 01 in monthly files and
    yyyy 0000 in climatologies), `line`, and whatever the file holds of lat, lon, elevation,
    n_days, n_points, angstrom and spectra such as aod_440.

    Raises
    ------
    InputError
        No AERONET header, a required column is absent, or a record is broken.
    """
    layout = find_layout(stream, source)
    return layout, parsed(stream, layout)


def parsed(stream: IO[bytes], layout: Layout) -> Iterator[pd.DataFrame]:
    """The records after the header block by block, with the columns that the layout names.

    Raises
    ------
    InputError
        A record is broken.
    """
    once = _Once()
    return (_parsed(block, line, layout, once) for line, block in _blocks(stream, layout))


class _Once:
    """Which lines of a file were not there before; of each line 8 bytes are kept."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def first(self, block: bytes) -> np.ndarray:
        """Whether each line of a block is the first of its kind."""
        new = np.ones(block.count(b"\n"), dtype=bool)
        for i, line in enumerate(block.split(b"\n")[:-1]):
            mark = hash(line)
            new[i] = mark not in self._seen
            self._seen.add(mark)
        return new


def _blocks(stream: IO[bytes], layout: Layout) -> Iterator[tuple[int, bytes]]:
    """Whole lines, at most a block at once, with the number of the first."""
    line, found = layout.header_line + 1, False
    while chunk := stream.read(_BLOCK):
        tail = b"" if chunk.endswith(b"\n") else stream.readline(LONGEST_LINE)
        if len(tail) == LONGEST_LINE:
            raise InputError(f"{layout.source}: a line after {line} is longer than 1 MB.")
        block = chunk + tail
        if not block.isspace():
            found = True
            yield line, block
        line += block.count(b"\n")
    if not found:
        raise InputError(
            f"{layout.source}: there is no record after the header in line {layout.header_line}."
        )


def _parsed(block: bytes, line: int, layout: Layout, once: _Once) -> pd.DataFrame:
    tidy = _with_plain_ends(_with_commas(block, layout))
    fields = _field_counts(tidy, line, layout)
    wanted = sorted({*layout.columns.values(), *chain(*layout.counts.values())})
    texts = {layout.columns[plain]: str for plain in _TEXT if plain in layout.columns}
    with warnings.catch_warnings():
        # A damaged column is a mixture of types, which `_numbers` reports with its line.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        table = pd.read_csv(
            io.BytesIO(tidy), header=None, names=range(fields.max()), usecols=wanted, dtype=texts,
            index_col=False, encoding="latin-1", quoting=csv.QUOTE_NONE, skip_blank_lines=False,
            na_values=["N/A", ""],
        )  # fmt: skip
    if len(table) != fields.size:
        raise InputError(f"{layout.source}: lines are broken after line {line}. Fetch it again.")
    new = once.first(tidy)
    return _with_plain_names(table[new], line + np.flatnonzero(new), layout)


def _with_commas(block: bytes, layout: Layout) -> bytes:
    """The lines without quotes and with commas between their fields.

    Where semicolons part the fields, a comma is that of a decimal number.
    """
    if layout.separator != ",":
        block = block.replace(b",", b".").replace(layout.separator.encode(), b",")
    return block.replace(b'"', b"") if b'"' in block else block


def _with_plain_ends(block: bytes) -> bytes:
    """The lines with the ends of Unix, without the <br> of the web service and blank last lines."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if b"<" in block:
        block = _TAGS.sub(b"", block)
    return block if block[-1:] == b"\n" != block[-2:-1] else block.rstrip(b"\n") + b"\n"


def _field_counts(block: bytes, line: int, layout: Layout) -> np.ndarray:
    """Number of fields of each line; refuses lines of another length than the header."""
    content = np.frombuffer(block, np.uint8)
    pieces = [content[i : i + _PIECE] for i in range(0, content.size, _PIECE)]
    controls = sum(np.count_nonzero(piece < FIRST_PRINTABLE) for piece in pieces)
    is_end = np.concatenate([_separators(piece) for piece in pieces]) == ord("\n")
    if controls > np.count_nonzero(is_end) + block.count(b"\t"):
        bad = np.flatnonzero((content < FIRST_PRINTABLE) & ~np.isin(content, (9, 10)))[0]
        check_text(b"\0", layout.source, line + block[:bad].count(b"\n"))
    counts = np.diff(np.flatnonzero(is_end), prepend=-1)
    wrong = np.flatnonzero(~_acceptable(counts, layout))
    if wrong.size:
        raise InputError(
            f"{layout.source}: {wrong.size} lines do not have the {len(layout.names)} fields of "
            f"the header, first line {line + wrong[0]} with {counts[wrong[0]]}. The file is "
            "truncated or damaged; fetch it again."
        )
    return counts


def _separators(content: np.ndarray) -> np.ndarray:
    """The commas and line ends of a piece of text, in their order."""
    return content[(content == ord(",")) | (content == ord("\n"))]


def _acceptable(counts: np.ndarray, layout: Layout) -> np.ndarray:
    """Which numbers of fields fit the header.

    A comma may end each line. Early Version 3 files name one column for all exact wavelengths and
    write as many as there are.
    """
    open_end = layout.names[-1].startswith("Exact_Wavelengths")
    longest = np.iinfo(counts.dtype).max if open_end else len(layout.names) + 1
    return (counts >= len(layout.names)) & (counts <= longest)


def _with_plain_names(table: pd.DataFrame, lines: np.ndarray, layout: Layout) -> pd.DataFrame:
    plain: dict[str, Any] = {
        name: _numbers(table[position], lines, layout)
        for name, position in layout.columns.items()
        if name not in _TEXT
    }
    for name, positions in layout.counts.items():
        if positions:
            counts = [_numbers(table[i], lines, layout) for i in positions]
            plain[name] = np.nanmax([np.nan_to_num(c) for c in counts], axis=0)
    for name in ("lat", "lon", "elevation"):
        if name not in plain and name in layout.site:
            plain[name] = np.full(len(table), _number(layout.site[name], name, layout))
    plain["line"] = lines
    plain["period"] = _periods(table, lines, layout)
    plain["station"] = _stations(table, lines, layout).to_numpy()
    if "time" in layout.columns:
        plain["time"] = table[layout.columns["time"]].to_numpy()
    return pd.DataFrame(plain)


def _number(text: str, name: str, layout: Layout) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{layout.source}: the {name} of the site is {text!r}.") from None


def _numbers(column: pd.Series, lines: np.ndarray, layout: Layout) -> np.ndarray:
    if column.dtype.kind in "iuf":
        numbers = column.to_numpy(dtype=float)
    else:
        numbers = np.asarray(pd.to_numeric(column.astype(str), errors="coerce"), dtype=float)
        _refuse(np.isnan(numbers) & column.notna().to_numpy(), column, lines, layout, "not numbers")
    return np.where(np.isin(numbers, _MISSING), np.nan, numbers)


def _refuse(
    bad: pd.Series | np.ndarray, column: pd.Series, lines: np.ndarray, layout: Layout, what: str
) -> None:
    marked = np.flatnonzero(np.asarray(bad))
    if marked.size:
        raise InputError(
            f"{layout.source}: column {layout.names[int(column.name)]} holds {marked.size} values "  # type: ignore[call-overload]
            f"that are {what}, first {str(column.iloc[marked[0]])[:40]!r} in line "
            f"{lines[marked[0]]}. The file is damaged or its columns are shifted."
        )


def _periods(table: pd.DataFrame, lines: np.ndarray, layout: Layout) -> np.ndarray:
    """Days or months of the records as yyyymmdd."""
    if layout.is_climatology:
        return _calendar_months(table[layout.columns["month"]], lines, layout) * 100 + 1
    column = table[layout.columns["month" if "month" in layout.columns else "date"]]
    iso = _iso(column, monthly=layout.is_monthly)
    dates = pd.to_datetime(iso, errors="coerce", format="%Y-%m-%d")
    _refuse(
        dates.isna() | (dates.dt.year < 1990) | (dates.dt.year > 2100),
        column, lines, layout, "not dates dd:mm:yyyy or yyyy-mm-dd",
    )  # fmt: skip
    return (dates.dt.year * 10000 + dates.dt.month * 100 + dates.dt.day).to_numpy()


def _calendar_months(column: pd.Series, lines: np.ndarray, layout: Layout) -> np.ndarray:
    months = pd.to_numeric(column, errors="coerce")
    _refuse(~months.isin(range(1, 13)), column, lines, layout, "not months from 1 to 12")
    return months.to_numpy(dtype=int)


def _iso(column: pd.Series, *, monthly: bool) -> pd.Series:
    """Dates dd:mm:yyyy, or months 2016-JAN and JAN-2016, as yyyy-mm-dd; others as missing.

    Each date is on many lines, so only the different ones are looked at.
    """
    convert = _iso_month if monthly else _iso_day
    return column.map({text: convert(str(text)) for text in column.unique()})


def _iso_day(text: str) -> str | None:
    iso = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?", text.strip())
    if iso:
        return iso[1]
    match = re.fullmatch(r"(\d\d)[:-](\d\d)[:-](\d{4})", text.strip())
    return f"{match[3]}-{match[2]}-{match[1]}" if match else None


def _iso_month(text: str) -> str | None:
    match = re.fullmatch(r"(\d{4})-([A-Z]{3})", "-".join(sorted(text.strip().upper().split("-"))))
    if match is None or match[2] not in MONTH_ABBREVIATIONS:
        return None
    return f"{match[1]}-{MONTH_ABBREVIATIONS.index(match[2]) + 1:02d}-01"


def _stations(table: pd.DataFrame, lines: np.ndarray, layout: Layout) -> pd.Series:
    if "station" not in layout.columns:
        return pd.Series([_checked_name(layout.site["station"], layout)] * len(table))
    column = table[layout.columns["station"]]
    names = column.str.strip()
    ordinary = names.map({n: _is_site_name(n) for n in names.unique()}).astype(bool)
    _refuse(~ordinary, column, lines, layout, "not names of sites")
    return names


def _checked_name(name: str, layout: Layout) -> str:
    """The name of the site from the lines before the header."""
    if not _is_site_name(name) or "," in name:
        raise InputError(
            f"{layout.source}: no column holds the name of the site, and {name[:60]!r} before the "
            "header is none. Fetch the file again."
        )
    return name


def _is_site_name(name: object) -> bool:
    """Whether a text can be a site's name, which numbers of a shifted column are not."""
    text = str(name) if isinstance(name, str) else ""
    return 0 < len(text) <= 60 and re.fullmatch(r"[-+\d.:eE]*", text) is None
