"""Damaged files: no reader gives a traceback of its libraries, hangs, or invents numbers.

Rationale. Files are cut off by full disks, mangled by mail and editors, and fetched from the wrong
link. Expected behaviour: whatever bytes a file holds, a reader either raises InputError that names
the file, or returns values within physical range. Where the damage leaves the sense of the file
alone (columns in another order, other line ends, a byte order mark), the values are the same; where
it cuts the file, they are those of the records that are whole; where the values of two columns
change places, they are refused, or no result changes by more than the network's own uncertainty.

The default run takes a sample of each kind; `pytest -m slow` takes 2,000 files and prints what came
of them. A byte that changes one plausible digit into another cannot be seen by any reader: that is
what "within physical range" is for. Nor can latitude and longitude that changed places.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers import reader_samples as samples
from helpers.damage import ANY_FILE, Damage

from aeroforcing.core.canonical import check_ranges
from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers.aeronet import read_aeronet
from aeroforcing.observations.readers.aerosol_models import read_gocart, read_merra2
from aeroforcing.observations.readers.isccp import read_isccp
from aeroforcing.observations.readers.misr import read_misr
from aeroforcing.observations.readers.modis import read_modis

HEADER = len(samples.V3_PREAMBLE)
SUN = samples.many_days()
SKY = samples.inversion(
    [
        samples.inversion_record(
            f"{d:02d}:03:2006",
            aod550=0.4 + d / 40,
            kappa=0.1,
            coalbedo550=0.06 + 0.001 * d,
            asymmetry=0.66 + 0.002 * d,
        )
        for d in range(1, 29)
    ]
)
JUNK = ("", "N/A", "nan", "1e400", "-inf", "-999", "0x1F", '"', "--", "1_000", "1e-400", "True",
        "\xb1", "' OR 1", "2016-01-05", "9" * 400, "x" * 70_000)  # fmt: skip


def outcome(read: Callable[[Path], xr.Dataset], path: Path) -> xr.Dataset | None:
    """The dataset, checked to be physical; None for an error that names the file."""
    try:
        result = read(path)
    except InputError as error:
        assert path.name in str(error)
        assert len(str(error)) < 3000
        return None
    check_ranges(result, source="the result")
    for name, limit in (("lat", 90.0), ("lon", 360.0)):
        assert (np.abs(result[name]) <= limit).all()
    return result


# ---- damage to text ---------------------------------------------------------------------------


def rows(content: bytes) -> tuple[list[str], list[list[str]]]:
    lines = content.decode("latin-1").splitlines()
    start = next(i for i, line in enumerate(lines) if "Date(dd:mm:yyyy)," in line)
    return lines[:start], [line.split(",") for line in lines[start:]]


def rebuilt(preamble: list[str], table: list[list[str]]) -> bytes:
    return ("\n".join([*preamble, *(",".join(row) for row in table)]) + "\n").encode("latin-1")


def swapped_values(content: bytes, rng: np.random.Generator) -> bytes:
    """Two columns change places, but not their names."""
    _, table = rows(content)
    return swapped(content, *rng.integers(0, len(table[0]), 2))


def swapped(content: bytes, i: int, j: int) -> bytes:
    """The values of two columns under each other's names."""
    preamble, table = rows(content)
    for row in table[1:]:
        row[i], row[j] = row[j], row[i]
    return rebuilt(preamble, table)


def junk_field(content: bytes, rng: np.random.Generator) -> bytes:
    preamble, table = rows(content)
    for _ in range(rng.integers(1, 4)):
        row = table[rng.integers(len(table))]
        row[rng.integers(len(row))] = str(rng.choice(JUNK))
    return rebuilt(preamble, table)


def lost_column(content: bytes, rng: np.random.Generator) -> bytes:
    preamble, table = rows(content)
    lost = rng.integers(len(table[0]))
    return rebuilt(preamble, [[f for i, f in enumerate(row) if i != lost] for row in table])


def shifted_row(content: bytes, rng: np.random.Generator) -> bytes:
    preamble, table = rows(content)
    row = table[rng.integers(len(table))]
    row.insert(rng.integers(len(row)), row.pop())
    return rebuilt(preamble, table)


def another_encoding(content: bytes, rng: np.random.Generator) -> bytes:
    encoding = rng.choice(["utf-16", "utf-16-le", "utf-32", "cp037", "utf-7"])
    return content.decode("latin-1").encode(str(encoding))


TEXT = (*ANY_FILE, swapped_values, junk_field, lost_column, shifted_row, another_encoding)


def damaged_texts(tmp_path: Path, count: int, seed: int) -> Counter:
    rng, seen = np.random.default_rng(seed), Counter()
    for number in range(count):
        damage = TEXT[number % len(TEXT)]
        path = tmp_path / f"{number}_{damage.__name__}.all"
        path.write_bytes(damage(SUN if rng.random() < 0.6 else SKY, rng))
        seen["read" if outcome(read_aeronet, path) is not None else "refused"] += 1
        path.unlink()
    return seen


