"""Columns from a dataset of a model or a reanalysis.

Where the bounds of the layers are known (hybrid coefficients, pressures of the interfaces, or the
layers' thickness), values are means of the layers. Values on levels of pressure stand for layers
whose bounds lie halfway to the neighbouring levels; levels below the ground are left out, and the
lowest layer ends at the surface. What lies above the highest layer is one more layer, up to 1 Pa,
of the same temperature and mixing ratios.

Altitudes follow from hydrostatic balance, up from the altitude of the surface.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from aeroforcing.columns.aerosols import DEFAULT_PROFILE, Aerosol, AnyAerosol
from aeroforcing.columns.atmosphere import TOP_PRESSURE, Atmosphere
from aeroforcing.columns.clouds import CloudLayers
from aeroforcing.columns.column import Column
from aeroforcing.columns.species_aerosol import SpeciesAerosol
from aeroforcing.columns.surface import AnySurface
from aeroforcing.columns.vertical_profiles import Profile
from aeroforcing.core.arrays import Floats, ratio
from aeroforcing.core.constants import (
    GAS_CONSTANT,
    GRAVITY,
    MOLAR_MASS_DRY_AIR,
    MOLAR_MASS_OZONE,
    MOLAR_MASS_WATER,
)
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.inputs.builtin.atmosphere import builtin_ozone
from aeroforcing.inputs.model_levels import ModelState, model_state
from aeroforcing.inputs.model_names import GOCART, names_of
from aeroforcing.optics.clouds import EFFECTIVE_RADIUS, cloud_optical_depth
from aeroforcing.optics.gases import layer_pressure
from aeroforcing.transport.overlap import EXCLUSIVE

HIGHEST_TOP = 3000.0  # Pa; above a lower top too much of the ozone would have to be guessed
_NEGATIVE_ROUNDING = -1e-5  # kg kg-1, mixing ratios that spectral models leave below 0


class _Layers(NamedTuple):
    """The layers of one column, from the top down."""

    bounds: Floats  # (layer + 1,) pressures [Pa]
    levels: NDArray[np.intp]  # (layer,) place of their values among the model's levels


@suggest_keywords
def columns_from(
    dataset: xr.Dataset,
    *,
    aerosol: AnyAerosol | Sequence[AnyAerosol] | None = None,
    profile: Profile | ArrayLike = DEFAULT_PROFILE,
    surface_albedo: AnySurface | None = None,
    overlap: str | None = None,
    decorrelation_length: float = 2000.0,
    fractional_std: float | None = None,
    inhomogeneity_decorrelation_length: float | None = None,
) -> list[Column]:
    """Columns for the solver from a dataset of ERA5, MERRA-2 or a model.

    Variables are known by their CF standard names, or by those of ERA5, MERRA-2 and CMIP
    (`model_names`), in the units that they state: air_temperature and specific_humidity over a
    vertical dimension, in either order, and any others (time, lat, lon, station), and
    surface_air_pressure over those others. Pressures [Pa or hPa] are those of a coordinate or
    variable air_pressure, or of interfaces: hybrid coefficients (hyai, hybi and P0; ap_bnds,
    b_bnds; ak, bk), DELP or PLE. Optional are ozone (mass or mole fraction; else the built-in
    climatology by the dataset's latitude and time), CO2, CH4 and N2O (mole fractions in moist or,
    by the standard name, in dry air, or mass fractions; else `atmosphere.WELL_MIXED`), the altitude
    or geopotential of the surface (else 0), cloud cover, liquid and ice water and the effective
    radii of both, the mixing ratios of GOCART, and by column aod, ssa, asymmetry, angstrom,
    coalbedo_angstrom and surface_albedo.

    Parameters
    ----------
    dataset
        The variables, without gaps.
    aerosol
        Of all columns, as of `Column`; () for none. By default that of the dataset: mixing ratios
        of GOCART (DU001, ..., with the humidity of the air), or aod with ssa, asymmetry and
        angstrom.
    profile
        Of the dataset's aod.
    surface_albedo
        Of all columns, as of `Column`; by default that of the dataset.
    overlap
        How the dataset's clouds overlap: "random", "maximum_random" or "exponential"; None leaves
        them out. They are homogeneous unless the dataset has fractional_std, the standard deviation
        over mean of the in-cloud water. Where it has no effective radii, those of droplets are 10.5
        and those of crystals 30 um.
    decorrelation_length
        Of exponential overlap [m].
    fractional_std
        Of the clouds of all layers, as of `CloudLayers`, in place of the dataset's own.
    inhomogeneity_decorrelation_length
        As of `Column`.

    Returns
    -------
    One Column for each place, in the order of the dimensions of temperature.

    Raises
    ------
    InputError
        Something is not found, has an unknown unit, gaps or impossible values, pressures are not in
        order, or the model's top is too low; the message names the column.
    """
    state = model_state(dataset)
    ozone = _ozone_source(state, dataset)
    columns = []
    for i, place in enumerate(state.places):
        with _naming(f"{state.source}, {place}"):
            layers = _layers(state, i)
            air = _atmosphere(state, i, layers, ozone)
            clouds = () if overlap is None else _clouds(state, i, layers, fractional_std)
            columns.append(
                Column(
                    atmosphere=air,
                    aerosol=_aerosol(state, i, layers, profile) if aerosol is None else aerosol,
                    surface_albedo=_surface(state, i) if surface_albedo is None else surface_albedo,
                    clouds=clouds,
                    overlap=EXCLUSIVE if overlap is None else overlap,
                    decorrelation_length=decorrelation_length,
                    inhomogeneity_decorrelation_length=inhomogeneity_decorrelation_length,
                )
            )
    return columns


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Put the place of the column before the message of an error."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _layers(state: ModelState, i: int) -> _Layers:
    """Bounds of the layers of a column, the one above the model's top included."""
    surface = state.fields["surface_pressure"][i]
    if state.interfaces is None:
        levels = np.flatnonzero(state.pressure[i] < surface)
        p = state.pressure[i][levels]
        if p.size < 2:
            raise InputError(f"{p.size} levels lie above the surface at {surface:g} Pa; give two.")
        middles = 0.5 * (p[1:] + p[:-1])
        bounds = np.concatenate([[p[0] - 0.5 * (p[1] - p[0])], middles, [surface]])
    else:
        bounds = state.interfaces[i]
        levels = np.arange(bounds.size - 1)
        if abs(bounds[-1] - surface) > 0.01 * surface:
            raise InputError(
                f"the lowest interface is at {bounds[-1]:g} Pa, the surface at {surface:g} Pa."
            )
    within = bounds[1:] > TOP_PRESSURE
    levels, bounds = levels[within], np.append(bounds[:-1][within], bounds[-1])
    if bounds[0] > HIGHEST_TOP:
        raise InputError(
            f"the highest layer begins at {bounds[0] / 100:g} hPa, and too much of the ozone lies "
            f"above it; give levels up to {HIGHEST_TOP / 100:g} hPa at least."
        )
    if bounds[0] < 2.0 * TOP_PRESSURE:
        bounds[0] = TOP_PRESSURE
        return _Layers(bounds, levels)
    return _Layers(np.append(TOP_PRESSURE, bounds), np.append(levels[0], levels))


