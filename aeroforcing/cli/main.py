"""The command `aeroforcing`: chooses the verb, reports failures, sets the exit code.

Every verb is a module of `aeroforcing.cli.commands` with `SUMMARY`, `EXAMPLES`,
`add_arguments(parser)` and `run(args)`. Only the standard library is imported here and at the top
of those modules, so that `--help` answers at once.

Exit codes: 0 done, 1 failed or problems found, 2 wrong usage or input, 130 interrupted, 143
terminated (module interruptions).
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module

from aeroforcing.core.errors import InputError
from aeroforcing.core.version import __version__
from aeroforcing.output.printable import PrintableFormatter, PrintableStream, printable

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
    "doctor",
)

EXIT_FAILED, EXIT_USAGE = 1, 2

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
        return verbs[arguments[0]].parse_intermixed_args(_with_negative_lists(arguments[1:]))
    return parser.parse_args(arguments)


def _with_negative_lists(arguments: Sequence[str]) -> list[str]:
    """The arguments, a list such as -20,60,0,40 joined to its option.

    On its own it begins as an option does; argparse knows single negative numbers only.
    """
    joined: list[str] = []
    for argument in arguments:
        after_option = bool(joined) and re.fullmatch(r"--[a-z][a-z-]*", joined[-1])
        if after_option and re.match(r"-[0-9.]+(e[-+]?[0-9]+)?,", argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


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

    class Handler(logging.StreamHandler):
        """Writes messages above a bar of progress, if there is one."""

        def emit(self, record: logging.LogRecord) -> None:
            if "tqdm" in sys.modules:
                sys.modules["tqdm"].tqdm.write(self.format(record), file=self.stream)
            else:
                super().emit(record)

    by_verbosity = (logging.WARNING, logging.INFO, logging.DEBUG)
    handler = Handler(sys.stderr)
    handler.setFormatter(PrintableFormatter("aeroforcing: %(levelname)s: %(message)s"))
    log = logging.getLogger("aeroforcing")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.ERROR if quiet else by_verbosity[min(verbose, 2)])


def _exit_code(args: argparse.Namespace) -> int:
    """Run the verb; a failure that can be expected becomes a message and an exit code."""
    try:
        return args.run(args)
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
