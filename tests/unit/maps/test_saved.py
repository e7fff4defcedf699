"""Maps straight into files: the same as in memory, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers.builtin_memory import remember_inputs

import aeroforcing as af
from aeroforcing.core.errors import InputError
from aeroforcing.core.netcdf import open_input
from aeroforcing.inputs import by_chunk
from aeroforcing.maps import saved
from aeroforcing.maps.saved import save_grid_forcing
from aeroforcing.maps.summary import summarise
from aeroforcing.runs import interruptions, parts

RUN = {"grid": "45x60", "months": [1, 7], "photons": 8, "seed": 3}
CHUNK = 12  # two of the four rows: four chunks


def save(name="out.nc", inputs=None, **options):
    return save_grid_forcing(name, inputs, **(RUN | {"cells_per_chunk": CHUNK} | options))


def aod(**changes):
    grid = af.gaussian_grid("45x60")
    values = np.random.default_rng(1).uniform(0.05, 0.4, (4, 6))
    values[0, 3] = np.nan
    dataset = xr.Dataset({"aod": (("lat", "lon"), values)}, {"lat": grid.lat, "lon": grid.lon})
    return dataset.assign(changes)


def plain(path):
    """What is in a file, as it is stored."""
    with xr.open_dataset(path, decode_cf=False) as file:
        return file.load()


@pytest.fixture(autouse=True, scope="module")
def built_in_inputs_are_made_once():
    """They take most of the time of such small runs."""
    with pytest.MonkeyPatch.context() as patched:
        remember_inputs(patched)
        yield


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Stop(Exception):
    """Stands for whatever ends a process."""


@pytest.fixture
def stopped_after(monkeypatch):
    """Make a run end when it has kept so many parts."""

    def put(number, failure=Stop):
        keep = saved.Parts.save

        def save_and_stop(parts, chunk, result):
            keep(parts, chunk, result)
            if len(parts.numbers()) == number:
                raise failure

        monkeypatch.setattr(saved.Parts, "save", save_and_stop)

    yield put
    monkeypatch.undo()


def interrupted(stopped_after, monkeypatch, number=2, **options):
    """A run that was stopped when it had some parts."""
    folder = os.getcwd()
    stopped_after(number)
    with pytest.raises(Stop):
        save(**options)
    monkeypatch.undo()
    monkeypatch.chdir(folder)


@pytest.fixture(scope="module")
def two_parts(tmp_path_factory):
    """The folder of a run that was stopped when it had two parts."""
    folder = tmp_path_factory.mktemp("stopped")

    def keep_two(parts, chunk, result):
        if len(parts.numbers()) == 2:
            raise Stop
        keep(parts, chunk, result)

    keep = saved.Parts.save
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(saved.Parts, "save", keep_two)
        with pytest.raises(Stop):
            save(folder / "out.nc")
    return folder / ".out.nc.parts"


# ---- the same as in memory ----------------------------------------------------------------------


@pytest.mark.parametrize("sky", ["both", "clear"])
def test_a_file_holds_what_would_be_in_memory(sky):
    summary = save(inputs=aod(), sky=sky)
    forcing = af.grid_forcing(aod(), **RUN, sky=sky)
    af.write_netcdf(forcing, "expected.nc")
    found, expected = plain("out.nc"), plain("expected.nc")
    assert found.attrs.pop("run_fingerprint")
    xr.testing.assert_identical(found, expected)
    for name in expected.variables:
        assert found[name].encoding["dtype"] == expected[name].encoding["dtype"]
    in_memory = summarise(forcing)
    assert summary["months"] == [1, 7]
    assert (summary["cells"], summary["missing_cells"]) == (48, 2)
    assert summary.keys() == in_memory.keys()
    for name, value in in_memory.items():
        if name != "forcing":
            assert summary[name] == pytest.approx(value, rel=1e-12), name
    for name, value in in_memory["forcing"].items():
        assert summary["forcing"][name] == pytest.approx(value, rel=1e-12), name
    assert sorted(os.listdir()) == ["expected.nc", "out.nc"]


def test_chunks_and_slabs_do_not_change_the_file(monkeypatch):
    save()
    for module in (by_chunk, saved):
        monkeypatch.setattr(module, "WHOLE_CELLS", 18)
    for cells in (1, 100):
        save("other.nc", cells_per_chunk=cells, jobs=1, overwrite=True)
        found, expected = plain("other.nc"), plain("out.nc")
        assert found.attrs.pop("run_fingerprint") != expected.attrs.pop("run_fingerprint")
        xr.testing.assert_identical(found, expected)


def test_progress_counts_all_cells():
    told = []
    save(inputs=aod(), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (48, 48)
    assert told == sorted(told)


def test_the_head_can_be_described():
    save(describe=lambda head: head.assign_attrs(title="a test"))
    assert open_input("out.nc").attrs["title"] == "a test"


# ---- going on -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3, 4])
def test_an_interrupted_run_goes_on(stopped_after, monkeypatch, number):
    save("expected.nc")
    interrupted(stopped_after, monkeypatch, number)
    assert sorted(os.listdir()) == [".out.nc.parts", "expected.nc"]
    told = []
    save(resume=True, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (12 * number, 48)
    assert all(done > 12 * number for done, _ in told[1:])
    xr.testing.assert_identical(plain("out.nc"), plain("expected.nc"))
    assert sorted(os.listdir()) == ["expected.nc", "out.nc"]


def test_a_run_without_finished_parts_leaves_nothing(monkeypatch):
    def stop(*_, **__):
        raise Stop

    monkeypatch.setattr(saved.Parts, "save", stop)
    with pytest.raises(Stop):
        save()
    assert os.listdir() == []


def words() -> str:
    """What a command would say at an interruption now."""
    return interruptions._words[-1]()


def test_an_interruption_says_what_is_kept(monkeypatch):
    said, keep, remove = [words()], saved.Parts.save, saved.Parts.remove
    with monkeypatch.context() as patched:
        for name, does in (("save", keep), ("remove", remove)):
            note = lambda *given, does=does: said.append(words()) or does(*given)  # noqa: E731
            patched.setattr(saved.Parts, name, note)
        save()
    before, first, second, *_, last = said
    assert before == words() == "files are written whole or not at all"
    assert first == "no file was written; no part was finished"
    assert second == "no file was written; 1 finished parts are kept; go on with --resume"
    assert last == f"{os.getcwd()}/out.nc is complete"


def damage(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)


def a_digit(path: Path) -> int:
    """Place of a digit of the number of samples in a part's first line."""
    line = path.read_bytes()
    return line.index(b'"samples": ') + len(b'"samples": ')


