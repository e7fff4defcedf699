"""What a description of a column holds, as one text: for equality, hashing and random streams.

Dataclasses are told by their fields, so that two columns made alike are equal, and have the same
random numbers, wherever and whenever they are made.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any, cast

import numpy as np

from aeroforcing.core.errors import InputError

# Significant digits that count for the random numbers: the last bits, in which platforms differ,
# do not.
KEY_DIGITS = 7
_EXACT_DIGITS = 17
_LARGEST_KEY = 2**63

# Marks a field, as its metadata, that does not count where it has its default: columns that make no
# use of it keep the random numbers that they had before there was such a field.
UNTOLD = "untold by default"

# At which a function of the wavelength is told from another [um].
_WAVELENGTHS = np.geomspace(0.2, 12.0, 41)


class ByValue:
    """Equality and hash by the values of the fields, arrays included; and a look for notebooks."""

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _text(self, _EXACT_DIGITS) == _text(other, _EXACT_DIGITS)

    def __hash__(self) -> int:
        return hash(_text(self, _EXACT_DIGITS))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def range_words(values: object, *, unit: str = "") -> str:
    """A number, or the least and the largest of several, with its unit."""
    array = np.asarray(values, dtype=float)
    low, high = f"{array.min():.4g}", f"{array.max():.4g}"
    words = low if low == high else f"{low} to {high}"
    return f"{words} {unit}".rstrip()


def stream_key(value: object, key: int | None) -> np.uint64:
    """The key of the random stream of a column: the given one, or one by its content.

    Parameters
    ----------
    value
        The column, or anything that is made of dataclasses, arrays, numbers and texts. Numbers
        count with `KEY_DIGITS` significant digits.
    key
        A whole number from 0 to 2^63 - 1; None for the content's.

    Raises
    ------
    InputError
        The key is not such a number.
    """
    if key is None:
        found = hashlib.blake2b(_text(value, KEY_DIGITS).encode(), digest_size=8).digest()
        return np.uint64(int.from_bytes(found, "little") % _LARGEST_KEY)
    whole = isinstance(key, int | np.integer) and not isinstance(key, bool)
    if not whole or not 0 <= key < _LARGEST_KEY:
        raise InputError(
            f"key={key!r} is not allowed; give a whole number from 0 to 2^63 - 1, the same for "
            "columns that shall have common random numbers, or leave it out."
        )
    return np.uint64(key)


def _text(value: object, digits: int) -> str:
    return "|".join(_words(value, digits))


def _words(value: Any, digits: int) -> Iterator[str]:
    """The parts of a value, from the outside in."""
    if value is None or isinstance(value, str | bool):
        yield repr(value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__
        own = {f.name: getattr(value, f.name) for f in fields(value) if not _is_left_out(f, value)}
        yield from _of_mapping(own, digits)
    elif isinstance(value, Mapping):
        yield from _of_mapping(value, digits)
    elif callable(value):
        yield from _of_function(value, digits)
    else:
        yield from _of_numbers(value, digits)


def _is_left_out(field: Field[Any], value: Any) -> bool:
    own, default = getattr(value, field.name), cast(Any, field.default)
    return UNTOLD in field.metadata and (own is default or np.array_equal(own, default))


def _of_mapping(value: Mapping[Any, Any], digits: int) -> Iterator[str]:
    for name in value:
        yield str(name)
        yield from _words(value[name], digits)
    yield "end"


def _of_function(function: Callable[[float], float], digits: int) -> Iterator[str]:
    """A function of the wavelength, by its values."""
    yield "function"
    for wavelength in _WAVELENGTHS:
        yield from _of_numbers(function(float(wavelength)), digits)


def _of_numbers(value: Any, digits: int) -> Iterator[str]:
    """Numbers by value, sequences by their members, other objects by their attributes."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        if isinstance(value, Iterable):
            yield "several"
            for member in value:
                yield from _words(member, digits)
            yield "end"
        else:
            yield type(value).__qualname__
            yield from _of_mapping(getattr(value, "__dict__", {}), digits)
        return
    yield str(array.shape)
    form = f"%.{digits - 1}e"
    yield from (form % (number + 0.0) for number in array.flat)  # + 0.0: -0.0 is 0.0
