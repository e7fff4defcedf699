"""Every variable of an input file with every fault: refused by its own message, or as agreed.

Rationale. A file may be wrong in many ways, and each of them in each variable. What a user is told
must be the same everywhere, and exact enough to find the fault: the file, the variable, how many
cells, the first of them, what is allowed, what to do. Where a fault can be understood without
doubt (a missing cell, latitudes out of order) it is no fault, and the values are those of the file.

Expected: for every pair of variable and fault the message of the table below, word for word, from
both ways to read a file (chunk by chunk for `aeroforcing grid`, at once for `aeroforcing inputs`);
or acceptance, with every value as it was written and every missing cell counted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr
from helpers.builtin_memory import remember_inputs

from aeroforcing.cli.main import main
from aeroforcing.core.errors import InputError
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.inputs.builtin.fields import builtin_inputs
from aeroforcing.inputs.by_chunk import open_run_inputs
from aeroforcing.inputs.resolve import resolve_inputs
from aeroforcing.maps.cells import cells_of
from aeroforcing.optics.clouds import CLOUD_TYPES

GRID, MONTHS = "45x60", [1, 7]
LAT, LON = gaussian_grid(GRID)["lat"].values, gaussian_grid(GRID)["lon"].values
TYPES = [cloud.name for cloud in CLOUD_TYPES]

# The cell that the faults are put in: its place along each dimension, and in words.
CELL = {
    "month": (1, "month=7"),
    "lat": (1, "lat=-22.5"),
    "lon": (2, "lon=150"),
    "cloud_type": (4, "cloud_type=cirrus"),
    "sigma_layer": (3, "sigma_layer[3]"),
}
CELLS = {"month": 2, "lat": 4, "lon": 6, "cloud_type": 7, "sigma_layer": 12}
MAP, MAPS = ("lat", "lon"), ("month", "lat", "lon")

# ---- the variables ------------------------------------------------------------------------------


class Row(NamedTuple):
    """A variable of an input file."""

    name: str
    allowed: str  # in the words of the messages
    below: float  # values that are not allowed
    above: float
    whole: int  # an integer that is allowed
    dims: tuple[str, ...] = MAPS
    units: str = "1"
    beside: Mapping[str, float] = MappingProxyType({})  # what it needs beside it
    missing: dict[str, int] | None = None  # what a missing cell makes missing; None: the variable
    becomes: str = ""  # the variable of the result, where it is another

    @property
    def id(self) -> str:
        return f"{self.name} by type" if self.name == "cloud_fraction" and self.typed else self.name

    @property
    def typed(self) -> bool:
        return "cloud_type" in self.dims

    @property
    def size(self) -> int:
        return int(np.prod([CELLS[dim] for dim in self.dims]))


def mixture(name: str) -> dict[str, float]:
    """AOD of the other species of a mixture."""
    salt = ["sea_salt"] if name == "aod_sea_salt" else ["sea_salt_fine", "sea_salt_coarse"]
    species = ["organic_carbon", "black_carbon", "dust", "sulfate", *salt]
    return {f"aod_{s}": 0.02 for s in species if f"aod_{s}" != name}


def species(name: str) -> Row:
    mixed = dict.fromkeys(("aod", "ssa", "angstrom", "coalbedo_angstrom"), 1)
    return Row(
        f"aod_{name}", "0 to 10", -0.5, 12.0, 1,
        beside=mixture(f"aod_{name}"), missing=mixed, becomes="aod",
    )  # fmt: skip


ROWS = (
    Row("aod", "0 to 10", -0.5, 12.0, 1),
    Row("ssa", "0 to 1", -0.5, 1.5, 1),
    Row("asymmetry", "between -1 and 1 (both excluded)", -1.0, 1.5, 0),
    Row("angstrom", "-1 to 4", -2.0, 5.0, 1),
    Row("coalbedo_angstrom", "-4 to 6", -5.0, 7.0, 1),
    Row("aaod", "0 to 10", -0.5, 12.0, 0, beside={"aod": 0.4}, missing={"ssa": 1}, becomes="ssa"),
    Row("absorption_angstrom", "-5 to 10", -6.0, 11.0, 1, beside={"angstrom": 1.0},
        missing={"coalbedo_angstrom": 1}, becomes="coalbedo_angstrom"),
    *map(species, ("organic_carbon", "black_carbon", "dust", "sulfate", "sea_salt",
                   "sea_salt_fine", "sea_salt_coarse")),
    Row("surface_albedo", "0 to 1", -0.5, 1.5, 1,
        missing={"surface_albedo": 1, "open_water_fraction": 1}),
    Row("open_water_fraction", "0 to 1", -0.5, 1.5, 1),
    Row("surface_altitude", "-500 to 9000", -600.0, 9500.0, 100, dims=MAP, units="m"),
    Row("cloud_fraction", "0 to 1", -0.5, 1.5, 1, missing={"cloud_fraction": 7}),
    Row("cloud_fraction", "0 to 1", -0.5, 1.5, 0, dims=("month", "cloud_type", "lat", "lon")),
    Row("cloud_optical_depth", "0 to 500", -0.5, 600.0, 5, dims=("cloud_type",)),
    Row("cloud_base", "-500 to 25000", -600.0, 26000.0, 100, dims=("cloud_type", "lat"), units="m"),
    Row("cloud_top", "-500 to 25000", -600.0, 26000.0, 20000, dims=("cloud_type", "lat"),
        units="m"),
    Row("cloud_filled", "0 (observed), 1 (continued)", -1.0, 2.0, 1, dims=("lat",), units=""),
    Row("aerosol_profile", "0 to 1", -0.5, 1.5, 0, dims=(*MAPS, "sigma_layer")),
)  # fmt: skip


@pytest.fixture(scope="module")
def builtin() -> xr.Dataset:
    return builtin_inputs(GRID, months=MONTHS)


@pytest.fixture(autouse=True)
def made_once(monkeypatch):
    """The built-in inputs of a grid are the same each time, and take long to make."""
    remember_inputs(monkeypatch)


def good(row: Row, builtin: xr.Dataset) -> xr.Dataset:
    """A file with nothing wrong: the variable, what it needs, and another one on the same grid."""
    shape = tuple(CELLS[dim] for dim in row.dims)
    pattern = np.random.default_rng(4).uniform(0.03, 0.13, shape)
    if row.name in builtin and row.name not in ("aod", "cloud_fraction", "surface_altitude"):
        pattern = builtin[row.name].transpose(*row.dims).values.astype(float)
    other = "angstrom" if row.name == "asymmetry" else "asymmetry"
    constants = {name: (MAPS, np.full((2, 4, 6), x)) for name, x in row.beside.items()}
    fields = {row.name: (row.dims, pattern), **constants, other: (MAPS, np.full((2, 4, 6), 0.5))}
    axes = {"month": MONTHS, "lat": LAT, "lon": LON}
    axes |= {"cloud_type": TYPES} if row.typed else {}
    axes |= {"sigma_interface": builtin["sigma_interface"]} if "sigma_layer" in row.dims else {}
    return xr.Dataset(fields, axes)


# ---- the faults ---------------------------------------------------------------------------------


def place(row: Row) -> str:
    return ", ".join(CELL[dim][1] for dim in row.dims)


def with_value(row: Row, dataset: xr.Dataset, value: float) -> xr.Dataset:
    dataset[row.name][tuple(CELL[dim][0] for dim in row.dims)] = value
    return dataset


def out_of_range(row: Row, value: float, hint: str) -> str:
    return (
        f"variable {row.name} is out of range in 1 of {row.size} cells, first at {place(row)} with "
        f"the value {value:g}; allowed is {row.allowed}. {hint}"
    )


CORRECT = "Correct these cells, or set them to NaN if they are missing."
PERCENT = "Is it in percent? Then divide by 100, or set its units to '%'."
FILL = "If this marks missing cells, declare it as _FillValue."
INFINITE = "Mark missing cells by NaN or _FillValue, not by infinity."


def hint_below(row: Row) -> str:
    return FILL if row.below <= -99 else CORRECT


def hint_above(row: Row) -> str:
    up_to = row.allowed.split(" (")[0].split()[-1]
    return PERCENT if up_to in ("1", "10") and row.name != "cloud_filled" else CORRECT


def text(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    return dataset.assign({row.name: dataset[row.name].astype(str)})


def dates(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    days = xr.zeros_like(dataset[row.name]).drop_attrs()
    return dataset.assign({row.name: days.assign_attrs(units="days since 2001-01-01")})


def integers(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    whole = xr.full_like(dataset[row.name], row.whole).astype(np.int16)
    if row.name == "aerosol_profile":
        whole[..., 0] = 1
    return dataset.assign({row.name: whole})


def level(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    return dataset.assign({row.name: xr.concat([dataset[row.name]] * 2, dim="lev")})


def own_axes(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    """The variable on axes of its own, half a cell away from those of the others."""
    moved = {dim: f"{dim}_2" for dim in MAP if dim in row.dims}
    there = dataset[row.name].rename(moved)
    there = there.assign_coords({new: there[new] + 11.0 for new in moved.values()})
    return dataset.drop_vars(row.name).merge(there)


def own_longitude(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    there = dataset[row.name].isel(lat=0, drop=True)
    return dataset.assign({row.name: there})


def along(dim: str, index: object) -> Callable[[Row, xr.Dataset], xr.Dataset]:
    return lambda row, dataset: dataset.isel({dim: index})


def repeated_longitude(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    return dataset.assign_coords(lon=np.append(LON[:-1], LON[0] - 360.0))


def exchanged(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    """Latitudes under the name of longitudes, and the other way round."""
    return dataset.rename(lat="lon", lon="lat")


class Fault(NamedTuple):
    """What is done to a good file, and the message to be expected."""

    change: Callable[[Row, xr.Dataset], xr.Dataset]
    message: Callable[[Row], str]
    of: tuple[str, ...] = ()  # dimensions without which the variable cannot have it


FAULTS = {
    "negative": Fault(
        lambda row, d: with_value(row, d, row.below),
        lambda row: out_of_range(row, row.below, hint_below(row)),
    ),
    "above the range": Fault(
        lambda row, d: with_value(row, d, row.above),
        lambda row: out_of_range(row, row.above, hint_above(row)),
    ),
    "infinite": Fault(
        lambda row, d: with_value(row, d, np.inf), lambda row: out_of_range(row, np.inf, INFINITE)
    ),
    "huge": Fault(
        lambda row, d: with_value(row, d, 1e30), lambda row: out_of_range(row, 1e30, FILL)
    ),
    "a fill value that is not declared": Fault(
        lambda row, d: with_value(row, d, -9999.0),
        lambda row: out_of_range(row, -9999.0, FILL),
    ),
    "the unit of another quantity": Fault(
        lambda row, d: d.assign({row.name: d[row.name].assign_attrs(units="kg m-2")}),
        lambda row: (
            f"variable {row.name} has units 'kg m-2'; expected '{row.units}'. Convert the values "
            "or correct the attribute."
        ),
    ),
    "text": Fault(
        text,
        lambda row: (
            f"variable {row.name} holds text; numbers are expected. Store them as numbers."
        ),
    ),
    "dates": Fault(
        dates,
        lambda row: (
            f"variable {row.name} holds dates; numbers are expected. Store them as numbers."
        ),
    ),
    "a dimension too many": Fault(
        level,
        lambda row: (
            f"variable {row.name} has the dimension lev, which has no meaning here. Select one "
            "value of it, or add up over it."
        ),
    ),
    "no latitudes": Fault(
        own_longitude,
        lambda row: (
            f"variable {row.name} is over longitudes without latitudes. Give it over both."
        ),
        of=MAP,
    ),
    "another grid than the others": Fault(
        own_axes,
        lambda row: (
            f"variable {row.name} has the dimension "
            f"{', '.join(f'{dim}_2' for dim in row.dims if dim in MAP)}, which has no meaning "
            "here. Select one value of it, or add up over it."
        ),
        of=("lat",),
    ),
    "a longitude twice": Fault(
        repeated_longitude,
        lambda row: (
            "the coordinate lon holds 30 more than once (longitudes a whole turn apart are the "
            "same). Drop the repeated column or row."
        ),
    ),
    "latitude and longitude exchanged": Fault(
        exchanged,
        lambda row: (
            "the coordinate lat is out of range or missing in 4 of 6 places, first at index 2 with "
            "the value 150; allowed is -90 to 90 [degrees_north]."
        ),
    ),
    "no latitude at all": Fault(
        along("lat", []),
        lambda row: "the axis lat is empty. Give at least one lat.",
    ),
    "no month at all": Fault(
        along("month", []),
        lambda row: "the dimension month is empty. Give at least one month.",
    ),
    "a single cell without bounds": Fault(
        lambda row, d: d.isel(lat=[1], lon=[2]),
        lambda row: (
            "the axis lat has a single value, whose cell is not known. Give it bounds, as lat_bnds."
        ),
    ),
    "one cloud type": Fault(
        along("cloud_type", [4]),
        lambda row: (
            f"{row.name} has the cloud types cirrus; expected are {', '.join(TYPES)}."
        ),
        of=("cloud_type",),
    ),
}  # fmt: skip

# Species are alike: the default run takes one of them.
ALIKE = {row.name for row in ROWS if row.name.startswith("aod_")} - {"aod_dust"}


def marks(row: Row) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if row.name in ALIKE else []


PARAMETERS = [pytest.param(row, id=row.id, marks=marks(row)) for row in ROWS]
PAIRS = [
    pytest.param(row, fault, id=f"{row.id}: {name}", marks=marks(row))
    for row in ROWS
    for name, fault in FAULTS.items()
    if set(fault.of) <= set(row.dims) and not (row.name == "cloud_filled" and "unit" in name)
]


def as_grid_reads(path: Path, **options: object) -> xr.Dataset:
    run = open_run_inputs(path, grid=None, months=MONTHS, **options)
    assert run.made is not None
    return run.made


def as_inputs_reads(path: Path, **options: object) -> xr.Dataset:
    return resolve_inputs(path, grid=None, months=MONTHS, **options)


READERS = (as_grid_reads, as_inputs_reads)
ONE_OR_BOTH = [as_grid_reads, pytest.param(as_inputs_reads, marks=pytest.mark.slow)]


def refusals(dataset: xr.Dataset, folder: Path) -> set[str]:
    """What the ways to read a file say to it."""
    dataset.to_netcdf(folder / "in.nc")
    said = set()
    for read in READERS:
        with pytest.raises(InputError) as caught:
            read(folder / "in.nc")
        said.add(str(caught.value))
    return said


@pytest.mark.parametrize(("row", "fault"), PAIRS)
def test_a_fault_is_refused_by_its_own_message(row, fault, builtin, tmp_path):
    faulty = fault.change(row, good(row, builtin))
    assert refusals(faulty, tmp_path) == {f"in.nc: {fault.message(row)}"}


# ---- no faults ----------------------------------------------------------------------------------


def percent(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    return dataset.assign({row.name: (dataset[row.name] * 100.0).assign_attrs(units="%")})


def other_unit(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    if row.units == "m":
        return dataset.assign({row.name: (dataset[row.name] / 1000.0).assign_attrs(units="km")})
    return percent(row, dataset) if row.units == "1" else dataset


def with_bounds(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    bounds = {"lat_bnds": (("lat", "bnds"), [[-45.0, 0.0]])}
    bounds |= {"lon_bnds": (("lon", "bnds"), [[120.0, 180.0]])}
    return dataset.isel(lat=[1], lon=[2]).assign(bounds)


def single_precision(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    if row.name == "aerosol_profile":
        return dataset  # the shares of a cell add up to 1 in double precision
    return dataset.assign({row.name: dataset[row.name].astype(np.float32)})


def shuffled(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    return dataset.isel(lat=[2, 0, 3, 1], lon=[5, 4, 0, 2, 1, 3])


def upside_down(row: Row, dataset: xr.Dataset) -> xr.Dataset:
    west = (dataset["lon"] + 180.0) % 360.0 - 180.0
    return dataset.isel(lat=slice(None, None, -1)).assign_coords(lon=west).transpose(...)


NO_FAULTS = {
    "as it should be": lambda row, dataset: dataset,
    "integers": integers,
    "single precision": single_precision,
    "percent or kilometres": other_unit,
    "latitudes and longitudes in no order": shuffled,
    "from north to south and from 180 west": upside_down,
    "a single cell with bounds": with_bounds,
}


def stands_for(row: Row, dataset: xr.Dataset) -> xr.DataArray:
    """What a variable of a file means, by the definition of the quantities."""
    if row.name == "aaod":
        return 1.0 - dataset["aaod"] / dataset["aod"]
    if row.name == "absorption_angstrom":
        return dataset["absorption_angstrom"] - dataset["angstrom"]
    if row.name.startswith("aod_"):
        return sum(dataset[name] for name in (row.name, *row.beside))
    return dataset[row.name]


def result(row: Row, inputs: xr.Dataset) -> xr.DataArray:
    found = inputs[row.becomes or row.name]
    return found.sum("cloud_type", skipna=False) if row.missing == {"cloud_fraction": 7} else found


@pytest.mark.parametrize("read", ONE_OR_BOTH)
@pytest.mark.parametrize("name", NO_FAULTS)
@pytest.mark.parametrize("row", PARAMETERS)
def test_what_is_no_fault_gives_the_values_of_the_file(row, name, read, builtin, tmp_path):
    written = NO_FAULTS[name](row, good(row, builtin))
    written.to_netcdf(tmp_path / "in.nc")
    if name == "percent or kilometres":
        written = good(row, builtin)
    expected = stands_for(row, written.assign_coords(lon=written["lon"] % 360.0))
    found = result(row, read(tmp_path / "in.nc"))
    assert "missing_cells" not in found.attrs
    same = expected.reindex_like(found).transpose(*found.dims)
    tight = 1e-6 if name == "single precision" else 1e-12
    np.testing.assert_allclose(found.values, same.values, rtol=tight, atol=tight)


MISSING = {
    "NaN": lambda dataset, row: dataset,
    "masked": lambda dataset, row: dataset.fillna({row.name: -999.0}).assign(
        {row.name: dataset[row.name].fillna(-999.0).assign_attrs(missing_value=-999.0)}
    ),
}
TABLES = ("cloud_optical_depth", "cloud_base", "cloud_top", "cloud_filled")


@pytest.mark.parametrize("read", ONE_OR_BOTH)
@pytest.mark.parametrize("mark", MISSING)
@pytest.mark.parametrize("row", PARAMETERS)
def test_a_missing_cell_is_missing_and_counted(row, mark, read, builtin, tmp_path):
    """Or refused, where all cells of a latitude or of the map share the value."""
    faulty = MISSING[mark](with_value(row, good(row, builtin), np.nan), row)
    if row.name in TABLES:
        message = (
            f"in.nc: {row.name} is missing in 1 of {row.size} places, first at {place(row)}; give "
            "it for every cloud type and latitude."
        )
        assert refusals(faulty, tmp_path) == {message}
        return
    faulty.to_netcdf(tmp_path / "in.nc")
    expected = {row.name: 1} if row.missing is None else row.missing
    inputs = read(tmp_path / "in.nc")
    counts = {str(n): a.attrs.get("missing_cells", 0) for n, a in inputs.data_vars.items()}
    assert {name: count for name, count in counts.items() if count} == expected
    where = {dim: CELL[dim][0] for dim in row.dims}
    assert result(row, inputs).isel(where).isnull().all()
    lost = 1 if "month" in row.dims else len(MONTHS)
    assert (~cells_of(inputs).complete).sum() == lost
    filled = read(tmp_path / "in.nc", fill_missing=True)
    assert cells_of(filled).complete.all()


# ---- faults of two variables together -----------------------------------------------------------


def maps(**values: float) -> xr.Dataset:
    fields = {name: (MAPS, np.full((2, 4, 6), value)) for name, value in values.items()}
    return xr.Dataset(fields, {"month": MONTHS, "lat": LAT, "lon": LON})


def typed(value: float) -> xr.Dataset:
    fractions = np.full((2, 7, 4, 6), value)
    dims = ("month", "cloud_type", "lat", "lon")
    return xr.Dataset(
        {"cloud_fraction": (dims, fractions)},
        {"month": MONTHS, "cloud_type": TYPES, "lat": LAT, "lon": LON},
    )


def heights(base: float, top: float) -> xr.Dataset:
    table = {"cloud_base": base, "cloud_top": top}
    fields = {name: (("cloud_type", "lat"), np.full((7, 4), x)) for name, x in table.items()}
    return maps(aod=0.1).assign(fields).assign_coords(cloud_type=TYPES)


TOGETHER = {
    "aaod without aod": (
        maps(aaod=0.02, angstrom=1.0),
        "holds aaod, but no aod beside it, without which it does not tell the absorption. Add the "
        "aod that belongs to it, or remove it.",
    ),
    "aaod alone": (
        maps(aaod=0.02),
        "holds aaod, but no aod beside it, without which it does not tell the absorption. Add the "
        "aod that belongs to it, or remove it.",
    ),
    "absorption_angstrom without angstrom": (
        maps(aod=0.1, absorption_angstrom=1.0),
        "holds absorption_angstrom, but no angstrom beside it, without which it does not tell the "
        "absorption. Add the angstrom that belongs to it, or remove it.",
    ),
    "more absorption than extinction": (
        maps(aod=0.1, aaod=0.2),
        "aaod, the absorption, is larger than aod, the extinction, in 48 of 48 cells, first at "
        "month=1, lat=-67.5, lon=30. Correct these cells, or set them to NaN if they are missing.",
    ),
    "absorption without any aerosol": (
        maps(aod=0.0, aaod=0.1),
        "aaod, the absorption, is larger than aod, the extinction, in 48 of 48 cells, first at "
        "month=1, lat=-67.5, lon=30. Correct these cells, or set them to NaN if they are missing.",
    ),
    "an exponent of the co-albedo that cannot be": (
        maps(angstrom=4.0, absorption_angstrom=-4.0),
        "variable coalbedo_angstrom is out of range in 48 of 48 cells, first at month=1, "
        f"lat=-67.5, lon=30 with the value -8; allowed is -4 to 6. {CORRECT}",
    ),
    "a species without the others": (
        maps(aod_dust=0.1),
        "holds aod_dust, but not the AOD of organic_carbon, black_carbon, sulfate, sea_salt_fine, "
        "sea_salt_coarse. Give all species (zeros for one that is absent), or the total AOD.",
    ),
    "cloud types that overlap": (
        typed(0.2),
        "the amounts of cloud_fraction sum to more than 1 in 48 of 48 cells, first at month=1, "
        "lat=-67.5, lon=30, at most 1.4. Types exclude each other: give what is seen from above.",
    ),
    "clouds that end below their base": (
        heights(3000.0, 2000.0),
        "cloud_top is not above cloud_base in 28 of 28 places, first at cloud_type=cumulus, "
        "lat=-67.5. Give both, as altitudes above sea level.",
    ),
    "two variables for one quantity": (
        maps(aod=0.1, od550aer=0.1),
        "variables aod and od550aer both are aod (aerosol optical depth at 550 nm). Keep one of "
        "them, or rename the other.",
    ),
    "a name that a coordinate has": (
        maps(od550aer=0.1).assign_coords(aod=3.0),
        "od550aer is aod (aerosol optical depth at 550 nm), but aod is there already as something "
        "else. Rename or drop it.",
    ),
    "another wavelength": (
        maps(aod=0.1).assign_coords(wavelength=440.0),
        "aod is needed at 550 nm, but is aod at 440 nm. Add the Angstrom exponent or a second "
        "wavelength, or convert it with aod_at or coalbedo_at first.",
    ),
    "both time and month": (
        maps(aod=0.1).assign(ssa=(("time", "lat", "lon"), np.full((2, 4, 6), 0.9))),
        "has both dimensions time and month; one of them is expected.",
    ),
    "bounds that do not enclose their latitudes": (
        maps(aod=0.1).assign(lat_bnds=(("lat", "bnds"), np.tile([-90.0, -45.0], (4, 1)))),
        "lat_bnds do not enclose their lat in 3 of 4 places, first at lat=-22.5 with -90 to -45. "
        "Correct them, or leave them out.",
    ),
    "cells without an area": (
        maps(aod=0.1).assign(lon_bnds=(("lon", "bnds"), np.stack([LON, LON], axis=1))),
        "lon_bnds do not enclose their lon in 6 of 6 places, first at lon=30 with 30 to 30. "
        "Correct them, or leave them out.",
    ),
    "bounds that are missing": (
        maps(aod=0.1).assign(lat_bnds=(("lat", "bnds"), np.full((4, 2), np.nan))),
        "lat_bnds do not enclose their lat in 4 of 4 places, first at lat=-67.5 with nan to nan. "
        "Correct them, or leave them out.",
    ),
    "a month that is no number": (
        maps(aod=0.1).assign_coords(month=["Jan", "Smarch"]),
        "month is not the months of one year, each once: Jan, Smarch. Give dates or months 1 to "
        "12; of several years make a monthly climatology first, by aeroforcing prepare fields "
        "in.nc -o climatology.nc.",
    ),
    "no variable at all": (
        maps().assign_coords(note=1),
        "no variable is recognised. It holds: no variables. Known, ",
    ),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_faults_of_several_variables(case, tmp_path):
    dataset, message = TOGETHER[case]
    (said,) = refusals(dataset, tmp_path)
    assert said == f"in.nc: {message}" or (message.endswith("Known, ") and message in said)


def test_bounds_across_the_meridian_are_understood(tmp_path):
    """The cell around the prime meridian is often given as 330 to 30."""
    lon = LON - 30.0
    bounds = np.stack([(lon - 30.0) % 360.0, (lon + 30.0) % 360.0], axis=1)
    given = maps(aod=0.1).assign_coords(lon=lon).assign(lon_bnds=(("lon", "bnds"), bounds))
    given["aod"][:, :, 0] = 0.7
    given.to_netcdf(tmp_path / "in.nc")
    given.drop_vars("lon_bnds").to_netcdf(tmp_path / "plain.nc")
    other = {"grid": "45x30", "months": MONTHS}
    found, expected = (resolve_inputs(tmp_path / n, **other)["aod"] for n in ("in.nc", "plain.nc"))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found.max() == pytest.approx(0.7)


def test_bounds_beyond_the_pole_end_there(tmp_path):
    lat = np.array([-90.0, -30.0, 30.0, 90.0])
    bounds = np.array([[-120.0, -60.0], [-60.0, 0.0], [0.0, 60.0], [60.0, 120.0]])
    given = maps(aod=0.1).assign_coords(lat=lat).assign(lat_bnds=(("lat", "bnds"), bounds))
    given["aod"][:, 0] = 0.7
    given.to_netcdf(tmp_path / "in.nc")
    found = resolve_inputs(tmp_path / "in.nc", grid="30x60", months=MONTHS)["aod"]
    np.testing.assert_allclose(found[0, :2, 0], [0.7, 0.1], rtol=1e-12)


# ---- the command line ---------------------------------------------------------------------------

ON_THE_COMMAND_LINE = [
    ("aod", "negative"), ("ssa", "above the range"), ("aaod", "infinite"),
    ("cloud_base", "text"), ("surface_altitude", "a single cell without bounds"),
    ("aerosol_profile", "a dimension too many"),
]  # fmt: skip


@pytest.mark.parametrize("verb", ["grid", "inputs"])
@pytest.mark.parametrize(("name", "fault"), ON_THE_COMMAND_LINE)
def test_the_command_says_it_in_one_line_and_leaves_no_file(
    verb, name, fault, builtin, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    row = next(row for row in ROWS if row.name == name)
    FAULTS[fault].change(row, good(row, builtin)).to_netcdf("in.nc")
    arguments = [verb, "in.nc", "-o", "out.nc", "--months", "1,7", "--grid", "native"]
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"aeroforcing: error: in.nc: {FAULTS[fault].message(row)}\n"
    assert os.listdir() == ["in.nc"]