@pytest.mark.parametrize("place", [lambda path: 512 + 8, a_digit])
def test_a_part_that_the_disk_damages_meanwhile_is_solved_again(place, monkeypatch):
    save("expected.nc")
    keep = saved.Parts.save
    hit: list[Path] = []

    def save_and_damage(parts, chunk, result):
        keep(parts, chunk, result)
        earlier = [number for number in parts.numbers() if number != chunk.number]
        if earlier and not hit:
            hit.append(parts.folder / f"{earlier[0]:08d}.values")
            damage(hit[0], place(hit[0]))

    monkeypatch.setattr(saved.Parts, "save", save_and_damage)
    save()
    assert hit
    xr.testing.assert_identical(plain("out.nc"), plain("expected.nc"))


def test_a_disk_that_damages_everything_is_told(monkeypatch):
    keep = saved.Parts.save

    def save_and_damage(parts, chunk, result):
        keep(parts, chunk, result)
        damage(parts.folder / f"{chunk.number:08d}.values", 600)

    monkeypatch.setattr(saved.Parts, "save", save_and_damage)
    with pytest.raises(OSError, match=r"damaged .* parts again and again"):
        save()
    assert not Path("out.nc").exists()


# ---- a folder that is not of runs ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["mine.txt", "result.nc.bak", "00000000.valuesx", "x/run.json"])
def test_a_folder_of_somebody_is_refused_and_stays(name):
    file = Path(".out.nc.parts") / name
    file.parent.mkdir(parents=True)
    file.write_text("precious")
    with pytest.raises(InputError, match="other files in it, the first"):
        save(overwrite=True)
    assert file.read_text() == "precious"


