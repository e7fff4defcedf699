"""The state of the atmosphere among the inputs of a map, in place of the built-in climatology.

Pressure, temperature, humidity, ozone and other gases of a model or reanalysis (`model_levels`
tells how they are read) become fields over (month, air_level, lat, lon), and go to the grid
of the run by
overlapping area as all other fields do. In a cell, altitudes follow from hydrostatic balance up
from its surface, which has the given pressure; the levels end there, and above the highest one the
built-in climatology goes on, from the same pressure. The layers are those of the
climatology (`atmosphere.LAYER_BOUNDS`), with means weighted by the density of the air.

Reanalyses leave levels below the ground empty. Where a level lies there, it has the values of the
lowest level that is known; any other gap makes the column missing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.columns.atmosphere import WELL_MIXED
from aeroforcing.core.arrays import Floats
from aeroforcing.core.canonical import claimed_names, converted
from aeroforcing.core.constants import MOLAR_MASS_DRY_AIR, MOLAR_MASS_OZONE, MOLAR_MASS_WATER
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES
from aeroforcing.inputs.builtin.atmosphere import (
    LEVEL_FRACTIONS,
    TRACE,
    Profiles,
    TerrainColumns,
    columns_over_terrain,
)
from aeroforcing.inputs.joined_profiles import Filled, State, fill_cells
from aeroforcing.inputs.model_levels import ModelState, model_state, state_names, vertical_of
from aeroforcing.optics.gas_table import GASES
from aeroforcing.optics.gases import layer_pressure

Ints = NDArray[np.integer]

LEVEL = "air_level"
_OTHER_GASES = {f"{gas}_mole_fraction": gas for gas in ("co2", "ch4", "n2o")}
AIR = (
    "air_pressure",
    "air_temperature",
    "specific_humidity",
    "surface_pressure",
    "o3_mole_fraction",
    *_OTHER_GASES,
)
"""Names of the fields of the state among the inputs; the last four may be absent."""

_NEGATIVE_ROUNDING = -1e-5  # mixing ratios that spectral models leave below 0

# Share of the surface pressure; the ground of a monthly mean is not sharp.
_BELOW_GROUND = 0.97

WIND = "wind_speed"
_NAMES = (WIND, "sfcwind", "si10")


def air_names(dataset: xr.Dataset, *, source: str) -> list[str]:
    """Names of the variables of a dataset that are the state of the atmosphere.

    An altitude of the surface that is an input by itself is not among them.

    Raises
    ------
    InputError
        Two variables are the same quantity.
    """
    names = state_names(dataset)
    claimed = claimed_names(dataset[[n for n in names if n in dataset.data_vars]], source=source)
    return [name for name in names if claimed.get(name) != "surface_altitude"]


def air_fields(dataset: xr.Dataset, *, source: str) -> xr.Dataset:
    """The state of the atmosphere of a dataset as fields of the inputs.

    Parameters
    ----------
    dataset
        The variables of the state (`model_levels.state_names`), in memory.
    source
        File or other origin, for the messages.

    Returns
    -------
    Dataset of the names of `AIR`, as far as the dataset has them, over (`air_level`, ...), levels
    from the top down, in SI units and mole fractions per moist air; and `surface_altitude` [m].
    Columns with gaps are missing as a whole.

    Raises
    ------
    InputError
        Temperature, humidity or surface pressure is not found, or something cannot be used.
    """
    state = model_state(dataset, source=source, complete=False)
    levels = state.pressure.shape[1]
    if levels < 2:
        raise InputError(f"{source}: the atmosphere is on one level; give two or more.")
    state = _continued_below_ground(state)
    gaps = _gaps(state)
    on_levels = {
        "air_pressure": state.pressure,
        "air_temperature": state.values["temperature"],
        "specific_humidity": _ratio(state, "humidity"),
        **_mole_fractions(state),
    }
    over = {**state.shape, LEVEL: levels}
    arrays = {
        name: xr.DataArray(
            np.where(gaps[:, None], np.nan, values).reshape(*over.values()), dims=tuple(over)
        )
        for name, values in on_levels.items()
    }
    for name in {"surface_pressure", "surface_altitude"} & set(state.fields):
        values = np.where(gaps, np.nan, state.fields[name])
        arrays[name] = xr.DataArray(values.reshape(*state.shape.values()), dims=tuple(state.shape))
    axes = {dim: dataset[dim].variable for dim in state.shape if dim in dataset.coords}
    return xr.Dataset(arrays, axes)


def _continued_below_ground(state: ModelState) -> ModelState:
    """The state with the lowest known values at the empty levels below the ground."""
    empty = np.any([np.isnan(values) for values in state.values.values()], axis=0)
    level = np.arange(empty.shape[1])
    lowest = level[-1] - np.argmin(empty[:, ::-1], axis=1)[:, None]
    ground = state.fields["surface_pressure"][:, None]
    below = empty & (level > lowest) & (state.pressure > _BELOW_GROUND * ground)
    place = np.where(below, lowest, level)
    filled = {name: np.take_along_axis(v, place, axis=1) for name, v in state.values.items()}
    return state._replace(values=filled)


def _gaps(state: ModelState) -> NDArray[np.bool_]:
    """Mask of the columns in which something is missing, (column,)."""
    on_levels = [np.isnan(v).any(axis=1) for v in (state.pressure, *state.values.values())]
    return np.any([*on_levels, *(np.isnan(v) for v in state.fields.values())], axis=0)


def _mole_fractions(state: ModelState) -> dict[str, Floats]:
    """Mole fractions of ozone and other gases in moist air, (column, level), as far as given."""
    found = {}
    if "ozone_mass" in state.values:
        h2o = _per_dry_air(_ratio(state, "humidity"))
        dry = 1.0 - _ratio(state, "humidity")
        mass = _ratio(state, "ozone_mass") / dry
        found["o3_mole_fraction"] = mass * (MOLAR_MASS_DRY_AIR / MOLAR_MASS_OZONE) / (1.0 + h2o)
    elif "ozone_mole" in state.values:
        found["o3_mole_fraction"] = _ratio(state, "ozone_mole")
    for name, gas in _OTHER_GASES.items():
        if gas in state.values:
            found[name] = _ratio(state, gas)
        elif gas in state.fields:
            found[name] = np.broadcast_to(state.fields[gas][:, None], state.pressure.shape)
    return found


def _per_dry_air(humidity: Floats) -> Floats:
    """Mole fraction of water vapour per dry air from specific humidity."""
    return humidity / (1.0 - humidity) * (MOLAR_MASS_DRY_AIR / MOLAR_MASS_WATER)


def _ratio(state: ModelState, name: str) -> Floats:
    """A mixing ratio; what is just below 0 is rounding and counts as 0."""
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


def with_air(
    inputs: xr.Dataset, given: xr.Dataset, *, origins: Mapping[str, str], fill_missing: bool
) -> xr.Dataset:
    """The inputs with the state of the atmosphere that a dataset has, if any.

    Parameters
    ----------
    inputs
        As `fields.builtin_inputs`.
    given
        With the names of `AIR` on the grid, or at the points, of the inputs.
    origins
        Of each.
    fill_missing
        Whether the climatology takes the place of missing columns, which stay NaN and are counted
        in the attribute `filled_cells`; otherwise in `missing_cells`.
    """
    template = inputs["aod"].reset_coords(drop=True)
    count = "filled_cells" if fill_missing else "missing_cells"
    fields = {}
    for name in (name for name in AIR if name in given):
        levels = [LEVEL] if LEVEL in given[name].dims else []
        spread = given[name].reset_coords(drop=True).broadcast_like(template)
        field = spread.transpose("month", *levels, *template.dims[1:]).drop_attrs()
        missing = int(field.isnull().sum())
        own = {"origin": origins[name], **({count: missing} if missing else {})}
        fields[name] = field.assign_attrs(own)
    return inputs.assign(fields)


def joined_columns(
    air: Mapping[str, Floats],
    *,
    climatology: Profiles,
    month: Ints,
    lat: Ints,
    surface_altitude: Floats,
) -> TerrainColumns:
    """Columns of a given state and of the climatology above it; where it is NaN, of that alone.

    Parameters
    ----------
    air
        Names of `AIR`, (cell, level), and `surface_pressure` (cell,).
    climatology
        What goes on above the highest level, and the ozone where the state has none.
    month, lat
        (cell,) places in the climatology, from 0.
    surface_altitude
        (cell,) [m].
    """
    altitude = np.asarray(surface_altitude, dtype=float)
    given = _given_columns(air, climatology, month, lat, altitude)
    absent = ~np.isfinite(air["air_temperature"]).all(axis=1)
    if not absent.any():
        return given
    builtin = columns_over_terrain(climatology, month=month, lat=lat, surface_altitude=altitude)
    for own, other in zip(given, builtin, strict=True):
        own[absent] = other[absent]
    return given


def _given_columns(
    air: Mapping[str, Floats],
    climatology: Profiles,
    month: Ints,
    lat: Ints,
    surface_altitude: Floats,
) -> TerrainColumns:
    gases, fractions_at_levels = _fractions_per_dry_air(air)
    n_cells, n_layers = len(surface_altitude), len(LEVEL_FRACTIONS) - 1
    altitude, pressure = np.empty((2, n_cells, n_layers + 1))
    temperature = np.empty((n_cells, n_layers))
    fractions = np.empty((n_cells, len(gases), n_layers))
    given = State(
        np.log(air["air_pressure"]),
        np.ascontiguousarray(air["air_temperature"]),
        np.log(np.maximum(fractions_at_levels, TRACE)),
    )
    fill_cells(
        given, np.log(air["surface_pressure"]), surface_altitude, climatology, np.asarray(month),
        np.asarray(lat), "o3_mole_fraction" in air, LEVEL_FRACTIONS,
        Filled(altitude, pressure, temperature, fractions),
    )  # fmt: skip
    mole_fractions = np.empty((n_cells, len(GASES), n_layers))
    for gas, value in WELL_MIXED.items():
        mole_fractions[:, GASES.index(gas)] = value
    mole_fractions[:, [GASES.index(gas) for gas in gases]] = fractions
    return TerrainColumns(altitude, pressure, layer_pressure(pressure), temperature, mole_fractions)


def _fractions_per_dry_air(air: Mapping[str, Floats]) -> tuple[list[str], Floats]:
    """Gases, water vapour and ozone first, and their mole fractions, (cell, gas, level)."""
    h2o = _per_dry_air(air["specific_humidity"])
    o3 = air.get("o3_mole_fraction", np.zeros_like(h2o)) * (1.0 + h2o)
    others = {gas: air[name] * (1.0 + h2o) for name, gas in _OTHER_GASES.items() if name in air}
    return ["h2o", "o3", *others], np.stack([h2o, o3, *others.values()], axis=1)


def wind_names(dataset: xr.Dataset, *, source: str) -> list[str]:
    """The name of the variable that is the wind speed, if there is one: one name or none.

    Raises
    ------
    InputError
        Several variables may be it.
    """
    found = wind_candidates(dataset)
    if len(found) > 1:
        raise InputError(
            f"{source}: variables {' and '.join(found)} both are {WIND} "
            f"({VARIABLES[WIND].long_name}). Keep one of them, or rename the other."
        )
    return found


def wind_candidates(dataset: xr.Dataset) -> list[str]:
    """The names of the variables that may be the wind speed; known names beat standard names."""
    flat = {str(n): array for n, array in dataset.data_vars.items() if vertical_of(array) is None}
    by_name = [name for name in flat if name.lower() in _NAMES]
    return by_name or [n for n, array in flat.items() if array.attrs.get("standard_name") == WIND]


def wind_field(array: xr.DataArray, *, source: str) -> xr.DataArray:
    """A variable of `wind_names` by its canonical name and in its units.

    Raises
    ------
    InputError
        Its units are unknown, or it does not hold numbers.
    """
    return converted(array, VARIABLES[WIND], source).rename(WIND).drop_attrs()


def with_wind(inputs: xr.Dataset, wind: xr.DataArray | float, *, origin: str) -> xr.Dataset:
    """The inputs with a wind speed.

    Parameters
    ----------
    inputs
        As `fields.builtin_inputs`.
    wind
        On the grid, or at the points, of the inputs, or one for all [m s-1]. Missing values count
        where there is open water.
    origin
        Of it.
    """
    template = inputs["aod"].reset_coords(drop=True)
    field = xr.DataArray(wind).reset_coords(drop=True).broadcast_like(template)
    missing = int((field.isnull() & (inputs["open_water_fraction"] > 0.0)).sum())
    attrs = {"origin": origin, **({"missing_cells": missing} if missing else {})}
    ordered = field.transpose(*template.dims).astype(float).drop_attrs()
    return inputs.assign({WIND: ordered.assign_attrs(attrs)})
