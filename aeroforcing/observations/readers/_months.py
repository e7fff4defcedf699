"""The month of a file that has no time axis, from its name and its attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from aeroforcing.core.calendar import MONTH_ABBREVIATIONS
from aeroforcing.core.errors import InputError

_DAY = r"((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])"
_FIRST = ("rangebeginningdate", "time_coverage_start", "start_time", "starttime", "begin_date")
_LAST = ("rangeendingdate", "time_coverage_end", "end_time", "endtime", "end_date")
_YEAR_AND_DAY = re.compile(r"\.A(\d{4})(\d{3})\.")  # MODIS and VIIRS: MOD08_M3.A2001182.061
_SPAN = re.compile(rf"(?<!\d){_DAY}[-_]{_DAY}(?!\d)")  # Giovanni: 20050101-20050131
_NAMED = re.compile(rf"_({'|'.join(MONTH_ABBREVIATIONS)})_((?:19|20)\d\d)_")  # MISR: _MAR_2005_
_NUMBERS = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])(?:[-_]?[0-3]\d)?(?!\d)")


def month_of_file(path: Path, attributes: Mapping[str, object]) -> np.datetime64:
    """The first day of the month that a file is of.

    Raises
    ------
    InputError
        Neither name nor attributes tell it, they contradict each other, or they tell of a longer
        time than a month.
    """
    by_name = _in_name(path)
    by_attributes = _in_attributes(attributes, path)
    found = [month for month in (by_name, by_attributes) if month is not None]
    if not found:
        raise InputError(
            f"{path}: there is no coordinate time or month, and neither its name (such as "
            ".A2001182., 20050701-20050731, 200507) nor its attributes (such as "
            "RangeBeginningDate, time_coverage_start) tell the month. Rename the file so that it "
            "does; of the product fields the month can be given (--month 2005-07)."
        )
    if found[0] != found[-1]:
        raise InputError(
            f"{path}: by its name it is of {by_name}, by its attributes of {by_attributes}. Was it "
            "renamed?"
        )
    return found[0].astype("M8[ns]")


def _in_name(path: Path) -> np.datetime64 | None:
    name = path.name.upper()
    if match := _YEAR_AND_DAY.search(name):
        day = date(max(int(match[1]), 1), 1, 1) + timedelta(days=int(match[2]) - 1)
        return np.datetime64(f"{day:%Y-%m}")
    if match := _SPAN.search(name):
        return _of_one_month(match.groups()[:2], match.groups()[3:5], path, "name")
    if match := _NAMED.search(name):
        return np.datetime64(f"{match[2]}-{MONTH_ABBREVIATIONS.index(match[1]) + 1:02d}")
    months = {np.datetime64(f"{m[1]}-{m[2]}") for m in _NUMBERS.finditer(name)}
    return months.pop() if len(months) == 1 else None


def _in_attributes(attributes: Mapping[str, object], path: Path) -> np.datetime64 | None:
    known = {name.lower(): str(value) for name, value in attributes.items()}
    first, last = (
        next((m for n in names if (m := re.search(_DAY, known.get(n, "")))), None)
        for names in (_FIRST, _LAST)
    )
    if first is None:
        return None
    end = last or first
    return _of_one_month(first.groups()[:2], end.groups()[:2], path, "attributes")


def _of_one_month(
    first: tuple[str, ...], last: tuple[str, ...], path: Path, where: str
) -> np.datetime64:
    if first != last:
        raise InputError(
            f"{path}: by its {where} it is a mean from {'-'.join(first)} to {'-'.join(last)}, not "
            "of one month. Give a file for each month, or one with a time axis."
        )
    return np.datetime64("-".join(first))
