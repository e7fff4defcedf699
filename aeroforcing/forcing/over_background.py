"""The change by one aerosol over another: the forcing of a species, or of the anthropogenic part.

The forcing of aerosol A in the presence of aerosol B is flux(A and B) - flux(B). Two runs subtract
two large numbers; here B becomes part of the *clean* atmosphere, and the solver samples the
difference that A makes. For a thin A its error is a fraction of that of the total forcing.

The clean atmosphere has gases, air, and the scatterers of a cloud state, so B goes into the states:
into a state of its own without cloud, and into every cloud state. In a layer with both, cloud and
background scatter by one Henyey-Greenstein function of their mean asymmetry parameter, as in any
external mixture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aeroforcing.columns.aerosols import LayerOptics
from aeroforcing.core.arrays import Floats, ratio
from aeroforcing.optics.gas_table import GasTable
from aeroforcing.optics.sun import Sun
from aeroforcing.transport.column_optics import Columns
from aeroforcing.transport.estimates import seed_key
from aeroforcing.transport.events import SCORES
from aeroforcing.transport.integrals import CHANGE_CLOUDY, INTEGRALS, Effort, solve
from aeroforcing.transport.random_numbers import sobol_net


def with_background(columns: Columns, background: LayerOptics, *, cloudy: bool) -> Columns:
    """Columns with a background aerosol in all their states.

    Parameters
    ----------
    columns
        With their clouds and the aerosol whose effect is wanted.
    background
        (cell, band, layer) each.
    cloudy
        Whether the sky has its clouds; otherwise it is all cloud-free.

    Returns
    -------
    Columns whose states share out the whole sky, the first without cloud.
    """
    states = columns.cloud_fraction.shape[1] if cloudy else 0
    fraction = columns.cloud_fraction[:, :states]
    clear = 1.0 - fraction.sum(axis=1, keepdims=True)
    extinction = _with_clear(
        columns.cloud_depth[:, :states, None] * columns.cloud_extinction[:, :states]
    )
    scattering = extinction * _with_clear(columns.cloud_ssa[:, :states])
    forward = scattering * _with_clear(columns.cloud_asymmetry[:, :states])
    scattered = background.extinction * background.ssa
    extinction = extinction + background.extinction[:, None]
    scattering = scattering + scattered[:, None]
    forward = forward + (scattered * background.asymmetry)[:, None]
    depth = extinction.max(axis=2)
    peak = columns.cloud_peak
    if peak.size > 0:
        cut_off = _with_clear(columns.cloud_depth[:, :states, None] * peak[:, :states])
        peak = ratio(cut_off, depth[:, :, None])
    return columns._replace(
        cloud_fraction=np.concatenate([np.maximum(clear, 0.0), fraction], axis=1),
        cloud_depth=depth,
        cloud_extinction=ratio(extinction, depth[:, :, None]),
        cloud_ssa=ratio(scattering, extinction),
        cloud_asymmetry=ratio(forward, scattering),
        cloud_peak=peak,
    )


def _with_clear(values: Floats) -> Floats:
    """Values by state, (cell, state, band, layer), with zeros for a first state."""
    nothing = np.zeros((len(values), 1, *values.shape[2:]))
    return np.concatenate([nothing, values], axis=1)


def change_over_background(
    table: GasTable,
    columns: Columns,
    sun: Sun,
    *,
    background: LayerOptics,
    cloudy: bool,
    samples: NDArray[np.int64],
    replicates: int,
    seed: int,
) -> Floats:
    """Change of the fluxes by the columns' aerosol over a background, (cell, replicate, score).

    Parameters
    ----------
    table, columns, sun
        As of `integrals.solve`.
    background, cloudy
        As of `with_background`.
    samples
        (cell,) of each replicate, powers of two.
    replicates, seed
        Of the random numbers; columns of the same key share them.
    """
    cells = samples.size
    effort = Effort(
        net=sobol_net(int(samples.max(initial=1)).bit_length() - 1),
        change_samples=np.zeros(cells, dtype=np.int64),
        cloudy_samples=samples,
        clean_samples=np.zeros(cells, dtype=np.int64),
        replicates=replicates,
        cloudy=True,
        seed=seed_key(seed),
    )
    estimates = np.zeros((cells, INTEGRALS, replicates, SCORES))
    over = with_background(columns, background, cloudy=cloudy)
    solve(table, over, sun, effort, 0, cells, None, estimates)
    return estimates[:, CHANGE_CLOUDY]
