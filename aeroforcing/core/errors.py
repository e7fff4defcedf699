"""The one exception that a user's input can raise."""

from __future__ import annotations


class InputError(ValueError):
    """Something the user gave cannot be used; the message says what, where and what to do.

    The command line prints the message alone and exits with code 2.
    """
