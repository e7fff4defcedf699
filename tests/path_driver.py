"""Monochromatic paths in a given medium, replicate by replicate, as the solver traces them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aeroforcing.adjoint import ADJOINT_COLUMNS, ADJOINT_SCRATCH, fill_adjoint
from aeroforcing.montecarlo import SCORES, Roulette, difference_path, whole_path
from aeroforcing.sampling import NET_DIMENSIONS, child_key, fill_shifts, sobol_net
from aeroforcing.transport import shift_point

REPLICATES = 64


@njit(error_model="numpy")  # not kept on disk: a stale one would test code of the past
def _trace(medium, table, change, cos_zenith, albedo, seed, net, scores):
    point, room = np.zeros(NET_DIMENSIONS), np.zeros(4)
    shifts = np.zeros(NET_DIMENSIONS, np.uint32)
    roulette = Roulette(0.3, 0.3, 1.0)
    for replicate in range(scores.shape[0]):
        replicate_key = child_key(seed, replicate)
        fill_shifts(replicate_key, shifts)
        own = scores[replicate]
        for sample in range(net.shape[0]):
            shift_point(net, sample, shifts, point)
            key = child_key(replicate_key, sample)
            if change:
                difference_path(
                    medium, table, cos_zenith, 1.0, albedo, albedo, roulette, key, point, room, own
                )
            else:
                whole_path(
                    medium, table, True, cos_zenith, 1.0, albedo, albedo, 0.3, key, point, own
                )
        own /= net.shape[0]


def path_scores(
    medium: NDArray[np.float64],
    *,
    albedo: float,
    cos_zenith: float,
    change: bool,
    log2_samples: int,
    seed: int = 5,
) -> NDArray[np.float64]:
    """Scores of each replicate, (replicate, score), with the aerosol or of the change by it."""
    levels = len(medium)
    table = np.zeros((levels, ADJOINT_COLUMNS))
    fill_adjoint(medium, albedo, table, np.zeros((levels, ADJOINT_SCRATCH)))
    scores = np.zeros((REPLICATES, SCORES))
    net = sobol_net(log2_samples)
    _trace(medium, table, change, cos_zenith, albedo, np.uint64(seed), net, scores)
    return scores
