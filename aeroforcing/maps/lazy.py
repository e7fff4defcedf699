"""Forcing maps of inputs in dask arrays: nothing is computed before it is asked for.

Every chunk of the map is one task, which makes all variables from the part of the inputs that it
needs; a worker holds one such part at a time, whatever the size of the map.
"""

from __future__ import annotations

from dataclasses import replace

import dask
import dask.array as da
import numpy as np
import xarray as xr
from dask.delayed import Delayed
from numpy.typing import NDArray

from aeroforcing.grids.domain import Chunk
from aeroforcing.maps.chunk import solve_chunk
from aeroforcing.maps.run import ForcingRun, as_dataset


def lazy_forcing(run: ForcingRun) -> xr.Dataset:
    """The result of a run as dask arrays, in chunks like those of its inputs.

    Parameters
    ----------
    run
        With dask arrays in its inputs. On another grid than theirs, chunks are whole maps.

    Returns
    -------
    As `grid.grid_forcing`; what is missing, and the mean number of photons, are not known.
    """
    layout = run.layout
    lengths = _chunk_lengths(run)
    without_values = replace(run, inputs=replace(run.inputs, given=None))
    shared = dask.delayed(without_values, traverse=False)
    blocks = [_maps(run, shared, chunk) for chunk in layout.cut(lengths)]
    counts = [len(given) for given in lengths[: 1 + len(layout.dims)]]
    maps = {name: _joined([block[name] for block in blocks], counts) for name in blocks[0]}
    attributes = run.attributes(complete=0, samples=0, inputs=[_origin(run)])
    known = {k: v for k, v in attributes.items() if k not in ("photons", "missing_cells")}
    return as_dataset(maps, run, known)


def _chunk_lengths(run: ForcingRun) -> list[tuple[int, ...]]:
    """Lengths of the chunks along steps, rows and columns, as those of the inputs."""
    inputs, whole = run.inputs, run.layout.whole
    assert inputs.given is not None
    given = inputs.given.unify_chunks().chunks
    lengths = [tuple(given.get("month", (run.layout.steps.size,)))]
    for name, size in zip(("rows", "columns"), whole.shape[1:], strict=True):
        dim = dict(zip(("rows", "columns"), run.layout.dims, strict=False)).get(name)
        own, places = inputs.axes.get(str(dim), ("", np.array([])))
        own_lengths = tuple(given.get(own, (size,)))
        backwards = places.size > 1 and places[0] > places[-1]
        lengths.append(own_lengths[::-1] if backwards else own_lengths)
    return lengths


def _maps(run: ForcingRun, shared: Delayed, chunk: Chunk) -> dict[str, da.Array]:
    """The maps of a chunk, all from one task."""
    task = dask.delayed(_solve)(shared, chunk, run.inputs.part(chunk))
    shape = chunk.shape[: 1 + len(run.layout.dims)]
    return {
        name: da.from_delayed(task[place], shape=(*run.settings.leading(name), *shape), dtype=float)
        for place, name in enumerate(run.settings.names)
    }


def _solve(run: ForcingRun, chunk: Chunk, part: xr.Dataset) -> list[NDArray[np.float64]]:
    """The variables of a chunk, each (..., step, row, column) or (..., step, cell)."""
    values = solve_chunk(run.solver(chunk, run.inputs.resolved(chunk, part))).values
    shape = values.shape[1 : 2 + len(run.layout.dims)]
    leading = run.settings.leading
    planes = run.settings.planes().items()
    return [values[place].reshape(*leading(name), *shape) for name, place in planes]


def _joined(blocks: list[da.Array], counts: list[int]) -> da.Array:
    """One array of blocks in the order of the cells."""
    nested = np.empty(len(blocks), dtype=object)
    for i, block in enumerate(blocks):  # as a whole, the list would be taken for numbers
        nested[i] = block
    return da.block(nested.reshape(counts).tolist())


def _origin(run: ForcingRun) -> str:
    given = run.inputs.given
    assert given is not None
    names = ", ".join(map(str, given.data_vars))
    return f"{names}: {run.inputs.source}, in chunks; all else built-in"
