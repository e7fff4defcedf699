"""From the replicates of the level scores to profiles of fluxes and heating that close.

The absorption of a layer is scored along the paths itself (level_paths.py) and is much more precise
than the divergence of the scored fluxes. Net fluxes are therefore built from the surface up,

    net(level) = net(surface) + absorption in all layers between,

the downward flux is as scored, and the upward one is down - net. So the divergence of the net flux
is the absorption to the last digit, a layer that absorbs nothing is not heated, the downward flux
at the top is the sun's, and the upward flux at the surface is what the surface reflects.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aeroforcing.core.arrays import Floats
from aeroforcing.core.constants import GRAVITY, HEAT_CAPACITY_DRY_AIR, SECONDS_PER_DAY
from aeroforcing.estimates import Replicates
from aeroforcing.level_paths import ABSORBED, ACTINIC, DIRECT, DOWN, UP


class Levels(NamedTuple):
    """Fluxes at levels and absorption in layers that close, (cell, level or layer, replicate)."""

    up: Floats
    down: Floats
    direct: Floats
    actinic: Floats
    absorbed: Floats

    @property
    def net(self) -> Floats:
        """Net downward flux."""
        return self.down - self.up


def closed_levels(scores: Floats, *, incoming: Floats) -> Levels:
    """Fluxes and absorption that close in every layer.

    Parameters
    ----------
    scores
        (cell, replicate, level, score) of `level_transport.solve_levels`.
    incoming
        (cell,) downward flux at the top, which is known; 0 for a change by the aerosol.
    """
    by_score = np.moveaxis(scores, (1, 3), (3, 0))  # (score, cell, level, replicate)
    absorbed = by_score[ABSORBED, :, :-1]
    down = by_score[DOWN].copy()
    down[:, 0] = incoming[:, None]
    direct = by_score[DIRECT].copy()
    direct[:, 0] = incoming[:, None]
    net_surface = by_score[DOWN, :, -1:] - by_score[UP, :, -1:]
    below = np.cumsum(absorbed[:, ::-1], axis=1)[:, ::-1]
    net = net_surface + np.concatenate([below, np.zeros_like(net_surface)], axis=1)
    return Levels(down - net, down, direct, by_score[ACTINIC], absorbed)


def level_replicates(
    change: Levels, clean: Levels, *, sky: str, pressure_levels: Floats
) -> Replicates:
    """Profiles with the aerosol, `_clean` without it, and its effect, name -> (..., replicate).

    Parameters
    ----------
    change, clean
        Change by the aerosol, and without it [W m-2].
    sky
        Suffix of the names.
    pressure_levels
        (cell, level) [Pa].
    """
    full = Levels(*(a + b for a, b in zip(change, clean, strict=True)))
    profiles: Replicates = {}
    for levels, suffix in ((full, sky), (clean, f"_clean{sky}")):
        profiles[f"flux_up{suffix}"] = levels.up
        profiles[f"flux_down{suffix}"] = levels.down
        profiles[f"flux_down_direct{suffix}"] = levels.direct
        profiles[f"actinic_flux{suffix}"] = levels.actinic
        profiles[f"absorbed{suffix}"] = levels.absorbed
        profiles[f"heating_rate{suffix}"] = heating_rate(levels.absorbed, pressure_levels)
    profiles[f"forcing_profile{sky}"] = change.net
    profiles[f"heating_rate_change{sky}"] = heating_rate(change.absorbed, pressure_levels)
    return profiles


def heating_rate(absorbed: Floats, pressure_levels: Floats) -> Floats:
    """Heating of layers of dry air at constant pressure, dT/dt = g absorbed / (c_p dp) [K day-1].

    Parameters
    ----------
    absorbed
        (cell, layer, replicate) [W m-2].
    pressure_levels
        (cell, level), rising [Pa].
    """
    heat_capacity = HEAT_CAPACITY_DRY_AIR * np.diff(pressure_levels, axis=1) / GRAVITY  # J m-2 K-1
    return absorbed * SECONDS_PER_DAY / heat_capacity[..., None]
