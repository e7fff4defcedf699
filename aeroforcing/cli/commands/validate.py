"""`aeroforcing validate`: the solver beside exact solutions and AERONET, a run beside CERES."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from aeroforcing.cli.common import AT_LEAST_1
from aeroforcing.cli.options import TEXT, Option, add_options, effective, integer_from
from aeroforcing.core.errors import InputError
from aeroforcing.runs.progress import Progress

SUMMARY = "Compare the solver with exact fluxes, line-by-line models and AERONET, a run with CERES."

EXAMPLES = """\
--benchmarks solves single layers, columns and the AeroCom experiment and prints, case by case, the
result, the reference, the deviation z and what a two-stream scheme gives. --aeronet takes an
inversion file of Version 3 and compares with the record's own forcings (at the surface that of the
downward flux only). --energy-budget takes a file of aeroforcing grid, of a whole year and both
skies, and prints its annual fluxes in four regions beside those of CERES EBAF. The exit code is 1
if anything differs.

examples:
  aeroforcing validate --benchmarks
  aeroforcing validate --benchmarks --photons 8192 --seed 1
"""

OPTIONS = (
    Option("photons", AT_LEAST_1, None,
           "samples of each case (131072 for benchmarks, 16384 for records)", "N"),
    Option("seed", integer_from(0), 0, "seed of the random numbers (0)", "S"),
    Option("gas-table", TEXT, "g112", "g112, or the file of another RRTMGP table, for the "
           "benchmarks (g112)", "F"),
)  # fmt: skip

Outcome = tuple[str, bool, Any]  # the text, whether all agree, and what JSON shows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--benchmarks", action="store_true", help="run the benchmark cases")
    parser.add_argument("--aeronet", metavar="FILE", help="compare with an inversion file")
    parser.add_argument("--energy-budget", metavar="FILE", help="compare a run with CERES EBAF")
    add_options(parser, OPTIONS)
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    if not (args.benchmarks or args.aeronet or args.energy_budget):
        raise InputError(
            "nothing to compare with. Give --benchmarks, --aeronet FILE or --energy-budget FILE."
        )
    given = {o.name: getattr(args, o.name) for o in OPTIONS if hasattr(args, o.name)}
    options = effective(OPTIONS, given=given, read={})
    effort = {"seed": options["seed"]}
    if options["photons"] is not None:
        effort["photons"] = options["photons"]
    wanted: dict[str, Callable[[], Outcome]] = {}
    if args.benchmarks:
        wanted["benchmarks"] = lambda: _benchmarks(options["gas-table"], effort, quiet=args.quiet)
    if args.aeronet:
        wanted["aeronet"] = lambda: _aeronet(args.aeronet, effort)
    if args.energy_budget:
        wanted["energy_budget"] = lambda: _energy_budget(args.energy_budget)
    outcomes = {name: compare() for name, compare in wanted.items()}
    if args.json:
        print(json.dumps({name: shown for name, (_, _, shown) in outcomes.items()}, indent=2))
    else:
        print("\n\n".join(text for text, _, _ in outcomes.values()))
    return 0 if all(agrees for _, agrees, _ in outcomes.values()) else 1


def _benchmarks(gas_table: str, effort: dict[str, int], *, quiet: bool) -> Outcome:
    from aeroforcing.analysis.validation.exact_solutions import as_text, run_benchmarks

    with Progress("benchmarks", quiet=quiet) as progress:
        found = run_benchmarks(gas_table=gas_table, progress=progress, **effort)
    shown = [c._asdict() | {"z": c.z, "agrees": c.agrees} for c in found]
    return as_text(found), all(c.agrees for c in found), shown


def _aeronet(file: str, effort: dict[str, int]) -> Outcome:
    from aeroforcing.analysis.validation.aeronet import agreement, as_text, compare_with_aeronet

    comparison = compare_with_aeronet(file, **effort)
    rows = agreement(comparison)
    shown = [row._asdict() | {"bias": row.bias, "agrees": row.agrees} for row in rows]
    finite = [{k: None if v != v else v for k, v in row.items()} for row in shown]
    return as_text(comparison), all(row.agrees for row in rows), finite


def _energy_budget(file: str) -> Outcome:
    from pathlib import Path

    from aeroforcing.analysis.validation.energy_budget import as_text, compare_energy_budget
    from aeroforcing.core.netcdf import open_input

    found = compare_energy_budget(open_input(file), source=Path(file).name)
    shown = [
        c._asdict() | {"difference": c.difference, "verdict": c.verdict, "agrees": c.agrees}
        for c in found
    ]
    return as_text(found), all(c.agrees for c in found), shown
