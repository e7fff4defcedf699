"""The cells of a map: from fields over (step, lat, lon) to columns for the solver, in blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.columns.atmosphere import precipitable_water
from aeroforcing.core.arrays import Floats
from aeroforcing.core.canonical import OPTICAL
from aeroforcing.grids.domain import Chunk, Layout
from aeroforcing.grids.time_steps import Steps, calendar_months
from aeroforcing.inputs.air import AIR, WIND, joined_columns
from aeroforcing.inputs.builtin.atmosphere import (
    Profiles,
    TerrainColumns,
    climatology,
    columns_over_terrain,
    profile_arrays,
)
from aeroforcing.inputs.builtin.fields import row_of
from aeroforcing.optics.band_means import BandNodes, band_means, band_slopes, planck_band_nodes
from aeroforcing.optics.clouds import CLOUD_TYPES, BandOptics, cloud_band_optics, delta_scaled
from aeroforcing.optics.gas_table import GASES, GasTable
from aeroforcing.optics.sun import Sun, sun_over_steps
from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN, ocean_law
from aeroforcing.transport.column_optics import NOT_CUT_OFF, Columns
from aeroforcing.transport.variability import HOMOGENEOUS

_PER_CELL = (*OPTICAL, "aerosol_profile", "surface_albedo", "open_water_fraction", "cloud_fraction")


@dataclass(frozen=True)
class Cells:
    """The cells of a chunk, one after the other over (step, lat, lon), and what they share."""

    fields: dict[str, Floats]  # name -> (cell, ...)
    steps: Steps
    step: NDArray[np.int64]  # (cell,) place in the steps
    month: NDArray[np.int64]  # (cell,) 1..12
    latitude: Floats  # (cell,) [degrees north]
    longitude: Floats  # (cell,) [degrees east]
    lat_index: NDArray[np.int64]  # (cell,) place in what is known by latitude
    cell_id: NDArray[np.uint64]  # (cell,) the same whatever else is run
    lat: Floats  # (lat,) of what is known by latitude [degrees north]
    surface_altitude: Floats  # (cell,) [m]
    sigma_interface: Floats  # (sigma,)
    cloud_depth: Floats  # (cloud type,)
    cloud_base: Floats  # (cloud type, lat) [m]
    cloud_top: Floats  # (cloud type, lat) [m]
    profiles: Profiles  # the built-in atmosphere at the latitudes of the grid
    air: dict[str, Floats]  # names of `air.AIR` -> (cell, ...); none for the built-in alone
    air_is_filled: bool  # whether the built-in atmosphere stands in for what is missing of `air`

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.month.size

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Mask of the cells in which nothing is missing, (cell,)."""
        complete = np.isfinite(self.surface_altitude)
        needed = self.fields if self.air_is_filled else self.fields | self.air
        for values in needed.values():
            complete &= np.isfinite(values.reshape(self.size, -1)).all(axis=1)
        return complete

    def atmospheres(self, chosen: NDArray[np.int64]) -> TerrainColumns:
        """The atmospheres of chosen cells."""
        month, lat = self.month[chosen] - 1, self.lat_index[chosen]
        altitude = self.surface_altitude[chosen]
        if not self.air:
            return columns_over_terrain(
                self.profiles, month=month, lat=lat, surface_altitude=altitude
            )
        given = {name: values[chosen] for name, values in self.air.items()}
        return joined_columns(
            given, climatology=self.profiles, month=month, lat=lat, surface_altitude=altitude
        )


def cells_of(
    inputs: xr.Dataset, *, layout: Layout | None = None, chunk: Chunk | None = None
) -> Cells:
    """The cells of a Dataset of inputs.

    Parameters
    ----------
    inputs
        As `resolve.resolve_inputs` gives it, or over (month, cell, ...) for points.
    layout
        Of the run; by default the months and the grid of the inputs.
    chunk
        The part of the run that the inputs are; by default all of it.
    """
    if layout is None:
        layout = Layout(calendar_months(inputs["month"].values), inputs[["lat", "lon"]])
    chunk = layout.whole if chunk is None else chunk
    own = layout.of(chunk)
    step, row, column = (axis.ravel() for axis in np.indices(chunk.shape))
    lat, lon = own.places["lat"].values.astype(float), own.places["lon"].values.astype(float)
    months = own.steps.month[step]
    altitude = inputs["surface_altitude"].transpose(*own.dims).values.ravel()
    fields = {name: _flat(inputs[name], own.dims, months.size) for name in _PER_CELL}
    if WIND in inputs:
        wind = _flat(inputs[WIND], own.dims, months.size)
        fields[WIND] = np.where(fields["open_water_fraction"] == 0.0, 0.0, wind)
    return Cells(
        fields=fields,
        steps=own.steps,
        step=step,
        month=months,
        latitude=lat[row],
        longitude=lon[row] if own.are_points else lon[column],
        lat_index=row_of(lat)[row] if own.are_points else row,
        cell_id=layout.cell_ids(chunk),
        lat=inputs["lat"].values.astype(float),
        surface_altitude=np.tile(altitude.astype(float), own.steps.size),
        sigma_interface=inputs["sigma_interface"].values.astype(float),
        cloud_depth=inputs["cloud_optical_depth"].values.astype(float),
        cloud_base=inputs["cloud_base"].values.astype(float),
        cloud_top=inputs["cloud_top"].values.astype(float),
        profiles=_profiles(inputs["lat"] if own.are_points else layout.places["lat"], chunk, own),
        air={n: _flat(inputs[n], own.dims, months.size) for n in AIR if n in inputs},
        air_is_filled=any("filled_cells" in inputs[n].attrs for n in AIR if n in inputs),
    )


