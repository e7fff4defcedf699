"""What large errors of the inputs mean for the forcing: runs with inputs drawn from their errors.

Every member has the same random numbers, so that the members differ by their inputs, hardly by the
noise of the sampling. Unlike the kernels this knows how the forcing bends; it costs a run for each
member.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from aeroforcing.analysis.error_correlation import Correlation, ErrorFields
from aeroforcing.analysis.error_propagation import CorrelationOf, MapMeans, correlations_of, told
from aeroforcing.analysis.map_weights import MonthlyMap
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_count
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.kernel_names import forcings_of
from aeroforcing.core.variables import VARIABLES
from aeroforcing.grids.regions import Extent
from aeroforcing.inputs.resolve import resolve_inputs
from aeroforcing.inputs.uncertainty import ErrorOf, Errors, error_field, resolved_errors
from aeroforcing.maps.grid import grid_forcing
from aeroforcing.transport.estimates import seed_key

_CLOUD = "cloud_"
_ALL = "all inputs"


@suggest_keywords
def propagate_ensemble(
    inputs: xr.Dataset | str | os.PathLike[str] | None = None,
    *,
    errors: Errors,
    members: int = 50,
    draw: int = 0,
    correlation: CorrelationOf = "systematic",
    month_correlation: float | None = None,
    regions: Mapping[str, Extent] | None = None,
    grid: str | None = "T42",
    months: tuple[int, ...] = tuple(range(1, 13)),
    fill_missing: bool = False,
    **settings: Any,
) -> xr.Dataset:
    """Errors of the forcing by those of its inputs, from runs with drawn inputs.

    Parameters
    ----------
    inputs, grid, months, fill_missing
        As of `grid_forcing`.
    errors, correlation, month_correlation, regions
        As of `propagate`. Errors are normal; drawn values outside of their physical range are set
        to its ends, and the attribute `drawn_out_of_range` tells their share.
    members
        Number of runs, at least 2; the errors are known within 1 / sqrt(2 (members - 1)).
    draw
        Root of the random numbers of the errors.
    **settings
        The other parameters of `grid_forcing`, such as `photons`, `sky` and `seed`; all
        members have the same random numbers on purpose.

    Returns
    -------
    xarray.Dataset
        As that of `propagate`, of the forcing with the inputs as they are. The only `error_source`
        is "all inputs".

    Raises
    ------
    InputError
        As of `grid_forcing` and `propagate`.
    """
    _check_members(members)
    given = resolved_errors(errors)
    correlations = correlations_of(given, correlation, month_correlation)
    fields = resolve_inputs(inputs, grid=grid, months=months, fill_missing=fill_missing)
    drawn_inputs = DrawnInputs(fields, given, correlations, draw=draw)

    def run(drawn: xr.Dataset) -> xr.Dataset:
        return grid_forcing(drawn, grid=None, months=months, **settings)

    base = MonthlyMap(run(fields), regions=regions)
    means = MapMeans(base, forcings_of(base.fields))
    spread = {kind: Spread() for kind in means.means(means.values)}
    for _ in range(members):
        member = run(drawn_inputs.next())
        values = means.known(np.stack([base.flat(member[name]) for name in means.names]))
        for kind, found in means.means(values).items():
            spread[kind].add(found)
    attributes = told(given, correlations) | {
        "ensemble_members": str(members),
        "drawn_out_of_range": f"{drawn_inputs.share_out_of_range:.4f}",
    }
    parts = {kind: found.deviation[:, None] for kind, found in spread.items()}
    return means.dataset(parts, sources=[_ALL], attributes=attributes)


class DrawnInputs:
    """Inputs with errors, one set after the other.

    Parameters
    ----------
    fields
        From `resolve_inputs`.
    errors, correlations
        By variable.
    draw
        Root of the random numbers.
    """

    def __init__(
        self,
        fields: xr.Dataset,
        errors: Mapping[str, ErrorOf],
        correlations: Mapping[str, Correlation],
        *,
        draw: int,
    ) -> None:
        self._fields, self._map = fields, MonthlyMap(fields)
        self._random = np.random.default_rng(int(seed_key(draw)))
        self._sizes = {name: _sizes(self._map, name, error) for name, error in errors.items()}
        self._makers = {name: ErrorFields(self._map.places, c) for name, c in correlations.items()}
        self._drawn = self._outside = 0

    @property
    def share_out_of_range(self) -> float:
        """Share of all values drawn so far that had to be brought into their physical range."""
        return self._outside / max(self._drawn, 1)

    def next(self) -> xr.Dataset:
        """The next inputs."""
        inputs = self._fields
        for name, maker in self._makers.items():
            error = self._sizes[name] * maker.draw(len(self._map.months), random=self._random)
            inputs, outside = with_error(inputs, name, error.reshape(self._map.shape))
            self._drawn, self._outside = self._drawn + error.size, self._outside + outside
        return inputs


def _check_members(members: int) -> None:
    check_count("members", members)
    if members < 2:
        raise InputError("members=1 has no spread; give at least 2, better 50.")


def _sizes(places: MonthlyMap, name: str, error: ErrorOf) -> Floats:
    """Standard deviation of the error of an input, (month, cell)."""
    if name.startswith(_CLOUD):
        kind = name.removeprefix(_CLOUD)
        amount = places.fields["cloud_fraction"].sel(cloud_type=kind, drop=True)
        return places.flat(error_field(error, variable=name, fields=amount.to_dataset(name=name)))
    return places.flat(error_field(error, variable=name, fields=places.fields))


def with_error(inputs: xr.Dataset, name: str, error: Floats) -> tuple[xr.Dataset, int]:
    """Inputs with an error added to one of them, and how many values had to be brought into range.

    Parameters
    ----------
    inputs
        From `resolve_inputs`.
    name
        The variable; `cloud_<type>` is a part of `cloud_fraction`, which sums to 1 at most.
    error
        (month, lat, lon)
    """
    change = xr.DataArray(error, dims=("month", "lat", "lon"))
    if name.startswith(_CLOUD):
        return _with_cloud_error(inputs, name.removeprefix(_CLOUD), change)
    old = inputs[name]
    low, high = _range(name)
    wanted = old + change
    kept = wanted.clip(low, high)
    return inputs.assign({name: kept.transpose(*old.dims).assign_attrs(old.attrs)}), _differing(
        kept, wanted
    )


def _with_cloud_error(
    inputs: xr.Dataset, kind: str, change: xr.DataArray
) -> tuple[xr.Dataset, int]:
    old = inputs["cloud_fraction"]
    others = old.where(old["cloud_type"] != kind, 0.0).sum("cloud_type")
    wanted = old.sel(cloud_type=kind, drop=True) + change
    kept = wanted.clip(0.0, 1.0 - others)
    new = xr.where(old["cloud_type"] == kind, kept, old).transpose(*old.dims)
    return inputs.assign(cloud_fraction=new.assign_attrs(old.attrs)), _differing(kept, wanted)


def _differing(kept: xr.DataArray, wanted: xr.DataArray) -> int:
    return int(((kept != wanted) & wanted.notnull()).sum())


def _range(name: str) -> tuple[float, float]:
    """The values that a variable may have."""
    variable = VARIABLES[name]
    low, high = variable.valid_min, variable.valid_max
    inset = 1e-6 * (high - low) if variable.open_range else 0.0
    return low + inset, high - inset


class Spread:
    """Standard deviation of members that come one by one (Welford 1962, Technometrics 4, 419)."""

    def __init__(self) -> None:
        self._count = 0
        self._mean: Floats | float = 0.0
        self._squares: Floats | float = 0.0

    def add(self, member: Floats) -> None:
        """Add a member."""
        self._count += 1
        step = member - self._mean
        self._mean = self._mean + step / self._count
        self._squares = self._squares + step * (member - self._mean)

    @property
    def deviation(self) -> Floats:
        """Standard deviation of the population that the members are of."""
        return np.sqrt(self._squares / (self._count - 1))
