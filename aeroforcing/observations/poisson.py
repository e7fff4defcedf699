"""Laplace's equation on the sphere in the gaps of a field, with the field given on their edges."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu


def spread_by_laplace(
    difference: np.ndarray, gap: np.ndarray, *, lat: np.ndarray, lon: np.ndarray
) -> np.ndarray:
    """Carry a known difference into gaps so that its Laplacian is zero there.

    Finite volumes on the cells of the grid: the fluxes out of a cell add up to zero, with a flux
    of (length of the common side) / (distance of the centres) x (difference of the values).
    Nothing flows into a cell where the difference is neither known nor wanted. A gap that
    touches no known cell gets zero.

    Parameters
    ----------
    difference : numpy.ndarray
        (slice, lat, lon), NaN where it is not known.
    gap : numpy.ndarray of bool
        (slice, lat, lon), the cells where it is wanted.
    lat, lon : numpy.ndarray
        Cell centres, both ascending [degrees].

    Returns
    -------
    numpy.ndarray
        (slice, lat, lon): the spread difference in the gaps, zero elsewhere.
    """
    sides = _sides(lat, lon)
    delta = np.zeros(difference.shape)
    for spread, known, wanted in zip(delta, difference, gap, strict=True):
        spread[wanted] = _solve(known.ravel(), wanted.ravel(), *sides)
    return delta


def _sides(lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells (as flat numbers) on either hand of every side of the grid, and its conductance.

    The conductance is the length of the side over the distance of the centres; it vanishes at a
    pole, where a side is a point, and on the open side of a region.
    """
    cell = np.arange(lat.size * lon.size).reshape(lat.size, lon.size)
    edges = _row_edges(np.radians(lat))
    height, middle = np.diff(edges), (edges[1:] + edges[:-1]) / 2.0
    step = _longitude_steps(np.radians(lon))
    width = np.nanmean([step, np.roll(step, 1)], axis=0)
    eastward = height[:, None] / (np.cos(middle)[:, None] * step)
    northward = np.cos(edges[1:-1])[:, None] * width / np.diff(np.radians(lat))[:, None]
    left = np.concatenate([cell.ravel(), cell[:-1].ravel()])
    right = np.concatenate([np.roll(cell, -1, axis=1).ravel(), cell[1:].ravel()])
    return left, right, np.concatenate([np.nan_to_num(eastward).ravel(), northward.ravel()])


def _row_edges(centres: np.ndarray) -> np.ndarray:
    """Edges of the rows of cells [radians]: half way between the centres, at most at the poles."""
    if centres.size == 1:
        return np.array([-np.pi / 2, np.pi / 2])
    inner = (centres[1:] + centres[:-1]) / 2.0
    first, last = 2.0 * centres[0] - inner[0], 2.0 * centres[-1] - inner[-1]
    return np.clip([first, *inner, last], -np.pi / 2, np.pi / 2)


def _longitude_steps(lon: np.ndarray) -> np.ndarray:
    """Step from every longitude to the next one eastward [radians], NaN where a region ends."""
    if lon.size == 1:
        return np.array([2.0 * np.pi])
    step = np.diff(lon, append=lon[0] + 2.0 * np.pi)
    second_widest = np.sort(step)[-2]
    return np.where(step > 2.0 * second_widest, np.nan, step)


def _solve(
    known: np.ndarray, wanted: np.ndarray, left: np.ndarray, right: np.ndarray, side: np.ndarray
) -> np.ndarray:
    """The spread difference in the wanted cells of one slice."""
    count = int(wanted.sum())
    number = np.where(wanted, np.cumsum(wanted) - 1, -1)
    inside = wanted[left] & wanted[right]
    a, b, flow = number[left[inside]], number[right[inside]], side[inside]
    links = sparse.coo_array((np.r_[flow, flow], (np.r_[a, b], np.r_[b, a])), (count, count))
    held, inflow = _edge_terms(known, number, left, right, side)
    solvable = _touching_edge(links, held)
    result = np.zeros(count)
    if solvable.any():
        balance = sparse.diags_array(links.sum(axis=1) + held) - links
        result[solvable] = _positive_solve(balance.tocsc(), inflow, solvable)
    return result


def _edge_terms(
    known: np.ndarray, number: np.ndarray, left: np.ndarray, right: np.ndarray, side: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For every wanted cell, the conductance to known cells, and the same times their values."""
    count = int(number.max(initial=-1)) + 1
    held, inflow = np.zeros(count), np.zeros(count)
    for here, there in ((left, right), (right, left)):
        edge = (number[here] >= 0) & np.isfinite(known[there])
        cell, flow = number[here[edge]], side[edge]
        held += np.bincount(cell, flow, count)
        inflow += np.bincount(cell, flow * known[there[edge]], count)
    return held, inflow


def _touching_edge(links: sparse.coo_array, held: np.ndarray) -> np.ndarray:
    """Mask of the cells whose gap touches a known cell somewhere."""
    pieces, piece = connected_components(links, directed=False)
    return (np.bincount(piece, held, pieces) > 0)[piece]


def _positive_solve(
    matrix: sparse.csc_array, right_side: np.ndarray, cells: np.ndarray
) -> np.ndarray:
    """Solution of a symmetric positive definite sparse system, restricted to some cells."""
    restricted = matrix[:, cells][cells].tocsc()
    factors = splu(restricted, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    return factors.solve(right_side[cells])
