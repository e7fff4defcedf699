"""Interruptions of jobs in the background, for what is meant to be interrupted."""

from __future__ import annotations

import signal


def heed_interruptions() -> None:
    """Let runs be interrupted where this process, a job in the background, ignores SIGINT."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
