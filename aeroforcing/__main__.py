"""`python -m aeroforcing` and the command `aeroforcing`: begins, and ends without a traceback.

Nothing is imported before an interruption can be caught but what the interpreter has loaded.
"""

import os
import sys

_EXIT_INTERRUPTED, _EXIT_TERMINATED = 130, 143
_SECONDS_TO_END = 10


def main() -> int:
    """Run the command with the arguments of the process; returns the exit code."""
    try:
        from aeroforcing.cli.main import main as run

        code = run()
        if code in (_EXIT_INTERRUPTED, _EXIT_TERMINATED):
            _end_soon(code)
        return code
    except KeyboardInterrupt as stop:
        print("aeroforcing: error: interrupted", file=sys.stderr)
        return getattr(stop, "exit_code", _EXIT_INTERRUPTED)
    finally:
        _end_at_once_from_now_on()


def _end_soon(code: int) -> None:
    """Wait no longer than some seconds for threads and processes that the run has left.

    A thread sees to it: the interpreter's own end, which may take long on a busy machine, stops it,
    while an alarm would then kill the process.
    """
    from threading import Timer

    timer = Timer(_SECONDS_TO_END, os._exit, [code])
    timer.daemon = True
    timer.start()


def _end_at_once_from_now_on() -> None:
    """Let an interruption of the interpreter's own end be silent."""
    import signal

    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
