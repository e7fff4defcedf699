"""Station values beside a gridded field: which cell holds a station, and what both say there.

The assimilation schemes, their scores and the fit of the species constants all start here.
Stations in one cell cannot tell more about the cell than their mean, so they are averaged before
anything else, in value and in position.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from aeroforcing.core.canonical import canonicalise, check_ranges
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import lookup
from aeroforcing.grids.grid import grid_of
from aeroforcing.grids.sphere import unit_vectors
from aeroforcing.observations.fields import prepared

QUANTITIES = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom")


@dataclass(frozen=True)
class Observations:
    """What stations and background say in one month, one entry per cell that holds a station."""

    cell: np.ndarray  # flat number of the cell
    places: np.ndarray  # (entry, 3) unit vectors of the mean position of the cell's stations
    observed: np.ndarray
    background: np.ndarray  # of the cell
    members: np.ndarray  # how many stations were averaged


@dataclass(frozen=True)
class Matchup:
    """A field and a network of stations on its grid."""

    template: xr.DataArray  # the field, over (month, lat, lon) or (lat, lon)
    background: np.ndarray  # (month, cell)
    observed: np.ndarray  # (month, station), NaN where missing
    averaging_weight: np.ndarray  # (month, station), NaN where unknown
    cell: np.ndarray  # (station,) flat number of the cell of the station
    lat: np.ndarray  # (station,) [degrees]
    lon: np.ndarray  # (station,) [degrees], within 180 degrees of the centre of its cell
    places: np.ndarray  # (cell, 3) unit vectors of the centres of the cells
    counts: dict[str, int | str]  # what was left out, and why

    def months(self) -> Iterator[Observations]:
        """The observations of one month after the other."""
        for background, observed, weight in zip(
            self.background, self.observed, self.averaging_weight, strict=True
        ):
            usable = np.isfinite(observed) & np.isfinite(background[self.cell])
            yield self._averaged(background, observed, weight, np.flatnonzero(usable))

    def _averaged(
        self, background: np.ndarray, observed: np.ndarray, weight: np.ndarray, used: np.ndarray
    ) -> Observations:
        """Means over the stations of each cell."""
        cell, entry, members = np.unique(self.cell[used], return_inverse=True, return_counts=True)

        def mean(values: np.ndarray) -> np.ndarray:
            return np.bincount(entry, values[used], cell.size) / members

        # Where one station of a cell has no weight, all of the cell count the same.
        known = np.isfinite(np.bincount(entry, weight[used], cell.size))[entry]
        share = np.where(known, weight[used], 1.0)
        observed_mean = np.bincount(entry, share * observed[used], cell.size)
        return Observations(
            cell=cell,
            places=unit_vectors(mean(self.lat), mean(self.lon)),
            observed=observed_mean / np.bincount(entry, share, cell.size),
            background=background[cell],
            members=members,
        )


def match(
    background: xr.DataArray,
    stations: xr.Dataset,
    *,
    quantity: str,
    max_elevation_difference: float | None = None,
    surface_altitude: xr.DataArray | None = None,
) -> Matchup:
    """Put a network of stations on the grid of a field.

    Parameters
    ----------
    background : xarray.DataArray
        The field over `lat`, `lon` and perhaps `month`, NaN where missing.
    stations : xarray.Dataset
        `quantity` over `station` and perhaps `month`, with coordinates `lat`, `lon` [degrees]
        and, for the filter, `elevation` [m].
    quantity : str
        One of `QUANTITIES`.
    max_elevation_difference : float, optional
        Stations higher than this above the surface are left out [m]; None keeps all. A station
        of unknown elevation is kept.
    surface_altitude : xarray.DataArray, optional
        Altitude of the surface on the grid of `background` [m]; without it, sea level.

    Returns
    -------
    Matchup
        A field or a network without months counts for every month of the other. Months that
        only the network has are left out.
    """
    _check_quantity(quantity)
    field = _prepared_field(background, quantity)
    network = _prepared_stations(stations, quantity)
    field = _with_months_of(field, network)
    cell, lon = _cells(field, network)
    high = _too_high(network, cell, field, max_elevation_difference, surface_altitude)
    used = (cell >= 0) & ~high
    network, cell, lon = network.isel(station=used), cell[used], lon[used]
    observed = _by_month(network[quantity], field)
    values = np.asarray(field, dtype=float).reshape(len(observed), -1)
    dry = np.isfinite(observed) & np.isnan(values[:, cell])
    counts: dict[str, int | str] = {
        "stations_used": int(np.isfinite(observed).any(axis=0).sum()),
        "stations_outside_grid": int(used.size - high.sum() - used.sum()),
        "stations_too_high": _names(stations, high),
        "station_months_without_background": int(dry.sum()),
    }
    centres = np.meshgrid(field["lat"], field["lon"], indexing="ij")
    return Matchup(
        template=field,
        background=values,
        observed=observed,
        averaging_weight=_averaging_weight(network, quantity, field),
        cell=cell,
        lat=np.asarray(network["lat"], dtype=float),
        lon=lon,
        places=unit_vectors(*centres).reshape(-1, 3),
        counts=counts,
    )


def _check_quantity(quantity: str) -> None:
    """Refuse a quantity that no scheme knows."""
    if quantity not in QUANTITIES:
        raise InputError(f"quantity {quantity!r} is none of {', '.join(QUANTITIES)}.")


def _prepared_field(background: xr.DataArray, quantity: str) -> xr.DataArray:
    """The field under the name of the quantity, checked, as (month, lat, lon)."""
    extra = [str(dim) for dim in background.dims if dim not in ("month", "lat", "lon")]
    if extra:
        raise InputError(
            f"the background field ({background.name}) has the dimension {', '.join(extra)}; "
            "besides lat and lon it may have only month. Make a monthly climatology first."
        )
    field = prepared(background.rename(background.name or quantity), source="the background field")
    if lookup(str(field.name)) and field.name != quantity:
        raise InputError(f"the background field holds {field.name}, but {quantity} is asked for.")
    return field.rename(quantity)


def _prepared_stations(stations: xr.Dataset, quantity: str) -> xr.Dataset:
    """The network with canonical names, its coordinates and values checked."""
    network = canonicalise(stations, source="the stations")
    for name in (quantity, "lat", "lon"):
        if name not in network.variables:
            raise InputError(f"the stations have no {name!r}; they hold {list(network.variables)}.")
    extra = [str(dim) for dim in network[quantity].dims if dim not in ("month", "station")]
    if extra or "station" not in network[quantity].dims:
        raise InputError(
            f"{quantity} of the stations has dimensions {network[quantity].dims}; station is "
            "needed, and only month may be beside it."
        )
    check_ranges(network[[quantity]], source="the stations")
    lat, lon = np.asarray(network["lat"], dtype=float), np.asarray(network["lon"], dtype=float)
    astray = ~((np.abs(lat) <= 90.0) & (np.abs(lon) <= 360.0))
    if astray.any():
        raise InputError(
            f"{astray.sum()} stations have no position on the globe, the first is "
            f"{_names(network, astray).split(', ')[0]} at lat {lat[astray][0]}, lon "
            f"{lon[astray][0]}; -90 to 90 and -360 to 360 degrees are allowed."
        )
    return network


def _with_months_of(field: xr.DataArray, network: xr.Dataset) -> xr.DataArray:
    """The field, repeated for every month of the network where it has no months itself."""
    if "month" in field.dims or "month" not in network.dims:
        return field
    return field.drop_vars("month", errors="ignore").expand_dims(month=network["month"].values)


def _by_month(values: xr.DataArray, field: xr.DataArray) -> np.ndarray:
    """(month, station) values for the months of the field, NaN where the network has none."""
    if "month" not in field.dims:
        return np.asarray(values, dtype=float)[None, :]
    if "month" in values.dims:
        values = values.reindex(month=field["month"].values)
    else:
        values = values.expand_dims(month=field["month"].values)
    return np.asarray(values.transpose("month", "station"), dtype=float)


def _averaging_weight(network: xr.Dataset, quantity: str, field: xr.DataArray) -> np.ndarray:
    """What the values of stations in one cell are weighted with.

    SSA is a mean over extinction and the asymmetry parameter over scattering, so they are
    weighted with the (scattering) optical depth where the network has it.
    """
    even = xr.ones_like(network[quantity])
    if quantity not in ("ssa", "asymmetry") or "aod" not in network:
        return _by_month(even, field)
    weight = network["aod"] * even
    if quantity == "asymmetry" and "ssa" in network:
        weight = weight * network["ssa"]
    return _by_month(weight.where(weight > 0), field)


def _cells(field: xr.DataArray, network: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Flat number of the cell of every station, -1 outside the grid, and its longitude.

    The longitude is turned to within 180 degrees of the centre of the cell, so that means over a
    cell at the date line are right.
    """
    grid = grid_of(field)
    lat, lon = np.asarray(network["lat"], dtype=float), np.asarray(network["lon"], dtype=float)
    row = _interval(np.asarray(grid["lat_bnds"]), lat)
    bounds = np.asarray(grid["lon_bnds"])
    column = _interval(bounds, bounds[0, 0] + (lon - bounds[0, 0]) % 360.0)
    cell = np.where((row >= 0) & (column >= 0), row * len(bounds) + column, -1)
    centre = np.asarray(grid["lon"])[column]
    return cell, centre + (lon - centre + 180.0) % 360.0 - 180.0


