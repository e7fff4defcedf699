"""What a column costs by this solver, by two streams, by discrete ordinates and by analog paths.

    python -m benchmarks.peers             everything, some twenty minutes
    python -m benchmarks.peers --quick     one AOD and few columns, about two minutes

All solvers get the same columns of the built-in map and the same gas optics (112 g-points), and
run on one thread. Times are processor times, so that another process disturbs them little.
nanodisort, jax-rrtmgp and atmorad are optional (`pip install ".[benchmarks]"`); what is not
installed is named and left out. The tables are those of docs/speed.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.analog import analog_forcing
from benchmarks.atmorad_rate import microseconds_per_photon
from benchmarks.cases import (
    ALL_SKY,
    CLEAR,
    Case,
    cpu_seconds,
    error_law,
    exact_forcing,
    machine,
    make_case,
    markdown,
    markdown_line,
)
from benchmarks.deterministic import (
    FluxSolver,
    available,
    column_forcing,
    disort,
    jax_two_stream,
    two_stream,
)

Floats = NDArray[np.float64]

STDERRS = (1.0, 0.3, 0.1)  # W m-2, of the worst of the three levels
DISORT_STREAMS = (4, 8, 16)
_ANALOG_COLUMNS = 3


class Plan(NamedTuple):
    """How much is measured."""

    aods: tuple[float, ...]
    columns: int
    photons: tuple[int, ...]
    exact_photons: int
    analog_photons: int
    disort_columns: int
    disort_aods: tuple[float, ...]


FULL = Plan((0.05, 0.1, 0.3, 1.0), 12, (32, 128, 512, 2048), 16384, 200_000, 1, (0.3,))
QUICK = Plan((0.3,), 4, (64, 256, 1024), 4096, 50_000, 1, (0.3,))


class Row(NamedTuple):
    """The cost of one solver for one case, and its standard error or its bias."""

    sky: str
    aod: float
    solver: str
    milliseconds: float
    stderr: float | str
    bias: float | str
    ratio: float  # of its cost to this solver's at 0.3 W m-2


HEADER = (
    "sky", "AOD", "solver", "ms per column", "standard error [W m-2]",
    "rms deviation [W m-2]", "cost / ours at 0.3 W m-2",
)  # fmt: skip


def case_rows(case: Case, *, sky: str, plan: Plan) -> Iterator[Row]:
    """All solvers on one case."""
    law = error_law(case, sky=sky, photons=plan.photons)
    unit = law.milliseconds_at(0.3)
    for stderr in STDERRS:
        cost = law.milliseconds_at(stderr)
        yield Row(sky, case.aod, "aeroforcing", cost, stderr, "none", cost / unit)
    exact = exact_forcing(case, sky=sky, photons=plan.exact_photons)
    for name, solver, columns in _deterministic(case, plan):
        cost, deviation = deterministic_cost(case, exact, sky=sky, solver=solver, columns=columns)
        yield Row(sky, case.aod, name, cost, "none", deviation, cost / unit)
    cost_of_one, photons = analog_cost(case, sky=sky, photons=plan.analog_photons)
    for stderr in STDERRS:
        cost = cost_of_one / stderr**2
        yield Row(sky, case.aod, "analog Monte Carlo", cost, stderr, "none", cost / unit)
    if sky == CLEAR and available("atmorad"):
        cost = 1e-3 * microseconds_per_photon(case, photons=20_000) * photons / 0.3**2
        yield Row(sky, case.aod, "atmorad (see text)", cost, 0.3, "none", cost / unit)


def _deterministic(case: Case, plan: Plan) -> Iterator[tuple[str, FluxSolver, int]]:
    """Names and functions of the solvers without noise, and on how many columns they run."""
    yield "two streams, compiled", two_stream, case.size
    if available("rrtmgp") and available("jax"):
        yield "two streams, jax-rrtmgp", jax_two_stream, case.size
    if available("nanodisort") and case.aod in plan.disort_aods:
        for streams in DISORT_STREAMS:
            yield f"DISORT, {streams} streams", disort(streams=streams), plan.disort_columns


def deterministic_cost(
    case: Case, exact: Floats, *, sky: str, solver: FluxSolver, columns: int
) -> tuple[float, float]:
    """Cost per column [ms] and rms deviation of the worst level from the exact one [W m-2]."""
    column_forcing(case, 0, sky=CLEAR, solver=solver)  # compile
    duration, found = cpu_seconds(
        lambda: [column_forcing(case, i, sky=sky, solver=solver) for i in range(columns)]
    )
    deviation = np.sqrt(((np.array(found) - exact[:columns]) ** 2).mean(axis=0))
    return 1e3 * duration / columns, float(deviation.max())


def analog_cost(case: Case, *, sky: str, photons: int) -> tuple[float, float]:
    """Cost [ms per column] and photons, with and without aerosol, of an error of 1 W m-2."""
    columns = min(case.size, _ANALOG_COLUMNS)
    analog_forcing(case, 0, sky=CLEAR, photons=1)  # compile
    duration, found = cpu_seconds(
        lambda: [analog_forcing(case, i, sky=sky, photons=photons) for i in range(columns)]
    )
    variance = float((np.array([error for _, error in found]) ** 2).mean(axis=0).max())
    return 1e3 * duration / columns * variance, 2 * photons * variance


def missing() -> list[str]:
    """Optional solvers that are not installed."""
    optional = {"nanodisort": "DISORT", "rrtmgp": "jax-rrtmgp", "atmorad": "atmorad"}
    return [name for package, name in optional.items() if not available(package)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one AOD and few columns")
    plan = QUICK if parser.parse_args().quick else FULL
    print(machine(), "\n")
    for name in missing():
        print(f"{name} is not installed; its rows are left out.\n")
    print_table(plan)


def print_table(plan: Plan) -> None:
    """Print each row as soon as it is measured."""
    print(markdown(HEADER, []))
    for aod in plan.aods:
        case = make_case(aod=aod, count=plan.columns)
        for sky in (CLEAR, ALL_SKY):
            for row in case_rows(case, sky=sky, plan=plan):
                print(markdown_line(row), flush=True)


if __name__ == "__main__":
    main()
