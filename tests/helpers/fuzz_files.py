"""Files for the fuzzers: of known content in any way to write it, and of any content at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import netCDF4
import numpy as np
import xarray as xr
from hypothesis import strategies as st

from aeroforcing.core.variables import VARIABLES
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.inputs.known import KNOWN

GRID = "45x60"
LAT, LON = gaussian_grid(GRID)["lat"].values, gaussian_grid(GRID)["lon"].values

# ---- files whose content is known ---------------------------------------------------------------


class Known(NamedTuple):
    """A field, and one of the ways to write it."""

    name: str  # in the file
    canonical: str
    truth: np.ndarray  # (month, lat, lon)
    storage: str  # kind of numbers
    units: str
    marked: bool  # gaps by a fill value in place of NaN


NAMES = {
    "aod": ("aod", "AOD550", "TotExtTau", "od550aer", "tau_550"),
    "ssa": ("ssa", "SSA_550", "w0"),
    "asymmetry": ("asymmetry", "g"),
    "angstrom": ("angstrom", "TOTANGSTR"),
    "surface_albedo": ("surface_albedo", "ALB"),
    "cloud_fraction": ("clt", "cloud_fraction"),
}
UNITS = {"1": 1.0, "": 1.0, "%": 100.0, "percent": 100.0, "fraction": 1.0, None: 1.0}
STORAGE = ("f8", "f4", ">f8", "packed", "u1")


class KnownFile(NamedTuple):
    """A whole file, and how its axes run."""

    fields: list[Known]
    months: list[int] | None
    dims: tuple[str, ...]
    axes: tuple[str, str]  # the names of latitude and longitude
    southward: bool
    west: float  # added to the longitudes, mod 360
    time: str  # "month", or the calendar of a time axis
    form: str


@st.composite
def known_files(draw: Callable) -> KnownFile:
    """Fields of known values in any of the ways that the documentation allows."""
    months = draw(st.sampled_from([[1, 7], [7, 1], [1], None]))
    shape = (len(months or [0]), 4, 6)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    chosen = draw(st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=4, unique=True))
    fields = []
    for canonical in chosen:
        truth = rng.integers(1, 100, shape) / 100.0  # what all kinds of storage can hold
        if draw(st.booleans()):
            truth[rng.random(shape) < 0.2] = np.nan
        storage, marked = draw(st.sampled_from(STORAGE)), draw(st.booleans())
        units = draw(st.sampled_from([u for u in UNITS if storage != "u1" or UNITS[u] == 100.0]))
        name = draw(st.sampled_from(NAMES[canonical]))
        fields.append(Known(name, canonical, truth, storage, units, marked))
    return KnownFile(
        fields,
        months,
        tuple(draw(st.permutations(["month", "lat", "lon"]))),
        draw(st.sampled_from([("lat", "lon"), ("latitude", "longitude"), ("LAT", "Lon")])),
        draw(st.booleans()),
        draw(st.sampled_from([0.0, -180.0, -360.0])),
        draw(st.sampled_from(["month", "standard", "noleap", "360_day"])),
        draw(st.sampled_from(["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET"])),
    )


def written(known: KnownFile, path: Path) -> None:
    """Write the file with the netCDF library alone."""
    lat = LAT[::-1] if known.southward else LAT
    east = LON + known.west if known.west != -180.0 else (LON + 180.0) % 360.0 - 180.0
    with netCDF4.Dataset(path, "w", format=known.form) as file:
        dims = [dim for dim in known.dims if dim != "month" or known.months is not None]
        names = dict(zip(("lat", "lon"), known.axes, strict=True))
        names["month"] = "month" if known.time == "month" else "time"
        sizes = {"lat": 4, "lon": 6, "month": len(known.months or [])}
        for dim in dims:
            file.createDimension(names[dim], sizes[dim])
        for dim, values in (("lat", lat), ("lon", east)):
            file.createVariable(names[dim], "f8", (names[dim],))[:] = values
        if known.months is not None:
            write_months(file, names["month"], known)
        for field in known.fields:
            write_field(file, field, [names[dim] for dim in dims], known)


def write_months(file: netCDF4.Dataset, name: str, known: KnownFile) -> None:
    axis = file.createVariable(name, "i4", (name,))
    axis[:] = known.months
    if name == "time":
        axis.units, axis.calendar = "days since 2000-01-01", known.time
        axis[:] = [30 * (month - 1) + 15 for month in known.months]


def write_field(file: netCDF4.Dataset, field: Known, dims: list[str], known: KnownFile) -> None:
    values = field.truth * UNITS[field.units]
    ordered = xr.DataArray(values[:, ::-1] if known.southward else values, dims=("m", "y", "x"))
    short = {"lat": "y", "lon": "x", "month": "m"}
    kept = [dim for dim in known.dims if dim != "month" or known.months is not None]
    ordered = ordered if known.months is not None else ordered.isel(m=0)
    ordered = ordered.transpose(*(short[dim] for dim in kept))
    packed = field.storage in ("packed", "u1")
    scale = {"packed": 0.005 * UNITS[field.units], "u1": 1.0}.get(field.storage, 1.0)
    kind = {"packed": "i2", "u1": "i1" if known.form != "NETCDF4" else "u1"}.get(
        field.storage, field.storage
    )
    gap = 127 if kind in ("i1", "u1") else -9999
    has_gap = packed or field.marked
    variable = file.createVariable(field.name, kind, dims, fill_value=gap if has_gap else None)
    variable.set_auto_maskandscale(False)
    if field.units is not None:
        variable.units = field.units
    if field.storage == "packed":
        variable.scale_factor, variable.add_offset = scale, 0.0
    raw = np.rint(ordered.values / scale) if packed else ordered.values
    variable[:] = np.where(np.isnan(ordered.values), gap, raw) if has_gap else raw


# ---- files of any content -----------------------------------------------------------------------

DIMENSIONS = ["lat", "lon", "month", "time", "latitude", "x", "cell", "cloud_type", "sigma_layer",
              "lev", "aod", "bnds", "station", "wavelength"]  # fmt: skip
ALIASES = [alias for name in (*KNOWN, "aaod", "absorption_angstrom")
           for alias in (name, *VARIABLES[name].aliases[:1])]  # fmt: skip
VARIABLE_NAMES = [*ALIASES, *DIMENSIONS, "lat_bnds", "lon_bnds", "time_bnds", "sigma_interface",
                  "source", "forcing_toa", "forcing_toa_stderr", "elevation", "é"]  # fmt: skip
ATTRIBUTES = ["units", "scale_factor", "add_offset", "missing_value", "standard_name", "bounds",
              "calendar", "coordinates", "flag_values", "filled_cells", "origin", "wavelength",
              "valid_range", "dtype", "_Unsigned", "history", "inputs", "positive"]  # fmt: skip
ATTRIBUTE_VALUES = ["", "1", "%", "m", "km", "hPa", "days since 2000-01-01", "noleap", "lat",
                    "days since 99999999-01-01", "months since 2000-01-01", "lat lon", "aod",
                    "lat_bnds", "longitude", "latitude", "bool", "true", "x\ny", 0, 1, -1, 7, 0.5,
                    np.nan, np.inf, 1e300, [1, 2], [0.0, np.nan]]  # fmt: skip
KINDS = ["f8", "f4", "i1", "i2", "i4", "i8", "u1", "u8", "S1", "str"]


class WildVariable(NamedTuple):
    name: str
    dims: tuple[str, ...]
    kind: str
    content: str
    attributes: dict[str, Any]


class WildFile(NamedTuple):
    sizes: dict[str, int]
    variables: list[WildVariable]
    seed: int
    form: str


def attributes() -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(
        st.sampled_from(ATTRIBUTES), st.sampled_from(ATTRIBUTE_VALUES), max_size=2
    )


@st.composite
def wild_files(draw: Callable) -> WildFile:
    """A map with axes, of which anything may be different, and further variables."""
    sizes = {"lat": 4, "lon": 6, "month": 1}
    extra = st.dictionaries(st.sampled_from(DIMENSIONS), st.integers(0, 7), max_size=2)
    sizes |= draw(extra)
    if draw(st.integers(0, 3)) == 0:
        sizes.pop(draw(st.sampled_from(sorted(sizes))))
    usual = ["month", "lat", "lon"]
    variables = []
    for dim in sizes:
        if draw(st.integers(0, 5)):
            kind = draw(st.sampled_from(["f8"] * 6 + KINDS))
            content = draw(st.sampled_from(["axis"] * 6 + ["random", "wild"]))
            given = draw(attributes()) if draw(st.integers(0, 3)) == 0 else {}
            variables.append(WildVariable(dim, (dim,), kind, content, given))
    taken = set(sizes)
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(ALIASES) | st.sampled_from(VARIABLE_NAMES))
        if name in taken or name in ("month",):
            continue
        taken.add(name)
        dims = [dim for dim in usual if dim in sizes]
        if draw(st.integers(0, 2)) == 0:
            dims = (
                draw(st.lists(st.sampled_from(sorted(sizes)), max_size=3, unique=True))
                if sizes
                else []
            )
        kind = draw(st.sampled_from(["f8"] * 8 + KINDS))
        content = draw(st.sampled_from(["random"] * 4 + ["wild", "gaps"]))
        variables.append(WildVariable(name, tuple(dims), kind, content, draw(attributes())))
    form = draw(st.sampled_from(["NETCDF4", "NETCDF4", "NETCDF3_CLASSIC"]))
    return WildFile(sizes, variables, draw(st.integers(0, 2**32)), form)


def axis_values(name: str, size: int) -> np.ndarray:
    if name in ("lat", "latitude"):
        return np.linspace(-67.5, 67.5, size)
    if name in ("lon", "longitude"):
        return np.linspace(0.0, 330.0, size)
    return np.arange(1.0, size + 1.0)


def wild_values(variable: WildVariable, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if variable.content == "axis":
        values = axis_values(variable.name, shape[0]) if shape else np.array(1.0)
    elif variable.content == "wild":
        values = rng.choice([0.0, -1.0, 1.0, 7.0, 1e30, -1e30, np.nan, np.inf, 360.0], shape)
    else:
        values = np.asarray(rng.uniform(0.1, 0.9, shape))
        if variable.content == "gaps":
            values = np.where(rng.random(shape) < 0.2, np.nan, values)
    if variable.kind == "str":
        return values.astype(str).astype(object)
    if variable.kind == "S1":
        return np.full(shape, b"x")
    with np.errstate(invalid="ignore"):
        return values.astype(variable.kind)


def write_wild(wild: WildFile, path: Path) -> None:
    rng = np.random.default_rng(wild.seed)
    with netCDF4.Dataset(path, "w", format=wild.form) as file:
        for name, size in wild.sizes.items():
            file.createDimension(name, size or None if wild.form == "NETCDF4" else max(size, 1))
        for variable in wild.variables:
            classic = wild.form != "NETCDF4"
            kind = {"str": "S1", "i8": "i4", "u1": "i1", "u8": "f8"}.get(
                variable.kind, variable.kind
            )
            chosen = variable._replace(kind=kind) if classic else variable
            kind = str if chosen.kind == "str" else chosen.kind
            made = file.createVariable(chosen.name, kind, chosen.dims)
            made.set_auto_maskandscale(False)
            shape = tuple(len(file.dimensions[dim]) for dim in chosen.dims)
            made[...] = wild_values(chosen, shape, rng)
            for name, value in chosen.attributes.items():
                made.setncattr(name, value)
