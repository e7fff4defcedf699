"""The inputs of a run, chunk by chunk: the user's own, read when they are needed, and the built-in.

A file that fits into memory is read at once, and closed. Of a larger one the part of each chunk is
read when the chunk is computed, so that memory does not grow with the file. The inputs of a chunk
are the same, bit for bit, as that part of the inputs of the whole run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from aeroforcing.core.canonical import check_ranges
from aeroforcing.core.checks import check_number, checked_months
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import open_lazily, reading
from aeroforcing.core.variables import VARIABLES, stamp
from aeroforcing.grids.axes import standard_axes
from aeroforcing.grids.coordinates import is_horizontal
from aeroforcing.grids.domain import GRID, WHOLE_CELLS, Chunk, Layout
from aeroforcing.grids.grid import gaussian_grid, grid_of
from aeroforcing.grids.means import on_grid, same_axis
from aeroforcing.grids.points import points_of
from aeroforcing.grids.time_steps import Steps, calendar_months, steps_of_series
from aeroforcing.inputs.air import WIND, air_names, wind_names, with_wind
from aeroforcing.inputs.builtin.fields import at_points, builtin_with
from aeroforcing.inputs.builtin.observed import DEFAULT_AEROSOL, check_aerosol
from aeroforcing.inputs.conversion import species_fields
from aeroforcing.inputs.known import CLOUD_TABLES, bounds_in, known_part
from aeroforcing.inputs.months import in_months
from aeroforcing.inputs.resolve import check_not_all_missing, provenance, resolve_fields
from aeroforcing.inputs.user import check_monthly_aod, has_grid, recognise
from aeroforcing.optics.mixtures import DEFAULT_OPTICS, check_optics
from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN, needs_wind

IN_MEMORY_BYTES = 2**28  # of a file that is read at once

TIMES = ("months", "input")

# Known without months; where the user's depend on the month, their mean counts.
_CONSTANT = ("surface_altitude", *CLOUD_TABLES)

# Horizontal dimension of the run -> the dimension of the user's dataset, and the places there.
Axes: TypeAlias = dict[str, tuple[str, NDArray[np.int64]]]


@dataclass(frozen=True)
class RunInputs:
    """The steps and places of a run, and where the inputs of its cells come from."""

    layout: Layout
    given: xr.Dataset | None = None  # the user's, its steps along `month`
    source: str = ""
    path: Path | None = None  # of the file that `given` is read from
    fill_missing: bool = False
    optics: str = DEFAULT_OPTICS
    aerosol: str = DEFAULT_AEROSOL
    wind_speed: float | None = None  # everywhere, in place of a field of it [m s-1]
    axes: Axes = field(default_factory=dict)  # none where the run is on another grid
    species: bool = False  # whether the user's AOD by species is kept besides its mixture
    made: xr.Dataset | None = None  # all inputs of the run, where they are few

    @property
    def is_chunked(self) -> bool:
        """Whether the user's values are dask arrays."""
        return self.given is not None and bool(self.given.chunks)

    def part(self, chunk: Chunk) -> xr.Dataset | None:
        """The user's values for a chunk, not read yet; on another grid those of all places."""
        if self.given is None:
            return None
        selected: dict[str, slice | NDArray[np.int64]] = {"month": chunk.steps}
        for name, places in self.layout.place_of(chunk).items():
            if name in self.axes:
                own_name, own_places = self.axes[name]
                selected[own_name] = _compact(own_places[places])
        return self.given.isel(selected, missing_dims="ignore")

    def fields(self, chunk: Chunk) -> xr.Dataset:
        """All inputs of a chunk, in memory, as `resolve.resolve_inputs` gives those of a run."""
        if self.made is not None:
            return self.made.isel({"month": chunk.steps, **self.layout.place_of(chunk)})
        part = self.part(chunk)
        with _reading(self.path):
            values = None if part is None else part.load()
        return self.resolved(chunk, values)

    def resolved(self, chunk: Chunk, part: xr.Dataset | None) -> xr.Dataset:
        """All inputs of a chunk from the user's values for it."""
        if part is None:
            return self._with_wind(self._builtin(chunk))
        user = recognise(part, source=self.source)  # first: it may refuse them
        if self.layout.steps.are_months:
            check_monthly_aod(user)
        builtin = self._builtin(chunk)
        fields = resolve_fields(
            user, builtin=builtin, fill_missing=self.fill_missing, optics=self.optics
        )
        if self.species:
            placed = replace(user, dataset=on_grid(user.dataset, builtin))
            fields = with_fields(fields, species_fields(placed))
        return self._with_wind(fields)

    def _builtin(self, chunk: Chunk) -> xr.Dataset:
        return _builtin(self.layout.of(chunk), self.optics, self.aerosol)

    def _with_wind(self, fields: xr.Dataset) -> xr.Dataset:
        if self.wind_speed is None:
            return fields
        origin = f"{self.wind_speed:g} m s-1 everywhere"
        return stamp(with_wind(fields, self.wind_speed, origin=origin))


