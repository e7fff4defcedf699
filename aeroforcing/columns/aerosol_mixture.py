"""The optics of several aerosols in the layers of columns, and their mixture.

Several aerosols in one layer are an external mixture: with the optical depths tau_i, single
scattering albedos w_i and asymmetry parameters g_i of its components,

    tau = sum tau_i,   w = sum tau_i w_i / tau,   g = sum tau_i w_i g_i / sum tau_i w_i

in every band and layer. An aerosol with a phase function of its own keeps it in the mixture, see
`phase_mixing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from aeroforcing.columns.aerosols import Aerosol, AnyAerosol, LayerOptics, spread
from aeroforcing.columns.atmosphere import Atmosphere
from aeroforcing.columns.vertical_profiles import layer_shares
from aeroforcing.core.arrays import ratio
from aeroforcing.core.canonical import OPTICAL
from aeroforcing.optics.band_means import BandNodes, band_means


def aerosol_arrays(
    components: Sequence[Sequence[LayerOptics]], *, shape: tuple[int, ...]
) -> LayerOptics:
    """Optics of the mixed aerosols of several columns, each (column, band, layer).

    Parameters
    ----------
    components
        Optics of the aerosols of each column, of `component_optics`.
    shape
        Numbers of bands and layers.
    """
    mixed = [
        layers[0] if len(layers) == 1 else mix_layers(layers, shape=shape) for layers in components
    ]
    return LayerOptics(*(np.array(values) for values in zip(*mixed, strict=True)))


def component_optics(
    aerosols: Sequence[Sequence[AnyAerosol]],
    atmospheres: Sequence[Atmosphere],
    nodes: BandNodes,
) -> list[list[LayerOptics]]:
    """Optics of each aerosol of several columns, each (band, layer).

    Parameters
    ----------
    aerosols
        Those of each column.
    atmospheres
        Of the columns, all of the same number of layers.
    nodes
        Of the bands.
    """
    by_law = _uniform_optics(aerosols, atmospheres, nodes)
    return [
        [
            by_law[i, j] if (i, j) in by_law else member.layer_optics(atmosphere, nodes)
            for j, member in enumerate(members)
        ]
        for i, (members, atmosphere) in enumerate(zip(aerosols, atmospheres, strict=True))
    ]


def mix_layers(components: Sequence[LayerOptics], *, shape: tuple[int, ...]) -> LayerOptics:
    """External mixture in every band and layer; without aerosol it scatters all, evenly.

    Parameters
    ----------
    components
        Any number, also none.
    shape
        Of the result's arrays.
    """
    extinction, scattering, forward = (np.zeros(shape) for _ in range(3))
    for component in components:
        scattered = component.extinction * component.ssa
        extinction += component.extinction
        scattering += scattered
        forward += scattered * component.asymmetry
    return LayerOptics(extinction, ratio(scattering, extinction, 1.0), ratio(forward, scattering))


def _uniform_optics(
    aerosols: Sequence[Sequence[AnyAerosol]], atmospheres: Sequence[Atmosphere], nodes: BandNodes
) -> Mapping[tuple[int, int], LayerOptics]:
    """Optics of all aerosols that are numbers, by (column, place): one call for all is faster."""
    found = {
        (i, j): member
        for i, members in enumerate(aerosols)
        for j, member in enumerate(members)
        if isinstance(member, Aerosol) and member.is_uniform
    }
    if not found:
        return {}
    given = {name: np.array([getattr(m, name) for m in found.values()]) for name in OPTICAL}
    means = band_means(**given, nodes=nodes)
    return {
        place: spread(
            means[0][k],
            means[1][k],
            means[2][k],
            layer_shares(member.profile, atmosphere=atmospheres[place[0]]),
        )
        for k, (place, member) in enumerate(found.items())
    }
