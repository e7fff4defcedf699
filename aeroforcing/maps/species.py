"""Maps of the radiative effect of each aerosol species, leave-one-out and add-one-in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.columns.aerosols import LayerOptics
from aeroforcing.core.arrays import Floats
from aeroforcing.core.canonical import OPTICAL
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.forcing.species import METHODS, Effort, attributed, dims_of
from aeroforcing.grids.domain import Layout
from aeroforcing.inputs.builtin.aerosol import builtin_species, builtin_species_profiles
from aeroforcing.inputs.by_chunk import at_steps
from aeroforcing.inputs.conversion import species_fields
from aeroforcing.inputs.resolve import Source
from aeroforcing.inputs.user import read_user_inputs
from aeroforcing.maps.cells import layer_shares
from aeroforcing.maps.chunk import SKY_SUFFIXES, Part, Settings
from aeroforcing.maps.effect_estimates import EffectEstimator, forcing_names, with_errors
from aeroforcing.maps.grid import solved
from aeroforcing.maps.run import ForcingRun, placed, prepared_run
from aeroforcing.optics.band_means import band_means, planck_band_nodes
from aeroforcing.optics.mixtures import mix_species, spectral_exponents
from aeroforcing.optics.species import SPECIES
from aeroforcing.optics.sun import Sun
from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN
from aeroforcing.runs.chunks import Progress
from aeroforcing.transport.column_optics import Columns
from aeroforcing.transport.estimates import Replicates

# What counts as one species. By Chung (2012) both carbons together have one SSA.
_SALT = {"sea_salt": ("sea_salt_fine", "sea_salt_coarse")}
GROUPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "chung2012": {
        "carbonaceous": ("organic_carbon", "black_carbon"),
        **{name: (name,) for name in ("dust", "sulfate")},
        **_SALT,
    },
    "merra2": {
        **{name: (name,) for name in ("organic_carbon", "black_carbon", "dust", "sulfate")},
        **_SALT,
    },
}


@suggest_keywords
def grid_species_forcing(
    inputs: Source | None = None,
    *,
    species: Source | None = None,
    optics: str = "chung2012",
    grid: str | None = "T42",
    times: str = "months",
    months: int | Iterable[int] = range(1, 13),
    methods: Sequence[str] = METHODS,
    stderr_target: float | None = None,
    photons: int | None = None,
    seed: int = 0,
    sky: str = "both",
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
    fill_missing: bool = False,
    delta_scale_clouds: bool = False,
    ocean: str = DEFAULT_OCEAN,
    wind_speed: float | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Monthly maps of the radiative effect of each aerosol species.

    Parameters
    ----------
    inputs
        Surface, clouds and air, as of `grid_forcing`, and perhaps the AOD of the species; None for
        the built-in ones.
    species
        Dataset or netCDF file on a grid with the AOD at 550 nm of the six species of
        `mix_species`, by month. By default that of the inputs, where they hold species
        (`aod_dust`, ...), and else the built-in one. The vertical distribution is that of the
        built-in species.
    optics
        "chung2012", where both carbons are one species, or "merra2".
    grid, times, months, fill_missing, ocean, wind_speed
        As of `grid_forcing`.
    methods
        "leave_one_out" and "add_one_in", or one of them; see `attribution`.
    stderr_target
        Standard error to reach in each cell at the top of the atmosphere, by the effect of all
        aerosol and of each species, in every sky [W m-2]; excludes `photons`.
    photons
        32 by default: samples of each effect in a cell of AOD 0.1; the others get theirs in
        proportion to their AOD, in powers of two.
    seed
        Root of the random numbers.
    sky
        "both", "all" (with clouds) or "clear".
    solar_constant
        Irradiance at 1 AU [W m-2].
    gas_table
        "g112", or the path of an RRTMGP shortwave table.
    delta_scale_clouds
        Cut off the forward peak of the clouds' phase function (`clouds.delta_scaled`).
    jobs
        Threads; all processors by default. They do not change the result.
    progress
        Called with (cells done, cells in all); True shows a bar, or lines in a log.

    Returns
    -------
    xarray.Dataset
        Over (time, lat, lon): `forcing_toa, forcing_atmosphere, forcing_surface` of all aerosol;
        over (attribution, species, time, lat, lon) `species_forcing_...`; over (attribution, time,
        lat, lon) `closure_gap_...`, the effect of all minus the sum over the species; both skies
        (`_cs`), each with `<name>_stderr` [W m-2]. `species_aod` (species, time, lat, lon) at
        550 nm [1].
        Each species follows its own law of wavelength, and the mixture is external in every band.
        That of `grid_forcing` follows one law, which has less AOD in the ultraviolet and beyond
        1.2 um: with the built-in species its effect at the top in clear sky is 7 % weaker, in all
        sky 12 % (5 and 6 % with "merra2").

    Raises
    ------
    InputError
        The inputs or a setting cannot be used.
    """
    run = species_run(
        inputs, species=species, methods=methods, optics=optics, grid=grid, times=times,
        months=months, stderr_target=stderr_target, photons=photons, seed=seed, sky=sky,
        solar_constant=solar_constant, gas_table=gas_table, fill_missing=fill_missing,
        delta_scale_clouds=delta_scale_clouds, ocean=ocean, wind_speed=wind_speed, jobs=jobs,
    )  # fmt: skip
    return solved(run, jobs=jobs, progress=progress)


