"""Systematic steps along rows or columns of merged or filled fields.

A merged field is stitched from sensors, swaths and boxes, and where they meet it may step. With
d_i the difference between the cells i and i + 1 across a line, the step there beyond the smooth
variation is

    s_i = d_i - (d_(i-1) + d_(i+1)) / 2

which is h at a seam of the size h, 0 for any parabola, and has 5 times the variance of independent
noise of the cells. Its mean along a line is tested against the scatter between blocks of cells of
that line (Student's t of the means of the blocks; Sidak's correction for the number of lines). The
blocks are three times as long as the steps are correlated along the lines, so that smooth fields
give no alarms. What is significant but smaller than `LEAST_SIZE` robust standard deviations
of the cells is not told. A seam of the size h gives its neighbours -h / 2: of lines side by side
the strongest counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from aeroforcing.core.arrays import Floats
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.grids.grid import grid_of
from aeroforcing.observations.fields import prepared

_Differ: TypeAlias = Callable[[Floats, Floats], NDArray[np.bool_]]
_Mark: TypeAlias = tuple[Floats, _Differ]

FALSE_ALARMS = 0.01  # for a field without seams
LEAST_SIZE = 1.0  # in robust standard deviations of the cells
KINDS = ("unexplained", "coast", "sensor boundary")
_FEWEST_BLOCKS = 6  # of a line that is tested
_FEWEST_CELLS = 6
_UNCORRELATED = 0.05
_ROUNDING = 1e-9  # of the largest value: a smaller variation is none
_NOISE = np.sqrt(5.0)  # standard deviation of the step for noise of 1
_MAD = 1.4826  # standard deviation over median absolute deviation, of a normal distribution
_ALIKE = 0.5  # share of the steps on coasts or sensor boundaries from which they explain a seam


class _Lines(NamedTuple):
    """The lines of one orientation."""

    steps: Floats  # (month, line, cell along the line)
    edges: Floats  # position of each line [degrees]
    periodic: bool


class _Line(NamedTuple):
    """What the steps across one line say."""

    size: float
    stderr: float
    p_value: float
    recurrence: float


@suggest_keywords
def find_seams(
    field: xr.DataArray,
    *,
    land_fraction: xr.DataArray | None = None,
    source: xr.DataArray | None = None,
    false_alarms: float = FALSE_ALARMS,
    least_size: float = LEAST_SIZE,
) -> xr.Dataset:
    """Find systematic steps along rows or columns of a field.

    Parameters
    ----------
    field : xarray.DataArray
        Over (lat, lon), perhaps with `month`, by one of the canonical names; NaN where missing. All
        months are searched together: a seam is at the same place in each.
    land_fraction : xarray.DataArray, optional
        On the grid of the field [1]: tells steps at coasts from the rest.
    source : xarray.DataArray, optional
        On the grid of the field, a number for where each value is from, as of `fill_gaps`: tells
        steps at the boundaries of sensors from the rest.
    false_alarms : float
        Probability of any seam in a field without seams [1].
    least_size : float
        Smallest seam that is told, in robust standard deviations of the cells [1].

    Returns
    -------
    xarray.Dataset
        Over `seam`, the largest first: `orientation` ("row": along a parallel, "column": along a
        meridian), `position`, the latitude or longitude of the edge [degrees], `step` to the north
        or east with its `step_stderr` [unit of the field], `relative_size` in robust standard
        deviations of the cells, `share` of the line's cells that take part, `recurrence`, the share
        of the months that step alike, and `kind`, one of `KINDS`.

    Raises
    ------
    InputError
        The field is not on a grid of at least six rows and columns.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from aeroforcing.grids.grid import gaussian_grid
    >>> from aeroforcing.observations.seams import find_seams
    >>> grid = gaussian_grid("T21")
    >>> noise = np.random.default_rng(1).normal(0.3, 0.02, (32, 64))
    >>> stepped = noise + 0.04 * (grid.lat.values > 20.0)[:, None]
    >>> seams = find_seams(xr.DataArray(stepped, grid.coords, ("lat", "lon"), name="aod"))
    >>> seams.orientation.values.tolist(), seams.kind.values.tolist()
    (['row'], ['unexplained'])
    """
    ordered = prepared(field, source="the field")
    values = np.asarray(ordered.transpose(..., "lat", "lon"), dtype=float)
    values = values.reshape(-1, *values.shape[-2:])
    if min(values.shape[1:]) < _FEWEST_CELLS:
        raise InputError(
            f"the field has {values.shape[1]} x {values.shape[2]} cells; seams are looked for in "
            f"at least {_FEWEST_CELLS} rows and columns."
        )
    grid = grid_of(ordered)
    periodic = _goes_round(ordered["lon"].values)
    lines = {
        "row": _Lines(_steps(values, round_trip=False), grid["lat_bnds"].values[1:, 1], False),
        "column": _Lines(
            _steps(values.swapaxes(1, 2), round_trip=periodic),
            grid["lon_bnds"].values[0 if periodic else 1 :, 1],
            periodic,
        ),
    }
    tested = sum(line.steps.shape[1] for line in lines.values())
    threshold = -np.expm1(np.log1p(-false_alarms) / tested)
    marks = {
        "coast": _mark(land_fraction, ordered, lambda a, b: (a > 0.5) != (b > 0.5)),
        "sensor boundary": _mark(source, ordered, lambda a, b: a != b),
    }
    least = _ROUNDING * float(np.nanmax(np.abs(values), initial=0.0))
    found = [
        seam
        for orientation, line in lines.items()
        for seam in _seams(orientation, line, marks, threshold, least_size, least)
    ]
    found.sort(key=lambda seam: -seam["relative_size"])
    return _dataset(found, ordered, false_alarms=false_alarms, tested=tested)


def _seams(
    orientation: str,
    lines: _Lines,
    marks: dict[str, _Mark | None],
    threshold: float,
    least_size: float,
    least: float,
) -> list[dict[str, Any]]:
    """The seams along the lines of one orientation."""
    steps = lines.steps
    scale, length = max(_robust(steps), least), _block_length(steps)
    measured = [_line(steps[:, i], length) for i in range(steps.shape[1])]
    explained = {
        name: _across(mark, orientation, lines.periodic)
        for name, mark in marks.items()
        if mark is not None
    }
    return [
        {
            "orientation": orientation,
            "position": float(lines.edges[i]),
            "step": measured[i].size,
            "step_stderr": measured[i].stderr,
            "relative_size": abs(measured[i].size) / scale,
            "share": _share(steps[:, i], measured[i].size),
            "recurrence": measured[i].recurrence,
            "kind": _kind(
                steps[:, i], measured[i].size, {name: on[:, i] for name, on in explained.items()}
            ),
        }
        for i in _strongest(measured, threshold, least_size * scale, periodic=lines.periodic)
    ]


def _goes_round(lon: Floats) -> bool:
    """Whether the columns go all the way round."""
    spacing = np.diff(lon)
    return bool(np.isclose(spacing.mean() * lon.size, 360.0, rtol=1e-3))


def _steps(values: Floats, *, round_trip: bool) -> Floats:
    """Steps beyond the smooth variation, (month, line, cell along the line)."""
    if round_trip:
        after = np.roll(values, -1, axis=1) - values
        return after - 0.5 * (np.roll(after, 1, axis=1) + np.roll(after, -1, axis=1))
    after = np.diff(values, axis=1)
    return after[:, 1:-1] - 0.5 * (after[:, :-2] + after[:, 2:])


def _robust(steps: Floats) -> float:
    """Robust standard deviation of the cells about their smooth variation."""
    seen = steps[np.isfinite(steps)]
    if not seen.size:
        return 0.0
    return float(_MAD * np.median(np.abs(seen - np.median(seen))) / _NOISE)


def _block_length(steps: Floats) -> int:
    """Cells of a block: 2, and thrice the length over which steps are correlated along lines."""
    seen = np.isfinite(steps)
    along = np.where(seen, steps, 0.0)
    along -= along.sum(axis=-1, keepdims=True) / np.maximum(seen.sum(axis=-1, keepdims=True), 1)
    along[~seen] = 0.0
    variance = (along**2).sum()
    length = 1.0
    for lag in range(1, steps.shape[-1] // 2):
        correlation = (along[..., lag:] * along[..., :-lag]).sum() / variance if variance else 0.0
        if correlation < _UNCORRELATED:
            break
        length += 2.0 * correlation
    return int(np.ceil(2.0 + 3.0 * (length - 1.0)))


def _line(steps: Floats, length: int) -> _Line:
    """Size of the step across a line from the means of its blocks, (month, cell)."""
    means = [_block_means(month, length) for month in steps]
    seen = np.concatenate(means)
    freedom = max(m.size for m in means) - 1
    if freedom + 1 < _FEWEST_BLOCKS:
        return _Line(0.0, np.inf, 1.0, 0.0)
    alike = [float(m.mean()) * float(seen.mean()) > 0 for m in means if m.size]
    # the months of a climatology are alike, so that only the blocks of one of them count
    size, error = float(seen.mean()), float(seen.std(ddof=1) / np.sqrt(seen.size / len(alike)))
    p_value = 2.0 * stats.t.sf(abs(size) / error, freedom) if error > 0 else float(size == 0)
    return _Line(size, error, float(p_value), float(np.mean(alike)))


def _block_means(cells: Floats, length: int) -> Floats:
    """Mean of each block of a line, without those that are mostly missing."""
    blocks = np.array_split(cells, max(cells.size // length, 1))
    return np.array([np.nanmean(b) for b in blocks if np.isfinite(b).mean() >= 0.5])


def _strongest(lines: list[_Line], threshold: float, least: float, *, periodic: bool) -> list[int]:
    """The lines with a seam; of neighbours the strongest."""
    order = sorted(range(len(lines)), key=lambda i: -abs(lines[i].size))
    taken: list[int] = []
    for i in order:
        apart = (1, len(lines) - 1) if periodic else (1,)
        beside = any(abs(i - j) in apart for j in taken)
        if lines[i].p_value < threshold and abs(lines[i].size) >= least and not beside:
            taken.append(i)
    return taken


def _share(steps: Floats, size: float) -> float:
    """Share of the cells of a line that step alike: those of the sign, less those against it."""
    seen = np.sign(steps[np.isfinite(steps)]) * np.sign(size)
    return float(max(seen.mean(), 0.0)) if seen.size else 0.0


def _mark(field: xr.DataArray | None, like: xr.DataArray, differ: _Differ) -> _Mark | None:
    """Values of a field that explains steps, on the axes of the field, and how they tell."""
    if field is None:
        return None
    values = np.asarray(field.transpose(..., "lat", "lon"), dtype=float)
    values = values.reshape(-1, *values.shape[-2:])
    if values.shape[1:] != (like.sizes["lat"], like.sizes["lon"]):
        raise InputError(
            f"{field.name} has {values.shape[1]} x {values.shape[2]} cells, the field "
            f"{like.sizes['lat']} x {like.sizes['lon']}; regrid it first."
        )
    if like["lat"].values[0] != field["lat"].values[0]:
        values = values[:, ::-1]
    return values, differ


def _across(mark: _Mark, orientation: str, periodic: bool) -> NDArray[np.bool_]:
    """Whether the two cells of each step differ in what explains it, (month, line, cell)."""
    values, differ = mark
    if orientation == "row":
        return differ(values[:, 1:], values[:, :-1])[:, 1:-1]
    turned = values.swapaxes(1, 2)
    if periodic:
        return differ(np.roll(turned, -1, axis=1), turned)
    return differ(turned[:, 1:], turned[:, :-1])[:, 1:-1]


def _kind(steps: Floats, size: float, marks: dict[str, NDArray[np.bool_]]) -> str:
    """What explains a seam: what most of its step lies on."""
    part = np.where(np.isfinite(steps), np.maximum(steps * np.sign(size), 0.0), 0.0)
    for name, on in marks.items():
        if part.sum() > 0 and (part * on).sum() / part.sum() > _ALIKE:
            return name
    return KINDS[0]


def _dataset(
    found: list[dict[str, Any]], field: xr.DataArray, *, false_alarms: float, tested: int
) -> xr.Dataset:
    """The seams as a dataset."""
    columns = {
        "orientation": "whether the seam is along a parallel (row) or a meridian (column)",
        "position": "latitude or longitude of the seam",
        "step": "step across the seam, to the north or east",
        "step_stderr": "standard error of the step",
        "relative_size": "size of the step in robust standard deviations of the cells",
        "share": "share of the cells of the line that take part",
        "recurrence": "share of the months that step alike",
        "kind": "what explains the seam",
    }
    units = field.attrs.get("units", "1")
    result = xr.Dataset(attrs={"false_alarms": false_alarms, "lines_tested": tested})
    for name, long_name in columns.items():
        attrs = {"long_name": long_name}
        if name not in ("orientation", "kind"):
            attrs["units"] = {"position": "degrees"}.get(name, units if "step" in name else "1")
        is_text = name in ("orientation", "kind")
        values = np.array([seam[name] for seam in found], dtype="U16" if is_text else float)
        result[name] = xr.DataArray(values, dims="seam", attrs=attrs)
    return result


def as_text(seams: xr.Dataset, name: str) -> str:
    """The seams of a field in words, one line for each.

    Parameters
    ----------
    seams
        Of `find_seams`.
    name
        Of the field.
    """
    if not seams.sizes["seam"]:
        return f"{name}: no seams"
    lines = []
    for i in range(seams.sizes["seam"]):
        seam = seams.isel(seam=i)
        along = "latitude" if str(seam["orientation"].values) == "row" else "longitude"
        lines.append(
            f"{name}: a seam at {along} {float(seam['position']):.2f}, {float(seam['step']):+.4g} "
            f"± {float(seam['step_stderr']):.2g}, {float(seam['relative_size']):.1f} standard "
            f"deviations, in {100 * float(seam['recurrence']):.0f} % of the months, "
            f"{seam['kind'].values}"
        )
    return "\n".join(lines)
