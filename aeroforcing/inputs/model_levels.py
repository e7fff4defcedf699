"""Columns of models and reanalyses as they are found: their pressures and vertical order.

What is read here is over (column, level), levels from the top down, in SI units; which names are
known is told in `model_names`, what a column is made of in `model_columns`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_numbers
from aeroforcing.core.constants import (
    AVOGADRO,
    DOBSON_UNIT,
    GRAVITY,
    MOLAR_MASS_CH4,
    MOLAR_MASS_CO2,
    MOLAR_MASS_DRY_AIR,
    MOLAR_MASS_N2O,
    MOLAR_MASS_OZONE,
    MOLAR_MASS_WATER,
)
from aeroforcing.core.errors import InputError
from aeroforcing.inputs.model_names import known_quantities, names_of, pascals, quantity_of

_VERTICAL = ("level", "lev", "plev", "pressure_level", "isobaricinhpa", "layer", "model_level",
             "hybrid", "pfull", "lay", "air_level")  # fmt: skip

# Coefficients of p = a + b ps, over n + 1 interfaces or as bounds (n, 2).
_HYBRID = (("hyai", "hybi"), ("ap_bnds", "b_bnds"), ("a_bnds", "b_bnds"), ("ak", "bk"))
_REFERENCE_PRESSURE = ("P0", "p0")
_PROFILES = ("temperature", "humidity", "ozone_mass", "ozone_mole")
_MOLAR_MASS = {"co2": MOLAR_MASS_CO2, "ch4": MOLAR_MASS_CH4, "n2o": MOLAR_MASS_N2O}
_GASES = tuple(f"{gas}{kind}" for gas in _MOLAR_MASS for kind in ("", "_mass", "_dry"))
_ONLY_IN_CLOUDS = ("liquid_radius", "ice_radius")  # may be missing elsewhere
_PRESSURES = ("pressure", "interface_pressure", "thickness")
_AT_INTERFACES = ("interface_pressure", "interface_temperature")
_SURFACE = ("surface_pressure", "surface_altitude")
_SMALLEST_OZONE = 50.0  # Dobson units; the lowest that was ever measured is near 70
_TOP_FOR_OZONE = 1000.0  # Pa, of the highest level; below it a column of ozone may be a part
_COLUMN, _INTERFACE = "column of the model", "interface of the model"


class ModelState(NamedTuple):
    """Columns of a model, levels or layers from the top down."""

    source: str
    places: Sequence[str]  # (column,) in words, for messages
    shape: dict[str, int]  # dimensions that the columns are over
    coordinates: xr.Dataset  # (column,) those of the horizontal dimensions
    pressure: Floats  # (column, level) that the values are for [Pa]
    interfaces: Floats | None  # (column, level + 1) where the values are means of layers [Pa]
    values: dict[str, Floats]  # name -> (column, level), in SI units
    fields: dict[str, Floats]  # name -> (column,), in SI units; `surface_pressure` among them


class _Places(Sequence[str]):
    """The places of columns in words, made when they are asked for."""

    def __init__(self, coordinates: xr.Dataset, size: int) -> None:
        self._values = {str(name): array.values for name, array in coordinates.variables.items()}
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, i: Any) -> Any:
        if not 0 <= i < self._size:
            raise IndexError(i)
        words = ", ".join(f"{name}={_label(v[i])}" for name, v in self._values.items())
        return words or f"column {i}"


def state_names(dataset: xr.Dataset) -> list[str]:
    """Names of the variables that tell the state of the atmosphere on levels.

    A variable of a known name that has no levels, such as the air temperature at 2 m, is not among
    them; nothing is if neither temperature, nor humidity or ozone is on levels.

    Parameters
    ----------
    dataset
        Any; nothing of it is read.
    """
    known = {
        str(name): quantity_of(str(name), str(array.attrs.get("standard_name", "")))
        for name, array in dataset.variables.items()
        if name not in dataset.dims
    }
    profiles = [n for n, what in known.items() if what in _PROFILES and vertical_of(dataset[n])]
    if not profiles:
        return []
    gases = [n for n, what in known.items() if what in _GASES]
    pressures = [n for n, what in known.items() if what in _PRESSURES and dataset[n].ndim > 0]
    surface = [n for n, what in known.items() if what in _SURFACE and not vertical_of(dataset[n])]
    coefficients = [n for pair in _HYBRID for n in pair if set(pair) <= set(dataset.variables)]
    reference = [name for name in _REFERENCE_PRESSURE if name in dataset]
    return [*profiles, *gases, *pressures, *surface, *dict.fromkeys(coefficients), *reference]


def model_state(
    dataset: xr.Dataset, *, source: str = "the given dataset", complete: bool = True
) -> ModelState:
    """The columns of a dataset.

    Parameters
    ----------
    dataset
        With temperature and specific humidity over a vertical dimension and any others, and the
        surface pressure over those others; see `model_columns`.
    source
        For messages.
    complete
        Whether gaps are refused; otherwise they are NaN.

    Raises
    ------
    InputError
        Temperature, humidity or pressures are not found or cannot be used, or values are missing.
    """
    known = _with_layers(known_quantities(dataset, source=source))
    _check_present(known, dataset, source)
    vertical = _vertical_dimension(known["temperature"], source)
    own = [str(dim) for dim in known["temperature"].dims if dim != vertical]
    interfaces = _interfaces(known, dataset, vertical, source)
    if interfaces is None and "pressure" not in known:
        known["pressure"] = _pressure_coordinate(dataset, vertical, source)
    table = xr.Dataset({k: v for k, v in known.items() if k not in _AT_INTERFACES})
    if interfaces is not None:
        table = table.drop_vars("pressure", errors="ignore").assign(interfaces=interfaces)
    horizontal = own + [str(d) for d in known["surface_pressure"].dims if d not in own]
    _check_dimensions(table, (*horizontal, vertical, _INTERFACE), source)
    state = _arrays(_stacked(table, horizontal), vertical, _shape(table, horizontal), source)
    if complete:
        _check_complete(state)
    ordered = _top_first(state, source)
    _check_ozone(ordered)
    return _as_mole_fractions(ordered)


def _check_ozone(state: ModelState) -> None:
    """Refuse columns of ozone that are nowhere: a wrong unit, or a field of zeros.

    Above the highest level its mixing ratio holds; where that is far down, nothing is known.
    """
    name = next((n for n in ("ozone_mass", "ozone_mole") if n in state.values), None)
    if name is None:
        return
    molar_mass = MOLAR_MASS_OZONE if name == "ozone_mass" else MOLAR_MASS_DRY_AIR
    ratio, pressure = state.values[name], state.pressure
    if state.interfaces is None:
        layers = 0.5 * (ratio[:, 1:] + ratio[:, :-1]) * np.diff(pressure, axis=1)
        amount = layers.sum(axis=1) + ratio[:, 0] * pressure[:, 0]
    else:
        amount = (ratio * np.diff(state.interfaces, axis=1)).sum(axis=1)
        amount += ratio[:, 0] * state.interfaces[:, 0]
    column = amount / (GRAVITY * molar_mass) * AVOGADRO / DOBSON_UNIT
    low = (column < _SMALLEST_OZONE) & (pressure[:, 0] <= _TOP_FOR_OZONE)
    if low.any():
        first = int(np.argmax(low))
        raise InputError(
            f"{state.source}: the ozone column is below {_SMALLEST_OZONE:g} Dobson units in "
            f"{int(low.sum())} of {low.size} columns, first at {state.places[first]} with "
            f"{column[first]:.3g}. Check its units, or leave it out for the built-in ozone."
        )


def _with_layers(known: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    """With what follows from arrays on half levels, where a file has these alone.

    The temperature of a layer is the mean of its two bounds, as it is linear between them; the
    surface is the lowest bound.
    """
    made = dict(known)
    if "temperature" not in known and {"interface_temperature", "humidity"} <= set(known):
        bounds, vertical = known["interface_temperature"], vertical_of(known["humidity"])
        half = [dim for dim in bounds.dims if dim not in known["humidity"].dims]
        if vertical is not None and len(half) == 1:
            bare = bounds.drop_vars(half, errors="ignore").rename({half[0]: vertical})
            upper = bare.isel({vertical: slice(None, -1)})
            made["temperature"] = 0.5 * (upper + bare.isel({vertical: slice(1, None)}))
    if "surface_pressure" not in known and {"interface_pressure", "humidity"} <= set(known):
        pressure = known["interface_pressure"]
        half = [dim for dim in pressure.dims if dim not in known["humidity"].dims]
        made["surface_pressure"] = pressure.max(half)
    return made


def _check_present(known: dict[str, xr.DataArray], dataset: xr.Dataset, source: str) -> None:
    for name in ("temperature", "humidity", "surface_pressure"):
        if name not in known:
            raise InputError(
                f"{source}: has no {name.replace('_', ' ')}, which is known as {names_of(name)}. "
                f"There are {', '.join(map(str, dataset.data_vars))}."
            )


def _check_dimensions(table: xr.Dataset, allowed: Sequence[str], source: str) -> None:
    empty = [str(dim) for dim, size in table.sizes.items() if size == 0]
    if empty:
        raise InputError(f"{source}: the dimension {empty[0]} of the atmosphere is empty.")
    for name, array in table.data_vars.items():
        strange = [str(dim) for dim in array.dims if dim not in allowed]
        if strange:
            raise InputError(
                f"{source}: {name} has the dimension {', '.join(strange)}, which temperature and "
                "surface pressure lack; select one value of it."
            )


def vertical_of(array: xr.DataArray) -> str | None:
    """The vertical dimension of a variable, if it has one."""
    for dim in array.dims:
        attrs = array[dim].attrs if dim in array.coords else {}
        if str(dim).lower() in _VERTICAL or attrs.get("axis") == "Z" or "positive" in attrs:
            return str(dim)
    return None


def _vertical_dimension(temperature: xr.DataArray, source: str) -> str:
    vertical = vertical_of(temperature)
    if vertical is not None:
        return vertical
    raise InputError(
        f"{source}: none of temperature's dimensions ({', '.join(map(str, temperature.dims))}) is "
        f"a vertical one; name it {', '.join(_VERTICAL[:5])}, or give its coordinate axis='Z'."
    )


def _pressure_coordinate(dataset: xr.Dataset, vertical: str, source: str) -> xr.DataArray:
    """Pressure of the levels from the coordinate of the vertical dimension."""
    units = str(dataset[vertical].attrs.get("units", "")) if vertical in dataset.coords else ""
    check_numbers(dataset[vertical], vertical, source=source)
    factor = pascals(units)
    if factor is None:
        raise InputError(
            f"{source}: the pressures of the levels are not known: the coordinate {vertical} has "
            f"units {units!r}. Set its attribute units to Pa or hPa, or give air_pressure, the "
            "pressures or hybrid coefficients of the interfaces, or DELP."
        )
    return dataset[vertical].astype(float).reset_coords(drop=True) * factor


def _interfaces(
    known: dict[str, xr.DataArray], dataset: xr.Dataset, vertical: str, source: str
) -> xr.DataArray | None:
    """Pressures of the bounds of the layers over `_INTERFACE`, in the dataset's own order."""
    n_layers = known["temperature"].sizes[vertical]
    if "interface_pressure" in known:
        given = known["interface_pressure"]
        own = [str(d) for d, n in given.sizes.items() if d != vertical and n == n_layers + 1]
        if len(own) != 1:
            raise InputError(
                f"{source}: {given.name} over {dict(given.sizes)} has no dimension of "
                f"{n_layers + 1} interfaces between the {n_layers} layers."
            )
        return given.rename({own[0]: _INTERFACE}).drop_vars(own[0], errors="ignore")
    if "thickness" in known:
        return _from_thickness(known.pop("thickness"), known["surface_pressure"], vertical)
    coefficients = _hybrid(dataset, n_layers, source)
    if coefficients is None:
        return None
    a, b = (xr.DataArray(values, dims=[_INTERFACE]) for values in coefficients)
    return a + b * known["surface_pressure"]


