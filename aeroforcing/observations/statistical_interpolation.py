"""Optimal interpolation of station values: the analysis with the least error, and that error.

With the background B, the station values A, the covariance C of the background's errors between
two places and the variance of the stations' errors on the diagonal of R,

    N_j = B_j + c_j^T (C + R)^-1 (A - B),    error^2 = sigma_j^2 - c_j^T (C + R)^-1 c_j

(Gandin 1965; Daley 1991, Atmospheric Data Analysis, chapter 4). The covariance of two places is
the product of the standard deviations there, times exp(-d / L) of their great-circle distance d,
a valid correlation on the sphere (Gneiting 2013, doi:10.3150/12-BEJSP06). A station tells of the
mean over its cell, so the distances run between the centres of cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.linalg import solve_triangular

from aeroforcing.core.constants import EARTH_RADIUS
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.observations.assimilation import (
    MAX_ELEVATION_DIFFERENCE,
    analysis_dataset,
    elevation_attributes,
)
from aeroforcing.observations.fields import clip_to_range
from aeroforcing.observations.stations import Matchup, Observations, match

CORRELATION_LENGTH = 1.0e6  # m

# Standard deviations [1]. Observations: AERONET Level 2.0 (Dubovik et al. 2000,
# doi:10.1029/2000JD900040; AOD 0.01-0.02, SSA 0.03) and the rest of what sets a station apart from
# the mean of its cell. Background: satellites and models against AERONET monthly means.
BACKGROUND_ERROR = {
    "aod": 0.10,
    "ssa": 0.04,
    "asymmetry": 0.04,
    "angstrom": 0.4,
    "coalbedo_angstrom": 0.8,
}
OBSERVATION_ERROR = {
    "aod": 0.03,
    "ssa": 0.03,
    "asymmetry": 0.02,
    "angstrom": 0.15,
    "coalbedo_angstrom": 0.5,
}
_CELLS_AT_ONCE = 4096
_SAME_PLACE = 1e-15  # haversine; 0.4 m, less is the rounding of a product of equal unit vectors


@suggest_keywords
def optimal_interpolation(
    background: xr.DataArray,
    stations: xr.Dataset,
    *,
    quantity: str,
    correlation_length: float = CORRELATION_LENGTH,
    background_error: float | None = None,
    observation_error: float | None = None,
    max_elevation_difference: float | None = MAX_ELEVATION_DIFFERENCE,
    surface_altitude: xr.DataArray | None = None,
) -> xr.Dataset:
    """Adjust a field to station values by optimal interpolation, with the error of the analysis.

    Parameters
    ----------
    background, stations, quantity, max_elevation_difference, surface_altitude
        As in `aeroforcing.observations.assimilation.assimilate`.
    correlation_length : float
        Length L of the exponential correlation of the background's errors [m].
    background_error, observation_error : float, optional
        Standard deviation of the error of the background and of one station, in the unit of the
        quantity; by default the values of `BACKGROUND_ERROR` and `OBSERVATION_ERROR`. The mean
        of n stations in a cell has the n-th part of the variance.

    Returns
    -------
    xarray.Dataset
        On the grid of `background`: `quantity`, its standard error `<quantity>_stderr`, the
        `increment` over the background, and `n_stations`, how many stations are within one
        correlation length. The attributes record the settings, what was left out, and how many
        values were clipped to the allowed range.

    Raises
    ------
    InputError
        Values out of range, missing coordinates, unknown quantity or errors that are not positive.
    """
    matchup = match(
        background,
        stations,
        quantity=quantity,
        max_elevation_difference=max_elevation_difference,
        surface_altitude=surface_altitude,
    )
    model = error_model(quantity, correlation_length, background_error, observation_error)
    analysis, error, counts = _analysis(matchup, model)
    clipped = clip_to_range(analysis, quantity)
    result = analysis_dataset(matchup, analysis, counts, background, error)
    result.attrs = {"assimilation_method": "optimal_interpolation", **model.attributes}
    result.attrs |= elevation_attributes(max_elevation_difference) | matchup.counts
    return result.assign_attrs(clipped_cells=clipped)


@dataclass(frozen=True)
class ErrorModel:
    """Statistics of the errors of background and stations, in the unit of the quantity."""

    correlation_length: float  # m
    background_error: float
    observation_error: float

    @property
    def attributes(self) -> dict[str, float | str]:
        """What to record in the output."""
        return {
            "correlation_length": self.correlation_length,
            "correlation_length_units": "m",
            "background_error": self.background_error,
            "observation_error": self.observation_error,
        }


def error_model(
    quantity: str,
    correlation_length: float,
    background_error: float | None,
    observation_error: float | None,
) -> ErrorModel:
    """Error statistics from what the caller gave and the defaults of the quantity."""
    if background_error is None:
        background_error = BACKGROUND_ERROR[quantity]
    if observation_error is None:
        observation_error = OBSERVATION_ERROR[quantity]
    model = ErrorModel(float(correlation_length), float(background_error), float(observation_error))
    for name in ("correlation_length", "background_error", "observation_error"):
        if not 0 < getattr(model, name) < np.inf:
            raise InputError(f"{name} {getattr(model, name)} must be positive.")
    return model


@dataclass(frozen=True)
class Solution:
    """The solved system of one month, with K = (C + R) / (variance of the background's error)."""

    root: np.ndarray  # inverse of the lower Cholesky factor of K
    weights: np.ndarray  # K^-1 (A - B)

    @property
    def inverse_diagonal(self) -> np.ndarray:
        """Diagonal of K^-1."""
        return np.einsum("ij,ij->j", self.root, self.root)


def solve(correlation: np.ndarray, seen: Observations, model: ErrorModel) -> Solution:
    """Solve the system of one month's observations, given the correlation of their cells."""
    noise = (model.observation_error / model.background_error) ** 2 / seen.members
    factor = np.linalg.cholesky(correlation + np.diag(noise))
    root = solve_triangular(factor, np.eye(len(factor)), lower=True)
    return Solution(root=root, weights=root.T @ (root @ (seen.observed - seen.background)))


def _analysis(matchup: Matchup, model: ErrorModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Analysis, its error and the number of stations nearby, each over (month, cell)."""
    months = list(matchup.months())
    cells = np.unique(np.concatenate([seen.cell for seen in months]))
    columns = [np.searchsorted(cells, seen.cell) for seen in months]
    solutions = _solutions(matchup.places[cells], columns, months, model)
    analysis = matchup.background.copy()
    error = np.where(np.isnan(analysis), np.nan, model.background_error)
    counts = np.zeros(analysis.shape)
    for block in _blocks(len(matchup.places)):
        near = correlations(matchup.places[block], matchup.places[cells], model.correlation_length)
        for month, seen in enumerate(months):
            correlation = near[:, columns[month]]
            increment, share = _estimate(correlation, solutions[month])
            analysis[month, block] += increment
            error[month, block] *= share
            counts[month, block] = (correlation >= np.exp(-1.0)) @ seen.members
    return analysis, error, counts


def _solutions(
    places: np.ndarray, columns: list[np.ndarray], months: list[Observations], model: ErrorModel
) -> list[Solution]:
    """The solved systems of all months."""
    correlation = correlations(places, places, model.correlation_length)
    return [
        solve(correlation[np.ix_(used, used)], seen, model)
        for used, seen in zip(columns, months, strict=True)
    ]


def _estimate(correlation: np.ndarray, solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Increment of cells, and the analysis error as a share of the background's."""
    explained = correlation @ solution.root.T
    remaining = 1.0 - np.einsum("cs,cs->c", explained, explained)
    return correlation @ solution.weights, np.sqrt(np.maximum(remaining, 0.0))


def _blocks(cells: int) -> Iterator[slice]:
    """Runs of cells that are worked on together, which bounds the memory."""
    for start in range(0, cells, _CELLS_AT_ONCE):
        yield slice(start, min(start + _CELLS_AT_ONCE, cells))


def correlations(rows: np.ndarray, columns: np.ndarray, length: float) -> np.ndarray:
    """Matrix exp(-d / length) of the great-circle distances of two sets of unit vectors.

    Worked out in place: these matrices are what the time goes into.
    """
    work = rows @ columns.T
    np.subtract(1.0, work, out=work)
    work *= 0.5  # now the haversine of the distance
    work *= work > _SAME_PLACE
    np.arcsin(np.sqrt(work, out=work), out=work)
    work *= -2.0 * EARTH_RADIUS / length
    return np.exp(work, out=work)
