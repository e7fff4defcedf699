"""Trouble in the middle of a run: a disk that fills up, a folder or an input that is lost.

Rationale. A long run meets what a short one does not: disks fill up, network folders lose their
permissions or vanish, somebody updates an input file.

Expected. One message that says what is wrong and what is kept, an exit code that is not 0, nothing
touched that the user had, no result; and once the trouble is over, the same command with `--resume`
ends in the file of a run that met none.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers.grid_process import grid_command, obey_permissions
from helpers.small_disk import mounted_disk

import aeroforcing as af
from aeroforcing.cli.main import main
from aeroforcing.core import netcdf
from aeroforcing.inputs import by_chunk
from aeroforcing.maps import saved

RUN = ["in.nc", "--grid", "native", "--photons", "8", "--chunk", "24", "--months", "1,4,7,10"]
PARTS = ".out.nc.parts"


def aod(scale: float = 1.0) -> xr.Dataset:
    """Monthly AOD in 24 cells."""
    grid = af.gaussian_grid("45x60")
    values = scale * np.random.default_rng(1).uniform(0.05, 0.4, (12, 4, 6))
    coords = {"month": np.arange(1, 13), "lat": grid.lat, "lon": grid.lon}
    return xr.Dataset({"aod": (("month", "lat", "lon"), values)}, coords)


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    aod().to_netcdf("in.nc", format="NETCDF4")


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> xr.Dataset:
    """The result without trouble."""
    folder = tmp_path_factory.mktemp("expected")
    aod().to_netcdf(folder / "in.nc")
    options = [str(folder / RUN[0]), *RUN[1:], "-q", "-o", str(folder / "out.nc")]
    assert main(["grid", *options]) == 0
    return content(folder / "out.nc")


def content(path: Path | str) -> xr.Dataset:
    """The maps of a result, as they are stored."""
    with xr.open_dataset(path, decode_cf=False) as file:
        return file.load().drop_attrs(deep=False)


def run(*more: str, output: str = "out.nc") -> int:
    return main(["grid", *RUN, "-q", "-o", output, *more])


@pytest.fixture
def after(monkeypatch):
    """Let something happen when a run has finished so many parts; once."""

    def put(number, action):
        keep, begun = saved.Parts.save, []

        def save_and_act(parts, chunk, result):
            keep(parts, chunk, result)
            if len(parts.numbers()) == number and not begun:
                begun.append(action())

        monkeypatch.setattr(saved.Parts, "save", save_and_act)

    return put


def one_message(capsys) -> str:
    """What was said, which is one error."""
    said = capsys.readouterr().err
    assert said.count("aeroforcing: error: ") == 1 and said.count("\n") == 1
    assert "Traceback" not in said
    return said


# ---- a disk that fills up -----------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A folder on a disk of 1 MB; skips where none can be mounted."""
    with mounted_disk(tmp_path / "disk", size="1m", lazy=True) as folder:
        yield folder