def _atmosphere(
    state: ModelState, i: int, layers: _Layers, ozone: tuple[Floats, Floats] | None
) -> Atmosphere:
    temperature = state.values["temperature"][i][layers.levels]
    humidity = _mixing_ratio(state, i, layers, "humidity")
    dry = 1.0 - humidity  # mass of dry air per mass of air
    h2o = humidity / dry * (MOLAR_MASS_DRY_AIR / MOLAR_MASS_WATER)
    gases = {"h2o": h2o, **_other_gases(state, i, layers, h2o)}
    if ozone is not None:
        latitude, month = ozone
        pressure = layer_pressure(layers.bounds)
        gases["o3"] = builtin_ozone(pressure, latitude=latitude[i], month=int(month[i]))
    elif "ozone_mass" in state.values:
        mass = _mixing_ratio(state, i, layers, "ozone_mass")
        gases["o3"] = mass / dry * (MOLAR_MASS_DRY_AIR / MOLAR_MASS_OZONE)
    else:
        gases["o3"] = _mixing_ratio(state, i, layers, "ozone_mole") * (1.0 + h2o)
    virtual = temperature * (1.0 + h2o) / (1.0 + h2o * MOLAR_MASS_WATER / MOLAR_MASS_DRY_AIR)
    thickness = GAS_CONSTANT * virtual / (GRAVITY * MOLAR_MASS_DRY_AIR)
    thickness = thickness * np.diff(np.log(layers.bounds))
    surface = state.fields.get("surface_altitude", np.zeros(i + 1))[i]
    altitude = surface + np.append(np.cumsum(thickness[::-1])[::-1], 0.0)
    return Atmosphere(
        pressure_levels=layers.bounds,
        temperature_layers=temperature,
        mole_fractions=gases,
        altitude_levels=altitude,
    )


def _other_gases(state: ModelState, i: int, layers: _Layers, h2o: Floats) -> dict[str, Floats]:
    """Mole fractions per dry air of CO2, CH4 and N2O, as far as the model has them."""
    found: dict[str, Floats] = {}
    for gas in ("co2", "ch4", "n2o"):
        if gas in state.values:
            found[gas] = state.values[gas][i][layers.levels] * (1.0 + h2o)
        elif gas in state.fields:
            found[gas] = np.full(h2o.size, state.fields[gas][i])
    return found


def _mixing_ratio(state: ModelState, i: int, layers: _Layers, name: str) -> Floats:
    """A mixing ratio of the layers; what is just below 0 is rounding and counts as 0."""
    values = state.values[name][i][layers.levels]
    if (values < _NEGATIVE_ROUNDING).any() or (values >= 1.0).any():
        bad = (values < _NEGATIVE_ROUNDING) | (values >= 1.0)
        raise InputError(
            f"{name.replace('_', ' ')} is {values[bad][0]:g} in {int(bad.sum())} of {bad.size} "
            "layers; it must be at least 0 and below 1. Check its units."
        )
    return np.maximum(values, 0.0)


