"""The options of a run, the same on the command line and in a TOML file.

A verb lists its options once, as `Option`s. The command line wins over the config file, which wins
over the defaults. The options that a run ended up with are stored in its output, in the attribute
`aeroforcing_config`, so that a file can be made again from itself.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aeroforcing.core.errors import InputError, nearest_name
from aeroforcing.core.version import CONFIG_ATTRIBUTE

_NETCDF_SIGNATURES = (b"CDF", b"\x89HD")


class Kind(NamedTuple):
    """A kind of value: how text becomes one, and which values of TOML are one."""

    expected: str
    from_text: Callable[[str], Any]
    allows: Callable[[Any], bool]


class Option(NamedTuple):
    """An option of a verb; `name` as on the command line, without dashes."""

    name: str
    kind: Kind
    default: Any
    help: str
    metavar: str | None = None

    def checked(self, value: Any, *, source: str) -> Any:
        """The value, if it is of the option's kind.

        Raises
        ------
        InputError
            It is not; the message says what is expected.
        """
        if not self.kind.allows(value):
            raise InputError(f"{source}: {self.name} = {value!r}, expected {self.kind.expected}.")
        return value

    def from_argument(self, text: str) -> Any:
        """The value that the text on a command line stands for, in argparse's protocol."""
        try:
            return self.checked(self.kind.from_text(text), source="command line")
        except ValueError:
            message = f"{text!r} is not {self.kind.expected}"
            raise argparse.ArgumentTypeError(message) from None


def integer_from(lowest: int) -> Kind:
    """Whole numbers from the lowest on, as far as 64 bits hold them."""
    return Kind(
        f"a whole number from {lowest} on",
        int,
        lambda value: type(value) is int and lowest <= value < 2**63,
    )


def one_of(*choices: str) -> Kind:
    """One of several words."""
    return Kind(f"one of {', '.join(choices)}", str, lambda value: value in choices)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no greater than a floating-point number can be."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _is_positive(value: Any) -> bool:
    return is_number(value) and value > 0


def _are_months(value: Any) -> bool:
    whole = isinstance(value, list) and all(type(month) is int for month in value)
    return whole and bool(value) and value == sorted(set(value) & set(range(1, 13)))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(TEXT.allows(text) for text in value)


NOT_NEGATIVE = Kind("a number of at least 0", float, lambda value: is_number(value) and value >= 0)
POSITIVE = Kind("a positive number", float, _is_positive)
SHARE = Kind("a number from 0 to 1", float, lambda value: is_number(value) and 0 <= value <= 1)
TEXT = Kind(
    "a text", str, lambda value: isinstance(value, str) and value != "" and "\0" not in value
)
TEXTS = Kind("a list of texts", str.split, _are_texts)
DISTANCES = Kind(
    "positive numbers such as 3e6,1.5e6",
    lambda text: [float(number) for number in text.split(",")],
    lambda value: isinstance(value, list) and bool(value) and all(map(_is_positive, value)),
)
FLAG = Kind("true or false", str, lambda value: isinstance(value, bool))
MONTHS = Kind(
    "months from 1 to 12 in ascending order, such as 1,7",
    lambda text: [int(month) for month in text.split(",")],
    _are_months,
)


def add_options(parser: argparse.ArgumentParser, options: Iterable[Option]) -> None:
    """Add options to a command line; those that are not given are absent from its result."""
    for option in options:
        how: dict[str, Any] = {"default": argparse.SUPPRESS, "help": option.help}
        if option.kind is FLAG:
            how["action"] = argparse.BooleanOptionalAction
        else:
            how |= {"type": option.from_argument, "metavar": option.metavar}
        parser.add_argument(f"--{option.name}", dest=option.name, **how)


def effective(
    options: Iterable[Option], *, given: Mapping[str, Any], read: Mapping[str, Any]
) -> dict[str, Any]:
    """The value of every option: as given, else as read from the config, else the default."""
    defaults = {option.name: option.default for option in options}
    chosen = {**defaults, **read, **given}
    return {name: chosen[name] for name in defaults}


def read_config(path: str | os.PathLike[str], options: Iterable[Option]) -> dict[str, Any]:
    """Options from a TOML file, or from a netCDF file that aeroforcing made.

    Raises
    ------
    InputError
        The file cannot be read, is not TOML, or holds an unknown key or a value of the wrong kind.
    """
    known = {option.name: option for option in options}
    values = _parse(_config_text(Path(path)), source=str(path))
    for key in values:
        if key not in known:
            raise _unknown_key(key, known, source=str(path))
    return {key: known[key].checked(value, source=str(path)) for key, value in values.items()}


def _parse(text: str, *, source: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except ValueError as error:  # also of numbers with thousands of digits
        raise InputError(f"{source}: not a TOML file: {error}.") from None
    except RecursionError:
        raise InputError(f"{source}: not a TOML file of options: nested too deeply.") from None


def _unknown_key(key: str, known: Iterable[str], *, source: str) -> InputError:
    names = sorted(known)
    return InputError(
        f"{source}: unknown key {key!r}; did you mean {nearest_name(key, names)!r}? Known are "
        f"{', '.join(names)}."
    )


def _config_text(path: Path) -> str:
    """The text of a config file, or the config inside an output file."""
    try:
        if path.exists() and not path.is_file():  # opening a pipe could wait for ever
            raise InputError(f"{path}: not a file. Give the name of a TOML or netCDF file.")
        with path.open("rb") as stream:
            first = stream.read(3)
            if first not in _NETCDF_SIGNATURES:
                return (first + stream.read()).decode("utf-8")
        return _stored_config(path)
    except OSError as error:
        raise InputError(f"{path}: the config cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: neither a TOML file (UTF-8 text) nor netCDF.") from None


def _stored_config(path: Path) -> str:
    from aeroforcing.core.netcdf import open_input

    attributes = open_input(path, select=lambda dataset: dataset[[]]).attrs
    if CONFIG_ATTRIBUTE not in attributes:
        raise InputError(f"{path}: no attribute {CONFIG_ATTRIBUTE}; aeroforcing did not make it.")
    return str(attributes[CONFIG_ATTRIBUTE])


def dump_config(values: Mapping[str, Any]) -> str:
    """The options as TOML text; those without a value as comments."""
    return "".join(f"{_toml_line(name, value)}\n" for name, value in values.items())


def _toml_line(name: str, value: Any) -> str:
    """One key with its value; JSON writes texts, numbers, flags and lists as TOML does.

    What is not printable is escaped, so that it reaches a terminal and a parser alike.
    """
    if value is None:
        return f"# {name} is not set"
    text = json.dumps(value, ensure_ascii=False)
    return f"{name} = {''.join(c if c.isprintable() else _escaped(c) for c in text)}"


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 2**16 else f"\\U{number:08x}"