def species_run(
    inputs: Source | None = None,
    *,
    species: Source | None = None,
    methods: Sequence[str] = METHODS,
    jobs: int | None = None,
    cells_per_chunk: int | None = None,
    **settings: Any,
) -> ForcingRun:
    """The run of a map of species.

    Parameters are those of `grid_species_forcing` and `saved.save_grid_forcing`.

    Raises
    ------
    InputError
        The inputs or a setting cannot be used.
    """
    _check_methods(methods)
    checked = Settings(**settings, estimate=EachSpecies(tuple(methods)))

    def depths(layout: Layout) -> xr.Dataset:
        assert species is not None
        months = np.unique(layout.steps.month).tolist()
        user = read_user_inputs(species, months=months)
        fields = placed(user.dataset, layout, source=user.source)
        return species_fields(replace(user, dataset=fields))

    return prepared_run(
        inputs, checked, beside=None if species is None else depths, jobs=jobs,
        cells_per_chunk=cells_per_chunk,
    )  # fmt: skip


def _check_methods(methods: Sequence[str]) -> None:
    known = set(methods) <= set(METHODS) and not isinstance(methods, str)
    if not known or not methods or len(set(methods)) < len(methods):
        raise InputError(
            f"methods={methods!r} is not allowed; give one or both of {', '.join(METHODS)}."
        )


@dataclass(frozen=True)
class EachSpecies:
    """The effects of all aerosol and of each species, and what these leave of that of all."""

    methods: tuple[str, ...] = METHODS
    default_photons: ClassVar[int] = 32

    def labels(self, settings: Settings) -> dict[str, list[str]]:
        """Dimensions of the results before those of the cells, with their labels."""
        return {"species": list(GROUPS[settings.optics]), "attribution": list(self.methods)}

    def dims(self, name: str) -> tuple[str, ...]:
        """Those that a result has of them."""
        return dims_of(name, ())

    def names(self, settings: Settings) -> tuple[str, ...]:
        """The variables of the result."""
        effects = [
            name
            for total in forcing_names(settings)
            for name in (total, f"species_{total}", total.replace("forcing_", "closure_gap_"))
        ]
        return (*with_errors(effects), "species_aod")

    def effects(self, settings: Settings) -> int:
        """How many times the samples of a cell are drawn."""
        one_sky = 1 + len(self.methods) * len(GROUPS[settings.optics])
        return one_sky * len(SKY_SUFFIXES[settings.sky])

    def estimator(self, part: Part) -> EffectEstimator:
        """The estimator of a chunk."""
        return _SpeciesEstimator(part, self.methods)

    def attributes(self, settings: Settings) -> dict[str, str]:
        """Global attributes that tell it."""
        return {"optics": settings.optics}


