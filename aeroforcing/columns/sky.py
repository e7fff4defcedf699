"""The exclusive states of the sky that the clouds of a column make.

Slabs (`Cloud`) either exclude each other, as satellites count them, or overlap by a rule of
`overlap`; layers (`CloudLayers`) always overlap by a rule. Either way the solver gets states that
exclude each other, each with its share of the sky: for a rule, all the skies that it allows. If
these are too many, they are one state, and the solver draws a sky for each sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aeroforcing.columns.clouds import Cloud, CloudLayers
from aeroforcing.core.arrays import Floats, ratio
from aeroforcing.core.errors import InputError
from aeroforcing.optics.band_means import BandNodes
from aeroforcing.optics.clouds import BandOptics, delta_scaled
from aeroforcing.transport.overlap import (
    EXCLUSIVE,
    Skies,
    chain_of,
    cloud_cover,
    enumerate_skies,
    mean_presence,
    overlap_correlation,
)

MOST_STATES = 64  # that are listed; of more skies one is drawn for each sample


class Drawing(NamedTuple):
    """How the skies of a column are drawn."""

    chain: Floats  # (cloud, 3) of `overlap.chain_of`
    cloud: NDArray[np.int64]  # (layer,) which cloud is in it; -1: none
    depth: Floats  # (layer,) optical depth of that cloud


class States(NamedTuple):
    """Cloudy states of the sky, which exclude each other; or one in which skies are drawn."""

    fraction: Floats  # (state,) share of the sky
    depth: Floats  # (state, layer) optical depth at 550 nm, the mean where skies are drawn
    extinction: Floats  # (state, band, layer) relative to that
    ssa: Floats  # (state, band, layer)
    asymmetry: Floats  # (state, band, layer)
    peak: Floats  # (state, band, layer) what is cut off of the depth, relative to that at 550 nm
    fractional_std: Floats  # (state, layer) standard deviation over mean of the in-cloud depth
    drawing: Drawing | None = None


class _Parts(NamedTuple):
    """The clouds that make up the states, in quantities that add up."""

    fraction: Floats  # (part,) share of the sky
    base: Floats  # (part,) [m]
    top: Floats  # (part,) [m]
    depth: Floats  # (part, layer) optical depth at 550 nm
    spread: Floats  # (part, layer) that times its fractional standard deviation
    extinction: Floats  # (part, band, layer) optical depth
    scattering: Floats  # (part, band, layer) of it by scattering
    forward: Floats  # (part, band, layer) the same times the asymmetry parameter
    cut_off: Floats  # (part, band, layer) optical depth of the forward peak that is cut off


def cloud_states(
    clouds: Sequence[Cloud] | CloudLayers,
    *,
    altitude_levels: Floats,
    nodes: BandNodes,
    overlap: str = EXCLUSIVE,
    decorrelation_length: float = 2000.0,
    delta_scale: bool = False,
) -> States:
    """The cloudy states of the sky of a column.

    Parameters
    ----------
    clouds, overlap, decorrelation_length
        As of `Column`.
    altitude_levels
        Of the atmosphere, from the top down [m].
    nodes
        Of the bands.
    delta_scale
        Whether the forward peak of the clouds' phase function is cut off (`clouds.delta_scaled`).

    Raises
    ------
    InputError
        A cloud lies outside of the atmosphere, clouds cannot overlap by the rule, or the rule
        allows more than `MOST_STATES` skies and two of the clouds share a layer.
    """
    if isinstance(clouds, CloudLayers):
        parts = _layer_parts(clouds, altitude_levels, nodes, delta_scale)
    else:
        down = clouds if overlap == EXCLUSIVE else sorted(clouds, key=lambda cloud: -cloud.top)
        parts = _slab_parts(down, altitude_levels, nodes, delta_scale)
    if overlap == EXCLUSIVE:
        return _states(Skies(np.eye(parts.fraction.size, dtype=bool), parts.fraction), parts)
    if not (parts.fraction[:, None] * parts.depth).any():
        return _states(_no_skies(parts), parts)
    if isinstance(clouds, CloudLayers) and clouds.overlap_parameter is not None:
        correlation = _between_cloudy(clouds)
    else:
        correlation = overlap_correlation(
            overlap, base=parts.base, top=parts.top, decorrelation_length=decorrelation_length
        )
    chain = chain_of(parts.fraction, correlation=correlation)
    skies = enumerate_skies(chain, most=MOST_STATES)
    return _drawn_state(chain, parts) if skies is None else _states(skies, parts)


def _between_cloudy(clouds: CloudLayers) -> Floats:
    """Correlation of each cloudy layer with the next one above: over all interfaces between."""
    alpha = np.asarray(clouds.overlap_parameter)
    return np.array([alpha[i:j].prod() for i, j in pairwise(np.flatnonzero(clouds.fraction))])


def _no_skies(parts: _Parts) -> Skies:
    """The cloudy skies of clouds without cover or without water: none."""
    return Skies(np.zeros((0, parts.fraction.size), dtype=bool), np.zeros(0))


def _slab_parts(
    clouds: Sequence[Cloud], altitude_levels: Floats, nodes: BandNodes, delta_scale: bool
) -> _Parts:
    """Each cloud is a part."""
    n_layers, n_bands = altitude_levels.size - 1, len(nodes.wavelength)
    depth = np.zeros((len(clouds), n_layers))
    optics = np.zeros((4, len(clouds), n_bands, n_layers))
    for i, cloud in enumerate(clouds):
        depth[i] = cloud.optical_depth * cloud.fractions(altitude_levels)
        own = BandOptics(*(values[:, None] for values in cloud.band_optics(nodes)))
        optics[:, i] = _additive(depth[i], own, delta_scale)
    spread = depth * np.array([cloud.inhomogeneity for cloud in clouds])[:, None]
    fraction, base, top = (
        np.array([getattr(cloud, name) for cloud in clouds], dtype=float)
        for name in ("fraction", "base", "top")
    )
    return _Parts(fraction, base, top, depth, spread, *optics)


def _layer_parts(
    clouds: CloudLayers, altitude_levels: Floats, nodes: BandNodes, delta_scale: bool
) -> _Parts:
    """Each cloudy layer is a part."""
    fraction = np.asarray(clouds.fraction)
    cloudy = np.flatnonzero(fraction)
    whole = np.zeros((4, len(nodes.wavelength), fraction.size))
    depth = np.zeros(fraction.size)
    for phase, tau in clouds.depths.items():
        optics = clouds.band_optics(phase, len(nodes.wavelength))
        whole += _additive(tau, optics, delta_scale)
        depth += tau
    own = (cloudy[:, None] == np.arange(fraction.size)).astype(float)
    return _Parts(
        fraction[cloudy],
        altitude_levels[1:][cloudy],
        altitude_levels[:-1][cloudy],
        own * depth,
        own * depth * np.asarray(clouds.fractional_std),
        *(own[:, None, :] * values for values in whole),
    )


def _additive(depth: Floats, optics: BandOptics, delta_scale: bool) -> Floats:
    """Extinction, scattering, forward scattering and what is cut off, of (band, layer or 1).

    Returns (4, band, layer).
    """
    kept = delta_scaled(optics) if delta_scale else optics
    extinction = depth * kept.extinction
    scattering = extinction * kept.ssa
    cut_off = depth * (optics.extinction - kept.extinction)
    return np.stack([extinction, scattering, scattering * kept.asymmetry, cut_off])


def _states(skies: Skies, parts: _Parts) -> States:
    """The states that the skies make of the parts."""
    depth, spread, extinction, scattering, forward, cut_off = (
        np.tensordot(skies.cloudy.astype(float), values, axes=1) for values in parts[3:]
    )
    visible = np.broadcast_to(depth[:, None, :], extinction.shape)
    return States(
        skies.probability,
        depth,
        extinction=ratio(extinction, visible, 1.0),
        ssa=ratio(scattering, extinction, 1.0),
        asymmetry=ratio(forward, scattering),
        peak=ratio(cut_off, visible),
        fractional_std=ratio(spread, depth),
    )


def _drawn_state(chain: Floats, parts: _Parts) -> States:
    """One state in which skies are drawn: all clouds, with their mean depths."""
    within = parts.depth > 0.0
    shared = within.sum(axis=0) > 1
    if shared.any():
        raise InputError(
            f"Column: {len(chain)} overlapping clouds allow more than {MOST_STATES} skies, and two "
            f"of them lie in one layer of the atmosphere, {int(np.argmax(shared))} (counted from 0 "
            "at the top). Give an atmosphere whose levels part them, or merge clouds."
        )
    together = Skies(np.ones((1, len(chain)), dtype=bool), np.array([cloud_cover(chain)]))
    whole = _states(together, parts)
    cloud = np.where(within.any(axis=0), within.argmax(axis=0), -1)
    return whole._replace(
        depth=mean_presence(chain)[None, :] @ parts.depth,
        drawing=Drawing(chain, cloud, whole.depth[0]),
    )
