"""How much better stations make a field: scores before and after, and where they are left out.

A field drawn to stations agrees with them, good or not. What counts is how well it foretells a
station that it has not seen: every cell with a station is left out in turn, with all stations in
it (instruments side by side would foretell each other), and its value is estimated from the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.observations.assimilation import (
    MAX_ELEVATION_DIFFERENCE,
    RADIUS,
    TAPER,
    Targets,
    Weighting,
    adjusted,
    elevation_attributes,
)
from aeroforcing.observations.stations import Matchup, Observations, match
from aeroforcing.observations.statistical_interpolation import (
    CORRELATION_LENGTH,
    ErrorModel,
    correlations,
    error_model,
    solve,
)

SCHEMES = ("inverse_distance", "optimal_interpolation")
ESTIMATES = ("background", *SCHEMES, *(f"{scheme}_left_out" for scheme in SCHEMES))

# An estimate is inside where it differs from the station by at most a + b * station. AOD: the
# expected error of MODIS Dark Target over land (Levy et al. 2013, doi:10.5194/amt-6-2989-2013);
# SSA: the uncertainty of AERONET (Dubovik et al. 2000, doi:10.1029/2000JD900040); Angstrom
# exponent: Levy et al. 2010, doi:10.5194/acp-10-10399-2010. The others have no published envelope.
ENVELOPE = {
    "aod": (0.05, 0.15),
    "ssa": (0.03, 0.0),
    "asymmetry": (0.03, 0.0),
    "angstrom": (0.4, 0.0),
    "coalbedo_angstrom": (1.0, 0.0),
}


@suggest_keywords
def evaluate(
    field: xr.DataArray,
    stations: xr.Dataset,
    *,
    quantity: str | None = None,
    power: float = 4.0,
    radius: float | None = RADIUS,
    taper: float = TAPER,
    correlation_length: float = CORRELATION_LENGTH,
    background_error: float | None = None,
    observation_error: float | None = None,
    max_elevation_difference: float | None = MAX_ELEVATION_DIFFERENCE,
    surface_altitude: xr.DataArray | None = None,
    envelope: tuple[float, float] | None = None,
) -> xr.Dataset:
    """Scores of a field at stations, before and after both assimilations, and left out.

    Parameters
    ----------
    field : xarray.DataArray
        The background, as in `aeroforcing.observations.assimilation.assimilate`.
    stations : xarray.Dataset
        The stations, likewise.
    quantity : str, optional
        What is compared; by default what the name of `field` says.
    power, radius, taper
        Of the assimilation by inverse distance.
    correlation_length, background_error, observation_error
        Of `aeroforcing.observations.statistical_interpolation.optimal_interpolation`.
    max_elevation_difference, surface_altitude
        As in `assimilate`.
    envelope : tuple of float, optional
        Absolute and relative part of the error envelope; by default that of the quantity in
        `ENVELOPE`, for AOD 0.05 + 0.15 AOD.

    Returns
    -------
    xarray.Dataset
        Over `estimate` (the background, both analyses, and both with the cell left out): `bias`
        and `rmse` against the stations, in the unit of the quantity, their `correlation` (NaN
        where either does not vary), the share `within_envelope`, and `n_samples`, the number of
        cells with stations, over all months. The attribute `representativeness_error` is the
        standard deviation of stations about the mean of those in their cell, what comparing a point
        with a cell adds to the rmse of even a perfect field, and `representativeness_samples` the
        number of stations and months beyond one in a cell that tell it; NaN and 0 where no cell
        holds two. `summary` puts it into words.

    Raises
    ------
    InputError
        As `assimilate`, or where no station has a value on the field.
    """
    quantity = str(field.name) if quantity is None else quantity
    weighting = Weighting(power=power, radius=radius, taper=taper)
    matchup = match(
        field,
        stations,
        quantity=quantity,
        max_elevation_difference=max_elevation_difference,
        surface_altitude=surface_altitude,
    )
    model = error_model(quantity, correlation_length, background_error, observation_error)
    bounds = ENVELOPE[quantity] if envelope is None else envelope
    result = _scores(*_samples(matchup, quantity, weighting, model), bounds)
    result.attrs = {"quantity": quantity, **weighting.attributes, **model.attributes}
    result.attrs |= elevation_attributes(max_elevation_difference) | matchup.counts
    spread, freedom = representativeness(matchup)
    result.attrs |= {"representativeness_error": spread, "representativeness_samples": freedom}
    return result.assign_attrs(envelope_absolute=bounds[0], envelope_relative=bounds[1])


def representativeness(matchup: Matchup) -> tuple[float, int]:
    """Standard deviation of stations about the mean of those in their cell, and its freedom."""
    squares, freedom = 0.0, 0
    for values in matchup.observed:
        seen = np.isfinite(values)
        _, group, count = np.unique(matchup.cell[seen], return_inverse=True, return_counts=True)
        means = np.bincount(group, values[seen], count.size) / count
        squares += float(((values[seen] - means[group]) ** 2).sum())
        freedom += int((count - 1).sum())
    return (float(np.sqrt(squares / freedom)) if freedom else np.nan), freedom


def summary(scores: xr.Dataset) -> str:
    """The scores of `evaluate` as a table, and whether each assimilation is worth its while.

    An assimilation that does not foretell left-out stations better than the background does, by
    the root mean square error, is said not to.
    """
    samples, quantity = int(scores["n_samples"]), scores.attrs["quantity"]
    names = ("bias", "rmse", "correlation", "within_envelope")
    lines = [f"{quantity} at {samples} cells and months with stations", " " * 32 + _row(names)]
    for estimate in scores["estimate"].values:
        numbers = [f"{float(scores[name].sel(estimate=estimate)):.4f}" for name in names]
        lines.append(f"{estimate:<32}" + _row(numbers))
    lines.append(_representativeness_in_words(scores))
    return "\n".join(lines + [verdict(scores, scheme)[0] for scheme in SCHEMES])


def _representativeness_in_words(scores: xr.Dataset) -> str:
    """What comparing points with cells adds to the errors."""
    spread = scores.attrs["representativeness_error"]
    if not scores.attrs["representativeness_samples"]:
        return "error of comparing a point with a cell: unknown, no cell holds two stations"
    return f"error of comparing a point with a cell, from stations in one cell: {spread:.4f}"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    """One line of the table."""
    return "".join(f"{cell:>17}" for cell in cells)


def verdict(scores: xr.Dataset, scheme: str) -> tuple[str, bool]:
    """Whether a scheme beats the background at stations that it has not seen, in words and as such.

    Parameters
    ----------
    scores
        Of `evaluate`.
    scheme
        One of `SCHEMES`.
    """
    before = float(scores["rmse"].sel(estimate="background"))
    after = float(scores["rmse"].sel(estimate=f"{scheme}_left_out"))
    words = "beats" if after < before else "does not beat"
    numbers = f"rmse {after:.4f} against {before:.4f}"
    text = f"{scheme} {words} the background at stations that were left out ({numbers})"
    return text, after < before


@dataclass(frozen=True)
class _Month:
    """One month's observations, with the places of the centres of their cells."""

    seen: Observations
    centres: np.ndarray