def _from_thickness(
    thickness: xr.DataArray, surface_pressure: xr.DataArray, vertical: str
) -> xr.DataArray:
    """Interfaces from the layers' thickness in pressure, the lowest being the surface.

    The order of the layers follows from that of the whole state, which is settled later: these
    are counted up from the surface at the end of the dimension (as in MERRA-2) if the layers there
    are the thicker ones.
    """
    first, last = thickness.isel({vertical: 0}).mean(), thickness.isel({vertical: -1}).mean()
    downward = thickness if last >= first else thickness.isel({vertical: slice(None, None, -1)})
    below = downward.isel({vertical: slice(None, None, -1)}).cumsum(vertical)
    above = surface_pressure - below.isel({vertical: slice(None, None, -1)})
    bounds = xr.concat([above, surface_pressure.expand_dims({vertical: 1})], vertical)
    ordered = bounds if last >= first else bounds.isel({vertical: slice(None, None, -1)})
    return ordered.rename({vertical: _INTERFACE}).drop_vars(vertical, errors="ignore")


def _hybrid(dataset: xr.Dataset, n_layers: int, source: str) -> tuple[Floats, Floats] | None:
    """Coefficients a [Pa] and b of the interfaces, if the dataset has them."""
    for pair in _HYBRID:
        if not all(name in dataset.variables for name in pair):
            continue
        a, b = (_interface_values(dataset[name].values) for name in pair)
        if a.size != n_layers + 1 or b.size != n_layers + 1:
            raise InputError(
                f"{source}: {pair[0]} and {pair[1]} hold {a.size} and {b.size} interfaces; the "
                f"{n_layers} layers have {n_layers + 1}."
            )
        reference = next((dataset[name] for name in _REFERENCE_PRESSURE if name in dataset), None)
        is_relative = str(dataset[pair[0]].attrs.get("units", "1")) in ("1", "")
        if is_relative and a.max() <= 1.0 and a.max() > 0.0:
            if reference is None:
                raise InputError(
                    f"{source}: {pair[0]} has no unit of pressure, and there is no P0 [Pa] to "
                    "multiply it with."
                )
            a = a * float(reference)
        return a, b
    return None