def _ozone_source(state: ModelState, dataset: xr.Dataset) -> tuple[Floats, Floats] | None:
    """Latitude and month of the columns for the built-in ozone; None if the dataset has ozone."""
    if "ozone_mass" in state.values or "ozone_mole" in state.values:
        return None
    latitude = _coordinate(state, dataset, ("lat", "latitude"))
    time = _coordinate(state, dataset, ("time", "valid_time", "month"))
    if latitude is None or time is None:
        raise InputError(
            f"{state.source}: has no ozone ({names_of('ozone_mass')}; {names_of('ozone_mole')}), "
            "and no latitude and time or month, which the built-in climatology needs."
        )
    dates = time.dtype.kind in "MO"
    months = xr.DataArray(time, dims="column").dt.month.values if dates else time
    return latitude.astype(float), months


def _coordinate(state: ModelState, dataset: xr.Dataset, names: Sequence[str]) -> NDArray | None:
    """A coordinate of the columns, or one value for all."""
    for name in names:
        if name in state.coordinates:
            return state.coordinates[name].values
        if name in dataset.coords and dataset[name].ndim == 0:
            return np.full(len(state.places), dataset[name].values)
    return None


def _aerosol(
    state: ModelState, i: int, layers: _Layers, profile: Profile | ArrayLike
) -> tuple[AnyAerosol, ...]:
    """The aerosol of the dataset."""
    components = [name for name in GOCART if name in state.values]
    if components:
        air = np.diff(layers.bounds) / GRAVITY
        masses = {name: air * _mixing_ratio(state, i, layers, name) for name in components}
        return tuple(
            SpeciesAerosol(species=name, mass=mass, relative_humidity="atmosphere")
            for name, mass in masses.items()
            if mass.any()
        )
    needed = ("aod", "ssa", "asymmetry", "angstrom")
    absent = [name for name in needed if name not in state.fields]
    if absent:
        raise InputError(
            f"has no aerosol: neither mixing ratios ({', '.join(GOCART.values())}) nor "
            f"{', '.join(absent)}; give aerosol=, or aerosol=() for none."
        )
    own = {name: state.fields[name][i] for name in needed}
    coalbedo = state.fields.get("coalbedo_angstrom", np.zeros(i + 1))[i]
    return (Aerosol(**own, coalbedo_angstrom=coalbedo, profile=profile),)


def _surface(state: ModelState, i: int) -> float:
    if "surface_albedo" not in state.fields:
        raise InputError(f"has no {names_of('surface_albedo')}; give surface_albedo=.")
    return float(state.fields["surface_albedo"][i])


def _clouds(
    state: ModelState, i: int, layers: _Layers, fractional_std: float | None
) -> CloudLayers:
    """The clouds of the dataset, whose water is in the cloudy part of each layer."""
    phases = [phase for phase in EFFECTIVE_RADIUS if f"cloud_{phase}" in state.values]
    if "cloud_fraction" not in state.values or not phases:
        raise InputError(
            f"has no clouds: they need {names_of('cloud_fraction')}, and liquid or ice water "
            f"({names_of('cloud_liquid')}; {names_of('cloud_ice')}). Leave overlap out."
        )
    fraction = _rounded_share(state.values["cloud_fraction"][i][layers.levels])
    air = np.diff(layers.bounds) / GRAVITY
    given: dict[str, Floats] = {}
    for phase in phases:
        path = ratio(air * _mixing_ratio(state, i, layers, f"cloud_{phase}"), fraction)
        radius = _radii(state, i, layers, phase, wet=path > 0.0)
        given[f"{phase}_radius"] = radius
        given[phase] = cloud_optical_depth(path, phase=phase, effective_radius=radius)
    std: ArrayLike = 0.0
    if fractional_std is not None:
        std = fractional_std
    elif "cloud_std" in state.values:
        std = state.values["cloud_std"][i][layers.levels]
    return CloudLayers(fraction=fraction, fractional_std=std, **given)


def _radii(
    state: ModelState, i: int, layers: _Layers, phase: str, *, wet: NDArray[np.bool_]
) -> Floats:
    """Effective radii of the layers [um]: those of the dataset where the phase has water."""
    name = f"{phase}_radius"
    radii = np.full(wet.size, EFFECTIVE_RADIUS[phase])
    if name in state.values:
        radii[wet] = 1e6 * state.values[name][i][layers.levels][wet]
    elif name in state.fields:
        radii[wet] = 1e6 * state.fields[name][i]
    return radii


def _rounded_share(values: Floats) -> Floats:
    """Shares, without what rounding put just outside of 0 to 1."""
    inside = np.clip(values, 0.0, 1.0)
    return np.where(np.abs(values - inside) <= -_NEGATIVE_ROUNDING, inside, values)