def _profiles(lat: xr.DataArray, chunk: Chunk, own: Layout) -> Profiles:
    """The atmosphere at the latitudes of a chunk, as part of that at all latitudes of the run."""
    whole = _atmosphere(tuple(lat.values.tolist()))
    if own.are_points:
        return whole
    by_latitude = (np.ascontiguousarray(values[:, chunk.rows]) for values in whole[1:])
    return Profiles(whole.altitude, *by_latitude)


@lru_cache(maxsize=2)
def _atmosphere(lat: tuple[float, ...]) -> Profiles:
    return profile_arrays(climatology(np.array(lat)))


def _flat(field: xr.DataArray, dims: tuple[str, ...], size: int) -> Floats:
    """A field with its cells in one leading dimension, the others behind, (cell, ...)."""
    ordered = field.transpose("month", *dims, ...).values
    return ordered.reshape(size, *ordered.shape[1 + len(dims) :]).astype(float)


class ColumnMaker:
    """Makes the columns of any selection of cells; holds what all of them share."""

    def __init__(
        self,
        cells: Cells,
        *,
        table: GasTable,
        solar_constant: float,
        delta_scale_clouds: bool,
        ocean: str = DEFAULT_OCEAN,
    ) -> None:
        self._cells = cells
        self._nodes = planck_band_nodes(table.band_limits_wavenumber)
        optics = [
            cloud_band_optics(t.phase, effective_radius=t.effective_radius) for t in CLOUD_TYPES
        ]
        self._cloud_optics, self._delta_scale = optics, delta_scale_clouds
        self._solar_constant = solar_constant
        self._ocean_law = ocean_law(ocean)

    def columns(self, chosen: NDArray[np.int64]) -> tuple[Columns, Floats]:
        """Columns of the chosen cells, and their precipitable water, (cell,) [mm]."""
        cells = self._cells
        air = cells.atmospheres(chosen)
        albedo = np.repeat(
            cells.fields["surface_albedo"][chosen, None], len(self._nodes.wavelength), axis=1
        )
        columns = Columns(
            pressure_levels=air.pressure_levels,
            pressure_layers=air.pressure_layers,
            temperature_layers=air.temperature_layers,
            mole_fractions=air.mole_fractions,
            **aerosol_arrays(cells, chosen, air, self._nodes),
            **cloud_arrays(cells, chosen, air, self._cloud_optics, delta_scale=self._delta_scale),
            albedo_direct=albedo,
            albedo_diffuse=albedo,
            open_water=cells.fields["open_water_fraction"][chosen],
            ocean_law=np.full(chosen.size, self._ocean_law),
            wind_speed=cells.fields.get(WIND, np.zeros(cells.size))[chosen],
            cell_id=cells.cell_id[chosen],
            aerosol_phase=None,
            variability=HOMOGENEOUS,
            drawn_skies=None,
        )
        h2o = air.mole_fractions[:, GASES.index("h2o")]
        return columns, precipitable_water(air.pressure_levels, h2o=h2o)

    def slopes(self, chosen: NDArray[np.int64]) -> Floats:
        """`band_means.band_slopes` of the chosen cells, (cell, band, 4)."""
        names = ("ssa", "angstrom", "coalbedo_angstrom")
        ssa, angstrom, coalbedo_angstrom = (self._cells.fields[name][chosen] for name in names)
        return band_slopes(
            ssa, angstrom=angstrom, coalbedo_angstrom=coalbedo_angstrom, nodes=self._nodes
        )

    def sun(self, chosen: NDArray[np.int64]) -> Sun:
        """The sun over the steps of the chosen cells."""
        cells = self._cells
        return sun_over_steps(
            cells.steps,
            cells.step[chosen],
            latitude=cells.latitude[chosen],
            longitude=cells.longitude[chosen],
            solar_constant=self._solar_constant,
        )