def test_links_in_the_place_of_the_folder_or_the_lock_are_refused():
    Path("theirs").mkdir()
    Path("theirs/run.json").write_text("precious")
    Path(".out.nc.parts").symlink_to("theirs")
    with pytest.raises(InputError, match="not a folder, or a link to one"):
        save(overwrite=True)
    Path(".out.nc.parts").unlink()
    Path(".out.nc.parts").mkdir()
    Path(".out.nc.parts/lock").symlink_to("../theirs/run.json")
    with pytest.raises(InputError, match="not an ordinary file"):
        save(overwrite=True)
    assert Path("theirs/run.json").read_text() == "precious"
    Path(".out.nc.parts/lock").unlink()
    Path(".out.nc.parts/workers").symlink_to("../theirs")  # of its own names, not of its own making
    save()
    assert sorted(os.listdir()) == ["out.nc", "theirs"]
    assert Path("theirs/run.json").read_text() == "precious"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give")
def test_a_folder_of_another_user_is_refused():
    Path(".out.nc.parts").mkdir()
    os.chown(".out.nc.parts", 4243, 4243)
    with pytest.raises(InputError, match="of another user"):
        save()


def test_resuming_what_is_done_does_nothing_and_says_the_same(monkeypatch):
    first = save()
    before = os.stat("out.nc")
    monkeypatch.setattr(saved, "solve_in_threads", None)
    again = save(resume=True)
    after = os.stat("out.nc")
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert again["forcing"]["forcing_toa"]["mean"] == pytest.approx(
        first["forcing"]["forcing_toa"]["mean"], rel=1e-6
    )


def test_what_a_kill_at_the_very_end_leaves_is_tidied(stopped_after, monkeypatch):
    save()
    shutil.copy("out.nc", "copy.nc")
    interrupted(stopped_after, monkeypatch, overwrite=True)
    save(resume=True)  # the file is that of this run, so its parts are done with
    assert sorted(os.listdir()) == ["copy.nc", "out.nc"]


def test_a_kill_while_the_file_is_put_together(monkeypatch):
    save("expected.nc")

    def stop(*_):
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr(parts, "move_into_place", stop)
        with pytest.raises(Stop):
            save()
    assert os.listdir(".out.nc.parts").count("result.nc") == 1
    save(resume=True)
    xr.testing.assert_identical(plain("out.nc"), plain("expected.nc"))
    assert sorted(os.listdir()) == ["expected.nc", "out.nc"]


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "of another run"])
def test_a_damaged_part_is_made_again(two_parts, damage):
    save("expected.nc")
    shutil.copytree(two_parts, ".out.nc.parts")
    part = min(Path(".out.nc.parts").glob("*.values"))
    content = bytearray(part.read_bytes())
    content[-5] ^= damage == "changed"
    content = {"cut": content[:-8], "emptied": b""}.get(damage, content)
    if damage == "of another run":
        content = content.replace(b'"run": "', b'"run": "0', 1)
    part.write_bytes(content)
    save(resume=True)
    xr.testing.assert_identical(plain("out.nc"), plain("expected.nc"))


def test_resuming_what_is_done_leaves_the_parts_of_another_run(touched_after):
    """Another run may be at work on the same target, or have been stopped."""
    save()
    touched_after(1, lambda: save(resume=True))
    save(seed=9, overwrite=True)
    assert open_input("out.nc").attrs["seed"] == 9
    assert os.listdir() == ["out.nc"]