def _samples(
    matchup: Matchup, quantity: str, weighting: Weighting, model: ErrorModel
) -> tuple[np.ndarray, np.ndarray]:
    """Station values of all months, and every estimate of them as (estimate, sample)."""
    months = [_Month(seen, matchup.places[seen.cell]) for seen in matchup.months()]
    observed = np.concatenate([month.seen.observed for month in months])
    if not observed.size:
        raise InputError(
            f"no station has {quantity} in a cell and month where the field has it: "
            f"{matchup.counts}."
        )
    parts = [
        np.stack([month.seen.background, *_analyses(month, quantity, weighting, model)])
        for month in months
    ]
    return observed, np.concatenate(parts, axis=1)


def _analyses(
    month: _Month, quantity: str, weighting: Weighting, model: ErrorModel
) -> tuple[np.ndarray, ...]:
    """Both analyses at the cells of the stations, then both with the cell left out."""
    seen = month.seen
    targets = Targets(month.centres, np.arange(seen.cell.size), seen.background)
    by_distance = [
        adjusted(targets, seen, quantity, weighting, leave_out_own=left_out)[0]
        for left_out in (False, True)
    ]
    optimal = _optimal(month, model)
    return by_distance[0], optimal[0], by_distance[1], optimal[1]


def _optimal(month: _Month, model: ErrorModel) -> tuple[np.ndarray, np.ndarray]:
    """Optimal interpolation at the cells of the stations, with and without each one's own value.

    Without its own value, the residual is (K^-1 (A - B))_i / (K^-1)_ii with K = C + R: the
    estimate of one of jointly Gaussian numbers from the others, without solving for each.
    """
    seen = month.seen
    correlation = correlations(month.centres, month.centres, model.correlation_length)
    solution = solve(correlation, seen, model)
    analysis = seen.background + correlation @ solution.weights
    return analysis, seen.observed - solution.weights / solution.inverse_diagonal


def _scores(observed: np.ndarray, estimates: np.ndarray, bounds: tuple[float, float]) -> xr.Dataset:
    """Scores of every estimate (estimate, sample) against the observed values."""
    error = estimates - observed
    inside = np.abs(error) <= bounds[0] + bounds[1] * np.abs(observed)
    scores = {
        "bias": error.mean(axis=1),
        "rmse": np.sqrt((error**2).mean(axis=1)),
        "correlation": np.array([_correlation(observed, row) for row in estimates]),
        "within_envelope": inside.mean(axis=1),
    }
    dataset = xr.Dataset({name: ("estimate", values) for name, values in scores.items()})
    return stamp(dataset.assign(n_samples=observed.size).assign_coords(estimate=list(ESTIMATES)))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation; NaN where either does not vary."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])
