"""A forcing map straight into a file: in parts as they are done, so that no crash loses them.

The parts are put together when the last is done. Memory holds a few chunks, never the whole map.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from aeroforcing.core.arrays import Floats
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.netcdf import check_target, open_input, open_lazily
from aeroforcing.core.version import __version__
from aeroforcing.grids.domain import WHOLE_CELLS, Chunk, Layout
from aeroforcing.grids.means import RunningMeans
from aeroforcing.inputs.by_chunk import checked
from aeroforcing.maps.anthropogenic import anthropogenic_run
from aeroforcing.maps.chunk import ChunkSolver, Settings
from aeroforcing.maps.run import ForcingRun, as_dataset, prepared_run
from aeroforcing.maps.species import species_run
from aeroforcing.maps.summary import averaged_fields, summary_of
from aeroforcing.runs.chunks import CellCounter, ChunkResult, Progress, processors
from aeroforcing.runs.fingerprint import SourceFile, _digest_of_arrays, fingerprint
from aeroforcing.runs.netcdf_slabs import Place, write_slabs
from aeroforcing.runs.parts import Parts, discard_parts, parts_of
from aeroforcing.runs.threads import solve_in_threads

MARK = "run_fingerprint"
_MOST_ROUNDS = 3

Read = Callable[[str], Floats]


@suggest_keywords
def save_grid_forcing(
    path: str | os.PathLike[str],
    inputs: xr.Dataset | str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    cells_per_chunk: int | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    describe: Callable[[xr.Dataset], xr.Dataset] = lambda head: head,
    of: str = "all",
    **settings: Any,
) -> dict[str, Any]:
    """Make the map of `grid_forcing` as a netCDF file, safe against crashes.

    What is done is kept in the folder `.<name>.parts` beside the file, until that is complete.
    The numbers are those of `grid_forcing`, whatever the chunks, the threads or workers, and
    however often the run was interrupted.

    Parameters
    ----------
    path
        The file to make.
    inputs
        As for `grid_forcing`. A file that does not fit into memory is read in parts.
    resume
        Take the parts that an earlier run with the same inputs and settings has finished.
    overwrite
        Replace an existing file; without `resume` also discard the parts of earlier runs.
    workers
        Number of processes of this machine to run on, by dask.distributed.
    scheduler
        Address of a dask.distributed scheduler whose workers are to be used, "tcp://...". They must
        see the input files under the same paths.
    cells_per_chunk
        Cells that are read, solved and kept together; by default about half a minute of one
        processor. Memory grows with it.
    jobs
        Threads of this process; all processors by default. Not with `workers` or `scheduler`.
    progress
        Called with (cells done, cells in all); True shows a bar, or lines in a log.
    describe
        Adds global attributes to the head of the file.
    of
        What the map is of: "all" aerosol, each of the "species", or the "anthropogenic" part.
    **settings
        The other parameters of `grid_forcing`, `grid_species_forcing` or `anthropogenic_forcing`.

    Returns
    -------
    The means over the map and the time, as `summary.summary_of`, and under `inputs` what the
    inputs are.

    Raises
    ------
    InputError
        As `grid_forcing`; or the file exists, its folder does not, another run is at work on it,
        there are parts of another run, or an input changed under the run.
    OSError
        The disk is full, or the workers cannot be had.
    """
    _check_workers(workers, scheduler, jobs)
    target = check_target(path, overwrite=overwrite or resume)
    if of not in _RUNS:
        raise InputError(f"of={of!r} is not allowed; give one of {', '.join(_RUNS)}.")
    files = _files(inputs, settings)
    run = _RUNS[of](inputs, jobs=jobs, cells_per_chunk=cells_per_chunk, **settings)
    origins = checked(run.inputs)
    identity = identity_of(run, {what: file.digest for what, file in files.items()})
    if resume and _is_result(target, fingerprint(identity)):
        discard_parts(target, identity)
        return _summary_of_file(target, run.layout)
    check_target(path, overwrite=overwrite)
    with parts_of(target, identity, resume=resume, overwrite=overwrite) as parts:
        for _ in range(_MOST_ROUNDS):  # one, unless the disk damages finished parts meanwhile
            todo = [chunk for chunk in run.chunks() if not parts.is_sound(chunk)]
            left = sum(chunk.size for chunk in todo)
            counter = CellCounter(run.layout.size, progress, left=left)
            if not todo:
                break
            parts.check_room(left * run.bytes_per_cell)
            solved = _solved(run, todo, parts, counter, (workers, scheduler, jobs), files)
            with _unchanged(files), closing(solved):
                for chunk, result in solved:
                    _check_unchanged(files)
                    parts.save(chunk, result)
        else:
            parts.check_sound(run.chunks())
        return _put_together(run, parts, target, origins=origins, describe=describe)


def _run_of_all(inputs: Any, *, jobs: Any, cells_per_chunk: Any, **settings: Any) -> ForcingRun:
    return prepared_run(inputs, Settings(**settings), jobs=jobs, cells_per_chunk=cells_per_chunk)


_RUNS = {"all": _run_of_all, "species": species_run, "anthropogenic": anthropogenic_run}


def _check_workers(workers: int | None, scheduler: str | None, jobs: int | None) -> None:
    values = {"workers": workers, "scheduler": scheduler, "jobs": jobs}
    given = [name for name, value in values.items() if value is not None]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} cannot be combined; give one of them.")
    if workers is not None and (workers < 1 or int(workers) != workers):
        raise InputError(f"workers={workers!r} is not allowed; give a whole number of at least 1.")


def _files(inputs: object, settings: Mapping[str, Any]) -> dict[str, SourceFile]:
    """The files that a run reads; one that cannot be read is left to those who read it."""
    files = {}
    given = {"the input file": inputs, "the gas table": settings.get("gas_table")}
    given |= {f"the file of the {what}": settings.get(what) for what in ("species", "fraction")}
    for what, name in given.items():
        if isinstance(name, str | os.PathLike) and os.path.isfile(name):
            with suppress(OSError):
                files[what] = SourceFile(Path(name))
    return files


def _check_unchanged(files: Mapping[str, SourceFile]) -> None:
    for file in files.values():
        file.check()


@contextmanager
def _unchanged(files: Mapping[str, SourceFile]) -> Iterator[None]:
    """Report a failure as what it comes from, if that is a file that changed."""
    try:
        yield
    except (InputError, OSError):
        _check_unchanged(files)
        raise


def _solved(
    run: ForcingRun,
    chunks: list[Chunk],
    parts: Parts,
    counter: CellCounter,
    where: tuple[int | None, str | None, int | None],
    files: Mapping[str, SourceFile],
) -> Generator[tuple[Chunk, ChunkResult], None, None]:
    """The results of chunks as they are done, by workers, those of a scheduler, or threads."""
    workers, scheduler, jobs = where
    if workers is None and scheduler is None:

        def solver(chunk: Chunk) -> ChunkSolver:
            _check_unchanged(files)  # to read a file that was cut may end the process
            return run.solver(chunk)

        yield from solve_in_threads(chunks, solver=solver, jobs=jobs or processors(), done=counter)
        return
    from aeroforcing.runs.workers import cluster_client, solve_on_workers

    with cluster_client(workers, scheduler, scratch=parts.scratch) as client:
        yield from solve_on_workers(run, chunks, client=client, done=counter)


def _put_together(
    run: ForcingRun,
    parts: Parts,
    target: Path,
    *,
    origins: list[str],
    describe: Callable[[xr.Dataset], xr.Dataset],
) -> dict[str, Any]:
    """Make the file of its parts, which are removed then, and return the means."""
    parts.check_room(run.layout.size * run.bytes_per_cell // 2)  # of single precision
    made, means = parts.made, RunningMeans(run.layout)
    slabs = _slabs(run, parts, means)
    write_slabs(made, describe(_head(run, parts, origins)), names=run.settings.names, slabs=slabs)
    parts.finish(made)
    return _summary(means, run.layout)


def _head(run: ForcingRun, parts: Parts, origins: list[str]) -> xr.Dataset:
    """The result without its values."""
    complete = samples = 0
    for chunk in run.chunks():  # one part at a time: all of them may be larger than memory
        result = parts.read(chunk.number)
        complete, samples = complete + result.complete, samples + result.samples
    attributes = run.attributes(complete=complete, samples=samples, inputs=origins)
    shape = (run.layout.steps.size, *run.layout.map_shape)
    leading = {name: run.settings.leading(name) for name in run.settings.names}
    nothing = {name: np.broadcast_to(np.nan, (*own, *shape)) for name, own in leading.items()}
    mark = {MARK: parts.run}
    return as_dataset(nothing, run, attributes | mark)


def _slabs(run: ForcingRun, parts: Parts, means: RunningMeans) -> Iterator[tuple[Place, Read]]:
    """The maps in slabs, from the parts that overlap each; they are added to the means."""
    chunks = run.chunks()
    starts = [run.layout.first_cell(chunk) for chunk in chunks]
    for slab in run.layout.chunks(WHOLE_CELLS):
        start = run.layout.first_cell(slab)
        within = slice(bisect_right(starts, start) - 1, bisect_left(starts, start + slab.size))
        saved = [(chunk, parts.read(chunk.number)) for chunk in chunks[within]]
        read = partial(_joined, slab=slab, saved=saved, run=run)
        _add_to_means(means, slab, read, run.settings.names)
        yield (slab.steps, *run.layout.place_of(slab).values()), read


def _joined(
    name: str, *, slab: Chunk, saved: list[tuple[Chunk, ChunkResult]], run: ForcingRun
) -> Floats:
    """A variable in a slab, (..., step, row, column) or (..., step, cell)."""
    place, leading = run.settings.planes()[name], run.settings.leading(name)
    values = np.empty((place.stop - place.start, *slab.shape))
    for chunk, result in saved:
        common = slab.common(chunk)
        values[:, *common.within(slab)] = result.values[place][:, *common.within(chunk)]
    return values.reshape(*leading, *slab.shape[: 1 + len(run.layout.dims)])


def _add_to_means(means: RunningMeans, slab: Chunk, read: Read, names: Sequence[str]) -> None:
    fields = averaged_fields(read, names)
    means.add(slab, fields)
    means.count(next(iter(fields.values())))


def _summary(means: RunningMeans, layout: Layout) -> dict[str, Any]:
    time = layout.steps.axis["time"].values
    period: dict[str, Any] = {"steps": time.size, "first": str(time[0]), "last": str(time[-1])}
    if layout.steps.are_months:
        period = {"months": layout.steps.month.tolist()}
    if layout.are_points:
        period["points"] = layout.places.sizes["cell"]
    return summary_of(
        means.overall(), period=period, cells=means.cells, missing_cells=means.missing_cells
    )


def _is_result(target: Path, run: str) -> bool:
    """Whether a file is the result of a run."""
    try:
        return open_input(target, select=lambda file: file[[]]).attrs.get(MARK) == run
    except InputError:
        return False


def _values(dataset: xr.Dataset, name: str) -> Floats:
    return dataset[name].values.astype(float)


def _summary_of_file(target: Path, layout: Layout) -> dict[str, Any]:
    """The means of a result that is there already."""
    means = RunningMeans(layout)
    with open_lazily(target) as file:
        names = [str(name) for name in file.data_vars]
        for slab in layout.chunks(WHOLE_CELLS):
            part = file.isel({"time": slab.steps, **layout.place_of(slab)})
            _add_to_means(means, slab, partial(_values, part), names)
    return _summary(means, layout)


def _digest_of_values(run: ForcingRun) -> str:
    """A digest of the values of a given dataset, read in parts."""
    parts = (run.inputs.part(chunk) for chunk in run.layout.chunks(WHOLE_CELLS))
    return _digest_of_arrays(
        (str(name), part[name].values)
        for part in parts
        if part is not None
        for name in sorted(part.variables, key=str)
    )


def identity_of(run: ForcingRun, digests: Mapping[str, str]) -> dict[str, Any]:
    """All that the result of a run depends on, by names that a message can use.

    Parameters
    ----------
    run
        From `run.prepared_run`.
    digests
        Of the files that it reads, by what they are to it.
    """
    # The axes tell the grid, the time steps and the months.
    named = {k: v for k, v in vars(run.settings).items() if k not in ("grid", "times", "months")}
    settings = named | {name: str(named[name]) for name in ("gas_table", "estimate")}
    axes = {**run.layout.places.variables, **run.layout.steps.axis.variables}
    identity = {
        "version": __version__,
        **settings,
        "cells in a part": run.cells_per_chunk,
        "grid and time axis": _digest_of_arrays((str(n), a.values) for n, a in axes.items()),
        **{f"content of {what}": digest for what, digest in digests.items()},
    }
    if run.inputs.given is not None and run.inputs.path is None:
        identity["values of the given dataset"] = _digest_of_values(run)
    if run.beside is not None:
        fields = run.beside.data_vars.items()
        identity["values of the fields beside"] = _digest_of_arrays(
            (str(n), a.values) for n, a in fields
        )
    return identity