def test_resuming_what_is_done_leaves_the_parts_of_a_stopped_run(two_parts):
    save(seed=9)
    shutil.copytree(two_parts, ".out.nc.parts")
    save(seed=9, resume=True)
    assert len(list(Path(".out.nc.parts").glob("*.values"))) == 2


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 4}, "differs in: seed \\(3 then, 4 now\\)"),
        ({"photons": 16}, "photons \\(8.0 then, 16.0 now\\)"),
        ({"sky": "clear"}, "sky"),
        ({"months": [1]}, "grid and time axis"),
        ({"grid": "30x30"}, "grid and time axis"),
        ({"delta_scale_clouds": True}, "delta_scale_clouds"),
        ({"solar_constant": 1360.0}, "solar_constant"),
        ({"cells_per_chunk": 6}, "cells in a part"),
        ({"inputs": aod()}, "values of the given dataset"),
    ],
)
def test_parts_of_other_settings_are_refused(two_parts, change, said):
    shutil.copytree(two_parts, ".out.nc.parts")
    with pytest.raises(InputError, match=f"2 finished parts of another run .*{said}"):
        save(resume=True, overwrite=True, **change)
    assert len(os.listdir(".out.nc.parts")) == 3  # two parts, and whose they are


def test_parts_are_not_discarded_unasked(two_parts):
    shutil.copytree(two_parts, ".out.nc.parts")
    with pytest.raises(InputError, match="2 finished parts of this run are here"):
        save()
    with pytest.raises(InputError, match="2 finished parts of another run"):
        save(seed=5)
    save(seed=5, overwrite=True)
    assert os.listdir() == ["out.nc"]
    assert open_input("out.nc").attrs["seed"] == 5


def test_parts_of_other_values_are_refused(stopped_after, monkeypatch):
    aod().to_netcdf("in.nc")
    interrupted(stopped_after, monkeypatch, inputs="in.nc")
    aod(ssa=0.9 + 0 * aod().aod).to_netcdf("in.nc")
    with pytest.raises(InputError, match="differs in: content of the input file"):
        save(inputs="in.nc", resume=True)
    aod().to_netcdf("in.nc")
    save(inputs="in.nc", resume=True)


def test_an_existing_file_is_kept():
    Path("out.nc").write_text("precious")
    for resume in (False, True):
        with pytest.raises(InputError, match=r"out.nc: the file exists"):
            save(resume=resume)
    assert Path("out.nc").read_text() == "precious"
    save(overwrite=True)


def test_a_second_run_to_the_same_target_is_refused(touched_after):
    touched_after(1, lambda: save(seed=9, overwrite=True))
    with pytest.raises(InputError, match=f"another run is at work on it, process {os.getpid()}"):
        save()
    assert len(list(Path(".out.nc.parts").glob("*.values"))) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": 2, "scheduler": "tcp://x"}, "workers and scheduler cannot be combined"),
        ({"workers": 2, "jobs": 2}, "workers and jobs cannot be combined"),
        ({"workers": 0}, "workers=0 is not allowed"),
        ({"cells_per_chunk": 0}, "cells_per_chunk=0 is not allowed"),
        ({"jobs": 1.5}, "jobs=1.5 is not allowed"),
        ({"path": "nowhere/out.nc"}, "does not exist"),
    ],
)
def test_settings_that_cannot_be(options, said):
    with pytest.raises(InputError, match=said):
        save(options.pop("path", "out.nc"), **options)
    assert os.listdir() == []


# ---- inputs that change -------------------------------------------------------------------------


@pytest.fixture
def touched_after(monkeypatch):
    """Do something to the input file when the run has kept so many parts."""

    def put(number, action):
        keep = saved.Parts.save

        def save_and_act(parts, chunk, result):
            keep(parts, chunk, result)
            if len(parts.numbers()) == number:
                action()

        monkeypatch.setattr(saved.Parts, "save", save_and_act)

    return put


def test_an_input_that_changes_is_noticed_and_its_parts_are_kept(touched_after):
    aod().to_netcdf("in.nc")
    shutil.copy("in.nc", "original.nc")
    save("expected.nc", inputs="in.nc")
    touched_after(1, lambda: aod(ssa=0.9 + 0 * aod().aod).to_netcdf("in.nc"))
    with pytest.raises(InputError, match=r"in.nc: the file changed during the run"):
        save(inputs="in.nc")
    assert not os.path.exists("out.nc")
    shutil.copy("original.nc", "in.nc")
    save(inputs="in.nc", resume=True)
    xr.testing.assert_identical(plain("out.nc"), plain("expected.nc"))


