"""Statistical tests of Monte-Carlo results against exact figures.

A result and its standard error come from a number of replicates, so that (result - truth) / error
follows Student's t with replicates - 1 degrees of freedom. Many results are tested at once: the
level of each comparison is that of Sidak (1967, doi:10.1080/01621459.1967.10482935), so that a
whole test fails by chance with the probability `LEVEL`, however many comparisons it makes. A bias
below the reach of each single comparison shows in the sum of all squares. Tolerances are never
widened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import stats

LEVEL = 0.001  # of false alarms, per test: there are some fifty
COLUMN_DEGREES = 63  # of freedom: a column or stack of layers has 64 replicates
GRID_DEGREES = 7  # a cell of a grid has 8


def t_values(
    found: ArrayLike, stderr: ArrayLike, truth: ArrayLike, *, truth_error: float = 1e-12
) -> NDArray[np.float64]:
    """(found - truth) / error; `truth_error` is the uncertainty of the truth, of its last digit.

    It matters where the result is exact, such as the direct beam, whose standard error is 0.
    """
    error = np.hypot(stderr, truth_error)
    return np.atleast_1d((np.asarray(found) - np.asarray(truth)) / error).ravel()


def sidak_level(comparisons: int) -> float:
    """Level of each of several comparisons, for `LEVEL` of all together."""
    return -np.expm1(np.log1p(-LEVEL) / comparisons)


def assert_unbiased(
    t: ArrayLike,
    *,
    degrees: int = COLUMN_DEGREES,
    names: Sequence[object] | None = None,
) -> None:
    """Fail if any of the t-values is too large for its number of comparisons."""
    t = np.atleast_1d(np.asarray(t, dtype=float)).ravel()
    assert np.isfinite(t).all(), "results or standard errors that are not finite"
    p = 2.0 * stats.t.sf(np.abs(t), degrees)
    bad = np.flatnonzero(p < sidak_level(t.size))
    labels = range(t.size) if names is None else names
    report = "; ".join(f"{labels[i]}: t = {t[i]:.2f}" for i in bad)
    assert not bad.size, f"{bad.size} of {t.size} comparisons differ from the truth: {report}"


def assert_scatter_as_reported(t: ArrayLike, *, degrees: int = COLUMN_DEGREES) -> None:
    """Fail if the squares of independent t-values sum to too much or too little.

    Too much is a common bias or errors reported too small; too little, errors reported too large.
    Each t becomes a normal deviate of the same probability, and the sum a chi-squared variate.
    """
    t = np.atleast_1d(np.asarray(t, dtype=float)).ravel()
    z = stats.norm.isf(stats.t.sf(np.abs(t), degrees))
    chi2 = float((z**2).sum())
    p = 2.0 * min(stats.chi2.sf(chi2, t.size), stats.chi2.cdf(chi2, t.size))
    rms = np.sqrt(chi2 / t.size)
    assert p >= LEVEL, f"rms deviation of {t.size} comparisons is {rms:.3f} standard errors"


def to_precision(
    run: Callable[..., xr.Dataset],
    *,
    stderr: float,
    names: Sequence[str],
    seed: int,
    pilot: int = 2**15,
) -> xr.Dataset:
    """Result of `run(photons=, seed=)` with standard errors below `stderr`.

    A pilot run of another seed tells the number of photons.
    """
    first = run(photons=pilot, seed=seed + 10_000)
    worst = max(float(first[f"{name}_stderr"].max()) for name in names)
    result = run(photons=int(pilot * max(1.0, 1.6 * (worst / stderr) ** 2)), seed=seed)
    for name in names:
        assert float(result[f"{name}_stderr"].max()) < stderr, name
    return result