class _SpeciesEstimator(EffectEstimator):
    """Estimates the effects of the species in the cells of a chunk."""

    def __init__(self, part: Part, methods: Sequence[str]) -> None:
        super().__init__(part)
        self._methods = methods
        self._members = _members(part)
        aod = np.stack([member.fields["aod"] for member in self._members])
        self.aod, self.known = aod.sum(axis=0), {"species_aod": aod}

    def _replicates(
        self, chosen: NDArray[np.int64], columns: Columns, sun: Sun, effort: Effort
    ) -> Replicates:
        return attributed(
            self._part.table,
            columns,
            sun,
            species=[m.optics(chosen, columns.pressure_levels) for m in self._members],
            skies=self._skies,
            effort=effort,
            methods=self._methods,
        )


class _Member:
    """A species on a grid: its optical properties and heights by cell."""

    def __init__(self, fields: dict[str, Floats], profile: Floats, part: Part) -> None:
        self.fields = fields  # name -> (cell,)
        self._profile = profile  # (cell, sigma layer)
        self._interfaces = part.cells.sigma_interface
        self._nodes = planck_band_nodes(part.table.band_limits_wavenumber)

    def optics(self, chosen: NDArray[np.int64], pressure_levels: Floats) -> LayerOptics:
        """In chosen cells, (cell, band, layer)."""
        given = {name: self.fields[name][chosen] for name in OPTICAL}
        depth, ssa, asymmetry = band_means(**given, nodes=self._nodes)
        shares = layer_shares(self._profile[chosen], self._interfaces, pressure_levels)[:, None, :]
        shape = (*depth.shape, shares.shape[-1])
        return LayerOptics(
            depth[..., None] * shares,
            np.broadcast_to(ssa[..., None], shape),
            np.broadcast_to(asymmetry[..., None], shape),
        )


def _members(part: Part) -> list[_Member]:
    """The species of a chunk, in the order of their groups."""
    builtin = at_steps(_builtin_with_profiles, part.layout)
    depths = _depths(part, builtin)
    optics = part.settings.optics
    members = []
    for names in GROUPS[optics].values():
        own = depths.assign({n: xr.zeros_like(depths[n]) for n in SPECIES if n not in names})
        mixture = xr.merge(
            [mix_species(own, optics=optics), spectral_exponents(own, optics=optics)]
        )
        fields = {name: part.by_cell(mixture[name]) for name in OPTICAL}
        members.append(_Member(fields, _profile(builtin["profile"], depths, names, part), part))
    return members


def _builtin_with_profiles(grid: xr.Dataset, *, months: Sequence[int]) -> xr.Dataset:
    """AOD of the built-in species, and the share of each in the layers, (species, ...)."""
    profiles = builtin_species_profiles(grid=grid, months=months)
    return builtin_species(grid=grid, months=months).assign(profile=profiles)


def _depths(part: Part, builtin: xr.Dataset) -> xr.Dataset:
    """AOD of the six species in a chunk: the user's if there are any, else the built-in ones."""
    own = {name: f"aod_{name}" for name in SPECIES}
    missing = [name for name, given in own.items() if given not in part.fields]
    if len(missing) == len(SPECIES):
        return builtin[list(SPECIES)]
    if missing:
        raise InputError(
            f"the species of the inputs: the AOD of {', '.join(missing)} is missing; give zeros "
            "for a species that is absent."
        )
    fill = part.settings.fill_missing
    fields = {}
    for name, given in own.items():
        values = part.fields[given].variable.transpose(*builtin[name].dims)
        fields[name] = builtin[name].copy(data=values.values).drop_attrs()
        if fill:
            fields[name] = fields[name].fillna(builtin[name])
    return xr.Dataset(fields)


def _profile(
    profiles: xr.DataArray, depths: xr.Dataset, names: Sequence[str], part: Part
) -> Floats:
    """Share of a group's AOD in each layer, (cell, sigma layer), by the depths of its members."""
    own = [name.removesuffix("_fine").removesuffix("_coarse") for name in names]
    depth = xr.concat([depths[name] for name in names], dim="member")
    layers = depth * xr.concat([profiles.sel(species=n, drop=True) for n in own], dim="member")
    total = depth.sum("member", skipna=False)
    absent = profiles.sel(species=own[0], drop=True)
    shares = (layers.sum("member", skipna=False) / total).where(total > 0.0, absent)
    ordered = shares.transpose("sigma_layer", "month", *part.layout.dims)
    return np.moveaxis(part.by_cell(ordered), 0, -1)