def _interval(bounds: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Number of the interval (n, 2) that holds each value; -1 where none does."""
    number = np.maximum(np.searchsorted(bounds[:, 0], values, side="right") - 1, 0)
    inside = (values >= bounds[number, 0]) & (values <= bounds[number, 1])
    return np.where(inside, number, -1)


def _too_high(
    network: xr.Dataset,
    cell: np.ndarray,
    field: xr.DataArray,
    limit: float | None,
    surface_altitude: xr.DataArray | None,
) -> np.ndarray:
    """Mask of the stations on the grid that stand more than `limit` above the surface."""
    if limit is None or "elevation" not in network.variables:
        return np.zeros(cell.shape, dtype=bool)
    surface = np.zeros(field["lat"].size * field["lon"].size)
    if surface_altitude is not None:
        surface = _altitude_on(field, surface_altitude)
    elevation = np.asarray(network["elevation"], dtype=float)
    return (cell >= 0) & (elevation - surface[cell] > limit)


def _altitude_on(field: xr.DataArray, surface_altitude: xr.DataArray) -> np.ndarray:
    """Altitude of the surface in every cell of the field [m]; sea level where it is missing."""
    named = surface_altitude.rename("surface_altitude")
    altitude = prepared(named, source="the surface altitude")
    for axis in ("lat", "lon"):
        ours, theirs = field[axis].values, altitude[axis].values
        if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=0, atol=1e-4):
            raise InputError(
                f"the surface altitude has {theirs.size} values of {axis}, the background field "
                f"{ours.size}, or others; regrid it to the grid of the field first."
            )
    return np.nan_to_num(np.asarray(altitude, dtype=float)).ravel()


def _names(stations: xr.Dataset, chosen: np.ndarray) -> str:
    """Names of the chosen stations, or their numbers where they have no names."""
    return ", ".join(str(name) for name in np.asarray(stations["station"])[chosen])