def test_an_input_that_vanishes_is_noticed(touched_after, monkeypatch):
    aod().to_netcdf("in.nc")
    shutil.copy("in.nc", "original.nc")
    touched_after(1, lambda: os.unlink("in.nc"))
    with pytest.raises(InputError, match=r"in.nc: the file vanished during the run"):
        save(inputs="in.nc")
    assert sorted(os.listdir()) == [".out.nc.parts", "original.nc"]


def test_a_touched_input_with_the_same_content_is_no_change(touched_after):
    aod().to_netcdf("in.nc")
    touched_after(1, lambda: os.utime("in.nc", (1e9, 1e9)))
    save(inputs="in.nc")
    assert sorted(os.listdir()) == ["in.nc", "out.nc"]


# ---- series and points --------------------------------------------------------------------------


def of_time(dataset, freq="3h"):
    dates = xr.date_range("2005-03-01", periods=4, freq=freq, use_cftime=True)
    weight = xr.DataArray([1.0, 0.5, 0.7, 0.9], {"time": dates}, "time")
    return dataset * weight


def test_a_series_keeps_its_time_axis():
    given = of_time(aod())
    summary = save(inputs=given, times="input", months=[2, 3], grid=None)
    forcing = af.grid_forcing(given, **(RUN | {"months": [2, 3]}), times="input")
    af.write_netcdf(forcing, "expected.nc")
    found, expected = plain("out.nc"), plain("expected.nc")
    found.attrs.pop("run_fingerprint")
    xr.testing.assert_identical(found, expected)
    read = open_input("out.nc")
    assert np.array_equal(read["time"], given["time"])
    assert read["forcing_toa"].attrs["cell_methods"] == "time: mean"
    assert (summary["steps"], summary["first"]) == (4, "2005-03-01 00:00:00")
    light = read["rsdt"].isel(lat=2).argmax("time")
    assert len(set(light.values.tolist())) > 1  # the sun goes round


def test_a_step_is_the_same_whichever_others_are_run():
    given = of_time(aod())
    options = {"times": "input", "grid": None, "photons": 8}
    whole = af.grid_forcing(given, **options)
    part = af.grid_forcing(given.isel(time=slice(2, 4)), **options)
    for name in ("forcing_toa", "rsutcs", "rsdt"):
        assert np.array_equal(part[name], whole[name][2:], equal_nan=True), name


def test_the_parts_of_a_day_have_the_mean_of_the_day():
    steps = [aod().expand_dims(time=xr.date_range(s, periods=n, freq=f, use_cftime=True))
             for s, n, f in (("2005-03-01T01:30", 8, "3h"), ("2005-03-01", 2, "D"))]  # fmt: skip
    hourly, daily = (
        af.grid_forcing(s, times="input", grid=None, photons=512, sky="clear") for s in steps
    )
    day = daily.isel(time=0)
    for name in ("rsdt", "forcing_surface_cs"):
        mean = hourly[name].mean("time")
        error = day.get(f"{name}_stderr", 0.0 * day[name])
        error = np.hypot(error, (hourly.get(f"{name}_stderr", 0.0 * hourly[name])).mean("time"))
        assert (
            (abs(mean - day[name]) < 5.0 * error + 0.01 * abs(day[name]) + 0.3)
            .where(day["aod"].notnull(), True)
            .all()
        )


def test_points_are_saved_without_a_grid():
    given = aod().stack(cell=("lat", "lon")).reset_index("cell")
    summary = save(inputs=given, grid=None)
    found = open_input("out.nc")
    assert found["forcing_toa"].dims == ("time", "cell")
    assert np.array_equal(found["lat"], given["lat"])
    assert summary["points"] == 24
    assert summary["missing_cells"] == 2
    gridded_ones = af.grid_forcing(aod(), **(RUN | {"photons": 512, "sky": "clear", "grid": None}))
    ones = af.grid_forcing(given, **(RUN | {"photons": 512, "sky": "clear", "grid": None}))
    assert np.array_equal(ones["rsdt"].values.ravel(), gridded_ones["rsdt"].values.ravel(),
                          equal_nan=True)  # fmt: skip
