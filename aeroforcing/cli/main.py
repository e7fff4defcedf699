"""The command `aeroforcing`: chooses the verb, reports failures, sets the exit code.

Every verb is a module of `aeroforcing.cli.commands` with `SUMMARY`, `EXAMPLES`,
`add_arguments(parser)` and `run(args)`. Only the standard library is imported here and at the top
of those modules, so that `--help` answers at once.

Exit codes: 0 done, 1 failed or problems found, 2 wrong usage or input, 130 interrupted, 143
terminated.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from types import FrameType

from aeroforcing.core.errors import InputError
from aeroforcing.core.printable import PrintableFormatter, PrintableStream, printable
from aeroforcing.core.version import __version__

VERBS = (
    "grid",
    "inputs",
    "prepare",
    "fill",
    "assimilate",
    "column",
    "sweep",
    "propagate",
    "map",
    "info",
    "report",
    "validate",
)

EXIT_FAILED, EXIT_USAGE = 1, 2
EXIT_INTERRUPTED, EXIT_TERMINATED = 130, 143

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

# What makes other errors of an interruption, or drops it: loaders of modules and of compiled code,
# the parser, which tidies up what it has not done yet, questions of what type an object is, and
# readers of files.
_UNINTERRUPTIBLE = (
    "importlib", "_frozen_importlib", "numba", "llvmlite", "argparse", "numpy", "pandas", "netCDF4",
    "xarray.backends",
)  # fmt: skip
_SECONDS_BETWEEN_TRIES = 0.02
_SECONDS_TO_TIDY_UP = 30.0
_WHOLE_OR_NOT = "files are written whole or not at all"


class Terminated(KeyboardInterrupt):
    """A request to terminate, which ends a run as Ctrl-C does."""

    exit_code = EXIT_TERMINATED


_EXAMPLES = """\
examples:
  aeroforcing grid -o forcing.nc
  aeroforcing map forcing.nc forcing_toa -o toa.png
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the given arguments, by default those of the process.

    Returns
    -------
    The exit code.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    with _signals_as_interruptions():
        parser, verbs = build_parsers()
        _check_encoding(parser, arguments)
        args = parse(parser, verbs, arguments)
        if args.verb is None:
            parser.print_help(sys.stderr)
            return EXIT_USAGE
        args.command = shlex.join(["aeroforcing", *arguments])
        _start_log(verbose=args.verbose, quiet=args.quiet)
        with redirect_stdout(PrintableStream(sys.stdout)), redirect_stderr(_progress_too()):
            return _exit_code(args)


def _progress_too() -> PrintableStream:
    """Standard error, on which progress goes back to the beginning of its line."""
    return PrintableStream(sys.stderr, keep="\n\t\r")


