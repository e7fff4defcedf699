"""Monochromatic paths in a given medium, replicate by replicate, as the solver traces them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aeroforcing.optics.phase_functions import BandPhase
from aeroforcing.transport.adjoint import ADJOINT_COLUMNS, ADJOINT_SCRATCH, fill_adjoint
from aeroforcing.transport.events import SCORES, Scene, Surface
from aeroforcing.transport.integrals import shift_point
from aeroforcing.transport.paths import Roulette, difference_path, whole_path
from aeroforcing.transport.random_numbers import NET_DIMENSIONS, child_key, fill_shifts, sobol_net

REPLICATES = 64
CHANGE, CLEAN, WITH_AEROSOL = range(3)
ROULETTE = Roulette(tail=0.3, pair=0.3, chain=1.0)


@njit(error_model="numpy")  # not kept on disk: a stale one would test code of the past
def trace(medium, phase, table, kind, cos_zenith, albedo, roulette, seed, net, scores):
    """Scores of each replicate: the change by the aerosol, or the fluxes without or with it."""
    point, scene, surface = (
        np.zeros(NET_DIMENSIONS),
        Scene(medium, phase, table),
        Surface(albedo, albedo),
    )
    shifts = np.zeros(NET_DIMENSIONS, np.uint32)
    for replicate in range(scores.shape[0]):
        replicate_key = child_key(seed, replicate)
        fill_shifts(replicate_key, shifts)
        own = scores[replicate]
        for sample in range(net.shape[0]):
            shift_point(net, sample, shifts, point)
            key = child_key(replicate_key, sample)
            if kind == CHANGE:
                difference_path(scene, cos_zenith, 1.0, surface, roulette, key, point, own, None)
            else:
                with_aerosol, threshold = kind == WITH_AEROSOL, roulette.tail
                whole_path(
                    scene, with_aerosol, cos_zenith, 1.0, surface, threshold, key, point, own
                )
        own /= net.shape[0]


def adjoint_of(medium: NDArray[np.float64], albedo: float) -> NDArray[np.float64]:
    """The adjoint table that belongs to a medium over a surface."""
    table = np.zeros((len(medium), ADJOINT_COLUMNS))
    fill_adjoint(medium, albedo, table, np.zeros((len(medium), ADJOINT_SCRATCH)))
    return table


def path_scores(
    medium: NDArray[np.float64],
    *,
    kind: int,
    albedo: float,
    cos_zenith: float,
    log2_samples: int,
    table: NDArray[np.float64] | None = None,
    roulette: Roulette = ROULETTE,
    seed: int = 5,
    phase: BandPhase | None = None,
) -> NDArray[np.float64]:
    """Scores of each replicate, (replicate, score); by default with the medium's own table."""
    table = adjoint_of(medium, albedo) if table is None else table
    scores = np.zeros((REPLICATES, SCORES))
    net = sobol_net(log2_samples)
    trace(medium, phase, table, kind, cos_zenith, albedo, roulette, np.uint64(seed), net, scores)
    return scores
