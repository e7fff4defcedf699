"""The standard errors that are reported against the scatter of repeated runs.

Rationale. Every result of the solver comes with a standard error, estimated from the replicates of
one run. That is worth something only if runs with other seeds do scatter by so much: Sobol nets
with digital shifts, shared random numbers, roulette and heavy tails could all spoil it.

Expected. The scatter over seeds, divided by the rms reported error and pooled over the columns, is
1 within 0.05, at the top, in the atmosphere and at the surface: for calls on one column (64
replicates) and for the cells of a map (8 replicates).
"""

from __future__ import annotations

import numpy as np
import pytest

import aeroforcing as af

FORCINGS = ("forcing_toa", "forcing_atmosphere", "forcing_surface")
ATMOSPHERES = ("tropical", "midlatitude_summer", "midlatitude_winter", "us_standard")
COLUMNS, SEEDS, MAPS = 20, 100, 24


def random_column(rng):
    """A column of any aerosol, over any surface, half of them with a cloud."""
    cloud = af.Cloud(
        base=float(rng.uniform(500.0, 4000.0)),
        top=float(rng.uniform(5000.0, 9000.0)),
        optical_depth=float(rng.uniform(0.5, 20.0)),
        fraction=float(rng.uniform(0.2, 1.0)),
        ssa=float(rng.choice([1.0, 0.999])),
    )
    return af.Column(
        atmosphere=af.standard_atmosphere(str(rng.choice(ATMOSPHERES))),
        aerosol=af.Aerosol(
            aod=float(np.exp(rng.uniform(np.log(0.03), np.log(1.0)))),
            ssa=float(rng.uniform(0.7, 1.0)),
            asymmetry=float(rng.uniform(0.5, 0.8)),
            angstrom=float(rng.uniform(0.0, 2.0)),
        ),
        surface_albedo=float(rng.uniform(0.03, 0.7)),
        clouds=[cloud] if rng.random() < 0.5 else [],
    )


def scatter_over_reported(values, errors):
    """Pooled over columns, from (seed, column): 1 if the errors are honest."""
    ratio2 = values.var(axis=0, ddof=1) / (errors**2).mean(axis=0)
    return float(np.sqrt(ratio2.mean()))


def repeat(run, seeds):
    """Values and errors by forcing, (seed, ...) each."""
    results = [run(seed) for seed in seeds]
    return {
        name: tuple(
            np.array([result[name + suffix].values for result in results])
            for suffix in ("", "_stderr")
        )
        for name in FORCINGS
    }


@pytest.mark.slow
def test_columns():
    rng = np.random.default_rng(20)
    ratios = {name: [] for name in FORCINGS}
    for number in range(COLUMNS):
        column, month = random_column(rng), int(rng.integers(1, 13))
        latitude = float(rng.uniform(-60.0, 60.0))

        def run(seed, column=column, latitude=latitude, month=month):
            return af.column_forcing(
                column, latitude=latitude, months=[month], photons=2**11, seed=seed
            )

        repeats = repeat(run, range(SEEDS * number, SEEDS * (number + 1)))
        for name, (values, errors) in repeats.items():
            ratios[name].append(scatter_over_reported(values, errors))
    pooled = {name: np.sqrt(np.mean(np.square(ratio))) for name, ratio in ratios.items()}
    assert pooled == {name: pytest.approx(1.0, abs=0.05) for name in FORCINGS}


@pytest.mark.slow
def test_cells_of_a_map():
    """All cells that have any forcing, of the built-in inputs on a coarse grid in one month."""

    def run(seed):
        return af.grid_forcing(grid="20x20", months=[3], photons=512, seed=seed)

    repeats = repeat(run, range(MAPS))
    pooled = {}
    for name, (values, errors) in repeats.items():
        lit = (errors > 0.0).all(axis=0)
        pooled[name] = scatter_over_reported(values[:, lit], errors[:, lit])
    assert pooled == {name: pytest.approx(1.0, abs=0.05) for name in FORCINGS}
