"""Stations in the inputs of a run: the optical properties adjusted before they are used."""

from __future__ import annotations

import logging

import xarray as xr

from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.observations.assimilation import assimilate
from aeroforcing.observations.cross_validation import evaluate, verdict
from aeroforcing.observations.stations import QUANTITIES

_log = logging.getLogger(__name__)


@suggest_keywords
def with_stations(
    inputs: xr.Dataset, stations: xr.Dataset, *, source: str = "the given dataset"
) -> xr.Dataset:
    """Adjust every optical property of the inputs that the stations measure, by inverse distance.

    Parameters
    ----------
    inputs
        As `resolve_inputs` gives them.
    stations
        As `read_stations` gives them; stations far above the `surface_altitude` of their cell are
        left out.
    source
        Name of the stations' file, for `origin` and the messages.

    Returns
    -------
    The inputs with the adjusted properties, whose attribute `origin` says so. Where an adjustment
    foretells left-out stations no better than the field before, a warning is logged.

    Raises
    ------
    InputError
        The stations measure none of the properties, or cannot be used; see `assimilate`.
    """
    measured = [name for name in QUANTITIES if name in stations]
    if not measured:
        raise InputError(
            f"{source}: holds none of {', '.join(QUANTITIES)}, but "
            f"{', '.join(map(str, stations.data_vars)) or 'nothing'}."
        )
    adjusted = {name: _adjusted(inputs, stations, name, source) for name in measured}
    return stamp(inputs.assign(adjusted))


def _adjusted(inputs: xr.Dataset, stations: xr.Dataset, name: str, source: str) -> xr.DataArray:
    """One property drawn to the stations."""
    altitude = inputs["surface_altitude"]
    analysis = assimilate(inputs[name], stations, quantity=name, surface_altitude=altitude)
    used = analysis.attrs["stations_used"]
    if (analysis["n_stations"] > 0).any():
        _report(evaluate(inputs[name], stations, surface_altitude=altitude))
    origin = f"{inputs[name].attrs.get('origin', 'given')}; adjusted to {used} stations of {source}"
    return analysis[name].assign_attrs(inputs[name].attrs | {"origin": origin})


def _report(scores: xr.Dataset) -> None:
    """Say whether the adjustment is worth its while where no station is."""
    words, better = verdict(scores, "inverse_distance")
    _log.log(logging.INFO if better else logging.WARNING, "%s: %s", scores.attrs["quantity"], words)