def _compact(places: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Places in ascending order, as a slice where they are one: so a file is read faster."""
    ordered = np.sort(places)
    is_range = ordered.size > 0 and ordered[-1] - ordered[0] + 1 == ordered.size
    return slice(int(ordered[0]), int(ordered[-1]) + 1) if is_range else ordered


def with_fields(inputs: xr.Dataset, further: xr.Dataset) -> xr.Dataset:
    """Inputs of a chunk with further fields at the same places, spread over steps and places."""
    like = inputs["aod"].drop_vars(list(inputs["aod"].coords))
    bare = further.drop_vars(list(further.coords))
    spread = {n: a.broadcast_like(like).transpose(*like.dims) for n, a in bare.data_vars.items()}
    return inputs.assign({name: array.variable for name, array in spread.items()})


def _builtin(layout: Layout, optics: str, aerosol: str) -> xr.Dataset:
    return at_steps(builtin_with(optics, aerosol), layout)


def at_steps(make: Callable[..., xr.Dataset], layout: Layout) -> xr.Dataset:
    """Built-in fields at the places of a layout, by the calendar months of its steps.

    `make` takes a grid and months.
    """
    months, which = np.unique(layout.steps.month, return_inverse=True)
    place = partial(at_points, make) if layout.are_points else make
    inputs = place(layout.places, months=months.tolist())
    in_order = np.array_equal(which, np.arange(months.size))
    return inputs if in_order else inputs.isel(month=which)


def open_run_inputs(
    inputs: xr.Dataset | str | os.PathLike[str] | None,
    *,
    grid: str | None = "T42",
    times: str = "months",
    months: int | Iterable[int] = range(1, 13),
    fill_missing: bool = False,
    optics: str = DEFAULT_OPTICS,
    ocean: str = DEFAULT_OCEAN,
    wind_speed: float | None = None,
    species: bool = False,
    aerosol: str = DEFAULT_AEROSOL,
) -> RunInputs:
    """Find out the steps and places of a run, and what of its inputs is the user's.

    Parameters
    ----------
    inputs
        Dataset, or path of a netCDF file; None for the built-in inputs alone.
    grid
        Grid to compute on; None keeps that, or the points, of the inputs.
    times
        "months" for calendar months of a climatology, "input" for the time steps of the inputs.
    months
        Calendar months, 1 to 12; of time steps those that are in them.
    fill_missing
        Whether missing cells are filled from the built-in inputs.
    optics
        Of aerosol species, the user's and the built-in ones: "chung2012" or "merra2".
    ocean, wind_speed, aerosol
        As of `grid_forcing`.
    species
        Whether the AOD of species in the inputs is kept, as `aod_<species>` of the mixture's names.

    Raises
    ------
    InputError
        The file cannot be read, nothing in it is known, its axes cannot be used, the wind speed is
        missing or superfluous, or, where all is read at once, a value cannot be used.
    """
    wanted = sorted(checked_months(months))
    check_optics(optics)
    check_aerosol(aerosol)
    _check_wind_speed(wind_speed, ocean)
    if times not in TIMES:
        raise InputError(f"times={times!r} is not allowed; give 'months' or 'input'.")
    if inputs is None:
        if times == "input":
            raise InputError(
                "times='input' asks for the time steps of inputs; give a file of them."
            )
        layout = Layout(calendar_months(wanted), gaussian_grid(grid or "T42"))
        _check_wind_is_known(None, ocean, wind_speed)
        return _made_if_small(
            RunInputs(layout, optics=optics, aerosol=aerosol, wind_speed=wind_speed)
        )
    opened, source, path = _opened(inputs)
    try:
        wind = needs_wind(ocean) and wind_speed is None
        known = _with_axes_read(known_part(opened, source=source, wind=wind), path)
        _check_wind_is_known(known, ocean, wind_speed)
        steps, given = _steps_and_part(known, wanted, times=times, source=source)
        given = _constants(given, steps, source=source, path=path)
        run = _placed(given, steps, grid=grid, source=source)
        run = replace(
            run, source=source, path=path, fill_missing=fill_missing, optics=optics,
            aerosol=aerosol, wind_speed=wind_speed, species=species,
        )  # fmt: skip
        return _made_if_small(_read_if_small(run, opened))
    except BaseException:
        opened.close()
        raise


def _check_wind_speed(wind_speed: float | None, ocean: str) -> None:
    """Refuse a number that is out of range, or that the law of the ocean's albedo does not use."""
    if wind_speed is None:
        needs_wind(ocean)  # refuses an unknown law
        return
    check_number("inputs", WIND, wind_speed)
    if not needs_wind(ocean):
        raise InputError(
            f"{WIND}={wind_speed!r} is used by ocean='jin2011' alone; the law {ocean!r} has none."
        )


def _check_wind_is_known(known: xr.Dataset | None, ocean: str, wind_speed: float | None) -> None:
    if not needs_wind(ocean) or wind_speed is not None:
        return
    if known is None or not wind_names(known, source="the inputs"):
        raise InputError(
            f"ocean={ocean!r} needs the wind speed at 10 m: give the number {WIND}, or a field of "
            f"that name or CF standard name in the inputs [{VARIABLES[WIND].units}]."
        )


def _opened(
    inputs: xr.Dataset | str | os.PathLike[str],
) -> tuple[xr.Dataset, str, Path | None]:
    if isinstance(inputs, xr.Dataset):
        return inputs, "the given dataset", None
    if isinstance(inputs, str | os.PathLike):
        return open_lazily(inputs), Path(inputs).name, Path(inputs)
    kind = type(inputs).__name__
    raise InputError(f"Inputs must be a Dataset or the path of a netCDF file, not {kind}.")


def _reading(path: Path | None) -> AbstractContextManager[None]:
    """Where values of a file are read, if there is one."""
    return nullcontext() if path is None else reading(path)


def _with_axes_read(known: xr.Dataset, path: Path | None) -> xr.Dataset:
    """The dataset with its coordinates and bounds in memory."""
    with _reading(path):
        axes = known.drop_vars(_fields(known)).load()
    return known.assign_coords(axes.coords).assign(axes.data_vars)


def _steps_and_part(
    known: xr.Dataset, months: Sequence[int], *, times: str, source: str
) -> tuple[Steps, xr.Dataset]:
    """The steps of the run, and what is known of the dataset with its steps along `month`."""
    if times == "months":
        return calendar_months(months), in_months(known, months, source=source)
    steps = steps_of_series(known, source=source)
    chosen = np.flatnonzero(np.isin(steps.month, months))
    if chosen.size == 0:
        raise InputError(f"{source}: has no time step in the months {', '.join(map(str, months))}.")
    bare = known.isel(time=chosen).drop_vars(["month", "time"], errors="ignore")
    labelled = bare.rename_dims(time="month").assign_coords(month=steps.month[chosen])
    return steps[chosen], labelled


def _constants(given: xr.Dataset, steps: Steps, *, source: str, path: Path | None) -> xr.Dataset:
    """The dataset without months in what is known without them."""
    varying = [name for name in _CONSTANT if name in given and "month" in given[name].dims]
    if varying and not steps.are_months:
        raise InputError(f"{source}: {varying[0]} must not vary in time. Give one field of it.")
    with _reading(path):
        tables = given[varying].load()
    check_ranges(tables, source=source)
    with xr.set_options(keep_attrs=True):
        return given.assign({name: tables[name].mean("month") for name in varying})


def _placed(given: xr.Dataset, steps: Steps, *, grid: str | None, source: str) -> RunInputs:
    """The run at the places that are asked for, and where the dataset has these."""
    points = points_of(given, source=source)
    if points is not None:
        return _at_points(given, steps, points, grid=grid, source=source)
    if not _is_on_grid(given, source):
        if grid is None:
            raise InputError(f"{source}: has no grid to be kept; name one, such as T42.")
        return RunInputs(Layout(steps, gaussian_grid(grid)), given)
    own, axes = _own_axes(given, source)
    given_grid = grid_of(own, source=source)
    target = given_grid if grid is None else gaussian_grid(grid)
    kept = all(same_axis(own[name].values, target[name].values) for name in GRID)
    return RunInputs(Layout(steps, target), given, axes=axes if kept else {})


def _is_on_grid(given: xr.Dataset, source: str) -> bool:
    """Whether a variable has horizontal dimensions; those of the atmosphere also have others."""
    state = air_names(given, source=source)
    for name in state:
        if any(is_horizontal(str(d), given.coords.get(d), "lat") for d in given[name].dims):
            return True
    return has_grid(given[[name for name in _fields(given) if name not in state]])


def _fields(given: xr.Dataset) -> list[Hashable]:
    """The variables that are not about an axis."""
    about_axes = {*bounds_in(given), "lat_bnds", "lon_bnds", "time_bnds", "sigma_interface"}
    return [name for name in given.data_vars if name not in about_axes]


def _at_points(
    given: xr.Dataset, steps: Steps, points: xr.Dataset, *, grid: str | None, source: str
) -> RunInputs:
    if grid is not None:
        raise InputError(
            f"{source}: holds points without a grid, which stay where they are. Ask for the grid "
            "native (grid=None)."
        )
    renamed = given.rename_dims({d: "cell" for d in points.attrs["dimensions"] if d != "cell"})
    tables = [name for name in CLOUD_TABLES if name in given and "cell" in renamed[name].dims]
    if tables:
        raise InputError(f"{source}: {tables[0]} must be one value for each cloud_type.")
    axes = {"cell": ("cell", np.arange(points.sizes["cell"]))}
    return RunInputs(Layout(steps, points.drop_attrs(deep=False)), renamed, axes=axes)


def _own_axes(given: xr.Dataset, source: str) -> tuple[xr.Dataset, Axes]:
    """Latitudes and longitudes in standard order with their bounds, and their places."""
    marks = {f"place in {dim}": (dim, np.arange(size)) for dim, size in given.sizes.items()}
    ordered = standard_axes(given.drop_vars(_fields(given)).assign(marks), source=source)
    axes: Axes = {}
    for dim in given.sizes:
        places = ordered[f"place in {dim}"]
        axes[str(places.dims[0])] = (str(dim), places.values)
    return ordered.drop_vars(list(marks)), {name: axes[name] for name in GRID}


def _read_if_small(run: RunInputs, opened: xr.Dataset) -> RunInputs:
    """The run with its file read and closed, if that fits into memory."""
    if run.path is None or run.given is None or run.given.nbytes > IN_MEMORY_BYTES:
        return run
    with _reading(run.path):
        given = run.given.load()
    opened.close()
    return replace(run, given=given)


def _made_if_small(run: RunInputs) -> RunInputs:
    """The run with all its inputs, if these are few."""
    if run.is_chunked or run.layout.size > WHOLE_CELLS:
        return run
    return replace(run, made=run.fields(run.layout.whole))


def checked(run: RunInputs) -> list[str]:
    """Read and check all inputs of a run; one line for each origin, as `resolve.provenance`.

    Built-in inputs alone need no check, and what was made at once is checked already.

    Raises
    ------
    InputError
        A value cannot be used, or all of an input is missing; where it is read in parts, the
        message counts the values of one part.
    """
    if run.made is not None:
        check_not_all_missing(run.made)
        return provenance(run.made)
    chunks = run.layout.chunks(WHOLE_CELLS)
    attrs: dict[str, dict[str, Any]] = {}
    arrays: dict[str, xr.DataArray] = {}
    for chunk in chunks if run.given is not None else chunks[:1]:
        fields = run.fields(chunk)
        for name, array in fields.data_vars.items():
            arrays.setdefault(str(name), _stand_in(array, run.layout))
            _add_counts(attrs.setdefault(str(name), {}), array, _seen_before(array, chunk))
    whole = {name: array.assign_attrs(attrs[name]) for name, array in arrays.items()}
    dataset = xr.Dataset(whole, attrs=fields.attrs)
    check_not_all_missing(dataset)
    return provenance(dataset)


def _stand_in(array: xr.DataArray, layout: Layout) -> xr.DataArray:
    """An array of the dimensions that a field of a chunk has in the whole run."""
    lengths = {"month": layout.steps.size, **dict(zip(layout.dims, layout.map_shape, strict=True))}
    shape = [lengths.get(str(dim), size) for dim, size in array.sizes.items()]
    return xr.DataArray(np.broadcast_to(0, shape), dims=array.dims)


def _seen_before(array: xr.DataArray, chunk: Chunk) -> bool:
    """Whether an earlier chunk has the same values, for lack of a dimension."""
    constant_in_time = "month" not in array.dims and chunk.steps.start > 0
    constant_in_place = not {"lat", "cell"} & set(array.dims) and chunk.rows.start > 0
    return constant_in_time or constant_in_place


def _add_counts(total: dict[str, Any], array: xr.DataArray, seen_before: bool) -> None:
    """Take over the origin of a field of a chunk, and add its numbers of missing cells."""
    for key, value in array.attrs.items():
        if key == "origin":
            total[key] = value
        elif key in ("missing_cells", "filled_cells", "rounded_cells") and not seen_before:
            total[key] = total.get(key, 0) + value
