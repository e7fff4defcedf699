"""What is told of mistakes: the one exception that a user's input can raise, and nearest names."""

from __future__ import annotations

import functools

import lazy_loader

TYPE_CHECKING = False  # as that of typing, whose import takes as long as the package's own
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    _Call = TypeVar("_Call", bound=Callable[..., Any])


_TAKES_FURTHER = 8  # CO_VARKEYWORDS of inspect, whose import takes too long


class InputError(ValueError):
    """Something the user gave cannot be used; the message says what, where and what to do.

    The command line prints the message alone and exits with code 2.
    """


def nearest_name(name: object, known: Iterable[str]) -> str:
    """That of the known names which is most like a misspelt one, whatever its case."""
    import difflib

    names = {candidate.lower(): candidate for candidate in known}
    return names[difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.0)[0]]


def suggest_keywords(call: _Call) -> _Call:
    """Let a public function or class name the nearest keyword where it is given an unknown one.

    The error is Python's own TypeError with the keyword that was meant. A function that hands
    further keywords on leaves them to the one that it gives them to.
    """
    function = call.__init__ if isinstance(call, type) else call  # type: ignore[misc]
    code = function.__code__
    if code.co_flags & _TAKES_FURTHER:
        return call
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    @functools.wraps(function)
    def checked(*args: Any, **given: Any) -> Any:
        for name in given:
            if name not in known:
                own = [other for other in known if other != "self"]
                raise TypeError(
                    f"{call.__name__}() got an unexpected keyword argument {name!r}; did you mean "
                    f"{nearest_name(name, own)!r}? Known are {', '.join(own)}."
                )
        return function(*args, **given)

    if isinstance(call, type):
        call.__init__ = checked  # type: ignore[misc]
        return call
    return checked  # type: ignore[return-value]


def public_names(package: str, file: str) -> tuple[Any, Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package by the names of its `__init__.pyi`.

    Names are loaded at their first use; one that is not there names the nearest.

    Parameters
    ----------
    package, file
        `__name__` and `__file__` of the package.
    """
    load, listed, names = lazy_loader.attach_stub(package, file)

    def found(name: str) -> Any:
        if name in names:
            return load(name)
        # Python itself asks for names with two underscores that need not be there.
        hint = "" if name.startswith("__") else f"; did you mean {nearest_name(name, names)!r}?"
        raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}")

    return found, listed, names
