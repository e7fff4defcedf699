"""What the errors of the inputs mean for the forcing, to first order, by radiative kernels.

The error of a forcing F by that of one input x is |dF/dx| times its standard deviation; that of a
mean is the root of

    sum over cells i, j of  w_i w_j (dF/dx)_i (dF/dx)_j s_i s_j r_ij

with the weights w of the mean, the standard deviations s and the correlation r of the errors
(`error_correlation`). The inputs' errors are taken as independent of each other. Beside them, and
kept apart, is the standard error of the Monte Carlo sampling, independent from cell to cell.

References
----------
JCGM 100:2008, Guide to the expression of uncertainty in measurement, section 5. Radiative kernels
for the budget of aerosol effects: Thorsen et al. (2021), doi:10.1175/JCLI-D-19-1009.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.analysis.error_correlation import (
    SYSTEMATIC,
    Correlation,
    correlation_of,
    variance_of_sums,
)
from aeroforcing.analysis.map_weights import MonthlyMap
from aeroforcing.core.arrays import Floats
from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.kernel_names import check_kernels, forcings_of, quantity_of, sensitivity
from aeroforcing.core.variables import STDERR_SUFFIX, stamp
from aeroforcing.grids.regions import Extent
from aeroforcing.inputs.uncertainty import (
    ErrorOf,
    Errors,
    description,
    error_field,
    resolved_errors,
)

CorrelationOf = str | float | Mapping[str, str | float]

# What the values of a map become, and the dimensions after those of the errors' sources.
CELLS, ANNUAL, ZONAL, REGIONAL = "", "annual_", "zonal_", "regional_"
ERROR_SOURCE = "error_source"


@suggest_keywords
def propagate(
    forcing: xr.Dataset,
    errors: Errors,
    *,
    correlation: CorrelationOf = SYSTEMATIC,
    month_correlation: float | None = None,
    regions: Mapping[str, Extent] | None = None,
) -> xr.Dataset:
    """Errors of the forcing by those of its inputs, of cells and of means.

    Parameters
    ----------
    forcing
        Monthly map of `grid_forcing(kernels=True)`.
    errors
        Standard deviation of the error by variable (`aod`, `ssa`, `asymmetry`, `angstrom`,
        `coalbedo_angstrom`, `surface_albedo`, `cloud_cumulus` and the like): a number or field in
        its unit, a text such as "0.01", "10%" or "0.05+15%", or the name of a preset
        (`uncertainty.PRESETS`). The name of a preset alone stands for all that it tells.
    correlation
        Of the errors of different cells: "none"; "systematic", the same error everywhere; or a
        length, such as "1000 km" (exponential), "gaussian 1000 km" or 1e6 [m]. One for all, or by
        variable; those that are not named are systematic.
    month_correlation
        Of the errors in different months, 0 to 1; by default 0 with "none" and else 1.
    regions
        Boxes to average over, besides the globe, land, ocean and the hemispheres: name -> west,
        east, south, north [degrees].

    Returns
    -------
    xarray.Dataset
        Each forcing over (time, lat, lon), and with `annual_` over (lat, lon), `zonal_` over lat
        and `regional_` over region in front of its name; after its name `_sampling_error`,
        `_input_error`, `_total_error` (the root of the sum of the two squares) and
        `_input_error_part` over (error_source, ...) [W m-2]; the aerosol's properties [1]. The
        attributes `uncertainty` and
        `error_correlations` tell what was assumed.

    Raises
    ------
    InputError
        A kernel is missing, an error or correlation cannot be used, or an absolute error of the
        AOD is given in cells without aerosol, of which the kernel tells nothing.
    """
    given = resolved_errors(errors)
    check_kernels(forcing, map(quantity_of, given))
    monthly = MonthlyMap(forcing, regions=regions)
    means = MapMeans(monthly, forcings_of(monthly.fields))
    correlations = correlations_of(given, correlation, month_correlation)
    parts = {
        name: means.parts(input_terms(means, name, error), correlations[name])
        for name, error in given.items()
    }
    joined = {
        kind: np.stack([parts[name][kind] for name in given], axis=1)
        for kind in (CELLS, ANNUAL, ZONAL, REGIONAL)
    }
    return means.dataset(joined, sources=list(given), attributes=told(given, correlations))


def correlations_of(
    errors: Mapping[str, ErrorOf], given: CorrelationOf, months: float | None
) -> dict[str, Correlation]:
    """The correlation of the errors of each variable.

    Raises
    ------
    InputError
        One cannot be used, or is of a variable without an error.
    """
    by_name = given if isinstance(given, Mapping) else dict.fromkeys(errors, given)
    strange = sorted(set(by_name) - set(errors))
    if strange:
        raise InputError(f"correlation: {', '.join(strange)} has no error; give one, or leave out.")
    return {name: correlation_of(by_name.get(name, SYSTEMATIC), months=months) for name in errors}


def told(errors: Mapping[str, ErrorOf], correlations: Mapping[str, Correlation]) -> dict[str, str]:
    """Attributes that tell what was assumed about the errors."""
    return {
        "input_errors": "\n".join(f"{name}: {description(e)}" for name, e in errors.items()),
        "error_correlations": "\n".join(f"{name}: {c}" for name, c in correlations.items()),
    }


class MapMeans:
    """The forcings of a map by month and cell, and the errors of their means.

    Parameters
    ----------
    monthly
        The map.
    names
        Of its forcings. What is missing in one is missing in all means.
    """

    def __init__(self, monthly: MonthlyMap, names: Sequence[str]) -> None:
        self.map, self.names = monthly, list(names)
        values = np.stack([monthly.flat(monthly.fields[name]) for name in names])
        self.present = np.logical_and.reduce(np.isfinite(values), axis=0)
        self.values = self.known(values)  # (forcing, month, cell)
        self._annual = monthly.annual_weights(self.present)
        self._regions = monthly.region_weights(self.present)
        self._zones = monthly.zone_weights(self.present)

    def known(self, values: Floats) -> Floats:
        """Values with 0 where the forcing is missing."""
        return np.where(self.present, values, 0.0)

    def means(self, values: Floats) -> dict[str, Floats]:
        """Means of (forcing, month, cell) by kind, each (forcing, ...)."""
        annual = (self._annual * values).sum(axis=1)
        rows = annual.reshape(len(values), *self._zones.shape)
        return {
            CELLS: values,
            ANNUAL: annual,
            ZONAL: (rows * self._zones).sum(axis=-1),
            REGIONAL: annual @ self._regions.T,
        }

    def sampling(self) -> dict[str, Floats]:
        """Standard errors by sampling of the means, of independent cells, by kind."""
        fields, flat = self.map.fields, self.map.flat
        absent = [name for name in self.names if name + STDERR_SUFFIX not in fields]
        if absent:
            raise InputError(f"The forcing lacks {absent[0]}{STDERR_SUFFIX}.")
        stderr = np.stack([flat(fields[name + STDERR_SUFFIX]) for name in self.names])
        independent = correlation_of("none")
        return self.parts(self.known(stderr), independent)

    def parts(self, terms: Floats, correlation: Correlation) -> dict[str, Floats]:
        """Errors by one input of the means, by kind.

        Parameters
        ----------
        terms
            (forcing, month, cell) errors of the cells, with the signs of the sensitivities.
        correlation
            Of these errors.

        Returns
        -------
        Kind -> (forcing, ...).
        """
        annual = terms * self._annual
        return {
            CELLS: np.abs(terms),
            ANNUAL: _over_months(annual, correlation),
            ZONAL: self._zonal(annual, correlation),
            REGIONAL: self._regional(annual, correlation),
        }

    def _zonal(self, annual: Floats, correlation: Correlation) -> Floats:
        rows, columns = self._zones.shape
        terms = annual.reshape(*annual.shape[:2], rows, columns) * self._zones
        places = self.map.places.reshape(rows, columns, 3)
        by_row = [
            variance_of_sums(
                terms[:, :, row].swapaxes(0, 1), places=places[row], correlation=correlation
            )
            for row in range(rows)
        ]
        return np.sqrt(np.stack(by_row, axis=-1))

    def _regional(self, annual: Floats, correlation: Correlation) -> Floats:
        terms = annual.swapaxes(0, 1)[:, :, None] * self._regions  # (month, forcing, region, cell)
        sums = terms.reshape(terms.shape[0], -1, terms.shape[-1])
        variance = variance_of_sums(sums, places=self.map.places, correlation=correlation)
        return np.sqrt(variance.reshape(len(annual), -1))

    def dataset(
        self, parts: Mapping[str, Floats], *, sources: Sequence[str], attributes: Mapping[str, str]
    ) -> xr.Dataset:
        """The forcings and their errors as a Dataset.

        Parameters
        ----------
        parts
            Kind -> (forcing, source, ...) errors by each input.
        sources
            Names of the inputs.
        attributes
            Added to those of the forcing.
        """
        values, sampling = self.means(self.values), self.sampling()
        absent = self._absent()
        fields = {}
        for kind in parts:
            estimates = Estimates(values[kind], sampling[kind], parts[kind])
            for name, array in estimates.named(kind, self.names).items():
                fields[name] = self._variable(kind, np.where(absent[kind], np.nan, array))
        own = {ERROR_SOURCE: list(sources), "region": self.map.regions}
        attrs = {**self.map.fields.attrs, **attributes}
        budget = xr.Dataset(fields, coords={**self.map.coords, **own}, attrs=attrs)
        optics = {name: self.map.fields[name] for name in OPTICAL if name in self.map.fields}
        return stamp(budget.assign(optics))

    def _absent(self) -> dict[str, NDArray[np.bool_]]:
        """Where the means have nothing to be of, by kind."""
        annual = ~np.logical_or.reduce(self.present, axis=0)
        return {
            CELLS: ~self.present,
            ANNUAL: annual,
            ZONAL: np.logical_and.reduce(annual.reshape(self._zones.shape), axis=1),
            REGIONAL: self._regions.sum(axis=1) == 0.0,
        }

    def _variable(self, kind: str, values: Floats) -> tuple[tuple[str, ...], Floats]:
        """Values of a kind, perhaps by sources, as a variable of a Dataset."""
        steps, lat, lon = self.map.dims
        dims = {CELLS: (steps, lat, lon), ANNUAL: (lat, lon), ZONAL: (lat,), REGIONAL: ("region",)}
        own = dims[kind]
        sizes = [
            len(self.map.regions) if dim == "region" else self.map.fields.sizes[dim] for dim in own
        ]
        flat = {CELLS: 2, ANNUAL: 1, ZONAL: 1, REGIONAL: 1}[kind]
        leading = values.shape[: values.ndim - flat]
        return ((ERROR_SOURCE,) * len(leading) + own), values.reshape(*leading, *sizes)


class Estimates(NamedTuple):
    """Forcings with their errors, of cells or of means."""

    values: Floats  # (forcing, ...)
    sampling: Floats  # (forcing, ...)
    parts: Floats  # (forcing, source, ...)

    def named(self, kind: str, names: Sequence[str]) -> dict[str, Floats]:
        """All of it by the names of variables."""
        by_input = np.sqrt((self.parts**2).sum(axis=1))
        total = np.hypot(self.sampling, by_input)
        arrays = {
            "": self.values,
            "_sampling_error": self.sampling,
            "_input_error": by_input,
            "_total_error": total,
            "_input_error_part": self.parts,
        }
        return {
            f"{kind}{name}{suffix}": array[place]
            for place, name in enumerate(names)
            for suffix, array in arrays.items()
        }


def _over_months(terms: Floats, correlation: Correlation) -> Floats:
    """Errors of sums over the months of each cell, (forcing, cell)."""
    common, own = terms.sum(axis=1) ** 2, (terms**2).sum(axis=1)
    return np.sqrt(correlation.months * common + (1.0 - correlation.months) * own)


def input_terms(means: MapMeans, variable: str, error: ErrorOf) -> Floats:
    """Errors of the cells by that of one input, with the signs of the sensitivities.

    Returns
    -------
    (forcing, month, cell) [W m-2].
    """
    fields, flat = means.map.fields, means.map.flat
    sizes = flat(error_field(error, variable=variable, fields=fields))
    _check_sizes(means, variable, sizes)
    return np.stack(
        [
            np.where(means.present, flat(sensitivity(fields, variable, name)) * sizes, 0.0)
            for name in means.names
        ]
    )


def _check_sizes(means: MapMeans, variable: str, sizes: Floats) -> None:
    unknown = means.present & ~np.isfinite(sizes)
    if unknown.any():
        raise InputError(
            f"errors: that of {variable} is missing in {unknown.sum()} cells and months in which "
            "there is a forcing; give it everywhere."
        )
    if variable != "aod":
        return
    bare = means.present & (means.map.flat(means.map.fields["aod"]) == 0.0) & (sizes > 0.0)
    if bare.any():
        raise InputError(
            f"errors: {bare.sum()} cells and months have no aerosol, so that the kernel by log_aod "
            "does not tell what an absolute error of the AOD does there. Give a relative error "
            "('10%'), a field that is 0 there, or use propagate_ensemble."
        )
