"""One column: atmosphere, aerosols, clouds and surface, and its layers' optical properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from aeroforcing.columns.aerosol_mixture import aerosol_arrays, component_optics
from aeroforcing.columns.aerosols import Aerosol, AnyAerosol
from aeroforcing.columns.atmosphere import Atmosphere, standard_atmosphere
from aeroforcing.columns.by_value import UNTOLD, ByValue, range_words
from aeroforcing.columns.clouds import Cloud, CloudLayers, check_clouds
from aeroforcing.columns.phase_mixing import aerosol_phase
from aeroforcing.columns.sky import MOST_STATES, Drawing, States, cloud_states
from aeroforcing.columns.surface import (
    AnySurface,
    Ocean,
    SurfaceAlbedo,
    checked_surface,
    surface_bands,
)
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_is, check_positive
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.optics.band_means import BandNodes, band_slopes, planck_band_nodes
from aeroforcing.optics.gas_table import GasTable
from aeroforcing.optics.gases import layer_pressure
from aeroforcing.transport.column_optics import NOT_CUT_OFF, Columns
from aeroforcing.transport.overlap import CHAIN_COLUMNS, EXCLUSIVE, DrawnSkies
from aeroforcing.transport.variability import variability_of


@suggest_keywords
@dataclass(frozen=True, eq=False)
class Column(ByValue):
    """One vertical column.

    Parameters
    ----------
    atmosphere
        Its gases; or the name of one for `standard_atmosphere`.
    aerosol
        Its aerosol, or several (of `Aerosol`, `SpectralAerosol`, `BandAerosol`, `SpeciesAerosol`):
        an external mixture in every layer. None or an empty sequence is a column without
        aerosol.
    surface_albedo
        Of a Lambertian surface: one number, 0 to 1, or one per shortwave band; or a
        `SurfaceAlbedo` (direct and diffuse), or an `Ocean`.
    clouds
        One cloud or several, or `CloudLayers`.
    overlap
        How the clouds overlap: "exclusive" (as satellites count them: they share out the sky, and
        the rest of it is clear), "random", "maximum_random" or "exponential"; see `overlap`.
        CloudLayers need one of the last three.
    decorrelation_length
        Of exponential overlap [m].
    inhomogeneity_decorrelation_length
        Over which the optical depth varies in the vertical within clouds that are not homogeneous,
        see `variability` [m]; None: half of that of overlap.
    delta_scale_clouds
        Whether the forward peak of the clouds' phase function is cut off (`clouds.delta_scaled`):
        cheaper, and the effect of aerosol below clouds is then wrong by some percent, under a low
        sun by up to half (docs/validation.md). The direct beam stays the unscaled one.

    Raises
    ------
    InputError
        A value is outside its range, exclusive clouds cover more than the sky, or arrays do not fit
        the layers of the atmosphere.
    """

    _: KW_ONLY
    atmosphere: Atmosphere
    aerosol: AnyAerosol | Sequence[AnyAerosol] | None
    surface_albedo: AnySurface
    clouds: Sequence[Cloud] | CloudLayers = ()
    overlap: str = EXCLUSIVE
    decorrelation_length: float = 2000.0
    inhomogeneity_decorrelation_length: float | None = field(default=None, metadata={UNTOLD: True})
    delta_scale_clouds: bool = False

    if TYPE_CHECKING:  # what may be given; the fields say what it becomes

        def __init__(
            self,
            *,
            atmosphere: Atmosphere | str,
            aerosol: AnyAerosol | Sequence[AnyAerosol] | None,
            surface_albedo: AnySurface,
            clouds: Cloud | Sequence[Cloud] | CloudLayers = ...,
            overlap: str = ...,
            decorrelation_length: float = ...,
            inhomogeneity_decorrelation_length: float | None = ...,
            delta_scale_clouds: bool = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        if isinstance(self.atmosphere, str):
            object.__setattr__(self, "atmosphere", standard_atmosphere(self.atmosphere))
        check_is("Column", "atmosphere", self.atmosphere, Atmosphere)
        object.__setattr__(self, "clouds", _several_clouds(self.clouds))
        object.__setattr__(self, "surface_albedo", checked_surface(self.surface_albedo))
        for member in self.aerosols:
            if not isinstance(member, AnyAerosol):
                raise InputError(
                    f"Column: aerosol holds a {type(member).__name__}; give an Aerosol, "
                    "SpectralAerosol, BandAerosol or SpeciesAerosol, or a sequence of them."
                )
        check_clouds(
            self.clouds,
            overlap=self.overlap,
            decorrelation_length=self.decorrelation_length,
            altitude_levels=self.atmosphere.altitude_levels,
        )
        length = self.inhomogeneity_decorrelation_length
        if length is not None:
            check_positive("Column", "inhomogeneity_decorrelation_length", length)

    def __repr__(self) -> str:
        surface = self.surface_albedo
        albedo = surface if isinstance(surface, SurfaceAlbedo | Ocean) else range_words(surface)
        if isinstance(self.clouds, CloudLayers):
            clouds = ["clouds by layer"]
        else:
            clouds = [repr(cloud) for cloud in self.clouds]
        parts = [repr(self.atmosphere), *map(repr, self.aerosols), f"surface albedo: {albedo}"]
        text = "\n".join([*parts, *(clouds or ["no clouds"])])
        return "\n".join(["Column", *(f"  {line}" for line in text.splitlines())])

    @cached_property
    def aerosols(self) -> tuple[AnyAerosol, ...]:
        """Its aerosols, also where there is one or none."""
        if self.aerosol is None:
            return ()
        return tuple(self.aerosol) if isinstance(self.aerosol, Iterable) else (self.aerosol,)


def _several_clouds(clouds: object) -> Sequence[Cloud] | CloudLayers:
    """The clouds as a column keeps them."""
    if isinstance(clouds, CloudLayers):
        return clouds
    several = tuple(clouds) if isinstance(clouds, Iterable) else (clouds,)
    for cloud in several:
        check_is("Column", "clouds", cloud, (Cloud, CloudLayers))
        if isinstance(cloud, CloudLayers):
            raise InputError("Column: CloudLayers hold all clouds; give them alone.")
    return several


def column_arrays(
    columns: Sequence[Column],
    *,
    table: GasTable,
    cell_id: ArrayLike,
) -> Columns:
    """Arrays of several columns of the same number of layers, for the solver.

    Parameters
    ----------
    columns
        The columns.
    table
        Gas table, whose bands are used.
    cell_id
        (column,) keys of the random numbers: columns with the same key share them.
    """
    limits = table.band_limits_wavenumber
    nodes = _band_nodes(limits.tobytes(), len(limits))
    pressure = np.array([c.atmosphere.pressure_levels for c in columns])
    aerosols = [c.aerosols for c in columns]
    components = component_optics(aerosols, [c.atmosphere for c in columns], nodes)
    shape = len(limits), pressure.shape[1] - 1
    extinction, ssa, asymmetry = aerosol_arrays(components, shape=shape)
    surfaces = [surface_bands(c.surface_albedo, n_bands=len(limits)) for c in columns]
    skies = {i: _states_of(column, nodes) for i, column in enumerate(columns) if column.clouds}
    return Columns(
        pressure_levels=pressure,
        pressure_layers=layer_pressure(pressure),
        temperature_layers=np.array([c.atmosphere.temperature_layers for c in columns]),
        mole_fractions=np.array([c.atmosphere.mole_fraction_array() for c in columns]),
        aerosol_extinction=extinction,
        aerosol_ssa=ssa,
        aerosol_asymmetry=asymmetry,
        **_cloud_arrays(columns, skies, nodes),
        albedo_direct=np.array([s.direct for s in surfaces]),
        albedo_diffuse=np.array([s.diffuse for s in surfaces]),
        open_water=np.array([s.open_water for s in surfaces]),
        ocean_law=np.array([s.law for s in surfaces], dtype=np.int64),
        wind_speed=np.array([s.wind_speed for s in surfaces], dtype=float),
        cell_id=np.asarray(cell_id, dtype=np.uint64),
        aerosol_phase=aerosol_phase(aerosols, components),
        drawn_skies=_drawn_skies(
            [skies[i].drawing if i in skies else None for i in range(len(columns))]
        ),
    )


def check_skies_listed(columns: Columns, *, owner: str) -> None:
    """Raise InputError if a sample draws its sky, for what needs all skies as states."""
    if columns.drawn_skies is not None:
        raise InputError(
            f"{owner}: the overlapping clouds allow more skies than can be told apart, at most "
            f"{MOST_STATES}; merge cloud layers, or give clouds that exclude each other."
        )


def column_slopes(columns: Sequence[Column], *, table: GasTable) -> Floats:
    """How the aerosol of each column changes by band with its properties, (column, band, 4).

    As `band_means.band_slopes`.

    Raises
    ------
    InputError
        A column has several aerosols, or one that is not given by numbers at 550 nm, or one with a
        phase function of its own.
    """
    limits = table.band_limits_wavenumber
    members = [_only_aerosol(column) for column in columns]
    ssa, angstrom, coalbedo_angstrom = (
        [float(getattr(member, name)) for member in members]
        for name in ("ssa", "angstrom", "coalbedo_angstrom")
    )
    nodes = _band_nodes(limits.tobytes(), len(limits))
    return band_slopes(ssa, angstrom=angstrom, coalbedo_angstrom=coalbedo_angstrom, nodes=nodes)


def _only_aerosol(column: Column) -> Aerosol:
    """The one aerosol of a column, whose properties the derivatives belong to."""
    members = column.aerosols
    if len(members) != 1 or not isinstance(members[0], Aerosol) or not members[0].is_uniform:
        raise InputError(
            "kernels=True: the derivatives are with respect to the properties of one aerosol; give "
            "the column a single Aerosol with numbers for aod, ssa, asymmetry and the Angstrom "
            "exponents."
        )
    if members[0].phase_function is not None:
        raise InputError(
            "kernels=True: the derivatives are for the Henyey-Greenstein phase function; give the "
            "Aerosol an asymmetry parameter instead of a phase_function."
        )
    return members[0]


@lru_cache(maxsize=8)
def _band_nodes(limits: bytes, n_bands: int) -> BandNodes:
    """Nodes of the bands of a table, kept: they take longer than the rest of a column."""
    return planck_band_nodes(np.frombuffer(limits).reshape(n_bands, 2))


def _cloud_arrays(
    columns: Sequence[Column], skies: Mapping[int, States], nodes: BandNodes
) -> dict[str, Any]:
    """Fractions, depths and optics of the cloudy states of all columns."""
    n_states = max((len(states.fraction) for states in skies.values()), default=0)
    n_layers = len(columns[0].atmosphere.temperature_layers)
    shape = (len(columns), n_states, len(nodes.wavelength), n_layers)
    fraction, depth = np.zeros(shape[:2]), np.zeros((*shape[:2], shape[3]))
    extinction, ssa = np.ones(shape), np.ones(shape)
    asymmetry, peak, fractional_std = np.zeros(shape), np.zeros(shape), np.zeros(depth.shape)
    for i, states in skies.items():
        own = slice(len(states.fraction))
        arrays = (fraction, depth, extinction, ssa, asymmetry, peak, fractional_std)
        for array, values in zip(arrays, states[: len(arrays)], strict=True):
            array[i, own] = values
    return {
        "cloud_fraction": fraction,
        "cloud_depth": depth,
        "cloud_extinction": extinction,
        "cloud_ssa": ssa,
        "cloud_asymmetry": asymmetry,
        "cloud_peak": peak if peak.any() else NOT_CUT_OFF,
        "variability": variability_of(
            fractional_std, correlation=np.array([_rank_correlation(c) for c in columns])
        ),
    }


def _rank_correlation(column: Column) -> Floats:
    """Correlation of the optical depth within the clouds of a layer and of that above, (layer,)."""
    altitude = column.atmosphere.altitude_levels
    middle = 0.5 * (altitude[1:] + altitude[:-1])
    length = column.inhomogeneity_decorrelation_length
    if length is None:
        length = 0.5 * column.decorrelation_length
    return np.exp(np.diff(middle, prepend=middle[0]) / length)


def _drawn_skies(drawings: Sequence[Drawing | None]) -> DrawnSkies | None:
    """How the skies of all columns are drawn, if one of them needs it."""
    given = {i: drawing for i, drawing in enumerate(drawings) if drawing is not None}
    if not given:
        return None
    n_clouds = max(len(drawing.chain) for drawing in given.values())
    n_layers = next(iter(given.values())).cloud.size
    skies = DrawnSkies(
        np.zeros(len(drawings), np.int64),
        np.zeros((len(drawings), n_clouds, CHAIN_COLUMNS)),
        np.full((len(drawings), n_layers), -1),
        np.zeros((len(drawings), n_layers)),
    )
    for i, (chain, cloud, depth) in given.items():
        skies.clouds[i] = len(chain)
        skies.chain[i, : len(chain)], skies.cloud[i], skies.depth[i] = chain, cloud, depth
    return skies


def _states_of(column: Column, nodes: BandNodes) -> States:
    return cloud_states(
        column.clouds,
        altitude_levels=column.atmosphere.altitude_levels,
        nodes=nodes,
        overlap=column.overlap,
        decorrelation_length=column.decorrelation_length,
        delta_scale=column.delta_scale_clouds,
    )