def _check_encoding(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Refuse names of files in another encoding, which the history of a file cannot hold."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            parser.error(f"{argument!r} is not in UTF-8; rename the file")


def parse(
    parser: argparse.ArgumentParser,
    verbs: Mapping[str, argparse.ArgumentParser],
    arguments: Sequence[str],
) -> argparse.Namespace:
    """What the arguments say; files may stand before, between and after the options of a verb."""
    if arguments and arguments[0] in verbs:
        return verbs[arguments[0]].parse_intermixed_args(arguments[1:])
    return parser.parse_args(arguments)


def build_parsers() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """The parser of the whole command line, and those of the verbs by their names."""
    parser = _parser(
        argparse.ArgumentParser,
        prog="aeroforcing",
        description="Maps of direct aerosol shortwave radiative forcing by Monte Carlo.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"aeroforcing {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name in VERBS:
        module = import_module(f"aeroforcing.cli.commands.{name}")
        verb = _parser(
            verbs.add_parser,
            name,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=module.EXAMPLES,
        )
        module.add_arguments(verb)
        _add_common_arguments(verb)
        verb.set_defaults(run=module.run, verb=name)
    return parser, verbs.choices


def _parser(make, *names: str, **texts: str) -> argparse.ArgumentParser:  # type: ignore[no-untyped-def]
    """A parser that prints its examples as they are and takes no abbreviated options."""
    layout = argparse.RawDescriptionHelpFormatter
    return make(*names, formatter_class=layout, allow_abbrev=False, **texts)


def _add_common_arguments(parser: argparse.ArgumentParser) -> None:
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument(
        "-v", "--verbose", action="count", default=0, help="say more; -vv shows tracebacks"
    )
    loudness.add_argument("-q", "--quiet", action="store_true", help="no log and no progress")


def _start_log(*, verbose: int, quiet: bool) -> None:
    """Messages of the package go to standard error."""
    import logging

    by_verbosity = (logging.WARNING, logging.INFO, logging.DEBUG)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("aeroforcing: %(levelname)s: %(message)s"))
    log = logging.getLogger("aeroforcing")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.ERROR if quiet else by_verbosity[min(verbose, 2)])


@contextmanager
def _signals_as_interruptions() -> Iterator[None]:
    """Let Ctrl-C and a request to terminate end the run by an exception, so that it tidies up.

    What ignores them, such as a job in the background of a shell, goes on ignoring them.
    """
    before = {number: signal.getsignal(number) for number in (*_SIGNALS, signal.SIGALRM)}
    hook = sys.unraisablehook
    sys.unraisablehook = lambda lost: _belongs_to_interruption(lost) or hook(lost)
    for number in _SIGNALS:
        if before[number] != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)  # no further try starts the timer again
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End the run by an exception; a further signal ends the process at once."""
    for each in _SIGNALS:
        if signal.getsignal(each) == _interrupt:
            signal.signal(each, signal.SIG_DFL)
    stop = Terminated if number == signal.SIGTERM else KeyboardInterrupt
    _raise_when_possible(stop, frame, time.monotonic() + _SECONDS_TO_TIDY_UP)


def _raise_when_possible(
    stop: type[KeyboardInterrupt], frame: FrameType | None, end: float
) -> None:
    """Raise the exception, or try again soon where it would not come through.

    A process that does not end until `end`, by the monotonic clock, is cut off.
    """
    left = end - time.monotonic()
    if _is_uninterruptible(frame) and left > 0.0:
        _try_soon(stop, end)
        return
    code = getattr(stop, "exit_code", EXIT_INTERRUPTED)
    _call_after(max(left, _SECONDS_BETWEEN_TRIES), lambda *_: _cut_off(code))
    raise stop


def _belongs_to_interruption(lost: sys.UnraisableHookArgs) -> bool:
    """Whether an error of a finaliser, which nothing can catch, comes of an interruption.

    If it is the interruption itself, that comes again soon. Others are of objects that were not
    made to the end.
    """
    if issubclass(lost.exc_type, KeyboardInterrupt):
        _try_soon(lost.exc_type, time.monotonic() + _SECONDS_TO_TIDY_UP)
    return signal.getitimer(signal.ITIMER_REAL)[0] > 0.0


def _try_soon(stop: type[KeyboardInterrupt], end: float) -> None:
    _call_after(_SECONDS_BETWEEN_TRIES, lambda _, frame: _raise_when_possible(stop, frame, end))


def _call_after(seconds: float, handler: Callable[[int, FrameType | None], None]) -> None:
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _cut_off(code: int) -> None:
    """End the process at once: what it writes is safe from that at any moment."""
    print(f"aeroforcing: error: interrupted; {_WHOLE_OR_NOT}", file=sys.stderr, flush=True)
    os._exit(code)


def _is_uninterruptible(frame: FrameType | None) -> bool:
    """Whether the command has come to this place by way of what does not bear an exception."""
    while frame is not None and frame.f_code is not main.__code__:
        # Functions of Cython are without a module and bear its name themselves.
        name = str(frame.f_globals.get("__name__", frame.f_code.co_name))
        if name.startswith(_UNINTERRUPTIBLE):
            return True
        frame = frame.f_back
    return False


def _exit_code(args: argparse.Namespace) -> int:
    """Run the verb; a failure that can be expected becomes a message and an exit code."""
    try:
        return args.run(args)
    except KeyboardInterrupt as stop:
        notes = getattr(stop, "__notes__", [_WHOLE_OR_NOT])
        code = getattr(stop, "exit_code", EXIT_INTERRUPTED)
        return _report(args, "; ".join(["interrupted", *notes]), code)
    except InputError as error:
        return _report(args, str(error), EXIT_USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except OSError as error:
        return _report(args, _describe(error), EXIT_FAILED)
    except MemoryError:
        return _report(args, "not enough memory; try a coarser grid or fewer months", EXIT_FAILED)


def _describe(error: OSError) -> str:
    if error.filename is None:
        return error.strerror or str(error)
    return f"{error.filename}: {error.strerror}"


def _report(args: argparse.Namespace, message: str, code: int) -> int:
    if args.verbose >= 2:
        import traceback

        traceback.print_exc()
    print(f"aeroforcing: error: {printable(message)}", file=sys.stderr)
    return code