def damaged_binaries(tmp_path: Path, makers: dict, count: int, seed: int) -> Counter:
    rng, seen = np.random.default_rng(seed), Counter()
    contents = [(name, read, make(tmp_path / name)) for name, (read, make) in makers.items()]
    for number in range(count):
        name, read, content = contents[number % len(contents)]
        damage: Damage = ANY_FILE[number // len(contents) % len(ANY_FILE)]
        folder = tmp_path / f"{number}_{damage.__name__}"
        folder.mkdir()
        path = folder / name
        path.write_bytes(damage(content, rng))
        seen["read" if outcome(read, path) is not None else "refused"] += 1
        path.unlink()
    return seen


def _netcdf(dataset: xr.Dataset, **options: object) -> Callable[[Path], bytes]:
    def make(path: Path) -> bytes:
        dataset.to_netcdf(path, **options)
        return path.read_bytes()

    return make


def _modis(path: Path) -> bytes:
    return samples.modis(path, samples.modis_stored()).read_bytes()


def _misr(path: Path) -> bytes:
    return samples.misr_grouped(path).read_bytes()


def _old_misr(path: Path) -> bytes:
    values = np.full((6, 12, 9, 4, 6), 0.2, "f4")
    data_sets = {"Optical depth average": (values, {"_FillValue": -9999.0})}
    return samples.hdf4(path, data_sets).read_bytes()


def _archive(path: Path) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("site.lev20", SUN)
    return path.read_bytes()


AEROSOL = samples.model_grid({"TOTEXTTAU": 0.2, "TOTSCATAU": 0.19})
AEROCOM = samples.model_grid({"od550aer": 0.2, "abs550aer": 0.01, "ang4487aer": 1.2})
CLOUDS = xr.Dataset(
    {"cloud_fraction": (("month", "cloud_type", "lat", "lon"), np.full((12, 7, 4, 8), 0.08))},
    {
        "month": np.arange(1, 13),
        "cloud_type": ["cumulus", "stratus", "altocumulus", "nimbostratus", "cirrus",
                       "cirrostratus", "deep_convective"],
        "lat": [-67.5, -22.5, 22.5, 67.5],
        "lon": np.arange(8) * 45.0,
    },
)  # fmt: skip
OLD_MISR = xr.Dataset(
    {"Optical_depth_average": (("band", "lat", "lon"), np.full((4, 6, 12), 0.2, "f4"))},
    {"lat": np.arange(-75.0, 80.0, 30.0), "lon": np.arange(-165.0, 180.0, 30.0)},
)
BINARIES = {
    "site.zip": (read_aeronet, _archive),
    "MERRA2.nc4": (read_merra2, _netcdf(AEROSOL, engine="netcdf4")),
    "MERRA2.nc": (read_merra2, _netcdf(AEROSOL, engine="scipy")),
    "aerocom.nc": (read_gocart, _netcdf(AEROCOM, engine="netcdf4")),
    "types.nc": (read_isccp, _netcdf(CLOUDS, engine="netcdf4")),
    "MISR_AM1_CGAS_MAR_2005_F15_0032.nc": (read_misr, _misr),
    "MISR_AM1_CGAS_MAR_2005_F08.nc": (read_misr, _netcdf(OLD_MISR, engine="netcdf4")),
}
HDF4 = {
    "MOD08_M3.A2005182.061.hdf": (read_modis, _modis),
    "MISR_AM1_CGAS_DEC_2016_F15_0031.hdf": (read_misr, _old_misr),
}


# ---- the sense is left alone: the same values ----------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_columns_in_another_order_give_the_same(tmp_path, seed):
    for name, content in (("sun.lev20", SUN), ("sky.all", SKY)):
        preamble, table = rows(content)
        order = np.random.default_rng(seed).permutation(len(table[0]))
        path, moved = tmp_path / name, tmp_path / f"moved_{name}"
        path.write_bytes(content)
        moved.write_bytes(rebuilt(preamble, [[row[i] for i in order] for row in table]))
        assert read_aeronet(moved).drop_attrs().equals(read_aeronet(path).drop_attrs())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings_that_keep_ascii_give_the_same(tmp_path, encoding):
    path, other = tmp_path / "site.lev20", tmp_path / "other.lev20"
    path.write_bytes(SUN)
    other.write_bytes(SUN.decode("latin-1").encode(encoding))
    assert read_aeronet(other).drop_attrs().equals(read_aeronet(path).drop_attrs())


def test_records_in_another_order_give_the_same(tmp_path):
    preamble, table = rows(SUN)
    path, mixed = tmp_path / "site.lev20", tmp_path / "mixed.lev20"
    path.write_bytes(SUN)
    shuffled = np.random.default_rng(0).permutation(np.arange(1, len(table)))
    mixed.write_bytes(rebuilt(preamble, [table[0], *(table[i] for i in shuffled)]))
    xr.testing.assert_allclose(read_aeronet(mixed), read_aeronet(path), rtol=1e-13)


@pytest.mark.parametrize("seed", range(25))
def test_a_cut_file_gives_its_whole_records_or_an_error(tmp_path, seed):
    rng = np.random.default_rng(seed)
    length = rng.integers(len(SUN) // 2, len(SUN))
    path, whole = tmp_path / "cut.lev20", tmp_path / "whole.lev20"
    path.write_bytes(SUN[:length])
    result = outcome(read_aeronet, path)
    last = SUN[:length].rpartition(b"\n")[2]
    complete = last.count(b",") == len(samples.direct_sun_names()) - 1
    assert (result is not None) == (complete or not last)
    if result is not None:
        lines = SUN[:length].count(b"\n") + complete
        whole.write_bytes(b"\n".join(SUN.splitlines()[:lines]) + b"\n")
        assert result.drop_attrs().equals(read_aeronet(whole).drop_attrs())


# ---- values under the wrong names: an error, or next to nothing changes --------------------------

# What no check of a file against itself can see, and a mean that is missing in place of wrong.
CANNOT_BE_SEEN = {
    ("Site_Latitude(Degrees)", "Site_Longitude(Degrees)"),
    ("Latitude(Degrees)", "Longitude(Degrees)"),
}
UNCERTAINTY = {"aod": 0.01, "ssa": 0.03, "asymmetry": 0.02, "angstrom": 0.1,
               "coalbedo_angstrom": 0.2}  # fmt: skip


def is_harmless(result: xr.Dataset, truth: xr.Dataset) -> bool:
    """Whether the results are missing or what they were, but for less than their uncertainty."""
    same = ("n_days", "n_points", "lat", "lon", "elevation")
    kept = ((result[name] == truth[name]) | result[name].isnull() for name in same)
    return all(each.all() for each in kept) and not any(
        np.abs(result[name] - truth[name]).max() > uncertainty
        for name, uncertainty in UNCERTAINTY.items()
        if name in truth
    )


@pytest.mark.parametrize(("content", "step"), [(SUN, 5), (SKY, 11)], ids=["sun", "sky"])
def test_columns_that_changed_places(tmp_path, content, step):
    check_pairs(tmp_path / "site.all", content, step)


@pytest.mark.slow
@pytest.mark.parametrize("content", [SUN, SKY], ids=["sun", "sky"])
def test_all_columns_that_changed_places(tmp_path, content):
    check_pairs(tmp_path / "site.all", content, 1)


def check_pairs(path: Path, content: bytes, step: int) -> None:
    """Try every so many of the pairs of columns."""
    path.write_bytes(content)
    truth, names = read_aeronet(path), rows(content)[1][0]
    pairs = list(combinations(range(len(names)), 2))[::step]
    refused = 0
    for i, j in pairs:
        path.write_bytes(swapped(content, i, j))
        result = outcome(read_aeronet, path)
        if result is None:
            refused += 1
        elif (names[i], names[j]) not in CANNOT_BE_SEEN:
            assert is_harmless(result, truth), (names[i], names[j])
    assert refused > len(pairs) / 2


# ---- anything else: an error, or values in range -------------------------------------------------


def test_damaged_texts(tmp_path):
    seen = damaged_texts(tmp_path, 8 * len(TEXT), seed=1)
    assert seen["refused"] > 0 and seen["read"] > 0


def test_damaged_netcdf_and_zip(tmp_path):
    seen = damaged_binaries(tmp_path, BINARIES, 2 * len(BINARIES) * len(ANY_FILE), seed=2)
    assert seen["refused"] > 0


def test_damaged_hdf4(tmp_path):
    pytest.importorskip("pyhdf.SD")
    seen = damaged_binaries(tmp_path, HDF4, len(ANY_FILE), seed=3)
    assert seen["refused"] > 0


@pytest.mark.slow
def test_two_thousand_damaged_files(tmp_path, capsys):
    pytest.importorskip("pyhdf.SD")
    hdf4 = tmp_path / "hdf4"
    hdf4.mkdir()
    seen = {
        "AERONET text": damaged_texts(tmp_path, 1200, seed=11),
        "netCDF and zip": damaged_binaries(tmp_path, BINARIES, 650, seed=12),
        "HDF4": damaged_binaries(hdf4, HDF4, 150, seed=13),
    }
    total = sum(sum(counts.values()) for counts in seen.values())
    with capsys.disabled():
        print(f"\n{total} damaged files: { ({k: dict(v) for k, v in seen.items()}) }")
    assert total == 2000