def aerosol_arrays(
    cells: Cells, chosen: NDArray[np.int64], air: TerrainColumns, nodes: BandNodes
) -> dict[str, Floats]:
    """The aerosol's arrays of `Columns`: band means, spread over the layers by the profile."""
    given = {name: cells.fields[name][chosen] for name in OPTICAL}
    optics = band_means(**given, nodes=nodes)
    shares = layer_shares(
        cells.fields["aerosol_profile"][chosen], cells.sigma_interface, air.pressure_levels
    )
    extinction, ssa, asymmetry = (values[:, :, None] for values in optics)
    shape = (*optics[0].shape, shares.shape[-1])
    return {
        "aerosol_extinction": extinction * shares[:, None, :],
        "aerosol_ssa": np.ascontiguousarray(np.broadcast_to(ssa, shape)),
        "aerosol_asymmetry": np.ascontiguousarray(np.broadcast_to(asymmetry, shape)),
    }


def layer_shares(profile: Floats, interfaces: Floats, pressure_levels: Floats) -> Floats:
    """Share of the AOD in each layer, (cell, layer), from shares between sigma interfaces.

    sigma is pressure over surface pressure; the aerosol is uniform in pressure between two
    interfaces.

    Parameters
    ----------
    profile
        (cell, sigma layer), top first; normalised here.
    interfaces
        (sigma layer + 1,), rising from 0 to 1.
    pressure_levels
        (cell, level) [Pa], the last at the surface.
    """
    above = np.concatenate([np.zeros((len(profile), 1)), np.cumsum(profile, axis=1)], axis=1)
    above /= above[:, -1:]
    sigma = pressure_levels / pressure_levels[:, -1:]
    below = np.clip(np.searchsorted(interfaces, sigma), 1, len(interfaces) - 1)
    way = (sigma - interfaces[below - 1]) / (interfaces[below] - interfaces[below - 1])
    start = np.take_along_axis(above, below - 1, axis=1)
    at_levels = start + way * (np.take_along_axis(above, below, axis=1) - start)
    at_levels[:, 0] = 0.0  # what lies above the uppermost level belongs to the first layer
    return np.diff(at_levels, axis=1)


def cloud_arrays(
    cells: Cells,
    chosen: NDArray[np.int64],
    air: TerrainColumns,
    optics: list[BandOptics],
    *,
    delta_scale: bool = False,
) -> dict[str, Any]:
    """The clouds' arrays of `Columns`: one state per type, its depth spread by altitude.

    Heights are above sea level; where the ground is higher than a type's base, the type is lifted
    to it. A cloud of a `Column` is cut there instead, for its depth and its altitudes belong
    together. Here cover and depth are observed, so that all of it lies above the ground, and the
    heights are those of the type: the built-in stratus covers more where its heights are wholly in
    the ground than in the mean of the globe. Cutting would take away clouds that were seen.
    """
    lat_index = cells.lat_index[chosen]
    base, top = cells.cloud_base[:, lat_index].T, cells.cloud_top[:, lat_index].T
    lift = np.maximum(air.altitude_levels[:, -1:] - base, 0.0)
    inside = np.clip(
        air.altitude_levels[:, None, :], (base + lift)[..., None], (top + lift)[..., None]
    )
    thickness = inside[..., :-1] - inside[..., 1:]
    shares = thickness / thickness.sum(axis=-1, keepdims=True)
    n_layers = shares.shape[-1]

    def by_layer(values: list[Floats]) -> Floats:
        shape = (1, len(values), len(values[0]), n_layers)
        return np.ascontiguousarray(np.broadcast_to(np.stack(values)[None, :, :, None], shape))

    kept = [delta_scaled(o) for o in optics] if delta_scale else optics
    peak = [o.extinction - k.extinction for o, k in zip(optics, kept, strict=True)]
    return {
        "cloud_fraction": cells.fields["cloud_fraction"][chosen],
        "cloud_depth": cells.cloud_depth[None, :, None] * shares,
        "cloud_extinction": by_layer([o.extinction for o in kept]),
        "cloud_ssa": by_layer([o.ssa for o in kept]),
        "cloud_asymmetry": by_layer([o.asymmetry for o in kept]),
        "cloud_peak": by_layer(peak) if delta_scale else NOT_CUT_OFF,
    }