def fill(folder: Path) -> None:
    """Leave no room on the disk of a folder."""
    with (folder / "of somebody else").open("wb", buffering=0) as stream:
        try:
            while stream.write(bytes(4096)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC


@pytest.mark.parametrize("number", [1, 4])
def test_a_disk_that_fills_up(small_disk, after, capsys, expected, number):
    """After some parts, and when only the file remains to be put together."""
    target = small_disk / "out.nc"
    target.write_text("precious")
    after(number, lambda: fill(small_disk))
    assert run("--overwrite", output=str(target)) == 1
    said = one_message(capsys)
    assert "the disk is full" in said
    assert f"{number} finished parts are kept; go on with --resume" in said
    assert target.read_text() == "precious"
    assert sorted(os.listdir(small_disk)) == [PARTS, "of somebody else", "out.nc"]
    (small_disk / "of somebody else").unlink()
    assert run("--overwrite", "--resume", output=str(target)) == 0
    xr.testing.assert_identical(content(target), expected)
    assert os.listdir(small_disk) == ["out.nc"]


def test_a_disk_that_is_full_from_the_beginning(small_disk, capsys):
    fill(small_disk)
    assert run(output=str(small_disk / "out.nc")) == 1
    said = one_message(capsys)
    assert "the disk is full" in said and ".out.nc.parts" in said
    assert os.listdir(small_disk) == ["of somebody else"]


def test_a_file_that_the_disk_does_not_take(after, monkeypatch, capsys, expected):
    """Some file systems find out only when the data are to be on the disk."""

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    after(2, lambda: monkeypatch.setattr(netcdf.os, "fsync", full))
    assert run() == 1
    said = one_message(capsys)
    assert "the disk is full" in said and "2 finished parts are kept" in said
    monkeypatch.undo()
    os.chdir(Path(said.split("error: ")[1].split(PARTS)[0]))
    assert run("--resume") == 0
    xr.testing.assert_identical(content("out.nc"), expected)


# ---- folders ------------------------------------------------------------------------------------


def test_a_folder_that_becomes_read_only(expected):
    Path("results").mkdir()
    process = grid_command(
        *RUN, "--months", "1,2,3,4,5,6,7,8,9,10,11,12", "-o", "results/out.nc",
        preexec_fn=obey_permissions,
    )  # fmt: skip
    parts = Path("results") / PARTS
    while not list(parts.glob("*.values")):
        assert process.poll() is None
    parts.chmod(0o555)
    _, said = process.communicate(timeout=120)
    parts.chmod(0o755)
    assert process.returncode == 1
    assert "Permission denied" in said and "finished parts are kept" in said
    assert "Traceback" not in said
    assert os.listdir("results") == [PARTS]
    assert main(["grid", *RUN[:-1], "1,2,3,4,5,6,7,8,9,10,11,12", "-q", "-o", "results/out.nc",
                 "--resume"]) == 0  # fmt: skip
    assert os.listdir("results") == ["out.nc"]
    first = content("results/out.nc").isel(time=[0, 3, 6, 9])
    for name in ("forcing_toa", "rsutcsaf"):
        assert np.array_equal(first[name], expected[name], equal_nan=True)


@pytest.mark.parametrize("lost", [PARTS, "."])
def test_a_folder_that_is_removed(lost, after, capsys, expected):
    folder = Path("results")
    folder.mkdir()
    after(2, lambda: shutil.rmtree(folder / lost))
    assert run(output="results/out.nc") == 1
    assert "No such file or directory" in one_message(capsys)
    folder.mkdir(exist_ok=True)
    assert os.listdir(folder) == []
    assert run("--resume", output="results/out.nc") == 0
    xr.testing.assert_identical(content("results/out.nc"), expected)


# ---- inputs -------------------------------------------------------------------------------------

LOSSES = {
    "vanished": lambda: os.unlink("in.nc"),
    "cut": lambda: os.truncate("in.nc", 2000),
    "replaced": lambda: aod(0.5).to_netcdf("new.nc") or os.replace("new.nc", "in.nc"),
    "written anew": lambda: Path("in.nc").write_bytes(bytes(30_000)),
}


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        ("at once", "NETCDF4"),
        pytest.param("in parts", "NETCDF4", marks=pytest.mark.slow),
        pytest.param("in parts", "NETCDF3_CLASSIC", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("loss", LOSSES)
def test_an_input_that_is_lost(loss, kind, read, after, monkeypatch, capsys, expected):
    if read == "in parts":  # as a file that does not fit into memory; this takes longer
        monkeypatch.setattr(by_chunk, "IN_MEMORY_BYTES", 0)
        monkeypatch.setattr(by_chunk, "WHOLE_CELLS", 24)
    aod().to_netcdf("in.nc", format=kind)
    shutil.copy2("in.nc", "copy.nc")
    after(2, LOSSES[loss])
    assert run("--jobs", "1") == 2
    said = one_message(capsys)
    assert f"in.nc: the file {'vanished' if loss == 'vanished' else 'changed'} during" in said
    assert "--resume" in said
    assert sorted(set(os.listdir()) - {"in.nc"}) == [PARTS, "copy.nc"]
    shutil.copy2("copy.nc", "in.nc")
    assert run("--jobs", "1", "--resume") == 0
    found = content("out.nc")
    for name in expected.variables:
        assert np.array_equal(found[name], expected[name], equal_nan=True), name