def _interface_values(values: Floats) -> Floats:
    """Values over n + 1 interfaces, also from bounds (n, 2)."""
    if values.ndim == 1:
        return values.astype(float)
    if np.allclose(values[1:, 0], values[:-1, 1]):
        return np.append(values[:, 0], values[-1, 1]).astype(float)
    return np.append(values[:, 1], values[-1, 0]).astype(float)


def _stacked(table: xr.Dataset, horizontal: Sequence[str]) -> xr.Dataset:
    """All but the vertical dimensions in one."""
    if not horizontal:
        return table.expand_dims({_COLUMN: 1})
    whole = xr.broadcast(table, exclude=[d for d in table.dims if d not in horizontal])[0]
    return whole.stack({_COLUMN: list(horizontal)}, create_index=False)


def _shape(table: xr.Dataset, horizontal: Sequence[str]) -> dict[str, int]:
    return {name: table.sizes[name] for name in horizontal}


def _arrays(columns: xr.Dataset, vertical: str, shape: dict[str, int], source: str) -> ModelState:
    coordinates = columns.coords.to_dataset()
    kept = coordinates[[name for name in shape if name in coordinates]]
    places = _Places(kept, columns.sizes[_COLUMN])
    values: dict[str, Floats] = {}
    fields: dict[str, Floats] = {}
    for name, array in columns.data_vars.items():
        dims = [dim for dim in (vertical, _INTERFACE) if dim in array.dims]
        target = values if dims else fields
        target[str(name)] = array.transpose(_COLUMN, *dims).values
    interfaces = values.pop("interfaces", None)
    pressure = values.pop("pressure", None)
    if interfaces is not None:
        pressure = 0.5 * (interfaces[:, 1:] + interfaces[:, :-1])
    return ModelState(source, places, shape, kept, np.asarray(pressure), interfaces, values, fields)


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, np.floating) else str(value)


