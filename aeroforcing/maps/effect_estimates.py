"""Effects of parts of the aerosol in the cells of a chunk: what the maps of parts share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from aeroforcing.core.arrays import Counts, Floats
from aeroforcing.core.kernel_names import LEVELS
from aeroforcing.forcing.species import Effort
from aeroforcing.maps.chunk import SKY_SUFFIXES, Part, Settings, pilot_samples, pilot_seed
from aeroforcing.maps.sample_sizes import PILOT_REPLICATES, REPLICATES, rounded_up
from aeroforcing.optics.sun import Sun
from aeroforcing.runs.chunks import Results
from aeroforcing.transport.column_optics import Columns
from aeroforcing.transport.estimates import Replicates, means_and_errors

_TOP = "forcing_toa"


def forcing_names(settings: Settings) -> list[str]:
    """Names of the forcings at all levels and in the skies of a run."""
    return [f"forcing_{level}{sky}" for sky in SKY_SUFFIXES[settings.sky] for level in LEVELS]


def with_errors(names: list[str]) -> list[str]:
    """Names, each followed by that of its standard error."""
    return [both for name in names for both in (name, f"{name}_stderr")]


class EffectEstimator(ABC):
    """Estimates effects, each sampled as a difference itself (`attribution`).

    Where a standard error is to be reached, a pilot run tells the samples as for all aerosol
    (`sample_sizes`): each effect at the top of the atmosphere, in every sky of the run, reaches it.
    """

    aod: Floats
    known: Results

    def __init__(self, part: Part) -> None:
        self._part = part
        self._skies = SKY_SUFFIXES[part.settings.sky]

    @abstractmethod
    def _replicates(
        self, chosen: NDArray[np.int64], columns: Columns, sun: Sun, effort: Effort
    ) -> Replicates:
        """The effects in chosen cells, name -> (..., cell, replicate)."""

    def solve(self, chosen: NDArray[np.int64], samples: Counts) -> tuple[Results, Counts]:
        """Means and standard errors in chosen cells, name -> (..., cell), and their samples."""
        settings = self._part.settings
        columns, _ = self._part.maker.columns(chosen)
        sun = self._part.maker.sun(chosen)
        if settings.stderr_target is not None:
            pilot = pilot_samples(self.aod[chosen])
            effort = Effort(pilot, PILOT_REPLICATES, pilot_seed(settings.seed))
            effects = self._replicates(chosen, columns, sun, effort)
            variance = np.max(
                [
                    values.var(axis=-1, ddof=1).reshape(-1, chosen.size).max(axis=0)
                    for name, values in effects.items()
                    if _TOP in name
                ],
                axis=0,
            )
            needed = variance * pilot / settings.stderr_target**2
            least = PILOT_REPLICATES * pilot // 4
            samples = rounded_up(np.maximum(needed, least), replicates=REPLICATES)
        effort = Effort(samples, REPLICATES, settings.seed)
        return means_and_errors(self._replicates(chosen, columns, sun, effort)), samples
