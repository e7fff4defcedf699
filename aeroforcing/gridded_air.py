"""The atmosphere of maps from the user's own gridded state, in place of the built-in climatology.

Pressure, temperature, humidity and ozone of a model or reanalysis (`model_state` tells how they are
read) are interpolated bilinearly to the middle of each cell. Levels below the cell's surface
pressure are left out, altitudes follow from hydrostatic balance up from the cell's surface, and
above the highest level the built-in climatology goes on, from the same pressure. The layers are
those of the climatology (`builtin_atmosphere.LAYER_BOUNDS`), with means weighted by the density of
the air.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.atmosphere import WELL_MIXED
from aeroforcing.builtin_atmosphere import LEVEL_FRACTIONS, TRACE, Profiles, TerrainColumns
from aeroforcing.constants import MOLAR_MASS_DRY_AIR, MOLAR_MASS_OZONE, MOLAR_MASS_WATER
from aeroforcing.errors import InputError
from aeroforcing.gases import GASES, layer_pressure
from aeroforcing.joined_profiles import fill_cells
from aeroforcing.model_state import ModelState, model_state
from aeroforcing.netcdf import open_input

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]

_NEGATIVE_ROUNDING = -1e-5  # mixing ratios that spectral models leave below 0


@dataclass(frozen=True)
class GriddedAir:
    """Profiles on a grid, levels from the top down; longitudes rise, and go round once."""

    source: str
    months: tuple[int, ...]  # () if the state is the same in all months
    lat: Floats  # (lat,) rising
    lon: Floats  # (lon,) rising
    log_pressure: Floats  # (month, lat, lon, level) [log Pa]
    temperature: Floats  # (month, lat, lon, level) [K]
    log_fractions: Floats  # (month, lat, lon, 2, level) of water vapour and ozone, per dry air
    surface_pressure: Floats  # (month, lat, lon) [Pa]
    has_ozone: bool

    def columns(
        self,
        *,
        month: Ints,
        latitude: Floats,
        longitude: Floats,
        surface_altitude: Floats,
        climatology: Profiles,
        lat_index: Ints,
    ) -> TerrainColumns:
        """Columns at places.

        Parameters
        ----------
        month
            (cell,) 1..12.
        latitude, longitude
            (cell,) [degrees north, degrees east].
        surface_altitude
            (cell,) [m].
        climatology
            What goes on above the highest level, and the ozone where the state has none.
        lat_index
            (cell,) places in the climatology.

        Raises
        ------
        InputError
            The state does not have a month.
        """
        n_cells, n_layers = len(surface_altitude), len(LEVEL_FRACTIONS) - 1
        altitude, pressure = np.empty((2, n_cells, n_layers + 1))
        temperature = np.empty((n_cells, n_layers))
        fractions = np.empty((n_cells, 2, n_layers))
        corners = self._corners(month, latitude, longitude)
        fill_cells(
            self._at(self.log_pressure, corners), self._at(self.temperature, corners),
            self._at(self.log_fractions, corners), self._at(self.surface_pressure, corners),
            np.asarray(surface_altitude, dtype=float), climatology, np.asarray(month) - 1,
            np.asarray(lat_index), self.has_ozone, LEVEL_FRACTIONS, altitude, pressure, temperature,
            fractions,
        )  # fmt: skip
        mole_fractions = np.empty((n_cells, len(GASES), n_layers))
        for gas, value in WELL_MIXED.items():
            mole_fractions[:, GASES.index(gas)] = value
        mole_fractions[:, [GASES.index("h2o"), GASES.index("o3")]] = fractions
        return TerrainColumns(
            altitude, pressure, layer_pressure(pressure), temperature, mole_fractions
        )

    def _corners(
        self, month: Ints, latitude: Floats, longitude: Floats
    ) -> list[tuple[tuple[Ints, Ints, Ints], Floats]]:
        """Places of the four values around each cell, and their weights."""
        step = self._steps(np.asarray(month))
        i, north = _between(self.lat, np.clip(latitude, self.lat[0], self.lat[-1]))
        round_once = np.append(self.lon, self.lon[0] + 360.0)
        j, east = _between(round_once, (np.asarray(longitude) - self.lon[0]) % 360.0 + self.lon[0])
        n = self.lon.size
        return [
            ((step, i, j), (1 - north) * (1 - east)),
            ((step, i, (j + 1) % n), (1 - north) * east),
            ((step, np.minimum(i + 1, self.lat.size - 1), j), north * (1 - east)),
            ((step, np.minimum(i + 1, self.lat.size - 1), (j + 1) % n), north * east),
        ]

    def _steps(self, month: Ints) -> Ints:
        if not self.months:
            return np.zeros(month.size, dtype=int)
        absent = sorted(set(month.tolist()) - set(self.months))
        if absent:
            raise InputError(
                f"{self.source}: the atmosphere has the months {', '.join(map(str, self.months))}, "
                f"not {', '.join(map(str, absent))}."
            )
        return np.array([self.months.index(m) for m in month.tolist()])

    @staticmethod
    def _at(field: Floats, corners: list[tuple[tuple[Ints, Ints, Ints], Floats]]) -> Floats:
        """A field at the cells, (cell, ...)."""
        extra = (1,) * (field.ndim - 3)
        return sum(field[place] * weight.reshape(-1, *extra) for place, weight in corners)  # type: ignore[return-value]


def gridded_air(atmosphere: xr.Dataset | str | os.PathLike[str]) -> GriddedAir:
    """A gridded state of the atmosphere for maps.

    Parameters
    ----------
    atmosphere
        Dataset or netCDF file with air_temperature, specific_humidity and perhaps ozone over
        (month or time, level, lat, lon) and surface_air_pressure over (month or time, lat, lon);
        names, units, pressures and order as for `columns_from`. Without month or time it is the
        same in all months.

    Raises
    ------
    InputError
        It cannot be read, is not on a grid of latitudes and longitudes, or not of single months.
    """
    source = "the given atmosphere"
    if not isinstance(atmosphere, xr.Dataset):
        source, atmosphere = Path(atmosphere).name, open_input(atmosphere)
    named = atmosphere.rename({k: v for k, v in _AXES.items() if k in atmosphere.dims})
    for axis in ("lat", "lon"):
        if axis not in named.coords or named[axis].ndim != 1:
            raise InputError(f"{source}: has no axis {axis}; the atmosphere of a map is on a grid.")
    ordered = named.assign_coords(lon=named["lon"] % 360.0).sortby(["lat", "lon"])
    months = _months(ordered, source)
    in_order = ordered.transpose("time", ..., "lat", "lon", missing_dims="ignore")
    state = model_state(in_order, source=source)
    if len(state.places) != max(len(months), 1) * ordered.lat.size * ordered.lon.size:
        raise InputError(
            f"{source}: the atmosphere must be over (month or time, level, lat, lon) alone."
        )
    return _on_its_grid(state, months, ordered)


_AXES = {"latitude": "lat", "longitude": "lon", "month": "time", "valid_time": "time"}


def _months(dataset: xr.Dataset, source: str) -> tuple[int, ...]:
    """The calendar month of each time step."""
    if "time" not in dataset.dims:
        return ()
    time = dataset["time"] if "time" in dataset.coords else None
    if time is None:
        raise InputError(f"{source}: its times have no coordinate; give dates or months 1 to 12.")
    numbers = time.dt.month.values if time.dtype.kind in "MO" else time.values
    months = tuple(int(number) for number in numbers)
    if len(set(months)) < len(months) or not set(months) <= set(range(1, 13)):
        raise InputError(
            f"{source}: its times are the months {', '.join(map(str, months))}; each must be there "
            "once. Of several years or days make monthly means first."
        )
    return months


def _on_its_grid(state: ModelState, months: tuple[int, ...], dataset: xr.Dataset) -> GriddedAir:
    shape = (max(len(months), 1), dataset.lat.size, dataset.lon.size)
    humidity = _ratio(state, "humidity")
    h2o = humidity / (1.0 - humidity) * (MOLAR_MASS_DRY_AIR / MOLAR_MASS_WATER)
    o3 = np.full_like(h2o, TRACE)
    if "ozone_mass" in state.values:
        mass = _ratio(state, "ozone_mass") / (1.0 - humidity)
        o3 = mass * (MOLAR_MASS_DRY_AIR / MOLAR_MASS_OZONE)
    elif "ozone_mole" in state.values:
        o3 = _ratio(state, "ozone_mole") * (1.0 + h2o)
    logs = np.log(np.maximum(np.stack([h2o, o3], axis=1), TRACE))
    return GriddedAir(
        source=state.source,
        months=months,
        lat=dataset.lat.values.astype(float),
        lon=dataset.lon.values.astype(float),
        log_pressure=np.log(state.pressure).reshape(*shape, -1),
        temperature=state.values["temperature"].reshape(*shape, -1),
        log_fractions=logs.reshape(*shape, 2, -1),
        surface_pressure=state.fields["surface_pressure"].reshape(shape),
        has_ozone=bool({"ozone_mass", "ozone_mole"} & set(state.values)),
    )


def _ratio(state: ModelState, name: str) -> Floats:
    values = state.values[name]
    bad = (values < _NEGATIVE_ROUNDING) | (values >= 1.0)
    if bad.any():
        column, level = np.argwhere(bad)[0]
        raise InputError(
            f"{state.source}: {name.replace('_', ' ')} is out of range in {int(bad.sum())} of "
            f"{bad.size} places, first at {state.places[column]}, level {level}, with "
            f"{values[column, level]:g}; it must be at least 0 and below 1. Check its units."
        )
    return np.maximum(values, 0.0)


def _between(points: Floats, x: Floats) -> tuple[Ints, Floats]:
    """Place of the lower neighbour, and the share of the way to the next."""
    if points.size == 1:
        return np.zeros(np.size(x), dtype=int), np.zeros(np.size(x))
    i = np.clip(np.searchsorted(points, x, side="right") - 1, 0, points.size - 2)
    return i, (x - points[i]) / (points[i + 1] - points[i])