def _check_complete(state: ModelState) -> None:
    fields = {name: values[:, None] for name, values in state.fields.items()}
    for name, values in (fields | state.values | {"pressure": state.pressure}).items():
        bad = ~np.isfinite(values)
        if bad.any() and name not in _ONLY_IN_CLOUDS:
            column, level = np.argwhere(bad)[0]
            place = state.places[column] + (f", level {level}" if values.shape[1] > 1 else "")
            raise InputError(
                f"{state.source}: {name.replace('_', ' ')} is missing in {int(bad.sum())} of "
                f"{bad.size} places, the first at {place}; fill the gaps or leave the columns out."
            )


def _as_mole_fractions(state: ModelState) -> ModelState:
    """The state with well-mixed gases as mole fractions: in moist air where they vary with height.

    One number for a column counts per dry air, in which these gases are well mixed.
    """
    q = state.values["humidity"]
    h2o = q / (1.0 - q) * (MOLAR_MASS_DRY_AIR / MOLAR_MASS_WATER)  # per dry air
    values, fields = dict(state.values), dict(state.fields)
    for gas, molar_mass in _MOLAR_MASS.items():
        if f"{gas}_mass" in values:
            per_dry_air = values.pop(f"{gas}_mass") / (1.0 - q) * (MOLAR_MASS_DRY_AIR / molar_mass)
            values[gas] = per_dry_air / (1.0 + h2o)
        if f"{gas}_mass" in fields:
            fields[gas] = fields.pop(f"{gas}_mass") * (MOLAR_MASS_DRY_AIR / molar_mass)
        if f"{gas}_dry" in values:
            values[gas] = values.pop(f"{gas}_dry") / (1.0 + h2o)
        if f"{gas}_dry" in fields:
            fields[gas] = fields.pop(f"{gas}_dry")
    return state._replace(values=values, fields=fields)


def _top_first(state: ModelState, source: str) -> ModelState:
    """The state with its levels from the top down, whichever way they came."""
    bounds = state.pressure if state.interfaces is None else state.interfaces
    steps = np.diff(bounds, axis=1)
    rises, falls = ~(steps <= 0), ~(steps >= 0)  # of missing pressures both are true
    if rises.all():
        return state
    if not falls.all():
        column = int(np.argmin(rises.all(axis=1) | falls.all(axis=1)))
        raise InputError(
            f"{source}: pressures do not rise or fall from level to level throughout, for example "
            f"at {state.places[column]}."
        )
    return state._replace(
        pressure=state.pressure[:, ::-1],
        interfaces=None if state.interfaces is None else state.interfaces[:, ::-1],
        values={name: values[:, ::-1] for name, values in state.values.items()},
    )
